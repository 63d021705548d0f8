//! A village in which nothing is wrong: two households, their land, homesteads and shares, one asset and its contract. Each test breaks
//! one thing in it.

#![allow(dead_code, reason = "each test uses a part of it")]

use super::sample;
use rights::Record;
use rights::cross::{self, Finding, Index, Parameters, StandardArea};
use rights::geometry::Geometry;
use rights::scalar::Date;
use serde_json::{Value, json};

pub const TODAY: &str = "2026-11-21";
pub const VILLAGE: &str = "320412103012";
const ISSUER: &str = "32041210301201";

pub struct Village(pub Vec<Value>);

/// An identity number with its check character; an odd serial is a man's.
pub fn number(birth: &str, serial: u32) -> String {
    let body = format!("320412{}{serial:03}", birth.replace('-', ""));
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{body}{}", ["1", "0", "X", "9", "8", "7", "6", "5", "4", "3", "2"][sum as usize % 11])
}

/// A square of so many 10^-9 degrees, so many sides east of the first.
pub fn square(west: i64) -> String {
    let at = |x: i64, y: i64| format!("{}.{:09} {}.{:09}", 120 + x / 1_000_000_000, x % 1_000_000_000, 31, y);
    let (east, north) = (west + 1_000_000, 1_000_000);
    format!("POLYGON (({}, {}, {}, {}, {}))", at(west, 0), at(east, 0), at(east, north), at(west, north), at(west, 0))
}

/// A record of that kind with these fields; null takes a field away.
pub fn of(kind: &str, number: u64, changes: Value) -> Value {
    let mut record = sample::record(rights::Kind::named(kind).expect("a kind"));
    change(
        &mut record,
        json!({
            "rid": sample::rid(kind, number), "org_rid": sample::rid("organisation", 1), "region": VILLAGE,
            "txn": null, "supersedes": null, "valid_to": null, "valid_from": "2020-01-01",
        }),
    );
    change(&mut record, changes);
    record
}

fn change(record: &mut Value, changes: Value) {
    let record = record.as_object_mut().expect("a record");
    for (name, value) in changes.as_object().expect("changes") {
        if value.is_null() {
            record.remove(name);
        } else {
            record.insert(name.clone(), value.clone());
        }
    }
}

impl Village {
    pub fn right() -> Self {
        let rid = sample::rid;
        let mut records = vec![
            of("organisation", 1, json!({})),
            of("admin_region", 1, json!({ "org_rid": null, "code": VILLAGE, "level": "village" })),
            of("share_scheme", 1, json!({ "state": "effective", "total_shares": "100", "collective_shares": "20", "base_capital": 100_000 })),
            of(
                "dividend_scheme",
                1,
                json!({
                    "state": "effective", "year": 2025, "per_share": "1.5", "publicity_from": "2026-01-01", "publicity_to": "2026-01-10", "valid_from": "2026-01-11",
                }),
            ),
            of(
                "land_transfer",
                1,
                json!({
                    "transfer_code": "LZ1", "contract_code": format!("{ISSUER}0001J"), "from": "2020-01-01", "to": "2049-12-31", "area": "500.00", "mu": "0.75",
                }),
            ),
            of(
                "asset_card",
                1,
                json!({
                    "state": "active", "in_use_from": "2020-01-01", "use_mode": "出租", "idle_since": null,
                    "original_value": 10_000, "acc_depr": 3_000, "impairment": 500, "net_value": 6_500,
                }),
            ),
            of("inventory_round", 1, json!({ "as_of": "2025-12-31", "round_kind": "annual" })),
            of("inventory_line", 1, json!({ "round_rid": rid("inventory_round", 1), "card_rid": rid("asset_card", 1), "result": "match" })),
            of("exchange_project", 1, json!({ "state": "signed" })),
            of("deal", 1, json!({ "state": "signed" })),
            of(
                "operating_contract",
                1,
                json!({
                    "state": "active", "mode": "租赁", "from": "2024-01-01", "to": "2030-12-31", "amount": 1_000_000, "area": "100.00", "deal_rid": rid("deal", 1),
                    "pay_plan": [{ "due": "2025-06-30", "amount": 500_000 }, { "due": "2027-06-30", "amount": 500_000 }],
                }),
            ),
            of("payment_entry", 1, json!({ "contract": rid("operating_contract", 1), "due_no": 1, "amount": 500_000, "paid_on": "2025-06-30" })),
            of(
                "ecertificate",
                1,
                json!({
                    "state": "effective", "issued_on": "2026-02-01", "publicity_to": "2026-01-31", "publicity_from": "2026-01-01",
                    "subject": rid("member", 11), "source_rids": [{ "rid": rid("member", 11), "version": 1 }],
                    "rows": { "member": [{ "rid": rid("member", 11), "name": "张一", "gender": "1" }] },
                }),
            ),
        ];
        for household in 1..=2_u64 {
            let account = format!("622848041234567{household:04}");
            let head = number("1970-05-06", 10 * household as u32 + 1);
            records.push(of(
                "household",
                household,
                json!({
                    "state": "current", "contractor_code": format!("{ISSUER}{household:04}"), "head_rid": rid("member", 10 * household + 1), "size": 2,
                    "bank_account": account, "id_type": "1", "id_no": head,
                }),
            ));
            records.push(of("homestead_qualification", household, json!({ "household_rid": rid("household", household) })));
            records.push(of(
                "homestead_use",
                household,
                json!({
                    "state": "registered", "unit_no": format!("320412103012JC0000{household}F00010001"), "user_household": rid("household", household),
                    "users": [rid("member", 10 * household + 1)], "area_actual": "130.00", "acquire_by": "集体成员", "house_area": "100.00",
                    "built_year": 2010, "approval_no": "批1", "geometry": null,
                }),
            ));
            records.push(of(
                "land_contract",
                household,
                json!({
                    "state": "current", "code": format!("{ISSUER}{household:04}J"), "contractor": format!("{ISSUER}{household:04}"), "mode": "110",
                    "from": "2020-01-01", "to": "2049-12-31", "total_area": "1000.00", "total_mu": "1.5000", "parcel_count": 2,
                }),
            ));
            for second in 1..=2_u64 {
                let place = 10 * household + second;
                records.push(of(
                    "member",
                    place,
                    json!({
                        "state": "confirmed", "member_state": "confirmed", "name": "张一", "household_rid": rid("household", household), "id_type": "1",
                        "id_no": number("1970-05-06", place as u32), "birth_date": "1970-05-06", "gender": if place % 2 == 1 { "1" } else { "2" },
                    }),
                ));
                records.push(of("share_holding", place, json!({ "state": "active", "holder": rid("member", place), "shares": "20", "capital": 20_000 })));
                records.push(of(
                    "dividend_payment",
                    place,
                    json!({
                        "scheme": rid("dividend_scheme", 1), "holding": rid("share_holding", place), "amount": 3_000, "account": account,
                    }),
                ));
                let code = format!("{ISSUER}{place:05}");
                records.push(of(
                    "parcel",
                    place,
                    json!({ "state": "initial", "parcel_code": code, "basic_farmland": "1", "geometry": square(place as i64 * 1_000_000) }),
                ));
                records.push(of(
                    "contracted_parcel",
                    place,
                    json!({
                        "state": "current", "contract_code": format!("{ISSUER}{household:04}J"), "contractor": format!("{ISSUER}{household:04}"),
                        "cert_code": format!("{ISSUER}{household:04}J"), "parcel_code": code, "contract_area": "500.00", "contract_mu": "0.7500",
                        "transfer_code": if place == 11 { json!("LZ1") } else { Value::Null },
                    }),
                ));
            }
        }
        Self(records)
    }

    /// Changes fields of one record.
    pub fn set(mut self, kind: &str, number: u64, changes: Value) -> Self {
        let rid = sample::rid(kind, number);
        change(self.0.iter_mut().find(|record| record["rid"] == json!(rid)).expect("a record of the village"), changes);
        self
    }

    /// Adds a record.
    pub fn add(mut self, kind: &str, number: u64, changes: Value) -> Self {
        self.0.push(of(kind, number, changes));
        self
    }

    /// Takes a record away.
    pub fn without(mut self, kind: &str, number: u64) -> Self {
        let count = self.0.len();
        self.0.retain(|record| record["rid"] != json!(sample::rid(kind, number)));
        assert_eq!(self.0.len() + 1, count);
        self
    }

    /// What the checks find.
    pub fn findings(&self, parameters: &Parameters) -> Vec<Finding> {
        let read = |value: &Value| Record::of(value.clone()).unwrap_or_else(|faults| panic!("{}: {faults:?}", value["rid"]));
        let records: Vec<Record> = self.0.iter().map(read).collect();
        let mut index = Index::default();
        records.iter().for_each(|record| assert!(index.take(record), "{} twice", record.rid()));
        records.iter().for_each(|record| index.take_again(record.fields()));
        let mut findings = Vec::new();
        cross::run(&index, parameters, &mut |finding| findings.push(finding));
        findings
    }

    /// The same, as rule and the first subject, sorted.
    pub fn hits(&self, parameters: &Parameters) -> Vec<String> {
        let short =
            |rid: &str| rid.split_once('-').map_or_else(String::new, |(kind, uuid)| format!("{kind} {}", u64::from_str_radix(&uuid[24..], 16).unwrap_or(0)));
        let mut hits: Vec<String> = self.findings(parameters).iter().map(|finding| format!("{} {}", finding.rule.id(), short(&finding.subjects[0]))).collect();
        hits.sort();
        hits
    }
}

pub fn parameters() -> Parameters {
    let boundary = "POLYGON ((120 30.999, 120.1 30.999, 120.1 31.1, 120 31.1, 120 30.999))";
    Parameters {
        standard_areas: vec![
            StandardArea { county: 320_412, size_max: 1, area: 9_000 },
            StandardArea { county: 320_412, size_max: 4, area: 13_000 },
            StandardArea { county: 320_413, size_max: 4, area: 1 },
        ],
        rule_year: Some(2014),
        dividend_day: Some((3, 31)),
        price_index: vec![(320_412, 1_500)],
        price_percent: 80,
        exchange_threshold: Some(500_000),
        boundaries: vec![(VILLAGE.parse().expect("digits"), Geometry::parse(boundary).expect("a polygon"))],
        ..Parameters::at(Date::parse(TODAY).expect("a day"))
    }
}
