//! The simulated disk against the contract, and what its crashes leave.

use super::*;
use std::path::PathBuf;
use store::conformance::{self, Plant};

fn ground() -> (SimDisk, Dir) {
    let disk = SimDisk::new();
    let dir = disk.make_root(Path::new("/disk")).unwrap();
    disk.sync_all(&dir).unwrap();
    (disk, dir)
}

fn write(disk: &SimDisk, dir: &Dir, name: &str, bytes: &[u8]) -> Box<dyn File> {
    let mut file = disk.create(dir, name.as_bytes(), 0o644).unwrap();
    file.write_all_at(bytes, 0).unwrap();
    file
}

/// The disk after a crash in which `fate` became of everything.
fn crashed(disk: &SimDisk, fate: &Fate) -> SimDisk {
    let other = SimDisk::new();
    other.restore(&disk.snapshot().crashed(&mut |_, _| fate.clone()));
    other
}

fn names(disk: &SimDisk) -> Vec<String> {
    disk.below("/disk").into_keys().map(|path| String::from_utf8(path).unwrap()).collect()
}

#[test]
fn it_holds_the_contract() {
    let disk = SimDisk::new();
    let plant = |at: &Path, what: Plant<'_>| match what {
        Plant::Link(target) => disk.put_link(at, target),
        Plant::Pipe => disk.put_other(at),
    };
    disk.put_dir("/scratch").unwrap();
    conformance::run_with(&disk, Path::new("/scratch"), &plant);
    let volume = disk.mount_new("/elsewhere", VolumeOptions { exchanges: false, ..VolumeOptions::default() }).unwrap();
    disk.put_dir("/elsewhere/scratch").unwrap();
    conformance::run_with(&disk, Path::new("/elsewhere/scratch"), &plant);
    assert_eq!(disk.volume_of("/elsewhere/scratch").unwrap(), volume);
    let root = disk.root(Path::new("/")).unwrap();
    assert_eq!(disk.dir(&root, b"elsewhere", false).err().unwrap().kind(), io::ErrorKind::CrossesDevices);
}

#[test]
fn nothing_is_durable_before_it_is_made_so() {
    let (disk, dir) = ground();
    let mut file = write(&disk, &dir, "file", b"content");
    assert_eq!(names(&crashed(&disk, &Fate::Dropped)), [""; 0]);
    file.sync().unwrap();
    assert_eq!(names(&crashed(&disk, &Fate::Dropped)), [""; 0], "a synced file has no durable name");
    disk.sync_dir(&dir).unwrap();
    assert_eq!(crashed(&disk, &Fate::Dropped).bytes("/disk/file").unwrap(), b"content");
    let later = write(&disk, &dir, "later", b"content");
    disk.sync_dir(&dir).unwrap();
    assert_eq!(crashed(&disk, &Fate::Dropped).bytes("/disk/later").unwrap(), b"", "a durable name holds no content");
    disk.sync_all(&dir).unwrap();
    assert_eq!(crashed(&disk, &Fate::Dropped).bytes("/disk/later").unwrap(), b"content");
    assert!(disk.snapshot().pending().is_empty());
    drop(later);
}

#[test]
fn a_write_is_torn_where_it_is_chosen() {
    let (disk, dir) = ground();
    let mut file = write(&disk, &dir, "file", &[1; 2000]);
    disk.sync_all(&dir).unwrap();
    file.write_all_at(&[2; 1000], 500).unwrap();
    let torn = |kept: &[bool]| {
        let other = crashed(&disk, &Fate::Torn { unit: 512, kept: kept.to_vec() });
        other.bytes("/disk/file").unwrap()
    };
    let mut expected = vec![1; 2000];
    expected[512..1024].fill(2);
    assert_eq!(torn(&[false, true, false]), expected);
    expected[512..1024].fill(1);
    expected[500..512].fill(2);
    assert_eq!(torn(&[true]), expected);
    file.set_size(3000).unwrap();
    assert_eq!(crashed(&disk, &Fate::Dropped).bytes("/disk/file").unwrap(), vec![1; 2000]);
    assert_eq!(crashed(&disk, &Fate::Hollow).bytes("/disk/file").unwrap().len(), 3000);
}

#[test]
fn a_rename_is_one_step_and_a_node_has_one_name() {
    let (disk, dir) = ground();
    let sub = disk.dir(&dir, b"sub", true).unwrap();
    write(&disk, &dir, "a", b"1");
    disk.sync_all(&dir).unwrap();
    disk.rename((&dir, b"a"), (&sub, b"b"), Rename::New).unwrap();
    disk.rename((&sub, b"b"), (&dir, b"c"), Rename::New).unwrap();
    for mask in 0..4 {
        let other = SimDisk::new();
        other.restore(&disk.snapshot().crashed(&mut |place, _| if mask >> place & 1 == 1 { Fate::Kept } else { Fate::Dropped }));
        let expected = [["a", "sub"].as_slice(), &["sub", "sub/b"], &["a", "sub"], &["c", "sub"]][mask];
        assert_eq!(names(&other), expected, "{mask}");
    }
    // Durable with either directory, whatever it rests on with it.
    disk.sync_dir(&sub).unwrap();
    assert_eq!(names(&crashed(&disk, &Fate::Dropped)), ["c", "sub"]);
}

#[test]
fn what_has_no_durable_way_is_gone() {
    let (disk, dir) = ground();
    let sub = disk.dir(&dir, b"sub", true).unwrap();
    write(&disk, &sub, "file", b"1").sync().unwrap();
    disk.sync_dir(&sub).unwrap();
    assert_eq!(names(&crashed(&disk, &Fate::Dropped)), [""; 0]);
    disk.sync_dir(&dir).unwrap();
    assert_eq!(names(&crashed(&disk, &Fate::Dropped)), ["sub", "sub/file"]);
}

#[test]
fn a_dead_process_has_no_handles_and_no_locks() {
    let (disk, dir) = ground();
    let mut file = write(&disk, &dir, "file", b"kept");
    let lock = disk.lock(&dir, b"lock", store::disk::Hold::Alone).unwrap().unwrap();
    let fired = disk.plan(Rule::nth(1, Fault::Halt));
    file.write_all_at(b"K", 0).unwrap();
    assert_eq!(fired.fired(), 0);
    assert!(file.write_all_at(b"X", 0).is_err());
    assert!(disk.is_halted() && disk.list(&dir).is_err() && disk.root(Path::new("/")).is_err());
    assert_eq!(fired.fired(), 1);
    disk.kill();
    assert!(disk.list(&dir).is_err() && file.stat().is_err(), "handles of another life");
    let again = disk.root(Path::new("/disk")).unwrap();
    let second = disk.lock(&again, b"lock", store::disk::Hold::Alone).unwrap().expect("the lock died with the process");
    drop(lock);
    assert!(disk.lock(&again, b"lock", store::disk::Hold::Alone).unwrap().is_none(), "a dead lock lets nothing go");
    drop(second);
    assert_eq!(disk.bytes("/disk/file").unwrap(), b"Kept");
}

#[test]
fn faults_strike_where_they_are_planned() {
    let (disk, dir) = ground();
    let mut file = write(&disk, &dir, "file", b"before");
    file.sync().unwrap();
    let poison = disk.plan(Rule::nth(0, Fault::Poison).on(&[Op::Sync]));
    let full = disk.plan(Rule::nth(0, Fault::Full).at(|path| path.ends_with(b"full")));
    file.write_all_at(b"after!", 0).unwrap();
    assert!(file.sync().is_err());
    file.sync().unwrap();
    assert_eq!(disk.bytes("/disk/file").unwrap(), b"before", "what a failed sync lost is lost");
    assert_eq!(disk.create(&dir, b"full", 0o644).err().unwrap().kind(), io::ErrorKind::StorageFull);
    disk.create(&dir, b"full", 0o644).unwrap();
    assert_eq!((poison.fired(), full.fired()), (1, 1));
    disk.plan(Rule::nth(0, Fault::Flip).on(&[Op::Sync]));
    file.write_all_at(b"after!", 0).unwrap();
    file.sync().unwrap();
    assert_eq!(disk.bytes("/disk/file").unwrap(), b"after!", "memory lies");
    file.drop_cache().unwrap();
    assert_ne!(disk.bytes("/disk/file").unwrap(), b"after!");
    disk.spoil("/disk/file").unwrap();
    assert!(file.read_at(&mut [0], 0).is_err());
    disk.heal();
    assert!(file.read_at(&mut [0], 0).is_ok());
}

#[test]
fn a_volume_fills_up_is_protected_pulled_and_put_back() {
    let disk = SimDisk::new();
    let options = VolumeOptions { capacity: Some(1000), file_bytes_max: Some(900), ..VolumeOptions::default() };
    let volume = disk.mount_new("/medium", options).unwrap();
    let dir = disk.root(Path::new("/medium")).unwrap();
    let mut file = write(&disk, &dir, "file", &[1; 600]);
    assert_eq!(disk.space(&dir).unwrap(), Space { free: 400, total: 1000, file_bytes_max: Some(900) });
    assert_eq!(file.write_all_at(&[2; 400], 600).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    let mut other = disk.create(&dir, b"other", 0o644).unwrap();
    assert_eq!(other.write_all_at(&[3; 500], 0).unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert_eq!((disk.used(volume), other.stat().unwrap().size), (1000, 400));
    disk.remove(&dir, b"other").unwrap();
    assert_eq!(disk.space(&dir).unwrap().free, 0, "an open file keeps its room");
    drop(other);
    assert_eq!(disk.space(&dir).unwrap().free, 400);
    file.sync().unwrap();
    disk.set_options(volume, VolumeOptions { read_only: true, ..options });
    assert_eq!(file.write_all_at(b"x", 0).unwrap_err().kind(), io::ErrorKind::ReadOnlyFilesystem);
    disk.set_options(volume, options);
    disk.sync_dir(&dir).unwrap();
    file.write_all_at(b"lost", 0).unwrap();
    disk.pull(volume, &mut |_, _| Fate::Dropped);
    assert!(disk.list(&dir).is_err() && disk.root(Path::new("/medium")).is_err());
    disk.mount(volume, "/medium").unwrap();
    assert_eq!(disk.bytes("/medium/file").unwrap(), [1; 600]);
    disk.unmount(volume);
    assert!(disk.below("/medium").is_empty());
    let second = disk.mount_new("/medium", VolumeOptions::default()).unwrap();
    assert!(disk.below("/medium").is_empty());
    disk.unmount(second);
    disk.mount(volume, "/medium").unwrap();
    assert_eq!(disk.below("/medium").len(), 1);
}

#[test]
fn images_share_and_stand_still() {
    let (disk, dir) = ground();
    let mut file = write(&disk, &dir, "file", &[1; 100_000]);
    let (image, digest) = (disk.snapshot(), disk.snapshot().digest());
    file.write_all_at(b"x", 50_000).unwrap();
    assert_eq!(image.digest(), digest);
    assert_ne!(disk.snapshot().digest(), digest);
    file.write_all_at(&[1], 50_000).unwrap();
    assert_eq!(disk.snapshot().digest(), digest, "the digest is of what is there");
    file.set_mode(0o600).unwrap();
    assert_ne!(disk.snapshot().digest(), digest);
    disk.restore(&image);
    assert_eq!(disk.snapshot().digest(), digest);
    assert!(file.stat().is_err(), "handles do not outlive what is put back");
}

#[test]
fn every_cut_is_recorded() {
    let (disk, dir) = ground();
    disk.record();
    let mut file = write(&disk, &dir, "file", b"1");
    file.sync().unwrap();
    disk.rename((&dir, b"file"), (&dir, b"renamed"), Rename::New).unwrap();
    disk.sync_dir(&dir).unwrap();
    let cuts = disk.recorded();
    assert_eq!(cuts.iter().map(|(op, _)| *op).collect::<Vec<_>>(), [Op::Create, Op::Write, Op::Sync, Op::Rename, Op::SyncDir]);
    assert_eq!(cuts.iter().map(|(_, image)| image.pending().len()).collect::<Vec<_>>(), [0, 1, 2, 1, 2]);
    assert_eq!(PathBuf::from("/disk"), Path::new("/disk"));
}
