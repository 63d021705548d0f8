//! Any allowed set of media of a run is lost or damaged and rebuilt; one more is a named failure; nothing else changes.

use super::*;
use crate::status::scene::Scene;
use crate::{ApplyOptions, CarryOptions, PackOptions};
use std::collections::HashSet;
use std::fs;
use std::sync::{Arc, Mutex};
use store::disk::{Rename, Space};

fn copy(from: &Path, to: &Path) {
    let _may_be_missing = fs::remove_dir_all(to);
    crate::status::scene::copy(from, to);
}

/// A scene whose source has packed three packages, each onto a medium of its own, and `count` parity files.
fn run_of_three(count: u16) -> (Scene, Vec<PathBuf>) {
    three(Scene::new(), count)
}

/// Writes a line below the heading of the route.
fn configure(scene: &Scene, line: &str) {
    let config = scene.source().join("gapferry.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("[routes.all]\n", &format!("[routes.all]\n{line}\n"))).unwrap();
}

fn three(scene: Scene, count: u16) -> (Scene, Vec<PathBuf>) {
    configure(&scene, &format!("parity = {count}"));
    scene.policy(&scene.replica(), "parity_bytes_max = 100000000");
    for (name, bytes) in [("a", 300_000), ("b", 10), ("c", 70_000)] {
        // What does not compress, so that the packages have several stripes and different lengths.
        let content: Vec<u8> = (0..bytes / 32 + 1).flat_map(|at: u32| *blake3::hash(&[name.as_bytes(), &at.to_le_bytes()].concat()).as_bytes()).collect();
        scene.write(name, content);
    }
    let mut media = Vec::new();
    for name in ["a", "b", "c"] {
        let medium = scene.path(&format!("medium-{name}"));
        fs::create_dir(&medium).unwrap();
        let options = PackOptions { to: medium.clone(), items: vec![name.into()], ..PackOptions::default() };
        assert_eq!(crate::pack(&scene.world, &scene.source(), &options).unwrap().packages.len(), 1);
        media.push(medium);
    }
    // Each parity file goes onto a medium of its own.
    let taken = ParityOptions { to: media[0].clone(), ..ParityOptions::default() };
    assert_eq!(parity(&scene.world, &scene.source(), &taken).unwrap_err().0.code, "USE-01");
    for index in 1..=count {
        let medium = scene.path(&format!("parity-{index}"));
        fs::create_dir(&medium).unwrap();
        let options = ParityOptions { to: medium.clone(), ..ParityOptions::default() };
        let report = parity(&scene.world, &scene.source(), &options).unwrap();
        assert_eq!((report.index, report.count, report.packages, report.media), (index.into(), count.into(), 3, count.into()));
        media.push(medium);
    }
    let last = ParityOptions { to: media[3].clone(), ..ParityOptions::default() };
    assert_eq!(parity(&scene.world, &scene.source(), &last).unwrap_err().0.code, "USE-01", "nothing waits any more");
    let left: Vec<_> = fs::read_dir(scene.source().join("spool/parity/all")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.len() == 1 && left[0].to_str().unwrap().starts_with(DONE), "{left:?}");
    (scene, media)
}

#[test]
fn with_a_medium_go_all_packages_on_it() {
    for (count, media) in [(1, 0), (2, 1), (3, 2)] {
        let scene = Scene::new();
        configure(&scene, &format!("parity = {count}"));
        for (name, medium) in [("a", "one"), ("b", "one"), ("c", "another")] {
            scene.write(name, name);
            fs::create_dir_all(scene.path(medium)).unwrap();
            let options = PackOptions { to: scene.path(medium), items: vec![name.into()], ..PackOptions::default() };
            assert_eq!(crate::pack(&scene.world, &scene.source(), &options).unwrap().packages.len(), 1);
        }
        fs::create_dir(scene.path("parity")).unwrap();
        let options = ParityOptions { to: scene.path("parity"), dry_run: true, ..ParityOptions::default() };
        let report = parity(&scene.world, &scene.source(), &options).unwrap();
        assert_eq!((report.packages, report.count, report.media), (3, count, media));
    }
}

fn apply(scene: &Scene, medium: &Path) -> crate::report::ApplyReport {
    crate::apply(&scene.world, &scene.replica(), &ApplyOptions { from: medium.into(), ..ApplyOptions::default() }).unwrap()
}

fn codes(report: &crate::report::ApplyReport) -> Vec<&'static str> {
    report.problems.iter().map(|problem| problem.code).collect()
}

/// Parity files that a replica keeps.
fn parity_kept(scene: &Scene) -> usize {
    let kept = fs::read_dir(scene.replica().join("spool/parity/all")).unwrap();
    kept.filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|ending| ending == "gfe")).count()
}

/// What is lost beyond the parity of its run was waited for, and told of, with every command for ever.
#[test]
fn a_run_from_before_the_route_began_anew_is_waited_for_no_more() {
    let (scene, media) = run_of_three(1);
    apply(&scene, &media[0]);
    assert_eq!((codes(&apply(&scene, &media[3])), parity_kept(&scene)), (vec!["PAR-01"], 1));
    let anew = crate::RebaseOptions { route: "all".into(), reason: "looked into".into(), ..crate::RebaseOptions::default() };
    assert_eq!(crate::rebase(&scene.world, &scene.source(), &anew).unwrap().way, "ask");
    scene.round();
    scene.round();
    assert_eq!((codes(&apply(&scene, &media[1])), parity_kept(&scene)), (vec![], 0));
}

#[test]
fn parity_files_count_in_the_bound_of_what_is_kept() {
    let (scene, media) = run_of_three(2);
    let file = scene.replica().join("gapferry.toml");
    let text = fs::read_to_string(&file).unwrap();
    for (bound, kept) in [(1_000, 0), (500_000, 1), (100_000_000, 2)] {
        fs::write(&file, text.replace("parity_bytes_max = 100000000", &format!("parity_bytes_max = {bound}"))).unwrap();
        for medium in &media[3..5] {
            apply(&scene, medium);
        }
        assert_eq!(parity_kept(&scene), kept, "{bound}");
    }
}

/// Copies are kept so that others can be rebuilt: that they cannot be kept takes the answer from no package.
#[test]
fn what_cannot_be_kept_or_rebuilt_is_a_problem_and_no_failure() {
    let (scene, media) = run_of_three(1);
    fs::create_dir_all(scene.replica().join("spool/parity")).unwrap();
    fs::write(scene.replica().join("spool/parity/all"), "no folder").unwrap();
    for (medium, package) in [(&media[0], true), (&media[3], false)] {
        let report = apply(&scene, medium);
        assert_eq!((codes(&report), report.packages.len(), report.receipts.len()), (vec!["IO-01"], usize::from(package), 1), "{report:?}");
    }
}

/// FAULTS M01
#[test]
fn every_allowed_loss_is_rebuilt_and_one_more_is_named() {
    let (scene, media) = run_of_three(2);
    let (home, tree) = (scene.path("kept-home"), scene.path("kept-tree"));
    copy(&scene.replica(), &home);
    copy(&scene.path("replica"), &tree);
    let mut sets = 0;
    for lost in 0u32..1 << media.len() {
        if lost.count_ones() > 3 {
            continue;
        }
        sets += 1;
        copy(&home, &scene.replica());
        copy(&tree, &scene.path("replica"));
        let mut repaired = 0;
        let mut last = crate::report::ApplyReport::default();
        // The order in which media come does not matter: forwards for even sets, backwards for odd ones.
        let mut there: Vec<&PathBuf> = (0..media.len()).filter(|at| lost & 1 << at == 0).map(|at| &media[at]).collect();
        if lost % 2 == 1 {
            there.reverse();
        }
        for medium in there {
            last = apply(&scene, medium);
            repaired += last.repaired.len() as u32;
        }
        let packages_lost = (lost & 0b111).count_ones();
        let right = ["a", "b", "c"].iter().filter(|name| scene.on_replica(name) == Some(fs::read(scene.path("archive").join(name)).unwrap())).count() as u32;
        let spool: Vec<String> = fs::read_dir(scene.replica().join("spool/parity/all"))
            .map(|entries| entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect())
            .unwrap_or_default();
        if lost.count_ones() <= 2 {
            assert_eq!((right, repaired >= packages_lost), (3, true), "{lost:05b}: {last:?}");
            assert!(last.problems.is_empty(), "{lost:05b}: {last:?}");
            // Copies go when the run is whole and its parity was seen.
            assert!(lost >> 3 == 0b11 || spool.is_empty(), "{lost:05b}: {spool:?}");
        } else {
            assert_eq!((right, repaired), (3 - packages_lost, 0), "{lost:05b}");
            if lost >> 3 != 0b11 {
                assert!(last.problems.iter().any(|problem| problem.code == "PAR-01"), "{lost:05b}: {last:?}");
            }
        }
        assert!(!scene.replica().join("spool/parity/.rebuilt").exists());
    }
    assert_eq!(sets, 26);
}

/// FAULTS M01, P01
#[test]
fn a_damaged_package_and_a_damaged_parity_file_count_as_lost() {
    let (scene, media) = run_of_three(2);
    let damage = |medium: &Path, ending: &str| {
        let path =
            fs::read_dir(medium.join("gapferry")).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.to_str().unwrap().ends_with(ending)).unwrap();
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 512].fill(0x5a);
        fs::write(&path, bytes).unwrap();
    };
    damage(&media[0], ".gfp");
    damage(&media[3], ".gfe");
    for medium in &media[..4] {
        let report = apply(&scene, medium);
        let refused = [&media[0], &media[3]].contains(&medium);
        assert_eq!(report.problems.iter().any(|problem| problem.code.starts_with("ENV-")), refused, "{report:?}");
    }
    assert_eq!(scene.on_replica("a"), None);
    let report = apply(&scene, &media[4]);
    assert_eq!((report.repaired.len(), report.repaired[0].sequence, report.packages.last().unwrap().result), (1, 1, "applied"), "{report:?}");
    assert_eq!(scene.on_replica("a"), Some(fs::read(scene.path("archive/a")).unwrap()));
    // The receipt answers what was rebuilt like anything else; the parity files have served then.
    for medium in [&media[4], &media[1]] {
        let options = CarryOptions { medium: medium.clone(), ..CarryOptions::default() };
        crate::carry(&scene.world, &scene.source(), &options).unwrap();
    }
    let status = crate::status(&scene.world, &scene.source()).unwrap();
    assert_eq!((status.routes[0].items.done, status.routes[0].items.total), (3, 3), "{status:?}");
    let options = CarryOptions { medium: media[4].clone(), ..CarryOptions::default() };
    crate::carry(&scene.world, &scene.source(), &options).unwrap();
    assert!(!fs::read_dir(media[4].join("gapferry")).unwrap().any(|entry| entry.unwrap().file_name().to_str().unwrap().ends_with(".gfe")));
}

/// FAULTS M01, C09: what is rebuilt is compared with the digest that the source signed before anything is made of it.
#[test]
fn what_is_rebuilt_wrongly_is_not_taken() {
    let (scene, media) = run_of_three(1);
    for medium in &media[1..3] {
        apply(&scene, medium);
    }
    let copies = scene.replica().join("spool/parity/all");
    let damage = move || {
        let copy = fs::read_dir(copies).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.extension().is_some_and(|ending| ending == "gfp"));
        let copy = copy.unwrap();
        let mut bytes = fs::read(&copy).unwrap();
        bytes[100] ^= 1;
        fs::write(copy, bytes).unwrap();
    };
    // The copies were found right, and then one of them changes under the rebuilding.
    let world = scene.world_at(Stage::Check, damage);
    let report = crate::apply(&world, &scene.replica(), &ApplyOptions { from: media[3].clone(), ..ApplyOptions::default() }).unwrap();
    assert_eq!((codes(&report), scene.on_replica("a")), (vec!["IO-01"], None), "{report:?}");
    let report = apply(&scene, &media[3]);
    assert!(report.problems.iter().any(|problem| problem.code == "PAR-01"), "{report:?}");
}

/// FAULTS K09: a command was killed before what it had rebuilt was cleared away, and nothing ever took it away.
#[test]
fn what_a_killed_command_had_rebuilt_is_cleared_away() {
    let (scene, media) = run_of_three(1);
    let rebuilt = scene.replica().join("spool/parity/.rebuilt");
    fs::create_dir_all(&rebuilt).unwrap();
    fs::write(rebuilt.join(carrier::package_name(&PackageId([9; 16]))), "sealed").unwrap();
    apply(&scene, &media[0]);
    assert!(!rebuilt.exists());
}

#[test]
fn copies_stay_within_their_bound_and_foreign_parity_is_refused() {
    let (scene, media) = run_of_three(1);
    let config = scene.replica().join("gapferry.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("parity_bytes_max = 100000000", "parity_bytes_max = 120000")).unwrap();
    for medium in &media[..3] {
        apply(&scene, medium);
    }
    let kept: u64 = fs::read_dir(scene.replica().join("spool/parity/all")).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum();
    assert!((17_000..=120_000).contains(&kept), "{kept}");
    // A parity file that is not for this zone.
    let (other, theirs) = run_of_three(1);
    let theirs = fs::read_dir(theirs[3].join("gapferry")).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.to_str().unwrap().ends_with(".gfe"));
    fs::copy(theirs.unwrap(), media[3].join("gapferry").join(carrier::parity_name(&PackageId([7; 16])))).unwrap();
    let report = apply(&scene, &media[3]);
    assert_eq!(report.problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["ENV-09"], "{report:?}");
    drop(other);
}

/// The code is frozen: other shards would be another format.
#[test]
fn the_code_is_the_one_that_is_specified() {
    let shard = |seed: u8| -> Vec<u8> { (0..STRIPE).map(|at| (at as u8).wrapping_mul(31).wrapping_add(seed)).collect() };
    let mut encoder = ReedSolomonEncoder::new(3, 2, STRIPE).unwrap();
    (0..3).for_each(|seed| encoder.add_original_shard(shard(seed)).unwrap());
    let result = encoder.encode().unwrap();
    let digests: Vec<String> = result.recovery_iter().map(|shard| wire::digest::of_bytes(shard).to_string()[..16].to_owned()).collect();
    assert_eq!(digests, ["9058ed8410699d64", "e3abd354cd451d05"]);
}

/// FAULTS M01
#[test]
fn a_parity_file_for_another_zone_is_no_problem_on_a_medium_that_is_shared() {
    let (scene, media) = run_of_three(1);
    let (world, elsewhere) = (&scene.world, scene.path("home-elsewhere"));
    crate::init(world, &elsewhere, "elsewhere", Role::Replica, None).unwrap();
    for (from, to) in [(scene.source(), elsewhere.clone()), (elsewhere.clone(), scene.source())] {
        let (card, file) = (crate::card(world, &from).unwrap(), scene.path("card"));
        fs::write(&file, &card.card).unwrap();
        crate::trust(world, &to, &file, &card.fingerprint).unwrap();
    }
    let add = crate::RouteAdd {
        name: "other".into(),
        archive: "archive".into(),
        to: "elsewhere".into(),
        to_gateway: None,
        from_gateway: None,
        escrow: None,
        adopt: false,
    };
    crate::route_add(world, &scene.source(), &add).unwrap();
    let accept = crate::RouteAccept { name: "other".into(), from: "inside".into(), into: scene.path("tree-elsewhere"), from_gateway: None, to_gateway: None };
    crate::route_accept(world, &elsewhere, &accept).unwrap();
    let carry = |home: &Path| crate::carry(world, home, &CarryOptions { medium: media[3].clone(), ..CarryOptions::default() }).unwrap();
    carry(&scene.source());
    let applied = carry(&elsewhere).applied.unwrap();
    assert!(applied.problems.is_empty() && !applied.receipts.is_empty(), "{:?}", applied.problems);
}

/// FAULTS M06: What counts as lost travels again: the parity of a run of which nothing is on its way takes no room from it.
#[test]
fn parity_over_what_counts_as_lost_is_taken_off() {
    let (scene, media) = run_of_three(1);
    let held =
        || fs::read_dir(media[3].join("gapferry")).unwrap().filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "gfe")).count();
    for (lost, left) in [(0, 1), (2, 1), (3, 0)] {
        scene.change(&scene.source(), |home| {
            for sequence in 1..=lost {
                home.record(wire::record::Lost { route: "all".into(), sequence, damaged: false })?;
            }
            home.commit()
        });
        scene.carry_with(&scene.source(), "parity-1");
        assert_eq!(held(), left, "{lost} of three count as lost");
    }
}

#[test]
fn a_dry_run_needs_no_folder_on_the_medium_and_no_packages_leave_none() {
    let scene = Scene::new();
    configure(&scene, "parity = 1");
    let to = scene.path("fresh");
    fs::create_dir(&to).unwrap();
    let options = ParityOptions { to: to.clone(), ..ParityOptions::default() };
    assert_eq!(parity(&scene.world, &scene.source(), &options).unwrap_err().0.code, "USE-01", "nothing waits");
    assert!(!to.join("gapferry").exists(), "nothing was done");
    scene.write("a", "alpha");
    scene.carry(&scene.source());
    let foreseen = parity(&scene.world, &scene.source(), &ParityOptions { dry_run: true, ..options.clone() }).unwrap();
    assert!(!to.join("gapferry").exists());
    let written = parity(&scene.world, &scene.source(), &options).unwrap();
    assert_eq!((foreseen.index, foreseen.count, foreseen.packages, foreseen.bytes), (written.index, written.count, written.packages, written.bytes));
    assert!(to.join("gapferry").join(&written.file).exists() && to.join("gapferry/label.gfl").exists());
}

/// The real disk with so much room left as it says, on which nothing gets the name of a package a second time.
struct Narrow(store::real::RealDisk, u64, Mutex<HashSet<Vec<u8>>>);

impl Disk for Narrow {
    store::hand_on!(Disk to 0: root make_root dir list stat remove remove_dir sync_dir sync_all walk lock);

    fn open(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.0.open(dir, name)
    }
    fn open_write(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.0.open_write(dir, name)
    }
    fn create(&self, dir: &Dir, name: &[u8], mode: u32) -> io::Result<Box<dyn File>> {
        self.0.create(dir, name, mode)
    }
    fn space(&self, dir: &Dir) -> io::Result<Space> {
        Ok(Space { free: self.1, ..self.0.space(dir)? })
    }
    fn rename(&self, from: (&Dir, &[u8]), to: (&Dir, &[u8]), how: Rename) -> io::Result<()> {
        let again = to.1.ends_with(b".gfp") && !self.2.lock().unwrap().insert(to.1.into());
        if again { Err(io::Error::from_raw_os_error(28)) } else { self.0.rename(from, to, how) }
    }
}

/// The world with a disk that has so much room.
fn narrow(scene: &Scene, free: u64) -> World {
    World { disk: Arc::new(Narrow(store::real::RealDisk::new(), free, Mutex::default())), ..scene.world.clone() }
}

/// Names in the folder of the copies of the route, but for what is known of runs.
fn copies(home: &Path) -> Vec<String> {
    let names = fs::read_dir(home.join("spool/parity/all")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "run" && !name.starts_with(DONE)).collect()
}

/// FAULTS M06: a copy filled the disk of the home, and what was left of it kept every later command from writing its ledger.
#[test]
fn copies_leave_the_home_its_room() {
    let scene = Scene::new();
    configure(&scene, "parity = 1");
    scene.policy(&scene.replica(), "parity_bytes_max = 100000000");
    let carry = |world: &World, home: &Path| crate::carry(world, home, &CarryOptions { medium: scene.path("medium"), ..CarryOptions::default() }).unwrap();
    for (free, name) in [(16 << 20, "no room"), (1 << 40, "no room while it is written")] {
        scene.write(name, name);
        let packed = carry(&narrow(&scene, free), &scene.source()).packed.unwrap();
        let problems: Vec<_> = packed.problems.iter().map(|problem| (problem.code, problem.subject.as_str())).collect();
        assert_eq!((packed.packages.len(), problems, copies(&scene.source())), (1, vec![("IO-01", "spool/parity")], vec![]), "{name}");
    }
    // What is applied leaves the same room, and is smaller than what a copy of the package takes.
    let applied = carry(&narrow(&scene, (16 << 20) + 5_000), &scene.replica()).applied.unwrap();
    assert_eq!((codes(&applied), applied.receipts.len(), copies(&scene.replica())), (vec!["IO-01"; 2], 1, vec![]), "{applied:?}");
    assert_eq!(scene.on_replica("no room").as_deref(), Some(&b"no room"[..]));
}

/// Where nobody asked for parity, copies of what was long proven filled the home.
#[test]
fn copies_that_serve_no_more_go() {
    let scene = Scene::new();
    configure(&scene, "parity = 1");
    scene.policy(&scene.replica(), "parity_bytes_max = 100000000");
    for name in ["a", "b", "c"] {
        scene.write(name, name);
        scene.carry(&scene.source());
        assert_eq!(copies(&scene.source()).len(), 1, "only what is on its way");
        for home in [scene.source(), scene.replica()] {
            fs::create_dir_all(home.join("spool/parity/all")).unwrap();
            fs::write(home.join("spool/parity/all").join(carrier::package_name(&PackageId([9; 16])) + ".part"), "a command was killed").unwrap();
        }
        scene.carry(&scene.replica());
        scene.carry(&scene.source());
        let halves = |home: &Path| copies(home).iter().filter(|name| name.ends_with(".part")).count();
        assert_eq!((copies(&scene.source()).len(), halves(&scene.replica())), (0, 0), "{name}");
    }
    scene.write("d", "d");
    scene.carry(&scene.source());
    assert_eq!(copies(&scene.source()).len(), 1);
    let config = scene.source().join("gapferry.toml");
    fs::write(&config, fs::read_to_string(&config).unwrap().replace("parity = 1", "parity = 0")).unwrap();
    scene.carry(&scene.source());
    assert_eq!(copies(&scene.source()).len(), 0, "the route has no parity any more");
}

/// A command that was killed made no copy: no parity covered its package, and nobody was told.
#[test]
fn what_no_parity_covers_is_named() {
    let scene = Scene::new();
    configure(&scene, "parity = 1");
    for name in ["a", "b"] {
        scene.write(name, name);
        scene.carry(&scene.source());
    }
    let lost = copies(&scene.source()).remove(0);
    fs::remove_file(scene.source().join("spool/parity/all").join(lost)).unwrap();
    scene.notices();
    for medium in ["first", "second"] {
        fs::create_dir(scene.path(medium)).unwrap();
    }
    let write = |medium: &str| parity(&scene.world, &scene.source(), &ParityOptions { to: scene.path(medium), ..ParityOptions::default() }).unwrap();
    assert_eq!((write("first").packages, scene.notices()), (1, vec!["parity-without"]));
    // What the parity of an earlier run covers is covered.
    let scene = Scene::new();
    configure(&scene, "parity = 1");
    for name in ["first", "second"] {
        scene.write(name, name);
        scene.carry(&scene.source());
        scene.notices();
        let to = scene.path(&format!("medium-{name}"));
        fs::create_dir(&to).unwrap();
        let written = parity(&scene.world, &scene.source(), &ParityOptions { to, ..ParityOptions::default() }).unwrap();
        assert_eq!((written.packages, scene.notices()), (1, vec![]), "{name}");
    }
}

/// The rest of the parity of packages that a new life knows nothing of was written, and the run called whole.
#[test]
fn a_run_of_a_life_that_is_over_is_not_gone_on_with() {
    let scene = Scene::new();
    configure(&scene, "parity = 2");
    scene.write("a", "alpha");
    scene.carry(&scene.source());
    for medium in ["first", "second"] {
        fs::create_dir(scene.path(medium)).unwrap();
    }
    let write = |medium: &str| parity(&scene.world, &scene.source(), &ParityOptions { to: scene.path(medium), ..ParityOptions::default() });
    assert_eq!(write("first").unwrap().index, 1);
    let options = crate::RebaseOptions { route: "all".into(), new_life: true, reason: "put back".into(), ..crate::RebaseOptions::default() };
    crate::rebase(&scene.world, &scene.source(), &options).unwrap();
    scene.notices();
    assert_eq!(write("second").unwrap_err().0.code, "USE-01", "nothing waits");
    assert_eq!(scene.notices(), ["parity-run-lost"]);
}

/// All packages of a run are open at once when one is rebuilt.
#[test]
fn a_run_has_no_more_packages_than_files_may_be_open() {
    let scene = Scene::new();
    configure(&scene, "parity = 1");
    scene.write("a", "alpha");
    scene.carry(&scene.source());
    let folder = scene.source().join("spool/parity/all");
    let first = folder.join(copies(&scene.source()).remove(0));
    scene.change(&scene.source(), |home| {
        let packed = home.packed("all", 1)?.unwrap();
        for sequence in 2..=513 {
            let package = PackageId([&[0; 8][..], &u64::to_be_bytes(sequence)].concat().try_into().unwrap());
            fs::hard_link(&first, folder.join(carrier::package_name(&package))).unwrap();
            home.record(wire::record::Packed { sequence, package, ..packed.clone() })?;
        }
        home.commit()
    });
    fs::create_dir(scene.path("first")).unwrap();
    let options = ParityOptions { to: scene.path("first"), dry_run: true, ..ParityOptions::default() };
    assert_eq!(parity(&scene.world, &scene.source(), &options).unwrap().packages, 512);
}

/// FAULTS M01: to whoever reads for another zone every parity file was a forgery.
#[test]
fn who_holds_in_escrow_rebuilds_too() {
    let scene = Scene::new();
    let holder = crate::escrow::tests::holder(&scene);
    scene.policy(&holder, "parity_bytes_max = 100000000");
    let (scene, media) = three(scene, 1);
    for (medium, repaired) in [(&media[1], 0), (&media[2], 0), (&media[3], 1)] {
        let report = crate::apply(&scene.world, &holder, &ApplyOptions { from: medium.clone(), ..ApplyOptions::default() }).unwrap();
        let missing = if repaired == 0 { vec!["RPL-12"] } else { vec![] };
        assert_eq!((codes(&report), report.repaired.len()), (missing, repaired), "{report:?}");
    }
    assert_eq!(fs::read(scene.path("tree-holder/a")).unwrap(), fs::read(scene.path("archive/a")).unwrap());
}

/// What was lost beyond the parity of its run and was sent again was told of with every command for ever.
#[test]
fn only_who_brings_something_of_a_run_hears_what_is_missing() {
    let (scene, media) = run_of_three(1);
    assert_eq!(codes(&apply(&scene, &media[3])), ["PAR-01"]);
    assert_eq!(codes(&apply(&scene, &media[2])), ["PAR-01"]);
    scene.change(&scene.source(), |home| {
        for sequence in [1, 2] {
            home.record(wire::record::Lost { route: "all".into(), sequence, damaged: false })?;
        }
        home.commit()
    });
    scene.carry(&scene.source());
    let applied = scene.carry(&scene.replica()).applied.unwrap();
    assert_eq!((codes(&applied), scene.on_replica("b")), (vec![], Some(fs::read(scene.path("archive/b")).unwrap())), "{applied:?}");
    assert_eq!(codes(&apply(&scene, &media[0])), Vec::<&str>::new(), "enough came after all, and it is rebuilt");
}
