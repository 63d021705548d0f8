//! Homes that went back or were copied, and the way back (P12): the people of both sides compare what `status` shows, agree
//! wherever a route stopped, and then only carry. What lay right on the replica when its route began anew must not travel again.

use super::World;
use super::ground::Ground;
use super::scene::{Notices, outer};
use super::strikes::Ended;
use crate::entropy::SimEntropy;
use crate::model::archive::Leaf;
use crate::model::chain::{self, Chain};
use crate::model::replica::Violation;
use crate::weather::plan::{Step, Strike};
use driver::{CarryOptions, RebaseOptions};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a replica held as the archive has it, when its route began anew: nothing of it is unknown for long.
#[derive(Clone, Debug, Default)]
pub struct Right {
    /// By item, with the number of its states then: what people changed since is another version, even if it looks the same again.
    pub(super) items: BTreeMap<String, (Leaf, usize)>,
    /// Records of the source's ledger then.
    records: usize,
}

impl World {
    /// The ledger of a home, as it lies.
    pub(super) fn chain_of(&self, home: usize) -> Option<Chain> {
        chain::read(&Ground::at(&self.disk, &self.homes[home].path.join("ledger")).contents()).ok()
    }

    /// How often each route began anew, by the ledger of the source.
    pub(super) fn begun_anew(&self) -> Vec<usize> {
        let chain = self.chain_of(0).unwrap_or_default();
        (0..self.replicas.len()).map(|replica| chain.begun_anew(&self.route(replica))).collect()
    }

    /// Whether what a replica took in last is of the life that the source has begun.
    pub(super) fn follows_the_source(&mut self, replica: usize) -> Result<bool, Violation> {
        let (source, route) = (self.incarnation(0)?, self.route(replica));
        let taken = self.chain_of(replica + 1).unwrap_or_default().begun().into_iter().rfind(|begun| begun.route == route);
        let hex = |id: &[u8]| id.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        Ok(taken.is_none_or(|begun| hex(&begun.life) == source))
    }

    fn incarnation(&mut self, home: usize) -> Result<String, Violation> {
        Ok(self.status(home)?.incarnation)
    }

    /// People agree wherever a route stopped at a fork, on either side.
    pub(super) fn agree(&mut self, step: &Step, strike: Option<Strike>) -> Result<(), Violation> {
        for replica in 0..self.replicas.len() {
            for home in [0, replica + 1] {
                if self.stopped(home, replica)?.is_some_and(|code| code.starts_with("FRK-") || code == "SRC-17") {
                    self.rebase(step, home, replica, false, strike)?;
                }
            }
        }
        Ok(())
    }

    /// Who put a home back knows it, and begins its new life before anybody has noticed.
    pub(super) fn new_life(&mut self, step: &Step, home: usize) -> Result<(), Violation> {
        if self.homes[home].put_back { self.rebase(step, home, home.saturating_sub(1), true, None) } else { Ok(()) }
    }

    pub(super) fn rebase(&mut self, step: &Step, home: usize, replica: usize, new_life: bool, strike: Option<Strike>) -> Result<(), Violation> {
        let path = self.homes[home].path.clone();
        let asked = RebaseOptions { route: self.route(replica), reason: "looked into".into(), new_life, dry_run: true, ..RebaseOptions::default() };
        let world = self.world_of(home);
        let foreseen = driver::rebase(&world, &path, &asked).map_err(|failure| Violation::new("command", format!("rebase of home {home}: {failure}")))?;
        // A life that the people of the other side do not have is an old one, or that of a second copy.
        let other = self.incarnation(if home == 0 { replica + 1 } else { 0 })?;
        let refuse = !new_life && foreseen.life.as_ref().is_some_and(|life| *life != other);
        let told = RebaseOptions { life: Some(other), ..asked.clone() };
        // Where the stop does not say which life is to be followed, and the other side has begun one, its people tell which: of those that
        // lie on media one may be over.
        let untold = !new_life && foreseen.life.is_none() && foreseen.way != "new-life";
        let asked = if untold && driver::rebase(&world, &path, &told).is_ok() { told } else { asked };
        let options = RebaseOptions { refuse, dry_run: false, ..asked };
        let (before, life) = (self.begun_anew(), self.chain_of(home).unwrap_or_default().lives().len());
        let ran = self.run(step, home, strike, None, &|world| driver::rebase(world, &path, &options))?;
        self.note(|| format!("      rebase {} at home {home}, refuse {refuse}, new life {new_life}: {}", options.route, ran.word()));
        if let Ended::Failed(failure) = &ran.ended
            && !ran.struck
        {
            return Err(Violation::new("command", format!("rebase of home {home}: {failure}")));
        }
        if ran.clean() {
            self.counts.rebased += 1;
        }
        if home > 0 && !refuse {
            self.replicas[home - 1].followed = true;
        }
        // What it came to is what the ledger says, also where the command was struck.
        if self.chain_of(home).is_some_and(|chain| chain.lives().len() > life) {
            self.homes[home].put_back = false;
        }
        for (replica, (before, after)) in before.into_iter().zip(self.begun_anew()).enumerate() {
            if after > before {
                self.begins_anew(replica);
            }
        }
        if home == 0 { self.look_at_source(false, ran.clean()) } else { self.look_at_replica(home - 1, ran.clean()) }
    }

    /// The source forgets what it knew of a replica and asks.
    pub(super) fn begins_anew(&mut self, replica: usize) {
        self.note(|| format!("      route {replica} begins anew"));
        self.anew[replica] = true;
        self.replicas[replica].put_back = false;
        let (model, seen) = (&self.replicas[replica], self.seen_by(replica));
        let is_together = |path: &str| self.payload.as_ref().is_some_and(|payload| payload.was_together(path));
        let is_right = |path: &String, leaf: &Leaf| {
            model.tree.get(path) == Some(leaf)
                && !self.archive.rotten.contains_key(path)
                && !self.unreadable.contains(path)
                && !self.cancelled[replica].contains(path)
                && !self.purged[replica].contains(path)
                && !is_together(path)
        };
        let right = seen.now.iter().filter(|(path, leaf)| is_right(path, leaf));
        let items = right.map(|(path, leaf)| (path.clone(), (*leaf, self.states(replica, path)))).collect();
        let records = self.chain_of(0).unwrap_or_default().records.len();
        self.right[replica] = Some(Right { items, records });
    }

    /// Nothing is sent again that lay right on the replica when its route began anew, and lies there right (P12). A command that was
    /// struck may have lost the question or the answer: then this is given up.
    pub(super) fn nothing_right_travels(&mut self, chain: &Chain) -> Result<(), Violation> {
        let away = self.archive_away();
        let unasked = self.not_to_be_asked_about();
        for replica in 0..self.replicas.len() {
            let route = self.route(replica);
            // What the source does not see while its archive is away it cannot ask about either: back, it is new.
            self.right[replica] = self.right[replica].take().filter(|_| !away);
            let Some(right) = &mut self.right[replica] else { continue };
            // What could not be read could not be asked about either; what the weather spoilt since has to travel, and so does what the
            // inventory of a source that went back had dropped: once it is there again it may come a second time.
            let model = &self.replicas[replica];
            right.items.retain(|path, (leaf, _)| !unasked.contains(path) && !model.spoilt.contains_key(path) && model.tree.get(path) == Some(leaf));
            let sent = chain.sent(&route, right.records);
            right.records = chain.records.len();
            let Some(right) = &self.right[replica] else { continue };
            let (model, seen) = (&self.replicas[replica], self.seen_by(replica));
            let is_right = |path: &String| {
                let leaf = right.items.get(path).filter(|(_, states)| *states == self.states(replica, path)).map(|(leaf, _)| leaf);
                leaf.is_some() && leaf == seen.now.get(path) && leaf == model.tree.get(path) && !self.archive.rotten.contains_key(path)
            };
            if let Some(path) = sent.iter().find(|path| is_right(path)) {
                return Err(Violation::new("P12", format!("{path} lies right on replica {replica} since its route began anew, and was sent again")));
            }
        }
        Ok(())
    }

    /// A copy of a home is started elsewhere, carries one medium, and is shut down again. What it holds is gone with it.
    pub(super) fn second_copy(&mut self, step: &Step, home: usize, medium: usize) -> Result<(), Violation> {
        let (disk, indexes) = (self.disk.snapshot(), self.indexes.snapshot());
        let Some(chain) = self.chain_of(home) else { return Ok(()) };
        let before = self.files_on(medium);
        let options = CarryOptions { medium: self.medium(medium), ..CarryOptions::default() };
        let path = self.homes[home].path.clone();
        drop(self.world_of(home));
        let entropy = SimEntropy::new(step.draw);
        let world = outer(&self.disk, &self.indexes, &self.homes[home].clock, entropy, &Arc::<Notices>::default());
        let carried = driver::carry(&world, &path, &options).is_ok();
        drop(world);
        let files = self.files_on(medium);
        let crossed = files.symmetric_difference(&before).any(|name| name.ends_with(".gfp") || name.ends_with(".gfr"));
        let copied = self.chain_of(home).unwrap_or_default();
        self.numbers[home].forked(&chain);
        self.numbers[home].look(&copied).map_err(|seen| Violation::new("P12", format!("a copy of home {home}: {seen}")))?;
        if home > 0 {
            let tree = self.replica_tree(home - 1, false);
            self.replicas[home - 1].held.extend(tree);
        }
        let volumes = self.volumes_of(home);
        self.disk.restore_volumes(&disk, &volumes);
        self.indexes.restore(&indexes);
        self.note(|| format!("      a copy of home {home}, medium {medium}: {carried} {crossed}"));
        if !crossed {
            return Ok(());
        }
        let kind = if home == 0 { "source-copied" } else { "replica-copied" };
        self.counts.fault(kind);
        let state = &mut self.homes[home];
        (state.put_back, state.went_back, state.fork_news) = (true, true, Some(kind));
        if home > 0 {
            self.replicas[home - 1].put_back = true;
        } else {
            self.replicas.iter_mut().for_each(|replica| replica.of_two_branches = true);
        }
        for name in before.difference(&files) {
            // Nobody else had what it took with it.
            self.served.remove(name);
        }
        Ok(())
    }
}
