//! Pages of the commands that set a home up, and of a person's acts.

use driver::report::{
    ActReport, BackupReport, CardReport, HomeRestoreReport, InitReport, KeysReport, KeysRevokedReport, Problem, RebaseReport, SetupReport, TrustReport,
};

use super::{Show, number};
use crate::page::{Page, bytes, moment};

impl Show for InitReport {
    fn show(&self, page: &mut Page) {
        let key = if self.created { "init.made" } else { "init.there" };
        page.say(key, &[("home", &self.home), ("zone", &self.zone), ("role", self.role)]);
        page.say("init.fingerprint", &[("fingerprint", &self.fingerprint)]);
        page.say("init.next", &[]);
    }
}

impl Show for CardReport {
    const ASKED: bool = true;
    fn show(&self, page: &mut Page) {
        page.line(self.card.trim_end_matches('\n'));
    }
}

impl Show for TrustReport {
    fn show(&self, page: &mut Page) {
        let key = if self.added { "trust.added" } else { "trust.there" };
        page.say(key, &[("zone", &self.zone), ("role", self.role), ("fingerprint", &self.fingerprint)]);
    }
}

impl Show for KeysReport {
    fn show(&self, page: &mut Page) {
        let made = if self.dry_run { "keys.would-make" } else { "keys.made" };
        page.say(made, &[("zone", &self.zone), ("generation", &self.generation.to_string())]);
        if let Some(fingerprint) = &self.fingerprint {
            page.say("keys.fingerprint", &[("fingerprint", fingerprint)]);
        }
        for route in &self.routes {
            let key = if route.unconfirmed.is_some() { "keys.announced" } else { "keys.signs" };
            let (route, zone, from) = (&route.route, &route.other_zone, &route.from.to_string());
            page.say(key, &[("route", route), ("zone", zone), ("generation", &self.generation.to_string()), ("from", from)]);
        }
        if !self.dry_run {
            page.say(if self.at_once { "keys.next-at-once" } else { "keys.next" }, &[]);
        }
    }
}

impl Show for KeysRevokedReport {
    fn show(&self, page: &mut Page) {
        let values = [("zone", self.zone.as_str()), ("generation", &self.generation.to_string()), ("fingerprint", &self.fingerprint)];
        page.say(if self.dry_run { "keys.would-revoke" } else { "keys.revoked" }, &values);
        for route in &self.routes {
            page.say("keys.revoked-from", &[("route", route), ("from", &self.from.to_string())]);
        }
        if !self.dry_run {
            page.say("keys.revoked-next", &[("zone", &self.zone)]);
        }
    }
}

impl Show for SetupReport {
    fn show(&self, page: &mut Page) {
        let key = match (self.kind, self.added) {
            ("archive", true) => "setup.archive-added",
            ("archive", false) => "setup.archive-there",
            (_, true) => "setup.route-added",
            (_, false) => "setup.route-there",
        };
        page.say(key, &[("name", &self.name), ("place", &self.place)]);
        if self.carries_all {
            page.say("setup.route-carries-all", &[("name", &self.name)]);
        }
    }
}

impl Show for BackupReport {
    fn show(&self, page: &mut Page) {
        let amounts = [
            ("files", self.files.to_string()),
            ("bytes", bytes(self.bytes)),
            ("written", bytes(self.written_bytes)),
            ("records", self.ledger_records.to_string()),
        ];
        let generation = self.generation.to_string();
        let mut values = vec![("folder", self.folder.as_str()), ("zone", &self.zone), ("generation", &generation)];
        values.extend(amounts.iter().map(|(name, value)| (*name, value.as_str())));
        let key = match (self.verified, self.dry_run) {
            (true, _) => "backup.verified",
            (_, true) => "backup.would",
            // Generations were looked at and are not right: the problems say it.
            (false, false) if !self.problems.is_empty() => return,
            (false, false) => "backup.written",
        };
        page.say(key, &values);
        let list = |generations: &[u64]| generations.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        if !self.generations.is_empty() {
            page.say(if self.dry_run { "backup.would-keep" } else { "backup.generations" }, &[("generations", &list(&self.generations))]);
        }
        if !self.removed.is_empty() {
            page.say(if self.dry_run { "backup.would-remove" } else { "backup.removed" }, &[("generations", &list(&self.removed))]);
        }
        if key == "backup.written" {
            page.say("backup.next", &[]);
        }
    }

    fn problems(&self) -> Vec<&Problem> {
        self.problems.iter().collect()
    }
}

impl Show for HomeRestoreReport {
    fn show(&self, page: &mut Page) {
        let (generation, records) = (self.generation.to_string(), self.ledger_records.to_string());
        let values = [
            ("home", self.home.as_str()),
            ("zone", &self.zone),
            ("role", self.role),
            ("generation", &generation),
            ("time", &moment(self.time)),
            ("records", &records),
        ];
        if self.dry_run {
            page.say("backup.would-restore", &values);
            page.say("backup.would-begin", &[("routes", &self.routes.join(", "))]);
            return;
        }
        page.say("backup.restored", &values);
        let life = self.incarnation.as_deref().unwrap_or_default();
        page.say("rebase.incarnation", &[("incarnation", life)]);
        for route in &self.routes {
            page.say("backup.rebase", &[("incarnation", life), ("route", route)]);
        }
    }
}

impl Show for ActReport {
    fn show(&self, page: &mut Page) {
        let key = match self.act {
            "resend" => "act.resend",
            "cancel" => "act.cancel",
            _ if self.dry_run && self.missing > 0 => "act.breaker-would-agree",
            _ if self.dry_run => "act.breaker-would-release",
            _ if self.missing > 0 => "act.breaker-agreed",
            _ => "act.breaker-release",
        };
        page.say(key, &[("route", &self.route), ("items", &self.items.to_string()), ("missing", &self.missing.to_string())]);
        if self.absent > 0 {
            page.say("act.absent", &[("count", &number(self.absent))]);
        }
    }

    fn problems(&self) -> Vec<&Problem> {
        self.problems.iter().collect()
    }
}

impl Show for RebaseReport {
    fn show(&self, page: &mut Page) {
        let done = match (self.way, self.dry_run) {
            (_, false) if self.missing > 0 => "rebase.agreed",
            ("new-life", false) => "rebase.new-life",
            ("new-life", true) => "rebase.would-new-life",
            ("ask", false) => "rebase.ask",
            ("ask", true) => "rebase.would-ask",
            ("refuse", false) => "rebase.refuse",
            ("refuse", true) => "rebase.would-refuse",
            (_, false) => "rebase.follow",
            (_, true) => "rebase.would-follow",
        };
        page.say(done, &[("route", &self.route), ("routes", &self.routes.join(", ")), ("missing", &self.missing.to_string())]);
        if self.dry_run && self.missing > 0 {
            page.say("rebase.would-need", &[("missing", &self.missing.to_string())]);
        }
        page.say("rebase.incarnation", &[("incarnation", &self.incarnation)]);
        if let Some(life) = &self.life {
            page.say("rebase.life", &[("incarnation", life)]);
        }
        if self.way == "refuse" {
            return;
        }
        page.say("rebase.confirm", &[("count", &number(self.confirm_items)), ("bytes", &bytes(self.confirm_bytes))]);
        if self.send_items > 0 {
            page.say("rebase.send", &[("count", &number(self.send_items)), ("bytes", &bytes(self.send_bytes))]);
        }
        let source_went_back = matches!((self.role, self.way), ("source", "new-life") | ("replica", "follow"));
        if source_went_back {
            page.say("rebase.archive-too", &[]);
        }
        if !self.dry_run && self.missing == 0 {
            page.say(if self.role == "source" { "rebase.next-source" } else { "rebase.next-replica" }, &[("route", &self.route)]);
        }
    }

    fn problems(&self) -> Vec<&Problem> {
        self.problems.iter().collect()
    }
}
