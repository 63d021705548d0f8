//! What has been packed so far: the rows of a package as the manifest and as the ledger hold them, and the bounds that they
//! keep to.

use engine::select;
use engine::source::Route;
use std::collections::{BTreeSet, HashSet};
use wire::limits::{BLOCK_PLAIN_BYTES_MAX, BODY_PLAIN_BYTES_MAX};
use wire::manifest::{Document, Item, Manifest, Mark, Part};
use wire::record::{CapturedRow, Chunk, ChunkList, PackedRow, Shape};
use wire::{Digest, ItemId, codec, digest, planted};

use crate::layout::Layout;
use crate::reader::{DocumentRead, Draft, NotRead, Reader, pieces_of};
use crate::units::Unit;

/// Items that this writer puts into a package: a quarter of what the format allows, so that memory stays small on both sides.
pub const PACKAGE_ITEMS: usize = 16_384;
/// Bytes of a manifest that this writer aims below: half of what the format allows.
pub const BODY_BYTES: u64 = BODY_PLAIN_BYTES_MAX / 2;
/// Fixed part of a manifest, with announced keys, and slack for the tables' lengths, bytes.
pub const MANIFEST_BYTES: u64 = 1024 + 1316;
/// Chunks that the record of one package keeps: 40 MiB of them, for 128 GiB of documents. What has no list travels whole
/// again when it changes.
pub const CHUNKS_MAX: usize = 2 << 20;
/// A piece in a manifest, bytes.
pub const PIECE_BYTES: u64 = 24;

/// A row of the package with what the ledger keeps of it.
pub struct PackedItem {
    /// As in the manifest.
    pub item: Item,
    /// As in the ledger.
    pub row: PackedRow,
}

/// Rows that are to come into a package: how many, and an upper bound of their bytes in the manifest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Items.
    pub items: usize,
    /// Bytes.
    pub body_bytes: u64,
}

impl std::ops::Add for Rows {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { items: self.items + other.items, body_bytes: self.body_bytes + other.body_bytes }
    }
}

impl std::iter::Sum for Rows {
    fn sum<I: Iterator<Item = Self>>(rows: I) -> Self {
        rows.fold(Self::default(), |one, two| one + two)
    }
}

impl Rows {
    /// One item with so many bytes of pieces and blocks.
    pub fn one(id_bytes: usize, table_bytes: u64) -> Self {
        Self { items: 1, body_bytes: id_bytes as u64 + 210 + table_bytes }
    }

    /// Whether one package can hold them.
    pub fn fit_a_package(&self) -> bool {
        self.items <= PACKAGE_ITEMS && self.body_bytes <= BODY_BYTES
    }
}

/// What was packed.
pub struct Packing {
    /// Items, in the order in which they were taken.
    pub items: Vec<PackedItem>,
    /// Their content.
    pub layout: Layout,
    /// Lists of chunks for later deltas.
    pub chunks: Vec<ChunkList>,
    /// Documents that had changed since they were captured: the version that was packed.
    pub recaptured: Vec<CapturedRow>,
    /// Items that did not go, and why.
    pub refused: Vec<(u32, NotRead)>,
    /// Ids that an inventory names without a claim, ascending.
    pub unclaimed: Vec<ItemId>,
    /// It holds some of an item that is larger than a package, and whose documents go one after the other.
    pub is_piecemeal: bool,
    /// Bytes of the documents.
    pub document_bytes: u64,
    body_bytes: u64,
    chunk_count: usize,
    taken: BTreeSet<u32>,
}

impl Packing {
    /// A package without items, with room for so many of them.
    pub fn new(items: usize) -> Self {
        Self {
            items: Vec::with_capacity(items.min(PACKAGE_ITEMS)),
            layout: Layout::default(),
            chunks: Vec::new(),
            recaptured: Vec::new(),
            refused: Vec::new(),
            unclaimed: Vec::new(),
            is_piecemeal: false,
            document_bytes: 0,
            body_bytes: MANIFEST_BYTES,
            chunk_count: 0,
            taken: BTreeSet::new(),
        }
    }

    /// What the manifest holds with these rows as well.
    pub fn with(&self, rows: Rows) -> Rows {
        Rows { items: self.items.len(), body_bytes: self.body_bytes } + rows
    }

    /// The bytes of its manifest. There is room for them from the start: grown little by little they would take twice as much.
    pub fn encoded(&self, manifest: &Manifest) -> Vec<u8> {
        let mut body = Vec::with_capacity(usize::try_from(self.body_bytes).unwrap_or(0));
        codec::append(manifest, &mut body);
        body
    }

    /// Whether it holds some of what travels together while the rest of it could not be read, or is to be withdrawn, which was known only
    /// when a large document was in the package already.
    pub fn is_torn(&self, route: &Route, unit: &dyn Fn(u32) -> Unit) -> bool {
        let breaks = |(number, reason): &&(u32, NotRead)| {
            reason.holds_others() || matches!(reason, NotRead::Excluded | NotRead::Unstripped) && route.item(*number).may_be_there()
        };
        let broken: HashSet<Unit> = self.refused.iter().filter(breaks).map(|(number, _)| unit(*number)).collect();
        !self.is_piecemeal && !broken.is_empty() && self.taken.iter().any(|number| broken.contains(&unit(*number))) && !planted::is("torn-by-a-large-document")
    }

    /// Whether the package has a row for this item.
    pub fn has(&self, number: u32) -> bool {
        self.taken.contains(&number)
    }

    /// Keeps a list of chunks for the delta of the document's next version.
    pub fn keep_chunks(&mut self, document: Digest, chunks: Vec<Chunk>) {
        if !chunks.is_empty() && self.chunk_count + chunks.len() <= CHUNKS_MAX {
            self.chunk_count += chunks.len();
            self.chunks.push(ChunkList { document, chunker: seal::chunk::CHUNKER, chunks });
        }
    }

    /// Takes a deletion in, once.
    pub fn push_removal(&mut self, reader: &Reader<'_>, number: u32) {
        if !self.taken.insert(number) {
            return;
        }
        let (item, sent) = (reader.item(number), reader.route.item(number));
        self.body_bytes += Rows::one(item.id.0.len(), 0).body_bytes;
        let replaces = select::replaced_by(item, &sent);
        let mark = select::mark_of(item, &sent, &Digest::ZERO);
        self.items.push(PackedItem {
            item: Item { id: item.id.clone(), version: item.version, mark, replaces, transaction: None, record: None, documents: Vec::new() },
            row: row_without_content(number, item.version, mark),
        });
    }

    /// Takes a document in whose new bytes lie at `at`.
    pub fn push_document(&mut self, reader: &Reader<'_>, read: DocumentRead, at: u64) {
        if !self.taken.insert(read.item) {
            return;
        }
        let (item, sent) = (reader.item(read.item), reader.route.item(read.item));
        let mut version = item.version;
        if item.stat != read.stat {
            version += 1;
            self.recaptured.push(CapturedRow { item: read.item, id: None, version, stat: Some(read.stat) });
        }
        let mark = select::mark_of(item, &sent, &read.was.digest);
        let replaces = select::replaced_by(item, &sent);
        let base = read.base.map(|(digest, size)| self.layout.base(digest, size));
        let pieces = pieces_of(&read.pieces, base);
        self.body_bytes += Rows::one(item.id.0.len(), PIECE_BYTES * pieces.len() as u64 + 40).body_bytes;
        self.document_bytes += read.was.bytes;
        let any_new = read.pieces.iter().any(|piece| matches!(piece, Draft::New(_)));
        let document = Document {
            name: Default::default(),
            digest: read.was.digest,
            size: read.was.bytes,
            modified: read.stat.modified,
            executable: read.stat.executable,
            part: None,
            at: if any_new { at } else { 0 },
            pieces,
        };
        let projected = digest::projection(&document.digest, document.size, document.modified, document.executable);
        self.keep_chunks(read.was.digest, read.was.chunks);
        self.items.push(PackedItem {
            row: PackedRow {
                item: read.item,
                version,
                mark,
                digest: read.was.digest,
                bytes: read.was.bytes,
                projected,
                expected: read.was.keyed,
                part: None,
                young: read.young,
                shape: read.was.shape,
                read: read.source,
            },
            item: Item { id: item.id.clone(), version, mark, replaces, transaction: None, record: None, documents: vec![document] },
        });
    }

    /// Takes a document in that an inventory claims: it brings none of its bytes.
    pub fn push_claim(&mut self, reader: &Reader<'_>, read: DocumentRead) {
        let item = reader.item(read.item);
        self.push_document(reader, DocumentRead { pieces: Vec::new(), base: None, ..read }, 0);
        if let Some(last) = self.items.last_mut().filter(|last| last.item.id == item.id) {
            (last.item.mark, last.item.replaces, last.row.mark) = (Mark::Record, None, Mark::Record);
        }
    }

    /// Takes a part of a document in whose bytes lie at `at`; `whole` is the digest of all of the document.
    pub fn push_part(&mut self, reader: &Reader<'_>, read: &DocumentRead, whole: Digest, part: Part, at: u64) {
        let (item, sent) = (reader.item(read.item), reader.route.item(read.item));
        let mark = select::mark_of_part(item, &sent, &whole);
        self.body_bytes += part_rows(item.id.0.len(), 0).body_bytes;
        self.document_bytes += part.length;
        let document = Document {
            name: Default::default(),
            digest: whole,
            size: item.stat.size,
            modified: item.stat.modified,
            executable: item.stat.executable,
            part: Some(part),
            at,
            pieces: pieces_of(&[Draft::New(part.length)], None),
        };
        let projected = document.projection();
        self.items.push(PackedItem {
            row: PackedRow {
                item: read.item,
                version: item.version,
                mark,
                digest: whole,
                bytes: item.stat.size,
                projected,
                expected: read.was.keyed,
                part: Some(part),
                young: read.young,
                // Only the first part begins as the document does.
                shape: if part.offset == 0 { read.was.shape } else { Shape::Unknown },
                read: None,
            },
            item: Item {
                id: item.id.clone(),
                version: item.version,
                mark,
                replaces: select::replaced_by(item, &sent),
                transaction: None,
                record: None,
                documents: vec![document],
            },
        });
    }
}

/// The row of a part.
pub fn part_rows(id_bytes: usize, content_bytes: u64) -> Rows {
    Rows::one(id_bytes, 113 + block_table_bytes(content_bytes))
}

/// The table of the blocks of so much content, bytes.
pub fn block_table_bytes(content_bytes: u64) -> u64 {
    8 * content_bytes.div_ceil(u64::from(BLOCK_PLAIN_BYTES_MAX))
}

/// A row that brings nothing of its item: a deletion, or a question.
pub fn row_without_content(item: u32, version: u64, mark: Mark) -> PackedRow {
    PackedRow {
        item,
        version,
        mark,
        digest: Digest::ZERO,
        bytes: 0,
        projected: Digest::ZERO,
        expected: Digest::ZERO,
        part: None,
        young: false,
        shape: Shape::Unknown,
        read: None,
    }
}
