//! `trust`: a card is trusted when a person has compared its fingerprint, given on the command line or confirmed on the terminal.

use driver::World;
use driver::report::{Failure, TrustReport};
use std::io::{self, BufRead, IsTerminal};
use std::path::Path;

use crate::texts::Texts;
use crate::usage;
use crate::voice::{Voice, warn};

/// Trusts the card in `file`, in place of a zone's keys where it `replaces` them; without a fingerprint shows it and asks, where there is somebody to ask.
pub fn trust(world: &World, home: &Path, file: &Path, fingerprint: Option<String>, replaces: Option<String>, voice: &Voice) -> Result<TrustReport, Failure> {
    let trust = |fingerprint: &str| match &replaces {
        Some(zone) => driver::trust_replacing(world, home, file, fingerprint, zone),
        None => driver::trust(world, home, file, fingerprint),
    };
    if let Some(fingerprint) = fingerprint {
        return trust(&fingerprint);
    }
    if voice.json || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(usage::wrong("--fingerprint", voice.texts.text("trust.no-terminal")));
    }
    let card = driver::read_card(world, file)?;
    let fingerprint = card.fingerprint();
    let shown = voice.texts.fill("trust.shown", &[("zone", &card.zone), ("role", card.role.word()), ("fingerprint", &fingerprint)]);
    if !confirmed(&shown, "trust.ask", &voice.texts)? {
        return Err(Failure::new("CRD-09", file.display().to_string(), voice.texts.text("trust.declined")));
    }
    trust(&fingerprint)
}

/// Whether a person at the terminal says yes to what is shown, asked with the text of this key.
pub fn confirmed(shown: &str, question: &str, texts: &Texts) -> Result<bool, Failure> {
    warn(shown);
    warn(&texts.text(question));
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(|error| Failure::io("stdin", &error))?;
    Ok(agrees(&answer, texts))
}

/// Only the whole word counts.
fn agrees(answer: &str, texts: &Texts) -> bool {
    let answer = answer.trim().to_lowercase();
    answer == "yes" || answer == texts.text("trust.yes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn only_yes_is_yes() {
        for (answer, english, chinese) in
            [("yes\n", true, true), (" YES ", true, true), ("是", false, true), ("y", false, false), ("", false, false), ("no", false, false)]
        {
            assert_eq!(agrees(answer, &Texts::new(Language::English)), english, "{answer}");
            assert_eq!(agrees(answer, &Texts::new(Language::Chinese)), chinese, "{answer}");
        }
    }
}
