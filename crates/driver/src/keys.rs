//! The key file: two secrets of 32 bytes, in the clear (0600) or under a passphrase (Argon2id, then XChaCha20-Poly1305).
//!
//! Text of three or six lines, so that a person can print it for the safe. Never logged, zeroed when dropped.

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use seal::keys::SecretKeys;
use zeroize::Zeroizing;

use crate::report::Failure;
use crate::world::World;

/// The file's name below `keys/`.
pub const FILE: &[u8] = b"zone.key";
/// Largest key file that is read, bytes.
pub const KEY_FILE_BYTES_MAX: usize = 4096;

/// What the check behind keys in the clear is derived under: a digit that was mistyped or a bit that rotted gives no other zone.
const CHECK_CONTEXT: &str = "gapferry v1 key file";
/// Bytes of that check.
const CHECK_BYTES: usize = 4;

/// Argon2id: 64 MiB, 3 passes, 1 lane (RFC 9106, section 4, second choice).
const MEMORY_KIB: u32 = 64 << 10;
const PASSES: u32 = 3;
const HEAD_CLEAR: &str = "gapferry key 1 clear";
const HEAD_SEALED: &str = "gapferry key 1 argon2id-65536-3-1 xchacha20poly1305";

/// The text of the key file.
pub fn write(world: &World, keys: &SecretKeys, passphrase: Option<&str>) -> Result<Zeroizing<String>, Failure> {
    let plain = Zeroizing::new([keys.sign, keys.seal].concat());
    let Some(passphrase) = passphrase else {
        return Ok(Zeroizing::new(format!("{HEAD_CLEAR}\n{}{}\n", hex(&plain), hex(&check(&plain)))));
    };
    let (salt, nonce) = (world.random::<16>(), world.random::<24>());
    let sealed = cipher(passphrase, &salt)?.encrypt(&XNonce::from(nonce), plain.as_slice()).expect("64 bytes are far below the limit of the cipher");
    Ok(Zeroizing::new(format!("{HEAD_SEALED}\n{}\n{}\n{}\n", hex(&salt), hex(&nonce), hex(&sealed))))
}

/// Reads a key file; `ask` is called only when it is sealed.
pub fn read(text: &str, ask: &dyn Fn() -> Option<Zeroizing<String>>) -> Result<SecretKeys, Failure> {
    let damaged = || Failure::new("HOM-05", "keys/zone.key", "the key file is not well formed");
    // The last line is ended like the others: there is one text of the same keys.
    let lines: Vec<&str> = text.strip_suffix('\n').ok_or_else(damaged)?.split('\n').collect();
    let plain = match lines.as_slice() {
        [HEAD_CLEAR, plain] => {
            let mut plain = unhex(plain).ok_or_else(damaged)?;
            let keys = plain.len().checked_sub(CHECK_BYTES).ok_or_else(damaged)?;
            if plain[keys..] != check(&plain[..keys]) {
                return Err(damaged());
            }
            plain.truncate(keys);
            plain
        }
        [HEAD_SEALED, salt, nonce, sealed] => {
            let passphrase = ask().ok_or_else(|| Failure::new("HOM-04", "keys/zone.key", "the keys are protected by a passphrase and none was given"))?;
            let salt = unhex(salt).ok_or_else(damaged)?;
            let nonce: [u8; 24] = unhex(nonce).and_then(|nonce| nonce.as_slice().try_into().ok()).ok_or_else(damaged)?;
            let sealed = unhex(sealed).ok_or_else(damaged)?;
            let opened = cipher(&passphrase, &salt)?.decrypt(&XNonce::from(nonce), sealed.as_slice());
            Zeroizing::new(opened.map_err(|_| Failure::new("HOM-04", "keys/zone.key", "the passphrase is wrong, or the key file was altered"))?)
        }
        _ => return Err(damaged()),
    };
    let (sign, seal) = plain.split_at_checked(32).ok_or_else(damaged)?;
    Ok(SecretKeys { sign: sign.try_into().expect("split at 32"), seal: seal.try_into().map_err(|_| damaged())? })
}

fn cipher(passphrase: &str, salt: &[u8]) -> Result<XChaCha20Poly1305, Failure> {
    let failed = |error: argon2::Error| Failure::new("HOM-05", "keys/zone.key", error.to_string());
    let parameters = Params::new(MEMORY_KIB, PASSES, 1, Some(32)).map_err(failed)?;
    let mut key = Zeroizing::new([0u8; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters).hash_password_into(passphrase.as_bytes(), salt, key.as_mut_slice()).map_err(failed)?;
    Ok(XChaCha20Poly1305::new(key.as_slice().try_into().expect("32 bytes are a key")))
}

fn check(plain: &[u8]) -> [u8; CHECK_BYTES] {
    let digest = Zeroizing::new(wire::digest::derive(CHECK_CONTEXT, &[plain]).0);
    [digest[0], digest[1], digest[2], digest[3]]
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let digit = |byte: u8| (byte as char).to_digit(16).filter(|_| !byte.is_ascii_uppercase());
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some((digit(*high)? << 4 | digit(*low)?) as u8),
        _ => None,
    });
    pairs.collect::<Option<Vec<u8>>>().map(Zeroizing::new)
}
