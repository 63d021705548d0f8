//! What happens beside the daily crossing, each in a world of its own that begins alike: keys are changed and revoked, a home went back
//! or is restored from its backup, a replica that was filled by other means is taken up, parity is written and used, older versions are
//! purged.
//!
//! Each step names an operation that is cut; what is done by hand before it belongs to it and is not cut.

use super::checks::Truth;
use super::operations::{Act, Look, settled, until_calm};
use super::scene::{ARCHIVE, MEDIUM, PARITY, REPLICA, ROUTE, SAFE, SOURCE, Scene, Side, State, TREE};
use driver::{ApplyOptions, BackupOptions, Failure, HomeRestoreOptions, PackOptions, ParityOptions, PurgeOptions, RebaseOptions};
use std::path::{Path, PathBuf};
use store::disk::Kind;
use zeroize::Zeroizing;

/// What people do after an interruption, beside carrying.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum People {
    /// Nothing.
    Carry,
    /// They give the same command again first.
    Repeat,
    /// They agree where a route stopped at a fork.
    Agree,
    /// Both.
    RepeatAndAgree,
}

impl People {
    pub fn repeat(self) -> bool {
        matches!(self, Self::Repeat | Self::RepeatAndAgree)
    }

    pub fn agree(self) -> bool {
        matches!(self, Self::Agree | Self::RepeatAndAgree)
    }
}

/// A world of its own: how it begins, and its operations.
pub struct Chapter {
    /// Makes it, and says what may be seen on the replica.
    pub open: fn(&Scene) -> Result<Truth, String>,
    /// In their order.
    pub steps: &'static [Step],
}

/// Does something by hand, and puts it into what may be seen.
pub type Before = fn(&Scene, &mut Truth) -> Result<(), String>;

/// One operation.
pub struct Step {
    pub name: &'static str,
    pub side: Side,
    pub act: Act,
    pub people: People,
    /// What is done by hand before it.
    pub before: Option<Before>,
    /// What must hold of each state beside everything else.
    pub look: Option<Look>,
}

const fn step(name: &'static str, side: Side, act: Act) -> Step {
    Step { name, side, act, people: People::Carry, before: None, look: None }
}

/// All of them.
pub const CHAPTERS: &[Chapter] = &[
    Chapter {
        open: crossed,
        steps: &[
            step("keys-rotate-source", Side::Source, |scene| rotate(scene, Side::Source)),
            step("keys-rotate-replica", Side::Replica, |scene| rotate(scene, Side::Replica)),
            step("keys-announce", Side::Source, carry_source),
            step("keys-confirm", Side::Replica, carry_replica),
            step("keys-switch", Side::Source, carry_source),
        ],
    },
    Chapter {
        open: with_new_keys,
        steps: &[
            step("keys-revoke-source", Side::Source, |scene| revoke(scene, Side::Source)),
            step("keys-revoke-replica", Side::Replica, |scene| revoke(scene, Side::Replica)),
            step("keys-revoked-pack", Side::Source, carry_source),
            step("keys-revoked-apply", Side::Replica, carry_replica),
        ],
    },
    Chapter {
        open: crossed,
        steps: &[
            Step {
                people: People::Agree,
                before: Some(|scene, truth| goes_back(scene, truth, Side::Source)),
                ..step("rebase-source", Side::Source, rebase_source)
            },
            Step {
                people: People::Agree,
                before: Some(|scene, _| until_stopped(scene, Side::Replica)),
                ..step("follow-replica", Side::Replica, rebase_replica)
            },
            Step { people: People::Agree, ..step("inventory-source", Side::Source, carry_source) },
            Step { people: People::Agree, ..step("inventory-replica", Side::Replica, carry_replica) },
            Step { people: People::Agree, ..step("inventory-settle", Side::Source, carry_source) },
        ],
    },
    Chapter {
        open: crossed,
        steps: &[
            Step {
                people: People::Agree,
                before: Some(|scene, truth| goes_back(scene, truth, Side::Replica)),
                ..step("rebase-replica", Side::Replica, rebase_replica)
            },
            Step { people: People::RepeatAndAgree, ..step("ask-source", Side::Source, follow_told) },
            Step { people: People::Agree, ..step("ask-inventory", Side::Source, carry_source) },
            Step { people: People::Agree, ..step("ask-answer", Side::Replica, carry_replica) },
        ],
    },
    Chapter {
        open: filled_by_other_means,
        steps: &[
            Step { people: People::Repeat, ..step("adopt", Side::Source, |scene| scene.add_route(true)) },
            step("adopt-ask", Side::Source, carry_source),
            step("adopt-compare", Side::Replica, carry_replica),
            step("adopt-settle", Side::Source, carry_source),
        ],
    },
    Chapter {
        open: crossed,
        steps: &[
            Step { people: People::Repeat, look: Some(backup_opens), ..step("home-backup", Side::Source, back_up) },
            Step {
                people: People::Repeat,
                look: Some(backup_is_there),
                before: Some(|scene, _| carried(scene)),
                ..step("home-backup-next", Side::Source, back_up)
            },
            Step { people: People::RepeatAndAgree, before: Some(source_is_lost), ..step("home-restore", Side::Source, restore_home) },
        ],
    },
    Chapter {
        open: crossed,
        steps: &[
            Step { people: People::Repeat, ..step("purge-ask", Side::Source, ask_purge) },
            step("purge-pack", Side::Source, carry_source),
            step("purge-apply", Side::Replica, carry_replica),
            step("purge-settle", Side::Source, carry_source),
        ],
    },
    Chapter {
        open: with_parity,
        steps: &[
            step("parity-pack", Side::Source, carry_source),
            Step { people: People::Repeat, ..step("parity-write", Side::Source, write_parity) },
            Step { people: People::Repeat, before: Some(|scene, _| package_is_lost(scene)), ..step("parity-rebuild", Side::Replica, apply_parity) },
        ],
    },
];

fn said(failure: Failure) -> String {
    failure.to_string()
}

fn io(error: std::io::Error) -> String {
    error.to_string()
}

fn carry_source(scene: &Scene) -> Result<(), Failure> {
    scene.carry(Side::Source).map(drop)
}

fn carry_replica(scene: &Scene) -> Result<(), Failure> {
    scene.carry(Side::Replica).map(drop)
}

/// There and back once.
fn carried(scene: &Scene) -> Result<(), String> {
    [Side::Source, Side::Replica, Side::Source].into_iter().try_for_each(|side| scene.carry(side).map(drop)).map_err(said)
}

/// The archive has crossed, and changed since.
fn crossed(scene: &Scene) -> Result<Truth, String> {
    scene.ground().map_err(io)?;
    scene.first_archive();
    scene.set_up().map_err(said)?;
    until_calm(scene).map_err(said)?;
    changed(scene)
}

fn changed(scene: &Scene) -> Result<Truth, String> {
    let before = scene.disk.snapshot();
    scene.change_archive();
    Ok(Truth::new(&before, &scene.disk.snapshot()))
}

fn rotate(scene: &Scene, side: Side) -> Result<(), Failure> {
    driver::keys_rotate(&scene.world, side.home(), false, "once a year").map(drop)
}

/// Both sides have changed their keys, and everything that crosses is signed with the new ones.
fn with_new_keys(scene: &Scene) -> Result<Truth, String> {
    scene.ground().map_err(io)?;
    scene.first_archive();
    scene.set_up().map_err(said)?;
    until_calm(scene).map_err(said)?;
    for side in [Side::Source, Side::Replica] {
        rotate(scene, side).map_err(said)?;
    }
    let signs = |side: Side| driver::status(&scene.world, side.home()).map(|status| status.routes[0].keys.signs).map_err(said);
    for round in 0..12 {
        if signs(Side::Source)? == 2 && signs(Side::Replica)? == 2 {
            until_calm(scene).map_err(said)?;
            return changed(scene);
        }
        scene.document("keep", 100 + round, 3000);
        carried(scene)?;
    }
    Err("the new keys are not used".into())
}

/// The first keys of the other zone are believed no longer, from the next that it signs on.
fn revoke(scene: &Scene, side: Side) -> Result<(), Failure> {
    let (zone, card) = if side == Side::Source { ("outside", "/outside.card") } else { ("inside", "/inside.card") };
    let fingerprint = driver::read_card(&scene.world, Path::new(card))?.fingerprint();
    let route = driver::status(&scene.world, side.home())?.routes.remove(0);
    let from = 1 + if side == Side::Source { route.receipt } else { route.sequence };
    driver::keys_revoke(&scene.world, side.home(), zone, &fingerprint, from, &[], "stolen").map(drop)
}

/// A home is put back to what it was before the last crossings, and people find out.
fn goes_back(scene: &Scene, truth: &mut Truth, side: Side) -> Result<(), String> {
    let kept = settled(&scene.state());
    carried(scene)?;
    carried(scene)?;
    truth.goes_back(side, &scene.disk.snapshot())?;
    scene.put_back(side, &kept.image).map_err(io)?;
    until_stopped(scene, side)?;
    truth.is_noticed(&scene.disk.snapshot())
}

/// Carries until the route of this side stands still.
fn until_stopped(scene: &Scene, side: Side) -> Result<(), String> {
    for _ in 0..6 {
        for one in [Side::Source, Side::Replica] {
            if driver::status(&scene.world, side.home()).map_err(said)?.routes.iter().any(|route| route.stopped.is_some()) {
                return Ok(());
            }
            scene.carry(one).map_err(said)?;
        }
    }
    Err(format!("the route never stops on {side:?}"))
}

fn rebase(scene: &Scene, side: Side) -> Result<(), Failure> {
    let options = RebaseOptions { route: ROUTE.into(), reason: "agreed".into(), ..RebaseOptions::default() };
    driver::rebase(&scene.world, side.home(), &options).map(drop)
}

/// The life that the replica has begun is read out to the source.
fn follow_told(scene: &Scene) -> Result<(), Failure> {
    let life = Some(driver::status(&scene.world, Side::Replica.home())?.incarnation);
    let options = RebaseOptions { route: ROUTE.into(), reason: "told".into(), life, ..RebaseOptions::default() };
    driver::rebase(&scene.world, Side::Source.home(), &options).map(drop)
}

fn rebase_source(scene: &Scene) -> Result<(), Failure> {
    rebase(scene, Side::Source)
}

fn rebase_replica(scene: &Scene) -> Result<(), Failure> {
    rebase(scene, Side::Replica)
}

/// The replica holds most of the archive from elsewhere, some of it damaged and some missing.
fn filled_by_other_means(scene: &Scene) -> Result<Truth, String> {
    scene.ground().map_err(io)?;
    scene.first_archive();
    for (path, thing) in scene.disk.below(ARCHIVE) {
        let path = String::from_utf8_lossy(&path).into_owned();
        let place = format!("{TREE}/{path}");
        match (thing.kind, path.as_str()) {
            (Kind::Dir, _) => scene.disk.put_dir(&place),
            (_, "keep") => Ok(()),
            (_, "delta") => scene.disk.put(&place, &thing.bytes[1..]),
            _ => scene.disk.put(&place, &thing.bytes).and_then(|()| scene.disk.set_attributes(&place, None, Some(thing.modified))),
        }
        .map_err(io)?;
    }
    scene.disk.put_dir(format!("{MEDIUM}/gapferry")).map_err(io)?;
    let held = scene.disk.snapshot();
    scene.set_up_homes().map_err(said)?;
    Ok(Truth::between((&held, TREE), (&held, ARCHIVE)))
}

/// Nothing of what the archive was before it changed is to be left.
fn ask_purge(scene: &Scene) -> Result<(), Failure> {
    let options = PurgeOptions { items: vec!["**".into()], reason: "wrong from the start".into(), ..PurgeOptions::default() };
    driver::purge(&scene.world, Side::Source.home(), &options).map(drop)
}

fn answer() -> Option<Zeroizing<String>> {
    Some(Zeroizing::new("a passphrase of the simulation".into()))
}

/// Where the backup of the home inside lies.
fn safe() -> PathBuf {
    Path::new(SAFE).join("inside")
}

fn back_up(scene: &Scene) -> Result<(), Failure> {
    let options = BackupOptions { folder: safe(), keep: Some(1), dry_run: false };
    driver::home_backup(&scene.world, Side::Source.home(), &options, answer()).map(drop)
}

/// Names of the generations that are there: those whose manifest has its name.
fn generations(scene: &Scene) -> Vec<u64> {
    let names = scene.disk.below(&safe().to_string_lossy());
    names.keys().filter_map(|name| std::str::from_utf8(name).ok()?.strip_prefix("backup-")?.strip_suffix(".gfb")?.parse().ok()).collect()
}

/// Whatever generation has its name is whole: a home can be made of it.
fn backup_opens(scene: &Scene) -> Result<(), String> {
    let folder = safe();
    for generation in generations(scene) {
        let key = scene.disk.bytes(&folder.join(format!("backup-{generation:08}.key")).to_string_lossy()).unwrap_or_default();
        if !key.ends_with(b"\n") || key.split(|byte| *byte == b'\n').count() != 5 {
            return Err(format!("generation {generation} of the backup has no whole key file"));
        }
    }
    open_keys(scene)?;
    generations(scene).into_iter().try_for_each(|generation| {
        let options = HomeRestoreOptions { folder: safe(), generation: Some(generation), dry_run: true };
        let restored = driver::home_restore(&scene.world, Path::new("/inside/elsewhere"), &options, &answer);
        restored.map(drop).map_err(|failure| format!("generation {generation} of the backup: {failure}"))
    })
}

/// There was a backup, and there is one at every moment.
fn backup_is_there(scene: &Scene) -> Result<(), String> {
    if generations(scene).is_empty() {
        return Err("no generation of the backup is left".into());
    }
    backup_opens(scene)
}

/// The keys of each generation in the clear, as somebody may have typed them in from paper: a passphrase that is worked through for every
/// state would take most of the time.
fn open_keys(scene: &Scene) -> Result<(), String> {
    let key = scene.disk.bytes(&format!("{SOURCE}/keys/zone.key")).ok_or("there is a key file")?;
    generations(scene).into_iter().try_for_each(|generation| scene.disk.put(safe().join(format!("backup-{generation:08}.key")), &key).map_err(io))
}

/// Something crosses that the backup does not know; then the home is gone.
fn source_is_lost(scene: &Scene, truth: &mut Truth) -> Result<(), String> {
    carried(scene)?;
    truth.goes_back(Side::Source, &scene.disk.snapshot())?;
    open_keys(scene)?;
    scene.disk.take(SOURCE).map_err(io)?;
    scene.indexes.lose(&Side::Source.home().join("index"));
    Ok(())
}

/// The home is restored, unless it is there.
fn restore_home(scene: &Scene) -> Result<(), Failure> {
    if scene.disk.bytes(&format!("{SOURCE}/gapferry.toml")).is_some() {
        return Ok(());
    }
    let generation = generations(scene).into_iter().max();
    let options = HomeRestoreOptions { folder: safe(), generation, dry_run: false };
    driver::home_restore(&scene.world, Side::Source.home(), &options, &answer).map(drop)
}

/// A route with parity, of which a small package is on its way already.
fn with_parity(scene: &Scene) -> Result<Truth, String> {
    scene.ground().map_err(io)?;
    scene.first_archive();
    scene.set_up().map_err(said)?;
    for (home, before, after) in [(SOURCE, "[routes.all]\n", "[routes.all]\nparity = 1\n"), (REPLICA, "[policy]\n", "[policy]\nparity_bytes_max = 100000000\n")]
    {
        let file = format!("{home}/gapferry.toml");
        let text = String::from_utf8(scene.disk.bytes(&file).ok_or("a configuration")?).map_err(|error| error.to_string())?;
        scene.disk.put(&file, text.replacen(before, after, 1).as_bytes()).map_err(io)?;
    }
    until_calm(scene).map_err(said)?;
    let truth = changed(scene)?;
    let options = PackOptions { to: PathBuf::from(MEDIUM), items: vec!["added/**".into()], ..PackOptions::default() };
    driver::pack(&scene.world, Side::Source.home(), &options).map_err(said)?;
    Ok(truth)
}

/// The next parity file, unless it is written.
fn write_parity(scene: &Scene) -> Result<(), Failure> {
    let written = scene.disk.below(&format!("{PARITY}/gapferry")).keys().any(|name| name.ends_with(b".gfe"));
    let options = ParityOptions { to: PathBuf::from(PARITY), ..ParityOptions::default() };
    if written { Ok(()) } else { driver::parity(&scene.world, Side::Source.home(), &options).map(drop) }
}

/// A package is gone from the medium, and the others are applied.
fn package_is_lost(scene: &Scene) -> Result<(), String> {
    let folder = format!("{MEDIUM}/gapferry");
    let lost = scene.disk.below(&folder).into_keys().find(|name| name.ends_with(b".gfp")).ok_or("a package is on its way")?;
    scene.disk.take(format!("{folder}/{}", String::from_utf8_lossy(&lost))).map_err(io)?;
    carry_replica(scene).map_err(said)
}

fn apply_parity(scene: &Scene) -> Result<(), Failure> {
    let options = ApplyOptions { from: PathBuf::from(PARITY), ..ApplyOptions::default() };
    driver::apply(&scene.world, Side::Replica.home(), &options).map(drop)
}

/// A state in which a route is known to the source: it can be asked.
pub fn can_be_asked(state: &State) -> bool {
    let configuration = state.image.read(&format!("{SOURCE}/gapferry.toml")).unwrap_or_default();
    let heading = format!("[routes.{ROUTE}]");
    configuration.windows(heading.len()).any(|window| window == heading.as_bytes())
}
