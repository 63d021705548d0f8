//! The voice of gapferry: arguments in, output for people or as JSON, exit codes. Everything that is done, the `driver` does.
//!
//! Guarantees: `--json` prints exactly one object on stdout and is never localised; every problem is printed with whose fault
//! it is and what to do now; the exit codes are those of `advice` alone. It decides nothing about archives, packages or keys.

#[cfg(fuzzing)]
compile_error!("a build for fuzzing checks no signature, seal or digest: the program is never built so (fuzz/README.md)");

use clap::error::ErrorKind;
use std::ffi::OsString;
use std::panic::PanicHookInfo;

pub mod advice;
pub mod command_line;
pub mod commands;
mod demo;
pub mod detail;
mod hardening;
pub mod language;
mod log;
mod moment;
pub mod page;
mod paper;
mod passphrase;
mod perform;
mod progress;
mod purge;
mod schema;
pub mod show;
mod sizes;
pub mod texts;
mod trust;
mod usage;
pub mod voice;
mod world;

use language::Language;
use texts::Texts;
use voice::Voice;

/// Runs the command that `arguments` (the program's name first) ask for; returns the exit code.
pub fn run(arguments: Vec<OsString>) -> u8 {
    hardening::keep_memory_inside();
    // Both are needed before the arguments are known to be right: what is wrong with them is said in the same way.
    let before = arguments.iter().skip(1).take_while(|argument| *argument != "--");
    let options: Vec<&str> = before.map(|argument| argument.to_str().unwrap_or_default()).collect();
    let json = options.contains(&"--json");
    let asked = options.iter().enumerate().find_map(|(place, option)| match option.strip_prefix("--lang") {
        Some("") => options.get(place + 1).copied(),
        Some(value) => value.strip_prefix('='),
        None => None,
    });
    let language = Language::choose(asked, &|name| std::env::var(name).ok());
    report_panics(language);
    let voice = |quiet| Voice::new(Texts::new(if json { Language::English } else { language }), json, quiet);
    match command_line::build(language).try_get_matches_from(&arguments) {
        Ok(matches) => {
            let (path, chosen) = command_line::chosen(&matches);
            perform::perform(&path, chosen, &arguments, voice(chosen.get_flag("quiet")))
        }
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => voice(false).print(advice::WELL, &error.to_string()),
        Err(error) => {
            let voice = voice(false);
            voice.failure(&usage::failure(&error, &arguments, &voice.texts))
        }
    }
}

/// A panic is a fault of ours: it says so and how to report it. The index is opened with panics caught, because its library
/// panics on a damaged file; those are no news, the driver repairs the index and says so itself.
fn report_panics(language: Language) {
    std::panic::set_hook(Box::new(move |panic: &PanicHookInfo| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        if place.contains("/sled-") {
            return;
        }
        // Whoever asks for a text while the texts are read waits for ever.
        if place.contains("src/texts.rs") {
            voice::warn(&format!("panic at {place}: the texts of this program cannot be read"));
            return;
        }
        let text = panic.payload().downcast_ref::<&str>().map(|text| (*text).to_owned());
        let text = text.or_else(|| panic.payload().downcast_ref::<String>().cloned()).unwrap_or_default();
        let values = [("place", place.as_str()), ("text", &text), ("version", env!("CARGO_PKG_VERSION"))];
        voice::warn(&page::printable(&Texts::new(language).fill("panic.report", &values)));
    }));
}
