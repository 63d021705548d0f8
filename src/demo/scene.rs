//! The stage of the demonstration: public commands run as processes, their exit codes held against what must be, and the medium
//! watched in between.
//!
//! Guarantee: a file on the medium that changes, appears or vanishes while no command runs makes the demonstration fail. The
//! next command is run and shown all the same, because what gapferry says to it is the point.

use driver::report::Failure;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command_line::BINARY;
use crate::page::printable;
use crate::voice::{Voice, warn};
use crate::world::quoted;

/// Code of a demonstration that did not go as it must.
pub const CODE: &str = "DMO-01";
/// Below the folder of the demonstration.
pub const MEDIUM: &str = "medium";
/// What gapferry uses of a medium.
const OURS: &str = "medium/gapferry";

/// Files of the medium by name.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The stage.
pub struct Scene<'a> {
    /// The folder in which everything happens.
    pub folder: PathBuf,
    voice: &'a Voice,
    program: PathBuf,
    pause: bool,
    /// What the medium held when the last command had ended.
    known: Files,
    /// Every command with its exit code, for `--json`.
    pub steps: Vec<Value>,
}

impl<'a> Scene<'a> {
    /// A stage in `folder`, on which nothing has happened.
    pub fn new(folder: PathBuf, pause: bool, voice: &'a Voice) -> Result<Self, Failure> {
        let program = std::env::current_exe().map_err(|error| Failure::io(BINARY, &error))?;
        Ok(Self { folder, voice, program, pause, known: Files::new(), steps: Vec::new() })
    }

    /// Says what happens next, as a heading or as a sentence.
    pub fn tell(&self, key: &str, values: &[(&str, &str)]) {
        if !self.voice.json {
            self.show(&self.voice.texts.fill(key, values));
        }
    }

    fn show(&self, text: &str) {
        self.voice.print(0, &(printable(text) + "\n"));
    }

    /// Runs a command in the folder, shows it with what it prints, and holds its exit code against `expected`.
    pub fn run(&mut self, arguments: &[&str], expected: u8) -> Result<(), Failure> {
        self.perform(arguments, expected, true).map(drop)
    }

    /// Runs a command with `--json` and gives its object; only the command is shown.
    pub fn ask(&mut self, arguments: &[&str]) -> Result<Value, Failure> {
        let arguments = [arguments, &["--json"]].concat();
        let printed = self.perform(&arguments, 0, false)?;
        serde_json::from_slice(&printed).map_err(|error| fail(&line(&arguments), format!("did not print one JSON object: {error}")))
    }

    /// A failure unless `holds`.
    pub fn check(&self, holds: bool, subject: &str, detail: &str) -> Result<(), Failure> {
        if holds { Ok(()) } else { Err(fail(subject, detail)) }
    }

    fn perform(&mut self, arguments: &[&str], expected: u8, shown: bool) -> Result<Vec<u8>, Failure> {
        let line = line(arguments);
        if !self.voice.json {
            self.show(&format!("\n$ {line}"));
        }
        self.wait()?;
        let tampered = self.tampered()?;
        let mut command = Command::new(&self.program);
        command.args(arguments).args(["--lang", self.voice.texts.language.word()]).current_dir(&self.folder);
        command.env_remove(crate::perform::HOME_VARIABLE).env_remove(crate::passphrase::VARIABLE);
        let output = command.output().map_err(|error| Failure::io(&line, &error))?;
        let exit = output.status.code();
        self.steps.push(json!({ "command": line, "exit": exit, "expected": expected }));
        if !self.voice.json {
            let printed = [output.stderr.as_slice(), if shown { output.stdout.as_slice() } else { &[] }].concat();
            let text = String::from_utf8_lossy(&printed);
            text.lines().for_each(|line| self.show(format!("    {line}").trim_end()));
            if expected != 0 {
                self.tell("demo.exit", &[("exit", &expected.to_string())]);
            }
        }
        if let Some(name) = tampered {
            let exit = exit.map_or_else(|| "-".into(), |exit| exit.to_string());
            return Err(fail(
                &format!("{OURS}/{name}"),
                format!("was changed, added or removed between two steps; the command that met it ended with exit {exit}"),
            ));
        }
        if exit != Some(expected.into()) {
            let exit = exit.map_or_else(|| output.status.to_string(), |exit| format!("exit {exit}"));
            return Err(fail(&line, format!("ended with {exit} instead of exit {expected}\n{}", String::from_utf8_lossy(&output.stderr).trim_end())));
        }
        let now = self.medium()?;
        if let Some(name) = self.known.keys().find(|name| now.get(*name).is_some_and(|content| content != &self.known[*name])) {
            return Err(fail(&format!("{OURS}/{name}"), "was changed although no command rewrites a file of the medium"));
        }
        self.known = now;
        Ok(output.stdout)
    }

    /// Waits for Enter, where that was asked for; the end of input is as good.
    fn wait(&self) -> Result<(), Failure> {
        if self.pause {
            warn(&self.voice.texts.fill("demo.enter", &[("medium", &self.folder.join(OURS).display().to_string())]));
            io::stdin().read_line(&mut String::new()).map_err(|error| Failure::io("stdin", &error))?;
        }
        Ok(())
    }

    /// The first file of the medium that is not as the last command left it.
    fn tampered(&self) -> Result<Option<String>, Failure> {
        let now = self.medium()?;
        Ok(now.keys().chain(self.known.keys()).find(|name| now.get(*name) != self.known.get(*name)).cloned())
    }

    /// Fails when the medium is not as the last command left it.
    pub fn medium_is_untouched(&self) -> Result<(), Failure> {
        match self.tampered()? {
            Some(name) => Err(fail(&format!("{OURS}/{name}"), "was changed, added or removed between two steps")),
            None => Ok(()),
        }
    }

    /// What gapferry keeps on the medium now.
    fn medium(&self) -> Result<Files, Failure> {
        let folder = self.folder.join(OURS);
        let mut files = Files::new();
        if folder.exists() {
            let failed = |error: io::Error| Failure::io(folder.display().to_string(), &error);
            for entry in fs::read_dir(&folder).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                files.insert(entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).map_err(failed)?);
            }
        }
        Ok(files)
    }

    /// Packages on the medium and their bytes, as the last command left it.
    pub fn packages(&self) -> Vec<(String, u64)> {
        let packages = self.known.iter().filter(|(name, _)| Path::new(name).extension() == Some(OsStr::new("gfp")));
        packages.map(|(name, content)| (name.clone(), content.len() as u64)).collect()
    }

    /// Loses or damages one file of the medium, as part of the story: `change` gets its content and gives the new one, or none.
    pub fn happen(&mut self, name: &str, change: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>) -> Result<(), Failure> {
        let path = self.folder.join(OURS).join(name);
        let failed = |error: io::Error| Failure::io(path.display().to_string(), &error);
        let content = self.known.remove(name).ok_or_else(|| fail(name, "is not on the medium"))?;
        match change(content) {
            None => fs::remove_file(&path).map_err(failed),
            Some(content) => {
                fs::write(&path, &content).map_err(failed)?;
                self.known.insert(name.to_owned(), content);
                Ok(())
            }
        }
    }
}

/// The demonstration did not go as it must.
pub fn fail(subject: &str, detail: impl Into<String>) -> Failure {
    Failure::new(CODE, subject, detail)
}

fn line(arguments: &[&str]) -> String {
    arguments.iter().fold(BINARY.to_owned(), |line, argument| format!("{line} {}", quoted(argument)))
}
