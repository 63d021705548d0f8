//! The replica as people find it: plain files for plain tools (P9), earlier versions that come back, files that somebody edited
//! by hand kept aside and reported, names of every kind (P8; faults A01 to A06, A08).

use crate::stand::{Leaf, Random, Side, Stand, binary, size, tree};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are UTF-8")
}

/// Runs a tool of the system and gives what it printed; it must end with 0.
fn tool(name: &str, arguments: &[&str]) -> String {
    let output = Command::new(name).args(arguments).env("LC_ALL", "C").output().unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(output.status.success(), "{name} {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn plain_tools_read_it() {
    let mut random = Random::new("plain tools");
    let stand = Stand::new();
    for number in 0..50 {
        stand.write(format!("卡片 {}/{number:03}.json", number % 4), format!("{{\"number\": {number}, \"text\": \"{}\"}}", random.next()));
    }
    stand.write("large.bin", random.bytes(3 << 20));
    stand.write("empty", b"");
    fs::set_permissions(stand.archive.join("empty"), fs::Permissions::from_mode(0o755)).expect("executable");
    stand.round();
    let (archive, replica) = (text(&stand.archive), text(&stand.replica));
    assert_eq!(tool("diff", &["-r", "--exclude=.gapferry", archive, replica]), "");
    let listed = |root: &str| {
        let found = tool("find", &[root, "-name", ".gapferry", "-prune", "-o", "-type", "f", "-printf", "%P %s %T@ %m\n"]);
        found.lines().map(str::to_owned).collect::<BTreeSet<String>>()
    };
    // 644 and 755 whatever the source had: only the executable bit crosses.
    assert_eq!(listed(archive), listed(replica));
    assert_eq!(
        tool(
            "find",
            &[replica, "-name", ".gapferry", "-prune", "-o", "-type", "f", "-links", "+1", "-print", "-o", "!", "-type", "f", "!", "-type", "d", "-print"]
        ),
        "",
        "nothing but plain files and folders"
    );
    // What gapferry keeps beside them holds deleted versions: it is the owner's alone.
    assert_eq!(fs::metadata(stand.replica.join(".gapferry")).expect("there").mode() & 0o077, 0);
    // And without gapferry's folder it is still all there.
    let copy = stand.folder("copy");
    tool("cp", &["-a", replica, text(&copy)]);
    fs::remove_dir_all(copy.join(".gapferry")).expect("removed");
    assert_eq!(tool("diff", &["-r", archive, text(&copy)]), "");
}

/// Restores what is `back` versions back, below a new folder.
fn restored(stand: &Stand, back: &str, pattern: &str) -> BTreeMap<Vec<u8>, Leaf> {
    let folder = stand.folder(&format!("restored-{back}-{}", pattern.replace(['*', '/'], "")));
    let report = stand.expect(Side::Replica, &["history", pattern, "--back", back, "--restore", text(&folder)], 0);
    let found = if folder.exists() { tree(&folder) } else { BTreeMap::new() };
    assert_eq!(report["restored"].as_u64(), Some(found.len() as u64), "{report}");
    found
}

#[test]
fn history_brings_back_the_version_before_last() {
    let mut random = Random::new("history");
    let stand = Stand::new();
    stand.without_breaker();
    let count = size("GAPFERRY_DOCUMENTS", 100);
    let mut versions: Vec<BTreeMap<Vec<u8>, Leaf>> = Vec::new();
    for version in 0..4u64 {
        for number in 0..count {
            // Some are large enough for deltas; some differ in few bytes; one in ten only in its attributes in between.
            let name = format!("cards/村 {number:03}.json");
            let length = if number % 25 == 3 { 200_000 } else { 100 + random.below(5000) };
            let mut content = format!("version {version} of {number}\n").into_bytes();
            content.extend(random.bytes(usize::try_from(length).expect("small")));
            stand.write(&name, content);
            let mode = if (number + version) % 5 == 0 { 0o755 } else { 0o644 };
            fs::set_permissions(stand.archive.join(&name), fs::Permissions::from_mode(mode)).expect("set");
        }
        stand.write("other/unchanged", b"never changed");
        versions.push(tree(&stand.archive).into_iter().filter(|(name, _)| name.starts_with(b"cards/")).collect());
        stand.round();
    }
    let listed = stand.expect(Side::Replica, &["history", "cards/**"], 0);
    assert_eq!(listed["entries"].as_array().map(Vec::len), Some(3 * count as usize));
    assert_eq!(listed["restored"].as_u64(), Some(0));
    for (back, version) in [("1", 2), ("2", 1), ("3", 0)] {
        assert!(restored(&stand, back, "cards/**") == versions[version], "{back} back is version {version}");
    }
    assert!(restored(&stand, "4", "cards/**").is_empty(), "there is no such version");
    assert!(restored(&stand, "1", "other/**").is_empty(), "it has no earlier version");
    stand.expect_true();
    // By number, and a removed document: its last version is one back.
    let name = "cards/村 007.json";
    fs::remove_file(stand.archive.join(name)).expect("removed");
    stand.round();
    assert_eq!(restored(&stand, "1", name), versions[3].clone().into_iter().filter(|(known, _)| known == name.as_bytes()).collect());
    let folder = stand.folder("by number");
    stand.expect(Side::Replica, &["history", name, "--version", "1", "--restore", text(&folder)], 0);
    assert_eq!(tree(&folder)[name.as_bytes()], versions[0][name.as_bytes()]);
    // Restoring never overwrites.
    fs::write(folder.join(name), b"somebody's work").expect("written");
    let ran = stand.run(Side::Replica, &["history", name, "--version", "2", "--restore", text(&folder)]);
    assert!(ran.exit != Some(0) && !ran.codes().is_empty(), "{ran:#?}");
    assert_eq!(fs::read(folder.join(name)).expect("there"), b"somebody's work");
    let ran = stand.run(Side::Replica, &["history", "cards/**", "--back", "1", "--restore", text(&stand.replica.join("inside"))]);
    assert_eq!((ran.exit, ran.codes()), (Some(2), vec!["USE-01".to_owned()]), "a replica is no place for it: {ran:#?}");
    stand.expect_true();
}

/// Everything that was kept aside: content, or where a link points.
fn kept(stand: &Stand) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(stand.replica.join(".gapferry/kept")).into_iter().flatten().map(|entry| entry.expect("an entry").path());
    entries
        .map(|path| {
            let metadata = fs::symlink_metadata(&path).expect("there");
            if metadata.is_symlink() {
                fs::read_link(&path).expect("a link").as_os_str().as_bytes().to_vec()
            } else if metadata.is_dir() {
                b"a folder".to_vec()
            } else {
                fs::read(&path).expect("readable")
            }
        })
        .collect()
}

#[test]
fn what_was_edited_by_hand_is_kept_aside_and_reported() {
    let stand = Stand::new();
    for name in ["edited", "edited and deleted", "removed", "same anyway", "linked", "a folder now", "d/one", "d/two", "d/three/four", "quiet"] {
        stand.write(name, format!("one of {name}"));
    }
    stand.round();
    let elsewhere = stand.folder("elsewhere");
    fs::create_dir(&elsewhere).expect("made");
    fs::write(elsewhere.join("target"), b"untouched").expect("written");
    // People at the replica.
    let there = |name: &str| stand.replica.join(name);
    fs::write(there("edited"), b"work of an hour").expect("written");
    fs::write(there("edited and deleted"), b"work of a day").expect("written");
    fs::remove_file(there("removed")).expect("removed");
    fs::write(there("same anyway"), b"two of same anyway").expect("written");
    fs::remove_file(there("linked")).expect("removed");
    symlink(elsewhere.join("target"), there("linked")).expect("a link");
    fs::remove_file(there("a folder now")).expect("removed");
    fs::create_dir(there("a folder now")).expect("made");
    fs::write(there("a folder now/inside"), b"inside").expect("written");
    fs::remove_dir_all(there("d")).expect("removed");
    symlink(&elsewhere, there("d")).expect("a link");
    fs::write(there("new"), b"put there by hand").expect("written");
    fs::write(there("quiet"), b"edited, and the source changes nothing").expect("written");
    // The source goes on.
    for name in ["edited", "removed", "same anyway", "linked", "a folder now", "d/one", "d/two", "d/three/four", "new"] {
        stand.write(name, format!("two of {name}"));
    }
    fs::remove_file(stand.archive.join("edited and deleted")).expect("removed");
    stand.carry(Side::Source);
    let ran = stand.run(Side::Replica, &["carry", text(&stand.medium)]);
    assert_eq!(ran.exit, Some(1), "{ran:#?}");
    assert!(ran.codes().iter().all(|code| code == "RPL-03"), "{ran:#?}");
    let named: BTreeSet<&str> = ran.object["applied"]["kept_aside"].as_array().expect("a list").iter().map(|name| name.as_str().expect("a name")).collect();
    for name in ["edited", "edited and deleted", "linked", "a folder now", "new"] {
        assert!(named.contains(name), "{name} is not in {named:?}");
    }
    assert!(!named.contains("removed") && !named.contains("same anyway"), "{named:?}");
    assert_eq!(named.iter().filter(|name| name.starts_with("d/")).count(), 1, "the link in place of their folder is kept once: {named:?}");
    let kept = kept(&stand);
    for content in [
        &b"work of an hour"[..],
        b"work of a day",
        b"put there by hand",
        b"a folder",
        elsewhere.join("target").as_os_str().as_bytes(),
        elsewhere.as_os_str().as_bytes(),
    ] {
        assert!(kept.iter().any(|kept| kept == content), "{} was not kept", String::from_utf8_lossy(content));
    }
    assert_eq!(fs::read_dir(&elsewhere).expect("a folder").count(), 1, "nothing was written through the link");
    assert_eq!(fs::read(elsewhere.join("target")).expect("there"), b"untouched");
    // The receipt says how many.
    let receipt = fs::read_dir(stand.medium.join("gapferry"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .find(|path| path.extension().is_some_and(|ending| ending == "gfr"));
    let said = stand.expect(Side::Source, &["inspect", text(&receipt.expect("a receipt"))], 0);
    assert_eq!(said["facts"]["kept_aside"].as_u64(), Some(kept.len() as u64), "{said}");
    stand.carry(Side::Source);
    // All is right but what nobody sent again; a scrub finds that, and it is put right and kept.
    let mut expected = tree(&stand.archive);
    let mut found = tree(&stand.replica);
    assert!(found.remove(&b"quiet"[..]) != expected.remove(&b"quiet"[..]));
    assert!(expected == found, "{:?} {:?}", expected.keys(), found.keys());
    let ran = stand.run(Side::Replica, &["scrub", "--to", text(&stand.medium)]);
    assert_eq!(ran.exit, Some(1), "{ran:#?}");
    stand.carry(Side::Source);
    let ran = stand.run(Side::Replica, &["carry", text(&stand.medium)]);
    assert_eq!((ran.exit, ran.codes()), (Some(1), vec!["RPL-03".to_owned()]), "{ran:#?}");
    stand.carry(Side::Source);
    stand.expect_true();
    stand.expect_whole();
}

/// Names of every kind that a Linux file system takes.
fn names() -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = [
        "-dash",
        "--",
        "-rf",
        "--help",
        " leading",
        "trailing ",
        "trailing.",
        "...",
        "..a",
        "a..",
        "~",
        "$(reboot)",
        "`id`",
        ";ls",
        "a\\b",
        "C:",
        "C:\\x",
        "con",
        "CON",
        "aux.txt",
        "NUL",
        "a:b",
        "a?b",
        "a*b",
        "[a]",
        "{a,b}",
        "\"quoted\"",
        "'single'",
        "new\nline",
        "carriage\rreturn",
        "tab\there",
        "\u{1b}[31mred",
        "bell\u{7}",
        "\u{202e}gnp.exe",
        "zero\u{200b}width",
        "\u{feff}bom",
        "é",
        "e\u{301}",
        "ﬁ",
        "ß",
        "SS",
        "ss",
        "İ",
        "ı",
        "UPPER",
        "upper",
        "Upper",
        "地契 2019 年.json",
        "档案\u{3000}馆",
        "𠀀𠀁",
        "%41",
        "%2e",
        ".gapferry.txt",
        ".gapferryx",
        "label.gfl",
        "0123456789abcdef0123456789abcdef.gfp",
        "apply.lock",
        ".hidden",
        "a.part",
        "x.part.part",
        "=1+1",
        "@SUM(A1)",
    ]
    .iter()
    .map(|name| name.as_bytes().to_vec())
    .collect();
    names.extend([&b"\xff\xfe"[..], b"\xc3\x28", b"\xed\xa0\x80", b"\xb5\xd8\xc6\xf5", b"ab\x80"].map(<[u8]>::to_vec));
    names.extend([
        vec![b'x'; 255],
        "契".repeat(85).into_bytes(),
        vec![0xff; 255],
        [vec![b'X'; 254], b"1".to_vec()].concat(),
        [vec![b'X'; 254], b"2".to_vec()].concat(),
    ]);
    names.extend((1..=255u8).filter(|byte| !matches!(byte, b'/' | b'.')).map(|byte| vec![b'b', byte]));
    names
}

#[test]
fn names_of_every_kind() {
    let stand = Stand::new();
    stand.without_breaker();
    let names = names();
    for (number, name) in names.iter().enumerate() {
        stand.write(OsStr::from_bytes(name), format!("content {number}"));
        stand.write([b"in a folder/", name.as_slice(), b"/inner"].concat().as_path(), format!("inner {number}"));
    }
    // Our own folder's name at the top.
    for name in [".gapferry/apply.lock", ".gapferry/kept/x", "deeper/.gapferry/x"] {
        stand.write(name, format!("ours {name}"));
    }
    let deep = (0..14).map(|_| "深".repeat(84)).collect::<Vec<_>>().join("/");
    stand.write(&deep, b"deep down");
    // A link, a pipe and a socket of these names cross no gap.
    symlink("/etc/passwd", stand.archive.join("link")).expect("a link");
    tool("mkfifo", &[text(&stand.archive.join("pipe"))]);
    let report = stand.carry(Side::Source);
    assert_eq!(report["packed"]["captured"]["archives"][0]["left_out_total"].as_u64(), Some(2), "{}", report["packed"]["captured"]["archives"][0]["left_out"]);
    fs::remove_file(stand.archive.join("link")).expect("removed");
    fs::remove_file(stand.archive.join("pipe")).expect("removed");
    let report = stand.carry(Side::Replica);
    stand.carry(Side::Source);
    let escaped: BTreeSet<&str> = report["applied"]["escaped"].as_array().expect("a list").iter().map(|name| name.as_str().expect("a name")).collect();
    assert_eq!(escaped, BTreeSet::from([".gapferry/apply.lock", ".gapferry/kept/x"]), "only where it must be");
    assert_eq!(stand.route(Side::Replica)["escaped"].as_u64(), Some(2));
    // What lies where, from the ledger.
    let whole = all_files(&stand.archive);
    let total = whole.len() as u64;
    assert_eq!(stand.counts(), (total, total));
    let disk: BTreeMap<String, String> = stand.expect(Side::Replica, &["items"], 0)["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter_map(|item| Some((item["item"].as_str()?.to_owned(), item["disk"].as_str()?.to_owned())))
        .collect();
    assert_eq!(disk.len(), 2, "{disk:?}");
    let found = all_files(&stand.replica);
    for (name, content) in &whole {
        let place = disk.get(&*String::from_utf8_lossy(name)).map_or_else(|| name.clone(), |place| place.clone().into_bytes());
        assert_eq!(found.get(&place), Some(content), "{} lies at {}", String::from_utf8_lossy(name), String::from_utf8_lossy(&place));
    }
    // What people see holds nothing that moves their cursor, whatever the names are.
    for side in [Side::Source, Side::Replica] {
        let output = Command::new(binary()).args(["items", "--home"]).arg(stand.home(side)).output().expect("the binary can be run");
        let printed = String::from_utf8(output.stdout).expect("UTF-8, whatever the names are");
        assert!(printed.lines().count() as u64 > total);
        let moving = printed.chars().find(|character| {
            character.is_control() && *character != '\n'
                || matches!(*character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        });
        assert_eq!(moving, None, "{side:?}");
    }
    // Each can be named by what is printed.
    let items = stand.expect(Side::Source, &["items"], 0);
    for item in items["items"].as_array().expect("items").iter().step_by(size("GAPFERRY_EVERY", 37) as usize) {
        let name = item["item"].as_str().expect("a name");
        let output = Command::new(binary())
            .args(["items", "--json", "--home"])
            .arg(stand.home(Side::Source))
            .args(["--", name])
            .output()
            .expect("the binary can be run");
        let matched: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{name:?}: {error}: {output:?}"));
        let matched: Vec<&Value> = matched["items"].as_array().unwrap_or_else(|| panic!("{name:?}: {matched}")).iter().map(|item| &item["item"]).collect();
        assert!(matched.contains(&&Value::from(name)), "{name:?} matches {matched:?}");
    }
    // And they change and go like any others.
    for name in &names {
        stand.write(OsStr::from_bytes(name), b"changed");
        fs::remove_dir_all(stand.archive.join("in a folder").join(OsStr::from_bytes(name))).expect("removed");
    }
    stand.write(".gapferry/kept/x", b"changed");
    stand.round();
    let (whole, found) = (all_files(&stand.archive), all_files(&stand.replica));
    let total = whole.len() as u64;
    assert_eq!(stand.counts(), (total, total));
    for (name, content) in &whole {
        let place = disk.get(&*String::from_utf8_lossy(name)).map_or_else(|| name.clone(), |place| place.clone().into_bytes());
        assert_eq!(found.get(&place), Some(content), "{} lies at {}", String::from_utf8_lossy(name), String::from_utf8_lossy(&place));
    }
    let visible = found.keys().filter(|name| !name.starts_with(b".gapferry/")).count();
    assert_eq!(visible as u64, total, "nothing is left over");
}

#[test]
fn an_escaped_name_that_is_another_items_own() {
    // What must be escaped, and an item whose own name is that: in one package, and one after the other in both orders.
    let (escaped, own) = (".gapferry/x", "%2egapferry/x");
    for packages in [vec![vec![escaped, own]], vec![vec![escaped], vec![own]], vec![vec![own], vec![escaped]]] {
        let stand = Stand::new();
        for names in &packages {
            names.iter().for_each(|name| stand.write(name, format!("content of {name}")));
            stand.round();
        }
        let found = all_files(&stand.replica);
        let visible: BTreeSet<&[u8]> = found.iter().filter(|(name, _)| !name.starts_with(b".gapferry/")).map(|(_, content)| content.as_slice()).collect();
        assert_eq!(visible, BTreeSet::from([&b"content of .gapferry/x"[..], b"content of %2egapferry/x"]), "{packages:?}");
        assert_eq!(stand.counts(), (2, 2), "{packages:?}");
        assert!(kept(&stand).is_empty(), "{packages:?}: nobody changed anything by hand");
        let items = stand.expect(Side::Replica, &["items"], 0)["items"].clone();
        for item in items.as_array().expect("items") {
            let name = item["item"].as_str().expect("a name");
            let place = item["disk"].as_str().unwrap_or(name);
            assert_eq!(
                found.get(place.as_bytes()).map(|content| String::from_utf8_lossy(content).into_owned()),
                Some(format!("content of {name}")),
                "{packages:?}: {items}"
            );
        }
        // And when they change and go.
        stand.write(escaped, b"changed");
        fs::remove_file(stand.archive.join(own)).expect("removed");
        stand.round();
        assert_eq!(stand.counts(), (1, 1), "{packages:?}");
        let found = all_files(&stand.replica);
        let visible: Vec<&[u8]> = found.iter().filter(|(name, _)| !name.starts_with(b".gapferry/")).map(|(_, content)| content.as_slice()).collect();
        assert_eq!(visible, [&b"changed"[..]], "{packages:?}");
    }
}

/// Every file below a folder, `.gapferry` as well, by its path.
fn all_files(root: &Path) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![PathBuf::new()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(root.join(&folder)).expect("a folder") {
            let path = folder.join(entry.expect("an entry").file_name());
            if fs::symlink_metadata(root.join(&path)).expect("there").is_dir() {
                open.push(path);
            } else {
                found.insert(path.as_os_str().as_bytes().to_vec(), fs::read(root.join(&path)).expect("readable"));
            }
        }
    }
    found
}

/// Bytes as a path.
trait AsPath {
    fn as_path(&self) -> &OsStr;
}

impl AsPath for Vec<u8> {
    fn as_path(&self) -> &OsStr {
        OsStr::from_bytes(self)
    }
}

/// FAULTS A05
#[test]
fn naughty_strings_as_names() {
    let vectors = std::env::var_os("GAPFERRY_VECTORS").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors"), PathBuf::from);
    let file = vectors.join("names/blns.json");
    let Ok(list) = fs::read(&file) else {
        println!("SKIPPED: {} is not there; name the folder of the vectors with GAPFERRY_VECTORS", file.display());
        return;
    };
    let strings: Vec<String> = serde_json::from_slice(&list).expect("a list of strings");
    let stand = Stand::new();
    let mut used = 0;
    for (number, string) in strings.iter().enumerate() {
        let components: Vec<&str> = string.split('/').filter(|component| !component.is_empty() && *component != "." && *component != "..").collect();
        if components.is_empty() || components.iter().any(|component| component.len() > 255 || component.contains('\0')) {
            continue;
        }
        used += 1;
        stand.write(format!("{number:03}/{}", components.join("/")), string);
    }
    println!("{used} of {} strings are names", strings.len());
    assert!(used > 400);
    stand.round();
    stand.expect_true();
    let items = stand.expect(Side::Replica, &["items"], 0);
    assert!(items["items"].as_array().expect("items").iter().all(|item| item["disk"].is_null()), "each lies under its own name");
    // A05: they change, go to the history, and whatever is printed or logged of them moves nobody's cursor.
    for (number, folder) in fs::read_dir(&stand.archive).expect("a folder").map(|entry| entry.expect("an entry").path()).enumerate() {
        if number % 8 == 0 {
            fs::write(folder.join("changed"), b"changed").expect("written");
        }
    }
    stand.without_breaker();
    for (side, arguments) in [
        (Side::Source, &["carry", text(&stand.medium)][..]),
        (Side::Replica, &["carry", text(&stand.medium)]),
        (Side::Source, &["items"]),
        (Side::Replica, &["items"]),
        (Side::Source, &["ledger", "show"]),
        (Side::Replica, &["ledger", "show"]),
        (Side::Replica, &["history"]),
        (Side::Source, &["status"]),
    ] {
        let output = Command::new(binary()).args(arguments).arg("--home").arg(stand.home(side)).output().expect("the binary can be run");
        assert_eq!(output.status.code(), Some(0), "{side:?} {arguments:?}: {output:?}");
        for printed in [output.stdout, output.stderr] {
            let printed = String::from_utf8(printed).expect("UTF-8, whatever the names are");
            let moving = printed.chars().find(|character| {
                character.is_control() && *character != '\n'
                    || matches!(*character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            });
            assert_eq!(moving, None, "{side:?} {arguments:?}");
        }
    }
}
