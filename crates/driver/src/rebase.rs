//! The way back after a ledger went back (P12): a home that was put back from a backup, or copied, begins a new life; a route
//! begins anew, and only what is not right at the replica travels.
//!
//! A person on each side that stopped agrees: a copied machine looks like one that was put back.

use engine::inventory::outlook;
use engine::rebase::{Choice, Meant, Way, way_back};
use std::path::Path;
use wire::Incarnation;
use wire::card::Role;
use wire::record::{Followed, RebaseAgreed, Rebased, Reborn};

use crate::acts::{agree, would_agree};
use crate::home::{Access, Home};
use crate::report::{ApplyReport, Failure, RebaseReport};
use crate::world::World;

/// What `rebase` is asked for.
#[derive(Clone, Debug, Default)]
pub struct RebaseOptions {
    /// The route.
    pub route: String,
    /// Why; it goes into the ledger.
    pub reason: String,
    /// This home was put back or copied, though nobody has noticed yet.
    pub new_life: bool,
    /// What stopped the route is a second copy or an old medium: it is refused, and the route goes on as before.
    pub refuse: bool,
    /// The life that the other side's ledger has begun, as its people tell it: nothing need stop first.
    pub life: Option<String>,
    /// Shows what would be asked for and sent, and does nothing.
    pub dry_run: bool,
}

/// Lets a route begin anew: with a new life of this home, by following the other side's, or by asking what the replica holds.
/// Where several people must agree (`release_people`), it does with the last of them.
///
/// # Errors
/// `USE-01` for an unknown route, no reason, a replica where nothing is stopped, or a life that cannot be the other side's new one;
/// `HOM-*`, `LDG-*`, `IO-01`.
pub fn rebase(world: &World, path: &Path, options: &RebaseOptions) -> Result<RebaseReport, Failure> {
    crate::acts::require_reason("rebase", &options.reason)?;
    let mut home = Home::open(world, path, Access::Change)?;
    match decide(&mut home, options) {
        Ok(report) => {
            let agreed = if report.missing > 0 { " agreed to" } else { "" };
            home.close(&options.reason, &format!("{}: {}{agreed}", options.route, report.way))?;
            Ok(report)
        }
        Err(failure) => {
            let _closed = home.settle();
            Err(failure)
        }
    }
}

fn decide(home: &mut Home, options: &RebaseOptions) -> Result<RebaseReport, Failure> {
    let name = &options.route;
    let unknown = || Failure::new("USE-01", name, "no route of this name");
    if !home.config.routes.contains_key(name) {
        return Err(unknown());
    }
    let role = home.config.role;
    let choice = match (options.new_life, options.refuse, &options.life) {
        (_, true, _) => Choice::Refuse,
        (true, ..) => Choice::NewLife,
        (.., Some(text)) => Choice::Known(new_life_of_other(home, name, text)?),
        _ => Choice::AsNeeded,
    };
    let way = match role {
        Role::Source => {
            let route = home.source().routes.get(name).ok_or_else(unknown)?;
            way_back(role, route.stopped.as_ref(), route.witness.map(|witness| witness.incarnation), choice)
        }
        Role::Replica => {
            let route = home.replica().routes.get(name).ok_or_else(unknown)?;
            way_back(role, route.stopped.as_ref(), route.incarnation, choice)
        }
    };
    let way = way.ok_or_else(|| Failure::new("USE-01", name, no_way(home, name, choice)))?;
    let mut report = look(home, name, &way);
    report.dry_run = options.dry_run;
    let meant = Meant::from(&way);
    if options.dry_run {
        let people = would_agree(home, home.agreements().on(name), &meant);
        (report.agreed, report.missing) = (people.agreed, people.missing);
        return Ok(report);
    }
    let agreed =
        |who: String| RebaseAgreed { route: name.clone(), who, way: meant.way.clone(), former: meant.former, life: meant.life, reason: options.reason.clone() };
    let people = agree(home, &|home| home.agreements().on(name), &meant, agreed)?;
    report.problems.extend(people.problem(name, &format!("way ({})", meant.way)));
    (report.agreed, report.missing) = (people.agreed, people.missing);
    if report.missing > 0 {
        return Ok(report);
    }
    if role == Role::Replica {
        // What an interruption left is brought to its end while it is still known.
        crate::applying::recover(home, &mut ApplyReport::default())?;
    }
    // Which package of the life that is not followed any more was the last: where no other life has shown itself, the source may think
    // that all is well, and send nothing that could be refused.
    let refused = match way {
        Way::Follow { former: Some(former), life: None } => {
            home.replica().routes[name].packages.last_key_value().map(|(_, seen)| (seen.package, former, seen.ledger))
        }
        _ => None,
    };
    let (route, reason) = (name.clone(), options.reason.clone());
    match way {
        Way::NewLife => drop(begin_new_life(home, &reason)?),
        Way::Ask { former, life } => home.record(Rebased { route, former, life, anew: true, reason })?,
        Way::Follow { former, life } => home.record(Followed { route, former, life, anew: true, reason })?,
        Way::Refuse { life } if role == Role::Source => home.record(Rebased { route, former: Some(life), life: None, anew: false, reason })?,
        Way::Refuse { life } => home.record(Followed { route, former: Some(life), life: None, anew: false, reason })?,
    }
    home.commit()?;
    if role == Role::Replica && report.way != "refuse" {
        crate::receipts::forget(home, &report.routes)?;
    }
    if let Some((package, former, ledger)) = refused {
        crate::receipts::tell_refusal(home, name, package, former, ledger)?;
    }
    report.incarnation = home.incarnation().to_string();
    Ok(report)
}

/// Why there is nothing to agree to.
fn no_way(home: &Home, name: &str, choice: Choice) -> &'static str {
    let stopped = match home.config.role {
        Role::Source => home.source().routes[name].stopped.is_some(),
        Role::Replica => home.replica().routes[name].stopped.is_some(),
    };
    if stopped && choice == Choice::Refuse {
        return "what stopped this route is of no other life, which alone can be refused: the home that is to go on begins a new life (`rebase --new-life` there), and the other side agrees without --refuse";
    }
    "nothing is stopped here that this could answer; the source asks a replica again what it holds"
}

/// The life that people of the other side read out, if it can be that.
fn new_life_of_other(home: &Home, name: &str, text: &str) -> Result<Incarnation, Failure> {
    let wrong = |detail: &str| Err(Failure::new("USE-01", text, detail));
    let Some(life) = Incarnation::from_hex(text) else { return wrong("a life is 32 hex digits, as `home restore` and `status` print it") };
    let (own, former, followed) = match home.config.role {
        Role::Source => {
            let route = home.source().routes.get(name);
            (home.source().lives.contains(&life), route.map(|route| &route.former), route.and_then(|route| route.witness).map(|witness| witness.incarnation))
        }
        Role::Replica => {
            let route = home.replica().routes.get(name);
            (home.replica().lives.contains(&life), route.map(|route| &route.former), route.and_then(|route| route.incarnation))
        }
    };
    if own || life == home.incarnation() {
        return wrong("this is a life of this home's own ledger; what is needed is that of the other side");
    }
    if former.is_some_and(|former| former.contains(&life)) {
        return wrong("this life is over or was refused here");
    }
    match followed {
        Some(followed) if followed == life => wrong("this life is followed already"),
        None => wrong("the other side was never heard on this route: whichever life comes first is followed, and nothing is to be agreed to"),
        _ => Ok(life),
    }
}

/// What a way back means, before anything is done.
fn look(home: &Home, name: &str, way: &Way) -> RebaseReport {
    let role = home.config.role;
    let mut routes = vec![name.to_owned()];
    if *way == Way::NewLife {
        routes = match role {
            Role::Source => home.source().routes.keys().cloned().collect(),
            Role::Replica => home.replica().routes.keys().cloned().collect(),
        };
    }
    let mut report =
        RebaseReport { role: role.word(), route: name.into(), way: way.word(), incarnation: home.incarnation().to_string(), ..RebaseReport::default() };
    for route in routes.iter().filter(|_| !matches!(way, Way::Refuse { .. })) {
        match role {
            Role::Source => {
                let route = &home.source().routes[route];
                let ahead = outlook(&home.source().archives[&route.archive], route);
                report.confirm_items += ahead.confirm;
                report.confirm_bytes += ahead.confirm_bytes;
                report.send_items += ahead.send;
                report.send_bytes += ahead.send_bytes;
            }
            Role::Replica => {
                let held = || home.replica().routes[route].items.iter().filter(|item| item.held());
                report.confirm_items += held().count() as u64;
                report.confirm_bytes += held().map(|item| item.size).sum::<u64>();
            }
        }
    }
    report.life = match way {
        Way::Ask { life, .. } | Way::Follow { life, .. } => life.map(|life| life.to_string()),
        Way::Refuse { life } => Some(life.to_string()),
        Way::NewLife => None,
    };
    report.routes = routes;
    report
}

/// Begins a new life of the home's ledger: a new incarnation, and numbers above all that any copy of it can have used. Every
/// route begins anew; what is held or proven is confirmed again before anything travels. Durable when it returns.
///
/// # Errors
/// `LDG-*`, `IO-01`.
pub fn begin_new_life(home: &mut Home, reason: &str) -> Result<Incarnation, Failure> {
    let floor = match home.config.role {
        Role::Source => home.source().next_floor(),
        Role::Replica => home.replica().next_floor(),
    };
    let incarnation = Incarnation(home.world.random());
    home.record(Reborn { incarnation, floor, reason: reason.into() })?;
    home.commit()?;
    Ok(incarnation)
}

#[cfg(test)]
#[path = "rebase_test.rs"]
pub(crate) mod tests;
