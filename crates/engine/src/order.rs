//! Items in order of their ids, by number: what a map from ids to numbers would tell, without a second copy of each id.
//!
//! The numbers lie in runs of bounded length, so that one more is put in its place without moving all of them. Whoever asks passes the
//! items; one whose number is kept here is never taken out, and its id never changes.

use alloc::vec;
use alloc::vec::Vec;
use core::ops::Bound;
use wire::ItemId;

/// Most numbers in a run.
const RUN_MAX: usize = 1024;

/// What has an id.
pub trait Named {
    /// Its id.
    fn id(&self) -> &ItemId;
}

/// Numbers of items, ascending by id.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// None of them is empty.
    runs: Vec<Vec<u32>>,
}

/// Equal when the numbers are, however they lie.
impl PartialEq for Order {
    fn eq(&self, other: &Self) -> bool {
        self.numbers().eq(other.numbers())
    }
}

impl Eq for Order {}

impl Order {
    /// Of all these items; each id is there once.
    pub fn of(items: &[impl Named]) -> Self {
        let mut numbers: Vec<u32> = (0u32..).zip(items).map(|(number, _)| number).collect();
        numbers.sort_unstable_by_key(|number| items[*number as usize].id());
        Self { runs: numbers.chunks(RUN_MAX / 2).map(<[u32]>::to_vec).collect() }
    }

    /// Takes the item with this number in.
    pub fn insert(&mut self, items: &[impl Named], number: u32) {
        let id = items[number as usize].id();
        let is_last = self.runs.last().and_then(|run| run.last()).is_none_or(|last| items[*last as usize].id() < id);
        // What comes in order goes behind the last one, and leaves full runs.
        if is_last {
            match self.runs.last_mut().filter(|last| last.len() < RUN_MAX) {
                Some(last) => last.push(number),
                None => self.runs.push(vec![number]),
            }
            return;
        }
        let (run, place) = self.place(items, Bound::Excluded(id));
        self.runs[run].insert(place, number);
        if self.runs[run].len() > RUN_MAX {
            let later = self.runs[run].split_off(RUN_MAX / 2);
            self.runs.insert(run + 1, later);
        }
    }

    /// The number of the item with this id.
    pub fn find(&self, items: &[impl Named], id: &ItemId) -> Option<u32> {
        let (run, place) = self.place(items, Bound::Included(id));
        self.runs.get(run).map(|run| run[place]).filter(|number| items[*number as usize].id() == id)
    }

    /// All numbers, ascending by id.
    pub fn numbers(&self) -> impl Iterator<Item = u32> {
        self.runs.iter().flatten().copied()
    }

    /// Those from a bound on, ascending by id.
    pub fn from<'o, T: Named>(&'o self, items: &[T], bound: Bound<&ItemId>) -> impl Iterator<Item = u32> + use<'o, T> {
        let (run, place) = self.place(items, bound);
        let first = self.runs.get(run).map_or(&[][..], |run| &run[place..]);
        first.iter().chain(self.runs.iter().skip(run + 1).flatten()).copied()
    }

    /// Those of ids from the first one on and before the second.
    pub fn between<'o, T: Named>(&'o self, items: &'o [T], from: &ItemId, to: ItemId) -> impl Iterator<Item = u32> + use<'o, T> {
        self.from(items, Bound::Included(from)).take_while(move |number| *items[*number as usize].id() < to)
    }

    /// The run and the place in it of the first item within the bound; one behind the last run when there is none.
    fn place(&self, items: &[impl Named], bound: Bound<&ItemId>) -> (usize, usize) {
        let before = |number: &u32| {
            let id = items[*number as usize].id();
            match bound {
                Bound::Included(first) => id < first,
                Bound::Excluded(last) => id <= last,
                Bound::Unbounded => false,
            }
        };
        let run = self.runs.partition_point(|run| run.last().is_some_and(before));
        (run, self.runs.get(run).map_or(0, |run| run.partition_point(before)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use alloc::format;

    impl Named for ItemId {
        fn id(&self) -> &ItemId {
            self
        }
    }

    #[test]
    fn it_tells_what_a_map_tells() {
        // Every order of arrival: as they are sorted, backwards, and mixed (7,919 is prime).
        for step in [1u64, 9_999, 7_919] {
            let (mut items, mut order, mut map) = (Vec::new(), Order::default(), BTreeMap::new());
            for number in 0..10_000u32 {
                let id = ItemId(format!("{:05}", u64::from(number) * step % 10_000).into_bytes());
                map.insert(id.clone(), number);
                items.push(id);
                order.insert(&items, number);
            }
            assert!(order.runs.iter().all(|run| !run.is_empty() && run.len() <= RUN_MAX));
            assert!(order.numbers().eq(map.values().copied()));
            assert_eq!(order, Order::of(&items));
            for probe in ["", "0", "00000", "00512x", "04999", "05000", "09999", "1"].map(|text| ItemId(text.as_bytes().to_vec())) {
                assert_eq!(order.find(&items, &probe), map.get(&probe).copied(), "{probe}");
                for bound in [Bound::Included(&probe), Bound::Excluded(&probe), Bound::Unbounded] {
                    let expected = map.range((bound, Bound::Unbounded)).map(|(_, number)| *number);
                    assert!(order.from(&items, bound).eq(expected), "{probe} {bound:?}");
                }
                let to = ItemId(b"0600".to_vec());
                let expected = map.iter().filter(|(id, _)| **id >= probe && **id < to).map(|(_, number)| *number);
                assert!(order.between(&items, &probe, to.clone()).eq(expected), "{probe}");
            }
        }
        assert_eq!(Order::default().find(&[ItemId::default()], &ItemId::default()), None);
    }
}
