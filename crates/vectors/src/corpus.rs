//! Seeds for the fuzz targets (fuzz/README.md), made from the fixtures: what lies behind signatures, seals and digests, since the
//! targets are built without those. `fixtures/corpus/TARGET/fixture-NAME`; other names beside them are not of this program.

use crate::fixture::File;
use crate::read::Fixtures;
use std::collections::BTreeMap;

/// Where the seeds lie, below the fixtures.
pub(crate) const FOLDER: &str = "corpus";
/// Larger sealed files and segments are no seeds, so that the corpus stays small.
const FILE_BYTES_MAX: usize = 20_000;
/// Nor are larger bodies.
const BODY_BYTES_MAX: usize = 3000;

/// Whether a file of the corpus is built here.
pub(crate) fn is_ours(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.starts_with("fixture-"))
}

/// The seeds that these fixtures give.
pub(crate) fn of(files: &[File]) -> Vec<File> {
    let fixtures: BTreeMap<String, Vec<u8>> = files.iter().map(|file| (file.path.clone(), file.bytes.clone())).collect();
    let reader = Fixtures::new(fixtures.clone()).expect("the fixtures that were just built can be read");
    let mut seeds: BTreeMap<Vec<u8>, String> = BTreeMap::new();
    let mut seed = |target: &str, path: &str, bytes: Vec<u8>| {
        let name = path.rsplit('/').next().unwrap_or(path);
        seeds.entry(bytes).or_insert_with(|| format!("{FOLDER}/{target}/fixture-{name}"));
    };
    for page in ["package", "receipt", "label", "envelope"] {
        for (path, zone, good) in reader.entries(page) {
            let Some(file) = reader.unsealed(&path, &zone) else { continue };
            let body = Fixtures::body_of(&file);
            match (page, body) {
                ("package", Some((content, body))) if body.len() <= BODY_BYTES_MAX => seed("manifest", &path, [content.to_le_bytes().to_vec(), body].concat()),
                ("receipt", Some((_, body))) if body.len() <= BODY_BYTES_MAX => seed("receipt", &path, body),
                ("label", Some((_, body))) => seed("label", &path, body),
                _ => {}
            }
            let target = if path.ends_with(".gfp") { "package" } else { "envelope" };
            if file.len() <= FILE_BYTES_MAX && !path.contains("limit") && (good || page == "envelope" && target == "envelope") {
                seed(target, &path, file);
            }
        }
    }
    for (path, bytes) in &fixtures {
        if let Some(name) = path.strip_suffix(".card") {
            seed("card", &name.replace('/', "-"), bytes.clone());
        } else if path == "keys/keys.txt" {
            seed("key_file", "inside", key_file(bytes));
        } else if path.contains("00_five_records") && path.ends_with("checkpoint") {
            seed("checkpoint", "five_records", bytes.clone());
        } else if path.ends_with("/0000000000000000.seg") && bytes.len() <= FILE_BYTES_MAX {
            seed("ledger", path.rsplit('/').nth(1).unwrap_or(path), bytes.clone());
            records(bytes).into_iter().for_each(|(number, record)| seed("record", &format!("{}-{number}", path.rsplit('/').nth(1).unwrap_or(path)), record));
        }
    }
    let mut made: Vec<File> = seeds.into_iter().map(|(bytes, path)| File { path, bytes }).collect();
    made.sort_by(|one, two| one.path.cmp(&two.path));
    made
}

/// The key file of the first zone in keys.txt, as a home of it has it: a line that says so, both secrets and four bytes of a digest.
fn key_file(keys: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(keys);
    let field = |label: &str| text.lines().find_map(|line| line.strip_prefix(label)).unwrap_or_default().to_owned();
    let secrets = field("sign-seed: ") + &field("seal-seed: ");
    let bytes: Vec<u8> = (0..secrets.len() / 2).filter_map(|at| u8::from_str_radix(&secrets[2 * at..2 * at + 2], 16).ok()).collect();
    let check: String = blake3::derive_key("gapferry v1 key file", &bytes)[..4].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("gapferry key 1 clear\n{secrets}{check}\n").into_bytes()
}

/// Kind and body of each whole record of a segment.
fn records(segment: &[u8]) -> Vec<(usize, Vec<u8>)> {
    let mut found = Vec::new();
    let mut rest = segment.get(16..).unwrap_or_default();
    while let Some(header) = rest.first_chunk::<56>() {
        let body_bytes = u32::from_le_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let Some(body) = rest.get(56..56 + body_bytes) else { break };
        found.push((found.len(), [&header[4..6], body].concat()));
        rest = rest.get(88 + body_bytes..).unwrap_or_default();
    }
    found
}
