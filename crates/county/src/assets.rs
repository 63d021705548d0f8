//! Assets of the collective: cards, inventories, changes and disposals, leases with what was paid, and the exchange.

use serde_json::json;

use crate::document;
use crate::village::{Village, square_metres};
use crate::{LAST_YEAR, code};

/// What goes through the exchange: amounts above it, fen.
pub(crate) const THRESHOLD: i64 = 5_000_000;
/// Cards of a village, at least: one of each sort is among them.
const CARDS_MIN: u64 = 12;
/// Years of a lease.
const LEASED: i64 = 5;
/// A lease brings so much per m² and year, fen.
const PRICE: i64 = 1_500;

pub(crate) fn make(village: &mut Village) {
    let cards = (village.households.len() as u64 / 4).max(CARDS_MIN);
    let rounds: Vec<String> = (0..village.years)
        .map(|back| {
            let year = LAST_YEAR - i32::try_from(back).unwrap_or(0);
            let fields = json!({
                "round_no": format!("盘{year}"), "as_of": format!("{year}-12-31"), "round_kind": "annual", "publicity_from": format!("{}-01-10", year + 1),
                "publicity_to": format!("{}-01-20", year + 1), "confirmed_by_meeting": format!("{}-01-25", year + 1),
            });
            village.put("inventory_round", u64::from(back), "current", "Internal", fields)
        })
        .collect();
    for number in 0..cards {
        let card = card(village, number);
        for (back, round) in (0..).zip(&rounds) {
            let lost = number == 2 && back == 0;
            let fields = json!({
                "round_rid": round, "card_rid": card, "book_qty": "1", "book_value": 1_000_000, "found_qty": if lost { "0" } else { "1" },
                "found_value": if lost { 0 } else { 1_000_000 }, "result": if lost { "loss" } else { "match" }, "reason": lost.then_some("水毁"),
            });
            village.put("inventory_line", back * 10_000 + number, "current", "Internal", fields);
        }
        if number.is_multiple_of(3) {
            lease(village, number, &card);
        }
    }
    disposal_and_change(village);
}

fn card(village: &mut Village, number: u64) -> String {
    let (original, depreciation) = (1_000_000 + i64::try_from(village.random.below(9_000_000)).unwrap_or(0), 200_000);
    let leased = number.is_multiple_of(3);
    let idle = number % 7 == 1;
    let (high, low) = (village.random.next(), village.random.next());
    let fields = json!({
        "card_no": format!("{:03}{number:08}", village.number), "name": if leased { "厂房" } else { "农机" }, "category": if leased { "房屋建筑物" } else { "机械设备" },
        "nature": "经营性", "in_use_from": "2012-05-01", "keeper": "某保管", "unit": if leased { "处" } else { "台" }, "qty": "1",
        "location": format!("{}{}组", village.name, number % 10 + 1), "land_area": leased.then(|| square_metres(area_of(number))), "original_value": original,
        "acc_depr": depreciation, "impairment": 1_000, "net_value": original - depreciation - 1_000,
        "use_mode": if leased { "出租" } else if idle { "闲置" } else { "集体自营" }, "idle_since": idle.then_some("2026-03-01"), "qr_token": code::token(high, low),
    });
    let rid = village.put("asset_card", number, if number == 2 { "disposing" } else { "active" }, "Internal", fields);
    if number.is_multiple_of(2) {
        let photo = document::scan("2024:04:01 15:20:10", [31, 41, 900], [119, 59, 1_800], &mut village.random);
        village.attach(&rid, "照片.jpg", "photo", "Internal", photo);
    }
    if number == 1 {
        // Names that trip programs: alike but for case, as long as a file system takes, and nothing in it.
        for name in ["A.jpg".to_owned(), "a.jpg".to_owned(), format!("{}.jpg", "长".repeat(83))] {
            let photo = document::scan("2024:04:01 15:20:10", [31, 41, 900], [119, 59, 1_800], &mut village.random);
            village.attach(&rid, &name, "photo", "Internal", photo);
        }
        village.attach(&rid, "空.bin", "annex", "Internal", Vec::new());
    }
    rid
}

/// In dm².
fn area_of(number: u64) -> i64 {
    i64::try_from(10_000 + number % 9 * 10_000).unwrap_or(0)
}

fn lease(village: &mut Village, number: u64, card: &str) {
    let area = area_of(number);
    let yearly = PRICE * area / 100;
    let amount = yearly * LEASED;
    let lessee = format!("{}某", crate::name::surname(&mut village.random));
    let deal = (amount > THRESHOLD).then(|| exchange(village, number, card, &lessee, amount));
    // An old number of 15 digits: what papers of that time say.
    let lessee_id = if number.is_multiple_of(2) { "320412650101001".to_owned() } else { code::checked(&format!("32041219650101{:03}", number % 900)) };
    let plan: Vec<_> = (2024..2029).map(|year| json!({ "due": format!("{year}-03-31"), "amount": yearly })).collect();
    let fields = json!({
        "contract_no": format!("租{:03}-{number:04}", village.number), "object_rids": [card], "lessor": village.organisation(), "lessee_name": lessee,
        "lessee_id": lessee_id, "mode": "租赁", "area": square_metres(area), "from": "2024-01-01", "to": "2028-12-31", "amount": amount, "pay_cycle": "年",
        "pay_plan": plan, "signed_on": "2023-12-20", "deal_rid": deal,
    });
    let contract = village.put("operating_contract", number, "active", "Internal", fields);
    for (due, year) in (1..).zip(2024..2027) {
        let fields = json!({
            "contract": contract, "due_no": due, "amount": yearly, "paid_on": format!("{year}-03-20"), "voucher_no": format!("凭{year}-{number:05}"), "method": "转账",
        });
        village.put("payment_entry", number * 10 + due, "current", "Internal", fields);
    }
}

fn exchange(village: &mut Village, number: u64, card: &str, winner: &str, amount: i64) -> String {
    let project = json!({
        "project_no": format!("交{:03}-{number:04}", village.number), "project_kind": "collective_asset_lease", "source_rids": [card], "resolution": "d1",
        "democratic_process": "passed", "submitted_on": "2023-09-01",
    });
    let project = village.put("exchange_project", number, "archived", "Public", project);
    let resolution = document::pdf("成员代表大会决议", "某村委", "20230820140000");
    village.attach(&project, "决议.pdf", "original", "Public", resolution);
    let lot = json!({
        "lot_no": format!("标{:03}-{number:04}-1", village.number), "project_rid": project, "object": "厂房租赁", "area": square_metres(area_of(number)),
        "term_from": "2024-01-01", "term_to": "2028-12-31", "reserve_price": amount / 10 * 9, "price_unit": "元", "deposit": 100_000, "bid_mode": "竞价",
        "open_at": "2023-10-10T09:00:00+08:00", "close_at": "2023-10-10T11:00:00+08:00",
    });
    let lot = village.put("exchange_lot", number, "archived", "Public", lot);
    let deal = json!({
        "lot_rid": lot, "winner": winner, "price": amount, "premium_rate": "0.1111", "deal_at": "2023-10-10T10:59:00+08:00", "publicity_from": "2023-10-11",
        "publicity_to": "2023-10-20", "certificate_no": format!("鉴{:03}-{number:04}", village.number),
        "contract_rid": village.rid("operating_contract", number),
    });
    village.put("deal", number, "archived", "Public", deal)
}

/// What was lost in the inventory is disposed of in time; something else was changed.
fn disposal_and_change(village: &mut Village) {
    let approvals = json!([{ "step": 1, "role": "镇级审核", "person": "某审核", "result": "approved", "at": "2026-01-20T10:00:00+08:00" }]);
    let fields = json!({
        "apply_no": format!("处{:03}", village.number), "card_rid": village.rid("asset_card", 2), "mode": "scrap", "resolution": "d1", "approvals": approvals,
        "valid_from": "2026-01-15",
    });
    let disposal = village.put("asset_disposal", 0, "approved", "Internal", fields);
    let resolution = document::pdf("处置决议", "某村委", "20260112093000");
    village.attach(&disposal, "决议.pdf", "original", "Internal", resolution);
    let fields = json!({
        "apply_no": format!("变{:03}", village.number), "card_rid": village.rid("asset_card", 0), "fields_before": { "keeper": "前保管" },
        "fields_after": { "keeper": "某保管" }, "reason": "换人", "applicant": "某经办", "applied_on": "2025-05-01",
        "approvals": [{ "step": 1, "role": "镇级审核", "person": "某审核", "result": "approved", "at": "2025-05-06T10:00:00+08:00" }], "effective_on": "2025-05-08",
    });
    village.put("asset_change", 0, "effective", "Internal", fields);
}
