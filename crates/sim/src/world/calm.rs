//! After the weather: clocks are right, the archive is mended, each replica is scrubbed once, and then nobody does anything but
//! carry, and agree where a route stands: for more changes than it allows, or for a home that went back or was copied. Within
//! [`ROUNDS_MAX`] rounds every replica must equal its archive and the source must call all of it done.

use super::World;
use super::commands::stopped;
use super::ground::Ground;
use crate::model::archive::Leaf;
use crate::model::replica::Violation;
use crate::weather::plan::{Shape, Step};
use crate::weather::random::Random;
use driver::report::StatusReport;
use std::collections::BTreeMap;

/// Rounds of carrying after the weather. A round is one medium there and back, and the gateway there and back. One or two
/// are enough unless a delta's base was spoilt, or large documents go in parts over small media.
pub const ROUNDS_MAX: u16 = 24;
/// What a round of the calm takes, ns: what was lost becomes overdue.
const ROUND_NS: i64 = 2 * 86_400 * 1_000_000_000;
/// Rounds after which people see that the two sides of a route refuse one another.
const ROUNDS_OF_REFUSAL: u16 = 5;
/// Rounds within which what is not right is read, told, and sent again, where nobody scrubs.
const ROUNDS_OF_PERIOD: u16 = 10;
/// The same where nobody scrubs, ns: ten of them and one more are the period and a tenth, of 90 days.
const LONG_ROUND_NS: i64 = 10 * 86_400 * 1_000_000_000;

impl World {
    pub(super) fn calm(&mut self) -> Result<(), Violation> {
        let Shape { media, by_medium, .. } = self.shape;
        let mut number = u16::MAX / 2;
        let mut draws = Random::of(self.time.unsigned_abs());
        // Half of the worlds have nobody who scrubs: then what is read by the way, within its period, must find all of it.
        let by_the_way = draws.one_in(2);
        let mut step = move || {
            number += 1;
            Step { number, act: crate::weather::plan::Act::Mend, draw: draws.number() }
        };
        for home in 0..self.homes.len() {
            self.clock(home, None);
        }
        self.mend();
        // What a home that went back had read it may not know any more.
        let mut rots = by_the_way && !self.homes[0].went_back;
        if !rots {
            self.mend_rot();
        }
        self.late.clear();
        let round_ns = if by_the_way { LONG_ROUND_NS } else { ROUND_NS };
        for replica in (0..self.replicas.len()).filter(|_| !by_the_way) {
            // The first may only bring to its end what an interrupted one began.
            self.scrub(&step(), replica, None)?;
            self.scrub(&step(), replica, None)?;
        }
        let mut open = String::new();
        for round in 0..ROUNDS_MAX {
            self.time += round_ns;
            if round > 0 && round % ROUNDS_OF_REFUSAL == 0 {
                self.end_mutual_refusal(&mut step)?;
            }
            self.refused_lives.clear();
            self.compare_cards(&mut step)?;
            let medium = usize::from(round) % usize::from(media);
            if self.unfit_media.remove(&medium) {
                // Its label is sealed with keys that a home lost when it went back, revoked keys have signed what is on it, or packages that no
                // ledger knows any more take its room: people take another one, as they are told.
                self.wipe(medium);
            }
            self.carry_source(&step(), medium, None)?;
            if self.people_agree(&mut step)? {
                self.carry_source(&step(), medium, None)?;
            }
            self.gateway_out(&step(), None)?;
            for again in [false, true] {
                if again && !self.people_agree(&mut step)? {
                    break;
                }
                for replica in 0..usize::from(by_medium) {
                    self.carry_replica(&step(), replica, medium, None)?;
                }
                self.gateway_in(&step(), None)?;
            }
            self.carry_source(&step(), medium, None)?;
            self.gateway_out(&step(), None)?;
            open = self.open_routes()?;
            if rots && (round > ROUNDS_OF_PERIOD || self.archive.rotten.keys().all(|path| self.rot_found.contains(path))) {
                if let Some(path) = self.archive.rotten.keys().find(|path| !self.rot_found.contains(*path)) {
                    return Err(Violation::new("scrub", format!("{path} rots in the archive, and was not found within the period")));
                }
                self.mend_rot();
                rots = false;
            } else if open.is_empty() && !rots {
                break;
            }
        }
        if !open.is_empty() {
            for medium in 0..usize::from(media) {
                let tree = Ground::at(&self.disk, &self.places.media[medium]).tree();
                let lines = tree.iter().map(|(path, leaf)| format!("      medium {medium}: {path}, {} bytes", leaf.bytes));
                self.note(|| lines.collect::<Vec<_>>().join("\n"));
            }
            return Err(Violation::new("P2", format!("not the same after {ROUNDS_MAX} rounds of calm: {open}")));
        }
        for replica in 0..self.replicas.len() {
            self.nothing_withheld_is_named(replica)?;
        }
        for home in 0..self.homes.len() {
            self.homes[home].chain_bytes = 0;
            self.chain_holds(home)?;
            self.rebuild(&step(), home)?;
        }
        Ok(())
    }

    /// Which routes are not at their end.
    fn open_routes(&mut self) -> Result<String, Violation> {
        let mut open = String::new();
        let statuses = self.statuses()?;
        for replica in 0..self.replicas.len() {
            let stops = [stopped(&statuses[0], &self.route(replica)), stopped(&statuses[replica + 1], &self.route(replica))];
            if let Some(code) = stops.iter().flatten().next() {
                open += &format!("route {replica} stands stopped by {code}; ");
                continue;
            }
            let why = match self.differs(replica, &statuses[0])? {
                same if same.is_empty() => self.keys_open(replica)?,
                why => why,
            };
            if !why.is_empty() {
                open += &format!("route {replica}: {why}; ");
            }
        }
        Ok(open)
    }

    /// Both homes of a route were copied, both stopped for the other, and people on both sides agreed not to follow the life that the
    /// other still has: each refuses what the other says (FRK-06), as long as nobody does what it advises.
    fn end_mutual_refusal(&mut self, step: &mut dyn FnMut() -> Step) -> Result<(), Violation> {
        for replica in 0..self.replicas.len() {
            let refuses = |home: usize| self.refused_lives.contains(&(home, self.routes[replica].clone()));
            if refuses(0) && refuses(replica + 1) && !self.differs(replica, &self.status(0)?)?.is_empty() {
                self.rebase(&step(), replica + 1, replica, true, None)?;
            }
        }
        Ok(())
    }

    /// People look where a route stands, agree, and say whether anything stood.
    fn people_agree(&mut self, step: &mut dyn FnMut() -> Step) -> Result<bool, Violation> {
        let stands = self.statuses()?.iter().any(|status| status.routes.iter().any(|route| route.stopped.is_some()));
        if stands {
            self.agree(&step(), None)?;
            self.release(&step())?;
        }
        Ok(stands)
    }

    /// How a replica differs from the archive, or the source's opinion of it from what is.
    fn differs(&self, replica: usize, status: &StatusReport) -> Result<String, Violation> {
        let route = self.route(replica);
        let counts = status.routes.iter().find(|one| one.route == route).map(|one| one.items).unwrap_or_default();
        let (model, seen) = (&self.replicas[replica], self.seen_by(replica));
        // What the route does not carry is withdrawn also where it was given up.
        let carries = |path: &str| self.payload.is_none() || !self.archive.now.contains_key(path) || seen.now.contains_key(path);
        let given_up = |path: &str| self.cancelled[replica].contains(path) && carries(path);
        // Of what no ledger knows any more only that stays which nobody claims.
        let is_stray = |path: &String, leaf: &Leaf| {
            let stray = model.strays.get(path).is_some_and(|stray| stray == leaf || model.planted.contains(&(path.clone(), leaf.digest)));
            stray && !seen.now.contains_key(path)
        };
        let of_items = |tree: &BTreeMap<String, Leaf>| {
            tree.iter()
                .filter(|(path, leaf)| !given_up(path) && !model.extras.contains(*path) && !is_stray(path, leaf))
                .map(|(path, leaf)| (path.clone(), *leaf))
                .collect::<BTreeMap<_, _>>()
        };
        let (is, must) = (of_items(&model.tree), of_items(&seen.now));
        if is != must {
            let first =
                must.iter().find(|(path, leaf)| is.get(*path) != Some(leaf)).map(|(path, leaf)| format!("{path} must be {leaf:?}, is {:?}", is.get(path)));
            let first = first.or_else(|| is.keys().find(|path| !must.contains_key(*path)).map(|path| format!("{path} must not be there")));
            return Ok(format!("{} (source: {counts:?})", first.unwrap_or_default()));
        }
        if counts.done + counts.cancelled != counts.total {
            return Ok(format!("the trees are equal, and the source says {counts:?}"));
        }
        Ok(String::new())
    }
}
