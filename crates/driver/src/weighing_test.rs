//! The breaker on both sides of a crossing: malware, slow deletions, mass changes in many packages, several people.

use std::path::Path;

use crate::status::scene::Scene;
use crate::world::{Actor, World};

/// Bytes as even as those of a cipher.
fn noise(seed: &str, bytes: usize) -> Vec<u8> {
    let mut noise = vec![0; bytes];
    blake3::Hasher::new().update(seed.as_bytes()).finalize_xof().fill(&mut noise);
    noise
}

fn text(name: &str) -> Vec<u8> {
    format!("{name}: an inventory of monuments, with numbers and photographs.\n").bytes().cycle().take(2000).collect()
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("d{}/{number:03}.txt", number % 7)).collect()
}

/// A scene whose replica holds so many texts.
fn scene(count: usize) -> (Scene, Vec<String>) {
    let (scene, names) = (Scene::new(), names(count));
    names.iter().for_each(|name| scene.write(name, text(name)));
    scene.round();
    (scene, names)
}

fn codes(report: &crate::report::CarryReport) -> Vec<&'static str> {
    let packed = report.packed.iter().flat_map(|packed| packed.problems.iter().chain(&packed.captured.problems));
    packed.chain(report.applied.iter().flat_map(|applied| &applied.problems)).map(|problem| problem.code).collect()
}

fn sequence(scene: &Scene) -> u64 {
    crate::status(&scene.world, &scene.source()).unwrap().routes[0].sequence
}

/// FAULTS S05, S06: people agreed by mistake, and brought everything back. Months later malware did the same, and nobody was asked.
#[test]
fn an_agreement_ends_with_what_it_was_about() {
    let (scene, names) = scene(220);
    let harm = |by: &str| match by {
        "encryption" => names[..60].iter().for_each(|name| scene.write(name, noise(name, 2000))),
        _ => names[..180].iter().for_each(|name| std::fs::remove_file(scene.path("archive").join(name)).unwrap()),
    };
    for (by, code) in [("encryption", "SRC-08"), ("deletion", "SRC-03")] {
        harm(by);
        assert_eq!(codes(&scene.carry(&scene.source())), [code], "{by}");
        crate::breaker_release(&scene.world, &scene.source(), "all", "mistaken").unwrap();
        names.iter().for_each(|name| scene.write(name, text(name)));
        scene.round();
        scene.write("one more", by);
        scene.round();
        assert_eq!(codes(&scene.carry(&scene.replica())), [""; 0], "{by}: a replica is asked about nothing");
        harm(by);
        assert_eq!(codes(&scene.carry(&scene.source())), [code], "{by}, again");
        names.iter().for_each(|name| scene.write(name, text(name)));
        crate::breaker_release(&scene.world, &scene.source(), "all", "brought back").unwrap();
        scene.round();
    }
}

/// FAULTS S06: a twentieth of an archive is encrypted in place. Nothing is packed, the files are named, and after the release
/// the replica still has what was before.
#[test]
fn encrypted_in_place() {
    let (scene, names) = scene(220);
    let before = sequence(&scene);
    let encrypted = &names[..11];
    encrypted.iter().for_each(|name| scene.write(name, noise(name, 2000)));
    let report = scene.carry(&scene.source());
    assert_eq!(codes(&report), ["SRC-08"]);
    let detail = &report.packed.unwrap().problems[0].detail;
    assert!(detail.contains("11 of 220") && detail.contains("d0/000.txt"), "{detail}");
    assert_eq!(sequence(&scene), before, "nothing was packed");
    let status = crate::status(&scene.world, &scene.source()).unwrap();
    let route = &status.routes[0];
    assert_eq!((route.stopped.as_deref(), route.next), (Some("SRC-08"), "release-breaker"));
    let named = |problem: &crate::report::Problem| problem.code == "SRC-08" && problem.detail.contains(": d0/000.txt, ");
    assert!(status.problems.iter().any(named), "{:?}", status.problems);

    let released = crate::breaker_release(&scene.world, &scene.source(), "all", "we did").unwrap();
    assert_eq!(released.items, 11);
    scene.round();
    assert_eq!(scene.on_replica(&names[0]), Some(noise(&names[0], 2000)));
    assert_eq!(codes(&scene.carry(&scene.source())), [] as [&str; 0], "what people agreed to does not count again");
    // What was before comes back from the history of the replica.
    let options = crate::HistoryOptions { restore: Some(scene.path("restored")), back: Some(1), ..Default::default() };
    crate::history(&scene.world, &scene.replica(), &options).unwrap();
    for name in encrypted {
        let found = std::fs::read(scene.path("restored").join(name)).or_else(|_| std::fs::read(scene.path("restored/all").join(name)));
        assert_eq!(found.ok(), Some(text(name)), "{name}");
    }
}

/// FAULTS S06: at the limit and one past it, in each way that it is done, and what people do is no attack.
#[test]
fn how_much_looks_encrypted() {
    type Act = fn(&Scene, &str);
    let lock: Act = |scene, name| {
        scene.write(format!("{name}.locked"), noise(name, 2000));
        scene.remove(name);
    };
    let rename: Act = |scene, name| std::fs::rename(scene.path("archive").join(name), scene.path("archive").join(format!("{name}.locked"))).unwrap();
    let elsewhere: Act = |scene, name| {
        scene.write(format!("{}/{:x}", &name[..2], name.len() + name.bytes().map(usize::from).sum::<usize>()), noise(name, 2000));
        scene.remove(name);
    };
    let in_place: Act = |scene, name| scene.write(name, noise(name, 2000));
    let compress: Act = |scene, name| {
        scene.write(format!("{name}.gz"), [b"\x1f\x8b\x08", &noise(name, 2000)[..]].concat());
        scene.remove(name);
    };
    let edit: Act = |scene, name| scene.write(name, text("edited"));
    let add: Act = |scene, name| scene.write(format!("{name}.new"), noise(name, 2000));
    for (what, act, stops) in [
        ("in place", in_place, true),
        ("with an extension", lock, true),
        ("only an extension", rename, true),
        ("under other names", elsewhere, true),
        ("compressed", compress, false),
        ("edited", edit, false),
        ("added", add, false),
    ] {
        let (scene, names) = scene(60);
        names[..10].iter().for_each(|name| act(&scene, name));
        let report = scene.carry(&scene.source());
        assert_eq!(codes(&report), [] as [&str; 0], "{what}: ten are allowed");
        act(&scene, &names[10]);
        let report = scene.carry(&scene.source());
        let expected: &[&str] = if stops { &["SRC-08"] } else { &[] };
        assert_eq!(codes(&report), expected, "{what}: they add up, crossing after crossing");
    }
}

/// FAULTS S05: an archive that dies slowly stops on its own side, and on the replica where the source's breaker is off.
#[test]
fn a_slow_deletion_over_fifty_crossings() {
    for side in ["source", "replica"] {
        let (scene, names) = scene(250);
        scene.policy(&scene.source(), "breaker_items = 20\nbreaker_percent = 2");
        scene.policy(&scene.replica(), "breaker_items = 20\nbreaker_percent = 2");
        if side == "replica" {
            scene.policy(&scene.source(), "breaker_slow_percent = 100");
        }
        let mut stopped = None;
        for crossing in 0..50 {
            names[crossing * 5..crossing * 5 + 5].iter().for_each(|name| scene.remove(name));
            let inside = codes(&scene.carry(&scene.source()));
            let outside = codes(&scene.carry(&scene.replica()));
            if !inside.is_empty() || !outside.is_empty() {
                stopped = Some((crossing, inside, outside));
                break;
            }
        }
        // A fifth of 250 are 50: ten crossings pass, the eleventh does not.
        let expected = if side == "source" { (10, vec!["SRC-03"], vec![]) } else { (10, vec![], vec!["RPL-01"]) };
        assert_eq!(stopped, Some(expected), "{side}");
        assert_eq!(names.iter().filter(|name| scene.on_replica(name).is_some()).count(), 200, "{side}: the replica kept the rest");
    }
}

/// A mass change to which people agreed on the source, cut into packages that are small each for itself, needs one agreement on
/// the replica: not one for each, and not none.
#[test]
fn one_mass_change_in_many_packages() {
    let (scene, names) = scene(60);
    let (source, replica) = (scene.source(), scene.replica());
    for home in [&source, &replica] {
        scene.policy(home, "breaker_items = 10\nbreaker_percent = 0");
    }
    names[..30].iter().for_each(|name| scene.remove(name));
    assert_eq!(codes(&scene.carry(&source)), ["SRC-03"]);
    crate::breaker_release(&scene.world, &source, "all", "meant").unwrap();
    let mut asked = 0;
    for part in names[..30].chunks(5) {
        let options = crate::PackOptions { to: scene.path("medium"), items: part.to_vec(), ..Default::default() };
        assert_eq!(crate::pack(&scene.world, &source, &options).unwrap().packages.len(), 1);
        if codes(&scene.carry(&replica)) == ["RPL-01"] {
            asked += 1;
            assert_eq!(crate::breaker_release(&scene.world, &replica, "all", "meant").unwrap().items, 30);
            assert_eq!(codes(&scene.carry(&replica)), [] as [&str; 0]);
        }
        assert!(part.iter().all(|name| scene.on_replica(name).is_none()));
        // The receipt is taken in, so that the next medium does not bring it again.
        let options = crate::ReconcileOptions { from: scene.path("medium"), ..Default::default() };
        crate::reconcile(&scene.world, &source, &options).unwrap();
    }
    assert_eq!(asked, 1);
    assert_eq!(crate::status(&scene.world, &source).unwrap().routes[0].items.done, 30);
}

fn as_user(scene: &Scene, user: &str) -> World {
    World { actor: Actor { user: user.into(), ..scene.world.actor.clone() }, ..scene.world.clone() }
}

/// FAULTS K04: two different people over the same changes, on either side.
#[test]
fn two_people() {
    let (scene, names) = scene(20);
    let (source, replica) = (scene.source(), scene.replica());
    for home in [&source, &replica] {
        scene.policy(home, "breaker_items = 2\nbreaker_percent = 0\nrelease_people = 2");
    }
    let release = |home: &Path, user: &str| {
        let report = crate::breaker_release(&as_user(&scene, user), home, "all", "meant").unwrap();
        let codes: Vec<&str> = report.problems.iter().map(|problem| problem.code).collect();
        (report.items, report.agreed, report.missing, codes)
    };
    let waits = |items, agreed: &str| (items, vec![agreed.to_owned()], 1, vec!["ACT-01"]);
    names[..3].iter().for_each(|name| scene.remove(name));
    let foreseen = |home: &Path, user: &str| {
        let before = crate::status(&scene.world, home).unwrap().ledger_records;
        let report = crate::breaker_release_foreseen(&as_user(&scene, user), home, "all", "meant").unwrap();
        assert_eq!((report.dry_run, report.problems.len(), crate::status(&scene.world, home).unwrap().ledger_records), (true, 0, before));
        (report.items, report.agreed.join(" "), report.missing)
    };
    assert_eq!(codes(&scene.carry(&source)), ["SRC-03"]);
    assert_eq!(foreseen(&source, "li"), (3, String::new(), 1));
    assert_eq!(release(&source, "li"), waits(3, "li"));
    assert_eq!((foreseen(&source, "li"), foreseen(&source, "wang")), ((3, "li".into(), 1), (3, "li".into(), 0)));
    assert_eq!(release(&source, "li"), waits(3, "li"), "the same person twice is one");
    let route = crate::status(&scene.world, &source).unwrap();
    assert_eq!((&route.routes[0].agreed, route.routes[0].stopped.as_deref()), (&vec!["li".to_owned()], Some("SRC-03")));
    assert!(route.problems[0].detail.contains("li did, 1 more must"), "{}", route.problems[0].detail);
    assert_eq!(codes(&scene.carry(&source)), ["SRC-03"]);
    scene.remove(&names[3]);
    assert_eq!(codes(&scene.carry(&source)), ["SRC-03"]);
    assert_eq!(crate::status(&scene.world, &source).unwrap().routes[0].agreed, [""; 0], "what was agreed to is not what waits now");
    assert_eq!(release(&source, "wang"), waits(4, "wang"), "another number: it begins anew");
    assert_eq!(release(&source, "li"), (4, vec!["wang".into(), "li".into()], 0, vec![]));
    assert_eq!(codes(&scene.carry(&source)), [] as [&str; 0]);

    assert_eq!(codes(&scene.carry(&replica)), ["RPL-01"]);
    assert_eq!(release(&replica, "li"), waits(4, "li"));
    assert_eq!(foreseen(&replica, "wang"), (4, "li".into(), 0));
    assert_eq!(codes(&scene.carry(&replica)), ["RPL-01"]);
    assert_eq!(release(&replica, "wang").2, 0);
    assert_eq!(codes(&scene.carry(&replica)), [] as [&str; 0]);
    assert!(scene.on_replica(&names[0]).is_none());
}

/// FAULTS S05: another folder in the place of the archive deletes nothing, until people say that it is meant.
#[test]
fn another_root() {
    let (scene, names) = scene(20);
    let source = scene.source();
    let (archive, aside) = (scene.path("archive"), scene.path("aside"));
    std::fs::rename(&archive, &aside).unwrap();
    std::fs::create_dir(&archive).unwrap();
    scene.write("NOT MOUNTED", "mount the archive here");
    assert_eq!(codes(&scene.carry(&source)), ["SRC-10"]);
    assert_eq!(scene.carry(&source).next, "needs-person");
    assert_eq!(crate::status(&scene.world, &source).unwrap().routes[0].items.done, 20, "nothing of it was captured");
    // The archive comes back: nobody need agree to anything.
    std::fs::remove_dir_all(&archive).unwrap();
    std::fs::rename(&aside, &archive).unwrap();
    assert_eq!(codes(&scene.carry(&source)), [] as [&str; 0]);
    // It moves to another disk, where two are left out on purpose.
    std::fs::rename(&archive, &aside).unwrap();
    names[2..].iter().for_each(|name| scene.write(name, text(name)));
    assert_eq!(codes(&scene.carry(&source)), ["SRC-10"]);
    crate::breaker_release(&scene.world, &source, "all", "a new disk").unwrap();
    assert_eq!(codes(&scene.carry(&source)), [] as [&str; 0]);
    scene.round();
    assert_eq!((scene.on_replica(&names[0]), scene.on_replica(&names[2])), (None, Some(text(&names[2]))));
    assert_eq!(crate::breaker_release(&scene.world, &source, "all", "again").unwrap().items, 0);
}
