//! `gapferry.toml`: zone, archives, routes, policies. Edits keep a person's comments and order.

use engine::breaker::{Allowance, Allowances};
use engine::consent::PEOPLE_MAX;
use engine::due::{Pace, SCRUB_BYTES_PER_SECOND, SCRUB_DAYS};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use wire::card::Role;
use wire::limits::PARITY_FILES_MAX;
use wire::name::is_name;

use crate::checking::rules::CheckRules;
use crate::report::Failure;

/// The file's name in a home.
pub const FILE: &str = "gapferry.toml";
/// Largest configuration that is read, bytes.
pub const CONFIG_BYTES_MAX: usize = 1 << 20;

const NO_NAME: &str = "no name: 1 to 64 of a-z 0-9 . _ -, starting with a letter or digit";
const NOT_ABSOLUTE: &str = "not a whole path, from / on: it would depend on where a command is given";

/// The line of a key, from 1; of what is around it where it is not there itself.
fn line_of(text: &str, keys: &[&str]) -> Option<usize> {
    let document = toml_edit::Document::parse(text).ok()?;
    let (mut item, mut start) = (document.as_item(), None);
    for key in keys {
        let Some((found, inner)) = item.as_table_like().and_then(|table| table.get_key_value(key)) else { break };
        start = found.span().or(inner.span()).map(|span| span.start).or(start);
        item = inner;
    }
    start.map(|start| text[..start].matches('\n').count() + 1)
}

/// A home's configuration.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Name of this zone.
    pub zone: String,
    /// What it does.
    pub role: Role,
    /// Archives of a source.
    #[serde(default)]
    pub archives: BTreeMap<String, ArchiveConfig>,
    /// Routes.
    #[serde(default)]
    pub routes: BTreeMap<String, RouteConfig>,
    /// Policies.
    #[serde(default)]
    pub policy: Policy,
}

/// An archive.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArchiveConfig {
    /// Its root directory.
    pub root: PathBuf,
    /// What `check` checks its records with.
    #[serde(default)]
    pub rules: CheckRules,
    /// What an item of it is.
    #[serde(default)]
    pub layout: Layout,
    /// Which files are records, where the layout is `records`: a pattern.
    pub records: Option<String>,
}

/// What an item of an archive is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// Each file.
    #[default]
    Files,
    /// A record with its documents.
    Records,
}

/// A route; which fields are set depends on the role.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteConfig {
    /// Source: the archive.
    pub archive: Option<String>,
    /// Source: the replica zone.
    pub to: Option<String>,
    /// Replica: the source zone.
    pub from: Option<String>,
    /// Replica: the tree.
    pub into: Option<PathBuf>,
    /// Folder for what leaves.
    pub to_gateway: Option<PathBuf>,
    /// Folder for what arrives.
    pub from_gateway: Option<PathBuf>,
    /// Source: parity files for each run of packages.
    pub parity: Option<u16>,
    /// Replica: the zone for which it reads, as its escrow holder, where that is another one.
    #[serde(rename = "for")]
    pub for_zone: Option<String>,
    /// Source: the region that the replica serves, for templates.
    pub region: Option<String>,
    /// Source: a zone whose card is an escrow recipient of every package.
    pub escrow: Option<String>,
}

impl RouteConfig {
    /// Whether it goes by gateway and not by medium.
    pub fn has_gateway(&self) -> bool {
        self.to_gateway.is_some() || self.from_gateway.is_some()
    }
}

/// Limits that a person may change.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Hours after which a package that is not answered counts as lost.
    pub deadline_hours: u64,
    /// Items that may change or vanish at once.
    pub breaker_items: u64,
    /// Hundredths of what the replica holds that may change or vanish at once.
    pub breaker_percent: u64,
    /// Hundredths by which the archive may shrink, however slowly, before people are asked.
    pub breaker_slow_percent: u64,
    /// Items that may come to look encrypted.
    pub breaker_suspicious_items: u64,
    /// Hundredths of what the replica holds that may come to look encrypted.
    pub breaker_suspicious_percent: u64,
    /// How many people must agree before a stopped route goes on or begins anew, or items are purged.
    pub release_people: u64,
    /// Replica: days that earlier versions are kept at least.
    pub history_days: u64,
    /// Replica: versions of one item that are kept at least.
    pub history_versions: u64,
    /// Replica: read back past the memory of the system.
    pub read_back_medium: bool,
    /// Largest package, bytes. File systems of removable media often end below 4 GiB.
    pub package_bytes_max: u64,
    /// Replica: sealed copies of packages that parity may still need, bytes; 0 keeps none and rebuilds nothing.
    pub parity_bytes_max: u64,
    /// What the ledger says is written down when so many bytes of records came since, so that opening a home need not fold them again.
    pub snapshot_bytes: u64,
    /// Daemon: seconds between full scans when hints work.
    pub scan_seconds: u64,
    /// Over a gateway: hours within which either side lets itself be heard of; 0: nobody expects it.
    pub heartbeat_hours: u64,
    /// Days within which everything is read again; 0: only when a person asks.
    pub scrub_days: u64,
    /// Bytes per second that is read at most meanwhile; 0: no limit.
    pub scrub_bytes_per_second: u64,
    /// Replica: files that no item accounts for are set aside without being asked.
    pub set_aside_extra: bool,
}

impl Policy {
    /// What may change without anybody being asked.
    pub fn allowances(&self) -> Allowances {
        Allowances {
            at_once: Allowance { items: self.breaker_items, percent: self.breaker_percent },
            shrinking: Allowance { items: self.breaker_items, percent: self.breaker_slow_percent },
            suspicious: Allowance { items: self.breaker_suspicious_items, percent: self.breaker_suspicious_percent },
        }
    }

    /// The first key whose value is none that it may have, and what is wrong with it.
    fn outside_its_limits(&self) -> Option<(&'static str, String)> {
        if self.package_bytes_max < template::PACKAGE_BYTES_MIN {
            return Some(("package_bytes_max", format!("at least {}", template::PACKAGE_BYTES_MIN)));
        }
        if !(1..=PEOPLE_MAX).contains(&self.release_people) {
            return Some(("release_people", format!("1 to {PEOPLE_MAX}")));
        }
        let percents = [
            ("breaker_percent", self.breaker_percent),
            ("breaker_slow_percent", self.breaker_slow_percent),
            ("breaker_suspicious_percent", self.breaker_suspicious_percent),
        ];
        percents.into_iter().find(|(_, percent)| *percent > 100).map(|(key, _)| (key, "a percentage is at most 100".into()))
    }

    /// How re-reading is spread.
    pub fn scrub_pace(&self) -> Pace {
        Pace::of(self.scrub_days, self.scrub_bytes_per_second)
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            deadline_hours: 72,
            breaker_items: 100,
            breaker_percent: 5,
            breaker_slow_percent: 20,
            breaker_suspicious_items: 10,
            breaker_suspicious_percent: 1,
            release_people: 1,
            history_days: 30,
            history_versions: 500,
            read_back_medium: false,
            package_bytes_max: (4 << 30) - 1,
            parity_bytes_max: 0,
            snapshot_bytes: 16 << 20,
            scan_seconds: 300,
            heartbeat_hours: 24,
            scrub_days: SCRUB_DAYS,
            scrub_bytes_per_second: SCRUB_BYTES_PER_SECOND,
            set_aside_extra: false,
        }
    }
}

/// A text that people wrote, as it was read: where it is not UTF-8, this code, and the place.
pub fn utf8(bytes: Vec<u8>, code: &'static str, subject: &str) -> Result<String, Failure> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count();
        Failure::new(code, subject, format!("not UTF-8: line {line}, byte {at} of the file"))
    })
}

impl Config {
    /// Reads a configuration.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let config: Config = toml::from_str(text).map_err(|error| Failure::new("HOM-03", FILE, error.to_string()))?;
        let wrong = |keys: &[&str], detail: &str| {
            let line = line_of(text, keys).map_or_else(String::new, |line| format!("line {line}: "));
            Failure::new("HOM-03", FILE, format!("{line}{}: {detail}", keys.join(".")))
        };
        let names = config.archives.keys().map(|name| ("archives", name)).chain(config.routes.keys().map(|name| ("routes", name)));
        if let Some((section, name)) = names.into_iter().find(|(_, name)| !is_name(name)) {
            return Err(wrong(&[section, name], NO_NAME));
        }
        if !is_name(&config.zone) {
            return Err(wrong(&["zone"], NO_NAME));
        }
        for (name, route) in &config.routes {
            let needed: [(&str, bool); 2] = match config.role {
                Role::Source => [("archive", route.archive.is_some()), ("to", route.to.is_some())],
                Role::Replica => [("from", route.from.is_some()), ("into", route.into.is_some())],
            };
            if let Some((key, _)) = needed.iter().find(|(_, there)| !there) {
                return Err(wrong(&["routes", name], &format!("`{key}` is missing; a route of a {} has it", config.role.word())));
            }
            if config.role == Role::Source && route.archive.as_ref().is_none_or(|archive| !config.archives.contains_key(archive)) {
                return Err(wrong(&["routes", name, "archive"], "there is no such archive in this file"));
            }
            if route.parity.is_some_and(|count| count > PARITY_FILES_MAX) {
                return Err(wrong(&["routes", name, "parity"], &format!("at most {PARITY_FILES_MAX}")));
            }
            for (key, folder) in [("into", &route.into), ("to_gateway", &route.to_gateway), ("from_gateway", &route.from_gateway)] {
                if folder.as_ref().is_some_and(|folder| !folder.is_absolute()) {
                    return Err(wrong(&["routes", name, key], NOT_ABSOLUTE));
                }
            }
        }
        for (name, archive) in &config.archives {
            if !archive.root.is_absolute() {
                return Err(wrong(&["archives", name, "root"], NOT_ABSOLUTE));
            }
            archive.rules.validate().map_err(|detail| wrong(&["archives", name, "rules"], &detail))?;
        }
        config.policy.outside_its_limits().map_or(Ok(config), |(key, detail)| Err(wrong(&["policy", key], &detail)))
    }

    /// The text of a new home.
    pub fn template(zone: &str, role: Role) -> String {
        format!(
            "# gapferry home. Commands edit this file and keep your comments.\nzone = \"{zone}\"\nrole = \"{}\"\n\n\
             # Limits and their defaults. To change one, write it below [policy].\n\
             #   deadline_hours = 72        a package not answered for so long travels again\n\
             #   breaker_items = 100        more than this many items ...\n\
             #   breaker_percent = 5        ... and this share of the archive changing at once stops the route\n\
             #   breaker_slow_percent = 20  so does its shrinking by this share, however slowly\n\
             #   breaker_suspicious_items = 10    so do more than this many items ...\n\
             #   breaker_suspicious_percent = 1   ... and this share coming to look encrypted (source)\n\
             #   release_people = 1         so many people must agree before it goes on, and to a purge\n\
             #   history_days = 30          replica: earlier versions are kept so long\n\
             #   history_versions = 500     replica: and so many of each item, whichever is more\n\
             #   read_back_medium = false   replica: read back past the system's memory\n\
             #   package_bytes_max = 4294967295\n\
             #   parity_bytes_max = 0       replica: bytes of sealed copies from which lost packages are rebuilt with parity\n\
             #   snapshot_bytes = 16777216  what the ledger says is written down after so many bytes of records, to open faster\n\
             #   scan_seconds = 300         daemon: full scan even when no change was hinted\n\
             #   heartbeat_hours = 24       gateways: a sign of life so often, an alarm after twice as long without; 0: none\n\
             #   scrub_days = 90            everything is read again within so many days, to find what rots\n\
             #   scrub_bytes_per_second = 33554432   and no faster than this meanwhile\n\
             #   set_aside_extra = false    replica: move files that nobody sent below .gapferry without being asked\n\
             [policy]\n",
            role.word()
        )
    }
}

/// Adds a table `section.name` with these string values to the text, keeping everything else as it is.
pub fn with_entry(text: &str, section: &str, name: &str, values: &[(&str, String)]) -> Result<String, Failure> {
    let mut document: toml_edit::DocumentMut = text.parse().map_err(|error| Failure::new("HOM-03", FILE, format!("{error}")))?;
    let sections = document.entry(section).or_insert_with(|| {
        let mut table = toml_edit::Table::new();
        table.set_implicit(true);
        toml_edit::Item::Table(table)
    });
    let table = sections.as_table_mut().ok_or_else(|| Failure::new("HOM-03", FILE, format!("{section} is not a table")))?;
    let mut entry = toml_edit::Table::new();
    for (key, value) in values {
        entry.insert(key, toml_edit::value(value.as_str()));
    }
    table.insert(name, toml_edit::Item::Table(entry));
    Ok(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_keep_comments() {
        let text = format!("{}# mine\n", Config::template("inside", Role::Source));
        let text = with_entry(&text, "archives", "a", &[("root", "/srv/档案".into())]).unwrap();
        let text = with_entry(&text, "routes", "r", &[("archive", "a".into()), ("to", "outside".into())]).unwrap();
        assert!(text.contains("# mine") && text.contains("deadline_hours = 72"));
        let config = Config::parse(&text).unwrap();
        assert_eq!(config.archives["a"].root, PathBuf::from("/srv/档案"));
        assert_eq!(config.policy, Policy::default());
    }

    #[test]
    fn wrong_configurations_say_so() {
        let source = "zone = 'a'\nrole = 'source'\n[archives.x]\nroot = '/x'\n";
        let replica = "zone = 'a'\nrole = 'replica'\n";
        for (text, more, part) in [
            ("", "", "zone"),
            ("", "zone = 'a'\nrole = 'both'", "both"),
            ("", "role = 'source'\nzone = 'A b'", "line 2: zone: no name"),
            (source, "[routes.'A b']\narchive = 'x'\nto = 'y'", "line 5: routes.A b: no name"),
            (replica, "extra = 1", "extra"),
            (source, "[routes.r]\nto = 'y'\narchive = 'z'", "line 7: routes.r.archive: there is no such archive"),
            (source, "[routes.r]\narchive = 'x'", "line 5: routes.r: `to` is missing"),
            (source, "# mine\n[routes]\nr = { archive = 'x', to = 'y', parity = 65 }", "line 7: routes.r.parity: at most 64"),
            (source, "[routes.r]\narchive = 'x'\nto = 'y'\nto_gateway = 'out'", "line 8: routes.r.to_gateway: not a whole path"),
            (source, "[archives.y]\nlayout = 'files'\nroot = 'y'", "line 7: archives.y.root: not a whole path"),
            (replica, "[routes.r]\ninto = '/x'", "line 3: routes.r: `from` is missing"),
            (replica, "[policy]\npackage_bytes_max = 65535", "line 4: policy.package_bytes_max: at least 65536"),
            (replica, "[policy]\n\nbreaker_slow_percent = 101", "line 5: policy.breaker_slow_percent: a percentage"),
            (replica, "[policy]\nrelease_people = 0", "line 4: policy.release_people: 1 to"),
            (replica, "policy.release_people = 99", "line 3: policy.release_people: 1 to"),
        ] {
            let text = &format!("{text}{more}");
            let failure = Config::parse(text).unwrap_err();
            assert_eq!(failure.0.code, "HOM-03");
            assert!(failure.0.detail.contains(part), "{text}: {}", failure.0.detail);
        }
    }
}
