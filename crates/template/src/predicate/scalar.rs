//! Values that predicates compare, and which of them can be compared.

use rights::kind::{Kind, Sens, Type, code_value};
use rights::scalar::{Date, INTEGER_MAX, Time, decimal};
use rights::tree::Tree;
use std::borrow::Cow;
use std::cmp::Ordering;

/// A value. Numbers are exact, in units of 10^-4.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scalar<'t> {
    /// Text; ordered by its characters' code points, which is the order of its bytes.
    Text(Cow<'t, str>),
    /// A number.
    Number(i128),
    /// A day, counted from 1970-01-01.
    Day(i32),
    /// A moment, in milliseconds from 1970-01-01T00:00:00Z.
    Moment(i64),
    /// true or false.
    Truth(bool),
    /// A class.
    Class(Sens),
}

/// What can be compared with one another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Text with an order.
    Text,
    /// Words: text without an order.
    Word,
    /// Numbers.
    Number,
    /// Days.
    Day,
    /// Moments.
    Moment,
    /// true and false.
    Truth,
    /// Classes.
    Class,
}

const SCALE: i128 = 10_000;
const PLACES: u32 = 4;

impl<'t> Scalar<'t> {
    /// The value of a field of that type; none when it has none that could be compared.
    pub fn of(value: &'t Tree<'_>, kind: Type) -> Option<Self> {
        let text = value.as_str();
        match Sort::of(kind)? {
            Sort::Text | Sort::Word => text.map(|text| Self::Text(Cow::Borrowed(text))),
            Sort::Number => match kind {
                Type::Decimal(places) | Type::Signed(places) => {
                    let units = decimal(text?, places)?;
                    Some(Self::Number(i128::from(units) * i128::from(10_i64.pow(PLACES.saturating_sub(places)))))
                }
                _ => value.as_i64().map(|number| Self::Number(i128::from(number) * SCALE)),
            },
            Sort::Day => Date::parse(text?).map(|day| Self::Day(day.days())),
            Sort::Moment => Time::parse(text?).map(|time| Self::Moment(time.milliseconds())),
            Sort::Truth => value.as_bool().map(Self::Truth),
            Sort::Class => Sens::parse(text?).map(Self::Class),
        }
    }

    /// The value of a literal text beside something of that sort.
    pub fn literal(text: &str, sort: Sort) -> Option<Scalar<'static>> {
        match sort {
            Sort::Text | Sort::Word => Some(Scalar::Text(Cow::Owned(text.to_owned()))),
            Sort::Day => Date::parse(text).map(|day| Scalar::Day(day.days())),
            Sort::Moment => Time::parse(text).map(|time| Scalar::Moment(time.milliseconds())),
            Sort::Class => Sens::parse(text).map(Scalar::Class),
            Sort::Number | Sort::Truth => None,
        }
    }

    /// The value of a number as predicates write it: at most 4 places, no more than records hold.
    pub fn number(text: &str) -> Option<Self> {
        if text.contains('.') {
            return decimal(text, PLACES).map(|units| Self::Number(i128::from(units)));
        }
        let digits = text.strip_prefix('-').unwrap_or(text);
        let number: i64 = text.parse().ok().filter(|number| (-INTEGER_MAX..=INTEGER_MAX).contains(number))?;
        (!digits.starts_with('0') || digits == "0").then_some(Self::Number(i128::from(number) * SCALE))
    }

    /// Which comes first; none when they have no order. `Personal*` is Personal with a mark, so that the two are of one rank.
    pub fn order(&self, other: &Scalar<'_>) -> Option<Ordering> {
        let rank = |sens: &Sens| if *sens == Sens::Sensitive { Sens::Personal } else { *sens };
        match (self, other) {
            (Self::Text(left), Scalar::Text(right)) => Some(left.cmp(right)),
            (Self::Number(left), Scalar::Number(right)) => Some(left.cmp(right)),
            (Self::Day(left), Scalar::Day(right)) => Some(left.cmp(right)),
            (Self::Moment(left), Scalar::Moment(right)) => Some(left.cmp(right)),
            (Self::Class(left), Scalar::Class(right)) => Some(rank(left).cmp(&rank(right))),
            _ => None,
        }
    }

    /// Whether it is a text that begins with the other.
    pub fn starts_with(&self, other: &Scalar<'_>) -> bool {
        matches!((self, other), (Self::Text(text), Scalar::Text(first)) if text.starts_with(first.as_ref()))
    }
}

impl Sort {
    /// The sort of a field of that type; none when it cannot be compared.
    pub fn of(kind: Type) -> Option<Self> {
        Some(match kind {
            Type::Text(_) | Type::Digits(..) | Type::Id(_) | Type::Region(_) | Type::FileName | Type::Redaction => Self::Text,
            Type::Code(_) | Type::Ref(_) | Type::Doc | Type::State | Type::RuleId => Self::Word,
            Type::Money | Type::Count | Type::Decimal(_) | Type::Signed(_) => Self::Number,
            Type::Date => Self::Day,
            Type::Time => Self::Moment,
            Type::Bool => Self::Truth,
            Type::Sens => Self::Class,
            Type::Wkt | Type::Digest | Type::Bytes | Type::Object(_) | Type::FieldsOf(_) | Type::Rows | Type::Numbers => return None,
        })
    }

    /// Whether values of it have an order.
    pub fn is_ordered(self) -> bool {
        !matches!(self, Self::Word | Self::Truth)
    }
}

/// Whether a field of a kind can have that word: none of those that it cannot have is ever right to compare with.
pub fn can_be(kind: &Kind, name: &str, of: Type, word: &str) -> bool {
    match of {
        Type::Code(entries) => entries.iter().any(|entry| code_value(entry) == word),
        Type::State => kind.cycle.knows(word),
        Type::Text(_) if name == "state" => kind.cycle.knows(word),
        Type::Text(_) if name == "kind" => Kind::named(word).is_some(),
        _ => true,
    }
}
