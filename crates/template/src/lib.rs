//! Route templates: which records and documents of an archive a route carries, which fields of them, and under which masks.
//! Pure: no file, socket, clock, entropy, environment or thread.
//!
//! Guarantee: what [`Template::judge`] lets out is no more than the template lists and no more than the columns of the kinds show in the zone
//! of the route. A template that asks for what this version does not carry out is refused with the name of the feature; nothing is
//! accepted and ignored. [`strip::strip`] takes out of a document what tells of its making, or refuses it. It reads no archive: records and what lies beside them are passed in.

pub mod context;
pub mod documents;
pub mod draft;
pub mod fault;
pub mod feature;
pub mod keys;
pub mod lint;
mod node;
pub mod predicate;
mod projection;
pub mod quantity;
mod refusing;
pub mod select;
pub mod strip;
mod template;

/// Smallest limit of a package that leaves room for one item, bytes.
pub const PACKAGE_BYTES_MIN: u64 = 64 << 10;

pub use context::{Context, Reach, Referenced};
pub use documents::{Document, Kept, listed};
pub use draft::Draft;
pub use fault::Fault;
pub use feature::Feature;
pub use node::TEMPLATE_BYTES_MAX;
pub use select::{Gathering, Why};
pub use template::{Carried, Mode, ReceiptForm, Template, Verdict};
