//! Points of small order in the place of X25519 keys (FAULTS P15): whoever sends one makes the shared secret zero, whatever the other
//! side's secret. Our suite takes none, as key of a recipient or in a wrapped key, though the library below takes them.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use hkdf::Hkdf;
use hpke::kem::XWing;
use hpke::{Deserializable, Kem, OpModeR};
use ml_kem::ml_kem_768::EncapsulationKey;
use seal::suite::SUITE;
use sha2::Sha256;
use sha3::Digest;

/// All encodings of the points of small order, little-endian; the highest bit is ignored.
fn points() -> Vec<[u8; 32]> {
    let unhex = |text: &str| -> [u8; 32] { std::array::from_fn(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()) };
    let below = |last: u8| -> [u8; 32] { std::array::from_fn(|at| [last, 0xff, 0x7f][usize::from(at > 0) + usize::from(at == 31)]) };
    let (zero, mut one) = ([0; 32], [0; 32]);
    one[0] = 1;
    let eight = ["e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800", "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"];
    // 0, 1, both of order 8, and p - 1, p, p + 1 with p = 2^255 - 19.
    let all = [zero, one, unhex(eight[0]), unhex(eight[1]), below(0xec), below(0xed), below(0xee)];
    all.into_iter().flat_map(|point| [point, std::array::from_fn(|at| point[at] | if at == 31 { 0x80 } else { 0 })]).collect()
}

/// Wraps a content key as spec/envelope.md says, but with this point for X25519 and so with a zero for its shared secret.
fn wrapped(public: &[u8], info: &[u8], content_key: &[u8; 32], point: &[u8; 32]) -> Vec<u8> {
    let (half, exchange) = public.split_at(1184);
    let (ciphertext, shared) = EncapsulationKey::new(half.try_into().unwrap()).unwrap().encapsulate_deterministic(&[9; 32].into());
    let mut combined = sha3::Sha3_256::new();
    for part in [shared.as_slice(), &[0; 32], point, exchange, br"\.//^\"] {
        combined.update(part);
    }
    let suite = [b"HPKE".as_slice(), &[0x64, 0x7a, 0, 1, 0, 3]].concat();
    let extract = |salt: &[u8], label: &[u8], given: &[u8]| Hkdf::<Sha256>::extract(Some(salt), &[b"HPKE-v1", suite.as_slice(), label, given].concat()).0;
    let context = [&[0][..], &extract(b"", b"psk_id_hash", b""), &extract(b"", b"info_hash", info)].concat();
    let secret = Hkdf::<Sha256>::from_prk(&extract(&combined.finalize(), b"secret", b"")).unwrap();
    let expand = |label: &[u8], bytes: &mut [u8]| {
        let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
        secret.expand(&[&length[..], b"HPKE-v1", suite.as_slice(), label, context.as_slice()].concat(), bytes).unwrap();
    };
    let (mut key, mut nonce) = ([0; 32], [0; 12]);
    expand(b"key", &mut key);
    expand(b"base_nonce", &mut nonce);
    let sealed = ChaCha20Poly1305::new(&Key::from(key)).encrypt(&Nonce::from(nonce), content_key.as_slice()).unwrap();
    [ciphertext.as_slice(), point, &sealed].concat()
}

/// FAULTS P15
#[test]
fn a_shared_secret_of_zero_is_refused() {
    let (secret, info, content_key) = ([3; 32], b"gapferry v1 key", [7; 32]);
    let public = SUITE.seal_public(&secret);
    assert_eq!(SUITE.unwrap(&secret, info, &SUITE.wrap(&public, info, &content_key, &[5; 64]).unwrap()).unwrap().as_slice(), content_key);
    for point in points() {
        let slot = wrapped(&public, info, &content_key, &point);
        let (encapsulated, sealed) = slot.split_at(1120);
        let (private, encapsulated) =
            (<XWing as Kem>::PrivateKey::from_bytes(&secret).unwrap(), <XWing as Kem>::EncappedKey::from_bytes(encapsulated).unwrap());
        let below =
            hpke::single_shot_open::<hpke::aead::ChaCha20Poly1305, hpke::kdf::HkdfSha256, XWing>(&OpModeR::Base, &private, &encapsulated, info, sealed, b"");
        assert_eq!(below.unwrap(), content_key, "{point:02x?}: rightly made, and taken by the library below");
        assert!(SUITE.unwrap(&secret, info, &slot).is_none(), "{point:02x?}");
        let recipient = [&public[..1184], &point].concat();
        assert!(!SUITE.is_recipient(&recipient) && SUITE.wrap(&recipient, info, &content_key, &[5; 64]).is_none(), "{point:02x?}");
    }
    // A neighbour of one is a key like any other.
    let mut two = [0; 32];
    two[0] = 2;
    assert!(SUITE.is_recipient(&[&public[..1184], &two].concat()));
}
