//! Sample ratio mismatch: did the variants get the shares of customers that were planned?
//!
//! A mismatch means that assignment or logging lost customers in a way that depends on the variant, and no
//! effect of the experiment can be trusted. Count first exposures before any exclusion. Look once; for daily
//! looks a sequential test is needed.
//!
//! # References
//! Fabijan et al. (2019), KDD '19, 2156–2164, doi:10.1145/3292500.3330722.

use crate::stats::NotEstimable;
use crate::stats::chi_square::{ChiSquareTest, Divergence, goodness_of_fit};

/// Pearson's χ² test of customer counts against planned weights.
///
/// A small p-value says that the split is not the planned one; 0.001 is a usual threshold.
///
/// # Errors
/// As [`goodness_of_fit`].
///
/// # Examples
/// ```
/// use experiment_core::stats::srm::chi_square_test;
/// // Cookie Cats: 44,700 against 45,489 where halves were planned.
/// let test = chi_square_test(&[44_700, 45_489], &[1.0, 1.0])?;
/// assert!((test.p_value - 0.008_607_987_810_836_262).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn chi_square_test(observed: &[u64], weights: &[f64]) -> Result<ChiSquareTest, NotEstimable> {
    goodness_of_fit(observed, weights, Divergence::Pearson)
}
