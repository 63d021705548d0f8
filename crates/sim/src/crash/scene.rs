//! The scene of the crash states: two homes with one route between them by a medium, an archive that has crossed, and every
//! kind of change to it that has not.

use crate::clock::SimClock;
use crate::disk::{Image, SimDisk, VolumeOptions};
use crate::entropy::SimEntropy;
use crate::indexes::{IndexImage, MemoryIndexes};
use driver::progress::Silent;
use driver::{Actor, CarryOptions, Failure, RebaseOptions, RouteAccept, RouteAdd, World};
use std::os::unix::ffi::OsStrExt;
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
/// Where parity goes, and the backup of the home inside.
pub const PARITY: &str = "/parity";
pub const SAFE: &str = "/safe";
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
    /// Whether two names can be exchanged in one step where the replica lies.
    pub exchanges: bool,
    seed: u64,
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
        Self { disk, indexes, entropy, world, exchanges: true, seed, _alone: alone }
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

    /// A world of its own: a volume for each side, those to be carried and the safe; an empty archive.
    ///
    /// # Errors
    /// When something is in the way.
    pub fn ground(&self) -> std::io::Result<()> {
        self.restore(&State { image: Self::new_image(), indexes: MemoryIndexes::new(&self.disk).snapshot() });
        for volume in ["/inside", "/outside", MEDIUM, PARITY, SAFE] {
            let exchanges = self.exchanges || volume != "/outside";
            self.disk.mount_new(volume, VolumeOptions { exchanges, ..VolumeOptions::default() })?;
        }
        [ARCHIVE, TREE].iter().try_for_each(|folder| self.disk.put_dir(folder))
    }

    /// Both homes and the route, nothing carried yet.
    ///
    /// # Errors
    /// What the commands report.
    pub fn set_up(&self) -> Result<(), Failure> {
        self.set_up_homes()?;
        self.add_route(false)
    }

    /// Both homes; the replica has accepted the route.
    ///
    /// # Errors
    /// What the commands report.
    pub fn set_up_homes(&self) -> Result<(), Failure> {
        let world = &self.world;
        let (source, replica) = (Side::Source.home(), Side::Replica.home());
        driver::init(world, source, "inside", Role::Source, None)?;
        driver::init(world, replica, "outside", Role::Replica, None)?;
        for (from, to) in [(source, replica), (replica, source)] {
            let card = driver::card(world, from)?;
            let file = format!("/{}.card", card.zone);
            self.disk.put(&file, card.card.as_bytes()).map_err(|error| Failure::io(&file, &error))?;
            driver::trust(world, to, Path::new(&file), &card.fingerprint)?;
        }
        driver::archive_add(world, source, "archive", Path::new(ARCHIVE))?;
        let accept = RouteAccept { name: ROUTE.into(), from: "inside".into(), into: PathBuf::from(TREE), from_gateway: None, to_gateway: None };
        driver::route_accept(world, replica, &accept)?;
        Ok(())
    }

    /// The route on the source.
    ///
    /// # Errors
    /// What the command reports.
    pub fn add_route(&self, adopt: bool) -> Result<(), Failure> {
        let (archive, to) = ("archive".into(), "outside".into());
        let add = RouteAdd { name: ROUTE.into(), archive, to, to_gateway: None, from_gateway: None, escrow: None, adopt };
        driver::route_add(&self.world, Side::Source.home(), &add).map(drop)
    }

    /// The home of a side as it was in an image.
    ///
    /// # Errors
    /// When something is in the way.
    pub fn put_back(&self, side: Side, image: &Image) -> std::io::Result<()> {
        let home = side.home();
        self.disk.take(home)?;
        self.disk.put_dir(home)?;
        for (path, thing) in image.below(&home.to_string_lossy()) {
            let path = home.join(std::ffi::OsStr::from_bytes(&path));
            match thing.kind {
                store::disk::Kind::Dir => self.disk.put_dir(&path)?,
                _ => self.disk.put(&path, &thing.bytes)?,
            }
            self.disk.set_attributes(&path, Some(thing.mode), Some(thing.modified))?;
        }
        self.indexes.lose(&home.join("index"));
        Ok(())
    }

    /// What two people do where a route stopped at a fork: they compare the lives of both ledgers, and agree, or refuse the one that is
    /// not in use. Says whether there was something to agree to.
    ///
    /// # Errors
    /// What the commands report.
    pub fn agree(&self, side: Side) -> Result<bool, Failure> {
        let status = |side: Side| driver::status(&self.world, side.home());
        if !status(side)?.routes.iter().any(|route| route.stopped.as_ref().is_some_and(|code| code.starts_with("FRK-"))) {
            return Ok(false);
        }
        let rebase = |dry_run, refuse| {
            let options = RebaseOptions { route: ROUTE.into(), reason: "agreed".into(), refuse, dry_run, ..RebaseOptions::default() };
            driver::rebase(&self.world, side.home(), &options)
        };
        let life = rebase(true, false)?.life;
        let other = status(side.other())?.incarnation;
        rebase(false, life.is_some_and(|life| life != other)).map(|_| true)
    }

    /// `carry` on a side.
    ///
    /// # Errors
    /// What it reports.
    pub fn carry(&self, side: Side) -> Result<driver::report::CarryReport, Failure> {
        let options = CarryOptions { medium: PathBuf::from(MEDIUM), medium_size: (side == Side::Source).then_some(MEDIUM_BYTES), ..CarryOptions::default() };
        driver::carry(&self.world, side.home(), &options)
    }

    /// A document in the archive, of so many bytes that do not compress, with the marker in each page. Each seed but the first has sizes and
    /// content of its own.
    pub fn document(&self, path: &str, label: u64, bytes: usize) {
        let more = if self.seed > 1 { SimEntropy::new(self.seed).fork(path).below(bytes as u64 / 2) as usize } else { 0 };
        let mut content = vec![0; bytes + more];
        SimEntropy::new(label ^ self.seed.wrapping_sub(1) << 16).fill(&mut content);
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
