//! The variance of one customer for metrics other than plain means, to plan with [`mean`](crate::stats::power::mean).
//!
//! A ratio, a quantile or an adjusted mean is to first order a mean of one value per customer; what planning needs
//! is that value's variance, from past data.

use crate::stats::NotEstimable;
use crate::stats::not_estimable::{finite, non_negative_input, open_fraction, positive_input, require_that};
use crate::stats::ratio::{PairSummary, delta_method};

/// The variance of a customer of a ratio metric: that of (y − R x)/x̄.
///
/// # Errors
/// As [`delta_method`].
///
/// # Examples
/// ```
/// use experiment_core::stats::power::variance::of_ratio;
/// use experiment_core::stats::ratio::PairSummary;
/// let past = PairSummary {
///     n: 1000, mean_y: 30.0, mean_x: 2.0, variance_y: 400.0, variance_x: 1.0, covariance: 12.0,
/// };
/// // (400 − 2 · 15 · 12 + 15² · 1)/2²
/// assert_eq!(of_ratio(&past)?, 66.25);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Deng, Knoblich & Lu (2018), KDD '18, eq. 3.
pub fn of_ratio(past: &PairSummary) -> Result<f64, NotEstimable> {
    Ok(delta_method(past)?.variance)
}

/// What CUPED leaves of a variance: 1 − R² of it, R² being the share that the covariates explain (ρ² for one).
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for a variance below 0 or a share outside \[0, 1).
///
/// # Examples
/// ```
/// use experiment_core::stats::power::variance::after_cuped;
/// assert_eq!(after_cuped(100.0, 0.5 * 0.5)?, 75.0);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Deng, Xu, Kohavi & Walker (2013), eq. 5.
pub fn after_cuped(variance: f64, explained: f64) -> Result<f64, NotEstimable> {
    non_negative_input("the variance", variance)?;
    let allowed = "at least 0 and below 1";
    require_that((0.0..1.0).contains(&explained), "the share that is explained", explained, allowed)?;
    Ok(variance * (1.0 - explained))
}

/// The variance of a customer for a quantile: q(1 − q)/f², with f the density of the metric at the quantile.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for a quantile outside (0, 1) or a density not above 0.
///
/// # Examples
/// ```
/// use experiment_core::stats::power::variance::of_quantile;
/// // The median of a standard normal metric: π/2.
/// assert!((of_quantile(0.5, 0.398_942_280_401_432_7)? - 1.570_796_326_794_896_6).abs() < 1e-15);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// David & Nagaraja (2003), Order Statistics, 3rd ed., section 10.2.
pub fn of_quantile(quantile: f64, density: f64) -> Result<f64, NotEstimable> {
    open_fraction("the quantile", quantile)?;
    positive_input("the density", density)?;
    finite("the variance", quantile * (1.0 - quantile) / density / density)
}
