//! Memory at an address, and of a length, that direct input and output take.

use std::cell::Cell;
use std::ops::{Deref, DerefMut};

/// What addresses, offsets and lengths are a multiple of, bytes: the page, and no less than any block of a usual medium.
pub const ALIGN: usize = 4096;

/// Zeroed bytes that begin at a multiple of [`ALIGN`].
#[derive(Debug)]
pub struct Aligned {
    bytes: Vec<u8>,
    start: usize,
    length: usize,
}

impl Aligned {
    /// `length` bytes, rounded up to a multiple of [`ALIGN`].
    pub fn new(length: usize) -> Self {
        let length = length.next_multiple_of(ALIGN);
        let bytes = vec![0; length + ALIGN];
        let start = bytes.as_ptr().align_offset(ALIGN);
        Self { bytes, start, length }
    }
}

impl Deref for Aligned {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.bytes[self.start..self.start + self.length]
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.start..self.start + self.length]
    }
}

/// Bytes of what [`lend`] gives.
pub const LENT_BYTES: usize = 1 << 20;

thread_local! {
    static KEPT: Cell<Option<Aligned>> = const { Cell::new(None) };
}

/// Bytes for copying and digesting, lent by this thread.
#[derive(Debug)]
pub struct Lent(Option<Aligned>);

/// Lends [`LENT_BYTES`] that hold whatever they held last. Each thread keeps what it lent for the next time: clearing so many
/// bytes for each small file costs more than the file.
pub fn lend() -> Lent {
    Lent(Some(KEPT.take().unwrap_or_else(|| Aligned::new(LENT_BYTES))))
}

impl Deref for Lent {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.0.as_deref_mut().unwrap_or_default()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let bytes = self.0.take();
        // A thread that ends keeps nothing.
        let _ended = KEPT.try_with(|kept| kept.set(bytes));
    }
}

/// Whether these bytes lie as [`Aligned`] has them, at this offset of a file.
pub fn is_aligned(bytes: &[u8], offset: u64) -> bool {
    (bytes.as_ptr() as usize).is_multiple_of(ALIGN) && offset.is_multiple_of(ALIGN as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_and_ends_where_it_must() {
        for length in [0, 1, ALIGN, ALIGN + 1, 1 << 20] {
            let mut bytes = Aligned::new(length);
            assert!(is_aligned(&bytes, 0) && !is_aligned(&bytes, 1));
            assert!(bytes.len().is_multiple_of(ALIGN) && bytes.len() >= length);
            bytes.fill(7);
        }
        assert!(!is_aligned(&Aligned::new(ALIGN)[1..], 0));
    }

    #[test]
    fn what_is_lent_twice_at_once_are_two_and_one_is_kept() {
        let (mut one, two) = (lend(), lend());
        assert!(is_aligned(&one, 0) && is_aligned(&two, 0));
        assert_eq!((one.len(), two.len()), (LENT_BYTES, LENT_BYTES));
        assert_ne!(one.as_ptr(), two.as_ptr());
        one[0] = 7;
        let place = one.as_ptr();
        drop(two);
        drop(one);
        let again = lend();
        assert_eq!((again.as_ptr(), again[0]), (place, 7));
    }
}
