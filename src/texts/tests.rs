//! What holds the texts together: both languages, equal placeholders, no key missing, no key unused.

use super::*;
use crate::advice::ADVICE;
use crate::commands::{Argument, COMMANDS, Command, GLOBAL};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn placeholders(text: &str) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    let mut rest = text;
    while let Some((_, name, after)) = next_placeholder(rest) {
        names.insert(if name == "receipts" { "receipt" } else { name });
        rest = after;
    }
    names
}

#[test]
fn each_key_has_both_languages_and_the_same_placeholders() {
    for (key, [english, chinese]) in TABLE.iter() {
        assert!(!english.trim().is_empty() && !chinese.trim().is_empty(), "{key}");
        for text in [english, chinese] {
            assert_eq!(text.matches('{').count(), text.matches('}').count(), "{key}");
        }
        assert_eq!(placeholders(english), placeholders(chinese), "{key}");
    }
}

#[test]
fn a_table_with_one_language_is_refused() {
    for (source, good) in
        [("[a]\nb = { en = 'x', zh = 'y' }", true), ("[a]\nb = { en = 'x' }", false), ("a = 'x'", false), ("[a]\nb = { en = 'x', zh = 'y', de = 'z' }", false)]
    {
        assert_eq!(read(source).is_ok(), good, "{source}");
    }
}

#[test]
fn a_receipt_is_called_verification_package_once() {
    for (key, [english, chinese]) in TABLE.iter() {
        // The names of options and the official slip are no receipts in prose.
        let prose = english.replace("--receipt", "");
        assert!(!prose.replace("{receipt", "").contains("receipt"), "{key} names a receipt without its placeholder");
        let prose = chinese.replace("{receipt}", "").replace("{receipts}", "");
        assert!(!prose.contains("回执") && !prose.contains("校验数据包"), "{key} names a receipt without its placeholder");
    }
    for (language, first, second) in [
        (Language::English, "Taken in from receipts (verification packages):", "No receipt to take in."),
        (Language::Chinese, "已收回执（校验数据包）：", "没有要收的回执。"),
    ] {
        let texts = Texts::new(language);
        assert_eq!(texts.text("reconcile.title"), first);
        assert_eq!(texts.text("reconcile.none"), second);
    }
}

#[test]
fn values_are_filled_in_once() {
    let texts = Texts::new(Language::English);
    assert_eq!(
        texts.fill("trust.added", &[("zone", "{role}"), ("role", "source"), ("fingerprint", "f")]),
        "Zone {role} (source) is trusted now. Fingerprint: f"
    );
}

/// Every string in quotes in the sources of this package, tests left out.
fn literals(folder: &Path, into: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            literals(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "rs") && path.file_name().is_some_and(|name| name != "tests.rs") {
            let source = fs::read_to_string(&path).unwrap();
            let shipped = source.split("#[cfg(test)]").next().unwrap();
            into.extend(shipped.split('"').map(|piece| piece.trim_start_matches('>').to_owned()));
        }
    }
}

fn keys_of(command: &Command, path: &str, into: &mut BTreeSet<String>) {
    into.extend([format!("command.{path}.about"), format!("command.{path}.example")]);
    into.extend(command.arguments.iter().map(|argument: &Argument| argument.says.to_owned()));
    for below in command.commands {
        keys_of(below, &format!("{path}.{}", below.name), into);
    }
}

#[test]
fn every_key_is_used_and_every_used_key_exists() {
    let mut found = BTreeSet::new();
    literals(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    let groups: BTreeSet<&str> = TABLE.keys().filter_map(|key| key.split('.').next()).collect();
    // Literals that have the form of a key: a group of the table, a dot, a word. The words of perform() that name commands look alike.
    let commands: BTreeSet<String> =
        COMMANDS.iter().flat_map(|group| group.commands.iter().map(move |below| format!("{}.{}", group.name, below.name))).collect();
    let is_key = |text: &str| {
        let plain = text.chars().all(|character| character.is_ascii_lowercase() || "-.".contains(character));
        plain
            && text.split_once('.').is_some_and(|(group, rest)| groups.contains(group) && !rest.is_empty() && !text.ends_with('.'))
            && !commands.contains(text)
    };
    let mut used: BTreeSet<String> = found.into_iter().filter(|text| is_key(text)).collect();
    used.extend(["gapferry"].map(|root| format!("command.{root}.about")));
    used.extend(["gapferry"].map(|root| format!("command.{root}.example")));
    COMMANDS.iter().for_each(|command| keys_of(command, command.name, &mut used));
    used.extend(GLOBAL.iter().map(|option| option.says.to_owned()));
    for advice in ADVICE {
        used.extend([format!("advice.{}", advice.code), advice.fault.to_owned(), advice.remedy.to_owned()]);
    }
    // Families whose words come from reports; each word is written down in the driver or the wire crate, those of templates in theirs.
    let families = [
        "lint",
        "feature",
        "state",
        "result",
        "outcome",
        "change",
        "left-out",
        "because",
        "form",
        "kind",
        "next",
        "next-gateway",
        "notice",
        "certificate-state",
        "purge-state",
        "severity",
        "purge-package",
    ];
    let missing: Vec<&String> = used.iter().filter(|key| !TABLE.contains_key(*key)).collect();
    assert!(missing.is_empty(), "used and not there: {missing:?}");
    let in_family = |key: &str| key.split_once('.').is_some_and(|(family, _)| families.contains(&family));
    let unused: Vec<&String> = TABLE.keys().filter(|key| !used.contains(*key) && !in_family(key)).collect();
    assert!(unused.is_empty(), "there and not used: {unused:?}");
}

#[test]
fn each_outcome_and_state_has_its_word() {
    for outcome in wire::receipt::Outcome::ALL {
        assert!(TABLE.contains_key(&format!("outcome.{}", outcome.word())), "{}", outcome.word());
    }
    let states = rights::Kind::named("ecertificate").unwrap().cycle.states.iter().map(|(state, _)| *state);
    for state in states.chain(["not_yet", "unknown"]) {
        assert!(TABLE.contains_key(&format!("certificate-state.{state}")), "{state}");
    }
    for state in crate::commands::STATES {
        assert!(TABLE.contains_key(&format!("state.{state}")), "{state}");
    }
}

/// The driver's sources, for the words that it hands over as they are.
fn driver_sources(folder: &Path, into: &mut Vec<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            driver_sources(&path, into);
        } else {
            into.push(fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn each_notice_of_the_driver_has_its_text() {
    let mut sources = Vec::new();
    driver_sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/driver/src"), &mut sources);
    let calls = sources.iter().flat_map(|source| source.split(".notice(").skip(1));
    // The code is the first argument: every literal before the first comma.
    let codes: BTreeSet<&str> = calls.flat_map(|call| call.split(',').next().unwrap().split('"').skip(1).step_by(2)).collect();
    assert!(codes.len() > 3, "{codes:?}");
    for code in codes {
        assert!(TABLE.contains_key(&format!("notice.{code}")), "{code}");
    }
}
