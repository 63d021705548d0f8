//! A segment: the chain is followed, its records are read, folded on both sides, encoded again and compared.
#![no_main]

use engine::replica::Replica;
use engine::source::Source;
use gapferry_fuzz::memory::Memory;
use libfuzzer_sys::fuzz_target;
use std::sync::Arc;
use store::frame::{Chain, SEGMENT_HEAD};
use store::ledger::{Ledger, Position};
use wire::record::Record;

fuzz_target!(|bytes: &[u8]| {
    let memory = Memory::default();
    memory.put(b"/ledger/0000000000000000.seg", bytes.to_vec());
    let Ok((reading, opened)) = Ledger::open_reading(Arc::new(memory), "/ledger".as_ref(), None, None) else { return };
    let (mut source, mut replica) = (Source::default(), Replica::default());
    let (chain, mut again) = (Chain::default(), SEGMENT_HEAD.to_vec());
    for record in reading.read_from(Position::START) {
        let (_, record) = record.expect("the chain was followed");
        chain.write(&mut again, record.number, record.time, record.previous, record.kind, &record.body);
        let at = again.len() - 32;
        again[at..].copy_from_slice(&record.digest.0);
        let Ok(decoded) = Record::decode(record.kind, &record.body) else { return };
        assert_eq!(decoded.encode(), record.body);
        source.fold(record.time, &decoded);
        replica.fold(record.time, &decoded);
    }
    assert_eq!(again.len() as u64, opened.end.offset);
    assert!(bytes.starts_with(&again));
    let _told = replica.routes.values().map(|route| (route.missing().len(), route.escaped())).collect::<Vec<_>>();
});
