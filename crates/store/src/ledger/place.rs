//! Places in the ledger.

use super::Head;
use crate::frame::SEGMENT_HEAD_BYTES;

/// Where a record starts (or would start): 16 bytes that stay true for the ledger's life. Ordered like the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The segment, by the number of its first record.
    pub segment: u64,
    /// Bytes from the start of the segment's file.
    pub offset: u64,
}

impl Position {
    /// Where record 0 starts.
    pub const START: Self = Self { segment: 0, offset: SEGMENT_HEAD_BYTES };

    /// Both numbers, little-endian.
    pub fn to_bytes(self) -> [u8; 16] {
        (u128::from(self.segment) | u128::from(self.offset) << 64).to_le_bytes()
    }

    /// The opposite of [`Position::to_bytes`].
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let both = u128::from_le_bytes(bytes);
        Self { segment: both as u64, offset: (both >> 64) as u64 }
    }
}

/// A place at which the chain is known: `head` counts the records before `position`, its digest is that of the last of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// Where the next record starts.
    pub position: Position,
    /// The end of the chain there.
    pub head: Head,
}

impl Default for Known {
    /// The start of the ledger.
    fn default() -> Self {
        Self { position: Position::START, head: Head::default() }
    }
}
