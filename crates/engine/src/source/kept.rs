//! The items of a route, kept small: of a million of them most have never been proven, and hardly any is purged, doubted or in parts.
//! What is not said of an item takes no room. [`RouteItem`] is what is known of one; a list of those is what a snapshot holds.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::ops::{Deref, DerefMut};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use wire::Digest;
use wire::record::Shape;

use super::sent::{Parts, Purge, RouteItem};

/// Items of a route by number. One of which nothing was said is there as [`RouteItem::default`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteItems(Vec<Kept>);

impl RouteItems {
    /// How many numbers there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is known of the item with this number; all zero when nothing is.
    pub fn get(&self, number: u32) -> RouteItem {
        self.0.get(number as usize).map_or_else(RouteItem::default, Kept::item)
    }

    /// All of them, in order of number.
    pub fn iter(&self) -> impl Iterator<Item = RouteItem> + '_ {
        self.0.iter().map(Kept::item)
    }

    /// The item with this number, to be changed: kept again when it is let go.
    pub fn change(&mut self, number: u32) -> Changing<'_> {
        let place = number as usize;
        if self.0.len() <= place {
            self.0.resize_with(place + 1, Kept::default);
        }
        let kept = &mut self.0[place];
        Changing { item: core::mem::take(kept).into_item(), kept }
    }

    /// Finds room for so many at once: grown little by little they would leave holes behind that nothing else fits.
    pub(super) fn make_room(&mut self, items: usize) {
        self.0.reserve(items.saturating_sub(self.0.len()));
    }

    /// Takes one more in.
    pub fn push(&mut self, item: RouteItem) {
        self.0.push(Kept::of(item));
    }

    /// Changes all of them.
    pub(super) fn change_all(&mut self, mut change: impl FnMut(u32, &mut RouteItem)) {
        for (number, kept) in (0u32..).zip(&mut self.0) {
            let mut item = core::mem::take(kept).into_item();
            change(number, &mut item);
            *kept = Kept::of(item);
        }
    }
}

/// An item that is being changed.
pub struct Changing<'i> {
    kept: &'i mut Kept,
    item: RouteItem,
}

impl Deref for Changing<'_> {
    type Target = RouteItem;
    fn deref(&self) -> &RouteItem {
        &self.item
    }
}

impl DerefMut for Changing<'_> {
    fn deref_mut(&mut self) -> &mut RouteItem {
        &mut self.item
    }
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        *self.kept = Kept::of(core::mem::take(&mut self.item));
    }
}

/// A route item as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Kept {
    packed_version: u64,
    packed_sequence: u64,
    excluded_version: u64,
    attempts: u32,
    discrepancy: u16,
    packed_shape: Shape,
    /// `proven_gone`, `failed`, `asked`, `resend`, `packed_gone`, `unjudged`, `named`, the first one lowest.
    flags: u8,
    /// None when nothing was ever proven.
    proof: Option<Box<Proof>>,
    /// None when nothing of it is said.
    rare: Option<Box<Rare>>,
}

/// What a receipt proved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Proof {
    version: u64,
    digest: Digest,
    bytes: u64,
    projected: Digest,
    assured: u64,
}

/// What hardly any item has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rare {
    doubted: u64,
    cancelled_version: u64,
    parts: Option<Box<Parts>>,
    again: Option<Box<Digest>>,
    purge: Option<Box<Purge>>,
}

/// In a box, where it says something.
fn boxed<T: Default + PartialEq>(value: T) -> Option<Box<T>> {
    (value != T::default()).then(|| Box::new(value))
}

impl Kept {
    fn of(item: RouteItem) -> Self {
        // Every field is named, so that none is forgotten.
        let RouteItem {
            packed_version,
            packed_sequence,
            attempts,
            packed_shape,
            proven_version,
            proven_digest,
            proven_bytes,
            proven_projected,
            proven_gone,
            discrepancy,
            failed,
            doubted,
            assured,
            asked,
            resend,
            cancelled_version,
            parts,
            excluded_version,
            packed_gone,
            named,
            unjudged,
            again,
            purge,
        } = item;
        let flags = [proven_gone, failed, asked, resend, packed_gone, unjudged, named];
        Self {
            packed_version,
            packed_sequence,
            excluded_version,
            attempts,
            discrepancy,
            packed_shape,
            flags: flags.iter().rev().fold(0, |flags, flag| flags << 1 | u8::from(*flag)),
            proof: boxed(Proof { version: proven_version, digest: proven_digest, bytes: proven_bytes, projected: proven_projected, assured }),
            rare: boxed(Rare { doubted, cancelled_version, parts, again, purge }),
        }
    }

    fn item(&self) -> RouteItem {
        let Rare { doubted, cancelled_version, parts, again, purge } = self.rare.as_deref().cloned().unwrap_or_default();
        RouteItem { doubted, cancelled_version, parts, again, purge, ..self.without_rare() }
    }

    fn into_item(mut self) -> RouteItem {
        let Rare { doubted, cancelled_version, parts, again, purge } = self.rare.take().map_or_else(Rare::default, |rare| *rare);
        RouteItem { doubted, cancelled_version, parts, again, purge, ..self.without_rare() }
    }

    fn without_rare(&self) -> RouteItem {
        let flag = |place: u32| self.flags & 1 << place != 0;
        let mut item = RouteItem {
            packed_version: self.packed_version,
            packed_sequence: self.packed_sequence,
            attempts: self.attempts,
            packed_shape: self.packed_shape,
            proven_gone: flag(0),
            discrepancy: self.discrepancy,
            failed: flag(1),
            asked: flag(2),
            resend: flag(3),
            excluded_version: self.excluded_version,
            packed_gone: flag(4),
            unjudged: flag(5),
            named: flag(6),
            ..RouteItem::default()
        };
        if let Some(proof) = &self.proof {
            (item.proven_version, item.proven_digest, item.proven_bytes) = (proof.version, proof.digest, proof.bytes);
            (item.proven_projected, item.assured) = (proof.projected, proof.assured);
        }
        item
    }
}

impl Serialize for RouteItems {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for RouteItems {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Items;
        impl<'de> Visitor<'de> for Items {
            type Value = RouteItems;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("items of a route")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RouteItems, A::Error> {
                let mut kept = RouteItems::default();
                while let Some(item) = items.next_element()? {
                    kept.push(item);
                }
                Ok(kept)
            }
        }
        from.deserialize_seq(Items)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use wire::codec;

    /// One that says something in each field.
    fn full() -> RouteItem {
        RouteItem {
            packed_version: 1,
            packed_sequence: 2,
            attempts: 3,
            packed_shape: Shape::Known,
            proven_version: 4,
            proven_digest: Digest([5; 32]),
            proven_bytes: 6,
            proven_projected: Digest([7; 32]),
            proven_gone: true,
            discrepancy: 8,
            failed: true,
            doubted: 9,
            assured: 10,
            asked: true,
            resend: true,
            cancelled_version: 11,
            parts: Some(Box::new(Parts { version: 12, list: vec![] })),
            excluded_version: 13,
            packed_gone: true,
            unjudged: true,
            named: true,
            again: Some(Box::new(Digest([14; 32]))),
            purge: Some(Box::new(Purge::asked(15, 16))),
        }
    }

    #[test]
    fn what_is_kept_is_what_was_said() {
        // One field at a time, so that no two are mixed up.
        let single: [fn(&mut RouteItem, RouteItem); 23] = [
            |one, full| one.packed_version = full.packed_version,
            |one, full| one.packed_sequence = full.packed_sequence,
            |one, full| one.attempts = full.attempts,
            |one, full| one.packed_shape = full.packed_shape,
            |one, full| one.proven_version = full.proven_version,
            |one, full| one.proven_digest = full.proven_digest,
            |one, full| one.proven_bytes = full.proven_bytes,
            |one, full| one.proven_projected = full.proven_projected,
            |one, full| one.proven_gone = full.proven_gone,
            |one, full| one.discrepancy = full.discrepancy,
            |one, full| one.failed = full.failed,
            |one, full| one.doubted = full.doubted,
            |one, full| one.assured = full.assured,
            |one, full| one.asked = full.asked,
            |one, full| one.resend = full.resend,
            |one, full| one.cancelled_version = full.cancelled_version,
            |one, full| one.parts = full.parts,
            |one, full| one.excluded_version = full.excluded_version,
            |one, full| one.packed_gone = full.packed_gone,
            |one, full| one.unjudged = full.unjudged,
            |one, full| one.named = full.named,
            |one, full| one.again = full.again,
            |one, full| one.purge = full.purge,
        ];
        let mut said = vec![RouteItem::default(), full()];
        for set in single {
            let mut one = RouteItem::default();
            set(&mut one, full());
            assert!(!said.contains(&one));
            said.push(one);
        }
        let mut items = RouteItems::default();
        for (number, one) in (0u32..).zip(&said) {
            *items.change(number) = one.clone();
            assert_eq!(items.get(number), *one);
        }
        assert!(items.iter().eq(said.iter().cloned()));
        let bytes = codec::encode(&items);
        assert_eq!(bytes, codec::encode(&said), "a snapshot holds a list of route items");
        assert_eq!(codec::decode_own::<RouteItems>(&bytes), Some(items.clone()));
        items.change_all(|number, item| {
            assert_eq!(*item, said[number as usize]);
            *item = RouteItem::default();
        });
        assert_eq!(items, RouteItems(said.iter().map(|_| Kept::default()).collect()));
    }

    #[test]
    fn a_number_beyond_the_last_is_there_when_it_is_changed() {
        let mut items = RouteItems::default();
        assert_eq!((items.get(7), items.is_empty()), (RouteItem::default(), true));
        items.change(7).attempts = 1;
        assert_eq!((items.len(), items.get(6), items.get(7).attempts), (8, RouteItem::default(), 1));
    }

    #[test]
    fn most_take_little_room() {
        assert_eq!(size_of::<Kept>(), 48);
        let sent = RouteItem { packed_version: 1, packed_sequence: 1, attempts: 1, excluded_version: 1, ..RouteItem::default() };
        let kept = Kept::of(sent);
        assert!(kept.proof.is_none() && kept.rare.is_none());
    }
}
