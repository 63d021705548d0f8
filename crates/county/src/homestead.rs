//! Homesteads and who is qualified for one.

use serde_json::{Value, json};

use crate::County;
use crate::village::{Village, region_of, square_metres};

/// Numbers of homesteads in another village begin here.
pub(crate) const ELSEWHERE: u64 = 100_000;

pub(crate) fn make(county: &County, village: &mut Village) {
    for number in 0..village.households.len() as u64 {
        let household = village.rid("household", number);
        let members: Vec<String> = village.households[number as usize].members.iter().map(|(member, _)| village.rid("member", *member)).collect();
        let area = 8_000 + i64::try_from(village.random.below(3_000)).unwrap_or(0);
        let fields = homestead(village, (&village.region, number), area, "集体成员", &household, &members[0]);
        village.put("homestead_use", number, "registered", "Personal", fields);
        if county.villages() > 1 && village.random.permille(50) {
            // Inherited in the next village: another region, so one of each.
            let region = region_of((village.number + 1) % county.villages());
            let fields = homestead(village, (&region, 50_000 + number), 9_000, "继承", &household, &members[0]);
            village.put("homestead_use", ELSEWHERE + number, "registered", "Personal", fields);
        }
        let standard = if members.len() <= 3 { "120.00" } else { "135.00" };
        let fields = json!({
            "household_rid": household, "qualified_members": members, "standard_area": standard, "entitled_area": standard, "confirmed_on": "2020-09-01",
            "resolution_no": "决〔2020〕9号",
        });
        village.put("homestead_qualification", number, "exercised", "Personal", fields);
    }
}

/// The fields of a homestead: in that region, with that number there.
pub(crate) fn homestead(village: &Village, (region, number): (&str, u64), area: i64, acquired: &str, household: &str, user: &str) -> Value {
    json!({
        "region": region, "unit_no": format!("{region}JC{:05}F00010001", number + 1), "owner_org": village.organisation(), "location": format!("{}{}号", village.name, number % 1_000 + 1),
        "bounds_e": "路", "bounds_w": "邻宅", "bounds_s": "路", "bounds_n": "河", "area_approved": square_metres(area), "area_actual": square_metres(area),
        "house_area": square_metres(area - 1_000), "floors": 2, "structure": "砖混", "built_year": 1995 + number % 25, "acquire_by": acquired, "use_state": "正常",
        "approval_no": format!("宅批{}-{number}", village.number), "approved_on": "1994-10-01", "user_household": household, "users": [user], "mortgage": false,
        "seal": false,
    })
}
