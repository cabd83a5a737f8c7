//! Planning for group sequential tests: what looking costs in customers.

use crate::stats::NotEstimable;
use crate::stats::distribution::normal;
use crate::stats::not_estimable::{finite_input, open_fraction, require_that};
use crate::stats::root::try_brent;
use crate::stats::sequential::Sides;
use crate::stats::sequential::group_sequential::{Bound, crossing_probabilities};

/// Chance to cross the boundary at some look, on the side of the effect.
///
/// `drift` is the planned effect over its standard error at full information, at least 0.
///
/// # Errors
/// As [`crossing_probabilities`], and [`NotEstimable::ImpossibleInput`] for a drift below 0.
///
/// # Examples
/// ```
/// use experiment_core::stats::power::group_sequential::power;
/// use experiment_core::stats::sequential::Sides;
/// use experiment_core::stats::sequential::group_sequential::boundaries;
/// use experiment_core::stats::sequential::spending::Spending;
/// // One look is a fixed test: Φ(2.8 − 1.96).
/// let fixed = boundaries(&[1.0], 0.05, Sides::Two, Spending::OBrienFleming)?;
/// assert!((power(&[1.0], &fixed, Sides::Two, 2.8)? - 0.799_555_903_298_112_2).abs() < 1e-8);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Jennison & Turnbull (2000), Group Sequential Methods, section 19.2.
pub fn power(information: &[f64], bounds: &[Bound], sides: Sides, drift: f64) -> Result<f64, NotEstimable> {
    finite_input("the drift", drift)?;
    require_that(drift >= 0.0, "the drift", drift, "at least 0")?;
    let z: Vec<f64> = bounds.iter().map(|bound| bound.z).collect();
    let crossings = crossing_probabilities(information, &z, sides, drift)?;
    Ok(crossings.iter().map(|crossing| crossing.upper).sum::<f64>().min(1.0))
}

/// The drift at which the test has a wanted power: the least effect it shows, in standard errors at full information.
///
/// # Errors
/// As [`power`], and [`NotEstimable::ImpossibleInput`] for a power outside (0, 1) or not above what no drift gives.
///
/// # Examples
/// ```
/// use experiment_core::stats::power::group_sequential::required_drift;
/// use experiment_core::stats::sequential::Sides;
/// use experiment_core::stats::sequential::group_sequential::boundaries;
/// use experiment_core::stats::sequential::spending::Spending;
/// let looks = [0.2, 0.4, 0.6, 0.8, 1.0];
/// let bounds = boundaries(&looks, 0.05, Sides::Two, Spending::OBrienFleming)?;
/// let drift = required_drift(&looks, &bounds, Sides::Two, 0.9)?;
/// // By another recursion (Simpson's rule over the score, SciPy's normal distribution).
/// assert!((drift - 3.278_706_57).abs() < 1e-6);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn required_drift(
    information: &[f64],
    bounds: &[Bound],
    sides: Sides,
    wanted_power: f64,
) -> Result<f64, NotEstimable> {
    open_fraction("the power", wanted_power)?;
    let missing = |drift: f64| Ok(power(information, bounds, sides, drift)? - wanted_power);
    require_that(missing(0.0)? < 0.0, "the power", wanted_power, "above what no effect gives")?;
    // The last look alone has this power at the latest here.
    let last = bounds.last().map_or(0.0, |bound| bound.z);
    let fraction = information.last().copied().unwrap_or(1.0);
    let mut upper = (last + normal::quantile(wanted_power).max(0.0)) / fraction.sqrt() + 1.0;
    finite_input("the last bound", upper)?;
    while missing(upper)? < 0.0 {
        upper *= 1.5;
    }
    try_brent("the drift", missing, 0.0, upper)
}

/// How many times the customers of a fixed test of level `alpha` and the same power are needed, at full information.
///
/// Multiply the sizes of [`mean::sample_size`](crate::stats::power::mean::sample_size) and others by it.
///
/// # Errors
/// As [`required_drift`], and [`NotEstimable::ImpossibleInput`] for a level outside (0, 1).
///
/// # Examples
/// ```
/// use experiment_core::stats::power::group_sequential::inflation;
/// use experiment_core::stats::sequential::Sides;
/// use experiment_core::stats::sequential::group_sequential::boundaries;
/// use experiment_core::stats::sequential::spending::Spending;
/// let looks = [0.2, 0.4, 0.6, 0.8, 1.0];
/// let bounds = boundaries(&looks, 0.05, Sides::Two, Spending::Pocock)?;
/// let factor = inflation(&looks, &bounds, Sides::Two, 0.05, 0.9)?;
/// // By another recursion, as above; Pocock's classic boundary, which this one is near, has 1.21.
/// assert!((factor - 1.192_347_65).abs() < 1e-6);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Jennison & Turnbull (2000), section 2.3.
pub fn inflation(
    information: &[f64],
    bounds: &[Bound],
    sides: Sides,
    alpha: f64,
    wanted_power: f64,
) -> Result<f64, NotEstimable> {
    open_fraction("alpha", alpha)?;
    let drift = required_drift(information, bounds, sides, wanted_power)?;
    let tail = if sides == Sides::Two { alpha / 2.0 } else { alpha };
    let fixed = normal::upper_quantile(tail) + normal::quantile(wanted_power);
    require_that(fixed > 0.0, "the power", wanted_power, "above the level")?;
    Ok(drift * drift / (fixed * fixed))
}
