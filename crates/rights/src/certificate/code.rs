//! The code of a certificate, as it stands in the QR code on paper: where to ask for it, and enough to check the signature without
//! a network.

use super::clause::{CRT_CODE, Refused, require};
use super::proof::{GENERATION_MAX, bytes, encode};
use super::{Proven, Signer, message};
use crate::identifier::Identifier;

/// Longest code, bytes.
pub const CODE_BYTES_MAX: usize = 512;

/// A code, well formed; its signature not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// Where certificates are asked for: `https://` and a host, without what follows it here.
    pub url: String,
    /// The token that the certificate is found by.
    pub token: String,
    /// The generation of the keys that signed.
    pub generation: u32,
    /// The root of the commitments.
    pub root: [u8; 32],
    /// The signature.
    pub signature: [u8; 64],
}

impl Code {
    /// The code of a certificate (clause CRT-10 when it cannot be one: the address, the token, the length).
    pub fn of(proven: &Proven, url: &str) -> Result<Self, Refused> {
        let code = Self {
            url: url.trim_end_matches('/').to_owned(),
            token: proven.token().to_owned(),
            generation: proven.signer.generation,
            root: proven.root,
            signature: proven.signature,
        };
        Self::parse(&code.text())
    }

    /// As it stands in the picture.
    pub fn text(&self) -> String {
        format!("{}/v/{}#1.{}.{}.{}", self.url, self.token, self.generation, encode(&self.root), encode(&self.signature))
    }

    /// Reads one (clause CRT-10).
    pub fn parse(text: &str) -> Result<Self, Refused> {
        require(text.len() <= CODE_BYTES_MAX, &CRT_CODE)?;
        let code = Self::parts(text).ok_or(Refused(&CRT_CODE))?;
        require(code.text() == text, &CRT_CODE)?;
        Ok(code)
    }

    fn parts(text: &str) -> Option<Self> {
        let (place, fragment) = text.split_once('#')?;
        let (url, token) = place.rsplit_once("/v/")?;
        let host = url.strip_prefix("https://")?;
        let is_host = !host.is_empty() && !host.starts_with('/') && !host.ends_with('/');
        let is_plain = place.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'?');
        let mut parts = fragment.split('.');
        let (version, generation, root, signature) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let generation: u32 = generation.parse().ok().filter(|generation| (1..=GENERATION_MAX).contains(&u64::from(*generation)))?;
        let right = is_host && is_plain && version == "1" && parts.next().is_none() && Identifier::Token.check(token).is_ok();
        right.then_some(Self { url: url.to_owned(), token: token.to_owned(), generation, root: bytes(root)?, signature: bytes(signature)? })
    }

    /// What was signed, if that zone did.
    pub fn message(&self, zone: [u8; 32]) -> [u8; 32] {
        message(&Signer { zone, generation: self.generation }, &self.root, &self.token)
    }
}
