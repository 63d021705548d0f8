//! A document that is stripped; the first byte says of which media type. What was stripped is stripped of nothing more.
#![no_main]

use libfuzzer_sys::fuzz_target;
use template::strip::{Strip, strip};

const TYPES: [&str; 5] = ["image/jpeg", "image/png", "image/webp", "application/pdf", "text/plain"];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, document)) = bytes.split_first() else { return };
    let media_type = TYPES[usize::from(*first) % TYPES.len()];
    let asked = Strip { exif: *first & 0x80 == 0, pdf_metadata: *first & 0x40 == 0 };
    let Ok(stripped) = strip(media_type, document, asked) else { return };
    assert_eq!(strip(media_type, &stripped, asked).as_ref(), Ok(&stripped));
});
