//! Every clause a reader can find broken: its code, its class (whose fault) and what it says.
//! The same codes head the clauses of `spec/` and name the bad fixtures; a test holds all three together.

use core::fmt;

/// Whose fault a rejection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The bytes do not follow the format: damaged, truncated or made by a faulty writer.
    Malformed,
    /// Not from whom it must be, or not for us.
    Untrusted,
    /// Made for another version or suite of the format.
    Incompatible,
    /// Genuine, but contradicts what is already known.
    Conflict,
    /// Asks for more than a limit allows.
    Exhausted,
}

/// One clause of the specification.
#[derive(Debug)]
pub struct Clause {
    /// Stable code, as in `spec/codes.md`.
    pub code: &'static str,
    /// Whose fault.
    pub class: Class,
    /// The fact, in English.
    pub says: &'static str,
}

/// A refusal: which clause was broken. Two rejections are equal when their codes are.
#[derive(Clone, Copy)]
pub struct Rejection(pub &'static Clause);

impl Rejection {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.0.code
    }
    /// Whose fault.
    pub fn class(&self) -> Class {
        self.0.class
    }
}

impl PartialEq for Rejection {
    fn eq(&self, other: &Self) -> bool {
        self.0.code == other.0.code
    }
}
impl Eq for Rejection {}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.says)
    }
}
impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}
impl core::error::Error for Rejection {}

macro_rules! clauses {
    ($($name:ident $code:literal $class:ident $says:literal;)*) => {
        $(
            #[doc = concat!("Clause ", $code, ": ", $says, ".")]
            pub static $name: Clause = Clause { code: $code, class: Class::$class, says: $says };
        )*
        /// All clauses, in the order of the specification.
        pub static ALL: &[&Clause] = &[$(&$name),*];
    };
}

clauses! {
    ENV_MAGIC "ENV-01" Malformed "the file does not start with the magic of a package, receipt or label";
    ENV_VERSION "ENV-02" Incompatible "the format version is not one this program reads";
    ENV_KIND "ENV-03" Malformed "the kind is not the one its name or use says";
    ENV_SLOTS "ENV-04" Malformed "the number of wrapped keys is not within its limit";
    ENV_SUITE "ENV-05" Incompatible "the suite is not the one that is pinned";
    ENV_RESERVED "ENV-06" Malformed "reserved bytes of the header are not zero";
    ENV_PADDED "ENV-07" Malformed "the padded length is not a length a writer can produce";
    ENV_LENGTH "ENV-08" Malformed "the file is shorter or longer than its header says";
    ENV_RECIPIENT "ENV-09" Untrusted "no wrapped key opens with the keys of this zone: it is not for us";
    ENV_COMMITMENT "ENV-10" Malformed "the key commitment does not fit the unwrapped key";
    ENV_FRAME "ENV-11" Malformed "a frame is not authentic: altered, moved or damaged";
    ENV_TRAILER "ENV-12" Malformed "the trailer does not describe this plaintext";
    ENV_PADDING "ENV-13" Malformed "the padding is not zero";
    ENV_SEALS "ENV-14" Malformed "the signature block is not well formed";
    ENV_SIGNER "ENV-15" Untrusted "the signer is not a zone that is trusted here";
    ENV_SIGNATURE "ENV-16" Untrusted "the signature is not right";
    ENV_BODY "ENV-17" Malformed "the body does not decompress to its stated length, or exceeds its limit";
    ENV_CANONICAL "ENV-18" Malformed "the body is not in its one valid encoding";
    ENV_GENERATION "ENV-19" Untrusted "it is signed with a generation of the zone's keys that is not known here";

    PKG_ZONES "PKG-01" Untrusted "the zones named inside are not the signer's and ours";
    PKG_ROUTE "PKG-02" Untrusted "the route is not one that is accepted from this zone";
    PKG_NUMBERS "PKG-03" Malformed "a sequence or version is zero or above its ceiling";
    PKG_FLAGS "PKG-04" Malformed "unknown flags are set";
    PKG_BLOCKS "PKG-05" Malformed "the table of blocks does not fit the content";
    PKG_ITEMS "PKG-06" Malformed "items are too many, out of order or doubled";
    PKG_ID "PKG-07" Malformed "an item id is not a safe relative path";
    PKG_MARK "PKG-08" Malformed "the change mark and the documents of an item do not fit";
    PKG_PIECES "PKG-09" Malformed "the pieces of a document do not add up or lie outside the content";
    PKG_BASES "PKG-10" Malformed "a base is doubled, unused or does not exist";
    PKG_PART "PKG-11" Malformed "a part does not lie within its document";
    PKG_DIGEST "PKG-12" Malformed "a document differs from its digest";
    PKG_BLOCK "PKG-13" Malformed "a block does not decompress to its stated length";
    PKG_ROUTE_ID "PKG-14" Malformed "the route id does not belong to the zones and the route name";
    PKG_UNSUPPORTED "PKG-15" Incompatible "it uses a part of the format this program does not carry out";
    PKG_REVOKED "PKG-16" Untrusted "the keys that signed it are revoked at this sequence";
    PKG_GENERATION "PKG-17" Untrusted "the keys that signed it do not count at this sequence";
    PKG_NEXT_KEYS "PKG-18" Untrusted "the keys that it announces are not valid, or others are known";
    PKG_INVENTORY "PKG-19" Malformed "what an inventory names does not fit the span it speaks of";
    PKG_TRANSACTION "PKG-20" Malformed "the items of a business transaction are not as many as they say, or one is a part";

    RCT_ZONES "RCT-01" Untrusted "the zones named inside are not the signer's and ours";
    RCT_ROUTE "RCT-02" Untrusted "the route is not one of this source";
    RCT_NUMBERS "RCT-03" Malformed "a number is zero or above its ceiling";
    RCT_RANGES "RCT-04" Malformed "ranges overlap, touch or are out of order";
    RCT_ANSWERS "RCT-05" Malformed "answers are too many, out of order or do not fit their package";
    RCT_OUTCOME "RCT-06" Malformed "an outcome is not one of the defined ones or not allowed here";
    RCT_DIGEST_FORM "RCT-07" Malformed "the digest form exceeds its fixed bounds";
    RCT_PACKAGE "RCT-08" Conflict "it answers a package that was never sent";
    RCT_REVOKED "RCT-09" Untrusted "the keys that signed it are revoked at this number";
    RCT_GENERATION "RCT-10" Untrusted "the keys that signed it do not count at this number";
    RCT_NEXT_KEYS "RCT-11" Untrusted "the keys that it announces are not valid, or others are known";

    CRD_VERSION "CRD-01" Incompatible "the first line is not that of a card of version 1";
    CRD_LINES "CRD-02" Malformed "the card does not have its seven lines";
    CRD_NAME "CRD-03" Malformed "the zone name is not allowed";
    CRD_ROLE "CRD-04" Malformed "the role is neither source nor replica";
    CRD_SUITE "CRD-05" Incompatible "the suite is not one this program knows";
    CRD_KEYS "CRD-06" Malformed "a key is not valid";
    CRD_PROOF "CRD-07" Untrusted "the proof was not made by the card's own key";
    CRD_CANONICAL "CRD-08" Malformed "the card is not in its one valid form";
    CRD_FINGERPRINT "CRD-09" Untrusted "the fingerprint is not the one that was compared";
    CRD_GENERATION "CRD-10" Malformed "the generation or the zone id of a later card is not allowed";

    LBL_MAKER "LBL-01" Untrusted "the label was not signed by the zone that it says made it";
    LBL_FORM "LBL-02" Malformed "the label is not well formed";

    LDG_HEAD "LDG-01" Malformed "a segment does not start as a ledger segment does";
    LDG_LENGTH "LDG-02" Malformed "a record is cut short or its length is impossible";
    LDG_NUMBER "LDG-03" Malformed "record numbers do not follow one another";
    LDG_PREVIOUS "LDG-04" Malformed "a record does not continue the one before it";
    LDG_DIGEST "LDG-05" Malformed "a record differs from its digest";
    LDG_BODY "LDG-06" Malformed "the body of a record is not well formed";
    LDG_BEHIND "LDG-07" Conflict "the ledger ends before its own signed checkpoint";
    LDG_WITNESS "LDG-08" Conflict "another record stands where the other zone has seen the end of this ledger";
}

/// `Err(Rejection(clause))` unless `holds`.
pub fn require(holds: bool, clause: &'static Clause) -> Result<(), Rejection> {
    if holds || crate::planted::is(clause.code) { Ok(()) } else { Err(Rejection(clause)) }
}
