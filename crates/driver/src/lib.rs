//! The hands: performs what the engine decides. Opens homes, streams bytes, owns threads, clock, entropy, configuration.
//!
//! Every operation is a function of a [`World`], a home and options, and gives a report or a [`report::Failure`] with a
//! stable code. Nothing is async but the daemon; nothing is printed.

pub mod acts;
mod applying;
mod attest;
mod backup;
mod batch;
mod capturing;
mod carry;
pub mod config;
pub mod daemon;
mod frame_writer;
mod growing;
mod history;
mod history_keeping;
pub mod home;
mod index_key;
mod inspect;
mod items;
mod keys;
mod layout;
mod ledger_commands;
mod medium;
mod opener;
mod packer;
mod packing;
mod parity;
mod planning;
pub mod progress;
mod reader;
pub mod rebase;
mod receipts;
mod reconciling;
mod refusals;
pub mod report;
mod rereading;
mod restore;
mod rows;
mod scrub;
mod sealed;
mod setup;
mod stage;
mod status;
mod stretch;
mod switch;
mod tree;
mod weighing;
mod world;

pub use acts::{Chosen, breaker_release, cancel, resend};
pub use backup::{BackupOptions, HomeRestoreOptions, home_backup, home_backup_verify, home_restore};
pub use capturing::capture;
pub use carry::{ApplyOptions, CarryOptions, ReceiptForm, apply, carry};
pub use history::{HistoryOptions, history};
pub use inspect::inspect;
pub use items::{ItemsOptions, items};
pub use ledger_commands::{ledger_rebuild, ledger_show, ledger_verify};
pub use packing::{PackOptions, pack};
pub use parity::{ParityOptions, parity};
pub use reconciling::{ReconcileOptions, reconcile};
pub use report::Failure;
pub use restore::{Moment, RestoreOptions, restore};
pub use scrub::{ScrubOptions, scrub};
pub use setup::{RouteAccept, RouteAdd, archive_add, card, init, read_card_file as read_card, route_accept, route_add, trust};
pub use status::status;
pub use world::{Actor, AskPassphrase, World};
