//! Which version the files of an item come to share, where a capture was cut short before its records were read.

use engine::source::Source;
use wire::id::Bytes;
use wire::record::{ArchiveAdded, FileStat, Record};

use super::*;

/// Id, version, whether it is there, whether its record was read since it changed, its fault.
type Told<'a> = (&'a str, u64, bool, bool, &'a str);

/// The versions that the files get, in their order; 0 where they keep theirs.
fn levelled(told: &[Told<'_>]) -> Vec<u64> {
    let mut source = Source::default();
    source.fold(0, &Record::ArchiveAdded(ArchiveAdded { archive: "a".into(), root: Bytes(b"/".to_vec()) }));
    for ((id, version, there, described, fault), item) in told.iter().zip(0u32..) {
        let row = CapturedRow { item, id: Some(ItemId(id.as_bytes().to_vec())), version: *version, stat: there.then(FileStat::default) };
        source.fold(0, &Record::Captured(Captured { archive: "a".into(), root: None, rows: vec![row] }));
        let row = DescribedRow { item, version: *version, rid: 0, transaction: None, fault: (*fault).into() };
        source.fold(0, &Record::Described(Described { archive: "a".into(), rows: described.then_some(row).into_iter().collect() }));
    }
    let archive = &source.archives["a"];
    let grouping = Grouping::of(archive, &Recognising(patterns(&["**/*.json".into()]).expect("a pattern")));
    let members = grouping.members_of_all();
    let groups: Vec<&[Member]> = members.chunk_by(|one, two| one.0 == two.0).collect();
    let mut versions = vec![0; told.len()];
    level(archive, &groups, &Moved::default()).iter().for_each(|row| versions[row.item as usize] = row.version);
    versions
}

#[test]
fn what_came_to_another_record_has_a_version_that_nobody_judged() {
    let cases: [(&str, &[Told<'_>], &[u64]); 8] = [
        ("nothing changed", &[("x/record.json", 3, true, true, ""), ("x/b.jpg", 3, true, true, "")], &[0, 0]),
        ("the record changed", &[("x/record.json", 4, true, false, ""), ("x/b.jpg", 3, true, true, "")], &[0, 4]),
        ("a document changed", &[("x/record.json", 3, true, true, ""), ("x/b.jpg", 4, true, false, "")], &[4, 0]),
        ("one that is new took it over", &[("x/record.json", 3, true, true, ""), ("x/b.jpg", 3, true, true, ""), ("x/b.json", 1, true, false, "")], &[0, 4, 4]),
        ("at just its version", &[("x/record.json", 3, true, true, ""), ("x/b.jpg", 3, true, true, ""), ("x/b.json", 3, true, false, "")], &[0, 4, 4]),
        ("it had none, and now has one", &[("x/record.json", 3, true, true, ""), ("x/b.jpg", 3, true, true, NO_RECORD)], &[4, 4]),
        ("it had none, and its record has a newer version", &[("x/record.json", 3, true, true, ""), ("x/b.jpg", 1, true, true, NO_RECORD)], &[4, 4]),
        ("its record is gone", &[("x/record.json", 4, false, true, ""), ("x/b.jpg", 4, true, true, NO_RECORD)], &[0, 0]),
    ];
    for (what, told, expected) in cases {
        assert_eq!(levelled(told), expected, "{what}");
    }
}
