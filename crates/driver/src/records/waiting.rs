//! What waits for a record that cannot be read: nobody knows which business transaction made it, so each that counts more records than are
//! known to be of it may have (TX1, TX2 of spec/rights.md).

use capture::read::Parents;
use engine::source::Item;
use rights::tree::Tree;
use std::collections::{BTreeMap, BTreeSet};
use wire::planted;

use super::{Grouping, Recognising, is_of_unknown};
use crate::home::Home;
use crate::packing::source_route;
use crate::report::{Failure, Problem};

/// Business transactions that a route keeps back.
#[derive(Debug, Default)]
pub struct KeptBack {
    /// These.
    pub transactions: BTreeSet<[u8; 16]>,
    /// The first record that cannot be read.
    pub unread: Option<u32>,
}

impl KeptBack {
    /// On a route, as its archive was captured last: of what no package brought yet.
    ///
    /// # Errors
    /// `SRC-01` where the archive cannot be read.
    pub fn of(home: &Home, name: &str, grouping: &Grouping) -> Result<Self, Failure> {
        let route = source_route(home, name)?;
        let archive = &home.source().archives[&route.archive];
        let records = || archive.items.iter().zip(0u32..).filter(|(_, number)| grouping.record_of(*number) == Some(*number));
        let unread = records().find(|(item, number)| is_of_unknown(item, route.item(*number).may_be_there())).map(|(_, number)| number);
        if unread.is_none() || planted::is("unread-of-no-transaction") {
            return Ok(Self::default());
        }
        // What is new on the route: what it brought before is whole already, or travels again as it was.
        let is_new = |item: &Item, number: u32| {
            let sent = route.item(number);
            !item.gone && !item.is_held_back() && !sent.is_excluded(item) && sent.packed_version < item.version
        };
        let new = records().filter(|(item, number)| is_new(item, *number)).filter_map(|(item, number)| Some((item.transaction()?, number)));
        let asked: BTreeMap<[u8; 16], u32> = new.collect();
        let mut known: BTreeMap<[u8; 16], u64> = BTreeMap::new();
        for (item, _) in records() {
            let mut of: Vec<[u8; 16]> = item.transaction().into_iter().chain(item.earlier().iter().map(|(_, id)| *id)).collect();
            of.sort_unstable();
            of.dedup();
            of.into_iter().filter(|id| asked.contains_key(id)).for_each(|id| *known.entry(id).or_default() += 1);
        }
        let root =
            home.world.disk.root(&home.config.archives[&route.archive].root).map_err(|error| Failure::new("SRC-01", &route.archive, error.to_string()))?;
        let mut parents = Parents::default();
        let mut counts = |number: u32| {
            let mut content = Vec::new();
            parents.read(&*home.world.disk, &root, &archive.items[number as usize].id, &mut |bytes| content.extend_from_slice(bytes)).ok()?;
            rights::json::read_tree(&content).ok()?.get("txn")?.get("size").and_then(Tree::as_u64)
        };
        let lacks = |id: &[u8; 16], size: Option<u64>| size.is_none_or(|size| size > known.get(id).copied().unwrap_or(0));
        let transactions = asked.into_iter().filter(|(id, number)| lacks(id, counts(*number))).map(|(id, _)| id).collect();
        Ok(Self { transactions, unread })
    }

    /// What is to be said of it on a route.
    ///
    /// # Errors
    /// As [`Self::of`].
    pub fn problem(home: &Home, name: &str) -> Result<Option<Problem>, Failure> {
        let route = source_route(home, name)?;
        let archive = &home.source().archives[&route.archive];
        let any = archive.items.iter().zip(0u32..).any(|(item, number)| is_of_unknown(item, route.item(number).may_be_there()));
        let Some(recognising) = Recognising::of(home.archive_config(&route.archive)?)?.filter(|_| any) else { return Ok(None) };
        let waiting = Self::of(home, name, &Grouping::of(archive, &recognising))?;
        let Some(unread) = waiting.unread.filter(|_| !waiting.transactions.is_empty()) else { return Ok(None) };
        let count = waiting.transactions.len();
        let detail = format!("{count} business transactions wait on {name}: it cannot be read, and may be of them");
        Ok(Some(Problem { code: "SRC-04", subject: archive.items[unread as usize].id.to_string(), detail }))
    }
}
