//! The rows of the index: what the rules need of each record, and no more. Records are numbers here, codes and accounts are keys.

use super::index::{Key, Number};

/// No day: what stands for a date that is not there.
pub(super) const NO_DAY: i32 = i32::MIN;

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Person {
    /// Whether the number is an identity number at all.
    pub is_number: bool,
    pub valid: bool,
    /// The number that is used, 0 without one.
    pub key: Key,
    /// Day of birth in the number, where it is valid.
    pub birth: i32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Standing {
    /// Confirmed, also while that is disputed: an active member.
    Confirmed,
    /// Moved away with retained rights.
    Retained,
    /// Lost.
    Lost,
    /// Not yet.
    #[default]
    Pending,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Member {
    pub record: Number,
    pub household: Number,
    pub standing: Standing,
    pub person: Person,
    /// The birth date or gender that is written is not that of a valid number.
    pub differs: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Household {
    pub record: Number,
    pub current: bool,
    pub head_member: Number,
    pub contractor: Key,
    pub size: i64,
    pub person: Person,
    /// 0 without an account.
    pub account: Key,
    pub account_valid: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Event {
    pub record: Number,
    pub member: Number,
    pub death: bool,
    /// Until when shares are retained, [`NO_DAY`] when none are.
    pub shares_until: i32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Holding {
    pub record: Number,
    pub holder: Number,
    /// Active or pledged.
    pub active: bool,
    /// Active, pledged or being inherited: counts in the sum.
    pub standing: bool,
    pub shares: i64,
    pub capital: i64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Contract {
    pub record: Number,
    pub code: Key,
    pub contractor: Key,
    pub current: bool,
    /// Given to a household as such (110).
    pub of_household: bool,
    pub from: i32,
    pub to: i32,
    pub total: i64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Contracted {
    pub record: Number,
    pub contract: Key,
    pub parcel: Key,
    pub transfer: Key,
    pub area: i64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Parcel {
    pub record: Number,
    pub code: Key,
    pub basic_farmland: bool,
    /// Where its outline begins and ends in the outlines; equal without one.
    pub outline: (usize, usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Transfer {
    pub record: Number,
    pub code: Key,
    pub contract: Key,
    pub from: i32,
    pub to: i32,
    /// To something that is no agriculture, from something else.
    pub away: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct MuDiffers {
    pub record: Number,
    pub area: i64,
    pub mu: i64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Homestead {
    pub record: Number,
    pub household: Number,
    /// Approved and not ended.
    pub active: bool,
    /// Inherited or approved of old.
    pub of_old: bool,
    pub area: i64,
    pub house: bool,
    pub approved: bool,
    pub built_year: i64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct ShareScheme {
    pub record: Number,
    pub effective: bool,
    pub total: i64,
    pub collective: i64,
    pub base: i64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct DividendScheme {
    pub record: Number,
    pub year: i64,
    pub per_share: i64,
    /// Public, in effect or replaced.
    pub public: bool,
    pub effective: bool,
    pub from: i32,
    pub publicity_from: i32,
    pub publicity_to: i32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct DividendPayment {
    pub record: Number,
    pub scheme: Number,
    pub holding: Number,
    pub amount: i64,
    pub account: Key,
    pub account_valid: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Card {
    pub record: Number,
    /// In the books.
    pub active: bool,
    /// Net value less what it should be.
    pub difference: i64,
    pub in_use_from: i32,
    /// [`NO_DAY`] unless idle.
    pub idle_since: i32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Round {
    pub annual: bool,
    pub as_of: i32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub record: Number,
    pub round: Number,
    pub card: Number,
    pub loss: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Disposal {
    pub record: Number,
    pub card: Number,
    pub from: i32,
    /// Neither rejected nor withdrawn.
    pub stands: bool,
    /// Approved or in effect, and a sale.
    pub sale: bool,
    pub value: i64,
    pub project: Number,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Operating {
    pub record: Number,
    /// Active, soon due or overdue.
    pub open: bool,
    /// Open or expired: what is due is still to be paid.
    pub owes: bool,
    /// Neither draft nor terminated.
    pub counts: bool,
    pub from: i32,
    pub to: i32,
    pub amount: i64,
    pub area: i64,
    /// The deal, 0 without one.
    pub deal: Number,
    /// A lease or a contract.
    pub lease: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    pub contract: Number,
    pub number: i64,
    pub due: i32,
    pub amount: i64,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Paid {
    pub record: Number,
    pub organisation: Number,
    pub contract: Number,
    pub number: i64,
    pub amount: i64,
    pub year: i32,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Certificate {
    pub record: Number,
    pub effective: bool,
    pub issued_on: i32,
    pub publicity_to: i32,
}

/// A field that a certificate shows of a record, with the version that it was made from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    pub source: Number,
    pub certificate: Number,
    pub version: i64,
    pub field: Key,
    pub value: Key,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Region {
    pub record: Number,
    /// Its code, filled up with zeros to 12 digits, and the first code that lies behind it.
    pub codes: (u64, u64),
    pub valid_to: i32,
}
