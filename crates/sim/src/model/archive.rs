//! What people made of the archive: every content that each item ever had, in order, and which of them the source calls by
//! which version. A version is what the archive held when the source first showed that number for the item.

use std::collections::{BTreeMap, HashMap};

/// A file as a person sees it, its content by digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Leaf {
    /// First half of the BLAKE3 digest of its content.
    pub digest: u128,
    /// Bytes.
    pub bytes: u64,
    /// Modification time, ns.
    pub modified: i64,
    /// Whether it may be executed.
    pub executable: bool,
}

impl Leaf {
    /// Of content and attributes.
    pub fn of(content: &[u8], modified: i64, executable: bool) -> Self {
        let digest: [u8; 32] = *blake3::hash(content).as_bytes();
        Self { digest: u128::from_le_bytes(digest[..16].try_into().expect("16 bytes")), bytes: content.len() as u64, modified, executable }
    }

    /// Whether the content is the same, whatever the attributes.
    pub fn same_content(&self, other: &Self) -> bool {
        (self.digest, self.bytes) == (other.digest, other.bytes)
    }
}

/// Every state that an item ever had; none is gone.
pub type History = Vec<Option<Leaf>>;

/// What people made, and what the source calls it.
#[derive(Clone, Debug, Default)]
pub struct Archive {
    /// What is there now, by path, as people left it.
    pub now: BTreeMap<String, Leaf>,
    /// By path: every state in order.
    pub histories: HashMap<String, History>,
    /// What rot made of files while the file system shows no change.
    pub rotten: BTreeMap<String, Leaf>,
    /// How often each item was changed or removed by people; additions not counted.
    pub changes: BTreeMap<String, u64>,
}

impl Archive {
    /// A person wrote this file.
    pub fn wrote(&mut self, path: &str, leaf: Leaf) {
        self.rotten.remove(path);
        if let Some(old) = self.now.insert(path.into(), leaf)
            && !old.same_content(&leaf)
        {
            *self.changes.entry(path.into()).or_default() += 1;
        }
        self.append(path, Some(leaf));
    }

    /// A person removed it.
    pub fn removed(&mut self, path: &str) {
        self.rotten.remove(path);
        if self.now.remove(path).is_some() {
            *self.changes.entry(path.into()).or_default() += 1;
            self.append(path, None);
        }
    }

    /// It is not there, and never was.
    pub fn never(&mut self, path: &str) {
        self.histories.entry(path.into()).or_insert_with(|| vec![None]);
    }

    fn append(&mut self, path: &str, leaf: Option<Leaf>) {
        let history = self.histories.entry(path.into()).or_default();
        if history.last() != Some(&leaf) {
            history.push(leaf);
        }
    }

    /// The newest place in the item's history where it was exactly this, not before `from`.
    pub fn place(&self, path: &str, leaf: Option<&Leaf>, from: usize) -> Option<usize> {
        let history = self.histories.get(path)?;
        (from..history.len()).rev().find(|place| history[*place].as_ref() == leaf)
    }

    /// The first place in the item's history where it was exactly this, not before `from`.
    pub fn first_place(&self, path: &str, leaf: &Leaf, from: usize) -> Option<usize> {
        let history = self.histories.get(path)?;
        (from..history.len()).find(|place| history[*place].as_ref() == Some(leaf))
    }

    /// Whether people removed the item at or after this place of its history.
    pub fn gone_since(&self, path: &str, from: usize) -> bool {
        self.histories.get(path).is_some_and(|history| history.iter().skip(from).any(Option::is_none))
    }
}

/// Which state the source calls by which version, in one life of its ledger: a home that is put back knows less.
#[derive(Clone, Debug, Default)]
pub struct Versions(HashMap<String, BTreeMap<u64, Option<Leaf>>>);

impl Versions {
    /// The source shows `version` of an item, which now is `leaf`; false when it showed another state by this version before and has looked
    /// again since.
    pub fn shown(&mut self, item: &str, version: u64, leaf: Option<&Leaf>, looked: bool) -> bool {
        let known = self.0.entry(item.into()).or_default();
        let had = known.entry(version).or_insert_with(|| leaf.copied());
        !looked || had.as_ref() == leaf
    }

    /// A new life of the source's ledger calls the state `from` of an item `to`.
    pub fn renumber(&mut self, item: &str, from: u64, to: u64) {
        let Some(known) = self.0.get_mut(item) else { return };
        if let Some(leaf) = known.get(&from).copied() {
            known.entry(to).or_insert(leaf);
        }
    }

    /// What this version was.
    pub fn of(&self, item: &str, version: u64) -> Option<Option<Leaf>> {
        self.0.get(item)?.get(&version).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_tells_what_was_there_and_in_which_order() {
        let mut archive = Archive::default();
        let (one, two) = (Leaf::of(b"one", 1, false), Leaf::of(b"two", 2, false));
        archive.wrote("a", one);
        archive.wrote("a", two);
        archive.removed("a");
        assert_eq!(archive.place("a", Some(&one), 0), Some(0));
        assert_eq!(archive.place("a", Some(&one), 1), None, "it does not go back");
        assert_eq!(archive.place("a", None, 0), Some(2));
        assert!(archive.gone_since("a", 1) && !archive.gone_since("b", 0));
        assert_eq!(archive.changes["a"], 2);
        let mut versions = Versions::default();
        assert!(versions.shown("a", 1, Some(&one), true));
        assert!(!versions.shown("a", 1, Some(&two), true), "one version is one state");
        assert_eq!(versions.of("a", 1), Some(Some(one)));
    }
}
