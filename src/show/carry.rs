//! The page of `carry`, and what `run` leaves. The page ends with one plain line that a courier understands: what to do with this medium now.

use driver::daemon::RoundReport;
use driver::report::{CarryReport, Problem};

use super::{Show, name};
use crate::advice;
use crate::page::Page;

impl Show for CarryReport {
    fn show(&self, page: &mut Page) {
        if let Some(reconciled) = &self.reconciled {
            reconciled.show(page);
            page.gap();
        }
        if let Some(packed) = &self.packed {
            packed.show(page);
        }
        if let Some(applied) = &self.applied {
            applied.show(page);
        }
        page.list("carry.foreign", self.foreign_total, self.foreign.iter().map(name));
    }

    fn problems(&self) -> Vec<&Problem> {
        let reconciled = self.reconciled.iter().flat_map(Show::problems);
        reconciled.chain(self.packed.iter().flat_map(Show::problems)).chain(self.applied.iter().flat_map(Show::problems)).collect()
    }

    fn exit(&self) -> u8 {
        let person = if self.next == "needs-person" { advice::PERSON } else { advice::WELL };
        advice::exit_of_all([person, self.packed.as_ref().map_or(advice::WELL, Show::exit)])
    }

    fn close(&self, page: &mut Page) {
        let refused = self.problems().iter().any(|problem| advice::exit_of(problem.code) >= advice::REFUSED);
        let key = match self.next {
            "take-to-replica" => "carry.take-to-replica",
            "take-to-source" => "carry.take-to-source",
            // There is no file to bring anywhere; what to do about the refused one was said with its problem.
            "nothing" if refused => "carry.as-said",
            "nothing" => "carry.nothing",
            _ => "carry.needs-person",
        };
        page.gap();
        page.say(key, &[("zones", &self.zones.join(", "))]);
    }
}

impl Show for RoundReport {
    /// The log has told it.
    fn show(&self, _: &mut Page) {}

    fn problems(&self) -> Vec<&Problem> {
        self.problems.iter().collect()
    }
}
