//! Keys change, are stolen and are lost, from outside: rotations at each step of a crossing and with late media, revocation in
//! and out of order, recovery by the escrow holder and by sending everything again (FAULTS K01, K02, K03, C11, P13).

use crate::stand::{Side, Stand, copy, tree};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

const SIDES: [Side; 2] = [Side::Source, Side::Replica];

fn rotate(stand: &Stand, side: Side, more: &[&str]) -> Value {
    stand.expect(side, &[&["keys", "rotate", "--reason", "test"], more].concat(), 0)
}

/// The generation that signs on the route, and the one that is not confirmed.
fn stands(stand: &Stand, side: Side) -> (u64, Option<u64>) {
    let keys = &stand.route(side)["keys"];
    (keys["signs"].as_u64().expect("a generation"), keys["unconfirmed"].as_u64())
}

fn utf8(path: &Path) -> &str {
    path.to_str().expect("paths of tests are UTF-8")
}

/// The medium as it is, kept in a drawer.
fn keep(stand: &Stand, name: &str) -> PathBuf {
    let drawer = stand.folder(name);
    copy(&stand.medium, &drawer);
    drawer
}

/// A card as a file, and its fingerprint.
fn card(stand: &Stand, side: Side, file: &str) -> (PathBuf, String) {
    let card = stand.expect(side, &["card"], 0);
    let path = stand.folder(file);
    fs::write(&path, card["card"].as_str().expect("a card")).expect("it can be written");
    (path, card["fingerprint"].as_str().expect("a fingerprint").to_owned())
}

/// FAULTS K02
#[test]
fn keys_change_at_each_step_of_a_crossing_on_either_side() {
    for side in SIDES {
        for step in 0..3 {
            let stand = Stand::new();
            stand.write("first", "content");
            stand.round();
            stand.write("second", "content");
            for (place, carrier) in [Side::Source, Side::Replica, Side::Source].into_iter().enumerate() {
                if place == step {
                    let made = rotate(&stand, side, &[]);
                    assert_eq!((made["generation"].as_u64(), made["routes"][0]["unconfirmed"].as_u64()), (Some(2), Some(2)), "{made}");
                }
                stand.carry(carrier);
            }
            let mut crossings = 0;
            while stands(&stand, side) != (2, None) {
                crossings += 1;
                assert!(crossings < 6, "{side:?}, step {step}: {}", stand.route(side));
                [Side::Replica, Side::Source].into_iter().for_each(|side| drop(stand.carry(side)));
            }
            stand.write("third", "signed by the new keys");
            stand.round();
            stand.expect_true();
            stand.expect_whole();
            // Nothing is left to be told: it comes to rest by itself.
            [Side::Replica, Side::Source, Side::Replica].into_iter().for_each(|side| drop(stand.carry(side)));
            let records = (stand.records(Side::Source).len(), stand.records(Side::Replica).len());
            [Side::Source, Side::Replica].into_iter().for_each(|side| drop(stand.carry(side)));
            let last = (stand.records(Side::Source).len(), stand.records(Side::Replica).len());
            assert!(last.0 <= records.0 + 1 && last.1 <= records.1 + 1, "{side:?}, step {step}: {records:?} became {last:?}");
        }
    }
}

/// FAULTS C11, K02
#[test]
fn late_media_are_taken_after_three_rotations_of_both_sides() {
    let stand = Stand::new();
    stand.write("0", "content");
    stand.round();
    let mut drawers = Vec::new();
    for generation in 2..=4u64 {
        stand.write(format!("{generation}"), format!("packed before generation {generation}"));
        stand.carry(Side::Source);
        drawers.push(keep(&stand, &format!("late-{generation}")));
        SIDES.into_iter().for_each(|side| drop(rotate(&stand, side, &[])));
        let mut crossings = 0;
        while SIDES.into_iter().any(|side| stands(&stand, side) != (generation, None)) {
            crossings += 1;
            assert!(crossings < 8, "{} {}", stand.route(Side::Source), stand.route(Side::Replica));
            // The package in the drawer is not on this medium when it arrives: only what comes after it.
            for file in fs::read_dir(stand.medium.join("gapferry")).expect("the medium").map(|entry| entry.expect("an entry").path()) {
                if drawers.iter().any(|drawer| drawer.join("gapferry").join(file.file_name().expect("a name")).exists())
                    && file.extension().is_some_and(|end| end == "gfp")
                {
                    fs::remove_file(file).expect("it can be removed");
                }
            }
            [Side::Source, Side::Replica, Side::Source].into_iter().for_each(|side| drop(stand.carry(side)));
        }
    }
    for drawer in drawers.iter().rev() {
        let ran = stand.run(Side::Replica, &["carry", utf8(drawer)]);
        assert_eq!((ran.exit, ran.codes()), (Some(0), Vec::new()), "{}: {ran:#?}", drawer.display());
    }
    let known = stand.route(Side::Replica)["keys"]["other_keys"].as_u64();
    assert_eq!(known, Some(4));
    stand.round();
    stand.expect_true();
    stand.expect_whole();
}

/// FAULTS K03, P13
#[test]
fn a_stolen_signing_key_is_worth_nothing_from_its_cut_on() {
    let stand = Stand::new();
    stand.write("before", "signed before the theft");
    stand.round();
    stand.carry(Side::Replica);
    let (_, stolen) = card(&stand, Side::Source, "old.card");
    // What the owner packed in time is on its way when a thief copies the home.
    stand.write("in time", "packed before the cut, arrives late");
    stand.carry(Side::Source);
    let in_time = keep(&stand, "in-time");
    copy(&stand.home(Side::Source), &stand.folder("thief"));
    for file in fs::read_dir(stand.medium.join("gapferry")).expect("the medium").map(|entry| entry.expect("an entry").path()) {
        if file.extension().is_some_and(|end| end == "gfp") {
            fs::remove_file(file).expect("it can be removed");
        }
    }
    let made = rotate(&stand, Side::Source, &["--at-once"]);
    let from = made["routes"][0]["from"].as_u64().expect("a sequence");
    let forged = stand.folder("forged");
    fs::create_dir(&forged).expect("a folder can be made");
    stand.write("forged", "packed by the thief");
    for number in 0..3 {
        // Every package of the thief's takes another sequence; the last ones are behind the cut.
        stand.write("forged", format!("packed by the thief, {number}"));
        let mut thief = std::process::Command::new(crate::stand::binary());
        let thief = thief.args(["carry", utf8(&forged), "--home", utf8(&stand.folder("thief")), "--json"]).output().expect("it runs");
        assert!(thief.status.success(), "{}", String::from_utf8_lossy(&thief.stdout));
    }
    let genuine = {
        fs::write(stand.archive.join("forged"), "what the owner says").expect("written");
        stand.carry(Side::Source);
        keep(&stand, "genuine")
    };
    let (new, fingerprint) = card(&stand, Side::Source, "new.card");
    let refused = stand.run(Side::Replica, &["carry", utf8(&genuine)]);
    let detail = refused.object["error"]["detail"].as_str().unwrap_or_default().to_owned();
    assert!(refused.exit == Some(3) && detail.starts_with("ENV-19"), "the new card is not known yet, so the label is not: {refused:#?}");
    let revoke = ["keys", "revoke", "--zone", "inside", "--fingerprint", &stolen, "--from", &from.to_string(), "--reason", "stolen"];
    stand.expect(Side::Replica, &revoke, 0);
    let status = stand.run(Side::Replica, &["status"]);
    assert_eq!(
        (status.exit, status.codes(), status.object["routes"][0]["next"].as_str()),
        (Some(5), vec!["KEY-01".to_owned()], Some("trust-card")),
        "{status:#?}"
    );
    let trust = ["trust", utf8(&new), "--fingerprint", &fingerprint];
    let without = stand.run(Side::Replica, &trust);
    assert_eq!(without.codes(), ["USE-01"], "other keys of a known zone are trusted on purpose only: {without:#?}");
    stand.expect(Side::Replica, &[&trust[..], &["--replaces", "inside"]].concat(), 0);
    let again = stand.expect(Side::Replica, &[&trust[..], &["--replaces", "inside"]].concat(), 0);
    assert_eq!(again["added"], Value::Bool(false), "given again it changes nothing");
    // Out of order: what the thief made comes first, then what is late, then what is new.
    let ran = stand.run(Side::Replica, &["carry", utf8(&forged)]);
    assert!(ran.exit == Some(3) && ran.codes().contains(&"PKG-16".to_owned()), "{ran:#?}");
    let ran = stand.run(Side::Replica, &["carry", utf8(&in_time)]);
    assert_eq!((ran.exit, ran.codes()), (Some(0), Vec::new()), "what was signed before the cut stays right: {ran:#?}");
    let ran = stand.run(Side::Replica, &["carry", utf8(&genuine)]);
    assert_eq!(ran.codes().iter().filter(|code| code.starts_with("PKG-") || code.starts_with("ENV-")).count(), 0, "{ran:#?}");
    stand.round();
    stand.round();
    stand.expect_true();
    assert_eq!(fs::read(stand.replica.join("forged")).expect("it is there"), b"what the owner says");
}

/// What waits in the spool was signed by keys that count no more: it is told anew, without another package.
///
/// FAULTS K03
#[test]
fn what_a_replica_had_to_tell_when_its_keys_were_stolen_is_signed_anew() {
    let stand = Stand::new();
    stand.write("there", "answered under the stolen keys");
    stand.write("damaged", "found under the stolen keys");
    stand.round();
    stand.round();
    fs::write(stand.replica.join("damaged"), "touched").expect("written");
    let found = stand.run(Side::Replica, &["scrub"]);
    assert_eq!(found.object["damaged"].as_array().map(Vec::len), Some(1), "{found:#?}");
    stand.write("late", "answered under the stolen keys as well");
    stand.carry(Side::Source);
    stand.carry(Side::Replica);
    let (_, stolen) = card(&stand, Side::Replica, "old.card");
    rotate(&stand, Side::Replica, &["--at-once"]);
    let (new, fingerprint) = card(&stand, Side::Replica, "new.card");
    stand.expect(Side::Source, &["trust", utf8(&new), "--fingerprint", &fingerprint, "--replaces", "outside"], 0);
    stand.expect(Side::Source, &["keys", "revoke", "--zone", "outside", "--fingerprint", &stolen, "--from", "1", "--reason", "stolen"], 0);
    stand.carry(Side::Replica);
    let ran = stand.run(Side::Source, &["carry", utf8(&stand.medium)]);
    // What was signed before lies on the medium still, and is refused.
    assert_eq!(ran.codes(), ["RCT-09", "RCT-09"], "{ran:#?}");
    let taken = |field: &str| ran.object["reconciled"]["receipts"].as_array().expect("a list").iter().map(|one| one[field].as_u64().unwrap_or(0)).sum::<u64>();
    assert_eq!((taken("proven"), taken("failed")), (1, 1), "{ran:#?}");
    for file in fs::read_dir(stand.medium.join("gapferry")).expect("the medium").map(|entry| entry.expect("an entry").path()) {
        if file.extension().is_some_and(|end| end == "gfr") {
            fs::remove_file(file).expect("it can be removed");
        }
    }
    // The touched file is put aside, which is told.
    assert_eq!(stand.run(Side::Replica, &["carry", utf8(&stand.medium)]).codes(), ["RPL-03"]);
    stand.carry(Side::Source);
    stand.expect_true();
}

/// FAULTS P13: without a revocation, an old key ends where the new one is known to begin.
#[test]
fn an_old_key_signs_nothing_after_the_switch() {
    let stand = Stand::new();
    stand.write("a", "content");
    stand.round();
    copy(&stand.home(Side::Source), &stand.folder("thief"));
    rotate(&stand, Side::Source, &[]);
    for number in 0..3 {
        stand.write("a", format!("content {number}"));
        stand.round();
    }
    assert_eq!(stands(&stand, Side::Source), (2, None));
    let forged = stand.folder("forged");
    fs::create_dir(&forged).expect("a folder can be made");
    for number in 0..8 {
        stand.write("a", format!("forged {number}"));
        let mut thief = std::process::Command::new(crate::stand::binary());
        let ran = thief.args(["carry", utf8(&forged), "--home", utf8(&stand.folder("thief")), "--json"]).output().expect("it runs");
        assert!(ran.status.success());
    }
    let codes = stand.run(Side::Replica, &["carry", utf8(&forged)]).codes();
    assert!(codes.iter().any(|code| code == "PKG-17"), "{codes:?}");
    assert_eq!(fs::read(stand.replica.join("a")).expect("it is there"), b"content 2");
}

/// FAULTS K01
#[test]
fn a_replica_whose_keys_are_lost_comes_back_from_escrow_and_by_sending_again() {
    let stand = Stand::new();
    let init = |home: &str, zone: &str| drop(other(&stand, home, &["init", "--zone", zone, "--role", "replica"]));
    init("vault", "vault");
    let trust = |home: &str, file: &Path, fingerprint: &str| drop(other(&stand, home, &["trust", utf8(file), "--fingerprint", fingerprint]));
    let (inside, inside_fingerprint) = card(&stand, Side::Source, "inside.card");
    let (outside, outside_fingerprint) = card(&stand, Side::Replica, "outside.card");
    trust("vault", &inside, &inside_fingerprint);
    trust("vault", &outside, &outside_fingerprint);
    let card_of = |home: &str| {
        let card = other(&stand, home, &["card"]);
        let file = stand.folder(&format!("{home}.card"));
        fs::write(&file, card["card"].as_str().expect("a card")).expect("written");
        (file, card["fingerprint"].as_str().expect("a fingerprint").to_owned())
    };
    let (vault, vault_fingerprint) = card_of("vault");
    stand.expect(Side::Source, &["trust", utf8(&vault), "--fingerprint", &vault_fingerprint], 0);
    let file = stand.home(Side::Source).join("gapferry.toml");
    let text = fs::read_to_string(&file).expect("the configuration");
    fs::write(&file, text.replace("[routes.outward]\n", "[routes.outward]\nescrow = \"vault\"\n")).expect("written");
    let mut drawers = Vec::new();
    for round in 0..3 {
        stand.write(format!("{round}"), vec![round; 3000]);
        stand.write("changes", format!("version {round}"));
        if round == 2 {
            fs::remove_file(stand.archive.join("0")).expect("removed");
            rotate(&stand, Side::Source, &[]);
        }
        stand.carry(Side::Source);
        drawers.push(keep(&stand, &format!("drawer-{round}")));
        [Side::Replica, Side::Source].into_iter().for_each(|side| drop(stand.carry(side)));
    }
    stand.expect_true();
    // The replica's home and tree are gone.
    fs::remove_dir_all(stand.home(Side::Replica)).expect("removed");
    fs::remove_dir_all(&stand.replica).expect("removed");
    let restored = stand.folder("restored");
    other(&stand, "vault", &["route", "accept", "outward", "--from", "inside", "--into", utf8(&restored), "--for", "outside"]);
    for drawer in &drawers {
        let report = other(&stand, "vault", &["apply", "--from", utf8(drawer)]);
        assert_eq!(report["receipts"].as_array().map(Vec::len), Some(0), "an escrow holder answers nothing: {report}");
        assert_eq!(report["problems"].as_array().map(Vec::len), Some(0), "{report}");
    }
    assert!(tree(&restored) == tree(&stand.archive), "from escrow: {:?}", tree(&restored).keys().collect::<Vec<_>>());
    // A new zone in its place, to which everything is sent again.
    init("successor", "outside2");
    let (inside, inside_fingerprint) = card(&stand, Side::Source, "inside-now.card");
    trust("successor", &inside, &inside_fingerprint);
    let (successor, fingerprint) = card_of("successor");
    stand.expect(Side::Source, &["trust", utf8(&successor), "--fingerprint", &fingerprint], 0);
    stand.expect(Side::Source, &["route", "add", "again", "--archive", "cards", "--to", "outside2"], 0);
    let again = stand.folder("again");
    other(&stand, "successor", &["route", "accept", "again", "--from", "inside", "--into", utf8(&again)]);
    stand.carry(Side::Source);
    other(&stand, "successor", &["carry", utf8(&stand.medium), "--route", "again"]);
    assert!(tree(&again) == tree(&stand.archive), "sent again");
}

/// Runs a command of another home below the stand, which must end with 0 or 1.
fn other(stand: &Stand, home: &str, line: &[&str]) -> Value {
    let mut command = std::process::Command::new(crate::stand::binary());
    command.args(line).args(["--home", utf8(&stand.folder(home)), "--json"]).env_remove("GAPFERRY_HOME").env("LC_ALL", "C");
    let ran: crate::stand::Ran = command.output().expect("it runs").into();
    assert!(matches!(ran.exit, Some(0 | 1 | 3)), "{home} {line:?}: {ran:#?}");
    assert!(ran.exit != Some(3) || line[0] == "carry", "{home} {line:?}: {ran:#?}");
    ran.object
}
