//! A certificate or a part of one, and what a scanner reads of its picture; signatures are passed over.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rights::certificate::code::Code;
use rights::certificate::verify;
use rights::scalar::Date;

fuzz_target!(|bytes: &[u8]| {
    if let Some(code) = std::str::from_utf8(bytes).ok().and_then(|text| Code::parse(text).ok()) {
        assert_eq!(code.text().as_bytes(), bytes);
    }
    let Ok(proven) = verify(bytes, &|_, _, _| Ok(())) else { return };
    let Some(day) = Date::parse("2026-11-22") else { return };
    let _told = (proven.state_on(day), proven.shown_names(), proven.version());
    if let Ok(code) = Code::of(&proven, "https://archive.example") {
        assert_eq!((code.root, code.signature), (proven.root, proven.signature));
    }
});
