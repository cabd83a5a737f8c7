//! Comparing arms: the log-rank test and the difference in restricted means.

use crate::stats::chi_square::ChiSquareTest;
use crate::stats::comparison::{Reference, compare};
use crate::stats::distribution::chi_square;
use crate::stats::not_estimable::{finite, require_that};
use crate::stats::survival::{SurvivalTable, restricted_mean};
use crate::stats::{Comparison, NotEstimable, TestOptions};

/// Arms that one log-rank test compares: it inverts a matrix of that size.
const MOST_ARMS: usize = 100;

/// A log-rank test.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRankTest {
    /// The χ² statistic with one degree of freedom less than there are arms.
    pub test: ChiSquareTest,
    /// Events of each arm.
    pub observed: Vec<f64>,
    /// Events of each arm that are expected if the hazards are the same.
    pub expected: Vec<f64>,
}

/// Tests whether two or more arms have the same hazard at all times.
///
/// Best when hazards are proportional; blind to curves that cross, for which compare
/// [`restricted_mean_test`].
///
/// # Errors
/// [`NotEstimable::ImpossibleInput`] for fewer than two arms or more than 100; [`NotEstimable::NoEvents`] when
/// at no time there is an event with customers of two arms at risk, or an arm is never at risk with others.
///
/// # Examples
/// ```
/// use experiment_core::stats::survival::{FollowUp, SurvivalTable, log_rank_test};
/// let arm = |rows: [(f64, bool); 2]| {
///     SurvivalTable::from_follow_ups(&rows.map(|(time, event)| FollowUp { time, event }))
/// };
/// let (control, variant) = (arm([(1.0, true), (2.0, false)])?, arm([(3.0, true), (4.0, true)])?);
/// let log_rank = log_rank_test(&[control, variant])?;
/// assert!((log_rank.test.statistic - 1.0).abs() < 1e-14);
/// assert_eq!((log_rank.observed[1], log_rank.expected[1]), (2.0, 2.5));
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Mantel (1966), Cancer Chemotherapy Reports 50(3), 163–170; Peto & Peto (1972), Journal of the Royal
/// Statistical Society A 135(2), 185–207, doi:10.2307/2344317. The variance is the hypergeometric one.
pub fn log_rank_test(arms: &[SurvivalTable]) -> Result<LogRankTest, NotEstimable> {
    let count = arms.len();
    require_that((2..=MOST_ARMS).contains(&count), "the number of arms", count as f64, "2 to 100")?;
    let mut observed = vec![0.0; count];
    let mut expected = vec![0.0; count];
    let mut covariance = vec![vec![0.0; count - 1]; count - 1];
    for (at_risk, events) in events_over_time(arms) {
        let (n, d): (f64, f64) = (at_risk.iter().sum(), events.iter().sum());
        for arm in 0..count {
            observed[arm] += events[arm];
            expected[arm] += d * (at_risk[arm] / n);
        }
        if n <= 1.0 {
            continue;
        }
        let factor = d * ((n - d) / (n - 1.0));
        for (row, line) in covariance.iter_mut().enumerate() {
            for (column, value) in line.iter_mut().enumerate() {
                let own = if row == column { at_risk[row] / n } else { 0.0 };
                *value += factor * (own - (at_risk[row] / n) * (at_risk[column] / n));
            }
        }
    }
    let excess: Vec<f64> = (0..count - 1).map(|arm| observed[arm] - expected[arm]).collect();
    let total: f64 = observed.iter().sum();
    let statistic =
        quadratic_form(covariance, &excess).ok_or(NotEstimable::NoEvents { events: total as u64 })?;
    let statistic = finite("the statistic", statistic)?.max(0.0);
    let degrees_of_freedom = (count - 1) as f64;
    let test = ChiSquareTest {
        statistic,
        degrees_of_freedom,
        p_value: chi_square::sf(statistic, degrees_of_freedom),
        log10_p_value: chi_square::log10_sf(statistic, degrees_of_freedom),
    };
    Ok(LogRankTest { test, observed, expected })
}

/// Each arm's customers at risk and events, at every time with an event in any arm, ascending.
pub(super) fn events_over_time(arms: &[SurvivalTable]) -> impl Iterator<Item = (Vec<f64>, Vec<f64>)> {
    let mut next = vec![0; arms.len()];
    std::iter::from_fn(move || {
        let upcoming = arms.iter().zip(&next).filter_map(|(arm, at)| arm.rows().get(*at));
        let time = upcoming.map(|row| row.time).min_by(f64::total_cmp)?;
        let mut at_risk = vec![0.0; arms.len()];
        let mut events = vec![0.0; arms.len()];
        for (index, arm) in arms.iter().enumerate() {
            // Without a row at this time, those at risk are those of the arm's next time.
            let Some(row) = arm.rows().get(next[index]) else { continue };
            at_risk[index] = row.at_risk as f64;
            if row.time == time {
                events[index] = row.events as f64;
                next[index] += 1;
            }
        }
        Some((at_risk, events))
    })
    .filter(|(_, events)| events.iter().any(|count| *count > 0.0))
}

/// xᵀ A⁻¹ x by Cholesky's factors of A; nothing when A is not positive definite.
fn quadratic_form(mut matrix: Vec<Vec<f64>>, vector: &[f64]) -> Option<f64> {
    let size = vector.len();
    let mut solved = vector.to_vec();
    let largest = (0..size).map(|i| matrix[i][i]).fold(0.0, f64::max);
    for column in 0..size {
        let known: f64 = matrix[column][..column].iter().map(|value| value * value).sum();
        let pivot = matrix[column][column] - known;
        if pivot.is_nan() || pivot <= 1e-12 * largest {
            return None;
        }
        let root = pivot.sqrt();
        matrix[column][column] = root;
        for row in column + 1..size {
            let known: f64 = (0..column).map(|k| matrix[row][k] * matrix[column][k]).sum();
            matrix[row][column] = (matrix[row][column] - known) / root;
        }
        let known: f64 = (0..column).map(|k| matrix[column][k] * solved[k]).sum();
        solved[column] = (solved[column] - known) / root;
    }
    Some(solved.iter().map(|value| value * value).sum())
}

/// The difference in restricted means, variant minus control, with the horizon that it holds for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RestrictedMeanTest {
    /// The horizon, in units of time.
    pub horizon: f64,
    /// The test of the difference; the effect is in units of time.
    pub comparison: Comparison,
}

/// Compares the mean time without the event up to `horizon`, by the normal distribution.
///
/// The effect can be told to anyone: so many days more within the first so many. Needs no proportional hazards.
/// Choose the horizon before the data, at most the earlier of the arms' last times.
///
/// # Errors
/// As [`restricted_mean`], and [`NotEstimable::NoVariation`] when neither arm has an event before the horizon.
///
/// # Examples
/// ```
/// use experiment_core::stats::TestOptions;
/// use experiment_core::stats::survival::{FollowUp, SurvivalTable, restricted_mean_test};
/// let arm = |rows: [(f64, bool); 2]| {
///     SurvivalTable::from_follow_ups(&rows.map(|(time, event)| FollowUp { time, event }))
/// };
/// let (control, variant) = (arm([(1.0, true), (2.0, false)])?, arm([(3.0, true), (4.0, true)])?);
/// let test = restricted_mean_test(&control, &variant, 2.0, &TestOptions::two_sided(0.95))?;
/// assert_eq!((test.comparison.effect, test.comparison.std_error), (0.5, 0.125f64.sqrt()));
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Royston & Parmar (2013), as for [`restricted_mean`].
pub fn restricted_mean_test(
    control: &SurvivalTable,
    variant: &SurvivalTable,
    horizon: f64,
    options: &TestOptions,
) -> Result<RestrictedMeanTest, NotEstimable> {
    let (of_control, of_variant) = (restricted_mean(control, horizon)?, restricted_mean(variant, horizon)?);
    let std_error = (of_control.variance + of_variant.variance).sqrt();
    if std_error == 0.0 {
        return Err(NotEstimable::NoVariation { control: of_control.mean, variant: of_variant.mean });
    }
    let effect = of_variant.mean - of_control.mean;
    let comparison = compare(effect, 0.0, std_error, Reference::Normal, options)?;
    Ok(RestrictedMeanTest { horizon, comparison })
}
