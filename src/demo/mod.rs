//! `demo`: two zones and a medium in one folder, a sample archive, and the loop as people run it: first sync, change sync, a lost
//! package and its healing, a damaged one and its refusal. Ends with every item proven, or fails.

mod archive;
pub mod county;
mod scene;
mod tree;

use driver::report::Failure;
use serde_json::{Value, json};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::advice;
use crate::page::bytes;
use crate::usage;
use crate::voice::Voice;
use scene::{MEDIUM, Scene, fail};

/// Records of the ledger shown at the end.
const RECORDS_SHOWN: u64 = 8;
/// Fresh folders tried below the system's folder for temporary files.
const FOLDERS_MAX: u32 = 1000;

/// Homes, trees and files below the folder, as they appear on the command lines.
const SOURCE: &str = "inside";
const REPLICA: &str = "outside";
const SOURCE_CARD: &str = "inside.card";
const REPLICA_CARD: &str = "outside.card";
const ARCHIVE: &str = "archive";
const TREE: &str = "replica";

/// Runs the demonstration in `folder`, or in a fresh one; returns the exit code.
pub fn run(folder: Option<PathBuf>, pause: bool, voice: &Voice) -> u8 {
    let mut steps = Vec::new();
    let played = place(folder).and_then(|folder| {
        let mut scene = Scene::new(folder, pause, voice)?;
        let played = play(&mut scene);
        let folder = scene.folder.display().to_string();
        steps = scene.steps;
        played.map(|items| (folder, items))
    });
    match played {
        Ok((folder, items)) if voice.json => {
            voice.json(advice::WELL, &json!({ "folder": folder, "items": items, "proven": items, "steps": steps, "exit": advice::WELL }))
        }
        Ok(_) => advice::WELL,
        Err(failure) if voice.json => {
            let exit = advice::exit_of(failure.0.code);
            voice.json(exit, &json!({ "error": voice.error(&failure), "steps": steps, "exit": exit }))
        }
        Err(failure) => voice.failure(&failure),
    }
}

/// The folder to play in: new, or empty.
fn place(folder: Option<PathBuf>) -> Result<PathBuf, Failure> {
    if let Some(folder) = folder {
        let failed = |error: io::Error| Failure::io(folder.display().to_string(), &error);
        fs::create_dir_all(&folder).map_err(failed)?;
        if fs::read_dir(&folder).map_err(failed)?.next().is_some() {
            return Err(usage::wrong(folder.display().to_string(), "the folder is not empty"));
        }
        return fs::canonicalize(&folder).map_err(failed);
    }
    let temporary = std::env::temp_dir();
    for number in 0..FOLDERS_MAX {
        let folder = temporary.join(format!("gapferry-demo-{}-{number}", std::process::id()));
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Failure::io(folder.display().to_string(), &error)),
        }
    }
    Err(Failure::new("IO-01", temporary.display().to_string(), format!("holds {FOLDERS_MAX} folders of demonstrations already")))
}

/// The story; returns how many items are proven at its end.
fn play(scene: &mut Scene) -> Result<u64, Failure> {
    scene.tell("demo.intro", &[("folder", &scene.folder.display().to_string())]);
    set_up(scene)?;

    scene.tell("demo.first", &[]);
    loop_once(scene)?;

    scene.tell("demo.change", &[]);
    written(scene, archive::work)?;
    change(scene)?;

    scene.tell("demo.lost", &[]);
    written(scene, archive::register)?;
    lose(scene)?;

    scene.tell("demo.damaged", &[]);
    written(scene, archive::card)?;
    damage(scene)?;

    end(scene)
}

fn set_up(scene: &mut Scene) -> Result<(), Failure> {
    written(scene, archive::write)?;
    fs::create_dir(scene.folder.join(MEDIUM)).map_err(|error| Failure::io(MEDIUM, &error))?;
    scene.tell("demo.homes", &[]);
    scene.run(&["init", "--home", SOURCE, "--zone", "inside", "--role", "source"], 0)?;
    scene.run(&["init", "--home", REPLICA, "--zone", "outside", "--role", "replica"], 0)?;
    scene.tell("demo.cards", &[]);
    let inside = card(scene, SOURCE, SOURCE_CARD)?;
    let outside = card(scene, REPLICA, REPLICA_CARD)?;
    scene.run(&["trust", "--home", SOURCE, REPLICA_CARD, "--fingerprint", &outside], 0)?;
    scene.run(&["trust", "--home", REPLICA, SOURCE_CARD, "--fingerprint", &inside], 0)?;
    scene.tell("demo.route", &[]);
    scene.run(&["archive", "add", "--home", SOURCE, "cards", ARCHIVE], 0)?;
    scene.run(&["route", "add", "--home", SOURCE, "outward", "--archive", "cards", "--to", "outside"], 0)?;
    scene.run(&["route", "accept", "--home", REPLICA, "outward", "--from", "inside", "--into", TREE], 0)
}

/// Writes the card of a home into a file, as a person does who hands it over; returns its fingerprint.
fn card(scene: &mut Scene, home: &str, file: &str) -> Result<String, Failure> {
    let card = scene.ask(&["card", "--home", home])?;
    let text = |name: &str| card[name].as_str().map(str::to_owned).ok_or_else(|| fail("gapferry card", format!("its object has no {name}")));
    fs::write(scene.folder.join(file), text("card")?).map_err(|error| Failure::io(file, &error))?;
    let fingerprint = text("fingerprint")?;
    scene.tell("demo.card", &[("file", file), ("fingerprint", &fingerprint)]);
    Ok(fingerprint)
}

fn carry(scene: &mut Scene, home: &str, expected: u8) -> Result<(), Failure> {
    scene.run(&["carry", "--home", home, MEDIUM], expected)
}

/// Out, over, back: the source packs, the replica applies and attests, the source takes the receipt in.
fn loop_once(scene: &mut Scene) -> Result<(), Failure> {
    scene.tell("demo.out", &[]);
    carry(scene, SOURCE, 0)?;
    over_and_back(scene)
}

fn over_and_back(scene: &mut Scene) -> Result<(), Failure> {
    scene.tell("demo.over", &[]);
    carry(scene, REPLICA, 0)?;
    scene.tell("demo.back", &[]);
    carry(scene, SOURCE, 0)?;
    same_trees(scene)
}

fn change(scene: &mut Scene) -> Result<(), Failure> {
    scene.tell("demo.out", &[]);
    let packages = packed(scene)?;
    let crossing: u64 = packages.iter().map(|(_, bytes)| bytes).sum();
    let scan = fs::metadata(scene.folder.join(ARCHIVE).join(archive::SCAN)).map_err(|error| Failure::io(archive::SCAN, &error))?.len();
    scene.tell("demo.delta", &[("package", &bytes(crossing)), ("scan", &bytes(scan))]);
    scene.check(crossing < scan, archive::SCAN, "crossed whole although only a part of it changed")?;
    over_and_back(scene)
}

fn lose(scene: &mut Scene) -> Result<(), Failure> {
    scene.tell("demo.out", &[]);
    for (name, _) in packed(scene)? {
        scene.tell("demo.lost-now", &[("name", &name)]);
        scene.happen(&name, |_| None)?;
    }
    scene.tell("demo.lost-over", &[]);
    carry(scene, REPLICA, 0)?;
    scene.tell("demo.lost-back", &[]);
    carry(scene, SOURCE, 0)?;
    over_and_back(scene)
}

fn damage(scene: &mut Scene) -> Result<(), Failure> {
    scene.tell("demo.out", &[]);
    for (name, _) in packed(scene)? {
        scene.tell("demo.damaged-now", &[("name", &name)]);
        scene.happen(&name, |mut content| {
            let middle = content.len() / 2;
            content[middle] ^= 1;
            Some(content)
        })?;
    }
    scene.tell("demo.damaged-over", &[]);
    let before = tree_of(scene, TREE)?;
    carry(scene, REPLICA, advice::REFUSED)?;
    let touched = tree::first_difference(&before, &tree_of(scene, TREE)?);
    scene.check(touched.is_none(), &touched.unwrap_or_default(), "was changed on the replica by a package that was refused")?;
    scene.tell("demo.damaged-back", &[]);
    carry(scene, SOURCE, 0)?;
    over_and_back(scene)
}

/// Packs on the source; the packages that are new on the medium.
fn packed(scene: &mut Scene) -> Result<Vec<(String, u64)>, Failure> {
    let before = scene.packages();
    carry(scene, SOURCE, 0)?;
    let mut packages = scene.packages();
    packages.retain(|package| !before.contains(package));
    scene.check(!packages.is_empty(), MEDIUM, "holds no new package although the archive changed")?;
    Ok(packages)
}

fn end(scene: &mut Scene) -> Result<u64, Failure> {
    scene.tell("demo.end", &[]);
    scene.run(&["status", "--home", SOURCE], 0)?;
    let status = scene.ask(&["status", "--home", SOURCE])?;
    let items = proven(&status)?;
    let last = status["ledger_records"].as_u64().unwrap_or_default().saturating_sub(RECORDS_SHOWN);
    scene.tell("demo.ledger", &[]);
    scene.run(&["ledger", "verify", "--home", SOURCE], 0)?;
    scene.run(&["ledger", "show", "--home", SOURCE, "--from", &last.to_string()], 0)?;
    same_trees(scene)?;
    scene.medium_is_untouched()?;
    scene.tell("demo.proven", &[("items", &items.to_string()), ("folder", &scene.folder.display().to_string())]);
    Ok(items)
}

/// How many items are proven, when all are: of those that the archive holds, not of those that somebody counted.
fn proven(status: &Value) -> Result<u64, Failure> {
    let items = &status["routes"][0]["items"];
    let count = |name: &str| items[name].as_u64();
    match (count("total"), count("done")) {
        (Some(total), Some(done)) if total == done && total == archive::FILES.len() as u64 => Ok(done),
        (total, done) => Err(fail("gapferry status", format!("{done:?} of {total:?} items are proven, {} must be", archive::FILES.len()))),
    }
}

fn same_trees(scene: &Scene) -> Result<(), Failure> {
    let differs = tree::first_difference(&tree_of(scene, ARCHIVE)?, &tree_of(scene, TREE)?);
    scene.check(differs.is_none(), &differs.unwrap_or_default(), "is not on the replica as it is in the archive")?;
    scene.tell("demo.same", &[]);
    Ok(())
}

fn tree_of(scene: &Scene, name: &str) -> Result<tree::Tree, Failure> {
    let root = scene.folder.join(name);
    tree::read(&root).map_err(|error| Failure::io(root.display().to_string(), &error))
}

fn written(scene: &Scene, change: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), Failure> {
    change(&scene.folder.join(ARCHIVE)).map_err(|error| Failure::io(ARCHIVE, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_all_items_proven_is_proven() {
        let all = archive::FILES.len() as u64;
        let status = |total: u64, done: u64| json!({ "routes": [{ "items": { "total": total, "done": done } }] });
        assert_eq!(proven(&status(all, all)), Ok(all));
        for wrong in [status(all, all - 1), status(0, 0), status(all - 1, all - 1), json!({ "routes": [] })] {
            assert_eq!(proven(&wrong).unwrap_err().0.code, scene::CODE, "{wrong}");
        }
    }

    #[test]
    fn a_folder_with_something_in_it_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        assert!(place(Some(folder.path().join("new"))).is_ok());
        assert_eq!(place(Some(folder.path().to_owned())).unwrap_err().0.code, usage::CODE);
    }
}
