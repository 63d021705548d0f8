//! What the process itself does so that keys and content leave its memory by no side door (K08): no core dump, and nobody of the
//! same user can read its memory. It holds for this process, not for its children, which hold no secret.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Forbids core dumps. Where the system refuses, the work goes on: it is a second line, not a condition.
pub fn keep_memory_inside() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    let refused = setrlimit(Resource::Core, none).err().or(set_dumpable_behavior(DumpableBehavior::NotDumpable).err());
    if let Some(error) = refused {
        tracing::debug!(%error, "the system does not forbid core dumps");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_core_is_left() {
        keep_memory_inside();
        assert_eq!(rustix::process::dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
        assert_eq!(rustix::process::getrlimit(Resource::Core), Rlimit { current: Some(0), maximum: Some(0) });
    }
}
