//! ST21, gateway instead of sticks: the same archive over a one-way drop and over a stick ends in the same items, digests and states. Files that
//! are not complete are left alone, doubled ones change nothing.

use crate::stand::{Setting, Side, Stand, tree};
use serde_json::Value;
use std::fs;

/// What the source says of each item, but for the route's own counters.
fn items(stand: &Stand, side: Side) -> Vec<Value> {
    let told = stand.expect(side, &["items"], 0);
    let one = |item: &Value| ["item", "state", "version", "digest", "bytes"].map(|field| item[field].clone()).to_vec().into();
    told["items"].as_array().expect("items").iter().map(one).collect()
}

#[test]
fn st21_a_gateway_does_what_a_stick_does() {
    let stick = Stand::new();
    for number in 0..30 {
        stick.write(format!("d{}/card {number}", number % 4), format!("card {number} ").repeat(number * 40));
    }
    let gateway = Stand::with(Setting { archive: Some(stick.archive.clone()), gateways: true, ..Setting::default() });
    let once = |side| drop(gateway.expect(side, &["run", "--once"], 0));
    for change in [false, true] {
        if change {
            stick.write("d1/card 1", "changed");
            fs::remove_file(stick.archive.join("d2/card 2")).expect("removed");
        }
        stick.round();
        once(Side::Source);
        // The drop is half way: what is not complete does not count, and is no error.
        let over = gateway.folder("over");
        fs::create_dir_all(gateway.folder("aside")).expect("a folder");
        let there: Vec<_> = fs::read_dir(&over)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").path())
            .filter(|path| path.extension().is_some_and(|ending| ending == "gfp"))
            .collect();
        assert!(!there.is_empty());
        for file in &there {
            let bytes = fs::read(file).expect("a package");
            fs::rename(file, gateway.folder("aside").join(file.file_name().expect("a name"))).expect("moved");
            fs::write(file.with_extension("gfp.part"), &bytes[..bytes.len() / 2]).expect("written");
        }
        let before = tree(&gateway.replica);
        once(Side::Replica);
        assert_eq!(tree(&gateway.replica), before, "nothing of half a file is taken");
        for file in &there {
            fs::remove_file(file.with_extension("gfp.part")).expect("the drop goes on");
            fs::copy(gateway.folder("aside").join(file.file_name().expect("a name")), file).expect("and ends");
        }
        once(Side::Replica);
        // The same file comes a second time.
        for file in &there {
            fs::copy(gateway.folder("aside").join(file.file_name().expect("a name")), file).expect("doubled");
        }
        once(Side::Replica);
        once(Side::Source);
        for side in [Side::Source, Side::Replica] {
            assert_eq!(items(&gateway, side), items(&stick, side), "{side:?}");
        }
        assert_eq!((gateway.counts(), tree(&gateway.replica)), (stick.counts(), tree(&stick.replica)));
    }
    gateway.expect_true();
}
