//! Masks never widen: over random values of every shape, right ones and wrong ones.

use proptest::prelude::*;
use rights::geometry::Geometry;
use rights::identifier::Identifier;
use rights::kind::{Field, Show, Type, Zone};
use rights::mask::{Mask, Masking, Refused};
use rights::scalar::Date;
use rights::{Sens, kinds};
use serde_json::json;

const KEY: [u8; 32] = [7; 32];

fn masking() -> Masking<'static> {
    Masking { route_key: Some(&KEY), today: Date::parse("2026-11-21") }
}

fn text(mask: Mask, value: &str, kind: Type) -> Option<String> {
    mask.apply(&json!(value), kind, &masking()).expect("nothing is missing").map(|value| value.as_str().expect("text stays text").to_owned())
}

/// Identity numbers, names, accounts, addresses: right, nearly right and not at all.
fn persons() -> impl Strategy<Value = String> {
    prop_oneof![
        "[1-9][0-9]{16}[0-9X]",
        "[1-9][0-9]{14}",
        "[0-9]{7,31}",
        "1[3-9][0-9]{9}",
        "[张王李欧阳司马诸葛𠮷]{1,5}",
        "(XX区|人民路)?[一-十0-9]{0,3}(村|社区|居委会)?[一-十0-9村]{0,6}号?",
        "某某银行 ?[0-9]{0,20}",
        "[A-Z0-9]{1,20}",
        any::<String>(),
    ]
}

/// 10^-4 of a degree in units of a coordinate: about ten metres.
const CELL: i64 = 100_000;

proptest! {
    #[test]
    fn what_is_left_stands_where_it_stood(value in persons(), mask in prop::sample::select(vec![Mask::Name1, Mask::Id6_4, Mask::Id1_1, Mask::Phone3_4])) {
        let masked = text(mask, &value, Type::Text(200)).unwrap();
        prop_assert_eq!(masked.chars().count(), value.chars().count());
        for (left, was) in masked.chars().zip(value.chars()) {
            prop_assert!(left == was || left == '*');
        }
        let most = match mask { Mask::Name1 => 2, Mask::Id6_4 => 10, Mask::Id1_1 => 2, _ => 7 };
        prop_assert!(masked.chars().zip(value.chars()).filter(|(left, was)| left == was && *was != '*').count() <= most);
    }

    #[test]
    fn no_more_than_four_digits_of_an_account_are_left(value in "[0-9]{0,40}") {
        let masked = text(Mask::BankLast4, &value, Type::Id(Identifier::BankAccount)).unwrap();
        let left: String = masked.chars().filter(|character| *character != '*').collect();
        prop_assert!(left.is_empty() || (left.len() == 4 && value.len() >= 8 && value.ends_with(&left)));
    }

    #[test]
    fn an_address_is_cut_and_never_longer_than_its_village(value in persons()) {
        let masked = text(Mask::AddrVillage, &value, Type::Text(200)).unwrap();
        let left = masked.strip_suffix("****").unwrap();
        prop_assert!(value.starts_with(left) && (left.is_empty() || ["村", "社区", "居委会"].iter().any(|end| left.ends_with(end))));
    }

    #[test]
    fn masking_twice_is_masking_once(value in persons(), mask in prop::sample::select(vec![
        Mask::None, Mask::Drop, Mask::Name1, Mask::Id6_4, Mask::Id1_1, Mask::Phone3_4, Mask::BankLast4, Mask::AddrVillage,
    ])) {
        let once = mask.apply(&json!(value), Type::Text(200), &masking()).unwrap();
        let twice = once.as_ref().map(|value| mask.apply(value, Type::Text(200), &masking()).unwrap());
        prop_assert_eq!(twice.unwrap_or(None), once);
    }

    #[test]
    fn dates_geometries_and_amounts_are_masked_once_for_all(
        year in 1_i32..9999, month in 1_i32..13, day in 1_i32..29, fen in -1_000_000_000_i64..1_000_000_000, units in 0_i64..100_000_000,
        points in prop::collection::vec((-180_000_000_000_i64..=180_000_000_000, -90_000_000_000_i64..=90_000_000_000), 3..20),
    ) {
        let date = Date::of(year, month, day).unwrap().to_string();
        let mut ring = points.clone();
        ring.push(points[0]);
        let shape = Geometry::Polygons(vec![vec![ring]]).to_string();
        for (mask, value, kind) in [
            (Mask::DateYm, json!(date), Type::Date),
            (Mask::DateY, json!(date), Type::Date),
            (Mask::AgeBand, json!(date), Type::Date),
            (Mask::GeoBbox, json!(shape), Type::Wkt),
            (Mask::GeoRound4, json!(shape), Type::Wkt),
            (Mask::AmountYuan, json!(fen), Type::Money),
            (Mask::AmountHundred, json!(fen), Type::Money),
            (Mask::AreaRound, json!(rights::scalar::decimal_text(units, 2)), Type::Decimal(2)),
        ] {
            let once = mask.apply(&value, kind, &masking()).unwrap();
            let twice = mask.apply(once.as_ref().expect("a right value is shown"), kind, &masking()).unwrap();
            prop_assert_eq!(&twice, &once, "{}", mask.name());
        }
        prop_assert_eq!(text(Mask::DateYm, &date, Type::Date), Some(date[..7].to_owned()));
        prop_assert_eq!(text(Mask::DateY, &date, Type::Date), Some(date[..4].to_owned()));
        let rounded = Mask::AmountYuan.apply(&json!(fen), Type::Money, &masking()).unwrap().unwrap().as_i64().unwrap();
        prop_assert!(rounded % 100 == 0 && (rounded - fen).abs() <= 50);
    }

    #[test]
    fn a_box_holds_all_and_tells_no_place_closer_than_a_cell(points in prop::collection::vec((0_i64..1_000_000_000, 0_i64..1_000_000_000), 3..12)) {
        let mut ring = points.clone();
        ring.push(points[0]);
        let shape = Geometry::Polygons(vec![vec![ring]]);
        let Geometry::Polygons(polygons) = shape.bounding_box() else { panic!("a box is a polygon") };
        for (longitude, latitude) in &polygons[0][0] {
            prop_assert!(longitude % CELL == 0 && latitude % CELL == 0);
        }
        let (shape, shown) = (shape.bounds(), shape.bounding_box().bounds());
        for (least, most, west, east) in [(shape.least.0, shape.most.0, shown.least.0, shown.most.0), (shape.least.1, shape.most.1, shown.least.1, shown.most.1)] {
            prop_assert!(west <= least && least - west < CELL && most <= east && east - most <= CELL && west < east);
        }
    }

    #[test]
    fn pseudonyms_are_equal_within_a_route_and_strange_across(value in persons()) {
        let under = |key: [u8; 32]| Mask::Pseud.apply(&json!(value), Type::Text(200), &Masking { route_key: Some(&key), today: None }).unwrap().unwrap();
        prop_assert_eq!(under([1; 32]), under([1; 32]));
        prop_assert_ne!(under([1; 32]), under([2; 32]));
        prop_assert!(under([1; 32]).as_str().unwrap().bytes().all(|byte| byte.is_ascii_uppercase() || (b'2'..=b'7').contains(&byte)));
    }
}

#[test]
fn what_a_mask_needs_is_asked_for_by_name() {
    let bare = Masking::default();
    let apply = |mask: Mask| mask.apply(&json!("1980-01-01"), Type::Date, &bare);
    assert_eq!(apply(Mask::Pseud), Err(Refused::NeedsRouteKey));
    assert_eq!(apply(Mask::AgeBand), Err(Refused::NeedsDay));
    assert_eq!(apply(Mask::Subject), Err(Refused::SealedForSubject));
    assert_eq!(Refused::SealedForSubject.to_string(), "the mask `self` is not carried out by this version");
}

#[test]
fn values_of_another_type_are_not_shown() {
    for mask in Mask::ALL.iter().filter(|mask| !matches!(mask, Mask::None | Mask::Subject | Mask::Drop | Mask::GeoNone)) {
        assert_eq!(mask.apply(&json!(true), Type::Bool, &masking()), Ok(None), "{}", mask.name());
        let list = mask.apply(&json!([true, { "a": null }]), Type::Bool, &masking()).unwrap();
        assert_eq!(list, Some(json!([{}])), "{}", mask.name());
    }
    assert_eq!(Mask::Name1.apply(&json!([{ "holder": "张三" }]), Type::Text(9), &masking()), Ok(Some(json!([{ "holder": "张*" }]))));
}

#[test]
fn no_mask_raises_a_class_and_no_alien_mask_lowers_one() {
    for kind in kinds::ALL {
        for field in kind.all_fields() {
            for mask in Mask::ALL {
                match mask.counts_as(&field) {
                    None => assert!(matches!(mask, Mask::Drop | Mask::GeoNone)),
                    Some(class) => {
                        assert!(class <= field.sens);
                        assert!(mask.suits(field.kind) || class == field.sens, "{} {} {}", mask.name(), kind.name, field.name);
                    }
                }
            }
        }
    }
    let field = |name: &str, of: &str| rights::Kind::named(of).unwrap().field(name).unwrap();
    let of = |mask: Mask, field: Field| mask.counts_as(&field);
    assert_eq!(of(Mask::Id6_4, field("id_no", "member")), Some(Sens::Sensitive));
    assert_eq!(of(Mask::Pseud, field("id_no", "member")), Some(Sens::Internal));
    assert_eq!(of(Mask::GeoRound4, field("geometry", "parcel")), Some(Sens::Internal));
    assert_eq!(of(Mask::Name1, field("geometry", "parcel")), Some(Sens::Secret));
    assert!(Sens::Sensitive.fits(Sens::Personal) && !Sens::Sensitive.fits(Sens::Internal) && !Sens::Secret.fits(Sens::Sensitive));
}

#[test]
fn a_column_allows_what_is_no_wider() {
    let field = |name: &str, of: &str| rights::Kind::named(of).unwrap().field(name).unwrap();
    for (kind, name, zone, mask, allowed) in [
        ("member", "name", Zone::Outside, Mask::None, true),
        ("member", "name", Zone::Outside, Mask::Name1, true),
        ("member", "name", Zone::Outside, Mask::DateY, false),
        ("member", "name", Zone::Exchange, Mask::Name1, false),
        ("member", "name", Zone::Exchange, Mask::Drop, true),
        ("member", "name", Zone::Web, Mask::None, false),
        ("member", "name", Zone::Web, Mask::Name1, true),
        ("member", "id_no", Zone::Outside, Mask::None, false),
        ("member", "id_no", Zone::Outside, Mask::Id6_4, true),
        ("member", "id_no", Zone::Outside, Mask::Id1_1, true),
        ("member", "id_no", Zone::Outside, Mask::Pseud, true),
        ("member", "id_no", Zone::Web, Mask::Id1_1, false),
        ("member", "gender", Zone::Web, Mask::Subject, true),
        ("member", "gender", Zone::Web, Mask::None, false),
        ("member", "birth_date", Zone::Outside, Mask::DateYm, false),
        ("parcel", "geometry", Zone::Outside, Mask::GeoRound4, true),
        ("parcel", "geometry", Zone::Outside, Mask::None, false),
        ("parcel", "geometry", Zone::Exchange, Mask::GeoRound4, false),
        ("asset_card", "yearly_income", Zone::Web, Mask::AmountHundred, false),
        ("asset_disposal", "mode", Zone::Exchange, Mask::None, true),
    ] {
        assert_eq!(field(name, kind).allows(zone, mask), allowed, "{kind} {name} {zone:?} {}", mask.name());
    }
    for kind in kinds::ALL {
        for field in kind.all_fields() {
            for zone in Zone::ALL {
                assert!(field.allows(zone, Mask::Drop));
                assert!(field.allows(zone, Mask::None) || !matches!(field.shown(zone), Show::Full));
            }
        }
    }
}

#[test]
fn narrower_masks_are_within_wider_ones() {
    for mask in Mask::ALL {
        assert!(mask.within(*mask) && mask.within(Mask::None) && Mask::Drop.within(*mask));
    }
    assert!(Mask::Id1_1.within(Mask::Id6_4) && !Mask::Id6_4.within(Mask::Id1_1) && !Mask::None.within(Mask::Name1));
    assert!(!Mask::DateYm.within(Mask::DateY) && !Mask::GeoBbox.within(Mask::GeoRound4));
    let web = rights::Kind::named("member").unwrap().field("name").unwrap().show[3];
    assert_eq!(web, Show::Masked(Mask::Name1));
}
