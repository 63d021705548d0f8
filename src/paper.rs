//! What is made from the command line itself: completions for shells and manual pages.

use clap_complete::Shell;
use driver::report::Failure;
use serde_json::json;
use std::fs;
use std::path::Path;

use crate::advice;
use crate::command_line::{self, BINARY};
use crate::voice::Voice;

/// Prints the completions for a shell of `commands::SHELLS`.
pub fn completions(shell: &str, voice: &Voice) -> u8 {
    let known: Shell = shell.parse().expect("the parser lets only known shells pass");
    let mut script = Vec::new();
    clap_complete::generate(known, &mut command_line::build(voice.texts.language), BINARY, &mut script);
    let script = String::from_utf8(script).expect("completions are made of texts");
    if voice.json { voice.json(advice::WELL, &json!({ "shell": shell, "script": script, "exit": advice::WELL })) } else { voice.print(advice::WELL, &script) }
}

/// Writes one page per command into `folder`, which is made if it is not there.
pub fn man(folder: &Path, voice: &Voice) -> u8 {
    let mut root = command_line::build(voice.texts.language);
    root.build();
    let mut files = Vec::new();
    let written = fs::create_dir_all(folder).and_then(|()| pages(&root, folder, &mut files));
    match written {
        Err(error) => voice.failure(&Failure::io(folder.display().to_string(), &error)),
        Ok(()) if voice.json => voice.json(advice::WELL, &json!({ "files": files, "exit": advice::WELL })),
        Ok(()) if voice.quiet => advice::WELL,
        Ok(()) => {
            let line = voice.texts.fill("man.written", &[("count", &files.len().to_string()), ("dir", &folder.display().to_string())]);
            voice.print(advice::WELL, &(line + "\n"))
        }
    }
}

fn pages(command: &clap::Command, folder: &Path, files: &mut Vec<String>) -> std::io::Result<()> {
    let name = command.get_display_name().unwrap_or(BINARY).to_owned();
    let file = format!("{name}.1");
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).title(name).render(&mut page)?;
    fs::write(folder.join(&file), page)?;
    files.push(file);
    command.get_subcommands().try_for_each(|below| pages(below, folder, files))
}
