//! Bugs on purpose, one at a time, for trying the tests: each place where one may lie asks [`is`] for it by name. In a normal
//! build the answer is always no, and nothing of it is compiled in; with the feature `planted` it is the name that the
//! environment variable `GAPFERRY_PLANTED` holds. The bugs, and the check that catches each, are in spec/faults.md. The code of a
//! clause is the name of the bug that the clause is not enforced.

/// Whether the bug of this name is planted now.
#[cfg(feature = "planted")]
pub fn is(name: &str) -> bool {
    extern crate std;
    static NAME: std::sync::OnceLock<Option<std::string::String>> = std::sync::OnceLock::new();
    NAME.get_or_init(|| std::env::var("GAPFERRY_PLANTED").ok()).as_deref() == Some(name)
}

/// Never, in a normal build.
#[cfg(not(feature = "planted"))]
#[inline(always)]
pub const fn is(_: &str) -> bool {
    false
}
