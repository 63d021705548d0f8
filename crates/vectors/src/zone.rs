//! The zones of the fixtures: their keys are fixed, published and worthless.

use crate::model::NextKeys;
use crate::primitive::{derive, hex, noise_array};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use hpke::kem::XWing;
use hpke::{Deserializable, Kem, Serializable};

/// A zone with its secrets.
#[derive(Clone)]
pub(crate) struct Zone {
    pub(crate) name: String,
    /// The generation of its keys, and the id of its first card where that is another one.
    pub(crate) generation: u32,
    pub(crate) first: Option<[u8; 32]>,
    pub(crate) role: &'static str,
    pub(crate) sign: SigningKey,
    pub(crate) seal_secret: [u8; 32],
    pub(crate) seal_public: Vec<u8>,
}

impl Zone {
    pub(crate) fn new(name: &str, role: &'static str) -> Self {
        let seal_secret = noise_array(&format!("key/{name}/seal"));
        let secret = <XWing as Kem>::PrivateKey::from_bytes(&seal_secret).expect("any 32 bytes are an X-Wing secret key");
        Self {
            name: name.into(),
            generation: 1,
            first: None,
            role,
            sign: SigningKey::from_bytes(&noise_array(&format!("key/{name}/sign"))),
            seal_secret,
            seal_public: XWing::sk_to_pk(&secret).to_bytes().to_vec(),
        }
    }

    /// The same zone with its next generation of keys.
    pub(crate) fn next(&self) -> Self {
        let generation = self.generation + 1;
        Self { name: self.name.clone(), generation, first: Some(self.id()), ..Self::new(&format!("{}-{generation}", self.name), self.role) }
    }

    /// What its keys are called in the fixtures.
    pub(crate) fn label(&self) -> String {
        if self.generation == 1 { self.name.clone() } else { format!("{}-{}", self.name, self.generation) }
    }

    /// These keys as the generation before announces them.
    pub(crate) fn announced(&self) -> NextKeys {
        let (sign, seal) = (*self.sign.verifying_key().as_bytes(), self.seal_public.clone());
        NextKeys { generation: self.generation, sign, seal, proof: self.proof(&self.claim()) }
    }

    /// All lines of the card but the last.
    pub(crate) fn claim(&self) -> String {
        let claim = claim(&self.name, self.role, "1", self.sign.verifying_key().as_bytes(), &self.seal_public);
        match self.first {
            None => claim,
            Some(first) => claim.replace("sign: ", &format!("generation: {}\nfirst: {}\nsign: ", self.generation, hex(&first))),
        }
    }

    /// The whole card.
    pub(crate) fn card(&self) -> String {
        let claim = self.claim();
        let proof = self.proof(&claim);
        format!("{claim}proof: {}\n", STANDARD.encode(proof))
    }

    /// The proof over a claim, which need not be this zone's own.
    pub(crate) fn proof(&self, claim: &str) -> [u8; 64] {
        self.sign.sign(&derive("gapferry v1 card proof", &[claim.as_bytes()])).to_bytes()
    }

    pub(crate) fn id(&self) -> [u8; 32] {
        self.first.unwrap_or_else(|| self.digest())
    }

    /// The digest of the card.
    pub(crate) fn digest(&self) -> [u8; 32] {
        derive("gapferry v1 zone", &[self.claim().as_bytes()])
    }

    pub(crate) fn fingerprint(&self) -> String {
        fingerprint(&self.digest())
    }
}

/// Six lines of a card.
pub(crate) fn claim(name: &str, role: &str, suite: &str, sign: &[u8], seal: &[u8]) -> String {
    format!("gapferry card 1\nzone: {name}\nrole: {role}\nsuite: {suite}\nsign: {}\nseal: {}\n", STANDARD.encode(sign), STANDARD.encode(seal))
}

/// Ten groups of four hex digits.
pub(crate) fn fingerprint(id: &[u8; 32]) -> String {
    id[..20].chunks(2).map(hex).collect::<Vec<_>>().join("-")
}

/// The cast: who plays in the fixtures.
pub(crate) struct Cast {
    /// The source of the route `assets`.
    pub(crate) inside: Zone,
    /// Its replica.
    pub(crate) outside: Zone,
    /// A source that nobody here trusts unless the index says so.
    pub(crate) stranger: Zone,
    /// A replica that holds an escrow key.
    pub(crate) vault: Zone,
    /// `inside` with its second generation of keys.
    pub(crate) inside_2: Zone,
    /// `outside` with its second generation of keys.
    pub(crate) outside_2: Zone,
}

impl Cast {
    pub(crate) fn new() -> Self {
        let (inside, outside) = (Zone::new("inside", "source"), Zone::new("outside", "replica"));
        Self {
            inside_2: inside.next(),
            outside_2: outside.next(),
            inside,
            outside,
            stranger: Zone::new("stranger", "source"),
            vault: Zone::new("vault", "replica"),
        }
    }

    pub(crate) fn all(&self) -> [&Zone; 6] {
        [&self.inside, &self.outside, &self.stranger, &self.vault, &self.inside_2, &self.outside_2]
    }
}
