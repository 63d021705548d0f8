//! The replica tree and the dot folder beside it: where staged files, earlier versions, parts and kept-aside files lie, and
//! under which name an item lies when its own cannot be had (P8).

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use store::disk::{Dir, Disk, Kind};
use wire::{Digest, ItemId, PackageId, planted};

use crate::report::Failure;
use crate::world::World;

/// What gapferry keeps beside the replica.
pub const DOT_FOLDER: &[u8] = b".gapferry";
/// Longest component that an escaped name uses, bytes.
const ESCAPED_BYTES_MAX: usize = 180;

/// An open replica tree.
pub struct Tree {
    /// Where it lies.
    pub path: PathBuf,
    /// Its root.
    pub root: Dir,
    /// The dot folder.
    pub dot: Dir,
}

/// Directory and name of a path.
pub fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    }
}

/// A replica tree that holds something is there.
///
/// # Errors
/// `RPL-05` where it is missing or holds nothing at all, `IO-01` where it cannot be looked at.
pub fn is_there(disk: &dyn Disk, path: &Path) -> Result<(), Failure> {
    let missing = |detail: &str| Failure::new("RPL-05", path.display().to_string(), detail);
    match disk.root(path).and_then(|root| disk.list(&root)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(missing("it is not there")),
        Ok(entries) if entries.is_empty() => Err(missing("it is empty")),
        other => other.map(drop).map_err(|error| Failure::io(path.display().to_string(), &error)),
    }
}

impl Tree {
    /// Opens the tree. With `make`, what is missing is made; without, a tree that is missing or holds nothing at all is refused:
    /// the disk that holds the replica is not mounted (RPL-05).
    pub fn open(world: &World, path: &Path, make: bool) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::io(path.display().to_string(), &error);
        if !make {
            is_there(&*world.disk, path)?;
        }
        let root = world.disk.root(path).or_else(|_| world.disk.make_root(path)).map_err(failed)?;
        let dot = match world.disk.dir(&root, DOT_FOLDER, false) {
            // Earlier versions lie in it, deleted ones too: for the owner only.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                world.disk.make_root(&path.join(OsStr::from_bytes(DOT_FOLDER))).and_then(|_| world.disk.dir(&root, DOT_FOLDER, false))
            }
            other => other,
        };
        let dot = dot.map_err(failed)?;
        Ok(Self { path: path.to_path_buf(), root, dot })
    }

    /// The folder of a package's staged files.
    pub fn stage(package: &PackageId) -> Vec<u8> {
        format!("stage/{package}").into_bytes()
    }

    /// The subfolder (below the stage) and the name of a row's staged file. Rows that lie together share a folder.
    pub fn staged(row: u32) -> (Vec<u8>, Vec<u8>) {
        (format!("{:04x}", row >> 8).into_bytes(), format!("{row:08x}").into_bytes())
    }

    /// The folder and name of an earlier version.
    pub fn history(digest: &Digest) -> (Vec<u8>, Vec<u8>) {
        let hex = digest.to_string();
        (format!("history/{}", &hex[..2]).into_bytes(), hex.into_bytes())
    }

    /// The folder of the parts of a document and the name of the part at an offset.
    pub fn part(document: &Digest, offset: u64) -> (Vec<u8>, Vec<u8>) {
        (format!("parts/{document}").into_bytes(), format!("{offset:016x}").into_bytes())
    }

    /// The name of a local change that is kept aside.
    pub fn kept(package: &PackageId, row: u32) -> Vec<u8> {
        format!("{package}-{row:08x}").into_bytes()
    }

    /// A directory of the dot folder.
    pub fn dot_dir(&self, disk: &dyn Disk, path: &[u8], make: bool) -> io::Result<Dir> {
        disk.dir(&self.dot, path, make).map_err(|error| named(&[DOT_FOLDER, b"/", path].concat(), error))
    }

    /// Whether this path would lead into the dot folder, whatever the file system makes of its name.
    pub fn is_ours(&self, disk: &dyn Disk, path: &[u8]) -> bool {
        let first = path.split(|byte| *byte == b'/').next().unwrap_or_default();
        if !first.eq_ignore_ascii_case(DOT_FOLDER) || planted::is("dot-folder-open") {
            return false;
        }
        let ours = disk.stat(&self.root, DOT_FOLDER).map(|stat| stat.inode);
        first == DOT_FOLDER || matches!((disk.stat(&self.root, first), ours), (Ok(stat), Ok(inode)) if stat.inode == inode)
    }
}

/// The escaped name of an item: every byte outside `[a-z0-9._-]` of each component as `%xx`, a component that would be too
/// long cut and ended by a digest. Reversible where it is not cut; the true name is in the ledger in any case. With `unique` a
/// digest ends it, and neither a component's first byte nor a point is left as it is.
pub fn escaped(id: &ItemId, unique: bool) -> ItemId {
    let components = id.0.split(|byte| *byte == b'/').map(|component| {
        let mut name = Vec::new();
        for (place, byte) in component.iter().enumerate() {
            // Where that is refused as well it is for what the name means there: a device before a point, a point at the end.
            let letter =
                (matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-') || *byte == b'%' && planted::is("escapes-ambiguous")) && !(unique && place == 0);
            let plain = letter || *byte == b'.' && place > 0 && !unique;
            if plain { name.push(*byte) } else { name.extend_from_slice(format!("%{byte:02x}").as_bytes()) }
        }
        if name.len() > ESCAPED_BYTES_MAX {
            name.truncate(100);
            name.extend_from_slice(&suffix(component));
        }
        name
    });
    let mut path = components.collect::<Vec<_>>().join(&b'/');
    if unique {
        path.extend_from_slice(&suffix(&id.0));
    }
    ItemId(path)
}

fn suffix(bytes: &[u8]) -> Vec<u8> {
    format!("%~{}", &wire::digest::of_bytes(bytes).to_string()[..32]).into_bytes()
}

/// Whether a name exists in exactly these bytes: a folding file system answers to others too.
pub fn exists_exactly(disk: &dyn Disk, dir: &Dir, name: &[u8]) -> io::Result<bool> {
    Ok(disk.list(dir)?.iter().any(|entry| entry.name == name))
}

/// Whether an error means that the file system does not take this name.
pub fn is_name_refused(error: &io::Error) -> bool {
    // ENAMETOOLONG 36, EILSEQ 84, EINVAL 22, EPROTO 71 (what some mounts say of names they cannot encode)
    matches!(error.raw_os_error(), Some(36 | 84 | 22 | 71))
}

/// Says which name it is that is no folder: a person has to see to it.
fn named(place: &[u8], error: io::Error) -> io::Error {
    if error.kind() != io::ErrorKind::NotADirectory {
        return error;
    }
    io::Error::new(io::ErrorKind::NotADirectory, format!("{}: {error}", String::from_utf8_lossy(place)))
}

/// Removes a directory with all that is in it, below `dir`; links are removed, never followed.
pub fn remove_tree(disk: &dyn Disk, dir: &Dir, name: &[u8]) -> io::Result<()> {
    let inner = match disk.dir(dir, name, false) {
        Ok(inner) => inner,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(named(name, error)),
    };
    for entry in disk.list(&inner)? {
        if entry.kind == Kind::Dir { remove_tree(disk, &inner, &entry.name)? } else { disk.remove(&inner, &entry.name)? }
    }
    disk.remove_dir(dir, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_names_are_plain_distinct_and_short() {
        for (id, path) in [(&b"a/B"[..], "a/%42"), ("契".as_bytes(), "%e5%a5%91"), (b".gapferry/x", "%2egapferry/x"), (b"%41", "%2541"), (b"a.b", "a.b")] {
            assert_eq!(escaped(&ItemId(id.to_vec()), false), ItemId(path.as_bytes().to_vec()));
        }
        let (long, other) = (ItemId(vec![b'X'; 255]), ItemId([vec![b'X'; 254], vec![b'Y']].concat()));
        assert!(escaped(&long, false).0.len() <= ESCAPED_BYTES_MAX);
        assert_ne!(escaped(&long, false), escaped(&other, false));
        assert_ne!(escaped(&long, true), escaped(&long, false));
        let device = escaped(&ItemId(b"a./con.txt".to_vec()), true).0;
        assert!(device.starts_with(b"%61%2e/%63on%2etxt%~"), "{}", device.escape_ascii());
    }

    #[test]
    fn paths_split() {
        for (path, dir, name) in [("a", "", "a"), ("a/b", "a", "b"), ("a/b/c", "a/b", "c")] {
            assert_eq!(split(path.as_bytes()), (dir.as_bytes(), name.as_bytes()));
        }
    }
}
