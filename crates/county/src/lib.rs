//! An invented county: regions, organisations, households and everything they hold, from one seed. Pure: it gives paths and bytes, and
//! writes nothing.
//!
//! Guarantees: the same seed gives the same bytes; a village is made at a time, so memory is bounded whatever the size of the county; what is
//! planted is listed, and nothing else is wrong by the rules of [`County::rules`]. No person, number or place of it is real.

mod assets;
mod certificate;
mod code;
mod document;
mod homestead;
mod land;
mod name;
mod people;
mod plant;
mod random;
mod region;
mod share;
mod step;
mod village;

pub use plant::Planted;
pub use village::File;

use rights::scalar::Date;
use village::Village;

/// The day that the county is made for.
pub const TODAY: (i32, i32, i32) = (2026, 6, 30);
/// The year of its last inventory and dividend.
pub(crate) const LAST_YEAR: i32 = TODAY.0 - 1;
/// Households of a village, at most.
const HOUSEHOLDS_MAX: u64 = 720;
/// Villages of a town.
const VILLAGES: u64 = 17;
/// Villages of a county, at most: their codes have room for no more.
const VILLAGES_MAX: u64 = 800 * VILLAGES;

/// What a county is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct County {
    /// The seed.
    pub seed: u64,
    /// Households.
    pub households: u64,
    /// Years of dividends and inventories.
    pub years: u32,
    /// Whether something is planted for each cross-check to find.
    pub plant: bool,
}

impl County {
    /// Most households of a county.
    pub const HOUSEHOLDS_MOST: u64 = HOUSEHOLDS_MAX * VILLAGES_MAX;

    /// Its villages.
    pub fn villages(&self) -> u64 {
        // A small county has some villages, too: what crosses between them is in it.
        self.households.div_ceil(HOUSEHOLDS_MAX).max(self.households.div_ceil(10).min(4)).max(1)
    }

    /// Households of one village.
    pub(crate) fn households_of(&self, village: u64) -> u64 {
        self.households / self.villages() + u64::from(village < self.households % self.villages())
    }

    /// Everything of one village; the first one brings the county's own records.
    pub fn village(&self, number: u64) -> Vec<File> {
        let mut village = Village::made(self, number);
        if self.plant {
            plant::into(self, &mut village);
        }
        village.into_files(true)
    }

    /// What is planted in one village: for each, the rule and the records that are found, in ascending order.
    pub fn planted(&self, number: u64) -> Vec<Planted> {
        if self.plant { plant::into(self, &mut Village::made(self, number)) } else { Vec::new() }
    }

    /// Business transactions that there are.
    pub fn steps(&self) -> u64 {
        (0..self.villages()).map(|village| step::pairs(self.households_of(village))).sum()
    }

    /// The records that one business transaction changes or makes, counted from 0. None when there are no more.
    pub fn step(&self, number: u64) -> Option<Vec<File>> {
        step::step(self, number)
    }

    /// The parameters of the checks, as a file of rules.
    pub fn rules(&self) -> String {
        region::rules(self)
    }
}

/// A day of the calendar.
pub(crate) fn day(year: i32, month: i32, day: i32) -> Date {
    Date::of(year, month, day).expect("a day that is written here is one")
}

pub(crate) fn today() -> Date {
    day(TODAY.0, TODAY.1, TODAY.2)
}
