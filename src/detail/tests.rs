//! What holds the Chinese details together: each sentence of the sources has its entry, each entry its sentence, equal values;
//! and what a hostile name can do to a detail: nothing.

use super::*;
use crate::commands::COMMANDS;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Where details are made; what is below `src` or a crate and makes none is left out by `is_left_out`.
const SOURCES: &[&str] = &[
    "crates/capture/src",
    "crates/carrier/src",
    "crates/driver/src",
    "crates/engine/src",
    "crates/rights/src",
    "crates/seal/src",
    "crates/store/src",
    "crates/template/src",
    "crates/wire/src/clause.rs",
    "src/demo",
    "src/passphrase.rs",
    "src/perform.rs",
];

/// Sources whose texts are data: fields of kinds, JSON Schema, geometries, names of files, formats, features and rules that
/// `texts.toml` has.
const DATA: &[&str] = &[
    "crates/rights/src/cross/",
    "crates/rights/src/geometry.rs",
    "crates/rights/src/json.rs",
    "crates/rights/src/kinds",
    "crates/rights/src/rules.rs",
    "crates/rights/src/schema.rs",
    "crates/seal/src/shape.rs",
    "crates/template/src/feature.rs",
    "crates/template/src/lint",
    "crates/template/src/strip/",
    "src/demo/archive.rs",
];

/// Calls whose texts nobody reads as a detail: promises to programmers, the log, contexts of digests, what the ledger keeps of a
/// command.
const CALLS: &[&str] = &[
    "assert!",
    "assert_eq!",
    "assert_ne!",
    "debug_assert!",
    "panic!",
    "unreachable!",
    "expect",
    "debug!",
    "info!",
    "warn!",
    "error!",
    "trace!",
    "derive",
    "derived",
    "new_derive_key",
    "close",
    "concat!",
    "tell_problem",
];

/// Sentences that are no details, and what they are.
const NO_DETAILS: &[(&str, &str)] = &[
    ("what the ledger keeps", "ended early by a failure"),
    ("what the ledger keeps", "signed {} certificates"),
    ("what the ledger keeps", "{} items, {} not right"),
    ("what the ledger keeps", "restored from generation {} of its backup"),
    ("what the ledger keeps", " agreed to"),
    ("what the ledger keeps", "the replica's state is not what its receipts have proven"),
    ("a subject", "{} receipt {}"),
    ("a part of a fault that `composed` has whole", " line {}"),
    ("a part of a fault that `composed` has whole", "line {}: "),
    ("a part of a fault that `composed` has whole", " at {}"),
    ("a part of a fault that `composed` has whole", " (limit {})"),
    ("what a reader of bytes expects", "items of a route"),
    ("the log says it", "it is damaged, of another form, or not of this home"),
    ("a file of the index", "its mark"),
    ("a line of the index's mark", "foreign 0"),
    ("a line of the index's mark", "unreadable 0"),
    ("a line of the active template", "\n# in force for replica.region "),
];

/// Beginnings of what is no sentence: contexts of digests, files of ours, a picture.
const FILES: &[&str] = &["gapferry ", "# gapferry home", "<svg", "M{} {}h1", "seed = "];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn is_left_out(path: &str) -> bool {
    let is_test = path.split('/').any(|part| part == "tests" || part == "conformance.rs" || part.ends_with("tests.rs") || part.ends_with("_test.rs"));
    is_test || DATA.iter().any(|data| path.starts_with(data))
}

fn sources(path: &Path, into: &mut Vec<PathBuf>) {
    if path.is_dir() {
        fs::read_dir(path).unwrap().for_each(|entry| sources(&entry.unwrap().path(), into));
    } else if path.extension().is_some_and(|extension| extension == "rs") && !is_left_out(&path.strip_prefix(root()).unwrap().display().to_string()) {
        into.push(path.to_owned());
    }
}

/// Every text in quotes before the test module, with the names of the calls around it.
fn literals(source: &str) -> Vec<(Vec<String>, String)> {
    let shipped: Vec<char> = source.split("\n#[cfg(test)]\n").next().unwrap().chars().collect();
    let (mut found, mut calls, mut name, mut at) = (Vec::new(), Vec::new(), String::new(), 0);
    while at < shipped.len() {
        let rest = &shipped[at..];
        match rest {
            ['/', '/', ..] => at += rest.iter().position(|character| *character == '\n').unwrap_or(rest.len()),
            // A character, not a lifetime.
            ['\'', '\\', _, after @ ..] => at += 4 + after.iter().position(|character| *character == '\'').unwrap(),
            ['\'', _, '\'', ..] => at += 3,
            ['"', after @ ..] => {
                let mut text = String::new();
                let mut place = 0;
                while after[place] != '"' {
                    match (after[place], after[place + 1]) {
                        // A line that goes on.
                        ('\\', '\n') => place += 1 + after[place + 1..].iter().take_while(|character| character.is_whitespace()).count(),
                        ('\\', escaped) => {
                            text.push(if escaped == 'n' { '\n' } else { escaped });
                            place += 2;
                        }
                        (plain, _) => {
                            text.push(plain);
                            place += 1;
                        }
                    }
                }
                found.push((calls.clone(), text));
                at += place + 2;
            }
            [character, ..] => {
                match character {
                    '(' => calls.push(std::mem::take(&mut name)),
                    ')' => drop(calls.pop()),
                    _ if character.is_alphanumeric() || matches!(character, '_' | '!') => name.push(*character),
                    _ => name.clear(),
                }
                at += 1;
            }
            [] => unreachable!("there is more"),
        }
    }
    found
}

/// The text with every value as `{}`.
fn bare(text: &str) -> String {
    let mut bare = String::new();
    let mut rest = text;
    while let Some((before, _, after)) = next_placeholder(rest) {
        bare = bare + before + "{}";
        rest = after;
    }
    bare + rest
}

/// Whether a text has two words or more of its own.
fn is_sentence(bare: &str) -> bool {
    let own = bare.replace("{}", " ");
    bare.contains(' ') && own.split(' ').any(|word| word.chars().filter(char::is_ascii_alphabetic).count() > 1)
}

/// The texts of all sources that become details: bare, with where they stand.
fn said_in_sources() -> BTreeMap<String, String> {
    let mut paths = Vec::new();
    SOURCES.iter().for_each(|source| sources(&root().join(source), &mut paths));
    let mut said = BTreeMap::new();
    for path in paths {
        let place = path.strip_prefix(root()).unwrap().display().to_string();
        for (calls, text) in literals(&fs::read_to_string(&path).unwrap()) {
            if text.matches('{').count() == text.matches('}').count() && !calls.iter().any(|call| CALLS.contains(&call.as_str())) {
                said.insert(bare(&text), place.clone());
            }
        }
    }
    said
}

fn entries() -> Vec<(String, String, String)> {
    let table: toml::Table = include_str!("../details.toml").parse().unwrap();
    let groups = table.into_iter();
    groups
        .flat_map(|(group, sentences)| {
            sentences.as_table().unwrap().clone().into_iter().map(move |(english, chinese)| (group.clone(), english, chinese.as_str().unwrap().to_owned()))
        })
        .collect()
}

#[test]
fn each_sentence_that_becomes_a_detail_has_its_chinese_one() {
    let said = said_in_sources();
    let known: BTreeSet<String> = entries().iter().map(|(_, english, _)| bare(english)).collect();
    let commands = COMMANDS.iter().flat_map(|group| group.commands.iter().map(move |below| format!("{} {}", group.name, below.name)));
    let commands: BTreeSet<String> = commands.collect();
    let no_details: BTreeSet<&str> = NO_DETAILS.iter().map(|(_, text)| *text).collect();
    let sentences: Vec<(&String, &String)> = said.iter().filter(|(text, _)| is_sentence(text) && !FILES.iter().any(|file| text.starts_with(file))).collect();
    assert!(sentences.len() > 400, "the sources were not read: {}", sentences.len());
    let missing: Vec<_> =
        sentences.iter().filter(|(text, _)| !known.contains(*text) && !commands.contains(*text) && !no_details.contains(text.as_str())).collect();
    assert!(missing.is_empty(), "not in src/details.toml: {missing:#?}");
    let gone: Vec<_> = no_details.iter().filter(|text| !said.contains_key(**text)).collect();
    assert!(gone.is_empty(), "in no source any more: {gone:#?}");
}

#[test]
fn each_entry_is_in_a_source() {
    let said = said_in_sources();
    let parts = |text: &str| text.split("{}").map(|part| part.trim_end_matches(": ").to_owned()).collect::<Vec<_>>();
    let is_used = |group: &str, english: &String| match group {
        "system" => true,
        "composed" => parts(&bare(english)).iter().all(|part| said.keys().any(|text| text.contains(part.as_str()))),
        _ => said.contains_key(&bare(english)),
    };
    let unused: Vec<_> = entries().into_iter().filter(|(group, english, _)| !is_used(group, english)).collect();
    assert!(unused.is_empty(), "in no source: {unused:#?}");
}

#[test]
fn what_the_system_says_is_as_it_says_it() {
    let texts = Texts::new(Language::Chinese);
    let mut numbers = 0;
    for (_, english, chinese) in entries().iter().filter(|(group, ..)| group == "system") {
        if let Some((_, number)) = english.split_once(" (os error ") {
            let number = number.trim_end_matches(')').parse().unwrap();
            assert_eq!(&io::Error::from_raw_os_error(number).to_string(), english);
            assert!(chinese.ends_with(&format!("（系统错误 {number}）")), "{chinese}");
            numbers += 1;
        }
    }
    assert!(numbers > 20);
    let mut nothing: &[u8] = &[];
    let short = io::Read::read_exact(&mut nothing, &mut [0]).unwrap_err();
    for (english, chinese) in [
        (short.to_string(), "文件提前结束"),
        (io::Error::from(io::ErrorKind::NotFound).to_string(), "不存在"),
        (io::Error::from(io::ErrorKind::StorageFull).to_string(), "没有存储空间"),
        ("a = 1\nb".parse::<toml::Table>().unwrap_err().to_string(), "TOML 无法解读，第 2 行第 2 列"),
    ] {
        assert!(said(&english, &texts).starts_with(chinese), "{english}");
    }
}

#[test]
fn both_languages_have_the_same_values() {
    let mut seen = BTreeMap::new();
    for (_, english, chinese) in entries() {
        for text in [&english, &chinese] {
            assert_eq!(text.matches('{').count(), text.matches('}').count(), "{english}");
        }
        let (one, mut other) = (Entry::new(&english, "", false), Entry::new(&chinese, "", false).names);
        other.retain(|name| name != "receipt");
        let names: BTreeSet<&String> = one.names.iter().collect();
        assert_eq!(names, other.iter().collect(), "{english}");
        assert_eq!(names.len(), one.names.len(), "{english} names a value twice");
        assert!(!names.iter().any(|name| *name == "receipt"), "{english}");
        let between = &one.around[1..one.names.len().max(1)];
        assert!(between.iter().all(|part| !part.is_empty()), "{english}: nobody can say where a value ends");
        let prose = chinese.replace("{receipt}", "");
        assert!(!prose.contains("回执") && !prose.contains("校验数据包"), "{english} names a receipt without its placeholder");
        assert_eq!(seen.insert(english.clone(), chinese), None, "{english} is there twice");
    }
    assert!(read("[a]\n'x' = 1").is_err() && read("x = 'y'").is_err() && read("[a]\n'x' = 'y'").is_ok());
}

#[test]
fn no_sentence_stands_in_the_way_of_another() {
    for (_, english, chinese) in entries().iter().filter(|(group, ..)| group != "composed") {
        // Each for a reader who has met no receipt yet.
        let texts = || Texts::new(Language::Chinese);
        let sentence = Entry::new(english, chinese, false);
        let sample = |(place, name): (usize, &String)| (name.clone(), if name.ends_with('#') { place.to_string() } else { format!("V{place}") });
        let values: Vec<(String, String)> = sentence.names.iter().enumerate().map(sample).collect();
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(said(&texts().replace(english, &values), &texts()), texts().replace(chinese, &values), "{english}");
    }
}

#[test]
fn details_are_found_whole_and_within_one_another() {
    let texts = Texts::new(Language::Chinese);
    for (english, chinese) in [
        ("", ""),
        ("no route of this name", "没有叫这个名称的流向"),
        ("no route of this name at all", "no route of this name at all"),
        ("package 7 changes or removes 3 of 9 items at once, 2 are allowed", "数据包 7 一次改动或删除 9 个条目中的 3 个，限度为 2 个"),
        ("record 7", "记录 7"),
        (
            "record 7 is not the one with 00 that the other zone has seen: it or one before it was changed",
            "记录 7 不是对方见过的那条（校验值 00）：它或它之前的记录被改动",
        ),
        ("record 7 of 9 items, the first of 2 are allowed!", "record 7 of 9 items, the first of 2 are allowed!"),
        ("a library read 12 bytes", "a library read 12 bytes"),
        ("no new receipt since then", "no new receipt since then"),
        ("kept in .gapferry/", "kept in .gapferry/"),
        ("kept in .gapferry/{place}", "已另存于 .gapferry/{place}"),
        ("it lies as {", "存放名称为 {"),
        ("it lies as {receipt}*}", "存放名称为 {receipt}*}"),
        ("it lies as no route of this name", "存放名称为 no route of this name"),
        ("5 changes wait for a person to agree", "5 处变化等待人员同意"),
        ("5 changes wait for a person to agree; 2 people must", "5 处变化等待人员同意；须 2 人同意"),
        ("ENV-08: the file is shorter or longer than its header says", "ENV-08：文件比文件头所写的短或长"),
        ("a: b: c: Permission denied (os error 13)", "a：b：c：没有权限（系统错误 13）"),
        ("a: b: c", "a: b: c"),
        ("x at y: z", "x at y: z"),
        ("TPL-04 line 3 at routes.a: the value is of another type: 7 (limit 5)", "TPL-04 第 3 行，routes.a：值的类型不符：7（限度 5）"),
        ("REC-10 at owner.name: a mandatory field is missing", "REC-10 owner.name：缺少必填字段"),
        ("an archive needs a place of its own: /srv (the home) holds this folder", "档案库需要独立的位置：/srv（主目录）包含此目录"),
        ("line 5: policy.release_people: 1 to 9", "第 5 行：policy.release_people：应为 1 至 9"),
        ("/srv/a (an archive) lies in /srv (the home): each needs a place of its own", "/srv/a（档案库）位于 /srv（主目录）之内：各自需要独立的位置"),
        ("no new receipt since 2026-11-22 18:00 UTC", "自 2026-11-22 18:00（UTC）起没有新的回执（校验数据包）"),
        ("receipt 3 (0a.gfr) is of a life of a ledger that is over", "回执 3（0a.gfr）属于已结束的台账世代"),
    ] {
        assert_eq!(said(english, &texts), chinese, "{english}");
        assert_eq!(said(english, &Texts::new(Language::English)), english);
    }
}

#[test]
fn a_hostile_name_stays_text_and_costs_no_more_than_its_length() {
    let texts = Texts::new(Language::Chinese);
    let evil = "\u{1b}[2J\u{202e}{name} {receipt}";
    assert_eq!(said(&format!("it lies as {evil}"), &texts), format!("存放名称为 {evil}"));
    let mut page = crate::page::Page::new(&texts);
    let problem = driver::report::Problem { code: "RPL-04", subject: "a".into(), detail: format!("it lies as {evil}") };
    crate::advice::show(&[&problem], &mut page);
    let text = page.finish();
    assert!(text.contains("存放名称为 \\x1b[2J\\xe2\\x80\\xae{name} {receipt}"), "{text}");
    // Whoever tried each place for each value would not come to an end.
    for piece in [": ", " at ", "的", ": No such file or directory (os error 2)"] {
        let long = piece.repeat((1 << 20) / piece.len());
        let inside = format!("package {long} changes or removes {long} of {long} items at once, {long} are allowed!");
        for detail in [long.as_str(), &inside, &format!("{long}: Permission denied (os error 13)"), &format!("it lies as {long}")] {
            assert!(said(detail, &texts).len() >= detail.len() / 2, "{piece}");
        }
    }
}
