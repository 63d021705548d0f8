//! Hostile ids in packages that the source truly sealed and signed: what is no safe path refuses the whole package, everything else
//! lies below the root under its own bytes.

use super::stand::{Stand, sealed};
use super::{Random, below, canaries, size};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use wire::manifest::{Item, Mark};

/// Items of one package at most.
const AT_ONCE: usize = 65_536;

/// Applies a package with these ids, ascending, each an empty document; gives the codes of the problems.
fn applied(stand: &Stand, sequence: u64, ids: &[Vec<u8>]) -> Vec<&'static str> {
    let items = ids.iter().map(|id| Item { mark: Mark::Add, ..sealed::item(id, 1, Some((b"", 0))) }).collect();
    stand.bring(sequence, items, b"").unwrap().problems.into_iter().map(|problem| problem.code).collect()
}

/// What a safe path is, written once more from spec/package.md.
fn is_safe(id: &[u8]) -> bool {
    let mut length = 0usize;
    let mut component: Vec<u8> = Vec::new();
    let mut ends = id.to_vec();
    ends.push(b'/');
    for byte in ends {
        length += 1;
        if byte != b'/' {
            component.push(byte);
            continue;
        }
        let dots = component == b"." || component == b"..";
        if component.is_empty() || component.len() > 255 || dots || component.contains(&0) {
            return false;
        }
        component.clear();
    }
    length - 1 <= 4095
}

/// FAULTS A01, A04, A06
#[test]
fn what_is_no_safe_path_refuses_the_package() {
    let stand = Stand::new();
    let outside = canaries(&stand.root);
    let before = (below(&outside), below(&stand.root.join("archive")));
    let long = |component: usize| vec![b'x'; component];
    let deep = |bytes: usize| b"d/".repeat(bytes / 2).into_iter().chain(*b"f").take(bytes).collect::<Vec<u8>>();
    let hostile: Vec<Vec<u8>> = [
        &b"../outside/f0"[..],
        b"..",
        b".",
        b"",
        b"/",
        b"/etc/passwd",
        b"//outside/f0",
        b"a/../../outside/f0",
        b"a/./b",
        b"a//b",
        b"a/",
        b"a/..",
        b"a\0b",
        b"\0",
        b"a/\0/b",
        b"./.gapferry/apply.lock",
        &long(256),
        &[b"a/".as_slice(), &long(256)].concat(),
        &[b"x/".repeat(2047), b"xy".to_vec()].concat(),
    ]
    .iter()
    .map(|id| id.to_vec())
    .collect();
    let mut sequence = 0;
    for id in &hostile {
        assert!(!is_safe(id), "{}", id.escape_ascii());
        sequence += 1;
        assert_eq!(applied(&stand, sequence, std::slice::from_ref(id)), ["PKG-07"], "{}", id.escape_ascii());
        // Beside one that is right: nothing of the package is applied.
        let mut two = vec![b"good".to_vec(), id.clone()];
        two.sort();
        sequence += 1;
        assert_eq!(applied(&stand, sequence, &two), ["PKG-07"], "{}", id.escape_ascii());
    }
    assert!(!stand.replica.join("good").exists());
    // At the limit, of our own folder, and names that only elsewhere mean something: all of them are data.
    let mut good: Vec<Vec<u8>> =
        [&b"..."[..], b"..a", b"a\\..\\b", b"C:", b"CON", b"aux.txt", b"trailing.", b"~", b"\xe2\x80\xaegnp.exe", b".gapferry/apply.lock"]
            .iter()
            .map(|id| id.to_vec())
            .collect();
    good.extend([long(255), deep(4095)]);
    good.sort();
    // Our own folder's name is told of: it lies under an escaped one.
    assert_eq!(applied(&stand, sequence + 1, &good), ["RPL-04"]);
    for id in good.iter().filter(|id| !id.starts_with(b".gapferry")) {
        let lies = stand.lies(id);
        assert!(lies, "{}", id.escape_ascii());
    }
    assert_eq!(fs::read(stand.replica.join(".gapferry/apply.lock")).unwrap(), b"", "the lock is ours and stays");
    assert_eq!((below(&outside), below(&stand.root.join("archive"))), before);
    println!("{} hostile ids, alone and beside a good one: 0 accepted; {} at the limit: each under its own name", hostile.len(), good.len());
}

/// A hostile id: components of what has a meaning somewhere, of limits, of any bytes. A folder ends in `d` and a document in `f`,
/// so that none is in the way of another.
fn generated(random: &mut Random) -> Vec<u8> {
    const PIECES: [&[u8]; 24] = [
        b"..",
        b".",
        b"",
        b" ",
        b"\0",
        b"-rf",
        b"~",
        b"*",
        b"\\",
        b"C:",
        b"CON",
        b"%2e",
        b"%00",
        b"\n",
        b"\x1b[2J",
        b"\xff",
        b"\xed\xa0\x80",
        b".gapferry",
        b"\xe2\x80\xae",
        b"e\xcc\x81",
        b"\xc3\xa9",
        b"$(id)",
        b"'\"",
        b".part",
    ];
    let mut id = Vec::new();
    for last in (0..=random.below(4)).rev() {
        for _ in 0..=random.below(3) {
            match random.below(6) {
                0 => id.extend((0..random.below(20)).map(|_| random.below(256) as u8).filter(|byte| *byte != b'/')),
                1 => id.extend(random.below(100_000).to_string().bytes()),
                2 if random.below(20) == 0 => id.extend(vec![b'x'; 230 + random.below(30) as usize]),
                _ => id.extend_from_slice(PIECES[random.below(PIECES.len() as u64) as usize]),
            }
        }
        if random.below(12) > 0 {
            id.push(if last == 0 { b'f' } else { b'd' });
        }
        if last > 0 {
            id.push(b'/');
        }
    }
    id
}

/// FAULTS A01, A03, A05, A06, P19
#[test]
fn generated_names() {
    let count = size("GAPFERRY_NAMES", 4000);
    let mut random = Random::new("generated names");
    let (mut refused, mut taken, mut tried) = (0u64, 0u64, 0u64);
    while tried < count {
        let stand = Stand::new();
        let outside = canaries(&stand.root);
        let before = below(&outside);
        let mut ids: BTreeSet<Vec<u8>> = BTreeSet::new();
        while tried < count && ids.len() < AT_ONCE {
            let id = generated(&mut random);
            tried += 1;
            let safe = is_safe(&id);
            assert_eq!(wire::name::check_path(&id).is_ok(), safe, "{}", id.escape_ascii());
            // A document must end like one, a folder above it like one.
            let (folders, name) = id.iter().rposition(|byte| *byte == b'/').map_or((&b""[..], id.as_slice()), |at| (&id[..at], &id[at + 1..]));
            let apart = name.ends_with(b"f") && folders.split(|byte| *byte == b'/').all(|folder| folder.is_empty() || folder.ends_with(b"d"));
            if !safe {
                refused += 1;
            } else if apart && !id.starts_with(b".gapferry/") {
                ids.insert(id);
            }
        }
        let ids: Vec<Vec<u8>> = ids.into_iter().collect();
        assert_eq!(applied(&stand, 1, &ids), Vec::<&str>::new());
        taken += ids.len() as u64;
        // Exactly these lie there, byte for byte, and nothing else anywhere.
        let found: BTreeSet<Vec<u8>> = super::stand::tree(&stand.replica).into_keys().collect();
        let expected: BTreeSet<Vec<u8>> = ids.into_iter().collect();
        assert!(found == expected, "not there: {:?}; not asked for: {:?}", expected.difference(&found).next(), found.difference(&expected).next());
        assert_eq!(below(&outside), before);
        let beside: BTreeSet<_> = fs::read_dir(&stand.root).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        for name in ["archive", "card", "home-replica", "home-source", "medium", "outside", "replica"] {
            assert!(beside.contains(OsStr::new(name)), "{name}");
        }
        assert_eq!(beside.len(), 7, "{beside:?}");
    }
    println!("{tried} names generated: {refused} are no safe path and refused, {taken} lie below the root byte for byte, 0 outside");
}

impl Stand {
    /// Whether a document lies under this id, reached as the system takes it: folder by folder, since the path may be too long.
    fn lies(&self, id: &[u8]) -> bool {
        let mut folder = fs::File::open(&self.replica).unwrap();
        let parts: Vec<&[u8]> = id.split(|byte| *byte == b'/').collect();
        for (place, part) in parts.iter().enumerate() {
            use std::os::fd::AsRawFd;
            let path = Path::new("/proc/self/fd").join(folder.as_raw_fd().to_string()).join(OsStr::from_bytes(part));
            let Ok(metadata) = fs::symlink_metadata(&path) else { return false };
            if place + 1 == parts.len() {
                return metadata.is_file();
            }
            folder = fs::File::open(path).unwrap();
        }
        false
    }
}
