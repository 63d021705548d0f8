//! `purge` and `purges`, on a source: people ask that nothing older of an item be left at a replica, and see what still holds it.
//!
//! What is asked for is a record; the mark `purge` then travels with the next packages like any change, again and again until the replica
//! has proven that it found nothing (spec/package.md). What was never sent is not purged: not even its name may leave.

use engine::source::{Archive, Item, Purge, Route, RouteItem};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use store::ledger::Position;
use wire::Digest;
use wire::card::Role;
use wire::manifest::Mark;
use wire::record::{Carried, Packed, PurgeAsked, Record};

use crate::acts::{Matcher, People, agree, patterns};
use crate::config::RouteConfig;
use crate::home::{Access, Home, decoded, ledger_failure};
use crate::packing::source_route;
use crate::records::is_orphan;
use crate::report::{Failure, HoldingPackage, LISTED_MAX, Problem, PurgeReport, PurgedItem, RoutePurge};
use crate::status::look;
use crate::world::World;

/// Items of one route that may be purged at once: bounds the record.
const ITEMS_MAX: usize = 1 << 20;

/// What `purge` is asked for.
#[derive(Clone, Debug, Default)]
pub struct PurgeOptions {
    /// These routes; all if empty.
    pub routes: Vec<String>,
    /// Only those of this archive.
    pub archive: Option<String>,
    /// Patterns of the items.
    pub items: Vec<String>,
    /// Why; it goes into the ledger.
    pub reason: String,
    /// Shows what would be purged and what holds it, and asks for nothing.
    pub dry_run: bool,
}

/// Asks for a purge of every item that matches and was ever sent: of what is gone or not carried nothing is to be left at the replica,
/// of what is there nothing but its newest version. Where several people must agree (`release_people`), with the last of them.
///
/// # Errors
/// `USE-01` for an unknown route or archive, a pattern that is not well formed or means nothing that was ever sent, or no reason;
/// `HOM-*`, `LDG-*`, `IO-01`.
pub fn purge(world: &World, path: &Path, options: &PurgeOptions) -> Result<PurgeReport, Failure> {
    if options.reason.trim().is_empty() {
        return Err(Failure::new("USE-01", "purge", "a reason is needed; it is kept in the ledger"));
    }
    let mut home = Home::open(world, path, Access::Change)?;
    match decide(&mut home, options) {
        Ok(report) => {
            let items: u64 = report.routes.iter().map(|route| route.items).sum();
            let agreed = if report.routes.iter().any(|route| route.missing > 0) { " agreed to" } else { "" };
            home.close(&options.reason, &format!("{items} items{agreed}"))?;
            Ok(report)
        }
        Err(failure) => {
            let _closed = home.settle();
            Err(failure)
        }
    }
}

fn decide(home: &mut Home, options: &PurgeOptions) -> Result<PurgeReport, Failure> {
    home.require(Role::Source, "purge")?;
    let names = routes(home, &options.routes, options.archive.as_deref())?;
    let matcher = patterns(&options.items)?;
    let mut meant = Numbers::new();
    for name in &names {
        let (_, archive) = parts(home, name)?;
        let numbers = archive.items.iter().zip(0u32..).filter(|(item, _)| matcher.is_match(&item.id)).map(|(_, number)| number);
        meant.insert(name.clone(), numbers.collect());
    }
    let brought = Brought::read(home, &meant)?;
    let any_known = meant.values().any(|numbers| !numbers.is_empty());
    for (name, numbers) in &mut meant {
        let (route, _) = parts(home, name)?;
        let was_sent = |number: u32| route.item(number).packed_version > 0 || route.item(number).purge.is_some() || brought.has(name, number);
        numbers.retain(|number| was_sent(*number));
        if numbers.len() > ITEMS_MAX {
            return Err(Failure::new("USE-01", name, format!("{} items are meant; at most {ITEMS_MAX} are purged at once", numbers.len())));
        }
    }
    meant.retain(|_, numbers| !numbers.is_empty());
    let given_up = if options.routes.is_empty() { given_up(home, options.archive.as_deref(), &matcher) } else { Vec::new() };
    if meant.is_empty() && given_up.is_empty() {
        let nothing = if any_known {
            "what is meant by it was never sent on these routes: nothing of it is to be purged"
        } else {
            "no item is meant by it; `items` lists those that are there"
        };
        return Err(Failure::new("USE-01", options.items.join(" "), nothing));
    }
    let mut report = PurgeReport { dry_run: options.dry_run, ..PurgeReport::default() };
    report.problems.extend(given_up);
    for (name, numbers) in &meant {
        let people = if options.dry_run { People::default() } else { ask(home, name, numbers, &options.reason)? };
        report.problems.extend(people.problem(name, "items"));
        let mut one = described(home, &brought, name, numbers, options.dry_run)?;
        (one.agreed, one.missing) = (people.agreed, people.missing);
        report.routes.push(one);
        let (route, archive) = parts(home, name)?;
        let stays_behind = |number: &&u32| {
            let (item, sent) = (&archive.items[**number as usize], route.item(**number));
            // A template withdraws what its record left behind.
            item.is_held_back() && !sent.is_gone(item) && !(is_orphan(item) && route.template.is_some())
        };
        report.problems.extend(numbers.iter().filter(stays_behind).take(LISTED_MAX).map(|number| held_back(&archive.items[*number as usize])));
    }
    Ok(report)
}

/// Routes that were given up and brought what is meant: nobody asks their replicas for anything any more.
fn given_up(home: &Home, archive: Option<&str>, matcher: &Matcher) -> Vec<Problem> {
    let source = home.source();
    let is_over = |route: &Route| archive.is_none_or(|archive| route.archive == archive);
    let gone = source.routes.iter().filter(|(name, route)| !home.config.routes.contains_key(*name) && is_over(route));
    let told = |(name, route): (&String, &Route)| {
        let items = &source.archives.get(&route.archive)?.items;
        let brought = items.iter().zip(0u32..).filter(|(item, number)| matcher.is_match(&item.id) && route.item(*number).packed_version > 0).count();
        let detail = format!("{brought} items that are meant were sent on it, and it is not in gapferry.toml any more: its replica is asked for nothing");
        (brought > 0).then(|| Problem { code: "SRC-20", subject: name.clone(), detail })
    };
    gone.filter_map(told).collect()
}

/// Nothing of the item travels, and so its purge does not.
fn held_back(item: &Item) -> Problem {
    let code = match item.rotten {
        true => "SRC-06",
        false if is_orphan(item) => "SRC-12",
        false => "SRC-11",
    };
    Problem {
        code,
        subject: item.id.to_string(),
        detail: "nothing of it travels until it is right, and so its purge waits; it need not once the item is gone".into(),
    }
}

/// Whoever acts asks for it; where several people must, it is asked for with the last of them.
fn ask(home: &mut Home, name: &str, numbers: &BTreeSet<u32>, reason: &str) -> Result<People, Failure> {
    let (route, _) = parts(home, name)?;
    if numbers.iter().all(|number| waits(&route.item(*number))) {
        return Ok(People::default());
    }
    let items: Vec<u32> = numbers.iter().copied().collect();
    let record = |who: String, enough| PurgeAsked { route: name.into(), who, items: items.clone(), enough, reason: reason.into() };
    let people = agree(home, &|home| home.source().routes.get(name)?.purging.as_ref(), &items, |who| record(who, false))?;
    if people.missing == 0 {
        home.record(record(home.world.actor.user.clone(), true))?;
    }
    Ok(people)
}

/// Whether a purge was asked for and waits for its first package: to ask again changes nothing.
fn waits(sent: &RouteItem) -> bool {
    sent.is_purging() && !sent.is_purge_packed()
}

/// What was asked for: each item with where its purge stands, and the packages that brought older versions.
///
/// # Errors
/// `USE-01` for an unknown route or a pattern that is not well formed; `HOM-*`, `LDG-*`, `IO-01`.
pub fn purges(world: &World, path: &Path, route: Option<&str>, pattern: Option<&str>) -> Result<PurgeReport, Failure> {
    let matcher = pattern.map(|pattern| patterns(&[pattern.to_owned()])).transpose()?;
    look(world, path, |home| {
        home.require(Role::Source, "purges")?;
        let mut meant = Numbers::new();
        for name in routes(home, &route.map(ToOwned::to_owned).into_iter().collect::<Vec<_>>(), None)? {
            let (route, archive) = parts(home, &name)?;
            let agreed = route.purging.iter().flat_map(|consent| &consent.over).copied();
            let asked = (0u32..).zip(route.items.iter()).filter(|(_, sent)| sent.purge.is_some()).map(|(number, _)| number);
            let is_meant = |item: &Item| matcher.as_ref().is_none_or(|matcher| matcher.is_match(&item.id));
            let numbers: BTreeSet<u32> = agreed.chain(asked).filter(|number| archive.items.get(*number as usize).is_some_and(is_meant)).collect();
            if !numbers.is_empty() {
                meant.insert(name, numbers);
            }
        }
        let brought = Brought::read(home, &meant)?;
        let described = |(name, numbers): (&String, &BTreeSet<u32>)| {
            let mut one = described(home, &brought, name, numbers, false)?;
            let open = parts(home, name)?.0.purging.as_ref().filter(|consent| consent.over.iter().any(|item| numbers.contains(item)));
            if let Some(consent) = open {
                (one.agreed, one.missing) = (consent.people.clone(), home.config.policy.release_people.saturating_sub(consent.people.len() as u64));
            }
            Ok(one)
        };
        let routes = meant.iter().map(described).collect::<Result<_, Failure>>()?;
        Ok(PurgeReport { routes, ..PurgeReport::default() })
    })
}

/// The routes that are meant: those named, else all; only those over an archive, where one is named.
fn routes(home: &Home, wanted: &[String], archive: Option<&str>) -> Result<Vec<String>, Failure> {
    if let Some(archive) = archive.filter(|archive| !home.config.archives.contains_key(*archive)) {
        return Err(Failure::new("USE-01", archive, "no archive of this name"));
    }
    for name in wanted {
        let config = home.config.routes.get(name).ok_or_else(|| Failure::new("USE-01", name, "no route of this name"))?;
        if archive.is_some() && config.archive.as_deref() != archive {
            return Err(Failure::new("USE-01", name, "this route is over another archive"));
        }
    }
    let is_meant = |name: &String, config: &RouteConfig| {
        if wanted.is_empty() { archive.is_none() || config.archive.as_deref() == archive } else { wanted.contains(name) }
    };
    Ok(home.config.routes.iter().filter(|(name, config)| is_meant(name, config)).map(|(name, _)| name.clone()).collect())
}

/// What the ledger knows of a route, and of its archive.
fn parts<'h>(home: &'h Home, name: &str) -> Result<(&'h Route, &'h Archive), Failure> {
    let route = source_route(home, name)?;
    let archive = home.source().archives.get(&route.archive);
    Ok((route, archive.ok_or_else(|| Failure::new("HOM-03", &route.archive, "the archive of the route is not in the ledger"))?))
}

/// Items by route.
type Numbers = BTreeMap<String, BTreeSet<u32>>;

/// A row of a package that brought an item, or purged it.
struct Row {
    sequence: u64,
    digest: Digest,
    mark: Mark,
}

/// What packages brought of some items, as the ledger says.
#[derive(Default)]
struct Brought {
    rows: BTreeMap<(String, u32), Vec<Row>>,
    packages: BTreeMap<(String, u64), HoldingPackage>,
}

impl Brought {
    /// Reads the whole ledger: nobody looks for this often, and no index is kept for it.
    fn read(home: &Home, wanted: &Numbers) -> Result<Self, Failure> {
        let mut brought = Self::default();
        if wanted.values().all(BTreeSet::is_empty) {
            return Ok(brought);
        }
        for record in home.ledger().read_from(Position::START) {
            let (_, record) = record.map_err(ledger_failure)?;
            if let Record::Packed(packed) = decoded(&record)?
                && let Some(numbers) = wanted.get(&packed.route)
            {
                brought.take(record.time, &packed, numbers);
            }
        }
        Ok(brought)
    }

    fn take(&mut self, packed_at: i64, packed: &Packed, numbers: &BTreeSet<u32>) {
        // An inventory names items, and brings nothing of them.
        let holds = packed.inventory.is_none();
        let mut any = false;
        for row in packed.rows.iter().filter(|row| numbers.contains(&row.item)) {
            let digest = if holds { row.digest } else { Digest::ZERO };
            self.rows.entry((packed.route.clone(), row.item)).or_default().push(Row { sequence: packed.sequence, digest, mark: row.mark });
            any |= digest != Digest::ZERO;
        }
        if any {
            let medium = match packed.carried {
                Carried::Medium(medium) => Some(medium.to_string()),
                Carried::Gateway => None,
            };
            let (sequence, package, file_bytes) = (packed.sequence, packed.package.to_string(), packed.file_bytes);
            let holding = HoldingPackage { sequence, package, medium, packed_at, file_bytes, items: 0, state: "" };
            self.packages.insert((packed.route.clone(), sequence), holding);
        }
    }

    fn rows(&self, name: &str, number: u32) -> &[Row] {
        self.rows.get(&(name.to_owned(), number)).map_or(&[], Vec::as_slice)
    }

    /// Whether any package named the item.
    fn has(&self, name: &str, number: u32) -> bool {
        !self.rows(name, number).is_empty()
    }
}

/// What is purged on a route, as it stands now; `new`: as it would, were it asked for now.
fn described(home: &Home, brought: &Brought, name: &str, numbers: &BTreeSet<u32>, new: bool) -> Result<RoutePurge, Failure> {
    let (route, archive) = parts(home, name)?;
    let mut one = RoutePurge { route: name.into(), other_zone: home.zone_name(&route.replica), items: numbers.len() as u64, ..RoutePurge::default() };
    let mut holding: BTreeMap<u64, u64> = BTreeMap::new();
    for number in numbers {
        let (item, sent) = (&archive.items[*number as usize], route.item(*number));
        let agreed = route.purging.as_ref().is_some_and(|consent| consent.over.contains(number));
        let purge = sent.purge.as_deref().filter(|_| !agreed && (!new || waits(&sent)));
        let shown = shown(item, &sent, purge, agreed);
        one.gone += u64::from(!shown.stays);
        one.open += u64::from(shown.state != "proven");
        let rows = brought.rows(name, *number);
        let kept = kept(item, &sent, purge, rows);
        let older = |row: &&Row| row.digest != Digest::ZERO && Some(row.digest) != kept && purge.is_none_or(|purge| row.sequence < purge.asked_from);
        let sequences: BTreeSet<u64> = rows.iter().filter(older).map(|row| row.sequence).collect();
        sequences.into_iter().for_each(|sequence| *holding.entry(sequence).or_default() += 1);
        if one.listed.len() < LISTED_MAX {
            one.listed.push(shown);
        }
    }
    one.packages_total = holding.len() as u64;
    let package = |(sequence, items): (u64, u64)| {
        let package = brought.packages.get(&(name.to_owned(), sequence))?;
        Some(HoldingPackage { items, state: state_of(route, sequence), ..package.clone() })
    };
    one.packages = holding.into_iter().filter_map(package).take(LISTED_MAX).collect();
    Ok(one)
}

fn shown(item: &Item, sent: &RouteItem, purge: Option<&Purge>, agreed: bool) -> PurgedItem {
    let state = match purge {
        None if agreed => "agreed",
        None => "new",
        Some(purge) if purge.proven_in > 0 => "proven",
        Some(purge) if purge.packed_in > 0 => "packed",
        Some(_) => "asked",
    };
    PurgedItem {
        item: item.id.clone(),
        version: item.version,
        stays: !sent.is_gone(item),
        state,
        asked_at: purge.map(|purge| purge.asked_at),
        sequence: purge.map_or(0, |purge| if purge.proven_in > 0 { purge.proven_in } else { purge.packed_in }),
        proven_at: purge.filter(|purge| purge.proven_in > 0).map(|purge| purge.proven_at),
    }
}

/// The content that is not to go: what the first purge that travelled left, else what the replica has or gets as the newest version.
fn kept(item: &Item, sent: &RouteItem, purge: Option<&Purge>, rows: &[Row]) -> Option<Digest> {
    let purged = purge.and_then(|purge| rows.iter().find(|row| row.mark == Mark::Purge && row.sequence >= purge.asked_from));
    let newest = || {
        // What is proven of this version may be shown otherwise since: then it is what is to go.
        let is_proven = sent.proven_version == item.version && !sent.proven_gone && sent.again.is_none() && !sent.unjudged;
        let proven = is_proven.then_some(sent.proven_digest);
        let packed = || rows.iter().rev().find(|row| row.digest != Digest::ZERO && row.sequence == sent.packed_sequence).map(|row| row.digest);
        proven.or_else(|| packed().filter(|_| sent.is_sent(item)))
    };
    purged.map_or_else(|| newest().filter(|_| !sent.is_gone(item)), |row| Some(row.digest))
}

fn state_of(route: &Route, sequence: u64) -> &'static str {
    match route.packages.get(&sequence) {
        Some(package) if package.lost => "lost",
        Some(_) => "open",
        None if sequence <= route.floor => "void",
        None => "answered",
    }
}

#[cfg(test)]
#[path = "purge_test.rs"]
mod tests;
