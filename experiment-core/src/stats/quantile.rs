//! Quantiles and their intervals from order statistics.
//!
//! The interval of a quantile is a pair of ranks, which depend on n alone: how many of n customers lie below the
//! quantile is binomial. So any sorted values, or counts of a value distribution, give it without assumptions.

use crate::stats::comparison::Interval;
use crate::stats::distribution::discrete::{Binomial, Unimodal};
use crate::stats::distribution::normal;
use crate::stats::mean::{MeanSummary, welch_test};
use crate::stats::not_estimable::{finite, finite_input, open_fraction, require_that};
use crate::stats::{Alternative, Comparison, NotEstimable, TestOptions};

/// Customers for which ranks are found.
const MOST_CUSTOMERS: u64 = 1_000_000_000_000;

/// The ranks, counted from 1, whose values are the ends of a quantile's interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantileRanks {
    /// Rank of the lower end; `None` when there are too few customers for one, or none is asked for.
    pub lower: Option<u64>,
    /// Rank of the upper end, likewise.
    pub upper: Option<u64>,
    /// The probability that the interval holds the quantile, at least the level; more if values tie.
    pub coverage: f64,
}

/// A quantile of a sample and its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantileEstimate {
    /// The sample's quantile, linear between order statistics.
    pub estimate: f64,
    /// Its interval: order statistics, or infinite where there is no such rank.
    pub interval: Interval,
}

/// The ranks of the shortest interval with at most the miss on each side, exact.
///
/// `quantile` is in (0, 1): 0.5 for the median.
///
/// # Errors
/// [`NotEstimable::TooFewCustomers`] without customers, [`NotEstimable::ImpossibleInput`] for a quantile or
/// level outside (0, 1) or more than 10¹² customers.
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::quantile::exact_ranks;
/// let ranks = exact_ranks(6, 0.5, &TestOptions::two_sided(0.95))?;
/// assert_eq!((ranks.lower, ranks.upper), (Some(1), Some(6)));
/// assert!((ranks.coverage - 0.96875).abs() < 1e-14);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Conover, W. J. (1999), Practical Nonparametric Statistics, 3rd ed., section 3.2; David & Nagaraja (2003),
/// Order Statistics, 3rd ed., section 7.1.
pub fn exact_ranks(n: u64, quantile: f64, options: &TestOptions) -> Result<QuantileRanks, NotEstimable> {
    let ln_tail = libm::log(check(n, quantile, options)?);
    let below = Binomial { n, success: quantile, failure: 1.0 - quantile };
    // Ranks are only those of sides that were asked for.
    let (wants_lower, wants_upper) = match options.alternative {
        Alternative::TwoSided => (true, true),
        Alternative::Greater => (true, false),
        Alternative::Less => (false, true),
    };
    // The most customers below with a probability of at most the tail, plus one, is the lower rank.
    let lower =
        wants_lower.then(|| count_while(n, |count| below.ln_at_most(count) <= ln_tail)).filter(|l| *l > 0);
    let upper = wants_upper
        .then(|| count_while(n, |count| below.ln_at_least(n - count) <= ln_tail))
        .filter(|u| *u > 0)
        .map(|u| n + 1 - u);
    let missed_below = lower.map_or(0.0, |rank| libm::exp(below.ln_at_most(rank - 1)));
    let missed_above = upper.map_or(0.0, |rank| libm::exp(below.ln_at_least(rank)));
    Ok(QuantileRanks { lower, upper, coverage: 1.0 - missed_below - missed_above })
}

/// The ranks by the normal distribution, nq ∓ z√(nq(1−q)), as they are: not whole, and perhaps outside 1 to n.
///
/// For n in the thousands and quantiles away from 0 and 1; to read values at them, round outward.
///
/// # Errors
/// As [`exact_ranks`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::quantile::normal_ranks;
/// let ranks = normal_ranks(100, 0.5, &TestOptions::two_sided(0.95))?;
/// assert!((ranks.lower - 40.200_180_077_299_73).abs() < 1e-10);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Conover (1999), as for [`exact_ranks`].
pub fn normal_ranks(n: u64, quantile: f64, options: &TestOptions) -> Result<Interval, NotEstimable> {
    let z = normal::upper_quantile(check(n, quantile, options)?);
    let middle = n as f64 * quantile;
    let half_width = z * (middle * (1.0 - quantile)).sqrt();
    Ok(options.keep_ends(middle - half_width, middle + half_width))
}

/// The quantile of one value per customer, with its exact interval.
///
/// # Errors
/// As [`exact_ranks`], and [`NotEstimable::ImpossibleInput`] for a value that is not finite.
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::quantile::quantile_of;
/// let median = quantile_of(&[9.0, 1.0, 4.0, 2.0, 7.0, 3.0], 0.5, &TestOptions::two_sided(0.95))?;
/// assert_eq!((median.estimate, median.interval.lower, median.interval.upper), (3.5, 1.0, 9.0));
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Hyndman & Fan (1996), Sample quantiles in statistical packages, The American Statistician 50(4), 361–365,
/// doi:10.1080/00031305.1996.10473566, definition 7 (the estimate).
pub fn quantile_of(
    values: &[f64],
    quantile: f64,
    options: &TestOptions,
) -> Result<QuantileEstimate, NotEstimable> {
    let sorted = sorted(values)?;
    quantile_by_rank(sorted.len() as u64, |rank| sorted[(rank - 1) as usize], quantile, options)
}

fn sorted(values: &[f64]) -> Result<Vec<f64>, NotEstimable> {
    for value in values {
        finite_input("a value", *value)?;
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    Ok(sorted)
}

/// [`quantile_of`] where only the value at each rank can be asked for: of `n` sorted values, or of counts per value.
///
/// `at_rank` gives the value at a rank from 1 to `n`; it is finite and never falls.
///
/// # Errors
/// As [`exact_ranks`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::quantile::quantile_by_rank;
/// // Four customers with 0 and six with 10.
/// let at_rank = |rank| if rank <= 4 { 0.0 } else { 10.0 };
/// let median = quantile_by_rank(10, at_rank, 0.5, &TestOptions::two_sided(0.95))?;
/// assert_eq!((median.estimate, median.interval.lower, median.interval.upper), (10.0, 0.0, 10.0));
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// As [`quantile_of`].
pub fn quantile_by_rank(
    n: u64,
    at_rank: impl Fn(u64) -> f64,
    quantile: f64,
    options: &TestOptions,
) -> Result<QuantileEstimate, NotEstimable> {
    let ranks = exact_ranks(n, quantile, options)?;
    let position = (n - 1) as f64 * quantile;
    let below = position as u64 + 1;
    let share = position - (below - 1) as f64;
    Ok(QuantileEstimate {
        // As a weighted mean, which cannot overflow.
        estimate: at_rank(below) * (1.0 - share) + at_rank((below + 1).min(n)) * share,
        interval: Interval {
            lower: ranks.lower.map_or(f64::NEG_INFINITY, &at_rank),
            upper: ranks.upper.map_or(f64::INFINITY, &at_rank),
        },
    })
}

/// The standard error that a two-sided interval at `confidence_level` has if the estimate is near normal.
///
/// To compare quantiles: the difference is tested as one of means with n − 1 times the squared error as variance.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for an end that is not finite or a level outside (0, 1),
/// [`NotEstimable::Overflow`] for a level so small that no interval has a length.
///
/// # Examples
/// ```
/// use experiment_core::stats::Interval;
/// use experiment_core::stats::quantile::std_error_of;
/// let error = std_error_of(&Interval { lower: 7.1, upper: 7.22 }, 0.95)?;
/// assert!((error - 0.06 / 1.959_963_984_540_054).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Deng, Knoblich & Lu (2018), Applying the delta method in metric analytics, KDD '18, section 4.1,
/// doi:10.1145/3219819.3219919.
pub fn std_error_of(interval: &Interval, confidence_level: f64) -> Result<f64, NotEstimable> {
    finite_input("the lower end", interval.lower)?;
    finite_input("the upper end", interval.upper)?;
    let z = normal::upper_quantile((1.0 - open_fraction("confidence level", confidence_level)?) / 2.0);
    finite("the standard error", (interval.upper / 2.0 - interval.lower / 2.0) / z)
}

/// Compares the same quantile of two arms: each arm's error from its own exact interval, held against the t distribution.
///
/// The intervals are two-sided at the level of `options`. For thousands of customers and values that do not tie at the
/// quantile; with few or tied values bootstrap the difference instead.
///
/// # Errors
/// [`NotEstimable::TooFewCustomers`] for an arm too small for both ends of an interval, [`NotEstimable::NoVariation`]
/// when in both arms the ends are one value, otherwise as [`quantile_of`].
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::quantile::quantile_test;
/// let control: Vec<f64> = (0..2001).map(f64::from).collect();
/// let variant: Vec<f64> = control.iter().map(|value| value + 30.0).collect();
/// let test = quantile_test(&control, &variant, 0.5, &TestOptions::two_sided(0.95))?;
/// assert_eq!(test.effect, 30.0);
/// // SciPy's `quantile_test` has 956 and 1,044 as the ends for the control: half of 88 over 1.96 is its error.
/// assert!((test.std_error - 44.0 / 1.959_963_984_540_054 * 2f64.sqrt()).abs() < 1e-9);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Deng, Knoblich & Lu (2018), KDD '18, section 4.1; Welch (1947) for the degrees of freedom.
pub fn quantile_test(
    control: &[f64],
    variant: &[f64],
    quantile: f64,
    options: &TestOptions,
) -> Result<Comparison, NotEstimable> {
    let summary = |values: &[f64]| {
        let sorted = sorted(values)?;
        let at_rank = |rank: u64| sorted[(rank - 1) as usize];
        quantile_summary_by_rank(sorted.len() as u64, at_rank, quantile, options.confidence_level)
    };
    welch_test(&summary(control)?, &summary(variant)?, options)
}

/// An arm's quantile as a mean that varies as much: its error is that of [`std_error_of`] its own exact interval. Two
/// of them are compared as means, see [`quantile_test`].
///
/// `at_rank` as for [`quantile_by_rank`].
///
/// # Errors
/// [`NotEstimable::TooFewCustomers`] for an arm too small for both ends of an interval, otherwise as [`exact_ranks`].
///
/// # Examples
/// ```
/// use experiment_core::stats::quantile::quantile_summary_by_rank;
/// let arm = quantile_summary_by_rank(2001, |rank| rank as f64, 0.5, 0.95)?;
/// assert_eq!((arm.n, arm.mean), (2001, 1001.0));
/// // SciPy's `quantile_test` has 957 and 1,045 as the ends: half of 88 over 1.96 is the error.
/// assert!((arm.variance.sqrt() - 44.0 / 1.959_963_984_540_054 * 2001f64.sqrt()).abs() < 1e-9);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Deng, Knoblich & Lu (2018), KDD '18, section 4.1.
pub fn quantile_summary_by_rank(
    n: u64,
    at_rank: impl Fn(u64) -> f64,
    quantile: f64,
    confidence_level: f64,
) -> Result<MeanSummary, NotEstimable> {
    let QuantileEstimate { estimate, interval } =
        quantile_by_rank(n, at_rank, quantile, &TestOptions::two_sided(confidence_level))?;
    if interval.lower.is_infinite() || interval.upper.is_infinite() {
        let needed = fewest_for_both_ends(quantile, confidence_level);
        return Err(NotEstimable::TooFewCustomers { n, needed: needed.max(n.saturating_add(1)) });
    }
    let error = std_error_of(&interval, confidence_level)?;
    Ok(MeanSummary { n, mean: estimate, variance: finite("the variance", error * error * n as f64)? })
}

/// Customers from which the least and the largest value are the ends of an interval: qⁿ and (1 − q)ⁿ are small enough.
fn fewest_for_both_ends(quantile: f64, level: f64) -> u64 {
    let rarer = quantile.max(1.0 - quantile);
    libm::ceil(libm::log((1.0 - level) / 2.0) / libm::log(rarer)) as u64
}

/// Checks and gives the probability left out on each side.
fn check(n: u64, quantile: f64, options: &TestOptions) -> Result<f64, NotEstimable> {
    if n == 0 {
        return Err(NotEstimable::TooFewCustomers { n: 0, needed: 1 });
    }
    require_that(n <= MOST_CUSTOMERS, "the number of customers", n as f64, "at most 10^12")?;
    open_fraction("the quantile", quantile)?;
    options.tail()
}

/// For how many of 0, 1, …, n − 1 in a row `holds`, which fails for good once it fails.
fn count_while(n: u64, holds: impl Fn(u64) -> bool) -> u64 {
    let (mut holding, mut failing) = (0, n);
    while holding < failing {
        let middle = holding + (failing - holding) / 2;
        if holds(middle) { holding = middle + 1 } else { failing = middle }
    }
    holding
}

/// Linear between the order statistics around (n − 1)q, of a sample that is not empty.
pub(crate) fn between(sorted: &[f64], quantile: f64) -> f64 {
    let position = (sorted.len() - 1) as f64 * quantile;
    let below = position as usize;
    let above = (below + 1).min(sorted.len() - 1);
    let share = position - below as f64;
    // As a weighted mean, which cannot overflow.
    sorted[below] * (1.0 - share) + sorted[above] * share
}
