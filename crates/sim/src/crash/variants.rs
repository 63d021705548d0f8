//! What may be left of what was not durable: every combination when there are few, and otherwise a systematic set with a seeded sample.

use crate::disk::{Fate, PAGE_BYTES, Pending, SECTOR_BYTES};
use crate::entropy::SimEntropy;

/// Pending changes up to which every combination of dropped and kept is tried.
pub const EXHAUSTIVE_MAX: usize = 8;
/// Sampled combinations beyond.
const SAMPLES: usize = 48;
/// Writes of one cut that are torn in every way.
const TORN_MAX: usize = 12;

/// One outcome: the fate of each pending change.
pub type Variant = Vec<Fate>;

/// All that is tried for these pending changes, always in the same order for the same seed.
pub fn variants(pending: &[&Pending], entropy: &SimEntropy) -> Vec<Variant> {
    let count = pending.len();
    let all = |fate: &Fate| vec![fate.clone(); count];
    let mut variants = vec![all(&Fate::Dropped)];
    if count == 0 {
        return variants;
    }
    variants.push(all(&Fate::Kept));
    if count <= EXHAUSTIVE_MAX {
        variants.extend((1..(1usize << count) - 1).map(|set| (0..count).map(|place| kept(set >> place & 1 == 1)).collect()));
    } else {
        for place in 0..count {
            for (one, others) in [(Fate::Dropped, Fate::Kept), (Fate::Kept, Fate::Dropped)] {
                variants.push(with(all(&others), place, one));
            }
        }
        // What came before one moment and nothing after it, as an ordered journal leaves it.
        variants.extend((1..count).step_by(1 + count / 32).map(|end| (0..count).map(|place| kept(place < end)).collect()));
        for _ in 0..SAMPLES {
            variants.push(pending.iter().map(|one| any(one, entropy)).collect());
        }
    }
    let writes: Vec<usize> = (0..count).filter(|place| matches!(pending[*place], Pending::Write { .. })).collect();
    for place in writes.iter().take(TORN_MAX) {
        for torn in tears(pending[*place], entropy) {
            variants.push(with(all(&Fate::Kept), *place, torn.clone()));
            variants.push(with(all(&Fate::Dropped), *place, torn));
        }
    }
    variants
}

fn kept(is: bool) -> Fate {
    if is { Fate::Kept } else { Fate::Dropped }
}

fn with(mut variant: Variant, place: usize, fate: Fate) -> Variant {
    variant[place] = fate;
    variant
}

fn any(pending: &Pending, entropy: &SimEntropy) -> Fate {
    match (pending, entropy.below(4)) {
        (Pending::Write { .. }, 0) => {
            let tears = tears(pending, entropy);
            tears[entropy.below(tears.len() as u64) as usize].clone()
        }
        (_, dice) => kept(dice % 2 == 1),
    }
}

/// Prefix, suffix, single pieces and random sets of a write, in both units, and the size without the bytes.
fn tears(write: &Pending, entropy: &SimEntropy) -> Vec<Fate> {
    let mut tears = vec![Fate::Hollow];
    for unit in [SECTOR_BYTES, PAGE_BYTES] {
        // One more than there are, when it lies across a boundary, does no harm.
        let pieces = write.sectors().div_ceil(unit / SECTOR_BYTES) + usize::from(unit == PAGE_BYTES);
        if pieces < 2 {
            continue;
        }
        let cut = 1 + entropy.below(pieces as u64 - 1) as usize;
        let hole = entropy.below(pieces as u64) as usize;
        let sets: [&dyn Fn(usize) -> bool; 4] = [&|piece| piece < cut, &|piece| piece >= cut, &|piece| piece != hole, &|_| entropy.once_in(2)];
        tears.extend(sets.iter().map(|keeps| Fate::Torn { unit, kept: (0..pieces).map(keeps).collect() }));
    }
    tears
}
