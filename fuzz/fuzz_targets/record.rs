//! One record: what is accepted is encoded again and compared, then folded into a home that has a route.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::record::Record;

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, body)) = bytes.split_first_chunk() else { return };
    let kind = u16::from_le_bytes(*kind);
    let Ok(record) = Record::decode(kind, body) else { return };
    assert_eq!((record.kind(), record.encode().as_slice()), (kind, body));
    let (mut source, mut replica) = (gapferry_fuzz::source(), gapferry_fuzz::replica());
    // Twice: the second time it meets what it made itself.
    for _ in 0..2 {
        source.fold(1, &record);
        replica.fold(1, &record);
    }
    let _told = replica.routes.values().map(|route| (route.missing().len(), route.escaped())).collect::<Vec<_>>();
});
