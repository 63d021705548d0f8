//! The cross-checks (三权动态校验): over all records of an archive, every rule of [`crate::rules`] as a pure function.
//!
//! Two passes over the records fill an [`Index`] of small rows of fixed size: [`Index::take`] of every record, then
//! [`Index::take_again`] of the fields of every record, in any order. The rules read the index alone. Its size grows with the number of records, not
//! with what they hold: about 100 bytes a record, and the outline of each parcel beside them.
//!
//! A hit is a [`Finding`]. Nothing is stopped by one. What the numbers in the predicates mean is on the page
//! `spec/rights/cross-checks.md`.

pub mod alert;
mod assets;
mod certificates;
mod homesteads;
mod index;
mod land;
mod people;
mod rows;
mod shares;
mod taking;

pub use alert::{Raised, SUBJECTS_MAX, is_role};
pub use index::Index;

use crate::geometry::Geometry;
use crate::kind::Sens;
use crate::rules::{Rule, Severity};
use crate::scalar::Date;

/// What is set by the county, and the day that the checks are made for.
#[derive(Clone, Debug)]
pub struct Parameters {
    /// The day.
    pub today: Date,
    /// X14: standard areas of homesteads.
    pub standard_areas: Vec<StandardArea>,
    /// X14: how far above the standard is let pass, thousandths.
    pub homestead_tolerance_permille: i64,
    /// X15: a house that was built later needs an approval. None: not checked.
    pub rule_year: Option<i64>,
    /// X18: overlap or area outside that is let pass, dm².
    pub overlap_tolerance: i64,
    /// X18: boundaries of villages.
    pub boundaries: Vec<(u64, Geometry)>,
    /// X24: month and day of the next year by which a dividend must be public. None: not checked.
    pub dividend_day: Option<(i32, i32)>,
    /// X27: the year whose inventory every card must be in.
    pub inventory_year: i32,
    /// X28: days from the inventory to the disposal form.
    pub disposal_days: i32,
    /// X29: days before the end of a contract.
    pub expiry_days: i32,
    /// X29: days that a payment may be late.
    pub overdue_days: i32,
    /// X29: what a m² brings in a year, in fen, by county.
    pub price_index: Vec<(u64, i64)>,
    /// X29: the share of the index that a contract must reach, per cent.
    pub price_percent: i64,
    /// X30: amounts above it, in fen, go through the exchange. None: not checked.
    pub exchange_threshold: Option<i64>,
    /// X31: days that an asset may lie idle.
    pub idle_days: i32,
}

/// What a homestead may measure.
#[derive(Clone, Copy, Debug)]
pub struct StandardArea {
    /// County, 6 digits.
    pub county: u64,
    /// For households of at most so many; the smallest that fits counts.
    pub size_max: i64,
    /// Area in dm².
    pub area: i64,
}

impl Parameters {
    /// The defaults of the specification. What is set locally is not set, and its rules find nothing.
    pub fn at(today: Date) -> Self {
        Self {
            today,
            standard_areas: Vec::new(),
            homestead_tolerance_permille: 0,
            rule_year: None,
            overlap_tolerance: 100,
            boundaries: Vec::new(),
            dividend_day: None,
            inventory_year: today.numbers().0 - 1,
            disposal_days: 30,
            expiry_days: 60,
            overdue_days: 30,
            price_index: Vec::new(),
            price_percent: 100,
            exchange_threshold: None,
            idle_days: 180,
        }
    }
}

/// A number that an alert gives, with its names.
pub type Fact = (&'static str, &'static str, i64);

/// One hit of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// How much it weighs.
    pub severity: Severity,
    /// The `rid`s of the records that it is about, the first one first.
    pub subjects: Vec<String>,
    /// The region of the first of them that is in the archive.
    pub region: String,
    /// Its organisation; empty where it has none.
    pub org_rid: String,
    /// Personal, or the highest class of a subject or of what was summed: their figures are in the facts.
    pub sens: Sens,
    /// Numbers: name, Chinese name, value. Areas are in dm², mu in 10^-4, shares in 10^-4, amounts in fen.
    pub facts: Vec<Fact>,
}

/// A hit as the rules give it: by the numbers of the records in the index.
struct Hit {
    rule: u8,
    severity: Option<Severity>,
    subjects: Vec<u32>,
    facts: Vec<Fact>,
    /// The highest class of records whose figures are in the facts though they are no subjects.
    summed: Option<Sens>,
}

impl Hit {
    fn summed(self, summed: Option<Sens>) -> Self {
        Self { summed, ..self }
    }
}

fn hit(rule: u8, subjects: impl Into<Vec<u32>>, facts: impl Into<Vec<Fact>>) -> Hit {
    Hit { rule, severity: None, subjects: subjects.into(), facts: facts.into(), summed: None }
}

/// Where the rules put what they find.
type Tell<'t> = &'t mut dyn FnMut(Hit);

/// A rule.
type Check = fn(&Index, &Parameters, Tell<'_>);

/// Every rule, by the number that it has on the page.
const CHECKS: &[(u8, Check)] = &[
    (1, people::number_not_valid),
    (2, people::number_twice),
    (3, people::birth_or_gender_differs),
    (4, people::size_differs),
    (5, people::without_household_or_head),
    (6, people::dead_and_still_a_holder),
    (7, shares::held_by_no_member),
    (8, land::contractor_without_members),
    (9, homesteads::used_by_no_member),
    (10, shares::member_without),
    (11, land::household_without),
    (12, homesteads::household_without_qualification),
    (13, homesteads::more_than_one),
    (14, homesteads::above_standard),
    (15, homesteads::built_before_approved),
    (16, land::parcels_do_not_add_up),
    (17, land::mu_differs),
    (18, land::overlaps_or_leaves),
    (19, land::in_two_contracts),
    (20, land::term_outside),
    (21, land::farmland_used_otherwise),
    (22, shares::shares_do_not_add_up),
    (23, shares::capital_does_not_add_up),
    (24, shares::income_without_dividend),
    (25, shares::payment_differs),
    (26, shares::account_doubtful),
    (27, assets::card_does_not_add_up_or_was_not_counted),
    (28, assets::loss_without_disposal),
    (29, assets::contract_ends_is_unpaid_or_cheap),
    (30, assets::past_the_exchange),
    (31, assets::idle),
    (32, certificates::outdated),
    (33, certificates::effective_before_the_publicity_was_over),
    (34, certificates::region_retired),
];

/// Runs all rules, and gives what they find, rule by rule.
pub fn run(index: &Index, parameters: &Parameters, tell: &mut dyn FnMut(Finding)) {
    for (number, check) in CHECKS {
        check(index, parameters, &mut |hit: Hit| {
            debug_assert_eq!(hit.rule, *number);
            tell(index.finding(hit));
        });
    }
}
