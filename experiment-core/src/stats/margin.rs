//! Tests against a margin: superiority by at least so much, non-inferiority, equivalence.
//!
//! All test a *null effect* other than 0 (variant minus control). With a margin m > 0:
//!
//! | question | null effect | alternative |
//! | --- | --- | --- |
//! | better by more than m? | m | `Greater` |
//! | not worse by m, higher is better | −m | `Greater` |
//! | not worse by m, lower is better | m | `Less` |
//! | within ±m | both, by [`welch_tost`] or [`wald_tost`] | |
//!
//! The interval of a one-sided test is the matching bound: the variant is not inferior at level α exactly
//! when the one-sided bound at 1 − α lies on the good side of the margin. For proportions prefer
//! [`miettinen_nurminen_at`]: the Wald test is too eager with rates near 0 or 1.
//!
//! # References
//! Schuirmann (1987), Journal of Pharmacokinetics and Biopharmaceutics 15(6), 657–680,
//! doi:10.1007/BF01068419 (two one-sided tests); Farrington & Manning (1990), Statistics in Medicine 9(12),
//! 1447–1454, doi:10.1002/sim.4780091208; Miettinen & Nurminen (1985), doi:10.1002/sim.4780040211.

use crate::stats::comparison::{Reference, compare};
use crate::stats::mean::{MeanSummary, welch_test_at};
use crate::stats::not_estimable::{finite, finite_input, require_that};
use crate::stats::proportion::{ProportionSummary, check_arms, difference_of_rates, score_variance};
use crate::stats::{Alternative, Comparison, NotEstimable, TestOptions};

/// The effects that count as no relevant difference, `low < high`, in the metric's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EquivalenceRange {
    /// The lowest effect that is still equivalent, e.g. −0.01.
    pub low: f64,
    /// The highest, e.g. 0.01.
    pub high: f64,
}

/// Two one-sided tests: equivalence is shown when both reject.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tost {
    /// Against effects at or below `low`.
    pub lower: Comparison,
    /// Against effects at or above `high`.
    pub upper: Comparison,
    /// The larger of the two p-values.
    pub p_value: f64,
    /// Base-10 logarithm of `p_value`.
    pub log10_p_value: f64,
}

/// A score test of a difference between proportions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreTest {
    /// Variant minus control.
    pub effect: f64,
    /// Standard error under the null effect.
    pub std_error: f64,
    /// Effect less null effect, over `std_error`.
    pub statistic: f64,
    /// Probability of a statistic at least this extreme.
    pub p_value: f64,
    /// Base-10 logarithm of `p_value`.
    pub log10_p_value: f64,
}

/// Welch's test against a null effect; the interval is that of the effect, as in
/// [`welch_test`](crate::stats::mean::welch_test).
///
/// # Errors
/// As [`welch_test`](crate::stats::mean::welch_test); [`NotEstimable::ImpossibleInput`] for a null effect
/// that is not finite.
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::margin::welch_at;
/// use experiment_core::stats::mean::MeanSummary;
/// let control = MeanSummary { n: 200, mean: 10.0, variance: 16.0 };
/// let variant = MeanSummary { n: 210, mean: 9.8, variance: 17.0 };
/// // Not worse by 0.5?
/// let test = welch_at(&control, &variant, -0.5, &TestOptions::greater(0.95))?;
/// assert!((test.p_value - 0.227_512_567_936_234_37).abs() < 1e-12);
/// assert!((test.interval.lower + 0.861_398_984_632_672_1).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn welch_at(
    control: &MeanSummary,
    variant: &MeanSummary,
    null_effect: f64,
    options: &TestOptions,
) -> Result<Comparison, NotEstimable> {
    welch_test_at(control, variant, finite_input("the null effect", null_effect)?, options)
}

/// Wald's test of a difference between proportions against a null effect.
///
/// # Errors
/// As [`unpooled_z_test`](crate::stats::proportion::unpooled_z_test);
/// [`NotEstimable::ImpossibleInput`] for a null effect outside (−1, 1).
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::margin::wald_at;
/// use experiment_core::stats::proportion::ProportionSummary;
/// let control = ProportionSummary { successes: 85, n: 100 };
/// let variant = ProportionSummary { successes: 82, n: 100 };
/// let test = wald_at(&control, &variant, -0.1, &TestOptions::greater(0.95))?;
/// assert!((test.statistic - 1.334_604_991_546_397_6).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
pub fn wald_at(
    control: &ProportionSummary,
    variant: &ProportionSummary,
    null_effect: f64,
    options: &TestOptions,
) -> Result<Comparison, NotEstimable> {
    check_null_difference(control, variant, null_effect)?;
    let variance = control.rate_variance() + variant.rate_variance();
    if variance == 0.0 {
        return Err(NotEstimable::NoVariation { control: control.rate(), variant: variant.rate() });
    }
    let effect = difference_of_rates(control, variant);
    compare(effect, null_effect, variance.sqrt(), Reference::Normal, options)
}

/// Two one-sided Welch tests that the effect lies within a range; `alpha` in (0, 1) is the level of each.
///
/// # Errors
/// As [`welch_at`]; [`NotEstimable::ImpossibleInput`] when the range is empty.
///
/// # Examples
/// ```
/// use experiment_core::stats::margin::{EquivalenceRange, welch_tost};
/// use experiment_core::stats::mean::MeanSummary;
/// let control = MeanSummary { n: 1000, mean: 3.0, variance: 9.0 };
/// let variant = MeanSummary { n: 990, mean: 3.0, variance: 9.0 };
/// let tost = welch_tost(&control, &variant, &EquivalenceRange { low: -0.3, high: 0.3 }, 0.05)?;
/// assert!((tost.p_value - 0.012_914_648_310_038_806).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Schuirmann (1987), as in the module.
pub fn welch_tost(
    control: &MeanSummary,
    variant: &MeanSummary,
    range: &EquivalenceRange,
    alpha: f64,
) -> Result<Tost, NotEstimable> {
    check_range(range)?;
    both(
        welch_at(control, variant, range.low, &TestOptions::greater(1.0 - alpha))?,
        welch_at(control, variant, range.high, &TestOptions::less(1.0 - alpha))?,
    )
}

/// Two one-sided Wald tests that a difference of proportions lies within a range.
///
/// # Errors
/// As [`wald_at`]; [`NotEstimable::ImpossibleInput`] when the range is empty.
///
/// # Examples
/// ```
/// use experiment_core::stats::margin::{EquivalenceRange, wald_tost};
/// use experiment_core::stats::proportion::ProportionSummary;
/// let control = ProportionSummary { successes: 20_034, n: 44_700 };
/// let variant = ProportionSummary { successes: 20_119, n: 45_489 };
/// let tost = wald_tost(&control, &variant, &EquivalenceRange { low: -0.005, high: 0.005 }, 0.05)?;
/// assert!((tost.p_value - 0.607_755_597_587_777_1).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Schuirmann (1987), as in the module.
pub fn wald_tost(
    control: &ProportionSummary,
    variant: &ProportionSummary,
    range: &EquivalenceRange,
    alpha: f64,
) -> Result<Tost, NotEstimable> {
    check_range(range)?;
    both(
        wald_at(control, variant, range.low, &TestOptions::greater(1.0 - alpha))?,
        wald_at(control, variant, range.high, &TestOptions::less(1.0 - alpha))?,
    )
}

/// Farrington and Manning's score test against a null difference of proportions.
///
/// # Errors
/// [`NotEstimable::NoVariation`] when the rates that fit the null difference best are 0 and 1,
/// [`NotEstimable::ImpossibleInput`] for a null effect outside (−1, 1) or counts that no data has,
/// [`NotEstimable::TooFewCustomers`] for an empty arm.
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::margin::farrington_manning_at;
/// use experiment_core::stats::proportion::ProportionSummary;
/// let control = ProportionSummary { successes: 85, n: 100 };
/// let variant = ProportionSummary { successes: 82, n: 100 };
/// let test = farrington_manning_at(&control, &variant, -0.1, Alternative::Greater)?;
/// assert!((test.statistic - 1.319_776_682_490_297_7).abs() < 1e-10);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Farrington & Manning (1990), section 2, as in the module.
pub fn farrington_manning_at(
    control: &ProportionSummary,
    variant: &ProportionSummary,
    null_effect: f64,
    alternative: Alternative,
) -> Result<ScoreTest, NotEstimable> {
    score_test(control, variant, null_effect, alternative, 1.0)
}

/// Miettinen and Nurminen's score test: Farrington and Manning's with the variance times N/(N − 1).
///
/// Agrees with [`miettinen_nurminen_interval`](crate::stats::proportion::miettinen_nurminen_interval): it
/// rejects a null effect exactly when the interval leaves it out.
///
/// # Errors
/// As [`farrington_manning_at`].
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::margin::miettinen_nurminen_at;
/// use experiment_core::stats::proportion::ProportionSummary;
/// let control = ProportionSummary { successes: 85, n: 100 };
/// let variant = ProportionSummary { successes: 82, n: 100 };
/// let test = miettinen_nurminen_at(&control, &variant, -0.1, Alternative::Greater)?;
/// assert!((test.p_value - 0.094_007_649_633_123_18).abs() < 1e-10);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Miettinen & Nurminen (1985), eqs. 8–9, as in the module.
pub fn miettinen_nurminen_at(
    control: &ProportionSummary,
    variant: &ProportionSummary,
    null_effect: f64,
    alternative: Alternative,
) -> Result<ScoreTest, NotEstimable> {
    let n = control.n as f64 + variant.n as f64;
    score_test(control, variant, null_effect, alternative, n / (n - 1.0))
}

fn score_test(
    control: &ProportionSummary,
    variant: &ProportionSummary,
    null_effect: f64,
    alternative: Alternative,
    inflation: f64,
) -> Result<ScoreTest, NotEstimable> {
    check_null_difference(control, variant, null_effect)?;
    let std_error = (score_variance(control, variant, null_effect)? * inflation).sqrt();
    if std_error == 0.0 {
        return Err(NotEstimable::NoVariation { control: control.rate(), variant: variant.rate() });
    }
    let effect = difference_of_rates(control, variant);
    let statistic = finite("the statistic", (effect - null_effect) / std_error)?;
    let (p_value, log10_p_value) = Reference::Normal.p_value(statistic, alternative);
    Ok(ScoreTest { effect, std_error, statistic, p_value, log10_p_value })
}

fn both(lower: Comparison, upper: Comparison) -> Result<Tost, NotEstimable> {
    Ok(Tost {
        lower,
        upper,
        p_value: lower.p_value.max(upper.p_value),
        log10_p_value: lower.log10_p_value.max(upper.log10_p_value),
    })
}

fn check_range(range: &EquivalenceRange) -> Result<(), NotEstimable> {
    require_that(range.low < range.high, "the low end of the range", range.low, "below the high end")
}

fn check_null_difference(
    control: &ProportionSummary,
    variant: &ProportionSummary,
    null_effect: f64,
) -> Result<(), NotEstimable> {
    check_arms(control, variant)?;
    let possible = null_effect > -1.0 && null_effect < 1.0;
    require_that(possible, "the null effect", null_effect, "between -1 and 1, both excluded")
}
