//! The ratio of two rates, variant over control, and its intervals.

use crate::stats::distribution::normal;
use crate::stats::not_estimable::finite;
use crate::stats::proportion::{ProportionSummary, check_arms};
use crate::stats::root::brent;
use crate::stats::{Interval, NotEstimable, TestOptions};

/// Ratios are searched between e⁻⁷⁰⁰ and e⁷⁰⁰.
const FARTHEST_LN: f64 = 700.0;

/// Variant's rate over the control's; +∞ when only the variant has successes.
///
/// # Errors
/// [`NotEstimable::NoSuccesses`] when neither arm has any.
///
/// # Examples
/// ```
/// use experiment_core::stats::proportion::{ProportionSummary, risk_ratio};
/// let control = ProportionSummary { successes: 120, n: 1000 };
/// let variant = ProportionSummary { successes: 150, n: 1000 };
/// assert_eq!(risk_ratio(&control, &variant)?, 1.25);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn risk_ratio(control: &ProportionSummary, variant: &ProportionSummary) -> Result<f64, NotEstimable> {
    check_arms(control, variant)?;
    if control.successes == 0 && variant.successes == 0 {
        return Err(no_successes(control, variant));
    }
    let across = |one: &ProportionSummary, other: &ProportionSummary| {
        (u128::from(one.successes) * u128::from(other.n)) as f64
    };
    Ok(across(variant, control) / across(control, variant))
}

/// Katz's interval: symmetric on the logarithm of the ratio, with the normal quantile.
///
/// Less 1 it is the interval of the relative effect. With fewer than about five successes in an arm prefer
/// [`risk_ratio_score_interval`].
///
/// # Errors
/// [`NotEstimable::NoSuccesses`] when either arm has none, [`NotEstimable::TooFewCustomers`] for an empty
/// arm, [`NotEstimable::ImpossibleInput`] for more successes than customers or a level outside (0, 1).
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::proportion::{ProportionSummary, risk_ratio_log_interval};
/// let control = ProportionSummary { successes: 120, n: 1000 };
/// let variant = ProportionSummary { successes: 150, n: 1000 };
/// let interval = risk_ratio_log_interval(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert!((interval.upper - 1.563_010_592_174_393_5).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Katz, Baptista, Azen & Pike (1978), Biometrics 34(3), 469–474, method C, doi:10.2307/2530610.
pub fn risk_ratio_log_interval(
    control: &ProportionSummary,
    variant: &ProportionSummary,
    options: &TestOptions,
) -> Result<Interval, NotEstimable> {
    check_arms(control, variant)?;
    let z = normal::upper_quantile(options.tail()?);
    if control.successes == 0 || variant.successes == 0 {
        return Err(no_successes(control, variant));
    }
    let half_width = z * ln_risk_ratio_error(control, variant);
    let ln_ratio = libm::log(risk_ratio(control, variant)?);
    let upper = finite("the upper end", libm::exp(ln_ratio + half_width))?;
    Ok(options.keep_ends(libm::exp(ln_ratio - half_width), upper))
}

/// Standard error of the logarithm of the ratio, for arms with successes.
pub(crate) fn ln_risk_ratio_error(control: &ProportionSummary, variant: &ProportionSummary) -> f64 {
    // 1/x − 1/n as (n − x)/(x n), which is exactly 0 when all did it.
    let relative_variance =
        |arm: &ProportionSummary| (arm.failures() as f64 / arm.successes as f64) / arm.n as f64;
    (relative_variance(control) + relative_variance(variant)).sqrt()
}

/// The score interval of the ratio: the ratios that a score test would not reject, with N/(N − 1).
///
/// Works with no successes in one arm, where an end is 0 or +∞.
///
/// # Errors
/// [`NotEstimable::NoSuccesses`] when neither arm has any, otherwise as [`risk_ratio_log_interval`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::proportion::{ProportionSummary, risk_ratio_score_interval};
/// let control = ProportionSummary { successes: 0, n: 40 };
/// let variant = ProportionSummary { successes: 5, n: 45 };
/// let interval = risk_ratio_score_interval(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert!((interval.lower - 1.207_678_038_791_338).abs() < 1e-10);
/// assert_eq!(interval.upper, f64::INFINITY);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Miettinen & Nurminen (1985), Statistics in Medicine 4(2), 213–226, eqs. 10–12, doi:10.1002/sim.4780040211.
pub fn risk_ratio_score_interval(
    control: &ProportionSummary,
    variant: &ProportionSummary,
    options: &TestOptions,
) -> Result<Interval, NotEstimable> {
    let estimate = risk_ratio(control, variant)?;
    let z = normal::upper_quantile(options.tail()?);
    if z == 0.0 {
        return Ok(options.keep_ends(estimate, estimate));
    }
    let score = RatioScore { control, variant, z };
    let (below, above) = (score.end(estimate, -1.0)?, score.end(estimate, 1.0)?);
    // A one-sided level below one half has z < 0: its end lies on the other side of the estimate.
    let (lower, upper) = if z < 0.0 { (above, below) } else { (below, above) };
    Ok(options.keep_ends(lower, upper))
}

struct RatioScore<'a> {
    control: &'a ProportionSummary,
    variant: &'a ProportionSummary,
    z: f64,
}

impl RatioScore<'_> {
    /// (p̂₁ − θ p̂₀)² − z² V(θ) N/(N − 1) at θ = exp(`ln_ratio`), scaled to stay of order 1: negative inside
    /// the interval.
    fn distance(&self, ln_ratio: f64) -> f64 {
        let ratio = libm::exp(ln_ratio);
        let (x0, n0) = (self.control.successes as f64, self.control.n as f64);
        let (x1, n1) = (self.variant.successes as f64, self.variant.n as f64);
        let n = n0 + n1;
        // The most likely p₀ with p₁ = θ p₀ is a root of N θ p² − (b₁ θ + b₀) p + x = 0; this form of the
        // discriminant adds only terms of one sign.
        let (b1, b0) = (n1 + x0, n0 + x1);
        let both_failed = self.control.failures() as f64 * self.variant.failures() as f64;
        let gap = ratio * b1 - b0;
        let discriminant = gap * gap + 4.0 * ratio * both_failed;
        let p0 = (2.0 * (x0 + x1) / (ratio * b1 + b0 + discriminant.sqrt())).min(1.0);
        let p1 = (ratio * p0).min(1.0);
        let scale = ratio.max(1.0);
        let variance =
            p1 * (1.0 - p1) / n1 / scale / scale + (ratio / scale) * (ratio / scale) * p0 * (1.0 - p0) / n0;
        let effect = x1 / n1 / scale - (ratio / scale) * x0 / n0;
        effect * effect - self.z * self.z * variance * n / (n - 1.0)
    }

    /// The end on one side of the estimate: −1 below, 1 above.
    fn end(&self, estimate: f64, side: f64) -> Result<f64, NotEstimable> {
        if (estimate == 0.0 && side < 0.0) || (estimate == f64::INFINITY && side > 0.0) {
            return Ok(estimate);
        }
        let inside = self.inside(estimate, side)?;
        if self.distance(inside) >= 0.0 {
            // A level so low that the end cannot be told from the estimate.
            return Ok(estimate);
        }
        let mut outside = inside;
        let mut stride = side;
        while self.distance(outside) <= 0.0 {
            outside += stride;
            stride *= 2.0;
            if outside.abs() > FARTHEST_LN {
                return Err(NotEstimable::Overflow { quantity: "an end of the ratio's interval" });
            }
        }
        let ln_end = brent("the score interval of the ratio", |u| self.distance(u), inside, outside)?;
        Ok(libm::exp(ln_end))
    }

    /// The logarithm of a ratio inside the interval, from which to look for the end.
    fn inside(&self, estimate: f64, side: f64) -> Result<f64, NotEstimable> {
        if estimate > 0.0 && estimate.is_finite() {
            let ln_estimate = libm::log(estimate);
            // When everybody did it the variance is 0 at the estimate, which is then a root, but not the end:
            // the end lies about z²/n away.
            let nudge = 1e-3 * (self.z * self.z / (self.control.n as f64 + self.variant.n as f64)).min(1.0);
            let start =
                if self.distance(ln_estimate) < 0.0 { ln_estimate } else { ln_estimate + nudge * side };
            return Ok(start);
        }
        // The estimate is 0 or ∞: walk towards it until inside.
        let towards = if estimate == 0.0 { -1.0 } else { 1.0 };
        let mut ln_ratio = 0.0;
        let mut stride = towards;
        while self.distance(ln_ratio) >= 0.0 {
            ln_ratio += stride;
            stride *= 2.0;
            if ln_ratio.abs() > FARTHEST_LN {
                return Err(NotEstimable::Overflow { quantity: "an end of the ratio's interval" });
            }
        }
        Ok(ln_ratio)
    }
}

fn no_successes(control: &ProportionSummary, variant: &ProportionSummary) -> NotEstimable {
    NotEstimable::NoSuccesses { control: control.successes, variant: variant.successes }
}
