//! The key file: two secrets of 32 bytes for each generation, oldest first, in the clear (0600) or under a passphrase (Argon2id,
//! then XChaCha20-Poly1305).
//!
//! Text of two or four lines, so that a person can print it for the safe. Never logged, zeroed when dropped.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use seal::keys::SecretKeys;
use wire::limits::GENERATION_MAX;
use zeroize::Zeroizing;

use crate::report::Failure;
use crate::world::World;

/// The file's name below `keys/`.
pub const FILE: &[u8] = b"zone.key";
/// Largest key file that is read, bytes.
pub const KEY_FILE_BYTES_MAX: usize = 256 * GENERATION_MAX as usize;
/// Bytes of the secrets of one generation.
const GENERATION_BYTES: usize = 64;

/// What the check behind keys in the clear is derived under: a digit that was mistyped or a bit that rotted gives no other zone.
const CHECK_CONTEXT: &str = "gapferry v1 key file";
/// Bytes of that check.
const CHECK_BYTES: usize = 4;

/// Argon2id: 64 MiB, 3 passes, 1 lane (RFC 9106, section 4, second choice).
const MEMORY_KIB: u32 = 64 << 10;
const PASSES: u32 = 3;
const HEAD_CLEAR: &str = "gapferry key 1 clear";
const HEAD_SEALED: &str = "gapferry key 1 argon2id-65536-3-1 xchacha20poly1305";

/// How the key file is protected: salt and key of the passphrase, kept so that a new generation needs no second asking, which
/// could be answered otherwise.
pub struct Protection {
    salt: Zeroizing<Vec<u8>>,
    key: Zeroizing<[u8; 32]>,
}

impl Protection {
    /// The protection by a passphrase; the salt is fresh for a new one.
    fn of(passphrase: &str, salt: &[u8]) -> Result<Self, Failure> {
        let failed = |error: argon2::Error| Failure::new("HOM-05", "keys/zone.key", error.to_string());
        let parameters = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).map_err(failed)?;
        let mut key = Zeroizing::new([0u8; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters).hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice()).map_err(failed)?;
        Ok(Self { salt: Zeroizing::new(salt.to_vec()), key })
    }

    /// The protection of a new key file.
    pub fn new(world: &World, passphrase: &str) -> Result<Self, Failure> {
        Self::of(passphrase, &world.random::<16>())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(self.key.as_slice().try_into().expect("32 bytes are a key"))
    }
}

/// What a key file holds.
pub struct KeyFile {
    /// The secrets of each generation, oldest first.
    pub generations: Vec<SecretKeys>,
    /// How they are protected, if they are.
    pub protection: Option<Protection>,
}

/// The text of a key file.
pub fn write(world: &World, generations: &[SecretKeys], protection: Option<&Protection>) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(Vec::with_capacity(generations.len() * GENERATION_BYTES + CHECK_BYTES));
    for keys in generations {
        plain.extend_from_slice(&keys.sign);
        plain.extend_from_slice(&keys.seal);
    }
    let Some(protection) = protection else {
        plain_with_check(&mut plain);
        return text(&[HEAD_CLEAR, &hex(&plain)]);
    };
    let nonce = world.random::<24>();
    let sealed = protection.cipher().encrypt(&XNonce::from(nonce), plain.as_slice()).expect("a key file is far below the limit of the cipher");
    text(&[HEAD_SEALED, &hex(&protection.salt), &hex(&nonce), &hex(&sealed)])
}

/// Lines in room that is made once, so that no copy of a part stays behind in memory.
fn text(lines: &[&str]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(lines.iter().map(|line| line.len() + 1).sum()));
    for line in lines {
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// Reads a key file; `ask` is called only when it is sealed, and not where it is protected as it was `known` to be.
pub fn read(text: &str, known: Option<Protection>, ask: &dyn Fn() -> Option<Zeroizing<String>>) -> Result<KeyFile, Failure> {
    let damaged = || Failure::new("HOM-05", "keys/zone.key", "the key file is not well formed");
    // The last line is ended like the others: there is one text of the same keys.
    let lines: Vec<&str> = text.strip_suffix('\n').ok_or_else(damaged)?.split('\n').collect();
    let (plain, protection) = match lines.as_slice() {
        [HEAD_CLEAR, plain] => {
            let mut plain = unhex(plain).ok_or_else(damaged)?;
            let keys = plain.len().checked_sub(CHECK_BYTES).ok_or_else(damaged)?;
            if plain[keys..] != check(&plain[..keys]) {
                return Err(damaged());
            }
            plain.truncate(keys);
            (plain, None)
        }
        [HEAD_SEALED, salt, nonce, sealed] => {
            let unasked = || Failure::new("HOM-04", "keys/zone.key", "the keys are protected by a passphrase and none was given");
            let salt = unhex(salt).ok_or_else(damaged)?;
            let nonce: [u8; 24] = unhex(nonce).and_then(|nonce| nonce.as_slice().try_into().ok()).ok_or_else(damaged)?;
            let sealed = unhex(sealed).ok_or_else(damaged)?;
            let protection = match known.filter(|known| known.salt == salt) {
                Some(known) => known,
                None => Protection::of(&ask().ok_or_else(unasked)?, &salt)?,
            };
            let opened = protection.cipher().decrypt(&XNonce::from(nonce), sealed.as_slice());
            let plain = opened.map_err(|_| Failure::new("HOM-04", "keys/zone.key", "the passphrase is wrong, or the key file was altered"))?;
            (Zeroizing::new(plain), Some(protection))
        }
        _ => return Err(damaged()),
    };
    // No room to grow into: what is moved would be left behind as it was.
    let mut generations = Vec::with_capacity(plain.len().div_ceil(GENERATION_BYTES));
    for secrets in plain.chunks(GENERATION_BYTES) {
        let (sign, seal) = secrets.split_at_checked(32).ok_or_else(damaged)?;
        generations.push(SecretKeys { sign: sign.try_into().map_err(|_| damaged())?, seal: seal.try_into().map_err(|_| damaged())? });
    }
    if generations.is_empty() {
        return Err(damaged());
    }
    Ok(KeyFile { generations, protection })
}

fn check(plain: &[u8]) -> [u8; CHECK_BYTES] {
    let digest = Zeroizing::new(wire::digest::derive(CHECK_CONTEXT, &[plain]).0);
    [digest[0], digest[1], digest[2], digest[3]]
}

/// Puts the check behind the secrets.
fn plain_with_check(plain: &mut Zeroizing<Vec<u8>>) {
    let check = check(plain);
    plain.extend_from_slice(&check);
}

fn hex(bytes: &[u8]) -> Zeroizing<String> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 2));
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

fn unhex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digit = |byte: u8| (byte as char).to_digit(16).filter(|_| !byte.is_ascii_uppercase());
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for pair in text.as_bytes().chunks(2) {
        let [high, low] = pair else { return None };
        bytes.push((digit(*high)? << 4 | digit(*low)?) as u8);
    }
    Some(bytes)
}
