//! Every text for people, in English and Chinese, by key, from `texts.toml`.
//!
//! Guarantees, held by tests: each key has both languages, both have the same placeholders, each key that the sources use
//! exists, and no key is unused. It does not format numbers, tables or names: that is `page`.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::language::Language;

/// Text by key: English, Chinese.
static TABLE: LazyLock<BTreeMap<String, [String; 2]>> =
    LazyLock::new(|| read(include_str!("texts.toml")).expect("texts.toml is compiled in, and a test reads it"));

/// The texts in one language. The first receipt that one of them names is introduced as the verification package it is.
#[derive(Debug)]
pub struct Texts {
    /// The language.
    pub language: Language,
    introduced: AtomicBool,
}

impl Texts {
    /// Texts in this language, for a reader who has met no receipt yet.
    pub fn new(language: Language) -> Self {
        Self { language, introduced: AtomicBool::new(false) }
    }

    /// The text of `key`.
    pub fn text(&self, key: &str) -> String {
        self.fill(key, &[])
    }

    /// The text of `key` with its `{name}` placeholders filled.
    pub fn fill(&self, key: &str, values: &[(&str, &str)]) -> String {
        self.known(key, values).unwrap_or_else(|| unreachable!("no text {key}: a test holds that each key that is used exists"))
    }

    /// As `fill`, for keys that come from elsewhere and may be unknown.
    pub fn known(&self, key: &str, values: &[(&str, &str)]) -> Option<String> {
        let [english, chinese] = TABLE.get(key)?;
        let text = match self.language {
            Language::English => english,
            Language::Chinese => chinese,
        };
        Some(self.replace(text, values))
    }

    /// A word of a report (`family` names the field) in the reader's language; as it is where the texts do not know it.
    pub fn word(&self, family: &str, word: &str) -> String {
        self.known(&format!("{family}.{word}"), &[]).unwrap_or_else(|| word.into())
    }

    /// A text with its placeholders filled, once: what a value holds is not looked at.
    pub(crate) fn replace(&self, text: &str, values: &[(&str, &str)]) -> String {
        let mut filled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, name, after)) = next_placeholder(rest) {
            filled.push_str(before);
            match values.iter().find(|(known, _)| *known == name) {
                Some((_, value)) => filled.push_str(value),
                None => filled.push_str(&self.receipt(name)),
            }
            rest = after;
        }
        filled + rest
    }

    /// The word for a receipt: with its full name the first time, short from then on.
    fn receipt(&self, placeholder: &str) -> String {
        let first = !self.introduced.swap(true, Ordering::Relaxed);
        match (placeholder, self.language, first) {
            ("receipt" | "receipts", Language::Chinese, true) => "回执（校验数据包）".into(),
            ("receipt" | "receipts", Language::Chinese, false) => "回执".into(),
            ("receipt", Language::English, true) => "receipt (verification package)".into(),
            ("receipts", Language::English, true) => "receipts (verification packages)".into(),
            ("receipt" | "receipts", Language::English, false) => placeholder.into(),
            _ => unreachable!("a test holds that each placeholder of a text is filled: {placeholder}"),
        }
    }
}

/// Splits a text at its first `{name}`.
pub(crate) fn next_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}').expect("a test holds that braces are paired");
    Some((before, name, after))
}

/// Reads the table: a table that holds `en` and `zh` is a text, every other one a level of the key.
fn read(source: &str) -> Result<BTreeMap<String, [String; 2]>, String> {
    fn collect(prefix: &str, table: &toml::Table, into: &mut BTreeMap<String, [String; 2]>) -> Result<(), String> {
        for (name, value) in table {
            let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            let table = value.as_table().ok_or_else(|| format!("{key} is no table"))?;
            let language = |word: &str| table.get(word).and_then(toml::Value::as_str).map(str::to_owned);
            match (language("en"), language("zh")) {
                (Some(english), Some(chinese)) if table.len() == 2 => {
                    into.insert(key, [english, chinese]);
                }
                (None, None) => collect(&key, table, into)?,
                _ => return Err(format!("{key} needs en and zh and nothing else")),
            }
        }
        Ok(())
    }
    let mut texts = BTreeMap::new();
    let table: toml::Table = source.parse().map_err(|error: toml::de::Error| error.to_string())?;
    collect("", &table, &mut texts)?;
    Ok(texts)
}

#[cfg(test)]
mod tests;
