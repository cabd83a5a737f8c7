//! Intervals for one proportion.

use crate::stats::distribution::{beta, normal};
use crate::stats::not_estimable::finite;
use crate::stats::proportion::ProportionSummary;
use crate::stats::{Interval, NotEstimable, TestOptions};

/// Wilson's score interval: the rates that a score test would not reject.
///
/// The default for showing one rate: it holds its level on average at any rate, never leaves \[0, 1\], and is
/// not empty at 0 or n successes.
///
/// # Errors
/// [`NotEstimable::TooFewCustomers`] without customers, [`NotEstimable::ImpossibleInput`] for more successes
/// than customers or a confidence level outside (0, 1).
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::proportion::{ProportionSummary, wilson_interval};
/// let interval = wilson_interval(&ProportionSummary { successes: 81, n: 263 }, &TestOptions::two_sided(0.95))?;
/// assert!((interval.lower - 0.255_288_519_878_274_2).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Wilson (1927), JASA 22(158), 209–212, doi:10.1080/01621459.1927.10502953.
pub fn wilson_interval(arm: &ProportionSummary, options: &TestOptions) -> Result<Interval, NotEstimable> {
    arm.check()?;
    let ends = wilson_ends(arm, normal::upper_quantile(options.tail()?));
    Ok(options.keep_ends(ends.lower, ends.upper))
}

/// Wilson's two ends at the normal quantile `z`: the roots of (n + z²) p² − (2x + z²) p + x²/n.
pub(super) fn wilson_ends(arm: &ProportionSummary, z: f64) -> Interval {
    let (x, n) = (arm.successes as f64, arm.n as f64);
    let (misses, z2) = (arm.failures() as f64, z * z);
    let twice_larger = 2.0 * x + z2 + z.abs() * (z2 + 4.0 * x * (misses / n)).sqrt();
    // The product of the roots gives the smaller one without cancellation.
    let smaller = if arm.successes == 0 { 0.0 } else { 2.0 * x * (x / n) / twice_larger };
    let larger = if arm.failures() == 0 { 1.0 } else { twice_larger / (2.0 * (n + z2)) };
    // A one-sided level below one half has z < 0, which swaps the roots.
    if z < 0.0 {
        Interval { lower: larger, upper: smaller }
    } else {
        Interval { lower: smaller, upper: larger }
    }
}

/// The "exact" interval: the rates whose binomial tails both exceed half the miss.
///
/// Covers at least the level, at the price of length; use it where a guarantee is asked for, and
/// [`wilson_interval`] otherwise.
///
/// # Errors
/// As [`wilson_interval`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::proportion::{ProportionSummary, clopper_pearson_interval};
/// let none = ProportionSummary { successes: 0, n: 20 };
/// let interval = clopper_pearson_interval(&none, &TestOptions::two_sided(0.95))?;
/// assert!((interval.upper - 0.168_433_470_983_085_3).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Clopper & Pearson (1934), Biometrika 26(4), 404–413, doi:10.1093/biomet/26.4.404.
pub fn clopper_pearson_interval(
    arm: &ProportionSummary,
    options: &TestOptions,
) -> Result<Interval, NotEstimable> {
    arm.check()?;
    let tail = options.tail()?;
    let (x, misses) = (arm.successes as f64, arm.failures() as f64);
    let lower = if arm.successes == 0 { 0.0 } else { beta::quantile(tail, x, misses + 1.0) };
    let upper = if arm.failures() == 0 { 1.0 } else { beta::upper_quantile(tail, x + 1.0, misses) };
    checked(lower, upper, options)
}

/// Jeffreys' interval: quantiles of Beta(x + ½, n − x + ½), closed at 0 and 1.
///
/// Like [`wilson_interval`] in coverage and a little shorter near 0 and 1. The lower end is 0 without
/// successes and the upper 1 without failures (Brown, Cai & DasGupta), so the estimate is never left out.
///
/// # Errors
/// As [`wilson_interval`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::proportion::{ProportionSummary, jeffreys_interval};
/// let interval = jeffreys_interval(&ProportionSummary { successes: 1, n: 29 }, &TestOptions::two_sided(0.95))?;
/// assert!((interval.upper - 0.150_077_686_002_231_76).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Brown, Cai & DasGupta (2001), Statistical Science 16(2), 101–133, doi:10.1214/ss/1009213286, section 4.1.2.
pub fn jeffreys_interval(arm: &ProportionSummary, options: &TestOptions) -> Result<Interval, NotEstimable> {
    let ends = jeffreys_ends(arm, options)?;
    let lower = if arm.successes == 0 { 0.0 } else { ends.lower };
    let upper = if arm.failures() == 0 { 1.0 } else { ends.upper };
    checked(lower, upper, options)
}

/// Jeffreys' interval with equal tails everywhere, which leaves out an estimate of 0 or 1.
///
/// The Bayesian credible interval under the Beta(½, ½) prior. To show a rate prefer [`jeffreys_interval`].
///
/// # Errors
/// As [`wilson_interval`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::proportion::{ProportionSummary, jeffreys_equal_tailed_interval};
/// let none = ProportionSummary { successes: 0, n: 20 };
/// let interval = jeffreys_equal_tailed_interval(&none, &TestOptions::two_sided(0.95))?;
/// assert!((interval.lower - 2.424_647_845_924_274e-5).abs() < 1e-15);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn jeffreys_equal_tailed_interval(
    arm: &ProportionSummary,
    options: &TestOptions,
) -> Result<Interval, NotEstimable> {
    let ends = jeffreys_ends(arm, options)?;
    checked(ends.lower, ends.upper, options)
}

fn jeffreys_ends(arm: &ProportionSummary, options: &TestOptions) -> Result<Interval, NotEstimable> {
    arm.check()?;
    let tail = options.tail()?;
    let (a, b) = (arm.successes as f64 + 0.5, arm.failures() as f64 + 0.5);
    Ok(Interval { lower: beta::quantile(tail, a, b), upper: beta::upper_quantile(tail, a, b) })
}

/// Agresti and Coull's interval: Wald's after adding z²/2 successes and z²/2 failures, cut to \[0, 1\].
///
/// Easy to explain; [`wilson_interval`] has the same middle and is never longer.
///
/// # Errors
/// As [`wilson_interval`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::proportion::{ProportionSummary, agresti_coull_interval};
/// let arm = ProportionSummary { successes: 20_034, n: 44_700 };
/// let interval = agresti_coull_interval(&arm, &TestOptions::two_sided(0.95))?;
/// assert!((interval.lower - 0.443_582_362_997_956).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Agresti & Coull (1998), The American Statistician 52(2), 119–126, doi:10.1080/00031305.1998.10480550.
pub fn agresti_coull_interval(
    arm: &ProportionSummary,
    options: &TestOptions,
) -> Result<Interval, NotEstimable> {
    arm.check()?;
    let z = normal::upper_quantile(options.tail()?);
    let n = arm.n as f64 + z * z;
    let rate = (arm.successes as f64 + 0.5 * z * z) / n;
    let half_width = z * (rate * (1.0 - rate) / n).sqrt();
    checked((rate - half_width).max(0.0), (rate + half_width).min(1.0), options)
}

fn checked(lower: f64, upper: f64, options: &TestOptions) -> Result<Interval, NotEstimable> {
    Ok(options.keep_ends(finite("the lower end", lower)?, finite("the upper end", upper)?))
}
