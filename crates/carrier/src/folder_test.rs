//! Media and gateway folders on the real file system, in a scratch directory.

use super::*;
use crate::listing::Held;
use crate::name::{package_name, receipt_name};
use std::fs;
use store::real::RealDisk;
use wire::PackageId;

const ONE: PackageId = PackageId([1; 16]);
const TWO: PackageId = PackageId([2; 16]);

fn disk() -> Arc<dyn Disk> {
    Arc::new(RealDisk::new())
}
fn trouble<T>(opened: Result<T, OpenFailure>) -> Option<OpenTrouble> {
    opened.err().map(|failure| {
        assert_eq!(failure.code(), "MED-02");
        failure.trouble
    })
}

#[test]
fn what_a_path_may_be() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |name: &str| scratch.path().join(name);
    fs::create_dir(at("empty")).unwrap();
    fs::create_dir_all(at("good/gapferry")).unwrap();
    fs::write(at("file"), "").unwrap();
    fs::create_dir(at("folder-is-a-file")).unwrap();
    fs::write(at("folder-is-a-file/gapferry"), "").unwrap();
    fs::create_dir(at("folder-is-a-link")).unwrap();
    std::os::unix::fs::symlink(at("good/gapferry"), at("folder-is-a-link/gapferry")).unwrap();
    std::os::unix::fs::symlink(at("good"), at("link")).unwrap();
    for (path, without_making, with_making) in [
        ("good", None, None),
        ("link", None, None),
        ("missing", Some(OpenTrouble::Missing), Some(OpenTrouble::Missing)),
        ("file", Some(OpenTrouble::NotADirectory), Some(OpenTrouble::NotADirectory)),
        ("folder-is-a-file", Some(OpenTrouble::NotADirectory), Some(OpenTrouble::NotADirectory)),
        ("folder-is-a-link", Some(OpenTrouble::NotADirectory), Some(OpenTrouble::NotADirectory)),
        ("empty", Some(OpenTrouble::NoFolder), None),
    ] {
        assert_eq!(trouble(Medium::open(&disk(), &at(path), false)), without_making, "{path}");
        assert_eq!(trouble(Medium::open(&disk(), &at(path), true)), with_making, "{path}, made");
    }
    assert!(at("empty/gapferry").is_dir());
    assert!(!at("missing").exists(), "the path of a medium is never made");
    for (path, expected) in [("good", None), ("missing", Some(OpenTrouble::Missing)), ("file", Some(OpenTrouble::NotADirectory))] {
        assert_eq!(trouble(Gateway::open(&disk(), &at(path))), expected, "{path}");
    }
}

#[test]
fn everything_is_listed_once() {
    let scratch = tempfile::tempdir().unwrap();
    let medium = Medium::open(&disk(), scratch.path(), true).unwrap();
    assert_eq!(medium.list().unwrap(), Listing::default());
    let folder = scratch.path().join(FOLDER);
    let [package, other, receipt] = [package_name(&ONE), package_name(&TWO), receipt_name(&ONE)];
    for (name, bytes) in [(&*other, 5), (&*package, 7), (&*receipt, 11), ("label.gfl", 13), ("notes.txt", 17), ("z.gfp.part", 19)] {
        fs::write(folder.join(name), vec![0; bytes]).unwrap();
    }
    let part = format!("{package}.part");
    fs::write(folder.join(&part), [0; 23]).unwrap();
    let [as_link, as_dir, as_pipe] = [3, 4, 5].map(|byte| package_name(&PackageId([byte; 16])));
    std::os::unix::fs::symlink(&package, folder.join(&as_link)).unwrap();
    fs::create_dir(folder.join(&as_dir)).unwrap();
    fs::write(folder.join(&as_dir).join("inside"), [0; 29]).unwrap();
    let pipe = std::process::Command::new("mkfifo").arg(folder.join(&as_pipe)).status().unwrap();
    assert!(pipe.success());

    let listing = medium.list().unwrap();
    let held = |id, name: &str, bytes| Held { id, name: name.into(), bytes };
    assert_eq!(listing.packages, [held(ONE, &package, 7), held(TWO, &other, 5)]);
    assert_eq!(listing.receipts, [held(ONE, &receipt, 11)]);
    assert_eq!(listing.label, Some(13));
    assert_eq!(listing.incomplete, [&*part]);
    let mut foreign = [&as_link, &as_dir, &as_pipe, "notes.txt", "z.gfp.part"].map(|name: &str| name.as_bytes().to_vec());
    foreign.sort();
    assert_eq!(listing.foreign, foreign);
    assert_eq!(listing.bytes, 5 + 7 + 11 + 13 + 17 + 19 + 23);

    // Whatever its name, what is foreign is neither opened nor removed.
    for name in ["notes.txt", &as_link, &as_dir, &as_pipe, "../label.gfl", "z.gfp.part", ""] {
        assert_eq!(medium.open(name).map(|_| ()).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{name}");
        assert_eq!(medium.remove(name).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{name}");
    }
    assert!(medium.open(&part).is_err() && medium.begin(&part).is_err() && medium.begin("notes.txt").is_err());
    assert_eq!(medium.list().unwrap(), listing);

    let gateway = Gateway::open(&disk(), &folder).unwrap();
    assert_eq!(gateway.list().unwrap(), listing, "a gateway holds the same, without a folder of its own");
    assert_eq!(gateway.open(&package).unwrap().stat().unwrap().size, 7);
    for name in [&package, &part] {
        gateway.remove(name).unwrap();
        assert_eq!(gateway.remove(name).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
    assert!(gateway.space().unwrap().total > 0);
}

#[test]
fn small_files_are_proven_and_replaced() {
    let scratch = tempfile::tempdir().unwrap();
    let medium = Medium::open(&disk(), scratch.path(), true).unwrap();
    for bytes in [&b"first"[..], b"", b"a third that is longer"] {
        medium.write_small("label.gfl", bytes).unwrap();
        assert_eq!(fs::read(scratch.path().join(FOLDER).join("label.gfl")).unwrap(), bytes);
    }
    assert!(medium.list().unwrap().incomplete.is_empty());
    assert_eq!(medium.write_small("notes.txt", b"").unwrap_err(), WriteFailure::Io(io::ErrorKind::InvalidInput.into()));
}

#[test]
fn only_ones_own_incomplete_files_go() {
    let scratch = tempfile::tempdir().unwrap();
    let gateway = Gateway::open(&disk(), scratch.path()).unwrap();
    let names = [package_name(&ONE), receipt_name(&ONE), "label.gfl".into(), "movie.avi".into()].map(|name| format!("{name}.part"));
    let [package, receipt, label, foreign] = &names;
    for name in &names {
        fs::write(scratch.path().join(name), "").unwrap();
    }
    assert!(gateway.remove_incomplete(&[]).unwrap().is_empty());
    assert_eq!(gateway.remove_incomplete(&[Kind::Package, Kind::Label]).unwrap(), [package.clone(), label.clone()]);
    assert_eq!(gateway.list().unwrap().incomplete, [&**receipt]);
    assert_eq!(gateway.remove_incomplete(&[Kind::Receipt]).unwrap(), [&**receipt]);
    assert_eq!(gateway.list().unwrap().foreign, [foreign.as_bytes()]);
}
