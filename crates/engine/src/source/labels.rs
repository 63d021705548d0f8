//! Whom the labels of media were made for: who came later, or got another card, may have to read them, too.

use alloc::collections::BTreeMap;
use serde::{Deserialize, Serialize};
use wire::MediumId;
use wire::record::Record;

/// What the ledger tells of labels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labels {
    /// How often a route was added, or a card was trusted.
    readers: u64,
    /// How often that had been when the label of a medium was made last.
    made: BTreeMap<MediumId, u64>,
}

impl Labels {
    /// Folds a record in.
    pub fn fold(&mut self, record: &Record) {
        match record {
            Record::RouteAdded(_) | Record::Trusted(_) => self.readers += 1,
            Record::Labelled(labelled) => drop(self.made.insert(labelled.medium, self.readers)),
            _ => {}
        }
    }

    /// Whether nobody came since the label of a medium was made who may have to read it.
    pub fn is_for_all(&self, medium: &MediumId) -> bool {
        self.made.get(medium) == Some(&self.readers)
    }
}
