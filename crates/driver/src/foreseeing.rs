//! What a run would find of what is planned, for a dry run: what the template of a route keeps back or has withdrawn, and how much of the
//! rest travels.

use capture::read::Parents;
use engine::select::Selected;
use engine::source::Route;
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use wire::Digest;
use wire::record::ChunkList;

use crate::home::Home;
use crate::packing::{PackOptions, Target, source_route};
use crate::planning::{Holds, selected};
use crate::projecting::{Projector, judgement, rejudgements};
use crate::reader::{AtReplica, NotRead, Reader};
use crate::report::{Failure, Problem};
use crate::units::{Unit, Units};

/// What is to travel on a route.
pub struct Foreseen<'h> {
    /// The route as it will stand once its template was asked.
    pub route: Cow<'h, Route>,
    /// What is to travel, in its order.
    pub planned: Vec<Selected>,
    /// What of it travels together.
    pub units: Option<Units>,
    /// Bytes of what the route makes of an item, where that was looked at.
    pub bytes: HashMap<u32, u64>,
    /// What could not be looked at, and stays.
    pub problems: Vec<Problem>,
}

/// What a run would find. Where the route has a template, what is planned is read and judged as the run would do it; nothing is recorded.
pub fn foreseen<'h>(
    home: &'h Home,
    name: &str,
    target: &Target<'_>,
    options: &PackOptions,
    holds: &Holds,
    urgent: &BTreeSet<u32>,
) -> Result<Foreseen<'h>, Failure> {
    let mut route = Cow::Borrowed(source_route(home, name)?);
    let projector = if route.template.is_some() { Projector::of(home, name)? } else { None };
    let Some(projector) = projector else {
        let (planned, units) = selected(home, name, target, options, holds, urgent, None, None)?;
        return Ok(Foreseen { route, planned, units, bytes: HashMap::new(), problems: Vec::new() });
    };
    let archive = &home.source().archives[&route.archive];
    rejudgements(home, name)?.iter().for_each(|row| route.to_mut().fold_judged(row));
    let prepared = projector.prepared();
    let (mut bytes, mut refused) = (HashMap::new(), HashMap::new());
    loop {
        let (mut planned, units) = selected(home, name, target, options, holds, urgent, Some(&prepared), Some(&route))?;
        let unit = |number: u32| units.as_ref().map_or(Unit::Alone(number), |units| units.unit(archive, number));
        let reader = Reader {
            world: &home.world,
            archive,
            root: projector.root(),
            route: &route,
            replica: &AtReplica::default(),
            possession_key: [0; 32],
            chunk_list: &|_: &Digest| None::<ChunkList>,
            projector: Some(&projector),
        };
        let unseen = |one: &&Selected| !reader.is_gone(one.item) && !bytes.contains_key(&one.item) && !refused.contains_key(&one.item);
        let unseen: Vec<u32> = planned.iter().filter(unseen).map(|one| one.item).collect();
        let look = |parents: &mut Parents, number: u32| (number, reader.carried_bytes(number, parents));
        let seen: Vec<(u32, Result<u64, NotRead>)> = unseen.par_iter().map_init(Parents::default, |parents, number| look(parents, *number)).collect();
        let mut judged = Vec::new();
        for (number, carried) in seen {
            match carried {
                Ok(carried) => _ = bytes.insert(number, carried),
                Err(reason) => {
                    judged.extend(judgement(archive, number, &reason));
                    refused.insert(number, reason);
                }
            }
        }
        if judged.is_empty() {
            let left: HashSet<Unit> = refused.iter().filter(|(_, reason)| reason.holds_others()).map(|(number, _)| unit(*number)).collect();
            planned.retain(|one| !left.contains(&unit(one.item)));
            let problem = |(number, reason): (&u32, &NotRead)| {
                let (code, detail) = reason.told()?;
                Some(Problem { code, subject: archive.items[*number as usize].id.to_string(), detail })
            };
            let mut problems: Vec<Problem> = refused.iter().filter_map(problem).collect();
            problems.sort_by(|one, two| one.subject.cmp(&two.subject));
            return Ok(Foreseen { route, planned, units, bytes, problems });
        }
        judged.iter().for_each(|row| route.to_mut().fold_judged(row));
    }
}
