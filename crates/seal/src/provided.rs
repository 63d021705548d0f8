//! Who provides the suite of algorithms in this process: ours, unless another was named before the first use. It is the one thing
//! that the inner ring keeps, it is set once, and it changes no answer: every provider gives the same ones.

use crate::suite::{International1, Suite};
use std::ops::Deref;
use std::sync::OnceLock;

/// The provider.
pub struct Provided(OnceLock<&'static dyn Suite>);

impl Provided {
    pub(crate) const fn unnamed() -> Self {
        Self(OnceLock::new())
    }

    /// Names the provider; false when it is too late, because there is one or ours was used already. It must give the same
    /// answers as ours.
    pub fn name(&self, provider: &'static dyn Suite) -> bool {
        self.0.set(provider).is_ok()
    }
}

impl Deref for Provided {
    type Target = dyn Suite;
    fn deref(&self) -> &Self::Target {
        *self.0.get_or_init(|| &International1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_named_once_and_before_the_first_use() {
        let named = Provided::unnamed();
        assert!(named.name(&International1) && !named.name(&International1));
        let used = Provided::unnamed();
        assert_eq!(used.number(), 1);
        assert!(!used.name(&International1));
    }
}
