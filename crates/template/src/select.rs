//! Which records a template selects.

use crate::context::{Context, Referenced};
use crate::draft::{Block, Draft, Purpose};
use rights::kind::{Field, Kind, Sens, Type};
use rights::record::Record;
use rights::tree::{Branches, Tree};
use std::collections::{BTreeMap, BTreeSet};

/// Why a record does not travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// No block is asked of its kind.
    Kind,
    /// No block selects it.
    NotSelected,
    /// Its projection has a `where` that does not hold.
    Narrowed,
    /// It is Secret, and the route is no backup.
    Secret,
}

impl Why {
    /// A word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::NotSelected => "not-selected",
            Self::Narrowed => "narrowed",
            Self::Secret => "secret",
        }
    }
}

/// Whether a record travels: the blocks are an or, the `where` of its projection narrows.
pub(crate) fn travels(draft: &Draft, record: &Record, context: &dyn Context) -> Result<(), Why> {
    if !draft.blocks.iter().any(|block| asks(block, record)) {
        return Err(Why::Kind);
    }
    let selects = |(place, block): (usize, &Block)| {
        let referenced = block.condition.referenced_by().is_some() && context.referenced().holds(place, record.rid());
        asks(block, record) && block.condition.holds(record, context, referenced)
    };
    if !draft.blocks.iter().enumerate().any(selects) {
        return Err(Why::NotSelected);
    }
    not_kept_back(draft, record, context)
}

/// Whether a record that no block selects may be one that a record names which could not be read.
pub(crate) fn may_travel(draft: &Draft, record: &Record, context: &dyn Context) -> bool {
    let may_select =
        |(place, block): (usize, &Block)| context.referenced().is_incomplete(place) && asks(block, record) && block.condition.holds(record, context, true);
    draft.blocks.iter().enumerate().any(may_select) && not_kept_back(draft, record, context).is_ok()
}

fn asks(block: &Block, record: &Record) -> bool {
    block.kinds.iter().any(|kind| kind.name == record.kind().name)
}

fn not_kept_back(draft: &Draft, record: &Record, context: &dyn Context) -> Result<(), Why> {
    let secret = Sens::parse(record.text("sens")).is_none_or(|sens| sens == Sens::Secret);
    if secret && (draft.purpose != Purpose::Backup || !Sens::Secret.fits(draft.sens_max)) {
        return Err(Why::Secret);
    }
    let condition = draft.projection(record.kind()).and_then(|projected| projected.condition.as_ref());
    if condition.is_some_and(|condition| !condition.holds(record, context, false)) { Err(Why::Narrowed) } else { Ok(()) }
}

/// Finds for which records `referenced_by` holds, from all records of the archive in any order.
///
/// `referenced_by(K)` in a block holds for the records that a travelling record of kind K names, where what travels is judged by the blocks
/// without `referenced_by`. With `closure` it holds too for those that a record selected by the same block names.
#[derive(Debug)]
pub struct Gathering<'d> {
    draft: &'d Draft,
    /// By block, what records of its K name.
    named: Vec<BTreeSet<String>>,
    /// By block with closure: records that it would select, with what they name.
    nodes: Vec<BTreeMap<String, Vec<String>>>,
    /// By block, whether a record that may belong to one of these is missing.
    incomplete: Vec<bool>,
}

impl<'d> Gathering<'d> {
    pub(crate) fn new(draft: &'d Draft) -> Self {
        let count = draft.blocks.len();
        Self { draft, named: vec![BTreeSet::new(); count], nodes: vec![BTreeMap::new(); count], incomplete: vec![false; count] }
    }

    /// Takes one record of the archive. Of the context everything is asked but [`Context::referenced`]; it is of this record alone.
    pub fn take(&mut self, record: &Record, context: &dyn Context) {
        let draft = self.draft;
        let selects = |block: &Block| block.condition.referenced_by().is_none() && asks(block, record) && block.condition.holds(record, context, false);
        let (mut seed, mut names, mut leads) = (None, Vec::new(), Vec::new());
        for (place, block) in draft.blocks.iter().enumerate() {
            let Some(kind) = block.condition.referenced_by() else { continue };
            if kind.name == record.kind().name && *seed.get_or_insert_with(|| draft.blocks.iter().any(selects) && not_kept_back(draft, record, context).is_ok())
            {
                names.push(place);
            }
            if block.closure && asks(block, record) && block.condition.holds(record, context, true) && not_kept_back(draft, record, context).is_ok() {
                leads.push(place);
            }
        }
        if context.could_not_tell() {
            return self.miss(Some(record.kind().name));
        }
        names.into_iter().for_each(|place| self.named[place].extend(references(record)));
        for place in leads {
            self.nodes[place].insert(record.rid().to_owned(), references(record));
        }
    }

    /// Takes it that a record of the archive cannot be read, of this kind, or of any where that is not known.
    pub fn miss(&mut self, kind: Option<&str>) {
        for (place, block) in self.draft.blocks.iter().enumerate() {
            let Some(by) = block.condition.referenced_by() else { continue };
            let may_be = |of: &Kind| kind.is_none_or(|kind| kind == of.name);
            self.incomplete[place] |= may_be(by) || block.closure && block.kinds.iter().any(|of| may_be(of));
        }
    }

    /// What was found.
    pub fn settle(self) -> Referenced {
        let blocks = self.named.into_iter().zip(self.nodes).map(|(mut named, nodes)| {
            let mut open: Vec<String> = named.iter().cloned().collect();
            while let Some(rid) = open.pop() {
                for next in nodes.get(&rid).into_iter().flatten() {
                    if named.insert(next.clone()) {
                        open.push(next.clone());
                    }
                }
            }
            named
        });
        Referenced { blocks: blocks.collect(), incomplete: self.incomplete }
    }
}

/// The records that a record names, but those that it took the place of.
pub fn references(record: &Record) -> Vec<String> {
    let mut found = Vec::new();
    collect(record.kind().all_fields().filter(|field| field.name != "supersedes"), record.fields(), &mut found);
    found
}

fn collect(fields: impl Iterator<Item = Field>, object: &Branches<'_>, into: &mut Vec<String>) {
    for field in fields {
        let Some(value) = object.get(field.name) else { continue };
        let values = value.as_list().unwrap_or(std::slice::from_ref(value));
        for value in values {
            match (field.kind, value) {
                (Type::Ref(_), Tree::Text(rid)) => into.push(rid.to_string()),
                (Type::Object(fields), Tree::Object(object)) => collect(fields.iter().copied(), object, into),
                _ => {}
            }
        }
    }
}
