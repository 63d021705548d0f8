//! Keys that change (spec/keys.md): announced and confirmed by what is carried, switched at once with a card that people bring, stolen
//! and revoked from a number on or at all.
//!
//! A generation that was only announced locks nobody out, whatever is lost, late or put in another order: then no refusal has a
//! reason. Only what people do beside the way, and homes that went back, give one.

use super::World;
use super::ground::Ground;
use super::strikes::Ended;
use crate::model::replica::Violation;
use crate::weather::plan::{Step, Strike};
use driver::report::{KeysReport, RouteStatus};

/// What the world knows of the keys of a home.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyState {
    /// It signs with keys of which the others have no card yet.
    pub card_due: bool,
    /// A change of its keys at once was cut short: it is given again.
    pub cut_short: bool,
    /// Some of its keys are revoked elsewhere from the first number on: what they signed is refused.
    pub revoked: bool,
    /// It refused files because their keys do not count at their number, or are not known.
    pub refuses: bool,
    /// A change of keys that nobody has seen the effect of.
    pub news: Option<&'static str>,
}

fn failed(what: &str, failure: &driver::Failure) -> Violation {
    Violation::new("command", format!("{what}: {failure}"))
}

impl World {
    fn others(&self, home: usize) -> Vec<usize> {
        if home == 0 { (1..self.homes.len()).collect() } else { vec![0] }
    }

    /// The next generation of keys is made. `at_once`: it signs from now on, and people bring its card, sooner or later.
    pub(super) fn rotate(&mut self, step: &Step, home: usize, at_once: bool, strike: Option<Strike>) -> Result<Option<KeysReport>, Violation> {
        if self.homes[home].keys.card_due {
            // Whoever changes keys again has brought the last card: later nobody could.
            self.bring_card(home)?;
        }
        let path = self.homes[home].path.clone();
        let ran = self.run(step, home, strike, None, &|world| driver::keys_rotate(world, &path, at_once, "their time has come"))?;
        self.note(|| format!("      keys of home {home}, at once {at_once}: {}", ran.word()));
        self.counts.fault("keys-rotated");
        let keys = &mut self.homes[home].keys;
        keys.news = Some("keys-rotated");
        keys.card_due |= at_once;
        keys.cut_short = at_once && ran.struck;
        match ran.ended {
            Ended::Failed(failure) if !ran.struck => Err(failed("keys rotate", &failure)),
            Ended::Done(report) if !ran.struck => Ok(Some(report)),
            _ => Ok(None),
        }
    }

    /// People bring the newest card of a home to the other zones and compare its fingerprint.
    pub(super) fn bring_card(&mut self, home: usize) -> Result<(), Violation> {
        let card = driver::card(&self.world_of(home), &self.homes[home].path).map_err(|failure| failed("card", &failure))?;
        self.homes[home].keys.card_due = false;
        if card.generation == 1 {
            return Ok(());
        }
        self.note(|| format!("      the card of home {home}, generation {}, is brought", card.generation));
        let disk = self.disk.clone();
        let ground = Ground::at(&disk, &self.places.gateway_volume);
        for other in self.others(home) {
            ground.overwrite("card", card.card.as_bytes());
            let (world, path, file) = (self.world_of(other), self.homes[other].path.clone(), self.places.gateway_volume.join("card"));
            driver::trust_replacing(&world, &path, &file, &card.fingerprint, &card.zone).map_err(|failure| failed("trust --replaces", &failure))?;
            ground.remove_here("card");
        }
        ground.settle();
        Ok(())
    }

    /// The keys of a home are stolen: new ones sign at once, people bring their card and revoke the old ones, from the switch on or at all.
    pub(super) fn stolen(&mut self, step: &Step, home: usize, at_all: bool) -> Result<(), Violation> {
        let old = driver::card(&self.world_of(home), &self.homes[home].path).map_err(|failure| failed("card", &failure))?;
        let Some(report) = self.rotate(step, home, true, None)? else { return Ok(()) };
        self.bring_card(home)?;
        self.counts.fault("keys-revoked");
        self.homes[home].keys.news = Some("keys-revoked");
        for other in self.others(home) {
            let route = self.route(home.max(other) - 1);
            let switched = report.routes.iter().find(|one| one.route == route).map_or(1, |one| one.from);
            let from = if at_all { 1 } else { switched };
            let (world, path) = (self.world_of(other), self.homes[other].path.clone());
            let revoked = driver::keys_revoke(&world, &path, &old.zone, &old.fingerprint, from, &[route], "stolen");
            self.note(|| format!("      home {other} revokes generation {} of home {home} from {from} on: {}", old.generation, revoked.is_ok()));
            match revoked {
                // It went back to when it did not know them, or never learned of them: then there is nothing to revoke.
                Err(failure) if failure.0.code != "USE-01" || !self.homes[other].went_back && !self.homes[home].went_back && old.generation == 1 => {
                    return Err(failed("keys revoke", &failure));
                }
                _ => {}
            }
        }
        self.homes[home].keys.revoked |= at_all;
        Ok(())
    }

    /// After a home went back, the people of both sides compare their cards. A generation that one side never had, or does not
    /// have any more, is replaced by one that both know.
    pub(super) fn compare_cards(&mut self, step: &mut dyn FnMut() -> Step) -> Result<(), Violation> {
        for home in 0..self.homes.len() {
            if self.homes[home].keys.cut_short {
                self.rotate(&step(), home, true, None)?;
            }
            if self.homes[home].keys.card_due {
                self.bring_card(home)?;
            }
        }
        for replica in 0..self.replicas.len() {
            if !self.homes[0].went_back && !self.homes[replica + 1].went_back {
                continue;
            }
            for (home, other) in [(0, replica + 1), (replica + 1, 0)] {
                let (ours, theirs) = (self.status(home)?, self.of_route(other, replica)?);
                let card = driver::card(&self.world_of(home), &self.homes[home].path).map_err(|failure| failed("card", &failure))?;
                let is_another = card.fingerprint != theirs.keys.other_fingerprint;
                // Which keys count from which number, one side has forgotten (spec/backup.md): the next ones count from here.
                let is_another = is_another || self.homes[other].keys.refuses;
                // Nor is what it announced since signed by keys that count, where those were revoked after the day it went back to.
                let went_back = self.homes[other].went_back || self.homes[home].went_back;
                if ours.generation <= theirs.keys.other_keys && is_another || ours.generation > theirs.keys.other_keys && went_back {
                    self.rotate(&step(), home, true, None)?;
                    self.bring_card(home)?;
                }
            }
        }
        self.homes.iter_mut().for_each(|home| home.keys.refuses = false);
        Ok(())
    }

    pub(super) fn of_route(&mut self, home: usize, replica: usize) -> Result<RouteStatus, Violation> {
        let (status, name) = (self.status(home)?, self.route(replica));
        Ok(status.routes.into_iter().find(|one| one.route == name).unwrap_or_default())
    }

    /// How the keys of a route are not at their end: each side signs with its newest ones, and the other knows them.
    pub(super) fn keys_open(&mut self, replica: usize) -> Result<String, Violation> {
        for (home, other) in [(0, replica + 1), (replica + 1, 0)] {
            let generation = self.status(home)?.generation;
            let (ours, theirs) = (self.of_route(home, replica)?, self.of_route(other, replica)?);
            if generation != theirs.keys.other_keys || ours.keys.unconfirmed.is_some() || ours.keys.signs != generation {
                let known = theirs.keys.other_keys;
                return Ok(format!("home {home} has keys of generation {generation}, signs with {}, home {other} knows {known}", ours.keys.signs));
            }
        }
        for home in [0, replica + 1] {
            if let Some(kind) = self.homes[home].keys.news.take() {
                self.counts.altered(kind);
            }
        }
        Ok(String::new())
    }

    /// Whether a file may be refused for its keys.
    pub(super) fn keys_excuse(&self, home: usize, code: &str) -> bool {
        let mut others = self.others(home).into_iter();
        match code {
            "ENV-19" | "MED-01" => others.any(|other| self.homes[other].keys.card_due),
            "PKG-16" | "RCT-09" => others.any(|other| self.homes[other].keys.revoked),
            _ => false,
        }
    }
}
