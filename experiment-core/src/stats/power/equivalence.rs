//! Planning for equivalence: two one-sided tests within ± a margin.

use crate::stats::NotEstimable;
use crate::stats::distribution::normal;
use crate::stats::not_estimable::{finite, finite_input, open_fraction, positive_input, require_that};
use crate::stats::power::Sizes;
use crate::stats::root::try_brent;

/// Chance that both one-sided tests at `alpha` reject, for a true `effect` and a common `variance` of a customer.
///
/// Both with the normal distribution; for a proportion the variance is p(1 − p).
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for a variance, margin or size that is not above 0, a level outside (0, 1) or
/// an effect that is not finite.
///
/// # Examples
/// ```
/// use experiment_core::stats::power::Sizes;
/// use experiment_core::stats::power::equivalence::power;
/// let sizes = Sizes { control: 400.0, variant: 400.0 };
/// // Φ((0.5 − 0.1)/√0.02 − 1.645) + Φ((0.5 + 0.1)/√0.02 − 1.645) − 1
/// assert!((power(0.1, 4.0, 0.5, &sizes, 0.05)? - 0.877_017_698_847_174_3).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Chow, Shao, Wang & Lokhnygina (2018), Sample Size Calculations in Clinical Research, 3rd ed., section 3.2.3.
pub fn power(
    effect: f64,
    variance: f64,
    margin: f64,
    sizes: &Sizes,
    alpha: f64,
) -> Result<f64, NotEstimable> {
    finite_input("the effect", effect)?;
    positive_input("the variance", variance)?;
    positive_input("the margin", margin)?;
    sizes.check()?;
    let z = normal::upper_quantile(open_fraction("alpha", alpha)?);
    let error = (variance / sizes.control + variance / sizes.variant).sqrt();
    positive_input("the standard error", finite("the standard error", error)?)?;
    let room = |distance: f64| normal::cdf(distance / error - z);
    Ok((room(margin - effect) - (1.0 - room(margin + effect))).max(0.0))
}

/// Customers per arm for a wanted power; `ratio` is the variant's size over the control's.
///
/// # Errors
/// [`NotEstimable::UnreachablePower`] for an effect not within the margin, otherwise as [`power`].
///
/// # Examples
/// ```
/// use experiment_core::stats::power::equivalence::sample_size;
/// let sizes = sample_size(0.0, 4.0, 0.5, 1.0, 0.8, 0.05)?;
/// // (z₀.₉₅ + z₀.₉)² · 2 · 4/0.5²
/// assert!((sizes.control - 274.043_115_221_375_16).abs() < 1e-6);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn sample_size(
    effect: f64,
    variance: f64,
    margin: f64,
    ratio: f64,
    wanted_power: f64,
    alpha: f64,
) -> Result<Sizes, NotEstimable> {
    positive_input("the ratio of sizes", ratio)?;
    open_fraction("the power", wanted_power)?;
    finite_input("the effect", effect)?;
    positive_input("the margin", margin)?;
    if effect.abs() >= margin {
        return Err(NotEstimable::UnreachablePower { power: wanted_power, reachable: alpha });
    }
    let quantity = "the sample size";
    let sizes = |ln_size: f64| {
        let control = libm::exp(ln_size);
        Sizes { control, variant: control * ratio }
    };
    let missing = |ln_size: f64| Ok(power(effect, variance, margin, &sizes(ln_size), alpha)? - wanted_power);
    // With the nearer margin alone; it needs less than twice the size that both need.
    let z = normal::upper_quantile(open_fraction("alpha", alpha)?) + normal::quantile(wanted_power).max(0.0);
    let root = z.max(1.0) / (margin - effect.abs());
    let guess = positive_input(quantity, root * root * variance * (1.0 + 1.0 / ratio))?;
    let (mut lower, mut upper) = (libm::log(guess) - 1.0, libm::log(guess) + 1.0);
    while missing(upper)? < 0.0 {
        upper += 1.0;
    }
    while missing(lower)? > 0.0 {
        lower -= 1.0;
    }
    let planned = sizes(try_brent(quantity, missing, lower, upper)?);
    finite(quantity, planned.control + planned.variant)?;
    Ok(planned)
}

/// The least margin that a sample shows with a wanted power.
///
/// # Errors
/// As [`power`].
///
/// # Examples
/// ```
/// use experiment_core::stats::power::Sizes;
/// use experiment_core::stats::power::equivalence::least_margin;
/// let sizes = Sizes { control: 400.0, variant: 400.0 };
/// let margin = least_margin(0.1, 4.0, &sizes, 0.877_017_698_847_174_3, 0.05)?;
/// assert!((margin - 0.5).abs() < 1e-9);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn least_margin(
    effect: f64,
    variance: f64,
    sizes: &Sizes,
    wanted_power: f64,
    alpha: f64,
) -> Result<f64, NotEstimable> {
    open_fraction("the power", wanted_power)?;
    finite_input("the effect", effect)?;
    positive_input("the variance", variance)?;
    sizes.check()?;
    let error = (variance / sizes.control + variance / sizes.variant).sqrt();
    positive_input("the standard error", finite("the standard error", error)?)?;
    let quantity = "the margin";
    let missing =
        |excess: f64| Ok(power(effect, variance, effect.abs() + excess, sizes, alpha)? - wanted_power);
    let mut upper = error;
    while missing(upper)? < 0.0 {
        upper = finite(quantity, 2.0 * upper)?;
    }
    let least = error * 1e-6;
    require_that(missing(least)? < 0.0, "the power", wanted_power, "above what no margin gives")?;
    finite(quantity, effect.abs() + try_brent(quantity, missing, least, upper)?)
}
