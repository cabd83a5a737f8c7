//! A hasher for keys that nobody outside chooses: numbers of ours, or hashes with a seed of ours.

use std::hash::{BuildHasherDefault, Hasher};

/// Builds [`Mixing`].
pub(super) type BuildMixing = BuildHasherDefault<Mixing>;

/// Multiplies and rotates; quick, and good enough for keys that are not hostile.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Mixing(u64);

/// 2^64 divided by the golden ratio, odd.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for Mixing {
    #[inline]
    fn finish(&self) -> u64 {
        // The best bits of a product are the high ones, tables look at both ends.
        self.0.rotate_left(26)
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(FACTOR).rotate_left(23);
    }
}
