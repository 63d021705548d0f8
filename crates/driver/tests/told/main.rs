//! What a replica makes of packages that its source did not cut from files: one version said in two ways, items that are withdrawn,
//! items of one business transaction, items that are purged.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod purging;
mod refused;
#[path = "../stand/mod.rs"]
mod stand;

use driver::report::ApplyReport;
use driver::{HistoryOptions, ItemsOptions, World};
use stand::{Stand, sealed};
use std::fs;
use std::io;
use std::sync::Arc;
use store::disk::{Dir, Disk, File};
use store::real::RealDisk;
use wire::manifest::{Base, Item, Mark, Piece};

/// What lies on the replica under a name.
fn there(stand: &Stand, name: &str) -> Option<String> {
    fs::read_to_string(stand.replica.join(name)).ok()
}

/// Items and the content of their package: name, version, text, or none where the item is withdrawn.
fn rows(rows: &[(&str, u64, Option<&str>)]) -> (Vec<Item>, Vec<u8>) {
    let (mut items, mut content) = (Vec::new(), Vec::new());
    for (name, version, text) in rows {
        items.push(sealed::item(name.as_bytes(), *version, text.map(|text| (text.as_bytes(), content.len() as u64))));
        content.extend_from_slice(text.unwrap_or_default().as_bytes());
    }
    items.sort_by_key(|item| (!item.removes(), item.id.clone()));
    (items, content)
}

/// FAULTS P06, P07
#[test]
fn one_version_in_two_ways_whatever_comes_first() {
    // What packages 1, 2 and 3 say of version 3 of an item.
    let ways = [
        ("a", [Some("shown whole"), Some("masked"), Some("shown in part")]),
        ("b", [Some("shown"), None, Some("shown again")]),
        ("c", [Some("shown"), Some("shown otherwise"), None]),
        ("d", [None, Some("shown"), None]),
        ("e", [Some("shown"), Some("masked"), Some("shown")]),
        ("f", [Some("shown"), None, Some("shown")]),
        ("g", [None, None, Some("shown")]),
    ];
    for order in [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]] {
        let stand = Stand::new();
        let bring = |sequence: u64| {
            let (items, content) = rows(&ways.map(|(name, way)| (name, 3, way[sequence as usize - 1])));
            let report = stand.bring(sequence, items, &content).unwrap();
            assert!(report.problems.is_empty(), "in the order {order:?}: {:?}", report.problems);
        };
        let state = || ways.map(|(name, _)| there(&stand, name));
        for sequence in order {
            bring(sequence);
            let before = state();
            bring(order[0]);
            assert_eq!(state(), before, "in the order {order:?}: the first one again after {sequence}");
        }
        assert_eq!(state(), ways.map(|(_, way)| way[2].map(String::from)), "in the order {order:?}");
    }
}

/// A failure in the middle of removals left empty folders behind, and what took their place reported them as somebody's local change.
#[test]
fn empty_folders_make_way() {
    for (way, text) in [("old/a/left", None), ("old/a/left", Some("somebody's"))] {
        let stand = Stand::new();
        let (items, content) = rows(&[("old/b/c", 1, Some("one"))]);
        stand.bring(1, items, &content).unwrap();
        fs::create_dir_all(stand.replica.join(way)).unwrap();
        if let Some(text) = text {
            fs::write(stand.replica.join(way).join("note"), text).unwrap();
        }
        let (items, content) = rows(&[("old/b/c", 2, None), ("old", 1, Some("a file now"))]);
        let report = stand.bring(2, items, &content).unwrap();
        let codes: Vec<&str> = report.problems.iter().map(|problem| problem.code).collect();
        assert_eq!(codes, Vec::from_iter(text.map(|_| "RPL-03")), "{text:?}");
        assert_eq!(there(&stand, "old"), Some("a file now".into()), "{text:?}");
    }
}

/// The outcomes of the rows of a package, as the replica's ledger tells them.
fn outcomes(stand: &Stand, sequence: u64) -> Vec<u16> {
    let home = driver::home::Home::open(stand.world(), &stand.home("replica"), driver::home::Access::Change).unwrap();
    home.attested("all", sequence).unwrap().unwrap().rows.iter().map(|row| row.outcome).collect()
}

/// FAULTS A07
#[test]
fn one_item_of_a_transaction_that_fails_fails_all() {
    let stand = Stand::new();
    let (mut before, content) = rows(&[("a", 1, Some("one")), ("b", 1, Some("two")), ("c", 1, Some("three")), ("d", 1, Some("four"))]);
    sealed::one_transaction(&mut before, 1);
    stand.bring(1, before, &content).unwrap();
    // Of what `a`, `c` and `e` become, `c` builds on something that nobody holds; `d` is of no transaction, `f` of another.
    let base = Base { digest: wire::digest::of_bytes(b"nobody holds it"), size: 15 };
    let (mut items, content) = rows(&[
        ("b", 2, None),
        ("a", 2, Some("ONE")),
        ("c", 2, Some("nobody holds it")),
        ("d", 2, Some("FOUR")),
        ("e", 1, Some("five")),
        ("f", 1, Some("six")),
    ]);
    let missing = items.iter_mut().find(|item| item.id.0 == b"c").unwrap();
    (missing.documents[0].pieces, missing.documents[0].at) = (vec![Piece::Copy { base: 0, offset: 0, length: 15 }], 0);
    let mut split: Vec<Item> = items.extract_if(.., |item| !matches!(item.id.0.as_slice(), b"d" | b"f")).collect();
    sealed::one_transaction(&mut split, 2);
    sealed::one_transaction(&mut items[1..], 3);
    items.extend(split);
    items.sort_by_key(|item| (!item.removes(), item.id.clone()));
    let report = stand.bring_over(stand.world(), 2, items, vec![base], &content).unwrap();
    let lies = || ["a", "b", "c", "d", "e", "f"].map(|name| there(&stand, name));
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(lies(), [text("one"), text("two"), text("three"), text("FOUR"), None, text("six")]);
    assert_eq!((outcomes(&stand, 2), report.packages[0].failed), (vec![21, 21, 16, 1, 21, 1], 4));
    // All of them come again, and `a` came in between with something newer.
    let (newer, content) = rows(&[("a", 3, Some("newest"))]);
    stand.bring(4, newer, &content).unwrap();
    let (mut again, content) = rows(&[("b", 2, None), ("a", 2, Some("ONE")), ("c", 2, Some("THREE")), ("e", 1, Some("five"))]);
    sealed::one_transaction(&mut again, 2);
    stand.bring(3, again, &content).unwrap();
    assert_eq!(lies(), [text("newest"), None, text("THREE"), text("FOUR"), text("five"), text("six")]);
    assert_eq!(outcomes(&stand, 3), [1, 6, 1, 1], "what is superseded fails nothing");
}

/// The real disk, which takes no name with an `x` in it, nor one that is escaped.
struct NoX(RealDisk);

impl NoX {
    fn takes(name: &[u8]) -> io::Result<()> {
        if name.iter().any(|byte| b"x%".contains(byte)) { Err(io::Error::from_raw_os_error(22)) } else { Ok(()) }
    }
}

impl Disk for NoX {
    store::hand_on!(Disk to 0: root make_root dir list stat remove remove_dir sync_dir sync_all space walk lock);

    fn open(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.0.open(dir, name)
    }
    fn open_write(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.0.open_write(dir, name)
    }
    fn create(&self, dir: &Dir, name: &[u8], mode: u32) -> io::Result<Box<dyn File>> {
        Self::takes(name)?;
        self.0.create(dir, name, mode)
    }
    fn rename(&self, from: (&Dir, &[u8]), to: (&Dir, &[u8]), how: store::disk::Rename) -> io::Result<()> {
        Self::takes(to.1)?;
        self.0.rename(from, to, how)
    }
}

/// FAULTS A07, A04
#[test]
fn a_name_that_is_refused_in_every_form_fails_its_transaction_before_anything_is_switched() {
    let stand = Stand::new();
    let world = World { disk: Arc::new(NoX(RealDisk::new())), ..stand.world().clone() };
    let bring = |sequence, items, content: &[u8]| -> ApplyReport { stand.bring_over(&world, sequence, items, Vec::new(), content).unwrap() };
    let (mut items, content) = rows(&[("a", 1, Some("one")), ("b", 1, Some("two")), ("x", 1, Some("refused")), ("y", 1, Some("alone"))]);
    sealed::one_transaction(&mut items[..3], 1);
    bring(1, items, &content);
    assert_eq!(outcomes(&stand, 1), [21, 21, 18, 1]);
    assert_eq!(["a", "b", "x", "y"].map(|name| there(&stand, name).is_some()), [false, false, false, true]);
    let (items, content) = rows(&[("a", 1, Some("one")), ("x", 1, Some("refused"))]);
    bring(2, items, &content);
    assert_eq!(outcomes(&stand, 2), [1, 18], "of no transaction, each for itself");
}

/// FAULTS K09
#[test]
fn what_is_withdrawn_is_told_from_what_was_deleted() {
    let stand = Stand::new();
    let (items, content) = rows(&[("a", 1, Some("stays at the source")), ("b", 1, Some("is deleted there"))]);
    stand.bring(1, items, &content).unwrap();
    let (mut items, content) = rows(&[("a", 1, None), ("b", 2, None)]);
    items[1].mark = Mark::Delete;
    let report = stand.bring(2, items, &content).unwrap();
    assert_eq!((report.packages[0].removed, report.packages[0].withdrawn), (2, 1));
    let home = stand.home("replica");
    let left = ItemsOptions { state: Some("left".into()), ..ItemsOptions::default() };
    let marks = driver::items(stand.world(), &home, &left).unwrap().items;
    assert_eq!(marks.iter().map(|item| (item.item.to_string(), item.mark)).collect::<Vec<_>>(), [("a".into(), "withdraw"), ("b".into(), "delete")]);
    let history = driver::history(stand.world(), &home, &HistoryOptions::default()).unwrap().entries;
    assert_eq!(history.iter().map(|entry| (entry.replaced_by, entry.kept)).collect::<Vec<_>>(), [("withdraw", false), ("delete", true)]);
    assert!(history[0].purged);
    assert_eq!(purging::holding(&stand.replica, "at the source"), Vec::<std::path::PathBuf>::new(), "what is withdrawn leaves nothing behind");
    assert_eq!(purging::holding(&stand.replica, "is deleted there").len(), 1);
    // It is shown again, at the version that it had.
    let (items, content) = rows(&[("a", 1, Some("stays at the source"))]);
    stand.bring(3, items, &content).unwrap();
    assert_eq!(there(&stand, "a").as_deref(), Some("stays at the source"));
}

/// The real disk, which fails where something is to take this name.
struct Denied(RealDisk, &'static [u8]);

impl Disk for Denied {
    store::hand_on!(Disk to 0: root make_root dir list stat remove remove_dir sync_dir sync_all space walk lock);

    fn open(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.0.open(dir, name)
    }
    fn open_write(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.0.open_write(dir, name)
    }
    fn create(&self, dir: &Dir, name: &[u8], mode: u32) -> io::Result<Box<dyn File>> {
        self.0.create(dir, name, mode)
    }
    fn rename(&self, from: (&Dir, &[u8]), to: (&Dir, &[u8]), how: store::disk::Rename) -> io::Result<()> {
        if to.1 == self.1 { Err(io::Error::from_raw_os_error(5)) } else { self.0.rename(from, to, how) }
    }
}

#[test]
fn a_failure_while_items_are_switched_says_at_which() {
    let stand = Stand::new();
    let world = World { disk: Arc::new(Denied(RealDisk::new(), b"closed")), ..stand.world().clone() };
    let (items, content) = rows(&[("a", 1, Some("one")), ("closed", 1, Some("two"))]);
    let failure = stand.bring_over(&world, 1, items, Vec::new(), &content).unwrap_err().0;
    assert_eq!((failure.code, failure.subject.as_str()), ("IO-01", stand.replica.join("closed").to_str().unwrap()));
    assert!(failure.detail.contains("os error 5"), "{}", failure.detail);
}
