//! The runbooks of deploy/runbooks, followed to the letter: every command of a page in its order, with the binary, on two sides that
//! have lost what the page is about; what it prints is held against the page, and at the end nothing is missing.
//!
//! The paths of the pages are put below a folder of the test, one for each side and one for what is carried. `GAPFERRY_DOCUMENTS` says how
//! many documents (`tests/full/42-runbooks.sh` asks for many); how long each runbook took is printed.

use crate::stand::{Random, binary, size, tree};
use crate::tidy::read;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// A command of a page: where, what, the lines that it prints, and its exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    side: String,
    command: String,
    prints: Vec<String>,
    exit: i32,
}

/// The commands of a page in their order.
fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut indent = None;
    for line in page.lines() {
        let text = line.trim_start();
        match indent {
            None if text == "```console" => indent = Some(line.len() - text.len()),
            None => {}
            Some(_) if text == "```" => indent = None,
            Some(indent) => {
                let line = line.get(indent..).unwrap_or_default();
                let command =
                    ["inside", "outside"].into_iter().find_map(|side| Some((side, line.strip_prefix(side)?.strip_prefix(['$', '#'])?.strip_prefix(' ')?)));
                match (command, steps.last_mut()) {
                    (Some((side, command)), _) => steps.push(Step { side: side.into(), command: command.into(), prints: Vec::new(), exit: 0 }),
                    (None, Some(step)) => match line.strip_prefix("exit ").and_then(|code| code.parse().ok()) {
                        Some(code) => step.exit = code,
                        None => step.prints.push(line.into()),
                    },
                    (None, None) => panic!("a line before any command: {line}"),
                }
            }
        }
    }
    steps
}

/// Whether a line is as the page shows it: `…` is anything, `LIFE` what it was before, or 32 hex digits that it is from now on.
fn is_as_shown(shown: &str, line: &str, life: &mut Option<String>) -> bool {
    let pieces: Vec<&str> = shown.split('…').map(str::trim_end).collect();
    if pieces.len() == 1 {
        let Some((before, after)) = shown.split_once("LIFE") else { return shown.trim_end() == line.trim_end() };
        let found = line.strip_prefix(before).and_then(|rest| rest.strip_suffix(after)).filter(|found| found.len() == 32);
        return found.is_some_and(|found| life.get_or_insert_with(|| found.to_owned()) == found);
    }
    let mut rest = line;
    for (place, piece) in pieces.iter().enumerate() {
        let at = if place == 0 { rest.starts_with(piece).then_some(0) } else { rest.find(piece) };
        let Some(at) = at else { return false };
        rest = &rest[at + piece.len()..];
    }
    pieces.last().is_some_and(|last| last.is_empty()) || rest.trim_end().is_empty() || line.trim_end().ends_with(pieces[pieces.len() - 1])
}

/// Both sides as a page finds them, below one folder.
struct Ground {
    root: PathBuf,
    language: &'static str,
    exported: BTreeMap<String, Vec<String>>,
    life: Option<String>,
    _folder: tempfile::TempDir,
}

impl Ground {
    fn new(language: &'static str) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let root = folder.path().canonicalize().expect("it is there");
        for side in ["inside", "outside"] {
            for below in ["var/lib", "srv", "etc/gapferry"] {
                fs::create_dir_all(root.join(side).join(below)).expect("a folder can be made");
            }
            fs::write(root.join(side).join("etc/gapferry/backup.passphrase"), "eight words that nobody else would ever choose\n").expect("written");
        }
        for below in ["media/ferry", "media/safe", "media/disk"] {
            fs::create_dir_all(root.join(below)).expect("a folder can be made");
        }
        Self { root, language, exported: BTreeMap::new(), life: None, _folder: folder }
    }

    /// Where a path of the pages lies for a side.
    fn at(&self, side: &str, path: &str) -> PathBuf {
        let below = if path.starts_with("/media") { self.root.clone() } else { self.root.join(side) };
        below.join(path.trim_start_matches('/'))
    }

    /// The line with the paths of a side in the place of those of the page.
    fn placed(&self, side: &str, line: &str) -> String {
        // Whoever runs the tests is that user.
        let mut line = line.replace(" -o gapferry -g gapferry", "");
        for path in ["/var/lib/gapferry", "/srv/", "/media/", "/etc/gapferry/"] {
            let mut there = self.at(side, path).display().to_string();
            there.extend(path.ends_with('/').then_some('/').filter(|_| !there.ends_with('/')));
            line = line.replace(path, &there);
        }
        line
    }

    /// Runs a line as it would be typed; gives what it printed, with the paths of the page, and its exit code.
    fn run(&self, side: &str, line: &str) -> (String, i32) {
        let path = format!("{}:{}", binary().parent().expect("a binary lies in a folder").display(), std::env::var("PATH").expect("there is a path"));
        let before = self.exported.get(side).map(|lines| lines.join("\n")).unwrap_or_default();
        let output = Command::new("bash")
            .arg("-c")
            .arg(format!("{before}\n{}", self.placed(side, line)))
            .current_dir(&self.root)
            .env("PATH", path)
            .env_remove("LC_ALL")
            .env_remove("LC_MESSAGES")
            .env("LANG", self.language)
            .env_remove("GAPFERRY_HOME")
            .env_remove("GAPFERRY_PASSPHRASE_FILE")
            .stdin(std::process::Stdio::null())
            .output()
            .expect("bash can be run");
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let shown = text.replace(&self.root.join(side).display().to_string(), "").replace(&self.root.display().to_string(), "");
        (shown, output.status.code().unwrap_or(-1))
    }

    /// A line that must work, of the preparation.
    #[track_caller]
    fn must(&self, side: &str, line: &str) -> String {
        let (text, exit) = self.run(side, &format!("export GAPFERRY_HOME=/var/lib/gapferry; {line}"));
        assert_eq!(exit, 0, "{side}$ {line}\n{text}");
        text
    }

    /// Follows a step of a page.
    fn follow(&mut self, step: &Step) -> Result<(), String> {
        let mut command = step.command.clone();
        if let Some(life) = &self.life {
            command = command.replace("LIFE", life);
        }
        let (text, exit) = self.run(&step.side, &command);
        let failed = |what: String| Err(format!("{}$ {}: {what}\n{text}", step.side, step.command));
        if command.starts_with("export ") {
            let placed = self.placed(&step.side, &command);
            self.exported.entry(step.side.clone()).or_default().push(placed);
        }
        if exit != step.exit {
            return failed(format!("it ends with {exit}, and the page says {}", step.exit));
        }
        let mut lines = text.lines();
        for shown in &step.prints {
            if !lines.any(|line| is_as_shown(shown, line, &mut self.life)) {
                return failed(format!("it does not print, or not in this order: {shown}"));
            }
        }
        Ok(())
    }

    /// Two zones with a route that has crossed, backups of both homes, and changes that crossed after them: some are of documents that
    /// were there, some came and some went. One more never crossed.
    fn prepare(&self, documents: u64, random: &mut Random) {
        let archive = self.at("inside", "/srv/archive");
        let name = |number: u64| archive.join(format!("{:03}/{number:06}.json", number / 500));
        for number in 0..documents {
            if number % 500 == 0 {
                fs::create_dir_all(name(number).parent().expect("it lies in a folder")).expect("a folder can be made");
            }
            let length = 1000 + usize::try_from(random.below(2000)).expect("small");
            fs::write(name(number), random.bytes(length)).expect("written");
        }
        for (side, role) in [("inside", "source"), ("outside", "replica")] {
            self.must(side, &format!("gapferry init --zone {side} --role {role} && gapferry card > /media/ferry/{side}.card"));
        }
        for (side, other) in [("inside", "outside"), ("outside", "inside")] {
            let card = self.must(other, "gapferry card --json");
            let card: serde_json::Value = serde_json::from_str(&card).expect("a card");
            self.must(side, &format!("gapferry trust /media/ferry/{other}.card --fingerprint {}", card["fingerprint"].as_str().expect("a fingerprint")));
        }
        self.must("inside", "gapferry archive add cards /srv/archive && gapferry route add daily --archive cards --to outside");
        self.must("outside", "gapferry route accept daily --from inside --into /srv/replica");
        let round = || ["inside", "outside", "inside"].iter().for_each(|side| drop(self.must(side, "gapferry carry /media/ferry")));
        round();
        for side in ["inside", "outside"] {
            self.must(side, &format!("gapferry home backup /media/safe/{side} --passphrase-file /etc/gapferry/backup.passphrase"));
        }
        fs::write(name(0), "changed after the backup").expect("written");
        fs::remove_file(name(1)).expect("removed");
        fs::write(archive.join("came after the backup"), "new").expect("written");
        round();
        fs::write(name(2), "changed and never carried").expect("written");
    }

    /// The replica is the archive, and both ledgers are whole and say so.
    fn is_true(&self) {
        let (archive, replica) = (tree(&self.at("inside", "/srv/archive")), tree(&self.at("outside", "/srv/replica")));
        let paths = archive.keys().chain(replica.keys());
        let differing: Vec<_> = paths.filter(|path| archive.get(*path) != replica.get(*path)).map(|path| String::from_utf8_lossy(path)).take(5).collect();
        assert!(differing.is_empty(), "{differing:?}");
        for side in ["inside", "outside"] {
            let passphrase = "export GAPFERRY_PASSPHRASE_FILE=/etc/gapferry/backup.passphrase";
            let verified = self.must(side, &format!("{passphrase}; gapferry ledger verify --json"));
            assert!(verified.contains("\"first_bad\":null"), "{verified}");
            let status: serde_json::Value = serde_json::from_str(&self.must(side, &format!("{passphrase}; gapferry status --json"))).expect("a status");
            let route = &status["routes"][0];
            assert_eq!((&route["items"]["done"], &route["items"]["total"]), (&archive.len().into(), &archive.len().into()), "{side}: {status}");
            assert_eq!((&route["unconfirmed"], &route["stopped"]), (&0.into(), &serde_json::Value::Null), "{side}: {status}");
        }
    }
}

/// Follows a page from a loss on; gives how long its commands took.
fn follow(ground: &mut Ground, page: &str) -> Result<Duration, String> {
    let begun = Instant::now();
    steps(page).iter().try_for_each(|step| ground.follow(step))?;
    Ok(begun.elapsed())
}

/// What is lost, by the name of the page.
const LOST: [(&str, &[(&str, &str)]); 3] = [
    ("lost-source", &[("inside", "/var/lib/gapferry"), ("inside", "/srv/archive")]),
    ("lost-source-home", &[("inside", "/var/lib/gapferry")]),
    ("lost-replica-home", &[("outside", "/var/lib/gapferry")]),
];

fn page(name: &str, language: &str) -> String {
    read(&format!("deploy/runbooks/{name}{}.md", if language == "C" { "" } else { ".zh-CN" }))
}

fn followed_to_the_letter(name: &str, language: &'static str) {
    let documents = size("GAPFERRY_DOCUMENTS", 300).max(3);
    let mut ground = Ground::new(language);
    ground.prepare(documents, &mut Random::new(name));
    let (_, lost) = LOST.iter().find(|(page, _)| *page == name).expect("a page of the table");
    for (side, path) in *lost {
        fs::remove_dir_all(ground.at(side, path)).expect("it was there");
    }
    let took = follow(&mut ground, &page(name, language)).unwrap_or_else(|what| panic!("{name} ({language}): {what}"));
    println!("{name}: {documents} documents, {:.1} minutes", took.as_secs_f64() / 60.0);
    ground.is_true();
}

/// FAULTS C07
#[test]
fn a_lost_source_is_restored_as_the_runbook_says() {
    followed_to_the_letter("lost-source", "C");
}

/// FAULTS C07
#[test]
fn a_lost_home_of_the_source_is_restored_as_the_runbook_says() {
    followed_to_the_letter("lost-source-home", "C");
}

/// FAULTS C07
#[test]
fn a_lost_home_of_a_replica_is_restored_as_the_runbook_says() {
    followed_to_the_letter("lost-replica-home", "C");
}

/// The commands of both languages are the same but for what people say.
#[test]
fn the_runbooks_in_chinese_work_as_well() {
    let said = |step: &Step| step.command.split("--reason").next().expect("a split has a first part").to_owned();
    for (name, _) in LOST {
        let [english, chinese] = ["C", "zh_CN.UTF-8"].map(|language| steps(&page(name, language)));
        assert_eq!(english.iter().map(said).collect::<Vec<_>>(), chinese.iter().map(said).collect::<Vec<_>>(), "{name}");
        followed_to_the_letter(name, "zh_CN.UTF-8");
    }
}

#[test]
fn a_page_that_is_wrong_does_not_pass() {
    let wrong = |page: &str| follow(&mut Ground::new("C"), &format!("```console\n{page}\n```\n")).is_err();
    assert!(!wrong("inside$ echo one; echo two; echo three\none\nth…ee"));
    assert!(wrong("inside$ echo one\ntwo"), "another line");
    assert!(wrong("inside$ echo one; echo two\ntwo\none"), "another order");
    assert!(wrong("inside$ false"), "another exit code");
    assert!(wrong("inside$ true\nexit 5"));
    assert!(!wrong("inside$ exit 5\nexit 5"));
    assert!(wrong("inside$ gapferry no-such-command"), "a command that there is not");
    let life = "0123456789abcdef0123456789abcdef";
    assert!(!wrong(&format!("inside$ echo life: {life}\nlife: LIFE\noutside$ echo LIFE\n{life}")));
    assert!(wrong(&format!("inside$ echo life: {life}\nlife: LIFE\noutside$ echo life: {}\nlife: LIFE", "0".repeat(32))), "another life");
    assert!(!wrong("inside$ echo /srv/archive\n/srv/archive\ninside$ echo /media/ferry\n/media/ferry"));
    assert!(!wrong("inside$ export NAME=word\ninside$ echo $NAME\nword\noutside$ echo $NAME.\n."));
}

/// Every name that a page uses is in the table, and every page in the list.
#[test]
fn the_list_of_runbooks_is_whole() {
    let list = read("deploy/runbooks/README.md");
    for (name, _) in LOST {
        assert!(list.contains(&format!("({name}.md)")) && list.contains(&format!("({name}.zh-CN.md)")), "{name}");
        for step in steps(&page(name, "C")) {
            let words = step.command.split([' ', '=', '\'']).filter(|word| word.starts_with('/'));
            for word in words {
                let known = list.split('`').any(|name| name.len() > 1 && name.starts_with('/') && (word.starts_with(name) || name.starts_with(word)));
                assert!(known, "{name}: {word} is not in the table of names");
            }
        }
    }
}
