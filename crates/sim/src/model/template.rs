//! The templates of these worlds, and what they make of a record (spec/template.md): selection by kind, state and region, fields that
//! are listed or not, two masks, documents by role. A template follows from its number, and so from its id in a ledger.

use super::record::{Document, Kind, Record, canonical_of, listed};
use crate::weather::random::Random;
use serde_json::{Value, json};

/// What stands for whoever recorded something.
const OWNER: &str = "archivist";
/// Fields that a template may list, by kind.
const FIELDS: [&[&str]; 3] = [
    &["region", "state", "sens", "recorded_by", "legal_basis", "code", "name", "level"],
    &["region", "state", "valid_from", "recorded_by", "legal_basis", "member_rid", "event", "event_date"],
    &["region", "state", "recorded_by", "legal_basis", "org_rid", "name", "gender", "relation", "household_rid", "birth_date"],
];
/// Roles of documents that a template may include.
pub const ROLES: [&str; 2] = ["annex", "scan"];

/// What a template says of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Projection {
    /// Only those in their usual state.
    usual: bool,
    /// Only those of the region that most are of.
    inside: bool,
    fields: Vec<&'static str>,
    /// Names show their first character only.
    masked: bool,
}

/// A template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    number: u64,
    projections: [Option<Projection>; 3],
    roles: Vec<&'static str>,
    /// Packages are so small that not everything fits one.
    pub small_packages: bool,
}

/// What a route carries of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried<'r> {
    /// The bytes of the record.
    pub text: String,
    /// Its documents.
    pub documents: Vec<&'r Document>,
}

impl Template {
    /// The template of this number.
    pub fn of(number: u64) -> Self {
        let mut random = Random::of(number);
        let only = random.below(6);
        let mut projection = |kind: Kind| {
            let mut fields: Vec<&str> = FIELDS[kind as usize].iter().filter(|_| random.one_in(2)).copied().collect();
            if fields.is_empty() {
                fields.push("legal_basis");
            }
            let (usual, inside, masked) = (random.one_in(3), random.one_in(2), kind == Kind::Member && random.one_in(2));
            // One kind of three may be left out, and never all.
            (only != kind as u64).then_some(Projection { usual, inside, fields, masked })
        };
        let projections = Kind::ALL.map(&mut projection);
        let roles = ROLES[..usize::try_from(random.below(3)).expect("small")].to_vec();
        Self { number, projections, roles, small_packages: random.one_in(3) }
    }

    /// Its id in a ledger.
    pub fn id(&self) -> String {
        format!("t-{:016x}", self.number)
    }

    /// The template with this id.
    pub fn with_id(id: &str) -> Option<Self> {
        Some(Self::of(u64::from_str_radix(id.strip_prefix("t-")?, 16).ok()?))
    }

    /// Its text, for a route to this zone.
    pub fn text(&self, zone: &str) -> String {
        let mut text = format!(
            "[route]\nid = \"{}\"\nname_zh = \"外\"\nname_en = \"out\"\nsource = \"inside\"\nreplica = \"{zone}\"\npurpose = \"use\"\n\
             sens_max = \"Personal\"\nowner_role = \"{OWNER}\"\n",
            self.id()
        );
        for (kind, projection) in self.selected() {
            let mut conditions = Vec::new();
            conditions.extend(projection.usual.then(|| format!("state = '{}'", kind.states()[0])));
            conditions.extend(projection.inside.then(|| "starts_with(region, '320412')".to_owned()));
            let condition = if conditions.is_empty() { "true".into() } else { conditions.join(" and ") };
            text += &format!("[[select]]\nkinds = [\"{}\"]\nwhere = \"{condition}\"\n", kind.word());
        }
        for (kind, projection) in self.selected() {
            text += &format!("[project.{}]\nfields = {:?}\n", kind.word(), projection.fields);
            let masks = [("name", "name1"), ("birth_date", "date_y")].into_iter().filter(|(field, _)| projection.masks(field));
            let masks: Vec<String> = masks.map(|(field, mask)| format!("{field} = \"{mask}\"")).collect();
            text += &if masks.is_empty() { String::new() } else { format!("mask = {{ {} }}\n", masks.join(", ")) };
        }
        if !self.roles.is_empty() {
            text += &format!("[documents]\ninclude = {:?}\n", self.roles);
        }
        if self.small_packages {
            text += "[package]\npackage_max = \"64KiB\"\n";
        }
        text + "[verify]\ndeadline = \"P3D\"\n"
    }

    fn selected(&self) -> impl Iterator<Item = (Kind, &Projection)> {
        Kind::ALL.into_iter().zip(&self.projections).filter_map(|(kind, projection)| Some((kind, projection.as_ref()?)))
    }
}

impl Projection {
    fn masks(&self, field: &str) -> bool {
        // The zone sees no birth date in full.
        self.fields.contains(&field) && (self.masked && field == "name" || field == "birth_date")
    }

    /// What is shown of a field.
    fn shown(&self, field: &'static str, value: &Value) -> Value {
        let text = value.as_str().unwrap_or_default();
        match field {
            "recorded_by" => json!(OWNER),
            "name" if self.masks(field) => text.chars().enumerate().map(|(place, one)| if place == 0 { one } else { '*' }).collect::<String>().into(),
            "birth_date" if self.masks(field) => json!(text[..4]),
            _ => value.clone(),
        }
    }
}

/// What a route with this template, or with none, carries of a record; none where it does not travel.
pub fn carried<'r>(template: Option<&Template>, record: &'r Record) -> Option<Carried<'r>> {
    let Some(template) = template else {
        return Some(Carried { text: record.text(), documents: record.documents.iter().collect() });
    };
    let projection = template.projections[record.kind as usize].as_ref()?;
    if record.secret || projection.usual && !record.usual || projection.inside && !record.inside {
        return None;
    }
    let listed_fields = |field: &str| matches!(field, "rid" | "kind" | "version") || projection.fields.contains(&field);
    let fields = record.fields().into_iter().filter(|(field, _)| listed_fields(field));
    let mut fields: std::collections::BTreeMap<_, _> = fields.map(|(field, value)| (field, projection.shown(field, &value))).collect();
    fields.extend(record.told_of_transaction(false).map(|told| ("txn", told)));
    let documents: Vec<&Document> = record.documents.iter().filter(|document| template.roles.contains(&document.role)).collect();
    if !documents.is_empty() {
        fields.insert("documents", listed(&documents));
    }
    Some(Carried { text: canonical_of(fields), documents })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member() -> Record {
        let documents = vec![Document::of("annex", 9, b"one"), Document::of("scan", 10, b"two")];
        Record { kind: Kind::Member, number: 1, version: 2, usual: true, inside: true, secret: false, transaction: Some((3, 2)), token: 16, documents }
    }

    #[test]
    fn a_template_shows_what_it_lists_and_nothing_else() {
        let projection = |usual, inside| Projection { usual, inside, fields: vec!["name", "recorded_by"], masked: true };
        let template =
            |usual, inside| Template { number: 1, projections: [None, None, Some(projection(usual, inside))], roles: vec!["scan"], small_packages: false };
        let record = member();
        let shown = carried(Some(&template(true, true)), &record).expect("it is selected");
        let digest = blake3::hash(b"two").to_string();
        let stars = "*".repeat(19);
        assert_eq!(
            shown.text,
            format!(
                r#"{{"documents":[{{"digest":{{"alg":"blake3","hex":"{digest}"}},"document_id":"scan","file_name":"scan.txt","format_id":"txt","media_type":"text/plain","redaction":"none","role":"scan","sens":"Internal","seq":1,"size":3}}],"kind":"member","name":"王{stars}","recorded_by":"archivist","rid":"member-01900000-0000-7000-8000-000000000001","txn":{{"business_code":"105","txn_id":"txn-3"}},"version":2}}"#
            )
        );
        for (template, record) in [
            (template(true, false), Record { usual: false, ..member() }),
            (template(false, true), Record { inside: false, ..member() }),
            (template(false, false), Record { secret: true, ..member() }),
            (template(false, false), Record { kind: Kind::Event, ..member() }),
        ] {
            assert_eq!(carried(Some(&template), &record), None, "{record:?}");
        }
        assert!(carried(None, &record).expect("all of it travels").text.contains("\"size\":2"));
    }

    #[test]
    fn a_template_follows_from_its_id() {
        for number in 0..50 {
            let template = Template::of(number);
            assert_eq!(Template::with_id(&template.id()).as_ref(), Some(&template));
            assert!(template.selected().count() >= 2);
        }
    }
}
