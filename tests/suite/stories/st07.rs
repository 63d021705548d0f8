//! ST07, a corrected number must vanish: replicated in four packages, corrected, purged by two people; nothing of it is left on the replica,
//! and the media that still hold it are listed. (Backups under legal hold and dates by which media are destroyed are not kept yet.)

use super::{carry, medium, record};
use crate::stand::{Setting, Side, Stand};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

const WRONG: &str = "320412198001010015";
const RIGHT: &str = "320412198001010023";
const PURGE: [&str; 7] = ["purge", "--all-routes", "--item", "villager-z/**", "--reason", "更正", "--yes"];

/// The same command by another user of the machine; none where this process cannot become one.
fn by_another_person(stand: &Stand) -> Option<Command> {
    let may = Command::new("chown").args(["-R", "65534"]).arg(stand.home(Side::Source)).status().is_ok_and(|status| status.success());
    if !may {
        println!("notice: only root can act as another person: the second one is left out");
        return None;
    }
    fs::set_permissions(&stand.root, fs::Permissions::from_mode(0o755)).expect("the folder is ours");
    let mut command = stand.command(Side::Source, &PURGE);
    command.uid(65534);
    Some(command)
}

#[test]
fn st07_a_corrected_number_vanishes() {
    let stand = Stand::with(Setting { records: true, ..Setting::default() });
    stand.without_breaker();
    for step in 1..=4 {
        stand.write("villager-z/record.json", record("z", &[("id_no", WRONG), ("title", &format!("state {step}"))]));
        stand.write(format!("other-{step}/record.json"), record(&step.to_string(), &[("title", "of somebody else")]));
        let disc = medium(&stand, &format!("disc-{step}"));
        [Side::Source, Side::Replica, Side::Source].into_iter().for_each(|side| drop(carry(&stand, side, &disc, 0)));
    }
    assert!(stand.holding(WRONG).len() >= 4, "it lies there, and three times in the history: {:?}", stand.holding(WRONG));
    // The clerk corrects it, and asks for the purge. One person is not enough.
    stand.write("villager-z/record.json", record("z", &[("id_no", RIGHT), ("title", "state 5")]));
    stand.expect(Side::Source, &["capture"], 0);
    let file = stand.home(Side::Source).join("gapferry.toml");
    let text = fs::read_to_string(&file).expect("a configuration");
    fs::write(&file, text.replace("\n[policy]\n", "\n[policy]\nrelease_people = 2\n")).expect("written");
    for _ in 0..2 {
        let alone = stand.run(Side::Source, &PURGE);
        assert_eq!((alone.exit, alone.codes()), (Some(5), vec!["ACT-01".to_owned()]), "{alone:#?}");
    }
    match by_another_person(&stand) {
        Some(mut second) => {
            let ran: crate::stand::Ran = second.output().expect("the binary can be run").into();
            assert_eq!(ran.exit, Some(0), "{ran:#?}");
        }
        None => {
            fs::write(&file, text).expect("written");
            stand.expect(Side::Source, &PURGE, 0);
        }
    }
    // The purge reaches the route with the next package; the receipt attests that nothing of it was found.
    let disc = medium(&stand, "disc-5");
    [Side::Source, Side::Replica, Side::Source].into_iter().for_each(|side| drop(carry(&stand, side, &disc, 0)));
    assert_eq!(stand.holding(WRONG), Vec::<PathBuf>::new(), "tree, history, home of the replica");
    assert_eq!(stand.holding(RIGHT), [stand.replica.join("villager-z/record.json")]);
    let told = stand.expect(Side::Source, &["purges", "villager-z/**"], 0);
    let route = &told["routes"][0];
    assert_eq!((&route["open"], &route["listed"][0]["state"]), (&json!(0), &json!("proven")), "{told}");
    // Still in the world: the discs of the four packages, named by their labels.
    let still = route["packages"].as_array().expect("packages");
    assert_eq!(still.len(), 4, "{told}");
    assert!(still.iter().all(|package| package["medium"].as_str().is_some_and(|medium| medium.len() == 32)), "{told}");
    stand.expect_whole();
}
