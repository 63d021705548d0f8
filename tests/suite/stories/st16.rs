//! ST16, template widened by mistake: the lint refuses identity numbers on a route for the public; masked they pass on a route for use; the
//! preview shows samples, and the plan says what is sent again before anything is. (A second person who approves comes with approvers.)

use super::text;
use crate::stand::{Setting, Side, Stand, tree};
use crate::templates::{activate_on, member, template};
use serde_json::{Value, json};
use std::fs;

#[test]
fn st16_a_template_is_widened_by_mistake() {
    let stand = Stand::with(Setting { records: true, ..Setting::default() });
    stand.without_breaker();
    for number in 1..=25 {
        stand.write(format!("member/{number:02}/record.json"), member(number, "320412103012", "confirmed").to_string());
    }
    stand.expect(Side::Source, &["capture"], 0);
    let narrow = template(&stand, "narrow", "gender = '1'", "fields = [\"name\", \"gender\"]");
    activate_on(&stand, &narrow, "outward");
    stand.round();
    let sequence = stand.route(Side::Source)["sequence"].clone();

    let wide = template(&stand, "wide", "gender = '1'", "fields = [\"name\", \"gender\", \"id_no\"]");
    let public = fs::read_to_string(&wide).expect("a template").replace("purpose = \"use\"", "purpose = \"public\"");
    let mistaken = stand.folder("mistaken.toml");
    fs::write(&mistaken, public.replace("fields = ", "public = ")).expect("written");
    let checked = stand.run(Side::Source, &["template", "check", text(&mistaken)]);
    assert!(checked.exit != Some(0) && checked.object.to_string().contains("L03"), "{checked:#?}");
    let refused = stand.run(Side::Source, &["template", "activate", text(&mistaken), "--route", "outward", "--reason", "a mistake"]);
    assert!(refused.exit != Some(0), "{refused:#?}");
    assert_eq!(stand.route(Side::Source)["sequence"], sequence, "nothing has begun");

    let masked = template(&stand, "masked", "gender = '1'", "fields = [\"name\", \"gender\", \"id_no\"]\nmask = { id_no = \"id6_4\" }");
    stand.expect(Side::Source, &["template", "check", text(&masked)], 0);
    let preview = stand.expect(Side::Source, &["template", "preview", text(&masked), "--route", "outward"], 0);
    assert_eq!((preview["samples"].as_array().map(Vec::len), &preview["changed"]), (Some(5), &json!(25)), "{preview}");
    let planned = activate_on(&stand, &masked, "outward");
    assert_eq!(planned["changed"], 25, "so many are sent again: {planned}");
    stand.round();
    assert_eq!(stand.counts(), (25, 25));
    for (path, (content, ..)) in tree(&stand.replica) {
        let record: Value = serde_json::from_slice(&content).expect("JSON");
        assert_eq!(record["id_no"], "320412********0015", "{}", String::from_utf8_lossy(&path));
    }
}
