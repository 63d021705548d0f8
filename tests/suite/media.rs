//! Media as they are: smaller than the archive, smaller than a document, with files bounded by the process, full, write
//! protected, several of them in any order, and with all kinds of things on them that are not ours.
//!
//! What needs a file system of its own (size limited, read only) is mounted where the tests run as root, and skipped with a
//! printed notice elsewhere. Full sizes: `GAPFERRY_MEDIUM_MIB` (64) and `GAPFERRY_ARCHIVE_MIB` (1024).

use crate::stand::{Ran, Random, Side, Stand, binary, size, tree};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const MIB: u64 = 1 << 20;

/// A file system in memory, mounted below a folder as long as this lives.
struct Mounted {
    at: PathBuf,
}

impl Mounted {
    /// One of so many bytes; `None`, with a notice, where this process may not mount.
    fn new(at: PathBuf, bytes: u64) -> Option<Self> {
        fs::create_dir_all(&at).expect("a folder can be made");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={bytes},mode=755"), "tmpfs"]).arg(&at).output();
        if mounted.as_ref().is_ok_and(|output| output.status.success()) {
            return Some(Self { at });
        }
        println!("SKIPPED: this needs a file system of its own, and mounting one is not allowed here: {mounted:?}");
        None
    }

    fn remount(&self, options: &str) {
        let status = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.at).status().expect("mount can be run");
        assert!(status.success(), "remount with {options}");
    }

    fn name(&self) -> &str {
        text(&self.at)
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _nobody_minds = Command::new("umount").arg("-l").arg(&self.at).status();
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are UTF-8")
}

/// Bytes of everything in the medium's folder.
fn held(medium: &Path) -> u64 {
    fs::read_dir(medium.join("gapferry")).into_iter().flatten().map(|entry| entry.expect("an entry").metadata().expect("a file").len()).sum()
}

/// Names in the medium's folder.
fn names(medium: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(medium.join("gapferry")).into_iter().flatten().map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// An archive larger than the medium, with a document four times the medium, in folders.
fn fill(stand: &Stand, random: &mut Random, medium_bytes: u64, archive_bytes: u64) -> u64 {
    let mut documents = 0;
    let mut bytes = 0;
    while bytes < archive_bytes {
        let length = 1 + random.below(medium_bytes / 6);
        stand.write(format!("案卷 {}/{documents:05}.bin", documents % 5), random.bytes(length as usize));
        (documents, bytes) = (documents + 1, bytes + length);
    }
    stand.write("larger than the medium.tif", random.bytes(4 * medium_bytes as usize + 17));
    documents + 1
}

/// Puts several in an order that the seed decides.
fn shuffled<T: Clone>(random: &mut Random, all: &[T]) -> Vec<T> {
    let mut all = all.to_vec();
    for place in (1..all.len()).rev() {
        all.swap(place, usize::try_from(random.below(place as u64 + 1)).expect("small"));
    }
    all
}

/// On the source a medium that is too small is 1 with MED-04, and nothing else is.
fn expect_carried(ran: &Ran) {
    let only_waiting = ran.exit == Some(1) && ran.codes().iter().all(|code| code == "MED-04");
    assert!(ran.exit == Some(0) || only_waiting, "{ran:#?}");
}

/// Carries several media in random order, again and again, until all is proven.
fn carried_until_proven(stand: &Stand, random: &mut Random, media: &[String], total: u64, options: &[&str], bound: Option<u64>) {
    let rounds_max = 60;
    for round in 0.. {
        assert!(round < rounds_max, "it does not converge: {}", stand.route(Side::Source));
        for medium in shuffled(random, media) {
            let options = [&["carry", medium.as_str()], options].concat();
            expect_carried(&stand.run(Side::Source, &options));
            assert!(bound.is_none_or(|bound| held(Path::new(&medium)) <= bound), "{medium} holds {} bytes", held(Path::new(&medium)));
            assert!(!names(Path::new(&medium)).iter().any(|name| name.ends_with(".part")), "{:?}", names(Path::new(&medium)));
        }
        for medium in shuffled(random, media) {
            stand.expect(Side::Replica, &["carry", &medium], 0);
            assert!(bound.is_none_or(|bound| held(Path::new(&medium)) <= bound), "{medium} holds {} bytes with the receipt", held(Path::new(&medium)));
        }
        if stand.counts() == (total, total) {
            println!("{round} rounds with {} media", media.len());
            break;
        }
    }
    stand.expect_true();
    stand.expect_whole();
}

#[test]
fn a_bounded_medium_and_a_document_four_times_its_size() {
    let mut random = Random::new("bounded medium");
    let medium_bytes = size("GAPFERRY_MEDIUM_MIB", 2) * MIB;
    for count in [1, 3] {
        let stand = Stand::new();
        let total = fill(&stand, &mut random, medium_bytes, size("GAPFERRY_ARCHIVE_MIB", 5) * MIB);
        let media: Vec<String> = (0..count).map(|number| text(&stand.folder(&format!("medium-{number}"))).to_owned()).collect();
        media.iter().for_each(|medium| fs::create_dir(medium).expect("made"));
        carried_until_proven(&stand, &mut random, &media, total, &["--medium-size", &format!("{medium_bytes}")], Some(medium_bytes));
        // And for what changes afterwards: one byte of the large document.
        let large = stand.archive.join("larger than the medium.tif");
        let mut content = fs::read(&large).expect("readable");
        content[MIB as usize] ^= 1;
        fs::write(&large, content).expect("writable");
        carried_until_proven(&stand, &mut random, &media, total, &["--medium-size", &format!("{medium_bytes}")], Some(medium_bytes));
    }
}

#[test]
fn a_medium_whose_file_system_is_small() {
    let mut random = Random::new("small file system");
    let stand = Stand::new();
    let medium_bytes = size("GAPFERRY_MEDIUM_MIB", 2) * MIB;
    let mounted: Option<Vec<Mounted>> = (0..2).map(|number| Mounted::new(stand.folder(&format!("mount-{number}")), medium_bytes)).collect();
    let Some(mounted) = mounted else { return };
    let total = fill(&stand, &mut random, medium_bytes, size("GAPFERRY_ARCHIVE_MIB", 5) * MIB);
    // Somebody's own files take a part of one of them.
    fs::write(mounted[0].at.join("holiday.jpg"), vec![0; (medium_bytes / 4) as usize]).expect("written");
    let media: Vec<String> = mounted.iter().map(|mounted| mounted.name().to_owned()).collect();
    carried_until_proven(&stand, &mut random, &media, total, &[], None);
    assert_eq!(fs::metadata(mounted[0].at.join("holiday.jpg")).expect("still there").len(), medium_bytes / 4);
}

/// The program with the largest file that it may write set to so many KiB.
fn limited(stand: &Stand, side: Side, arguments: &[&str], kib: u64) -> Ran {
    let command = stand.command(side, arguments);
    let mut shell = Command::new("bash");
    shell.arg("-c").arg(format!("ulimit -f {kib}; exec \"$@\"")).arg("bash").arg(binary()).args(command.get_args());
    shell.current_dir(&stand.root).env_remove("GAPFERRY_HOME").env_remove("GAPFERRY_PASSPHRASE_FILE").env("LC_ALL", "C").stdin(std::process::Stdio::null());
    shell.output().expect("bash can be run").into()
}

#[test]
fn a_process_whose_files_are_bounded() {
    let mut random = Random::new("bounded files");
    let stand = Stand::new();
    let limit_kib = size("GAPFERRY_FILE_LIMIT_KIB", 2 << 10);
    stand.write("larger than a file may be.bin", random.bytes(3 * 1024 * limit_kib as usize + 5));
    (0..20).for_each(|number| stand.write(format!("f{number}"), random.bytes(1 + 10 * limit_kib as usize * number)));
    let medium = text(&stand.medium).to_owned();
    // The replica writes whole documents: it may write so much, and with less it says so and stays as it is.
    for round in 0.. {
        assert!(round < 10, "it does not converge: {}", stand.route(Side::Source));
        let ran = limited(&stand, Side::Source, &["carry", &medium], limit_kib);
        expect_carried(&ran);
        let longest =
            fs::read_dir(stand.medium.join("gapferry")).expect("a folder").map(|entry| entry.expect("an entry").metadata().expect("a file").len()).max();
        assert!(longest.is_some_and(|longest| longest <= 1024 * limit_kib), "{longest:?}");
        let ran = limited(&stand, Side::Replica, &["carry", &medium], 4 * limit_kib);
        assert_eq!(ran.exit, Some(0), "{ran:#?}");
        expect_carried(&limited(&stand, Side::Source, &["carry", &medium], limit_kib));
        if stand.counts() == (21, 21) {
            break;
        }
    }
    stand.expect_true();
    stand.expect_whole();
}

#[test]
fn a_replica_that_may_not_write_such_a_file() {
    let mut random = Random::new("bounded replica");
    let stand = Stand::new();
    let medium = text(&stand.medium).to_owned();
    stand.write("small", b"one");
    stand.round();
    stand.write("small", b"two");
    stand.write("large.bin", random.bytes(6 << 20));
    stand.carry(Side::Source);
    let before = tree(&stand.replica);
    let ran = limited(&stand, Side::Replica, &["carry", &medium], 4 << 10);
    assert!(ran.exit.is_some_and(|exit| [1, 4].contains(&exit)), "it ends by itself and says what failed: {ran:#?}");
    assert!(!ran.codes().is_empty(), "{ran:#?}");
    assert_eq!(tree(&stand.replica), before, "nothing visible changed");
    stand.round();
    stand.expect_true();
    stand.expect_whole();
}

#[test]
fn a_full_medium_gets_nothing_half() {
    let mut random = Random::new("full medium");
    let stand = Stand::new();
    let Some(mounted) = Mounted::new(stand.folder("mount"), 4 * MIB) else { return };
    stand.write("a", random.bytes(MIB as usize));
    stand.write("b", random.bytes(3000));
    // Full but for so many bytes: too little for anything, for a label, for the small document.
    for free in [0u64, 4096, 16 << 10, 300 << 10] {
        let filler = mounted.at.join("filler");
        fs::write(&filler, vec![1; (4 * MIB - free) as usize]).expect("the filler fits");
        let ran = stand.run(Side::Source, &["carry", mounted.name()]);
        assert!(matches!(ran.exit, Some(1 | 4)), "{free} bytes free: {ran:#?}");
        assert!(ran.codes().iter().all(|code| ["MED-04", "MED-02"].contains(&code.as_str())), "{free} bytes free: {ran:#?}");
        let there = names(&mounted.at);
        assert!(!there.iter().any(|name| name.ends_with(".part")), "{free} bytes free: {there:?}");
        fs::remove_file(&filler).expect("removed");
    }
    stand.expect(Side::Source, &["carry", mounted.name()], 0);
    // Full when the receipt is due: the items are applied, the receipt waits for room.
    fs::write(mounted.at.join("filler"), vec![1; (4 * MIB - held(&mounted.at).next_multiple_of(4096) - 4096) as usize]).expect("the filler fits");
    let before = names(&mounted.at);
    let ran = stand.run(Side::Replica, &["carry", mounted.name()]);
    assert!(matches!(ran.exit, Some(1 | 4)), "{ran:#?}");
    assert_eq!(names(&mounted.at), before, "no half receipt");
    assert_eq!(tree(&stand.archive), tree(&stand.replica));
    assert_eq!(stand.counts(), (2, 0), "no receipt, nothing done");
    fs::remove_file(mounted.at.join("filler")).expect("removed");
    stand.expect(Side::Replica, &["carry", mounted.name()], 0);
    stand.expect(Side::Source, &["carry", mounted.name()], 0);
    stand.expect_true();
    stand.expect_whole();
}

#[test]
fn a_full_replica_refuses_and_goes_on_when_there_is_room() {
    let mut random = Random::new("full replica");
    let stand = Stand::new();
    let Some(mounted) = Mounted::new(stand.replica.clone(), 48 * MIB) else { return };
    stand.write("small", b"one");
    stand.round();
    stand.write("small", b"two");
    stand.write("large.bin", random.bytes(20 * MIB as usize));
    fs::write(mounted.at.join(".gapferry/filler"), vec![1; 20 * MIB as usize]).expect("the filler fits");
    stand.carry(Side::Source);
    let before = tree(&stand.replica);
    let ran = stand.run(Side::Replica, &["carry", text(&stand.medium)]);
    assert_eq!((ran.exit, ran.codes().iter().any(|code| code == "RPL-02")), (Some(4), true), "{ran:#?}");
    assert_eq!(tree(&stand.replica), before, "nothing visible changed");
    fs::remove_file(mounted.at.join(".gapferry/filler")).expect("removed");
    stand.round();
    stand.expect_true();
}

#[test]
fn a_write_protected_medium() {
    let stand = Stand::new();
    let Some(mounted) = Mounted::new(stand.folder("disc"), 4 * MIB) else { return };
    let back = stand.folder("back");
    stand.write("地契.json", b"{}");
    stand.write("b", b"two");
    stand.expect(Side::Source, &["carry", mounted.name()], 0);
    mounted.remount("ro");
    let disc = tree(&mounted.at);
    // Without another place for the receipt: applied all the same, and said.
    let ran = stand.run(Side::Replica, &["carry", mounted.name()]);
    assert_eq!((ran.exit, ran.codes()), (Some(4), vec!["MED-02".to_owned()]), "{ran:#?}");
    assert_eq!(tree(&stand.archive), tree(&stand.replica));
    // The source has nothing to write on it, then it has.
    stand.expect(Side::Source, &["carry", mounted.name()], 0);
    stand.write("c", b"three");
    let ran = stand.run(Side::Source, &["carry", mounted.name()]);
    assert_eq!((ran.exit, ran.codes()), (Some(4), vec!["MED-02".to_owned()]), "{ran:#?}");
    fs::remove_file(stand.archive.join("c")).expect("removed");
    // With one: by apply, and by carry, which writes nothing new.
    for command in [["apply", "--from"].as_slice(), &["carry"]] {
        let report = stand.expect(Side::Replica, &[command, &[mounted.name(), "--receipt-to", text(&back)]].concat(), 0);
        let receipts = if command == ["carry"] { &report["applied"]["receipts"] } else { &report["receipts"] };
        assert_eq!(receipts[0]["written"], command != ["carry"], "{report}");
    }
    assert_eq!(tree(&mounted.at), disc, "nothing on the disc changed");
    assert_eq!(names(&back).len(), 1, "the receipt: {:?}", names(&back));
    stand.expect(Side::Source, &["carry", text(&back)], 0);
    stand.expect_true();
    // The disc comes back, read only, without a receipt.
    let report = stand.expect(Side::Source, &["reconcile", "--from", mounted.name()], 0);
    assert_eq!(report["receipts"].as_array().map(Vec::len), Some(0), "{report}");
}

#[test]
fn what_is_not_ours_on_a_medium_is_listed_and_left_alone() {
    use std::os::unix::fs::symlink;
    let stand = Stand::new();
    stand.write("a", b"one");
    stand.carry(Side::Source);
    let folder = stand.medium.join("gapferry");
    let package = names(&stand.medium).into_iter().find(|name| name.ends_with(".gfp")).expect("a package");
    let good = fs::read(folder.join(&package)).expect("readable");
    let secret = stand.folder("elsewhere");
    fs::write(&secret, &good).expect("written");
    let ours = |digit: char, ending: &str| folder.join(format!("{}.{ending}", digit.to_string().repeat(32)));
    // Names like ours that are no files of ours.
    symlink(&secret, ours('1', "gfp")).expect("a link");
    symlink("/dev/zero", ours('2', "gfp")).expect("a link");
    symlink("/dev/zero", ours('1', "gfr")).expect("a link");
    symlink(folder.join(&package), ours('9', "gfp")).expect("a link");
    for path in [ours('3', "gfp"), ours('2', "gfr")] {
        assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo can be run").success());
    }
    fs::create_dir(ours('4', "gfp")).expect("a folder");
    fs::write(ours('4', "gfp").join("inner"), b"x").expect("written");
    fs::create_dir(ours('3', "gfr")).expect("a folder");
    drop(std::os::unix::net::UnixListener::bind(folder.join("s.gfp")).expect("a socket"));
    // Names that are almost ours.
    for name in [
        "holiday.jpg",
        "AUTORUN.INF",
        "label.gfl.bak",
        &format!("{}.gfp", "A".repeat(32)),
        &format!("{}.gfp", "5".repeat(31)),
        &format!("x{package}"),
        ".gfp",
        "名 字.gfp",
    ] {
        fs::write(folder.join(name), &good).expect("written");
    }
    fs::write(stand.medium.join(&package), &good).expect("written");
    // Many of them.
    fs::create_dir(folder.join("DCIM")).expect("a folder");
    (0..2000).for_each(|number| fs::write(folder.join(format!("IMG_{number}.JPG")), b"").expect("written"));
    let before = names(&stand.medium);

    let report = stand.carry(Side::Replica);
    assert_eq!(report["applied"]["packages"].as_array().map(Vec::len), Some(1), "{report}");
    assert_eq!(fs::read(stand.replica.join("a")).expect("applied"), b"one");
    let foreign: Vec<&str> = report["foreign"].as_array().expect("a list").iter().map(|name| name.as_str().expect("a name")).collect();
    for name in ["holiday.jpg", "label.gfl.bak", "DCIM", "s.gfp", &format!("{}.gfp", "3".repeat(32)), &format!("{}.gfp", "1".repeat(32))] {
        assert!(foreign.contains(&name) || foreign.len() >= 1000, "{name} is not in {foreign:?}");
    }
    let report = stand.carry(Side::Source);
    assert!(!report["foreign"].as_array().expect("a list").is_empty());
    let after = names(&stand.medium);
    let gone: Vec<&String> = before.iter().filter(|name| !after.contains(name)).collect();
    assert_eq!(gone, [&package], "only the package that has served is removed");
    stand.expect_true();
    assert_eq!(fs::read(&secret).expect("still there"), good, "what a link points at was not touched");
    assert!(ours('4', "gfp").join("inner").exists());
}

#[test]
fn a_folder_of_ours_that_is_something_else() {
    use std::os::unix::fs::symlink;
    let stand = Stand::new();
    stand.write("a", b"one");
    let elsewhere = stand.folder("elsewhere");
    fs::create_dir(&elsewhere).expect("made");
    type Make = fn(&Path, &Path);
    let makes: [(&str, Make); 4] = [
        ("a link", |folder, elsewhere| symlink(elsewhere, folder).expect("a link")),
        ("a dangling link", |folder, _| symlink("nowhere", folder).expect("a link")),
        ("a file", |folder, _| fs::write(folder, b"x").expect("written")),
        ("a pipe", |folder, _| assert!(Command::new("mkfifo").arg(folder).status().expect("mkfifo can be run").success())),
    ];
    for (what, make) in makes {
        make(&stand.medium.join("gapferry"), &elsewhere);
        for side in [Side::Source, Side::Replica] {
            let ran = stand.run(side, &["carry", text(&stand.medium)]);
            assert!(matches!(ran.exit, Some(3 | 4)) && ran.codes().len() == 1, "{what} on the {side:?}: {ran:#?}");
        }
        assert_eq!(fs::read_dir(&elsewhere).expect("a folder").count(), 0, "{what}: nothing is written elsewhere");
        fs::remove_file(stand.medium.join("gapferry")).expect("removed");
    }
    // A label that is no file is none of ours; the source cannot write its own in its place, and says so.
    fs::create_dir_all(stand.medium.join("gapferry/label.gfl")).expect("made");
    let ran = stand.run(Side::Source, &["carry", text(&stand.medium)]);
    assert!(ran.exit == Some(4) && ran.codes() == ["MED-02"], "{ran:#?}");
    fs::remove_dir(stand.medium.join("gapferry/label.gfl")).expect("removed");
    stand.round();
    stand.expect_true();
    // The medium itself may be named through a link: a person did that.
    symlink(&stand.medium, stand.folder("shortcut")).expect("a link");
    stand.expect(Side::Source, &["carry", text(&stand.folder("shortcut"))], 0);
    // A medium that is not there.
    for side in [Side::Source, Side::Replica] {
        let ran = stand.run(side, &["carry", text(&stand.folder("not there"))]);
        assert!(ran.exit == Some(4) && ran.codes() == ["MED-02"], "{ran:#?}");
    }
}

#[test]
fn an_incomplete_file_is_no_package() {
    let stand = Stand::new();
    stand.write("a", b"one");
    stand.carry(Side::Source);
    let folder = stand.medium.join("gapferry");
    let package = names(&stand.medium).into_iter().find(|name| name.ends_with(".gfp")).expect("a package");
    // The stick was pulled: the package is still under its temporary name, cut short.
    let bytes = fs::read(folder.join(&package)).expect("readable");
    fs::remove_file(folder.join(&package)).expect("removed");
    fs::write(folder.join(format!("{package}.part")), &bytes[..bytes.len() / 2]).expect("written");
    let report = stand.carry(Side::Replica);
    assert_eq!(report["applied"]["packages"].as_array().map(Vec::len), Some(0), "incomplete is not bad: {report}");
    stand.round();
    assert!(!names(&stand.medium).iter().any(|name| name.ends_with(".part")), "{:?}", names(&stand.medium));
    stand.expect_true();
    // Whoever carries may take the right away: nothing hangs, nothing breaks.
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).expect("changed");
    stand.write("b", b"two");
    let ran = stand.run(Side::Source, &["carry", text(&stand.medium)]);
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("changed");
    assert!(matches!(ran.exit, Some(0 | 4)), "{ran:#?}");
    stand.round();
    stand.expect_true();
}
