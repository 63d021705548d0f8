//! Many worlds: on one or more threads, each with its own pool of one, until so many were played or so much time has passed.

use crate::shrink::shrink;
use crate::weather::counts::Counts;
use crate::weather::plan::{Plan, plan};
use crate::weather::random::Random;
use crate::world::{Failed, Scene, World};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// What is to be played.
#[derive(Clone, Debug)]
pub struct Request {
    /// Worlds, at most.
    pub worlds: u64,
    /// The first world's seed follows from it; so do all others'.
    pub seed: u64,
    /// Threads.
    pub jobs: usize,
    /// Crossings of one world, about.
    pub crossings: u32,
    /// Ends after so long.
    pub time: Option<Duration>,
    /// Only worlds whose archive is one of records.
    pub records: bool,
    /// Failures after which it ends.
    pub failures_max: usize,
}

/// A world that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// Why.
    pub failed: Failed,
}

/// What all worlds together saw.
#[derive(Clone, Debug, Default)]
pub struct Played {
    /// Counted.
    pub counts: Counts,
    /// Those that failed.
    pub failures: Vec<Failure>,
    /// How long it took.
    pub took: Duration,
    /// Seconds of all threads together.
    pub core_seconds: f64,
}

/// The seed of the world with this number.
pub fn seed_of(seed: u64, number: u64) -> u64 {
    Random::of(seed ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93)).number()
}

/// Plays one world. A panic is a failure like any other.
pub fn play(scene: &Scene, plan: &Plan) -> (Counts, Result<(), Failed>) {
    let mut world = World::new(scene, plan.shape);
    let ended = catch_unwind(AssertUnwindSafe(|| world.play(plan)));
    let result = ended.unwrap_or_else(|panic| Err(Failed { step: None, violation: crate::model::replica::Violation::new("panic", said(&*panic)) }));
    (world.counts, result)
}

/// Plays one world and keeps a log.
pub fn play_logged(scene: &Scene, plan: &Plan) -> (Vec<String>, Result<(), Failed>) {
    let mut world = World::new(scene, plan.shape).logging();
    let ended = catch_unwind(AssertUnwindSafe(|| world.play(plan)));
    let result = ended.unwrap_or_else(|panic| Err(Failed { step: None, violation: crate::model::replica::Violation::new("panic", said(&*panic)) }));
    (world.log().to_vec(), result)
}

fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|says| (*says).into()));
    text.unwrap_or_else(|| "without a word".into())
}

/// The smallest plan that fails by the same checker.
pub fn smallest(scene: &Scene, plan: &Plan, checker: &'static str) -> Plan {
    shrink(plan, &mut |smaller| play(scene, smaller).1.is_err_and(|failed| failed.violation.checker == checker))
}

/// Does the work of one thread in a pool of its own, so that whatever the real crates spread over threads runs here, in order.
pub fn alone<T>(work: impl FnOnce() -> T) -> T {
    crate::remembered::remember();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
    let _pool = pool.expect("a pool of one thread can be made");
    work()
}

/// What is told while worlds are played.
pub enum Told<'a> {
    /// A world failed.
    Failed(&'a Failure),
    /// A minute has passed since this was told last: worlds and crossings so far.
    SoFar(u64, u64),
}

/// How often it is told how far it is.
const TOLD_EACH: Duration = Duration::from_secs(60);

/// Plays worlds.
pub fn run(request: &Request, tell: &(dyn Fn(&Told<'_>) + Sync)) -> Played {
    let begun = Instant::now();
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let (worlds, crossings, told) = (AtomicU64::new(0), AtomicU64::new(0), Mutex::new(begun));
    let played = Mutex::new(Played::default());
    std::thread::scope(|scope| {
        for _ in 0..request.jobs.max(1) {
            scope.spawn(|| {
                alone(|| {
                    let thread_begun = Instant::now();
                    let scene = Scene::new();
                    let mut counts = Counts::default();
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let over = request.time.is_some_and(|time| begun.elapsed() >= time);
                        if number >= request.worlds || over || stop.load(Ordering::Relaxed) {
                            break;
                        }
                        let seed = seed_of(request.seed, number);
                        let plan = plan(seed, request.crossings);
                        if request.records && plan.shape.records.is_none() {
                            continue;
                        }
                        let (seen, result) = play(&scene, &plan);
                        counts += &seen;
                        let so_far = [(&worlds, seen.worlds), (&crossings, seen.crossings)].map(|(all, here)| all.fetch_add(here, Ordering::Relaxed) + here);
                        let mut last = told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                        if last.elapsed() >= TOLD_EACH {
                            *last = Instant::now();
                            tell(&Told::SoFar(so_far[0], so_far[1]));
                        }
                        drop(last);
                        if let Err(failed) = result {
                            let mut played = played.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                            let failure = Failure { seed, failed };
                            tell(&Told::Failed(&failure));
                            played.failures.push(failure);
                            stop.fetch_or(played.failures.len() >= request.failures_max, Ordering::Relaxed);
                        }
                    }
                    let mut played = played.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                    played.counts += &counts;
                    played.core_seconds += thread_begun.elapsed().as_secs_f64();
                });
            });
        }
    });
    let mut played = played.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    played.took = begun.elapsed();
    played
}
