//! A template that this version carries out, and what it makes of a record.

use crate::context::{Context, Reach};
use crate::documents::{Document, Kept, Listed, Rules, as_it_is};
use crate::draft::{Allowed, Draft, Purpose};
use crate::fault::{self, Fault};
use crate::node::Node;
use crate::projection::{Fate, Projecting, Shown, mask_of, plan};
use crate::quantity;
use crate::refusing;
use crate::select::{self, Gathering, Why};
use rights::kind::{Field, Kind, Zone};
use rights::mask::{Mask, Masking};
use rights::record::Record;

/// When packages are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// By the daemon and by command.
    Auto,
    /// By command only.
    Manual,
    /// By command, and by the daemon when the trigger holds for a record that changed.
    ManualAndAuto,
}

/// The form of receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptForm {
    /// A row for each item.
    Full,
    /// One digest, and exceptions.
    Digest,
}

/// What becomes of a record on a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It does not travel; a copy that is there goes.
    Out(Why),
    /// It travels like this.
    Carried(Carried),
}

/// What travels of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Carried {
    /// The projected record, in its canonical form.
    pub record: Vec<u8>,
    /// The documents, in the order of the record.
    pub documents: Vec<Document>,
    /// The fields that are there and do not travel.
    pub withheld: Vec<&'static str>,
    /// The fields that do not travel as they are.
    pub masked: Vec<&'static str>,
    /// The documents that do not travel.
    pub kept: Vec<(String, Kept)>,
}

/// A template that is carried out.
#[derive(Clone, Debug)]
pub struct Template {
    draft: Draft,
    documents: Rules,
    /// What becomes of each field, by projection of the draft.
    plans: Vec<Vec<(Field, Fate)>>,
    deadline_seconds: u64,
}

impl Purpose {
    /// The zone whose columns hold; none for a backup, where everything is in full.
    pub fn zone(self) -> Option<Zone> {
        match self {
            Self::Use => Some(Zone::Outside),
            Self::Exchange => Some(Zone::Exchange),
            Self::Public => Some(Zone::Web),
            Self::Backup => None,
        }
    }
}

impl Template {
    /// Reads a template. An error gives every fault of its form, and where there is none, everything in it that is not carried out.
    pub fn parse(text: &str) -> Result<Self, Vec<Fault>> {
        Self::of(Draft::parse(text)?)
    }

    /// The template of a draft, when this version carries out all of it.
    pub fn of(draft: Draft) -> Result<Self, Vec<Fault>> {
        let mut faults = refusing::refusals(&draft);
        let deadline = draft.text("verify", "deadline").and_then(quantity::duration_seconds);
        match deadline {
            Some(deadline_seconds) if faults.is_empty() => {
                let plans = draft.projections.iter().map(|projected| plan(&draft, projected)).collect();
                Ok(Self { documents: Rules::of(&draft), plans, draft, deadline_seconds })
            }
            _ => {
                if deadline.is_none() {
                    faults.push(Fault::new(&fault::MISSING, 0, "verify.deadline", "deadline"));
                }
                faults.sort_by_key(|fault| fault.line);
                Err(faults)
            }
        }
    }

    /// What it is made of.
    pub fn draft(&self) -> &Draft {
        &self.draft
    }

    /// `route.id`.
    pub fn id(&self) -> &str {
        self.draft.id()
    }

    /// The names of the source's and the replica's zones.
    pub fn zones(&self) -> (&str, &str) {
        let text = |key: &str| self.draft.text("route", key).unwrap_or_default();
        (text("source"), text("replica"))
    }

    /// When packages are made; by the daemon and by command when nothing is said.
    pub fn mode(&self) -> Mode {
        match self.draft.text("schedule", "mode") {
            Some("manual") => Mode::Manual,
            Some("manual+auto") => Mode::ManualAndAuto,
            _ => Mode::Auto,
        }
    }

    /// Whether a record that changed is one that the daemon is to pack for: the trigger holds for it, or there is none.
    pub fn triggers(&self, record: &Record, context: &dyn Context) -> bool {
        let holds =
            |(kind, condition): &(&'static Kind, crate::predicate::Predicate)| kind.name == record.kind().name && condition.holds(record, context, false);
        self.draft.trigger.as_ref().is_none_or(holds)
    }

    /// Whether it says of some records that they must not wait.
    pub fn has_urgent(&self) -> bool {
        self.draft.urgent.is_some()
    }

    /// Whether a change of a record must not wait: it goes ahead of everything else on the route.
    pub fn is_urgent(&self, record: &Record, context: &dyn Context) -> bool {
        let holds = |condition: &crate::predicate::Predicate| {
            self.draft.kinds().iter().any(|kind| kind.name == record.kind().name) && condition.holds(record, context, false)
        };
        self.draft.urgent.as_ref().is_some_and(holds)
    }

    /// Whether it bounds how long changes may wait.
    pub fn bounds_waiting(&self) -> bool {
        self.has_urgent() || self.draft.given("schedule", "max_delay").is_some()
    }

    /// Seconds that a change of a record may wait until a package holds it, where it is bounded.
    pub fn delay_seconds(&self, record: &Record, context: &dyn Context) -> Option<u64> {
        let duration = |node: Option<&Node>| node.and_then(Node::text).and_then(quantity::duration_seconds);
        let urgent = self.draft.given("schedule", "urgent").filter(|_| self.is_urgent(record, context)).and_then(|urgent| urgent.get("max_delay"));
        let triggered = self.draft.given("schedule", "max_delay").filter(|_| self.triggers(record, context));
        [duration(urgent), duration(triggered)].into_iter().flatten().min()
    }

    /// Whether `schedule` asks for other records than the one that changed.
    pub fn schedule_looks_around(&self) -> bool {
        let triggers = self.draft.trigger.iter().map(|(_, condition)| condition);
        triggers.chain(&self.draft.urgent).any(|condition| condition.reach().records)
    }

    /// Seconds after which a package without receipt is overdue.
    pub fn deadline_seconds(&self) -> u64 {
        self.deadline_seconds
    }

    /// The form of receipts, where it is said.
    pub fn receipt(&self) -> Option<ReceiptForm> {
        match self.draft.text("verify", "receipt")? {
            "full" => Some(ReceiptForm::Full),
            _ => Some(ReceiptForm::Digest),
        }
    }

    /// The share of items, 0 to 1, more than which must not be deleted or changed at once, where it is said.
    pub fn breaker(&self) -> Option<f64> {
        self.draft.given("verify", "breaker")?.number()
    }

    /// Bytes of the largest package, where it is said.
    pub fn package_bytes_max(&self) -> Option<u64> {
        self.draft.text("package", "package_max").and_then(quantity::size_bytes)
    }

    /// Whether something is taken out of every document before it travels.
    pub fn strips(&self) -> bool {
        self.documents.strips()
    }

    /// Whether something is taken out of this document of a record, should it travel.
    pub fn strips_of(&self, record: &Record, document_id: &str) -> bool {
        self.draft.identity.is_none() && self.documents.strips_of(record, document_id)
    }

    /// What its answers depend on beside the record, the replica's region and the key of the route.
    pub fn reach(&self) -> Reach {
        let projected = self.draft.projections.iter().filter_map(|projected| projected.condition.as_ref());
        let conditions = self.draft.blocks.iter().map(|block| &block.condition).chain(projected);
        let bands = self.draft.projections.iter().flat_map(|projected| &projected.masks).any(|(_, mask)| *mask == Mask::AgeBand);
        conditions.map(crate::predicate::Predicate::reach).fold(Reach { day: bands, records: false }, Reach::and)
    }

    /// Whether it asks which records others name: then [`Template::gathering`] goes over all records first.
    pub fn gathers(&self) -> bool {
        self.draft.blocks.iter().any(|block| block.condition.referenced_by().is_some())
    }

    /// What goes over all records to find which ones others name.
    pub fn gathering(&self) -> Gathering<'_> {
        Gathering::new(&self.draft)
    }

    /// Whether nobody can say that a record does not travel, which no block selects: one that may name it could not be read.
    pub fn may_travel(&self, record: &Record, context: &dyn Context) -> bool {
        select::may_travel(&self.draft, record, context)
    }

    /// What becomes of a record.
    pub fn judge(&self, record: &Record, context: &dyn Context) -> Verdict {
        if let Err(why) = select::travels(&self.draft, record, context) {
            return Verdict::Out(why);
        }
        if self.draft.identity.is_some() {
            let documents = Listed::of(record).map(|listed| as_it_is(&listed, None)).collect();
            return Verdict::Carried(Carried { record: record.canonical(), documents, withheld: Vec::new(), masked: Vec::new(), kept: Vec::new() });
        }
        // A draft that is carried out projects every kind that it selects.
        let mut planned = self.draft.projections.iter().zip(&self.plans);
        let Some((projected, plan)) = planned.find(|(projected, _)| projected.kind.name == record.kind().name) else { return Verdict::Out(Why::Kind) };
        let (mut documents, mut kept) = (Vec::new(), Vec::new());
        for listed in Listed::of(record) {
            match self.documents.judge(record, listed, &self.draft, context) {
                Ok(document) => documents.push(document),
                Err(why) => kept.push((listed.id().to_owned(), why)),
            }
        }
        let masking = Masking { route_key: Some(context.route_key()), today: Some(context.today()) };
        let Shown { fields, withheld, masked } = Projecting { draft: &self.draft, projected, plan, masking, record, documents: &documents }.shown();
        let bytes = rights::json::canonical_of(fields.iter().map(|(name, value)| (*name, value.as_ref())));
        drop(fields);
        Verdict::Carried(Carried { record: bytes, documents, withheld, masked, kept })
    }

    /// The fields of a kind that it lists, each with the mask that it goes under.
    pub fn listed(&self, kind: &Kind) -> Vec<(&'static str, Mask)> {
        let zone = self.draft.purpose.zone();
        let Some(projected) = self.draft.projection(kind) else { return Vec::new() };
        let listed = kind.all_fields().filter(|field| projected.names(field.name));
        listed.map(|field| (field.name, mask_of(&field, projected.mask(field.name), zone))).collect()
    }
}

/// Whether the version of `all@N` is missing.
pub(crate) fn is_not_frozen(allowed: &Allowed) -> bool {
    matches!(allowed, Allowed::All { version: None, .. })
}
