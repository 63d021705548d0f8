//! The bytes: ids, names, manifest, package, receipt, ledger record, medium label; limits and
//! rejection codes. Pure: no file, socket, clock, entropy, environment or thread.
//!
//! Guarantee: what `decode` or `parse` returns cannot be wrong in form: limits hold, nothing is left over, and
//! encoding it again gives the same bytes. It does not know keys: seals and signatures are the
//! `seal` crate's.

#![no_std]
extern crate alloc;

pub mod backup;
pub mod card;
pub mod clause;
pub mod codec;
pub mod digest;
pub mod header;
pub mod id;
pub mod keys;
pub mod label;
pub mod limits;
pub mod manifest;
pub mod name;
pub mod parity;
pub mod planted;
pub mod receipt;
pub mod record;
pub mod seals;

pub use clause::{Class, Clause, Rejection};
pub use id::{Digest, Incarnation, ItemId, MediumId, PackageId, RouteId, TransactionId, ZoneId};
