//! What lies on a volume: numbered nodes that are shared between images until one of them changes.
//!
//! Guarantees: a copy of a [`Tree`] costs one count; a change copies only the pages, nodes and tables it touches. Digests of
//! pages and files are computed once for each content.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use store::disk::Kind;

/// Bytes of a page, the unit of sharing and the larger unit of tearing.
pub const PAGE_BYTES: usize = 4096;
/// The node that a volume begins with.
pub const ROOT: u64 = 1;

/// Number of a node: the inode.
pub type Ino = u64;
/// Names of a directory.
pub type Names = BTreeMap<Box<[u8]>, Ino>;

#[derive(Debug)]
pub struct Page {
    bytes: [u8; PAGE_BYTES],
    digest: OnceLock<[u8; 32]>,
}

impl Page {
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub fn digest(&self) -> &[u8; 32] {
        self.digest.get_or_init(|| *blake3::hash(&self.bytes).as_bytes())
    }
}

impl Clone for Page {
    fn clone(&self) -> Self {
        Self { bytes: self.bytes, digest: OnceLock::new() }
    }
}

/// Bytes of a file; pages never written are none and read as zero.
#[derive(Clone, Debug, Default)]
pub struct Content {
    pub size: u64,
    pages: Vec<Option<Arc<Page>>>,
}

impl Content {
    pub fn read(&self, buffer: &mut [u8], offset: u64) -> usize {
        let end = self.size.min(offset.saturating_add(buffer.len() as u64));
        let count = usize::try_from(end.saturating_sub(offset)).unwrap_or(0);
        let mut filled = 0;
        while filled < count {
            let at = offset as usize + filled;
            let (page, skip) = (at / PAGE_BYTES, at % PAGE_BYTES);
            let piece = (PAGE_BYTES - skip).min(count - filled);
            match self.pages.get(page) {
                Some(Some(page)) => buffer[filled..filled + piece].copy_from_slice(&page.bytes[skip..skip + piece]),
                _ => buffer[filled..filled + piece].fill(0),
            }
            filled += piece;
        }
        count
    }

    pub fn write(&mut self, bytes: &[u8], offset: u64) {
        if bytes.is_empty() {
            return;
        }
        let mut done = 0;
        while done < bytes.len() {
            let at = offset as usize + done;
            let (place, skip) = (at / PAGE_BYTES, at % PAGE_BYTES);
            let piece = (PAGE_BYTES - skip).min(bytes.len() - done);
            if self.pages.len() <= place {
                self.pages.resize(place + 1, None);
            }
            let page = self.pages[place].get_or_insert_with(|| Arc::new(Page { bytes: [0; PAGE_BYTES], digest: OnceLock::new() }));
            let page = Arc::make_mut(page);
            page.digest = OnceLock::new();
            page.bytes[skip..skip + piece].copy_from_slice(&bytes[done..done + piece]);
            done += piece;
        }
        self.size = self.size.max(offset + bytes.len() as u64);
    }

    pub fn set_size(&mut self, size: u64) {
        if size < self.size {
            let pages = (size as usize).div_ceil(PAGE_BYTES);
            self.pages.truncate(pages);
            let rest = size as usize % PAGE_BYTES;
            // What is extended later reads as zero.
            if rest != 0
                && self.pages.len() == pages
                && let Some(Some(page)) = self.pages.last_mut()
            {
                let page = Arc::make_mut(page);
                page.digest = OnceLock::new();
                page.bytes[rest..].fill(0);
            }
        }
        self.size = size;
    }

    pub fn pages(&self) -> impl Iterator<Item = &Page> {
        self.pages.iter().flatten().map(|page| &**page)
    }

    /// All of it.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.size as usize];
        self.read(&mut bytes, 0);
        bytes
    }

    fn digest(&self) -> [u8; 32] {
        static HOLE: [u8; PAGE_BYTES] = [0; PAGE_BYTES];
        static HOLE_DIGEST: OnceLock<[u8; 32]> = OnceLock::new();
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.size.to_le_bytes());
        for place in 0..(self.size as usize).div_ceil(PAGE_BYTES) {
            match self.pages.get(place) {
                Some(Some(page)) => hasher.update(page.digest()),
                _ => hasher.update(HOLE_DIGEST.get_or_init(|| *blake3::hash(&HOLE).as_bytes())),
            };
        }
        *hasher.finalize().as_bytes()
    }
}

#[derive(Clone, Debug)]
pub enum Body {
    File(Content),
    Dir(Names),
    Link(Vec<u8>),
    Other,
}

/// One node with its attributes.
#[derive(Debug)]
pub struct Node {
    pub body: Body,
    pub mode: u32,
    pub modified: i64,
    pub changed: i64,
    digest: OnceLock<[u8; 32]>,
}

impl Clone for Node {
    fn clone(&self) -> Self {
        Self { body: self.body.clone(), mode: self.mode, modified: self.modified, changed: self.changed, digest: OnceLock::new() }
    }
}

impl Node {
    pub fn new(body: Body, mode: u32, now: i64) -> Self {
        Self { body, mode, modified: now, changed: now, digest: OnceLock::new() }
    }

    pub fn kind(&self) -> Kind {
        match self.body {
            Body::File(_) => Kind::File,
            Body::Dir(_) => Kind::Dir,
            Body::Link(_) => Kind::Link,
            Body::Other => Kind::Other,
        }
    }

    pub fn size(&self) -> u64 {
        match &self.body {
            Body::File(content) => content.size,
            Body::Link(target) => target.len() as u64,
            Body::Dir(_) | Body::Other => 0,
        }
    }

    pub fn names(&self) -> Option<&Names> {
        if let Body::Dir(names) = &self.body { Some(names) } else { None }
    }

    /// Over kind and content; names below a directory are not in it.
    pub fn digest(&self) -> &[u8; 32] {
        self.digest.get_or_init(|| match &self.body {
            Body::File(content) => content.digest(),
            Body::Link(target) => *blake3::hash(target).as_bytes(),
            Body::Dir(_) | Body::Other => [0; 32],
        })
    }
}

/// The nodes of a volume.
#[derive(Clone, Debug)]
pub struct Tree(Arc<BTreeMap<Ino, Arc<Node>>>);

impl Tree {
    pub fn new(now: i64) -> Self {
        Self(Arc::new(BTreeMap::from([(ROOT, Arc::new(Node::new(Body::Dir(Names::new()), 0o755, now)))])))
    }

    pub fn get(&self, ino: Ino) -> Option<&Node> {
        self.0.get(&ino).map(|node| &**node)
    }

    pub fn get_mut(&mut self, ino: Ino) -> Option<&mut Node> {
        let node = Arc::make_mut(Arc::make_mut(&mut self.0).get_mut(&ino)?);
        node.digest = OnceLock::new();
        Some(node)
    }

    pub fn insert(&mut self, ino: Ino, node: Node) {
        Arc::make_mut(&mut self.0).insert(ino, Arc::new(node));
    }

    pub fn remove(&mut self, ino: Ino) {
        if self.0.contains_key(&ino) {
            Arc::make_mut(&mut self.0).remove(&ino);
        }
    }

    /// Takes a file's node over as it is in another tree, without copying it.
    pub fn adopt(&mut self, ino: Ino, from: &Self) {
        match (from.0.get(&ino), self.0.get(&ino)) {
            (Some(theirs), Some(ours)) if Arc::ptr_eq(theirs, ours) => {}
            (Some(theirs), _) => {
                Arc::make_mut(&mut self.0).insert(ino, theirs.clone());
            }
            (None, _) => {}
        }
    }

    pub fn names(&self, ino: Ino) -> Option<&Names> {
        self.get(ino)?.names()
    }

    /// Sets or removes a name. A directory that is gone has none.
    pub fn set_name(&mut self, dir: Ino, name: &[u8], to: Option<Ino>) {
        if self.names(dir).is_none_or(|names| names.get(name).copied() == to) {
            return;
        }
        if let Some(Node { body: Body::Dir(names), .. }) = self.get_mut(dir) {
            match to {
                Some(ino) => names.insert(name.into(), ino),
                None => names.remove(name),
            };
        }
    }

    /// Visits everything that has a name, directories before what is in them, with paths relative to the volume.
    pub fn visit(&self, see: &mut dyn FnMut(&[u8], Ino, &Node)) {
        self.visit_below(ROOT, &mut Vec::new(), see);
    }

    pub fn visit_below(&self, dir: Ino, path: &mut Vec<u8>, see: &mut dyn FnMut(&[u8], Ino, &Node)) {
        let Some(names) = self.names(dir) else { return };
        let length = path.len();
        for (name, ino) in names {
            let Some(node) = self.get(*ino) else { continue };
            if length != 0 {
                path.push(b'/');
            }
            path.extend_from_slice(name);
            see(path, *ino, node);
            if matches!(node.body, Body::Dir(_)) {
                self.visit_below(*ino, path, see);
            }
            path.truncate(length);
        }
    }

    /// Bytes of everything that has a name.
    pub fn bytes(&self) -> u64 {
        let mut bytes = 0;
        self.visit(&mut |_, _, node| bytes += node.size());
        bytes
    }

    /// Keeps only what has a name.
    pub fn forget_nameless(&mut self) {
        let mut named = vec![ROOT];
        self.visit(&mut |_, ino, _| named.push(ino));
        if named.len() != self.0.len() {
            let named: std::collections::BTreeSet<Ino> = named.into_iter().collect();
            Arc::make_mut(&mut self.0).retain(|ino, _| named.contains(ino));
        }
    }

    /// Names, kinds, contents and modes into a digest.
    pub fn digest_into(&self, hasher: &mut blake3::Hasher) {
        self.visit(&mut |path, _, node| {
            hasher.update(&(path.len() as u64).to_le_bytes());
            hasher.update(path);
            hasher.update(&[node.kind() as u8]);
            hasher.update(&node.mode.to_le_bytes());
            hasher.update(node.digest());
        });
    }
}
