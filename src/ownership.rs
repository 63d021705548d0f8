//! What root writes into a home that belongs to another user: without this the service whose home it is could not read it any more.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::Path;

/// Gives everything in a home to the owner of its folder, where root acts on the home of another user. What root cannot give away, on a
/// file system that keeps no owners, stays as it is.
///
/// # Errors
/// What looking through the home gives.
pub fn restore(home: &Path) -> io::Result<()> {
    let owner = fs::metadata(home)?;
    if rustix::process::geteuid().is_root() && owner.uid() != 0 { give(home, owner.uid(), owner.gid()) } else { Ok(()) }
}

fn give(folder: &Path, user: u32, group: u32) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, there) = (entry.path(), entry.metadata()?);
        if there.uid() == 0 {
            lchown(&path, Some(user), Some(group))?;
        }
        if there.is_dir() {
            give(&path, user, group)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_root_writes_goes_to_the_owner_of_the_home() {
        if !rustix::process::geteuid().is_root() {
            println!("skipped: only root writes into the home of another user");
            return;
        }
        let scratch = tempfile::tempdir().expect("a folder");
        let home = scratch.path().join("home");
        fs::create_dir_all(home.join("ledger")).expect("a folder");
        fs::write(home.join("ledger/00.gfs"), "root's").expect("written");
        std::os::unix::fs::symlink("/", home.join("link")).expect("a link");
        let owner = |path: &str| fs::symlink_metadata(home.join(path)).map(|there| there.uid()).expect("it is there");
        restore(&home).expect("looked through");
        assert_eq!((owner("ledger"), owner("ledger/00.gfs")), (0, 0), "a home of root");
        lchown(&home, Some(65534), Some(65534)).expect("given away");
        restore(&home).expect("looked through");
        assert_eq!((owner("ledger"), owner("ledger/00.gfs"), owner("link")), (65534, 65534, 65534));
        assert_eq!(fs::metadata("/").expect("it is there").uid(), 0, "a link is not followed");
    }
}
