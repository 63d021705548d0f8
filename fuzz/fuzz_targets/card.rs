//! A card: what is accepted is written again and compared.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    if let Ok(card) = seal::keys::read_card(text) {
        assert_eq!(card.text().as_bytes(), text);
        assert!(wire::card::fingerprint_matches(&card.digest(), &card.fingerprint()));
    }
});
