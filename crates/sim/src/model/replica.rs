//! What a replica was seen to hold, and what must hold of it: every file wholly one of the versions of its item (P3), none
//! older than what was there before (P07), nothing lost that nobody removed (P7), nothing rotten (P11), nothing shown done that
//! is not there (P1).

use super::archive::{Archive, Leaf};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// What was seen of one replica.
#[derive(Clone, Debug, Default)]
pub struct Replica {
    /// Its tree when it was looked at last.
    pub tree: BTreeMap<String, Leaf>,
    /// By item: the place in its history that was shown; it never goes back.
    pub shown: HashMap<String, usize>,
    /// What lay there durably at some time.
    pub held: HashSet<(String, Leaf)>,
    /// What the weather did to files: its content now, none for a file that was removed.
    pub spoilt: BTreeMap<String, Option<Leaf>>,
    /// Contents that the weather put there at any time: they may be kept or seen until they are put right.
    pub planted: HashSet<(String, u128)>,
    /// Names that the weather added and that are no item's.
    pub extras: BTreeSet<String>,
    /// What lay there when its ledger lost its memory: what nobody claims of it stays (spec/package.md, Inventories).
    pub strays: BTreeMap<String, Leaf>,
    /// Those of them that nobody has claimed yet.
    pub unclaimed: BTreeMap<String, Leaf>,
    /// What a life of the source that is over did not know of, and the history keeps: until a source that went back hears of it, its proof of
    /// before stands.
    pub dropped: BTreeSet<String>,
    /// It followed another life of the source: what it holds is of one that is over, and makes way for whatever the new one brings.
    pub followed: bool,
    /// The source went back, and this replica does not follow the life that it began since: the life it follows has two branches. An inventory
    /// names no package before it, so of which of them it is nobody can see, and what it brings may be older than what was shown.
    pub of_two_branches: bool,
    /// Why everything that was proven may be gone: the weather put an older state of it back.
    pub put_back: bool,
}

/// Something that must not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The promise, or the name of the checker.
    pub checker: &'static str,
    /// What was seen.
    pub seen: String,
}

impl Violation {
    /// Of a promise.
    pub fn new(checker: &'static str, seen: impl Into<String>) -> Self {
        Self { checker, seen: seen.into() }
    }
}

impl Replica {
    /// Compares what is seen with what may be, after a command that did not end well: attributes may be under way, and nothing of it is
    /// durable.
    pub fn glimpse(&self, archive: &Archive, tree: BTreeMap<String, Leaf>) -> Result<(), Violation> {
        self.clone().look(archive, tree, false)
    }

    /// Compares the durable tree with what it may be, after a command or a loss of power. `whole`: the command ended well, so that attributes,
    /// too, must be those of a version.
    pub fn look(&mut self, archive: &Archive, tree: BTreeMap<String, Leaf>, whole: bool) -> Result<(), Violation> {
        for (path, leaf) in &tree {
            self.held.insert((path.clone(), *leaf));
            self.dropped.remove(path);
            if self.unclaimed.get(path) == Some(leaf) {
                // It lies there, and no ledger says so until somebody claims it: what comes may be older.
                self.spoilt.remove(path);
                continue;
            }
            let from = self.shown.get(path).copied().unwrap_or(0);
            if let Some(place) = archive.first_place(path, leaf, from) {
                // Where people went back to what was before, nobody can see which of the two it is: it may still be the first.
                self.shown.insert(path.clone(), place);
                self.spoilt.remove(path);
                continue;
            }
            if self.planted.contains(&(path.clone(), leaf.digest)) {
                continue;
            }
            let Some(history) = archive.histories.get(path) else {
                return Err(Violation::new("P3", format!("{path} lies on the replica and was never in the archive")));
            };
            let content_is = |place: usize| history[place].is_some_and(|had| had.same_content(leaf));
            if !whole && (from..history.len()).any(content_is) {
                // Its attributes are under way.
                continue;
            }
            if let Some(place) = (0..history.len()).rev().find(|place| content_is(*place)) {
                let checker = if place < from { "P07" } else { "P3" };
                return Err(Violation::new(
                    checker,
                    format!("{path} is state {place} of {}, {from} was shown before: {leaf:?}, history {history:?}", history.len()),
                ));
            }
            return Err(Violation::new("P3", format!("{path} is no version of its item: {leaf:?}, history {history:?}")));
        }
        for path in self.tree.keys().filter(|path| !tree.contains_key(*path)) {
            let from = self.shown.get(path).copied().unwrap_or(0);
            if archive.gone_since(path, from) {
                let place = archive.place(path, None, from).unwrap_or(from);
                // It may be gone for an earlier removal than the last one: the earliest that fits.
                let first = archive.histories[path].iter().enumerate().skip(from).find(|(_, leaf)| leaf.is_none()).map_or(place, |(place, _)| place);
                self.shown.insert(path.clone(), first);
                self.spoilt.remove(path);
                continue;
            }
            if self.spoilt.contains_key(path) || self.extras.contains(path) || !archive.histories.contains_key(path) {
                continue;
            }
            // It lies in the way of what a package brings, called like a folder of it, or of which it must be a folder: set aside and told (RPL-03).
            let below = format!("{path}/");
            let in_the_way = path.match_indices('/').any(|(at, _)| tree.contains_key(&path[..at])) || tree.keys().any(|other| other.starts_with(&below));
            if (self.unclaimed.contains_key(path) || self.followed) && in_the_way {
                continue;
            }
            // While a package is being switched in, an item may stand between its two names for a moment only.
            return Err(Violation::new("P7", format!("{path} is gone from the replica, and nobody removed it (state {from} was shown)")));
        }
        self.tree = tree;
        Ok(())
    }

    /// The weather changed the tree: what it did to one path.
    pub fn touched(&mut self, path: &str, leaf: Option<Leaf>, is_item: bool) {
        if let Some(leaf) = leaf {
            self.planted.insert((path.into(), leaf.digest));
            self.tree.insert(path.into(), leaf);
        } else {
            self.tree.remove(path);
        }
        if is_item {
            self.spoilt.insert(path.into(), leaf);
        } else {
            self.extras.insert(path.into());
        }
    }

    /// The source shows that `leaf` of this item is proven; none for its removal. What lies there so is claimed from now on.
    pub fn proven(&mut self, archive: &Archive, path: &str, leaf: Option<&Leaf>) -> Result<(), Violation> {
        let Some(leaf) = leaf else {
            return match self.tree.get(path) {
                Some(there) if !self.planted.contains(&(path.into(), there.digest)) && !self.put_back => {
                    let removed = archive.histories.get(path).and_then(|history| history.iter().position(Option::is_none)).unwrap_or(usize::MAX);
                    let later = archive.place(path, Some(there), 0).is_some_and(|place| place > removed);
                    if later { Ok(()) } else { Err(Violation::new("P1", format!("{path} is proven gone, and lies on the replica"))) }
                }
                _ => Ok(()),
            };
        };
        let first = archive.histories.get(path).and_then(|history| history.iter().position(|had| had.as_ref() == Some(leaf))).unwrap_or(usize::MAX);
        // It may have lain there only until the next package of the same command: then something later is there now.
        let passed_by = || match self.tree.get(path) {
            Some(there) => archive.place(path, Some(there), 0).is_some_and(|place| place > first),
            None => archive.gone_since(path, first),
        };
        if !self.held.contains(&(path.to_owned(), *leaf)) && !passed_by() {
            return Err(Violation::new("P1", format!("{path} is shown done as {leaf:?}, and never lay on the replica so")));
        }
        if !self.put_back
            && self.unclaimed.get(path) == Some(leaf)
            && let Some(place) = archive.place(path, Some(leaf), 0)
        {
            self.unclaimed.remove(path);
            self.shown.insert(path.into(), place);
        }
        if self.put_back || self.spoilt.contains_key(path) {
            return Ok(());
        }
        let fits = match self.tree.get(path) {
            Some(there) => archive.place(path, Some(there), 0).is_some_and(|place| place >= first) || self.planted.contains(&(path.to_owned(), there.digest)),
            None => archive.gone_since(path, first) || self.dropped.contains(path),
        };
        if fits { Ok(()) } else { Err(Violation::new("P1", format!("{path} is shown done as {leaf:?}, the replica holds {:?}", self.tree.get(path)))) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(text: &str) -> Leaf {
        Leaf::of(text.as_bytes(), 7, false)
    }

    fn archive(states: &[(&str, Option<&str>)]) -> Archive {
        let mut archive = Archive::default();
        for (path, state) in states {
            match state {
                Some(text) => archive.wrote(path, leaf(text)),
                None => archive.removed(path),
            }
        }
        archive
    }

    fn tree(files: &[(&str, &str)]) -> BTreeMap<String, Leaf> {
        files.iter().map(|(path, text)| ((*path).to_owned(), leaf(text))).collect()
    }

    /// FAULTS P07, A07, S05
    #[test]
    fn what_must_not_be_is_seen() {
        let made = archive(&[("a", Some("one")), ("a", Some("two")), ("b", Some("b")), ("c", Some("c")), ("c", None)]);
        let checker = |before: &[(&str, &str)], after: &[(&str, &str)]| {
            let mut replica = Replica::default();
            replica.look(&made, tree(before), true).unwrap();
            replica.look(&made, tree(after), true).err().map(|violation| violation.checker)
        };
        assert_eq!(checker(&[], &[("a", "one"), ("b", "b")]), None);
        assert_eq!(checker(&[("a", "one")], &[("a", "two")]), None);
        assert_eq!(checker(&[("a", "two")], &[("a", "one")]), Some("P07"));
        assert_eq!(checker(&[], &[("a", "onetwo")]), Some("P3"));
        assert_eq!(checker(&[], &[("x", "one")]), Some("P3"));
        assert_eq!(checker(&[("b", "b")], &[]), Some("P7"));
        assert_eq!(checker(&[("c", "c")], &[]), None);
    }

    #[test]
    fn what_is_shown_done_and_is_not_there_is_seen() {
        let made = archive(&[("a", Some("one")), ("a", Some("two")), ("b", Some("b")), ("b", None)]);
        let mut replica = Replica::default();
        replica.look(&made, tree(&[("a", "one"), ("b", "b")]), true).unwrap();
        assert!(replica.proven(&made, "a", Some(&leaf("one"))).is_ok());
        assert!(replica.proven(&made, "a", Some(&leaf("two"))).is_err());
        assert!(replica.proven(&made, "b", None).is_err());
        replica.touched("a", Some(leaf("spoilt")), true);
        assert!(replica.proven(&made, "a", Some(&leaf("one"))).is_ok(), "the weather's own doing is nobody's lie");
    }
}
