//! Following the chain, and telling a torn tail from damage.
//!
//! A torn tail lies behind the last whole record of the last segment, above the checkpoint, with no whole record after it,
//! unless both belong to one group whose writing was announced and never finished. Everything else is damage.

use super::files::Files;
use super::group::Group;
use super::segment::{STREAM_BYTES, Segment};
use super::{Damage, Head, Known, LedgerError, Position};
use crate::frame::{Chain, RECORD_BYTES_MIN, SEGMENT_HEAD_BYTES};
use std::io;
use wire::clause::{self, Clause};
use wire::{Rejection, planted};

/// What lies behind the last whole record: an append that power loss or a kill interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Torn {
    /// The segment, by the number of its first record.
    pub segment: u64,
    /// Where it starts in the segment's file, bytes.
    pub offset: u64,
    /// How long it is.
    pub bytes: u64,
    /// What is wrong with it.
    pub clause: Rejection,
}

/// What following the chain to its end gave.
pub struct Scanned {
    pub head: Head,
    pub end: Position,
    pub torn: Option<Torn>,
    pub records: u64,
    pub bytes: u64,
}

/// The answer where there is no segment at all.
pub fn none(durable: Option<Head>) -> LedgerError {
    match durable {
        Some(durable) if durable.number > 0 => damage(&clause::LDG_BEHIND, 0, Position { segment: 0, offset: 0 }),
        _ => LedgerError::Missing,
    }
}

fn damage(clause: &'static Clause, number: u64, at: Position) -> LedgerError {
    Damage { number, clause: Rejection(clause), segment: at.segment, offset: at.offset }.into()
}

/// Follows the chain from a place that is known to be on it. `progress` is told the bytes done after each MiB or so.
pub fn scan(files: &Files, from: Known, durable: Option<Head>, progress: &mut dyn FnMut(u64)) -> Result<Scanned, LedgerError> {
    let Some(&zeroth) = files.segments.first() else {
        return Err(none(durable));
    };
    if zeroth != 0 {
        return Err(damage(&clause::LDG_NUMBER, 0, Position { segment: zeroth, offset: 0 }));
    }
    let chain = Chain::default();
    let group = Group::read(files)?;
    let durable = durable.filter(|_| !planted::is("checkpoint-ignored")).unwrap_or_default();
    let mut scanned = Scanned { head: from.head, end: from.position, torn: None, records: 0, bytes: 0 };
    if durable.number == from.head.number && durable.digest != from.head.digest {
        return Err(damage(&clause::LDG_BEHIND, durable.number.saturating_sub(1), from.position));
    }
    let mut told = 0;
    let starts = files.segments.partition_point(|first| *first < from.position.segment);
    for (index, &first) in files.segments.iter().enumerate().skip(starts) {
        let mut at = if first == from.position.segment { from.position } else { Position { segment: first, offset: SEGMENT_HEAD_BYTES } };
        if at != from.position && first != scanned.head.number {
            return Err(damage(&clause::LDG_NUMBER, scanned.head.number, Position { segment: first, offset: 0 }));
        }
        let mut segment = files.segment(first, STREAM_BYTES)?;
        if !segment.head_is_right()? {
            return Err(damage(&clause::LDG_HEAD, first, Position { segment: first, offset: 0 }));
        }
        while at.offset < segment.size() {
            match segment.check(&chain, at.offset, Some(&scanned.head), None)? {
                Ok(checked) => {
                    scanned.head = Head { number: checked.header.number + 1, digest: checked.digest };
                    scanned.records += 1;
                    scanned.bytes += checked.header.record_bytes();
                    if scanned.head.number == durable.number && scanned.head.digest != durable.digest {
                        return Err(damage(&clause::LDG_BEHIND, checked.header.number, at));
                    }
                    at.offset += checked.header.record_bytes();
                    if scanned.bytes - told >= STREAM_BYTES as u64 {
                        told = scanned.bytes;
                        progress(told);
                    }
                }
                Err(clause) => {
                    let number = scanned.head.number;
                    let last = index + 1 == files.segments.len();
                    if !last || number < durable.number || !is_torn(&mut segment, &chain, at, number, group.as_ref())? {
                        return Err(damage(clause, number, at));
                    }
                    let bytes = segment.size() - at.offset;
                    scanned.torn = Some(Torn { segment: first, offset: at.offset, bytes, clause: Rejection(clause) });
                    break;
                }
            }
        }
        scanned.end = at;
    }
    if scanned.head.number < durable.number {
        return Err(damage(&clause::LDG_BEHIND, scanned.head.number, scanned.end));
    }
    progress(scanned.bytes);
    Ok(scanned)
}

/// Whether what starts at `at`, where record `number` must start, can be the remains of an append that was never committed.
fn is_torn(segment: &mut Segment, chain: &Chain, at: Position, number: u64, group: Option<&Group>) -> io::Result<bool> {
    // A whole record was never torn: it does not continue the chain, or is of a later version.
    if segment.is_whole(chain, at.offset)? {
        return Ok(false);
    }
    let later = group.filter(|group| group.covers(at, number)).map_or(number + 1, Group::end);
    let latest = number + (segment.size() - at.offset) / RECORD_BYTES_MIN + 1;
    Ok(!segment.holds_any(chain, at.offset + 1, &(later..latest))?)
}
