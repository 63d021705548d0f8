//! Vectors that nobody of this project wrote: Wycheproof and BLAKE3's own, run through our code where it is ours, else through the
//! crates that our suite is made of. Counts are printed; every vector is decided as the table says (FAULTS P15, P16).
//!
//! They lie in `GAPFERRY_VECTORS`, else in `../shared/vectors` beside the project; where they are absent the tests say so and pass.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use aead_stream::{NewStream, StreamBE32, StreamPrimitive};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Nonce, XChaCha20Poly1305, XNonce};
use ml_kem::kem::{Decapsulate, KeyExport};
use ml_kem::{FromSeed, MlKem768};
use seal::suite::SUITE;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A file of vectors, or none with a notice.
fn vectors(name: &str) -> Option<Value> {
    let folder = std::env::var_os("GAPFERRY_VECTORS").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"), PathBuf::from);
    let file = folder.join(name);
    let Ok(bytes) = std::fs::read(&file) else {
        println!("SKIPPED: {} is not there; name the folder of the vectors with GAPFERRY_VECTORS", file.display());
        return None;
    };
    Some(serde_json::from_slice(&bytes).expect("the vectors are JSON"))
}

fn unhex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap_or_default();
    assert!(text.len().is_multiple_of(2));
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hex")).collect()
}

/// Every test of a file with its group.
fn tests(file: &Value) -> Vec<(&Value, &Value)> {
    let groups = file["testGroups"].as_array().expect("groups");
    let all: Vec<_> = groups.iter().flat_map(|group| group["tests"].as_array().expect("tests").iter().map(move |test| (group, test))).collect();
    assert_eq!(Some(all.len() as u64), file["numberOfTests"].as_u64(), "all of them");
    all
}

/// Counts how each result of the file was decided; says what differs.
#[derive(Default)]
struct Tally {
    counts: BTreeMap<(String, &'static str), u64>,
    wrong: Vec<String>,
}

impl Tally {
    fn add(&mut self, test: &Value, decided: &'static str, right: bool) {
        let result = test["result"].as_str().expect("a result").to_owned();
        if !right {
            self.wrong.push(format!("{}: {result} but {decided}: {} {}", test["tcId"], test["comment"], test["flags"]));
        }
        *self.counts.entry((result, decided)).or_default() += 1;
    }

    fn finish(self, what: &str, count: u64) {
        println!("{what}: {:?}", self.counts);
        assert_eq!(self.wrong, Vec::<String>::new(), "{what}");
        assert_eq!(self.counts.values().sum::<u64>(), count, "{what}");
    }
}

/// FAULTS P15
#[test]
fn ed25519_through_our_suite() {
    let Some(file) = vectors("wycheproof/ed25519_test.json") else { return };
    let mut tally = Tally::default();
    for (group, test) in tests(&file) {
        let key: [u8; 32] = unhex(&group["publicKey"]["pk"]).try_into().expect("a key of 32 bytes");
        // A signature of another length does not fit the field that holds it (clause ENV-14).
        let Ok(signature) = <[u8; 64]>::try_from(unhex(&test["sig"]).as_slice()) else {
            tally.add(test, "not of 64 bytes", test["result"] == "invalid");
            continue;
        };
        // The strict rule refuses none that is valid: the file has no valid one under a key of small order.
        let verified = SUITE.verify(&key, &unhex(&test["msg"]), &signature).is_ok();
        tally.add(test, if verified { "verified" } else { "refused" }, verified == (test["result"] == "valid"));
    }
    tally.finish("Ed25519 (seal::suite, strict)", 151);
}

/// FAULTS P15
#[test]
fn x25519_of_our_key_wrapping() {
    let Some(file) = vectors("wycheproof/x25519_test.json") else { return };
    let mut tally = Tally::default();
    for (_, test) in tests(&file) {
        let secret: [u8; 32] = unhex(&test["private"]).try_into().expect("32 bytes");
        let public: [u8; 32] = unhex(&test["public"]).try_into().expect("32 bytes");
        let shared = x25519_dalek::x25519(secret, public);
        // "Acceptable" are public keys that are not reduced, of the twist or of small order. X-Wing computes with them as RFC 7748
        // says; those of small order, with their secret of zero, our suite refuses (small_order.rs).
        let hybrid = [SUITE.seal_public(&[1; 32])[..1184].to_vec(), public.to_vec()].concat();
        assert_eq!(SUITE.is_recipient(&hybrid), shared != [0; 32], "{test}");
        tally.add(test, if shared == [0; 32] { "zero, as stated" } else { "as stated" }, shared.as_slice() == unhex(&test["shared"]));
    }
    tally.finish("X25519 (x25519-dalek)", 518);
}

#[test]
fn ml_kem_768_of_our_key_wrapping() {
    let Some(file) = vectors("wycheproof/mlkem_768_test.json") else { return };
    let mut tally = Tally::default();
    for (_, test) in tests(&file) {
        let (seed, ciphertext) = (unhex(&test["seed"]), unhex(&test["c"]));
        let (Ok(seed), Ok(ciphertext)) = (seed.as_slice().try_into(), ml_kem::ml_kem_768::Ciphertext::try_from(ciphertext.as_slice())) else {
            tally.add(test, "not of its length", test["result"] == "invalid");
            continue;
        };
        let (secret, public) = MlKem768::from_seed(&seed);
        let shared = secret.decapsulate(&ciphertext);
        let right = public.to_bytes().as_slice() == unhex(&test["ek"]) && shared.as_slice() == unhex(&test["K"]);
        tally.add(test, "as stated", right && test["result"] == "valid");
        // As the ML-KEM half of a recipient of ours this key is valid.
        assert!(SUITE.is_recipient(&[public.to_bytes().as_slice(), &[9; 32]].concat()));
    }
    tally.finish("ML-KEM-768 (ml-kem)", 193);
}

/// Runs the vectors of a cipher; `open` gives the plaintext, `seal` the ciphertext with its tag, both none for what is no nonce.
type Run = fn(&[u8], &[u8], Payload<'_, '_>, bool) -> Option<Result<Vec<u8>, ()>>;

fn cipher(name: &str, count: u64, run: Run) {
    let Some(file) = vectors(name) else { return };
    let mut tally = Tally::default();
    for (group, test) in tests(&file) {
        assert_eq!((&group["keySize"], &group["tagSize"]), (&256.into(), &128.into()));
        let (key, nonce, sealed) = (unhex(&test["key"]), unhex(&test["iv"]), [unhex(&test["ct"]), unhex(&test["tag"])].concat());
        let (msg, aad) = (unhex(&test["msg"]), unhex(&test["aad"]));
        let valid = test["result"] == "valid";
        let Some(opened) = run(&key, &nonce, Payload { msg: &sealed, aad: &aad }, false) else {
            tally.add(test, "no nonce", !valid);
            continue;
        };
        let again = run(&key, &nonce, Payload { msg: &msg, aad: &aad }, true);
        let right = if valid { opened == Ok(msg) && again == Some(Ok(sealed)) } else { opened.is_err() };
        tally.add(test, if opened.is_ok() { "opened" } else { "refused" }, right);
    }
    tally.finish(name, count);
}

/// FAULTS P01, P16
#[test]
fn the_ciphers() {
    cipher("wycheproof/xchacha20_poly1305_test.json", 315, |key, nonce, payload, seal| {
        let (cipher, nonce) = (XChaCha20Poly1305::new_from_slice(key).ok()?, XNonce::try_from(nonce).ok()?);
        Some(if seal { cipher.encrypt(&nonce, payload) } else { cipher.decrypt(&nonce, payload) }.map_err(drop))
    });
    cipher("wycheproof/chacha20_poly1305_test.json", 325, |key, nonce, payload, seal| {
        let (cipher, nonce) = (ChaCha20Poly1305::new_from_slice(key).ok()?, Nonce::try_from(nonce).ok()?);
        Some(if seal { cipher.encrypt(&nonce, payload) } else { cipher.decrypt(&nonce, payload) }.map_err(drop))
    });
}

/// FAULTS P04: the STREAM construction of our frames is that cipher with counter and flag in the last five bytes of the nonce.
#[test]
fn the_cipher_of_our_frames_is_that_one() {
    let Some(file) = vectors("wycheproof/xchacha20_poly1305_test.json") else { return };
    let mut seen = 0;
    for (_, test) in tests(&file).into_iter().filter(|(_, test)| test["result"] == "valid") {
        let (key, nonce, msg, aad) = (unhex(&test["key"]), unhex(&test["iv"]), unhex(&test["msg"]), unhex(&test["aad"]));
        let stream: StreamBE32<XChaCha20Poly1305> = StreamBE32::new(key.as_slice().try_into().unwrap(), nonce[..19].try_into().unwrap());
        let mut sealed = msg.clone();
        stream.encrypt_in_place(7, true, &aad, &mut sealed).unwrap();
        let whole = [&nonce[..19], &7u32.to_be_bytes(), &[1]].concat();
        let cipher = XChaCha20Poly1305::new_from_slice(&key).unwrap();
        let expected = cipher.encrypt(&XNonce::try_from(whole.as_slice()).unwrap(), Payload { msg: &msg, aad: &aad }).unwrap();
        assert_eq!(sealed, expected);
        seen += 1;
    }
    println!("STREAM over XChaCha20-Poly1305: {seen} messages");
    assert_eq!(seen, 246);
}

#[test]
fn hkdf_of_our_key_wrapping() {
    let Some(file) = vectors("wycheproof/hkdf_sha256_test.json") else { return };
    let mut tally = Tally::default();
    for (_, test) in tests(&file) {
        let mut okm = vec![0; usize::try_from(test["size"].as_u64().unwrap()).unwrap()];
        let expanded = hkdf::Hkdf::<sha2::Sha256>::new(Some(&unhex(&test["salt"])), &unhex(&test["ikm"])).expand(&unhex(&test["info"]), &mut okm);
        let right = if test["result"] == "valid" { expanded.is_ok() && okm == unhex(&test["okm"]) } else { expanded.is_err() };
        tally.add(test, if expanded.is_ok() { "derived" } else { "refused" }, right);
    }
    tally.finish("HKDF-SHA-256 (hkdf)", 86);
}

#[test]
fn what_is_not_ours_is_counted_as_such() {
    for (name, count) in [("wycheproof/hmac_sm3_test.json", 174), ("wycheproof/sm4_gcm_test.json", 104)] {
        let Some(file) = vectors(name) else { return };
        assert_eq!(tests(&file).len(), count);
        println!("{name}: {count} not ours: suite 1 has neither SM3 nor SM4");
    }
}

#[test]
fn blake3_hashes_keys_and_derives() {
    let Some(file) = vectors("blake3/test_vectors.json") else { return };
    let (key, context) = (file["key"].as_str().unwrap().as_bytes(), file["context_string"].as_str().unwrap());
    let key: &[u8; 32] = key.try_into().unwrap();
    let cases = file["cases"].as_array().unwrap();
    for case in cases {
        let input: Vec<u8> = (0..case["input_len"].as_u64().unwrap()).map(|at| (at % 251) as u8).collect();
        for (field, mut hasher) in
            [("hash", blake3::Hasher::new()), ("keyed_hash", blake3::Hasher::new_keyed(key)), ("derive_key", blake3::Hasher::new_derive_key(context))]
        {
            let expected = unhex(&case[field]);
            let mut found = vec![0; expected.len()];
            hasher.update(&input).finalize_xof().fill(&mut found);
            assert_eq!(found, expected, "{field} of {} bytes", input.len());
        }
        assert_eq!(wire::digest::of_bytes(&input).0, unhex(&case["hash"])[..32], "and ours");
    }
    println!("BLAKE3: {} lengths, each hashed, keyed, derived", cases.len());
    assert_eq!(cases.len(), 35);
}
