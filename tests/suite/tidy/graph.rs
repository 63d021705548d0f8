//! The graph of crates, from `cargo metadata`: which crate of ours stands on which, what the inner ring is made of, and which
//! crate alone speaks to a library that others must not see.

use super::{crate_folders, files, none, read};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// What a crate of ours may stand on, of ours. A new crate gets a row, and ARCHITECTURE.md a paragraph.
const STANDS_ON: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("seal", &["wire"]),
    ("engine", &["seal", "wire"]),
    ("rights", &[]),
    ("county", &["rights"]),
    ("template", &["rights"]),
    ("store", &["wire"]),
    ("capture", &["store", "wire"]),
    ("carrier", &["store", "wire"]),
    ("driver", &["capture", "carrier", "engine", "rights", "seal", "store", "template", "wire"]),
    ("gapferry", &["county", "driver", "rights", "store", "wire"]),
    ("sim", &["driver", "seal", "store", "wire"]),
    ("vectors", &[]),
];

/// What the inner ring may be made of beside itself: codecs and primitives, nothing that reaches the system.
const INNER: &[(&str, &[&str])] = &[
    ("wire", &["base64", "bincode", "blake3", "serde"]),
    ("seal", &["aead-stream", "blake3", "chacha20poly1305", "ed25519-dalek", "fastcdc", "hpke", "x25519-dalek", "zeroize", "zstd"]),
    ("engine", &["serde"]),
    ("rights", &["base64", "blake3", "i_overlay", "serde", "serde_json", "unicode-normalization"]),
    ("template", &["lopdf", "serde_json", "toml", "unicode-normalization"]),
    ("county", &["blake3", "serde_json"]),
];

/// Features that would give a pure crate the system, threads or entropy by the back door.
const IMPURE_FEATURES: &[&str] = &["std", "getrandom", "os_rng", "rayon", "mmap", "zstdmt"];

/// Libraries that only these crates may use, so that each can be replaced in one place.
const ONLY: &[(&str, &[&str])] = &[
    ("bincode", &["wire"]),
    ("sled", &["store"]),
    ("tokio", &["driver"]),
    ("notify", &["capture"]),
    ("walkdir", &["store"]),
    ("rustix", &["store", "gapferry"]),
    ("getrandom", &["store"]),
    ("aead-stream", &["seal"]),
    ("ed25519-dalek", &["seal", "vectors"]),
    ("hpke", &["seal", "vectors"]),
    ("x25519-dalek", &["seal"]),
    ("fastcdc", &["seal"]),
    ("zstd", &["seal", "vectors"]),
    ("i_overlay", &["rights"]),
    ("lopdf", &["template"]),
    ("clap", &["gapferry", "sim"]),
    ("indicatif", &["gapferry"]),
    ("png", &["driver"]),
    ("qrcodegen", &["driver"]),
];

/// The libraries that this product is asked to be built with.
const ASKED_FOR: &[&str] = &["tokio", "sled", "serde", "bincode", "blake3", "ed25519-dalek", "chacha20poly1305", "notify", "walkdir", "tracing"];

struct Dependency {
    of: String,
    name: String,
    /// `normal`, `dev` or `build`.
    kind: String,
    features: Vec<String>,
}

/// Every dependency that a crate of ours declares.
fn dependencies() -> Vec<Dependency> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--manifest-path"])
        .arg(super::root().join("Cargo.toml"))
        .output()
        .expect("cargo can be run");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
    let text = |value: &Value| value.as_str().expect("a name in cargo metadata").to_owned();
    let list = |value: &Value| value.as_array().expect("a list in cargo metadata").clone();
    list(&metadata["packages"])
        .iter()
        .flat_map(|package| {
            list(&package["dependencies"]).into_iter().map(|dependency| Dependency {
                of: text(&package["name"]),
                name: text(&dependency["name"]),
                kind: dependency["kind"].as_str().unwrap_or("normal").to_owned(),
                features: list(&dependency["features"]).iter().map(text).collect(),
            })
        })
        .collect()
}

/// The breaches of the tables above.
fn breaches(dependencies: &[Dependency]) -> Vec<String> {
    let stands_on: BTreeMap<_, _> = STANDS_ON.iter().copied().collect();
    let inner: BTreeMap<_, _> = INNER.iter().copied().collect();
    let mut breaches = Vec::new();
    for Dependency { of, name, kind, features } in dependencies {
        let Some(may) = stands_on.get(of.as_str()) else {
            breaches.push(format!("{of} is not in the table of crates"));
            continue;
        };
        let ours = stands_on.contains_key(name.as_str());
        match kind.as_str() {
            // What only tests use never ships. But a judge that knows the judged is none, and a test must not turn the graph around.
            "dev" if of == "vectors" && ours => breaches.push(format!("{of} must know no crate of ours, not even in its tests: {name}")),
            "dev" => {}
            "normal" if ours && !may.contains(&name.as_str()) => breaches.push(format!("{of} must not stand on {name}")),
            "normal" => {
                if let Some(made_of) = inner.get(of.as_str()) {
                    if !ours && !made_of.contains(&name.as_str()) {
                        breaches.push(format!("{of} is of the inner ring and must not use {name}"));
                    }
                    for feature in features.iter().filter(|feature| IMPURE_FEATURES.contains(&feature.as_str())) {
                        breaches.push(format!("{of} is of the inner ring and must not use {name} with {feature}"));
                    }
                }
                if let Some((_, by)) = ONLY.iter().find(|(library, by)| library == name && !by.contains(&of.as_str())) {
                    breaches.push(format!("{name} is used by {by:?} alone, not by {of}"));
                }
            }
            other => breaches.push(format!("{of} has a {other} dependency: {name}")),
        }
    }
    breaches
}

#[test]
fn the_graph_is_the_drawn_one() {
    let dependencies = dependencies();
    none("the graph of crates", &breaches(&dependencies));
    let made: BTreeSet<_> = crate_folders().into_iter().chain(["gapferry".to_owned()]).collect();
    let drawn: BTreeSet<_> = STANDS_ON.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(made, drawn, "the crates that there are and the crates of the table");
    for (of, made_of) in INNER {
        for name in *made_of {
            assert!(
                dependencies.iter().any(|dependency| dependency.of == *of && dependency.name == *name),
                "{of} no longer uses {name}: take it off the table"
            );
        }
    }
}

#[test]
fn a_wrong_graph_is_seen() {
    let dependency = |of: &str, name: &str, kind: &str, features: &[&str]| Dependency {
        of: of.into(),
        name: name.into(),
        kind: kind.into(),
        features: features.iter().map(|feature| (*feature).into()).collect(),
    };
    for (of, name, kind, features, bad) in [
        ("seal", "wire", "normal", &[][..], false),
        ("wire", "proptest", "dev", &["std"], false),
        ("engine", "vectors", "dev", &[], false),
        ("wire", "seal", "normal", &[], true),
        ("engine", "store", "normal", &[], true),
        ("store", "driver", "normal", &[], true),
        ("vectors", "wire", "normal", &[], true),
        ("vectors", "wire", "dev", &[], true),
        ("engine", "vectors", "normal", &[], true),
        ("engine", "rayon", "normal", &[], true),
        ("wire", "blake3", "normal", &["std"], true),
        ("seal", "hpke", "normal", &["getrandom"], true),
        ("carrier", "tokio", "normal", &[], true),
        ("driver", "sled", "normal", &[], true),
        ("wire", "cc", "build", &[], true),
        ("console", "wire", "normal", &[], true),
    ] {
        let breaches = breaches(&[dependency(of, name, kind, features)]);
        assert_eq!(breaches.len(), usize::from(bad), "{of} {kind} {name} {features:?}: {breaches:?}");
    }
}

#[test]
fn the_libraries_that_were_asked_for_are_used() {
    let dependencies = dependencies();
    for library in ASKED_FOR {
        assert!(
            dependencies.iter().any(|dependency| dependency.name == *library && dependency.kind == "normal" && dependency.of != "vectors"),
            "{library} is not used"
        );
    }
}

#[test]
fn every_crate_takes_the_lints_of_the_workspace() {
    let manifests = crate_folders().into_iter().map(|name| format!("crates/{name}/Cargo.toml")).chain(["Cargo.toml".to_owned()]);
    let without: Vec<String> = manifests.filter(|path| !read(path).contains("[lints]\nworkspace = true")).collect();
    none("manifests without the lints of the workspace", &without);
}

#[test]
fn what_is_declared_is_used() {
    let mut unused = Vec::new();
    for Dependency { of, name, kind, .. } in dependencies() {
        let folder = if of == "gapferry" { String::new() } else { format!("crates/{of}/") };
        let folders: &[&str] = if kind == "dev" { &["src", "tests"] } else { &["src"] };
        let word = name.replace('-', "_");
        let uses = |path: &String| read(path).split(|character: char| !(character.is_alphanumeric() || character == '_')).any(|other| other == word);
        if !folders.iter().flat_map(|part| files(&format!("{folder}{part}"), ".rs")).any(|path| uses(&path)) {
            unused.push(format!("{of} declares {name} and does not use it"));
        }
    }
    none("dependencies", &unused);
}
