//! What a route makes of the files of an archive of records: a record becomes its projection in canonical form, a document travels as
//! it is, without what its template strips, or not at all (spec/template.md).

use capture::racy::{CLOCK_TICK_NS, is_young};
use capture::read::Parents;
use engine::source::{Archive, Item, RouteItem};
use rayon::prelude::*;
use rights::record::Record;
use rights::scalar::Date;
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use store::disk::Dir;
use template::{Context, Kept, Mode, Referenced, Template, Verdict as Judgement, Why};
use wire::Digest;
use wire::planted;
use wire::record::{Judged, JudgedRow, Verdict};
use zeroize::Zeroizing;

use crate::home::Home;
use crate::listed::Listing;
use crate::packing::source_route;
use crate::reader::{NotRead, is_rot, not_read};
use crate::records::{Grouping, Recognising, is_orphan};
use crate::region;
use crate::report::Failure;
use crate::rereading::ROWS_MAX;
use crate::units::Units;
use crate::urgent::Urgent;
use crate::world::World;

/// Records that are read together on all cores.
pub const READ_TOGETHER: usize = 4096;

/// What travels of a file.
#[derive(Debug)]
pub enum Made {
    /// The file as it is.
    AsItIs,
    /// These bytes instead.
    Instead(Vec<u8>),
}

/// Makes projections for one route.
pub struct Projector<'a> {
    /// What belongs together.
    pub grouping: Arc<Grouping>,
    /// What travels together.
    pub units: Arc<Units>,
    world: &'a World,
    archive: &'a Archive,
    root: Dir,
    judge: Option<Arc<Judge>>,
}

/// What a projector is made with: good for as long as nothing is captured, and dear, for all of the archive is looked at.
#[derive(Clone)]
pub struct Prepared {
    grouping: Arc<Grouping>,
    /// What travels together.
    pub units: Arc<Units>,
    judge: Option<Arc<Judge>>,
}

impl Prepared {
    /// What belongs together.
    pub fn grouping(&self) -> Arc<Grouping> {
        self.grouping.clone()
    }
}

/// A template, and what it asks beside the record.
#[derive(Clone)]
struct Judge {
    template: Template,
    referenced: Referenced,
    today: Date,
    region: Option<String>,
    key: Zeroizing<[u8; 32]>,
    /// Records by their `rid`, where the template asks for others.
    by_rid: HashMap<u64, u32>,
    /// A record cannot be read so far as to know its `rid`.
    any_nameless: bool,
}

/// What a template says of when a change of a record is to travel.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pressing {
    /// It goes ahead of everything else.
    pub urgent: bool,
    /// The daemon packs for it.
    pub triggers: bool,
    /// How long it may wait for a package, s.
    pub delay_seconds: Option<u64>,
}

/// What the route carries of an item.
enum Carries {
    Nothing,
    Something,
    /// Of a record, this.
    Projection(Vec<u8>),
}

/// What a template is told beside one record.
struct Beside<'p, 'a> {
    projector: &'p Projector<'a>,
    judge: &'p Judge,
    /// Documents that cannot be stripped.
    failed: HashSet<String>,
    /// Documents whose file may be another one's.
    unclear: HashSet<String>,
    /// It asked for a record that is there, or may be, and cannot be read.
    unknown: Cell<bool>,
}

impl<'p, 'a> Beside<'p, 'a> {
    fn new(projector: &'p Projector<'a>, judge: &'p Judge) -> Self {
        Self { projector, judge, failed: HashSet::new(), unclear: HashSet::new(), unknown: Cell::new(false) }
    }
}

impl Context for Beside<'_, '_> {
    fn today(&self) -> Date {
        self.judge.today
    }
    fn replica_region(&self) -> Option<&str> {
        self.judge.region.as_deref()
    }
    fn record(&self, rid: &str) -> Option<Cow<'_, Record<'static>>> {
        let unknown = || {
            self.unknown.set(!planted::is("unreadable-is-absent"));
            None
        };
        let Some(number) = self.judge.by_rid.get(&crate::records::rid_number(rid)) else {
            return if self.judge.any_nameless { unknown() } else { None };
        };
        let Ok((_, record)) = self.projector.read_record(*number, &mut Parents::default()) else { return unknown() };
        (record.rid() == rid).then_some(Cow::Owned(record))
    }
    fn referenced(&self) -> &Referenced {
        &self.judge.referenced
    }
    fn could_not_tell(&self) -> bool {
        self.unknown.get()
    }
    fn route_key(&self) -> &[u8; 32] {
        &self.judge.key
    }
    fn cannot_strip(&self, _: &str, document: &str) -> bool {
        self.failed.contains(document)
    }
    fn is_unclear(&self, _: &str, document: &str) -> bool {
        self.unclear.contains(document)
    }
}

impl<'a> Projector<'a> {
    /// For a route over an archive of records, under its template; none for one over files.
    pub fn of(home: &'a Home, name: &str) -> Result<Option<Self>, Failure> {
        Self::under(home, name, active(home, name)?)
    }

    /// For a route over an archive of records, under its template, which was read before.
    pub fn under(home: &'a Home, name: &str, template: Option<Template>) -> Result<Option<Self>, Failure> {
        Self::gathering(Self::scheduling(home, name, template)?)
    }

    /// For a route over an archive of records, under a template that is to be activated.
    pub fn planned(home: &'a Home, name: &str, template: Template) -> Result<Option<Self>, Failure> {
        Self::gathering(Self::for_region(home, name, Some(template), region::configured(home, name)?)?)
    }

    fn gathering(projector: Option<Self>) -> Result<Option<Self>, Failure> {
        let Some(mut projector) = projector else { return Ok(None) };
        if let Some(judge) = projector.judge.as_ref().filter(|judge| judge.template.gathers()) {
            let referenced = projector.gathered(judge);
            projector.judge = Some(Arc::new(Judge { referenced, ..(**judge).clone() }));
        }
        Ok(Some(projector))
    }

    /// As `under`, for what a template says of when packages are made: which records others name is not looked for.
    pub fn scheduling(home: &'a Home, name: &str, template: Option<Template>) -> Result<Option<Self>, Failure> {
        Self::for_region(home, name, template, region::in_force(home, name)?)
    }

    fn for_region(home: &'a Home, name: &str, template: Option<Template>, region: Option<String>) -> Result<Option<Self>, Failure> {
        let route = source_route(home, name)?;
        let Some(recognising) = Recognising::of(home.archive_config(&route.archive)?)? else { return Ok(None) };
        let archive = &home.source().archives[&route.archive];
        let grouping = Arc::new(Grouping::of(archive, &recognising));
        let units = Arc::new(Units::of(archive, route, grouping.clone()));
        let mut projector = Self::with(home, name, &Prepared { grouping, units, judge: None })?;
        let Some(template) = template else { return Ok(Some(projector)) };
        let key = home.keys().first().map(|keys| keys.derived("gapferry 2026 pseudonyms of a route", &route.route_id.0)).unwrap_or_default();
        let today = today(&home.world)?;
        let looks_around = template.reach().records || template.schedule_looks_around();
        let present = || archive.items.iter().zip(0u32..).filter(|(item, _)| looks_around && !item.gone);
        // Of several with one `rid` that which travels; of the others, which cannot be read, it is known that they are there.
        let named =
            |faulty: bool| present().filter(move |(item, _)| item.rid != 0 && item.fault().is_some() == faulty).map(|(item, number)| (item.rid, number));
        let by_rid = named(true).chain(named(false)).collect();
        let any_nameless = present().any(|(item, number)| item.rid == 0 && item.fault().is_some() && projector.is_record(number));
        projector.judge = Some(Arc::new(Judge { template, referenced: Referenced::default(), today, region, key, by_rid, any_nameless }));
        Ok(Some(projector))
    }

    /// With what another one was made with.
    pub fn with(home: &'a Home, name: &str, prepared: &Prepared) -> Result<Self, Failure> {
        let archive_name = &source_route(home, name)?.archive;
        let root = home.world.disk.root(&home.config.archives[archive_name].root).map_err(|error| Failure::new("SRC-01", archive_name, error.to_string()))?;
        let Prepared { grouping, units, judge } = prepared.clone();
        Ok(Self { grouping, units, world: &home.world, archive: &home.source().archives[archive_name], root, judge })
    }

    /// The root of the archive.
    pub fn root(&self) -> &Dir {
        &self.root
    }

    /// What it is made with, to be used again.
    pub fn prepared(&self) -> Prepared {
        Prepared { grouping: self.grouping.clone(), units: self.units.clone(), judge: self.judge.clone() }
    }

    /// The records that others name, from all records of the archive.
    fn gathered(&self, judge: &Judge) -> Referenced {
        let mut gathering = judge.template.gathering();
        let records: Vec<u32> = self.all_records().collect();
        for some in records.chunks(READ_TOGETHER) {
            let read = some.par_iter().map_init(Parents::default, |parents, number| self.read_or_kind(*number, parents));
            for read in read.collect::<Vec<_>>() {
                match read {
                    Ok(record) => gathering.take(&record, &Beside::new(self, judge)),
                    Err(kind) if !planted::is("unreadable-names-nothing") => gathering.miss(kind.as_deref()),
                    Err(_) => {}
                }
            }
        }
        gathering.settle()
    }

    /// Reads a record; of one that is held back or cannot be read, the kind that it says it is, where it says one.
    fn read_or_kind(&self, number: u32, parents: &mut Parents) -> Result<Record<'static>, Option<String>> {
        let content = self.content_of(number, parents).map_err(|_| None)?;
        let is_held_back = self.archive.items[number as usize].is_held_back();
        if let Some(record) = self.record_of(number, &content).filter(|_| !is_held_back) {
            return Ok(record.into_owned());
        }
        let value = rights::json::read_tree(&content).map_err(|_| None)?;
        Err(value.get("kind").and_then(|kind| kind.as_str()).map(str::to_owned))
    }

    /// The template, where there is one.
    pub fn template(&self) -> Option<&Template> {
        self.judge.as_ref().map(|judge| &judge.template)
    }

    /// The records of the archive that may travel.
    pub fn records(&self) -> impl Iterator<Item = u32> {
        self.all_records().filter(|number| !self.archive.items[*number as usize].is_held_back())
    }

    /// The records of the archive, those that are held back included.
    fn all_records(&self) -> impl Iterator<Item = u32> {
        let present = self.archive.items.iter().zip(0u32..).filter(|(item, _)| !item.gone);
        present.map(|(_, number)| number).filter(|number| self.is_record(*number))
    }

    /// Whether an item is a record, and no document.
    pub fn is_record(&self, number: u32) -> bool {
        self.grouping.record_of(number) == Some(number)
    }

    /// Whether what travels may be made in memory from all of the content.
    pub fn is_made(&self, number: u32) -> bool {
        let size = self.archive.items[number as usize].stat.size;
        let stripped = |template: &Template| template.strips() || size <= crate::packer::BLOCK_BYTES_MIN || self.is_stripped(template, number);
        self.is_record(number) || size <= template::strip::STRIP_BYTES_MAX && self.template().is_some_and(stripped)
    }

    /// Whether something is taken out of a document, by what its record says of it.
    fn is_stripped(&self, template: &Template, number: u32) -> bool {
        let Some(record) = self.grouping.record_of(number) else { return false };
        let Ok(content) = self.content_of(record, &mut Parents::default()) else { return false };
        let Some(of) = self.record_of(record, &content) else { return false };
        let listing = self.listing(record, &of);
        template::listed(&of).any(|(id, _)| listing.file(id) == Some(number) && template.strips_of(&of, id))
    }

    /// Reads a record as it was captured.
    pub fn read_record(&self, number: u32, parents: &mut Parents) -> Result<(Vec<u8>, Record<'static>), NotRead> {
        let content = self.content_of(number, parents)?;
        let record = self.record_of(number, &content).ok_or(NotRead::Excluded)?.into_owned();
        Ok((content, record))
    }

    /// The content of a record file, if it is as it was captured.
    fn content_of(&self, number: u32, parents: &mut Parents) -> Result<Vec<u8>, NotRead> {
        let item = &self.archive.items[number as usize];
        let mut content = Vec::with_capacity(item.stat.size as usize);
        let stat = parents.read(&*self.world.disk, &self.root, &item.id, &mut |bytes| content.extend_from_slice(bytes)).map_err(not_read)?;
        if stat != item.stat {
            return Err(NotRead::Unstable);
        }
        if is_rot(item, &stat, &digest_of(&content)) {
            return Err(NotRead::Rotten);
        }
        Ok(content)
    }

    /// The content of a record file, which is as it was when it was captured, as a record of a known kind. What was checked then is not
    /// checked again, unless it may have changed once more within the tick of the clock.
    fn record_of<'c>(&self, number: u32, content: &'c [u8]) -> Option<Record<'c>> {
        let item = &self.archive.items[number as usize];
        let value = rights::json::read_tree(content).ok()?;
        let captured_at = item.captured_at.saturating_mul(1_000_000_000);
        let was_checked = item.described && item.fault().is_none() && !is_young(&item.stat, captured_at, CLOCK_TICK_NS);
        if was_checked { Record::again(value) } else { Record::of_tree(value).ok() }
    }

    /// What the template makes of a record; none where there is no template.
    pub fn judged(&self, record: &Record, number: u32, parents: &mut Parents) -> Result<Option<Judgement>, NotRead> {
        let Some(judge) = self.judge.as_ref() else { return Ok(None) };
        let mut beside = Beside::new(self, judge);
        let mut listing = None;
        loop {
            let judgement = judge.template.judge(record, &beside);
            let may_travel = matches!(judgement, Judgement::Out(Why::NotSelected)) && judge.template.may_travel(record, &beside);
            if may_travel || beside.unknown.get() {
                return Err(NotRead::Together);
            }
            let Judgement::Carried(carried) = &judgement else { return Ok(Some(judgement)) };
            if carried.documents.is_empty() {
                return Ok(Some(judgement));
            }
            let listing = listing.get_or_insert_with(|| self.listing(number, record));
            let before = (beside.failed.len(), beside.unclear.len());
            for document in &carried.documents {
                if listing.is_unclear(&document.id, &carried.documents) && !planted::is("any-file-of-a-name") {
                    beside.unclear.insert(document.id.clone());
                } else if document.strip.is_some() && self.stripped(listing, document, parents)?.is_none() {
                    beside.failed.insert(document.id.clone());
                }
            }
            if (beside.failed.len(), beside.unclear.len()) == before {
                return Ok(Some(judgement));
            }
        }
    }

    /// Which files of an item its record lists.
    fn listing<'r>(&self, record: u32, of: &'r Record) -> Listing<'r> {
        Listing::of(self.archive, record, self.grouping.members(record), of)
    }

    /// A document of a record without what is stripped; none where it cannot be. One that cannot be read is told of by itself.
    fn stripped(&self, listing: &Listing<'_>, document: &template::Document, parents: &mut Parents) -> Result<Option<Vec<u8>>, NotRead> {
        let (Some(number), Some(strip)) = (listing.file(&document.id), document.strip) else { return Ok(None) };
        let item = &self.archive.items[number as usize];
        if item.stat.size > template::strip::STRIP_BYTES_MAX {
            return Ok(None);
        }
        let mut content = Vec::new();
        let read = parents.read(&*self.world.disk, &self.root, &item.id, &mut |bytes| content.extend_from_slice(bytes));
        read.map_err(|_| NotRead::Together)?;
        Ok(template::strip::strip(&document.media_type, &content, strip).ok())
    }

    /// The files that the route would carry of a record, and that cannot be stripped.
    pub fn unstripped(&self, record: &Record, number: u32, carried: &template::Carried) -> Vec<u32> {
        let mut kept = carried.kept.iter().filter(|(_, why)| *why == Kept::CannotStrip).peekable();
        if kept.peek().is_none() {
            return Vec::new();
        }
        let listing = self.listing(number, record);
        kept.filter_map(|(id, _)| listing.file(id)).collect()
    }

    /// Whether the route carries a file, which travels as it is. One of which something is to be taken out by now waits for the next package.
    pub fn admit(&self, number: u32, parents: &mut Parents) -> Result<(), NotRead> {
        let document = self.of_document(number, parents)?;
        if document.is_some_and(|document| document.strip.is_some()) { Err(NotRead::Together) } else { Ok(()) }
    }

    /// What is to be stripped of a document that the route carries.
    fn of_document(&self, number: u32, parents: &mut Parents) -> Result<Option<template::Document>, NotRead> {
        let whole = self.template().is_none_or(|template| template.draft().identity.is_some());
        let Some(record) = self.grouping.record_of(number).filter(|_| !self.is_record(number)) else { return Ok(None) };
        if self.judge.is_none() {
            return Ok(None);
        }
        // What is to be said of a record that rotted is said of itself.
        let content = self.content_of(record, parents).map_err(|reason| if matches!(reason, NotRead::Rotten) { NotRead::Together } else { reason })?;
        // Of a kind that is not known nothing travels under a template.
        let of = self.record_of(record, &content).ok_or(NotRead::Excluded)?;
        match self.judged(&of, record, parents)? {
            None => Ok(None),
            Some(Judgement::Out(_)) => Err(NotRead::Excluded),
            Some(Judgement::Carried(_)) if whole => Ok(None),
            Some(Judgement::Carried(carried)) => {
                let listing = self.listing(record, &of);
                let out = if self.unstripped(&of, record, &carried).contains(&number) { NotRead::Unstripped } else { NotRead::Excluded };
                let document = carried.documents.into_iter().find(|document| listing.file(&document.id) == Some(number));
                document.map(Some).ok_or(out).or_else(|out| if planted::is("unlisted-document-carried") { Ok(None) } else { Err(out) })
            }
        }
    }

    /// What travels of a file with this content.
    pub fn make(&self, number: u32, content: &[u8], parents: &mut Parents) -> Result<Made, NotRead> {
        let instead = |bytes: Vec<u8>| if bytes == content { Made::AsItIs } else { Made::Instead(bytes) };
        if !self.is_record(number) {
            let Some(document) = self.of_document(number, parents)? else { return Ok(Made::AsItIs) };
            let Some(strip) = document.strip else { return Ok(Made::AsItIs) };
            return template::strip::strip(&document.media_type, content, strip).map(instead).map_err(|_| NotRead::Unstripped);
        }
        if self.judge.is_none() {
            // It was read when it was captured: what is no record any more has changed since.
            let value = rights::json::read_tree(content).map_err(|_| NotRead::Unstable)?;
            return Ok(instead(rights::json::canonical_tree(&value)));
        }
        let record = self.record_of(number, content).ok_or(NotRead::Excluded)?;
        match self.judged(&record, number, parents)? {
            Some(Judgement::Carried(_)) if planted::is("withheld-let-through") => Ok(Made::AsItIs),
            Some(Judgement::Carried(carried)) => Ok(instead(carried.record)),
            _ => Err(NotRead::Excluded),
        }
    }

    /// What the template says of the change of a record; none where it cannot be read now.
    pub fn pressing(&self, number: u32, parents: &mut Parents) -> Option<Pressing> {
        let judge = self.judge.as_ref()?;
        let beside = Beside::new(self, judge);
        let (_, record) = self.read_record(number, parents).ok()?;
        let template = &judge.template;
        let urgent = template.is_urgent(&record, &beside);
        Some(Pressing { urgent, triggers: urgent || template.triggers(&record, &beside), delay_seconds: template.delay_seconds(&record, &beside) })
    }

    /// What the route carries of an item now, as far as that can be known.
    fn carries(&self, number: u32, parents: &mut Parents) -> Option<Carries> {
        let carried = if self.is_record(number) {
            let judged = self.read_record(number, parents).and_then(|(_, record)| self.judged(&record, number, parents));
            judged.map(|judged| match judged {
                None => Carries::Something,
                Some(Judgement::Carried(carried)) => Carries::Projection(carried.record),
                Some(Judgement::Out(_)) => Carries::Nothing,
            })
        } else {
            self.of_document(number, parents).map(|_| Carries::Something)
        };
        match carried {
            Ok(carried) => Some(carried),
            Err(NotRead::Excluded | NotRead::Unstripped) => Some(Carries::Nothing),
            Err(_) => None,
        }
    }
}

/// The template that is active on a route.
pub fn active(home: &Home, name: &str) -> Result<Option<Template>, Failure> {
    let parse = |active: &engine::source::Template| {
        let read = home.template(&active.text).map(|template| (*template).clone());
        read.map_err(|faults| Failure::new("TPL-13", &active.id, faults.first().map(ToString::to_string).unwrap_or_default()))
    };
    let of_another = || home.source().routes.values().find_map(|route| route.template.as_ref()).filter(|_| planted::is("template-of-another-route"));
    of_another().or(source_route(home, name)?.template.as_ref()).map(parse).transpose()
}

/// The day in the zone of the records, +08:00, as `check` and certificates count it.
pub fn today(world: &World) -> Result<Date, Failure> {
    let today = crate::moment::moment(world.now_seconds().saturating_add(crate::certificate::ZONE_SECONDS));
    let day = today.get(..10).and_then(Date::parse);
    day.ok_or_else(|| Failure::new("USE-01", &today, "the clock is outside the years 0001 to 9999"))
}

/// What a template says without anything that is to travel: it carries no file that belongs to no record, and where it looks beyond the
/// record, what it says may change without the record, so that everything that was looked at before is looked at again. Under every template so
/// is what a person gave up, which no package looks at: what is not carried is withdrawn all the same.
pub fn rejudge(home: &mut Home, name: &str) -> Result<(), Failure> {
    let rows = rejudgements(home, name)?;
    record(home, name, &rows)
}

/// What `rejudge` notes.
pub fn rejudgements(home: &Home, name: &str) -> Result<Vec<JudgedRow>, Failure> {
    let Some(template) = active(home, name)? else { return Ok(Vec::new()) };
    // Nobody says any more that it may be shown.
    let route = source_route(home, name)?;
    let orphans = home.source().archives[&route.archive].items.iter().zip(0u32..).filter(|(item, _)| is_orphan(item));
    let carried = orphans.filter(|(item, number)| !route.item(*number).is_excluded(item));
    let mut rows: Vec<JudgedRow> = carried.map(|(item, number)| JudgedRow { item: number, version: item.version, verdict: Verdict::Out }).collect();
    let reach = template.reach();
    let looks_beyond = reach.day || reach.records;
    let given_up = |item: &Item, sent: &RouteItem| sent.is_given_up(item) && sent.was_ever_sent();
    let items = &home.source().archives[&route.archive].items;
    if !looks_beyond && !items.iter().zip(0u32..).any(|(item, number)| given_up(item, &route.item(number))) {
        return Ok(rows);
    }
    let Some(projector) = Projector::under(home, name, Some(template))? else { return Ok(rows) };
    let archive = projector.archive;
    let judged = |parents: &mut Parents, number: u32| {
        let (item, sent) = (&archive.items[number as usize], route.item(number));
        let is_looked_at = looks_beyond && (sent.is_excluded(item) || sent.packed_version == item.version && !sent.unjudged);
        if !is_looked_at && !given_up(item, &sent) {
            return None;
        }
        let projected = |record: &[u8]| wire::digest::projection(&digest_of(record), record.len() as u64, item.stat.modified, item.stat.executable);
        let verdict = match (projector.carries(number, parents)?, sent.is_excluded(item)) {
            (Carries::Nothing, false) => Verdict::Out,
            (Carries::Something | Carries::Projection(_), true) => Verdict::In,
            // What it shows changes with the day.
            (Carries::Projection(record), false) if sent.is_proven(item) && sent.proven_projected != projected(&record) => Verdict::In,
            _ => return None,
        };
        Some(JudgedRow { item: number, version: item.version, verdict })
    };
    let present = archive.items.iter().zip(0u32..).filter(|(item, _)| !item.gone && !item.is_held_back());
    let present: Vec<u32> = present.map(|(_, number)| number).collect();
    rows.par_extend(present.par_iter().map_init(Parents::default, |parents, number| judged(parents, *number)).flatten());
    Ok(rows)
}

/// Judges what must not wait before anything is planned: what is to be withdrawn of it goes as early as what is to be shown.
pub fn judged_ahead(home: &mut Home, name: &str, urgent: Urgent) -> Result<Urgent, Failure> {
    if urgent.items.is_empty() {
        return Ok(urgent);
    }
    let Some(projector) = Projector::of(home, name)? else { return Ok(urgent) };
    let (route, mut parents) = (source_route(home, name)?, Parents::default());
    let mut left = |number: &u32| {
        let (item, sent) = (&projector.archive.items[*number as usize], route.item(*number));
        let open = !item.gone && !item.is_held_back() && !sent.is_excluded(item) && sent.was_ever_sent();
        (open && matches!(projector.carries(*number, &mut parents)?, Carries::Nothing)).then_some(item.version)
    };
    let row = |number: &u32| Some(JudgedRow { item: *number, version: left(number)?, verdict: Verdict::Out });
    let rows: Vec<JudgedRow> = urgent.items.iter().filter_map(row).collect();
    record(home, name, &rows)?;
    Ok(urgent)
}

/// Whether the daemon is to pack for a route now: always, never, or when the trigger of its template holds for a record that changed.
pub fn is_automatic(home: &Home, name: &str) -> Result<bool, Failure> {
    let template = active(home, name)?;
    match template.as_ref().map(Template::mode) {
        None | Some(Mode::Auto) => Ok(true),
        Some(Mode::Manual) => Ok(false),
        Some(Mode::ManualAndAuto) => {
            let Some(projector) = Projector::scheduling(home, name, template)? else { return Ok(true) };
            let (route, archive, mut parents) = (source_route(home, name)?, projector.archive, Parents::default());
            let changed = |number: &u32| archive.items[*number as usize].version > route.item(*number).packed_version;
            Ok(projector.records().filter(changed).any(|number| projector.pressing(number, &mut parents).is_some_and(|pressing| pressing.triggers)))
        }
    }
}

fn record(home: &mut Home, name: &str, rows: &[JudgedRow]) -> Result<(), Failure> {
    for rows in rows.chunks(ROWS_MAX) {
        home.record(Judged { route: name.into(), rows: rows.to_vec() })?;
    }
    if !rows.is_empty() {
        home.commit()?;
    }
    Ok(())
}

/// Notes what the template said of items that do not travel; whether the replica may hold one that the route does not carry.
pub fn judged(home: &mut Home, name: &str, refused: &[(u32, NotRead)]) -> Result<bool, Failure> {
    let route = source_route(home, name)?;
    let archive = &home.source().archives[&route.archive];
    let rows: Vec<JudgedRow> = refused.iter().filter_map(|(number, reason)| judgement(archive, *number, reason)).collect();
    let may_be_there = |item: u32| route.item(item).packed_version > 0 || route.item(item).is_purging();
    let withdraws = rows.iter().any(|row| row.verdict == Verdict::Out && may_be_there(row.item));
    record(home, name, &rows)?;
    Ok(withdraws)
}

/// What the template said of an item that does not travel for this reason, where it said anything.
pub fn judgement(archive: &Archive, number: u32, reason: &NotRead) -> Option<JudgedRow> {
    let verdict = match reason {
        NotRead::Excluded | NotRead::Unstripped => Verdict::Out,
        NotRead::Same => Verdict::Same,
        _ => return None,
    };
    Some(JudgedRow { item: number, version: archive.items[number as usize].version, verdict })
}

/// Digest of what was read, where something else travels.
pub fn digest_of(content: &[u8]) -> Digest {
    Digest(*blake3::hash(content).as_bytes())
}

#[cfg(test)]
#[path = "projecting_test.rs"]
mod tests;
