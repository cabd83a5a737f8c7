//! Survival read from counts by cohort day and day of churn: curves, log-rank test, restricted means.

use super::SurvivalDay;
use super::sums::Followed;
use crate::stats::distribution::normal;
use crate::stats::mean::MeanSummary;
use crate::stats::survival::{
    RestrictedMean, kaplan_meier, log_rank_test, restricted_mean, restricted_mean_test,
};
use crate::stats::{Alternative, Comparison, Interval, NotEstimable, TestOptions};

/// The curve up to the horizon, a point a day on which somebody was lost.
pub(crate) fn curve(arm: &Followed, options: &TestOptions) -> Vec<SurvivalDay> {
    let days = arm.table.event_rows().take_while(|row| row.time <= arm.horizon);
    let points = kaplan_meier(&arm.table, options).unwrap_or_default();
    let days = days.zip(points).map(|(row, point)| SurvivalDay {
        day: row.time as u32,
        at_risk: row.at_risk,
        events: row.events,
        survival: point.survival,
        lower: point.interval.map(|interval| interval.lower),
        upper: point.interval.map(|interval| interval.upper),
    });
    days.collect()
}

/// Mean days kept within the horizon; not before some cohort was followed that long.
pub(crate) fn mean(arm: &Followed) -> Result<RestrictedMean, NotEstimable> {
    restricted_mean(&arm.table, arm.horizon)
}

/// The interval of the restricted mean, by the normal distribution.
pub(crate) fn interval(arm: &Followed, options: &TestOptions) -> Result<Interval, NotEstimable> {
    let RestrictedMean { mean, variance } = mean(arm)?;
    let half_width = normal::upper_quantile((1.0 - options.confidence_level) / 2.0) * libm::sqrt(variance);
    Ok(Interval { lower: mean - half_width, upper: mean + half_width })
}

/// The restricted mean as a mean over customers that varies as much.
pub(crate) fn summary(arm: &Followed) -> Result<MeanSummary, NotEstimable> {
    let n = arm.table.rows().first().map_or(0, |row| row.at_risk);
    let RestrictedMean { mean, variance } = mean(arm)?;
    Ok(MeanSummary { n, mean, variance: variance * n as f64 })
}

/// The difference in restricted means with its interval, and the log-rank test's statistic (χ², one degree of
/// freedom) and p-value: p decides, the interval shows. One-sided p-values go by the side on which the
/// variant's losses lie from what is expected.
pub(crate) fn test(
    control: &Followed,
    variant: &Followed,
    options: &TestOptions,
) -> Result<Comparison, NotEstimable> {
    let means = restricted_mean_test(&control.table, &variant.table, control.horizon, options)?.comparison;
    let ranks = log_rank_test(&[control.table.clone(), variant.table.clone()])?;
    let (two_sided, log10) = (ranks.test.p_value, ranks.test.log10_p_value);
    let fewer_lost = ranks.observed[1] < ranks.expected[1];
    let (p_value, log10_p_value) = match options.alternative {
        Alternative::TwoSided => (two_sided, log10),
        Alternative::Greater if fewer_lost => (two_sided / 2.0, log10 - libm::log10(2.0)),
        Alternative::Less if !fewer_lost => (two_sided / 2.0, log10 - libm::log10(2.0)),
        _ => (1.0 - two_sided / 2.0, libm::log10(1.0 - two_sided / 2.0)),
    };
    Ok(Comparison {
        statistic: ranks.test.statistic,
        degrees_of_freedom: Some(ranks.test.degrees_of_freedom),
        p_value,
        log10_p_value,
        ..means
    })
}
