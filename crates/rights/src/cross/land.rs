//! X08, X11 and X16 to X21: contracted land.

use super::index::Index;
use super::people::active_members;
use super::rows::*;
use super::{Parameters, Tell, hit};
use crate::geometry::{Bounds, Geometry};
use crate::kind::Sens;
use std::collections::{BTreeMap, BTreeSet};

/// Side of the squares that parcels are compared in, 10^-9 of a degree: some 200 m.
const SQUARE: i64 = 2_000_000;
/// A parcel in more squares than this is compared with all others.
const SQUARES_MAX: i64 = 256;

/// X08: a current contract of a household that has no confirmed member.
pub(super) fn contractor_without_members(index: &Index, _: &Parameters, tell: Tell<'_>) {
    let members = active_members(index);
    let with_members = index.households.iter().filter(|household| household.current && members.contains_key(&household.record));
    let contractors: BTreeSet<u64> = with_members.map(|household| household.contractor).collect();
    for contract in index.contracts.iter().filter(|contract| contract.current && contract.of_household && !contractors.contains(&contract.contractor)) {
        tell(hit(8, [contract.record], []));
    }
}

/// X11: a household with confirmed members and without a current contract, where its organisation has contracted land.
pub(super) fn household_without(index: &Index, _: &Parameters, tell: Tell<'_>) {
    let members = active_members(index);
    let current = || index.contracts.iter().filter(|contract| contract.current);
    let contractors: BTreeSet<u64> = current().map(|contract| contract.contractor).collect();
    let organisations: BTreeSet<u32> = current().map(|contract| index.organisation(contract.record)).collect();
    for household in index.households.iter().filter(|household| household.current && members.contains_key(&household.record)) {
        let has_land = household.contractor != 0 && contractors.contains(&household.contractor);
        if !has_land && organisations.contains(&index.organisation(household.record)) {
            tell(hit(11, [household.record], []));
        }
    }
}

/// X16: the parcels of a current contract do not add up to its area, within 0.01 m² for each of them.
pub(super) fn parcels_do_not_add_up(index: &Index, _: &Parameters, tell: Tell<'_>) {
    let mut sums: BTreeMap<u64, (i64, i64, Option<Sens>)> = BTreeMap::new();
    for parcel in index.contracted.iter().filter(|parcel| parcel.contract != 0) {
        let (area, count, sens) = sums.entry(parcel.contract).or_default();
        *area = area.saturating_add(parcel.area);
        *count += 1;
        *sens = index.sens(parcel.record).max(*sens);
    }
    for contract in index.contracts.iter().filter(|contract| contract.current) {
        let (area, count, sens) = sums.get(&contract.code).copied().unwrap_or_default();
        if (area - contract.total).abs() > count {
            let facts = [("parcels_area", "地块合计", area), ("total_area", "合同面积", contract.total), ("parcels", "地块数", count)];
            tell(hit(16, [contract.record], facts).summed(sens));
        }
    }
}

/// X17: mu is not m² × 0.0015 within 0.005, in whatever field; of one record the first such field.
pub(super) fn mu_differs(index: &Index, _: &Parameters, tell: Tell<'_>) {
    for of_one in index.mu_differs.chunk_by(|left, right| left.record == right.record) {
        let differs = of_one[0];
        tell(hit(17, [differs.record], [("area", "平方米", differs.area), ("mu", "亩", differs.mu)]));
    }
}

/// A parcel in its place.
struct Placed<'i> {
    parcel: &'i Parcel,
    bounds: Bounds,
}

/// X18: two parcels that overlap by more than the tolerance, or one of which more than that lies outside its village.
pub(super) fn overlaps_or_leaves(index: &Index, parameters: &Parameters, tell: Tell<'_>) {
    let tolerance = parameters.overlap_tolerance as f64 / 100.0;
    let outline = |parcel: &Parcel| Geometry::unpack(&index.outlines[parcel.outline.0..parcel.outline.1]);
    let with_outline = index.parcels.iter().filter(|parcel| parcel.outline.0 != parcel.outline.1);
    let placed: Vec<Placed<'_>> = with_outline.map(|parcel| Placed { parcel, bounds: outline(parcel).bounds() }).collect();
    for Placed { parcel, .. } in &placed {
        let boundary = parameters.boundaries.iter().find(|(region, _)| *region == index.region(parcel.record));
        let outside = boundary.map_or(0.0, |(_, boundary)| outline(parcel).outside(boundary));
        if outside > tolerance {
            tell(hit(18, [parcel.record], [("outside", "越界面积", (outside * 100.0) as i64)]));
        }
    }
    neighbours(&placed, tolerance, &mut |left, right| {
        let overlap = outline(left).overlap(&outline(right));
        if overlap > tolerance {
            tell(hit(18, index.alike([left.record, right.record].into_iter()), [("overlap", "重叠面积", (overlap * 100.0) as i64)]));
        }
    });
}

/// Every two parcels whose boxes have more than the tolerance in common, once.
fn neighbours(placed: &[Placed<'_>], tolerance: f64, meet: &mut dyn FnMut(&Parcel, &Parcel)) {
    let square = |(longitude, latitude): (i64, i64)| (longitude.div_euclid(SQUARE), latitude.div_euclid(SQUARE));
    let mut in_squares: Vec<((i64, i64), u32)> = Vec::with_capacity(placed.len() * 2);
    let mut large = Vec::new();
    for (place, Placed { bounds, .. }) in (0..).zip(placed) {
        let ((west, south), (east, north)) = (square(bounds.least), square(bounds.most));
        if (east - west + 1).saturating_mul(north - south + 1) > SQUARES_MAX {
            large.push(place);
        } else {
            in_squares.extend((west..=east).flat_map(|x| (south..=north).map(move |y| ((x, y), place))));
        }
    }
    in_squares.sort_unstable();
    let mut compare = |left: u32, right: u32| {
        let (left, right) = (&placed[left as usize], &placed[right as usize]);
        if left.bounds.common_area_most(&right.bounds) > tolerance {
            meet(left.parcel, right.parcel);
        }
    };
    for same in in_squares.chunk_by(|left, right| left.0 == right.0) {
        for (first, (at, left)) in same.iter().enumerate() {
            for (_, right) in &same[first + 1..] {
                // Two that share several squares meet in the one where what they have in common begins.
                let (one, other) = (placed[*left as usize].bounds, placed[*right as usize].bounds);
                let begins = (one.least.0.max(other.least.0), one.least.1.max(other.least.1));
                if one.meets(&other) && square(begins) == *at {
                    compare(*left, *right);
                }
            }
        }
    }
    for left in &large {
        for right in 0..u32::try_from(placed.len()).unwrap_or(u32::MAX) {
            if *left != right && (*left < right || large.binary_search(&right).is_err()) {
                compare(*left, right);
            }
        }
    }
}

/// X19: a parcel in more than one current contract.
pub(super) fn in_two_contracts(index: &Index, _: &Parameters, tell: Tell<'_>) {
    let current: BTreeSet<u64> = index.contracts.iter().filter(|contract| contract.current).map(|contract| contract.code).collect();
    let contracted = index.contracted.iter().filter(|row| row.parcel != 0 && current.contains(&row.contract));
    let mut by_parcel: Vec<(u64, u64, u32)> = contracted.map(|row| (row.parcel, row.contract, row.record)).collect();
    by_parcel.sort_unstable();
    for same in by_parcel.chunk_by(|left, right| left.0 == right.0) {
        let mut contracts: Vec<u64> = same.iter().map(|(_, contract, _)| *contract).collect();
        contracts.dedup();
        if contracts.len() > 1 {
            let subjects = index.alike(same.iter().map(|(_, _, record)| *record));
            tell(hit(19, subjects, [("contracts", "合同数", contracts.len() as i64)]));
        }
    }
}

/// X20: a current transfer that begins before or ends after its contract, or whose contract is over; or a contract that is over and still current.
pub(super) fn term_outside(index: &Index, parameters: &Parameters, tell: Tell<'_>) {
    let current = || index.contracts.iter().filter(|contract| contract.current);
    let by_code: BTreeMap<u64, &Contract> = current().map(|contract| (contract.code, contract)).collect();
    let over: BTreeSet<u64> = index.contracts_over.iter().copied().collect();
    for transfer in index.transfers.iter().filter(|transfer| transfer.contract != 0) {
        match by_code.get(&transfer.contract) {
            Some(contract) if transfer.from < contract.from || transfer.to > contract.to => tell(hit(20, [transfer.record, contract.record], [])),
            None if over.contains(&transfer.contract) => tell(hit(20, [transfer.record], [])),
            _ => {}
        }
    }
    for contract in current().filter(|contract| contract.to < parameters.today.days()) {
        tell(hit(20, [contract.record], [("days", "超期天数", i64::from(parameters.today.days()) - i64::from(contract.to))]));
    }
}

/// X21: basic farmland that is transferred to something that is no agriculture.
pub(super) fn farmland_used_otherwise(index: &Index, _: &Parameters, tell: Tell<'_>) {
    let away: BTreeMap<u64, u32> =
        index.transfers.iter().filter(|transfer| transfer.away && transfer.code != 0).map(|transfer| (transfer.code, transfer.record)).collect();
    if away.is_empty() {
        return;
    }
    let farmland: BTreeMap<u64, u32> =
        index.parcels.iter().filter(|parcel| parcel.basic_farmland && parcel.code != 0).map(|parcel| (parcel.code, parcel.record)).collect();
    let of = |contracted: &Contracted| Some((*away.get(&contracted.transfer)?, *farmland.get(&contracted.parcel)?));
    // Two contracted parcels may name both (X19): it is one finding.
    let found: BTreeSet<(u32, u32)> = index.contracted.iter().filter_map(of).collect();
    found.into_iter().for_each(|(transfer, parcel)| tell(hit(21, [transfer, parcel], [])));
}
