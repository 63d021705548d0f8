//! Content travels once: what the replica is proven to hold crosses as a reference, what changed in part as a delta.
//!
//! Judged by the sizes of the files on the medium, which include padding, and by what arrives.

use crate::stand::{Random, Side, Stand, size};
use std::fs;

const MIB: usize = 1 << 20;
/// A package that brings no content: padding and a few rows.
const WITHOUT_CONTENT_BYTES: u64 = 48 << 10;

/// Bytes of the packages on the medium.
fn package_bytes(stand: &Stand) -> u64 {
    let files = fs::read_dir(stand.medium.join("gapferry")).expect("the medium can be listed").map(|entry| entry.expect("an entry").path());
    files.filter(|path| path.extension().is_some_and(|ending| ending == "gfp")).map(|path| fs::metadata(path).expect("a package").len()).sum()
}

/// Source, then what the packages weigh, then the rest of the round.
fn weighed_round(stand: &Stand) -> u64 {
    stand.carry(Side::Source);
    let bytes = package_bytes(stand);
    stand.carry(Side::Replica);
    stand.carry(Side::Source);
    stand.expect_true();
    bytes
}

#[test]
fn an_insertion_ships_little() {
    let mut random = Random::new("deltas");
    let stand = Stand::new();
    let mut scan = random.bytes(10 * MIB);
    stand.write("扫描/大 图.tif", &scan);
    let small = random.bytes(200 << 10);
    stand.write("small.bin", &small);
    assert!(weighed_round(&stand) > 10 * MIB as u64, "the first time all of it travels");
    for round in 0..size("GAPFERRY_ROUNDS", 3) {
        let at = usize::try_from(random.below(scan.len() as u64)).expect("it is small");
        scan.splice(at..at, random.bytes(4096));
        stand.write("扫描/大 图.tif", &scan);
        let bytes = weighed_round(&stand);
        assert!(bytes < MIB as u64, "round {round}: an insertion of 4 KiB at {at} shipped {bytes} bytes");
    }
    // At both ends, cut out, and moved about.
    for (what, changed) in [
        ("in front", [random.bytes(4096), scan.clone()].concat()),
        ("behind", [scan.clone(), random.bytes(4096)].concat()),
        ("cut out", [&scan[..MIB], &scan[2 * MIB..]].concat()),
        ("halves swapped", [&scan[5 * MIB..], &scan[..5 * MIB]].concat()),
        ("cut short", scan[..7 * MIB].to_vec()),
    ] {
        stand.write("扫描/大 图.tif", &changed);
        let bytes = weighed_round(&stand);
        // What is cut out comes back with the next change: the base is the version before, which lacks it.
        let lacking = if matches!(what, "halves swapped") { MIB as u64 } else { 0 };
        assert!(bytes < MIB as u64 + lacking, "{what} shipped {bytes} bytes");
    }
}

#[test]
fn a_rename_ships_no_content() {
    let mut random = Random::new("renames");
    let stand = Stand::new();
    for number in 0..8 {
        stand.write(format!("folder/{number}.bin"), random.bytes(300 << 10));
        stand.write(format!("cards/村 {number}.json"), format!("{{\"编号\": {number}, \"备注\": \"{}\"}}", "资产".repeat(400)));
    }
    stand.write("large.bin", random.bytes(5 * MIB));
    weighed_round(&stand);
    let path = |name: &str| stand.archive.join(name);
    type Change<'a> = (&'a str, Box<dyn Fn() + 'a>);
    let changes: [Change<'_>; 6] = [
        ("one file", Box::new(|| fs::rename(path("large.bin"), path("更 大.bin")).expect("renamed"))),
        ("into another folder", Box::new(|| fs::rename(path("更 大.bin"), path("cards/large.bin")).expect("renamed"))),
        ("a folder", Box::new(|| fs::rename(path("folder"), path("another folder")).expect("renamed"))),
        ("a copy", Box::new(|| assert!(fs::copy(path("cards/large.bin"), path("copy.bin")).is_ok()))),
        (
            "names swapped",
            Box::new(|| {
                fs::rename(path("another folder/1.bin"), path("between")).expect("renamed");
                fs::rename(path("another folder/2.bin"), path("another folder/1.bin")).expect("renamed");
                fs::rename(path("between"), path("another folder/2.bin")).expect("renamed");
            }),
        ),
        (
            "a folder that takes the name of a file",
            Box::new(|| {
                fs::remove_file(path("copy.bin")).expect("removed");
                fs::rename(path("another folder"), path("copy.bin")).expect("renamed");
            }),
        ),
    ];
    for (what, change) in changes {
        change();
        let bytes = weighed_round(&stand);
        assert!(bytes <= WITHOUT_CONTENT_BYTES, "{what} shipped {bytes} bytes");
    }
}

#[test]
fn a_reference_whose_base_is_gone_is_healed() {
    let mut random = Random::new("base");
    let stand = Stand::new();
    let mut scan = random.bytes(2 * MIB);
    stand.write("scan.bin", &scan);
    stand.write("old name.bin", random.bytes(MIB));
    weighed_round(&stand);
    // Behind everybody's back the replica loses what the next package will refer to.
    let mut damaged = scan.clone();
    damaged[1000] ^= 1;
    fs::write(stand.replica.join("scan.bin"), damaged).expect("written");
    fs::remove_file(stand.replica.join("old name.bin")).expect("removed");
    scan.splice(MIB..MIB, random.bytes(4096));
    stand.write("scan.bin", &scan);
    fs::rename(stand.archive.join("old name.bin"), stand.archive.join("new name.bin")).expect("renamed");
    let medium = stand.medium.to_str().expect("UTF-8");
    stand.carry(Side::Source);
    let said = stand.run(Side::Replica, &["carry", medium]);
    assert!(matches!(said.exit, Some(0 | 1)), "{said:#?}");
    for round in 0.. {
        assert!(round < 5, "it does not heal: {}", stand.route(Side::Source));
        stand.run(Side::Source, &["carry", medium]);
        stand.run(Side::Replica, &["carry", medium]);
        stand.run(Side::Source, &["carry", medium]);
        if stand.counts() == (2, 2) {
            break;
        }
    }
    stand.expect_true();
    stand.expect_whole();
}

/// Rounds with media that hold a quarter of the document, until everything is proven; what the packages weighed together.
fn weighed_rounds(stand: &Stand, medium_size: &str, total: u64) -> u64 {
    let medium = stand.medium.to_str().expect("UTF-8");
    let mut bytes = 0;
    for round in 0.. {
        assert!(round < 30, "it does not converge: {}", stand.route(Side::Source));
        let said = stand.run(Side::Source, &["carry", medium, "--medium-size", medium_size]);
        assert!(said.exit == Some(0) || said.exit == Some(1) && said.codes().iter().all(|code| code == "MED-04"), "{said:#?}");
        if stand.counts() == (total, total) {
            break;
        }
        bytes += package_bytes(stand);
        stand.expect(Side::Replica, &["carry", medium], 0);
    }
    stand.expect_true();
    bytes
}

#[test]
fn a_document_larger_than_a_medium_ships_only_what_changed() {
    let mut random = Random::new("larger than a medium");
    let stand = Stand::new();
    let medium_size = format!("{}", 2 * MIB);
    let mut scan = random.bytes(8 * MIB + 17);
    stand.write("scan.tif", &scan);
    stand.write("small", b"beside it");
    assert!(weighed_rounds(&stand, &medium_size, 2) > 8 * MIB as u64, "the first time all of it travels");
    let path = |name: &str| stand.archive.join(name);
    let weigh = |what: &str, most: u64| {
        let bytes = weighed_rounds(&stand, &medium_size, 2);
        assert!(bytes > 0 && bytes <= most, "{what} shipped {bytes} bytes");
    };
    // Its chunks were kept when it travelled in parts; and those of each delta after it.
    for round in 0..2 {
        let at = usize::try_from(random.below(scan.len() as u64)).expect("it is small");
        scan.splice(at..at, random.bytes(4096));
        stand.write("scan.tif", &scan);
        weigh(&format!("round {round}: an insertion at {at}"), MIB as u64);
    }
    // With another time, and a rename, it is the same content.
    fs::File::options().write(true).open(path("scan.tif")).and_then(|file| file.set_modified(std::time::SystemTime::UNIX_EPOCH)).expect("touched");
    weigh("another time", 2 * WITHOUT_CONTENT_BYTES);
    fs::rename(path("scan.tif"), path("renamed.tif")).expect("renamed");
    weigh("a rename", 2 * WITHOUT_CONTENT_BYTES);
    // What is new of it and yet larger than a medium goes in parts, and the change after that is small again.
    scan = [random.bytes(5 * MIB), scan[..4 * MIB].to_vec()].concat();
    stand.write("renamed.tif", &scan);
    assert!(weighed_rounds(&stand, &medium_size, 2) > 9 * MIB as u64, "no delta of it fits a medium");
    scan.splice(MIB..MIB, random.bytes(4096));
    stand.write("renamed.tif", &scan);
    weigh("an insertion after that", MIB as u64);
}
