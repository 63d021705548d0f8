//! The section `[project]`: allow-lists and masks by kind.

use super::{Allowed, At, Drafting, FIXED, Projected, SCHEMA_VERSION};
use crate::fault::{self, Fault};
use crate::keys::PROJECTION;
use crate::node::{Given, Node};
use rights::kind::{Field, Kind, Show, Type};
use rights::mask::Mask;

impl Drafting {
    pub(super) fn projections(&mut self, project: &Node) -> Vec<Projected> {
        let mut projections = Vec::new();
        for (name, line, node) in project.entries() {
            let Some(kind) = Kind::named(name) else { continue };
            let path = format!("project.{name}");
            if !matches!(node.value, Given::Table(_)) {
                self.tell(Fault::new(&fault::WRONG_TYPE, *line, path, ""));
                continue;
            }
            self.keys(PROJECTION, node, &path, &|_| false);
            projections.extend(self.projection(kind, *line, node, &path));
        }
        projections
    }

    fn projection(&mut self, kind: &'static Kind, line: usize, node: &Node, path: &str) -> Option<Projected> {
        let (fields, public) = (node.get("fields"), node.get("public"));
        let list = match (fields, public) {
            (Some(fields), None) => fields,
            (None, Some(public)) => public,
            (Some(_), Some(public)) => {
                self.tell(Fault::new(&fault::CONTRADICTION, public.line, format!("{path}.public"), "fields"));
                return None;
            }
            (None, None) => {
                self.tell(Fault::new(&fault::MISSING, line, format!("{path}.fields"), "fields"));
                return None;
            }
        };
        let list_path = format!("{path}.{}", if public.is_some() { "public" } else { "fields" });
        let allowed = match list.text() {
            Some(text) => self.all_but(kind, text, list.line, &list_path)?,
            None => Allowed::Named(self.names(kind, list.elements(), &list_path)),
        };
        let to_subject = node.get("self").map(|list| self.names(kind, list.elements(), &format!("{path}.self"))).unwrap_or_default();
        let masks = node.get("mask").map(|masks| self.masks(kind, masks, &format!("{path}.mask"), public.is_some())).unwrap_or_default();
        let dropped = node.get("drop").map(|list| list.elements().iter().filter_map(Node::text).map(str::to_owned).collect()).unwrap_or_default();
        let condition = node.get("where").and_then(|node| self.alone(node, &format!("{path}.where"), &[kind]));
        let is_public = public.is_some();
        Some(Projected { kind, line, allowed: At { line: list.line, value: allowed }, is_public, to_subject, masks, dropped, condition })
    }

    fn field(&mut self, kind: &'static Kind, name: &str, line: usize, path: &str) -> Option<Field> {
        let field = kind.field(name);
        if field.is_none() {
            self.tell(Fault::new(&fault::FIELD, line, path, &format!("{}.{name}", kind.name)));
        } else if FIXED.contains(&name) {
            self.tell(Fault::new(&fault::CONTRADICTION, line, path, name));
        }
        field
    }

    fn names(&mut self, kind: &'static Kind, elements: &[Node], path: &str) -> Vec<At<&'static str>> {
        let named = |element: &Node| Some((element.line, element.text()?.to_owned()));
        let names: Vec<(usize, String)> = elements.iter().filter_map(named).collect();
        names.into_iter().filter_map(|(line, name)| self.field(kind, &name, line, path).map(|field| At { line, value: field.name })).collect()
    }

    /// `all`, `all@N`, and what is taken away from it.
    fn all_but(&mut self, kind: &'static Kind, text: &str, line: usize, path: &str) -> Option<Allowed> {
        let mut parts = text.split(" - ").map(|part| part.trim_matches(' '));
        let first = parts.next().unwrap_or_default();
        let version = match first.split_once('@') {
            None if first == "all" => None,
            Some(("all", version)) if (1..=SCHEMA_VERSION).any(|known| known.to_string() == version) => version.parse().ok(),
            _ => {
                self.tell(Fault::new(&fault::NOT_LISTED, line, path, first));
                return None;
            }
        };
        let mut less: Vec<&'static str> = Vec::new();
        for name in parts {
            if let Some(field) = self.field(kind, name, line, path) {
                if ["rid", "kind", "version"].contains(&field.name) || less.contains(&field.name) {
                    self.tell(Fault::new(&fault::CONTRADICTION, line, path, name));
                }
                less.push(field.name);
            }
        }
        Some(Allowed::All { version, less })
    }

    /// Masks by field; beside `public`, in tables of their own for `public` and `self`.
    fn masks(&mut self, kind: &'static Kind, masks: &Node, path: &str, apart: bool) -> Vec<(At<&'static str>, Mask)> {
        if !apart {
            return self.masks_of(kind, masks, path);
        }
        let mut found = Vec::new();
        for (name, line, node) in masks.entries() {
            let path = format!("{path}.{name}");
            match &node.value {
                _ if !["public", "self"].contains(&name.as_str()) => self.tell(Fault::new(&fault::UNKNOWN_KEY, *line, path, name)),
                Given::Table(_) => found.extend(self.masks_of(kind, node, &path)),
                _ => self.tell(Fault::new(&fault::WRONG_TYPE, *line, path, name)),
            }
        }
        found
    }

    fn masks_of(&mut self, kind: &'static Kind, masks: &Node, path: &str) -> Vec<(At<&'static str>, Mask)> {
        let mut found = Vec::new();
        for (name, line, node) in masks.entries() {
            let path = format!("{path}.{name}");
            let Some(field) = self.field(kind, name, *line, &path) else { continue };
            let Some(text) = node.text() else {
                self.tell(Fault::new(&fault::WRONG_TYPE, *line, path, ""));
                continue;
            };
            match Mask::named(text).filter(|mask| suits(*mask, &field)) {
                Some(mask) => found.push((At { line: *line, value: field.name }, mask)),
                None => self.tell(Fault::new(&fault::MASK, *line, path, text)),
            }
        }
        found
    }
}

/// Whether a mask is made for a field: for its type, or for the leaves of an object when one of its own columns asks for it. What is
/// always there in full takes none.
fn suits(mask: Mask, field: &Field) -> bool {
    let leaves = matches!(field.kind, Type::Object(_)) && field.show.contains(&Show::Masked(mask));
    !["rid", "kind", "version", "recorded_by"].contains(&field.name) && (mask.suits(field.kind) || leaves)
}
