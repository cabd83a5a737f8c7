//! Do several means differ at all? One-way analysis of variance, from summaries of the arms.
//!
//! A first look at many arms; it does not say which one differs. For that compare each with the control
//! ([`mean`](crate::stats::mean)) and correct for many tests, or use [`dunnett`](crate::stats::dunnett). For ranks
//! instead of means see [`kruskal_wallis_test`](crate::stats::rank::kruskal_wallis_test).

use crate::stats::NotEstimable;
use crate::stats::distribution::fisher_f;
use crate::stats::mean::MeanSummary;
use crate::stats::not_estimable::{finite, require_that};

/// An F test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FTest {
    /// The statistic, at least 0.
    pub statistic: f64,
    /// Degrees of freedom between the arms.
    pub between: f64,
    /// Degrees of freedom within the arms; not whole for Welch's test.
    pub within: f64,
    /// Probability of a statistic at least as large if all means are the same.
    pub p_value: f64,
    /// Base-10 logarithm of `p_value`, exact where `p_value` itself underflows.
    pub log10_p_value: f64,
}

/// Tests whether two or more means are the same, each arm with its own variance: Welch's analysis of variance.
///
/// With two arms it is Welch's t test, squared. An arm that does not vary weighs without bound, so each must vary.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for fewer than two arms, [`NotEstimable::TooFewCustomers`] below two customers
/// in one, [`NotEstimable::NoVariation`] when an arm does not vary.
///
/// # Examples
/// ```
/// use experiment_core::stats::anova::welch_anova;
/// use experiment_core::stats::mean::MeanSummary;
/// let arms = [[1.0, 2.0, 3.0, 4.0].as_slice(), &[2.0, 4.0, 4.0, 6.0, 9.0], &[5.0, 7.0, 8.0]];
/// let arms = arms.map(|values| MeanSummary::from_values(values).unwrap());
/// let test = welch_anova(&arms)?;
/// assert!((test.statistic - 6.759_033_347_222_473).abs() < 1e-12);
/// assert!((test.within - 5.389_655_490_771_186).abs() < 1e-12);
/// assert!((test.p_value - 0.033_970_983_867_889_59).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Welch, B. L. (1951), On the comparison of several mean values, Biometrika 38(3–4), 330–336,
/// doi:10.1093/biomet/38.3-4.330.
pub fn welch_anova(arms: &[MeanSummary]) -> Result<FTest, NotEstimable> {
    check(arms)?;
    if let Some(still) = arms.iter().find(|arm| arm.mean_variance() == 0.0) {
        return Err(NotEstimable::NoVariation { control: still.mean, variant: still.mean });
    }
    // Weights relative to the least variance, which is theirs and so at least 0 and at most 1.
    let least = arms.iter().map(MeanSummary::mean_variance).fold(f64::INFINITY, f64::min);
    let weights: Vec<f64> = arms.iter().map(|arm| least / arm.mean_variance()).collect();
    let total: f64 = weights.iter().sum();
    let shares = || weights.iter().map(|weight| weight / total);
    let middle: f64 = shares().zip(arms).map(|(share, arm)| share * arm.mean).sum();
    let between = arms.len() as f64 - 1.0;
    let spread: f64 = arms
        .iter()
        .map(|arm| {
            let distance = (arm.mean - middle) / arm.mean_variance().sqrt();
            distance * distance
        })
        .sum();
    let uneven: f64 =
        shares().zip(arms).map(|(share, arm)| (1.0 - share) * (1.0 - share) / (arm.n as f64 - 1.0)).sum();
    let count = arms.len() as f64;
    let squares = count * count - 1.0;
    let statistic = spread / between / (1.0 + 2.0 * (count - 2.0) / squares * uneven);
    judge(statistic, between, squares / (3.0 * uneven))
}

/// Tests whether two or more means are the same under one common variance: the classic analysis of variance.
///
/// Wrong when variances differ in arms of different size; here because others report it.
///
/// # Errors
/// As [`welch_anova`], but [`NotEstimable::NoVariation`] only when no arm varies.
///
/// # Examples
/// ```
/// use experiment_core::stats::anova::one_way_anova;
/// use experiment_core::stats::mean::MeanSummary;
/// let arms = [[1.0, 2.0, 3.0, 4.0].as_slice(), &[2.0, 4.0, 4.0, 6.0, 9.0], &[5.0, 7.0, 8.0]];
/// let arms = arms.map(|values| MeanSummary::from_values(values).unwrap());
/// let test = one_way_anova(&arms)?;
/// assert!((test.statistic - 3.733_407_079_646_017).abs() < 1e-12);
/// assert!((test.p_value - 0.065_970_255_131_933_77).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Fisher, R. A. (1925), Statistical Methods for Research Workers, chapter 7.
pub fn one_way_anova(arms: &[MeanSummary]) -> Result<FTest, NotEstimable> {
    check(arms)?;
    let n: f64 = arms.iter().map(|arm| arm.n as f64).sum();
    let within = n - arms.len() as f64;
    let pooled: f64 = arms.iter().map(|arm| (arm.n as f64 - 1.0) / within * arm.variance).sum();
    if pooled == 0.0 {
        return Err(NotEstimable::NoVariation { control: arms[0].mean, variant: arms[1].mean });
    }
    let middle: f64 = arms.iter().map(|arm| arm.n as f64 / n * arm.mean).sum();
    let spread: f64 = arms
        .iter()
        .map(|arm| {
            let distance = (arm.mean - middle) / pooled.sqrt();
            arm.n as f64 * distance * distance
        })
        .sum();
    let between = arms.len() as f64 - 1.0;
    judge(spread / between, between, within)
}

fn check(arms: &[MeanSummary]) -> Result<(), NotEstimable> {
    require_that(arms.len() >= 2, "the number of arms", arms.len() as f64, "at least 2")?;
    arms.iter().try_for_each(MeanSummary::check)
}

fn judge(statistic: f64, between: f64, within: f64) -> Result<FTest, NotEstimable> {
    finite("the statistic", statistic)?;
    finite("the degrees of freedom", within)?;
    Ok(FTest {
        statistic,
        between,
        within,
        p_value: fisher_f::sf(statistic, between, within),
        log10_p_value: fisher_f::log10_sf(statistic, between, within),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::TestOptions;
    use crate::stats::mean::{student_test, welch_test};

    /// With two arms F is t squared, for both.
    #[test]
    fn two_arms_are_a_t_test() {
        let control = MeanSummary { n: 40, mean: 1.0, variance: 2.0 };
        let variant = MeanSummary { n: 90, mean: 1.8, variance: 9.0 };
        let options = TestOptions::two_sided(0.95);
        for (f, t) in [
            (welch_anova(&[control, variant]), welch_test(&control, &variant, &options)),
            (one_way_anova(&[control, variant]), student_test(&control, &variant, &options)),
        ] {
            let (f, t) = (f.unwrap(), t.unwrap());
            assert!((f.statistic - t.statistic * t.statistic).abs() < 1e-12, "{f:?} {t:?}");
            assert!((f.within - t.degrees_of_freedom.unwrap()).abs() < 1e-9);
            assert!((f.p_value - t.p_value).abs() < 1e-12);
        }
    }
}
