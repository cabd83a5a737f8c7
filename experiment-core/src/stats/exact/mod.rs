//! Exact tests for small counts: Fisher, Boschloo and Barnard for two arms, the binomial test for one.
//!
//! "Exact" means that the false-positive rate never exceeds the level at any sample size. [`fisher_test`]
//! conditions on the number of successes and is conservative; [`boschloo_test`] uses Fisher's p as a
//! statistic and is never less powerful; [`barnard_test`] orders tables by the pooled z. With hundreds of
//! successes and failures in each arm, [`pooled_z_test`](crate::stats::proportion::pooled_z_test) says the same.

mod unconditional;

pub use unconditional::{MOST_CUSTOMERS_AN_ARM, UnconditionalTest, barnard_test, boschloo_test};

use crate::stats::distribution::discrete::{Binomial, Hypergeometric, Unimodal, p_and_log10};
use crate::stats::not_estimable::{open_fraction, require_that};
use crate::stats::proportion::{ProportionSummary, check_arms};
use crate::stats::{Alternative, NotEstimable};

/// Trials that a sum of probabilities may cover: its length is some √n.
const MOST_TRIALS: u64 = 1_000_000_000_000;

/// A probability computed by counting outcomes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExactTest {
    /// Probability of an outcome at least this extreme.
    pub p_value: f64,
    /// Base-10 logarithm of `p_value`, exact where `p_value` itself underflows.
    pub log10_p_value: f64,
}

impl ExactTest {
    pub(crate) fn from_ln(ln_p: f64) -> Self {
        let (p_value, log10_p_value) = p_and_log10(ln_p);
        Self { p_value, log10_p_value }
    }
}

/// Fisher's exact test that two proportions are the same, given the successes of both arms together.
///
/// Two-sided is the sum over all tables no likelier than the observed one, as in R and SciPy; one-sided
/// p-values are hypergeometric tails. Holds its level whatever the sizes, but is conservative for small
/// ones: prefer [`boschloo_test`] there.
///
/// # Errors
/// [`NotEstimable::TooFewCustomers`] for an empty arm, [`NotEstimable::ImpossibleInput`] for more successes
/// than customers or more than 10¹² customers. When nobody or everybody did it, p is 1.
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::exact::fisher_test;
/// use experiment_core::stats::proportion::ProportionSummary;
/// let control = ProportionSummary { successes: 0, n: 6 };
/// let variant = ProportionSummary { successes: 4, n: 7 };
/// let test = fisher_test(&control, &variant, Alternative::TwoSided)?;
/// assert!((test.p_value - 50.0 / 715.0).abs() < 1e-14);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Fisher, R. A. (1935), The logic of inductive inference, Journal of the Royal Statistical Society 98(1),
/// 39–82, doi:10.2307/2342435.
pub fn fisher_test(
    control: &ProportionSummary,
    variant: &ProportionSummary,
    alternative: Alternative,
) -> Result<ExactTest, NotEstimable> {
    check_arms(control, variant)?;
    for arm in [control, variant] {
        require_that(arm.n <= MOST_TRIALS, "the number of customers", arm.n as f64, "at most 10^12")?;
    }
    Ok(ExactTest::from_ln(ln_fisher(control, variant, alternative)))
}

/// ln of Fisher's p, for arms that were checked.
fn ln_fisher(control: &ProportionSummary, variant: &ProportionSummary, alternative: Alternative) -> f64 {
    let successes = control.successes + variant.successes;
    let distribution = Hypergeometric { drawn: variant.n, left: control.n, successes };
    ln_p(&distribution, variant.successes, alternative)
}

/// The exact test that the chance of success is `rate`.
///
/// Two-sided is the sum over all outcomes no likelier than the observed one. Two arms of a planned split:
/// the customers of one arm among all, against its share.
///
/// # Errors
/// As [`fisher_test`], and [`NotEstimable::ImpossibleInput`] for a rate outside (0, 1).
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::exact::binomial_test;
/// use experiment_core::stats::proportion::ProportionSummary;
/// let arm = ProportionSummary { successes: 2, n: 10 };
/// let test = binomial_test(&arm, 0.5, Alternative::TwoSided)?;
/// assert!((test.p_value - 112.0 / 1024.0).abs() < 1e-14);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Clopper & Pearson (1934), Biometrika 26(4), 404–413 (one-sided); Blaker (2000), Canadian Journal of
/// Statistics 28(4), 783–798 (on the two-sided choices).
pub fn binomial_test(
    arm: &ProportionSummary,
    rate: f64,
    alternative: Alternative,
) -> Result<ExactTest, NotEstimable> {
    arm.check()?;
    open_fraction("the rate", rate)?;
    conditional_test(arm, rate, 1.0 - rate, alternative)
}

/// [`binomial_test`] with both chances given, so that a tiny one keeps its digits.
pub(crate) fn conditional_test(
    arm: &ProportionSummary,
    success: f64,
    failure: f64,
    alternative: Alternative,
) -> Result<ExactTest, NotEstimable> {
    require_that(arm.n <= MOST_TRIALS, "the number of trials", arm.n as f64, "at most 10^12")?;
    let distribution = Binomial { n: arm.n, success, failure };
    Ok(ExactTest::from_ln(ln_p(&distribution, arm.successes, alternative)))
}

fn ln_p(distribution: &impl Unimodal, outcome: u64, alternative: Alternative) -> f64 {
    match alternative {
        Alternative::TwoSided => distribution.ln_no_likelier_than(outcome),
        Alternative::Greater => distribution.ln_at_least(outcome),
        Alternative::Less => distribution.ln_at_most(outcome),
    }
}
