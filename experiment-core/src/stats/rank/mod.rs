//! Rank tests: do the customers of one arm tend to larger values, whatever the scale?
//!
//! [`RankedArms`] sorts once, or takes counts of a value distribution; [`mann_whitney_test`],
//! [`brunner_munzel_test`] and [`kolmogorov_smirnov_test`] then take one pass each. [`kruskal_wallis_test`] takes any number of arms.
//! Ties share their ranks.
//!
//! They do not compare means: an offer may lower the mean and raise most customers. For money keep to
//! [`mean`](crate::stats::mean).

mod brunner_munzel;
mod kolmogorov_smirnov;
mod kruskal_wallis;
mod mann_whitney;

pub use brunner_munzel::{BrunnerMunzel, brunner_munzel_test};
pub use kolmogorov_smirnov::{KsReference, KsTest, kolmogorov_smirnov_test};
pub use kruskal_wallis::kruskal_wallis_test;
pub use mann_whitney::{
    Continuity, MannWhitney, Superiority, mann_whitney_exact_test, mann_whitney_test, superiority,
};

use crate::stats::NotEstimable;
use crate::stats::not_estimable::require_that;
use std::cmp::Ordering;

/// Customers an arm may have: cubes of counts are still whole numbers.
const MOST_CUSTOMERS: u64 = 1_000_000_000_000;

/// How many customers of each arm have one value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LevelCounts {
    /// Customers of the control.
    pub control: u64,
    /// Customers of the variant.
    pub variant: u64,
}

/// Two arms in ascending order of value, with the ties counted: all that ranks depend on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RankedArms {
    levels: Vec<LevelCounts>,
    control: u64,
    variant: u64,
}

impl RankedArms {
    /// Sorts one value per customer; −0 equals 0.
    ///
    /// # Errors
    /// [`NotEstimable::TooFewCustomers`] for an empty arm, [`NotEstimable::ImpossibleInput`] for `NaN`.
    ///
    /// # Examples
    /// ```
    /// use experiment_core::stats::rank::RankedArms;
    /// let arms = RankedArms::from_values(&[1.0, 3.0, 3.0], &[3.0, 9.0])?;
    /// assert_eq!(arms.levels().len(), 3);
    /// # Ok::<(), experiment_core::stats::NotEstimable>(())
    /// ```
    pub fn from_values(control: &[f64], variant: &[f64]) -> Result<Self, NotEstimable> {
        let (control, variant) = (sorted(control)?, sorted(variant)?);
        let (mut left, mut right) = (control.as_slice(), variant.as_slice());
        let mut levels = Vec::new();
        loop {
            let value = match (left.first(), right.first()) {
                (Some(a), Some(b)) => a.min(*b),
                (Some(value), None) | (None, Some(value)) => *value,
                (None, None) => break,
            };
            levels.push(LevelCounts {
                control: take_equal(&mut left, value),
                variant: take_equal(&mut right, value),
            });
        }
        Self::from_counts(levels)
    }

    /// Takes the counts of each value (or bucket of values), in ascending order of value.
    ///
    /// # Errors
    /// [`NotEstimable::TooFewCustomers`] for an empty arm, [`NotEstimable::ImpossibleInput`] for more than 10¹²
    /// customers in one.
    ///
    /// # Examples
    /// ```
    /// use experiment_core::stats::rank::{LevelCounts, RankedArms};
    /// let levels = vec![LevelCounts { control: 1, variant: 0 }, LevelCounts { control: 2, variant: 1 }];
    /// assert_eq!(RankedArms::from_counts(levels)?, RankedArms::from_values(&[0.0, 5.0, 5.0], &[5.0])?);
    /// # Ok::<(), experiment_core::stats::NotEstimable>(())
    /// ```
    pub fn from_counts(levels: Vec<LevelCounts>) -> Result<Self, NotEstimable> {
        let total = |counts: &mut dyn Iterator<Item = u64>| {
            let sum = counts.fold(0_u64, u64::saturating_add);
            require_that(sum <= MOST_CUSTOMERS, "the number of customers", sum as f64, "at most 10^12")?;
            if sum == 0 { Err(NotEstimable::TooFewCustomers { n: 0, needed: 1 }) } else { Ok(sum) }
        };
        let control = total(&mut levels.iter().map(|level| level.control))?;
        let variant = total(&mut levels.iter().map(|level| level.variant))?;
        Ok(Self { levels, control, variant })
    }

    /// The counts, in ascending order of value.
    pub fn levels(&self) -> &[LevelCounts] {
        &self.levels
    }

    /// Twice U of the variant: the pairs it wins count two, ties one.
    fn twice_u(&self) -> u128 {
        let mut below = 0_u128;
        let mut twice_u = 0_u128;
        for level in &self.levels {
            let (control, variant) = (u128::from(level.control), u128::from(level.variant));
            twice_u += variant * (2 * below + control);
            below += control;
        }
        twice_u
    }

    fn pairs(&self) -> u128 {
        u128::from(self.control) * u128::from(self.variant)
    }

    /// U/(n₀n₁), and how far it is from ½, both rounded once.
    fn probability_of_superiority(&self) -> (f64, f64) {
        let (twice_u, pairs) = (self.twice_u(), self.pairs());
        let twice_pairs = 2.0 * pairs as f64;
        let distance = twice_u.abs_diff(pairs) as f64 / twice_pairs;
        (twice_u as f64 / twice_pairs, if twice_u < pairs { -distance } else { distance })
    }
}

fn sorted(values: &[f64]) -> Result<Vec<f64>, NotEstimable> {
    for value in values {
        require_that(!value.is_nan(), "a value", *value, "a number")?;
    }
    // Adding 0 turns −0 into 0.
    let mut values: Vec<f64> = values.iter().map(|value| value + 0.0).collect();
    values.sort_unstable_by(f64::total_cmp);
    Ok(values)
}

/// Takes the leading values that equal `value` off a sorted slice.
fn take_equal(values: &mut &[f64], value: f64) -> u64 {
    let count = values.iter().take_while(|other| other.total_cmp(&value) == Ordering::Equal).count();
    *values = &values[count..];
    count as u64
}
