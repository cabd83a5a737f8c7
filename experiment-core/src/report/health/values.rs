//! What happened to values and dimensions on their way into the sums.

use super::check;
use crate::measure::Moments;
use crate::report::strata::{fewest, has_strata};
use crate::report::{Aggregates, Check, CheckCode, Design, Level, MetricReport, sums};

/// The first metric for which `count` finds something over all customers of the main reading.
fn found(design: &Design, aggregates: &Aggregates, count: impl Fn(&Moments) -> i64) -> Option<(String, i64)> {
    let metrics = design.metrics.iter().map(|metric| metric.key.as_str()).zip(&aggregates.metrics);
    let metrics = metrics.chain([("economics", &aggregates.economics)]);
    let total = |cells| -> i64 {
        sums::slice_cells(cells, &crate::measure::Slice::All).map(|(_, moments)| count(moments)).sum()
    };
    metrics.map(|(metric, cells)| (metric.to_owned(), total(cells))).find(|(_, total)| *total > 0)
}

pub(super) fn rounded_check(design: &Design, aggregates: &Aggregates) -> Check {
    match found(design, aggregates, Moments::rounded) {
        None => check(CheckCode::RoundedValues, Level::Ok, "No value was finer than its metric's scale."),
        Some((metric, count)) => {
            let detail = format!(
                "{count} values of {metric} were rounded to its scale; state a finer scale if that matters."
            );
            check(CheckCode::RoundedValues, Level::Warn, detail)
        }
    }
}

pub(super) fn clamped_check(design: &Design, aggregates: &Aggregates) -> Check {
    match found(design, aggregates, Moments::clamped) {
        None => check(CheckCode::ClampedValues, Level::Ok, "No customer's total was beyond the bound."),
        Some((metric, count)) => {
            let detail = format!(
                "{count} customers' totals of {metric} were cut off at the largest magnitude kept; \
                 check the values or state a coarser scale."
            );
            check(CheckCode::ClampedValues, Level::Warn, detail)
        }
    }
}

pub(super) fn dimension_check(design: &Design, aggregates: &Aggregates) -> Option<Check> {
    let strata = design.strata();
    let name = |index: &u16| match design.dimensions.get(usize::from(*index)) {
        Some(name) => Some(name.clone()),
        // Behind the declared ones stand those together that the plan stratifies by.
        None => (strata == Some(*index)).then(|| design.strata_name()),
    };
    let mut dropped = aggregates.dropped_dimensions.iter().filter_map(|index| Some((*index, name(index)?)));
    let (first, name) = dropped.next()?;
    let is_strata = strata == Some(first) || dropped.any(|(index, _)| strata == Some(index));
    let detail = format!(
        "{name} has more than {} values and is left out; group its values first.{}",
        crate::measure::MAX_DIMENSION_VALUES,
        if is_strata { " Effects are not stratified as planned." } else { "" }
    );
    Some(check(CheckCode::DimensionValues, Level::Warn, detail))
}

/// Whether effects are averaged over the strata that the plan names. Silent where the dimension was dropped, which
/// [`dimension_check`] tells.
pub(super) fn strata_check(
    design: &Design,
    aggregates: &Aggregates,
    metrics: &[MetricReport],
) -> Option<Check> {
    design.strata().filter(|index| !aggregates.dropped_dimensions.contains(index))?;
    let name = design.strata_name();
    let planned = || metrics.iter().zip(&design.metrics).filter(|(_, planned)| has_strata(planned));
    planned().next()?;
    for (metric, planned) in planned() {
        let plain = metric.comparisons.iter().find(|comparison| comparison.stratified.is_none());
        if let Some(comparison) = plain {
            let detail = format!(
                "The effect of {} on {} is not stratified by {name}: that takes {} customers of each arm in two \
                 strata at least, and an outcome that varies.",
                comparison.variant,
                metric.metric,
                fewest(design, planned)
            );
            return Some(check(CheckCode::Strata, Level::Warn, detail));
        }
    }
    Some(check(CheckCode::Strata, Level::Ok, format!("Effects are averaged over the strata by {name}.")))
}
