//! What a template is asked with beside the record, and what its answer depends on.

use rights::record::Record;
use rights::scalar::Date;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// What a template looks at beside the record. One context is one moment: all its answers are of the same state of the archive.
pub trait Context {
    /// The day.
    fn today(&self) -> Date;
    /// The region that the replica serves: 6, 9 or 12 digits.
    fn replica_region(&self) -> Option<&str>;
    /// Another record of the archive. Where it is there and cannot be read, what the template says does not count.
    fn record(&self, rid: &str) -> Option<Cow<'_, Record<'static>>>;
    /// What [`Gathering::settle`](crate::select::Gathering::settle) found over all records of the archive. Asked only when
    /// [`Template::gathers`](crate::Template::gathers).
    fn referenced(&self) -> &Referenced;
    /// Whether it was asked for a record that is there and cannot be read: then nothing that was answered counts.
    fn could_not_tell(&self) -> bool {
        false
    }
    /// The key of the route, for the mask `pseud`.
    fn route_key(&self) -> &[u8; 32];
    /// Whether stripping this document was tried and failed: then it is left out.
    fn cannot_strip(&self, _rid: &str, _document_id: &str) -> bool {
        false
    }
    /// Whether the file of this document may be that of another one, which does not travel: then it is left out.
    fn is_unclear(&self, _rid: &str, _document_id: &str) -> bool {
        false
    }
}

/// What an answer depends on beside the record itself and the replica's region and key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// The day.
    pub day: bool,
    /// Other records of the archive.
    pub records: bool,
}

impl Reach {
    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self { day: self.day || other.day, records: self.records || other.records }
    }
}

/// The records for which `referenced_by` holds, by block of the template.
#[derive(Clone, Debug, Default)]
pub struct Referenced {
    pub(crate) blocks: Vec<BTreeSet<String>>,
    /// By block, whether a record that may name others could not be read.
    pub(crate) incomplete: Vec<bool>,
}

impl Referenced {
    /// Whether `referenced_by` holds for that record in that block.
    pub fn holds(&self, block: usize, rid: &str) -> bool {
        self.blocks.get(block).is_some_and(|rids| rids.contains(rid))
    }

    /// Whether nobody can say for which other records it holds in that block.
    pub fn is_incomplete(&self, block: usize) -> bool {
        self.incomplete.get(block).is_some_and(|incomplete| *incomplete)
    }
}
