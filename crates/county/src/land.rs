//! Parcels, contracts over them, their certificates, transfers and entrustments.

use serde_json::{Value, json};

use crate::document;
use crate::region::{corner, rectangle};
use crate::village::{Village, mu, square_metres};

/// Parcels side by side; each has a place of 5 × 5 units of 10^-4 degrees.
const COLUMNS: u64 = 76;
/// Side of a place.
const PLACE: u64 = 5;
/// Parcels of a household, at most.
const PARCELS_MAX: u64 = 7;
/// Numbers of what came later begin here.
pub(crate) const LATER: u64 = 500_000;

/// Where a parcel lies: its corner, its size, whether it has a hole. Some touch the next one, none overlaps it.
pub(crate) fn place_of(village: u64, parcel: u64) -> ((u64, u64), (u64, u64), bool) {
    let (east, north) = corner(village);
    let width = if parcel.is_multiple_of(2) { PLACE } else { PLACE - 1 };
    ((east + 10 + parcel % COLUMNS * PLACE, north + 10 + parcel / COLUMNS * PLACE), (width, PLACE - 1), parcel % 50 == 13)
}

/// The code of a parcel.
pub(crate) fn parcel_code(village: &Village, number: u64) -> String {
    format!("{}{:05}", village.issuer, number + 1)
}

pub(crate) fn make(village: &mut Village) {
    if !village.has_land() {
        return;
    }
    let mut next = 0;
    for number in 0..village.households.len() as u64 {
        let count = 3 + village.random.below(PARCELS_MAX - 2);
        let pointer = village.households[number as usize].members[0].1.clone();
        for _ in 0..count {
            let (corner, size, hole) = place_of(village.number, next);
            // One unit is 9.5 m wide and 11.1 m high.
            let whole = i64::try_from(size.0 * 950 * size.1 * 1_110 / 100).unwrap_or(0);
            let area = whole - if hole { 10_545 } else { 0 } + i64::try_from(village.random.below(200)).unwrap_or(0);
            let code = parcel_code(village, next);
            let fields = parcel(&code, &pointer, area, &rectangle(corner, size, hole));
            village.put("parcel", next, "initial", "Internal", fields);
            village.households[number as usize].parcels.push((next, area));
            next += 1;
        }
        contract(village, number);
    }
}

/// The fields of a parcel.
pub(crate) fn parcel(code: &str, pointer: &str, area: i64, geometry: &str) -> Value {
    json!({
        "parcel_code": code, "name": format!("地块{}", &code[14..]), "ownership": "32", "class": "10", "land_use_type": "011", "grade": "03", "purpose": "1",
        "basic_farmland": "1", "measured_area": square_metres(area), "measured_mu": mu(area), "bounds_e": "沟", "bounds_s": "路", "bounds_w": "田埂",
        "bounds_n": "渠", "pointer": pointer, "geometry": geometry, "use_state": "在用",
    })
}

/// Who contracts what.
pub(crate) struct Contracting<'c> {
    pub contractor: &'c str,
    pub name: &'c str,
    pub id_no: &'c str,
    /// Codes and areas.
    pub parcels: &'c [(String, i64)],
}

/// The fields of a contract, of its parcels and of its certificate.
pub(crate) fn contracted(village: &Village, contracting: &Contracting<'_>) -> (Value, Vec<Value>, Value) {
    let code = format!("{}J", contracting.contractor);
    let total: i64 = contracting.parcels.iter().map(|(_, area)| area).sum();
    let contract = json!({
        "code": code, "issuer": village.issuer, "contractor": contracting.contractor, "contractor_name": contracting.name, "mode": "110", "from": "2018-01-01",
        "to": "2047-12-31", "total_area": square_metres(total), "total_mu": mu(total), "parcel_count": contracting.parcels.len(), "signed_on": "2017-12-01",
        "registration": "2",
    });
    let parcels = contracting.parcels.iter().map(|(parcel, area)| {
        json!({
            "parcel_code": parcel, "issuer": village.issuer, "contractor": contracting.contractor, "acquired_by": "110", "contract_area": square_metres(*area),
            "contract_mu": mu(*area), "contract_code": code, "cert_code": code, "share_not_parcel": "2",
        })
    });
    let certificate = json!({
        "cert_code": code, "issuing_body": "某区人民政府", "issued_on": "2018-06-01", "collected": "1", "collected_on": "2018-07-01", "collected_by": contracting.name,
        "collected_id_type": "1", "collected_id_no": contracting.id_no, "mode": "110", "term": "30年", "from": "2018-01-01", "to": "2047-12-31",
        "registered_by": "某登簿", "registered_on": "2018-05-20",
    });
    (contract, parcels.collect(), certificate)
}

fn contract(village: &mut Village, number: u64) {
    let household = village.households[number as usize].clone();
    let rid = village.rid("household", number);
    let id_no = village.get(&rid).and_then(|household| household["id_no"].as_str()).unwrap_or_default().to_owned();
    let contractor = village.contractor(number);
    let parcels: Vec<(String, i64)> = household.parcels.iter().map(|(parcel, area)| (parcel_code(village, *parcel), *area)).collect();
    let contracting = Contracting { contractor: &contractor, name: &household.members[0].1, id_no: &id_no, parcels: &parcels };
    let (contract, rows, certificate) = contracted(village, &contracting);
    let made = village.put("land_contract", number, "current", "Personal", contract);
    let transferred = village.random.permille(80).then(|| format!("LZ{}{number:05}", &village.region[6..]));
    let mut together = vec![made.clone()];
    for ((parcel, _), mut row) in household.parcels.iter().zip(rows) {
        if let Some(transfer) = transferred.as_ref().filter(|_| *parcel == household.parcels[0].0) {
            row["transfer_code"] = json!(transfer);
        }
        together.push(village.put("contracted_parcel", *parcel, "current", "Internal", row));
    }
    together.push(village.put("land_right_cert", number, "current", "Personal", certificate));
    if village.random.permille(50) {
        let transaction = json!({ "txn_id": format!("{}-101-{number}", village.region), "size": together.len(), "business_code": "101" });
        together.iter().for_each(|rid| village.set(rid, json!({ "txn": transaction.clone() })));
    }
    if village.random.permille(100) {
        let scan = document::scan("2018:05:20 09:30:00", [31, 40, 1_234], [119, 58, 4_321], &mut village.random);
        village.attach(&made, "承包合同 扫描件.jpg", "scan", "Personal", scan);
    }
    if let Some(code) = transferred {
        let area = household.parcels[0].1;
        let fields = json!({
            "transfer_code": code, "contract_code": format!("{contractor}J"), "from_party": contractor, "to_party": "某家庭农场", "mode": "出租", "term": "5年",
            "from": "2024-01-01", "to": "2028-12-31", "area": square_metres(area), "mu": mu(area), "parcel_count": 1, "use_before": "1", "use_after": "1",
            "price_note": "每亩每年 900 元", "signed_on": "2023-12-15",
        });
        village.put("land_transfer", number, "current", "Internal", fields);
    } else if village.random.permille(30) {
        let fields = json!({
            "household_rid": rid, "parcel_codes": [parcels[0].0], "trustee_org": village.organisation(), "scope": ["发包", "收款"], "from": "2024-01-01",
            "to": "2028-12-31", "consent": "d1",
        });
        let made = village.put("entrustment", number, "current", "Personal", fields);
        let consent = document::pdf("委托同意书", &household.members[0].1, "20231220103000");
        village.attach(&made, "同意书.pdf", "original", "Personal", consent);
    }
}
