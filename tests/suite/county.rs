//! An invented county through the shipped templates to five replicas: each holds exactly what an independent program, written from the
//! page of the specification alone, says it should (tests/check/template.py). At full size by tests/full/70-county.sh.

use crate::stand::{Ran, Random, binary, size};
use serde_json::Value;
use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Template, name of the replica zone.
const ROUTES: [(&str, &str); 5] = [("RT1", "outside"), ("RT2", "internet"), ("RT3", "backup-local"), ("RT4", "backup-offsite"), ("RT5", "exchange")];
const REGION: &str = "320412101001";

struct County {
    folder: PathBuf,
}

impl County {
    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().expect("UTF-8").to_owned()
    }

    fn run(&self, home: &str, arguments: &[&str]) -> Ran {
        let mut command = Command::new(binary());
        command.args(arguments).args(["--json", "--home", &self.path(home)]).env_remove("GAPFERRY_HOME").env("LC_ALL", "C");
        command.output().expect("the binary can be run").into()
    }

    fn expect(&self, home: &str, arguments: &[&str]) -> Value {
        let ran = self.run(home, arguments);
        assert_eq!(ran.exit, Some(0), "{home} {arguments:?}: {} {}", ran.object, ran.stderr);
        ran.object
    }

    fn trust(&self, home: &str, other: &str) {
        let card = self.expect(other, &["card"]);
        let file = self.path(&format!("{other}.card"));
        fs::write(&file, card["card"].as_str().expect("a card")).expect("it can be written");
        self.expect(home, &["trust", &file, "--fingerprint", card["fingerprint"].as_str().expect("a fingerprint")]);
    }

    /// A project is pushed to the exchange: RT5 carries what it refers to.
    fn push(&self, count: usize, state: &str) {
        let projects = self.folder.join("county/archive/exchange_project");
        let mut files: Vec<PathBuf> = crate::stand::tree(&projects).into_keys().map(|path| projects.join(String::from_utf8(path).expect("UTF-8"))).collect();
        files.retain(|file| file.ends_with("record.json"));
        for file in files.iter().take(count) {
            let mut record: Value = serde_json::from_slice(&fs::read(file).expect("a record")).expect("JSON");
            (record["state"], record["democratic_process"]) = (state.into(), "passed".into());
            fs::write(file, record.to_string()).expect("it can be written");
        }
    }

    /// Until everything of a route is proven.
    fn settle(&self, route: &str, zone: &str) {
        for _ in 0..3 {
            for home in ["inside", zone] {
                let medium = self.path(&format!("medium-{zone}"));
                let carried = if home == "inside" { vec!["carry", &medium, "--route", route] } else { vec!["carry", &medium] };
                let ran = self.run(home, &carried);
                assert_eq!(ran.exit, Some(0), "{home} {route}: {} {}", ran.object, ran.stderr);
            }
        }
        let status = self.expect("inside", &["status"]);
        let route = status["routes"].as_array().expect("routes").iter().find(|told| told["route"] == route).expect("the route").clone();
        assert!(route["items"]["total"].as_u64() > Some(0) && route["items"]["total"] == route["items"]["done"], "{route}");
    }

    /// Signs what lacks a right proof.
    fn sign(&self) {
        let signed = self.expect("inside", &["certificate", "sign"]);
        assert!(signed["signed"].as_u64() > Some(0) && signed["refused"] == 0, "{signed}");
    }

    /// Every certificate of a replica is proven there, with nothing from inside; how many there are. One that is no longer in force is told so.
    fn prove(&self, zone: &str) -> usize {
        let replica = self.folder.join(format!("replica-{zone}"));
        let paths = crate::stand::tree(&replica).into_keys().map(|path| String::from_utf8(path).expect("UTF-8"));
        let is_one = |path: &String| path.starts_with("ecertificate/") && path.ends_with("record.json");
        let files: Vec<String> = paths.filter(is_one).map(|path| replica.join(path).to_str().expect("UTF-8").to_owned()).collect();
        for files in files.chunks(500) {
            let ran = self.run(zone, &[&["certificate", "verify"], &files.iter().map(String::as_str).collect::<Vec<_>>()[..]].concat());
            let told = ran.object["certificates"].as_array().expect("certificates");
            assert_eq!(told.len(), files.len());
            assert!(told.iter().all(|one| one["proven"] == true && one["signer"]["zone"] == "inside"), "{zone}: {}", ran.object);
            assert!(ran.codes().iter().all(|code| code == "CRT-08"), "{zone}: {:?}", ran.codes());
        }
        files.len()
    }

    /// Identity numbers, telephone and account numbers of all people; no route but the backups shows one of them whole.
    fn secrets(&self) -> HashSet<Vec<u8>> {
        let mut secrets = HashSet::new();
        for kind in ["member", "household"] {
            let folder = self.folder.join("county/archive").join(kind);
            for (path, leaf) in crate::stand::tree(&folder).into_iter().filter(|(path, _)| path.ends_with(b"record.json")) {
                let record: Value = serde_json::from_slice(&leaf.0).unwrap_or_else(|error| panic!("{path:?}: {error}"));
                let values = ["id_no", "phone", "bank_account"].into_iter().filter_map(|field| record[field].as_str());
                secrets.extend(values.filter(|value| value.len() >= 8).map(|value| value.as_bytes().to_vec()));
            }
        }
        assert!(secrets.len() > 20, "there are people in the county");
        secrets
    }

    /// Where one of them lies in the replica, its home or on its medium: in UTF-8 or GB18030, where digits are the same bytes, or in
    /// UTF-16, which is them and zeros.
    fn leak(&self, secrets: &HashSet<Vec<u8>>, zone: &str) -> Option<String> {
        let lengths: BTreeSet<usize> = secrets.iter().map(Vec::len).collect();
        for folder in [format!("replica-{zone}"), zone.to_owned(), format!("medium-{zone}")] {
            for (path, leaf) in crate::stand::tree(&self.folder.join(&folder)) {
                let plain = without_ids(leaf.0);
                let without_zeros: Vec<u8> = plain.iter().copied().filter(|byte| *byte != 0).collect();
                for run in [&plain, &without_zeros].into_iter().flat_map(|bytes| bytes.split(|byte| !byte.is_ascii_alphanumeric())) {
                    for length in lengths.iter().filter(|length| **length <= run.len()) {
                        if let Some(found) = run.windows(*length).find(|window| secrets.contains(*window)) {
                            return Some(format!("{folder}/{}: {}", String::from_utf8_lossy(&path), String::from_utf8_lossy(found)));
                        }
                    }
                }
            }
        }
        None
    }

    /// What the independent program finds wrong.
    fn compare(&self, template: &Path, zone: &str, today: &str) {
        let check = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/template.py");
        let mut command = Command::new("python3");
        command.arg(check).arg("compare").arg("--template").arg(template).args([
            "--archive",
            &self.path("county/archive"),
            "--today",
            today,
            "--region",
            REGION,
        ]);
        let output = command.args(["--key", &"00".repeat(32), "--replica", &self.path(&format!("replica-{zone}"))]).output().expect("python3 can be run");
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{zone}: {}", said.lines().take(40).collect::<Vec<_>>().join("\n"));
    }
}

/// The same without ids (RFC 9562): the digits of an id may be those of somebody's telephone number.
fn without_ids(mut bytes: Vec<u8>) -> Vec<u8> {
    const DASHES: [usize; 4] = [8, 13, 18, 23];
    let mut at = 0;
    while at + 36 <= bytes.len() {
        let one = &bytes[at..at + 36];
        let is_id =
            one[8] == b'-' && one.iter().enumerate().all(|(place, byte)| if DASHES.contains(&place) { *byte == b'-' } else { byte.is_ascii_hexdigit() });
        if is_id {
            bytes[at..at + 36].fill(b' ');
        }
        at += if is_id { 36 } else { 1 };
    }
    bytes
}

#[test]
fn five_replicas_hold_what_their_templates_say() {
    let python = Command::new("python3").args(["-c", "import tomllib"]).output();
    if !python.is_ok_and(|output| output.status.success()) {
        println!("notice: python3 of at least 3.11 is not installed: the independent check of templates was not run");
        return;
    }
    let seed = Random::new("five_replicas").next().to_string();
    let scratch = tempfile::tempdir().expect("a folder");
    let county = County { folder: scratch.path().canonicalize().expect("it is there") };
    let households = size("GAPFERRY_HOUSEHOLDS", 20).to_string();
    county.run("none", &["demo", "--into", &county.path("county"), "--county", &households, "--seed", &seed]);
    county.expect("inside", &["init", "--zone", "inside", "--role", "source"]);
    county.expect("inside", &["archive", "add", "county", &county.path("county/archive"), "--layout", "records"]);
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/templates");
    let configuration = county.folder.join("inside/gapferry.toml");
    for (name, zone) in ROUTES {
        county.expect(zone, &["init", "--zone", zone, "--role", "replica"]);
        county.trust("inside", zone);
        county.trust(zone, "inside");
        let route = name.to_lowercase();
        county.expect("inside", &["route", "add", &route, "--archive", "county", "--to", zone]);
        county.expect(zone, &["route", "accept", &route, "--from", "inside", "--into", &county.path(&format!("replica-{zone}"))]);
        fs::create_dir(county.folder.join(format!("medium-{zone}"))).expect("a folder");
    }
    let text = fs::read_to_string(&configuration).expect("it is there");
    let text = text
        .replace("[policy]\n", "[policy]\nbreaker_items = 1000000\n")
        .replace("archive = \"county\"\n", &format!("archive = \"county\"\nregion = \"{REGION}\"\n"));
    fs::write(&configuration, text).expect("it can be written");
    county.push(2, "submitted");
    county.sign();
    county.expect("inside", &["capture"]);
    for (name, _) in ROUTES {
        let file = templates.join(format!("{name}.toml"));
        county.expect("inside", &["template", "activate", file.to_str().expect("UTF-8"), "--route", &name.to_lowercase(), "--reason", "approved"]);
    }
    let day = Command::new("date").args(["-u", "+%F"]).output().expect("date can be run").stdout;
    let day = String::from_utf8_lossy(&day).trim().to_owned();
    for change in [false, true] {
        if change {
            county.run("none", &["demo", "--into", &county.path("county"), "--step", "3"]);
            // Taken back: what only this project referred to leaves its route, though nothing of it changed.
            county.push(1, "draft");
            let again = county.expect("inside", &["certificate", "sign"]);
            assert_eq!(again["refused"], 0, "{again}");
        }
        for (name, zone) in ROUTES {
            county.settle(&name.to_lowercase(), zone);
            county.compare(&templates.join(format!("{name}.toml")), zone, &day);
            assert_eq!(county.prove(zone) > 0, ["RT2", "RT3", "RT4"].contains(&name), "{zone}");
            let leak = county.leak(&county.secrets(), zone);
            assert_eq!(leak.is_some(), zone.starts_with("backup"), "{leak:?}");
        }
    }
}
