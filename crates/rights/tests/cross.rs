//! Every cross-check: one thing is broken in a village in which nothing is wrong, and just that is found; at a threshold and one step
//! past it.

mod sample;
mod village;

use rights::rules::Severity;
use rights::scalar::Date;
use sample::rid;
use serde_json::{Value, json};
use village::{TODAY, Village, number, parameters, square};

/// The village after one change, and all that is found in it.
type Case = (&'static str, Village, &'static [&'static str]);

fn village() -> Village {
    Village::right()
}

fn hold(cases: Vec<Case>) {
    for (what, village, expect) in cases {
        assert_eq!(village.hits(&parameters()), expect, "{what}");
    }
}

fn state(state: &str) -> Value {
    json!({ "state": state, "member_state": state })
}

#[test]
fn nothing_is_wrong_in_the_village() {
    assert_eq!(village().hits(&parameters()), [] as [&str; 0]);
}

#[test]
fn people() {
    let id = |number: &str, birth: &str, gender: &str| json!({ "id_no": number, "birth_date": birth, "gender": gender });
    let first = number("1970-05-06", 11);
    hold(vec![
        ("X01 a wrong check character", village().set("member", 12, id("320412197005060120", "1970-05-06", "2")), &["X01 member 12"]),
        ("X01 of another type of paper", village().set("member", 12, json!({ "id_type": "5", "id_no": "E1" })), &[]),
        ("X01 an old number", village().set("household", 1, json!({ "id_no": "320412700506011" })), &["X01 household 1"]),
        ("X01 born today", village().set("member", 12, id(&number(TODAY, 12), TODAY, "2")), &[]),
        ("X01 born tomorrow", village().set("member", 12, id(&number("2026-11-22", 12), "2026-11-22", "2")), &["X01 member 12"]),
        ("X02 twice", village().set("member", 21, json!({ "id_no": first })), &["X02 member 11"]),
        (
            "X02 once lost",
            village()
                .set("member", 12, json!({ "id_no": first, "gender": "1" }))
                .set("member", 12, state("retained"))
                .set("household", 1, json!({ "size": 1 }))
                .set("homestead_use", 1, json!({ "area_actual": "90.00" }))
                .without("share_holding", 12)
                .without("dividend_payment", 12)
                .set("share_scheme", 1, json!({ "collective_shares": "40" })),
            &[],
        ),
        ("X03 birth", village().set("member", 12, json!({ "birth_date": "1970-05-07" })), &["X03 member 12"]),
        ("X03 gender", village().set("member", 12, json!({ "gender": "1" })), &["X03 member 12"]),
        ("X04 too many", village().set("household", 1, json!({ "size": 3 })), &["X04 household 1"]),
        ("X04 too few", village().set("household", 1, json!({ "size": 1 })).set("homestead_use", 1, json!({ "area_actual": "90.00" })), &["X04 household 1"]),
        ("X04 disputed is still a member", village().set("member", 12, state("disputed")), &[]),
        ("X05 a household that is none", village().set("member", 12, json!({ "household_rid": rid("household", 9) })), &["X04 household 1", "X05 member 12"]),
        ("X05 a head that is none", village().set("household", 1, json!({ "head_rid": rid("member", 99) })), &["X05 household 1"]),
        ("X05 a head of another household", village().set("household", 1, json!({ "head_rid": rid("member", 21) })), &["X05 household 1"]),
    ]);
}

#[test]
fn the_dead_hold_nothing() {
    let dead = || {
        let event = json!({ "state": "current", "member_rid": rid("member", 11), "event": "death", "retained_rights": null, "retained_until": null });
        village().add("membership_event", 1, event)
    };
    let shares_gone =
        |village: Village| village.without("share_holding", 11).without("dividend_payment", 11).set("share_scheme", 1, json!({ "collective_shares": "40" }));
    hold(vec![
        ("X06 everything", dead(), &["X06 member 11"]),
        ("X06 undone", dead().set("membership_event", 1, json!({ "state": "ended" })), &[]),
        ("X06 land and homestead", shares_gone(dead()), &["X06 member 11", "X10 member 11"]),
        ("X06 homestead alone", shares_gone(dead()).set("household", 1, json!({ "head_rid": rid("member", 12) })), &["X06 member 11", "X10 member 11"]),
        (
            "X06 nothing left",
            shares_gone(dead())
                .set("household", 1, json!({ "head_rid": rid("member", 12), "size": 1 }))
                .set("homestead_use", 1, json!({ "users": [rid("member", 12)], "area_actual": "90.00" }))
                .set("member", 11, state("lost")),
            &[],
        ),
    ]);
    // What is over is held by nobody.
    let others_hold = |village: Village| village.set("household", 1, json!({ "head_rid": rid("member", 12) }));
    let no_use = json!({ "users": [rid("member", 12)] });
    let transferred = others_hold(dead()).set("homestead_use", 1, no_use).set("share_holding", 11, json!({ "state": "transferred" }));
    assert_eq!(transferred.set("share_scheme", 1, json!({ "collective_shares": "40" })).hits(&parameters()), ["X10 member 11"]);
    let left = others_hold(shares_gone(dead())).set("homestead_use", 1, json!({ "state": "exited" }));
    assert_eq!(left.hits(&parameters()), ["X10 member 11"]);
    let facts = dead().findings(&parameters()).remove(0).facts;
    assert_eq!(facts.iter().map(|fact| fact.2).collect::<Vec<_>>(), [1, 1, 1]);
}

#[test]
fn shares_are_held_by_members() {
    let lost =
        || village().set("member", 12, state("lost")).set("household", 1, json!({ "size": 1 })).set("homestead_use", 1, json!({ "area_actual": "90.00" }));
    let event = |until: &str, right: &str| {
        lost().add(
            "membership_event",
            1,
            json!({ "state": "current", "member_rid": rid("member", 12), "event": "join_other", "retained_rights": [right], "retained_until": until }),
        )
    };
    hold(vec![
        ("X07 lost", lost(), &["X07 share_holding 12"]),
        ("X07 retained to today", event(TODAY, "share"), &[]),
        ("X07 retained to yesterday", event("2026-11-20", "share"), &["X07 share_holding 12"]),
        ("X07 retained, but land", event("2030-01-01", "land"), &["X07 share_holding 12"]),
        ("X07 a household with members", village().set("share_holding", 12, json!({ "holder": rid("household", 1) })), &[]),
        ("X07 a household without", village().set("share_holding", 12, json!({ "holder": rid("household", 9) })), &["X07 share_holding 12", "X10 member 12"]),
        (
            "X07 transferred",
            lost().set("share_holding", 12, json!({ "state": "transferred" })).set("share_scheme", 1, json!({ "collective_shares": "40" })),
            &[],
        ),
        (
            "X10 none",
            village().without("share_holding", 12).without("dividend_payment", 12).set("share_scheme", 1, json!({ "collective_shares": "40" })),
            &["X10 member 12"],
        ),
        ("X10 no scheme", village().without("share_holding", 12).without("dividend_payment", 12).set("share_scheme", 1, json!({ "state": "replaced" })), &[]),
        ("X22 one unit", village().set("share_scheme", 1, json!({ "total_shares": "100.0001" })), &["X22 share_scheme 1"]),
        ("X22 a draft", village().add("share_holding", 30, json!({ "state": "created", "holder": rid("member", 11), "shares": "5" })), &[]),
        (
            "X22 thirds",
            ["0.3333", "0.3333", "0.3333"]
                .into_iter()
                .zip(30..)
                .fold(village(), |village, (shares, number)| {
                    village.add("share_holding", number, json!({ "state": "inheriting", "holder": rid("member", 11), "shares": shares, "capital": 333 }))
                })
                .set("share_scheme", 1, json!({ "total_shares": "100.9999", "base_capital": 101_000 })),
            &[],
        ),
        ("X23 at the limit of four", village().set("share_holding", 11, json!({ "capital": 20_004 })), &[]),
        ("X23 past it", village().set("share_holding", 11, json!({ "capital": 20_005 })), &["X23 share_scheme 1"]),
        ("X23 below it", village().set("share_holding", 11, json!({ "capital": 19_995 })), &["X23 share_scheme 1"]),
    ]);
}

#[test]
fn dividends_are_paid_right() {
    let account = |household: u64| json!({ "account": format!("622848041234567{household:04}") });
    hold(vec![
        ("X24 none", village().set("dividend_scheme", 1, json!({ "year": 2024 })), &["X24 organisation 1"]),
        (
            "X24 on the day",
            village().set("dividend_scheme", 1, json!({ "publicity_from": "2026-03-31", "publicity_to": "2026-04-10", "valid_from": "2026-04-11" })),
            &[],
        ),
        (
            "X24 a day late",
            village().set("dividend_scheme", 1, json!({ "publicity_from": "2026-04-01", "publicity_to": "2026-04-10", "valid_from": "2026-04-11" })),
            &["X24 organisation 1"],
        ),
        (
            "X24 no income",
            village().set("dividend_scheme", 1, json!({ "year": 2024 })).set("payment_entry", 1, json!({ "amount": 0 })),
            &["X29 operating_contract 1"],
        ),
        (
            "X24 income of another year",
            village().set("dividend_scheme", 1, json!({ "year": 2024 })).set("payment_entry", 1, json!({ "paid_on": "2026-01-01" })),
            &[],
        ),
        ("X25 a fen", village().set("dividend_payment", 11, json!({ "amount": 3_001 })), &["X25 dividend_payment 11"]),
        (
            "X25 half a fen up",
            [11, 12, 21, 22].into_iter().fold(village().set("dividend_scheme", 1, json!({ "per_share": "0.0003" })), |village, place| {
                village.set("dividend_payment", place, json!({ "amount": 1 }))
            }),
            &[],
        ),
        ("X26 of nobody", village().set("dividend_payment", 11, json!({ "account": "1234567" })), &["X26 dividend_payment 11"]),
        ("X26 of the other household", village().set("dividend_payment", 11, account(2)), &["X26 dividend_payment 11"]),
        (
            "X26 shared",
            village().set("household", 2, json!({ "bank_account": "6228480412345670001" })).set("dividend_payment", 21, account(1)).set(
                "dividend_payment",
                22,
                account(1),
            ),
            &["X26 household 1"],
        ),
        (
            "X26 too short",
            village().set("household", 2, json!({ "bank_account": "1234567" })).without("dividend_payment", 21).without("dividend_payment", 22),
            &["X26 household 2"],
        ),
    ]);
}

#[test]
fn half_a_fen_is_rounded_up_and_a_day_is_over_when_it_is_past() {
    let half = village().set("share_holding", 11, json!({ "shares": "50" })).set("share_scheme", 1, json!({ "total_shares": "130", "base_capital": 94_545 }));
    let half = [12, 21, 22].into_iter().fold(half, |village, place| village.set("dividend_payment", place, json!({ "amount": 0 })));
    let half = half.set("dividend_scheme", 1, json!({ "per_share": "0.0001" })).set("dividend_payment", 11, json!({ "amount": 1 }));
    assert_eq!(half.hits(&parameters()), [] as [&str; 0]);
    let without = village().set("dividend_scheme", 1, json!({ "year": 2024 }));
    for (day, expect) in [(20, &["X24 organisation 1"][..]), (21, &[])] {
        let mut parameters = parameters();
        parameters.dividend_day = Some((11, day));
        assert_eq!(without.hits(&parameters), expect, "{day}");
    }
}

#[test]
fn land_is_contracted_once_and_adds_up() {
    let gone = |village: Village| {
        [21, 22]
            .into_iter()
            .fold(village, |village, member| village.set("member", member, state("lost")).without("share_holding", member).without("dividend_payment", member))
            .without("household", 2)
            .without("homestead_use", 2)
            .without("homestead_qualification", 2)
            .set("share_scheme", 1, json!({ "collective_shares": "60" }))
    };
    let second_half = || json!({ "contract_area": "499.99" });
    hold(vec![
        ("X08 nobody there", gone(village()), &["X08 land_contract 2"]),
        ("X08 by other means", gone(village()).set("land_contract", 2, json!({ "mode": "121" })), &[]),
        ("X08 no longer", gone(village()).set("land_contract", 2, json!({ "state": "ended" })), &[]),
        ("X11 none", village().set("land_contract", 2, json!({ "state": "ended" })), &["X11 household 2"]),
        (
            "X11 nobody has",
            village().set("land_contract", 1, json!({ "state": "ended" })).set("land_contract", 2, json!({ "state": "ended" })),
            &["X20 land_transfer 1"],
        ),
        ("X16 at the limit of two", village().set("contracted_parcel", 11, second_half()).set("contracted_parcel", 12, second_half()), &[]),
        ("X16 past it", village().set("contracted_parcel", 11, json!({ "contract_area": "500.03" })), &["X16 land_contract 1"]),
        ("X16 none", village().without("contracted_parcel", 21).without("contracted_parcel", 22), &["X16 land_contract 2"]),
        (
            "X16 a cent without parcels",
            village().without("contracted_parcel", 21).without("contracted_parcel", 22).set(
                "land_contract",
                2,
                json!({ "total_area": "0.00", "total_mu": "0" }),
            ),
            &[],
        ),
        ("X17 at the limit", village().set("parcel", 11, json!({ "measured_area": "1000.00", "measured_mu": "1.505" })), &[]),
        ("X17 past it", village().set("parcel", 11, json!({ "measured_area": "1000.00", "measured_mu": "1.5051" })), &["X17 parcel 11"]),
        (
            "X17 in two fields of one record",
            village().set("land_contract", 1, json!({ "total_mu": "1.4949", "prev_area": "10.00", "prev_mu": "1" })),
            &["X17 land_contract 1"],
        ),
        ("X17 elsewhere", village().set("land_contract", 1, json!({ "total_mu": "1.4949" })), &["X17 land_contract 1"]),
        ("X18 touching", village().set("parcel", 11, json!({ "geometry": square(13_000_000) })), &[]),
        // 1,000,000 units are 95 m east and 111 m north at 31 N: a strip of 94 units is 0.99 m², one of 96 is 1.01 m².
        ("X18 at the tolerance", village().set("parcel", 11, json!({ "geometry": square(11_000_000 + 94) })), &[]),
        ("X18 past it", village().set("parcel", 11, json!({ "geometry": square(11_000_000 + 96) })), &["X18 parcel 11"]),
        (
            "X18 in several squares, once",
            village().set("parcel", 11, json!({ "geometry": square(13_500_000) })).set("parcel", 12, json!({ "geometry": square(13_600_000) })),
            &["X18 parcel 11"],
        ),
        ("X18 one that is no more", village().set("parcel", 11, json!({ "geometry": square(12_000_000), "state": "extinct" })), &[]),
        ("X18 outside", village().set("parcel", 22, json!({ "geometry": square(100_000_000) })), &["X18 parcel 22"]),
        ("X18 a little outside", village().set("parcel", 22, json!({ "geometry": square(99_000_000 + 94) })), &[]),
        ("X18 a little more outside", village().set("parcel", 22, json!({ "geometry": square(99_000_000 + 96) })), &["X18 parcel 22"]),
        ("X18 not drawn", village().set("parcel", 22, json!({ "geometry": null })), &[]),
    ]);
}

#[test]
fn contracts_and_transfers_keep_their_terms() {
    let parcel = |code: &str| json!({ "parcel_code": code });
    hold(vec![
        ("X19 in both", village().set("contracted_parcel", 21, parcel("3204121030120100011")), &["X19 contracted_parcel 11"]),
        (
            "X19 the other one ended",
            village().set("contracted_parcel", 21, parcel("3204121030120100011")).set("land_contract", 2, json!({ "state": "history" })),
            &["X11 household 2"],
        ),
        ("X19 twice in one", village().set("contracted_parcel", 12, parcel("3204121030120100011")), &[]),
        ("X20 a day early", village().set("land_transfer", 1, json!({ "from": "2019-12-31" })), &["X20 land_transfer 1"]),
        ("X20 a day late", village().set("land_transfer", 1, json!({ "to": "2050-01-01" })), &["X20 land_transfer 1"]),
        ("X20 a transfer that ended", village().set("land_transfer", 1, json!({ "to": "2050-01-01", "state": "ended" })), &[]),
        (
            "X20 its contract is over",
            village().set("land_contract", 1, json!({ "state": "ended" })).set("contracted_parcel", 11, json!({ "state": "ended" })).set(
                "contracted_parcel",
                12,
                json!({ "state": "ended" }),
            ),
            &["X11 household 1", "X20 land_transfer 1"],
        ),
        ("X20 its contract is unknown", village().set("land_transfer", 1, json!({ "contract_code": "3204121030120000009J" })), &[]),
        ("X20 over today", village().set("land_contract", 2, json!({ "to": TODAY })), &[]),
        ("X20 over yesterday", village().set("land_contract", 2, json!({ "to": "2026-11-20" })), &["X20 land_contract 2"]),
        ("X21 to building", village().set("land_transfer", 1, json!({ "use_after": "5" })), &["X21 land_transfer 1"]),
        (
            "X21 a parcel that two households claim",
            village().set("land_transfer", 1, json!({ "use_after": "5" })).set(
                "contracted_parcel",
                21,
                json!({ "parcel_code": "3204121030120100011", "transfer_code": "LZ1" }),
            ),
            &["X19 contracted_parcel 11", "X21 land_transfer 1"],
        ),
        ("X21 to fish", village().set("land_transfer", 1, json!({ "use_after": "4" })), &[]),
        ("X21 it was so before", village().set("land_transfer", 1, json!({ "use_before": "5", "use_after": "5" })), &[]),
        ("X21 no basic farmland", village().set("land_transfer", 1, json!({ "use_after": "5" })).set("parcel", 11, json!({ "basic_farmland": "2" })), &[]),
    ]);
}

#[test]
fn homesteads_are_one_and_within_their_size() {
    let second = |changes: Value| {
        let mut fields = json!({
            "state": "idle", "unit_no": "320412103012JC00009F00010001", "user_household": rid("household", 1), "users": [rid("member", 11)],
            "area_actual": "1.00", "house_area": null, "approval_no": null, "acquire_by": "集体成员", "geometry": null,
        });
        changes.as_object().expect("changes").iter().for_each(|(name, value)| fields[name] = value.clone());
        village().add("homestead_use", 9, fields)
    };
    let strange = |how: &str| {
        village().set(
            "homestead_use",
            2,
            json!({ "user_household": rid("household", 9), "users": [rid("member", 99)], "acquire_by": how, "area_actual": "80.00" }),
        )
    };
    let built = |year: u64, approval: Value| village().set("homestead_use", 1, json!({ "built_year": year, "approval_no": approval }));
    hold(vec![
        ("X09 a stranger", strange("其他"), &["X09 homestead_use 2"]),
        ("X09 an heir", strange("继承"), &[]),
        ("X09 of old", strange("历史批准"), &[]),
        ("X12 none", village().without("homestead_qualification", 2), &["X12 household 2"]),
        ("X13 two", second(json!({})), &["X13 household 1"]),
        ("X13 in two villages", second(json!({ "region": "320412103013" })), &[]),
        ("X13 one given back", second(json!({ "state": "exited" })), &[]),
        ("X13 one applied for", second(json!({ "state": "applied" })), &[]),
        ("X14 a hundredth above", village().set("homestead_use", 1, json!({ "area_actual": "130.01" })), &["X14 homestead_use 1"]),
        (
            "X14 by the size of the household",
            village().set("household", 1, json!({ "size": 1 })).set("homestead_use", 1, json!({ "area_actual": "90.01" })),
            &["X04 household 1", "X14 homestead_use 1"],
        ),
        ("X14 in a county without a standard", village().set("homestead_use", 1, json!({ "area_actual": "130.01", "region": "320414103012" })), &[]),
        ("X15 in the year", built(2014, Value::Null), &[]),
        ("X15 a year later", built(2015, Value::Null), &["X15 homestead_use 1"]),
        ("X15 with approval", built(2015, json!("批2")), &[]),
    ]);
    let mut tolerant = parameters();
    tolerant.homestead_tolerance_permille = 50;
    assert_eq!(village().set("homestead_use", 1, json!({ "area_actual": "136.50" })).hits(&tolerant), [] as [&str; 0]);
    assert_eq!(village().set("homestead_use", 1, json!({ "area_actual": "136.51" })).hits(&tolerant), ["X14 homestead_use 1"]);
}

#[test]
fn assets_are_counted_used_and_leased_right() {
    let lost = |as_of: &str| village().set("inventory_line", 1, json!({ "result": "loss" })).set("inventory_round", 1, json!({ "as_of": as_of }));
    let disposal = |village: Village, from: &str, state: &str| {
        village.add(
            "asset_disposal",
            1,
            json!({ "state": state, "card_rid": rid("asset_card", 1), "valid_from": from, "mode": "scrap", "pushed_project_rid": null }),
        )
    };
    let idle = |since: &str| village().set("asset_card", 1, json!({ "use_mode": "闲置", "idle_since": since }));
    hold(vec![
        ("X27 a fen", village().set("asset_card", 1, json!({ "net_value": 6_501 })), &["X27 asset_card 1"]),
        ("X27 not counted", village().without("inventory_line", 1), &["X27 asset_card 1"]),
        ("X27 counted in a special round", village().set("inventory_round", 1, json!({ "round_kind": "ad_hoc" })), &["X27 asset_card 1"]),
        ("X27 counted a year before", village().set("inventory_round", 1, json!({ "as_of": "2024-12-31" })), &["X27 asset_card 1"]),
        ("X27 new on the last day", village().without("inventory_line", 1).set("asset_card", 1, json!({ "in_use_from": "2025-12-31" })), &["X27 asset_card 1"]),
        ("X27 newer", village().without("inventory_line", 1).set("asset_card", 1, json!({ "in_use_from": "2026-01-01" })), &[]),
        ("X27 sold", village().without("inventory_line", 1).set("asset_card", 1, json!({ "state": "sold", "net_value": 0 })), &[]),
        ("X28 no form", lost("2025-12-31"), &["X28 inventory_line 1"]),
        ("X28 a form on the day", disposal(lost("2025-12-31"), "2026-01-30", "submitted"), &[]),
        ("X28 a form a day late", disposal(lost("2025-12-31"), "2026-01-31", "submitted"), &["X28 inventory_line 1"]),
        ("X28 a form of an earlier time", disposal(lost("2025-12-31"), "2025-12-30", "submitted"), &["X28 inventory_line 1"]),
        ("X28 a form on the day of the inventory", disposal(lost("2025-12-31"), "2025-12-31", "submitted"), &[]),
        ("X28 a form that was withdrawn", disposal(lost("2025-12-31"), "2026-01-30", "withdrawn"), &["X28 inventory_line 1"]),
        ("X31 on the day", idle("2026-05-25"), &[]),
        ("X31 a day longer", idle("2026-05-24"), &["X31 asset_card 1"]),
        ("X31 and sold", idle("2026-05-24").set("asset_card", 1, json!({ "state": "sold" })), &[]),
    ]);
    // A loss found 30 days ago may still be waited for; one found 31 days ago may not.
    let mut this_year = parameters();
    this_year.inventory_year = 2026;
    assert_eq!(lost("2026-10-22").hits(&this_year), [] as [&str; 0]);
    assert_eq!(lost("2026-10-21").hits(&this_year), ["X28 inventory_line 1"]);
}

#[test]
fn operating_contracts_end_are_paid_and_go_through_the_exchange() {
    let contract = |changes: Value| village().set("operating_contract", 1, changes);
    let plan = |due: &str, amount: i64| contract(json!({ "pay_plan": [{ "due": "2025-06-30", "amount": 500_000 }, { "due": due, "amount": amount }] }));
    // 365 days, 100 m²: 1,500 fen × 80 % × 100 m² = 120,000 fen.
    let year = |amount: i64| contract(json!({ "from": "2026-12-01", "to": "2027-11-30", "amount": amount }));
    let sale = |amount: i64, project: u64, state: &str| {
        let fields = json!({ "state": state, "card_rid": rid("asset_card", 1), "mode": "sale", "proceeds": amount, "pushed_project_rid": rid("exchange_project", project) });
        village().add("asset_disposal", 1, fields)
    };
    hold(vec![
        ("X29 60 days left", contract(json!({ "to": "2027-01-20" })), &[]),
        ("X29 59 days left", contract(json!({ "to": "2027-01-19" })), &["X29 operating_contract 1"]),
        ("X29 finished", contract(json!({ "to": "2026-01-19", "state": "finished" })), &[]),
        ("X29 31 days late, and expired", plan("2026-10-21", 1).set("operating_contract", 1, json!({ "state": "expired" })), &["X29 operating_contract 1"]),
        ("X29 31 days late, and finished", plan("2026-10-21", 1).set("operating_contract", 1, json!({ "state": "finished" })), &[]),
        ("X29 30 days late", plan("2026-10-22", 1), &[]),
        ("X29 31 days late", plan("2026-10-21", 1), &["X29 operating_contract 1"]),
        (
            "X29 31 days late and paid",
            plan("2026-10-21", 1).add(
                "payment_entry",
                2,
                json!({ "contract": rid("operating_contract", 1), "due_no": 2, "amount": 1, "paid_on": "2026-11-20" }),
            ),
            &[],
        ),
        ("X29 at the index", year(120_000), &[]),
        ("X29 below it", year(119_999), &["X29 operating_contract 1"]),
        ("X29 without an area", year(119_999).set("operating_contract", 1, json!({ "area": null })), &[]),
        ("X30 no deal", contract(json!({ "deal_rid": null })), &["X30 operating_contract 1"]),
        ("X30 a deal that is none", contract(json!({ "deal_rid": rid("deal", 9) })), &["X30 operating_contract 1"]),
        ("X30 at the threshold", contract(json!({ "deal_rid": null, "amount": 500_000, "area": null })), &[]),
        ("X30 a share, no lease", contract(json!({ "deal_rid": null, "mode": "入股" })), &[]),
        ("X30 a draft", contract(json!({ "deal_rid": null, "state": "draft" })), &[]),
        ("X30 sold past it", sale(500_001, 9, "effective"), &["X30 asset_disposal 1"]),
        ("X30 sold cheap", sale(500_000, 9, "effective"), &[]),
        ("X30 sold through it", sale(500_001, 1, "effective"), &[]),
        ("X30 not yet sold", sale(500_001, 9, "submitted"), &[]),
    ]);
    let severity = |village: Village| village.findings(&parameters()).remove(0).severity;
    assert_eq!(severity(contract(json!({ "to": "2027-01-19" }))), Severity::Warn);
    assert_eq!(severity(plan("2026-10-21", 1)), Severity::High);
}

#[test]
fn certificates_say_what_holds() {
    let renamed = || village().set("member", 11, json!({ "version": 2, "name": "张二" }));
    let region = |until: &str| village().set("admin_region", 1, json!({ "valid_to": until }));
    let last = |until: &str| {
        let there = json!({ "region": "320412103077", "state": "initial", "geometry": null, "valid_to": until });
        village().add("admin_region", 2, json!({ "org_rid": null, "code": "320412103077", "valid_to": "2026-11-20" })).add("parcel", 99, there)
    };
    hold(vec![
        ("X32 another name", renamed(), &["X32 ecertificate 1"]),
        ("X32 the same version", village().set("member", 11, json!({ "name": "张二" })), &[]),
        ("X32 another version, nothing shown changed", village().set("member", 11, json!({ "version": 2, "hukou_region": "320412103099" })), &[]),
        ("X32 revoked", renamed().set("ecertificate", 1, json!({ "state": "revoked" })), &[]),
        ("X33 on the last day", village().set("ecertificate", 1, json!({ "issued_on": "2026-01-31" })), &[]),
        ("X33 a day early", village().set("ecertificate", 1, json!({ "issued_on": "2026-01-30" })), &["X33 ecertificate 1"]),
        ("X33 a draft", village().set("ecertificate", 1, json!({ "issued_on": "2026-01-30", "state": "draft" })), &[]),
        ("X33 a dividend", village().set("dividend_scheme", 1, json!({ "valid_from": "2026-01-09" })), &["X33 dividend_scheme 1"]),
        ("X34 to today", region(TODAY), &[]),
        ("X34 to yesterday", region("2026-11-20"), &["X34 admin_region 1"]),
        ("X34 a record that holds to today", last(TODAY), &["X34 admin_region 2"]),
        ("X34 a record that held to yesterday", last("2026-11-20"), &[]),
        ("X34 another village", region("2026-11-20").set("admin_region", 1, json!({ "code": "320412103013" })), &[]),
        ("X34 its town", region("2026-11-20").set("admin_region", 1, json!({ "code": "320412103" })), &["X34 admin_region 1"]),
        ("X34 its county", region("2026-11-20").set("admin_region", 1, json!({ "code": "320412" })), &["X34 admin_region 1"]),
    ]);
}

#[test]
fn what_is_set_locally_is_not_checked_before_it_is_set() {
    let bare = rights::cross::Parameters::at(Date::parse(TODAY).unwrap());
    let wrong = village()
        .set("homestead_use", 1, json!({ "area_actual": "900.00", "built_year": 2020, "approval_no": null }))
        .set("dividend_scheme", 1, json!({ "year": 2024 }))
        .set("operating_contract", 1, json!({ "deal_rid": null, "amount": 1_000_000 }))
        .set("parcel", 22, json!({ "geometry": square(500_000_000) }));
    assert_eq!(wrong.hits(&bare), [] as [&str; 0]);
    assert_eq!(wrong.hits(&parameters()).len(), 5);
    assert_eq!((bare.disposal_days, bare.expiry_days, bare.overdue_days, bare.idle_days, bare.overlap_tolerance), (30, 60, 30, 180, 100));
}

#[test]
fn a_record_counts_once_and_order_does_not_matter() {
    let mut index = rights::cross::Index::default();
    let record = rights::Record::of(village().0.remove(0)).unwrap();
    assert!(index.take(&record) && !index.take(&record));
    let broken = || village().set("member", 11, json!({ "version": 2, "name": "张二", "gender": "2" })).set("household", 1, json!({ "size": 3 }));
    let expect = broken().hits(&parameters());
    assert_eq!(expect, ["X03 member 11", "X04 household 1", "X32 ecertificate 1"]);
    let mut seed = 20_261_121_u64;
    for _ in 0..20 {
        let mut shuffled = broken();
        for place in (1..shuffled.0.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.0.swap(place, (seed >> 33) as usize % (place + 1));
        }
        assert_eq!(shuffled.hits(&parameters()), expect, "seed {seed}");
    }
}
