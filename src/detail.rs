//! What was seen of a problem, in the reader's language: finds the English sentence that a detail was made from in `details.toml`
//! and fills the Chinese one with the same values, as gettext does, but from the finished sentence.
//!
//! Guarantees: what is not there stays as it is; values are text and nothing else; the time is linear in the length of the
//! detail. It makes nothing harmless that comes from outside: the page prints the result as it prints the English.

use std::sync::LazyLock;

use crate::language::Language;
use crate::texts::{Texts, next_placeholder};

/// Details within details are looked at so deep.
const DEPTH_MAX: usize = 8;

/// A sentence: what stands around its values in English, the values' names, and the Chinese sentence.
struct Entry {
    /// One more than there are names.
    around: Vec<String>,
    /// A name with `*` at its end is a detail of its own, or nothing; one with `#` is digits.
    names: Vec<String>,
    chinese: String,
    /// Only a frame around details: without one that is known it is somebody else's sentence.
    composed: bool,
}

/// The sentences, the one with most characters of its own first.
static TABLE: LazyLock<Vec<Entry>> = LazyLock::new(|| read(include_str!("details.toml")).expect("details.toml is compiled in, and a test reads it"));

/// The detail in the language of the texts.
pub fn said(detail: &str, texts: &Texts) -> String {
    match texts.language {
        Language::English => None,
        Language::Chinese => found(detail, texts, DEPTH_MAX),
    }
    .unwrap_or_else(|| detail.to_owned())
}

/// The detail in Chinese, where a sentence of the table is what it was made from.
fn found(detail: &str, texts: &Texts, depth: usize) -> Option<String> {
    let depth = depth.checked_sub(1)?;
    TABLE.iter().find_map(|entry| {
        let values = entry.values(detail)?;
        let named = entry.names.iter().zip(values);
        let inner = named.map(|(name, value)| (name, value, if name.ends_with('*') { found(value, texts, depth) } else { None }));
        let inner: Vec<(&String, &str, Option<String>)> = inner.collect();
        let known = !entry.composed || inner.iter().any(|(_, _, said)| said.is_some());
        let values: Vec<(&str, &str)> = inner.iter().map(|(name, value, said)| (name.as_str(), said.as_deref().unwrap_or(value))).collect();
        known.then(|| texts.replace(&entry.chinese, &values))
    })
}

impl Entry {
    fn new(english: &str, chinese: &str, composed: bool) -> Self {
        let (mut around, mut names, mut rest) = (Vec::new(), Vec::new(), english);
        while let Some((before, name, after)) = next_placeholder(rest) {
            around.push(before.to_owned());
            names.push(name.to_owned());
            rest = after;
        }
        around.push(rest.to_owned());
        Self { around, names, chinese: chinese.to_owned(), composed }
    }

    /// Characters of its own.
    fn weight(&self) -> usize {
        self.around.iter().map(|part| part.chars().count()).sum()
    }

    /// The values that a detail has in the places of the names, if it was made from this sentence; the first are as short as they
    /// can be. Each part is looked for once, behind the one before.
    fn values<'d>(&self, detail: &'d str) -> Option<Vec<&'d str>> {
        let ((first, last), names) = (self.around.split_first()?, &self.names);
        let Some((last, between)) = last.split_last() else {
            return (detail == first).then(Vec::new);
        };
        let mut rest = detail.strip_prefix(first.as_str())?.strip_suffix(last.as_str())?;
        let mut values = Vec::with_capacity(names.len());
        for (part, name) in between.iter().zip(names) {
            let least = if name.ends_with('*') { 0 } else { rest.chars().next()?.len_utf8() };
            let at = least + rest[least..].find(part.as_str())?;
            values.push(&rest[..at]);
            rest = &rest[at + part.len()..];
        }
        values.push(rest);
        let fits = |name: &String, value: &str| match name.chars().last() {
            Some('*') => true,
            Some('#') => !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()),
            _ => !value.is_empty(),
        };
        names.iter().zip(&values).all(|(name, value)| fits(name, value)).then_some(values)
    }
}

/// Reads the table: groups of sentences.
fn read(source: &str) -> Result<Vec<Entry>, String> {
    let table: toml::Table = source.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let mut entries = Vec::new();
    for (group, sentences) in &table {
        for (english, chinese) in sentences.as_table().ok_or_else(|| format!("{group} is no group"))? {
            let chinese = chinese.as_str().ok_or_else(|| format!("{english} has no text"))?;
            entries.push(Entry::new(english, chinese, group == "composed"));
        }
    }
    entries.sort_by_key(|entry| std::cmp::Reverse(entry.weight()));
    Ok(entries)
}

#[cfg(test)]
mod tests;
