//! Samples for showing that a variant is not worse by a margin, when in truth the arms are equal.
//!
//! # References
//! Blackwelder (1982), Controlled Clinical Trials 3(4), 345–353, doi:10.1016/0197-2456(82)90024-1.

use crate::stats::NotEstimable;
use crate::stats::distribution::normal;
use crate::stats::not_estimable::{finite, open_fraction, positive_input, require_that};

/// Customers per arm, not rounded, for proportions of one true `rate` in (0, 1): (z₁₋α + z_power)² 2p(1−p)/margin².
///
/// `alpha` is one-sided; `margin` is an absolute difference in rates.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for a rate, level or power outside (0, 1), a margin that is not above 0,
/// or a power not above the level.
///
/// # Examples
/// ```
/// use experiment_core::stats::power::non_inferiority::proportion_sample_size;
/// let n = proportion_sample_size(0.85, 0.05, 0.025, 0.8)?;
/// assert!((n - 800.585_732_903_607_2).abs() < 1e-8);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Blackwelder (1982), eq. 3.
pub fn proportion_sample_size(rate: f64, margin: f64, alpha: f64, power: f64) -> Result<f64, NotEstimable> {
    open_fraction("the rate", rate)?;
    mean_sample_size(rate * (1.0 - rate), margin, alpha, power)
}

/// Customers per arm, not rounded, for means with a common `variance`: (z₁₋α + z_power)² 2 variance/margin².
///
/// `alpha` is one-sided; `margin` is in the metric's unit.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for a variance or margin that is not above 0, a level or power outside
/// (0, 1), or a power not above the level.
///
/// # Examples
/// ```
/// use experiment_core::stats::power::non_inferiority::mean_sample_size;
/// let n = mean_sample_size(16.0, 0.5, 0.025, 0.9)?;
/// assert!((n - 1_344.950_151_864_399_7).abs() < 1e-8);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Chow, Shao, Wang & Lokhnygina (2018), Sample Size Calculations in Clinical Research, 3rd ed., eq. 3.10.
pub fn mean_sample_size(variance: f64, margin: f64, alpha: f64, power: f64) -> Result<f64, NotEstimable> {
    positive_input("the variance", variance)?;
    positive_input("the margin", margin)?;
    open_fraction("alpha", alpha)?;
    open_fraction("the power", power)?;
    require_that(power > alpha, "the power", power, "above the level")?;
    let root = (normal::upper_quantile(alpha) + normal::quantile(power)) / margin;
    finite("the sample size", root * root * 2.0 * variance)
}
