//! A small tree of files in memory, to compare the archive with its replica: content, size, time, executable bit.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::SystemTime;

/// What is compared of one file.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its content.
    pub content: Vec<u8>,
    /// When it was last changed.
    pub modified: SystemTime,
    /// Whether it may be executed.
    pub executable: bool,
}

/// The regular files below a folder by relative path.
pub type Tree = BTreeMap<String, Entry>;

/// What gapferry keeps beside a replica is no part of it.
const BESIDE: &str = ".gapferry";

/// Reads the tree below `root`.
pub fn read(root: &Path) -> io::Result<Tree> {
    let mut tree = Tree::new();
    collect(root, "", &mut tree)?;
    Ok(tree)
}

fn collect(folder: &Path, prefix: &str, tree: &mut Tree) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if prefix.is_empty() && name == BESIDE {
            continue;
        }
        let (path, facts) = (format!("{prefix}{name}"), entry.metadata()?);
        if facts.is_dir() {
            collect(&entry.path(), &format!("{path}/"), tree)?;
        } else if facts.is_file() {
            let executable = facts.permissions().mode() & 0o111 != 0;
            tree.insert(path, Entry { content: fs::read(entry.path())?, modified: facts.modified()?, executable });
        }
    }
    Ok(())
}

/// The first path at which two trees differ.
pub fn first_difference(one: &Tree, other: &Tree) -> Option<String> {
    one.keys().chain(other.keys()).find(|path| one.get(*path) != other.get(*path)).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_found() {
        let folder = tempfile::tempdir().unwrap();
        for side in ["a", "b"] {
            let root = folder.path().join(side);
            fs::create_dir_all(root.join("地契 一")).unwrap();
            for name in ["x", "地契 一/y"] {
                fs::write(root.join(name), name).unwrap();
                fs::File::options().write(true).open(root.join(name)).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
            }
        }
        let differs = || first_difference(&read(&folder.path().join("a")).unwrap(), &read(&folder.path().join("b")).unwrap());
        let target = folder.path().join("b/地契 一/y");
        fs::create_dir(folder.path().join("b/.gapferry")).unwrap();
        fs::write(folder.path().join("b/.gapferry/z"), "ours").unwrap();
        assert_eq!(differs(), None);
        fs::set_permissions(&target, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(differs().as_deref(), Some("地契 一/y"));
        fs::set_permissions(&target, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(differs(), None);
        fs::write(&target, "地契 一/Y").unwrap();
        assert_eq!(differs().as_deref(), Some("地契 一/y"));
        fs::remove_file(&target).unwrap();
        assert_eq!(differs().as_deref(), Some("地契 一/y"));
        fs::remove_file(folder.path().join("a/地契 一/y")).unwrap();
        fs::write(folder.path().join("b/extra"), "").unwrap();
        assert_eq!(differs().as_deref(), Some("extra"));
    }
}
