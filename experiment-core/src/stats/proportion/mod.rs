//! Proportions: each customer did it or did not.
//!
//! In reading order: the summary and the two z tests (here), intervals for the difference
//! ([`newcombe_interval`], [`agresti_caffo_interval`], [`miettinen_nurminen_interval`], [`wald_interval`]),
//! for the ratio of rates ([`risk_ratio_log_interval`], [`risk_ratio_score_interval`]) and of odds
//! ([`odds_ratio_log_interval`]), all of these across strata ([`mantel_haenszel_test`]), and for one proportion
//! alone ([`wilson_interval`] and others).
//!
//! The difference and all variances come from the counts as integers and are rounded once, so that equal
//! arms give exactly 0 and 10⁹ customers lose no digits.

mod difference;
mod mantel_haenszel;
mod odds_ratio;
mod risk_ratio;
mod score;
mod single;

pub use difference::{agresti_caffo_interval, miettinen_nurminen_interval, newcombe_interval, wald_interval};
pub use mantel_haenszel::{
    CommonRatio, HalfStep, ProportionStratum, mantel_haenszel_odds_ratio, mantel_haenszel_risk_ratio,
    mantel_haenszel_test,
};
pub use odds_ratio::{odds_ratio, odds_ratio_log_interval};
pub use risk_ratio::{risk_ratio, risk_ratio_log_interval, risk_ratio_score_interval};
pub use single::{
    agresti_coull_interval, clopper_pearson_interval, jeffreys_equal_tailed_interval, jeffreys_interval,
    wilson_interval,
};

pub(crate) use risk_ratio::ln_risk_ratio_error;
pub(crate) use score::score_variance;

use crate::stats::comparison::{Reference, compare};
use crate::stats::{Comparison, NotEstimable, TestOptions};

/// How many customers there were, and how many of them did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProportionSummary {
    /// Customers who did it; at most `n`.
    pub successes: u64,
    /// All customers of the arm.
    pub n: u64,
}

impl ProportionSummary {
    /// The share that did it; `NaN` without customers.
    pub fn rate(&self) -> f64 {
        self.successes as f64 / self.n as f64
    }

    /// p(1 − p)/n, the variance of the rate.
    pub(crate) fn rate_variance(&self) -> f64 {
        let n = self.n as f64;
        (self.successes as f64 / n) * (self.failures() as f64 / n) / n
    }

    /// The same customers with successes and failures exchanged.
    pub(crate) fn complement(&self) -> Self {
        Self { successes: self.failures(), n: self.n }
    }

    pub(crate) fn failures(&self) -> u64 {
        self.n - self.successes
    }

    pub(crate) fn check(&self) -> Result<(), NotEstimable> {
        if self.n == 0 {
            return Err(NotEstimable::TooFewCustomers { n: 0, needed: 1 });
        }
        if self.successes > self.n {
            return Err(NotEstimable::ImpossibleInput {
                quantity: "the number of successes",
                value: self.successes as f64,
                allowed: "at most the number of customers",
            });
        }
        Ok(())
    }
}

/// Tests whether two proportions differ, with the variance of both arms taken as one sample.
///
/// The usual test of "no difference": under that hypothesis the arms share one rate, and its variance is
/// estimated from both. The interval is `effect ± z · std_error` with the same pooled error; to show an
/// interval prefer [`miettinen_nurminen_interval`].
///
/// # Errors
/// [`NotEstimable::NoVariation`] when nobody or everybody did it, [`NotEstimable::TooFewCustomers`] for an
/// empty arm, [`NotEstimable::ImpossibleInput`] for more successes than customers.
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::proportion::{ProportionSummary, pooled_z_test};
/// let control = ProportionSummary { successes: 120, n: 1000 };
/// let variant = ProportionSummary { successes: 150, n: 1000 };
/// let test = pooled_z_test(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert!((test.statistic - 1.963_049_807_622_355_3).abs() < 1e-12);
/// assert!((test.p_value - 0.049_640_386_865_369_4).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, 3rd ed., eq. 3.6 without the
/// continuity correction.
pub fn pooled_z_test(
    control: &ProportionSummary,
    variant: &ProportionSummary,
    options: &TestOptions,
) -> Result<Comparison, NotEstimable> {
    check_arms(control, variant)?;
    let n = control.n as f64 + variant.n as f64;
    let successes = control.successes as f64 + variant.successes as f64;
    let failures = control.failures() as f64 + variant.failures() as f64;
    let variance = (successes / n) * (failures / n) * (n / control.n as f64) / variant.n as f64;
    z_test(control, variant, variance, options)
}

/// Tests whether two proportions differ, each arm with its own variance (Wald).
///
/// Use it for the standard error of the effect and where the interval must match the test;
/// [`pooled_z_test`] keeps its level better.
///
/// # Errors
/// [`NotEstimable::NoVariation`] when neither arm varies, otherwise as [`pooled_z_test`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::proportion::{ProportionSummary, unpooled_z_test};
/// let control = ProportionSummary { successes: 120, n: 1000 };
/// let variant = ProportionSummary { successes: 150, n: 1000 };
/// let test = unpooled_z_test(&control, &variant, &TestOptions::two_sided(0.95))?;
/// assert!((test.std_error - 0.015_267_612_779_999_37).abs() < 1e-15);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Agresti (2013), Categorical Data Analysis, 3rd ed., eq. 3.1.
pub fn unpooled_z_test(
    control: &ProportionSummary,
    variant: &ProportionSummary,
    options: &TestOptions,
) -> Result<Comparison, NotEstimable> {
    check_arms(control, variant)?;
    z_test(control, variant, control.rate_variance() + variant.rate_variance(), options)
}

/// √(p₀(1−p₀)/n₀ + p₁(1−p₁)/n₁), the standard error of the difference without pooling; 0 when neither arm varies.
///
/// # Errors
/// [`NotEstimable::TooFewCustomers`] for an empty arm, [`NotEstimable::ImpossibleInput`] for more successes
/// than customers.
///
/// # Examples
/// ```
/// use experiment_core::stats::proportion::{ProportionSummary, unpooled_std_error};
/// let arm = ProportionSummary { successes: 50, n: 100 };
/// assert!((unpooled_std_error(&arm, &arm)? - 0.005f64.sqrt()).abs() < 1e-15);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn unpooled_std_error(
    control: &ProportionSummary,
    variant: &ProportionSummary,
) -> Result<f64, NotEstimable> {
    check_arms(control, variant)?;
    Ok((control.rate_variance() + variant.rate_variance()).sqrt())
}

/// Variant's rate minus the control's, from the integers, rounded once.
///
/// # Errors
/// As [`unpooled_std_error`].
///
/// # Examples
/// ```
/// use experiment_core::stats::proportion::{ProportionSummary, rate_difference};
/// let control = ProportionSummary { successes: 3, n: 10 };
/// let variant = ProportionSummary { successes: 6, n: 10 };
/// assert_eq!(rate_difference(&control, &variant)?, 0.3);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn rate_difference(
    control: &ProportionSummary,
    variant: &ProportionSummary,
) -> Result<f64, NotEstimable> {
    check_arms(control, variant)?;
    Ok(difference_of_rates(control, variant))
}

fn z_test(
    control: &ProportionSummary,
    variant: &ProportionSummary,
    variance: f64,
    options: &TestOptions,
) -> Result<Comparison, NotEstimable> {
    options.tail()?;
    if variance == 0.0 {
        return Err(NotEstimable::NoVariation { control: control.rate(), variant: variant.rate() });
    }
    compare(difference_of_rates(control, variant), 0.0, variance.sqrt(), Reference::Normal, options)
}

pub(crate) fn difference_of_rates(control: &ProportionSummary, variant: &ProportionSummary) -> f64 {
    let (n0, n1) = (u128::from(control.n), u128::from(variant.n));
    let (plus, minus) = (u128::from(variant.successes) * n0, u128::from(control.successes) * n1);
    let distance = plus.abs_diff(minus) as f64 / (n0 * n1) as f64;
    if plus < minus { -distance } else { distance }
}

pub(crate) fn check_arms(
    control: &ProportionSummary,
    variant: &ProportionSummary,
) -> Result<(), NotEstimable> {
    control.check()?;
    variant.check()
}
