//! The body of a file of a backup, with the length of its content before it: what is accepted is encoded again and compared, and names
//! no path outside of a home.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::backup::{Backup, Held};

fuzz_target!(|bytes: &[u8]| {
    let Some((content, body)) = bytes.split_first_chunk() else { return };
    let Ok(backup) = Backup::decode(body, u64::from_le_bytes(*content)) else { return };
    assert_eq!(wire::codec::encode(&backup), body);
    let Backup::Manifest(manifest) = &backup else { return };
    for kept in &manifest.files {
        assert!(!kept.path.0.starts_with(b"/") && kept.path.0.split(|byte| *byte == b'/').all(|part| !part.is_empty() && part != b".." && part != b"."));
        assert!(!matches!(&kept.held, Held::Here(content) if content.0.len() as u64 != kept.size));
    }
});
