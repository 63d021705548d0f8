//! The way back after a ledger went back (P12): a home that was put back from a backup, or copied, begins a new life.

use wire::Incarnation;
use wire::card::Role;
use wire::record::Reborn;

use crate::home::Home;
use crate::report::Failure;

/// Begins a new life of the home's ledger: a new incarnation, and numbers above all that any copy of it can have used. Every
/// route begins anew; what is held or proven is confirmed again before anything travels. Durable when it returns.
///
/// # Errors
/// `LDG-*`, `IO-01`.
pub fn begin_new_life(home: &mut Home, reason: &str) -> Result<Incarnation, Failure> {
    let floor = match home.config.role {
        Role::Source => home.source().next_floor(),
        Role::Replica => home.replica().next_floor(),
    };
    let incarnation = Incarnation(home.world.random());
    home.record(Reborn { incarnation, floor, reason: reason.into() })?;
    home.commit()?;
    Ok(incarnation)
}

#[cfg(test)]
#[path = "rebase_test.rs"]
mod tests;
