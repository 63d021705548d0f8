//! The weather between two zones (P1, P2, P3): packages lost, damaged in place, doubled, reordered, delayed past the next ones;
//! receipts lost, damaged, doubled, late; media wiped, cloned, pulled out; files of the replica spoilt behind everybody's back.
//! All of it from one seed per voyage, printed.
//!
//! Checked after every step, by code that shares nothing with the program: no item is shown done whose replica does not hold
//! what the source had at that version, nothing that is proven gone is there, every file of the replica is wholly one that the
//! source had (or what was spoilt), and no item goes back to an older version. When the weather is over, `carry` alone must
//! bring everything to the end. How many voyages: `GAPFERRY_VOYAGES`; steps of each: `GAPFERRY_STEPS`.

use crate::stand::{Leaf, Random, Side, Stand, patiently, size, tree};
use driver::report::Problem;
use driver::{Actor, CarryOptions, ItemsOptions, ReceiptForm, ScrubOptions, World};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use store::clock::{RealClock, RealEntropy};
use store::real::RealDisk;

const MEDIA: u64 = 3;
/// Carries of all media after the weather, at most: one round would do but for deltas whose base was spoilt.
const ROUNDS_MAX: usize = 12;

fn world() -> World {
    World {
        disk: Arc::new(RealDisk::new()),
        indexes: Arc::new(store::index::SledIndexes),
        clock: Arc::new(RealClock),
        entropy: Arc::new(RealEntropy),
        progress: Arc::new(driver::progress::Silent),
        actor: Actor { user: "tester".into(), host: "stand".into(), command: "carry".into() },
        passphrase: Arc::new(|| None),
    }
}

/// A file that was taken off a medium, or copied from it, and may come late.
struct Late {
    name: String,
    bytes: Vec<u8>,
}

/// One voyage: two zones, media, and what an onlooker knows of them.
struct Voyage<'a> {
    stand: &'a Stand,
    world: World,
    random: Random,
    late: Vec<Late>,
    /// What the source had, by item and version; none when it was gone.
    had: BTreeMap<(String, u64), Option<Leaf>>,
    /// What each name has ever held at the source.
    held: HashMap<String, Vec<Leaf>>,
    /// What was done to files of the replica by hand, until the program has put them right.
    spoilt: HashMap<String, Option<Leaf>>,
    /// Versions that the replica has shown.
    shown: HashMap<String, u64>,
    scrub_due: bool,
    damaged: bool,
    log: Vec<String>,
    counter: u64,
}

impl<'a> Voyage<'a> {
    fn new(stand: &'a Stand, seed: u64) -> Self {
        let world = world();
        let empty = || (BTreeMap::new(), HashMap::new());
        let ((had, held), spoilt) = (empty(), HashMap::new());
        Self {
            stand,
            world,
            random: Random::of(seed),
            late: Vec::new(),
            had,
            held,
            spoilt,
            shown: HashMap::new(),
            scrub_due: false,
            damaged: false,
            log: Vec::new(),
            counter: 0,
        }
    }

    fn medium(&self, number: u64) -> PathBuf {
        self.stand.folder(&format!("medium-{number}"))
    }

    fn any_medium(&mut self) -> u64 {
        self.random.below(MEDIA)
    }

    fn note(&mut self, text: String) {
        self.log.push(text);
    }

    /// One of several, as the seed decides.
    fn pick<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        let place = if all.is_empty() { return None } else { self.random.below(all.len() as u64) };
        all.get(usize::try_from(place).expect("small")).cloned()
    }

    // --- the source's people --------------------------------------------------------------------------------------------

    fn content(&mut self) -> Vec<u8> {
        self.counter += 1;
        let length = match self.random.below(12) {
            0 => 0,
            1 | 2 => 140_000 + self.random.below(80_000),
            _ => self.random.below(5000),
        };
        // Each content is its own, so that a mixture of two versions would be seen.
        let mut content = if length == 0 && self.random.below(2) == 0 { Vec::new() } else { format!("content {}\n", self.counter).into_bytes() };
        content.extend(self.random.bytes(usize::try_from(length).expect("small")));
        content
    }

    fn change(&mut self) {
        let names: Vec<String> = tree(&self.stand.archive).into_keys().map(|name| String::from_utf8(name).expect("UTF-8")).collect();
        let path = |name: &str| self.stand.archive.join(name);
        let fresh = format!("{}/{:02}.json", ["卡片", "地契 扫描", "d"][self.counter as usize % 3], self.random.below(14));
        let what = self.random.below(10);
        let Some(name) = self.pick(&names).filter(|_| names.len() > 3 && what > 2) else {
            let content = self.content();
            self.note(format!("write {fresh} ({} bytes)", content.len()));
            self.stand.write(&fresh, content);
            return;
        };
        match what {
            3 | 4 => {
                let content = self.content();
                self.note(format!("rewrite {name} ({} bytes)", content.len()));
                self.stand.write(&name, content);
            }
            5 | 6 => {
                let mut content = fs::read(path(&name)).expect("readable");
                let at = usize::try_from(self.random.below(content.len() as u64 + 1)).expect("small");
                self.counter += 1;
                content.splice(at..at, format!("inserted {}", self.counter).into_bytes());
                self.note(format!("insert into {name}"));
                self.stand.write(&name, content);
            }
            7 if !path(&fresh).exists() => {
                self.note(format!("rename {name} to {fresh}"));
                fs::create_dir_all(path(&fresh).parent().expect("a folder")).expect("made");
                fs::rename(path(&name), path(&fresh)).expect("renamed");
            }
            8 => {
                use std::os::unix::fs::PermissionsExt;
                self.note(format!("attributes of {name}"));
                let mode = fs::metadata(path(&name)).expect("there").permissions().mode();
                fs::set_permissions(path(&name), fs::Permissions::from_mode(mode ^ 0o111)).expect("changed");
            }
            _ => {
                self.note(format!("remove {name}"));
                fs::remove_file(path(&name)).expect("removed");
            }
        }
    }

    // --- carrying -------------------------------------------------------------------------------------------------------

    fn carry(&mut self, side: Side, number: u64) {
        if side == Side::Replica && !self.medium(number).join("gapferry").exists() {
            // A blank medium: the replica has nothing to do with it, and says so.
            let options = CarryOptions { medium: self.medium(number), ..CarryOptions::default() };
            let failure = patiently("carry", || driver::carry(&self.world, &self.stand.home(side), &options)).map(drop).expect_err("it is blank");
            assert_eq!(failure.0.code, "MED-02");
            return;
        }
        let receipt = match self.random.below(3) {
            0 => Some(ReceiptForm::Full),
            1 => Some(ReceiptForm::Digest),
            _ => None,
        };
        let options = CarryOptions { medium: self.medium(number), receipt: receipt.filter(|_| side == Side::Replica), ..CarryOptions::default() };
        let report = patiently("carry", || driver::carry(&self.world, &self.stand.home(side), &options))
            .unwrap_or_else(|failure| panic!("carry {number} on the {side:?}: {failure}"));
        let mut problems: Vec<Problem> = report.reconciled.map(|report| report.problems).unwrap_or_default();
        problems.extend(report.packed.map(|report| report.problems).unwrap_or_default());
        problems.extend(report.applied.map(|report| report.problems).unwrap_or_default());
        self.note(format!("{side:?} carries medium {number}: {:?}", problems.iter().map(|problem| problem.code).collect::<Vec<_>>()));
        for problem in problems {
            let of_damage = self.damaged && ["ENV-", "PKG-", "RCT-"].iter().any(|family| problem.code.starts_with(family));
            let of_spoiling = problem.code == "RPL-03" && !self.spoilt.is_empty();
            assert!(of_damage || of_spoiling, "{problem:?}");
        }
        if side == Side::Source {
            self.look_at_source();
        }
    }

    /// Notes what the source has now at which version: `carry` has just captured, and nobody else writes.
    fn look_at_source(&mut self) {
        let mut now: BTreeMap<String, Leaf> =
            tree(&self.stand.archive).into_iter().map(|(name, leaf)| (String::from_utf8(name).expect("UTF-8"), leaf)).collect();
        for item in self.items(Side::Source) {
            let leaf = now.remove(&item.item.to_string());
            if let Some(leaf) = &leaf {
                let held = self.held.entry(item.item.to_string()).or_default();
                if !held.contains(leaf) {
                    held.push(leaf.clone());
                }
            }
            let had = self.had.entry((item.item.to_string(), item.version)).or_insert_with(|| leaf.clone());
            assert_eq!(had.as_ref().map(said), leaf.as_ref().map(said), "version {} of {} is two things", item.version, item.item);
        }
        assert!(now.is_empty(), "these are not in the ledger: {:?}", now.keys());
    }

    fn items(&self, side: Side) -> Vec<driver::report::ItemReport> {
        driver::items(&self.world, &self.stand.home(side), &ItemsOptions::default()).unwrap_or_else(|failure| panic!("{side:?}: {failure}")).items
    }

    // --- the weather ----------------------------------------------------------------------------------------------------

    fn files(&self, number: u64, endings: &[&str]) -> Vec<PathBuf> {
        let folder = self.medium(number).join("gapferry");
        let mut files: Vec<PathBuf> = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry").path()).collect();
        files.retain(|path| endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)));
        files.sort();
        files
    }

    fn weather(&mut self) {
        let number = self.any_medium();
        let files = self.files(number, &[".gfp", ".gfr"]);
        let file = self.pick(&files);
        let what = self.random.below(20);
        match (what, file) {
            (0..4, Some(file)) => {
                self.note(format!("lost: {}", file.display()));
                fs::remove_file(file).expect("removed");
            }
            (4..8, Some(file)) => {
                let mut bytes = fs::read(&file).expect("readable");
                let at = usize::try_from(self.random.below(bytes.len() as u64)).expect("small");
                if self.random.below(4) == 0 {
                    bytes.truncate(at)
                } else {
                    bytes[at] ^= 1 << self.random.below(8)
                }
                self.note(format!("damaged at {at}: {}", file.display()));
                self.damaged = true;
                fs::write(file, bytes).expect("written");
            }
            (8..12, Some(file)) => {
                let late = Late { name: file.file_name().expect("a name").to_string_lossy().into_owned(), bytes: fs::read(&file).expect("readable") };
                let stays = self.random.below(2) == 0;
                self.note(format!("{}: {}", if stays { "doubled" } else { "delayed" }, file.display()));
                if !stays {
                    fs::remove_file(file).expect("removed");
                }
                self.late.push(late);
            }
            (12..16, _) if !self.late.is_empty() => {
                let place = usize::try_from(self.random.below(self.late.len() as u64)).expect("small");
                let late = self.late.swap_remove(place);
                let folder = self.medium(number).join("gapferry");
                fs::create_dir_all(&folder).expect("made");
                // Under its own name, or under another one: the digits of a name mean nothing.
                let name = if self.random.below(3) == 0 { format!("{:032x}{}", self.random.next(), &late.name[32..]) } else { late.name.clone() };
                self.note(format!("late on medium {number}: {} as {name}", late.name));
                fs::write(folder.join(name), &late.bytes).expect("written");
            }
            (16, _) => {
                self.note(format!("medium {number} is wiped"));
                let _was_not_there = fs::remove_dir_all(self.medium(number).join("gapferry"));
            }
            (17, _) => {
                let to = (number + 1) % MEDIA;
                self.note(format!("medium {number} is cloned to {to}"));
                let _was_not_there = fs::remove_dir_all(self.medium(to));
                crate::stand::copy(&self.medium(number), &self.medium(to));
            }
            (18, Some(file)) => {
                self.note(format!("pulled out: half of {}", file.display()));
                let bytes = fs::read(&file).expect("readable");
                fs::write(file.with_file_name(format!("{:032x}.gfp.part", self.random.next())), &bytes[..bytes.len() / 2]).expect("written");
            }
            _ => self.spoil(),
        }
    }

    /// Something happens to a file of the replica.
    fn spoil(&mut self) {
        let names: Vec<String> = tree(&self.stand.replica).into_keys().map(|name| String::from_utf8_lossy(&name).into_owned()).collect();
        let Some(name) = self.pick(&names) else { return };
        let path = self.stand.replica.join(&name);
        let times = fs::metadata(&path).and_then(|metadata| metadata.modified()).expect("a time");
        if self.random.below(3) == 0 {
            self.note(format!("removed from the replica: {name}"));
            fs::remove_file(&path).expect("removed");
        } else {
            self.counter += 1;
            let mut bytes = fs::read(&path).expect("readable");
            match bytes.len() {
                0 => bytes = format!("spoilt {}", self.counter).into_bytes(),
                length => bytes[length / 2] ^= 1,
            }
            self.note(format!("spoilt on the replica: {name}"));
            fs::write(&path, bytes).expect("written");
            fs::File::options().write(true).open(&path).and_then(|file| file.set_modified(times)).expect("the time is kept");
        }
        let now = tree(&self.stand.replica).remove(name.as_bytes());
        self.spoilt.insert(name, now);
        self.scrub_due = true;
    }

    fn scrub(&mut self) {
        let number = self.any_medium();
        self.note(format!("scrub to medium {number}"));
        let options = ScrubOptions { to: Some(self.medium(number)), ..ScrubOptions::default() };
        patiently("scrub", || driver::scrub(&self.world, &self.stand.home(Side::Replica), &options)).unwrap_or_else(|failure| panic!("scrub: {failure}"));
    }

    // --- what must hold at every step -----------------------------------------------------------------------------------

    fn check(&mut self) {
        let replica: BTreeMap<String, Leaf> =
            tree(&self.stand.replica).into_iter().map(|(name, leaf)| (String::from_utf8_lossy(&name).into_owned(), leaf)).collect();
        // What was spoilt stays so until the program has written something else there.
        self.spoilt.retain(|name, spoilt| replica.get(name) == spoilt.as_ref());
        let items = self.items(Side::Source);
        for item in items.iter().filter(|item| item.state == "done") {
            let name = item.item.to_string();
            assert_eq!(item.proven_version, item.version, "{name} is done at another version");
            let had = self.had[&(name.clone(), item.version)].as_ref();
            let there = replica.get(&name);
            assert!(
                self.spoilt.contains_key(&name) || had == there,
                "{name} is shown done at version {}: the source had {:?}, the replica has {:?}",
                item.version,
                had.map(said),
                there.map(said)
            );
        }
        let listed: BTreeSet<String> = items.iter().map(|item| item.item.to_string()).collect();
        for (name, leaf) in &replica {
            let spoilt = self.spoilt.contains_key(name);
            let once = self.held.get(name).is_some_and(|held| held.contains(leaf));
            assert!(spoilt || once, "{name} of the replica is nothing that the source ever had there: {:?}", said(leaf));
            assert!(spoilt || listed.contains(name), "{name} is proven gone, and there");
        }
        for item in self.items(Side::Replica) {
            let shown = self.shown.entry(item.item.to_string()).or_default();
            assert!(item.version >= *shown, "{} went back from version {shown} to {}", item.item, item.version);
            *shown = item.version;
        }
    }

    /// The whole voyage.
    fn run(&mut self) {
        for _ in 0..5 {
            self.change();
        }
        for _ in 0..size("GAPFERRY_STEPS", 24) {
            match self.random.below(10) {
                0..2 => (0..=self.random.below(3)).for_each(|_| self.change()),
                2..5 => {
                    let number = self.any_medium();
                    self.carry(Side::Source, number);
                }
                5..8 => {
                    let number = self.any_medium();
                    self.carry(Side::Replica, number);
                }
                8 if self.scrub_due => self.scrub(),
                _ => self.weather(),
            }
            self.check();
        }
        self.note("the weather is over".into());
        if self.scrub_due {
            self.scrub();
        }
        for _ in 0..ROUNDS_MAX {
            for number in 0..MEDIA {
                for side in [Side::Source, Side::Replica, Side::Source] {
                    self.carry(side, number);
                    self.check();
                }
            }
            let (total, done) = self.counts();
            if total == done && tree(&self.stand.archive) == tree(&self.stand.replica) {
                assert_eq!(total, tree(&self.stand.archive).len() as u64);
                return;
            }
        }
        let open: Vec<String> = self.items(Side::Source).iter().filter(|item| item.state != "done").map(|item| format!("{item:?}")).collect();
        let (archive, replica) = (tree(&self.stand.archive), tree(&self.stand.replica));
        let differing: Vec<String> = archive
            .keys()
            .chain(replica.keys())
            .filter(|name| archive.get(*name) != replica.get(*name))
            .map(|name| String::from_utf8_lossy(name).into_owned())
            .collect();
        panic!("carry alone does not heal it: {open:#?}, these differ: {differing:?}");
    }

    fn counts(&self) -> (u64, u64) {
        let status = driver::status(&self.world, &self.stand.home(Side::Source)).expect("the status");
        (status.routes[0].items.total, status.routes[0].items.done)
    }
}

/// A leaf in few words.
fn said(leaf: &Leaf) -> String {
    format!("{} bytes {:?}.., modified {}, executable {}", leaf.0.len(), String::from_utf8_lossy(&leaf.0[..leaf.0.len().min(12)]), leaf.1, leaf.2)
}

/// Makes the stand as it was at first: an empty archive, no media but blank ones.
fn blank(stand: &Stand, kept: &tempfile::TempDir) {
    stand.restore(kept);
    let empty = |path: &Path| {
        let _was_not_there = fs::remove_dir_all(path);
        fs::create_dir(path).expect("made");
    };
    empty(&stand.archive);
    (0..MEDIA).for_each(|number| empty(&stand.folder(&format!("medium-{number}"))));
}

#[test]
fn carry_alone_heals_whatever_the_weather() {
    let voyages = size("GAPFERRY_VOYAGES", 30);
    let first = Random::new("weather").next();
    let first = std::env::var("GAPFERRY_VOYAGE").map_or(first, |text| text.parse().expect("a seed"));
    let next = AtomicU64::new(0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let stand = Stand::new();
                let kept = stand.keep();
                loop {
                    let number = next.fetch_add(1, SeqCst);
                    if number >= voyages {
                        break;
                    }
                    let seed = first.wrapping_add(number);
                    blank(&stand, &kept);
                    let mut voyage = Voyage::new(&stand, seed);
                    let whole = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| voyage.run()));
                    if let Err(panic) = whole {
                        println!("voyage {number}: again with GAPFERRY_VOYAGE={seed} GAPFERRY_VOYAGES=1\n  {}", voyage.log.join("\n  "));
                        std::panic::resume_unwind(panic);
                    }
                    stand.expect_whole();
                }
            });
        }
    });
    println!("{voyages} voyages");
}

#[test]
fn a_scrub_answers_no_package() {
    // The receipt that answers a deletion is lost, the one of a scrub arrives and is acknowledged: a scrub says nothing of what is
    // gone, so the deletion must be answered again.
    let stand = Stand::new();
    let medium = stand.medium.to_str().expect("UTF-8").to_owned();
    stand.write("a", b"one");
    stand.write("b", b"two");
    stand.round();
    stand.carry(Side::Replica);
    fs::remove_file(stand.archive.join("a")).expect("removed");
    stand.carry(Side::Source);
    stand.carry(Side::Replica);
    for entry in fs::read_dir(stand.medium.join("gapferry")).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.extension().is_some_and(|ending| ending == "gfr") {
            fs::remove_file(entry).expect("lost");
        }
    }
    stand.expect(Side::Replica, &["scrub", "--to", &medium], 0);
    for _ in 0..3 {
        stand.round();
    }
    assert_eq!(stand.counts(), (1, 1), "{}", stand.route(Side::Source));
    stand.expect_true();
}

#[test]
fn what_is_cancelled_is_not_sent_again() {
    let stand = Stand::new();
    let medium = stand.medium.to_str().expect("UTF-8").to_owned();
    let sent = |stand: &Stand| {
        let report = stand.expect(Side::Source, &["pack", "--to", &medium, "--dry-run"], 0);
        report["planned"].as_array().expect("a plan").iter().map(|row| row["item"].as_str().expect("a name").to_owned()).collect::<Vec<_>>()
    };
    let wipe = || fs::remove_dir_all(stand.medium.join("gapferry")).expect("wiped");
    let state = |name: &str| stand.expect(Side::Source, &["items", name], 0)["items"][0]["state"].as_str().map(str::to_owned);
    stand.write("right", b"one");
    stand.write("wrong", b"cannot be right");
    stand.write("dir/also wrong", b"cannot be right");
    for _ in 0..3 {
        stand.carry(Side::Source);
        wipe();
        assert_eq!(sent(&stand), ["dir/also wrong", "right", "wrong"], "lost: all of it travels again");
    }
    let act = stand.expect(Side::Source, &["cancel", "--route", "outward", "--item", "**/*wrong", "--reason", "the disk there is broken"], 0);
    assert_eq!((act["act"].as_str(), act["items"].as_u64()), (Some("cancel"), Some(2)), "{act}");
    assert_eq!(sent(&stand), ["right"]);
    assert_eq!((state("wrong").as_deref(), state("right").as_deref()), (Some("cancelled"), Some("packed")));
    stand.round();
    assert_eq!(stand.counts(), (3, 1));
    assert_eq!(tree(&stand.replica).len(), 1, "what is cancelled does not arrive");
    for _ in 0..2 {
        wipe();
        stand.round();
        assert_eq!(stand.counts(), (3, 1), "{}", stand.route(Side::Source));
        assert_eq!(tree(&stand.replica).len(), 1);
    }
    // It was given up at this version: a change is sent again, and so is what a person resends.
    stand.write("wrong", b"right now");
    stand.round();
    assert_eq!(state("wrong").as_deref(), Some("done"));
    assert_eq!(state("dir/also wrong").as_deref(), Some("cancelled"));
    stand.expect(Side::Source, &["resend", "--route", "outward", "--item", "dir/**", "--reason", "the disk was replaced"], 0);
    stand.round();
    stand.expect_true();
    // Nothing matches.
    for words in [["cancel", "--item", "nothing"], ["resend", "--package", "77"]] {
        let ran = stand.run(Side::Source, &[words[0], "--route", "outward", words[1], words[2], "--reason", "x"]);
        assert_eq!((ran.exit, ran.codes()), (Some(2), vec!["USE-01".to_owned()]), "{words:?}: {ran:#?}");
    }
}

#[test]
fn what_is_corrupted_after_the_answer_is_found_by_scrub_and_healed() {
    let stand = Stand::new();
    let medium = stand.medium.to_str().expect("UTF-8").to_owned();
    for number in 0..10 {
        stand.write(format!("{number}"), format!("content {number}").repeat(100));
    }
    stand.round();
    // Two spoilt, the times kept; one gone.
    for name in ["3", "7"] {
        let path = stand.replica.join(name);
        let times = fs::metadata(&path).and_then(|metadata| metadata.modified()).expect("a time");
        let mut bytes = fs::read(&path).expect("readable");
        bytes[50] ^= 1;
        fs::write(&path, bytes).expect("written");
        fs::File::options().write(true).open(&path).and_then(|file| file.set_modified(times)).expect("the time is kept");
    }
    fs::remove_file(stand.replica.join("5")).expect("removed");
    let ran = stand.run(Side::Replica, &["scrub", "--to", &medium]);
    assert_eq!(ran.exit, Some(1), "{ran:#?}");
    let mut damaged: Vec<(&str, &str)> = ran.object["damaged"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| (row["item"].as_str().expect("a name"), row["outcome"].as_str().expect("a word")))
        .collect();
    damaged.sort_unstable();
    assert_eq!(damaged, [("3", "corrupt"), ("5", "missing"), ("7", "corrupt")]);
    stand.expect(Side::Source, &["reconcile", "--from", &medium], 0);
    assert_eq!(stand.counts(), (10, 7), "none of them is done");
    let ran = stand.run(Side::Source, &["carry", &medium]);
    assert_eq!(ran.exit, Some(0), "{ran:#?}");
    let ran = stand.run(Side::Replica, &["carry", &medium]);
    assert!(matches!(ran.exit, Some(0 | 1)), "{ran:#?}");
    stand.carry(Side::Source);
    stand.expect_true();
    let scrubbed = stand.expect(Side::Replica, &["scrub"], 0);
    assert_eq!((scrubbed["items"].as_u64(), scrubbed["damaged"].as_array().map(Vec::len)), (Some(10), Some(0)));
}
