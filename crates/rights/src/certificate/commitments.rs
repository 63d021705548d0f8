//! What a signature commits to: every value of a record, and its masked forms, each under a salt of its own.

use super::proof::keep;
use super::{Fields, MAY_LACK};
use crate::json;
use crate::kind::{Field, Kind, Show, Type};
use crate::kinds;
use crate::mask::{Mask, Masking};
use serde_json::Value;

/// One commitment, with what opens it.
pub(super) struct Committed {
    /// `path` or `path|mask`.
    pub name: String,
    /// Canonical JSON of the value.
    pub value: Vec<u8>,
    pub salt: [u8; 32],
    pub commitment: [u8; 32],
}

/// BLAKE3 in key derivation mode over the joined parts.
pub(super) fn derive(context: &'static str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    for part in parts {
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

pub(super) fn commitment(salt: &[u8; 32], name: &str, value: &[u8]) -> [u8; 32] {
    derive("gapferry v1 certificate field", &[salt, &(name.len() as u64).to_le_bytes(), name.as_bytes(), value])
}

/// The root of a set of commitments, in any order; none twice.
pub fn root_of(commitments: impl Iterator<Item = [u8; 32]>) -> [u8; 32] {
    let mut sorted: Vec<[u8; 32]> = commitments.collect();
    sorted.sort_unstable();
    derive("gapferry v1 certificate fields", &[sorted.as_flattened()])
}

/// The masks under which a value of a field is committed to: those that some zone sees it under, and those that show less of the same.
pub fn masks(field: &Field) -> Vec<Mask> {
    let most: Vec<Mask> = field.show.iter().filter_map(|show| if let Show::Masked(mask) | Show::Subject(mask) = show { Some(*mask) } else { None }).collect();
    let known = |mask: &&Mask| !matches!(mask, Mask::None | Mask::Drop | Mask::GeoNone | Mask::Pseud | Mask::AgeBand | Mask::Subject);
    let within = |mask: &&Mask| most.iter().any(|most| *most != Mask::None && mask.within(*most));
    Mask::ALL.iter().filter(known).filter(within).filter(|mask| mask.suits(field.kind)).copied().collect()
}

/// Commits to a record.
pub(super) fn commit(fields: &Fields, secret: &[u8; 32]) -> Vec<Committed> {
    let mut committing = Committing { secret, all: Vec::with_capacity(96) };
    let known: Vec<Field> = Kind::named(super::KIND).into_iter().flat_map(Kind::all_fields).collect();
    for (name, value) in &keep(fields) {
        committing.value(&format!("/{name}"), value, Shape::of(&known, name));
    }
    if !fields.contains_key(MAY_LACK) {
        committing.one(format!("/{MAY_LACK}"), &Value::Null);
    }
    committing.all
}

/// What is known of a value's place.
#[derive(Clone)]
enum Shape {
    Field(Field),
    /// Kind → list of objects.
    Rows,
    Fields(Vec<Field>),
    Unknown,
}

impl Shape {
    fn of(fields: &[Field], name: &str) -> Self {
        match fields.iter().find(|field| field.name == name) {
            None => Self::Unknown,
            Some(Field { kind: Type::Object(fields), .. }) => Self::Fields(fields.to_vec()),
            Some(Field { kind: Type::Digest, .. }) => Self::Fields(kinds::DIGEST.to_vec()),
            Some(Field { kind: Type::FieldsOf(name), .. }) => Self::of_kind(name),
            Some(Field { kind: Type::Rows, .. }) => Self::Rows,
            Some(field) => Self::Field(*field),
        }
    }

    fn of_kind(name: &str) -> Self {
        Kind::named(name).map_or(Self::Unknown, |kind| Self::Fields(kind.all_fields().collect()))
    }

    fn below(&self, key: &str) -> Self {
        match self {
            Self::Rows => Self::of_kind(key),
            Self::Fields(fields) => Self::of(fields, key),
            Self::Field(_) | Self::Unknown => Self::Unknown,
        }
    }
}

struct Committing<'s> {
    secret: &'s [u8; 32],
    all: Vec<Committed>,
}

impl Committing<'_> {
    fn value(&mut self, path: &str, value: &Value, shape: Shape) {
        match value {
            Value::Object(object) if !object.is_empty() => {
                for (key, value) in object {
                    self.value(&format!("{path}/{key}"), value, shape.below(key));
                }
            }
            Value::Array(values) if !values.is_empty() => {
                for (place, value) in values.iter().enumerate() {
                    self.value(&format!("{path}/{place}"), value, shape.clone());
                }
            }
            value => {
                if let Shape::Field(field) = shape {
                    for mask in masks(&field) {
                        let masked = mask.apply(value, field.kind, &Masking::default()).unwrap_or_default();
                        if let Some(masked) = masked.filter(|masked| masked != value) {
                            self.one(format!("{path}|{}", mask.name()), &masked);
                        }
                    }
                }
                self.one(path.to_owned(), value);
            }
        }
    }

    fn one(&mut self, name: String, value: &Value) {
        let salt = derive("gapferry v1 certificate salt", &[self.secret, name.as_bytes()]);
        let value = json::canonical(value);
        let commitment = commitment(&salt, &name, &value);
        self.all.push(Committed { name, value, salt, commitment });
    }
}
