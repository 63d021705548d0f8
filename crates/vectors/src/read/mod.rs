//! A strict reader of everything in `fixtures/`, written from `spec/` and from nothing else: it shares with the builder only the
//! plain structs and the JSON they are shown as. It holds whole files in memory and is no reader for daily use.

mod card;
mod certificate;
mod cursor;
mod envelope;
mod keys;
mod label;
mod ledger;
mod package;
mod receipt;

use serde_json::Value;
use std::collections::BTreeMap;

/// Why something was refused: the code of the clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal(pub &'static str);

/// A route as both zones know it.
struct Route {
    source: [u8; 32],
    replica: [u8; 32],
    name: String,
}

/// The keys of a zone as `keys/keys.txt` gives them.
struct Keys {
    seal_secret: [u8; 32],
    card: card::Card,
}

/// The fixtures by path, ready to be read.
pub struct Fixtures {
    files: BTreeMap<String, Vec<u8>>,
    zones: BTreeMap<String, Keys>,
    /// The fixtures of each page, as its index lists them.
    indexes: BTreeMap<&'static str, Vec<Value>>,
}

/// What the index says of a fixture and what the reader made of it.
#[derive(Debug)]
pub struct Verdict {
    /// Path below `fixtures/`.
    pub path: String,
    /// The code it must be refused with; none for a good one.
    pub code: Option<String>,
    /// What a good one holds, as the file beside it says.
    pub holds: Option<Value>,
    /// What the reader read.
    pub read: Result<Value, Refusal>,
}

impl Verdict {
    /// Whether the reader agrees with the index.
    pub fn agrees(&self) -> bool {
        match (&self.code, &self.read) {
            (Some(code), Err(Refusal(found))) => code == found,
            (None, Ok(read)) => self.holds.as_ref() == Some(read),
            _ => false,
        }
    }
}

impl Fixtures {
    /// Takes files by their path below `fixtures/`; fails with a sentence when the keys are not there.
    pub fn new(files: BTreeMap<String, Vec<u8>>) -> Result<Self, String> {
        let text = files.get("keys/keys.txt").and_then(|bytes| core::str::from_utf8(bytes).ok()).ok_or("keys/keys.txt is missing")?;
        let mut zones = BTreeMap::new();
        for paragraph in text.split("\n\n").filter(|paragraph| paragraph.starts_with("zone: ")) {
            let field = |label: &str| paragraph.lines().find_map(|line| line.strip_prefix(label)).ok_or(format!("keys/keys.txt lacks {label}"));
            let name = field("zone: ")?;
            let seal_secret = from_hex(field("seal-seed: ")?).ok_or("a seal-seed is not 32 bytes of hex")?;
            let bytes = files.get(&format!("keys/{name}.card")).ok_or(format!("the card of {name} is missing"))?;
            let card = card::read(bytes, Some(field("fingerprint: ")?)).map_err(|Refusal(code)| format!("the card of {name}: {code}"))?;
            zones.insert(name.to_owned(), Keys { seal_secret, card });
        }
        let mut indexes = BTreeMap::new();
        for page in crate::PAGES.into_iter().filter(|page| *page != "keys") {
            let path = format!("{page}/index.json");
            let bytes = files.get(&path).ok_or(format!("{path} is missing"))?;
            let mut index: Value = serde_json::from_slice(bytes).map_err(|error| format!("{path}: {error}"))?;
            let Value::Array(entries) = index["fixtures"].take() else { return Err(format!("{path} is not a list of fixtures")) };
            indexes.insert(page, entries);
        }
        Ok(Self { files, zones, indexes })
    }

    /// Reads every fixture of every page as its index says.
    pub fn verdicts(&self) -> Result<Vec<Verdict>, String> {
        let mut verdicts = Vec::new();
        for (page, entries) in &self.indexes {
            for entry in entries {
                verdicts.push(self.verdict(page, entry)?);
            }
        }
        Ok(verdicts)
    }

    /// Reads one fixture with other bytes in its place, for nothing but whether it is accepted.
    pub fn reread(&mut self, page: &str, name: &str, bytes: Vec<u8>) -> Result<Result<(), Refusal>, String> {
        self.files.insert(format!("{page}/{name}"), bytes);
        let mut entries = self.indexes.get(page).into_iter().flatten();
        let entry = entries.find(|entry| entry["file"] == name).ok_or(format!("{name} is in no index"))?;
        Ok(self.verdict(page, entry)?.read.map(drop))
    }

    fn verdict(&self, page: &str, entry: &Value) -> Result<Verdict, String> {
        let path = format!("{page}/{}", text(entry, "file")?);
        let read = match text(entry, "kind")? {
            "card" => card::read(self.file(&path)?, entry["fingerprint"].as_str()).map(|card| card.expected),
            "certificate" => certificate::read(self.file(&path)?, &self.asked(entry)?).map(|certificate| certificate.expected),
            "code" => certificate::read_code(self.file(&path)?, &self.asked(entry)?),
            "ledger" => ledger::read(&self.folder(&path), &self.zone(text(entry, "zone")?)?.card.zone.key),
            "package" => self.package(&path, entry)?.map(|package| package.expected),
            "label" => label::read(self.file(&path)?, &self.zone(text(entry, "reader")?)?.seal_secret, &self.trusted(entry)?),
            "receipt" => {
                let us = self.zone(text(entry, "reader")?)?;
                let sent = entry["sent"].as_str().map(|path| self.sent(path)).transpose()?;
                receipt::read(self.file(&path)?, &us.card.zone.id, &us.seal_secret, &self.known(entry)?, &self.routes(entry)?, sent.as_ref())
            }
            other => return Err(format!("{path}: unknown kind {other}")),
        };
        let holds = entry["holds"].as_str().map(|name| self.json(&format!("{page}/{name}"))).transpose()?;
        Ok(Verdict { path, code: entry["code"].as_str().map(str::to_owned), holds, read })
    }

    fn package(&self, path: &str, entry: &Value) -> Result<Result<package::Package, Refusal>, String> {
        let us = self.zone(text(entry, "reader")?)?;
        let bases = match entry["bases"].as_str() {
            Some(bases) if bases != path => {
                let mut alone = entry.clone();
                alone["bases"] = Value::Null;
                self.package(bases, &alone)?.map_err(|Refusal(code)| format!("{bases}: {code}"))?.documents
            }
            _ => package::Documents::new(),
        };
        Ok(package::read(self.file(path)?, &us.card.zone.id, &us.seal_secret, &self.known(entry)?, &self.routes(entry)?, &bases))
    }

    /// A sealed fixture as a reader sees it that checks no seal; none when its reader's key does not open it.
    pub(crate) fn unsealed(&self, path: &str, reader: &str) -> Option<Vec<u8>> {
        envelope::unsealed(self.file(path).ok()?, &self.zone(reader).ok()?.seal_secret)
    }

    /// Length of the content, and the body, of what `unsealed` gave.
    pub(crate) fn body_of(unsealed: &[u8]) -> Option<(u64, Vec<u8>)> {
        envelope::body_of(unsealed)
    }

    /// Every fixture of a page: path, reader, whether it is good.
    pub(crate) fn entries(&self, page: &str) -> Vec<(String, String, bool)> {
        let entry = |entry: &Value| {
            Some((format!("{page}/{}", entry["file"].as_str()?), entry["reader"].as_str().unwrap_or_default().to_owned(), entry["code"].is_null()))
        };
        self.indexes.get(page).into_iter().flatten().filter_map(entry).collect()
    }

    /// Puts the parts of all good packages together, by the digest of their document.
    pub fn assembled_parts(&self) -> Result<BTreeMap<[u8; 32], Vec<u8>>, String> {
        let mut wholes: BTreeMap<[u8; 32], Vec<u8>> = BTreeMap::new();
        for entry in self.indexes.get("package").into_iter().flatten() {
            if entry["code"].is_null()
                && let Ok(package) = self.package(&format!("package/{}", text(entry, "file")?), entry)?
            {
                for (document, offset, bytes) in package.parts {
                    let whole = wholes.entry(document).or_default();
                    let at = usize::try_from(offset).map_err(|_| "a part lies too far out")?;
                    whole.resize(whole.len().max(at + bytes.len()), 0);
                    whole[at..at + bytes.len()].copy_from_slice(&bytes);
                }
            }
        }
        Ok(wholes)
    }

    /// What is asked of a certificate: who is trusted, whose keys are revoked, on which day, and what later version is known.
    fn asked(&self, entry: &Value) -> Result<certificate::Asked, String> {
        let mut revoked = Vec::new();
        for mark in entry["revoked"].as_array().into_iter().flatten() {
            revoked.push((self.zone(text(mark, "zone")?)?.card.zone.id, mark["generation"].as_u64().ok_or("a mark lacks generation")?));
        }
        let newest = entry["newest"].as_str().map(|path| self.file(path).map(<[u8]>::to_vec)).transpose()?;
        Ok(certificate::Asked { trusted: self.trusted(entry)?, revoked, day: text(entry, "day")?.to_owned(), newest })
    }

    fn sent(&self, path: &str) -> Result<BTreeMap<u64, receipt::Sent>, String> {
        let list = self.json(path)?;
        let one = |entry: &Value| {
            let rows = entry["rows"].as_array()?.iter().map(|row| row.as_str().and_then(from_hex)).collect::<Option<_>>()?;
            Some((entry["sequence"].as_u64()?, receipt::Sent { package: entry["package"].as_str().and_then(from_hex)?, rows }))
        };
        list["packages"].as_array().and_then(|packages| packages.iter().map(one).collect()).ok_or(format!("{path} is not a list of packages"))
    }

    fn trusted(&self, entry: &Value) -> Result<Vec<card::Trusted>, String> {
        let names = entry["trusted"].as_array().ok_or("an entry lacks its trusted zones")?;
        let one = |name: &Value| {
            let zone = &self.zone(name.as_str().unwrap_or_default())?.card.zone;
            Ok(zone.clone())
        };
        names.iter().map(one).collect()
    }

    /// Whom the reader trusts, and what it knows of their keys on the route.
    fn known(&self, entry: &Value) -> Result<keys::Known, String> {
        let marks = |field: &str| {
            let one = |mark: &Value| {
                let zone = self.zone(text(mark, "zone")?)?.card.zone.id;
                let number = |field: &str| mark[field].as_u64().ok_or(format!("a mark lacks {field}"));
                Ok(keys::Mark { zone, generation: u32::try_from(number("generation")?).map_err(|error| error.to_string())?, from: number("from")? })
            };
            entry[field].as_array().into_iter().flatten().map(one).collect::<Result<Vec<_>, String>>()
        };
        Ok(keys::Known { trusted: self.trusted(entry)?, switched: marks("switched")?, revoked: marks("revoked")? })
    }

    fn routes(&self, entry: &Value) -> Result<Vec<Route>, String> {
        let one = |route: &Value| {
            let (source, replica) = (self.zone(text(route, "source")?)?, self.zone(text(route, "replica")?)?);
            Ok(Route { source: source.card.zone.id, replica: replica.card.zone.id, name: text(route, "name")?.into() })
        };
        entry["routes"].as_array().ok_or("an entry lacks its routes")?.iter().map(one).collect()
    }

    fn zone(&self, name: &str) -> Result<&Keys, String> {
        self.zones.get(name).ok_or(format!("no keys of zone {name}"))
    }

    fn file(&self, path: &str) -> Result<&[u8], String> {
        self.files.get(path).map(Vec::as_slice).ok_or(format!("{path} is missing"))
    }

    fn folder(&self, path: &str) -> BTreeMap<String, Vec<u8>> {
        let inside = |(name, bytes): (&String, &Vec<u8>)| name.strip_prefix(path)?.strip_prefix('/').map(|part| (part.to_owned(), bytes.clone()));
        self.files.iter().filter_map(inside).collect()
    }

    fn json(&self, path: &str) -> Result<Value, String> {
        serde_json::from_slice(self.file(path)?).map_err(|error| format!("{path}: {error}"))
    }
}

fn text<'v>(value: &'v Value, field: &str) -> Result<&'v str, String> {
    value[field].as_str().ok_or(format!("an entry lacks {field}"))
}

fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(bytes)
}

fn require(holds: bool, code: &'static str) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(Refusal(code)) }
}

fn derive(context: &str, parts: &[&[u8]]) -> [u8; 32] {
    blake3::derive_key(context, &parts.concat())
}
