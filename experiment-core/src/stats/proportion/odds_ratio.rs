//! The ratio of two odds, variant over control, and its interval.

use crate::stats::distribution::normal;
use crate::stats::not_estimable::finite;
use crate::stats::proportion::{ProportionSummary, check_arms};
use crate::stats::{Interval, NotEstimable, TestOptions};

/// Variant's odds x/(n − x) over the control's; +∞ when only the variant's are infinite or the control's are 0.
///
/// For those who ask for it: unlike a difference or a ratio of rates it has no plain meaning, and it is farther
/// from 1 than the ratio of rates unless both rates are small.
///
/// # Errors
/// [`NotEstimable::NoSuccesses`] when nobody did it in either arm, [`NotEstimable::NoFailures`] when everybody did
/// in both.
///
/// # Examples
/// ```
/// use experiment_core::stats::proportion::{ProportionSummary, odds_ratio};
/// let control = ProportionSummary { successes: 120, n: 1000 };
/// let variant = ProportionSummary { successes: 150, n: 1000 };
/// assert!((odds_ratio(&control, &variant)? - 22.0 / 17.0).abs() < 1e-15);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn odds_ratio(control: &ProportionSummary, variant: &ProportionSummary) -> Result<f64, NotEstimable> {
    check_arms(control, variant)?;
    let across = |one: &ProportionSummary, other: &ProportionSummary| {
        (u128::from(one.successes) * u128::from(other.failures())) as f64
    };
    let (above, below) = (across(variant, control), across(control, variant));
    if above == 0.0 && below == 0.0 {
        return Err(missing(control, variant));
    }
    Ok(above / below)
}

/// Woolf's interval: symmetric on the logarithm of the odds ratio, with the normal quantile.
///
/// Its variance is 1/x₀ + 1/(n₀ − x₀) + 1/x₁ + 1/(n₁ − x₁); nothing is added to the counts.
///
/// # Errors
/// [`NotEstimable::NoSuccesses`] when nobody did it in an arm, [`NotEstimable::NoFailures`] when everybody did;
/// otherwise as [`risk_ratio_log_interval`](crate::stats::proportion::risk_ratio_log_interval).
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::proportion::{ProportionSummary, odds_ratio_log_interval};
/// let control = ProportionSummary { successes: 120, n: 1000 };
/// let variant = ProportionSummary { successes: 150, n: 1000 };
/// let interval = odds_ratio_log_interval(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert!((interval.lower - 0.999_940_492_201_548_1).abs() < 1e-12);
/// assert!((interval.upper - 1.674_840_150_479_179_7).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Woolf (1955), Annals of Human Genetics 19(4), 251–253, doi:10.1111/j.1469-1809.1955.tb01348.x.
pub fn odds_ratio_log_interval(
    control: &ProportionSummary,
    variant: &ProportionSummary,
    options: &TestOptions,
) -> Result<Interval, NotEstimable> {
    let ratio = odds_ratio(control, variant)?;
    let z = normal::upper_quantile(options.tail()?);
    let cells = [control.successes, control.failures(), variant.successes, variant.failures()];
    if cells.contains(&0) {
        return Err(missing(control, variant));
    }
    let variance: f64 = cells.iter().map(|count| 1.0 / *count as f64).sum();
    let half_width = z * variance.sqrt();
    let upper = finite("the upper end", ratio * libm::exp(half_width))?;
    Ok(options.keep_ends(ratio * libm::exp(-half_width), upper))
}

fn missing(control: &ProportionSummary, variant: &ProportionSummary) -> NotEstimable {
    if control.successes == 0 || variant.successes == 0 {
        return NotEstimable::NoSuccesses { control: control.successes, variant: variant.successes };
    }
    NotEstimable::NoFailures { control: control.failures(), variant: variant.failures() }
}
