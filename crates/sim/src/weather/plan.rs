//! The plan of a world: a list of steps, each a plain value that can be printed, left out and played again. Whatever a step
//! still has to choose it chooses from its own `draw`, so that leaving out another step changes nothing of it but what it
//! meets.

use super::random::Random;

pub use super::act::{Act, ClockTrouble, Deed, Hand, IndexTrouble, Mishap, Step, Strike, Way};

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
    /// The first route has parity.
    pub parity: bool,
    /// The archive is one of records, and its routes have templates; their first ones follow from this number.
    pub records: Option<u64>,
}

impl Shape {
    /// Replicas in all.
    pub fn replicas(&self) -> u8 {
        self.by_medium + u8::from(self.gateway)
    }
}

/// What is rarer than a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    None,
    Hand(Hand),
    Mishap(Mishap),
    Clock(ClockTrouble),
    ClockRight,
    Late,
    Backup,
    Restore,
    Copy,
    Agree,
    Index(IndexTrouble),
    Outage,
    Mass(Deed),
    Resend,
    Cancel,
    Purge,
    Scrub,
    Deep,
    Rebuild,
    Mend,
    Release,
    Rotate,
    Card,
    Stolen,
    Adopt,
}

/// Chosen so that in a million crossings each kind of fault occurs ten thousand times at least; a run prints how often each did.
const TROUBLES: [(Trouble, u64); 38] = [
    (Trouble::None, 4),
    (Trouble::Hand(Hand::Edit), 3),
    (Trouble::Hand(Hand::Erase), 2),
    (Trouble::Hand(Hand::Extra), 1),
    (Trouble::Hand(Hand::Rot), 2),
    (Trouble::Mishap(Mishap::Rot), 6),
    (Trouble::Mishap(Mishap::Empty), 2),
    (Trouble::Mishap(Mishap::Unmount), 2),
    (Trouble::Mishap(Mishap::Unreadable), 3),
    (Trouble::Mishap(Mishap::Elsewhere), 2),
    (Trouble::Mishap(Mishap::Remount), 1),
    (Trouble::Clock(ClockTrouble::Ahead), 2),
    (Trouble::Clock(ClockTrouble::Back), 2),
    (Trouble::Clock(ClockTrouble::Stands), 2),
    (Trouble::ClockRight, 2),
    (Trouble::Late, 1),
    (Trouble::Backup, 3),
    (Trouble::Restore, 3),
    (Trouble::Copy, 8),
    (Trouble::Agree, 8),
    (Trouble::Index(IndexTrouble::Lost), 2),
    (Trouble::Index(IndexTrouble::Stale), 2),
    (Trouble::Index(IndexTrouble::Damaged), 2),
    (Trouble::Outage, 2),
    (Trouble::Mass(Deed::MassRemove), 1),
    (Trouble::Mass(Deed::MassRewrite), 1),
    (Trouble::Resend, 1),
    (Trouble::Cancel, 1),
    (Trouble::Purge, 2),
    (Trouble::Scrub, 2),
    (Trouble::Deep, 2),
    (Trouble::Rebuild, 1),
    (Trouble::Mend, 2),
    (Trouble::Release, 4),
    (Trouble::Rotate, 2),
    (Trouble::Card, 1),
    (Trouble::Stolen, 2),
    (Trouble::Adopt, 2),
];

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
    (Way::Lose, 7),
    (Way::Double, 13),
    (Way::Delay, 11),
    (Way::Arrive, 15),
    (Way::Flip, 4),
    (Way::Truncate, 4),
    (Way::Misroute, 9),
    (Way::Wipe, 2),
    (Way::Part, 3),
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

/// Whether the archive of a seed is one of records: worlds of files are what they were before there were others.
fn records_of(seed: u64) -> Option<u64> {
    let mut random = Random::of(seed ^ 0x72_65_63_6f_72_64_73);
    random.one_in(3).then(|| random.number())
}

/// Makes the plan of a seed with at most about so many crossings.
pub fn plan(seed: u64, crossings_max: u32) -> Plan {
    let mut random = Random::of(seed ^ 0x67_61_70_66_65_72_72_79);
    let by_medium = 1 + u8::try_from(random.below(2)).expect("small");
    let gateway = by_medium == 1 || random.one_in(2);
    let shape = Shape {
        by_medium,
        gateway,
        media: 2 + u8::try_from(random.below(2)).expect("small"),
        tree_with_home: random.one_in(2),
        small_media: random.one_in(4),
        parity: random.one_in(3),
        records: records_of(seed),
    };
    let mut steps = Steps { steps: Vec::new(), random, medium: 0 };
    let rounds = (crossings_max / u32::from(shape.replicas())).clamp(2, 14);
    for round in 0..rounds {
        steps.round(&shape, round);
    }
    Plan { seed, shape, steps: steps.steps }
}

struct Steps {
    steps: Vec<Step>,
    random: Random,
    /// The medium of the last round.
    medium: u8,
}

impl Steps {
    fn push(&mut self, act: Act) {
        let (number, draw) = (u16::try_from(self.steps.len()).expect("a plan is short"), self.random.number());
        self.steps.push(Step { number, act, draw });
    }

    fn strike(&mut self, medium: bool) -> Option<Strike> {
        if !self.random.one_in(12) {
            return None;
        }
        // A full medium often has room enough all the same.
        let strike = if medium && self.random.one_in(12) { Strike::MediumFull } else { *self.random.pick(&Strike::ALL).expect("there are some") };
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
        // People take a round or two to see what is wrong: what stands for longer shows no more of it.
        if self.random.one_in(2) {
            [Act::Mend, Act::Release, Act::Agree { strike: None }].into_iter().for_each(|act| self.push(act));
        }
        if shape.records.is_some() && self.random.one_in(4) {
            let replica = u8::try_from(self.random.below(u64::from(shape.replicas()))).expect("small");
            let strike = self.strike(false);
            self.push(Act::Template { replica, strike });
        }
        self.trouble(shape, round);
        if self.random.one_in(2) {
            self.trouble(shape, round);
        }
        // Who has one medium at hand mostly goes on with it; what lies on another one comes back late, and often for nothing.
        if self.random.one_in(3) {
            self.medium = self.any_medium(shape);
        }
        let medium = self.medium;
        let strike = self.strike(true);
        self.push(Act::Source { medium, strike });
        self.aftermath(strike, 0);
        if self.random.one_in(4) {
            self.way();
        }
        let medium = if shape.parity && self.random.one_in(4) { self.parity(shape, medium) } else { medium };
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

    /// Parity goes onto the next medium, and what was on the first one may be lost: the replica gets the other one.
    fn parity(&mut self, shape: &Shape, first: u8) -> u8 {
        let medium = (first + 1) % shape.media;
        let strike = self.strike(true);
        self.push(Act::Parity { medium, strike });
        medium
    }

    fn any_medium(&mut self, shape: &Shape) -> u8 {
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
        match weighted(&mut self.random, &TROUBLES) {
            Trouble::None => {}
            Trouble::Hand(hand) => self.push(Act::Hand(hand)),
            Trouble::Mishap(mishap) => self.push(Act::Mishap(mishap)),
            Trouble::Clock(trouble) => {
                self.push(Act::Clock { home, trouble });
                // One that stands shows when time passes.
                if trouble == ClockTrouble::Stands {
                    self.push(Act::Late);
                }
            }
            Trouble::ClockRight => self.push(Act::ClockRight { home }),
            Trouble::Late => self.push(Act::Late),
            Trouble::Backup => self.push(Act::Backup { home }),
            // There is one source, and more than one replica.
            Trouble::Restore if round > 2 => {
                let home = if self.random.one_in(4) { 0 } else { home };
                self.restored(home);
            }
            Trouble::Copy if round > 1 => {
                let (home, medium) = (u8::try_from(self.random.below(u64::from(shape.by_medium) + 1)).expect("small"), self.any_medium(shape));
                self.push(Act::Copy { home, medium });
            }
            Trouble::Restore | Trouble::Copy => {}
            Trouble::Agree => {
                let strike = self.strike(false);
                self.push(Act::Agree { strike });
            }
            Trouble::Index(trouble) => self.push(Act::Index { home, trouble }),
            Trouble::Outage => self.push(Act::Outage { home }),
            Trouble::Mass(deed) => self.push(Act::People(deed)),
            Trouble::Resend => self.push(Act::Resend),
            Trouble::Cancel => self.push(Act::Cancel),
            Trouble::Purge => self.push(Act::Purge),
            Trouble::Scrub => {
                let strike = self.strike(false);
                self.push(Act::Scrub { replica, strike });
            }
            Trouble::Deep => self.push(Act::Deep),
            Trouble::Rebuild => self.push(Act::Rebuild { home }),
            Trouble::Mend => self.push(Act::Mend),
            Trouble::Release => self.push(Act::Release),
            Trouble::Rotate => {
                let (at_once, strike) = (self.random.one_in(3), self.strike(false));
                self.push(Act::Rotate { home, at_once, strike });
                self.aftermath(strike, home);
            }
            Trouble::Card => self.push(Act::Card { home }),
            Trouble::Stolen => {
                let at_all = self.random.one_in(2);
                self.push(Act::Stolen { home, at_all });
            }
            Trouble::Adopt => {
                let filled = self.random.one_in(2);
                self.push(Act::Adopt { replica, filled });
            }
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
