//! Spoilt files before their judge: counts what was refused and how; what is accepted or panics fails the test.

use super::ways::{Random, Way, all};
use super::{expect_little_memory, full, seed};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a judge says: the code of the refusal, or that it was accepted.
pub type Verdict = Result<(), String>;

/// What is spoilt and who judges it.
pub struct Subject<'a, J: FnMut(&[u8]) -> Verdict> {
    /// Its name.
    pub name: &'a str,
    /// The good file.
    pub good: Vec<u8>,
    /// Whether it is text.
    pub is_text: bool,
    /// How many of each kind are tried in a sample.
    pub sample: usize,
    /// Makes a judge; each thread has its own.
    pub judge: &'a (dyn Fn() -> J + Sync),
}

impl<J: FnMut(&[u8]) -> Verdict> Subject<'_, J> {
    /// Tries all ways, or a sample; the good file is accepted, before and after.
    pub fn try_all(&self) {
        let mut judge = (self.judge)();
        assert_eq!(judge(&self.good), Ok(()), "{}: the good one is accepted", self.name);
        let mut ways = all(self.good.len(), self.is_text);
        if !full() {
            let mut random = Random(seed(self.name));
            let mut sampled = Vec::new();
            for kind in ways.chunk_by(|one, two| one.kind() == two.kind()) {
                sampled.extend(random.sample(kind, self.sample));
            }
            ways = sampled;
        }
        self.judge_each(&ways);
        assert_eq!(judge(&self.good), Ok(()), "{}: the good one is still accepted", self.name);
        expect_little_memory(self.name);
    }

    fn judge_each(&self, ways: &[Way]) {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(8);
        let found: Vec<(BTreeMap<String, u64>, Vec<Way>)> = std::thread::scope(|scope| {
            let running: Vec<_> = ways.chunks(ways.len().div_ceil(threads)).map(|share| scope.spawn(|| self.judge_share(share))).collect();
            running.into_iter().map(|share| share.join().expect("a judge that panics is caught")).collect()
        });
        let mut codes: BTreeMap<String, u64> = BTreeMap::new();
        found.iter().flat_map(|(codes, _)| codes).for_each(|(code, count)| *codes.entry(code.clone()).or_default() += count);
        let accepted: Vec<Way> = found.into_iter().flat_map(|(_, accepted)| accepted).collect();
        let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
        ways.iter().for_each(|way| *kinds.entry(way.kind()).or_default() += 1);
        println!("{}: {kinds:?}; refused with {codes:?}; {} accepted", self.name, accepted.len());
        assert!(accepted.is_empty(), "{}: accepted {:?}", self.name, &accepted[..accepted.len().min(20)]);
        assert_eq!(codes.get("PANIC"), None, "{}: something panicked", self.name);
    }

    fn judge_share(&self, share: &[Way]) -> (BTreeMap<String, u64>, Vec<Way>) {
        let mut judge = (self.judge)();
        let (mut codes, mut accepted) = (BTreeMap::new(), Vec::new());
        for way in share {
            let spoilt = way.of(&self.good);
            match catch_unwind(AssertUnwindSafe(|| judge(&spoilt))) {
                Ok(Err(code)) => *codes.entry(code).or_default() += 1,
                Ok(Ok(())) => accepted.push(*way),
                Err(_) => *codes.entry("PANIC".to_owned()).or_default() += 1,
            }
        }
        (codes, accepted)
    }
}
