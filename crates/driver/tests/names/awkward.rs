//! File systems that hold two names for one (case, Unicode form, characters that count for nothing) and that refuse names which mean
//! something to others: two items never share a file, and what must lie elsewhere lies under an escaped name that tells the true one.

use super::stand::{Stand, tree};
use driver::{CarryOptions, ItemsOptions, World};
use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::disk::{Dir, Disk, File, Rename, Stat};
use store::real::RealDisk;

/// The real disk, which folds names and refuses some. A name is looked for and taken in one step, as a file system does it.
struct Awkward(RealDisk, Mutex<()>);

/// What a name is compared as.
fn folded(name: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(name).to_lowercase();
    text.replace("e\u{301}", "é").replace(['\u{200b}', '\u{feff}'], "").into_bytes()
}

/// Whether a name means something elsewhere: devices, whatever follows a point, and endings that get lost.
fn is_refused(name: &[u8]) -> bool {
    let stem = name.split(|byte| *byte == b'.').next().unwrap_or_default().to_ascii_uppercase();
    let device = [&b"CON"[..], b"PRN", b"AUX", b"NUL", b"COM1", b"LPT9"].contains(&stem.as_slice());
    device || name.ends_with(b".") || name.ends_with(b" ") || name.iter().any(|byte| b"<>:\"|?*\\".contains(byte) || *byte < 32)
}

impl Awkward {
    fn new() -> Self {
        Self(RealDisk::new(), Mutex::default())
    }

    /// Nobody else takes a name meanwhile.
    fn alone(&self) -> MutexGuard<'_, ()> {
        self.1.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The name under which something lies that answers to `name`.
    fn actual(&self, dir: &Dir, name: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let wanted = folded(name);
        Ok(self.0.list(dir)?.into_iter().map(|entry| entry.name).find(|found| folded(found) == wanted))
    }

    fn existing(&self, dir: &Dir, name: &[u8]) -> io::Result<Vec<u8>> {
        Ok(self.actual(dir, name)?.unwrap_or_else(|| name.to_vec()))
    }

    fn new_name(&self, dir: &Dir, name: &[u8]) -> io::Result<Vec<u8>> {
        if is_refused(name) {
            return Err(io::Error::from_raw_os_error(22));
        }
        self.existing(dir, name)
    }
}

impl Disk for Awkward {
    store::hand_on!(Disk to 0: root make_root list sync_dir sync_all space walk lock);

    fn dir(&self, base: &Dir, path: &[u8], make: bool) -> io::Result<Dir> {
        let _alone = make.then(|| self.alone());
        let mut here = base.clone();
        for part in path.split(|byte| *byte == b'/').filter(|part| !part.is_empty()) {
            let name = if make { self.new_name(&here, part)? } else { self.existing(&here, part)? };
            here = self.0.dir(&here, &name, make)?;
        }
        Ok(here)
    }
    fn stat(&self, dir: &Dir, name: &[u8]) -> io::Result<Stat> {
        self.0.stat(dir, &self.existing(dir, name)?)
    }
    fn open(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.0.open(dir, &self.existing(dir, name)?)
    }
    fn open_write(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.0.open_write(dir, &self.existing(dir, name)?)
    }
    fn create(&self, dir: &Dir, name: &[u8], mode: u32) -> io::Result<Box<dyn File>> {
        let _alone = self.alone();
        self.0.create(dir, &self.new_name(dir, name)?, mode)
    }
    fn rename(&self, from: (&Dir, &[u8]), to: (&Dir, &[u8]), how: Rename) -> io::Result<()> {
        let _alone = self.alone();
        let (from_name, to_name) = (self.existing(from.0, from.1)?, self.new_name(to.0, to.1)?);
        self.0.rename((from.0, &from_name), (to.0, &to_name), how)
    }
    fn remove(&self, dir: &Dir, name: &[u8]) -> io::Result<()> {
        self.0.remove(dir, &self.existing(dir, name)?)
    }
    fn remove_dir(&self, dir: &Dir, name: &[u8]) -> io::Result<()> {
        self.0.remove_dir(dir, &self.existing(dir, name)?)
    }
}

/// Groups of names that are one name to the disk above.
const CLASHING: [&[&str]; 5] =
    [&["README", "readme", "ReadMe"], &["é", "e\u{301}"], &["zero", "ze\u{200b}ro"], &["档案 A", "档案 a"], &["deep/X/y", "deep/x/Y"]];
/// Names that the disk above refuses.
const REFUSED: [&str; 11] = ["CON", "aux.txt", "NUL.tar.gz", "com1", "trailing.", "trailing ", "a:b", "a?b", "a\\b", "line\nfeed", "in CON./x"];

/// FAULTS A03, A04
#[test]
fn two_items_never_share_a_file() {
    let stand = Stand::new();
    let clashing: Vec<&str> = CLASHING.iter().copied().flatten().copied().collect();
    let all: Vec<&str> = clashing.iter().chain(&REFUSED).copied().collect();
    all.iter().for_each(|name| stand.write(name, format!("content of {name}").as_bytes()));
    let world = World { disk: Arc::new(Awkward::new()), ..stand.world().clone() };
    let replica = || {
        let options = CarryOptions { medium: stand.medium.clone(), ..CarryOptions::default() };
        driver::carry(&world, &stand.home("replica"), &options).unwrap_or_else(|failure| panic!("{failure}"));
    };
    for round in 0..2 {
        stand.carry_source();
        replica();
        stand.carry_source();
        let undone: Vec<String> = driver::items(stand.world(), &stand.home("source"), &ItemsOptions::default())
            .unwrap()
            .items
            .into_iter()
            .filter(|item| item.state != "done")
            .map(|item| format!("{} {} {}", item.item, item.state, item.discrepancy))
            .collect();
        assert_eq!(undone, Vec::<String>::new(), "round {round}");
        let found = tree(&stand.replica);
        let contents: BTreeSet<&[u8]> = found.values().map(|(content, ..)| content.as_slice()).collect();
        assert_eq!((found.len(), contents.len()), (all.len(), all.len()), "each item has a file of its own: {:?}", found.keys());
        let items = driver::items(&world, &stand.home("replica"), &ItemsOptions::default()).unwrap().items;
        assert_eq!(items.len(), all.len());
        let root = world.disk.root(&stand.replica).unwrap();
        let mut escaped = 0;
        for item in &items {
            let disk = item.disk.as_ref().unwrap_or(&item.item);
            escaped += usize::from(item.disk.is_some());
            let end = disk.0.iter().rposition(|byte| *byte == b'/');
            let (parent, name) = end.map_or((&b""[..], disk.0.as_slice()), |end| (&disk.0[..end], &disk.0[end + 1..]));
            let dir = world.disk.dir(&root, parent, false).unwrap_or_else(|error| panic!("{disk}: {error}"));
            assert!(world.disk.stat(&dir, name).is_ok(), "{} lies at {disk}", item.item);
        }
        // Of each group one keeps its name; folders that fold are one folder.
        assert!(escaped >= REFUSED.len() + clashing.len() - CLASHING.len() - 1, "{escaped} escaped");
        println!("round {round}: {} items on a disk that folds and refuses, {escaped} under escaped names, none shares a file", items.len());
        all.iter().for_each(|name| stand.write(name, format!("content of {name}, changed").as_bytes()));
    }
}
