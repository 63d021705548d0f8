//! A value as it stands in a text that was read: texts are borrowed where they stand there as they are, objects keep the order of
//! their keys. What is only looked at needs no copy of its own; what is to be changed becomes a [`serde_json::Value`].

use serde_json::{Map, Value};
use std::borrow::Cow;

/// What keys are compared by first: their beginning, their end and their length.
fn mark(key: &[u8]) -> u64 {
    let ends = match (key.first_chunk::<8>(), key.last_chunk::<8>()) {
        (Some(first), Some(last)) => u64::from_le_bytes(*first).rotate_left(29) ^ u64::from_le_bytes(*last),
        _ => key.iter().fold(0, |mark, byte| mark << 8 | u64::from(*byte)),
    };
    ends ^ (key.len() as u64) << 56
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree<'t> {
    /// null.
    Null,
    /// true or false.
    Bool(bool),
    /// An integer.
    Number(i64),
    /// A text.
    Text(Cow<'t, str>),
    /// A list.
    List(Vec<Tree<'t>>),
    /// An object.
    Object(Branches<'t>),
}

/// The entries of an object, no key twice. Equal in any order.
#[derive(Clone, Debug, Default)]
pub struct Branches<'t> {
    entries: Vec<(Cow<'t, str>, Tree<'t>)>,
    /// By entry, what most keys are told apart by.
    marks: Vec<u64>,
}

impl<'t> Branches<'t> {
    /// Without an entry, with room for so many.
    pub(crate) fn with_capacity(entries: usize) -> Self {
        Self { entries: Vec::with_capacity(entries), marks: Vec::with_capacity(entries) }
    }

    /// The key of the newest entry.
    pub(crate) fn last(&self) -> Option<&str> {
        self.entries.last().map(|(key, _)| key.as_ref())
    }

    /// Takes an entry in; its key is not there yet.
    pub(crate) fn push(&mut self, key: Cow<'t, str>, value: Tree<'t>) {
        self.marks.push(mark(key.as_bytes()));
        self.entries.push((key, value));
    }

    /// Takes an entry out, where there is one of this key; the order of the others stays.
    pub fn remove(&mut self, key: &str) -> Option<Tree<'t>> {
        let place = self.place(key)?;
        self.marks.remove(place);
        Some(self.entries.remove(place).1)
    }

    /// Puts a value in the place of that of its key, or behind the others.
    pub fn insert(&mut self, key: Cow<'t, str>, value: Tree<'t>) {
        match self.place(&key) {
            Some(place) => self.entries[place].1 = value,
            None => self.push(key, value),
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Tree<'t>> {
        self.place(key).map(|place| &self.entries[place].1)
    }

    fn place(&self, key: &str) -> Option<usize> {
        let wanted = mark(key.as_bytes());
        self.marks.iter().zip(&self.entries).position(|(mark, (known, _))| *mark == wanted && known == key)
    }

    /// The text of a key; empty when it is none or not there.
    pub fn text(&self, key: &str) -> &str {
        self.get(key).and_then(Tree::as_str).unwrap_or_default()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// In the order of the text.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tree<'t>)> {
        self.entries.iter().map(|(key, value)| (key.as_ref(), value))
    }

    /// One that borrows nothing.
    pub fn into_owned(self) -> Branches<'static> {
        let entries = self.entries.into_iter().map(|(key, value)| (Cow::Owned(key.into_owned()), value.into_owned())).collect();
        Branches { entries, marks: self.marks }
    }

    /// A copy that can be changed.
    pub fn to_map(&self) -> Map<String, Value> {
        self.iter().map(|(key, value)| (key.to_owned(), value.to_value())).collect()
    }
}

impl PartialEq for Branches<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl<'t> Tree<'t> {
    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    /// The integer, if it is one.
    pub fn as_i64(&self) -> Option<i64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    /// The elements, if it is a list.
    pub fn as_list(&self) -> Option<&[Tree<'t>]> {
        if let Self::List(values) = self { Some(values) } else { None }
    }

    /// The entries, if it is an object.
    pub fn as_object(&self) -> Option<&Branches<'t>> {
        if let Self::Object(entries) = self { Some(entries) } else { None }
    }

    /// The value of a key, if it is an object that has it.
    pub fn get(&self, key: &str) -> Option<&Tree<'t>> {
        self.as_object()?.get(key)
    }

    /// The integer, if it is one that is not negative.
    pub fn as_u64(&self) -> Option<u64> {
        self.as_i64().and_then(|number| u64::try_from(number).ok())
    }

    /// Whether it is true or false, if it is one of them.
    pub fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(yes) = self { Some(*yes) } else { None }
    }

    /// One that borrows nothing.
    pub fn into_owned(self) -> Tree<'static> {
        match self {
            Self::Null => Tree::Null,
            Self::Bool(yes) => Tree::Bool(yes),
            Self::Number(number) => Tree::Number(number),
            Self::Text(text) => Tree::Text(Cow::Owned(text.into_owned())),
            Self::List(values) => Tree::List(values.into_iter().map(Tree::into_owned).collect()),
            Self::Object(entries) => Tree::Object(entries.into_owned()),
        }
    }

    /// A copy that can be changed.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(yes) => Value::Bool(*yes),
            Self::Number(number) => Value::from(*number),
            Self::Text(text) => Value::String(text.clone().into_owned()),
            Self::List(values) => Value::Array(values.iter().map(Tree::to_value).collect()),
            Self::Object(entries) => Value::Object(entries.to_map()),
        }
    }
}

/// What no record holds, such as a fraction, becomes null.
impl<'t> From<&'t Value> for Tree<'t> {
    fn from(value: &'t Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(yes) => Self::Bool(*yes),
            Value::Number(number) => number.as_i64().map_or(Self::Null, Self::Number),
            Value::String(text) => Self::Text(Cow::Borrowed(text)),
            Value::Array(values) => Self::List(values.iter().map(Tree::from).collect()),
            Value::Object(map) => {
                let mut entries = Branches::with_capacity(map.len());
                map.iter().for_each(|(key, value)| entries.push(Cow::Borrowed(key), Tree::from(value)));
                Self::Object(entries)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(keys: &[&str]) -> Branches<'static> {
        let mut object = Branches::with_capacity(0);
        keys.iter().zip(0..).for_each(|(key, number)| object.push(Cow::Owned((*key).to_owned()), Tree::Number(number)));
        object
    }

    #[test]
    fn each_key_is_found_and_no_other() {
        // Of every length; and one that begins and ends as another does.
        let mut keys: Vec<String> = (0..40).map(|length| "a".repeat(length)).collect();
        keys.push(format!("{}b{}", "a".repeat(8), "a".repeat(8)));
        let names: Vec<&str> = keys.iter().map(String::as_str).collect();
        assert_eq!(mark(names[17].as_bytes()), mark(names[40].as_bytes()));
        let all = object(&names);
        for (key, number) in names.iter().zip(0..) {
            assert_eq!(all.get(key), Some(&Tree::Number(number)), "{key}");
        }
        for other in ["b", "ab", "aaaaaaaab", "aaaaaaaacaaaaaaaa", &"a".repeat(40)] {
            assert_eq!(all.get(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_put_in_and_taken_out_is_seen() {
        let mut some = object(&["b", "a", "c"]);
        assert_eq!(some.remove("a"), Some(Tree::Number(1)));
        assert_eq!((some.remove("a"), some.len(), some.get("c")), (None, 2, Some(&Tree::Number(2))));
        some.insert("c".into(), Tree::Null);
        some.insert("a".into(), Tree::Number(1));
        assert_eq!(some.iter().map(|(key, _)| key).collect::<Vec<_>>(), ["b", "c", "a"]);
        let mut other = object(&["a", "b"]);
        assert_ne!(some, other, "fewer");
        other.insert("c".into(), Tree::Null);
        assert_ne!(some, other, "other values");
        (0..2).zip(["b", "a"]).for_each(|(number, key)| other.insert(key.into(), Tree::Number(number)));
        assert_eq!(some, other, "in any order");
        assert_eq!(some.clone().into_owned(), some);
        assert_eq!(Tree::from(&Value::Object(some.to_map())), Tree::Object(some));
    }
}
