//! Each kind of file, body and record in the place of each other one (n x n): whatever is not what it is read as is refused with a
//! code, though the reader has every key and trusts every signer.
//!
//! So nothing but the kind itself can be the reason. A kind of record that is added meets all others here by itself.

use super::memory::Memory;
use super::subjects::{checkpoint, opening};
use super::zones::{card, head, key_text, keys, records, segment};
use super::{expect_little_memory, fixture};
use seal::envelope::{Opening, SealEntropy, Sealing};
use seal::frames;
use seal::keys::SecretKeys;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::frame::{Chain, SEGMENT_HEAD};
use store::ledger::{Head, Ledger, Reading};
use wire::backup::{Backup, Held, Kept, Object};
use wire::card::Role;
use wire::clause::{self, Rejection};
use wire::header::{Kind, TRAILER_BYTES};
use wire::id::Bytes;
use wire::keys::Signer;
use wire::label::Label;
use wire::limits::{FRAME_BYTES, STRIPE_BYTES};
use wire::manifest::Manifest;
use wire::parity::{Member, Parity};
use wire::receipt::Receipt;
use wire::record::Record;
use wire::{Digest, Incarnation, PackageId, RouteId, codec};

const KINDS: [Kind; 5] = [Kind::Package, Kind::Receipt, Kind::Label, Kind::Backup, Kind::Parity];

fn signer(zone: &str) -> Signer {
    Signer { zone: card(zone).id(), generation: 1 }
}

/// The secrets of both zones: no file is refused because it is for somebody else.
fn everybody() -> Vec<SecretKeys> {
    vec![keys("inside"), keys("outside")]
}

/// Opens an envelope as one of a kind: its content's length and its body.
fn opened(kind: Kind, file: &[u8]) -> Result<(u64, Vec<u8>), Rejection> {
    let opening = Opening::new(file, file.len() as u64, kind, &everybody())?;
    let mut plain = Vec::new();
    for index in 0..frames::count(opening.header.plain_bytes) {
        let place = frames::place(&opening.header, index);
        let mut frame = file[place.at as usize..(place.at + place.bytes) as usize].to_vec();
        opening.frames.open(index, place.last, &mut frame)?;
        plain.extend_from_slice(&frame);
    }
    let trailer = opening.trailer(&plain[plain.len() - TRAILER_BYTES..])?;
    let (body, seals) = plain[trailer.body_at as usize..].split_at(trailer.body_stored as usize);
    let trusted = |by: &Signer| {
        let zone = ["inside", "outside"].into_iter().find(|zone| *by == signer(zone)).ok_or(Rejection(&clause::ENV_SIGNER))?;
        Ok(card(zone).sign)
    };
    let verified = opening.verify(&trailer, body, &seals[..trailer.seals_bytes as usize], &trusted)?;
    Ok((trailer.body_at, verified.body))
}

/// Reads a body as that of a kind.
fn read(kind: Kind, content_bytes: u64, body: &[u8]) -> Result<(), Rejection> {
    match kind {
        Kind::Package => Manifest::decode(body, content_bytes).map(drop),
        Kind::Receipt => Receipt::decode(body).map(drop),
        Kind::Label => codec::decode::<Label>(body, &clause::ENV_CANONICAL).map(drop),
        Kind::Backup => Backup::decode(body, content_bytes).map(drop),
        Kind::Parity => Parity::decode(body, content_bytes).map(drop),
    }
}

/// An envelope of a kind, rightly sealed and signed by a zone in the context of `context`.
fn sealed(kind: Kind, context: Kind, content: &[u8], body: &[u8], by: &str) -> Vec<u8> {
    let entropy = SealEntropy { id: [5; 16], content_key: [6; 32].into(), wrap: vec![[7; 64]] };
    let sealing = Sealing::new(kind, &[&card(if by == "inside" { "outside" } else { "inside" }).seal], &entropy).unwrap();
    let ending = sealing.end(content.len() as u64, body, &keys(by), signer(by));
    let mut plain = [content, &ending.body_and_seals].concat();
    if kind != context {
        let stored = &ending.body_and_seals[..ending.body_and_seals.len() - wire::seals::Seals::encoded_bytes() as usize];
        let signature = keys(by).signature(&wire::digest::derive(context.signature_context(), &[&ending.header, &ending.trailer, stored]).0);
        // The block ends with the signature, an empty list of approvals and no time stamp.
        let at = plain.len() - 64 - 8 - 1;
        plain[at..at + 64].copy_from_slice(&signature);
    }
    plain.resize(plain.len() + ending.padding_bytes as usize, 0);
    plain.extend_from_slice(&ending.trailer);
    let last = frames::count(ending.plain_bytes) - 1;
    let pieces = plain.chunks(FRAME_BYTES as usize).zip(0u32..).flat_map(|(piece, index)| {
        let mut frame = piece.to_vec();
        sealing.frames.seal(index, index == last, &mut frame);
        frame
    });
    ending.header.iter().copied().chain(pieces).collect()
}

/// What can lie in an envelope: what it is, its kind, its content, its body.
fn bodies() -> Vec<(&'static str, Kind, Vec<u8>, Vec<u8>)> {
    let stored = |file: &str, kind: Kind| {
        let file = fixture(file);
        let (content, body) = opened(kind, &file).unwrap_or_else(|refused| panic!("{refused:?}"));
        let opening = Opening::new(&file, file.len() as u64, kind, &everybody()).unwrap();
        let place = frames::place(&opening.header, 0);
        let mut frame = file[place.at as usize..(place.at + place.bytes) as usize].to_vec();
        opening.frames.open(0, place.last, &mut frame).unwrap();
        frame.truncate(content as usize);
        (frame, body)
    };
    let (zone, other) = (card("inside").id(), card("outside").id());
    let member = Member { package: PackageId([1; 16]), sequence: 1, file_bytes: 100, file: Digest([2; 32]) };
    let parity = Parity {
        source: zone,
        replica: other,
        route_id: RouteId([3; 16]),
        incarnation: Incarnation([7; 16]),
        run: PackageId([4; 16]),
        index: 0,
        count: 1,
        members: vec![member],
    };
    let kept = Kept { path: Bytes(b"gapferry.toml".to_vec()), size: 4, digest: Digest([5; 32]), held: Held::Here(Bytes(b"zone".to_vec())) };
    let generation = wire::backup::Manifest {
        zone,
        name: "inside".into(),
        role: Role::Source,
        incarnation: Incarnation([7; 16]),
        generation: 1,
        previous: Digest::ZERO,
        time: 1,
        ledger: head("inside"),
        files: vec![kept],
    };
    let object = Object { zone, size: 5, digest: Digest([6; 32]) };
    let of = |what, kind, (content, body)| (what, kind, content, body);
    vec![
        of("package", Kind::Package, stored("package/good/00_after_a_gap.gfp", Kind::Package)),
        of("inventory", Kind::Package, stored("package/good/00_inventory.gfp", Kind::Package)),
        of("acknowledgement", Kind::Package, stored("package/good/00_acknowledgement.gfp", Kind::Package)),
        of("digest receipt", Kind::Receipt, stored("receipt/good/00_digest.gfr", Kind::Receipt)),
        of("full receipt", Kind::Receipt, stored("receipt/good/00_full.gfr", Kind::Receipt)),
        of("label", Kind::Label, stored("label/good/00_made.gfl", Kind::Label)),
        ("parity", Kind::Parity, vec![8; STRIPE_BYTES as usize], codec::encode(&parity)),
        ("generation of a backup", Kind::Backup, Vec::new(), codec::encode(&Backup::Manifest(generation))),
        ("object of a backup", Kind::Backup, vec![9; 5], codec::encode(&Backup::Object(object))),
    ]
}

/// Counts refusals by code; what is taken fails.
#[derive(Default)]
struct Refused(BTreeMap<String, u64>);

impl Refused {
    fn expect<T>(&mut self, what: &str, verdict: Result<T, impl ToString>) {
        let code = verdict.err().map(|code| code.to_string()).unwrap_or_else(|| panic!("{what}: taken"));
        assert!(code.split_once('-').is_some_and(|(family, number)| (2..=3).contains(&family.len()) && number.len() == 2), "{what}: {code} is no code");
        *self.0.entry(code).or_default() += 1;
    }

    fn say(&self, what: &str) {
        println!("{what}: {} refused with {:?}; 0 taken", self.0.values().sum::<u64>(), self.0);
    }
}

/// FAULTS P12
#[test]
fn envelopes_as_one_another() {
    let (mut as_files, mut as_bodies, mut in_contexts) = (Refused::default(), Refused::default(), Refused::default());
    for (what, kind, content, body) in &bodies() {
        let by = if *kind == Kind::Receipt { "outside" } else { "inside" };
        let file = sealed(*kind, *kind, content, body, by);
        let (content_bytes, same) = opened(*kind, &file).unwrap_or_else(|refused| panic!("{what}: {refused:?}"));
        assert_eq!((&same, read(*kind, content_bytes, &same)), (body, Ok(())), "{what} as what it is");
        for other in KINDS.into_iter().filter(|other| other != kind) {
            let case = format!("{what} as {other:?}");
            let code = |refused: Rejection| refused.code();
            as_files.expect(&case, opened(other, &file).map_err(code));
            // The byte that says what it is, altered.
            let mut renamed = file.clone();
            renamed[10] = sealed(other, other, &[], body, by)[10];
            as_files.expect(&case, opened(other, &renamed).map_err(code));
            // What somebody with a right key seals as another kind.
            let content: &[u8] = if other.has_content() { content } else { &[] };
            let (content_bytes, same) = opened(other, &sealed(other, other, content, body, by)).unwrap_or_else(|refused| panic!("{case}: {refused:?}"));
            as_bodies.expect(&case, read(other, content_bytes, &same).map_err(code));
            in_contexts.expect(&case, opened(*kind, &sealed(*kind, other, content, body, by)).map_err(code));
        }
    }
    as_files.say("files as another kind");
    as_bodies.say("bodies sealed and signed as another kind");
    in_contexts.say("signatures of another kind");
    assert_eq!(in_contexts.0.keys().collect::<Vec<_>>(), ["ENV-16"], "only the signature is wrong");
    expect_little_memory("confused");
}

/// FAULTS P12
#[test]
fn files_as_one_another() {
    // Whatever lies in a home or crosses, where something else belongs.
    let mut files: Vec<(&str, Vec<u8>)> = vec![
        ("card", fixture("keys/inside.card")),
        ("later card", fixture("keys/inside-2.card")),
        ("key file", key_text(&keys("inside")).into_bytes()),
        ("segment", segment(&records("inside"))),
        ("segment of a replica", segment(&records("outside"))),
        ("checkpoint", checkpoint("inside", head("inside"))),
        ("checkpoint of a replica", checkpoint("outside", head("outside"))),
    ];
    files.extend(bodies().into_iter().map(|(what, kind, content, body)| (what, sealed(kind, kind, &content, &body, "inside"))));
    type Reads = Box<dyn FnMut(&[u8]) -> Result<(), String>>;
    let envelope = |kind: Kind| -> Reads {
        Box::new(move |file| opened(kind, file).and_then(|(content, body)| read(kind, content, &body)).map_err(|refused| refused.code().to_owned()))
    };
    let mut readers: Vec<(&[&str], Reads)> = vec![
        (&["card", "later card"], Box::new(|file| seal::keys::read_card(file).map(drop).map_err(|refused| refused.code().to_owned()))),
        (&["key file"], opening("inside", "keys/zone.key")()),
        (&["segment"], opening("inside", "ledger/0000000000000000.seg")()),
        (&["segment of a replica"], opening("outside", "ledger/0000000000000000.seg")()),
        (&["checkpoint"], opening("inside", "ledger/checkpoint")()),
        (&["checkpoint of a replica"], opening("outside", "ledger/checkpoint")()),
        (&["package", "inventory", "acknowledgement"], envelope(Kind::Package)),
        (&["digest receipt", "full receipt"], envelope(Kind::Receipt)),
        (&["label"], envelope(Kind::Label)),
        (&["parity"], envelope(Kind::Parity)),
        (&["generation of a backup", "object of a backup"], envelope(Kind::Backup)),
    ];
    let mut refused = Refused::default();
    for (takes, reader) in &mut readers {
        for (what, file) in &files {
            let verdict = reader(file);
            if takes.contains(what) {
                assert_eq!(verdict, Ok(()), "{what} as what it is");
            } else {
                refused.expect(&format!("{what} where {takes:?} belongs"), verdict);
            }
        }
    }
    refused.say("files in the place of others");
}

/// A body of each kind of record: the one of zeros, that is with empty texts and lists and nothing optional.
fn every_record() -> Vec<Record> {
    let of = |kind: u16| (0..2048).find_map(|bytes| Record::decode(kind, &vec![0; bytes]).ok()).unwrap_or_else(|| panic!("kind {kind} has a body of zeros"));
    Record::KINDS.iter().map(|(kind, _)| of(*kind)).collect()
}

/// A ledger of two records, the second with this kind and body, under a digest of its own or of another kind's.
fn ledger(second: &Record, named: u16, digested_as: u16) -> (Vec<u8>, Head) {
    let (chain, mut bytes) = (Chain::default(), SEGMENT_HEAD.to_vec());
    let born = &records("inside")[0];
    let first = chain.write(&mut bytes, 0, 1, Digest::ZERO, born.kind(), &born.encode());
    let at = bytes.len();
    let digest = chain.write(&mut bytes, 1, 1, first, digested_as, &second.encode());
    bytes[at + 4..at + 6].copy_from_slice(&named.to_le_bytes());
    (bytes, Head { number: 2, digest })
}

fn followed(bytes: &[u8], durable: Head) -> Result<Reading, &'static str> {
    let memory = Memory::default();
    memory.put(b"/ledger/0000000000000000.seg", bytes.to_vec());
    let opened = Ledger::open_reading(Arc::new(memory), "/ledger".as_ref(), None, Some(durable));
    opened.map(|(reading, _)| reading).map_err(|error| error.damage().unwrap_or_else(|| panic!("{error}")).code())
}

/// FAULTS P12, K07
#[test]
fn records_as_one_another() {
    let (mut altered, mut made_anew) = (Refused::default(), Refused::default());
    let all = every_record();
    for record in &all {
        let (whole, durable) = ledger(record, record.kind(), record.kind());
        assert!(followed(&whole, durable).is_ok(), "{} as what it is", record.word());
        for other in all.iter().filter(|other| other.kind() != record.kind()) {
            let case = format!("{} as {}", record.word(), other.word());
            altered.expect(&case, followed(&ledger(record, other.kind(), record.kind()).0, durable));
            // With a digest that fits, the checkpoint is of another record.
            made_anew.expect(&case, followed(&ledger(record, other.kind(), other.kind()).0, durable));
        }
    }
    altered.say("records under another kind");
    made_anew.say("records made anew as another kind");
    for (refused, code) in [(altered, "LDG-05"), (made_anew, "LDG-07")] {
        assert_eq!(refused.0.keys().collect::<Vec<_>>(), [code]);
    }
}
