//! Records as bytes: the strict reader and the canonical writer.
//!
//! The reader takes one JSON value in UTF-8 without a byte order mark, no key twice, no number but integers that every reader keeps,
//! within the limits named here. So the canonical form of RFC 8785 needs no rule for floats, and what is read and written again is
//! the same bytes on every machine.

use crate::fault::{self, Fault};
use crate::scalar::INTEGER_MAX;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};
use std::cell::RefCell;
use std::cmp::Ordering;
use std::fmt;

/// Largest record, bytes.
pub const RECORD_BYTES_MAX: usize = 1 << 20;
/// Most objects and lists within one another.
pub const RECORD_DEPTH_MAX: usize = 16;

/// Fields that most records do not exceed: room for them is made at once.
const FIELDS_USUAL: usize = 28;

/// Reads one value.
pub fn read(bytes: &[u8]) -> Result<Value, Fault> {
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

fn read_text(text: &str, reading: &Reading) -> Result<Value, Fault> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = Strict { reading, depth: 0 }.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|_| reading.fault.take().unwrap_or_else(|| Fault::new(&fault::NOT_JSON, "")))
}

/// The canonical form (RFC 8785) of a value that [`read`] gave.
pub fn canonical(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    write(value, &mut bytes);
    bytes
}

/// The canonical form of an object.
pub fn canonical_object(map: &Map<String, Value>) -> Vec<u8> {
    canonical_of(map.iter().map(|(key, value)| (key.as_str(), value)))
}

/// The canonical form of an object of these entries, no key twice, in any order.
pub fn canonical_of<'v>(entries: impl Iterator<Item = (&'v str, &'v Value)>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(1024);
    write_entries(entries.collect(), &mut bytes);
    bytes
}

fn write(value: &Value, into: &mut Vec<u8>) {
    match value {
        Value::Object(map) => write_object(map, into),
        Value::Array(values) => {
            into.push(b'[');
            for (place, value) in values.iter().enumerate() {
                separate(place, into);
                write(value, into);
            }
            into.push(b']');
        }
        Value::String(text) => write_text(text, into),
        Value::Number(number) => serde_json::to_writer(into, number).expect("a number can be written into memory"),
        Value::Bool(yes) => into.extend_from_slice(if *yes { b"true" } else { b"false" }),
        Value::Null => into.extend_from_slice(b"null"),
    }
}

fn write_object(map: &Map<String, Value>, into: &mut Vec<u8>) {
    write_entries(map.iter().map(|(key, value)| (key.as_str(), value)).collect(), into);
}

fn write_entries(mut entries: Vec<(&str, &Value)>, into: &mut Vec<u8>) {
    entries.sort_unstable_by(|(left, _), (right, _)| order(left, right));
    into.push(b'{');
    for (place, (key, value)) in entries.into_iter().enumerate() {
        separate(place, into);
        write_text(key, into);
        into.push(b':');
        write(value, into);
    }
    into.push(b'}');
}

/// By UTF-16 code units, which for ASCII is the order of the bytes.
fn order(left: &str, right: &str) -> Ordering {
    if left.is_ascii() && right.is_ascii() { left.cmp(right) } else { left.encode_utf16().cmp(right.encode_utf16()) }
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
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        if (-INTEGER_MAX..=INTEGER_MAX).contains(&value) { Ok(Value::Number(Number::from(value))) } else { Err(self.reading.stop(&fault::NUMBER, None)) }
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        i64::try_from(value).map_or_else(|_| Err(self.reading.stop(&fault::NUMBER, None)), |value| self.visit_i64(value))
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<Value, E> {
        Err(self.reading.stop(&fault::NUMBER, None))
    }
    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }
    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut values = Vec::new();
        while let Some(value) = access.next_element_seed(self.below(|| format!("[{}]", values.len())))? {
            self.up();
            values.push(value);
        }
        self.up();
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut map = Map::with_capacity(if self.depth == 0 { FIELDS_USUAL } else { 0 });
        while let Some(key) = access.next_key::<String>()? {
            let below = self.below(|| format!(".{}", fault::shown(&key)));
            let Entry::Vacant(vacant) = map.entry(key) else { return Err(self.reading.stop(&fault::DUPLICATE_KEY, None)) };
            vacant.insert(access.next_value_seed(below)?);
            self.up();
        }
        Ok(Value::Object(map))
    }
}
