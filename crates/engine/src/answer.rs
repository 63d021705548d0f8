//! What a receipt says (P4): every package seen since the last receipt known to have arrived, from the rows that were read
//! back. A receipt in digest form stays small whatever the size; what does not fit makes it full.

use alloc::vec::Vec;
use wire::keys::KeyNotice;
use wire::limits::{DIGEST_EXCEPTIONS_MAX, FULL_MISSING_MAX, NUMBER_MAX, RECEIPT_ROWS_MAX};
use wire::manifest::Head;
use wire::receipt::{Answer, AnswersDigest, Exception, Form, Outcome, Range, ReadBack, Receipt, Row, SourceSeen, digest_ranges_max, ranges_of};
use wire::{Digest, Incarnation, PackageId, ZoneId, planted};

use crate::replica::{Progress, Route};

/// Which form is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Digest if everything fits, else full.
    Fitting,
    /// Digest; what does not fit makes the next one full.
    Digest,
    /// Full.
    Full,
}

/// Packages that a receipt must answer: attested, with items, and in no receipt that is known to have arrived.
pub fn outstanding(route: &Route) -> Vec<u64> {
    let open = |covered_in: u64| covered_in == 0 || covered_in > route.acknowledged;
    let mut rows = 0usize;
    route
        .packages
        .iter()
        .filter(|(_, seen)| seen.items > 0 && (seen.progress == Progress::Attested || planted::is("answered-before-read-back")) && open(seen.covered_in))
        .take_while(|(_, seen)| {
            rows += seen.items as usize;
            rows <= RECEIPT_ROWS_MAX
        })
        .map(|(sequence, _)| *sequence)
        .collect()
}

/// Whether a new receipt must be made: something is attested that no receipt covers, or the source asks for a full one.
pub fn is_needed(route: &Route) -> bool {
    let uncovered = |sequence: &u64| route.packages.get(sequence).is_some_and(|seen| seen.covered_in == 0);
    outstanding(route).iter().any(uncovered) || route.want_full
}

/// The rows of a package as they were attested, but for items that a later reading found damaged.
pub fn as_known_now(route: &Route, sequence: u64, mut rows: Vec<Row>) -> Vec<Row> {
    for item in route.items.iter().filter(|item| item.sequence == sequence && item.held() && item.damaged != 0 && !planted::is("later-damage-untold")) {
        if let Some(row) = rows.get_mut(item.row as usize) {
            (row.outcome, row.digest) = (item.damaged, Digest::ZERO);
        }
    }
    rows
}

/// What was read back of an item: its number, what it proves, the digest under the key of its package.
pub type Reread = (u32, Outcome, Digest);

/// What an earlier reading found damaged.
pub fn damaged(route: &Route) -> Vec<Reread> {
    let wrong = (0u32..).zip(&route.items).filter(|(_, item)| item.held() && item.damaged != 0);
    wrong.filter_map(|(number, item)| Some((number, Outcome::of(item.damaged)?, Digest::ZERO))).collect()
}

/// What was read back as answers of a scrub: by package, and within it by row. What a package brought that is not known is left
/// out; of an item that is named twice the last counts.
pub fn of_scrub(route: &Route, read: &[Reread]) -> Vec<Answer> {
    let place = |(number, ..): &Reread| (route.items[*number as usize].sequence, route.items[*number as usize].row);
    let mut read: Vec<&Reread> = read.iter().collect();
    read.sort_by_key(|one| place(one));
    let answer = |read: &[&Reread]| {
        let (sequence, _) = place(read[0]);
        let mut rows: Vec<Row> = Vec::with_capacity(read.len());
        for one @ (_, outcome, digest) in read {
            let (_, row) = place(one);
            // What was read twice counts as it was read last.
            rows.pop_if(|before| before.row == row);
            rows.push(Row { row, outcome: outcome.number(), digest: *digest });
        }
        Some(Answer { sequence, package: route.packages.get(&sequence)?.package, rows })
    };
    read.chunk_by(|one, two| place(one).0 == place(two).0).filter_map(answer).collect()
}

/// What only the caller knows of the moment a receipt is made.
pub struct Moment {
    /// The source zone.
    pub source: ZoneId,
    /// This zone.
    pub replica: ZoneId,
    /// This ledger's incarnation.
    pub incarnation: Incarnation,
    /// Its head.
    pub ledger: Head,
    /// Room left, bytes.
    pub free_bytes: u64,
    /// Where the rows were read back from.
    pub read_back: ReadBack,
    /// What is to be said of keys.
    pub keys: KeyNotice,
}

/// Makes the receipt over `answers` (rows as attested, ascending by sequence).
pub fn receipt(route: &Route, moment: &Moment, answers: Vec<Answer>, wanted: Wanted, scrub: bool) -> Option<Receipt> {
    let (sequence, seen) = route.packages.last_key_value()?;
    let missing = route.missing();
    let (answered_max, missing_max) = digest_ranges_max(moment.keys.next.is_some());
    let digest_form = |answers: &[Answer]| digest_form(answers, answered_max, missing.len() > missing_max);
    let (form, more) = match wanted {
        _ if scrub => (Form::Scrub { answers }, false),
        Wanted::Full => (Form::Full { answers }, false),
        _ if route.want_full => (Form::Full { answers }, false),
        Wanted::Fitting => match digest_form(&answers) {
            (form, false) => (form, false),
            (_, true) => (Form::Full { answers }, false),
        },
        Wanted::Digest => digest_form(&answers),
    };
    let missing_max = if matches!(form, Form::Digest { .. }) { missing_max } else { FULL_MISSING_MAX };
    Some(Receipt {
        route_id: route.route_id,
        source: moment.source,
        replica: moment.replica,
        incarnation: moment.incarnation,
        number: route.receipts + 1,
        ledger: moment.ledger,
        source_seen: SourceSeen { incarnation: route.incarnation?, sequence: *sequence, package: seen.package, ledger: seen.ledger },
        missing_more: missing.len() > missing_max,
        missing: missing.into_iter().take(missing_max).collect(),
        form,
        state: route.state,
        free_bytes: moment.free_bytes,
        read_back: moment.read_back,
        more,
        escaped: u32::try_from(route.escaped()).unwrap_or(u32::MAX),
        kept_aside: route.kept_aside,
        extra: route.extra,
        keys: moment.keys.clone(),
    })
}

/// The receipt that tells a source that packages of this incarnation are not followed any more: it has seen a sequence that
/// nobody reaches. `package` is the one that was refused.
pub fn refusal(route: &Route, moment: &Moment, incarnation: Incarnation, package: PackageId, ledger: Head) -> Receipt {
    Receipt {
        route_id: route.route_id,
        source: moment.source,
        replica: moment.replica,
        incarnation: moment.incarnation,
        number: route.receipts + 1,
        ledger: moment.ledger,
        source_seen: SourceSeen { incarnation, sequence: NUMBER_MAX, package, ledger },
        missing: Vec::new(),
        missing_more: false,
        form: Form::Scrub { answers: Vec::new() },
        state: route.state,
        free_bytes: moment.free_bytes,
        read_back: moment.read_back,
        more: false,
        escaped: u32::try_from(route.escaped()).unwrap_or(u32::MAX),
        kept_aside: route.kept_aside,
        extra: route.extra,
        keys: moment.keys.clone(),
    }
}

/// The digest form and whether something did not fit it.
fn digest_form(answers: &[Answer], answered_max: usize, too_many_missing: bool) -> (Form, bool) {
    let mut digest = AnswersDigest::default();
    let mut exceptions = Vec::new();
    for answer in answers {
        digest.package(answer.sequence, &answer.package, u32::try_from(answer.rows.len()).expect("a package holds at most 65,536 items"));
        for row in &answer.rows {
            let outcome = Outcome::of(row.outcome).expect("we attest defined outcomes only");
            digest.row(outcome, &row.digest);
            if !outcome.proves() {
                exceptions.push(Exception { sequence: answer.sequence, row: row.row, outcome: row.outcome, digest: row.digest });
            }
        }
    }
    let answered: Vec<Range> = ranges_of(answers.iter().map(|answer| answer.sequence));
    let more = exceptions.len() > DIGEST_EXCEPTIONS_MAX || answered.len() > answered_max || too_many_missing;
    if more {
        // It confirms nothing, so it names nothing; it says that it did not fit and still carries the state digest.
        return (Form::Digest { answered: Vec::new(), digest: AnswersDigest::default().finish(), exceptions: Vec::new() }, true);
    }
    (Form::Digest { answered, digest: digest.finish(), exceptions }, false)
}

/// The sequences of a form, as ranges.
pub fn answered(form: &Form) -> Vec<Range> {
    match form {
        Form::Full { answers } => ranges_of(answers.iter().map(|answer| answer.sequence)),
        Form::Digest { answered, .. } => answered.clone(),
        Form::Scrub { .. } => Vec::new(),
    }
}

#[cfg(test)]
#[path = "answer_test.rs"]
mod tests;
