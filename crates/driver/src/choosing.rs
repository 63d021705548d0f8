//! Which items a person picks for one run: by name, by kind, by a condition on their records. The template of the route stands above:
//! what it does not carry does not travel, whoever picks it.

use capture::read::Parents;
use engine::source::Archive;
use rights::Kind;
use rights::record::Record;
use rights::scalar::Date;
use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use template::predicate::Predicate;
use template::{Context, Referenced};

use crate::home::Home;
use crate::packing::{PackOptions, source_route};
use crate::projecting::{Projector, today};
use crate::records::{Grouping, Recognising, rid_number};
use crate::report::Failure;

/// What a condition may look at beside the record.
struct Beside<'p> {
    projector: &'p Projector<'p>,
    today: Date,
    region: Option<&'p str>,
    by_rid: HashMap<u64, u32>,
    referenced: Referenced,
}

impl Context for Beside<'_> {
    fn today(&self) -> Date {
        self.today
    }
    fn replica_region(&self) -> Option<&str> {
        self.region
    }
    fn record(&self, rid: &str) -> Option<Cow<'_, Record<'static>>> {
        let (_, record) = self.projector.read_record(*self.by_rid.get(&rid_number(rid))?, &mut Parents::default()).ok()?;
        (record.rid() == rid).then_some(Cow::Owned(record))
    }
    fn referenced(&self) -> &Referenced {
        &self.referenced
    }
    fn route_key(&self) -> &[u8; 32] {
        &[0; 32]
    }
}

/// The items that a person picks; none where nobody does.
///
/// # Errors
/// `USE-01` where a pattern, a kind or the condition is not well formed, or nothing is meant by them.
pub fn chosen(home: &Home, name: &str, archive: &Archive, options: &PackOptions) -> Result<Option<BTreeSet<u32>>, Failure> {
    if !options.picks() {
        return Ok(None);
    }
    let matcher = crate::acts::patterns(&options.items)?;
    let named = |number: u32| options.items.is_empty() || matcher.is_match(&archive.items[number as usize].id);
    let by_record = !options.kinds.is_empty() || options.condition.is_some();
    let chosen: BTreeSet<u32> = if by_record {
        let projector = Projector::of(home, name)?.ok_or_else(|| Failure::new("USE-01", name, "only an archive of records has kinds and conditions"))?;
        let holding = holding(home, name, archive, &projector, options)?;
        let of_it = |number: &u32| projector.grouping.record_of(*number).is_some_and(|record| holding.contains(&record));
        (0u32..).take(archive.items.len()).filter(of_it).filter(|number| named(*number)).collect()
    } else {
        archive.order.numbers().filter(|number| named(*number)).collect()
    };
    let chosen = with_their_records(home, &source_route(home, name)?.archive, archive, chosen)?;
    let asked = [options.items.clone(), options.kinds.clone(), options.condition.clone().into_iter().collect()].concat().join(" ");
    if chosen.is_empty() { Err(Failure::new("USE-01", asked, "no item of this archive matches")) } else { Ok(Some(chosen)) }
}

/// A record and its documents are one item: who picks one file of it picks all of them.
fn with_their_records(home: &Home, archive_name: &str, archive: &Archive, mut chosen: BTreeSet<u32>) -> Result<BTreeSet<u32>, Failure> {
    let Some(recognising) = Recognising::of(home.archive_config(archive_name)?)? else { return Ok(chosen) };
    let grouping = Grouping::of(archive, &recognising);
    let records: HashSet<u32> = chosen.iter().filter_map(|number| grouping.record_of(*number)).collect();
    let of_them = |number: &u32| grouping.record_of(*number).is_some_and(|record| records.contains(&record));
    chosen.extend((0u32..).take(archive.items.len()).filter(of_them));
    Ok(chosen)
}

/// The records of these kinds for which the condition holds.
fn holding(home: &Home, name: &str, archive: &Archive, projector: &Projector<'_>, options: &PackOptions) -> Result<BTreeSet<u32>, Failure> {
    let named = |kind: &String| Kind::named(kind).ok_or_else(|| Failure::new("USE-01", kind, "no such kind; `gapferry schema` lists them"));
    let mut kinds: Vec<&'static Kind> = options.kinds.iter().map(named).collect::<Result<_, _>>()?;
    if kinds.is_empty() {
        kinds = rights::kinds::ALL.to_vec();
    }
    let wrong = |wrong: template::predicate::Wrong| Failure::new("USE-01", &wrong.subject, format!("{}: the condition cannot be read", wrong.code));
    let condition = options.condition.as_ref().map(|text| Predicate::parse(text, &kinds)).transpose().map_err(wrong)?;
    if let Some(kind) = condition.as_ref().and_then(Predicate::referenced_by) {
        let subject = format!("referenced_by({})", kind.name);
        return Err(Failure::new("USE-01", subject, "it cannot be judged for one record; only a template can ask it"));
    }
    // Of two with one `rid` that which counts.
    let present = archive.items.iter().zip(0u32..).filter(|(item, _)| !item.gone && item.rid != 0 && !item.is_held_back());
    let beside = Beside {
        projector,
        today: today(&home.world)?,
        region: home.config.routes.get(name).and_then(|route| route.region.as_deref()),
        by_rid: present.map(|(item, number)| (item.rid, number)).collect(),
        referenced: Referenced::default(),
    };
    let mut parents = Parents::default();
    let mut holds = |number: &u32| {
        let Ok((_, record)) = projector.read_record(*number, &mut parents) else { return false };
        let of_kind = kinds.iter().any(|kind| kind.name == record.kind().name);
        of_kind && condition.as_ref().is_none_or(|condition| condition.holds(&record, &beside, false))
    };
    Ok(projector.records().filter(|number| holds(number)).collect())
}
