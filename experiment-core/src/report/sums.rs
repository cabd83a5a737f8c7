//! Cells → one set of sums per arm, with maturity applied as they are read.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::{Aggregates, Cells, Design, Distribution, Distributions, Estimand, MetricDesign};
use crate::definition::Window;
use crate::measure::{Cell, Moments, MomentsOverflow, Population, Slice};
use crate::stats::survival::SurvivalTable;
use crate::time::{DAY, Day, Timestamp};

/// One arm's sums of one metric.
#[derive(Debug, Clone, Default)]
pub(crate) struct ArmSums {
    /// Over customers whose windows have ended.
    pub(crate) mature: Moments,
    /// Over everybody.
    pub(crate) so_far: Moments,
    /// Customers of the mature days by value.
    pub(crate) distribution: Distribution,
    /// Everybody by value.
    pub(crate) distribution_so_far: Distribution,
    /// Survival: everybody followed for a day or more, those still there at the end of that censored.
    pub(crate) survival: Option<Followed>,
    /// Metrics that only some answer: all customers, whether they answered or not.
    pub(crate) asked: Asked,
}

/// One arm by day of churn, and up to which day the arms are compared.
#[derive(Debug, Clone)]
pub(crate) struct Followed {
    pub(crate) table: SurvivalTable,
    /// In days: the plan's horizon, or without one the last day up to which every arm was followed.
    pub(crate) horizon: f64,
}

/// How many customers there are to a metric that only some answer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Asked {
    /// Those whose windows have ended.
    pub(crate) mature: u64,
    /// All.
    pub(crate) so_far: u64,
}

/// The cells of one slice.
pub(crate) fn slice_cells<'a, T>(
    cells: &'a BTreeMap<(Slice, Cell), T>,
    slice: &'a Slice,
) -> impl Iterator<Item = (&'a Cell, &'a T)> {
    let first = Cell { phase: 0, variant: 0, population: Population::Analysed, day: Day(i32::MIN) };
    cells
        .range((Bound::Included((slice.clone(), first)), Bound::Unbounded))
        .take_while(move |((other, _), _)| other == slice)
        .map(|((_, cell), moments)| (cell, moments))
}

/// [`arms`] of one of a design's metrics.
pub(crate) fn arms_of(
    design: &Design,
    aggregates: &Aggregates,
    metric: usize,
    slice: &Slice,
    as_of: Option<Timestamp>,
) -> Result<Vec<ArmSums>, MomentsOverflow> {
    let (no_cells, no_counts) = (Cells::new(), Distributions::new());
    let cells = aggregates.metrics.get(metric).unwrap_or(&no_cells);
    let counts = aggregates.distributions.get(metric).unwrap_or(&no_counts);
    let count = design.variants.len();
    arms(&design.metrics[metric], (cells, counts), &aggregates.exposed, slice, count, as_of)
}

/// The main reading of a metric in one slice, an entry an arm.
///
/// Arms are added up over phases: an experiment has one until weights, variants and audience can change
/// under way.
pub(crate) fn arms(
    metric: &MetricDesign,
    of_metric: (&Cells, &Distributions),
    exposed: &Cells,
    slice: &Slice,
    arms: usize,
    as_of: Option<Timestamp>,
) -> Result<Vec<ArmSums>, MomentsOverflow> {
    let empty = Moments::new(metric.parts());
    let is_mature = |day| as_of.is_none_or(|instant| metric.window.is_mature(day, instant));
    let mut sums = vec![ArmSums { mature: empty.clone(), so_far: empty, ..ArmSums::default() }; arms];
    let asked = slice_cells(exposed, slice).filter(|_| metric.answered);
    for (cell, moments) in asked.filter(|(cell, _)| cell.population == Population::Analysed) {
        let Some(arm) = sums.get_mut(usize::from(cell.variant)) else { continue };
        let n = u64::try_from(moments.n()).unwrap_or(0);
        arm.asked.so_far += n;
        arm.asked.mature += if is_mature(cell.day) { n } else { 0 };
    }
    let (cells, distributions) = of_metric;
    let mut places = vec![(Vec::new(), Vec::new()); arms];
    for (cell, counts) in slice_cells(distributions, slice) {
        let Some((so_far, mature)) = places.get_mut(usize::from(cell.variant)) else { continue };
        if cell.population != Population::Analysed {
            continue;
        }
        so_far.extend(counts);
        if is_mature(cell.day) {
            mature.extend(counts);
        }
    }
    for (arm, (so_far, mature)) in sums.iter_mut().zip(places) {
        arm.distribution_so_far = added_up(so_far);
        arm.distribution = added_up(mature);
    }
    if metric.estimand == Estimand::Survival {
        let tables: Vec<_> =
            (0..arms).map(|arm| survival_table(metric, of_metric, slice, arm, as_of)).collect();
        let followed = tables.iter().flatten().map(SurvivalTable::last_time).fold(f64::INFINITY, f64::min);
        let horizon = metric.window.to.map_or(followed, |horizon| (horizon.0 / DAY) as f64);
        for (arm, table) in sums.iter_mut().zip(tables) {
            arm.survival = table.map(|table| Followed { table, horizon });
        }
    }
    for (cell, moments) in slice_cells(cells, slice) {
        if cell.population != Population::Analysed {
            continue;
        }
        let Some(arm) = sums.get_mut(usize::from(cell.variant)) else { continue };
        arm.so_far.merge(moments)?;
        if is_mature(cell.day) {
            arm.mature.merge(moments)?;
        }
    }
    Ok(sums)
}

/// Counts by place, of days one after the other. Put in order all at once: each day is in order already.
fn added_up(mut counts: Vec<(&i32, &i64)>) -> Distribution {
    counts.sort_by_key(|(place, _)| **place);
    let same = counts.chunk_by(|one, other| one.0 == other.0);
    same.map(|counts| (*counts[0].0, counts.iter().map(|(_, count)| **count).sum())).collect()
}

/// One arm by day of churn: of each cohort day those lost within the days it was followed, the others censored.
fn survival_table(
    metric: &MetricDesign,
    (cells, distributions): (&Cells, &Distributions),
    slice: &Slice,
    arm: usize,
    as_of: Option<Timestamp>,
) -> Option<SurvivalTable> {
    let mut days: BTreeMap<i32, (u64, u64)> = BTreeMap::new();
    for (cell, moments) in slice_cells(cells, slice) {
        let followed = followed(metric, cell.day, as_of);
        if cell.population != Population::Analysed || usize::from(cell.variant) != arm || followed < 0 {
            continue;
        }
        let mut left = u64::try_from(moments.n()).unwrap_or(0);
        for (day, lost) in distributions.get(&(slice.clone(), *cell)).into_iter().flatten() {
            if *day <= followed {
                let lost = u64::try_from(*lost).unwrap_or(0).min(left);
                days.entry(*day).or_default().0 += lost;
                left -= lost;
            }
        }
        days.entry(followed).or_default().1 += left;
    }
    let days: Vec<_> = days.into_iter().map(|(day, (lost, left))| (f64::from(day), lost, left)).collect();
    SurvivalTable::from_counts(&days).ok()
}

/// Whole days from the end of a cohort day to the instant, less the grace; negative before that. Where nothing
/// waits for an instant, cohorts stand on the days before day 0 and are followed until its end.
fn followed(metric: &MetricDesign, day: Day, as_of: Option<Timestamp>) -> i32 {
    let instant = as_of.unwrap_or(Day(0).end());
    let days = instant.0.saturating_sub(metric.window.grace.0).saturating_sub(day.end().0).div_euclid(DAY);
    i32::try_from(days).unwrap_or(if days < 0 { -1 } else { i32::MAX })
}

/// The mature sums of vectors of `k` entries in the main reading, an entry an arm, and how many customers are still
/// immature.
pub(crate) fn mature(
    window: &Window,
    k: usize,
    cells: &Cells,
    slice: &Slice,
    arms: usize,
    as_of: Option<Timestamp>,
) -> Result<(Vec<Moments>, u64), MomentsOverflow> {
    let mut sums = vec![Moments::new(k); arms];
    let mut immature = 0;
    for (cell, moments) in slice_cells(cells, slice) {
        let Some(arm) = sums.get_mut(usize::from(cell.variant)) else { continue };
        if cell.population != Population::Analysed {
            continue;
        }
        if as_of.is_none_or(|instant| window.is_mature(cell.day, instant)) {
            arm.merge(moments)?;
        } else {
            immature += u64::try_from(moments.n()).unwrap_or(0);
        }
    }
    Ok((sums, immature))
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
    let mut counts = vec![0_i64; arms];
    for (cell, moments) in slice_cells(exposed, &Slice::All) {
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
