//! Two proportions across strata: Cochran, Mantel and Haenszel's test and the common ratios.
//!
//! Each stratum (segment, country, phase) compares its own arms; only then are they put together, so arms that
//! hold the strata in different shares do no harm. Strata may be small: a customer each is enough, if many.

use crate::stats::chi_square::ChiSquareTest;
use crate::stats::distribution::{chi_square, normal};
use crate::stats::not_estimable::{finite, require_that};
use crate::stats::proportion::{ProportionSummary, check_arms};
use crate::stats::{Interval, NotEstimable, TestOptions};

/// Both arms within one stratum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProportionStratum {
    /// The control's customers of the stratum.
    pub control: ProportionSummary,
    /// The variant's customers of the stratum.
    pub variant: ProportionSummary,
}

impl ProportionStratum {
    fn n(&self) -> f64 {
        self.control.n as f64 + self.variant.n as f64
    }

    /// Successes of one arm and failures of the other, multiplied, over the customers of the stratum.
    fn crossed(&self, one: &ProportionSummary, other: &ProportionSummary) -> f64 {
        one.successes as f64 * (other.failures() as f64 / self.n())
    }
}

/// A ratio common to all strata.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CommonRatio {
    /// Variant over control.
    pub ratio: f64,
    /// Symmetric on the logarithm, with the normal quantile.
    pub interval: Interval,
}

/// Whether half a customer is taken off the distance, as if towards the exact test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HalfStep {
    /// As it is.
    Kept,
    /// Half a customer nearer to "no difference", at most to it; the default of R.
    Taken,
}

/// Tests whether the arms' odds are the same in every stratum: χ² with one degree of freedom.
///
/// (Σ(x₁ − E))²/ΣV with the hypergeometric mean and variance of each stratum. Strong against differences of one
/// direction; blind to strata that differ in opposite ones.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] without strata, [`NotEstimable::TooFewCustomers`] for an empty arm of a
/// stratum, [`NotEstimable::NoVariation`] when in each stratum nobody or everybody did it.
///
/// # Examples
/// ```
/// use experiment_core::stats::proportion::{
///     HalfStep, ProportionStratum, ProportionSummary, mantel_haenszel_test,
/// };
/// let arm = |successes, n| ProportionSummary { successes, n };
/// let strata = [
///     ProportionStratum { control: arm(20, 100), variant: arm(30, 100) },
///     ProportionStratum { control: arm(40, 100), variant: arm(45, 100) },
///     ProportionStratum { control: arm(9, 200), variant: arm(5, 200) },
/// ];
/// let test = mantel_haenszel_test(&strata, HalfStep::Kept)?;
/// assert!((test.statistic - 1.205_744_867_579_194_6).abs() < 1e-12);
/// let corrected = mantel_haenszel_test(&strata, HalfStep::Taken)?;
/// assert!((corrected.p_value - 0.318_162_930_227_164_7).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Cochran (1954), Biometrics 10(4), 417–451, doi:10.2307/3001616; Mantel & Haenszel (1959), Journal of the
/// National Cancer Institute 22(4), 719–748.
pub fn mantel_haenszel_test(
    strata: &[ProportionStratum],
    half_step: HalfStep,
) -> Result<ChiSquareTest, NotEstimable> {
    let strata = &telling(strata)?;
    let (mut excess, mut variance) = (0.0, 0.0);
    for stratum in strata {
        let n = stratum.n();
        let (n0, n1) = (stratum.control.n as f64, stratum.variant.n as f64);
        let successes = stratum.control.successes as f64 + stratum.variant.successes as f64;
        // x₁ − n₁ x/n, from differences of whole numbers.
        excess += (stratum.crossed(&stratum.variant, &stratum.control))
            - (stratum.crossed(&stratum.control, &stratum.variant));
        variance += (n0 / n) * (n1 / n) * successes * ((n - successes) / (n - 1.0));
    }
    if variance == 0.0 {
        let rate =
            |arm: fn(&ProportionStratum) -> ProportionSummary| strata.first().map_or(0.0, |s| arm(s).rate());
        return Err(NotEstimable::NoVariation {
            control: rate(|stratum| stratum.control),
            variant: rate(|stratum| stratum.variant),
        });
    }
    let step = if half_step == HalfStep::Taken { 0.5 } else { 0.0 };
    let distance = (excess.abs() - step).max(0.0);
    let statistic = finite("the statistic", distance * distance / variance)?;
    Ok(ChiSquareTest {
        statistic,
        degrees_of_freedom: 1.0,
        p_value: chi_square::sf(statistic, 1.0),
        log10_p_value: chi_square::log10_sf(statistic, 1.0),
    })
}

/// The odds ratio that all strata share, with Robins, Breslow and Greenland's variance.
///
/// # Errors
/// [`NotEstimable::NoSuccesses`] or [`NotEstimable::NoFailures`] when no stratum has a success of one arm beside a
/// failure of the other, for either arm; [`NotEstimable::Overflow`] when an end of the interval is beyond what
/// floats hold; otherwise as [`mantel_haenszel_test`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::proportion::{
///     ProportionStratum, ProportionSummary, mantel_haenszel_odds_ratio,
/// };
/// let arm = |successes, n| ProportionSummary { successes, n };
/// let strata = [
///     ProportionStratum { control: arm(20, 100), variant: arm(30, 100) },
///     ProportionStratum { control: arm(40, 100), variant: arm(45, 100) },
///     ProportionStratum { control: arm(9, 200), variant: arm(5, 200) },
/// ];
/// let common = mantel_haenszel_odds_ratio(&strata, &TestOptions::two_sided(0.95))?;
/// assert!((common.ratio - 1.245_672_808_486_879).abs() < 1e-12);
/// assert!((common.interval.upper - 1.843_544_925_771_687_7).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Mantel & Haenszel (1959); Robins, Breslow & Greenland (1986), Biometrics 42(2), 311–323,
/// doi:10.2307/2531052.
pub fn mantel_haenszel_odds_ratio(
    strata: &[ProportionStratum],
    options: &TestOptions,
) -> Result<CommonRatio, NotEstimable> {
    let strata = &telling(strata)?;
    let (mut above, mut below) = (0.0, 0.0);
    let (mut agree_above, mut mixed, mut differ_below) = (0.0, 0.0, 0.0);
    for stratum in strata {
        let ProportionStratum { control, variant } = stratum;
        let (up, down) = (stratum.crossed(variant, control), stratum.crossed(control, variant));
        let agree = (variant.successes as f64 + control.failures() as f64) / stratum.n();
        above += up;
        below += down;
        agree_above += agree * up;
        mixed += agree * down + (1.0 - agree) * up;
        differ_below += (1.0 - agree) * down;
    }
    let variance = agree_above / (2.0 * above * above)
        + mixed / (2.0 * above * below)
        + differ_below / (2.0 * below * below);
    common(strata, (above, below), variance, options)
}

/// The ratio of rates that all strata share, with Greenland and Robins' variance.
///
/// # Errors
/// [`NotEstimable::NoSuccesses`] when an arm has none in any stratum; [`NotEstimable::Overflow`] when an end of the
/// interval is beyond what floats hold; otherwise as [`mantel_haenszel_test`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::proportion::{
///     ProportionStratum, ProportionSummary, mantel_haenszel_risk_ratio,
/// };
/// let arm = |successes, n| ProportionSummary { successes, n };
/// let strata = [
///     ProportionStratum { control: arm(20, 100), variant: arm(30, 100) },
///     ProportionStratum { control: arm(40, 100), variant: arm(45, 100) },
///     ProportionStratum { control: arm(9, 200), variant: arm(5, 200) },
/// ];
/// let common = mantel_haenszel_risk_ratio(&strata, &TestOptions::two_sided(0.95))?;
/// assert!((common.ratio - 1.159_420_289_855_072_5).abs() < 1e-14);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Greenland & Robins (1985), Biometrics 41(1), 55–68, eq. 13, doi:10.2307/2530643.
pub fn mantel_haenszel_risk_ratio(
    strata: &[ProportionStratum],
    options: &TestOptions,
) -> Result<CommonRatio, NotEstimable> {
    let strata = &telling(strata)?;
    let (mut above, mut below, mut spread) = (0.0, 0.0, 0.0);
    for stratum in strata {
        let ProportionStratum { control, variant } = stratum;
        let n = stratum.n();
        let (x0, x1) = (control.successes as f64, variant.successes as f64);
        let (share0, share1) = (control.n as f64 / n, variant.n as f64 / n);
        above += x1 * share0;
        below += x0 * share1;
        spread += share0 * share1 * (x0 + x1) - (x0 / n) * x1;
    }
    if strata.iter().all(|stratum| stratum.control.failures() == 0 && stratum.variant.failures() == 0) {
        return Err(NotEstimable::NoVariation { control: 1.0, variant: 1.0 });
    }
    // Rounding may leave a little below 0.
    common(strata, (above, below), spread.max(0.0) / above / below, options)
}

fn common(
    strata: &[ProportionStratum],
    (above, below): (f64, f64),
    variance: f64,
    options: &TestOptions,
) -> Result<CommonRatio, NotEstimable> {
    let z = normal::upper_quantile(options.tail()?);
    if above == 0.0 || below == 0.0 {
        let total =
            |count: fn(&ProportionStratum) -> u64| strata.iter().map(count).fold(0, u64::saturating_add);
        let successes = (total(|s| s.control.successes), total(|s| s.variant.successes));
        return Err(if successes.0 == 0 || successes.1 == 0 {
            NotEstimable::NoSuccesses { control: successes.0, variant: successes.1 }
        } else {
            NotEstimable::NoFailures {
                control: total(|s| s.control.failures()),
                variant: total(|s| s.variant.failures()),
            }
        });
    }
    let ratio = above / below;
    let half_width = z * finite("the variance of the logarithm", variance)?.sqrt();
    let (shrunk, stretched) = (libm::exp(-half_width), libm::exp(half_width));
    // Sparse strata may stretch the interval beyond what floats hold, upwards or, with the arms swapped,
    // downwards: either is told.
    finite("the end farther from 1", ratio.max(1.0 / ratio) * stretched)?;
    Ok(CommonRatio { ratio, interval: options.keep_ends(ratio * shrunk, ratio * stretched) })
}

/// The strata that say something: one in which an arm is empty adds nothing, whatever the other did.
fn telling(strata: &[ProportionStratum]) -> Result<Vec<ProportionStratum>, NotEstimable> {
    let is_telling = |stratum: &&ProportionStratum| stratum.control.n > 0 && stratum.variant.n > 0;
    let telling: Vec<ProportionStratum> = strata.iter().filter(is_telling).copied().collect();
    require_that(!telling.is_empty(), "the number of strata with customers in both arms", 0.0, "at least 1")?;
    telling.iter().try_for_each(|stratum| check_arms(&stratum.control, &stratum.variant))?;
    Ok(telling)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::proportion::{odds_ratio_log_interval, risk_ratio_log_interval};

    /// With one stratum the common ratios and their variances are Woolf's and Katz's.
    #[test]
    fn one_stratum_is_no_stratum() {
        let arm = |successes, n| ProportionSummary { successes, n };
        let (control, variant) = (arm(120, 1000), arm(171, 1100));
        let strata = [ProportionStratum { control, variant }];
        let options = TestOptions::two_sided(0.9);
        let odds = mantel_haenszel_odds_ratio(&strata, &options).unwrap();
        let woolf = odds_ratio_log_interval(&control, &variant, &options).unwrap();
        let risk = mantel_haenszel_risk_ratio(&strata, &options).unwrap();
        let katz = risk_ratio_log_interval(&control, &variant, &options).unwrap();
        for (got, want) in [(odds.interval, woolf), (risk.interval, katz)] {
            assert!(
                (got.lower - want.lower).abs() < 1e-13 && (got.upper - want.upper).abs() < 1e-13,
                "{got:?} {want:?}"
            );
        }
    }

    /// Nearly nobody beside nearly everybody: the logarithm's standard deviation is about a thousand.
    #[test]
    fn an_interval_too_wide_is_told_for_either_order_of_the_arms() {
        let arm = |successes, n| ProportionSummary { successes, n };
        let strata = [
            ProportionStratum { control: arm(1, 1), variant: arm(0, 6) },
            ProportionStratum { control: arm(22, 25), variant: arm(42, 547_959_567) },
            ProportionStratum { control: arm(171, 707_010_335), variant: arm(0, 155_698_549) },
        ];
        let swapped =
            strata.map(|stratum| ProportionStratum { control: stratum.variant, variant: stratum.control });
        let options = TestOptions::two_sided(0.95);
        for strata in [strata, swapped] {
            assert_eq!(mantel_haenszel_odds_ratio(&strata, &options).unwrap_err().code(), "overflow");
        }
    }

    #[test]
    fn strata_without_variation_say_so() {
        let nobody = ProportionSummary { successes: 0, n: 5 };
        let strata = [ProportionStratum { control: nobody, variant: nobody }];
        assert_eq!(mantel_haenszel_test(&strata, HalfStep::Kept).unwrap_err().code(), "no_variation");
        let options = TestOptions::two_sided(0.95);
        assert_eq!(mantel_haenszel_odds_ratio(&strata, &options).unwrap_err().code(), "no_successes");
        let everybody = ProportionSummary { successes: 5, n: 5 };
        let strata = [ProportionStratum { control: everybody, variant: everybody }];
        assert_eq!(mantel_haenszel_odds_ratio(&strata, &options).unwrap_err().code(), "no_failures");
        assert_eq!(mantel_haenszel_risk_ratio(&strata, &options).unwrap_err().code(), "no_variation");
        // A stratum with an empty arm adds nothing, and alone says nothing.
        let arm = |successes, n| ProportionSummary { successes, n };
        let full = ProportionStratum { control: arm(20, 100), variant: arm(30, 100) };
        let half = ProportionStratum { control: arm(0, 0), variant: arm(1, 2) };
        let with = mantel_haenszel_test(&[full, half], HalfStep::Kept);
        assert_eq!(with, mantel_haenszel_test(&[full], HalfStep::Kept));
        assert_eq!(mantel_haenszel_test(&[half], HalfStep::Kept).unwrap_err().code(), "impossible_input");
        assert_eq!(mantel_haenszel_test(&[], HalfStep::Kept).unwrap_err().code(), "impossible_input");
    }
}
