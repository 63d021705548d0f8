//! Which folders of a home must lie apart: what lies in an archive is sent, what lies in a replica tree is replaced, and what
//! lies in a gateway folder or on a medium leaves. None of them may hold the home and its keys, nor one another.
//!
//! Looked at when a folder is named, and each time a home is opened: the file may have been edited, and a link turned. Links in paths
//! are followed as far as the paths exist.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::config::{Config, FILE};
use crate::home::Home;
use crate::report::Failure;

/// A folder that the configuration names.
#[derive(Clone, Copy, Debug)]
pub enum Folder<'p> {
    /// The home itself.
    Home(&'p Path),
    /// Root of an archive.
    Archive(&'p Path),
    /// Root of a replica tree.
    Tree(&'p Path),
    /// A gateway folder.
    Gateway(&'p Path),
}

impl<'p> Folder<'p> {
    fn path(self) -> &'p Path {
        match self {
            Folder::Home(path) | Folder::Archive(path) | Folder::Tree(path) | Folder::Gateway(path) => path,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Folder::Home(_) => "the home",
            Folder::Archive(_) => "an archive",
            Folder::Tree(_) => "a replica tree",
            Folder::Gateway(_) => "a gateway folder",
        }
    }

    /// Archives are only read, and a gateway folder may serve both ways and several routes (of one zone: `one_zone`). Everything
    /// else needs a place of its own.
    fn may_share(self, other: Self) -> bool {
        matches!((self, other), (Folder::Archive(_), Folder::Archive(_)) | (Folder::Gateway(_), Folder::Gateway(_)))
    }
}

/// The path without links, as far as it exists; the rest as it is written.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
    for ancestor in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (ancestor.canonicalize(), path.strip_prefix(ancestor)) {
            return if rest.as_os_str().is_empty() { real } else { real.join(rest) };
        }
    }
    path
}

/// What the configuration names, but for the archive or route of this name.
fn named<'h>(config: &'h Config, home: &'h Path, but: &str) -> Vec<Folder<'h>> {
    let mut folders = vec![Folder::Home(home)];
    folders.extend(config.archives.iter().filter(|(name, _)| *name != but).map(|(_, archive)| Folder::Archive(&archive.root)));
    for (_, route) in config.routes.iter().filter(|(name, _)| *name != but) {
        folders.extend(route.into.iter().map(|path| Folder::Tree(path)));
        folders.extend(route.to_gateway.iter().chain(&route.from_gateway).map(|path| Folder::Gateway(path)));
    }
    folders
}

/// Fails when one of the folders of the new archive or route `name` overlaps another one of these, or one that the
/// configuration names.
///
/// # Errors
/// `USE-01`, about the new folder.
pub fn apart(home: &Home, name: &str, new: &[Folder<'_>]) -> Result<(), Failure> {
    let known = named(&home.config, &home.path, name);
    for (at, folder) in new.iter().enumerate() {
        for other in known.iter().chain(&new[..at]).filter(|other| !folder.may_share(**other)) {
            if let Some(how) = overlap(folder.path(), other.path()) {
                let detail = format!("{} needs a place of its own: {} ({}) {how}", folder.word(), other.path().display(), other.word());
                return Err(Failure::new("USE-01", folder.path().display().to_string(), detail));
            }
        }
    }
    Ok(())
}

/// Fails when folders that the configuration names overlap where they must not. With many routes it compares each only with those that
/// may hold it.
///
/// # Errors
/// `HOM-03`, about both.
pub fn configured(config: &Config, home: &Path) -> Result<(), Failure> {
    let mut folders: Vec<(PathBuf, Folder<'_>)> = named(config, home, "").into_iter().map(|folder| (real(folder.path()), folder)).collect();
    folders.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut holding: Vec<&(PathBuf, Folder<'_>)> = Vec::new();
    for folder in &folders {
        holding.retain(|(path, _)| folder.0.starts_with(path));
        if let Some((_, other)) = holding.iter().find(|(_, other)| !folder.1.may_share(*other)) {
            let (one, one_word) = (folder.1.path().display(), folder.1.word());
            let (holder, holder_word) = (other.path().display(), other.word());
            let detail = match folder.0 == real(other.path()) {
                true => format!("{one} ({one_word}) is {holder} ({holder_word}): each needs a place of its own"),
                false => format!("{one} ({one_word}) lies in {holder} ({holder_word}): each needs a place of its own"),
            };
            return Err(Failure::new("HOM-03", FILE, detail));
        }
        holding.push(folder);
    }
    let mut taken = HashMap::new();
    for out in ways_out(config) {
        if let Some(other) = taken.insert(real(out.folder), out).filter(|other| other.zone != out.zone) {
            return Err(Failure::new("HOM-03", FILE, out.taken_by(&other)));
        }
    }
    Ok(())
}

/// Where what a route sends leaves by a gateway folder. Who takes it there takes all that lies there.
#[derive(Clone, Copy)]
struct WayOut<'c> {
    route: &'c str,
    zone: &'c str,
    folder: &'c Path,
}

impl WayOut<'_> {
    fn taken_by(&self, other: &WayOut<'_>) -> String {
        let (zone, folder) = (self.zone, self.folder.display());
        format!("what leaves for {zone} needs a folder of its own: {folder} is that of the route {}, which leads to {}", other.route, other.zone)
    }
}

/// Those of a configuration. An escrow holder answers nothing.
fn ways_out(config: &Config) -> impl Iterator<Item = WayOut<'_>> {
    config.routes.iter().filter(|(_, route)| route.for_zone.is_none()).filter_map(|(name, route)| {
        let (zone, folder) = (route.to.as_ref().or(route.from.as_ref())?, route.to_gateway.as_ref()?);
        Some(WayOut { route: name, zone, folder })
    })
}

/// Fails when what the new route sends to `zone` would leave by the folder of a route to another zone, which would take it.
///
/// # Errors
/// `USE-01`, about the folder.
pub fn one_zone(home: &Home, route: &str, zone: &str, folder: Option<&PathBuf>) -> Result<(), Failure> {
    let Some(folder) = folder else { return Ok(()) };
    let (out, place) = (WayOut { route, zone, folder }, real(folder));
    let taken = ways_out(&home.config).find(|other| other.route != route && other.zone != zone && real(other.folder) == place);
    taken.map_or(Ok(()), |other| Err(Failure::new("USE-01", folder.display().to_string(), out.taken_by(&other))))
}

/// How the second folder meets the first, if it does.
fn overlap(one: &Path, other: &Path) -> Option<&'static str> {
    let (one, other) = (real(one), real(other));
    match (one.starts_with(&other), other.starts_with(&one)) {
        (true, true) => Some("is this folder"),
        (true, false) => Some("holds this folder"),
        (false, true) => Some("lies in this folder"),
        (false, false) => None,
    }
}

/// Fails when a place for something new (`what`) lies in, or holds, any folder that the configuration names, or the home.
///
/// # Errors
/// `USE-01`, about the place.
pub fn outside(home: &Home, place: &Path, what: &str) -> Result<(), Failure> {
    for other in named(&home.config, &home.path, "") {
        if let Some(how) = overlap(place, other.path()) {
            let detail = format!("{what} goes elsewhere: {} ({}) {how}", other.path().display(), other.word());
            return Err(Failure::new("USE-01", place.display().to_string(), detail));
        }
    }
    Ok(())
}

/// Fails when a medium lies in the home, in an archive or in a replica tree, or its folder holds the home.
///
/// # Errors
/// `USE-01`, about the medium.
pub fn medium_apart(home: &Home, medium: &Path) -> Result<(), Failure> {
    let (place, ours) = (real(medium), real(&medium.join(carrier::folder::FOLDER)));
    for other in named(&home.config, &home.path, "").into_iter().filter(|other| !matches!(other, Folder::Gateway(_))) {
        let path = real(other.path());
        if place.starts_with(&path) || path.starts_with(&ours) {
            let detail = format!("{} ({}) lies there; a medium is a place of its own", other.word(), other.path().display());
            return Err(Failure::new("USE-01", medium.display().to_string(), detail));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "overlap_test.rs"]
mod tests;
