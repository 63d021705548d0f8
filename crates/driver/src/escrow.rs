//! What an escrow holder reads for another zone: nobody answers for it, so nobody sends again what a lost package brought.

use crate::home::Home;
use crate::report::{AppliedPackage, Problem};

/// What is to be said of packages that are not here.
pub fn gap(home: &Home, name: &str) -> Option<Problem> {
    let route = home.replica().routes.get(name).filter(|_| home.reads_for_another(name))?;
    let missing = route.missing();
    let (count, first) = (missing.iter().map(|range| range.last - range.first + 1).sum::<u64>(), missing.first()?.first);
    let highest = route.highest();
    let detail =
        format!("{count} packages before package {highest} are not here, the first is {first}: unless they only acknowledged, what they brought is missing");
    Some(Problem { code: "RPL-12", subject: name.into(), detail })
}

/// What is to be said of a package that builds on what is not here.
pub fn unfounded(home: &Home, done: &AppliedPackage) -> Option<Problem> {
    let AppliedPackage { route, sequence, failed, .. } = done;
    let detail = || format!("{failed} items of package {sequence} are not right here, or build on what a package brought that is not here");
    (*failed > 0 && home.reads_for_another(route)).then(|| Problem { code: "RPL-12", subject: route.clone(), detail: detail() })
}

#[cfg(test)]
#[path = "escrow_test.rs"]
pub(crate) mod tests;
