//! A quantile read from counts per bucket, and two arms' quantiles compared.

use super::{Distribution, MetricDesign};
use crate::measure::bucket_value;
use crate::stats::mean::{MeanSummary, welch_test};
use crate::stats::quantile::{QuantileEstimate, quantile_by_rank, quantile_summary_by_rank};
use crate::stats::{Comparison, NotEstimable, TestOptions};

/// Counts of customers in the order of their values, so that the value at any rank is found quickly.
struct Ranked {
    n: u64,
    /// Customers up to and with a bucket, and the bucket's value in the metric's unit.
    up_to: Vec<(u64, f64)>,
}

impl Ranked {
    fn of(metric: &MetricDesign, distribution: &Distribution) -> Ranked {
        let unit = 10_u64.pow(metric.places) as f64;
        let mut n = 0_u64;
        let up_to = distribution.iter().map(|(bucket, customers)| {
            n = n.saturating_add(u64::try_from(*customers).unwrap_or(0));
            (n, bucket_value(*bucket) as f64 / unit)
        });
        let up_to = up_to.collect();
        Ranked { n, up_to }
    }

    /// The value of the customer at `rank`, counted from 1.
    fn value(&self, rank: u64) -> f64 {
        let index = self.up_to.partition_point(|(up_to, _)| *up_to < rank);
        self.up_to.get(index).or(self.up_to.last()).map_or(0.0, |(_, value)| *value)
    }
}

/// An arm's quantile with its interval.
pub(crate) fn estimate(
    metric: &MetricDesign,
    distribution: &Distribution,
    options: &TestOptions,
) -> Result<QuantileEstimate, NotEstimable> {
    let ranked = Ranked::of(metric, distribution);
    quantile_by_rank(ranked.n, |rank| ranked.value(rank), metric.quantile.unwrap_or(0.5), options)
}

/// An arm's quantile as a mean that varies as much.
pub(crate) fn summary(
    metric: &MetricDesign,
    distribution: &Distribution,
    confidence_level: f64,
) -> Result<MeanSummary, NotEstimable> {
    let ranked = Ranked::of(metric, distribution);
    let quantile = metric.quantile.unwrap_or(0.5);
    quantile_summary_by_rank(ranked.n, |rank| ranked.value(rank), quantile, confidence_level)
}

/// The difference in quantiles, with errors from the arms' intervals at the level of `options`.
pub(crate) fn test(
    metric: &MetricDesign,
    control: &Distribution,
    variant: &Distribution,
    options: &TestOptions,
) -> Result<Comparison, NotEstimable> {
    let level = options.confidence_level;
    welch_test(&summary(metric, control, level)?, &summary(metric, variant, level)?, options)
}
