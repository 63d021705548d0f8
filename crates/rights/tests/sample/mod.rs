//! A right record of each kind, every field of its table filled in.
#![allow(dead_code, reason = "each test uses a part of it")]

use rights::identifier::Identifier;
use rights::kind::{Field, Kind, Type, code_value};
use serde_json::{Map, Value, json};

/// A `rid` of that kind.
pub fn rid(kind: &str, number: u64) -> String {
    format!("{kind}-01900000-0000-7000-8000-{number:012x}")
}

/// A record of that kind with every field.
pub fn record(kind: &Kind) -> Value {
    let mut fields: Map<String, Value> = kind.all_fields().map(|field| (field.name.to_owned(), value(&field, kind))).collect();
    fields.insert("kind".into(), json!(kind.name));
    fields.insert("rid".into(), json!(rid(kind.name, 1)));
    fields.insert("state".into(), json!(kind.cycle.states[0].0));
    fields.insert("version".into(), json!(1));
    let document = &mut fields["documents"][0];
    document["document_id"] = json!("d1");
    document["seq"] = json!(1);
    document["redaction"] = json!("none");
    if fields.contains_key("level") && kind.name == "organisation" {
        fields.insert("level".into(), json!("village"));
    }
    Value::Object(fields)
}

fn value(field: &Field, kind: &Kind) -> Value {
    let one = of_type(field, kind);
    if field.many { json!([one]) } else { one }
}

fn of_type(field: &Field, kind: &Kind) -> Value {
    match field.kind {
        Type::Text(most) => json!("某".repeat(most.min(4))),
        Type::FileName => json!("照片 1.jpg"),
        Type::Digits(least, _) => json!("0".repeat(least)),
        Type::Code(entries) => json!(code_value(entries[0])),
        Type::Money => json!(-12_345),
        Type::Decimal(places) => json!(if places == 2 { "666.67" } else { "1.0001" }),
        Type::Signed(_) => json!("-0.5"),
        Type::Date => json!("2026-02-28"),
        Type::Time => json!("2026-02-28T09:30:00.5+08:00"),
        Type::Bool => json!(true),
        Type::Count => json!(7),
        Type::Id(identifier) => json!(match identifier {
            Identifier::RegionCode => "320412",
            Identifier::CitizenId => "320412198001010015",
            Identifier::Uscc => "N2320412MF00000138",
            Identifier::IssuerCode => "32041210301201",
            Identifier::ContractorCode => "320412103012010023",
            Identifier::ParcelCode => "3204121030120100117",
            Identifier::ContractCode => "320412103012010023J",
            Identifier::ZongdiCode => "320412103012JC00018",
            Identifier::CadastralUnit => "320412103012JC00018F00010001",
            Identifier::BankAccount => "6228480412345678913",
            Identifier::CardNo => "00002121234",
            Identifier::Serial => "32041220260228000001",
            Identifier::Token => "ABCDEFGHJKMNPQRSTVWXYZ0123",
            Identifier::RecordId => "member-01900000-0000-7000-8000-000000000001",
            Identifier::DocumentId => "d1",
        }),
        Type::Region(0) => json!("320412"),
        Type::Region(length) => json!("320412103012"[..length]),
        Type::Ref(kinds) => json!(rid(kinds.first().unwrap_or(&"parcel"), 2)),
        Type::Doc => json!("d1"),
        Type::Wkt => json!("POLYGON ((120 30, 120.001 30, 120.001 30.001, 120 30))"),
        Type::Digest => json!({ "alg": "blake3", "hex": "0".repeat(64) }),
        Type::Bytes => json!("AAECAw=="),
        Type::Sens => json!("Internal"),
        Type::State => json!(kind.cycle.states[0].0),
        Type::Redaction => json!("none"),
        Type::RuleId => json!("X34"),
        Type::Object(fields) => Value::Object(fields.iter().map(|field| (field.name.to_owned(), value(field, kind))).collect()),
        Type::FieldsOf(_) => json!({ "name": "水泵", "net_value": 5 }),
        Type::Rows => json!({ "member": [{ "rid": rid("member", 3), "name": "张某某" }] }),
        Type::Numbers => json!({ "count": 2 }),
    }
}
