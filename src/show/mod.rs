//! Reports as pages for people. Each report says what it prints, which problems it carries, and the least exit code it asks
//! for apart from them. As JSON a report is its fields, as they are.

mod carry;
mod certificates;
mod checking;
mod ledger;
mod purging;
mod replica;
mod setup;
mod source;
mod standing;
mod template;

use driver::report::Problem;

use crate::page::Page;

pub use ledger::record_line;

/// A report of the driver as the binary prints it.
pub trait Show: serde::Serialize {
    /// Whether the page is what was asked for, so that `--quiet` prints it all the same.
    const ASKED: bool = false;
    /// Prints everything but the problems.
    fn show(&self, page: &mut Page);
    /// What needs attention, of all its parts.
    fn problems(&self) -> Vec<&Problem> {
        Vec::new()
    }
    /// Prints what needs a person and is no problem of its own; `--quiet` prints it too.
    fn attention(&self, _page: &mut Page) {}
    /// The least exit code, apart from the problems.
    fn exit(&self) -> u8 {
        crate::advice::WELL
    }
    /// What stands at the very end, after the problems.
    fn close(&self, _page: &mut Page) {}
}

/// A cell for a number.
fn number(value: u64) -> String {
    value.to_string()
}

/// A cell for an item or file name.
fn name(id: &wire::ItemId) -> String {
    id.to_string()
}
