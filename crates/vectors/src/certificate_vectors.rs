//! Certificates and their codes, good and bad (spec/certificate.md).

use crate::fixture::{Collection, Contents, Fixture};
use crate::primitive::{derive, hex, noise_array};
use crate::zone::{Cast, Zone};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::Signer;
use serde_json::{Map, Value, json};

/// The day that fixtures are asked for.
const DAY: &str = "2026-11-21";
/// Values that are committed to under a mask too: name and masked value.
const MASKED: [(&str, &str); 5] = [
    ("/rows/household/0/phone|phone3_4", "138****0001"),
    ("/rows/member/0/birth_date|date_y", "1980"),
    ("/rows/member/0/name|name1", "欧阳**"),
    ("/rows/member/1/birth_date|date_y", "1955"),
    ("/rows/member/1/name|name1", "李*"),
];
/// What is always opened.
const ALWAYS: [&str; 6] = ["/cert_token", "/kind", "/rid", "/state", "/valid_to", "/version"];

/// RFC 8785 of a value without floats, whose keys are ASCII.
pub(crate) fn canonical(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(&String, &Value)> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            let entries: Vec<String> = entries.into_iter().map(|(key, value)| format!("{}:{}", Value::from(key.as_str()), canonical(value))).collect();
            format!("{{{}}}", entries.join(","))
        }
        Value::Array(values) => format!("[{}]", values.iter().map(canonical).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

pub(crate) fn commitment(salt: &[u8; 32], name: &str, value: &str) -> [u8; 32] {
    derive("gapferry v1 certificate field", &[salt, &(name.len() as u64).to_le_bytes(), name.as_bytes(), value.as_bytes()])
}

pub(crate) fn root(mut commitments: Vec<[u8; 32]>) -> [u8; 32] {
    commitments.sort_unstable();
    derive("gapferry v1 certificate fields", &[&commitments.concat()])
}

pub(crate) fn message(zone: &[u8; 32], generation: u32, root: &[u8; 32], token: &str) -> [u8; 32] {
    derive("gapferry v1 certificate", &[zone, &generation.to_le_bytes(), root, token.as_bytes()])
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The record of the fixtures, as kept inside, without a proof.
fn record() -> Value {
    json!({
        "cert_kind": "land", "cert_no": "苏〔2026〕农权 000017", "cert_token": "K7Q2M9XWPZ4RT6HBVC3DN5GJYF",
        "documents": [
            { "digest": { "alg": "blake3", "hex": "17".repeat(32) }, "document_id": "d1", "file_name": "权证.ofd", "format_id": "fmt/1", "media_type": "application/ofd",
              "redaction": "none", "role": "original", "sens": "Personal", "seq": 1, "size": 41_216 },
            { "digest": { "alg": "blake3", "hex": "18".repeat(32) }, "document_id": "d2", "file_name": "权证(遮盖).pdf", "format_id": "fmt/2", "media_type": "application/pdf",
              "redaction": "redacted_copy_of(d1)", "role": "original", "sens": "Public", "seq": 2, "size": 20_000 },
        ],
        "file": "d1", "issued_on": "2026-03-01", "issuer": "某县农业农村局", "kind": "ecertificate",
        "org_rid": "organisation-01900000-0000-7000-8000-000000000001", "recorded_at": "2026-03-01T09:30:00+08:00", "recorded_by": "op-7",
        "region": "320412103012", "rid": "ecertificate-01900000-0000-7000-8000-000000000017",
        "rows": {
            "household": [{ "phone": "13800000001", "rid": "household-01900000-0000-7000-8000-000000000005", "size": 2 }],
            "member": [
                { "birth_date": "1980-01-01", "gender": "1", "name": "欧阳某某", "rid": "member-01900000-0000-7000-8000-000000000003" },
                { "birth_date": "1955-12-31", "gender": "2", "name": "李某", "rid": "member-01900000-0000-7000-8000-000000000004" },
            ],
        },
        "sens": "Personal", "sig_alg": "SM2", "signature": "AAECAw==", "signer_cert": "AAECAw==",
        "source_rids": [{ "rid": "land_contract-01900000-0000-7000-8000-000000000009", "version": 3 }],
        "state": "effective", "subject": "household-01900000-0000-7000-8000-000000000005",
        "template_ref": "cert_template-01900000-0000-7000-8000-000000000002", "valid_from": "2026-03-01", "version": 1,
    })
}

/// One commitment.
struct Committed {
    name: String,
    salt: [u8; 32],
    commitment: [u8; 32],
}

/// A record that was signed.
struct Signed {
    record: Value,
    secret: [u8; 32],
    all: Vec<Committed>,
    root: [u8; 32],
    message: [u8; 32],
    signature: [u8; 64],
    zone: [u8; 32],
    generation: u32,
}

/// Names and values that a record has.
fn values(value: &Value, name: &str, into: &mut Vec<(String, String)>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, below)| values(below, &format!("{name}/{key}"), into)),
        Value::Array(list) => list.iter().enumerate().for_each(|(place, below)| values(below, &format!("{name}/{place}"), into)),
        _ => into.push((name.to_owned(), canonical(value))),
    }
}

impl Signed {
    fn new(label: &str, record: Value, zone: &Zone) -> Self {
        let secret = noise_array(&format!("certificate/{label}/secret"));
        let mut named = Vec::new();
        values(&record, "", &mut named);
        named.extend(MASKED.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value).to_string())));
        if record.get("valid_to").is_none() {
            named.push(("/valid_to".to_owned(), "null".to_owned()));
        }
        let all: Vec<Committed> = named
            .into_iter()
            .map(|(name, value)| {
                let salt = derive("gapferry v1 certificate salt", &[&secret, name.as_bytes()]);
                Committed { commitment: commitment(&salt, &name, &value), name, salt }
            })
            .collect();
        let root = root(all.iter().map(|one| one.commitment).collect());
        let token = record["cert_token"].as_str().unwrap_or_default().to_owned();
        let message = message(&zone.id(), zone.generation, &root, &token);
        let signature = zone.sign.sign(&message).to_bytes();
        Self { record, secret, all, root, message, signature, zone: zone.id(), generation: zone.generation }
    }

    fn inside(&self) -> Value {
        let mut record = self.record.clone();
        record["proof"] = json!({
            "alg": "gapferry-certificate-1", "generation": self.generation, "root": encode(&self.root), "secret": encode(&self.secret),
            "signature": encode(&self.signature), "zone": hex(&self.zone),
        });
        record
    }

    /// What is shown, with the names of what is opened.
    fn shown(&self, mut shown: Value, opened: &[&str]) -> Value {
        let is_opened = |one: &&Committed| opened.contains(&one.name.as_str());
        assert_eq!(self.all.iter().filter(is_opened).count(), opened.len(), "each name is committed to");
        let salts: Map<String, Value> = self.all.iter().filter(is_opened).map(|one| (one.name.clone(), encode(&one.salt).into())).collect();
        let mut withheld: Vec<[u8; 32]> = self.all.iter().filter(|one| !is_opened(one)).map(|one| one.commitment).collect();
        withheld.sort_unstable();
        let withheld: Vec<String> = withheld.iter().map(|one| encode(one)).collect();
        shown["proof"] = json!({
            "alg": "gapferry-certificate-1", "generation": self.generation, "opened": salts, "signature": encode(&self.signature),
            "withheld": withheld, "zone": hex(&self.zone),
        });
        shown
    }

    fn code(&self) -> String {
        let token = self.record["cert_token"].as_str().unwrap_or_default();
        format!("https://cert.example/v/{token}#1.{}.{}.{}", self.generation, encode(&self.root), encode(&self.signature))
    }

    fn holds(&self, inside: Option<&Self>, opened: &[&str]) -> Value {
        let names: Vec<&str> = if inside.is_some() { self.all.iter().map(|one| one.name.as_str()).collect() } else { opened.to_vec() };
        let mut names: Vec<String> = names.into_iter().map(str::to_owned).collect();
        names.sort();
        json!({
            "zone": hex(&self.zone), "generation": self.generation, "root": hex(&self.root), "message": hex(&self.message),
            "proven": names, "withheld": if inside.is_some() { 0 } else { self.all.len() - opened.len() },
        })
    }
}

/// Fields of the record by name.
fn picked(record: &Value, names: &[&str]) -> Value {
    Value::Object(names.iter().map(|name| ((*name).to_owned(), record[*name].clone())).collect())
}

/// The names that show a record of these fields, which are no objects and lists.
fn plain(names: &[&str]) -> Vec<String> {
    let named = names.iter().map(|name| format!("/{name}"));
    let mut all: Vec<String> = named.chain(ALWAYS.iter().map(|name| (*name).to_owned())).collect();
    all.sort();
    all.dedup();
    all
}

const ON_THE_WEB: [&str; 9] = ["cert_kind", "cert_no", "cert_token", "issuer", "kind", "rid", "state", "subject", "version"];

/// Collects the fixtures.
pub(crate) fn collect(cast: &Cast, to: &mut Collection) {
    let signed = Signed::new("first", record(), &cast.inside);
    let mut keeping = Keeping { to };
    let web = good(&signed, cast, &mut keeping);
    bad_certificates(&signed, &web, cast, &mut keeping);
    bad_codes(&signed, cast, &mut keeping);
}

/// Good ones; gives what the web sees.
fn good(signed: &Signed, cast: &Cast, keeping: &mut Keeping<'_>) -> Value {
    let holds = signed.holds(Some(signed), &[]);
    keeping.good("inside", "the whole record, as it is kept inside", &signed.inside(), &holds);
    let names = plain(&ON_THE_WEB);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let web = signed.shown(picked(&signed.record, &ON_THE_WEB), &names);
    keeping.good("web", "a few values; all else is withheld", &web, &signed.holds(None, &names));

    let mut outside = picked(&signed.record, &["cert_no", "cert_token", "kind", "rid", "rows", "state", "version"]);
    let rows = &mut outside["rows"];
    rows["household"][0]["phone"] = json!("138****0001");
    (rows["member"][0]["name"], rows["member"][0]["birth_date"]) = (json!("欧阳**"), json!("1980"));
    rows["member"][1] = picked(&rows["member"][1], &["name", "rid"]);
    let opened = [
        "/cert_no",
        "/cert_token",
        "/kind",
        "/rid",
        "/rows/household/0/phone|phone3_4",
        "/rows/household/0/rid",
        "/rows/household/0/size",
        "/rows/member/0/birth_date|date_y",
        "/rows/member/0/gender",
        "/rows/member/0/name|name1",
        "/rows/member/0/rid",
        "/rows/member/1/name",
        "/rows/member/1/rid",
        "/state",
        "/valid_to",
        "/version",
    ];
    keeping.good("outside", "rows, some of their values under masks, some withheld", &signed.shown(outside.clone(), &opened), &signed.holds(None, &opened));

    let mut second = picked(&outside, &["cert_token", "kind", "rid", "rows", "state", "version"]);
    let rows = second["rows"].as_object_mut().expect("rows are an object");
    rows.remove("household");
    rows.insert("member".into(), json!([{ "name": "李*", "rid": "member-01900000-0000-7000-8000-000000000004" }]));
    second["documents"] = json!([{ "document_id": "d2", "media_type": "application/pdf", "seq": 2 }]);
    (second["batch_seq"], second["source_as_of"]) = (json!(77), json!("2026-11-21T09:30:00+08:00"));
    let opened = [
        "/cert_token",
        "/documents/1/document_id",
        "/documents/1/media_type",
        "/documents/1/seq",
        "/kind",
        "/rid",
        "/rows/member/1/name|name1",
        "/rows/member/1/rid",
        "/state",
        "/valid_to",
        "/version",
    ];
    let shown = signed.shown(second, &opened);
    keeping.good(
        "elements_left_out",
        "the second elements of two lists, which stand first; what the route set is not proven",
        &shown,
        &signed.holds(None, &opened),
    );

    let mut ending = record();
    ending["valid_to"] = json!("2026-11-21");
    let ending = Signed::new("ending", ending, &cast.inside_2);
    let fields: Vec<&str> = ON_THE_WEB.iter().copied().chain(["valid_to"]).collect();
    let shown = ending.shown(picked(&ending.record, &fields), &names);
    keeping.good("ends_today", "in force until the day that is asked for, signed by the second generation", &shown, &ending.holds(None, &names));
    keeping.good_code("code", "the code on paper", &signed.code(), &signed.holds(None, &names));
    web
}

fn bad_certificates(signed: &Signed, web: &Value, cast: &Cast, keeping: &mut Keeping<'_>) {
    let altered = |change: &dyn Fn(&mut Value)| {
        let mut altered = web.clone();
        change(&mut altered);
        altered
    };
    let none = |_: &mut Value| ();
    let proof = |value: &mut Value, name: &str, with: Value| value["proof"][name] = with;
    let text = canonical(web);
    keeping.bad("CRT-01", "line_feed", "a line feed behind the record", &format!("{text}\n"), &Value::Null);
    keeping.bad("CRT-01", "space", "a space that the canonical form has not", &text.replacen(':', ": ", 1), &Value::Null);
    keeping.bad("CRT-01", "other_kind", "the record of another kind", &canonical(&altered(&|value| value["kind"] = json!("deal"))), &Value::Null);
    keeping.bad("CRT-01", "key_twice", "a key that stands twice", &text.replacen('{', "{\"cert_kind\":\"land\",", 1), &Value::Null);
    for (what, says, change) in [
        ("without_proof", "no proof", &(|value: &mut Value| drop(value.as_object_mut().map(|fields| fields.shift_remove("proof")))) as &dyn Fn(&mut Value)),
        ("without_algorithm", "no `alg`", &|value| drop(value["proof"].as_object_mut().map(|fields| fields.shift_remove("alg")))),
        ("one_more", "a member of the proof that is not known", &|value| proof(value, "note", json!(""))),
        ("withheld_descends", "commitments in the other order", &|value| value["proof"]["withheld"].as_array_mut().expect("a list").reverse()),
        ("withheld_twice", "a commitment that stands twice", &|value| {
            let first = value["proof"]["withheld"][0].clone();
            value["proof"]["withheld"].as_array_mut().expect("a list").insert(0, first);
        }),
        ("salt_padded", "base64 with padding", &|value| value["proof"]["opened"]["/kind"] = json!(format!("{}=", encode(&[1; 32])))),
        ("generation_0", "no generation", &|value| proof(value, "generation", json!(0))),
        ("zone_capitals", "a zone id in capitals", &|value| proof(value, "zone", json!(hex(&signed.zone).to_uppercase()))),
        ("place_with_zero", "a place in a list with a zero before it", &|value| value["proof"]["opened"]["/rows/member/01/name"] = json!(encode(&[1; 32]))),
    ] {
        keeping.bad("CRT-02", what, says, &canonical(&altered(change)), &Value::Null);
    }
    keeping.bad(
        "CRT-03",
        "version_2",
        "a proof of another kind",
        &canonical(&altered(&|value| proof(value, "alg", json!("gapferry-certificate-2")))),
        &Value::Null,
    );
    for (what, says, change) in [
        ("one_value_more", "a value is shown that nothing opens", &(|value: &mut Value| value["issued_on"] = json!("2026-03-01")) as &dyn Fn(&mut Value)),
        ("one_value_less", "a value is opened that is not shown", &|value| drop(value.as_object_mut().map(|fields| fields.shift_remove("issuer")))),
        ("state_left_out", "the state is not shown", &|value| {
            value.as_object_mut().map(|fields| fields.shift_remove("state"));
            value["proof"]["opened"].as_object_mut().map(|opened| opened.shift_remove("/state"));
        }),
        ("end_not_opened", "whether it ends is not opened", &|value| {
            drop(value["proof"]["opened"].as_object_mut().map(|opened| opened.shift_remove("/valid_to")))
        }),
        ("end_is_null", "an absent value is shown as null", &|value| value["valid_to"] = Value::Null),
    ] {
        keeping.bad("CRT-04", what, says, &canonical(&altered(change)), &Value::Null);
    }
    let mut inside = signed.inside();
    inside["issuer"] = json!("别处");
    keeping.bad("CRT-04", "inside_changed", "the record was changed after it was signed", &canonical(&inside), &Value::Null);
    let stranger = Signed::new("stranger", record(), &cast.stranger);
    keeping.bad("CRT-05", "stranger", "signed by a zone that is not trusted", &canonical(&stranger.inside()), &Value::Null);
    keeping.bad(
        "CRT-05",
        "generation_3",
        "a generation of keys that nobody knows",
        &canonical(&altered(&|value| proof(value, "generation", json!(3)))),
        &Value::Null,
    );
    for (what, says, change) in [
        ("value_changed", "another value", &(|value: &mut Value| value["issuer"] = json!("别处")) as &dyn Fn(&mut Value)),
        ("values_swapped", "two values in one another's place", &|value| {
            let issuer = value["issuer"].take();
            value["issuer"] = std::mem::replace(&mut value["cert_no"], issuer);
        }),
        ("value_withheld", "a value is gone, and no commitment stands for it", &|value| {
            value.as_object_mut().map(|fields| fields.shift_remove("issuer"));
            value["proof"]["opened"].as_object_mut().map(|opened| opened.shift_remove("/issuer"));
        }),
        ("commitment_gone", "a commitment is gone", &|value| drop(value["proof"]["withheld"].as_array_mut().map(Vec::pop))),
        ("other_signature", "the signature of another certificate", &|value| proof(value, "signature", json!(encode(&stranger.signature)))),
        ("other_generation", "another generation of the same zone", &|value| proof(value, "generation", json!(2))),
    ] {
        keeping.bad("CRT-06", what, says, &canonical(&altered(change)), &Value::Null);
    }
    keeping.bad(
        "CRT-07",
        "revoked",
        "the keys that signed it are revoked",
        &canonical(&altered(&none)),
        &json!({ "revoked": [{ "zone": "inside", "generation": 1 }] }),
    );
    let later = |label: &str, change: &dyn Fn(&mut Value), more: &[&str]| {
        let mut record = record();
        change(&mut record);
        let fields: Vec<&str> = ON_THE_WEB.iter().copied().chain(more.iter().copied()).collect();
        let opened: Vec<String> = plain(&fields);
        let opened: Vec<&str> = opened.iter().map(String::as_str).collect();
        let signed = Signed::new(label, record, &cast.inside);
        canonical(&signed.shown(picked(&signed.record, &fields), &opened))
    };
    let revoked = later("revoked", &|record| (record["state"], record["version"]) = (json!("revoked"), json!(2)), &[]);
    keeping.bad("CRT-08", "revoked", "a certificate that is revoked", &revoked, &Value::Null);
    let expired = later("expired", &|record| record["valid_to"] = json!("2026-11-20"), &["valid_to"]);
    keeping.bad("CRT-08", "expired", "it ended the day before", &expired, &Value::Null);
    let early = later("early", &|record| record["valid_from"] = json!("2026-11-22"), &["valid_from"]);
    keeping.bad("CRT-08", "not_yet", "it begins the day after", &early, &Value::Null);
    let newer = json!({ "newest": "certificate/bad/CRT-08_revoked.certificate" });
    keeping.bad("CRT-09", "overtaken", "a later version is known", &canonical(web), &newer);
}

fn bad_codes(signed: &Signed, cast: &Cast, keeping: &mut Keeping<'_>) {
    let code = signed.code();
    for (what, says, text) in [
        ("plain_http", "an address without https", code.replacen("https", "http", 1)),
        ("no_fragment", "no signature", code.split('#').next().unwrap_or_default().to_owned()),
        ("query", "an address with a query", code.replacen("/v/", "/v/?", 1)),
        ("short_token", "a token of 25 characters", code.replacen("K7Q2", "7Q2", 1)),
        ("version_2", "a code of another version", code.replacen("#1.", "#2.", 1)),
        ("generation_zero_first", "a generation with a zero before it", code.replacen("#1.1.", "#1.01.", 1)),
        ("one_part_more", "a part more", format!("{code}.A")),
        ("line_feed", "a line feed behind it", format!("{code}\n")),
        ("too_long", "more than 512 bytes", code.replacen("cert.example", &"a".repeat(400), 1)),
    ] {
        keeping.bad_code("CRT-10", what, says, &text, &Value::Null);
    }
    keeping.bad_code("CRT-06", "other_token", "the token of another certificate", &code.replacen("K7Q2", "K7Q3", 1), &Value::Null);
    let stranger = Signed::new("stranger", record(), &cast.stranger);
    keeping.bad_code("CRT-06", "stranger", "signed by a zone that is not trusted", &stranger.code(), &Value::Null);
    keeping.bad_code("CRT-05", "generation_3", "a generation of keys that nobody knows", &code.replacen("#1.1.", "#1.3.", 1), &Value::Null);
    keeping.bad_code("CRT-09", "overtaken", "a later version is known", &code, &json!({ "newest": "certificate/bad/CRT-08_revoked.certificate" }));
}

struct Keeping<'k> {
    to: &'k mut Collection,
}

impl Keeping<'_> {
    fn keep(&mut self, code: &'static str, what: &str, says: &str, text: &str, reading: &Value, expected: Option<&Value>) {
        let mut reading = reading.clone();
        (reading["trusted"], reading["day"]) = (json!(["inside", "inside-2"]), json!(DAY));
        let extension = if reading["kind"] == "code" { "code" } else { "certificate" };
        let bytes = Contents::File(text.as_bytes().to_vec());
        self.to.add(Fixture { page: "certificate", code, what: what.into(), extension, says: says.into(), reading, bytes }, expected);
    }

    fn good(&mut self, what: &str, says: &str, record: &Value, holds: &Value) {
        self.keep("00", what, says, &canonical(record), &json!({ "kind": "certificate" }), Some(holds));
    }

    fn good_code(&mut self, what: &str, says: &str, text: &str, holds: &Value) {
        let holds = json!({ "zone": holds["zone"], "generation": holds["generation"], "root": holds["root"], "message": holds["message"] });
        self.keep("00", what, says, text, &json!({ "kind": "code" }), Some(&holds));
    }

    fn bad(&mut self, code: &'static str, what: &str, says: &str, text: &str, more: &Value) {
        self.more(code, what, says, text, "certificate", more);
    }

    fn bad_code(&mut self, code: &'static str, what: &str, says: &str, text: &str, more: &Value) {
        self.more(code, &format!("code_{what}"), says, text, "code", more);
    }

    fn more(&mut self, code: &'static str, what: &str, says: &str, text: &str, kind: &str, more: &Value) {
        let mut reading = json!({ "kind": kind });
        for (name, value) in more.as_object().into_iter().flatten() {
            reading[name] = value.clone();
        }
        self.keep(code, what, says, text, &reading, None);
    }
}
