//! The passphrase of the keys: from the file that `GAPFERRY_PASSPHRASE_FILE` names, else typed on the terminal without echo.
//! It is never on the command line, never logged, and leaves memory when dropped.

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::env;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

use crate::texts::Texts;
use crate::voice::warn;

/// Names the file whose first line is the passphrase.
pub const VARIABLE: &str = "GAPFERRY_PASSPHRASE_FILE";
/// Longest passphrase, bytes.
pub const PASSPHRASE_BYTES_MAX: usize = 1024;

/// The file that the environment names.
pub fn file() -> Option<PathBuf> {
    env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from)
}

/// The passphrase of a home that has one; `None` when there is nobody to ask.
pub fn ask(texts: &Texts) -> Option<Zeroizing<String>> {
    ask_from(None, texts)
}

/// As `ask`, from this file if one is given.
pub fn ask_from(given: Option<&Path>, texts: &Texts) -> Option<Zeroizing<String>> {
    obtain(given, texts, false).map_err(|error| warn(&error)).ok()
}

/// A new passphrase: from the file, or typed twice.
pub fn choose(texts: &Texts) -> Result<Zeroizing<String>, String> {
    choose_from(None, texts)
}

/// As `choose`, from this file if one is given.
pub fn choose_from(given: Option<&Path>, texts: &Texts) -> Result<Zeroizing<String>, String> {
    obtain(given, texts, true)
}

fn obtain(given: Option<&Path>, texts: &Texts, twice: bool) -> Result<Zeroizing<String>, String> {
    if let Some(path) = given.map(Path::to_path_buf).or_else(file) {
        let unreadable =
            |error: String| texts.fill("passphrase.file", &[("path", &path.display().to_string()), ("error", &crate::detail::said(&error, texts))]);
        let mut source = File::open(&path).map_err(|error| unreadable(error.to_string()))?;
        return line(&mut source).map_err(|error| unreadable(error.to_string()));
    }
    let mut terminal = Terminal::open().map_err(|_| texts.text("passphrase.nobody"))?;
    let mut prompt = |key: &str| terminal.prompt(&texts.text(key)).map_err(|error| error.to_string());
    let first = prompt("passphrase.prompt")?;
    if twice && *prompt("passphrase.again")? != *first {
        return Err(texts.text("passphrase.differ"));
    }
    Ok(first)
}

/// The first line of `source`, which must not be empty.
fn line(source: &mut dyn Read) -> io::Result<Zeroizing<String>> {
    // Room is made once, so that no copy of a part stays behind in memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(PASSPHRASE_BYTES_MAX + 1));
    let mut byte = Zeroizing::new([0u8]);
    loop {
        match source.read(byte.as_mut_slice()) {
            Ok(0) => break,
            Ok(_) if byte[0] == b'\n' => break,
            Ok(_) if bytes.len() == PASSPHRASE_BYTES_MAX => return Err(io::Error::other(format!("longer than {PASSPHRASE_BYTES_MAX} bytes"))),
            Ok(_) => bytes.push(byte[0]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    let text = str::from_utf8(&bytes).map_err(|_| io::Error::other("not UTF-8"))?;
    if text.is_empty() {
        return Err(io::Error::other("empty"));
    }
    Ok(Zeroizing::new(text.to_owned()))
}

/// The terminal with its echo off; it comes back on when this is dropped.
struct Terminal {
    file: File,
    before: Termios,
}

impl Terminal {
    fn open() -> io::Result<Self> {
        let file = fs::OpenOptions::new().read(true).write(true).open("/dev/tty")?;
        let before = tcgetattr(&file)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&file, OptionalActions::Flush, &silent)?;
        Ok(Self { file, before })
    }

    fn prompt(&mut self, text: &str) -> io::Result<Zeroizing<String>> {
        write!(self.file, "{text} ")?;
        let typed = line(&mut self.file);
        writeln!(self.file)?;
        typed
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that is gone.
        let _ = tcsetattr(&self.file, OptionalActions::Flush, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_counts() {
        let longest = "x".repeat(PASSPHRASE_BYTES_MAX);
        for (text, expected) in [
            ("secret\n", Some("secret")),
            ("secret", Some("secret")),
            ("一 二\r\nsecond line\n", Some("一 二")),
            (longest.as_str(), Some(longest.as_str())),
            ("", None),
            ("\nsecond", None),
            (&format!("{longest}x"), None),
        ] {
            assert_eq!(line(&mut text.as_bytes()).ok().as_ref().map(|line| line.as_str()), expected, "{text:?}");
        }
        assert!(line(&mut &b"\xff\n"[..]).is_err());
    }
}
