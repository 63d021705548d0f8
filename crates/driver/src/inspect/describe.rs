//! Manifests, receipts and ledger records as facts for `inspect`: names, numbers and short lists, and no secret.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use store::ledger::Position;
use wire::keys::{KeyNotice, Signer};
use wire::manifest::{FLAG_FULL_RECEIPT, Head, Item, Manifest, Mark, Piece};
use wire::receipt::{Answer, Form, Outcome, Range, ReadBack, Receipt};
use wire::record::{Carried, Packed, Receipted, Record};
use wire::{ItemId, PackageId};

use crate::home::{Home, ledger_failure};
use crate::report::Failure;

/// How many items are shown one by one.
const ITEMS_SHOWN: usize = 20;

/// Facts from pairs.
pub fn facts<const N: usize>(pairs: [(&str, Value); N]) -> Map<String, Value> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn head(head: &Head) -> Value {
    json!({ "records": head.number, "digest": head.digest })
}

/// Ranges as people write them: `1-3, 7`.
fn ranges(ranges: &[Range]) -> String {
    let one = |range: &Range| if range.first == range.last { range.first.to_string() } else { format!("{}-{}", range.first, range.last) };
    ranges.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn counts<'w>(words: impl Iterator<Item = &'w str>) -> Value {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    words.for_each(|word| *counts.entry(word).or_default() += 1);
    json!(counts)
}

/// What a package says.
pub fn manifest(home: &Home, route: &str, manifest: &Manifest) -> Map<String, Value> {
    let documents = || manifest.items.iter().flat_map(|item| &item.documents);
    let copied = |item: &&Item| item.documents.iter().flat_map(|document| &document.pieces).any(|piece| matches!(piece, Piece::Copy { .. }));
    let acknowledged =
        manifest.acknowledged.map(|witness| json!({ "incarnation": witness.incarnation, "receipt": witness.receipt, "ledger": head(&witness.ledger) }));
    let shown = |item: &Item| {
        let mut row = facts([("item", json!(item.id)), ("version", json!(item.version)), ("mark", json!(item.mark.word()))]);
        if let Some(document) = item.documents.first() {
            row.extend(facts([("bytes", json!(document.size)), ("new_bytes", json!(document.new_bytes())), ("digest", json!(document.digest))]));
            row.extend(document.part.map(|part| ("part".to_owned(), json!({ "offset": part.offset, "bytes": part.length }))));
        }
        Value::Object(row)
    };
    let seen = home.replica().routes.get(route).and_then(|route| route.packages.get(&manifest.sequence));
    facts([
        ("route", json!(route)),
        ("source", json!(home.zone_name(&manifest.source))),
        ("replica", json!(home.config.zone)),
        ("incarnation", json!(manifest.incarnation)),
        ("sequence", json!(manifest.sequence)),
        ("seen_here", json!(seen.is_some())),
        ("ledger", head(&manifest.ledger)),
        ("acknowledged", json!(acknowledged)),
        ("agreed", json!(manifest.agreed.map(|agreed| json!({ "number": agreed.number, "changes": agreed.changes })))),
        ("full_receipt", json!(manifest.flags & FLAG_FULL_RECEIPT != 0)),
        ("medium", json!(manifest.medium)),
        ("items", json!(manifest.items.len())),
        ("marks", counts(manifest.items.iter().map(|item| item.mark.word()))),
        ("document_bytes", json!(documents().map(|document| document.carried_bytes()).sum::<u64>())),
        ("new_bytes", json!(manifest.blocks.iter().map(|block| u64::from(block.plain)).sum::<u64>())),
        ("stored_bytes", json!(manifest.blocks.iter().map(|block| u64::from(block.stored)).sum::<u64>())),
        ("bases", json!(manifest.bases.len())),
        ("items_with_copied_pieces", json!(manifest.items.iter().filter(copied).count())),
        ("parts", json!(documents().filter(|document| document.part.is_some()).count())),
        ("first_items", manifest.items.iter().take(ITEMS_SHOWN).map(shown).collect()),
    ])
}

/// What a body says of keys.
pub fn keys(signer: &Signer, said: &KeyNotice) -> Map<String, Value> {
    facts([
        ("signed_by_generation", json!(signer.generation)),
        ("counts_from", json!(said.from)),
        ("knows_generation", json!(said.known)),
        ("announces_generation", json!(said.next.as_ref().map(|next| next.generation))),
    ])
}

/// What a receipt says. `route` is none when it is of no route of this source.
pub fn receipt(home: &Home, route: Option<&str>, id: &PackageId, receipt: &Receipt) -> Result<Map<String, Value>, Failure> {
    let taken = search(home, |record| matches!(record, Record::Reconciled(taken) if taken.receipt == *id).then_some(()))?;
    let mut all = facts([
        ("route", json!(route)),
        ("source", json!(home.config.zone)),
        ("replica", json!(home.zone_name(&receipt.replica))),
        ("incarnation", json!(receipt.incarnation)),
        ("number", json!(receipt.number)),
        ("taken_here", json!(taken.is_some())),
        ("ledger", head(&receipt.ledger)),
        ("highest_sequence", json!(receipt.source_seen.sequence)),
        ("highest_package", json!(receipt.source_seen.package)),
        ("missing", json!(ranges(&receipt.missing))),
        ("missing_more", json!(receipt.missing_more)),
    ]);
    let rows = |answers: &[Answer]| counts(answers.iter().flat_map(|answer| &answer.rows).filter_map(|row| Outcome::of(row.outcome)).map(Outcome::word));
    let answered = match &receipt.form {
        Form::Full { answers } | Form::Scrub { answers } => {
            let sequences = wire::receipt::ranges_of(answers.iter().map(|answer| answer.sequence));
            let form = if matches!(receipt.form, Form::Full { .. }) { "full" } else { "scrub" };
            [("form", json!(form)), ("answered", json!(ranges(&sequences))), ("outcomes", rows(answers))]
        }
        Form::Digest { answered, digest, exceptions } => {
            let exceptions: Vec<Value> = exceptions
                .iter()
                .map(|exception| json!({ "sequence": exception.sequence, "row": exception.row, "outcome": Outcome::of(exception.outcome).map_or("", Outcome::word) }))
                .collect();
            all.extend(facts([("answers_digest", json!(digest)), ("does_not_fit", json!(receipt.more))]));
            [("form", json!("digest")), ("answered", json!(ranges(answered))), ("exceptions", json!(exceptions))]
        }
    };
    all.extend(facts(answered));
    all.extend(facts([
        ("state_items", json!(receipt.state.items)),
        ("state_digest", json!(receipt.state.sum)),
        ("free_bytes", json!(receipt.free_bytes)),
        ("read_back", json!(if receipt.read_back == ReadBack::Medium { "medium" } else { "memory" })),
        ("escaped", json!(receipt.escaped)),
        ("kept_aside", json!(receipt.kept_aside)),
        ("extra", json!(receipt.extra)),
    ]));
    Ok(all)
}

/// What the ledger of a source knows of a package it wrote.
pub fn packed(home: &Home, id: &PackageId) -> Result<Option<Map<String, Value>>, Failure> {
    let find = |record: Record| match record {
        Record::Packed(packed) if packed.package == *id => Some(packed),
        _ => None,
    };
    Ok(search(home, find)?.map(|packed| packed_facts(home, &packed)))
}

fn packed_facts(home: &Home, packed: &Packed) -> Map<String, Value> {
    let source = home.source();
    let route = source.routes.get(&packed.route);
    let archive = route.and_then(|route| source.archives.get(&route.archive));
    let id = |number: u32| archive.and_then(|archive| archive.items.get(number as usize)).map(|item| &item.id);
    let shown = |row: &wire::record::PackedRow| {
        let name: Option<&ItemId> = id(row.item);
        json!({ "item": name, "version": row.version, "mark": row.mark.word(), "bytes": row.bytes, "digest": row.digest })
    };
    let (carried, medium) = match packed.carried {
        Carried::Medium(medium) => ("medium", Some(medium)),
        Carried::Gateway => ("gateway", None),
    };
    let answer = route.map(|route| match route.packages.get(&packed.sequence) {
        Some(package) if package.lost => "lost",
        Some(_) => "unanswered",
        None if packed.rows.is_empty() => "seen",
        None => "answered",
    });
    facts([
        ("route", json!(packed.route)),
        ("replica", json!(route.map(|route| home.zone_name(&route.replica)))),
        ("sequence", json!(packed.sequence)),
        ("state", json!(answer)),
        ("carried", json!(carried)),
        ("medium", json!(medium)),
        ("written_digest", json!(packed.file_digest)),
        ("acknowledges", json!(packed.acknowledges)),
        ("full_receipt", json!(packed.full_receipt)),
        ("items", json!(packed.rows.len())),
        ("marks", counts(packed.rows.iter().map(|row| Mark::word(row.mark)))),
        ("document_bytes", json!(packed.document_bytes)),
        ("parts", json!(packed.rows.iter().filter(|row| row.part.is_some()).count())),
        ("first_items", packed.rows.iter().take(ITEMS_SHOWN).map(shown).collect()),
    ])
}

/// What the ledger of a replica knows of a receipt it made.
pub fn receipted(home: &Home, id: &PackageId) -> Result<Option<Map<String, Value>>, Failure> {
    let find = |record: Record| match record {
        Record::Receipted(receipted) if receipted.receipt == *id => Some(receipted),
        _ => None,
    };
    let known = |receipted: Receipted| {
        let route = home.replica().routes.get(&receipted.route);
        facts([
            ("route", json!(receipted.route)),
            ("source", json!(route.map(|route| home.zone_name(&route.source)))),
            ("number", json!(receipted.number)),
            ("acknowledged", json!(route.map(|route| route.acknowledged >= receipted.number))),
            ("full", json!(receipted.full)),
            ("answered", json!(ranges(&receipted.answered))),
            ("does_not_fit", json!(receipted.more)),
        ])
    };
    Ok(search(home, find)?.map(known))
}

/// Reads the ledger from its start for the record that `find` knows: who only looks has no index to ask.
fn search<T>(home: &Home, find: impl Fn(Record) -> Option<T>) -> Result<Option<T>, Failure> {
    for record in home.ledger().read_from(Position::START) {
        let (_, record) = record.map_err(ledger_failure)?;
        if let Some(found) = Record::decode(record.kind, &record.body).ok().and_then(&find) {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_written_short() {
        let range = |first, last| Range { first, last };
        for (list, expected) in [(&[][..], ""), (&[range(1, 1)], "1"), (&[range(1, 3), range(7, 7), range(9, 10)], "1-3, 7, 9-10")] {
            assert_eq!(ranges(list), expected);
        }
    }

    #[test]
    fn words_are_counted() {
        assert_eq!(counts(["add", "delete", "add"].into_iter()), json!({ "add": 2, "delete": 1 }));
        assert_eq!(counts([].into_iter()), json!({}));
    }
}
