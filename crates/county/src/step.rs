//! Business transactions: what changes when households split and merge, parcels are divided, and somebody gets another telephone. Each
//! touches two households of its own, so that any number of them can follow one another. Nothing is wrong afterwards either.

use serde_json::{Value, json};

use crate::County;
use crate::certificate::LAND;
use crate::homestead::ELSEWHERE;
use crate::land::{Contracting, LATER, contracted, parcel, parcel_code, place_of};
use crate::random::Random;
use crate::region::rectangle;
use crate::village::{File, Village, file_of, mu, square_metres};

/// When it was recorded.
const RECORDED: &str = "2026-06-30T16:00:00+08:00";

/// Pairs of households that a village has for transactions: the first half of them.
pub(crate) fn pairs(households: u64) -> u64 {
    households / 4
}

/// Village and pair of a transaction.
fn place(county: &County, number: u64) -> Option<(u64, u64)> {
    let villages = county.villages();
    // The last village is one of the smallest.
    let every = pairs(county.households_of(villages - 1));
    if number < every * villages {
        return Some((number % villages, number / villages));
    }
    let rest = usize::try_from(number - every * villages).ok()?;
    (0..villages).filter(|village| pairs(county.households_of(*village)) > every).nth(rest).map(|village| (village, every))
}

/// What one transaction changes or makes.
pub(crate) fn step(county: &County, number: u64) -> Option<Vec<File>> {
    let (place, pair) = place(county, number)?;
    let mut acting = Acting { village: Village::made(county, place), touched: Vec::new() };
    let (one, other) = (pair * 2, pair * 2 + 1);
    let has_land = acting.village.has_land();
    let business = match Random::new(county.seed ^ 0x57e9, number).below(4) {
        0 if has_land => acting.split(one),
        1 if has_land => acting.merge(one, other),
        2 if has_land => acting.divide(one),
        _ => None,
    };
    let business = business.unwrap_or_else(|| acting.telephone(one));
    let Acting { mut village, touched } = acting;
    let transaction = json!({ "txn_id": format!("{}-{number}", village.region), "size": touched.len(), "business_code": business });
    for rid in &touched {
        village.set(rid, json!({ "txn": transaction.clone() }));
    }
    Some(touched.iter().filter_map(|rid| village.get(rid)).map(file_of).collect())
}

struct Acting {
    village: Village,
    touched: Vec<String>,
}

impl Acting {
    /// The next version of a record, where there is such a one.
    fn change(&mut self, kind: &str, number: u64, fields: Value) {
        let rid = self.village.rid(kind, number);
        let Some(version) = self.village.get(&rid).and_then(|record| record["version"].as_u64()) else { return };
        self.village.set(&rid, fields);
        self.village.set(&rid, json!({ "version": version + 1, "recorded_at": RECORDED }));
        self.touched.push(rid);
    }

    /// A record that begins.
    fn begin(&mut self, kind: &str, number: u64, state: &str, sens: &str, fields: Value) -> String {
        let rid = self.village.put(kind, number, state, sens, fields);
        self.village.set(&rid, json!({ "recorded_at": RECORDED }));
        self.touched.push(rid.clone());
        rid
    }

    fn of(&self, kind: &str, number: u64) -> Value {
        self.village.get(&self.village.rid(kind, number)).cloned().unwrap_or_default()
    }

    /// 一般变更.
    fn telephone(&mut self, household: u64) -> &'static str {
        self.change("household", household, json!({ "phone": format!("198{:08}", household) }));
        "103"
    }

    /// The contract of a household ends, and everything that hangs on it.
    fn end_contract(&mut self, household: u64) {
        self.change("land_contract", household, json!({ "state": "ended" }));
        for (parcel, _) in self.village.households[household as usize].parcels.clone() {
            self.change("contracted_parcel", parcel, json!({ "state": "ended" }));
        }
        self.change("land_transfer", household, json!({ "state": "ended" }));
        let cancelled = json!({ "state": "ended", "change_kind": "cancel", "change_on": "2026-06-30", "change_reason": "分户或合户", "change_by": "某登簿" });
        self.change("land_right_cert", household, cancelled);
        self.revoke(household, "right_ended");
    }

    fn revoke(&mut self, household: u64, reason: &str) {
        self.change("ecertificate", LAND + household, json!({ "state": "revoked", "revoked_on": "2026-06-30", "revoke_reason": reason }));
    }

    /// 分户: the household and its contract end, and two begin.
    fn split(&mut self, number: u64) -> Option<&'static str> {
        let household = self.village.households[number as usize].clone();
        let (head, name) = household.members[0].clone();
        let leaves = household.members.iter().skip(1).rev().find(|(member, _)| self.of("member", *member)["minor_flag"] == false).cloned()?;
        let (old, id_of) = (self.of("household", number), |acting: &Self, member| acting.of("member", member)["id_no"].as_str().unwrap_or_default().to_owned());
        self.change("household", number, json!({ "state": "ended" }));
        self.end_contract(number);
        let stay: Vec<u64> = household.members.iter().map(|(member, _)| *member).filter(|member| *member != leaves.0).collect();
        let parts = [(LATER + 2 * number, name, head, stay), (LATER + 2 * number + 1, leaves.1.clone(), leaves.0, vec![leaves.0])];
        let kept = household.parcels.len() - 1;
        let parcels = [&household.parcels[..kept], &household.parcels[kept..]];
        for (place, ((new, name, head, members), parcels)) in (0_u64..).zip(parts.into_iter().zip(parcels)) {
            let contractor = self.village.contractor(5_000 + 2 * number + place);
            let id_no = id_of(self, head);
            let mut fields = old.clone();
            for part in ["rid", "version", "kind", "txn", "documents"] {
                fields.as_object_mut().map(|fields| fields.remove(part));
            }
            fields["hh_no"] = json!(format!("{}-{}", old["hh_no"].as_str().unwrap_or_default(), place + 1));
            fields["head_rid"] = json!(self.village.rid("member", head));
            fields["size"] = json!(members.len());
            fields["contractor_code"] = json!(contractor);
            fields["id_no"] = json!(id_no);
            if place == 1 {
                fields.as_object_mut().map(|fields| fields.remove("bank_account"));
            }
            let made = self.begin("household", new, "current", "Personal", fields);
            for member in &members {
                let relation = if *member == head { json!("02") } else { self.of("member", *member)["relation"].clone() };
                self.change("member", *member, json!({ "household_rid": made, "relation": relation }));
            }
            let users: Vec<String> = members.iter().map(|member| self.village.rid("member", *member)).collect();
            if place == 0 {
                for homestead in [number, ELSEWHERE + number] {
                    self.change("homestead_use", homestead, json!({ "user_household": made }));
                }
                self.change("homestead_qualification", number, json!({ "household_rid": made, "qualified_members": users }));
            } else {
                let mut fields = self.of("homestead_qualification", number);
                for part in ["rid", "version", "kind", "txn"] {
                    fields.as_object_mut().map(|fields| fields.remove(part));
                }
                fields["household_rid"] = json!(made);
                fields["qualified_members"] = json!(users);
                self.begin("homestead_qualification", new, "qualified", "Personal", fields);
                self.village.set(&self.village.rid("homestead_qualification", new), json!({ "state": "qualified" }));
            }
            let codes: Vec<(String, i64)> = parcels.iter().map(|(parcel, area)| (parcel_code(&self.village, *parcel), *area)).collect();
            let contracting = Contracting { contractor: &contractor, name: &name, id_no: &id_no, parcels: &codes };
            let (contract, rows, certificate) = contracted(&self.village, &contracting);
            self.begin("land_contract", new, "current", "Personal", contract);
            for ((parcel, _), row) in parcels.iter().zip(rows) {
                self.begin("contracted_parcel", LATER + parcel, "current", "Internal", row);
            }
            self.begin("land_right_cert", new, "current", "Personal", certificate);
        }
        Some("105")
    }

    /// 合户: the second household goes into the first.
    fn merge(&mut self, first: u64, second: u64) -> Option<&'static str> {
        let (one, other) = (self.village.households[first as usize].clone(), self.village.households[second as usize].clone());
        let stays = self.village.rid("household", first);
        self.change("household", second, json!({ "state": "ended" }));
        self.end_contract(second);
        for (member, _) in &other.members {
            self.change("member", *member, json!({ "household_rid": stays, "relation": "90" }));
        }
        // Their accounts were two: which one counts from now on they have yet to say.
        self.change("household", first, json!({ "size": one.members.len() + other.members.len(), "bank_account": null }));
        self.change("homestead_use", second, json!({ "state": "exited" }));
        // A household has one in each region.
        let has_one_there = !self.of("homestead_use", ELSEWHERE + first).is_null();
        let inherited = if has_one_there { json!({ "state": "exited" }) } else { json!({ "user_household": stays }) };
        self.change("homestead_use", ELSEWHERE + second, inherited);
        self.change("homestead_qualification", second, json!({ "state": "exited", "exited_area": "100.00", "exit_compensation": 5_000_000 }));
        let contractor = self.village.contractor(first);
        let codes: Vec<(String, i64)> = other.parcels.iter().map(|(parcel, area)| (parcel_code(&self.village, *parcel), *area)).collect();
        let contracting = Contracting { contractor: &contractor, name: "", id_no: "", parcels: &codes };
        let (_, rows, _) = contracted(&self.village, &contracting);
        for ((parcel, _), row) in other.parcels.iter().zip(rows) {
            self.begin("contracted_parcel", LATER + parcel, "current", "Internal", row);
        }
        let total: i64 = one.parcels.iter().chain(&other.parcels).map(|(_, area)| area).sum();
        let fields = json!({ "total_area": square_metres(total), "total_mu": mu(total), "parcel_count": one.parcels.len() + other.parcels.len() });
        self.change("land_contract", first, fields);
        self.revoke(first, "corrected");
        Some("106")
    }

    /// 地块拆分: one parcel becomes two.
    fn divide(&mut self, number: u64) -> Option<&'static str> {
        let household = self.village.households[number as usize].clone();
        let (old, area) = *household.parcels.last()?;
        let ((east, north), (width, height), _) = place_of(self.village.number, old);
        self.change("parcel", old, json!({ "state": "extinct" }));
        self.change("contracted_parcel", old, json!({ "state": "ended" }));
        let contractor = self.village.contractor(number);
        let parts = [(east, 2, area * 2 / 5), (east + 2, width - 2, area - area * 2 / 5)];
        let mut codes = Vec::new();
        for (place, (east, width, area)) in (0..).zip(parts) {
            let new = 50_000 + 2 * old + place;
            let code = parcel_code(&self.village, new);
            let mut fields = parcel(&code, &household.members[0].1, area, &rectangle((east, north), (width, height), false));
            fields["supersedes"] = json!([{ "rid": self.village.rid("parcel", old), "version": 1 }]);
            self.begin("parcel", new, "split", "Internal", fields);
            codes.push((new, code, area));
        }
        let parcels: Vec<(String, i64)> = codes.iter().map(|(_, code, area)| (code.clone(), *area)).collect();
        let contracting = Contracting { contractor: &contractor, name: "", id_no: "", parcels: &parcels };
        let (_, rows, _) = contracted(&self.village, &contracting);
        for ((new, ..), row) in codes.iter().zip(rows) {
            self.begin("contracted_parcel", LATER + new, "current", "Internal", row);
        }
        self.change("land_contract", number, json!({ "parcel_count": household.parcels.len() + 1 }));
        Some("parcel_split")
    }
}
