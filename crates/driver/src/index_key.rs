//! The keys of the index: what a record of the ledger can be looked up by.

use wire::record::Record;
use wire::{Digest, PackageId};

/// The record of the package with this sequence.
pub fn sequence(route: &str, sequence: u64) -> Vec<u8> {
    [b"s", route.as_bytes(), b"\0", &sequence.to_be_bytes()].concat()
}
/// The attestation of the package with this sequence.
pub fn attested(route: &str, sequence: u64) -> Vec<u8> {
    [b"a", route.as_bytes(), b"\0", &sequence.to_be_bytes()].concat()
}
/// The record of its being switched in.
pub fn applied(route: &str, sequence: u64) -> Vec<u8> {
    [b"b", route.as_bytes(), b"\0", &sequence.to_be_bytes()].concat()
}
/// The step of a scrub with this place in the count of readings.
pub fn scrub_step(route: &str, step: u64) -> Vec<u8> {
    [b"t", route.as_bytes(), b"\0", &step.to_be_bytes()].concat()
}
/// The record of the package with this id.
pub fn package(package: &PackageId) -> Vec<u8> {
    [b"p".as_slice(), &package.0].concat()
}
/// The record with the chunks of this document.
pub fn chunks(document: &Digest) -> Vec<u8> {
    [b"c".as_slice(), &document.0].concat()
}
/// The record of a receipt that was taken in.
pub fn receipt(receipt: &PackageId) -> Vec<u8> {
    [b"r".as_slice(), &receipt.0].concat()
}

/// The index entries of a record.
pub fn of(record: &Record) -> Vec<Vec<u8>> {
    match record {
        Record::Packed(packed) => {
            let mut keys = vec![sequence(&packed.route, packed.sequence), package(&packed.package)];
            keys.extend(packed.chunks.iter().map(|list| chunks(&list.document)));
            keys
        }
        Record::Begun(begun) => vec![sequence(&begun.route, begun.sequence), package(&begun.package)],
        Record::Attested(record) => vec![attested(&record.route, record.sequence)],
        Record::Applied(record) => vec![applied(&record.route, record.sequence)],
        Record::ScrubStep(step) if step.whole => vec![scrub_step(&step.route, step.step)],
        Record::Reconciled(reconciled) => vec![receipt(&reconciled.receipt)],
        _ => Vec::new(),
    }
}
