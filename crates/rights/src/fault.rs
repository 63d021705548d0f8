//! What can be wrong with a record: a stable code, the field, and the limit where there is one. Never the value: faults are shown
//! and logged where the record itself must not be.

use std::fmt;

/// What a code says.
#[derive(Debug)]
pub struct Clause {
    /// Stable code, as in `spec/codes.md`.
    pub code: &'static str,
    /// Whether a record with this fault is left out. The others are kept and shown as doubtful: an identifier that fails its check is
    /// carried as the text it is.
    pub refuses: bool,
    /// The fact, in English.
    pub says: &'static str,
}

/// One fault of one record. Two are equal when code and field are.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What is wrong.
    pub clause: &'static Clause,
    /// The field, as a path from the record: `documents[2].size`. Empty when it is the record as a whole.
    pub field: String,
    /// The limit that was passed.
    pub limit: Option<u64>,
}

/// What keeps bytes from being read as a record at all: nothing is known of what it would say.
pub static OF_JSON: [&Clause; 7] = [&NOT_UTF8, &BYTE_ORDER_MARK, &NOT_JSON, &DUPLICATE_KEY, &TOO_DEEP, &TOO_LARGE, &NUMBER];

/// Longest part of a path that comes from the record itself, characters.
const KEY_SHOWN_MAX: usize = 40;

impl Fault {
    /// A fault of that field.
    pub fn new(clause: &'static Clause, field: impl Into<String>) -> Self {
        Self { clause, field: field.into(), limit: None }
    }

    /// A fault that passes a limit.
    pub fn limited(clause: &'static Clause, field: impl Into<String>, limit: u64) -> Self {
        Self { clause, field: field.into(), limit: Some(limit) }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.clause.code
    }
}

impl PartialEq for Fault {
    fn eq(&self, other: &Self) -> bool {
        self.code() == other.code() && self.field == other.field
    }
}
impl Eq for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code())?;
        if !self.field.is_empty() {
            write!(f, " at {}", self.field)?;
        }
        write!(f, ": {}", self.clause.says)?;
        self.limit.map_or(Ok(()), |limit| write!(f, " (limit {limit})"))
    }
}
impl std::error::Error for Fault {}

/// A key of the record as it may be shown: cut short, without control characters.
pub fn shown(key: &str) -> String {
    key.chars().take(KEY_SHOWN_MAX).map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

macro_rules! clauses {
    ($($name:ident $code:literal $weight:ident $says:literal;)*) => {
        $(
            #[doc = concat!($code, ": ", $says, ".")]
            pub static $name: Clause = Clause { code: $code, refuses: clauses!(@ $weight), says: $says };
        )*
        /// All of them, by code.
        pub static ALL: &[&Clause] = &[$(&$name),*];
    };
    (@ refused) => { true };
    (@ doubted) => { false };
}

clauses! {
    NOT_UTF8 "REC-01" refused "the bytes are not UTF-8";
    BYTE_ORDER_MARK "REC-02" refused "the record begins with a byte order mark";
    NOT_JSON "REC-03" refused "the bytes are not one JSON value";
    DUPLICATE_KEY "REC-04" refused "an object has a key twice";
    TOO_DEEP "REC-05" refused "objects and lists lie too deep in one another";
    TOO_LARGE "REC-06" refused "the record is too large";
    NUMBER "REC-07" refused "a number is not an integer, or is too large for a reader to keep";
    KIND "REC-08" refused "not a record of a known kind";
    UNKNOWN_FIELD "REC-09" refused "the kind has no such field";
    MISSING "REC-10" refused "a mandatory field is missing";
    MISSING_HERE "REC-11" refused "a field is missing that the other fields ask for";
    WRONG_TYPE "REC-12" refused "the value is of another type";
    LENGTH "REC-13" refused "the text is empty or too long";
    NOT_NORMAL "REC-14" refused "the text is not in Unicode normalization form C";
    NOT_LISTED "REC-15" refused "the value is none of those that the field may have";
    DATE "REC-16" refused "no day of the calendar, or no moment with its zone";
    DECIMAL "REC-17" refused "no decimal of the field's form";
    IDENTIFIER "REC-18" doubted "the identifier fails its check";
    REFERENCE "REC-19" refused "the reference is none, or to a record of another kind";
    DOCUMENTS "REC-20" refused "the list of documents is not in order, or a document that is named is not in it or is a copy itself";
    STATE "REC-21" refused "the kind has no such state";
    ORDER "REC-22" refused "the end lies before the beginning";
    DISAGREE "REC-23" doubted "two identifiers of the record contradict one another";
    GEOMETRY "REC-24" refused "not a geometry that is read here";
    MOVE "REC-25" refused "the state cannot follow the one before";
    VERSION "REC-26" refused "the version does not follow the one before";
    TRANSACTION "REC-27" doubted "the records of one transaction are not what it says";
    RID_TWICE "REC-28" refused "another record has the same rid";
}
