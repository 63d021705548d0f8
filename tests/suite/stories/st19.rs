//! ST19, alert loop: a household with two homesteads is found, the alert goes out, the answer is entered inside by hand, and the alert closes on
//! both sides. (That only staff of the region sees it is for whoever shows the replica.)

use crate::records::{expect, first};
use crate::stand::{Setting, Side, Stand};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

#[test]
fn st19_an_alert_goes_out_and_is_closed_by_hand() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path();
    expect(&["demo", "--into", "county", "--county", "12"], folder, 0);
    let archive = folder.join("county/archive");
    // A second homestead of the same household in the same village.
    let (path, mut record) = first(&archive, "homestead_use");
    let rid = record["rid"].as_str().expect("a rid").to_owned();
    let second = format!("{}ffffff", &rid[..rid.len() - 6]);
    record["rid"] = json!(second);
    record["unit_no"] = json!(format!("{}JC99999F00010001", record["region"].as_str().expect("a region")));
    let new = path.parent().and_then(Path::parent).expect("two folders").join(&second);
    fs::create_dir(&new).expect("a folder");
    fs::write(new.join("record.json"), record.to_string()).expect("written");

    let stand = Stand::with(Setting { archive: Some(archive.clone()), ..Setting::default() });
    stand.without_breaker();
    let rules = folder.join("county/rules.toml");
    let check = |exit| stand.expect(Side::Source, &["check", "--archive", "cards", "--rules", rules.to_str().expect("a path")], exit);
    let found = check(1);
    assert_eq!((&found["rules"], &found["raised"]), (&json!({ "X13": 1 }), &json!(1)));
    stand.round();
    let (alert_path, mut alert) = first(&archive, "alerts");
    let outside = stand.replica.join(alert_path.strip_prefix(&archive).expect("below it"));
    assert_eq!(fs::read(&outside).expect("it went out"), fs::read(&alert_path).expect("there"));
    assert_eq!((&alert["rule_id"], &alert["state"]), (&json!("X13"), &json!("open")));

    // The answer of the town staff comes by telephone and is entered here, state by state as the life cycle allows.
    for (version, state) in [(2, "verifying"), (3, "false_positive"), (4, "closed")] {
        alert["version"] = json!(version);
        alert["state"] = json!(state);
        if state == "false_positive" {
            alert["answer"] = json!("误报: 继承");
            alert["answered_by"] = json!("镇级经办");
            alert["answered_at"] = json!("2026-07-01T10:00:00+08:00");
        }
        fs::write(&alert_path, alert.to_string()).expect("written");
        let checked = check(i32::from(state != "closed"));
        assert_eq!((&checked["findings"], &checked["raised"], &checked["left_out"]), (&json!(1), &json!(0), &json!(0)), "{checked}");
    }
    stand.round();
    let closed: Value = serde_json::from_slice(&fs::read(&outside).expect("there")).expect("JSON");
    assert_eq!((&closed["state"], &closed["answer"]), (&json!("closed"), &json!("误报: 继承")));
    stand.expect_true();

    // What is no record is named, and nobody waits for it.
    fs::write(archive.join("broken.json"), b"{").expect("written");
    let ran = stand.run(Side::Source, &["check", "--archive", "cards", "--rules", rules.to_str().expect("a path")]);
    assert_eq!((ran.exit, ran.codes()), (Some(1), vec!["REC-03".to_owned()]));
    assert_eq!(stand.run(Side::Source, &["check", "--archive", "other"]).codes(), ["USE-01"]);
}
