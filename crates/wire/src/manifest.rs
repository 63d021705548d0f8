//! The manifest of a sync package: what it brings, item by item, and where the bytes lie (spec/package.md).

use crate::clause::{self, Rejection, require};
use crate::codec;
use crate::digest;
use crate::id::{Bytes, Digest, Incarnation, ItemId, MediumId, PackageId, RouteId, TransactionId, ZoneId};
use crate::keys::KeyNotice;
use crate::limits::{BLOCK_PLAIN_BYTES_MAX, NUMBER_MAX, PACKAGE_ITEMS_MAX, PREVIOUS_MAX, TEMPLATE_ID_BYTES_MAX};
use crate::name;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// Flag: the source asks for a receipt in full form.
pub const FLAG_FULL_RECEIPT: u32 = 1;

/// The end of a ledger: how many records, and the digest of the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Records in the ledger.
    pub number: u64,
    /// Digest of the last one; zero when there is none.
    pub digest: Digest,
}

impl Head {
    /// The one of more records.
    pub fn later(self, other: Self) -> Self {
        if other.number > self.number { other } else { self }
    }
}

/// What the source has last seen of the replica: acknowledges its receipts up to this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    /// The replica's incarnation.
    pub incarnation: Incarnation,
    /// Number of the newest receipt that was taken in.
    pub receipt: u64,
    /// The replica's head that it quoted.
    pub ledger: Head,
}

/// What the people of the source agreed to when a breaker stopped the route there: the replica's people are asked once for all
/// packages that carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// Which agreement of this route and incarnation it is, from 1.
    pub number: u64,
    /// How many changes it is about.
    pub changes: u64,
}

/// The template under which the items were projected; absent for a plain copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: u64,
}

/// A document that the replica is proven to hold, from which pieces are copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Base {
    /// Digest of its content.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
}

/// One block of content; blocks lie back to back from the start of the plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// Bytes as stored.
    pub stored: u32,
    /// Bytes decompressed; equal to `stored` when stored raw.
    pub plain: u32,
}

/// What happened to an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mark {
    /// New to the route.
    Add,
    /// Its metadata changed.
    Record,
    /// Its documents changed.
    Document,
    /// Deleted at the source.
    Delete,
    /// No longer matches the route's rules.
    Withdraw,
    /// Earlier versions must go too.
    Purge,
}

impl Mark {
    /// Whether the item is gone afterwards, whatever comes with it; a purge may bring it or not.
    pub fn removes(self) -> bool {
        matches!(self, Mark::Delete | Mark::Withdraw)
    }
    /// Whether nothing older of the item may stay on the replica.
    pub fn erases(self) -> bool {
        matches!(self, Mark::Withdraw | Mark::Purge)
    }
    /// The word of the ledger and of the command line.
    pub fn word(self) -> &'static str {
        match self {
            Mark::Add => "add",
            Mark::Record => "record",
            Mark::Document => "document",
            Mark::Delete => "delete",
            Mark::Withdraw => "withdraw",
            Mark::Purge => "purge",
        }
    }
}

/// A business transaction as a package holds it: all of its items are switched in, or none is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// Its id.
    pub id: TransactionId,
    /// How many items of this package belong to it.
    pub rows: u32,
}

/// What an item replaces: the version that is proven at the replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaced {
    /// Its version.
    pub version: u64,
    /// Its projected digest.
    pub digest: Digest,
}

/// A piece of a document's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Piece {
    /// The next bytes of the logical content.
    New {
        /// Bytes.
        length: u64,
    },
    /// Bytes of a base.
    Copy {
        /// Index into `bases`.
        base: u32,
        /// Offset in the base.
        offset: u64,
        /// Bytes.
        length: u64,
    },
}

impl Piece {
    /// Bytes it stands for.
    pub fn length(&self) -> u64 {
        match self {
            Piece::New { length } | Piece::Copy { length, .. } => *length,
        }
    }
}

/// Which part of a document larger than a medium this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Offset in the document.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
    /// Digest of these bytes.
    pub digest: Digest,
}

/// A document of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// Name within the item; empty in layout `files`.
    pub name: Bytes,
    /// Digest of the whole content.
    pub digest: Digest,
    /// Size of the whole content, bytes.
    pub size: u64,
    /// Last modification, ns since 1970-01-01 UTC.
    pub modified: i64,
    /// Whether it may be executed.
    pub executable: bool,
    /// Set when this package brings only a part of it.
    pub part: Option<Part>,
    /// Offset of its new bytes in the logical content.
    pub at: u64,
    /// Its bytes, in order.
    pub pieces: Vec<Piece>,
}

impl Document {
    /// Bytes that the pieces must add up to: the part's, or all.
    pub fn carried_bytes(&self) -> u64 {
        self.part.map_or(self.size, |part| part.length)
    }
    /// Bytes that come from the logical content.
    pub fn new_bytes(&self) -> u64 {
        self.pieces.iter().filter(|piece| matches!(piece, Piece::New { .. })).map(Piece::length).sum()
    }
    /// Digest of the carried bytes.
    pub fn carried_digest(&self) -> Digest {
        self.part.map_or(self.digest, |part| part.digest)
    }
    /// What the ledger compares: content and attributes.
    pub fn projection(&self) -> Digest {
        digest::projection(&self.digest, self.size, self.modified, self.executable)
    }
}

/// An item in a package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// Its version.
    pub version: u64,
    /// What happened to it.
    pub mark: Mark,
    /// What is proven at the replica, if anything.
    pub replaces: Option<Replaced>,
    /// The business transaction that it belongs to.
    pub transaction: Option<Transaction>,
    /// Metadata record; none in layout `files`.
    pub record: Option<Bytes>,
    /// Its documents; one in layout `files`, none when it is removed.
    pub documents: Vec<Document>,
}

impl Item {
    /// Whether the item is gone afterwards.
    pub fn removes(&self) -> bool {
        self.mark.removes() || self.mark == Mark::Purge && self.documents.is_empty()
    }
}

/// A span of ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// It begins behind this id; none: at the first.
    pub after: Option<ItemId>,
    /// It ends with this id; none: at the last.
    pub up_to: Option<ItemId>,
}

impl Span {
    /// Whether an id lies in it.
    pub fn contains(&self, id: &ItemId) -> bool {
        self.after.as_ref().is_none_or(|after| after < id) && self.up_to.as_ref().is_none_or(|up_to| id <= up_to)
    }
}

/// Set when a package brings no content but claims what the replica must hold in a span of ids: its items, exactly.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// The ids of which it speaks.
    pub span: Span,
    /// Ids in it of which nothing is claimed: what lies there stays as it is.
    pub unclaimed: Vec<ItemId>,
}

/// The manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Route name.
    pub route: String,
    /// Route id, derived from the zones and the name.
    pub route_id: RouteId,
    /// The source zone, which signs.
    pub source: ZoneId,
    /// The replica zone, for which it is wrapped.
    pub replica: ZoneId,
    /// The source's ledger.
    pub incarnation: Incarnation,
    /// Position in the stream of this route and incarnation, from 1.
    pub sequence: u64,
    /// Packages up to this sequence are void: the route began anew behind them.
    pub floor: u64,
    /// Ids of the packages of the sequences just before this one, the nearest first.
    pub previous: Vec<PackageId>,
    /// End of the source's ledger when this was cut.
    pub ledger: Head,
    /// What the source has seen of the replica.
    pub acknowledged: Option<Witness>,
    /// The newest agreement of the source's people on this route.
    pub agreed: Option<Agreement>,
    /// Flags, see `FLAG_FULL_RECEIPT`.
    pub flags: u32,
    /// Secret that only the opened package holds; keys what the replica must prove.
    pub nonce: [u8; 32],
    /// The medium it was cut for.
    pub medium: Option<MediumId>,
    /// The template.
    pub template: Option<Template>,
    /// What it says of keys.
    pub keys: KeyNotice,
    /// It is an inventory.
    pub inventory: Option<Inventory>,
    /// Documents that pieces are copied from.
    pub bases: Vec<Base>,
    /// The content.
    pub blocks: Vec<Block>,
    /// What it brings: removals first, each group in order of id.
    pub items: Vec<Item>,
}

impl Manifest {
    /// Reads and checks the body of a package whose content is `content_bytes` long (clauses ENV-18, PKG-03 to PKG-11, PKG-14, PKG-15).
    /// Zones and route against what is trusted here are the caller's (PKG-01, PKG-02).
    pub fn decode(body: &[u8], content_bytes: u64) -> Result<Self, Rejection> {
        let manifest: Manifest = codec::decode(body, &clause::ENV_CANONICAL)?;
        manifest.check(content_bytes)?;
        Ok(manifest)
    }

    /// Route and sequence at the start of a body, without reading the rest: for an order of work only, nothing is checked.
    pub fn place_of(body: &[u8]) -> Option<(RouteId, u64)> {
        #[derive(Deserialize)]
        struct Start {
            _route: String,
            route_id: RouteId,
            _zones: [ZoneId; 2],
            _incarnation: Incarnation,
            sequence: u64,
        }
        codec::decode_start::<Start>(body).map(|start| (start.route_id, start.sequence))
    }

    /// The checks of `decode`, for a writer to hold itself to.
    pub fn check(&self, content_bytes: u64) -> Result<(), Rejection> {
        let number = |number: u64| (1..=NUMBER_MAX).contains(&number);
        require(number(self.sequence) && self.ledger.number <= NUMBER_MAX, &clause::PKG_NUMBERS)?;
        require(self.floor < self.sequence && (self.previous.len() as u64) < self.sequence - self.floor, &clause::PKG_NUMBERS)?;
        require(self.previous.len() <= PREVIOUS_MAX, &clause::PKG_NUMBERS)?;
        require(self.acknowledged.is_none_or(|witness| witness.receipt.max(witness.ledger.number) <= NUMBER_MAX), &clause::PKG_NUMBERS)?;
        require(self.agreed.is_none_or(|agreed| number(agreed.number) && agreed.changes <= NUMBER_MAX), &clause::PKG_NUMBERS)?;
        require(self.keys.is_formed(self.sequence), &clause::PKG_NUMBERS)?;
        require(self.flags & !FLAG_FULL_RECEIPT == 0, &clause::PKG_FLAGS)?;
        let known = |template: &Template| (1..=TEMPLATE_ID_BYTES_MAX).contains(&template.id.len()) && (1..=NUMBER_MAX).contains(&template.version);
        require(self.template.as_ref().is_none_or(known), &clause::PKG_UNSUPPORTED)?;
        let logical_bytes = self.check_blocks(content_bytes)?;
        require(self.items.len() <= PACKAGE_ITEMS_MAX, &clause::PKG_ITEMS)?;
        require(self.items.windows(2).all(|pair| Self::place(&pair[0]) < Self::place(&pair[1])), &clause::PKG_ITEMS)?;
        let doubled = |pair: &[Item]| pair[0].id == pair[1].id && pair[0].documents.iter().chain(&pair[1].documents).any(|document| document.part.is_none());
        require(!self.items.windows(2).any(doubled), &clause::PKG_ITEMS)?;
        let mut bases_used = vec![false; self.bases.len()];
        for item in &self.items {
            self.check_item(item, logical_bytes, &mut bases_used)?;
        }
        let mut seen: Vec<&Base> = self.bases.iter().collect();
        seen.sort_by_key(|base| base.digest);
        require(seen.windows(2).all(|pair| pair[0].digest != pair[1].digest), &clause::PKG_BASES)?;
        require(bases_used.iter().all(|used| *used), &clause::PKG_BASES)?;
        self.check_extents()?;
        require(self.items.windows(2).all(|pair| Self::parts_agree(&pair[0], &pair[1])), &clause::PKG_PART)?;
        self.check_transactions()?;
        self.inventory.as_ref().map_or(Ok(()), |inventory| self.check_inventory(inventory))?;
        require(self.route_id == digest::route_id(&self.source, &self.replica, &self.route) && name::is_name(&self.route), &clause::PKG_ROUTE_ID)
    }

    /// Order of items: removals first, then by id, then by the offset of the part. A document that comes whole has no
    /// place beside its own parts.
    fn place(item: &Item) -> (bool, &ItemId, Option<u64>) {
        let part = item.documents.first().and_then(|document| document.part);
        (!item.removes(), &item.id, part.map(|part| part.offset))
    }

    /// An inventory has no content, and names each id of its span at most once.
    fn check_inventory(&self, inventory: &Inventory) -> Result<(), Rejection> {
        let (span, unclaimed) = (&inventory.span, &inventory.unclaimed);
        let bounds = span.after.iter().zip(&span.up_to).all(|(after, up_to)| after < up_to);
        require(bounds && self.blocks.is_empty() && unclaimed.len() <= PACKAGE_ITEMS_MAX, &clause::PKG_INVENTORY)?;
        let is_whole = |item: &Item| item.transaction.is_none() && item.documents.iter().all(|document| document.part.is_none());
        let claims = |item: &Item| item.mark == Mark::Record && is_whole(item) && span.contains(&item.id);
        require(self.items.iter().all(claims), &clause::PKG_INVENTORY)?;
        require(unclaimed.windows(2).all(|pair| pair[0] < pair[1]), &clause::PKG_INVENTORY)?;
        // Both lists ascend: an id in both is met where they would touch.
        let mut items = self.items.iter().map(|item| &item.id).peekable();
        for id in unclaimed {
            while items.next_if(|item| *item < id).is_some() {}
            require(span.contains(id) && items.peek() != Some(&id) && name::check_path(&id.0).is_ok(), &clause::PKG_INVENTORY)?;
        }
        Ok(())
    }

    fn check_blocks(&self, content_bytes: u64) -> Result<u64, Rejection> {
        let (mut stored, mut plain) = (0u64, 0u64);
        for block in &self.blocks {
            let possible = (1..=BLOCK_PLAIN_BYTES_MAX).contains(&block.plain) && (1..=block.plain).contains(&block.stored);
            require(possible, &clause::PKG_BLOCKS)?;
            stored += u64::from(block.stored);
            plain += u64::from(block.plain);
        }
        require(stored == content_bytes, &clause::PKG_BLOCKS)?;
        Ok(plain)
    }

    /// Neighbouring parts of one item are of one document and do not overlap.
    fn parts_agree(one: &Item, two: &Item) -> bool {
        let (Some(first), Some(second)) = (one.documents.first(), two.documents.first()) else { return true };
        if one.id != two.id {
            return true;
        }
        let item = |item: &Item| (item.version, item.mark, item.replaces);
        let document = |document: &Document| (document.digest, document.size, document.modified, document.executable);
        let apart = first.part.zip(second.part).is_some_and(|(first, second)| first.offset + first.length <= second.offset);
        item(one) == item(two) && document(first) == document(second) && apart
    }

    /// Each item of a transaction says how many of them the package holds, and none of them is a part.
    fn check_transactions(&self) -> Result<(), Rejection> {
        let mut rows: BTreeMap<TransactionId, u32> = BTreeMap::new();
        let of_one = || self.items.iter().filter_map(|item| Some((item, item.transaction?)));
        of_one().for_each(|(_, transaction)| *rows.entry(transaction.id).or_default() += 1);
        let is_right = |(item, transaction): (&Item, Transaction)| {
            rows.get(&transaction.id) == Some(&transaction.rows) && item.documents.iter().all(|document| document.part.is_none())
        };
        require(of_one().all(is_right), &clause::PKG_TRANSACTION)
    }

    /// Documents share their new bytes wholly or not at all, so that content can be unpacked in one pass.
    fn check_extents(&self) -> Result<(), Rejection> {
        let documents = self.items.iter().flat_map(|item| &item.documents);
        let mut extents: Vec<(u64, u64)> = documents.map(|document| (document.at, document.new_bytes())).filter(|extent| extent.1 > 0).collect();
        extents.sort_unstable();
        let apart = |pair: &[(u64, u64)]| pair[0] == pair[1] || pair[0].0 + pair[0].1 <= pair[1].0;
        require(extents.windows(2).all(apart), &clause::PKG_PIECES)
    }

    fn check_item(&self, item: &Item, logical_bytes: u64, bases_used: &mut [bool]) -> Result<(), Rejection> {
        name::check_path(&item.id.0)?;
        let replaced = item.replaces.is_none_or(|replaced| (1..=item.version).contains(&replaced.version));
        require((1..=NUMBER_MAX).contains(&item.version) && replaced, &clause::PKG_NUMBERS)?;
        require(item.record.is_none(), &clause::PKG_UNSUPPORTED)?;
        let [document] = item.documents.as_slice() else {
            return require(item.documents.is_empty() && item.removes(), &clause::PKG_MARK);
        };
        let purges_part = item.mark == Mark::Purge && document.part.is_some();
        require(!item.mark.removes() && !purges_part && document.name.0.is_empty(), &clause::PKG_MARK)?;
        if let Some(part) = document.part {
            let within = part.offset.checked_add(part.length).is_some_and(|end| end <= document.size);
            require(part.length > 0 && part.length < document.size && within, &clause::PKG_PART)?;
        }
        let mut carried = 0u64;
        for piece in &document.pieces {
            require(piece.length() > 0, &clause::PKG_PIECES)?;
            carried = carried.checked_add(piece.length()).ok_or(Rejection(&clause::PKG_PIECES))?;
            if let Piece::Copy { base, offset, length } = piece {
                let place = usize::try_from(*base).unwrap_or(usize::MAX);
                let base = self.bases.get(place).ok_or(Rejection(&clause::PKG_BASES))?;
                bases_used[place] = true;
                require(offset.checked_add(*length).is_some_and(|end| end <= base.size), &clause::PKG_PIECES)?;
            }
        }
        require(carried == if self.inventory.is_some() { 0 } else { document.carried_bytes() }, &clause::PKG_PIECES)?;
        require(document.at.checked_add(document.new_bytes()).is_some_and(|end| end <= logical_bytes), &clause::PKG_PIECES)
    }
}
