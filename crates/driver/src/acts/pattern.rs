//! PATTERN: which items a person means.
//!
//! A glob over the bytes of an item's path, read as people read them: one unit is a character, or a byte that is no part of
//! one. `?` is one unit and `*` any number of them within a component; `**` crosses `/`, and `**/` is any number of folders,
//! none included; `[a-c]` and `[!a-c]` are one unit of a set; `{a,b}` is either; a `[` or `{` that nothing closes is itself.
//! `\` takes the next character as it is, and `\xNN` is a byte, as items are printed. A pattern that spells an item's name as
//! printed matches it whatever else it means.
//!
//! Its own because the well-known glob libraries match bytes (`?` would be a third of a Chinese character) and take
//! patterns as text, in which a byte that is no character cannot be written.

use std::collections::HashSet;
use wire::ItemId;

use crate::report::Failure;

/// A character, or `BYTE` + a byte that is no part of one.
type Unit = u32;
/// One past the last character.
const BYTE: Unit = 0x11_0000;
const SLASH: Unit = '/' as Unit;
/// How many patterns the braces of one may stand for.
const ALTERNATIVES_MAX: usize = 1024;

/// One step of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    /// This unit.
    One(Unit),
    /// Any unit but `/`.
    Any,
    /// A unit within (or, negated, outside) these ranges, never `/`.
    Set { negated: bool, ranges: Vec<(Unit, Unit)> },
    /// Any number of units but `/`.
    Run,
    /// Any number of units.
    Cross,
    /// Any number of whole folders; always followed by `InFolders`.
    Folders,
    /// Within such folders.
    InFolders,
}

/// A unit of a pattern, and whether it may mean more than itself.
type Written = (Unit, bool);

/// Patterns, ready to be compared with items.
#[derive(Clone, Debug, Default)]
pub struct Matcher {
    exact: HashSet<Vec<u8>>,
    globs: Vec<Glob>,
}

/// A pattern without braces.
#[derive(Clone, Debug)]
struct Glob {
    tokens: Vec<Token>,
    /// The bytes that every path ends with that it matches: most paths of an archive are told by them alone.
    end: Vec<u8>,
    /// Before these bytes it has nothing but any number of folders.
    in_any_folder: bool,
}

/// Reads patterns; an item matches when any of them does, and none matches when there are none.
///
/// # Errors
/// `USE-01` for a pattern that is not well formed.
pub fn patterns(texts: &[String]) -> Result<Matcher, Failure> {
    let mut matcher = Matcher::default();
    for text in texts {
        let wrong = |detail: &str| Failure::new("USE-01", text, detail);
        matcher.exact.insert(text.clone().into_bytes());
        matcher.exact.extend(written(text, false).ok().map(|(bytes, _)| bytes));
        let (bytes, meta) = written(text, true).map_err(wrong)?;
        for alternative in alternatives(&units_of_pattern(&bytes, &meta)).map_err(wrong)? {
            matcher.globs.push(Glob::of(tokens(&alternative)));
        }
    }
    Ok(matcher)
}

impl Matcher {
    /// Whether one of the patterns means this item.
    pub fn is_match(&self, id: &ItemId) -> bool {
        self.exact.contains(&id.0) || self.globs.iter().any(|glob| glob.is_match(&id.0))
    }
}

impl Glob {
    fn of(tokens: Vec<Token>) -> Self {
        let plain = tokens.iter().rev().map_while(|token| if let Token::One(unit) = token { Some(*unit) } else { None });
        let mut last: Vec<Unit> = plain.collect();
        last.reverse();
        let end = bytes_of(&last);
        let in_any_folder = matches!(tokens[..tokens.len() - last.len()], [Token::Folders, Token::InFolders]) && units(&end) == last;
        Self { end, in_any_folder, tokens }
    }

    fn is_match(&self, path: &[u8]) -> bool {
        match path.strip_suffix(self.end.as_slice()) {
            None => false,
            Some(before) if self.in_any_folder => before.is_empty() || before.ends_with(b"/"),
            Some(_) => matches(&self.tokens, &units(path)),
        }
    }
}

/// The bytes of units.
fn bytes_of(units: &[Unit]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for unit in units {
        match char::from_u32(*unit) {
            Some(character) => bytes.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes()),
            None => bytes.extend(u8::try_from(unit - BYTE)),
        }
    }
    bytes
}

/// The units of bytes.
fn units(bytes: &[u8]) -> Vec<Unit> {
    let mut units = Vec::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        units.extend(chunk.valid().chars().map(Unit::from));
        units.extend(chunk.invalid().iter().map(|byte| BYTE + Unit::from(*byte)));
    }
    units
}

/// The bytes that a pattern spells, and which of them may mean more than themselves. Without `escapes`, only `\xNN` is
/// special, as in printed items.
fn written(text: &str, escapes: bool) -> Result<(Vec<u8>, Vec<bool>), &'static str> {
    let (mut bytes, mut meta) = (Vec::new(), Vec::new());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let (byte, special, used) = match (first, after.first()) {
            (b'\\', Some(b'x')) => (hex(after).ok_or("\\x stands before two hex digits")?, false, 4),
            (b'\\', Some(next)) if escapes => (*next, false, 2),
            (b'\\', None) if escapes => return Err("it ends in \\"),
            (byte, _) => (*byte, escapes, 1),
        };
        bytes.push(byte);
        meta.push(special);
        rest = &rest[used..];
    }
    Ok((bytes, meta))
}

/// The byte of `xNN`.
fn hex(text: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(text.get(1..3)?).ok().filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok()
}

fn units_of_pattern(bytes: &[u8], meta: &[bool]) -> Vec<Written> {
    let mut written = Vec::new();
    let mut at = 0;
    for unit in units(bytes) {
        written.push((unit, meta[at]));
        at += char::from_u32(unit).map_or(1, char::len_utf8);
    }
    written
}

fn is(written: Option<&Written>, character: char) -> bool {
    written == Some(&(Unit::from(character), true))
}

/// Where the set that begins at `open` ends: the first `]` that is not its first member. A `[` without one is itself.
fn end_of_set(pattern: &[Written], open: usize) -> Option<usize> {
    let negated = is(pattern.get(open + 1), '!') || is(pattern.get(open + 1), '^');
    let first = open + 1 + usize::from(negated);
    (first + 1..pattern.len()).find(|at| is(pattern.get(*at), ']'))
}

/// The patterns without braces that one with braces stands for.
fn alternatives(pattern: &[Written]) -> Result<Vec<Vec<Written>>, &'static str> {
    let mut whole = Vec::new();
    let mut waiting = vec![pattern.to_vec()];
    while let Some(pattern) = waiting.pop() {
        let Some(braces) = first_braces(&pattern) else {
            whole.push(pattern);
            continue;
        };
        let (before, after) = (&pattern[..braces[0]], &pattern[braces[braces.len() - 1] + 1..]);
        waiting.extend(braces.windows(2).map(|pair| [before, &pattern[pair[0] + 1..pair[1]], after].concat()));
        if whole.len() + waiting.len() > ALTERNATIVES_MAX {
            return Err("its braces stand for more than 1024 patterns");
        }
    }
    Ok(whole)
}

/// The places of the first `{`, of the commas that belong to it, and of its `}`. A `{` without its `}` is itself.
fn first_braces(pattern: &[Written]) -> Option<Vec<usize>> {
    let (mut places, mut depth, mut at) = (Vec::new(), 0, 0);
    while at < pattern.len() {
        let here = pattern.get(at);
        if is(here, '[') {
            at = end_of_set(pattern, at).unwrap_or(at);
        } else if is(here, '{') {
            depth += 1;
            places.extend((depth == 1).then_some(at));
        } else if depth == 1 && (is(here, ',') || is(here, '}')) {
            places.push(at);
        }
        if depth > 0 && is(here, '}') {
            depth -= 1;
            if depth == 0 {
                return Some(places);
            }
        }
        at += 1;
    }
    None
}

fn tokens(pattern: &[Written]) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < pattern.len() {
        let here = pattern.get(at);
        if is(here, '*') {
            let stars = pattern[at..].iter().take_while(|written| is(Some(written), '*')).count();
            at += stars;
            let whole =
                tokens.last().is_none_or(|last| matches!(last, Token::One(SLASH) | Token::InFolders)) && pattern.get(at).is_some_and(|next| next.0 == SLASH);
            match (stars, whole) {
                (1, _) => tokens.push(Token::Run),
                (_, false) => tokens.push(Token::Cross),
                (_, true) => {
                    tokens.extend([Token::Folders, Token::InFolders]);
                    at += 1;
                }
            }
            continue;
        }
        if is(here, '[')
            && let Some(end) = end_of_set(pattern, at)
        {
            tokens.push(set(&pattern[at + 1..end]));
            at = end;
        } else if is(here, '?') {
            tokens.push(Token::Any);
        } else {
            tokens.push(Token::One(pattern[at].0));
        }
        at += 1;
    }
    tokens
}

/// The set with these members.
fn set(members: &[Written]) -> Token {
    let negated = is(members.first(), '!') || is(members.first(), '^');
    let mut rest = &members[usize::from(negated)..];
    let mut ranges = Vec::new();
    while let Some((first, after)) = rest.split_first() {
        match after {
            [dash, last, after @ ..] if is(Some(dash), '-') => {
                ranges.push((first.0, last.0));
                rest = after;
            }
            _ => {
                ranges.push((first.0, first.0));
                rest = after;
            }
        }
    }
    Token::Set { negated, ranges }
}

/// Follows all readings of the pattern at once, unit by unit, so that no pattern takes longer than its length times the path's.
fn matches(tokens: &[Token], path: &[Unit]) -> bool {
    let plain = tokens.iter().map_while(|token| if let Token::One(unit) = token { Some(unit) } else { None });
    if !plain.zip(path).all(|(expected, unit)| expected == unit) {
        return false;
    }
    let (mut now, mut next) = (vec![false; tokens.len() + 1], vec![false; tokens.len() + 1]);
    reach(tokens, &mut now, 0);
    for unit in path {
        next.fill(false);
        for (place, token) in tokens.iter().enumerate().filter(|(place, _)| now[*place]) {
            match token {
                Token::One(expected) if expected == unit => reach(tokens, &mut next, place + 1),
                Token::Any if *unit != SLASH => reach(tokens, &mut next, place + 1),
                Token::Set { negated, ranges } if *unit != SLASH && ranges.iter().any(|(first, last)| (first..=last).contains(&unit)) != *negated => {
                    reach(tokens, &mut next, place + 1);
                }
                Token::Run if *unit != SLASH => reach(tokens, &mut next, place),
                Token::Cross => reach(tokens, &mut next, place),
                Token::InFolders => {
                    next[place] = true;
                    if *unit == SLASH {
                        reach(tokens, &mut next, place + 1);
                    }
                }
                _ => {}
            }
        }
        if !next.contains(&true) {
            return false;
        }
        std::mem::swap(&mut now, &mut next);
    }
    now[tokens.len()]
}

/// Notes that a reading has come to `place`, and to all that it may stand at without taking a unit.
fn reach(tokens: &[Token], set: &mut [bool], place: usize) {
    if std::mem::replace(&mut set[place], true) {
        return;
    }
    match tokens.get(place) {
        Some(Token::Run | Token::Cross) => reach(tokens, set, place + 1),
        Some(Token::Folders) => {
            set[place + 1] = true;
            reach(tokens, set, place + 2);
        }
        _ => {}
    }
}

#[cfg(test)]
#[path = "pattern_test.rs"]
mod tests;
