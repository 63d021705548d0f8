//! What was wrong with a command line, said in the reader's language: the parser's finding as a failure of code `USE-01`.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use driver::report::Failure;
use std::ffi::OsString;

use crate::command_line::BINARY;
use crate::commands::{COMMANDS, Command};
use crate::texts::Texts;

/// Code of every failure of this kind.
pub const CODE: &str = "USE-01";

/// A wrong argument that the parser could not see.
pub fn wrong(subject: impl Into<String>, detail: impl Into<String>) -> Failure {
    Failure::new(CODE, subject, detail)
}

/// The finding of the parser.
pub fn failure(error: &clap::Error, arguments: &[OsString], texts: &Texts) -> Failure {
    let context = |kind| error.get(kind).map(words).unwrap_or_default();
    let argument = context(ContextKind::InvalidArg);
    let value = context(ContextKind::InvalidValue);
    let key = match error.kind() {
        ErrorKind::UnknownArgument => "usage.unknown-argument",
        ErrorKind::InvalidSubcommand => "usage.unknown-command",
        ErrorKind::MissingSubcommand => "usage.missing-command",
        ErrorKind::MissingRequiredArgument => "usage.missing-argument",
        ErrorKind::ArgumentConflict => "usage.conflict",
        ErrorKind::InvalidUtf8 => "usage.not-text",
        ErrorKind::InvalidValue | ErrorKind::ValueValidation if value.is_empty() => "usage.missing-value",
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => "usage.wrong-value",
        _ => "usage.other",
    };
    let other = match error.kind() {
        ErrorKind::InvalidSubcommand => context(ContextKind::InvalidSubcommand),
        ErrorKind::ArgumentConflict => context(ContextKind::PriorArg),
        _ => value,
    };
    let mut detail = texts.fill(key, &[("argument", &argument), ("value", &other)]);
    let known = match error.kind() {
        ErrorKind::MissingSubcommand => context(ContextKind::ValidSubcommand),
        _ => context(ContextKind::ValidValue),
    };
    if !known.is_empty() {
        detail += &texts.fill("usage.known", &[("known", &known)]);
    }
    for kind in [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue] {
        let suggested = context(kind);
        if !suggested.is_empty() {
            detail += &texts.fill("usage.suggested", &[("suggested", &suggested)]);
        }
    }
    wrong(command_in(arguments), detail)
}

/// The command that a line means, as far as it names one: `gapferry route add`.
pub fn command_in(arguments: &[OsString]) -> String {
    let mut known: &[Command] = COMMANDS;
    let mut line = BINARY.to_owned();
    for argument in arguments.iter().skip(1) {
        if let Some(command) = known.iter().find(|command| argument == command.name) {
            line = format!("{line} {}", command.name);
            known = command.commands;
        }
    }
    line
}

fn words(value: &ContextValue) -> String {
    match value {
        ContextValue::Strings(all) => all.join(", "),
        ContextValue::String(one) => one.clone(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn findings_name_what_is_wrong_and_what_is_known() {
        for (line, parts) in [
            ("gapferry carry m --bogus", &["gapferry carry", "--bogus"][..]),
            ("gapferry carry m --medium-siz 1", &["--medium-siz", "--medium-size"]),
            ("gapferry carry", &["gapferry carry", "<MEDIUM>"]),
            ("gapferry carry m --medium-size big", &["big", "--medium-size"]),
            ("gapferry carry m --medium-size", &["--medium-size"]),
            ("gapferry carry m --receipt long", &["long", "full, digest"]),
            ("gapferry stats", &["stats", "status"]),
            ("gapferry ledger", &["gapferry ledger", "verify, rebuild, show"]),
            ("gapferry history --back 1 --version 2", &["--back", "--version"]),
            ("gapferry resend --route r --reason x", &["--item", "--package"]),
            ("gapferry status --json --json", &["--json"]),
        ] {
            for language in [Language::English, Language::Chinese] {
                let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
                let error = crate::command_line::build(language).try_get_matches_from(&arguments).expect_err(line);
                let failure = failure(&error, &arguments, &Texts::new(language));
                assert_eq!(failure.0.code, CODE);
                let said = format!("{} {}", failure.0.subject, failure.0.detail);
                for part in parts {
                    assert!(said.contains(part), "{line}: {said} lacks {part}");
                }
            }
        }
    }
}
