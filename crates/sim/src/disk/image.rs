//! A state of all volumes: taken, digested, looked into and put back at the cost of some counts.

use super::pending::{Fate, Pending};
use super::state::Mounts;
use super::tree::{Body, Ino, ROOT, Tree};
use super::volume::Volume;
use std::collections::BTreeMap;
use store::disk::Kind;

/// All volumes at one moment, with what was not durable then. No handle, lock or fault is in it.
#[derive(Clone, Debug)]
pub struct Image {
    pub(super) volumes: Vec<Volume>,
    pub(super) mounts: Mounts,
    pub(super) next_ino: Ino,
    pub(super) now: i64,
    /// Something is kept by handles alone.
    pub(super) nameless: bool,
}

/// A file, link or directory of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    /// What it is.
    pub kind: Kind,
    /// Permission bits.
    pub mode: u32,
    /// Time of the last change of content, ns.
    pub modified: i64,
    /// A file's bytes, a link's target.
    pub bytes: Vec<u8>,
}

/// What [`Image::visit`] shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What it is.
    pub kind: Kind,
    /// Permission bits.
    pub mode: u32,
    /// Time of the last change of content, ns.
    pub modified: i64,
    /// Bytes.
    pub size: u64,
    /// Equal for equal contents.
    pub digest: [u8; 32],
}

/// Is shown the path of a file, and a page of it.
pub type SeePage<'a> = dyn FnMut(&[u8], PageId, &[u8]) + 'a;

/// Digest of a page: equal for equal pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PageId(pub [u8; 32]);

impl Image {
    /// BLAKE3 over names, kinds, contents and modes of everything that programs see.
    pub fn digest(&self) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        for volume in &self.volumes {
            hasher.update(&volume.device.to_le_bytes());
            volume.live.digest_into(&mut hasher);
        }
        *hasher.finalize().as_bytes()
    }

    /// What is not durable yet, over all volumes, in the order of volumes and calls.
    pub fn pending(&self) -> Vec<&Pending> {
        self.volumes.iter().flat_map(|volume| &volume.pending).collect()
    }

    /// This image after a loss of power; `choose` is asked for each of [`Image::pending`] by its place.
    #[must_use]
    pub fn crashed(&self, choose: &mut dyn FnMut(usize, &Pending) -> Fate) -> Self {
        let mut image = self.clone();
        let mut base = 0;
        for volume in &mut image.volumes {
            let count = volume.pending.len();
            volume.crash(self.now + 1, &mut |place, one| choose(base + place, one));
            base += count;
        }
        image.now += 1;
        image
    }

    /// BLAKE3 like [`Image::digest`], of the volume that a path lies on.
    pub fn volume_digest(&self, path: &str) -> [u8; 32] {
        let mut hasher = blake3::Hasher::new();
        if let Some((volume, _)) = self.start(path) {
            volume.live.digest_into(&mut hasher);
        }
        *hasher.finalize().as_bytes()
    }

    /// Visits everything below an absolute path on its volume: relative path, kind, permission bits, time of the last change of content, size, and a
    /// digest of the content that is equal for equal contents.
    pub fn visit(&self, path: &str, see: &mut dyn FnMut(&[u8], Seen)) {
        if let Some((volume, ino)) = self.start(path) {
            volume.live.visit_below(ino, &mut Vec::new(), &mut |path, _, node| {
                see(path, Seen { kind: node.kind(), mode: node.mode, modified: node.modified, size: node.size(), digest: *node.digest() });
            });
        }
    }

    /// Visits every file below an absolute path page by page; pages that were never written are left out. A byte string that lies across pages
    /// is in neither.
    pub fn visit_pages(&self, path: &str, see: &mut SeePage<'_>) {
        if let Some((volume, ino)) = self.start(path) {
            volume.live.visit_below(ino, &mut Vec::new(), &mut |path, _, node| {
                if let Body::File(content) = &node.body {
                    content.pages().for_each(|page| see(path, PageId(*page.digest()), page.bytes()));
                }
            });
        }
    }

    fn start(&self, path: &str) -> Option<(&Volume, Ino)> {
        self.start_in(path, &|volume| &volume.live)
    }

    fn start_in(&self, path: &str, tree: &dyn Fn(&Volume) -> &Tree) -> Option<(&Volume, Ino)> {
        let mut at = (0, ROOT);
        for part in path.as_bytes().split(|byte| *byte == b'/').filter(|part| !part.is_empty()) {
            at.1 = *tree(&self.volumes[at.0]).names(at.1)?.get(part)?;
            if let Some(mounted) = self.mounts.get(&at) {
                at = (*mounted, ROOT);
            }
        }
        Some((&self.volumes[at.0], at.1))
    }

    /// The bytes of the file at an absolute path; links are not followed.
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        let (volume, ino) = self.start(path)?;
        match &volume.live.get(ino)?.body {
            Body::File(content) => Some(content.bytes()),
            _ => None,
        }
    }

    /// Everything below an absolute path on its volume, by relative path.
    pub fn below(&self, path: &str) -> BTreeMap<Vec<u8>, Thing> {
        self.below_in(path, &|volume| &volume.live)
    }

    /// Everything below an absolute path that a loss of power leaves if it takes all it can.
    pub fn durable_below(&self, path: &str) -> BTreeMap<Vec<u8>, Thing> {
        self.below_in(path, &|volume| &volume.durable)
    }

    fn below_in(&self, path: &str, tree: &dyn Fn(&Volume) -> &Tree) -> BTreeMap<Vec<u8>, Thing> {
        let mut things = BTreeMap::new();
        if let Some((volume, ino)) = self.start_in(path, tree) {
            tree(volume).visit_below(ino, &mut Vec::new(), &mut |path, _, node| {
                let bytes = match &node.body {
                    Body::File(content) => content.bytes(),
                    Body::Link(target) => target.clone(),
                    _ => Vec::new(),
                };
                things.insert(path.to_vec(), Thing { kind: node.kind(), mode: node.mode, modified: node.modified, bytes });
            });
        }
        things
    }
}
