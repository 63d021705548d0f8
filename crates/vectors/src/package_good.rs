//! The packages that every reader must accept.

use crate::describe;
use crate::envelope::{Body, Draft};
use crate::fixture::{Collection, Contents, Fixture};
use crate::model::{Agreement, Base, Document, Inventory, Part, Piece, Replaced, Signature, Transaction, Witness};
use crate::package::{ADD, DELETE, DOCUMENT, How, MODIFIED, PURGE, Package, RECORD, WITHDRAW, document, projected, witness};
use crate::primitive::{derive, digest, noise, noise_array};
use crate::zone::Cast;
use ed25519_dalek::Signer;
use serde_json::{Value, json};

/// A package that was really "sent": what receipts can answer.
pub(crate) struct Sent {
    pub(crate) sequence: u64,
    pub(crate) id: [u8; 16],
    pub(crate) rows: Vec<[u8; 32]>,
}

/// How packages are read unless a fixture says otherwise.
pub(crate) fn reading() -> Value {
    json!({"kind": "package", "reader": "outside", "trusted": ["inside"], "routes": [{"source": "inside", "replica": "outside", "name": "assets"}], "bases": null})
}

/// The same for a package that copies from documents of the first one.
pub(crate) fn reading_for(package: &Package) -> Value {
    let mut reading = reading();
    if !package.manifest.bases.is_empty() {
        reading["bases"] = "package/good/00_first.gfp".into();
    }
    reading
}

/// Text that compresses and never repeats exactly.
pub(crate) fn register(label: &str, length: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(length + 64);
    let mut line = 0u32;
    while text.len() < length {
        text.extend_from_slice(format!("{label} 地块 {line:05} 面积 {} 亩\n", line % 97).as_bytes());
        line += 1;
    }
    text.truncate(length);
    text
}

/// The large document of the first package.
fn scan() -> Vec<u8> {
    register("scan", 600_000)
}
const SCAN: &str = "扫描/地块图 0001.tif";
const README: &[u8] = b"Asset cards of the collective, by village.\n";
const SCRIPT: &[u8] = b"#!/bin/sh\necho counted\n";
const TWIN: &[u8] = b"the same bytes under two names\n";

/// Collects the good packages and returns what was sent.
pub(crate) fn collect(cast: &Cast, to: &mut Collection) -> Vec<Sent> {
    let packages = [
        (
            "first",
            "an empty, a small, an executable and a multi-block document, twins that share their bytes, small ones that share a block; names of every kind",
            first(cast),
        ),
        ("change", "a reference, a delta, a deletion, a withdrawal, changed attributes only", change(cast)),
        ("part_one", "the first part of a document larger than its medium", part(cast, 3, 0, 300_000)),
        ("part_two", "the second part of the same document", part(cast, 4, 300_000, 200_000)),
        ("acknowledgement", "no items: acknowledges a receipt and asks for a full one", acknowledgement(cast)),
        ("escrow", "two wrapped keys; the second opens for the zone vault", escrow(cast)),
        ("two_parts", "two parts of one document in one package", two_parts(cast)),
        ("everything", "three frames: a part, a reference, a delta, a deletion, a shared block", everything(cast)),
        ("unused_content", "bytes of the logical content that no document refers to", unused_content(cast)),
        ("zstd_forms", "zstd frames with a checksum, without a content size, and of run-length blocks only", zstd_forms(cast)),
        ("raw_body", "the manifest is stored raw", raw_body(cast)),
        ("after_a_gap", "sequence 13: 12 was given up before it was complete", after_a_gap(cast)),
        (
            "split",
            "a business transaction of four items: one withdrawn and one shown otherwise at the version that is held, two new; and one of no transaction",
            split(cast),
        ),
        ("purge", "two items are purged: one is gone, of the other the newest version is left", purge(cast)),
        ("inventory", "an inventory over a span: two claims without content, one id without a claim; a floor and ids of the packages before", inventory(cast)),
    ];
    let mut sent = Vec::new();
    for (what, says, package) in packages {
        sent.push(Sent { sequence: package.manifest.sequence, id: package.id(), rows: package.facts().iter().map(|fact| fact.possession).collect() });
        keep(to, what, says, &package, package.draft());
    }
    let package = followed_life(cast);
    keep(
        to,
        "followed_life",
        "no items: names the life of the replica that is followed, of which no receipt answered a package yet",
        &package,
        package.draft(),
    );
    limits(cast, to);
    sent
}

fn keep(to: &mut Collection, what: &str, says: &str, package: &Package, draft: Draft) {
    keep_on("package", to, what, says, package, draft);
}

/// Keeps a good package on a page.
pub(crate) fn keep_on(page: &'static str, to: &mut Collection, what: &str, says: &str, package: &Package, draft: Draft) {
    let sealed = draft.seal();
    let expected = describe::package(&sealed.opened, &package.manifest, &package.logical, &package.facts(), &package.possession_key(), &package.state());
    let fixture =
        Fixture { page, code: "00", what: what.into(), extension: "gfp", says: says.into(), reading: reading_for(package), bytes: Contents::File(sealed.file) };
    to.add(fixture, Some(&expected));
}

/// Sequence 1: everything is new.
pub(crate) fn first(cast: &Cast) -> Package<'_> {
    let mut package = Package::new(cast, "package/first", 1);
    let long_name = "x".repeat(255);
    package.add(b"-rf", b"a name with a leading dash\n").modified = -1;
    package.add(b"README.txt", README);
    package.add(b"bin/count.sh", SCRIPT).executable = true;
    package.add(b"caf\xe9.txt", b"a name that is not UTF-8\n").modified = 0;
    package.add(b"empty", b"");
    package.add(b"line\nbreak", b"a name with a line break\n");
    package.cut(How::Compressed);
    package.add(b"noise.bin", &noise("first/noise", 4096));
    package.cut(How::Raw);
    package.add(b"old/gone.txt", b"will be deleted\n");
    package.add(b"old/withdrawn.txt", b"will be withdrawn\n");
    package.add(b"twins/one.bin", TWIN);
    let at = package.manifest.items.last().map_or(0, |item| item.documents[0].at);
    package.item(b"twins/two.bin", ADD, Some((document(TWIN, at, vec![Piece::New { length: TWIN.len() as u64 }]), TWIN.to_vec())));
    package.add(long_name.as_bytes(), b"a name of 255 bytes\n");
    package.add("地块/承包合同 001.txt".as_bytes(), "甲方 乙方\n".as_bytes());
    package.cut(How::Compressed);
    let scan = scan();
    let at = package.place(&scan[..262_144]);
    package.cut(How::Compressed);
    package.place(&scan[262_144..524_288]);
    package.cut(How::Compressed);
    package.place(&scan[524_288..]);
    package.cut(How::Compressed);
    let pieces = vec![Piece::New { length: scan.len() as u64 }];
    package.item(SCAN.as_bytes(), ADD, Some((document(&scan, at, pieces), scan)));
    package.sort();
    package.manifest.medium = Some(noise_array("medium/one"));
    package
}

/// The projected digest that an item of the first package has.
fn replaced(bytes: &[u8], executable: bool) -> Option<Replaced> {
    let before = Document { executable, ..document(bytes, 0, Vec::new()) };
    Some(Replaced { version: 1, digest: projected(&before) })
}

fn base(bytes: &[u8]) -> Base {
    Base { digest: digest(bytes), size: bytes.len() as u64 }
}

/// Sequence 2: what changed since.
fn change(cast: &Cast) -> Package<'_> {
    let mut package = Package::new(cast, "package/change", 2);
    package.manifest.acknowledged = Some(witness(1));
    let scan = scan();
    package.manifest.bases = vec![base(SCRIPT), base(TWIN), base(&scan)];

    let gone = package.item(b"old/gone.txt", DELETE, None);
    gone.version = 2;
    gone.replaces = replaced(b"will be deleted\n", false);
    let withdrawn = package.item(b"old/withdrawn.txt", WITHDRAW, None);
    withdrawn.version = 2;
    withdrawn.replaces = replaced(b"will be withdrawn\n", false);
    package.item(b"twins/one.bin", DELETE, None).version = 2;

    let text = b"Asset cards of the collective, by village and year.\n";
    let at = package.place(text);
    let item = package.item(b"README.txt", DOCUMENT, Some((document(text, at, vec![Piece::New { length: text.len() as u64 }]), text.to_vec())));
    item.version = 2;
    item.replaces = replaced(README, false);

    let attributes = Document { modified: MODIFIED + 1_000_000_000, executable: false, ..document(SCRIPT, 0, vec![whole_copy(0, SCRIPT)]) };
    let item = package.item(b"bin/count.sh", RECORD, Some((attributes, SCRIPT.to_vec())));
    item.version = 2;
    item.replaces = replaced(SCRIPT, true);

    package.add(b"new-empty", b"").modified = i64::MIN;
    package.item(b"twins/renamed.bin", ADD, Some((document(TWIN, 0, vec![whole_copy(1, TWIN)]), TWIN.to_vec())));

    let (delta, bytes) = delta(&mut package, 2, &scan);
    let item = package.item(SCAN.as_bytes(), DOCUMENT, Some((delta, bytes)));
    item.version = 2;
    item.replaces = replaced(&scan, false);
    package.cut(How::Compressed);
    package.sort();
    package
}

fn whole_copy(base: u32, bytes: &[u8]) -> Piece {
    Piece::Copy { base, offset: 0, length: bytes.len() as u64 }
}

/// A line inserted into the scan, its last bytes cut off, and a piece repeated: copies and new bytes in turn.
fn delta(package: &mut Package, base: u32, scan: &[u8]) -> (Document, Vec<u8>) {
    let (inserted, appended) = (b"-- a line that was inserted --\n", b"-- and one at the end --\n");
    let at = package.place(inserted);
    package.place(appended);
    let bytes = [&scan[..200_000], inserted, &scan[200_000..590_000], appended].concat();
    let pieces = vec![
        Piece::Copy { base, offset: 0, length: 200_000 },
        Piece::New { length: inserted.len() as u64 },
        Piece::Copy { base, offset: 200_000, length: 390_000 },
        Piece::New { length: appended.len() as u64 },
    ];
    (document(&bytes, at, pieces), bytes)
}

/// One part of a document of 500,000 bytes.
pub(crate) fn part_document(package: &mut Package, offset: usize, length: usize) -> (Document, Vec<u8>) {
    let whole = register("film", 500_000);
    let carried = whole[offset..offset + length].to_vec();
    let at = package.place(&carried);
    let part = Part { offset: offset as u64, length: length as u64, digest: digest(&carried) };
    (Document { part: Some(part), ..document(&whole, at, vec![Piece::New { length: length as u64 }]) }, carried)
}

fn part(cast: &Cast, sequence: u64, offset: usize, length: usize) -> Package<'_> {
    let mut package = Package::new(cast, &format!("package/part at {offset}"), sequence);
    let parted = part_document(&mut package, offset, length);
    package.item("录像/会议.mov".as_bytes(), ADD, Some(parted));
    package.cut(How::Compressed);
    package
}

fn followed_life(cast: &Cast) -> Package<'_> {
    let mut package = Package::new(cast, "package/followed_life", 16);
    package.manifest.acknowledged = Some(Witness { receipt: 0, ..witness(2) });
    package
}

fn acknowledgement(cast: &Cast) -> Package<'_> {
    let mut package = Package::new(cast, "package/acknowledgement", 5);
    package.manifest.acknowledged = Some(witness(2));
    package.manifest.agreed = Some(Agreement { number: 1, changes: 0 });
    package.manifest.flags = 1;
    package
}

fn escrow(cast: &Cast) -> Package<'_> {
    let mut package = Package::new(cast, "package/escrow", 6);
    package.add(b"contract.txt", b"also for the vault\n");
    package.cut(How::Compressed);
    package.recipients.push(&cast.vault);
    package
}

fn two_parts(cast: &Cast) -> Package<'_> {
    let mut package = Package::new(cast, "package/two parts", 7);
    for (offset, length) in [(0, 50_000), (400_000, 100_000)] {
        let parted = part_document(&mut package, offset, length);
        package.item("录像/会议.mov".as_bytes(), ADD, Some(parted));
    }
    package.cut(How::Compressed);
    package
}

/// Sequence 8, and the package whose every byte and prefix a tester may spoil in turn.
fn everything(cast: &Cast) -> Package<'_> {
    let mut package = Package::new(cast, "package/everything", 8);
    let scan = scan();
    package.manifest.bases = vec![base(&scan), base(TWIN)];
    package.item(b"noise.bin", DELETE, None).version = 2;
    package.item(b"again.bin", ADD, Some((document(TWIN, 0, vec![whole_copy(1, TWIN)]), TWIN.to_vec())));
    let filler = noise("everything/filler", 262_000);
    package.add(b"filler.bin", &filler);
    package.cut(How::Raw);
    package.add(b"share/a.txt", b"shares a block\n");
    package.add(b"share/b.txt", b"with this one\n");
    let parted = part_document(&mut package, 100_000, 1000);
    package.item("录像/会议.mov".as_bytes(), ADD, Some(parted));
    let (delta, bytes) = delta(&mut package, 0, &scan);
    let item = package.item(SCAN.as_bytes(), DOCUMENT, Some((delta, bytes)));
    item.version = 2;
    item.replaces = replaced(&scan, false);
    package.cut(How::Compressed);
    package.sort();
    package
}

fn unused_content(cast: &Cast) -> Package<'_> {
    let mut package = Package::new(cast, "package/unused content", 9);
    package.place(b"nobody refers to these bytes");
    package.add(b"a.txt", b"between two gaps\n");
    package.place(b"nor to these");
    package.cut(How::Raw);
    package
}

fn raw_body(cast: &Cast) -> Package<'_> {
    let mut package = Package::new(cast, "package/raw body", 11);
    package.add(b"a.txt", b"its manifest is stored raw\n");
    package.cut(How::Raw);
    package.compress_body = false;
    package
}

/// Sequence 40 of a route that began anew behind 30.
pub(crate) fn inventory(cast: &Cast) -> Package<'_> {
    let mut package = Package::new(cast, "package/inventory", 40);
    for (id, bytes) in [(&b"README.txt"[..], README), (b"bin/count.sh", SCRIPT)] {
        package.item(id, RECORD, Some((document(bytes, 0, Vec::new()), Vec::new())));
    }
    package.manifest.items[1].documents[0].executable = true;
    package.manifest.floor = 30;
    package.manifest.previous = (1..=9).map(|before| noise_array(&format!("package/before inventory/{before}"))).collect();
    package.manifest.inventory = Some(Inventory { after: Some(b"README".to_vec()), up_to: Some(b"bin/z".to_vec()), unclaimed: vec![b"bin/changing".to_vec()] });
    package
}

fn after_a_gap(cast: &Cast) -> Package<'_> {
    let mut package = Package::new(cast, "package/after a gap", 13);
    package.add(b"b.txt", b"nothing came between\n");
    package.cut(How::Raw);
    package
}

fn split(cast: &Cast) -> Package<'_> {
    let mut package = Package::new(cast, "package/split", 14);
    let transaction = Some(Transaction { id: noise_array("transaction/split"), rows: 4 });
    let withdrawn = package.item(b"bin/count.sh", WITHDRAW, None);
    (withdrawn.version, withdrawn.transaction) = (2, transaction);
    let shown = b"Asset cards of the collective.\n";
    let at = package.place(shown);
    let item = package.item(b"README.txt", DOCUMENT, Some((document(shown, at, vec![Piece::New { length: shown.len() as u64 }]), shown.to_vec())));
    (item.version, item.transaction) = (2, transaction);
    item.replaces = replaced(b"Asset cards of the collective, by village and year.\n", false).map(|replaced| Replaced { version: 2, ..replaced });
    for (id, bytes) in [("户/一.json", b"{\"members\":4}"), ("户/二.json", b"{\"members\":5}")] {
        package.add(id.as_bytes(), bytes);
        package.manifest.items.last_mut().expect("it was just added").transaction = transaction;
    }
    package.add(b"beside.txt", b"no transaction\n");
    package.cut(How::Raw);
    package.sort();
    package
}

fn purge(cast: &Cast) -> Package<'_> {
    let mut package = Package::new(cast, "package/purge", 15);
    package.item("户/一.json".as_bytes(), PURGE, None).version = 2;
    let left = b"{\"members\":\"withheld\"}";
    let at = package.place(left);
    let item = package.item("户/二.json".as_bytes(), PURGE, Some((document(left, at, vec![Piece::New { length: left.len() as u64 }]), left.to_vec())));
    item.version = 2;
    package.cut(How::Raw);
    package.sort();
    package
}

fn zstd_forms(cast: &Cast) -> Package<'_> {
    let mut package = Package::new(cast, "package/zstd forms", 10);
    let text = register("checked", 5000);
    package.add(b"checksum.txt", &text);
    package.cut(How::Stored(compressed_with(&text, true)));
    let text = register("unsized", 5000);
    package.add(b"no-content-size.txt", &text);
    package.cut(How::Stored(compressed_with(&text, false)));
    package.add(b"run-length.bin", &vec![b'z'; 1 << 20]);
    package.cut(How::Stored(run_length_frame(b'z', 8)));
    package
}

/// A frame with a checksum and its content size, or with neither.
fn compressed_with(bytes: &[u8], checked: bool) -> Vec<u8> {
    let mut compressor = zstd::bulk::Compressor::new(3).expect("level 3 exists");
    compressor.include_checksum(checked).expect("a flag can be set");
    compressor.include_contentsize(checked).expect("a flag can be set");
    compressor.compress(bytes).expect("compression into memory does not fail")
}

/// A zstd frame written by hand: run-length blocks of 131072 bytes each.
pub(crate) fn run_length_frame(byte: u8, blocks: u32) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0xa0];
    frame.extend_from_slice(&(blocks * 131_072).to_le_bytes());
    for block in 0..blocks {
        let header = u32::from(block + 1 == blocks) | 1 << 1 | 131_072 << 3;
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(byte);
    }
    frame
}

/// Each limit exactly reached.
fn limits(cast: &Cast, to: &mut Collection) {
    let mut package = Package::new(cast, "package/limit numbers", 1 << 48);
    package.add(b"a", b"as high as numbers go\n");
    package.cut(How::Raw);
    package.manifest.items[0].version = 1 << 48;
    package.manifest.items[0].replaces = Some(Replaced { version: (1 << 48) - 1, digest: noise_array("limit/replaced") });
    package.manifest.ledger.number = 1 << 48;
    let mut seen = witness(1 << 48);
    seen.ledger.number = 1 << 48;
    package.manifest.acknowledged = Some(seen);
    package.manifest.agreed = Some(Agreement { number: 1 << 48, changes: 1 << 48 });
    package.manifest.incarnation = noise_array("incarnation/inside, another");
    keep(to, "limit_numbers", "sequence, version, heads and agreement at 2^48", &package, package.draft());

    let mut package = Package::new(cast, "package/limit block", 12);
    package.add(b"million.bin", &vec![0; 1 << 20]);
    package.cut(How::Compressed);
    package.manifest.incarnation = noise_array("incarnation/inside, another");
    keep(to, "limit_block", "a block of 1 MiB", &package, package.draft());

    let mut package = Package::new(cast, "package/limit id", 13);
    package.add(&id_of(4095), b"an id of 4095 bytes\n");
    package.cut(How::Raw);
    package.manifest.incarnation = noise_array("incarnation/inside, another");
    keep(to, "limit_id", "an id of 4095 bytes, components of 255", &package, package.draft());

    let mut package = Package::new(cast, "package/limit items", 14);
    removals(&mut package, 65_536);
    package.manifest.incarnation = noise_array("incarnation/inside, another");
    keep(to, "limit_items", "65536 items", &package, package.draft());

    let mut package = Package::new(cast, "package/limit body", 15);
    fill_body(&mut package, 64 << 20);
    package.manifest.incarnation = noise_array("incarnation/inside, another");
    keep(to, "limit_body", "a body of 64 MiB", &package, package.draft());

    let mut package = Package::small(cast, "package/limit slots");
    package.recipients = vec![&cast.vault, &cast.vault, &cast.stranger, &cast.stranger, &cast.vault, &cast.stranger, &cast.vault, &cast.outside];
    package.manifest.incarnation = noise_array("incarnation/inside, another");
    keep(to, "limit_slots", "8 wrapped keys; the last one is ours", &package, package.draft());

    let mut package = Package::small(cast, "package/limit seals");
    package.manifest.incarnation = noise_array("incarnation/inside, another");
    let mut draft = package.draft();
    draft.approvals = approvals(cast, 8);
    draft.time_stamp = Some(noise("time stamp", 65_536));
    keep(to, "limit_seals", "8 approvals and a time stamp of 65536 bytes", &package, draft);
}

/// Approvals in their form; whom they bind is not for version 1 to check.
pub(crate) fn approvals(cast: &Cast, count: usize) -> Vec<Signature> {
    let approve = |place: usize| {
        let message = derive("gapferry fixtures approval", &[&[u8::try_from(place).expect("few approvals")]]);
        Signature { suite: 1, signer: cast.vault.id(), generation: 1, bytes: cast.vault.sign.sign(&message).to_bytes().to_vec() }
    };
    (0..count).map(approve).collect()
}

/// An id of exactly this length with components of at most 255 bytes.
pub(crate) fn id_of(length: usize) -> Vec<u8> {
    (0..length).map(|place| if place % 256 == 255 { b'/' } else { b'd' }).collect()
}

/// Deletions of items with short ids.
pub(crate) fn removals(package: &mut Package, count: u32) {
    for number in 0..count {
        package.item(format!("{number:05}").as_bytes(), DELETE, None).version = 2;
    }
}

/// Deletions with long ids until the body is exactly this long.
pub(crate) fn fill_body(package: &mut Package, body_bytes: usize) {
    // Bytes of a deletion besides its id: the id's length, version, mark, three empty options, no documents.
    const BESIDE: usize = 8 + 8 + 4 + 3 + 8;
    let mut left = body_bytes - crate::encode::manifest(&package.manifest).len();
    let mut number = 0u32;
    while left > 0 {
        let length = if left > 2 * (BESIDE + 4000) {
            4000
        } else if left > BESIDE + 4000 {
            left / 2 - BESIDE
        } else {
            left - BESIDE
        };
        let mut id = id_of(length);
        id[..6].copy_from_slice(format!("{number:06}").as_bytes());
        if id.last() == Some(&b'/') {
            *id.last_mut().expect("it is not empty") = b'e';
        }
        package.item(&id, DELETE, None).version = 2;
        left -= BESIDE + length;
        number += 1;
    }
    assert_eq!(crate::encode::manifest(&package.manifest).len(), body_bytes);
}

/// A body stored as one frame, whatever its length.
pub(crate) fn framed(bytes: &[u8]) -> Body {
    Body { stored: crate::envelope::zstd_frame(bytes), plain: bytes.len() as u64 }
}
