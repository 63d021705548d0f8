//! What each zone sees of each kind: every field beside its column, and nothing that a column withholds anywhere in what comes out.

mod sample;

use rights::kind::{Show, Type, Zone};
use rights::mask::Masking;
use rights::scalar::Date;
use rights::visible::visible;
use rights::{Kind, Record, kinds};
use serde_json::{Value, json};

const KEY: [u8; 32] = [3; 32];

fn masking() -> Masking<'static> {
    Masking { route_key: Some(&KEY), today: Date::parse("2026-11-21") }
}

fn seen(kind: &str, changes: Value, zone: Zone) -> Value {
    let mut record = sample::record(Kind::named(kind).expect("a kind"));
    changes.as_object().expect("changes").iter().for_each(|(name, value)| record[name] = value.clone());
    let record = Record::of(record).expect("right");
    visible(&record, zone, &masking()).expect("nothing is missing").map_or(Value::Null, Value::Object)
}

#[test]
fn each_field_is_seen_as_its_column_says() {
    for kind in kinds::ALL {
        let record = Record::of(sample::record(kind)).unwrap();
        let fields = record.fields().to_map();
        for zone in Zone::ALL {
            let seen = visible(&record, zone, &masking()).unwrap().unwrap();
            for field in kind.all_fields().filter(|field| field.name != "documents") {
                let (was, is) = (&fields[field.name], seen.get(field.name));
                let name = format!("{} {} {zone:?}", kind.name, field.name);
                match field.shown(zone) {
                    _ if zone == Zone::Inside => assert_eq!(is, Some(was), "{name}"),
                    Show::Full if !matches!(field.kind, Type::Object(_) | Type::FieldsOf(_)) => assert_eq!(is, Some(was), "{name}"),
                    Show::Masked(mask) => assert_eq!(is, mask.apply(was, field.kind, &masking()).unwrap().as_ref(), "{name}"),
                    Show::Absent | Show::Subject(_) | Show::Summed => assert_eq!(is, None, "{name}"),
                    Show::Redacted => assert_eq!(is, None, "{name}: no redacted copy is there"),
                    Show::OnSale if matches!(field.kind, Type::Doc) => assert_eq!(is, None, "{name}: no redacted copy is there"),
                    Show::Full | Show::OnSale | Show::Fieldwise => assert!(is.is_some(), "{name}"),
                }
            }
        }
    }
}

#[test]
fn what_is_withheld_is_nowhere() {
    let marked = |kind: &str, pointer: &str, zone: Zone| {
        let mut record = sample::record(Kind::named(kind).expect("a kind"));
        *record.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = json!("标记");
        let record = Record::of(record).expect("right");
        let seen = visible(&record, zone, &masking()).expect("nothing is missing").expect("not secret");
        Value::Object(seen).to_string().contains("标记")
    };
    for (kind, pointer, zone, there) in [
        ("asset_change", "/approvals/0/person", Zone::Outside, false),
        ("asset_change", "/approvals/0/role", Zone::Outside, true),
        ("asset_change", "/recorded_by", Zone::Outside, false),
        ("parcel", "/boundary_points/0/marker", Zone::Outside, false),
        ("parcel", "/neighbour_names/0/holder", Zone::Outside, false),
        ("parcel", "/name", Zone::Exchange, true),
        ("parcel", "/name", Zone::Web, false),
        ("asset_change", "/fields_after/name", Zone::Outside, true),
        ("ecertificate", "/rows/member/0/name", Zone::Outside, true),
        ("ecertificate", "/rows/member/0/name", Zone::Web, false),
        ("member", "/name", Zone::Web, false),
        ("cert_template", "/documents/0/file_name", Zone::Web, false),
    ] {
        assert_eq!(marked(kind, pointer, zone), there, "{kind} {pointer} {zone:?}");
    }
}

#[test]
fn fields_within_fields_keep_their_own_masks() {
    let change = seen("asset_change", json!({ "fields_after": { "geometry": "POINT (120.123456 31.5)", "keeper": "张三" } }), Zone::Outside);
    assert_eq!(change["fields_after"], json!({ "geometry": "POINT (120.1235 31.5)", "keeper": "张三" }));
    let rows = json!({ "member": [{ "rid": sample::rid("member", 3), "id_no": "320412198001010015", "birth_date": "1980-01-01", "remark": "x" }] });
    let certificate = seen("ecertificate", json!({ "rows": rows }), Zone::Outside);
    assert_eq!(certificate["rows"]["member"][0], json!({ "rid": sample::rid("member", 3), "id_no": "320412********0015", "birth_date": "1980" }));
}

#[test]
fn a_disposal_reaches_the_exchange_when_it_is_a_sale() {
    assert_eq!(seen("asset_disposal", json!({ "mode": "scrap" }), Zone::Exchange).get("apply_no"), None);
    let sale = seen("asset_disposal", json!({ "mode": "sale" }), Zone::Exchange);
    assert!(sale.get("apply_no").is_some() && sale.get("resolution").is_none() && sale.get("proceeds").is_none());
    let mut documents = sample::record(Kind::named("asset_disposal").unwrap())["documents"].clone();
    let mut copy = documents[0].clone();
    copy["document_id"] = json!("d2");
    copy["seq"] = json!(2);
    copy["redaction"] = json!("redacted_copy_of(d1)");
    documents.as_array_mut().unwrap().push(copy);
    let sale = seen("asset_disposal", json!({ "mode": "sale", "documents": documents, "resolution": "d2" }), Zone::Exchange);
    assert_eq!(sale["resolution"], json!("d2"));
}

#[test]
fn a_secret_record_stays() {
    for zone in Zone::ALL {
        assert_eq!(seen("parcel", json!({ "sens": "Secret" }), zone).is_null(), zone != Zone::Inside);
    }
}
