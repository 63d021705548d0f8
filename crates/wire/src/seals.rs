//! The signature block of an envelope, with room for approvals and a time stamp.

use crate::clause::{self, Rejection, require};
use crate::codec;
use crate::header::Kind;
use crate::id::{Bytes, ZoneId};
use crate::keys::Signer;
use crate::limits::{APPROVALS_MAX, GENERATION_MAX, TIME_STAMP_BYTES_MAX};
use alloc::vec;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// One signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Suite of the signature.
    pub suite: u16,
    /// The zone whose key made it.
    pub signer: ZoneId,
    /// The generation of its keys.
    pub generation: u32,
    /// The signature itself; 64 bytes in suite 1.
    pub bytes: Bytes,
}

/// One signature (its length, suite, signer, generation, length and bytes), no approvals, no time stamp.
const ENCODED_BYTES: u64 = 8 + 2 + 32 + 4 + 8 + 64 + 8 + 1;

/// The signature block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seals {
    /// The zone's signatures; exactly one in this version.
    pub signatures: Vec<Signature>,
    /// Approvals by other people's keys; in packages only, and checked for form only in this version.
    pub approvals: Vec<Signature>,
    /// A time stamp of a third party; in packages only, and not evaluated in this version.
    pub time_stamp: Option<Bytes>,
}

impl Seals {
    /// A block with the one signature of this version.
    pub fn of(signer: Signer, signature: [u8; 64]) -> Self {
        let (signer, generation) = (signer.zone, signer.generation);
        Self { signatures: vec![Signature { suite: 1, signer, generation, bytes: Bytes(signature.to_vec()) }], approvals: Vec::new(), time_stamp: None }
    }

    /// Bytes of a block as `of` makes it, known before the signature is.
    pub fn encoded_bytes() -> u64 {
        ENCODED_BYTES
    }

    /// Reads the block of an envelope of this kind (clause ENV-14) and returns its one signature's signer and bytes.
    pub fn decode(bytes: &[u8], kind: Kind) -> Result<(Signer, [u8; 64]), Rejection> {
        let seals: Seals = codec::decode(bytes, &clause::ENV_SEALS)?;
        let [signature] = seals.signatures.as_slice() else { return Err(Rejection(&clause::ENV_SEALS)) };
        let formed = |signature: &Signature| signature.suite == 1 && signature.bytes.0.len() == 64 && (1..=GENERATION_MAX).contains(&signature.generation);
        require(formed(signature), &clause::ENV_SEALS)?;
        require(kind.has_approvals() || seals.approvals.is_empty() && seals.time_stamp.is_none(), &clause::ENV_SEALS)?;
        require(seals.approvals.len() <= APPROVALS_MAX && seals.approvals.iter().all(formed), &clause::ENV_SEALS)?;
        require(seals.time_stamp.is_none_or(|stamp| stamp.0.len() <= TIME_STAMP_BYTES_MAX), &clause::ENV_SEALS)?;
        let raw = signature.bytes.0.as_slice().try_into().expect("its length was checked above");
        Ok((Signer { zone: signature.signer, generation: signature.generation }, raw))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_of_one_signature_has_one_length() {
        for generation in [1, GENERATION_MAX] {
            let block = codec::encode(&Seals::of(Signer { zone: ZoneId([255; 32]), generation }, [255; 64]));
            assert_eq!(block.len() as u64, Seals::encoded_bytes());
        }
    }
}
