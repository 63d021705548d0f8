//! What of a medium has served at the source, and whether the rest is a reason to carry it on.

use carrier::{Carrier, Listing};
use engine::source::Package;
use wire::{PackageId, planted};

use crate::home::Home;
use crate::report::{Failure, PackageReport};

/// What to do with a medium after the source has worked on it: it goes where its packages go. What only acknowledges and lay there already
/// before (it is not among the `fresh`) may have been seen there, and is no reason to go once more.
///
/// # Errors
/// What reading the ledger gives.
pub fn next_for_source(home: &Home, listing: &Listing, routes: &[String], fresh: &[PackageReport]) -> Result<(&'static str, Vec<String>), Failure> {
    let mut zones = Vec::new();
    for name in routes {
        let Some(route) = home.source().routes.get(name) else { continue };
        let there = |package: &&Package| listing.packages.iter().any(|held| held.id == package.package);
        for package in route.packages.values().filter(there) {
            let asks = |id: &PackageId| Ok::<bool, Failure>(home.packed_as(id)?.is_some_and(|packed| packed.inventory.is_some() || packed.full_receipt));
            let is_fresh = fresh.iter().any(|fresh| fresh.package == package.package.to_string());
            if package.items > 0 || is_fresh || asks(&package.package)? {
                zones.push(home.zone_name(&route.replica));
                break;
            }
        }
    }
    zones.sort();
    zones.dedup();
    Ok((if zones.is_empty() { "nothing" } else { "take-to-replica" }, zones))
}

/// Removes from a medium what has served: receipts taken in, packages that are answered or whose acknowledgement has been
/// seen or superseded, and what was never finished.
///
/// # Errors
/// `MED-02` where it takes no change.
pub fn clean(home: &Home, medium: &dyn Carrier, served: &[String]) -> Result<u64, Failure> {
    let failed = |error: std::io::Error| Failure::io("medium", &error);
    let mut removed = 0;
    let mut remove = |name: &str| -> Result<(), Failure> {
        match medium.remove(name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::new("MED-02", name, error.to_string())),
            _ => {
                removed += 1;
                Ok(())
            }
        }
    };
    served.iter().try_for_each(|name| remove(name))?;
    let source = home.source();
    for held in &medium.list().map_err(failed)?.packages {
        let Some(packed) = home.packed_as(&held.id)? else { continue };
        let Some(route) = source.routes.get(&packed.route) else { continue };
        let superseded = |package: &engine::source::Package| package.items == 0 && packed.inventory.is_none() && packed.acknowledges < route.to_tell();
        // What one that counts as lost held travels again: it only takes room, and maybe nobody can open it any more.
        let open = route.packages.get(&packed.sequence).is_some_and(|package| !superseded(package) && !package.lost);
        let open = open && !planted::is("unanswered-taken-off");
        if !open {
            remove(&held.name)?;
        }
    }
    let parity = crate::parity::served(home);
    for held in &medium.list().map_err(failed)?.parity {
        if parity.contains(&held.id) {
            remove(&held.name)?;
        }
    }
    medium
        .remove_incomplete(&[carrier::Kind::Package, carrier::Kind::Label, carrier::Kind::Parity])
        .map_err(|error| Failure::new("MED-02", "medium", error.to_string()))?;
    Ok(removed)
}
