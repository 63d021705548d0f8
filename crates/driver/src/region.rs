//! For which region a template is in force. A person activates it for the region that the replica serves then; what `gapferry.toml` says
//! later changes nothing until the template is activated again, with a plan.
//!
//! Where a template asks for `replica.region`, its text is recorded with a last line, a comment, that names the region (spec/template.md).

use crate::home::Home;
use crate::packing::source_route;
use crate::report::{Failure, Problem};

const LINE: &str = "\n# in force for replica.region ";
/// What the line says where the replica has no region.
const NONE: &str = "none";

/// The text of a template as it is recorded when it is activated for this region.
pub fn for_region(text: &str, region: Option<&str>) -> String {
    let written = split(text).0;
    if asks(written) { format!("{written}{LINE}{}\n", region.unwrap_or(NONE)) } else { written.to_owned() }
}

/// Whether a template asks for the region, however its author writes it.
fn asks(text: &str) -> bool {
    fn says(value: &toml::Value) -> bool {
        match value {
            toml::Value::String(text) => text.contains("replica.region"),
            toml::Value::Array(values) => values.iter().any(says),
            toml::Value::Table(values) => values.values().any(says),
            _ => false,
        }
    }
    text.contains("replica.region") || toml::from_str::<toml::Table>(text).is_ok_and(|table| table.values().any(says))
}

/// What was written, and the region for which it is in force, or that it is so for none.
fn split(text: &str) -> (&str, Option<&str>) {
    let named = text.strip_suffix('\n').and_then(|text| text.rsplit_once(LINE));
    named.filter(|(_, region)| is_region(region) || *region == NONE).map_or((text, None), |(written, region)| (written, Some(region)))
}

fn is_region(text: &str) -> bool {
    matches!(text.len(), 6 | 9 | 12) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The region that `gapferry.toml` says the replica of a route serves.
pub fn configured(home: &Home, name: &str) -> Result<Option<String>, Failure> {
    match home.config.routes.get(name).and_then(|route| route.region.clone()) {
        Some(other) if !is_region(&other) => Err(Failure::new("HOM-03", name, format!("region {other:?} is not 6, 9 or 12 digits"))),
        region => Ok(region),
    }
}

/// The region for which the template of a route is in force. Where it says nothing of that, it does not ask, or an earlier version recorded it.
pub fn in_force(home: &Home, name: &str) -> Result<Option<String>, Failure> {
    let template = source_route(home, name)?.template.as_ref();
    match template.and_then(|template| split(&template.text).1) {
        Some(region) => Ok(Some(region.to_owned()).filter(|region| region != NONE)),
        None => configured(home, name),
    }
}

/// What is to be told where the replica is to serve another region than the template of its route is in force for.
pub fn difference(home: &Home, name: &str) -> Option<Problem> {
    let template = home.source().routes.get(name)?.template.as_ref()?;
    let configured = home.config.routes.get(name)?.region.as_deref().unwrap_or(NONE);
    let in_force = split(&template.text).1.filter(|in_force| *in_force != configured)?;
    let detail = format!("template {} is in force for region {in_force}, gapferry.toml says {configured}", template.id);
    Some(Problem { code: "SRC-16", subject: name.into(), detail })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_the_last_line() {
        let asks = "where = \"region = replica.region\"\n";
        let recorded = for_region(asks, Some("320412"));
        assert_eq!(split(&recorded), (asks, Some("320412")));
        assert_eq!(for_region(&recorded, Some("320412")), recorded, "what `template show` gives is the same again");
        assert_eq!(for_region(&recorded, Some("320999")), for_region(asks, Some("320999")));
        let for_none = for_region(&recorded, None);
        assert_eq!((split(&for_none), for_region(&for_none, Some("320412"))), ((asks, Some(NONE)), recorded));
        assert_eq!(for_region("where = \"true\"\n", Some("320412")), "where = \"true\"\n", "it does not ask");
        let escaped = "where = \"region = replica\\u002eregion\"\n";
        assert_eq!(split(&for_region(escaped, Some("320412"))), (escaped, Some("320412")), "however it is written");
        for other in ["", "1", "3204120", "32041a", "320412\"\"\"", "320412\nmore"] {
            let text = format!("{asks}{LINE}{other}\n");
            assert_eq!(split(&text), (text.as_str(), None), "{other}");
        }
    }
}
