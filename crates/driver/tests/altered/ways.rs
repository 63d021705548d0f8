//! The ways to spoil a file, numbered, so that all can be tried or a sample.

/// One way to spoil a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// This bit has the other value.
    Flipped { at: usize, bit: u8 },
    /// Only so many of the first bytes.
    Prefix(usize),
    /// This byte is not there.
    Removed(usize),
    /// A byte more before this place.
    Inserted { at: usize, byte: u8 },
    /// So many bytes more behind it: zeros, or some that look random.
    Behind { bytes: usize, zeros: bool },
}

/// Most bytes put behind a file.
const BEHIND_MAX: usize = 4096;
/// What is put in: a zero, a line feed, a digit, all ones.
const INSERTED: [u8; 4] = [0, b'\n', b'0', 0xff];

/// Every way to spoil a file of so many bytes. Text, which is short, gets each inserted byte at every place.
pub fn all(length: usize, is_text: bool) -> Vec<Way> {
    let mut ways: Vec<Way> = (0..length).flat_map(|at| (0..8).map(move |bit| Way::Flipped { at, bit })).collect();
    ways.extend((0..length).map(Way::Prefix));
    ways.extend((0..length).map(Way::Removed));
    let each = if is_text { INSERTED.len() } else { 1 };
    ways.extend((0..=length).flat_map(|at| (0..each).map(move |nth| Way::Inserted { at, byte: INSERTED[(at + nth) % INSERTED.len()] })));
    ways.extend((1..=BEHIND_MAX).map(|bytes| Way::Behind { bytes, zeros: bytes % 2 == 0 }));
    ways
}

impl Way {
    /// The file, spoilt.
    pub fn of(self, good: &[u8]) -> Vec<u8> {
        let mut bytes = good.to_vec();
        match self {
            Self::Flipped { at, bit } => bytes[at] ^= 1 << bit,
            Self::Prefix(length) => bytes.truncate(length),
            Self::Removed(at) => drop(bytes.remove(at)),
            Self::Inserted { at, byte } => bytes.insert(at, byte),
            Self::Behind { bytes: more, zeros } => bytes.extend((0..more).map(|at| if zeros { 0 } else { (at * 167 + 13) as u8 })),
        }
        bytes
    }

    /// Where the file begins to differ from the good one.
    pub fn first_difference(self, good: &[u8]) -> usize {
        match self {
            Self::Flipped { at, .. } => at,
            _ => {
                let spoilt = self.of(good);
                let same = spoilt.iter().zip(good).take_while(|(one, two)| one == two).count();
                same.min(spoilt.len())
            }
        }
    }

    /// Its kind, for counting.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Flipped { .. } => "bits flipped",
            Self::Prefix(_) => "prefixes",
            Self::Removed(_) => "bytes removed",
            Self::Inserted { .. } => "bytes inserted",
            Self::Behind { .. } => "lengthened",
        }
    }
}

/// Numbers that look random, from one seed (splitmix64).
pub struct Random(pub u64);

impl Random {
    /// The next number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }

    /// So many of these, or all of them when there are no more.
    pub fn sample<T: Copy>(&mut self, of: &[T], count: usize) -> Vec<T> {
        if of.len() <= count {
            return of.to_vec();
        }
        (0..count).map(|_| of[self.below(of.len() as u64) as usize]).collect()
    }
}
