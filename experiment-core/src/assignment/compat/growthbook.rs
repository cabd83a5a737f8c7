//! GrowthBook: FNV-1a of seed and id as a fraction, looked up in ranges of fractions.
//!
//! With `fnv` the 32-bit FNV-1a hash and + the joining of texts:
//!
//! - version 1: `fnv(id + seed) mod 1000 ÷ 1000` (biased, kept for old experiments)
//! - version 2: `fnv(decimal(fnv(seed + id))) mod 10000 ÷ 10000`
//! - variation i owns [c, c + coverage · wᵢ), c = w₀ + … + wᵢ₋₁; weights that are not as many as the
//!   variations, or whose sum is outside 0.99–1.01, are replaced by equal ones
//! - a namespace (name, a, b) holds those whose version 1 fraction with seed `__name` is in [a, b)
//!
//! Fractions and ranges are doubles, since that is what the SDKs compare.
//!
//! # References
//! GrowthBook (2024), "Build Your Own SDK", <https://docs.growthbook.io/lib/build-your-own>, sections
//! Hashing, Bucket ranges, Namespaces. Fowler, G., Noll, L. C., Vo, K.-P., Eastlake, D. (2024), "The FNV
//! Non-Cryptographic Hash Algorithm", draft-eastlake-fnv.

/// What is hashed of a text. They differ beyond ASCII only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Units {
    /// UTF-16 code units, as the SDKs for JavaScript and other languages with such texts do: `growthbook-js`.
    Utf16,
    /// Bytes of UTF-8, as those for Go, Rust and others do: `growthbook-bytes`.
    Utf8,
}

/// Which of the two formulas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HashVersion {
    /// A thousand fractions; seed behind the id.
    V1,
    /// Ten thousand fractions; seed before the id, hashed twice.
    V2,
}

impl HashVersion {
    /// `hashVersion` as a feature writes it; none for a number that the SDKs do not know.
    #[must_use]
    pub fn from_number(number: u64) -> Option<HashVersion> {
        match number {
            1 => Some(HashVersion::V1),
            2 => Some(HashVersion::V2),
            _ => None,
        }
    }
}

/// From `from` up to but not including `to`, as fractions in 0–1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BucketRange {
    /// The least fraction inside.
    pub from: f64,
    /// The least fraction behind it.
    pub to: f64,
}

impl BucketRange {
    /// Whether a fraction is inside.
    #[must_use]
    pub fn contains(self, fraction: f64) -> bool {
        fraction >= self.from && fraction < self.to
    }
}

/// Where an id falls, in [0, 1).
///
/// # Examples
/// ```
/// use experiment_core::assignment::compat::growthbook::{HashVersion, Units, hash};
///
/// assert_eq!(hash(Units::Utf16, HashVersion::V1, "", "a"), 0.22);
/// assert_eq!(hash(Units::Utf16, HashVersion::V2, "seed", "клиент42"), 0.1982);
/// assert_eq!(hash(Units::Utf8, HashVersion::V2, "seed", "клиент42"), 0.795);
/// ```
#[must_use]
pub fn hash(units: Units, version: HashVersion, seed: &str, id: &str) -> f64 {
    match version {
        HashVersion::V1 => f64::from(fnv1a(units, [id, seed]) % 1_000) / 1_000.0,
        HashVersion::V2 => f64::from(fnv1a_of_decimal(fnv1a(units, [seed, id])) % 10_000) / 10_000.0,
    }
}

/// Whether an id is inside a namespace, which keeps experiments apart.
#[must_use]
pub fn in_namespace(units: Units, id: &str, name: &str, range: BucketRange) -> bool {
    // The prefix belongs to the seed, which version 1 takes last.
    range.contains(f64::from(fnv1a(units, [id, "__", name]) % 1_000) / 1_000.0)
}

/// The same weight for each of `count` variations.
#[must_use]
pub fn equal_weights(count: usize) -> Vec<f64> {
    vec![1.0 / count as f64; count]
}

/// The range of each variation. `coverage` is the share that enters, taken to be within 0–1; without
/// weights, or with some that the SDKs do not take, all weigh the same.
#[must_use]
pub fn bucket_ranges(count: usize, coverage: f64, weights: Option<&[f64]>) -> Vec<BucketRange> {
    let coverage = coverage.clamp(0.0, 1.0);
    let sound = |weights: &&[f64]| {
        weights.len() == count
            && (0.99..=1.01).contains(&weights.iter().fold(0.0, |sum, weight| sum + weight))
    };
    let weights = weights.filter(sound).map_or_else(|| equal_weights(count), <[f64]>::to_vec);
    let mut cumulative = 0.0;
    let range = |weight: f64| {
        let from = cumulative;
        cumulative += weight;
        BucketRange { from, to: from + coverage * weight }
    };
    weights.into_iter().map(range).collect()
}

/// The first variation whose range holds the fraction.
#[must_use]
pub fn choose_variation(fraction: f64, ranges: &[BucketRange]) -> Option<usize> {
    ranges.iter().position(|range| range.contains(fraction))
}

const OFFSET_BASIS: u32 = 0x811c_9dc5;
const PRIME: u32 = 0x0100_0193;

fn add(hash: u32, unit: impl Into<u32>) -> u32 {
    (hash ^ unit.into()).wrapping_mul(PRIME)
}

/// FNV-1a of the parts one after the other; a UTF-16 code unit goes in whole, not as two bytes.
fn fnv1a<const N: usize>(units: Units, parts: [&str; N]) -> u32 {
    let parts = parts.iter();
    match units {
        Units::Utf16 => parts.flat_map(|part| part.encode_utf16()).fold(OFFSET_BASIS, add),
        Units::Utf8 => parts.flat_map(|part| part.bytes()).fold(OFFSET_BASIS, add),
    }
}

/// FNV-1a of the digits of a number.
fn fnv1a_of_decimal(number: u32) -> u32 {
    let digits = number.checked_ilog10().unwrap_or(0);
    (0..=digits).rev().fold(OFFSET_BASIS, |hash, place| {
        let digit = number / 10_u32.pow(place) % 10;
        add(hash, u32::from(b'0') + digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_hashed_as_text() {
        for number in [0, 7, 10, 99, 100, 4_294_967_295] {
            assert_eq!(
                fnv1a_of_decimal(number),
                fnv1a(Units::Utf8, [number.to_string().as_str()]),
                "{number}"
            );
        }
    }
}
