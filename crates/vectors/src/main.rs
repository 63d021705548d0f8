//! `vectors write DIR` builds the fixtures into DIR; `vectors check DIR` says what differs from what would be built, then reads
//! every fixture with the independent reader. It removes nothing but files of its own pages that it would not build.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["write", directory] => write(Path::new(directory)),
        ["check", directory] => check(Path::new(directory)),
        _ => {
            eprintln!("usage: vectors (write|check) DIR\n\nexample: cargo run -p vectors -- check fixtures");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(done) => {
            println!("{done}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(1)
        }
    }
}

fn write(directory: &Path) -> Result<String, String> {
    let files = vectors::build();
    let (count, bytes) = (files.len(), files.iter().map(|file| file.bytes.len()).sum::<usize>());
    let before = vectors::load(directory)?;
    for stale in before.keys().filter(|path| !files.iter().any(|file| file.path == **path)) {
        std::fs::remove_file(directory.join(stale)).map_err(|error| format!("{stale}: {error}"))?;
    }
    for file in files {
        let path = directory.join(&file.path);
        let written = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(&path, &file.bytes));
        written.map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(format!("{count} files, {bytes} bytes"))
}

fn check(directory: &Path) -> Result<String, String> {
    let found = vectors::load(directory)?;
    let built: BTreeMap<String, Vec<u8>> = vectors::build().into_iter().map(|file| (file.path, file.bytes)).collect();
    let differences = vectors::differences(&found, &built);
    if !differences.is_empty() {
        return Err(differences.join("\n"));
    }
    let verdicts = vectors::read::Fixtures::new(found)?.verdicts()?;
    let disagreements: Vec<String> =
        verdicts.iter().filter(|verdict| !verdict.agrees()).map(|verdict| format!("{}: read as {:?}", verdict.path, verdict.read)).collect();
    if disagreements.is_empty() { Ok(format!("{} fixtures are as built and read as they must", verdicts.len())) } else { Err(disagreements.join("\n")) }
}
