//! Shares of the customers as thresholds on the 64-bit hash.

use crate::decimal::Decimal;

/// How many values a hash can take: 2^64.
pub(super) const RANGE: u128 = 1 << 64;

/// A share of all customers: those whose hash is below a threshold.
///
/// Raising a share only adds customers: whoever is in a smaller share is in every larger one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(u128);

impl Share {
    /// Everybody.
    pub const ALL: Share = Share(RANGE);

    /// `share` of the customers: the threshold is ⌊share × 2^64⌋, computed exactly. Below 0 is nobody,
    /// above 1 everybody.
    #[must_use]
    pub fn of(share: Decimal) -> Share {
        if share >= Decimal::ONE {
            return Share::ALL;
        }
        match (u128::try_from(share.coefficient()), 10_u128.checked_pow(share.places())) {
            (Ok(part), Some(whole)) => Share(part_of_range(part, whole)),
            // Below zero, or so many places that nothing is left.
            _ => Share(0),
        }
    }

    /// Whether a customer with this hash is in it.
    #[must_use]
    pub fn contains(self, hash: u64) -> bool {
        u128::from(hash) < self.0
    }

    /// Hashes below this are in it; from 0 to 2^64.
    #[must_use]
    pub fn threshold(self) -> u128 {
        self.0
    }

    /// Whether everybody is in it, so that no hash is needed.
    #[must_use]
    pub fn is_all(self) -> bool {
        self == Share::ALL
    }
}

/// ⌊`part` ÷ `whole` × 2^64⌋ for `part` ≤ `whole` < 2^127: long division, a bit at a time, since the
/// product would not fit.
pub(super) fn part_of_range(part: u128, whole: u128) -> u128 {
    if part >= whole {
        return RANGE;
    }
    let (mut rest, mut quotient) = (part, 0);
    for _ in 0..64 {
        rest *= 2;
        quotient *= 2;
        if rest >= whole {
            rest -= whole;
            quotient += 1;
        }
    }
    quotient
}

#[cfg(test)]
mod tests {
    use super::*;

    fn threshold(share: &str) -> u128 {
        Share::of(share.parse().unwrap()).threshold()
    }

    #[test]
    fn thresholds_are_exact() {
        assert_eq!(threshold("0"), 0);
        assert_eq!(threshold("1"), RANGE);
        assert_eq!(threshold("0.5"), RANGE / 2);
        assert_eq!(threshold("0.1"), RANGE / 10);
        assert_eq!(threshold("0.3"), RANGE * 3 / 10);
        assert_eq!(threshold("1e-20"), 0);
        assert_eq!(threshold("6e-20"), 1);
        assert_eq!(threshold("0.99999999999999999999999999999"), RANGE - 1);
        assert_eq!((threshold("-0.5"), threshold("1.5")), (0, RANGE));
    }

    #[test]
    fn the_last_hash_is_in_everybody_only() {
        assert!(Share::ALL.contains(u64::MAX) && Share::ALL.is_all());
        assert!(!Share(RANGE - 1).contains(u64::MAX));
        assert!(!Share(0).contains(0));
    }
}
