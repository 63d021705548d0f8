//! What a county sets for the cross-checks, as TOML: a file of its own, or `[archives.NAME.rules]` of the configuration.

use rights::cross::{Parameters, StandardArea, is_role};
use rights::geometry::Geometry;
use rights::identifier::RegionCode;
use rights::scalar::{Area, Date};
use serde::Deserialize;

use crate::report::Failure;

/// Who looks into an alert where nothing else is said.
const ROLE: &str = "村级经办";

/// Most days of a rule: a century.
const DAYS_MAX: i64 = 36_525;
/// Last year of a rule.
const YEAR_MAX: i64 = 9_999;
/// Most of what is counted in fen, thousandths, per cent or people.
const NUMBER_MAX: i64 = 1_000_000_000_000;

/// The rules as they are written; what is not written has its default.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CheckRules {
    /// The day that the checks are made for, `yyyy-MM-dd`; else that of the clock, at +08:00.
    pub today: Option<String>,
    /// The role that looks into alerts.
    pub assignee_role: Option<String>,
    /// X14.
    pub standard_areas: Vec<StandardAreaRule>,
    /// X14: thousandths above the standard that are let pass.
    pub homestead_tolerance_permille: Option<i64>,
    /// X15.
    pub rule_year: Option<i64>,
    /// X18: m².
    pub overlap_tolerance: Option<String>,
    /// X18.
    pub boundaries: Vec<BoundaryRule>,
    /// X24: `MM-dd`.
    pub dividend_day: Option<String>,
    /// X27.
    pub inventory_year: Option<i32>,
    /// X28.
    pub disposal_days: Option<i32>,
    /// X29.
    pub expiry_days: Option<i32>,
    /// X29.
    pub overdue_days: Option<i32>,
    /// X29.
    pub price_index: Vec<PriceRule>,
    /// X29: per cent of the index.
    pub price_percent: Option<i64>,
    /// X30: fen.
    pub exchange_threshold: Option<i64>,
    /// X31.
    pub idle_days: Option<i32>,
}

/// What a homestead may measure.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandardAreaRule {
    /// Code of the county, 6 digits.
    pub county: String,
    /// For households of at most so many.
    pub size_max: i64,
    /// m².
    pub area: String,
}

/// Where a village ends.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoundaryRule {
    /// Code of the village, 12 digits.
    pub village: String,
    /// WKT.
    pub geometry: String,
}

/// What a m² brings in a year.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceRule {
    /// Code of the county, 6 digits.
    pub county: String,
    /// Fen per m² and year.
    pub fen: i64,
}

impl CheckRules {
    /// Reads a file of rules; `subject` names it.
    pub fn parse(text: &str, subject: &str) -> Result<Self, Failure> {
        let wrong = |detail: String| Failure::new("HOM-03", subject, detail);
        let rules: Self = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        rules.validate().map_err(wrong)?;
        Ok(rules)
    }

    /// Which key is wrong, if one is.
    pub fn validate(&self) -> Result<(), String> {
        let days =
            [("disposal_days", self.disposal_days), ("expiry_days", self.expiry_days), ("overdue_days", self.overdue_days), ("idle_days", self.idle_days)];
        let days = days.map(|(key, value)| (key, value.map(i64::from), DAYS_MAX));
        let numbers = [
            ("homestead_tolerance_permille", self.homestead_tolerance_permille, NUMBER_MAX),
            ("rule_year", self.rule_year, YEAR_MAX),
            ("inventory_year", self.inventory_year.map(i64::from), YEAR_MAX),
            ("price_percent", self.price_percent, NUMBER_MAX),
            ("exchange_threshold", self.exchange_threshold, NUMBER_MAX),
        ];
        let sizes = self.standard_areas.iter().map(|rule| ("standard_areas.size_max", Some(rule.size_max), NUMBER_MAX));
        let prices = self.price_index.iter().map(|rule| ("price_index.fen", Some(rule.fen), NUMBER_MAX));
        for (key, value, max) in days.into_iter().chain(numbers).chain(sizes).chain(prices) {
            if let Some(value) = value.filter(|value| !(0..=max).contains(value)) {
                return Err(format!("{key}: {value} is not within 0 and {max}"));
            }
        }
        if let Some(role) = self.assignee_role.as_ref().filter(|role| !is_role(role)) {
            return Err(format!("assignee_role: {role:?} is no role of 1 to 50 characters"));
        }
        self.parameters(Date::of(2000, 1, 1).expect("a day of the calendar")).map(|_| ())
    }

    /// The role that looks into alerts.
    pub fn role(&self) -> &str {
        self.assignee_role.as_deref().unwrap_or(ROLE)
    }

    /// The parameters of the checks; `clock` is the day where none is written. An error says which key is wrong.
    pub fn parameters(&self, clock: Date) -> Result<Parameters, String> {
        let date = |text: &String| Date::parse(text).ok_or(format!("today: {text:?} is no day yyyy-MM-dd"));
        let today = self.today.as_ref().map(date).transpose()?.unwrap_or(clock);
        let mut parameters = Parameters::at(today);
        let area = |key: &str, text: &str| Area::parse(text).map(Area::units).ok_or(format!("{key}: {text:?} is no area in m²"));
        let region = |key: &str, text: &str, digits: usize| match RegionCode::parse(text) {
            Ok(_) if text.len() == digits => text.parse().map_err(|_| format!("{key}: {text:?} is no number")),
            _ => Err(format!("{key}: {text:?} is no code of {digits} digits")),
        };
        for rule in &self.standard_areas {
            let (county, area) = (region("standard_areas.county", &rule.county, 6)?, area("standard_areas.area", &rule.area)?);
            parameters.standard_areas.push(StandardArea { county, size_max: rule.size_max, area });
        }
        for rule in &self.boundaries {
            let geometry = Geometry::parse(&rule.geometry).ok_or(format!("boundaries.geometry of {}: not a geometry that is read here", rule.village))?;
            parameters.boundaries.push((region("boundaries.village", &rule.village, 12)?, geometry));
        }
        for rule in &self.price_index {
            parameters.price_index.push((region("price_index.county", &rule.county, 6)?, rule.fen));
        }
        if let Some(text) = &self.overlap_tolerance {
            parameters.overlap_tolerance = area("overlap_tolerance", text)?;
        }
        if let Some(text) = &self.dividend_day {
            let day = Date::parse(&format!("2001-{text}")).ok_or(format!("dividend_day: {text:?} is no day MM-dd of every year"))?;
            parameters.dividend_day = Some((day.numbers().1, day.numbers().2));
        }
        let set = |into: &mut i32, value: Option<i32>| *into = value.unwrap_or(*into);
        set(&mut parameters.inventory_year, self.inventory_year);
        set(&mut parameters.disposal_days, self.disposal_days);
        set(&mut parameters.expiry_days, self.expiry_days);
        set(&mut parameters.overdue_days, self.overdue_days);
        set(&mut parameters.idle_days, self.idle_days);
        parameters.homestead_tolerance_permille = self.homestead_tolerance_permille.unwrap_or(parameters.homestead_tolerance_permille);
        parameters.price_percent = self.price_percent.unwrap_or(parameters.price_percent);
        parameters.rule_year = self.rule_year;
        parameters.exchange_threshold = self.exchange_threshold;
        Ok(parameters)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(text: &str) -> Parameters {
        CheckRules::parse(text, "rules").unwrap().parameters(Date::of(2026, 11, 21).unwrap()).unwrap()
    }

    #[test]
    fn what_is_not_written_has_its_default() {
        let (bare, default) = (parameters(""), Parameters::at(Date::of(2026, 11, 21).unwrap()));
        assert_eq!(format!("{bare:?}"), format!("{default:?}"));
    }

    #[test]
    fn what_is_written_is_taken() {
        let read = parameters(
            "today = '2026-06-30'\nhomestead_tolerance_permille = 50\nrule_year = 2014\noverlap_tolerance = '1.50'\ndividend_day = '03-31'\n\
             inventory_year = 2024\ndisposal_days = 31\nexpiry_days = 61\noverdue_days = 32\nprice_percent = 80\nexchange_threshold = 500000\nidle_days = 181\n\
             [[standard_areas]]\ncounty = '320412'\nsize_max = 4\narea = '130'\n[[price_index]]\ncounty = '320412'\nfen = 1500\n\
             [[boundaries]]\nvillage = '320412103012'\ngeometry = 'POLYGON ((120 31, 120.1 31, 120.1 31.1, 120 31))'\n",
        );
        assert_eq!((read.today.to_string().as_str(), read.inventory_year, read.dividend_day), ("2026-06-30", 2024, Some((3, 31))));
        assert_eq!((read.standard_areas[0].county, read.standard_areas[0].size_max, read.standard_areas[0].area), (320_412, 4, 13_000));
        assert_eq!((read.homestead_tolerance_permille, read.rule_year, read.overlap_tolerance), (50, Some(2014), 150));
        assert_eq!((read.disposal_days, read.expiry_days, read.overdue_days, read.idle_days), (31, 61, 32, 181));
        assert_eq!((read.price_index.clone(), read.price_percent, read.exchange_threshold), (vec![(320_412, 1_500)], 80, Some(500_000)));
        assert_eq!(read.boundaries[0].0, 320_412_103_012);
        assert!(read.not_set().is_empty());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("rule_yeer = 1", "rule_yeer"),
            ("today = 'soon'", "today"),
            ("dividend_day = '02-30'", "dividend_day"),
            ("overlap_tolerance = '-1'", "overlap_tolerance"),
            ("[[standard_areas]]\ncounty = '320412103'\nsize_max = 1\narea = '1'", "standard_areas.county"),
            ("[[standard_areas]]\ncounty = '320412'\nsize_max = 1\narea = 'x'", "standard_areas.area"),
            ("[[boundaries]]\nvillage = '320412103012'\ngeometry = 'LINE'", "320412103012"),
            ("[[price_index]]\ncounty = '3204'\nfen = 1", "price_index.county"),
            ("[[price_index]]\ncounty = '320412'\nfen = -1", "price_index.fen"),
            ("[[standard_areas]]\ncounty = '320412'\nsize_max = -1\narea = '1'", "standard_areas.size_max"),
            ("disposal_days = -1", "disposal_days"),
            ("expiry_days = 36526", "expiry_days"),
            ("overdue_days = -400", "overdue_days"),
            ("idle_days = -1", "idle_days"),
            ("homestead_tolerance_permille = -999", "homestead_tolerance_permille"),
            ("homestead_tolerance_permille = 9223372036854775807", "homestead_tolerance_permille"),
            ("price_percent = -1", "price_percent"),
            ("exchange_threshold = -1", "exchange_threshold"),
            ("rule_year = 10000", "rule_year"),
            ("inventory_year = -1", "inventory_year"),
        ] {
            let failure = CheckRules::parse(text, "rules.toml").unwrap_err();
            assert_eq!((failure.0.code, failure.0.subject.as_str()), ("HOM-03", "rules.toml"));
            assert!(failure.0.detail.contains(part), "{text}: {}", failure.0.detail);
        }
    }
}
