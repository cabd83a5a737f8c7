//! What happened to values and dimensions on their way into the sums.

use super::check;
use crate::measure::Moments;
use crate::report::{Aggregates, Check, CheckCode, Design, Level, sums};

/// The first metric for which `count` finds something over all customers of the main reading.
fn found(design: &Design, aggregates: &Aggregates, count: impl Fn(&Moments) -> i64) -> Option<(String, i64)> {
    let metrics = design.metrics.iter().zip(&aggregates.metrics);
    let total = |cells| -> i64 {
        sums::slice_cells(cells, &crate::measure::Slice::All).map(|(_, moments)| count(moments)).sum()
    };
    metrics.map(|(metric, cells)| (metric.key.clone(), total(cells))).find(|(_, total)| *total > 0)
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
    let names = aggregates.dropped_dimensions.iter();
    let names: Vec<_> = names.filter_map(|index| design.dimensions.get(usize::from(*index))).collect();
    let first = names.first()?;
    let detail = format!(
        "{first} has more than {} values and is left out; group its values first.",
        crate::measure::MAX_DIMENSION_VALUES
    );
    Some(check(CheckCode::DimensionValues, Level::Warn, detail))
}
