//! What a dishonest replica can say to the source (P13): a receipt is altered byte by byte, each byte to each other value, and what
//! the source still takes in is counted per field. The counts are those of spec/receipt.md, "What it can carry inward".

use super::lies::{digest_form, full_form, receipt};
use super::zones::{ROUTE, packed, source};
use super::{expect_little_memory, fixture, full};
use engine::reconcile::{WasPacked, fork_of, is_former, take};
use engine::source::Source;
use std::collections::BTreeMap;
use wire::manifest::Head;
use wire::receipt::Receipt;
use wire::record::Record;
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
