//! The certificates and codes of the judge (fixtures/certificate): read as spec/certificate.md says, and made again byte for byte.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use rights::certificate::clause::{CRT_OVERTAKEN, CRT_REVOKED, CRT_SIGNATURE, CRT_SIGNER, Refused};
use rights::certificate::code::Code;
use rights::certificate::{Fields, MEMBER, Proven, Signer, disclose, message, sign, verify};
use rights::json;
use rights::scalar::Date;
use seal::keys::{SecretKeys, read_card};
use seal::suite::SUITE;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use wire::card::Card;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read(path: &str) -> Vec<u8> {
    fs::read(fixtures().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn fields(path: &str) -> Fields {
    let Value::Object(fields) = json::read(&read(path)).unwrap() else { panic!("{path} is no object") };
    fields
}

/// What the index says of a fixture.
struct Asked {
    cards: Vec<Card>,
    entry: Value,
}

impl Asked {
    fn check(&self, signer: &Signer, message: &[u8; 32], signature: &[u8; 64]) -> Result<(), Refused> {
        let card = self.cards.iter().find(|card| card.id().0 == signer.zone && card.generation() == signer.generation).ok_or(Refused(&CRT_SIGNER))?;
        SUITE.verify(&card.sign, message, signature).map_err(|_| Refused(&CRT_SIGNATURE))?;
        let marks = self.entry["revoked"].as_array().into_iter().flatten();
        let revoked = marks.into_iter().any(|mark| card.zone == mark["zone"].as_str().unwrap() && mark["generation"] == signer.generation);
        if revoked { Err(Refused(&CRT_REVOKED)) } else { Ok(()) }
    }

    fn newest(&self) -> Option<Proven> {
        Some(verify(&read(self.entry["newest"].as_str()?), &|signer, message, signature| self.check(signer, message, signature)).unwrap())
    }

    fn certificate(&self, bytes: &[u8]) -> Result<Proven, Refused> {
        let proven = verify(bytes, &|signer, message, signature| self.check(signer, message, signature))?;
        if self.newest().is_some_and(|newest| newest.version() > proven.version()) {
            return Err(Refused(&CRT_OVERTAKEN));
        }
        proven.require_in_force(Date::parse(self.entry["day"].as_str().unwrap()).unwrap())?;
        Ok(proven)
    }

    fn code(&self, bytes: &[u8]) -> Result<(Code, Signer), Refused> {
        let code = Code::parse(std::str::from_utf8(bytes).unwrap())?;
        let mut refused = Refused(&CRT_SIGNER);
        for card in &self.cards {
            let signer = Signer { zone: card.id().0, generation: code.generation };
            match self.check(&signer, &code.message(signer.zone), &code.signature) {
                Ok(()) if self.newest().is_some_and(|newest| newest.root != code.root) => return Err(Refused(&CRT_OVERTAKEN)),
                Ok(()) => return Ok((code, signer)),
                Err(why) if why == Refused(&CRT_SIGNER) => {}
                Err(why) => refused = why,
            }
        }
        Err(refused)
    }
}

#[test]
fn certificates_of_the_judge_are_read_as_they_must() {
    let index: Value = serde_json::from_slice(&read("certificate/index.json")).unwrap();
    let (mut good, mut bad) = (0, 0);
    for entry in index["fixtures"].as_array().unwrap() {
        let trusted = entry["trusted"].as_array().unwrap().iter().map(|zone| read_card(&read(&format!("keys/{}.card", zone.as_str().unwrap()))).unwrap());
        let asked = Asked { cards: trusted.collect(), entry: entry.clone() };
        let file = format!("certificate/{}", entry["file"].as_str().unwrap());
        let holds = entry["holds"].as_str().map(|path| serde_json::from_slice::<Value>(&read(&format!("certificate/{path}"))).unwrap());
        let found = if entry["kind"] == "code" {
            asked.code(&read(&file)).map(|(code, signer)| (signer, code.root, code.message(signer.zone), None))
        } else {
            asked.certificate(&read(&file)).map(|proven| {
                let mut names = proven.proven.clone();
                names.sort();
                (proven.signer, proven.root, message(&proven.signer, &proven.root, proven.token()), Some((names, proven.withheld)))
            })
        };
        match (found, holds) {
            (Ok((signer, root, message, names)), Some(holds)) => {
                let expected = (holds["zone"].as_str(), holds["root"].as_str(), holds["message"].as_str());
                assert_eq!((Some(hex(&signer.zone).as_str()), Some(hex(&root).as_str()), Some(hex(&message).as_str())), expected, "{file}");
                assert_eq!(holds["generation"], signer.generation, "{file}");
                if let Some((names, withheld)) = names {
                    assert_eq!((&holds["proven"], holds["withheld"].as_u64()), (&Value::from(names), Some(withheld as u64)), "{file}");
                }
                good += 1;
            }
            (Err(refused), None) => {
                assert_eq!(Some(refused.code()), entry["code"].as_str(), "{file}");
                bad += 1;
            }
            (found, _) => panic!("{file}: {found:?}"),
        }
    }
    assert!(good >= 6 && bad >= 45, "{good} {bad}");
}

/// The secrets of a zone in keys.txt.
fn secrets(zone: &str) -> SecretKeys {
    let text = String::from_utf8(read("keys/keys.txt")).unwrap();
    let paragraph = text.split("\n\n").find(|part| part.contains(&format!("zone: {zone}\n"))).unwrap();
    let field = |name: &str| {
        let digits = paragraph.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap();
        std::array::from_fn(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap())
    };
    SecretKeys { sign: field("sign-seed"), seal: field("seal-seed") }
}

#[test]
fn certificates_of_the_judge_are_made_again() {
    let inside = fields("certificate/good/00_inside.certificate");
    let mut unsigned = inside.clone();
    let proof = unsigned.remove(MEMBER).unwrap();
    let secret = base64_bytes(proof["secret"].as_str().unwrap());
    let keys = secrets("inside");
    let zone = read_card(&read("keys/inside.card")).unwrap().id().0;
    assert_eq!(sign(&unsigned, &Signer { zone, generation: 1 }, &secret, |message| keys.signature(message)), proof);
    for name in ["web", "outside", "elements_left_out"] {
        let shown = fields(&format!("certificate/good/00_{name}.certificate"));
        let mut without = shown.clone();
        let proof = without.remove(MEMBER).unwrap();
        assert_eq!(disclose(&inside, &without), Ok(proof), "{name}");
    }
    let proven = verify(&read("certificate/good/00_inside.certificate"), &|_, _, _| Ok(())).unwrap();
    assert_eq!(Code::of(&proven, "https://cert.example").unwrap().text().as_bytes(), read("certificate/good/00_code.code"));
}

/// 32 bytes of base64url.
fn base64_bytes(text: &str) -> [u8; 32] {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bits = text.bytes().flat_map(|byte| {
        let value = alphabet.iter().position(|known| *known == byte).unwrap();
        (0..6).rev().map(move |bit| value >> bit & 1 == 1)
    });
    std::array::from_fn(|_| (0..8).fold(0, |byte, _| byte << 1 | u8::from(bits.next().unwrap())))
}
