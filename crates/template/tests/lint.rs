//! One template for each rule of the lint that trips it, and a like one that does not.

use template::lint::{Finding, Level, RULES, WARNINGS, lint, may_be_used};
use template::{Draft, Template};

/// A template for that purpose with these sections.
fn template(purpose: &str, sens_max: &str, rest: &str) -> String {
    let replica = if purpose == "backup" { "backup-local" } else { purpose };
    let head = format!(
        "[route]\nid = \"T\"\nname_zh = \"模板\"\nname_en = \"T\"\nsource = \"inside\"\nreplica = \"{replica}\"\npurpose = \"{purpose}\"\nsens_max = \"{sens_max}\"\nowner_role = \"archivist\"\n"
    );
    let verify = if rest.contains("[verify]") { "" } else { "[verify]\ndeadline = \"P1D\"\n" };
    format!("{head}{rest}\n{verify}")
}

fn select(kind: &str, projection: &str) -> String {
    format!("[[select]]\nkinds = [\"{kind}\"]\nwhere = \"true\"\n[project.{kind}]\n{projection}\n")
}

fn found(text: &str) -> Vec<Finding> {
    lint(&Draft::parse(text).unwrap_or_else(|faults| panic!("{text}\n{faults:#?}")), &[])
}

/// Ids and subjects.
fn names(findings: &[Finding]) -> Vec<(&str, &str)> {
    findings.iter().map(|finding| (finding.id, finding.subject.as_str())).collect()
}

/// An identity number of which eight digits are hidden.
const BIRTH: &str = "fields = [\"birth_date\"]\nmask = { birth_date = \"date_y\" }";
const COLLECTED: &str = "fields = [\"collected_id_no\"]\nmask = { collected_id_no = \"id6_4\" }";
const TELLTALE: &str = "fields = [\"id_no\"]\nmask = { id_no = \"id6_4\" }";

struct Case {
    id: &'static str,
    trips: String,
    subject: &'static str,
    right: String,
}

fn case(id: &'static str, trips: String, subject: &'static str, right: String) -> Case {
    Case { id, trips, subject, right }
}

fn cases() -> Vec<Case> {
    let to = |purpose: &str, kind: &str, projection: &str| template(purpose, "Personal", &select(kind, projection));
    let internal = |kind: &str, projection: &str| template("use", "Internal", &select(kind, projection));
    let member = |rest: &str| template("use", "Personal", &format!("{}{rest}", select("member", "fields = [\"name\"]")));
    let public = |rest: &str| template("public", "Personal", &format!("{}{rest}", select("deal", "public = [\"price\"]")));
    let identity = "[[select]]\nkinds = \"*\"\nwhere = \"true\"\n[project]\nmode = \"identity\"\n";
    let backup = |rest: &str| template("backup", "Secret", &format!("{identity}{rest}"));
    vec![
        case("L01", to("use", "parcel", "fields = [\"coords\"]"), "parcel.coords", to("use", "parcel", "fields = [\"name\"]")),
        case(
            "L01",
            to("use", "parcel", "fields = [\"geometry\"]\nmask = { geometry = \"none\" }"),
            "parcel.geometry",
            to("use", "parcel", "fields = [\"geometry\"]"),
        ),
        case("L01", template("use", "Secret", &select("member", "fields = [\"name\"]")), "route.sens_max", member("")),
        case(
            "L02",
            to("public", "deal", "fields = \"all@1\""),
            "deal",
            to("public", "share_scheme", "fields = \"all@1 - recorded_at - legal_basis - supersedes\""),
        ),
        case(
            "L03",
            to("public", "deal", "public = [\"winner\"]"),
            "deal.winner",
            to("public", "deal", "public = [\"winner\"]\nmask = { public = { winner = \"name1\" } }"),
        ),
        case("L03", to("public", "member", "fields = [\"gender\"]"), "member.gender", to("public", "ecertificate", "public = [\"cert_no\"]")),
        case(
            "L04",
            to("use", "household", "fields = [\"contractor_code\"]\nmask = { contractor_code = \"pseud\" }"),
            "household.contractor_code",
            to("use", "household", "fields = [\"head_rid\"]\nmask = { head_rid = \"name1\" }"),
        ),
        case("L05", to("use", "member", "fields = [\"name\"]\nmask = { birth_date = \"date_y\" }"), "member.birth_date", member("")),
        case("L06", template("use", "Personal", "[[select]]\nkinds = [\"member\"]\nwhere = \"true\"\n[project]\n"), "member", member("")),
        case(
            "L07",
            to("use", "member", "fields = [\"birth_date\"]"),
            "member.birth_date",
            to("use", "member", "fields = [\"birth_date\"]\nmask = { birth_date = \"date_y\" }"),
        ),
        case(
            "L07",
            member("[documents]\ninclude = [\"evidence\"]\n"),
            "documents.evidence",
            member("[documents]\ninclude = [\"photos\", \"evidence:redacted\"]\n"),
        ),
        case("L08", to("use", "contracted_parcel", "fields = \"all\""), "contracted_parcel", to("use", "contracted_parcel", "fields = \"all@1\"")),
        case("L09", member("[verify]\nreceipt = \"full\"\n"), "verify.deadline", member("")),
        case("L10", public("[media]\nreuse = true\n"), "media.reuse", public("[media]\nreuse = true\nwipe_after_confirm = true\n")),
        case(
            "L11",
            backup("[package]\nencrypt = { to = [\"key:backup\"] }\n"),
            "package.encrypt",
            backup("[package]\nencrypt = { to = [\"key:escrow-offline\"] }\n"),
        ),
        case(
            "L11",
            backup("[package]\nencrypt = { mode = \"seal\" }\n"),
            "package.encrypt",
            backup("[package]\nencrypt = { mode = \"seal\", note = \"封签\" }\n"),
        ),
        case(
            "L13",
            to("use", "member", "fields = [\"id_no\", \"birth_date\"]\nmask = { id_no = \"id6_4\", birth_date = \"date_y\" }"),
            "member.id_no",
            to("use", "member", "fields = [\"id_no\", \"birth_date\"]\nmask = { id_no = \"id1_1\", birth_date = \"date_y\" }"),
        ),
        case(
            "L13",
            template("use", "Personal", &(select("member", TELLTALE) + &select("membership_event", "fields = [\"event_date\", \"member_rid\"]"))),
            "member.id_no",
            template("use", "Personal", &(select("member", TELLTALE) + &select("membership_event", "fields = [\"event_date\"]"))),
        ),
        case(
            "L13",
            template("use", "Personal", &(select("member", BIRTH) + &select("land_right_cert", COLLECTED))),
            "land_right_cert.collected_id_no",
            template("use", "Personal", &select("land_right_cert", COLLECTED)),
        ),
        case("L13", to("use", "ecertificate", "fields = [\"cert_no\", \"rows\"]"), "ecertificate.rows", to("use", "ecertificate", "fields = [\"cert_no\"]")),
        case(
            "L14",
            to("use", "parcel", "fields = [\"geometry\"]\nmask = { geometry = \"geo_round4\" }"),
            "parcel.geometry",
            to("use", "parcel", "fields = [\"geometry\"]"),
        ),
        case(
            "L15",
            to("public", "member", "fields = [\"id_no\"]\nmask = { id_no = \"id1_1\" }"),
            "member.id_no",
            to("public", "share_scheme", "public = [\"as_of\"]"),
        ),
        case("L16", member("[package]\ndigest = [\"sha256\"]\n"), "package.digest", member("[package]\ndigest = [\"blake3\", \"sha256\"]\n")),
        case("L16", member("[package]\ndigest = [\"blake3\", \"md5\"]\n"), "package.digest md5", member("[package]\ndigest = [\"blake3\", \"sm3\"]\n")),
        case("L16", member("[package]\nencrypt = { suite = \"gm-1\" }\n"), "package.encrypt.suite", member("[package]\nencrypt = { suite = \"intl-1\" }\n")),
        case("L17", member("").replace("purpose", "approvers = 1\npurpose"), "route.approvers", member("").replace("purpose", "approvers = 2\npurpose")),
        case(
            "L17",
            backup("").replace("purpose", "approvers = 1\npurpose").replace("backup-local", "far"),
            "route.approvers",
            backup("").replace("purpose", "approvers = 1\npurpose"),
        ),
        case("L18", template("use", "Personal", identity), "project.mode", backup("")),
        case("L19", internal("member", "fields = [\"name\"]"), "member.name", internal("member", "fields = [\"name\"]\nmask = { name = \"name1\" }")),
        case("L19", internal("asset_change", "fields = [\"fields_after\"]"), "asset_change.fields_after", internal("asset_change", "fields = [\"reason\"]")),
        case("L19", template("backup", "Personal", identity), "route.sens_max", backup("")),
        case(
            "L21",
            member("[[waive]]\nid = \"L14\"\nsubject = \"parcel.geometry\"\nby = \"x\"\nreason = \"y\"\n"),
            "L14 parcel.geometry",
            to("use", "parcel", "fields = [\"geometry\"]\nmask = { geometry = \"geo_round4\" }")
                + "[[waive]]\nid = \"L14\"\nsubject = \"parcel.geometry\"\nby = \"x\"\nreason = \"y\"\n",
        ),
    ]
}

#[test]
fn each_rule_is_tripped_and_not_by_its_neighbour() {
    for Case { id, trips, subject, right } in cases() {
        let findings = found(&trips);
        assert!(names(&findings).contains(&(id, subject)), "{id} is not tripped: {findings:?}\n{trips}");
        assert!(!may_be_used(&findings), "{id}");
        let level = if WARNINGS.contains(&id) { Level::Warning } else { Level::Error };
        assert!(findings.iter().filter(|finding| finding.id == id).all(|finding| finding.level == level), "{id}");
        let line = findings.iter().find(|finding| (finding.id, finding.subject.as_str()) == (id, subject)).map(|finding| finding.line);
        assert!(line.is_some_and(|line| line <= trips.lines().count()), "{id}");
        let findings = found(&right);
        assert!(!names(&findings).contains(&(id, subject)), "{id} is tripped by what is right: {findings:?}\n{right}");
    }
}

#[test]
fn every_rule_has_a_case() {
    let tried: Vec<&str> = cases().iter().map(|case| case.id).chain(["L12", "L20"]).collect();
    let untried: Vec<&str> = RULES.into_iter().filter(|id| !tried.contains(id)).collect();
    assert_eq!(untried, Vec::<&str>::new());
}

/// L12: what one route masks another must not show to the same reader.
#[test]
fn two_routes_to_one_recipient_mask_alike() {
    let text = |id: &str, mask: &str| {
        template("use", "Personal", &select("member", &format!("fields = [\"id_no\"]\nmask = {{ id_no = \"{mask}\" }}")))
            .replace("\"T\"\nname_zh", &format!("\"{id}\"\nname_zh"))
    };
    let drafts = [("A", "id6_4"), ("B", "pseud"), ("C", "id6_4"), ("D", "drop")].map(|(id, mask)| Draft::parse(&text(id, mask)).expect(id));
    let others: Vec<&Draft> = drafts.iter().collect();
    let findings = lint(&drafts[0], &others);
    assert_eq!(names(&findings), [("L12", "member.id_no B")]);
    // That two have one name changes nothing.
    let same = Draft::parse(&text("A", "pseud")).expect("A");
    assert_eq!(names(&lint(&drafts[0], &[&same])), [("L12", "member.id_no A")]);
    let apart = Draft::parse(&text("B", "pseud").replace("replica = \"use\"", "replica = \"elsewhere\"")).expect("another replica");
    assert_eq!(lint(&drafts[0], &[&apart]), []);
    let named = |text: String| Draft::parse(&format!("{text}[package]\nencrypt = {{ to = [\"key:one\"] }}\n")).expect("keys");
    let (left, right) = (named(text("A", "id6_4")), named(text("B", "pseud").replace("replica = \"use\"", "replica = \"elsewhere\"")));
    assert_eq!(names(&lint(&left, &[&right])), [("L12", "member.id_no B")], "the same key");
}

/// L12: what travels whole shows every field as it is.
#[test]
fn a_route_that_carries_everything_shows_what_another_masks() {
    let everything =
        Draft::parse(&template("backup", "Secret", "[[select]]\nkinds = \"*\"\nwhere = \"true\"\n[project]\nmode = \"identity\"\n")).expect("identity");
    let masked = template("use", "Personal", &select("member", BIRTH)).replace("replica = \"use\"", "replica = \"backup-local\"");
    let masked = Draft::parse(&masked).expect("a mask");
    assert!(names(&lint(&masked, &[&everything])).iter().any(|(id, subject)| *id == "L12" && subject.starts_with("member.birth_date ")));
    assert!(names(&lint(&everything, &[&masked])).iter().any(|(id, subject)| *id == "L12" && subject.starts_with("member.birth_date ")));
    let open = template("use", "Personal", &select("member", "fields = [\"gender\"]")).replace("replica = \"use\"", "replica = \"backup-local\"");
    assert!(!names(&lint(&Draft::parse(&open).expect("no mask"), &[&everything])).iter().any(|(id, _)| *id == "L12"));
}

/// L21: nobody keeps a waiver in stock for what is not found yet.
#[test]
fn a_waiver_of_nothing_is_not_waived() {
    let waive = |id: &str, subject: &str| format!("[[waive]]\nid = \"{id}\"\nsubject = \"{subject}\"\nby = \"x\"\nreason = \"y\"\n");
    let text = template("use", "Personal", &select("member", "fields = [\"gender\"]")) + &waive("L14", "parcel.nothing") + &waive("L21", "L14 parcel.nothing");
    let findings = found(&text);
    assert_eq!(names(&findings), [("L21", "L14 parcel.nothing"), ("L21", "L21 L14 parcel.nothing")]);
    assert!(!may_be_used(&findings));
}

/// L20: what is not known is a fault of the form, with its line and key.
#[test]
fn what_is_not_known_is_told_with_line_and_key() {
    let right = template("use", "Personal", &select("member", "fields = [\"name\"]\nmask = { name = \"name1\" }"));
    assert!(Template::parse(&right).is_ok());
    let cases = [
        ("owner_role", "intake = true\nowner_role", "TPL-03", 9, "route.intake"),
        ("[verify]", "[inward]\n[verify]", "TPL-03", 17, "inward"),
        ("fields =", "field =", "TPL-03", 14, "project.member.field"),
        ("\"member\"", "\"members\"", "TPL-07", 11, "select[1].kinds"),
        ("[project.member]", "[project.members]", "TPL-07", 13, "project.members"),
        ("[\"name\"]", "[\"nam\"]", "TPL-08", 14, "project.member.fields"),
        ("{ name =", "{ nam =", "TPL-08", 15, "project.member.mask.nam"),
        ("\"name1\"", "\"name2\"", "TPL-09", 15, "project.member.mask.name"),
        ("\"name1\"", "\"date_y\"", "TPL-09", 15, "project.member.mask.name"),
        ("[verify]", "[documents]\ninclude = [\"scan\", \"minutes\"]\n[verify]", "TPL-10", 18, "documents.include"),
        ("[verify]", "[documents]\ninclude = [\"scan:Title\"]\n[verify]", "TPL-10", 18, "documents.include"),
        ("\"true\"", "\"nam = 'x'\"", "TPL-08", 12, "select[1].where"),
        ("\"P1D\"", "\"P1M\"", "TPL-06", 18, "verify.deadline"),
        ("[verify]", "[package]\npackage_max = \"63KiB\"\n[verify]", "TPL-06", 18, "package.package_max"),
        ("\"P1D\"", "1", "TPL-04", 18, "verify.deadline"),
        ("purpose = \"use\"\n", "", "TPL-05", 1, "route.purpose"),
        ("purpose = \"use\"", "purpose = \"ues\"", "TPL-06", 7, "route.purpose"),
        ("[\"name\"]", "\"all@2\"", "TPL-06", 14, "project.member.fields"),
        ("[\"name\"]", "[\"name\", \"name\"]", "TPL-14", 14, "project.member.fields"),
        ("[\"name\"]", "[\"name\", \"documents\"]", "TPL-14", 14, "project.member.fields"),
        ("\"archivist\"", "\"e\u{301}\"", "TPL-15", 9, "route.owner_role"),
        ("[[select]]", "[select]", "TPL-04", 10, "select"),
        ("where = \"true\"", "where = \"true\"\nclosure = \"referenced\"", "TPL-14", 10, "select[1].closure"),
    ];
    for (from, to, code, line, key) in cases {
        let faults = Template::parse(&right.replacen(from, to, 1)).expect_err(to);
        let told: Vec<(&str, usize, &str)> = faults.iter().map(|fault| (fault.code(), fault.line, fault.key.as_str())).collect();
        assert!(told.contains(&(code, line, key)), "{to}: {told:?}");
    }
    let faults = Template::parse("a = [").expect_err("no TOML");
    assert_eq!((faults[0].code(), faults[0].line), ("TPL-01", 1));
    let large = format!("#{}", "x".repeat(template::TEMPLATE_BYTES_MAX));
    assert_eq!(Template::parse(&large).expect_err("too large")[0].code(), "TPL-02");
}
