//! Rules about what is shown: fields, masks and documents.

use super::{Linting, is_personal};
use crate::documents::{Selector, fields_named};
use crate::draft::{Allowed, Projected, Purpose};
use crate::node::Node;
use crate::projection::{highest, mask_of};
use rights::identifier::Identifier;
use rights::kind::{Field, Kind, Sens, Show, Type};
use rights::mask::Mask;

/// Fields that hold the number of a person's document of identity.
pub const IDENTITY_FIELDS: [&str; 5] = ["id_no", "head_id_no", "collected_id_no", "lessee_id", "winner_id"];

/// A field that a projection lists.
struct Listed<'d> {
    projected: &'d Projected,
    field: Field,
    mask: Mask,
    line: usize,
}

impl Listed<'_> {
    fn subject(&self) -> String {
        format!("{}.{}", self.projected.kind.name, self.field.name)
    }

    /// Whether a value of it is shown, masked or not.
    fn shows(&self) -> bool {
        !matches!(self.mask, Mask::Drop | Mask::GeoNone)
    }
}

/// The fields that a projection lists, under their masks, with those that are sealed for the subject.
fn listed<'d>(projected: &'d Projected, zone: Option<rights::kind::Zone>) -> Vec<Listed<'d>> {
    let mut found = Vec::new();
    for field in projected.kind.all_fields() {
        let masked = projected.masks.iter().find(|(name, _)| name.value == field.name);
        let sealed = projected.to_subject.iter().find(|name| name.value == field.name);
        let line = masked.map(|(name, _)| name.line).or(sealed.map(|name| name.line));
        let named = match &projected.allowed.value {
            Allowed::Named(names) => names.iter().find(|name| name.value == field.name).map(|name| name.line),
            Allowed::All { .. } => None,
        };
        let line = line.or(named).unwrap_or(projected.allowed.line);
        if sealed.is_some() {
            found.push(Listed { projected, field, mask: Mask::Subject, line });
        } else if projected.names(field.name) && field.name != "recorded_by" {
            found.push(Listed { projected, field, mask: mask_of(&field, masked.map(|(_, mask)| *mask), zone), line });
        }
    }
    found
}

impl Linting<'_> {
    pub(super) fn shown(&mut self) {
        let draft = self.draft;
        let zone = draft.purpose.zone();
        for projected in &draft.projections {
            let fields = listed(projected, zone);
            for one in &fields {
                self.field(one);
            }
            self.allow_list(projected, &fields);
        }
        self.birth_dates();
        self.documents();
    }

    fn field(&mut self, one: &Listed<'_>) {
        let draft = self.draft;
        let zone = draft.purpose.zone();
        let class = highest(&one.field, one.mask, zone);
        if let (Some(zone), Some(class)) = (zone, class) {
            if class == Sens::Secret {
                self.find("L01", one.line, one.subject());
            }
            if !one.field.allows(zone, one.mask) {
                self.find("L07", one.line, one.subject());
            }
            let in_full = one.field.shown(zone) == Show::Full;
            if draft.purpose == Purpose::Public && one.mask != Mask::Subject && is_personal(class) && !in_full {
                self.find("L03", one.line, one.subject());
            }
        }
        if class.is_some_and(|class| !class.fits(draft.sens_max)) {
            self.find("L19", one.line, one.subject());
        }
        if one.shows() && is_masked(one) && is_join_key(&one.field) {
            self.find("L04", one.line, one.subject());
        }
        if zone.is_some() && matches!(one.mask, Mask::GeoBbox | Mask::GeoRound4) {
            self.find("L14", one.line, one.subject());
        }
        let digits = one.shows() && !matches!(one.mask, Mask::Pseud | Mask::Subject);
        if draft.purpose == Purpose::Public && digits && IDENTITY_FIELDS.contains(&one.field.name) {
            self.find("L15", one.line, one.subject());
        }
    }

    fn allow_list(&mut self, projected: &Projected, fields: &[Listed<'_>]) {
        let kind = projected.kind;
        if let Allowed::All { version, .. } = &projected.allowed.value {
            if version.is_none() {
                self.find("L08", projected.allowed.line, kind.name);
            }
            let personal = kind.all_fields().any(|field| field.name != "recorded_by" && is_personal(field.sens));
            if self.draft.purpose == Purpose::Public && version.is_some() && personal {
                self.find("L02", projected.allowed.line, kind.name);
            }
        }
        for (name, _) in &projected.masks {
            if !fields.iter().any(|one| one.field.name == name.value) {
                self.find("L05", name.line, format!("{}.{}", kind.name, name.value));
            }
        }
    }

    /// L13: an identity number under `id6_4` beside any form of a member's birth date. That of a household is its head's, which is a member;
    /// who collects a certificate is one of that household as a rule, while lessees, winners and heads of organisations mostly are none; the rows of a certificate hold both, as the zone shows them.
    fn birth_dates(&mut self) {
        let zone = self.draft.purpose.zone();
        let shown: Vec<Listed<'_>> =
            self.draft.projections.iter().flat_map(|projected| listed(projected, zone)).filter(|one| one.shows() && one.mask != Mask::Subject).collect();
        let is = |one: &Listed<'_>, kind: &str, name: &str| one.projected.kind.name == kind && one.field.name == name;
        let has = |kind: &str, name: &str| shown.iter().any(|one| is(one, kind, name));
        // The event of a birth tells it as well, where it says whose.
        let born = has("member", "birth_date") || has("membership_event", "event_date") && has("membership_event", "member_rid");
        let by_zone = |name: &str| zone.zip(Kind::named("member").and_then(|kind| kind.field(name))).map(|(zone, field)| field.shown(zone));
        let in_rows = matches!(by_zone("id_no"), Some(Show::Masked(Mask::Id6_4))) && matches!(by_zone("birth_date"), Some(Show::Full | Show::Masked(_)));
        let tells = |one: &Listed<'_>| one.mask == Mask::Id6_4 && born && ["id_no", "collected_id_no"].contains(&one.field.name);
        let weak: Vec<(usize, String)> =
            shown.iter().filter(|one| tells(one) || in_rows && is(one, "ecertificate", "rows")).map(|one| (one.line, one.subject())).collect();
        weak.into_iter().for_each(|(line, subject)| self.find("L13", line, subject));
    }

    /// L07 of documents: a field that holds documents and that the zone never sees.
    fn documents(&mut self) {
        let Some(zone) = self.draft.purpose.zone() else { return };
        let elements = self.draft.given("documents", "include").map_or(&[][..], Node::elements);
        for (node, selector) in elements.iter().filter_map(|node| Some((node, Selector::parse(node.text()?)?))) {
            let fields = fields_named(&selector.name);
            let hidden = |field: &Field| matches!(field.shown(zone), Show::Absent | Show::Subject(_) | Show::Summed);
            let copies = selector.qualifier.as_deref() == Some("redacted");
            if !fields.is_empty() && !copies && fields.iter().all(hidden) {
                self.find("L07", node.line, format!("documents.{}", selector.name));
            }
        }
    }
}

fn is_masked(one: &Listed<'_>) -> bool {
    // A reference passes under `name1`; the name that is shown for it takes the mask.
    let passes = one.mask == Mask::Name1 && matches!(one.field.kind, Type::Ref(_));
    !passes && !matches!(one.mask, Mask::None | Mask::Subject)
}

/// Whether records are joined by it: references, and the codes that issuers, contractors, parcels and contracts name one another by.
fn is_join_key(field: &Field) -> bool {
    let codes = [Identifier::RecordId, Identifier::IssuerCode, Identifier::ContractorCode, Identifier::ParcelCode, Identifier::ContractCode];
    match field.kind {
        Type::Ref(_) => true,
        Type::Id(identifier) => codes.contains(&identifier),
        _ => false,
    }
}
