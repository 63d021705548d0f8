//! The suite of the whole project: what no single crate can hold by itself.

mod acted;
mod breaker;
mod cli_commands;
mod cli_demo;
mod cli_docs;
mod cli_snapshots;
mod daemons;
mod deep;
mod deltas;
mod faults;
mod index;
mod kill;
mod kill_calls;
mod kill_others;
mod ledger;
mod lock;
mod media;
mod mounted;
mod opaque;
mod readme;
mod replica;
mod returns;
mod secrets;
mod stand;
mod tidy;
mod weather;
