//! Samples for showing that a variant is not worse by a margin, when in truth the arms are equal.
//!
//! # References
//! Blackwelder (1982), Controlled Clinical Trials 3(4), 345–353, doi:10.1016/0197-2456(82)90024-1.

use crate::stats::NotEstimable;
use crate::stats::distribution::normal;
use crate::stats::not_estimable::{finite, open_fraction, positive_input, require_that};
use crate::stats::power::Sizes;

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

/// Chance that a margin is shown when the arms are equal in truth, with a common `variance` of a customer.
///
/// For a proportion the variance is p(1 − p). `alpha` is one-sided; `margin` is in the metric's unit.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for a variance, margin or size that is not above 0 or a level outside (0, 1).
///
/// # Examples
/// ```
/// use experiment_core::stats::power::Sizes;
/// use experiment_core::stats::power::non_inferiority::power;
/// let sizes = Sizes { control: 800.0, variant: 800.0 };
/// let power = power(0.85 * 0.15, 0.05, &sizes, 0.025)?;
/// assert!((power - 0.799_712_901_245_008_2).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Chow, Shao, Wang & Lokhnygina (2018), section 3.2.2.
pub fn power(variance: f64, margin: f64, sizes: &Sizes, alpha: f64) -> Result<f64, NotEstimable> {
    positive_input("the margin", margin)?;
    let error = std_error(variance, sizes)?;
    Ok(normal::cdf(margin / error - normal::upper_quantile(open_fraction("alpha", alpha)?)))
}

/// The least margin that a sample shows with a wanted power when the arms are equal in truth.
///
/// # Errors
/// As [`power`], and for a power not above the level.
///
/// # Examples
/// ```
/// use experiment_core::stats::power::Sizes;
/// use experiment_core::stats::power::non_inferiority::least_margin;
/// let sizes = Sizes { control: 1000.0, variant: 1000.0 };
/// let margin = least_margin(16.0, &sizes, 0.025, 0.8)?;
/// assert!((margin - 0.501_162_799_396_733_8).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn least_margin(variance: f64, sizes: &Sizes, alpha: f64, power: f64) -> Result<f64, NotEstimable> {
    let error = std_error(variance, sizes)?;
    open_fraction("alpha", alpha)?;
    open_fraction("the power", power)?;
    require_that(power > alpha, "the power", power, "above the level")?;
    finite("the margin", (normal::upper_quantile(alpha) + normal::quantile(power)) * error)
}

fn std_error(variance: f64, sizes: &Sizes) -> Result<f64, NotEstimable> {
    positive_input("the variance", variance)?;
    sizes.check()?;
    let error = (variance / sizes.control + variance / sizes.variant).sqrt();
    positive_input("the standard error", finite("the standard error", error)?)
}
