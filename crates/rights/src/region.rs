//! The dated table of regions: which codes there were on a day, and what a code that is no more became.
//!
//! Old codes stay in old certificates: a code is asked for as of a day, never as of now.

use crate::identifier::{IssuerCode, RegionCode};
use crate::record::Record;
use crate::scalar::Date;
use std::collections::BTreeMap;

/// One stretch of time in which a code is in use.
#[derive(Clone, Debug)]
struct InUse {
    from: Date,
    /// The last day; none while it is in use.
    to: Option<Date>,
    successor: Option<RegionCode>,
}

/// The table, from records of the kind `admin_region`.
#[derive(Clone, Debug, Default)]
pub struct Regions {
    codes: BTreeMap<RegionCode, Vec<InUse>>,
}

/// Most successors that are followed: a chain that is longer leads nowhere.
const SUCCESSORS_MAX: usize = 16;

impl Regions {
    /// Takes in a record; one of another kind, or whose code is none, says nothing.
    pub fn add(&mut self, record: &Record) {
        if record.kind().name != "admin_region" {
            return;
        }
        if let (Ok(code), Some(from)) = (RegionCode::parse(record.text("code")), record.date("valid_from")) {
            let successor = RegionCode::parse(record.text("successor")).ok();
            self.codes.entry(code).or_default().push(InUse { from, to: record.date("valid_to"), successor });
        }
    }

    /// Whether the code was in use on that day.
    pub fn holds(&self, code: &RegionCode, on: Date) -> bool {
        let on_that_day = |used: &InUse| used.from <= on && used.to.is_none_or(|to| on <= to);
        self.codes.get(code).is_some_and(|used| used.iter().any(on_that_day))
    }

    /// Whether an issuer was in a village that there was on the day of issue.
    pub fn holds_issuer(&self, code: &IssuerCode, issued: Date) -> bool {
        RegionCode::parse(&code.as_str()[..12]).is_ok_and(|village| self.holds(&village, issued))
    }

    /// The code that stands for a place on a later day: itself, or what its successors lead to. None where they lead nowhere.
    pub fn present(&self, code: &RegionCode, on: Date) -> Option<RegionCode> {
        let mut code = code.clone();
        for _ in 0..SUCCESSORS_MAX {
            if self.holds(&code, on) {
                return Some(code);
            }
            let last = self.codes.get(&code)?.iter().filter(|used| used.from <= on).max_by_key(|used| used.from)?;
            code = last.successor.clone()?;
        }
        None
    }
}
