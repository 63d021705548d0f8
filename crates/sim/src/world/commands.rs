//! The commands that people and daemons give, and what may come of them: every problem must have a reason that the weather
//! gave.

use super::World;
use super::strikes::{Ended, Ran};
use crate::model::replica::Violation;
use crate::weather::plan::{Step, Strike};
use crate::weather::random::Random;
use driver::report::{ApplyReport, CarryReport, Problem, StatusReport};
use driver::{CarryOptions, Chosen, Failure, ItemsOptions, PurgeOptions, ReceiptForm, ScrubOptions};
use std::collections::BTreeSet;

impl World {
    /// `carry` on the source.
    pub(super) fn carry_source(&mut self, step: &Step, medium: usize, strike: Option<Strike>) -> Result<(), Violation> {
        let options =
            CarryOptions { medium: self.medium(medium), medium_size: self.shape.small_media.then_some(super::SMALL_MEDIUM_BYTES), ..CarryOptions::default() };
        let before = self.files_on(medium);
        let path = self.homes[0].path.clone();
        let begun = strike.map(|_| self.begun_anew());
        let ran = self.run(step, 0, strike, Some(medium), &|world| driver::carry(world, &path, &options))?;
        let (problems, looked) = match &ran.ended {
            Ended::Done(report) => (source_problems(report), true),
            Ended::Failed(failure) => (vec![failure.0.clone()], false),
            Ended::Died => (Vec::new(), false),
        };
        self.note(|| format!("      source, medium {medium}: {} {:?}", ran.word(), codes(&problems)));
        self.states_differ(&ran.notices, begun);
        self.remember_written();
        self.medium_shows_nothing(medium)?;
        if let Ended::Done(report) = &ran.ended {
            self.taken_at_source(medium, &before, &ran, report);
        }
        self.mishaps_show(&problems);
        let unfit = |problem: &Problem| problem.code == "MED-01" || problem.code == "MED-04" && self.homes[0].went_back;
        self.unfit_media.extend(problems.iter().any(unfit).then_some(medium));
        self.excused(0, &problems, ran.struck)?;
        self.look_at_source(looked && !ran.struck && self.away.is_none(), ran.clean())
    }

    /// `carry` on a replica.
    pub(super) fn carry_replica(&mut self, step: &Step, replica: usize, medium: usize, strike: Option<Strike>) -> Result<(), Violation> {
        let receipt = match Random::of(step.draw).below(3) {
            0 => Some(ReceiptForm::Full),
            1 => Some(ReceiptForm::Digest),
            _ => None,
        };
        let options = CarryOptions { medium: self.medium(medium), receipt, ..CarryOptions::default() };
        let path = self.homes[replica + 1].path.clone();
        let ran = self.run(step, replica + 1, strike, Some(medium), &|world| driver::carry(world, &path, &options))?;
        let problems = match &ran.ended {
            Ended::Done(report) => report.applied.as_ref().map(|applied| applied.problems.clone()).unwrap_or_default(),
            // A blank medium has nothing for a replica.
            Ended::Failed(failure) if failure.0.code == "MED-02" && self.no_folder(medium) => Vec::new(),
            Ended::Failed(failure) => vec![failure.0.clone()],
            Ended::Died => Vec::new(),
        };
        self.note(|| format!("      replica {replica}, medium {medium}: {} {:?}", ran.word(), codes(&problems)));
        let applied = if let Ended::Done(CarryReport { applied: Some(applied), .. }) = &ran.ended { Some(applied) } else { None };
        if let Some(applied) = applied {
            self.taken_at_replica(replica, applied);
        }
        self.rebuilt_is_right(replica, applied, ran.struck)?;
        self.unfit_media.extend(problems.iter().any(|problem| matches!(problem.code, "MED-01" | "PKG-16")).then_some(medium));
        self.excused(replica + 1, &problems, ran.struck)?;
        self.look_at_replica(replica, ran.clean())
    }

    /// A round of the source's daemon.
    pub(super) fn gateway_out(&mut self, step: &Step, strike: Option<Strike>) -> Result<(), Violation> {
        if !self.shape.gateway {
            return Ok(());
        }
        let path = self.homes[0].path.clone();
        let begun = strike.map(|_| self.begun_anew());
        let ran = self.run(step, 0, strike, None, &|world| driver::gateway_round_source(world, &path))?;
        let problems = match &ran.ended {
            Ended::Done(report) => report.problems.clone(),
            Ended::Failed(failure) => vec![failure.0.clone()],
            Ended::Died => Vec::new(),
        };
        self.note(|| format!("      source, gateway: {} {:?}", ran.word(), codes(&problems)));
        self.states_differ(&ran.notices, begun);
        self.refused(&problems);
        self.mishaps_show(&problems);
        self.excused(0, &problems, ran.struck)?;
        let looked = ran.clean() && self.away.is_none();
        self.look_at_source(looked, ran.clean())
    }

    /// A round of the daemon of the replica behind the gateway.
    pub(super) fn gateway_in(&mut self, step: &Step, strike: Option<Strike>) -> Result<(), Violation> {
        if !self.shape.gateway {
            return Ok(());
        }
        let replica = usize::from(self.shape.by_medium);
        let path = self.homes[replica + 1].path.clone();
        let ran = self.run(step, replica + 1, strike, None, &|world| driver::gateway_round_replica(world, &path))?;
        let problems = match &ran.ended {
            Ended::Done(report) => report.problems.clone(),
            Ended::Failed(failure) => vec![failure.0.clone()],
            Ended::Died => Vec::new(),
        };
        self.note(|| format!("      replica {replica}, gateway: {} {:?}", ran.word(), codes(&problems)));
        self.refused(&problems);
        self.excused(replica + 1, &problems, ran.struck)?;
        self.look_at_replica(replica, ran.clean())
    }

    /// `scrub` on a replica.
    pub(super) fn scrub(&mut self, step: &Step, replica: usize, strike: Option<Strike>) -> Result<(), Violation> {
        let path = self.homes[replica + 1].path.clone();
        let options = ScrubOptions::default();
        let ran = self.run(step, replica + 1, strike, None, &|world| driver::scrub(world, &path, &options))?;
        let (problems, damaged, resumed) = match &ran.ended {
            Ended::Done(report) => (report.problems.clone(), report.damaged.iter().map(|one| one.item.to_string()).collect(), report.resumed),
            Ended::Failed(failure) => (vec![failure.0.clone()], Vec::new(), 0),
            Ended::Died => (Vec::new(), Vec::new(), 0),
        };
        self.note(|| format!("      scrub {replica}: {} {:?} {damaged:?}", ran.word(), codes(&problems)));
        self.excused(replica + 1, &problems, ran.struck)?;
        if ran.clean() {
            // One that goes on where an interrupted one was reads nothing twice.
            self.scrubbed(replica, &damaged, resumed == 0)?;
        }
        self.look_at_replica(replica, ran.clean())
    }

    /// `capture --deep`: rot at the source is found, and nothing else is called so.
    pub(super) fn deep(&mut self, step: &Step) -> Result<(), Violation> {
        let path = self.homes[0].path.clone();
        let ran = self.run(step, 0, None, None, &|world| driver::capture(world, &path, true))?;
        let Ended::Done(report) = &ran.ended else { return self.look_at_source(false, ran.clean()) };
        let problems = report.problems.clone();
        let rotten: Vec<String> = report.archives.iter().flat_map(|archive| &archive.rotten).map(ToString::to_string).collect();
        self.note(|| format!("      deep: {:?} rotten {rotten:?}", codes(&problems)));
        self.excused(0, &problems, ran.struck)?;
        for path in &rotten {
            if !self.archive.rotten.contains_key(path) {
                return Err(Violation::new("P11", format!("{path} is called rotten and is not")));
            }
        }
        let missed = self.archive.rotten.keys().find(|path| !rotten.contains(path) && !self.unreadable.contains(*path));
        if let Some(path) = missed.filter(|_| ran.clean() && self.away.is_none() && !self.homes[0].went_back) {
            return Err(Violation::new("scrub", format!("{path} rots in the archive, and capture --deep did not find it")));
        }
        if !rotten.is_empty() && self.news.remove("archive-rot") {
            self.counts.altered("archive-rot");
        }
        self.look_at_source(self.away.is_none(), ran.clean())
    }

    /// The index is made anew, and must hold what it held, row by row, and say what it said (P5).
    pub(super) fn rebuild(&mut self, step: &Step, home: usize) -> Result<(), Violation> {
        let path = self.homes[home].path.clone();
        let index = path.join("index");
        let world = self.world_of(home);
        let says = || driver::items(&world, &path, &ItemsOptions::default()).map(|report| serde_json::to_string(&report).unwrap_or_default());
        // Looking closes the index that an interruption left open, or that the weather spoilt.
        let (said, had) = (says().map_err(|failure| Violation::new("command", format!("items of home {home}: {failure}")))?, self.indexes.rows(&index));
        let ran = self.run(step, home, None, None, &|world| driver::ledger_rebuild(world, &path))?;
        if let Ended::Failed(failure) = &ran.ended {
            return self.excused(home, std::slice::from_ref(&failure.0), ran.struck);
        }
        let (Some((had, known)), Some((rows, cursor))) = (had, self.indexes.rows(&index)) else {
            return Err(Violation::new("P5", format!("the index of home {home} was not closed")));
        };
        let differs = had.iter().find(|(key, place)| rows.get(*key) != Some(place)).or_else(|| rows.iter().find(|(key, _)| !had.contains_key(*key)));
        if known != cursor || differs.is_some() {
            let (before, after) = (had.len(), rows.len());
            return Err(Violation::new(
                "P5",
                format!("the index of home {home} had {before} rows up to {known:?}, made anew it has {after} up to {cursor:?}; {differs:?}"),
            ));
        }
        if says().ok().as_ref() != Some(&said) {
            return Err(Violation::new("P5", format!("the items of home {home} are others since its index was made anew")));
        }
        self.counts.rebuilt += 1;
        Ok(())
    }

    /// Somebody asks for items again.
    pub(super) fn resend(&mut self, step: &Step, random: &mut Random) -> Result<(), Violation> {
        let Some((replica, item)) = self.some_item(random) else { return Ok(()) };
        let (path, route) = (self.homes[0].path.clone(), self.route(replica));
        let chosen = Chosen::Items(vec![item.clone()]);
        let ran = self.run(step, 0, None, None, &|world| driver::resend(world, &path, &route, &chosen, "asked for"))?;
        self.note(|| format!("      resend {item} to {replica}: {}", ran.word()));
        if ran.clean() {
            self.cancelled[replica].remove(&item);
        }
        self.right[replica] = None;
        self.look_at_source(false, ran.clean())
    }

    /// Somebody gives an item up.
    pub(super) fn cancel(&mut self, step: &Step, random: &mut Random) -> Result<(), Violation> {
        let Some((replica, item)) = self.some_item(random) else { return Ok(()) };
        let (path, route) = (self.homes[0].path.clone(), self.route(replica));
        let chosen = Chosen::Items(vec![item.clone()]);
        let ran = self.run(step, 0, None, None, &|world| driver::cancel(world, &path, &route, &chosen, "given up"))?;
        self.note(|| format!("      cancel {item} for {replica}: {}", ran.word()));
        if ran.clean() {
            self.cancelled[replica].insert(item);
        }
        self.look_at_source(false, ran.clean())
    }

    /// Somebody asks that nothing older of an item be left. That it ends is seen when all is calm: until it is proven, its item is not done.
    pub(super) fn purge(&mut self, step: &Step, random: &mut Random) -> Result<(), Violation> {
        let Some((replica, item)) = self.some_item(random) else { return Ok(()) };
        let path = self.homes[0].path.clone();
        let options = PurgeOptions { routes: vec![self.route(replica)], items: vec![item.clone()], reason: "wrong".into(), ..PurgeOptions::default() };
        let ran = self.run(step, 0, None, None, &|world| driver::purge(world, &path, &options))?;
        self.note(|| format!("      purge {item} at {replica}: {}", ran.word()));
        if ran.clean() {
            self.cancelled[replica].remove(&item);
            self.purged[replica].insert(item);
        }
        self.right[replica] = None;
        self.look_at_source(false, ran.clean())
    }

    fn some_item(&self, random: &mut Random) -> Option<(usize, String)> {
        let replica = usize::try_from(random.below(self.known.len() as u64)).expect("small");
        let mut items: Vec<&String> = self.known[replica].keys().collect();
        items.sort();
        random.pick(&items).map(|item| (replica, (*item).clone()))
    }

    /// People agree wherever a breaker stands, on either side.
    pub(super) fn release(&mut self, step: &Step) -> Result<(), Violation> {
        for replica in 0..self.replicas.len() {
            for home in [0, replica + 1] {
                // Whoever agrees looks first: where another folder lies in the place of the archive, that would be agreed to as well.
                if home == 0 && self.archive_away() || !matches!(self.stopped(home, replica)?.as_deref(), Some("SRC-03" | "SRC-08" | "RPL-01")) {
                    continue;
                }
                let (path, route) = (self.homes[home].path.clone(), self.route(replica));
                let ran = self.run(step, home, None, None, &|world| driver::breaker_release(world, &path, &route, "it was meant"))?;
                self.note(|| format!("      release {route} at home {home}: {}", ran.word()));
                if let Some(mass) = &mut self.mass {
                    mass.agreed[replica] = true;
                }
            }
        }
        Ok(())
    }

    /// Why a route stands still at a home. That depends on its ledger, and not on when it is asked.
    pub(super) fn stopped(&mut self, home: usize, replica: usize) -> Result<Option<String>, Violation> {
        let (route, end) = (self.route(replica), self.ledger_end(home));
        if let Some((_, said)) = self.said.borrow().iter().find(|((of, _, _, then), _)| *of == home && *then == end) {
            return Ok(stopped(said, &route));
        }
        Ok(stopped(&self.status(home)?, &route))
    }

    /// What `status` says at a home. At the same time, with the same ledger, it says the same again.
    pub(super) fn status(&self, home: usize) -> Result<StatusReport, Violation> {
        let about = (home, self.time, self.homes[home].clock_trouble, self.ledger_end(home));
        if let Some((_, said)) = self.said.borrow().iter().find(|(then, _)| *then == about) {
            return Ok(said.clone());
        }
        let told = driver::status(&self.world_of(home), &self.homes[home].path);
        let told = told.map_err(|failure| Violation::new("command", format!("status of home {home}: {failure}")))?;
        let mut said = self.said.borrow_mut();
        said.retain(|((of, ..), _)| *of != home);
        said.push((about, told.clone()));
        Ok(told)
    }

    /// What it says at every home.
    pub(super) fn statuses(&self) -> Result<Vec<StatusReport>, Violation> {
        (0..self.homes.len()).map(|home| self.status(home)).collect()
    }

    /// The source found that a replica is not in the state that its receipts have proven, and asks for what it holds. A command that was struck
    /// may have come no further than to its ledger, and said nothing: `begun` is how often each route had begun anew before it.
    fn states_differ(&mut self, notices: &[(&'static str, String)], begun: Option<Vec<usize>>) {
        let noticed = notices.iter().filter(|(code, _)| *code == "state-differs");
        let mut differ: BTreeSet<usize> = noticed.filter_map(|(_, route)| self.routes.iter().position(|one| one == route)).collect();
        if let Some(begun) = begun {
            let now = self.begun_anew();
            differ.extend((0..now.len()).filter(|replica| now[*replica] > begun[*replica]));
        }
        for replica in differ {
            self.begins_anew(replica);
            // The same command went on after it; and until the answer nobody can tell what a reading must find.
            self.right[replica] = None;
            self.homes[replica + 1].went_back = true;
        }
    }

    /// What befell the archive shows in a report of the source; what befell a home, in a fork that is named.
    fn mishaps_show(&mut self, problems: &[Problem]) {
        self.rot_found.extend(problems.iter().filter(|problem| problem.code == "SRC-06").map(|problem| problem.subject.clone()));
        for problem in problems {
            let kind = match problem.code {
                "SRC-01" => "archive-unmounted",
                "SRC-02" => "archive-emptied",
                "SRC-05" => "archive-unreadable",
                "SRC-06" => "archive-rot",
                "SRC-10" => "archive-elsewhere",
                _ => continue,
            };
            if self.news.remove(kind) {
                self.counts.altered(kind);
            }
        }
    }

    /// Every problem has a reason.
    pub(super) fn excused(&mut self, home: usize, problems: &[Problem], struck: bool) -> Result<(), Violation> {
        for problem in problems {
            if problem.code.starts_with("FRK-") {
                for kind in self.homes.iter_mut().filter_map(|home| home.fork_news.take()) {
                    self.counts.altered(kind);
                }
            }
            if matches!(problem.code, "PKG-16" | "RCT-09") {
                for kind in self.homes.iter_mut().filter_map(|home| home.keys.news.take_if(|kind| *kind == "keys-revoked")) {
                    self.counts.altered(kind);
                }
            }
            if problem.code == "FRK-06" {
                self.refused_lives.insert((home, problem.subject.clone()));
            }
            self.homes[home].keys.refuses |= matches!(problem.code, "PKG-17" | "RCT-10" | "ENV-19" | "MED-01");
            if !self.is_excused(home, problem, struck) {
                return Err(Violation::new("command", format!("home {home}: {} without a reason: {}: {}", problem.code, problem.subject, problem.detail)));
            }
        }
        Ok(())
    }

    fn is_excused(&self, home: usize, problem: &Problem, struck: bool) -> bool {
        let put_back = |replica: usize| self.homes[0].went_back || self.homes[replica + 1].went_back;
        // A receipt that was late for months may be of the route that a replica had before it was set up anew.
        let of_route = |subject: &str| (0..self.replicas.len()).find(|replica| subject.split('.').next() == Some(&super::scene::route_name(*replica)));
        let views = (0..self.replicas.len()).map(|replica| self.seen_by(replica));
        let changed = views.chain([&self.archive]).any(|archive| archive.changes.len() as u64 > BREAKER_ALLOWED);
        match (problem.code, problem.code.split('-').next().unwrap_or_default()) {
            ("FRK-01" | "FRK-02" | "FRK-03" | "FRK-04", _) => of_route(&problem.subject).is_some_and(put_back),
            ("PAR-01", _) => self.shape.parity,
            (code @ ("ENV-19" | "MED-01" | "PKG-16" | "RCT-09"), _) if self.keys_excuse(home, code) => true,
            ("FRK-06", _) => (0..self.replicas.len()).any(put_back),
            (_, "LDG" | "USE" | "CRD") => false,
            ("MED-01", _) => struck || (0..self.replicas.len()).any(put_back),
            (_, "ENV" | "PKG" | "RCT" | "LBL") => self.ever_altered.contains(&problem.subject) || (0..self.replicas.len()).any(put_back),
            ("SRC-01" | "SRC-02", _) => struck || home == 0 && self.away.is_some(),
            // Months without a word are said, and stop nothing.
            ("SRC-09" | "RPL-07" | "RPL-08", _) => true,
            ("RPL-09", _) => home > 0 && (!self.replicas[home - 1].extras.is_empty() || put_back(home - 1)),
            ("RPL-13", _) => home > 0 && self.homes[0].went_back,
            ("RPL-10", _) => {
                struck
                    || home > 0
                        && (self.homes[home].sync_lost
                            || !self.replicas[home - 1].planted.is_empty()
                            || !self.replicas[home - 1].spoilt.is_empty()
                            || put_back(home - 1))
            }
            ("SRC-10", _) => struck || home == 0 && self.away.is_some(),
            ("SRC-03" | "SRC-08" | "RPL-01", _) => changed || of_route(&problem.subject).is_some_and(put_back),
            // What a home that went back does not know any more is put aside before it is known to be withdrawn, and goes the next time.
            ("IO-01", _) if home > 0 && problem.detail.starts_with("what is to be gone") => struck || put_back(home - 1),
            ("SRC-17", _) => home == 0 && self.payload.is_some() && self.chain_of(0).is_some_and(|chain| chain.lives().len() > 1),
            // A record that rots, or cannot be read, holds what travels with it.
            ("SRC-04", _) if self.waits_for_the_unreadable() => true,
            ("SRC-05", _) => struck || self.unreadable.contains(&problem.subject) || self.away.is_some() || self.waits_for_the_unreadable(),
            ("SRC-06", _) => self.archive.rotten.contains_key(&problem.subject),
            // A document that cannot be read is kept aside, whatever it is.
            ("RPL-03", _) => {
                struck
                    || self.replicas.iter().any(|replica| replica.planted.iter().any(|(path, _)| *path == problem.subject))
                    || put_back(home.saturating_sub(1))
            }
            // The deletions that make room for a document may come with a later inventory.
            ("RPL-04" | "RPL-05", _) => home > 0 && put_back(home - 1),
            ("MED-04", _) => struck || self.shape.small_media || self.small_packages(),
            _ => struck,
        }
    }
}

const BREAKER_ALLOWED: u64 = super::BREAKER_ITEMS;

fn source_problems(report: &CarryReport) -> Vec<Problem> {
    let reconciled = report.reconciled.iter().flat_map(|reconciled| &reconciled.problems);
    let packed = report.packed.iter().flat_map(|packed| packed.captured.problems.iter().chain(&packed.problems));
    reconciled.chain(packed).cloned().collect()
}

pub(super) fn codes(problems: &[Problem]) -> Vec<&'static str> {
    problems.iter().map(|problem| problem.code).collect()
}

impl<R> Ran<R> {
    /// How it ended, for the log.
    pub(super) fn word(&self) -> String {
        let struck = if self.struck { " struck" } else { "" };
        match &self.ended {
            Ended::Done(_) => format!("done{struck}"),
            Ended::Failed(Failure(problem)) => format!("failed{struck}: {}: {}", problem.subject, problem.detail),
            Ended::Died => format!("died{struck}"),
        }
    }
}

/// Names of applied packages that say what became of them.
pub(super) fn presented(report: &ApplyReport) -> impl Iterator<Item = (String, &driver::report::AppliedPackage)> {
    report.packages.iter().filter(|package| !package.package.is_empty()).map(|package| (format!("{}.gfp", package.package), package))
}

/// What the route of a replica stands stopped by.
pub(super) fn stopped(status: &StatusReport, route: &str) -> Option<String> {
    status.routes.iter().find(|one| one.route == route).and_then(|one| one.stopped.clone())
}
