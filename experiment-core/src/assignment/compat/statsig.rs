//! Statsig: the first 64 bits of SHA-256.
//!
//! - `hash(text)`: the first eight bytes of `sha256(text)`, as a big-endian number
//! - pass: `hash("specSalt.ruleSalt.id") mod 10000 < 100 · passPercentage`
//! - groups: `hash("salt.id") mod 1000`, a bucket that a rule's groups divide among them
//!
//! # References
//! Statsig, "How evaluation works", <https://docs.statsig.com/sdks/how-evaluation-works>; its open server
//! SDKs, <https://github.com/statsig-io>.

use sha2::{Digest, Sha256};

/// How finely a rule passes customers: hundredths of a percent.
const PASS_BUCKETS: u64 = 10_000;
/// How finely an allocation is divided.
const GROUP_BUCKETS: u64 = 1_000;

/// The hash of a text.
///
/// # Examples
/// ```
/// use experiment_core::assignment::compat::statsig;
///
/// assert_eq!(statsig::hash(""), 0xE3B0_C442_98FC_1C14);
/// ```
#[must_use]
pub fn hash(text: &str) -> u64 {
    hash_parts(&[text])
}

/// Where an id falls for a rule, in 0–9,999.
#[must_use]
pub fn pass_bucket(spec_salt: &str, rule_salt: &str, id: &str) -> u64 {
    hash_parts(&[spec_salt, ".", rule_salt, ".", id]) % PASS_BUCKETS
}

/// Whether a rule that passes `percentage` (0–100) of the customers passes this one.
#[must_use]
pub fn passes(spec_salt: &str, rule_salt: &str, id: &str, percentage: f64) -> bool {
    (pass_bucket(spec_salt, rule_salt, id) as f64) < percentage * 100.0
}

/// Where an id falls for the groups, in 0–999.
#[must_use]
pub fn group_bucket(salt: &str, id: &str) -> u64 {
    hash_parts(&[salt, ".", id]) % GROUP_BUCKETS
}

fn hash_parts(parts: &[&str]) -> u64 {
    let digest = parts.iter().fold(Sha256::new(), Digest::chain_update).finalize();
    super::leading_u64(&digest)
}
