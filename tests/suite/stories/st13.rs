//! ST13, a villager scans a certificate: what the code holds is enough to find it and to prove it; a code that nobody issued finds nothing;
//! after it is revoked the same code says so. (The page, its speed and who may ask how often are for the page.)

use crate::certificates::{change, county, record, text};
use crate::stand::Side;
use serde_json::json;

#[test]
fn st13_a_certificate_is_scanned() {
    let (stand, _scratch, records) = county("8", true);
    stand.without_breaker();
    stand.expect(Side::Source, &["certificate", "sign"], 0);
    stand.round();
    let path = records.iter().find(|path| record(&stand.archive.join(path))["state"] == "effective").expect("one is in force");
    let paper = stand.expect(Side::Replica, &["certificate", "qr", path, "--url", "https://cert.example"], 0)["text"].as_str().expect("a code").to_owned();
    let scan = |code: &str| stand.run(Side::Replica, &["certificate", "verify", "--text", code]);
    let shown = scan(&paper);
    let one = &shown.object["certificates"][0];
    assert_eq!(
        (shown.exit, &one["proven"], &one["state"], &one["signer"]["zone"]),
        (Some(0), &json!(true), &json!("effective"), &json!("inside")),
        "{shown:#?}"
    );
    // Whoever makes a code up finds nothing, however close it is.
    for place in [paper.len() - 1, paper.len() - 9] {
        let mut invented = paper.clone().into_bytes();
        invented[place] = if invented[place] == b'A' { b'B' } else { b'A' };
        let refused = scan(&String::from_utf8(invented).expect("ASCII"));
        assert_eq!(refused.exit, Some(3), "{refused:#?}");
        assert!(refused.object["certificates"][0]["proven"] != json!(true), "{refused:#?}");
    }
    // It is revoked inside; with the next crossing the same paper says so.
    let inside = stand.archive.join(path);
    change(&inside, &[("state", "revoked"), ("revoked_on", "2026-11-20"), ("revoke_reason", "right_ended")]);
    stand.expect(Side::Source, &["certificate", "sign", path], 0);
    assert_eq!(scan(&paper).exit, Some(0), "nobody outside can know yet");
    stand.round();
    let revoked = scan(&paper);
    assert_eq!((revoked.exit, &revoked.object["certificates"][0]["state"]), (Some(3), &json!("revoked")), "{revoked:#?}");
    assert!(revoked.codes().contains(&"CRT-08".to_owned()));
    let page = stand.expect(Side::Replica, &["items", path], 0);
    assert!(text(&stand.replica.join(path)).ends_with("record.json") && page["items"][0]["state"] == "done");
}
