//! Whether the configuration says what the ledger holds. A person may edit `gapferry.toml`; what the ledger has tied together
//! once (the zone and its role, a route with its archive and its zones, a template with an archive of records) an edit cannot
//! change: work would go on as the ledger says while everything shows what the file says. So a home that disagrees is not opened.
//!
//! What the file no longer names is given up and not looked at; folders may move.

use store::ledger::{Position, Reading};
use wire::card::Role;
use wire::record::{Born, Record};
use wire::{ZoneId, digest};

use super::{Home, State, decoded, ledger_failure};
use crate::config::{Config, FILE, Layout, RouteConfig};
use crate::report::Failure;

/// The zone and its role are those with which the ledger began.
pub fn of_zone(config: &Config, reading: &Reading) -> Result<(), Failure> {
    if reading.end() <= Position::START {
        return Ok(());
    }
    let Record::Born(Born { name, role, .. }) = decoded(&reading.read_at(Position::START).map_err(ledger_failure)?)? else { return Ok(()) };
    agree(FILE, "zone", Some(&config.zone), &name)?;
    agree(FILE, "role", Some(config.role.word()), role.word())
}

/// Fails where the file says something else than the ledger holds.
fn agree(subject: &str, key: &str, said: Option<&str>, held: &str) -> Result<(), Failure> {
    if said == Some(held) {
        return Ok(());
    }
    let said = said.map_or_else(|| format!("no `{key}`"), |said| format!("`{key} = \"{said}\"`"));
    Err(Failure::new("HOM-03", subject, format!("{FILE} says {said}, the ledger holds {held}: put `{key} = \"{held}\"` back")))
}

impl Home {
    /// All that the configuration names is as the ledger holds it.
    pub(super) fn agrees(&self) -> Result<(), Failure> {
        self.config.routes.iter().try_for_each(|(name, route)| self.route_agrees(name, route))
    }

    /// A route of the ledger may be configured like this.
    ///
    /// # Errors
    /// `HOM-03` where it belongs to another archive or other zones, or has a template and its archive is none of records.
    pub fn route_agrees(&self, name: &str, config: &RouteConfig) -> Result<(), Failure> {
        match &self.state {
            State::Source(source) => {
                let Some(route) = source.routes.get(name) else { return Ok(()) };
                agree(name, "archive", config.archive.as_deref(), &route.archive)?;
                // Where no card tells the name nothing is sealed for the zone either.
                self.trust.get(&route.replica).map_or(Ok(()), |replica| agree(name, "to", config.to.as_deref(), &replica.zone))?;
                let Some(template) = &route.template else { return Ok(()) };
                if self.config.archives.get(&route.archive).is_none_or(|archive| archive.layout == Layout::Records) {
                    return Ok(());
                }
                let detail = format!(
                    "template {} is active on this route and is for an archive of records, which {FILE} no longer says of archive {}: put `layout = \"records\"` back",
                    template.id, route.archive
                );
                Err(Failure::new("HOM-03", name, detail))
            }
            State::Replica(replica) => {
                let Some(route) = replica.routes.get(name) else { return Ok(()) };
                self.trust.get(&route.source).map_or(Ok(()), |source| agree(name, "from", config.from.as_deref(), &source.zone))?;
                let is_for = |reader: &ZoneId| digest::route_id(&route.source, reader, name) == route.route_id;
                let known = |zone: &str| self.trust.values().find(|card| card.role == Role::Replica && card.zone == zone);
                let agrees = match &config.for_zone {
                    None => is_for(&self.zone),
                    Some(zone) => !is_for(&self.zone) && known(zone).is_none_or(|card| is_for(&card.id())),
                };
                if agrees {
                    return Ok(());
                }
                let said = config.for_zone.as_ref().map_or_else(|| "no `for`".into(), |zone| format!("`for = \"{zone}\"`"));
                Err(Failure::new("HOM-03", name, format!("{FILE} says {said}, and in the ledger the route is for another replica: put it back as it was")))
            }
        }
    }
}

#[cfg(test)]
#[path = "agreeing_test.rs"]
mod tests;
