//! The scene of the crash states: two homes with one route between them by a medium, an archive that has crossed, and every
//! kind of change to it that has not.

use crate::clock::SimClock;
use crate::disk::{Image, SimDisk, VolumeOptions};
use crate::entropy::SimEntropy;
use crate::indexes::{IndexImage, MemoryIndexes};
use driver::progress::Silent;
use driver::{Actor, CarryOptions, Failure, RouteAccept, RouteAdd, World};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::clock::Entropy;
use wire::card::Role;

/// Home, archive, home, tree, medium.
pub const SOURCE: &str = "/inside/home";
pub const ARCHIVE: &str = "/inside/archive";
pub const REPLICA: &str = "/outside/home";
pub const TREE: &str = "/outside/tree";
pub const MEDIUM: &str = "/medium";
pub const ROUTE: &str = "all";
/// What a medium takes, bytes: less than the largest document.
pub const MEDIUM_BYTES: u64 = 512 << 10;
/// In every document of the archive that is not empty; nowhere else.
pub const MARKER: &[u8] = b"MARK-OF-PLAINTEXT-";

/// One of the two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Where the archive is.
    Source,
    /// Where its copy is.
    Replica,
}

impl Side {
    pub fn home(self) -> &'static Path {
        Path::new(match self {
            Self::Source => SOURCE,
            Self::Replica => REPLICA,
        })
    }

    pub fn other(self) -> Self {
        match self {
            Self::Source => Self::Replica,
            Self::Replica => Self::Source,
        }
    }
}

/// Everything that a process finds when it begins.
#[derive(Clone)]
pub struct State {
    pub image: Image,
    pub indexes: IndexImage,
}

/// A world of two zones in one thread.
pub struct Scene {
    pub disk: SimDisk,
    pub indexes: MemoryIndexes,
    pub entropy: Arc<SimEntropy>,
    pub world: World,
    /// Work that would be shared among threads is done by this one, in order.
    _alone: rayon::ThreadPool,
}

impl Scene {
    /// An empty world. Its thread is this thread.
    ///
    /// # Panics
    /// When this thread belongs to a pool of threads already.
    pub fn new(seed: u64) -> Self {
        let disk = SimDisk::new();
        let indexes = MemoryIndexes::new(&disk);
        let entropy = Arc::new(SimEntropy::new(seed));

        let world = World {
            disk: Arc::new(disk.clone()),
            indexes: Arc::new(indexes.clone()),
            clock: Arc::new(SimClock::default()),
            entropy: entropy.clone(),
            progress: Arc::new(Silent),
            actor: Actor { user: "sim".into(), host: "sim".into(), command: "sim".into() },
            passphrase: Arc::new(|| None),
        };
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build().expect("this thread is in no pool");
        Self { disk, indexes, entropy, world, _alone: alone }
    }

    pub fn state(&self) -> State {
        State { image: self.disk.snapshot(), indexes: self.indexes.snapshot() }
    }

    pub fn restore(&self, state: &State) {
        self.disk.restore(&state.image);
        self.indexes.restore(&state.indexes);
    }

    /// The image of a disk with nothing on it.
    pub fn new_image() -> Image {
        SimDisk::new().snapshot()
    }

    /// A volume for each side and one to be carried, an empty archive.
    ///
    /// # Errors
    /// When something is in the way.
    pub fn ground(&self, exchanges: bool) -> std::io::Result<()> {
        for (volume, exchanges) in [("/inside", true), ("/outside", exchanges), (MEDIUM, true)] {
            self.disk.mount_new(volume, VolumeOptions { exchanges, ..VolumeOptions::default() })?;
        }
        [ARCHIVE, TREE].iter().try_for_each(|folder| self.disk.put_dir(folder))
    }

    /// Both homes and the route, nothing carried yet.
    ///
    /// # Errors
    /// What the commands report.
    pub fn set_up(&self) -> Result<(), Failure> {
        let world = &self.world;
        let (source, replica) = (Side::Source.home(), Side::Replica.home());
        driver::init(world, source, "inside", Role::Source, None)?;
        driver::init(world, replica, "outside", Role::Replica, None)?;
        for (from, to) in [(source, replica), (replica, source)] {
            let card = driver::card(world, from)?;
            self.disk.put("/card", card.card.as_bytes()).map_err(|error| Failure::io("/card", &error))?;
            driver::trust(world, to, Path::new("/card"), &card.fingerprint)?;
        }
        driver::archive_add(world, source, "archive", Path::new(ARCHIVE))?;
        let add =
            RouteAdd { name: ROUTE.into(), archive: "archive".into(), to: "outside".into(), to_gateway: None, from_gateway: None, escrow: None, adopt: false };
        driver::route_add(world, source, &add)?;
        let accept = RouteAccept { name: ROUTE.into(), from: "inside".into(), into: PathBuf::from(TREE), from_gateway: None, to_gateway: None };
        driver::route_accept(world, replica, &accept)?;
        Ok(())
    }

    /// `carry` on a side.
    ///
    /// # Errors
    /// What it reports.
    pub fn carry(&self, side: Side) -> Result<driver::report::CarryReport, Failure> {
        let options = CarryOptions { medium: PathBuf::from(MEDIUM), medium_size: (side == Side::Source).then_some(MEDIUM_BYTES), ..CarryOptions::default() };
        driver::carry(&self.world, side.home(), &options)
    }

    /// A document in the archive, of so many bytes that do not compress, with the marker in each page.
    pub fn document(&self, path: &str, label: u64, bytes: usize) {
        let mut content = vec![0; bytes];
        SimEntropy::new(label).fill(&mut content);
        for page in content.chunks_mut(4096).filter(|page| page.len() >= 64) {
            page[20..20 + MARKER.len()].copy_from_slice(MARKER);
        }
        self.put(path, &content);
    }

    fn put(&self, path: &str, content: &[u8]) {
        self.disk.put(Path::new(ARCHIVE).join(path), content).expect("the way is free");
    }

    /// The archive as it crosses first.
    pub fn first_archive(&self) {
        self.document("keep", 1, 3000);
        self.document("dir/changed", 2, 5000);
        self.document("dir/gone", 3, 900);
        self.document("moved/from", 4, 2000);
        self.document("delta", 5, 200 << 10);
        self.document("shape", 6, 700);
        self.document("was/folder/inner", 7, 700);
        self.document("tool", 8, 400);
        self.document("touched", 9, 300);
        self.put("empty", b"");
        self.put("\u{6863}\u{6848} 1", MARKER);
    }

    /// Every kind of change to it.
    pub fn change_archive(&self) {
        let path = |name: &str| Path::new(ARCHIVE).join(name);
        let disk = &self.disk;
        let must = |result: std::io::Result<()>| result.expect("the archive can be changed");
        self.document("added/deep/down", 11, 1500);
        self.document("added/twin", 12, 1200);
        self.document("added/twin too", 12, 1200);
        self.document("dir/changed", 13, 6000);
        must(disk.take(path("dir/gone")));
        must(disk.shift(path("moved/from"), path("moved/to")));
        self.document("large", 14, 700 << 10);
        let mut delta = disk.bytes(&format!("{ARCHIVE}/delta")).expect("it is there");
        delta[100_000..100_064].fill(7);
        self.put("delta", &delta);
        must(disk.take(path("shape")));
        self.document("shape/inner", 15, 800);
        must(disk.take(path("was")));
        self.document("was", 16, 800);
        must(disk.set_attributes(path("tool"), Some(0o755), None));
        must(disk.set_attributes(path("touched"), None, Some(1_500_000_000_123_456_789)));
        self.put("empty", MARKER);
        self.put("emptier", b"");
    }
}
