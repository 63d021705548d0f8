//! Rules about the route: purpose, media, keys, approvals, and what two routes show together.

use super::Linting;
use crate::draft::{Draft, Projected, Purpose};
use crate::node::Node;
use crate::refusing::DIGESTS;
use rights::kind::{Field, Kind, Sens};
use rights::mask::Mask;

/// The suites of algorithms that this version has.
const SUITES: [&str; 1] = ["intl-1"];
/// What the name of a key for escrow begins with.
const ESCROW: &str = "key:escrow";

impl Linting<'_> {
    pub(super) fn route(&mut self) {
        let draft = self.draft;
        let (public, backup) = (draft.purpose == Purpose::Public, draft.purpose == Purpose::Backup);
        if !backup && draft.sens_max == Sens::Secret {
            self.find("L01", line(draft.given("route", "sens_max")), "route.sens_max");
        }
        if draft.identity.is_none() {
            let missing: Vec<&Kind> = draft.kinds().into_iter().filter(|kind| draft.projection(kind).is_none()).collect();
            missing.into_iter().for_each(|kind| self.find("L06", 0, kind.name));
        }
        if draft.given("verify", "deadline").is_none() {
            self.find("L09", 0, "verify.deadline");
        }
        let is_true = |key: &str| draft.given("media", key).is_some_and(Node::is_true);
        if public && is_true("reuse") && !is_true("wipe_after_confirm") {
            self.find("L10", line(draft.given("media", "reuse")), "media.reuse");
        }
        if let Some(encrypt) = draft.given("package", "encrypt").filter(|_| backup) {
            let escrow = recipients(encrypt).iter().any(|key| key.starts_with(ESCROW));
            let documented = encrypt.get("mode").is_some() && encrypt.get("note").is_some();
            if !escrow && !documented {
                self.find("L11", encrypt.line, "package.encrypt");
            }
        }
        self.algorithms();
        let few = draft.given("route", "approvers").filter(|node| node.integer() == Some(1));
        if let Some(node) = few.filter(|_| !self.is_local_backup()) {
            self.find("L17", node.line, "route.approvers");
        }
        if let Some(line) = draft.identity.filter(|_| !backup) {
            self.find("L18", line, "project.mode");
        }
        if draft.identity.is_some() && draft.sens_max != Sens::Secret {
            self.find("L19", line(draft.given("route", "sens_max")), "route.sens_max");
        }
    }

    /// A backup whose replica is named `backup-local`.
    fn is_local_backup(&self) -> bool {
        self.draft.purpose == Purpose::Backup && self.draft.text("route", "replica") == Some("backup-local")
    }

    fn algorithms(&mut self) {
        let draft = self.draft;
        if let Some(digest) = draft.given("package", "digest") {
            let names: Vec<&str> = digest.elements().iter().filter_map(Node::text).collect();
            if !names.contains(&"blake3") {
                self.find("L16", digest.line, "package.digest");
            }
            for name in names.into_iter().filter(|name| !DIGESTS.contains(name)) {
                self.find("L16", digest.line, format!("package.digest {name}"));
            }
        }
        if let Some(suite) = draft.given("package", "encrypt").and_then(|encrypt| encrypt.get("suite"))
            && suite.text().is_some_and(|name| !SUITES.contains(&name))
        {
            self.find("L16", suite.line, "package.encrypt.suite");
        }
    }

    /// L12: two routes to the same recipient that mask a field of a kind differently: together they show more than each.
    pub(super) fn linkage(&mut self, others: &[&Draft]) {
        let draft = self.draft;
        for other in others.iter().filter(|other| same_recipient(draft, other)) {
            for kind in draft.kinds() {
                for field in kind.all_fields() {
                    let (Some(mine), Some(theirs)) = (shown_as(draft, kind, &field), shown_as(other, kind, &field)) else { continue };
                    if mine != theirs && ![mine, theirs].iter().any(|mask| matches!(mask, Mask::Drop | Mask::GeoNone)) {
                        let projected = draft.projection(kind);
                        let of_mask = |projected: &Projected| projected.masks.iter().find(|(name, _)| name.value == field.name).map(|(name, _)| name.line);
                        let line = projected.and_then(of_mask).or(projected.map(|projected| projected.line)).or(draft.identity);
                        self.find("L12", line.unwrap_or_default(), format!("{}.{} {}", kind.name, field.name, other.id()));
                    }
                }
            }
        }
    }
}

/// How a template shows a field of a kind; none where it does not.
fn shown_as(draft: &Draft, kind: &Kind, field: &Field) -> Option<Mask> {
    if draft.identity.is_some() {
        return draft.kinds().iter().any(|selected| selected.name == kind.name).then_some(Mask::None);
    }
    let projected = draft.projection(kind).filter(|projected| projected.names(field.name))?;
    Some(crate::projection::mask_of(field, projected.mask(field.name), draft.purpose.zone()))
}

fn line(node: Option<&Node>) -> usize {
    node.map_or(0, |node| node.line)
}

fn recipients(encrypt: &Node) -> Vec<&str> {
    encrypt.get("to").map_or(&[][..], Node::elements).iter().filter_map(Node::text).collect()
}

/// Whether two routes have a recipient's key in common: one that both name, or that of the same replica.
fn same_recipient(left: &Draft, right: &Draft) -> bool {
    let named = |draft: &Draft| -> Vec<String> {
        let keys: Vec<String> = draft.given("package", "encrypt").map(recipients).unwrap_or_default().into_iter().map(str::to_owned).collect();
        if keys.is_empty() { draft.text("route", "replica").map(|replica| format!("replica {replica}")).into_iter().collect() } else { keys }
    };
    let left = named(left);
    named(right).iter().any(|key| left.contains(key))
}
