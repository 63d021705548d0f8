//! How a world is laid out, and its beginning: homes made, cards exchanged, routes added, a first archive. The beginning of each
//! layout is made once per thread and put back for each world.

use super::ground::Ground;
use super::keys::KeyState;
use super::{BREAKER_ITEMS, Known, SNAPSHOT_BYTES, records};
use crate::clock::SimClock;
use crate::disk::{Image, SimDisk, Thing, VolumeOptions};
use crate::entropy::SimEntropy;
use crate::indexes::{IndexImage, MemoryIndexes};
use crate::model::archive::{Archive, Versions};
use crate::model::payload::Payload;
use crate::weather::plan::{ClockTrouble, Shape};
use driver::progress::{Progress, Stage};
use driver::{Actor, RouteAccept, RouteAdd};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use wire::card::Role;

/// When worlds begin, ns.
pub const BEGIN_NS: i64 = 1_790_000_000 * 1_000_000_000;

/// Bytes of sealed copies that a replica of a world with parity keeps.
const PARITY_BYTES: u64 = 4 << 20;

/// Records at the beginning of a world of records.
const RECORDS: u64 = 20;

/// The route to a replica.
pub fn route_name(replica: usize) -> String {
    format!("to-{replica}")
}

/// The replica of a route; behind a point stands which home of it this is.
pub fn replica_of(route: &str) -> usize {
    let name = route.trim_start_matches("to-");
    name.split_once('.').map_or(name, |(replica, _)| replica).parse().expect("a route of ours")
}

/// Where everything lies.
#[derive(Clone, Debug)]
pub struct Places {
    /// Root of the archive.
    pub archive: PathBuf,
    /// The volume that the archive lies on.
    pub archive_volume: PathBuf,
    /// Tree of each replica.
    pub trees: Vec<PathBuf>,
    /// Volume of each replica's tree.
    pub tree_volumes: Vec<PathBuf>,
    /// Media.
    pub media: Vec<PathBuf>,
    /// From the source to the replica behind the gateway.
    pub gateway_out: PathBuf,
    /// And back.
    pub gateway_back: PathBuf,
    /// Their volume.
    pub gateway_volume: PathBuf,
}

/// Keeps the notices of a command.
#[derive(Default)]
pub struct Notices(Mutex<Vec<(&'static str, String)>>);

impl Notices {
    /// Those since the last call.
    pub fn take(&self) -> Vec<(&'static str, String)> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Progress for Notices {
    fn begin(&self, _: Stage, _: Option<u64>, _: Option<u64>) {}
    fn advance(&self, _: u64, _: u64) {}
    fn end(&self) {}
    fn notice(&self, code: &'static str, detail: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((code, detail.into()));
    }
}

/// A copy of a home that was laid aside.
#[derive(Clone)]
pub struct Kept {
    /// Everything on its volume.
    pub files: BTreeMap<Vec<u8>, Thing>,
    /// What stood at the end of its ledger.
    pub ledger: Vec<u8>,
    /// What the source called its versions then.
    pub versions: Option<Versions>,
    /// What it had shown.
    pub known: Option<Vec<Known>>,
    /// What had been given up.
    pub cancelled: Option<Vec<BTreeSet<String>>>,
    /// What the source called done.
    pub done: Option<Vec<BTreeSet<String>>>,
    /// What a replica had shown: a ledger that goes back knows of nothing later.
    pub shown: Option<HashMap<String, usize>>,
}

/// A home and what the weather does to it.
pub struct HomeState {
    /// Its folder.
    pub path: PathBuf,
    /// Its volume.
    pub volume: PathBuf,
    /// Its clock.
    pub clock: Arc<SimClock>,
    /// How the clock is wrong, and by what: an offset, or the moment at which it stands.
    pub clock_trouble: Option<(ClockTrouble, i64)>,
    /// The clock went wrong, and no command has run since.
    pub clock_news: Option<&'static str>,
    /// Months passed, and no command has run since.
    pub months_news: Option<i64>,
    /// The index went wrong, and no command has run since.
    pub index_news: Option<&'static str>,
    /// Copies that were laid aside.
    pub kept: Vec<Kept>,
    /// An earlier copy was put back, or a second one was in use, and its ledger has begun no new life since.
    pub put_back: bool,
    /// That happened at some time: files of lives that are over may lie anywhere.
    pub went_back: bool,
    /// And nothing stopped for it yet.
    pub fork_news: Option<&'static str>,
    /// Its keys.
    pub keys: KeyState,
    /// It was made anew, and nothing was proven since.
    pub adopted_news: bool,
    /// A sync of it failed, or power did, and lost what was not durable: a document that was being moved into a folder which was not
    /// durable lies nowhere, and is missing until it came again.
    pub sync_lost: bool,
    /// Bytes of the ledger when its chain was read last.
    pub chain_bytes: usize,
}

impl HomeState {
    /// A new home in its place.
    pub fn renewed(&self) -> Self {
        Self::new(&self.path, &self.volume)
    }

    fn new(path: &Path, volume: &Path) -> Self {
        Self {
            path: path.into(),
            volume: volume.into(),
            clock: Arc::new(SimClock::at(BEGIN_NS)),
            clock_trouble: None,
            clock_news: None,
            months_news: None,
            index_news: None,
            kept: Vec::new(),
            put_back: false,
            went_back: false,
            fork_news: None,
            keys: KeyState::default(),
            adopted_news: false,
            sync_lost: false,
            chain_bytes: 0,
        }
    }
}

/// The outer world of one actor.
pub fn outer(disk: &SimDisk, indexes: &MemoryIndexes, clock: &Arc<SimClock>, entropy: SimEntropy, notices: &Arc<Notices>) -> driver::World {
    driver::World {
        disk: Arc::new(disk.clone()),
        indexes: Arc::new(indexes.clone()),
        clock: clock.clone(),
        entropy: Arc::new(entropy),
        progress: notices.clone(),
        actor: Actor { user: "u".into(), host: "h".into(), command: "sim".into() },
        passphrase: Arc::new(|| None),
    }
}

/// What a beginning depends on: replicas by medium, media, whether there is a gateway, whether trees lie with their homes, whether
/// there is parity, whether the archive is one of records.
type Layout = (u8, u8, bool, bool, bool, bool);

/// The beginning of worlds.
pub struct Scene {
    made: Mutex<HashMap<Layout, Arc<Beginning>>>,
}

/// One layout, made.
pub struct Beginning {
    /// Where everything lies.
    pub places: Places,
    /// The disk.
    pub image: Image,
    /// The indexes.
    pub indexes: IndexImage,
    /// The archive.
    pub archive: Archive,
    /// What is in it, where it is one of records.
    pub payload: Option<Payload>,
    homes: Vec<(PathBuf, PathBuf)>,
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

impl Scene {
    /// Nothing is made yet.
    pub fn new() -> Self {
        Self { made: Mutex::default() }
    }

    /// The beginning of this layout.
    pub fn of(&self, shape: Shape) -> Arc<Beginning> {
        let key = (shape.by_medium, shape.media, shape.gateway, shape.tree_with_home, shape.parity, shape.records.is_some());
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        made.entry(key).or_insert_with(|| Arc::new(Beginning::make(shape))).clone()
    }
}

impl Beginning {
    /// Homes as they are at the beginning.
    pub fn homes(&self) -> Vec<HomeState> {
        self.homes.iter().map(|(path, volume)| HomeState::new(path, volume)).collect()
    }

    fn make(shape: Shape) -> Self {
        let disk = SimDisk::new();
        let indexes = MemoryIndexes::new(&disk);
        let replicas = usize::from(shape.replicas());
        let path = |text: String| PathBuf::from(text);
        let tree_volume = |replica: usize| path(if shape.tree_with_home { format!("/outside-{replica}") } else { format!("/tree-{replica}") });
        let places = Places {
            archive: path("/archive/root".into()),
            archive_volume: path("/archive".into()),
            trees: (0..replicas).map(|replica| tree_volume(replica).join("replica")).collect(),
            tree_volumes: (0..replicas).map(tree_volume).collect(),
            media: (0..shape.media).map(|medium| path(format!("/medium-{medium}"))).collect(),
            gateway_out: path("/gateway/out".into()),
            gateway_back: path("/gateway/back".into()),
            gateway_volume: path("/gateway".into()),
        };
        let homes: Vec<(PathBuf, PathBuf)> = std::iter::once(path("/inside".into()))
            .chain((0..replicas).map(|replica| path(format!("/outside-{replica}"))))
            .map(|volume| (volume.join("home"), volume))
            .collect();
        let mut volumes: BTreeSet<PathBuf> = homes.iter().map(|(_, volume)| volume.clone()).collect();
        volumes.extend(places.tree_volumes.iter().chain(&places.media).chain([&places.archive_volume, &places.gateway_volume]).cloned());
        for volume in &volumes {
            disk.mount_new(volume, VolumeOptions::default()).expect("an empty disk takes volumes");
        }
        let clock = Arc::new(SimClock::at(BEGIN_NS));
        let world = outer(&disk, &indexes, &clock, SimEntropy::new(0), &Arc::default());
        let ground = Ground::at(&disk, &places.archive);
        let (archive, payload) = if shape.records.is_some() {
            let (archive, payload) = records::first(&ground, RECORDS);
            (archive, Some(payload))
        } else {
            (first(&ground), None)
        };
        settle(&world, &places, &homes, &disk, shape).unwrap_or_else(|failure| panic!("a world cannot be laid out: {failure}"));
        Self { places, image: disk.snapshot(), indexes: indexes.snapshot(), archive, payload, homes }
    }
}

/// The first archive of files.
fn first(ground: &Ground<'_>) -> Archive {
    let mut archive = Archive::default();
    for number in 0..BREAKER_ITEMS + 12 {
        let name = match number % 3 {
            0 => format!("first/{number}.json"),
            1 => format!("初/{number}.json"),
            _ => format!("{number}.txt"),
        };
        let content = format!("first content of {name} {}", "x".repeat(usize::try_from(number * number % 700).expect("small")));
        let leaf = ground.write(&name, content.as_bytes(), false).expect("an empty disk takes files");
        archive.wrote(&name, leaf);
    }
    archive
}

/// Makes the homes and routes.
fn settle(world: &driver::World, places: &Places, homes: &[(PathBuf, PathBuf)], disk: &SimDisk, shape: Shape) -> Result<(), driver::Failure> {
    let source = &homes[0].0;
    driver::init(world, source, "inside", Role::Source, None)?;
    driver::archive_add(world, source, "archive", &places.archive)?;
    if shape.records.is_some() {
        edit(disk, source, |text| {
            text.replacen("[archives.archive]\n", &format!("[archives.archive]\nlayout = \"records\"\nrecords = \"{}\"\n", records::PATTERN), 1)
        });
    }
    for (replica, (home, _)) in homes[1..].iter().enumerate() {
        let zone = format!("outside-{replica}");
        driver::init(world, home, &zone, Role::Replica, None)?;
        introduce(&Introduce { disk, places, homes: [source, home], worlds: [world.clone(), world.clone()] })?;
        let gateway = |place: &Path| (shape.gateway && replica == usize::from(shape.by_medium)).then(|| place.to_path_buf());
        for folder in gateway(&places.gateway_out).iter().chain(&gateway(&places.gateway_back)) {
            Ground::at(disk, folder).make();
        }
        let (out, back) = (gateway(&places.gateway_out), gateway(&places.gateway_back));
        let name = route_name(replica);
        let add = RouteAdd {
            name: name.clone(),
            archive: "archive".into(),
            to: zone,
            to_gateway: out.clone(),
            from_gateway: back.clone(),
            escrow: None,
            adopt: false,
        };
        driver::route_add(world, source, &add)?;
        let accept = RouteAccept { name, from: "inside".into(), into: places.trees[replica].clone(), from_gateway: out, to_gateway: back };
        driver::route_accept(world, home, &accept)?;
    }
    homes.iter().for_each(|(home, _)| policies(disk, home, shape));
    parity(disk, source, &route_name(0), shape, 0);
    for volume in
        homes.iter().map(|(_, volume)| volume).chain(&places.tree_volumes).chain(&places.media).chain([&places.archive_volume, &places.gateway_volume])
    {
        Ground::at(disk, volume).settle();
    }
    Ok(())
}

/// Two homes that are to trust one another.
pub struct Introduce<'a> {
    /// The disk.
    pub disk: &'a SimDisk,
    /// Where everything lies.
    pub places: &'a Places,
    /// The homes.
    pub homes: [&'a Path; 2],
    /// What each of them reaches.
    pub worlds: [driver::World; 2],
}

/// People bring the card of each to the other, and compare the fingerprints.
pub fn introduce(two: &Introduce<'_>) -> Result<(), driver::Failure> {
    let ground = Ground::at(two.disk, &two.places.gateway_volume);
    for (from, to) in [(0, 1), (1, 0)] {
        let card = driver::card(&two.worlds[from], two.homes[from])?;
        ground.overwrite("card", card.card.as_bytes());
        driver::trust(&two.worlds[to], two.homes[to], &two.places.gateway_volume.join("card"), &card.fingerprint)?;
        ground.remove_here("card");
    }
    Ok(())
}

/// A person edits the configuration of a home.
pub fn edit(disk: &SimDisk, home: &Path, edit: impl FnOnce(&str) -> String) {
    let ground = Ground::at(disk, home);
    let text = String::from_utf8(ground.read("gapferry.toml").expect("a home has its configuration")).expect("UTF-8");
    ground.overwrite("gapferry.toml", edit(&text).as_bytes());
}

/// The policies of a home of these worlds.
pub fn policies(disk: &SimDisk, home: &Path, shape: Shape) {
    let bytes = if shape.parity { PARITY_BYTES } else { 0 };
    // Every command reads it; this person needs no comments.
    edit(disk, home, |text| text.split_inclusive('\n').filter(|line| !line.starts_with('#')).collect());
    let policy = format!("[policy]\nbreaker_items = {BREAKER_ITEMS}\nparity_bytes_max = {bytes}\nsnapshot_bytes = {SNAPSHOT_BYTES}\n");
    edit(disk, home, |text| text.replacen("[policy]\n", &policy, 1));
}

/// The first route has parity, where the layout says so.
pub fn parity(disk: &SimDisk, source: &Path, route: &str, shape: Shape, replica: usize) {
    if shape.parity && replica == 0 {
        edit(disk, source, |text| {
            let heading = [format!("[routes.{route}]\n"), format!("[routes.\"{route}\"]\n")].into_iter().find(|heading| text.contains(heading.as_str()));
            let heading = heading.expect("the route is configured");
            text.replacen(&heading, &format!("{heading}parity = 1\n"), 1)
        });
    }
}
