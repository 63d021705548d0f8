//! Amounts, areas, dates and times at their edges, each beside a reckoning of another kind.

use proptest::prelude::*;
use rights::scalar::{Area, Date, Money, MoneyUnit, Mu, Shares, Time, decimal, decimal_text};

#[test]
fn decimals_are_exact_and_written_in_one_way() {
    for (text, places, units) in [
        ("0", 2, Some(0)),
        ("0.00", 2, Some(0)),
        ("666.67", 2, Some(66_667)),
        ("666.6", 2, Some(66_660)),
        ("-0.5", 4, Some(-5_000)),
        ("9999999999999.99", 2, Some(999_999_999_999_999)),
        ("10000000000000", 2, None),
        ("10000000000000.00", 2, None),
        ("99999999999.9999", 4, Some(999_999_999_999_999)),
        ("100000000000", 4, None),
        ("1.234", 2, None),
        ("-0", 2, None),
        ("-0.00", 2, None),
        ("+1", 2, None),
        ("01", 2, None),
        (".5", 2, None),
        ("5.", 2, None),
        ("1e3", 2, None),
        ("1,000", 2, None),
        ("", 2, None),
        ("-", 2, None),
        ("１", 2, None),
        (" 1", 2, None),
    ] {
        assert_eq!(decimal(text, places), units, "{text}");
    }
    assert_eq!(Area::parse("-1"), None);
    assert_eq!([decimal_text(-5_000, 4), decimal_text(7, 2), decimal_text(-105, 2)], ["-0.5000", "0.07", "-1.05"]);
}

#[test]
fn thirds_add_up_as_they_are_written() {
    let third = Shares::parse("0.3333").unwrap().units();
    assert_eq!(3 * third, Shares::parse("0.9999").unwrap().units());
}

#[test]
fn amounts_name_their_unit() {
    for (text, unit, fen) in [
        ("1234", MoneyUnit::Fen, Some(1_234)),
        ("12.34", MoneyUnit::Yuan, Some(1_234)),
        ("12.345", MoneyUnit::Yuan, None),
        ("0.001234", MoneyUnit::TenThousandYuan, Some(1_234)),
        ("-1.5", MoneyUnit::TenThousandYuan, Some(-1_500_000)),
        ("0.0012345", MoneyUnit::TenThousandYuan, None),
        ("1.0", MoneyUnit::Fen, None),
    ] {
        assert_eq!(Money::parse(text, unit).map(Money::fen), fen, "{text}");
    }
    assert!(Money::of_fen((1 << 53) - 1).is_some() && Money::of_fen(1 << 53).is_none());
}

#[test]
fn dividends_round_half_a_fen_up() {
    let shares = |text: &str| Shares::parse(text).unwrap();
    for (held, each, fen) in [("1", "0.005", 1), ("1", "0.0049", 0), ("2.5", "10.01", 2_503), ("0.3333", "100", 3_333), ("1000", "12.3456", 1_234_560)] {
        assert_eq!(Money::of_shares(shares(held), shares(each)).map(Money::fen), Some(fen), "{held} {each}");
    }
    assert_eq!(Money::of_shares(shares("99999999999.9999"), shares("99999999999.9999")), None);
}

#[test]
fn mu_and_square_metres_agree_within_the_tolerance() {
    for (area, mu, agrees) in [
        ("666.67", "1.0000", true), // 1.000005 mu
        ("1000.00", "1.5050", true),
        ("1000.00", "1.5051", false),
        ("1000.00", "1.4950", true),
        ("1000.00", "1.4949", false),
        ("0", "0.005", true),
        ("0", "0.0051", false),
    ] {
        assert_eq!(Area::parse(area).unwrap().agrees(Mu::parse(mu).unwrap()), agrees, "{area} {mu}");
    }
}

#[test]
fn dates_are_those_of_the_calendar() {
    for (text, days) in [
        ("1970-01-01", Some(0)),
        ("1969-12-31", Some(-1)),
        ("2000-02-29", Some(11_016)),
        ("1900-02-29", None),
        ("2026-02-29", None),
        ("2026-04-31", None),
        ("2026-00-01", None),
        ("2026-13-01", None),
        ("2026-01-00", None),
        ("0000-01-01", None),
        ("0001-01-01", Some(-719_162)),
        ("9999-12-31", Some(2_932_896)),
        ("2026-1-01", None),
        ("2026/01/01", None),
        ("２026-01-01", None),
        ("+026-01-01", None),
    ] {
        assert_eq!(Date::parse(text).map(Date::days), days, "{text}");
    }
    let (mut day, mut count) = (Date::parse("1899-12-31").unwrap(), 0);
    for year in 1900..2101 {
        for month in 1..13 {
            for number in (1..32).filter(|number| Date::of(year, month, *number).is_some()) {
                let next = Date::of(year, month, number).unwrap();
                assert_eq!((next.days() - day.days(), next.numbers()), (1, (year, month, number)));
                assert_eq!(Date::parse(&next.to_string()), Some(next));
                (day, count) = (next, count + 1);
            }
        }
    }
    assert_eq!(count, 73_414);
    assert_eq!(Date::parse("9999-12-31").unwrap().after(1).to_string(), "9999-12-31");
}

#[test]
fn times_have_a_zone() {
    for (text, milliseconds) in [
        ("1970-01-01T00:00:00Z", Some(0)),
        ("1970-01-01T08:00:00+08:00", Some(0)),
        ("1970-01-01T00:00:00.0019Z", Some(1)),
        ("1969-12-31T23:59:59.5Z", Some(-500)),
        ("2026-11-21T19:00:00-00:30", Some(1_795_289_400_000)),
        ("1970-01-01T00:00:00", None),
        ("1970-01-01T00:00:00z", None),
        ("1970-01-01 00:00:00Z", None),
        ("1970-01-01T24:00:00Z", None),
        ("1970-01-01T00:60:00Z", None),
        ("1970-01-01T00:00:60Z", None),
        ("1970-01-01T00:00:00.Z", None),
        ("1970-01-01T00:00:00.0123456789Z", None),
        ("1970-01-01T00:00:00+0800", None),
        ("1970-01-01T00:00:00.5", None),
        ("1970-01-01T00:00:00+24:00", None),
    ] {
        assert_eq!(Time::parse(text).map(Time::milliseconds), milliseconds, "{text}");
    }
}

proptest! {
    #[test]
    fn a_decimal_is_read_as_it_is_written(units in -999_999_999_999_999_i64..=999_999_999_999_999, places in 0_u32..=6) {
        let text = decimal_text(units, places);
        let expect = if places == 0 { None } else { Some(units) };
        // Without places there is nothing behind the point, and a point alone is none.
        if text.starts_with("-0.") && units == 0 { return Ok(()) }
        prop_assert_eq!(decimal(&text, places), expect);
    }

    #[test]
    fn parsing_any_text_ends(text in any::<String>()) {
        let _ = (decimal(&text, 2), Date::parse(&text), Time::parse(&text), rights::geometry::Geometry::parse(&text));
        for identifier in rights::identifier::Identifier::ALL {
            let _ = identifier.check(&text);
        }
    }
}
