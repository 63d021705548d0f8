//! Pages that show where things stand: `status` and `items`.

use driver::report::{Counts, ItemReport, ItemsReport, Problem, RouteStatus, StatusReport};

use super::{Show, name, number};
use crate::page::{Page, bytes, span};

impl Show for StatusReport {
    const ASKED: bool = true;

    fn show(&self, page: &mut Page) {
        page.say("status.title", &[("zone", &self.zone), ("role", self.role), ("records", &number(self.ledger_records))]);
        if self.routes.is_empty() {
            page.say("status.none", &[]);
        }
        let counts = |counts: &Counts| [counts.total, counts.pending, counts.packed, counts.done, counts.failed, counts.stale, counts.cancelled].map(number);
        let rows: Vec<Vec<String>> = self
            .routes
            .iter()
            .map(|route| {
                let mut row = vec![route.route.clone(), route.other_zone.clone()];
                row.extend(counts(&route.items));
                row.push(bytes(route.bytes));
                row
            })
            .collect();
        let headings = [
            "heading.route",
            "heading.zone",
            ">heading.total",
            ">state.pending",
            ">state.packed",
            ">state.done",
            ">state.failed",
            ">state.stale",
            ">state.cancelled",
            ">heading.bytes",
        ];
        page.table(&headings, &rows);
        for route in &self.routes {
            page.gap();
            route_lines(route, self.role, page);
        }
    }

    fn problems(&self) -> Vec<&Problem> {
        self.problems.iter().collect()
    }
}

fn route_lines(route: &RouteStatus, role: &str, page: &mut Page) {
    page.say(
        if role == "source" { "status.source-route" } else { "status.replica-route" },
        &[("route", &route.route), ("place", &route.place), ("sequence", &number(route.sequence)), ("number", &number(route.receipt))],
    );
    if route.packages_unanswered > 0 {
        page.say("status.unanswered", &[("count", &number(route.packages_unanswered))]);
    }
    if let Some(seconds) = route.oldest_unpacked_seconds {
        page.say("status.unpacked", &[("span", &span(seconds, page.texts))]);
    }
    if let Some(seconds) = route.oldest_unproven_seconds {
        page.say("status.unproven", &[("span", &span(seconds, page.texts))]);
    }
    if route.urgent > 0 {
        page.say("status.urgent", &[("count", &number(route.urgent))]);
    }
    if let Some(seconds) = route.oldest_read_seconds {
        page.say("status.oldest-read", &[("span", &span(seconds, page.texts))]);
    }
    if route.extra > 0 {
        page.say("status.extra", &[("count", &number(route.extra))]);
    }
    if let Some(seconds) = route.silent_seconds {
        page.say("status.silent", &[("span", &span(seconds, page.texts))]);
    }
    if route.escaped > 0 {
        page.say("status.escaped", &[("count", &number(route.escaped))]);
    }
    let keys = &route.keys;
    if keys.signs > 1 || keys.unconfirmed.is_some() || keys.other_keys > 1 {
        let (signs, from, other) = (keys.signs.to_string(), number(keys.from), keys.other_keys.to_string());
        page.say("status.keys", &[("signs", &signs), ("from", &from), ("zone", &route.other_zone), ("other", &other)]);
    }
    if let Some(generation) = keys.unconfirmed {
        page.say("status.keys-unconfirmed", &[("zone", &route.other_zone), ("generation", &generation.to_string())]);
    }
    if route.unconfirmed > 0 {
        page.say("status.unconfirmed", &[("count", &number(route.unconfirmed))]);
    }
    if route.purging > 0 {
        page.say("status.purging", &[("count", &number(route.purging))]);
    }
    if !route.purge_agreed.is_empty() {
        page.say("status.purge-agreed", &[("people", &route.purge_agreed.join(", "))]);
    }
    if let Some(code) = &route.stopped {
        page.say("status.stopped", &[("code", code), ("remedy", &crate::advice::remedy(code, page.texts))]);
    }
    let text = |key: String| page.texts.known(&key, &[("route", &route.route)]);
    let by_daemon = route.gateway.then(|| text(format!("next-gateway.{}", route.next))).flatten();
    let next = by_daemon.or_else(|| text(format!("next.{}", route.next))).unwrap_or_else(|| route.next.into());
    page.say("status.next", &[("next", &next)]);
}

impl Show for ItemsReport {
    const ASKED: bool = true;

    fn show(&self, page: &mut Page) {
        if self.items.is_empty() {
            page.say("items.none", &[]);
        }
        let state = |word: &str| page.texts.word("state", word);
        let outcome = |word: &str| page.texts.word("outcome", word);
        let row = |item: &ItemReport| {
            let mut row = vec![item.route.clone(), state(item.state), number(item.version), number(item.proven_version), number(item.packed_sequence)];
            row.extend([number(item.attempts.into()), bytes(item.bytes), outcome(item.discrepancy)]);
            let shown = item.disk.as_ref().map_or_else(|| name(&item.item), |disk| format!("{} ({})", name(&item.item), name(disk)));
            row.push(shown);
            row
        };
        let headings = [
            "heading.route",
            "heading.state",
            ">heading.version",
            ">heading.proven-version",
            ">heading.sequence",
            ">heading.attempts",
            ">heading.bytes",
            "heading.discrepancy",
            "heading.item",
        ];
        page.table(&headings, &self.items.iter().map(row).collect::<Vec<_>>());
    }
}
