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

/// The form of [`source::Source`] and [`replica::Replica`] in a snapshot of the ledger. It counts up whenever a field of theirs comes, goes
/// or changes its place: what an earlier program kept is then not read as something else, and the ledger is folded anew.
pub const STATE_FORM: u32 = 8;

#[cfg(test)]
#[path = "scene_test.rs"]
mod scene;

#[cfg(test)]
mod tests {
    use super::STATE_FORM;
    use crate::scene::{Inside, Outside};
    use alloc::string::ToString;
    use alloc::vec::Vec;
    use wire::codec::encode;
    use wire::record::Step;

    /// What an older snapshot says would be read as something else.
    #[test]
    fn a_state_of_another_form_has_another_number() {
        let (mut inside, mut outside) = (Inside::with(&["a", "b", "c"]), Outside::new());
        inside.remove("b");
        inside.pack_part(2, "a", (0, 50));
        inside.purge(&["c"]);
        inside.pack(3, &["b", "c"]);
        outside.bring(1, &[("a", 1, Step::Write, 1), ("b", 1, Step::Write, 2)]);
        outside.bring(2, &[("b", 2, Step::Remove, 0)]);
        let bytes: Vec<u8> = [encode(&inside.source), encode(&outside.replica)].concat();
        let known = (8, "300744c83d44f3a253393e66317fbd384b332490e56df4f386c5946673ae7b58");
        assert_eq!((STATE_FORM, wire::digest::of_bytes(&bytes).to_string().as_str()), known, "one of both changed alone");
    }
}
