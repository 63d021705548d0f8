//! Struct encoding by hand: little-endian, fixed widths, lengths before what they count (spec/README.md, "Struct encoding").

use crate::model::{Answer, Form, Head, Item, KeyNotice, Label, Manifest, Piece, Range, Receipt, Seals, Signature, Trailer};

/// Bytes being written.
#[derive(Default)]
pub(crate) struct Encoder(pub(crate) Vec<u8>);

impl Encoder {
    pub(crate) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }
    pub(crate) fn u16(&mut self, value: u16) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    pub(crate) fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    pub(crate) fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    pub(crate) fn i64(&mut self, value: i64) {
        self.0.extend_from_slice(&value.to_le_bytes());
    }
    pub(crate) fn boolean(&mut self, value: bool) {
        self.u8(u8::from(value));
    }
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.u64(bytes.len() as u64);
        self.raw(bytes);
    }
    pub(crate) fn option<T>(&mut self, value: Option<&T>, write: impl Fn(&mut Self, &T)) {
        self.boolean(value.is_some());
        if let Some(value) = value {
            write(self, value);
        }
    }
    pub(crate) fn list<T>(&mut self, values: &[T], write: impl Fn(&mut Self, &T)) {
        self.u64(values.len() as u64);
        for value in values {
            write(self, value);
        }
    }
    fn head(&mut self, head: &Head) {
        self.u64(head.number);
        self.raw(&head.digest);
    }
    fn ranges(&mut self, ranges: &[Range]) {
        self.list(ranges, |to, range| {
            to.u64(range.first);
            to.u64(range.last);
        });
    }
    fn answers(&mut self, answers: &[Answer]) {
        self.list(answers, |to, answer| {
            to.u64(answer.sequence);
            to.raw(&answer.package);
            to.list(&answer.rows, |to, row| {
                to.u32(row.row);
                to.u16(row.outcome);
                to.raw(&row.digest);
            });
        });
    }
    fn signatures(&mut self, signatures: &[Signature]) {
        self.list(signatures, |to, signature| {
            to.u16(signature.suite);
            to.raw(&signature.signer);
            to.u32(signature.generation);
            to.bytes(&signature.bytes);
        });
    }
    fn keys(&mut self, keys: &KeyNotice) {
        self.u64(keys.from);
        self.u32(keys.known);
        self.option(keys.next.as_ref(), |to, next| {
            to.u32(next.generation);
            to.raw(&next.sign);
            to.raw(&next.seal);
            to.raw(&next.proof);
        });
    }
    fn item(&mut self, item: &Item) {
        self.bytes(&item.id);
        self.u64(item.version);
        self.u32(item.mark);
        self.option(item.replaces.as_ref(), |to, replaced| {
            to.u64(replaced.version);
            to.raw(&replaced.digest);
        });
        self.option(item.transaction.as_ref(), |to, transaction| {
            to.raw(&transaction.id);
            to.u32(transaction.rows);
        });
        self.option(item.record.as_ref(), |to, record| to.bytes(record));
        self.list(&item.documents, |to, document| {
            to.bytes(&document.name);
            to.raw(&document.digest);
            to.u64(document.size);
            to.i64(document.modified);
            to.boolean(document.executable);
            to.option(document.part.as_ref(), |to, part| {
                to.u64(part.offset);
                to.u64(part.length);
                to.raw(&part.digest);
            });
            to.u64(document.at);
            to.list(&document.pieces, |to, piece| match piece {
                Piece::New { length } => {
                    to.u32(0);
                    to.u64(*length);
                }
                Piece::Copy { base, offset, length } => {
                    to.u32(1);
                    to.u32(*base);
                    to.u64(*offset);
                    to.u64(*length);
                }
            });
        });
    }
}

/// The body of a package.
pub(crate) fn manifest(manifest: &Manifest) -> Vec<u8> {
    let mut to = Encoder::default();
    to.bytes(manifest.route.as_bytes());
    to.raw(&manifest.route_id);
    to.raw(&manifest.source);
    to.raw(&manifest.replica);
    to.raw(&manifest.incarnation);
    to.u64(manifest.sequence);
    to.u64(manifest.floor);
    to.list(&manifest.previous, |to, id| to.raw(id));
    to.head(&manifest.ledger);
    to.option(manifest.acknowledged.as_ref(), |to, witness| {
        to.raw(&witness.incarnation);
        to.u64(witness.receipt);
        to.head(&witness.ledger);
    });
    to.option(manifest.agreed.as_ref(), |to, agreed| {
        to.u64(agreed.number);
        to.u64(agreed.changes);
    });
    to.u32(manifest.flags);
    to.raw(&manifest.nonce);
    to.option(manifest.medium.as_ref(), |to, medium| to.raw(medium));
    to.option(manifest.template.as_ref(), |to, template| {
        to.bytes(template.id.as_bytes());
        to.u64(template.version);
    });
    to.keys(&manifest.keys);
    to.option(manifest.inventory.as_ref(), |to, inventory| {
        to.option(inventory.after.as_ref(), |to, id| to.bytes(id));
        to.option(inventory.up_to.as_ref(), |to, id| to.bytes(id));
        to.list(&inventory.unclaimed, |to, id| to.bytes(id));
    });
    to.list(&manifest.bases, |to, base| {
        to.raw(&base.digest);
        to.u64(base.size);
    });
    to.list(&manifest.blocks, |to, block| {
        to.u32(block.stored);
        to.u32(block.plain);
    });
    to.list(&manifest.items, Encoder::item);
    to.0
}

/// The body of a receipt.
pub(crate) fn receipt(receipt: &Receipt) -> Vec<u8> {
    let mut to = Encoder::default();
    to.raw(&receipt.route_id);
    to.raw(&receipt.source);
    to.raw(&receipt.replica);
    to.raw(&receipt.incarnation);
    to.u64(receipt.number);
    to.head(&receipt.ledger);
    to.raw(&receipt.source_seen.incarnation);
    to.u64(receipt.source_seen.sequence);
    to.raw(&receipt.source_seen.package);
    to.head(&receipt.source_seen.ledger);
    to.ranges(&receipt.missing);
    to.boolean(receipt.missing_more);
    match &receipt.form {
        Form::Full(answers) => {
            to.u32(0);
            to.answers(answers);
        }
        Form::Digest { answered, digest, exceptions } => {
            to.u32(1);
            to.ranges(answered);
            to.raw(digest);
            to.list(exceptions, |to, exception| {
                to.u64(exception.sequence);
                to.u32(exception.row);
                to.u16(exception.outcome);
                to.raw(&exception.digest);
            });
        }
        Form::Scrub(answers) => {
            to.u32(2);
            to.answers(answers);
        }
    }
    to.u64(receipt.state_items);
    to.raw(&receipt.state_sum);
    to.u64(receipt.free_bytes);
    to.u32(receipt.read_back);
    to.boolean(receipt.more);
    to.u32(receipt.escaped);
    to.u32(receipt.kept_aside);
    to.u32(receipt.extra);
    to.keys(&receipt.keys);
    to.0
}

/// The body of a label.
pub(crate) fn label(label: &Label) -> Vec<u8> {
    let mut to = Encoder::default();
    to.raw(&label.medium);
    to.raw(&label.maker);
    to.u64(label.reserved);
    to.0
}

/// The signature block.
pub(crate) fn seals(seals: &Seals) -> Vec<u8> {
    let mut to = Encoder::default();
    to.signatures(&seals.signatures);
    to.signatures(&seals.approvals);
    to.option(seals.time_stamp.as_ref(), |to, stamp| to.bytes(stamp));
    to.0
}

/// The trailer.
pub(crate) fn trailer(trailer: &Trailer) -> Vec<u8> {
    let mut to = Encoder::default();
    to.u64(trailer.body_at);
    to.u64(trailer.body_stored);
    to.u64(trailer.body_plain);
    to.u64(trailer.seals_bytes);
    to.raw(&trailer.reserved);
    to.0
}
