//! A key as it is written, `experiment_ID_SECRET`: its id, which is no secret, and 256 random bits.
//!
//! It is shown once, when it is made; kept is the SHA-256 of the whole text. One hash is enough for what is drawn at
//! random: there is nothing to guess, so it need not be slow to try.

use std::fmt;

use serde::Serialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::api_key::KeyError;
use super::bytes::hex;

/// What every key begins with, so that it is recognised where it should not be.
pub const KEY_PREFIX: &str = "experiment_";

/// Hexadecimal digits of an id.
const ID_DIGITS: usize = 12;
/// Bytes of a secret, before they are written as hexadecimal digits.
const SECRET_BYTES: usize = 32;

/// Names a key, in the key's text too: twelve hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub(super) u64);

impl KeyId {
    /// Reads twelve hexadecimal digits in lower case.
    #[must_use]
    pub fn parse(text: &str) -> Option<KeyId> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
        if text.len() != ID_DIGITS || !text.bytes().all(is_digit) {
            return None;
        }
        u64::from_str_radix(text, 16).ok().map(KeyId)
    }

    /// [`KeyId::parse`] where a key is meant.
    ///
    /// # Errors
    /// [`KeyError::Unknown`]: no key has an id of another form.
    pub fn find(text: &str) -> Result<KeyId, KeyError> {
        KeyId::parse(text).ok_or_else(|| KeyError::Unknown { id: text.chars().take(60).collect() })
    }

    /// The id within a key's text.
    pub(super) fn within(text: &[u8]) -> Option<KeyId> {
        let text = std::str::from_utf8(text).ok()?.strip_prefix(KEY_PREFIX)?;
        let (id, secret) = text.split_once('_')?;
        KeyId::parse(id).filter(|_| secret.len() == 2 * SECRET_BYTES)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:0width$x}", self.0, width = ID_DIGITS)
    }
}

impl Serialize for KeyId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The SHA-256 of a key. It has no `==`: hashes are compared in the same time wherever the first difference is.
#[derive(Clone, Copy)]
pub struct KeyHash(pub(super) [u8; 32]);

impl KeyHash {
    /// Of the text as it was sent.
    #[must_use]
    pub fn of(text: &[u8]) -> KeyHash {
        #[cfg(test)]
        work::count(&work::HASHED);
        KeyHash(Sha256::digest(text).into())
    }

    /// Whether both are of the same text.
    #[must_use]
    pub fn matches(&self, other: &KeyHash) -> bool {
        #[cfg(test)]
        work::count(&work::COMPARED);
        self.0.ct_eq(&other.0).into()
    }

    /// What no text has; compared with where there is nothing to compare with.
    pub(crate) const NOBODY: KeyHash = KeyHash([0; 32]);
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHash(…)")
    }
}

/// A key as it is told to whoever made it, once.
#[derive(Clone)]
pub struct KeyText {
    id: KeyId,
    text: String,
}

impl KeyText {
    /// Draws a key.
    pub(super) fn draw() -> Result<KeyText, KeyError> {
        let mut id = [0; 8];
        let mut secret = [0; SECRET_BYTES];
        // Six of the eight bytes are the twelve digits.
        let drawn = getrandom::fill(&mut id[..ID_DIGITS / 2]).and_then(|()| getrandom::fill(&mut secret));
        drawn.map_err(|error| KeyError::NoRandom { detail: error.to_string() })?;
        let id = KeyId(u64::from_le_bytes(id));
        Ok(KeyText { id, text: format!("{KEY_PREFIX}{id}_{}", hex(&secret)) })
    }

    /// The id in it.
    pub(super) fn id(&self) -> KeyId {
        self.id
    }

    /// The text itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyText({}…)", self.id)
    }
}

/// Whether a text has the form of a store's key.
#[must_use]
pub fn has_key_form(text: &str) -> bool {
    KeyId::within(text.as_bytes()).is_some()
}
/// How much was hashed and compared, by this thread.
#[cfg(test)]
pub(crate) mod work {
    use std::cell::Cell;
    use std::thread::LocalKey;

    thread_local! {
        pub(crate) static HASHED: Cell<u32> = const { Cell::new(0) };
        pub(crate) static COMPARED: Cell<u32> = const { Cell::new(0) };
    }

    pub(crate) fn count(counter: &'static LocalKey<Cell<u32>>) {
        counter.set(counter.get() + 1);
    }

    /// What `work` hashed and compared.
    pub(crate) fn of<T>(work: impl FnOnce() -> T) -> (u32, u32) {
        let before = (HASHED.get(), COMPARED.get());
        work();
        (HASHED.get() - before.0, COMPARED.get() - before.1)
    }
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Role, key_with_role};

    #[test]
    fn a_key_has_its_id_and_256_bits_and_shows_neither_by_accident() {
        let (key, text) = key_with_role(Role::Analyst);
        let shown = text.reveal();
        assert_eq!(shown.len(), KEY_PREFIX.len() + 12 + 1 + 64);
        assert!(shown.starts_with(&format!("experiment_{}_", key.id)));
        assert!(has_key_form(shown) && !has_key_form(&shown[1..]) && !has_key_form(&shown[..80]));
        let secret = &shown[shown.len() - 64..];
        assert!(!format!("{key:?}{text:?}").contains(secret));
        assert_ne!(KeyText::draw().unwrap().reveal(), shown);
        assert_eq!(KeyId::parse(&key.id.to_string()), Some(key.id));
        assert_eq!(KeyId(7).to_string(), "000000000007");
        for wrong in ["", "7", "00000000000G", "00000000000A", "0000000000007", "+00000000007"] {
            assert_eq!(KeyId::parse(wrong), None, "{wrong}");
        }
    }
}
