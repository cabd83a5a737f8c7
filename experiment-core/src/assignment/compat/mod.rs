//! Other systems' published assignments, bit for bit, so that whoever moves here keeps every customer in
//! their arm.
//!
//! Each file states one system's formula and where it is published. All are pure functions that allocate
//! nothing per customer; `tests/data/golden/compat.json` holds vectors made by an implementation that
//! shares no code with them.

pub mod eppo;
pub mod growthbook;
mod murmur3;
pub mod optimizely;
pub mod planout;
pub mod statsig;
pub mod unleash;

/// The first eight bytes of a digest as a big-endian number.
fn leading_u64(digest: &[u8]) -> u64 {
    digest.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}
