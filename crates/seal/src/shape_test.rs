//! What the beginnings of documents look like. FAULTS S06.

use super::*;

/// Bytes as even as those of a cipher, from a seed.
fn noise(seed: &str, bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    blake3::Hasher::new().update(seed.as_bytes()).finalize_xof().fill(&mut noise);
    noise
}

fn text(bytes: usize) -> Vec<u8> {
    "宗教文物普查，编号与照片；an inventory of monuments, with numbers and photographs.\n".bytes().cycle().take(bytes).collect()
}

#[test]
fn shapes() {
    let begins = |bytes: &[u8]| [bytes, &noise("rest", HEAD_BYTES)].concat();
    let at = |offset: usize, bytes: &[u8]| [&noise("before", offset)[..], bytes, &noise("rest", HEAD_BYTES)].concat();
    let base64: Vec<u8> =
        noise("coded", HEAD_BYTES).iter().map(|byte| b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[usize::from(byte % 64)]).collect();
    for (what, bytes, shape) in [
        ("nothing", vec![], Shape::Unknown),
        ("a short text", text(100), Shape::Unknown),
        ("noise one byte too short", noise("a", OPAQUE_BYTES_MIN - 1), Shape::Unknown),
        ("text one byte too short", text(OPAQUE_BYTES_MIN - 1), Shape::Unknown),
        ("noise just long enough", noise("a", OPAQUE_BYTES_MIN), Shape::Opaque),
        ("text just long enough", text(OPAQUE_BYTES_MIN), Shape::Plain),
        ("a long text", text(100_000), Shape::Plain),
        ("zeroes", vec![0; 5000], Shape::Plain),
        ("letters that stand for noise", base64, Shape::Plain),
        ("a picture", begins(b"\xff\xd8\xff\xe0"), Shape::Known),
        ("a film", at(4, b"ftypmp42"), Shape::Known),
        ("a tape archive", at(257, b"ustar"), Shape::Known),
        ("a short picture", b"GIF89a".to_vec(), Shape::Known),
        ("a format that begins where nobody looks", at(32769, b"CD001"), Shape::Opaque),
        ("a format past its place", at(5, b"%PDF"), Shape::Opaque),
        ("text behind the head", [noise("b", HEAD_BYTES), text(HEAD_BYTES)].concat(), Shape::Opaque),
        ("noise behind the head", [text(HEAD_BYTES), noise("b", HEAD_BYTES)].concat(), Shape::Plain),
        ("what a known tool encrypts", begins(b"Salted__"), Shape::Opaque),
        ("and another", begins(b"age-encryption.org/v1\n"), Shape::Opaque),
    ] {
        assert_eq!(shape_of(&bytes), shape, "{what}");
        let mut head = Head::default();
        bytes.chunks(1000).for_each(|piece| head.push(piece));
        assert_eq!(head.shape(), shape, "{what}, piece by piece");
        assert!(head.bytes.len() <= HEAD_BYTES, "{what}");
    }
}

/// The bound between even and not: noise is never taken for anything else, nor is noise of which a tenth is one byte.
#[test]
fn noise_is_told_from_what_is_nearly_noise() {
    for round in 0..2000 {
        let even = noise(&format!("even {round}"), HEAD_BYTES);
        let expected = FORMATS.iter().any(|(offset, bytes)| even.get(*offset..).is_some_and(|rest| rest.starts_with(bytes)));
        assert_eq!(shape_of(&even), if expected { Shape::Known } else { Shape::Opaque }, "round {round}");
        assert!(is_even(&even[..OPAQUE_BYTES_MIN]), "round {round}");
        let uneven: Vec<u8> = even.iter().enumerate().map(|(place, byte)| if place % 10 == 0 { b' ' } else { *byte }).collect();
        assert!(!is_even(&uneven), "round {round}");
    }
}

/// 512 bytes in which `pairs` values never occur and as many four times, the others once and three times: the equal ones among
/// all 512 * 511 ordered pairs are 768 + 6 * pairs, and 1277.5 would be a quarter more than one in 256.
#[test]
fn a_quarter_more_is_even_and_no_pair_beyond() {
    for (pairs, even) in [(84, true), (85, false)] {
        let times = |value: usize| match (value / 2 < pairs, value % 2) {
            (true, even) => 4 * even,
            (false, even) => 1 + 2 * even,
        };
        let bytes: Vec<u8> = (0..=255).flat_map(|value: u8| vec![value; times(usize::from(value))]).collect();
        assert_eq!((bytes.len(), is_even(&bytes)), (512, even), "{pairs}");
    }
}

#[test]
fn a_format_has_at_least_three_bytes() {
    assert!(FORMATS.iter().all(|(_, bytes)| bytes.len() >= 3));
}
