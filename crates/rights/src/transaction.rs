//! Business transactions: the records that change together, and whether they are all there (TX1).

use crate::fault::{self, Fault};
use crate::record::Record;
use std::collections::BTreeMap;

/// What the records of each transaction say, gathered one record after the other.
#[derive(Debug, Default)]
pub struct Transactions {
    seen: BTreeMap<String, Seen>,
}

#[derive(Debug)]
struct Seen {
    size: i64,
    business_code: String,
    count: i64,
    agree: bool,
}

impl Transactions {
    /// Takes in what a record says; one without a transaction says nothing.
    pub fn add(&mut self, record: &Record) {
        let Some(transaction) = record.fields().get("txn") else { return };
        let text = |name: &str| transaction.get(name).and_then(|value| value.as_str()).unwrap_or_default();
        let size = transaction.get("size").and_then(|size| size.as_i64()).unwrap_or_default();
        let first = || Seen { size, business_code: text("business_code").to_owned(), count: 0, agree: true };
        let seen = self.seen.entry(text("txn_id").to_owned()).or_insert_with(first);
        seen.count += 1;
        seen.agree &= seen.size == size && seen.business_code == text("business_code");
    }

    /// The transactions that are not what their records say, by `txn_id`: not as many records, or records that do not agree.
    pub fn faults(&self) -> Vec<Fault> {
        let wrong = self.seen.iter().filter(|(_, seen)| !seen.agree || seen.count != seen.size);
        wrong.map(|(id, _)| Fault::new(&fault::TRANSACTION, format!("txn[{}]", fault::shown(id)))).collect()
    }
}
