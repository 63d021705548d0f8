//! Tries the names of what belongs to a business transaction before anything of it is switched in: a name that the file system takes
//! in no form fails its row, and with it the transaction, while all of it can still be left as it is.
//!
//! Tried in the staging folder, which lies on the file system of the replica and goes with the package. Whether a name is free is
//! decided when it is switched in: there another form of it is found.

use engine::replica::Route;
use std::io::{self, ErrorKind};
use store::disk::{Dir, Disk};
use wire::receipt::Outcome;
use wire::record::{StagedRow, Step};
use wire::{ItemId, PackageId, planted};

use crate::tree::{Tree, escaped, is_name_refused, split};

/// Turns rows of transactions whose names are refused in every form into failures.
pub fn refuse_names(disk: &dyn Disk, tree: &Tree, route: &Route, package: &PackageId, rows: &mut [StagedRow]) -> io::Result<()> {
    let is_held = |row: &StagedRow| route.items.get(row.item as usize).is_some_and(engine::replica::Item::held);
    for row in rows.iter_mut().filter(|row| row.transaction.is_some() && row.step == Step::Write && !is_held(row)) {
        let names = tree.dot_dir(disk, &[Tree::stage(package), b"names".to_vec()].join(&b'/'), true)?;
        let id = row.id.as_ref().unwrap_or_else(|| &route.items[row.item as usize].id);
        let own = (!tree.is_ours(disk, &id.0)).then(|| id.clone());
        let mut taken = planted::is("names-untried");
        for name in own.into_iter().chain([escaped(id, false), escaped(id, true)]) {
            taken = taken || is_taken(disk, &names, &name)?;
        }
        if !taken {
            row.step = Step::Nothing(Outcome::NameRefused.number());
        }
    }
    Ok(())
}

/// Whether the file system takes a name.
fn is_taken(disk: &dyn Disk, names: &Dir, path: &ItemId) -> io::Result<bool> {
    let (parent, name) = split(&path.0);
    match disk.dir(names, parent, true).and_then(|dir| disk.create(&dir, name, 0o600)) {
        Ok(_) => Ok(true),
        // Another name that was tried lies there, as a file or a folder.
        Err(error) if matches!(error.kind(), ErrorKind::AlreadyExists | ErrorKind::NotADirectory | ErrorKind::IsADirectory) => Ok(true),
        Err(error) if is_name_refused(&error) => Ok(false),
        Err(error) => Err(error),
    }
}
