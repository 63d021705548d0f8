//! The bounded log of what could not be authenticated: beside the chain, so that a stranger cannot make the ledger grow.

use crate::home::Home;
use crate::report::{Failure, Problem};

/// Size at which the log is turned over; one older log is kept.
const LOG_BYTES_MAX: u64 = 1 << 20;
const LOG: &[u8] = b"refusals.log";
const OLDER: &[u8] = b"refusals.log.1";

/// Notes a refusal.
pub fn note(home: &Home, problem: &Problem) -> Result<(), Failure> {
    let disk = &*home.world.disk;
    let write = || {
        let size = disk.stat(&home.dir, LOG).map_or(0, |stat| stat.size);
        if size > LOG_BYTES_MAX {
            disk.rename((&home.dir, LOG), (&home.dir, OLDER), store::disk::Rename::Replace)?;
        }
        let mut file = disk.open_write(&home.dir, LOG).or_else(|_| disk.create(&home.dir, LOG, 0o600))?;
        let at = file.stat()?.size;
        let line = format!("{} {} {} {}\n", home.world.now_seconds(), problem.code, problem.subject, problem.detail);
        file.write_all_at(line.as_bytes(), at)
    };
    write().map_err(|error| Failure::io("refusals.log", &error))
}
