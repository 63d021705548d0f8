//! Identity numbers that a route withholds are found by nobody who holds the replica with all its secrets and everything that travelled,
//! and tries every number that somebody with a known place and day of birth can have. `GAPFERRY_PERSONS` says of how many people.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod search;
#[path = "../stand/mod.rs"]
mod stand;

use county::County;
use driver::home::{Access, Home};
use driver::{CertificateSignOptions, CertificateVerifyOptions};
use seal::envelope::Opening;
use seal::frames;
use search::{NAME, Person, check_digit, commitment, search};
use serde_json::Value;
use stand::{Stand, tree};
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use wire::header::Kind;
use wire::manifest::Manifest;

/// Everything that is looked through: places with what lies there.
type Held = Vec<(String, Vec<u8>)>;

/// A county whose share certificates name the identity number and the day of birth of their holders, which the template withholds.
struct Outside {
    stand: Stand,
    /// Certificates by path below the archive, with the number of the holder.
    holders: BTreeMap<String, String>,
    packages: Held,
    keys: Vec<[u8; 32]>,
}

impl Outside {
    fn new(households: u64) -> Self {
        let seed = std::env::var("GAPFERRY_COUNTY_SEED").ok().and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or_else(|| RandomState::new().hash_one(0));
        println!("GAPFERRY_COUNTY_SEED={seed}");
        let county = County { seed, households, years: 1, plant: false };
        let stand = Stand::new();
        let mut holders = BTreeMap::new();
        for village in 0..county.villages() {
            let files = county.village(village);
            let of_kind = |kind: &'static str| files.iter().filter(move |file| file.record && file.path.starts_with(&format!("{kind}/")));
            let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
            let members: HashMap<String, Value> = of_kind("member").map(|file| read(&file.bytes)).map(|record| (record["rid"].to_string(), record)).collect();
            of_kind("cert_template").for_each(|file| stand.write(&file.path, &file.bytes));
            for file in of_kind("ecertificate") {
                let mut record = read(&file.bytes);
                if let Some(member) = record["rows"]["member"].get(0).and_then(|row| members.get(&row["rid"].to_string())) {
                    let row = &mut record["rows"]["member"][0];
                    (row["id_no"], row["birth_date"]) = (member["id_no"].clone(), member["birth_date"].clone());
                    holders.insert(file.path.clone(), member["id_no"].as_str().unwrap().to_owned());
                }
                stand.write(&file.path, record.to_string().as_bytes());
            }
        }
        let mut outside = Self { stand, holders, packages: Vec::new(), keys: Vec::new() };
        outside.carry();
        outside
    }

    /// The archive is one of records, its certificates are signed, and the template for the internet carries what it may.
    fn carry(&mut self) {
        let (stand, inside) = (&self.stand, self.stand.home("source"));
        let file = inside.join("gapferry.toml");
        let text = fs::read_to_string(&file).unwrap();
        let root = text.lines().find(|line| line.starts_with("root = ")).unwrap();
        fs::write(&file, text.replace(root, &format!("{root}\nlayout = \"records\"")).replace("\n[policy]\n", "\n[policy]\nbreaker_items = 1000000000\n"))
            .unwrap();
        let signed = driver::certificate_sign(stand.world(), &inside, &CertificateSignOptions::default()).unwrap();
        assert!(signed.refused == 0 && signed.signed >= self.holders.len() as u64, "{:?}", signed.problems);
        driver::capture(stand.world(), &inside, false).unwrap();
        let shipped = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/templates/RT2.toml")).unwrap();
        let template = stand.root.join("RT2.toml");
        fs::write(&template, shipped.replace("replica = \"internet\"", "replica = \"outside\"")).unwrap();
        driver::template_activate(stand.world(), &inside, &template, "all", "approved", false).unwrap();
        for _ in 0..2 {
            stand.carry_source();
            let medium = tree(&stand.medium.join("gapferry")).into_iter().map(|(name, leaf)| (String::from_utf8(name).unwrap(), leaf.0));
            let medium: Held = medium.collect();
            let home = Home::open(stand.world(), &stand.home("replica"), Access::Read).unwrap();
            for (name, bytes) in medium.iter().filter(|(name, _)| name.ends_with(".gfp")) {
                let (manifest, plain) = opened(&home, bytes);
                self.keys.push(manifest.nonce);
                self.packages.push((format!("{name}, opened"), plain));
            }
            self.keys.extend(home.keys().iter().flat_map(|keys| [keys.sign, keys.seal]));
            self.packages.extend(medium);
            drop(home);
            stand.carry_replica();
        }
        stand.carry_source();
        self.keys.sort_unstable();
        self.keys.dedup();
        let (total, done) = stand.counts();
        assert!(total > 0 && total == done, "{done} of {total}");
    }

    /// All that somebody holds who has the replica, its home, and every medium that ever came.
    fn held(&self) -> Held {
        let mut held = Vec::new();
        for folder in [self.stand.replica.clone(), self.stand.home("replica"), self.stand.medium.clone()] {
            held.extend(tree(&folder).into_iter().map(|(name, leaf)| (folder.join(String::from_utf8(name).unwrap()).display().to_string(), leaf.0)));
        }
        held.extend(self.packages.iter().cloned());
        held
    }

    /// People whose certificates lie on the replica, with the salts that are shown there.
    fn persons(&self, count: usize) -> Vec<Person> {
        let there: Vec<(&String, &String, PathBuf)> =
            self.holders.iter().map(|(path, number)| (path, number, self.stand.replica.join(path))).filter(|(.., file)| file.is_file()).collect();
        assert!(there.len() >= count, "{} people hold certificates there, {count} are asked for", there.len());
        let step = there.len() / count;
        let person = |(_, number, file): &(&String, &String, PathBuf)| {
            let shown: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
            assert!(shown.get("rows").is_none(), "the template shows no rows: {shown}");
            let opened = shown["proof"]["opened"].as_object().unwrap();
            Person { number: (*number).clone(), salts: opened.values().map(|salt| bytes_of(salt.as_str().unwrap())).collect() }
        };
        there.iter().step_by(step).take(count).map(person).collect()
    }
}

/// The manifest of a package, and all that is sealed in it, in plain and decompressed.
fn opened(home: &Home, file: &[u8]) -> (Manifest, Vec<u8>) {
    let opening = Opening::new(file, file.len() as u64, Kind::Package, home.keys()).unwrap();
    let mut plain = Vec::new();
    for index in 0..frames::count(opening.header.plain_bytes) {
        let place = frames::place(&opening.header, index);
        let mut frame = file[place.at as usize..(place.at + place.bytes) as usize].to_vec();
        opening.frames.open(index, place.last, &mut frame).unwrap();
        plain.extend_from_slice(&frame);
    }
    let trailer = opening.trailer(&plain).unwrap();
    let (body_at, body_end) = (trailer.body_at as usize, (trailer.body_at + trailer.body_stored) as usize);
    let seals = &plain[body_end..body_end + trailer.seals_bytes as usize];
    let verified = opening.verify(&trailer, &plain[body_at..body_end], seals, &|signer| home.signing_key(signer)).unwrap();
    let manifest = Manifest::decode(&verified.body, trailer.body_at).unwrap();
    let (mut all, mut at) = (plain.clone(), 0);
    for block in &manifest.blocks {
        let stored = &plain[at..at + block.stored as usize];
        all.extend(match block.stored == block.plain {
            true => stored.to_vec(),
            false => seal::block::decompress(stored, block.plain as usize, &wire::clause::PKG_BLOCK).unwrap(),
        });
        at += block.stored as usize;
    }
    all.extend(verified.body);
    (manifest, all)
}

/// 32 bytes of base64url.
fn bytes_of(text: &str) -> [u8; 32] {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut bits = text.bytes().flat_map(|byte| {
        let value = alphabet.iter().position(|known| *known == byte).unwrap();
        (0..6).rev().map(move |bit| value >> bit & 1 == 1)
    });
    std::array::from_fn(|_| (0..8).fold(0, |byte, _| byte << 1 | u8::from(bits.next().unwrap())))
}

fn persons_wanted() -> usize {
    std::env::var("GAPFERRY_PERSONS").ok().and_then(|count| count.parse().ok()).unwrap_or(6)
}

#[test]
fn a_withheld_identity_number_is_found_by_nobody_who_tries_them_all() {
    let count = persons_wanted();
    let outside = Outside::new((count as u64 + count as u64 / 4).max(20));
    let (held, persons) = (outside.held(), outside.persons(count));
    let bytes: usize = held.iter().map(|(_, bytes)| bytes.len()).sum();
    let found = search(&persons, &outside.keys, &held);
    assert!(found.is_empty(), "{found:?}");
    println!("{count} people, 1000 candidates each, {} keys, {bytes} bytes: none found", outside.keys.len());
    // What travelled is true all the same, and says so.
    let files = outside.holders.keys().map(|path| outside.stand.replica.join(path)).filter(|file| file.is_file()).take(500).collect();
    let options = CertificateVerifyOptions { files, ..CertificateVerifyOptions::default() };
    let report = driver::certificate_verify(outside.stand.world(), Some(&outside.stand.home("replica")), &options).unwrap();
    assert!(report.certificates.len() >= count.min(500) && report.certificates.iter().all(|one| one.proven && one.withheld > 0), "{:?}", report.problems);
}

/// The search finds what it is to find: whatever form the number has, wherever it lies; and a commitment, once its salt is known.
#[test]
fn the_search_finds_what_lies_there() {
    let outside = Outside::new(20);
    let (path, number) = outside.holders.iter().find(|(path, _)| outside.stand.replica.join(path).is_file()).unwrap();
    let json = format!("\"{number}\"");
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into_bytes();
    let key = outside.keys[0];
    let blake = *blake3::hash(number.as_bytes()).as_bytes();
    let sha: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(json.as_bytes()).into();
    let person = |salts: Vec<[u8; 32]>| vec![Person { number: number.clone(), salts }];
    for (what, form) in [
        ("itself", number.clone().into_bytes()),
        ("its JSON", json.clone().into_bytes()),
        ("its digest", blake.to_vec()),
        ("its digest in hex", hex(&blake)),
        ("the digest of its JSON", sha.to_vec()),
        ("the same in capitals", hex(&sha).to_ascii_uppercase()),
        ("under a key of the replica", blake3::keyed_hash(&key, json.as_bytes()).as_bytes().to_vec()),
    ] {
        let planted = vec![("planted".to_owned(), [b"between ".as_slice(), &form, b" other bytes"].concat())];
        assert_eq!(search(&person(Vec::new()), &outside.keys, &planted), [(number.clone(), "planted".to_owned())], "{what}");
    }
    // With the secret that stays inside, the number is found in what is withheld on the replica: it is there, behind its salt alone.
    let inside: Value = serde_json::from_slice(&fs::read(outside.stand.source.join(path)).unwrap()).unwrap();
    let secret = bytes_of(inside["proof"]["secret"].as_str().unwrap());
    let mut hasher = blake3::Hasher::new_derive_key("gapferry v1 certificate salt");
    hasher.update(&secret).update(NAME.as_bytes());
    let salt = *hasher.finalize().as_bytes();
    let found = search(&person(vec![salt]), &[], &outside.held());
    assert!(found.iter().any(|(_, place)| place.ends_with(path.as_str())), "{found:?}");
    assert_ne!(commitment(&salt, NAME, &json), commitment(&[0; 32], NAME, &json));
    assert_eq!(check_digit(&number[..17]), number.chars().next_back().unwrap());
}
