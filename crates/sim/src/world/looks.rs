//! Looking after each command: at what the source says, at what lies on a replica, at the ledgers; and comparing with the
//! model.

use super::World;
use super::commands::presented;
use super::ground::Ground;
use super::payload;
use super::strikes::Ran;
use crate::model::archive::Leaf;
use crate::model::chain;
use crate::model::replica::Violation;
use driver::ItemsOptions;
use driver::report::{ApplyReport, CarryReport, Problem};
use std::collections::{BTreeMap, BTreeSet};

impl World {
    /// What the source says of its items. `looked`: it has just captured, so its newest version of each is what is there.
    pub(super) fn look_at_source(&mut self, looked: bool, clean: bool) -> Result<(), Violation> {
        self.templates_of_the_ledger(clean);
        let path = self.homes[0].path.clone();
        let world = self.world_of(0);
        let items = match driver::items(&world, &path, &ItemsOptions::default()) {
            Ok(report) => report.items,
            Err(failure) => return Err(Violation::new("command", format!("items of the source: {failure}"))),
        };
        let mut seen: Vec<BTreeSet<String>> = vec![BTreeSet::new(); self.replicas.len()];
        let mut done: Vec<BTreeSet<String>> = vec![BTreeSet::new(); self.replicas.len()];
        let mut crossed = vec![false; self.replicas.len()];
        for item in &items {
            let name = item.item.to_string();
            let replica = super::scene::replica_of(&item.route);
            let now = self.archive.now.get(&name);
            if self.anew[replica] {
                let before = self.known[replica].get(&name).copied().unwrap_or_default();
                // A new life counts from far above all numbers of the one before.
                if item.version > before.0 + (1 << 24) {
                    self.versions.renumber(&name, before.0, item.version);
                }
            }
            let readable = !self.unreadable.contains(&name);
            if !self.versions.shown(&name, item.version, now, looked && readable) {
                return Err(Violation::new(
                    "versions",
                    format!("{name} version {} was {:?} and is {now:?}: a change was not captured", item.version, self.versions.of(&name, item.version)),
                ));
            }
            if item.proven_version > 0 {
                let Some(leaf) = self.versions.of(&name, item.proven_version) else {
                    return Err(Violation::new("P1", format!("{name} is proven at version {}, which was never captured", item.proven_version)));
                };
                // What a proof said may have been undone by the weather since; what is called done counts now.
                let made = self.made_of(replica, &name, leaf.as_ref(), looked && item.state == "done");
                self.proven(replica, &name, &made)?;
            }
            if item.state == "done" {
                done[replica].insert(name.clone());
                if item.proven_version != item.version {
                    return Err(Violation::new("P1", format!("{name} is done at version {}, proven is {}", item.version, item.proven_version)));
                }
            }
            let before = self.known[replica].get(&name).copied().unwrap_or_default();
            crossed[replica] |= item.proven_version > before.2;
            self.known[replica].insert(name.clone(), (item.version, item.packed_version, item.proven_version));
            seen[replica].insert(name);
        }
        for replica in 0..self.replicas.len() {
            let left: Vec<String> = self.known[replica].keys().filter(|name| !seen[replica].contains(*name)).cloned().collect();
            // A route that begins anew says nothing of what is gone: the next inventory does.
            let anew = std::mem::take(&mut self.anew[replica]);
            for name in left {
                let (_, packed, _) = self.known[replica].remove(&name).unwrap_or_default();
                if packed > 0 && !anew {
                    self.replicas[replica].proven(payload::seen(&self.archive, &self.payload, replica), &name, None)?;
                    self.proven_gone(replica, &name);
                    crossed[replica] = true;
                }
            }
            self.counts.crossings += u64::from(crossed[replica]);
            if crossed[replica] && std::mem::take(&mut self.homes[replica + 1].adopted_news) {
                self.counts.altered("replica-adopted");
            }
        }
        self.done = done;
        if clean { self.chain_holds(0) } else { Ok(()) }
    }

    /// What a proof of this state of an item may be a proof of: as it is, or as the route of a replica makes it. `now`: it is proven as it is
    /// now.
    fn made_of(&self, replica: usize, name: &str, leaf: Option<&Leaf>, now: bool) -> Vec<Option<Leaf>> {
        let Some(payload) = &self.payload else { return vec![leaf.copied()] };
        let view = &payload.routes[replica];
        if now && self.unreadable.is_empty() && leaf == self.archive.now.get(name) {
            vec![view.archive.now.get(name).copied()]
        } else {
            view.made_of(name, leaf)
        }
    }

    /// The source shows that one of these states of an item is proven.
    fn proven(&mut self, replica: usize, name: &str, made: &[Option<Leaf>]) -> Result<(), Violation> {
        let seen = payload::seen(&self.archive, &self.payload, replica);
        let mut wrong = Violation::new("P1", format!("{name} is proven, and its route never carried it so"));
        for leaf in made {
            match self.replicas[replica].proven(seen, name, leaf.as_ref()) {
                Ok(()) => return Ok(()),
                Err(found) => wrong = found,
            }
        }
        Err(wrong)
    }

    /// Where the source went back, a replica may follow a life that is over already, by whose inventory what came later is not there
    /// (spec/package.md, Inventories). Such a document is no loss as long as the history keeps it, or it was kept aside.
    fn dropped_into_history(&mut self, replica: usize) {
        if !self.homes[0].went_back {
            return;
        }
        let live = self.replica_tree(replica, false);
        let gone = |model: &BTreeMap<String, Leaf>| model.keys().filter(|path| !live.contains_key(*path)).cloned().collect::<Vec<_>>();
        let gone = gone(&self.replicas[replica].tree);
        if gone.is_empty() {
            return;
        }
        // What lay in the way of a folder that was dropped again lies where local changes do.
        let (root, disk) = (self.places.trees[replica].join(".gapferry"), self.disk.snapshot());
        let below = ["history", "kept"].map(|folder| disk.below(&root.join(folder).to_string_lossy()));
        let kept: BTreeSet<u128> = below.iter().flat_map(|things| things.values()).map(|thing| Leaf::of(&thing.bytes, 0, false).digest).collect();
        let model = &mut self.replicas[replica];
        for path in gone {
            if kept.contains(&model.tree[&path].digest) {
                model.tree.remove(&path);
                model.dropped.insert(path);
            }
        }
    }

    /// What lies on a replica, as a power cut would leave it.
    pub(super) fn look_at_replica(&mut self, replica: usize, clean: bool) -> Result<(), Violation> {
        self.dropped_into_history(replica);
        if self.replicas[replica].of_two_branches {
            self.replicas[replica].shown.clear();
            self.replicas[replica].of_two_branches = self.homes[0].put_back || !self.follows_the_source(replica)?;
        }
        if !clean {
            let live = self.replica_tree(replica, false);
            self.replicas[replica].glimpse(self.seen_by(replica), live)?;
        }
        self.look_at_durable(replica, clean)
    }

    /// What is durable on a replica, after a command that ended well or a loss of power.
    pub(super) fn look_at_durable(&mut self, replica: usize, clean: bool) -> Result<(), Violation> {
        let tree = self.replica_tree(replica, true);
        let released = self.mass.as_ref().is_some_and(|mass| mass.agreed[replica]);
        self.replicas[replica].look(payload::seen(&self.archive, &self.payload, replica), tree, clean)?;
        if let Some(mass) = self.mass.as_ref().filter(|_| !released) {
            let tree = &self.replicas[replica].tree;
            let lost = mass.held[replica].iter().filter(|item| !tree.contains_key(*item)).count() as u64;
            if lost > super::BREAKER_ITEMS && !self.homes[replica + 1].went_back {
                return Err(Violation::new(
                    "P7",
                    format!("{lost} of {} mass-removed items are gone from replica {replica}, and nobody agreed", mass.items.len()),
                ));
            }
        }
        self.payload_holds(replica, clean)?;
        if clean { self.chain_holds(replica + 1) } else { Ok(()) }
    }

    /// The ledger of a home, read from its format: whole, and no number taken twice.
    pub(super) fn chain_holds(&mut self, home: usize) -> Result<(), Violation> {
        let files = Ground::at(&self.disk, &self.homes[home].path.join("ledger")).contents();
        let bytes: usize = files.values().map(Vec::len).sum();
        if bytes == self.homes[home].chain_bytes {
            return Ok(());
        }
        self.homes[home].chain_bytes = bytes;
        let chain = chain::read(&files).map_err(|why| Violation::new("P5", format!("the ledger of home {home}: {why}")))?;
        if chain.torn {
            return Err(Violation::new("P5", format!("the ledger of home {home} has a torn tail after a command that ended well")));
        }
        let found = chain.contradictions().into_iter().next().or_else(|| self.numbers[home].look(&chain).err());
        if let Some(found) = found {
            return Err(Violation::new("P12", format!("the ledger of home {home}: {found}")));
        }
        if home == 0 { self.nothing_right_travels(&chain) } else { Ok(()) }
    }

    /// What a carry on the source shows of the files that were on the medium.
    pub(super) fn taken_at_source(&mut self, medium: usize, before: &BTreeSet<String>, ran: &Ran<CarryReport>, report: &CarryReport) {
        let after = self.files_on(medium);
        for name in before.difference(&after) {
            if name.ends_with(".part") {
                self.counts.altered("half-written");
            } else if name.ends_with(".gfr") {
                self.served.insert(name.clone());
            } else if ran.notices.iter().any(|(code, _)| *code == "package-damaged")
                && let Some(kind) = self.altered.remove(name)
            {
                self.counts.altered(kind);
            }
        }
        if let Some(reconciled) = &report.reconciled {
            let replayed = reconciled.receipts.iter().any(|receipt| receipt.result == "replayed");
            let doubled = before.iter().find(|name| name.ends_with(".gfr") && self.altered.get(*name) == Some(&"doubled")).cloned();
            if let Some(name) = doubled.filter(|_| replayed) {
                self.altered.remove(&name);
                self.counts.altered("doubled");
            }
            self.refused(&reconciled.problems);
        }
    }

    /// What a replica took in.
    pub(super) fn taken_at_replica(&mut self, replica: usize, report: &ApplyReport) {
        for (name, package) in presented(report) {
            let first = self.served.insert(name.clone());
            let highest = self.highest.entry(replica).or_default();
            if package.result == "applied" && package.sequence < *highest {
                self.counts.fault("reordered");
                if package.unchanged > 0 {
                    self.counts.altered("reordered");
                }
            }
            *highest = (*highest).max(package.sequence);
            match self.altered.get(&name) {
                Some(&"doubled") if !first => {
                    self.altered.remove(&name);
                    self.counts.altered("doubled");
                }
                Some(&"late") => {
                    self.altered.remove(&name);
                    self.counts.altered("late");
                }
                _ => {}
            }
        }
        self.refused(&report.problems);
    }

    /// Files that were refused show what the weather did to them.
    pub(super) fn refused(&mut self, problems: &[Problem]) {
        for problem in problems {
            if let Some(kind) = self.altered.remove(&problem.subject) {
                self.counts.altered(kind);
            }
        }
    }

    /// A scrub finds all that is not right, and nothing that is.
    pub(super) fn scrubbed(&mut self, replica: usize, damaged: &[String], everything: bool) -> Result<(), Violation> {
        let found: BTreeSet<&String> = damaged.iter().collect();
        // A route that begins anew has nothing to be read against until the answer to the inventory.
        let sure = !self.homes[0].went_back && !self.homes[replica + 1].went_back;
        let (model, seen) = (&self.replicas[replica], payload::seen(&self.archive, &self.payload, replica));
        let content_differs = |path: &String, leaf: &Option<Leaf>| {
            let place = model.shown.get(path).copied();
            let right = place.and_then(|place| seen.histories.get(path)?.get(place).copied().flatten());
            right.is_some_and(|right| leaf.is_none_or(|leaf| !right.same_content(&leaf)))
        };
        let spoilt: BTreeMap<_, _> = model.spoilt.iter().filter(|(path, leaf)| content_differs(path, leaf)).collect();
        for path in spoilt.keys() {
            if found.contains(path) {
                self.counts.altered("replica-touched");
            }
        }
        // What was removed at the source since may be gone for good.
        // And what an interrupted switch was about to replace is set aside when the command brings that to its end before it reads.
        let now = self.replica_tree(replica, false);
        let lies_there = |path: &String, leaf: &Option<Leaf>| now.get(path) == leaf.as_ref();
        let missed = spoilt.iter().filter(|(path, leaf)| lies_there(path, leaf)).map(|(path, _)| path);
        let missed = missed.into_iter().find(|path| !found.contains(**path) && !seen.gone_since(path, model.shown.get(**path).copied().unwrap_or(0)));
        if let Some(path) = missed.filter(|_| everything && sure) {
            return Err(Violation::new("scrub", format!("{path} is not right on replica {replica}, and scrub did not find it")));
        }
        // What a power cut took before it was durable is truly missing.
        let is_right = |path: &str| !model.spoilt.contains_key(path) && model.tree.contains_key(path);
        let wrong = found.iter().find(|path| is_right(path));
        match wrong.filter(|_| sure) {
            Some(path) => Err(Violation::new("scrub", format!("{path} is called damaged on replica {replica}, and nobody touched it"))),
            None => Ok(()),
        }
    }
}
