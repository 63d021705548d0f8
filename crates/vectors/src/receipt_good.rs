//! The receipts that every reader must accept, and `sent.json`: what the source of the fixtures remembers having sent.

use crate::describe;
use crate::encode;
use crate::envelope::{self, Body, Draft};
use crate::fixture::{Collection, Contents, Fixture};
use crate::model::{Answer, Exception, Form, Head, Range, Receipt, Row, SourceSeen};
use crate::package::{KEYS, ROUTE, replica_incarnation, route_id, source_head, source_incarnation};
use crate::package_good::Sent;
use crate::primitive::{derive, hex, noise_array};
use crate::zone::Cast;
use serde_json::{Value, json};

/// How receipts are read; `compared` when they are also held against `sent.json`.
pub(crate) fn reading(compared: bool) -> Value {
    json!({"kind": "receipt", "reader": "inside", "trusted": ["outside"], "routes": [{"source": "inside", "replica": "outside", "name": "assets"}],
        "sent": compared.then_some("receipt/sent.json")})
}

/// A receipt that has seen everything up to `highest` and answers nothing.
pub(crate) fn empty(cast: &Cast, number: u64, highest: u64, package: [u8; 16]) -> Receipt {
    Receipt {
        route_id: route_id(&cast.inside.id(), &cast.outside.id(), ROUTE),
        source: cast.inside.id(),
        replica: cast.outside.id(),
        incarnation: replica_incarnation(),
        number,
        ledger: Head { number: 20 + number % 1000, digest: noise_array(&format!("head/outside/{number}")) },
        source_seen: SourceSeen { incarnation: source_incarnation(), sequence: highest, package, ledger: source_head(highest) },
        missing: Vec::new(),
        missing_more: false,
        form: Form::Full(Vec::new()),
        state_items: 0,
        state_sum: [0; 32],
        free_bytes: 7_516_192_768,
        read_back: 0,
        more: false,
        escaped: 0,
        kept_aside: 0,
        extra: 0,
        keys: KEYS,
    }
}

/// The envelope around a receipt.
pub(crate) fn draft<'a>(cast: &'a Cast, entropy: &str, receipt: &Receipt) -> Draft<'a> {
    Draft::new(entropy, envelope::RECEIPT, &cast.outside, &[&cast.inside], Vec::new(), Body::raw(&encode::receipt(receipt)))
}

/// A row as the replica writes it when all went well.
pub(crate) fn right(sent: &Sent, row: usize) -> Row {
    Row { row: number(row), outcome: 1, digest: sent.rows[row] }
}

/// The whole answer to a package, with some rows otherwise.
pub(crate) fn answer(sent: &Sent, otherwise: &[(usize, u16)]) -> Answer {
    let mut rows: Vec<Row> = (0..sent.rows.len()).map(|row| right(sent, row)).collect();
    for (row, outcome) in otherwise {
        rows[*row].outcome = *outcome;
        match outcome {
            0..=5 => {}
            // What was read back, and is not what was sent.
            20 | 32 => rows[*row].digest = noise_array(&format!("read back/{row}")),
            _ => rows[*row].digest = [0; 32],
        }
    }
    Answer { sequence: sent.sequence, package: sent.id, rows }
}

/// Digest of all rows of the answered packages (spec/receipt.md, "Answers digest").
pub(crate) fn answers_digest(answers: &[Answer]) -> [u8; 32] {
    let mut material = Vec::new();
    for answer in answers {
        material.extend_from_slice(&answer.sequence.to_le_bytes());
        material.extend_from_slice(&answer.package);
        material.extend_from_slice(&number(answer.rows.len()).to_le_bytes());
        for row in &answer.rows {
            let class = if row.outcome <= 4 { 1 } else { row.outcome };
            material.extend_from_slice(&class.to_le_bytes());
            material.extend_from_slice(&row.digest);
        }
    }
    derive("gapferry v1 answers", &[&material])
}

/// The rows that prove nothing or only a part.
fn exceptions(answers: &[Answer]) -> Vec<Exception> {
    let of = |answer: &Answer| {
        let sequence = answer.sequence;
        let unproven = answer.rows.iter().filter(|row| row.outcome > 4);
        unproven.map(|row| Exception { sequence, row: row.row, outcome: row.outcome, digest: row.digest }).collect::<Vec<_>>()
    };
    answers.iter().flat_map(of).collect()
}

/// The digest form of what the full form would say.
pub(crate) fn digest_form(answers: &[Answer]) -> Form {
    let mut answered: Vec<Range> = Vec::new();
    for answer in answers {
        match answered.last_mut() {
            Some(range) if range.last + 1 == answer.sequence => range.last = answer.sequence,
            _ => answered.push(Range { first: answer.sequence, last: answer.sequence }),
        }
    }
    Form::Digest { answered, digest: answers_digest(answers), exceptions: exceptions(answers) }
}

fn number(value: usize) -> u32 {
    u32::try_from(value).expect("few rows")
}

/// Collects them.
pub(crate) fn collect(cast: &Cast, sent: &[Sent], first_state: (u64, [u8; 32]), to: &mut Collection) {
    to.file("receipt/sent.json", sent_file(sent));
    let mut good = Good { cast, sent, to };
    let at = |sequence: usize| &sent[sequence - 1];

    let mut first = empty(cast, 1, 1, at(1).id);
    first.form = Form::Full(vec![answer(at(1), &[(2, 2), (3, 3), (5, 4)])]);
    (first.state_items, first.state_sum) = first_state;
    first.escaped = 1;
    first.kept_aside = 1;
    first.extra = 3;
    good.keep("full", "answers the first package: everything is right", &first, true);

    let mut second = empty(cast, 2, 8, at(8).id);
    second.missing = vec![Range { first: 5, last: 6 }];
    let failed = [(0, 33), (1, 6), (2, 32), (3, 16), (4, 17), (5, 18), (6, 19), (7, 20)];
    second.form = Form::Full(vec![answer(at(2), &failed), answer(at(3), &[(0, 5)]), answer(at(8), &[(0, 21), (1, 22)])]);
    second.read_back = 1;
    (second.state_items, second.state_sum) = (13, noise_array("state/two"));
    good.keep("full_with_failures", "every failing outcome once, a part held, two sequences missing", &second, true);

    let answers = [answer(at(1), &[]), answer(at(2), &[(3, 16)]), answer(at(3), &[(0, 5)]), answer(at(4), &[]), answer(at(6), &[])];
    let mut third = empty(cast, 3, 6, at(6).id);
    third.form = digest_form(&answers);
    (third.state_items, third.state_sum) = (14, noise_array("state/three"));
    good.keep("digest", "one digest over five packages, two exceptions", &third, true);

    let mut more = empty(cast, 4, 2, at(2).id);
    more.form = digest_form(&[]);
    more.more = true;
    good.keep("digest_and_more", "there were nine exceptions, which do not fit: it confirms nothing and so names nothing", &more, true);

    let mut other = empty(cast, 5, 1, at(1).id);
    other.form = Form::Digest { answered: vec![Range { first: 1, last: 1 }], digest: noise_array("another digest"), exceptions: Vec::new() };
    good.keep("digest_that_differs", "well formed, but its digest is not the one that must come out: it confirms nothing", &other, true);

    let mut scrub = empty(cast, 6, 8, at(8).id);
    let mut held = answer(at(2), &[(3, 33)]);
    held.rows.drain(..3);
    let mut older = answer(at(1), &[(0, 32)]);
    older.rows.truncate(2);
    scrub.form = Form::Scrub(vec![older, held]);
    good.keep("scrub", "some rows of two packages", &scrub, true);

    good.keep("nothing_to_answer", "no answers; it reports state, gaps and space", &empty(cast, 7, 5, at(5).id), true);
    good.limits();
}

fn sent_file(sent: &[Sent]) -> Vec<u8> {
    let one = |sent: &Sent| json!({"sequence": sent.sequence, "package": hex(&sent.id), "rows": sent.rows.iter().map(|row| hex(row)).collect::<Vec<_>>()});
    let value = json!({"incarnation": hex(&source_incarnation()), "packages": sent.iter().map(one).collect::<Vec<_>>()});
    let mut text = serde_json::to_string_pretty(&value).expect("a JSON value can be written");
    text.push('\n');
    text.into_bytes()
}

struct Good<'c, 'f> {
    cast: &'c Cast,
    sent: &'c [Sent],
    to: &'f mut Collection,
}

impl Good<'_, '_> {
    fn keep(&mut self, what: &str, says: &str, receipt: &Receipt, compared: bool) {
        let sealed = draft(self.cast, &format!("receipt/{what}"), receipt).seal();
        let proven = compared.then(|| self.proven(receipt));
        let expected = describe::receipt(&sealed.opened, receipt, proven.as_deref());
        let bytes = Contents::File(sealed.file);
        let fixture = Fixture { page: "receipt", code: "00", what: what.into(), extension: "gfr", says: says.into(), reading: reading(compared), bytes };
        self.to.add(fixture, Some(&expected));
    }

    /// The rows that the source takes as proven.
    fn proven(&self, receipt: &Receipt) -> Vec<(u64, u32)> {
        match &receipt.form {
            Form::Full(answers) | Form::Scrub(answers) => {
                let rows = answers.iter().flat_map(|answer| answer.rows.iter().map(|row| (answer.sequence, *row)));
                rows.filter(|(_, row)| row.outcome <= 4).map(|(sequence, row)| (sequence, row.row)).collect()
            }
            Form::Digest { answered, digest, exceptions } => {
                let answered = self.sent.iter().filter(|sent| answered.iter().any(|range| (range.first..=range.last).contains(&sent.sequence)));
                let mut answers: Vec<Answer> = answered.map(|sent| answer(sent, &[])).collect();
                for row in answers.iter_mut().flat_map(|answer| answer.rows.iter_mut().map(|row| (answer.sequence, row))) {
                    let exception = exceptions.iter().find(|exception| (exception.sequence, exception.row) == (row.0, row.1.row));
                    if let Some(exception) = exception {
                        (row.1.outcome, row.1.digest) = (exception.outcome, exception.digest);
                    }
                }
                if *digest != answers_digest(&answers) {
                    return Vec::new();
                }
                let rows = answers.iter().flat_map(|answer| answer.rows.iter().map(|row| (answer.sequence, *row)));
                rows.filter(|(_, row)| row.outcome <= 4).map(|(sequence, row)| (sequence, row.row)).collect()
            }
        }
    }

    fn limits(&mut self) {
        let package = noise_array("limit/package");
        let apart = |count: u64| (0..count).map(|place| Range { first: place * 4 + 1, last: place * 4 + 1 }).collect::<Vec<_>>();
        let mut receipt = empty(self.cast, 8, 1000, package);
        receipt.missing = apart(32);
        let exception = |row: u32| Exception { sequence: 3, row, outcome: 17, digest: [0; 32] };
        let answered = apart(32).iter().map(|range| Range { first: range.first + 2, last: range.last + 2 }).collect();
        receipt.form = Form::Digest { answered, digest: noise_array("limit/digest"), exceptions: (0..8).map(exception).collect() };
        self.keep("limit_digest_form", "32 ranges answered, 32 missing, 8 exceptions: still 3304 bytes", &receipt, false);

        let mut receipt = empty(self.cast, 9, 100_000, package);
        receipt.missing = apart(4096);
        receipt.missing_more = true;
        self.keep("limit_missing", "4096 ranges missing and more", &receipt, false);

        let mut receipt = empty(self.cast, 1 << 48, 1 << 48, package);
        receipt.ledger.number = 1 << 48;
        receipt.source_seen.ledger.number = 1 << 48;
        receipt.free_bytes = u64::MAX;
        self.keep("limit_numbers", "number, sequence and heads at 2^48", &receipt, false);
    }
}
