//! `spec/rights/kinds.md` is made from the tables; this holds that it is the one they make.

use rights::kind::{Field, Need, Show, Type, code_name, code_value};
use rights::{Kind, Sens, kinds};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

const INTRODUCTION: &str = "# Kinds of records

Made from the tables of the program; a test holds that both say the same. The words are those of [rights.md](../rights.md).
Requirement: M mandatory, C conditional (with its condition where the record shows it), O optional. `[]` after a name is a list. The
column I/O/X/W is the most that a route into that zone may show.
";

/// The objects within fields, each with its fields, by the first path that leads to it.
type Objects = BTreeMap<String, &'static [Field]>;

fn type_name(field: &Field, path: &str, objects: &mut Objects) -> String {
    let references = |names: &[&str]| if names.is_empty() { "Ref".to_owned() } else { format!("Ref {}", names.join(", ")) };
    match field.kind {
        Type::Text(most) => format!("S({most})"),
        Type::Digits(least, most) if least == most => format!("{least} digits"),
        Type::Digits(least, most) => format!("{least} to {most} digits"),
        Type::Code(entries) => {
            let named = |entry: &&'static str| {
                if code_value(entry) == code_name(entry) { (*entry).to_owned() } else { format!("`{}` {}", code_value(entry), code_name(entry)) }
            };
            format!("E {}", entries.iter().map(named).collect::<Vec<_>>().join(" / "))
        }
        Type::Money => "¥".into(),
        Type::Decimal(2) => "m²".into(),
        Type::Decimal(_) if field.name.ends_with("mu") => "mu".into(),
        Type::Decimal(_) => "Dec".into(),
        Type::Signed(_) => "±Dec".into(),
        Type::Date => "D".into(),
        Type::Time => "T".into(),
        Type::Bool => "B".into(),
        Type::Count => "N".into(),
        Type::Id(identifier) => identifier.name().into(),
        Type::Region(0) => "RegionCode".into(),
        Type::Region(length) => format!("RegionCode({length})"),
        Type::Ref(names) => references(names),
        Type::Doc => "Doc".into(),
        Type::Wkt => "WKT".into(),
        Type::Digest => "`{alg, hex}`: `alg` blake3 / sha256 / sm3, `hex` 64 digits".into(),
        Type::Bytes => "base64".into(),
        Type::Sens => "class".into(),
        Type::State => "as `state`".into(),
        Type::FileName => "S(255), no path".into(),
        Type::Redaction => "`none` / `redacted_copy_of(<document_id>)`".into(),
        Type::RuleId => "X01 to X34".into(),
        Type::Object(fields) => {
            let same =
                objects.iter().find(|(_, known)| known.iter().map(|field| field.name).eq(fields.iter().map(|field| field.name))).map(|(path, _)| path.clone());
            let name = same.unwrap_or_else(|| {
                objects.insert(path.to_owned(), fields);
                path.to_owned()
            });
            format!("object `{name}`")
        }
        Type::FieldsOf(name) => format!("any fields of {name}"),
        Type::Rows => "kind → list of `{rid, any fields of the kind}`".into(),
        Type::Numbers => "any keys, integers".into(),
    }
}

fn need(need: Need) -> String {
    match need {
        Need::Always => "M".into(),
        Need::Never => "O".into(),
        Need::Business => "C".into(),
        Need::When(other, values) => format!("C: {other} is {}", values.join(" or ")),
        Need::Unless(other, values) => format!("C: unless {other} is {}", values.join(" or ")),
        Need::With(other) => format!("C: with {other}"),
    }
}

fn shown(shows: [Show; 4]) -> String {
    let one = |show: &Show| match show {
        Show::Full => "F".to_owned(),
        Show::Absent => "–".to_owned(),
        Show::Masked(mask) => mask.name().to_owned(),
        Show::Subject(rights::Mask::None) => "S".to_owned(),
        Show::Subject(mask) => format!("S:{}", mask.name()),
        Show::Summed => "sum".to_owned(),
        Show::OnSale => "sale".to_owned(),
        Show::Redacted => "redacted".to_owned(),
        Show::Fieldwise => "fieldwise".to_owned(),
    };
    shows.iter().map(one).collect::<Vec<_>>().join("/")
}

fn fields(page: &mut String, fields: &[Field], of: &str, objects: &mut Objects) {
    page.push_str("\n| field | zh | NY/T | type | req | class | I/O/X/W |\n|---|---|---|---|---|---|---|\n");
    for field in fields {
        let path = if of.is_empty() { field.name.to_owned() } else { format!("{of}.{}", field.name) };
        let row = [
            format!("{}{}", field.name, if field.many { "[]" } else { "" }),
            field.zh.to_owned(),
            field.standard.to_owned(),
            type_name(field, &path, objects),
            need(field.need),
            field.sens.name().to_owned(),
            shown(field.show),
        ];
        writeln!(page, "| {} |", row.join(" | ")).expect("a String takes everything");
    }
}

fn page() -> String {
    let mut page = INTRODUCTION.to_owned();
    let mut objects = Objects::new();
    page.push_str("\n## Header\n\nOf every record. Class and columns of `state` are those that the kind gives.\n");
    fields(&mut page, kinds::HEADER, "", &mut objects);
    for kind in kinds::ALL {
        let Kind { name, zh, entity, sens, state, .. } = kind;
        write!(page, "\n## E{entity:02} {name} {zh}\n\nClass {}; `state` {} {}.\n", sens.name(), state.0.name(), shown(state.1))
            .expect("a String takes everything");
        fields(&mut page, kind.fields, name, &mut objects);
    }
    page.push_str("\n## Objects within fields\n");
    let mut done: Vec<String> = Vec::new();
    while let Some((path, members)) = objects.clone().into_iter().find(|(path, _)| !done.contains(path)) {
        write!(page, "\n### `{path}`\n").expect("a String takes everything");
        fields(&mut page, members, &path, &mut objects);
        done.push(path);
    }
    page.push_str("\n## Life cycles\n");
    let mut cycles: Vec<(&rights::cycle::Cycle, Vec<&str>)> = Vec::new();
    for kind in kinds::ALL {
        match cycles.iter_mut().find(|(cycle, _)| std::ptr::eq(*cycle, kind.cycle)) {
            Some((_, names)) => names.push(kind.name),
            None => cycles.push((kind.cycle, vec![kind.name])),
        }
    }
    for (cycle, names) in cycles {
        write!(page, "\n### {}\n\n| state | zh | may become |\n|---|---|---|\n", names.join(", ")).expect("a String takes everything");
        for ((state, zh), (_, ends)) in cycle.states.iter().zip(cycle.moves) {
            let ends = ends.iter().map(|end| format!("`{end}`")).collect::<Vec<_>>().join(", ");
            writeln!(page, "| `{state}` | {zh} | {} |", if ends.is_empty() { "–" } else { &ends }).expect("a String takes everything");
        }
        if cycle.correctable {
            page.push_str("\nAny state may become any other by a correction with its resolution.\n");
        }
    }
    page
}

#[test]
fn the_page_is_the_one_that_the_tables_make() {
    let made = page();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec/rights/kinds.md");
    if std::fs::read_to_string(&path).unwrap_or_default() != made {
        let beside = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kinds.md");
        std::fs::write(&beside, made).expect("the target folder can be written");
        panic!("spec/rights/kinds.md is not what the tables say; they say {}", beside.display());
    }
}

#[test]
fn tables_name_what_there_is() {
    for kind in kinds::ALL {
        let all: Vec<Field> = kind.all_fields().collect();
        for (place, field) in all.iter().enumerate() {
            assert!(all[..place].iter().all(|other| other.name != field.name), "{} {} twice", kind.name, field.name);
            assert!(field.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_') && !field.zh.is_empty());
            if let Type::Ref(names) = field.kind {
                names.iter().for_each(|name| assert!(Kind::named(name).is_some(), "{} {}: {name}", kind.name, field.name));
            }
            if let Need::When(other, _) | Need::Unless(other, _) | Need::With(other) = field.need {
                assert!(kind.field(other).is_some(), "{} {}: {other}", kind.name, field.name);
            }
            if let Show::Masked(mask) = field.show[1] {
                assert!(mask.suits(field.kind) || matches!(field.kind, Type::Object(_)), "{} {}: {}", kind.name, field.name, mask.name());
            }
        }
    }
}

#[test]
fn no_secret_leaves_but_under_a_mask_and_no_identity_digit_reaches_the_web() {
    let mut secret = 0;
    for kind in kinds::ALL {
        for field in kind.all_fields().filter(|field| field.name != "documents") {
            let at = |zone: usize| (field.show[zone], format!("{} {}", kind.name, field.name));
            if field.sens == Sens::Secret {
                secret += 1;
                for (show, name) in (1..4).map(at) {
                    assert!(!matches!(show, Show::Full | Show::Fieldwise | Show::OnSale), "{name}");
                }
            }
            if field.name.contains("id_no") || field.name.ends_with("_id") && field.sens == Sens::Sensitive {
                assert!(matches!(at(3).0, Show::Absent), "{}", at(3).1);
            }
        }
    }
    assert!(secret >= 9, "{secret}");
}
