//! Predicates over a record: the closed language of templates. It has no code, no loop and no failure: every predicate that was read
//! gives true or false for every record.
//!
//! A path gives no value, one, or several; a comparison holds when it holds for one of them. So one without a value holds for nothing,
//! and what is negated (`!=`, `not in`, `not`) is true then. The grammar is in `spec/template.md`.

mod grammar;
mod path;
mod scalar;
mod word;

pub use path::{Path, REFERENCES_MAX, STEPS_MAX};
pub use scalar::Scalar;

use crate::context::{Context, Reach};
use crate::fault::Clause;
use rights::kind::Kind;
use rights::record::Record;

/// Longest predicate, bytes.
pub const PREDICATE_BYTES_MAX: usize = 8 << 10;
/// Most parentheses and `not` within one another.
pub const PREDICATE_DEPTH_MAX: usize = 32;

/// Why a predicate cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The code.
    pub code: &'static str,
    /// What it is about, and where: the character, counted from 1.
    pub subject: String,
    /// The limit that was passed.
    pub limit: Option<usize>,
}

impl Wrong {
    fn new(clause: &'static Clause, subject: impl Into<String>) -> Self {
        Self { code: clause.code, subject: subject.into(), limit: None }
    }

    fn limited(clause: &'static Clause, limit: usize) -> Self {
        Self { code: clause.code, subject: String::new(), limit: Some(limit) }
    }
}

/// A predicate, checked against the kinds it is asked of.
#[derive(Clone, Debug)]
pub struct Predicate {
    root: Test,
}

#[derive(Clone, Debug)]
enum Test {
    Constant(bool),
    Either(Vec<Test>),
    All(Vec<Test>),
    Not(Box<Test>),
    Compare(Operand, Relation, Operand),
    StartsWith(Operand, Operand),
    ReferencedBy(&'static Kind),
}

#[derive(Clone, Debug)]
enum Operand {
    Literal(Scalar<'static>),
    Path(Path),
    Today,
    Region,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What a predicate is asked with.
#[derive(Clone, Copy)]
struct Asking<'a> {
    context: &'a dyn Context,
    /// What `referenced_by` says.
    referenced: bool,
}

impl Predicate {
    /// Reads a predicate over records of these kinds.
    pub fn parse(text: &str, kinds: &[&'static Kind]) -> Result<Self, Wrong> {
        grammar::read(text, kinds).map(|root| Self { root })
    }

    /// Reads a predicate whose paths begin with the name of a kind, all with the same; that kind comes with it.
    pub fn parse_of_one_kind(text: &str) -> Result<(&'static Kind, Self), Wrong> {
        grammar::read_of_one_kind(text).map(|(kind, root)| (kind, Self { root }))
    }

    /// Whether it holds. `referenced`: what `referenced_by` is to say.
    pub fn holds(&self, record: &Record, context: &dyn Context, referenced: bool) -> bool {
        self.root.holds(record, Asking { context, referenced })
    }

    /// What its answer depends on beside the record.
    pub fn reach(&self) -> Reach {
        self.root.reach()
    }

    /// The kind that `referenced_by` names, where it stands.
    pub fn referenced_by(&self) -> Option<&'static Kind> {
        match &self.root {
            Test::ReferencedBy(kind) => Some(kind),
            Test::All(tests) => tests.iter().find_map(|test| if let Test::ReferencedBy(kind) = test { Some(*kind) } else { None }),
            _ => None,
        }
    }
}

impl Test {
    fn holds(&self, record: &Record, asking: Asking<'_>) -> bool {
        match self {
            Self::Constant(yes) => *yes,
            Self::Either(tests) => tests.iter().any(|test| test.holds(record, asking)),
            Self::All(tests) => tests.iter().all(|test| test.holds(record, asking)),
            Self::Not(test) => !test.holds(record, asking),
            Self::ReferencedBy(_) => asking.referenced,
            Self::Compare(left, relation, right) => {
                left.any(record, asking.context, &mut |left| right.any(record, asking.context, &mut |right| relation.holds(left, right)))
            }
            Self::StartsWith(path, text) => {
                path.any(record, asking.context, &mut |value| text.any(record, asking.context, &mut |text| value.starts_with(text)))
            }
        }
    }

    fn reach(&self) -> Reach {
        match self {
            Self::Constant(_) => Reach::default(),
            Self::Either(tests) | Self::All(tests) => tests.iter().map(Self::reach).fold(Reach::default(), Reach::and),
            Self::Not(test) => test.reach(),
            Self::ReferencedBy(_) => Reach { records: true, ..Reach::default() },
            Self::Compare(left, _, right) | Self::StartsWith(left, right) => left.reach().and(right.reach()),
        }
    }
}

impl Operand {
    /// Whether the test holds for one of its values.
    fn any(&self, record: &Record, context: &dyn Context, test: &mut dyn FnMut(&Scalar<'_>) -> bool) -> bool {
        match self {
            Self::Literal(scalar) => test(scalar),
            Self::Path(path) => path.any(record, context, test),
            Self::Today => test(&Scalar::Day(context.today().days())),
            Self::Region => context.replica_region().is_some_and(|region| test(&Scalar::Text(region.into()))),
        }
    }

    fn reach(&self) -> Reach {
        match self {
            Self::Literal(_) | Self::Region => Reach::default(),
            Self::Today => Reach { day: true, ..Reach::default() },
            Self::Path(path) => Reach { records: path.follows(), ..Reach::default() },
        }
    }
}

impl Relation {
    fn holds(self, left: &Scalar<'_>, right: &Scalar<'_>) -> bool {
        match self {
            Self::Equal => left == right,
            Self::Less => left.order(right).is_some_and(|order| order.is_lt()),
            Self::LessOrEqual => left.order(right).is_some_and(|order| order.is_le()),
            Self::Greater => left.order(right).is_some_and(|order| order.is_gt()),
            Self::GreaterOrEqual => left.order(right).is_some_and(|order| order.is_ge()),
        }
    }
}
