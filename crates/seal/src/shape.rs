//! What the beginning of a document looks like: the first bytes of a known format, bytes that are not evenly spread, or bytes as
//! even as those of a cipher (spec/breaker.md). It tells of an archive that is being encrypted; it proves nothing.

use wire::record::Shape;

/// How many bytes of a document are looked at.
pub const HEAD_BYTES: usize = 4096;
/// Documents shorter than this show too little to be told from noise.
pub const OPAQUE_BYTES_MIN: usize = 512;

/// The first bytes of formats whose content is compressed: offset and bytes. Formats of two bytes are left out: too many ciphers
/// begin like them. So are those of encrypted content.
const FORMATS: &[(usize, &[u8])] = &[
    // Documents.
    (0, b"%PDF"),
    (0, b"%!PS"),
    (0, b"{\\rtf"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    (0, b"AT&TFORM"),
    (0, b"SQLite format 3\0"),
    // Archives and what is packed in them (docx, odt, ofd, epub, jar).
    (0, b"PK\x03\x04"),
    (0, b"PK\x05\x06"),
    (0, b"\x1f\x8b\x08"),
    (0, b"BZh"),
    (0, b"\xfd7zXZ\0"),
    (0, b"7z\xbc\xaf\x27\x1c"),
    (0, b"\x28\xb5\x2f\xfd"),
    (0, b"\x04\x22\x4d\x18"),
    (0, b"LZIP"),
    (0, b"Rar!\x1a\x07"),
    (0, b"MSCF"),
    (0, b"hsqs"),
    (257, b"ustar"),
    (0, b"070701"),
    // Pictures.
    (0, b"\xff\xd8\xff"),
    (0, b"\x89PNG\r\n\x1a\n"),
    (0, b"GIF8"),
    (0, b"II*\0"),
    (0, b"MM\0*"),
    (0, b"II+\0"),
    (0, b"MM\0+"),
    (0, b"II\xbc\x01"),
    (0, b"\0\0\0\x0cjP  "),
    (0, b"\0\0\0\x0cJXL "),
    (0, b"\xff\x4f\xff\x51"),
    (0, b"8BPS"),
    (0, b"\x76\x2f\x31\x01"),
    (0, b"SIMPLE  ="),
    (128, b"DICM"),
    // Sound and film.
    (0, b"RIFF"),
    (0, b"FORM"),
    (0, b"OggS"),
    (0, b"fLaC"),
    (0, b"ID3"),
    (0, b"wvpk"),
    (0, b"MThd"),
    (4, b"ftyp"),
    (4, b"moov"),
    (4, b"mdat"),
    (4, b"wide"),
    (0, b"\x1a\x45\xdf\xa3"),
    (0, b"\0\0\x01\xba"),
    (0, b"\0\0\x01\xb3"),
    (0, b"FLV\x01"),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),
    (0, b".RMF"),
    // Data, programs, fonts.
    (0, b"\x89HDF\r\n\x1a\n"),
    (0, b"PAR1"),
    (0, b"Obj\x01"),
    (0, b"ARROW1"),
    (0, b"\x7fELF"),
    (0, b"\xca\xfe\xba\xbe"),
    (0, b"wOFF"),
    (0, b"wOF2"),
    (0, b"OTTO"),
    (0, b"\0\x01\0\0\0"),
];

/// What a document looks like that begins with these bytes: all of it, or its first [`HEAD_BYTES`].
pub fn shape_of(head: &[u8]) -> Shape {
    let head = &head[..head.len().min(HEAD_BYTES)];
    if FORMATS.iter().any(|(offset, bytes)| head.get(*offset..).is_some_and(|rest| rest.starts_with(bytes))) {
        Shape::Known
    } else if head.len() < OPAQUE_BYTES_MIN {
        Shape::Unknown
    } else if is_even(head) {
        Shape::Opaque
    } else {
        Shape::Plain
    }
}

/// Whether the bytes are spread as evenly as those of a cipher: two of them, picked by chance, are equal at most a quarter more
/// often than one time in 256. In whole numbers, so that it is the same everywhere.
fn is_even(bytes: &[u8]) -> bool {
    let mut counts = [0u64; 256];
    bytes.iter().for_each(|byte| counts[usize::from(*byte)] += 1);
    let equal: u64 = counts.iter().map(|count| count * count.saturating_sub(1)).sum();
    let all = bytes.len() as u64 * (bytes.len() as u64 - 1);
    equal * 256 * 4 <= all * 5
}

/// Keeps the beginning of a document while it is read.
#[derive(Clone, Debug, Default)]
pub struct Head {
    bytes: Vec<u8>,
}

impl Head {
    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        let room = HEAD_BYTES - self.bytes.len();
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// What the document looks like.
    pub fn shape(&self) -> Shape {
        shape_of(&self.bytes)
    }
}

#[cfg(test)]
#[path = "shape_test.rs"]
mod tests;
