//! A world: two zones and more on one simulated disk, driven by the real crates through their public commands, with a model of
//! what must be true beside it. Every step is followed by the checks.

mod adoption;
mod calm;
mod commands;
mod forks;
mod ground;
mod keys;
mod looks;
mod mishaps;
mod parity;
mod payload;
mod people;
mod records;
mod scene;
mod strikes;
mod ways;

use crate::disk::SimDisk;
use crate::indexes::MemoryIndexes;
use crate::model::archive::{Archive, Versions};
use crate::model::numbers::Numbers;
use crate::model::payload::Payload;
use crate::model::replica::{Replica, Violation};
use crate::weather::counts::Counts;
use crate::weather::plan::{Act, ClockTrouble, Plan, Shape, Step};
use crate::weather::random::Random;
use driver::report::StatusReport;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;

use scene::HomeState;
pub use scene::{Places, Scene};

/// Items that may change at once on a route of these worlds.
pub const BREAKER_ITEMS: u64 = 14;
/// Bytes of records after which what a ledger says is written down: a few times in a world.
pub const SNAPSHOT_BYTES: u64 = 10_000;
/// Bytes of a medium that is called small: large documents travel in parts.
const SMALL_MEDIUM_BYTES: u64 = 200 << 10;
/// What one step takes, ns.
const STEP_NS: i64 = 600 * 1_000_000_000;

/// Why a world failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The step after which it was seen; none in the calm after the last one.
    pub step: Option<u16>,
    /// What must not be.
    pub violation: Violation,
}

/// A file that was taken off a carrier, or copied from it, and may come late.
#[derive(Clone)]
struct Late {
    name: String,
    bytes: Vec<u8>,
    doubled: bool,
}

/// What was mass-removed by people, until somebody agrees.
#[derive(Clone, Default)]
struct Mass {
    items: BTreeSet<String>,
    /// By route: what of it the replica held then.
    held: Vec<BTreeSet<String>>,
    /// By route: somebody agreed.
    agreed: Vec<bool>,
}

/// What a route's items looked like when the source was looked at last: item to version, version packed and version proven.
type Known = HashMap<String, (u64, u64, u64)>;

/// A home, when and by which clock its status was asked for, and how its ledger ended.
type Asked = (usize, i64, Option<(ClockTrouble, i64)>, Vec<u8>);

/// A world.
pub struct World {
    shape: Shape,
    places: Places,
    disk: SimDisk,
    indexes: MemoryIndexes,
    homes: Vec<HomeState>,
    /// What is true now, ns.
    time: i64,
    archive: Archive,
    versions: Versions,
    /// What the archive is one of records for.
    payload: Option<Payload>,
    /// Records and transactions that people numbered since the beginning.
    rids: u64,
    /// The ledger of the source may know another template than the model.
    templates_doubtful: bool,
    /// Tokens in pages that were looked into.
    looked_into: HashMap<[u8; 32], Vec<u64>>,
    replicas: Vec<Replica>,
    /// By replica: files that lay there when power failed, and were gone with it.
    taken: Vec<BTreeSet<String>>,
    known: Vec<Known>,
    done: Vec<BTreeSet<String>>,
    mass: Option<Mass>,
    cancelled: Vec<BTreeSet<String>>,
    /// Items that were purged once, by route: they travel again when it begins anew.
    purged: Vec<BTreeSet<String>>,
    late: Vec<Late>,
    /// Files on the way that the weather altered, by name; removed once that showed.
    altered: HashMap<String, &'static str>,
    /// All that were ever altered or misrouted.
    ever_altered: HashSet<String>,
    /// Packages that a replica took in and receipts that the source took in, by file name.
    served: HashSet<String>,
    highest: BTreeMap<usize, u64>,
    /// By replica: its route.
    routes: Vec<String>,
    /// Replicas that were set up anew.
    lives: u32,
    /// Packages as the source wrote them.
    written: HashMap<String, [u8; 32]>,
    /// By home: every number that it, or a copy of it, ever took.
    numbers: Vec<Numbers>,
    /// By route: it has just begun anew at the source.
    anew: Vec<bool>,
    /// By route: what lay right on the replica when it did.
    right: Vec<Option<forks::Right>>,
    away: Option<mishaps::Away>,
    unreadable: BTreeSet<String>,
    /// Mishaps of the archive that no report has shown yet.
    news: BTreeSet<&'static str>,
    /// Media whose label a report refused, or on which something waited for room.
    unfit_media: BTreeSet<usize>,
    /// Home and route: it refused something there that is of a life that it does not follow any more.
    refused_lives: BTreeSet<(usize, String)>,
    /// Rot in the archive that a report named.
    rot_found: BTreeSet<String>,
    /// What `status` said at each home last.
    said: RefCell<Vec<(Asked, StatusReport)>>,
    /// Commands of this step, so far.
    calls: u64,
    /// What is counted.
    pub counts: Counts,
    log: Option<Vec<String>>,
}

impl World {
    /// A world of this plan, before its first step.
    pub fn new(scene: &Scene, shape: Shape) -> Self {
        let beginning = scene.of(shape);
        let disk = SimDisk::new();
        let indexes = MemoryIndexes::new(&disk);
        disk.restore(&beginning.image);
        indexes.restore(&beginning.indexes);
        if shape.parity {
            disk.keep_renamed(parity::REBUILT);
        }
        let replicas = usize::from(shape.replicas());
        let mut world = Self {
            shape,
            places: beginning.places.clone(),
            disk,
            indexes,
            homes: beginning.homes(),
            time: scene::BEGIN_NS,
            archive: beginning.archive.clone(),
            versions: Versions::default(),
            payload: beginning.payload.clone(),
            rids: 0,
            templates_doubtful: false,
            looked_into: HashMap::new(),
            replicas: vec![Replica::default(); replicas],
            taken: vec![BTreeSet::new(); replicas],
            known: vec![Known::new(); replicas],
            done: vec![BTreeSet::new(); replicas],
            mass: None,
            cancelled: vec![BTreeSet::new(); replicas],
            purged: vec![BTreeSet::new(); replicas],
            late: Vec::new(),
            altered: HashMap::new(),
            ever_altered: HashSet::new(),
            served: HashSet::new(),
            highest: BTreeMap::new(),
            routes: (0..replicas).map(scene::route_name).collect(),
            lives: 0,
            written: HashMap::new(),
            numbers: vec![Numbers::default(); replicas + 1],
            anew: vec![false; replicas],
            right: vec![None; replicas],
            away: None,
            unreadable: BTreeSet::new(),
            news: BTreeSet::new(),
            unfit_media: BTreeSet::new(),
            refused_lives: BTreeSet::new(),
            rot_found: BTreeSet::new(),
            counts: Counts::default(),
            said: RefCell::default(),
            calls: 0,
            log: None,
        };
        if let Some(seed) = shape.records {
            world.first_templates(seed);
        }
        // Of each home there is a copy from the beginning at least.
        (0..=replicas).for_each(|home| world.backup(home));
        world
    }

    /// Keeps a log of what happens.
    pub fn logging(mut self) -> Self {
        self.log = Some(Vec::new());
        self
    }

    /// What happened.
    pub fn log(&self) -> &[String] {
        self.log.as_deref().unwrap_or_default()
    }

    fn note(&mut self, text: impl FnOnce() -> String) {
        if let Some(log) = &mut self.log {
            log.push(text());
        }
    }

    /// Plays a plan to its end, and the calm after it.
    ///
    /// # Errors
    /// The first thing that must not be.
    pub fn play(&mut self, plan: &Plan) -> Result<(), Failed> {
        for step in &plan.steps {
            self.note(|| step.to_string());
            self.time += STEP_NS;
            self.calls = 0;
            self.step(step).map_err(|violation| Failed { step: Some(step.number), violation })?;
        }
        self.note(|| "      calm".into());
        self.calm().map_err(|violation| Failed { step: None, violation })?;
        self.counts.worlds += 1;
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<(), Violation> {
        let mut random = Random::of(step.draw);
        match step.act {
            Act::People(deed) => self.deed(deed, &mut random),
            Act::Resend => return self.resend(step, &mut random),
            Act::Cancel => return self.cancel(step, &mut random),
            Act::Purge => return self.purge(step, &mut random),
            Act::Release => return self.release(step),
            Act::Template { replica, strike } => return self.activate(step, usize::from(replica), strike),
            Act::Source { medium, strike } => return self.carry_source(step, usize::from(medium), strike),
            Act::Replica { replica, medium, strike } => return self.carry_replica(step, usize::from(replica), usize::from(medium), strike),
            Act::GatewayOut { strike } => return self.gateway_out(step, strike),
            Act::GatewayIn { strike } => return self.gateway_in(step, strike),
            Act::Scrub { replica, strike } => return self.scrub(step, usize::from(replica), strike),
            Act::Deep => return self.deep(step),
            Act::Rebuild { home } => return self.rebuild(step, usize::from(home)),
            Act::Way(way) => self.way(way, &mut random),
            Act::Hand(hand) => self.hand(hand, &mut random),
            Act::Mishap(mishap) => self.mishap(mishap, &mut random),
            Act::Mend => {
                self.mend();
                self.mend_rot();
            }
            Act::Clock { home, trouble } => self.clock(usize::from(home), Some(trouble)),
            Act::ClockRight { home } => self.clock(usize::from(home), None),
            Act::Late => self.months_pass(&mut random),
            Act::Backup { home } => self.backup(usize::from(home)),
            Act::Restore { home } => self.restore(usize::from(home), &mut random),
            Act::Agree { strike } => return self.agree(step, strike),
            Act::Rotate { home, at_once, strike } => {
                self.rotate(step, usize::from(home), at_once, strike)?;
                // Its card is brought the same day, or later.
                return if at_once && random.one_in(2) { self.bring_card(usize::from(home)) } else { Ok(()) };
            }
            Act::Card { home } => return if self.homes[usize::from(home)].keys.card_due { self.bring_card(usize::from(home)) } else { Ok(()) },
            Act::Stolen { home, at_all } => return self.stolen(step, usize::from(home), at_all),
            Act::Adopt { replica, filled } => return self.adopt(usize::from(replica), filled, &mut random),
            Act::Parity { medium, strike } => return self.parity(step, usize::from(medium), strike),
            Act::NewLife { home } => return self.new_life(step, usize::from(home)),
            Act::Copy { home, medium } => return self.second_copy(step, usize::from(home), usize::from(medium)),
            Act::Index { home, trouble } => self.index(usize::from(home), trouble),
            Act::Outage { home } => return self.outage(usize::from(home), &mut random),
        }
        Ok(())
    }

    fn now(&self) -> i64 {
        self.time
    }

    /// Whether the archive's root is not there or empty.
    fn archive_away(&self) -> bool {
        self.away.is_some()
    }

    fn mass_removed(&mut self, items: BTreeSet<String>) {
        let held = self.replicas.iter().map(|replica| items.iter().filter(|item| replica.tree.contains_key(*item)).cloned().collect()).collect();
        // What a person let through before, and is still on its way, removes what it removes.
        let released = |replica: usize| self.chain_of(replica + 1).is_some_and(|chain| chain.has_released(&self.route(replica)));
        let agreed = (0..self.replicas.len()).map(released).collect();
        self.mass = Some(Mass { items, held, agreed });
    }

    fn medium(&self, medium: usize) -> PathBuf {
        self.places.media[medium].clone()
    }

    /// The route of a replica.
    fn route(&self, replica: usize) -> String {
        self.routes[replica].clone()
    }
}
