//! What lies on a replica already, compared with what an inventory claims: nothing is written, nothing is moved; and what it does not claim any more.

use engine::replica::Route;
use rayon::prelude::*;
use std::collections::{HashMap, HashSet};
use std::io;
use wire::ItemId;
use wire::manifest::{Item, Manifest};
use wire::planted;
use wire::record::{StagedRow, Step};

use crate::home::Home;
use crate::progress::Stage;
use crate::report::Problem;
use crate::stage::digest_of;
use crate::switch::escaped_items;
use crate::tree::{Tree, escaped, split};
use crate::world::World;

/// Whether each item of an inventory lies on the disk as it is claimed: where the ledger says, or where it would be put if
/// the ledger does not know it. What belongs to another item is not looked at.
pub fn lie_right(world: &World, tree: &Tree, route: &Route, manifest: &Manifest) -> io::Result<Vec<bool>> {
    let documents = || manifest.items.iter().flat_map(|item| &item.documents);
    world.progress.begin(Stage::Check, Some(manifest.items.len() as u64), Some(documents().map(|document| document.size).sum()));
    let place = Place { world, tree, route, escaped: escaped_items(route), named: manifest.items.iter().map(|item| &item.id).collect() };
    let right = manifest.items.par_iter().map(|item| place.is_right(item)).collect();
    world.progress.end();
    right
}

/// What is to be said where a source that went back does not know any more what it had brought: it leaves the tree, and the archive may have
/// lost it, too.
pub fn forgotten(home: &Home, name: &str, rows: &[StagedRow]) -> Option<Problem> {
    let route = &home.replica().routes[name];
    let former = |row: &&StagedRow| row.step == Step::Drop && route.items[row.item as usize].former;
    let mut unknown = rows.iter().filter(former).map(|row| &route.items[row.item as usize].id);
    let first = unknown.next()?;
    let (count, days) = (unknown.count() + 1, home.config.policy.history_days);
    let detail = format!(
        "{count} items that earlier packages brought are not known to the source any more, the first is {first}: they leave the tree, and stay in the history for {days} days"
    );
    (!planted::is("forgotten-untold")).then(|| Problem { code: "RPL-13", subject: name.into(), detail })
}

struct Place<'a> {
    world: &'a World,
    tree: &'a Tree,
    route: &'a Route,
    /// Items that lie under an escaped name, by that name.
    escaped: HashMap<&'a ItemId, u32>,
    /// Ids of this inventory.
    named: HashSet<&'a ItemId>,
}

impl Place<'_> {
    fn is_right(&self, item: &Item) -> io::Result<bool> {
        let Some(document) = item.documents.first() else { return Ok(false) };
        let known = self.route.find(&item.id).map(|(_, known)| known).filter(|known| known.held());
        let candidates = match known {
            Some(known) => vec![known.path().clone()],
            None => vec![item.id.clone(), escaped(&item.id, false), escaped(&item.id, true)],
        };
        let mut right = false;
        for path in candidates {
            let is_own = path == item.id || known.is_some();
            if self.tree.is_ours(&*self.world.disk, &path.0) || self.belongs_to_another(item, &path) || !is_own && self.named.contains(&path) {
                continue;
            }
            if self.has(&path, document)? {
                right = true;
                break;
            }
        }
        self.world.progress.advance(1, document.size);
        Ok(right)
    }

    fn belongs_to_another(&self, item: &Item, path: &ItemId) -> bool {
        let lies_here = |number: u32| {
            let other = &self.route.items[number as usize];
            other.id != item.id && other.held() && other.path() == path
        };
        [self.route.order.find(&self.route.items, path), self.escaped.get(path).copied()].into_iter().flatten().any(lies_here)
    }

    /// Whether a regular file with this content lies there. What cannot be read is not there.
    fn has(&self, path: &ItemId, document: &wire::manifest::Document) -> io::Result<bool> {
        let disk = &*self.world.disk;
        let (parent, name) = split(&path.0);
        let Ok(dir) = disk.dir(&self.tree.root, parent, false) else { return Ok(false) };
        let Ok(mut file) = disk.open(&dir, name) else { return Ok(false) };
        let right = |file: &mut dyn store::disk::File| -> io::Result<bool> { Ok(file.stat()?.size == document.size && digest_of(file)? == document.digest) };
        Ok(right(&mut *file).unwrap_or(false))
    }
}

#[cfg(test)]
#[path = "adopting_test.rs"]
mod tests;
