//! From a state to calm: recovers by the usual commands, checks every state on the way, and cuts the way again.

use super::books;
use super::chapters::can_be_asked;
use super::checks::{self, Done};
use super::operations::Line;
use super::scene::{REPLICA, ROUTE, SOURCE, Scene, Side, State, TREE};
use super::variants::{Variant, variants};
use super::{Found, Options};
use crate::disk::{Image, Op};
use crate::entropy::SimEntropy;
use driver::ItemsOptions;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Commands after which a world must be calm: a large document may have to go again in seventeen parts, a part for each way there and back.
const COMMANDS_MAX: usize = 64;
/// Failures that are kept; the run ends then.
const FAILURES_MAX: usize = 20;
/// States of this many in a hundred go on with the other side first.
const OTHER_SIDE_PERCENT: u64 = 25;

/// Which state it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin {
    pub operation: usize,
    pub cut: usize,
    pub variant: usize,
    /// Second cut, in the first command of the recovery, and its variant.
    pub again: Option<(usize, usize)>,
}

/// What all threads share.
pub struct Shared<'a> {
    line: &'a Line,
    options: &'a Options,
    seen: Mutex<HashSet<[u8; 32]>>,
    states: AtomicUsize,
    /// States from which calm was reached.
    good: Mutex<HashSet<[u8; 32]>>,
    /// What the source says, by the digest of its volume.
    said: Mutex<HashMap<[u8; 32], Done>>,
    found: Mutex<BTreeMap<&'static str, Found>>,
    failures: Mutex<Vec<String>>,
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> Shared<'a> {
    /// With the digests of the states that were seen before.
    pub fn new(line: &'a Line, options: &'a Options, seen: HashSet<[u8; 32]>) -> Self {
        Self {
            line,
            options,
            states: AtomicUsize::new(seen.len()),
            seen: Mutex::new(seen),
            good: Mutex::default(),
            said: Mutex::default(),
            found: Mutex::default(),
            failures: Mutex::default(),
        }
    }

    pub fn is_full(&self) -> bool {
        self.options.states_max.is_some_and(|max| self.states.load(Ordering::Relaxed) >= max) || locked(&self.failures).len() >= FAILURES_MAX
    }

    /// What was found by operation, what was wrong, and the digests of all states.
    pub fn into_found(self) -> (BTreeMap<&'static str, Found>, Vec<String>, HashSet<[u8; 32]>) {
        (
            self.found.into_inner().unwrap_or_else(PoisonError::into_inner),
            self.failures.into_inner().unwrap_or_else(PoisonError::into_inner),
            self.seen.into_inner().unwrap_or_else(PoisonError::into_inner),
        )
    }

    fn count(&self, origin: &Origin, act: impl FnOnce(&mut Found)) {
        act(locked(&self.found).entry(self.line.operations[origin.operation].name).or_default());
    }

    fn failed(&self, origin: &Origin, what: &str) {
        let operation = &self.line.operations[origin.operation];
        let call = |op: Option<Op>| op.map_or("its end".to_owned(), |op| format!("{op:?}"));
        let again = origin.again.map_or(String::new(), |(cut, variant)| format!(" --second {cut}:{variant}"));
        let again = if self.options.exchanges { again } else { again + " --no-exchange" };
        locked(&self.failures).push(format!(
            "{what}\n  {} cut before {}; replay: cargo run --release -p sim -- crash --seed {} --operation {} --cut {} --variant {}{again}",
            operation.name,
            call(operation.cuts[origin.cut].0),
            self.options.seed,
            operation.name,
            origin.cut,
            origin.variant,
        ));
    }
}

/// One thread's world.
pub struct Walk<'a> {
    shared: &'a Shared<'a>,
    scene: Scene,
    entropy: SimEntropy,
}

impl<'a> Walk<'a> {
    pub fn new(shared: &'a Shared<'a>) -> Self {
        Self { shared, scene: Scene::new(shared.line.seed), entropy: SimEntropy::new(shared.options.seed) }
    }

    /// All variants of one cut.
    pub fn cut(&self, origin: &Origin) {
        let operation = &self.shared.line.operations[origin.operation];
        let image = &operation.cuts[origin.cut].1;
        if operation.cuts[origin.cut].0.is_none()
            && let Err(what) = checks::what_ended_is_durable(image)
        {
            self.shared.failed(origin, &what);
        }
        let label = format!("{}/{}", operation.name, origin.cut);
        let list = variants(&image.pending(), &self.entropy.fork(&label));
        let chosen = self.shared.options.variants_max.map(|max| chosen(list.len(), max, &self.entropy.fork(&label)));
        for (variant, fates) in list.iter().enumerate() {
            if self.shared.options.only.variant.is_some_and(|only| only != variant) || chosen.as_ref().is_some_and(|chosen| !chosen.contains(&variant)) {
                continue;
            }
            if self.shared.is_full() {
                return;
            }
            let origin = Origin { variant, ..*origin };
            let state = State { image: crashed(image, fates), indexes: operation.before.indexes.left_open(&operation.side.home().join("index")) };
            self.state(&origin, &state, operation.side);
        }
    }

    /// One state: counts it, checks it, recovers from it, and cuts the recovery.
    fn state(&self, origin: &Origin, state: &State, side: Side) {
        let digest = state.image.digest();
        let is_new = locked(&self.shared.seen).insert(digest);
        self.shared.count(origin, |found| {
            found.tried += 1;
            found.states += usize::from(is_new);
            found.states_again += usize::from(is_new && origin.again.is_some());
        });
        if !is_new {
            return;
        }
        self.shared.states.fetch_add(1, Ordering::Relaxed);
        let dice = SimEntropy::of(digest);
        let repeats = self.shared.line.operations[origin.operation].repeat.is_some();
        let first = if !repeats && dice.below(100) < OTHER_SIDE_PERCENT { side.other() } else { side };
        let mut cuts = Vec::new();
        let healed = self.look(origin, state, state).and_then(|_| self.recover(origin, state, first, &mut cuts));
        if let Err(what) = healed {
            self.shared.failed(origin, &what);
            return;
        }
        if origin.again.is_some() || cuts.is_empty() {
            return;
        }
        let operation = &self.shared.line.operations[origin.operation];
        let only = self.shared.options.only;
        let indexes = state.indexes.left_open(&first.home().join("index"));
        let second = |cut: usize, chosen: Option<usize>| {
            let image: &Image = &cuts[cut];
            let label = format!("{}/{}/{}/{cut}", operation.name, origin.cut, origin.variant);
            let list = variants(&image.pending(), &self.entropy.fork(&label));
            let variant = chosen.unwrap_or_else(|| dice.below(list.len() as u64) as usize);
            let state = State { image: crashed(image, &list[variant]), indexes: indexes.clone() };
            self.state(&Origin { again: Some((cut, variant)), ..*origin }, &state, first);
        };
        match only.second {
            Some((cut, variant)) => second(cut, Some(variant)),
            None if only.variant.is_some() => {}
            None => (0..self.shared.options.again).for_each(|_| second(dice.below(cuts.len() as u64) as usize, None)),
        }
    }

    /// What must hold of every state. Gives what the source says in it, where it can be asked and is not older than what it sent.
    fn look(&self, origin: &Origin, before: &State, now: &State) -> Result<Done, String> {
        let operation = &self.shared.line.operations[origin.operation];
        let truth = &*operation.truth;
        truth.replica_is_whole(&now.image)?;
        truth.what_is_shown_is_recorded(&now.image)?;
        truth.no_plaintext(&now.image)?;
        checks::what_crosses_is_recorded(&now.image, truth)?;
        if !std::ptr::eq(before, now) {
            checks::books_are_right(&before.image, &now.image, false, truth)?;
        } else if let Some(look) = operation.look {
            self.scene.restore(now);
            look(&self.scene)?;
        }
        if !can_be_asked(now) || !truth.is_source_itself(&now.image)? {
            return Ok(Done::default());
        }
        let done = self.said(now)?;
        truth.done_is_there(&now.image, &done)?;
        Ok(done)
    }

    /// What the source says, asked in a copy of the world.
    fn said(&self, state: &State) -> Result<Done, String> {
        let digest = state.image.volume_digest(SOURCE);
        if let Some(done) = locked(&self.shared.said).get(&digest) {
            return Ok(done.clone());
        }
        self.scene.restore(state);
        let (world, home) = (&self.scene.world, Path::new(SOURCE));
        let options = ItemsOptions { state: Some("done".into()), ..ItemsOptions::default() };
        let items = driver::items(world, home, &options).map_err(|failure| format!("items: {failure}"))?;
        let status = driver::status(world, home).map_err(|failure| format!("status: {failure}"))?;
        let route = status.routes.iter().find(|route| route.route == ROUTE).ok_or("the route is gone")?;
        let purges = driver::purges(world, home, None, None).map_err(|failure| format!("purges: {failure}"))?;
        let done = Done {
            purged: !purges.routes.is_empty() && purges.routes.iter().all(|route| route.open == 0),
            items: items.items.into_iter().map(|item| (item.item.0, item.digest)).collect(),
            all: route.items.total == route.items.done && route.items.total > 0,
        };
        self.scene.restore(state);
        locked(&self.shared.said).insert(digest, done.clone());
        Ok(done)
    }

    /// Carries back and forth until all is calm; the images before each call of the first command go to `cuts`.
    fn recover(&self, origin: &Origin, state: &State, first: Side, cuts: &mut Vec<Image>) -> Result<(), String> {
        let (scene, truth) = (&self.scene, &*self.shared.line.operations[origin.operation].truth);
        scene.restore(state);
        let (mut side, mut way, mut said) = (first, Vec::new(), [None, None]);
        for command in 0..COMMANDS_MAX {
            let now = scene.state();
            let key = key(&now, side, command == 0 && self.shared.line.operations[origin.operation].repeat.is_some());
            if locked(&self.shared.good).contains(&key) {
                locked(&self.shared.good).extend(way);
                return Ok(());
            }
            way.push(key);
            scene.entropy.reset(&draws(&now.image, side, origin)?);
            let records = command == 0 && origin.again.is_none();
            if records {
                scene.disk.record();
            }
            let carried = match self.shared.line.operations[origin.operation].repeat.filter(|_| command == 0) {
                Some(repeat) => repeat(scene).map(|()| None),
                None => scene.carry(side).map(Some),
            };
            self.shared.count(origin, |found| found.commands += 1);
            if records {
                cuts.extend(scene.disk.recorded().into_iter().map(|(_, image)| image));
            }
            let failed = |failure| format!("carry on {} (command {command} of the recovery): {failure}", side.home().display());
            let report = carried.map_err(failed)?;
            let agreed = self.shared.line.operations[origin.operation].agree && scene.agree(side).map_err(failed)?;
            if !agreed && report.as_ref().is_some_and(|report| report.next == "needs-person") {
                return Err(format!("carry on {} (command {command} of the recovery) needs a person", side.home().display()));
            }
            let after = scene.state();
            let done = self.look(origin, state, &after)?;
            // Both sides have been there since: a home that was not opened may still have a torn tail.
            if command > 0 && side == Side::Source && done.all && truth.replica_is_the_archive(&after.image).is_ok() {
                checks::books_are_right(&state.image, &after.image, true, truth)?;
                self.at_rest(&after)?;
                locked(&self.shared.good).extend(way);
                return Ok(());
            }
            side = side.other();
            said = [said[1].take(), report];
        }
        let differs = truth.replica_is_the_archive(&scene.disk.snapshot());
        Err(format!("not calm after {COMMANDS_MAX} commands: {differs:?}; the last two said {said:?}"))
    }

    /// What must hold at the end: both ledgers are verified and each index is what the ledger makes of it.
    fn at_rest(&self, state: &State) -> Result<(), String> {
        let scene = &self.scene;
        for home in [SOURCE, REPLICA].map(Path::new) {
            let index = home.join("index");
            let verified = driver::ledger_verify(&scene.world, home).map_err(|failure| format!("ledger verify: {failure}"))?;
            if verified.first_bad.is_some() || !verified.problems.is_empty() {
                return Err(format!("ledger verify on {}: {:?} {:?}", home.display(), verified.first_bad, verified.problems));
            }
            let before = scene.indexes.rows(&index).ok_or("an index was left open")?;
            driver::ledger_rebuild(&scene.world, home).map_err(|failure| format!("ledger rebuild: {failure}"))?;
            if scene.indexes.rows(&index).as_ref() != Some(&before) {
                return Err(format!("the index of {} is not what its ledger says", home.display()));
            }
        }
        scene.restore(state);
        Ok(())
    }
}

fn crashed(image: &Image, fates: &Variant) -> Image {
    image.crashed(&mut |place, _| fates[place].clone())
}

/// Everything that what happens next depends on.
fn key(state: &State, side: Side, repeats: bool) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&state.image.digest());
    hasher.update(&[side as u8, u8::from(repeats)]);
    state.image.visit(TREE, &mut |_, seen| {
        hasher.update(&seen.modified.to_le_bytes());
    });
    for dir in state.indexes.unsound() {
        hasher.update(dir.as_os_str().as_encoded_bytes());
        hasher.update(&[0]);
    }
    *hasher.finalize().as_bytes()
}

/// Where the entropy of a command begins. It hangs on what the ledgers say alone, and on whether it was cut before, so that ways that differ in
/// nothing else come together; what a cut command drew is never drawn again.
fn draws(image: &Image, side: Side, origin: &Origin) -> Result<[u8; 32], String> {
    let [source, replica] = books::heads(image)?;
    let mut hasher = blake3::Hasher::new();
    hasher.update(&source).update(&replica).update(&[side as u8, u8::from(origin.again.is_some())]);
    Ok(*hasher.finalize().as_bytes())
}

/// The first variant, in which nothing was kept that was not durable, and others by chance.
fn chosen(count: usize, max: usize, dice: &SimEntropy) -> HashSet<usize> {
    std::iter::once(0).chain((1..max).map(|_| dice.below(count as u64) as usize)).collect()
}
