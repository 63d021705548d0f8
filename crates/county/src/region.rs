//! Regions, organisations, and what the county sets for the checks.

use serde_json::{Value, json};

use crate::code::{self, COUNTY};
use crate::name;
use crate::village::{Village, region_of};
use crate::{County, TODAY, VILLAGES};

/// Side of a village, 10^-4 of a degree.
const SIDE: u64 = 400;
/// Villages side by side.
const COLUMNS: u64 = 20;

/// The south-west corner of a village, 10^-4 of a degree east and north.
pub(crate) fn corner(village: u64) -> (u64, u64) {
    (1_198_000 + village % COLUMNS * SIDE, 315_000 + village / COLUMNS * SIDE)
}

/// A number of 10^-4 as a decimal.
pub(crate) fn degrees(units: u64) -> String {
    format!("{}.{:04}", units / 10_000, units % 10_000)
}

/// A rectangle as WKT, with a hole in its middle or whole.
pub(crate) fn rectangle((east, north): (u64, u64), (width, height): (u64, u64), hole: bool) -> String {
    let ring =
        |west: String, south: String, east: String, north: String| format!("({west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south})");
    let outer = ring(degrees(east), degrees(north), degrees(east + width), degrees(north + height));
    if !hole {
        return format!("POLYGON ({outer})");
    }
    let inner = ring(degrees(east + 1), degrees(north + 1), degrees(east + 2), degrees(north + 2));
    format!("POLYGON ({outer}, {inner})")
}

fn admin(village: &mut Village, number: u64, code: &str, name: &str, level: &str, fields: Value) {
    let region = format!("{code:0<12}");
    let rid =
        village.put("admin_region", number, "current", "Public", json!({ "region": region, "code": code, "name": name, "level": level, "org_rid": null }));
    village.set(&rid, fields);
}

/// The county, its towns, and a village that became part of another one.
pub(crate) fn county(county: &County, village: &mut Village) {
    admin(village, 1, COUNTY, "某区", "county", json!({ "valid_from": "2015-01-01" }));
    for town in 0..county.villages().div_ceil(VILLAGES) {
        let code = format!("{COUNTY}{:03}", 101 + town);
        admin(village, 2 + town, &code, &format!("{}镇", name::place(town * 3 + 1)), "town", json!({ "parent": COUNTY }));
    }
    let retired = json!({ "parent": format!("{COUNTY}101"), "valid_from": "2010-01-01", "valid_to": "2020-12-31", "successor": region_of(0) });
    admin(village, 10_000, &format!("{COUNTY}101900"), "老庄村", "village", retired);
}

/// A village and its organisation.
pub(crate) fn village(county: &County, village: &mut Village) {
    let (region, name) = (village.region.clone(), village.name.clone());
    admin(village, 0, &region, &name, "village", json!({ "parent": region[..9] }));
    let head = format!("{}主任", name::surname(&mut village.random));
    let fields = json!({
        "uscc": code::uscc(village.number + 1), "name": format!("{name}股份经济合作社"), "issuer_code": village.issuer, "level": "village",
        "legal_form": "股份经济合作社", "reg_cert_no": format!("登{:06}", village.number + 1), "reg_date": "2019-06-01", "head_name": head, "head_id_type": "9",
        "head_id_no": format!("O{:08}", village.number), "address": format!("某区某镇{name}"), "postcode": "213000", "bank_name": "某某银行",
        "bank_account": code::account(900_000_000 + village.number), "member_count": 0, "household_count": county.households_of(village.number), "total_shares": "0",
    });
    village.put("organisation", 0, "current", "Public", fields);
}

/// The parameters of the checks.
pub(crate) fn rules(county: &County) -> String {
    let (year, month, day) = TODAY;
    let mut text = format!(
        "# What this invented county sets for `gapferry check`. Its records are as of this day.\n\
         today = \"{year:04}-{month:02}-{day:02}\"\nrule_year = 2014\nhomestead_tolerance_permille = 50\ndividend_day = \"03-31\"\nexchange_threshold = 5000000\n\
         price_percent = 80\n\n[[standard_areas]]\ncounty = \"{COUNTY}\"\nsize_max = 3\narea = \"120.00\"\n\n\
         [[standard_areas]]\ncounty = \"{COUNTY}\"\nsize_max = 99\narea = \"135.00\"\n\n[[price_index]]\ncounty = \"{COUNTY}\"\nfen = 1000\n"
    );
    for number in 0..county.villages() {
        let boundary = rectangle(corner(number), (SIDE, SIDE), false);
        text.push_str(&format!("\n[[boundaries]]\nvillage = \"{}\"\ngeometry = \"{boundary}\"\n", region_of(number)));
    }
    text
}
