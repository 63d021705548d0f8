//! Parity over the packages of a run (spec/parity.md): people take parity files along on media of their own, and what was lost
//! of a run is rebuilt on the replica: byte for byte what the source had written, which the world remembers.

use super::World;
use super::ground::Ground;
use super::strikes::Ended;
use crate::model::replica::Violation;
use crate::weather::plan::{Step, Strike};
use driver::ParityOptions;
use driver::report::ApplyReport;

/// What a rebuilt package is called until it is applied, below a home.
pub const REBUILT: &[u8] = b"/spool/parity/.rebuilt/";

impl World {
    /// The next parity file of a run goes onto a medium that holds nothing of it.
    pub(super) fn parity(&mut self, step: &Step, medium: usize, strike: Option<Strike>) -> Result<(), Violation> {
        if !self.shape.parity {
            return Ok(());
        }
        let options = ParityOptions { to: self.medium(medium), route: Some(self.route(0)), dry_run: false };
        let path = self.homes[0].path.clone();
        let ran = self.run(step, 0, strike, Some(medium), &|world| driver::parity(world, &path, &options))?;
        self.note(|| format!("      parity, medium {medium}: {}", ran.word()));
        match &ran.ended {
            // No package waits, or the medium holds one of the run; a label by keys that are gone.
            Ended::Failed(failure) if !ran.struck && failure.0.code != "USE-01" => self.excused(0, std::slice::from_ref(&failure.0), ran.struck),
            _ => Ok(()),
        }
    }

    /// Remembers the packages of a medium or gateway folder as the source wrote them.
    pub(super) fn remember_written(&mut self) {
        if !self.shape.parity {
            return;
        }
        for medium in 0..self.places.media.len() {
            for name in self.files_on(medium).into_iter().filter(|name| name.ends_with(".gfp")) {
                let ground = Ground::at(&self.disk, &self.places.media[medium]);
                if !self.written.contains_key(&name)
                    && let Ok(bytes) = ground.read(&format!("gapferry/{name}"))
                {
                    self.written.insert(name, *blake3::hash(&bytes).as_bytes());
                }
            }
        }
    }

    /// What was rebuilt is what was lost.
    pub(super) fn rebuilt_is_right(&mut self, replica: usize, report: Option<&ApplyReport>, struck: bool) -> Result<(), Violation> {
        for (path, bytes) in self.disk.take_renamed() {
            let name = String::from_utf8_lossy(&path).rsplit('/').next().unwrap_or_default().to_owned();
            if self.written.get(&name).is_some_and(|written| written != blake3::hash(&bytes).as_bytes()) {
                return Err(Violation::new("parity", format!("{name} was rebuilt on replica {replica} with other bytes than the source wrote")));
            }
        }
        let Some(report) = report.filter(|report| !report.repaired.is_empty()) else { return Ok(()) };
        let packed = self.chain_of(0).unwrap_or_default().packed();
        for one in &report.repaired {
            let id = |id: &[u8; 16]| id.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            let is_the_sources = packed.iter().any(|taken| (taken.number, id(&taken.id)) == (one.sequence, one.package.clone()));
            if !is_the_sources && !self.homes[0].went_back {
                return Err(Violation::new(
                    "parity",
                    format!("package {} of sequence {} was rebuilt, and the source never packed it", one.package, one.sequence),
                ));
            }
            // It is opened like any other, and may be refused like any other; a command that was struck need not come so far, and the next begins it anew.
            let refused = struck || report.problems.iter().any(|problem| problem.subject.starts_with(&one.package));
            if !refused && !report.packages.iter().any(|package| package.package == one.package) {
                return Err(Violation::new("parity", format!("package {} was rebuilt, and nothing came of it", one.package)));
            }
            self.counts.fault("parity-needed");
            self.counts.altered("parity-needed");
        }
        Ok(())
    }
}
