//! Eppo: shards of MD5 of "salt-id".
//!
//! The shard of an id is the first four bytes of `md5("salt-id")`, as a big-endian number, modulo the total
//! (10,000 by default). A split lists shards, each with a salt and ranges [start, end): the traffic has
//! one salt and the split another. An id gets the first split all of whose shards hold it.
//!
//! # References
//! Eppo, "SDK: how does assignment work", <https://docs.geteppo.com>; the sharder of its SDK in Rust,
//! <https://github.com/Eppo-exp/eppo-multiplatform>.

use md5::{Digest, Md5};

/// How many shards there are unless a flag says otherwise.
pub const TOTAL_SHARDS: u32 = 10_000;

/// One condition of a split: the shard under this salt is in one of these ranges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Before the id.
    pub salt: String,
    /// From the first up to but not including the second.
    pub ranges: Vec<(u32, u32)>,
}

impl Shard {
    /// Whether an id is in it, of `total` shards.
    #[must_use]
    pub fn contains(&self, id: &str, total: u32) -> bool {
        shard(&self.salt, id, total)
            .is_some_and(|shard| self.ranges.iter().any(|(start, end)| (*start..*end).contains(&shard)))
    }
}

/// The shard of an id, in 0–`total` − 1; `None` of none.
///
/// # Examples
/// ```
/// use experiment_core::assignment::compat::eppo;
///
/// assert_eq!(eppo::shard("split", "user-1", 0), None);
/// assert!(eppo::shard("split", "user-1", eppo::TOTAL_SHARDS).is_some_and(|shard| shard < 10_000));
/// ```
#[must_use]
pub fn shard(salt: &str, id: &str, total: u32) -> Option<u32> {
    let digest = [salt, "-", id].iter().fold(Md5::new(), Digest::chain_update).finalize();
    let leading = super::leading_u64(&digest) >> 32;
    u32::try_from(leading).ok()?.checked_rem(total)
}

/// The index of the first split all of whose shards hold the id. A split without shards holds everybody.
#[must_use]
pub fn split(splits: &[Vec<Shard>], id: &str, total: u32) -> Option<usize> {
    splits.iter().position(|shards| shards.iter().all(|shard| shard.contains(id, total)))
}
