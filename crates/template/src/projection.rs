//! What of a record leaves: the fields that the allow-list names, each under its mask, never more than its column shows in the zone of
//! the route and never beyond the class of the route.
//!
//! What lies inside a field is shown as its own column says. Nothing that is left out leaves a trace: what would be empty is absent, what is
//! counted is counted anew, and of a document that is stripped neither digest nor size is told.

use crate::documents::{Document, Listed};
use crate::draft::{Draft, Projected};
use rights::certificate;
use rights::kind::{Field, Kind, Sens, Show, Type, Zone};
use rights::kinds;
use rights::mask::{Mask, Masking};
use rights::record::Record;
use rights::tree::{Branches, Tree};
use std::borrow::Cow;

/// Keys of a document that tell of its bytes.
const OF_ITS_BYTES: [&str; 3] = ["size", "digest", "other_digests"];
/// What stands for the redaction of a document that does not travel itself.
const REDACTED: &str = "redacted_copy";

/// What becomes of a field of a kind, whatever its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It does not leave.
    Withheld,
    /// It leaves under this mask, as far as its value allows.
    Masked(Mask),
    /// The role of the route's owner stands for it.
    Role,
    /// As [`Projecting::transaction`] has it.
    Transaction,
}

/// The fate of each field of a kind but `documents` and `proof`, which follow from the others.
pub(crate) fn plan(draft: &Draft, projected: &Projected) -> Vec<(Field, Fate)> {
    let fields = projected.kind.all_fields().filter(|field| field.name != "documents" && field.name != certificate::MEMBER);
    let fate = |field: &Field| match field.name {
        "txn" => Fate::Transaction,
        name if !projected.names(name) => Fate::Withheld,
        // Of a certificate nothing is put in another value's place: what is shown would not be what was signed.
        "recorded_by" if projected.kind.name == certificate::KIND => Fate::Withheld,
        "recorded_by" => Fate::Role,
        name => match mask_of(field, projected.mask(name), draft.purpose.zone()) {
            mask if may_be_shown(draft, projected, field, mask) => Fate::Masked(mask),
            _ => Fate::Withheld,
        },
    };
    fields.map(|field| (field, fate(&field))).collect()
}

/// Whether a field may be shown under that mask, as far as column and class allow.
fn may_be_shown(draft: &Draft, projected: &Projected, field: &Field, mask: Mask) -> bool {
    let allowed = draft.purpose.zone().is_none_or(|zone| field.allows(zone, mask)) && mask.counts_as(field).is_some_and(|sens| sens.fits(draft.sens_max));
    allowed && !projected.dropped.iter().any(|name| name == field.name)
}

/// The projection of a record.
pub(crate) struct Projecting<'p> {
    pub draft: &'p Draft,
    pub projected: &'p Projected,
    pub plan: &'p [(Field, Fate)],
    pub masking: Masking<'p>,
    pub record: &'p Record<'p>,
    pub documents: &'p [Document],
}

/// What is shown, and the fields that are not, or not in full.
pub(crate) struct Shown<'p> {
    /// As they are in the record, where nothing is taken away.
    pub fields: Vec<(&'static str, Cow<'p, Tree<'p>>)>,
    pub withheld: Vec<&'static str>,
    pub masked: Vec<&'static str>,
}

/// The mask that a field goes under when a template lists it: none on geometry means that it is not shown, but in a backup.
pub(crate) fn mask_of(field: &Field, given: Option<Mask>, zone: Option<Zone>) -> Mask {
    given.unwrap_or(if matches!(field.kind, Type::Wkt) && zone.is_some() { Mask::GeoNone } else { Mask::None })
}

impl<'p> Projecting<'p> {
    pub(crate) fn shown(&self) -> Shown<'p> {
        let mut shown = Shown { fields: Vec::with_capacity(self.record.fields().len()), withheld: Vec::new(), masked: Vec::new() };
        for (field, fate) in self.plan {
            let Some(value) = self.record.fields().get(field.name) else { continue };
            match self.field(field, *fate, value) {
                Some(seen) => {
                    if matches!(&seen, Cow::Owned(seen) if value != seen) {
                        shown.masked.push(field.name);
                    }
                    shown.fields.push((field.name, seen));
                }
                None => shown.withheld.push(field.name),
            }
        }
        let documents = self.listed_documents();
        if !documents.is_empty() {
            shown.fields.push(("documents", Cow::Owned(Tree::List(documents))));
        }
        if self.is_certificate() {
            let fields = shown.fields.iter().map(|(name, value)| ((*name).to_owned(), value.to_value())).collect();
            if let Ok(proof) = certificate::disclose(&self.record.fields().to_map(), &fields) {
                shown.fields.push((certificate::MEMBER, Cow::Owned(Tree::from(&proof).into_owned())));
            }
        }
        shown
    }

    fn is_certificate(&self) -> bool {
        self.projected.kind.name == certificate::KIND
    }

    fn field(&self, field: &Field, fate: Fate, value: &'p Tree<'p>) -> Option<Cow<'p, Tree<'p>>> {
        match fate {
            Fate::Withheld => None,
            Fate::Masked(mask) => self.shown_as(field, mask, value),
            Fate::Role => Some(Cow::Owned(Tree::Text(self.draft.text("route", "owner_role").unwrap_or_default().into()))),
            Fate::Transaction => self.transaction(field, value).map(Cow::Owned),
        }
    }

    /// Readers need to know what changes together; how many records that are, only those may know who have all of them.
    fn transaction(&self, field: &Field, value: &'p Tree<'p>) -> Option<Tree<'p>> {
        match self.value(field, Mask::None, value)?.into_owned() {
            Tree::Object(mut transaction) => {
                transaction.remove("size");
                Some(Tree::Object(transaction))
            }
            _ => None,
        }
    }

    /// A value of that field under that mask, as far as column and class allow.
    fn value(&self, field: &Field, mask: Mask, value: &'p Tree<'p>) -> Option<Cow<'p, Tree<'p>>> {
        may_be_shown(self.draft, self.projected, field, mask).then(|| self.shown_as(field, mask, value))?
    }

    /// The same of a field that may be shown under that mask.
    fn shown_as(&self, field: &Field, mask: Mask, value: &'p Tree<'p>) -> Option<Cow<'p, Tree<'p>>> {
        let shown = match self.draft.purpose.zone().map(|zone| field.shown(zone)) {
            Some(Show::OnSale) if self.record.text("mode") != "sale" => return None,
            Some(Show::OnSale | Show::Redacted) if matches!(field.kind, Type::Doc) => self.each(field, value, &|value| self.copy(value)).map(Cow::Owned),
            _ if matches!(field.kind, Type::Object(_) | Type::FieldsOf(_) | Type::Rows | Type::Doc) => {
                self.each(field, value, &|value| self.inside(field, value)).map(Cow::Owned)
            }
            _ => (!is_empty(value)).then_some(Cow::Borrowed(value)),
        }?;
        match mask {
            Mask::None => Some(shown),
            mask => mask.apply_tree(&shown, field.kind, &self.masking).ok().flatten().filter(|value| !is_empty(value)).map(Cow::Owned),
        }
    }

    /// The value, or each element where the field is a list; absent when nothing is left.
    fn each(&self, field: &Field, value: &'p Tree<'p>, one: &dyn Fn(&'p Tree<'p>) -> Option<Tree<'p>>) -> Option<Tree<'p>> {
        match value {
            Tree::List(values) if field.many => Some(Tree::List(values.iter().filter_map(one).collect())),
            value => one(value),
        }
        .filter(|value| !is_empty(value))
    }

    /// What is inside a value, as the columns there say.
    fn inside(&self, field: &Field, value: &'p Tree<'p>) -> Option<Tree<'p>> {
        match (field.kind, value) {
            (Type::Object(fields), Tree::Object(object)) => Some(self.object(fields.iter().copied(), object)),
            (Type::FieldsOf(name), Tree::Object(object)) => Some(self.object(Kind::named(name)?.all_fields(), object)),
            (Type::Rows, Tree::Object(rows)) => Some(self.rows(rows)),
            (Type::Doc, Tree::Text(id)) => self.documents.iter().any(|document| document.id == *id).then(|| value.clone()),
            _ => Some(value.clone()),
        }
    }

    fn object(&self, fields: impl Iterator<Item = Field>, object: &'p Branches<'p>) -> Tree<'p> {
        let mut shown = Branches::default();
        for field in fields {
            if let Some(value) = object.get(field.name).and_then(|value| self.value(&field, self.column(&field), value)) {
                shown.insert(field.name.into(), value.into_owned());
            }
        }
        Tree::Object(shown)
    }

    /// The mask of a field inside another: that of its column. Geometry is never shown there, but in a backup.
    fn column(&self, field: &Field) -> Mask {
        match (self.draft.purpose.zone(), field.kind) {
            (None, _) => Mask::None,
            (Some(_), Type::Wkt) => Mask::GeoNone,
            (Some(zone), _) => match field.shown(zone) {
                Show::Masked(mask) => mask,
                _ => Mask::None,
            },
        }
    }

    /// What a certificate shows: kind → rows of fields of that kind.
    fn rows(&self, kinds: &'p Branches<'p>) -> Tree<'p> {
        let mut shown = Branches::default();
        for (name, rows) in kinds.iter() {
            let Some(kind) = Kind::named(name) else { continue };
            let rows = rows.as_list().into_iter().flatten().filter_map(Tree::as_object).map(|row| self.object(kind.all_fields(), row));
            let rows: Vec<Tree<'p>> = rows.filter(|row| !is_empty(row)).collect();
            if !rows.is_empty() {
                shown.insert(name.to_owned().into(), Tree::List(rows));
            }
        }
        Tree::Object(shown)
    }

    /// A document that is a redacted copy, or the first redacted copy of it, when that travels.
    fn copy(&self, value: &'p Tree<'p>) -> Option<Tree<'p>> {
        let id = value.as_str()?;
        let travels = |listed: &Listed<'_>| self.documents.iter().any(|document| document.id == listed.id());
        let copies = || Listed::of(self.record).filter(|listed| listed.copy_of().is_some() && travels(listed));
        let itself = copies().find(|listed| listed.id() == id);
        itself.or_else(|| copies().find(|listed| listed.copy_of() == Some(id))).map(|listed| Tree::Text(listed.id().into()))
    }

    /// The list of the documents that travel, numbered anew.
    fn listed_documents(&self) -> Vec<Tree<'p>> {
        let mut shown = Vec::new();
        for listed in Listed::of(self.record) {
            let Some(document) = self.documents.iter().find(|document| document.id == listed.id()) else { continue };
            let Tree::Object(mut fields) = self.object(kinds::DOCUMENT.iter().copied(), listed.0) else { continue };
            if !self.is_certificate() {
                fields.insert("seq".into(), Tree::Number(shown.len() as i64 + 1));
            }
            if document.strip.is_some() {
                OF_ITS_BYTES.iter().for_each(|name| drop(fields.remove(name)));
            }
            if listed.copy_of().is_some_and(|of| !self.documents.iter().any(|document| document.id == of)) {
                fields.remove("redaction");
                if !self.is_certificate() {
                    fields.insert("redaction".into(), Tree::Text(REDACTED.into()));
                }
            }
            shown.push(Tree::Object(fields));
        }
        shown
    }
}

fn is_empty(value: &Tree<'_>) -> bool {
    match value {
        Tree::List(values) => values.is_empty(),
        Tree::Object(map) => map.is_empty(),
        _ => false,
    }
}

/// The highest class that a listed field can show under a mask in a zone; none when it shows nothing.
pub(crate) fn highest(field: &Field, mask: Mask, zone: Option<Zone>) -> Option<Sens> {
    let own = mask.counts_as(field)?;
    let nested: Vec<Field> = match field.kind {
        Type::Object(fields) => fields.to_vec(),
        Type::FieldsOf(name) => Kind::named(name).map(|kind| kind.all_fields().collect()).unwrap_or_default(),
        _ => Vec::new(),
    };
    let of = |field: &Field| match zone.map(|zone| field.shown(zone)) {
        None => Some(field.sens),
        Some(_) if matches!(field.kind, Type::Wkt) => None,
        Some(Show::Full | Show::OnSale | Show::Redacted | Show::Fieldwise) => highest(field, Mask::None, zone),
        Some(Show::Masked(mask)) => mask.counts_as(field),
        Some(Show::Absent | Show::Subject(_) | Show::Summed) => None,
    };
    nested.iter().filter_map(of).chain([own]).max()
}
