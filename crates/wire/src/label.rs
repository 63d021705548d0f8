//! The label of a medium: its identity, sealed so that a found medium names nobody.

use crate::id::{MediumId, ZoneId};
use serde::{Deserialize, Serialize};

/// The body of a label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The medium's random id.
    pub medium: MediumId,
    /// The zone that made the label; must be its signer.
    pub maker: ZoneId,
    /// Reserved for the media register; zero in this version.
    pub reserved: u64,
}
