//! Electronic certificates, and the template they are printed by: one of shares and, where there is land, one of land for each household.

use serde_json::{Map, Value, json};

use crate::code;
use crate::document;
use crate::village::Village;

/// Numbers of certificates of land begin here.
pub(crate) const LAND: u64 = 100_000;

pub(crate) fn make(village: &mut Village) {
    template(village);
    for number in 0..village.households.len() as u64 {
        let head = village.households[number as usize].members[0].0;
        let (member, holding) = (village.rid("member", head), village.rid("share_holding", head));
        certificate(village, number, "share", &member.clone(), &[(&member, &["name"]), (&holding, &["shares", "cert_no", "type"])]);
        if village.has_land() {
            let (household, contract) = (village.rid("household", number), village.rid("land_contract", number));
            certificate(village, LAND + number, "land", &household, &[(&contract, &["code", "contractor_name", "total_area", "from", "to"])]);
        }
    }
}

fn template(village: &mut Village) {
    let fields = json!({
        "template_id": format!("T{:03}", village.number), "template_version": 1, "cert_kind": "share", "page_size": "A4", "background": "d1",
        "fields": [{ "name": "姓名", "source_path": "member.name", "x": 10, "y": 20, "w": 80, "h": 10, "font": "宋体", "size": 12 }],
        "qr": { "x": 150, "y": 240, "size": 30, "ecc": "M" }, "seal": { "x": 120, "y": 230 }, "seal_image": "d2", "effective_from": "2025-01-01",
        "checksum": { "alg": "blake3", "hex": blake3::hash(b"template").to_hex().as_str() },
    });
    let rid = village.put("cert_template", 0, "published", "Public", fields);
    for (name, sens) in [("底图.jpg", "Public"), ("印章.jpg", "Secret")] {
        let image = document::scan("2024:12:01 08:00:00", [31, 40, 0], [119, 58, 0], &mut village.random);
        village.attach(&rid, name, "annex", sens, image);
    }
}

fn certificate(village: &mut Village, number: u64, kind: &str, subject: &str, shown: &[(&String, &[&str])]) {
    let mut rows = Map::new();
    let mut sources = Vec::new();
    for (rid, names) in shown {
        let Some(source) = village.get(rid) else { continue };
        let mut row = json!({ "rid": rid });
        names.iter().for_each(|name| row[*name] = source[*name].clone());
        sources.push(json!({ "rid": rid, "version": source["version"] }));
        rows.insert(source["kind"].as_str().unwrap_or_default().to_owned(), Value::Array(vec![row]));
    }
    let (high, low) = (village.random.next(), village.random.next());
    let fields = json!({
        "cert_no": format!("证{:03}{number:06}", village.number), "cert_token": code::token(high, low), "cert_kind": kind,
        "template_ref": village.rid("cert_template", 0), "subject": subject, "rows": rows, "source_rids": sources, "issuer": "某区农业农村局",
        "issued_on": "2025-03-01", "file": "d1", "sig_alg": "ed25519", "signature": "AAECAwQF", "signer_cert": "AAECAwQF", "publicity_from": "2025-02-01",
        "publicity_to": "2025-02-20",
    });
    let rid = village.put("ecertificate", number, "effective", "Personal", fields);
    let printed = document::pdf("电子权证", "某区农业农村局", "20250301080000");
    village.attach(&rid, "电子权证.pdf", "original", "Personal", printed);
}
