//! Planning for confidence sequences: what looking at any time costs.

use crate::stats::NotEstimable;
use crate::stats::distribution::normal;
use crate::stats::not_estimable::{finite, finite_input, open_fraction, positive_input, require_that};
use crate::stats::root::try_brent;
use crate::stats::sequential::confidence_sequence::{LookEstimate, asymptotic};
use crate::stats::{Alternative, TestOptions};

/// Customers for which a plan is made.
const MOST_CUSTOMERS: f64 = 1e15;

/// Chance that the sequence leaves out 0 at one look, on the side of the effect.
///
/// It may have done so at an earlier look too: the chance to have stopped by then is a little more. `variance` is
/// such that the effect's standard error with n customers of both arms is √(`variance`/n): 4 σ² for two equal arms.
///
/// # Errors
/// As [`asymptotic`], and [`NotEstimable::ImpossibleInput`] for a variance not above 0.
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::power::sequence::power_at;
/// let variance = 0.0075 * 0.0075 * 20_000.0;
/// let power = power_at(20_000, 0.03, variance, 5_000.0, &TestOptions::two_sided(0.95))?;
/// // The half-width is 3.127 standard errors there: Φ(4 − 3.127).
/// assert!((power - 0.808_637_351_900_376_8).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Waudby-Smith et al. (2024), eq. 9, for an estimate that is normal around the effect.
pub fn power_at(
    n: u64,
    effect: f64,
    variance: f64,
    tuning: f64,
    options: &TestOptions,
) -> Result<f64, NotEstimable> {
    finite_input("the effect", effect)?;
    positive_input("the variance", variance)?;
    let std_error = (variance / n as f64).sqrt();
    let look = LookEstimate { n, effect: 0.0, std_error };
    let around_zero = asymptotic(&look, tuning, options)?.interval;
    let towards = match options.alternative {
        Alternative::TwoSided => effect.abs(),
        Alternative::Greater => effect,
        Alternative::Less => -effect,
    };
    let half_width = around_zero.upper.min(-around_zero.lower);
    Ok(normal::cdf((towards - half_width) / std_error))
}

/// Customers of both arms together at which [`power_at`] reaches a wanted power, for a fixed tuning.
///
/// # Errors
/// [`NotEstimable::NoEffect`] without an effect, [`NotEstimable::UnreachablePower`] when a one-sided sequence looks the
/// other way or 10¹⁵ customers do not do; otherwise as [`power_at`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::power::sequence::sample_size;
/// let variance = 0.0075 * 0.0075 * 20_000.0;
/// let n = sample_size(0.03, variance, 5_000.0, 0.808_637_351_900_376_8, &TestOptions::two_sided(0.95))?;
/// assert_eq!(n, 20_000);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn sample_size(
    effect: f64,
    variance: f64,
    tuning: f64,
    wanted_power: f64,
    options: &TestOptions,
) -> Result<u64, NotEstimable> {
    open_fraction("the power", wanted_power)?;
    if effect == 0.0 {
        return Err(NotEstimable::NoEffect { effect });
    }
    let with = |n: u64| power_at(n, effect, variance, tuning, options);
    let (mut short, mut enough) = (1, 1);
    while with(enough)? < wanted_power {
        short = enough;
        enough *= 2;
        if enough as f64 > MOST_CUSTOMERS {
            return Err(NotEstimable::UnreachablePower { power: wanted_power, reachable: with(short)? });
        }
    }
    while enough - short > 1 {
        let middle = short + (enough - short) / 2;
        // Rounding of the last bit must not cost a customer.
        if with(middle)? >= wanted_power * (1.0 - 1e-13) { enough = middle } else { short = middle }
    }
    Ok(enough)
}

/// The least effect, as a positive number, that the sequence shows at one look with a wanted power.
///
/// # Errors
/// As [`power_at`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::power::sequence::minimum_detectable_effect;
/// let variance = 0.0075 * 0.0075 * 20_000.0;
/// let options = TestOptions::two_sided(0.95);
/// let effect = minimum_detectable_effect(20_000, variance, 5_000.0, 0.808_637_351_900_376_8, &options)?;
/// assert!((effect - 0.03).abs() < 1e-9);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn minimum_detectable_effect(
    n: u64,
    variance: f64,
    tuning: f64,
    wanted_power: f64,
    options: &TestOptions,
) -> Result<f64, NotEstimable> {
    open_fraction("the power", wanted_power)?;
    positive_input("the variance", variance)?;
    let side = if options.alternative == Alternative::Less { -1.0 } else { 1.0 };
    let missing = |effect: f64| Ok(power_at(n, side * effect, variance, tuning, options)? - wanted_power);
    let quantity = "the minimum detectable effect";
    require_that(missing(0.0)? < 0.0, "the power", wanted_power, "above what no effect gives")?;
    let mut upper = positive_input(quantity, (variance / n as f64).sqrt())?;
    while missing(upper)? < 0.0 {
        upper = finite(quantity, 2.0 * upper)?;
    }
    try_brent(quantity, missing, 0.0, upper)
}
