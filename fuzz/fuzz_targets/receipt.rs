//! The body of a receipt: what is accepted is encoded again and compared, then reconciled by a source that sent four packages.
#![no_main]

use engine::reconcile::{WasPacked, fork_of, take};
use engine::source::Source;
use gapferry_fuzz::ROUTE;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use wire::PackageId;
use wire::receipt::Receipt;
use wire::record::Record;

static SOURCE: LazyLock<Source> = LazyLock::new(gapferry_fuzz::source);

fuzz_target!(|body: &[u8]| {
    let Ok(receipt) = Receipt::decode(body) else { return };
    assert_eq!(wire::codec::encode(&receipt), body);
    let (route, id) = (&SOURCE.routes[ROUTE], PackageId([3; 16]));
    let _either = fork_of(&SOURCE, route, id, &receipt);
    let packed = |sequence: u64| {
        let was = u8::try_from(sequence).ok().filter(|sequence| (1..=4).contains(sequence))?;
        let packed = gapferry_fuzz::packed(was, PackageId([was; 16]));
        Some(WasPacked { package: packed.package, rows: packed.rows, inventory: false })
    };
    let Ok(taken) = take(ROUTE, route, id, &receipt, &packed) else { return };
    let record = Record::from(taken.record);
    assert_eq!(Record::decode(record.kind(), &record.encode()).as_ref(), Ok(&record), "what is taken in can be read back");
    let mut after = SOURCE.clone();
    after.fold(2, &record);
    // P13: whatever a receipt says, it names no item, route, key or setting of its own.
    assert_eq!(after.archives, SOURCE.archives);
    assert_eq!(after.routes.len(), 1);
    assert_eq!(after.routes[ROUTE].items.len(), route.items.len());
});
