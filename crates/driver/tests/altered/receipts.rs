//! What a dishonest replica can say to the source (P13): a receipt is altered byte by byte, each byte to each other value, and what
//! the source still takes in is counted per field. The counts are those of spec/receipt.md, "What it can carry inward".

use super::lies::{digest_form, full_form, receipt};
use super::zones::{ROUTE, card, keys, packed, source};
use super::{expect_little_memory, fixture, full};
use engine::reconcile::{WasPacked, fork_of, is_former, take};
use engine::source::Source;
use seal::envelope::{SealEntropy, Sealing, open_whole, seal_whole};
use std::collections::BTreeMap;
use wire::clause::{self, Rejection};
use wire::header::{Kind, TRAILER_BYTES};
use wire::id::Bytes;
use wire::keys::Signer;
use wire::manifest::Head;
use wire::receipt::Receipt;
use wire::record::Record;
use wire::seals::Seals;
use wire::{Digest, PackageId};

/// The head of the source's ledger that its packages quoted, and that it finds in its chain; no other one is there.
pub const QUOTED: Head = Head { number: 9, digest: Digest([5; 32]) };

/// What a source that has packed four packages and taken in one receipt makes of a body; none when it is refused.
fn taken(source: &Source, body: &[u8]) -> Option<Record> {
    let receipt = Receipt::decode(body).ok()?;
    let route = &source.routes[ROUTE];
    if receipt.source != super::zones::card("inside").id() || receipt.replica != route.replica || receipt.route_id != route.route_id {
        return None;
    }
    if is_former(source, route, &receipt) || fork_of(source, route, PackageId([33; 16]), &receipt).is_some() || receipt.source_seen.ledger != QUOTED {
        return None;
    }
    let was = |sequence: u64| {
        let was = u8::try_from(sequence).ok().filter(|sequence| (1..=4).contains(sequence))?;
        Some(WasPacked { package: PackageId([was; 16]), rows: packed(was, PackageId([was; 16])).rows, inventory: false })
    };
    take(ROUTE, route, PackageId([33; 16]), &receipt, &was).ok().map(|taken| taken.record.into())
}

/// The fields of a body before its form, with their places (spec/receipt.md).
const FIELDS: [(&str, usize, usize); 16] = [
    ("route_id", 0, 16),
    ("source", 16, 32),
    ("replica", 48, 32),
    ("incarnation", 80, 16),
    ("number", 96, 8),
    ("ledger.number", 104, 8),
    ("ledger.digest", 112, 32),
    ("source_seen.incarnation", 144, 16),
    ("source_seen.sequence", 160, 8),
    ("source_seen.package", 168, 16),
    ("source_seen.ledger.number", 184, 8),
    ("source_seen.ledger.digest", 192, 32),
    ("missing: count", 224, 8),
    ("missing: ranges", 232, 16),
    ("missing_more", 248, 1),
    ("form", 249, 4),
];

/// The fields that end a body, from its end.
const END: [(&str, usize, usize); 11] = [
    ("state.items", 78, 8),
    ("state.sum", 70, 32),
    ("free_bytes", 38, 8),
    ("read_back", 30, 4),
    ("more", 26, 1),
    ("escaped", 25, 4),
    ("kept_aside", 21, 4),
    ("extra", 17, 4),
    ("keys.from", 13, 8),
    ("keys.known", 5, 4),
    ("keys.next", 1, 1),
];

/// Bits that each field can carry at most, as spec/receipt.md states: what is not here carries none.
const STATED: [(&str, f64); 16] = [
    ("number", 48.0),
    ("ledger.number", 48.0),
    ("ledger.digest", 256.0),
    ("missing: ranges", 8.0),
    ("missing_more", 1.0),
    ("form", 1.0),
    ("state.items", 64.0),
    ("state.sum", 256.0),
    ("free_bytes", 64.0),
    ("read_back", 1.0),
    ("escaped", 32.0),
    ("kept_aside", 32.0),
    ("extra", 32.0),
    ("keys.from", 48.0),
    ("keys.known", 32.0),
    ("answers", 600.0),
];

fn field_of(at: usize, length: usize) -> &'static str {
    let start = FIELDS.iter().find(|(_, from, bytes)| (*from..from + bytes).contains(&at)).map(|field| field.0);
    let end = END.iter().find(|(_, from, bytes)| (length - from..length - from + bytes).contains(&at)).map(|field| field.0);
    start.or(end).unwrap_or("answers")
}

/// A source that has taken in an earlier receipt of this replica.
fn experienced(first: &Receipt) -> Source {
    let mut source = source();
    let earlier = Receipt { number: 2, ..first.clone() };
    let record = taken(&source, &wire::codec::encode(&earlier)).expect("an honest receipt is taken");
    source.fold(2, &record);
    source
}

/// FAULTS P13, P19
#[test]
fn what_a_receipt_can_carry_inward() {
    for (name, form) in [("digest", digest_form()), ("full", full_form())] {
        let honest = receipt(form);
        let source = experienced(&honest);
        let body = wire::codec::encode(&honest);
        let said = taken(&source, &body).expect("an honest receipt is taken");
        let mut bits: BTreeMap<&str, f64> = BTreeMap::new();
        let (mut tried, mut accepted, mut effects) = (0u64, 0u64, 0u64);
        for at in 0..body.len() {
            let mut values = 1u32;
            // A sample alters each byte to fewer values: what is taken in a field that can carry nothing still shows.
            for other in (1..=255u8).step_by(if full() { 1 } else { 31 }) {
                let mut altered = body.clone();
                altered[at] ^= other;
                tried += 1;
                let Some(record) = taken(&source, &altered) else { continue };
                values += 1;
                accepted += 1;
                effects += u64::from(record != said);
                let mut after = source.clone();
                after.fold(3, &record);
                // It can confirm, ask again and alarm: it names no item, route, setting or key.
                assert_eq!((&after.archives, after.routes.len()), (&source.archives, 1), "byte {at}");
                assert_eq!(after.routes[ROUTE].items.len(), source.routes[ROUTE].items.len(), "byte {at}");
            }
            *bits.entry(field_of(at, body.len())).or_default() += f64::from(values).log2();
        }
        bits.retain(|_, bits| *bits > 0.0);
        println!("{name} receipt of {} bytes: {tried} alterations, {accepted} taken, {effects} recorded otherwise; bits by field {bits:.1?}", body.len());
        for (field, bits) in &bits {
            let stated = STATED.iter().find(|(name, _)| name == field).map_or(0.0, |stated| stated.1);
            assert!(*bits <= stated + 0.01, "{name}: {field} carries {bits:.1} bits and not {stated}");
        }
        let total: f64 = bits.values().sum();
        println!("{name} receipt: at most {total:.0} bits inward");
        assert!(total <= 8.0 * 256.0, "{total}");
    }
    expect_little_memory("receipts");
}

/// A receipt around its body, in the clear: each byte can be altered and all of it sealed and signed again by the replica.
struct Beside {
    sealing: Sealing,
    header: Vec<u8>,
    /// Body, signature block, padding and trailer.
    plain: Vec<u8>,
    body_bytes: usize,
}

impl Beside {
    fn of(body: &[u8]) -> Self {
        let entropy = SealEntropy { id: [5; 16], content_key: [6; 32].into(), wrap: vec![[7; 64]] };
        let sealing = Sealing::new(Kind::Receipt, &[&card("inside").seal], &entropy).unwrap();
        let ending = sealing.end(0, body, &keys("outside"), Signer { zone: card("outside").id(), generation: 1 });
        let mut plain = ending.body_and_seals;
        plain.resize(plain.len() + ending.padding_bytes as usize, 0);
        plain.extend_from_slice(&ending.trailer);
        Self { sealing, header: ending.header, plain, body_bytes: body.len() }
    }

    /// The file. What the signature covers, it covers as it stands.
    fn sealed(&self, header: &[u8], mut plain: Vec<u8>) -> Vec<u8> {
        let (body, trailer) = (self.body_bytes, plain.len() - TRAILER_BYTES);
        let signature_of =
            |trailer: &[u8], body: &[u8]| keys("outside").signature(&wire::digest::derive(Kind::Receipt.signature_context(), &[header, trailer, body]).0);
        if plain[trailer..] != self.plain[trailer..] || header != self.header {
            // Count and suite come before the signature in the block, the signer and his generation, and the length.
            let at = body + 8 + 2 + 32 + 4 + 8;
            let signature = signature_of(&plain[trailer..], &plain[..body]);
            plain[at..at + 64].copy_from_slice(&signature);
        }
        self.sealing.frames.seal(0, true, &mut plain);
        [header, &plain].concat()
    }
}

fn opened(file: &[u8]) -> Result<Vec<u8>, &'static str> {
    let trusted = |signer: &Signer| {
        let known = *signer == Signer { zone: card("outside").id(), generation: 1 };
        if known { Ok(card("outside").sign) } else { Err(Rejection(&clause::ENV_SIGNER)) }
    };
    open_whole(file, Kind::Receipt, &[keys("inside")], &trusted).map(|(_, verified)| verified.body).map_err(|rejection| rejection.code())
}

/// FAULTS P13
#[test]
fn beside_its_body_a_receipt_carries_nothing() {
    let honest = wire::codec::encode(&receipt(digest_form()));
    let beside = Beside::of(&honest);
    assert_eq!(opened(&beside.sealed(&beside.header, beside.plain.clone())), Ok(honest.clone()));
    let mut codes: BTreeMap<&str, u64> = BTreeMap::new();
    let mut tried = 0u64;
    let mut judge = |what: &str, file: Vec<u8>| {
        tried += 1;
        *codes.entry(opened(&file).expect_err(what)).or_default() += 1;
    };
    for at in beside.body_bytes..beside.plain.len() {
        for other in (1..=255u8).step_by(if full() { 1 } else { 200 }) {
            let mut plain = beside.plain.clone();
            plain[at] ^= other;
            judge(&format!("byte {at}"), beside.sealed(&beside.header, plain));
        }
    }
    // Of the header the id, the commitment and the wrapped key follow from what was drawn; the rest is given.
    for at in (0..16).chain(32..40) {
        let mut header = beside.header.clone();
        header[at] ^= 1;
        judge(&format!("byte {at} of the header"), beside.sealed(&header, beside.plain.clone()));
    }
    // What packages have room for.
    let signer = Signer { zone: card("outside").id(), generation: 1 };
    let entropy = || SealEntropy { id: [5; 16], content_key: [6; 32].into(), wrap: vec![[7; 64]; 2] };
    let two = seal_whole(Kind::Receipt, &[&card("inside").seal, &card("inside").seal], &entropy(), &honest, &keys("outside"), signer).unwrap();
    judge("a second wrapped key", two);
    let mut seals = Seals::of(signer, [1; 64]);
    for (what, more) in [("an approval", true), ("a time stamp", false)] {
        if more {
            seals.approvals = seals.signatures.clone()
        } else {
            (seals.approvals, seals.time_stamp) = (Vec::new(), Some(Bytes(vec![1])))
        }
        assert_eq!(Seals::decode(&wire::codec::encode(&seals), Kind::Receipt).unwrap_err().code(), "ENV-14", "{what}");
        assert!(Seals::decode(&wire::codec::encode(&seals), Kind::Package).is_ok(), "{what} in a package");
    }
    println!("beside the body: {tried} alterations, refused with {codes:?}; 0 taken");
    expect_little_memory("beside");
}

/// What the specification states as figures.
#[test]
fn the_page_states_the_same() {
    let page = String::from_utf8(fixture("../spec/receipt.md")).unwrap();
    for (field, bits) in STATED.iter().filter(|(field, _)| *field != "answers" && !field.starts_with("missing")) {
        let row = page.lines().find(|line| line.starts_with(&format!("| `{field}` |")));
        let row = row.unwrap_or_else(|| panic!("spec/receipt.md says what {field} can carry"));
        assert!(row.contains(&format!("| {bits} |")), "{row}");
    }
}
