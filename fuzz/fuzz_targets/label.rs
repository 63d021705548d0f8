//! The body of a label, and the name of a file on a medium.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::clause::ENV_CANONICAL;
use wire::label::Label;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(label) = wire::codec::decode::<Label>(bytes, &ENV_CANONICAL) {
        assert_eq!(wire::codec::encode(&label), bytes);
    }
    if let Some(ours) = carrier::name::Ours::read(bytes) {
        let whole = match ours.kind {
            carrier::name::Kind::Package => carrier::name::package_name(&ours.id),
            carrier::name::Kind::Receipt => carrier::name::receipt_name(&ours.id),
            carrier::name::Kind::Label => carrier::name::LABEL_NAME.to_owned(),
            carrier::name::Kind::Parity => carrier::name::parity_name(&ours.id),
        };
        let name = if ours.incomplete { whole + carrier::name::PART } else { whole };
        assert_eq!(name.as_bytes(), bytes);
    }
});
