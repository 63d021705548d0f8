//! Receipts and labels as they lie in a file, and packages up to their body: what opens is encoded again and compared.
#![no_main]

use libfuzzer_sys::fuzz_target;
use seal::envelope::{Opening, open_whole};
use seal::frames;
use wire::header::{Kind, kind_of};

fuzz_target!(|bytes: &[u8]| {
    let keys = [gapferry_fuzz::keys("outside")];
    let trusted = |_: &wire::keys::Signer| Ok([1; 32]);
    let Some(kind) = kind_of(bytes) else { return };
    let Ok(opening) = Opening::new(bytes, bytes.len() as u64, kind, &keys) else { return };
    let header = opening.header.encode();
    assert_eq!(bytes[..header.len()], header);
    let last = frames::count(opening.header.plain_bytes) - 1;
    let place = frames::place(&opening.header, last);
    assert_eq!(place.at + place.bytes, bytes.len() as u64, "the last frame ends the file");
    let mut tail = bytes[place.at as usize..].to_vec();
    opening.frames.open(last, true, &mut tail).expect("seals are not checked here");
    let Ok(trailer) = opening.trailer(&tail) else { return };
    assert_eq!(trailer.encode(), tail[tail.len() - 64..]);
    if kind != Kind::Package
        && let Ok((id, verified)) = open_whole(bytes, kind, &keys, &trusted)
    {
        assert_eq!(id, opening.header.id);
        assert_eq!(verified.body.len() as u64, trailer.body_plain);
    }
});
