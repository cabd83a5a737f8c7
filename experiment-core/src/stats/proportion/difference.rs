//! Intervals for the difference between two proportions, variant minus control.

use crate::stats::distribution::normal;
use crate::stats::proportion::single::wilson_ends;
use crate::stats::proportion::{ProportionSummary, check_arms, difference_of_rates, score_variance};
use crate::stats::root::try_brent;
use crate::stats::{Interval, NotEstimable, TestOptions};

/// Miettinen and Nurminen's score interval: the differences that a score test would not reject.
///
/// The default here: near its level even with few successes, inside \[−1, 1\], and never of zero length.
/// With the factor N/(N − 1) of the paper.
///
/// # Errors
/// [`NotEstimable::TooFewCustomers`] for an empty arm, [`NotEstimable::ImpossibleInput`] for more successes
/// than customers or a confidence level outside (0, 1).
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::proportion::{ProportionSummary, miettinen_nurminen_interval};
/// // Newcombe (1998), table II (a): 48/80 less 56/70, published as (−0.338, −0.053).
/// let control = ProportionSummary { successes: 56, n: 70 };
/// let variant = ProportionSummary { successes: 48, n: 80 };
/// let interval = miettinen_nurminen_interval(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert!((interval.lower + 0.338_172_940_015_868_3).abs() < 1e-10);
/// assert!((interval.upper + 0.052_829_713_245_844_6).abs() < 1e-10);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Miettinen & Nurminen (1985), Statistics in Medicine 4(2), 213–226, eqs. 8–9, doi:10.1002/sim.4780040211.
pub fn miettinen_nurminen_interval(
    control: &ProportionSummary,
    variant: &ProportionSummary,
    options: &TestOptions,
) -> Result<Interval, NotEstimable> {
    check_arms(control, variant)?;
    let z = normal::upper_quantile(options.tail()?);
    // A one-sided level below one half has z < 0: its end lies on the other side of the estimate.
    let (down, up) = if z < 0.0 { (1.0, -1.0) } else { (-1.0, 1.0) };
    let lower = score_end(control, variant, z, down)?;
    let upper = score_end(control, variant, z, up)?;
    Ok(options.keep_ends(lower, upper))
}

/// Where (d̂ − δ)² = z² V(δ) N/(N − 1), between the estimate d̂ and `limit`, −1 or 1.
fn score_end(
    control: &ProportionSummary,
    variant: &ProportionSummary,
    z: f64,
    limit: f64,
) -> Result<f64, NotEstimable> {
    let estimate = difference_of_rates(control, variant);
    if z == 0.0 || estimate == limit {
        return Ok(estimate);
    }
    let n = control.n as f64 + variant.n as f64;
    let distance = |difference: f64| {
        let variance = score_variance(control, variant, difference)? * n / (n - 1.0);
        let gap = estimate - difference;
        Ok(gap * gap - z * z * variance)
    };
    // At 0/n or n/n in both arms V is 0 at the estimate too, which is then a root, but not the end:
    // the end lies about z²/n away, so start a little way towards it.
    let nudge = 1e-3 * (z * z / n).min((limit - estimate).abs());
    let start = if distance(estimate)? < 0.0 { estimate } else { estimate + nudge.copysign(limit) };
    if distance(start)? >= 0.0 {
        // A level so low that the end cannot be told from the estimate.
        return Ok(estimate);
    }
    try_brent("the Miettinen–Nurminen interval", distance, start, limit)
}

/// Newcombe's interval: Wilson's intervals of the two rates, squared and added.
///
/// A closed form close to [`miettinen_nurminen_interval`]; no continuity correction (his method 10).
///
/// # Errors
/// As [`miettinen_nurminen_interval`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::proportion::{ProportionSummary, newcombe_interval};
/// // Newcombe (1998), table II (a), published as (−0.3339, −0.0524).
/// let control = ProportionSummary { successes: 56, n: 70 };
/// let variant = ProportionSummary { successes: 48, n: 80 };
/// let interval = newcombe_interval(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert!((interval.lower + 0.333_872_654_036_906).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Newcombe (1998), Statistics in Medicine 17(8), 873–890, method 10,
/// doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I.
pub fn newcombe_interval(
    control: &ProportionSummary,
    variant: &ProportionSummary,
    options: &TestOptions,
) -> Result<Interval, NotEstimable> {
    check_arms(control, variant)?;
    let z = normal::upper_quantile(options.tail()?);
    let (of_control, of_variant) = (wilson_ends(control, z), wilson_ends(variant, z));
    let (p0, p1) = (control.rate(), variant.rate());
    let estimate = difference_of_rates(control, variant);
    let below = libm::hypot(p1 - of_variant.lower, of_control.upper - p0).copysign(z);
    let above = libm::hypot(of_variant.upper - p1, p0 - of_control.lower).copysign(z);
    Ok(options.keep_ends(estimate - below, estimate + above))
}

/// Agresti and Caffo's interval: Wald's after adding one success and one failure to each arm.
///
/// Good coverage from a formula that fits in a sentence; not cut to \[−1, 1\].
///
/// # Errors
/// As [`miettinen_nurminen_interval`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::proportion::{ProportionSummary, agresti_caffo_interval};
/// let control = ProportionSummary { successes: 120, n: 1000 };
/// let variant = ProportionSummary { successes: 150, n: 1000 };
/// let interval = agresti_caffo_interval(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert!((interval.upper - 0.059_902_386_813_388_57).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Agresti & Caffo (2000), The American Statistician 54(4), 280–288, doi:10.1080/00031305.2000.10474560.
pub fn agresti_caffo_interval(
    control: &ProportionSummary,
    variant: &ProportionSummary,
    options: &TestOptions,
) -> Result<Interval, NotEstimable> {
    check_arms(control, variant)?;
    let z = normal::upper_quantile(options.tail()?);
    let moved = |arm: &ProportionSummary| {
        let n = arm.n as f64 + 2.0;
        let rate = (arm.successes as f64 + 1.0) / n;
        (rate, rate * (1.0 - rate) / n)
    };
    let ((p0, variance0), (p1, variance1)) = (moved(control), moved(variant));
    let half_width = z * (variance0 + variance1).sqrt();
    Ok(options.keep_ends(p1 - p0 - half_width, p1 - p0 + half_width))
}

/// Wald's interval: estimate ± z · unpooled standard error.
///
/// Too short with few successes and of zero length when neither arm varies; here because others report it.
///
/// # Errors
/// As [`miettinen_nurminen_interval`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::proportion::{ProportionSummary, wald_interval};
/// let control = ProportionSummary { successes: 120, n: 1000 };
/// let variant = ProportionSummary { successes: 150, n: 1000 };
/// let interval = wald_interval(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert!((interval.lower - 7.602_882_129_778_6e-5).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Agresti (2013), Categorical Data Analysis, 3rd ed., eq. 3.1.
pub fn wald_interval(
    control: &ProportionSummary,
    variant: &ProportionSummary,
    options: &TestOptions,
) -> Result<Interval, NotEstimable> {
    check_arms(control, variant)?;
    let z = normal::upper_quantile(options.tail()?);
    let half_width = z * (control.rate_variance() + variant.rate_variance()).sqrt();
    let estimate = difference_of_rates(control, variant);
    Ok(options.keep_ends(estimate - half_width, estimate + half_width))
}
