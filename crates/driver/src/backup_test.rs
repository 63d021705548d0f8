//! A home on another medium and back: whole, shared, pruned, damaged in every way, never where it must not be.

use super::*;
use crate::CarryOptions;
use crate::report::HomeRestoreReport;
use crate::status::scene::Scene;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

const PASSPHRASE: &str = "correct horse 一";

fn ask() -> Option<Zeroizing<String>> {
    Some(Zeroizing::new(PASSPHRASE.into()))
}

fn backup(scene: &Scene, home: &Path, to: &str, keep: Option<u64>) -> Result<BackupReport, Failure> {
    let options = BackupOptions { folder: scene.path(to), keep, dry_run: false };
    home_backup(&scene.world, home, &options, ask())
}

fn restore(scene: &Scene, from: &str, to: &str, generation: Option<u64>) -> Result<HomeRestoreReport, Failure> {
    home_restore(&scene.world, &scene.path(to), &HomeRestoreOptions { folder: scene.path(from), generation, dry_run: false }, &ask)
}

fn verify(scene: &Scene, folder: &str) -> BackupReport {
    home_backup_verify(&scene.world, &scene.path(folder), &ask).unwrap()
}

/// Opens a home whose keys are under the passphrase.
fn open(scene: &Scene, path: &Path) -> Home {
    let world = World { passphrase: Arc::new(ask), ..scene.world.clone() };
    Home::open(&world, path, Access::Read).unwrap()
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_str().unwrap().into(), fs::read(&path).unwrap()))
        .collect()
}

fn crossed() -> Scene {
    let scene = Scene::new();
    scene.write("secret-name-of-an-item/地契.json", "content");
    scene.write("b", "2");
    scene.round();
    scene
}

/// FAULTS C07
#[test]
fn small_files_for_which_the_manifest_has_no_room_are_kept_as_well() {
    let scene = crossed();
    let home = scene.source();
    fs::create_dir(home.join("notes")).unwrap();
    (0..34u8).for_each(|number| fs::write(home.join(format!("notes/{number:02}")), vec![number; 1 << 20]).unwrap());
    backup(&scene, &home, "safe", None).unwrap();
    assert!(verify(&scene, "safe").problems.is_empty());
    restore(&scene, "safe", "back", None).unwrap();
    let (was, is) = (open(&scene, &home), open(&scene, &scene.path("back")));
    assert!(!was.trust.is_empty() && was.trust == is.trust, "whom it trusts lies behind the notes");
    assert_eq!(files(&home.join("notes")), files(&scene.path("back/notes")));
}

/// FAULTS C07, K01
#[test]
fn both_homes_come_back_as_they_were() {
    let scene = crossed();
    for (home, to) in [(scene.source(), "safe-source"), (scene.replica(), "safe-replica")] {
        let made = backup(&scene, &home, to, None).unwrap();
        let checked = verify(&scene, to);
        assert!(checked.verified && checked.problems.is_empty(), "{checked:?}");
        assert_eq!((checked.files, checked.bytes, &checked.ledger_head), (made.files, made.bytes, &made.ledger_head));
        // Before the first difference the ledger is that of the home, to the byte; everything beside it too.
        let back = format!("{to}-home");
        let report = restore(&scene, to, &back, None).unwrap();
        assert_eq!((report.generation, report.routes, report.files), (1, vec!["all".to_owned()], made.files));
        let (was, is) = (open(&scene, &home), open(&scene, &scene.path(&back)));
        assert_eq!((&was.config, &was.card, &was.trust), (&is.config, &is.card, &is.trust));
        assert_ne!(was.incarnation(), is.incarnation(), "a new life");
        let segment = |home: &Path| fs::read(home.join("ledger/0000000000000000.seg")).unwrap();
        assert!(segment(&scene.path(&back)).starts_with(&segment(&home)));
        assert!(!scene.path(&back).join("gapferry-restoring").exists());
        // It is a home like any other, with the keys under the passphrase of the backup.
        let key = fs::read_to_string(scene.path(&back).join("keys/zone.key")).unwrap();
        assert!(key.contains("argon2id") && was.keys()[0].sign == is.keys()[0].sign && was.keys()[0].seal == is.keys()[0].seal);
        assert_eq!(crate::status(&scene.world, &scene.path(&back)).unwrap_err().0.code, "HOM-04");
        // Nothing is told to whoever finds the folder.
        for (name, bytes) in files(&scene.path(to)) {
            for word in [&b"secret-name"[..], "地契".as_bytes(), b"inside", b"outside", b"zone"] {
                assert!(!bytes.windows(word.len()).any(|window| window == word), "{name} tells {}", String::from_utf8_lossy(word));
            }
        }
    }
}

#[test]
fn generations_share_what_is_equal_and_old_ones_go() {
    let scene = crossed();
    let first = backup(&scene, &scene.source(), "safe", None).unwrap();
    let again = backup(&scene, &scene.source(), "safe", None).unwrap();
    assert_eq!((first.shared_bytes, again.generation), (0, 2));
    assert!(again.shared_bytes > 0 && again.shared_bytes + again.written_bytes == again.bytes, "{again:?}");
    scene.write("c", "3");
    scene.round();
    // What an interrupted run left goes with the next one; what is not ours stays.
    fs::write(scene.path("safe").join(object_name(&wire::PackageId([9; 16]))), "orphan").unwrap();
    fs::write(scene.path("safe/backup-00000007.key"), "orphan").unwrap();
    fs::write(scene.path("safe").join(manifest_name(3) + ".part"), "half").unwrap();
    fs::write(scene.path("safe/holiday.jpg"), "not ours").unwrap();
    let third = backup(&scene, &scene.source(), "safe", Some(2)).unwrap();
    assert_eq!((third.generations, third.removed), (vec![2, 3], vec![1]));
    let names: Vec<String> = files(&scene.path("safe")).into_keys().filter(|name| name.len() < 36).collect();
    assert_eq!(names, ["backup-00000002.gfb", "backup-00000002.key", "backup-00000003.gfb", "backup-00000003.key", "backup.lock", "holiday.jpg"]);
    assert_eq!(files(&scene.path("safe")).len() - names.len(), 2, "one object for each of the two states of the ledger");
    assert!(verify(&scene, "safe").verified);
    // Each generation is a home of its own time.
    for (generation, records) in [(2, first.ledger_records), (3, third.ledger_records)] {
        let report = restore(&scene, "safe", &format!("home-{generation}"), Some(generation)).unwrap();
        assert_eq!(report.ledger_records, records);
    }
    assert_eq!(restore(&scene, "safe", "home-1", Some(1)).unwrap_err().0.code, "BAK-02");
    let last = backup(&scene, &scene.source(), "safe", Some(1)).unwrap();
    assert_eq!((last.generations, last.removed), (vec![4], vec![2, 3]));
    assert!(verify(&scene, "safe").verified);
}

/// FAULTS P01, P02
#[test]
fn whatever_is_damaged_is_named_and_not_restored() {
    let scene = crossed();
    backup(&scene, &scene.source(), "safe", None).unwrap();
    backup(&scene, &scene.source(), "safe", None).unwrap();
    let home = Home::open(&scene.world, &scene.source(), Access::Read).unwrap();
    let folder = Folder::open(&scene.world, &scene.path("safe"), false).unwrap().unwrap();
    let (manifest, _) = folder.manifest(2, home.keys()).unwrap();
    let good = files(&scene.path("safe"));
    let well = |manifest: &Manifest| {
        let mut well = true;
        checking::check_files(&scene.world, &folder, home.keys(), manifest, &mut BTreeMap::new(), &mut |_, failure| {
            assert_eq!(failure.0.code, "BAK-01");
            well = false;
        })
        .unwrap();
        well
    };
    let mut damages = 0;
    for (name, bytes) in good.iter().filter(|(name, _)| name.ends_with(".gfb") && *name != "backup-00000001.gfb") {
        let path = scene.path("safe").join(name);
        let lengths = [0, 1, 71, 72, 1239, bytes.len() / 2, bytes.len() - 1];
        let flipped = (0..bytes.len()).step_by(37).map(|at| {
            let mut other = bytes.clone();
            other[at] ^= 1 << (at % 8);
            other
        });
        for other in lengths.iter().map(|length| bytes[..*length].to_vec()).chain(flipped).chain([[bytes.as_slice(), b"x"].concat()]) {
            fs::write(&path, &other).unwrap();
            damages += 1;
            if name.starts_with("backup-") {
                assert_eq!(folder.manifest(2, home.keys()).unwrap_err().0.code, "BAK-01", "{name}");
            } else {
                assert!(!well(&manifest), "{name}");
            }
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(restore(&scene, "safe", "returned", None).unwrap_err().0.code, "BAK-01", "{name} is gone");
        assert_eq!(verify(&scene, "safe").problems[0].code, "BAK-01", "{name} is gone");
        assert!(!scene.path("returned").exists(), "{name} is gone: nothing is written before all is verified");
        fs::write(&path, bytes).unwrap();
    }
    assert!(damages > 200, "{damages}");
    assert!(well(&manifest));
    // The key file: every damaged byte is a wrong passphrase or a damaged file, never other keys.
    let key = &good["backup-00000002.key"];
    for at in (0..key.len()).step_by(97) {
        let mut other = key.clone();
        other[at] ^= 1;
        fs::write(scene.path("safe/backup-00000002.key"), &other).unwrap();
        assert!(matches!(restore(&scene, "safe", "returned", None).unwrap_err().0.code, "BAK-01" | "HOM-04"), "byte {at}");
        assert!(!scene.path("returned").exists(), "byte {at} of the keys: {:?}", String::from_utf8_lossy(&other));
    }
    // Generations exchanged: the chain and the numbers tell.
    fs::write(scene.path("safe/backup-00000002.key"), key).unwrap();
    fs::write(scene.path("safe/backup-00000002.gfb"), &good["backup-00000001.gfb"]).unwrap();
    assert_eq!(verify(&scene, "safe").problems[0].code, "BAK-01");
    assert!(!scene.path("returned").exists(), "nothing is written before all is verified");
}

#[test]
fn a_backup_is_of_one_home_and_lies_apart() {
    let scene = crossed();
    backup(&scene, &scene.source(), "safe", None).unwrap();
    assert_eq!(backup(&scene, &scene.replica(), "safe", None).unwrap_err().0.code, "BAK-02");
    for place in ["home-source", "home-source/spool", "archive/backup", "."] {
        assert_eq!(backup(&scene, &scene.source(), place, None).unwrap_err().0.code, "USE-01", "{place}");
    }
    // A home that is behind its own backup is the older one.
    restore(&scene, "safe", "older", None).unwrap();
    scene.write("later", "3");
    scene.round();
    backup(&scene, &scene.source(), "safe", None).unwrap();
    fs::remove_dir_all(scene.source()).unwrap();
    let options = HomeRestoreOptions { folder: scene.path("safe"), generation: Some(1), dry_run: false };
    let wrong = || Some(Zeroizing::new("wrong".to_owned()));
    assert_eq!(home_restore(&scene.world, &scene.source(), &options, &wrong).unwrap_err().0.code, "HOM-04");
    assert_eq!(home_restore(&scene.world, &scene.source(), &options, &|| None).unwrap_err().0.code, "HOM-04");
    // What is there is never touched.
    fs::create_dir_all(scene.path("taken/x")).unwrap();
    assert_eq!(restore(&scene, "safe", "taken", None).unwrap_err().0.code, "USE-01");
    let dry = HomeRestoreOptions { dry_run: true, ..options };
    assert_eq!(home_restore(&scene.world, &scene.path("dry"), &dry, &ask).unwrap().routes, ["all"]);
    assert!(!scene.path("dry").exists());
    let nothing = BackupOptions { folder: scene.path("nothing"), keep: None, dry_run: true };
    let foreseen = home_backup(&scene.world, &scene.replica(), &nothing, None).unwrap();
    assert!(foreseen.written_bytes == foreseen.bytes && foreseen.dry_run && !scene.path("nothing").exists());
    assert_eq!(home_backup(&scene.world, &scene.replica(), &BackupOptions { dry_run: false, ..nothing }, None).unwrap_err().0.code, "HOM-04");
}

/// The folder may be a mount point, or lie where this user makes nothing.
#[test]
fn a_home_is_put_together_in_the_folder_that_is_there() {
    let scene = crossed();
    backup(&scene, &scene.source(), "safe", None).unwrap();
    let place = scene.path("next");
    fs::create_dir_all(place.join("lost+found")).unwrap();
    let inode = || fs::metadata(&place).unwrap().ino();
    let (was, around) = (inode(), files_below(&scene.path("")));
    restore(&scene, "safe", "next", None).unwrap();
    assert_eq!((inode(), files_below(&scene.path(""))), (was, around), "it is the same folder, and nothing lies beside it");
    open(&scene, &place);
    let world = World { passphrase: Arc::new(ask), ..scene.world.clone() };
    home_backup(&world, &place, &BackupOptions { folder: scene.path("again"), keep: None, dry_run: false }, ask()).unwrap();
    // Interrupted while its parts were given their names: this is no home, and the next run begins anew, in the same folder.
    let building = place.join(restoring::MARK);
    fs::create_dir(&building).unwrap();
    for name in ["keys", "ledger", crate::config::FILE] {
        fs::rename(place.join(name), building.join(name)).unwrap();
    }
    fs::write(building.join("half"), "of a file").unwrap();
    assert!(Home::open(&scene.world, &place, Access::Read).is_err());
    assert_eq!(crate::init(&scene.world, &place, "other", wire::card::Role::Source, None).unwrap_err().0.code, "USE-01");
    restore(&scene, "safe", "next", None).unwrap();
    assert!(!building.exists() && !place.join("half").exists());
    open(&scene, &place);
    // Interrupted right before its end it is a home; one that loses its configuration later is not cleared away.
    fs::create_dir(&building).unwrap();
    open(&scene, &place);
    fs::remove_file(place.join(crate::config::FILE)).unwrap();
    assert_eq!(restore(&scene, "safe", "next", None).unwrap_err().0.code, "USE-01");
    assert!(place.join("ledger/checkpoint").exists());
    // Interrupted before its first name.
    fs::remove_dir_all(&place).unwrap();
    fs::create_dir_all(building.join("ledger")).unwrap();
    restore(&scene, "safe", "next", None).unwrap();
    open(&scene, &place);
    // A new home as well may begin at a mount point.
    fs::create_dir_all(scene.path("mounted/lost+found")).unwrap();
    crate::init(&scene.world, &scene.path("mounted"), "other", wire::card::Role::Source, None).unwrap();
    fs::create_dir_all(scene.path("used/lost+found/4711")).unwrap();
    assert_eq!(crate::init(&scene.world, &scene.path("used"), "other", wire::card::Role::Source, None).unwrap_err().0.code, "USE-01");
}

/// The real disk, where this user may not make what is called so.
struct Closed(store::real::RealDisk);

impl store::disk::Disk for Closed {
    store::hand_on!(Disk to 0: root dir list stat rename remove remove_dir sync_dir sync_all space walk lock);

    fn make_root(&self, path: &Path) -> io::Result<store::disk::Dir> {
        if path.ends_with(restoring::MARK) { Err(io::ErrorKind::PermissionDenied.into()) } else { self.0.make_root(path) }
    }
    fn open(&self, dir: &store::disk::Dir, name: &[u8]) -> io::Result<Box<dyn store::disk::File>> {
        self.0.open(dir, name)
    }
    fn open_write(&self, dir: &store::disk::Dir, name: &[u8]) -> io::Result<Box<dyn store::disk::File>> {
        self.0.open_write(dir, name)
    }
    fn create(&self, dir: &store::disk::Dir, name: &[u8], mode: u32) -> io::Result<Box<dyn store::disk::File>> {
        self.0.create(dir, name, mode)
    }
}

#[test]
fn who_may_not_write_there_is_told_before_the_backup_is_read() {
    let scene = crossed();
    backup(&scene, &scene.source(), "safe", None).unwrap();
    let world = World { disk: Arc::new(Closed(store::real::RealDisk::new())), ..scene.world.clone() };
    let options = HomeRestoreOptions { folder: scene.path("safe"), ..HomeRestoreOptions::default() };
    let refused = home_restore(&world, &scene.path("next"), &options, &|| panic!("the passphrase is asked for")).unwrap_err().0;
    assert_eq!((refused.code, refused.subject), ("USE-01", scene.path("").display().to_string().trim_end_matches('/').to_owned()));
    assert!(refused.detail.contains("install -d") && !scene.path("next").exists(), "{}", refused.detail);
}

#[test]
fn the_generations_of_a_folder_are_under_one_passphrase() {
    let scene = crossed();
    backup(&scene, &scene.source(), "safe", None).unwrap();
    let was = files(&scene.path("safe"));
    let give = |passphrase: Option<&str>, dry_run| {
        let options = BackupOptions { folder: scene.path("safe"), keep: None, dry_run };
        home_backup(&scene.world, &scene.source(), &options, passphrase.map(|text| Zeroizing::new(text.to_owned()))).map_err(|failure| failure.0.code)
    };
    for (passphrase, dry_run) in [(Some("another"), false), (Some("another"), true), (None, false)] {
        assert_eq!(give(passphrase, dry_run).unwrap_err(), "HOM-04", "{passphrase:?}");
    }
    assert_eq!(files(&scene.path("safe")), was, "nothing was written");
    assert_eq!(give(None, true).unwrap().generation, 2);
    let keep = |keep| home_backup(&scene.world, &scene.source(), &BackupOptions { folder: scene.path("safe"), keep, dry_run: true }, None).unwrap();
    let foreseen = [None, Some(1)].map(keep).map(|report| (report.generations, report.removed));
    assert_eq!(foreseen, [(vec![1, 2], vec![]), (vec![2], vec![1])]);
    assert_eq!(give(Some(PASSPHRASE), false).unwrap().generation, 2);
    assert!(verify(&scene, "safe").verified);
}

#[test]
fn a_home_is_not_restored_into_what_it_names() {
    let scene = crossed();
    backup(&scene, &scene.source(), "safe", None).unwrap();
    for place in ["archive/home", "archive"] {
        fs::create_dir_all(scene.path(place)).unwrap();
        assert_eq!(restore(&scene, "safe", place, None).unwrap_err().0.code, "USE-01", "{place}");
    }
    assert_eq!(restore(&scene, "safe", "home-replica/inner", None).unwrap_err().0.code, "USE-01");
    assert_eq!(files_below(&scene.path("archive/home")), 0);
}

fn files_below(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn an_older_copy_of_a_home_does_not_follow_its_backup() {
    let scene = crossed();
    let copy = scene.path("copy");
    crate::status::scene::copy(&scene.source(), &copy);
    scene.write("later", "3");
    scene.round();
    let newest = backup(&scene, &scene.source(), "safe", None).unwrap();
    assert_eq!(backup(&scene, &copy, "safe", None).unwrap_err().0.code, "BAK-03");
    assert_eq!(verify(&scene, "safe").ledger_records, newest.ledger_records);
    // Nor when it has grown further than the home that went on: the chains differ.
    for _ in 0..9 {
        crate::capturing::capture(&scene.world, &copy, false).unwrap();
    }
    assert_eq!(backup(&scene, &copy, "safe", None).unwrap_err().0.code, "BAK-03");
}

/// FAULTS C07: an old machine with its timer came back, wrote the newest generation over the home that was restored, and pruned its own.
#[test]
fn a_home_that_was_restored_elsewhere_does_not_follow_its_backup() {
    let scene = crossed();
    let first = backup(&scene, &scene.source(), "safe", None).unwrap();
    restore(&scene, "safe", "restored", None).unwrap();
    let restored = scene.path("restored");
    let world = World { passphrase: Arc::new(ask), ..scene.world.clone() };
    let options = BackupOptions { folder: scene.path("safe"), ..BackupOptions::default() };
    let second = home_backup(&world, &restored, &options, ask()).unwrap();
    assert!(second.ledger_records > first.ledger_records, "an earlier life of its own is followed");
    let failure = backup(&scene, &scene.source(), "safe", Some(1)).unwrap_err();
    assert_eq!(failure.0.code, "BAK-03");
    assert_eq!(verify(&scene, "safe").ledger_records, second.ledger_records);
}

#[test]
fn a_medium_that_is_not_mounted_takes_no_backup() {
    let scene = crossed();
    let failure = backup(&scene, &scene.source(), "media/safe/inside", None).unwrap_err();
    assert_eq!(failure.0.code, "MED-02");
    assert!(!scene.path("media").exists());
}

#[test]
fn a_damaged_ledger_is_not_backed_up() {
    let scene = crossed();
    let good = backup(&scene, &scene.source(), "safe", None).unwrap();
    let segment = scene.source().join("ledger/0000000000000000.seg");
    let mut bytes = fs::read(&segment).unwrap();
    bytes[200] ^= 1;
    fs::write(&segment, bytes).unwrap();
    assert!(backup(&scene, &scene.source(), "safe", Some(1)).unwrap_err().0.code.starts_with("LDG-"));
    assert_eq!(verify(&scene, "safe").generations, [good.generation]);
}

/// Puts a restored home in the place of one that is lost, its keys in the clear. Gives how many generations of keys it has.
fn take_the_place(scene: &Scene, restored: &str, home: &Path) -> usize {
    let opened = open(scene, &scene.path(restored));
    let (text, generations) = (keys::write(&scene.world, opened.keys(), None), opened.keys().len());
    drop(opened);
    fs::write(scene.path(restored).join("keys/zone.key"), text).unwrap();
    fs::remove_dir_all(home).unwrap();
    fs::rename(scene.path(restored), home).unwrap();
    generations
}

/// Carries until nothing is left to do; people agree where a route stops, and say what is refused.
fn converge(scene: &Scene) -> Vec<&'static str> {
    let mut codes = Vec::new();
    for _ in 0..6 {
        for home in [scene.source(), scene.replica()] {
            let carried = scene.carry(&home);
            let problems =
                carried.applied.into_iter().flat_map(|applied| applied.problems).chain(carried.reconciled.into_iter().flat_map(|taken| taken.problems));
            codes.extend(problems.map(|problem| problem.code));
            if crate::status(&scene.world, &home).unwrap().routes[0].stopped.is_some() {
                let agree = crate::RebaseOptions { route: "all".into(), reason: "looked into".into(), ..crate::RebaseOptions::default() };
                crate::rebase(&scene.world, &home, &agree).unwrap();
            }
        }
    }
    codes.dedup();
    codes
}

/// FAULTS K01, K02
#[test]
fn a_backup_holds_the_keys_of_its_time_and_all_before() {
    for side in ["source", "replica"] {
        let scene = crossed();
        let (home, other) = if side == "source" { (scene.source(), scene.replica()) } else { (scene.replica(), scene.source()) };
        backup(&scene, &home, "safe", None).unwrap();
        crate::keys_rotate(&scene.world, &home, false, "it is time").unwrap();
        for content in ["1", "2", "3"] {
            scene.write("c", content);
            scene.round();
        }
        assert_eq!(crate::status(&scene.world, &home).unwrap().routes[0].keys.signs, 2, "{side}: switched");
        backup(&scene, &home, "safe", None).unwrap();
        assert!(verify(&scene, "safe").verified, "{side}: each generation of the backup with the keys of its time");
        scene.write("lost", "packed or applied after the backup");
        scene.round();

        // The one made after the change opens and signs as before.
        restore(&scene, "safe", "after", None).unwrap();
        assert_eq!(take_the_place(&scene, "after", &home), 2, "{side}");
        converge(&scene);
        let counts = crate::status(&scene.world, &scene.source()).unwrap().routes[0].items;
        assert_eq!((counts.done, counts.total), (4, 4), "{side}: after the change");

        // The one made before knows nothing of the second generation. What is sealed for it stays closed, what the first one signs is
        // refused, until it has made new keys and their card was compared at the other side.
        restore(&scene, "safe", "before", Some(1)).unwrap();
        assert_eq!(take_the_place(&scene, "before", &home), 1, "{side}");
        scene.write("d", "after the loss");
        let options = CarryOptions { medium: scene.path("medium"), ..CarryOptions::default() };
        // The source's label, or the package for the replica, was sealed for the keys that are lost.
        let refused: Vec<String> = match crate::carry(&scene.world, &home, &options) {
            Ok(report) => report.applied.into_iter().flat_map(|applied| applied.problems).map(|problem| problem.code.to_owned()).collect(),
            Err(failure) => vec![failure.0.detail[..6].to_owned()],
        };
        assert_eq!(refused, ["ENV-09"], "{side}");
        fs::remove_dir_all(scene.path("medium")).unwrap();
        fs::create_dir(scene.path("medium")).unwrap();
        let card = crate::keys_rotate(&scene.world, &home, true, "the second generation is lost").unwrap();
        let file = scene.path("newest.card");
        fs::write(&file, crate::card(&scene.world, &home).unwrap().card).unwrap();
        crate::trust_replacing(&scene.world, &other, &file, card.fingerprint.as_deref().unwrap(), if side == "source" { "inside" } else { "outside" }).unwrap();
        let codes = converge(&scene);
        let counts = crate::status(&scene.world, &scene.source()).unwrap().routes[0].items;
        assert_eq!((counts.done, counts.total), (5, 5), "{side}: {codes:?}");
        assert_eq!(scene.on_replica("d").as_deref(), Some(&b"after the loss"[..]), "{side}");
    }
}
