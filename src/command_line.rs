//! The parser, built from the data in `commands` with texts in the reader's language. Every page of help ends with an example.

use clap::builder::{PossibleValuesParser, ValueParser};
use clap::{Arg, ArgAction, ArgGroup, ArgMatches};

use crate::commands::{Argument, COMMANDS, Command, GLOBAL, Kind};
use crate::language::Language;
use crate::moment;
use crate::sizes;
use crate::texts::Texts;

/// Name of the binary.
pub const BINARY: &str = "gapferry";

/// The whole command line.
pub fn build(language: Language) -> clap::Command {
    let texts = Texts::new(language);
    let mut root = page(BINARY, BINARY, &texts)
        .version(env!("CARGO_PKG_VERSION"))
        .disable_version_flag(true)
        .arg(switch("help", &texts, "global.help").short('h').action(ArgAction::Help).global(true))
        .arg(switch("version", &texts, "global.version").short('V').action(ArgAction::Version));
    for option in GLOBAL {
        root = root.arg(argument(option, &texts).global(true).help_heading(texts.text("help.global")));
    }
    example(group(root, COMMANDS, "", language, &texts), BINARY, &texts)
}

/// The path of the command that was given, joined by dots, and its own matches.
pub fn chosen(matches: &ArgMatches) -> (String, &ArgMatches) {
    let (mut path, mut inner) = (String::new(), matches);
    while let Some((name, below)) = inner.subcommand() {
        path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        inner = below;
    }
    (path, inner)
}

fn subcommand(command: &Command, path: &str, language: Language) -> clap::Command {
    let texts = Texts::new(language);
    let mut built = page(command.name, path, &texts);
    for option in command.arguments {
        built = built.arg(argument(option, &texts));
    }
    if !command.one_of.is_empty() {
        built = built.group(ArgGroup::new("one-of").args(command.one_of).required(true));
    }
    if !command.commands.is_empty() {
        built = group(built, command.commands, &format!("{path}."), language, &texts);
    }
    example(built, path, &texts)
}

/// A command that is nothing without one of those below it.
fn group(mut built: clap::Command, commands: &[Command], path: &str, language: Language, texts: &Texts) -> clap::Command {
    for below in commands {
        built = built.subcommand(subcommand(below, &format!("{path}{}", below.name), language));
    }
    built.subcommand_required(true).subcommand_help_heading(texts.text("help.commands"))
}

/// How every page of help begins.
fn page(name: &'static str, path: &str, texts: &Texts) -> clap::Command {
    clap::Command::new(name)
        .about(texts.text(&format!("command.{path}.about")))
        .help_template(format!("{{about}}\n\n{} {{usage}}\n\n{{all-args}}{{after-help}}\n", texts.text("help.usage")))
        .next_help_heading(texts.text("help.options"))
        .disable_help_flag(true)
        .disable_help_subcommand(true)
}

/// How it ends. The texts are asked for in the order in which they are read, so that a receipt is introduced where it comes first.
fn example(command: clap::Command, path: &str, texts: &Texts) -> clap::Command {
    let example = texts.text(&format!("command.{path}.example"));
    let example: String = example.lines().map(|line| format!("\n  {line}")).collect();
    command.after_help(texts.text("help.example") + &example)
}

fn switch(name: &'static str, texts: &Texts, says: &str) -> Arg {
    Arg::new(name).long(name).help(texts.text(says)).help_heading(texts.text("help.global"))
}

fn argument(argument: &Argument, texts: &Texts) -> Arg {
    let mut built = Arg::new(argument.name).help(texts.text(argument.says)).required(argument.required);
    if argument.positional {
        built = built.help_heading(texts.text("help.arguments"));
    } else {
        built = built.long(argument.name);
    }
    if let Some(other) = argument.conflicts {
        built = built.conflicts_with(other);
    }
    built = match (argument.kind, argument.many) {
        (Kind::Flag, _) => return built.action(ArgAction::SetTrue),
        (_, true) => built.action(ArgAction::Append),
        (_, false) => built.action(ArgAction::Set),
    };
    if argument.kind == Kind::Words {
        built = built.last(true).num_args(1..);
    }
    built.value_name(argument.value).hide_possible_values(true).value_parser(parser(argument.kind))
}

fn parser(kind: Kind) -> ValueParser {
    match kind {
        Kind::Flag => ValueParser::bool(),
        Kind::Text => ValueParser::string(),
        Kind::Words => ValueParser::os_string(),
        Kind::Path => ValueParser::path_buf(),
        Kind::Number => clap::value_parser!(u64).into(),
        Kind::Moment => ValueParser::new(|text: &str| moment::parse(text).ok_or("no moment")),
        Kind::Size => ValueParser::new(|text: &str| sizes::parse(text).ok_or("no size")),
        Kind::Choice(words) => PossibleValuesParser::new(words).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<ArgMatches, clap::Error> {
        build(Language::English).try_get_matches_from(line.split(' '))
    }

    #[test]
    fn what_excludes_each_other_is_not_taken_together() {
        for both in ["--new-life --refuse", "--refuse --life 00", "--life 00 --new-life"] {
            let failed = parse(&format!("gapferry rebase daily --reason why {both}")).unwrap_err();
            assert_eq!(failed.kind(), clap::error::ErrorKind::ArgumentConflict, "{both}");
        }
    }

    #[test]
    fn the_tree_is_consistent_in_both_languages() {
        for language in [Language::English, Language::Chinese] {
            build(language).debug_assert();
        }
    }

    #[test]
    fn lines_are_understood() {
        for line in [
            "gapferry init --zone inside --role source",
            "gapferry --home /h card --json",
            "gapferry card --home /h",
            "gapferry trust f --fingerprint ab-cd",
            "gapferry archive add a /a",
            "gapferry route add r --archive a --to z --to-gateway /o --from-gateway /i --escrow e",
            "gapferry route accept r --from z --into /t",
            "gapferry carry /m --route a --route b --medium-size 64MiB --receipt digest --receipt-to /d",
            "gapferry pack --to /m --item *.json --item 地契/* --dry-run",
            "gapferry items --state done --route r a*",
            "gapferry resend --route r --item a --item b --reason x",
            "gapferry cancel --route r --package 12 --reason x",
            "gapferry purge --route r --route s --item a --item b --reason x --yes",
            "gapferry purge --all-routes --archive a --item b --reason x --dry-run",
            "gapferry purges a* --route r",
            "gapferry breaker release r --reason x",
            "gapferry history a --back 2 --restore /d",
            "gapferry ledger show --from 3",
            "gapferry run --once --log json --log-level debug",
            "gapferry items -- -a",
        ] {
            parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }

    #[test]
    fn wrong_lines_are_refused() {
        for line in [
            "gapferry",
            "gapferry ledger",
            "gapferry frobnicate",
            "gapferry init --zone a",
            "gapferry init --zone a --role both",
            "gapferry carry",
            "gapferry carry /m --medium-size big",
            "gapferry carry /m --receipt long",
            "gapferry resend --route r --reason x",
            "gapferry resend --route r --item a --package 1 --reason x",
            "gapferry cancel --route r --item a",
            "gapferry purge --item a --reason x",
            "gapferry purge --route r --all-routes --item a --reason x",
            "gapferry purge --route r --reason x",
            "gapferry purge --route r --item a",
            "gapferry history a --back 1 --version 2",
            "gapferry items --state lost",
            "gapferry completions tcsh",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn global_options_stand_before_or_after() {
        for line in ["gapferry --home /h --quiet status", "gapferry status --home /h --quiet", "gapferry --quiet status --home /h"] {
            let matches = parse(line).unwrap();
            let (path, inner) = chosen(&matches);
            assert_eq!(path, "status");
            assert_eq!(inner.get_one::<std::path::PathBuf>("home").unwrap().to_str(), Some("/h"));
            assert!(inner.get_flag("quiet"));
        }
        assert_eq!(chosen(&parse("gapferry ledger show").unwrap()).0, "ledger.show");
    }
}
