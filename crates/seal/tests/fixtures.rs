//! Receipts and labels that somebody else sealed, from the specification alone: what both ends of this crate could get wrong
//! alike (contexts, bindings, the commitment, the signed message) opens none of them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use seal::envelope::open_whole;
use seal::keys::{SecretKeys, read_card};
use std::fs;
use std::path::{Path, PathBuf};
use wire::clause::{ENV_SIGNER, Rejection};
use wire::header::{Header, Kind};

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The secrets of a zone in keys.txt.
fn secrets(zone: &str) -> SecretKeys {
    let text = fs::read_to_string(fixtures().join("keys/keys.txt")).unwrap();
    let paragraph = text.split("\n\n").find(|part| part.contains(&format!("zone: {zone}\n"))).unwrap();
    let field = |name: &str| {
        let digits = paragraph.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap();
        core::array::from_fn(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
    };
    SecretKeys { sign: field("sign-seed"), seal: field("seal-seed") }
}

#[test]
fn envelopes_of_the_judge_open() {
    let cards = ["inside", "inside-2", "outside", "outside-2"].map(|zone| read_card(&fs::read(fixtures().join(format!("keys/{zone}.card"))).unwrap()).unwrap());
    let mut opened = 0;
    for (folder, ending, kind) in [("receipt", "gfr", Kind::Receipt), ("label", "gfl", Kind::Label)] {
        for entry in fs::read_dir(fixtures().join(folder).join("good")).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|found| found != ending) {
                continue;
            }
            let file = fs::read(&path).unwrap();
            let says: serde_json::Value = serde_json::from_slice(&fs::read(path.with_extension("json")).unwrap()).unwrap();
            let says = &says["envelope"];
            let readers = ["inside", "inside-2", "outside", "outside-2"].map(secrets);
            let trusted = |signer: &wire::keys::Signer| {
                let card = cards.iter().find(|card| card.id() == signer.zone && card.generation() == signer.generation);
                card.map(|card| card.sign).ok_or(Rejection(&ENV_SIGNER))
            };
            let (id, verified) = open_whole(&file, kind, &readers, &trusted).unwrap_or_else(|rejection| panic!("{}: {rejection:?}", path.display()));
            assert_eq!(hex(&id.0), says["id"].as_str().unwrap());
            assert_eq!(verified.body.len() as u64, says["body_plain"].as_u64().unwrap());
            let header = Header::decode(&file, file.len() as u64, kind).unwrap();
            assert_eq!(hex(&header.commitment), says["commitment"].as_str().unwrap());
            opened += 1;
        }
    }
    assert!(opened >= 15, "{opened} files");
}
