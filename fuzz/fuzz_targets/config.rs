//! A configuration: what is accepted can be edited, and says the same afterwards.
#![no_main]

use driver::config::{Config, with_entry};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(config) = Config::parse(text) else { return };
    let Ok(edited) = with_entry(text, "archives", "fuzz-added", &[("root", "/a \"quoted\"\npath".into())]) else { return };
    let mut after = Config::parse(&edited).expect("an edited configuration can be read");
    let mut before = config;
    assert_eq!(after.archives.remove("fuzz-added").expect("it was added").root.as_os_str(), "/a \"quoted\"\npath");
    before.archives.remove("fuzz-added");
    assert_eq!(before, after);
});
