//! A lost medium tells nothing (P10; faults M08, M09): a raw scan of everything on it, contents and file names, finds no name,
//! no content, no digest and no zone of the archive it serves; file times say nothing; and two archives of one size class
//! cannot be told apart by the sizes of their packages.
//!
//! What a dozen bytes by chance may do is done justice to: a needle shorter than seven bytes counts as found when it lies on each
//! of three media that were sealed independently with the same items, a longer one when it lies anywhere.

use crate::stand::{Random, Side, Stand, size, tree};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Shorter needles are found by chance in megabytes of noise.
const CHANCE_BYTES: usize = 7;
/// Media that are sealed independently.
const MEDIA: usize = 3;

/// The characters of the names below in GB18030.
const GB18030: &[(char, &[u8])] = &[
    ('村', &[0xb4, 0xe5]),
    ('集', &[0xbc, 0xaf]),
    ('体', &[0xcc, 0xe5]),
    ('资', &[0xd7, 0xca]),
    ('产', &[0xb2, 0xfa]),
    ('卡', &[0xbf, 0xa8]),
    ('片', &[0xc6, 0xac]),
    ('宅', &[0xd5, 0xac]),
    ('基', &[0xbb, 0xf9]),
    ('地', &[0xb5, 0xd8]),
    ('登', &[0xb5, 0xc7]),
    ('记', &[0xbc, 0xc7]),
    ('簿', &[0xb2, 0xbe]),
    ('土', &[0xcd, 0xc1]),
    ('承', &[0xb3, 0xd0]),
    ('包', &[0xb0, 0xfc]),
    ('合', &[0xba, 0xcf]),
    ('同', &[0xcd, 0xac]),
    ('扫', &[0xc9, 0xa8]),
    ('描', &[0xc3, 0xe8]),
    ('件', &[0xbc, 0xfe]),
    ('契', &[0xc6, 0xf5]),
    ('张', &[0xd5, 0xc5]),
    ('王', &[0xcd, 0xf5]),
    ('李', &[0xc0, 0xee]),
    ('赵', &[0xd5, 0xd4]),
    ('𠀀', &[0x95, 0x32, 0x82, 0x36]),
];

/// A text in UTF-8, UTF-16 of both orders, and GB18030.
fn encodings(text: &str) -> [Vec<u8>; 4] {
    let wide: Vec<u16> = text.encode_utf16().collect();
    let gb18030 = text.chars().flat_map(|character| {
        let known = GB18030.iter().find(|(known, _)| *known == character).map(|(_, bytes)| bytes.to_vec());
        known.unwrap_or_else(|| vec![u8::try_from(character).ok().filter(u8::is_ascii).unwrap_or_else(|| panic!("{character} is not in the table"))])
    });
    [
        text.as_bytes().to_vec(),
        wide.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
        wide.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
        gb18030.collect(),
    ]
}

/// What must not be found, with where it is from.
#[derive(Default)]
struct Needles {
    by_start: HashMap<[u8; 4], Vec<(Vec<u8>, String)>>,
    count: usize,
}

impl Needles {
    /// Adds a needle of at least four bytes that are not all alike.
    fn add(&mut self, needle: &[u8], from: &str) {
        let Some(start) = needle.first_chunk::<4>() else { return };
        if needle.iter().collect::<BTreeSet<_>>().len() < 3 {
            return;
        }
        self.count += 1;
        self.by_start.entry(*start).or_default().push((needle.to_vec(), from.to_owned()));
    }

    /// Adds a text in every encoding.
    fn add_text(&mut self, text: &str, from: &str) {
        if text.len() >= 4 {
            encodings(text).iter().for_each(|bytes| self.add(bytes, &format!("{from} {text:?}")));
        }
    }

    /// Adds every run of eight bytes, every so manieth of them.
    fn add_runs(&mut self, bytes: &[u8], step: usize, from: &str) {
        bytes.windows(8).step_by(step).for_each(|run| self.add(run, from));
    }

    /// What of it lies in these bytes.
    fn found<'n>(&'n self, bytes: &[u8]) -> BTreeSet<(&'n [u8], &'n str)> {
        let mut found = BTreeSet::new();
        for at in 0..bytes.len().saturating_sub(3) {
            let start: [u8; 4] = bytes[at..at + 4].try_into().expect("four bytes");
            let Some(candidates) = self.by_start.get(&start) else { continue };
            found.extend(candidates.iter().filter(|(needle, _)| bytes[at..].starts_with(needle)).map(|(needle, from)| (needle.as_slice(), from.as_str())));
        }
        found
    }
}

/// What lies on the media, read raw: contents and names.
fn everything(medium: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for (path, (content, modified, _)) in tree(medium) {
        let name = String::from_utf8(path).expect("names on a medium are ASCII");
        let plain = name
            .strip_prefix("gapferry/")
            .is_some_and(|name| name.len() <= 40 && name.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase() || byte == b'.'));
        assert!(plain, "{name} says more than it must");
        assert_eq!(modified, 0, "the time of {name}");
        all.extend_from_slice(name.as_bytes());
        all.extend_from_slice(&content);
    }
    all
}

/// A small archive with names and texts of the field.
fn fill(stand: &Stand, random: &mut Random) {
    let folders = ["村集体资产卡片", "宅基地登记簿", "土地承包合同 2019", "扫描件", "cards-archive", "𠀀地契"];
    let kinds = ["地契", "合同", "卡片", "登记簿", "plot", "scan", "张王李赵"];
    for number in 0..size("GAPFERRY_DOCUMENTS", 60) {
        let folder = folders[usize::try_from(random.below(folders.len() as u64)).expect("small")];
        let kind = kinds[usize::try_from(random.below(kinds.len() as u64)).expect("small")];
        let text =
            format!("{{\"村集体资产\": \"{kind} {number}\", \"地契\": \"{}\", \"李\": {}}}\n", "土地承包合同".repeat(1 + number as usize % 9), random.next());
        let content = match number % 5 {
            0 => random.bytes(3000 + number as usize * 100),
            1 => encodings(&text.repeat(20))[1].clone(),
            2 => encodings(&text.repeat(20))[3].clone(),
            _ => text.repeat(10).into_bytes(),
        };
        stand.write(format!("{folder}/{kind} {number:04}.json"), content);
    }
    stand.write("宅基地登记簿/large scan.tif", random.bytes(600_000));
}

/// Everything that must not be found on a medium of this stand.
fn needles(stand: &Stand, random: &mut Random) -> Needles {
    let mut needles = Needles::default();
    for name in ["inside", "outside", "cards", "outward"] {
        needles.add_text(name, "zone, archive or route");
    }
    for side in [Side::Source, Side::Replica] {
        let id = stand.expect(side, &["card"], 0)["id"].as_str().expect("a zone id").to_owned();
        needles.add_text(&id[..16], "zone id");
        needles.add(&bytes_of(&id), "zone id");
    }
    for (path, (content, ..)) in tree(&stand.archive) {
        let path = String::from_utf8(path).expect("names of this archive are UTF-8");
        for component in path.split('/') {
            needles.add_text(component, "name");
            needles.add_text(component.split('.').next().expect("a first part"), "name without ending");
        }
        needles.add_runs(path.as_bytes(), 1, &format!("path {path}"));
        let step = 1 + usize::try_from(random.below(97)).expect("small");
        needles.add_runs(&content, step, &format!("content of {path}"));
    }
    for item in stand.expect(Side::Source, &["items"], 0)["items"].as_array().expect("items") {
        let digest = bytes_of(item["digest"].as_str().expect("a digest"));
        needles.add_runs(&digest, 8, "digest of a document");
    }
    needles
}

fn bytes_of(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hex")).collect()
}

#[test]
fn a_raw_scan_of_the_medium_finds_nothing() {
    let mut random = Random::new("opaque");
    let stand = Stand::new();
    fill(&stand, &mut random);
    let media: Vec<String> = (0..MEDIA).map(|number| stand.folder(&format!("medium-{number}")).to_str().expect("UTF-8").to_owned()).collect();
    media.iter().for_each(|medium| fs::create_dir(medium).expect("made"));
    let carry = |side, receipt: &[&str]| media.iter().for_each(|medium| drop(stand.expect(side, &[&["carry", medium.as_str()], receipt].concat(), 0)));
    // What is not proven travels on every medium: each holds all of the archive, sealed anew.
    carry(Side::Source, &[]);
    let needles = needles(&stand, &mut random);
    assert!(needles.count > 1000, "{} needles", needles.count);
    let look = |when: &str| {
        let scanned: Vec<Vec<u8>> = media.iter().map(|medium| everything(Path::new(medium))).collect();
        let mut found: BTreeMap<(&[u8], &str), usize> = BTreeMap::new();
        for bytes in &scanned {
            needles.found(bytes).into_iter().for_each(|needle| *found.entry(needle).or_default() += 1);
        }
        let told: Vec<_> = found.into_iter().filter(|((needle, _), media)| needle.len() >= CHANCE_BYTES || *media == MEDIA).collect();
        println!("{when}: {} needles in {} bytes", needles.count, scanned.iter().map(Vec::len).sum::<usize>());
        assert!(told.is_empty(), "{when}, the media tell: {told:?}");
    };
    look("packages");
    carry(Side::Replica, &["--receipt", "full"]);
    look("packages and full receipts");
    carry(Side::Source, &[]);
    look("acknowledgements");
    // The scan itself: what is planted is found, in each encoding.
    for planted in encodings("土地承包合同 2019") {
        let noise = [random.bytes(1000), planted, random.bytes(1000)].concat();
        assert!(!needles.found(&noise).is_empty(), "a name in the clear is seen");
    }
    let (path, (content, ..)) = tree(&stand.archive).into_iter().next_back().expect("a document");
    assert!(needles.found(&content).len() > 1 && !needles.found(&path).is_empty(), "content and names in the clear are seen");
}

/// The sizes of the files on the medium after the source has packed documents of these sizes.
fn sizes(random: &mut Random, documents: &[(String, usize)]) -> Vec<(String, u64)> {
    let stand = Stand::new();
    for (name, bytes) in documents {
        stand.write(name, random.bytes(*bytes));
    }
    stand.carry(Side::Source);
    let files = fs::read_dir(stand.medium.join("gapferry")).expect("the medium can be listed").map(|entry| entry.expect("an entry").path());
    let mut sizes: Vec<(String, u64)> =
        files.map(|path| (path.extension().expect("an ending").to_string_lossy().into_owned(), fs::metadata(&path).expect("a file").size())).collect();
    sizes.sort();
    sizes
}

#[test]
fn archives_of_one_size_class_cannot_be_told_apart() {
    let mut random = Random::new("size class");
    // Of each class: one document; many short ones with long names; a few of odd sizes. A class of this size is 16 KiB wide.
    for class in [0, 55 * 16_384, 60 * 16_384] {
        let content: usize = if class == 0 { 2000 } else { class - 11_000 };
        let one = vec![("a".to_owned(), content)];
        let name = |number: usize| format!("村集体资产卡片/一个 很长的 名字/{number:05}.json");
        let many = (0..40).map(|number| (name(number), (content - 2000) / 40)).collect::<Vec<_>>();
        let few = vec![
            ("x".to_owned(), content / 2),
            ("y/z".to_owned(), content / 3),
            ("empty".to_owned(), 0),
            ("rest".to_owned(), (content / 6).saturating_sub(500)),
        ];
        let seen: Vec<_> = [one, many, few].iter().map(|documents| sizes(&mut random, documents)).collect();
        assert_eq!(seen[0], seen[1], "one document or forty");
        assert_eq!(seen[0], seen[2], "one document or four");
        assert_eq!(seen[0].len(), 2, "a label and a package: {:?}", seen[0]);
    }
}
