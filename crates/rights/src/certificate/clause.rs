//! Why a certificate or its code is refused: stable codes, as in `spec/codes.md` and spec/certificate.md.

use std::fmt;

/// Whose fault it is, in kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Not of the form.
    Malformed,
    /// Not proven by somebody who is trusted.
    Untrusted,
    /// Of another version of the format.
    Incompatible,
    /// True, but not what counts.
    Conflict,
}

/// A reason.
#[derive(Debug)]
pub struct Clause {
    /// Stable code.
    pub code: &'static str,
    /// Its class.
    pub class: Class,
    /// The fact, in English.
    pub says: &'static str,
}

/// A refusal. Two are equal when their codes are.
#[derive(Clone, Copy, Debug)]
pub struct Refused(pub &'static Clause);

impl Refused {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.0.code
    }
}

impl PartialEq for Refused {
    fn eq(&self, other: &Self) -> bool {
        self.code() == other.code()
    }
}
impl Eq for Refused {}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.says)
    }
}
impl std::error::Error for Refused {}

/// Refused with the clause unless it holds.
pub(crate) fn require(holds: bool, clause: &'static Clause) -> Result<(), Refused> {
    if holds { Ok(()) } else { Err(Refused(clause)) }
}

macro_rules! clauses {
    ($($name:ident $code:literal $class:ident $says:literal;)*) => {
        $(
            #[doc = concat!($code, ": ", $says, ".")]
            pub static $name: Clause = Clause { code: $code, class: Class::$class, says: $says };
        )*
        /// All of them, by code.
        pub static ALL: &[&Clause] = &[$(&$name),*];
    };
}

clauses! {
    CRT_RECORD "CRT-01" Malformed "not the record of a certificate in canonical form";
    CRT_PROOF "CRT-02" Malformed "the certificate has no proof, or the proof is not of its form";
    CRT_ALGORITHM "CRT-03" Incompatible "the proof is of a kind that is not known here";
    CRT_SHOWN "CRT-04" Untrusted "what is shown is not what the proof opens";
    CRT_SIGNER "CRT-05" Untrusted "no card of the keys that signed it is known and trusted";
    CRT_SIGNATURE "CRT-06" Untrusted "the signature is not of what is shown";
    CRT_REVOKED "CRT-07" Untrusted "the keys that signed it are revoked";
    CRT_STATE "CRT-08" Conflict "the certificate is true and not in force";
    CRT_OVERTAKEN "CRT-09" Conflict "another version of the certificate counts";
    CRT_CODE "CRT-10" Malformed "the text is not the code of a certificate";
}
