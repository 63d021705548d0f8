//! What crosses: the folder of a medium and of a gateway.
//!
//! Guarantees: a name that is not ours is never opened, changed or removed; a name that is ours and does not end in
//! `.part` stands for a file that was synced and read back whole before it got that name. It does not know what a package
//! or receipt holds, decides nothing about what is written or removed, and never makes the path of a medium itself: a
//! medium that is not there stays not there.

pub mod digest;
pub mod folder;
pub mod listing;
pub mod name;
pub mod writing;

pub use digest::digest_file;
pub use folder::{Carrier, Gateway, Medium, OpenFailure, OpenTrouble};
pub use listing::{Held, Listing, NAMES_MAX, TooManyNames};
pub use name::{Kind, LABEL_NAME, Ours, package_name, parity_name, receipt_name};
pub use writing::{Proof, WriteFailure, Writing};
