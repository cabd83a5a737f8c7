//! Metrics that do not count every customer yet: they are named and give no numbers.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Aggregates, Check, CheckCode, Design, Level, MetricDesign, MetricReport, Report};

/// How far the count of a metric is that was added while its experiment ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rebuilding {
    /// Customers of the store that are counted.
    pub done: u64,
    /// Customers of the store.
    pub of: u64,
}

/// The design and the sums without the metrics that are not complete: no family and no verdict knows of them.
pub(super) fn complete<'a>(
    design: &'a Design,
    aggregates: &'a Aggregates,
) -> (Cow<'a, Design>, Cow<'a, Aggregates>) {
    if aggregates.rebuilding.is_empty() {
        return (Cow::Borrowed(design), Cow::Borrowed(aggregates));
    }
    let metrics = keep(aggregates, &design.metrics);
    let design = Design { metrics, ..design.clone() };
    let aggregates = Aggregates {
        metrics: keep(aggregates, &aggregates.metrics),
        distributions: keep(aggregates, &aggregates.distributions),
        halves: keep(aggregates, &aggregates.halves),
        values: keep(aggregates, &aggregates.values),
        late: keep(aggregates, &aggregates.late),
        rebuilding: BTreeMap::new(),
        ..aggregates.clone()
    };
    (Cow::Owned(design), Cow::Owned(aggregates))
}

fn keep<T: Clone>(aggregates: &Aggregates, all: &[T]) -> Vec<T> {
    let complete = |index: &usize| !aggregates.rebuilding.contains_key(index);
    (0..all.len()).filter(complete).map(|index| all[index].clone()).collect()
}

/// Puts the metrics that are not complete in their places, and says so.
pub(super) fn announce(design: &Design, aggregates: &Aggregates, report: &mut Report) {
    for (index, progress) in &aggregates.rebuilding {
        let Some(metric) = design.metrics.get(*index) else { continue };
        let lists = report.dimensions.iter_mut().map(|slice| &mut slice.metrics);
        for list in lists.chain([&mut report.metrics]) {
            list.insert((*index).min(list.len()), bare(metric, *progress));
        }
        report.health.checks.push(check(metric, *progress));
    }
}

fn bare(metric: &MetricDesign, progress: Rebuilding) -> MetricReport {
    MetricReport {
        metric: metric.key.clone(),
        kind: metric.estimand,
        role: metric.role,
        direction: metric.direction,
        rebuilding: Some(progress),
        immature: None,
        so_far: None,
        daily: Vec::new(),
        weekly: Vec::new(),
        halves: Vec::new(),
        arms: Vec::new(),
        comparisons: Vec::new(),
    }
}

fn check(metric: &MetricDesign, Rebuilding { done, of }: Rebuilding) -> Check {
    let detail = format!(
        "{} was added or changed while the experiment ran and is being counted for the customers who were there \
         before, {done} of {of} so far; its numbers come by themselves once that is done, and nothing else waits \
         for them.",
        metric.key
    );
    Check { check: CheckCode::Rebuilding, level: Level::Warn, detail }
}
