//! The effect day by day: running sums over mature cohort days, read after each.

use std::collections::BTreeMap;

use super::metric::reading_without_strata;
use super::reading::{Pair, alternative, count};
use super::sequence::{Sequence, is_large_enough};
use super::sums::slice_cells;
use super::{
    Cells, DailyComparison, DailyReport, DailySequence, Design, Effect, Estimand, MetricDesign, MetricReport,
};
use crate::measure::{Moments, MomentsOverflow, Population, Slice};
use crate::stats::TestOptions;
use crate::time::{Day, Timestamp};

/// Most points of a curve; beyond them days are left out evenly, never the last.
const MOST_POINTS: usize = 400;

/// The curve of one metric, with covariates where those decide, without strata: sums by stratum and day would cost far
/// more than all the rest. Empty for a metric whose window has no end, where
/// nothing waits for maturity, and for what is not read from sums.
pub(crate) fn daily(
    design: &Design,
    metric: &MetricDesign,
    cells: &Cells,
    report: &MetricReport,
    as_of: Option<Timestamp>,
) -> Result<Vec<DailyReport>, MomentsOverflow> {
    let Some(as_of) = as_of.filter(|_| metric.window.to.is_some()) else { return Ok(Vec::new()) };
    if let Estimand::Quantile | Estimand::Survival = metric.estimand {
        return Ok(Vec::new());
    }
    let arms = design.variants.len();
    let mut days: BTreeMap<Day, Vec<(usize, &Moments)>> = BTreeMap::new();
    for (cell, moments) in slice_cells(cells, &Slice::All) {
        let analysed = cell.population == Population::Analysed && usize::from(cell.variant) < arms;
        if analysed && metric.window.is_mature(cell.day, as_of) {
            days.entry(cell.day).or_default().push((usize::from(cell.variant), moments));
        }
    }
    let mut sums = vec![Moments::new(metric.parts()); arms];
    let mut curve = Vec::with_capacity(days.len().min(MOST_POINTS));
    let count = days.len();
    for (index, (day, cells)) in days.into_iter().enumerate() {
        for (arm, moments) in cells {
            sums[arm].merge(moments)?;
        }
        if is_shown(index, count) {
            curve.push(DailyReport { day, comparisons: compare(design, metric, &sums, report) });
        }
    }
    Ok(curve)
}

/// Whether the day at this place is a point of the curve: all of few days, of many evenly spread ones.
fn is_shown(index: usize, count: usize) -> bool {
    count <= MOST_POINTS || (index + 1) * MOST_POINTS / count > index * MOST_POINTS / count
}

fn compare(
    design: &Design,
    metric: &MetricDesign,
    sums: &[Moments],
    report: &MetricReport,
) -> Vec<DailyComparison> {
    let options = TestOptions {
        alternative: alternative(&design.plan, metric.direction),
        confidence_level: 1.0 - design.plan.alpha,
    };
    let control = &sums[design.control];
    let against_control = design.treatments().zip(&report.comparisons).map(|(arm, comparison)| {
        let pair = Pair { metric, control, variant: &sums[arm], by_value: None, strata: &[] };
        let reading = reading_without_strata(&design.plan, comparison);
        let estimate = pair.estimate(reading, &options).ok();
        let tuning = design.plan.tuning_customers();
        let sequence = estimate
            .filter(|_| is_large_enough(metric, &pair))
            .and_then(|test| Sequence::of(&pair, test.effect, test.std_error, tuning, &options));
        DailyComparison {
            variant: comparison.variant.clone(),
            control_n: count(control),
            n: count(&sums[arm]),
            effect: pair
                .shown(reading, estimate.as_ref(), &options)
                .map(|effect| Effect { std_error: None, ..effect }),
            always_valid: sequence
                .and_then(|sequence| sequence.shown(options.confidence_level))
                .map(|shown| DailySequence { lower: shown.lower, upper: shown.upper }),
        }
    });
    against_control.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_days_are_thinned_evenly_and_the_last_stays() {
        for count in [1, 399, 400, 401, 799, 800, 4_000] {
            let shown: Vec<usize> = (0..count).filter(|index| is_shown(*index, count)).collect();
            assert_eq!(shown.len(), count.min(MOST_POINTS));
            assert_eq!(shown.last(), Some(&(count - 1)));
            let gaps: Vec<usize> = shown.windows(2).map(|pair| pair[1] - pair[0]).collect();
            let (least, most) = (gaps.iter().min(), gaps.iter().max());
            assert!(least.zip(most).is_none_or(|(least, most)| most - least <= 1), "{count}: {gaps:?}");
        }
    }
}
