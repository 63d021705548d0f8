//! What can happen in a world: everything that a step of a plan may be, as plain values.

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
    /// The source asks that nothing older of an item be left.
    Purge,
    /// Another template becomes active on the route of a replica.
    Template {
        /// The replica.
        replica: u8,
        /// What strikes.
        strike: Option<Strike>,
    },
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
    /// A home makes its next generation of keys.
    Rotate {
        /// 0 is the source, then the replicas.
        home: u8,
        /// They sign at once, and people bring the card.
        at_once: bool,
        /// What strikes.
        strike: Option<Strike>,
    },
    /// People bring the card of keys that sign at once, if one is still to be brought.
    Card {
        /// 0 is the source, then the replicas.
        home: u8,
    },
    /// Keys are stolen: new ones sign at once, the old ones are revoked.
    Stolen {
        /// 0 is the source, then the replicas.
        home: u8,
        /// Revoked from the first number on; else from the switch on.
        at_all: bool,
    },
    /// The home of a replica is lost, and a new one adopts its tree.
    Adopt {
        /// The replica.
        replica: u8,
        /// People copied the archive onto the tree before.
        filled: bool,
    },
    /// The next parity file is written, where the first route has parity.
    Parity {
        /// The medium.
        medium: u8,
        /// What strikes.
        strike: Option<Strike>,
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
