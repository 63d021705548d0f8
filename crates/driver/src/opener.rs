//! Opens a package: header, key, manifest, signature, in the order of the clauses; then gives its content in one pass.
//!
//! Nothing is believed before the signature is right, and no byte of content is used before its frame is authentic.

use engine::replica::Route;
use rayon::prelude::*;
use seal::block::decompress;
use seal::envelope::{Opening, Trusted};
use seal::frames;
use std::borrow::Cow;
use std::io::Read;
use store::disk::File;
use store::stream::{Ahead, read_ahead};
use wire::PackageId;
use wire::clause::{self, Rejection, require};
use wire::header::{Header, Kind, TRAILER_BYTES, Trailer};
use wire::keys::Signer;
use wire::limits::{FRAME_BYTES, FRAME_TAG_BYTES, SLOTS_MAX};
use wire::manifest::Manifest;
use wire::planted;

use crate::home::Home;
use crate::key_notice::examine;
use crate::report::Failure;

/// Frames read, opened and decompressed together.
const GROUP_FRAMES: u32 = 64;
/// Decompressed together, bytes: bounds memory whatever the content expands to.
const GROUP_PLAIN_BYTES: u64 = 16 << 20;

/// A package whose signature is right and whose manifest is well formed.
pub struct Package {
    /// Its id.
    pub id: PackageId,
    /// The manifest.
    pub manifest: Manifest,
    /// The route it belongs to.
    pub route: String,
    /// Who signed it, with which generation of keys.
    pub signer: Signer,
    opening: Opening,
    trailer: Trailer,
}

/// Why a file was not opened.
pub enum NotOpened {
    /// The file is refused.
    Refused(Rejection),
    /// It could not be read.
    Io(std::io::Error),
}

impl From<Rejection> for NotOpened {
    fn from(rejection: Rejection) -> Self {
        Self::Refused(rejection)
    }
}
impl From<std::io::Error> for NotOpened {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl NotOpened {
    /// As a failure about the file `name`.
    pub fn failure(&self, name: &str) -> Failure {
        match self {
            NotOpened::Refused(rejection) => Failure::new(rejection.code(), name, rejection.0.says),
            NotOpened::Io(error) => Failure::io(name, error),
        }
    }
}

/// The first bytes of a file, as many as a header can have.
pub fn read_start(file: &mut dyn File) -> std::io::Result<Vec<u8>> {
    let mut start = vec![0; Header::length(usize::from(SLOTS_MAX))];
    let read = file.read_at(&mut start, 0)?;
    start.truncate(read);
    Ok(start)
}

impl Package {
    /// Opens a package for this replica (every clause of spec/envelope.md and spec/package.md but those about the content).
    pub fn open(home: &Home, file: &mut dyn File) -> Result<Self, NotOpened> {
        let (opening, trailer, body, signer) = Self::open_body(home, file, &|zone| home.signing_key(zone))?;
        let mut manifest = Manifest::decode(&body, trailer.body_at)?;
        let from_source = manifest.source == signer.zone && home.has_role(&signer.zone, wire::card::Role::Source);
        let replica = home.replica();
        // An escrow holder reads what is for another zone, on routes that it accepted for that one.
        let escrow = replica.routes.iter().any(|(name, route)| route.route_id == manifest.route_id && home.reads_for_another(name));
        require(from_source && (manifest.replica == home.zone_id() || escrow), &clause::PKG_ZONES)?;
        if escrow {
            // It tells the other zone of that one's receipts.
            manifest.acknowledged = None;
        }
        let is_its = |route: &Route| route.route_id == manifest.route_id && route.source == signer.zone || planted::is("route-unchecked");
        // One that was given up stays in the ledger and is accepted no more.
        let is_kept = |name: &String| home.config.routes.contains_key(name);
        let route = replica.routes.iter().find(|(name, route)| is_its(route) && is_kept(name)).ok_or(Rejection(&clause::PKG_ROUTE))?.0.clone();
        examine(home, &route, &signer, &manifest.keys, manifest.sequence, &engine::keys::PACKAGE)?;
        Ok(Self { id: opening.header.id, manifest, route, signer, opening, trailer })
    }

    /// Where a package belongs: its route's id and its sequence, without reading the rest of its manifest.
    pub fn place(home: &Home, file: &mut dyn File) -> Option<(wire::RouteId, u64)> {
        let (_, _, body, _) = Self::open_body(home, file, &|zone| home.signing_key(zone)).ok()?;
        Manifest::place_of(&body)
    }

    /// Opens an envelope of packages up to its verified body, whoever it is for.
    fn open_body(home: &Home, file: &mut dyn File, trusted: &Trusted<'_>) -> Result<(Opening, Trailer, Vec<u8>, Signer), NotOpened> {
        let length = file.stat()?.size;
        let start = read_start(file)?;
        let opening = Opening::new(&start, length, Kind::Package, home.keys())?;
        let last = frames::count(opening.header.plain_bytes) - 1;
        let tail = open_frames(&opening, file, last, last)?;
        let trailer = opening.trailer(&tail)?;
        let (from, to) = (trailer.body_at, trailer.body_at + trailer.body_stored + trailer.seals_bytes);
        let first = u32::try_from(from / FRAME_BYTES).map_err(|_| Rejection(&clause::ENV_TRAILER))?;
        let until = u32::try_from((to - 1) / FRAME_BYTES).map_err(|_| Rejection(&clause::ENV_TRAILER))?;
        let plain = open_frames(&opening, file, first, until)?;
        let skip = usize::try_from(from - u64::from(first) * FRAME_BYTES).map_err(|_| Rejection(&clause::ENV_TRAILER))?;
        let (stored, rest) = plain[skip..].split_at(usize::try_from(trailer.body_stored).map_err(|_| Rejection(&clause::ENV_BODY))?);
        let seals = &rest[..usize::try_from(trailer.seals_bytes).map_err(|_| Rejection(&clause::ENV_SEALS))?];
        let verified = opening.verify(&trailer, stored, seals, trusted)?;
        Ok((opening, trailer, verified.body, verified.signer))
    }

    /// Gives all content in order, decompressed, a group at a time, and checks every frame and the padding to the end. While
    /// `take` works on one group the next one is opened.
    pub fn content<E: From<NotOpened> + Send>(&self, file: &mut dyn File, mut take: impl FnMut(Vec<u8>) -> Result<(), E> + Send) -> Result<(), E> {
        file.past_memory().map_err(NotOpened::from)?;
        let first = frames::place(&self.opening.header, 0).at;
        read_ahead(file, first, |sealed| {
            let mut source = Source { package: self, sealed, next_frame: 0, waiting: Vec::new(), group: Vec::new(), blocks: 0, at: 0 };
            let mut ready = source.next().map_err(E::from)?;
            while let Some(group) = ready {
                let (next, taken) = rayon::join(|| source.next(), || take(group));
                taken?;
                ready = next.map_err(E::from)?;
            }
            Ok(())
        })
        .map_err(NotOpened::from)?
    }
}

/// Opens frames `first..=last`, on all cores.
fn open_frames(opening: &Opening, file: &mut dyn File, first: u32, last: u32) -> Result<Vec<u8>, NotOpened> {
    let mut sealed = vec![0; sealed_bytes(opening, first, last)?];
    require(file.read_at(&mut sealed, frames::place(&opening.header, first).at)? == sealed.len(), &clause::ENV_LENGTH)?;
    let mut plain = Vec::with_capacity(sealed.len());
    open_group(opening, first, &mut sealed)?.for_each(|frame| plain.extend_from_slice(frame));
    Ok(plain)
}

fn sealed_bytes(opening: &Opening, first: u32, last: u32) -> Result<usize, Rejection> {
    let (from, to) = (frames::place(&opening.header, first), frames::place(&opening.header, last));
    usize::try_from(to.at + to.bytes - from.at).map_err(|_| Rejection(&clause::ENV_LENGTH))
}

/// Opens the frames from `first` on where they lie, on all cores; gives the plaintext frame by frame, in order.
fn open_group<'a>(opening: &Opening, first: u32, sealed: &'a mut [u8]) -> Result<impl Iterator<Item = &'a [u8]>, Rejection> {
    let slot = (FRAME_BYTES + FRAME_TAG_BYTES) as usize;
    let open = |(place, frame): (usize, &mut [u8])| {
        let index = first + u32::try_from(place).expect("a group is small");
        opening.frames.open_slice(index, frames::place(&opening.header, index).last, frame).map(drop)
    };
    sealed.par_chunks_mut(slot).enumerate().map(open).collect::<Result<(), Rejection>>()?;
    Ok(sealed.chunks(slot).map(|frame| &frame[..frame.len() - FRAME_TAG_BYTES as usize]))
}

/// The plaintext on its way: frames become blocks become content.
struct Source<'a> {
    package: &'a Package,
    /// The frames, read ahead.
    sealed: &'a mut Ahead,
    next_frame: u32,
    waiting: Vec<u8>,
    /// A group of frames, used again.
    group: Vec<u8>,
    blocks: usize,
    at: u64,
}

impl Source<'_> {
    /// The next whole blocks, decompressed, at most `GROUP_PLAIN_BYTES` beyond one; none when the plaintext is at its end.
    fn next(&mut self) -> Result<Option<Vec<u8>>, NotOpened> {
        let (opening, trailer) = (&self.package.opening, &self.package.trailer);
        let frames = frames::count(opening.header.plain_bytes);
        loop {
            let next_block = self.package.manifest.blocks.get(self.blocks);
            if next_block.is_some_and(|block| block.stored as usize <= self.waiting.len()) {
                return self.whole_blocks().map(Some);
            }
            if self.next_frame == frames {
                return Ok(None);
            }
            let last = (self.next_frame + GROUP_FRAMES).min(frames) - 1;
            let content_end = trailer.body_at;
            let padding = (trailer.body_at + trailer.body_stored + trailer.seals_bytes, opening.header.plain_bytes - TRAILER_BYTES as u64);
            let mut padding_zero = true;
            self.group.resize(sealed_bytes(opening, self.next_frame, last)?, 0);
            self.sealed.read_exact(&mut self.group).map_err(|error| match error.kind() {
                std::io::ErrorKind::UnexpectedEof => NotOpened::from(Rejection(&clause::ENV_LENGTH)),
                _ => error.into(),
            })?;
            for plain in open_group(opening, self.next_frame, &mut self.group)? {
                let end = self.at + plain.len() as u64;
                let clip = |place: u64| (place.clamp(self.at, end) - self.at) as usize;
                self.waiting.extend_from_slice(&plain[..clip(content_end)]);
                padding_zero &= plain[clip(padding.0)..clip(padding.1)].iter().all(|byte| *byte == 0);
                self.at = end;
            }
            require(padding_zero, &clause::ENV_PADDING)?;
            self.next_frame = last + 1;
        }
    }

    fn whole_blocks(&mut self) -> Result<Vec<u8>, NotOpened> {
        let (mut used, mut plain_bytes) = (0, 0);
        let mut whole = Vec::new();
        for block in &self.package.manifest.blocks[self.blocks..] {
            let end = used + block.stored as usize;
            if end > self.waiting.len() || plain_bytes > GROUP_PLAIN_BYTES {
                break;
            }
            plain_bytes += u64::from(block.plain);
            whole.push((used..end, *block));
            used = end;
        }
        let waiting = &self.waiting;
        let plain: Vec<Cow<'_, [u8]>> = whole
            .par_iter()
            .map(|(range, block)| {
                let stored = &waiting[range.clone()];
                if block.stored == block.plain { Ok(stored.into()) } else { decompress(stored, block.plain as usize, &clause::PKG_BLOCK).map(Cow::from) }
            })
            .collect::<Result<_, Rejection>>()?;
        let joined = plain.concat();
        drop(plain);
        self.blocks += whole.len();
        self.waiting.drain(..used);
        Ok(joined)
    }
}
