//! The language of predicates: what can be read, what it says, and how it is refused.

mod stand;

use rights::Kind;
use rights::kinds::{asset, certificate, exchange, people, share};
use serde_json::{Value, json};
use stand::{Archive, record, sample};
use template::predicate::{PREDICATE_BYTES_MAX, PREDICATE_DEPTH_MAX, Predicate};

fn member() -> Value {
    let mut member = sample::record(&people::MEMBER);
    member["birth_date"] = json!("1980-02-29");
    member["name"] = json!("欧阳𠮷");
    member["recorded_at"] = json!("2026-02-28T09:30:00.5+08:00");
    member.as_object_mut().expect("a record").remove("remark");
    member
}

fn says(text: &str, kind: &'static Kind, value: &Value, archive: &Archive) -> bool {
    let predicate = Predicate::parse(text, &[kind]).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"));
    predicate.holds(&record(value.clone()), archive, false)
}

#[test]
fn each_relation_says_what_the_page_says() {
    let archive = Archive::default();
    let cases = [
        ("true", true),
        ("false", false),
        ("not true", false),
        ("true or false and false", true),
        ("(true or false) and false", false),
        ("not false and not false", true),
        ("not not true", true),
        ("true = true", true),
        ("false != true", true),
        ("name = '欧阳𠮷'", true),
        ("name != '欧阳𠮷'", false),
        ("'欧阳𠮷' = name", true),
        ("name = 'it''s'", false),
        ("starts_with(name, '欧阳')", true),
        ("starts_with(name, '阳')", false),
        ("starts_with(name, '')", true),
        ("starts_with(region, replica.region)", true),
        ("region = replica.region", false),
        ("name > '欧阳吉'", true),
        ("name < '欧阳\u{10ffff}'", true),
        ("gender in ['1']", true),
        ("gender not in ['1', '2']", false),
        ("gender in ['2']", false),
        ("birth_date = '1980-02-29'", true),
        ("birth_date < '1980-03-01'", true),
        ("birth_date >= today", false),
        ("today = '2026-11-21'", true),
        ("today > birth_date", true),
        ("valid_from <= valid_to", true),
        ("recorded_at = '2026-02-28T01:30:00.5Z'", true),
        ("recorded_at < '2026-02-28T01:30:00.501Z'", true),
        ("recorded_at <= '2026-02-28T01:30:00.5009Z'", true),
        ("version = 1", true),
        ("version = 1.0", true),
        ("version < 1.5", true),
        ("version in [0, 1]", true),
        ("version > -1", true),
        ("minor_flag = true", true),
        ("minor_flag in [false]", false),
        ("sens = 'Internal'", true),
        ("sens <= 'Personal'", true),
        ("sens > 'Internal'", false),
        ("sens in ['Public', 'Internal']", true),
        ("kind = 'member'", true),
        ("supersedes.version = 7", true),
        ("documents.role = 'original'", true),
        ("  kind\n=\t'member'\r\n", true),
    ];
    for (text, expected) in cases {
        assert_eq!(says(text, &people::MEMBER, &member(), &archive), expected, "{text}");
    }
}

/// Without a value nothing holds but what is negated.
#[test]
fn what_is_absent_has_no_value() {
    let archive = Archive { region: None, ..Archive::default() };
    let cases = [
        ("remark = 'x'", false),
        ("remark != 'x'", true),
        ("remark < 'x'", false),
        ("remark >= 'x'", false),
        ("remark in ['x']", false),
        ("remark not in ['x']", true),
        ("not (remark = 'x')", true),
        ("remark = remark", false),
        ("remark = name", false),
        ("remark != name", true),
        ("starts_with(remark, '')", false),
        ("household.hh_no = 'x'", false),
        ("household.hh_no != 'x'", true),
        ("starts_with(region, replica.region)", false),
        ("region != replica.region", true),
    ];
    for (text, expected) in cases {
        assert_eq!(says(text, &people::MEMBER, &member(), &archive), expected, "{text}");
    }
}

#[test]
fn a_path_goes_through_lists_and_holds_for_one_of_their_values() {
    let mut scheme = sample::record(&share::SHARE_SCHEME);
    scheme["share_types"] = json!(["member", "land"]);
    let archive = Archive::default();
    for (text, expected) in [
        ("share_types = 'land'", true),
        ("share_types = 'labour'", false),
        ("share_types != 'land'", false),
        ("share_types in ['labour', 'member']", true),
        ("share_types not in ['labour']", true),
        ("total_shares = 1.0001", true),
        ("total_shares > collective_shares", false),
        ("total_shares >= collective_shares", true),
        ("base_capital = -12345", true),
        ("base_capital < total_shares", true),
    ] {
        assert_eq!(says(text, &share::SHARE_SCHEME, &scheme, &archive), expected, "{text}");
    }
}

#[test]
fn a_path_follows_references() {
    let mut certificate = sample::record(&certificate::ECERTIFICATE);
    certificate["state"] = json!("effective");
    let mut form = sample::record(&certificate::CERT_TEMPLATE);
    form["rid"] = certificate["template_ref"].clone();
    form["state"] = json!("published");
    let mut holder = sample::record(&people::MEMBER);
    holder["rid"] = certificate["subject"].clone();
    let mut organisation = sample::record(&people::ORGANISATION);
    organisation["rid"] = certificate["org_rid"].clone();
    let archive = Archive::of([form, holder, organisation]);
    for (text, expected) in [
        ("template.state = 'published'", true),
        ("template.state in ['retired']", false),
        ("template_ref.state = 'published'", true),
        ("template.qr.size = 7", true),
        ("subject.sens = 'Internal'", true),
        ("subject.state = 'pending'", true),
        ("subject.state = 'current'", false),
        ("org.level = 'village'", true),
        ("subject.org.level = 'village'", true),
        ("template_ref = 'cert_template-01900000-0000-7000-8000-000000000002'", true),
    ] {
        assert_eq!(says(text, &certificate::ECERTIFICATE, &certificate, &archive), expected, "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_with_its_code() {
    let cases = [
        ("", "TPL-11", "end"),
        ("name", "TPL-11", "end"),
        ("name =", "TPL-11", "end"),
        ("name = 'x", "TPL-11", "8"),
        ("name == 'x'", "TPL-11", "7"),
        ("name = 'x' and", "TPL-11", "end"),
        ("name = 'x' name = 'y'", "TPL-11", "12"),
        ("(true", "TPL-11", "end"),
        ("true)", "TPL-11", "5"),
        ("name in []", "TPL-11", "10"),
        ("name in ['x' 'y']", "TPL-11", "14"),
        ("name in [birth_date]", "TPL-11", "10"),
        ("name not = 'x'", "TPL-11", "10"),
        ("NAME = 'x'", "TPL-11", "1"),
        ("name. = 'x'", "TPL-11", "1"),
        ("name = \"x\"", "TPL-11", "8"),
        ("name = 'x';", "TPL-11", "11"),
        ("版 = 'x'", "TPL-11", "1"),
        ("version = 01", "TPL-11", "11"),
        ("version = 1.", "TPL-11", "11"),
        ("version = 1.00001", "TPL-11", "11"),
        ("version = 9007199254740992", "TPL-11", "11"),
        ("version = 1e3", "TPL-11", "12"),
        ("version = --1", "TPL-11", "11"),
        ("and = 'x'", "TPL-11", "1"),
        ("referenced_by(household) or true", "TPL-11", "referenced_by"),
        ("not referenced_by(household)", "TPL-11", "referenced_by"),
        ("referenced_by(household) and referenced_by(member)", "TPL-11", "referenced_by"),
        ("nam = 'x'", "TPL-08", "member.nam"),
        ("household.nam = 'x'", "TPL-08", "member.household.nam"),
        ("name.x = 'x'", "TPL-08", "member.name.x"),
        ("household = 'x'", "TPL-08", "member.household"),
        ("referenced_by(house)", "TPL-07", "house"),
        ("name = 1", "TPL-12", "1"),
        ("version = '1'", "TPL-12", "1"),
        ("'a' = 'b'", "TPL-12", "1"),
        ("minor_flag < true", "TPL-12", "1"),
        ("gender < '2'", "TPL-12", "1"),
        ("gender = '3'", "TPL-12", "3"),
        ("state = 'draft'", "TPL-12", "draft"),
        ("member_state in ['draft']", "TPL-12", "draft"),
        ("kind = 'house'", "TPL-12", "house"),
        ("sens = 'Geheim'", "TPL-12", "Geheim"),
        ("birth_date = '1980-02-30'", "TPL-12", "1980-02-30"),
        ("recorded_at > today", "TPL-12", "1"),
        ("documents = 'x'", "TPL-12", "documents"),
        ("documents.digest.hex = 'x'", "TPL-08", "member.documents.digest.hex"),
        ("starts_with(gender, '1')", "TPL-12", "13"),
        ("starts_with(name, name)", "TPL-12", "19"),
        ("starts_with('x', 'x')", "TPL-12", "13"),
        ("name = 'e\u{301}'", "TPL-15", ""),
    ];
    for (text, code, subject) in cases {
        let wrong = Predicate::parse(text, &[&people::MEMBER]).expect_err(text);
        assert_eq!((wrong.code, wrong.subject.as_str()), (code, subject), "{text}");
    }
    // What one of the kinds can be is enough, but a field has to be there in each.
    let both: [&'static Kind; 2] = [&exchange::EXCHANGE_PROJECT, &exchange::EXCHANGE_LOT];
    assert_eq!(Predicate::parse("democratic_process = 'passed'", &both).expect_err("a lot has none").code, "TPL-08");
    let mixed: [&'static Kind; 2] = [&people::MEMBER, &asset::ASSET_CARD];
    assert!(Predicate::parse("state in ['draft', 'pending']", &mixed).is_ok());
    assert_eq!(Predicate::parse("holder.state = 'current'", &[&asset::ASSET_CARD]).expect_err("text leads nowhere").code, "TPL-08");
}

#[test]
fn limits_hold_at_the_limit_and_one_past_it() {
    let kinds: [&'static Kind; 1] = [&people::MEMBER];
    for (depth, right) in [(PREDICATE_DEPTH_MAX, true), (PREDICATE_DEPTH_MAX + 1, false)] {
        for (open, close) in [("(", ")"), ("not ", "")] {
            let text = format!("{}true{}", open.repeat(depth), close.repeat(depth));
            assert_eq!(Predicate::parse(&text, &kinds).is_ok(), right, "{depth} {open}");
        }
    }
    for (length, right) in [(PREDICATE_BYTES_MAX, true), (PREDICATE_BYTES_MAX + 1, false)] {
        assert_eq!(Predicate::parse(&format!("{:<length$}", "true"), &kinds).is_ok(), right, "{length}");
    }
    let code = |text: &str| Predicate::parse(text, &kinds).expect_err(text).code;
    assert!(Predicate::parse("household.head.name = 'x'", &kinds).is_ok(), "two references");
    assert_eq!(code("household.head.household.hh_no = 'x'"), "TPL-02", "three references");
    assert_eq!(code("a.b.c.d.e.f.g.h.i = 'x'"), "TPL-02", "nine names");
    // What lies side by side is not deep, however much of it there is.
    assert!(Predicate::parse(&["true"; 500].join(" or "), &kinds).is_ok());
}

#[test]
fn a_trigger_names_its_kind_in_every_path() {
    let (kind, predicate) = Predicate::parse_of_one_kind("exchange_project.state = 'submitted' and exchange_project.version > 0").expect("a trigger");
    assert_eq!(kind.name, "exchange_project");
    let mut project = sample::record(&exchange::EXCHANGE_PROJECT);
    project["state"] = json!("submitted");
    assert!(predicate.holds(&record(project.clone()), &Archive::default(), false));
    assert!(!predicate.holds(&record(sample::record(&exchange::EXCHANGE_LOT)), &Archive::default(), false), "of another kind");
    for (text, code) in [
        ("true", "TPL-12"),
        ("state = 'submitted'", "TPL-12"),
        ("exchange_project.state = 'submitted' and exchange_lot.version = 1", "TPL-12"),
        ("project.state = 'submitted'", "TPL-07"),
        ("exchange_project.state = 'x'", "TPL-12"),
    ] {
        assert_eq!(Predicate::parse_of_one_kind(text).expect_err(text).code, code, "{text}");
    }
}
