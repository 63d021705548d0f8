//! Pages of certificates: what was signed, what is proven of what is shown, the code on paper.

use driver::report::{CertificateCodeReport, CertificateReport, CertificateSignReport, CertificatesReport, Problem};
use rights::certificate::KIND;
use rights::kind::{Kind, path_zh};

use super::{Show, name, number};
use crate::language::Language;
use crate::page::Page;

impl Show for CertificateSignReport {
    fn show(&self, page: &mut Page) {
        let key = if self.dry_run { "certificate.would-sign" } else { "certificate.signed" };
        page.say(key, &[("signed", &number(self.signed)), ("right", &number(self.right))]);
        let rows = self.items.iter().map(|one| format!("{} {}", one.archive, name(&one.item)));
        page.list("certificate.items", self.signed, rows);
    }

    fn attention(&self, page: &mut Page) {
        if self.refused > 0 {
            page.say("certificate.refused", &[("refused", &number(self.refused))]);
        }
    }

    fn problems(&self) -> Vec<&Problem> {
        self.problems.iter().collect()
    }
}

impl Show for CertificatesReport {
    const ASKED: bool = true;

    fn show(&self, page: &mut Page) {
        for certificate in &self.certificates {
            page.gap();
            one(certificate, page);
        }
    }

    fn problems(&self) -> Vec<&Problem> {
        self.problems.iter().collect()
    }

    fn close(&self, page: &mut Page) {
        page.gap();
        page.say("certificate.authority", &[]);
    }
}

fn one(certificate: &CertificateReport, page: &mut Page) {
    let (zone, generation) = certificate.signer.as_ref().map(|signer| (signer.zone.clone(), signer.generation)).unwrap_or_default();
    let key = match (certificate.proven, certificate.is_code) {
        (true, false) => "certificate.proven",
        (true, true) => "certificate.proven-code",
        (false, _) => "certificate.not-proven",
    };
    page.say(key, &[("subject", &certificate.subject), ("zone", &zone), ("generation", &generation.to_string())]);
    let state = certificate.state.as_deref().unwrap_or("unknown");
    if certificate.proven || certificate.state.is_some() {
        let state = page.texts.word("certificate-state", state);
        page.say("certificate.state", &[("state", &state)]);
    }
    if let Some(newest) = &certificate.newest {
        let state = page.texts.word("certificate-state", &newest.state);
        page.say("certificate.newest", &[("place", &newest.place), ("version", &number(newest.version)), ("state", &state)]);
    }
    if certificate.proven && certificate.known == Some(false) {
        page.say("certificate.not-known", &[]);
    }
    if certificate.is_code || !certificate.proven {
        return;
    }
    page.say("certificate.values", &[("count", &certificate.values.len().to_string())]);
    for (name, value) in &certificate.values {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        page.line(&format!("    {}: {value}", field(name, page)));
    }
    let not_shown: Vec<String> = certificate.not_shown.iter().map(|name| field(&format!("/{name}"), page)).collect();
    if certificate.withheld > 0 {
        page.say("certificate.withheld", &[("count", &number(certificate.withheld)), ("fields", &not_shown.join(", "))]);
    }
}

/// A name of a value as a person reads it: `/rows/member/0/name|name1` is `rows.member[0].name (name1)`, in Chinese under the names
/// of the fields.
fn field(name: &str, page: &Page) -> String {
    let (path, mask) = name.split_once('|').map_or((name, None), |(path, mask)| (path, Some(mask)));
    let mut shown = String::new();
    for step in path.split('/').skip(1) {
        match step.parse::<usize>() {
            Ok(place) => shown.push_str(&format!("[{place}]")),
            Err(_) if shown.is_empty() => shown.push_str(step),
            Err(_) => shown.push_str(&format!(".{step}")),
        }
    }
    if let (Language::Chinese, Some(kind)) = (page.texts.language, Kind::named(KIND)) {
        shown = path_zh(kind, &shown);
    }
    match mask {
        Some(mask) => format!("{shown} ({mask})"),
        None => shown,
    }
}

impl Show for CertificateCodeReport {
    const ASKED: bool = true;

    fn show(&self, page: &mut Page) {
        page.line(&self.text);
        page.say("certificate.token", &[("token", &self.token)]);
        for file in [&self.svg, &self.png].into_iter().flatten() {
            page.say("certificate.picture", &[("file", file)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Texts;
    use serde_json::Value;

    #[test]
    fn names_are_those_that_people_know() {
        let (english, chinese) = (Texts::new(Language::English), Texts::new(Language::Chinese));
        for (name, in_english, in_chinese) in [
            ("/cert_no", "cert_no", "证号"),
            ("/documents/2/size", "documents[2].size", "原文 / 附件[2].大小"),
            ("/rows/member/0/name|name1", "rows.member[0].name (name1)", "权证内容.成员[0].姓名 (name1)"),
            ("/subject|name1", "subject (name1)", "权利人 (name1)"),
        ] {
            assert_eq!(field(name, &Page::new(&english)), in_english);
            assert_eq!(field(name, &Page::new(&chinese)), in_chinese);
        }
    }

    #[test]
    fn a_page_says_what_is_proven_and_what_stands() {
        let mut report = CertificatesReport::default();
        let values = [("/issuer".to_owned(), Value::from("某县农业农村局"))].into_iter().collect();
        let signer = Some(driver::report::CertificateSigner { zone: "inside".into(), id: "00".into(), generation: 2 });
        let shown =
            CertificateReport { subject: "a.json".into(), proven: true, state: Some("revoked".into()), signer, values, withheld: 7, ..Default::default() };
        report.certificates.push(shown);
        report.certificates.push(CertificateReport { subject: "b.json".into(), ..Default::default() });
        for (language, words) in [
            (Language::English, ["inside", "revoked", "issuer: 某县农业农村局", "7", "b.json: NOT proven"]),
            (Language::Chinese, ["inside", "已注销", "发证机关: 某县农业农村局", "7", "b.json：未能证明"]),
        ] {
            let texts = Texts::new(language);
            let mut page = Page::new(&texts);
            report.show(&mut page);
            let text = page.finish();
            words.iter().for_each(|word| assert!(text.contains(word), "{word}: {text}"));
        }
    }
}
