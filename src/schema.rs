//! `schema`: the kinds of records, and the JSON Schema of one of them. It needs no home.

use rights::kind::Kind;
use rights::kinds;
use rights::schema::schema;
use serde_json::{Value, json};

use crate::advice::WELL;
use crate::page::Page;
use crate::usage;
use crate::voice::Voice;

/// Prints the schema of a kind, or all kinds where none is named.
pub fn run(name: Option<&str>, voice: &Voice) -> u8 {
    match name.map(|name| (name, Kind::named(name))) {
        None => list(voice),
        Some((name, None)) => {
            let known: Vec<&str> = kinds::ALL.iter().map(|kind| kind.name).collect();
            let detail = voice.texts.fill("schema.unknown", &[("kind", name)]) + &voice.texts.fill("usage.known", &[("known", &known.join(", "))]);
            voice.failure(&usage::wrong("gapferry schema", detail))
        }
        Some((_, Some(kind))) if voice.json => voice.json(WELL, &json!({ "kind": kind.name, "schema": schema(kind), "exit": WELL })),
        Some((_, Some(kind))) => {
            let text = serde_json::to_string_pretty(&schema(kind)).expect("a schema is a plain value");
            voice.print(WELL, &(text + "\n"))
        }
    }
}

fn list(voice: &Voice) -> u8 {
    if voice.json {
        let kinds: Vec<Value> =
            kinds::ALL.iter().map(|kind| json!({ "kind": kind.name, "zh": kind.zh, "entity": entity(kind), "class": kind.sens.name() })).collect();
        return voice.json(WELL, &json!({ "kinds": kinds, "exit": WELL }));
    }
    let mut page = Page::new(&voice.texts);
    let rows: Vec<Vec<String>> = kinds::ALL.iter().map(|kind| vec![entity(kind), kind.name.to_owned(), kind.zh.to_owned()]).collect();
    page.table(&["heading.entity", "heading.kind", "heading.kind-zh"], &rows);
    voice.print(WELL, &page.finish())
}

fn entity(kind: &Kind) -> String {
    format!("E{:02}", kind.entity)
}
