//! A key file, read as a home is opened: what is accepted is the one text of its keys, or of these and later ones of which the ledger
//! does not know.
#![no_main]

use gapferry_fuzz::{Home, key_text_of};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static SOURCE: LazyLock<Home> = LazyLock::new(|| Home::of("inside"));
/// The check at the end, and the line's end, bytes.
const CHECK: usize = 9;

fuzz_target!(|bytes: &[u8]| {
    SOURCE.put("keys/zone.key", bytes);
    if let Ok(home) = SOURCE.open() {
        let text = key_text_of(home.keys());
        assert!(bytes == text.as_bytes() || bytes.len() > text.len() && bytes.starts_with(&text.as_bytes()[..text.len() - CHECK]));
    }
});
