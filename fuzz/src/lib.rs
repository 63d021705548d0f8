//! What the fuzz targets stand on: homes of the fixtures' zones in memory, and states to fold into and to reconcile with. The
//! tests of altered files stand on the same.

#[path = "../../crates/driver/tests/altered/memory.rs"]
pub mod memory;
#[path = "../../crates/driver/tests/altered/zones.rs"]
mod zones;

pub use zones::*;
