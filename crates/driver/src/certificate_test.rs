//! Certificates with real keys and files: signed inside, carried, proven on the replica and with nothing but a card, printed and
//! read again by somebody else's reader.

use super::*;
use crate::report::CertificateCodeReport;
use crate::status::scene::Scene;
use rights::Record;
use rights::certificate::{Fields, Signer, disclose, sign};
use rights::json;
use rights::kind::Zone;
use rights::mask::Masking;
use rights::visible::visible;
use seal::keys::SecretKeys;
use serde_json::{Map, json};
use std::fs;
use wire::card::Role;

/// A number from a seed, which is printed.
struct Seed(u64);

impl Seed {
    fn fresh() -> Self {
        let seed = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos() as u64;
        println!("seed {seed}");
        Self(seed)
    }
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }
}

fn rid(kind: &str, number: usize) -> String {
    format!("{kind}-01900000-0000-7000-8000-{number:012x}")
}

/// A certificate that nobody has signed.
fn certificate(number: usize, seed: &mut Seed) -> Fields {
    let names = ["张某某", "李某", "欧阳某某", "王某", "赵某某"];
    let member = |place: usize, seed: &mut Seed| {
        json!({ "rid": rid("member", 1000 + 8 * number + place), "name": names[seed.next(names.len())], "gender": "1",
                "birth_date": format!("19{:02}-0{}-1{}", 40 + seed.next(60), 1 + seed.next(9), seed.next(10)) })
    };
    let members: Vec<Value> = (0..1 + seed.next(4)).map(|place| member(place, seed)).collect();
    let record = json!({
        "cert_kind": "share", "cert_no": format!("苏农股〔2026〕{number:06}"), "cert_token": format!("{number:013}{:013}", seed.next(1 << 30)),
        "documents": [{ "digest": { "alg": "blake3", "hex": format!("{number:064x}") }, "document_id": "d1", "file_name": "权证.ofd", "format_id": "ofd",
                        "media_type": "application/ofd", "redaction": "none", "role": "original", "sens": "Personal", "seq": 1, "size": 1 + seed.next(400_000) }],
        "file": "d1", "issued_on": "2026-03-01", "issuer": "某县农业农村局", "kind": "ecertificate", "org_rid": rid("organisation", 1),
        "recorded_at": "2026-03-01T09:30:00+08:00", "recorded_by": "op-7", "region": "320412103012", "rid": rid("ecertificate", number),
        "rows": { "member": members, "share_holding": [{ "rid": rid("share_holding", 9), "shares": format!("{}.5", seed.next(90)) }] },
        "sens": "Personal", "sig_alg": "SM2", "signature": "AAECAw==", "signer_cert": "AAECAw==", "source_rids": [{ "rid": rid("share_holding", 9), "version": 3 }],
        "state": "effective", "subject": rid("household", number), "template_ref": rid("cert_template", 1), "valid_from": "2026-03-01", "version": 1,
    });
    let Value::Object(fields) = record else { unreachable!() };
    fields
}

fn bytes(fields: &Fields) -> Vec<u8> {
    json::canonical(&Value::Object(fields.clone()))
}

fn shown(inside: &Fields, zone: Zone) -> Fields {
    let record = Record::of(Value::Object(inside.clone())).unwrap_or_else(|faults| panic!("{faults:?}"));
    let masking = Masking { route_key: Some(&[3; 32]), today: Date::parse("2026-11-21") };
    let mut shown = visible(&record, zone, &masking).unwrap().unwrap();
    shown.remove(MEMBER);
    let proof = disclose(inside, &shown).unwrap();
    shown.insert(MEMBER.into(), proof);
    shown
}

/// Every value of a record, by its pointer.
fn paths(value: &Value, path: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(key, below)| paths(below, &format!("{path}/{}", key.replace('/', "~1")), into)),
        Value::Array(list) => list.iter().enumerate().for_each(|(place, below)| paths(below, &format!("{path}/{place}"), into)),
        _ => into.push(path.to_owned()),
    }
}

#[test]
fn a_thousand_certificates_are_proven_and_nothing_altered_is() {
    let mut seed = Seed::fresh();
    let keys = SecretKeys { sign: [5; 32], seal: [6; 32] };
    let card = keys.card("inside", Role::Source);
    let signer = Signer { zone: card.id().0, generation: 1 };
    let cards = [card];
    let trusted = Trusted { cards: &cards, home: None };
    let check = |by: &Signer, message: &[u8; 32], signature: &[u8; 64]| trusted.check(by, message, signature);
    let (mut altered_count, mut swapped_count) = (0, 0);
    for number in 0..1000 {
        let mut inside = certificate(number, &mut seed);
        let secret: [u8; 32] = std::array::from_fn(|_| seed.next(256) as u8);
        let proof = sign(&inside, &signer, &secret, |message| keys.signature(message));
        inside.insert(MEMBER.into(), proof);
        let zone = [Zone::Outside, Zone::Web][number % 2];
        let part = shown(&inside, zone);
        let good = bytes(&part);
        let proven = certificate::verify(&good, &check).unwrap_or_else(|refused| panic!("certificate {number}: {refused}"));
        assert!(proven.withheld > 0 && proven.proven.len() > 15 && proven.rid() == rid("ecertificate", number));
        // Of every five hundredth all bytes, of the others some.
        let places: Vec<usize> = if number % 500 < 2 { (0..good.len()).collect() } else { (0..8).map(|_| seed.next(good.len())).collect() };
        for place in places {
            let mut altered = good.clone();
            altered[place] ^= 1 + seed.next(255) as u8;
            assert!(certificate::verify(&altered, &check).is_err(), "certificate {number}: byte {place} of {}", String::from_utf8_lossy(&good));
            altered_count += 1;
        }
        let value = Value::Object(part);
        let mut all = Vec::new();
        paths(&value, "", &mut all);
        for _ in 0..if number % 500 < 2 { 2000 } else { 8 } {
            let (one, other) = (&all[seed.next(all.len())], &all[seed.next(all.len())]);
            let mut altered = value.clone();
            let (left, right) = (value.pointer(one).unwrap(), value.pointer(other).unwrap());
            if left == right {
                continue;
            }
            (*altered.pointer_mut(one).unwrap(), *altered.pointer_mut(other).unwrap()) = (right.clone(), left.clone());
            assert!(certificate::verify(&json::canonical(&altered), &check).is_err(), "certificate {number}: {one} and {other}");
            swapped_count += 1;
        }
    }
    println!("{altered_count} altered bytes, {swapped_count} swaps");
    assert!(altered_count > 20_000 && swapped_count > 12_000);
}

/// A scene with certificates in its archive, none of them signed.
struct Certificates {
    scene: Scene,
    seed: Seed,
}

impl Certificates {
    fn new(count: usize) -> Self {
        let mut certificates = Self { scene: Scene::new(), seed: Seed::fresh() };
        for number in 0..count {
            let fields = certificate(number, &mut certificates.seed);
            // As a business system writes it: not canonical.
            certificates.scene.write(Self::item(number), serde_json::to_vec_pretty(&Value::Object(fields)).unwrap());
        }
        certificates
    }

    fn item(number: usize) -> String {
        format!("ecertificate/320412103012/{}/record.json", rid("ecertificate", number))
    }

    fn file(&self, number: usize) -> PathBuf {
        self.scene.path("archive").join(Self::item(number))
    }

    fn on_replica(&self, number: usize) -> PathBuf {
        self.scene.path("replica").join(Self::item(number))
    }

    fn fields(&self, number: usize) -> Fields {
        serde_json::from_slice(&fs::read(self.file(number)).unwrap()).unwrap()
    }

    /// A later version, as the business system writes it.
    fn change(&self, number: usize, change: impl FnOnce(&mut Map<String, Value>)) {
        let mut fields = self.fields(number);
        fields.remove(MEMBER);
        let version = certificate::version(&fields);
        fields.insert("version".into(), json!(version + 1));
        change(&mut fields);
        fs::write(self.file(number), bytes(&fields)).unwrap();
    }

    fn sign(&self, change: impl FnOnce(&mut CertificateSignOptions)) -> (u64, u64, u64) {
        let mut options = CertificateSignOptions::default();
        change(&mut options);
        let report = certificate_sign(&self.scene.world, &self.scene.source(), &options).unwrap();
        (report.signed, report.right, report.refused)
    }

    fn verify(&self, home: Option<PathBuf>, options: &CertificateVerifyOptions) -> CertificatesReport {
        certificate_verify(&self.scene.world, home.as_deref(), options).unwrap()
    }

    /// The codes of the problems that one file has at the replica's home.
    fn codes(&self, file: &Path) -> Vec<&'static str> {
        let report = self.verify(Some(self.scene.replica()), &CertificateVerifyOptions { files: vec![file.into()], ..Default::default() });
        report.problems.iter().map(|problem| problem.code).collect()
    }

    fn code(&self, home: PathBuf, certificate: &str, change: impl FnOnce(&mut CertificateCodeOptions)) -> Result<CertificateCodeReport, Failure> {
        let mut options = CertificateCodeOptions { certificate: certificate.into(), url: "https://cert.example".into(), ..Default::default() };
        change(&mut options);
        certificate_code(&self.scene.world, Some(&home), &options)
    }
}

fn of_code(text: &str) -> CertificateVerifyOptions {
    CertificateVerifyOptions { codes: vec![text.into()], ..Default::default() }
}

#[test]
fn what_lacks_a_right_proof_is_signed_once() {
    let certificates = Certificates::new(3);
    certificates.scene.write("notes/other.json", r#"{"kind":"note","about":"ecertificate"}"#);
    certificates.scene.write("notes/ecertificate.txt", "no record");
    let before = fs::read(certificates.file(0)).unwrap();
    assert_eq!(certificates.sign(|options| options.dry_run = true), (3, 0, 0));
    assert_eq!(fs::read(certificates.file(0)).unwrap(), before, "a dry run writes nothing");
    let mistyped = CertificateSignOptions { pattern: Some("ecertificates/**".into()), ..CertificateSignOptions::default() };
    assert_eq!(crate::certificate_sign(&certificates.scene.world, &certificates.scene.source(), &mistyped).unwrap_err().0.code, "USE-01");
    assert_eq!(certificates.sign(|options| options.pattern = Some(Certificates::item(1))), (1, 0, 0));
    assert_eq!(certificates.sign(|_| ()), (2, 1, 0));
    let signed = fs::read(certificates.file(0)).unwrap();
    assert_eq!(certificates.sign(|_| ()), (0, 3, 0));
    assert_eq!(fs::read(certificates.file(0)).unwrap(), signed, "what is right stays as it is");
    assert!(fs::read_dir(certificates.file(0).parent().unwrap()).unwrap().count() == 1, "nothing is left beside it");
    let mut fields = certificates.fields(0);
    let proof = fields.remove(MEMBER).unwrap();
    let original: Fields = serde_json::from_slice(&before).unwrap();
    assert_eq!(fields, original, "nothing but the proof is new");
    certificates.change(0, |_| ());
    let mut stale = certificates.fields(0);
    stale.insert(MEMBER.into(), proof.clone());
    fs::write(certificates.file(0), bytes(&stale)).unwrap();
    assert_eq!(certificates.sign(|_| ()), (1, 2, 0), "a proof of another content");
    assert_ne!(certificates.fields(0)[MEMBER]["secret"], proof["secret"], "each signing has a secret of its own");
    certificates.change(1, |fields| drop(fields.insert("cert_token".into(), json!("123"))));
    certificates.change(2, |fields| drop(fields.remove("issuer")));
    assert_eq!(certificates.sign(|_| ()), (0, 1, 2));
    let refused = certificate_sign(&certificates.scene.world, &certificates.scene.source(), &CertificateSignOptions::default()).unwrap().problems;
    let mut codes: Vec<&str> = refused.iter().map(|problem| problem.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["REC-10", "REC-18"]);
    let failure = certificate_sign(&certificates.scene.world, &certificates.scene.replica(), &CertificateSignOptions::default()).unwrap_err();
    assert_eq!(failure.0.code, "USE-01", "a replica signs nothing");
}

/// The archive says which files are records: a copy of a certificate among the documents of another record is a document.
#[test]
fn what_the_archive_takes_for_records_is_signed_and_found() {
    let certificates = Certificates::new(2);
    let (scene, copy) = (&certificates.scene, fs::read(certificates.file(0)).unwrap());
    let beside = Certificates::item(1).replace("record.json", "copy.json");
    scene.write(&beside, &copy);
    scene.write("cards/1.card", &copy);
    assert_eq!(certificates.sign(|_| ()), (2, 0, 0), "a folder with a record holds no other");
    let unchanged = |path: &str| fs::read(scene.path("archive").join(path)).unwrap() == copy;
    assert!(unchanged(&beside) && unchanged("cards/1.card"));
    let file = scene.source().join("gapferry.toml");
    let text = fs::read_to_string(&file).unwrap();
    let root = text.lines().find(|line| line.starts_with("root = ")).unwrap();
    fs::write(&file, text.replace(root, &format!("{root}\nlayout = \"records\"\nrecords = \"cards/*.card\""))).unwrap();
    assert_eq!(certificates.sign(|_| ()), (1, 0, 0));
    assert!(unchanged(&beside) && !unchanged("cards/1.card"));
    fs::remove_dir_all(scene.path("archive/ecertificate")).unwrap();
    let report = certificates.verify(Some(scene.source()), &CertificateVerifyOptions { files: vec![scene.path("archive/cards/1.card")], ..Default::default() });
    assert!(report.problems.is_empty() && report.certificates[0].proven, "{report:?}");
}

#[test]
fn a_record_that_somebody_touches_meanwhile_is_left_alone() {
    let certificates = Certificates::new(1);
    let file = certificates.file(0);
    let world = certificates.scene.world_at(crate::progress::Stage::Sign, move || fs::write(&file, "{\"kind\":\"ecertificate\"}").unwrap());
    let report = certificate_sign(&world, &certificates.scene.source(), &CertificateSignOptions::default()).unwrap();
    assert_eq!((report.signed, report.problems.len()), (0, 1));
    assert_eq!(fs::read(certificates.file(0)).unwrap(), b"{\"kind\":\"ecertificate\"}");
}

#[test]
fn a_card_is_enough_and_a_strangers_is_not() {
    let certificates = Certificates::new(1);
    certificates.sign(|_| ());
    let part = certificates.scene.path("part.json");
    fs::write(&part, bytes(&shown(&certificates.fields(0), Zone::Web))).unwrap();
    let with = |card: &str| CertificateVerifyOptions { files: vec![part.clone()], cards: vec![certificates.scene.path(card)], ..Default::default() };
    let report = certificates.verify(None, &with("inside.card"));
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    let one = &report.certificates[0];
    assert!(one.proven && one.withheld > 0 && one.state.as_deref() == Some("effective"));
    assert_eq!(one.known, None, "a card knows of no copies");
    assert_eq!(one.signer.as_ref().map(|signer| (signer.zone.as_str(), signer.generation)), Some(("inside", 1)));
    assert_eq!(one.values["/issuer"], "某县农业农村局");
    assert!(one.not_shown.contains(&"rows".to_owned()) && !one.values.keys().any(|name| name.contains("rows")));
    let refused = certificates.verify(None, &with("outside.card"));
    assert_eq!((refused.problems[0].code, refused.certificates[0].proven), ("CRT-05", false));
    let failure = certificate_verify(&certificates.scene.world, None, &CertificateVerifyOptions { files: vec![part], ..Default::default() }).unwrap_err();
    assert_eq!(failure.0.code, "HOM-02");
}

#[test]
fn a_later_revoke_wins_over_every_copy() {
    let certificates = Certificates::new(3);
    certificates.sign(|_| ());
    certificates.scene.round();
    assert_eq!(certificates.codes(&certificates.on_replica(0)), [""; 0]);
    let text = certificates.code(certificates.scene.replica(), &Certificates::item(0), |_| ()).unwrap().text;
    let old = certificates.scene.path("old.json");
    fs::copy(certificates.on_replica(0), &old).unwrap();
    assert_eq!(certificates.codes(&old), [""; 0]);
    certificates.change(0, |fields| {
        fields.insert("state".into(), json!("revoked"));
        fields.insert("revoked_on".into(), json!("2026-11-20"));
        fields.insert("revoke_reason".into(), json!("right_ended"));
    });
    certificates.sign(|_| ());
    certificates.scene.round();
    assert_eq!(certificates.codes(&certificates.on_replica(0)), ["CRT-08"], "it is true that it is revoked");
    assert_eq!(certificates.codes(&old), ["CRT-09", "CRT-08"], "a copy of before");
    let report = certificates.verify(Some(certificates.scene.replica()), &of_code(&text));
    assert_eq!(report.problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["CRT-09", "CRT-08"], "the paper of before");
    assert_eq!(report.certificates[0].newest.as_ref().map(|newest| (newest.version, newest.state.as_str())), Some((2, "revoked")));
    let nowhere = certificates.verify(None, &CertificateVerifyOptions { cards: vec![certificates.scene.path("inside.card")], ..of_code(&text) });
    assert!(nowhere.problems.is_empty() && nowhere.certificates[0].proven && nowhere.certificates[0].state.is_none(), "the card alone knows no state");
    // An altered copy of a higher version hides no true one.
    let (kept, mut hiding) = (fs::read(certificates.on_replica(2)).unwrap(), certificates.fields(0));
    hiding.insert("version".into(), json!(999));
    hiding.insert("state".into(), json!("effective"));
    fs::write(certificates.on_replica(2), bytes(&hiding)).unwrap();
    let report = certificates.verify(Some(certificates.scene.replica()), &of_code(&text));
    assert_eq!(report.problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["CRT-09", "CRT-08"], "the paper of before");
    fs::write(certificates.on_replica(2), kept).unwrap();
    // A version that nobody proved and no package brought counts for nothing.
    let mut forged = certificates.fields(1);
    forged.insert("version".into(), json!(9));
    forged.insert("state".into(), json!("lost"));
    let copy = certificates.scene.path("copy.json");
    fs::copy(certificates.on_replica(1), &copy).unwrap();
    fs::write(certificates.on_replica(1), bytes(&forged)).unwrap();
    assert_eq!(certificates.codes(&copy), [""; 0], "somebody's file in the tree does not revoke");
    let of_file = |file: &Path| CertificateVerifyOptions { files: vec![file.to_path_buf()], ..CertificateVerifyOptions::default() };
    let known = |file: &Path| certificates.verify(Some(certificates.scene.replica()), &of_file(file)).certificates[0].known;
    assert_eq!((known(&old), known(&copy)), (Some(true), Some(false)), "what was altered here tells nothing of what came of it");
    fs::remove_file(certificates.on_replica(1)).unwrap();
    assert_eq!((certificates.codes(&copy), known(&copy)), (vec![], Some(false)));
    fs::write(certificates.on_replica(1), bytes(&forged)).unwrap();
    assert_eq!(certificates.codes(&certificates.on_replica(1)), ["CRT-04"], "nor is it proven");
    fs::copy(&old, certificates.on_replica(0)).unwrap();
    assert_eq!(known(&old), Some(false), "an older copy in the place of the newest tells nothing of what came of it either");
}

#[test]
fn a_copy_of_a_record_does_not_take_the_place_of_the_one_that_was_first() {
    let certificates = Certificates::new(2);
    let source = certificates.scene.source();
    let file = source.join("gapferry.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("[archives.archive]\n", "[archives.archive]\nlayout = \"records\"\n", 1)).unwrap();
    certificates.scene.round();
    // Its name comes before that of the true one.
    certificates.scene.write("a/record.json", fs::read(certificates.file(0)).unwrap());
    let duplicates = || {
        let problems = certificates.scene.carry(&source).packed.unwrap().captured.problems;
        problems.into_iter().filter(|problem| problem.code == "SRC-11").map(|problem| problem.subject).collect::<Vec<_>>()
    };
    assert_eq!(duplicates(), ["a/record.json"]);
    certificates.change(0, |fields| drop(fields.insert("state".into(), json!("lost"))));
    assert_eq!(duplicates(), ["a/record.json"], "the true one changed");
}

#[test]
fn a_change_of_keys_voids_nothing_and_stolen_keys_prove_nothing() {
    let certificates = Certificates::new(2);
    let (scene, source, replica) = (&certificates.scene, certificates.scene.source(), certificates.scene.replica());
    certificates.sign(|_| ());
    scene.round();
    let old_code = certificates.code(replica.clone(), &Certificates::item(0), |_| ()).unwrap().text;
    crate::keys_rotate(&scene.world, &source, false, "once a year").unwrap();
    scene.round();
    scene.round();
    assert_eq!(certificates.sign(|_| ()), (0, 2, 0), "what the first generation signed stays right");
    assert_eq!(certificates.codes(&certificates.on_replica(0)), [""; 0]);
    // Somebody has the first keys, and makes a certificate.
    let mut forged = certificate(7, &mut Seed(1));
    let stolen = crate::home::Home::open(&scene.world, &source, crate::home::Access::Read).unwrap().keys()[0].clone();
    let zone = crate::home::Home::open(&scene.world, &source, crate::home::Access::Read).unwrap().zone_id().0;
    let proof = sign(&forged, &Signer { zone, generation: 1 }, &[1; 32], |message| stolen.signature(message));
    forged.insert(MEMBER.into(), proof);
    let file = scene.path("forged.json");
    fs::write(&file, bytes(&forged)).unwrap();
    assert_eq!(certificates.codes(&file), [""; 0], "nobody knows yet");
    let fingerprint = crate::read_card(&scene.world, &scene.path("inside.card")).unwrap().fingerprint();
    crate::keys_revoke(&scene.world, &replica, "inside", &fingerprint, 1000, &[], "stolen").unwrap();
    assert_eq!(certificates.codes(&file), ["CRT-07"]);
    assert_eq!(certificates.codes(&certificates.on_replica(0)), [""; 0], "a package vouches for it");
    let elsewhere = scene.path("elsewhere.json");
    fs::copy(certificates.on_replica(0), &elsewhere).unwrap();
    assert_eq!(certificates.codes(&elsewhere), [""; 0], "wherever its copy lies");
    let report = certificates.verify(Some(replica.clone()), &of_code(&old_code));
    assert!(report.problems.is_empty() && report.certificates[0].state.as_deref() == Some("effective"), "{:?}", report.problems);
    // They make a code as well, with the token of a certificate that is here.
    let mut code = rights::certificate::code::Code::parse(&old_code).unwrap();
    code.root = [7; 32];
    code.signature = stolen.signature(&code.message(zone));
    let report = certificates.verify(Some(replica.clone()), &of_code(&code.text()));
    assert_eq!(report.problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["CRT-07"]);
    let shown = &report.certificates[0];
    assert!(!shown.proven && shown.newest.is_some() && shown.state.as_deref() == Some("effective"));
    assert_eq!(certificates.sign(|options| options.again = true), (2, 0, 0));
    assert_eq!(certificates.fields(0)[MEMBER]["generation"], 2);
    scene.round();
    assert_eq!(certificates.codes(&certificates.on_replica(0)), [""; 0]);
}

/// What a reader of pictures sees, grey by grey.
fn scanned(width: usize, pixel: impl Fn(usize, usize) -> u8) -> String {
    let mut image = rqrr::PreparedImage::prepare_from_greyscale(width, width, pixel);
    let grids = image.detect_grids();
    assert_eq!(grids.len(), 1);
    grids[0].decode().unwrap().1
}

#[test]
fn a_picture_takes_the_place_of_pictures_only() {
    let certificates = Certificates::new(1);
    certificates.sign(|_| ());
    let code = |file: &Path| certificates.code(certificates.scene.source(), &Certificates::item(0), |options| options.svg = Some(file.into()));
    let record = certificates.file(0);
    let before = fs::read(&record).unwrap();
    assert_eq!(code(&record).unwrap_err().0.code, "USE-01");
    assert_eq!(fs::read(&record).unwrap(), before);
    let picture = certificates.scene.path("code.svg");
    code(&picture).unwrap();
    code(&picture).unwrap();
}

#[test]
fn a_code_is_read_again_by_somebody_elses_reader() {
    let certificates = Certificates::new(1);
    certificates.sign(|_| ());
    let (svg, png) = (certificates.scene.path("code.svg"), certificates.scene.path("code.png"));
    let report = certificates.code(certificates.scene.source(), &Certificates::item(0), |options| {
        (options.svg, options.png) = (Some(svg.clone()), Some(png.clone()));
    });
    let report = report.unwrap();
    let token = certificates.fields(0)["cert_token"].as_str().unwrap().to_owned();
    assert!(report.text.starts_with(&format!("https://cert.example/v/{token}#1.1.")));
    assert_eq!(report.token.replace(' ', ""), token);
    let mut decoder = png::Decoder::new(std::io::Cursor::new(fs::read(&png).unwrap()));
    decoder.set_transformations(png::Transformations::EXPAND);
    let mut reader = decoder.read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let width = reader.next_frame(&mut pixels).unwrap().width as usize;
    assert_eq!(scanned(width, |x, y| pixels[y * width + x]), report.text);
    // The SVG: one square of its path for each dark module.
    let picture = fs::read_to_string(&svg).unwrap();
    let side: usize = picture.split("viewBox=\"0 0 ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    let mut dark = vec![false; side * side];
    for square in picture.split("h1v1h-1z").filter_map(|part| part.rsplit_once('M')) {
        let (x, y) = square.1.split_once(' ').unwrap();
        dark[y.parse::<usize>().unwrap() * side + x.parse::<usize>().unwrap()] = true;
    }
    assert_eq!(scanned(side * 4, |x, y| if dark[(y / 4) * side + x / 4] { 0 } else { 255 }), report.text);
    let verified = certificates.verify(Some(certificates.scene.source()), &of_code(&report.text));
    assert!(verified.problems.is_empty() && verified.certificates[0].proven, "{:?}", verified.problems);
    let other = report.text.replace(&token, "ABCDEFGHJKMNPQRSTVWXYZ0123");
    assert_eq!(certificates.verify(Some(certificates.scene.source()), &of_code(&other)).problems[0].code, "CRT-06", "another token");
    assert_eq!(certificates.verify(Some(certificates.scene.source()), &of_code("https://cert.example/v/x")).problems[0].code, "CRT-10");
}

#[test]
fn a_file_that_is_missing_keeps_no_other_from_being_proven() {
    let certificates = Certificates::new(1);
    certificates.sign(|_| ());
    let files = vec![certificates.scene.path("missing.json"), certificates.file(0)];
    let report = certificates.verify(Some(certificates.scene.source()), &CertificateVerifyOptions { files, ..Default::default() });
    let proven: Vec<bool> = report.certificates.iter().map(|certificate| certificate.proven).collect();
    assert_eq!((proven, report.problems.len(), report.problems[0].code), (vec![false, true], 1, "IO-01"));
}

#[test]
fn copies_are_looked_for_where_the_tree_lies_now() {
    let certificates = Certificates::new(1);
    let (scene, replica) = (&certificates.scene, certificates.scene.replica());
    certificates.sign(|_| ());
    scene.round();
    fs::rename(scene.path("replica"), scene.path("moved")).unwrap();
    let file = replica.join("gapferry.toml");
    let text = fs::read_to_string(&file).unwrap();
    let to = |folder: &str| format!("into = \"{}\"", scene.path(folder).display());
    assert!(text.contains(&to("replica")), "{text}");
    fs::write(&file, text.replace(&to("replica"), &to("moved"))).unwrap();
    let code = certificates.code(replica.clone(), &Certificates::item(0), |_| ()).unwrap().text;
    let report = certificates.verify(Some(replica), &of_code(&code));
    assert!(report.certificates[0].proven && report.certificates[0].state.is_some(), "{report:?}");
}

#[test]
fn no_code_is_made_of_what_is_not_proven() {
    let certificates = Certificates::new(1);
    let source = certificates.scene.source();
    assert_eq!(certificates.code(source.clone(), &Certificates::item(0), |_| ()).unwrap_err().0.code, "CRT-01", "not canonical, not signed");
    certificates.sign(|_| ());
    assert_eq!(certificates.code(source.clone(), &Certificates::item(0), |options| options.url = "http://a".into()).unwrap_err().0.code, "USE-01");
    assert_eq!(certificates.code(source, "nowhere.json", |_| ()).unwrap_err().0.code, "IO-01");
}
