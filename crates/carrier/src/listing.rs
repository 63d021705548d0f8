//! What lies in a carrier's folder, by name.
//!
//! Guarantees: everything in the folder is in exactly one of the lists; links, pipes, devices and directories are foreign
//! whatever their name. It opens nothing and does not look below the folder.

use crate::name::{Kind, Ours};
use std::io;
use store::disk::{self, Dir, Disk, Entry};
use wire::PackageId;
use wire::planted;

/// Names in one folder; a folder with more is refused whole.
pub const NAMES_MAX: usize = 1_000_000;

/// A complete file of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The id in its name.
    pub id: PackageId,
    /// Its name.
    pub name: String,
    /// Its size.
    pub bytes: u64,
}

/// What lies in the folder; every list ascends by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Packages.
    pub packages: Vec<Held>,
    /// Receipts.
    pub receipts: Vec<Held>,
    /// Parity files.
    pub parity: Vec<Held>,
    /// Size of the label in bytes, if there is one.
    pub label: Option<u64>,
    /// Names of ours whose writing was not finished.
    pub incomplete: Vec<String>,
    /// Everything else, left alone.
    pub foreign: Vec<Vec<u8>>,
    /// Bytes of all regular files in the folder, ours or not.
    pub bytes: u64,
}

/// The folder holds more than [`NAMES_MAX`] names. Found inside an `io::Error` of kind `InvalidData`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} names in one folder, at most {NAMES_MAX} are read")]
pub struct TooManyNames(pub usize);

impl Listing {
    /// Lists a folder. What vanishes meanwhile is left out.
    pub(crate) fn read(disk: &dyn Disk, dir: &Dir) -> io::Result<Self> {
        Self::of(disk.list(dir)?, NAMES_MAX, |name| disk.stat(dir, name))
    }

    fn of(mut entries: Vec<Entry>, names_max: usize, stat: impl Fn(&[u8]) -> io::Result<disk::Stat>) -> io::Result<Self> {
        if entries.len() > names_max {
            return Err(io::Error::new(io::ErrorKind::InvalidData, TooManyNames(entries.len())));
        }
        entries.sort_unstable_by(|one, two| one.name.cmp(&two.name));
        let mut listing = Self::default();
        for Entry { name, kind } in entries {
            let ours = Ours::read(&name);
            if kind != disk::Kind::File {
                listing.foreign.push(name);
                continue;
            }
            let stat = match stat(&name) {
                Ok(stat) => stat,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) if ours.is_some() => return Err(error),
                Err(_) => {
                    listing.foreign.push(name);
                    continue;
                }
            };
            let regular = stat.kind == disk::Kind::File;
            listing.bytes = listing.bytes.saturating_add(if regular { stat.size } else { 0 });
            match ours {
                Some(ours) if regular => listing.add(ours, name, stat.size),
                _ => listing.foreign.push(name),
            }
        }
        Ok(listing)
    }

    fn add(&mut self, ours: Ours, name: Vec<u8>, bytes: u64) {
        let name = String::from_utf8(name).expect("names of ours are ASCII");
        if ours.incomplete && !planted::is("incomplete-taken") {
            return self.incomplete.push(name);
        }
        let held = Held { id: ours.id, name, bytes };
        match ours.kind {
            Kind::Package => self.packages.push(held),
            Kind::Receipt => self.receipts.push(held),
            Kind::Parity => self.parity.push(held),
            Kind::Label => self.label = Some(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::{LABEL_NAME, package_name, receipt_name};

    fn regular(size: u64) -> disk::Stat {
        disk::Stat { kind: disk::Kind::File, size, modified: 0, changed: 0, inode: 1, device: 1, mode: 0o644 }
    }
    fn entry(name: &str, kind: disk::Kind) -> Entry {
        Entry { name: name.as_bytes().to_vec(), kind }
    }

    #[test]
    fn at_the_limit_and_one_past_it() {
        let entries = |count: usize| (0..count).map(|number| entry(&number.to_string(), disk::Kind::File)).collect::<Vec<_>>();
        assert_eq!(Listing::of(entries(3), 3, |_| Ok(regular(1))).unwrap().foreign.len(), 3);
        let error = Listing::of(entries(4), 3, |_| Ok(regular(1))).unwrap_err();
        assert_eq!(error.downcast::<TooManyNames>().unwrap(), TooManyNames(4));
    }

    #[test]
    fn what_changes_or_fails_meanwhile() {
        let [one, two] = [1, 2].map(|byte| PackageId([byte; 16]));
        let names = [package_name(&one), receipt_name(&two), LABEL_NAME.into(), "foreign".into()];
        let all = || names.iter().map(|name| entry(name, disk::Kind::File)).collect::<Vec<_>>();
        let whole = Listing::of(all(), 9, |_| Ok(regular(5))).unwrap();
        assert_eq!(whole.bytes, 20);
        assert_eq!((whole.packages.len(), whole.receipts.len(), whole.label, whole.foreign.len()), (1, 1, Some(5), 1));

        for vanished in &names {
            let stat = |name: &[u8]| if name == vanished.as_bytes() { Err(io::ErrorKind::NotFound.into()) } else { Ok(regular(5)) };
            let listing = Listing::of(all(), 9, stat).unwrap();
            let count = listing.packages.len() + listing.receipts.len() + usize::from(listing.label.is_some()) + listing.foreign.len();
            assert_eq!((count, listing.bytes), (3, 15), "{vanished}");
        }
        for (failing, fails) in [(&names[0], true), (&names[2], true), (&names[3], false)] {
            let stat = |name: &[u8]| if name == failing.as_bytes() { Err(io::ErrorKind::PermissionDenied.into()) } else { Ok(regular(5)) };
            assert_eq!(Listing::of(all(), 9, stat).is_err(), fails, "{failing}");
        }
        let became_a_link = |_: &[u8]| Ok(disk::Stat { kind: disk::Kind::Link, ..regular(5) });
        let listing = Listing::of(all(), 9, became_a_link).unwrap();
        assert_eq!((listing.foreign.len(), listing.bytes), (4, 0));
    }
}
