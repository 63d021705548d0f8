//! Envelopes whose content is bytes as they are (backups, parity): written behind their carrier's proof, read in one pass.

use carrier::{Writing, digest_file};
use rayon::prelude::*;
use seal::envelope::{Opening, SealEntropy, Sealing, Trusted, Verified};
use seal::frames;
use seal::keys::SecretKeys;
use std::io::Read;
use std::sync::Arc;
use store::disk::{Dir, Disk, File};
use store::stream::read_ahead;
use wire::clause::{self, Rejection, require};
use wire::header::{Header, Kind, TRAILER_BYTES, Trailer};
use wire::keys::Signer;
use wire::limits::{FRAME_BYTES, FRAME_TAG_BYTES};
use wire::{Digest, PackageId};
use zeroize::Zeroizing;

use crate::frame_writer::{FrameWriter, carrier_failure, file_digest};
use crate::opener::{NotOpened, read_start};
use crate::packer::sink_of;
use crate::progress::Stage;
use crate::report::Failure;
use crate::world::World;

/// Frames read and opened together.
const GROUP_FRAMES: u32 = 64;

/// For whom an envelope is, and by whom.
pub struct Parties<'a> {
    /// Public sealing keys.
    pub recipients: &'a [&'a [u8]],
    /// The signer's keys, and as whom they sign.
    pub signer: (&'a SecretKeys, Signer),
}

/// Pushes the content of an envelope; gives its length and the body.
pub type Fill<'a> = dyn FnMut(&mut FrameWriter<'_>) -> Result<(u64, Vec<u8>), Failure> + 'a;

/// A file that was written and read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Id of the envelope.
    pub id: PackageId,
    /// Length of the file.
    pub bytes: u64,
    /// Its file digest.
    pub digest: Digest,
}

/// Fresh entropy for an envelope.
pub fn entropy(world: &World, recipients: usize) -> SealEntropy {
    SealEntropy { id: world.random(), content_key: Zeroizing::new(world.random()), wrap: (0..recipients).map(|_| world.random()).collect() }
}

/// Writes an envelope under the name that `name` makes of its id: `.part`, synced, read back past the cache, then its name.
/// `fill` pushes the content and gives its length and the body.
pub fn write(
    world: &World,
    begin: &dyn Fn(&str) -> std::io::Result<Writing>,
    kind: Kind,
    parties: &Parties<'_>,
    name: &dyn Fn(&PackageId) -> String,
    fill: &mut Fill<'_>,
) -> Result<Written, Failure> {
    let entropy = entropy(world, parties.recipients.len());
    let sealing = Sealing::new(kind, parties.recipients, &entropy).map_err(|rejection| Failure::new(rejection.code(), "keys", rejection.0.says))?;
    let name = name(&sealing.id());
    let failed = |failure: carrier::WriteFailure| carrier_failure(&name, &failure);
    let mut writing = begin(&name).map_err(|error| failed(error.into()))?;
    let mut frames = FrameWriter::new(&sealing, &name, sink_of(&mut writing));
    let (content_bytes, body) = fill(&mut frames)?;
    let ending = sealing.end(content_bytes, &body, parties.signer.0, parties.signer.1);
    let (frames_digest, header, bytes) = frames.finish(&ending)?;
    world.progress.begin(Stage::ReadBack, None, Some(bytes));
    let proof = writing.prove(&header, &frames_digest, &mut |bytes| world.progress.advance(0, bytes));
    world.progress.end();
    proof.map_err(failed)?;
    writing.publish().map_err(failed)?;
    Ok(Written { id: sealing.id(), bytes, digest: file_digest(&frames_digest, &header) })
}

/// Writes a small file that is no envelope with the same proof.
pub fn write_plain(disk: &Arc<dyn Disk>, dir: &Dir, name: &str, bytes: &[u8]) -> Result<(), Failure> {
    let write = || {
        let mut writing = Writing::begin(disk, dir, name)?;
        writing.write_all_at(bytes, 0)?;
        writing.prove(&[], &wire::digest::of_bytes(bytes), &mut |_| ())?;
        writing.publish()
    };
    write().map_err(|failure| carrier_failure(name, &failure))
}

/// The file digest of an envelope as it lies there; none when it is too short for one.
pub fn digest_of_file(file: &mut dyn File) -> std::io::Result<Option<Digest>> {
    let start = read_start(file)?;
    let Some(slots) = start.get(11).copied().filter(|slots| *slots <= wire::limits::SLOTS_MAX) else { return Ok(None) };
    let Some(header) = start.get(..Header::length(usize::from(slots))) else { return Ok(None) };
    let (frames, _) = digest_file(file, header.len() as u64, &mut |_| ())?;
    Ok(Some(file_digest(&frames, header)))
}

/// The public signing keys of whoever has these secrets, by generation.
pub fn own(keys: &[SecretKeys]) -> impl Fn(&Signer) -> Result<[u8; 32], Rejection> {
    let public: Vec<[u8; 32]> = keys.iter().map(|keys| seal::suite::SUITE.sign_public(&keys.sign)).collect();
    move |signer| public.get((signer.generation as usize).wrapping_sub(1)).copied().ok_or(Rejection(&clause::ENV_GENERATION))
}

/// An envelope that was opened and whose signature is right.
pub struct Sealed {
    /// Its id.
    pub id: PackageId,
    /// What its signature vouches for.
    pub verified: Verified,
    opening: Opening,
    trailer: Trailer,
}

impl Sealed {
    /// Opens an envelope up to its body (every clause of spec/envelope.md but those about the content).
    pub fn open(keys: &[SecretKeys], kind: Kind, file: &mut dyn File, trusted: &Trusted<'_>) -> Result<Self, NotOpened> {
        let opening = Opening::new(&read_start(file)?, file.stat()?.size, kind, keys)?;
        let last = frames::count(opening.header.plain_bytes) - 1;
        let tail = read_frames(&opening, file, last, last)?;
        let trailer = opening.trailer(&tail)?;
        let (from, to) = (trailer.body_at, trailer.body_at + trailer.body_stored + trailer.seals_bytes);
        let frame = |at: u64| u32::try_from(at / FRAME_BYTES).map_err(|_| Rejection(&clause::ENV_TRAILER));
        let first = frame(from)?;
        let plain = read_frames(&opening, file, first, frame(to - 1)?)?;
        let place = |at: u64| usize::try_from(at - u64::from(first) * FRAME_BYTES).map_err(|_| Rejection(&clause::ENV_BODY));
        let (start, middle, end) = (place(from)?, place(from + trailer.body_stored)?, place(to)?);
        let verified = opening.verify(&trailer, &plain[start..middle], &plain[middle..end], trusted)?;
        Ok(Self { id: opening.header.id, verified, opening, trailer })
    }

    /// Length of its content.
    pub fn content_bytes(&self) -> u64 {
        self.trailer.body_at
    }

    /// Bytes of its content from a place on; the frames they lie in are checked.
    pub fn read(&self, file: &mut dyn File, at: u64, length: usize) -> Result<Vec<u8>, NotOpened> {
        let end = at + length as u64;
        require(length > 0 && end <= self.trailer.body_at, &clause::ENV_LENGTH)?;
        let frame = |at: u64| u32::try_from(at / FRAME_BYTES).map_err(|_| Rejection(&clause::ENV_LENGTH));
        let first = frame(at)?;
        let plain = read_frames(&self.opening, file, first, frame(end - 1)?)?;
        let skip = usize::try_from(at - u64::from(first) * FRAME_BYTES).expect("within a frame");
        Ok(plain[skip..skip + length].to_vec())
    }

    /// Gives its content in order, and checks every frame and the padding to the end.
    pub fn content<E: From<NotOpened>>(&self, file: &mut dyn File, take: &mut dyn FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
        file.past_memory().map_err(NotOpened::from)?;
        let header = &self.opening.header;
        let (frames, content) = (frames::count(header.plain_bytes), self.trailer.body_at);
        let zeros = (content + self.trailer.body_stored + self.trailer.seals_bytes, header.plain_bytes - TRAILER_BYTES as u64);
        read_ahead(file, frames::place(header, 0).at, |ahead| {
            let (mut first, mut at, mut sealed) = (0, 0u64, Vec::new());
            while first < frames {
                let last = (first + GROUP_FRAMES).min(frames) - 1;
                sealed.resize(sealed_bytes(&self.opening, first, last).map_err(NotOpened::from)?, 0);
                ahead.read_exact(&mut sealed).map_err(|error| match error.kind() {
                    std::io::ErrorKind::UnexpectedEof => NotOpened::from(Rejection(&clause::ENV_LENGTH)),
                    _ => error.into(),
                })?;
                for plain in open_frames(&self.opening, first, &mut sealed).map_err(NotOpened::from)? {
                    let end = at + plain.len() as u64;
                    let clip = |place: u64| usize::try_from(place.clamp(at, end) - at).expect("within a frame");
                    require(plain[clip(zeros.0)..clip(zeros.1)].iter().all(|byte| *byte == 0), &clause::ENV_PADDING).map_err(NotOpened::from)?;
                    let ours = &plain[..clip(content)];
                    if !ours.is_empty() {
                        take(ours)?;
                    }
                    at = end;
                }
                first = last + 1;
            }
            Ok(())
        })
        .map_err(NotOpened::from)?
    }
}

fn sealed_bytes(opening: &Opening, first: u32, last: u32) -> Result<usize, Rejection> {
    let (from, to) = (frames::place(&opening.header, first), frames::place(&opening.header, last));
    usize::try_from(to.at + to.bytes - from.at).map_err(|_| Rejection(&clause::ENV_LENGTH))
}

fn read_frames(opening: &Opening, file: &mut dyn File, first: u32, last: u32) -> Result<Vec<u8>, NotOpened> {
    let mut sealed = vec![0; sealed_bytes(opening, first, last)?];
    require(file.read_at(&mut sealed, frames::place(&opening.header, first).at)? == sealed.len(), &clause::ENV_LENGTH)?;
    Ok(open_frames(opening, first, &mut sealed)?.collect::<Vec<_>>().concat())
}

/// Opens the frames from `first` on where they lie, on all cores; gives the plaintext frame by frame, in order.
fn open_frames<'a>(opening: &Opening, first: u32, sealed: &'a mut [u8]) -> Result<impl Iterator<Item = &'a [u8]>, Rejection> {
    let slot = (FRAME_BYTES + FRAME_TAG_BYTES) as usize;
    let open = |(place, frame): (usize, &mut [u8])| {
        let index = first + u32::try_from(place).expect("a group is small");
        opening.frames.open_slice(index, frames::place(&opening.header, index).last, frame).map(drop)
    };
    sealed.par_chunks_mut(slot).enumerate().map(open).collect::<Result<(), Rejection>>()?;
    Ok(sealed.chunks(slot).map(|frame| &frame[..frame.len() - FRAME_TAG_BYTES as usize]))
}
