//! Making a home, trusting zones, registering archives and routes. Repeated with equal arguments nothing changes.

pub mod overlap;

use capture::scan::is_file_systems_own;
use overlap::Folder;
use seal::keys::{SecretKeys, read_card};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use store::disk::{Dir, Disk, Entry, Hold};
use wire::card::{Card, Role, fingerprint_matches};
use wire::id::Bytes;
use wire::name::is_name;
use wire::record::{ArchiveAdded, Born, Rebased, RouteAccepted, RouteAdded, Trusted};
use wire::{Incarnation, digest};
use zeroize::Zeroizing;

use crate::config::{self, Config, RouteConfig, with_entry};
use crate::home::{Access, Home};
use crate::keys;
use crate::report::{CardReport, Failure, InitReport, SetupReport, TrustReport};
use crate::world::World;

fn named(name: &str) -> Result<(), Failure> {
    let wrong = || Failure::new("USE-01", name, "not a name: 1 to 64 of a-z 0-9 . _ -, starting with a letter or digit");
    if is_name(name) { Ok(()) } else { Err(wrong()) }
}

/// An absolute path, without looking at the file system more than needed.
fn absolute(path: &Path) -> Result<PathBuf, Failure> {
    std::path::absolute(path).map_err(|error| Failure::io(path.display().to_string(), &error))
}

fn utf8(path: &Path) -> Result<String, Failure> {
    path.to_str().map(str::to_owned).ok_or_else(|| Failure::new("USE-01", path.display().to_string(), "folders that the configuration names must be UTF-8"))
}

/// Makes a home.
pub fn init(world: &World, path: &Path, zone: &str, role: Role, passphrase: Option<Zeroizing<String>>) -> Result<InitReport, Failure> {
    named(zone)?;
    let failed = |error: std::io::Error| Failure::io(path.display().to_string(), &error);
    let disk = &*world.disk;
    outside_of_homes(world, path)?;
    let dir = disk.make_root(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists | ErrorKind::NotADirectory => Failure::new("USE-01", path.display().to_string(), "there is a file of this name"),
        _ => failed(error),
    })?;
    let report = |card: &Card, created| InitReport {
        home: path.display().to_string(),
        zone: card.zone.clone(),
        role: card.role.word(),
        fingerprint: card.fingerprint(),
        created,
    };
    if disk.stat(&dir, config::FILE.as_bytes()).is_ok() {
        let home = Home::open(world, path, Access::Read)?;
        if home.config.zone != zone || home.config.role != role {
            return Err(Failure::new(
                "USE-01",
                path.display().to_string(),
                format!("this is the home of {} ({}) already", home.config.zone, home.config.role.word()),
            ));
        }
        if passphrase.is_some() && !home.is_protected() {
            let detail = "the keys of this home lie in the clear, and nothing was changed; `home backup` and `home restore` make a home whose keys are under a passphrase";
            return Err(Failure::new("USE-01", path.display().to_string(), detail));
        }
        return Ok(report(&home.card, false));
    }
    // What was interrupted before it was a home has no checkpoint. A home that lost its configuration is not begun anew over its keys.
    if let Some(failure) = without_configuration(disk, &dir) {
        return Err(failure);
    }
    let begun = |entry: &Entry| [&b"keys"[..], b"trust", b"ledger", b"spool", b"lock", b"gapferry.toml.part"].contains(&entry.name.as_slice());
    if !disk.list(&dir).map_err(failed)?.iter().all(|entry| begun(entry) || is_file_systems_own(disk, &dir, entry)) {
        return Err(Failure::new("USE-01", path.display().to_string(), "the folder is not empty and not a gapferry home"));
    }
    let _lock = disk
        .lock(&dir, b"lock", Hold::Alone)
        .map_err(failed)?
        .ok_or_else(|| Failure::new("HOM-01", path.display().to_string(), "another gapferry holds this home"))?;
    // An interrupted init starts over: the configuration, written last, makes the home.
    for folder in [&b"keys"[..], b"trust", b"ledger", b"spool"] {
        crate::tree::remove_tree(disk, &dir, folder).map_err(failed)?;
    }
    for folder in [&b"keys"[..], b"trust", b"ledger", b"spool", b"spool/out", b"spool/quarantine"] {
        disk.dir(&dir, folder, true).map_err(failed)?;
    }
    let keys = SecretKeys { sign: world.random(), seal: world.random() };
    let card = keys.card(zone, role);
    let protection = passphrase.map(|passphrase| keys::Protection::new(world, &passphrase)).transpose()?;
    let text = keys::write(world, &[keys], protection.as_ref());
    let keys_dir = disk.dir(&dir, b"keys", false).map_err(failed)?;
    store::spool::write_whole_with_mode(disk, &keys_dir, keys::FILE, text.as_bytes(), 0o600).map_err(failed)?;
    let mut ledger = store::ledger::Ledger::create(world.disk.clone(), &path.join("ledger")).map_err(crate::home::ledger_failure)?;
    let born = wire::record::Record::from(Born { incarnation: Incarnation(world.random()), zone: card.id(), name: zone.into(), role });
    ledger.append(world.now_seconds(), born.kind(), &born.encode()).and_then(|_| ledger.commit()).map_err(crate::home::ledger_failure)?;
    drop(ledger);
    store::spool::write_whole(disk, &dir, config::FILE.as_bytes(), Config::template(zone, role).as_bytes()).map_err(failed)?;
    disk.sync_all(&dir).map_err(failed)?;
    Ok(report(&card, true))
}

/// Fails where a new home would lie in another one, whose backup would then hold its keys as well.
///
/// # Errors
/// `USE-01`, about the place.
pub fn outside_of_homes(world: &World, path: &Path) -> Result<(), Failure> {
    let place = std::path::absolute(path).map_err(|error| Failure::io(path.display().to_string(), &error))?;
    let is_home = |folder: &&Path| world.disk.root(folder).is_ok_and(|dir| world.disk.stat(&dir, config::FILE.as_bytes()).is_ok());
    place.ancestors().skip(1).find(is_home).map_or(Ok(()), |home| {
        let detail = format!("a home has a place of its own: this folder lies in {}, which is one", home.display());
        Err(Failure::new("USE-01", path.display().to_string(), detail))
    })
}

/// The public card of a home.
pub fn card(world: &World, path: &Path) -> Result<CardReport, Failure> {
    let home = Home::open(world, path, Access::Read)?;
    let card = &home.card;
    Ok(CardReport {
        zone: card.zone.clone(),
        role: card.role.word(),
        generation: card.generation(),
        fingerprint: card.fingerprint(),
        id: card.id().to_string(),
        card: card.text(),
    })
}

/// Reads a card from a file and checks everything but its fingerprint.
pub fn read_card_file(world: &World, file: &Path) -> Result<Card, Failure> {
    let failed = |error: std::io::Error| Failure::io(file.display().to_string(), &error);
    let (parent, name) = (file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")), file.file_name().unwrap_or_default());
    let dir = world.disk.root(parent).map_err(failed)?;
    let bytes = match store::spool::read_whole(&*world.disk, &dir, std::os::unix::ffi::OsStrExt::as_bytes(name), wire::limits::CARD_BYTES_MAX as u64 + 1) {
        Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge || error.kind() == std::io::ErrorKind::InvalidData => {
            return Err(Failure::new("CRD-02", file.display().to_string(), "longer than a card can be"));
        }
        other => other.map_err(failed)?,
    };
    read_card(&bytes).map_err(|rejection| Failure::new(rejection.code(), file.display().to_string(), rejection.0.says))
}

/// Trusts a card whose fingerprint people have compared.
pub fn trust(world: &World, path: &Path, file: &Path, fingerprint: &str) -> Result<TrustReport, Failure> {
    let card = read_card_file(world, file)?;
    let zone = card.id();
    if !fingerprint_matches(&card.digest(), fingerprint) {
        return Err(Failure::new("CRD-09", file.display().to_string(), format!("the card's fingerprint is {}", card.fingerprint())));
    }
    let mut home = Home::open(world, path, Access::Change)?;
    let report = |added| TrustReport { zone: card.zone.clone(), role: card.role.word(), fingerprint: card.fingerprint(), added };
    if home.trust.contains_key(&zone) && home.known_card(&zone, card.generation()).is_none_or(|known| known.digest() != card.digest()) {
        let detail = format!("this zone is trusted with other keys; if it changed them, trust the new card with --replaces {}", card.zone);
        return Err(Failure::new("USE-01", &card.zone, detail));
    }
    if home.trust.contains_key(&zone) || zone == home.zone_id() {
        home.settle()?;
        return Ok(report(false));
    }
    if let Some(known) = home.trust.values().find(|known| known.zone == card.zone && known.role == card.role) {
        return Err(Failure::new(
            "USE-01",
            &card.zone,
            format!("another {} zone of this name is trusted, with fingerprint {}", card.role.word(), known.fingerprint()),
        ));
    }
    let failed = |error: std::io::Error| Failure::io("trust", &error);
    let folder = world.disk.dir(&home.dir, b"trust", true).map_err(failed)?;
    home.record(Trusted { zone, name: card.zone.clone() })?;
    home.commit()?;
    store::spool::write_whole(&*world.disk, &folder, format!("{zone}.card").as_bytes(), card.text().as_bytes()).map_err(failed)?;
    home.close("", &format!("trusted {} {}", card.zone, card.fingerprint()))?;
    Ok(report(true))
}

/// Writes an entry into the configuration of an open home.
fn configure(home: &Home, section: &str, name: &str, values: &[(&str, String)]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::io(config::FILE, &error);
    let disk: &dyn Disk = &*home.world.disk;
    let text = store::spool::read_whole(disk, &home.dir, config::FILE.as_bytes(), config::CONFIG_BYTES_MAX as u64).map_err(failed)?;
    let text = config::utf8(text, "HOM-03", config::FILE)?;
    let text = with_entry(&text, section, name, values)?;
    Config::parse(&text)?;
    store::spool::write_whole(disk, &home.dir, config::FILE.as_bytes(), text.as_bytes()).map_err(failed)
}

/// What an item of an archive is.
#[derive(Clone, Debug, Default)]
pub struct ArchiveAdd {
    /// `files` or `records`; files unless told.
    pub layout: Option<String>,
    /// Which files are records.
    pub records: Option<String>,
}

/// Registers a tree as an archive of files.
pub fn archive_add(world: &World, path: &Path, name: &str, root: &Path) -> Result<SetupReport, Failure> {
    archive_add_as(world, path, name, root, &ArchiveAdd::default())
}

/// Registers a tree as an archive.
pub fn archive_add_as(world: &World, path: &Path, name: &str, root: &Path, add: &ArchiveAdd) -> Result<SetupReport, Failure> {
    named(name)?;
    let records = match add.layout.as_deref() {
        None => add.records.is_some(),
        Some("records") => true,
        Some("files") if add.records.is_none() => false,
        Some(other) => return Err(Failure::new("USE-01", other, "an archive is one of files or of records; only one of records has a pattern for them")),
    };
    add.records.as_ref().map_or(Ok(()), |pattern| crate::acts::patterns(std::slice::from_ref(pattern)).map(|_| ()))?;
    let root = absolute(root)?;
    let place = utf8(&root)?;
    world.disk.root(&root).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Failure::new("USE-01", &place, "there is no such folder; an archive is added when it is there"),
        ErrorKind::NotADirectory => Failure::new("USE-01", &place, "this is no folder; an archive is a tree of files"),
        _ => Failure::io(&place, &error),
    })?;
    let mut home = Home::open(world, path, Access::Change)?;
    home.require(Role::Source, "archive add")?;
    let report = |added| SetupReport { kind: "archive", name: name.into(), place: place.clone(), added, carries_all: false };
    let configured = home.config.archives.get(name).map(|archive| archive.root.clone());
    if let Some(known) = configured.as_ref().filter(|known| **known != root) {
        return Err(Failure::new("USE-01", name, format!("this archive is {} already", known.display())));
    }
    let is_other = |known: &config::ArchiveConfig| (known.layout == config::Layout::Records) != records || records && known.records != add.records;
    if home.config.archives.get(name).is_some_and(is_other) {
        return Err(Failure::new("USE-01", name, "this archive has another layout already; it is written in gapferry.toml"));
    }
    // The ledger first, then the configuration: an interruption in between is completed by the same command.
    let recorded = home.source().archives.contains_key(name);
    if recorded && configured.is_some() {
        home.settle()?;
        return Ok(report(false));
    }
    overlap::apart(&home, name, &[Folder::Archive(&root)])?;
    if !recorded {
        home.record(ArchiveAdded { archive: name.into(), root: Bytes(place.clone().into_bytes()) })?;
        home.commit()?;
    }
    if configured.is_none() {
        let layout = records.then(|| ("layout", "records".to_owned()));
        let pattern = add.records.clone().map(|pattern| ("records", pattern));
        let values: Vec<(&str, String)> = [Some(("root", place.clone())), layout, pattern].into_iter().flatten().collect();
        configure(&home, "archives", name, &values)?;
    }
    home.close("", &format!("archive {name}"))?;
    Ok(report(true))
}

/// What `route add` says.
#[derive(Clone, Debug)]
pub struct RouteAdd {
    /// Its name.
    pub name: String,
    /// Its archive.
    pub archive: String,
    /// The replica zone's name.
    pub to: String,
    /// Folder for what leaves.
    pub to_gateway: Option<PathBuf>,
    /// Folder for what arrives.
    pub from_gateway: Option<PathBuf>,
    /// An escrow zone's name.
    pub escrow: Option<String>,
    /// The replica tree was filled by other means: it is asked what it holds before content travels.
    pub adopt: bool,
}

/// What `route accept` says.
#[derive(Clone, Debug)]
pub struct RouteAccept {
    /// Its name.
    pub name: String,
    /// The source zone's name.
    pub from: String,
    /// The replica tree.
    pub into: PathBuf,
    /// Folder for what arrives.
    pub from_gateway: Option<PathBuf>,
    /// Folder for what leaves.
    pub to_gateway: Option<PathBuf>,
}

/// Adds the gateway folders of a route to its values, and gives them.
fn gateways(values: &mut Vec<(&'static str, String)>, to: Option<&PathBuf>, from: Option<&PathBuf>) -> Result<Vec<PathBuf>, Failure> {
    let mut folders = Vec::new();
    for (key, path) in [("to_gateway", to), ("from_gateway", from)] {
        if let Some(path) = path {
            let path = absolute(path)?;
            values.push((key, utf8(&path)?));
            folders.push(path);
        }
    }
    Ok(folders)
}

/// Whether the route is configured with exactly these values; fails when it is there with others.
fn same_route(home: &Home, name: &str, values: &[(&str, String)]) -> Result<bool, Failure> {
    let Some(known) = home.config.routes.get(name) else { return Ok(false) };
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let known = [
        ("archive", known.archive.clone()),
        ("to", known.to.clone()),
        ("from", known.from.clone()),
        ("into", path(&known.into)),
        ("to_gateway", path(&known.to_gateway)),
        ("from_gateway", path(&known.from_gateway)),
        ("escrow", known.escrow.clone()),
        ("for", known.for_zone.clone()),
    ];
    let equal = known.iter().all(|(key, value)| values.iter().find(|(other, _)| other == key).map(|(_, value)| value) == value.as_ref());
    if equal { Ok(true) } else { Err(Failure::new("USE-01", name, "a route of this name exists with other settings; they are changed in gapferry.toml")) }
}

/// Adds a route on a source.
pub fn route_add(world: &World, path: &Path, route: &RouteAdd) -> Result<SetupReport, Failure> {
    named(&route.name)?;
    let mut home = Home::open(world, path, Access::Change)?;
    home.require(Role::Source, "route add")?;
    let mut values = vec![("archive", route.archive.clone()), ("to", route.to.clone())];
    let gateways = gateways(&mut values, route.to_gateway.as_ref(), route.from_gateway.as_ref())?;
    if let Some(escrow) = &route.escrow {
        home.trusted(escrow, Role::Replica)?;
        if *escrow == route.to {
            return Err(Failure::new(
                "USE-01",
                escrow,
                "the escrow holder is another zone than the one that the route leads to: whose keys are lost opens nothing",
            ));
        }
        values.push(("escrow", escrow.clone()));
    }
    let of_records = home.config.archives.get(&route.archive).is_some_and(|archive| archive.layout == crate::config::Layout::Records);
    let carries_all = of_records && home.source().routes.get(&route.name).is_none_or(|known| known.template.is_none());
    let report = |added| SetupReport { kind: "route", name: route.name.clone(), place: route.archive.clone(), added, carries_all };
    let (configured, recorded) = (same_route(&home, &route.name, &values)?, home.source().routes.contains_key(&route.name));
    // Also where the route was added without it, or only half of that was kept, as long as nothing was packed.
    let is_new = |known: &engine::source::Route| known.asking.is_empty() && known.next_sequence <= home.source().floor + 1;
    let adopts = route.adopt && home.source().routes.get(&route.name).is_none_or(is_new);
    if configured && recorded && !adopts {
        home.settle()?;
        return Ok(report(false));
    }
    if !home.config.archives.contains_key(&route.archive) {
        return Err(Failure::new("USE-01", &route.archive, "no archive of this name; add it first"));
    }
    home.route_agrees(&route.name, &RouteConfig { archive: Some(route.archive.clone()), to: Some(route.to.clone()), ..RouteConfig::default() })?;
    overlap::apart(&home, &route.name, &gateways.iter().map(|path| Folder::Gateway(path)).collect::<Vec<_>>())?;
    overlap::one_zone(&home, &route.name, &route.to, route.to_gateway.as_ref())?;
    let replica = home.trusted(&route.to, Role::Replica)?.id();
    let route_id = digest::route_id(&home.zone_id(), &replica, &route.name);
    if !recorded {
        home.record(RouteAdded { route: route.name.clone(), route_id, archive: route.archive.clone(), replica })?;
    }
    if adopts {
        home.record(Rebased { route: route.name.clone(), former: None, life: None, anew: true, reason: "adopt".into() })?;
    }
    if !recorded || adopts {
        home.commit()?;
    }
    if !configured {
        configure(&home, "routes", &route.name, &values)?;
    }
    home.close("", &format!("route {}", route.name))?;
    Ok(report(true))
}

/// Accepts a route on a replica.
pub fn route_accept(world: &World, path: &Path, route: &RouteAccept) -> Result<SetupReport, Failure> {
    accept(world, path, route, None)
}

/// Accepts, as the escrow holder of a route, what the source packs for another replica: it is applied here and never answered.
pub fn route_accept_for(world: &World, path: &Path, route: &RouteAccept, zone: &str) -> Result<SetupReport, Failure> {
    accept(world, path, route, Some(zone))
}

fn accept(world: &World, path: &Path, route: &RouteAccept, for_zone: Option<&str>) -> Result<SetupReport, Failure> {
    named(&route.name)?;
    let mut home = Home::open(world, path, Access::Change)?;
    home.require(Role::Replica, "route accept")?;
    let into = absolute(&route.into)?;
    let place = utf8(&into)?;
    let mut values = vec![("from", route.from.clone()), ("into", place.clone())];
    values.extend(for_zone.map(|zone| ("for", zone.to_owned())));
    let gateways = gateways(&mut values, route.to_gateway.as_ref(), route.from_gateway.as_ref())?;
    let report = |added| SetupReport { kind: "route", name: route.name.clone(), place: place.clone(), added, carries_all: false };
    let (configured, recorded) = (same_route(&home, &route.name, &values)?, home.replica().routes.contains_key(&route.name));
    if configured && recorded {
        home.settle()?;
        return Ok(report(false));
    }
    let asked = RouteConfig { from: Some(route.from.clone()), for_zone: for_zone.map(str::to_owned), ..RouteConfig::default() };
    home.route_agrees(&route.name, &asked)?;
    let mut folders = vec![Folder::Tree(&into)];
    folders.extend(gateways.iter().map(|path| Folder::Gateway(path)));
    overlap::apart(&home, &route.name, &folders)?;
    overlap::one_zone(&home, &route.name, &route.from, route.to_gateway.as_ref().filter(|_| for_zone.is_none()))?;
    let source = home.trusted(&route.from, Role::Source)?.id();
    crate::tree::Tree::open(world, &into, true)?;
    let replica = for_zone.map_or(Ok(home.zone_id()), |zone| home.trusted(zone, Role::Replica).map(Card::id))?;
    let route_id = digest::route_id(&source, &replica, &route.name);
    if !recorded {
        home.record(RouteAccepted { route: route.name.clone(), route_id, source, into: Bytes(place.clone().into_bytes()) })?;
        home.commit()?;
    }
    if !configured {
        configure(&home, "routes", &route.name, &values)?;
    }
    home.close("", &format!("route {}", route.name))?;
    Ok(report(true))
}

/// What is wrong with a folder in which a home was at work, for its ledger has a checkpoint, and that has no configuration: it is neither
/// opened nor begun anew over its keys.
pub fn without_configuration(disk: &dyn Disk, dir: &Dir) -> Option<Failure> {
    let ledger = disk.dir(dir, b"ledger", false).ok()?;
    let is_one = disk.stat(dir, config::FILE.as_bytes()).is_err() && disk.stat(&ledger, b"checkpoint").is_ok();
    is_one.then(|| Failure::new("HOM-03", config::FILE, "it is missing, and a home was at work here: put it back, or the whole home from its backup"))
}

#[cfg(test)]
#[path = "setup_test.rs"]
mod tests;
