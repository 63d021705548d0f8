//! The world in which everything goes wrong: a simulated disk, clock, entropy and index for the real crates.
//!
//! Guarantees: everything comes from a seed, in one thread, in memory; the same seed gives the same bytes. What checks
//! the outcome shares no code with what is checked. It is a tool of the workshop and never shipped.

pub mod clock;
pub mod crash;
pub mod disk;
pub mod entropy;
pub mod indexes;
pub mod model;
mod remembered;
pub mod shrink;
pub mod weather;
pub mod world;
pub mod worlds;
