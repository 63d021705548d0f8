//! What is opened against what is shown: every shown value has its opening and every opening its value; lists may have lost elements,
//! never their order.

use super::clause::{CRT_PROOF, CRT_SHOWN, Refused, require};
use super::commitments::{Committed, commitment};
use super::{Fields, MAY_LACK};
use crate::json;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A step of a path. Places order as numbers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Place(u32),
    Key(String),
}

/// One name of `opened` with its salt.
pub(super) struct Opening {
    name: String,
    path: Vec<Step>,
    salt: [u8; 32],
}

impl Opening {
    /// Reads a name (clause CRT-02).
    pub fn read(name: &str, salt: [u8; 32]) -> Result<Self, Refused> {
        let malformed = || Refused(&CRT_PROOF);
        let is_word = |text: &str| !text.is_empty() && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        let (path, mask) = name.split_once('|').map_or((name, None), |(path, mask)| (path, Some(mask)));
        require(mask.is_none_or(is_word), &CRT_PROOF)?;
        let steps = path.strip_prefix('/').ok_or_else(malformed)?.split('/').map(|step| {
            let is_place = step.bytes().all(|byte| byte.is_ascii_digit());
            match step.parse::<u32>() {
                _ if !is_word(step) => Err(malformed()),
                Ok(place) if is_place && place.to_string() == step => Ok(Step::Place(place)),
                _ if is_place => Err(malformed()),
                _ => Ok(Step::Key(step.to_owned())),
            }
        });
        Ok(Self { path: steps.collect::<Result<_, _>>()?, name: name.to_owned(), salt })
    }

    /// Whether it opens that field of the record, not masked.
    pub fn is_whole(&self, field: &str) -> bool {
        self.name.strip_prefix('/') == Some(field)
    }
}

/// The commitments that the shown values give with their openings (clause CRT-04).
pub(super) fn commitments(openings: &[Opening], shown: &Fields) -> Result<Vec<[u8; 32]>, Refused> {
    let mut tree = Node::default();
    for opening in openings {
        tree.add(&opening.path, opening)?;
    }
    let mut shown = shown.clone();
    shown.entry(MAY_LACK).or_insert(Value::Null);
    let mut found = Vec::with_capacity(openings.len());
    tree.against(&Value::Object(shown), &mut found)?;
    Ok(found)
}

/// Names as what is shown has them: the places of each list counted from 0 among those that are opened.
pub(super) fn shown_names(names: &[String]) -> Vec<String> {
    let openings: Vec<Opening> = names.iter().filter_map(|name| Opening::read(name, [0; 32]).ok()).collect();
    let mut tree = Node::default();
    for opening in &openings {
        let _ = tree.add(&opening.path, opening);
    }
    let mut found = Vec::new();
    tree.names(&mut String::new(), &mut found);
    found
}

/// Openings by their steps: a value, or what lies below.
#[derive(Default)]
struct Node<'o> {
    opening: Option<&'o Opening>,
    below: BTreeMap<Step, Node<'o>>,
}

impl<'o> Node<'o> {
    fn add(&mut self, path: &[Step], opening: &'o Opening) -> Result<(), Refused> {
        match path.split_first() {
            Some((step, rest)) => self.below.entry(step.clone()).or_default().add(rest, opening),
            None => {
                require(self.opening.is_none(), &CRT_SHOWN)?;
                self.opening = Some(opening);
                Ok(())
            }
        }
    }

    fn against(&self, value: &Value, found: &mut Vec<[u8; 32]>) -> Result<(), Refused> {
        if let Some(Opening { name, salt, .. }) = self.opening {
            let is_value = match value {
                Value::Object(object) => object.is_empty(),
                Value::Array(values) => values.is_empty(),
                _ => true,
            };
            require(self.below.is_empty() && is_value, &CRT_SHOWN)?;
            found.push(commitment(salt, name, &json::canonical(value)));
            return Ok(());
        }
        match value {
            Value::Object(object) => {
                require(object.len() == self.below.len() && !object.is_empty(), &CRT_SHOWN)?;
                self.below.iter().try_for_each(|(step, node)| match step {
                    Step::Key(key) => node.against(object.get(key).ok_or(Refused(&CRT_SHOWN))?, found),
                    Step::Place(_) => Err(Refused(&CRT_SHOWN)),
                })
            }
            Value::Array(values) => {
                require(values.len() == self.below.len() && !values.is_empty(), &CRT_SHOWN)?;
                self.below.iter().zip(values).try_for_each(|((step, node), value)| match step {
                    Step::Place(_) => node.against(value, found),
                    Step::Key(_) => Err(Refused(&CRT_SHOWN)),
                })
            }
            _ => Err(Refused(&CRT_SHOWN)),
        }
    }

    fn names(&self, path: &mut String, found: &mut Vec<String>) {
        if let Some(opening) = self.opening {
            let mask = opening.name.find('|').map_or("", |at| &opening.name[at..]);
            found.push(format!("{path}{mask}"));
        }
        for (place, (step, node)) in self.below.iter().enumerate() {
            let length = path.len();
            path.push('/');
            match step {
                Step::Place(_) => path.push_str(&place.to_string()),
                Step::Key(key) => path.push_str(key),
            }
            node.names(path, found);
            path.truncate(length);
        }
    }
}

/// Which of the commitments a route's values open: their names, or the path of a value that none of them is.
pub(super) fn names(committed: &[Committed], inside: &Fields, shown: &Fields) -> Result<BTreeSet<String>, String> {
    let mut forms: BTreeMap<&str, Vec<&Committed>> = BTreeMap::new();
    for one in committed {
        forms.entry(one.name.split('|').next().unwrap_or_default()).or_default().push(one);
    }
    let matching = Matching { forms };
    let mut names = Vec::new();
    matching.object("", inside, shown, &mut names)?;
    names.push(format!("/{MAY_LACK}"));
    Ok(names.into_iter().collect())
}

struct Matching<'c> {
    forms: BTreeMap<&'c str, Vec<&'c Committed>>,
}

impl Matching<'_> {
    fn object(&self, path: &str, inside: &Map<String, Value>, shown: &Map<String, Value>, names: &mut Vec<String>) -> Result<(), String> {
        for (key, shown) in shown {
            let path = format!("{path}/{key}");
            match inside.get(key) {
                Some(inside) => self.value(&path, inside, shown, names)?,
                None => return Err(path),
            }
        }
        Ok(())
    }

    fn value(&self, path: &str, inside: &Value, shown: &Value, names: &mut Vec<String>) -> Result<(), String> {
        match (inside, shown) {
            (Value::Object(inside), Value::Object(shown)) if !shown.is_empty() => self.object(path, inside, shown, names),
            (Value::Array(inside), Value::Array(shown)) if !shown.is_empty() => self.list(path, inside, shown, names),
            _ => {
                let value = json::canonical(shown);
                let form = self.forms.get(path).and_then(|forms| {
                    // The value itself before a masked form of it that is the same.
                    forms.iter().filter(|form| form.value == value).min_by_key(|form| form.name.len())
                });
                names.push(form.ok_or_else(|| path.to_owned())?.name.clone());
                Ok(())
            }
        }
    }

    /// Elements may have been left out: each one that is shown is the first one behind the last that it can be.
    fn list(&self, path: &str, inside: &[Value], shown: &[Value], names: &mut Vec<String>) -> Result<(), String> {
        let mut rest = inside.iter().enumerate();
        for (at, shown) in shown.iter().enumerate() {
            let found = rest.by_ref().find_map(|(place, inside)| {
                let mut below = Vec::new();
                self.value(&format!("{path}/{place}"), inside, shown, &mut below).is_ok().then_some(below)
            });
            names.extend(found.ok_or_else(|| format!("{path}/{at}"))?);
        }
        Ok(())
    }
}
