//! Which changes look as if somebody were encrypting the archive (P7): documents that lose every known form, in place or
//! under another name beside them, and names that grow by an extension.
//!
//! It looks at the beginnings of documents only. What keeps the beginning of its format, or encrypts less of an archive than is
//! allowed, is not seen; earlier versions on the replica are what helps then.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use wire::Digest;
use wire::planted;
use wire::record::Shape;

/// A change to what the replica holds.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// Number of the item.
    pub item: u32,
    /// Its id.
    pub id: &'a [u8],
    /// What the replica has, if it has something.
    pub before: Option<Content>,
    /// What it becomes; none when it is deleted.
    pub after: Option<Content>,
}

/// A content, as far as it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// Its digest.
    pub digest: Option<Digest>,
    /// What its beginning looks like.
    pub shape: Shape,
}

impl Content {
    /// Whether it has a form that it can lose.
    pub fn has_form(&self) -> bool {
        matches!(self.shape, Shape::Plain | Shape::Known) && !planted::is("encryption-unsuspected")
    }
}

/// The items that look encrypted:
///
/// 1. those that had a form and became opaque;
/// 2. in each folder, as many new opaque ones as documents with a form were deleted there and did not only change their name;
/// 3. those that only changed their name, and whose name grew by an extension.
pub fn suspects(changes: &[Change<'_>]) -> Vec<u32> {
    let mut suspects = Vec::new();
    let any_deleted = changes.iter().any(|change| change.after.is_none());
    let mut added: BTreeMap<Digest, u64> = BTreeMap::new();
    let mut deleted: BTreeMap<&[u8], Option<Digest>> = BTreeMap::new();
    for change in changes {
        match (change.before, change.after) {
            (Some(before), Some(after)) if before.has_form() && after.shape == Shape::Opaque => suspects.push(change.item),
            (Some(before), None) => {
                deleted.insert(change.id, before.digest);
            }
            (None, Some(Content { digest: Some(digest), .. })) if any_deleted => *added.entry(digest).or_default() += 1,
            _ => {}
        }
    }
    let mut formed: BTreeMap<&[u8], u64> = BTreeMap::new();
    for change in changes.iter().filter(|change| change.after.is_none()) {
        let Some(before) = change.before else { continue };
        let renamed = before.digest.and_then(|digest| added.get_mut(&digest)).filter(|left| **left > 0);
        match renamed {
            Some(left) => *left -= 1,
            None if before.has_form() => *formed.entry(folder(change.id)).or_default() += 1,
            None => {}
        }
    }
    // Where nothing was deleted, nothing new is another name of it or takes its place.
    for change in changes.iter().filter(|change| any_deleted && change.before.is_none()) {
        let Some(after) = change.after else { continue };
        let grown = |shorter: &[u8]| after.digest.is_some() && deleted.get(shorter).is_some_and(|digest| *digest == after.digest);
        if shorter_names(change.id).any(grown) {
            suspects.push(change.item);
        } else if after.shape == Shape::Opaque
            && let Some(left) = formed.get_mut(folder(change.id)).filter(|left| **left > 0)
        {
            *left -= 1;
            suspects.push(change.item);
        }
    }
    suspects.sort_unstable();
    suspects
}

/// The folder of an id; empty for the root.
pub fn folder(id: &[u8]) -> &[u8] {
    id.iter().rposition(|byte| *byte == b'/').map_or(&[], |slash| &id[..slash])
}

/// The names that this one has grown from, if it grew by an extension.
fn shorter_names(id: &[u8]) -> impl Iterator<Item = &[u8]> {
    let name = id.len() - id.iter().rev().take_while(|byte| **byte != b'/').count();
    (name + 1..id.len()).filter(|place| id[*place] == b'.').map(|place| &id[..place])
}

#[cfg(test)]
#[path = "suspicion_test.rs"]
mod tests;
