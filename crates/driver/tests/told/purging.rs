//! What is purged is nowhere: not in the history, not aside, not in what is kept to rebuild others; and the answer says so only when that
//! was looked for.

use super::stand::{Stand, sealed};
use super::{outcomes, rows, there};
use driver::progress::{Progress, Stage};
use driver::{HistoryOptions, World};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use wire::manifest::{Item, Mark};

/// Files below a folder that hold these bytes.
pub fn holding(root: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if fs::read(&path).unwrap().windows(text.len()).any(|window| window == text.as_bytes()) {
            found.push(path);
        }
    }
    found
}

/// Items that are purged: name, version, what is left of them.
fn purges(of: &[(&str, u64, Option<&str>)]) -> (Vec<Item>, Vec<u8>) {
    let (mut items, content) = rows(of);
    items.iter_mut().for_each(|item| item.mark = Mark::Purge);
    (items, content)
}

fn bring(stand: &Stand, sequence: u64, (items, content): (Vec<Item>, Vec<u8>)) {
    stand.bring(sequence, items, &content).unwrap();
}

/// Version 1 and 2 of `a` and `gone` hold secrets; `other` has one of them for its own. Somebody edited `a`.
fn with_secrets() -> Stand {
    let stand = Stand::new();
    let secrets = |version: u64, a| rows(&[("a", version, Some(a)), ("gone", version, Some("another secret")), ("other", version, Some("secret of both"))]);
    bring(&stand, 1, secrets(1, "secret one"));
    bring(&stand, 2, secrets(2, "secret of both"));
    fs::write(stand.replica.join("a"), "secret that somebody wrote into it").unwrap();
    let (mut items, content) = rows(&[("a", 3, Some("secret three")), ("gone", 3, None)]);
    items.iter_mut().filter(|item| item.documents.is_empty()).for_each(|item| item.mark = wire::manifest::Mark::Delete);
    bring(&stand, 3, (items, content));
    let dot = stand.replica.join(".gapferry");
    // What somebody copied by hand, and what is kept of sealed packages.
    fs::copy(dot.join("history").join(hex("secret one")), dot.join("kept/a copy")).unwrap();
    let copies = stand.home("replica").join("spool/parity/all");
    fs::create_dir_all(&copies).unwrap();
    fs::write(copies.join(format!("{}.gfp", sealed::id(1))), "sealed").unwrap();
    assert_eq!(holding(&dot, "secret").len(), 4, "one, what somebody wrote, another, and the copy: {:?}", holding(&dot, "secret"));
    stand
}

fn hex(text: &str) -> String {
    let digest = wire::digest::of_bytes(text.as_bytes()).to_string();
    format!("{}/{digest}", &digest[..2])
}

/// FAULTS K09
#[test]
fn what_is_purged_is_nowhere() {
    let stand = with_secrets();
    bring(&stand, 4, purges(&[("a", 3, Some("nothing of that")), ("gone", 3, None)]));
    assert_eq!(outcomes(&stand, 4), [2, 1]);
    assert_eq!((there(&stand, "a").as_deref(), there(&stand, "other").as_deref()), (Some("nothing of that"), Some("secret of both")));
    assert_eq!(holding(&stand.replica, "secret"), [stand.replica.join("other")], "what another item holds is its own");
    assert!(!stand.home("replica").join("spool/parity/all").exists());
    let history = || driver::history(stand.world(), &stand.home("replica"), &HistoryOptions::default()).unwrap().entries;
    let entries: Vec<_> = history().into_iter().map(|entry| (entry.item.to_string(), entry.version, entry.replaced_by, entry.kept, entry.purged)).collect();
    let purged = |item: &str, version, by| (item.to_owned(), version, by, false, true);
    assert_eq!(
        entries,
        [purged("a", 3, "purge"), purged("a", 1, "document"), purged("gone", 2, "delete"), purged("gone", 1, "document")].as_slice()[..entries.len()]
    );
    let options = HistoryOptions { version: Some(1), pattern: Some("a".into()), restore: Some(stand.root.join("restored")), ..HistoryOptions::default() };
    let restored = driver::history(stand.world(), &stand.home("replica"), &options).unwrap();
    assert_eq!((restored.restored, restored.problems.iter().map(|problem| problem.code).collect::<Vec<_>>()), (0, vec!["RPL-06"]));
    // It comes again, and then the next version, which has a history of its own.
    bring(&stand, 4, purges(&[("a", 3, Some("nothing of that")), ("gone", 3, None)]));
    bring(&stand, 5, rows(&[("a", 4, Some("newer"))]));
    assert_eq!(history().iter().filter(|entry| entry.kept).count(), 1);
}

/// FAULTS K09
#[test]
fn a_purge_that_comes_late_erases_what_is_older_and_proves_nothing() {
    let stand = with_secrets();
    bring(&stand, 9, rows(&[("a", 5, Some("newest"))]));
    bring(&stand, 4, purges(&[("a", 4, Some("nothing of that"))]));
    assert_eq!((outcomes(&stand, 4), there(&stand, "a").as_deref()), (vec![6], Some("newest")));
    let left: Vec<PathBuf> = holding(&stand.replica, "secret").into_iter().filter(|path| !path.ends_with("other")).collect();
    assert_eq!(left, [stand.replica.join(".gapferry/history").join(hex("another secret"))], "the other item was not purged");
}

/// Puts a file back at the moment when what was applied is read back.
struct AtAttest(PathBuf);

impl Progress for AtAttest {
    fn begin(&self, stage: Stage, _: Option<u64>, _: Option<u64>) {
        if stage == Stage::Attest {
            fs::write(&self.0, "secret one").unwrap();
        }
    }
    fn advance(&self, _: u64, _: u64) {}
    fn end(&self) {}
    fn notice(&self, _: &'static str, _: &str) {}
}

/// FAULTS K09
#[test]
fn a_purge_is_proven_only_when_nothing_is_found() {
    let stand = with_secrets();
    let left = stand.replica.join(".gapferry/kept/came back");
    let world = World { progress: Arc::new(AtAttest(left.clone())), ..stand.world().clone() };
    let (items, content) = purges(&[("a", 3, Some("nothing of that"))]);
    stand.bring_over(&world, 4, items, Vec::new(), &content).unwrap();
    assert_eq!((outcomes(&stand, 4), left.exists()), (vec![22], true));
    bring(&stand, 5, purges(&[("a", 3, Some("nothing of that"))]));
    assert_eq!((outcomes(&stand, 5), left.exists()), (vec![2], false), "the source sends it again");
}
