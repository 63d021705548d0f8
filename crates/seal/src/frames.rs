//! Sealed frames: 128 KiB of plaintext each, XChaCha20-Poly1305 in the STREAM construction (Hoang, Reyhanitabar, Rogaway,
//! Vizár 2015), so that a moved, doubled, dropped or altered frame, or a missing end, does not open.

use aead_stream::{NewStream, StreamBE32, StreamPrimitive};
use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{Buffer, Error};
use wire::clause::{self, Rejection};
use wire::header::{BOUND_BYTES, Header};
use wire::limits::{FRAME_BYTES, FRAME_TAG_BYTES};
use wire::planted;
use zeroize::Zeroize;

/// The frames of one envelope: their key, and where they lie.
pub struct Frames {
    stream: StreamBE32<XChaCha20Poly1305>,
}

impl Frames {
    /// The frames under `content_key` of the envelope whose header starts with `bound`.
    pub fn new(content_key: &[u8; 32], bound: &[u8; BOUND_BYTES]) -> Self {
        let mut derived = [0u8; 51];
        blake3::Hasher::new_derive_key("gapferry v1 frames").update(content_key).update(bound).finalize_xof().fill(&mut derived);
        let (key, prefix) = derived.split_at(32);
        let stream = StreamBE32::new(
            key.try_into().expect("32 bytes are a key"),
            prefix.try_into().expect("19 bytes are the STREAM nonce of an XChaCha20 nonce without counter and flag"),
        );
        derived.zeroize();
        Self { stream }
    }

    /// Seals the frame in place: `buffer` holds at most `FRAME_BYTES` of plaintext and gets the tag appended.
    pub fn seal(&self, index: u32, last: bool, buffer: &mut Vec<u8>) {
        self.stream.encrypt_in_place(counter(index), is_last(last), b"", buffer).expect("a frame is far below the limit of the cipher");
    }

    /// As `seal`, in a slice whose last 16 bytes are room for the tag.
    pub fn seal_slice(&self, index: u32, last: bool, slice: &mut [u8]) {
        let used = slice.len() - FRAME_TAG_BYTES as usize;
        self.stream.encrypt_in_place(counter(index), is_last(last), b"", &mut Slice { slice, used }).expect("a frame is far below the limit of the cipher");
    }

    /// As `open`, in a slice; gives the plaintext, which begins where the frame began.
    pub fn open_slice<'s>(&self, index: u32, last: bool, slice: &'s mut [u8]) -> Result<&'s [u8], Rejection> {
        let used = slice.len();
        if cfg!(fuzzing) {
            return slice.get(..used.saturating_sub(FRAME_TAG_BYTES as usize)).ok_or(Rejection(&clause::ENV_FRAME));
        }
        let mut buffer = Slice { slice, used };
        self.stream.decrypt_in_place(counter(index), is_last(last), b"", &mut buffer).map_err(|_| Rejection(&clause::ENV_FRAME))?;
        let Slice { slice, used } = buffer;
        Ok(&slice[..used])
    }

    /// Opens the frame in place (clause ENV-11).
    pub fn open(&self, index: u32, last: bool, buffer: &mut Vec<u8>) -> Result<(), Rejection> {
        if cfg!(fuzzing) {
            buffer.truncate(buffer.len().saturating_sub(FRAME_TAG_BYTES as usize));
            return Ok(());
        }
        self.stream.decrypt_in_place(counter(index), is_last(last), b"", buffer).map_err(|_| Rejection(&clause::ENV_FRAME))
    }
}

fn counter(index: u32) -> u32 {
    if planted::is("frame-number-ignored") { 0 } else { index }
}

fn is_last(last: bool) -> bool {
    last && !planted::is("last-frame-unmarked")
}

/// A slice as the buffer of the cipher: it grows and shrinks within its bounds.
struct Slice<'a> {
    slice: &'a mut [u8],
    used: usize,
}

impl AsRef<[u8]> for Slice<'_> {
    fn as_ref(&self) -> &[u8] {
        &self.slice[..self.used]
    }
}
impl AsMut<[u8]> for Slice<'_> {
    fn as_mut(&mut self) -> &mut [u8] {
        &mut self.slice[..self.used]
    }
}
impl Buffer for Slice<'_> {
    fn extend_from_slice(&mut self, more: &[u8]) -> Result<(), Error> {
        let end = self.used + more.len();
        self.slice.get_mut(self.used..end).ok_or(Error)?.copy_from_slice(more);
        self.used = end;
        Ok(())
    }
    fn truncate(&mut self, length: usize) {
        self.used = self.used.min(length);
    }
}

/// The commitment to a content key: a file opens under one key only, whoever made it.
pub fn commitment(content_key: &[u8; 32], bound: &[u8; BOUND_BYTES]) -> [u8; 32] {
    wire::digest::derive("gapferry v1 commitment", &[content_key, bound]).0
}

/// Where a frame lies in the file and how long it is, tag included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Offset in the file.
    pub at: u64,
    /// Bytes, tag included.
    pub bytes: u64,
    /// Whether it is the last.
    pub last: bool,
}

/// Number of frames of a plaintext.
pub fn count(plain_bytes: u64) -> u32 {
    u32::try_from(plain_bytes.div_ceil(FRAME_BYTES)).expect("a plaintext below 2^48 bytes has fewer than 2^32 frames")
}

/// Where frame `index` lies in the file with this header.
pub fn place(header: &Header, index: u32) -> Place {
    let frames = count(header.plain_bytes);
    let start = u64::from(index) * FRAME_BYTES;
    Place {
        at: Header::length(header.slots.len()) as u64 + u64::from(index) * (FRAME_BYTES + FRAME_TAG_BYTES),
        bytes: (header.plain_bytes - start).min(FRAME_BYTES) + FRAME_TAG_BYTES,
        last: index + 1 == frames,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_right_frame_opens() {
        let frames = Frames::new(&[1; 32], &[2; 32]);
        let mut sealed = b"plain".to_vec();
        frames.seal(3, false, &mut sealed);
        for (index, last, key, good) in [(3, false, 1, true), (4, false, 1, false), (3, true, 1, false), (3, false, 9, false)] {
            let mut buffer = sealed.clone();
            let opened = Frames::new(&[key; 32], &[2; 32]).open(index, last, &mut buffer);
            assert_eq!(opened.is_ok(), good, "{index} {last} {key}");
            assert_eq!(buffer == b"plain", good);
            let mut slice = sealed.clone();
            let opened = Frames::new(&[key; 32], &[2; 32]);
            assert_eq!(opened.open_slice(index, last, &mut slice).is_ok_and(|plain| plain == b"plain"), good);
        }
        let mut slice = [b"plain".as_slice(), &[0; 16]].concat();
        frames.seal_slice(3, false, &mut slice);
        assert_eq!(slice, sealed, "both ways of sealing give the same bytes");
    }

    #[test]
    fn where_frames_lie() {
        let header = |plain_bytes| Header {
            kind: wire::header::Kind::Package,
            suite: 1,
            id: wire::PackageId([0; 16]),
            plain_bytes,
            commitment: [0; 32],
            slots: vec![Vec::new(); 2],
        };
        let (first, sealed) = (Header::length(2) as u64, FRAME_BYTES + FRAME_TAG_BYTES);
        for (plain_bytes, frames, last_bytes) in [(1, 1, 1), (FRAME_BYTES, 1, FRAME_BYTES), (FRAME_BYTES + 1, 2, 1), (3 * FRAME_BYTES - 1, 3, FRAME_BYTES - 1)]
        {
            assert_eq!(count(plain_bytes), frames);
            for index in 0..frames {
                let last = index + 1 == frames;
                let bytes = if last { last_bytes + FRAME_TAG_BYTES } else { sealed };
                assert_eq!(place(&header(plain_bytes), index), Place { at: first + u64::from(index) * sealed, bytes, last }, "{plain_bytes} {index}");
            }
        }
    }
}
