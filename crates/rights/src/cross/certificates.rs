//! X32 to X34: certificates, publicity and retired regions.

use super::index::Index;
use super::rows::NO_DAY;
use super::{Parameters, Tell, hit};

/// X32: a certificate in effect shows a field of an earlier version that is another one now.
pub(super) fn outdated(index: &Index, _: &Parameters, tell: Tell<'_>) {
    let mut outdated = index.outdated.clone();
    outdated.sort_unstable();
    outdated.dedup();
    for of_one in outdated.chunk_by(|left, right| left.0 == right.0) {
        let sources = index.alike(of_one.iter().map(|(_, source)| *source));
        tell(hit(32, [vec![of_one[0].0], sources].concat(), []));
    }
}

/// X33: a dividend scheme or certificate in effect since before the last day of its publicity.
pub(super) fn effective_before_the_publicity_was_over(index: &Index, _: &Parameters, tell: Tell<'_>) {
    let schemes = index.dividend_schemes.iter().map(|scheme| (scheme.record, scheme.effective, scheme.from, scheme.publicity_to));
    let certificates =
        index.certificates.iter().map(|certificate| (certificate.record, certificate.effective, certificate.issued_on, certificate.publicity_to));
    for (record, ..) in schemes.chain(certificates).filter(|(_, effective, from, to)| *effective && *to != NO_DAY && from < to) {
        tell(hit(33, [record], []));
    }
}

/// X34: a region that is no more, and records that hold in it.
pub(super) fn region_retired(index: &Index, parameters: &Parameters, tell: Tell<'_>) {
    let today = parameters.today.days();
    for region in index.admin_regions.iter().filter(|region| region.valid_to != NO_DAY && region.valid_to < today) {
        let records = index.holding_in(region.codes, today);
        if records > 0 {
            tell(hit(34, [region.record], [("records", "记录数", i64::try_from(records).unwrap_or(i64::MAX))]));
        }
    }
}
