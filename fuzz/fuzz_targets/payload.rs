//! A record of the payload: what is accepted is its canonical form again, and under each template that ships what travels of it is too.
#![no_main]

use gapferry_fuzz::{alone, canonical};
use libfuzzer_sys::fuzz_target;
use rights::record::Record;
use template::{Template, Verdict};

const SHIPPED: [&str; 5] = [
    include_str!("../../deploy/templates/RT1.toml"),
    include_str!("../../deploy/templates/RT2.toml"),
    include_str!("../../deploy/templates/RT3.toml"),
    include_str!("../../deploy/templates/RT4.toml"),
    include_str!("../../deploy/templates/RT5.toml"),
];

thread_local! {
    static TEMPLATES: Vec<Template> = SHIPPED.iter().map(|text| Template::parse(text).expect("it ships")).collect();
}

fuzz_target!(|bytes: &[u8]| {
    if let Ok(value) = rights::json::read(bytes) {
        let again = rights::json::canonical(&value);
        assert_eq!(rights::json::read(&again).as_ref(), Ok(&value));
        assert_eq!(rights::json::canonical(&value), again);
    }
    let Ok(record) = Record::read(bytes) else { return };
    let once = canonical(&record.canonical());
    assert_eq!(once.kind().name, record.kind().name);
    TEMPLATES.with(|templates| {
        for template in templates {
            if let Verdict::Carried(carried) = template.judge(&record, &alone()) {
                let shown = rights::json::read(&carried.record).expect("what travels can be read");
                assert_eq!(rights::json::canonical(&shown), carried.record);
                assert_eq!(shown["rid"], record.rid());
            }
        }
    });
});
