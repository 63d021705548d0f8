//! What must hold of every state, judged by looking at the disk: nothing here asks the engine but for the words of its reports.

use super::books::{self, Given};
use super::scene::{ARCHIVE, MARKER, MEDIUM, PARITY, REPLICA, SAFE, SOURCE, Side, TREE};
use crate::disk::{Fate, Image, PageId, Seen};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use store::disk::Kind;

/// Kind of the apply record (spec/ledger.md).
const BEGUN: u16 = 32;

/// A document as a reader meets it: content, time, executable.
type Document = ([u8; 32], i64, bool);

/// What may be seen: each path old or new.
#[derive(Default)]
pub struct Truth {
    /// What crossed before.
    old: BTreeMap<Vec<u8>, Document>,
    /// What the archive holds now.
    new: BTreeMap<Vec<u8>, Document>,
    /// A file of the replica that rotted, and what became of it.
    rotten: Option<(Vec<u8>, Document)>,
    /// A home that went back.
    former: Option<Former>,
    /// BLAKE3 of the contents, in hex, by the digest of [`Seen`].
    plain: BTreeMap<[u8; 32], String>,
    /// Pages in which no plaintext was found.
    clean: Mutex<BTreeSet<PageId>>,
}

/// What both ledgers had given out before a home went back.
#[derive(Clone)]
struct Former {
    /// Whose home it was.
    side: Side,
    given: Given,
    /// Numbers that it gave out once more before anybody noticed.
    unnoticed: Given,
}

fn document(seen: &Seen) -> Document {
    (seen.digest, seen.modified, seen.mode & 0o111 != 0)
}

fn documents(image: &Image, root: &str) -> BTreeMap<Vec<u8>, Document> {
    let mut all = BTreeMap::new();
    image.visit(root, &mut |path, seen| {
        if seen.kind == Kind::File {
            all.insert(path.to_vec(), document(&seen));
        }
    });
    all
}

impl Truth {
    /// The archive before it was changed, and after.
    pub fn new(before: &Image, after: &Image) -> Self {
        Self::between((before, ARCHIVE), (after, ARCHIVE))
    }

    /// What the replica held first, by the folder of an image, and what it shall hold.
    pub fn between(before: (&Image, &str), after: (&Image, &str)) -> Self {
        let mut plain = BTreeMap::new();
        for (image, folder) in [before, after] {
            let things = image.below(folder);
            for (path, (digest, _, _)) in documents(image, folder) {
                plain.insert(digest, blake3::hash(&things[&path].bytes).to_hex().to_string());
            }
        }
        Self { old: documents(before.0, before.1), new: documents(after.0, after.1), plain, ..Self::default() }
    }

    /// The same, with a memory of its own.
    #[must_use]
    pub fn again(&self) -> Self {
        let Self { old, new, rotten, plain, former, .. } = self;
        Self { old: old.clone(), new: new.clone(), rotten: rotten.clone(), plain: plain.clone(), former: former.clone(), clean: Mutex::default() }
    }

    /// The home of this side is about to be lost or put back to an earlier state.
    ///
    /// # Errors
    /// What is wrong with the ledgers, in words.
    pub fn goes_back(&mut self, side: Side, image: &Image) -> Result<(), String> {
        self.former = Some(Former { side, given: books::given(image, true)?, unnoticed: Given::default() });
        Ok(())
    }

    /// People know of it: from now on nothing is given out again.
    ///
    /// # Errors
    /// What is wrong with the ledgers, in words.
    pub fn is_noticed(&mut self, image: &Image) -> Result<(), String> {
        if let Some(former) = &mut self.former {
            former.unnoticed = books::given(image, true)?;
        }
        Ok(())
    }

    /// Whether the source may be believed: not while it is older than what it has sent, and nobody has noticed.
    pub fn is_source_itself(&self, image: &Image) -> Result<bool, String> {
        let went_back = self.former.as_ref().is_some_and(|former| former.side == Side::Source);
        Ok(!went_back || books::is_reborn(image, SOURCE)?)
    }

    /// This file of the replica has just rotted: it may be seen as it is, and cannot be what the source believes.
    pub fn rots(&mut self, image: &Image, path: &str) {
        self.rotten = documents(image, TREE).remove(path.as_bytes()).map(|document| (path.into(), document));
    }

    fn is_rotten(&self, path: &[u8], document: &Document) -> bool {
        self.rotten.as_ref().is_some_and(|rotten| rotten.0 == path && rotten.1 == *document)
    }

    /// P3: every item of the replica is wholly old or wholly new, and nothing else is there.
    ///
    /// # Errors
    /// What is not, in words.
    pub fn replica_is_whole(&self, image: &Image) -> Result<(), String> {
        let mut wrong = None;
        let mut held = 0;
        image.visit(TREE, &mut |path, seen| {
            if wrong.is_some() || path.starts_with(b".gapferry/") || path == b".gapferry" || seen.kind == Kind::Dir {
                return;
            }
            let (old, new) = (self.old.get(path), self.new.get(path));
            let is = document(&seen);
            held += usize::from(old.is_some() && new.is_some());
            if seen.kind != Kind::File || ![old, new].contains(&Some(&is)) && !self.is_rotten(path, &is) {
                wrong = Some(format!("{} on the replica is neither old nor new: {} bytes, {:?}", path.escape_ascii(), seen.size, is.1));
            }
        });
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        let stays: Vec<_> = self.old.keys().filter(|path| self.new.contains_key(*path)).collect();
        if held == stays.len() {
            return Ok(());
        }
        let there = documents(image, TREE);
        let missing = stays.iter().find(|path| !there.contains_key(**path)).map(|path| path.escape_ascii().to_string());
        Err(format!("missing on the replica: {}", missing.unwrap_or_default()))
    }

    /// P3: what the replica shows of the new archive stands in an apply record, by which an interruption is rolled forward.
    ///
    /// # Errors
    /// What does not, in words.
    pub fn what_is_shown_is_recorded(&self, image: &Image) -> Result<(), String> {
        let mut shown = documents(image, TREE);
        shown.retain(|path, is| !path.starts_with(b".gapferry/") && self.old.get(path) != Some(is) && !self.is_rotten(path, is));
        // A home of the replica that went back does not know what its tree was given since.
        if shown.is_empty() || self.former.as_ref().is_some_and(|former| former.side == Side::Replica) {
            return Ok(());
        }
        let begun: Vec<Vec<u8>> = books::records(image, REPLICA, true)?.into_iter().filter(|record| record.0 == BEGUN).map(|record| record.1).collect();
        let is_named = |digest: &[u8]| begun.iter().any(|body| body.windows(digest.len()).any(|window| window == digest));
        let bytes = |is: &Document| self.plain.get(&is.0).and_then(|hex| blake3::Hash::from_hex(hex).ok());
        match shown.iter().find(|(_, is)| !bytes(is).is_some_and(|digest| is_named(digest.as_bytes()))) {
            Some((path, _)) => Err(format!("{} is new on the replica, and its ledger does not know", path.escape_ascii())),
            None => Ok(()),
        }
    }

    /// P1: what the source calls done lies on the replica.
    ///
    /// # Errors
    /// What does not, in words.
    pub fn done_is_there(&self, image: &Image, done: &Done) -> Result<(), String> {
        let there = documents(image, TREE);
        for (path, digest) in &done.items {
            let plain = there.get(path).and_then(|document| self.plain.get(&document.0));
            if plain != Some(digest) && there.get(path).is_none_or(|document| !self.is_rotten(path, document)) {
                return Err(format!("the source calls {} done, and on the replica is {plain:?}", path.escape_ascii()));
            }
        }
        let older = |path: &[u8], is: &Document| {
            let of_before = self.old.iter().any(|(of, old)| old.0 == is.0 && self.new.get(of).is_none_or(|new| new.0 != old.0));
            path.starts_with(b".gapferry/") && of_before && !self.new.values().any(|new| new.0 == is.0)
        };
        if let Some((path, _)) = there.iter().find(|(path, is)| done.purged && older(path, is)) {
            return Err(format!("the source calls every purge proven, and {} has an older version", path.escape_ascii()));
        }
        if done.all && self.captured(done) && there.keys().any(|path| !path.starts_with(b".gapferry/") && !self.new.contains_key(path)) {
            return Err("the source calls everything done, and the replica holds more".into());
        }
        Ok(())
    }

    /// Whether the source has captured the archive as it is now: it speaks of its contents.
    fn captured(&self, done: &Done) -> bool {
        done.items.len() == self.new.len() && done.items.iter().all(|(path, digest)| self.new.get(path).and_then(|new| self.plain.get(&new.0)) == Some(digest))
    }

    /// The replica is the archive.
    ///
    /// # Errors
    /// What differs, in words.
    pub fn replica_is_the_archive(&self, image: &Image) -> Result<(), String> {
        let mut there = documents(image, TREE);
        there.retain(|path, _| !path.starts_with(b".gapferry/"));
        let paths: BTreeSet<_> = there.keys().chain(self.new.keys()).collect();
        match paths.into_iter().find(|path| there.get(*path) != self.new.get(*path)) {
            Some(path) => Err(format!("{} differs after everything was carried", path.escape_ascii())),
            None => Ok(()),
        }
    }

    /// K09: no plaintext outside the archive and the replica's tree.
    ///
    /// # Errors
    /// Where it is, in words.
    pub fn no_plaintext(&self, image: &Image) -> Result<(), String> {
        let mut clean = self.clean.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut found = None;
        for root in [SOURCE, REPLICA, MEDIUM, SAFE, PARITY] {
            image.visit_pages(root, &mut |path, page, bytes| {
                if clean.contains(&page) || found.is_some() {
                    return;
                }
                if bytes.windows(MARKER.len()).any(|window| window == MARKER) {
                    found = Some(format!("plaintext in {root}/{}", path.escape_ascii()));
                } else {
                    clean.insert(page);
                }
            });
        }
        found.map_or(Ok(()), Err)
    }
}

/// What the source says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// The items that it calls done, with the digest of their documents.
    pub items: BTreeMap<Vec<u8>, String>,
    /// Whether it calls all done.
    pub all: bool,
    /// Whether it was asked for purges, and calls all of them proven.
    pub purged: bool,
}

/// What crosses is known to who sent it, before it crosses and after.
///
/// # Errors
/// What is not, in words.
pub fn what_crosses_is_recorded(image: &Image, truth: &Truth) -> Result<(), String> {
    all_known(&books::given(image, true)?, truth, image, "lies on the medium, and no ledger knows it")
}

/// Every file on the medium of an image was given out, by the ledgers as they are or before a home went back; and no number was given
/// out again for something else.
fn all_known(given: &Given, truth: &Truth, on: &Image, what: &str) -> Result<(), String> {
    let (packages, receipts) = books::on_medium(on);
    let (nobody, former) = (Given::default(), truth.former.as_ref());
    let (before, unnoticed) = former.map_or((&nobody, &nobody), |former| (&former.given, &former.unnoticed));
    let kinds = [(packages, &given.packages, &before.packages, &unnoticed.packages), (receipts, &given.receipts, &before.receipts, &unnoticed.receipts)];
    for (ids, given, before, unnoticed) in kinds {
        if let Some(id) = ids.iter().find(|id| !given.values().chain(before.values()).any(|known| known == *id)) {
            return Err(format!("{:02x?} {what}", &id[..4]));
        }
        let again = |(number, id): &(&u64, &[u8; 16])| before.get(number).is_some_and(|before| before != *id) && unnoticed.get(number) != Some(*id);
        if let Some((number, _)) = given.iter().find(again) {
            return Err(format!("number {number} was given out again in another life"));
        }
    }
    Ok(())
}

/// Nothing was given out twice, nor is anything forgotten that was out before. At `rest` both chains hold to their very ends; a home that
/// was not opened yet may have a torn tail.
///
/// # Errors
/// What does not, in words.
pub fn books_are_right(before: &Image, after: &Image, rest: bool, truth: &Truth) -> Result<(), String> {
    all_known(&books::given(after, !rest)?, truth, before, "was on the medium, and no ledger knows it now")
}

/// A command has ended: every file that it left in the homes, in the replica and on the medium is there after a loss of power.
///
/// # Errors
/// Which is not.
pub fn what_ended_is_durable(image: &Image) -> Result<(), String> {
    let left = image.crashed(&mut |_, _| Fate::Dropped);
    for root in [SOURCE, REPLICA, TREE, MEDIUM, SAFE, PARITY] {
        let mut there = BTreeMap::new();
        left.visit(root, &mut |path, seen| {
            there.insert(path.to_vec(), seen.digest);
        });
        let mut lost = None;
        image.visit(root, &mut |path, seen| {
            // A lock holds nothing; what lies there is not asked for.
            if seen.kind == Kind::File && !path.ends_with(b"lock") && there.get(path) != Some(&seen.digest) {
                lost = Some(format!("{root}/{} is not durable when its command has ended", path.escape_ascii()));
            }
        });
        lost.map_or(Ok(()), Err)?;
    }
    Ok(())
}
