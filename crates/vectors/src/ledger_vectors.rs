//! Ledgers, good and bad (spec/ledger.md). Each is a folder of segments with a checkpoint; they belong to the zone `inside`.

use crate::describe;
use crate::encode::Encoder;
use crate::fixture::{Collection, Contents, Fixture};
use crate::model::Head;
use crate::package::{ROUTE, replica_incarnation, route_id, source_head, source_incarnation};
use crate::primitive::{derive, noise_array, shorten};
use crate::zone::Cast;
use ed25519_dalek::Signer;
use serde_json::json;

/// Spoils the records before they are written.
type Edit = Box<dyn Fn(&mut Vec<Record>)>;

/// A record before it is written: everything may be spoilt, the digest too.
#[derive(Clone)]
struct Record {
    kind: u16,
    version: u16,
    time: i64,
    body: Vec<u8>,
    number_off_by: u64,
    announced_bytes: Option<u32>,
    previous: Option<[u8; 32]>,
    digest_flip: u8,
}

/// A ledger being written.
struct Ledger<'c> {
    cast: &'c Cast,
    records: Vec<Record>,
    /// Record numbers at which a new segment starts.
    cuts: Vec<u64>,
    head: [u8; 16],
    segments: Vec<(String, Vec<u8>)>,
    digests: Vec<[u8; 32]>,
}

impl<'c> Ledger<'c> {
    fn new(cast: &'c Cast) -> Self {
        let mut head = [0; 16];
        head[..8].copy_from_slice(b"GFLEDGER");
        head[8] = 1;
        Self { cast, records: five(cast), cuts: vec![0], head, segments: Vec::new(), digests: Vec::new() }
    }

    fn write(mut self) -> Self {
        let mut previous = [0; 32];
        for (place, record) in self.records.iter().enumerate() {
            let number = place as u64;
            if self.cuts.contains(&number) {
                self.segments.push((format!("{number:016x}.seg"), self.head.to_vec()));
            }
            let mut to = Encoder::default();
            to.u32(record.announced_bytes.unwrap_or_else(|| u32::try_from(record.body.len()).expect("a small body")));
            to.u16(record.kind);
            to.u16(record.version);
            to.u64(number.wrapping_add(record.number_off_by));
            to.i64(record.time);
            to.raw(&record.previous.unwrap_or(previous));
            to.raw(&record.body);
            let mut digest = derive("gapferry v1 ledger", &[&to.0]);
            digest[31] ^= record.digest_flip;
            to.raw(&digest);
            self.digests.push(digest);
            previous = digest;
            if let Some((_, segment)) = self.segments.last_mut() {
                segment.extend_from_slice(&to.0);
            }
        }
        self
    }

    fn checkpoint(&self, records: usize) -> Vec<u8> {
        checkpoint(self.cast, &source_incarnation(), &Head { number: records as u64, digest: self.digests[records - 1] })
    }

    /// All files: segments and a checkpoint over every record.
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        let mut files = self.segments.clone();
        files.push(("checkpoint".into(), self.checkpoint(self.records.len())));
        files
    }
}

fn checkpoint(cast: &Cast, incarnation: &[u8; 16], head: &Head) -> Vec<u8> {
    let message = derive("gapferry v1 checkpoint", &[incarnation, &head.number.to_le_bytes(), &head.digest]);
    let mut to = Encoder::default();
    to.raw(incarnation);
    to.u64(head.number);
    to.raw(&head.digest);
    to.raw(&cast.inside.sign.sign(&message).to_bytes());
    to.0
}

/// The announcement of an append of several records.
fn group(segment: u64, offset: u64, first: u64, records: u64) -> Vec<u8> {
    let mut to = Encoder::default();
    to.raw(b"GFLGROUP");
    for field in [segment, offset, first, records] {
        to.u64(field);
    }
    let digest = derive("gapferry v1 ledger group", &[&to.0]);
    to.raw(&digest);
    to.0
}

/// Five records as a source writes them in its first minutes.
fn five(cast: &Cast) -> Vec<Record> {
    let record = |kind: u16, minute: i64, body: Encoder| Record {
        kind,
        version: 1,
        time: 1_795_163_400 + minute * 60,
        body: body.0,
        number_off_by: 0,
        announced_bytes: None,
        previous: None,
        digest_flip: 0,
    };
    let acted = |command: &str, result: &str| {
        let mut body = Encoder::default();
        for text in ["li", "inside-01", command, "", result] {
            body.bytes(text.as_bytes());
        }
        body
    };
    let mut born = Encoder::default();
    born.raw(&source_incarnation());
    born.raw(&cast.inside.id());
    born.bytes(b"inside");
    born.u32(0);
    let mut trusted = Encoder::default();
    trusted.raw(&cast.outside.id());
    trusted.bytes(b"outside");
    vec![
        record(1, 0, born),
        record(2, 0, acted("init", "a home for zone inside")),
        record(3, 5, trusted),
        record(2, 5, acted("trust", "outside is trusted")),
        record(2, 9, acted("status", "一切正常")),
    ]
}

/// The five records, an archive, a route, and a receipt that was taken in; it quoted the end of this ledger after so many records.
fn witnessed<'c>(cast: &'c Cast, records: u64, digest: Option<[u8; 32]>) -> Ledger<'c> {
    let mut ledger = Ledger::new(cast);
    let more = |kind: u16, body: Encoder| Record { kind, body: body.0, ..five(cast)[4].clone() };
    let mut archive = Encoder::default();
    archive.bytes(b"a");
    archive.bytes(b"/archive");
    let mut route = Encoder::default();
    route.bytes(ROUTE.as_bytes());
    route.raw(&route_id(&cast.inside.id(), &cast.outside.id(), ROUTE));
    route.bytes(b"a");
    route.raw(&cast.outside.id());
    ledger.records.extend([more(4, archive), more(5, route)]);
    let before = Ledger { records: ledger.records.clone(), ..Ledger::new(cast) }.write();
    let known = usize::try_from(records).ok().and_then(|records| before.digests.get(records.checked_sub(1)?).copied());
    let mut reconciled = Encoder::default();
    reconciled.bytes(ROUTE.as_bytes());
    reconciled.raw(&noise_array::<16>("a receipt"));
    reconciled.u64(1);
    reconciled.raw(&replica_incarnation());
    for head in [source_head(1), Head { number: records, digest: digest.or(known).unwrap_or_default() }] {
        reconciled.u64(head.number);
        reconciled.raw(&head.digest);
    }
    // Answered; highest; missing, rows; state: items, sum; more, extra.
    for number in [0, 1, 0, 0, 0] {
        reconciled.u64(number);
    }
    reconciled.raw(&[0; 32]);
    reconciled.boolean(false);
    reconciled.u32(0);
    ledger.records.push(more(22, reconciled));
    ledger.write()
}

/// The eight records, of which the receipt settles one row, packed in this sequence with mark purge; before it people asked for that
/// purge, the first of two and the second.
fn purged<'c>(cast: &'c Cast, sequence: u64, enough: u8) -> Ledger<'c> {
    let mut ledger = witnessed(cast, 6, None);
    let more = |kind: u16, body: Encoder| Record { kind, body: body.0, ..five(cast)[4].clone() };
    let asked = |who: &str, enough: u8| {
        let mut body = Encoder::default();
        body.bytes(ROUTE.as_bytes());
        body.bytes(who.as_bytes());
        // One item: the first.
        body.u64(1);
        body.u32(0);
        body.raw(&[enough]);
        body.bytes("更正".as_bytes());
        more(31, body)
    };
    let mut receipt = ledger.records.pop().expect("the last of the eight");
    // Behind the empty list of missing ranges: no row is one row now.
    let rows = receipt.body.len() - (8 + 8 + 32 + 1 + 4);
    let mut row = Encoder::default();
    row.u64(1);
    // Item, version; projected, digest, bytes: gone; outcome unchanged, no part, removed.
    row.u32(0);
    row.u64(2);
    row.raw(&[0; 72]);
    row.raw(&2u16.to_le_bytes());
    row.raw(&[0, 1]);
    row.raw(&[1]);
    row.u64(sequence);
    receipt.body.splice(rows..rows + 8, row.0);
    ledger.records.extend([asked("li", 0), asked("wang", enough), receipt]);
    Ledger { records: ledger.records, ..Ledger::new(cast) }.write()
}

/// Collects them.
pub(crate) fn collect(cast: &Cast, to: &mut Collection) {
    let mut keep = |code: &'static str, what: &str, says: &str, files: Vec<(String, Vec<u8>)>, expected: Option<serde_json::Value>| {
        let reading = json!({"kind": "ledger", "zone": "inside"});
        let bytes = Contents::Folder(files);
        to.add(Fixture { page: "ledger", code, what: what.into(), extension: "ledger", says: says.into(), reading, bytes }, expected.as_ref());
    };
    let expected = |ledger: &Ledger, records: usize, torn: Option<(&str, u64)>, covered: Option<usize>| {
        let list = ledger.records.iter().zip(&ledger.digests).take(records).enumerate();
        let list: Vec<_> = list.map(|(place, (record, digest))| (place as u64, record.kind, record.time, record.body.clone(), *digest)).collect();
        let head = covered.map(|count| Head { number: count as u64, digest: ledger.digests[count - 1] });
        let incarnation = source_incarnation();
        Some(describe::ledger(&list, torn, head.as_ref().map(|head| (&incarnation, head))))
    };

    let good = Ledger::new(cast).write();
    keep("00", "five_records", "one segment, checkpoint at its end", good.files(), expected(&good, 5, None, Some(5)));
    let mut parted = Ledger::new(cast);
    parted.cuts = vec![0, 2, 4];
    let parted = parted.write();
    keep("00", "three_segments", "a new segment at records 2 and 4", parted.files(), expected(&parted, 5, None, Some(5)));
    let behind = vec![good.segments[0].clone(), ("checkpoint".into(), good.checkpoint(3))];
    keep("00", "checkpoint_behind", "two records were added since the checkpoint", behind, expected(&good, 5, None, Some(3)));
    keep("00", "no_checkpoint", "a ledger that never wrote one", good.segments.clone(), expected(&good, 5, None, None));
    let mut torn = good.segments[0].clone();
    let last_at = torn.1.len() - 88 - good.records[4].body.len();
    torn.1.truncate(last_at + 60);
    let cut = vec![torn.clone(), ("checkpoint".into(), good.checkpoint(4))];
    keep(
        "00",
        "torn_tail",
        "the last record is cut short; the checkpoint does not cover it",
        cut,
        expected(&good, 4, Some((&torn.0, last_at as u64)), Some(4)),
    );
    let mut zeroed = good.segments[0].clone();
    let length = zeroed.1.len();
    zeroed.1[length - 64..].fill(0);
    let files = vec![zeroed.clone(), ("checkpoint".into(), good.checkpoint(4))];
    keep(
        "00",
        "torn_in_place",
        "the end of the last record was never written; the checkpoint does not cover it",
        files,
        expected(&good, 4, Some((&zeroed.0, last_at as u64)), Some(4)),
    );

    // The last two records were one append; the end of it reached the medium, the beginning did not.
    let group_at = last_at - 88 - good.records[3].body.len();
    let mut beginning_lost = good.segments[0].clone();
    beginning_lost.1[group_at + 8..group_at + 64].fill(0);
    let announced = group(0, group_at as u64, 3, 2);
    let files = vec![beginning_lost.clone(), ("checkpoint".into(), good.checkpoint(3)), ("group".into(), announced.clone())];
    let torn_at = Some((beginning_lost.0.as_str(), group_at as u64));
    keep("00", "torn_group", "the beginning of an append of two records was never written, its end was", files, expected(&good, 3, torn_at, Some(3)));
    let without = vec![beginning_lost.clone(), ("checkpoint".into(), good.checkpoint(3))];
    keep("LDG-03", "damaged_before_a_whole_record", "the head of record 3 is lost, record 4 is whole, and nothing says they were one append", without, None);
    let mut other = announced;
    other[40] ^= 1;
    let files = vec![beginning_lost, ("checkpoint".into(), good.checkpoint(3)), ("group".into(), other)];
    keep("LDG-03", "group_damaged", "as before; the announcement of the append is damaged", files, None);

    let seen = witnessed(cast, 6, None);
    keep("00", "seen_by_the_other_zone", "a receipt quoted the head of six records", seen.files(), expected(&seen, 8, None, Some(8)));
    let anew = witnessed(cast, 6, Some(noise_array("another history")));
    keep("LDG-08", "made_anew", "a receipt quoted another head of six records than the chain had", anew.files(), None);
    keep("LDG-08", "never_so_long", "a receipt quoted a head of more records than there are", witnessed(cast, 9, Some(noise_array("longer"))).files(), None);

    let asked = purged(cast, 3, 1);
    keep("00", "purge_asked_and_proven", "two people ask for a purge, and a receipt proves it", asked.files(), expected(&asked, 10, None, Some(10)));
    keep("LDG-06", "purged_past_limit", "a row was purged in sequence 2^48 + 1", purged(cast, (1 << 48) + 1, 1).files(), None);
    keep("LDG-06", "enough_is_no_bool", "whether enough people agree is neither yes nor no", purged(cast, 3, 2).files(), None);

    let heads: [(&str, &str, usize, u8); 3] =
        [("magic", "GFLEDGER in lower case", 0, b'g'), ("version_2", "a segment of version 2", 8, 2), ("reserved", "the reserved number is not zero", 12, 1)];
    for (what, says, at, value) in heads {
        let mut ledger = Ledger::new(cast);
        ledger.head[at] = value;
        keep("LDG-01", what, says, ledger.write().files(), None);
    }
    let mut misnamed = good.files();
    misnamed[0].0 = format!("{:016x}.seg", 1);
    keep("LDG-03", "misnamed", "the first segment is named as if it began with record 1", misnamed, None);
    let mut short = parted.files();
    short[1].1.truncate(15);
    keep("LDG-01", "cut_short", "a segment of 15 bytes before the last one", short, None);
    let mut gone = parted.files();
    gone.remove(1);
    keep("LDG-03", "segment_missing", "the segment in the middle is gone", gone, None);

    let spoil = |edit: Edit| {
        let mut ledger = Ledger::new(cast);
        edit(&mut ledger.records);
        ledger.write().files()
    };
    keep(
        "LDG-02",
        "past_limit",
        "record 2 announces a body of 128 MiB + 1",
        spoil(Box::new(|records| records[2].announced_bytes = Some((128 << 20) + 1))),
        None,
    );
    let mut cut = parted.files();
    let length = cut[0].1.len();
    cut[0].1.truncate(length - 1);
    keep("LDG-02", "cut_in_the_middle", "the last record of a segment that is not the last lacks a byte", cut, None);
    let mut frame_cut = good.files();
    frame_cut[0].1.truncate(last_at + 40);
    keep("LDG-02", "covered_record_cut", "the last record is cut short, though the checkpoint covers it", frame_cut, None);
    keep("LDG-03", "skipped", "record 2 is numbered 3", spoil(Box::new(|records| records[2].number_off_by = 1)), None);
    keep("LDG-03", "repeated", "record 2 is numbered 1", spoil(Box::new(|records| records[2].number_off_by = u64::MAX)), None);
    keep(
        "LDG-04",
        "other_chain",
        "record 2 continues another record than the one before it",
        spoil(Box::new(|records| records[2].previous = Some(noise_array("another chain")))),
        None,
    );
    keep("LDG-04", "first_continues", "record 0 continues a record", spoil(Box::new(|records| records[0].previous = Some(noise_array("another chain")))), None);
    keep("LDG-05", "digest_flipped", "one bit of the digest of record 2 differs", spoil(Box::new(|records| records[2].digest_flip = 1)), None);
    let mut altered = good.files();
    let body_of_one = 16 + 88 + good.records[0].body.len() + 56 + 10;
    altered[0].1[body_of_one] ^= 1;
    keep("LDG-05", "body_altered", "one bit of the body of record 1 differs", altered, None);
    let mut altered = good.files();
    let length = altered[0].1.len();
    altered[0].1[length - 33] ^= 1;
    keep("LDG-05", "last_record_altered", "one bit of the last record differs, which the checkpoint covers", altered, None);
    keep("LDG-06", "kind_unknown", "record 2 is of kind 65535", spoil(Box::new(|records| records[2].kind = u16::MAX)), None);
    keep("LDG-06", "kind_zero", "record 2 is of kind 0", spoil(Box::new(|records| records[2].kind = 0)), None);
    keep("LDG-06", "record_version_2", "record 2 is of version 2", spoil(Box::new(|records| records[2].version = 2)), None);
    keep("LDG-06", "body_cut", "the body of record 0 lacks its last byte", spoil(Box::new(|records| shorten(&mut records[0].body))), None);
    keep("LDG-06", "body_longer", "the body of record 0 has a byte too many", spoil(Box::new(|records| records[0].body.push(0))), None);

    let mut removed = good.files();
    removed[0].1.truncate(last_at);
    keep("LDG-07", "records_removed", "the checkpoint covers five records, four are there", removed, None);
    let with = |bytes: Vec<u8>| vec![good.segments[0].clone(), ("checkpoint".into(), bytes)];
    let incarnation = source_incarnation();
    let other = checkpoint(cast, &incarnation, &Head { number: 4, digest: noise_array("another history") });
    keep("LDG-07", "other_history", "the digest of record 3 is not the one in the checkpoint", with(other), None);
    let mut flipped = good.checkpoint(5);
    flipped[100] ^= 1;
    keep("LDG-07", "signature", "the checkpoint is not signed by the zone", with(flipped), None);
    keep("LDG-07", "checkpoint_cut", "the checkpoint lacks a byte", with(good.checkpoint(5)[..119].to_vec()), None);
    let elsewhere = checkpoint(cast, &noise_array("another incarnation"), &Head { number: 5, digest: good.digests[4] });
    keep("LDG-07", "other_incarnation", "the checkpoint is of another life of the ledger", with(elsewhere), None);
}
