//! Rot does not cross (P11), on a disk that really rots: bytes of its image are changed while nobody has it mounted.

use super::mounted::Image;
use super::stand::{Setting, Side, Stand, tree};
use super::templates::{activate_on, member, template};
use Side::{Replica, Source};

fn codes(stand: &Stand, arguments: &[&str]) -> Vec<String> {
    let mut codes = stand.run(Source, arguments).codes();
    codes.sort();
    codes.dedup();
    codes
}

/// FAULTS C08: `capture --deep` finds what rotted, all of it, and nothing of it crosses, until the good file is back.
#[test]
fn a_disk_that_rots() {
    let stand = Stand::new();
    let Some(disk) = Image::mounted(stand.folder("disk.image"), stand.archive.clone()) else { return };
    let good = |name: &str| format!("{name}: this document is as it must be, every byte of it\n");
    for name in ["one", "two", "three", "waits"] {
        stand.write(name, good(name));
    }
    stand.round();
    stand.expect_true();
    let before = tree(&stand.replica);
    // On its way on a medium that is lost.
    stand.write("waits", good("second version"));
    stand.carry(Source);
    std::fs::remove_dir_all(stand.medium.join("gapferry")).expect("the folder on the medium");
    // What was written within the clock tick is read once more.
    stand.expect(Source, &["capture"], 0);
    disk.unmount();
    assert!(disk.rot(b"two: this document is as", b"two: this d0cument is as") > 0);
    assert!(disk.rot(b"second version: this document", b"second version: thiz document") > 0);
    assert!(disk.mount());
    assert_eq!(codes(&stand, &["capture"]), [] as [&str; 0], "the file system shows nothing");
    let deep = stand.run(Source, &["capture", "--deep"]);
    assert_eq!((deep.exit, &deep.object["archives"][0]["rotten"]), (Some(1), &serde_json::json!(["two", "waits"])));
    assert_eq!(codes(&stand, &["status"]), ["SRC-06"]);
    let medium = stand.medium.to_str().expect("UTF-8").to_owned();
    assert_eq!(codes(&stand, &["carry", &medium]), ["SRC-06"]);
    stand.carry(Replica);
    assert_eq!(tree(&stand.replica), before, "no rot crossed, and no old version was taken for it");
    // The good files come from the replica, or a backup.
    stand.write("two", good("two"));
    stand.write("waits", good("second version"));
    stand.round();
    stand.expect_true();
    assert_eq!(codes(&stand, &["status"]), [] as [&str; 0]);
}

/// FAULTS C08: packing finds the rot of a document that nobody looked at, here one that a person asked to send again.
#[test]
fn packing_reads_what_rotted() {
    let stand = Stand::new();
    let Some(disk) = Image::mounted(stand.folder("disk.image"), stand.archive.clone()) else { return };
    stand.write("a", "asked for again, as it must be\n");
    stand.round();
    stand.expect(Source, &["capture"], 0);
    disk.unmount();
    assert!(disk.rot(b"asked for again, as it must be", b"asked for again, as it musT be") > 0);
    assert!(disk.mount());
    stand.expect(Source, &["resend", "--route", "outward", "--item", "a", "--reason", "to be sure"], 0);
    let medium = stand.medium.to_str().expect("UTF-8").to_owned();
    assert_eq!(codes(&stand, &["carry", &medium]), ["SRC-06"]);
    stand.carry(Replica);
    assert_eq!(tree(&stand.replica)[&b"a"[..]].0, b"asked for again, as it must be\n");
}

/// FAULTS C08: nothing is believed of a record that rotted: it is no faulty record, it has not left the route's selection, and what travels
/// with it waits.
#[test]
fn a_record_that_rots_is_not_believed() {
    let stand = Stand::with(Setting { records: true, ..Setting::default() });
    let Some(disk) = Image::mounted(stand.folder("disk.image"), stand.archive.clone()) else { return };
    stand.without_breaker();
    for (number, name) in [(1, "the one that rots"), (2, "the other one")] {
        let mut record = member(number, "320412103012", "confirmed");
        record["name"] = name.into();
        record["txn"] = serde_json::json!({ "txn_id": "t1", "size": 2, "business_code": "105" });
        stand.write(format!("member/{number}/record.json"), record.to_string());
    }
    stand.expect(Source, &["capture"], 0);
    let shows = |name: &str, fields: &str| drop(activate_on(&stand, &template(&stand, name, "state = 'confirmed'", fields), "outward"));
    shows("first", "fields = [\"name\", \"gender\"]");
    (0..3).for_each(|_| stand.round());
    stand.expect(Source, &["capture"], 0);
    let before = tree(&stand.replica);
    assert_eq!(before.len(), 2);
    disk.unmount();
    assert!(disk.rot(b"\"the one that rots\"", b"\"the one that rots#") > 0);
    assert!(disk.mount());
    let carry = || codes(&stand, &["carry", stand.medium.to_str().expect("UTF-8")]);
    stand.expect(Source, &["resend", "--route", "outward", "--item", "member/2/*", "--reason", "to be sure"], 0);
    assert_eq!(carry(), ["SRC-04", "SRC-06"], "the other one of its transaction waits");
    shows("second", "fields = [\"name\"]");
    assert_eq!(carry(), ["SRC-06"]);
    stand.carry(Replica);
    assert!(tree(&stand.replica) == before, "nothing was withdrawn, nothing crossed");
    stand.write("member/1/photo.jpg", "a document beside it");
    assert_eq!(carry(), ["SRC-06"], "not SRC-11");
    stand.carry(Replica);
    assert!(tree(&stand.replica).contains_key(&b"member/1/record.json"[..]));
}
