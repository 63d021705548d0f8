//! The receipts that every reader must refuse: sealed and signed right, with one clause of spec/receipt.md broken in each.

use crate::fixture::{Collection, Contents, Fixture};
use crate::model::{Answer, Exception, Form, Range, Receipt, Row};
use crate::package::route_id;
use crate::package_good::Sent;
use crate::primitive::noise_array;
use crate::receipt_good::{answer, digest_form, draft, empty, reading};
use crate::zone::{Cast, Zone};
use serde_json::{Value, json};

const PAST: u64 = (1 << 48) + 1;

struct Bad<'c, 'f> {
    cast: &'c Cast,
    sent: &'c [Sent],
    to: &'f mut Collection,
}

/// Collects them.
pub(crate) fn collect(cast: &Cast, sent: &[Sent], to: &mut Collection) {
    let mut bad = Bad { cast, sent, to };
    bad.zones();
    bad.numbers();
    bad.ranges();
    bad.answers();
    bad.outcomes();
    bad.digest_form();
    bad.compared();
}

impl Bad<'_, '_> {
    fn at(&self, sequence: u64) -> &Sent {
        self.sent.iter().find(|sent| sent.sequence == sequence).expect("it was sent")
    }

    /// A full receipt that answers the first two packages, not yet spoilt.
    fn full(&self) -> Receipt {
        let mut receipt = empty(self.cast, 3, 8, self.at(8).id);
        receipt.form = Form::Full(vec![answer(self.at(1), &[]), answer(self.at(2), &[])]);
        receipt
    }

    fn keep(&mut self, code: &'static str, what: &str, says: &str, reading: Value, signer: &Zone, receipt: &Receipt) {
        let entropy = format!("receipt/{code}/{what}");
        let mut draft = draft(self.cast, &entropy, receipt);
        draft.signer = signer;
        let bytes = Contents::File(draft.seal().file);
        self.to.add(Fixture { page: "receipt", code, what: what.into(), extension: "gfr", says: says.into(), reading, bytes }, None);
    }

    fn spoilt(&mut self, code: &'static str, what: &str, says: &str, spoil: impl Fn(&mut Receipt)) {
        let mut receipt = self.full();
        spoil(&mut receipt);
        let signer = self.cast.outside.clone();
        self.keep(code, what, says, reading(false), &signer, &receipt);
    }

    fn zones(&mut self) {
        let (inside, outside, vault, stranger) = (self.cast.inside.id(), self.cast.outside.id(), self.cast.vault.id(), self.cast.stranger.id());
        self.spoilt("RCT-01", "replica_is_not_the_signer", "names another replica than the zone that signed", |receipt| {
            receipt.replica = vault;
            receipt.route_id = route_id(&inside, &vault, "assets");
        });
        self.spoilt("RCT-01", "source_is_not_us", "wrapped for us, but names another source", |receipt| {
            receipt.source = stranger;
            receipt.route_id = route_id(&stranger, &outside, "assets");
        });
        let mut receipt = self.full();
        receipt.replica = stranger;
        receipt.route_id = route_id(&inside, &stranger, "assets");
        let mut trusting = reading(false);
        trusting["trusted"] = json!(["outside", "stranger"]);
        let signer = self.cast.stranger.clone();
        self.keep("RCT-01", "signer_is_no_replica", "signed by a trusted zone whose card says source", trusting, &signer, &receipt);
        self.spoilt("RCT-02", "route_is_unknown", "the id of a route that does not exist here", |receipt| {
            receipt.route_id = route_id(&inside, &outside, "ledgers")
        });
        let mut receipt = self.full();
        receipt.replica = vault;
        let mut trusting = reading(false);
        trusting["trusted"] = json!(["outside", "vault"]);
        let signer = self.cast.vault.clone();
        self.keep("RCT-02", "route_of_another_replica", "the route exists, but leads to another zone than this trusted one", trusting, &signer, &receipt);
    }

    fn numbers(&mut self) {
        let code = "RCT-03";
        self.spoilt(code, "number_zero", "receipts are numbered from 1", |receipt| receipt.number = 0);
        self.spoilt(code, "number_past_ceiling", "2^48 + 1", |receipt| receipt.number = PAST);
        self.spoilt(code, "head_past_ceiling", "the head of the replica counts 2^48 + 1 records", |receipt| receipt.ledger.number = PAST);
        self.spoilt(code, "seen_zero", "sequences start at 1", |receipt| {
            receipt.source_seen.sequence = 0;
            receipt.form = Form::Full(Vec::new());
        });
        self.spoilt(code, "seen_past_ceiling", "2^48 + 1", |receipt| receipt.source_seen.sequence = PAST);
        self.spoilt(code, "seen_head_past_ceiling", "the head of the source counts 2^48 + 1 records", |receipt| receipt.source_seen.ledger.number = PAST);
        self.spoilt(code, "answer_to_sequence_zero", "sequences start at 1", |receipt| on_answers(receipt, |answers| answers[0].sequence = 0));
        self.spoilt(code, "answer_past_seen", "answers a sequence above the highest it has seen", |receipt| {
            on_answers(receipt, |answers| answers[1].sequence = 9)
        });
    }

    fn ranges(&mut self) {
        for (what, says, list) in [
            ("descending", "ranges out of order", vec![(6, 6), (3, 3)]),
            ("overlapping", "ranges share a sequence", vec![(3, 5), (5, 6)]),
            ("adjacent", "two ranges that are one", vec![(3, 4), (5, 6)]),
            ("backward", "last before first", vec![(6, 5)]),
            ("from_zero", "sequences start at 1", vec![(0, 0)]),
            ("past_seen", "ends above the highest sequence seen", vec![(3, 9)]),
            ("past_all", "ends at 2^64 - 1", vec![(3, u64::MAX)]),
        ] {
            let list: Vec<Range> = list.into_iter().map(|(first, last)| Range { first, last }).collect();
            self.spoilt("RCT-04", &format!("missing_{what}"), says, |receipt| receipt.missing.clone_from(&list));
            self.spoilt("RCT-04", &format!("answered_{what}"), says, |receipt| {
                receipt.form = Form::Digest { answered: list.clone(), digest: noise_array("some digest"), exceptions: Vec::new() };
            });
        }
        self.spoilt("RCT-04", "missing_the_highest_seen", "the highest sequence seen cannot be missing", |receipt| {
            receipt.missing = vec![Range { first: 8, last: 8 }]
        });
        self.spoilt("RCT-04", "missing_past_limit", "4097 ranges", |receipt| {
            receipt.source_seen.sequence = 100_000;
            receipt.form = Form::Full(Vec::new());
            receipt.missing = (0..4097).map(|place| Range { first: place * 2 + 1, last: place * 2 + 1 }).collect();
        });
    }

    fn answers(&mut self) {
        let code = "RCT-05";
        self.spoilt(code, "descending", "answers out of order", |receipt| on_answers(receipt, |answers| answers.swap(0, 1)));
        self.spoilt(code, "doubled", "one sequence answered twice", |receipt| on_answers(receipt, |answers| answers[1] = answers[0].clone()));
        self.spoilt(code, "row_left_out", "a full answer without its row 1", |receipt| {
            on_answers(receipt, |answers| {
                answers[0].rows.remove(1);
            });
        });
        self.spoilt(code, "rows_from_one", "rows of a full answer start at 0", |receipt| {
            on_answers(receipt, |answers| {
                answers[0].rows.remove(0);
            });
        });
        self.spoilt(code, "row_doubled", "one row twice", |receipt| on_answers(receipt, |answers| answers[0].rows[1] = answers[0].rows[0]));
        self.spoilt(code, "no_rows", "a package without items is never answered", |receipt| on_answers(receipt, |answers| answers[0].rows.clear()));
        self.spoilt(code, "full_and_more", "only the digest form can lack something", |receipt| receipt.more = true);
        self.spoilt(code, "scrub_rows_descending", "rows of a scrub out of order", |receipt| {
            on_answers(receipt, |answers| answers[0].rows.swap(0, 1));
            scrubbed(receipt);
        });
        self.spoilt(code, "scrub_row_doubled", "one row twice", |receipt| {
            on_answers(receipt, |answers| answers[0].rows[1] = answers[0].rows[0]);
            scrubbed(receipt);
        });
        self.spoilt(code, "scrub_and_more", "only the digest form can lack something", |receipt| {
            receipt.more = true;
            scrubbed(receipt);
        });
        let exception = |sequence: u64, row: u32| Exception { sequence, row, outcome: 17, digest: [0; 32] };
        for (what, says, list) in [
            ("exceptions_descending", "exceptions out of order", [exception(1, 1), exception(1, 0)]),
            ("exceptions_sequences_descending", "exceptions out of order", [exception(2, 0), exception(1, 0)]),
            ("exception_doubled", "one exception twice", [exception(1, 1), exception(1, 1)]),
            ("exception_not_answered", "an exception to a sequence that is not answered", [exception(1, 1), exception(3, 0)]),
        ] {
            self.spoilt(code, what, says, |receipt| {
                receipt.form = Form::Digest { answered: vec![Range { first: 1, last: 2 }], digest: noise_array("some digest"), exceptions: list.to_vec() };
            });
        }
    }

    fn outcomes(&mut self) {
        let code = "RCT-06";
        for outcome in [0, 7, 15, 23, 31, 34, u16::MAX] {
            self.spoilt(code, &format!("outcome_{outcome}"), "not a defined outcome", |receipt| {
                on_answers(receipt, |answers| answers[0].rows[0] = Row { row: 0, outcome, digest: [0; 32] });
            });
        }
        for outcome in [6, 16, 17, 18, 19, 21, 22, 33] {
            self.spoilt(code, &format!("digest_with_outcome_{outcome}"), "a digest although nothing was read back", |receipt| {
                on_answers(receipt, |answers| answers[0].rows[0].outcome = outcome);
            });
        }
        for (what, says, outcome, digest) in [
            ("exception_that_proves", "outcome 1 is no exception", 1, [0; 32]),
            ("exception_unknown", "not a defined outcome", 8, [0; 32]),
            ("exception_with_digest", "a digest although nothing was read back", 17, [1; 32]),
        ] {
            self.spoilt(code, what, says, |receipt| {
                let exceptions = vec![Exception { sequence: 1, row: 0, outcome, digest }];
                receipt.form = Form::Digest { answered: vec![Range { first: 1, last: 2 }], digest: noise_array("some digest"), exceptions };
            });
        }
    }

    fn digest_form(&mut self) {
        let code = "RCT-07";
        let apart = |count: u64| (0..count).map(|place| Range { first: place * 4 + 1, last: place * 4 + 1 }).collect::<Vec<_>>();
        let form = |answered: Vec<Range>, exceptions: u32| {
            let exception = |row: u32| Exception { sequence: 1, row, outcome: 17, digest: [0; 32] };
            Form::Digest { answered, digest: noise_array("some digest"), exceptions: (0..exceptions).map(exception).collect() }
        };
        self.spoilt(code, "33_ranges_answered", "one range more than the form holds", |receipt| {
            receipt.source_seen.sequence = 1000;
            receipt.form = form(apart(33), 0);
        });
        self.spoilt(code, "33_ranges_missing", "one range more than the form holds", |receipt| {
            receipt.source_seen.sequence = 1000;
            receipt.missing = apart(33);
            receipt.form = form(Vec::new(), 0);
        });
        self.spoilt(code, "more_and_answered", "what did not fit confirms nothing, so it answers nothing", |receipt| {
            receipt.form = form(apart(1), 0);
            receipt.more = true;
        });
        self.spoilt(code, "more_and_digest", "what did not fit has the digest of nothing", |receipt| {
            receipt.form = form(Vec::new(), 0);
            receipt.more = true;
        });
        self.spoilt(code, "9_exceptions", "one exception more than the form holds", |receipt| receipt.form = form(apart(1), 9));
    }

    /// What only the source can see, because it knows what it sent.
    fn compared(&mut self) {
        let signer = self.cast.outside.clone();
        let mut compare = |code, what: &str, says: &str, spoil: &dyn Fn(&mut Receipt)| {
            let mut receipt = self.full();
            spoil(&mut receipt);
            self.keep(code, what, says, reading(true), &signer, &receipt);
        };
        compare("RCT-05", "fewer_rows_than_items", "a full answer lacks the last item of its package", &|receipt| {
            on_answers(receipt, |answers| {
                answers[0].rows.pop();
            });
        });
        let one_more = Row { row: 0, outcome: 17, digest: [0; 32] };
        compare("RCT-05", "more_rows_than_items", "a full answer has a row more than its package items", &|receipt| {
            on_answers(receipt, |answers| {
                let row = u32::try_from(answers[0].rows.len()).expect("few rows");
                answers[0].rows.push(Row { row, ..one_more });
            });
        });
        compare("RCT-05", "scrub_row_past_items", "a row behind the last item of its package", &|receipt| {
            on_answers(receipt, |answers| answers[1].rows = vec![Row { row: 8, ..one_more }]);
            scrubbed(receipt);
        });
        compare("RCT-05", "exception_past_items", "an exception behind the last item of its package", &|receipt| {
            let exceptions = vec![Exception { sequence: 2, row: 8, outcome: 17, digest: [0; 32] }];
            receipt.form = Form::Digest { answered: vec![Range { first: 1, last: 2 }], digest: noise_array("some digest"), exceptions };
        });
        compare("RCT-08", "other_package", "answers a sequence under the id of another package", &|receipt| {
            on_answers(receipt, |answers| answers[1].package = noise_array("never sent"));
        });
        compare("RCT-08", "other_package_seen", "the highest sequence under the id of another package", &|receipt| {
            receipt.source_seen.package = noise_array("never sent");
        });
        let (last, one, ten) = (self.at(13).id, answer(self.at(1), &[]), answer(self.at(10), &[]));
        let mut receipt = empty(self.cast, 3, 13, last);
        receipt.form = Form::Full(vec![one.clone(), Answer { sequence: 12, ..ten.clone() }]);
        self.keep("RCT-08", "sequence_never_sent", "answers a sequence that was given up before it was complete", reading(true), &signer, &receipt);
        receipt.form = digest_form(&[one, Answer { sequence: 12, ..ten }]);
        self.keep("RCT-08", "sequence_never_sent_in_digest", "answers a sequence that was given up before it was complete", reading(true), &signer, &receipt);
    }
}

fn on_answers(receipt: &mut Receipt, spoil: impl Fn(&mut Vec<Answer>)) {
    if let Form::Full(answers) | Form::Scrub(answers) = &mut receipt.form {
        spoil(answers);
    }
}

fn scrubbed(receipt: &mut Receipt) {
    if let Form::Full(answers) = &mut receipt.form {
        receipt.form = Form::Scrub(std::mem::take(answers));
    }
}
