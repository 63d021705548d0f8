//! What the ledger says: one kind of record per event or act, on either side (spec/ledger.md).
//!
//! A record is self-contained: the state of a home is a pure fold over its records, and the index holds nothing else.
//! Items are named by number: the order in which the ledger first met them, per archive on a source, per route on a replica.

mod bounds;

mod rows;

use crate::card::Role;
use crate::clause::{self, Rejection};
use crate::codec;
use crate::digest::StateDigest;
use crate::id::{Bytes, Digest, Incarnation, MediumId, PackageId, RouteId, ZoneId};
use crate::keys::NextKeys;
use crate::manifest::{Agreement, Head, Span, Witness};
use crate::receipt::{Range, ReadBack, Row};
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

mod caution;

pub use caution::{Cause, Place, Shape, Waiting};

pub use rows::*;

macro_rules! records {
    ($($(#[$doc:meta])* $number:literal $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* })*) => {
        /// A record of the ledger.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[serde(tag = "event", rename_all = "kebab-case")]
        pub enum Record {
            $($(#[$doc])* $name($name),)*
        }
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
            pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }

            impl From<$name> for Record {
                fn from(body: $name) -> Self {
                    Record::$name(body)
                }
            }
        )*
        impl Record {
            /// The kind, as in the frame of the record.
            pub fn kind(&self) -> u16 {
                match self { $(Record::$name(_) => $number,)* }
            }
            /// The name of the kind.
            pub fn word(&self) -> &'static str {
                match self { $(Record::$name(_) => stringify!($name),)* }
            }
            /// The body.
            pub fn encode(&self) -> Vec<u8> {
                match self { $(Record::$name(body) => codec::encode(body),)* }
            }
            /// Appends the body.
            pub fn append_to(&self, out: &mut Vec<u8>) {
                match self { $(Record::$name(body) => codec::append(body, out),)* }
            }
            /// Reads a body (clause LDG-06).
            pub fn decode(kind: u16, body: &[u8]) -> Result<Self, Rejection> {
                match kind {
                    $($number => codec::decode::<$name>(body, &clause::LDG_BODY).map(Record::$name),)*
                    _ => Err(Rejection(&clause::LDG_BODY)),
                }
                .and_then(|record: Record| bounds::check(&record).map(|()| record))
            }
            /// Whether its own reader takes it (clause LDG-06): what is written otherwise would close the ledger for good.
            pub fn check(&self) -> Result<(), Rejection> {
                bounds::check(self)
            }
            /// Every kind with its number, for the specification's table.
            pub const KINDS: &'static [(u16, &'static str)] = &[$(($number, stringify!($name))),*];
        }
    };
}

records! {
    /// A ledger begins its life.
    1 Born {
        /// Random id of this life.
        incarnation: Incarnation,
        /// The zone.
        zone: ZoneId,
        /// Its name.
        name: String,
        /// Its role.
        role: Role,
    }
    /// A person's or the daemon's act and how it ended.
    2 Acted {
        /// User.
        who: String,
        /// Host.
        host: String,
        /// Command, without secrets.
        command: String,
        /// Reason, where one is asked for.
        reason: String,
        /// How it ended, in a line.
        result: String,
    }
    /// A zone's card was trusted.
    3 Trusted {
        /// The zone.
        zone: ZoneId,
        /// Its name.
        name: String,
    }
    /// An archive was registered.
    4 ArchiveAdded {
        /// Its name.
        archive: String,
        /// Its root.
        root: Bytes,
    }
    /// A route was added on a source.
    5 RouteAdded {
        /// Its name.
        route: String,
        /// Its id.
        route_id: RouteId,
        /// Its archive.
        archive: String,
        /// Its replica zone.
        replica: ZoneId,
    }
    /// A route was accepted on a replica.
    6 RouteAccepted {
        /// Its name.
        route: String,
        /// Its id.
        route_id: RouteId,
        /// Its source zone.
        source: ZoneId,
        /// The replica tree.
        into: Bytes,
    }
    /// A ledger that was put back from a backup, or copied, begins a new life.
    7 Reborn {
        /// Random id of this life.
        incarnation: Incarnation,
        /// Sequences, versions and receipt numbers of earlier lives end here; those of this life are above.
        floor: u64,
        /// Why.
        reason: String,
    }
    /// The next generation of this zone's keys was made; its secrets are in the key file.
    8 KeysMade {
        /// The generation, from 2.
        generation: u32,
        /// Digest of its card.
        card: Digest,
        /// Why.
        reason: String,
    }
    /// From here on a zone's packages or receipts of a route are signed by this generation of its keys.
    9 KeysSwitched {
        /// The route.
        route: String,
        /// The zone: this one, or the one on the other side.
        zone: ZoneId,
        /// The generation.
        generation: u32,
        /// The first sequence or receipt number.
        from: u64,
    }
    /// Another zone's next generation of keys is known from now on.
    10 KeysLearned {
        /// The zone.
        zone: ZoneId,
        /// The keys.
        keys: NextKeys,
        /// A person compared their fingerprint; else they were announced under the generation before.
        by_person: bool,
    }
    /// A generation of another zone's keys is not believed any more.
    11 KeysRevoked {
        /// The zone.
        zone: ZoneId,
        /// The generation.
        generation: u32,
        /// Per route: from this sequence or receipt number on. On every other route at all.
        from: Vec<(String, u64)>,
        /// Why.
        reason: String,
    }
    /// One of several people who must agree that a route begins anew does.
    12 RebaseAgreed {
        /// The route.
        route: String,
        /// User.
        who: String,
        /// How: `new-life`, `ask`, `follow` or `refuse`.
        way: String,
        /// Incarnation of the other side that is not to be followed any more.
        former: Option<Incarnation>,
        /// The one that is followed instead, or refused.
        life: Option<Incarnation>,
        /// Why.
        reason: String,
    }
    /// A template takes effect on a route.
    13 TemplateActivated {
        /// The route.
        route: String,
        /// Its id.
        template: String,
        /// Counter of the templates of this route, from 1.
        version: u64,
        /// Digest of its text.
        digest: Digest,
        /// Its text.
        text: String,
        /// Why.
        reason: String,
    }
    /// The template of a route was asked about items.
    14 Judged {
        /// The route.
        route: String,
        /// What it said.
        rows: Vec<JudgedRow>,
    }
    /// Record files of an archive were read: what they say of themselves.
    15 Described {
        /// The archive.
        archive: String,
        /// The records, and their documents.
        rows: Vec<DescribedRow>,
    }
    /// Changes of an archive were captured.
    16 Captured {
        /// The archive.
        archive: String,
        /// Where its root lay, once that is to be remembered anew.
        root: Option<Place>,
        /// The changes.
        rows: Vec<CapturedRow>,
    }
    /// Documents were read outside a package.
    17 Read {
        /// The archive.
        archive: String,
        /// What was read.
        rows: Vec<ReadRow>,
    }
    /// Content differs though the file system shows no change.
    18 Rotten {
        /// The archive.
        archive: String,
        /// The items.
        items: Vec<u32>,
    }
    /// A package is about to be written: its sequence and id are taken for ever.
    19 PackBegun {
        /// The route.
        route: String,
        /// Its sequence.
        sequence: u64,
        /// Its id.
        package: PackageId,
    }
    /// A package is complete, read back, and about to get its final name.
    20 Packed {
        /// The route.
        route: String,
        /// Its sequence.
        sequence: u64,
        /// Its id.
        package: PackageId,
        /// Where it was put.
        carried: Carried,
        /// Digest of the whole file.
        file_digest: Digest,
        /// Its size, bytes.
        file_bytes: u64,
        /// Bytes of the items' documents that it brings or refers to.
        document_bytes: u64,
        /// Records in the replica's ledger of which it tells that a receipt has arrived (its acknowledged head); zero for none.
        acknowledges: u64,
        /// Whether it asks for a full receipt.
        full_receipt: bool,
        /// The span of ids it speaks of, when it is an inventory.
        inventory: Option<Span>,
        /// The items, in the order of the package.
        rows: Vec<PackedRow>,
        /// Chunks of large documents, for later deltas.
        chunks: Vec<ChunkList>,
    }
    /// A package was found missing or damaged on its medium.
    21 Lost {
        /// The route.
        route: String,
        /// Its sequence.
        sequence: u64,
        /// True when it was there but damaged.
        damaged: bool,
    }
    /// A receipt was taken in.
    22 Reconciled {
        /// The route.
        route: String,
        /// Its id.
        receipt: PackageId,
        /// Its number.
        number: u64,
        /// The replica's incarnation.
        incarnation: Incarnation,
        /// The replica's head that it quoted.
        ledger: Head,
        /// The head of this ledger that it quoted, and that was found in it.
        seen: Head,
        /// Sequences it answered.
        answered: Vec<Range>,
        /// Highest sequence the replica has seen.
        highest: u64,
        /// Sequences below it that the replica has not seen.
        missing: Vec<Range>,
        /// What it settled.
        rows: Vec<SettledRow>,
        /// Digest of the replica's state as it says; the fold compares it with what must be.
        state: StateDigest,
        /// Whether it was of the digest form and could not hold all exceptions.
        more: bool,
        /// Files on the replica that no item accounts for, as it says.
        extra: u32,
    }
    /// Items were put back into the queue by a person.
    23 Resent {
        /// The route.
        route: String,
        /// The items.
        items: Vec<u32>,
    }
    /// Items were given up by a person at these versions.
    24 Cancelled {
        /// The route.
        route: String,
        /// The items and the versions given up.
        items: Vec<(u32, u64)>,
    }
    /// More changed or vanished than the route allows.
    25 BreakerTripped {
        /// The route.
        route: String,
        /// What for.
        cause: Cause,
        /// Changes of that kind.
        changes: u64,
        /// How many are allowed.
        allowed: u64,
        /// On a replica: the package that is held back.
        package: Option<PackageId>,
        /// On a replica: the agreement of the source's people that this package belongs to.
        agreed: Option<Agreement>,
    }
    /// A person lets a stopped route go on.
    26 BreakerReleased {
        /// The route.
        route: String,
        /// What was agreed to.
        over: Waiting,
        /// How many changes the route allows without asking: so many may come on top.
        allowed: u64,
        /// On a source: also that the root of the archive is another folder than before.
        moved: bool,
        /// Why.
        reason: String,
    }
    /// A route was stopped by a safety.
    27 Stopped {
        /// The route.
        route: String,
        /// Code of the safety.
        code: String,
        /// What was seen.
        seen: String,
        /// Whose ledger went back or has another life: this home's, or that of the other side.
        whose: Role,
        /// The other life of the other side, where one was seen.
        life: Option<Incarnation>,
    }
    /// A medium got its label.
    28 Labelled {
        /// The medium.
        medium: MediumId,
    }
    /// A route began anew on a source: what the replica holds is asked for before anything travels.
    29 Rebased {
        /// The route.
        route: String,
        /// Incarnation of the replica that is not followed any more, or never was.
        former: Option<Incarnation>,
        /// Incarnation of the replica that is followed from now on; none for whichever answers first.
        life: Option<Incarnation>,
        /// Whether the route begins anew; else it goes on as before.
        anew: bool,
        /// Why.
        reason: String,
    }
    /// One of several people who must agree does.
    30 BreakerAgreed {
        /// The route.
        route: String,
        /// User.
        who: String,
        /// What was agreed to.
        over: Waiting,
        /// Why.
        reason: String,
    }
    /// People asked that of these items nothing older than they are now be left at the replica of a route; or one of several who must did.
    31 PurgeAsked {
        /// The route.
        route: String,
        /// User.
        who: String,
        /// The items, ascending.
        items: Vec<u32>,
        /// Whether enough people agree with this one: the mark `purge` travels from here on, until it is proven.
        enough: bool,
        /// Why.
        reason: String,
    }
    /// The apply record: a package is verified, staged and durable; its rows are about to be switched in.
    32 Begun {
        /// The route.
        route: String,
        /// Its sequence.
        sequence: u64,
        /// Its id.
        package: PackageId,
        /// The source's incarnation.
        incarnation: Incarnation,
        /// Packages up to this sequence are void.
        floor: u64,
        /// The source's head that it quoted.
        ledger: Head,
        /// What the source has seen of this replica.
        acknowledged: Option<Witness>,
        /// Whether a full receipt is asked for.
        full_receipt: bool,
        /// The nonce for proving possession.
        nonce: [u8; 32],
        /// What is to be done, row by row.
        rows: Vec<StagedRow>,
    }
    /// A package is switched in and durable.
    33 Applied {
        /// The route.
        route: String,
        /// Its sequence.
        sequence: u64,
        /// Where it went otherwise than planned.
        rows: Vec<AppliedRow>,
    }
    /// What was read back after a package was applied.
    34 Attested {
        /// The route.
        route: String,
        /// Its sequence.
        sequence: u64,
        /// Where from.
        read_back: ReadBack,
        /// Every row, in order.
        rows: Vec<Row>,
    }
    /// A receipt was made.
    35 Receipted {
        /// The route.
        route: String,
        /// Its number.
        number: u64,
        /// Its id.
        receipt: PackageId,
        /// Whether it is of the full form (or a scrub).
        full: bool,
        /// Whether it is of the scrub form.
        scrub: bool,
        /// Sequences it answers.
        answered: Vec<Range>,
        /// Whether the digest form could not hold all exceptions.
        more: bool,
    }
    /// The replica was re-read: what is not right on it now.
    36 Scrubbed {
        /// The route.
        route: String,
        /// Items read.
        items: u64,
        /// The items that are not right and their outcomes.
        damaged: Vec<(u32, u16)>,
    }
    /// Earlier versions were dropped from the history.
    37 Pruned {
        /// The route.
        route: String,
        /// Their places in it, ascending; the oldest is at 0.
        entries: Vec<u32>,
    }
    /// A person agreed on a replica that a stopped route goes on: what the source says from now on is followed.
    41 Followed {
        /// The route.
        route: String,
        /// Incarnation of the source that is not followed any more, or never was.
        former: Option<Incarnation>,
        /// Incarnation that is followed from now on; none for whichever comes first.
        life: Option<Incarnation>,
        /// Whether the route begins anew; else it goes on as before.
        anew: bool,
        /// Why.
        reason: String,
    }
    /// A part of the replica was re-read, or what no item accounts for was looked for or is about to be set aside.
    42 ScrubStep {
        /// The route.
        route: String,
        /// Its place in the count of the route's readings.
        step: u64,
        /// Whether it belongs to a scrub of everything that is under way.
        whole: bool,
        /// Items that were re-read.
        read: Vec<u32>,
        /// Of a scrub of everything: what was read back of each, under the key of its package; else empty.
        digests: Vec<Digest>,
        /// The items among them that are not right and their outcomes.
        damaged: Vec<(u32, u16)>,
        /// How many files no item accounts for, where they were looked for.
        extra: Option<u32>,
        /// Paths of such files that are about to be moved to the folder of this step, below the dot folder.
        set_aside: Vec<Bytes>,
    }
    /// On a source: less waits than people agreed to; the rest of the agreement is over.
    43 BreakerLapsed {
        /// The route.
        route: String,
        /// What waits.
        over: Waiting,
        /// How many changes the route allows without asking: so many stay agreed to beside it.
        allowed: u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_read_back_and_nothing_else_does() {
        let record = Record::from(Lost { route: "r".into(), sequence: 7, damaged: true });
        let body = record.encode();
        assert_eq!(Record::decode(21, &body), Ok(record));
        assert_eq!(Record::decode(21, &body[1..]).unwrap_err().code(), "LDG-06");
        assert_eq!(Record::decode(22, &body).unwrap_err().code(), "LDG-06");
        assert_eq!(Record::decode(9999, &body).unwrap_err().code(), "LDG-06");
    }

    #[test]
    fn kinds_are_distinct_and_ascending() {
        assert!(Record::KINDS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
