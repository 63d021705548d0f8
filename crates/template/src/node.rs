//! A template as a tree of values, each with its line.

use crate::fault::{self, Fault};
use toml::de::{DeTable, DeValue};

/// Largest template, bytes.
pub const TEMPLATE_BYTES_MAX: usize = 256 << 10;

/// A value of a template.
#[derive(Clone, Debug)]
pub struct Node {
    /// Its line, from 1.
    pub line: usize,
    /// What it is.
    pub value: Given,
}

/// What is given.
#[derive(Clone, Debug)]
pub enum Given {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Another number.
    Float(f64),
    /// true or false.
    Bool(bool),
    /// A list.
    List(Vec<Node>),
    /// A table: key, line of the key, value; by line.
    Table(Vec<(String, usize, Node)>),
    /// A date or time of TOML, which no key takes.
    Other,
}

impl Node {
    /// Reads a whole template.
    pub fn read(text: &str) -> Result<Self, Fault> {
        if text.len() > TEMPLATE_BYTES_MAX {
            return Err(Fault::new(&fault::LIMIT, 0, "", "").limited(TEMPLATE_BYTES_MAX));
        }
        let starts: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(place, _)| place + 1)).collect();
        let line = |place: usize| starts.partition_point(|start| *start <= place);
        let table = DeTable::parse(text).map_err(|error| {
            let place = error.span().map_or(0, |span| span.start);
            Fault::new(&fault::NOT_TOML, line(place), "", error.message().lines().next().unwrap_or_default())
        })?;
        Ok(Self { line: 1, value: whole(table.get_ref(), &line) })
    }

    /// The value of a key of a table.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|(name, _, _)| name == key).map(|(_, _, node)| node)
    }

    /// The entries of a table; none of anything else.
    pub fn entries(&self) -> &[(String, usize, Self)] {
        if let Given::Table(entries) = &self.value { entries } else { &[] }
    }

    /// The elements of a list; none of anything else.
    pub fn elements(&self) -> &[Self] {
        if let Given::List(elements) = &self.value { elements } else { &[] }
    }

    /// The text.
    pub fn text(&self) -> Option<&str> {
        if let Given::Text(text) = &self.value { Some(text) } else { None }
    }

    /// The whole number.
    pub fn integer(&self) -> Option<i64> {
        if let Given::Integer(number) = self.value { Some(number) } else { None }
    }

    /// true or false.
    pub fn is_true(&self) -> bool {
        matches!(self.value, Given::Bool(true))
    }

    /// A number, whole or not.
    pub fn number(&self) -> Option<f64> {
        match self.value {
            Given::Integer(number) => i32::try_from(number).ok().map(f64::from),
            Given::Float(number) => Some(number),
            _ => None,
        }
    }
}

fn whole(table: &DeTable<'_>, line: &dyn Fn(usize) -> usize) -> Given {
    let mut entries: Vec<_> = table
        .iter()
        .map(|(key, value)| {
            let of_key = line(key.span().start);
            (key.get_ref().to_string(), of_key, Node { line: of_key.max(line(value.span().start)), value: given(value.get_ref(), line) })
        })
        .collect();
    entries.sort_by_key(|(_, line, _)| *line);
    Given::Table(entries)
}

fn given(value: &DeValue<'_>, line: &dyn Fn(usize) -> usize) -> Given {
    match value {
        DeValue::String(text) => Given::Text(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).map_or(Given::Other, Given::Integer),
        DeValue::Float(number) => number.as_str().parse().map_or(Given::Other, Given::Float),
        DeValue::Boolean(yes) => Given::Bool(*yes),
        DeValue::Datetime(_) => Given::Other,
        DeValue::Array(values) => {
            Given::List(values.iter().map(|value| Node { line: line(value.span().start), value: given(value.get_ref(), line) }).collect())
        }
        DeValue::Table(table) => whole(table, line),
    }
}
