//! The one codec of our structs: fixed-width little-endian, lengths before what they count, one valid encoding.
//!
//! The library behind it (bincode in its fixed-int configuration) can be replaced: the specification describes bytes.

use crate::clause::{Clause, Rejection};
use alloc::vec::Vec;
use bincode::config::{Configuration, Fixint, Limit, LittleEndian};
use bincode::de::read::Reader;
use bincode::enc::write::Writer;
use bincode::error::{DecodeError, EncodeError};
use core::convert::Infallible;
use serde::{Serialize, de::DeserializeOwned};

/// No decoded value may claim more than this, whatever its caller allows.
const CLAIM_BYTES_MAX: usize = 256 << 20;

/// Nor may bytes of our own making: a snapshot, the largest of them, is at most so long.
pub const OWN_BYTES_MAX: usize = 1 << 30;

const CONFIGURATION: Configuration<LittleEndian, Fixint, Limit<CLAIM_BYTES_MAX>> = bincode::config::legacy().with_limit::<CLAIM_BYTES_MAX>();
const OWN: Configuration<LittleEndian, Fixint, Limit<OWN_BYTES_MAX>> = bincode::config::legacy().with_limit::<OWN_BYTES_MAX>();

/// The bytes of `value`.
pub fn encode<T: Serialize>(value: &T) -> Vec<u8> {
    // Encoding fails only for values whose length serde does not know; the limits are those of decoding.
    bincode::serde::encode_to_vec(value, CONFIGURATION).expect("wire structs have known lengths")
}

/// Appends the bytes of `value`.
pub fn append<T: Serialize>(value: &T, out: &mut Vec<u8>) {
    let Ok(()) = encode_to(value, &mut |bytes| {
        out.extend_from_slice(bytes);
        Ok::<(), Infallible>(())
    });
}

/// Gives the bytes of `value` piece by piece, until `sink` has failed.
///
/// # Errors
/// That of `sink`.
pub fn encode_to<T: Serialize, E>(value: &T, sink: &mut dyn FnMut(&[u8]) -> Result<(), E>) -> Result<(), E> {
    struct To<'s, E>(&'s mut dyn FnMut(&[u8]) -> Result<(), E>, Result<(), E>);
    impl<E> Writer for To<'_, E> {
        fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
            self.1 = (self.0)(bytes);
            self.1.as_ref().map(|_| ()).map_err(|_| EncodeError::Other("the sink failed"))
        }
    }
    let mut to = To(sink, Ok(()));
    let encoded = bincode::serde::encode_into_writer(value, &mut to, CONFIGURATION);
    let To(_, told) = to;
    told.inspect(|()| assert!(encoded.is_ok(), "wire structs have known lengths"))
}

/// The value that `bytes` encode; `clause` when they are not exactly one valid encoding of it.
///
/// No allocation is larger than what remains of the input allows: byte strings are borrowed before they are copied, and
/// lists grow as their elements arrive.
pub fn decode<T: Serialize + DeserializeOwned>(bytes: &[u8], clause: &'static Clause) -> Result<T, Rejection> {
    let (value, consumed) = bincode::serde::borrow_decode_from_slice::<Owned<T>, _>(bytes, CONFIGURATION).map_err(|_| Rejection(clause))?;
    if !crate::planted::is("encoding-unchecked") && (consumed != bytes.len() || !is_encoding(&value.0, bytes)) {
        return Err(Rejection(clause));
    }
    Ok(value.0)
}

/// Whether these are the bytes of `value`: compared as they are made.
fn is_encoding<T: Serialize>(value: &T, bytes: &[u8]) -> bool {
    struct Same<'b>(&'b [u8]);
    impl Writer for Same<'_> {
        fn write(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
            self.0 = self.0.strip_prefix(bytes).ok_or(EncodeError::Other("another encoding"))?;
            Ok(())
        }
    }
    let mut same = Same(bytes);
    bincode::serde::encode_into_writer(value, &mut same, CONFIGURATION).is_ok() && same.0.is_empty()
}

/// The value that bytes of our own making encode, whose digest was checked: nothing is encoded again. `None` when they are of
/// another version of this program.
pub fn decode_own<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    let mut rest = bytes;
    let mut fill = |into: &mut [u8]| rest.split_off(..into.len()).map(|next| into.copy_from_slice(next)).is_some();
    decode_own_from(&mut fill).filter(|_| rest.is_empty())
}

/// As [`decode_own`], a piece at a time: `fill` gives the next so many bytes, or says that it cannot. Whether something is left is the
/// caller's to see.
pub fn decode_own_from<T: DeserializeOwned>(fill: &mut dyn FnMut(&mut [u8]) -> bool) -> Option<T> {
    struct From<'f>(&'f mut dyn FnMut(&mut [u8]) -> bool);
    impl Reader for From<'_> {
        fn read(&mut self, bytes: &mut [u8]) -> Result<(), DecodeError> {
            if (self.0)(bytes) { Ok(()) } else { Err(DecodeError::Other("there is no more")) }
        }
    }
    bincode::serde::decode_from_reader(From(fill), OWN).ok()
}

/// The value that the first bytes encode, whatever follows.
pub fn decode_start<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    bincode::serde::borrow_decode_from_slice::<Owned<T>, _>(bytes, CONFIGURATION).ok().map(|(value, _)| value.0)
}

/// Lets an owned value be decoded from a borrowed input.
struct Owned<T>(T);

impl<'de, T: DeserializeOwned> serde::Deserialize<'de> for Owned<T> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        T::deserialize(from).map(Owned)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clause::ENV_CANONICAL;
    use crate::id::Bytes;
    use alloc::string::String;
    use alloc::vec;

    type Sample = (u16, bool, Option<u64>, Bytes, Vec<u32>, String);

    #[test]
    fn layout_is_the_specified_one() {
        let sample: Sample = (0x0102, true, Some(3), Bytes(vec![9, 8]), vec![7], "é".into());
        let bytes = encode(&sample);
        let expected = [
            &[2u8, 1][..],
            &[1],
            &[1],
            &[3, 0, 0, 0, 0, 0, 0, 0],
            &[2, 0, 0, 0, 0, 0, 0, 0],
            &[9, 8],
            &[1, 0, 0, 0, 0, 0, 0, 0],
            &[7, 0, 0, 0],
            &[2, 0, 0, 0, 0, 0, 0, 0],
            "é".as_bytes(),
        ]
        .concat();
        assert_eq!(bytes, expected);
        assert_eq!(decode::<Sample>(&bytes, &ENV_CANONICAL), Ok(sample));
    }

    #[test]
    fn only_our_own_may_be_above_the_claim_limit() {
        let body = Bytes(vec![7; CLAIM_BYTES_MAX]);
        let bytes = encode(&body);
        assert!(decode::<Bytes>(&bytes, &ENV_CANONICAL).is_err());
        assert!(decode_own::<Bytes>(&bytes) == Some(body));
    }

    #[test]
    fn everything_else_is_refused() {
        let sample: Sample = (1, false, None, Bytes(vec![1]), vec![2, 3], "x".into());
        let good = encode(&sample);
        for length in 0..good.len() {
            assert!(decode::<Sample>(&good[..length], &ENV_CANONICAL).is_err(), "prefix {length}");
        }
        let mut longer = good.clone();
        longer.push(0);
        assert!(decode::<Sample>(&longer, &ENV_CANONICAL).is_err(), "trailing byte");
        let mut boolean = good.clone();
        boolean[2] = 2;
        assert!(decode::<Sample>(&boolean, &ENV_CANONICAL).is_err(), "boolean 2");
        let mut huge = good;
        huge[4..12].copy_from_slice(&u64::MAX.to_le_bytes());
        assert!(decode::<Sample>(&huge, &ENV_CANONICAL).is_err(), "length beyond the input");
    }
}
