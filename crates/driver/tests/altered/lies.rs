//! Counts and sizes that lie: each length, count and size of what comes from outside replaced by numbers that are too large, too small
//! or absurd. Each is refused, and no memory is taken for what is only claimed.

use super::zones::{card, packed, records};
use super::{expect_little_memory, fixture};
use wire::clause::ENV_SEALS;
use wire::header::{Header, Kind, Trailer};
use wire::id::{Bytes, PackageId};
use wire::manifest::{Base, Block, Document, Head, Item, Manifest, Mark, Piece};
use wire::receipt::{Answer, AnswersDigest, Exception, Form, Range, ReadBack, Receipt, Row, SourceSeen};
use wire::record::Record;
use wire::seals::{Seals, Signature};
use wire::{Digest, Incarnation, ItemId, ZoneId};

/// The numbers that are claimed; `more` stands for the true number and one.
fn numbers(true_number: u64) -> [u64; 9] {
    [u64::MAX, u64::MAX - 7, 1 << 63, 1 << 48, 1 << 32, 256 << 20, 1 << 20, 0xffff, true_number + 1]
}

/// A manifest with something of everything.
fn manifest() -> Manifest {
    let (source, replica) = (card("inside").id(), card("outside").id());
    let document = Document {
        name: Bytes(Vec::new()),
        digest: Digest([1; 32]),
        size: 30,
        modified: 5,
        executable: false,
        part: None,
        at: 0,
        pieces: vec![Piece::New { length: 20 }, Piece::Copy { base: 0, offset: 0, length: 10 }],
    };
    Manifest {
        keys: wire::keys::KeyNotice::FIRST,
        route: "assets".into(),
        route_id: wire::digest::route_id(&source, &replica, "assets"),
        source,
        replica,
        incarnation: Incarnation([7; 16]),
        sequence: 1,
        floor: 0,
        previous: Vec::new(),
        ledger: Head { number: 3, digest: Digest([3; 32]) },
        acknowledged: None,
        agreed: None,
        flags: 0,
        nonce: [9; 32],
        medium: None,
        template: None,
        inventory: None,
        bases: vec![Base { digest: Digest([2; 32]), size: 10 }],
        blocks: vec![Block { stored: 20, plain: 20 }],
        items: vec![Item {
            id: ItemId(b"a".to_vec()),
            version: 1,
            mark: Mark::Add,
            replaces: None,
            transaction: None,
            record: None,
            documents: vec![document],
        }],
    }
}

/// A receipt of a form.
pub fn receipt(form: Form) -> Receipt {
    let (source, replica) = (card("inside").id(), card("outside").id());
    Receipt {
        keys: wire::keys::KeyNotice::FIRST,
        route_id: wire::digest::route_id(&source, &replica, "assets"),
        source,
        replica,
        incarnation: Incarnation([8; 16]),
        number: 3,
        ledger: Head { number: 20, digest: Digest([4; 32]) },
        source_seen: SourceSeen { incarnation: Incarnation([7; 16]), sequence: 4, package: PackageId([4; 16]), ledger: super::receipts::QUOTED },
        missing: vec![Range { first: 2, last: 2 }],
        missing_more: false,
        form,
        state: wire::digest::StateDigest::default(),
        free_bytes: 1 << 30,
        read_back: ReadBack::Medium,
        more: false,
        escaped: 0,
        kept_aside: 0,
        extra: 0,
    }
}

/// The digest form over packages 1 and 3, with an exception.
pub fn digest_form() -> Form {
    let exception = Exception { sequence: 3, row: 0, outcome: 32, digest: Digest([6; 32]) };
    let mut digest = AnswersDigest::default();
    for sequence in [1u8, 3] {
        let was = packed(sequence, PackageId([sequence; 16]));
        digest.package(sequence.into(), &was.package, was.rows.len() as u32);
        for (place, row) in was.rows.iter().enumerate() {
            let told = sequence == 3 && place == 0;
            digest.row(
                if told { wire::receipt::Outcome::Corrupt } else { wire::receipt::Outcome::Applied },
                if told { &exception.digest } else { &row.expected },
            );
        }
    }
    Form::Digest { answered: vec![Range { first: 1, last: 1 }, Range { first: 3, last: 3 }], digest: digest.finish(), exceptions: vec![exception] }
}

/// The full form over package 1.
pub fn full_form() -> Form {
    let was = packed(1, PackageId([1; 16]));
    let row = |(row, packed): (usize, &wire::record::PackedRow)| Row { row: row as u32, outcome: 1, digest: packed.expected };
    Form::Full { answers: vec![Answer { sequence: 1, package: was.package, rows: was.rows.iter().enumerate().map(row).collect() }] }
}

/// Where the encodings of two values first differ: the lowest byte of the count that was raised by one.
fn count_at(one: &[u8], two: &[u8]) -> usize {
    one.iter().zip(two).position(|(one, two)| one != two).expect("one more of something shows in its count")
}

/// Claims other numbers for the `bytes` wide number at `at`; gives how many lies were told. None may be believed.
fn lie(what: &str, good: &[u8], at: usize, width: usize, believed: &dyn Fn(&[u8]) -> bool) -> u64 {
    assert!(believed(good), "{what}: the truth is believed");
    let mut true_number = [0; 8];
    true_number[..width].copy_from_slice(&good[at..at + width]);
    let true_number = u64::from_le_bytes(true_number);
    let mut told = 0;
    for number in numbers(true_number) {
        let claimed = &number.to_le_bytes()[..width];
        if good[at..at + width] == *claimed {
            continue;
        }
        let mut bytes = good.to_vec();
        bytes[at..at + width].copy_from_slice(claimed);
        assert!(!believed(&bytes), "{what}: {number} was believed");
        told += 1;
    }
    told
}

/// Makes a value another one.
type Change<T> = fn(&mut T);

/// FAULTS P09, P10, P18, P19
#[test]
fn two_hundred_lies() {
    let mut told = 0;
    let whole = manifest();
    let good = wire::codec::encode(&whole);
    let manifest_ok = |bytes: &[u8]| Manifest::decode(bytes, 20).is_ok();
    let more: [(&str, Change<Manifest>); 8] = [
        ("route", |it| it.route.push('x')),
        ("bases", |it| it.bases.push(it.bases[0])),
        ("blocks", |it| it.blocks.push(it.blocks[0])),
        ("items", |it| it.items.push(it.items[0].clone())),
        ("id", |it| it.items[0].id.0.push(b'x')),
        ("documents", |it| {
            let again = it.items[0].documents[0].clone();
            it.items[0].documents.push(again);
        }),
        ("name", |it| it.items[0].documents[0].name.0.push(b'x')),
        ("pieces", |it| it.items[0].documents[0].pieces.push(Piece::New { length: 1 })),
    ];
    for (what, raise) in more {
        let mut raised = whole.clone();
        raise(&mut raised);
        told += lie(what, &good, count_at(&good, &wire::codec::encode(&raised)), 8, &manifest_ok);
    }
    // Sizes and offsets of documents: one more is one too many.
    let sizes: [(&str, usize, Change<Manifest>); 8] = [
        ("stored", 4, |it| it.blocks[0].stored ^= 1),
        ("plain", 4, |it| it.blocks[0].plain ^= 1),
        ("base size", 8, |it| it.bases[0].size ^= 1),
        ("size", 8, |it| it.items[0].documents[0].size ^= 1),
        ("at", 8, |it| it.items[0].documents[0].at ^= 1),
        ("new bytes", 8, |it| it.items[0].documents[0].pieces[0] = Piece::New { length: 21 }),
        ("base", 4, |it| it.items[0].documents[0].pieces[1] = Piece::Copy { base: 1, offset: 0, length: 10 }),
        ("offset", 8, |it| it.items[0].documents[0].pieces[1] = Piece::Copy { base: 0, offset: 1, length: 10 }),
    ];
    for (what, width, alter) in sizes {
        let mut altered = whole.clone();
        alter(&mut altered);
        let at = count_at(&good, &wire::codec::encode(&altered));
        // A block stored raw may be smaller than what is claimed for it, and a base larger: the digest of the document decides.
        let believed = |bytes: &[u8]| Manifest::decode(bytes, 20).is_ok_and(|it| it.bases[0].size == 10 && it.blocks[0].plain == 20);
        told += lie(what, &good, at, width, &believed);
    }
    for (what, form, alter) in [
        ("missing", full_form(), (|it: &mut Receipt| it.missing.push(Range { first: 9, last: 9 })) as Change<Receipt>),
        ("answers", full_form(), |it| {
            if let Form::Full { answers } = &mut it.form {
                answers.push(answers[0].clone())
            }
        }),
        ("rows", full_form(), |it| {
            if let Form::Full { answers } = &mut it.form {
                answers[0].rows.push(Row { row: 9, outcome: 1, digest: Digest::ZERO })
            }
        }),
        ("answered", digest_form(), |it| {
            if let Form::Digest { answered, .. } = &mut it.form {
                answered.push(Range { first: 9, last: 9 })
            }
        }),
        ("exceptions", digest_form(), |it| {
            if let Form::Digest { exceptions, .. } = &mut it.form {
                exceptions.push(exceptions[0])
            }
        }),
    ] {
        let (good, mut raised) = (receipt(form.clone()), receipt(form));
        alter(&mut raised);
        let good = wire::codec::encode(&good);
        told += lie(what, &good, count_at(&good, &wire::codec::encode(&raised)), 8, &|bytes| Receipt::decode(bytes).is_ok());
    }
    let seals = Seals {
        signatures: vec![Signature { suite: 1, signer: ZoneId([1; 32]), generation: 1, bytes: Bytes(vec![2; 64]) }],
        approvals: Vec::new(),
        time_stamp: Some(Bytes(vec![3; 5])),
    };
    let seals_more: [(&str, Change<Seals>); 4] = [
        ("signatures", |it| it.signatures.push(it.signatures[0].clone())),
        ("signature", |it| it.signatures[0].bytes.0.push(0)),
        ("approvals", |it| it.approvals.push(it.signatures[0].clone())),
        ("time stamp", |it| {
            if let Some(stamp) = &mut it.time_stamp {
                stamp.0.push(0)
            }
        }),
    ];
    for (what, raise) in seals_more {
        let (good, mut raised) = (wire::codec::encode(&seals), seals.clone());
        raise(&mut raised);
        let believed = |bytes: &[u8]| wire::codec::decode::<Seals>(bytes, &ENV_SEALS).is_ok_and(|it| it.signatures.len() == 1);
        told += lie(what, &good, count_at(&good, &wire::codec::encode(&raised)), 8, &believed);
    }
    // The header, with the length that the file truly has.
    let file = fixture("package/good/00_after_a_gap.gfp");
    let header_ok = |bytes: &[u8]| Header::decode(bytes, file.len() as u64, Kind::Package).is_ok();
    told += lie("slots", &file, 11, 1, &header_ok) + lie("padded length", &file, 32, 8, &header_ok);
    let trailer = Trailer { body_at: 20, body_stored: 300, body_plain: 400, seals_bytes: 123 }.encode();
    let trailer_ok =
        |bytes: &[u8]| Trailer::decode(bytes.try_into().unwrap(), 16_384, Kind::Package, 64 << 20).is_ok_and(|it| it.body_at + it.body_stored < 16_384);
    for (what, at) in [("body_at", 0), ("body_stored", 8), ("seals", 24)] {
        // One byte more stays within the padding; whether it is the truth the signature says.
        told += lie(what, &trailer, at, 8, &|bytes| trailer_ok(bytes) && bytes[at] == trailer[at]);
    }
    for record in records("inside").iter().chain(&records("outside")) {
        let (kind, good) = (record.kind(), record.encode());
        // Every eight bytes that are a small number could be a count: none may be believed to be a huge one.
        for at in 0..good.len().saturating_sub(7) {
            let number = u64::from_le_bytes(good[at..at + 8].try_into().unwrap());
            if (1..=64).contains(&number) {
                let mut bytes = good.clone();
                bytes[at..at + 8].copy_from_slice(&u64::MAX.to_le_bytes());
                let believed = Record::decode(kind, &bytes);
                assert!(believed.as_ref().map_or(true, |it| it.encode() == bytes), "{at} of kind {kind}");
                told += u64::from(believed.is_err());
            }
        }
    }
    println!("{told} lies about counts and sizes; 0 believed");
    assert!(told >= 200, "{told}");
    expect_little_memory("lies");
}
