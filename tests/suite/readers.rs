//! Who reads several documents that belong together by the protocol of spec/reading.md never sees half of what a package switches,
//! also when `apply` is killed in the middle of it.
//!
//! The reader is a process of its own, in another language, that knows the page and nothing else. `GAPFERRY_ROUNDS`: how often the
//! household is split or joined again; in each round `apply` is killed once, at one of its renames.

use crate::kill_calls::{calls, killed_at, no_strace};
use crate::stand::{Random, Side, Stand, binary, size};
use rustix::fs::{FlockOperation, flock};
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The records of one household, and of two.
const JOINED: [&str; 7] = ["household 1", "member 1", "member 2", "member 3", "member 4", "member 5", "contract 1"];
const SPLIT: [&str; 9] = ["household 1", "household 2", "member 1", "member 2", "member 3", "member 4", "member 5", "contract 1", "contract 2"];

/// Looks until its input ends; then says how often it looked and which mixtures it saw. What it does is the page's.
const READER: &str = r#"
import json, select, sys
code, tree = open(sys.argv[1]).read().split("```python\n")[1].split("```")[0], sys.argv[2]
exec(code)
def look(tree):
    texts = {}
    for name in os.listdir(tree):
        if not name.startswith("."):
            texts[name] = open(os.path.join(tree, name)).read()
    return texts
looks, mixed = 0, []
print("begins", flush=True)
while not select.select([sys.stdin], [], [], 0)[0]:
    texts = whole(tree, look)
    looks += 1
    if len(set(texts.values())) != 1 or len(texts) != (7 if int(min(texts.values())) % 2 == 0 else 9):
        mixed.append(texts)
print(json.dumps({"looks": looks, "mixed": mixed}))
"#;

fn reader(stand: &Stand) -> Child {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/reading.md");
    let mut command = Command::new("python3");
    command.args(["-c", READER]).arg(page).arg(&stand.replica).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut reader = command.spawn().expect("python3 can be run");
    reader.stdout.as_mut().expect("it is a pipe").read_exact(&mut [0; 7]).expect("it begins");
    reader
}

/// What lies in a tree: the rounds that its records are of, and how many they are.
fn rounds(tree: &Path) -> (BTreeSet<String>, usize) {
    let records = fs::read_dir(tree).expect("it is there").map(|entry| entry.expect("it can be listed").path());
    let records: Vec<_> = records.filter(|path| path.is_file()).map(|path| fs::read_to_string(path).expect("it can be read")).collect();
    (records.iter().cloned().collect(), records.len())
}

/// FAULTS A07, C01
#[test]
fn readers_never_see_half_of_a_split() {
    if no_strace() {
        return;
    }
    let wanted = size("GAPFERRY_ROUNDS", 12);
    let mut random = Random::new("readers_never_see_half_of_a_split");
    let stand = Stand::new();
    stand.without_breaker();
    let split = |round: u64| {
        let records: &[&str] = if round.is_multiple_of(2) { &JOINED } else { &SPLIT };
        SPLIT.iter().for_each(|record| drop(fs::remove_file(stand.archive.join(record))));
        records.iter().for_each(|record| stand.write(record, round.to_string()));
        stand.expect(Side::Source, &["pack", "--to", "medium"], 0);
    };
    const APPLY: &[&str] = &["apply", "--from", "medium"];
    const RENAMES: &str = "rename,renameat,renameat2,unlink,unlinkat";
    split(0);
    stand.expect(Side::Replica, APPLY, 0);
    split(1);
    let count = calls(&stand, Side::Replica, APPLY).iter().filter(|(kind, _)| RENAMES.starts_with(kind)).map(|(_, count)| *count).sum::<u64>();
    let mut reader = reader(&stand);
    let (mut killed, mut half) = (0, 0);
    for round in 2..wanted + 2 {
        stand.expect(Side::Source, &["reconcile", "--from", "medium"], 0);
        split(round);
        killed += u64::from(killed_at(&stand, Side::Replica, APPLY, RENAMES, 1 + random.below(count)));
        let lock = fs::File::open(stand.replica.join(".gapferry/apply.lock")).expect("there is a lock");
        let (seen, records) = rounds(&stand.replica);
        let is_half = seen.len() != 1 || records != if seen.first().is_some_and(|seen| seen.parse::<u64>().unwrap() % 2 == 0) { 7 } else { 9 };
        half += u64::from(is_half);
        let marked = stand.replica.join(".gapferry/switching").exists();
        assert!(!is_half || marked, "round {round}: half of it lies there, nobody holds the lock, and nothing says so: {seen:?}, {records} records");
        drop(lock);
        stand.expect(Side::Replica, APPLY, 0);
        assert_eq!(rounds(&stand.replica), ([round.to_string()].into(), if round % 2 == 0 { 7 } else { 9 }), "round {round}");
        assert!(!stand.replica.join(".gapferry/switching").exists(), "round {round}: it is whole");
    }
    reader.stdin.as_mut().expect("it is a pipe").write_all(b"\n").expect("it reads");
    let said = reader.wait_with_output().expect("it ends");
    let said: serde_json::Value = serde_json::from_slice(&said.stdout).expect("it says what it saw");
    println!("{wanted} rounds, {killed} kills, {half} of them left half; the reader looked {} times", said["looks"]);
    assert_eq!(said["mixed"].as_array().map(Vec::len), Some(0), "{said}");
    assert!(said["looks"].as_u64() > Some(0) && killed > 0 && half > 0, "it must have come to that");
}

/// FAULTS A07
#[test]
fn a_tree_that_is_not_whole_is_not_read() {
    let stand = Stand::new();
    stand.write("a", "content");
    stand.round();
    let read = |words: &[&str]| {
        let mut command = Command::new(binary());
        command.arg("--home").arg(stand.home(Side::Replica)).args(["--quiet", "read", "--route", "outward", "--wait", "0", "--"]).args(words);
        command.stderr(Stdio::null()).status().expect("the binary can be run").code()
    };
    assert_eq!((read(&["true"]), read(&["sh", "-c", "exit 7"]), read(&["sh", "-c", "kill -15 $$"])), (Some(0), Some(7), Some(143)));
    assert_eq!(read(&["there is no such program"]), Some(4));
    // A command that was killed before it had switched anything left its marker: the next one takes it away.
    fs::write(stand.replica.join(".gapferry/switching"), "").unwrap();
    assert_eq!(read(&["true"]), Some(75));
    stand.expect(Side::Replica, &["apply", "--from", "medium"], 0);
    assert_eq!(read(&["true"]), Some(0));
    // While somebody reads nothing is applied, and nothing has begun.
    stand.write("a", "newer content");
    stand.expect(Side::Source, &["carry", "medium"], 0);
    let reader = fs::File::open(stand.replica.join(".gapferry/apply.lock")).expect("there is a lock");
    flock(&reader, FlockOperation::NonBlockingLockShared).expect("it is free");
    let records = stand.records(Side::Replica).len();
    assert_eq!(stand.run(Side::Replica, &["apply", "--from", "medium"]).exit, Some(75));
    assert_eq!((read(&["true"]), stand.records(Side::Replica).len()), (Some(0), records), "others read on, and nothing was begun");
    drop(reader);
    stand.expect(Side::Replica, &["apply", "--from", "medium"], 0);
    assert_eq!(fs::read_to_string(stand.replica.join("a")).unwrap(), "newer content");
}
