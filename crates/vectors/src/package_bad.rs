//! The packages that every reader must refuse: sealed and signed right, with one clause of spec/package.md broken in each.

use crate::fixture::{Collection, Contents, Fixture};
use crate::model::{Agreement, Base, Block, Document, Inventory, Part, Piece, Replaced, Template, Transaction};
use crate::package::{ADD, DELETE, DOCUMENT, How, MODIFIED, PURGE, Package, WITHDRAW, document, source_head, witness};
use crate::package_good::{id_of, inventory, part_document, reading, reading_for, register, removals, run_length_frame};
use crate::primitive::noise_array;
use crate::zone::Cast;
use serde_json::{Value, json};

const PAST: u64 = (1 << 48) + 1;

/// Collects them.
pub(crate) fn collect(cast: &Cast, to: &mut Collection) {
    zones_and_routes(cast, to);
    numbers_and_flags(cast, to);
    blocks(cast, to);
    items(cast, to);
    documents(cast, to);
    pieces_and_bases(cast, to);
    parts(cast, to);
    transactions(cast, to);
    digests(cast, to);
    inventories(cast, to);
}

fn inventories(cast: &Cast, to: &mut Collection) {
    let mut bad = Bad { cast, to };
    let mut spoilt = |code, what: &str, says: &str, spoil: &dyn Fn(&mut Package<'_>)| {
        bad.spoilt(code, what, says, reading(), |cast, _| {
            let mut package = inventory(cast);
            spoil(&mut package);
            package
        });
    };
    let of = |package: &mut Package<'_>, change: &dyn Fn(&mut Inventory)| change(package.manifest.inventory.as_mut().expect("it is one"));
    spoilt("PKG-03", "floor_at_the_sequence", "a package is above its floor", &|package| package.manifest.floor = 40);
    spoilt("PKG-03", "previous_below_the_floor", "ids of as many packages before as there are above the floor, or fewer", &|package| {
        package.manifest.floor = 31
    });
    spoilt("PKG-03", "previous_too_many", "at most 16 ids of packages before", &|package| {
        (package.manifest.floor, package.manifest.previous) = (0, vec![[1; 16]; 17]);
    });
    spoilt("PKG-09", "claim_with_bytes", "a claim brings no bytes", &|package| {
        package.manifest.items[0].documents[0].pieces = vec![Piece::New { length: 43 }];
    });
    spoilt("PKG-19", "span_ends_before_it_begins", "the span is not empty", &|package| of(package, &|inventory| inventory.up_to = Some(b"README".to_vec())));
    spoilt("PKG-19", "claim_before_the_span", "a claim lies in the span", &|package| of(package, &|inventory| inventory.after = Some(b"README.txt".to_vec())));
    spoilt("PKG-19", "claim_behind_the_span", "a claim lies in the span", &|package| {
        of(package, &|inventory| (inventory.up_to, inventory.unclaimed) = (Some(b"bin".to_vec()), Vec::new()));
    });
    spoilt("PKG-19", "claim_of_a_transaction", "a claim belongs to no transaction", &|package| {
        package.manifest.items[0].transaction = Some(Transaction { id: [7; 16], rows: 1 });
    });
    spoilt("PKG-19", "claim_of_another_mark", "a claim has the mark record", &|package| package.manifest.items[0].mark = ADD);
    spoilt("PKG-19", "unclaimed_outside", "what is not claimed lies in the span", &|package| {
        of(package, &|inventory| inventory.unclaimed.push(b"c".to_vec()));
    });
    spoilt("PKG-19", "unclaimed_twice", "what is not claimed ascends", &|package| of(package, &|inventory| inventory.unclaimed.push(b"bin/changing".to_vec())));
    spoilt("PKG-19", "unclaimed_and_claimed", "an id is claimed or not", &|package| {
        of(package, &|inventory| inventory.unclaimed = vec![b"bin/count.sh".to_vec()])
    });
    spoilt("PKG-19", "unclaimed_unsafe", "what is not claimed is a safe path", &|package| {
        of(package, &|inventory| inventory.unclaimed = vec![b"bin/../x".to_vec()])
    });
    spoilt("PKG-19", "content", "an inventory has no content", &|package| {
        package.place(b"hidden");
        package.cut(How::Raw);
    });
}

struct Bad<'c, 'f> {
    cast: &'c Cast,
    to: &'f mut Collection,
}

impl<'c> Bad<'c, '_> {
    /// A small package, spoilt.
    fn small(&mut self, code: &'static str, what: &str, says: &str, spoil: impl Fn(&mut Package<'c>)) {
        self.spoilt(code, what, says, reading(), |cast, entropy| {
            let mut package = Package::small(cast, entropy);
            spoil(&mut package);
            package
        });
    }

    /// A package built from nothing.
    fn built(&mut self, code: &'static str, what: &str, says: &str, build: impl Fn(&mut Package<'c>)) {
        self.spoilt(code, what, says, reading(), |cast, entropy| {
            let mut package = Package::new(cast, entropy, 1);
            build(&mut package);
            package
        });
    }

    fn spoilt(&mut self, code: &'static str, what: &str, says: &str, reading: Value, build: impl Fn(&'c Cast, &str) -> Package<'c>) {
        let package = build(self.cast, &format!("package/{code}/{what}"));
        let mut reading = reading;
        reading["bases"] = reading_for(&package)["bases"].take();
        let bytes = Contents::File(package.draft().seal().file);
        self.to.add(Fixture { page: "package", code, what: what.into(), extension: "gfp", says: says.into(), reading, bytes }, None);
    }
}

fn zones_and_routes(cast: &Cast, to: &mut Collection) {
    let mut bad = Bad { cast, to };
    bad.small("PKG-01", "source_is_not_the_signer", "the manifest names another source than the zone that signed", |package| {
        package.retarget(cast.stranger.id(), cast.outside.id(), "assets");
    });
    bad.small("PKG-01", "replica_is_not_us", "wrapped for us, but the manifest names another replica", |package| {
        package.retarget(cast.inside.id(), cast.vault.id(), "assets");
    });
    let trusting = |zone: &str| {
        let mut reading = reading();
        reading["trusted"] = json!(["inside", zone]);
        reading
    };
    bad.spoilt("PKG-01", "signer_is_no_source", "signed by a trusted zone whose card says replica", trusting("vault"), |cast, entropy| {
        let mut package = Package::small(cast, entropy);
        package.signer = &cast.vault;
        package.retarget(cast.vault.id(), cast.outside.id(), "assets");
        package
    });
    bad.small("PKG-02", "route_is_unknown", "a route that was never accepted here", |package| {
        package.retarget(cast.inside.id(), cast.outside.id(), "ledgers");
    });
    bad.spoilt(
        "PKG-02",
        "route_of_another_source",
        "the route is accepted, but from another zone than this trusted one",
        trusting("stranger"),
        |cast, entropy| {
            let mut package = Package::small(cast, entropy);
            package.signer = &cast.stranger;
            package.retarget(cast.stranger.id(), cast.outside.id(), "assets");
            package
        },
    );
    bad.small("PKG-14", "route_id_of_another_name", "the route id does not follow from the zones and the name", |package| package.manifest.route_id[15] ^= 1);
    for (what, name) in [("empty", String::new()), ("capital", "Assets".into()), ("leading_dot", ".assets".into()), ("65_bytes", "a".repeat(65))] {
        bad.small("PKG-14", &format!("route_name_{what}"), "the route name is not a name, though the route id follows from it", |package| {
            package.retarget(cast.inside.id(), cast.outside.id(), &name);
        });
    }
}

fn numbers_and_flags(cast: &Cast, to: &mut Collection) {
    let mut bad = Bad { cast, to };
    let code = "PKG-03";
    bad.small(code, "sequence_zero", "sequences start at 1", |package| package.manifest.sequence = 0);
    bad.small(code, "sequence_past_ceiling", "2^48 + 1", |package| package.manifest.sequence = PAST);
    bad.small(code, "head_past_ceiling", "the head of the source counts 2^48 + 1 records", |package| package.manifest.ledger.number = PAST);
    bad.small(code, "receipt_past_ceiling", "receipts are numbered up to 2^48", |package| {
        let mut seen = witness(1);
        seen.receipt = PAST;
        package.manifest.acknowledged = Some(seen);
    });
    bad.small(code, "witness_head_past_ceiling", "the head of the replica counts 2^48 + 1 records", |package| {
        let mut seen = witness(1);
        seen.ledger.number = PAST;
        package.manifest.acknowledged = Some(seen);
    });
    for (what, says, number, changes) in [
        ("agreement_zero", "agreements are numbered from 1", 0, 1),
        ("agreement_past_ceiling", "the agreement is number 2^48 + 1", PAST, 1),
        ("agreed_changes_past_ceiling", "the agreement is about 2^48 + 1 changes", 1, PAST),
    ] {
        bad.small(code, what, says, |package| package.manifest.agreed = Some(Agreement { number, changes }));
    }
    bad.small(code, "version_zero", "versions start at 1", |package| package.manifest.items[0].version = 0);
    bad.small(code, "version_past_ceiling", "2^48 + 1", |package| package.manifest.items[0].version = PAST);
    for (what, version) in [("zero", 0), ("a_newer_one", 6)] {
        bad.small(code, &format!("replaces_{what}"), "version 5 replaces a version from 1 to 5", |package| {
            package.manifest.items[0].version = 5;
            package.manifest.items[0].replaces = Some(Replaced { version, digest: noise_array("replaced") });
        });
    }
    for (what, flags) in [("bit_1", 2), ("bit_31", 1 | 1 << 31)] {
        bad.small("PKG-04", what, "only bit 0 is defined", |package| package.manifest.flags = flags);
    }
    bad.small("PKG-15", "record", "an item with a metadata record", |package| package.manifest.items[0].record = Some(b"{}".to_vec()));
    bad.small("PKG-15", "template", "a template without a name", |package| {
        package.manifest.template = Some(Template { id: String::new(), version: 1 });
    });
}

fn blocks(cast: &Cast, to: &mut Collection) {
    let mut bad = Bad { cast, to };
    let code = "PKG-05";
    bad.small(code, "empty_block", "a block of no bytes", |package| package.manifest.blocks.push(Block { stored: 0, plain: 0 }));
    bad.built(code, "stored_longer_than_plain", "a block that grew", |package| {
        let stored = crate::envelope::zstd_frame(b"tiny");
        package.add(b"a.txt", b"tiny");
        package.cut(How::Stored(stored));
    });
    bad.built(code, "block_past_limit", "a block of 1 MiB + 1", |package| {
        package.add(b"a.bin", &vec![0; (1 << 20) + 1]);
        package.cut(How::Compressed);
    });
    bad.built(code, "content_longer_than_table", "one stored byte after the last block", |package| {
        package.add(b"a.txt", b"bytes\n");
        package.cut(How::Raw);
        package.stored.push(0);
    });
    bad.built(code, "content_shorter_than_table", "the last block lacks one stored byte", |package| {
        package.add(b"a.txt", b"bytes\n");
        package.cut(How::Raw);
        package.stored.pop();
    });
    let code = "PKG-13";
    let text = register("block", 3000);
    let frame = crate::envelope::zstd_frame(&text);
    let (half, rest) = (crate::envelope::zstd_frame(&text[..1500]), crate::envelope::zstd_frame(&text[1500..]));
    let forms = [
        ("garbage", "not a zstd frame", vec![0x55; 100]),
        ("short", "decompresses to one byte less than stated", crate::envelope::zstd_frame(&text[..2999])),
        ("long", "decompresses to one byte more than stated", crate::envelope::zstd_frame(&[&text[..], b"!"].concat())),
        ("bomb", "decompresses to 1 MiB instead of 3000 bytes", run_length_frame(b'b', 8)),
        ("cut", "a frame cut short", frame[..frame.len() - 1].to_vec()),
        ("trailing_byte", "a frame and one byte more", [&frame[..], &[0]].concat()),
        ("two_frames", "two frames that together give what is stated", [half, rest].concat()),
    ];
    for (what, says, stored) in forms {
        bad.built(code, what, says, |package| {
            package.add(b"a.txt", &text);
            package.cut(How::Stored(stored.clone()));
        });
    }
}

fn items(cast: &Cast, to: &mut Collection) {
    let mut bad = Bad { cast, to };
    let code = "PKG-06";
    let added = |package: &mut Package, ids: &[&str]| {
        for id in ids {
            package.add(id.as_bytes(), b"bytes\n");
        }
        package.cut(How::Raw);
    };
    bad.built(code, "out_of_order", "ids descend", |package| added(package, &["b", "a"]));
    bad.built(code, "doubled", "one id twice", |package| added(package, &["a", "a"]));
    bad.built(code, "deletion_after_addition", "removals come first", |package| {
        added(package, &["a"]);
        package.item(b"b", DELETE, None);
    });
    bad.built(code, "purge_without_content_after_addition", "a purge without content is a removal, and removals come first", |package| {
        added(package, &["a"]);
        package.item(b"b", PURGE, None);
    });
    bad.built(code, "deleted_and_added", "one id is deleted and added", |package| {
        package.item(b"a", DELETE, None).version = 2;
        added(package, &["a"]);
    });
    bad.built(code, "past_limit", "65537 items", |package| removals(package, 65_537));
    bad.built(code, "parts_out_of_order", "the parts of a document descend", |package| {
        for offset in [1000, 0] {
            let parted = part_document(package, offset, 1000);
            package.item(b"a", ADD, Some(parted));
        }
        package.cut(How::Compressed);
    });
    bad.built(code, "part_beside_whole", "a document comes whole and in part", |package| {
        let whole = register("film", 500_000);
        let at = package.place(&whole[..1000]);
        let pieces = vec![Piece::Copy { base: 0, offset: 0, length: 500_000 }];
        package.manifest.bases = vec![Base { digest: crate::primitive::digest(&whole), size: 500_000 }];
        package.item(b"a", ADD, Some((document(&whole, at, pieces), whole)));
        let parted = part_document(package, 0, 1000);
        package.item(b"a", ADD, Some(parted));
        package.cut(How::Compressed);
    });

    let deep = id_of(4096);
    let long = vec![b'y'; 256];
    let ids: [(&str, &[u8]); 14] = [
        ("empty", b""),
        ("absolute", b"/etc/passwd"),
        ("trailing_slash", b"a/"),
        ("double_slash", b"a//b"),
        ("dot", b"."),
        ("dot_inside", b"a/./b"),
        ("dot_dot", b".."),
        ("dot_dot_first", b"../a"),
        ("dot_dot_inside", b"a/../b"),
        ("dot_dot_last", b"a/.."),
        ("nul", b"a\0b"),
        ("slash", b"/"),
        ("component_256_bytes", &long),
        ("4096_bytes", &deep),
    ];
    for (what, id) in ids {
        bad.small("PKG-07", what, "not a safe relative path", |package| package.manifest.items[0].id = id.to_vec());
    }
}

fn documents(cast: &Cast, to: &mut Collection) {
    let mut bad = Bad { cast, to };
    let code = "PKG-08";
    for (what, mark) in [("delete", DELETE), ("withdraw", WITHDRAW)] {
        bad.small(code, &format!("{what}_with_document"), "a removal brings no document", |package| package.manifest.items[0].mark = mark);
    }
    for (what, mark) in [("add", ADD), ("document", DOCUMENT)] {
        bad.built(code, &format!("{what}_without_document"), "in layout files each item has its one document", |package| {
            package.item(b"a.txt", mark, None);
        });
    }
    bad.built(code, "purge_of_a_part", "a purge brings the newest content whole, or none", |package| {
        let parted = part_document(package, 1000, 1000);
        package.item(b"a.mov", PURGE, Some(parted));
        package.cut(How::Compressed);
    });
    bad.small(code, "two_documents", "in layout files each item has one document", |package| {
        let second = package.manifest.items[0].documents[0].clone();
        package.manifest.items[0].documents.push(second);
    });
    bad.small(code, "named_document", "in layout files the document has no name", |package| package.manifest.items[0].documents[0].name = b"scan".to_vec());

    let code = "PKG-12";
    bad.small(code, "document_digest", "the digest of the document is not that of its bytes", |package| package.manifest.items[0].documents[0].digest[0] ^= 1);
    bad.small(code, "content_altered", "one byte of the content differs", |package| package.stored[0] ^= 1);
}

fn pieces_and_bases(cast: &Cast, to: &mut Collection) {
    let mut bad = Bad { cast, to };
    let twin = b"the same bytes under two names\n";
    let base = Base { digest: crate::primitive::digest(twin), size: twin.len() as u64 };
    let size = twin.len() as u64;
    let copied = |package: &mut Package, pieces: Vec<Piece>| {
        package.manifest.bases = vec![base];
        package.item(b"a.bin", ADD, Some((document(twin, 0, pieces), twin.to_vec())));
    };
    let whole = Piece::Copy { base: 0, offset: 0, length: size };
    let code = "PKG-09";
    bad.small(code, "empty_new", "a piece of no bytes", |package| package.manifest.items[0].documents[0].pieces.push(Piece::New { length: 0 }));
    bad.built(code, "empty_copy", "a piece of no bytes", |package| copied(package, vec![whole, Piece::Copy { base: 0, offset: 0, length: 0 }]));
    bad.small(code, "less_than_size", "the pieces add up to one byte less than the size", |package| package.manifest.items[0].documents[0].size += 1);
    bad.small(code, "more_than_size", "the pieces add up to one byte more than the size", |package| package.manifest.items[0].documents[0].size -= 1);
    bad.small(code, "no_pieces", "a document with a size and no pieces", |package| package.manifest.items[0].documents[0].pieces.clear());
    bad.built(code, "pieces_of_empty_document", "an empty document with a piece", |package| {
        package.add(b"a.txt", b"bytes\n");
        package.cut(How::Raw);
        let emptied = document(b"", 0, vec![Piece::New { length: 6 }]);
        package.manifest.items[0].documents[0] = emptied;
    });
    bad.small(code, "new_past_content", "the new bytes begin one byte too late", |package| package.manifest.items[0].documents[0].at = 1);
    bad.small(code, "at_overflows", "the offset of the new bytes is 2^64 - 1", |package| package.manifest.items[0].documents[0].at = u64::MAX);
    bad.small(code, "lengths_overflow", "the pieces add up to the size modulo 2^64", |package| {
        let length = package.manifest.items[0].documents[0].size;
        package.manifest.items[0].documents[0].pieces = vec![Piece::New { length: u64::MAX }, Piece::New { length: length + 1 }];
    });
    for (what, says, at, length) in [
        ("new_bytes_overlap", "the new bytes of two documents share one byte", 9, 10),
        ("new_bytes_inside", "the new bytes of one document lie inside another's", 3, 4),
        ("new_bytes_begin_alike", "the new bytes of two documents begin alike and end apart", 0, 5),
    ] {
        bad.built(code, what, says, |package| {
            let content = b"0123456789abcdefghi";
            package.add(b"a.txt", &content[..10]);
            package.place(&content[10..]);
            package.cut(How::Raw);
            let bytes = &content[at..at + length];
            let second = document(bytes, at as u64, vec![Piece::New { length: length as u64 }]);
            package.item(b"b.txt", ADD, Some((second, bytes.to_vec())));
        });
    }
    bad.built(code, "copy_past_base", "the copied range ends one byte behind its base", |package| {
        copied(package, vec![Piece::Copy { base: 0, offset: 1, length: size }]);
    });
    bad.built(code, "copy_offset_overflows", "the offset in the base is 2^64 - 1", |package| {
        copied(package, vec![Piece::Copy { base: 0, offset: u64::MAX, length: size }]);
    });

    let code = "PKG-10";
    bad.built(code, "index_past_list", "a piece refers to base 1 of 1", |package| {
        copied(package, vec![Piece::Copy { base: 0, offset: 0, length: 1 }, Piece::Copy { base: 1, offset: 1, length: size - 1 }]);
    });
    bad.small(code, "unused", "a base that no piece refers to", |package| package.manifest.bases = vec![base]);
    bad.built(code, "doubled", "one base twice", |package| {
        copied(package, vec![Piece::Copy { base: 0, offset: 0, length: 1 }, Piece::Copy { base: 1, offset: 1, length: size - 1 }]);
        package.manifest.bases = vec![base, base];
    });

    bad.built("PKG-12", "delta_digest", "the copied and the new bytes do not make the document", |package| {
        package.place(b"!");
        package.cut(How::Raw);
        copied(package, vec![Piece::Copy { base: 0, offset: 0, length: size - 1 }, Piece::New { length: 1 }]);
        // It shows only when the base is there, and that came with the first.
        (package.manifest.sequence, package.manifest.ledger) = (2, source_head(2));
    });
}

fn parts(cast: &Cast, to: &mut Collection) {
    let mut bad = Bad { cast, to };
    let code = "PKG-11";
    let mut parted = |what: &str, says: &str, spoil: &dyn Fn(&mut Document)| {
        bad.built(code, what, says, |package| {
            let (mut document, carried) = part_document(package, 1000, 1000);
            spoil(&mut document);
            package.item(b"a.mov", ADD, Some((document, carried)));
            package.cut(How::Compressed);
        });
    };
    let edit = |document: &mut Document, edit: &dyn Fn(&mut Part)| edit(document.part.as_mut().expect("it is a part"));
    parted("past_document", "the part ends one byte behind its document", &|document| edit(document, &|part| part.offset = 499_001));
    parted("offset_overflows", "the offset of the part is 2^64 - 1", &|document| edit(document, &|part| part.offset = u64::MAX));
    parted("whole", "a part that is the whole document", &|document| {
        document.size = 1000;
        edit(document, &|part| part.offset = 0);
    });
    parted("empty", "a part of no bytes", &|document| {
        document.pieces.clear();
        edit(document, &|part| {
            part.length = 0;
            part.digest = crate::primitive::digest(b"");
        });
    });
    let mut paired = |what: &str, says: &str, second_offset: usize, spoil: &dyn Fn(&mut Package)| {
        bad.built(code, what, says, |package| {
            for offset in [0, second_offset] {
                let parted = part_document(package, offset, 1000);
                package.item(b"a.mov", ADD, Some(parted));
            }
            package.cut(How::Compressed);
            spoil(package);
        });
    };
    paired("overlap", "two parts share a byte", 999, &|_| ());
    paired("disagree_on_digest", "two parts of different documents", 1000, &|package| package.manifest.items[1].documents[0].digest[0] ^= 1);
    paired("disagree_on_size", "two parts of documents of different size", 1000, &|package| package.manifest.items[1].documents[0].size += 1);
    paired("disagree_on_version", "two parts of different versions", 1000, &|package| package.manifest.items[1].version = 2);
    paired("disagree_on_time", "two parts with different attributes", 1000, &|package| package.manifest.items[1].documents[0].modified = MODIFIED + 1);
}

fn transactions(cast: &Cast, to: &mut Collection) {
    let mut bad = Bad { cast, to };
    let code = "PKG-20";
    let of = |id: u8, rows: u32| Some(Transaction { id: [id; 16], rows });
    // Two items of transaction 7, one of transaction 8, and one of none; then one of them says otherwise.
    let mut counted = |what: &str, says: &str, transactions: [Option<Transaction>; 4]| {
        bad.built(code, what, says, |package| {
            for (id, transaction) in [b"a", b"b", b"c", b"d"].into_iter().zip(transactions) {
                package.add(id, b"bytes\n");
                package.manifest.items.last_mut().expect("it was just added").transaction = transaction;
            }
            package.cut(How::Raw);
        });
    };
    counted("one_is_missing", "two items of three are there", [of(7, 3), of(7, 3), of(8, 1), None]);
    counted("one_too_many", "two items are there, and say that they are one", [of(7, 1), of(7, 1), of(8, 1), None]);
    counted("none_at_all", "an item says that there is none", [of(7, 2), of(7, 2), of(8, 0), None]);
    counted("they_disagree", "one item says two, the other three", [of(7, 2), of(7, 3), of(8, 1), None]);
    counted("two_taken_together", "two transactions of one item each say two", [of(7, 2), of(8, 2), None, None]);
    bad.built(code, "part", "an item of a transaction is a part of its document", |package| {
        let parted = part_document(package, 1000, 1000);
        package.item(b"a.mov", ADD, Some(parted)).transaction = of(7, 1);
        package.cut(How::Compressed);
    });
}

fn digests(cast: &Cast, to: &mut Collection) {
    let mut bad = Bad { cast, to };
    bad.built("PKG-12", "part_digest", "the digest of the part is not that of its bytes", |package| {
        let (mut document, carried) = part_document(package, 1000, 1000);
        document.part.as_mut().expect("it is a part").digest[0] ^= 1;
        package.item(b"a.mov", ADD, Some((document, carried)));
        package.cut(How::Compressed);
    });
    bad.small("PKG-12", "empty_digest", "the digest of an empty document is not that of no bytes", |package| {
        package.add(b"a", b"").digest = [0; 32];
        package.sort();
    });
}
