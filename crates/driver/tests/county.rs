//! An invented county before the checks: nothing is wrong in it; of what is planted all is found and nothing else; and after every
//! business transaction nothing is wrong either. Seeds are new each time and printed; `GAPFERRY_COUNTY_SEED` takes one again.

use county::{County, File, Planted};
use driver::checking::rules::CheckRules;
use rights::cross::{self, Index, Parameters};
use rights::scalar::Date;
use rights::transaction::Transactions;
use rights::{Record, json};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};

fn seed() -> u64 {
    let given = std::env::var("GAPFERRY_COUNTY_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| RandomState::new().hash_one(0));
    println!("GAPFERRY_COUNTY_SEED={seed}");
    seed
}

fn parameters(county: &County) -> Parameters {
    let rules = CheckRules::parse(&county.rules(), "rules").expect("right rules");
    let parameters = rules.parameters(Date::of(2000, 1, 1).expect("a day")).expect("right rules");
    assert!(parameters.not_set().is_empty(), "every rule is checked: {:?}", parameters.not_set());
    parameters
}

type Archive = BTreeMap<String, Vec<u8>>;

fn archive(county: &County) -> Archive {
    let mut archive = Archive::new();
    for village in 0..county.villages() {
        put(&mut archive, county.village(village), true);
    }
    archive
}

fn put(archive: &mut Archive, files: Vec<File>, new: bool) {
    for file in files.into_iter().filter(|file| file.record) {
        let replaced = archive.insert(file.path.clone(), file.bytes);
        assert!(!new || replaced.is_none(), "{} twice", file.path);
    }
}

/// What is found: rule and records. Every record is right, without a doubt, and canonical.
fn found(archive: &Archive, parameters: &Parameters) -> BTreeSet<Planted> {
    let mut index = Index::default();
    for (path, bytes) in archive {
        let record = Record::read(bytes).unwrap_or_else(|faults| panic!("{path}: {faults:?}"));
        assert_eq!(record.doubts(), [], "{path}");
        assert_eq!(record.canonical(), *bytes, "{path}");
        assert_eq!(*path, format!("{}/{}/{}/record.json", record.kind().name, record.text("region"), record.rid()));
        assert!(index.take(&record), "{path}");
    }
    for bytes in archive.values() {
        index.take_again(json::read_tree(bytes).expect("read before").as_object().expect("an object"));
    }
    let mut found = BTreeSet::new();
    cross::run(&index, parameters, &mut |finding| {
        let mut subjects = finding.subjects.clone();
        subjects.sort();
        assert!(found.insert(Planted { rule: finding.rule.id(), subjects }), "{} twice", finding.rule.id());
    });
    found
}

fn assert_found(found: &BTreeSet<Planted>, expected: &BTreeSet<Planted>) {
    let missing: Vec<_> = expected.difference(found).collect();
    let besides: Vec<_> = found.difference(expected).collect();
    assert!(missing.is_empty() && besides.is_empty(), "not found: {missing:#?}\nfound besides: {besides:#?}");
}

#[test]
fn nothing_is_wrong_in_a_county_and_all_that_is_planted_is_found_and_nothing_else() {
    let seed = seed();
    for households in [1, 9, 25, 160] {
        let county = County { seed, households, years: 1, plant: false };
        assert_found(&found(&archive(&county), &parameters(&county)), &BTreeSet::new());
    }
    let county = County { seed, households: 400, years: 2, plant: true };
    let planted: BTreeSet<Planted> = (0..county.villages()).flat_map(|village| county.planted(village)).collect();
    let rules: BTreeSet<&str> = planted.iter().map(|planted| planted.rule.as_str()).collect();
    assert_eq!(rules.len(), 34, "every rule has something to find: {rules:?}");
    assert_found(&found(&archive(&county), &parameters(&county)), &planted);
    let unplanted = County { plant: false, ..county };
    assert_found(&found(&archive(&unplanted), &parameters(&county)), &BTreeSet::new());
}

#[test]
fn every_kind_but_those_that_others_make_is_in_it() {
    let county = County { seed: seed(), households: 300, years: 1, plant: false };
    let kinds: BTreeSet<String> = archive(&county).keys().filter_map(|path| path.split('/').next().map(str::to_owned)).collect();
    let missing: Vec<&str> = rights::kinds::ALL.iter().map(|kind| kind.name).filter(|name| !kinds.contains(*name)).collect();
    assert_eq!(missing, ["annual_statement", "alert"]);
}

#[test]
fn after_every_transaction_nothing_is_wrong() {
    let county = County { seed: seed(), households: 160, years: 1, plant: false };
    let parameters = parameters(&county);
    let mut archive = archive(&county);
    let (steps, mut businesses) = (county.steps(), BTreeSet::new());
    assert_eq!(steps, 40);
    for step in 0..steps {
        let files = county.step(step).expect("a step");
        let mut transactions = Transactions::default();
        for file in &files {
            let record = Record::read(&file.bytes).unwrap_or_else(|faults| panic!("step {step}: {}: {faults:?}", file.path));
            assert_eq!(transactions.add(&record), None, "step {step}: {}", file.path);
            businesses.insert(record.fields().get("txn").and_then(|txn| txn.get("business_code")?.as_str()).expect("a code").to_owned());
            match archive.get(&file.path).map(|before| Record::read(before).expect("read before")) {
                Some(before) => assert_eq!(record.following(&before, false), [], "step {step}: {}", file.path),
                None => assert_eq!(record.version(), 1, "step {step}: {}", file.path),
            }
        }
        assert!(transactions.are_whole(), "step {step}");
        put(&mut archive, files, false);
        if step % 8 == 7 {
            assert_found(&found(&archive, &parameters), &BTreeSet::new());
        }
    }
    assert!(county.step(steps).is_none());
    for business in ["103", "105", "106", "parcel_split"] {
        assert!(businesses.contains(business), "{business} in {businesses:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_another_one_others() {
    let county = County { seed: seed(), households: 40, years: 1, plant: true };
    assert_eq!(county.village(1), county.village(1));
    assert_ne!(county.village(1), County { seed: county.seed ^ 1, ..county }.village(1));
}
