//! Routes under templates: another one becomes active under way, and what was told before is what happens; nothing that a route
//! withholds lies at its replica (P2), and no business transaction is half there where readers may look (P3).

use super::World;
use super::ground::Ground;
use super::strikes::Ended;
use crate::disk::PageId;
use crate::model::archive::Archive;
use crate::model::payload::Payload;
use crate::model::record::tokens_in;
use crate::model::replica::{Replica, Violation};
use crate::model::template::Template;
use crate::weather::plan::{Step, Strike};
use crate::weather::random::Random;
use driver::report::Problem;
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Where earlier versions are; what people changed is kept beside it, and stays.
const HISTORY: &str = ".gapferry/history/";
/// Says to readers that the tree may not be whole (spec/reading.md).
const MARKER: &str = ".gapferry/switching";

/// What must be on a replica, and ever had to be there: what its route makes of the archive.
pub fn seen<'a>(archive: &'a Archive, payload: &'a Option<Payload>, replica: usize) -> &'a Archive {
    payload.as_ref().map_or(archive, |payload| &payload.routes[replica].archive)
}

impl World {
    /// What must be on a replica.
    pub(super) fn seen_by(&self, replica: usize) -> &Archive {
        seen(&self.archive, &self.payload, replica)
    }

    /// How often an item was changed, or what its route makes of it, as far as another version or projection of it may travel.
    pub(super) fn states(&self, replica: usize, path: &str) -> usize {
        let of = |file: &str| self.archive.histories.get(file).map_or(0, Vec::len);
        let Some(payload) = &self.payload else { return of(path) };
        let record = payload.record_of(path);
        let files = record.map(|record| crate::model::payload::files_of(record, &payload.items[record])).unwrap_or_default();
        payload.routes[replica].turns + files.iter().map(|file| of(file)).sum::<usize>()
    }

    /// Templates as a world begins: none on some routes.
    pub(super) fn first_templates(&mut self, seed: u64) {
        let mut random = Random::of(seed);
        let templates: Vec<Option<Template>> = (0..self.replicas.len()).map(|_| (!random.one_in(4)).then(|| Template::of(random.number()))).collect();
        for (replica, template) in templates.iter().enumerate() {
            if let Some(template) = template {
                let (world, path, file) = (self.world_of(0), self.homes[0].path.clone(), self.write_template(replica, template));
                let activated = driver::template_activate(&world, &path, &file, &self.routes[replica], "as agreed", false);
                activated.unwrap_or_else(|failure| panic!("a template of ours is not taken: {failure}"));
            }
        }
        Ground::at(&self.disk, &self.homes[0].volume).settle();
        self.payload = self.payload.take().map(|payload| payload.with(templates, &self.archive));
    }

    pub(super) fn write_template(&self, replica: usize, template: &Template) -> PathBuf {
        let zone = self.routes[replica].replacen("to-", "outside-", 1);
        Ground::at(&self.disk, &self.places.gateway_volume).overwrite("template.toml", template.text(&zone).as_bytes());
        self.places.gateway_volume.join("template.toml")
    }

    /// Another template on a route, chosen by this number: people capture, look at the plan, and agree to it.
    pub(super) fn activate(&mut self, step: &Step, replica: usize, strike: Option<Strike>) -> Result<(), Violation> {
        if self.payload.is_none() || self.archive_away() {
            return Ok(());
        }
        let path = self.homes[0].path.clone();
        let ran = self.run(step, 0, None, None, &|world| driver::capture(world, &path, false))?;
        let problems: Vec<Problem> = if let Ended::Done(report) = &ran.ended { report.problems.clone() } else { Vec::new() };
        self.excused(0, &problems, ran.struck)?;
        self.look_at_source(ran.clean(), ran.clean())?;
        let template = Template::of(step.draw);
        let (file, route) = (self.write_template(replica, &template), self.route(replica));
        let sure = problems.is_empty() && self.archive.rotten.is_empty() && self.unreadable.is_empty();
        let told = self.payload.as_ref().map(|payload| payload.planned(replica, &template)).unwrap_or_default();
        let said = |plan: &driver::templates::report::TemplatePlan| [plan.added, plan.changed, plan.withdrawn, plan.unchanged];
        let foreseen = driver::template_preview(&self.world_of(0), &path, &file, &route);
        let ran = self.run(step, 0, strike, None, &|world| driver::template_activate(world, &path, &file, &route, "as agreed", false))?;
        self.note(|| format!("      template {} on {route}: {} {:?}", template.id(), ran.word(), foreseen.as_ref().map(said).ok()));
        self.counts.fault("template-changed");
        if let (Ended::Done(plan), Ok(foreseen)) = (&ran.ended, &foreseen)
            && !ran.struck
        {
            if sure && (said(plan) != told || said(foreseen) != told) {
                return Err(Violation::new(
                    "plan",
                    format!("template {} on {route} says {:?} and {:?}, it is {told:?}", template.id(), said(foreseen), said(plan)),
                ));
            }
            if plan.added + plan.changed + plan.withdrawn > 0 {
                self.counts.altered("template-changed");
            }
            self.activated(replica, Some(template));
        } else if let (Ended::Failed(failure), false) = (&ran.ended, ran.struck) {
            return Err(Violation::new("command", format!("template {}: {failure}", template.id())));
        }
        self.templates_doubtful |= !ran.clean();
        self.look_at_source(false, ran.clean())
    }

    pub(super) fn activated(&mut self, replica: usize, template: Option<Template>) {
        let Some(payload) = &mut self.payload else { return };
        payload.activated(replica, template, &self.archive);
        // What it was about to be asked about is something else now.
        self.right[replica] = None;
    }

    /// After something that may have lost an activation, or brought an earlier one back, the ledger says which templates are active.
    pub(super) fn templates_of_the_ledger(&mut self, clean: bool) {
        if self.payload.is_none() || !self.templates_doubtful {
            return;
        }
        self.templates_doubtful = !clean;
        let Some(chain) = self.chain_of(0) else { return };
        for replica in 0..self.replicas.len() {
            let active = chain.template(&self.routes[replica]).and_then(|id| Template::with_id(&id));
            self.activated_again(replica, active);
        }
    }

    fn activated_again(&mut self, replica: usize, template: Option<Template>) {
        if self.payload.as_ref().is_some_and(|payload| payload.routes[replica].template != template) {
            self.note(|| format!("      the ledger knows template {:?} on route {replica}", template.as_ref().map(Template::id)));
            self.activated(replica, template);
        }
    }

    /// What is looked at on a replica after each command beside its files. `clean`: the command ended well.
    pub(super) fn payload_holds(&mut self, replica: usize, clean: bool) -> Result<(), Violation> {
        if self.payload.is_none() {
            return Ok(());
        }
        self.nothing_withheld_lies_there(replica, clean)?;
        if self.homes[0].went_back || self.homes[replica + 1].went_back {
            return Ok(());
        }
        let durable = self.replicas[replica].clone();
        self.taken[replica].retain(|file| !durable.tree.contains_key(file));
        self.nothing_is_half(replica, &durable, clean)?;
        if !clean {
            let mut live = durable;
            live.look(self.seen_by(replica), self.replica_tree(replica, false), false)?;
            self.nothing_is_half(replica, &live, clean)?;
        }
        Ok(())
    }

    fn nothing_is_half(&self, replica: usize, model: &Replica, clean: bool) -> Result<(), Violation> {
        let Some(payload) = &self.payload else { return Ok(()) };
        let except = |file: &str| {
            let is_planted = model.tree.get(file).is_some_and(|leaf| model.planted.contains(&(file.to_owned(), leaf.digest)));
            // What power took is found when it is read back, and all of it travels again (spec/package.md, Transactions).
            is_planted || model.spoilt.contains_key(file) || self.cancelled[replica].contains(file) || self.taken[replica].contains(file)
        };
        let Some(half) = payload.half(replica, model, &except) else { return Ok(()) };
        let marked = Ground::at(&self.disk, &self.places.trees[replica]).leaf(MARKER).is_ok();
        if marked && !clean { Ok(()) } else { Err(Violation::new("P3", format!("replica {replica}: half of a transaction, marked {marked}: {half}"))) }
    }

    /// No token of what the route withholds lies anywhere at the replica.
    fn nothing_withheld_lies_there(&mut self, replica: usize, clean: bool) -> Result<(), Violation> {
        let image = self.disk.snapshot();
        let mut found: BTreeSet<(u64, String)> = BTreeSet::new();
        for volume in [&self.homes[replica + 1].volume, &self.places.tree_volumes[replica]] {
            let looked_into = &mut self.looked_into;
            image.visit_pages(&volume.to_string_lossy(), &mut |path, page: PageId, bytes| {
                let tokens = looked_into.entry(page.0).or_insert_with(|| tokens_in(bytes));
                found.extend(tokens.iter().map(|token| (*token, String::from_utf8_lossy(path).into_owned())));
            });
        }
        let Some(payload) = &self.payload else { return Ok(()) };
        let view = &payload.routes[replica];
        if let Some((token, path)) = found.iter().find(|(token, _)| payload.withholds(replica, *token)) {
            return Err(Violation::new("P2", format!("replica {replica} must never see {}, and {path} holds it", crate::model::record::token(*token))));
        }
        let sure = clean && !self.homes[replica + 1].went_back && !self.homes[0].went_back;
        let left = found.iter().find(|(token, path)| sure && view.is_withdrawn(*token) && path.contains(HISTORY));
        match left {
            Some((token, path)) => {
                Err(Violation::new("P2", format!("{} was withdrawn from replica {replica}, and {path} holds it", crate::model::record::token(*token))))
            }
            None => Ok(()),
        }
    }

    /// The ledger of a replica names nothing that its route never carried.
    pub(super) fn nothing_withheld_is_named(&self, replica: usize) -> Result<(), Violation> {
        let Some(payload) = &self.payload else { return Ok(()) };
        let model = &self.replicas[replica];
        let ledger = Ground::at(&self.disk, &self.homes[replica + 1].path.join("ledger")).contents();
        // What the weather put there is no news from inside.
        let put_there = |file: &str| model.extras.contains(file) || model.strays.contains_key(file) || model.planted.iter().any(|(planted, _)| planted == file);
        let names = |file: &&str| ledger.values().any(|bytes| bytes.windows(file.len()).any(|window| window == file.as_bytes()));
        match payload.routes[replica].never_carried().into_iter().filter(|file| !put_there(file)).find(names) {
            Some(file) => Err(Violation::new("P2", format!("replica {replica} must never hear of {file}, and its ledger names it"))),
            None => Ok(()),
        }
    }

    /// Nothing can be read on a medium.
    pub(super) fn medium_shows_nothing(&self, medium: usize) -> Result<(), Violation> {
        if self.payload.is_none() {
            return Ok(());
        }
        let mut found = None;
        self.disk.snapshot().visit_pages(&self.places.media[medium].to_string_lossy(), &mut |path, _, bytes| {
            found = found.take().or_else(|| tokens_in(bytes).first().map(|token| (*token, String::from_utf8_lossy(path).into_owned())));
        });
        match found {
            Some((token, path)) => Err(Violation::new("P2", format!("{} lies readable on medium {medium}, in {path}", crate::model::record::token(token)))),
            None => Ok(()),
        }
    }

    /// A file is no more among those of a route: where people never removed it, it was withdrawn.
    pub(super) fn proven_gone(&mut self, replica: usize, file: &str) {
        if let Some(payload) = self.payload.as_mut().filter(|_| !self.archive.gone_since(file, 0)) {
            payload.routes[replica].withdrawn(file);
        }
    }

    /// Whether some route has small packages: what waits for the next one is named.
    pub(super) fn small_packages(&self) -> bool {
        let templates = self.payload.iter().flat_map(|payload| payload.routes.iter().filter_map(|view| view.template.as_ref()));
        templates.into_iter().any(|template| template.small_packages)
    }

    /// What a record is now will not be read: where it was not captured before, nobody knows what it changes together with.
    pub(super) fn passed_by(&mut self, file: &str) {
        self.cannot_be_read(&[file.to_owned()]);
    }

    /// The same of several files.
    pub(super) fn cannot_be_read(&mut self, files: &[String]) {
        let captured = |file: &str| {
            let newest = self.known.iter().filter_map(|known| known.get(file)).map(|(version, ..)| *version);
            newest.filter_map(|version| self.versions.of(file, version)).any(|leaf| leaf.as_ref() == self.archive.now.get(file))
        };
        let unknown: Vec<String> = files.iter().filter(|file| !captured(file)).cloned().collect();
        if let Some(payload) = &mut self.payload {
            unknown.iter().for_each(|file| payload.unknown(file));
        }
    }

    /// What cannot be read, and what belongs to a record that cannot.
    pub(super) fn not_to_be_asked_about(&self) -> BTreeSet<String> {
        let mut all = self.unreadable.clone();
        let items = self.payload.iter().flat_map(|payload| &payload.items);
        all.extend(items.filter(|(path, _)| self.unreadable.contains(*path)).flat_map(|(path, record)| crate::model::payload::files_of(path, record)));
        all
    }

    /// Whether a file that a problem names waits for another one that cannot be read: they are of one item, or change together.
    pub(super) fn waits_for_the_unreadable(&self) -> bool {
        self.payload.is_some() && !(self.unreadable.is_empty() && self.archive.rotten.is_empty())
    }
}
