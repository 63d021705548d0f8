//! What a source knows of an archive: its documents as they were captured and read.

use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wire::record::{Captured, Described, FileStat, Place, Read, Rotten, Shape};
use wire::{Digest, ItemId, planted};

use crate::order::{Named, Order};

/// A document of an archive, as last captured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// Counter of captured changes, from 1.
    pub version: u64,
    /// What the file system said last.
    pub stat: FileStat,
    /// It is gone from the archive.
    pub gone: bool,
    /// Digest of this version, once it was read.
    pub digest: Option<Digest>,
    /// The version from which on its content is what it is, as far as it was read.
    pub content_since: u64,
    /// It was read within the clock tick of its last change: read it again.
    pub young: bool,
    /// Its content differs though the file system shows no change: never carried (P11).
    pub rotten: bool,
    /// When this version was captured, s since 1970 (annotation only).
    pub captured_at: i64,
    /// What the beginning of this version looks like, once it was read.
    pub shape: Shape,
    /// When its content was last read and found right, s since 1970.
    pub read_at: i64,
    /// First 8 bytes of the digest of its record's `rid`; zero where there is none.
    pub rid: u64,
    /// What few items have: its transactions, and what is wrong with its record.
    pub besides: Besides,
    /// In an archive of records: its record was read since it changed.
    pub described: bool,
}

/// What few items have at a time: it takes room where there is some of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Besides(Option<Box<Rare>>);

/// In the order in which a snapshot holds them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Rare {
    /// The business transaction that made this version.
    transaction: Option<[u8; 16]>,
    /// Those that made earlier versions, where some route has not proven these: versions and ids, in their order. It grows with the
    /// changes that wait on some route.
    earlier: Option<Vec<(u64, [u8; 16])>>,
    /// What is wrong with its record: nothing of it travels.
    fault: Option<Box<str>>,
    /// Digest and size of what was last read of it, where it has changed since and was not read again.
    read_before: Option<(Digest, u64)>,
}

impl Besides {
    fn of(rare: Rare) -> Self {
        Self((rare != Rare::default()).then(|| Box::new(rare)))
    }

    fn change(&mut self, change: impl FnOnce(&mut Rare)) {
        let mut rare = self.0.take().map_or_else(Rare::default, |rare| *rare);
        change(&mut rare);
        *self = Self::of(rare);
    }
}

impl Serialize for Besides {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(rare) => rare.serialize(to),
            None => Rare::default().serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Besides {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Rare::deserialize(from).map(Self::of)
    }
}

impl Named for Item {
    fn id(&self) -> &ItemId {
        &self.id
    }
}

impl Item {
    /// One that the ledger meets for the first time.
    fn new(id: ItemId) -> Self {
        Self {
            id,
            version: 0,
            stat: FileStat::default(),
            gone: true,
            digest: None,
            content_since: 0,
            young: false,
            rotten: false,
            captured_at: 0,
            shape: Shape::Unknown,
            read_at: 0,
            rid: 0,
            besides: Besides::default(),
            described: false,
        }
    }

    /// The business transaction that made this version.
    pub fn transaction(&self) -> Option<[u8; 16]> {
        self.besides.0.as_ref()?.transaction
    }

    /// Those that made earlier versions, where some route has not proven these: version and id, in their order.
    pub fn earlier(&self) -> &[(u64, [u8; 16])] {
        self.besides.0.as_ref().and_then(|rare| rare.earlier.as_deref()).unwrap_or_default()
    }

    /// What is wrong with its record: nothing of it travels.
    pub fn fault(&self) -> Option<&str> {
        self.besides.0.as_ref()?.fault.as_deref()
    }

    /// Digest and size of its own content at `version`, as far as that is known: what a route made of it may be another one.
    pub fn content_at(&self, version: u64) -> Option<(Digest, u64)> {
        let known = self.content_since <= version && !planted::is("shown-otherwise-is-changed");
        self.read_last().filter(|_| known)
    }

    /// Digest and size of what was last read of it.
    fn read_last(&self) -> Option<(Digest, u64)> {
        let now = self.digest.map(|digest| (digest, self.stat.size));
        now.or_else(|| self.besides.0.as_ref()?.read_before)
    }

    /// Its present version was read.
    pub(super) fn take_read(&mut self, digest: Digest) {
        if self.read_last().is_none_or(|(known, _)| known != digest) {
            self.content_since = self.version;
        }
        self.digest = Some(digest);
        if self.besides.0.is_some() {
            self.besides.change(|rare| rare.read_before = None);
        }
    }

    /// Changes the versions that earlier transactions made.
    pub(super) fn count_earlier_anew(&mut self, version: u64) {
        self.besides.change(|rare| rare.earlier.iter_mut().flatten().for_each(|(known, _)| *known = version));
    }

    /// Forgets which transactions made versions up to this one, and those that made its present one.
    pub(super) fn forget_transactions(&mut self, up_to: u64) {
        self.besides.change(|Rare { transaction, earlier, .. }| {
            earlier.iter_mut().for_each(|earlier| earlier.retain(|(version, id)| *version > up_to && Some(*id) != *transaction));
            earlier.take_if(|earlier| earlier.is_empty());
        });
    }

    /// Whether it must stay where it is: its content rotted, or its record is no record.
    pub fn is_held_back(&self) -> bool {
        self.rotten && !planted::is("rot-selected") || self.fault().is_some() && !planted::is("faulty-record-carried")
    }
}

/// An archive of this source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    /// Its root directory.
    pub root: Vec<u8>,
    /// Versions of earlier lives of the ledger end here.
    pub floor: u64,
    /// Where that lay when it was scanned last; none where nobody knows, or people said that it may be another folder now.
    pub place: Option<Place>,
    /// When a document was last read again without a change, s since 1970.
    pub scrubbed_at: Option<i64>,
    /// Its items by number.
    pub items: Vec<Item>,
    /// Its items in order of id.
    #[serde(skip)]
    pub order: Order,
    /// Numbers of those that rotted: few of many.
    #[serde(skip)]
    rotten: BTreeSet<u32>,
}

impl Archive {
    /// The item with this id.
    pub fn find(&self, id: &ItemId) -> Option<(u32, &Item)> {
        let number = self.order.find(&self.items, id)?;
        Some((number, &self.items[number as usize]))
    }

    /// Restores what a snapshot leaves out.
    pub(super) fn restore(&mut self) {
        self.order = Order::of(&self.items);
        self.rotten = (0u32..).zip(&self.items).filter(|(_, item)| item.rotten).map(|(number, _)| number).collect();
    }

    /// Its items that rotted and are there, ascending by number.
    pub fn rotten(&self) -> impl Iterator<Item = (u32, &Item)> {
        let all = self.rotten.iter().map(|number| (*number, &self.items[*number as usize]));
        all.filter(|(_, item)| !item.gone)
    }

    /// An item is rotten or is not any more.
    fn mark_rotten(&mut self, number: u32, rotten: bool) {
        let Some(item) = self.items.get_mut(number as usize) else { return };
        if item.rotten != rotten {
            item.rotten = rotten;
            if rotten {
                self.rotten.insert(number)
            } else {
                self.rotten.remove(&number)
            };
        }
    }

    pub(super) fn fold_captured(&mut self, time: i64, captured: Captured) {
        self.place = captured.root.or(self.place);
        let rotten: Vec<Item> = self.rotten().map(|(_, item)| item.clone()).collect();
        for row in captured.rows {
            if let Some(id) = row.id
                && row.item as usize == self.items.len()
            {
                self.items.push(Item::new(id));
                self.order.insert(&self.items, row.item);
            }
            let Some(item) = self.items.get_mut(row.item as usize) else { continue };
            // Its record changed, or a document beside it: of its own content nothing new is said.
            let untouched = !item.gone && row.stat == Some(item.stat);
            // Only of records and their documents a route may hold something else than what was read.
            let (before, read_last) = (item.version, item.read_last().filter(|_| item.described || item.digest.is_none()));
            item.besides.change(|rare| {
                if let Some(transaction) = rare.transaction.take() {
                    rare.earlier.get_or_insert_default().push((before, transaction));
                }
                rare.fault = None;
            });
            item.version = row.version;
            item.gone = row.stat.is_none();
            item.stat = row.stat.unwrap_or(item.stat);
            item.captured_at = time;
            item.described = false;
            if untouched {
                continue;
            }
            item.young = false;
            // A new name or other rights do not mend what is rotten: it is rotten until it is read as it was, or changes.
            let still = row.stat.and_then(|stat| rotten.iter().find(|known| known.stat.is_same_content(&stat)));
            item.digest = still.and_then(|known| known.digest);
            if read_last.is_some() {
                item.besides.change(|rare| rare.read_before = read_last.filter(|_| item.digest.is_none()));
            }
            self.mark_rotten(row.item, still.is_some());
        }
    }

    pub(super) fn fold_read(&mut self, time: i64, read: &Read) {
        for row in &read.rows {
            if let Some(item) = self.items.get_mut(row.item as usize).filter(|item| item.version == row.version) {
                if item.digest == Some(row.digest) && !item.young {
                    self.scrubbed_at = Some(time);
                }
                item.take_read(row.digest);
                item.young = row.young;
                (item.shape, item.read_at) = (row.shape, time);
                self.mark_rotten(row.item, false);
            }
        }
    }

    pub(super) fn fold_described(&mut self, described: &Described) {
        for row in &described.rows {
            if let Some(item) = self.items.get_mut(row.item as usize).filter(|item| item.version == row.version) {
                (item.rid, item.described) = (row.rid, true);
                let fault = (!row.fault.is_empty()).then(|| row.fault.as_str().into());
                item.besides.change(|rare| (rare.transaction, rare.fault) = (row.transaction, fault));
            }
        }
    }

    pub(super) fn fold_rotten(&mut self, rotten: &Rotten) {
        for number in &rotten.items {
            self.mark_rotten(*number, true);
        }
    }
}
