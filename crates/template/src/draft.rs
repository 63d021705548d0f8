//! A template as it is written: every key known and every value of its form, whether or not this version carries it out.
//!
//! What is looked at here is the form. Whether it is wise the [lint](crate::lint) says, which works on drafts so that it can speak of what
//! is still refused; whether it is carried out [`Template::of`](crate::Template::of) says.

mod forms;
mod projects;

use crate::fault::{self, Fault};
use crate::keys::{SECTIONS, Section};
use crate::node::{Given, Node};
use crate::predicate::Predicate;
use rights::kind::{Kind, Sens};
use rights::mask::Mask;

/// Most blocks `[[select]]`, and most waivers.
pub const BLOCKS_MAX: usize = 64;

/// The newest version of the tables of kinds, the N of `all@N`.
pub const SCHEMA_VERSION: u64 = 1;

/// Fields that no list names: what becomes of them is fixed.
pub const FIXED: [&str; 3] = ["documents", "txn", "proof"];

/// What a route is for. It decides the zone whose column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// `use`: staff, zone O.
    Use,
    /// `backup`: zone B, everything in full.
    Backup,
    /// `exchange`: the property exchange, zone X.
    Exchange,
    /// `public`: members and the public, zone W.
    Public,
}

/// A value with its line.
#[derive(Clone, Debug)]
pub struct At<T> {
    /// From 1.
    pub line: usize,
    /// The value.
    pub value: T,
}

/// One `[[select]]`.
#[derive(Clone, Debug)]
pub struct Block {
    /// Its line.
    pub line: usize,
    /// The kinds; all of them for `*`.
    pub kinds: Vec<&'static Kind>,
    /// The condition.
    pub condition: Predicate,
    /// `closure = "referenced"`.
    pub closure: bool,
}

/// The allow-list of a projection.
#[derive(Clone, Debug)]
pub enum Allowed {
    /// The fields that are named.
    Named(Vec<At<&'static str>>),
    /// `all@N` less these; without `@N` no version.
    All {
        /// The N.
        version: Option<u64>,
        /// What is taken away.
        less: Vec<&'static str>,
    },
}

/// One `[project.<kind>]`.
#[derive(Clone, Debug)]
pub struct Projected {
    /// The kind.
    pub kind: &'static Kind,
    /// Its line.
    pub line: usize,
    /// `fields`, or `public`.
    pub allowed: At<Allowed>,
    /// Whether the list is `public`.
    pub is_public: bool,
    /// `self`.
    pub to_subject: Vec<At<&'static str>>,
    /// `mask`, with those of `public` and `self`.
    pub masks: Vec<(At<&'static str>, Mask)>,
    /// `drop`.
    pub dropped: Vec<String>,
    /// `where`.
    pub condition: Option<Predicate>,
}

/// A warning that somebody took upon himself.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// Its line.
    pub line: usize,
    /// The rule.
    pub id: String,
    /// What the finding is about.
    pub subject: String,
    /// Who waives it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A template as it is written.
#[derive(Clone, Debug)]
pub struct Draft {
    /// The tree.
    pub(crate) root: Node,
    /// `route.purpose`.
    pub purpose: Purpose,
    /// `route.sens_max`.
    pub sens_max: Sens,
    /// `schedule.trigger`.
    pub trigger: Option<(&'static Kind, Predicate)>,
    /// `schedule.urgent.where`, asked of the kinds that are selected.
    pub urgent: Option<Predicate>,
    /// The blocks, in their order.
    pub blocks: Vec<Block>,
    /// `project.mode` is `identity`; its line.
    pub identity: Option<usize>,
    /// The projections.
    pub projections: Vec<Projected>,
    /// The waivers.
    pub waivers: Vec<Waiver>,
}

impl Draft {
    /// Reads a template. An error gives every fault of its form; those are rule L20.
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        let root = Node::read(text).map_err(|fault| vec![fault])?;
        let mut drafting = Drafting { faults: Vec::new() };
        for (name, line, _) in root.entries() {
            if !SECTIONS.iter().any(|section| section.name == name) {
                drafting.tell(Fault::new(&fault::UNKNOWN_KEY, *line, name, name));
            }
        }
        for section in SECTIONS {
            drafting.section(section, &root);
        }
        let draft = drafting.draft(root);
        match draft {
            Some(draft) if drafting.faults.is_empty() => Ok(draft),
            _ => {
                drafting.faults.sort_by_key(|fault| fault.line);
                Err(drafting.faults)
            }
        }
    }

    /// The value of a key of a section.
    pub(crate) fn given(&self, section: &str, key: &str) -> Option<&Node> {
        self.root.get(section)?.get(key)
    }

    /// The text of a key of a section.
    pub fn text(&self, section: &str, key: &str) -> Option<&str> {
        self.given(section, key)?.text()
    }

    /// `route.id`.
    pub fn id(&self) -> &str {
        self.text("route", "id").unwrap_or_default()
    }

    /// Every kind that a block names, in the order of their tables.
    pub fn kinds(&self) -> Vec<&'static Kind> {
        let selected = |kind: &&Kind| self.blocks.iter().any(|block| block.kinds.iter().any(|other| other.name == kind.name));
        rights::kinds::ALL.iter().copied().filter(selected).collect()
    }

    /// The projection of a kind.
    pub fn projection(&self, kind: &Kind) -> Option<&Projected> {
        self.projections.iter().find(|projected| projected.kind.name == kind.name)
    }
}

impl Projected {
    /// The mask that is given for a field.
    pub fn mask(&self, field: &str) -> Option<Mask> {
        self.masks.iter().find(|(name, _)| name.value == field).map(|(_, mask)| *mask)
    }

    /// Whether the list names the field; `rid`, `kind` and `version` are always in it.
    pub fn names(&self, field: &str) -> bool {
        ["rid", "kind", "version"].contains(&field)
            || match &self.allowed.value {
                Allowed::Named(names) => names.iter().any(|name| name.value == field),
                Allowed::All { less, .. } => !FIXED.contains(&field) && !less.contains(&field),
            }
    }
}

/// What was found so far.
struct Drafting {
    faults: Vec<Fault>,
}

impl Drafting {
    fn tell(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    fn section(&mut self, section: &Section, root: &Node) {
        let Some(node) = root.get(section.name) else {
            if section.needed {
                self.tell(Fault::new(&fault::MISSING, 0, section.name, section.name));
            }
            return;
        };
        match (&node.value, section.many) {
            (Given::List(blocks), true) => {
                if blocks.len() > BLOCKS_MAX {
                    self.tell(Fault::new(&fault::LIMIT, node.line, section.name, "").limited(BLOCKS_MAX));
                }
                for (place, block) in blocks.iter().enumerate() {
                    let path = format!("{}[{}]", section.name, place + 1);
                    if matches!(block.value, Given::Table(_)) {
                        self.keys(section.keys, block, &path, &|_| false);
                    } else {
                        self.tell(Fault::new(&fault::WRONG_TYPE, block.line, path, ""));
                    }
                }
            }
            (Given::Table(_), false) => self.keys(section.keys, node, section.name, &|name| section.name == "project" && Kind::named(name).is_some()),
            _ => self.tell(Fault::new(&fault::WRONG_TYPE, node.line, section.name, "")),
        }
    }

    /// The draft, when what it is made of has the form that the sections ask for.
    fn draft(&mut self, root: Node) -> Option<Draft> {
        let text = |section: &str, key: &str| root.get(section)?.get(key)?.text();
        let purpose = match text("route", "purpose") {
            Some("use") => Some(Purpose::Use),
            Some("backup") => Some(Purpose::Backup),
            Some("exchange") => Some(Purpose::Exchange),
            Some("public") => Some(Purpose::Public),
            _ => None,
        };
        let sens_max = text("route", "sens_max").and_then(Sens::parse);
        let trigger = root.get("schedule").and_then(|schedule| schedule.get("trigger")).and_then(|node| self.trigger(node));
        let selected: Vec<&'static Kind> = root.get("select").map(|list| kinds_of(list.elements())).unwrap_or_default();
        let urgent = root.get("schedule").and_then(|schedule| schedule.get("urgent")).and_then(|urgent| urgent.get("where"));
        let urgent = urgent.and_then(|node| self.alone(node, "schedule.urgent.where", &selected));
        let blocks = root.get("select").map(|list| self.blocks(list.elements())).unwrap_or_default();
        let project = root.get("project");
        let identity = project.and_then(|project| project.get("mode")).map(|node| node.line);
        let projections = project.map(|project| self.projections(project)).unwrap_or_default();
        let waivers = root.get("waive").map(|list| list.elements().iter().filter_map(waiver).collect()).unwrap_or_default();
        Some(Draft { purpose: purpose?, sens_max: sens_max?, trigger, urgent, blocks, identity, projections, waivers, root })
    }

    fn trigger(&mut self, node: &Node) -> Option<(&'static Kind, Predicate)> {
        let read = Predicate::parse_of_one_kind(node.text()?);
        read.map_err(|wrong| self.wrong(wrong, node.line, "schedule.trigger")).ok()
    }

    fn blocks(&mut self, elements: &[Node]) -> Vec<Block> {
        let mut blocks = Vec::new();
        for (place, node) in elements.iter().enumerate() {
            let kinds = kinds_of(std::slice::from_ref(node));
            let key = format!("select[{}].where", place + 1);
            let condition = node.get("where").and_then(|node| self.predicate(node, &key, &kinds));
            let closure = node.get("closure").is_some();
            if let Some(condition) = condition {
                if closure && condition.referenced_by().is_none() {
                    self.tell(Fault::new(&fault::CONTRADICTION, node.line, format!("select[{}].closure", place + 1), "referenced_by"));
                }
                blocks.push(Block { line: node.line, kinds, condition, closure });
            }
        }
        blocks
    }

    /// A predicate over records of these kinds; a fault when it cannot be read.
    fn predicate(&mut self, node: &Node, key: &str, kinds: &[&'static Kind]) -> Option<Predicate> {
        if kinds.is_empty() {
            return None;
        }
        Predicate::parse(node.text()?, kinds).map_err(|wrong| self.wrong(wrong, node.line, key)).ok()
    }

    /// A predicate that cannot ask which records others name.
    fn alone(&mut self, node: &Node, key: &str, kinds: &[&'static Kind]) -> Option<Predicate> {
        let condition = self.predicate(node, key, kinds)?;
        if condition.referenced_by().is_some() {
            self.tell(Fault::new(&fault::CONTRADICTION, node.line, key, "referenced_by"));
        }
        Some(condition)
    }

    fn wrong(&mut self, wrong: crate::predicate::Wrong, line: usize, key: &str) {
        let clause = fault::ALL.iter().copied().find(|clause| clause.code == wrong.code).unwrap_or(&fault::GRAMMAR);
        let told = Fault::new(clause, line, key, &wrong.subject);
        self.tell(wrong.limit.map_or(told.clone(), |limit| told.limited(limit)));
    }
}

/// The kinds that blocks name.
fn kinds_of(blocks: &[Node]) -> Vec<&'static Kind> {
    let names = |kind: &&Kind| {
        blocks
            .iter()
            .filter_map(|block| block.get("kinds"))
            .any(|kinds| kinds.text() == Some("*") || kinds.elements().iter().any(|name| name.text() == Some(kind.name)))
    };
    rights::kinds::ALL.iter().copied().filter(names).collect()
}

fn waiver(node: &Node) -> Option<Waiver> {
    let text = |key: &str| node.get(key)?.text().map(str::to_owned);
    Some(Waiver { line: node.line, id: text("id")?, subject: text("subject")?, by: text("by")?, reason: text("reason")? })
}
