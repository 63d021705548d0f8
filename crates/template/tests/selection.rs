//! Which records travel: blocks, references and what follows from them.

mod stand;

use rights::kinds::{certificate, exchange};
use serde_json::{Value, json};
use stand::{Archive, record, sample};
use template::select::references;
use template::{Template, Verdict, Why};

/// An alert names a deal, the deal its lot, the lot its project.
struct Chain {
    alert: Value,
    deal: Value,
    lot: Value,
    project: Value,
}

fn chain() -> Chain {
    let mut alert = sample::record(&certificate::ALERT);
    let mut deal = sample::record(&exchange::DEAL);
    let mut lot = sample::record(&exchange::EXCHANGE_LOT);
    let mut project = sample::record(&exchange::EXCHANGE_PROJECT);
    for (value, rid) in [(&mut deal, sample::rid("deal", 9)), (&mut lot, sample::rid("exchange_lot", 9)), (&mut project, sample::rid("exchange_project", 9))] {
        value["rid"] = json!(rid);
    }
    alert["subjects"] = json!([deal["rid"]]);
    deal["lot_rid"] = lot["rid"].clone();
    lot["project_rid"] = project["rid"].clone();
    Chain { alert, deal, lot, project }
}

/// Alerts, and by `condition` what they name. `rest` is put behind the block.
fn template(condition: &str, rest: &str) -> Template {
    let projections: String = ["alert", "deal", "exchange_lot", "exchange_project"].map(|kind| format!("[project.{kind}]\nfields = [\"rid\"]\n")).concat();
    let text = format!(
        "[route]\nid = \"T\"\nname_zh = \"模板\"\nname_en = \"T\"\nsource = \"inside\"\nreplica = \"there\"\npurpose = \"use\"\nsens_max = \"Personal\"\nowner_role = \"archivist\"\n[verify]\ndeadline = \"P1D\"\n[[select]]\nkinds = [\"alert\"]\nwhere = \"severity = 'info'\"\n[[select]]\nkinds = [\"deal\", \"exchange_lot\", \"exchange_project\"]\nwhere = \"{condition}\"\n{rest}{projections}"
    );
    Template::parse(&text).unwrap_or_else(|faults| panic!("{text}\n{faults:#?}"))
}

/// Which of deal, lot and project travel.
fn went(template: &Template, chain: &Chain) -> String {
    let mut archive = Archive::of([&chain.alert, &chain.deal, &chain.lot, &chain.project].map(Clone::clone));
    archive.gather(template);
    let travels = |value: &Value| matches!(template.judge(&record(value.clone()), &archive), Verdict::Carried(_));
    [("deal", &chain.deal), ("lot", &chain.lot), ("project", &chain.project)]
        .into_iter()
        .filter(|(_, value)| travels(value))
        .map(|(name, _)| name)
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn closure_follows_references_step_by_step() {
    const CLOSURE: &str = "closure = \"referenced\"\n";
    assert_eq!(went(&template("referenced_by(alert)", ""), &chain()), "deal", "without closure one step");
    assert_eq!(went(&template("referenced_by(alert)", CLOSURE), &chain()), "deal lot project");
    // What does not fulfil the rest of the condition is not selected, and nothing is followed through it.
    assert_eq!(went(&template("kind != 'exchange_lot' and referenced_by(alert)", CLOSURE), &chain()), "deal");
    assert_eq!(went(&template("referenced_by(alert) and kind != 'exchange_project'", CLOSURE), &chain()), "deal lot");
    let mut severe = chain();
    severe.alert["severity"] = json!("high");
    assert_eq!(went(&template("referenced_by(alert)", CLOSURE), &severe), "", "an alert that does not travel names nothing");
    let mut secret = chain();
    secret.alert["sens"] = json!("Secret");
    assert_eq!(went(&template("referenced_by(alert)", CLOSURE), &secret), "", "nor one that is kept back");
    let mut hidden = chain();
    hidden.lot["sens"] = json!("Secret");
    assert_eq!(went(&template("referenced_by(alert)", CLOSURE), &hidden), "deal", "nothing is followed through what is kept back");
    let mut round = chain();
    round.project["supersedes"] = json!([]);
    round.lot["supersedes"] = json!([{ "rid": round.project["rid"], "version": 1 }]);
    round.lot["project_rid"] = json!(sample::rid("exchange_project", 1));
    assert_eq!(went(&template("referenced_by(alert)", CLOSURE), &round), "deal lot", "what a record took the place of is not named");
    let mut cycle = chain();
    cycle.deal["lot_rid"] = cycle.lot["rid"].clone();
    cycle.alert["subjects"] = json!([cycle.project["rid"], cycle.lot["rid"]]);
    assert_eq!(went(&template("referenced_by(alert)", CLOSURE), &cycle), "lot project");
}

/// What may be named by a record that nobody could read may travel, and nothing is named where it is not known whether it travels.
#[test]
fn what_could_not_be_read_may_name_anything_that_its_kind_can() {
    const CLOSURE: &str = "closure = \"referenced\"\n";
    let chain = chain();
    let says = |template: &Template, missing: Option<&str>| {
        let mut archive = Archive::of([&chain.deal, &chain.lot, &chain.project].map(Clone::clone));
        let mut gathering = template.gathering();
        archive.records.values().for_each(|record| gathering.take(record, &archive));
        gathering.miss(missing);
        archive.referenced = gathering.settle();
        template.may_travel(&record(chain.deal.clone()), &archive)
    };
    let plain = template("kind = 'deal' and referenced_by(alert)", "");
    assert_eq!([Some("alert"), Some("deal"), Some("member"), None].map(|kind| says(&plain, kind)), [true, false, false, true]);
    let closure = template("referenced_by(alert)", CLOSURE);
    assert_eq!([Some("alert"), Some("deal"), Some("member"), None].map(|kind| says(&closure, kind)), [true, true, false, true]);
    assert!(!says(&template("kind = 'exchange_lot' and referenced_by(alert)", ""), None), "the rest of the condition does not hold");
    // A deal that asks for a lot which cannot be read: without it, it would travel and name it.
    let asking = template("kind = 'exchange_lot' and referenced_by(deal)", "[[select]]\nkinds = [\"deal\"]\nwhere = \"lot.sens != 'Secret'\"\n");
    let mut archive = Archive::of([chain.deal.clone()]);
    let lot = record(chain.lot.clone());
    archive.gather(&asking);
    assert_eq!((archive.referenced.holds(1, lot.rid()), asking.may_travel(&lot, &archive)), (true, false), "what is absent is not Secret");
    archive.unreadable = Some(lot.rid().to_owned());
    archive.gather(&asking);
    assert_eq!((archive.referenced.holds(1, lot.rid()), asking.may_travel(&lot, &archive)), (false, true));
}

#[test]
fn references_are_those_of_the_tables() {
    let alert = record(chain().alert);
    assert!(references(&alert).contains(&sample::rid("deal", 9)));
    let certificate = record(sample::record(&certificate::ECERTIFICATE));
    let named = references(&certificate);
    // In objects too, but not in rows and not in `supersedes`.
    let fields = certificate.fields().to_map();
    for rid in [&fields["template_ref"], &fields["source_rids"][0]["rid"], &fields["org_rid"]] {
        assert!(rid.as_str().is_some_and(|rid| named.iter().any(|name| name == rid)), "{rid}");
    }
    assert!(!named.contains(&sample::rid("member", 3)));
}

#[test]
fn blocks_are_an_or_and_projections_narrow() {
    let text = "[route]\nid = \"T\"\nname_zh = \"模板\"\nname_en = \"T\"\nsource = \"inside\"\nreplica = \"there\"\npurpose = \"use\"\nsens_max = \"Personal\"\nowner_role = \"archivist\"\n[verify]\ndeadline = \"P1D\"\n[[select]]\nkinds = [\"deal\"]\nwhere = \"version = 1\"\n[[select]]\nkinds = [\"deal\"]\nwhere = \"version = 2\"\n[project.deal]\nfields = [\"price\"]\nwhere = \"price < 0\"\n";
    let template = Template::parse(text).expect("a template");
    let mut deal = chain().deal;
    let archive = Archive::default();
    for (version, price, why) in [(1, -1, None), (2, -1, None), (3, -1, Some(Why::NotSelected)), (1, 0, Some(Why::Narrowed))] {
        deal["version"] = json!(version);
        deal["price"] = json!(price);
        let out = match template.judge(&record(deal.clone()), &archive) {
            Verdict::Out(why) => Some(why),
            Verdict::Carried(_) => None,
        };
        assert_eq!(out, why, "{version} {price}");
    }
    assert_eq!(template.judge(&record(chain().lot), &archive), Verdict::Out(Why::Kind));
    deal["sens"] = json!("Secret");
    deal["version"] = json!(1);
    deal["price"] = json!(-1);
    assert_eq!(template.judge(&record(deal), &archive), Verdict::Out(Why::Secret));
}

#[test]
fn what_answers_depend_on_is_said() {
    let reach = |condition: &str| {
        let reach = template(condition, "").reach();
        (reach.day, reach.records)
    };
    assert_eq!(reach("true"), (false, false));
    assert_eq!(reach("valid_from <= today"), (true, false));
    assert_eq!(reach("org.level = 'village' or true"), (false, true));
    assert_eq!(reach("referenced_by(alert)"), (false, true));
    assert_eq!(reach("not (starts_with(region, replica.region))"), (false, false), "the region is the route's");
}
