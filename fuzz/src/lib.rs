//! What the fuzz targets stand on: homes of the fixtures' zones in memory, and states to fold into and to reconcile with, which the tests
//! of altered files stand on as well; and an archive with no other record in it.

#[path = "../../crates/driver/tests/altered/memory.rs"]
pub mod memory;
#[path = "../../crates/driver/tests/altered/zones.rs"]
mod zones;

pub use zones::*;

use rights::record::Record;
use rights::scalar::Date;
use std::borrow::Cow;
use template::{Context, Referenced};

/// An archive in which a record stands alone.
pub struct Alone {
    referenced: Referenced,
}

/// The same each time.
pub fn alone() -> Alone {
    Alone { referenced: Referenced::default() }
}

impl Context for Alone {
    fn today(&self) -> Date {
        Date::parse("2026-11-22").expect("a day")
    }
    fn replica_region(&self) -> Option<&str> {
        Some("320412101001")
    }
    fn record(&self, _: &str) -> Option<Cow<'_, Record<'static>>> {
        None
    }
    fn referenced(&self) -> &Referenced {
        &self.referenced
    }
    fn route_key(&self) -> &[u8; 32] {
        &[7; 32]
    }
}

/// A record that was accepted: read again, it is the same.
pub fn canonical(bytes: &[u8]) -> Record<'static> {
    let record = Record::read(bytes).expect("it was accepted, or is of ours").into_owned();
    assert_eq!(record.canonical(), bytes);
    record
}
