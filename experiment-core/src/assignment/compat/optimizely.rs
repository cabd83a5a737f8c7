//! Optimizely: MurmurHash3 of id and parent in ten thousand buckets.
//!
//! `⌊murmur3(id + parent, seed 1) ÷ 2^32 · 10000⌋`, the hash being `MurmurHash3_x86_32` over UTF-8; the parent
//! is the id of the experiment, or of the group of experiments that exclude each other. The first entry
//! of the traffic allocation whose end is above the bucket gets the customer.
//!
//! # References
//! Optimizely, "How bucketing works", <https://docs.developers.optimizely.com>; the bucketer of its open
//! SDKs, <https://github.com/optimizely/javascript-sdk>.

use super::murmur3::murmur3_x86_32;

const SEED: u32 = 1;
const BUCKETS: u64 = 10_000;

/// The bucket of an id, in 0–9,999.
///
/// # Examples
/// ```
/// use experiment_core::assignment::compat::optimizely;
///
/// assert_eq!(optimizely::bucket("ppid1", "1886780721"), 5_254);
/// ```
#[must_use]
pub fn bucket(id: &str, parent: &str) -> u64 {
    // The product has 46 bits, so the doubles of the SDKs are exact and this is the same.
    (u64::from(murmur3_x86_32(&[id, parent], SEED)) * BUCKETS) >> 32
}

/// The index of the first entry that ends above the bucket; `ends` are `endOfRange` in the order written.
#[must_use]
pub fn entry(bucket: u64, ends: &[u64]) -> Option<usize> {
    ends.iter().position(|end| bucket < *end)
}
