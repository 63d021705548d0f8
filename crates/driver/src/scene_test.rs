//! Two homes in a temporary folder with one route between them, for tests: by a medium or over two gateway folders.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use store::clock::{Clock, RealClock, RealEntropy};
use store::real::RealDisk;
use wire::card::Role;

use crate::home::{Access, Home};
use crate::progress::{Progress, Stage};
use crate::report::{CarryReport, Failure};
use crate::world::{Actor, World};
use crate::{CarryOptions, RouteAccept, RouteAdd};

/// The system's clock, moved.
#[derive(Default)]
struct MovedClock {
    by_ns: AtomicI64,
}

impl Clock for MovedClock {
    fn now(&self) -> i64 {
        RealClock.now() + self.by_ns.load(Ordering::SeqCst)
    }
}

/// Keeps the notices.
#[derive(Default)]
struct Notices(Mutex<Vec<(&'static str, String)>>);

impl Progress for Notices {
    fn begin(&self, _: Stage, _: Option<u64>, _: Option<u64>) {}
    fn advance(&self, _: u64, _: u64) {}
    fn end(&self) {}
    fn notice(&self, code: &'static str, detail: &str) {
        self.0.lock().unwrap().push((code, detail.into()));
    }
}

/// Does something once, at the moment a stage begins.
struct AtStage {
    stage: Stage,
    act: Mutex<Option<Act>>,
}

type Act = Box<dyn FnOnce() + Send>;

impl Progress for AtStage {
    fn begin(&self, stage: Stage, _: Option<u64>, _: Option<u64>) {
        if stage == self.stage
            && let Some(act) = self.act.lock().unwrap().take()
        {
            act();
        }
    }
    fn advance(&self, _: u64, _: u64) {}
    fn end(&self) {}
    fn notice(&self, _: &'static str, _: &str) {}
}

/// Puts a folder in the place of another, with what is in it and its times, without another program: one that is just starting holds copies of
/// our locks.
pub(crate) fn copy(from: &Path, to: &Path) {
    let _old = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        let metadata = entry.metadata().unwrap();
        if metadata.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
            fs::File::open(&to).unwrap().set_modified(metadata.modified().unwrap()).unwrap();
        }
    }
}

/// Files below a folder that hold these bytes.
pub(crate) fn holding(root: &Path, text: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap().map(Result::unwrap) {
        let path = entry.path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if fs::read(&path).unwrap().windows(text.len()).any(|window| window == text.as_bytes()) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The scene. Its route is called `all`.
pub(crate) struct Scene {
    pub folder: tempfile::TempDir,
    pub world: World,
    clock: Arc<MovedClock>,
    notices: Arc<Notices>,
}

impl Scene {
    /// A route by medium.
    pub fn new() -> Self {
        Self::of(false)
    }

    /// A route over gateway folders.
    pub fn with_gateways() -> Self {
        Self::of(true)
    }

    fn of(gateways: bool) -> Self {
        let (clock, notices) = (Arc::<MovedClock>::default(), Arc::<Notices>::default());
        let world = World {
            disk: Arc::new(RealDisk::new()),
            indexes: Arc::new(store::index::SledIndexes),
            clock: clock.clone(),
            entropy: Arc::new(RealEntropy),
            progress: notices.clone(),
            actor: Actor { user: "tester".into(), host: "scene".into(), command: "test".into() },
            passphrase: Arc::new(|| None),
        };
        let scene = Self { folder: tempfile::tempdir().unwrap(), world, clock, notices };
        for folder in ["archive", "medium", "over", "back"] {
            fs::create_dir(scene.path(folder)).unwrap();
        }
        let world = &scene.world;
        crate::init(world, &scene.source(), "inside", Role::Source, None).unwrap();
        crate::init(world, &scene.replica(), "outside", Role::Replica, None).unwrap();
        for (from, to) in [(scene.source(), scene.replica()), (scene.replica(), scene.source())] {
            let card = crate::card(world, &from).unwrap();
            let file = scene.path(&format!("{}.card", card.zone));
            fs::write(&file, &card.card).unwrap();
            crate::trust(world, &to, &file, &card.fingerprint).unwrap();
        }
        crate::archive_add(world, &scene.source(), "archive", &scene.path("archive")).unwrap();
        let gateway = |name: &str| gateways.then(|| scene.path(name));
        let add = RouteAdd {
            name: "all".into(),
            archive: "archive".into(),
            to: "outside".into(),
            to_gateway: gateway("over"),
            from_gateway: gateway("back"),
            escrow: None,
            adopt: false,
        };
        crate::route_add(world, &scene.source(), &add).unwrap();
        let accept =
            RouteAccept { name: "all".into(), from: "inside".into(), into: scene.path("replica"), from_gateway: gateway("over"), to_gateway: gateway("back") };
        crate::route_accept(world, &scene.replica(), &accept).unwrap();
        scene
    }

    /// Another route to the same replica, from an archive that is made where it is not there yet. Gives the tree on the replica.
    pub fn another_route(&self, name: &str, archive: &str) -> PathBuf {
        let (world, tree) = (&self.world, self.path(&format!("tree {name}")));
        if !self.path(archive).exists() {
            fs::create_dir(self.path(archive)).unwrap();
            crate::archive_add(world, &self.source(), archive, &self.path(archive)).unwrap();
        }
        let add =
            RouteAdd { name: name.into(), archive: archive.into(), to: "outside".into(), to_gateway: None, from_gateway: None, escrow: None, adopt: false };
        crate::route_add(world, &self.source(), &add).unwrap();
        let accept = RouteAccept { name: name.into(), from: "inside".into(), into: tree.clone(), from_gateway: None, to_gateway: None };
        crate::route_accept(world, &self.replica(), &accept).unwrap();
        tree
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The source's home.
    pub fn source(&self) -> PathBuf {
        self.path("home-source")
    }

    /// The replica's home.
    pub fn replica(&self) -> PathBuf {
        self.path("home-replica")
    }

    /// Writes a document of the archive.
    pub fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
        let path = self.path("archive").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Removes a document of the archive.
    pub fn remove(&self, path: &str) {
        self.remove_path(path.as_ref());
    }

    /// Removes a document of the archive that may have any name.
    pub fn remove_path(&self, path: &std::ffi::OsStr) {
        fs::remove_file(self.path("archive").join(path)).unwrap();
    }

    /// What lies on the replica under this path.
    pub fn on_replica(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(self.path("replica").join(path)).ok()
    }

    /// `carry` with the medium.
    pub fn carry(&self, home: &Path) -> CarryReport {
        self.carry_with(home, "medium")
    }

    /// The world, in which something happens once when a stage begins.
    pub fn world_at(&self, stage: Stage, act: impl FnOnce() + Send + 'static) -> World {
        World { progress: Arc::new(AtStage { stage, act: Mutex::new(Some(Box::new(act))) }), ..self.world.clone() }
    }

    /// `carry` with another medium.
    pub fn carry_with(&self, home: &Path, medium: &str) -> CarryReport {
        let options = CarryOptions { medium: self.path(medium), ..CarryOptions::default() };
        crate::carry(&self.world, home, &options).unwrap()
    }

    /// Source, replica, source.
    pub fn round(&self) {
        self.carry(&self.source());
        self.carry(&self.replica());
        self.carry(&self.source());
    }

    /// Files of ours on the medium whose names end so.
    pub fn on_medium(&self, ending: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path("medium/gapferry")).unwrap();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).filter(|path| path.to_str().unwrap().ends_with(ending)).collect();
        files.sort();
        files
    }

    /// Moves the clock.
    pub fn pass(&self, seconds: i64) {
        self.clock.by_ns.fetch_add(seconds * 1_000_000_000, Ordering::SeqCst);
    }

    /// The notices since the last call.
    pub fn notices(&self) -> Vec<&'static str> {
        self.notices.0.lock().unwrap().drain(..).map(|(code, _)| code).collect()
    }

    /// Does something to an open home and closes it.
    pub fn change(&self, home: &Path, act: impl FnOnce(&mut Home) -> Result<(), Failure>) {
        let mut home = Home::open(&self.world, home, Access::Change).unwrap();
        act(&mut home).unwrap();
        home.close("", "test").unwrap();
    }

    /// Sets a limit in a home's configuration.
    pub fn policy(&self, home: &Path, line: &str) {
        let file = home.join("gapferry.toml");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replacen("[policy]\n", &format!("[policy]\n{line}\n"), 1)).unwrap();
    }
}
