//! What a zone may see of a record, at most: the columns of its kind carried out.
//!
//! A template may show less, never more. What only the subject may see, and what is only shown in sums, is absent here; of documents
//! the list says nothing, because what becomes of them is decided with the template.

use crate::kind::{Field, Kind, Sens, Show, Type, Zone};
use crate::mask::{Masking, Refused};
use crate::record::Record;
use serde_json::{Map, Value};

/// The fields of a record that a route into a zone may show, masked. None for a record that is Secret, outside zone I.
pub fn visible(record: &Record, zone: Zone, masking: &Masking<'_>) -> Result<Option<Map<String, Value>>, Refused> {
    if zone == Zone::Inside {
        return Ok(Some(record.fields().to_map()));
    }
    if Sens::parse(record.text("sens")) == Some(Sens::Secret) {
        return Ok(None);
    }
    let fields: Vec<Field> = record.kind().all_fields().filter(|field| field.name != "documents").collect();
    let seeing = Seeing { zone, masking, sale: record.text("mode") == "sale", redacted: redacted(record) };
    seeing.object(&fields, &record.fields().to_map()).map(Some)
}

/// The documents of a record that are redacted copies.
fn redacted<'r>(record: &'r Record<'_>) -> Vec<&'r str> {
    let copies = record.list("documents").iter().filter(|document| document.get("redaction").is_some_and(|redaction| redaction.as_str() != Some("none")));
    copies.filter_map(|document| document.get("document_id")?.as_str()).collect()
}

struct Seeing<'s> {
    zone: Zone,
    masking: &'s Masking<'s>,
    sale: bool,
    redacted: Vec<&'s str>,
}

impl Seeing<'_> {
    fn object(&self, fields: &[Field], object: &Map<String, Value>) -> Result<Map<String, Value>, Refused> {
        let mut seen = Map::new();
        for field in fields {
            if let Some(value) = object.get(field.name)
                && let Some(value) = self.field(field, value)?
            {
                seen.insert(field.name.to_owned(), value);
            }
        }
        Ok(seen)
    }

    fn field(&self, field: &Field, value: &Value) -> Result<Option<Value>, Refused> {
        match field.shown(self.zone) {
            Show::Full => self.value(field, value),
            Show::OnSale if self.sale => match field.kind {
                // The exchange gets the redacted copy of a resolution.
                Type::Doc => Ok(self.copy(value)),
                _ => self.value(field, value),
            },
            Show::Masked(mask) => mask.apply(value, field.kind, self.masking),
            Show::Redacted => Ok(self.copy(value)),
            Show::Fieldwise => self.rows(value),
            Show::Absent | Show::Subject(_) | Show::Summed | Show::OnSale => Ok(None),
        }
    }

    /// A value that is shown; of an object, what each of its fields allows.
    fn value(&self, field: &Field, value: &Value) -> Result<Option<Value>, Refused> {
        match (field.kind, value) {
            (Type::Object(_) | Type::FieldsOf(_), Value::Array(values)) => {
                let seen: Result<Vec<_>, _> = values.iter().map(|value| self.value(field, value)).collect();
                Ok(Some(Value::Array(seen?.into_iter().flatten().collect())))
            }
            (Type::Object(fields), Value::Object(object)) => Ok(Some(Value::Object(self.object(fields, object)?))),
            (Type::FieldsOf(name), Value::Object(object)) => self.fields_of(name, object),
            _ => Ok(Some(value.clone())),
        }
    }

    fn fields_of(&self, name: &str, object: &Map<String, Value>) -> Result<Option<Value>, Refused> {
        let Some(kind) = Kind::named(name) else { return Ok(None) };
        let fields: Vec<Field> = kind.all_fields().collect();
        Ok(Some(Value::Object(self.object(&fields, object)?)))
    }

    /// What a certificate shows, each value as its own field is shown.
    fn rows(&self, value: &Value) -> Result<Option<Value>, Refused> {
        let mut seen = Map::new();
        for (name, rows) in value.as_object().into_iter().flatten() {
            let rows: Result<Vec<_>, _> = rows.as_array().into_iter().flatten().filter_map(Value::as_object).map(|row| self.fields_of(name, row)).collect();
            seen.insert(name.clone(), Value::Array(rows?.into_iter().flatten().collect()));
        }
        Ok(Some(Value::Object(seen)))
    }

    /// The document that is named, when it is a redacted copy.
    fn copy(&self, value: &Value) -> Option<Value> {
        value.as_str().is_some_and(|id| self.redacted.contains(&id)).then(|| value.clone())
    }
}
