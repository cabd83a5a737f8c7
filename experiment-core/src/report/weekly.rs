//! The effect by week of entry.

use std::collections::BTreeMap;

use super::reading::{Pair, alternative, count};
use super::sequence::is_large_enough;
use super::sums::slice_cells;
use super::{Cells, Design, Estimand, MetricDesign, Reading, WeeklyComparison, WeeklyReport};
use crate::measure::{Moments, MomentsOverflow, Population, Slice};
use crate::stats::TestOptions;
use crate::time::{Day, Timestamp};

/// Days of a cohort week, counted from the first cohort day.
const WEEK: i32 = 7;

/// The mature sums by week of entry (0 is that of the `first` day) and arm.
pub(crate) fn weeks(
    design: &Design,
    metric: &MetricDesign,
    cells: &Cells,
    first: Day,
    as_of: Timestamp,
) -> Result<BTreeMap<i32, Vec<Moments>>, MomentsOverflow> {
    let arms = design.variants.len();
    let mut weeks: BTreeMap<i32, Vec<Moments>> = BTreeMap::new();
    for (cell, moments) in slice_cells(cells, &Slice::All) {
        let mature = metric.window.is_mature(cell.day, as_of);
        if !mature || cell.population != Population::Analysed || usize::from(cell.variant) >= arms {
            continue;
        }
        let week = (cell.day.0 - first.0).div_euclid(WEEK);
        let of_week = weeks.entry(week).or_insert_with(|| vec![Moments::new(metric.parts()); arms]);
        of_week[usize::from(cell.variant)].merge(moments)?;
    }
    Ok(weeks)
}

/// The effects week by week; empty where nothing waits for maturity, and for what is not read from sums.
pub(crate) fn weekly(
    design: &Design,
    metric: &MetricDesign,
    cells: &Cells,
    first: Option<Day>,
    as_of: Option<Timestamp>,
) -> Result<Vec<WeeklyReport>, MomentsOverflow> {
    let Some((first, as_of)) = first.zip(as_of.filter(|_| metric.window.to.is_some())) else {
        return Ok(Vec::new());
    };
    if let Estimand::Quantile | Estimand::Survival = metric.estimand {
        return Ok(Vec::new());
    }
    let weeks = weeks(design, metric, cells, first, as_of)?;
    let report = |(week, sums): (&i32, &Vec<Moments>)| WeeklyReport {
        from: Day(first.0 + week * WEEK),
        comparisons: compare(design, metric, sums),
    };
    Ok(weeks.iter().map(report).collect())
}

fn compare(design: &Design, metric: &MetricDesign, sums: &[Moments]) -> Vec<WeeklyComparison> {
    let options = TestOptions {
        alternative: alternative(&design.plan, metric.direction),
        confidence_level: 1.0 - design.plan.alpha,
    };
    let compared = design.treatments().map(|arm| {
        let (control, variant) = (&sums[design.control], &sums[arm]);
        let pair = Pair { metric, control, variant, by_value: None, strata: &[] };
        let estimate = pair.estimate(Reading::Unadjusted, &options).ok();
        WeeklyComparison {
            variant: design.variants[arm].key.clone(),
            control_n: count(control),
            n: count(variant),
            effect: pair
                .shown(Reading::Unadjusted, estimate.as_ref(), &options)
                .filter(|_| is_large_enough(metric, &pair)),
        }
    });
    compared.collect()
}
