//! The real world for the driver: this machine's disk, clock and entropy, and who acts.

use driver::{Actor, World};
use std::ffi::OsString;
use std::fs;
use std::sync::Arc;

use crate::passphrase;
use crate::progress::Shown;
use crate::texts::Texts;

/// The world of this process. `arguments` go to the ledger as the command: no option carries a secret.
pub fn real(arguments: &[OsString], progress: Arc<Shown>, texts: Arc<Texts>) -> World {
    World {
        disk: Arc::new(store::real::RealDisk::new()),
        indexes: Arc::new(store::index::SledIndexes),
        clock: Arc::new(store::clock::RealClock),
        entropy: Arc::new(store::clock::RealEntropy),
        progress,
        actor: Actor { user: user(), host: host(), command: command(arguments) },
        passphrase: Arc::new(move || passphrase::ask(&texts)),
    }
}

/// The name of who acts, as the system's table has it; the environment could say anything. The number where it has none. It is the person
/// who logged in, whatever user the command runs as since: people who take turns as the user of a service are not one (proc(5), loginuid).
fn user() -> String {
    let own = rustix::process::getuid().as_raw();
    let number = fs::read_to_string("/proc/self/loginuid").ok().and_then(|told| logged_in(&told)).unwrap_or(own);
    let table = fs::read_to_string("/etc/passwd").unwrap_or_default();
    user_in(&table, number).unwrap_or_else(|| number.to_string())
}

/// Who logged in; nobody where a service began it.
fn logged_in(told: &str) -> Option<u32> {
    told.trim().parse().ok().filter(|number| *number != u32::MAX)
}

fn user_in(table: &str, number: u32) -> Option<String> {
    table.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(number)).then(|| name.to_owned())
    })
}

fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The command line, arguments with spaces in quotes.
fn command(arguments: &[OsString]) -> String {
    let shown = arguments.iter().skip(1).map(|argument| quoted(&argument.to_string_lossy()));
    std::iter::once(crate::command_line::BINARY.to_owned()).chain(shown).collect::<Vec<_>>().join(" ")
}

/// An argument as a shell takes it.
pub fn quoted(argument: &str) -> String {
    let bare = |character: char| character.is_alphanumeric() || "-_./=:,+@%".contains(character);
    if !argument.is_empty() && argument.chars().all(bare) { argument.to_owned() } else { format!("'{}'", argument.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_come_from_the_table() {
        let table = "root:x:0:0:root:/root:/bin/bash\nkeeper:x:1001:1001::/home/keeper:/bin/sh\nbroken\n";
        for (number, expected) in [(0, Some("root")), (1001, Some("keeper")), (7, None)] {
            assert_eq!(user_in(table, number).as_deref(), expected);
        }
    }

    #[test]
    fn who_logged_in_is_who_acts() {
        for (told, expected) in [("1001\n", Some(1001)), ("0", Some(0)), ("4294967295", None), ("", None), ("no", None)] {
            assert_eq!(logged_in(told), expected, "{told}");
        }
    }

    #[test]
    fn commands_read_as_they_were_typed() {
        let arguments: Vec<OsString> = ["/usr/bin/gapferry", "carry", "/media/my stick", "--route", "it's", "地契", ""].map(OsString::from).into();
        assert_eq!(command(&arguments), "gapferry carry '/media/my stick' --route 'it'\\''s' 地契 ''");
    }
}
