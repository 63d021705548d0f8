//! Business transactions: the records that change together, and whether they say the same of it (TX1).

use crate::fault::{self, Fault};
use crate::record::Record;
use std::collections::BTreeMap;

/// The beginning of the digest of a text, for comparing.
type Short = [u8; 16];

/// What the records of each transaction say, gathered one record after the other: less than 100 bytes for each transaction.
#[derive(Debug, Default)]
pub struct Transactions {
    /// By `txn_id`.
    seen: BTreeMap<Short, Seen>,
}

#[derive(Debug)]
struct Seen {
    size: i64,
    business_code: Short,
    count: i64,
    agree: bool,
}

impl Transactions {
    /// Takes in what a record says; one without a transaction says nothing. A fault where it says something else than the first record
    /// of its transaction, or is one more than that said.
    pub fn add(&mut self, record: &Record) -> Option<Fault> {
        let transaction = record.fields().get("txn")?;
        let text = |name: &str| short(transaction.get(name).and_then(|value| value.as_str()).unwrap_or_default());
        let size = transaction.get("size").and_then(|size| size.as_i64()).unwrap_or_default();
        let business_code = text("business_code");
        let seen = self.seen.entry(text("txn_id")).or_insert(Seen { size, business_code, count: 0, agree: true });
        seen.count += 1;
        let agrees = seen.size == size && seen.business_code == business_code && seen.count <= seen.size;
        seen.agree &= agrees;
        (!agrees).then(|| Fault::new(&fault::TRANSACTION, "txn"))
    }

    /// Whether all records of each transaction are there, and say the same. Where a record may have changed again since, some are missing.
    pub fn are_whole(&self) -> bool {
        self.seen.values().all(|seen| seen.agree && seen.count == seen.size)
    }
}

fn short(text: &str) -> Short {
    blake3::hash(text.as_bytes()).as_bytes()[..16].try_into().expect("16 of 32 bytes")
}
