//! What was done since it was last made durable, and what a loss of power may leave of it.
//!
//! See [`super::SimDisk`] for the model.

use super::tree::{Body, Ino, Tree};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The smaller unit of tearing, bytes.
pub const SECTOR_BYTES: usize = 512;

/// A name that is set (or, to none, removed).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    /// The directory.
    pub dir: Ino,
    /// One component.
    pub name: Box<[u8]>,
    /// The node that it names from now on.
    pub to: Option<Ino>,
}

/// One change that is not durable yet.
#[derive(Clone, Debug)]
pub enum Pending {
    /// Bytes of a file.
    Write {
        /// The file.
        ino: Ino,
        /// Where they begin.
        offset: u64,
        /// The bytes.
        bytes: Arc<[u8]>,
    },
    /// A new size.
    Size {
        /// The file.
        ino: Ino,
        /// Bytes.
        size: u64,
    },
    /// Permission bits.
    Mode {
        /// The file.
        ino: Ino,
        /// The lowest 12 bits.
        mode: u32,
    },
    /// The time of the last change.
    Modified {
        /// The file.
        ino: Ino,
        /// Nanoseconds since 1970.
        modified: i64,
    },
    /// Names that change in one step: one for making and removing, two for a rename.
    Names {
        /// The names.
        namings: Vec<Naming>,
        /// The nodes that they name or named, whose namings cannot overtake one another.
        moved: Vec<Ino>,
    },
}

impl Pending {
    /// The file it is about; none for names.
    pub fn file(&self) -> Option<Ino> {
        match self {
            Self::Write { ino, .. } | Self::Size { ino, .. } | Self::Mode { ino, .. } | Self::Modified { ino, .. } => Some(*ino),
            Self::Names { .. } => None,
        }
    }

    fn concerns_dir(&self, dir: Ino) -> bool {
        matches!(self, Self::Names { namings, .. } if namings.iter().any(|naming| naming.dir == dir))
    }

    /// Sectors of the file that a write touches.
    pub fn sectors(&self) -> usize {
        match self {
            Self::Write { offset, bytes, .. } => pieces(*offset, bytes.len(), SECTOR_BYTES).count(),
            _ => 1,
        }
    }
}

/// What becomes of one pending change when the power goes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Fate {
    /// It never happened.
    Dropped,
    /// It reached the medium.
    Kept,
    /// The file grew, the bytes did not come: zeros.
    Hollow,
    /// Of a write only some pieces came: `kept` says which, from the first on; pieces past its end did not. A piece ends
    /// where the file's next multiple of `unit` begins.
    Torn {
        /// 512 or 4096.
        unit: usize,
        /// Which pieces.
        kept: Vec<bool>,
    },
}

/// The pieces of `length` bytes at `offset`, cut at the multiples of `unit`: from and to, relative to the offset.
fn pieces(offset: u64, length: usize, unit: usize) -> impl Iterator<Item = (usize, usize)> {
    let first = unit - (offset % unit as u64) as usize;
    let mut from = 0;
    std::iter::from_fn(move || {
        if from >= length {
            return None;
        }
        let to = if from == 0 { first.min(length) } else { (from + unit).min(length) };
        let piece = (from, to);
        from = to;
        Some(piece)
    })
}

/// Puts one change into a tree.
pub fn apply(tree: &mut Tree, pending: &Pending, fate: &Fate) {
    if *fate == Fate::Dropped {
        return;
    }
    let content = |tree: &mut Tree, ino: Ino, act: &mut dyn FnMut(&mut super::tree::Content)| {
        if let Some(node) = tree.get_mut(ino)
            && let Body::File(content) = &mut node.body
        {
            act(content);
        }
    };
    match pending {
        Pending::Write { ino, offset, bytes } => content(tree, *ino, &mut |content| match fate {
            Fate::Hollow => content.set_size(content.size.max(offset + bytes.len() as u64)),
            Fate::Torn { unit, kept } => {
                for ((from, to), _) in pieces(*offset, bytes.len(), *unit).zip(kept).filter(|(_, kept)| **kept) {
                    content.write(&bytes[from..to], offset + from as u64);
                }
            }
            _ => content.write(bytes, *offset),
        }),
        Pending::Size { ino, size } => content(tree, *ino, &mut |content| content.set_size(*size)),
        Pending::Mode { ino, mode } => {
            if let Some(node) = tree.get_mut(*ino) {
                node.mode = *mode;
            }
        }
        Pending::Modified { ino, modified } => {
            if let Some(node) = tree.get_mut(*ino) {
                node.modified = *modified;
            }
        }
        Pending::Names { namings, .. } => namings.iter().for_each(|naming| tree.set_name(naming.dir, &naming.name, naming.to)),
    }
}

/// Makes the names of a directory durable, and with them whatever they rest on: earlier namings of the same nodes and of the
/// same names.
pub fn settle_dir(durable: &mut Tree, pending: &mut Vec<Pending>, dir: Ino) {
    if !pending.iter().any(|one| one.concerns_dir(dir)) {
        return;
    }
    let mut settled = vec![false; pending.len()];
    let mut nodes: BTreeSet<Ino> = BTreeSet::new();
    let mut names: BTreeSet<(Ino, Box<[u8]>)> = BTreeSet::new();
    for (place, one) in pending.iter().enumerate().rev() {
        let Pending::Names { namings, moved } = one else { continue };
        let wanted = one.concerns_dir(dir)
            || moved.iter().any(|ino| nodes.contains(ino))
            || namings.iter().any(|naming| names.contains(&(naming.dir, naming.name.clone())));
        if wanted {
            settled[place] = true;
            nodes.extend(moved);
            names.extend(namings.iter().map(|naming| (naming.dir, naming.name.clone())));
        }
    }
    let mut place = 0;
    pending.retain(|one| {
        place += 1;
        if settled[place - 1] {
            apply(durable, one, &Fate::Kept);
        }
        !settled[place - 1]
    });
}

/// What a loss of power leaves. A naming is lost with the earlier naming of the same node that was lost: a node has one name.
pub fn left(durable: &Tree, pending: &[Pending], choose: &mut dyn FnMut(usize, &Pending) -> Fate) -> Tree {
    let mut tree = durable.clone();
    let mut lost: BTreeSet<Ino> = BTreeSet::new();
    for (place, one) in pending.iter().enumerate() {
        let mut fate = choose(place, one);
        if let Pending::Names { moved, .. } = one {
            if fate != Fate::Dropped && moved.iter().any(|ino| lost.contains(ino)) {
                fate = Fate::Dropped;
            }
            if fate == Fate::Dropped {
                lost.extend(moved);
            }
        }
        apply(&mut tree, one, &fate);
    }
    tree.forget_nameless();
    tree
}
