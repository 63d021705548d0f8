//! Running a command, with or without something that strikes it; and whether that altered its outcome.
//!
//! A command that is struck has a twin: the same command from the same state with the same entropy, not struck. The strike altered
//! the outcome when report or disk differ. A clock that goes wrong, and months that pass, are judged by the report of the next
//! command alone, because every record holds the time.

use super::World;
use super::scene::{Notices, outer};
use crate::disk::{Fate, Fault, Op, Pending, Rule, VolumeId, VolumeOptions};
use crate::entropy::SimEntropy;
use crate::model::archive::Leaf;
use crate::model::replica::Violation;
use crate::weather::plan::{ClockTrouble, Step, Strike};
use crate::weather::random::Random;
use driver::Failure;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// How a command ended.
pub enum Ended<R> {
    /// With its report.
    Done(R),
    /// With a failure.
    Failed(Failure),
    /// Its process died.
    Died,
}

/// A command that was run.
pub struct Ran<R> {
    /// How it ended.
    pub ended: Ended<R>,
    /// Whether something struck it.
    pub struck: bool,
    /// What it noticed.
    pub notices: Vec<(&'static str, String)>,
}

impl<R> Ran<R> {
    /// It ended well and nothing struck it.
    pub fn clean(&self) -> bool {
        matches!(self.ended, Ended::Done(_)) && !self.struck
    }
}

/// Operations that read.
const READING: [Op; 4] = [Op::Open, Op::Read, Op::List, Op::Stat];
/// Operations that make durable.
const SYNCING: [Op; 3] = [Op::Sync, Op::SyncDir, Op::SyncAll];
/// Calls that change something, more than any command of these worlds makes.
const CALLS_MAX: u64 = 20_000;
/// Room that a full medium has left, bytes.
const LEFT_BYTES: u64 = 72 << 10;

/// What a command without a strike came to.
struct Twin {
    report: String,
    image: [u8; 32],
    mutations: u64,
    reads: u64,
    syncs: u64,
}

type Command<'c, R> = &'c dyn Fn(&driver::World) -> Result<R, Failure>;

fn told<R: Serialize>(result: &Result<R, Failure>) -> String {
    match result {
        Ok(report) => serde_json::to_string(report).unwrap_or_default(),
        Err(failure) => failure.to_string(),
    }
}

impl World {
    /// What home `home` reaches, as its clock goes now.
    pub(super) fn world_of(&self, home: usize) -> driver::World {
        self.set_clock(home);
        outer(&self.disk, &self.indexes, &self.homes[home].clock, SimEntropy::new(0), &Arc::<Notices>::default())
    }

    fn set_clock(&self, home: usize) {
        let state = &self.homes[home];
        state.clock.set(match state.clock_trouble {
            None => self.time,
            Some((ClockTrouble::Stands, at)) => at,
            Some((_, offset)) => self.time.saturating_add(offset),
        });
    }

    /// Runs a command at a home.
    pub(super) fn run<R: Serialize>(
        &mut self,
        step: &Step,
        home: usize,
        strike: Option<Strike>,
        medium: Option<usize>,
        command: Command<'_, R>,
    ) -> Result<Ran<R>, Violation> {
        self.counts.commands += 1;
        self.calls += 1;
        let mut random = Random::of(step.draw ^ self.calls.wrapping_mul(0x5851_f42d_4c95_7f2d));
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&random.number().to_le_bytes());
        seed[8..16].copy_from_slice(&u64::from(step.number).to_le_bytes());
        let medium_path = medium.map(|medium| self.places.media[medium].clone());
        let judge_clock = self.homes[home].clock_news.take();
        let judge_months = self.homes[home].months_news.take();
        let strike = strike.filter(|strike| medium.is_some() || !strike.needs_medium());
        let time_twin = (judge_clock.is_some() || judge_months.is_some()).then(|| {
            // A clock that is wrong is compared with the right one, months with no time at all.
            let right = judge_months.filter(|_| judge_clock.is_none()).unwrap_or(self.time);
            self.homes[home].clock.set(right);
            self.twin(home, seed, command)
        });
        let strike_twin = strike.map(|_| {
            self.set_clock(home);
            self.twin(home, seed, command)
        });
        if home == 0 && strike == Some(Strike::ReadFails) {
            let all: Vec<String> = self.archive.now.keys().cloned().collect();
            self.cannot_be_read(&all);
        }
        self.set_clock(home);
        let mut planned = None;
        if let (Some(strike), Some(twin)) = (strike, &strike_twin) {
            self.counts.fault(strike.word());
            planned = self.arm(strike, twin, medium_path.as_deref(), &mut random);
        }
        let notices = Arc::<Notices>::default();
        let world = outer(&self.disk, &self.indexes, &self.homes[home].clock, SimEntropy::of(seed), &notices);
        let endless = self.disk.plan(Rule::nth(CALLS_MAX, Fault::Halt));
        let result = command(&world);
        drop(world);
        self.disk.forget_faults();
        if endless.fired() > 0 {
            return Err(Violation::new("command", format!("home {home}: it does not end")));
        }
        let notices = notices.take();
        if let Some(kind) = self.homes[home].index_news.take()
            && (kind == "index-stale" || notices.iter().any(|(code, _)| *code == "index-repaired"))
        {
            self.counts.altered(kind);
        }
        let report = if strike_twin.is_some() || time_twin.is_some() { told(&result) } else { String::new() };
        let fired = planned.as_ref().is_some_and(|planned| planned.fired() > 0);
        let struck = fired || strike == Some(Strike::MediumFull);
        if fired {
            self.after(strike, home, medium_path.as_deref(), &mut random);
        }
        if strike == Some(Strike::MediumFull)
            && let Some(path) = &medium_path
        {
            self.disk.set_options(self.volume(path), VolumeOptions::default());
        }
        if let (Some(strike), Some(twin)) = (strike, strike_twin) {
            let differs = report != twin.report || self.disk.snapshot().digest() != twin.image;
            if struck && differs {
                self.counts.altered(strike.word());
            }
        }
        if let Some(twin) = time_twin.filter(|twin| twin.report != report && strike.is_none()) {
            let _other_report = twin;
            self.counts.altered(judge_clock.unwrap_or("months-pass"));
        }
        if struck {
            // The question or the answer may be lost with it.
            let of = if home == 0 { 0..self.right.len() } else { home - 1..home };
            self.right[of].fill(None);
        }
        let died = fired && matches!(strike, Some(Strike::Kill | Strike::PowerCut));
        let ended = match result {
            _ if died => Ended::Died,
            Ok(report) => Ended::Done(report),
            Err(failure) => Ended::Failed(failure),
        };
        Ok(Ran { ended, struck, notices })
    }

    /// Runs a command and takes it back.
    fn twin<R: Serialize>(&mut self, home: usize, seed: [u8; 32], command: Command<'_, R>) -> Twin {
        let (image, indexes) = (self.disk.snapshot(), self.indexes.snapshot());
        let before = self.disk.calls();
        let world = outer(&self.disk, &self.indexes, &self.homes[home].clock, SimEntropy::of(seed), &Arc::<Notices>::default());
        self.disk.plan(Rule::nth(CALLS_MAX, Fault::Halt));
        let report = told(&command(&world));
        drop(world);
        self.disk.forget_faults();
        let after = self.disk.calls();
        let grown = |ops: &[Op]| ops.iter().map(|op| after.get(op).copied().unwrap_or(0) - before.get(op).copied().unwrap_or(0)).sum::<u64>();
        let mutations = after.iter().filter(|(op, _)| op.mutates()).map(|(op, count)| count - before.get(op).copied().unwrap_or(0)).sum();
        let twin = Twin { report, image: self.disk.snapshot().digest(), mutations, reads: grown(&READING), syncs: grown(&SYNCING) };
        self.disk.restore(&image);
        self.indexes.restore(&indexes);
        self.disk.take_renamed();
        twin
    }

    fn arm(&mut self, strike: Strike, twin: &Twin, medium: Option<&Path>, random: &mut Random) -> Option<crate::disk::Planned> {
        let mut place = |of: u64| random.below(of.max(1));
        let below = |path: &Path| {
            let prefix = path.to_string_lossy().into_owned().into_bytes();
            move |path: &[u8]| path.starts_with(&prefix)
        };
        let rule = match strike {
            Strike::Kill | Strike::PowerCut => Rule::nth(place(twin.mutations), Fault::Halt),
            Strike::Eio => Rule::nth(place(twin.mutations), Fault::Eio),
            Strike::Enospc => Rule::nth(place(twin.mutations), Fault::Full),
            Strike::SyncFails => Rule::nth(place(twin.syncs), Fault::Poison).on(&SYNCING),
            Strike::ReadFails => Rule::nth(place(twin.reads), Fault::Eio).on(&READING),
            Strike::Pulled => {
                let all: Vec<Op> = ALL.to_vec();
                Rule::nth(place(30), Fault::Eio).on(&all).at(below(medium?)).times(u64::MAX)
            }
            Strike::Protected => Rule::nth(0, Fault::ReadOnly).at(below(medium?)).times(u64::MAX),
            Strike::MediumFull => {
                let volume = self.volume(medium?);
                let capacity = Some(self.disk.used(volume) + place(LEFT_BYTES));
                self.disk.set_options(volume, VolumeOptions { capacity, ..VolumeOptions::default() });
                return None;
            }
        };
        Some(self.disk.plan(rule))
    }

    /// What else a strike does when the command is over.
    fn after(&mut self, strike: Option<Strike>, home: usize, medium: Option<&Path>, random: &mut Random) {
        match strike {
            Some(Strike::Kill) => self.disk.kill(),
            Some(Strike::PowerCut) => {
                // The medium was plugged in: it loses what was not synced too.
                let mut volumes = self.volumes_of(home);
                volumes.extend(medium.map(|medium| self.volume(medium)));
                self.homes[home].sync_lost |= self.power_cut(&volumes, random);
            }
            Some(Strike::SyncFails) => self.homes[home].sync_lost = true,
            Some(Strike::Pulled) => {
                let volumes: Vec<VolumeId> = medium.iter().map(|medium| self.volume(medium)).collect();
                self.power_cut(&volumes, random);
            }
            _ => {}
        }
    }

    pub(super) fn volume(&self, path: &Path) -> VolumeId {
        self.disk.volume_of(path).expect("a volume of ours is mounted")
    }

    /// The volumes that lose power with a home.
    pub(super) fn volumes_of(&self, home: usize) -> Vec<VolumeId> {
        let mut volumes = vec![self.volume(&self.homes[home].volume)];
        if home > 0 {
            volumes.push(self.volume(&self.places.tree_volumes[home - 1]));
        }
        volumes.dedup();
        volumes
    }

    /// Power fails: of what was not synced, anything may be left.
    pub(super) fn power_cut(&mut self, volumes: &[VolumeId], random: &mut Random) -> bool {
        let before: Vec<_> = self.trees_with_records(volumes).map(|replica| (replica, self.replica_tree(replica, false))).collect();
        let mut lost = false;
        let mood = random.below(4);
        let mut fate = |one: &Pending| match mood {
            0 => Fate::Dropped,
            1 => Fate::Kept,
            _ => match random.below(6) {
                0 | 1 => Fate::Dropped,
                2 if matches!(one, Pending::Write { .. }) => Fate::Hollow,
                3 if matches!(one, Pending::Write { .. }) => {
                    let unit = if random.one_in(2) { 512 } else { 4096 };
                    let draw = random.number();
                    Fate::Torn { unit, kept: (0..one.sectors()).map(|sector| draw >> (sector % 64) & 1 == 1).collect() }
                }
                _ => Fate::Kept,
            },
        };
        self.disk.crash_volumes(volumes, &mut |_, one| {
            let fate = fate(one);
            lost |= fate != Fate::Kept;
            fate
        });
        for (replica, before) in before {
            let after = self.replica_tree(replica, false);
            self.taken[replica].extend(before.into_keys().filter(|path| !after.contains_key(path)));
        }
        lost
    }

    fn trees_with_records(&self, volumes: &[VolumeId]) -> impl Iterator<Item = usize> {
        let is_hit = |replica: &usize| self.payload.is_some() && volumes.contains(&self.volume(&self.places.tree_volumes[*replica]));
        (0..self.replicas.len()).filter(is_hit)
    }

    /// What lies on a replica; durably, so that a power cut now would leave it, where the last command ended well.
    pub(super) fn replica_tree(&self, replica: usize, durable: bool) -> BTreeMap<String, Leaf> {
        let (image, root) = (self.disk.snapshot(), self.places.trees[replica].to_string_lossy());
        let things = if durable { image.durable_below(&root) } else { image.below(&root) };
        things
            .into_iter()
            .filter(|(path, thing)| thing.kind == store::disk::Kind::File && !path.starts_with(b".gapferry/"))
            .map(|(path, thing)| (self.item_at(&path), Leaf::of(&thing.bytes, thing.modified, thing.mode & 0o111 != 0)))
            .collect()
    }

    /// Which item lies at a path: an item under an escaped name (told as RPL-04, which must have a reason) is no other one for that.
    fn item_at(&self, path: &[u8]) -> String {
        let path = String::from_utf8_lossy(path).into_owned();
        if self.archive.histories.contains_key(&path) || !path.contains('%') {
            return path;
        }
        let plain = path.rsplit_once("%~").map_or(path.as_str(), |(plain, _)| plain);
        let mut bytes = Vec::new();
        let mut rest = plain.as_bytes();
        while let Some((first, after)) = rest.split_first() {
            let escaped = after.get(..2).and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok());
            let escaped = escaped.filter(|_| *first == b'%');
            bytes.push(escaped.unwrap_or(*first));
            rest = if escaped.is_some() { &after[2..] } else { after };
        }
        String::from_utf8(bytes).ok().filter(|name| self.archive.histories.contains_key(name)).unwrap_or(path)
    }
}

const ALL: [Op; 16] = [
    Op::Create,
    Op::Write,
    Op::SetSize,
    Op::SetModified,
    Op::SetMode,
    Op::Rename,
    Op::Remove,
    Op::MakeDir,
    Op::RemoveDir,
    Op::Sync,
    Op::SyncDir,
    Op::SyncAll,
    Op::Open,
    Op::Read,
    Op::List,
    Op::Stat,
];
