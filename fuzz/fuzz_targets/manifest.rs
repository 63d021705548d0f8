//! A manifest: what is accepted is encoded again and compared, and planned on a replica.
#![no_main]

use engine::apply::{Planner, fork_of};
use libfuzzer_sys::fuzz_target;
use wire::manifest::Manifest;

fuzz_target!(|bytes: &[u8]| {
    let Some((content, body)) = bytes.split_first_chunk() else { return };
    let Ok(manifest) = Manifest::decode(body, u64::from_le_bytes(*content)) else { return };
    assert_eq!(wire::codec::encode(&manifest), body);
    assert_eq!(Manifest::place_of(body), Some((manifest.route_id, manifest.sequence)));
    let replica = gapferry_fuzz::replica();
    let route = &replica.routes[gapferry_fuzz::ROUTE];
    let _either = fork_of(&replica, route, 2, wire::PackageId([1; 16]), &manifest);
    let mut planner = Planner::new(route, manifest.sequence);
    for item in &manifest.items {
        planner.row(item, &mut |_| true);
    }
});
