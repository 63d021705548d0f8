//! Reads back what lies on the replica and digests it under the package's secret (P4): the rows of the answer.
//!
//! Computed from the files after they are durable, never from what was in memory.

use capture::read::Parents;
use engine::replica::{Item, Route};
use rayon::prelude::*;
use std::io;
use store::aligned::lend;
use store::disk::{Disk, File};
use wire::receipt::{Outcome, Row};
use wire::record::{StagedRow, Step};
use wire::{Digest, digest, planted};

use crate::switch::is_not_dir;
use crate::throttle::Throttle;
use crate::tree::{Tree, split};
use crate::world::World;

/// Documents from this size on are read past the system's memory in any case: it would only be filled, bytes.
const PAST_MEMORY_BYTES: u64 = 1 << 20;

/// What was read back of a file: its digest, its digest under the key, its size.
struct ReadBack {
    plain: Digest,
    keyed: Digest,
    part: Digest,
}

/// Reads a file back. With `range`, `part` is the keyed digest of that stretch.
fn read_back(
    file: &mut dyn File,
    key: &[u8; 32],
    range: Option<(u64, u64)>,
    past_memory: bool,
    throttle: Option<&Throttle<'_>>,
    buffer: &mut [u8],
) -> io::Result<ReadBack> {
    if past_memory && !planted::is("attested-from-memory") {
        file.past_memory()?;
    }
    let (mut plain, mut keyed) = (blake3::Hasher::new(), blake3::Hasher::new_keyed(key));
    let mut part = range.map(|_| blake3::Hasher::new_keyed(key));
    let mut at = 0;
    loop {
        let read = file.read_at(buffer, at)?;
        let bytes = &buffer[..read];
        throttle.inspect(|throttle| throttle.took(read as u64));
        plain.update(bytes);
        keyed.update(bytes);
        if let (Some((offset, length)), Some(part)) = (range, &mut part) {
            let clip = |place: u64| (place.clamp(at, at + read as u64) - at) as usize;
            part.update(&bytes[clip(offset)..clip(offset + length)]);
        }
        at += read as u64;
        if read < buffer.len() {
            break;
        }
    }
    Ok(ReadBack {
        plain: Digest(*plain.finalize().as_bytes()),
        keyed: Digest(*keyed.finalize().as_bytes()),
        part: part.map_or(Digest::ZERO, |part| Digest(*part.finalize().as_bytes())),
    })
}

/// Reads one package's rows back.
pub struct Attester<'a> {
    /// The outer world.
    pub world: &'a World,
    /// The replica tree.
    pub tree: &'a Tree,
    /// The route, after the package was applied.
    pub route: &'a Route,
    /// The possession key of the package.
    pub key: [u8; 32],
    /// Whether to read past the system's memory.
    pub past_memory: bool,
    /// Keeps it from reading too fast.
    pub throttle: Option<&'a Throttle<'a>>,
}

impl Attester<'_> {
    /// The rows of the answer, in order; `outcomes` gives what the apply record says where it differs from the plan.
    pub fn rows(&self, rows: &[StagedRow], outcomes: &(dyn Fn(u32) -> Option<Outcome> + Sync)) -> io::Result<Vec<Row>> {
        let numbered: Vec<(u32, &StagedRow)> = (0u32..).zip(rows).collect();
        numbered
            .par_chunks(64)
            .map_init(
                || (Parents::default(), lend()),
                |(parents, buffer), rows| {
                    rows.iter().map(|(place, row)| self.row(*place, row, outcomes(*place), parents, buffer)).collect::<io::Result<Vec<_>>>()
                },
            )
            .collect::<io::Result<Vec<_>>>()
            .map(|rows| rows.concat())
    }

    fn row(&self, place: u32, staged: &StagedRow, outcome: Option<Outcome>, parents: &mut Parents, buffer: &mut [u8]) -> io::Result<Row> {
        let planned = match staged.step {
            Step::Nothing(number) => Outcome::of(number).expect("we plan defined outcomes only"),
            Step::Hold => Outcome::Held,
            Step::Adopt => Outcome::Unchanged,
            Step::Write | Step::Attributes | Step::Remove | Step::Drop => Outcome::Applied,
        };
        let outcome = outcome.unwrap_or(planned);
        let item = &self.route.items[staged.item as usize];
        let (outcome, digest) = match outcome {
            Outcome::Held => self.part(staged, parents, buffer)?,
            proving if proving.proves() && staged.removes() => (self.absent(item, proving)?, Digest::ZERO),
            proving if proving.proves() => self.present(item, staged.part.map(|part| (part.offset, part.length)), proving, parents, buffer)?,
            other => (other, Digest::ZERO),
        };
        self.world.progress.advance(1, staged.part.map_or(staged.size, |part| part.length));
        Ok(Row { row: place, outcome: outcome.number(), digest })
    }

    /// Reads an item back; what proves it, or why it is not right.
    pub fn present(&self, item: &Item, range: Option<(u64, u64)>, good: Outcome, parents: &mut Parents, buffer: &mut [u8]) -> io::Result<(Outcome, Digest)> {
        let opened = parents.open(self.disk(), &self.tree.root, item.path());
        let mut file = match opened {
            Ok(file) => file,
            Err(capture::read::ReadFailure::Io(error)) if is_ours(&error) => return Err(error),
            Err(capture::read::ReadFailure::Io(error)) if error.raw_os_error() == Some(5) => return Ok((Outcome::Corrupt, Digest::ZERO)),
            Err(_) => return Ok((Outcome::Missing, Digest::ZERO)),
        };
        let read = match read_back(&mut *file, &self.key, range, self.past_memory || item.size >= PAST_MEMORY_BYTES, self.throttle, buffer) {
            Ok(read) => read,
            Err(error) if is_ours(&error) => return Err(error),
            // The replica's disk does not give it back.
            Err(_) => return Ok((Outcome::Corrupt, Digest::ZERO)),
        };
        if read.plain != item.digest && !planted::is("attested-uncompared") {
            return Ok((Outcome::Corrupt, read.keyed));
        }
        Ok((good, if range.is_some() { read.part } else { read.keyed }))
    }

    fn absent(&self, item: &Item, good: Outcome) -> io::Result<Outcome> {
        let (parent, name) = split(&item.path().0);
        // What lies at its place may be a directory or another item by now: it is the document that must be gone.
        let there = match self.disk().dir(&self.tree.root, parent, false).and_then(|dir| self.disk().stat(&dir, name)) {
            Ok(stat) => stat.kind == store::disk::Kind::File,
            Err(error) if is_ours(&error) => return Err(error),
            // A look that failed proves nothing.
            Err(error) => error.kind() != io::ErrorKind::NotFound && !is_not_dir(&error),
        };
        let document = there && self.route.find(&item.id).is_some_and(|(_, now)| now.removed);
        Ok(if document && !planted::is("removal-believed") { Outcome::Corrupt } else { good })
    }

    fn part(&self, staged: &StagedRow, parents: &mut Parents, buffer: &mut [u8]) -> io::Result<(Outcome, Digest)> {
        let Some(part) = staged.part else { return Ok((Outcome::PartsBroken, Digest::ZERO)) };
        let (folder, name) = Tree::part(&staged.digest, part.offset);
        let path = wire::ItemId([folder.as_slice(), b"/", &name].concat());
        let Ok(mut file) = parents.open(self.disk(), &self.tree.dot, &path) else { return Ok((Outcome::PartsBroken, Digest::ZERO)) };
        let read = read_back(&mut *file, &self.key, None, self.past_memory || part.length >= PAST_MEMORY_BYTES, self.throttle, buffer);
        let read = match read {
            Err(error) if is_ours(&error) => return Err(error),
            Err(_) => return Ok((Outcome::PartsBroken, Digest::ZERO)),
            Ok(read) => read,
        };
        Ok(if read.plain == part.digest { (Outcome::Held, read.keyed) } else { (Outcome::PartsBroken, read.keyed) })
    }

    fn disk(&self) -> &dyn Disk {
        &*self.world.disk
    }
}

/// Whether an error is of this process and says nothing about the file: ENOMEM 12, ENFILE 23, EMFILE 24.
pub fn is_ours(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(12 | 23 | 24))
}

/// The possession key of a package that was seen.
pub fn key_of(seen: &engine::replica::Seen) -> [u8; 32] {
    digest::possession_key(&seen.nonce, &seen.package)
}
