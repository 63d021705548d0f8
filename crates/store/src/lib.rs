//! What is kept: ledger, index, spool, and the door to every file, the [`disk::Disk`] trait.
//!
//! Guarantees: nothing is reported as kept before it is durable; the ledger is the truth and everything beside it
//! (index, snapshot) a view that is recognised when damaged and made anew. It does not know what the records mean:
//! bodies are opaque bytes here.

pub mod aligned;
pub mod clock;
pub mod conformance;
pub mod disk;
pub mod frame;
mod hand_on;
pub mod index;
pub mod ledger;
pub mod real;
pub mod spool;
pub mod stream;
