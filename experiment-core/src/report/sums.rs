//! Cells → one set of sums per arm, with maturity applied as they are read.

use std::ops::Bound;

use super::{Cells, MetricDesign};
use crate::measure::{Cell, Moments, MomentsOverflow, Population, Slice};
use crate::time::{Day, Timestamp};

/// One arm's sums of one metric.
#[derive(Debug, Clone, Default)]
pub(crate) struct ArmSums {
    /// Over customers whose windows have ended.
    pub(crate) mature: Moments,
    /// Over everybody.
    pub(crate) so_far: Moments,
}

/// The cells of one slice.
pub(crate) fn slice_cells<'a>(
    cells: &'a Cells,
    slice: &'a Slice,
) -> impl Iterator<Item = (&'a Cell, &'a Moments)> {
    let first = Cell { phase: 0, variant: 0, population: Population::Analysed, day: Day(i32::MIN) };
    cells
        .range((Bound::Included((slice.clone(), first)), Bound::Unbounded))
        .take_while(move |((other, _), _)| other == slice)
        .map(|((_, cell), moments)| (cell, moments))
}

/// The main reading of a metric in one slice, an entry an arm.
///
/// Arms are added up over phases: an experiment has one until weights, variants and audience can change
/// under way.
pub(crate) fn arms(
    metric: &MetricDesign,
    cells: &Cells,
    slice: &Slice,
    arms: usize,
    as_of: Option<Timestamp>,
) -> Result<Vec<ArmSums>, MomentsOverflow> {
    let empty = Moments::new(metric.parts());
    let mut sums = vec![ArmSums { mature: empty.clone(), so_far: empty }; arms];
    for (cell, moments) in slice_cells(cells, slice) {
        if cell.population != Population::Analysed {
            continue;
        }
        let Some(arm) = sums.get_mut(usize::from(cell.variant)) else { continue };
        arm.so_far.merge(moments)?;
        if as_of.is_none_or(|instant| metric.window.is_mature(cell.day, instant)) {
            arm.mature.merge(moments)?;
        }
    }
    Ok(sums)
}

/// The mature sums of everybody under the variant that they saw first, crossed customers too; an entry an arm.
pub(crate) fn arms_as_assigned(
    metric: &MetricDesign,
    cells: &Cells,
    arms: usize,
    as_of: Option<Timestamp>,
) -> Result<Vec<Moments>, MomentsOverflow> {
    let mut sums = vec![Moments::new(metric.parts()); arms];
    for (cell, moments) in slice_cells(cells, &Slice::All) {
        let mature = as_of.is_none_or(|instant| metric.window.is_mature(cell.day, instant));
        if mature
            && cell.population != Population::OffAssignment
            && let Some(arm) = sums.get_mut(usize::from(cell.variant))
        {
            arm.merge(moments)?;
        }
    }
    Ok(sums)
}

/// Customers by arm, of all populations or of one.
pub(crate) fn customers(exposed: &Cells, arms: usize, population: Option<Population>) -> Vec<u64> {
    customers_of(exposed, &Slice::All, arms, population)
}

/// The same in one slice.
pub(crate) fn customers_of(
    exposed: &Cells,
    slice: &Slice,
    arms: usize,
    population: Option<Population>,
) -> Vec<u64> {
    let mut counts = vec![0_i64; arms];
    for (cell, moments) in slice_cells(exposed, slice) {
        if population.is_none_or(|wanted| wanted == cell.population)
            && let Some(count) = counts.get_mut(usize::from(cell.variant))
        {
            *count += moments.n();
        }
    }
    counts.into_iter().map(|count| u64::try_from(count).unwrap_or(0)).collect()
}

/// The first cohort day there is.
pub(crate) fn first_day(exposed: &Cells) -> Option<Day> {
    let days = slice_cells(exposed, &Slice::All).filter(|(_, moments)| moments.n() > 0);
    days.map(|(cell, _)| cell.day).min()
}

/// The slices by dimension value that have customers, in order.
pub(crate) fn values(exposed: &Cells) -> Vec<Slice> {
    let mut slices: Vec<Slice> = Vec::new();
    for ((slice, _), moments) in exposed {
        if *slice != Slice::All && moments.n() > 0 && slices.last() != Some(slice) {
            slices.push(slice.clone());
        }
    }
    slices
}
