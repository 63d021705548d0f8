//! What keeps a draft from being carried out: features that are missing, and what contradicts itself.

use crate::draft::{Draft, Purpose};
use crate::fault::{self, Fault};
use crate::feature::Feature;
use crate::keys::{Key, PROJECTION, SECTIONS, Status};
use crate::node::{Given, Node};
use crate::quantity;
use crate::template::is_not_frozen;
use rights::kind::Sens;
use rights::mask::Mask;

/// Digests that a package may be asked for.
pub(crate) const DIGESTS: [&str; 3] = ["blake3", "sha256", "sm3"];

/// Everything in the draft that this version does not carry out.
pub fn refusals(draft: &Draft) -> Vec<Fault> {
    let mut faults = Vec::new();
    for section in SECTIONS {
        let Some(node) = draft.root.get(section.name) else { continue };
        for table in if section.many { node.elements() } else { std::slice::from_ref(node) } {
            keys(section.keys, table, section.name, &mut faults);
        }
    }
    if let Some(project) = draft.root.get("project") {
        for (name, _, node) in project.entries() {
            keys(PROJECTION, node, &format!("project.{name}"), &mut faults);
        }
    }
    for element in draft.given("package", "digest").map_or(&[][..], Node::elements) {
        if element.text().is_some_and(|name| !DIGESTS.contains(&name)) {
            faults.push(Fault::new(&fault::NOT_LISTED, element.line, "package.digest", element.text().unwrap_or_default()));
        }
    }
    if let Some(text) = draft.text("package", "package_max")
        && quantity::size_bytes(text).is_some_and(|bytes| bytes < crate::PACKAGE_BYTES_MIN)
    {
        let line = draft.given("package", "package_max").map_or(0, |node| node.line);
        faults.push(Fault::new(&fault::NOT_LISTED, line, "package.package_max", text));
    }
    projections(draft, &mut faults);
    if draft.purpose != Purpose::Backup && draft.sens_max == Sens::Secret {
        contradiction(&mut faults, draft.given("route", "sens_max").map_or(0, |node| node.line), "route.sens_max", "Secret");
    }
    faults
}

fn contradiction(faults: &mut Vec<Fault>, line: usize, key: &str, subject: &str) {
    faults.push(Fault::new(&fault::CONTRADICTION, line, key, subject));
}

fn keys(keys: &[Key], table: &Node, path: &str, faults: &mut Vec<Fault>) {
    for key in keys {
        let Some(node) = table.get(key.name) else { continue };
        let missing = match key.status {
            Status::Built => None,
            Status::Missing(feature) => Some(feature),
            Status::Only(values, feature) => (!is_only(node, values)).then_some(feature),
        };
        if let Some(feature) = missing {
            refuse(faults, node.line, format!("{path}.{}", key.name), feature);
        }
    }
}

fn refuse(faults: &mut Vec<Fault>, line: usize, key: String, feature: Feature) {
    faults.push(Fault::new(&fault::MISSING_FEATURE, line, key, feature.id()));
}

/// Whether the value is one of these, and a list all of them.
fn is_only(node: &Node, values: &[&str]) -> bool {
    match &node.value {
        Given::Text(text) => values.contains(&text.as_str()),
        Given::Integer(number) => values.contains(&number.to_string().as_str()),
        Given::Float(number) => values.contains(&number.to_string().as_str()),
        Given::Bool(yes) => values.contains(&yes.to_string().as_str()),
        Given::List(elements) => elements.len() == values.len() && elements.iter().all(|element| element.text().is_some_and(|text| values.contains(&text))),
        Given::Table(_) | Given::Other => false,
    }
}

fn projections(draft: &Draft, faults: &mut Vec<Fault>) {
    match draft.identity {
        Some(line) => {
            if draft.purpose != Purpose::Backup {
                contradiction(faults, line, "project.mode", "route.purpose");
            }
            if draft.sens_max != Sens::Secret {
                contradiction(faults, line, "project.mode", "route.sens_max");
            }
            if let Some(projected) = draft.projections.first() {
                contradiction(faults, projected.line, &format!("project.{}", projected.kind.name), "project.mode");
            }
            if let Some(documents) = draft.root.get("documents") {
                contradiction(faults, documents.line, "documents", "project.mode");
            }
        }
        None => {
            for kind in draft.kinds() {
                if draft.projection(kind).is_none() {
                    faults.push(Fault::new(&fault::MISSING, 0, format!("project.{}", kind.name), kind.name));
                }
            }
        }
    }
    let selected = draft.kinds();
    for projected in &draft.projections {
        let path = format!("project.{}", projected.kind.name);
        if !selected.iter().any(|kind| kind.name == projected.kind.name) {
            contradiction(faults, projected.line, &path, "select");
        }
        if projected.is_public && draft.purpose != Purpose::Public {
            contradiction(faults, projected.allowed.line, &format!("{path}.public"), "route.purpose");
        }
        if is_not_frozen(&projected.allowed.value) {
            faults.push(Fault::new(&fault::NOT_LISTED, projected.allowed.line, format!("{path}.fields"), "all"));
        }
        for (name, mask) in &projected.masks {
            if *mask == Mask::Subject {
                refuse(faults, name.line, format!("{path}.mask.{}", name.value), Feature::SubjectSeal);
            } else if !projected.names(name.value) {
                contradiction(faults, name.line, &format!("{path}.mask.{}", name.value), "fields");
            }
        }
        for name in projected.dropped.iter().filter(|name| projected.kind.field(name).is_some() && projected.names(name)) {
            contradiction(faults, projected.line, &format!("{path}.drop"), name);
        }
    }
    for block in &draft.blocks {
        if let Some(kind) = block.condition.referenced_by()
            && !draft.blocks.iter().any(|other| other.condition.referenced_by().is_none() && other.kinds.iter().any(|named| named.name == kind.name))
        {
            contradiction(faults, block.line, "select.where", kind.name);
        }
    }
}
