//! Whether an effect lasts: its first and its second half, on the same customers.

use super::{WARNING, check};
use crate::measure::{Moments, Slice};
use crate::report::sequence::{FEWEST_CUSTOMERS, FEWEST_EVENTS};
use crate::report::{Aggregates, Check, CheckCode, Design, Estimand, Level, MetricDesign, count, sums};
use crate::stats::TestOptions;
use crate::stats::mean::{MeanSummary, welch_test};
use crate::time::Timestamp;

/// The effect soon after exposure against the effect later: Welch's test of each customer's second half of the window
/// less the first. Each customer is compared with themselves, so that who came when plays no part.
pub(super) fn novelty_check(
    design: &Design,
    aggregates: &Aggregates,
    as_of: Option<Timestamp>,
) -> Option<Check> {
    let mut tested = Vec::new();
    for (metric, cells) in design.metrics.iter().zip(&aggregates.halves) {
        let (arms, _) =
            sums::mature(&metric.window, 2, cells, &Slice::All, design.variants.len(), as_of).ok()?;
        for variant in design.treatments() {
            let pair = [&arms[design.control], &arms[variant]];
            if !pair.iter().all(|arm| is_large_enough(metric, arm)) {
                continue;
            }
            let [Some(control), Some(treated)] = pair.map(|arm| change(metric, arm)) else { continue };
            let Ok(test) = welch_test(&control, &treated, &TestOptions::two_sided(0.95)) else { continue };
            let [early, late] = [0, 1].map(|half| effect(metric, pair, half));
            tested.push((metric, variant, test.p_value, early, late));
        }
    }
    let worst = tested.iter().min_by(|(_, _, a, ..), (_, _, b, ..)| a.total_cmp(b))?;
    let (metric, variant, p_value, early, late) = worst;
    if *p_value >= WARNING / tested.len() as f64 {
        let detail = "No effect differs between the halves of its window by more than chance.";
        return Some(check(CheckCode::Novelty, Level::Ok, detail));
    }
    let way = match (early * late < 0.0, late.abs() < early.abs()) {
        (true, _) => "turns round",
        (false, true) => "wears off",
        (false, false) => "grows",
    };
    let detail = format!(
        "The effect of {} on {} {way}: {early:+.4} in the first half of the window, {late:+.4} in the second, on the \
         same customers (p = {p_value:.2e}). What comes after the window is nearer to the second half: count on \
         that, or measure longer.",
        design.variants[*variant].key, metric.key,
    );
    Some(check(CheckCode::Novelty, Level::Warn, detail))
}

fn is_large_enough(metric: &MetricDesign, arm: &Moments) -> bool {
    let events: i128 = arm.sums().iter().sum::<i128>() / 10_i128.pow(metric.places);
    let rare = metric.estimand == Estimand::Proportion && events < i128::from(FEWEST_EVENTS);
    count(arm) >= FEWEST_CUSTOMERS && !rare
}

/// Each customer's second half less the first.
fn change(metric: &MetricDesign, arm: &Moments) -> Option<MeanSummary> {
    let mean = |half| arm.mean(half, metric.places);
    let covariance = |i, j| arm.covariance(i, j, metric.places);
    let variance = covariance(0, 0)? + covariance(1, 1)? - 2.0 * covariance(0, 1)?;
    Some(MeanSummary { n: count(arm), mean: mean(1)? - mean(0)?, variance: variance.max(0.0) })
}

fn effect(metric: &MetricDesign, [control, variant]: [&Moments; 2], half: usize) -> f64 {
    let mean = |arm: &Moments| arm.mean(half, metric.places).unwrap_or_default();
    mean(variant) - mean(control)
}
