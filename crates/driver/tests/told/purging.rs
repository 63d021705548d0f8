//! What is purged is nowhere: not in the history, not aside, not in what is kept to rebuild others; and the answer says so only when that
//! was looked for.

use super::stand::{Stand, sealed};
use super::{outcomes, rows, there};
use driver::progress::{Progress, Stage};
use driver::{HistoryOptions, World};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::disk::{Dir, Disk, File};
use store::real::RealDisk;
use wire::manifest::{Item, Mark, Part, Piece};

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
    let guessable = history().into_iter().filter(|entry| entry.purged && (!entry.digest.is_empty() || entry.bytes > 0)).count();
    assert_eq!(guessable, 0, "a short value is guessed from its digest");
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

/// FAULTS K09: nobody is sent to look for what is gone.
#[test]
fn a_change_by_hand_that_a_purge_erases_is_not_said_to_be_kept() {
    let stand = with_secrets();
    fs::write(stand.replica.join("a"), "secret of a hand").unwrap();
    let (items, content) = purges(&[("a", 3, Some("nothing of that"))]);
    let report = stand.bring_over(stand.world(), 4, items, Vec::new(), &content).unwrap();
    assert_eq!(holding(&stand.replica, "of a hand"), Vec::<PathBuf>::new());
    let told: Vec<_> = report.problems.iter().map(|problem| (problem.code, problem.detail.as_str())).collect();
    assert_eq!((report.kept_aside, told), (vec![], vec![("RPL-03", "it is to be gone with all that was made of it, and was erased")]));
}

/// FAULTS K09: a look that failed counted as erased.
#[test]
fn what_a_purge_could_not_look_at_is_said_to_be_kept() {
    let stand = with_secrets();
    fs::write(stand.replica.join("a"), "secret of a hand").unwrap();
    let blind = Arc::new(AtomicBool::new(false));
    let disk = Arc::new(Blind(RealDisk::new(), b"kept", blind.clone()));
    let progress = Arc::new(Switched(AtomicBool::new(false), move || blind.store(true, Ordering::SeqCst)));
    let world = World { disk, progress, ..stand.world().clone() };
    let (items, content) = purges(&[("a", 3, Some("nothing of that"))]);
    let report = stand.bring_over(&world, 4, items, Vec::new(), &content).unwrap();
    let lies = holding(&stand.replica, "of a hand");
    let told: Vec<_> = report.problems.iter().filter(|problem| problem.code == "RPL-03").map(|problem| problem.detail.clone()).collect();
    let said = lies.iter().map(|path| format!("kept in {}", path.strip_prefix(&stand.replica).unwrap().display())).collect::<Vec<_>>();
    assert_eq!((lies.len(), report.kept_aside.len(), told), (1, 1, said));
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

/// Does something when all rows are switched in, before anything is erased.
struct Switched<F>(AtomicBool, F);

impl<F: Fn() + Send + Sync> Progress for Switched<F> {
    fn begin(&self, stage: Stage, _: Option<u64>, _: Option<u64>) {
        self.0.store(stage == Stage::Apply, Ordering::SeqCst);
    }
    fn advance(&self, _: u64, _: u64) {}
    fn end(&self) {
        if self.0.swap(false, Ordering::SeqCst) {
            (self.1)();
        }
    }
    fn notice(&self, _: &'static str, _: &str) {}
}

/// Does something at the moment when what was applied is read back.
struct AtAttest<F>(F);

impl<F: Fn() + Send + Sync> Progress for AtAttest<F> {
    fn begin(&self, stage: Stage, _: Option<u64>, _: Option<u64>) {
        if stage == Stage::Attest {
            self.0();
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
    let put_back = left.clone();
    let world = World { progress: Arc::new(AtAttest(move || fs::write(&put_back, "secret one").unwrap())), ..stand.world().clone() };
    let (items, content) = purges(&[("a", 3, Some("nothing of that"))]);
    let report = stand.bring_over(&world, 4, items, Vec::new(), &content).unwrap();
    assert_eq!((outcomes(&stand, 4), left.exists()), (vec![22], true));
    let told: Vec<_> = report.problems.iter().map(|problem| (problem.code, problem.subject.as_str())).collect();
    assert_eq!((report.packages[0].failed, told), (1, vec![("IO-01", "a")]));
    bring(&stand, 5, purges(&[("a", 3, Some("nothing of that"))]));
    assert_eq!((outcomes(&stand, 5), left.exists()), (vec![2], false), "the source sends it again");
}

/// FAULTS K09: the entry of the first one, which was erased already, kept the content from the second one's purge.
#[test]
fn content_that_two_items_had_is_gone_when_both_are_purged() {
    let stand = Stand::new();
    bring(&stand, 1, rows(&[("a", 1, Some("secret of both")), ("b", 1, Some("secret of both"))]));
    bring(&stand, 2, rows(&[("a", 2, Some("x")), ("b", 2, Some("y"))]));
    bring(&stand, 3, purges(&[("a", 2, Some("x"))]));
    assert_eq!((outcomes(&stand, 3), holding(&stand.replica, "secret").len()), (vec![2], 1), "it is the other one's still");
    bring(&stand, 4, purges(&[("b", 2, Some("y"))]));
    assert_eq!((outcomes(&stand, 4), holding(&stand.replica, "secret").len()), (vec![2], 0));
}

/// FAULTS K09: what another item of the same package leaves behind has the content of the purged one.
#[test]
fn what_is_replaced_beside_a_purge_stays_in_the_history() {
    let stand = Stand::new();
    bring(&stand, 1, rows(&[("a", 1, Some("of both")), ("b", 1, Some("of both"))]));
    let (mut items, content) = rows(&[("a", 2, Some("x")), ("b", 2, Some("y"))]);
    items[0].mark = Mark::Purge;
    bring(&stand, 2, (items, content));
    assert_eq!((outcomes(&stand, 2), holding(&stand.replica, "of both")), (vec![1, 1], vec![stand.replica.join(".gapferry/history").join(hex("of both"))]));
}

/// A part of a document: its offset, its length, and where its bytes begin in the content of the package.
fn part(name: &str, version: u64, whole: &str, (offset, length, at): (usize, usize, u64)) -> Item {
    let mut item = sealed::item(name.as_bytes(), version, Some((whole.as_bytes(), at)));
    let bytes = &whole.as_bytes()[offset..offset + length];
    let (offset, length) = (offset as u64, length as u64);
    item.documents[0].part = Some(Part { offset, length, digest: wire::digest::of_bytes(bytes) });
    item.documents[0].pieces = vec![Piece::New { length }];
    item
}

/// FAULTS K09: as long as one document was on its way, the parts of every other one stayed.
#[test]
fn parts_of_what_is_whole_go_though_another_document_is_half_way() {
    let stand = Stand::new();
    let (whole, other) = ("secret in parts, whole", "another document in parts");
    let parts = stand.replica.join(".gapferry/parts");
    let part_of_other = parts.join(wire::digest::of_bytes(other.as_bytes()).to_string());
    let content = [&whole[..12], &other[..14]].concat();
    bring(&stand, 1, (vec![part("a", 1, whole, (0, 12, 0)), part("half", 1, other, (0, 14, 12))], content.into_bytes()));
    bring(&stand, 2, (vec![part("a", 1, whole, (12, 10, 0))], whole.as_bytes()[12..].to_vec()));
    assert_eq!((there(&stand, "a").as_deref(), outcomes(&stand, 2)), (Some(whole), vec![1]));
    assert_eq!((holding(&parts, "secret"), part_of_other.exists()), (vec![], true));
    // What an earlier version of the program, or a ledger that went back, left there.
    let left = parts.join(wire::digest::of_bytes(b"nobody knows it").to_string());
    fs::create_dir(&left).unwrap();
    fs::write(left.join("0000000000000000"), "secret of nobody").unwrap();
    let (items, content) = purges(&[("a", 2, Some("nothing of that"))]);
    let more = part("half", 1, other, (14, 5, content.len() as u64));
    bring(&stand, 3, ([items, vec![more]].concat(), [&content, &other.as_bytes()[14..19]].concat()));
    assert_eq!((outcomes(&stand, 3), holding(&stand.replica, "secret")), (vec![1, 5], vec![]));
    assert_eq!(fs::read_dir(part_of_other).unwrap().count(), 2, "what is on its way stays");
}

/// FAULTS K09: a home that went back, or a kill between the record and the unlinking, leaves files in the history that no ledger lists.
#[test]
fn earlier_versions_that_no_ledger_lists_go_with_the_next_purge() {
    let stand = with_secrets();
    let history = stand.replica.join(".gapferry/history");
    let left = history.join(hex("secret of nobody"));
    fs::create_dir_all(left.parent().unwrap()).unwrap();
    fs::write(&left, "secret of nobody").unwrap();
    bring(&stand, 4, purges(&[("a", 3, Some("nothing of that"))]));
    assert_eq!(outcomes(&stand, 4), [1]);
    assert_eq!(holding(&history, "secret"), [history.join(hex("another secret"))], "what is listed stays");
}

/// FAULTS K09: in a new life nothing was known any more of the packages that local changes were kept aside for.
#[test]
fn local_changes_from_before_a_new_life_go_as_well() {
    let stand = with_secrets();
    let options = driver::RebaseOptions { route: "all".into(), reason: "a test".into(), new_life: true, ..driver::RebaseOptions::default() };
    driver::rebase(stand.world(), &stand.home("replica"), &options).unwrap();
    bring(&stand, 4, purges(&[("a", 3, Some("nothing of that"))]));
    let kept = stand.replica.join(".gapferry/kept");
    assert_eq!((holding(&kept, "secret"), outcomes(&stand, 4)), (vec![], vec![1]));
    let unknown = kept.join(format!("{}-00000000", sealed::id(99)));
    fs::write(&unknown, "of whatever item").unwrap();
    bring(&stand, 5, purges(&[("a", 3, Some("nothing of that"))]));
    assert_eq!((outcomes(&stand, 5), unknown.exists()), (vec![2], true), "nobody knows of which item it is: it is a person's");
}

/// FAULTS K09: a kill while what was rebuilt was applied.
#[test]
fn rebuilt_packages_that_were_left_go_with_a_purge() {
    let stand = with_secrets();
    let rebuilt = stand.home("replica").join("spool/parity/.rebuilt");
    let file = rebuilt.join(format!("{}.gfp", sealed::id(1)));
    let put = move || {
        fs::create_dir_all(&rebuilt).unwrap();
        fs::write(rebuilt.join(format!("{}.gfp", sealed::id(1))), "sealed").unwrap();
    };
    put();
    bring(&stand, 4, purges(&[("a", 3, Some("nothing of that"))]));
    assert_eq!((outcomes(&stand, 4), file.exists()), (vec![1], false));
    let world = World { progress: Arc::new(AtAttest(put)), ..stand.world().clone() };
    let (items, content) = purges(&[("a", 3, Some("nothing of that"))]);
    stand.bring_over(&world, 5, items, Vec::new(), &content).unwrap();
    assert_eq!(outcomes(&stand, 5), [22]);
}

/// The real disk, which from some moment on does not open one folder.
struct Blind(RealDisk, &'static [u8], Arc<AtomicBool>);

impl Disk for Blind {
    store::hand_on!(Disk to 0: root make_root list stat rename remove remove_dir sync_dir sync_all space walk lock);

    fn dir(&self, base: &Dir, path: &[u8], make: bool) -> io::Result<Dir> {
        if self.2.load(Ordering::SeqCst) && path == self.1 { Err(io::Error::from_raw_os_error(5)) } else { self.0.dir(base, path, make) }
    }
    fn open(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.0.open(dir, name)
    }
    fn open_write(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.0.open_write(dir, name)
    }
    fn create(&self, dir: &Dir, name: &[u8], mode: u32) -> io::Result<Box<dyn File>> {
        self.0.create(dir, name, mode)
    }
}

/// FAULTS K09, C05: a look that failed counted as absence.
#[test]
fn where_nothing_can_be_looked_at_nothing_is_proven_to_be_gone() {
    let expected: [(&[u8], u16, bool); 6] =
        [(b"none", 1, true), (b"history", 22, true), (b"parts", 22, true), (b"kept", 22, true), (b"spool/parity/all", 22, true), (b"d", 32, false)];
    for (folder, outcome, purged) in expected {
        let stand = Stand::new();
        bring(&stand, 1, rows(&[("a", 1, Some("one")), ("d/gone", 1, Some("two")), ("d/stays", 1, Some("three"))]));
        for folder in ["history", "parts", "kept"] {
            fs::create_dir_all(stand.replica.join(".gapferry").join(folder)).unwrap();
        }
        let blind = Arc::new(AtomicBool::new(false));
        let disk = Arc::new(Blind(RealDisk::new(), folder, blind.clone()));
        let progress = Arc::new(AtAttest(move || blind.store(true, Ordering::SeqCst)));
        let world = World { disk, progress, ..stand.world().clone() };
        let (items, content) = if purged { purges(&[("a", 2, Some("ONE"))]) } else { rows(&[("d/gone", 1, None)]) };
        // With the last receipt it may fail; what it says was read back is in the ledger.
        let _report = stand.bring_over(&world, 2, items, Vec::new(), &content);
        assert_eq!(outcomes(&stand, 2), [outcome], "{}", folder.escape_ascii());
    }
}
