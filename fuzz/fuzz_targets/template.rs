//! A template: what is accepted is looked through by the lint, and judges records; what it lets travel is canonical.
#![no_main]

use gapferry_fuzz::{alone, canonical};
use libfuzzer_sys::fuzz_target;
use template::{Draft, Template, Verdict};

const RECORDS: [&[u8]; 3] = [
    include_bytes!("../../fixtures/corpus/payload/by-hand-member"),
    include_bytes!("../../fixtures/corpus/payload/by-hand-land_contract"),
    include_bytes!("../../fixtures/corpus/payload/by-hand-ecertificate"),
];

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(draft) = Draft::parse(text) else { return };
    let _findings = template::lint::lint(&draft, &[&draft]);
    let Ok(template) = Template::of(draft) else { return };
    for record in RECORDS.map(canonical) {
        let _told = (template.triggers(&record, &alone()), template.is_urgent(&record, &alone()), template.delay_seconds(&record, &alone()));
        if let Verdict::Carried(carried) = template.judge(&record, &alone()) {
            let shown = rights::json::read(&carried.record).expect("what travels can be read");
            assert_eq!(rights::json::canonical(&shown), carried.record);
        }
    }
});
