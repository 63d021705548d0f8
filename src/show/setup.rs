//! Pages of the commands that set a home up, and of a person's acts.

use driver::report::{ActReport, CardReport, InitReport, SetupReport, TrustReport};

use super::Show;
use crate::page::Page;

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

impl Show for SetupReport {
    fn show(&self, page: &mut Page) {
        let key = match (self.kind, self.added) {
            ("archive", true) => "setup.archive-added",
            ("archive", false) => "setup.archive-there",
            (_, true) => "setup.route-added",
            (_, false) => "setup.route-there",
        };
        page.say(key, &[("name", &self.name), ("place", &self.place)]);
    }
}

impl Show for ActReport {
    fn show(&self, page: &mut Page) {
        let key = match self.act {
            "resend" => "act.resend",
            "cancel" => "act.cancel",
            _ => "act.breaker-release",
        };
        page.say(key, &[("route", &self.route), ("items", &self.items.to_string())]);
    }
}
