//! `check` on a small archive: what is wrong is named and the rest goes on; alerts come, stay, are closed by hand, are over.

use super::*;
use serde_json::{Value, json};
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use store::clock::{Clock, RealEntropy};
use store::real::RealDisk;

use crate::progress::Silent;
use crate::world::Actor;

/// 2026-11-21 12:00 at +08:00, moved by days.
struct Day(AtomicI64);

impl Clock for Day {
    fn now(&self) -> i64 {
        (1_795_233_600 + self.0.load(Ordering::SeqCst) * 86_400) * 1_000_000_000
    }
}

struct Archive {
    folder: tempfile::TempDir,
    day: Arc<Day>,
}

impl Archive {
    fn new() -> Self {
        let archive = Self { folder: tempfile::tempdir().unwrap(), day: Arc::new(Day(AtomicI64::new(0))) };
        archive.put("regions/a.json", &region(json!({})));
        archive.put("land_transfer/320412103012/one/record.json", &transfer(1, json!({})));
        archive
    }

    fn put(&self, path: &str, value: &Value) {
        self.put_bytes(path, value.to_string().as_bytes());
    }

    fn put_bytes(&self, path: &str, bytes: &[u8]) {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn check(&self, change: impl FnOnce(&mut CheckOptions)) -> Result<CheckReport, Failure> {
        let world = World {
            disk: Arc::new(RealDisk::new()),
            indexes: Arc::new(store::index::SledIndexes),
            clock: self.day.clone(),
            entropy: Arc::new(RealEntropy),
            progress: Arc::new(Silent),
            actor: Actor::default(),
            passphrase: Arc::new(|| None),
        };
        let mut options = CheckOptions { what: Checked::Folder(self.folder.path().to_owned()), rules: None, alerts: "alerts".into(), dry_run: false };
        change(&mut options);
        check(&world, &options)
    }

    /// The alerts that lie in the archive, by path.
    fn alerts(&self) -> Vec<(String, Value)> {
        let mut found = Vec::new();
        let mut ahead = vec![self.folder.path().join("alerts")];
        while let Some(folder) = ahead.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    ahead.push(path);
                } else {
                    let below = path.strip_prefix(self.folder.path()).unwrap().to_str().unwrap().to_owned();
                    found.push((below, serde_json::from_slice(&fs::read(&path).unwrap()).unwrap()));
                }
            }
        }
        found.sort_by(|left, right| left.0.cmp(&right.0));
        found
    }
}

fn header(kind: &str, number: u32, state: &str) -> Value {
    json!({
        "kind": kind, "rid": format!("{kind}-01900000-0000-7000-8000-{number:012x}"), "version": 1, "region": "320412103012", "state": state, "sens": "Public",
        "org_rid": "organisation-01900000-0000-7000-8000-000000000001", "valid_from": "2020-01-01", "recorded_at": "2026-01-05T09:30:00+08:00", "recorded_by": "op-7",
    })
}

fn with(mut value: Value, changes: Value) -> Value {
    for (name, change) in changes.as_object().unwrap() {
        value[name] = change.clone();
    }
    value
}

fn region(changes: Value) -> Value {
    let mut value = with(header("admin_region", 1, "current"), json!({ "code": "320412103012", "name": "柳溪村", "level": "village", "parent": "320412103" }));
    value.as_object_mut().unwrap().remove("org_rid");
    with(value, changes)
}

fn transfer(number: u32, changes: Value) -> Value {
    let fields = json!({
        "area": "1200.50", "contract_code": "320412103012010023J", "from": "2026-01-01", "from_party": "320412103012010023", "mode": "出租", "mu": "1.8008",
        "parcel_count": 1, "signed_on": "2025-12-28", "term": "5年", "to": "2030-12-31", "to_party": "320412103012010031", "transfer_code": "LZ2026000001",
        "use_after": "1", "use_before": "1",
    });
    with(with(header("land_transfer", number, "current"), fields), changes)
}

fn codes(report: &CheckReport) -> Vec<(&'static str, &str)> {
    report.problems.iter().map(|problem| (problem.code, problem.subject.as_str())).collect()
}

#[test]
fn a_right_archive_has_nothing_to_tell() {
    let archive = Archive::new();
    let report = archive.check(|_| {}).unwrap();
    assert_eq!((report.records, report.left_out, report.findings, report.today.as_str()), (2, 0, 0, "2026-11-21"));
    assert_eq!(report.kinds.into_iter().collect::<Vec<_>>(), [("admin_region", 1), ("land_transfer", 1)]);
    assert!(archive.alerts().is_empty() && report.problems.is_empty());
}

#[test]
fn bad_input_is_named_and_left_out_and_the_rest_goes_on() {
    let archive = Archive::new();
    let text = transfer(2, json!({})).to_string();
    let deep = format!("{{\"kind\":{}1{}}}", "[".repeat(20), "]".repeat(20));
    // 柳溪 in GB18030.
    let gb18030 = [b"{\"name\":\"".as_slice(), &[0xc1, 0xf8, 0xcf, 0xaa], b"\"}"].concat();
    archive.put_bytes("b/01.json", b"no JSON");
    archive.put_bytes("b/02.json", deep.as_bytes());
    archive.put_bytes("b/03.json", &vec![b' '; (1 << 20) + 1]);
    archive.put("b/04.json", &transfer(2, json!({ "parcel_count": "one" })));
    archive.put("b/05.json", &transfer(1, json!({})));
    archive.put_bytes("b/06.json", text.replace("\"version\":1", "\"version\":1,\"version\":1").as_bytes());
    archive.put_bytes("b/07.json", &[b"{\"a\":\"".as_slice(), &[0xff], b"\"}"].concat());
    archive.put_bytes("b/08.json", &[b"\xef\xbb\xbf", text.as_bytes()].concat());
    archive.put_bytes("b/09.json", &gb18030);
    archive.put_bytes("b/10.json", b"");
    archive.put_bytes("b/scan.png", b"no record");
    archive.put("b/11.json", &transfer(3, json!({})));
    let report = archive.check(|_| {}).unwrap();
    assert_eq!((report.records, report.left_out, report.unread), (3, 10, 0));
    let mut told = codes(&report);
    told.sort_unstable();
    let twice = told.iter().find(|(code, _)| *code == "REC-28").expect("the rid that stands twice").1.to_owned();
    assert!(["b/05.json", "land_transfer/320412103012/one/record.json"].contains(&twice.as_str()), "{twice}");
    assert_eq!(
        told,
        [
            ("REC-01", "b/07.json"),
            ("REC-01", "b/09.json"),
            ("REC-02", "b/08.json"),
            ("REC-03", "b/01.json"),
            ("REC-03", "b/10.json"),
            ("REC-04", "b/06.json"),
            ("REC-05", "b/02.json"),
            ("REC-06", "b/03.json"),
            ("REC-12", "b/04.json"),
            ("REC-28", twice.as_str()),
        ]
    );
    let large = report.problems.iter().find(|problem| problem.code == "REC-06").unwrap();
    assert!(large.detail.contains("1048576"), "{}", large.detail);
}

#[test]
fn what_is_doubtful_is_kept_and_told() {
    let archive = Archive::new();
    archive.put("c.json", &transfer(2, json!({ "contract_code": "320412103012010023K" })));
    let report = archive.check(|_| {}).unwrap();
    assert_eq!((report.records, report.left_out, report.doubtful), (3, 0, 1));
    assert_eq!(codes(&report), [("REC-18", "c.json")]);
}

#[test]
fn alerts_come_stay_and_are_over() {
    let archive = Archive::new();
    let retired = |until: &str| archive.put("regions/a.json", &region(json!({ "valid_to": until })));
    retired("2026-11-20");
    let dry = archive.check(|options| options.dry_run = true).unwrap();
    assert_eq!((dry.raised, dry.alerts.len(), dry.dry_run), (1, 1, true));
    assert!(archive.alerts().is_empty());

    let first = archive.check(|_| {}).unwrap();
    assert_eq!((first.findings, first.raised, first.rules.get("X34")), (1, 1, Some(&1)));
    let alerts = archive.alerts();
    assert_eq!(alerts.len(), 1);
    let (path, alert) = &alerts[0];
    assert_eq!(*path, format!("alerts/320412103012/{}/record.json", alert["rid"].as_str().unwrap()));
    assert_eq!((alert["rule_id"].as_str(), alert["facts"]["records"].as_i64(), alert["due"].as_str()), (Some("X34"), Some(1), Some("2026-12-21")));
    assert_eq!(alert["assignee"]["role"], "村级经办");

    // Another day, and the alert itself is a record in that region: nothing changes.
    archive.day.0.store(3, Ordering::SeqCst);
    let second = archive.check(|_| {}).unwrap();
    assert_eq!((second.findings, second.raised, second.changed, second.standing, second.records), (1, 0, 0, 1, 3));
    assert_eq!(archive.alerts(), alerts);

    // One more record there: the number is brought up to date.
    archive.put("d.json", &transfer(2, json!({})));
    assert_eq!(archive.check(|_| {}).unwrap().changed, 1);
    assert_eq!((&archive.alerts()[0].1["version"], &archive.alerts()[0].1["facts"]["records"]), (&json!(2), &json!(2)));

    archive.day.0.store(40, Ordering::SeqCst);
    archive.check(|_| {}).unwrap();
    assert_eq!(archive.alerts()[0].1["state"], "overdue");

    // While a file cannot be read nothing is over.
    retired("2027-12-31");
    archive.put_bytes("e.json", b"{");
    assert_eq!(archive.check(|_| {}).unwrap().over, 0);
    fs::remove_file(archive.folder.path().join("e.json")).unwrap();
    let over = archive.check(|_| {}).unwrap();
    assert_eq!((over.findings, over.over), (0, 1));
    assert_eq!(archive.alerts()[0].1["valid_to"], "2026-12-31");
    assert_eq!(archive.check(|_| {}).unwrap().over, 0);
}

/// Records of one business transaction say the same of it and are no more than it says; fewer are no fault, for others may have changed since.
#[test]
fn what_contradicts_its_transaction_is_told() {
    let archive = Archive::new();
    let txn = |id: &str, size: u64, business: &str| json!({ "txn": { "txn_id": id, "size": size, "business_code": business } });
    for (number, (id, size, business)) in
        [("a", 2, "105"), ("a", 2, "106"), ("b", 1, "105"), ("b", 1, "105"), ("c", 3, "105"), ("c", 3, "105")].into_iter().enumerate()
    {
        archive.put(&format!("t{number}.json"), &transfer(10 + number as u32, txn(id, size, business)));
    }
    let report = archive.check(|_| {}).unwrap();
    assert_eq!(codes(&report), [("REC-27", "t1.json"), ("REC-27", "t3.json")]);
    assert_eq!((report.left_out, report.doubtful, report.records), (0, 2, 8));
}

#[test]
fn what_a_person_closed_stays_closed_until_it_happens_again() {
    let archive = Archive::new();
    archive.put("regions/a.json", &region(json!({ "valid_to": "2026-11-20" })));
    archive.check(|_| {}).unwrap();
    let (path, alert) = archive.alerts().remove(0);
    archive.put(
        &path,
        &with(
            alert,
            json!({ "version": 2, "state": "closed", "answer": "误报: 已移交", "answered_by": "镇级经办", "answered_at": "2026-11-21T15:00:00+08:00" }),
        ),
    );
    let closed = archive.check(|_| {}).unwrap();
    assert_eq!((closed.findings, closed.closed, closed.raised), (1, 1, 0));

    archive.put("regions/a.json", &region(json!({})));
    assert_eq!(archive.check(|_| {}).unwrap().over, 1);
    archive.put("regions/a.json", &region(json!({ "valid_to": "2026-11-20" })));
    let again = archive.check(|_| {}).unwrap();
    assert_eq!((again.findings, again.raised), (1, 1));
    assert_eq!(archive.alerts().len(), 2);
    assert_eq!(archive.check(|_| {}).unwrap().standing, 1);
}

#[test]
fn an_alert_that_cannot_be_read_is_not_replaced() {
    let archive = Archive::new();
    archive.put("regions/a.json", &region(json!({ "valid_to": "2026-11-20" })));
    archive.check(|_| {}).unwrap();
    let (path, _) = archive.alerts().remove(0);
    archive.put_bytes(&path, b"{\"half\": 1");
    let report = archive.check(|_| {}).unwrap();
    assert_eq!(codes(&report), [("REC-03", path.as_str())]);
    assert_eq!((report.findings, report.raised), (1, 0));
    assert_eq!(fs::read(archive.folder.path().join(&path)).unwrap(), b"{\"half\": 1");
    assert_eq!(fs::read_dir(archive.folder.path().join(&path).parent().unwrap()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn certificates_are_held_against_what_changed() {
    let archive = Archive::new();
    let source = "land_transfer-01900000-0000-7000-8000-000000000001";
    let certificate = json!({
        "cert_no": "证1", "cert_token": "ABCDEFGHJKMNPQRSTVWXYZ0123", "cert_kind": "land", "template_ref": "cert_template-01900000-0000-7000-8000-000000000001",
        "subject": "household-01900000-0000-7000-8000-000000000001", "rows": { "land_transfer": [{ "rid": source, "mode": "出租" }] },
        "source_rids": [{ "rid": source, "version": 1 }], "issuer": "某区", "issued_on": "2026-02-01", "file": "d1", "sig_alg": "ed25519",
        "signature": "AAEC", "signer_cert": "AAEC",
        "documents": [{ "document_id": "d1", "role": "original", "seq": 1, "file_name": "证.ofd", "media_type": "application/ofd", "size": 1,
            "digest": { "alg": "blake3", "hex": "0".repeat(64) }, "format_id": "ofd", "sens": "Personal", "redaction": "none" }],
    });
    archive.put("a.json", &with(header("ecertificate", 1, "effective"), certificate));
    let right = archive.check(|_| {}).unwrap();
    assert_eq!((right.records, right.findings), (3, 0), "{:?}", right.problems);
    archive.put("land_transfer/320412103012/one/record.json", &transfer(1, json!({ "version": 2, "mode": "转包" })));
    assert_eq!(archive.check(|_| {}).unwrap().rules.keys().collect::<Vec<_>>(), ["X32"]);
}

#[test]
fn rules_come_from_a_file_and_wrong_options_are_refused() {
    let archive = Archive::new();
    archive.put("regions/a.json", &region(json!({ "valid_to": "2026-11-20" })));
    let rules = tempfile::tempdir().unwrap();
    let file = rules.path().join("rules.toml");
    fs::write(&file, "today = '2026-11-19'\nassignee_role = '镇级经办'\n").unwrap();
    let early = archive.check(|options| options.rules = Some(file.clone())).unwrap();
    assert_eq!((early.findings, early.today.as_str()), (0, "2026-11-19"));
    let long = format!("assignee_role = '{}'", "村".repeat(51));
    for wrong in ["nothing = 1", "today = '2026-13-01'", "idle_days = -1", "assignee_role = ''", &long, "assignee_role = 'e\u{301}'"] {
        fs::write(&file, wrong).unwrap();
        let problem = archive.check(|options| options.rules = Some(file.clone())).unwrap_err().0;
        assert_eq!((problem.code, problem.subject), ("HOM-03", file.display().to_string()), "{wrong}");
    }
    for folder in ["", "../outside", "a//b", "a/../b"] {
        assert_eq!(archive.check(|options| options.alerts = folder.into()).unwrap_err().0.code, "USE-01", "{folder:?}");
    }
    assert_eq!(archive.check(|options| options.what = Checked::Folder("/nowhere/at/all".into())).unwrap_err().0.code, "SRC-01");
}
