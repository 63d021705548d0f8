//! What the tests of this crate are made of: short words for values, a source and a replica that are told what happens.

use alloc::collections::BTreeMap;
use alloc::vec;
use alloc::vec::Vec;
use wire::card::Role;
use wire::digest::{StateDigest, of_bytes, projection};
use wire::id::Bytes;
use wire::keys::KeyNotice;
use wire::manifest::{Document, Head, Item as CarriedItem, Manifest, Mark, Part};
use wire::receipt::{Answer, Form, Outcome, Range, ReadBack, Receipt, Row, SourceSeen};
use wire::record::{
    AppliedRow, ArchiveAdded, Attested, Begun, Born, Captured, CapturedRow, Carried, FileStat, Judged, JudgedRow, PackBegun, Packed, PackedRow, PurgeAsked,
    Record, RouteAccepted, RouteAdded, StagedRow, Step, TemplateActivated, Verdict,
};
use wire::{Digest, Incarnation, ItemId, PackageId, RouteId, ZoneId};

use crate::order::Order;
use crate::reconcile::{Taken, WasPacked, take};
use crate::source::{Archive, Besides, Item, Package, Route, RouteItem, Source};
use crate::{replica, source};

/// Incarnations of the source's and of the replica's ledger.
pub(crate) const INSIDE: Incarnation = Incarnation([1; 16]);
pub(crate) const OUTSIDE: Incarnation = Incarnation([2; 16]);
/// The size of every document, bytes.
pub(crate) const BYTES: u64 = 100;

/// Numbers that look random and follow from a seed (SplitMix64).
pub(crate) struct Random(pub u64);

impl Random {
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
    pub fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
    pub fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

pub(crate) fn id(name: &str) -> ItemId {
    ItemId(name.as_bytes().to_vec())
}
pub(crate) fn digest(content: u8) -> Digest {
    Digest([content; 32])
}
pub(crate) fn package(number: u64) -> PackageId {
    PackageId(u128::from(number).to_be_bytes())
}
pub(crate) fn head(number: u64) -> Head {
    Head { number, digest: Digest::ZERO }
}
pub(crate) fn range(first: u64, last: u64) -> Range {
    Range { first, last }
}

// --- the source, made of what it knows -------------------------------------------------------------------------------------

/// An item that was captured at this version and not read.
pub(crate) fn item(name: &str, version: u64) -> Item {
    let inode = of_bytes(name.as_bytes()).0.iter().fold(0, |inode, byte| inode << 1 ^ u64::from(*byte));
    let stat = FileStat { size: BYTES, modified: 7, changed: 7, inode, executable: false };
    Item {
        id: id(name),
        version,
        stat,
        gone: false,
        digest: None,
        content_since: 0,
        young: false,
        rotten: false,
        captured_at: 0,
        shape: wire::record::Shape::Unknown,
        read_at: 0,
        rid: 0,
        besides: Besides::default(),
        described: false,
    }
}

/// What is known of an item that was packed in this sequence at one version and proven at another.
pub(crate) fn sent(packed_version: u64, packed_sequence: u64, proven_version: u64) -> RouteItem {
    RouteItem { packed_version, packed_sequence, proven_version, proven_bytes: BYTES, attempts: 1, ..RouteItem::default() }
}

/// A package that was packed at this time.
pub(crate) fn on_its_way(packed_at: i64) -> Package {
    Package { package: package(1), carried: Carried::Gateway, file_digest: Digest::ZERO, file_bytes: 1, packed_at, items: 1, answered_later: 0, lost: false }
}

/// An archive and a route with these items.
pub(crate) fn world(items: Vec<(Item, RouteItem)>) -> (Archive, Route) {
    let source = Inside::new().source;
    let (mut archive, mut route) = (source.archives["a"].clone(), source.routes["r"].clone());
    for ((item, sent), number) in items.into_iter().zip(0u32..) {
        archive.items.push(item);
        archive.order.insert(&archive.items, number);
        route.items.push(sent);
    }
    (archive, route)
}

// --- the source, told what happens -----------------------------------------------------------------------------------------

/// A source with an archive `a` and a route `r`, and what it packed.
pub(crate) struct Inside {
    pub source: Source,
    pub packed: BTreeMap<u64, Packed>,
    pub now: i64,
}

impl Inside {
    pub fn new() -> Self {
        let mut inside = Self { source: Source::default(), packed: BTreeMap::new(), now: 0 };
        inside.tell(Born { incarnation: INSIDE, zone: ZoneId::ZERO, name: "inside".into(), role: Role::Source });
        inside.tell(ArchiveAdded { archive: "a".into(), root: Bytes(vec![b'/']) });
        inside.tell(RouteAdded { route: "r".into(), route_id: RouteId::ZERO, archive: "a".into(), replica: ZoneId::ZERO });
        inside
    }
    /// One that has captured these and packed all of them in sequence 1.
    pub fn with(names: &[&str]) -> Self {
        let mut inside = Self::new();
        names.iter().for_each(|name| inside.capture(name));
        inside.pack(1, names);
        inside
    }
    pub fn tell(&mut self, record: impl Into<Record>) {
        self.source.fold(self.now, &record.into());
    }
    pub fn archive(&self) -> &Archive {
        &self.source.archives["a"]
    }
    pub fn route(&self) -> &Route {
        &self.source.routes["r"]
    }
    pub fn sent(&self, name: &str) -> RouteItem {
        self.route().item(self.archive().find(&id(name)).unwrap().0)
    }
    pub fn capture(&mut self, name: &str) {
        self.captured(name, true);
    }
    pub fn remove(&mut self, name: &str) {
        self.captured(name, false);
    }
    fn captured(&mut self, name: &str, there: bool) {
        let archive = self.archive();
        let (number, new, version) = match archive.find(&id(name)) {
            Some((number, item)) => (number, None, item.version + 1),
            None => (archive.items.len() as u32, Some(id(name)), 1),
        };
        let stat = there.then(|| FileStat { modified: version as i64, ..item(name, 1).stat });
        self.tell(Captured { archive: "a".into(), root: None, rows: vec![CapturedRow { item: number, id: new, version, stat }] });
    }
    /// A template becomes active.
    pub fn activate(&mut self) {
        let (route, template, text, reason) = ("r".into(), "t".into(), "".into(), "why".into());
        self.tell(TemplateActivated { route, template, version: 1, digest: Digest::ZERO, text, reason });
    }
    /// The template of the route does not carry it as it is now.
    pub fn judge_out(&mut self, name: &str) {
        let (item, version) = self.archive().find(&id(name)).map(|(number, item)| (number, item.version)).unwrap();
        self.tell(Judged { route: "r".into(), rows: vec![JudgedRow { item, version, verdict: Verdict::Out }] });
    }
    /// Enough people ask that these are purged.
    pub fn purge(&mut self, names: &[&str]) {
        let items = names.iter().map(|name| self.archive().find(&id(name)).unwrap().0).collect();
        self.tell(PurgeAsked { route: "r".into(), who: "li".into(), items, enough: true, reason: "why".into() });
    }
    /// Packs these whole, as they were captured last.
    pub fn pack(&mut self, sequence: u64, names: &[&str]) {
        let rows: Vec<_> = names.iter().map(|name| (*name, None)).collect();
        self.packed(sequence, &rows);
    }
    /// Packs one part: offset and length.
    pub fn pack_part(&mut self, sequence: u64, name: &str, part: (u64, u64)) {
        self.packed(sequence, &[(name, Some(part))]);
    }
    /// Asks for these in an inventory over a span.
    pub fn pack_inventory(&mut self, sequence: u64, span: wire::manifest::Span, names: &[&str]) {
        let rows: Vec<_> = names.iter().map(|name| (*name, None)).collect();
        self.told(sequence, &rows, Some(span));
    }
    fn packed(&mut self, sequence: u64, rows: &[(&str, Option<(u64, u64)>)]) {
        self.told(sequence, rows, None);
    }
    fn told(&mut self, sequence: u64, rows: &[(&str, Option<(u64, u64)>)], inventory: Option<wire::manifest::Span>) {
        let asks = inventory.is_some();
        let row = |(name, part): (&str, Option<(u64, u64)>), place: u64| {
            let (number, item) = self.archive().find(&id(name)).unwrap();
            let content = of_bytes(&[&item.id.0, item.version.to_le_bytes().as_slice()].concat());
            let there = |digest: Digest| if item.gone { Digest::ZERO } else { digest };
            PackedRow {
                item: number,
                version: item.version,
                mark: match (self.route().item(number).is_purging() && part.is_none() && !asks, item.gone) {
                    (true, _) => Mark::Purge,
                    (false, true) => Mark::Delete,
                    (false, false) => Mark::Document,
                },
                digest: there(content),
                bytes: if item.gone { 0 } else { BYTES },
                projected: there(projection(&content, BYTES, item.stat.modified, false)),
                expected: there(of_bytes(&[sequence.to_le_bytes(), place.to_le_bytes()].concat())),
                part: part.map(|(offset, length)| Part { offset, length, digest: Digest::ZERO }),
                young: false,
                shape: wire::record::Shape::Unknown,
                read: None,
            }
        };
        let packed = Packed {
            route: "r".into(),
            sequence,
            package: package(sequence),
            carried: Carried::Medium(wire::MediumId::ZERO),
            file_digest: Digest::ZERO,
            file_bytes: 1,
            document_bytes: 1,
            acknowledges: 0,
            full_receipt: false,
            inventory,
            rows: rows.iter().zip(0..).map(|(of, place)| row(*of, place)).collect(),
            chunks: Vec::new(),
        };
        self.tell(PackBegun { route: "r".into(), sequence, package: package(sequence) });
        self.tell(packed.clone());
        self.packed.insert(sequence, packed);
    }
    pub fn was_packed(&self, sequence: u64) -> Option<WasPacked> {
        self.packed.get(&sequence).map(|packed| WasPacked { package: packed.package, rows: packed.rows.clone(), inventory: packed.inventory.is_some() })
    }
    /// The answer to a package with these outcomes and the digests that belong to them.
    pub fn answer(&self, sequence: u64, outcomes: &[Outcome]) -> Answer {
        let rows = outcomes.iter().zip(0u32..).map(|(outcome, row)| {
            let read_back = outcome.proves() || *outcome == Outcome::Held;
            let expected = self.packed[&sequence].rows.get(row as usize).map_or(Digest::ZERO, |packed| packed.expected);
            Row { row, outcome: outcome.number(), digest: if read_back { expected } else { Digest::ZERO } }
        });
        Answer { sequence, package: package(sequence), rows: rows.collect() }
    }
    /// A full receipt that answers one package.
    pub fn full(&self, number: u64, sequence: u64, outcomes: &[Outcome]) -> Receipt {
        self.receipt(number, Form::Full { answers: vec![self.answer(sequence, outcomes)] })
    }
    /// A receipt that agrees with what the source knows, its head growing with its number.
    pub fn receipt(&self, number: u64, form: Form) -> Receipt {
        let (sequence, seen) = self.packed.last_key_value().map_or((1, package(1)), |(sequence, packed)| (*sequence, packed.package));
        Receipt {
            route_id: RouteId::ZERO,
            source: ZoneId::ZERO,
            replica: ZoneId::ZERO,
            incarnation: OUTSIDE,
            number,
            ledger: head(number * 10),
            source_seen: SourceSeen { incarnation: INSIDE, sequence, package: seen, ledger: head(1) },
            missing: Vec::new(),
            missing_more: false,
            form,
            state: StateDigest::default(),
            free_bytes: 0,
            read_back: ReadBack::Memory,
            more: false,
            escaped: 0,
            kept_aside: 0,
            extra: 0,
            keys: KeyNotice::FIRST,
        }
    }
    /// Compares a receipt, and folds what it settles; its code where it is refused.
    pub fn take(&mut self, receipt: &Receipt) -> Result<Taken, &'static str> {
        let taken = take("r", self.route(), package(1000 + receipt.number), receipt, &|sequence| self.was_packed(sequence));
        let taken = taken.map_err(|rejection| rejection.code())?;
        self.tell(taken.record.clone());
        Ok(taken)
    }
    /// The sum over what is proven to be there, made anew.
    pub fn state_of_items(&self) -> StateDigest {
        let mut state = StateDigest::default();
        for (item, sent) in self.archive().items.iter().zip(self.route().items.iter()).filter(|(_, sent)| sent.proven_version > 0 && !sent.proven_gone) {
            state.add(&item.id, sent.proven_version, &sent.proven_projected);
        }
        state
    }
}

pub(crate) fn part_state(offset: u64, length: u64, sequence: u64, held: bool) -> source::PartState {
    source::PartState { offset, length, sequence, held }
}

// --- the replica -----------------------------------------------------------------------------------------------------------

/// An item that the replica holds.
pub(crate) fn held(name: &str, version: u64, content: u8) -> replica::Item {
    replica::Item {
        id: id(name),
        version,
        removed: false,
        digest: digest(content),
        size: BYTES,
        modified: 7,
        executable: false,
        disk: None,
        former: false,
        confirmed: true,
        sequence: 1,
        row: 0,
        damaged: 0,
        read_at: 0,
        read_in: 0,
    }
}

/// A route of a replica with these items.
pub(crate) fn replica_route(items: Vec<replica::Item>) -> replica::Route {
    let mut route = replica::Route::new(RouteId::ZERO, ZoneId::ZERO, Vec::new());
    route.order = Order::of(&items);
    route.items = items;
    route
}

/// A package that was seen: its items, how far it has come, the receipt that answers it.
pub(crate) fn seen(sequence: u64, items: u32, progress: replica::Progress, covered_in: u64) -> (u64, replica::Seen) {
    (sequence, replica::Seen { package: package(sequence), ledger: head(sequence * 10), nonce: [0; 32], items, progress, covered_in })
}

pub(crate) fn document(content: u8, part: Option<(u64, u64)>) -> Document {
    let part = part.map(|(offset, length)| Part { offset, length, digest: Digest::ZERO });
    Document { name: Bytes(Vec::new()), digest: digest(content), size: BYTES, modified: 7, executable: false, part, at: 0, pieces: Vec::new() }
}

/// A row of a package: a document, or with none a deletion.
pub(crate) fn carried(name: &str, version: u64, document: Option<Document>) -> CarriedItem {
    let mark = if document.is_some() { Mark::Document } else { Mark::Delete };
    CarriedItem { id: id(name), version, mark, replaces: None, transaction: None, record: None, documents: document.into_iter().collect() }
}

/// A manifest of the source that `Inside` is; its head grows with its sequence.
pub(crate) fn manifest(sequence: u64, items: Vec<CarriedItem>) -> Manifest {
    Manifest {
        route: "r".into(),
        route_id: RouteId::ZERO,
        source: ZoneId::ZERO,
        replica: ZoneId::ZERO,
        incarnation: INSIDE,
        sequence,
        floor: 0,
        previous: Vec::new(),
        ledger: head(sequence * 10),
        acknowledged: None,
        agreed: None,
        flags: 0,
        nonce: [0; 32],
        medium: None,
        template: None,
        keys: KeyNotice::FIRST,
        inventory: None,
        bases: Vec::new(),
        blocks: Vec::new(),
        items,
    }
}

/// A replica with a route `r`.
pub(crate) struct Outside {
    pub replica: replica::Replica,
    pub now: i64,
}

impl Outside {
    pub fn new() -> Self {
        let mut outside = Self { replica: replica::Replica::default(), now: 0 };
        outside.tell(Born { incarnation: OUTSIDE, zone: ZoneId::ZERO, name: "outside".into(), role: Role::Replica });
        outside.tell(RouteAccepted { route: "r".into(), route_id: RouteId::ZERO, source: ZoneId::ZERO, into: Bytes(vec![b'/']) });
        outside
    }
    pub fn tell(&mut self, record: impl Into<Record>) {
        self.replica.fold(self.now, &record.into());
    }
    pub fn route(&self) -> &replica::Route {
        &self.replica.routes["r"]
    }
    pub fn item(&self, name: &str) -> &replica::Item {
        self.route().find(&id(name)).unwrap().1
    }
    /// Rows of an apply record: name, version, step, content.
    pub fn staged(&self, rows: &[(&str, u64, Step, u8)]) -> Vec<StagedRow> {
        let mut next = self.route().items.len() as u32;
        let row = |(name, version, step, content): &(&str, u64, Step, u8)| {
            let known = self.route().find(&id(name)).map(|(number, _)| number);
            let item = known.unwrap_or(next);
            next += u32::from(known.is_none());
            let removes = *step == Step::Remove;
            StagedRow {
                item,
                id: known.is_none().then(|| id(name)),
                version: *version,
                mark: if removes { Mark::Delete } else { Mark::Document },
                transaction: None,
                step: *step,
                digest: if removes { Digest::ZERO } else { digest(*content) },
                size: if removes { 0 } else { BYTES },
                modified: 7,
                executable: false,
                part: None,
            }
        };
        rows.iter().map(row).collect()
    }
    pub fn begin(&mut self, sequence: u64, rows: Vec<StagedRow>) {
        self.tell(Begun {
            route: "r".into(),
            sequence,
            package: package(sequence),
            incarnation: INSIDE,
            floor: 0,
            ledger: head(sequence * 10),
            acknowledged: None,
            full_receipt: false,
            nonce: [0; 32],
            rows,
        });
    }
    pub fn apply(&mut self, sequence: u64, rows: Vec<AppliedRow>) {
        self.tell(wire::record::Applied { route: "r".into(), sequence, rows });
    }
    pub fn attest(&mut self, sequence: u64, outcomes: &[Outcome]) {
        let rows = outcomes.iter().zip(0u32..).map(|(outcome, row)| Row { row, outcome: outcome.number(), digest: Digest::ZERO }).collect();
        self.tell(Attested { route: "r".into(), sequence, read_back: ReadBack::Memory, rows });
    }
    /// Brings a package whose rows go as planned and are read back as they should be.
    pub fn bring(&mut self, sequence: u64, rows: &[(&str, u64, Step, u8)]) {
        self.begin(sequence, self.staged(rows));
        self.apply(sequence, Vec::new());
        self.attest(sequence, &vec![Outcome::Applied; rows.len()]);
    }
    /// The sum over what counts, made anew.
    pub fn state_of_items(&self) -> StateDigest {
        let mut state = StateDigest::default();
        for item in self.route().items.iter().filter(|item| item.version > 0 && !item.removed && item.damaged == 0) {
            state.add(&item.id, item.version, &projection(&item.digest, item.size, item.modified, item.executable));
        }
        state
    }
}
