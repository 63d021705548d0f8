//! `restore`: from a replica back to a tree that a source can be made of: one item, all, or as of a point in time.
//!
//! Never overwrites what differs, never touches the replica; what lies there already, and is right, is not copied again. A file
//! gets its name when it is whole, durable, and has the digest, mtime and executable bit of its version. The state at a point in
//! time is what the ledger says up to a record; content is found by its digest, in the tree or in the history.

mod copying;

use engine::replica::{Replica, Route};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use store::disk::{Dir, Kind};
use store::ledger::{Position, Reading};
use wire::card::Role;
use wire::record::Record;
use wire::{Digest, ItemId};

use crate::acts::{Matcher, patterns};
use crate::home::{Home, decoded, ledger_failure};
use crate::moment::moment;
use crate::report::{AsOf, Failure, LISTED_MAX, Problem, RestoreReport};
use crate::setup::overlap;
use crate::status::look;
use crate::tree::{DOT_FOLDER, Tree};
use crate::world::World;

/// A moment in the life of a replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// After the last record of this replica's ledger that says this time or an earlier one; seconds since 1970, by the clock of
    /// this replica.
    Time(i64),
    /// Right after the package with this sequence was applied.
    Sequence(u64),
}

/// What is to be restored, and where to.
#[derive(Clone, Debug, Default)]
pub struct RestoreOptions {
    /// The folder.
    pub into: PathBuf,
    /// As of when; now where it is not given.
    pub at: Option<Moment>,
    /// The route; needed where there are several.
    pub route: Option<String>,
    /// Only items that match one of these.
    pub patterns: Vec<String>,
    /// Counts and checks only what needs no reading.
    pub dry_run: bool,
}

/// One document that is to be had.
struct Wanted {
    id: ItemId,
    version: u64,
    digest: Digest,
    size: u64,
    modified: i64,
    executable: bool,
    /// Its content was erased because the source asked for it.
    purged: bool,
}

/// Where content lies on this replica.
struct Sources {
    root: Dir,
    dot: Option<Dir>,
    /// Where the tree has a digest, by what the ledger says now.
    in_tree: HashMap<Digest, ItemId>,
    /// Where items lie now.
    places: HashMap<ItemId, ItemId>,
}

/// Restores a tree from a replica.
///
/// # Errors
/// `USE-01` for an unknown route, a pattern that is not well formed or matches nothing, a moment that this ledger does not know,
/// a folder within the replica or the home; `RPL-05` where the tree is not there; `IO-01` where there is not room enough; `HOM-*`,
/// `LDG-*`.
pub fn restore(world: &World, path: &Path, options: &RestoreOptions) -> Result<RestoreReport, Failure> {
    look(world, path, |home| {
        home.require(Role::Replica, "restore")?;
        run(home, options)
    })
}

fn run(home: &Home, options: &RestoreOptions) -> Result<RestoreReport, Failure> {
    let into = std::path::absolute(&options.into).map_err(|error| Failure::io(options.into.display().to_string(), &error))?;
    overlap::outside(home, &into, "what is restored")?;
    let name = route_of(home, options.route.as_deref())?;
    let then = options.at.map(|at| state_at(home.ledger(), &name, at)).transpose()?;
    let (state, as_of) = match &then {
        Some((replica, as_of)) => (replica.routes.get(&name), *as_of),
        None => (home.replica().routes.get(&name), now(home, &name)),
    };
    let mut report = RestoreReport { route: name.clone(), folder: into.display().to_string(), as_of, dry_run: options.dry_run, ..RestoreReport::default() };
    let matchers = options.patterns.iter().map(|pattern| patterns(std::slice::from_ref(pattern))).collect::<Result<Vec<_>, _>>()?;
    let is_meant = |id: &ItemId| matchers.is_empty() || matchers.iter().any(|matcher| matcher.is_match(id));
    let mut wanted: Vec<Wanted> = state.map(|route| wanted(route, &is_meant)).unwrap_or_default();
    let in_vain = |matcher: &Matcher| !wanted.iter().any(|wanted| matcher.is_match(&wanted.id));
    if let Some((pattern, _)) = options.patterns.iter().zip(&matchers).find(|(_, matcher)| in_vain(matcher)) {
        return Err(Failure::new("USE-01", pattern, "nothing that the replica held then matches"));
    }
    let purged = purged(&home.replica().routes[&name]);
    wanted.iter_mut().for_each(|wanted| wanted.purged = purged.contains(&(&wanted.id, wanted.version)));
    report.items = wanted.len() as u64;
    report.bytes = wanted.iter().map(|wanted| wanted.size).sum();
    report.problems.extend(crate::escrow::gap(home, &name));
    let sources = Sources::open(home, &name)?;
    if options.dry_run {
        foresee(home, &sources, &into, &wanted, &mut report)?;
    } else {
        copying::copy_all(home, &sources, &into, &wanted, &mut report)?;
    }
    Ok(report)
}

/// The route that is meant.
pub fn route_of(home: &Home, name: Option<&str>) -> Result<String, Failure> {
    let routes: Vec<&String> = home.replica().routes.keys().filter(|name| home.config.routes.contains_key(*name)).collect();
    match (name, routes.as_slice()) {
        (Some(name), _) if routes.iter().any(|known| *known == name) => Ok(name.into()),
        (Some(name), _) => Err(Failure::new("USE-01", name, "no route of this name")),
        (None, [only]) => Ok((*only).clone()),
        (None, []) => Err(Failure::new("USE-01", "restore", "this replica has no route")),
        (None, _) => Err(Failure::new("USE-01", "--route", "there are several routes; name one")),
    }
}

/// The present as a moment.
fn now(home: &Home, name: &str) -> AsOf {
    let sequence = home.replica().routes.get(name).map_or(0, Route::highest);
    AsOf { records: home.head().number, time: home.world.now_seconds(), sequence }
}

/// What a record says of the progress of a route: the sequence that is whole with it.
fn whole_with(record: &Record, name: &str) -> Option<u64> {
    match record {
        Record::Applied(applied) if applied.route == name => Some(applied.sequence),
        // A package without items has nothing to apply.
        Record::Begun(begun) if begun.route == name && begun.rows.is_empty() => Some(begun.sequence),
        _ => None,
    }
}

/// What the replica was at a moment, by its ledger.
fn state_at(ledger: &Reading, name: &str, at: Moment) -> Result<(Replica, AsOf), Failure> {
    let until = match at {
        Moment::Sequence(_) => u64::MAX,
        Moment::Time(time) => last_before(ledger, time)?,
    };
    let (mut replica, mut as_of) = (Replica::default(), AsOf::default());
    for record in ledger.read_from(Position::START) {
        let (_, raw) = record.map_err(ledger_failure)?;
        if raw.number > until {
            break;
        }
        let record = decoded(&raw)?;
        replica.fold(raw.time, &record);
        let whole = whole_with(&record, name);
        as_of = AsOf { records: raw.number + 1, time: raw.time, sequence: whole.unwrap_or(as_of.sequence) };
        if whole.is_some_and(|whole| at == Moment::Sequence(whole)) {
            return Ok((replica, as_of));
        }
    }
    match at {
        Moment::Sequence(sequence) => {
            let detail = format!("no package with this sequence was applied here; the last one was {}", as_of.sequence);
            Err(Failure::new("USE-01", sequence.to_string(), detail))
        }
        Moment::Time(_) => Ok((replica, as_of)),
    }
}

/// Number of the last record that says this time or an earlier one: a clock that was wrong in between does not end the search.
fn last_before(ledger: &Reading, time: i64) -> Result<u64, Failure> {
    let (mut last, mut first) = (None, None);
    for record in ledger.read_from(Position::START) {
        let (_, record) = record.map_err(ledger_failure)?;
        first.get_or_insert(record.time);
        if record.time <= time {
            last = Some(record.number);
        }
    }
    let first = first.unwrap_or_default();
    let begins = moment(first);
    let later = || format!("the ledger of this replica begins later, at {begins} UTC ({first} seconds since 1970)");
    last.ok_or_else(|| Failure::new("USE-01", "--at", later()))
}

/// What was held, in the order of names.
fn wanted(route: &Route, is_meant: &dyn Fn(&ItemId) -> bool) -> Vec<Wanted> {
    let mut wanted: Vec<Wanted> = route
        .items
        .iter()
        .filter(|item| item.held() && is_meant(&item.id))
        .map(|item| Wanted {
            id: item.id.clone(),
            version: item.version,
            digest: item.digest,
            size: item.size,
            modified: item.modified,
            executable: item.executable,
            purged: false,
        })
        .collect();
    wanted.sort_by(|one, two| one.id.cmp(&two.id));
    wanted
}

/// The versions whose content was erased because the source asked for it, by what the ledger says now.
fn purged(route: &Route) -> HashSet<(&ItemId, u64)> {
    route.history.iter().filter(|earlier| earlier.purged).map(|earlier| (&route.items[earlier.item as usize].id, earlier.version)).collect()
}

impl Sources {
    fn open(home: &Home, name: &str) -> Result<Self, Failure> {
        let tree = home.config.routes[name].into.clone().unwrap_or_default();
        let disk = &*home.world.disk;
        let root = disk.root(&tree).map_err(|error| Failure::new("RPL-05", tree.display().to_string(), error.to_string()))?;
        let dot = disk.dir(&root, DOT_FOLDER, false).ok();
        let items = home.replica().routes[name].items.iter().filter(|item| item.held());
        if items.clone().next().is_some() {
            crate::tree::is_there(disk, &tree)?;
        }
        let (mut in_tree, mut places) = (HashMap::new(), HashMap::new());
        for item in items {
            in_tree.entry(item.digest).or_insert_with(|| item.path().clone());
            if let Some(disk) = &item.disk {
                places.insert(item.id.clone(), disk.clone());
            }
        }
        Ok(Self { root, dot, in_tree, places })
    }

    /// Where the content of a document may lie, the likeliest place first: a directory of the replica, the path below it.
    fn places<'s>(&'s self, wanted: &'s Wanted) -> impl Iterator<Item = (&'s Dir, Vec<u8>)> {
        let own = self.places.get(&wanted.id).unwrap_or(&wanted.id);
        let other = self.in_tree.get(&wanted.digest).filter(|other| *other != own);
        let (folder, file) = Tree::history(&wanted.digest);
        let kept = [folder, file].join(&b'/');
        let in_tree = [Some(own), other].into_iter().flatten().map(|id| (&self.root, id.0.clone()));
        in_tree.chain(self.dot.iter().map(move |dot| (dot, kept.clone())))
    }
}

/// A document that cannot be had.
fn missing(wanted: &Wanted) -> Problem {
    let place = "is neither in the tree nor in the history of this replica";
    let detail = match wanted.purged {
        true => format!("version {} was purged, on purpose: it {place}, and is not to come back", wanted.version),
        false => format!("version {} ({}) {place}", wanted.version, wanted.digest),
    };
    Problem { code: "RPL-06", subject: wanted.id.to_string(), detail }
}

/// A name that is taken by something else.
fn occupied(wanted: &Wanted, into: &Path) -> Problem {
    let detail = format!("{} holds something else of this name already; nothing is overwritten", into.display());
    Problem { code: "RPL-11", subject: wanted.id.to_string(), detail }
}

fn note(report: &mut RestoreReport, problem: Problem) {
    if report.problems.len() < LISTED_MAX {
        report.problems.push(problem);
    }
}

/// Counts, by names and sizes alone.
fn foresee(home: &Home, sources: &Sources, into: &Path, wanted: &[Wanted], report: &mut RestoreReport) -> Result<(), Failure> {
    let disk = &*home.world.disk;
    let stat = |base: &Dir, path: &[u8]| {
        let (parent, name) = crate::tree::split(path);
        disk.dir(base, parent, false).and_then(|dir| disk.stat(&dir, name)).ok()
    };
    let to = disk.root(into).ok();
    let mut needed = 0;
    for wanted in wanted {
        let there = to.as_ref().and_then(|to| stat(to, &wanted.id.0));
        let is_document = |stat: &store::disk::Stat| stat.kind == Kind::File && stat.size == wanted.size;
        match there {
            Some(there) if is_document(&there) => report.there += 1,
            Some(_) => {
                report.occupied += 1;
                note(report, occupied(wanted, into));
            }
            None if sources.places(wanted).any(|(base, path)| stat(base, &path).is_some_and(|stat| is_document(&stat))) => {
                report.restored += 1;
                report.restored_bytes += wanted.size;
                needed += wanted.size;
            }
            None => {
                report.missing += 1;
                note(report, missing(wanted));
            }
        }
    }
    let nearest = into.ancestors().find_map(|ancestor| disk.root(ancestor).ok());
    nearest.map_or(Ok(()), |dir| copying::require_room(home, &dir, into, needed))
}

#[cfg(test)]
#[path = "restore_test.rs"]
mod tests;
