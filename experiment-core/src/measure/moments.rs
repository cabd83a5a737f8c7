//! Exact sums of contributions: they add, subtract and merge without losing a bit.

use super::Contribution;
use super::wide::Wide;

/// Count, sums and sums of products of k-vectors, in integers.
///
/// Counts are signed: the difference between two days may take customers away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Moments {
    n: i64,
    clamped: i64,
    rounded: i64,
    sums: Vec<i128>,
    /// Upper triangle of Σv·vᵀ, row by row.
    products: Vec<i128>,
}

/// A sum left 128 bits: more than 10⁸ customers at the clamp in one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an exact sum left 128 bits; give the metric a coarser scale or a lower cap")]
pub struct MomentsOverflow;

impl Moments {
    /// Empty sums of vectors with `k` entries.
    #[must_use]
    pub fn new(k: usize) -> Moments {
        Moments { sums: vec![0; k], products: vec![0; k * (k + 1) / 2], ..Moments::default() }
    }

    /// Sums put together from their parts: `sums` has k entries, `products` the k(k+1)/2 of the upper
    /// triangle, row by row. `None` when the lengths do not fit.
    #[must_use]
    pub fn from_parts(
        n: i64,
        clamped: i64,
        rounded: i64,
        sums: Vec<i128>,
        products: Vec<i128>,
    ) -> Option<Moments> {
        let k = sums.len();
        (products.len() == k * (k + 1) / 2).then_some(Moments { n, clamped, rounded, sums, products })
    }

    /// How many customers.
    #[must_use]
    pub fn n(&self) -> i64 {
        self.n
    }

    /// How many customers had a total clamped.
    #[must_use]
    pub fn clamped(&self) -> i64 {
        self.clamped
    }

    /// How many values lost digits to rounding.
    #[must_use]
    pub fn rounded(&self) -> i64 {
        self.rounded
    }

    /// Σv, one entry a part, in steps.
    #[must_use]
    pub fn sums(&self) -> &[i128] {
        &self.sums
    }

    /// Σv·vᵀ, upper triangle row by row, in squared steps.
    #[must_use]
    pub fn products(&self) -> &[i128] {
        &self.products
    }

    /// Whether nothing is left in it.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.n == 0
            && self.clamped == 0
            && self.rounded == 0
            && self.sums.iter().chain(&self.products).all(|value| *value == 0)
    }

    /// Adds one customer.
    ///
    /// # Errors
    /// [`MomentsOverflow`]; the sums are then to be thrown away.
    pub fn add(&mut self, contribution: &Contribution) -> Result<(), MomentsOverflow> {
        self.accumulate(contribution, 1)
    }

    /// Takes one customer away.
    ///
    /// # Errors
    /// [`MomentsOverflow`]; the sums are then to be thrown away.
    pub fn subtract(&mut self, contribution: &Contribution) -> Result<(), MomentsOverflow> {
        self.accumulate(contribution, -1)
    }

    fn accumulate(&mut self, contribution: &Contribution, sign: i64) -> Result<(), MomentsOverflow> {
        let values = contribution.values();
        debug_assert_eq!(values.len(), self.sums.len());
        self.n += sign;
        self.clamped += sign * i64::from(contribution.clamped());
        self.rounded += sign * i64::from(contribution.rounded());
        let mut products = self.products.iter_mut();
        for (i, value) in values.iter().enumerate() {
            let value = i128::from(value * sign);
            self.sums[i] = self.sums[i].checked_add(value).ok_or(MomentsOverflow)?;
            for (other, product) in values[i..].iter().zip(&mut products) {
                *product = product.checked_add(value * i128::from(*other)).ok_or(MomentsOverflow)?;
            }
        }
        Ok(())
    }

    /// Adds another set of sums over the same parts.
    ///
    /// # Errors
    /// [`MomentsOverflow`]; the sums are then to be thrown away.
    pub fn merge(&mut self, other: &Moments) -> Result<(), MomentsOverflow> {
        if self.sums.is_empty() && self.n == 0 && self.products.len() < other.products.len() {
            *self = Moments::new(other.sums.len());
        }
        debug_assert_eq!(other.sums.len(), self.sums.len());
        self.n += other.n;
        self.clamped += other.clamped;
        self.rounded += other.rounded;
        let pairs =
            self.sums.iter_mut().zip(&other.sums).chain(self.products.iter_mut().zip(&other.products));
        for (mine, theirs) in pairs {
            *mine = mine.checked_add(*theirs).ok_or(MomentsOverflow)?;
        }
        Ok(())
    }

    /// Mean of part `i` in units of 10^-`places` steps, that is, in the metric's unit; `None` without
    /// customers or without that part.
    #[must_use]
    pub fn mean(&self, i: usize, places: u32) -> Option<f64> {
        let sum = *self.sums.get(i)?;
        (self.n > 0).then(|| sum as f64 / (self.n as f64 * step_count(places)))
    }

    /// Sample covariance of parts `i` and `j` (divisor n − 1), in squared units; the variance for
    /// `i == j`. The numerator nΣxy − ΣxΣy is exact and rounded once. `None` below two customers or without
    /// those parts.
    #[must_use]
    pub fn covariance(&self, i: usize, j: usize, places: u32) -> Option<f64> {
        if self.n < 2 || i.max(j) >= self.sums.len() {
            return None;
        }
        let n = self.n as f64;
        Some(self.spread(i, j) / (n * (n - 1.0)) / (step_count(places) * step_count(places)))
    }

    /// nΣxy − ΣxΣy of parts `i` and `j`, exact but for one rounding, in squared steps.
    fn spread(&self, i: usize, j: usize) -> f64 {
        let product = Wide::product(i128::from(self.n), self.products[self.triangle(i, j)]);
        product.minus(Wide::product(self.sums[i], self.sums[j])).to_f64()
    }

    fn triangle(&self, i: usize, j: usize) -> usize {
        let (row, column) = (i.min(j), i.max(j));
        row * self.sums.len() - row * (row + 1) / 2 + column
    }
}

/// How many steps make one unit.
fn step_count(places: u32) -> f64 {
    10_u64.pow(places) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn vector(values: &[i64]) -> Contribution {
        Contribution::new(values)
    }

    #[test]
    fn the_known_variance() {
        let mut moments = Moments::new(2);
        for (y, x) in [(2, 1), (4, 3), (4, 2), (4, 5), (5, 4), (5, 7), (7, 8), (9, 9)] {
            moments.add(&vector(&[y, x])).unwrap();
        }
        assert_eq!(moments.mean(0, 0), Some(5.0));
        assert_eq!(moments.covariance(0, 0, 0), Some(32.0 / 7.0));
        assert_eq!(moments.covariance(1, 0, 0), moments.covariance(0, 1, 0));
        assert_eq!(moments.covariance(0, 1, 0), Some(39.0 / 7.0));
    }

    #[test]
    fn a_tiny_spread_far_from_zero_is_exact() {
        let mut moments = Moments::new(1);
        for value in [CLAMPED - 1, CLAMPED, CLAMPED - 1, CLAMPED] {
            moments.add(&vector(&[value])).unwrap();
        }
        assert_eq!(moments.covariance(0, 0, 0), Some(1.0 / 3.0));
    }
    const CLAMPED: i64 = crate::measure::CLAMP;

    proptest! {
        #[test]
        fn any_order_and_any_split_give_the_same_bits(
            values in proptest::collection::vec((-CLAMPED..=CLAMPED, -CLAMPED..=CLAMPED), 1..40),
            split in 0..40_usize,
        ) {
            let mut whole = Moments::new(2);
            let (mut left, mut right) = (Moments::new(2), Moments::new(2));
            for (i, (a, b)) in values.iter().enumerate() {
                whole.add(&vector(&[*a, *b])).unwrap();
                let part = if i < split { &mut left } else { &mut right };
                part.add(&vector(&[*a, *b])).unwrap();
            }
            right.merge(&left).unwrap();
            prop_assert_eq!(&right, &whole);
            for (a, b) in values.iter().rev() {
                whole.subtract(&vector(&[*a, *b])).unwrap();
            }
            prop_assert!(whole.is_zero());
        }
    }
}
