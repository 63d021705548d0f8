//! The folder of a medium and of a gateway: what a [`Carrier`] does with it.
//!
//! Guarantees: reached once through a handle, so that a medium that is exchanged under its path is not mistaken for the one
//! that was opened; only names of ours are opened, written or removed. It holds no policy: what goes on, what goes off, and
//! whether a label is right is decided elsewhere.

use crate::listing::Listing;
use crate::name::{Kind, Ours};
use crate::writing::{WriteFailure, Writing};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::disk::{self, Dir, Disk, File, Space};
use wire::Digest;
use wire::planted;

/// The one folder on a medium.
pub const FOLDER: &str = "gapferry";

/// What brings packages and receipts to the other side.
pub trait Carrier: Send + Sync {
    /// What lies there.
    fn list(&self) -> io::Result<Listing>;
    /// Opens a complete file of ours for reading. A foreign or incomplete name is `InvalidInput`.
    fn open(&self, name: &str) -> io::Result<Box<dyn File>>;
    /// Begins a file under a complete name of ours; anything else is `InvalidInput`.
    fn begin(&self, name: &str) -> io::Result<Writing>;
    /// Removes a file of ours, complete or not; a foreign name is `InvalidInput`. Not synced: a file that comes back after a
    /// power failure is removed again or recognised as known.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Room.
    fn space(&self) -> io::Result<Space>;

    /// Writes a small file (receipt, label) with the same proof as a large one.
    fn write_small(&self, name: &str, bytes: &[u8]) -> Result<(), WriteFailure> {
        let mut writing = self.begin(name)?;
        writing.write_all_at(bytes, 0)?;
        writing.prove(&[], &Digest(*blake3::hash(bytes).as_bytes()), &mut |_| ())?;
        writing.publish()
    }

    /// Removes what was not finished of these kinds and returns the names. Name only the kinds that this side writes: where
    /// both sides share one folder, the rest may be growing under the other side's hands.
    fn remove_incomplete(&self, kinds: &[Kind]) -> io::Result<Vec<String>> {
        let mut names = self.list()?.incomplete;
        names.retain(|name| Ours::read(name.as_bytes()).is_some_and(|ours| kinds.contains(&ours.kind)));
        for name in &names {
            match self.remove(name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(names)
    }
}

/// Why a carrier's folder cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenTrouble {
    /// There is nothing at this path: not inserted, not mounted, or mistyped.
    Missing,
    /// It is something other than a directory; a link in the place of the folder counts as such.
    NotADirectory,
    /// The medium is there and holds no folder `gapferry/`.
    NoFolder,
    /// The medium takes no writing, and the folder is to be made.
    ReadOnly,
    /// The system refused.
    Unreadable,
}

/// A carrier's folder cannot be opened (MED-02).
#[derive(Debug)]
pub struct OpenFailure {
    /// What is wrong.
    pub trouble: OpenTrouble,
    /// Where.
    pub path: PathBuf,
    /// What the system said.
    pub error: io::Error,
}

impl OpenFailure {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        "MED-02"
    }

    fn of(path: PathBuf, error: io::Error) -> Self {
        let trouble = match error.kind() {
            io::ErrorKind::NotFound => OpenTrouble::Missing,
            io::ErrorKind::NotADirectory => OpenTrouble::NotADirectory,
            io::ErrorKind::ReadOnlyFilesystem => OpenTrouble::ReadOnly,
            _ => OpenTrouble::Unreadable,
        };
        Self { trouble, path, error }
    }
}

impl PartialEq for OpenFailure {
    fn eq(&self, other: &Self) -> bool {
        self.trouble == other.trouble
    }
}

impl fmt::Display for OpenFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let says = match self.trouble {
            OpenTrouble::Missing => "there is nothing at this path",
            OpenTrouble::NotADirectory => "not a directory",
            OpenTrouble::NoFolder => "it holds no folder gapferry/",
            OpenTrouble::ReadOnly => "it takes no writing",
            OpenTrouble::Unreadable => return write!(f, "{}: {}", self.path.display(), self.error),
        };
        write!(f, "{}: {says}", self.path.display())
    }
}

impl std::error::Error for OpenFailure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

#[derive(Clone)]
struct Folder {
    disk: Arc<dyn Disk>,
    dir: Dir,
}

fn require(name: &str, allowed: impl Fn(Ours) -> bool) -> io::Result<()> {
    match Ours::read(name.as_bytes()) {
        Some(ours) if allowed(ours) => Ok(()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "not a name of ours")),
    }
}

impl Carrier for Folder {
    fn list(&self) -> io::Result<Listing> {
        Listing::read(&*self.disk, &self.dir)
    }
    fn open(&self, name: &str) -> io::Result<Box<dyn File>> {
        require(name, |ours| !ours.incomplete)?;
        self.disk.open(&self.dir, name.as_bytes())
    }
    fn begin(&self, name: &str) -> io::Result<Writing> {
        require(name, |ours| !ours.incomplete)?;
        Writing::begin(&self.disk, &self.dir, name)
    }
    fn remove(&self, name: &str) -> io::Result<()> {
        require(name, |_| true)?;
        // What is no regular file is foreign whatever its name.
        if self.disk.stat(&self.dir, name.as_bytes())?.kind != disk::Kind::File {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        self.disk.remove(&self.dir, name.as_bytes())
    }
    fn space(&self) -> io::Result<Space> {
        self.disk.space(&self.dir)
    }
}

/// A medium: any directory a person names, with one folder `gapferry/` in it.
#[derive(Clone)]
pub struct Medium(Folder);

impl Medium {
    /// Opens the folder on the medium at `path`. With `make` the folder (never `path`) is made when it is missing, and is
    /// durable when this returns; without it nothing is written, so that a write-protected medium opens.
    pub fn open(disk: &Arc<dyn Disk>, path: &Path, make: bool) -> Result<Self, OpenFailure> {
        let base = disk.root(path).map_err(|error| OpenFailure::of(path.into(), error))?;
        let folder = || path.join(FOLDER);
        let dir = match disk.dir(&base, FOLDER.as_bytes(), false) {
            Ok(dir) => dir,
            Err(error) if error.kind() == io::ErrorKind::NotFound && make => {
                let durable = || if planted::is("folder-name-not-synced") { Ok(()) } else { disk.sync_dir(&base) };
                let made = disk.dir(&base, FOLDER.as_bytes(), true).and_then(|dir| durable().map(|()| dir));
                made.map_err(|error| OpenFailure::of(folder(), error))?
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(OpenFailure { trouble: OpenTrouble::NoFolder, path: path.into(), error });
            }
            Err(error) => {
                let is_dir = disk.stat(&base, FOLDER.as_bytes()).map(|stat| stat.kind == disk::Kind::Dir);
                let mut failure = OpenFailure::of(folder(), error);
                if let Ok(false) = is_dir {
                    failure.trouble = OpenTrouble::NotADirectory;
                }
                return Err(failure);
            }
        };
        Ok(Self(Folder { disk: disk.clone(), dir }))
    }
}

/// A gateway folder: files lie directly in it; another program or device ferries them.
#[derive(Clone)]
pub struct Gateway(Folder);

impl Gateway {
    /// Opens the folder. It is never made: one that is missing is one that is not mounted.
    pub fn open(disk: &Arc<dyn Disk>, path: &Path) -> Result<Self, OpenFailure> {
        let dir = disk.root(path).map_err(|error| OpenFailure::of(path.into(), error))?;
        Ok(Self(Folder { disk: disk.clone(), dir }))
    }
}

macro_rules! through_its_folder {
    ($($carrier:ident)*) => {$(
        impl Carrier for $carrier {
            fn list(&self) -> io::Result<Listing> {
                self.0.list()
            }
            fn open(&self, name: &str) -> io::Result<Box<dyn File>> {
                Carrier::open(&self.0, name)
            }
            fn begin(&self, name: &str) -> io::Result<Writing> {
                self.0.begin(name)
            }
            fn remove(&self, name: &str) -> io::Result<()> {
                self.0.remove(name)
            }
            fn space(&self) -> io::Result<Space> {
                self.0.space()
            }
        }
    )*};
}

through_its_folder!(Medium Gateway);

#[cfg(test)]
#[path = "folder_test.rs"]
mod tests;
