//! Whether sums can be those of a design: what a file says must not make the analysis panic.

use super::InputsError;
use crate::definition::{MAX_COVARIATES, MAX_METRICS, MAX_VARIANTS};
use crate::measure::{Account, MAX_PLACES, Moments};
use crate::report::{Aggregates, Cells, Design, Distributions};

/// A window has a first and a second half.
const HALVES: usize = 2;
/// Far above what customers can add up to, and far enough from 2^127 to add a few.
const LARGEST_SUM: u128 = 1 << 120;

/// Checks `aggregates` against `design`; `within` is where both stand.
pub(super) fn check(within: &str, design: &Design, aggregates: &Aggregates) -> Result<(), InputsError> {
    let place = |field: &str| format!("inputs.{within}{field}");
    require((2..=MAX_VARIANTS).contains(&design.variants.len()), place("design.variants"), || {
        format!("has {} variants where 2 to {MAX_VARIANTS} can be compared", design.variants.len())
    })?;
    require(design.control < design.variants.len(), place("design.control"), || {
        format!("is {}, which is no variant's index", design.control)
    })?;
    require(design.metrics.len() <= MAX_METRICS, place("design.metrics"), || {
        format!("has {} metrics; the most is {MAX_METRICS}", design.metrics.len())
    })?;
    if let Some(economics) = &design.economics {
        require(
            economics.is_taken.len() == design.variants.len(),
            place("design.economics.is_taken"),
            || format!("has {} entries for {} variants", economics.is_taken.len(), design.variants.len()),
        )?;
    }
    require(aggregates.metrics.len() == design.metrics.len(), place("aggregates.metrics"), || {
        format!("has {} entries for {} metrics", aggregates.metrics.len(), design.metrics.len())
    })?;
    check_cells(&place("aggregates.exposed"), &aggregates.exposed, 0)?;
    for (index, (metric, cells)) in design.metrics.iter().zip(&aggregates.metrics).enumerate() {
        let field = |name: &str| place(&format!("design.metrics[{index}].{name}"));
        require(metric.places <= MAX_PLACES, field("places"), || {
            format!("is {}; the most is {MAX_PLACES}", metric.places)
        })?;
        require(metric.covariates <= MAX_COVARIATES, field("covariates"), || {
            format!("is {}; the most is {MAX_COVARIATES}", metric.covariates)
        })?;
        check_cells(&place(&format!("aggregates.metrics[{index}]")), cells, metric.parts())?;
    }
    check_cells(&place("aggregates.economics"), &aggregates.economics, Account::COUNT)?;
    for (index, cells) in aggregates.halves.iter().enumerate() {
        check_cells(&place(&format!("aggregates.halves[{index}]")), cells, HALVES)?;
    }
    for (name, all) in [("distributions", &aggregates.distributions), ("values", &aggregates.values)] {
        for (index, counts) in all.iter().enumerate() {
            check_counts(&place(&format!("aggregates.{name}[{index}]")), counts)?;
        }
    }
    Ok(())
}

fn check_cells(field: &str, cells: &Cells, parts: usize) -> Result<(), InputsError> {
    for moments in cells.values() {
        require(moments.sums().len() == parts, field.to_owned(), || {
            format!("has sums of {} parts where the design has {parts}", moments.sums().len())
        })?;
    }
    let mut sums = cells.values().flat_map(|moments| moments.sums());
    let total = sums.try_fold(0_u128, |total, sum| total.checked_add(sum.unsigned_abs()));
    require(total.is_some_and(|total| total <= LARGEST_SUM), field.to_owned(), || {
        "has sums beyond 2^120, which no customers add up to".to_owned()
    })?;
    let counts: [fn(&Moments) -> i64; 3] = [Moments::n, Moments::clamped, Moments::rounded];
    counts.iter().try_for_each(|count| check_total(field, cells.values().map(count)))
}

fn check_counts(field: &str, counts: &Distributions) -> Result<(), InputsError> {
    check_total(field, counts.values().flat_map(|counts| counts.values().copied()))
}

/// Counts that are none, or too many to be added up.
fn check_total(field: &str, mut counts: impl Iterator<Item = i64>) -> Result<(), InputsError> {
    let total = counts.try_fold(0_i64, |total, count| total.checked_add(count).filter(|_| count >= 0));
    require(total.is_some(), field.to_owned(), || "has counts below 0 or beyond 64 bits".to_owned())
}

fn require(holds: bool, field: String, detail: impl FnOnce() -> String) -> Result<(), InputsError> {
    if holds { Ok(()) } else { Err(InputsError::Unfit { field, detail: detail() }) }
}
