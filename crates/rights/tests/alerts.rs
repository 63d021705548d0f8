//! Alerts: one of each finding, the same one again, and what becomes of it when the checks are made another day.

mod sample;
mod village;

use rights::Record;
use rights::cross::{Finding, Raised, StandardArea, alert};
use rights::rules::Rule;
use rights::scalar::Date;
use sample::rid;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use village::{TODAY, VILLAGE, Village, number, parameters, square};

fn raised_on(today: &str) -> Raised<'static> {
    Raised { at: "2026-11-21T19:00:00+08:00", today: Date::parse(today).expect("a day"), by: "check", role: "村级经办" }
}

/// Two who bear one number: a finding whose fact counts them.
fn twice() -> Finding {
    Village::right().set("member", 21, json!({ "id_no": number("1970-05-06", 11) })).findings(&parameters()).remove(0)
}

fn with(record: &Record, changes: Value) -> Record<'static> {
    let mut value = Value::Object(record.fields().to_map());
    for (name, change) in changes.as_object().expect("fields") {
        value[name] = change.clone();
    }
    Record::of(value).expect("a right record")
}

#[test]
fn every_finding_becomes_an_alert_of_its_own() {
    let raised = raised_on(TODAY);
    let village = Village::right;
    let broken = [
        village().set("member", 21, json!({ "id_no": number("1970-05-06", 11) })),
        village().set("admin_region", 1, json!({ "valid_to": "2026-11-20" })),
        village().set("asset_card", 1, json!({ "net_value": 6_501 })).without("inventory_line", 1),
        village().set("parcel", 11, json!({ "geometry": square(12_000_000) })),
        village().set("operating_contract", 1, json!({ "pay_plan": [{ "due": "2025-06-30", "amount": 500_001 }, { "due": "2025-07-30", "amount": 1 }] })),
    ];
    let mut rids = BTreeSet::new();
    for finding in broken.iter().flat_map(|village| village.findings(&parameters())) {
        let alert = finding.alert(0, &raised);
        assert_eq!(alert.doubts(), []);
        assert_eq!(alert.text("rule_id"), finding.rule.id());
        assert!(alert.rid().starts_with("alert-01900000-0000-7"), "{}", alert.rid());
        assert_eq!((alert.text("region"), alert.text("due")), (VILLAGE, "2026-12-21"));
        assert_eq!(finding.alert(0, &raised_on("2026-12-31")).rid(), alert.rid(), "the day is no part of it");
        assert_ne!(finding.rid(1), alert.rid());
        assert!(rids.insert(alert.rid().to_owned()), "{} twice", alert.rid());
    }
    assert_eq!(rids.len(), 7);
    let alert = twice().alert(0, &raised);
    assert_eq!(alert.text("message_zh"), "证号重复：成员数 2");
    assert_eq!(Rule::all().count(), 34);
}

/// FAULTS K09: the amount of a contract that must not leave left with the alert about it.
#[test]
fn an_alert_is_of_the_highest_class_of_what_it_is_about() {
    let raised = raised_on(TODAY);
    let broken = |sens: &str| Village::right().set("member", 21, json!({ "id_no": number("1970-05-06", 11), "sens": sens })).findings(&parameters()).remove(0);
    for (sens, class) in [("Public", "Personal"), ("Personal*", "Personal*"), ("Secret", "Secret")] {
        let found = broken(sens).alert(0, &raised);
        assert_eq!(found.text("sens"), class, "{sens}");
    }
    let before = broken("Personal*").alert(0, &raised);
    let after = alert::found_again(&before, &broken("Secret"), &raised).expect("it is to be kept from more");
    assert_eq!((after.version(), after.text("sens")), (2, "Secret"));
    assert!(alert::found_again(&after, &broken("Personal*"), &raised).is_none(), "what was known as Secret stays so");
}

/// FAULTS K09: the same of what is only summed.
#[test]
fn an_alert_is_of_the_class_of_the_figures_that_it_sums() {
    let village = || {
        let village = Village::right().set("dividend_scheme", 1, json!({ "year": 2024, "per_share": "9.00" }));
        village.set("contracted_parcel", 11, json!({ "contract_area": "600.00", "contract_mu": "0.9000" })).set(
            "share_holding",
            11,
            json!({ "shares": "21", "capital": 1 }),
        )
    };
    let due = json!({ "pay_plan": [{ "due": "2025-06-30", "amount": 500_001 }] });
    for (rule, kind, number) in [
        ("X16", "contracted_parcel", 12),
        ("X22", "share_holding", 12),
        ("X23", "share_holding", 12),
        ("X24", "payment_entry", 1),
        ("X25", "dividend_scheme", 1),
        ("X29", "payment_entry", 1),
    ] {
        for sens in ["Personal", "Secret"] {
            let findings = village().set("operating_contract", 1, due.clone()).set(kind, number, json!({ "sens": sens })).findings(&parameters());
            let found: Vec<&str> = findings.iter().filter(|finding| finding.rule.id() == rule).map(|finding| finding.sens.name()).collect();
            assert!(found.contains(&sens), "{rule}, {kind} is {sens}: {found:?}");
            assert!(sens == "Secret" || !found.contains(&"Secret"), "{rule}");
        }
    }
}

/// An alert about what is not in the archive lies in the region of what is: without one its own record would be wrong at every check.
#[test]
fn an_alert_has_the_region_of_a_record_that_is_there() {
    let raised = raised_on(TODAY);
    let other = "organisation-01900000-0000-7000-8000-0000000000ff";
    let payment = Village::right().set("payment_entry", 1, json!({ "org_rid": other }));
    let death = json!({ "state": "current", "event": "death", "member_rid": rid("member", 99) });
    let dead = Village::right().add("membership_event", 9, death).set("homestead_use", 1, json!({ "users": [rid("member", 99)] }));
    for (rule, village, second) in [("X24", payment, rid("payment_entry", 1)), ("X06", dead, rid("membership_event", 9))] {
        let findings = village.findings(&parameters());
        let found = findings.iter().find(|finding| finding.rule.id() == rule).unwrap_or_else(|| panic!("{rule}: {findings:?}"));
        let alert = found.alert(0, &raised);
        assert_eq!((alert.text("region"), &found.subjects[1..]), (VILLAGE, &[second][..]), "{rule}");
        assert_eq!(alert.doubts(), []);
    }
}

/// The difference of two amounts that a record may hold is one that an alert may not: it could not be read again.
#[test]
fn the_facts_of_an_alert_are_numbers_that_a_record_may_hold() {
    let most = (1_i64 << 53) - 1;
    let changes = json!({ "original_value": 0, "acc_depr": most, "impairment": 0, "net_value": most });
    let findings = Village::right().set("asset_card", 1, changes).findings(&parameters());
    let finding = findings.iter().find(|finding| finding.rule.id() == "X27").expect("it is no sum");
    let alert = finding.alert(0, &raised_on(TODAY));
    assert_eq!(finding.facts[0].2.abs(), most);
    assert!(Record::read(&alert.canonical()).is_ok());
}

#[test]
fn what_is_found_again_says_so_only_when_something_is_new() {
    let (finding, raised) = (twice(), raised_on(TODAY));
    let first = finding.alert(0, &raised);
    assert!(alert::found_again(&first, &finding, &raised).is_none());
    // Read back from its canonical bytes, keys in another order.
    let bytes = first.canonical();
    let kept = Record::read(&bytes).unwrap();
    assert!(alert::found_again(&kept, &finding, &raised).is_none());

    let mut grown = finding.clone();
    grown.facts[0].2 = 3;
    assert_eq!(grown.rid(0), finding.rid(0));
    let second = alert::found_again(&first, &grown, &raised).unwrap();
    assert_eq!((second.version(), second.text("message_zh")), (2, "证号重复：成员数 3"));
    assert_eq!(second.following(&first, false), []);
    // Whoever is at it already keeps the numbers that they look into.
    assert!(alert::found_again(&with(&first, json!({ "state": "verifying" })), &grown, &raised).is_none());

    let late = |days: &str| Village::right().set("asset_card", 1, json!({ "use_mode": "闲置", "idle_since": days })).findings(&parameters()).remove(0);
    let idle = late("2026-05-24").alert(0, &raised);
    assert!(alert::found_again(&idle, &late("2026-05-23"), &raised).is_none(), "one more day is no news");
}

#[test]
fn what_is_past_its_day_is_overdue() {
    let (finding, raised) = (twice(), raised_on(TODAY));
    let first = finding.alert(0, &raised);
    for (state, day, expect) in [
        ("open", "2026-12-21", None),
        ("open", "2026-12-22", Some("overdue")),
        ("rectifying", "2026-12-22", Some("overdue")),
        ("overdue", "2026-12-22", None),
        ("closed", "2026-12-22", None),
    ] {
        let now = alert::found_again(&with(&first, json!({ "state": state })), &finding, &raised_on(day));
        assert_eq!(now.as_ref().map(Record::state), expect, "{state} on {day}");
    }
}

#[test]
fn what_is_not_found_any_more_is_over_and_may_begin_again() {
    let (finding, raised) = (twice(), raised_on(TODAY));
    let first = finding.alert(0, &raised);
    let over = alert::not_found(&first, &raised_on("2026-12-01")).unwrap();
    assert_eq!((over.text("valid_to"), over.state(), over.version()), ("2026-12-01", "open", 2));
    assert!(alert::is_over(&over) && alert::not_found(&over, &raised).is_none(), "that is said once");
    let earlier = alert::not_found(&first, &raised_on("2026-01-01")).unwrap();
    assert_eq!(earlier.text("valid_to"), TODAY, "it does not end before it began");
    let again = alert::found_again(&over, &finding, &raised).unwrap();
    assert!(!alert::is_over(&again));
    assert_eq!(again.version(), 3);
    let closed = with(&over, json!({ "state": "closed" }));
    assert!(alert::is_closed(&closed) && alert::found_again(&closed, &finding, &raised).is_none(), "a person closed it");
}

#[test]
fn nothing_is_over_because_nobody_looked() {
    let bare = rights::cross::Parameters::at(Date::parse(TODAY).unwrap());
    assert_eq!(bare.not_set(), ["standard_areas", "rule_year", "boundaries", "dividend_day", "price_index", "exchange_threshold"]);
    assert_eq!(parameters().not_set(), [] as [&str; 0]);
    let raised = raised_on(TODAY);
    let found = |village: Village| village.findings(&parameters()).remove(0).alert(0, &raised);
    let contract = |changes: Value| found(Village::right().set("operating_contract", 1, changes));
    for (alert, looked) in [
        (found(Village::right().set("homestead_use", 1, json!({ "area_actual": "900.00" }))), false),
        (found(Village::right().set("homestead_use", 1, json!({ "built_year": 2020, "approval_no": null }))), false),
        (found(Village::right().set("parcel", 22, json!({ "geometry": square(500_000_000) }))), false),
        (found(Village::right().set("parcel", 11, json!({ "geometry": square(12_000_000) }))), true),
        (contract(json!({ "deal_rid": rid("deal", 9) })), false),
        (contract(json!({ "to": "2027-01-19" })), true),
        (contract(json!({ "from": "2026-12-01", "to": "2027-11-30", "amount": 119_999 })), false),
        (found(Village::right().set("dividend_scheme", 1, json!({ "year": 2024 }))), false),
    ] {
        assert_eq!(bare.look_at(&alert), looked, "{}", alert.text("message_zh"));
        assert!(parameters().look_at(&alert));
        // Where only other places are set, and in a year in which the rules look at another one, nobody looks either.
        let elsewhere = rights::cross::Parameters {
            standard_areas: vec![StandardArea { county: 320_413, size_max: 9, area: 1 }],
            boundaries: Vec::new(),
            price_index: vec![(320_413, 1)],
            today: Date::parse("2027-06-30").unwrap(),
            inventory_year: 2026,
            ..parameters()
        };
        let of_a_year = alert.text("rule_id") == "X24" || alert.fields().get("facts").is_some_and(|facts| facts.get("year").is_some());
        let by_place = ["X14", "X18"].contains(&alert.text("rule_id")) || alert.fields().get("facts").is_some_and(|facts| facts.get("price_index").is_some());
        assert_eq!(elsewhere.look_at(&alert), !of_a_year && (looked || !by_place), "{}", alert.text("message_zh"));
    }
    let uncounted = found(Village::right().without("inventory_line", 1));
    assert_eq!(uncounted.text("rule_id"), "X27");
    assert!(parameters().look_at(&uncounted));
    assert!(!rights::cross::Parameters { inventory_year: 2026, ..parameters() }.look_at(&uncounted), "another year is looked at");
}

/// One more version could not be read again.
#[test]
fn an_alert_of_the_last_version_stays_as_it_is() {
    let (finding, raised) = (twice(), raised_on(TODAY));
    let last = with(&finding.alert(0, &raised), json!({ "version": (1_i64 << 53) - 1, "facts": { "members": 7 } }));
    assert!(alert::found_again(&last, &finding, &raised).is_none() && alert::not_found(&last, &raised).is_none());
    let before = with(&last, json!({ "version": (1_i64 << 53) - 2 }));
    assert!(alert::found_again(&before, &finding, &raised).is_some() && alert::not_found(&before, &raised).is_some());
}
