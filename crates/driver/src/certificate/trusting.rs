//! Whose signatures are believed: those of the cards that were given, of the zones that the home trusts, and its own.

use rights::certificate::Signer;
use rights::certificate::clause::{CRT_REVOKED, CRT_SIGNATURE, CRT_SIGNER, Refused};
use rights::certificate::code::Code;
use seal::suite::SUITE;
use wire::ZoneId;
use wire::card::Card;

use crate::home::Home;
use crate::report::CertificateSigner;

pub(super) struct Trusted<'t> {
    pub cards: &'t [Card],
    pub home: Option<&'t Home>,
}

impl Trusted<'_> {
    /// Judges a signature (clauses CRT-05 and CRT-06).
    pub fn check(&self, signer: &Signer, message: &[u8; 32], signature: &[u8; 64]) -> Result<(), Refused> {
        let card = self.card(signer).ok_or(Refused(&CRT_SIGNER))?;
        SUITE.verify(&card.sign, message, signature).map_err(|_| Refused(&CRT_SIGNATURE))
    }

    fn card(&self, signer: &Signer) -> Option<Card> {
        let zone = ZoneId(signer.zone);
        let given = self.cards.iter().find(|card| card.id() == zone && card.generation() == signer.generation);
        given.cloned().or_else(|| {
            let home = self.home?;
            let own = home.zone_id() == zone && (1..=home.key_state().generation()).contains(&signer.generation);
            if own { Some(home.card_of(signer.generation)) } else { home.known_card(&zone, signer.generation).cloned() }
        })
    }

    /// Who made a code: the one of the known zones whose keys of that generation signed it (clauses CRT-05 and CRT-06).
    pub fn signer_of(&self, code: &Code) -> Result<Signer, Refused> {
        let home = self.home.into_iter();
        let known = home.clone().flat_map(|home| home.trust.keys().copied().chain([home.zone_id()]));
        let zones: Vec<ZoneId> = self.cards.iter().map(Card::id).chain(known).collect();
        let mut refused = Refused(&CRT_SIGNER);
        for zone in zones {
            let signer = Signer { zone: zone.0, generation: code.generation };
            match self.check(&signer, &code.message(zone.0), &code.signature) {
                Ok(()) => return Ok(signer),
                Err(why) if why == Refused(&CRT_SIGNATURE) => refused = why,
                Err(_) => {}
            }
        }
        Err(refused)
    }

    /// Whether these keys are revoked here.
    pub fn is_revoked(&self, signer: &Signer) -> bool {
        self.home.is_some_and(|home| home.key_state().is_revoked(&ZoneId(signer.zone), signer.generation))
    }

    /// As `check`, and the keys still count (clause CRT-07).
    pub fn check_counting(&self, signer: &Signer, message: &[u8; 32], signature: &[u8; 64]) -> Result<(), Refused> {
        self.check(signer, message, signature)?;
        if self.is_revoked(signer) { Err(Refused(&CRT_REVOKED)) } else { Ok(()) }
    }

    /// For people.
    pub fn named(&self, signer: &Signer) -> CertificateSigner {
        let zone = self.card(signer).map(|card| card.zone).unwrap_or_default();
        CertificateSigner { zone, id: ZoneId(signer.zone).to_string(), generation: signer.generation }
    }
}
