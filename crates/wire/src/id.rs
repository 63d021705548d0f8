//! Ids and digests as types of their own: full hex in `Display`, eight digits in `Debug`, raw bytes on the wire.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

macro_rules! fixed {
    ($(#[$doc:meta])* $name:ident $bytes:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $bytes]);

        impl $name {
            /// All bytes zero.
            pub const ZERO: Self = Self([0; $bytes]);
            /// Reads exactly the lower-case hex that `Display` writes.
            pub fn from_hex(text: &str) -> Option<Self> {
                let text = text.as_bytes();
                if text.len() != $bytes * 2 {
                    return None;
                }
                let mut bytes = [0; $bytes];
                for (byte, pair) in bytes.iter_mut().zip(text.chunks(2)) {
                    *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
                }
                Some(Self(bytes))
            }
        }
        impl Default for $name {
            fn default() -> Self {
                Self::ZERO
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Hex(&self.0).fmt(f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0[..4].iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                if to.is_human_readable() { to.collect_str(self) } else { write_fixed(&self.0, to) }
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                if from.is_human_readable() {
                    let text = String::deserialize(from)?;
                    Self::from_hex(&text).ok_or_else(|| de::Error::custom("not lower-case hex of the right length"))
                } else {
                    let mut bytes = [0; $bytes];
                    read_fixed(&mut bytes, from).map(|()| Self(bytes))
                }
            }
        }
    };
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

fixed!(
    /// A BLAKE3-256 digest (or a value derived in its key derivation mode).
    Digest 32
);
fixed!(
    /// A zone: the digest of its public card.
    ZoneId 32
);
fixed!(
    /// The random id of one package, receipt or label.
    PackageId 16
);
fixed!(
    /// The random id of one life of a ledger.
    Incarnation 16
);
fixed!(
    /// A route: derived from its zones and its name.
    RouteId 16
);
fixed!(
    /// The random id of one medium.
    MediumId 16
);
fixed!(
    /// The id of one business transaction.
    TransactionId 16
);

/// The id of an item: bytes, never a path until it was checked (clause PKG-07).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ItemId(pub Vec<u8>);

impl fmt::Display for ItemId {
    /// Readable and unambiguous on a terminal: control characters, backslashes and bytes that are not UTF-8 as `\xNN`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                if character == '\\' || character.is_control() || is_bidirectional_control(character) {
                    let mut buffer = [0; 4];
                    for byte in character.encode_utf8(&mut buffer).bytes() {
                        write!(f, "\\x{byte:02x}")?;
                    }
                } else {
                    write!(f, "{character}")?;
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

/// Characters that reorder the text around them and so can make a name look like another.
fn is_bidirectional_control(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl fmt::Debug for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Serialize for ItemId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() { to.collect_str(self) } else { to.serialize_bytes(&self.0) }
    }
}
impl<'de> Deserialize<'de> for ItemId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Bytes::deserialize(from).map(|bytes| Self(bytes.0))
    }
}

/// Bytes of a length that the reader checks against what is left of the input before it allocates.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Bytes(pub Vec<u8>);

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}
impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() { to.collect_str(&ItemId(self.0.clone())) } else { to.serialize_bytes(&self.0) }
    }
}
impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Borrowed;
        impl de::Visitor<'_> for Borrowed {
            type Value = Bytes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }
        }
        from.deserialize_bytes(Borrowed)
    }
}

/// Bytes of one fixed length, without a length on the wire; for those that serde has no array of.
#[derive(Clone, PartialEq, Eq)]
pub struct Fixed<const N: usize>(pub Box<[u8; N]>);

impl<const N: usize> fmt::Debug for Fixed<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().take(4).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
impl<const N: usize> Serialize for Fixed<N> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if to.is_human_readable() {
            return to.collect_str(&Hex(self.0.as_slice()));
        }
        write_fixed(self.0.as_slice(), to)
    }
}
impl<'de, const N: usize> Deserialize<'de> for Fixed<N> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut bytes = Box::new([0; N]);
        read_fixed(bytes.as_mut_slice(), from).map(|()| Self(bytes))
    }
}

/// Writes bytes of a fixed length as little-endian numbers of 16 bytes each: the same bytes, in a sixteenth of the steps.
fn write_fixed<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    let (numbers, rest) = bytes.as_chunks::<16>();
    let mut tuple = to.serialize_tuple(numbers.len() + rest.len())?;
    numbers.iter().try_for_each(|number| tuple.serialize_element(&u128::from_le_bytes(*number)))?;
    rest.iter().try_for_each(|byte| tuple.serialize_element(byte))?;
    tuple.end()
}

/// Reads what [`write_fixed`] wrote.
fn read_fixed<'de, D: Deserializer<'de>>(bytes: &mut [u8], from: D) -> Result<(), D::Error> {
    struct Numbers<'b>(&'b mut [u8]);
    impl<'de> de::Visitor<'de> for Numbers<'_> {
        type Value = ();
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{} bytes", self.0.len())
        }
        fn visit_seq<A: de::SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
            let short = || de::Error::custom("fewer bytes than their length says");
            let (numbers, rest) = self.0.as_chunks_mut::<16>();
            for number in numbers {
                *number = elements.next_element::<u128>()?.ok_or_else(short)?.to_le_bytes();
            }
            for byte in rest {
                *byte = elements.next_element()?.ok_or_else(short)?;
            }
            Ok(())
        }
    }
    let steps = bytes.len() / 16 + bytes.len() % 16;
    from.deserialize_tuple(steps, Numbers(bytes))
}

/// Bytes as lower-case hex.
struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
        self.0.chunks(32).try_for_each(|bytes| {
            let mut text = [0; 64];
            for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
                pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
            }
            f.write_str(core::str::from_utf8(&text[..2 * bytes.len()]).map_err(|_| fmt::Error)?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn hex_of_any_length_is_two_digits_a_byte() {
        for length in [0, 1, 31, 32, 33, 64, 65] {
            let bytes: Vec<u8> = (0..length).map(|n: u8| n.wrapping_mul(37)).collect();
            assert_eq!(format!("{}", Hex(&bytes)), bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), "{length}");
        }
    }

    #[test]
    fn hex_there_and_back() {
        let id = PackageId([0xa5; 16]);
        assert_eq!(PackageId::from_hex(&format!("{id}")), Some(id));
        assert_eq!(format!("{id:?}"), "a5a5a5a5");
        for wrong in ["", "a5", "A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5", "g5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5"] {
            assert_eq!(PackageId::from_hex(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn ids_print_without_control_characters() {
        for (bytes, shown) in [
            (&b"a b"[..], "a b"),
            ("地契/一.json".as_bytes(), "地契/一.json"),
            (b"\xff\x1b[2J", "\\xff\\x1b[2J"),
            (b"a\\x41", "a\\x5cx41"),
            ("a\u{202e}b".as_bytes(), "a\\xe2\\x80\\xaeb"),
        ] {
            assert_eq!(format!("{}", ItemId(bytes.to_vec())), shown);
        }
    }
}
