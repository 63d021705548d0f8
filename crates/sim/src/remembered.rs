//! The suite of algorithms with a memory: each thread asks the real one once for each question and gives the same answer again.
//!
//! Worlds and crash states run the same commands on the same files again and again: the twin of a command that is struck, what
//! lies on a medium until it was answered, the cards at each opening of a home. Guarantee: every answer is one that the real
//! suite gave to the same question in this process, or follows from one: what it wrapped for a key is unwrapped by that key and
//! by no other, what it signed verifies (the tests of `seal` hold both). All of them are functions of their arguments. Nothing here
//! is secret.

use seal::suite::{International1, SUITE, Suite, WRAP_ENTROPY_BYTES};
use std::cell::RefCell;
use std::collections::HashMap;
use wire::Rejection;
use zeroize::Zeroizing;

/// Answers that a thread remembers, at most, before it begins anew.
const ANSWERS_MAX: usize = 1 << 14;

/// The question which key a content key was wrapped for; the answer is both.
const WRAPPED_FOR: u8 = 8;
/// The question whether a signature verifies.
const VERIFIED: u8 = 7;

/// The answer, if there was one.
type Answer = Option<Vec<u8>>;

thread_local! {
    static ANSWERS: RefCell<HashMap<[u8; 32], Answer>> = RefCell::default();
}

struct Remembered;

/// Has this process remember.
pub fn remember() {
    let _named_before = SUITE.name(&Remembered);
}

/// The short form of a question.
fn key_of(question: u8, about: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&[question]);
    for bytes in about {
        hasher.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
    }
    *hasher.finalize().as_bytes()
}

/// The answer to a question, if it is known.
fn known(key: &[u8; 32]) -> Option<Answer> {
    ANSWERS.with_borrow(|answers| answers.get(key).cloned())
}

/// Keeps an answer.
fn keep(key: [u8; 32], answer: Answer) {
    ANSWERS.with_borrow_mut(|answers| {
        if answers.len() >= ANSWERS_MAX {
            answers.clear();
        }
        answers.insert(key, answer);
    });
}

/// The answer to a question: what was given before, else what `ask` gives now.
fn once(question: u8, about: &[&[u8]], ask: impl FnOnce() -> Answer) -> Answer {
    let key = key_of(question, about);
    known(&key).unwrap_or_else(|| {
        let answer = ask();
        keep(key, answer.clone());
        answer
    })
}

/// An answer that every question of its kind has.
fn always<const N: usize>(answer: Answer) -> [u8; N] {
    answer.and_then(|bytes| bytes.try_into().ok()).expect("this question has an answer of this length")
}

impl Suite for Remembered {
    fn number(&self) -> u16 {
        International1.number()
    }

    fn wrap(&self, recipient: &[u8], info: &[u8], content_key: &[u8; 32], entropy: &[u8; WRAP_ENTROPY_BYTES]) -> Option<Vec<u8>> {
        let wrapped = once(0, &[recipient, info, content_key, entropy], || International1.wrap(recipient, info, content_key, entropy))?;
        keep(key_of(WRAPPED_FOR, &[info, &wrapped]), Some([content_key, recipient].concat()));
        Some(wrapped)
    }

    fn unwrap(&self, secret: &[u8; 32], info: &[u8], wrapped: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        let answer = match known(&key_of(WRAPPED_FOR, &[info, wrapped])).flatten() {
            Some(made) => made.split_at_checked(32).filter(|(_, recipient)| *recipient == self.seal_public(secret)).map(|(key, _)| key.to_vec()),
            None => once(1, &[secret, info, wrapped], || International1.unwrap(secret, info, wrapped).map(|key| key.to_vec())),
        };
        answer.map(|key| Zeroizing::new(always(Some(key))))
    }

    fn seal_public(&self, secret: &[u8; 32]) -> Vec<u8> {
        once(2, &[secret], || Some(International1.seal_public(secret))).unwrap_or_default()
    }

    fn is_recipient(&self, recipient: &[u8]) -> bool {
        once(3, &[recipient], || International1.is_recipient(recipient).then(Vec::new)).is_some()
    }

    fn is_signer(&self, signer: &[u8; 32]) -> bool {
        once(4, &[signer], || International1.is_signer(signer).then(Vec::new)).is_some()
    }

    fn sign_public(&self, secret: &[u8; 32]) -> [u8; 32] {
        always(once(5, &[secret], || Some(International1.sign_public(secret).to_vec())))
    }

    fn sign(&self, secret: &[u8; 32], message: &[u8]) -> [u8; 64] {
        let signature = always(once(6, &[secret, message], || Some(International1.sign(secret, message).to_vec())));
        keep(key_of(VERIFIED, &[&self.sign_public(secret), message, &signature]), Some(Vec::new()));
        signature
    }

    fn verify(&self, public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> Result<(), Rejection> {
        let right = once(VERIFIED, &[public, message, signature], || International1.verify(public, message, signature).is_ok().then(Vec::new));
        // The real one says what is wrong.
        if right.is_some() { Ok(()) } else { International1.verify(public, message, signature) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_question_has_the_real_answer_both_times() {
        let (secret, other) = ([1; 32], [2; 32]);
        for _ in 0..2 {
            let (public, sealing) = (Remembered.sign_public(&secret), Remembered.seal_public(&secret));
            assert_eq!((public, &sealing), (International1.sign_public(&secret), &International1.seal_public(&secret)));
            assert!(Remembered.is_recipient(&sealing) && !Remembered.is_recipient(&sealing[1..]));
            assert!(Remembered.is_signer(&public) && !Remembered.is_signer(&[0; 32]));
            let signature = Remembered.sign(&secret, b"message");
            assert!(Remembered.verify(&public, b"message", &signature).is_ok());
            assert!(Remembered.verify(&public, b"massage", &signature).is_err());
            assert!(Remembered.verify(&Remembered.sign_public(&other), b"message", &signature).is_err());
            let wrapped = Remembered.wrap(&sealing, b"info", &[7; 32], &[9; 64]).unwrap();
            assert_eq!(Remembered.unwrap(&secret, b"info", &wrapped).unwrap().as_slice(), &[7; 32]);
            assert!(Remembered.unwrap(&other, b"info", &wrapped).is_none());
            assert!(Remembered.unwrap(&secret, b"ofni", &wrapped).is_none());
        }
    }
}
