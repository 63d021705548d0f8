//! What is planted for the cross-checks to find: each rule at least once where the county is large enough, at households, cards and
//! schemes of its own, so that each is found by its rule and by no other.

use serde_json::{Value, json};
use std::collections::BTreeSet;

use crate::County;
use crate::code;
use crate::homestead::homestead;
use crate::land::{Contracting, LATER, contracted, parcel_code, place_of};
use crate::people::PAST;
use crate::random::Random;
use crate::region::rectangle;
use crate::share::decimal;
use crate::village::{Village, mu, square_metres};

/// What is to be found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Planted {
    /// `X01` to `X34`.
    pub rule: String,
    /// The records that it is about, in ascending order.
    pub subjects: Vec<String>,
}

/// Rules that look at something of which a village has one.
const ONCE: [u64; 9] = [22, 23, 24, 27, 28, 29, 30, 31, 34];

/// Rule and the two households that it has for itself, for a village.
fn plan(county: &County, village: u64) -> Vec<(u64, u64, u64)> {
    let mut random = Random::new(county.seed ^ 0x91a7, 0);
    let households = county.households_of(village);
    let (mut mine, mut once) = (Vec::new(), BTreeSet::new());
    let mut next = households;
    // The first time every rule, then some again.
    for again in 0..2 {
        for rule in 1..=34 {
            let chosen = (0..county.villages()).map(|_| random.below(county.villages())).find(|village| village % 18 != 17).unwrap_or(0);
            if chosen != village || (again == 1 && random.permille(500)) || (ONCE.contains(&rule) && !once.insert(rule)) {
                continue;
            }
            if next < households / 2 + 2 {
                continue;
            }
            next -= 2;
            mine.push((rule, next, next + 1));
        }
    }
    mine
}

/// Plants what belongs into one village; gives what is to be found there.
pub(crate) fn into(county: &County, village: &mut Village) -> Vec<Planted> {
    let mut planted = Vec::new();
    for (rule, one, other) in plan(county, village.number) {
        let mut subjects = match rule {
            1..=7 | 10 => people(village, rule, one, other),
            8 | 16..=21 => land(village, rule, one, other),
            9 | 11..=15 => homesteads(village, rule, one),
            22..=26 | 32 | 33 => shares(village, rule, one, other),
            _ => assets(village, rule),
        };
        subjects.sort();
        planted.push(Planted { rule: format!("X{rule:02}"), subjects });
    }
    planted
}

fn people(village: &mut Village, rule: u64, one: u64, other: u64) -> Vec<String> {
    let household = village.rid("household", one);
    let last = village.households[one as usize].members.last().map_or(0, |(number, _)| *number);
    let last = village.rid("member", last);
    let head_of = |village: &Village, household: u64| village.rid("member", village.households[household as usize].members[0].0);
    match rule {
        1 => {
            // The 30th of February; no two of them are alike.
            let number = format!("3204{:02}19{:02}0230{one:03}", 12 + village.number / 100, village.number % 100);
            village.set(&last, json!({ "id_no": code::checked(&number) }));
            vec![last]
        }
        2 => {
            let twin = head_of(village, other);
            let of = village.get(&twin).cloned().unwrap_or_default();
            village.set(&last, json!({ "id_no": of["id_no"], "birth_date": of["birth_date"], "gender": of["gender"], "minor_flag": of["minor_flag"] }));
            vec![last, twin]
        }
        3 => {
            village.set(&last, json!({ "birth_date": "1951-01-01" }));
            vec![last]
        }
        4 => {
            let size = village.households[one as usize].members.len() + 1;
            village.set(&household, json!({ "size": size }));
            vec![household]
        }
        5 => {
            let head = head_of(village, other);
            village.set(&household, json!({ "head_rid": head }));
            vec![household]
        }
        6 => {
            let head = head_of(village, one);
            let fields = json!({ "member_rid": head, "event": "death", "event_date": "2026-05-05" });
            village.put("membership_event", LATER + one, "current", "Personal", fields);
            vec![head]
        }
        7 => {
            let lost = somebody(village, LATER + one, &household, "lost");
            vec![no_shares(village, LATER + one, &lost), lost]
        }
        _ => {
            let size = village.households[one as usize].members.len() + 1;
            village.set(&household, json!({ "size": size }));
            vec![somebody(village, LATER + one, &household, "confirmed")]
        }
    }
}

/// One more member.
fn somebody(village: &mut Village, number: u64, household: &str, state: &str) -> String {
    let fields = json!({
        "name": "某某某", "gender": "1", "id_type": "5", "id_no": format!("E{:05}{number:06}", village.number), "relation": "90", "household_rid": household, "member_state": state,
        "hukou_region": village.region, "minor_flag": false,
    });
    village.put("member", number, state, "Personal", fields)
}

/// A holding of nothing, which changes no sum.
fn no_shares(village: &mut Village, number: u64, holder: &str) -> String {
    let fields = json!({
        "cert_no": format!("股{number}"), "holder": holder, "type": "member", "shares": "0", "capital": 0, "proxy": false, "from": "2019-01-01", "pledge": false,
    });
    village.put("share_holding", number, "active", "Personal", fields)
}

/// One more household.
fn family(village: &mut Village, number: u64, state: &str, head: &str) -> String {
    let fields = json!({
        "hh_no": format!("{number}"), "contractor_type": "1", "head_rid": head, "id_type": "5", "id_no": format!("E{:05}{number:06}", village.number), "address": "某村", "postcode": "213000",
        "size": 1, "publicity_reviewed_on": "2019-05-01", "publicity_reviewer": "某审核",
    });
    village.put("household", number, state, "Personal", fields)
}

fn land(village: &mut Village, rule: u64, one: u64, other: u64) -> Vec<String> {
    let mine = village.households[one as usize].clone();
    let contract = village.rid("land_contract", one);
    let contractor = village.contractor(one);
    let transfer = |code: String| {
        let area = mine.parcels[1].1;
        json!({
            "transfer_code": code, "contract_code": format!("{contractor}J"), "from_party": contractor, "to_party": "某家庭农场", "mode": "出租", "term": "5年",
            "from": "2024-01-01", "to": "2028-12-31", "area": square_metres(area), "mu": mu(area), "parcel_count": 1, "use_before": "1", "use_after": "1",
            "signed_on": "2023-12-15",
        })
    };
    match rule {
        8 => {
            let nobody = village.contractor(9_000 + one);
            let (fields, ..) = contracted(village, &Contracting { contractor: &nobody, name: "某某", id_no: "", parcels: &[] });
            vec![village.put("land_contract", LATER + one, "current", "Personal", fields)]
        }
        16 => {
            let total: i64 = mine.parcels.iter().map(|(_, area)| area).sum::<i64>() + 10_000;
            village.set(&contract, json!({ "total_area": square_metres(total), "total_mu": mu(total) }));
            vec![contract]
        }
        17 => {
            let (parcel, area) = mine.parcels[0];
            let parcel = village.rid("parcel", parcel);
            village.set(&parcel, json!({ "measured_mu": mu(area + 1_000) }));
            vec![parcel]
        }
        18 => {
            let theirs = village.households[other as usize].parcels[0].0;
            let (corner, size, _) = place_of(village.number, theirs);
            let parcel = village.rid("parcel", mine.parcels[0].0);
            village.set(&parcel, json!({ "geometry": rectangle(corner, size, false) }));
            vec![parcel, village.rid("parcel", theirs)]
        }
        19 => {
            let theirs = village.households[other as usize].parcels.clone();
            let (parcel, area) = mine.parcels[0];
            let codes = [(parcel_code(village, parcel), area)];
            let (_, mut rows, _) = contracted(village, &Contracting { contractor: &village.contractor(other), name: "", id_no: "", parcels: &codes });
            let row = village.put("contracted_parcel", LATER + one, "current", "Internal", rows.pop().unwrap_or_default());
            let total = theirs.iter().map(|(_, area)| area).sum::<i64>() + area;
            let contract = village.rid("land_contract", other);
            village.set(&contract, json!({ "total_area": square_metres(total), "total_mu": mu(total), "parcel_count": theirs.len() + 1 }));
            vec![row, village.rid("contracted_parcel", parcel)]
        }
        20 => {
            let mut fields = transfer(format!("LZ越{}-{one}", village.number));
            fields["to"] = json!("2050-12-31");
            vec![village.put("land_transfer", LATER + one, "current", "Internal", fields), contract]
        }
        _ => {
            let code = format!("LZ改{}-{one}", village.number);
            let mut fields = transfer(code.clone());
            fields["use_after"] = json!("5");
            let parcel = mine.parcels[1].0;
            village.set(&village.rid("contracted_parcel", parcel), json!({ "transfer_code": code }));
            vec![village.put("land_transfer", LATER + one, "current", "Internal", fields), village.rid("parcel", parcel)]
        }
    }
}

fn homesteads(village: &mut Village, rule: u64, one: u64) -> Vec<String> {
    let household = village.rid("household", one);
    let mine = village.rid("homestead_use", one);
    let head = village.rid("member", village.households[one as usize].members[0].0);
    let another = |village: &mut Village, household: &str, user: &str| {
        let fields = homestead(village, (&village.region, 80_000 + one), 9_000, "集体成员", household, user);
        village.put("homestead_use", LATER + one, "registered", "Personal", fields)
    };
    match rule {
        9 => {
            let gone = village.rid("household", LATER + one);
            let lost = somebody(village, LATER + one, &gone, "lost");
            family(village, LATER + one, "ended", &lost);
            vec![another(village, &gone, &lost)]
        }
        11 => {
            let new = village.rid("household", LATER + one);
            let head = somebody(village, LATER + one, &new, "confirmed");
            no_shares(village, LATER + one, &head);
            family(village, LATER + one, "current", &head);
            let fields = json!({
                "household_rid": new, "qualified_members": [head], "standard_area": "120.00", "entitled_area": "120.00", "confirmed_on": "2020-09-01",
                "resolution_no": "决〔2020〕9号",
            });
            village.put("homestead_qualification", LATER + one, "qualified", "Personal", fields);
            vec![new]
        }
        12 => {
            village.remove(&village.rid("homestead_qualification", one));
            vec![household]
        }
        13 => vec![another(village, &household, &head), household, mine],
        14 => {
            village.set(&mine, json!({ "area_actual": "300.00" }));
            vec![mine]
        }
        _ => {
            village.set(&mine, json!({ "approval_no": null, "approved_on": null, "built_year": 2020 }));
            vec![mine]
        }
    }
}

fn shares(village: &mut Village, rule: u64, one: u64, other: u64) -> Vec<String> {
    let scheme = village.rid("share_scheme", 0);
    let head = village.households[one as usize].members[0].0;
    let certificate = village.rid("ecertificate", one);
    match rule {
        22 => {
            let collective = village.get(&scheme).and_then(|scheme| rights::scalar::decimal(scheme["collective_shares"].as_str()?, 4)).unwrap_or_default();
            village.set(&scheme, json!({ "collective_shares": decimal(collective + 1) }));
            vec![scheme]
        }
        23 => {
            let base = village.get(&scheme).and_then(|scheme| scheme["base_capital"].as_i64()).unwrap_or_default();
            village.set(&scheme, json!({ "base_capital": base + 10_000_000 }));
            vec![scheme]
        }
        24 => {
            let late = json!({ "publicity_from": "2026-05-01", "publicity_to": "2026-05-10", "valid_from": "2026-05-15" });
            village.set(&village.rid("dividend_scheme", 0), late);
            vec![village.organisation()]
        }
        25 => {
            let payment = village.rid("dividend_payment", head);
            let amount = village.get(&payment).and_then(|payment| payment["amount"].as_i64()).unwrap_or_default();
            village.set(&payment, json!({ "amount": amount + 1 }));
            vec![payment, village.rid("share_holding", head)]
        }
        26 => {
            let account = village.households[other as usize].account.clone();
            let members: Vec<u64> = village.households[one as usize].members.iter().map(|(member, _)| *member).chain([2 * PAST + one]).collect();
            for payment in (0..u64::from(village.years)).flat_map(|back| members.iter().map(move |member| back * 250_000 + member)) {
                village.set(&village.rid("dividend_payment", payment), json!({ "account": account }));
            }
            let households = vec![village.rid("household", one), village.rid("household", other)];
            village.set(&households[0], json!({ "bank_account": account }));
            households
        }
        32 => {
            let member = village.rid("member", head);
            village.set(&member, json!({ "version": 2, "name": "某改名" }));
            vec![certificate, member]
        }
        _ => {
            village.set(&certificate, json!({ "issued_on": "2025-02-10" }));
            vec![certificate]
        }
    }
}

/// Of cards and contracts each village has one for each of these rules.
fn assets(village: &mut Village, rule: u64) -> Vec<String> {
    let set = |village: &mut Village, kind: &str, number: u64, fields: Value| {
        let rid = village.rid(kind, number);
        village.set(&rid, fields);
        vec![rid]
    };
    match rule {
        27 => {
            let card = village.rid("asset_card", 4);
            let net = village.get(&card).and_then(|card| card["net_value"].as_i64()).unwrap_or_default();
            set(village, "asset_card", 4, json!({ "net_value": net + 1 }))
        }
        28 => {
            let line = set(village, "inventory_line", 5, json!({ "result": "loss", "found_qty": "0", "found_value": 0, "reason": "不明" }));
            [line, vec![village.rid("asset_card", 5)]].concat()
        }
        29 => set(village, "operating_contract", 3, json!({ "to": "2026-07-30" })),
        30 => set(village, "operating_contract", 6, json!({ "deal_rid": null })),
        31 => set(village, "asset_card", 8, json!({ "idle_since": "2025-12-01" })),
        _ => set(village, "admin_region", 0, json!({ "valid_to": "2026-06-29" })),
    }
}
