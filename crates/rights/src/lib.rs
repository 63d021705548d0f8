//! The payload: records of rural collective assets and rights, their identifiers and checks, masks, life cycles and cross-checks.
//! Pure: no file, socket, clock, entropy, environment or thread.
//!
//! Guarantee: what [`Record::read`] returns is what the table of its kind asks for; a mask shows nothing that the value does not
//! hold. It knows no route and no key of its own: which fields a route carries is not decided here.

pub mod certificate;
pub mod check;
pub mod cross;
pub mod cycle;
pub mod fault;
pub mod geometry;
pub mod identifier;
pub mod json;
pub mod kind;
pub mod kinds;
pub mod mask;
pub mod record;
pub mod region;
pub mod rules;
pub mod scalar;
pub mod schema;
pub mod transaction;
pub mod tree;
pub mod visible;

pub use fault::Fault;
pub use kind::{Kind, Sens};
pub use mask::Mask;
pub use record::Record;
