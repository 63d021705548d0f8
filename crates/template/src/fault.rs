//! What can be wrong with a template: a stable code, the line and key, and what it is about. A template holds nothing secret, so that
//! what is wrong is shown as it was written, cut short.

use std::fmt;

/// What a code says.
#[derive(Debug)]
pub struct Clause {
    /// Stable code, as in `spec/codes.md`.
    pub code: &'static str,
    /// The fact, in English.
    pub says: &'static str,
}

/// One fault of one template. Two are equal when code, line, key and subject are.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What is wrong.
    pub clause: &'static Clause,
    /// Line, from 1; 0 when it is the template as a whole.
    pub line: usize,
    /// The key, as a path from the beginning: `select[1].where`. Empty when it is the template as a whole.
    pub key: String,
    /// What it is about: the word that is not known, or the id of the [missing feature](crate::feature::Feature). May be empty.
    pub subject: String,
    /// The limit that was passed.
    pub limit: Option<u64>,
}

/// Longest subject that is shown, characters.
const SUBJECT_SHOWN_MAX: usize = 60;

impl Fault {
    /// A fault at that line and key.
    pub fn new(clause: &'static Clause, line: usize, key: impl Into<String>, subject: &str) -> Self {
        Self { clause, line, key: shown(&key.into(), 3 * SUBJECT_SHOWN_MAX), subject: shown(subject, SUBJECT_SHOWN_MAX), limit: None }
    }

    /// The same with the limit that was passed.
    pub fn limited(self, limit: usize) -> Self {
        Self { limit: Some(limit as u64), ..self }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.clause.code
    }
}

fn shown(text: &str, characters_max: usize) -> String {
    text.chars().take(characters_max).map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

impl PartialEq for Fault {
    fn eq(&self, other: &Self) -> bool {
        (self.code(), self.line, &self.key, &self.subject) == (other.code(), other.line, &other.key, &other.subject)
    }
}
impl Eq for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code())?;
        if self.line > 0 {
            write!(f, " line {}", self.line)?;
        }
        if !self.key.is_empty() {
            write!(f, " at {}", self.key)?;
        }
        write!(f, ": {}", self.clause.says)?;
        if !self.subject.is_empty() {
            write!(f, ": {}", self.subject)?;
        }
        self.limit.map_or(Ok(()), |limit| write!(f, " (limit {limit})"))
    }
}
impl std::error::Error for Fault {}

macro_rules! clauses {
    ($($name:ident $code:literal $says:literal;)*) => {
        $(
            #[doc = concat!($code, ": ", $says, ".")]
            pub static $name: Clause = Clause { code: $code, says: $says };
        )*
        /// All of them, by code.
        pub static ALL: &[&Clause] = &[$(&$name),*];
    };
}

clauses! {
    NOT_TOML "TPL-01" "the text is not TOML";
    LIMIT "TPL-02" "a limit is passed";
    UNKNOWN_KEY "TPL-03" "no such key";
    WRONG_TYPE "TPL-04" "the value is of another type";
    MISSING "TPL-05" "a key is missing";
    NOT_LISTED "TPL-06" "the value is none of those that the key may have";
    KIND "TPL-07" "no such kind";
    FIELD "TPL-08" "no such field";
    MASK "TPL-09" "no such mask, or one that is not made for the field";
    ROLE "TPL-10" "no such role of a document";
    GRAMMAR "TPL-11" "the predicate cannot be read";
    COMPARISON "TPL-12" "the predicate compares what cannot be compared";
    MISSING_FEATURE "TPL-13" "this version does not carry that out; take the line out, or make it a comment";
    CONTRADICTION "TPL-14" "the template contradicts itself";
    NOT_NORMAL "TPL-15" "the text is not in Unicode normalization form C";
}
