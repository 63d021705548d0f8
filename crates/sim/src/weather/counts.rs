//! What happened in the worlds: crossings, faults by kind, and how often each altered an outcome.

use std::collections::BTreeMap;
use std::ops::AddAssign;

/// How often something happened, and how often it made a difference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// It happened.
    pub times: u64,
    /// An outcome was another one for it.
    pub altered: u64,
}

/// What a run of worlds saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Worlds that came to their end.
    pub worlds: u64,
    /// Receipts reconciled that proved a change that was pending.
    pub crossings: u64,
    /// Commands given.
    pub commands: u64,
    /// Times people agreed to the way back after a fork.
    pub rebased: u64,
    /// Times an index was made anew and held, row by row, what it had held.
    pub rebuilt: u64,
    /// Faults by kind.
    pub faults: BTreeMap<&'static str, Count>,
}

impl Counts {
    /// A fault happened.
    pub fn fault(&mut self, kind: &'static str) {
        self.faults.entry(kind).or_default().times += 1;
    }

    /// A fault of this kind altered an outcome.
    pub fn altered(&mut self, kind: &'static str) {
        self.faults.entry(kind).or_default().altered += 1;
    }
}

impl AddAssign<&Counts> for Counts {
    fn add_assign(&mut self, other: &Counts) {
        self.worlds += other.worlds;
        self.crossings += other.crossings;
        self.commands += other.commands;
        self.rebased += other.rebased;
        self.rebuilt += other.rebuilt;
        for (kind, count) in &other.faults {
            let sum = self.faults.entry(kind).or_default();
            sum.times += count.times;
            sum.altered += count.altered;
        }
    }
}
