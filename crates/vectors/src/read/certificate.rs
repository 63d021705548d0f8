//! Reads certificates and their codes, written from spec/certificate.md: clauses CRT-01 to CRT-10.

use super::card::Trusted;
use super::{Refusal, derive, require};
use crate::certificate_vectors::{canonical, commitment, message, root};
use crate::primitive::hex;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::Signature;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What is asked of a certificate.
pub(super) struct Asked {
    pub(super) trusted: Vec<Trusted>,
    pub(super) revoked: Vec<([u8; 32], u64)>,
    pub(super) day: String,
    pub(super) newest: Option<Vec<u8>>,
}

/// A certificate that is right.
pub(super) struct Certificate {
    pub(super) expected: Value,
    fields: Map<String, Value>,
    root: [u8; 32],
}

const MALFORMED: Refusal = Refusal("CRT-02");
const ALWAYS: [&str; 6] = ["/cert_token", "/kind", "/rid", "/state", "/valid_to", "/version"];

fn bytes<const N: usize>(value: &Value) -> Result<[u8; N], Refusal> {
    let decoded = value.as_str().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
    decoded.and_then(|bytes| bytes.try_into().ok()).ok_or(MALFORMED)
}

/// Reads a record.
pub(super) fn read(file: &[u8], asked: &Asked) -> Result<Certificate, Refusal> {
    let certificate = proven(file, asked)?;
    if let Some(newest) = &asked.newest {
        let newest = proven(newest, asked)?;
        require(newest.fields["version"].as_u64() <= certificate.fields["version"].as_u64(), "CRT-09")?;
    }
    let day = |name: &str| certificate.fields.get(name).and_then(Value::as_str);
    let begun = day("valid_from").is_none_or(|from| from <= asked.day.as_str());
    let ended = day("valid_to").is_some_and(|to| to < asked.day.as_str());
    require(certificate.fields["state"] == "effective" && begun && !ended, "CRT-08")?;
    Ok(certificate)
}

fn proven(file: &[u8], asked: &Asked) -> Result<Certificate, Refusal> {
    // One that is written again as it was has no key twice and no number but integers.
    let record: Value = serde_json::from_slice(file).map_err(|_| Refusal("CRT-01"))?;
    require(canonical(&record).as_bytes() == file && record["kind"] == "ecertificate", "CRT-01")?;
    let Value::Object(mut fields) = record else { return Err(Refusal("CRT-01")) };
    let proof = fields.shift_remove("proof").ok_or(MALFORMED)?;
    let algorithm = proof["alg"].as_str().ok_or(MALFORMED)?;
    require(algorithm == "gapferry-certificate-1", "CRT-03")?;
    let generation = proof["generation"].as_u64().filter(|generation| (1..=1024).contains(generation)).ok_or(MALFORMED)?;
    let zone_text = proof["zone"].as_str().ok_or(MALFORMED)?;
    let zone: [u8; 32] = super::from_hex(zone_text).filter(|zone| hex(zone) == zone_text).ok_or(MALFORMED)?;
    let signature: [u8; 64] = bytes(&proof["signature"])?;
    require(proof.as_object().is_some_and(|members| members.len() == 6), MALFORMED.0)?;
    require(fields.get("valid_to") != Some(&Value::Null), "CRT-04")?;
    let token = fields["cert_token"].as_str().unwrap_or_default().to_owned();
    let (root, mut names, withheld) = if proof.get("secret").is_some() { inside(&fields, &proof)? } else { shown(&fields, &proof)? };
    let message = message(&zone, u32::try_from(generation).map_err(|_| MALFORMED)?, &root, &token);
    let signer = asked.trusted.iter().find(|card| card.id == zone && u64::from(card.generation) == generation).ok_or(Refusal("CRT-05"))?;
    signer.key.verify_strict(&message, &Signature::from_bytes(&signature)).map_err(|_| Refusal("CRT-06"))?;
    require(!asked.revoked.contains(&(zone, generation)), "CRT-07")?;
    names.sort();
    let expected = json!({
        "zone": hex(&zone), "generation": generation, "root": hex(&root), "message": hex(&message), "proven": names, "withheld": withheld,
    });
    Ok(Certificate { expected, fields, root })
}

type Found = ([u8; 32], Vec<String>, usize);

/// The masked forms of the fields that the fixtures have; the columns of kinds.md give them.
fn masked(name: &str, value: &Value) -> Option<(&'static str, String)> {
    let text = value.as_str()?;
    let last = name.rsplit('/').next()?;
    let kept = |first: usize| text.chars().enumerate().map(|(place, one)| if place < first { one } else { '*' }).collect::<String>();
    match last {
        "phone" => Some(("phone3_4", format!("{}****{}", &text[..3], &text[7..]))),
        "birth_date" => Some(("date_y", text[..4].to_owned())),
        "name" => Some(("name1", kept(if text.starts_with("欧阳") { 2 } else { 1 }))),
        _ => None,
    }
}

fn inside(fields: &Map<String, Value>, proof: &Value) -> Result<Found, Refusal> {
    let secret: [u8; 32] = bytes(&proof["secret"])?;
    let said: [u8; 32] = bytes(&proof["root"])?;
    let mut named = Vec::new();
    all(&Value::Object(fields.clone()), "", &mut named);
    for (name, value) in named.clone() {
        if let Some((mask, masked)) = masked(&name, &value) {
            named.push((format!("{name}|{mask}"), masked.into()));
        }
    }
    if !fields.contains_key("valid_to") {
        named.push(("/valid_to".into(), Value::Null));
    }
    let salted = |(name, value): &(String, Value)| {
        let salt = derive("gapferry v1 certificate salt", &[&secret, name.as_bytes()]);
        commitment(&salt, name, &canonical(value))
    };
    let root = root(named.iter().map(salted).collect());
    require(root == said, "CRT-04")?;
    Ok((root, named.into_iter().map(|(name, _)| name).collect(), 0))
}

/// Names and values of a record.
fn all(value: &Value, name: &str, into: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(map) if !map.is_empty() => map.iter().for_each(|(key, below)| all(below, &format!("{name}/{key}"), into)),
        Value::Array(list) if !list.is_empty() => list.iter().enumerate().for_each(|(place, below)| all(below, &format!("{name}/{place}"), into)),
        _ => into.push((name.to_owned(), value.clone())),
    }
}

/// A name's path, each place in a list widened so that names order as their places do.
fn ordered(path: &str) -> Result<String, Refusal> {
    let step = |step: &str| {
        let right = !step.is_empty() && step.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        let is_place = step.bytes().all(|byte| byte.is_ascii_digit());
        let leading = is_place && step.len() > 1 && step.starts_with('0');
        require(right && !leading, MALFORMED.0)?;
        Ok(if is_place { format!("{:0>10}", step) } else { step.to_owned() })
    };
    let steps: Result<Vec<String>, Refusal> = path.strip_prefix('/').ok_or(MALFORMED)?.split('/').map(step).collect();
    Ok(steps?.join("/"))
}

fn shown(fields: &Map<String, Value>, proof: &Value) -> Result<Found, Refusal> {
    let opened = proof["opened"].as_object().ok_or(MALFORMED)?;
    let withheld: Vec<[u8; 32]> = proof["withheld"].as_array().ok_or(MALFORMED)?.iter().map(bytes).collect::<Result<_, _>>()?;
    require(withheld.windows(2).all(|pair| pair[0] < pair[1]), MALFORMED.0)?;
    // The opened names in the order of their places, each with the name that it is shown under.
    let mut openings: BTreeMap<String, (&String, [u8; 32])> = BTreeMap::new();
    let mut twice = false;
    for (name, salt) in opened {
        let (path, mask) = name.split_once('|').map_or((name.as_str(), None), |(path, mask)| (path, Some(mask)));
        require(mask.is_none_or(|mask| !mask.is_empty() && mask.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))), MALFORMED.0)?;
        twice |= openings.insert(ordered(path)?, (name, bytes(salt)?)).is_some();
    }
    require(!twice, "CRT-04")?;
    let mut fields = fields.clone();
    for set in ["batch_seq", "source_as_of"] {
        fields.shift_remove(set);
    }
    fields.entry("valid_to").or_insert(Value::Null);
    let mut named = Vec::new();
    all(&Value::Object(fields), "", &mut named);
    let mut values: BTreeMap<String, Value> = BTreeMap::new();
    for (name, value) in named {
        values.insert(ordered(&name).map_err(|_| Refusal("CRT-04"))?, value);
    }
    let renumbered = renumbered(openings.keys());
    let mut commitments = withheld.clone();
    let mut names = Vec::new();
    require(renumbered.len() == values.len(), "CRT-04")?;
    for (path, (name, salt)) in &openings {
        let value = values.get(&renumbered[path]).ok_or(Refusal("CRT-04"))?;
        commitments.push(commitment(salt, name, &canonical(value)));
        names.push((*name).clone());
    }
    require(ALWAYS.iter().all(|name| opened.contains_key(*name)), "CRT-04")?;
    Ok((root(commitments), names, withheld.len()))
}

/// For each path the one with the places of each list counted from 0 among those that are there.
fn renumbered<'p>(paths: impl Iterator<Item = &'p String>) -> BTreeMap<String, String> {
    let mut ranks: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    let mut result = BTreeMap::new();
    for path in paths {
        let (mut before, mut new) = (String::new(), Vec::new());
        for step in path.split('/') {
            if step.bytes().all(|byte| byte.is_ascii_digit()) {
                let known = ranks.entry(before.clone()).or_default();
                let next = known.len();
                let rank = *known.entry(step.to_owned()).or_insert(next);
                new.push(format!("{rank:0>10}"));
            } else {
                new.push(step.to_owned());
            }
            before = format!("{before}/{step}");
        }
        result.insert(path.clone(), new.join("/"));
    }
    result
}

/// Reads a code.
pub(super) fn read_code(file: &[u8], asked: &Asked) -> Result<Value, Refusal> {
    const NONE: Refusal = Refusal("CRT-10");
    let text = core::str::from_utf8(file).map_err(|_| NONE)?;
    require(text.len() <= 512, NONE.0)?;
    let (place, fragment) = text.split_once('#').ok_or(NONE)?;
    let (url, token) = place.rsplit_once("/v/").ok_or(NONE)?;
    let host = url.strip_prefix("https://").ok_or(NONE)?;
    require(!host.is_empty() && place.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'?'), NONE.0)?;
    require(token.len() == 26 && token.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase()), NONE.0)?;
    let parts: Vec<&str> = fragment.split('.').collect();
    let ["1", generation, root, signature] = parts.as_slice() else { return Err(NONE) };
    let number: u32 = generation.parse().ok().filter(|number: &u32| (1..=1024).contains(number) && number.to_string() == *generation).ok_or(NONE)?;
    let root: [u8; 32] = bytes(&json!(root)).map_err(|_| NONE)?;
    let signature: [u8; 64] = bytes(&json!(signature)).map_err(|_| NONE)?;
    let known: Vec<&Trusted> = asked.trusted.iter().filter(|card| card.generation == number).collect();
    require(!known.is_empty(), "CRT-05")?;
    let signed = |card: &&&Trusted| card.key.verify_strict(&message(&card.id, number, &root, token), &Signature::from_bytes(&signature)).is_ok();
    let signer = known.iter().find(signed).ok_or(Refusal("CRT-06"))?;
    require(!asked.revoked.contains(&(signer.id, u64::from(number))), "CRT-07")?;
    if let Some(newest) = &asked.newest {
        require(proven(newest, asked)?.root == root, "CRT-09")?;
    }
    Ok(json!({ "zone": hex(&signer.id), "generation": number, "root": hex(&root), "message": hex(&message(&signer.id, number, &root, token)) }))
}
