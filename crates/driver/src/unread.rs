//! What the last capture could not read: beside the ledger, for it proves nothing. `status` tells it, so that whoever watches that hears of
//! what is captured no more.

use store::spool::{read_whole, remove_if_there, write_whole};

use crate::home::Home;
use crate::report::{Failure, LISTED_MAX, Problem};

/// In the folder `spool` of a home: subject and detail of each problem, as JSON.
const FILE: &[u8] = b"unread";
/// Largest such file, bytes: each of the problems names a path.
const FILE_BYTES_MAX: u64 = 16 << 20;

/// Keeps what a capture could not read, in place of what the one before could not.
pub fn keep(home: &Home, problems: &[Problem]) -> Result<(), Failure> {
    let disk = &*home.world.disk;
    let unread = problems.iter().filter(|problem| problem.code == "SRC-05").take(LISTED_MAX);
    let text = serde_json::to_vec(&unread.map(|problem| (&problem.subject, &problem.detail)).collect::<Vec<_>>()).expect("strings");
    let kept = || {
        let spool = disk.dir(&home.dir, b"spool", true)?;
        match read_whole(disk, &spool, FILE, FILE_BYTES_MAX) {
            Ok(before) if before == text => Ok(()),
            Err(error) if text == b"[]" && error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            _ if text == b"[]" => remove_if_there(disk, &spool, FILE),
            _ => write_whole(disk, &spool, FILE, &text),
        }
    };
    kept().map_err(|error| Failure::io("spool/unread", &error))
}

/// What the last capture could not read. What cannot be told is found by the next one.
pub fn known(home: &Home) -> Vec<Problem> {
    let disk = &*home.world.disk;
    let text = disk.dir(&home.dir, b"spool", false).and_then(|spool| read_whole(disk, &spool, FILE, FILE_BYTES_MAX)).unwrap_or_default();
    let unread: Vec<(String, String)> = serde_json::from_slice(&text).unwrap_or_default();
    unread.into_iter().map(|(subject, detail)| Problem { code: "SRC-05", subject, detail }).collect()
}
