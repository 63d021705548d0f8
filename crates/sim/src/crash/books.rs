//! Reads the ledgers as they lie on the disk, written from spec/ledger.md alone: the chain, and what was taken for ever.

use super::scene::{MEDIUM, REPLICA, SOURCE};
use crate::disk::Image;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of a record beside its body, and before it.
const BESIDE: usize = 88;
const BEFORE: usize = 56;

/// Kind of the record with which a ledger begins a new life.
const REBORN: u16 = 7;

/// Numbers and ids that were given out, from both ledgers.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// Packages by sequence.
    pub packages: BTreeMap<u64, [u8; 16]>,
    /// Receipts by number.
    pub receipts: BTreeMap<u64, [u8; 16]>,
}

/// A record: kind, body, digest.
type Record = (u16, Vec<u8>, [u8; 32]);

/// The records of the ledger of a home, each checked against the one before. What is torn at the end is left out when `torn`
/// allows it.
///
/// # Errors
/// What is wrong, in words.
pub fn records(image: &Image, home: &str, torn: bool) -> Result<Vec<Record>, String> {
    let mut records = Vec::new();
    let mut previous = [0; 32];
    let folder = image.below(&format!("{home}/ledger"));
    let segments: Vec<_> = folder.iter().filter(|(name, _)| name.ends_with(b".seg")).collect();
    for (place, (name, segment)) in segments.iter().enumerate() {
        let bytes = &segment.bytes;
        let last = place + 1 == segments.len();
        if bytes.get(..16) != Some(b"GFLEDGER\x01\0\0\0\0\0\0\0") {
            return if torn && last { Ok(records) } else { Err(format!("segment {} has no head", name.escape_ascii())) };
        }
        let mut rest = &bytes[16..];
        while !rest.is_empty() {
            match record(rest, records.len() as u64, &previous) {
                Some((kind, body, digest, length)) => {
                    records.push((kind, body, digest));
                    previous = digest;
                    rest = &rest[length..];
                }
                None if torn && last => return Ok(records),
                None => return Err(format!("record {} of {home} is not one", records.len())),
            }
        }
    }
    Ok(records)
}

fn record(bytes: &[u8], number: u64, previous: &[u8; 32]) -> Option<(u16, Vec<u8>, [u8; 32], usize)> {
    let head = bytes.get(..BEFORE)?;
    let body_bytes = u32::from_le_bytes(head[..4].try_into().ok()?) as usize;
    let whole = bytes.get(..BESIDE.checked_add(body_bytes)?)?;
    let end = BEFORE + body_bytes;
    let digest = blake3::derive_key("gapferry v1 ledger", &whole[..end]);
    let right = head[8..16] == number.to_le_bytes() && head[24..56] == *previous && whole[end..] == digest;
    right.then(|| (u16::from_le_bytes([head[4], head[5]]), whole[BEFORE..end].to_vec(), digest, BESIDE + body_bytes))
}

/// Digest of the last whole record of each ledger.
///
/// # Errors
/// What is wrong, in words.
pub fn heads(image: &Image) -> Result<[[u8; 32]; 2], String> {
    let head = |home| records(image, home, true).map(|records| records.last().map_or([0; 32], |record| record.2));
    Ok([head(SOURCE)?, head(REPLICA)?])
}

/// Route, number and id that open the bodies of `PackBegun` and `Receipted`.
fn numbered(body: &[u8]) -> Option<(u64, [u8; 16])> {
    let length = usize::try_from(u64::from_le_bytes(body.get(..8)?.try_into().ok()?)).ok()?;
    let rest = body.get(8 + length..)?;
    Some((u64::from_le_bytes(rest.get(..8)?.try_into().ok()?), rest.get(8..24)?.try_into().ok()?))
}

/// What both ledgers gave out; an error when something was given out twice.
///
/// # Errors
/// What is wrong, in words.
pub fn given(image: &Image, torn: bool) -> Result<Given, String> {
    let mut given = Given::default();
    for (home, kind) in [(SOURCE, 19), (REPLICA, 35)] {
        let mut ids = BTreeSet::new();
        for (_, body, _) in records(image, home, torn)?.iter().filter(|record| record.0 == kind) {
            let (number, id) = numbered(body).ok_or("a body that is none")?;
            let numbers = if kind == 19 { &mut given.packages } else { &mut given.receipts };
            if numbers.insert(number, id).is_some() || !ids.insert(id) {
                return Err(format!("number {number} or its id was given out twice in {home}"));
            }
        }
    }
    Ok(given)
}

/// Whether the ledger of a home has begun a new life.
///
/// # Errors
/// What is wrong, in words.
pub fn is_reborn(image: &Image, home: &str) -> Result<bool, String> {
    Ok(records(image, home, true)?.iter().any(|record| record.0 == REBORN))
}

/// Ids of the packages and receipts that the medium holds, and of packages that lack nothing but their final name: the header,
/// which is written last, is there.
pub fn on_medium(image: &Image) -> (BTreeSet<[u8; 16]>, BTreeSet<[u8; 16]>) {
    let (mut packages, mut receipts, mut unnamed) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    let folder = format!("{MEDIUM}/gapferry");
    image.visit(&folder, &mut |path, _| {
        for (ending, ids) in [(&b".gfp"[..], &mut packages), (b".gfr", &mut receipts)] {
            ids.extend(path.strip_suffix(ending).and_then(from_hex));
        }
        unnamed.extend(path.strip_suffix(b".gfp.part").and_then(from_hex).map(|id| (id, format!("{folder}/{}", path.escape_ascii()))));
    });
    let has_header = |path: &str| image.read(path).is_some_and(|bytes| bytes.first().is_some_and(|byte| *byte != 0));
    packages.extend(unnamed.into_iter().filter(|(_, path)| has_header(path)).map(|(id, _)| id));
    (packages, receipts)
}

fn from_hex(digits: &[u8]) -> Option<[u8; 16]> {
    let mut id = [0; 16];
    if digits.len() != 32 {
        return None;
    }
    for (byte, pair) in id.iter_mut().zip(digits.chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(id)
}
