//! What leaves of a record, field by field; and what never does, over templates and records from a seed.

mod stand;

use rights::kind::{Kind, Sens, Show, Zone};
use rights::kinds::{asset, certificate, exchange, homestead, land, people};
use serde_json::{Value, json};
use stand::{Archive, record, sample};
use template::{Carried, Kept, Template, Verdict, Why};

fn template(purpose: &str, sens_max: &str, kind: &str, rest: &str) -> Template {
    let text = format!(
        "[route]\nid = \"T\"\nname_zh = \"模板\"\nname_en = \"T\"\nsource = \"inside\"\nreplica = \"there\"\npurpose = \"{purpose}\"\nsens_max = \"{sens_max}\"\nowner_role = \"archivist\"\n[[select]]\nkinds = [\"{kind}\"]\nwhere = \"true\"\n[project.{kind}]\n{rest}\n[verify]\ndeadline = \"P1D\"\n"
    );
    Template::parse(&text).unwrap_or_else(|faults| panic!("{text}\n{faults:#?}"))
}

fn carried(template: &Template, value: &Value) -> (Value, Carried) {
    match template.judge(&record(value.clone()), &Archive::default()) {
        Verdict::Carried(carried) => (serde_json::from_slice(&carried.record).expect("JSON"), carried),
        Verdict::Out(why) => panic!("it travels: {why:?}"),
    }
}

fn shown(purpose: &str, kind: &str, rest: &str, value: &Value) -> Value {
    carried(&template(purpose, "Personal", kind, rest), value).0
}

#[test]
fn only_what_is_listed_leaves_and_what_is_always_there() {
    let mut member = sample::record(&people::MEMBER);
    let seen = shown("use", "member", "fields = [\"name\", \"recorded_by\"]", &member);
    let keys: Vec<&String> = seen.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["kind", "name", "recorded_by", "rid", "txn", "version"]);
    assert_eq!(seen["recorded_by"], "archivist");
    assert_eq!(seen["txn"].as_object().expect("an object").keys().collect::<Vec<_>>(), ["business_code", "txn_id"], "never how many");
    member.as_object_mut().expect("an object").remove("txn");
    assert!(shown("use", "member", "fields = [\"name\"]", &member).get("txn").is_none());
    // In zone W nobody is told of transactions.
    let scheme = sample::record(&rights::kinds::share::SHARE_SCHEME);
    assert!(shown("public", "share_scheme", "public = [\"as_of\"]", &scheme).get("txn").is_none());
}

#[test]
fn geometry_leaves_under_a_mask_for_it_and_never_from_within() {
    let mut parcel = sample::record(&land::PARCEL);
    parcel["geometry"] = json!("POINT (120.00004 30)");
    assert!(shown("use", "parcel", "fields = [\"geometry\"]", &parcel).get("geometry").is_none());
    assert_eq!(shown("use", "parcel", "fields = [\"geometry\"]\nmask = { geometry = \"geo_round4\" }", &parcel)["geometry"], "POINT (120 30)");
    let in_full = "fields = [\"geometry\"]\nmask = { geometry = \"none\" }";
    assert!(shown("use", "parcel", in_full, &parcel).get("geometry").is_none(), "the column does not allow it");
    let backup = carried(&template("backup", "Secret", "parcel", "fields = [\"geometry\"]"), &parcel).0;
    assert_eq!(backup["geometry"], "POINT (120.00004 30)");
    let mut change = sample::record(&asset::ASSET_CHANGE);
    change["fields_after"] = json!({ "name": "水泵", "geometry": "POINT (120 30)", "holder": "张某某" });
    let seen = shown("use", "asset_change", "fields = [\"fields_after\", \"approvals\"]", &change);
    assert_eq!(seen["fields_after"], json!({ "name": "水泵", "holder": "张某某" }));
    assert!(seen["approvals"][0].get("person").is_none() && seen["approvals"][0].get("role").is_some());
    let internal = carried(&template("use", "Internal", "asset_change", "fields = [\"fields_after\"]"), &change).0;
    assert_eq!(internal["fields_after"], json!({ "name": "水泵" }), "beyond the class of the route");
    change["fields_after"] = json!({ "geometry": "POINT (120 30)" });
    assert!(shown("use", "asset_change", "fields = [\"fields_after\"]", &change).get("fields_after").is_none(), "no trace of what was left out");
}

#[test]
fn what_is_within_takes_the_mask_of_its_column_and_of_the_template() {
    let parcel = sample::record(&land::PARCEL);
    let names = shown("use", "parcel", "fields = [\"neighbour_names\"]\nmask = { neighbour_names = \"name1\" }", &parcel)["neighbour_names"].clone();
    assert_eq!(names, json!([{ "holder": "某***", "pointer": "某***" }]));
    assert!(shown("use", "parcel", "fields = [\"neighbour_names\"]", &parcel).get("neighbour_names").is_none());
    let mut home = sample::record(&homestead::HOMESTEAD_USE);
    home["users"] = json!([sample::rid("member", 1), sample::rid("member", 2)]);
    let seen = shown("use", "homestead_use", "fields = [\"users\"]\nmask = { users = \"name1\" }", &home);
    assert_eq!(seen["users"], home["users"], "the reference passes");
}

#[test]
fn drop_leaves_a_name_out_at_every_depth() {
    let mut change = sample::record(&asset::ASSET_CHANGE);
    change["fields_after"] = json!({ "name": "水泵", "holder": "张某某" });
    let seen = shown("use", "asset_change", "fields = [\"fields_after\"]\ndrop = [\"holder\"]", &change);
    assert_eq!(seen["fields_after"], json!({ "name": "水泵" }));
    let parcel = sample::record(&land::PARCEL);
    let rest = "fields = [\"neighbour_names\"]\nmask = { neighbour_names = \"name1\" }\ndrop = [\"holder\"]";
    assert_eq!(shown("use", "parcel", rest, &parcel)["neighbour_names"], json!([{ "pointer": "某***" }]), "under a mask as well");
}

/// Four documents: a scan, its redacted copy, a photo, and the proof of a resolution, which zone O does not see.
fn with_documents() -> Value {
    let mut event = sample::record(&people::MEMBERSHIP_EVENT);
    let one = event["documents"][0].clone();
    let documents: Vec<Value> = [("title-1", "scan"), ("title-1r", "scan"), ("p1", "photo"), ("e1", "annex")]
        .into_iter()
        .enumerate()
        .map(|(place, (id, role))| {
            let mut document = one.clone();
            document["document_id"] = json!(id);
            document["role"] = json!(role);
            document["seq"] = json!(place + 1);
            document["media_type"] = json!("image/jpeg");
            document["redaction"] = json!(if id == "title-1r" { "redacted_copy_of(title-1)" } else { "none" });
            document
        })
        .collect();
    event["documents"] = json!(documents);
    event["evidence"] = json!(["e1"]);
    event
}

#[test]
fn documents_leave_by_role_field_class_column_and_size() {
    let ids = |rest: &str, value: &Value| {
        let (seen, carried) =
            carried(&template("use", "Personal", "membership_event", &format!("fields = [\"event\", \"evidence\"]\n[documents]\n{rest}")), value);
        let listed: Vec<Value> = seen["documents"].as_array().into_iter().flatten().map(|document| document["document_id"].clone()).collect();
        let went: Vec<Value> = carried.documents.iter().map(|document| json!(document.id)).collect();
        assert_eq!(listed, went, "{rest}");
        let numbers: Vec<&Value> = seen["documents"].as_array().into_iter().flatten().map(|document| &document["seq"]).collect();
        assert_eq!(numbers, (1..=went.len()).map(|number| json!(number)).collect::<Vec<_>>().iter().collect::<Vec<_>>(), "{rest}");
        went.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect::<Vec<_>>().join(" ")
    };
    let event = with_documents();
    for (rest, went) in [
        ("include = []", ""),
        ("include = [\"scan\"]", "title-1 title-1r"),
        ("include = [\"scan:title\"]", "title-1 title-1r"),
        ("include = [\"scan:titl\"]", ""),
        ("include = [\"scan:title-1\"]", "title-1"),
        ("include = [\"scan:title-1r\"]", "title-1r"),
        ("include = [\"scan:redacted\"]", "title-1r"),
        ("include = [\"scan:jpg\", \"photo\"]", "title-1 title-1r p1"),
        ("include = [\"scan\"]\nexclude = [\"scan:redacted\"]", "title-1"),
        ("include = [\"annex\", \"evidence\"]", ""),
        ("include = [\"scan\"]\nmax_file = \"6B\"", ""),
        ("include = [\"scan\"]\nmax_file = \"7B\"", "title-1 title-1r"),
    ] {
        assert_eq!(ids(rest, &event), went, "{rest}");
    }
    let mut secret = event.clone();
    secret["documents"][0]["sens"] = json!("Secret");
    assert_eq!(ids("include = [\"scan\"]", &secret), "title-1r");
    let mut unknown = event.clone();
    unknown["documents"][0]["media_type"] = json!("image/tiff");
    assert_eq!(ids("include = [\"scan\"]\nstrip = [\"exif\"]", &unknown), "title-1r");
    assert_eq!(ids("include = [\"scan\"]", &unknown), "title-1 title-1r");
}

#[test]
fn what_is_told_of_a_document_is_told_of_what_travels() {
    let event = with_documents();
    let rest = "fields = [\"evidence\"]\n[documents]\ninclude = [\"scan:redacted\", \"photo\"]";
    let (plain, _) = carried(&template("use", "Personal", "membership_event", rest), &event);
    assert_eq!(plain["documents"][0]["redaction"], "redacted_copy", "it does not name what does not travel");
    assert_eq!(plain["documents"][0]["size"], 7);
    assert!(plain["documents"][0].get("ocr_text").is_none() && plain.get("evidence").is_none());
    let both = carried(&template("use", "Personal", "membership_event", "fields = [\"event\"]\n[documents]\ninclude = [\"scan\"]"), &event).0;
    assert_eq!(both["documents"][1]["redaction"], "redacted_copy_of(title-1)");
    let template = template("use", "Personal", "membership_event", &format!("{rest}\nstrip = [\"exif\"]"));
    let (stripped, went) = carried(&template, &event);
    for key in ["size", "digest", "other_digests"] {
        assert!(stripped["documents"][0].get(key).is_none(), "{key}");
    }
    assert!(went.documents.iter().all(|document| document.strip.is_some()));
    let failed = Archive { unstrippable: vec!["p1".to_owned()], ..Archive::default() };
    let Verdict::Carried(without) = template.judge(&record(event), &failed) else { panic!("it travels") };
    assert!(without.kept.contains(&("p1".to_owned(), Kept::CannotStrip)) && without.documents.len() == 1);
}

#[test]
fn the_exchange_gets_the_redacted_copy_of_a_resolution() {
    let mut project = sample::record(&exchange::EXCHANGE_PROJECT);
    let mut copy = project["documents"][0].clone();
    copy["document_id"] = json!("d1r");
    copy["seq"] = json!(2);
    copy["redaction"] = json!("redacted_copy_of(d1)");
    project["documents"].as_array_mut().expect("a list").push(copy);
    let seen = |include: &str| shown("exchange", "exchange_project", &format!("fields = [\"resolution\"]\n[documents]\ninclude = [\"{include}\"]"), &project);
    for include in ["resolution:redacted", "resolution", "original"] {
        let seen = seen(include);
        assert_eq!((&seen["resolution"], seen["documents"].as_array().map(Vec::len)), (&json!("d1r"), Some(1)), "{include}");
    }
    assert!(seen("photo").get("resolution").is_none());
    // A copy of another document is not the copy of this one.
    let mut other = project.clone();
    let mut third = other["documents"][0].clone();
    (third["document_id"], third["seq"]) = (json!("d3"), json!(3));
    other["documents"].as_array_mut().expect("a list").push(third);
    other["documents"][1]["redaction"] = json!("redacted_copy_of(d3)");
    let seen = shown("exchange", "exchange_project", "fields = [\"resolution\"]\n[documents]\ninclude = [\"original\"]", &other);
    let ids: Vec<&str> = seen["documents"].as_array().expect("a list").iter().filter_map(|document| document["document_id"].as_str()).collect();
    assert_eq!((seen.get("resolution"), ids), (None, vec!["d1r", "d3"]));
    let mut disposal = sample::record(&asset::ASSET_DISPOSAL);
    for (mode, leaves) in [("sale", true), ("scrap", false)] {
        disposal["mode"] = json!(mode);
        assert_eq!(shown("exchange", "asset_disposal", "fields = [\"apply_no\"]", &disposal).get("apply_no").is_some(), leaves, "{mode}");
    }
}

/// Signed by a toy: who signs is not looked at here.
#[test]
fn a_certificate_leaves_with_the_proof_of_what_is_shown() {
    let mut inside = sample::record(&certificate::ECERTIFICATE);
    let fields = inside.as_object_mut().expect("an object");
    for name in ["proof", "source_as_of", "batch_seq"] {
        fields.remove(name);
    }
    let signer = rights::certificate::Signer { zone: [7; 32], generation: 2 };
    let proof = rights::certificate::sign(fields, &signer, &[9; 32], |_| [1; 64]);
    fields.insert("proof".to_owned(), proof);
    let list = "\"cert_no\", \"cert_token\", \"state\", \"valid_to\", \"rows\", \"subject\", \"recorded_by\"";
    let rest = format!("fields = [{list}]\nmask = {{ subject = \"name1\" }}\n[documents]\ninclude = [\"original\"]");
    let (seen, carried) = carried(&template("use", "Personal", "ecertificate", &rest), &inside);
    let proven = rights::certificate::verify(&carried.record, &|_, _, _| Ok(())).expect("what is shown is proven");
    assert!(!proven.inside && proven.withheld > 0);
    assert!(seen.get("recorded_by").is_none() && seen["documents"].as_array().is_some_and(|list| list.len() == 1));
    assert!(!String::from_utf8(carried.record).expect("text").contains("secret"));
    let without = shown("use", "ecertificate", "fields = [\"cert_no\"]", &inside);
    assert!(without.get("proof").is_none(), "what must be shown is not: no proof");
}

/// A small generator of numbers, from a seed that a failure prints.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count
    }
}

/// FAULTS S07: every class on every route. Whatever is listed, nothing leaves as it is whose class is above the limit of the route, and no
/// record or document either.
#[test]
fn nothing_above_the_class_of_its_route_leaves() {
    let (mut left, mut kept) = (0, 0);
    for kind in rights::kinds::ALL {
        let original = sample::record(kind);
        let names: Vec<String> =
            kind.all_fields().filter(|field| !template::draft::FIXED.contains(&field.name)).map(|field| format!("\"{}\"", field.name)).collect();
        let rest = format!("fields = [{}]\n[documents]\ninclude = [\"original\"]", names.join(", "));
        for (purpose, limit) in ["use", "exchange", "public"].iter().flat_map(|purpose| Sens::ALL[..3].iter().map(move |limit| (purpose, *limit))) {
            let template = template(purpose, limit.name(), kind.name, &rest);
            let (seen, carried) = carried(&template, &original);
            for (name, value) in seen.as_object().expect("an object") {
                if template::draft::FIXED.contains(&name.as_str()) || ["rid", "kind", "version"].contains(&name.as_str()) || *value != original[name] {
                    continue;
                }
                let field = kind.field(name).expect("a field of the kind");
                assert!(field.sens.fits(limit), "{}.{name}, which is {}, leaves on a route up to {}", kind.name, field.sens.name(), limit.name());
                left += 1;
            }
            kept += carried.withheld.len();
            let class = |id: &str| {
                original["documents"].as_array().and_then(|all| all.iter().find(|one| one["document_id"] == id)?["sens"].as_str()).and_then(Sens::parse)
            };
            assert!(carried.documents.iter().all(|document| class(&document.id).is_some_and(|sens| sens.fits(limit))), "{}: a document", kind.name);
            let mut secret = original.clone();
            secret["sens"] = json!("Secret");
            assert_eq!(template.judge(&record(secret), &Archive::default()), Verdict::Out(Why::Secret));
        }
    }
    assert!(left > 500 && kept > 500, "{left} {kept}");
}

/// Whatever a template lists and however it masks, what leaves is no more than the columns show: each value is as `visible` has it, or as a
/// narrower mask makes it, or absent.
#[test]
fn no_template_shows_more_than_the_columns() {
    let zones = [("use", Zone::Outside), ("exchange", Zone::Exchange), ("public", Zone::Web)];
    let archive = Archive::default();
    let masking = rights::mask::Masking { route_key: Some(&archive.key), today: Some(archive.today) };
    let mut looked = 0;
    for seed in 0..600_u64 {
        let mut numbers = Numbers(seed);
        let kind: &'static Kind = rights::kinds::ALL[numbers.below(rights::kinds::ALL.len())];
        let (purpose, zone) = zones[numbers.below(3)];
        let fields: Vec<_> = kind.all_fields().filter(|field| !template::draft::FIXED.contains(&field.name)).collect();
        let chosen: Vec<_> = fields.iter().filter(|_| numbers.below(3) > 0).collect();
        if chosen.is_empty() {
            continue;
        }
        let masks: Vec<String> = chosen
            .iter()
            .filter(|field| !["rid", "kind", "version", "recorded_by"].contains(&field.name))
            .filter_map(|field| {
                let mask = rights::Mask::ALL[numbers.below(rights::Mask::ALL.len())];
                (mask.suits(field.kind) && mask != rights::Mask::Subject).then(|| format!("{} = \"{}\"", field.name, mask.name()))
            })
            .collect();
        let names: Vec<String> = chosen.iter().map(|field| format!("\"{}\"", field.name)).collect();
        let rest = format!("fields = [{}]\nmask = {{ {} }}\n[documents]\ninclude = [\"original\"]", names.join(", "), masks.join(", "));
        let one = sample::record(kind);
        let (seen, _) = carried(&template(purpose, "Personal", kind.name, &rest), &one);
        let most = rights::visible::visible(&record(one.clone()), zone, &masking).expect("masks").expect("not secret");
        for (name, value) in seen.as_object().expect("an object") {
            if ["documents", "proof", "recorded_by", "txn"].contains(&name.as_str()) {
                continue;
            }
            let field = kind.field(name).expect("a field of the kind");
            assert!(chosen.iter().any(|field| field.name == name) || ["rid", "kind", "version"].contains(&name.as_str()), "seed {seed}: {name} is not listed");
            let hidden = matches!(field.shown(zone), Show::Absent | Show::Subject(_) | Show::Summed);
            assert!(!hidden && most.contains_key(name), "seed {seed}: {}.{name} is not shown in {zone:?}", kind.name);
            assert!(no_more(value, &most[name], &one[name]), "seed {seed}: {}.{name} is {value}, at most {}", kind.name, most[name]);
            looked += 1;
        }
    }
    assert!(looked > 3_000, "{looked}");
}

/// Whether a value shows no more than another: equal, or an object or list of such, or a text that differs from both the original and what
/// may be seen of it only where a mask took something away.
fn no_more(value: &Value, most: &Value, original: &Value) -> bool {
    match (value, most) {
        (Value::Object(value), Value::Object(most)) => value.iter().all(|(key, value)| most.get(key).is_some_and(|most| no_more(value, most, &original[key]))),
        (Value::Array(value), Value::Array(most)) => {
            value.len() <= most.len() && value.iter().zip(most).enumerate().all(|(place, (value, most))| no_more(value, most, &original[place]))
        }
        // Either as the column shows it, or masked further: never the original where the column masks.
        _ => value == most || value != original,
    }
}
