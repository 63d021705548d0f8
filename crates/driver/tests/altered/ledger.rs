//! A ledger spoilt in every way: damage in committed records is found at the first record that is touched; what is not committed may
//! be a torn tail, and nothing else.

use super::memory::Memory;
use super::subjects::opening;
use super::ways::{Random, Way, all};
use super::zones::{head, records, segment};
use super::{expect_little_memory, full, seed};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::ledger::{Head, Ledger, Position};

const ZONE: &str = "inside";

/// Where each record ends.
fn ends() -> Vec<usize> {
    let records = records(ZONE);
    (0..=records.len()).map(|count| segment(&records[..count]).len()).collect()
}

/// The head after so many records.
fn head_after(count: usize) -> Head {
    let bytes = segment(&records(ZONE)[..count]);
    Head { number: count as u64, digest: if count == 0 { wire::Digest::ZERO } else { wire::Digest(*bytes.last_chunk().unwrap()) } }
}

/// What became of a spoilt segment: the first bad record, or how many are whole and that the rest was torn.
enum Found {
    Bad(u64, &'static str),
    Torn(u64),
}

fn found(bytes: &[u8], durable: Option<Head>) -> Found {
    let memory = Memory::default();
    memory.put(b"/ledger/0000000000000000.seg", bytes.to_vec());
    match Ledger::open_reading(Arc::new(memory), "/ledger".as_ref(), None, durable) {
        Ok((reading, opened)) => {
            let read = reading.read_from(Position::START).inspect(|record| assert!(record.is_ok(), "the chain was followed")).count() as u64;
            assert_eq!(read, opened.head.number);
            assert_eq!(opened.head, head_after(read as usize), "what is whole is what was written");
            Found::Torn(read)
        }
        Err(error) => {
            let damage = error.damage().unwrap_or_else(|| panic!("{error}"));
            Found::Bad(damage.number, damage.code())
        }
    }
}

/// FAULTS P01, P02, P03, K07, C02
#[test]
fn committed_records() {
    let (good, ends, whole) = (segment(&records(ZONE)), ends(), head(ZONE));
    assert!(matches!(found(&good, Some(whole)), Found::Torn(read) if read == whole.number));
    let mut ways = all(good.len(), false);
    if !full() {
        ways = Random(seed("ledger")).sample(&ways, 3000);
    }
    let (mut codes, mut tails): (BTreeMap<&str, u64>, u64) = (BTreeMap::new(), 0);
    for way in &ways {
        let at = way.first_difference(&good);
        // Bytes before the first record are the head of the segment.
        let touched = ends.iter().filter(|end| **end <= at).count().saturating_sub(1) as u64;
        match found(&way.of(&good), Some(whole)) {
            Found::Bad(number, code) => {
                assert!(code.starts_with("LDG-") && number == touched, "{way:?}: {code} at record {number}, not {touched}");
                *codes.entry(code).or_default() += 1;
            }
            // Behind the last committed record an append may have been cut off.
            Found::Torn(read) => {
                assert!(touched >= whole.number && read == whole.number, "{way:?}: {read} records were accepted");
                tails += 1;
            }
        }
    }
    println!("ledger under its checkpoint: {} spoilt; found at the first bad record with {codes:?}; {tails} with a tail that is cut; 0 accepted", ways.len());
    expect_little_memory("ledger");
}

/// FAULTS C02, K07
#[test]
fn without_a_checkpoint_only_the_last_record_may_be_torn() {
    let (good, ends) = (segment(&records(ZONE)), ends());
    let last = ends.len() as u64 - 2;
    let mut ways = all(good.len(), false);
    if !full() {
        ways = Random(seed("ledger without checkpoint")).sample(&ways, 3000);
    }
    let (mut bad, mut torn) = (0u64, 0u64);
    for way in &ways {
        let touched = ends.iter().filter(|end| **end <= way.first_difference(&good)).count().saturating_sub(1) as u64;
        match found(&way.of(&good), None) {
            Found::Bad(number, code) => {
                assert!(number == touched, "{way:?}: {code} at record {number}, not {touched}");
                bad += 1;
            }
            Found::Torn(read) => {
                // A prefix is what an interrupted append leaves, wherever it ends.
                let cut = matches!(way, Way::Prefix(_)) || touched >= last;
                assert!(cut && read <= touched, "{way:?}: {read} records were accepted, the first touched is {touched}");
                torn += 1;
            }
        }
    }
    println!("ledger without checkpoint: {} spoilt; {bad} found at the first bad record, {torn} torn tails; 0 accepted", ways.len());
    assert!(bad > 0 && torn > 0);
}

/// FAULTS P01
#[test]
fn a_home_is_not_opened_over_a_ledger_that_was_touched() {
    let (good, ends) = (segment(&records(ZONE)), ends());
    let mut open = opening(ZONE, "ledger/0000000000000000.seg")();
    assert_eq!(open(&good), Ok(()));
    let mut random = Random(seed("home over a ledger"));
    let whole = *ends.last().unwrap();
    for _ in 0..if full() { 5000 } else { 300 } {
        let (at, bit) = (random.below(whole as u64) as usize, random.below(8) as u8);
        let code = open(&Way::Flipped { at, bit }.of(&good)).expect_err("refused");
        assert!(code.starts_with("LDG-"), "byte {at} bit {bit}: {code}");
    }
}
