//! What a settled row of a receipt does to its item: it proves, fails or takes a proof away (P1), and it alone ends a purge.

use alloc::vec::Vec;
use wire::planted;
use wire::receipt::Outcome;
use wire::record::{Reconciled, SettledRow};

use super::{Item, Route, Source};

/// Rows that are let go together.
pub(super) const ROWS_TOGETHER: usize = 65_536;

impl Source {
    /// Takes in what a receipt settled about these rows.
    pub(super) fn settle(&mut self, time: i64, reconciled: &Reconciled, rows: &[SettledRow]) {
        let Some(route) = self.routes.get_mut(&reconciled.route) else { return };
        let Some(archive) = self.archives.get(&route.archive) else { return };
        for row in rows {
            let Some(item) = archive.items.get(row.item as usize) else { continue };
            route.settle(time, row, item, reconciled.number);
        }
    }

    /// As `settle`, all rows in their order; each is let go while what is known grows by it.
    pub(super) fn settle_own(&mut self, time: i64, reconciled: &mut Reconciled) {
        let mut rows = core::mem::take(&mut reconciled.rows);
        rows.reverse();
        while !rows.is_empty() {
            let some: Vec<SettledRow> = rows.drain(rows.len().saturating_sub(ROWS_TOGETHER)..).rev().collect();
            rows.shrink_to_fit();
            self.settle(time, reconciled, &some);
        }
    }
}

impl Route {
    /// Takes in what a receipt settled about one item.
    pub(super) fn settle(&mut self, time: i64, row: &SettledRow, of: &Item, receipt: u64) {
        let id = &of.id;
        let Some(outcome) = Outcome::of(row.outcome) else { return };
        let state = &mut self.state;
        let mut item = self.items.change(row.item);
        if let (Some(sequence), Some(purge)) = (row.purged.filter(|_| outcome.proves()), &mut item.purge) {
            purge.prove(sequence, time);
        }
        if item.asked && item.packed_version == row.version {
            item.asked = false;
            if !outcome.proves() && outcome != Outcome::Superseded {
                // The replica does not hold it: no failure, but content that is to travel.
                (item.packed_sequence, item.attempts) = (0, 0);
                return;
            }
        }
        if outcome == Outcome::Held {
            if let (Some((offset, _)), Some(parts)) = (row.part, item.parts.as_mut().filter(|parts| parts.version == row.version)) {
                parts.list.iter_mut().filter(|part| part.offset == offset).for_each(|part| part.held = true);
                // Who holds all parts has the document: these were told of by two, the replica and a copy that was shut down.
                let end =
                    parts.list.iter().filter(|part| part.held).try_fold(0, |end, part| (part.offset <= end).then_some(end.max(part.offset + part.length)));
                if parts.version == of.version && end.is_some_and(|end| end >= of.stat.size) && !planted::is("parts-of-two-make-a-whole") {
                    (item.failed, item.discrepancy, item.parts) = (true, Outcome::PartsBroken.number(), None);
                }
            }
            return;
        }
        if outcome == Outcome::Superseded {
            return;
        }
        if outcome.proves() {
            let older = row.version < item.proven_version || row.version == item.proven_version && receipt < item.assured;
            if (older || receipt < item.doubted) && !planted::is("older-proof-counts") {
                return;
            }
            if item.again.as_deref() == Some(&row.projected) && row.removed == item.packed_gone {
                item.again = None;
            }
            if item.proven_version > 0 && !item.proven_gone {
                state.remove(id, item.proven_version, &item.proven_projected);
            }
            item.assured = item.assured.max(receipt);
            item.proven_version = row.version;
            item.proven_digest = row.digest;
            item.proven_bytes = row.bytes;
            item.proven_projected = row.projected;
            item.proven_gone = row.removed;
            if !row.removed {
                state.add(id, row.version, &row.projected);
            }
            if item.packed_version == row.version {
                (item.failed, item.resend, item.discrepancy) = (false, false, 0);
                item.parts = None;
            }
        } else if !outcome.lost() || receipt >= item.assured {
            item.discrepancy = row.outcome;
            let open = item.proven_version != row.version || row.purged.is_some() && item.is_purging();
            if item.packed_version == row.version && open || outcome.lost() {
                item.failed = true;
                item.parts = None;
            }
            if outcome.lost() {
                item.doubted = item.doubted.max(receipt);
            }
            // What is removed is not there as it was proven, whatever is left of it.
            let gone = outcome == Outcome::NotErased && row.removed && !item.proven_gone;
            if (outcome.lost() || gone) && item.proven_version > 0 && item.proven_version <= row.version && !planted::is("doubt-ignored") {
                if !item.proven_gone {
                    state.remove(id, item.proven_version, &item.proven_projected);
                }
                (item.proven_version, item.proven_gone) = (0, false);
            }
        }
    }
}
