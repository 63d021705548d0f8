//! Writes the frames of a package: plaintext in, sealed frames out, in order, encrypted on all cores.
//!
//! Memory is bounded by one group of frames. The digest of the file is taken while it is written, so that reading it back
//! proves the medium and not our memory.

use carrier::WriteFailure;
use rayon::prelude::*;
use seal::envelope::{Ending, Sealing};
use wire::Digest;
use wire::limits::{FRAME_BYTES, FRAME_TAG_BYTES};

use crate::report::Failure;

/// Frames sealed and written together.
const GROUP_FRAMES: usize = 32;
const FRAME: usize = FRAME_BYTES as usize;
const TAG: usize = FRAME_TAG_BYTES as usize;
const SLOT: usize = FRAME + TAG;
/// What padding is made of.
static ZEROS: [u8; 16 << 10] = [0; 16 << 10];

/// Where sealed bytes go.
pub type Sink<'a> = dyn FnMut(&[u8], u64) -> std::io::Result<()> + Send + 'a;

/// The frames of one package, being written. What waits lies in frames already, each with room for its tag, so that it is
/// sealed where it lies.
pub struct FrameWriter<'a> {
    sealing: &'a Sealing,
    /// Name of the file.
    name: &'a str,
    sink: Box<Sink<'a>>,
    waiting: Vec<u8>,
    /// Plaintext bytes that wait.
    waiting_bytes: usize,
    next_frame: u32,
    at: u64,
    digest: blake3::Hasher,
}

/// A failure of the carrier while a file is written: no room is MED-04, whatever else MED-02 or MED-03.
pub fn carrier_failure(name: &str, failure: &WriteFailure) -> Failure {
    Failure::new(failure.code(), name, failure.to_string())
}

/// The digest of a package file: over its frames, then its header, which is written last.
pub fn file_digest(frames: &Digest, header: &[u8]) -> Digest {
    wire::digest::derive("gapferry v1 file", &[&frames.0, header])
}

impl<'a> FrameWriter<'a> {
    /// Writes behind the room for the header of the file that is to be called `name`.
    pub fn new(sealing: &'a Sealing, name: &'a str, sink: Box<Sink<'a>>) -> Self {
        Self { at: sealing.header_bytes(), sealing, name, sink, waiting: Vec::new(), waiting_bytes: 0, next_frame: 0, digest: blake3::Hasher::new() }
    }

    /// Takes the next plaintext. The last frame is known only at the end: one byte more than a group must wait before it goes.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<(), Failure> {
        while !bytes.is_empty() {
            let (frame, offset) = (self.waiting_bytes / FRAME, self.waiting_bytes % FRAME);
            let (now, later) = bytes.split_at((FRAME - offset).min(bytes.len()));
            let start = frame * SLOT + offset;
            // As long as what waits, with room for a tag: most packages are small.
            self.waiting.resize(self.waiting.len().max(start + now.len() + TAG), 0);
            self.waiting[start..start + now.len()].copy_from_slice(now);
            self.waiting_bytes += now.len();
            bytes = later;
            if self.waiting_bytes > FRAME * GROUP_FRAMES {
                self.write_group(GROUP_FRAMES, false)?;
            }
        }
        Ok(())
    }

    /// Seals and writes `frames` frames of what waits; `end` when the last of them is the last of all.
    fn write_group(&mut self, frames: usize, end: bool) -> Result<(), Failure> {
        let plain = (frames * FRAME).min(self.waiting_bytes);
        let sealed = plain + frames * TAG;
        let (first, sealing) = (self.next_frame, self.sealing);
        self.waiting[..sealed].par_chunks_mut(SLOT).enumerate().for_each(|(place, slot)| {
            let index = first + u32::try_from(place).expect("a group is small");
            sealing.frames.seal_slice(index, end && place + 1 == frames, slot);
        });
        self.digest.update(&self.waiting[..sealed]);
        (self.sink)(&self.waiting[..sealed], self.at).map_err(|error| carrier_failure(self.name, &error.into()))?;
        self.at += sealed as u64;
        self.next_frame += u32::try_from(frames).expect("a group is small");
        self.waiting_bytes -= plain;
        if self.waiting_bytes > 0 {
            self.waiting.copy_within(frames * SLOT..frames * SLOT + self.waiting_bytes.min(SLOT), 0);
        }
        Ok(())
    }

    /// Writes body, signature block, padding and trailer, then the header at the start; gives the digest of the frames, the
    /// header, and the length of the file.
    pub fn finish(mut self, ending: &Ending) -> Result<(Digest, Vec<u8>, u64), Failure> {
        self.push(&ending.body_and_seals)?;
        let mut padding = ending.padding_bytes;
        while padding > 0 {
            let now = padding.min(ZEROS.len() as u64);
            self.push(&ZEROS[..usize::try_from(now).expect("so many are there")])?;
            padding -= now;
        }
        self.push(&ending.trailer)?;
        self.write_group(self.waiting_bytes.div_ceil(FRAME), true)?;
        (self.sink)(&ending.header, 0).map_err(|error| carrier_failure(self.name, &error.into()))?;
        Ok((Digest(*self.digest.finalize().as_bytes()), ending.header.clone(), self.at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::keys::Signer;

    const SIGNER: Signer = Signer { zone: ZoneId([9; 32]), generation: 1 };

    use seal::envelope::{Opening, SealEntropy};
    use seal::frames;
    use seal::keys::SecretKeys;
    use seal::suite::SUITE;
    use std::sync::{Arc, Mutex};
    use wire::ZoneId;
    use wire::header::{Kind, TRAILER_BYTES};

    #[test]
    fn every_length_of_content_opens_again() {
        let keys = SecretKeys { sign: [1; 32], seal: [2; 32] };
        let recipient = SUITE.seal_public(&keys.seal);
        for content in [0, 1, FRAME - 1, FRAME, FRAME + 1, FRAME * GROUP_FRAMES, FRAME * GROUP_FRAMES + 1, FRAME * (GROUP_FRAMES * 2 + 3) - 5] {
            let entropy = SealEntropy { id: [3; 16], content_key: [4; 32].into(), wrap: vec![[5; 64]] };
            let sealing = Sealing::new(Kind::Package, &[&recipient], &entropy).unwrap();
            let file = Arc::new(Mutex::new(Vec::new()));
            let into = file.clone();
            let sink = move |bytes: &[u8], at: u64| {
                let mut file = into.lock().unwrap();
                let end = at as usize + bytes.len();
                if file.len() < end {
                    file.resize(end, 0);
                }
                file[at as usize..end].copy_from_slice(bytes);
                Ok(())
            };
            let mut writer = FrameWriter::new(&sealing, "file", Box::new(sink));
            let plain: Vec<u8> = (0..content).map(|n| (n % 251) as u8).collect();
            plain.chunks(100_000).for_each(|piece| writer.push(piece).unwrap());
            let ending = sealing.end(content as u64, b"body", &keys, SIGNER);
            let (_, _, length) = writer.finish(&ending).unwrap();
            let file = file.lock().unwrap();
            assert_eq!(length, file.len() as u64);
            let opening = Opening::new(&file[..2000], length, Kind::Package, std::slice::from_ref(&keys)).unwrap();
            let mut opened = Vec::new();
            for index in 0..frames::count(opening.header.plain_bytes) {
                let place = frames::place(&opening.header, index);
                let mut frame = file[place.at as usize..(place.at + place.bytes) as usize].to_vec();
                opening.frames.open(index, place.last, &mut frame).unwrap();
                opened.extend(frame);
            }
            assert_eq!(&opened[..content], &plain[..], "{content}");
            let trailer = opening.trailer(&opened[opened.len() - TRAILER_BYTES..]).unwrap();
            assert_eq!((trailer.body_at, trailer.body_plain), (content as u64, 4));
        }
    }

    #[test]
    fn what_the_carrier_refuses_is_said_of_the_carrier() {
        use std::io::ErrorKind;
        let keys = SecretKeys { sign: [1; 32], seal: [2; 32] };
        let recipient = SUITE.seal_public(&keys.seal);
        let entropy = SealEntropy { id: [3; 16], content_key: [4; 32].into(), wrap: vec![[5; 64]] };
        let sealing = Sealing::new(Kind::Package, &[&recipient], &entropy).unwrap();
        for (kind, code) in [
            (ErrorKind::StorageFull, "MED-04"),
            (ErrorKind::QuotaExceeded, "MED-04"),
            (ErrorKind::FileTooLarge, "MED-04"),
            (ErrorKind::PermissionDenied, "MED-02"),
        ] {
            // While content is written, and when it ends.
            let mut writer = FrameWriter::new(&sealing, "file", Box::new(move |_, _| Err(kind.into())));
            let failure = writer.push(&vec![0; FRAME * (GROUP_FRAMES + 1)]).unwrap_err();
            assert_eq!((failure.0.code, failure.0.subject.as_str()), (code, "file"));
            let writer = FrameWriter::new(&sealing, "file", Box::new(move |_, _| Err(kind.into())));
            assert_eq!(writer.finish(&sealing.end(0, b"body", &keys, SIGNER)).unwrap_err().0.code, code);
        }
    }
}
