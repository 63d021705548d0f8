//! Shares, what they earned, and how some were inherited. A share is 100 yuan of capital, so 0.0001 of one is a fen.

use serde_json::json;

use crate::document;
use crate::people::PAST;
use crate::village::{Village, change};
use crate::{LAST_YEAR, day};

/// 10^-4 as a decimal.
pub(crate) fn decimal(units: i64) -> String {
    format!("{}.{:04}", units / 10_000, units % 10_000)
}

/// What so many shares bring at so many 10^-4 yuan each, half a fen up.
fn payment(shares: i64, per_share: i64) -> i64 {
    (shares * per_share + 500_000) / 1_000_000
}

struct Held {
    number: u64,
    member: u64,
    shares: i64,
    account: String,
}

pub(crate) fn make(village: &mut Village) {
    let mut held = Vec::new();
    for number in 0..village.households.len() {
        let household = village.households[number].clone();
        // Three thirds are no whole.
        let third = household.members.len() == 3;
        for (member, _) in &household.members {
            let land = i64::try_from(village.random.below(50_000)).unwrap_or(0);
            let shares = 100_000 + if third { 3_333 } else { land };
            held.push(Held { number: *member, member: *member, shares, account: household.account.clone() });
        }
        let retained = 2 * PAST + number as u64;
        if village.get(&village.rid("member", retained)).is_some() {
            held.push(Held { number: retained, member: retained, shares: 100_000, account: household.account.clone() });
        }
        let dead = PAST + number as u64;
        if village.get(&village.rid("member", dead)).is_some() {
            inherited(village, dead, &mut held, household.members[0].0);
        }
    }
    let sum: i64 = held.iter().map(|held| held.shares).sum();
    let collective = sum / 4;
    for one in &held {
        holding(village, one.number, one.member, one.shares, "active");
    }
    let total = sum + collective;
    let fields = json!({
        "as_of": "2018-12-31", "base_capital": total, "total_shares": decimal(total), "collective_shares": decimal(collective), "personal_shares": decimal(sum),
        "share_types": ["member", "land"], "management": "static", "resolution_no": "决〔2019〕1号",
    });
    village.put("share_scheme", 0, "effective", "Public", fields);
    let organisation = village.organisation();
    village.set(&organisation, json!({ "total_shares": decimal(total) }));
    for back in 0..village.years {
        dividend(village, &held, LAST_YEAR - i32::try_from(back).unwrap_or(0), back);
    }
}

fn holding(village: &mut Village, number: u64, member: u64, shares: i64, state: &str) -> String {
    let fields = json!({
        "cert_no": format!("股{:03}{number:06}", village.number), "holder": village.rid("member", member), "type": "member", "shares": decimal(shares),
        "capital": shares, "proxy": false, "from": "2019-01-01", "pledge": false,
    });
    village.put("share_holding", number, state, "Personal", fields)
}

/// What the dead held went to the head of the household.
fn inherited(village: &mut Village, dead: u64, held: &mut [Held], head: u64) {
    let shares = 100_000;
    let from = holding(village, dead, dead, shares, "transferred");
    if let Some(heir) = held.iter_mut().find(|held| held.number == head) {
        heir.shares += shares;
    }
    let to = village.rid("share_holding", head);
    let fields = json!({ "from": from, "to": to, "shares": decimal(shares), "change_kind": "inherit", "approved_on": "2023-06-01", "evidence": ["d1"] });
    let made = village.put("share_change", dead, "current", "Personal", fields);
    let evidence = document::pdf("继承公证书", "某公证处", "20230520090000");
    village.attach(&made, "公证书.pdf", "original", "Personal", evidence);
}

fn dividend(village: &mut Village, held: &[Held], year: i32, back: u32) {
    let per_share = 50_000 + i64::from(back) * 1_234 + i64::try_from(village.number % 10).unwrap_or(0) * 321;
    let total: i64 = held.iter().map(|held| payment(held.shares, per_share)).sum();
    let (from, to, since) = (day(year + 1, 2, 1), day(year + 1, 2, 10), day(year + 1, 2, 15));
    let mut fields = json!({
        "year": year, "distributable": total + total / 4, "reserve": total / 4, "per_share": decimal(per_share), "total": total,
        "resolution_no": format!("决〔{}〕1号", year + 1), "publicity_from": from.to_string(), "publicity_to": to.to_string(),
    });
    change(&mut fields, json!({ "valid_from": since.to_string() }));
    let scheme = village.put("dividend_scheme", u64::from(back), if back == 0 { "effective" } else { "replaced" }, "Public", fields);
    for one in held {
        let number = u64::from(back) * 250_000 + one.number;
        let fields = json!({
            "scheme": scheme, "holding": village.rid("share_holding", one.number), "amount": payment(one.shares, per_share), "account": one.account,
            "paid_on": since.after(10).to_string(), "bank_ref": format!("B{year}{:04}{number:07}", village.number),
        });
        village.put("dividend_payment", number, "paid", "Personal", fields);
    }
}
