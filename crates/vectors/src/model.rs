//! The structs of the specification as plain values. They hold whatever they are given, also what no reader may accept;
//! encoding is in `encode`, strict decoding in `read`.

/// A 32-byte digest or zone id.
pub type Bytes32 = [u8; 32];
/// A 16-byte id.
pub type Bytes16 = [u8; 16];

/// The end of a ledger (spec/package.md, Head).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Records in the ledger.
    pub number: u64,
    /// Digest of the last one.
    pub digest: Bytes32,
}

/// What the source has seen of the replica (spec/package.md, Witness).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
    /// Incarnation of the replica's ledger.
    pub incarnation: Bytes16,
    /// Number of the newest receipt taken in.
    pub receipt: u64,
    /// Head that it quoted.
    pub ledger: Head,
}

/// An agreement of the source's people (spec/package.md, Agreement).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agreement {
    /// Which one it is on this route.
    pub number: u64,
    /// How many changes it is about.
    pub changes: u64,
}

/// The next generation of a zone's keys, as announced (spec/keys.md, NextKeys).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextKeys {
    /// Its generation.
    pub generation: u32,
    /// Public signing key.
    pub sign: Bytes32,
    /// Public sealing key, 1216 bytes.
    pub seal: Vec<u8>,
    /// Proof of their card.
    pub proof: [u8; 64],
}

/// What a body says of keys (spec/keys.md, KeyNotice).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyNotice {
    /// First number of the generation that signs.
    pub from: u64,
    /// Newest generation of the reader's keys that the writer knows.
    pub known: u32,
    /// The writer's next generation.
    pub next: Option<NextKeys>,
}

/// Template (refused in version 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// Id.
    pub id: String,
    /// Version.
    pub version: u64,
}

/// A document that pieces are copied from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Base {
    /// Digest of its content.
    pub digest: Bytes32,
    /// Its size, bytes.
    pub size: u64,
}

/// A block of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Bytes as stored.
    pub stored: u32,
    /// Bytes decompressed.
    pub plain: u32,
}

/// A piece of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    /// The next bytes of the logical content.
    New {
        /// Bytes.
        length: u64,
    },
    /// Bytes of a base.
    Copy {
        /// Index into the bases.
        base: u32,
        /// Offset in the base.
        offset: u64,
        /// Bytes.
        length: u64,
    },
}

/// A part of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Offset in the document.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
    /// Digest of these bytes.
    pub digest: Bytes32,
}

/// A document of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Name within the item.
    pub name: Vec<u8>,
    /// Digest of the whole content.
    pub digest: Bytes32,
    /// Size of the whole content.
    pub size: u64,
    /// Nanoseconds since 1970.
    pub modified: i64,
    /// May be executed.
    pub executable: bool,
    /// Which part this package brings, when not all.
    pub part: Option<Part>,
    /// Offset of its new bytes in the logical content.
    pub at: u64,
    /// Its bytes in order.
    pub pieces: Vec<Piece>,
}

/// What an item replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Replaced {
    /// Version.
    pub version: u64,
    /// Projected digest.
    pub digest: Bytes32,
}

/// A business transaction (spec/package.md, Transaction).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Its id.
    pub id: Bytes16,
    /// Items of this package that belong to it.
    pub rows: u32,
}

/// An item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Id.
    pub id: Vec<u8>,
    /// Version.
    pub version: u64,
    /// Change mark, 0 to 5.
    pub mark: u32,
    /// What it replaces.
    pub replaces: Option<Replaced>,
    /// The business transaction it belongs to.
    pub transaction: Option<Transaction>,
    /// Metadata record.
    pub record: Option<Vec<u8>>,
    /// Documents.
    pub documents: Vec<Document>,
}

/// What an inventory speaks of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The span begins behind this id.
    pub after: Option<Vec<u8>>,
    /// It ends with this id.
    pub up_to: Option<Vec<u8>>,
    /// Ids that are named without a claim.
    pub unclaimed: Vec<Vec<u8>>,
}

/// The body of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Route name.
    pub route: String,
    /// Route id.
    pub route_id: Bytes16,
    /// Source zone.
    pub source: Bytes32,
    /// Replica zone.
    pub replica: Bytes32,
    /// Incarnation of the source's ledger.
    pub incarnation: Bytes16,
    /// Sequence.
    pub sequence: u64,
    /// Packages up to this sequence are void.
    pub floor: u64,
    /// Ids of the packages before, the nearest first.
    pub previous: Vec<Bytes16>,
    /// Head of the source's ledger.
    pub ledger: Head,
    /// What the source has seen.
    pub acknowledged: Option<Witness>,
    /// What the source's people agreed to.
    pub agreed: Option<Agreement>,
    /// Flags.
    pub flags: u32,
    /// Nonce of the possession digests.
    pub nonce: Bytes32,
    /// Medium it was cut for.
    pub medium: Option<Bytes16>,
    /// Template.
    pub template: Option<Template>,
    /// What it says of keys.
    pub keys: KeyNotice,
    /// Span and unclaimed ids of an inventory.
    pub inventory: Option<Inventory>,
    /// Bases.
    pub bases: Vec<Base>,
    /// Blocks.
    pub blocks: Vec<Block>,
    /// Items.
    pub items: Vec<Item>,
}

/// A range of sequences, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// First.
    pub first: u64,
    /// Last.
    pub last: u64,
}

/// A row of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Place of the item in its package.
    pub row: u32,
    /// Outcome.
    pub outcome: u16,
    /// Possession digest or zero.
    pub digest: Bytes32,
}

/// The answer to one package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Sequence.
    pub sequence: u64,
    /// Id.
    pub package: Bytes16,
    /// Rows.
    pub rows: Vec<Row>,
}

/// A row of the digest form that is not proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Sequence.
    pub sequence: u64,
    /// Place of the item in its package.
    pub row: u32,
    /// Outcome.
    pub outcome: u16,
    /// Possession digest or zero.
    pub digest: Bytes32,
}

/// How a receipt answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// Row by row.
    Full(Vec<Answer>),
    /// One digest.
    Digest {
        /// Answered sequences.
        answered: Vec<Range>,
        /// Digest of all their rows.
        digest: Bytes32,
        /// Rows that are not proven.
        exceptions: Vec<Exception>,
    },
    /// Rows of a re-read replica.
    Scrub(Vec<Answer>),
}

/// What the replica has seen of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceSeen {
    /// Incarnation of the source's ledger.
    pub incarnation: Bytes16,
    /// Highest sequence seen.
    pub sequence: u64,
    /// Id of that package.
    pub package: Bytes16,
    /// Head that it quoted.
    pub ledger: Head,
}

/// The body of a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Route id.
    pub route_id: Bytes16,
    /// Source zone.
    pub source: Bytes32,
    /// Replica zone.
    pub replica: Bytes32,
    /// Incarnation of the replica's ledger.
    pub incarnation: Bytes16,
    /// Number.
    pub number: u64,
    /// Head of the replica's ledger.
    pub ledger: Head,
    /// What the replica has seen of the source.
    pub source_seen: SourceSeen,
    /// Sequences never seen.
    pub missing: Vec<Range>,
    /// More are missing than fit.
    pub missing_more: bool,
    /// The answers.
    pub form: Form,
    /// Items in the replica state.
    pub state_items: u64,
    /// Sum of the replica state.
    pub state_sum: Bytes32,
    /// Free bytes.
    pub free_bytes: u64,
    /// 0 memory, 1 medium.
    pub read_back: u32,
    /// The digest form did not hold everything.
    pub more: bool,
    /// Items under an escaped name.
    pub escaped: u32,
    /// Files kept aside.
    pub kept_aside: u32,
    /// Extra files.
    pub extra: u32,
    /// What it says of keys.
    pub keys: KeyNotice,
}

/// The body of a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// Medium.
    pub medium: Bytes16,
    /// Maker.
    pub maker: Bytes32,
    /// Reserved, zero.
    pub reserved: u64,
}

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Suite.
    pub suite: u16,
    /// Signer.
    pub signer: Bytes32,
    /// Generation of its keys.
    pub generation: u32,
    /// Signature.
    pub bytes: Vec<u8>,
}

/// The signature block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seals {
    /// Signatures.
    pub signatures: Vec<Signature>,
    /// Approvals.
    pub approvals: Vec<Signature>,
    /// Time stamp.
    pub time_stamp: Option<Vec<u8>>,
}

/// The last 64 bytes of a plaintext.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// Offset of the body.
    pub body_at: u64,
    /// Stored length of the body.
    pub body_stored: u64,
    /// Decompressed length of the body.
    pub body_plain: u64,
    /// Length of the seals.
    pub seals_bytes: u64,
    /// Reserved, zero.
    pub reserved: Bytes32,
}

/// Everything about an opened envelope except its content and body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Length of the file.
    pub file_bytes: u64,
    /// Kind.
    pub kind: u8,
    /// Wrapped keys.
    pub slots: u8,
    /// Id.
    pub id: Bytes16,
    /// Padded length.
    pub plain_bytes: u64,
    /// Commitment.
    pub commitment: Bytes32,
    /// Content key.
    pub content_key: Bytes32,
    /// Key of the frames.
    pub frame_key: Bytes32,
    /// First 19 bytes of each frame's nonce.
    pub nonce_prefix: [u8; 19],
    /// Trailer.
    pub trailer: Trailer,
    /// Seals.
    pub seals: Seals,
    /// The 32 bytes that are signed.
    pub signed_message: Bytes32,
}

/// What a package says of one row once its bytes are put together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowFact {
    /// What the receipt must say.
    pub possession: Bytes32,
    /// Projected digest; zero when removed.
    pub projected: Bytes32,
}
