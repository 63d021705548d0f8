//! Every field of every kind, held against its table: what is right is taken, and what is not is named by code and field.

mod sample;

use rights::fault::Fault;
use rights::kind::{Field, Kind, Need, Type};
use rights::{Record, kinds};
use serde_json::{Value, json};

fn codes(value: Value) -> Vec<(String, String)> {
    let faults = Record::of(value).map_or_else(|faults| faults, |record| record.doubts().to_vec());
    faults.iter().map(|fault: &Fault| (fault.code().to_owned(), fault.field.clone())).collect()
}

fn gives(value: Value, code: &str, field: &str) {
    let codes = codes(value);
    assert!(codes.contains(&(code.to_owned(), field.to_owned())), "{code} at {field} is missing: {codes:?}");
}

#[test]
fn a_right_record_of_each_kind_is_taken_and_written_again() {
    assert_eq!(kinds::ALL.len(), 32);
    for kind in kinds::ALL {
        let value = sample::record(kind);
        let bytes = rights::json::canonical(&value);
        let record = Record::read(&bytes).unwrap_or_else(|faults| panic!("{}: {faults:?}", kind.name));
        assert_eq!(record.doubts(), [], "{}", kind.name);
        assert_eq!(record.canonical(), bytes, "{}", kind.name);
        assert_eq!(record.kind().name, kind.name);
    }
}

#[test]
fn only_what_is_mandatory_is_needed() {
    for kind in kinds::ALL {
        let full = sample::record(kind);
        for field in kind.all_fields() {
            let mut value = full.clone();
            value.as_object_mut().unwrap().remove(field.name);
            let expect = match field.need {
                Need::Always => Some("REC-10"),
                Need::Never | Need::Business => None,
                Need::When(other, values) => values.contains(&full[other].as_str().unwrap()).then_some("REC-11"),
                Need::Unless(other, values) => (!values.contains(&full[other].as_str().unwrap())).then_some("REC-11"),
                Need::With(_) => Some("REC-11"),
            };
            let found = codes(value).into_iter().find(|(_, path)| path == field.name).map(|(code, _)| code);
            let found = if field.name == "kind" { Some("REC-10".into()) } else { found };
            assert_eq!(found.as_deref(), expect, "{} {}", kind.name, field.name);
        }
    }
}

#[test]
fn conditions_are_seen_both_ways() {
    for (kind, field, other, asks, does_not) in [
        ("asset_card", "idle_since", "use_mode", json!("闲置"), json!("出租")),
        ("membership_event", "resolution_no", "event", json!("marriage"), json!("death")),
        ("membership_event", "retained_until", "retained_rights", json!(["share"]), json!([])),
        ("inventory_line", "reason", "result", json!("loss"), json!("match")),
        ("asset_disposal", "appraisal_value", "mode", json!("transfer"), json!("scrap")),
        ("member", "birth_date", "id_type", json!("1"), json!("5")),
        ("ecertificate", "revoke_reason", "state", json!("revoked"), json!("effective")),
    ] {
        for (value, missing) in [(asks, true), (does_not, false)] {
            let mut record = sample::record(Kind::named(kind).unwrap());
            record[other] = value.clone();
            record.as_object_mut().unwrap().remove(field);
            assert_eq!(codes(record).contains(&("REC-11".into(), field.into())), missing, "{kind} {field} {value}");
        }
    }
}

/// A value that is wrong for the type, with the code it gives.
fn wrong(field: &Field) -> Vec<(Value, &'static str)> {
    let mut wrong = vec![(Value::Null, "REC-12")];
    wrong.extend(match field.kind {
        Type::Text(most) => vec![(json!(""), "REC-13"), (json!("𠮷".repeat(most + 1)), "REC-13"), (json!("e\u{301}"), "REC-14"), (json!(5), "REC-12")],
        Type::FileName => vec![(json!("a/b"), "REC-15"), (json!(".."), "REC-15"), (json!("a".repeat(256)), "REC-13"), (json!("e\u{301}.txt"), "REC-14")],
        Type::Digits(_, most) => vec![(json!("0".repeat(most + 1)), "REC-15"), (json!("ab"), "REC-15")],
        Type::Code(_) => vec![(json!("没有"), "REC-15"), (json!(true), "REC-12")],
        Type::Money => vec![(json!("5"), "REC-12")],
        Type::Decimal(2) => vec![(json!("1.005"), "REC-17"), (json!("-1"), "REC-17"), (json!("01"), "REC-17"), (json!(1), "REC-12")],
        Type::Decimal(_) | Type::Signed(_) => vec![(json!("1.00005"), "REC-17"), (json!("1e3"), "REC-17"), (json!("-0"), "REC-17"), (json!("1."), "REC-17")],
        Type::Date => vec![(json!("2026-02-29"), "REC-16"), (json!("2026-2-1"), "REC-16")],
        Type::Time => vec![(json!("2026-02-28T09:30:00"), "REC-16"), (json!("2026-02-28T24:00:00Z"), "REC-16")],
        Type::Bool => vec![(json!(1), "REC-12"), (json!("true"), "REC-12")],
        Type::Count => vec![(json!(-1), "REC-12"), (json!("1"), "REC-12")],
        Type::Id(identifier) => vec![(json!("?"), if ["RecordId", "DocumentId"].contains(&identifier.name()) { "REC-19" } else { "REC-18" })],
        Type::Region(_) => vec![(json!("32041"), "REC-18")],
        Type::Ref(_) => vec![(json!("nobody-01900000-0000-7000-8000-000000000001"), "REC-19"), (json!("x"), "REC-19")],
        Type::Doc => vec![(json!("d9"), "REC-20")],
        Type::Wkt => vec![(json!("LINESTRING (1 1, 2 2)"), "REC-24"), (json!("POLYGON ((1 1, 2 2, 1 1))"), "REC-24")],
        Type::Bytes => vec![(json!("AAE"), "REC-15")],
        Type::Sens | Type::Redaction | Type::State | Type::RuleId => vec![(json!("X35"), "REC-15")],
        Type::Object(_) | Type::FieldsOf(_) | Type::Rows | Type::Numbers | Type::Digest => vec![(json!([]), "REC-12")],
    });
    wrong
}

#[test]
fn every_field_refuses_what_its_type_does() {
    let mut tried = 0;
    for kind in kinds::ALL {
        for field in kind.all_fields().filter(|field| field.name != "kind") {
            for (value, code) in wrong(&field) {
                let mut record = sample::record(kind);
                let path = if field.many { format!("{}[0]", field.name) } else { field.name.to_owned() };
                record[field.name] = if field.many { json!([value]) } else { value.clone() };
                let expect = if field.name == "state" && code == "REC-15" { "REC-21" } else { code };
                gives(record, expect, &path);
                tried += 1;
            }
        }
    }
    assert!(tried > 1_500, "{tried}");
}

#[test]
fn fields_within_fields_are_named_by_their_path() {
    let of = |name: &str| sample::record(Kind::named(name).unwrap());
    let change = |name: &str, pointer: &str, value: Value| {
        let mut record = of(name);
        *record.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = value;
        record
    };
    gives(change("parcel", "/documents/0/size", json!("1")), "REC-12", "documents[0].size");
    gives(change("parcel", "/documents/0/seq", json!(2)), "REC-20", "documents[0].seq");
    gives(change("parcel", "/documents/0/digest/alg", json!("sm3")), "REC-15", "documents[0].digest.alg");
    gives(change("parcel", "/documents/0/digest/hex", json!("ab")), "REC-15", "documents[0].digest.hex");
    gives(change("parcel", "/documents/0/redaction", json!("redacted_copy_of(d9)")), "REC-20", "documents[0].redaction");
    let mut copies = of("parcel");
    let id = copies["documents"][0]["document_id"].as_str().unwrap().to_owned();
    gives(change("parcel", "/documents/0/redaction", json!(format!("redacted_copy_of({id})"))), "REC-20", "documents[0].redaction");
    let copy = |id: &str, seq: usize, of: &str| {
        let mut copy = sample::record(Kind::named("parcel").unwrap())["documents"][0].clone();
        (copy["document_id"], copy["seq"], copy["redaction"]) = (json!(id), json!(seq), json!(format!("redacted_copy_of({of})")));
        copy
    };
    copies["documents"] = json!([copies["documents"][0], copy("c2", 2, &id), copy("c3", 3, &id)]);
    assert!(Record::of(copies.clone()).is_ok());
    copies["documents"][2]["redaction"] = json!("redacted_copy_of(c2)");
    gives(copies, "REC-20", "documents[2].redaction");
    gives(change("parcel", "/boundary_points/0/x", json!("1.23456")), "REC-17", "boundary_points[0].x");
    gives(change("parcel", "/txn/business_code", json!("999")), "REC-15", "txn.business_code");
    gives(change("asset_change", "/fields_after/net_value", json!("5")), "REC-12", "fields_after.net_value");
    gives(change("asset_change", "/fields_after", json!({ "nothing": 1 })), "REC-09", "fields_after.nothing");
    gives(change("ecertificate", "/rows/member/0/name", json!("")), "REC-13", "rows.member[0].name");
    gives(change("ecertificate", "/rows/member/0/rid", json!(sample::rid("parcel", 1))), "REC-19", "rows.member[0].rid");
    gives(change("ecertificate", "/rows", json!({ "nobody": [] })), "REC-08", "rows.nobody");
    gives(change("alert", "/facts/count", json!("two")), "REC-12", "facts.count");
    gives(change("alert", "/facts", Value::Object((0..33).map(|place| (format!("f{place}"), json!(1))).collect())), "REC-13", "facts");
    let mut twice = of("parcel");
    twice["documents"] = json!([twice["documents"][0], twice["documents"][0]]);
    gives(twice, "REC-20", "documents");
    let mut unknown = of("member");
    unknown["nickname"] = json!("x");
    gives(unknown, "REC-09", "nickname");
}

#[test]
fn what_fields_must_say_of_one_another_is_held() {
    for (kind, field, value, code, path) in [
        ("member", "rid", json!(sample::rid("household", 1)), "REC-19", "rid"),
        ("member", "version", json!(0), "REC-26", "version"),
        ("member", "kind", json!("members"), "REC-08", "kind"),
        ("land_transfer", "to", json!("2026-02-27"), "REC-22", "to"),
        ("organisation", "valid_to", json!("2026-02-27"), "REC-22", "valid_to"),
        ("exchange_lot", "close_at", json!("2026-02-28T09:30:00+09:00"), "REC-22", "close_at"),
        ("organisation", "level", json!("town"), "REC-23", "uscc"),
        ("land_contract", "contractor", json!("320412103012020023"), "REC-23", "contractor"),
        ("contracted_parcel", "cert_code", json!("320412103012010023Q"), "REC-23", "cert_code"),
        ("homestead_use", "unit_no", json!("320412103012JB00018F00010001"), "REC-23", "unit_no"),
    ] {
        let mut record = sample::record(Kind::named(kind).unwrap());
        record[field] = value;
        gives(record, code, path);
    }
    assert_eq!(codes(json!([])), [("REC-08".to_owned(), String::new())]);
    assert_eq!(codes(json!({ "kind": "cert_feedback" })), [("REC-08".to_owned(), "kind".to_owned())]);
}

#[test]
fn paths_are_said_in_chinese() {
    let zh = |kind: &str, path: &str| rights::kind::path_zh(Kind::named(kind).unwrap(), path);
    assert_eq!(zh("parcel", "documents[2].size"), "原文 / 附件[2].大小");
    assert_eq!(zh("parcel", "documents[0].digest.hex"), "原文 / 附件[0].校验值.十六进制值");
    assert_eq!(zh("asset_change", "fields_after.net_value"), "变更后.净值");
    assert_eq!(zh("member", "id_no"), "证件号码");
    assert_eq!(zh("member", "nickname.x[1]"), "nickname.x[1]");
    assert_eq!(zh("member", ""), "");
}

#[test]
fn doubts_do_not_refuse() {
    let mut value = sample::record(Kind::named("household").unwrap());
    value["bank_account"] = json!("12");
    let record = Record::of(value).unwrap();
    assert_eq!(record.doubts().iter().map(|fault| fault.to_string()).collect::<Vec<_>>(), ["REC-18 at bank_account: the identifier fails its check"]);
}

#[test]
fn an_alien_record_is_told_in_bounded_space() {
    let mut value = sample::record(Kind::named("parcel").unwrap());
    for place in 0..10_000 {
        value[format!("alien{place}")] = json!(place);
    }
    value["boundary_points"] = json!(vec![json!(1); 10_000]);
    assert_eq!(Record::of(value).unwrap_err().len(), rights::check::FAULTS_MAX);
    let long = "长".repeat(1_000);
    let faults = Record::of(json!({ "kind": "member", long: 1 })).unwrap_err();
    assert!(faults.iter().all(|fault| fault.field.chars().count() <= 40));
}

#[test]
fn versions_follow_one_another() {
    let with = |kind: &str, version: i64, state: &str| {
        let mut value = sample::record(Kind::named(kind).unwrap());
        value["version"] = json!(version);
        value["state"] = json!(state);
        if kind == "member" {
            value["member_state"] = json!(state);
        }
        Record::of(value).unwrap()
    };
    for (kind, from, to, corrected, code) in [
        ("member", "confirmed", "retained", false, None),
        ("member", "confirmed", "confirmed", false, None),
        ("member", "disputed", "confirmed", false, None),
        ("member", "lost", "confirmed", false, Some("REC-25")),
        ("member", "lost", "confirmed", true, None),
        ("alert", "closed", "open", true, Some("REC-25")),
    ] {
        let faults = with(kind, 2, to).following(&with(kind, 1, from), corrected);
        assert_eq!(faults.first().map(Fault::code), code, "{kind} {from} {to}");
    }
    assert_eq!(with("member", 3, "lost").following(&with("member", 1, "lost"), false), [Fault::new(&rights::fault::VERSION, "version")]);
}

#[test]
fn life_cycles_name_their_own_states() {
    for kind in kinds::ALL {
        let cycle = kind.cycle;
        for (from, ends) in cycle.moves {
            assert!(cycle.knows(from), "{} {from}", kind.name);
            for to in *ends {
                assert!(cycle.knows(to) && from != to && cycle.allows(from, to, false), "{} {from} {to}", kind.name);
            }
        }
        assert!(!cycle.allows("nowhere", cycle.states[0].0, true));
    }
}

#[test]
fn transactions_count_their_records() {
    let with = |size: u64, business: &str| {
        let mut value = sample::record(Kind::named("household").unwrap());
        value["txn"] = json!({ "txn_id": "t1", "size": size, "business_code": business });
        Record::of(value).unwrap()
    };
    // Whether all are there, and the first that contradicts those before it.
    for (records, right, wrong) in [
        (vec![with(2, "105"), with(2, "105")], true, None),
        (vec![with(2, "105")], false, None),
        (vec![with(2, "105"), with(2, "105"), with(2, "105")], false, Some(2)),
        (vec![with(2, "105"), with(2, "106")], false, Some(1)),
        (vec![with(2, "105"), with(3, "105")], false, Some(1)),
        (vec![with(0, "105")], false, Some(0)),
    ] {
        let mut transactions = rights::transaction::Transactions::default();
        assert_eq!(records.iter().position(|record| transactions.add(record).is_some()), wrong);
        assert_eq!(transactions.are_whole(), right);
    }
}
