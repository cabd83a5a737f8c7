//! Yuen's test: means after the same share is cut from both ends of each arm.
//!
//! For values with a few extreme ones that carry the mean. It compares the means of the middle customers, which
//! is another question than revenue: a capped mean keeps everyone.
//!
//! # References
//! Yuen, K. K. (1974), The two-sample trimmed t for unequal population variances, Biometrika 61(1), 165–170,
//! doi:10.1093/biomet/61.1.165.

use crate::stats::comparison::{Reference, compare};
use crate::stats::mean::planned_degrees_of_freedom;
use crate::stats::not_estimable::{finite, finite_input, require_that};
use crate::stats::{Comparison, NotEstimable, TestOptions};

/// One arm's trimmed mean and the variance that goes with it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrimmedSummary {
    /// Customers of the arm.
    pub n: u64,
    /// Customers left after trimming.
    pub kept: u64,
    /// Mean of those left.
    pub trimmed_mean: f64,
    /// Mean with each value cut off replaced by the nearest one left.
    pub winsorized_mean: f64,
    /// Variance of the same, denominator n − 1.
    pub winsorized_variance: f64,
}

impl TrimmedSummary {
    /// Cuts ⌊`trim` · n⌋ values from each end.
    ///
    /// `trim` is in [0, 0.5); 0.2 is usual, and 0 gives the plain mean and variance.
    ///
    /// # Errors
    /// [`NotEstimable::TooFewCustomers`] when fewer than two are left, [`NotEstimable::ImpossibleInput`] for a
    /// value that is not finite or a share outside its range, [`NotEstimable::Overflow`] for values near 1e308.
    ///
    /// # Examples
    /// ```
    /// use experiment_core::stats::yuen::TrimmedSummary;
    /// let arm = TrimmedSummary::from_values(&[5.0, 1.0, 2.0, 900.0, 3.0], 0.2)?;
    /// assert_eq!((arm.kept, arm.trimmed_mean, arm.winsorized_mean), (3, 10.0 / 3.0, 3.4));
    /// # Ok::<(), experiment_core::stats::NotEstimable>(())
    /// ```
    pub fn from_values(values: &[f64], trim: f64) -> Result<Self, NotEstimable> {
        require_that((0.0..0.5).contains(&trim), "the share to trim", trim, "at least 0 and below 0.5")?;
        for value in values {
            finite_input("a value", *value)?;
        }
        let n = values.len();
        let cut = (trim * n as f64) as usize;
        if n - 2 * cut < 2 {
            return Err(NotEstimable::TooFewCustomers { n: (n - 2 * cut) as u64, needed: 2 });
        }
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let middle = &sorted[cut..n - cut];
        let trimmed_mean = finite("the trimmed mean", middle.iter().sum::<f64>() / middle.len() as f64)?;
        let (lowest, highest) = (middle[0], middle[middle.len() - 1]);
        let winsorized = || sorted.iter().map(|value| value.clamp(lowest, highest));
        let winsorized_mean = finite("the winsorized mean", winsorized().sum::<f64>() / n as f64)?;
        let squares: f64 =
            winsorized().map(|value| (value - winsorized_mean) * (value - winsorized_mean)).sum();
        Ok(Self {
            n: n as u64,
            kept: middle.len() as u64,
            trimmed_mean,
            winsorized_mean,
            // A rounded mean must not make equal values differ.
            winsorized_variance: if lowest == highest {
                0.0
            } else {
                finite("the winsorized variance", squares / (n as f64 - 1.0))?
            },
        })
    }

    /// Variance of the trimmed mean.
    fn mean_variance(&self) -> f64 {
        let (n, kept) = (self.n as f64, self.kept as f64);
        (n - 1.0) / kept * (self.winsorized_variance / (kept - 1.0))
    }
}

/// Compares two trimmed means, each arm with its own variance, by the t distribution.
///
/// Without trimming this is [`welch_test`](crate::stats::mean::welch_test).
///
/// # Errors
/// [`NotEstimable::NoVariation`] when the customers left in each arm are all equal,
/// [`NotEstimable::TooFewCustomers`] for a summary of fewer than two.
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::yuen::{TrimmedSummary, yuen_test};
/// let control = TrimmedSummary::from_values(&[1.333, -0.455, 0.036, 0.09, 2.74], 0.2)?;
/// let variant = TrimmedSummary::from_values(&[2.74, 0.691, 3.251, 1.976, 2.22, 2.109], 0.2)?;
/// let test = yuen_test(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert!((test.p_value - 0.073_630_081_201_049_5).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Yuen (1974), as in the module.
pub fn yuen_test(
    control: &TrimmedSummary,
    variant: &TrimmedSummary,
    options: &TestOptions,
) -> Result<Comparison, NotEstimable> {
    let fewest = control.kept.min(variant.kept);
    if fewest < 2 {
        return Err(NotEstimable::TooFewCustomers { n: fewest, needed: 2 });
    }
    let (of_control, of_variant) = (control.mean_variance(), variant.mean_variance());
    let std_error = finite("the standard error", (of_control + of_variant).sqrt())?;
    if std_error == 0.0 {
        return Err(NotEstimable::NoVariation {
            control: control.trimmed_mean,
            variant: variant.trimmed_mean,
        });
    }
    let degrees_of_freedom =
        planned_degrees_of_freedom((of_control, control.kept as f64), (of_variant, variant.kept as f64));
    let effect = variant.trimmed_mean - control.trimmed_mean;
    compare(effect, 0.0, std_error, Reference::StudentT { degrees_of_freedom }, options)
}
