//! What the template of a route says of its packages and receipts, beside the policy of the home.

use engine::breaker::Allowances;
use std::sync::Arc;
use template::{ReceiptForm, Template};
use wire::card::Role;
use wire::planted;

use crate::home::Home;

/// The template that is active on a route, where there is one that this version carries out. Replicas have none.
pub fn template_of(home: &Home, name: &str) -> Option<Arc<Template>> {
    if home.config.role == Role::Replica || planted::is("template-terms-ignored") {
        return None;
    }
    let active = home.source().routes.get(name)?.template.as_ref()?;
    home.template(&active.text).ok()
}

/// Age after which a package of a route counts as lost, s.
pub fn deadline(home: &Home, name: &str) -> i64 {
    let policy = home.config.policy.deadline_hours.saturating_mul(3600);
    i64::try_from(template_of(home, name).map_or(policy, |template| template.deadline_seconds())).unwrap_or(i64::MAX)
}

/// Bytes of the largest package of a route.
pub fn package_bytes_max(home: &Home, name: &str) -> u64 {
    let template = template_of(home, name).and_then(|template| template.package_bytes_max());
    template.unwrap_or(u64::MAX).min(home.config.policy.package_bytes_max)
}

/// Whether each package of a route asks for a full receipt.
pub fn wants_full_receipts(home: &Home, name: &str) -> bool {
    template_of(home, name).and_then(|template| template.receipt()) == Some(ReceiptForm::Full)
}

/// What may change at once on a route.
pub fn allowances(home: &Home, name: &str) -> Allowances {
    let mut allowances = home.config.policy.allowances();
    if let Some(share) = template_of(home, name).and_then(|template| template.breaker()) {
        // Hundredths, as the policy counts; what lies between is cut off, to the safe side.
        allowances.at_once.percent = (share * 100.0).clamp(0.0, 100.0) as u64;
    }
    allowances
}
