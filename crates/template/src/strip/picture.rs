//! Pictures without what is not picture: the parts that show it are copied byte by byte, every other part is left out.
//!
//! No library does this: those that read the parts of a JPEG keep everything behind its first scan as one piece, and there a second
//! description, or a whole film, can lie.

const START: u8 = 0xd8;
const END: u8 = 0xd9;
const SCAN: u8 = 0xda;
const COMMENT: u8 = 0xfe;

/// A JPEG; none when it is not read to its end.
pub fn jpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut kept = vec![0xff, START];
    let mut place = 2;
    loop {
        // A marker may stand behind any number of fill bytes.
        let [0xff, ..] = bytes.get(place..)? else { return None };
        while *bytes.get(place + 1)? == 0xff {
            place += 1;
        }
        let marker = bytes[place + 1];
        match marker {
            END => {
                kept.extend_from_slice(&[0xff, END]);
                return Some(kept);
            }
            0x00 | START => return None,
            0x01 | 0xd0..=0xd7 => place += 2,
            _ => {
                let length = usize::from(u16::from_be_bytes([*bytes.get(place + 2)?, *bytes.get(place + 3)?]));
                let segment = bytes.get(place..place + 2 + length).filter(|_| length >= 2)?;
                if shows(marker, &segment[4..]) {
                    kept.extend_from_slice(segment);
                }
                place += segment.len();
                if marker == SCAN {
                    let scanned = scan_length(&bytes[place..])?;
                    kept.extend_from_slice(&bytes[place..place + scanned]);
                    place += scanned;
                }
            }
        }
    }
}

/// Whether a segment is needed to show the picture: everything but descriptions, of which the colours are kept.
fn shows(marker: u8, contents: &[u8]) -> bool {
    match marker {
        0xe0 => contents.starts_with(b"JFIF\0"),
        0xe2 => contents.starts_with(b"ICC_PROFILE\0"),
        0xee => contents.starts_with(b"Adobe"),
        COMMENT | 0xe1..=0xef => false,
        _ => true,
    }
}

/// The length of coded picture at the beginning: up to a marker that is neither a stuffed zero nor a restart.
fn scan_length(bytes: &[u8]) -> Option<usize> {
    let ends = |pair: &[u8]| pair[0] == 0xff && !matches!(pair[1], 0x00 | 0xd0..=0xd7);
    bytes.windows(2).position(ends)
}

/// The chunks of a PNG that show it.
const PNG_CHUNKS: [&[u8; 4]; 12] = [b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"cHRM", b"gAMA", b"iCCP", b"sBIT", b"sRGB", b"bKGD", b"pHYs"];

/// A PNG; none when it is not read to its end.
pub fn png(bytes: &[u8]) -> Option<Vec<u8>> {
    const HEAD: usize = 8;
    let mut kept = bytes.get(..HEAD)?.to_vec();
    let mut place = HEAD;
    loop {
        let length = u32::from_be_bytes(bytes.get(place..place + 4)?.try_into().ok()?);
        let name: &[u8; 4] = bytes.get(place + 4..place + 8)?.try_into().ok()?;
        let chunk = bytes.get(place..)?.get(..12_usize.checked_add(usize::try_from(length).ok()?)?)?;
        if PNG_CHUNKS.contains(&name) {
            kept.extend_from_slice(chunk);
        }
        if name == b"IEND" {
            return Some(kept);
        }
        place += chunk.len();
    }
}

/// The chunks of a WebP that show it.
const WEBP_CHUNKS: [&[u8; 4]; 7] = [b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"];
/// The bits of `VP8X` that say that EXIF and XMP are there.
const WEBP_DESCRIBED: u8 = 0b0000_1100;

/// A WebP; none when it is not read to its end.
pub fn webp(bytes: &[u8]) -> Option<Vec<u8>> {
    const HEAD: usize = 12;
    let length = usize::try_from(u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?)).ok()?;
    let bytes = bytes.get(..length.checked_add(8)?)?;
    let mut kept = bytes.get(..HEAD)?.to_vec();
    let mut place = HEAD;
    while place < bytes.len() {
        let name: &[u8; 4] = bytes.get(place..place + 4)?.try_into().ok()?;
        let length = usize::try_from(u32::from_le_bytes(bytes.get(place + 4..place + 8)?.try_into().ok()?)).ok()?;
        let whole = length.checked_add(length % 2)?.checked_add(8)?;
        let chunk = bytes.get(place..)?.get(..whole)?;
        if WEBP_CHUNKS.contains(&name) {
            let begins = kept.len();
            kept.extend_from_slice(chunk);
            if name == b"VP8X" {
                *kept.get_mut(begins + 8)? &= !WEBP_DESCRIBED;
            }
        }
        place += whole;
    }
    let length = u32::try_from(kept.len() - 8).ok()?;
    kept[4..8].copy_from_slice(&length.to_le_bytes());
    Some(kept)
}
