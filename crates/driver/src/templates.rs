//! `template check`, `preview`, `activate` and `show`: what a template says, what it would do on a route, and from when on it does.

use capture::read::Parents;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use template::lint::{Level, may_be_used};
use template::{Carried, Draft, TEMPLATE_BYTES_MAX, Template, Verdict};
use wire::card::Role;
use wire::record::TemplateActivated;
use wire::{Digest, ItemId};

pub mod report;

use self::report::{KindOutlook, TemplateCheckReport, TemplateFile, TemplateFinding, TemplatePlan, TemplateSample, TemplateShown};
use crate::certificate::unsigned;
use crate::config::Layout;
use crate::home::{Access, Home};
use crate::packing::source_route;
use crate::progress::Stage;
use crate::projecting::{Projector, READ_TOGETHER};
use crate::region;
use crate::report::{Failure, LISTED_MAX, Problem};
use crate::world::World;

/// Records that are shown before and after.
const SAMPLES: usize = 5;

/// The text of a template file.
fn text_of(world: &World, file: &Path) -> Result<String, Failure> {
    let shown = file.display().to_string();
    let (folder, name) = (file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")), file.file_name());
    let name = name.ok_or_else(|| Failure::new("USE-01", &shown, "this is no file"))?;
    let failed = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::new("USE-01", &shown, "there is no such file"),
        _ => Failure::io(&shown, &error),
    };
    let dir = world.disk.root(&std::path::absolute(folder).map_err(failed)?).map_err(failed)?;
    let bytes = store::spool::read_whole(&*world.disk, &dir, name.as_encoded_bytes(), TEMPLATE_BYTES_MAX as u64).map_err(|error| match error.kind() {
        std::io::ErrorKind::FileTooLarge => Failure::new("TPL-02", &shown, format!("longer than a template can be: the limit is {TEMPLATE_BYTES_MAX}")),
        _ => failed(error),
    })?;
    crate::config::utf8(bytes, "TPL-01", &shown)
}

fn problem_of(file: &str, fault: &template::Fault) -> Problem {
    Problem { code: fault.clause.code, subject: file.into(), detail: fault.to_string() }
}

/// The faults that are rule L20. What the program cannot do yet, or what contradicts itself, is no fault of form.
fn of_form(faults: &[template::Fault]) -> Vec<TemplateFinding> {
    let of_form = faults.iter().filter(|fault| !["TPL-13", "TPL-14"].contains(&fault.clause.code));
    of_form.map(|fault| TemplateFinding { rule: "L20", level: "error", line: fault.line, subject: fault.key.clone(), waived: false }).collect()
}

/// Everything that is to be said of a template file: its faults, what is not carried out, and what the lint finds.
fn look(file: &str, text: &str, others: &[&Draft], report: &mut TemplateCheckReport) -> Option<Template> {
    let mut told = TemplateFile { file: file.into(), digest: digest_of(text).to_string(), ..TemplateFile::default() };
    let draft = match Draft::parse(text) {
        Ok(draft) => draft,
        Err(faults) => {
            told.findings = of_form(&faults);
            report.problems.extend(faults.iter().map(|fault| problem_of(file, fault)));
            report.files.push(told);
            return None;
        }
    };
    told.id = draft.id().to_owned();
    let findings = template::lint::lint(&draft, others);
    let level = |level: Level| if level == Level::Error { "error" } else { "warning" };
    told.findings = findings
        .iter()
        .map(|finding| TemplateFinding {
            rule: finding.id,
            level: level(finding.level),
            line: finding.line,
            subject: finding.subject.clone(),
            waived: finding.waived,
        })
        .collect();
    for finding in told.findings.iter().filter(|finding| !finding.waived) {
        let code = if finding.level == "error" { "LNT-01" } else { "LNT-02" };
        let (rule, line, about) = (finding.rule, finding.line, &finding.subject);
        let detail = if line > 0 { format!("rule {rule}, line {line}: {about}") } else { format!("rule {rule}: {about}") };
        report.problems.push(Problem { code, subject: file.into(), detail });
    }
    let template = match Template::of(draft) {
        Ok(template) => Some(template),
        Err(faults) => {
            told.findings.extend(of_form(&faults));
            report.problems.extend(faults.iter().map(|fault| problem_of(file, fault)));
            None
        }
    };
    told.usable = template.is_some() && may_be_used(&findings);
    let usable = told.usable;
    report.files.push(told);
    template.filter(|_| usable)
}

fn digest_of(text: &str) -> Digest {
    Digest(*blake3::hash(text.as_bytes()).as_bytes())
}

/// `template check`: each file by itself and, where they are for several routes, against the others.
pub fn template_check(world: &World, files: &[std::path::PathBuf]) -> Result<TemplateCheckReport, Failure> {
    let mut report = TemplateCheckReport::default();
    let mut texts: Vec<(String, String)> = Vec::new();
    for file in files {
        match text_of(world, file) {
            Ok(text) => texts.push((file.display().to_string(), text)),
            // The others are looked at all the same.
            Err(failure) if failure.0.code.starts_with("TPL-") => {
                report.files.push(TemplateFile { file: file.display().to_string(), ..TemplateFile::default() });
                report.problems.push(failure.0);
            }
            Err(failure) => return Err(failure),
        }
    }
    let drafts: Vec<Option<Draft>> = texts.iter().map(|(_, text)| Draft::parse(text).ok()).collect();
    for (place, (file, text)) in texts.iter().enumerate() {
        let others: Vec<&Draft> = drafts.iter().enumerate().filter(|(other, _)| *other != place).filter_map(|(_, draft)| draft.as_ref()).collect();
        look(file, text, &others, &mut report);
    }
    Ok(report)
}

/// Reads a template for a route, and refuses one that may not be used there.
fn for_route(world: &World, home: &Home, name: &str, file: &Path) -> Result<(String, Template, Vec<Problem>), Failure> {
    let config = home.config.routes.get(name).ok_or_else(|| Failure::new("USE-01", name, "no route of this name"))?;
    let shown = file.display().to_string();
    let text = region::for_region(&text_of(world, file)?, region::configured(home, name)?.as_deref());
    let others: Vec<Draft> =
        home.source().routes.iter().filter(|(other, _)| *other != name).filter_map(|(_, route)| Draft::parse(&route.template.as_ref()?.text).ok()).collect();
    let mut report = TemplateCheckReport::default();
    let template = look(&shown, &text, &others.iter().collect::<Vec<_>>(), &mut report);
    let Some(template) = template else {
        let more = report.problems.len().saturating_sub(1);
        let first = report.problems.into_iter().next();
        let Some(mut first) = first else { return Err(Failure::new("LNT-01", &shown, "it may not be used")) };
        if more > 0 {
            first.detail = format!("{}; `template check` names {more} more", first.detail);
        }
        return Err(Failure(first));
    };
    let (source, replica) = template.zones();
    if source != home.config.zone || config.to.as_deref() != Some(replica) {
        let detail = format!("it is for {source} to {replica}, the route goes from {} to {}", home.config.zone, config.to.as_deref().unwrap_or_default());
        return Err(Failure::new("TPL-16", &shown, detail));
    }
    Ok((text, template, report.problems))
}

/// `template preview`.
pub fn template_preview(world: &World, path: &Path, file: &Path, route: &str) -> Result<TemplatePlan, Failure> {
    let home = Home::open(world, path, Access::Read)?;
    home.require(Role::Source, "template preview")?;
    let (_, template, problems) = for_route(world, &home, route, file)?;
    let mut plan = plan(&home, route, template)?;
    plan.problems.splice(0..0, problems);
    Ok(plan)
}

/// `template activate`: the template takes effect with the next package.
pub fn template_activate(world: &World, path: &Path, file: &Path, route: &str, reason: &str, dry_run: bool) -> Result<TemplatePlan, Failure> {
    crate::acts::require_reason("template activate", reason)?;
    let mut home = Home::open(world, path, Access::Change)?;
    home.require(Role::Source, "template activate")?;
    let (text, template, problems) = for_route(world, &home, route, file)?;
    let id = template.id().to_owned();
    let mut plan = plan(&home, route, template)?;
    plan.problems.splice(0..0, problems);
    let digest = digest_of(&text);
    let active = source_route(&home, route)?.template.clone();
    if let Some(active) = active.filter(|active| active.digest == digest && !source_route(&home, route).is_ok_and(|route| route.unconfirmed)) {
        // Said again, it changes nothing.
        (plan.version, plan.activated) = (active.version, true);
        home.settle()?;
        return Ok(plan);
    }
    if dry_run {
        home.settle()?;
        return Ok(plan);
    }
    let (version, route, reason) = (plan.version, route.to_owned(), reason.to_owned());
    home.record(TemplateActivated { route, template: id, version, digest, text, reason: reason.clone() })?;
    plan.activated = true;
    home.close(&reason, &format!("template {} {version}", plan.template))?;
    Ok(plan)
}

/// Why nothing of a route travels after a life of this ledger began: people may have put another template in force than the one it names.
pub fn unconfirmed(home: &Home, name: &str) -> Option<Problem> {
    let route = home.source().routes.get(name).filter(|route| route.unconfirmed)?;
    home.config.archives.get(&route.archive).filter(|archive| archive.layout == Layout::Records)?;
    let detail = match &route.template {
        Some(template) => format!("the ledger was put back or begun anew, and names for this route template {} version {}", template.id, template.version),
        None => "the ledger was put back or begun anew, and names for this route no template: everything would travel".to_owned(),
    };
    Some(Problem { code: "SRC-17", subject: name.into(), detail })
}

/// `template show`.
pub fn template_show(world: &World, path: &Path, route: &str) -> Result<TemplateShown, Failure> {
    let home = Home::open(world, path, Access::Read)?;
    home.require(Role::Source, "template show")?;
    let shown = TemplateShown { route: route.into(), ..TemplateShown::default() };
    let known = source_route(&home, route).map_err(|_| Failure::new("USE-01", route, "no route of this name"))?;
    Ok(known.template.as_ref().map_or(shown.clone(), |template| TemplateShown {
        template: template.id.clone(),
        version: template.version,
        digest: template.digest.to_string(),
        text: template.text.clone(),
        ..shown
    }))
}

/// What is found of one record.
struct Seen {
    kind: &'static str,
    carried: bool,
    documents: u64,
    was_carried: bool,
    same: bool,
    withheld: Vec<&'static str>,
    masked: Vec<&'static str>,
    lacks_proof: bool,
    unstripped: Vec<u32>,
    sample: Option<TemplateSample>,
}

/// What a template would do on a route: every record of the archive is judged under it and under the one that is active.
fn plan(home: &Home, name: &str, template: Template) -> Result<TemplatePlan, Failure> {
    let active = source_route(home, name)?.template.as_ref();
    let mut plan = TemplatePlan { route: name.into(), template: template.id().into(), ..TemplatePlan::default() };
    (plan.version, plan.before) = active.map_or((1, String::new()), |active| (active.version + 1, active.id.clone()));
    let wrong = || Failure::new("TPL-16", name, "a template is for an archive of records; `layout = \"records\"` in gapferry.toml makes it one");
    let now = Projector::of(home, name)?.ok_or_else(wrong)?;
    let then = Projector::planned(home, name, template)?.ok_or_else(wrong)?;
    let archive = &home.source().archives[&source_route(home, name)?.archive];
    let records: Vec<u32> = then.records().collect();
    let root = &home.config.archives[&source_route(home, name)?.archive].root;
    let away = |failure: capture::scan::ScanFailure| Failure::new(failure.code(), name, failure.to_string());
    let is_empty = capture::scan::is_empty(&*home.world.disk, root).map_err(away)?;
    if !records.is_empty() && is_empty {
        return Err(Failure::new("SRC-02", name, crate::capturing::emptied(root, records.len())));
    }
    plan.captured = is_empty || !archive.items.is_empty();
    let step = (records.len() / SAMPLES).max(1);
    home.world.progress.begin(Stage::Check, Some(records.len() as u64), None);
    let judged = |parents: &mut Parents, place: usize, number: u32| {
        home.world.progress.advance(1, 0);
        let (_, record) = then.read_record(number, parents).ok()?;
        let projected = |projector: &Projector<'_>, parents: &mut Parents| {
            Some(match projector.judged(&record, number, parents).ok()? {
                None => Some(Carried { record: record.canonical(), ..Carried::default() }),
                Some(Verdict::Out(_)) => None,
                Some(Verdict::Carried(carried)) => Some(carried),
            })
        };
        let (before, after) = (projected(&now, parents)?, projected(&then, parents)?);
        // What is taken out of its documents is not in the record.
        let stripped = |carried: &Carried| carried.documents.iter().filter_map(|one| Some((one.id.clone(), one.strip?))).collect::<Vec<_>>();
        let same = match (&before, &after) {
            (Some(before), Some(after)) => before.record == after.record && stripped(before) == stripped(after),
            (before, after) => before.is_none() && after.is_none(),
        };
        let sample = place.is_multiple_of(step).then(|| TemplateSample {
            item: ItemId(archive.items[number as usize].id.0.clone()),
            before: serde_json::Value::Object(record.fields().to_map()),
            after: after.as_ref().and_then(|carried| serde_json::from_slice(&carried.record).ok()).unwrap_or_default(),
        });
        let (carried, was_carried) = (after.is_some(), before.is_some());
        let lacks_proof = carried && unsigned::is_unsigned(home, record.fields());
        let unstripped = after.as_ref().map_or_else(Vec::new, |after| then.unstripped(&record, number, after));
        let Carried { documents, withheld, masked, .. } = after.unwrap_or_default();
        Some(Seen {
            kind: record.kind().name,
            carried,
            documents: documents.len() as u64,
            was_carried,
            same,
            withheld,
            masked,
            lacks_proof,
            unstripped,
            sample,
        })
    };
    let (mut lacking, mut unjudged) = (0, 0u64);
    let mut kinds: BTreeMap<&str, (KindOutlook, BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    let places: Vec<(usize, u32)> = records.into_iter().enumerate().collect();
    // Some of them at a time: what is found of one is counted and forgotten.
    let some = places.chunks(READ_TOGETHER).flat_map(|some| {
        some.par_iter().map_init(Parents::default, |parents, (place, number)| judged(parents, *place, *number)).collect::<Vec<Option<Seen>>>()
    });
    for seen in some {
        let Some(seen) = seen else {
            unjudged += 1;
            continue;
        };
        let (kind, withheld, masked) = kinds.entry(seen.kind).or_default();
        kind.kind = seen.kind.to_owned();
        let (added, withdrawn) = (seen.carried && !seen.was_carried, !seen.carried && seen.was_carried);
        let changed = seen.carried && seen.was_carried && !seen.same;
        for (count, whether) in [
            (&mut kind.records, true),
            (&mut kind.carried, seen.carried),
            (&mut kind.added, added),
            (&mut kind.changed, changed),
            (&mut kind.withdrawn, withdrawn),
            (&mut plan.added, added),
            (&mut plan.changed, changed),
            (&mut plan.withdrawn, withdrawn),
            (&mut plan.unchanged, seen.carried && seen.was_carried && seen.same),
        ] {
            *count += u64::from(whether);
        }
        kind.documents += seen.documents;
        lacking += u64::from(seen.lacks_proof);
        plan.unstripped_total += seen.unstripped.len() as u64;
        let room = LISTED_MAX - plan.unstripped.len();
        plan.unstripped.extend(seen.unstripped.into_iter().take(room).map(|number| archive.items[number as usize].id.clone()));
        withheld.extend(seen.withheld);
        masked.extend(seen.masked);
        plan.samples.extend(seen.sample.filter(|_| plan.samples.len() < SAMPLES));
    }
    home.world.progress.end();
    if lacking > 0 {
        plan.problems
            .push(unsigned::problem(name.into(), format!("{lacking} certificates of which the route shows parts are not signed, or signed as something else")));
    }
    if plan.unstripped_total > 0 {
        let count = plan.unstripped_total;
        let detail = format!("{count} documents cannot be stripped, and stay behind");
        plan.problems.push(Problem { code: "SRC-19", subject: name.into(), detail });
    }
    if unjudged > 0 {
        let detail = format!("{unjudged} records are in none of these numbers: they changed since the last capture, or they or what they name cannot be read");
        plan.problems.push(Problem { code: "SRC-18", subject: name.into(), detail });
    }
    let names = |names: BTreeSet<&str>| names.into_iter().map(str::to_owned).collect();
    plan.kinds = kinds.into_values().map(|(kind, withheld, masked)| KindOutlook { withheld: names(withheld), masked: names(masked), ..kind }).collect();
    Ok(plan)
}
