//! Survival read from counts by cohort day and day of churn: curves, log-rank test, restricted means.

use super::{MetricDesign, SurvivalDay};
use crate::stats::distribution::normal;
use crate::stats::mean::MeanSummary;
use crate::stats::survival::{
    RestrictedMean, SurvivalTable, kaplan_meier, log_rank_test, restricted_mean, restricted_mean_test,
};
use crate::stats::{Alternative, Comparison, Interval, NotEstimable, TestOptions};
use crate::time::DAY;

/// Whole days up to which the mean is taken.
pub(crate) fn horizon(metric: &MetricDesign) -> f64 {
    metric.window.to.map_or(0.0, |to| (to.0 / DAY) as f64)
}

/// The curve up to the horizon, a point a day on which somebody was lost.
pub(crate) fn curve(metric: &MetricDesign, table: &SurvivalTable, options: &TestOptions) -> Vec<SurvivalDay> {
    let days = table.event_rows().take_while(|row| row.time <= horizon(metric));
    let points = kaplan_meier(table, options).unwrap_or_default();
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
pub(crate) fn mean(metric: &MetricDesign, table: &SurvivalTable) -> Result<RestrictedMean, NotEstimable> {
    restricted_mean(table, horizon(metric))
}

/// The interval of the restricted mean, by the normal distribution.
pub(crate) fn interval(
    metric: &MetricDesign,
    table: &SurvivalTable,
    options: &TestOptions,
) -> Result<Interval, NotEstimable> {
    let RestrictedMean { mean, variance } = mean(metric, table)?;
    let half_width = normal::upper_quantile((1.0 - options.confidence_level) / 2.0) * libm::sqrt(variance);
    Ok(Interval { lower: mean - half_width, upper: mean + half_width })
}

/// The restricted mean as a mean over customers that varies as much.
pub(crate) fn summary(metric: &MetricDesign, table: &SurvivalTable) -> Result<MeanSummary, NotEstimable> {
    let n = table.rows().first().map_or(0, |row| row.at_risk);
    let RestrictedMean { mean, variance } = mean(metric, table)?;
    Ok(MeanSummary { n, mean, variance: variance * n as f64 })
}

/// The difference in restricted means with its interval, and the log-rank test's statistic (χ², one degree of
/// freedom) and p-value: p decides, the interval shows. One-sided p-values go by the side on which the
/// variant's losses lie from what is expected.
pub(crate) fn test(
    metric: &MetricDesign,
    control: &SurvivalTable,
    variant: &SurvivalTable,
    options: &TestOptions,
) -> Result<Comparison, NotEstimable> {
    let means = restricted_mean_test(control, variant, horizon(metric), options)?.comparison;
    let ranks = log_rank_test(&[control.clone(), variant.clone()])?;
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
