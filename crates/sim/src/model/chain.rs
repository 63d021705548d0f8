//! A reader of ledgers, written from spec/ledger.md and from nothing else: head, chain, digests, numbers, torn tail; and of the
//! bodies as much as tells which sequence, package id and receipt number was taken by whom.
//!
//! It does not verify the signature of the checkpoint; that the program does.

use std::collections::{BTreeMap, BTreeSet};

/// One record.
#[derive(Clone, Debug)]
pub struct Record {
    /// Its kind, as in the table of the page.
    pub kind: u16,
    /// Its body.
    pub body: Vec<u8>,
}

/// What a ledger's folder holds.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    /// The records, from number 0.
    pub records: Vec<Record>,
    /// Whether bytes follow the last good record.
    pub torn: bool,
}

/// A number that is taken for ever: sequence or receipt number, and the id it was taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The route.
    pub route: String,
    /// Sequence or receipt number.
    pub number: u64,
    /// Id of the package or receipt.
    pub id: [u8; 16],
    /// Of what was taken in: the life of the other ledger.
    pub life: [u8; 16],
}

/// A number that a home took for something of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// What it counts.
    pub what: &'static str,
    /// Route, or archive and item.
    pub of: String,
    /// The number.
    pub number: u64,
    /// What it was given to; of a version, what the file system said of the document.
    pub id: [u8; 16],
}

/// One life of a ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// Its id.
    pub incarnation: [u8; 16],
    /// Every number of it is above this one.
    pub floor: u64,
    /// What it took.
    pub taken: Vec<Own>,
}

const HEAD: usize = 16;
const FIXED: usize = 56;
const DIGEST: usize = 32;
const BORN: u16 = 1;
const REBORN: u16 = 7;
const CAPTURED: u16 = 16;
const TEMPLATE_ACTIVATED: u16 = 13;
const PACK_BEGUN: u16 = 19;
const PACKED: u16 = 20;
const RECONCILED: u16 = 22;
const BREAKER_TRIPPED: u16 = 25;
const BREAKER_RELEASED: u16 = 26;
const REBASED: u16 = 29;
const BEGUN: u16 = 32;
const RECEIPTED: u16 = 35;

/// Reads the segments of a ledger's folder, given as name and content.
pub fn read(files: &BTreeMap<Vec<u8>, Vec<u8>>) -> Result<Chain, String> {
    let mut chain = Chain::default();
    let mut previous = [0u8; 32];
    let covered = files.get(&b"checkpoint"[..]).and_then(|bytes| Some(u64::from_le_bytes(bytes.get(16..24)?.try_into().ok()?))).unwrap_or(0);
    let segments: Vec<_> = files.iter().filter(|(name, _)| name.ends_with(b".seg")).collect();
    for (place, (name, bytes)) in segments.iter().enumerate() {
        let number = chain.records.len() as u64;
        let said = std::str::from_utf8(&name[..name.len() - 4]).ok().and_then(|digits| u64::from_str_radix(digits, 16).ok());
        if bytes.get(..8) != Some(b"GFLEDGER") || bytes.get(8..16) != Some(&[1, 0, 0, 0, 0, 0, 0, 0]) {
            return Err(format!("segment {place} does not start as one"));
        }
        if said != Some(number) {
            return Err(format!("segment {place} is named {said:?}, the next record is {number}"));
        }
        let mut at = HEAD;
        while at < bytes.len() {
            match one(&bytes[at..], chain.records.len() as u64, &previous) {
                Ok((record, digest, length)) => {
                    chain.records.push(record);
                    previous = digest;
                    at += length;
                }
                Err(why) if place + 1 == segments.len() && chain.records.len() as u64 >= covered => {
                    chain.torn = !why.is_empty();
                    break;
                }
                Err(why) => return Err(format!("record {}: {why}", chain.records.len())),
            }
        }
    }
    if (chain.records.len() as u64) < covered {
        return Err(format!("the checkpoint covers {covered} records, there are {}", chain.records.len()));
    }
    Ok(chain)
}

fn one(bytes: &[u8], number: u64, previous: &[u8; 32]) -> Result<(Record, [u8; 32], usize), String> {
    let fixed = bytes.get(..FIXED).ok_or("cut short")?;
    let u32_at = |at: usize| u32::from_le_bytes(fixed[at..at + 4].try_into().expect("four bytes"));
    let u16_at = |at: usize| u16::from_le_bytes(fixed[at..at + 2].try_into().expect("two bytes"));
    let body_bytes = u32_at(0) as usize;
    let end = FIXED + body_bytes;
    let (covered, digest) = (bytes.get(..end).ok_or("its end is missing")?, bytes.get(end..end + DIGEST).ok_or("its digest is missing")?);
    let computed = blake3::derive_key("gapferry v1 ledger", covered);
    if computed != digest {
        return Err("the digest is wrong".into());
    }
    if fixed[8..16] != number.to_le_bytes() {
        return Err("the number is not the next one".into());
    }
    if fixed[24..56] != previous[..] {
        return Err("it does not continue the one before".into());
    }
    if u16_at(6) != 1 {
        return Err("its version is not 1".into());
    }
    Ok((Record { kind: u16_at(4), body: covered[FIXED..].to_vec() }, computed, end + DIGEST))
}

/// Fields of a body, one after the other, in struct encoding.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*first)
    }
    fn number(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }
    fn string(&mut self) -> Option<String> {
        let length = usize::try_from(self.number()?).ok()?;
        let (text, rest) = (self.0.get(..length)?, self.0.get(length..)?);
        self.0 = rest;
        Some(String::from_utf8_lossy(text).into_owned())
    }
    fn option<T>(&mut self, of: impl FnOnce(&mut Self) -> Option<T>) -> Option<Option<T>> {
        match self.take::<1>()? {
            [0] => Some(None),
            _ => Some(Some(of(self)?)),
        }
    }
}

/// Bytes of a FileStat, of a Place.
const STAT: usize = 33;
const PLACE: usize = 24;

/// The versions in a Captured record; `ids` are the items that the ledger has met, by archive and number.
fn versions(body: &[u8], ids: &mut BTreeMap<(String, u32), String>) -> Option<Vec<Own>> {
    let mut fields = Fields(body);
    let archive = fields.string()?;
    fields.option(Fields::take::<PLACE>)?;
    let mut all = Vec::new();
    for _ in 0..fields.number()? {
        let item = u32::from_le_bytes(fields.take()?);
        if let Some(id) = fields.option(Fields::string)? {
            ids.insert((archive.clone(), item), id);
        }
        let number = fields.number()?;
        let stat = fields.option(Fields::take::<STAT>)?;
        let id = blake3::hash(&stat.map_or_else(Vec::new, |stat| stat.to_vec()));
        let of = format!("{archive}/{}", ids.get(&(archive.clone(), item)).map_or("?", String::as_str));
        all.push(Own { what: "version", of, number, id: id.as_bytes()[..16].try_into().expect("16 bytes") });
    }
    Some(all)
}

/// Bytes of the fields of a PackedRow before its part: item, version, mark, digest, bytes, projected, expected.
const ROW: usize = 4 + 8 + 4 + 32 + 8 + 32 + 32;

/// The items of a Packed record of this route that is no inventory; none where it is something else.
fn brought(body: &[u8], route: &str) -> Option<Vec<u32>> {
    let mut fields = Fields(body);
    if fields.string()? != route {
        return None;
    }
    fields.take::<{ 8 + 16 }>()?;
    if fields.take::<4>()? == [0; 4] {
        fields.take::<16>()?;
    }
    // file_digest, file_bytes, document_bytes, acknowledges, full_receipt
    fields.take::<{ 32 + 8 + 8 + 8 + 1 }>()?;
    if fields.take::<1>()? != [0] {
        return None;
    }
    let mut items = Vec::new();
    for _ in 0..fields.number()? {
        let row = fields.take::<ROW>()?;
        // offset, length, digest; then young and shape; then the digest of what was read
        fields.option(Fields::take::<{ 8 + 8 + 32 }>)?;
        fields.take::<{ 1 + 4 }>()?;
        fields.option(Fields::take::<32>)?;
        items.push(u32::from_le_bytes(row[..4].try_into().expect("four bytes")));
    }
    Some(items)
}

impl Chain {
    fn taken(&self, kind: u16, id_first: bool, of_another: bool) -> Vec<Taken> {
        let of = |record: &Record| {
            let mut fields = Fields(&record.body);
            let route = fields.string()?;
            let (id, number) = if id_first {
                let id = fields.take()?;
                (id, fields.number()?)
            } else {
                let number = fields.number()?;
                (fields.take()?, number)
            };
            let life = if of_another { fields.take()? } else { [0; 16] };
            Some(Taken { route, number, id, life })
        };
        self.records.iter().filter(|record| record.kind == kind).filter_map(of).collect()
    }

    /// Sequences that this source took, in order.
    pub fn packed(&self) -> Vec<Taken> {
        self.taken(PACK_BEGUN, false, false)
    }

    /// Sequences that this replica took in, in order.
    pub fn begun(&self) -> Vec<Taken> {
        self.taken(BEGUN, false, true)
    }

    /// Receipts that this replica made, in order.
    pub fn receipted(&self) -> Vec<Taken> {
        self.taken(RECEIPTED, false, false)
    }

    /// Receipts that this source took in, in order.
    pub fn reconciled(&self) -> Vec<Taken> {
        self.taken(RECONCILED, true, true)
    }

    /// The lives of the ledger in order, each with what it took.
    pub fn lives(&self) -> Vec<Life> {
        let (mut lives, mut ids) = (Vec::<Life>::new(), BTreeMap::new());
        for record in &self.records {
            let mut fields = Fields(&record.body);
            let taken = match record.kind {
                BORN | REBORN => {
                    let incarnation = fields.take().unwrap_or_default();
                    let floor = if record.kind == REBORN { fields.number().unwrap_or(0) } else { 0 };
                    lives.push(Life { incarnation, floor, taken: Vec::new() });
                    continue;
                }
                CAPTURED => versions(&record.body, &mut ids).unwrap_or_default(),
                PACK_BEGUN | RECEIPTED => {
                    let what = if record.kind == RECEIPTED { "receipt" } else { "sequence" };
                    let mut own = || Some(Own { what, of: fields.string()?, number: fields.number()?, id: fields.take()? });
                    own().into_iter().collect()
                }
                _ => continue,
            };
            if let Some(life) = lives.last_mut() {
                life.taken.extend(taken);
            }
        }
        lives
    }

    /// Items that packages of a route brought since so many records, what an inventory asks for left out.
    pub fn sent(&self, route: &str, from: usize) -> Vec<String> {
        let mut ids = BTreeMap::new();
        let mut sent = Vec::new();
        for (place, record) in self.records.iter().enumerate() {
            match record.kind {
                CAPTURED => drop(versions(&record.body, &mut ids)),
                PACKED if place >= from => sent.extend(brought(&record.body, route).unwrap_or_default()),
                _ => {}
            }
        }
        // Worlds have one archive.
        sent.iter().filter_map(|item| ids.iter().find(|((_, number), _)| number == item)).map(|(_, id)| id.clone()).collect()
    }

    /// The id of the template that is active on a route.
    pub fn template(&self, route: &str) -> Option<String> {
        let of = |record: &Record| {
            let mut fields = Fields(&record.body);
            (fields.string()? == route).then(|| fields.string())?
        };
        self.records.iter().filter(|record| record.kind == TEMPLATE_ACTIVATED).filter_map(of).next_back()
    }

    /// Whether people of this replica let a package through that their breaker had held, and it has not been taken in yet.
    pub fn has_released(&self, route: &str) -> bool {
        let (mut held, mut released) = (BTreeSet::<[u8; 16]>::new(), BTreeSet::new());
        for record in &self.records {
            let mut fields = Fields(&record.body);
            if fields.string().as_deref() != Some(route) {
                continue;
            }
            match record.kind {
                // cause, changes, allowed; then the package
                BREAKER_TRIPPED => held.extend(fields.take::<{ 4 + 8 + 8 }>().and_then(|_| fields.option(Fields::take)?)),
                BREAKER_RELEASED => released.append(&mut held),
                // sequence; then the package
                BEGUN => drop(fields.take::<8>().and_then(|_| fields.take()).map(|taken| released.remove(&taken))),
                _ => {}
            }
        }
        !released.is_empty()
    }

    /// How often a route of a source began anew, whether by itself or with its ledger.
    pub fn begun_anew(&self, route: &str) -> usize {
        let anew = |body: &[u8]| {
            let mut fields = Fields(body);
            let of = fields.string()?;
            fields.option(Fields::take::<16>)?;
            fields.option(Fields::take::<16>)?;
            Some(of == route && fields.take::<1>()? == [1])
        };
        self.records.iter().filter(|record| record.kind == REBORN || record.kind == REBASED && anew(&record.body) == Some(true)).count()
    }

    /// What makes a ledger lie: a number that was given twice, or one that went back.
    pub fn contradictions(&self) -> Vec<String> {
        let mut found = Vec::new();
        found.extend(twice("sequence", &self.packed(), true));
        found.extend(twice("receipt", &self.receipted(), true));
        found.extend(twice("receipt taken in", &self.reconciled(), false));
        // In a new life no package is seen (spec/ledger.md, Lives): one of before may be taken in again.
        for life in self.records.split(|record| record.kind == REBORN) {
            found.extend(twice("sequence taken in", &Self { records: life.to_vec(), torn: false }.begun(), false));
        }
        found
    }
}

/// What was taken twice, or goes back where it must ascend.
fn twice(what: &str, taken: &[Taken], ascending: bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut seen: BTreeMap<(&str, [u8; 16], u64), [u8; 16]> = BTreeMap::new();
    let mut highest: BTreeMap<&str, u64> = BTreeMap::new();
    for one in taken {
        if seen.insert((&one.route, one.life, one.number), one.id).is_some() {
            found.push(format!("{what} {} of {} was taken twice", one.number, one.route));
        }
        let last = highest.insert(&one.route, one.number).unwrap_or(0);
        if ascending && one.number <= last {
            found.push(format!("{what} {} of {} follows {last}", one.number, one.route));
        }
    }
    found
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::path::Path;

    /// A record of a life, of a breaker, or of a number that is taken.
    pub fn record(what: &str, number: u64, id: u8) -> Record {
        let (kind, body) = match what {
            "born" => (BORN, vec![id; 16]),
            "reborn" => (REBORN, [&[id; 16][..], &number.to_le_bytes()].concat()),
            "tripped" => (BREAKER_TRIPPED, [&4u64.to_le_bytes()[..], b"east", &[0; 4 + 8 + 8], &[1], &[id; 16], &[0]].concat()),
            "released" => (BREAKER_RELEASED, [&4u64.to_le_bytes()[..], b"east"].concat()),
            "begun" => (BEGUN, [&4u64.to_le_bytes()[..], b"east", &number.to_le_bytes(), &[id; 16]].concat()),
            _ => (PACK_BEGUN, [&4u64.to_le_bytes()[..], b"east", &number.to_le_bytes(), &[id; 16]].concat()),
        };
        Record { kind, body }
    }

    fn folder(path: &Path) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let entries = std::fs::read_dir(path).unwrap();
        entries.map(|entry| entry.unwrap()).map(|entry| (entry.file_name().into_encoded_bytes(), std::fs::read(entry.path()).unwrap())).collect()
    }

    /// FAULTS K07, C02
    #[test]
    fn the_fixtures_are_read_as_the_page_says() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/ledger");
        for entry in std::fs::read_dir(root.join("good")).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
            assert!(read(&folder(&entry)).is_ok(), "{}", entry.display());
        }
        let mut refused = 0;
        for entry in std::fs::read_dir(root.join("bad")).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()) {
            let name = entry.file_name().unwrap().to_string_lossy().into_owned();
            // Signatures and bodies are the program's own business.
            refused += usize::from(
                ["LDG-03", "LDG-04", "LDG-05"].iter().any(|code| name.starts_with(code)) && !matches!(read(&folder(&entry)), Ok(chain) if !chain.torn),
            );
        }
        assert!(refused >= 3, "{refused} bad ledgers were refused");
    }

    #[test]
    fn what_was_released_is_known_until_it_is_taken_in() {
        let story = ["tripped", "released", "begun"];
        for (said, is) in [(0, false), (1, false), (2, true), (3, false)] {
            let records = story.into_iter().take(said).map(|what| record(what, 3, 7)).collect();
            let chain = Chain { records, torn: false };
            assert_eq!((chain.has_released("east"), chain.has_released("west")), (is, false), "{:?}", &story[..said]);
        }
    }

    #[test]
    fn a_number_that_is_taken_twice_is_seen() {
        let chain = |numbers: &[(u64, u8)]| Chain { records: numbers.iter().map(|(number, id)| record("sequence", *number, *id)).collect(), torn: false };
        assert!(chain(&[(1, 1), (2, 2)]).contradictions().is_empty());
        assert_eq!(chain(&[(1, 1), (1, 2)]).contradictions().len(), 2);
        assert_eq!(chain(&[(2, 1), (1, 2)]).contradictions().len(), 1);
    }
}
