//! A disk whose k-th change fails: the ledger stops, and opening it again finds everything that was committed.

use super::*;
use crate::disk::Dir;
use std::sync::Mutex;

/// Counts down to the failure; how many changes went well before it.
#[derive(Clone, Default)]
struct Fuse(Arc<Mutex<Option<u64>>>);

impl Fuse {
    fn set(&self, after: Option<u64>) {
        *self.0.lock().unwrap() = after;
    }

    fn burn(&self) -> io::Result<()> {
        let mut left = self.0.lock().unwrap();
        if let Some(left) = left.as_mut() {
            if *left == 0 {
                return Err(io::Error::other("the medium failed"));
            }
            *left -= 1;
        }
        Ok(())
    }
}

struct Failing {
    real: RealDisk,
    fuse: Fuse,
}

struct FailingFile {
    real: Box<dyn File>,
    fuse: Fuse,
}

impl File for FailingFile {
    crate::hand_on!(File to real: read_at stat set_modified set_mode drop_cache past_memory start_writeback);

    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if self.fuse.burn().is_err() {
            // Half of it came through.
            self.real.write_all_at(&bytes[..bytes.len() / 2], offset)?;
            return Err(io::Error::other("the medium failed"));
        }
        self.real.write_all_at(bytes, offset)
    }
    fn set_size(&mut self, size: u64) -> io::Result<()> {
        self.fuse.burn()?;
        self.real.set_size(size)
    }
    fn sync(&mut self) -> io::Result<()> {
        self.fuse.burn()?;
        self.real.sync()
    }
}

impl Failing {
    fn file(&self, real: Box<dyn File>) -> Box<dyn File> {
        Box::new(FailingFile { real, fuse: self.fuse.clone() })
    }
}

impl Disk for Failing {
    crate::hand_on!(Disk to real: root make_root dir list stat remove remove_dir space walk lock);

    fn open(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        Ok(self.file(self.real.open(dir, name)?))
    }
    fn open_write(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        Ok(self.file(self.real.open_write(dir, name)?))
    }
    fn create(&self, dir: &Dir, name: &[u8], mode: u32) -> io::Result<Box<dyn File>> {
        self.fuse.burn()?;
        Ok(self.file(self.real.create(dir, name, mode)?))
    }
    fn rename(&self, from: (&Dir, &[u8]), to: (&Dir, &[u8]), how: Rename) -> io::Result<()> {
        self.fuse.burn()?;
        self.real.rename(from, to, how)
    }
    fn sync_dir(&self, dir: &Dir) -> io::Result<()> {
        self.fuse.burn()?;
        self.real.sync_dir(dir)
    }
    fn sync_all(&self, dir: &Dir) -> io::Result<()> {
        self.fuse.burn()?;
        self.real.sync_all(dir)
    }
}

/// Appends single records and groups, over several segments; stops at the first failure. Gives what was committed.
fn work(ledger: &mut Ledger) -> (Head, Option<LedgerError>) {
    let mut committed = ledger.head();
    for n in 0..12u8 {
        let mut act = || {
            ledger.append(0, 1, &[n; 40])?;
            if n % 4 == 1 {
                ledger.append(0, 1, &[n; 50])?;
            }
            ledger.commit()?;
            if n == 6 {
                ledger.write_checkpoint(b"a checkpoint")?;
            }
            Ok(())
        };
        if let Err(error) = act() {
            return (committed, Some(error));
        }
        committed = ledger.head();
    }
    (committed, None)
}

#[test]
fn after_a_failure_the_ledger_refuses_and_opens_with_all_that_was_committed() {
    let mut failures = 0;
    for after in 0.. {
        let ground = Ground::new();
        let fuse = Fuse::default();
        let failing: Arc<dyn Disk> = Arc::new(Failing { real: RealDisk::new(), fuse: fuse.clone() });
        let mut ledger = Ledger::create(failing, &ground.dir).unwrap().with_segment_bytes_max(400);
        fuse.set(Some(after));
        let (committed, error) = work(&mut ledger);
        let Some(error) = error else { break };
        failures += 1;
        assert!(matches!(error, LedgerError::Io(_)), "{error}");
        fuse.set(None);
        for refused in [ledger.append(0, 1, b"x").map(drop), ledger.commit(), ledger.write_checkpoint(b"x")] {
            assert!(matches!(refused, Err(LedgerError::Poisoned)), "what failed is never tried again");
        }
        drop(ledger);
        let (ledger, opened) = ground.open(Some(committed)).unwrap();
        assert!(opened.head.number >= committed.number);
        let mut ledger = ledger.with_segment_bytes_max(400);
        assert!(work(&mut ledger).1.is_none());
        let verified = ledger.verify(&mut |_, _| {}).unwrap();
        assert_eq!((verified.records, verified.torn), (opened.head.number + 15, None));
    }
    assert!(failures > 40, "every write, sync, creation and rename failed in turn: {failures}");
}

#[test]
fn a_failure_while_opening_leaves_what_was_committed() {
    for after in 0.. {
        let ground = Ground::with(&[b"one", b"two", b"three"]);
        let durable = ground.open(None).unwrap().1.head;
        let torn = [&ground.bytes()[..], &[1; 30]].concat();
        ground.put(&torn);
        let fuse = Fuse::default();
        fuse.set(Some(after));
        let failing: Arc<dyn Disk> = Arc::new(Failing { real: RealDisk::new(), fuse });
        let opened = Ledger::open(failing, &ground.dir, None, Some(durable));
        let over = opened.is_ok();
        drop(opened);
        assert_eq!(ground.open(Some(durable)).unwrap().1.head, durable);
        if over {
            assert!(after >= 3);
            break;
        }
    }
}

#[test]
fn a_failure_while_creating_leaves_nothing_in_the_way() {
    for after in 0.. {
        let ground = Ground::new();
        let fuse = Fuse::default();
        fuse.set(Some(after));
        let failing: Arc<dyn Disk> = Arc::new(Failing { real: RealDisk::new(), fuse });
        let created = Ledger::create(failing, &ground.dir);
        let over = created.is_ok();
        drop(created);
        match Ledger::create(disk(), &ground.dir) {
            Ok(ledger) => assert_eq!(ledger.head(), Head::default()),
            Err(LedgerError::Exists) => assert_eq!(ground.open(None).unwrap().1.head, Head::default()),
            Err(error) => panic!("{error}"),
        }
        if over {
            assert!(after >= 5);
            break;
        }
    }
}
