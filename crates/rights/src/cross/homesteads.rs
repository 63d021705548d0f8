//! X09 and X12 to X15: homesteads.

use super::index::Index;
use super::people::active_members;
use super::{Parameters, Tell, hit};
use std::collections::{BTreeMap, BTreeSet};

/// X09: a homestead in use by a household without a confirmed member, neither inherited nor approved of old.
pub(super) fn used_by_no_member(index: &Index, _: &Parameters, tell: Tell<'_>) {
    let members = active_members(index);
    for homestead in index.homesteads.iter().filter(|homestead| homestead.active && !homestead.of_old) {
        if !members.contains_key(&homestead.household) {
            tell(hit(9, [homestead.record], []));
        }
    }
}

/// X12: a household with confirmed members and without a qualification.
pub(super) fn household_without_qualification(index: &Index, _: &Parameters, tell: Tell<'_>) {
    let members = active_members(index);
    let qualified: BTreeSet<u32> = index.qualified.iter().copied().collect();
    for household in index.households.iter().filter(|household| household.current && members.contains_key(&household.record)) {
        if !qualified.contains(&household.record) {
            tell(hit(12, [household.record], []));
        }
    }
}

/// X13: more than one homestead in use by one household in one region.
pub(super) fn more_than_one(index: &Index, _: &Parameters, tell: Tell<'_>) {
    let mut used: BTreeMap<(u32, u64), Vec<u32>> = BTreeMap::new();
    for homestead in index.homesteads.iter().filter(|homestead| homestead.active && homestead.household != 0) {
        used.entry((homestead.household, index.region(homestead.record))).or_default().push(homestead.record);
    }
    for ((household, _), homesteads) in used.into_iter().filter(|(_, homesteads)| homesteads.len() > 1) {
        let count = homesteads.len() as i64;
        tell(hit(13, [vec![household], index.alike(homesteads.into_iter())].concat(), [("homesteads", "宅基地数", count)]));
    }
}

/// X14: a homestead above the standard of its county for households of that size, and what is let pass above it.
pub(super) fn above_standard(index: &Index, parameters: &Parameters, tell: Tell<'_>) {
    for homestead in index.homesteads.iter().filter(|homestead| homestead.active) {
        let size = index.household(homestead.household).map_or(0, |household| household.size);
        let county = index.region(homestead.record) / 1_000_000;
        let fitting = parameters.standard_areas.iter().filter(|standard| standard.county == county && size <= standard.size_max);
        let Some(standard) = fitting.min_by_key(|standard| standard.size_max) else { continue };
        if i128::from(homestead.area) * 1_000 > i128::from(standard.area) * i128::from(1_000 + parameters.homestead_tolerance_permille) {
            tell(hit(14, [homestead.record], [("area", "实占面积", homestead.area), ("standard_area", "标准面积", standard.area)]));
        }
    }
}

/// X15: a house that was built after the rule year without an approval.
pub(super) fn built_before_approved(index: &Index, parameters: &Parameters, tell: Tell<'_>) {
    let Some(rule_year) = parameters.rule_year else { return };
    for homestead in index.homesteads.iter().filter(|homestead| homestead.active && homestead.house && !homestead.approved) {
        if homestead.built_year > rule_year {
            tell(hit(15, [homestead.record], [("built_year", "建成年份", homestead.built_year)]));
        }
    }
}
