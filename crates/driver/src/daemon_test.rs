//! Two daemons over shared folders, one round alone, and what ends a daemon.

use super::*;
use crate::home::{Access, Home};
use crate::status::scene::Scene;
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use tokio::sync::oneshot;

/// A daemon on a thread of its own.
struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<RoundReport, Failure>>,
}

fn start(scene: &Scene, home: &Path) -> Running {
    let (stop, stopped) = oneshot::channel();
    let daemon = Daemon::new(&scene.world, home, &DaemonOptions::default());
    let serve = move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(RUNTIME_THREADS).enable_all().build().unwrap();
        runtime.block_on(daemon.serve(async move { drop(stopped.await) }))
    };
    Running { stop, thread: thread::spawn(serve) }
}

impl Running {
    fn stop(self) {
        self.stop.send(()).unwrap();
        self.thread.join().unwrap().unwrap();
    }
}

/// Waits until all of so many items are proven at the source; looks whenever its ledger's folder changes.
fn until_done(scene: &Scene, total: u64) {
    let (changed, changes) = mpsc::channel();
    let (_watch, limits) = Watch::start(&[scene.source().join("ledger")], move |_| changed.send(()).unwrap_or(()));
    assert_eq!(limits, []);
    loop {
        let items = crate::status(&scene.world, &scene.source()).unwrap().routes[0].items;
        if (items.total, items.done) == (total, total) {
            return;
        }
        changes.recv().unwrap();
    }
}

#[test]
fn two_daemons_keep_a_replica_true() {
    let scene = Scene::with_gateways();
    for number in 0..20 {
        scene.write(format!("folder {}/{number}", number % 3), format!("content {number}"));
    }
    let (source, replica) = (start(&scene, &scene.source()), start(&scene, &scene.replica()));
    until_done(&scene, 20);
    scene.write("folder 0/3", "changed");
    scene.write("new", "new");
    scene.remove("folder 1/1");
    let (changed, changes) = mpsc::channel();
    let (_watch, _) = Watch::start(&[scene.path("replica")], move |_| changed.send(()).unwrap_or(()));
    while scene.on_replica("new").is_none() {
        changes.recv().unwrap();
    }
    until_done(&scene, 20);
    assert_eq!((scene.on_replica("folder 0/3"), scene.on_replica("folder 1/1")), (Some(b"changed".to_vec()), None));
    source.stop();
    replica.stop();
    assert_eq!(scene.notices().iter().filter(|code| **code == "watch-limit").count(), 0);
}

#[test]
fn one_round_and_no_more() {
    let scene = Scene::with_gateways();
    let once = |home: PathBuf| run(&scene.world, &home, &DaemonOptions { once: true });
    scene.write("a", "alpha");
    let packages = || fs::read_dir(scene.path("over")).unwrap().count();
    once(scene.source()).unwrap();
    assert_eq!(packages(), 1);
    once(scene.source()).unwrap();
    assert_eq!(packages(), 1);
    once(scene.replica()).unwrap();
    once(scene.source()).unwrap();
    assert_eq!((crate::status(&scene.world, &scene.source()).unwrap().routes[0].items.done, scene.on_replica("a")), (1, Some(b"alpha".to_vec())));
    let held = Home::open(&scene.world, &scene.source(), Access::Change).unwrap();
    assert_eq!(once(scene.source()).unwrap_err().0.code, "HOM-01");
    held.close("", "").unwrap();
}

#[test]
fn one_round_tells_its_problems() {
    let scene = Scene::with_gateways();
    let once = |home: PathBuf| run(&scene.world, &home, &DaemonOptions { once: true }).unwrap();
    scene.write("a", "alpha");
    let report = once(scene.source());
    assert_eq!((report.wrote, report.took, report.problems), (1, 0, vec![]));
    fs::remove_dir(scene.path("back")).unwrap();
    let codes = |report: RoundReport| report.problems.iter().map(|problem| problem.code).collect::<Vec<_>>();
    assert_eq!(codes(once(scene.source())), ["MED-02"]);
    fs::remove_dir_all(scene.path("archive")).unwrap();
    assert_eq!(codes(once(scene.source())), ["MED-02", "SRC-01"]);
}

/// FAULTS M14
#[test]
fn what_is_refused_at_a_gateway_is_kept() {
    let scene = Scene::with_gateways();
    let once = |home: PathBuf| run(&scene.world, &home, &DaemonOptions { once: true }).unwrap();
    scene.write("a", "alpha");
    once(scene.source());
    let refused = fs::read_dir(scene.path("over")).unwrap().next().unwrap().unwrap().path();
    let mut bytes = fs::read(&refused).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&refused, &bytes).unwrap();
    let kept = scene.replica().join("spool/quarantine").join(refused.file_name().unwrap());
    assert_eq!(once(scene.replica()).problems.len(), 1);
    assert!(refused.exists() && !kept.exists(), "it may still be growing");
    scene.pass(60);
    once(scene.replica());
    assert!(!refused.exists());
    assert_eq!(fs::read(kept).unwrap(), bytes);
}

/// FAULTS M14: a parity file that is refused was told of anew with every round.
#[test]
fn a_parity_file_that_is_refused_at_a_gateway_is_kept() {
    let scene = Scene::with_gateways();
    let refused = scene.path("over").join(format!("{}.gfe", "7".repeat(32)));
    fs::write(&refused, "no parity").unwrap();
    let once = || run(&scene.world, &scene.replica(), &DaemonOptions { once: true }).unwrap().problems.len();
    assert_eq!((once(), refused.exists()), (1, true), "it may still be growing");
    scene.pass(60);
    assert_eq!((once(), refused.exists(), once()), (1, false, 0));
    assert_eq!(fs::read(scene.replica().join("spool/quarantine").join(refused.file_name().unwrap())).unwrap(), b"no parity");
}

#[test]
fn a_home_has_one_daemon() {
    let scene = Scene::with_gateways();
    let held = alone(&scene.world, &scene.source()).unwrap();
    let runs = |home: &Path, once| run(&scene.world, home, &DaemonOptions { once }).map(|_| ()).map_err(|failure| failure.0.code);
    assert_eq!(runs(&scene.source(), false), Err("HOM-01"));
    assert_eq!(runs(&scene.source(), true), Ok(()), "one round is a command and gets in between");
    Home::open(&scene.world, &scene.source(), Access::Change).unwrap();
    drop(held);
    drop(alone(&scene.world, &scene.source()).unwrap());
    fs::create_dir(scene.path("nowhere")).unwrap();
    assert_eq!(runs(&scene.path("nowhere"), false), Err("HOM-02"));
    assert_eq!(fs::read_dir(scene.path("nowhere")).unwrap().count(), 0);
}

#[test]
fn what_may_pass_calls_for_another_round_soon() {
    let scene = Scene::with_gateways();
    let problem = |code| Problem { code, subject: "x".into(), detail: "y".into() };
    let with = |problems: Vec<Problem>| Ok(RoundReport { problems, ..RoundReport::default() });
    let mut daemon = Daemon::new(&scene.world, &scene.source(), &DaemonOptions::default());
    assert!(matches!(daemon.tell(with(vec![])), Ok(Ended::Well)));
    assert!(matches!(daemon.tell(with(vec![problem("SRC-04"), problem("ENV-11")])), Ok(Ended::Well)));
    assert!(matches!(daemon.tell(with(vec![problem("SRC-04"), problem("MED-02")])), Ok(Ended::Waiting)));
    assert!(matches!(daemon.tell(Err(Failure(problem("IO-01")))), Ok(Ended::Failed)));
    assert_eq!(daemon.known, [problem("IO-01")]);
    assert!(matches!(daemon.tell(Err(Failure(problem("HOM-01")))), Ok(Ended::Held)));
}

#[test]
fn a_gateway_that_comes_back_is_used_soon() {
    let scene = Scene::with_gateways();
    scene.write("a", "alpha");
    fs::rename(scene.path("over"), scene.path("gone")).unwrap();
    let source = start(&scene, &scene.source());
    let captured = || crate::status(&scene.world, &scene.source()).unwrap().routes[0].items.total;
    let (changed, changes) = mpsc::channel();
    let written = changed.clone();
    let (_ledger, _) = Watch::start(&[scene.source().join("ledger")], move |_| written.send(()).unwrap_or(()));
    while captured() == 0 {
        changes.recv().unwrap();
    }
    let (_watch, _) = Watch::start(&[scene.path("gone")], move |_| changed.send(()).unwrap_or(()));
    fs::rename(scene.path("gone"), scene.path("over")).unwrap();
    let packages =
        || fs::read_dir(scene.path("over")).unwrap().filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "gfp")).count();
    while packages() == 0 {
        changes.recv().unwrap();
    }
    source.stop();
}

#[test]
fn a_stop_lets_the_round_end() {
    let scene = Scene::with_gateways();
    scene.write("a", "alpha");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let daemon = Daemon::new(&scene.world, &scene.source(), &DaemonOptions::default());
    runtime.block_on(daemon.serve(std::future::ready(()))).unwrap();
    assert_eq!(fs::read_dir(scene.path("over")).unwrap().count(), 1, "the round that had begun came to its end");
}

#[test]
fn what_only_a_person_can_mend_ends_it() {
    let scene = Scene::with_gateways();
    let runs = |home: &Path| run(&scene.world, home, &DaemonOptions::default()).unwrap_err().0.code;
    assert_eq!(runs(&scene.path("nowhere")), "HOM-02");
    fs::write(scene.source().join("gapferry.toml"), "zone = 1").unwrap();
    assert_eq!(runs(&scene.source()), "HOM-03");
    fs::remove_file(scene.replica().join("keys/zone.key")).unwrap();
    assert_eq!(runs(&scene.replica()), "HOM-05");
    for (code, expected) in [("HOM-01", false), ("HOM-04", true), ("IO-01", false), ("MED-02", false), ("LDG-05", true), ("SRC-01", false)] {
        assert_eq!(needs_person(code), expected, "{code}");
    }
}

#[test]
fn what_comes_without_a_hint_is_found() {
    let scene = Scene::with_gateways();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let name = |ending: &str| format!("{}.{ending}", "ab".repeat(16));
    for (home, folder, file, expected) in [
        (scene.source(), "back", name("gfp"), false),
        (scene.source(), "back", name("gfr.part"), false),
        (scene.source(), "back", name("gfr"), true),
        (scene.replica(), "over", name("gfr"), false),
        (scene.replica(), "over", "other".into(), false),
        (scene.replica(), "over", name("gfp"), true),
    ] {
        fs::write(scene.path(folder).join(&file), "").unwrap();
        let config = configuration(&scene.world, &home).unwrap();
        let daemon = Daemon::new(&scene.world, &home, &DaemonOptions::default());
        assert_eq!(runtime.block_on(daemon.something_arrived(&config)), expected, "{file}");
    }
}

/// A file system that is mounted over a root later gives no hint.
#[test]
fn another_folder_in_the_place_of_a_root_is_watched() {
    let scene = Scene::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let config = configuration(&scene.world, &scene.source()).unwrap();
    let mut daemon = Daemon::new(&scene.world, &scene.source(), &DaemonOptions::default());
    runtime.block_on(daemon.watch(&config));
    assert!(!runtime.block_on(daemon.something_arrived(&config)));
    fs::rename(scene.path("archive"), scene.path("covered")).unwrap();
    fs::create_dir(scene.path("archive")).unwrap();
    assert!(runtime.block_on(daemon.something_arrived(&config)));
    let since = daemon.watching.as_ref().unwrap().since;
    runtime.block_on(daemon.watch(&config));
    assert!(daemon.watching.as_ref().unwrap().since > since);
    assert!(!runtime.block_on(daemon.something_arrived(&config)));
}

#[test]
fn roots_are_those_of_the_configuration_once_each() {
    let text = "zone = 'a'\nrole = 'source'\n[archives.x]\nroot = '/x'\n[archives.y]\nroot = '/y'\n\
                [routes.p]\narchive = 'x'\nto = 'z'\nto_gateway = '/out'\nfrom_gateway = '/in'\n\
                [routes.q]\narchive = 'x'\nto = 'w'\nfrom_gateway = '/in'\n[routes.r]\narchive = 'y'\nto = 'v'";
    let config = Config::parse(text).unwrap();
    assert_eq!(roots(&config), ["/in", "/x", "/y"].map(PathBuf::from));
    assert_eq!(arrival_folders(&config), ["/in"].map(PathBuf::from));
}

#[test]
fn a_missing_root_is_said_once() {
    let scene = Scene::with_gateways();
    fs::remove_dir(scene.path("back")).unwrap();
    let config = configuration(&scene.world, &scene.source()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut daemon = Daemon::new(&scene.world, &scene.source(), &DaemonOptions::default());
    for _ in 0..3 {
        runtime.block_on(daemon.watch(&config));
    }
    assert!(daemon.limited());
    assert_eq!(scene.notices(), ["watch-limit"]);
}

#[test]
fn a_passphrase_is_asked_for_once() {
    let scene = Scene::new();
    let asked = Arc::new(AtomicU32::new(0));
    let count = asked.clone();
    let ask = move || {
        count.fetch_add(1, Ordering::SeqCst);
        Some(zeroize::Zeroizing::new("secret".to_owned()))
    };
    let world = remembering(&World { passphrase: Arc::new(ask), ..scene.world.clone() });
    for _ in 0..3 {
        assert_eq!((world.passphrase)().unwrap().as_str(), "secret");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}
