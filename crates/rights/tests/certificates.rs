//! Certificates shown in parts (spec/certificate.md): what is shown is proven, whatever was altered is refused, and nothing that
//! travels tells a withheld value. Signatures are toys here; those of real keys are tried in `driver`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod sample;

use rights::certificate::clause::{self, Refused};
use rights::certificate::code::Code;
use rights::certificate::{ALWAYS_SHOWN, MEMBER, NotDisclosed, Signer, disclose, is_signed, sign, verify};
use rights::kind::Zone;
use rights::mask::Masking;
use rights::scalar::Date;
use rights::visible::visible;
use rights::{Kind, Record, json as bytes};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

const SIGNER: Signer = Signer { zone: [7; 32], generation: 2 };
const SECRET: [u8; 32] = [9; 32];
type Fields = Map<String, Value>;

/// A "signature" that anybody could make, and nobody by accident.
fn toy(message: &[u8; 32]) -> [u8; 64] {
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(blake3::hash(message).as_bytes());
    signature[32..].copy_from_slice(message);
    signature
}

fn check(signer: &Signer, message: &[u8; 32], signature: &[u8; 64]) -> Result<(), Refused> {
    let right = |holds: bool, clause| if holds { Ok(()) } else { Err(Refused(clause)) };
    right(signer.zone == SIGNER.zone, &clause::CRT_SIGNER)?;
    right(*signature == toy(message), &clause::CRT_SIGNATURE)
}

fn record() -> Fields {
    let mut record = sample::record(Kind::named("ecertificate").unwrap());
    record["rows"] = json!({
        "household": [{ "rid": sample::rid("household", 5), "address": "某县某镇某村5组3号", "phone": "13800000001", "size": 3 }],
        "member": [
            { "rid": sample::rid("member", 3), "name": "张某某", "id_no": "320412198001010015", "birth_date": "1980-01-01" },
            { "rid": sample::rid("member", 4), "name": "李某", "id_no": "320412195512310024", "birth_date": "1955-12-31" },
            { "rid": sample::rid("member", 6), "name": "王某", "id_no": "11010519491231002X", "birth_date": "1949-12-31" },
        ],
    });
    record["state"] = json!("effective");
    let fields = record.as_object_mut().unwrap();
    for name in ["proof", "source_as_of", "batch_seq", "valid_to"] {
        fields.remove(name);
    }
    fields.clone()
}

fn signed(mut fields: Fields) -> Fields {
    let proof = sign(&fields, &SIGNER, &SECRET, toy);
    fields.insert(MEMBER.into(), proof);
    Record::of(Value::Object(fields.clone())).expect("a record with its proof is a right record");
    fields
}

fn seen(inside: &Fields, zone: Zone) -> Fields {
    let record = Record::of(Value::Object(inside.clone())).unwrap();
    let masking = Masking { route_key: Some(&[3; 32]), today: Date::parse("2026-11-21") };
    let mut seen = visible(&record, zone, &masking).unwrap().unwrap();
    // Zone I sees the record as it is.
    seen.remove(MEMBER);
    seen
}

fn with_proof(inside: &Fields, mut shown: Fields) -> Fields {
    let proof = disclose(inside, &shown).unwrap();
    shown.insert(MEMBER.into(), proof);
    shown
}

fn written(fields: &Fields) -> Vec<u8> {
    bytes::canonical(&Value::Object(fields.clone()))
}

fn code_of(fields: &Fields) -> Result<(), &'static str> {
    verify(&written(fields), &check).map(|_| ()).map_err(|refused| refused.code())
}

/// Paths of all values, as steps.
fn values(value: &Value, path: &mut Vec<String>, found: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(key, below)| {
            path.push(key.clone());
            values(below, path, found);
            path.pop();
        }),
        Value::Array(list) => list.iter().enumerate().for_each(|(place, below)| {
            path.push(place.to_string());
            values(below, path, found);
            path.pop();
        }),
        _ => found.push(path.clone()),
    }
}

fn at<'v>(value: &'v mut Value, path: &[String]) -> &'v mut Value {
    path.iter().fold(value, |value, step| match value {
        Value::Array(list) => &mut list[step.parse::<usize>().unwrap()],
        other => &mut other[step],
    })
}

/// A number from a seed.
struct Seed(u64);
impl Seed {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }
}

#[test]
fn what_each_zone_sees_is_proven() {
    let inside = signed(record());
    let whole = verify(&written(&inside), &check).unwrap();
    assert!(whole.inside && is_signed(&inside, &check));
    for (zone, least) in [(Zone::Outside, 40), (Zone::Web, 20)] {
        let shown = with_proof(&inside, seen(&inside, zone));
        let proven = verify(&written(&shown), &check).unwrap_or_else(|refused| panic!("{zone:?}: {refused}"));
        assert!(!proven.inside && proven.withheld > 0 && proven.root == whole.root);
        let mut paths = Vec::new();
        values(&Value::Object(proven.fields.clone()), &mut Vec::new(), &mut paths);
        let shown_names: BTreeSet<String> = proven.shown_names().iter().map(|name| name.split('|').next().unwrap().to_owned()).collect();
        let mut expected: BTreeSet<String> = paths.iter().map(|path| format!("/{}", path.join("/"))).collect();
        expected.insert("/valid_to".into());
        assert_eq!(shown_names, expected, "{zone:?}");
        assert!(expected.len() >= least, "{zone:?}: {}", expected.len());
    }
    let outside = verify(&written(&with_proof(&inside, seen(&inside, Zone::Outside))), &check).unwrap();
    assert!(outside.proven.iter().any(|name| name == "/rows/household/0/phone|phone3_4"), "{:?}", outside.proven);
    assert_eq!((outside.state_on(Date::parse("2026-11-21").unwrap()), outside.version(), outside.token()), ("effective", 1, "ABCDEFGHJKMNPQRSTVWXYZ0123"));
}

#[test]
fn every_altered_byte_is_refused() {
    let inside = signed(record());
    let mut seed = Seed(std::process::id().into());
    println!("seed {}", seed.0);
    for shown in [inside.clone(), with_proof(&inside, seen(&inside, Zone::Outside)), with_proof(&inside, seen(&inside, Zone::Web))] {
        let good = written(&shown);
        verify(&good, &check).unwrap();
        for place in 0..good.len() {
            let mut altered = good.clone();
            altered[place] ^= 1 + seed.next(255) as u8;
            assert!(verify(&altered, &check).is_err(), "byte {place} of {}", String::from_utf8_lossy(&good));
            if seed.next(10) == 0 {
                altered.remove(place);
                assert!(verify(&altered, &check).is_err(), "without byte {place}");
                assert!(verify(&good[..place], &check).is_err(), "the first {place} bytes");
            }
        }
        assert!(verify(&[&good[..], b"\n"].concat(), &check).is_err());
    }
}

#[test]
fn every_swap_of_two_values_is_refused() {
    let inside = signed(record());
    let mut seed = Seed(std::process::id().into());
    println!("seed {}", seed.0);
    for zone in [Zone::Outside, Zone::Web] {
        let good = Value::Object(with_proof(&inside, seen(&inside, zone)));
        let mut paths = Vec::new();
        values(&good, &mut Vec::new(), &mut paths);
        let mut swapped = 0;
        for (place, one) in paths.iter().enumerate() {
            // Every two values of the record; of those with a part of the proof, which are many, some.
            let chosen = paths[place + 1..].iter().filter(|other| (one[0] != MEMBER && other[0] != MEMBER) || seed.next(20) == 0);
            for other in chosen.collect::<Vec<_>>() {
                let mut altered = good.clone();
                let (left, right) = (at(&mut altered, one).clone(), at(&mut altered, other).clone());
                if left == right {
                    continue;
                }
                *at(&mut altered, one) = right;
                *at(&mut altered, other) = left;
                assert!(verify(&bytes::canonical(&altered), &check).is_err(), "{one:?} and {other:?}");
                swapped += 1;
            }
        }
        println!("{zone:?}: {swapped} swaps");
        assert!(swapped > 300, "{zone:?}: {swapped}");
    }
}

#[test]
fn what_is_shown_and_what_is_opened_are_the_same() {
    let inside = signed(record());
    let good = with_proof(&inside, seen(&inside, Zone::Outside));
    let alter = |change: &dyn Fn(&mut Fields)| {
        let mut altered = good.clone();
        change(&mut altered);
        code_of(&altered)
    };
    let withhold = |fields: &mut Fields, name: &str| {
        fields.remove(name.trim_start_matches('/'));
        let proof = fields[MEMBER].as_object_mut().unwrap();
        proof["opened"].as_object_mut().unwrap().remove(name);
    };
    assert_eq!(alter(&|_| ()), Ok(()));
    assert_eq!(alter(&|fields| drop(fields.insert("issuer_note".into(), json!("有效")))), Err("CRT-04"), "a value more");
    assert_eq!(alter(&|fields| drop(fields.remove("issuer"))), Err("CRT-04"), "a value less, its opening there");
    assert_eq!(alter(&|fields| withhold(fields, "/issuer")), Err("CRT-06"), "a value less, and no commitment for it");
    for name in ALWAYS_SHOWN {
        let refused = alter(&|fields| withhold(fields, &format!("/{name}")));
        assert!(matches!(refused, Err("CRT-04" | "CRT-01")), "{name}: {refused:?}");
    }
    assert_eq!(alter(&|fields| drop(fields.insert("valid_to".into(), Value::Null))), Err("CRT-04"), "what is absent is absent");
    assert_eq!(alter(&|fields| fields["rows"]["member"].as_array_mut().unwrap().swap(0, 1)), Err("CRT-06"), "elements of a list change places");
    assert_eq!(alter(&|fields| drop(fields["rows"]["member"].as_array_mut().unwrap().pop())), Err("CRT-04"), "an element less");
    let as_object = |fields: &mut Fields| {
        let list = fields["rows"]["member"].as_array().unwrap().clone();
        fields["rows"]["member"] = list.into_iter().enumerate().map(|(place, row)| (place.to_string(), row)).collect::<Fields>().into();
    };
    assert_eq!(alter(&as_object), Err("CRT-04"), "a list is no object with numbers for keys");
    assert_eq!(alter(&|fields| drop(fields.remove(MEMBER))), Err("CRT-02"));
    assert_eq!(alter(&|fields| fields[MEMBER]["alg"] = json!("gapferry-certificate-2")), Err("CRT-03"));
    assert_eq!(alter(&|fields| fields[MEMBER]["zone"] = json!("00".repeat(32))), Err("CRT-05"));
    assert_eq!(alter(&|fields| fields[MEMBER]["generation"] = json!(1)), Err("CRT-06"), "another generation of the keys");
    assert_eq!(alter(&|fields| fields[MEMBER]["note"] = json!("")), Err("CRT-02"));
    assert_eq!(alter(&|fields| fields[MEMBER]["withheld"].as_array_mut().unwrap().reverse()), Err("CRT-02"));
    assert_eq!(alter(&|fields| fields["kind"] = json!("deal")), Err("CRT-01"));
}

#[test]
fn what_the_route_sets_is_shown_as_not_proven() {
    let inside = signed(record());
    let mut shown = seen(&inside, Zone::Web);
    let proof = disclose(&inside, &shown).unwrap();
    shown.insert("batch_seq".into(), json!(77));
    shown.insert("source_as_of".into(), json!("2026-11-21T09:30:00+08:00"));
    assert_eq!(disclose(&inside, &shown), Ok(proof.clone()), "the route may set them before or after");
    shown.insert(MEMBER.into(), proof);
    let proven = verify(&written(&shown), &check).unwrap();
    assert!(!proven.fields.contains_key("batch_seq") && !proven.proven.iter().any(|name| name.contains("source_as_of")));
}

#[test]
fn an_element_may_be_left_out_and_the_others_are_still_proven() {
    let inside = signed(record());
    for left_out in 0..3 {
        let mut shown = seen(&inside, Zone::Outside);
        shown["rows"]["member"].as_array_mut().unwrap().remove(left_out);
        let shown = with_proof(&inside, shown);
        let proven = verify(&written(&shown), &check).unwrap();
        let names = proven.shown_names();
        assert!(names.contains(&"/rows/member/1/rid".to_owned()) && !names.contains(&"/rows/member/2/rid".to_owned()));
        let opened = format!("/rows/member/{left_out}/rid");
        assert!(!proven.proven.contains(&opened), "{opened} is withheld");
    }
}

#[test]
fn no_proof_is_made_of_what_was_not_signed() {
    let inside = signed(record());
    let shown = seen(&inside, Zone::Web);
    let alter = |change: &dyn Fn(&mut Fields, &mut Fields)| {
        let (mut inside, mut shown) = (inside.clone(), shown.clone());
        change(&mut inside, &mut shown);
        disclose(&inside, &shown).map(|_| ())
    };
    let not_committed = |path: &str| Err(NotDisclosed::NotCommitted(path.into()));
    assert_eq!(alter(&|_, _| ()), Ok(()));
    assert_eq!(alter(&|inside, _| drop(inside.remove(MEMBER))), Err(NotDisclosed::NotSigned));
    assert_eq!(alter(&|inside, _| inside["issuer"] = json!("别处")), Err(NotDisclosed::NotSigned), "changed after it was signed");
    assert_eq!(alter(&|_, shown| shown["issuer"] = json!("别处")), not_committed("/issuer"));
    assert_eq!(alter(&|_, shown| drop(shown.insert("more".into(), json!(1)))), not_committed("/more"));
    assert_eq!(alter(&|_, shown| drop(shown.insert("rows".into(), json!({})))), not_committed("/rows"), "an empty object is a value of its own");
    assert_eq!(alter(&|_, shown| drop(shown.remove("state"))), Err(NotDisclosed::NotShown("state")));
    assert_eq!(alter(&|_, shown| drop(shown.remove("rid"))), Err(NotDisclosed::NotShown("rid")));
    let mut ending = record();
    ending.insert("valid_to".into(), json!("2030-12-31"));
    let ending = signed(ending);
    let mut without = seen(&ending, Zone::Web);
    without.remove("valid_to");
    assert_eq!(disclose(&ending, &without), Err(NotDisclosed::NotShown("valid_to")), "an end is not left out");
}

#[test]
fn nothing_that_travels_tells_a_withheld_value() {
    let inside = signed(record());
    for zone in [Zone::Outside, Zone::Web] {
        let shown = with_proof(&inside, seen(&inside, zone));
        let travels = String::from_utf8(written(&shown)).unwrap();
        assert!(!travels.contains(inside[MEMBER]["secret"].as_str().unwrap()), "the secret stays inside");
        let whole = with_proof(&inside, seen(&inside, Zone::Inside));
        let opened = shown[MEMBER]["opened"].as_object().unwrap();
        let (mut withheld, mut tried) = (0, 0);
        let commitments: BTreeSet<&str> = shown[MEMBER]["withheld"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
        for (name, salt) in whole[MEMBER]["opened"].as_object().unwrap() {
            if opened.contains_key(name) {
                continue;
            }
            withheld += 1;
            assert!(!travels.contains(salt.as_str().unwrap()), "the salt of {name}");
            // Whoever knows the value tries it with every salt that he has.
            let value = name
                .trim_start_matches('/')
                .split('/')
                .fold(&Value::Object(inside.clone()), |value, step| value.get(step).or_else(|| value.get(step.parse::<usize>().unwrap_or(usize::MAX))).unwrap())
                .clone();
            for salt in opened.values().map(|salt| salt.as_str().unwrap()).chain(["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]) {
                tried += 1;
                assert!(!commitments.contains(commitment(salt, name, &value).as_str()), "{name} is guessed");
            }
        }
        assert!(withheld > 3 && tried > 60, "{zone:?}: {withheld} {tried}");
    }
}

/// The commitment as spec/certificate.md gives it, from the page.
fn commitment(salt: &str, name: &str, value: &Value) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let mut hasher = blake3::Hasher::new_derive_key("gapferry v1 certificate field");
    hasher.update(&URL_SAFE_NO_PAD.decode(salt).unwrap());
    hasher.update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes()).update(&bytes::canonical(value));
    URL_SAFE_NO_PAD.encode(hasher.finalize().as_bytes())
}

#[test]
fn any_part_is_proven() {
    let inside = signed(record());
    let mut seed = Seed(std::process::id().into());
    println!("seed {}", seed.0);
    for round in 0..300 {
        let mut shown = seen(&inside, if round % 2 == 0 { Zone::Inside } else { Zone::Outside });
        shown.retain(|name, _| ALWAYS_SHOWN.contains(&name.as_str()) || seed.next(3) > 0);
        let mut value = Value::Object(shown);
        thin(&mut value["rows"], &mut seed);
        if value["rows"].as_object().is_none_or(Map::is_empty) {
            value.as_object_mut().unwrap().remove("rows");
        }
        let shown = with_proof(&inside, value.as_object().unwrap().clone());
        let proven = verify(&written(&shown), &check).unwrap_or_else(|refused| panic!("round {round}: {refused}"));
        let mut kept = shown.clone();
        kept.remove(MEMBER);
        assert_eq!(proven.fields, kept);
    }
}

/// Takes values away, and whatever is empty then.
fn thin(value: &mut Value, seed: &mut Seed) {
    let keep = |value: &mut Value, seed: &mut Seed| {
        thin(value, seed);
        seed.next(4) > 0 && !value.as_object().is_some_and(Map::is_empty) && !value.as_array().is_some_and(Vec::is_empty)
    };
    match value {
        Value::Object(object) => object.retain(|_, value| keep(value, seed)),
        Value::Array(list) => list.retain_mut(|value| keep(value, seed)),
        _ => {}
    }
}

#[test]
fn states_on_a_day() {
    let day = |text: &str| Date::parse(text).unwrap();
    for (state, from, to, expected) in [
        ("effective", "2026-01-01", None, "effective"),
        ("effective", "2026-11-21", Some("2026-11-21"), "effective"),
        ("effective", "2026-01-01", Some("2026-11-20"), "expired"),
        ("effective", "2026-11-22", None, "not_yet"),
        ("publicity", "2026-01-01", None, "publicity"),
        ("replaced", "2026-01-01", None, "replaced"),
        ("lost", "2026-01-01", Some("2020-01-01"), "lost"),
    ] {
        let mut fields = record();
        fields.insert("state".into(), json!(state));
        fields.insert("valid_from".into(), json!(from));
        to.map(|to| fields.insert("valid_to".into(), json!(to)));
        let proof = sign(&fields, &SIGNER, &SECRET, toy);
        fields.insert(MEMBER.into(), proof);
        let proven = verify(&written(&fields), &check).unwrap();
        assert_eq!(proven.state_on(day("2026-11-21")), expected, "{state} {from} {to:?}");
        assert_eq!(proven.require_in_force(day("2026-11-21")).is_ok(), expected == "effective");
    }
}

#[test]
fn codes_are_read_as_they_are_written() {
    let inside = signed(record());
    let proven = verify(&written(&inside), &check).unwrap();
    let code = Code::of(&proven, "https://cert.example/").unwrap();
    let text = code.text();
    assert!(text.starts_with("https://cert.example/v/ABCDEFGHJKMNPQRSTVWXYZ0123#1.2.") && text.len() < 200, "{text}");
    assert_eq!(Code::parse(&text), Ok(code.clone()));
    assert_eq!(check(&SIGNER, &code.message(SIGNER.zone), &code.signature), Ok(()));
    for url in ["http://cert.example", "https://", "https:///x", "https://a b", "https://a?b", "https://a#b", "", "https://某处"] {
        assert_eq!(Code::of(&proven, url).map(|_| ()), Err(Refused(&clause::CRT_CODE)), "{url}");
    }
    for place in 0..text.len() {
        for other in ["", "A", "b", ".", "#", "/", "é"] {
            let altered = format!("{}{other}{}", &text[..place], &text[place + 1..]);
            if altered == text {
                continue;
            }
            let taken = Code::parse(&altered).ok().filter(|code| code.url == "https://cert.example");
            assert!(taken.is_none_or(|code| check(&SIGNER, &code.message(SIGNER.zone), &code.signature).is_err()), "{altered}");
        }
    }
    assert!(Code::parse(&format!("https://{}", "a".repeat(600))).is_err());
}
