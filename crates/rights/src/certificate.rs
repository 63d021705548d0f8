//! Certificates that can be checked anywhere (spec/certificate.md): one signature, made inside, over salted commitments of all
//! values; a route shows the values that it may, and whoever reads them proves that they are a true part of what was signed.
//!
//! Pure: who signs and whose signature is right the caller says. Of what is withheld nothing travels but its commitment.

pub mod clause;
pub mod code;
mod commitments;
mod opened;
mod proof;

use clause::{Refused, require};
use commitments::{Committed, commit};
use opened::Opening;
use proof::{Inside, Proof, Shown, keep, keep_shown};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt;

use crate::json;
use crate::scalar::Date;
pub use commitments::{masks, root_of};

/// What `alg` says.
pub const ALGORITHM: &str = "gapferry-certificate-1";
/// The kind of records that are certificates.
pub const KIND: &str = "ecertificate";
/// The member of a record that holds its proof.
pub const MEMBER: &str = "proof";
/// What a route sets, so that nothing that was signed stands there.
pub const SET_BY_ROUTE: [&str; 2] = ["batch_seq", "source_as_of"];
/// What is always shown: without it nobody could say which certificate it is and whether it still stands.
pub const ALWAYS_SHOWN: [&str; 6] = ["cert_token", "kind", "rid", "state", "valid_to", "version"];
/// The one of these that a record may lack; its absence is signed.
const MAY_LACK: &str = "valid_to";

/// A record, field by field.
pub type Fields = Map<String, Value>;

/// Who signed: a generation of the keys of a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The id of the zone.
    pub zone: [u8; 32],
    /// The generation of its keys, from 1.
    pub generation: u32,
}

/// What is signed.
pub fn message(signer: &Signer, root: &[u8; 32], token: &str) -> [u8; 32] {
    commitments::derive("gapferry v1 certificate", &[&signer.zone, &signer.generation.to_le_bytes(), root, token.as_bytes()])
}

/// The proof of a certificate, as it stays inside. `secret` is fresh for each signing; `sign` signs the message.
pub fn sign(fields: &Fields, signer: &Signer, secret: &[u8; 32], sign: impl FnOnce(&[u8; 32]) -> [u8; 64]) -> Value {
    let root = root_of(commit(fields, secret).iter().map(|one| one.commitment));
    let signature = sign(&message(signer, &root, text(fields, "cert_token")));
    proof::inside(signer, &root, secret, &signature)
}

/// Whether a record kept inside carries a right proof. `check` judges the signature.
pub fn is_signed(fields: &Fields, check: Check<'_>) -> bool {
    read_fields(fields, check).is_ok_and(|proven| proven.inside)
}

/// Why a certificate goes without a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotDisclosed {
    /// The record has no proof, or one of another content.
    NotSigned,
    /// A value is not shown that must be.
    NotShown(&'static str),
    /// A value is shown that nobody committed to: its path.
    NotCommitted(String),
}

impl fmt::Display for NotDisclosed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSigned => f.write_str("the record has no proof, or one of another content"),
            Self::NotShown(name) => write!(f, "`{name}` is not shown"),
            Self::NotCommitted(path) => write!(f, "what is shown at {path} is not committed to"),
        }
    }
}
impl std::error::Error for NotDisclosed {}

/// The proof of what a route shows of a certificate: `shown` is the projected record, masks carried out, without a proof.
pub fn disclose(inside: &Fields, shown: &Fields) -> Result<Value, NotDisclosed> {
    let Some(Ok(Proof::Inside(proof))) = inside.get(MEMBER).map(Proof::read) else { return Err(NotDisclosed::NotSigned) };
    let committed = commit(inside, &proof.secret);
    if root_of(committed.iter().map(|one| one.commitment)) != proof.root {
        return Err(NotDisclosed::NotSigned);
    }
    for name in ALWAYS_SHOWN {
        if inside.get(name) != shown.get(name) {
            return Err(NotDisclosed::NotShown(name));
        }
    }
    let names: BTreeSet<String> = opened::names(&committed, &keep(inside), &keep_shown(shown)).map_err(NotDisclosed::NotCommitted)?;
    let (opened, withheld): (Vec<Committed>, Vec<Committed>) = committed.into_iter().partition(|one| names.contains(&one.name));
    Ok(proof::shown(&proof, opened, withheld))
}

/// How a signature is judged: refused with `CRT_SIGNER`, `CRT_SIGNATURE` or `CRT_REVOKED`.
pub type Check<'c> = &'c dyn Fn(&Signer, &[u8; 32], &[u8; 64]) -> Result<(), Refused>;

/// A certificate, or a part of one, that is what was signed.
#[derive(Clone, Debug)]
pub struct Proven {
    /// Who signed it.
    pub signer: Signer,
    /// The root of the commitments.
    pub root: [u8; 32],
    /// The signature.
    pub signature: [u8; 64],
    /// Whether it is the whole record, as kept inside.
    pub inside: bool,
    /// What is proven: without the proof and what a route sets.
    pub fields: Fields,
    /// Names of the values that are proven, `path|mask` where only the masked value is.
    pub proven: Vec<String>,
    /// How many commitments stand for what is withheld, masked forms included.
    pub withheld: usize,
}

/// Reads a certificate or a part of one and proves it (clauses CRT-01 to CRT-07).
pub fn verify(bytes: &[u8], check: Check<'_>) -> Result<Proven, Refused> {
    let value = json::read(bytes).map_err(|_| Refused(&clause::CRT_RECORD))?;
    require(json::canonical(&value) == bytes, &clause::CRT_RECORD)?;
    let Value::Object(fields) = value else { return Err(Refused(&clause::CRT_RECORD)) };
    read_fields(&fields, check)
}

fn read_fields(fields: &Fields, check: Check<'_>) -> Result<Proven, Refused> {
    require(text(fields, "kind") == KIND, &clause::CRT_RECORD)?;
    let proof = Proof::read(fields.get(MEMBER).ok_or(Refused(&clause::CRT_PROOF))?)?;
    require(!fields.get(MAY_LACK).is_some_and(Value::is_null), &clause::CRT_SHOWN)?;
    let proven = match proof {
        Proof::Inside(Inside { signer, root, secret, signature }) => {
            let committed = commit(fields, &secret);
            require(root_of(committed.iter().map(|one| one.commitment)) == root, &clause::CRT_SHOWN)?;
            let names = committed.into_iter().map(|one| one.name).collect();
            Proven { signer, root, signature, inside: true, fields: keep(fields), proven: names, withheld: 0 }
        }
        Proof::Shown(Shown { signer, opened, withheld, signature }) => {
            let kept = keep_shown(fields);
            let openings: Vec<Opening> = opened.iter().map(|(name, salt)| Opening::read(name, *salt)).collect::<Result<_, _>>()?;
            let mut commitments = opened::commitments(&openings, &kept)?;
            for name in ALWAYS_SHOWN {
                require(openings.iter().any(|opening| opening.is_whole(name)), &clause::CRT_SHOWN)?;
            }
            let count = withheld.len();
            commitments.extend(withheld);
            let root = root_of(commitments.into_iter());
            Proven { signer, root, signature, inside: false, fields: kept, proven: opened.into_iter().map(|(name, _)| name).collect(), withheld: count }
        }
    };
    check(&proven.signer, &message(&proven.signer, &proven.root, text(fields, "cert_token")), &proven.signature)?;
    Ok(proven)
}

impl Proven {
    /// The record's id.
    pub fn rid(&self) -> &str {
        text(&self.fields, "rid")
    }

    /// The token that it is found by.
    pub fn token(&self) -> &str {
        text(&self.fields, "cert_token")
    }

    /// Its version.
    pub fn version(&self) -> u64 {
        version(&self.fields)
    }

    /// Its state on a day: [`state_on`].
    pub fn state_on(&self, day: Date) -> &str {
        state_on(&self.fields, day)
    }

    /// That it is in force on a day (clause CRT-08).
    pub fn require_in_force(&self, day: Date) -> Result<(), Refused> {
        require(self.state_on(day) == "effective", &clause::CRT_STATE)
    }

    /// The names of the proven values as they are shown: places in lists counted as what is shown has them, masks behind `|`.
    pub fn shown_names(&self) -> Vec<String> {
        if self.inside {
            return self.proven.iter().filter(|name| !name.contains('|')).cloned().collect();
        }
        opened::shown_names(&self.proven)
    }
}

/// The version of a record.
pub fn version(fields: &Fields) -> u64 {
    fields.get("version").and_then(Value::as_u64).unwrap_or_default()
}

/// The state of a certificate on a day, as in the record, but for `effective`: that ends with `valid_to` (`expired`) and has not begun
/// before `valid_from` (`not_yet`).
pub fn state_on(fields: &Fields, day: Date) -> &str {
    let date = |name: &str| Date::parse(text(fields, name));
    match text(fields, "state") {
        "effective" if date("valid_to").is_some_and(|end| end < day) => "expired",
        "effective" if date("valid_from").is_some_and(|begin| begin > day) => "not_yet",
        state => state,
    }
}

fn text<'f>(fields: &'f Fields, name: &str) -> &'f str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}
