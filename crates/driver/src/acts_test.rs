//! Decisions about items, and what `items` then says.

use super::*;
use crate::ItemsOptions;
use crate::report::ItemReport;
use crate::status::scene::Scene;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::disk::{Dir, Disk, File, Rename};
use store::real::RealDisk;
use zeroize::Zeroizing;

fn items(scene: &Scene, home: &Path, options: &ItemsOptions) -> Vec<ItemReport> {
    crate::items(&scene.world, home, options).unwrap().items
}

/// Every item with its state and mark.
fn states(scene: &Scene, home: &Path) -> Vec<(String, &'static str, &'static str)> {
    items(scene, home, &ItemsOptions::default()).into_iter().map(|item| (item.item.to_string(), item.state, item.mark)).collect()
}

fn expect(scene: &Scene, home: &Path, expected: &[(&str, &'static str, &'static str)]) {
    let expected: Vec<_> = expected.iter().map(|(item, state, mark)| ((*item).to_owned(), *state, *mark)).collect();
    assert_eq!(states(scene, home), expected);
}

fn chosen(patterns: &[&str]) -> Chosen {
    Chosen::Items(patterns.iter().map(|pattern| (*pattern).to_owned()).collect())
}

#[test]
fn items_tell_their_story() {
    let scene = Scene::new();
    let (source, replica) = (scene.source(), scene.replica());
    scene.write(OsStr::from_bytes(b"d/\xff"), "bytes");
    scene.write("卡片/一.json", "{}");
    crate::capture(&scene.world, &source, false).unwrap();
    expect(&scene, &source, &[("d/\\xff", "pending", "add"), ("卡片/一.json", "pending", "add")]);
    scene.carry(&source);
    expect(&scene, &source, &[("d/\\xff", "packed", "add"), ("卡片/一.json", "packed", "add")]);
    scene.carry(&replica);
    expect(&scene, &replica, &[("d/\\xff", "done", "add"), ("卡片/一.json", "done", "add")]);
    scene.carry(&source);
    let done = items(&scene, &source, &ItemsOptions { pattern: Some("d/\\xff".into()), ..ItemsOptions::default() });
    let [item] = done.as_slice() else { panic!("one item is meant: {done:?}") };
    assert_eq!((item.version, item.packed_version, item.packed_sequence, item.proven_version, item.attempts, item.bytes), (1, 1, 1, 1, 1, 5));
    assert_eq!((item.digest.as_str(), item.discrepancy, item.disk.is_none()), (wire::digest::of_bytes(b"bytes").to_string().as_str(), "", true));

    scene.write("卡片/一.json", "{\"a\":1}");
    scene.remove_path(OsStr::from_bytes(b"d/\xff"));
    crate::capture(&scene.world, &source, false).unwrap();
    expect(&scene, &source, &[("d/\\xff", "stale", "delete"), ("卡片/一.json", "stale", "document")]);
    scene.round();
    expect(&scene, &source, &[("卡片/一.json", "done", "document")]);
    expect(&scene, &replica, &[("卡片/一.json", "done", "document")]);
    for home in [&source, &replica] {
        let left = items(&scene, home, &ItemsOptions { state: Some("left".into()), ..ItemsOptions::default() });
        assert_eq!(left.iter().map(|item| (item.item.to_string(), item.version, item.bytes)).collect::<Vec<_>>(), [("d/\\xff".to_owned(), 2, 0)]);
        let held = Home::open(&scene.world, home, Access::Change).unwrap();
        expect(&scene, home, &[("卡片/一.json", "done", "document")]);
        held.close("", "").unwrap();
    }
    for options in
        [ItemsOptions { route: Some("none".into()), ..ItemsOptions::default() }, ItemsOptions { state: Some("fine".into()), ..ItemsOptions::default() }]
    {
        assert_eq!(crate::items(&scene.world, &source, &options).unwrap_err().0.code, "USE-01");
    }
}

#[test]
fn what_is_given_up_stays_until_it_is_resent_or_changes() {
    let scene = Scene::new();
    let source = scene.source();
    for name in ["a/1", "a/2", "b/1"] {
        scene.write(name, name);
    }
    scene.carry(&source);
    let cancelled = cancel(&scene.world, &source, "all", &chosen(&["a/*"]), "cannot be right").unwrap();
    assert_eq!((cancelled.act, cancelled.items), ("cancel", 2));
    assert_eq!(cancel(&scene.world, &source, "all", &chosen(&["a/*"]), "again").unwrap().items, 0);
    expect(&scene, &source, &[("a/1", "cancelled", "add"), ("a/2", "cancelled", "add"), ("b/1", "packed", "add")]);
    scene.on_medium(".gfp").iter().for_each(|file| std::fs::remove_file(file).unwrap());
    scene.write("a/2", "changed");
    scene.carry(&source);
    expect(&scene, &source, &[("a/1", "cancelled", "add"), ("a/2", "packed", "add"), ("b/1", "packed", "add")]);
    assert_eq!(resend(&scene.world, &source, "all", &chosen(&["a/1", "b/*"]), "after all").unwrap().items, 2);
    scene.carry(&source);
    // The medium still holds b/1 and gets nothing twice; any other one would get it.
    expect(&scene, &source, &[("a/1", "packed", "add"), ("a/2", "packed", "add"), ("b/1", "pending", "add")]);
    scene.round();
    expect(&scene, &source, &[("a/1", "done", "add"), ("a/2", "done", "add"), ("b/1", "done", "add")]);
    assert_eq!(resend(&scene.world, &source, "all", &chosen(&["**"]), "once more").unwrap().items, 3, "what is proven too");
    expect(&scene, &source, &[("a/1", "pending", "add"), ("a/2", "pending", "add"), ("b/1", "pending", "add")]);
    scene.round();
    expect(&scene, &source, &[("a/1", "done", "record"), ("a/2", "done", "record"), ("b/1", "done", "record")]);
}

#[test]
fn a_package_is_named_by_its_id_or_its_sequence() {
    let scene = Scene::new();
    let source = scene.source();
    scene.write("a", "alpha");
    let id = scene.carry(&source).packed.unwrap().packages[0].package.clone();
    scene.write("b", "beta");
    scene.carry(&source);
    for (text, expected) in [
        (id.clone(), Some(1)),
        (id.to_uppercase(), Some(1)),
        ("1".into(), Some(1)),
        (" 1 ".into(), Some(1)),
        ("9".into(), None),
        ("0".repeat(32), None),
        ("x".into(), None),
        (String::new(), None),
    ] {
        let resent = resend(&scene.world, &source, "all", &Chosen::Package(text.clone()), "lost on the way");
        match expected {
            Some(items) => assert_eq!(resent.unwrap().items, items, "{text}"),
            None => assert_eq!(resent.unwrap_err().0.code, "USE-01", "{text}"),
        }
    }
}

#[test]
fn wrong_use_is_refused_and_changes_nothing() {
    let scene = Scene::new();
    let (source, replica) = (scene.source(), scene.replica());
    scene.write("a", "alpha");
    scene.carry(&source);
    let records = |home: &Path| crate::status(&scene.world, home).unwrap().ledger_records;
    let (before, before_replica) = (records(&source), records(&replica));
    scene.notices();
    let any = chosen(&["**"]);
    let refusals = [
        resend(&scene.world, &source, "all", &any, " "),
        resend(&scene.world, &source, "none", &any, "why"),
        resend(&scene.world, &source, "all", &chosen(&["b"]), "why"),
        resend(&scene.world, &source, "all", &chosen(&[]), "why"),
        cancel(&scene.world, &source, "all", &chosen(&["["]), "why"),
        cancel(&scene.world, &replica, "all", &any, "why"),
        breaker_release(&scene.world, &source, "none", "why"),
        breaker_release(&scene.world, &replica, "none", "why"),
        breaker_release(&scene.world, &replica, "all", ""),
    ];
    for refusal in refusals {
        assert_eq!(refusal.unwrap_err().0.code, "USE-01");
    }
    assert_eq!((records(&source), records(&replica)), (before, before_replica));
    assert_eq!(scene.notices(), [""; 0], "the index was let go of in good order");
    let held = Home::open(&scene.world, &source, Access::Change).unwrap();
    assert_eq!(cancel(&scene.world, &source, "all", &any, "why").unwrap_err().0.code, "HOM-01");
    held.close("", "").unwrap();
}

#[test]
fn who_changes_keys_or_templates_gives_a_reason() {
    let scene = Scene::new();
    let source = scene.source();
    let records = || crate::status(&scene.world, &source).unwrap().ledger_records;
    let before = records();
    let fingerprint = crate::read_card(&scene.world, &scene.path("outside.card")).unwrap().fingerprint();
    for reason in ["", " \t"] {
        let refusals = [
            crate::keys_rotate(&scene.world, &source, false, reason).map(drop),
            crate::keys_revoke(&scene.world, &source, "outside", &fingerprint, 1, &[], reason).map(drop),
            crate::templates::template_activate(&scene.world, &source, &scene.path("none.toml"), "all", reason, false).map(drop),
        ];
        for refusal in refusals {
            let failure = refusal.unwrap_err();
            assert_eq!((failure.0.code, failure.0.detail.contains("a reason is needed")), ("USE-01", true), "{failure}");
        }
    }
    assert_eq!(records(), before);
}

#[test]
fn a_dry_run_says_what_becomes_of_keys() {
    let scene = Scene::new();
    let source = scene.source();
    scene.write("a", "1");
    scene.round();
    let state = || (crate::status(&scene.world, &source).unwrap().ledger_records, std::fs::read(source.join("keys/zone.key")).unwrap());
    let before = state();
    for at_once in [false, true] {
        let foreseen = crate::keys_rotate_foreseen(&scene.world, &source, at_once, "why").unwrap();
        assert_eq!((foreseen.generation, &foreseen.fingerprint, foreseen.dry_run, state() == before), (2, &None, true, true));
        let copy = scene.path(&format!("copy-{at_once}"));
        crate::status::scene::copy(&source, &copy);
        let done = crate::keys_rotate(&scene.world, &copy, at_once, "why").unwrap();
        let routes = |report: &crate::report::KeysReport| serde_json::to_string(&report.routes).unwrap();
        assert_eq!((foreseen.generation, routes(&foreseen)), (done.generation, routes(&done)), "{at_once}");
    }
    let fingerprint = crate::read_card(&scene.world, &scene.path("outside.card")).unwrap().fingerprint();
    let foreseen = crate::keys_revoke_foreseen(&scene.world, &source, "outside", &fingerprint, 7, &[], "why").unwrap();
    assert_eq!((foreseen.dry_run, state() == before), (true, true));
    let done = crate::keys_revoke(&scene.world, &source, "outside", &fingerprint, 7, &[], "why").unwrap();
    assert_eq!((foreseen.generation, foreseen.routes), (done.generation, done.routes));
    for wrong in ["nobody", "inside"] {
        assert_eq!(crate::keys_revoke_foreseen(&scene.world, &source, wrong, &fingerprint, 7, &[], "why").unwrap_err().0.code, "USE-01");
    }
}

/// FAULTS K03: the secrets of all generations lie in one file, and new content was sealed for the older ones of the thief's.
#[test]
fn what_is_revoked_is_sealed_for_no_older_keys_either() {
    let scene = Scene::new();
    let (source, replica) = (scene.source(), scene.replica());
    scene.round();
    crate::keys_rotate(&scene.world, &replica, false, "once a year").unwrap();
    for text in ["1", "2", "3"] {
        scene.write("changed", text);
        scene.round();
    }
    let fingerprint = {
        let home = Home::open(&scene.world, &source, Access::Read).unwrap();
        let zone = *home.trust.keys().next().unwrap();
        let newest = home.known_cards(&zone).last().unwrap();
        assert_eq!(newest.generation(), 2);
        newest.fingerprint()
    };
    crate::keys_revoke(&scene.world, &source, "outside", &fingerprint, 1, &[], "the key file was stolen").unwrap();
    scene.write("changed", "secret");
    let report = scene.carry(&source).packed.unwrap();
    let codes: Vec<&str> = report.problems.iter().map(|problem| problem.code).collect();
    assert!(codes.contains(&"KEY-01") && report.packages.is_empty(), "{codes:?}");
}

/// The real disk, on which another process acts before so many files more are opened.
struct Beside(RealDisk, AtomicUsize, Box<dyn Fn() + Send + Sync>);

impl Disk for Beside {
    store::hand_on!(Disk to 0: root make_root dir list stat remove remove_dir sync_dir sync_all space walk lock);

    fn open(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        if self.1.fetch_sub(1, Ordering::Relaxed) == 0 {
            (self.2)();
        }
        self.0.open(dir, name)
    }
    fn open_write(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.0.open_write(dir, name)
    }
    fn create(&self, dir: &Dir, name: &[u8], mode: u32) -> io::Result<Box<dyn File>> {
        self.0.create(dir, name, mode)
    }
    fn rename(&self, from: (&Dir, &[u8]), to: (&Dir, &[u8]), how: Rename) -> io::Result<()> {
        self.0.rename(from, to, how)
    }
}

/// Who only reads is not told to put back a key file that is right, and gives the passphrase once, whatever changes meanwhile.
///
/// FAULTS K02
#[test]
fn keys_that_change_while_a_home_is_read_are_no_damage() {
    let scene = Scene::new();
    let home = scene.path("protected");
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let ask = move || {
        counted.fetch_add(1, Ordering::Relaxed);
        Some(Zeroizing::new("secret".to_owned()))
    };
    crate::init(&scene.world, &home, "inside", Role::Source, ask()).unwrap();
    let world = World { passphrase: Arc::new(ask), ..scene.world.clone() };
    let mut seen = Vec::new();
    for opened in 0.. {
        let (other, path) = (scene.world.clone(), home.clone());
        let other = World { passphrase: Arc::new(|| Some(Zeroizing::new("secret".to_owned()))), ..other };
        let act = move || drop(crate::keys_rotate(&other, &path, true, "meanwhile").unwrap());
        let disk = Arc::new(Beside(RealDisk::new(), AtomicUsize::new(opened), Box::new(act)));
        asked.store(0, Ordering::Relaxed);
        let reading = Home::open(&World { disk: disk.clone(), ..world.clone() }, &home, Access::Read);
        let generation = reading.map(|home| home.key_state().generation()).map_err(|failure| failure.0);
        assert_eq!(asked.load(Ordering::Relaxed), 1, "at file {opened}");
        let acted = disk.1.load(Ordering::Relaxed) > opened;
        let before = seen.last().map_or(1, |(_, after)| *after);
        let after = before + u32::from(acted);
        assert!(generation.as_ref().is_ok_and(|generation| (before..=after).contains(generation)), "at file {opened}: {generation:?}");
        if !acted {
            break;
        }
        seen.push((generation.unwrap_or_default(), after));
    }
    assert!(seen.iter().any(|(seen, after)| seen < after) && seen.iter().any(|(seen, after)| seen == after), "{seen:?}");
}
