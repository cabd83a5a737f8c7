//! The hash: where a customer falls, for one salt and one purpose.
//!
//! XXH3-64 (seed 0) over salt, purpose and customer id, each in UTF-8 behind its length in bytes as a
//! little-endian `u32`. The lengths keep `("ab", "c")` and `("a", "bc")` apart; the purposes keep the draw
//! of the traffic independent of the draw of the variant.
//!
//! This is a public contract, frozen by `tests/data/golden/assignment.json`: it does not change within a
//! major version.

use xxhash_rust::xxh3::xxh3_64;

/// Bytes hashed on a small stack buffer: keys and ids of ordinary length.
const SMALL: usize = 128;
/// Bytes of salt and purpose with their lengths that are kept in place: salts of up to 48 bytes.
const TEMPLATE: usize = 64;
/// Bytes hashed on the stack at all; salts and ids within their bounds fit.
const LARGE: usize = 1024;

/// What a hash is drawn for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Whether the customer enters.
    Traffic,
    /// Which variant the customer gets.
    Variant,
    /// Which slice of a layer the customer is in.
    Layer,
    /// Whether the customer is held out.
    Holdout,
    /// In which random half of an arm the customer is.
    Half,
}

impl Purpose {
    /// The bytes that are hashed for it, part of the contract.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Purpose::Traffic => "traffic",
            Purpose::Variant => "variant",
            Purpose::Layer => "layer",
            Purpose::Holdout => "holdout",
            Purpose::Half => "half",
        }
    }
}

/// The hash of a customer; for many customers see [`HashPrefix`].
#[must_use]
pub fn hash(salt: &str, purpose: Purpose, customer_id: &str) -> u64 {
    let (salt, purpose, id) = (salt.as_bytes(), purpose.name().as_bytes(), customer_id.as_bytes());
    hash_parts(&[&length(salt), salt, &length(purpose), purpose, &length(id), id])
}

/// Salt and purpose, encoded once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashPrefix {
    /// As much of the prefix as fits, for most all of it: copying a whole template takes fewer instructions
    /// than copying a part of it.
    template: [u8; TEMPLATE],
    length: usize,
    /// The prefix, where it does not fit; else empty.
    long: Vec<u8>,
}

impl HashPrefix {
    /// The prefix of every hash with this salt and purpose.
    #[must_use]
    pub fn new(salt: &str, purpose: Purpose) -> HashPrefix {
        let (salt, purpose) = (salt.as_bytes(), purpose.name().as_bytes());
        let bytes = [&length(salt)[..], salt, &length(purpose), purpose].concat();
        let mut template = [0; TEMPLATE];
        let (length, fits) = (bytes.len(), bytes.len().min(TEMPLATE));
        template[..fits].copy_from_slice(&bytes[..fits]);
        HashPrefix { template, length, long: if length > TEMPLATE { bytes } else { Vec::new() } }
    }

    /// The same as [`hash`] with this salt and purpose; does not allocate for ids within their bound.
    #[must_use]
    #[inline]
    pub fn hash(&self, customer_id: &str) -> u64 {
        let id = customer_id.as_bytes();
        let start = self.length + 4;
        let total = start + id.len();
        if self.length > TEMPLATE {
            return hash_parts(&[&self.long, &length(id), id]);
        }
        if total > SMALL {
            return hash_parts(&[&self.template[..self.length], &length(id), id]);
        }
        let mut buffer = [0; SMALL];
        buffer[..TEMPLATE].copy_from_slice(&self.template);
        buffer[start - 4..start].copy_from_slice(&length(id));
        buffer[start..total].copy_from_slice(id);
        xxh3_64(&buffer[..total])
    }
}

fn length(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes()
}

/// One call over contiguous bytes: the streaming form carries half a kilobyte of state and is slower.
fn hash_parts(parts: &[&[u8]]) -> u64 {
    let total: usize = parts.iter().map(|part| part.len()).sum();
    if total <= SMALL {
        hash_on_stack::<SMALL>(parts, total)
    } else if total <= LARGE {
        hash_on_stack::<LARGE>(parts, total)
    } else {
        xxh3_64(&parts.concat())
    }
}

/// `total` is the length of all parts, at most `N`.
fn hash_on_stack<const N: usize>(parts: &[&[u8]], total: usize) -> u64 {
    let mut buffer = [0; N];
    let mut end = 0;
    for part in parts {
        buffer[end..end + part.len()].copy_from_slice(part);
        end += part.len();
    }
    xxh3_64(&buffer[..total])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_buffer_gives_the_hash_of_the_same_bytes() {
        for id_length in [0, 1, 60, 105, 106, 107, 240, 256, 1_000, 1_001, 1_002, 5_000] {
            let id = "x".repeat(id_length);
            let bytes = [
                &[4, 0, 0, 0][..],
                b"salt",
                &[7, 0, 0, 0],
                b"traffic",
                &u32::try_from(id_length).unwrap().to_le_bytes(),
                id.as_bytes(),
            ]
            .concat();
            let expected = xxh3_64(&bytes);
            assert_eq!(hash("salt", Purpose::Traffic, &id), expected, "{id_length}");
            assert_eq!(HashPrefix::new("salt", Purpose::Traffic).hash(&id), expected, "{id_length}");
            for salt in ["s".repeat(49), "s".repeat(50), "s".repeat(256)] {
                let prefix = HashPrefix::new(&salt, Purpose::Traffic);
                assert_eq!(prefix.hash(&id), hash(&salt, Purpose::Traffic, &id), "{id_length}");
            }
        }
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(hash("ab", Purpose::Variant, "c"), hash("a", Purpose::Variant, "bc"));
    }
}
