//! A checkpoint, read as a home is opened: what is accepted names the ledger's incarnation and a head on its chain.
#![no_main]

use gapferry_fuzz::Home;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static SOURCE: LazyLock<Home> = LazyLock::new(|| Home::of("inside"));

fuzz_target!(|bytes: &[u8]| {
    SOURCE.put("ledger/checkpoint", bytes);
    if let Ok(home) = SOURCE.open() {
        assert_eq!(bytes.len(), 120);
        assert_eq!(bytes[..16], home.incarnation().0);
        assert!(u64::from_le_bytes(bytes[16..24].try_into().expect("8 bytes")) <= home.head().number);
    }
});
