//! The fixtures against the specification's own reader, and against what lies in `fixtures/`.

use crate::read::{Fixtures, Verdict};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

fn built() -> BTreeMap<String, Vec<u8>> {
    crate::build().into_iter().map(|file| (file.path, file.bytes)).collect()
}

fn verdicts(files: BTreeMap<String, Vec<u8>>) -> Vec<Verdict> {
    Fixtures::new(files).unwrap().verdicts().unwrap()
}

/// Where the fixtures lie in the repository.
fn directory() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures")
}

#[test]
fn what_lies_there_is_what_is_built_and_reads_as_it_must() {
    let found = crate::load(&directory()).unwrap();
    let differences = crate::differences(&found, &built());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    let total = |corpus: bool| found.iter().filter(|(path, _)| path.starts_with("corpus/") == corpus).map(|(_, bytes)| bytes.len()).sum::<usize>();
    assert!(total(false) < 9_000_000 && total(true) < 1_000_000, "{} and {} bytes", total(false), total(true));

    let verdicts = verdicts(found.clone());
    let wrong: Vec<String> =
        verdicts.iter().filter(|verdict| !verdict.agrees()).map(|verdict| format!("{} read as {:?}", verdict.path, verdict.read)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // Every fixture file is in an index, and no index names one that is not there.
    let indexed: BTreeSet<&str> = verdicts.iter().map(|verdict| verdict.path.as_str()).collect();
    for path in found.keys().filter(|path| path.contains("/bad/") || path.contains("/good/")) {
        let fixture = path.split_inclusive('/').take(3).collect::<String>();
        let fixture = fixture.trim_end_matches('/');
        assert!(fixture.ends_with(".json") || indexed.contains(fixture), "{path} is in no index");
    }
}

#[test]
fn every_clause_of_the_specification_has_a_bad_fixture_and_every_bad_fixture_a_clause() {
    let codes = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/codes.md")).unwrap();
    let formats = ["ENV-", "PKG-", "RCT-", "CRD-", "LBL-", "LDG-", "CRT-"];
    let rows = codes.lines().filter_map(|line| line.strip_prefix("| ")).filter_map(|line| line.split(' ').next());
    let clauses: BTreeSet<String> = rows.filter(|code| formats.iter().any(|format| code.starts_with(format))).map(str::to_owned).collect();
    let files = built();
    let broken: BTreeSet<String> =
        files.keys().filter_map(|path| path.split_once("/bad/")).filter_map(|(_, name)| name.split_once('_')).map(|(code, _)| code.to_owned()).collect();
    assert_eq!(clauses, broken);
    assert_eq!(clauses.len(), 80);
}

#[test]
fn building_twice_gives_the_same_bytes() {
    assert_eq!(built(), built());
}

#[test]
fn parts_make_the_whole_document() {
    let assembled = Fixtures::new(built()).unwrap().assembled_parts().unwrap();
    assert!(!assembled.is_empty());
    for (digest, bytes) in assembled {
        assert_eq!(blake3::hash(&bytes).as_bytes(), &digest);
    }
}

/// A small package, receipt, label and card: bytes altered in turn, every prefix, and two of them joined.
#[test]
fn nothing_altered_is_accepted() {
    let files = built();
    let mut fixtures = Fixtures::new(files.clone()).unwrap();
    for (page, name) in
        [("package", "good/00_after_a_gap.gfp"), ("receipt", "good/00_digest.gfr"), ("label", "good/00_served.gfl"), ("card", "good/00_replica.card")]
    {
        let original = &files[&format!("{page}/{name}")];
        // In the package every 23rd byte meets header, wrapped key, frame and tag many times; the others are altered throughout.
        let step = if original.len() > 5000 { 23 } else { 1 };
        let spoilt = (0..original.len()).step_by(step).flat_map(|at| {
            let mut altered = original.clone();
            altered[at] ^= 1 << (at % 8);
            [altered, original[..at].to_vec()]
        });
        for (attempt, bytes) in spoilt.chain([original.repeat(2)]).enumerate() {
            let read = fixtures.reread(page, name, bytes).unwrap();
            assert!(read.is_err(), "{page}/{name}, attempt {attempt}");
        }
        assert_eq!(fixtures.reread(page, name, original.clone()).unwrap(), Ok(()));
    }
}
