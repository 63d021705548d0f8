//! Codes of regions as of a day.

mod sample;

use rights::identifier::{IssuerCode, RegionCode};
use rights::region::Regions;
use rights::scalar::Date;
use rights::{Kind, Record};
use serde_json::json;

fn table(rows: &[(&str, &str, Option<&str>, Option<&str>)]) -> Regions {
    let mut regions = Regions::default();
    for (code, from, to, successor) in rows {
        let mut record = sample::record(Kind::named("admin_region").expect("a kind"));
        for (name, value) in [("code", Some(code)), ("valid_from", Some(from)), ("valid_to", to.as_ref()), ("successor", successor.as_ref())] {
            match value {
                Some(value) => record[name] = json!(value),
                None => drop(record.as_object_mut().and_then(|record| record.remove(name))),
            }
        }
        regions.add(&Record::of(record).expect("right"));
    }
    regions
}

fn code(text: &str) -> RegionCode {
    RegionCode::parse(text).expect("a code")
}

fn day(text: &str) -> Date {
    Date::parse(text).expect("a day")
}

#[test]
fn codes_hold_from_their_first_day_to_their_last() {
    let regions = table(&[("320412103012", "2000-01-01", Some("2019-12-31"), Some("320412103050")), ("320412103050", "2020-01-01", None, None)]);
    for (text, on, holds) in [
        ("320412103012", "1999-12-31", false),
        ("320412103012", "2000-01-01", true),
        ("320412103012", "2019-12-31", true),
        ("320412103012", "2020-01-01", false),
        ("320412103050", "2019-12-31", false),
        ("320412103050", "2026-11-21", true),
        ("320412103099", "2026-11-21", false),
    ] {
        assert_eq!(regions.holds(&code(text), day(on)), holds, "{text} {on}");
    }
    let issuer = IssuerCode::parse("32041210301201").unwrap();
    assert!(regions.holds_issuer(&issuer, day("2019-12-31")) && !regions.holds_issuer(&issuer, day("2020-01-01")));
}

#[test]
fn successors_lead_to_what_there_is() {
    let regions = table(&[
        ("320412103012", "2000-01-01", Some("2009-12-31"), Some("320412103050")),
        ("320412103050", "2010-01-01", Some("2019-12-31"), Some("320412104001")),
        ("320412104001", "2020-01-01", None, None),
        ("320412109001", "2000-01-01", Some("2009-12-31"), Some("320412109002")),
        ("320412109002", "2000-01-01", Some("2009-12-31"), Some("320412109001")),
        ("320412109009", "2000-01-01", Some("2009-12-31"), None),
    ]);
    let present = |text: &str, on: &str| regions.present(&code(text), day(on)).map(|code| code.to_string());
    assert_eq!(present("320412103012", "2005-01-01").as_deref(), Some("320412103012"));
    assert_eq!(present("320412103012", "2015-01-01").as_deref(), Some("320412103050"));
    assert_eq!(present("320412103012", "2026-01-01").as_deref(), Some("320412104001"));
    assert_eq!(present("320412109001", "2026-01-01"), None, "in a circle");
    assert_eq!(present("320412109009", "2026-01-01"), None, "without a successor");
    assert_eq!(present("320412103999", "2026-01-01"), None, "unknown");
}

#[test]
fn what_is_no_region_says_nothing() {
    let mut regions = Regions::default();
    regions.add(&Record::of(sample::record(Kind::named("parcel").unwrap())).unwrap());
    let mut odd = sample::record(Kind::named("admin_region").unwrap());
    odd["code"] = json!("3204121");
    regions.add(&Record::of(odd).unwrap());
    assert!(!regions.holds(&code("320412"), day("2026-02-28")));
}
