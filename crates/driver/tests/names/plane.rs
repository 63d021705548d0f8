//! Every character of the basic plane as a name of one character, surrogates as their three raw bytes.

use super::size;
use super::stand::{Stand, tree};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// The bytes of a code point in the form of UTF-8, surrogates too.
fn bytes_of(point: u16) -> Vec<u8> {
    let low = |shift: u16| 0x80 | (point >> shift & 0x3f) as u8;
    match point {
        0..0x80 => vec![point as u8],
        0x80..0x800 => vec![0xc0 | (point >> 6) as u8, low(0)],
        _ => vec![0xe0 | (point >> 12) as u8, low(6), low(0)],
    }
}

/// FAULTS A01, A03, A05
#[test]
fn every_character_of_the_basic_plane() {
    let every = size("GAPFERRY_EVERY_POINT", 24) as u16;
    let chosen = |point: &u16| *point < 0x400 || (0xd7f0..0xe010).contains(point) && point.is_multiple_of(8) || *point > 0xfe00 || point.is_multiple_of(every);
    let stand = Stand::new();
    let mut written = 0u64;
    for point in (0..=u16::MAX).filter(chosen) {
        let name = bytes_of(point);
        // These three are no names: the end of a string, the end of a component, this folder.
        if matches!(name.as_slice(), [0] | [b'/'] | [b'.']) {
            continue;
        }
        stand.write_path(OsStr::from_bytes(&name), &name);
        written += 1;
    }
    stand.carry_source();
    stand.carry_replica();
    stand.expect_equal();
    let found = tree(&stand.replica);
    assert!(found.iter().all(|(name, (content, ..))| name == content), "each lies under its own name");
    stand.carry_source();
    assert_eq!(stand.counts(), (written, written));
    println!("{written} of 65536 code points as names, 3 are none; each back byte for byte");
}
