//! The schema of each kind says what its table says.

mod sample;

use rights::kind::Need;
use rights::{Kind, kinds, schema};
use serde_json::{Value, json};

#[test]
fn every_field_is_in_the_schema_and_nothing_else_may_be() {
    for kind in kinds::ALL {
        let schema = schema::schema(kind);
        let properties = schema["properties"].as_object().unwrap();
        let fields: Vec<_> = kind.all_fields().collect();
        assert_eq!(properties.len(), fields.len(), "{}", kind.name);
        assert_eq!(schema["additionalProperties"], json!(false));
        for field in &fields {
            let property = &properties[field.name];
            assert_eq!(property["title"], json!(field.zh), "{} {}", kind.name, field.name);
            assert_eq!(property["type"] == json!("array"), field.many, "{} {}", kind.name, field.name);
            let required = schema["required"].as_array().unwrap().contains(&json!(field.name));
            assert_eq!(required, matches!(field.need, Need::Always), "{} {}", kind.name, field.name);
        }
        let sample = sample::record(kind);
        assert!(sample.as_object().unwrap().keys().all(|key| properties.contains_key(key)));
    }
}

/// Every value under this key, anywhere in the schema.
fn values<'s>(schema: &'s Value, key: &str, into: &mut Vec<&'s Value>) {
    match schema {
        Value::Object(map) => map.iter().for_each(|(name, value)| {
            if name == key {
                into.push(value);
            }
            values(value, key, into);
        }),
        Value::Array(list) => list.iter().for_each(|value| values(value, key, into)),
        _ => {}
    }
}

#[test]
fn conditions_and_constants_are_said() {
    let schema = |name: &str| schema::schema(Kind::named(name).unwrap());
    let card = schema("asset_card");
    assert_eq!(card["properties"]["kind"], json!({ "const": "asset_card", "title": "记录类型", "x-class": "Public" }));
    assert!(card["allOf"].as_array().unwrap().contains(&json!({
        "if": { "properties": { "use_mode": { "enum": ["闲置"] } }, "required": ["use_mode"] }, "then": { "required": ["idle_since"] }
    })));
    assert_eq!(schema("alert")["properties"]["state"]["enum"][0], json!("open"));
    let all = schema("ecertificate");
    let mut patterns = Vec::new();
    values(&all, "pattern", &mut patterns);
    assert!(patterns.len() > 500 && patterns.iter().all(|pattern| pattern.as_str().is_some_and(|pattern| pattern.starts_with('^'))));
    assert!(all.to_string().len() < 1 << 20);
}
