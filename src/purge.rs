//! `purge`: what would be erased, and what still holds it, is shown first; it is asked for when a person says yes to that, on the
//! command line or on the terminal.

use driver::report::Failure;
use driver::{PurgeOptions, World};
use std::io::{self, IsTerminal};
use std::path::Path;

use crate::trust::confirmed;
use crate::usage;
use crate::voice::Voice;

/// Asks for a purge; without `yes` it shows what would be purged and asks, where there is somebody to ask.
pub fn purge(world: &World, home: &Path, options: &PurgeOptions, yes: bool, voice: &Voice) -> u8 {
    if !yes && !options.dry_run {
        if voice.json || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
            return voice.failure(&usage::wrong("--yes", voice.texts.text("purge.no-terminal")));
        }
        let plan = PurgeOptions { dry_run: true, ..options.clone() };
        match driver::purge(world, home, &plan).and_then(|plan| confirmed(&voice.page(&plan), "purge.ask", &voice.texts)) {
            Ok(true) => {}
            Ok(false) => return voice.failure(&Failure::new(usage::CODE, "purge", voice.texts.text("purge.declined"))),
            Err(failure) => return voice.failure(&failure),
        }
    }
    voice.say(driver::purge(world, home, options))
}
