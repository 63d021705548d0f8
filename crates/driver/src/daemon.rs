//! `run`: the daemon of a home. Round after round it does what a person would do with a medium, over the gateway folders.
//!
//! A round opens the home, does its work and closes it, so that people's commands get in between. Hints that something
//! changed make the next round come soon; rounds come in any case, so that nothing depends on a hint. It stops after the
//! round that is running; what a kill interrupts, the next round brings to its end. A round that failed, or met what may
//! pass (a folder that is missing), is tried again soon, ever more slowly; what only a person can mend ends the daemon. A home
//! has one daemon.

mod pace;
mod service;

use capture::watch::{LimitCause, Watch, WatchLimit};
use carrier::{Carrier, Gateway};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use store::disk::{Hold, Identity, Lock};
use tokio::sync::Notify;
use tokio::time::{Duration, Instant, sleep, sleep_until, timeout};
use wire::card::Role;

use crate::carry::{gateway_round_replica, gateway_round_source};
use crate::config::{self, Config};
use crate::report::{Failure, Problem};
use crate::world::World;
use pace::{Next, Timing};

pub use crate::carry::RoundReport;

/// Threads of the runtime; the work itself is done by others.
const RUNTIME_THREADS: usize = 2;
/// Hints that come so close after one another are one change.
const DEBOUNCE: Duration = Duration::from_millis(100);
/// And yet a round begins when they have been coming for so long.
const DEBOUNCE_MAX: Duration = Duration::from_secs(1);
/// Held by the daemon of a home as long as it lives. The lock of the home is held by each round only.
const LOCK: &[u8] = b"daemon.lock";
/// Roots that were not there are tried again after so long.
const WATCH_AGAIN: Duration = Duration::from_secs(60);

/// How the daemon runs.
#[derive(Clone, Debug, Default)]
pub struct DaemonOptions {
    /// Ends after one round.
    pub once: bool,
}

/// Runs until it is told to stop (SIGTERM, SIGINT) and the round under way has ended. Blocks. Gives what all rounds did
/// together; problems only with `once`: else they were logged, and what came of them later.
///
/// # Errors
/// `HOM-01`: this home has a daemon already. `HOM-02` to `HOM-05` and `LDG-*`: a person must mend the home first. With `once`,
/// whatever the round failed with.
pub fn run(world: &World, home: &Path, options: &DaemonOptions) -> Result<RoundReport, Failure> {
    // One round is a command like any other: the lock of the home is enough.
    let _alone = if options.once { None } else { Some(alone(world, home)?) };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(RUNTIME_THREADS).enable_all().build();
    let runtime = runtime.map_err(|error| Failure::io("runtime", &error))?;
    runtime.block_on(async {
        let stop = stop_signal().map_err(|error| Failure::io("signals", &error))?;
        Daemon::new(world, home, options).serve(stop).await
    })
}

/// The lock of the one daemon of this home.
fn alone(world: &World, home: &Path) -> Result<Lock, Failure> {
    // A folder that is no home gets no file from us.
    configuration(world, home)?;
    let failed = |error: std::io::Error| Failure::io(home.display().to_string(), &error);
    let dir = world.disk.root(home).map_err(failed)?;
    let held = || Failure::new("HOM-01", home.display().to_string(), "the daemon of this home is running already");
    world.disk.lock(&dir, LOCK, Hold::Alone).map_err(failed)?.ok_or_else(held)
}

/// Ready when the process was told to stop. Told once, it stays so until it is asked.
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Keeps a passphrase that was given once: every round opens the home anew, and nobody shall be asked each time.
fn remembering(world: &World) -> World {
    let (ask, given) = (world.passphrase.clone(), OnceLock::new());
    World { passphrase: Arc::new(move || given.get_or_init(|| ask()).clone()), ..world.clone() }
}

struct Daemon {
    world: World,
    home: PathBuf,
    once: bool,
    hints: Arc<Notify>,
    watching: Option<Watching>,
    said_limited: bool,
    known: Vec<Problem>,
    /// The last round left something to be re-read.
    more: bool,
    done: RoundReport,
}

/// What is watched.
struct Watching {
    watch: Watch,
    roots: Vec<PathBuf>,
    /// Which folders these were: another file system may be mounted there since.
    identities: Vec<Option<Identity>>,
    /// Roots that were not there when the watch began, and when that was.
    missing: bool,
    since: Instant,
}

/// How a round ended.
enum Ended {
    /// With or without problems.
    Well,
    /// With problems that may pass.
    Waiting,
    /// Another process holds the home.
    Held,
    /// It may go better next time.
    Failed,
}

type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Daemon {
    fn new(world: &World, home: &Path, options: &DaemonOptions) -> Self {
        Self {
            world: remembering(world),
            home: home.into(),
            once: options.once,
            hints: Arc::default(),
            watching: None,
            said_limited: false,
            known: Vec::new(),
            more: false,
            done: RoundReport::default(),
        }
    }

    async fn serve(mut self, stop: impl Future<Output = ()> + Send + 'static) -> Result<RoundReport, Failure> {
        let mut stop: Stop = Box::pin(stop);
        let ready = service::start();
        // How often in a row rounds went wrong, and how often the home was held.
        let (mut wrong, mut held) = (0, 0);
        let mut config = configuration(&self.world, &self.home)?;
        loop {
            match configuration(&self.world, &self.home) {
                Ok(now) => config = now,
                // It cannot be read just now: what it said before holds until it can.
                Err(failure) if failure.0.code == "IO-01" && !self.once => tracing::warn!(%failure, "the configuration could not be read"),
                Err(failure) => return Err(failure),
            }
            if !self.once {
                self.watch(&config).await;
            }
            let (done, stopping) = self.round(config.role, &mut stop).await;
            let ended = self.tell(done)?;
            ready.say();
            if stopping || self.once {
                break;
            }
            (wrong, held) = match ended {
                Ended::Well => (0, 0),
                Ended::Held => (wrong, held + 1),
                Ended::Waiting | Ended::Failed => (wrong + 1, 0),
            };
            let timing = Timing { scan_seconds: config.policy.scan_seconds, has_roots: !roots(&config).is_empty(), limited: self.limited(), more: self.more };
            let next = match ended {
                Ended::Well => pace::after_a_round(&timing),
                Ended::Held => pace::after_a_held_home(held),
                Ended::Waiting => pace::after_problems(wrong, &timing),
                Ended::Failed => pace::after_failures(wrong),
            };
            if self.wait(&config, &next, &mut stop).await {
                break;
            }
        }
        service::stopping();
        tracing::info!("stopped");
        Ok(self.done)
    }

    /// Performs a round, and tells whether a stop was asked for meanwhile. The round comes to its end in any case.
    async fn round(&self, role: Role, stop: &mut Stop) -> (Result<RoundReport, Failure>, bool) {
        let (world, home) = (self.world.clone(), self.home.clone());
        let mut round = tokio::task::spawn_blocking(move || match role {
            Role::Source => gateway_round_source(&world, &home),
            Role::Replica => gateway_round_replica(&world, &home),
        });
        let mut stopping = false;
        let joined = loop {
            tokio::select! {
                joined = &mut round => break joined,
                () = &mut *stop, if !stopping => {
                    stopping = true;
                    tracing::info!("stopping after this round");
                    service::stopping();
                }
            }
        };
        match joined {
            Ok(done) => (done, stopping),
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => (Err(Failure::new("IO-01", "round", error.to_string())), stopping),
            },
        }
    }

    /// Logs what a round did, keeps what the next one has to know of it.
    fn tell(&mut self, done: Result<RoundReport, Failure>) -> Result<Ended, Failure> {
        match done {
            Ok(report) => {
                for problem in &report.problems {
                    self.tell_problem(problem, "problem");
                }
                let (wrote, took) = (report.wrote, report.took);
                self.more = report.more;
                if wrote + took > 0 {
                    tracing::info!(wrote, took, "round")
                } else {
                    tracing::debug!("round without work")
                }
                self.done.wrote += wrote;
                self.done.took += took;
                if self.once {
                    self.done.problems = report.problems;
                    return Ok(Ended::Well);
                }
                self.known = report.problems;
                if !self.known.iter().any(|problem| may_pass(problem.code)) {
                    return Ok(Ended::Well);
                }
                if let Some(watching) = &mut self.watching {
                    // It may be a root, and what comes back in its place is another folder than the one that is watched.
                    watching.missing = true;
                }
                Ok(Ended::Waiting)
            }
            Err(failure) if self.once || needs_person(failure.0.code) => {
                let Problem { code, subject, detail } = &failure.0;
                tracing::error!(code, subject, detail, "ends");
                Err(failure)
            }
            Err(failure) if failure.0.code == "HOM-01" => {
                tracing::debug!(detail = failure.0.detail, "the home is held");
                Ok(Ended::Held)
            }
            Err(Failure(problem)) => {
                self.tell_problem(&problem, "the round failed and is tried again");
                self.known = vec![problem];
                Ok(Ended::Failed)
            }
        }
    }

    /// A problem that the last round had too is no news.
    fn tell_problem(&self, problem: &Problem, what: &str) {
        let Problem { code, subject, detail } = problem;
        if self.known.contains(problem) { tracing::debug!(code, subject, detail, "still: {what}") } else { tracing::warn!(code, subject, detail, "{what}") }
    }

    /// Waits for the next round; true when a stop was asked for instead.
    async fn wait(&self, config: &Config, next: &Next, stop: &mut Stop) -> bool {
        let begun = Instant::now();
        let mut look = next.look_at_folders.map(|every| begun + every);
        loop {
            let until = look.unwrap_or(begun + next.round).min(begun + next.round);
            tokio::select! {
                biased;
                () = &mut *stop => return true,
                () = self.hints.notified(), if next.hints_count => {
                    self.let_hints_settle().await;
                    return false;
                }
                () = sleep_until(until) => {}
            }
            if Instant::now() >= begun + next.round || self.something_arrived(config).await {
                return false;
            }
            look = next.look_at_folders.map(|every| Instant::now() + every);
        }
    }

    async fn let_hints_settle(&self) {
        let latest = Instant::now() + DEBOUNCE_MAX;
        sleep(DEBOUNCE).await;
        while Instant::now() < latest && timeout(DEBOUNCE, self.hints.notified()).await.is_ok() {}
    }

    /// Which folders the roots are now; none for one that is not there.
    async fn identities(&self, config: &Config) -> Vec<Option<Identity>> {
        let (disk, roots) = (self.world.disk.clone(), roots(config));
        let identity = move |root: &PathBuf| disk.root(root).and_then(|dir| disk.identity(&dir)).ok().flatten();
        tokio::task::spawn_blocking(move || roots.iter().map(identity).collect()).await.unwrap_or_default()
    }

    /// Whether a gateway folder holds what a round would take, or another folder lies where one is watched, without a hint.
    async fn something_arrived(&self, config: &Config) -> bool {
        let identities = self.identities(config).await;
        if self.watching.as_ref().is_some_and(|watching| watching.identities != identities) {
            return true;
        }
        let (disk, folders, role) = (self.world.disk.clone(), arrival_folders(config), config.role);
        let look = tokio::task::spawn_blocking(move || {
            folders.iter().any(|folder| {
                let listing = Gateway::open(&disk, folder).ok().and_then(|gateway| gateway.list().ok());
                listing.is_some_and(|listing| !if role == Role::Source { listing.receipts } else { listing.packages }.is_empty())
            })
        });
        look.await.unwrap_or(false)
    }

    fn limited(&self) -> bool {
        self.watching.as_ref().is_none_or(|watching| watching.watch.limited())
    }

    /// Watches what the configuration names now. Where not everything can be watched, it says so once.
    async fn watch(&mut self, config: &Config) {
        let roots = roots(config);
        let identities = self.identities(config).await;
        let late = |watching: &Watching| watching.missing && watching.since.elapsed() >= WATCH_AGAIN;
        let again = |watching: &Watching| watching.roots != roots || watching.identities != identities || late(watching);
        if self.watching.as_ref().is_none_or(again) {
            // First the old one ends: the system's watches are counted.
            self.watching = None;
            let (hints, to_watch) = (self.hints.clone(), roots.clone());
            let started = tokio::task::spawn_blocking(move || Watch::start(&to_watch, move |_| hints.notify_one())).await;
            let Ok((watch, limits)) = started else { return };
            self.say_limits(&limits);
            let missing = limits.iter().any(|limit| limit.cause == LimitCause::Missing);
            self.watching = Some(Watching { watch, roots, identities, missing, since: Instant::now() });
        } else if self.limited() {
            self.say_limits(&[]);
        }
    }

    fn say_limits(&mut self, limits: &[WatchLimit]) {
        let limited = !limits.is_empty() || self.watching.as_ref().is_some_and(|watching| watching.watch.limited());
        if !limited || std::mem::replace(&mut self.said_limited, true) {
            return;
        }
        let limits: Vec<String> = limits.iter().map(ToString::to_string).collect();
        let detail = if limits.is_empty() { "the system lost track of changes".to_owned() } else { limits.join("; ") };
        self.world.progress.notice("watch-limit", &detail);
    }
}

/// Whether trying again is of no use before a person has been there.
fn needs_person(code: &str) -> bool {
    matches!(code, "HOM-02" | "HOM-03" | "HOM-04" | "HOM-05") || code.starts_with("LDG-")
}

/// Whether the next round may not meet it any more, though nothing gives a hint: a folder that is missing comes back.
fn may_pass(code: &str) -> bool {
    matches!(code, "MED-02" | "IO-01" | "SRC-01" | "SRC-02" | "SRC-10" | "RPL-05")
}

/// The configuration as it is now: a person may edit it while the daemon runs.
fn configuration(world: &World, home: &Path) -> Result<Config, Failure> {
    let none = |error: std::io::Error| crate::home::no_home(home, &error);
    let dir = world.disk.root(home).map_err(none)?;
    let text = store::spool::read_whole(&*world.disk, &dir, config::FILE.as_bytes(), config::CONFIG_BYTES_MAX as u64).map_err(none)?;
    Config::parse(&config::utf8(text, "HOM-03", config::FILE)?)
}

/// The gateway folders in which something arrives.
fn arrival_folders(config: &Config) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = config.routes.values().filter_map(|route| route.from_gateway.clone()).collect();
    folders.sort();
    folders.dedup();
    folders
}

/// What is watched: the archives of a source, and the gateway folders in which something arrives.
fn roots(config: &Config) -> Vec<PathBuf> {
    let mut roots = arrival_folders(config);
    roots.extend(config.archives.values().map(|archive| archive.root.clone()));
    roots.sort();
    roots.dedup();
    roots
}

#[cfg(test)]
#[path = "daemon_test.rs"]
mod tests;
