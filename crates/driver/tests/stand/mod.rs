//! Two homes, a tree on each side and a medium in one temporary folder.

#![allow(dead_code, reason = "each test uses its own part of the stand")]

pub mod sealed;

use driver::progress::Silent;
use driver::{Actor, CarryOptions, Chosen, RouteAccept, RouteAdd, World};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::clock::{RealClock, RealEntropy};
use store::real::RealDisk;
use wire::card::Role;

/// Everything about a crossing.
pub struct Stand {
    /// The folder.
    pub root: PathBuf,
    /// The archive.
    pub source: PathBuf,
    /// The replica tree.
    pub replica: PathBuf,
    /// The medium.
    pub medium: PathBuf,
    /// The real one, without progress.
    pub world: World,
    medium_size: Option<u64>,
    _folder: tempfile::TempDir,
}

/// Bytes that do not compress, from a seed.
pub fn random(seed: u64, bytes: usize) -> Vec<u8> {
    let mut buffer = vec![0; bytes];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut buffer);
    buffer
}

/// Every regular file below a folder, our dot folder left out: content, mtime in ns, executable.
pub fn tree(root: &Path) -> BTreeMap<Vec<u8>, (Vec<u8>, i64, bool)> {
    use std::os::unix::fs::MetadataExt;
    let mut found = BTreeMap::new();
    let mut todo = vec![PathBuf::new()];
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(root.join(&folder)).unwrap() {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if path == Path::new(".gapferry") && root.join(".gapferry/apply.lock").exists() {
                continue;
            }
            let metadata = entry.metadata().unwrap();
            if metadata.is_dir() {
                todo.push(path);
            } else {
                let modified = metadata.mtime() * 1_000_000_000 + metadata.mtime_nsec();
                found.insert(path.as_os_str().as_bytes().to_vec(), (fs::read(root.join(&path)).unwrap(), modified, metadata.mode() & 0o111 != 0));
            }
        }
    }
    found
}

impl Stand {
    /// An empty archive, a medium without bound.
    pub fn new() -> Self {
        Self::of(None)
    }

    /// A medium of so many bytes.
    pub fn with_medium(bytes: u64) -> Self {
        Self::of(Some(bytes))
    }

    fn of(medium_size: Option<u64>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().to_path_buf();
        let world = World {
            disk: Arc::new(RealDisk::new()),
            indexes: Arc::new(store::index::SledIndexes),
            clock: Arc::new(RealClock),
            entropy: Arc::new(RealEntropy),
            progress: Arc::new(Silent),
            actor: Actor { user: "tester".into(), host: "stand".into(), command: "test".into() },
            passphrase: Arc::new(|| None),
        };
        let stand =
            Self { source: root.join("archive"), replica: root.join("replica"), medium: root.join("medium"), root, world, medium_size, _folder: folder };
        fs::create_dir(&stand.source).unwrap();
        fs::create_dir(&stand.medium).unwrap();
        let (inside, outside) = (stand.home("source"), stand.home("replica"));
        driver::init(&stand.world, &inside, "inside", Role::Source, None).unwrap();
        driver::init(&stand.world, &outside, "outside", Role::Replica, None).unwrap();
        for (from, to) in [(&inside, &outside), (&outside, &inside)] {
            let card = driver::card(&stand.world, from).unwrap();
            let file = stand.root.join("card");
            fs::write(&file, &card.card).unwrap();
            driver::trust(&stand.world, to, &file, &card.fingerprint).unwrap();
        }
        driver::archive_add(&stand.world, &inside, "archive", &stand.source).unwrap();
        let add =
            RouteAdd { name: "all".into(), archive: "archive".into(), to: "outside".into(), to_gateway: None, from_gateway: None, escrow: None, adopt: false };
        driver::route_add(&stand.world, &inside, &add).unwrap();
        let accept = RouteAccept { name: "all".into(), from: "inside".into(), into: stand.replica.clone(), from_gateway: None, to_gateway: None };
        driver::route_accept(&stand.world, &outside, &accept).unwrap();
        stand
    }

    /// The home of a side.
    pub fn home(&self, side: &str) -> PathBuf {
        self.root.join(format!("home-{side}"))
    }

    /// Writes a document of the archive.
    pub fn write(&self, path: &str, content: &[u8]) {
        self.write_path(OsStr::new(path), content);
    }

    /// Writes a document of the archive under any name.
    pub fn write_path(&self, path: &OsStr, content: &[u8]) {
        let path = self.source.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn carried(&self, side: &str) -> driver::report::CarryReport {
        let options = CarryOptions { medium: self.medium.clone(), medium_size: self.medium_size.filter(|_| side == "source"), ..CarryOptions::default() };
        driver::carry(&self.world, &self.home(side), &options).unwrap_or_else(|failure| panic!("carry on the {side}: {failure}"))
    }

    /// The world of both homes.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// `carry` on a side that may fail.
    pub fn try_carry(&self, side: &str) -> Result<(), driver::Failure> {
        let options = CarryOptions { medium: self.medium.clone(), ..CarryOptions::default() };
        driver::carry(&self.world, &self.home(side), &options).map(drop)
    }

    /// `carry` on a side.
    pub fn carry(&self, side: &str) {
        self.carried(side);
    }

    /// `carry` on the source.
    pub fn carry_source(&self) {
        self.carry("source");
    }

    /// `carry` on the replica.
    pub fn carry_replica(&self) {
        self.carry("replica");
    }

    /// Codes of the problems that `carry` on the source reports.
    pub fn carry_source_codes(&self) -> Vec<&'static str> {
        let report = self.carried("source");
        let packed = report.packed.into_iter().flat_map(|packed| packed.captured.problems.into_iter().chain(packed.problems));
        let reconciled = report.reconciled.into_iter().flat_map(|reconciled| reconciled.problems);
        packed.chain(reconciled).map(|problem| problem.code).collect()
    }

    /// Codes of the problems that `carry` on the replica reports.
    pub fn carry_replica_codes(&self) -> Vec<&'static str> {
        self.carried("replica").applied.unwrap().problems.into_iter().map(|problem| problem.code).collect()
    }

    /// Source, replica, source.
    pub fn round(&self) {
        self.carry_source();
        self.carry_replica();
        self.carry_source();
    }

    /// Total and done of the route.
    pub fn counts(&self) -> (u64, u64) {
        let status = driver::status(&self.world, &self.home("source")).unwrap();
        (status.routes[0].items.total, status.routes[0].items.done)
    }

    /// The replica equals the source.
    pub fn expect_equal(&self) {
        let (source, replica) = (tree(&self.source), tree(&self.replica));
        let names = |tree: &BTreeMap<Vec<u8>, (Vec<u8>, i64, bool)>| tree.keys().map(|name| String::from_utf8_lossy(name).into_owned()).collect::<Vec<_>>();
        assert_eq!(names(&source), names(&replica));
        let differ: Vec<_> = source
            .iter()
            .filter(|(name, file)| replica[*name] != **file)
            .map(|(name, (content, modified, executable))| (String::from_utf8_lossy(name), content.len(), modified, executable, &replica[name].1))
            .collect();
        assert!(differ.is_empty(), "contents or attributes differ: {differ:?}");
    }

    /// Bytes in the medium's folder.
    pub fn medium_bytes(&self) -> u64 {
        tree(&self.medium).values().map(|file| file.0.len() as u64).sum()
    }

    /// Takes files with this ending off the medium.
    pub fn take(&self, ending: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let folder = self.medium.join("gapferry");
        let files: Vec<PathBuf> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.to_str().unwrap().ends_with(ending)).collect();
        let taken = files.iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect();
        files.iter().for_each(|path| fs::remove_file(path).unwrap());
        taken
    }

    /// Takes the packages off the medium.
    pub fn take_packages(&self) -> Vec<(PathBuf, Vec<u8>)> {
        self.take(".gfp")
    }

    /// Puts files back.
    pub fn put_packages(&self, files: &[(PathBuf, Vec<u8>)]) {
        files.iter().for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
    }

    /// Flips a byte in every package on the medium.
    pub fn damage_packages(&self) {
        let mut packages = self.take_packages();
        packages.iter_mut().for_each(|(_, bytes)| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        });
        self.put_packages(&packages);
    }

    /// Releases the breaker on the source.
    pub fn release_source(&self) {
        driver::breaker_release(&self.world, &self.home("source"), "all", "meant").unwrap();
    }

    /// Releases the breaker on the replica.
    pub fn release_replica(&self) {
        driver::breaker_release(&self.world, &self.home("replica"), "all", "meant").unwrap();
    }

    /// Puts an item back into the queue.
    pub fn resend(&self, item: &str) {
        driver::resend(&self.world, &self.home("source"), "all", &Chosen::Items(vec![item.into()]), "test").unwrap();
    }
}
