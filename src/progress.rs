//! Progress for a person: per stage items, bytes, MB/s and what remains on a terminal; notices at once; at the end of a long
//! command one line per stage with its time and rate (R21). All of it goes to stderr.

use driver::progress::{Progress, Stage};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::page::{self, Page, printable, span};
use crate::texts::Texts;
use crate::voice::warn;

/// A command that worked for less time says nothing of its stages at the end.
const LONG: Duration = Duration::from_secs(1);
/// How often a bar is redrawn at most, ms.
const REDRAW_MILLISECONDS: u64 = 100;

/// What becomes of notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notices {
    /// Nobody sees them.
    None,
    /// Lines for a person.
    Shown,
    /// Events of the log, in its form.
    Logged,
}

/// What is shown of progress.
pub struct Shown {
    texts: Arc<Texts>,
    bars: bool,
    lines: bool,
    notices: Notices,
    began: Instant,
    /// Stages that are under way, the innermost last.
    running: RwLock<Vec<Arc<Running>>>,
    spent: Mutex<Vec<(Stage, Spent)>>,
}

struct Running {
    stage: Stage,
    items_total: Option<u64>,
    bytes_total: Option<u64>,
    began: Instant,
    items: AtomicU64,
    bytes: AtomicU64,
    drawn_milliseconds: AtomicU64,
    bar: Option<ProgressBar>,
}

/// What one stage took in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Spent {
    items: u64,
    bytes: u64,
    time: Duration,
}

impl Shown {
    /// Shows bars on a terminal, lines at the end of long commands, and notices, each if asked.
    pub fn new(texts: Arc<Texts>, bars: bool, lines: bool, notices: Notices) -> Self {
        Self { texts, bars, lines, notices, began: Instant::now(), running: RwLock::default(), spent: Mutex::default() }
    }

    /// Says what each stage took, if the command was long.
    pub fn finish(&self) {
        let spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        if self.lines && self.began.elapsed() >= LONG {
            warn(&stages(&spent, &self.texts));
        }
    }

    fn innermost(&self) -> Option<Arc<Running>> {
        self.running.read().unwrap_or_else(PoisonError::into_inner).last().cloned()
    }
}

impl Progress for Shown {
    fn begin(&self, stage: Stage, items_total: Option<u64>, bytes_total: Option<u64>) {
        tracing::debug!(?stage, "begins");
        let bar = self.bars.then(|| {
            let template = if bytes_total.or(items_total).is_some() { "{prefix} {bar:24} {msg}" } else { "{prefix} {spinner} {msg}" };
            let style = ProgressStyle::with_template(template).expect("the template is a constant of this file");
            let bar = ProgressBar::with_draw_target(bytes_total.or(items_total), ProgressDrawTarget::stderr()).with_style(style);
            bar.with_prefix(stage_name(stage, &self.texts))
        });
        let running = Running {
            stage,
            items_total,
            bytes_total,
            began: Instant::now(),
            items: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            drawn_milliseconds: AtomicU64::new(0),
            bar,
        };
        self.running.write().unwrap_or_else(PoisonError::into_inner).push(Arc::new(running));
    }

    fn advance(&self, items: u64, bytes: u64) {
        let Some(running) = self.innermost() else { return };
        let items = running.items.fetch_add(items, Ordering::Relaxed) + items;
        let bytes = running.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let Some(bar) = &running.bar else { return };
        let now = u64::try_from(running.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let drawn = running.drawn_milliseconds.load(Ordering::Relaxed);
        let due = now >= drawn.saturating_add(REDRAW_MILLISECONDS);
        if due && running.drawn_milliseconds.compare_exchange(drawn, now, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            bar.set_position(if running.bytes_total.is_some() { bytes } else { items });
            bar.set_message(amounts(items, running.items_total, bytes, running.bytes_total, running.began.elapsed(), &self.texts));
        }
    }

    fn end(&self) {
        let Some(running) = self.running.write().unwrap_or_else(PoisonError::into_inner).pop() else { return };
        tracing::debug!(stage = ?running.stage, "ends");
        if let Some(bar) = &running.bar {
            bar.finish_and_clear();
        }
        let mut all = self.spent.lock().unwrap_or_else(PoisonError::into_inner);
        let place = all.iter().position(|(stage, _)| *stage == running.stage).unwrap_or_else(|| {
            all.push((running.stage, Spent::default()));
            all.len() - 1
        });
        let spent = &mut all[place].1;
        spent.items += running.items.load(Ordering::Relaxed);
        spent.bytes += running.bytes.load(Ordering::Relaxed);
        spent.time += running.began.elapsed();
    }

    fn notice(&self, code: &'static str, detail: &str) {
        if self.notices == Notices::None {
            return;
        }
        let detail = crate::detail::said(detail, &self.texts);
        let line = self.texts.known(&format!("notice.{code}"), &[("detail", &detail)]).unwrap_or_else(|| format!("{code}: {detail}"));
        if self.notices == Notices::Logged {
            return tracing::warn!(code, "{line}");
        }
        match self.innermost().and_then(|running| running.bar.clone()) {
            Some(bar) => bar.suspend(|| warn(&printable(&line))),
            None => warn(&printable(&line)),
        }
    }
}

/// The name of a stage.
fn stage_name(stage: Stage, texts: &Texts) -> String {
    texts.text(match stage {
        Stage::Capture => "stage.capture",
        Stage::Pack => "stage.pack",
        Stage::ReadBack => "stage.read-back",
        Stage::Check => "stage.check",
        Stage::Stage => "stage.stage",
        Stage::Apply => "stage.apply",
        Stage::Attest => "stage.attest",
        Stage::Reconcile => "stage.reconcile",
        Stage::Ledger => "stage.ledger",
        Stage::Scrub => "stage.scrub",
        Stage::Records => "stage.records",
        Stage::CrossChecks => "stage.cross-checks",
        Stage::County => "stage.county",
        Stage::Restore => "stage.restore",
        Stage::Backup => "stage.backup",
        Stage::Sign => "stage.sign",
    })
}

/// How far a stage is: items, bytes, MB/s, remaining.
fn amounts(items: u64, items_total: Option<u64>, bytes: u64, bytes_total: Option<u64>, time: Duration, texts: &Texts) -> String {
    let of = |done: String, total: Option<String>| total.map_or(done.clone(), |total| format!("{done}/{total}"));
    let mut parts = Vec::new();
    if items > 0 || items_total.is_some() {
        parts.push(texts.fill("progress.items", &[("items", &of(items.to_string(), items_total.map(|total| total.to_string())))]));
    }
    if bytes > 0 || bytes_total.is_some() {
        parts.push(of(page::bytes(bytes), bytes_total.map(page::bytes)));
        parts.push(page::rate(bytes, time));
    }
    let done = match (bytes_total, items_total) {
        (Some(total), _) if bytes > 0 => Some((bytes, total)),
        (None, Some(total)) if items > 0 => Some((items, total)),
        _ => None,
    };
    if let Some((done, total)) = done {
        let seconds = time.as_secs_f64() * total.saturating_sub(done) as f64 / done as f64;
        parts.push(texts.fill("progress.remaining", &[("span", &span(seconds.ceil() as u64, texts))]));
    }
    parts.join("  ")
}

/// One line per stage: time, items, bytes, rate.
fn stages(all: &[(Stage, Spent)], texts: &Texts) -> String {
    let mut table = Page::new(texts);
    let rows: Vec<Vec<String>> = all
        .iter()
        .map(|(stage, spent)| {
            let seconds = format!("{:.2} s", spent.time.as_secs_f64());
            let moved = spent.bytes > 0;
            let (bytes, rate) = if moved { (page::bytes(spent.bytes), page::rate(spent.bytes, spent.time)) } else { (String::new(), String::new()) };
            vec![stage_name(*stage, texts), seconds, spent.items.to_string(), bytes, rate]
        })
        .collect();
    table.table(&["heading.stage", ">heading.time", ">heading.items", ">heading.bytes", ">heading.rate"], &rows);
    table.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn amounts_are_plain() {
        let texts = Texts::new(Language::English);
        let second = Duration::from_secs(1);
        for (items, items_total, bytes, bytes_total, expected) in [
            (5, None, 0, None, "5 items"),
            (5, Some(10), 0, None, "5/10 items  1 s left"),
            (5, Some(10), 0, Some(4096), "5/10 items  0 B/4.0 KiB  0.0 MB/s"),
            (5, Some(10), 1 << 20, Some(4 << 20), "5/10 items  1.0 MiB/4.0 MiB  1.0 MB/s  3 s left"),
            (0, Some(10), 0, None, "0/10 items"),
            (0, None, 1 << 20, Some(1 << 20), "1.0 MiB/1.0 MiB  1.0 MB/s  0 s left"),
        ] {
            assert_eq!(amounts(items, items_total, bytes, bytes_total, second, &texts), expected);
        }
    }

    #[test]
    fn a_stage_that_runs_twice_is_one_line_and_stages_nest() {
        let shown = Shown::new(Arc::new(Texts::new(Language::English)), false, false, Notices::None);
        for _ in 0..2 {
            shown.begin(Stage::Pack, Some(2), None);
            shown.advance(1, 100);
            shown.begin(Stage::ReadBack, None, None);
            shown.advance(0, 50);
            shown.end();
            shown.advance(1, 100);
            shown.end();
        }
        shown.end();
        shown.advance(7, 7);
        let spent = shown.spent.lock().unwrap();
        let seen: Vec<(Stage, u64, u64)> = spent.iter().map(|(stage, spent)| (*stage, spent.items, spent.bytes)).collect();
        assert_eq!(seen, [(Stage::ReadBack, 0, 100), (Stage::Pack, 4, 400)]);
    }

    #[test]
    fn each_stage_is_a_line_with_time_and_rate() {
        let texts = Texts::new(Language::English);
        let spent = Spent { items: 3, bytes: 5_000_000, time: Duration::from_millis(500) };
        let lines = stages(&[(Stage::Capture, Spent { bytes: 0, ..spent }), (Stage::Pack, spent)], &texts);
        assert_eq!(lines.lines().count(), 3);
        assert!(lines.contains("0.50 s") && lines.contains("10 MB/s"), "{lines}");
        assert!(!lines.lines().nth(1).unwrap().contains("MB/s"));
    }
}
