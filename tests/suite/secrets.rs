//! Secret keys lie in files that only their owner can read, and with a passphrase they are of no use without it.

use crate::stand::{Ran, Side, Stand, binary, tree};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

fn run(root: &Path, line: &[&str], passphrase: Option<&Path>) -> Ran {
    let mut command = Command::new(binary());
    command.args(line).args(["--home", "home", "--json"]).current_dir(root).stdin(Stdio::null());
    command.env_remove("GAPFERRY_HOME").env_remove("GAPFERRY_PASSPHRASE_FILE").env("LC_ALL", "C");
    passphrase.map(|file| command.env("GAPFERRY_PASSPHRASE_FILE", file));
    // A session of its own: there is no terminal on which a passphrase could be asked for.
    let mut away = Command::new("setsid");
    away.arg("--wait").arg(command.get_program()).args(command.get_args()).current_dir(root).stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => away.env(name, value),
            None => away.env_remove(name),
        };
    }
    away.output().expect("setsid can be run").into()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
}

#[test]
fn nobody_else_can_read_the_keys() {
    let stand = Stand::new();
    for side in [Side::Source, Side::Replica] {
        let keys = stand.home(side).join("keys");
        for name in tree(&keys).into_keys() {
            let file = keys.join(String::from_utf8(name).expect("its names are plain"));
            assert_eq!(mode(&file), 0o600, "{}", file.display());
        }
    }
    let mut umask = Command::new("sh");
    umask.arg("-c").arg("umask 0; exec \"$0\" init --zone open --role source --home open").arg(binary()).current_dir(&stand.root);
    assert!(umask.stdout(Stdio::null()).status().expect("sh can be run").success());
    assert_eq!(mode(&stand.folder("open/keys/zone.key")), 0o600, "whatever the umask is");
}

#[test]
fn no_secret_leaves_its_file() {
    let stand = Stand::new();
    stand.write("a", "content");
    stand.round();
    for side in [Side::Source, Side::Replica] {
        let home = stand.home(side);
        let text = fs::read_to_string(home.join("keys/zone.key")).expect("it can be read");
        let secret = text.lines().last().expect("the secret is in its last line").as_bytes().to_vec();
        assert_eq!(secret.len(), 128, "64 bytes in hex");
        let raw: Vec<u8> = secret.chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).expect("hex"), 16).expect("hex")).collect();
        for (path, (content, _, _)) in tree(&stand.root) {
            let path = String::from_utf8_lossy(&path).into_owned();
            if path.ends_with("keys/zone.key") {
                continue;
            }
            for piece in [&secret[..64], &secret[64..], &raw[..32], &raw[32..]] {
                assert!(!content.windows(piece.len()).any(|window| window == piece), "{path} holds a secret key of the {side:?}");
            }
        }
    }
}

#[test]
fn a_passphrase_is_needed_each_time() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let root = folder.path();
    let write = |name: &str, text: &str| {
        fs::write(root.join(name), text).expect("it can be written");
        root.join(name)
    };
    let (right, wrong, empty, long) =
        (write("right", "摆渡 and more\nignored\n"), write("wrong", "摆渡\n"), write("empty", "\n"), write("long", &"x".repeat(1025)));
    let init = ["init", "--zone", "inside", "--role", "source"];
    let made = run(root, &init, Some(&right));
    assert_eq!((made.exit, &made.object["created"]), (Some(0), &Value::Bool(true)), "{made:#?}");
    let key = root.join("home/keys/zone.key");
    assert_eq!(mode(&key), 0o600);
    assert!(fs::read_to_string(&key).expect("it can be read").contains("argon2id"), "it is sealed");
    fs::create_dir(root.join("archive")).expect("a folder can be made");
    let before = tree(&root.join("home"));
    for line in [&["archive", "add", "cards", "archive"][..], &["card"], &["capture"], &["status"], &["ledger", "rebuild"], &["run", "--once"], &init] {
        for passphrase in [None, Some(&wrong), Some(&empty), Some(&long), Some(&root.join("not there"))] {
            let ran = run(root, line, passphrase.map(std::path::PathBuf::as_path));
            assert_eq!((ran.exit, ran.codes()), (Some(2), vec!["HOM-04".to_owned()]), "{line:?} with {passphrase:?}: {ran:#?}");
        }
    }
    assert_eq!(tree(&root.join("home")).keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>(), "nothing was made");
    for line in [&["archive", "add", "cards", "archive"][..], &["card"], &["capture"], &["status"], &["ledger", "rebuild"], &["ledger", "verify"], &init] {
        let ran = run(root, line, Some(&right));
        assert_eq!(ran.exit, Some(0), "{line:?}: {ran:#?}");
    }
    let said: Vec<u8> = tree(&root.join("home")).into_values().flat_map(|(content, _, _)| content).collect();
    assert!(!said.windows(6).any(|window| window == "摆渡".as_bytes()), "the passphrase is nowhere in the home");
}

#[test]
fn a_damaged_key_file_is_said_to_be_one() {
    let stand = Stand::new();
    let key = stand.home(Side::Source).join("keys/zone.key");
    let whole = fs::read(&key).expect("it can be read");
    let harms: [&dyn Fn(Vec<u8>) -> Vec<u8>; 4] = [
        &|_| Vec::new(),
        &|mut text| {
            text.truncate(text.len() / 2);
            text
        },
        &|mut text| {
            text[0] ^= 1;
            text
        },
        &|text| [text.as_slice(), b"more\n"].concat(),
    ];
    for harm in harms {
        fs::write(&key, harm(whole.clone())).expect("it can be written");
        let ran = stand.run(Side::Source, &["capture"]);
        assert_eq!((ran.exit, ran.codes()), (Some(4), vec!["HOM-05".to_owned()]), "{ran:#?}");
    }
}
