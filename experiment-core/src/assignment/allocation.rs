//! Which hashes get which variant.

use super::share::{RANGE, part_of_range};
use crate::decimal::Decimal;
use crate::written_as::written_as;

/// Why weights or ranges are no allocation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AllocationError {
    /// Nobody could get any variant.
    #[error("no weight is above 0")]
    NoWeight,
    /// Negative, or beyond what a definition may hold.
    #[error("weight {0} is negative or too long to be divided exactly")]
    Weight(Decimal),
    /// A gap, an overlap or an end before its start.
    #[error("range {0} does not begin where the one before it ends, or does not end after it begins")]
    Range(usize),
    /// The last range ends too early.
    #[error("the ranges do not reach the largest hash, 18446744073709551615")]
    Short,
}

/// Ordered ranges of hashes, each with a variant, that cover every hash exactly once.
///
/// Written as `[[from, to, variant], …]`: `from` and `to` are 64-bit integers and both belong to the
/// range; `variant` is the index in the definition's list. A variant may have no range (weight 0) or
/// several. A definition version keeps its allocation, so that a later one can be made from it by moving
/// the fewest customers.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(into = "Vec<(u64, u64, usize)>", try_from = "Vec<(u64, u64, usize)>")]
pub struct Allocation {
    ranges: Vec<Range>,
}

/// `from` to `to`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    from: u64,
    to: u64,
    variant: usize,
}

impl Allocation {
    /// One range for each weight above zero, in order: variant `i` ends before
    /// ⌊(w₀ + … + wᵢ) ÷ Σw × 2^64⌋, computed exactly.
    ///
    /// # Errors
    /// [`AllocationError`] for weights that a definition would refuse: negative, all zero, or with more
    /// digits than exact arithmetic has room for.
    pub fn from_weights(weights: &[Decimal]) -> Result<Allocation, AllocationError> {
        let places = weights.iter().map(|weight| weight.places()).max().unwrap_or(0);
        let mut ends: Vec<u128> = Vec::with_capacity(weights.len());
        let mut sum: u128 = 0;
        for weight in weights {
            let scaled = weight.scaled(places).and_then(|(scaled, _)| u128::try_from(scaled).ok());
            // Half of the integers are left free, which the division by doubling needs.
            let next = scaled.and_then(|scaled| sum.checked_add(scaled)).filter(|next| *next < 1 << 127);
            sum = next.ok_or(AllocationError::Weight(*weight))?;
            ends.push(sum);
        }
        if sum == 0 {
            return Err(AllocationError::NoWeight);
        }
        let mut allocation = Builder::default();
        for (variant, end) in ends.into_iter().enumerate() {
            let size = part_of_range(end, sum) - allocation.end;
            allocation.push(size, variant);
        }
        Ok(Allocation { ranges: allocation.ranges })
    }

    /// The allocation of the next phase, with other weights or further variants: each variant gets exactly
    /// what [`Allocation::from_weights`] would give it, and the fewest customers move. A variant that
    /// shrinks gives up its last hashes; those that grow take what was given up, in order.
    ///
    /// From `1:1` to `1:1:1` a third of the customers move, where fresh ranges would move half. Whoever
    /// moves must leave a variant that shrinks, so Σ max(0, old − new) is the least there can be.
    ///
    /// # Errors
    /// As [`Allocation::from_weights`].
    ///
    /// # Examples
    /// ```
    /// use experiment_core::assignment::Allocation;
    /// use experiment_core::decimal::Decimal;
    ///
    /// let halves = Allocation::from_weights(&[Decimal::ONE; 2]).unwrap();
    /// let thirds = halves.next(&[Decimal::ONE; 3]).unwrap();
    /// let variants: Vec<usize> = thirds.ranges().map(|(_, _, variant)| variant).collect();
    /// assert_eq!(variants, [0, 2, 1, 2]);
    /// ```
    pub fn next(&self, weights: &[Decimal]) -> Result<Allocation, AllocationError> {
        let fresh = Allocation::from_weights(weights)?;
        // How much each variant may still take.
        let mut room: Vec<u128> = (0..weights.len()).map(|variant| fresh.size(variant)).collect();
        let mut pieces: Vec<(u128, Option<usize>)> = Vec::with_capacity(2 * self.ranges.len());
        for range in &self.ranges {
            let size = u128::from(range.to - range.from) + 1;
            // A variant that is no more has no room at all.
            let kept = room.get_mut(range.variant).map_or(0, |room| take(room, size));
            pieces.extend([(kept, Some(range.variant)), (size - kept, None)]);
        }
        let mut next = Builder::default();
        let mut growing = 0;
        for (mut size, owner) in pieces {
            if let Some(variant) = owner {
                next.push(size, variant);
                continue;
            }
            // What was given up is as much as there is room, since both cover every hash.
            while let (true, Some(room)) = (size > 0, room.get_mut(growing)) {
                let taken = take(room, size);
                next.push(taken, growing);
                size -= taken;
                growing += usize::from(*room == 0);
            }
        }
        Ok(Allocation { ranges: next.ranges })
    }

    /// The same ranges where variants have other indexes; what is `None` belongs to nobody until
    /// [`Allocation::next`] gives it away.
    pub(super) fn renumbered(&self, index: impl Fn(usize) -> Option<usize>) -> Allocation {
        let renumber =
            |range: &Range| Range { variant: index(range.variant).unwrap_or(usize::MAX), ..*range };
        Allocation { ranges: self.ranges.iter().map(renumber).collect() }
    }

    /// The variant of a customer with this hash.
    #[must_use]
    pub fn variant(&self, hash: u64) -> usize {
        let index = self.ranges.partition_point(|range| range.to < hash);
        // The last range ends at the largest hash, so there always is one.
        self.ranges.get(index).map_or(0, |range| range.variant)
    }

    /// The ranges as (from, to, variant), both ends included.
    pub fn ranges(&self) -> impl ExactSizeIterator<Item = (u64, u64, usize)> + '_ {
        self.ranges.iter().map(|range| (range.from, range.to, range.variant))
    }

    /// How many of the 2^64 hashes get this variant: its share in the SRM check, before rounding.
    #[must_use]
    pub fn size(&self, variant: usize) -> u128 {
        let own = self.ranges.iter().filter(|range| range.variant == variant);
        own.map(|range| u128::from(range.to - range.from) + 1).sum()
    }
}

/// So many ranges are kept in place.
const FEW_RANGES: usize = 4;

/// An allocation as the hot path reads it. Most have a few ranges, which are counted rather than searched:
/// counting has no branch that depends on the hash, which nobody can foresee, and no pointer to follow.
#[derive(Debug, Clone)]
pub(super) struct Cuts {
    /// The largest hash of each range but the last; the largest there is where there are fewer.
    ends: [u64; FEW_RANGES - 1],
    variants: [u8; FEW_RANGES],
    /// There are more ranges than are kept here.
    are_more: bool,
    allocation: Box<Allocation>,
}

impl Cuts {
    pub(super) fn new(allocation: Allocation) -> Cuts {
        let (mut ends, mut variants) = ([u64::MAX; FEW_RANGES - 1], [0; FEW_RANGES]);
        let numbers: Option<Vec<u8>> =
            allocation.ranges.iter().map(|range| u8::try_from(range.variant).ok()).collect();
        let numbers = numbers.filter(|numbers| numbers.len() <= FEW_RANGES);
        let are_more = numbers.is_none();
        ends.iter_mut().zip(&allocation.ranges).for_each(|(end, range)| *end = range.to);
        variants.iter_mut().zip(numbers.unwrap_or_default()).for_each(|(variant, number)| *variant = number);
        Cuts { ends, variants, are_more, allocation: Box::new(allocation) }
    }

    /// The variant of a customer with this hash.
    #[inline]
    pub(super) fn variant(&self, hash: u64) -> usize {
        if self.are_more {
            return self.allocation.variant(hash);
        }
        let index: usize = self.ends.iter().map(|end| usize::from(*end < hash)).sum();
        self.variants[index].into()
    }

    /// The allocation that it was made from.
    pub(super) fn allocation(&self) -> &Allocation {
        &self.allocation
    }
}

/// Takes up to `size` out of `room`; answers how much.
fn take(room: &mut u128, size: u128) -> u128 {
    let taken = size.min(*room);
    *room -= taken;
    taken
}

/// Ranges one after the other, neighbours of one variant joined.
#[derive(Default)]
struct Builder {
    ranges: Vec<Range>,
    end: u128,
}

impl Builder {
    fn push(&mut self, size: u128, variant: usize) {
        if size == 0 {
            return;
        }
        let from = low_bits(self.end);
        self.end += size;
        let to = low_bits(self.end - 1);
        match self.ranges.last_mut() {
            Some(last) if last.variant == variant => last.to = to,
            _ => self.ranges.push(Range { from, to, variant }),
        }
    }
}

/// Exact for what is below 2^64, which every `from` and `to` is.
fn low_bits(value: u128) -> u64 {
    debug_assert!(value < RANGE);
    u64::try_from(value).unwrap_or(u64::MAX)
}

impl From<Allocation> for Vec<(u64, u64, usize)> {
    fn from(allocation: Allocation) -> Self {
        allocation.ranges().collect()
    }
}

written_as!(Allocation, {
    let range = vec![unsigned(), unsigned(), unsigned()];
    list(tuple(range, "First hash, last hash, index of the variant."))
});

impl TryFrom<Vec<(u64, u64, usize)>> for Allocation {
    type Error = AllocationError;

    fn try_from(written: Vec<(u64, u64, usize)>) -> Result<Allocation, AllocationError> {
        let mut next: u128 = 0;
        for (index, (from, to, _)) in written.iter().enumerate() {
            if u128::from(*from) != next || to < from {
                return Err(AllocationError::Range(index));
            }
            next = u128::from(*to) + 1;
        }
        if next != RANGE {
            return Err(AllocationError::Short);
        }
        let ranges = written.into_iter().map(|(from, to, variant)| Range { from, to, variant }).collect();
        Ok(Allocation { ranges })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allocation(weights: &[&str]) -> Result<Allocation, AllocationError> {
        let weights: Vec<Decimal> = weights.iter().map(|weight| weight.parse().unwrap()).collect();
        Allocation::from_weights(&weights)
    }

    #[test]
    fn equal_weights_are_equal_however_written() {
        let thirds = allocation(&["1", "1", "1"]).unwrap();
        assert_eq!(allocation(&["0.1", "0.1", "0.1"]), Ok(thirds.clone()));
        let third = u64::MAX / 3;
        assert_eq!(
            thirds.ranges().collect::<Vec<_>>(),
            [(0, third - 1, 0), (third, 2 * third - 1, 1), (2 * third, u64::MAX, 2)]
        );
        assert_eq!((0..4).map(|variant| thirds.size(variant)).sum::<u128>(), RANGE);
    }

    #[test]
    fn zero_weights_have_no_range() {
        let allocation = allocation(&["0", "1", "0", "3", "0"]).unwrap();
        let quarter = 1 << 62;
        assert_eq!(allocation.ranges().collect::<Vec<_>>(), [(0, quarter - 1, 1), (quarter, u64::MAX, 3)]);
        assert_eq!([0, quarter - 1, quarter, u64::MAX].map(|hash| allocation.variant(hash)), [1, 1, 3, 3]);
    }

    #[test]
    fn cuts_are_the_same_ranges() {
        for count in 1..=6 {
            let allocation = allocation(&vec!["1"; count]).unwrap();
            let cuts = Cuts::new(allocation.clone());
            for (from, to, variant) in allocation.ranges() {
                assert_eq!([from, from / 2 + to / 2, to].map(|hash| cuts.variant(hash)), [variant; 3]);
            }
        }
    }

    #[test]
    fn extreme_weights_are_exact() {
        let allocation = allocation(&["1000000000", "0.00000000000000000001"]).unwrap();
        assert_eq!(allocation.size(1), 1, "⌊2^64 × (1 − 1e-29)⌋ leaves the last hash");
        assert_eq!(allocation.variant(u64::MAX), 1);
    }

    #[test]
    fn refuses_what_a_definition_refuses() {
        assert_eq!(allocation(&["0", "0"]), Err(AllocationError::NoWeight));
        assert_eq!(allocation(&[]), Err(AllocationError::NoWeight));
        assert!(matches!(allocation(&["1", "-1"]), Err(AllocationError::Weight(_))));
        assert!(matches!(allocation(&["1e30", "1e-30"]), Err(AllocationError::Weight(_))));
    }

    #[test]
    fn is_written_as_ranges() {
        let written = serde_json::to_string(&allocation(&["1", "1"]).unwrap()).unwrap();
        assert_eq!(written, "[[0,9223372036854775807,0],[9223372036854775808,18446744073709551615,1]]");
        assert_eq!(serde_json::from_str::<Allocation>(&written).ok(), allocation(&["1", "1"]).ok());
        for wrong in
            ["[]", "[[0,5,0]]", "[[1,18446744073709551615,0]]", "[[0,5,0],[5,18446744073709551615,1]]"]
        {
            assert!(serde_json::from_str::<Allocation>(wrong).is_err(), "{wrong}");
        }
    }
}
