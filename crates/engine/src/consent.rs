//! The agreement of several people over the same thing: as many different people as a home asks for, each under a name of
//! their own. Where what they would agree to is not the same any more, what was said before is void.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use wire::planted;

/// How many people a home may ask for at most.
pub const PEOPLE_MAX: u64 = 5;

/// Who has agreed so far, and to what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent<T> {
    /// What they agreed to.
    pub over: T,
    /// Their names, in the order in which they agreed, none twice.
    pub people: Vec<String>,
}

/// What it means that somebody agrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// With this one they are enough.
    Enough,
    /// So many others are still missing.
    Missing(u64),
    /// This one had agreed already; so many others are still missing.
    Again(u64),
}

impl<T: PartialEq> Consent<T> {
    /// What it means that `who` agrees to `over`, where `needed` people must. Changes nothing.
    pub fn decide(open: Option<&Self>, who: &str, over: &T, needed: u64) -> Decision {
        let people = open.filter(|consent| consent.over == *over).map_or(&[][..], |consent| &consent.people);
        let again = people.iter().any(|known| known == who) && !planted::is("one-person-counts-twice");
        let missing = needed.saturating_sub(people.len() as u64 + u64::from(!again));
        match (missing, again) {
            (0, _) => Decision::Enough,
            (missing, false) => Decision::Missing(missing),
            (missing, true) => Decision::Again(missing),
        }
    }

    /// `who` agrees to `over`.
    pub fn agree(open: &mut Option<Self>, who: &str, over: T) {
        match open.as_mut().filter(|consent| consent.over == over) {
            Some(consent) if consent.people.iter().any(|known| known == who) => {}
            Some(consent) => consent.people.push(who.into()),
            None => *open = Some(Self { over, people: vec![who.into()] }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Who agreed to what; who agrees to 7 now; how many are needed; what that means.
    type Case<'a> = (&'a [(&'a str, u64)], &'a str, u64, Decision);

    /// FAULTS K04: one person alone is never two.
    #[test]
    fn enough_are_different_people_over_the_same_thing() {
        let cases: [Case<'_>; 11] = [
            (&[], "li", 0, Decision::Enough),
            (&[], "li", 1, Decision::Enough),
            (&[], "li", 2, Decision::Missing(1)),
            (&[("li", 7)], "li", 2, Decision::Again(1)),
            (&[("li", 7)], "li", 1, Decision::Enough),
            (&[("li", 7)], "wang", 2, Decision::Enough),
            (&[("li", 7)], "wang", 3, Decision::Missing(1)),
            (&[("li", 7), ("li", 7)], "li", 2, Decision::Again(1)),
            (&[("li", 7), ("wang", 7)], "li", 3, Decision::Again(1)),
            (&[("li", 6)], "wang", 2, Decision::Missing(1)),
            (&[("li", 7), ("wang", 6)], "li", 2, Decision::Missing(1)),
        ];
        for (said, who, needed, decision) in cases {
            let mut open = None;
            said.iter().for_each(|(who, over)| Consent::agree(&mut open, who, *over));
            assert_eq!(Consent::decide(open.as_ref(), who, &7, needed), decision, "{said:?}, then {who}, {needed} needed");
        }
    }
}
