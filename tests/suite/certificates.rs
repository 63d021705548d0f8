//! Certificates of an invented county at the command line: signed inside, carried, verified with and without a home, revoked, read from
//! paper; and a signing that is killed and begun again.

use crate::kill_others::kill;
use crate::stand::{Random, Setting, Side, Stand, binary, tree};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A stand whose archive holds the certificates of an invented county with the forms that they were made from, and where they lie.
pub fn county(households: &str, records: bool) -> (Stand, tempfile::TempDir, Vec<String>) {
    let scratch = tempfile::tempdir().expect("a folder can be made");
    let made = Command::new(binary()).args(["demo", "--into", "county", "--county", households, "--json"]).current_dir(scratch.path()).output();
    assert!(made.expect("the binary can be run").status.success());
    let archive = scratch.path().join("county/archive");
    let is_kept = |name: &str| ["ecertificate", "cert_template"].contains(&name);
    for folder in fs::read_dir(&archive).expect("the archive is there").flatten().filter(|folder| !folder.file_name().to_str().is_some_and(is_kept)) {
        fs::remove_dir_all(folder.path()).expect("a folder can be removed");
    }
    let stand = Stand::with(Setting { archive: Some(archive.clone()), records, ..Setting::default() });
    let mut paths: Vec<String> = tree(&archive).into_keys().map(|path| String::from_utf8(path).expect("a path")).collect();
    paths.retain(|path| path.starts_with("ecertificate/") && path.ends_with("record.json"));
    assert!(paths.len() >= 16, "{paths:?}");
    (stand, scratch, paths)
}

pub fn record(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a record")).expect("JSON")
}

pub fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are UTF-8")
}

/// The next version of a record, with these fields.
pub fn change(path: &Path, fields: &[(&str, &str)]) {
    let mut changed = record(path);
    changed["version"] = json!(changed["version"].as_u64().expect("a version") + 1);
    fields.iter().for_each(|(name, value)| changed[*name] = json!(value));
    fs::write(path, serde_json::to_vec(&changed).expect("JSON")).expect("a record can be written");
}

#[test]
fn a_certificate_is_proven_until_it_is_revoked() {
    let (stand, _scratch, records) = county("8", false);
    let signed = stand.expect(Side::Source, &["certificate", "sign"], 0);
    assert_eq!((signed["signed"].as_u64(), signed["refused"].as_u64()), (Some(records.len() as u64), Some(0)), "{signed}");
    assert_eq!(stand.expect(Side::Source, &["certificate", "sign", "--dry-run"], 0)["right"].as_u64(), Some(records.len() as u64));
    stand.round();
    let effective = |path: &&String| record(&stand.archive.join(path))["state"] == "effective";
    let item = records.iter().find(effective).expect("one is in force");
    let (inside, outside) = (stand.archive.join(item), stand.replica.join(item));
    let verified = stand.expect(Side::Replica, &["certificate", "verify", text(&outside)], 0);
    let one = &verified["certificates"][0];
    assert_eq!((&one["proven"], &one["state"], &one["signer"]["zone"]), (&json!(true), &json!("effective"), &json!("inside")), "{verified}");
    let code = stand.expect(Side::Replica, &["certificate", "qr", item, "--url", "https://cert.example", "--svg", "code.svg", "--png", "code.png"], 0);
    let paper = code["text"].as_str().expect("a code").to_owned();
    assert!(fs::read(stand.folder("code.png")).expect("a picture").starts_with(b"\x89PNG") && stand.folder("code.svg").is_file());
    assert_eq!(stand.expect(Side::Replica, &["certificate", "verify", "--text", &paper], 0)["certificates"][0]["state"], "effective");
    let kept = stand.folder("kept.json");
    fs::copy(&outside, &kept).expect("a copy");

    change(&inside, &[("state", "revoked"), ("revoked_on", "2026-11-20"), ("revoke_reason", "right_ended")]);
    assert_eq!(stand.expect(Side::Source, &["certificate", "sign", item], 0)["signed"], 1);
    stand.round();
    for arguments in [&["certificate", "verify", text(&kept)][..], &["certificate", "verify", "--text", &paper]] {
        let ran = stand.run(Side::Replica, arguments);
        assert_eq!((ran.exit, ran.codes()), (Some(3), vec!["CRT-09".to_owned(), "CRT-08".to_owned()]), "{ran:#?}");
    }
    let ran = stand.run(Side::Replica, &["certificate", "verify", text(&outside)]);
    assert_eq!((ran.exit, ran.codes()), (Some(3), vec!["CRT-08".to_owned()]));

    // Without a home: the card is enough for what it can tell, and says it in both languages.
    for (language, word) in [("en", "in force"), ("zh", "已注销")] {
        let mut command = Command::new(binary());
        command.args(["certificate", "verify", "--card", "inside.card", "--lang", language]).arg(&outside).current_dir(&stand.root).env_remove("GAPFERRY_HOME");
        let output = command.output().expect("the binary can be run");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains("CRT-08") && said.contains(word), "{said}");
    }
    let mut altered = fs::read(&kept).expect("a copy");
    let place = altered.windows(6).position(|part| part == b"issuer").expect("it names its issuer") + 10;
    altered[place] ^= 1;
    fs::write(&kept, altered).expect("a copy can be altered");
    let ran = stand.run(Side::Replica, &["certificate", "verify", text(&kept)]);
    assert_eq!(ran.exit, Some(3));
    assert!(ran.codes().iter().any(|code| ["CRT-01", "CRT-04", "CRT-06"].contains(&code.as_str())), "{ran:#?}");
}

#[test]
fn a_signing_that_is_killed_leaves_each_record_as_it_was_or_signed() {
    let mut random = Random::new("signing killed");
    let (stand, _scratch, records) = county("60", false);
    let paths: Vec<PathBuf> = records.iter().map(|path| stand.archive.join(path)).collect();
    let before: Vec<Value> = paths.iter().map(|path| record(path)).collect();
    let there = tree(&stand.archive).len() as u64;
    for _ in 0..4 {
        kill(&mut stand.command(Side::Source, &["certificate", "sign"]), random.moment(Duration::from_millis(150)));
        for (path, before) in paths.iter().zip(&before) {
            let mut now = record(path);
            now.as_object_mut().expect("an object").remove("proof");
            assert_eq!(&now, before, "{}", path.display());
        }
        // What the killing left beside a record is nobody's document.
        assert_eq!(stand.expect(Side::Source, &["capture"], 0)["archives"][0]["items"], there);
    }
    let done = stand.expect(Side::Source, &["certificate", "sign"], 0);
    assert_eq!(done["signed"].as_u64().zip(done["right"].as_u64()).map(|(signed, right)| signed + right), Some(records.len() as u64), "{done}");
    let left: Vec<Vec<u8>> = tree(&stand.archive).into_keys().filter(|path| path.ends_with(b".part")).collect();
    assert!(left.is_empty(), "{left:?}");
}
