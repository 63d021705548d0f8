//! Signs of life (P08): whether one is due, and since when the other side is silent.
//!
//! Over a medium only what is carried counts: nothing is expected there, nothing alarms. Now and then a sign of life goes along, so that
//! a replica finds out that somebody else has answered in its name.

use engine::heartbeat::{Heartbeat, seconds_since};
use wire::card::Role;
use wire::planted;
use wire::record::Carried;

use crate::home::Home;
use crate::moment::moment;
use crate::packing::{Target, source_route, without_items};
use crate::planning::Holds;
use crate::report::{Failure, PackReport, Problem};

/// The other side of a route of which something is expected to be heard.
pub struct Silence {
    /// Since it was last heard of.
    pub seconds: u64,
    /// The alarm, when that is too long ago.
    pub alarm: Option<Problem>,
}

fn beat(home: &Home) -> Heartbeat {
    Heartbeat::of(home.config.policy.heartbeat_hours)
}

/// When the other side was last heard of and when we last let it hear from us; none for a route the ledger does not know.
fn times(home: &Home, name: &str) -> Option<(i64, i64)> {
    match home.config.role {
        Role::Source => home.source().routes.get(name).map(|route| (route.heard_at, route.told_at)),
        Role::Replica => home.replica().routes.get(name).map(|route| (route.heard_at, route.told_at)),
    }
}

/// Whether the other side of a route is to hear from us now, over a gateway or over a medium.
pub fn is_due(home: &Home, name: &str, by_medium: bool) -> bool {
    let beat = if by_medium { beat(home).over_a_medium() } else { beat(home) };
    times(home, name).is_some_and(|(_, told_at)| beat.is_due(told_at, home.world.now_seconds()))
}

/// Lets the replica hear from us when nothing else did for a period, whatever stops the items: a stopped breaker and a missing archive
/// are no reason to seem dead. A fork is.
pub fn give_sign(home: &mut Home, name: &str, target: &Target<'_>, report: &mut PackReport) -> Result<(), Failure> {
    if is_due(home, name, target.carried != Carried::Gateway) && (source_route(home, name)?.stopped.is_none() || planted::is("alive-at-a-fork")) {
        without_items(home, name, target, &Holds::default(), report)?;
    }
    Ok(())
}

/// How silent the other side of a route is; none where nothing is expected.
pub fn silence(home: &Home, name: &str) -> Option<Silence> {
    let beat = beat(home);
    let arrives = home.config.routes.get(name)?.from_gateway.is_some();
    let (heard_at, _) = times(home, name).filter(|_| arrives && beat.period_seconds > 0)?;
    let (code, what) = match home.config.role {
        Role::Source => ("SRC-09", "no new receipt"),
        Role::Replica => ("RPL-07", "no new package"),
    };
    let now = home.world.now_seconds();
    let alarm = beat.is_silent(heard_at, now).then(|| Problem { code, subject: name.into(), detail: format!("{what} since {} UTC", moment(heard_at)) });
    Some(Silence { seconds: seconds_since(heard_at, now), alarm })
}

/// The alarms of all routes of a home.
pub fn alarms(home: &Home) -> Vec<Problem> {
    home.config.routes.keys().filter_map(|name| silence(home, name)?.alarm).collect()
}

#[cfg(test)]
#[path = "heartbeat_test.rs"]
mod tests;
