//! What a good fixture holds, as JSON for strangers to compare with (spec/README.md, "Fixtures"). Bytes are lower-case hex;
//! `modified` is a decimal string because it does not fit the numbers of some languages.

use crate::model::{Answer, Document, Form, Head, Item, KeyNotice, Label, Manifest, Opened, Piece, Range, Receipt, RowFact, Signature};
use crate::primitive::{digest, hex};
use serde_json::{Value, json};

/// Longer lists of items or ranges are counted only.
pub(crate) const ITEMS_LISTED_MAX: usize = 64;

pub(crate) fn envelope(opened: &Opened) -> Value {
    let signature = |signature: &Signature| json!({"suite": signature.suite, "signer": hex(&signature.signer), "generation": signature.generation, "bytes": hex(&signature.bytes)});
    json!({
        "file_bytes": opened.file_bytes,
        "kind": opened.kind,
        "slots": opened.slots,
        "id": hex(&opened.id),
        "plain_bytes": opened.plain_bytes,
        "commitment": hex(&opened.commitment),
        "content_key": hex(&opened.content_key),
        "frame_key": hex(&opened.frame_key),
        "nonce_prefix": hex(&opened.nonce_prefix),
        "body_at": opened.trailer.body_at,
        "body_stored": opened.trailer.body_stored,
        "body_plain": opened.trailer.body_plain,
        "seals_bytes": opened.trailer.seals_bytes,
        "signed_message": hex(&opened.signed_message),
        "signatures": opened.seals.signatures.iter().map(signature).collect::<Vec<_>>(),
        "approvals": opened.seals.approvals.len(),
        "time_stamp_bytes": opened.seals.time_stamp.as_ref().map(Vec::len),
    })
}

fn keys(keys: &KeyNotice) -> Value {
    let next =
        keys.next.as_ref().map(|next| json!({"generation": next.generation, "sign": hex(&next.sign), "seal": hex(&next.seal), "proof": hex(&next.proof)}));
    json!({"from": keys.from, "known": keys.known, "next": next})
}

fn head(head: &Head) -> Value {
    json!({"number": head.number, "digest": hex(&head.digest)})
}

fn document(document: &Document) -> Value {
    let piece = |piece: &Piece| match piece {
        Piece::New { length } => json!({"new": length}),
        Piece::Copy { base, offset, length } => json!({"copy": length, "base": base, "offset": offset}),
    };
    json!({
        "name": hex(&document.name),
        "digest": hex(&document.digest),
        "size": document.size,
        "modified": document.modified.to_string(),
        "executable": document.executable,
        "part": document.part.map(|part| json!({"offset": part.offset, "length": part.length, "digest": hex(&part.digest)})),
        "at": document.at,
        "pieces": document.pieces.iter().map(piece).collect::<Vec<_>>(),
    })
}

fn item(item: &Item, fact: &RowFact) -> Value {
    json!({
        "id": hex(&item.id),
        "id_text": core::str::from_utf8(&item.id).ok(),
        "version": item.version,
        "mark": item.mark,
        "replaces": item.replaces.map(|replaced| json!({"version": replaced.version, "digest": hex(&replaced.digest)})),
        "transaction": item.transaction.map(|transaction| json!({"id": hex(&transaction.id), "rows": transaction.rows})),
        "documents": item.documents.iter().map(document).collect::<Vec<_>>(),
        "projected": hex(&fact.projected),
        "possession": hex(&fact.possession),
    })
}

/// A package. `logical` is the logical content, `state` the digest of a replica that holds just the whole items of it.
pub(crate) fn package(opened: &Opened, manifest: &Manifest, logical: &[u8], facts: &[RowFact], possession_key: &[u8; 32], state: &(u64, [u8; 32])) -> Value {
    let listed = manifest.items.len() <= ITEMS_LISTED_MAX;
    json!({
        "envelope": envelope(opened),
        "route": manifest.route,
        "route_id": hex(&manifest.route_id),
        "source": hex(&manifest.source),
        "replica": hex(&manifest.replica),
        "incarnation": hex(&manifest.incarnation),
        "sequence": manifest.sequence,
        "floor": manifest.floor,
        "previous": manifest.previous.iter().map(|id| hex(id)).collect::<Vec<_>>(),
        "ledger": head(&manifest.ledger),
        "acknowledged": manifest.acknowledged.map(|seen| {
            json!({"incarnation": hex(&seen.incarnation), "receipt": seen.receipt, "ledger": head(&seen.ledger)})
        }),
        "agreed": manifest.agreed.map(|agreed| json!({"number": agreed.number, "changes": agreed.changes})),
        "flags": manifest.flags,
        "nonce": hex(&manifest.nonce),
        "medium": manifest.medium.map(|medium| hex(&medium)),
        "keys": keys(&manifest.keys),
        "inventory": manifest.inventory.as_ref().map(|inventory| {
            let ids = |ids: &[Vec<u8>]| ids.iter().map(|id| hex(id)).collect::<Vec<_>>();
            let id = |id: &Option<Vec<u8>>| id.as_ref().map(|id| hex(id));
            json!({"after": id(&inventory.after), "up_to": id(&inventory.up_to), "unclaimed": ids(&inventory.unclaimed)})
        }),
        "bases": manifest.bases.iter().map(|base| json!({"digest": hex(&base.digest), "size": base.size})).collect::<Vec<_>>(),
        "blocks": manifest.blocks.iter().map(|block| json!({"stored": block.stored, "plain": block.plain})).collect::<Vec<_>>(),
        "logical_bytes": logical.len(),
        "logical_digest": hex(&digest(logical)),
        "possession_key": hex(possession_key),
        "items_count": manifest.items.len(),
        "items": listed.then(|| manifest.items.iter().zip(facts).map(|(one, fact)| item(one, fact)).collect::<Vec<_>>()),
        "state_of_items": {"items": state.0, "sum": hex(&state.1)},
    })
}

fn ranges(ranges: &[Range]) -> Value {
    ranges.iter().map(|range| json!([range.first, range.last])).collect()
}

fn answers(answers: &[Answer]) -> Value {
    let rows = |answer: &Answer| answer.rows.iter().map(|row| json!({"row": row.row, "outcome": row.outcome, "digest": hex(&row.digest)})).collect::<Vec<_>>();
    answers.iter().map(|answer| json!({"sequence": answer.sequence, "package": hex(&answer.package), "rows": rows(answer)})).collect()
}

/// A receipt. `proven` are the rows (sequence, row) that the source takes as proven by it, where it was compared.
pub(crate) fn receipt(opened: &Opened, receipt: &Receipt, proven: Option<&[(u64, u32)]>) -> Value {
    let form = match &receipt.form {
        Form::Full(list) => json!({"full": answers(list)}),
        Form::Scrub(list) => json!({"scrub": answers(list)}),
        Form::Digest { answered, digest, exceptions } => json!({"digest": {
            "answered": ranges(answered),
            "digest": hex(digest),
            "exceptions": exceptions.iter().map(|exception| json!({
                "sequence": exception.sequence, "row": exception.row, "outcome": exception.outcome, "digest": hex(&exception.digest),
            })).collect::<Vec<_>>(),
        }}),
    };
    json!({
        "envelope": envelope(opened),
        "route_id": hex(&receipt.route_id),
        "source": hex(&receipt.source),
        "replica": hex(&receipt.replica),
        "incarnation": hex(&receipt.incarnation),
        "number": receipt.number,
        "ledger": head(&receipt.ledger),
        "source_seen": {
            "incarnation": hex(&receipt.source_seen.incarnation),
            "sequence": receipt.source_seen.sequence,
            "package": hex(&receipt.source_seen.package),
            "ledger": head(&receipt.source_seen.ledger),
        },
        "missing_count": receipt.missing.len(),
        "missing": (receipt.missing.len() <= ITEMS_LISTED_MAX).then(|| ranges(&receipt.missing)),
        "missing_more": receipt.missing_more,
        "form": form,
        "state": {"items": receipt.state_items, "sum": hex(&receipt.state_sum)},
        "free_bytes": receipt.free_bytes,
        "read_back": receipt.read_back,
        "more": receipt.more,
        "escaped": receipt.escaped,
        "kept_aside": receipt.kept_aside,
        "extra": receipt.extra,
        "keys": keys(&receipt.keys),
        "proven": proven.map(|rows| rows.iter().map(|(sequence, row)| json!([sequence, row])).collect::<Vec<_>>()),
    })
}

pub(crate) fn label(opened: &Opened, label: &Label) -> Value {
    json!({"envelope": envelope(opened), "medium": hex(&label.medium), "maker": hex(&label.maker), "reserved": label.reserved})
}

#[expect(clippy::too_many_arguments, reason = "all that a card holds")]
pub(crate) fn card(name: &str, role: &str, generation: u32, sign: &[u8], seal: &[u8], proof: &[u8], id: &[u8; 32], fingerprint: &str) -> Value {
    json!({
        "zone": name, "role": role, "suite": 1, "generation": generation, "sign": hex(sign), "seal": hex(seal), "proof": hex(proof),
        "zone_id": hex(id), "fingerprint": fingerprint,
    })
}

/// A record of a ledger: number, kind, time, body, digest.
pub(crate) type LedgerRecord = (u64, u16, i64, Vec<u8>, [u8; 32]);

/// A ledger: its records, and what follows the last good one.
pub(crate) fn ledger(records: &[LedgerRecord], torn: Option<(&str, u64)>, checkpoint: Option<(&[u8; 16], &Head)>) -> Value {
    let record =
        |(number, kind, time, body, digest): &LedgerRecord| json!({"number": number, "kind": kind, "time": time, "body": hex(body), "digest": hex(digest)});
    json!({
        "records": records.iter().map(record).collect::<Vec<_>>(),
        "torn_tail": torn.map(|(segment, offset)| json!({"segment": segment, "offset": offset})),
        "checkpoint": checkpoint.map(|(incarnation, seen)| json!({"incarnation": hex(incarnation), "head": head(seen)})),
    })
}
