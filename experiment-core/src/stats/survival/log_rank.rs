//! Comparing arms over all times: the log-rank test and its weighted forms.

use crate::stats::NotEstimable;
use crate::stats::chi_square::ChiSquareTest;
use crate::stats::cholesky::Cholesky;
use crate::stats::distribution::chi_square;
use crate::stats::not_estimable::{finite, require_that};
use crate::stats::survival::SurvivalTable;

/// Arms that one log-rank test compares: it inverts a matrix of that size.
const MOST_ARMS: usize = 100;

/// How much a time counts, with n at risk and d events of all arms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeWeight {
    /// All alike: the log-rank test, best for proportional hazards.
    LogRank,
    /// n: Gehan and Breslow's generalised Wilcoxon test, for early differences; heavy censoring sways it.
    Gehan,
    /// √n: Tarone and Ware's, between the two.
    TaroneWare,
    /// Π(1 − d/(n + 1)) up to and with the time: Peto and Peto's, for early differences, little moved by censoring.
    PetoPeto,
}

/// A log-rank test.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRankTest {
    /// The χ² statistic with one degree of freedom less than there are arms.
    pub test: ChiSquareTest,
    /// Events of each arm, times their weights.
    pub observed: Vec<f64>,
    /// The same sum as expected if the hazards are the same.
    pub expected: Vec<f64>,
}

/// Tests whether two or more arms have the same hazard at all times.
///
/// Best when hazards are proportional; blind to curves that cross, for which compare
/// [`restricted_mean_test`](crate::stats::survival::restricted_mean_test).
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
    weighted_log_rank_test(arms, TimeWeight::LogRank)
}

/// [`log_rank_test`] with some times counting for more: choose the weight before the data.
///
/// # Errors
/// As [`log_rank_test`].
///
/// # Examples
/// ```
/// use experiment_core::stats::survival::{FollowUp, SurvivalTable, TimeWeight, weighted_log_rank_test};
/// let arm = |rows: [(f64, bool); 6]| {
///     SurvivalTable::from_follow_ups(&rows.map(|(time, event)| FollowUp { time, event }))
/// };
/// let (yes, no) = (true, false);
/// let control = arm([(5.0, yes), (3.0, yes), (9.0, yes), (8.0, yes), (5.0, yes), (7.0, no)])?;
/// let variant = arm([(7.0, yes), (4.0, yes), (4.0, no), (3.0, no), (2.0, yes), (6.0, yes)])?;
/// let test = weighted_log_rank_test(&[control, variant], TimeWeight::PetoPeto)?;
/// assert!((test.test.statistic - 0.763_793_694_607_221_4).abs() < 1e-13);
/// # Ok::<(), experiment_core::stats::NotEstimable>(())
/// ```
///
/// # References
/// Gehan (1965), Biometrika 52(1–2), 203–223; Tarone & Ware (1977), Biometrika 64(1), 156–160; Peto & Peto (1972);
/// Andersen et al. (1982), International Statistical Review 50(3), 219–258 (the n + 1).
pub fn weighted_log_rank_test(
    arms: &[SurvivalTable],
    weight: TimeWeight,
) -> Result<LogRankTest, NotEstimable> {
    let count = arms.len();
    require_that((2..=MOST_ARMS).contains(&count), "the number of arms", count as f64, "2 to 100")?;
    let mut observed = vec![0.0; count];
    let mut expected = vec![0.0; count];
    let mut covariance = vec![vec![0.0; count - 1]; count - 1];
    let (mut events_of_all, mut survival) = (0.0, 1.0);
    for (at_risk, events) in events_over_time(arms) {
        let (n, d): (f64, f64) = (at_risk.iter().sum(), events.iter().sum());
        events_of_all += d;
        survival *= 1.0 - d / (n + 1.0);
        let weight = match weight {
            TimeWeight::LogRank => 1.0,
            TimeWeight::Gehan => n,
            TimeWeight::TaroneWare => n.sqrt(),
            TimeWeight::PetoPeto => survival,
        };
        for arm in 0..count {
            observed[arm] += weight * events[arm];
            expected[arm] += weight * d * (at_risk[arm] / n);
        }
        if n <= 1.0 {
            continue;
        }
        let factor = weight * weight * d * ((n - d) / (n - 1.0));
        for (row, line) in covariance.iter_mut().enumerate() {
            for (column, value) in line.iter_mut().enumerate() {
                let own = if row == column { at_risk[row] / n } else { 0.0 };
                *value += factor * (own - (at_risk[row] / n) * (at_risk[column] / n));
            }
        }
    }
    let excess: Vec<f64> = (0..count - 1).map(|arm| observed[arm] - expected[arm]).collect();
    let factors = Cholesky::of(covariance);
    if factors.dependent().is_some() {
        return Err(NotEstimable::NoEvents { events: events_of_all as u64 });
    }
    let statistic = finite("the statistic", factors.quadratic_form(&excess))?;
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
