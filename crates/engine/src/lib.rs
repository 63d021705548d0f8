//! The decisions: what a home knows (a pure fold over its ledger), what a medium gets, what a package does to a replica,
//! what a receipt says and what it settles.
//!
//! Pure: no file, socket, clock, entropy, environment, thread or log. Time is an argument, and orders nothing: order is by
//! sequence and version (P6). A decision is a value that the caller shows or carries out; carrying out adds no decision.

#![no_std]
extern crate alloc;

pub mod answer;
pub mod apply;
pub mod breaker;
pub mod changes;
pub mod consent;
pub mod due;
pub mod heartbeat;
pub mod inventory;
pub mod keys;
pub mod order;
pub mod rebase;
pub mod reconcile;
pub mod replica;
pub mod select;
pub mod source;
pub mod standing;
pub mod suspicion;

#[cfg(test)]
#[path = "scene_test.rs"]
mod scene;
