//! What a receipt settles (P1, P13): the source computes what it must say and compares. It can confirm, ask for a resend, or
//! alarm; nothing else.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use wire::card::Role;
use wire::clause::{self, Rejection, require};
use wire::limits::{NUMBER_MAX, STEP_MAX};
use wire::manifest::{Head, Mark};
use wire::receipt::{AnswersDigest, Exception, Form, Outcome, Range, Receipt, ranges_of};
use wire::record::{PackedRow, Reconciled, SettledRow};
use wire::{Digest, Incarnation, PackageId, planted};

use crate::source::{Route, Sight, Source};

/// A package as it was packed, looked up in the ledger.
pub struct WasPacked {
    /// Its id.
    pub package: PackageId,
    /// Its rows, in the order of the package.
    pub rows: Vec<PackedRow>,
    /// It was an inventory: what it names and the replica does not hold is no failure.
    pub inventory: bool,
}

/// Why a receipt stops its route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fork {
    /// Code of the safety.
    pub code: &'static str,
    /// What was seen.
    pub seen: String,
    /// Whose ledger went back or has another life.
    pub whose: Role,
    /// The other life of the other side, where one was seen.
    pub life: Option<Incarnation>,
}

/// Whether a receipt is of a life that is over: of a replica that is not followed any more, or about an earlier life of this
/// ledger. It settles nothing and stops nothing.
pub fn is_former(source: &Source, route: &Route, receipt: &Receipt) -> bool {
    // Who began a new life tells the replica with the next package; until it agreed it speaks of another one.
    // That the replica refuses a life that is not ours is no news to us.
    let seen = &receipt.source_seen;
    // Neither is what it said before it told that it follows this one.
    let of_another = seen.incarnation != source.incarnation && (route.unheard || is_older(route, receipt) || seen.sequence == NUMBER_MAX);
    let of_theirs = route.former.contains(&receipt.incarnation) && !planted::is("receipt-of-a-life-that-is-over-taken");
    of_theirs || source.lives.contains(&seen.incarnation) || of_another
}

/// Whether the same life of the replica has said something newer, which was taken in.
pub fn is_older(route: &Route, receipt: &Receipt) -> bool {
    route.witness.is_some_and(|witness| witness.incarnation == receipt.incarnation && receipt.number < witness.receipt)
}

/// The safeties of P12 that a receipt can trip on a source, before anything of it is taken in.
pub fn fork_of(source: &Source, route: &Route, id: PackageId, receipt: &Receipt) -> Option<Fork> {
    let ours = |code, seen| Some(Fork { code, seen, whose: Role::Source, life: None });
    let theirs = |code, seen| Some(Fork { code, seen, whose: Role::Replica, life: (code == "FRK-04").then_some(receipt.incarnation) });
    let seen = &receipt.source_seen;
    // Who is speaking comes first: what another life of the replica says of us may be long over.
    if let Some(expected) = route.expects.filter(|expected| *expected != receipt.incarnation) {
        return theirs("FRK-04", format!("incarnation {expected} of the replica is followed, the receipt is of {}", receipt.incarnation));
    }
    let witness = route.witness.filter(|witness| !route.former.contains(&witness.incarnation));
    if let Some(witness) = witness.filter(|witness| witness.incarnation != receipt.incarnation && !planted::is("other-life-of-the-replica-taken")) {
        return theirs("FRK-04", format!("the replica was incarnation {}, the receipt is of {}", witness.incarnation, receipt.incarnation));
    }
    if seen.incarnation != source.incarnation {
        return ours("FRK-04", format!("the replica follows incarnation {} of this source, this ledger is {}", seen.incarnation, source.incarnation));
    }
    if seen.sequence == NUMBER_MAX {
        return ours("FRK-01", format!("the replica does not follow incarnation {} of this source any more", seen.incarnation));
    }
    if seen.sequence >= route.next_sequence && !planted::is("answer-to-what-is-to-come-taken") {
        return ours("FRK-01", format!("the replica has seen sequence {}, this ledger ends before {}", seen.sequence, route.next_sequence));
    }
    let not_ours = |sequence: u64, package: PackageId| route.recent.get(&sequence).is_some_and(|known| *known != package);
    if not_ours(seen.sequence, seen.package) {
        return ours("FRK-03", format!("sequence {} of the replica is package {}, not ours", seen.sequence, seen.package));
    }
    if let Form::Full { answers } | Form::Scrub { answers } = &receipt.form
        && let Some(answer) = answers.iter().find(|answer| not_ours(answer.sequence, answer.package))
    {
        return ours("FRK-03", format!("sequence {} of the replica is package {}, not ours", answer.sequence, answer.package));
    }
    let witness = witness?;
    if !route.leap && receipt.number > witness.receipt.saturating_add(STEP_MAX) {
        return theirs("FRK-05", format!("receipt {} is further above {} than {STEP_MAX}", receipt.number, witness.receipt));
    }
    if let Some(taken) = route.taken.get(&receipt.number).filter(|taken| **taken != id && !planted::is("number-made-twice-taken")) {
        return theirs("FRK-02", format!("receipt {} was {taken} and is now {id}: the replica has made its number twice", receipt.number));
    }
    // Of two receipts the later one comes from a ledger that is as long at least, and has seen as much of ours.
    let order = receipt.number.cmp(&witness.receipt);
    let goes_back = |now: u64, then: u64| order.is_gt() && now < then || order.is_lt() && now > then;
    if goes_back(receipt.ledger.number, witness.ledger.number) && !planted::is("receipts-go-back") {
        let (now, then) = (receipt.ledger.number, witness.ledger.number);
        return theirs("FRK-02", format!("receipt {} comes from a ledger of {now} records, receipt {} from {then}", receipt.number, witness.receipt));
    }
    if goes_back(seen.ledger.number, route.quoted.number) && !planted::is("sight-goes-back") {
        let (now, then) = (seen.ledger.number, route.quoted.number);
        return theirs("FRK-02", format!("receipt {} has seen {now} records of this ledger, receipt {} had seen {then}", receipt.number, witness.receipt));
    }
    let (sight, now) = (&route.sight, Sight { highest: seen.sequence, missing: receipt.missing.clone() });
    let lost = if order.is_gt() { sight.lost_by(&now) } else { now.lost_by(sight) };
    if let Some(sequence) = lost.filter(|_| !planted::is("seen-packages-missed-again")) {
        let (earlier, later) = (receipt.number.min(witness.receipt), receipt.number.max(witness.receipt));
        return theirs("FRK-02", format!("receipt {later} misses sequence {sequence}, which receipt {earlier} had seen"));
    }
    None
}

/// The other side has seen a head of `whose` ledger that is not in it, although every number fits: it was put back and went on, or
/// somebody with the zone's keys made the chain anew.
pub fn other_chain(whose: Role, quoted: &Head) -> Fork {
    let code = if whose == Role::Source { "FRK-01" } else { "FRK-02" };
    let seen = format!("the other side has seen this ledger end after {} records with {}; another record stands there now", quoted.number, quoted.digest);
    Fork { code, seen, whose, life: None }
}

/// What became of taking a receipt in.
pub struct Taken {
    /// The record for the ledger.
    pub record: Reconciled,
    /// Items newly proven by it, removals included.
    pub proven: u64,
    /// Rows that must travel again.
    pub failed: Vec<(u32, Outcome)>,
    /// Items that the replica was asked for and does not hold.
    pub not_held: u64,
}

/// Compares a receipt with the packages it answers. `packed` gives the packages of the sequences it names (clauses RCT-05, RCT-08).
pub fn take(name: &str, route: &Route, receipt_id: PackageId, receipt: &Receipt, packed: &dyn Fn(u64) -> Option<WasPacked>) -> Result<Taken, Rejection> {
    let mut rows = Vec::new();
    let mut answered: Vec<u64> = Vec::new();
    let mut asked: BTreeSet<u32> = BTreeSet::new();
    match &receipt.form {
        Form::Full { answers } | Form::Scrub { answers } => {
            let full = matches!(receipt.form, Form::Full { .. });
            for answer in answers {
                let was = packed(answer.sequence)
                    .filter(|was| was.package == answer.package || planted::is("answer-to-another-package-taken"))
                    .ok_or(Rejection(&clause::RCT_PACKAGE))?;
                require(!full || was.rows.len() == answer.rows.len(), &clause::RCT_ANSWERS)?;
                for row in &answer.rows {
                    if answer.sequence <= route.floor || full && is_settled(route, answer.sequence, row.outcome) {
                        continue;
                    }
                    let packed = was.rows.get(row.row as usize).ok_or(Rejection(&clause::RCT_ANSWERS))?;
                    let outcome = Outcome::of(row.outcome).ok_or(Rejection(&clause::RCT_OUTCOME))?;
                    // What reads a replica again searches for nothing that was purged.
                    let searched = full || planted::is("scrub-proves-a-purge");
                    rows.push(settle(packed, outcome, &row.digest, searched.then_some(answer.sequence)));
                }
                asked.extend(was.rows.iter().filter(|_| was.inventory).map(|row| row.item));
                answered.extend(full.then_some(answer.sequence));
            }
        }
        Form::Digest { answered: ranges, digest, exceptions } if !receipt.more => {
            let expected;
            (rows, answered, expected) = expected_answers(route, ranges, exceptions, packed, &mut asked)?;
            if expected != *digest && !planted::is("answers-uncompared") {
                // Nobody knows which row is wrong: nothing is proven and nothing is lost; the full form decides.
                return Ok(unproven(name, receipt_id, receipt));
            }
        }
        Form::Digest { .. } => {}
    }
    let record = record_of(name, receipt_id, receipt, ranges_of(answered), rows);
    let failing = |row: &SettledRow| Outcome::of(row.outcome).filter(|outcome| outcome.failed()).map(|outcome| (row.item, outcome));
    let (not_held, failed): (Vec<_>, Vec<_>) = record.rows.iter().filter_map(failing).partition(|(item, _)| asked.contains(item) && route.item(*item).asked);
    let proven = newly_proven(route, &record);
    Ok(Taken { record, proven, failed, not_held: not_held.len() as u64 })
}

/// Whether another receipt has answered this package before: its proof is history, and a later reading may have found otherwise.
fn is_settled(route: &Route, sequence: u64, outcome: u16) -> bool {
    !planted::is("old-proofs-count-again") && !route.packages.contains_key(&sequence) && Outcome::of(outcome).is_some_and(Outcome::proves)
}

/// What a receipt that names only exceptions settles, the sequences that it answers, and the digest that it must have for that.
fn expected_answers(
    route: &Route,
    ranges: &[Range],
    exceptions: &[Exception],
    packed: &dyn Fn(u64) -> Option<WasPacked>,
    asked: &mut BTreeSet<u32>,
) -> Result<(Vec<SettledRow>, Vec<u64>, Digest), Rejection> {
    let mut digest = AnswersDigest::default();
    let (mut rows, mut answered) = (Vec::new(), Vec::new());
    let mut exceptions: BTreeMap<(u64, u32), &Exception> = exceptions.iter().map(|exception| ((exception.sequence, exception.row), exception)).collect();
    for range in ranges {
        for sequence in range.first..=range.last {
            let was = packed(sequence).ok_or(Rejection(&clause::RCT_PACKAGE))?;
            require(!was.rows.is_empty(), &clause::RCT_PACKAGE)?;
            asked.extend(was.rows.iter().filter(|_| was.inventory).map(|row| row.item));
            digest.package(sequence, &was.package, u32::try_from(was.rows.len()).expect("a package holds at most 65,536 items"));
            for (row, place) in was.rows.iter().zip(0u32..) {
                let (outcome, said) = match exceptions.remove(&(sequence, place)) {
                    Some(exception) => (Outcome::of(exception.outcome).ok_or(Rejection(&clause::RCT_OUTCOME))?, exception.digest),
                    None => (Outcome::Applied, row.expected),
                };
                digest.row(outcome, &said);
                if sequence > route.floor && !is_settled(route, sequence, outcome.number()) {
                    rows.push(settle(row, outcome, &said, Some(sequence)));
                }
            }
            answered.push(sequence);
        }
    }
    require(exceptions.is_empty(), &clause::RCT_ANSWERS)?;
    Ok((rows, answered, digest.finish()))
}

/// What one row settles: a proving outcome whose digest is not the expected one proves the opposite. `searched` is the sequence of its
/// package, where the answer says what came of a purge as well.
fn settle(packed: &PackedRow, outcome: Outcome, said: &Digest, searched: Option<u64>) -> SettledRow {
    let proof_holds = *said == packed.expected || planted::is("possession-uncompared");
    let outcome = match outcome {
        Outcome::Held if !proof_holds => Outcome::PartsBroken,
        proving if proving.proves() && !proof_holds => Outcome::Corrupt,
        other => other,
    };
    SettledRow {
        item: packed.item,
        version: packed.version,
        projected: packed.projected,
        digest: packed.digest,
        bytes: packed.bytes,
        outcome: outcome.number(),
        part: packed.part.map(|part| (part.offset, part.length)),
        removed: packed.removes(),
        purged: searched.filter(|_| packed.mark == Mark::Purge),
    }
}

fn record_of(name: &str, receipt_id: PackageId, receipt: &Receipt, answered: Vec<Range>, rows: Vec<SettledRow>) -> Reconciled {
    Reconciled {
        route: name.into(),
        receipt: receipt_id,
        number: receipt.number,
        incarnation: receipt.incarnation,
        ledger: receipt.ledger,
        seen: receipt.source_seen.ledger,
        answered,
        highest: receipt.source_seen.sequence,
        missing: receipt.missing.clone(),
        rows,
        state: receipt.state,
        more: receipt.more,
        extra: receipt.extra,
    }
}

fn unproven(name: &str, receipt_id: PackageId, receipt: &Receipt) -> Taken {
    let mut record = record_of(name, receipt_id, receipt, Vec::new(), Vec::new());
    record.more = true;
    Taken { record, proven: 0, failed: Vec::new(), not_held: 0 }
}

/// How many rows prove what was not proven before: a version, another projection of it, or that nothing of it is there.
fn newly_proven(route: &Route, record: &Reconciled) -> u64 {
    let is_new = |row: &&SettledRow| {
        let sent = route.item(row.item);
        let is_known = sent.proven_gone == row.removed && (row.removed || sent.proven_projected == row.projected);
        row.version > sent.proven_version || row.version == sent.proven_version && !is_known
    };
    record.rows.iter().filter(|row| Outcome::of(row.outcome).is_some_and(Outcome::proves)).filter(is_new).count() as u64
}

#[cfg(test)]
#[path = "reconcile_test.rs"]
mod tests;
