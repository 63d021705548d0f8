//! Faults below the program, through its seams: the `Disk` fills up or fails a sync at every place, a medium gives back other
//! bytes than were written, a replica's file changes between the switch and the reading back (faults M03, M06, C04, C05, C09).
//!
//! The commands run in this process over the driver, with a disk that is the real one but for the one fault; what they left is
//! then taken up by the binary, which must come to the end without any person's act. How many places of a full disk are tried
//! per command: `GAPFERRY_PLACES`.

use crate::stand::{Random, Side, Stand, patiently, size, tree};
use driver::progress::{Progress, Stage};
use driver::report::{CarryReport, Failure, Problem};
use driver::{Actor, CarryOptions, ReceiptForm, World};
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use store::clock::{RealClock, RealEntropy};
use store::disk::{Dir, Disk, File};
use store::real::RealDisk;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// Nothing.
    None,
    /// After so many more bytes the disk is full, wherever they go.
    FullAfter(i64),
    /// The sync with this number fails, and every one after it.
    SyncFails(u64),
    /// What is read of files with this ending has one bit flipped where it comes from the medium; memory still knows it as written.
    Lies(&'static str),
    /// What has this ending cannot be read.
    Unreadable(&'static str),
}

/// What the disk counts and what it does wrong; shared by the disk and its open files.
struct Faults {
    fault: Mutex<Fault>,
    written: AtomicI64,
    syncs: AtomicU64,
}

impl Faults {
    fn now(&self) -> Fault {
        *self.fault.lock().expect("nobody panics while holding it")
    }

    fn set(&self, fault: Fault) {
        *self.fault.lock().expect("nobody panics while holding it") = fault;
    }

    /// How much of these bytes still fits.
    fn fits(&self, bytes: i64) -> i64 {
        let before = self.written.fetch_add(bytes, SeqCst);
        match self.now() {
            Fault::FullAfter(end) => (end - before).clamp(0, bytes),
            _ => bytes,
        }
    }

    fn sync(&self) -> io::Result<()> {
        let number = self.syncs.fetch_add(1, SeqCst);
        match self.now() {
            // EIO
            Fault::SyncFails(from) if number >= from => Err(io::Error::from_raw_os_error(5)),
            _ => Ok(()),
        }
    }
}

/// ENOSPC.
fn full() -> io::Error {
    io::Error::from_raw_os_error(28)
}

struct FaultyDisk {
    real: RealDisk,
    faults: Arc<Faults>,
}

struct FaultyFile {
    real: Box<dyn File>,
    name: Vec<u8>,
    /// Whether reading was asked to go past memory.
    past_memory: bool,
    faults: Arc<Faults>,
}

impl FaultyDisk {
    fn file(&self, name: &[u8], opened: io::Result<Box<dyn File>>) -> io::Result<Box<dyn File>> {
        Ok(Box::new(FaultyFile { real: opened?, name: name.to_vec(), past_memory: false, faults: self.faults.clone() }))
    }
}

impl File for FaultyFile {
    store::hand_on!(File to real: stat set_size set_modified set_mode drop_cache start_writeback);

    fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let read = self.real.read_at(buffer, offset)?;
        match self.faults.now() {
            Fault::Unreadable(ending) if self.name.ends_with(ending.as_bytes()) => return Err(io::Error::from_raw_os_error(5)),
            Fault::Lies(ending) if self.past_memory && self.name.ends_with(ending.as_bytes()) && read > 0 => buffer[read / 2] ^= 1,
            _ => {}
        }
        Ok(read)
    }
    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let fits = self.faults.fits(bytes.len() as i64) as usize;
        self.real.write_all_at(&bytes[..fits], offset)?;
        if fits < bytes.len() { Err(full()) } else { Ok(()) }
    }
    fn sync(&mut self) -> io::Result<()> {
        self.faults.sync()?;
        self.real.sync()
    }
    fn past_memory(&mut self) -> io::Result<bool> {
        self.past_memory = true;
        self.real.past_memory()
    }
}

impl Disk for FaultyDisk {
    store::hand_on!(Disk to real: root make_root dir list stat rename remove remove_dir space walk lock);

    fn open(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.file(name, self.real.open(dir, name))
    }
    fn open_write(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.file(name, self.real.open_write(dir, name))
    }
    fn create(&self, dir: &Dir, name: &[u8], mode: u32) -> io::Result<Box<dyn File>> {
        // A name takes room, too.
        if self.faults.fits(1) == 0 {
            return Err(full());
        }
        self.file(name, self.real.create(dir, name, mode))
    }
    fn sync_dir(&self, dir: &Dir) -> io::Result<()> {
        self.faults.sync()?;
        self.real.sync_dir(dir)
    }
    fn sync_all(&self, dir: &Dir) -> io::Result<()> {
        self.faults.sync()?;
        self.real.sync_all(dir)
    }
}

type Act = Box<dyn FnMut() + Send>;

/// Does something once, at the moment a stage begins.
struct AtStage {
    stage: Stage,
    act: Mutex<Option<Act>>,
}

impl Progress for AtStage {
    fn begin(&self, stage: Stage, _: Option<u64>, _: Option<u64>) {
        if stage == self.stage
            && let Some(mut act) = self.act.lock().expect("nobody panics while holding it").take()
        {
            act();
        }
    }
    fn advance(&self, _: u64, _: u64) {}
    fn end(&self) {}
    fn notice(&self, _: &'static str, _: &str) {}
}

/// A world with a faulty disk, and what it counts.
fn world(fault: Fault) -> (World, Arc<Faults>) {
    let faults = Arc::new(Faults { fault: Mutex::new(fault), written: AtomicI64::new(0), syncs: AtomicU64::new(0) });
    let world = World {
        disk: Arc::new(FaultyDisk { real: RealDisk::new(), faults: faults.clone() }),
        indexes: Arc::new(store::index::SledIndexes),
        clock: Arc::new(RealClock),
        entropy: Arc::new(RealEntropy),
        progress: Arc::new(driver::progress::Silent),
        actor: Actor { user: "tester".into(), host: "stand".into(), command: "carry".into() },
        passphrase: Arc::new(|| None),
    };
    (world, faults)
}

fn carry(world: &World, stand: &Stand, side: Side, receipt: Option<ReceiptForm>) -> Result<CarryReport, Failure> {
    let options = CarryOptions { medium: stand.medium.clone(), receipt, ..CarryOptions::default() };
    patiently("carry", || driver::carry(world, &stand.home(side), &options))
}

/// What went wrong, by its codes; empty when all is well.
fn codes(result: &Result<CarryReport, Failure>) -> Vec<&'static str> {
    match result {
        Err(failure) => vec![failure.0.code],
        Ok(report) => {
            let problems = |problems: Option<&Vec<Problem>>| problems.into_iter().flatten().map(|problem| problem.code).collect::<Vec<_>>();
            let (reconciled, packed, applied) = (&report.reconciled, &report.packed, &report.applied);
            [
                problems(reconciled.as_ref().map(|report| &report.problems)),
                problems(packed.as_ref().map(|report| &report.problems)),
                problems(applied.as_ref().map(|report| &report.problems)),
            ]
            .concat()
        }
    }
}

/// A stand that has crossed once and whose archive has changed since in every way.
fn changed(random: &mut Random) -> Stand {
    let stand = Stand::new();
    let scan = random.bytes(900_000);
    stand.write("扫描.tif", &scan);
    for number in 0..12 {
        stand.write(format!("cards/{number}.json"), random.bytes(2000));
    }
    stand.round();
    stand.carry(Side::Replica);
    stand.write("扫描.tif", [&scan[..400_000], b"inserted", &scan[400_000..]].concat());
    fs::rename(stand.archive.join("cards/1.json"), stand.archive.join("cards/renamed.json")).expect("renamed");
    fs::remove_file(stand.archive.join("cards/2.json")).expect("removed");
    stand.write("cards/3.json", random.bytes(2500));
    stand.write("new/one.bin", random.bytes(300_000));
    stand
}

/// The carrying of one change, its three commands in order: which command, and on which side.
const STEPS: [Side; 3] = [Side::Source, Side::Replica, Side::Source];

/// Breaks one command of the three in each of these ways, lets the binary take up what it left, and looks at the end.
fn heals(random: &mut Random, faults: &mut dyn FnMut(&mut Random, i64, u64) -> Vec<Fault>) {
    let stand = changed(random);
    for (step, side) in STEPS.into_iter().enumerate() {
        let kept = stand.keep();
        let (well, counted) = world(Fault::None);
        let before = tree(&stand.replica);
        assert_eq!(codes(&carry(&well, &stand, side, None)), Vec::<&str>::new());
        let after = tree(&stand.replica);
        let (written, syncs) = (counted.written.load(SeqCst), counted.syncs.load(SeqCst));
        let kept_after = stand.keep();
        let all = faults(random, written, syncs);
        println!("{side:?}, command {}: {written} bytes written, {syncs} syncs; {} faults", step + 1, all.len());
        let mut told = std::collections::BTreeMap::<String, u64>::new();
        for fault in all {
            stand.restore(&kept);
            let (broken, _) = world(fault);
            let said = codes(&carry(&broken, &stand, side, None));
            assert!(!said.is_empty(), "{fault:?} of {written} bytes and {syncs} syncs: nobody noticed");
            assert!(said.iter().all(|code| matches!(*code, "IO-01" | "MED-02" | "MED-03" | "MED-04" | "LDG-01" | "RPL-02")), "{fault:?}: {said:?}");
            *told.entry(said.join(" ")).or_default() += 1;
            // Every document is wholly old or wholly new.
            for (path, leaf) in tree(&stand.replica) {
                assert!(before.get(&path) == Some(&leaf) || after.get(&path) == Some(&leaf), "{fault:?}: {} is neither", String::from_utf8_lossy(&path));
            }
            stand.expect_whole();
            for again in &STEPS[step..] {
                let said = stand.run(*again, &["carry", stand.medium.to_str().expect("UTF-8")]);
                assert_eq!(said.exit, Some(0), "{fault:?}, then {again:?}: {said:#?}");
            }
            if stand.counts().0 != stand.counts().1 {
                // What the broken command did not pack, or answer, comes with the next round.
                stand.round();
            }
            stand.expect_true();
            stand.expect_whole();
        }
        println!("  {told:?}");
        stand.restore(&kept_after);
    }
}

#[test]
fn a_disk_that_fills_up_at_any_place() {
    heals(&mut Random::new("full disk"), &mut |random, written, _| {
        let count = size("GAPFERRY_PLACES", 8);
        let mut places: Vec<i64> = (0..count).map(|_| random.below(written as u64) as i64).collect();
        places.extend([0, 1, written - 1]);
        places.sort_unstable();
        places.into_iter().map(Fault::FullAfter).collect()
    });
}

#[test]
fn a_sync_that_fails_at_any_place() {
    heals(&mut Random::new("failing sync"), &mut |_, _, syncs| (0..syncs).map(Fault::SyncFails).collect());
}

/// FAULTS K02, C04, M06: wherever a change of keys is cut, it has happened or it has not, and the same command goes on.
#[test]
fn a_change_of_keys_that_is_cut_at_any_place() {
    let stand = Stand::new();
    stand.write("a", "content");
    stand.round();
    let kept = stand.keep();
    for (side, at_once) in [(Side::Source, false), (Side::Replica, false), (Side::Source, true)] {
        let rotate = |world: &World| patiently("keys rotate", || driver::keys_rotate(world, &stand.home(side), at_once, "test"));
        stand.restore(&kept);
        let (well, counted) = world(Fault::None);
        assert_eq!(rotate(&well).expect("nothing is wrong").generation, 2);
        let (written, syncs) = (counted.written.load(SeqCst), counted.syncs.load(SeqCst));
        let full = (0..written).step_by(usize::try_from(written / 5).expect("few bytes").max(1)).map(Fault::FullAfter);
        let faults: Vec<Fault> = (0..syncs).map(Fault::SyncFails).chain(full).collect();
        println!("{side:?}, at once {at_once}: {written} bytes, {syncs} syncs, {} faults", faults.len());
        for fault in faults {
            stand.restore(&kept);
            let (broken, _) = world(fault);
            let cut = rotate(&broken);
            // A failure after the record leaves the second generation in place, one before it the first.
            let generation = stand.run(side, &["card"]).object["generation"].as_u64().expect("the home opens");
            assert!(generation == 2 || cut.is_err(), "{fault:?}: {cut:?}");
            if at_once {
                // The other zone must be brought the new card, so nothing crosses here: the home goes on by itself.
                let again = stand.expect(side, &["keys", "rotate", "--at-once", "--reason", "again"], 0);
                assert_eq!(again["routes"][0]["signs"].as_u64(), Some(generation + 1), "{fault:?}: {again}");
                stand.expect_whole();
                continue;
            }
            stand.expect(side, &["keys", "rotate", "--reason", "again"], 0);
            stand.write("a", format!("{fault:?}"));
            let mut rounds = 0;
            while rounds == 0 || !stand.route(side)["keys"]["unconfirmed"].is_null() {
                rounds += 1;
                assert!(rounds < 6, "{fault:?}: {}", stand.route(side));
                stand.round();
            }
            stand.expect_true();
            stand.expect_whole();
            let keys = stand.route(side)["keys"].clone();
            assert_eq!((keys["signs"].as_u64(), keys["unconfirmed"].as_u64()), (Some(generation + 1), None), "{fault:?}: {keys}");
        }
    }
}

#[test]
fn a_medium_that_gives_back_other_bytes() {
    let stand = changed(&mut Random::new("lying medium"));
    let before = tree(&stand.replica);
    // What is read back of a package, or of a receipt, before it gets its name.
    for (side, ending) in [(Side::Source, ".gfp.part"), (Side::Replica, ".gfr.part")] {
        let held = |stand: &Stand| tree(&stand.medium).into_keys().map(|name| String::from_utf8_lossy(&name).into_owned()).collect::<Vec<_>>();
        let before_it = held(&stand);
        let (lying, _) = world(Fault::Lies(ending));
        let said = codes(&carry(&lying, &stand, side, None));
        assert!(!said.is_empty() && said.iter().all(|code| matches!(*code, "MED-03" | "MED-02")), "{side:?}: {said:?}");
        assert_eq!(held(&stand), before_it, "{side:?}: nothing new on the medium");
        if side == Side::Source {
            let items = stand.expect(Side::Source, &["items", "--state", "packed"], 0);
            assert_eq!(items["items"].as_array().map(Vec::len), Some(0), "what was not read back right was never packed: {items}");
            stand.carry(Side::Replica);
            assert_eq!(tree(&stand.replica), before);
            stand.carry(Side::Source);
        }
    }
    stand.round();
    stand.expect_true();
    stand.expect_whole();
}

#[test]
fn a_medium_that_cannot_be_read() {
    let stand = changed(&mut Random::new("unreadable medium"));
    let before = tree(&stand.replica);
    stand.carry(Side::Source);
    let (broken, _) = world(Fault::Unreadable(".gfp"));
    let said = codes(&carry(&broken, &stand, Side::Replica, None));
    assert!(!said.is_empty() && said.iter().all(|code| *code == "IO-01"), "{said:?}");
    assert_eq!(tree(&stand.replica), before);
    stand.carry(Side::Replica);
    let (broken, _) = world(Fault::Unreadable(".gfr"));
    assert_eq!(codes(&carry(&broken, &stand, Side::Source, None)), ["IO-01"]);
    stand.round();
    stand.expect_true();
    stand.expect_whole();
}

/// The states of the items on the source, by their names.
fn states(stand: &Stand) -> std::collections::BTreeMap<String, (String, String)> {
    let items = stand.expect(Side::Source, &["items"], 0);
    let text = |value: &serde_json::Value| value.as_str().expect("a text").to_owned();
    items["items"].as_array().expect("items").iter().map(|item| (text(&item["item"]), (text(&item["state"]), text(&item["discrepancy"])))).collect()
}

#[test]
fn what_changes_between_apply_and_attest_is_never_done() {
    type Spoil = fn(&Path);
    let spoils: [(&str, &str, Spoil); 6] = [
        ("a byte flipped, the times kept", "corrupt", |path| {
            let times = fs::metadata(path).and_then(|metadata| metadata.modified()).expect("a time");
            let mut bytes = fs::read(path).expect("readable");
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            fs::write(path, bytes).expect("writable");
            fs::File::options().write(true).open(path).and_then(|file| file.set_modified(times)).expect("the time is set");
        }),
        ("cut short", "corrupt", |path| fs::File::options().write(true).open(path).and_then(|file| file.set_len(100)).expect("cut")),
        ("a byte more", "corrupt", |path| fs::write(path, [fs::read(path).expect("readable"), vec![0]].concat()).expect("writable")),
        ("emptied", "corrupt", |path| fs::write(path, b"").expect("writable")),
        ("removed", "missing", |path| fs::remove_file(path).expect("removed")),
        ("a link to the right content", "missing", |path| {
            let aside = path.with_extension("aside");
            fs::rename(path, &aside).expect("renamed");
            std::os::unix::fs::symlink(&aside, path).expect("a link");
        }),
    ];
    let mut random = Random::new("between apply and attest");
    for (what, outcome, spoil) in spoils {
        for form in [ReceiptForm::Full, ReceiptForm::Digest] {
            let stand = changed(&mut random);
            stand.carry(Side::Source);
            // A new document, a delta, a changed small one.
            let spoilt = ["new/one.bin", "扫描.tif", "cards/3.json"];
            let paths: Vec<_> = spoilt.iter().map(|name| stand.replica.join(name)).collect();
            let hook = AtStage { stage: Stage::Attest, act: Mutex::new(Some(Box::new(move || paths.iter().for_each(|path| spoil(path))))) };
            let world = World { progress: Arc::new(hook), ..world(Fault::None).0 };
            let report = carry(&world, &stand, Side::Replica, Some(form)).unwrap_or_else(|failure| panic!("{what}: {failure}"));
            let failed: u64 = report.applied.expect("the report of a replica").packages.iter().map(|package| package.failed).sum();
            assert_eq!(failed, spoilt.len() as u64, "{what}: the replica saw it itself");
            let said = carry(&world, &stand, Side::Source, None).unwrap_or_else(|failure| panic!("{what}: {failure}"));
            assert!(said.reconciled.is_some());
            let states = states(&stand);
            for name in spoilt {
                let (state, discrepancy) = &states[name];
                assert!(state != "done", "{what}, {form:?}: {name} is shown done");
                assert_eq!(discrepancy, outcome, "{what}, {form:?}: {name} is {state}");
            }
            let done = states.values().filter(|(state, _)| state == "done").count();
            assert_eq!(done, states.len() - spoilt.len(), "{what}, {form:?}: the others are done: {states:?}");
            // Carrying on heals it.
            for _ in 0..2 {
                [Side::Replica, Side::Source].into_iter().for_each(|side| drop(stand.run(side, &["carry", stand.medium.to_str().expect("UTF-8")])));
            }
            if what.starts_with("a link") {
                // What was put beside stays; it is not ours.
                for name in spoilt {
                    let aside = stand.replica.join(name).with_extension("aside");
                    fs::remove_file(aside).expect("it is still there");
                }
            }
            stand.expect_true();
            stand.expect_whole();
        }
    }
}

#[test]
fn a_replica_that_cannot_be_read_back_is_never_done() {
    let stand = changed(&mut Random::new("unreadable replica"));
    stand.carry(Side::Source);
    let (broken, faults) = world(Fault::None);
    let hook = AtStage { stage: Stage::Attest, act: Mutex::new(Some(Box::new(move || faults.set(Fault::Unreadable("one.bin"))))) };
    let broken = World { progress: Arc::new(hook), ..broken };
    carry(&broken, &stand, Side::Replica, None).expect("the others are answered for");
    stand.carry(Side::Source);
    let states = states(&stand);
    assert_ne!(states["new/one.bin"].0, "done", "{states:?}");
    assert_eq!(states["cards/3.json"].0, "done", "{states:?}");
    stand.carry(Side::Replica);
    stand.carry(Side::Source);
    stand.expect_true();
}

/// FAULTS C04: what a switch had staged before it was cut, and cannot be read now, is no local change: the old version stands, and the
/// receipt says so.
#[test]
fn what_was_staged_and_cannot_be_read_is_not_switched_in() {
    let stand = changed(&mut Random::new("unreadable stage"));
    let before = tree(&stand.replica);
    stand.carry(Side::Source);
    let cut = AtStage { stage: Stage::Apply, act: Mutex::new(Some(Box::new(|| panic!("cut before the first rename")))) };
    let world_of_the_cut = World { progress: Arc::new(cut), ..world(Fault::None).0 };
    let cut = catch_unwind(AssertUnwindSafe(|| carry(&world_of_the_cut, &stand, Side::Replica, None)));
    assert!(cut.is_err() && tree(&stand.replica) == before);
    // The rows before it are removals.
    let (broken, _) = world(Fault::Unreadable("00000003"));
    let report = carry(&broken, &stand, Side::Replica, None).expect("the others are switched in").applied.expect("the report of a replica");
    assert_eq!(report.kept_aside, [], "nobody changed anything on the replica");
    assert_eq!(stand.expect(Side::Replica, &["scrub"], 0)["damaged"], serde_json::json!([]));
    stand.carry(Side::Source);
    let failed: Vec<_> = states(&stand).into_values().filter(|(state, _)| state != "done").collect();
    assert_eq!(failed, [("packed".to_owned(), "refused".to_owned())], "it is packed again");
    stand.round();
    stand.expect_true();
    stand.expect_whole();
}

/// FAULTS C03: a folder whose deletion a loss of power undid in part, or somebody's hand began, is no local change where a file takes its place.
#[test]
fn what_is_left_of_an_empty_folder_makes_way() {
    let stand = Stand::new();
    stand.write("scans/a/b/0.tif", "a document in a folder");
    stand.round();
    fs::remove_dir_all(stand.replica.join("scans/a")).expect("removed");
    fs::remove_dir_all(stand.archive.join("scans")).expect("removed");
    stand.write("scans", "a document in its place");
    stand.carry(Side::Source);
    assert_eq!(stand.carry(Side::Replica)["applied"]["kept_aside"], serde_json::json!([]));
    stand.carry(Side::Source);
    stand.expect_true();
}

/// FAULTS C09, M03: where the policy asks for it, what a replica reads back comes from its disk, whatever memory says.
#[test]
fn what_a_replica_reads_back_comes_from_its_disk() {
    let stand = changed(&mut Random::new("lying replica"));
    let file = stand.home(Side::Replica).join("gapferry.toml");
    let text = fs::read_to_string(&file).expect("the configuration can be read");
    fs::write(&file, text.replace("\n[policy]\n", "\n[policy]\nread_back_medium = true\n")).expect("the configuration can be written");
    stand.carry(Side::Source);
    let (lying, _) = world(Fault::Lies("one.bin"));
    let report = carry(&lying, &stand, Side::Replica, None).expect("the others are answered for");
    let failed: u64 = report.applied.expect("the report of a replica").packages.iter().map(|package| package.failed).sum();
    assert_eq!(failed, 1, "the replica saw it itself");
    stand.carry(Side::Source);
    let states = states(&stand);
    assert_ne!(states["new/one.bin"].0, "done", "{states:?}");
    stand.carry(Side::Replica);
    stand.carry(Side::Source);
    stand.expect_true();
}
