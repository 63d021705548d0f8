//! Documents: small scans with EXIF as cameras write it, PDFs with metadata as programs write it. Real files that viewers open.

use crate::random::Random;

/// Blocks of 8 × 8 pixels along each side of a scan.
const BLOCKS: u16 = 8;

/// A grey scan of 64 × 64 pixels whose EXIF tells camera, time and place (degrees, minutes, seconds × 100).
pub(crate) fn scan(taken: &str, north: [u32; 3], east: [u32; 3], random: &mut Random) -> Vec<u8> {
    let mut jpeg = vec![0xff, 0xd8];
    segment(&mut jpeg, 0xe1, &exif(taken, north, east));
    segment(&mut jpeg, 0xdb, &[&[0][..], &[16; 64]].concat());
    let side = (BLOCKS * 8).to_be_bytes();
    segment(&mut jpeg, 0xc0, &[&[8][..], &side, &side, &[1, 1, 0x11, 0]].concat());
    // Brightness: no change is written 0, a change of four bits 10. Of the rest of each block only its end is ever written: 0.
    segment(&mut jpeg, 0xc4, &[&[0x00, 1, 1][..], &[0; 14], &[0, 4]].concat());
    segment(&mut jpeg, 0xc4, &[&[0x10, 1][..], &[0; 15], &[0]].concat());
    segment(&mut jpeg, 0xda, &[1, 1, 0, 0, 63, 0]);
    let mut bits = Bits::default();
    let mut bright = false;
    for _ in 0..BLOCKS * BLOCKS {
        if random.permille(400) {
            bits.put(0b10, 2);
            // 8 up, or 8 down as its complement.
            bits.put(if bright { 0b0111 } else { 0b1000 }, 4);
            bright = !bright;
        } else {
            bits.put(0, 1);
        }
        bits.put(0, 1);
    }
    jpeg.extend(bits.finish());
    jpeg.extend([0xff, 0xd9]);
    jpeg
}

fn segment(jpeg: &mut Vec<u8>, marker: u8, body: &[u8]) {
    jpeg.extend([0xff, marker]);
    jpeg.extend(u16::try_from(body.len() + 2).unwrap_or(u16::MAX).to_be_bytes());
    jpeg.extend(body);
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    last: u8,
    count: u8,
}

impl Bits {
    fn put(&mut self, value: u8, count: u8) {
        for place in (0..count).rev() {
            self.last = self.last << 1 | value >> place & 1;
            self.count += 1;
            if self.count == 8 {
                self.bytes.push(self.last);
                if self.last == 0xff {
                    self.bytes.push(0);
                }
                (self.last, self.count) = (0, 0);
            }
        }
    }

    fn finish(mut self) -> Vec<u8> {
        while self.count != 0 {
            self.put(1, 1);
        }
        self.bytes
    }
}

/// What follows the marker of EXIF: a TIFF header, a directory with camera and time, one with the place.
fn exif(taken: &str, north: [u32; 3], east: [u32; 3]) -> Vec<u8> {
    let texts: [(u16, &str); 3] = [(0x010f, "Invented"), (0x0110, "Scanner 1"), (0x0132, taken)];
    let mut tiff = b"II*\0\x08\0\0\0".to_vec();
    let directory = |entries: &[(u16, u16, u32, [u8; 4])]| {
        let mut bytes = u16::try_from(entries.len()).unwrap_or(0).to_le_bytes().to_vec();
        for (tag, kind, count, value) in entries {
            bytes.extend(tag.to_le_bytes());
            bytes.extend(kind.to_le_bytes());
            bytes.extend(count.to_le_bytes());
            bytes.extend(value);
        }
        bytes.extend([0; 4]);
        bytes
    };
    let offset = |at: usize| u32::try_from(at).unwrap_or(0).to_le_bytes();
    let length = |entries: usize| 2 + entries * 12 + 4;
    let mut held = Vec::new();
    let held_at = tiff.len() + length(4);
    let mut entries = Vec::new();
    for (tag, text) in texts {
        let count = u32::try_from(text.len() + 1).unwrap_or(0);
        entries.push((tag, 2, count, offset(held_at + held.len())));
        held.extend(text.bytes().chain([0]));
        held.resize(held.len().next_multiple_of(2), 0);
    }
    let places_at = held_at + held.len();
    entries.push((0x8825, 4, 1, offset(places_at)));
    let values_at = places_at + length(4);
    let places = [(1, 2, 2, *b"N\0\0\0"), (2, 5, 3, offset(values_at)), (3, 2, 2, *b"E\0\0\0"), (4, 5, 3, offset(values_at + 24))];
    tiff.extend(directory(&entries));
    tiff.extend(held);
    tiff.extend(directory(&places));
    for [degrees, minutes, seconds] in [north, east] {
        for (value, of) in [(degrees, 1_u32), (minutes, 1), (seconds, 100)] {
            tiff.extend(value.to_le_bytes());
            tiff.extend(of.to_le_bytes());
        }
    }
    [b"Exif\0\0".as_slice(), &tiff].concat()
}

/// A PDF of one empty page whose metadata tell who made it, with what and when (`yyyyMMddHHmmss`).
pub(crate) fn pdf(title: &str, author: &str, made: &str) -> Vec<u8> {
    let utf16 = |text: &str| text.encode_utf16().fold("FEFF".to_owned(), |hex, unit| format!("{hex}{unit:04X}"));
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>".to_owned(),
        format!("<< /Title <{}> /Author <{}> /Producer (Invented Writer 1.0) /CreationDate (D:{made}+08'00') >>", utf16(title), utf16(author)),
    ];
    let mut text = "%PDF-1.4\n".to_owned();
    let mut places = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        places.push(text.len());
        text.push_str(&format!("{number} 0 obj\n{object}\nendobj\n"));
    }
    let start = text.len();
    text.push_str("xref\n0 5\n0000000000 65535 f \n");
    places.iter().for_each(|place| text.push_str(&format!("{place:010} 00000 n \n")));
    text.push_str(&format!("trailer\n<< /Size 5 /Root 1 0 R /Info 4 0 R >>\nstartxref\n{start}\n%%EOF\n"));
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scan_is_a_jpeg_with_camera_time_and_place() {
        let scan = scan("2024:04:01 15:20:10", [31, 41, 900], [119, 59, 1_800], &mut Random::new(1, 2));
        let (mut at, mut markers) = (2, vec![]);
        assert_eq!(scan[..2], [0xff, 0xd8]);
        while markers.last() != Some(&0xda) {
            assert_eq!(scan[at], 0xff);
            markers.push(scan[at + 1]);
            at += 2 + usize::from(u16::from_be_bytes([scan[at + 2], scan[at + 3]]));
        }
        assert_eq!(markers, [0xe1, 0xdb, 0xc0, 0xc4, 0xc4, 0xda]);
        assert_eq!(scan[scan.len() - 2..], [0xff, 0xd9]);
        let picture = &scan[at..scan.len() - 2];
        assert!(picture.windows(2).all(|pair| pair[0] != 0xff || pair[1] == 0), "no marker within the picture");
        // The TIFF header begins behind marker, length and `Exif`.
        let tiff = &scan[12..];
        let number = |at: usize, bytes: usize| tiff[at..at + bytes].iter().rev().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
        let entry = |directory: usize, tag: usize| {
            let entries = (0..number(directory, 2)).map(|place| directory + 2 + place * 12);
            entries.into_iter().find(|entry| number(*entry, 2) == tag).map(|entry| number(entry + 8, 4)).unwrap()
        };
        assert!(tiff[entry(8, 0x0132)..].starts_with(b"2024:04:01 15:20:10\0"));
        let places = entry(8, 0x8825);
        let (north, east) = (entry(places, 2), entry(places, 4));
        let rationals = |at: usize| (0..6).map(|place| number(at + place * 4, 4)).collect::<Vec<_>>();
        assert_eq!((rationals(north), rationals(east)), (vec![31, 1, 41, 1, 900, 100], vec![119, 1, 59, 1, 1_800, 100]));
    }

    #[test]
    fn a_pdf_leads_to_its_objects() {
        let pdf = pdf("决议", "某村委", "20260112093000");
        let text = String::from_utf8(pdf).unwrap();
        let (_, table) = text.split_once("xref\n0 5\n").unwrap();
        for (number, line) in table.lines().skip(1).take(4).enumerate() {
            let at: usize = line[..10].parse().unwrap();
            assert!(text[at..].starts_with(&format!("{} 0 obj", number + 1)), "{line}");
        }
        let start: usize = text.rsplit("startxref\n").next().unwrap().lines().next().unwrap().parse().unwrap();
        assert!(text[start..].starts_with("xref"));
        assert!(text.contains("<FEFF51B38BAE>") && text.contains("D:20260112093000+08'00'"));
    }
}
