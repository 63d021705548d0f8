//! A key file, read as a home is opened: what is accepted is the one text of its keys.
#![no_main]

use gapferry_fuzz::{Home, key_text};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static SOURCE: LazyLock<Home> = LazyLock::new(|| Home::of("inside"));

fuzz_target!(|bytes: &[u8]| {
    SOURCE.put("keys/zone.key", bytes);
    if let Ok(home) = SOURCE.open() {
        assert_eq!(key_text(home.keys()).as_bytes(), bytes);
    }
});
