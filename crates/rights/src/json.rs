//! Records as bytes: the strict reader and the canonical writer.
//!
//! The reader takes one JSON value in UTF-8 without a byte order mark, no key twice, no number but integers that every reader keeps,
//! within the limits named here. So the canonical form of RFC 8785 needs no rule for floats, and what is read and written again is
//! the same bytes on every machine.

use crate::fault::{self, Fault};
use crate::scalar::INTEGER_MAX;
use crate::tree::{Branches, Tree};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

/// Largest record, bytes.
pub const RECORD_BYTES_MAX: usize = 1 << 20;
/// Most objects and lists within one another.
pub const RECORD_DEPTH_MAX: usize = 16;

/// Fields that most records do not exceed: room for them is made at once.
const FIELDS_USUAL: usize = 28;
/// Bytes that most records do not exceed. An allocation of 1 KiB or more would cost the allocator a sweep over what was freed.
const USUAL_BYTES: usize = 960;

/// Reads one value.
pub fn read(bytes: &[u8]) -> Result<Value, Fault> {
    read_tree(bytes).map(|tree| tree.to_value())
}

/// Reads one value, which borrows from the bytes.
pub fn read_tree(bytes: &[u8]) -> Result<Tree<'_>, Fault> {
    if bytes.len() > RECORD_BYTES_MAX {
        return Err(Fault::limited(&fault::TOO_LARGE, "", RECORD_BYTES_MAX as u64));
    }
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(Fault::new(&fault::BYTE_ORDER_MARK, ""));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Fault::new(&fault::NOT_UTF8, ""))?;
    // Where it is, the reader only notes when there is something to tell: the second time.
    read_text(text, &Reading::default()).or_else(|_| read_text(text, &Reading { tracks: true, ..Reading::default() }))
}

fn read_text<'t>(text: &'t str, reading: &Reading) -> Result<Tree<'t>, Fault> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict { reading, depth: 0 }.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|_| reading.fault.take().unwrap_or_else(|| Fault::new(&fault::NOT_JSON, "")))
}

/// The canonical form (RFC 8785) of a value that [`read`] gave.
pub fn canonical(value: &Value) -> Vec<u8> {
    canonical_tree(&Tree::from(value))
}

/// The same of one that [`read_tree`] gave.
pub fn canonical_tree(value: &Tree<'_>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    write(value, &mut bytes);
    bytes
}

/// The canonical form of an object of these entries, no key twice, in any order.
pub fn canonical_of<'v, 't: 'v>(entries: impl Iterator<Item = (&'v str, &'v Tree<'t>)>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(USUAL_BYTES);
    write_entries(entries.collect(), &mut bytes);
    bytes
}

fn write(value: &Tree<'_>, into: &mut Vec<u8>) {
    match value {
        Tree::Object(entries) => write_entries(entries.iter().collect(), into),
        Tree::List(values) => {
            into.push(b'[');
            for (place, value) in values.iter().enumerate() {
                separate(place, into);
                write(value, into);
            }
            into.push(b']');
        }
        Tree::Text(text) => write_text(text, into),
        Tree::Number(number) => serde_json::to_writer(into, number).expect("a number can be written into memory"),
        Tree::Bool(yes) => into.extend_from_slice(if *yes { b"true" } else { b"false" }),
        Tree::Null => into.extend_from_slice(b"null"),
    }
}

/// In the order of their keys' UTF-16 code units, which for ASCII is that of the bytes.
fn write_entries(mut entries: Vec<(&str, &Tree<'_>)>, into: &mut Vec<u8>) {
    if entries.iter().all(|(key, _)| key.is_ascii()) {
        entries.sort_unstable_by_key(|(key, _)| *key);
    } else {
        entries.sort_unstable_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
    }
    into.push(b'{');
    for (place, (key, value)) in entries.into_iter().enumerate() {
        separate(place, into);
        write_text(key, into);
        into.push(b':');
        write(value, into);
    }
    into.push(b'}');
}

fn separate(place: usize, into: &mut Vec<u8>) {
    if place > 0 {
        into.push(b',');
    }
}

fn write_text(text: &str, into: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    into.push(b'"');
    // Without a branch for each byte: hardly a text has one that is not written as it is.
    if !bytes.iter().fold(false, |found, byte| found | (*byte < 0x20) | (*byte == b'"') | (*byte == b'\\')) {
        into.extend_from_slice(bytes);
        into.push(b'"');
        return;
    }
    let mut written = 0;
    for (place, byte) in bytes.iter().copied().enumerate() {
        let short = match byte {
            b'"' | b'\\' => byte,
            0x8 => b'b',
            b'\t' => b't',
            b'\n' => b'n',
            0xc => b'f',
            b'\r' => b'r',
            0x20.. => continue,
            _ => b'u',
        };
        into.extend_from_slice(&bytes[written..place]);
        into.extend_from_slice(&[b'\\', short]);
        if short == b'u' {
            into.extend_from_slice(format!("{byte:04x}").as_bytes());
        }
        written = place + 1;
    }
    into.extend_from_slice(&bytes[written..]);
    into.push(b'"');
}

/// Where the reader is, and the fault that it stopped at: serde's errors carry nothing but text.
#[derive(Default)]
struct Reading {
    tracks: bool,
    path: RefCell<Vec<String>>,
    fault: RefCell<Option<Fault>>,
}

impl Reading {
    fn stop<E: Error>(&self, clause: &'static fault::Clause, limit: Option<u64>) -> E {
        let field = self.path.borrow().concat().trim_start_matches('.').to_owned();
        self.fault.replace(Some(Fault { clause, field, limit }));
        E::custom(clause.code)
    }
}

struct Strict<'r> {
    reading: &'r Reading,
    depth: usize,
}

impl Strict<'_> {
    /// The reader of a value one deeper, at that step of the path.
    fn below(&self, step: impl FnOnce() -> String) -> Strict<'_> {
        if self.reading.tracks {
            self.reading.path.borrow_mut().push(step());
        }
        Strict { reading: self.reading, depth: self.depth + 1 }
    }

    fn up(&self) {
        if self.reading.tracks {
            self.reading.path.borrow_mut().pop();
        }
    }

    fn enter<E: Error>(&self) -> Result<(), E> {
        if self.depth == RECORD_DEPTH_MAX { Err(self.reading.stop(&fault::TOO_DEEP, Some(RECORD_DEPTH_MAX as u64))) } else { Ok(()) }
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Tree<'de>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Tree<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Tree<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<Tree<'de>, E> {
        Ok(Tree::Bool(value))
    }
    fn visit_unit<E: Error>(self) -> Result<Tree<'de>, E> {
        Ok(Tree::Null)
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Tree<'de>, E> {
        if (-INTEGER_MAX..=INTEGER_MAX).contains(&value) { Ok(Tree::Number(value)) } else { Err(self.reading.stop(&fault::NUMBER, None)) }
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Tree<'de>, E> {
        i64::try_from(value).map_or_else(|_| Err(self.reading.stop(&fault::NUMBER, None)), |value| self.visit_i64(value))
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<Tree<'de>, E> {
        Err(self.reading.stop(&fault::NUMBER, None))
    }
    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Borrowed(value)))
    }
    fn visit_str<E: Error>(self, value: &str) -> Result<Tree<'de>, E> {
        Ok(Tree::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Tree<'de>, A::Error> {
        self.enter()?;
        let mut values = Vec::new();
        while let Some(value) = access.next_element_seed(self.below(|| format!("[{}]", values.len())))? {
            self.up();
            values.push(value);
        }
        self.up();
        Ok(Tree::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Tree<'de>, A::Error> {
        self.enter()?;
        let mut entries = Branches::with_capacity(if self.depth == 0 { FIELDS_USUAL } else { 0 });
        // All keys, once one of them came out of order: those of canonical records do not.
        let mut unordered: Option<HashSet<Cow<'de, str>>> = None;
        while let Some(key) = access.next_key_seed(Key)? {
            let below = self.below(|| format!(".{}", fault::shown(&key)));
            if unordered.is_none() && entries.last().is_some_and(|last| last >= key.as_ref()) {
                unordered = Some(entries.iter().map(|(key, _)| Cow::Owned(key.to_owned())).collect());
            }
            if unordered.as_mut().is_some_and(|keys| !keys.insert(key.clone())) {
                return Err(self.reading.stop(&fault::DUPLICATE_KEY, None));
            }
            entries.push(key, access.next_value_seed(below)?);
            self.up();
        }
        Ok(Tree::Object(entries))
    }
}

/// A key of an object.
struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = Cow<'de, str>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key {
    type Value = Cow<'de, str>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }
    fn visit_borrowed_str<E: Error>(self, key: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(key))
    }
    fn visit_str<E: Error>(self, key: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}
