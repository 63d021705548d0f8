//! One file on its way onto a carrier: written as `.part`, proven, then published.
//!
//! Guarantees: the final name appears only after every byte was synced, read back past the cache (where the system can)
//! and compared by digest; a writing that is given up removes its `.part` as well as it can. The ledger's record is
//! written between [`Writing::prove`] and [`Writing::publish`]. It does not retry: a failed sync is the end of this writing.

use crate::digest::digest_file;
use crate::name::PART;
use std::io;
use std::sync::Arc;
use store::disk::{Dir, Disk, File, Rename};
use store::stream::Behind;
use wire::Digest;
use wire::planted;

/// Files from this size on are written past the system's memory by a thread of their own, bytes.
const BEHIND_BYTES: u64 = 4 << 20;

/// Why a file did not get onto the carrier. Equal when the codes are.
#[derive(Debug, thiserror::Error)]
pub enum WriteFailure {
    /// No room on the carrier (ENOSPC, quota).
    #[error("no room on the carrier")]
    Full,
    /// The file system or the process may not hold a file of this size.
    #[error("the file is larger than this carrier takes")]
    TooLarge,
    /// What was read back is not what was written.
    #[error("what was read back differs from what was written")]
    ReadBackDiffers,
    /// The system refused.
    #[error("{0}")]
    Io(#[source] io::Error),
}

impl WriteFailure {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Full | Self::TooLarge => "MED-04",
            Self::ReadBackDiffers => "MED-03",
            Self::Io(_) => "MED-02",
        }
    }
}

impl From<io::Error> for WriteFailure {
    /// By the kind of the error; what says that there is no room never ends as [`WriteFailure::Io`].
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            io::ErrorKind::FileTooLarge => Self::TooLarge,
            _ => Self::Io(error),
        }
    }
}

impl PartialEq for WriteFailure {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Io(one), Self::Io(two)) => one.kind() == two.kind(),
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

/// How a file was proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// Its size.
    pub bytes: u64,
    /// Whether the system took the hint to read from the medium and not from memory.
    pub past_cache: bool,
    /// Whether its times could be set to zero.
    pub times_zero: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Proven,
    Published,
}

/// What takes the bytes.
enum Sink {
    /// The file itself, while it is small.
    Here(Box<dyn File>),
    /// A thread that has the file.
    Behind(Behind),
    /// It is closed, or failed.
    Closed,
}

/// A file being written. Dropping it unpublished removes its `.part`.
pub struct Writing {
    disk: Arc<dyn Disk>,
    dir: Dir,
    name: String,
    sink: Sink,
    state: State,
}

impl Writing {
    /// Makes `<name>.part`; one that is left from before is replaced.
    pub fn begin(disk: &Arc<dyn Disk>, dir: &Dir, name: &str) -> io::Result<Self> {
        let part = format!("{name}{PART}");
        store::spool::remove_if_there(&**disk, dir, part.as_bytes())?;
        let file = disk.create(dir, part.as_bytes(), 0o644)?;
        Ok(Self { disk: disk.clone(), dir: dir.clone(), name: name.into(), sink: Sink::Here(file), state: State::Open })
    }

    /// The final name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn part(&self) -> Vec<u8> {
        format!("{}{PART}", self.name).into_bytes()
    }

    /// Writes all of `bytes` at `offset`; what was written there before is replaced. An error here becomes
    /// [`WriteFailure::Full`] or the like by its `From`.
    ///
    /// # Panics
    /// After [`Writing::prove`] or a failure.
    pub fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if offset >= BEHIND_BYTES
            && let Sink::Here(_) = self.sink
            && let Sink::Here(mut file) = std::mem::replace(&mut self.sink, Sink::Closed)
        {
            file.past_memory()?;
            self.sink = Sink::Behind(Behind::new(file)?);
        }
        match &mut self.sink {
            Sink::Here(file) => file.write_all_at(bytes, offset),
            Sink::Behind(behind) => match behind.write_all_at(bytes, offset) {
                // Why is known to the thread.
                Err(error) => Err(self.close().err().unwrap_or(error)),
                Ok(()) => Ok(()),
            },
            Sink::Closed => panic!("nothing is written after the proof or a failure"),
        }
    }

    /// Waits until the file has all bytes.
    fn close(&mut self) -> io::Result<Box<dyn File>> {
        match std::mem::replace(&mut self.sink, Sink::Closed) {
            Sink::Here(file) => Ok(file),
            Sink::Behind(behind) => behind.finish(),
            Sink::Closed => panic!("a file is written and proven once"),
        }
    }

    /// Sets the times to zero, syncs, opens the file anew past the system's memory and compares the BLAKE3-256 digest of all of it
    /// from `head` on with `expected`, its first bytes with `head` themselves (they may have been written last). `progress` is called with the bytes of each step of reading back. Once only; whatever fails, this
    /// writing can only be dropped.
    ///
    /// # Panics
    /// When it was called before.
    pub fn prove(&mut self, head: &[u8], expected: &Digest, progress: &mut dyn FnMut(u64)) -> Result<Proof, WriteFailure> {
        let mut file = self.close()?;
        let times_zero = match file.set_modified(0) {
            Ok(()) => true,
            // Some shares keep times of their own. They tell when the file was carried, not what it holds.
            Err(error) if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied) => false,
            Err(error) => return Err(error.into()),
        };
        if !planted::is("package-not-synced") {
            file.sync()?;
        }
        let written = file.stat()?.size;
        drop(file);
        let mut again = self.disk.open(&self.dir, &self.part())?;
        let past_cache = if planted::is("read-back-from-memory") { true } else { again.past_memory()? };
        let mut start = vec![0; head.len()];
        let read = again.read_at(&mut start, 0)?;
        let (digest, bytes) = digest_file(&mut *again, head.len() as u64, progress)?;
        let bytes = bytes + read as u64;
        if (start != head || digest != *expected || bytes != written) && !planted::is("read-back-uncompared") {
            return Err(WriteFailure::ReadBackDiffers);
        }
        self.state = State::Proven;
        Ok(Proof { bytes, past_cache, times_zero })
    }

    /// Gives the file its final name and syncs the folder. A file of that name is replaced.
    ///
    /// # Panics
    /// When [`Writing::prove`] has not succeeded.
    pub fn publish(mut self) -> Result<(), WriteFailure> {
        assert!(self.state == State::Proven, "only what is proven is published");
        self.disk.rename((&self.dir, &self.part()), (&self.dir, self.name.as_bytes()), Rename::Replace)?;
        self.state = State::Published;
        if planted::is("package-name-not-synced") { Ok(()) } else { Ok(self.disk.sync_dir(&self.dir)?) }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        if self.state != State::Published {
            // The medium may be gone; what stays is removed as incomplete next time.
            let _left_behind = self.disk.remove(&self.dir, &self.part());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::ErrorKind;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;
    use store::real::RealDisk;

    const NAME: &str = "label.gfl";

    fn begin(path: &Path) -> Writing {
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::new());
        let dir = disk.root(path).unwrap();
        Writing::begin(&disk, &dir, NAME).unwrap()
    }
    fn names(path: &Path) -> Vec<String> {
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
    fn digest(bytes: &[u8]) -> Digest {
        Digest(*blake3::hash(bytes).as_bytes())
    }

    #[test]
    fn written_proven_published() {
        let scratch = tempfile::tempdir().unwrap();
        let content: Vec<u8> = (0..9 << 20).map(|at: u32| (at % 251) as u8).collect();
        fs::write(scratch.path().join("label.gfl.part"), "left from before, and longer than nothing").unwrap();
        fs::write(scratch.path().join(NAME), "old").unwrap();
        let mut writing = begin(scratch.path());
        writing.write_all_at(&content[100..], 100).unwrap();
        writing.write_all_at(&content[..100], 0).unwrap();
        let mut seen = 0;
        let proof = writing.prove(&[], &digest(&content), &mut |more| seen += more).unwrap();
        assert_eq!((proof.bytes, seen, proof.times_zero), (content.len() as u64, content.len() as u64, true));
        assert_eq!(fs::read(scratch.path().join(NAME)).unwrap(), b"old", "nothing has its final name before it is published");
        writing.publish().unwrap();
        assert_eq!(names(scratch.path()), [NAME]);
        assert_eq!(fs::read(scratch.path().join(NAME)).unwrap(), content);
        assert_eq!(fs::metadata(scratch.path().join(NAME)).unwrap().mtime(), 0);
    }

    #[test]
    fn what_reads_back_otherwise_is_refused() {
        let readings = [("a byte flipped", "contenT"), ("cut", "conten"), ("longer", "content!"), ("emptied", "")];
        for (what, lies_there) in readings {
            let scratch = tempfile::tempdir().unwrap();
            let mut writing = begin(scratch.path());
            writing.write_all_at(b"content", 0).unwrap();
            fs::write(scratch.path().join("label.gfl.part"), lies_there).unwrap();
            let failure = writing.prove(&[], &digest(b"content"), &mut |_| ()).unwrap_err();
            assert_eq!((&failure, failure.code()), (&WriteFailure::ReadBackDiffers, "MED-03"), "{what}");
            drop(writing);
            assert!(names(scratch.path()).is_empty(), "{what}");
        }
    }

    #[test]
    fn the_part_vanishes_before_the_proof() {
        let scratch = tempfile::tempdir().unwrap();
        let mut writing = begin(scratch.path());
        fs::remove_file(scratch.path().join("label.gfl.part")).unwrap();
        assert_eq!(writing.prove(&[], &digest(b""), &mut |_| ()).unwrap_err(), WriteFailure::Io(ErrorKind::NotFound.into()));
    }

    #[test]
    fn given_up_leaves_nothing() {
        let scratch = tempfile::tempdir().unwrap();
        let mut writing = begin(scratch.path());
        assert_eq!(names(scratch.path()), ["label.gfl.part"]);
        writing.prove(&[], &digest(b""), &mut |_| ()).unwrap();
        drop(writing);
        assert!(names(scratch.path()).is_empty());
    }

    #[test]
    #[should_panic(expected = "only what is proven is published")]
    fn unproven_is_not_published() {
        let scratch = tempfile::tempdir().unwrap();
        let _never = begin(scratch.path()).publish();
    }

    #[test]
    fn a_part_that_is_a_directory_or_a_link() {
        let scratch = tempfile::tempdir().unwrap();
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::new());
        let dir = disk.root(scratch.path()).unwrap();
        let part = scratch.path().join("label.gfl.part");
        fs::write(scratch.path().join("target"), "untouched").unwrap();
        std::os::unix::fs::symlink("target", &part).unwrap();
        let mut writing = Writing::begin(&disk, &dir, NAME).unwrap();
        writing.write_all_at(b"new", 0).unwrap();
        assert_eq!(fs::read(scratch.path().join("target")).unwrap(), b"untouched");
        drop(writing);
        fs::create_dir(&part).unwrap();
        assert!(Writing::begin(&disk, &dir, NAME).is_err());
        assert!(part.is_dir());
    }

    #[test]
    fn failures_by_their_cause() {
        for (kind, expected, code) in [
            (ErrorKind::StorageFull, WriteFailure::Full, "MED-04"),
            (ErrorKind::QuotaExceeded, WriteFailure::Full, "MED-04"),
            (ErrorKind::FileTooLarge, WriteFailure::TooLarge, "MED-04"),
            (ErrorKind::ReadOnlyFilesystem, WriteFailure::Io(ErrorKind::ReadOnlyFilesystem.into()), "MED-02"),
        ] {
            let failure = WriteFailure::from(io::Error::from(kind));
            assert_eq!((&failure, failure.code()), (&expected, code));
        }
        // ENOSPC as the system gives it.
        assert_eq!(WriteFailure::from(io::Error::from_raw_os_error(28)), WriteFailure::Full);
        assert_ne!(WriteFailure::Full, WriteFailure::TooLarge);
    }
}
