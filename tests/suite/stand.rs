//! What the tests of the whole program stand on: two homes, an archive, a replica tree and a medium (or gateway folders) in
//! one temporary folder, the binary run as a process, trees compared, randomness from a printed seed.
//!
//! The binary is that of `GAPFERRY_BINARY` where it is set (full sizes run the release build), else the one built with the tests.

#![allow(dead_code, reason = "each module of the suite uses its own part of the stand")]

use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The longest that anything another process does is waited for. Generous: reaching it is a failure, never a measurement.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// The binary under test.
pub fn binary() -> PathBuf {
    std::env::var_os("GAPFERRY_BINARY").map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_gapferry")), PathBuf::from)
}

/// The value of an environment variable as a number, else `usual`: the full sizes are asked for this way.
pub fn size(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

/// Looks until `seen` gives something; fails with `what` when that takes longer than [`PATIENCE`].
pub fn wait_for<T>(what: &str, mut seen: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(value) = seen() {
            return value;
        }
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Does something over the driver, in this process. A program that another thread is just starting holds copies of our locks
/// until it runs, so that a home may look held for a moment: that is waited out.
pub fn patiently<T>(what: &str, mut act: impl FnMut() -> Result<T, driver::Failure>) -> Result<T, driver::Failure> {
    wait_for(what, || Some(act()).filter(|result| !matches!(result, Err(failure) if failure.0.code == "HOM-01")))
}

/// Numbers that look random, all of them from one seed.
pub struct Random(u64);

impl Random {
    /// From `GAPFERRY_SEED`, else from a fresh seed; it is printed, so that a failure can be repeated.
    pub fn new(test: &str) -> Self {
        let seed = size("GAPFERRY_SEED", RandomState::new().build_hasher().finish());
        println!("{test}: GAPFERRY_SEED={seed}");
        Self(seed)
    }

    /// From a seed that the caller has printed.
    pub fn of(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number (splitmix64).
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// So many bytes that do not compress.
    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(length);
        bytes
    }

    /// A moment between nothing and `longest`.
    pub fn moment(&mut self, longest: Duration) -> Duration {
        Duration::from_nanos(self.below(u64::try_from(longest.as_nanos()).unwrap_or(u64::MAX).max(1)))
    }
}

/// What a file is, for comparing trees: content, modification time in ns, executable.
pub type Leaf = (Vec<u8>, i128, bool);

/// Every regular file below a folder by its path; what gapferry keeps in `.gapferry` of a replica is left out.
pub fn tree(root: &Path) -> BTreeMap<Vec<u8>, Leaf> {
    let mut found = BTreeMap::new();
    let mut open = vec![PathBuf::new()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(root.join(&folder)).unwrap_or_else(|error| panic!("{}: {error}", root.join(&folder).display())) {
            let path = folder.join(entry.expect("the folder can be listed").file_name());
            let metadata = fs::symlink_metadata(root.join(&path)).expect("what is listed is there");
            if metadata.is_dir() {
                if path != Path::new(".gapferry") {
                    open.push(path);
                }
            } else {
                let modified = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
                let content = fs::read(root.join(&path)).expect("a file can be read");
                found.insert(path.as_os_str().as_bytes().to_vec(), (content, modified, metadata.mode() & 0o111 != 0));
            }
        }
    }
    found
}

/// Copies a folder with all that is in it, as a backup program does.
pub fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp can be run");
    assert!(status.success(), "cp {} {}", from.display(), to.display());
}

/// What came of one run of the program.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; none when a signal ended it.
    pub exit: Option<i32>,
    /// The object that it printed; null when it printed none.
    pub object: Value,
    /// What it said on stderr.
    pub stderr: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let object = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        Self { exit: output.status.code(), object, stderr: String::from_utf8_lossy(&output.stderr).into_owned() }
    }
}

impl Ran {
    /// Codes of the error or of all the problems, wherever in the report they are.
    pub fn codes(&self) -> Vec<String> {
        fn gather(value: &Value, codes: &mut Vec<String>) {
            match value {
                Value::Object(fields) => {
                    if let (Some(code), true) = (fields.get("code").and_then(Value::as_str), fields.contains_key("detail")) {
                        codes.push(code.to_owned());
                    }
                    fields.values().for_each(|value| gather(value, codes));
                }
                Value::Array(values) => values.iter().for_each(|value| gather(value, codes)),
                _ => {}
            }
        }
        let mut codes = Vec::new();
        gather(&self.object, &mut codes);
        codes
    }
}

/// Which home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The one inside.
    Source,
    /// The one outside.
    Replica,
}

/// How a stand is set up.
#[derive(Clone, Debug, Default)]
pub struct Setting {
    /// The archive; one of its own if none.
    pub archive: Option<PathBuf>,
    /// Over gateway folders and not by medium.
    pub gateways: bool,
    /// A file that holds the passphrase of both homes.
    pub passphrase: Option<PathBuf>,
    /// The archive is one of records.
    pub records: bool,
}

/// What a stand consists of beside its archive.
const KEPT: [&str; 6] = ["home-source", "home-replica", "replica", "medium", "over", "back"];

/// Two homes with one route, `outward`, from the archive `cards`.
pub struct Stand {
    /// The folder that holds everything.
    pub root: PathBuf,
    /// The archive.
    pub archive: PathBuf,
    /// The replica tree.
    pub replica: PathBuf,
    /// The medium.
    pub medium: PathBuf,
    passphrase: Option<PathBuf>,
    temporary: Option<tempfile::TempDir>,
}

impl Drop for Stand {
    /// What a failed test stood on is left to be looked at.
    fn drop(&mut self) {
        if let Some(folder) = self.temporary.take_if(|_| std::thread::panicking()) {
            println!("left to be looked at: {}", folder.keep().display());
        }
    }
}

impl Stand {
    /// An archive of its own, a medium.
    pub fn new() -> Self {
        Self::with(Setting::default())
    }

    /// As the setting says.
    pub fn with(setting: Setting) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let root = folder.path().canonicalize().expect("it is there");
        let archive = setting.archive.unwrap_or_else(|| root.join("archive"));
        let stand = Self { replica: root.join("replica"), medium: root.join("medium"), archive, root, passphrase: setting.passphrase, temporary: Some(folder) };
        for made in [&stand.archive, &stand.medium, &stand.folder("over"), &stand.folder("back")] {
            fs::create_dir_all(made).expect("a folder can be made");
        }
        for line in stand.set_up(setting.gateways, setting.records) {
            stand.expect(line.0, &line.1.iter().map(String::as_str).collect::<Vec<_>>(), 0);
        }
        stand
    }

    /// Copies everything but the archive, to be put back with [`Stand::restore`].
    pub fn keep(&self) -> tempfile::TempDir {
        let kept = tempfile::tempdir().expect("a folder can be made");
        for name in KEPT.iter().filter(|name| self.folder(name).exists()) {
            copy(&self.folder(name), &kept.path().join(name));
        }
        kept
    }

    /// Puts back what was kept.
    pub fn restore(&self, kept: &tempfile::TempDir) {
        for name in KEPT {
            let _was_not_there = fs::remove_dir_all(self.folder(name));
            if kept.path().join(name).exists() {
                copy(&kept.path().join(name), &self.folder(name));
            }
        }
    }

    /// The commands that set both homes up, in order.
    fn set_up(&self, gateways: bool, records: bool) -> Vec<(Side, Vec<String>)> {
        let line = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let path = |path: &Path| path.to_str().expect("paths of tests are UTF-8").to_owned();
        self.expect(Side::Source, &["init", "--zone", "inside", "--role", "source"], 0);
        self.expect(Side::Replica, &["init", "--zone", "outside", "--role", "replica"], 0);
        let mut lines = Vec::new();
        for (side, other) in [(Side::Source, Side::Replica), (Side::Replica, Side::Source)] {
            let card = self.expect(other, &["card"], 0);
            let file = self.folder(if side == Side::Source { "outside.card" } else { "inside.card" });
            fs::write(&file, card["card"].as_str().expect("a card")).expect("a card can be written");
            lines.push((side, line(&["trust", &path(&file), "--fingerprint", card["fingerprint"].as_str().expect("a fingerprint")])));
        }
        let layout = if records { "records" } else { "files" };
        lines.push((Side::Source, line(&["archive", "add", "cards", &path(&self.archive), "--layout", layout])));
        let mut add = line(&["route", "add", "outward", "--archive", "cards", "--to", "outside"]);
        let mut accept = line(&["route", "accept", "outward", "--from", "inside", "--into", &path(&self.replica)]);
        if gateways {
            let (over, back) = (path(&self.folder("over")), path(&self.folder("back")));
            add.extend(line(&["--to-gateway", &over, "--from-gateway", &back]));
            accept.extend(line(&["--to-gateway", &back, "--from-gateway", &over]));
        }
        lines.push((Side::Source, add));
        lines.push((Side::Replica, accept));
        lines
    }

    /// Something in the folder that holds everything.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// A home.
    pub fn home(&self, side: Side) -> PathBuf {
        self.folder(if side == Side::Source { "home-source" } else { "home-replica" })
    }

    /// A run that has not begun: the binary with `--home` and `--json`, nobody at its input, nothing of the caller's settings.
    pub fn command(&self, side: Side, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.args(arguments).arg("--json").arg("--home").arg(self.home(side)).current_dir(&self.root).stdin(Stdio::null());
        command.env_remove("GAPFERRY_HOME").env_remove("GAPFERRY_PASSPHRASE_FILE").env("LC_ALL", "C");
        if let Some(file) = &self.passphrase {
            command.env("GAPFERRY_PASSPHRASE_FILE", file);
        }
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, side: Side, arguments: &[&str]) -> Ran {
        self.command(side, arguments).output().expect("the binary can be run").into()
    }

    /// Runs a command that must end with `exit`; gives what it printed.
    pub fn expect(&self, side: Side, arguments: &[&str], exit: i32) -> Value {
        let ran = self.run(side, arguments);
        assert_eq!(ran.exit, Some(exit), "{side:?} {arguments:?}: {ran:#?}");
        ran.object
    }

    /// `carry` of the medium, which must end with 0.
    pub fn carry(&self, side: Side) -> Value {
        self.expect(side, &["carry", self.medium.to_str().expect("paths of tests are UTF-8")], 0)
    }

    /// Source, replica, source: afterwards everything is proven.
    pub fn round(&self) {
        [Side::Source, Side::Replica, Side::Source].into_iter().for_each(|side| drop(self.carry(side)));
    }

    /// Writes a document of the archive.
    pub fn write(&self, path: impl AsRef<OsStr>, content: impl AsRef<[u8]>) {
        let path = self.archive.join(Path::new(path.as_ref()));
        fs::create_dir_all(path.parent().expect("it lies in the archive")).expect("a folder can be made");
        fs::write(path, content).expect("a document can be written");
    }

    /// The state of the route, from `status`, which also tells of a route that a safety stopped.
    pub fn route(&self, side: Side) -> Value {
        let ran = self.run(side, &["status"]);
        assert!(matches!(ran.exit, Some(0 | 1 | 5)), "{side:?} status: {ran:#?}");
        ran.object["routes"][0].clone()
    }

    /// Total and done on the source.
    pub fn counts(&self) -> (u64, u64) {
        let route = self.route(Side::Source);
        let count = |name: &str| route["items"][name].as_u64().expect("a count");
        (count("total"), count("done"))
    }

    /// The replica equals the archive, and so says the ledger.
    pub fn expect_true(&self) {
        let (archive, replica) = (tree(&self.archive), tree(&self.replica));
        let only = |one: &BTreeMap<Vec<u8>, Leaf>, two: &BTreeMap<Vec<u8>, Leaf>| {
            one.keys().filter(|path| !two.contains_key(*path)).map(|path| String::from_utf8_lossy(path).into_owned()).collect::<Vec<_>>()
        };
        assert_eq!((only(&archive, &replica), only(&replica, &archive)), (Vec::new(), Vec::new()), "only in the archive, only on the replica");
        let differing: Vec<String> =
            archive.iter().filter(|(path, leaf)| replica[*path] != **leaf).map(|(path, _)| String::from_utf8_lossy(path).into_owned()).collect();
        assert!(differing.is_empty(), "these differ: {differing:?}");
        let total = archive.len() as u64;
        assert_eq!(self.counts(), (total, total), "{}", self.route(Side::Source));
    }

    /// `ledger verify` finds both ledgers whole.
    pub fn expect_whole(&self) {
        for side in [Side::Source, Side::Replica] {
            let report = self.expect(side, &["ledger", "verify"], 0);
            assert_eq!(report["first_bad"], Value::Null, "{side:?}: {report}");
        }
    }

    /// Files of the replica that hold this text, anywhere in its tree, its history, its staging and its home.
    pub fn holding(&self, text: &str) -> Vec<PathBuf> {
        fn search(folder: &Path, text: &str, found: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
                if entry.is_dir() {
                    search(&entry, text, found);
                } else if fs::read(&entry).expect("a file").windows(text.len()).any(|window| window == text.as_bytes()) {
                    found.push(entry);
                }
            }
        }
        let mut found = Vec::new();
        [self.replica.clone(), self.home(Side::Replica)].iter().for_each(|folder| search(folder, text, &mut found));
        found
    }

    /// The records of a ledger.
    pub fn records(&self, side: Side) -> Vec<Value> {
        self.expect(side, &["ledger", "show"], 0)["records"].as_array().expect("records").clone()
    }

    /// Lets any number of changes through the breaker: for tests of other things.
    pub fn without_breaker(&self) {
        for side in [Side::Source, Side::Replica] {
            let file = self.home(side).join("gapferry.toml");
            let text = fs::read_to_string(&file).expect("the configuration can be read");
            assert!(text.contains("\n[policy]\n"), "the template of the configuration is another one: {text}");
            fs::write(file, text.replace("\n[policy]\n", "\n[policy]\nbreaker_items = 1000000000\nbreaker_suspicious_items = 1000000000\n"))
                .expect("the configuration can be written");
        }
    }
}
