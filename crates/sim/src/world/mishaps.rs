//! What happens without anybody's command: to a replica's tree, the archive, clocks, indexes, homes, and to the power.

use super::World;
use super::ground::Ground;
use super::scene::Kept;
use crate::model::record::tokens_in;
use crate::model::replica::Violation;
use crate::weather::plan::{ClockTrouble, Hand, IndexTrouble, Mishap};
use crate::weather::random::Random;

/// How the archive is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Away {
    /// Its root is empty.
    Emptied,
    /// Its root is not there.
    Unmounted,
    /// Its root is another folder.
    Elsewhere,
}

impl Away {
    fn word(self) -> &'static str {
        match self {
            Away::Emptied => "archive-emptied",
            Away::Unmounted => "archive-unmounted",
            Away::Elsewhere => "archive-elsewhere",
        }
    }
}

const DAY_NS: i64 = 86_400 * 1_000_000_000;
const TEN_YEARS_NS: i64 = 3650 * DAY_NS;

impl World {
    /// Somebody or something changes a replica behind its back.
    pub(super) fn hand(&mut self, hand: Hand, random: &mut Random) {
        let replica = usize::try_from(random.below(self.replicas.len() as u64)).expect("small");
        let root = self.places.trees[replica].clone();
        let disk = self.disk.clone();
        let ground = Ground::at(&disk, &root);
        let live = ground.tree();
        let paths: Vec<&String> = live.keys().filter(|path| !path.contains('%')).collect();
        let extra = format!("by-hand-{}", random.below(3));
        let Some(path) = random.pick(&paths).map(|path| (*path).clone()) else { return };
        let is_item = self.seen_by(replica).histories.contains_key(&path);
        self.note(|| format!("      {hand:?} on replica {replica}: {path}"));
        self.counts.fault("replica-touched");
        match hand {
            Hand::Edit => {
                let content = random.bytes(40);
                let leaf = ground.write(&path, &content, random.one_in(2)).expect("a hand can write");
                self.replicas[replica].touched(&path, Some(leaf), is_item);
            }
            Hand::Erase => {
                ground.remove(&path).expect("a hand can remove");
                self.replicas[replica].touched(&path, None, is_item);
            }
            Hand::Extra => {
                if live.keys().any(|path| path.starts_with(&extra)) {
                    return;
                }
                let leaf = ground.write(&extra, b"not of the archive", false).expect("a hand can write");
                self.replicas[replica].touched(&extra, Some(leaf), false);
            }
            Hand::Rot => {
                let before = ground.read(&path).unwrap_or_default();
                if before.is_empty() {
                    return;
                }
                disk.rot(root.join(&path), |content| flip(content, random)).expect("anything can rot");
                let leaf = ground.leaf(&path).expect("it can be read");
                self.replicas[replica].touched(&path, Some(leaf), is_item);
                // A bit may make what is shown of a record what is withheld of it: nobody has sent that.
                let made = ground.read(&path).map(|content| tokens_in(&content)).unwrap_or_default();
                if let Some(payload) = &mut self.payload {
                    payload.made_by_rot(replica, made.into_iter().filter(|token| !tokens_in(&before).contains(token)));
                }
            }
        }
        Ground::at(&self.disk, &root).settle();
    }

    /// Something happens to the archive.
    pub(super) fn mishap(&mut self, mishap: Mishap, random: &mut Random) {
        if self.archive_away() {
            return;
        }
        match mishap {
            Mishap::Rot => {
                // Only what was read right: of the rest nobody can know.
                let read: Vec<String> = self.archive.now.keys().filter(|path| self.was_read_as_it_is(path)).cloned().collect();
                let Some(path) = random.pick(&read).cloned() else { return };
                let ground = Ground::at(&self.disk, &self.places.archive);
                if self.archive.rotten.contains_key(&path) || self.archive.now[&path].bytes == 0 {
                    return;
                }
                let whole = self.places.archive.join(&path);
                self.disk.rot(whole, |content| flip(content, random)).expect("anything can rot");
                let rotten = ground.leaf(&path).expect("it can be read");
                self.note(|| format!("      rot in the archive: {path}"));
                self.counts.fault("archive-rot");
                self.news.insert("archive-rot");
                self.archive.rotten.insert(path, rotten);
            }
            Mishap::Empty => self.goes_away(Away::Emptied),
            Mishap::Unmount => self.goes_away(Away::Unmounted),
            // Where nothing was ever captured any folder is the first one.
            Mishap::Elsewhere if self.known.iter().any(|known| !known.is_empty()) => self.goes_away(Away::Elsewhere),
            Mishap::Elsewhere => {}
            Mishap::Remount => {
                self.note(|| "      the archive is mounted anew".into());
                self.disk.remount(self.volume(&self.places.archive_volume));
            }
            Mishap::Unreadable => {
                let paths: Vec<String> = self.archive.now.keys().cloned().collect();
                let Some(path) = random.pick(&paths).cloned() else { return };
                self.note(|| format!("      unreadable: {path}"));
                self.counts.fault("archive-unreadable");
                self.news.insert("archive-unreadable");
                self.disk.spoil(self.places.archive.join(&path)).expect("any sector can go bad");
                self.cannot_be_read(std::slice::from_ref(&path));
                self.unreadable.insert(path);
            }
        }
    }

    fn goes_away(&mut self, away: Away) {
        self.note(|| format!("      the archive is {away:?}"));
        self.counts.fault(away.word());
        self.news.insert(away.word());
        let root = &self.places.archive;
        self.disk.shift(root, root.with_file_name("aside")).expect("it can be moved away");
        if away != Away::Unmounted {
            self.disk.put_dir(root).expect("a root");
        }
        if away == Away::Elsewhere {
            for name in ["0.txt", "cards/not-ours.json", "of-another-archive"] {
                self.disk.put(root.join(name), b"not of this archive").expect("another disk has files, too");
            }
        }
        self.away = Some(away);
    }

    /// Whether the source has read an item's document as people left it: some replica was proven to hold it.
    fn was_read_as_it_is(&self, path: &str) -> bool {
        if self.unreadable.contains(path) {
            return false;
        }
        let newest = |known: &super::Known| known.get(path).map(|(version, _, _)| *version);
        let now = self.archive.now.get(path);
        // What people brought back to what it was may not have been read since.
        if self.archive.histories.get(path).is_some_and(|history| history.iter().filter(|leaf| leaf.as_ref() == now).count() > 1) {
            return false;
        }
        self.known.iter().zip(&self.done).any(|(known, done)| {
            done.contains(path) && newest(known).and_then(|version| self.versions.of(path, version)).is_some_and(|leaf| leaf.as_ref() == now)
        })
    }

    /// People put the archive right.
    pub(super) fn mend(&mut self) {
        if let Some(away) = self.away.take() {
            let root = &self.places.archive;
            if away != Away::Unmounted {
                self.disk.take(root).expect("what lies in its place can go");
            }
            self.disk.shift(root.with_file_name("aside"), root).expect("it can be put back");
        }
        self.unreadable.clear();
        self.disk.heal();
        Ground::at(&self.disk, &self.places.archive_volume).settle();
    }

    /// People bring back what rotted.
    pub(super) fn mend_rot(&mut self) {
        let all: Vec<String> = self.archive.rotten.keys().cloned().collect();
        self.bring_back(&all);
    }

    fn bring_back(&mut self, paths: &[String]) {
        for path in paths {
            if self.payload.is_some() {
                self.bring_back_in_records(path);
                continue;
            }
            let content = format!("restored {path} at {}", self.time).into_bytes();
            let leaf = Ground::at(&self.disk, &self.places.archive).write(path, &content, false).expect("people can write");
            self.archive.wrote(path, leaf);
        }
        Ground::at(&self.disk, &self.places.archive_volume).settle();
    }

    /// A clock goes wrong, or is set right.
    pub(super) fn clock(&mut self, home: usize, trouble: Option<ClockTrouble>) {
        let time = self.time;
        let state = &mut self.homes[home];
        state.clock_trouble = trouble.map(|trouble| match trouble {
            ClockTrouble::Ahead => (trouble, TEN_YEARS_NS),
            ClockTrouble::Back => (trouble, -TEN_YEARS_NS),
            ClockTrouble::Stands => (trouble, time),
        });
        state.clock_news = trouble.map(|trouble| match trouble {
            ClockTrouble::Ahead => "clock-ahead",
            ClockTrouble::Back => "clock-back",
            ClockTrouble::Stands => "clock-stands",
        });
        if let Some(kind) = state.clock_news {
            self.counts.fault(kind);
        }
    }

    /// Everything that is on its way is overdue.
    pub(super) fn months_pass(&mut self, random: &mut Random) {
        let before = self.time;
        self.time += DAY_NS * (30 + i64::try_from(random.below(170)).expect("small"));
        self.counts.fault("months-pass");
        self.homes[0].months_news.get_or_insert(before);
    }

    /// A copy of a home is laid aside.
    pub(super) fn backup(&mut self, home: usize) {
        let of_source = home == 0;
        let kept = Kept {
            files: self.disk.below(&self.homes[home].volume.to_string_lossy()),
            ledger: self.ledger_end(home),
            versions: of_source.then(|| self.versions.clone()),
            known: of_source.then(|| self.known.clone()),
            cancelled: of_source.then(|| self.cancelled.clone()),
            done: of_source.then(|| self.done.clone()),
            shown: (!of_source).then(|| self.replicas[home - 1].shown.clone()),
        };
        self.homes[home].kept.push(kept);
    }

    /// What stands at the end of a home's ledger.
    pub(super) fn ledger_end(&self, home: usize) -> Vec<u8> {
        let ledger = Ground::at(&self.disk, &self.homes[home].path.join("ledger"));
        let last = ledger.names("").into_iter().rfind(|(name, _)| name.ends_with(".seg"));
        last.and_then(|(name, _)| ledger.read_end(&name, 32).ok()).unwrap_or_default()
    }

    /// An earlier copy of a home is put back.
    pub(super) fn restore(&mut self, home: usize, random: &mut Random) {
        let kept = random.pick(&self.homes[home].kept).cloned();
        // One that knows nothing yet takes whatever lies in the place of the archive for it.
        let here = home > 0 || !self.archive_away();
        let Some(kept) = kept.filter(|kept| here && kept.ledger != self.ledger_end(home)) else { return };
        self.note(|| format!("      home {home} is put back"));
        let kind = if home == 0 { "source-put-back" } else { "replica-put-back" };
        self.counts.fault(kind);
        let volume = self.homes[home].volume.clone();
        Ground::at(&self.disk, &volume).clear("").expect("a volume can be emptied");
        for (path, thing) in &kept.files {
            let path = volume.join(String::from_utf8_lossy(path).into_owned());
            match thing.kind {
                store::disk::Kind::Dir => self.disk.put_dir(&path).expect("an empty volume takes folders"),
                _ => self.disk.put(&path, &thing.bytes).expect("an empty volume takes files"),
            }
            self.disk.set_attributes(&path, Some(thing.mode), Some(thing.modified)).expect("it was just put there");
        }
        let state = &mut self.homes[home];
        (state.put_back, state.went_back, state.fork_news, state.chain_bytes) = (true, true, Some(kind), 0);
        if let Some(chain) = self.chain_of(home) {
            self.numbers[home].forked(&chain);
        }
        if home == 0 {
            self.versions = kept.versions.expect("kept with a source");
            self.known = kept.known.expect("kept with a source");
            self.cancelled = kept.cancelled.expect("kept with a source");
            self.done = kept.done.expect("kept with a source");
            self.templates_doubtful = true;
            self.templates_of_the_ledger(true);
            // This ledger knows nothing of what was asked since.
            self.right.fill(None);
            // Nor that a route began anew after its replica had gone back.
            for (replica, home) in self.replicas.iter_mut().zip(&self.homes[1..]) {
                replica.put_back |= home.went_back;
                replica.of_two_branches = true;
            }
            // Of what this ledger had not read nobody can know that it rots; people who put a home back look after that, too.
            let unread: Vec<String> = self.archive.rotten.keys().filter(|path| !self.was_read_as_it_is(path)).cloned().collect();
            self.bring_back(&unread);
        } else {
            let (tree, live) = (self.replica_tree(home - 1, true), self.replica_tree(home - 1, false));
            let replica = &mut self.replicas[home - 1];
            replica.put_back = true;
            // What was shown since, it may be brought again by what is on its way, and has no reason to refuse.
            replica.shown = kept.shown.expect("kept with a replica");
            if self.shape.tree_with_home {
                // What went back with it has to travel.
                self.right[home - 1].iter_mut().for_each(|right| right.items.retain(|path, (leaf, _)| tree.get(path) == Some(leaf)));
                replica.tree = tree;
            } else {
                // What its ledger does not know and nobody claims is left alone.
                // What a killed command had switched in lies there, durable or not.
                let lies = [tree, live].into_iter().flatten();
                replica.unclaimed = lies.collect();
                replica.strays.extend(replica.unclaimed.clone());
            }
        }
    }

    /// An index goes wrong.
    pub(super) fn index(&mut self, home: usize, trouble: IndexTrouble) {
        let kind = match trouble {
            IndexTrouble::Lost => "index-lost",
            IndexTrouble::Stale => "index-stale",
            IndexTrouble::Damaged => "index-damaged",
        };
        let dir = self.homes[home].path.join("index");
        match trouble {
            IndexTrouble::Lost => self.indexes.lose(&dir),
            IndexTrouble::Damaged => self.indexes.damage(&dir),
            IndexTrouble::Stale => {
                if !self.indexes.age(&dir) {
                    return;
                }
            }
        }
        self.counts.fault(kind);
        self.homes[home].index_news = Some(kind);
    }

    /// Power fails between two commands of a home.
    pub(super) fn outage(&mut self, home: usize, random: &mut Random) -> Result<(), Violation> {
        self.counts.fault("outage");
        let volumes = self.volumes_of(home);
        if self.power_cut(&volumes, random) {
            self.counts.altered("outage");
            self.homes[home].sync_lost = true;
        }
        if home == 0 { self.look_at_source(false, false) } else { self.look_at_durable(home - 1, false) }
    }
}

/// Turns one bit.
pub(super) fn flip(content: &mut [u8], random: &mut Random) {
    let at = usize::try_from(random.below(content.len() as u64)).expect("small");
    content[at] ^= 1 << random.below(8);
}
