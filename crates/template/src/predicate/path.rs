//! Paths into a record and through its references, resolved once for each kind that they are asked of.

use super::Wrong;
use super::scalar::{Scalar, Sort, can_be};
use crate::context::Context;
use crate::fault;
use rights::kind::{Field, Kind, Type};
use rights::kinds;
use rights::record::Record;
use rights::tree::{Branches, Tree};

/// Most steps of a path.
pub const STEPS_MAX: usize = 8;
/// Most references that a path follows.
pub const REFERENCES_MAX: usize = 2;

/// A path.
#[derive(Clone, Debug)]
pub struct Path {
    /// By kind.
    ways: Vec<Way>,
    /// What its values can be compared with.
    pub sort: Sort,
}

/// How a path goes through records of one kind.
#[derive(Clone, Debug)]
struct Way {
    kind: &'static Kind,
    /// Keys, one within the other; each of them where it is a list.
    keys: Vec<&'static str>,
    then: Then,
}

#[derive(Clone, Debug)]
enum Then {
    /// The values there are those of the path: the kind that their field belongs to, its name and type.
    End(&'static Kind, &'static str, Type),
    /// They name records, through which it goes on.
    Follow(Vec<Way>),
}

/// Fields that a step chooses from.
enum Table {
    Of(&'static Kind),
    Nested(&'static Kind, &'static [Field]),
}

impl Path {
    /// Resolves a path for records of these kinds. It must lead to values of one sort in all of them.
    pub fn resolve(text: &str, kinds: &[&'static Kind]) -> Result<Self, Wrong> {
        let names: Vec<&str> = text.split('.').collect();
        if names.len() > STEPS_MAX {
            return Err(Wrong::limited(&fault::LIMIT, STEPS_MAX));
        }
        let mut ways = Vec::new();
        for kind in kinds {
            ways.push(way(kind, &names, 0).map_err(|wrong| wrong.unwrap_or_else(|| Wrong::new(&fault::FIELD, format!("{}.{text}", kind.name))))?);
        }
        let mut sorts = Vec::new();
        ways.iter().for_each(|way| way.ends(&mut |_, _, kind| sorts.push(Sort::of(kind))));
        match sorts.first() {
            Some(Some(sort)) if sorts.iter().all(|other| other == &Some(*sort)) => Ok(Self { ways, sort: *sort }),
            _ => Err(Wrong::new(&fault::COMPARISON, text)),
        }
    }

    /// Whether it leads to other records.
    pub fn follows(&self) -> bool {
        self.ways.iter().any(|way| matches!(way.then, Then::Follow(_)))
    }

    /// Whether its values can be that word, in one kind at least.
    pub fn can_be(&self, word: &str) -> bool {
        let mut can = false;
        self.ways.iter().for_each(|way| way.ends(&mut |kind, name, of| can |= can_be(kind, name, of, word)));
        can
    }

    /// Whether the test holds for one of its values.
    pub fn any(&self, record: &Record, context: &dyn Context, test: &mut dyn FnMut(&Scalar<'_>) -> bool) -> bool {
        any(&self.ways, record, context, test)
    }
}

fn any(ways: &[Way], record: &Record, context: &dyn Context, test: &mut dyn FnMut(&Scalar<'_>) -> bool) -> bool {
    let way = ways.iter().find(|way| way.kind.name == record.kind().name);
    way.is_some_and(|way| {
        within(record.fields(), &way.keys, &mut |value| match &way.then {
            Then::End(_, _, kind) => Scalar::of(value, *kind).is_some_and(|scalar| test(&scalar)),
            Then::Follow(ways) => {
                let next = value.as_str().and_then(|rid| context.record(rid));
                next.is_some_and(|record| any(ways, &record, context, test))
            }
        })
    })
}

/// Whether the test holds for one of the values that these keys lead to.
fn within(object: &Branches<'_>, keys: &[&'static str], test: &mut dyn FnMut(&Tree<'_>) -> bool) -> bool {
    let Some((key, rest)) = keys.split_first() else { return false };
    let mut one = |value: &Tree<'_>| match value {
        Tree::Object(object) if !rest.is_empty() => within(object, rest, test),
        value => rest.is_empty() && test(value),
    };
    match object.get(key) {
        Some(Tree::List(values)) => values.iter().any(one),
        Some(value) => one(value),
        None => false,
    }
}

impl Way {
    fn ends(&self, see: &mut dyn FnMut(&'static Kind, &'static str, Type)) {
        match &self.then {
            Then::End(kind, name, of) => see(kind, name, *of),
            Then::Follow(ways) => ways.iter().for_each(|way| way.ends(see)),
        }
    }
}

/// None as an error: no such field.
fn way(kind: &'static Kind, names: &[&str], followed: usize) -> Result<Way, Option<Wrong>> {
    let mut keys = Vec::new();
    let mut table = Table::Of(kind);
    for (place, name) in names.iter().enumerate() {
        let last = place + 1 == names.len();
        let (field, owner) = table.find(name, last).ok_or(None)?;
        keys.push(field.name);
        if last {
            return Ok(Way { kind, keys, then: Then::End(owner, field.name, field.kind) });
        }
        match field.kind {
            Type::Object(fields) => table = Table::Nested(owner, fields),
            Type::FieldsOf(of) => table = Table::Of(Kind::named(of).ok_or(None)?),
            Type::Ref(_) if followed == REFERENCES_MAX => return Err(Some(Wrong::limited(&fault::LIMIT, REFERENCES_MAX))),
            Type::Ref(targets) => {
                let every = kinds::ALL.iter().copied().filter(|kind| targets.is_empty() || targets.contains(&kind.name));
                let ways: Result<Vec<Way>, _> = every.map(|kind| way(kind, &names[place + 1..], followed + 1)).collect();
                return Ok(Way { kind, keys, then: Then::Follow(ways?) });
            }
            _ => return Err(None),
        }
    }
    Err(None)
}

impl Table {
    /// The field of that name, and the kind that it belongs to. Before another step, a reference may be named without its `_rid` or
    /// `_ref`.
    fn find(&self, name: &str, last: bool) -> Option<(Field, &'static Kind)> {
        let named = |name: &str| match self {
            Self::Of(kind) => kind.field(name).map(|field| (field, *kind)),
            Self::Nested(kind, fields) => fields.iter().find(|field| field.name == name).map(|field| (*field, *kind)),
        };
        let short = || ["_rid", "_ref"].iter().find_map(|end| named(&format!("{name}{end}")).filter(|(field, _)| matches!(field.kind, Type::Ref(_))));
        named(name).or_else(|| if last { None } else { short() })
    }
}
