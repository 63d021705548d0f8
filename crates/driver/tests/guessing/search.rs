//! What somebody does who looks for an identity number of 18 digits, and knows where and when its owner was born: the thousand numbers that
//! are left, each in every form in which it might lie in what he holds, looked for at every byte.

use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// What is looked for by its last 16 bytes or its first ones: by chance no 16 bytes are alike.
const KEY_BYTES: usize = 16;

/// People who are looked for at once: some 160,000 forms of each lie in memory.
const TOGETHER: usize = 25;

/// Somebody whose number is withheld.
pub struct Person {
    /// The number: known to the test, which tells by it whether what is found is right.
    pub number: String,
    /// Salts that were shown to the searcher beside the values of this person's certificate.
    pub salts: Vec<[u8; 32]>,
}

/// The check digit of GB 11643 (ISO 7064 MOD 11-2).
pub fn check_digit(digits: &str) -> char {
    let sum: u32 = digits.bytes().zip(0u32..).map(|(digit, place)| u32::from(digit - b'0') * (2u32.pow(17 - place) % 11)).sum();
    char::from(b"10X98765432"[(sum % 11) as usize])
}

/// The numbers that somebody can have who was born in this place on this day: three digits are open, the check digit follows.
fn candidates(number: &str) -> impl Iterator<Item = String> {
    let known = number[..14].to_owned();
    (0..1000).map(move |order| {
        let digits = format!("{known}{order:03}");
        let check = check_digit(&digits);
        digits + &check.to_string()
    })
}

fn base64(bytes: &[u8], alphabet: &[u8; 64]) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        text.extend((0..=group.len()).map(|place| alphabet[(bits >> (18 - 6 * place) & 63) as usize]));
    }
    text
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A commitment of a certificate, as its page has it (spec/certificate.md).
pub fn commitment(salt: &[u8; 32], name: &str, value: &str) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("gapferry v1 certificate field");
    hasher.update(salt).update(&(name.len() as u64).to_le_bytes()).update(name.as_bytes()).update(value.as_bytes());
    *hasher.finalize().as_bytes()
}

/// The name of the number in a certificate.
pub const NAME: &str = "/rows/member/0/id_no";

/// Every form of a number: itself; the digests of it and of its JSON, plain and under each key that the searcher holds; what it would be
/// committed to as under each salt that he was shown. Digests as they are, in hex of both kinds and in base64 of both.
fn forms(number: &str, keys: &[[u8; 32]], salts: &[[u8; 32]], take: &mut dyn FnMut(&[u8])) {
    let json = format!("\"{number}\"");
    take(&number.as_bytes()[number.len() - KEY_BYTES..]);
    let mut digest = |bytes: [u8; 32]| {
        let hex = |digits: &[u8; 16]| bytes.iter().flat_map(|byte| [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]).collect::<Vec<u8>>();
        take(&bytes);
        take(&hex(b"0123456789abcdef"));
        take(&hex(b"0123456789ABCDEF"));
        take(&base64(&bytes, STANDARD));
        take(&base64(&bytes, URL));
    };
    for text in [number, json.as_str()] {
        digest(*blake3::hash(text.as_bytes()).as_bytes());
        digest(Sha256::digest(text.as_bytes()).into());
        keys.iter().for_each(|key| digest(*blake3::keyed_hash(key, text.as_bytes()).as_bytes()));
        keys.iter().for_each(|key| digest(Sha256::digest([key.as_slice(), text.as_bytes()].concat()).into()));
    }
    salts.iter().for_each(|salt| digest(commitment(salt, NAME, &json)));
}

/// What is looked for at once, and whose it is.
struct Sought {
    by_key: HashMap<u128, usize>,
    /// A bit for each of the hashes of what is sought: most bytes are done with after one look.
    bits: Vec<u64>,
}

impl Sought {
    fn bit(key: u128) -> usize {
        ((key as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 38) as usize
    }

    fn of(persons: &[Person], keys: &[[u8; 32]]) -> Self {
        let mut sought = Self { by_key: HashMap::new(), bits: vec![0; 1 << 20] };
        for (place, person) in persons.iter().enumerate() {
            assert!(candidates(&person.number).any(|candidate| candidate == person.number), "the right number is among those that are tried");
            for candidate in candidates(&person.number) {
                forms(&candidate, keys, &person.salts, &mut |form| {
                    let key = u128::from_le_bytes(form[..KEY_BYTES].try_into().unwrap());
                    sought.by_key.insert(key, place);
                    sought.bits[Self::bit(key) / 64] |= 1 << (Self::bit(key) % 64);
                });
            }
        }
        sought
    }

    fn at(&self, window: &[u8]) -> Option<usize> {
        let key = u128::from_le_bytes(window.try_into().unwrap());
        let maybe = self.bits[Self::bit(key) / 64] >> (Self::bit(key) % 64) & 1 == 1;
        maybe.then(|| self.by_key.get(&key).copied()).flatten()
    }
}

/// Tries all candidates of all these people against everything that is held; gives whose number was found, and where.
pub fn search(persons: &[Person], keys: &[[u8; 32]], held: &[(String, Vec<u8>)]) -> Vec<(String, String)> {
    let of_some = |persons: &[Person]| {
        let (sought, mut found) = (Sought::of(persons, keys), Vec::new());
        for (place, bytes) in held {
            let hits = bytes.windows(KEY_BYTES).filter_map(|window| sought.at(window));
            found.extend(hits.map(|person| (persons[person].number.clone(), place.clone())));
        }
        found
    };
    persons.par_chunks(TOGETHER).flat_map_iter(of_some).collect()
}
