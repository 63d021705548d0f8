//! What a kind of record is, as data: its fields with type, requirement, class and what each zone may see of them.
//!
//! Validation, JSON Schema, masks, visibility and the page of the specification all come from these tables; there is no second
//! description. The tables themselves are in `kinds`.

use crate::cycle::Cycle;
use crate::identifier::Identifier;
use crate::mask::Mask;

/// Sensitivity of a record or a field. Ordered; compare with the limit of a route by [`Sens::fits`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sens {
    /// Must be shown to members.
    Public,
    /// Management, without a person in it.
    Internal,
    /// Names, family, holdings.
    Personal,
    /// Identity numbers, accounts, minors: `Personal*`.
    Sensitive,
    /// Never leaves zone I but on a backup route.
    Secret,
}

impl Sens {
    /// All of them, ascending.
    pub const ALL: [Self; 5] = [Self::Public, Self::Internal, Self::Personal, Self::Sensitive, Self::Secret];

    /// As records and templates write it.
    pub fn name(self) -> &'static str {
        ["Public", "Internal", "Personal", "Personal*", "Secret"][self as usize]
    }

    /// The one that is written so.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|sens| sens.name() == text)
    }

    /// Whether a route whose limit is `most` may carry it. `Personal*` is Personal with a mark: where it may be shown the columns
    /// of the fields say, not the limit.
    pub fn fits(self, most: Self) -> bool {
        let rank = |sens: Self| if sens == Self::Sensitive { Self::Personal } else { sens };
        rank(self) <= rank(most)
    }
}

/// The zones that the columns of a field speak of, in their order. Zone B is always full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Zone {
    /// I, where the records are kept.
    Inside,
    /// O, town and village staff.
    Outside,
    /// X, the property exchange.
    Exchange,
    /// W, members and the public.
    Web,
}

impl Zone {
    /// All of them, in the order of the columns.
    pub const ALL: [Self; 4] = [Self::Inside, Self::Outside, Self::Exchange, Self::Web];
}

/// The most that a route into a zone may show of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// In full.
    Full,
    /// Not at all.
    Absent,
    /// Under this mask, or a narrower one.
    Masked(Mask),
    /// To the subject only, who sees it under this mask.
    Subject(Mask),
    /// Only in sums over an organisation, never in a record.
    Summed,
    /// In full when the disposal is a sale, otherwise not at all.
    OnSale,
    /// The redacted copy of the document, never the document.
    Redacted,
    /// Each value inside as its own field is shown.
    Fieldwise,
}

/// The type of a field's value.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// Text of 1 to so many characters, NFC.
    Text(usize),
    /// Text of so many to so many digits.
    Digits(usize, usize),
    /// One of these values. Each entry is the value and, after a space, its Chinese name where that differs.
    Code(&'static [&'static str]),
    /// Whole fen, an integer.
    Money,
    /// A decimal of 0 or more with at most so many places, as a string.
    Decimal(u32),
    /// A decimal that may be negative.
    Signed(u32),
    /// `yyyy-MM-dd`.
    Date,
    /// RFC 3339 with a zone.
    Time,
    /// true or false.
    Bool,
    /// An integer of 0 or more.
    Count,
    /// An identifier with a check rule.
    Id(Identifier),
    /// A code of an administrative region of so many digits; 0: of any level.
    Region(usize),
    /// The `rid` of a record of one of these kinds; of any kind when empty.
    Ref(&'static [&'static str]),
    /// The `document_id` of one of the record's own documents.
    Doc,
    /// A geometry.
    Wkt,
    /// A digest with its algorithm.
    Digest,
    /// Bytes in base64.
    Bytes,
    /// A sensitivity class.
    Sens,
    /// The same value as the header's `state`.
    State,
    /// A file name: text without a slash, at most 255 bytes, never used as a path.
    FileName,
    /// `none` or `redacted_copy_of(<document_id>)`.
    Redaction,
    /// `X01` to `X34`.
    RuleId,
    /// An object with these fields.
    Object(&'static [Field]),
    /// Any fields of a record of this kind, each of its own type.
    FieldsOf(&'static str),
    /// What a certificate shows: kind → list of objects with `rid` and fields of that kind.
    Rows,
    /// Any keys, each with an integer.
    Numbers,
}

/// Whether a record must have a field.
#[derive(Clone, Copy, Debug)]
pub enum Need {
    /// M: always.
    Always,
    /// O: never.
    Never,
    /// C: when the business asks for it; that cannot be seen in the record.
    Business,
    /// C: when that field has one of these values.
    When(&'static str, &'static [&'static str]),
    /// C: unless that field has one of these values.
    Unless(&'static str, &'static [&'static str]),
    /// C: when that field is there.
    With(&'static str),
}

/// One field of a kind.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its key.
    pub name: &'static str,
    /// Its Chinese name.
    pub zh: &'static str,
    /// Its codes in NY/T 2539 and its exchange format; empty where there is none.
    pub standard: &'static str,
    /// The type of its value, or of each element of it.
    pub kind: Type,
    /// Whether it is a list.
    pub many: bool,
    /// Whether it must be there.
    pub need: Need,
    /// Its class, before any mask.
    pub sens: Sens,
    /// What zones I, O, X and W may see of it, at most.
    pub show: [Show; 4],
}

impl Field {
    /// A list of such values.
    pub const fn many(self) -> Self {
        Self { many: true, ..self }
    }

    /// Whether a template may show it to `zone` under `mask`. What depends on the record (a sale, a redacted copy) is allowed here and
    /// decided with the record.
    pub fn allows(&self, zone: Zone, mask: Mask) -> bool {
        let hides = matches!(mask, Mask::Drop | Mask::GeoNone);
        match self.shown(zone) {
            Show::Full | Show::OnSale | Show::Redacted | Show::Fieldwise => hides || mask == Mask::None || mask == Mask::Subject || mask.suits(self.kind),
            Show::Masked(most) => mask.within(most),
            Show::Subject(_) => hides || mask == Mask::Subject,
            Show::Absent | Show::Summed => hides,
        }
    }

    /// What `zone` may see of it, at most.
    pub fn shown(&self, zone: Zone) -> Show {
        self.show[zone as usize]
    }
}

/// One kind of record.
#[derive(Debug)]
pub struct Kind {
    /// As in `kind` and before the dash of a `rid`.
    pub name: &'static str,
    /// Its Chinese name.
    pub zh: &'static str,
    /// The number of its entity, E01 to E26.
    pub entity: u8,
    /// The class of a record of it that nobody raised.
    pub sens: Sens,
    /// The states it passes through.
    pub cycle: &'static Cycle,
    /// Class of the header's `state`, and what each zone may see of it.
    pub state: (Sens, [Show; 4]),
    /// Its fields beside those of the header.
    pub fields: &'static [Field],
}

impl Kind {
    /// The kind of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        crate::kinds::ALL.iter().copied().find(|kind| kind.name == name)
    }

    /// A field of the header or of the kind.
    pub fn field(&self, name: &str) -> Option<Field> {
        let field = crate::kinds::HEADER.iter().chain(self.fields).find(|field| field.name == name)?;
        Some(self.with_state(field))
    }

    /// The fields of the header, with `state` as this kind has it, then those of the kind.
    pub fn all_fields(&self) -> impl Iterator<Item = Field> {
        crate::kinds::HEADER.iter().chain(self.fields).map(|field| self.with_state(field))
    }

    /// The field; `state` as this kind has it.
    fn with_state(&self, field: &Field) -> Field {
        if field.name == "state" { Field { sens: self.state.0, show: self.state.1, ..*field } } else { *field }
    }
}

/// The path of a fault in Chinese: `documents[2].size` of any kind is `原文 / 附件[2].大小`. What no table names stays as it is.
pub fn path_zh(kind: &Kind, path: &str) -> String {
    let (mut named, mut fields, mut is_rows) = (Vec::new(), Some(kind.all_fields().collect::<Vec<_>>()), false);
    for step in path.split('.') {
        let (name, place) = step.split_at(step.find('[').unwrap_or(step.len()));
        if let Some(of) = is_rows.then(|| Kind::named(name)).flatten() {
            named.push(format!("{}{place}", of.zh));
            (fields, is_rows) = (Some(of.all_fields().collect()), false);
            continue;
        }
        let field = fields.as_ref().and_then(|fields| fields.iter().find(|field| field.name == name)).copied();
        named.push(format!("{}{place}", field.map_or(name, |field| field.zh)));
        fields = match field.map(|field| field.kind) {
            Some(Type::Object(fields)) => Some(fields.to_vec()),
            Some(Type::Digest) => Some(crate::kinds::DIGEST.to_vec()),
            Some(Type::FieldsOf(name)) => Kind::named(name).map(|kind| kind.all_fields().collect()),
            _ => None,
        };
        is_rows = matches!(field.map(|field| field.kind), Some(Type::Rows));
    }
    named.join(".")
}

/// The value of an entry of [`Type::Code`].
pub fn code_value(entry: &'static str) -> &'static str {
    entry.split_once(' ').map_or(entry, |(value, _)| value)
}

/// The Chinese name of an entry of [`Type::Code`].
pub fn code_name(entry: &'static str) -> &'static str {
    entry.split_once(' ').map_or(entry, |(_, name)| name)
}
