//! Certificates that lack a right proof in an archive from which routes show parts of them: outside nobody could prove these.

use rights::certificate::{self, KIND};
use rights::kind::Kind;
use rights::tree::Branches;

use super::trusting::Trusted;
use crate::home::Home;
use crate::report::Problem;
use crate::terms::template_of;

/// The code of a certificate without a right proof.
pub const UNSIGNED: &str = "SRC-15";

/// Whether a route shows parts of the certificates of an archive. Where none does, nobody needs their proofs.
pub fn are_shown(home: &Home, archive: &str) -> bool {
    let Some(kind) = Kind::named(KIND) else { return false };
    let shows = |name: &String| template_of(home, name).is_some_and(|template| template.draft().projection(kind).is_some());
    home.source().routes.iter().any(|(name, route)| route.archive == archive && shows(name))
}

/// Whether a record is a certificate that lacks a right proof by keys of this zone that still count.
pub fn is_unsigned(home: &Home, fields: &Branches<'_>) -> bool {
    let trusted = Trusted { cards: &[], home: Some(home) };
    fields.text("kind") == KIND && !certificate::is_signed(&fields.to_map(), &|signer, message, signature| trusted.check_counting(signer, message, signature))
}

/// One of them, or several.
pub fn problem(subject: String, detail: impl Into<String>) -> Problem {
    Problem { code: UNSIGNED, subject, detail: detail.into() }
}
