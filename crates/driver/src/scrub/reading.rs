//! Reads items of a replica back and says what that proves: folder by folder, on all cores, no faster than allowed.

use capture::read::Parents;
use engine::answer::Reread;
use engine::due::Pace;
use engine::replica::{Item, Route};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use wire::planted;
use wire::receipt::{Answer, Outcome};
use wire::record::ScrubStep;

use crate::attest::{Attester, key_of};
use crate::home::Home;
use crate::report::Failure;
use crate::throttle::Throttle;
use crate::tree::Tree;

/// Items that one thread takes at a time.
const ITEMS_AT_ONCE: usize = 64;
/// What one step reads at most: an interrupted scrub has that much to read again.
const STEP_ITEMS_MAX: usize = 16_384;
/// As before, bytes; one document may be more.
const STEP_BYTES_MAX: u64 = 256 << 20;
/// How long a step takes at most, where a rate is given.
const STEP_SECONDS: u64 = 10;

/// By package and row: offset and length of a stretch of the document.
pub type Stretches = HashMap<(u64, u32), (u64, u64)>;

/// Whether a scrub can say something of an item: it is held, and the package that brought it is known.
pub fn is_readable(route: &Route, item: &Item) -> bool {
    let passed_over = item.size == 0 && planted::is("scrub-passes-over-the-empty");
    item.held() && item.is_confirmed() && !passed_over && route.packages.contains_key(&item.sequence)
}

/// Of items that the last of several parts made whole: which stretch the source asks about, by package and row.
pub fn stretches(home: &Home, name: &str, items: &[u32]) -> Result<Stretches, Failure> {
    let route = &home.replica().routes[name];
    let mut by_sequence: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    for number in items {
        let item = &route.items[*number as usize];
        by_sequence.entry(item.sequence).or_default().push(item.row);
    }
    let mut stretches = HashMap::new();
    for (sequence, rows) in by_sequence {
        let missing = || Failure::new("LDG-06", "ledger", format!("the apply record of {name} {sequence} is not there"));
        let begun = home.begun(name, sequence)?.ok_or_else(missing)?;
        let part = |row: u32| begun.rows.get(row as usize).and_then(|staged| staged.part).map(|part| ((sequence, row), (part.offset, part.length)));
        stretches.extend(rows.into_iter().filter_map(part));
    }
    Ok(stretches)
}

/// Shares items out to steps of bounded size, in their order.
pub fn steps<'i>(route: &Route, items: &'i [u32], pace: &Pace) -> Vec<&'i [u32]> {
    let bytes_max = STEP_BYTES_MAX.min(pace.bytes_in(STEP_SECONDS));
    let (mut steps, mut from, mut bytes) = (Vec::new(), 0, 0u64);
    for (place, number) in items.iter().enumerate() {
        let size = route.items[*number as usize].size;
        if place > from && (place - from == STEP_ITEMS_MAX || bytes.saturating_add(size) > bytes_max) {
            steps.push(&items[from..place]);
            (from, bytes) = (place, 0);
        }
        bytes = bytes.saturating_add(size);
    }
    steps.extend((from < items.len()).then(|| &items[from..]));
    steps
}

/// Reads these items, puts their attributes right, and records the step; gives what was read and how many attributes needed it.
pub fn step(home: &mut Home, name: &str, tree: &Tree, items: &[u32], stretches: &Stretches, throttle: &Throttle<'_>) -> Result<(Vec<Reread>, u64), Failure> {
    let route = &home.replica().routes[name];
    let read = read(home, tree, route, items, stretches, throttle).map_err(|error| Failure::io(name, &error))?;
    let attributes = put_attributes_right(home, tree, route, &read);
    // What is read while a scrub of everything is under way is part of it.
    let (step, whole) = (route.readings + 1, route.scrub_from > 0);
    record(home, name, step, whole, &read)?;
    Ok((read, attributes))
}

/// Records what was read as a step of a scrub.
pub fn record(home: &mut Home, name: &str, step: u64, whole: bool, read: &[Reread]) -> Result<(), Failure> {
    home.record(ScrubStep {
        route: name.into(),
        step,
        whole,
        read: read.iter().map(|(number, _, _)| *number).collect(),
        digests: read.iter().filter(|_| whole).map(|(_, _, digest)| *digest).collect(),
        damaged: read.iter().filter(|(_, outcome, _)| !outcome.proves()).map(|(number, outcome, _)| (*number, outcome.number())).collect(),
        extra: None,
        set_aside: Vec::new(),
    })?;
    home.commit()
}

fn read(home: &Home, tree: &Tree, route: &Route, items: &[u32], stretches: &Stretches, throttle: &Throttle<'_>) -> std::io::Result<Vec<Reread>> {
    let mut held: Vec<(u32, &Item)> = items.iter().map(|number| (*number, &route.items[*number as usize])).collect();
    held.sort_by(|one, two| one.1.path().cmp(two.1.path()));
    let (world, past_memory) = (&home.world, home.config.policy.read_back_medium);
    let read: std::io::Result<Vec<Vec<Reread>>> = held
        .par_chunks(ITEMS_AT_ONCE)
        .map(|items| {
            let (mut parents, mut buffer) = (Parents::default(), store::aligned::lend());
            let mut read = Vec::with_capacity(items.len());
            for (number, item) in items {
                let seen = route.packages.get(&item.sequence).expect("only items whose package is known are read");
                let attester = Attester { world, tree, route, key: key_of(seen), past_memory, throttle: Some(throttle) };
                let range = stretches.get(&(item.sequence, item.row)).copied();
                let (outcome, digest) = attester.present(item, range, Outcome::Unchanged, &mut parents, &mut buffer)?;
                world.progress.advance(1, item.size);
                read.push((*number, outcome, digest));
            }
            Ok(read)
        })
        .collect();
    Ok(read?.concat())
}

/// Gives documents whose content is right the modification time and the executable bit of the ledger again; gives how many
/// needed it. What the file system does not keep is left as it is.
fn put_attributes_right(home: &Home, tree: &Tree, route: &Route, read: &[Reread]) -> u64 {
    let disk = &*home.world.disk;
    let one = |item: &Item, parents: &mut Parents| -> Option<()> {
        let known = parents.stat(disk, &tree.root, item.path()).ok()?;
        let right = |modified: i64, executable: bool| modified == item.modified && (executable == item.executable || planted::is("executable-bit-left"));
        if right(known.modified, known.executable) {
            return None;
        }
        let mut file = parents.open(disk, &tree.root, item.path()).ok()?;
        let mode = file.stat().ok()?.mode;
        file.set_mode(if item.executable { mode | 0o111 } else { mode & !0o111 }).ok()?;
        file.set_modified(item.modified).ok()?;
        let now = file.stat().ok()?;
        right(now.modified, now.executable()).then_some(())
    };
    let count = |parents: &mut Parents, (number, outcome, _): &Reread| outcome.proves() && one(&route.items[*number as usize], parents).is_some();
    read.par_chunks(ITEMS_AT_ONCE).map_init(Parents::default, |parents, read| read.iter().filter(|read| count(parents, read)).count() as u64).sum()
}

/// Shares answers out to receipts of at most `rows_max` rows each; always at least one receipt, which may be empty.
pub fn in_receipts(answers: Vec<Answer>, rows_max: usize) -> Vec<Vec<Answer>> {
    let (mut receipts, mut rows) = (vec![Vec::new()], 0);
    for answer in answers {
        if rows + answer.rows.len() > rows_max && rows > 0 {
            receipts.push(Vec::new());
            rows = 0;
        }
        rows += answer.rows.len();
        receipts.last_mut().expect("never empty").push(answer);
    }
    receipts
}
