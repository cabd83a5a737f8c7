//! Boschloo's and Barnard's tests: the chance of an extreme table, at the rate where that chance is largest.
//!
//! Both order all tables by a statistic and take the probability of those at least as extreme as the observed
//! one. Under "no difference" it depends on the common rate alone; the p-value is its maximum over all rates.

use crate::stats::exact::ln_fisher;
use crate::stats::not_estimable::require_that;
use crate::stats::proportion::{ProportionSummary, check_arms};
use crate::stats::{Alternative, NotEstimable};
use std::cmp::Ordering;
use std::f64::consts::PI;

/// Customers an arm of [`boschloo_test`] and [`barnard_test`] may have: their cost grows with the square.
pub const MOST_CUSTOMERS_AN_ARM: u64 = 2_000;

/// Fisher's p-values this close, relatively, are one: rounding must not tell equal tables apart.
const TIE: f64 = 1e-10;
/// Rates tried for small arms; for larger ones four a customer.
const FEWEST_RATES: usize = 1_000;
/// A maximum between rates exceeds its neighbours by less (Bernstein: a factor 1/cos(π/8)).
const WORTH_REFINING: f64 = 0.92;
/// Golden-section steps, each of which keeps 0.618 of the bracket; the maximum is flat, so half the digits do.
const REFINEMENTS: u32 = 50;

/// A p-value that holds for every common rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UnconditionalTest {
    /// The largest probability, over all common rates, of a table at least this extreme.
    pub p_value: f64,
    /// The common rate at which it is the largest.
    pub worst_rate: f64,
}

/// Boschloo's test that two proportions are the same: Fisher's one-sided p-value as the statistic.
///
/// Never less powerful than [`fisher_test`](crate::stats::exact::fisher_test) one-sided; the first choice for
/// small arms. Two-sided is twice the smaller side, at most 1 (not the two-sided ordering of Fisher's test).
///
/// # Errors
/// [`NotEstimable::TooFewCustomers`] for an empty arm, [`NotEstimable::ImpossibleInput`] for more successes
/// than customers or arms of more than [`MOST_CUSTOMERS_AN_ARM`].
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::exact::boschloo_test;
/// use experiment_core::stats::proportion::ProportionSummary;
/// let control = ProportionSummary { successes: 3, n: 3 };
/// let variant = ProportionSummary { successes: 0, n: 3 };
/// // At a rate of one half each of the 64 outcomes is as likely as the others.
/// let test = boschloo_test(&control, &variant, Alternative::Less)?;
/// assert!((test.p_value - 1.0 / 64.0).abs() < 1e-12);
/// assert!((test.worst_rate - 0.5).abs() < 1e-6);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Boschloo, R. D. (1970), Raised conditional level of significance for the 2 × 2-table when testing the
/// equality of two probabilities, Statistica Neerlandica 24(1), 1–9, doi:10.1111/j.1467-9574.1970.tb00104.x.
pub fn boschloo_test(
    control: &ProportionSummary,
    variant: &ProportionSummary,
    alternative: Alternative,
) -> Result<UnconditionalTest, NotEstimable> {
    check_small(control, variant)?;
    match alternative {
        Alternative::Greater => Ok(boschloo_greater(control, variant)),
        Alternative::Less => Ok(boschloo_greater(variant, control)),
        Alternative::TwoSided => {
            let sides = (boschloo_greater(control, variant), boschloo_greater(variant, control));
            let smaller = if sides.0.p_value <= sides.1.p_value { sides.0 } else { sides.1 };
            Ok(UnconditionalTest { p_value: (2.0 * smaller.p_value).min(1.0), ..smaller })
        }
    }
}

/// Barnard's test that two proportions are the same: the pooled z as the statistic.
///
/// Tables are ordered by exact fractions, so ties of z are all kept. Tables in which nobody or everybody did
/// it count as z = 0. [`boschloo_test`] is as powerful for most sizes and better where arms differ in size.
///
/// # Errors
/// [`NotEstimable::NoVariation`] when nobody or everybody did it, otherwise as [`boschloo_test`].
///
/// # Examples
/// ```
/// use experiment_core::stats::Alternative;
/// use experiment_core::stats::exact::barnard_test;
/// use experiment_core::stats::proportion::ProportionSummary;
/// let control = ProportionSummary { successes: 1, n: 2 };
/// let variant = ProportionSummary { successes: 2, n: 2 };
/// let test = barnard_test(&control, &variant, Alternative::TwoSided)?;
/// assert!((test.p_value - 0.625).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Barnard, G. A. (1947), Significance tests for 2 × 2 tables, Biometrika 34(1–2), 123–138,
/// doi:10.1093/biomet/34.1-2.123; Suissa & Shuster (1985), Journal of the Royal Statistical Society A 148(4),
/// 317–327 (the pooled z).
pub fn barnard_test(
    control: &ProportionSummary,
    variant: &ProportionSummary,
    alternative: Alternative,
) -> Result<UnconditionalTest, NotEstimable> {
    check_small(control, variant)?;
    let successes = control.successes + variant.successes;
    if successes == 0 || successes == control.n + variant.n {
        return Err(NotEstimable::NoVariation { control: control.rate(), variant: variant.rate() });
    }
    let (n0, n1) = (control.n, variant.n);
    let z = |x0, x1| PooledZ::of((x0, n0), (x1, n1));
    let observed = z(control.successes, variant.successes);
    // With the control fixed, z rises with the variant's successes, so extreme tables are tails of the variant.
    let at_least = |bound: PooledZ| staircase(n0, n1, |x0, x1| z(x0, x1).compare(&bound) != Ordering::Less);
    let above = |bound: PooledZ| staircase(n0, n1, |x0, x1| z(x0, x1).compare(&bound) == Ordering::Greater);
    let region = match alternative {
        Alternative::Greater => Region { below: vec![0; at_index(n0) + 1], from: at_least(observed) },
        Alternative::Less => Region { below: above(observed), from: vec![n1 + 1; at_index(n0) + 1] },
        Alternative::TwoSided if observed.distance == 0 => {
            let worst_rate = successes as f64 / (n0 + n1) as f64;
            return Ok(UnconditionalTest { p_value: 1.0, worst_rate });
        }
        Alternative::TwoSided => {
            let size = PooledZ { distance: observed.distance.abs(), ..observed };
            let opposite = PooledZ { distance: -size.distance, ..size };
            Region { below: above(opposite), from: at_least(size) }
        }
    };
    Ok(largest_probability(n0, n1, &region))
}

fn check_small(control: &ProportionSummary, variant: &ProportionSummary) -> Result<(), NotEstimable> {
    check_arms(control, variant)?;
    for arm in [control, variant] {
        let allowed = "at most 2,000 for an unconditional exact test";
        require_that(arm.n <= MOST_CUSTOMERS_AN_ARM, "the number of customers", arm.n as f64, allowed)?;
    }
    Ok(())
}

fn boschloo_greater(control: &ProportionSummary, variant: &ProportionSummary) -> UnconditionalTest {
    let ln_bound = ln_fisher(control, variant, Alternative::Greater) + TIE;
    let from = staircase(control.n, variant.n, |x0, x1| {
        let control = ProportionSummary { successes: x0, ..*control };
        let variant = ProportionSummary { successes: x1, ..*variant };
        ln_fisher(&control, &variant, Alternative::Greater) <= ln_bound
    });
    let region = Region { below: vec![0; from.len()], from };
    largest_probability(control.n, variant.n, &region)
}

/// The pooled z of a table, whose square is distance²/spread but for a factor common to all tables.
#[derive(Clone, Copy)]
struct PooledZ {
    /// x₁n₀ − x₀n₁.
    distance: i64,
    /// s(N − s) with s successes among N; where it is 0, so is the distance.
    spread: u64,
}

impl PooledZ {
    /// Of (successes, n) of the control and of the variant. With at most 2,000 an arm nothing overflows.
    fn of(control: (u64, u64), variant: (u64, u64)) -> Self {
        let (plus, minus) = (variant.0 * control.1, control.0 * variant.1);
        let successes = control.0 + variant.0;
        Self {
            distance: plus.cast_signed() - minus.cast_signed(),
            spread: successes * (control.1 + variant.1 - successes),
        }
    }

    /// Compares as exact fractions.
    fn compare(&self, other: &Self) -> Ordering {
        let size = |distance: i64, spread: u64| {
            i128::from(distance) * i128::from(distance).abs() * i128::from(spread)
        };
        let by_sign = self.distance.signum().cmp(&other.distance.signum());
        by_sign.then_with(|| size(self.distance, other.spread).cmp(&size(other.distance, self.spread)))
    }
}

/// The extreme tables: for each number of the control's successes, those with the variant's under `below` or
/// from `from` on.
struct Region {
    below: Vec<u64>,
    from: Vec<u64>,
}

/// For each number of the control's successes the fewest of the variant's at which `holds`, or n₁ + 1. Once it
/// holds it does for all larger numbers, and more successes of the control never lower the threshold.
fn staircase(n0: u64, n1: u64, holds: impl Fn(u64, u64) -> bool) -> Vec<u64> {
    let mut threshold = 0;
    let steps = (0..=n0).map(|x0| {
        while threshold <= n1 && !holds(x0, threshold) {
            threshold += 1;
        }
        threshold
    });
    steps.collect()
}

/// The maximum of the region's probability over the common rate.
///
/// With rate = sin²(θ/2) it is a trigonometric polynomial of degree N in θ, so a grid of 4N points meets every
/// peak; the highest are then refined.
fn largest_probability(n0: u64, n1: u64, region: &Region) -> UnconditionalTest {
    let arms = (BinomialTable::new(n0), BinomialTable::new(n1));
    let points = FEWEST_RATES.max(4 * at_index(n0 + n1));
    let rate = |theta: f64| {
        let sine = libm::sin(0.5 * theta);
        sine * sine
    };
    let at = |theta: f64| region.probability(&arms, rate(theta));
    let step = PI / points as f64;
    let heights: Vec<f64> = (0..=points).map(|i| at(step * i as f64)).collect();
    let (mut best_theta, mut best) = (0.0, heights[0]);
    for (i, height) in heights.iter().enumerate() {
        if *height > best {
            (best_theta, best) = (step * i as f64, *height);
        }
    }
    let worth = WORTH_REFINING * best;
    for i in 1..points {
        if heights[i] >= worth && heights[i] >= heights[i - 1] && heights[i] >= heights[i + 1] {
            let theta = golden_maximum(at, step * (i - 1) as f64, step * (i + 1) as f64);
            let height = at(theta);
            if height > best {
                (best_theta, best) = (theta, height);
            }
        }
    }
    UnconditionalTest { p_value: best.min(1.0), worst_rate: rate(best_theta) }
}

/// Where `f` is largest in a bracket with one peak, by golden sections.
fn golden_maximum(f: impl Fn(f64) -> f64, mut lower: f64, mut upper: f64) -> f64 {
    const KEPT: f64 = 0.618_033_988_749_894_9;
    let mut left = upper - KEPT * (upper - lower);
    let mut right = lower + KEPT * (upper - lower);
    let (mut at_left, mut at_right) = (f(left), f(right));
    for _ in 0..REFINEMENTS {
        if at_left >= at_right {
            (upper, right, at_right) = (right, left, at_left);
            left = upper - KEPT * (upper - lower);
            at_left = f(left);
        } else {
            (lower, left, at_left) = (left, right, at_right);
            right = lower + KEPT * (upper - lower);
            at_right = f(right);
        }
    }
    0.5 * (lower + upper)
}

impl Region {
    fn probability(&self, (control, variant): &(BinomialTable, BinomialTable), rate: f64) -> f64 {
        let of_control = control.probabilities(rate);
        let of_variant = variant.probabilities(rate);
        // P(X₁ < k) and P(X₁ ≥ k), each summed from its own end.
        let mut less = vec![0.0; of_variant.len() + 1];
        let mut at_least = less.clone();
        for (k, probability) in of_variant.iter().enumerate() {
            less[k + 1] = less[k] + probability;
        }
        for (k, probability) in of_variant.iter().enumerate().rev() {
            at_least[k] = at_least[k + 1] + probability;
        }
        let columns = of_control.iter().zip(&self.below).zip(&self.from);
        columns
            .map(|((probability, below), from)| {
                probability * (less[at_index(*below)] + at_least[at_index(*from)])
            })
            .sum()
    }
}

/// ln of the binomial coefficients of one arm.
struct BinomialTable {
    ln_ways: Vec<f64>,
}

impl BinomialTable {
    fn new(n: u64) -> Self {
        let ln_factorial = |k: u64| libm::lgamma(k as f64 + 1.0);
        let ln_ways = (0..=n).map(|x| ln_factorial(n) - ln_factorial(x) - ln_factorial(n - x)).collect();
        Self { ln_ways }
    }

    fn probabilities(&self, rate: f64) -> Vec<f64> {
        let n = self.ln_ways.len() - 1;
        // At the ends of the range one outcome is certain, and 0 · ln 0 would be NaN.
        if rate <= 0.0 || rate >= 1.0 {
            let certain = if rate <= 0.0 { 0 } else { n };
            return (0..=n).map(|x| if x == certain { 1.0 } else { 0.0 }).collect();
        }
        let (ln_rate, ln_rest) = (libm::log(rate), libm::log1p(-rate));
        let outcomes = self.ln_ways.iter().enumerate();
        outcomes
            .map(|(x, ln_ways)| libm::exp(ln_ways + x as f64 * ln_rate + (n - x) as f64 * ln_rest))
            .collect()
    }
}

/// A count of at most 2,000 customers an arm as an index.
fn at_index(count: u64) -> usize {
    count as usize
}
