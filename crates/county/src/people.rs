//! Households, members, and what happened to them.

use rights::scalar::Date;
use serde_json::json;
use std::collections::HashSet;

use crate::code;
use crate::name;
use crate::village::{Household, Village};
use crate::{County, today};

/// Members that are no longer active, of a household: their numbers begin here.
pub(crate) const PAST: u64 = 100_000;
/// Members of a household, at most.
pub(crate) const SIZE_MAX: u64 = 6;

/// Birthdays that nobody of a village has yet, by gender.
#[derive(Default)]
struct Births {
    taken: HashSet<(i32, bool)>,
}

impl Births {
    /// Somebody between so many and so many years old.
    fn born(&mut self, village: &mut Village, years: (u64, u64), male: bool) -> Date {
        let days = i32::try_from(years.0 * 365 + village.random.below((years.1 - years.0) * 365) + 30).unwrap_or(0);
        let mut birth = today().after(-days);
        while !self.taken.insert((birth.days(), male)) {
            birth = birth.after(-1);
        }
        birth
    }
}

struct Person<'p> {
    number: u64,
    household: u64,
    name: &'p str,
    male: bool,
    birth: Date,
    relation: &'p str,
    state: &'p str,
}

fn member(village: &mut Village, person: &Person<'_>) -> String {
    let id_no = code::citizen(village.number, person.birth, person.male);
    let fields = json!({
        "name": person.name, "gender": if person.male { "1" } else { "2" }, "id_type": "1", "id_no": id_no, "birth_date": person.birth.to_string(),
        "relation": person.relation, "co_owner": "1", "household_rid": village.rid("household", person.household), "member_state": person.state,
        "hukou_region": village.region, "minor_flag": person.birth.years_until(today()) < 18,
    });
    village.put("member", person.number, person.state, "Personal", fields)
}

pub(crate) fn make(county: &County, village: &mut Village) {
    let mut births = Births::default();
    let mut active = 0;
    for number in 0..county.households_of(village.number) {
        let surname = name::surname(&mut village.random);
        let size = match village.random.below(100) {
            0..5 => 1,
            5..25 => 2,
            25..53 => 3,
            53..80 => 4,
            80..93 => 5,
            _ => SIZE_MAX,
        };
        let male_head = !village.random.permille(120);
        let mut members = Vec::new();
        for place in 0..size {
            let (relation, years, male) = match place {
                0 => ("02", (30, 62), male_head),
                1 => ("10", (28, 60), !male_head),
                2 | 3 => ("20", (1, 27), village.random.permille(520)),
                _ => ("51", (66, 92), place % 2 == 0),
            };
            let relation = if relation == "20" && !male { "30" } else { relation };
            let birth = births.born(village, years, male);
            let family = if place == 1 { name::surname(&mut village.random) } else { surname.clone() };
            let called = name::person(&family, &mut village.random);
            let person = Person { number: number * SIZE_MAX + place, household: number, name: &called, male, birth, relation, state: "confirmed" };
            let rid = member(village, &person);
            if place == 2 && birth.years_until(today()) < 6 {
                let fields = json!({ "member_rid": rid, "event": "birth", "event_date": birth.to_string() });
                village.put("membership_event", person.number, "current", "Personal", fields);
            }
            if place == 1 && village.random.permille(50) {
                let fields = json!({
                    "member_rid": rid, "event": "marriage", "event_date": "2015-05-01", "resolution_no": format!("决〔2015〕{number}号"), "meeting_date": "2015-06-01",
                });
                village.put("membership_event", person.number, "current", "Personal", fields);
            }
            members.push((person.number, called));
        }
        active += size;
        past(village, &mut births, number, &surname);
        household(village, number, members);
    }
    let organisation = village.organisation();
    village.set(&organisation, json!({ "member_count": active }));
}

/// Somebody who died, and somebody who moved away and keeps the shares.
fn past(village: &mut Village, births: &mut Births, household: u64, surname: &str) {
    if village.random.permille(30) {
        let birth = births.born(village, (70, 95), true);
        let name = name::person(surname, &mut village.random);
        let rid = member(village, &Person { number: PAST + household, household, name: &name, male: true, birth, relation: "51", state: "lost" });
        village.set(&rid, json!({ "remark_code": "去世" }));
        let fields = json!({ "member_rid": rid, "event": "death", "event_date": "2023-03-03" });
        village.put("membership_event", PAST + household, "current", "Personal", fields);
    }
    if village.random.permille(20) {
        let birth = births.born(village, (20, 40), false);
        let name = name::person(surname, &mut village.random);
        let number = 2 * PAST + household;
        let rid = member(village, &Person { number, household, name: &name, male: false, birth, relation: "30", state: "retained" });
        village.set(&rid, json!({ "remark_code": "外嫁女" }));
        let fields = json!({
            "member_rid": rid, "event": "join_other", "event_date": "2022-02-02", "resolution_no": format!("决〔2022〕{household}号"), "meeting_date": "2022-03-01",
            "vote_for": 40, "vote_against": 2, "retained_rights": ["share"], "retained_until": "2032-12-31",
        });
        village.put("membership_event", number, "current", "Personal", fields);
    }
}

fn household(village: &mut Village, number: u64, members: Vec<(u64, String)>) {
    let head = village.rid("member", members[0].0);
    let account = code::account(village.number * 1_000 + number);
    let id_no = village.get(&head).map(|member| member["id_no"].clone());
    let contractor = village.has_land().then(|| village.contractor(number));
    let fields = json!({
        "hh_no": format!("{:03}-{:04}", village.number, number + 1), "contractor_code": contractor, "contractor_type": "1", "head_rid": head, "id_type": "1",
        "id_no": id_no, "address": format!("某区某镇{}{}组{}号", village.name, number / 40 + 1, number % 40 + 1), "postcode": "213000",
        "phone": format!("199{:08}", village.number * 1_000 + number), "size": members.len(), "bank_account": account, "publicity_reviewed_on": "2019-05-01",
        "publicity_reviewer": "某审核", "low_income_flag": number % 53 == 7,
    });
    village.put("household", number, "current", "Personal", fields);
    village.households.push(Household { members, account, parcels: Vec::new() });
}
