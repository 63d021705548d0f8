//! The body of a parity file, with the length of its content before it: what is accepted is encoded again and compared.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::limits::STRIPE_BYTES;
use wire::parity::Parity;

fuzz_target!(|bytes: &[u8]| {
    let Some((content, body)) = bytes.split_first_chunk() else { return };
    let content = u64::from_le_bytes(*content);
    let Ok(parity) = Parity::decode(body, content) else { return };
    assert_eq!(wire::codec::encode(&parity), body);
    assert_eq!(parity.stripes() * STRIPE_BYTES, content);
    assert!(parity.members.iter().all(|member| member.file_bytes <= content) && parity.index < parity.count);
});
