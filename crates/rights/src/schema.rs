//! JSON Schema (2020-12) of a kind, made from its table: what a right record looks like.
//!
//! A record that is only doubtful (an identifier that fails its check) may break a pattern here and is kept all the same. What a
//! schema cannot say (check characters, normalization, the order of dates, documents that are named) [`crate::check`] says.

use crate::check::{FACTS_MAX, FILE_NAME_CHARACTERS_MAX};
use crate::identifier::Identifier;
use crate::kind::{Field, Kind, Need, Sens, Type, code_value};
use crate::kinds;
use crate::rules::Rule;
use crate::scalar::{DECIMAL_DIGITS_MAX, INTEGER_MAX};
use serde_json::{Map, Value, json};

const UUID: &str = "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}";

/// The schema of a kind.
pub fn schema(kind: &Kind) -> Value {
    let fields: Vec<Field> = kind.all_fields().collect();
    let mut schema = object(&fields, kind);
    schema.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("$id".into(), json!(format!("urn:gapferry:rights:{}:1", kind.name)));
    schema.insert("title".into(), json!(kind.zh));
    Value::Object(schema)
}

fn object(fields: &[Field], kind: &Kind) -> Map<String, Value> {
    let required: Vec<&str> = fields.iter().filter(|field| matches!(field.need, Need::Always)).map(|field| field.name).collect();
    let conditions: Vec<Value> = fields.iter().filter_map(condition).collect();
    let mut schema = Map::new();
    schema.insert("type".into(), json!("object"));
    schema.insert("properties".into(), Value::Object(fields.iter().map(|field| (field.name.to_owned(), property(field, kind))).collect()));
    schema.insert("required".into(), json!(required));
    schema.insert("additionalProperties".into(), json!(false));
    if !conditions.is_empty() {
        schema.insert("allOf".into(), json!(conditions));
    }
    schema
}

fn condition(field: &Field) -> Option<Value> {
    let one_of = |other: &str, values: &[&str]| json!({ "properties": { other: { "enum": values } }, "required": [other] });
    let then = json!({ "required": [field.name] });
    match field.need {
        Need::When(other, values) => Some(json!({ "if": one_of(other, values), "then": then })),
        Need::Unless(other, values) => Some(json!({ "if": one_of(other, values), "else": then })),
        Need::With(other) => {
            let there = json!({ "properties": { other: { "not": { "type": "array", "maxItems": 0 } } }, "required": [other] });
            Some(json!({ "if": there, "then": then }))
        }
        Need::Always | Need::Never | Need::Business => None,
    }
}

fn property(field: &Field, kind: &Kind) -> Value {
    let value = match field.name {
        "kind" => json!({ "const": kind.name }),
        "state" => states(kind),
        "rid" if matches!(field.kind, Type::Id(Identifier::RecordId)) => json!({ "type": "string", "pattern": format!("^{}-{UUID}$", kind.name) }),
        _ => of_type(field.kind, kind),
    };
    let mut value = if field.many {
        let least = u8::from(matches!(field.need, Need::Always));
        json!({ "type": "array", "items": value, "minItems": least })
    } else {
        value
    };
    value["title"] = json!(field.zh);
    value["x-class"] = json!(field.sens.name());
    value
}

fn states(kind: &Kind) -> Value {
    json!({ "enum": kind.cycle.states.iter().map(|(state, _)| *state).collect::<Vec<_>>() })
}

fn text(pattern: &str) -> Value {
    json!({ "type": "string", "pattern": pattern })
}

fn decimal(places: u32, sign: &str) -> Value {
    let whole = DECIMAL_DIGITS_MAX - places as usize - 1;
    text(&format!("^{sign}(0|[1-9][0-9]{{0,{whole}}})(\\.[0-9]{{1,{places}}})?$"))
}

fn of_type(field_type: Type, kind: &Kind) -> Value {
    match field_type {
        Type::Text(most) => json!({ "type": "string", "minLength": 1, "maxLength": most }),
        Type::Digits(least, most) => text(&format!("^[0-9]{{{least},{most}}}$")),
        Type::Code(entries) => json!({ "enum": entries.iter().map(|entry| code_value(entry)).collect::<Vec<_>>() }),
        Type::Money => json!({ "type": "integer", "minimum": -INTEGER_MAX, "maximum": INTEGER_MAX }),
        Type::Decimal(places) => decimal(places, ""),
        Type::Signed(places) => decimal(places, "(?!-0(\\.0*)?$)-?"),
        Type::Date => json!({ "type": "string", "format": "date", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$" }),
        Type::Time => {
            json!({ "type": "string", "format": "date-time", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$" })
        }
        Type::Bool => json!({ "type": "boolean" }),
        Type::Count => json!({ "type": "integer", "minimum": 0, "maximum": INTEGER_MAX }),
        Type::Id(identifier) => text(identifier.pattern()),
        Type::Region(0) => text(Identifier::RegionCode.pattern()),
        Type::Region(length) => text(&format!("^[1-9][0-9]{{{}}}$", length - 1)),
        Type::Ref(names) => {
            let all: Vec<&str> = if names.is_empty() { kinds::ALL.iter().map(|kind| kind.name).collect() } else { names.to_vec() };
            text(&format!("^({})-{UUID}$", all.join("|")))
        }
        Type::Doc => text(Identifier::DocumentId.pattern()),
        Type::Wkt => text("^[ \\t\\r\\n]*([Pp][Oo][Ii][Nn][Tt]|([Mm][Uu][Ll][Tt][Ii])?[Pp][Oo][Ll][Yy][Gg][Oo][Nn])[ \\t\\r\\n]*\\("),
        Type::Digest => {
            let mut digest = object(kinds::DIGEST, kind);
            digest["properties"]["hex"] = text("^[0-9a-f]{64}$");
            Value::Object(digest)
        }
        Type::Bytes => {
            json!({ "type": "string", "contentEncoding": "base64", "pattern": "^([0-9A-Za-z+/]{4})*([0-9A-Za-z+/]{4}|[0-9A-Za-z+/]{3}=|[0-9A-Za-z+/]{2}==)$" })
        }
        Type::Sens => json!({ "enum": Sens::ALL.map(Sens::name) }),
        Type::State => states(kind),
        Type::FileName => json!({ "type": "string", "minLength": 1, "maxLength": FILE_NAME_CHARACTERS_MAX, "pattern": "^[^/\\\\]*$" }),
        Type::Redaction => text("^(none|redacted_copy_of\\([0-9A-Za-z._-]{1,64}\\))$"),
        Type::RuleId => json!({ "enum": Rule::all().map(Rule::id).collect::<Vec<_>>() }),
        Type::Object(fields) => Value::Object(object(fields, kind)),
        Type::FieldsOf(name) => fields_of(Kind::named(name)),
        Type::Rows => {
            let rows = kinds::ALL.iter().map(|kind| {
                let mut row = fields_of(Some(kind));
                row["required"] = json!(["rid"]);
                (kind.name.to_owned(), json!({ "type": "array", "items": row }))
            });
            let rows: Map<String, Value> = rows.collect();
            json!({ "type": "object", "properties": rows, "additionalProperties": false })
        }
        Type::Numbers => json!({ "type": "object", "maxProperties": FACTS_MAX, "additionalProperties": { "type": "integer" } }),
    }
}

/// Some fields of a kind, none of them needed. Of fields that hold such fields themselves only the outer form is said.
fn fields_of(kind: Option<&Kind>) -> Value {
    let shallow = |field: &Field, kind: &Kind| match field.kind {
        Type::Rows | Type::FieldsOf(_) => json!({ "type": "object" }),
        _ => property(field, kind),
    };
    let properties: Map<String, Value> =
        kind.into_iter().flat_map(|kind| kind.all_fields().map(move |field| (field.name.to_owned(), shallow(&field, kind)))).collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}
