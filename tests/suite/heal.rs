//! A replica that was damaged at rest heals by carrying alone, and what nobody sent is told and set aside (faults C08, A08):
//! bits flip, files are cut, removed, replaced by links and folders, and files appear.
//!
//! `GAPFERRY_DOCUMENTS` says how many documents, `tests/full/41-heal.sh` asks for many.

use crate::stand::{Random, Side, Stand, size, tree};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{FileExt, symlink};
use std::path::Path;

fn names(list: &Value, field: &str) -> BTreeSet<String> {
    list.as_array().expect("a list").iter().map(|entry| entry[field].as_str().expect("a name").to_owned()).collect()
}

/// Damages a document of the replica in one of several ways, and nobody sees it in its attributes where that can be.
fn damage(path: &Path, kind: usize, random: &mut Random) {
    let metadata = fs::metadata(path).expect("there");
    match kind {
        0 => {
            let file = fs::OpenOptions::new().read(true).write(true).open(path).expect("opened");
            let (at, mut byte) = (random.below(metadata.len()), [0]);
            file.read_exact_at(&mut byte, at).expect("read");
            byte[0] ^= 1 << random.below(8);
            file.write_all_at(&byte, at).expect("written");
            file.set_modified(metadata.modified().expect("a time")).expect("set");
        }
        1 => fs::OpenOptions::new().write(true).open(path).expect("opened").set_len(random.below(metadata.len())).expect("cut"),
        2 => fs::remove_file(path).expect("removed"),
        3 => {
            fs::remove_file(path).expect("removed");
            symlink("/etc/hostname", path).expect("a link");
        }
        _ => {
            fs::remove_file(path).expect("removed");
            fs::create_dir(path).expect("a folder");
            fs::write(path.join("inside"), b"inside").expect("written");
        }
    }
}

/// FAULTS C08, A08
#[test]
fn a_damaged_replica_heals_by_carrying_alone() {
    let mut random = Random::new("heal");
    let stand = Stand::new();
    stand.without_breaker();
    let count = size("GAPFERRY_DOCUMENTS", 400);
    let name = |number: u64| format!("册 {:03}/{number:06}.json", number / 100);
    for number in 0..count {
        let length = 50 + random.below(2000);
        stand.write(name(number), random.bytes(usize::try_from(length).expect("small")));
    }
    stand.round();
    stand.expect_true();
    let there = |name: &str| stand.replica.join(name);
    let mut damaged = BTreeSet::new();
    while damaged.len() < usize::try_from(count.div_ceil(100).max(15)).expect("small") {
        let name = name(random.below(count));
        if damaged.insert(name.clone()) {
            damage(&there(&name), damaged.len() % 5, &mut random);
        }
    }
    let extra: BTreeSet<String> = (0..count.div_ceil(200).max(5)).map(|number| format!("put there/{}/by hand {number}", number % 3)).collect();
    for name in &extra {
        fs::create_dir_all(there(name).parent().expect("a folder")).expect("made");
        fs::write(there(name), b"nobody sent it").expect("written");
    }
    println!("{count} documents, {} damaged, {} extra", damaged.len(), extra.len());

    let ran = stand.run(Side::Replica, &["scrub", "--rate", "1GB"]);
    assert_eq!((ran.exit, ran.codes()), (Some(1), vec!["RPL-09".to_owned()]), "{:?}", ran.stderr);
    let cut = |names: &BTreeSet<String>| names.len().min(1000);
    assert_eq!((ran.object["items"].as_u64(), ran.object["extra_total"].as_u64()), (Some(count), Some(extra.len() as u64)));
    assert!(names(&ran.object["damaged"], "item").is_subset(&damaged) && names(&ran.object["damaged"], "item").len() == cut(&damaged));
    assert!(names(&ran.object["extra"], "path").is_subset(&extra) && names(&ran.object["extra"], "path").len() == cut(&extra));
    // The receipt goes with the next medium that comes by, and names exactly those.
    stand.carry(Side::Replica);
    let taken = stand.carry(Side::Source);
    let told = names(&taken["reconciled"]["discrepancies"], "item");
    assert!(told.is_subset(&damaged) && told.len() == cut(&damaged), "{told:?}");
    let failed: u64 = taken["reconciled"]["receipts"].as_array().expect("a list").iter().map(|receipt| receipt["failed"].as_u64().expect("a number")).sum();
    assert_eq!(failed, damaged.len() as u64);
    assert_eq!(stand.route(Side::Source)["extra"].as_u64(), Some(extra.len() as u64));
    assert_eq!(stand.counts(), (count, count - damaged.len() as u64));
    // What was cut, flipped or put in their place is kept aside, not lost.
    let ran = stand.run(Side::Replica, &["carry", stand.medium.to_str().expect("UTF-8")]);
    assert_eq!(ran.exit, Some(1), "{ran:#?}");
    assert!(ran.codes().iter().all(|code| code == "RPL-03"), "{ran:#?}");
    stand.carry(Side::Source);
    assert_eq!(stand.counts(), (count, count));

    // All that is left are the files that nobody sent.
    let mut left = tree(&stand.replica);
    tree(&stand.archive).iter().for_each(|(path, leaf)| assert!(left.remove(path).as_ref() == Some(leaf), "{}", String::from_utf8_lossy(path)));
    assert_eq!(left.keys().map(|path| String::from_utf8_lossy(path).into_owned()).collect::<BTreeSet<_>>(), extra);
    let scrubbed = stand.expect(Side::Replica, &["scrub", "--set-aside-extra", "--to", stand.medium.to_str().expect("UTF-8")], 0);
    assert_eq!((scrubbed["set_aside"].as_u64(), scrubbed["extra_total"].as_u64()), (Some(extra.len() as u64), Some(0)));
    assert_eq!(scrubbed["damaged"], Value::Array(vec![]));
    stand.carry(Side::Source);
    stand.expect_true();
    stand.expect_whole();
    assert_eq!(stand.route(Side::Source)["extra"].as_u64(), Some(0));
}

/// FAULTS C08
#[test]
fn a_scrub_that_is_killed_goes_on_and_tells_everything() {
    let stand = Stand::new();
    for number in 0..300 {
        stand.write(format!("{number:03}"), format!("content {number}").repeat(40));
    }
    stand.round();
    fs::write(stand.replica.join("007"), b"rot").expect("written");
    // So slow that it never ends by itself.
    let mut slow = stand.command(Side::Replica, &["scrub", "--rate", "1"]).stdout(std::process::Stdio::null()).spawn().expect("started");
    crate::stand::wait_for("the scrub to begin", || {
        let ran = stand.run(Side::Replica, &["ledger", "show"]);
        ran.object["records"].as_array().is_some_and(|records| records.iter().any(|record| record["kind"] == "ScrubStep")).then_some(())
    });
    slow.kill().expect("killed");
    slow.wait().expect("ended");
    let ran = stand.run(Side::Replica, &["scrub", "--to", stand.medium.to_str().expect("UTF-8")]);
    assert_eq!(ran.exit, Some(1), "{ran:#?}");
    let count = |field: &str| ran.object[field].as_u64().expect("a number");
    assert_eq!((count("items") + count("resumed"), names(&ran.object["damaged"], "item")), (300, BTreeSet::from(["007".to_owned()])));
    let taken = stand.carry(Side::Source);
    assert_eq!(names(&taken["reconciled"]["discrepancies"], "item"), BTreeSet::from(["007".to_owned()]));
    stand.expect_whole();
}

/// What a command says to people.
fn said(stand: &Stand, side: Side, arguments: &[&str]) -> String {
    let mut command = std::process::Command::new(crate::stand::binary());
    command.args(arguments).arg("--home").arg(stand.home(side)).env_remove("GAPFERRY_HOME").env("LC_ALL", "C");
    String::from_utf8(command.output().expect("the binary can be run").stdout).expect("UTF-8")
}

#[test]
fn people_are_told_where_a_receipt_is_and_why_no_package_is() {
    let stand = Stand::new();
    stand.write("a", b"alpha");
    stand.round();
    let medium = stand.medium.to_str().expect("UTF-8");
    let scrubbed = said(&stand, Side::Replica, &["scrub"]);
    assert!(scrubbed.contains("(scrub) waits in the home") && !scrubbed.contains("there already"), "{scrubbed}");
    let scrubbed = said(&stand, Side::Replica, &["scrub", "--to", medium]);
    assert!(scrubbed.contains("(scrub) was written to"), "{scrubbed}");
    stand.round();
    let carried = said(&stand, Side::Source, &["carry", medium]);
    assert!(carried.contains("No package is needed."), "{carried}");
    stand.write("large", Random::of(1).bytes(100_000));
    let carried = said(&stand, Side::Source, &["carry", medium, "--medium-size", "4KB"]);
    assert!(carried.contains("No package was made") && !carried.contains("No package is needed"), "{carried}");
}
