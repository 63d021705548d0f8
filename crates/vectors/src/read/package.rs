//! Reads a package, written from spec/package.md: ENV-18 and clauses PKG-01 to PKG-19 in the order of that page.

use super::card::is_name;
use super::cursor::{Cursor, Invalid};
use super::envelope::{self, decompress};
use super::keys::{self, Codes, Known};
use super::{Refusal, Route, derive, require};
use crate::describe;
use crate::model::{Agreement, Base, Block, Document, Head, Inventory, Item, Manifest, Part, Piece, Replaced, RowFact, Template, Transaction, Witness};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const CEILING: u64 = 1 << 48;

/// Documents by their digest.
pub(super) type Documents = BTreeMap<[u8; 32], Vec<u8>>;

/// A package that is right.
pub(super) struct Package {
    pub(super) expected: Value,
    /// Its whole documents.
    pub(super) documents: Documents,
    /// Its parts: digest of the document, offset, bytes.
    pub(super) parts: Vec<([u8; 32], u64, Vec<u8>)>,
}

/// Reads a package for a replica that holds `bases`.
pub(super) fn read(file: &[u8], us: &[u8; 32], secret: &[u8; 32], known: &Known, routes: &[Route], bases: &Documents) -> Result<Package, Refusal> {
    let contents = envelope::open(file, 1, secret, &known.trusted)?;
    let manifest = decode(&contents.body).map_err(|Invalid| Refusal("ENV-18"))?;
    check(&manifest, contents.content.len() as u64)?;
    let signer = contents.signer;
    require(manifest.source == signer.id && signer.role == "source" && manifest.replica == *us, "PKG-01")?;
    require(routes.iter().any(|route| route.source == manifest.source && route.replica == *us && route.name == manifest.route), "PKG-02")?;
    keys::check(known, signer, &manifest.keys, manifest.sequence, &Codes("PKG-16", "PKG-17", "PKG-18"))?;
    let logical = logical_content(&manifest, &contents.content)?;

    let key = derive("gapferry v1 possession", &[&manifest.nonce, &contents.opened.id]);
    let mut package = Package { expected: Value::Null, documents: Documents::new(), parts: Vec::new() };
    let (mut facts, mut state) = (Vec::new(), (0, [0u8; 32]));
    for item in &manifest.items {
        let Some(document) = item.documents.first() else {
            facts.push(RowFact { possession: [0; 32], projected: [0; 32] });
            continue;
        };
        let attributes = [&document.size.to_le_bytes()[..], &document.modified.to_le_bytes(), &[u8::from(document.executable)]].concat();
        let projected = derive("gapferry v1 projection", &[&document.digest, &attributes]);
        if manifest.inventory.is_some() {
            // Its document is where the replica has it: the package alone does not tell.
            facts.push(RowFact { possession: [0; 32], projected });
            continue;
        }
        let Some(carried) = assemble(document, &manifest.bases, bases, &logical) else {
            // A base is not here: outcome 16 for this row, and no reason to refuse the package.
            facts.push(RowFact { possession: [0; 32], projected });
            continue;
        };
        let promised = document.part.map_or(document.digest, |part| part.digest);
        require(*blake3::hash(&carried).as_bytes() == promised, "PKG-12")?;
        facts.push(RowFact { possession: *blake3::keyed_hash(&key, &carried).as_bytes(), projected });
        match document.part {
            Some(part) => package.parts.push((document.digest, part.offset, carried)),
            None => {
                let term = derive("gapferry v1 state", &[&(item.id.len() as u64).to_le_bytes(), &item.id, &item.version.to_le_bytes(), &projected]);
                state = (state.0 + 1, add(state.1, term));
                package.documents.insert(document.digest, carried);
            }
        }
    }
    package.expected = describe::package(&contents.opened, &manifest, &logical, &facts, &key, &state);
    Ok(package)
}

/// Sum modulo 2^256 of two little-endian numbers.
fn add(left: [u8; 32], right: [u8; 32]) -> [u8; 32] {
    let mut sum = [0; 32];
    let mut carry = 0;
    for place in 0..32 {
        let total = u32::from(left[place]) + u32::from(right[place]) + carry;
        sum[place] = (total % 256) as u8;
        carry = total / 256;
    }
    sum
}

fn head(from: &mut Cursor) -> Result<Head, Invalid> {
    Ok(Head { number: from.u64()?, digest: from.array()? })
}

fn decode(body: &[u8]) -> Result<Manifest, Invalid> {
    let mut from = Cursor::new(body);
    let manifest = Manifest {
        route: from.string()?,
        route_id: from.array()?,
        source: from.array()?,
        replica: from.array()?,
        incarnation: from.array()?,
        sequence: from.u64()?,
        floor: from.u64()?,
        previous: from.list(Cursor::array)?,
        ledger: head(&mut from)?,
        acknowledged: from.option(|from| Ok(Witness { incarnation: from.array()?, receipt: from.u64()?, ledger: head(from)? }))?,
        agreed: from.option(|from| Ok(Agreement { number: from.u64()?, changes: from.u64()? }))?,
        flags: from.u32()?,
        nonce: from.array()?,
        medium: from.option(Cursor::array)?,
        template: from.option(|from| Ok(Template { id: from.string()?, version: from.u64()? }))?,
        keys: keys::decode(&mut from)?,
        inventory: from
            .option(|from| Ok(Inventory { after: from.option(Cursor::bytes)?, up_to: from.option(Cursor::bytes)?, unclaimed: from.list(Cursor::bytes)? }))?,
        bases: from.list(|from| Ok(Base { digest: from.array()?, size: from.u64()? }))?,
        blocks: from.list(|from| Ok(Block { stored: from.u32()?, plain: from.u32()? }))?,
        items: from.list(item)?,
    };
    from.end().map(|()| manifest)
}

fn item(from: &mut Cursor) -> Result<Item, Invalid> {
    let item = Item {
        id: from.bytes()?,
        version: from.u64()?,
        mark: from.u32()?,
        replaces: from.option(|from| Ok(Replaced { version: from.u64()?, digest: from.array()? }))?,
        transaction: from.option(|from| Ok(Transaction { id: from.array()?, rows: from.u32()? }))?,
        record: from.option(Cursor::bytes)?,
        documents: from.list(document)?,
    };
    if item.mark <= 5 { Ok(item) } else { Err(Invalid) }
}

fn document(from: &mut Cursor) -> Result<Document, Invalid> {
    let piece = |from: &mut Cursor| match from.u32()? {
        0 => Ok(Piece::New { length: from.u64()? }),
        1 => Ok(Piece::Copy { base: from.u32()?, offset: from.u64()?, length: from.u64()? }),
        _ => Err(Invalid),
    };
    Ok(Document {
        name: from.bytes()?,
        digest: from.array()?,
        size: from.u64()?,
        modified: from.i64()?,
        executable: from.boolean()?,
        part: from.option(|from| Ok(Part { offset: from.u64()?, length: from.u64()?, digest: from.array()? }))?,
        at: from.u64()?,
        pieces: from.list(piece)?,
    })
}

fn in_range(number: u64) -> bool {
    (1..=CEILING).contains(&number)
}

fn removes(item: &Item) -> bool {
    item.mark == 3 || item.mark == 4 || item.mark == 5 && item.documents.is_empty()
}

fn part_of(item: &Item) -> Option<Part> {
    item.documents.first().and_then(|document| document.part)
}

fn check(manifest: &Manifest, content_bytes: u64) -> Result<(), Refusal> {
    require(in_range(manifest.sequence) && manifest.ledger.number <= CEILING, "PKG-03")?;
    let before = manifest.sequence.checked_sub(manifest.floor).filter(|before| *before > 0).ok_or(Refusal("PKG-03"))?;
    require(manifest.previous.len() <= 16 && (manifest.previous.len() as u64) < before, "PKG-03")?;
    require(manifest.acknowledged.is_none_or(|seen| seen.receipt.max(seen.ledger.number) <= CEILING), "PKG-03")?;
    require(manifest.agreed.is_none_or(|agreed| in_range(agreed.number) && agreed.changes <= CEILING), "PKG-03")?;
    require(keys::in_range(&manifest.keys, manifest.sequence), "PKG-03")?;
    require(manifest.flags <= 1, "PKG-04")?;
    require(manifest.template.as_ref().is_none_or(|template| (1..=64).contains(&template.id.len()) && in_range(template.version)), "PKG-15")?;
    let possible = |block: &Block| block.plain >= 1 && block.plain <= 1 << 20 && block.stored >= 1 && block.stored <= block.plain;
    require(manifest.blocks.iter().all(possible), "PKG-05")?;
    require(manifest.blocks.iter().map(|block| u64::from(block.stored)).sum::<u64>() == content_bytes, "PKG-05")?;
    let logical_bytes = manifest.blocks.iter().map(|block| u64::from(block.plain)).sum();

    require(manifest.items.len() <= 65_536, "PKG-06")?;
    let place = |item: &Item| (!removes(item), item.id.clone(), part_of(item).map(|part| part.offset));
    require(manifest.items.windows(2).all(|pair| place(&pair[0]) < place(&pair[1])), "PKG-06")?;
    let mut whole = BTreeSet::new();
    let mut parted = BTreeSet::new();
    for item in &manifest.items {
        if part_of(item).is_some() {
            parted.insert(&item.id);
        } else {
            require(whole.insert(&item.id), "PKG-06")?;
        }
    }
    require(whole.is_disjoint(&parted), "PKG-06")?;

    let mut used = BTreeSet::new();
    for item in &manifest.items {
        check_item(item, &manifest.bases, logical_bytes, manifest.inventory.is_some(), &mut used)?;
    }
    check_extents(&manifest.items)?;
    for pair in manifest.items.windows(2) {
        check_parts(&pair[0], &pair[1])?;
    }
    let digests: BTreeSet<&[u8; 32]> = manifest.bases.iter().map(|base| &base.digest).collect();
    require(digests.len() == manifest.bases.len() && used.len() == manifest.bases.len(), "PKG-10")?;
    for transaction in manifest.items.iter().filter_map(|item| item.transaction) {
        let of_it: Vec<&Item> = manifest.items.iter().filter(|item| item.transaction.is_some_and(|other| other.id == transaction.id)).collect();
        require(of_it.len() as u64 == u64::from(transaction.rows) && of_it.iter().all(|item| part_of(item).is_none()), "PKG-20")?;
    }
    manifest.inventory.as_ref().map_or(Ok(()), |inventory| check_inventory(manifest, inventory))?;
    require(is_name(&manifest.route), "PKG-14")?;
    let route_id = derive("gapferry v1 route", &[&manifest.source, &manifest.replica, manifest.route.as_bytes()]);
    require(manifest.route_id == route_id[..16], "PKG-14")
}

fn is_safe(id: &[u8]) -> bool {
    let component = |component: &[u8]| (1..=255).contains(&component.len()) && component != b"." && component != b"..";
    (1..=4095).contains(&id.len()) && !id.contains(&0) && id.split(|byte| *byte == b'/').all(component)
}

/// An inventory brings nothing, and names each id of its span at most once.
fn check_inventory(manifest: &Manifest, inventory: &Inventory) -> Result<(), Refusal> {
    let within = |id: &Vec<u8>| inventory.after.as_ref().is_none_or(|after| id > after) && inventory.up_to.as_ref().is_none_or(|up_to| id <= up_to);
    require(inventory.after.is_none() || inventory.up_to.is_none() || inventory.after < inventory.up_to, "PKG-19")?;
    require(manifest.blocks.is_empty() && inventory.unclaimed.len() <= 65_536, "PKG-19")?;
    require(manifest.items.iter().all(|item| item.mark == 1 && part_of(item).is_none() && item.transaction.is_none() && within(&item.id)), "PKG-19")?;
    require(inventory.unclaimed.windows(2).all(|pair| pair[0] < pair[1]), "PKG-19")?;
    let claimed: BTreeSet<&Vec<u8>> = manifest.items.iter().map(|item| &item.id).collect();
    require(inventory.unclaimed.iter().all(|id| within(id) && is_safe(id) && !claimed.contains(id)), "PKG-19")
}

fn check_item(item: &Item, bases: &[Base], logical_bytes: u64, claimed: bool, used: &mut BTreeSet<usize>) -> Result<(), Refusal> {
    require(is_safe(&item.id), "PKG-07")?;
    require(in_range(item.version) && item.replaces.is_none_or(|replaced| replaced.version >= 1 && replaced.version <= item.version), "PKG-03")?;
    require(item.record.is_none(), "PKG-15")?;
    require(item.documents.len() == usize::from(!removes(item)), "PKG-08")?;
    let Some(document) = item.documents.first() else { return Ok(()) };
    require(document.name.is_empty() && !(item.mark == 5 && document.part.is_some()), "PKG-08")?;
    if let Some(part) = document.part {
        let end = part.offset.checked_add(part.length).ok_or(Refusal("PKG-11"))?;
        require(part.length > 0 && part.length < document.size && end <= document.size, "PKG-11")?;
    }
    let (mut carried, mut new) = (0u64, 0u64);
    for piece in &document.pieces {
        let length = match piece {
            Piece::New { length } => {
                new = new.checked_add(*length).ok_or(Refusal("PKG-09"))?;
                *length
            }
            Piece::Copy { base, offset, length } => {
                let place = usize::try_from(*base).map_err(|_| Refusal("PKG-10"))?;
                let base = bases.get(place).ok_or(Refusal("PKG-10"))?;
                used.insert(place);
                require(offset.checked_add(*length).is_some_and(|end| end <= base.size), "PKG-09")?;
                *length
            }
        };
        require(length > 0, "PKG-09")?;
        carried = carried.checked_add(length).ok_or(Refusal("PKG-09"))?;
    }
    require(carried == if claimed { 0 } else { document.part.map_or(document.size, |part| part.length) }, "PKG-09")?;
    require(document.at.checked_add(new).is_some_and(|end| end <= logical_bytes), "PKG-09")
}

/// The new bytes of two documents are the same stretch of the logical content or have none in common.
fn check_extents(items: &[Item]) -> Result<(), Refusal> {
    let new = |document: &Document| -> u64 { document.pieces.iter().map(|piece| if let Piece::New { length } = piece { *length } else { 0 }).sum() };
    let extents = items.iter().flat_map(|item| &item.documents).map(|document| (document.at, new(document)));
    let extents: BTreeSet<(u64, u64)> = extents.filter(|(_, length)| *length > 0).collect();
    let extents: Vec<(u64, u64)> = extents.into_iter().collect();
    require(extents.windows(2).all(|pair| pair[0].0 + pair[0].1 <= pair[1].0), "PKG-09")
}

/// Parts of one document in one package are of one document and do not overlap.
fn check_parts(left: &Item, right: &Item) -> Result<(), Refusal> {
    let (Some(first), Some(second)) = (part_of(left), part_of(right)) else { return Ok(()) };
    if left.id != right.id {
        return Ok(());
    }
    let what = |item: &Item| {
        let document = &item.documents[0];
        (item.version, item.mark, item.replaces, document.digest, document.size, document.modified, document.executable)
    };
    require(what(left) == what(right) && first.offset + first.length <= second.offset, "PKG-11")
}

fn logical_content(manifest: &Manifest, content: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut logical = Vec::new();
    let mut rest = content;
    for block in &manifest.blocks {
        let (stored, after) = rest.split_at(block.stored as usize);
        rest = after;
        if block.stored == block.plain {
            logical.extend_from_slice(stored);
        } else {
            logical.extend(decompress(stored, block.plain as usize).ok_or(Refusal("PKG-13"))?);
        }
    }
    Ok(logical)
}

/// The carried bytes of a document, unless a base is missing.
fn assemble(document: &Document, bases: &[Base], held: &Documents, logical: &[u8]) -> Option<Vec<u8>> {
    let slice = |bytes: &[u8], at: u64, length: u64| {
        let at = usize::try_from(at).ok()?;
        bytes.get(at..at + usize::try_from(length).ok()?).map(<[u8]>::to_vec)
    };
    let mut carried = Vec::new();
    let mut at = document.at;
    for piece in &document.pieces {
        match piece {
            Piece::New { length } => {
                carried.extend(slice(logical, at, *length)?);
                at += length;
            }
            Piece::Copy { base, offset, length } => carried.extend(slice(held.get(&bases[*base as usize].digest)?, *offset, *length)?),
        }
    }
    Some(carried)
}
