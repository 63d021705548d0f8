//! How the program speaks: a report as a page or as one JSON object on stdout, a failure on stderr, each with its exit code.
//!
//! A reader who closes the pipe ends the printing, never the work: the exit code stays that of the work.

use driver::report::Failure;
use serde::Serialize;
use serde_json::json;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::advice;
use crate::page::Page;
use crate::show::Show;
use crate::texts::Texts;

/// Where and how to speak.
pub struct Voice {
    /// Texts in the reader's language; English with `--json`, which is never localised.
    pub texts: Arc<Texts>,
    /// One JSON object instead of a page.
    pub json: bool,
    /// Only what was asked for and what needs a person.
    pub quiet: bool,
    closed: AtomicBool,
}

/// A report as JSON: its fields, then the exit code.
#[derive(Serialize)]
struct Answer<'a, R> {
    #[serde(flatten)]
    report: &'a R,
    exit: u8,
}

impl Voice {
    /// A voice that has said nothing yet.
    pub fn new(texts: Texts, json: bool, quiet: bool) -> Self {
        Self { texts: Arc::new(texts), json, quiet, closed: AtomicBool::new(false) }
    }

    /// Prints a report or a failure; returns the exit code.
    pub fn say<R: Show>(&self, result: Result<R, Failure>) -> u8 {
        match result {
            Ok(report) => self.report(&report),
            Err(failure) => self.failure(&failure),
        }
    }

    fn report<R: Show>(&self, report: &R) -> u8 {
        let problems = report.problems();
        let exit = advice::exit_of_all(problems.iter().map(|problem| advice::exit_of(problem.code)).chain([report.exit()]));
        if self.json {
            return self.json(exit, &Answer { report, exit });
        }
        self.print(exit, &self.page(report))
    }

    /// A report as a page.
    pub fn page<R: Show>(&self, report: &R) -> String {
        let mut page = Page::new(&self.texts);
        if !self.quiet || R::ASKED {
            report.show(&mut page);
        }
        report.attention(&mut page);
        advice::show(&report.problems(), &mut page);
        if !self.quiet {
            report.close(&mut page);
        }
        page.finish()
    }

    /// Prints why a command could not be carried out; returns the exit code.
    pub fn failure(&self, failure: &Failure) -> u8 {
        let exit = advice::exit_of(failure.0.code).max(advice::PERSON);
        if self.json {
            return self.json(exit, &json!({ "error": self.error(failure), "exit": exit }));
        }
        let mut page = Page::new(&self.texts);
        advice::show(&[&failure.0], &mut page);
        warn(&page.finish());
        exit
    }

    /// The `error` field of a failure.
    pub fn error(&self, failure: &Failure) -> serde_json::Value {
        let problem = &failure.0;
        json!({ "code": problem.code, "subject": problem.subject, "detail": problem.detail, "advice": advice::remedy(problem.code, &self.texts) })
    }

    /// Prints one JSON object and a line end.
    pub fn json<V: Serialize>(&self, exit: u8, value: &V) -> u8 {
        let mut out = io::BufWriter::new(io::stdout().lock());
        let written = serde_json::to_writer(&mut out, value).map_err(io::Error::from).and_then(|()| writeln!(out)).and_then(|()| out.flush());
        self.settle(exit, written)
    }

    /// Prints text as it is; returns `exit`, or that of failed output.
    pub fn print(&self, exit: u8, text: &str) -> u8 {
        let mut out = io::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        self.settle(exit, written)
    }

    /// Whether the reader has gone away.
    pub fn closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    fn settle(&self, exit: u8, written: io::Result<()>) -> u8 {
        match written {
            Ok(()) => exit,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed.store(true, Ordering::Relaxed);
                exit
            }
            Err(error) => {
                let mut page = Page::new(&self.texts);
                advice::show(&[&Failure::io("stdout", &error).0], &mut page);
                warn(&page.finish());
                advice::exit_of_all([exit, advice::IO])
            }
        }
    }
}

/// Prints to stderr; when nobody listens there, nobody is told.
pub fn warn(text: &str) {
    let mut out = io::stderr().lock();
    let _ = out.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _ = out.write_all(b"\n");
    }
}
