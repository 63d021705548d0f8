//! The announcement of a group: several records that are committed by one write.
//!
//! Storage that loses power may keep the end of a write and lose its beginning. For a single record that is a torn tail
//! like any other; in a group a record that is not whole could stand before one that is, and look like damage. So the
//! writer says beforehand, durably, which records it is about to write together: file `group`,
//!
//! ```text
//!  0 "GFLGROUP" | 8 u64 segment | 16 u64 offset | 24 u64 number of the first record | 32 u64 records
//! 40 digest = BLAKE3 derive_key("gapferry v1 ledger group", the 40 bytes before)
//! ```
//!
//! It is replaced by the next announcement and says nothing once a record behind its group exists.
//! Damaged or missing it excuses nothing: then the strict rule holds.

use super::Position;
use super::files::Files;
use crate::disk::File;
use crate::spool;
use std::io;

pub const NAME: &[u8] = b"group";
const MAGIC: &[u8; 8] = b"GFLGROUP";
const CONTEXT: &str = "gapferry v1 ledger group";
const BYTES: usize = 72;

/// Records that are written together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    pub segment: u64,
    pub offset: u64,
    /// Number of the first.
    pub first: u64,
    /// How many.
    pub records: u64,
}

impl Group {
    /// Number of the first record that is not of the group.
    pub fn end(&self) -> u64 {
        self.first.saturating_add(self.records)
    }

    /// Whether record `number`, which starts at `at`, is of the group.
    pub fn covers(&self, at: Position, number: u64) -> bool {
        at.segment == self.segment && at.offset >= self.offset && (self.first..self.end()).contains(&number)
    }

    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        for field in [self.segment, self.offset, self.first, self.records] {
            bytes.extend_from_slice(&field.to_le_bytes());
        }
        let digest = blake3::derive_key(CONTEXT, &bytes);
        bytes.extend_from_slice(&digest);
        bytes
    }

    fn decode(bytes: &[u8; BYTES]) -> Option<Self> {
        let field = |at: usize| bytes[at..].first_chunk().copied().map(u64::from_le_bytes);
        let group = Self { segment: field(8)?, offset: field(16)?, first: field(24)?, records: field(32)? };
        (group.encode() == bytes).then_some(group)
    }

    /// The last announcement in this directory, if it is whole.
    pub fn read(files: &Files) -> io::Result<Option<Self>> {
        match spool::read_whole(&*files.disk, &files.dir, NAME, BYTES as u64) {
            Ok(bytes) => Ok(bytes.first_chunk().and_then(Self::decode)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::FileTooLarge) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The file that announcements go to; its name is durable.
    pub fn file(files: &Files) -> io::Result<Box<dyn File>> {
        match files.disk.open_write(&files.dir, NAME) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let file = files.disk.create(&files.dir, NAME, 0o600)?;
                files.disk.sync_dir(&files.dir)?;
                Ok(file)
            }
            done => done,
        }
    }
}
