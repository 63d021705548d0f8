//! A parity file: what it says of the run of packages that it helps to rebuild (spec/parity.md).

use crate::clause::{self, Rejection, require};
use crate::codec;
use crate::id::{Digest, Incarnation, PackageId, RouteId, ZoneId};
use crate::limits::{NUMBER_MAX, PARITY_FILES_MAX, RUN_PACKAGES_MAX, STRIPE_BYTES};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// A package of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its id.
    pub package: PackageId,
    /// Its sequence.
    pub sequence: u64,
    /// Length of its file.
    pub file_bytes: u64,
    /// Its file digest.
    pub file: Digest,
}

/// The body of a parity file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parity {
    /// The source zone.
    pub source: ZoneId,
    /// The replica zone.
    pub replica: ZoneId,
    /// The route.
    pub route_id: RouteId,
    /// The life of the source's ledger.
    pub incarnation: Incarnation,
    /// The run.
    pub run: PackageId,
    /// Which of the parity files of the run this is, from 0.
    pub index: u16,
    /// How many there are.
    pub count: u16,
    /// The packages of the run, by sequence.
    pub members: Vec<Member>,
}

impl Parity {
    /// Reads the body of a parity file with `content_bytes` of content (clause ENV-18).
    pub fn decode(body: &[u8], content_bytes: u64) -> Result<Self, Rejection> {
        let parity: Self = codec::decode(body, &clause::ENV_CANONICAL)?;
        let members = &parity.members;
        let formed = (1..=PARITY_FILES_MAX).contains(&parity.count)
            && parity.index < parity.count
            && (1..=RUN_PACKAGES_MAX).contains(&members.len())
            && members.iter().all(|member| member.file_bytes > 0 && member.file_bytes < NUMBER_MAX && member.sequence < NUMBER_MAX)
            && members.windows(2).all(|pair| pair[0].sequence < pair[1].sequence)
            && content_bytes == parity.stripes() * STRIPE_BYTES;
        require(formed, &clause::ENV_CANONICAL)?;
        Ok(parity)
    }

    /// Stripes of the run: its longest package decides.
    pub fn stripes(&self) -> u64 {
        self.members.iter().map(|member| member.file_bytes).max().unwrap_or(0).div_ceil(STRIPE_BYTES)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn member(sequence: u64, file_bytes: u64) -> Member {
        Member { package: PackageId([9; 16]), sequence, file_bytes, file: Digest::ZERO }
    }

    #[test]
    fn what_a_parity_file_may_say() {
        let good = Parity {
            source: ZoneId([1; 32]),
            replica: ZoneId([2; 32]),
            route_id: RouteId([3; 16]),
            incarnation: Incarnation([4; 16]),
            run: PackageId([5; 16]),
            index: 1,
            count: 2,
            members: vec![member(7, 100), member(9, STRIPE_BYTES + 1)],
        };
        let content = 2 * STRIPE_BYTES;
        let many = |number: u64| (1..=number).map(|sequence| member(sequence, content)).collect::<Vec<_>>();
        for (what, parity, content_bytes, well) in [
            ("as it is", good.clone(), content, true),
            ("too little content", good.clone(), content - STRIPE_BYTES, false),
            ("too much content", good.clone(), content + 1, false),
            ("beyond the last", Parity { index: 2, ..good.clone() }, content, false),
            ("none", Parity { count: 0, index: 0, ..good.clone() }, content, false),
            ("as many as may be", Parity { count: PARITY_FILES_MAX, ..good.clone() }, content, true),
            ("one more", Parity { count: PARITY_FILES_MAX + 1, ..good.clone() }, content, false),
            ("of nothing", Parity { members: vec![], ..good.clone() }, 0, false),
            ("of an empty file", Parity { members: vec![member(1, 0)], ..good.clone() }, 0, false),
            ("out of order", Parity { members: vec![member(9, content), member(7, 1)], ..good.clone() }, content, false),
            ("twice the same", Parity { members: vec![member(9, content), member(9, 1)], ..good.clone() }, content, false),
            ("the largest run", Parity { members: many(RUN_PACKAGES_MAX as u64), ..good.clone() }, content, true),
            ("larger", Parity { members: many(RUN_PACKAGES_MAX as u64 + 1), ..good.clone() }, content, false),
        ] {
            assert_eq!(Parity::decode(&codec::encode(&parity), content_bytes).is_ok(), well, "{what}");
        }
    }
}
