//! The plan of a world: a list of steps, each a plain value that can be printed, left out and played again. Whatever a step
//! still has to choose it chooses from its own `draw`, so that leaving out another step changes nothing of it but what it
//! meets.

use super::random::Random;
use std::fmt;

/// What kind of thing people do to the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// A new document.
    Create,
    /// Another content under the same name.
    Rewrite,
    /// A few bytes put into a document.
    Insert,
    /// A document large enough for chunks, and for parts on a small medium.
    Large,
    /// Only the time changes.
    Touch,
    /// Only the executable bit changes.
    Chmod,
    /// A document gets another name.
    Rename,
    /// A folder gets another name.
    RenameFolder,
    /// A document is copied.
    Copy,
    /// A document is removed.
    Remove,
    /// A document becomes a folder.
    FileToFolder,
    /// A folder becomes a document.
    FolderToFile,
    /// More is removed at once than the route allows.
    MassRemove,
    /// More is rewritten at once than the route allows.
    MassRewrite,
}

/// What strikes a command while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strike {
    /// The process is killed at an operation; what it wrote stays in the system's memory.
    Kill,
    /// Power fails at an operation: what was not synced may be lost, torn, or out of order.
    PowerCut,
    /// An operation fails with an input/output error.
    Eio,
    /// An operation finds no room.
    Enospc,
    /// A sync fails, and loses what it was to make durable.
    SyncFails,
    /// A read fails.
    ReadFails,
    /// The medium is pulled out at an operation.
    Pulled,
    /// The medium has little room.
    MediumFull,
    /// The medium cannot be written.
    Protected,
}

impl Strike {
    /// All of them.
    pub const ALL: [Strike; 9] = [
        Strike::Kill,
        Strike::PowerCut,
        Strike::Eio,
        Strike::Enospc,
        Strike::SyncFails,
        Strike::ReadFails,
        Strike::Pulled,
        Strike::MediumFull,
        Strike::Protected,
    ];

    /// Its name in reports.
    pub fn word(self) -> &'static str {
        match self {
            Strike::Kill => "killed",
            Strike::PowerCut => "power-cut",
            Strike::Eio => "io-error",
            Strike::Enospc => "disk-full",
            Strike::SyncFails => "sync-fails",
            Strike::ReadFails => "read-fails",
            Strike::Pulled => "medium-pulled",
            Strike::MediumFull => "medium-full",
            Strike::Protected => "write-protected",
        }
    }

    /// Whether it strikes a medium, so that it needs one.
    pub fn needs_medium(self) -> bool {
        matches!(self, Strike::Pulled | Strike::MediumFull | Strike::Protected)
    }
}

/// What is done to files on their way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// A package or receipt is lost.
    Lose,
    /// A second copy travels on another medium.
    Double,
    /// It is taken off and may come late.
    Delay,
    /// What was taken off comes now.
    Arrive,
    /// A bit flips.
    Flip,
    /// The end is missing.
    Truncate,
    /// It is carried to a zone it is not for.
    Misroute,
    /// A medium is wiped.
    Wipe,
    /// Half of a file that was never finished lies on the medium.
    Part,
}

/// What is done to a replica behind its back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hand {
    /// Somebody edits a document.
    Edit,
    /// Somebody removes a document.
    Erase,
    /// Somebody adds a file.
    Extra,
    /// Bits flip, times stay.
    Rot,
}

/// What happens to the archive without anybody's will.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mishap {
    /// Bits flip, times stay.
    Rot,
    /// The root is empty.
    Empty,
    /// The root is not there.
    Unmount,
    /// A file cannot be read.
    Unreadable,
    /// Another folder lies in the place of the root, and other files in it.
    Elsewhere,
    /// Its volume is mounted anew: the file system has another number, and everything is as it was.
    Remount,
}

/// What a clock does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockTrouble {
    /// Ten years ahead.
    Ahead,
    /// Ten years back.
    Back,
    /// It stands still.
    Stands,
}

/// What happens to an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexTrouble {
    /// It is gone.
    Lost,
    /// An older copy lies in its place.
    Stale,
    /// It is damaged.
    Damaged,
}

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// People work in the archive.
    People(Deed),
    /// The source puts items back into the queue.
    Resend,
    /// The source gives an item up.
    Cancel,
    /// People agree to what a breaker stopped.
    Release,
    /// `carry` on the source with a medium.
    Source {
        /// The medium.
        medium: u8,
        /// What strikes.
        strike: Option<Strike>,
    },
    /// `carry` on a replica with a medium.
    Replica {
        /// The replica.
        replica: u8,
        /// The medium.
        medium: u8,
        /// What strikes.
        strike: Option<Strike>,
    },
    /// A round of the daemon of the source, over the gateway.
    GatewayOut {
        /// What strikes.
        strike: Option<Strike>,
    },
    /// A round of the daemon of the replica behind the gateway.
    GatewayIn {
        /// What strikes.
        strike: Option<Strike>,
    },
    /// `scrub` on a replica.
    Scrub {
        /// The replica.
        replica: u8,
        /// What strikes.
        strike: Option<Strike>,
    },
    /// `capture --deep`.
    Deep,
    /// `ledger rebuild` of a home, and what it gives compared with what was there.
    Rebuild {
        /// 0 is the source, then the replicas.
        home: u8,
    },
    /// Files on their way.
    Way(Way),
    /// A replica's tree.
    Hand(Hand),
    /// The archive.
    Mishap(Mishap),
    /// The archive is put right again.
    Mend,
    /// A clock goes wrong.
    Clock {
        /// 0 is the source, then the replicas.
        home: u8,
        /// How.
        trouble: ClockTrouble,
    },
    /// A clock is set right.
    ClockRight {
        /// 0 is the source, then the replicas.
        home: u8,
    },
    /// Months pass.
    Late,
    /// A copy of a home's volume is laid aside.
    Backup {
        /// 0 is the source, then the replicas.
        home: u8,
    },
    /// An earlier copy of a home's volume is put back.
    Restore {
        /// 0 is the source, then the replicas.
        home: u8,
    },
    /// People agree to the way back wherever a route stopped at a fork.
    Agree {
        /// What strikes.
        strike: Option<Strike>,
    },
    /// Who put a home back begins its new life at once.
    NewLife {
        /// 0 is the source, then the replicas.
        home: u8,
    },
    /// A second copy of a home carries a medium, and is shut down.
    Copy {
        /// 0 is the source, then the replicas.
        home: u8,
        /// The medium.
        medium: u8,
    },
    /// An index goes wrong.
    Index {
        /// 0 is the source, then the replicas.
        home: u8,
        /// How.
        trouble: IndexTrouble,
    },
    /// Power fails between two commands: what was not synced may be lost.
    Outage {
        /// 0 is the source, then the replicas.
        home: u8,
    },
}

/// A step of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its place in the plan of the seed.
    pub number: u16,
    /// What happens.
    pub act: Act,
    /// What it chooses from.
    pub draw: u64,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>4}  {:?}", self.number, self.act)
    }
}

/// How a world is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Replicas that are reached by medium.
    pub by_medium: u8,
    /// Whether one more is reached over gateway folders.
    pub gateway: bool,
    /// Media.
    pub media: u8,
    /// Whether a replica's tree lies on the volume of its home.
    pub tree_with_home: bool,
    /// Media are so small that large documents travel in parts.
    pub small_media: bool,
}

impl Shape {
    /// Replicas in all.
    pub fn replicas(&self) -> u8 {
        self.by_medium + u8::from(self.gateway)
    }
}

/// What a seed makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The seed.
    pub seed: u64,
    /// The layout.
    pub shape: Shape,
    /// The steps.
    pub steps: Vec<Step>,
}

const DEEDS: [(Deed, u64); 12] = [
    (Deed::Create, 6),
    (Deed::Rewrite, 6),
    (Deed::Insert, 4),
    (Deed::Large, 1),
    (Deed::Touch, 2),
    (Deed::Chmod, 2),
    (Deed::Rename, 3),
    (Deed::RenameFolder, 1),
    (Deed::Copy, 2),
    (Deed::Remove, 3),
    (Deed::FileToFolder, 1),
    (Deed::FolderToFile, 1),
];

const WAYS: [(Way, u64); 9] = [
    (Way::Lose, 4),
    (Way::Double, 4),
    (Way::Delay, 3),
    (Way::Arrive, 5),
    (Way::Flip, 4),
    (Way::Truncate, 3),
    (Way::Misroute, 3),
    (Way::Wipe, 2),
    (Way::Part, 2),
];

fn weighted<T: Copy>(random: &mut Random, table: &[(T, u64)]) -> T {
    let mut left = random.below(table.iter().map(|(_, weight)| weight).sum());
    for (value, weight) in table {
        if left < *weight {
            return *value;
        }
        left -= weight;
    }
    table[0].0
}

/// Makes the plan of a seed with at most about so many crossings.
pub fn plan(seed: u64, crossings_max: u32) -> Plan {
    let mut random = Random::of(seed ^ 0x67_61_70_66_65_72_72_79);
    let by_medium = 1 + u8::try_from(random.below(2)).expect("small");
    let gateway = by_medium == 1 || random.one_in(2);
    let shape =
        Shape { by_medium, gateway, media: 2 + u8::try_from(random.below(2)).expect("small"), tree_with_home: random.one_in(2), small_media: random.one_in(4) };
    let mut steps = Steps { steps: Vec::new(), random };
    let rounds = (crossings_max / u32::from(shape.replicas())).clamp(2, 14);
    for round in 0..rounds {
        steps.round(&shape, round);
    }
    Plan { seed, shape, steps: steps.steps }
}

struct Steps {
    steps: Vec<Step>,
    random: Random,
}

impl Steps {
    fn push(&mut self, act: Act) {
        let (number, draw) = (u16::try_from(self.steps.len()).expect("a plan is short"), self.random.number());
        self.steps.push(Step { number, act, draw });
    }

    fn strike(&mut self, medium: bool) -> Option<Strike> {
        if !self.random.one_in(5) {
            return None;
        }
        let strike = *self.random.pick(&Strike::ALL).expect("there are some");
        (medium || !strike.needs_medium()).then_some(strike)
    }

    /// A killed process leaves much that is not durable: often the power goes next.
    fn aftermath(&mut self, strike: Option<Strike>, home: u8) {
        if strike == Some(Strike::Kill) && self.random.one_in(2) {
            self.push(Act::Outage { home });
        }
    }

    fn home(&mut self, shape: &Shape) -> u8 {
        u8::try_from(self.random.below(u64::from(shape.replicas()) + 1)).expect("small")
    }

    fn round(&mut self, shape: &Shape, round: u32) {
        for _ in 0..1 + self.random.below(3) {
            let deed = weighted(&mut self.random, &DEEDS);
            self.push(Act::People(deed));
        }
        self.trouble(shape, round);
        let medium = self.medium(shape);
        let strike = self.strike(true);
        self.push(Act::Source { medium, strike });
        self.aftermath(strike, 0);
        if self.random.one_in(4) {
            self.way();
        }
        for replica in 0..shape.by_medium {
            if self.random.one_in(12) {
                continue;
            }
            let strike = self.strike(true);
            self.push(Act::Replica { replica, medium, strike });
            self.aftermath(strike, replica + 1);
        }
        if self.random.one_in(5) {
            self.way();
        }
        if shape.gateway {
            let strike = self.strike(false);
            self.push(Act::GatewayOut { strike });
            if self.random.one_in(5) {
                self.way();
            }
            let strike = self.strike(false);
            self.push(Act::GatewayIn { strike });
        }
        if self.random.one_in(3) {
            let strike = self.strike(true);
            self.push(Act::Source { medium, strike });
        }
    }

    /// Who puts a home back may know what that means.
    fn restored(&mut self, home: u8) {
        self.push(Act::Restore { home });
        if self.random.one_in(3) {
            self.push(Act::NewLife { home });
        }
    }

    fn medium(&mut self, shape: &Shape) -> u8 {
        u8::try_from(self.random.below(u64::from(shape.media))).expect("small")
    }

    fn way(&mut self) {
        let way = weighted(&mut self.random, &WAYS);
        self.push(Act::Way(way));
    }

    /// What is rarer than a round.
    fn trouble(&mut self, shape: &Shape, round: u32) {
        let home = self.home(shape);
        let replica = u8::try_from(self.random.below(u64::from(shape.replicas()))).expect("small");
        match self.random.below(44) {
            0..3 => self.push(Act::Hand(Hand::Edit)),
            3..5 => self.push(Act::Hand(Hand::Erase)),
            5 => self.push(Act::Hand(Hand::Extra)),
            6..8 => self.push(Act::Hand(Hand::Rot)),
            8 => self.push(Act::Mishap(Mishap::Rot)),
            9 => self.push(Act::Mishap(Mishap::Empty)),
            10 => self.push(Act::Mishap(Mishap::Unmount)),
            11 => self.push(Act::Mishap(Mishap::Unreadable)),
            38 => self.push(Act::Mishap(Mishap::Elsewhere)),
            39 => self.push(Act::Mishap(Mishap::Remount)),
            12 => self.push(Act::Clock { home, trouble: ClockTrouble::Ahead }),
            13 => self.push(Act::Clock { home, trouble: ClockTrouble::Back }),
            14 => self.push(Act::Clock { home, trouble: ClockTrouble::Stands }),
            15..17 => self.push(Act::ClockRight { home }),
            17 => self.push(Act::Late),
            18..21 => self.push(Act::Backup { home }),
            21 if round > 3 => self.restored(home),
            40 if round > 1 => {
                let (home, medium) = (u8::try_from(self.random.below(u64::from(shape.by_medium) + 1)).expect("small"), self.medium(shape));
                self.push(Act::Copy { home, medium });
            }
            41..43 => {
                let strike = self.strike(false);
                self.push(Act::Agree { strike });
            }
            22 => self.push(Act::Index { home, trouble: IndexTrouble::Lost }),
            23 => self.push(Act::Index { home, trouble: IndexTrouble::Stale }),
            24 => self.push(Act::Index { home, trouble: IndexTrouble::Damaged }),
            25..27 => self.push(Act::Outage { home }),
            27 => self.push(Act::People(Deed::MassRemove)),
            28 => self.push(Act::People(Deed::MassRewrite)),
            29 => self.push(Act::Resend),
            30 => self.push(Act::Cancel),
            31..33 => {
                let strike = self.strike(false);
                self.push(Act::Scrub { replica, strike });
            }
            33 => self.push(Act::Deep),
            34 => self.push(Act::Rebuild { home }),
            35..37 => self.push(Act::Mend),
            37 => self.push(Act::Release),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_one_plan() {
        let one = plan(7, 40);
        assert_eq!(one, plan(7, 40));
        assert_ne!(one.steps, plan(8, 40).steps);
        assert!(one.steps.len() > 20 && one.steps.iter().enumerate().all(|(place, step)| place == usize::from(step.number)));
    }
}
