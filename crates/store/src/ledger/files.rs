//! The directory of a ledger: which segments there are.

use super::segment::Segment;
use super::{Known, LedgerError};
use crate::disk::{Dir, Disk};
use crate::frame::{self, DIGEST_BYTES, RECORD_BYTES_MIN, SEGMENT_HEAD_BYTES};
use crate::spool;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// The directory and its segments as they were when it was opened, with those made since.
#[derive(Clone)]
pub struct Files {
    pub disk: Arc<dyn Disk>,
    pub dir: Dir,
    /// Numbers of first records, ascending.
    pub segments: Vec<u64>,
}

impl Files {
    pub fn find(disk: Arc<dyn Disk>, dir: Dir) -> io::Result<Self> {
        let mut segments: Vec<u64> = disk.list(&dir)?.iter().filter_map(|entry| frame::segment_first(&entry.name)).collect();
        segments.sort_unstable();
        Ok(Self { disk, dir, segments })
    }

    pub fn find_existing(disk: Arc<dyn Disk>, dir: &Path) -> Result<Self, LedgerError> {
        match disk.root(dir) {
            Ok(dir) => Ok(Self::find(disk, dir)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(LedgerError::Missing),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a segment; its size is what it is now.
    pub fn segment(&self, first: u64, buffer_bytes: usize) -> io::Result<Segment> {
        Segment::new(self.disk.open(&self.dir, &frame::segment_name(first))?, buffer_bytes)
    }

    /// Removes what an interrupted writing left.
    pub fn remove_parts(&self) -> io::Result<()> {
        for entry in self.disk.list(&self.dir)? {
            if entry.name.ends_with(spool::PART) {
                spool::remove_if_there(&*self.disk, &self.dir, &entry.name)?;
            }
        }
        Ok(())
    }

    /// Whether the record that ends at the known place has its digest (which covers its number).
    pub fn holds(&self, known: &Known) -> io::Result<bool> {
        if *known == Known::default() {
            return Ok(true);
        }
        let Ok(mut index) = self.segments.binary_search(&known.position.segment) else {
            return Ok(false);
        };
        let mut offset = known.position.offset;
        if offset == SEGMENT_HEAD_BYTES && index > 0 && self.segments[index] == known.head.number {
            index -= 1;
            offset = self.segment(self.segments[index], 0)?.size();
        }
        let mut segment = self.segment(self.segments[index], DIGEST_BYTES)?;
        if offset < SEGMENT_HEAD_BYTES + RECORD_BYTES_MIN || offset > segment.size() {
            return Ok(false);
        }
        Ok(segment.slice(offset - DIGEST_BYTES as u64, DIGEST_BYTES)? == known.head.digest.0)
    }
}
