//! X01 to X06: identity numbers, households and who is dead.

use super::index::Index;
use super::rows::*;
use super::{Parameters, Tell, hit};
use std::collections::{BTreeMap, BTreeSet};

/// X01: an identity number that fails its check, or whose holder is not born yet.
pub(super) fn number_not_valid(index: &Index, parameters: &Parameters, tell: Tell<'_>) {
    let wrong = |person: &Person| person.is_number && (!person.valid || person.birth > parameters.today.days());
    let members = index.members.iter().map(|member| (member.record, &member.person));
    let households = index.households.iter().map(|household| (household.record, &household.person));
    members.chain(households).filter(|(_, person)| wrong(person)).for_each(|(record, _)| tell(hit(1, [record], [])));
}

/// X02: one number on more than one active member, in whatever organisation.
pub(super) fn number_twice(index: &Index, _: &Parameters, tell: Tell<'_>) {
    let active = index.members.iter().filter(|member| member.standing == Standing::Confirmed && member.person.key != 0);
    let mut holders: Vec<_> = active.map(|member| (member.person.key, member.record)).collect();
    holders.sort_unstable();
    for same in holders.chunk_by(|left, right| left.0 == right.0).filter(|same| same.len() > 1) {
        let subjects = index.alike(same.iter().map(|(_, record)| *record));
        let count = same.len() as i64;
        tell(hit(2, subjects, [("members", "成员数", count)]));
    }
}

/// X03: birth date or gender are not those of a valid number.
pub(super) fn birth_or_gender_differs(index: &Index, _: &Parameters, tell: Tell<'_>) {
    index.members.iter().filter(|member| member.differs).for_each(|member| tell(hit(3, [member.record], [])));
}

/// Active members of each household.
pub(super) fn active_members(index: &Index) -> BTreeMap<u32, i64> {
    let mut counts = BTreeMap::new();
    for member in index.members.iter().filter(|member| member.standing == Standing::Confirmed) {
        *counts.entry(member.household).or_default() += 1;
    }
    counts
}

/// X04: the size of a household is not the number of its active members.
pub(super) fn size_differs(index: &Index, _: &Parameters, tell: Tell<'_>) {
    let counts = active_members(index);
    for household in index.households.iter().filter(|household| household.current) {
        let count = counts.get(&household.record).copied().unwrap_or_default();
        if household.size != count {
            tell(hit(4, [household.record], [("size", "户内人数", household.size), ("members", "成员数", count)]));
        }
    }
}

/// X05: an active member whose household does not hold, or a household whose head is no active or retained member of it.
pub(super) fn without_household_or_head(index: &Index, _: &Parameters, tell: Tell<'_>) {
    for member in index.members.iter().filter(|member| member.standing == Standing::Confirmed) {
        if index.household(member.household).is_none_or(|household| !household.current) {
            tell(hit(5, [member.record], []));
        }
    }
    for household in index.households.iter().filter(|household| household.current) {
        let stands = |member: &Member| matches!(member.standing, Standing::Confirmed | Standing::Retained) && member.household == household.record;
        if !index.member(household.head_member).is_some_and(stands) {
            tell(hit(5, [household.record], []));
        }
    }
}

/// X06: a death, and the dead still holds shares, stands for a household in a contract, or uses a homestead.
pub(super) fn dead_and_still_a_holder(index: &Index, _: &Parameters, tell: Tell<'_>) {
    let mut dead: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    index.events.iter().filter(|event| event.death).for_each(|event| dead.entry(event.member).or_default().push(event.record));
    if dead.is_empty() {
        return;
    }
    let mut held: BTreeMap<u32, [i64; 3]> = BTreeMap::new();
    let mut count = |member: u32, what: usize| {
        if dead.contains_key(&member) {
            held.entry(member).or_default()[what] += 1;
        }
    };
    index.holdings.iter().filter(|holding| holding.active).for_each(|holding| count(holding.holder, 0));
    let contracted: BTreeSet<u64> = index.contracts.iter().filter(|contract| contract.current).map(|contract| contract.contractor).collect();
    let contractors = index.households.iter().filter(|household| household.contractor != 0 && contracted.contains(&household.contractor));
    contractors.for_each(|household| count(household.head_member, 1));
    let users = index.homestead_users.iter().filter(|(place, _)| index.homesteads[*place as usize].active);
    users.for_each(|(_, user)| count(*user, 2));
    for (member, [shares, land, homesteads]) in held {
        let facts = [("holdings", "股权数", shares), ("contracts", "承包合同数", land), ("homesteads", "宅基地数", homesteads)];
        let mut subjects = vec![member];
        if !index.is_there(member) {
            subjects.extend(index.alike(dead[&member].iter().copied()).first());
        }
        tell(hit(6, subjects, facts));
    }
}
