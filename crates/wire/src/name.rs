//! Names: of zones, archives and routes (chosen by people, short, plain), and item ids as safe relative paths.

use crate::clause::{self, Rejection, require};
use crate::limits::{COMPONENT_BYTES_MAX, ID_BYTES_MAX, NAME_BYTES_MAX};

/// Whether `name` may name a zone, an archive or a route: 1 to 64 of `[a-z0-9._-]`, the first a letter or digit.
pub fn is_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    (1..=NAME_BYTES_MAX).contains(&bytes.len())
        && bytes[0].is_ascii_alphanumeric()
        && bytes.iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
}

/// Checks that an id of layout `files` is a safe relative path (clause PKG-07): 1 to 4095 bytes, no empty component, no `.` or
/// `..`, no NUL, no component over 255 bytes. Every other byte is a legal part of a name.
pub fn check_path(id: &[u8]) -> Result<(), Rejection> {
    require((1..=ID_BYTES_MAX).contains(&id.len()), &clause::PKG_ID)?;
    for component in id.split(|byte| *byte == b'/') {
        let safe = (1..=COMPONENT_BYTES_MAX).contains(&component.len()) && component != b"." && component != b".." && !component.contains(&0);
        require(safe, &clause::PKG_ID)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn names() {
        for (name, good) in [("inside", true), ("a", true), ("0.x_-", true), ("", false), ("-a", false), ("A", false), ("a b", false), ("县", false)] {
            assert_eq!(is_name(name), good, "{name}");
        }
        assert!(is_name(core::str::from_utf8(&[b'a'; 64]).unwrap()));
        assert!(!is_name(core::str::from_utf8(&[b'a'; 65]).unwrap()));
    }

    #[test]
    fn paths() {
        let long = vec![b'x'; 255];
        let too_long = vec![b'x'; 256];
        let deep = [b"a/".repeat(2047), b"b".to_vec()].concat();
        let too_deep = [b"a/".repeat(2047), b"bb".to_vec()].concat();
        for (id, good) in [
            (&b"a"[..], true),
            (b"a/b", true),
            (b"-a", true),
            (b"\xff\xfe", true),
            (b"...", true),
            (b"a\\..\\b", true),
            (b"C:", true),
            (&long, true),
            (&deep, true),
            (&too_deep, false),
            (&too_long, false),
            (b"", false),
            (b"/a", false),
            (b"a/", false),
            (b"a//b", false),
            (b".", false),
            (b"..", false),
            (b"a/../b", false),
            (b"a/.", false),
            (b"a\0", false),
        ] {
            assert_eq!(check_path(id).is_ok(), good, "{:?}", crate::ItemId(id.to_vec()));
        }
    }
}
