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
        let mut secret = text.lines().last().expect("the secret is in its last line").as_bytes().to_vec();
        assert_eq!(secret.len(), 136, "64 bytes and a check of 4 in hex");
        secret.truncate(128);
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

/// FAULTS K08
#[test]
fn no_secret_is_in_the_log_or_the_ledger_whatever_its_level() {
    let stand = Stand::new();
    stand.write("a", "content");
    let mut said = Vec::new();
    let mut run = |side: Side, line: &[&str]| {
        let mut command = Command::new(binary());
        command.args(line).args(["--home", stand.home(side).to_str().expect("UTF-8"), "--log", "text", "--log-level", "trace"]);
        let output = command.stdin(Stdio::null()).output().expect("the binary can be run");
        assert!(output.status.success(), "{line:?}: {}", String::from_utf8_lossy(&output.stderr));
        said.extend([output.stdout, output.stderr].concat());
    };
    let medium = stand.medium.to_str().expect("UTF-8").to_owned();
    for side in [Side::Source, Side::Replica, Side::Source, Side::Replica, Side::Source] {
        run(side, &["carry", &medium]);
        run(side, &["keys", "rotate", "--reason", "test"]);
        run(side, &["ledger", "show"]);
    }
    assert!(said.len() > 10_000, "the log says something");
    let mut secrets = 0;
    for side in [Side::Source, Side::Replica] {
        let text = fs::read_to_string(stand.home(side).join("keys/zone.key")).expect("it can be read");
        let all = text.lines().last().expect("the secrets are in its last line").as_bytes().to_vec();
        for secret in all.chunks_exact(64) {
            let raw: Vec<u8> = secret.chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).expect("hex"), 16).expect("hex")).collect();
            let listed = raw.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
            secrets += 1;
            for (path, (content, _, _)) in tree(&stand.root).into_iter().filter(|(path, _)| !path.ends_with(b"zone.key")) {
                assert!(!content.windows(32).any(|window| window == raw), "{}", String::from_utf8_lossy(&path));
            }
            for form in [secret, &raw, listed.as_bytes()] {
                assert!(!said.windows(form.len()).any(|window| window == form), "a secret key of the {side:?} was said");
            }
        }
    }
    assert!(secrets >= 10, "{secrets}");
}

/// FAULTS K08
#[test]
fn a_process_leaves_no_core() {
    let stand = Stand::with(crate::stand::Setting { gateways: true, ..crate::stand::Setting::default() });
    let mut daemon = Command::new(binary());
    daemon.args(["run", "--home", stand.home(Side::Source).to_str().expect("UTF-8")]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut daemon = daemon.spawn().expect("the binary can be run");
    let limits = crate::stand::wait_for("the limits of the daemon", || {
        let text = fs::read_to_string(format!("/proc/{}/limits", daemon.id())).ok()?;
        let core = text.lines().find(|line| line.starts_with("Max core file size"))?.to_owned();
        core.split_whitespace().rev().nth(1).is_some_and(|hard| hard == "0").then_some(core)
    });
    daemon.kill().expect("it runs");
    daemon.wait().expect("it ends");
    assert_eq!(limits.split_whitespace().filter(|word| *word == "0").count(), 2, "{limits}");
}

/// FAULTS K09
#[test]
fn plaintext_lies_in_the_replica_and_its_dot_folder_only() {
    for gateways in [false, true] {
        let stand = Stand::with(crate::stand::Setting { gateways, ..crate::stand::Setting::default() });
        let marker = "MARKER-OF-THE-PLAINTEXT-91f0";
        stand.write("a", marker.repeat(50));
        stand.write("b", marker.repeat(40_000));
        for version in 0..2 {
            stand.write("a", format!("{marker}{version}").repeat(50));
            for side in [Side::Source, Side::Replica, Side::Source] {
                if gateways { drop(stand.expect(side, &["run", "--once"], 0)) } else { drop(stand.carry(side)) }
            }
        }
        stand.expect_true();
        assert_eq!(mode(&stand.replica.join(".gapferry")), 0o700);
        let mut searched = 0;
        for (path, (content, _, _)) in tree(&stand.root) {
            let path = String::from_utf8_lossy(&path).into_owned();
            if !path.starts_with("archive/") && !path.starts_with("replica/") {
                searched += 1;
                assert!(!content.windows(marker.len()).any(|window| window == marker.as_bytes()), "{path}");
            }
        }
        assert!(searched > 10, "{searched}");
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
