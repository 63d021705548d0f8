//! What a code means for a person: the exit code, whose fault it is, and what to do now. The one place where codes meet people;
//! the words are in `texts.toml` under `advice.<code>`, `fault.<who>` and `remedy.<what>`.

use crate::detail;
use crate::page::Page;
use crate::texts::Texts;
use driver::report::Problem;

/// All is well.
pub const WELL: u8 = 0;
/// Done, but something needs a person.
pub const PERSON: u8 = 1;
/// Wrong usage or configuration.
pub const USAGE: u8 = 2;
/// A package, receipt or card was refused.
pub const REFUSED: u8 = 3;
/// Input or output failed.
pub const IO: u8 = 4;
/// Stopped by a safety.
pub const STOPPED: u8 = 5;
/// Another process holds the home.
pub const HELD: u8 = 75;

/// What is known of a code.
#[derive(Debug)]
pub struct Advice {
    /// The code.
    pub code: &'static str,
    /// Exit code of a command that meets nothing worse.
    pub exit: u8,
    /// Key of whose fault it is.
    pub fault: &'static str,
    /// Key of what to do now.
    pub remedy: &'static str,
}

const fn advice(code: &'static str, exit: u8, fault: &'static str, remedy: &'static str) -> Advice {
    Advice { code, exit, fault, remedy }
}

/// Every code, in the order of `spec/codes.md`.
pub static ADVICE: &[Advice] = &[
    advice("ENV-01", REFUSED, "fault.way", "remedy.write-anew"),
    advice("ENV-02", REFUSED, "fault.version", "remedy.update"),
    advice("ENV-03", REFUSED, "fault.way", "remedy.write-anew"),
    advice("ENV-04", REFUSED, "fault.way", "remedy.write-anew"),
    advice("ENV-05", REFUSED, "fault.address", "remedy.exchange-cards"),
    advice("ENV-06", REFUSED, "fault.way", "remedy.write-anew"),
    advice("ENV-07", REFUSED, "fault.way", "remedy.write-anew"),
    advice("ENV-08", REFUSED, "fault.way", "remedy.write-anew"),
    advice("ENV-09", REFUSED, "fault.address", "remedy.right-medium"),
    advice("ENV-10", REFUSED, "fault.way", "remedy.write-anew"),
    advice("ENV-11", REFUSED, "fault.way", "remedy.write-anew"),
    advice("ENV-12", REFUSED, "fault.writer", "remedy.writer"),
    advice("ENV-13", REFUSED, "fault.writer", "remedy.writer"),
    advice("ENV-14", REFUSED, "fault.writer", "remedy.writer"),
    advice("ENV-15", REFUSED, "fault.stranger", "remedy.exchange-cards"),
    advice("ENV-16", REFUSED, "fault.stranger", "remedy.security"),
    advice("ENV-17", REFUSED, "fault.writer", "remedy.writer"),
    advice("ENV-18", REFUSED, "fault.writer", "remedy.writer"),
    advice("ENV-19", REFUSED, "fault.stranger", "remedy.newest-card"),
    advice("PKG-01", REFUSED, "fault.stranger", "remedy.security"),
    advice("PKG-02", REFUSED, "fault.address", "remedy.accept-route"),
    advice("PKG-03", REFUSED, "fault.writer", "remedy.writer"),
    advice("PKG-04", REFUSED, "fault.writer", "remedy.writer"),
    advice("PKG-05", REFUSED, "fault.writer", "remedy.writer"),
    advice("PKG-06", REFUSED, "fault.writer", "remedy.writer"),
    advice("PKG-07", REFUSED, "fault.writer", "remedy.security"),
    advice("PKG-08", REFUSED, "fault.writer", "remedy.writer"),
    advice("PKG-09", REFUSED, "fault.writer", "remedy.writer"),
    advice("PKG-10", REFUSED, "fault.writer", "remedy.writer"),
    advice("PKG-11", REFUSED, "fault.writer", "remedy.writer"),
    advice("PKG-12", REFUSED, "fault.writer", "remedy.sent-again"),
    advice("PKG-13", REFUSED, "fault.writer", "remedy.sent-again"),
    advice("PKG-14", REFUSED, "fault.writer", "remedy.writer"),
    advice("PKG-15", REFUSED, "fault.version", "remedy.update"),
    advice("PKG-16", REFUSED, "fault.stranger", "remedy.revoked"),
    advice("PKG-17", REFUSED, "fault.stranger", "remedy.security"),
    advice("PKG-18", REFUSED, "fault.stranger", "remedy.announced-keys"),
    advice("PKG-19", REFUSED, "fault.writer", "remedy.writer"),
    advice("PKG-20", REFUSED, "fault.writer", "remedy.writer"),
    advice("RCT-01", REFUSED, "fault.stranger", "remedy.security"),
    advice("RCT-02", REFUSED, "fault.address", "remedy.right-medium"),
    advice("RCT-03", REFUSED, "fault.writer", "remedy.writer"),
    advice("RCT-04", REFUSED, "fault.writer", "remedy.writer"),
    advice("RCT-05", REFUSED, "fault.writer", "remedy.writer"),
    advice("RCT-06", REFUSED, "fault.writer", "remedy.update"),
    advice("RCT-07", REFUSED, "fault.writer", "remedy.writer"),
    advice("RCT-08", REFUSED, "fault.restored", "remedy.second-copy"),
    advice("RCT-09", REFUSED, "fault.stranger", "remedy.security"),
    advice("RCT-10", REFUSED, "fault.stranger", "remedy.security"),
    advice("RCT-11", REFUSED, "fault.stranger", "remedy.announced-keys"),
    advice("CRD-01", REFUSED, "fault.way", "remedy.card-anew"),
    advice("CRD-02", REFUSED, "fault.way", "remedy.card-anew"),
    advice("CRD-03", REFUSED, "fault.writer", "remedy.card-anew"),
    advice("CRD-04", REFUSED, "fault.writer", "remedy.card-anew"),
    advice("CRD-05", REFUSED, "fault.version", "remedy.update"),
    advice("CRD-06", REFUSED, "fault.way", "remedy.card-anew"),
    advice("CRD-07", REFUSED, "fault.stranger", "remedy.card-security"),
    advice("CRD-08", REFUSED, "fault.way", "remedy.card-anew"),
    advice("CRD-09", REFUSED, "fault.stranger", "remedy.compare"),
    advice("CRD-10", REFUSED, "fault.way", "remedy.card-anew"),
    advice("LBL-01", REFUSED, "fault.stranger", "remedy.label"),
    advice("LBL-02", REFUSED, "fault.version", "remedy.update"),
    advice("LDG-01", STOPPED, "fault.ledger", "remedy.ledger"),
    advice("LDG-02", STOPPED, "fault.ledger", "remedy.ledger"),
    advice("LDG-03", STOPPED, "fault.ledger", "remedy.ledger"),
    advice("LDG-04", STOPPED, "fault.ledger", "remedy.ledger"),
    advice("LDG-05", STOPPED, "fault.ledger", "remedy.ledger"),
    advice("LDG-06", STOPPED, "fault.ledger", "remedy.ledger"),
    advice("LDG-07", STOPPED, "fault.restored", "remedy.ledger"),
    advice("LDG-08", STOPPED, "fault.rewritten", "remedy.rewritten"),
    advice("FRK-01", STOPPED, "fault.restored", "remedy.fork"),
    advice("FRK-02", STOPPED, "fault.restored", "remedy.fork"),
    advice("FRK-03", STOPPED, "fault.restored", "remedy.fork"),
    advice("FRK-04", STOPPED, "fault.restored", "remedy.fork"),
    advice("FRK-05", STOPPED, "fault.restored", "remedy.fork"),
    advice("FRK-06", REFUSED, "fault.restored", "remedy.former"),
    advice("REC-01", PERSON, "fault.record", "remedy.record-encoding"),
    advice("REC-02", PERSON, "fault.record", "remedy.record-encoding"),
    advice("REC-03", PERSON, "fault.record", "remedy.correct-record"),
    advice("REC-04", PERSON, "fault.record", "remedy.correct-record"),
    advice("REC-05", PERSON, "fault.record", "remedy.correct-record"),
    advice("REC-06", PERSON, "fault.record", "remedy.correct-record"),
    advice("REC-07", PERSON, "fault.record", "remedy.correct-record"),
    advice("REC-08", PERSON, "fault.record", "remedy.correct-record"),
    advice("REC-09", PERSON, "fault.record", "remedy.correct-record"),
    advice("REC-10", PERSON, "fault.record", "remedy.correct-record"),
    advice("REC-11", PERSON, "fault.record", "remedy.correct-record"),
    advice("REC-12", PERSON, "fault.record", "remedy.correct-record"),
    advice("REC-13", PERSON, "fault.record", "remedy.correct-record"),
    advice("REC-14", PERSON, "fault.record", "remedy.correct-record"),
    advice("REC-15", PERSON, "fault.record", "remedy.correct-record"),
    advice("REC-16", PERSON, "fault.record", "remedy.correct-record"),
    advice("REC-17", PERSON, "fault.record", "remedy.correct-record"),
    advice("REC-18", PERSON, "fault.record", "remedy.compare-identifier"),
    advice("REC-19", PERSON, "fault.record", "remedy.correct-record"),
    advice("REC-20", PERSON, "fault.record", "remedy.correct-record"),
    advice("REC-21", PERSON, "fault.record", "remedy.correct-record"),
    advice("REC-22", PERSON, "fault.record", "remedy.correct-record"),
    advice("REC-23", PERSON, "fault.record", "remedy.compare-identifier"),
    advice("REC-24", PERSON, "fault.record", "remedy.correct-record"),
    advice("REC-25", PERSON, "fault.record", "remedy.correct-record"),
    advice("REC-26", PERSON, "fault.record", "remedy.correct-record"),
    advice("REC-27", PERSON, "fault.record", "remedy.correct-record"),
    advice("REC-28", PERSON, "fault.record", "remedy.correct-record"),
    advice("CRT-01", REFUSED, "fault.shown", "remedy.shown-again"),
    advice("CRT-02", REFUSED, "fault.shown", "remedy.sign-certificate"),
    advice("CRT-03", REFUSED, "fault.version", "remedy.update"),
    advice("CRT-04", REFUSED, "fault.shown", "remedy.not-accepted"),
    advice("CRT-05", REFUSED, "fault.stranger", "remedy.certificate-card"),
    advice("CRT-06", REFUSED, "fault.shown", "remedy.not-accepted"),
    advice("CRT-07", REFUSED, "fault.stranger", "remedy.ask-by-token"),
    advice("CRT-08", REFUSED, "fault.nobody", "remedy.not-in-force"),
    advice("CRT-09", REFUSED, "fault.nobody", "remedy.newer-version"),
    advice("CRT-10", REFUSED, "fault.typed", "remedy.scan-again"),
    advice("TPL-01", USAGE, "fault.template", "remedy.correct-template"),
    advice("TPL-02", USAGE, "fault.template", "remedy.correct-template"),
    advice("TPL-03", USAGE, "fault.template", "remedy.correct-template"),
    advice("TPL-04", USAGE, "fault.template", "remedy.correct-template"),
    advice("TPL-05", USAGE, "fault.template", "remedy.correct-template"),
    advice("TPL-06", USAGE, "fault.template", "remedy.correct-template"),
    advice("TPL-07", USAGE, "fault.template", "remedy.correct-template"),
    advice("TPL-08", USAGE, "fault.template", "remedy.correct-template"),
    advice("TPL-09", USAGE, "fault.template", "remedy.correct-template"),
    advice("TPL-10", USAGE, "fault.template", "remedy.correct-template"),
    advice("TPL-11", USAGE, "fault.template", "remedy.correct-template"),
    advice("TPL-12", USAGE, "fault.template", "remedy.correct-template"),
    advice("TPL-13", USAGE, "fault.template", "remedy.later-feature"),
    advice("TPL-14", USAGE, "fault.template", "remedy.correct-template"),
    advice("TPL-16", USAGE, "fault.template", "remedy.other-route"),
    advice("LNT-01", USAGE, "fault.template", "remedy.correct-template"),
    advice("LNT-02", PERSON, "fault.template", "remedy.waive"),
    advice("TPL-15", USAGE, "fault.template", "remedy.correct-template"),
    advice("SRC-01", STOPPED, "fault.archive", "remedy.mount"),
    advice("SRC-02", STOPPED, "fault.archive", "remedy.emptied"),
    advice("SRC-03", STOPPED, "fault.archive", "remedy.release-source"),
    advice("SRC-04", PERSON, "fault.writing", "remedy.at-rest"),
    advice("SRC-05", PERSON, "fault.storage", "remedy.permissions"),
    advice("SRC-06", PERSON, "fault.storage", "remedy.rot"),
    advice("SRC-08", STOPPED, "fault.archive", "remedy.suspicious"),
    advice("SRC-09", PERSON, "fault.silence", "remedy.silence"),
    advice("SRC-11", PERSON, "fault.record", "remedy.record"),
    advice("SRC-12", PERSON, "fault.record", "remedy.no-record"),
    advice("SRC-13", PERSON, "fault.record", "remedy.large-transaction"),
    advice("SRC-14", PERSON, "fault.waits", "remedy.pack-now"),
    advice("SRC-15", PERSON, "fault.nobody", "remedy.sign-first"),
    advice("SRC-16", PERSON, "fault.configuration", "remedy.activate-again"),
    advice("SRC-18", PERSON, "fault.record", "remedy.judge-again"),
    advice("SRC-19", PERSON, "fault.record", "remedy.strip"),
    advice("SRC-20", PERSON, "fault.configuration", "remedy.given-up"),
    advice("SRC-17", STOPPED, "fault.restored", "remedy.confirm-template"),
    advice("SRC-10", STOPPED, "fault.archive", "remedy.elsewhere"),
    advice("RPL-01", STOPPED, "fault.archive", "remedy.release-replica"),
    advice("RPL-02", IO, "fault.storage", "remedy.replica-storage"),
    advice("RPL-03", PERSON, "fault.replica", "remedy.replica-change"),
    advice("RPL-04", WELL, "fault.nobody", "remedy.nothing"),
    advice("RPL-05", STOPPED, "fault.storage", "remedy.mount-replica"),
    advice("RPL-06", PERSON, "fault.replica", "remedy.history-gone"),
    advice("RPL-07", PERSON, "fault.silence", "remedy.silence"),
    advice("RPL-08", PERSON, "fault.nobody", "remedy.scrub"),
    advice("RPL-09", PERSON, "fault.replica", "remedy.extra"),
    advice("RPL-10", PERSON, "fault.storage", "remedy.heals"),
    advice("RPL-11", PERSON, "fault.typed", "remedy.occupied"),
    advice("RPL-12", PERSON, "fault.medium", "remedy.kept-media"),
    advice("RPL-13", PERSON, "fault.restored", "remedy.forgotten"),
    advice("MED-01", REFUSED, "fault.address", "remedy.label"),
    advice("MED-02", IO, "fault.medium", "remedy.insert"),
    advice("MED-03", IO, "fault.medium", "remedy.replace-medium"),
    advice("MED-04", PERSON, "fault.medium", "remedy.more-room"),
    advice("ACT-01", STOPPED, "fault.nobody", "remedy.another-person"),
    advice("HOM-01", HELD, "fault.nobody", "remedy.wait"),
    advice("HOM-02", USAGE, "fault.typed", "remedy.home"),
    advice("HOM-03", USAGE, "fault.configuration", "remedy.configuration"),
    advice("HOM-04", USAGE, "fault.typed", "remedy.passphrase"),
    advice("HOM-05", IO, "fault.storage", "remedy.keys"),
    advice("PAR-01", PERSON, "fault.medium", "remedy.more-parity"),
    advice("BAK-01", IO, "fault.medium", "remedy.backup-damaged"),
    advice("BAK-02", USAGE, "fault.typed", "remedy.backup-other"),
    advice("BAK-03", STOPPED, "fault.restored", "remedy.backup-newer"),
    advice("KEY-01", STOPPED, "fault.nobody", "remedy.later-card"),
    advice("IO-01", IO, "fault.storage", "remedy.storage"),
    advice("USE-01", USAGE, "fault.typed", "remedy.usage"),
    advice("DMO-01", PERSON, "fault.demo", "remedy.demo"),
];

/// What is known of `code`.
pub fn of(code: &str) -> Option<&'static Advice> {
    ADVICE.iter().find(|advice| advice.code == code)
}

/// The exit code that this code alone asks for. A code that is not known here needs a person.
pub fn exit_of(code: &str) -> u8 {
    of(code).map_or(PERSON, |advice| advice.exit)
}

/// The exit code when several apply: a command that could not begin says why (75, 2), else the first of 5, 4, 3, 1.
pub fn exit_of_all(exits: impl IntoIterator<Item = u8>) -> u8 {
    const ORDER: [u8; 7] = [HELD, USAGE, STOPPED, IO, REFUSED, PERSON, WELL];
    let place = |exit: u8| ORDER.iter().position(|known| *known == exit).unwrap_or(ORDER.len());
    exits.into_iter().min_by_key(|exit| place(*exit)).unwrap_or(WELL)
}

/// What to do now, in one sentence or a few.
pub fn remedy(code: &str, texts: &Texts) -> String {
    texts.text(of(code).map_or("remedy.report", |advice| advice.remedy))
}

/// Prints a problem: what is wrong, what was seen, whose fault, what to do now. The meaning and the remedy of a code are
/// printed once for all problems that share it; a problem that two parts of a report carry is one.
pub fn show(problems: &[&Problem], page: &mut Page) {
    let mut codes: Vec<&str> = Vec::new();
    for problem in problems {
        if !codes.contains(&problem.code) {
            codes.push(problem.code);
        }
    }
    for code in codes {
        let known = of(code);
        let says = known.map_or_else(|| page.texts.text("advice.unknown"), |_| page.texts.text(&format!("advice.{code}")));
        page.gap();
        page.line(&format!("{code}: {says}"));
        let mut of_code: Vec<&Problem> = Vec::new();
        for problem in problems.iter().filter(|problem| problem.code == code) {
            if !of_code.contains(problem) {
                of_code.push(problem);
            }
        }
        for problem in of_code.iter().take(crate::page::SHOWN_MAX) {
            page.line(&format!("  {}: {}", problem.subject, detail::said(&problem.detail, page.texts)));
        }
        let more = of_code.len().saturating_sub(crate::page::SHOWN_MAX);
        if more > 0 {
            page.say("page.more", &[("count", &more.to_string())]);
        }
        if let Some(advice) = known {
            let fault = page.texts.text(advice.fault);
            page.say("advice.fault", &[("fault", &fault)]);
        }
        let remedy = remedy(code, page.texts);
        page.say("advice.now", &[("remedy", &remedy)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn exits() {
        for (codes, exit) in [
            (&["ENV-01", "PKG-15", "RCT-08", "CRD-09", "LBL-02", "MED-01"][..], 3),
            (&["FRK-01", "FRK-04", "SRC-01", "SRC-02", "SRC-03", "SRC-08", "SRC-10", "SRC-17", "ACT-01", "RPL-01", "RPL-05", "LDG-01", "LDG-07"], 5),
            (
                &[
                    "SRC-04", "SRC-05", "SRC-06", "SRC-11", "SRC-12", "SRC-13", "SRC-14", "SRC-15", "SRC-16", "SRC-18", "SRC-19", "SRC-20", "RPL-03", "RPL-06",
                    "RPL-11", "RPL-12", "RPL-13", "MED-04", "DMO-01",
                ],
                1,
            ),
            (&["RPL-04"], 0),
            (&["IO-01", "MED-02", "MED-03", "RPL-02", "HOM-05"], 4),
            (&["HOM-01"], 75),
            (&["HOM-02", "HOM-03", "HOM-04", "USE-01"], 2),
            (&["NIL-99"], 1),
        ] {
            for code in codes {
                assert_eq!(exit_of(code), exit, "{code}");
            }
        }
    }

    #[test]
    fn each_clause_of_the_formats_has_its_advice() {
        for clause in wire::clause::ALL {
            let expected = if clause.code.starts_with("LDG") { STOPPED } else { REFUSED };
            assert_eq!(of(clause.code).map(|advice| advice.exit), Some(expected), "{}", clause.code);
        }
    }

    #[test]
    fn codes_are_unique() {
        let mut codes: Vec<&str> = ADVICE.iter().map(|advice| advice.code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), ADVICE.len());
    }

    #[test]
    fn the_worst_decides() {
        for (exits, exit) in [(&[][..], 0), (&[0], 0), (&[0, 1], 1), (&[1, 3], 3), (&[3, 4, 1], 4), (&[4, 5, 3], 5), (&[3, 0], 3), (&[75], 75)] {
            assert_eq!(exit_of_all(exits.iter().copied()), exit, "{exits:?}");
        }
    }

    #[test]
    fn a_shared_code_is_explained_once() {
        let problem = |subject: &str| Problem { code: "ENV-11", subject: subject.into(), detail: "a frame".into() };
        for language in [Language::English, Language::Chinese] {
            let texts = Texts::new(language);
            let mut page = Page::new(&texts);
            let (first, second) = (problem("one.gfp"), problem("two.gfp"));
            show(&[&first, &second, &first.clone()], &mut page);
            let text = page.finish();
            assert!(text.contains("one.gfp") && text.contains("two.gfp"));
            assert_eq!(text.matches("ENV-11").count(), 1);
            assert_eq!(text.lines().count(), 5, "{text}");
        }
    }
}
