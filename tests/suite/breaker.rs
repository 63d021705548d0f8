//! What must never empty or spoil a replica (P7): malware, slow deletions, unmounted and unreadable sources; from outside, on
//! mounts of its own where this process may mount.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;

use super::mounted::Image;
use super::stand::{Random, Side, Stand, copy, tree};
use Side::{Replica, Source};

fn text(name: &str) -> Vec<u8> {
    format!("{name}: an inventory of monuments, with numbers and photographs.\n").bytes().cycle().take(3000).collect()
}

/// A stand whose replica holds so many texts.
fn stand_with(count: usize) -> (Stand, Vec<String>) {
    let (stand, names) = (Stand::new(), (0..count).map(|number| format!("d{}/{number:03}.txt", number % 9)).collect::<Vec<_>>());
    names.iter().for_each(|name| stand.write(name, text(name)));
    stand.round();
    stand.expect_true();
    (stand, names)
}

fn carry(stand: &Stand, side: Side) -> (Option<i32>, Vec<String>) {
    let ran = stand.run(side, &["carry", stand.medium.to_str().expect("UTF-8")]);
    let mut codes = ran.codes();
    codes.sort();
    codes.dedup();
    (ran.exit, codes)
}

fn stops(code: &str) -> (Option<i32>, Vec<String>) {
    (Some(5), vec![code.into()])
}

const WELL: (Option<i32>, Vec<String>) = (Some(0), Vec::new());

/// FAULTS S06: a twentieth of the tree is encrypted and renamed. Nothing leaves; after a release by mistake, a restore from the
/// replica's history brings everything back.
#[test]
fn a_twentieth_of_the_tree_is_encrypted() {
    let mut random = Random::new("a_twentieth_of_the_tree_is_encrypted");
    let (stand, names) = stand_with(240);
    let before = tree(&stand.archive);
    let sequence = stand.route(Source)["sequence"].clone();
    for (place, name) in names[..12].iter().enumerate() {
        let locked = if place % 2 == 0 { format!("{name}.locked") } else { name.clone() };
        fs::remove_file(stand.archive.join(name)).expect("it is there");
        stand.write(locked, random.bytes(3000));
    }
    assert_eq!(carry(&stand, Source), stops("SRC-08"));
    let status = stand.run(Source, &["status"]);
    assert_eq!((status.exit, status.codes()), (Some(5), vec!["SRC-08".into()]));
    assert_eq!(stand.route(Source)["sequence"], sequence, "nothing was packed");
    assert_eq!(tree(&stand.replica), before);

    stand.expect(Source, &["breaker", "release", "outward", "--reason", "a mistake"], 0);
    [Source, Replica, Source].into_iter().for_each(|side| assert_eq!(carry(&stand, side), WELL, "{side:?}"));
    assert_ne!(tree(&stand.replica), before);
    let last = stand.route(Replica)["sequence"].as_u64().expect("a sequence");
    let restored = stand.folder("restored");
    let at = (last - 1).to_string();
    stand.expect(Replica, &["restore", "--into", restored.to_str().expect("UTF-8"), "--at", &at, "--route", "outward"], 0);
    let content =
        |tree: &std::collections::BTreeMap<Vec<u8>, super::stand::Leaf>| tree.iter().map(|(name, leaf)| (name.clone(), leaf.0.clone())).collect::<Vec<_>>();
    assert_eq!(content(&tree(&restored)), content(&before), "all is there as it was");
}

/// FAULTS S05: a slow `rm -rf` over fifty crossings stops when a fifth is gone, and one agreement lets the rest of it pass.
#[test]
fn a_slow_rm_over_fifty_crossings() {
    let (stand, names) = stand_with(600);
    let mut stopped = Vec::new();
    for crossing in 0..50 {
        names[crossing * 12..crossing * 12 + 12].iter().for_each(|name| fs::remove_file(stand.archive.join(name)).expect("it is there"));
        for side in [Source, Replica] {
            let seen = carry(&stand, side);
            if seen != WELL {
                stopped.push((crossing, side, seen));
            }
        }
        if !stopped.is_empty() {
            break;
        }
    }
    assert_eq!(stopped.first(), Some(&(10, Source, stops("SRC-03"))));
    assert_eq!(tree(&stand.replica).len(), 480, "a fifth is gone, no more");
}

/// FAULTS S05: the disk of an archive is not mounted. Neither an empty mount point nor one with a marker in it, nor another disk,
/// is a deletion.
#[test]
fn an_unmounted_archive() {
    let stand = Stand::new();
    let Some(disk) = Image::mounted(stand.folder("disk.image"), stand.archive.clone()) else { return };
    (0..30).for_each(|number| stand.write(format!("{number}"), text("a")));
    stand.round();
    stand.expect_true();
    let before = tree(&stand.replica);
    disk.unmount();
    assert_eq!(carry(&stand, Source), stops("SRC-02"));
    stand.write("NOT MOUNTED", "the disk belongs here");
    assert_eq!(carry(&stand, Source), stops("SRC-10"));
    let other = Image::mounted(stand.folder("other.image"), stand.archive.clone()).expect("the first one could be mounted");
    stand.write("1", text("a"));
    assert_eq!(carry(&stand, Source), stops("SRC-10"), "another disk with the same inode of its root");
    other.unmount();
    assert_eq!(carry(&stand, Replica).1, [] as [&str; 0]);
    assert_eq!(tree(&stand.replica), before, "nothing was deleted");
    fs::remove_file(stand.archive.join("NOT MOUNTED")).expect("it is there");
    assert!(disk.mount());
    fs::remove_file(stand.archive.join("7")).expect("it is there");
    stand.round();
    stand.expect_true();
}

/// FAULTS S05: what is mounted below an archive is no part of it, so that unmounting it deletes nothing; what is mounted over a
/// folder of it hides what was there and deletes nothing either.
#[test]
fn a_mount_below_an_archive() {
    let stand = Stand::new();
    ["a", "sub/b", "sub/c"].into_iter().for_each(|name| stand.write(name, text(name)));
    stand.round();
    let Some(disk) = Image::mounted(stand.folder("disk.image"), stand.archive.join("sub")) else { return };
    stand.write("sub/on the disk", "not ours");
    assert_eq!(carry(&stand, Source), WELL);
    let captured = stand.expect(Source, &["capture"], 0);
    assert_eq!((&captured["archives"][0]["deleted"], &captured["archives"][0]["left_out"][0]["why"]), (&0.into(), &"mount".into()));
    disk.unmount();
    stand.round();
    stand.expect_true();
    assert_eq!(tree(&stand.replica).len(), 3);
}

/// FAULTS S05: half of an archive may not be read by the user that runs the program. Nothing of it is deleted.
#[test]
fn half_of_an_archive_cannot_be_read() {
    const NOBODY: u32 = 65_534;
    let (stand, names) = stand_with(40);
    let before = tree(&stand.replica);
    let hidden = |name: &&String| name.starts_with("d1/") || name.starts_with("d2/") || name.starts_with("d3/") || name.starts_with("d4/");
    for folder in ["d1", "d2", "d3", "d4"] {
        fs::set_permissions(stand.archive.join(folder), fs::Permissions::from_mode(0o000)).expect("ours");
    }
    if rustix_is_root() {
        // The superuser reads everything: somebody else runs it, who owns the rest.
        let owned = stand.folder("");
        let chown = std::process::Command::new("chown").args(["-R", "nobody"]).arg(&owned).status();
        if !chown.is_ok_and(|status| status.success()) {
            println!("not tested: no user without rights");
            return;
        }
    }
    let mut command = stand.command(Source, &["carry", stand.medium.to_str().expect("UTF-8")]);
    if rustix_is_root() {
        command.uid(NOBODY);
    }
    let Ok(output) = command.output() else {
        println!("not tested: this process may not become another user");
        return;
    };
    let ran = super::stand::Ran::from(output);
    assert_eq!(ran.exit, Some(1), "{ran:#?}");
    assert!(ran.codes().iter().all(|code| code == "SRC-05"), "{ran:#?}");
    let captured = &ran.object["packed"]["captured"]["archives"][0];
    assert_eq!(captured["deleted"], 0, "{captured}");
    assert_eq!(captured["items"].as_u64(), Some(names.iter().filter(|name| !hidden(name)).count() as u64));
    carry(&stand, Replica);
    assert_eq!(tree(&stand.replica), before);
}

fn rustix_is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| std::os::unix::fs::MetadataExt::uid(&metadata) == 0)
}

/// FAULTS K04: where two people must agree, one cannot.
#[test]
fn one_person_is_not_two() {
    let (stand, names) = stand_with(30);
    let file = stand.home(Source).join("gapferry.toml");
    let text = fs::read_to_string(&file).expect("a configuration");
    fs::write(&file, text.replace("\n[policy]\n", "\n[policy]\nbreaker_items = 3\nrelease_people = 2\n")).expect("a configuration");
    names[..4].iter().for_each(|name| fs::remove_file(stand.archive.join(name)).expect("it is there"));
    assert_eq!(carry(&stand, Source), stops("SRC-03"));
    for _ in 0..2 {
        let released = stand.run(Source, &["breaker", "release", "outward", "--reason", "meant"]);
        assert_eq!((released.exit, released.codes()), (Some(5), vec!["ACT-01".into()]));
        assert_eq!((&released.object["missing"], released.object["agreed"].as_array().map(Vec::len)), (&1.into(), Some(1)));
    }
    assert_eq!(carry(&stand, Source), stops("SRC-03"));
    fs::write(&file, text.replace("\n[policy]\n", "\n[policy]\nrelease_people = 6\n")).expect("a configuration");
    assert_eq!(stand.run(Source, &["status"]).codes(), ["HOM-03"], "more people than a home may ask for");
    fs::write(&file, text.replace("\n[policy]\n", "\n[policy]\nrelease_people = 5\n")).expect("a configuration");
    stand.run(Source, &["status"]);
}

/// A root that was copied to another place is named by the person who did it, once.
#[test]
fn an_archive_moves_to_another_folder() {
    let (stand, names) = stand_with(30);
    let aside = stand.folder("aside");
    fs::rename(&stand.archive, &aside).expect("a rename");
    copy(&aside, &stand.archive);
    assert_eq!(carry(&stand, Source), WELL, "a whole copy is no loss");
    fs::rename(&stand.archive, Path::new(&stand.folder("again"))).expect("a rename");
    copy(&aside, &stand.archive);
    fs::remove_file(stand.archive.join(&names[0])).expect("it is there");
    assert_eq!(carry(&stand, Source), stops("SRC-10"));
    stand.expect(Source, &["breaker", "release", "outward", "--reason", "the disk is a new one"], 0);
    stand.round();
    stand.expect_true();
}
