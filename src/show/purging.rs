//! Pages of what is purged, and of what still holds it.

use driver::report::{HoldingPackage, Problem, PurgeReport, PurgedItem, RoutePurge};

use super::{Show, name, number};
use crate::page::{Page, bytes, moment};

impl Show for PurgeReport {
    const ASKED: bool = true;

    fn show(&self, page: &mut Page) {
        if self.routes.is_empty() {
            page.say("purge.none", &[]);
        }
        for route in &self.routes {
            page.gap();
            of_route(route, self.dry_run, page);
        }
    }

    fn problems(&self) -> Vec<&Problem> {
        self.problems.iter().collect()
    }
}

fn of_route(route: &RoutePurge, dry_run: bool, page: &mut Page) {
    let key = match (dry_run, route.missing > 0) {
        (true, _) => "purge.would",
        (false, true) => "purge.agreed",
        (false, false) => "purge.asked",
    };
    let counts = [("items", route.items), ("gone", route.gone), ("open", route.open), ("missing", route.missing)].map(|(name, count)| (name, number(count)));
    let mut values: Vec<(&str, &str)> = counts.iter().map(|(name, count)| (*name, count.as_str())).collect();
    values.extend([("route", route.route.as_str()), ("zone", route.other_zone.as_str())]);
    page.say(key, &values);
    if !dry_run && route.missing == 0 && route.open > 0 {
        page.say("purge.next", &[]);
    }
    let row = |item: &PurgedItem| {
        let stays = page.texts.text(if item.stays { "purge.stays" } else { "purge.goes" });
        let proven = item.proven_at.map(|at| format!("  {}", moment(at))).unwrap_or_default();
        format!("{}{proven}  {}  {stays}", page.texts.word("purge-state", item.state), name(&item.item))
    };
    let rows: Vec<String> = route.listed.iter().map(row).collect();
    page.list("purge.items", route.items, rows.into_iter());
    if route.packages_total == 0 {
        page.say("purge.nowhere", &[]);
        return;
    }
    page.say("purge.packages", &[("count", &number(route.packages_total))]);
    let row = |package: &HoldingPackage| {
        let medium = package.medium.clone().unwrap_or_else(|| page.texts.text("purge.gateway"));
        let state = page.texts.word("purge-package", package.state);
        vec![medium, number(package.sequence), moment(package.packed_at), number(package.items), bytes(package.file_bytes), state, package.package.clone()]
    };
    let headings = ["heading.medium", ">heading.sequence", "heading.packed", ">heading.items", ">heading.file", "heading.state", "heading.package"];
    page.table(&headings, &route.packages.iter().map(row).collect::<Vec<_>>());
    page.say("purge.packages-next", &[]);
}
