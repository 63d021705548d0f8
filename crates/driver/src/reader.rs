//! Reads documents of an archive for packing: once each, whole, unchanged while they were read; what is the same as at the
//! replica becomes a reference, what changed in part becomes a delta.
//!
//! A document that changes while it is read is tried again and then reported as unstable, never sealed torn. Content that
//! differs while the file system shows no change is reported as rot (P11).

use capture::racy::{CLOCK_TICK_NS, is_young};
use capture::read::{Parents, ReadFailure};
use engine::select;
use engine::source::{Archive, Item, Route, RouteItems};
use seal::chunk::CHUNKED_BYTES_MIN;
use seal::reading::{Reading, WasRead};
use std::collections::{HashMap, HashSet};
use store::disk::Dir;
use wire::Digest;
use wire::manifest::Piece;
use wire::planted;
use wire::receipt::Outcome;
use wire::record::{Chunk, ChunkList, FileStat};

use crate::planning;
use crate::projecting::{self, Made, Projector};
use crate::units::Unit;
use crate::world::World;

/// What is said of rot.
pub const ROT: &str = "content differs, but size and times are those of the last reading";

/// What is said of a document that cannot be stripped.
const UNSTRIPPED: &str = "it is not what its record says it is, or holds what cannot be taken out";

/// How often a document that changes while it is read is tried.
pub const READ_TRIES: u32 = 3;

/// What the replica is proven to hold, by digest: content that need not travel.
#[derive(Default)]
pub struct Proven {
    /// Numbers of items by the first bytes of their digest: of two that begin alike one is not found, and travels.
    numbers: HashMap<u64, u32>,
    sizes: HashSet<u64>,
}

impl Proven {
    /// Everything that is proven on a route: good until a receipt is taken in, and dear, for all items are looked at.
    pub fn of(route: &Route) -> Self {
        let mut proven = Self::default();
        for (item, number) in route.items.iter().zip(0u32..).filter(|(item, _)| item.proven_version > 0 && !item.proven_gone && item.proven_bytes > 0) {
            proven.numbers.insert(beginning(&item.proven_digest), number);
            proven.sizes.insert(item.proven_bytes);
        }
        proven
    }
    /// Whether a document of this size may be there already.
    pub fn has_size(&self, size: u64) -> bool {
        self.sizes.contains(&size)
    }
    /// Whether this content is there, as the items of that route tell.
    pub fn holds(&self, items: &RouteItems, digest: &Digest, size: u64) -> bool {
        let item = self.numbers.get(&beginning(digest)).map(|number| items.get(*number));
        item.is_some_and(|item| item.proven_digest == *digest && item.proven_bytes == size)
    }
}

/// What is known of the replica for all packages that are made by one plan.
#[derive(Default)]
pub struct AtReplica {
    /// What it holds.
    pub proven: Proven,
    /// Whether anything is to be removed there: else no deletion has to make room.
    pub removes: bool,
}

impl AtReplica {
    /// From what was settled on a route until now.
    pub fn of(archive: &Archive, route: &Route) -> Self {
        Self { proven: Proven::of(route), removes: select::any_open_removal(archive, route) }
    }
}

fn beginning(digest: &Digest) -> u64 {
    u64::from_le_bytes(digest.0[..8].try_into().expect("8 of 32 bytes"))
}

/// A piece before its base has an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draft {
    /// New bytes.
    New(u64),
    /// Bytes of a base.
    Copy {
        /// Offset in the base.
        offset: u64,
        /// Bytes.
        length: u64,
    },
}

/// The chunks of a base, for finding the same ones again.
pub struct BaseChunks {
    /// Digest of the base.
    pub digest: Digest,
    /// Its size.
    pub size: u64,
    places: HashMap<Chunk, u64>,
}

impl BaseChunks {
    /// From the list in the ledger.
    pub fn of(list: &ChunkList) -> Self {
        let mut places = HashMap::with_capacity(list.chunks.len());
        let mut at = 0;
        for chunk in &list.chunks {
            places.entry(*chunk).or_insert(at);
            at += u64::from(chunk.length);
        }
        Self { digest: list.document, size: at, places }
    }

    /// Where these chunks lie in the base: pieces, joined where they touch.
    pub fn pieces(&self, chunks: &[Chunk], pieces: &mut Vec<Draft>) {
        for chunk in chunks {
            let length = u64::from(chunk.length);
            match (self.places.get(chunk), pieces.last_mut()) {
                (Some(at), Some(Draft::Copy { offset, length: before })) if *offset + *before == *at => *before += length,
                (Some(at), _) => pieces.push(Draft::Copy { offset: *at, length }),
                (None, Some(Draft::New(before))) => *before += length,
                (None, _) => pieces.push(Draft::New(length)),
            }
        }
    }

    /// Whether this chunk lies in the base.
    pub fn has(&self, chunk: &Chunk) -> bool {
        self.places.contains_key(chunk)
    }
}

/// A document as it was read for packing.
pub struct DocumentRead {
    /// Number of the item.
    pub item: u32,
    /// Attributes at the moment of reading.
    pub stat: FileStat,
    /// Its digests and chunks.
    pub was: WasRead,
    /// It changed so shortly before that it must be read again next time.
    pub young: bool,
    /// Its bytes.
    pub pieces: Vec<Draft>,
    /// The base that pieces are copied from.
    pub base: Option<(Digest, u64)>,
    /// Where its new bytes lie in the batch.
    pub new_at: usize,
    /// How many there are.
    pub new_bytes: usize,
    /// Digest of what was read, where a projection of it travels.
    pub source: Option<Digest>,
}

/// Why a document is not in the package.
#[derive(Debug)]
pub enum NotRead {
    /// It kept changing.
    Unstable,
    /// It is not there any more.
    Gone,
    /// It could not be read.
    Unreadable(std::io::Error),
    /// Its content differs though the file system shows no change.
    Rotten,
    /// The route does not carry it.
    Excluded,
    /// The route carries it stripped only, and it cannot be stripped.
    Unstripped,
    /// The replica holds just what would travel.
    Same,
    /// Something of what it travels with could not be read.
    Together,
    /// Its transaction, or so many that share records, are larger than a package.
    Uncut(usize),
}

impl NotRead {
    /// Whether what travels with it must wait as well.
    pub fn holds_others(&self) -> bool {
        !matches!(self, Self::Excluded | Self::Unstripped | Self::Same)
    }

    /// The code and what is to be said of it; none where nothing is wrong.
    pub fn told(&self) -> Option<(&'static str, String)> {
        Some(match self {
            Self::Gone | Self::Excluded | Self::Same => return None,
            Self::Unstable => ("SRC-04", "it changes while it is read".into()),
            Self::Unreadable(error) => ("SRC-05", error.to_string()),
            Self::Together => ("SRC-04", "it waits for what travels with it".into()),
            Self::Uncut(count) => ("SRC-13", planning::too_large(*count)),
            Self::Rotten => ("SRC-06", ROT.into()),
            Self::Unstripped => ("SRC-19", UNSTRIPPED.into()),
        })
    }
}

/// Whether what was read of an item is rot: same attributes as captured, and yet other content.
pub fn is_rot(item: &Item, stat: &FileStat, digest: &Digest) -> bool {
    !planted::is("rot-carried") && item.stat == *stat && !item.young && item.digest.is_some_and(|known| known != *digest)
}

/// Everything a reader needs; shared by all threads.
pub struct Reader<'a> {
    /// The outer world.
    pub world: &'a World,
    /// The archive.
    pub archive: &'a Archive,
    /// Its root.
    pub root: &'a Dir,
    /// The route.
    pub route: &'a Route,
    /// What is known of the replica.
    pub replica: &'a AtReplica,
    /// Keys what the receipt must say.
    pub possession_key: [u8; 32],
    /// Gives the chunks of a document that was packed before.
    pub chunk_list: &'a (dyn Fn(&Digest) -> Option<ChunkList> + Sync),
    /// What the route makes of records and their documents; none where each file is an item of its own.
    pub projector: Option<&'a Projector<'a>>,
}

impl Reader<'_> {
    /// The item with this number.
    pub fn item(&self, number: u32) -> &Item {
        &self.archive.items[number as usize]
    }

    /// Whether the item may travel by reference: not when that has failed or keeps being unproven.
    pub fn may_refer(&self, number: u32) -> bool {
        let sent = self.route.item(number);
        // A purge of what is proven goes by reference however often it is sent: what it lacks is no content.
        let purges = sent.is_purging() && sent.proven_version == self.item(number).version;
        let failed = sent.failed && !(purges && sent.discrepancy == Outcome::NotErased.number());
        // What came before a proof failed in nothing: it is packed again because a template shows it otherwise.
        let is_proven = sent.proven_version == sent.packed_version && !sent.proven_gone && sent.again.is_none();
        !sent.resend && (sent.packed_version != self.item(number).version || !failed && (sent.attempts < 2 || purges || is_proven))
    }

    /// Whether the replica is proven to hold this content.
    pub fn is_proven(&self, digest: &Digest, size: u64) -> bool {
        self.replica.proven.holds(&self.route.items, digest, size)
    }

    /// The chunks of the version that is proven, where a delta against it may help.
    pub fn base_chunks(&self, number: u32) -> Option<BaseChunks> {
        let sent = self.route.item(number);
        let proven = sent.proven_version > 0 && !sent.proven_gone && sent.proven_bytes >= CHUNKED_BYTES_MIN;
        (proven && self.may_refer(number)).then(|| (self.chunk_list)(&sent.proven_digest)).flatten().map(|list| BaseChunks::of(&list))
    }

    /// Whether what was read is rot.
    pub fn is_rot(&self, number: u32, stat: &FileStat, digest: &Digest) -> bool {
        is_rot(self.item(number), stat, digest)
    }

    /// What an item travels with.
    pub fn unit(&self, number: u32) -> Unit {
        self.projector.map_or(Unit::Alone(number), |projector| projector.units.unit(self.archive, number))
    }

    /// How many business transactions travel with an item as one.
    pub fn transactions(&self, number: u32) -> usize {
        self.projector.map_or(0, |projector| projector.units.transactions(self.unit(number)))
    }

    /// Whether what travels is made in memory from all of the content.
    pub fn is_made(&self, number: u32) -> bool {
        self.projector.is_some_and(|projector| projector.is_made(number))
    }

    /// Whether nothing of an item is to be at the replica.
    pub fn is_gone(&self, number: u32) -> bool {
        self.route.item(number).is_gone(self.item(number))
    }

    /// Whether the replica may hold something of an item.
    pub fn may_be_there(&self, number: u32) -> bool {
        let sent = self.route.item(number);
        sent.packed_version > 0 || sent.is_purging()
    }

    /// What was read, as it travels: what the route makes of it is put in the place of `content`. Gives the digest of what was there.
    fn projected(&self, number: u32, stat: &FileStat, content: &mut Vec<u8>, parents: &mut Parents) -> Result<Option<Digest>, NotRead> {
        let Some(projector) = self.projector else { return Ok(None) };
        if *stat != self.item(number).stat {
            return Err(NotRead::Unstable);
        }
        // What rotted may say anything of itself, also that the route does not carry it.
        let source = projecting::digest_of(content);
        if self.is_rot(number, stat, &source) {
            return Err(NotRead::Rotten);
        }
        match projector.make(number, content, parents)? {
            Made::AsItIs => Ok(None),
            Made::Instead(bytes) => {
                *content = bytes;
                Ok(Some(source))
            }
        }
    }

    /// Whether what would travel is what the replica is proven to hold: the template changed, its projection did not.
    fn is_same(&self, number: u32, stat: &FileStat, digest: &Digest, bytes: u64) -> bool {
        let (item, sent) = (self.item(number), self.route.item(number));
        let settled = sent.unjudged && sent.again.is_none() && !sent.packed_gone && !sent.failed && !sent.resend && !sent.proven_gone && !sent.is_purging();
        let projected = wire::digest::projection(digest, bytes, stat.modified, stat.executable);
        settled && sent.packed_version == item.version && sent.proven_version == item.version && sent.proven_projected == projected
    }

    /// As `is_same`, of a document that travels as it is, by what is known of it: it need not be read.
    pub fn is_known_same(&self, number: u32, stat: &FileStat) -> bool {
        let item = self.item(number);
        let known = item.digest.filter(|_| !item.young && item.stat == *stat);
        known.is_some_and(|digest| self.is_same(number, stat, &digest, stat.size))
    }

    /// Bytes at most of what the route carries of an item now.
    ///
    /// # Errors
    /// Why nothing of it would travel.
    pub fn carried_bytes(&self, number: u32, parents: &mut Parents) -> Result<u64, NotRead> {
        if self.is_made(number) {
            return self.read_small(number, parents, &mut Vec::new(), &mut Vec::new()).map(|read| read.was.bytes);
        }
        if let Some(projector) = self.projector {
            projector.admit(number, parents)?;
        }
        let stat = &self.item(number).stat;
        if self.is_known_same(number, stat) { Err(NotRead::Same) } else { Ok(stat.size) }
    }

    /// Reads a document of any size for its digests only.
    pub fn read_digests(&self, number: u32, parents: &mut Parents) -> Result<DocumentRead, NotRead> {
        let item = self.item(number);
        if self.is_made(number) {
            let (mut content, mut batch) = (Vec::new(), Vec::new());
            let read = self.read_small(number, parents, &mut content, &mut batch)?;
            return Ok(DocumentRead { pieces: Vec::new(), base: None, new_bytes: 0, ..read });
        }
        if let Some(projector) = self.projector {
            projector.admit(number, parents)?;
        }
        let mut tries = 0;
        loop {
            tries += 1;
            let started = self.world.clock.now();
            let mut reading = Reading::new(&self.possession_key, item.stat.size >= CHUNKED_BYTES_MIN);
            match parents.read(&*self.world.disk, self.root, &item.id, &mut |bytes| reading.push(bytes)) {
                Ok(stat) => {
                    let was = reading.finish();
                    if self.is_rot(number, &stat, &was.digest) {
                        return Err(NotRead::Rotten);
                    }
                    let young = is_young(&stat, started, CLOCK_TICK_NS);
                    return Ok(DocumentRead { item: number, stat, was, young, pieces: Vec::new(), base: None, new_at: 0, new_bytes: 0, source: None });
                }
                Err(ReadFailure::Unstable) if tries < READ_TRIES => {}
                Err(failure) => return Err(not_read(failure)),
            }
        }
    }

    /// Reads a small document whole; its new bytes are appended to `batch`.
    pub fn read_small(&self, number: u32, parents: &mut Parents, content: &mut Vec<u8>, batch: &mut Vec<u8>) -> Result<DocumentRead, NotRead> {
        let item = self.item(number);
        let mut tries = 0;
        let (stat, started) = loop {
            tries += 1;
            content.clear();
            let started = self.world.clock.now();
            match parents.read(&*self.world.disk, self.root, &item.id, &mut |bytes| content.extend_from_slice(bytes)) {
                Ok(stat) => break (stat, if planted::is("young-by-the-end") { self.world.clock.now() } else { started }),
                Err(ReadFailure::Unstable) if tries < READ_TRIES => {}
                Err(failure) => return Err(not_read(failure)),
            }
        };
        let source = self.projected(number, &stat, content, parents)?;
        let size = content.len() as u64;
        let mut reading = Reading::new(&self.possession_key, size >= CHUNKED_BYTES_MIN);
        reading.push(content);
        let was = reading.finish();
        if self.is_rot(number, &stat, source.as_ref().unwrap_or(&was.digest)) {
            return Err(NotRead::Rotten);
        }
        if self.is_same(number, &stat, &was.digest, size) {
            return Err(NotRead::Same);
        }
        let (mut pieces, mut base) = (Vec::new(), None);
        let new_at = batch.len();
        if size == 0 {
        } else if self.is_proven(&was.digest, size) && self.may_refer(number) {
            pieces.push(Draft::Copy { offset: 0, length: size });
            base = Some((was.digest, size));
        } else if let Some(known) = (!was.chunks.is_empty()).then(|| self.base_chunks(number)).flatten() {
            known.pieces(&was.chunks, &mut pieces);
            base = pieces.iter().any(|piece| matches!(piece, Draft::Copy { .. })).then_some((known.digest, known.size));
            let mut at = 0;
            for piece in &pieces {
                let (Draft::New(length) | Draft::Copy { length, .. }) = *piece;
                let end = at + usize::try_from(length).expect("a small document fits memory");
                if matches!(piece, Draft::New(_)) {
                    batch.extend_from_slice(&content[at..end]);
                }
                at = end;
            }
        } else {
            pieces.push(Draft::New(size));
            batch.extend_from_slice(content);
        }
        Ok(DocumentRead {
            item: number,
            young: is_young(&stat, started, CLOCK_TICK_NS),
            stat,
            was,
            pieces,
            base,
            new_at,
            new_bytes: batch.len() - new_at,
            source,
        })
    }
}

/// The failure of a reading as the reason why a document does not travel.
pub fn not_read(failure: ReadFailure) -> NotRead {
    match failure {
        ReadFailure::Unstable => NotRead::Unstable,
        ReadFailure::Gone => NotRead::Gone,
        ReadFailure::Io(error) => NotRead::Unreadable(error),
    }
}

/// Pieces with the index of their base.
pub fn pieces_of(drafts: &[Draft], base: Option<u32>) -> Vec<Piece> {
    drafts
        .iter()
        .map(|draft| match *draft {
            Draft::New(length) => Piece::New { length },
            Draft::Copy { offset, length } => Piece::Copy { base: base.expect("a copy has a base"), offset, length },
        })
        .collect()
}
