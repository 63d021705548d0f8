//! The bounds of the numbers in a record (clause LDG-06). A digest keeps nobody out who can write beside the ledger: a record
//! that claims more than can be must not make its reader count for years, or take more memory than there is.

use super::{Record, StagedRow};
use crate::clause::{self, Rejection, require};
use crate::limits::{INVENTORY_DROPS_MAX, NUMBER_MAX, PACKAGE_ITEMS_MAX};
use crate::manifest::Part;
use crate::receipt::Range;

/// Checks sequences, versions, receipt numbers, ranges, rows and parts of a record.
pub(super) fn check(record: &Record) -> Result<(), Rejection> {
    let holds = match record {
        Record::Reborn(reborn) => number(reborn.floor),
        Record::Captured(captured) => captured.rows.iter().all(|row| number(row.version)),
        Record::TemplateActivated(activated) => number(activated.version),
        Record::Judged(judged) => judged.rows.iter().all(|row| number(row.version)),
        Record::Described(described) => described.rows.iter().all(|row| number(row.version)),
        Record::PackBegun(begun) => number(begun.sequence),
        Record::Packed(packed) => {
            let rows = packed.rows.iter().all(|row| number(row.version) && row.part.as_ref().is_none_or(part));
            number(packed.sequence) && packed.rows.len() <= PACKAGE_ITEMS_MAX && rows
        }
        Record::Reconciled(reconciled) => {
            let rows = reconciled.rows.iter().all(|row| number(row.version) && row.purged.is_none_or(number));
            number(reconciled.number)
                && number(reconciled.highest)
                && number(reconciled.seen.number)
                && ranges(&reconciled.answered)
                && ranges(&reconciled.missing)
                && rows
        }
        Record::Begun(begun) => {
            let staged = |row: &StagedRow| number(row.version) && row.part.as_ref().is_none_or(part);
            number(begun.sequence)
                && number(begun.ledger.number)
                && begun.rows.len() <= PACKAGE_ITEMS_MAX + INVENTORY_DROPS_MAX
                && begun.rows.iter().all(staged)
        }
        Record::Receipted(receipted) => number(receipted.number) && ranges(&receipted.answered),
        _ => true,
    };
    require(holds, &clause::LDG_BODY)
}

fn number(number: u64) -> bool {
    number <= NUMBER_MAX
}

fn part(part: &Part) -> bool {
    part.offset.checked_add(part.length).is_some()
}

fn ranges(ranges: &[Range]) -> bool {
    let each = ranges.iter().all(|range| range.first <= range.last && number(range.last));
    each && ranges.windows(2).all(|pair| pair[0].last < pair[1].first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PackageId;
    use crate::record::{Begun, PackBegun, Receipted};
    use alloc::vec;
    use alloc::vec::Vec;

    /// FAULTS C07: an inventory that dropped more than a package has items left a ledger that nobody could open any more.
    #[test]
    fn what_an_inventory_drops_at_most_is_read_back() {
        let row = StagedRow {
            item: 0,
            id: None,
            version: 1,
            mark: crate::manifest::Mark::Delete,
            transaction: None,
            step: crate::record::Step::Drop,
            digest: crate::Digest::ZERO,
            size: 0,
            modified: 0,
            executable: false,
            part: None,
        };
        let begun = |rows| Begun {
            route: "r".into(),
            sequence: 1,
            package: PackageId([1; 16]),
            incarnation: crate::Incarnation([1; 16]),
            floor: 0,
            ledger: crate::manifest::Head::default(),
            acknowledged: None,
            full_receipt: false,
            nonce: [0; 32],
            rows: vec![row.clone(); rows],
        };
        for (rows, good) in [(PACKAGE_ITEMS_MAX + INVENTORY_DROPS_MAX, true), (PACKAGE_ITEMS_MAX + INVENTORY_DROPS_MAX + 1, false)] {
            let record = Record::from(begun(rows));
            assert_eq!(Record::decode(record.kind(), &record.encode()).is_ok(), good, "{rows}");
            assert_eq!(record.check().is_ok(), good, "{rows}");
        }
    }

    /// FAULTS P09, P19
    #[test]
    fn what_cannot_be_is_refused_at_one_past_the_limit() {
        let begun = |sequence| Record::from(PackBegun { route: "r".into(), sequence, package: PackageId([1; 16]) });
        let receipted = |answered: Vec<Range>| {
            Record::from(Receipted { route: "r".into(), number: 1, receipt: PackageId([1; 16]), full: true, answered, more: false, scrub: false })
        };
        let range = |first, last| Range { first, last };
        for (record, good) in [
            (begun(NUMBER_MAX), true),
            (begun(NUMBER_MAX + 1), false),
            (begun(u64::MAX), false),
            (receipted(vec![range(1, 1), range(2, NUMBER_MAX)]), true),
            (receipted(vec![range(2, 1)]), false),
            (receipted(vec![range(1, 2), range(2, 3)]), false),
            (receipted(vec![range(1, u64::MAX)]), false),
        ] {
            assert_eq!(Record::decode(record.kind(), &record.encode()).is_ok(), good, "{record:?}");
        }
    }
}
