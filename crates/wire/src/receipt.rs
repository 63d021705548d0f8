//! The receipt (verification package): fixed form, bounded size, no string and no name in it (spec/receipt.md).

use crate::clause::{self, Rejection, require};
use crate::codec;
use crate::digest::StateDigest;
use crate::id::{Digest, Incarnation, PackageId, RouteId, ZoneId};
use crate::keys::KeyNotice;
use crate::limits::{ANNOUNCING_RANGES_MAX, DIGEST_ANSWERED_MAX, DIGEST_EXCEPTIONS_MAX, DIGEST_MISSING_MAX, FULL_MISSING_MAX, NUMBER_MAX, RECEIPT_ROWS_MAX};
use crate::manifest::Head;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What became of an item of a package. The numbers are those of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
pub enum Outcome {
    /// Switched in and read back.
    Applied = 1,
    /// It was so already; read back.
    Unchanged = 2,
    /// Switched in under an escaped name; read back.
    Escaped = 3,
    /// Switched in; a local change was kept aside; read back.
    KeptAside = 4,
    /// A part is stored; the document is not whole yet. The digest proves the part.
    Held = 5,
    /// The replica holds a newer version.
    Superseded = 6,
    /// Failed, the old version still stands: a base is missing or differs.
    BaseMissing = 16,
    /// Failed, the old version still stands: no room.
    NoSpace = 17,
    /// Failed, the old version still stands: no name could be found for it.
    NameRefused = 18,
    /// Failed, the old version still stands: the file system refused.
    Refused = 19,
    /// Failed: the parts that were held do not make the document; all must come again.
    PartsBroken = 20,
    /// Failed: another item of its business transaction did, and all of them must come again.
    TransactionFailed = 21,
    /// Failed: earlier versions of what was to be purged were found on the replica.
    NotErased = 22,
    /// The item is not right on the replica now: what was read back differs.
    Corrupt = 32,
    /// The item is not right on the replica now: it is not there.
    Missing = 33,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Outcome; 15] = [
        Outcome::Applied,
        Outcome::Unchanged,
        Outcome::Escaped,
        Outcome::KeptAside,
        Outcome::Held,
        Outcome::Superseded,
        Outcome::BaseMissing,
        Outcome::NoSpace,
        Outcome::NameRefused,
        Outcome::Refused,
        Outcome::PartsBroken,
        Outcome::TransactionFailed,
        Outcome::NotErased,
        Outcome::Corrupt,
        Outcome::Missing,
    ];
    /// The number on the wire.
    pub fn number(self) -> u16 {
        self as u16
    }
    /// The outcome with this number.
    pub fn of(number: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.number() == number)
    }
    /// Whether the item is proven by the digest beside it.
    pub fn proves(self) -> bool {
        self.number() <= Outcome::KeptAside.number()
    }
    /// Whether a row with this outcome may carry this digest: where nothing was read back it is zero.
    fn may_say(self, digest: &Digest) -> bool {
        let read_back = self.number() <= Outcome::Held.number() || matches!(self, Outcome::PartsBroken | Outcome::Corrupt);
        read_back || *digest == Digest::ZERO
    }
    /// Whether the item must travel again.
    pub fn failed(self) -> bool {
        self.number() >= Outcome::BaseMissing.number()
    }
    /// Whether the replica no longer holds what it was proven to hold.
    pub fn lost(self) -> bool {
        self.number() >= Outcome::Corrupt.number()
    }
    /// The word of the ledger and of the command line.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Applied => "applied",
            Outcome::Unchanged => "unchanged",
            Outcome::Escaped => "applied-escaped",
            Outcome::KeptAside => "applied-kept-aside",
            Outcome::Held => "part-held",
            Outcome::Superseded => "superseded",
            Outcome::BaseMissing => "base-missing",
            Outcome::NoSpace => "no-space",
            Outcome::NameRefused => "name-refused",
            Outcome::Refused => "refused",
            Outcome::PartsBroken => "parts-broken",
            Outcome::TransactionFailed => "transaction-failed",
            Outcome::NotErased => "not-erased",
            Outcome::Corrupt => "corrupt",
            Outcome::Missing => "missing",
        }
    }
}

/// A range of sequences, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// First.
    pub first: u64,
    /// Last.
    pub last: u64,
}

/// The ranges that make up an ascending set of numbers.
pub fn ranges_of(numbers: impl IntoIterator<Item = u64>) -> Vec<Range> {
    let mut ranges: Vec<Range> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some(range) if range.last + 1 == number => range.last = number,
            _ => ranges.push(Range { first: number, last: number }),
        }
    }
    ranges
}

/// One row of an answer: the item at this place of the package, what became of it, what was read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Place of the item in the package, from 0.
    pub row: u32,
    /// Number of the outcome.
    pub outcome: u16,
    /// Keyed digest of what was read back; zero for removals and where nothing is proven.
    pub digest: Digest,
}

/// The answer to one package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Its sequence.
    pub sequence: u64,
    /// Its id.
    pub package: PackageId,
    /// Its rows.
    pub rows: Vec<Row>,
}

/// A row that is not proven, in the digest form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// Sequence of the package.
    pub sequence: u64,
    /// Place of the item in the package.
    pub row: u32,
    /// Number of the outcome.
    pub outcome: u16,
    /// Keyed digest of what was read back.
    pub digest: Digest,
}

/// How a receipt answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Form {
    /// Row by row.
    Full {
        /// Every row of every answered package.
        answers: Vec<Answer>,
    },
    /// One digest over all rows.
    Digest {
        /// The sequences that are answered.
        answered: Vec<Range>,
        /// `answers_digest` of all their rows.
        digest: Digest,
        /// The rows that are not proven.
        exceptions: Vec<Exception>,
    },
    /// The whole replica, re-read: rows of the packages that brought what it holds.
    Scrub {
        /// Some rows of the packages.
        answers: Vec<Answer>,
    },
}

/// What the replica has seen of the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceSeen {
    /// The source's incarnation.
    pub incarnation: Incarnation,
    /// Highest sequence seen.
    pub sequence: u64,
    /// Id of that package.
    pub package: PackageId,
    /// The source's head that it quoted.
    pub ledger: Head,
}

/// Whether what was read back came past the memory of the system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReadBack {
    /// Possibly from memory.
    Memory,
    /// From the medium that holds the replica.
    Medium,
}

/// The body of a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The route.
    pub route_id: RouteId,
    /// The source zone, for which it is wrapped.
    pub source: ZoneId,
    /// The replica zone, which signs.
    pub replica: ZoneId,
    /// The replica's ledger.
    pub incarnation: Incarnation,
    /// Position in the stream of receipts of this route and incarnation, from 1.
    pub number: u64,
    /// End of the replica's ledger when this was made.
    pub ledger: Head,
    /// What the replica has seen of the source.
    pub source_seen: SourceSeen,
    /// Sequences below the highest that were never seen.
    pub missing: Vec<Range>,
    /// More are missing than fit.
    pub missing_more: bool,
    /// The answers.
    pub form: Form,
    /// Digest of the whole replica state of the route.
    pub state: StateDigest,
    /// Room left for the replica, bytes.
    pub free_bytes: u64,
    /// Where the bytes were read back from.
    pub read_back: ReadBack,
    /// The digest form did not hold all exceptions: it confirms nothing, the next receipt is full.
    pub more: bool,
    /// Items that lie under an escaped name.
    pub escaped: u32,
    /// Local changes kept aside since the last receipt.
    pub kept_aside: u32,
    /// Files that no item accounts for, when they were last looked for.
    pub extra: u32,
    /// What it says of keys.
    pub keys: KeyNotice,
}

impl Receipt {
    /// Reads and checks the body of a receipt (clauses ENV-18, RCT-03 to RCT-07). Zones, route and packages against the
    /// ledger are the caller's (RCT-01, RCT-02, RCT-08).
    pub fn decode(body: &[u8]) -> Result<Self, Rejection> {
        let receipt: Receipt = codec::decode(body, &clause::ENV_CANONICAL)?;
        receipt.check()?;
        Ok(receipt)
    }

    /// The checks of `decode`, for a writer to hold itself to.
    pub fn check(&self) -> Result<(), Rejection> {
        let number = |number: u64| (1..=NUMBER_MAX).contains(&number);
        require(number(self.number) && self.ledger.number <= NUMBER_MAX, &clause::RCT_NUMBERS)?;
        require(number(self.source_seen.sequence) && self.source_seen.ledger.number <= NUMBER_MAX, &clause::RCT_NUMBERS)?;
        require(self.keys.is_formed(self.number), &clause::RCT_NUMBERS)?;
        check_ranges(&self.missing, self.source_seen.sequence - 1)?;
        match &self.form {
            Form::Digest { answered, digest, exceptions } => {
                let (answered_max, missing_max) = digest_ranges_max(self.keys.next.is_some());
                let within = answered.len() <= answered_max && self.missing.len() <= missing_max && exceptions.len() <= DIGEST_EXCEPTIONS_MAX;
                let says_nothing = answered.is_empty() && exceptions.is_empty() && *digest == AnswersDigest::default().finish();
                require(within && (!self.more || says_nothing), &clause::RCT_DIGEST_FORM)?;
                check_ranges(answered, self.source_seen.sequence)?;
                require(exceptions.windows(2).all(|pair| (pair[0].sequence, pair[0].row) < (pair[1].sequence, pair[1].row)), &clause::RCT_ANSWERS)?;
                for exception in exceptions {
                    let answered = answered.iter().any(|range| (range.first..=range.last).contains(&exception.sequence));
                    require(answered, &clause::RCT_ANSWERS)?;
                    let outcome = Outcome::of(exception.outcome).filter(|outcome| !outcome.proves() && outcome.may_say(&exception.digest));
                    require(outcome.is_some(), &clause::RCT_OUTCOME)?;
                }
                Ok(())
            }
            Form::Full { answers } | Form::Scrub { answers } => {
                require(!self.more, &clause::RCT_ANSWERS)?;
                require(self.missing.len() <= FULL_MISSING_MAX, &clause::RCT_RANGES)?;
                let rows: usize = answers.iter().map(|answer| answer.rows.len()).sum();
                require(rows <= RECEIPT_ROWS_MAX, &clause::RCT_ANSWERS)?;
                require(answers.windows(2).all(|pair| pair[0].sequence < pair[1].sequence), &clause::RCT_ANSWERS)?;
                let full = matches!(self.form, Form::Full { .. });
                for answer in answers {
                    require((1..=self.source_seen.sequence).contains(&answer.sequence), &clause::RCT_NUMBERS)?;
                    let ascending = answer.rows.windows(2).all(|pair| pair[0].row < pair[1].row);
                    let whole = !full || answer.rows.iter().zip(0u32..).all(|(row, place)| row.row == place);
                    require(ascending && whole && !answer.rows.is_empty(), &clause::RCT_ANSWERS)?;
                    let defined = |row: &Row| Outcome::of(row.outcome).is_some_and(|outcome| outcome.may_say(&row.digest));
                    require(answer.rows.iter().all(defined), &clause::RCT_OUTCOME)?;
                }
                Ok(())
            }
        }
    }
}

/// How many answered and missing ranges a receipt in digest form holds: fewer where it announces keys, so that it stays below
/// 4 KB all the same.
pub fn digest_ranges_max(announces: bool) -> (usize, usize) {
    if announces { (ANNOUNCING_RANGES_MAX, ANNOUNCING_RANGES_MAX) } else { (DIGEST_ANSWERED_MAX, DIGEST_MISSING_MAX) }
}

fn check_ranges(ranges: &[Range], highest: u64) -> Result<(), Rejection> {
    let each = ranges.iter().all(|range| range.first >= 1 && range.first <= range.last && range.last <= highest);
    require(each && ranges.windows(2).all(|pair| pair[0].last + 1 < pair[1].first), &clause::RCT_RANGES)
}

/// Digests all rows of all answered packages, ascending by sequence; a row that proves its item counts as `Applied`.
pub struct AnswersDigest(blake3::Hasher);

impl Default for AnswersDigest {
    fn default() -> Self {
        Self(blake3::Hasher::new_derive_key("gapferry v1 answers"))
    }
}

impl AnswersDigest {
    /// Begins the answer to one package of `rows` items.
    pub fn package(&mut self, sequence: u64, package: &PackageId, rows: u32) {
        self.0.update(&sequence.to_le_bytes());
        self.0.update(&package.0);
        self.0.update(&rows.to_le_bytes());
    }
    /// Adds its next row.
    pub fn row(&mut self, outcome: Outcome, digest: &Digest) {
        let class = if outcome.proves() { Outcome::Applied } else { outcome };
        self.0.update(&class.number().to_le_bytes());
        self.0.update(&digest.0);
    }
    /// The digest.
    pub fn finish(&self) -> Digest {
        Digest(*self.0.finalize().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::SEAL_KEY_BYTES;
    use crate::id::Fixed;
    use crate::keys::NextKeys;
    use alloc::boxed::Box;
    use alloc::vec;

    #[test]
    fn outcomes_have_their_numbers() {
        for outcome in Outcome::ALL {
            assert_eq!(Outcome::of(outcome.number()), Some(outcome));
            assert!(u8::from(outcome.proves()) + u8::from(outcome.failed()) <= 1);
        }
        assert_eq!(Outcome::of(0), None);
        assert_eq!(Outcome::of(7), None);
    }

    #[test]
    fn ranges_join_what_touches() {
        assert_eq!(ranges_of([]), vec![]);
        assert_eq!(ranges_of([1, 2, 3, 7, 9, 10]), vec![Range { first: 1, last: 3 }, Range { first: 7, last: 7 }, Range { first: 9, last: 10 }]);
    }

    #[test]
    fn the_largest_digest_form_fits_its_padding() {
        let range = Range { first: 1, last: 1 };
        let exception = Exception { sequence: 1, row: 0, outcome: 32, digest: Digest::ZERO };
        let largest = Receipt {
            route_id: RouteId::ZERO,
            source: ZoneId::ZERO,
            replica: ZoneId::ZERO,
            incarnation: Incarnation::ZERO,
            number: 1,
            ledger: Head::default(),
            source_seen: SourceSeen { incarnation: Incarnation::ZERO, sequence: 1, package: PackageId::ZERO, ledger: Head::default() },
            missing: vec![range; DIGEST_MISSING_MAX],
            missing_more: false,
            form: Form::Digest { answered: vec![range; DIGEST_ANSWERED_MAX], digest: Digest::ZERO, exceptions: vec![exception; DIGEST_EXCEPTIONS_MAX] },
            state: StateDigest::default(),
            free_bytes: 0,
            read_back: ReadBack::Memory,
            more: false,
            escaped: 0,
            kept_aside: 0,
            extra: 0,
            keys: KeyNotice::FIRST,
        };
        let body = codec::encode(&largest).len() as u64;
        assert!(body + crate::seals::Seals::encoded_bytes() + 64 <= crate::header::Kind::Receipt.padded_bytes_min(), "{body}");
        assert!(crate::header::file_bytes_of(1, 2048) < 4096);
        let next = NextKeys { generation: 2, sign: Fixed(Box::new([0; 32])), seal: Fixed(Box::new([0; SEAL_KEY_BYTES])), proof: Fixed(Box::new([0; 64])) };
        let mut announcing = Receipt { missing: vec![range; ANNOUNCING_RANGES_MAX], keys: KeyNotice { next: Some(next), ..KeyNotice::FIRST }, ..largest };
        let Form::Digest { answered, .. } = &mut announcing.form else { unreachable!("it was made so") };
        answered.truncate(ANNOUNCING_RANGES_MAX);
        let used = codec::encode(&announcing).len() as u64 + crate::seals::Seals::encoded_bytes() + 64;
        assert_eq!(crate::header::file_bytes_of(1, crate::header::padme(used)), 4072, "{used}");
    }
}
