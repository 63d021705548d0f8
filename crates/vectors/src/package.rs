//! Puts packages together by hand (spec/package.md): content in blocks, a manifest over it, an envelope around both.

use crate::encode;
use crate::envelope::{self, Body, Draft, Edit};
use crate::model::{Block, Document, Head, Item, KeyNotice, Manifest, Piece, RowFact, Witness};
use crate::primitive::{derive, digest, noise_array};
use crate::zone::{Cast, Zone};

/// Zones that never changed their keys.
pub(crate) const KEYS: KeyNotice = KeyNotice { from: 1, known: 1, next: None };
pub(crate) const ROUTE: &str = "assets";
pub(crate) const ADD: u32 = 0;
pub(crate) const RECORD: u32 = 1;
pub(crate) const DOCUMENT: u32 = 2;
pub(crate) const DELETE: u32 = 3;
pub(crate) const WITHDRAW: u32 = 4;
pub(crate) const PURGE: u32 = 5;
/// 2026-11-20 08:30:00 UTC in nanoseconds.
pub(crate) const MODIFIED: i64 = 1_795_163_400_000_000_000;

/// How a block is stored.
pub(crate) enum How {
    /// As one zstd frame, or raw where that does not shrink it.
    Compressed,
    /// Raw.
    Raw,
    /// As these bytes.
    Stored(Vec<u8>),
}

/// A package being put together.
pub(crate) struct Package<'a> {
    pub(crate) entropy: String,
    pub(crate) signer: &'a Zone,
    pub(crate) recipients: Vec<&'a Zone>,
    pub(crate) manifest: Manifest,
    /// Logical content so far.
    pub(crate) logical: Vec<u8>,
    /// Stored content; its table is in the manifest.
    pub(crate) stored: Vec<u8>,
    cut: usize,
    /// The carried bytes of each row; empty for removals.
    pub(crate) carried: Vec<Vec<u8>>,
    pub(crate) edit_body: Edit<Vec<u8>>,
    pub(crate) compress_body: bool,
}

impl<'a> Package<'a> {
    pub(crate) fn new(cast: &'a Cast, entropy: &str, sequence: u64) -> Self {
        let manifest = Manifest {
            route: ROUTE.into(),
            route_id: route_id(&cast.inside.id(), &cast.outside.id(), ROUTE),
            source: cast.inside.id(),
            replica: cast.outside.id(),
            incarnation: source_incarnation(),
            sequence,
            floor: 0,
            previous: Vec::new(),
            ledger: source_head(sequence),
            acknowledged: None,
            agreed: None,
            flags: 0,
            nonce: noise_array(&format!("{entropy}/nonce")),
            medium: None,
            template: None,
            keys: KEYS,
            inventory: None,
            bases: Vec::new(),
            blocks: Vec::new(),
            items: Vec::new(),
        };
        Self {
            entropy: entropy.into(),
            signer: &cast.inside,
            recipients: vec![&cast.outside],
            manifest,
            logical: Vec::new(),
            stored: Vec::new(),
            cut: 0,
            carried: Vec::new(),
            edit_body: None,
            compress_body: true,
        }
    }

    /// A package with one small document, right in every respect: what most bad ones start from.
    pub(crate) fn small(cast: &'a Cast, entropy: &str) -> Self {
        let mut package = Self::new(cast, entropy, 1);
        package.add("户籍/张三.txt".as_bytes(), b"one small document\n");
        package.cut(How::Raw);
        package
    }

    /// Adds new bytes to the logical content.
    pub(crate) fn place(&mut self, bytes: &[u8]) -> u64 {
        let at = self.logical.len() as u64;
        self.logical.extend_from_slice(bytes);
        at
    }

    /// Closes a block over everything placed since the last one.
    pub(crate) fn cut(&mut self, how: How) {
        let plain = self.logical[self.cut..].to_vec();
        self.cut = self.logical.len();
        let stored = match how {
            How::Raw => plain.clone(),
            How::Compressed => Body::compressed(&plain).stored,
            How::Stored(bytes) => bytes,
        };
        self.manifest.blocks.push(Block { stored: length_u32(&stored), plain: length_u32(&plain) });
        self.stored.extend(stored);
    }

    /// Adds an item with a document whose bytes are placed now.
    pub(crate) fn add(&mut self, id: &[u8], bytes: &[u8]) -> &mut Document {
        let at = if bytes.is_empty() { 0 } else { self.place(bytes) };
        let pieces = if bytes.is_empty() { Vec::new() } else { vec![Piece::New { length: bytes.len() as u64 }] };
        self.item(id, ADD, Some((document(bytes, at, pieces), bytes.to_vec()))).documents.first_mut().expect("it was just added")
    }

    /// Adds an item, with a document and the bytes it carries or without.
    pub(crate) fn item(&mut self, id: &[u8], mark: u32, document: Option<(Document, Vec<u8>)>) -> &mut Item {
        let (documents, carried) = document.map_or((Vec::new(), Vec::new()), |(document, bytes)| (vec![document], bytes));
        self.carried.push(carried);
        self.manifest.items.push(Item { id: id.to_vec(), version: 1, mark, replaces: None, transaction: None, record: None, documents });
        self.manifest.items.last_mut().expect("it was just added")
    }

    /// Puts the items into their one order: removals first, then by id, then by the offset of the part.
    pub(crate) fn sort(&mut self) {
        let mut rows: Vec<(Item, Vec<u8>)> = self.manifest.items.drain(..).zip(self.carried.drain(..)).collect();
        rows.sort_by_key(|(item, _)| {
            let part = item.documents.first().and_then(|document| document.part);
            (!(matches!(item.mark, DELETE | WITHDRAW) || item.mark == PURGE && item.documents.is_empty()), item.id.clone(), part.map(|part| part.offset))
        });
        (self.manifest.items, self.carried) = rows.into_iter().unzip();
    }

    /// Names other zones or another route, with the route id that belongs to them.
    pub(crate) fn retarget(&mut self, source: [u8; 32], replica: [u8; 32], route: &str) {
        self.manifest.source = source;
        self.manifest.replica = replica;
        self.manifest.route = route.into();
        self.manifest.route_id = route_id(&source, &replica, route);
    }

    /// The body, encoded.
    pub(crate) fn body(&self) -> Vec<u8> {
        let mut body = encode::manifest(&self.manifest);
        if let Some(edit) = &self.edit_body {
            edit(&mut body);
        }
        body
    }

    /// The envelope around it, not yet sealed.
    pub(crate) fn draft(&self) -> Draft<'a> {
        let body = self.body();
        let body = if self.compress_body { Body::compressed(&body) } else { Body::raw(&body) };
        Draft::new(&self.entropy, envelope::PACKAGE, self.signer, &self.recipients, self.stored.clone(), body)
    }

    /// Its id.
    pub(crate) fn id(&self) -> [u8; 16] {
        envelope::envelope_id(&self.entropy)
    }

    /// The key of its possession digests.
    pub(crate) fn possession_key(&self) -> [u8; 32] {
        derive("gapferry v1 possession", &[&self.manifest.nonce, &self.id()])
    }

    /// What the receipt and the ledgers must say of each row.
    pub(crate) fn facts(&self) -> Vec<RowFact> {
        let key = self.possession_key();
        let fact = |(item, carried): (&Item, &Vec<u8>)| match item.documents.first() {
            None => RowFact { possession: [0; 32], projected: [0; 32] },
            // Its document is where the replica has it: the package alone does not tell.
            Some(document) if self.manifest.inventory.is_some() => RowFact { possession: [0; 32], projected: projected(document) },
            Some(document) => RowFact { possession: *blake3::keyed_hash(&key, carried).as_bytes(), projected: projected(document) },
        };
        self.manifest.items.iter().zip(&self.carried).map(fact).collect()
    }

    /// The state digest of a replica that holds the whole items of this package and nothing else.
    pub(crate) fn state(&self) -> (u64, [u8; 32]) {
        let (mut items, mut sum) = (0, [0u8; 32]);
        for item in self.manifest.items.iter().filter(|_| self.manifest.inventory.is_none()) {
            let Some(document) = item.documents.first().filter(|document| document.part.is_none()) else { continue };
            items += 1;
            let length = item.id.len() as u64;
            let term = derive("gapferry v1 state", &[&length.to_le_bytes(), &item.id, &item.version.to_le_bytes(), &projected(document)]);
            let mut carry = 0u16;
            for (byte, more) in sum.iter_mut().zip(term) {
                let total = u16::from(*byte) + u16::from(more) + carry;
                *byte = total as u8;
                carry = total >> 8;
            }
        }
        (items, sum)
    }
}

/// A document of these bytes.
pub(crate) fn document(bytes: &[u8], at: u64, pieces: Vec<Piece>) -> Document {
    Document { name: Vec::new(), digest: digest(bytes), size: bytes.len() as u64, modified: MODIFIED, executable: false, part: None, at, pieces }
}

/// Projected digest of a document in layout `files`.
pub(crate) fn projected(document: &Document) -> [u8; 32] {
    derive("gapferry v1 projection", &[&document.digest, &document.size.to_le_bytes(), &document.modified.to_le_bytes(), &[u8::from(document.executable)]])
}

/// The id of a route.
pub(crate) fn route_id(source: &[u8; 32], replica: &[u8; 32], name: &str) -> [u8; 16] {
    let mut id = [0; 16];
    id.copy_from_slice(&derive("gapferry v1 route", &[source, replica, name.as_bytes()])[..16]);
    id
}

/// Incarnation of the source's ledger in all fixtures.
pub(crate) fn source_incarnation() -> [u8; 16] {
    noise_array("incarnation/inside")
}

/// Incarnation of the replica's ledger in all fixtures.
pub(crate) fn replica_incarnation() -> [u8; 16] {
    noise_array("incarnation/outside")
}

/// The head the source quotes in the package with this sequence.
pub(crate) fn source_head(sequence: u64) -> Head {
    Head { number: 10 + sequence % 1000, digest: noise_array(&format!("head/inside/{sequence}")) }
}

/// What the source has seen of the replica once receipt `receipt` arrived.
pub(crate) fn witness(receipt: u64) -> Witness {
    Witness { incarnation: replica_incarnation(), receipt, ledger: Head { number: 20 + receipt, digest: noise_array(&format!("head/outside/{receipt}")) } }
}

fn length_u32(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).expect("a block is short")
}
