//! Unleash: a number from 1 up, from MurmurHash3 of "group:id".
//!
//! - rollout: `murmur3("group:id", seed 0) mod 100 + 1 ≤ percentage`; 0 % is nobody
//! - variants: `murmur3("group:id", seed 86028157) mod Σw + 1`; the first variant at which the sum of
//!   weights reaches that number
//!
//! The hash is `MurmurHash3_x86_32` over UTF-8. The group is the toggle's name unless said otherwise.
//!
//! # References
//! Unleash, "Activation strategies" and "Strategy variants", <https://docs.getunleash.io>; the shared
//! cases of its client specification, <https://github.com/Unleash/client-specification>.

use super::murmur3::murmur3_x86_32;

/// Keeps the draw of the variant apart from that of the rollout.
const VARIANT_SEED: u32 = 86_028_157;
const PERCENT: u32 = 100;

/// Where an id falls for the rollout, in 1–100.
///
/// # Examples
/// ```
/// use experiment_core::assignment::compat::unleash;
///
/// assert_eq!(unleash::rollout("demo", "user-1"), 95);
/// assert!(unleash::is_rolled_out("demo", "user-1", 95) && !unleash::is_rolled_out("demo", "user-1", 94));
/// ```
#[must_use]
pub fn rollout(group: &str, id: &str) -> u32 {
    murmur3_x86_32(&[group, ":", id], 0) % PERCENT + 1
}

/// Whether a rollout to `percentage` (0–100) reaches an id.
#[must_use]
pub fn is_rolled_out(group: &str, id: &str, percentage: u32) -> bool {
    rollout(group, id) <= percentage
}

/// Where an id falls for the variants, in 1–`total_weight`; 0 where nothing weighs anything.
#[must_use]
pub fn variant_number(group: &str, id: &str, total_weight: u32) -> u32 {
    let hash = murmur3_x86_32(&[group, ":", id], VARIANT_SEED);
    hash.checked_rem(total_weight).map_or(0, |rest| rest + 1)
}

/// The index of the variant of an id. `None` where nothing weighs anything, or the sum has no room in 32
/// bits.
#[must_use]
pub fn variant(group: &str, id: &str, weights: &[u32]) -> Option<usize> {
    let total = weights.iter().try_fold(0_u32, |sum, weight| sum.checked_add(*weight))?;
    let number = variant_number(group, id, total);
    let mut sum = 0;
    weights.iter().position(|weight| {
        sum += weight;
        *weight > 0 && sum >= number
    })
}
