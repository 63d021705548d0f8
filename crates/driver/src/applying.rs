//! The update on a replica: open, weigh, plan, stage, record, switch, record, read back, record.
//!
//! What an interruption left is brought to its end first: a package that was begun is switched in, one that was switched in
//! is read back. Every step is durable before the next one builds on it; the number of file-system syncs per package is fixed.

use engine::apply::{Planner, fork_of, is_former, is_void, one_outcome, unnamed};
use engine::breaker::{must_hold, weigh_package};
use engine::reconcile::other_chain;
use engine::replica::Progress as Reached;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use store::disk::{Disk, File, Kind, Lock};
use wire::ItemId;
use wire::card::Role;
use wire::manifest::{FLAG_FULL_RECEIPT, Mark};
use wire::planted;
use wire::receipt::{Outcome, ReadBack};
use wire::record::{Applied, Attested, Begun, BreakerTripped, Cause, StagedRow, Step, Stopped};

use crate::attest::{Attester, key_of};
use crate::home::Home;
use crate::naming::refuse_names;
use crate::opener::{NotOpened, Package};
use crate::progress::Stage;
use crate::report::{AppliedPackage, ApplyReport, Failure, LISTED_MAX, Problem};
use crate::stage::{Stager, digest_at};
use crate::switch::{Switch, escaped_items};
use crate::tree::{Tree, split};
use crate::whole;

/// Room that must stay free beside what a package writes, bytes.
const SPARE_BYTES: u64 = 16 << 20;

/// The tree of a route.
pub fn tree_of(home: &Home, route: &str) -> Result<Tree, Failure> {
    let config = home.config.routes.get(route).ok_or_else(|| Failure::new("HOM-03", route, "the route is in the ledger but not in gapferry.toml"))?;
    let path: PathBuf = config.into.clone().unwrap_or_default();
    let known = &home.replica().routes[route];
    Tree::open(&home.world, &path, planted::is("missing-tree-made") || known.may_be_empty || !known.items.iter().any(engine::replica::Item::held))
}

fn io(subject: &str) -> impl Fn(std::io::Error) -> Failure + '_ {
    move |error| Failure::io(subject, &error)
}

/// Brings to its end what an earlier command began.
pub fn recover(home: &mut Home, report: &mut ApplyReport) -> Result<(), Failure> {
    let routes: Vec<String> = home.replica().routes.keys().filter(|route| home.config.routes.contains_key(*route)).cloned().collect();
    for route in routes {
        let tree = match tree_of(home, &route) {
            // The others go on.
            Err(missing) if missing.0.code == "RPL-05" => {
                report.problems.push(missing.0);
                continue;
            }
            other => other?,
        };
        if let Some(pending) = home.replica().routes[&route].pending.clone().filter(|_| !planted::is("not-rolled-forward")) {
            let lock = whole::begin(&home.world, &tree, &route, true)?;
            home.world.disk.sync_dir(&tree.dot).map_err(io(&route))?;
            if let Switched::Stuck(problem) = finish(home, &route, pending.sequence, lock, true, report)? {
                report.problems.push(problem);
                continue;
            }
            home.world.progress.notice("rolled-forward", &format!("{route} {}", pending.sequence));
        }
        // Before the record of what it was to switch a command had switched nothing; behind it everything.
        whole::clear(&*home.world.disk, &tree).map_err(io(&route))?;
        let open =
            |home: &Home| home.replica().routes[&route].packages.iter().find(|(_, seen)| seen.progress == Reached::Applied).map(|(sequence, _)| *sequence);
        while let Some(sequence) = open(home) {
            attest(home, &route, sequence, &mut report.problems)?;
        }
        // What an interrupted staging left was never begun.
        if !planted::is("staging-left") {
            crate::tree::remove_tree(&*home.world.disk, &tree.dot, b"stage").map_err(io(&route))?;
        }
    }
    Ok(())
}

/// What became of one package file.
pub enum Outcomes {
    /// It was applied, or was known already.
    Taken(AppliedPackage),
    /// It was refused or held back: the problem says why.
    NotTaken(AppliedPackage, Problem),
}

fn blank(result: &'static str) -> AppliedPackage {
    AppliedPackage {
        route: String::new(),
        sequence: 0,
        package: String::new(),
        result,
        written: 0,
        removed: 0,
        purged: 0,
        withdrawn: 0,
        unchanged: 0,
        failed: 0,
        bytes: 0,
    }
}

/// Applies one package from an open file; `subject` names the file in problems.
pub fn package(home: &mut Home, file: &mut dyn File, subject: &str, dry_run: bool, report: &mut ApplyReport) -> Result<Outcomes, Failure> {
    let package = match Package::open(home, file) {
        Ok(package) => package,
        Err(NotOpened::Io(error)) => return Err(Failure::io(subject, &error)),
        Err(refused) => return Ok(Outcomes::NotTaken(blank("refused"), refused.failure(subject).0)),
    };
    let name = package.route.clone();
    let manifest = &package.manifest;
    let mut done = AppliedPackage { route: name.clone(), sequence: manifest.sequence, package: package.id.to_string(), ..blank("applied") };
    let route = &home.replica().routes[&name];
    tracing::debug!(
        route = name,
        manifest.sequence,
        life = %manifest.incarnation,
        inventory = manifest.inventory.is_some(),
        acknowledged = ?manifest.acknowledged,
        highest = route.highest(),
        follows = ?route.incarnation,
        stopped = ?route.stopped,
        "a package"
    );
    if is_former(route, manifest) {
        let detail =
            format!("package {} ({subject}) is of incarnation {} of the source, which is not followed any more", manifest.sequence, manifest.incarnation);
        if !dry_run {
            crate::receipts::tell_refusal(home, &name, package.id, manifest.incarnation, manifest.ledger)?;
        }
        return Ok(Outcomes::NotTaken(AppliedPackage { result: "refused", ..done }, Problem { code: "FRK-06", subject: name, detail }));
    }
    if let Some(stop) = route.stopped.as_ref().filter(|_| !planted::is("stop-forgotten")) {
        let problem = Problem { code: static_code(&stop.code), subject: name.clone(), detail: stop.seen.clone() };
        return Ok(Outcomes::NotTaken(AppliedPackage { result: "stopped", ..done }, problem));
    }
    if let Some(pending) = route.pending.as_ref().filter(|_| !dry_run) {
        let problem = Problem { code: "IO-01", subject: name, detail: format!("package {} could not be switched in whole yet", pending.sequence) };
        return Ok(Outcomes::NotTaken(AppliedPackage { result: "stopped", ..done }, problem));
    }
    let mut fork = fork_of(home.replica(), route, home.head().number, package.id, manifest);
    // What an earlier life of this ledger made need not be in it.
    let quoted = manifest.acknowledged.filter(|witness| witness.incarnation == home.incarnation()).map(|witness| witness.ledger);
    if let Some(quoted) = quoted.filter(|_| fork.is_none()) {
        fork = (!home.had_head(&quoted)?).then(|| other_chain(Role::Replica, &quoted));
    }
    if let Some(fork) = fork {
        if !dry_run {
            home.record(Stopped { route: name.clone(), code: fork.code.into(), seen: fork.seen.clone(), whose: fork.whose, life: fork.life })?;
            home.commit()?;
            if fork.whose == Role::Source {
                crate::receipts::tell_stop(home, &name)?;
            }
        }
        return Ok(Outcomes::NotTaken(AppliedPackage { result: "stopped", ..done }, Problem { code: fork.code, subject: name, detail: fork.seen }));
    }
    if is_void(route, manifest) && !planted::is("void-package-applied") {
        done.result = "void";
        return Ok(Outcomes::Taken(done));
    }
    let next_number = (!home.reads_for_another(&name)).then_some(route.receipts + 1);
    if !dry_run {
        // What is said of keys is known before what the package brings, and what a replay says of them counts.
        crate::key_notice::take(home, &name, &package.signer, &manifest.keys, next_number)?;
    }
    let route = &home.replica().routes[&name];
    if route.packages.contains_key(&manifest.sequence) && !planted::is("replay-applied") {
        done.result = if manifest.items.is_empty() { "acknowledgement" } else { "replayed" };
        return Ok(Outcomes::Taken(done));
    }
    let weighed = weigh_package(manifest, route);
    tracing::debug!(route = name, manifest.sequence, waiting = ?weighed.waiting, total = weighed.total, breaker = ?route.breaker, "weighed");
    if let Some(stop) = must_hold(&route.breaker, &package.id, &weighed, manifest.agreed, &home.config.policy.allowances()) {
        let (changes, total, allowed) = (weighed.waiting.changes, weighed.total, stop.allowed);
        let detail = match (stop.cause, manifest.agreed) {
            (Cause::Shrinking, _) => {
                format!("with package {} the replica shrinks by {}, {total} are held, {allowed} are allowed", manifest.sequence, stop.changes)
            }
            (_, Some(agreed)) if agreed.changes > changes => format!(
                "package {} changes or removes {changes} of {total} items, the first of {} to which people agreed at the source, {allowed} are allowed",
                manifest.sequence, agreed.changes
            ),
            _ => format!("package {} changes or removes {changes} of {total} items at once, {allowed} are allowed", manifest.sequence),
        };
        if !dry_run && !route.breaker.held.contains(&package.id) {
            let (package, agreed) = (Some(package.id), manifest.agreed);
            home.record(BreakerTripped { route: name.clone(), cause: stop.cause, changes, allowed, package, agreed })?;
            home.commit()?;
        }
        return Ok(Outcomes::NotTaken(AppliedPackage { result: "stopped", ..done }, Problem { code: "RPL-01", subject: name, detail }));
    }
    if manifest.items.is_empty() && manifest.inventory.is_none() {
        done.result = "acknowledgement";
        if !dry_run {
            // Its content is padding only; read all the same, so that nothing damaged is taken for an acknowledgement.
            if let Err(refused) = package.content(file, |_| Ok::<(), NotOpened>(())) {
                return Ok(Outcomes::NotTaken(AppliedPackage { result: "refused", ..done }, refused.failure(subject).0));
            }
            home.record(begun(&package, Vec::new()))?;
            home.commit()?;
        }
        return Ok(Outcomes::Taken(done));
    }
    let tree = match tree_of(home, &name) {
        Err(missing) if missing.0.code == "RPL-05" => return Ok(Outcomes::NotTaken(AppliedPackage { result: "stopped", ..done }, missing.0)),
        other => other?,
    };
    let mut rows = match manifest.inventory {
        Some(_) => claims(home, &tree, &package)?,
        None => plan(home, &tree, &package)?,
    };
    if dry_run {
        report.problems.extend(crate::adopting::forgotten(home, &name, &rows));
        count(&rows, &mut done);
        done.result = "planned";
        return Ok(Outcomes::Taken(done));
    }
    let written = rows.iter().filter(|row| matches!(row.step, Step::Write | Step::Hold)).map(|row| row.size.saturating_add(512));
    let needed = written.fold(SPARE_BYTES, u64::saturating_add);
    let space = home.world.disk.space(&tree.root).map_err(io(&name))?;
    if space.free < needed && !planted::is("room-not-looked-at") {
        let detail = format!("{needed} bytes are needed below {}, {} are free", tree.path.display(), space.free);
        return Ok(Outcomes::NotTaken(untouched(&done), Problem { code: "RPL-02", subject: name, detail }));
    }
    if let Err(refused) = stage(home, &tree, &package, file, &mut rows) {
        let _emptied = crate::tree::remove_tree(&*home.world.disk, &tree.dot, b"stage");
        return match refused {
            // It is our disk that takes no more: the package is right.
            NotOpened::Io(error) if matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge) => {
                Ok(Outcomes::NotTaken(untouched(&done), Problem { code: "RPL-02", subject: name, detail: error.to_string() }))
            }
            NotOpened::Io(error) => Err(Failure::io(subject, &error)),
            refused => Ok(Outcomes::NotTaken(untouched(&done), refused.failure(subject).0)),
        };
    }
    // Some was refused while it was staged, and is counted as failed alone.
    count(&rows, &mut done);
    // Nothing has begun before the readers have let go; and the marker is durable with what was staged.
    let lock = match whole::begin(&home.world, &tree, &name, false) {
        Err(held) => {
            let _emptied = crate::tree::remove_tree(&*home.world.disk, &tree.dot, b"stage");
            return Err(held);
        }
        Ok(lock) => lock,
    };
    if !planted::is("staging-not-synced") {
        home.world.disk.sync_all(&tree.root).map_err(io(&name))?;
    }
    home.record(begun(&package, rows))?;
    if !planted::is("switched-before-the-record") {
        home.commit()?;
    }
    let (sequence, is_inventory) = (manifest.sequence, manifest.inventory.is_some());
    drop(package);
    let unswitched = match finish(home, &name, sequence, lock, false, report)? {
        Switched::Done(unswitched) => unswitched,
        Switched::Stuck(problem) => return Err(Failure(problem)),
    };
    // What an inventory asks for and is not there is its answer, and no failure.
    done.failed = if is_inventory { 0 } else { unswitched.failed };
    done.written -= unswitched.written;
    done.bytes -= unswitched.bytes;
    done.removed -= unswitched.removed;
    Ok(Outcomes::Taken(done))
}

/// A package of which nothing was applied.
fn untouched(done: &AppliedPackage) -> AppliedPackage {
    AppliedPackage { route: done.route.clone(), sequence: done.sequence, package: done.package.clone(), ..blank("refused") }
}

fn count(rows: &[StagedRow], done: &mut AppliedPackage) {
    for row in rows {
        done.purged += u64::from(row.mark == Mark::Purge);
        match row.step {
            Step::Write | Step::Attributes | Step::Hold => {
                done.written += 1;
                done.bytes += bytes_of(row);
            }
            Step::Remove | Step::Drop => {
                done.removed += 1;
                done.withdrawn += u64::from(row.mark == Mark::Withdraw);
            }
            // It is counted among what failed.
            Step::Nothing(number) if Outcome::of(number).is_some_and(Outcome::failed) => {}
            Step::Nothing(_) | Step::Adopt => done.unchanged += 1,
        }
    }
}

/// Bytes that a row brings.
fn bytes_of(row: &StagedRow) -> u64 {
    row.part.map_or(row.size, |part| part.length)
}

fn begun(package: &Package, rows: Vec<StagedRow>) -> Begun {
    let manifest = &package.manifest;
    Begun {
        route: package.route.clone(),
        sequence: manifest.sequence,
        package: package.id,
        incarnation: manifest.incarnation,
        floor: manifest.floor,
        ledger: manifest.ledger,
        acknowledged: manifest.acknowledged,
        full_receipt: manifest.flags & FLAG_FULL_RECEIPT != 0,
        nonce: manifest.nonce,
        rows,
    }
}

/// The step of each row; reads from the disk only where that decides.
fn plan(home: &Home, tree: &Tree, package: &Package) -> Result<Vec<StagedRow>, Failure> {
    let disk = &*home.world.disk;
    let route = &home.replica().routes[&package.route];
    let mut planner = Planner::new(route, package.manifest.sequence);
    let mut on_disk = |item: &engine::replica::Item| {
        let (parent, name) = split(&item.path().0);
        let dir = disk.dir(&tree.root, parent, false);
        if item.removed {
            return !dir.and_then(|dir| disk.stat(&dir, name)).is_ok_and(|stat| stat.kind == Kind::File);
        }
        let found = dir.and_then(|dir| digest_at(disk, &dir, name));
        matches!(found, Ok(Some(digest)) if digest == item.digest) || planted::is("what-lies-there-unread")
    };
    Ok(package.manifest.items.iter().map(|item| planner.row(item, &mut on_disk)).collect())
}

/// The step of each row of an inventory, and behind them what it drops.
fn claims(home: &Home, tree: &Tree, package: &Package) -> Result<Vec<StagedRow>, Failure> {
    let route = &home.replica().routes[&package.route];
    let right = crate::adopting::lie_right(&home.world, tree, route, &package.manifest).map_err(io(&package.route))?;
    let mut planner = Planner::new(route, package.manifest.sequence);
    let mut rows: Vec<StagedRow> = package.manifest.items.iter().zip(right).map(|(item, right)| planner.claim(item, right)).collect();
    rows.extend(unnamed(route, &package.manifest));
    Ok(rows)
}

fn stage(home: &Home, tree: &Tree, package: &Package, file: &mut dyn File, rows: &mut [StagedRow]) -> Result<(), NotOpened> {
    let route = &home.replica().routes[&package.route];
    let items = rows.iter().filter(|row| matches!(row.step, Step::Write | Step::Hold)).count() as u64;
    let bytes = rows.iter().filter(|row| matches!(row.step, Step::Write | Step::Hold)).map(|row| row.part.map_or(row.size, |part| part.length)).sum();
    home.world.progress.begin(Stage::Stage, Some(items), Some(bytes));
    let staged = (|| {
        let mut stager = Stager::new(&home.world, tree, route, &package.id, &package.manifest, rows)?;
        package.content(file, |group| stager.take(group))?;
        stager.finish()
    })();
    home.world.progress.end();
    staged?;
    refuse_names(&*home.world.disk, tree, route, &package.id, rows)?;
    one_outcome(rows);
    Ok(())
}

/// What came of switching a package in.
enum Switched {
    /// It is switched in and read back, but for this.
    Done(Unswitched),
    /// It could not be brought to its end: the next command goes on with it.
    Stuck(Problem),
}

/// What failed of a package, and what was counted before as if it would not.
#[derive(Default)]
struct Unswitched {
    failed: u64,
    written: u64,
    bytes: u64,
    removed: u64,
}

/// Switches a begun package in under the lock of the tree, makes it durable, reads it back.
fn finish(home: &mut Home, name: &str, sequence: u64, lock: Lock, again: bool, report: &mut ApplyReport) -> Result<Switched, Failure> {
    let tree = tree_of(home, name)?;
    let world = home.world.clone();
    let disk = &*world.disk;
    let route = &home.replica().routes[name];
    let Some(pending) = &route.pending else { return Ok(Switched::Done(Unswitched::default())) };
    let stage = tree.dot_dir(disk, &Tree::stage(&pending.package), true).map_err(io(name))?;
    world.progress.begin(Stage::Apply, Some(pending.rows.len() as u64), None);
    let switch = Switch {
        world: &world,
        tree: &tree,
        route,
        package: pending.package,
        rows: &pending.rows,
        stage,
        again,
        went_back: !home.replica().lives.is_empty(),
        escaped: escaped_items(route),
        clearing: Mutex::default(),
        refused: Mutex::default(),
    };
    let differs = switch.run();
    world.progress.end();
    let cleared = switch.clearing.into_inner().unwrap_or_else(PoisonError::into_inner);
    let differs = match differs {
        Ok(differs) => differs,
        Err((item, error)) => return Ok(Switched::Stuck(Failure::io(format!("{}/{item}", tree.path.display()), &error).0)),
    };
    let mut refused = switch.refused.into_inner().unwrap_or_else(PoisonError::into_inner);
    refused.sort_by_key(|(row, _)| *row);
    // In one go with what is switched: before it is durable, and so before the record that says so.
    let outcome = |row: u32| outcome_of(&pending.rows[row as usize], differs.iter().find(|differs| differs.row == row));
    crate::purging::erase(home, name, &tree, &pending.package, &pending.rows, &|row| outcome(row).is_some_and(Outcome::failed))?;
    if !planted::is("switch-not-synced") {
        disk.sync_all(&tree.root).map_err(io(name))?;
    }
    let package = pending.package;
    let id = |row: u32| switch_id(route, &pending.rows[row as usize]);
    for row in &differs {
        match Outcome::of(row.outcome) {
            Some(Outcome::KeptAside) => {
                let kept = row.kept.as_ref().map(|kept| kept.0.as_slice()).unwrap_or_default();
                let detail = if is_there(disk, &tree, kept) {
                    report.kept_aside.push(id(row.row));
                    format!("kept in .gapferry/{}", String::from_utf8_lossy(kept))
                } else {
                    "it is to be gone with all that was made of it, and was erased".to_owned()
                };
                report.problems.push(Problem { code: "RPL-03", subject: id(row.row).to_string(), detail });
            }
            Some(Outcome::Escaped) if report.escaped.len() < LISTED_MAX => {
                let disk = row.disk.as_ref().map(|disk| ItemId(disk.0.clone()).to_string()).unwrap_or_default();
                report.problems.push(Problem { code: "RPL-04", subject: id(row.row).to_string(), detail: format!("it lies as {disk}") });
                report.escaped.push(id(row.row));
            }
            _ => {}
        }
    }
    report.problems.extend(refused.iter().take(LISTED_MAX).map(|(row, error)| Failure::io(id(*row).to_string(), error).0));
    let planned_failures =
        pending.rows.iter().filter(|row| matches!(row.step, Step::Nothing(number) if Outcome::of(number).is_some_and(Outcome::failed))).count();
    let mut unswitched = Unswitched { failed: planned_failures as u64, ..Unswitched::default() };
    for row in differs.iter().filter(|row| Outcome::of(row.outcome).is_some_and(Outcome::failed)) {
        unswitched.failed += 1;
        let row = &pending.rows[row.row as usize];
        match row.step {
            Step::Write | Step::Attributes | Step::Hold => {
                unswitched.written += 1;
                unswitched.bytes += bytes_of(row);
            }
            Step::Remove | Step::Drop => unswitched.removed += 1,
            Step::Nothing(_) | Step::Adopt => {}
        }
    }
    report.problems.extend(crate::adopting::forgotten(home, name, &pending.rows));
    home.record(Applied { route: name.into(), sequence, rows: differs })?;
    home.commit()?;
    whole::clear(disk, &tree).map_err(io(name))?;
    drop(lock);
    let stages = tree.dot_dir(disk, b"stage", true).map_err(io(name))?;
    crate::tree::remove_tree(disk, &stages, package.to_string().as_bytes()).map_err(io(name))?;
    let corrupt = attest(home, name, sequence, &mut report.problems)?;
    report.problems.extend(crate::scrub::read_below(home, name, &tree, &cleared)?);
    crate::history_keeping::prune(home, name, &tree)?;
    unswitched.failed += corrupt;
    Ok(Switched::Done(unswitched))
}

/// Whether what was kept aside is still there behind a purge, or may be: what could not be looked at is not gone.
fn is_there(disk: &dyn Disk, tree: &Tree, kept: &[u8]) -> bool {
    let (folder, name) = split(kept);
    let found = tree.dot_dir(disk, folder, false).and_then(|folder| disk.stat(&folder, name));
    let gone = found.is_err_and(|error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory));
    planted::is("erased-is-said-to-be-kept") || !gone
}

/// What became of a row, as far as it is not simply applied.
fn outcome_of(staged: &StagedRow, differs: Option<&wire::record::AppliedRow>) -> Option<Outcome> {
    let planned = if let Step::Nothing(number) = staged.step { Outcome::of(number) } else { None };
    differs.and_then(|differs| Outcome::of(differs.outcome)).or(planned)
}

fn switch_id(route: &engine::replica::Route, row: &StagedRow) -> ItemId {
    row.id.clone().unwrap_or_else(|| route.items[row.item as usize].id.clone())
}

/// Reads a package's items back and records the answer; gives how many are not right.
fn attest(home: &mut Home, name: &str, sequence: u64, problems: &mut Vec<Problem>) -> Result<u64, Failure> {
    let tree = tree_of(home, name)?;
    forget_parts(home, name, &tree).map_err(io(name))?;
    let missing = || Failure::new("LDG-06", "ledger", format!("the apply record of {name} {sequence} is not there"));
    let begun = home.begun(name, sequence)?.ok_or_else(missing)?;
    let applied = home.applied(name, sequence)?.unwrap_or_default();
    let outcomes: std::collections::HashMap<u32, Outcome> = applied.iter().filter_map(|row| Some((row.row, Outcome::of(row.outcome)?))).collect();
    let past_memory = home.config.policy.read_back_medium;
    let route = &home.replica().routes[name];
    // The route began anew while it was switched in: it is not answered any more.
    let Some(seen) = route.packages.get(&sequence) else { return Ok(0) };
    let world = home.world.clone();
    let attester = Attester { world: &world, tree: &tree, route, key: key_of(seen), past_memory, throttle: None };
    let own = engine::apply::own_rows(&begun.rows);
    let bytes = own.iter().map(|row| row.part.map_or(row.size, |part| part.length)).sum();
    world.progress.begin(Stage::Attest, Some(own.len() as u64), Some(bytes));
    let rows = attester.rows(own, &|row| outcomes.get(&row).copied());
    world.progress.end();
    let mut rows = rows.map_err(io(name))?;
    let left = crate::purging::left(home, name, &tree, &begun.package, own, &|row| {
        rows.get(row as usize).and_then(|row| Outcome::of(row.outcome)).is_some_and(Outcome::failed)
    })?;
    for row in left.rows {
        if left.stuck.contains(&row) && problems.len() < LISTED_MAX && !planted::is("unerased-untold") {
            let detail = "what is to be gone with it is still below .gapferry: it is sent again; see whether this user may remove what lies there";
            problems.push(Problem { code: "IO-01", subject: switch_id(route, &begun.rows[row as usize]).to_string(), detail: detail.into() });
        }
        (rows[row as usize].outcome, rows[row as usize].digest) = (Outcome::NotErased.number(), wire::Digest::ZERO);
    }
    engine::apply::one_answer(own, &mut rows);
    let wrong = rows.iter().filter(|row| Outcome::of(row.outcome).is_some_and(|outcome| outcome.lost() || outcome == Outcome::NotErased)).count() as u64;
    home.record(Attested { route: name.into(), sequence, read_back: if past_memory { ReadBack::Medium } else { ReadBack::Memory }, rows })?;
    home.commit()?;
    Ok(wrong)
}

/// Removes the parts of documents that are whole or superseded.
fn forget_parts(home: &Home, name: &str, tree: &Tree) -> std::io::Result<()> {
    let disk = &*home.world.disk;
    let Ok(folder) = tree.dot_dir(disk, b"parts", false) else { return Ok(()) };
    let held: std::collections::HashSet<Vec<u8>> = home.replica().routes[name].parts.keys().map(|(.., digest)| digest.to_string().into_bytes()).collect();
    for entry in disk.list(&folder)?.into_iter().filter(|entry| !held.contains(&entry.name)) {
        crate::tree::remove_tree(disk, &folder, &entry.name)?;
    }
    Ok(())
}

/// The code of a safety as it stands in the ledger.
pub fn static_code(code: &str) -> &'static str {
    ["FRK-01", "FRK-02", "FRK-03", "FRK-04", "FRK-05"].into_iter().find(|known| *known == code).unwrap_or("FRK-03")
}

#[cfg(test)]
#[path = "applying_test.rs"]
mod tests;
