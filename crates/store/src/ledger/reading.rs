//! Reading the ledger: on from a place, one record, or all of it to verify the chain.
//!
//! Guarantees: memory for one record at a time; what is given out agrees with its digest, and read in a row with the
//! record before it; nothing behind the committed end is given out. Needs no lock.

use super::files::Files;
use super::scan::{self, Torn};
use super::segment::{Checked, LOOKUP_BYTES, STREAM_BYTES, Segment};
use super::{Damage, Head, Known, LedgerError, Position};
use crate::frame::{Chain, Header, RECORD_BYTES_MIN, SEGMENT_HEAD_BYTES};
use wire::clause::Clause;
use wire::{Digest, Rejection, planted};

/// One record as it was appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number, from 0.
    pub number: u64,
    /// Seconds since 1970, as the clock of its writer said.
    pub time: i64,
    /// Its kind.
    pub kind: u16,
    /// Digest of the record before; zero for record 0.
    pub previous: Digest,
    /// Its own digest.
    pub digest: Digest,
    /// Its body.
    pub body: Vec<u8>,
}

impl Record {
    fn new(checked: Checked, body: Vec<u8>) -> Self {
        let Header { number, time, kind, previous, .. } = checked.header;
        Self { number, time, kind, previous, digest: checked.digest, body }
    }

    /// The end of the chain when this is its last record.
    pub fn head(&self) -> Head {
        Head { number: self.number + 1, digest: self.digest }
    }
}

/// What verifying the whole chain counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Records.
    pub records: u64,
    /// Segments in which they lie.
    pub segments: u64,
    /// Bytes of all records.
    pub bytes: u64,
    /// The end of the chain.
    pub head: Head,
    /// What lies behind it, if anything: an append in progress or interrupted.
    pub torn: Option<Torn>,
}

/// The ledger, open for reading: what was committed when it was opened (and, of a [`super::Ledger`], since).
pub struct Reading {
    pub(super) files: Files,
    chain: Chain,
    head: Head,
    end: Position,
}

impl Reading {
    pub(super) fn new(files: Files, head: Head, end: Position) -> Self {
        Self { files, chain: Chain::default(), head, end }
    }

    pub(super) fn extend(&mut self, head: Head, end: Position) {
        (self.head, self.end) = (head, end);
    }

    pub(super) fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The end of the chain: how many records are committed, and the digest of the last.
    pub fn head(&self) -> Head {
        self.head
    }

    /// Where the next record will start.
    pub fn end(&self) -> Position {
        self.end
    }

    /// The end as a place to go on from.
    pub fn known(&self) -> Known {
        Known { position: self.end, head: self.head }
    }

    /// All records from `position` on, up to what is committed now. The first one is checked by itself, each other as the
    /// continuation of the one before.
    pub fn read_from(&self, position: Position) -> Records {
        Records { files: self.files.clone(), chain: self.chain.clone(), at: position, end: self.end, segment: None, before: None, over: false }
    }

    /// The record that starts at `position`, checked against its own digest.
    ///
    /// # Errors
    /// `NoRecord` where no committed record can start; `Damage`; `Io`.
    pub fn read_at(&self, position: Position) -> Result<Record, LedgerError> {
        if position < Position::START
            || position >= self.end
            || position.offset < SEGMENT_HEAD_BYTES
            || self.files.segments.binary_search(&position.segment).is_err()
        {
            return Err(LedgerError::NoRecord(position));
        }
        let mut segment = self.files.segment(position.segment, LOOKUP_BYTES)?;
        let mut body = Vec::new();
        match segment.check(&self.chain, position.offset, None, Some(&mut body))? {
            Ok(checked) => Ok(Record::new(checked, body)),
            Err(clause) => {
                let number = segment.slice(position.offset, 56)?.first_chunk().map_or(position.segment, |bytes| Header::decode(bytes).number);
                Err(damage(clause, number, position))
            }
        }
    }

    /// The end of the chain as it was after so many records, from the records of its segment read and checked; none where it
    /// never had so many.
    ///
    /// # Errors
    /// `Damage`; `Io`.
    pub fn head_at(&self, records: u64) -> Result<Option<Head>, LedgerError> {
        let before = self.files.segments.partition_point(|first| *first < records || planted::is("head-of-the-next") && *first == records);
        let Some(&segment) = before.checked_sub(1).and_then(|place| self.files.segments.get(place)) else { return Ok(None) };
        for record in self.read_from(Position { segment, offset: SEGMENT_HEAD_BYTES }) {
            let head = record?.1.head();
            if head.number >= records {
                return Ok((head.number == records).then_some(head));
            }
        }
        Ok(None)
    }

    /// Follows the whole chain from record 0. `progress` is told bytes done and bytes in all.
    ///
    /// # Errors
    /// `Damage` names the first record that is not what it must be; `Io`.
    pub fn verify(&self, progress: &mut dyn FnMut(u64, u64)) -> Result<Verified, LedgerError> {
        let mut total = 0;
        for &first in &self.files.segments {
            total += self.files.segment(first, 0)?.size().saturating_sub(SEGMENT_HEAD_BYTES);
        }
        progress(0, total);
        let scanned = scan::scan(&self.files, Known::default(), Some(self.head), &mut |done| progress(done, total))?;
        let segments = self.files.segments.len() as u64;
        Ok(Verified { records: scanned.records, segments, bytes: scanned.bytes, head: scanned.head, torn: scanned.torn })
    }
}

/// The first records of a chain, at most so many, as far as each continues the one before; whatever comes behind them.
pub(super) fn beginning(files: Files, records: u64) -> Verified {
    let end = Position { segment: u64::MAX, offset: 0 };
    let all = Records { files, chain: Chain::default(), at: Position::START, end, segment: None, before: None, over: false };
    let (mut verified, mut segment) = (Verified::default(), None);
    for (position, record) in all.map_while(Result::ok).take_while(|(_, record)| record.number < records) {
        verified.records += 1;
        verified.segments += u64::from(segment.replace(position.segment) != Some(position.segment));
        verified.bytes += RECORD_BYTES_MIN + record.body.len() as u64;
        verified.head = record.head();
    }
    verified
}

fn damage(clause: &'static Clause, number: u64, at: Position) -> LedgerError {
    Damage { number, clause: Rejection(clause), segment: at.segment, offset: at.offset }.into()
}

/// Records in a row; ends after the first error. Holds its own files: the ledger may be written meanwhile.
pub struct Records {
    files: Files,
    chain: Chain,
    at: Position,
    end: Position,
    segment: Option<Segment>,
    before: Option<Head>,
    over: bool,
}

impl Records {
    fn advance(&mut self) -> Result<Option<(Position, Record)>, LedgerError> {
        while self.at < self.end {
            if self.segment.is_none() {
                if self.at.offset < SEGMENT_HEAD_BYTES || self.files.segments.binary_search(&self.at.segment).is_err() {
                    return Err(LedgerError::NoRecord(self.at));
                }
                self.segment = Some(self.files.segment(self.at.segment, STREAM_BYTES)?);
            }
            let Some(segment) = &mut self.segment else { continue };
            if self.at.offset >= segment.size() && self.at.segment < self.end.segment {
                let next = self.files.segments.partition_point(|first| *first <= self.at.segment);
                let Some(&first) = self.files.segments.get(next) else { break };
                self.at = Position { segment: first, offset: SEGMENT_HEAD_BYTES };
                self.segment = None;
                continue;
            }
            let mut body = Vec::new();
            match segment.check(&self.chain, self.at.offset, self.before.as_ref(), Some(&mut body))? {
                Ok(checked) => {
                    let position = self.at;
                    self.at.offset += checked.header.record_bytes();
                    let record = Record::new(checked, body);
                    self.before = Some(record.head());
                    return Ok(Some((position, record)));
                }
                Err(clause) => return Err(damage(clause, self.before.map_or(self.at.segment, |before| before.number), self.at)),
            }
        }
        Ok(None)
    }
}

impl Iterator for Records {
    type Item = Result<(Position, Record), LedgerError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let next = self.advance().transpose();
        self.over = !matches!(next, Some(Ok(_)));
        next
    }
}
