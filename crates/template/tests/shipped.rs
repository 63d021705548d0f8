//! The templates that ship: each is carried out, and makes of a record what it is for.

mod stand;

use serde_json::{Value, json};
use stand::{Archive, record, sample, shipped};
use template::lint::{lint, may_be_used};
use template::{Carried, Draft, Template, Verdict, Why};

const NAMES: [&str; 5] = ["RT1", "RT2", "RT3", "RT4", "RT5"];

fn template(name: &str) -> Template {
    Template::parse(&shipped(name)).unwrap_or_else(|faults| panic!("{name}: {faults:#?}"))
}

fn carried(verdict: Verdict) -> (Value, Carried) {
    let Verdict::Carried(carried) = verdict else { panic!("it travels: {verdict:?}") };
    (serde_json::from_slice(&carried.record).expect("JSON"), carried)
}

#[test]
fn each_is_carried_out() {
    for name in NAMES {
        assert!(template(name).deadline_seconds() > 0, "{name}");
    }
}

/// The lint finds in them what is expected, and every warning is waived by name.
#[test]
fn each_passes_the_lint_with_the_warnings_that_are_expected() {
    let drafts = NAMES.map(|name| Draft::parse(&shipped(name)).expect(name));
    let expected: [&[(&str, &str)]; 5] = [
        &[("L13", "member.id_no"), ("L14", "asset_card.geometry"), ("L14", "parcel.geometry"), ("L14", "homestead_use.geometry")],
        &[],
        &[],
        &[],
        &[("L14", "asset_card.geometry"), ("L14", "parcel.geometry")],
    ];
    for (draft, expected) in drafts.iter().zip(expected) {
        let others: Vec<&Draft> = drafts.iter().collect();
        let findings = lint(draft, &others);
        let found: Vec<(&str, &str)> = findings.iter().map(|finding| (finding.id, finding.subject.as_str())).collect();
        assert_eq!(found, expected, "{}", draft.id());
        assert!(may_be_used(&findings), "{}", draft.id());
    }
}

/// What a line of a later feature says is refused with the name that stands behind it; in a section of such lines behind its head.
#[test]
fn each_line_of_a_later_feature_is_refused_by_its_name() {
    let mut seen = 0;
    for name in NAMES {
        let text = shipped(name);
        let lines: Vec<&str> = text.lines().collect();
        let mut head = None;
        for (place, line) in lines.iter().enumerate() {
            let Some(later) = line.strip_prefix("#~ ") else {
                head = None;
                continue;
            };
            let named = later.split_once(" # ").map(|(_, comment)| comment.trim().split([':', ';', ' ']).next().expect("a name"));
            if later.starts_with('[') {
                head = Some((later, named.expect("the feature of a section")));
                continue;
            }
            let feature = head.map(|(_, feature)| feature).or(named).expect("the feature of a line");
            let with = head.map_or(later.to_owned(), |(head, _)| format!("{head}\n{later}"));
            let with: Vec<String> = with.lines().map(str::to_owned).collect();
            let key = later.split(" = ").next().expect("a key");
            let others = |lines: &[&str]| lines.iter().filter(|line| !line.starts_with(&format!("{key} ="))).map(|line| (*line).to_owned()).collect::<Vec<_>>();
            let whole = [others(&lines[..place]), with, others(&lines[place + 1..])].concat().join("\n");
            let faults = Template::parse(&whole).expect_err(line);
            let refused: Vec<&str> = faults.iter().filter(|fault| fault.code() == "TPL-13").map(|fault| fault.subject.as_str()).collect();
            assert_eq!(refused, [feature], "{name}: {line}: {faults:?}");
            seen += 1;
        }
    }
    assert!(seen > 30, "{seen} lines of later features");
}

#[test]
fn rt1_shows_a_member_as_zone_o_may_see_it() {
    let mut member = sample::record(&rights::kinds::people::MEMBER);
    member["state"] = json!("confirmed");
    member["member_state"] = json!("confirmed");
    member["id_no"] = json!("320412198001010015");
    member["birth_date"] = json!("1980-01-01");
    member["name"] = json!("欧阳某某");
    let (shown, carried) = carried(template("RT1").judge(&record(member.clone()), &Archive::default()));
    assert_eq!(shown["id_no"], "320412********0015");
    assert_eq!(shown["birth_date"], "1980");
    assert_eq!(shown["name"], "欧阳某某");
    assert_eq!(shown["kind"], "member");
    assert!(shown.get("recorded_by").is_none() && shown.get("remark").is_none());
    assert!(carried.withheld.contains(&"remark") && carried.masked.contains(&"id_no"));

    member["sens"] = json!("Secret");
    assert_eq!(template("RT1").judge(&record(member.clone()), &Archive::default()), Verdict::Out(Why::NotSelected));
    member["sens"] = json!("Personal");
    member["state"] = json!("publicity");
    member["member_state"] = json!("publicity");
    assert_eq!(template("RT1").judge(&record(member), &Archive::default()), Verdict::Out(Why::NotSelected));
}

#[test]
fn rt3_carries_everything_as_it_is() {
    for kind in rights::kinds::ALL {
        let one = record(sample::record(kind));
        let (_, carried) = carried(template("RT3").judge(&one, &Archive::default()));
        assert_eq!(carried.record, one.canonical(), "{}", kind.name);
        assert_eq!(carried.documents.len(), 1);
    }
}

/// A certificate travels while its form is published: the path leads through `template_ref`.
#[test]
fn rt2_follows_the_reference_to_the_form() {
    let mut certificate = sample::record(&rights::kinds::certificate::ECERTIFICATE);
    certificate["state"] = json!("effective");
    let mut form = sample::record(&rights::kinds::certificate::CERT_TEMPLATE);
    form["rid"] = certificate["template_ref"].clone();
    for (state, travels) in [("published", true), ("retired", false)] {
        form["state"] = json!(state);
        let archive = Archive::of([form.clone()]);
        let verdict = template("RT2").judge(&record(certificate.clone()), &archive);
        assert_eq!(matches!(verdict, Verdict::Carried(_)), travels, "{state}: {verdict:?}");
    }
    assert_eq!(template("RT2").judge(&record(certificate), &Archive::default()), Verdict::Out(Why::NotSelected), "without its form");
    assert!(!template("RT1").gathers());
    assert!(template("RT2").reach().records && !template("RT2").reach().day && !template("RT1").reach().records);
}

/// What a submitted project points to travels with it, and nothing else of its kind.
#[test]
fn rt5_carries_what_a_submitted_project_points_to() {
    let mut project = sample::record(&rights::kinds::exchange::EXCHANGE_PROJECT);
    let mut card = sample::record(&rights::kinds::asset::ASSET_CARD);
    let mut other = card.clone();
    project["state"] = json!("submitted");
    project["democratic_process"] = json!("passed");
    card["rid"] = json!(sample::rid("asset_card", 2));
    other["rid"] = json!(sample::rid("asset_card", 3));
    project["source_rids"] = json!([card["rid"]]);
    let template = template("RT5");
    assert!(template.gathers());
    for (process, travels) in [("passed", true), ("pending", false)] {
        project["democratic_process"] = json!(process);
        let mut archive = Archive::of([project.clone(), card.clone(), other.clone()]);
        archive.gather(&template);
        let went: Vec<bool> = [&project, &card, &other].map(|value| matches!(template.judge(&record(value.clone()), &archive), Verdict::Carried(_))).into();
        assert_eq!(went, [travels, travels, false], "{process}");
    }
}

/// What is revoked or lost must not wait; what is as good as ever may, and what is of another kind, whatever its state.
#[test]
fn rt2_lets_no_revoked_certificate_wait() {
    let template = template("RT2");
    let mut certificate = sample::record(&rights::kinds::certificate::ECERTIFICATE);
    for (state, delay) in [("effective", None), ("replaced", None), ("revoked", Some(4 * 3600)), ("lost", Some(4 * 3600))] {
        certificate["state"] = json!(state);
        let record = record(certificate.clone());
        let told = (template.is_urgent(&record, &Archive::default()), template.delay_seconds(&record, &Archive::default()));
        assert_eq!(told, (delay.is_some(), delay), "{state}");
    }
    let any = Template::parse(&shipped("RT2").replace("kind = 'ecertificate' and state in ['revoked', 'lost']", "true")).expect("a template");
    let member = record(sample::record(&rights::kinds::people::MEMBER));
    assert!(any.is_urgent(&record(certificate), &Archive::default()) && !any.is_urgent(&member, &Archive::default()), "of what is selected");
    let asks = shipped("RT2").replace("kind = 'ecertificate' and state in ['revoked', 'lost']", "referenced_by(deal)");
    let faults = Template::parse(&asks).expect_err("nothing is gathered for it");
    assert_eq!(faults.iter().map(|fault| (fault.code(), fault.key.as_str())).collect::<Vec<_>>(), [("TPL-14", "schedule.urgent.where")]);
}

/// A submitted project may wait for eight hours, and goes in its turn; what the trigger does not hold for may wait for ever.
#[test]
fn rt5_says_how_long_a_submitted_project_may_wait() {
    let template = template("RT5");
    let mut project = sample::record(&rights::kinds::exchange::EXCHANGE_PROJECT);
    for (state, delay) in [("submitted", Some(8 * 3600)), ("draft", None)] {
        project["state"] = json!(state);
        let record = record(project.clone());
        assert_eq!(template.delay_seconds(&record, &Archive::default()), delay, "{state}");
        assert!(!template.is_urgent(&record, &Archive::default()));
    }
    assert!(template.bounds_waiting() && !template.has_urgent() && !template.schedule_looks_around());
    assert!(!Template::parse(&shipped("RT1")).expect("a template").bounds_waiting());
}

/// Cut, doubled and altered at places from a seed, no text makes the reader panic, and what it still takes can be asked.
#[test]
fn no_text_makes_the_reader_panic() {
    let mut state = 7_u64;
    let mut below = |count: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % count
    };
    let member = record(sample::record(&rights::kinds::people::MEMBER));
    let mut taken = 0;
    for round in 0..3_000 {
        let mut characters: Vec<char> = shipped(NAMES[below(5)]).chars().collect();
        for _ in 0..=below(3) {
            let (from, to) = (below(characters.len()), below(characters.len()));
            match below(4) {
                0 => characters[from] = ['\'', '"', '[', '.', '=', '\u{0}', '中', '\n', '-'][below(9)],
                1 => drop(characters.remove(from)),
                2 => characters.swap(from, to),
                _ => characters.insert(from, characters[to]),
            }
        }
        let text: String = characters.into_iter().collect();
        match Template::parse(&text) {
            Ok(template) => {
                taken += 1;
                drop(template.judge(&member, &Archive::default()));
            }
            Err(faults) => assert!(!faults.is_empty() && faults.iter().all(|fault| fault.line <= text.lines().count() + 1), "round {round}"),
        }
    }
    assert!(taken > 100, "{taken}");
}
