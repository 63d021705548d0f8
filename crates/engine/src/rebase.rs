//! How a route that stopped at a fork begins anew (P12): why it stopped, which way a person agrees to, and the floor above which
//! the numbers of a new life begin.

use alloc::collections::BTreeMap;
use alloc::string::String;
use serde::{Deserialize, Serialize};
use wire::Incarnation;
use wire::card::Role;
use wire::limits::{LIFE_STEP, NUMBER_MAX};
use wire::planted;
use wire::record::{Followed, RebaseAgreed, Rebased, Record, Stopped};

use crate::consent::Consent;

/// Why a route goes no further (P12).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// Code of the safety.
    pub code: String,
    /// What was seen.
    pub seen: String,
    /// Whose ledger went back or has another life.
    pub whose: Role,
    /// The other life of the other side, where one was seen.
    pub life: Option<Incarnation>,
}

impl From<&Stopped> for Stop {
    fn from(stopped: &Stopped) -> Self {
        Self { code: stopped.code.clone(), seen: stopped.seen.clone(), whose: stopped.whose, life: stopped.life }
    }
}

/// The next multiple but one of the step above a number: what was made after a backup lies below it.
pub fn floor_above(number: u64) -> u64 {
    if planted::is("new-life-in-old-numbers") { number } else { ((number / LIFE_STEP + 2) * LIFE_STEP).min(NUMBER_MAX - 1) }
}

/// How a route begins anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// This ledger begins a new life, with all its routes.
    NewLife,
    /// Source: the replica is asked what it holds; receipts of this incarnation are not taken any more.
    Ask {
        /// The incarnation.
        former: Option<Incarnation>,
        /// The one that is followed instead, where it is known.
        life: Option<Incarnation>,
    },
    /// Replica: what the source says from now on is followed; packages of this incarnation are not taken any more.
    Follow {
        /// The incarnation.
        former: Option<Incarnation>,
        /// The one that is followed instead, where it is known.
        life: Option<Incarnation>,
    },
    /// What stopped the route is a second copy or long over: it is refused, and the route goes on as before.
    Refuse {
        /// Its incarnation.
        life: Incarnation,
    },
}

impl Way {
    /// The word of the command line.
    pub fn word(&self) -> &'static str {
        match self {
            Way::NewLife => "new-life",
            Way::Ask { .. } => "ask",
            Way::Follow { .. } => "follow",
            Way::Refuse { .. } => "refuse",
        }
    }
}

/// What several people agree to, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meant {
    /// The word of the way.
    pub way: String,
    /// The incarnation of the other side that is not to be followed any more.
    pub former: Option<Incarnation>,
    /// The one that is followed instead, or refused.
    pub life: Option<Incarnation>,
}

impl From<&Way> for Meant {
    fn from(way: &Way) -> Self {
        let (former, life) = match way {
            Way::NewLife => (None, None),
            Way::Ask { former, life } | Way::Follow { former, life } => (*former, *life),
            Way::Refuse { life } => (None, Some(*life)),
        };
        Self { way: way.word().into(), former, life }
    }
}

/// Who has agreed so far that a route begins anew, where several people must.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreements(BTreeMap<String, Consent<Meant>>);

impl Agreements {
    /// Those on a route.
    pub fn on(&self, route: &str) -> Option<&Consent<Meant>> {
        self.0.get(route)
    }

    /// Folds a record in. What begins anew, or is stopped anew, is not what people agreed to before.
    pub fn fold(&mut self, record: &Record) {
        match record {
            Record::RebaseAgreed(RebaseAgreed { route, who, way, former, life, .. }) => {
                let mut open = self.0.remove(route);
                Consent::agree(&mut open, who, Meant { way: way.clone(), former: *former, life: *life });
                self.0.extend(open.map(|open| (route.clone(), open)));
            }
            Record::Reborn(_) => self.0.clear(),
            Record::Rebased(Rebased { route, .. }) | Record::Followed(Followed { route, .. }) | Record::Stopped(Stopped { route, .. }) => {
                self.0.remove(route);
            }
            _ => {}
        }
    }
}

/// What a person chose beside the way that a stop asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// Nothing.
    #[default]
    AsNeeded,
    /// This ledger begins a new life, whether anybody has noticed or not.
    NewLife,
    /// What stopped the route is refused.
    Refuse,
    /// The other side's home was put back or copied, and its people told which life its ledger has begun: nothing need stop first.
    Known(Incarnation),
}

/// The way back of a route after this stop, with the other side's incarnation as it is followed now. None: nothing is to be
/// agreed to here.
pub fn way_back(role: Role, stop: Option<&Stop>, other: Option<Incarnation>, choice: Choice) -> Option<Way> {
    if choice == Choice::Refuse {
        return stop?.life.map(|life| Way::Refuse { life });
    }
    if choice == Choice::NewLife || stop.is_some_and(|stop| stop.whose == role) {
        return Some(Way::NewLife);
    }
    if let Choice::Known(life) = choice {
        let former = Some(other.filter(|other| *other != life)?);
        return Some(if role == Role::Source { Way::Ask { former, life: Some(life) } } else { Way::Follow { former, life: Some(life) } });
    }
    // Who only counted too far ahead goes on as who it is.
    let former = other.filter(|_| stop.is_some_and(|stop| stop.code != "FRK-05"));
    match role {
        Role::Source => Some(Way::Ask { former, life: stop.and_then(|stop| stop.life) }),
        Role::Replica => stop.map(|stop| Way::Follow { former, life: stop.life }),
    }
}
