//! Values and their mean: what variances and covariances of one value per customer are made of.

use crate::stats::NotEstimable;
use crate::stats::not_estimable::{finite, finite_input};

/// Sums kept side by side: the order of addition is fixed, and the processor adds several at once.
const LANES: usize = 8;

/// One value per customer with their mean.
pub(crate) struct Centred<'a> {
    values: &'a [f64],
    pub(crate) mean: f64,
    /// The mean of the deviations from `mean`, left over from rounding.
    left_over: f64,
}

impl<'a> Centred<'a> {
    pub(crate) fn of(values: &'a [f64]) -> Result<Self, NotEstimable> {
        let n = values.len();
        if n < 2 {
            return Err(NotEstimable::TooFewCustomers { n: n as u64, needed: 2 });
        }
        let total = sum(values, |value| value);
        if !total.is_finite() {
            for value in values {
                finite_input("a value", *value)?;
            }
        }
        let mean = finite("the sum of the values", total)? / n as f64;
        let left_over = sum(values, |value| value - mean) / n as f64;
        Ok(Self { values, mean, left_over })
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// Covariance with another value of the same customers, denominator n − 1; with itself the variance.
    ///
    /// Less the product of what rounding left of the two means.
    pub(crate) fn covariance(&self, other: &Self) -> Result<f64, NotEstimable> {
        let n = self.values.len() as f64;
        let total = sum_of_products(self.values, other.values, |a, b| (a - self.mean) * (b - other.mean));
        finite("the covariance", (total - n * self.left_over * other.left_over) / (n - 1.0))
    }
}

fn sum(values: &[f64], part: impl Fn(f64) -> f64) -> f64 {
    let (whole, rest) = values.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for chunk in whole {
        for (lane, value) in lanes.iter_mut().zip(chunk) {
            *lane += part(*value);
        }
    }
    lanes.iter().sum::<f64>() + rest.iter().map(|value| part(*value)).sum::<f64>()
}

fn sum_of_products(one: &[f64], other: &[f64], part: impl Fn(f64, f64) -> f64) -> f64 {
    let ((one, one_rest), (other, other_rest)) = (one.as_chunks::<LANES>(), other.as_chunks::<LANES>());
    let mut lanes = [0.0; LANES];
    for (a, b) in one.iter().zip(other) {
        for (lane, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
            *lane += part(*a, *b);
        }
    }
    let rest = one_rest.iter().zip(other_rest).map(|(a, b)| part(*a, *b)).sum::<f64>();
    lanes.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_common_part_costs_no_digits() {
        let values: Vec<f64> = (0..1001).map(|k| 1e12 + f64::from(k)).collect();
        let centred = Centred::of(&values).unwrap();
        // Of 0..=1000: n(n + 1)/12 with n = 1001.
        assert_eq!(
            (centred.mean, centred.covariance(&centred).unwrap()),
            (1e12 + 500.0, 1001.0 * 1002.0 / 12.0)
        );
    }

    #[test]
    fn values_beyond_numbers_are_refused() {
        assert_eq!(Centred::of(&[1.0, f64::NAN]).err().unwrap().code(), "impossible_input");
        assert_eq!(Centred::of(&[f64::MAX, f64::MAX]).err().unwrap().code(), "overflow");
        assert_eq!(Centred::of(&[1.0]).err().unwrap().code(), "too_few_customers");
    }
}
