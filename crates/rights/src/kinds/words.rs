//! The short words that the tables of kinds are written in.

use crate::identifier::Identifier;
use crate::kind::{Field, Need, Sens, Show, Type};
use crate::mask::Mask;

pub(super) const M: Need = Need::Always;
pub(super) const O: Need = Need::Never;
pub(super) const C: Need = Need::Business;
pub(super) const PUBLIC: Sens = Sens::Public;
pub(super) const INTERNAL: Sens = Sens::Internal;
pub(super) const PERSONAL: Sens = Sens::Personal;
pub(super) const SENSITIVE: Sens = Sens::Sensitive;
pub(super) const SECRET: Sens = Sens::Secret;
pub(super) const F: Show = Show::Full;
pub(super) const N: Show = Show::Absent;
pub(super) const S: Show = Show::Subject(Mask::None);
pub(super) const SUBJECT_BANK: Show = Show::Subject(Mask::BankLast4);
pub(super) const NAME1: Show = Show::Masked(Mask::Name1);
pub(super) const ID6_4: Show = Show::Masked(Mask::Id6_4);
pub(super) const PSEUD: Show = Show::Masked(Mask::Pseud);
pub(super) const PHONE: Show = Show::Masked(Mask::Phone3_4);
pub(super) const BANK: Show = Show::Masked(Mask::BankLast4);
pub(super) const ADDR: Show = Show::Masked(Mask::AddrVillage);
pub(super) const DATE_Y: Show = Show::Masked(Mask::DateY);
pub(super) const ROUND4: Show = Show::Masked(Mask::GeoRound4);
pub(super) const BBOX: Show = Show::Masked(Mask::GeoBbox);
pub(super) const SUM: Show = Show::Summed;
pub(super) const SALE: Show = Show::OnSale;
pub(super) const REDACTED: Show = Show::Redacted;
pub(super) const FIELDWISE: Show = Show::Fieldwise;
pub(super) const AREA: Type = Type::Decimal(2);
pub(super) const MU: Type = Type::Decimal(4);
pub(super) const SHARES: Type = Type::Decimal(4);
pub(super) const PER_SHARE: Type = Type::Decimal(4);
pub(super) const USCC: Type = Type::Id(Identifier::Uscc);
pub(super) const ISSUER: Type = Type::Id(Identifier::IssuerCode);
pub(super) const CONTRACTOR: Type = Type::Id(Identifier::ContractorCode);
pub(super) const PARCEL_CODE: Type = Type::Id(Identifier::ParcelCode);
pub(super) const CONTRACT: Type = Type::Id(Identifier::ContractCode);
pub(super) const CADASTRAL: Type = Type::Id(Identifier::CadastralUnit);
pub(super) const BANK_ACCOUNT: Type = Type::Id(Identifier::BankAccount);
pub(super) const CARD_NO: Type = Type::Id(Identifier::CardNo);
pub(super) const TOKEN: Type = Type::Id(Identifier::Token);
pub(super) const DOCUMENT_ID: Type = Type::Id(Identifier::DocumentId);
pub(super) const ID_TYPES: &[&str] = &["1 身份证", "2 军官证", "3 机构代码证", "4 户口簿", "5 护照", "9 其他"];

pub(super) const fn field(name: &'static str, zh: &'static str, standard: &'static str, kind: Type, need: Need, sens: Sens, show: [Show; 4]) -> Field {
    Field { name, zh, standard, kind, many: false, need, sens, show }
}

/// Needed when `other` has one of `values`.
pub(super) const fn when(other: &'static str, values: &'static [&'static str]) -> Need {
    Need::When(other, values)
}

/// Needed unless `other` has one of `values`.
pub(super) const fn unless(other: &'static str, values: &'static [&'static str]) -> Need {
    Need::Unless(other, values)
}

/// Needed when `other` is there.
pub(super) const fn with(other: &'static str) -> Need {
    Need::With(other)
}
