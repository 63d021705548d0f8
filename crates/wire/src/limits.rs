//! Every limit of the formats, by name. The specification lists the same values.

/// Plain bytes of one sealed frame.
pub const FRAME_BYTES: u64 = 131_072;
/// Authentication tag after each frame.
pub const FRAME_TAG_BYTES: u64 = 16;
/// Items in one package.
pub const PACKAGE_ITEMS_MAX: usize = 65_536;
/// Items that one inventory drops at most on a replica; the rest stays until the route is asked again.
pub const INVENTORY_DROPS_MAX: usize = 1 << 18;
/// Plain bytes of one block of content.
pub const BLOCK_PLAIN_BYTES_MAX: u32 = 1 << 20;
/// Bytes of an item id.
pub const ID_BYTES_MAX: usize = 4095;
/// Bytes of one component of an item id in layout `files`.
pub const COMPONENT_BYTES_MAX: usize = 255;
/// Decompressed body of a package or receipt.
pub const BODY_PLAIN_BYTES_MAX: u64 = 64 << 20;
/// Decompressed body of a label.
pub const LABEL_BODY_BYTES_MAX: u64 = 64 << 10;
/// The signature block.
pub const SEALS_BYTES_MAX: u64 = 128 << 10;
/// Approvals in a signature block.
pub const APPROVALS_MAX: usize = 8;
/// A time stamp in a signature block.
pub const TIME_STAMP_BYTES_MAX: usize = 65_536;
/// Wrapped keys of one envelope.
pub const SLOTS_MAX: u8 = 8;
/// Sequences and versions stay below this; beyond it a stream would be jammed on purpose.
pub const NUMBER_MAX: u64 = 1 << 48;
/// A ledger that was put back and begins a new life goes on above the next multiple but one of this, so that whatever was made
/// after the backup lies below.
pub const LIFE_STEP: u64 = 1 << 24;
/// How far a sequence, a version or the number of a receipt may be above the last one: beyond it the route stops for a person.
pub const STEP_MAX: u64 = 1 << 26;
/// Ids of the packages before that a package names.
pub const PREVIOUS_MAX: usize = 16;
/// Ranges of answered sequences in the digest form of a receipt.
pub const DIGEST_ANSWERED_MAX: usize = 32;
/// Ranges of missing sequences in the digest form of a receipt.
pub const DIGEST_MISSING_MAX: usize = 32;
/// Exceptions in the digest form of a receipt.
pub const DIGEST_EXCEPTIONS_MAX: usize = 8;
/// Ranges of missing sequences in the full form.
pub const FULL_MISSING_MAX: usize = 4096;
/// Rows of all answers of one receipt.
pub const RECEIPT_ROWS_MAX: usize = 1 << 20;
/// Bytes of a card, so that it fits a QR code of version 40-L.
pub const CARD_BYTES_MAX: usize = 2953;
/// Bytes of a zone, archive or route name.
pub const NAME_BYTES_MAX: usize = 64;
/// Bytes of the id of a template.
pub const TEMPLATE_ID_BYTES_MAX: usize = 64;
/// Generations of one zone's keys.
pub const GENERATION_MAX: u32 = 1024;
/// Ranges, answered and missing each, in the digest form of a receipt that announces keys.
pub const ANNOUNCING_RANGES_MAX: usize = 16;
/// Body of one ledger record: holds the apply record of the largest package.
pub const RECORD_BYTES_MAX: usize = 128 << 20;
/// Packages in one run that parity is made for.
pub const RUN_PACKAGES_MAX: usize = 1024;
/// Parity files of one run.
pub const PARITY_FILES_MAX: u16 = 64;
/// Bytes of each file of a run that are worked on together.
pub const STRIPE_BYTES: u64 = 65_536;
