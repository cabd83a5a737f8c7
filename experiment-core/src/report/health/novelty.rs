//! Whether an effect lasts: its first and its second half, on the same customers.

use super::{WARNING, check};
use crate::measure::{Moments, MomentsOverflow, Slice};
use crate::report::sequence::{FEWEST_CUSTOMERS, FEWEST_EVENTS};
use crate::report::{
    Aggregates, Cells, Check, CheckCode, Design, Estimand, HalvesComparison, Level, MetricDesign, count,
    pair_at, sums,
};
use crate::stats::mean::{MeanSummary, welch_test};
use crate::stats::ratio::{PairSummary, ratio_test};
use crate::stats::{NotEstimable, TestOptions};
use crate::time::Timestamp;

/// Means below this many standard errors are nothing to divide by.
const NEAR_ZERO: f64 = 3.0;

/// The effect soon after exposure against the effect later. Each customer is compared with themselves, so that who came
/// when plays no part.
pub(super) fn novelty_check(
    design: &Design,
    aggregates: &Aggregates,
    as_of: Option<Timestamp>,
) -> Option<Check> {
    let mut tested = Vec::new();
    for (metric, cells) in design.metrics.iter().zip(&aggregates.halves) {
        let changes = changes(design, metric, cells, as_of).ok()?;
        tested.extend(changes.into_iter().map(|(variant, change)| (metric, variant, change)));
    }
    let worst = tested.iter().min_by(|(_, _, a), (_, _, b)| a.p_value.total_cmp(&b.p_value))?;
    let (metric, variant, Change { p_value, early, late, is_relative }) = worst;
    if *p_value >= WARNING / tested.len() as f64 {
        let detail = "No effect differs between the halves of its window by more than chance.";
        return Some(check(CheckCode::Novelty, Level::Ok, detail));
    }
    let way = match (early * late < 0.0, late.abs() < early.abs()) {
        (true, _) => "turns round",
        (false, true) => "wears off",
        (false, false) => "grows",
    };
    let shown = |effect: f64| match is_relative {
        true => format!("{:+.2} %", effect * 100.0),
        false => format!("{effect:+.4}"),
    };
    let detail = format!(
        "The effect of {} on {} {way}: {} in the first half of the window, {} in the second, on the same customers \
         (p = {p_value:.2e}). What comes after the window is nearer to the second half: count on that, or measure \
         longer.",
        design.variants[*variant].key,
        metric.key,
        shown(*early),
        shown(*late),
    );
    Some(check(CheckCode::Novelty, Level::Warn, detail))
}

/// The effect in both halves of the window, of each variant whose arms are large enough.
pub(crate) fn halves(
    design: &Design,
    metric: &MetricDesign,
    cells: &Cells,
    as_of: Option<Timestamp>,
) -> Result<Vec<HalvesComparison>, MomentsOverflow> {
    let told = |(variant, change): (usize, Change)| HalvesComparison {
        variant: design.variants[variant].key.clone(),
        early: change.early,
        late: change.late,
        relative: change.is_relative,
        p_value: change.p_value,
    };
    Ok(changes(design, metric, cells, as_of)?.into_iter().map(told).collect())
}

/// The same by the variant's index.
fn changes(
    design: &Design,
    metric: &MetricDesign,
    cells: &Cells,
    as_of: Option<Timestamp>,
) -> Result<Vec<(usize, Change)>, MomentsOverflow> {
    let (arms, _) = sums::mature(&metric.window, 2, cells, &Slice::All, design.variants.len(), as_of)?;
    let found = design.treatments().filter_map(|variant| {
        let pair = [&arms[design.control], &arms[variant]];
        if !pair.iter().all(|arm| is_large_enough(metric, arm)) {
            return None;
        }
        // The second half of the window above the line, the first below it.
        let [control, treated] = pair.map(|arm| pair_at(metric, arm, 1, 0).ok());
        Some((variant, Change::between(&control?, &treated?)?))
    });
    Ok(found.collect())
}

fn is_large_enough(metric: &MetricDesign, arm: &Moments) -> bool {
    let events: i128 = arm.sums().iter().sum::<i128>() / 10_i128.pow(metric.places);
    let rare = metric.estimand == Estimand::Proportion && events < i128::from(FEWEST_EVENTS);
    count(arm) >= FEWEST_CUSTOMERS && !rare
}

/// The effect in the first half and in the second, and whether they differ.
struct Change {
    p_value: f64,
    early: f64,
    late: f64,
    /// Whether the effects are over the control.
    is_relative: bool,
}

impl Change {
    /// Relative effects, since all customers do less of most things as time goes by: whether second half ÷ first is the
    /// same in both arms. Where a first half is too near 0 to divide by, each customer's second half less the first.
    fn between(control: &PairSummary, variant: &PairSummary) -> Option<Change> {
        let options = TestOptions::two_sided(0.95);
        let is_relative = [control, variant].into_iter().all(|arm| {
            arm.mean_x > NEAR_ZERO * libm::sqrt(arm.variance_x / arm.n as f64) && arm.mean_y > 0.0
        });
        let test = match is_relative {
            true => ratio_test(control, variant, &options),
            false => welch_test(&change(control), &change(variant), &options),
        };
        let p_value = match test {
            Ok(test) => test.p_value,
            // Everybody's halves differ by the same: nothing wears off.
            Err(NotEstimable::NoVariation { control, variant }) if control == variant => 1.0,
            Err(_) => return None,
        };
        let effect = |control: f64, variant: f64| match is_relative {
            true => (variant - control) / control,
            false => variant - control,
        };
        let (early, late) = (effect(control.mean_x, variant.mean_x), effect(control.mean_y, variant.mean_y));
        Some(Change { p_value, early, late, is_relative })
    }
}

/// Each customer's second half less the first.
fn change(arm: &PairSummary) -> MeanSummary {
    let variance = arm.variance_x + arm.variance_y - 2.0 * arm.covariance;
    MeanSummary { n: arm.n, mean: arm.mean_y - arm.mean_x, variance: variance.max(0.0) }
}
