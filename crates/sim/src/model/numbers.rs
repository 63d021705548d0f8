//! Which numbers were ever taken: sequences, versions and receipt numbers of one home, in every copy of its ledger that was ever
//! seen and in each of its lives (P12).
//!
//! Written from spec/ledger.md (Lives). In one life no number is given to two things, unless a copy of the ledger that did not
//! know better went on in that same life: that is the fork which must be noticed, and a new life the way out of it. A new life
//! is one that nobody had before, and its numbers begin above all that any copy of its own past has used. Two lives that begin
//! from the same old copy may count from the same floor on: their incarnations tell them apart, in everything that crosses.

use super::chain::{Chain, Life};
use std::collections::{BTreeMap, BTreeSet};

/// The id of a life of a ledger.
pub type Incarnation = [u8; 16];

/// What was taken in one life.
#[derive(Clone, Debug, Default)]
struct Taken {
    /// By what it counts, route or item, and number: the id it was given to.
    ids: BTreeMap<(&'static str, String, u64), [u8; 16]>,
    highest: u64,
    /// Its floor was looked at.
    known: bool,
}

/// All that one home ever took.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    lives: BTreeMap<Incarnation, Taken>,
    /// Lives of which more than one copy went on.
    forked: BTreeSet<Incarnation>,
}

impl Numbers {
    /// A second copy of the ledger goes on in this life.
    pub fn forked(&mut self, chain: &Chain) {
        self.forked.extend(chain.lives().last().map(|life| life.incarnation));
    }

    /// Looks at a ledger of this home, whichever copy it is.
    ///
    /// # Errors
    /// What was given twice, or a life that begins too low, in words.
    pub fn look(&mut self, chain: &Chain) -> Result<(), String> {
        let lives = chain.lives();
        for (place, life) in lives.iter().enumerate() {
            self.begins_right(life, &lives[..place])?;
            let forked = self.forked.contains(&life.incarnation);
            let taken = self.lives.entry(life.incarnation).or_default();
            taken.known = true;
            for one in &life.taken {
                if one.number <= life.floor {
                    return Err(format!("{} {} of {} is not above the floor {} of its life", one.what, one.number, one.of, life.floor));
                }
                taken.highest = taken.highest.max(one.number);
                let before = taken.ids.insert((one.what, one.of.clone(), one.number), one.id);
                if before.is_some_and(|before| before != one.id) && !forked {
                    return Err(format!("{} {} of {} was given to two things in one life", one.what, one.number, one.of));
                }
            }
        }
        Ok(())
    }

    fn begins_right(&self, life: &Life, past: &[Life]) -> Result<(), String> {
        if self.lives.get(&life.incarnation).is_some_and(|taken| taken.known) {
            return Ok(());
        }
        let highest = past.iter().filter_map(|life| self.lives.get(&life.incarnation)).map(|taken| taken.highest).max().unwrap_or(0);
        if life.floor < highest {
            return Err(format!("a life begins above {}, and {highest} was taken before", life.floor));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::chain::{Chain, tests::record};
    use super::*;

    /// Of a source: its beginning, sequences with ids, and lives with their floors.
    fn chain(steps: &[(&str, u64, u8)]) -> Chain {
        let records = steps.iter().map(|(what, number, id)| record(what, *number, *id));
        Chain { records: std::iter::once(record("born", 0, 1)).chain(records).collect(), torn: false }
    }

    /// FAULTS C07
    #[test]
    fn what_is_given_twice_is_seen_unless_nobody_could_know() {
        let mut numbers = Numbers::default();
        let newest = chain(&[("sequence", 1, 1), ("sequence", 2, 2)]);
        let old = chain(&[("sequence", 1, 1)]);
        let again = chain(&[("sequence", 1, 1), ("sequence", 2, 3)]);
        numbers.look(&newest).unwrap();
        assert!(numbers.clone().look(&again).is_err());
        numbers.forked(&old);
        numbers.look(&again).unwrap();
        let reborn = |floor, next| chain(&[("sequence", 1, 1), ("sequence", 2, 3), ("reborn", floor, 9), ("sequence", next, 4)]);
        assert!(numbers.clone().look(&reborn(1, 2)).is_err(), "below what was taken");
        assert!(numbers.clone().look(&reborn(8, 8)).is_err(), "not above its own floor");
        numbers.look(&reborn(8, 9)).unwrap();
        let twice = chain(&[("sequence", 1, 1), ("sequence", 2, 3), ("reborn", 8, 9), ("sequence", 9, 5)]);
        assert!(numbers.look(&twice).is_err(), "in the new life nothing is forked");
    }
}
