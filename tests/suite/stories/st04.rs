//! ST04, damaged disc: of five packages on five discs the third cannot be read. The others apply; the receipt shows it missing; what it held
//! goes again, nothing else does.

use super::{medium, packages, record, text};
use crate::stand::{Random, Setting, Side, Stand};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;

#[test]
fn st04_one_disc_of_five_is_damaged() {
    let mut random = Random::new("st04");
    let stand = Stand::with(Setting { records: true, ..Setting::default() });
    stand.without_breaker();
    for number in 0..40 {
        let long: String = random.bytes(3000).iter().map(|byte| format!("{byte:02x}")).collect();
        stand.write(format!("card-{number:02}/record.json"), record(&number.to_string(), &[("title", &long)]));
    }
    let sequences = || {
        let told = stand.expect(Side::Source, &["items"], 0);
        let one = |item: &Value| (item["item"].as_str().expect("an id").to_owned(), item["packed_sequence"].as_u64().expect("a number"));
        told["items"].as_array().expect("items").iter().map(one).collect::<BTreeMap<_, _>>()
    };
    // Five discs, each with the package that has room on it.
    let discs: Vec<_> = (1..=5).map(|number| medium(&stand, &format!("disc-{number}"))).collect();
    for disc in &discs {
        let chosen: Vec<String> = sequences().into_iter().filter(|(_, sequence)| *sequence == 0).take(8).map(|(name, _)| name).collect();
        let mut arguments = vec!["pack", "--to", text(disc)];
        chosen.iter().for_each(|name| arguments.extend(["--item", name.as_str()]));
        if chosen.is_empty() {
            // Before the first capture nothing has a name yet.
            arguments.extend(["--item", "card-0[0-7]/*"]);
        }
        stand.expect(Side::Source, &arguments, 0);
    }
    let packed = sequences();
    assert_eq!((1..=5).map(|sequence| packed.values().filter(|packed| **packed == sequence).count()).collect::<Vec<_>>(), [8; 5], "{packed:?}");
    // The third one has sectors that nobody can read any more.
    for package in packages(&discs[2]) {
        let mut bytes = fs::read(&package).expect("readable");
        let middle = bytes.len() / 2;
        bytes[middle..middle + 2048].fill(0);
        fs::write(&package, bytes).expect("written");
    }
    for (place, disc) in discs.iter().enumerate() {
        let ran = stand.run(Side::Replica, &["carry", text(disc)]);
        let refused = ran.codes().iter().any(|code| code.starts_with("ENV-"));
        assert_eq!((ran.exit, refused), (Some(if place == 2 { 3 } else { 0 }), place == 2), "{ran:#?}");
        // What is refused is named as it lies on the disc: that one is to be destroyed.
        let name = packages(disc)[0].file_name().expect("a name").to_string_lossy().into_owned();
        let subjects = ran.object["applied"]["problems"].as_array().expect("problems").iter().filter_map(|problem| problem["subject"].as_str());
        assert_eq!(subjects.filter(|subject| subject.contains(&name)).count(), usize::from(place == 2), "{ran:#?}");
        let there = (0..40).filter(|number| stand.replica.join(format!("card-{number:02}/record.json")).is_file()).count();
        assert_eq!(there, 8 * if place < 2 { place + 1 } else { place }, "the others apply");
    }
    // The receipt that comes with the last disc answers the four, and shows the third one missing.
    let home = stand.expect(Side::Source, &["reconcile", "--from", text(&discs[4])], 0);
    let newest = home["receipts"].as_array().and_then(|receipts| receipts.last()).expect("a receipt");
    assert_eq!((newest["missing"].as_u64(), stand.counts()), (Some(1), (40, 32)), "{home}");
    // What it held is cut again, and nothing else.
    let next = medium(&stand, "disc-6");
    let again = stand.expect(Side::Source, &["carry", text(&next)], 0);
    assert_eq!(again["packed"]["packages"][0]["items"], 8, "{}", again["packed"]["packages"]);
    let now = sequences();
    let moved: Vec<&String> = now.iter().filter(|(name, sequence)| packed[*name] != **sequence).map(|(name, _)| name).collect();
    assert!(moved.len() == 8 && moved.iter().all(|name| packed[*name] == 3), "{moved:?}");
    stand.expect(Side::Replica, &["carry", text(&next)], 0);
    stand.expect(Side::Source, &["carry", text(&next)], 0);
    assert_eq!(stand.counts(), (40, 40));
}
