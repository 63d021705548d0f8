//! The index and everything that can happen to its files between two openings.

use super::*;
use std::fs;

struct Ground {
    _scratch: tempfile::TempDir,
    dir: PathBuf,
    mark: PathBuf,
}

impl SledIndex {
    /// All rows whose keys start with `prefix`, in the order of their keys.
    fn prefix(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, Position)>, IndexError> {
        let rows: Vec<_> = self.guard(|database| database.scan_prefix([&[ROW], prefix].concat()).collect())?;
        rows.into_iter().map(|(key, value)| Ok((key[1..].to_vec(), self.position(&value)?))).collect()
    }
}

fn position(n: u64) -> Position {
    Position { segment: n, offset: n * 3 + 16 }
}

fn known(n: u64) -> Known {
    Known { position: position(n), head: Head { number: n, digest: Digest([n as u8; 32]) } }
}

fn rows(range: std::ops::Range<u64>) -> Vec<(Vec<u8>, Position)> {
    range.map(|n| (format!("key/{n:05}").into_bytes(), position(n))).collect()
}

impl Ground {
    fn new() -> Self {
        let scratch = tempfile::tempdir().unwrap();
        let (dir, mark) = (scratch.path().join("index"), scratch.path().join("ledger/index.mark"));
        Self { _scratch: scratch, dir, mark }
    }

    /// With 1200 rows, closed.
    fn filled() -> Self {
        let ground = Self::new();
        let index = ground.sound();
        index.put_batch(&rows(0..1200), known(7)).unwrap();
        index.close().unwrap();
        // sled writes its own snapshot when it opens what is there.
        ground.sound().close().unwrap();
        ground
    }

    fn open(&self) -> (Box<SledIndex>, Option<Repair>) {
        let (index, repair) = SledIndex::open(&self.dir, &self.mark).unwrap();
        (Box::new(index), repair)
    }

    /// Opens what needs no repair.
    fn sound(&self) -> Box<SledIndex> {
        let (index, repair) = self.open();
        assert_eq!(repair, None);
        index
    }

    /// Opens what needs repair: it must be empty, take new rows and be sound the next time.
    fn repaired(&self) -> Repair {
        let (index, repair) = self.open();
        assert_eq!(index.cursor().unwrap(), Known::default());
        assert_eq!(index.prefix(b"").unwrap(), []);
        index.put_batch(&rows(0..3), known(3)).unwrap();
        index.close().unwrap();
        let index = self.sound();
        assert_eq!((index.prefix(b"").unwrap(), index.cursor().unwrap()), (rows(0..3), known(3)));
        index.close().unwrap();
        repair.unwrap()
    }

    fn files(&self) -> Vec<PathBuf> {
        let mut files: Vec<_> = fs::read_dir(&self.dir).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
        files.sort();
        files
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().into()
}

fn flip(path: &Path, at: fn(usize) -> usize) {
    let mut bytes = fs::read(path).unwrap();
    let at = at(bytes.len());
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        } else {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

#[test]
fn what_was_put_is_there_again() {
    let ground = Ground::new();
    let index = ground.sound();
    assert_eq!(index.cursor().unwrap(), Known::default());
    assert_eq!(index.get(b"key/00001").unwrap(), None);
    index.put_batch(&[], known(1)).unwrap();
    assert_eq!(index.cursor().unwrap(), known(1));
    let n = BATCH_OPERATIONS_MAX as u64;
    let mut from = 0;
    for (until, cursor) in [(n - 2, 2), (2 * n - 3, 3), (4 * n, 4)] {
        index.put_batch(&rows(from..until), known(cursor)).unwrap();
        from = until;
    }
    index.put_batch(&[(b"".to_vec(), position(9)), (b"key/00001".to_vec(), position(8))], known(5)).unwrap();
    index.close().unwrap();
    let index = ground.sound();
    assert_eq!(index.cursor().unwrap(), known(5));
    assert_eq!(index.get(b"").unwrap(), Some(position(9)));
    assert_eq!(index.get(b"key/00001").unwrap(), Some(position(8)), "the later row counts");
    assert_eq!(index.get(b"key/00002").unwrap(), Some(position(2)));
    assert_eq!(index.get(b"key/0000").unwrap(), None);
    assert_eq!(index.prefix(b"key/0005").unwrap(), rows(50..60));
    assert_eq!(index.prefix(b"key/").unwrap().len() as u64, 4 * n);
    assert_eq!(index.prefix(b"").unwrap().len() as u64, 4 * n + 1);
    assert_eq!(index.prefix(b"none").unwrap(), []);
}

#[test]
fn it_opens_soundly_as_often_as_it_is_closed() {
    let ground = Ground::new();
    for round in 0..25u64 {
        let index = ground.sound();
        assert_eq!(index.prefix(b"").unwrap().len() as u64, round * 300);
        // Rounds that only read change nothing either.
        for _ in 0..2 {
            assert_eq!(index.cursor().unwrap(), if round == 0 { Known::default() } else { known(round) });
        }
        index.put_batch(&rows(round * 300..round * 300 + 300), known(round + 1)).unwrap();
        index.close().unwrap();
        ground.sound().close().unwrap();
    }
}

#[test]
fn the_first_time_is_no_repair() {
    let ground = Ground::new();
    ground.sound().close().unwrap();
    ground.sound().close().unwrap();
    fs::remove_dir_all(&ground.dir).unwrap();
    fs::remove_file(&ground.mark).unwrap();
    ground.sound().close().unwrap();
}

#[test]
fn an_index_that_was_not_closed_is_refilled() {
    let ground = Ground::filled();
    drop(ground.sound());
    assert_eq!(ground.repaired(), Repair::NotClosed);
    assert!(!ground.dir.with_extension("damaged").exists(), "nothing is kept of what a kill left");
    // Killed in the middle of a repair.
    fs::remove_dir_all(&ground.dir).unwrap();
    drop(ground.open());
    assert_eq!(ground.repaired(), Repair::NotClosed);
    // Killed the first time, before there was a directory.
    let ground = Ground::new();
    drop(ground.sound());
    fs::remove_dir_all(&ground.dir).unwrap();
    assert_eq!(ground.repaired(), Repair::NotClosed);
}

#[test]
fn an_index_that_is_gone_is_refilled() {
    let ground = Ground::filled();
    fs::remove_dir_all(&ground.dir).unwrap();
    assert_eq!(ground.repaired(), Repair::Gone);
    let ground = Ground::filled();
    fs::remove_file(&ground.mark).unwrap();
    assert_eq!(ground.repaired(), Repair::Unmarked);
}

#[test]
fn a_file_deleted_cut_flipped_or_added_is_noticed() {
    let files: Vec<String> = Ground::filled().files().iter().map(|path| name(path)).collect();
    assert!(files.len() >= 3, "sled keeps conf, db and a snapshot: {files:?}");
    for n in 0..files.len() {
        type Harm = fn(&Path);
        let harms: [Harm; 8] = [
            |path| fs::remove_file(path).unwrap(),
            |path| fs::write(path, b"").unwrap(),
            |path| fs::write(path, &fs::read(path).unwrap()[1..]).unwrap(),
            |path| flip(path, |_| 0),
            |path| flip(path, |length| length / 2),
            |path| flip(path, |length| length - 1),
            |path| fs::write(path, [&fs::read(path).unwrap()[..], b"\0"].concat()).unwrap(),
            |path| {
                fs::rename(path, path.with_extension("old")).unwrap();
                std::os::unix::fs::symlink(path.with_extension("old"), path).unwrap();
            },
        ];
        for harm in harms {
            let ground = Ground::filled();
            let path = ground.files()[n].clone();
            harm(&path);
            match ground.repaired() {
                Repair::Altered { file } => assert!(file.starts_with(&name(&path)), "{file} for {}", name(&path)),
                other => panic!("{other}"),
            }
            assert!(ground.dir.with_extension("damaged").is_dir(), "what was altered is kept");
        }
    }
    let ground = Ground::filled();
    fs::write(ground.dir.join("blobs/extra"), b"").unwrap();
    assert_eq!(ground.repaired(), Repair::Altered { file: "blobs/extra".into() });
}

#[test]
fn an_older_copy_is_noticed() {
    let ground = Ground::filled();
    let older = ground.dir.with_extension("older");
    copy(&ground.dir, &older);
    let index = ground.sound();
    index.put_batch(&rows(1200..1210), known(8)).unwrap();
    index.close().unwrap();
    fs::remove_dir_all(&ground.dir).unwrap();
    fs::rename(&older, &ground.dir).unwrap();
    assert!(matches!(ground.repaired(), Repair::Altered { .. }));
}

#[test]
fn a_copy_of_what_was_closed_is_as_good() {
    let ground = Ground::filled();
    let twin = ground.dir.with_extension("twin");
    copy(&ground.dir, &twin);
    fs::remove_dir_all(&ground.dir).unwrap();
    fs::rename(&twin, &ground.dir).unwrap();
    assert_eq!(ground.sound().prefix(b"").unwrap().len(), 1200);
}

#[test]
fn garbage_is_noticed() {
    let ground = Ground::filled();
    for path in ground.files() {
        fs::write(path, b"garbage ".repeat(10_000)).unwrap();
    }
    assert!(matches!(ground.repaired(), Repair::Altered { .. }));
    fs::remove_dir_all(&ground.dir).unwrap();
    fs::write(&ground.dir, b"a file").unwrap();
    assert_eq!(ground.repaired(), Repair::Altered { file: ".".into() });
    fs::remove_dir_all(&ground.dir).unwrap();
    fs::create_dir(&ground.dir).unwrap();
    assert!(matches!(ground.repaired(), Repair::Altered { .. }));
    for mark in [&b""[..], b"gapferry index 1\nclosed\n", b"gapferry index 1\nope", b"gapferry index 1\n", b"\xff\xfe", &[b'x'; 2 << 20]] {
        fs::write(&ground.mark, mark).unwrap();
        assert!(matches!(ground.repaired(), Repair::Altered { .. }));
    }
}

#[test]
fn what_sled_refuses_is_made_anew() {
    // As it was closed, byte for byte, but not a database of ours: made with other settings.
    let ground = Ground::new();
    let disk = RealDisk::new();
    drop(sled::Config::new().path(&ground.dir).segment_size(1 << 16).flush_every_ms(None).open().unwrap());
    Mark::new(&disk, &ground.mark).unwrap().write_closed(&disk, &ground.dir).unwrap();
    assert!(matches!(ground.repaired(), Repair::Refused { .. }));
    // A database of ours with something else in the place of the cursor.
    let index = ground.sound();
    index.database.insert(CURSOR, b"not a cursor").unwrap();
    assert!(matches!(index.cursor(), Err(IndexError::Failed(_))));
    assert!(matches!(index.get(b"key"), Err(IndexError::Broken)), "after a failure nothing is believed");
    assert!(matches!(index.close(), Err(IndexError::Broken)));
    assert_eq!(ground.repaired(), Repair::NotClosed);
    let index = ground.sound();
    index.database.insert(CURSOR, b"not a cursor").unwrap();
    index.close().unwrap();
    assert!(matches!(ground.repaired(), Repair::Refused { .. }));
    let index = ground.sound();
    index.database.insert([ROW, b'k'], b"not a position").unwrap();
    assert!(matches!(index.get(b"k"), Err(IndexError::Failed(_))));
}

#[test]
fn a_panic_is_an_error() {
    let ground = Ground::new();
    let index = ground.sound();
    let panicked = index.guard(|_| -> sled::Result<()> { panic!("planted {}", 1) });
    assert!(matches!(panicked, Err(IndexError::Panicked(says)) if says == "planted 1"));
    assert!(matches!(index.put_batch(&rows(0..1), known(1)), Err(IndexError::Broken)));
    drop(index);
    assert_eq!(ground.repaired(), Repair::NotClosed);
}

#[test]
fn a_fresh_one_takes_the_place_of_any() {
    let ground = Ground::filled();
    let index = Box::new(SledIndex::fresh(&ground.dir, &ground.mark).unwrap());
    assert_eq!((index.prefix(b"").unwrap(), index.cursor().unwrap()), (vec![], Known::default()));
    index.put_batch(&rows(0..5), known(5)).unwrap();
    index.close().unwrap();
    assert_eq!(ground.sound().prefix(b"").unwrap(), rows(0..5));
    let names: Vec<_> = fs::read_dir(ground.dir.parent().unwrap()).unwrap().map(|entry| name(&entry.unwrap().path())).collect();
    assert_eq!(names.len(), 2, "nothing is left beside it: {names:?}");
}

#[test]
fn the_mark_says_open_while_it_is_open() {
    let ground = Ground::filled();
    let closed = fs::read_to_string(&ground.mark).unwrap();
    assert!(closed.starts_with("gapferry index 1\nclosed\n") && closed.contains(" db\n"), "{closed}");
    let index = ground.sound();
    assert_eq!(fs::read_to_string(&ground.mark).unwrap(), "gapferry index 1\nopen\n");
    drop(index);
}
