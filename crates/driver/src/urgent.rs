//! What must not wait on a route, by its template (spec/template.md): which open items go ahead of all others, and which changes have
//! waited longer than they may.

use capture::read::Parents;
use engine::standing::{self, Standing};
use rayon::prelude::*;
use std::collections::BTreeSet;

use crate::home::Home;
use crate::packing::source_route;
use crate::projecting::{Pressing, Projector, active};
use crate::report::{Failure, LISTED_MAX, Problem};

/// What is open on a route and presses.
#[derive(Debug, Default)]
pub struct Urgent {
    /// Records that must not wait and are not proven.
    pub records: BTreeSet<u32>,
    /// The same with all that travels with them.
    pub items: BTreeSet<u32>,
    /// Records that are in no package and wait longer than the template lets them, as problems.
    pub late: Vec<Problem>,
}

impl Urgent {
    /// Of a route, from the records of what is open on it as they lie in the archive now. Where its template says nothing of the kind,
    /// no record is read.
    ///
    /// # Errors
    /// `SRC-01` where the archive cannot be read, `TPL-13` where the template is one of another version.
    pub fn of(home: &Home, name: &str) -> Result<Self, Failure> {
        let Some(template) = active(home, name)?.filter(template::Template::bounds_waiting) else { return Ok(Self::default()) };
        let (route, archive) = (source_route(home, name)?, &home.source().archives[&source_route(home, name)?.archive]);
        let (now, deadline) = (home.world.now_seconds(), crate::terms::deadline(home, name));
        let is_open = |standing: Standing| !matches!(standing, Standing::Done | Standing::Left | Standing::Cancelled);
        let open = standing::all(archive, route, now, deadline).filter(|(.., standing)| is_open(*standing));
        let open: Vec<(u32, bool)> = open.map(|(number, item, sent, _)| (number, sent.packed_version < item.version)).collect();
        let Some(projector) = (if open.is_empty() { None } else { Projector::scheduling(home, name, Some(template))? }) else { return Ok(Self::default()) };
        let asked: Vec<(u32, bool)> = open.into_iter().filter(|(number, _)| projector.is_record(*number)).collect();
        let pressing = |parents: &mut Parents, (number, unpacked): (u32, bool)| {
            let pressing = projector.pressing(number, parents).filter(|pressing| pressing.urgent || pressing.delay_seconds.is_some())?;
            Some((number, unpacked, pressing))
        };
        let found: Vec<(u32, bool, Pressing)> = asked.par_iter().map_init(Parents::default, |parents, asked| pressing(parents, *asked)).flatten().collect();
        let records = found.iter().filter(|(.., pressing)| pressing.urgent).map(|(number, ..)| *number).collect();
        let items = projector.units.whole(archive, &records);
        let mut urgent = Self { records, items, late: Vec::new() };
        for (number, _, pressing) in found.iter().filter(|(_, unpacked, _)| *unpacked) {
            let (item, bound) = (&archive.items[*number as usize], pressing.delay_seconds.unwrap_or(u64::MAX));
            let waited = u64::try_from(now.saturating_sub(item.captured_at)).unwrap_or(0);
            if waited > bound && urgent.late.len() < LISTED_MAX {
                let detail = format!("on {name} it waits for {waited} s, and may wait for {bound} s");
                urgent.late.push(Problem { code: "SRC-14", subject: item.id.to_string(), detail });
            }
        }
        Ok(urgent)
    }
}

#[cfg(test)]
#[path = "urgent_test.rs"]
mod tests;
