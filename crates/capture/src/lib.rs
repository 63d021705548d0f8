//! What changed: scan, watch, and reading one document whole or not at all.
//!
//! Guarantees: the scan is the truth and the watch only a hint; what the scan could not look into is named, so that its
//! absence proves no deletion (P7); a document that changes while it is read is never taken for a whole one. It does not
//! compare with what the ledger knows, keeps no state and never writes.

pub mod racy;
pub mod read;
pub mod scan;
pub mod watch;

pub use racy::{CLOCK_TICK_NS, is_young};
pub use read::{Parents, READ_STEP_BYTES, ReadFailure, open_document, read_document, stat_document, stat_of};
pub use scan::{Found, LeftOut, Scan, ScanFailure, ScanTrouble, Why, scan};
pub use watch::{Hint, LimitCause, Watch, WatchLimit};
