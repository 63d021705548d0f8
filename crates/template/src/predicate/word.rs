//! The words of a predicate, each with the character that it begins at, counted from 1.

use super::Wrong;
use crate::fault;

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Word {
    /// A name, or several with dots between them.
    Name(String),
    /// What stands between two `'`.
    Text(String),
    /// A number.
    Number(String),
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`, a bracket or a comma.
    Sign(&'static str),
}

const SIGNS: [&str; 11] = ["!=", "<=", ">=", "=", "<", ">", "(", ")", "[", "]", ","];

/// Splits a predicate into words.
pub fn split(text: &str) -> Result<Vec<(usize, Word)>, Wrong> {
    let mut words = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        let Some(first) = rest.chars().next() else { return Ok(words) };
        let place = text[..text.len() - rest.len()].chars().count() + 1;
        let wrong = || Wrong::new(&fault::GRAMMAR, format!("{place}"));
        let (length, word) = if let Some(sign) = SIGNS.into_iter().find(|sign| rest.starts_with(sign)) {
            (sign.len(), Word::Sign(sign))
        } else if first == '\'' {
            let (length, text) = quoted(rest).ok_or_else(wrong)?;
            (length, Word::Text(text))
        } else if first.is_ascii_lowercase() {
            let length = rest.find(|character: char| !(character.is_ascii_lowercase() || character.is_ascii_digit() || "_.".contains(character)));
            let name = &rest[..length.unwrap_or(rest.len())];
            if name.split('.').any(|part| !part.starts_with(|character: char| character.is_ascii_lowercase())) {
                return Err(wrong());
            }
            (name.len(), Word::Name(name.to_owned()))
        } else if first.is_ascii_digit() || first == '-' {
            let length = rest[1..].find(|character: char| !(character.is_ascii_digit() || character == '.')).map_or(rest.len(), |length| length + 1);
            (length, Word::Number(rest[..length].to_owned()))
        } else {
            return Err(wrong());
        };
        words.push((place, word));
        rest = &rest[length..];
    }
}

/// The text at the beginning, with `''` for `'`, and its length with its quotes.
fn quoted(rest: &str) -> Option<(usize, String)> {
    let (mut text, mut place) = (String::new(), 1);
    loop {
        let length = rest[place..].find('\'')?;
        text.push_str(&rest[place..place + length]);
        place += length + 1;
        if !rest[place..].starts_with('\'') {
            return Some((place, text));
        }
        text.push('\'');
        place += 1;
    }
}
