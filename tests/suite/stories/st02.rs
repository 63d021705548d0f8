//! ST02, lost stick: what was on it goes again on another one; weeks later the lost one turns up and changes nothing. (There is no list of
//! revoked packages: the late package is known as one whose items came with a newer one, and the receipt says that it was seen.)

use super::{carry, kept, medium, packages, record};
use crate::stand::{Setting, Side, Stand, tree};
use std::fs;

#[test]
fn st02_a_lost_stick_turns_up_again() {
    let stand = Stand::with(Setting { records: true, ..Setting::default() });
    stand.without_breaker();
    let names = ["户籍甲", "household-4711", "villager-z"];
    for name in names {
        stand.write(format!("{name}/record.json"), record(name, &[("title", "the first state of 张某某")]));
    }
    let (first, lost, next) = (medium(&stand, "stick-411"), medium(&stand, "stick-412"), medium(&stand, "stick-413"));
    [Side::Source, Side::Replica, Side::Source].into_iter().for_each(|side| drop(carry(&stand, side, &first, 0)));
    for name in names {
        stand.write(format!("{name}/record.json"), record(name, &[("title", "the second state of 张某某")]));
    }
    carry(&stand, Side::Source, &lost, 0);
    assert_eq!(stand.route(Side::Source)["items"]["packed"], 3);
    let found_later = kept(&stand, &lost, "found-later");
    fs::remove_dir_all(&lost).expect("it is lost");
    // The security administrator says so; the same items go with the next sequence on another stick.
    let sequence = stand.route(Side::Source)["sequence"].as_u64().expect("a sequence");
    let resent = stand.expect(Side::Source, &["resend", "--route", "outward", "--package", &sequence.to_string(), "--reason", "stick 412 was lost"], 0);
    assert_eq!(resent["items"], 3);
    let carried = carry(&stand, Side::Source, &next, 0);
    let again = &carried["packed"]["packages"][0];
    assert!(again["sequence"].as_u64() > Some(sequence) && again["items"] == 3, "{carried}");
    carry(&stand, Side::Replica, &next, 0);
    carry(&stand, Side::Source, &next, 0);
    assert_eq!(stand.counts(), (3, 3));
    let before = tree(&stand.replica);
    // Whoever found it learned no name, no count, no content.
    for package in packages(&found_later) {
        let bytes = fs::read(&package).expect("a file");
        for needle in names.iter().copied().chain(["张某某", "record.json", "outward", "inside", "outside", "the second state"]) {
            assert!(!bytes.windows(needle.len()).any(|part| part == needle.as_bytes()), "{needle} can be read on the stick");
            assert!(!package.to_string_lossy().rsplit('/').next().expect("a name").contains(needle));
        }
    }
    // Two weeks later somebody brings it.
    let late = carry(&stand, Side::Replica, &found_later, 0);
    let told = late["applied"]["packages"].as_array().expect("packages").iter().find(|told| told["sequence"] == sequence).expect("it is told").clone();
    assert_eq!((told["written"].as_u64(), told["removed"].as_u64()), (Some(0), Some(0)), "{told}");
    assert_eq!(tree(&stand.replica), before, "it changes nothing");
    // That it came goes home with the next receipt, and nothing is open there.
    let home = carry(&stand, Side::Source, &found_later, 0);
    assert_eq!(home["reconciled"]["receipts"][0]["result"], "taken", "{}", home["reconciled"]);
    assert_eq!((stand.counts(), stand.route(Side::Source)["packages_unanswered"].as_u64()), ((3, 3), Some(0)));
    stand.expect_whole();
}
