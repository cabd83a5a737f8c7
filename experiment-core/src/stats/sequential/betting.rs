//! Confidence sequences for the mean of bounded values, without any asymptotics.
//!
//! Values lie in \[0, 1\] and come one by one; after each there is an interval, and all of them hold together.
//! [`hedged_capital`] is the tightest, [`empirical_bernstein`] has a closed form and adapts to the variance,
//! [`hoeffding`] does not. For comparisons of arms use
//! [`confidence_sequence`](super::confidence_sequence).
//!
//! # References
//! Waudby-Smith & Ramdas (2024), Estimating means of bounded random variables by betting, Journal of the Royal
//! Statistical Society B 86(1), 1–27, doi:10.1093/jrsssb/qkad009. Bets are confseq's.

use crate::stats::not_estimable::{open_fraction, require_that};
use crate::stats::{Interval, NotEstimable};

/// The most that the closed-form sequence bets.
const MOST_BET: f64 = 0.5;
/// The most of the capital that a bet may lose.
const MOST_LOSS: f64 = 0.5;
/// Means on the grid of [`hedged_capital`] at most.
const MAX_STEPS: u32 = 100_000;

/// The predictable plug-in empirical-Bernstein sequence: an interval after each value, at level 1 − `alpha`.
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for a value outside \[0, 1\] or an `alpha` outside (0, 1).
///
/// # Examples
/// ```
/// use experiment_core::stats::sequential::betting::empirical_bernstein;
/// let intervals = empirical_bernstein(&[0.0; 10], 0.05)?;
/// assert!((intervals[9].upper - 0.776_405_326_934_774_7).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Waudby-Smith & Ramdas (2024), theorem 2, with a prior mean of ½ and variance of ¼ as one observation.
pub fn empirical_bernstein(values: &[f64], alpha: f64) -> Result<Vec<Interval>, NotEstimable> {
    check(values, alpha)?;
    let upper_ends = |values: &[f64]| {
        // As far from the first value as can be, as confseq has it: 0 for the lower end, 1 for the upper.
        let mut mean = 1.0;
        let (mut sum, mut count) = (0.0, 0.0);
        let bets = plug_in_bets(values, alpha / 2.0);
        let terms = bets.iter().zip(values).map(|(bet, value)| {
            let bet = bet.min(MOST_BET);
            let price = (value - mean) * (value - mean) * (-libm::log1p(-bet) - bet);
            (sum, count) = (sum + value, count + 1.0);
            mean = sum / count;
            (bet, price)
        });
        upper_ends(values, terms, alpha / 2.0)
    };
    Ok(mirrored(values, upper_ends))
}

/// The predictable plug-in Hoeffding sequence: an interval after each value, at level 1 − `alpha`.
///
/// # Errors
/// As [`empirical_bernstein`].
///
/// # Examples
/// ```
/// use experiment_core::stats::sequential::betting::hoeffding;
/// let intervals = hoeffding(&[0.0; 10], 0.05)?;
/// assert!((intervals[9].upper - 0.493_887_945_411_393_6).abs() < 1e-12);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Waudby-Smith & Ramdas (2024), proposition 1.
pub fn hoeffding(values: &[f64], alpha: f64) -> Result<Vec<Interval>, NotEstimable> {
    check(values, alpha)?;
    let upper_ends = |values: &[f64]| {
        let terms = (0..values.len()).map(|index| {
            let bet = (4.0 * schedule(index, alpha / 2.0)).sqrt().min(1.0);
            (bet, bet * bet / 8.0)
        });
        upper_ends(values, terms, alpha / 2.0)
    };
    Ok(mirrored(values, upper_ends))
}

/// The hedged capital sequence: an interval after each value, at level 1 − `alpha`, on a grid of `steps` means.
///
/// Half of a capital bets that the mean is above each grid point, half that it is below; the interval holds
/// the means at which neither has won 1/`alpha`. Ends are grid points: widen by one step for a strict guarantee
/// between them.
///
/// # Errors
/// As [`empirical_bernstein`], and for `steps` outside 1 to 100,000.
///
/// # Examples
/// ```
/// use experiment_core::stats::sequential::betting::hedged_capital;
/// let intervals = hedged_capital(&[0.0; 40], 0.05, 1_000)?;
/// assert!((intervals[39].upper - 0.162).abs() < 1.5e-3 && intervals[39].lower == 0.0);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Waudby-Smith & Ramdas (2024), theorem 3 and eq. 26.
pub fn hedged_capital(values: &[f64], alpha: f64, steps: u32) -> Result<Vec<Interval>, NotEstimable> {
    check(values, alpha)?;
    let allowed = (1..=MAX_STEPS).contains(&steps);
    require_that(allowed, "the steps of the grid", f64::from(steps), "from 1 to 100,000")?;
    let bets = plug_in_bets(values, alpha / 2.0);
    let won = -libm::log(alpha / 2.0);
    let nowhere = Interval { lower: f64::INFINITY, upper: f64::NEG_INFINITY };
    let mut intervals = vec![nowhere; values.len()];
    for step in 0..=steps {
        let mean = f64::from(step) / f64::from(steps);
        let (mut above, mut below) = (0.0, 0.0);
        for ((value, bet), interval) in values.iter().zip(&bets).zip(&mut intervals) {
            above += libm::log1p(bet.min(MOST_LOSS / mean) * (value - mean));
            below += libm::log1p(-bet.min(MOST_LOSS / (1.0 - mean)) * (value - mean));
            if above.max(below) <= won {
                *interval = Interval { lower: interval.lower.min(mean), upper: interval.upper.max(mean) };
            }
        }
    }
    // All of the grid may be excluded while means between its points are not.
    let everything = Interval { lower: 0.0, upper: 1.0 };
    Ok(intervals
        .into_iter()
        .map(|interval| if interval == nowhere { everything } else { interval })
        .collect())
}

fn check(values: &[f64], alpha: f64) -> Result<(), NotEstimable> {
    open_fraction("alpha", alpha)?;
    for value in values {
        require_that((0.0..=1.0).contains(value), "a value", *value, "between 0 and 1")?;
    }
    Ok(())
}

/// 2 ln(1/α)/(t ln(1 + t)) for the value at `index`.
fn schedule(index: usize, alpha: f64) -> f64 {
    let t = index as f64 + 1.0;
    -2.0 * libm::log(alpha) / (t * libm::log1p(t))
}

/// Bets that know only what came before: inverse to the standard deviation so far.
fn plug_in_bets(values: &[f64], alpha: f64) -> Vec<f64> {
    let (mut sum, mut squares) = (0.5, 0.25);
    let bets = values.iter().enumerate().map(|(index, value)| {
        let before = squares / (index as f64 + 1.0);
        let bet = (schedule(index, alpha) / before).sqrt();
        sum += value;
        let distance = value - sum / (index as f64 + 2.0);
        squares += distance * distance;
        bet
    });
    bets.collect()
}

/// (Σ bet · value + ln(1/α) + Σ price) / Σ bet after each value, at most 1.
fn upper_ends(values: &[f64], terms: impl Iterator<Item = (f64, f64)>, alpha: f64) -> Vec<f64> {
    let (mut weighted, mut bets) = (-libm::log(alpha), 0.0);
    let ends = values.iter().zip(terms).map(|(value, (bet, price))| {
        weighted += bet * value + price;
        bets += bet;
        (weighted / bets).min(1.0)
    });
    ends.collect()
}

/// Upper ends of the values, lower ends from those of their complements.
fn mirrored(values: &[f64], upper_ends: impl Fn(&[f64]) -> Vec<f64>) -> Vec<Interval> {
    let complements: Vec<f64> = values.iter().map(|value| 1.0 - value).collect();
    let ends = upper_ends(&complements).into_iter().zip(upper_ends(values));
    ends.map(|(below, upper)| Interval { lower: 1.0 - below, upper }).collect()
}
