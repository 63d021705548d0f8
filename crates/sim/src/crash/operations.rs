//! The operations that are cut, one after the other from the scene on, each with what lay on the disk before every call.

use super::books;
use super::chapters::{CHAPTERS, People, Step};
use super::checks::Truth;
use super::scene::{MEDIUM, MEDIUM_BYTES, REPLICA, Scene, Side, State, TREE};
use crate::disk::{Fate, Image, Op};
use driver::home::{Access, Home};
use driver::{ApplyOptions, Failure, PackOptions, ReconcileOptions, ScrubOptions};
use std::path::PathBuf;
use std::sync::Arc;

/// Kinds of records of a replica (spec/ledger.md).
const APPLIED: u16 = 33;
const ATTESTED: u16 = 34;

/// Looks at a state; an error says what is wrong with it.
pub type Look = fn(&Scene) -> Result<(), String>;

/// An operation that was run whole once.
pub struct Operation {
    pub name: &'static str,
    /// Whose process it is.
    pub side: Side,
    /// What may be seen.
    pub truth: Arc<Truth>,
    pub before: State,
    /// What is run again first after an interruption where carrying would not do it: a scrub that nobody repeats finds nothing.
    pub repeat: Option<Act>,
    /// Whether people agree where a route stops at a fork.
    pub agree: bool,
    /// What must hold of each state beside everything else.
    pub look: Option<Look>,
    /// The call that was about to come, and the disk then; at last the end, before anything else.
    pub cuts: Vec<(Option<Op>, Image)>,
}

/// All of them.
pub struct Line {
    pub operations: Vec<Operation>,
    /// Where the simulation of a state begins its entropy.
    pub seed: u64,
}

/// A command on the scene.
pub type Act = fn(&Scene) -> Result<(), Failure>;

/// In the order in which they are run. What each finds is what the ones before left.
const OPERATIONS: &[(&str, Side, Act)] = &[
    ("capture", Side::Source, |scene| driver::capture(&scene.world, Side::Source.home(), false).map(drop)),
    ("pack", Side::Source, |scene| driver::pack(&scene.world, Side::Source.home(), &pack()).map(drop)),
    ("apply", Side::Replica, apply),
    ("attest", Side::Replica, apply),
    ("reconcile", Side::Source, |scene| driver::reconcile(&scene.world, Side::Source.home(), &reconcile()).map(drop)),
    ("carry-source", Side::Source, |scene| scene.carry(Side::Source).map(drop)),
    ("carry-replica", Side::Replica, |scene| scene.carry(Side::Replica).map(drop)),
    ("carry-again", Side::Source, |scene| scene.carry(Side::Source).map(drop)),
    ("apply-part", Side::Replica, apply),
    ("scrub", Side::Replica, scrub),
    ("rebuild-source", Side::Source, |scene| driver::ledger_rebuild(&scene.world, Side::Source.home()).map(drop)),
    ("rebuild-replica", Side::Replica, |scene| driver::ledger_rebuild(&scene.world, Side::Replica.home()).map(drop)),
    ("snapshot-source", Side::Source, |scene| snapshot(scene, Side::Source)),
    ("snapshot-replica", Side::Replica, |scene| snapshot(scene, Side::Replica)),
];

/// Both homes are made and the route with them.
pub const SET_UP: &str = "set-up";

/// How many there are in the chapters.
const IN_CHAPTERS: usize = {
    let (mut count, mut chapter) = (0, 0);
    while chapter < CHAPTERS.len() {
        count += CHAPTERS[chapter].steps.len();
        chapter += 1;
    }
    count
};

/// Their names.
pub const NAMES: [&str; 1 + OPERATIONS.len() + IN_CHAPTERS] = {
    let mut names = [SET_UP; 1 + OPERATIONS.len() + IN_CHAPTERS];
    let mut place = 0;
    while place < OPERATIONS.len() {
        names[place + 1] = OPERATIONS[place].0;
        place += 1;
    }
    let mut chapter = 0;
    while chapter < CHAPTERS.len() {
        let mut step = 0;
        while step < CHAPTERS[chapter].steps.len() {
            names[place + 1] = CHAPTERS[chapter].steps[step].name;
            place += 1;
            step += 1;
        }
        chapter += 1;
    }
    names
};

fn pack() -> PackOptions {
    PackOptions { to: PathBuf::from(MEDIUM), medium_size: Some(MEDIUM_BYTES), ..PackOptions::default() }
}

fn reconcile() -> ReconcileOptions {
    ReconcileOptions { from: PathBuf::from(MEDIUM), routes: Vec::new() }
}

fn apply(scene: &Scene) -> Result<(), Failure> {
    let options = ApplyOptions { from: PathBuf::from(MEDIUM), ..ApplyOptions::default() };
    driver::apply(&scene.world, Side::Replica.home(), &options).map(drop)
}

/// A damaged file is found and told.
fn scrub(scene: &Scene) -> Result<(), Failure> {
    let options = ScrubOptions { routes: Vec::new(), to: Some(PathBuf::from(MEDIUM)), ..ScrubOptions::default() };
    driver::scrub(&scene.world, Side::Replica.home(), &options).map(drop)
}

/// What a home does once its ledger has grown enough.
fn snapshot(scene: &Scene, side: Side) -> Result<(), Failure> {
    let mut home = Home::open(&scene.world, side.home(), Access::Change)?;
    home.write_snapshot()?;
    home.close("", "snapshot")
}

/// Everything that was done is durable.
pub fn settled(state: &State) -> State {
    State { image: state.image.crashed(&mut |_, _| Fate::Kept), indexes: state.indexes.clone() }
}

/// Carries back and forth until the source calls all done.
pub fn until_calm(scene: &Scene) -> Result<(), Failure> {
    for _ in 0..12 {
        scene.carry(Side::Source)?;
        let status = driver::status(&scene.world, Side::Source.home())?;
        if status.routes.iter().all(|route| route.items.total == route.items.done && route.items.total > 0) {
            return Ok(());
        }
        scene.carry(Side::Replica)?;
    }
    Err(Failure::new("IO-01", TREE, "the scene does not become calm"))
}

/// The disk when the first `apply` had recorded that it had switched, and nothing after that.
fn switched(operations: &[Operation]) -> Result<Image, String> {
    let apply = operations.iter().find(|operation| operation.name == "apply").ok_or("apply comes first")?;
    let has = |image: &Image, kind: u16| books::records(image, REPLICA, true).map(|records| records.iter().filter(|record| record.0 == kind).count());
    let before = has(&apply.before.image, APPLIED)?;
    for (_, image) in &apply.cuts {
        if has(image, APPLIED)? > before && has(image, ATTESTED)? == has(&apply.before.image, ATTESTED)? {
            return Ok(image.clone());
        }
    }
    Err("an apply records its switching before its reading back".into())
}

/// Makes the worlds in which the operations lie that are asked for, on a file system of the replica that can exchange names in one step or
/// not, and runs each of their operations once.
pub fn line(seed: u64, only: Option<&str>, exchanges: bool) -> Result<Line, String> {
    let asked = |names: &[&str]| only.is_none_or(|only| names.contains(&only));
    let mut scene = Scene::new(seed);
    scene.exchanges = exchanges;
    let mut operations = Vec::new();
    if asked(&NAMES[..=OPERATIONS.len()]) {
        operations.extend(daily(&scene)?);
    }
    for chapter in CHAPTERS.iter().filter(|chapter| asked(&chapter.steps.iter().map(|step| step.name).collect::<Vec<_>>())) {
        let mut truth = (chapter.open)(&scene)?;
        for step in chapter.steps {
            if let Some(before) = step.before {
                before(&scene, &mut truth).map_err(|what| format!("before {}: {what}", step.name))?;
            }
            let done = operation(&scene, step, &Arc::new(truth.again()));
            operations.push(done.map_err(|failure| format!("{}: {failure}", step.name))?);
        }
    }
    Ok(Line { operations, seed })
}

/// The daily crossing.
fn daily(scene: &Scene) -> Result<Vec<Operation>, String> {
    let failed = |what: &str| {
        let what = what.to_owned();
        move |failure: Failure| format!("{what}: {failure}")
    };
    scene.ground().map_err(|error| error.to_string())?;
    scene.first_archive();
    let first = Arc::new(Truth::new(&Scene::new_image(), &scene.disk.snapshot()));
    let set_up = Step { people: People::Repeat, ..plain(SET_UP, Side::Replica, Scene::set_up) };
    let mut operations = vec![operation(scene, &set_up, &first).map_err(failed(SET_UP))?];
    until_calm(scene).map_err(failed("first crossing"))?;
    let before = scene.disk.snapshot();
    scene.change_archive();
    let changed = scene.disk.snapshot();
    let mut truth = Truth::new(&before, &changed);
    let mut shared = None;
    for (name, side, act) in OPERATIONS {
        let after = scene.state();
        match *name {
            // An apply that was interrupted between switching and reading back.
            "attest" => scene.restore(&State { image: switched(&operations)?, indexes: after.indexes.left_open(&side.home().join("index")) }),
            "scrub" => {
                scene.disk.rot(format!("{TREE}/keep"), |bytes| bytes[1000] ^= 1).map_err(|error| error.to_string())?;
                truth.rots(&scene.disk.snapshot(), "keep");
                shared = None;
            }
            _ => {}
        }
        let sees = shared.get_or_insert_with(|| Arc::new(truth.again())).clone();
        let people = if *name == "scrub" { People::Repeat } else { People::Carry };
        operations.push(operation(scene, &Step { people, ..plain(name, *side, *act) }, &sees).map_err(failed(name))?);
        if *name == "attest" {
            scene.restore(&after);
        }
    }
    Ok(operations)
}

/// A step about which nothing is special.
fn plain(name: &'static str, side: Side, act: Act) -> Step {
    Step { name, side, act, people: People::Carry, before: None, look: None }
}

/// Runs an operation from a state in which everything is durable, and keeps what lay on the disk before every call.
fn operation(scene: &Scene, step: &Step, truth: &Arc<Truth>) -> Result<Operation, Failure> {
    let state = settled(&scene.state());
    scene.restore(&state);
    scene.disk.record();
    (step.act)(scene)?;
    let mut cuts: Vec<(Option<Op>, Image)> = scene.disk.recorded().into_iter().map(|(op, image)| (Some(op), image)).collect();
    cuts.push((None, scene.disk.snapshot()));
    let Step { name, side, act, people, look, .. } = *step;
    Ok(Operation { name, side, truth: truth.clone(), before: state, repeat: people.repeat().then_some(act), agree: people.agree(), look, cuts })
}
