//! Whether a few customers with very large values make an effect, or hide one.

use std::collections::BTreeMap;

use super::check;
use crate::measure::{Population, Slice, bucket_value};
use crate::report::{
    Aggregates, Check, CheckCode, Design, Distribution, Distributions, Level, MetricDesign, sums,
};
use crate::stats::mean::{MeanSummary, welch_test};
use crate::stats::{Comparison, TestOptions};
use crate::time::Timestamp;

/// One in so many customers is left out on trial.
const ONE_IN: i64 = 1_000;
/// An effect that moves by this many standard errors is another one.
const LARGE_MOVE: f64 = 2.0;
/// The same where it also becomes significant, or no longer is.
const SMALL_MOVE: f64 = 0.5;

/// Each effect of amounts without the 0.1 % of customers, of all arms together, whose values are largest in magnitude.
/// From counts by bucket, so approximate.
pub(super) fn influence_check(
    design: &Design,
    aggregates: &Aggregates,
    as_of: Option<Timestamp>,
) -> Option<Check> {
    let mut any = false;
    let mut worst: Option<(f64, String)> = None;
    for (metric, counts) in design.metrics.iter().zip(&aggregates.values) {
        let arms = mature(metric, counts, design.variants.len(), as_of);
        let Some((without, left_out)) = without_largest(&arms) else { continue };
        any = true;
        for variant in design.treatments() {
            let test = |arms: &[Distribution]| -> Option<Comparison> {
                let (control, variant) =
                    (summary(metric, &arms[design.control])?, summary(metric, &arms[variant])?);
                welch_test(&control, &variant, &TestOptions::two_sided(1.0 - design.plan.alpha)).ok()
            };
            let (Some(with), Some(without)) = (test(&arms), test(&without)) else { continue };
            let moved = (with.effect - without.effect).abs() / with.std_error;
            let turned = (with.p_value <= design.plan.alpha) != (without.p_value <= design.plan.alpha);
            let matters = moved > LARGE_MOVE || (turned && moved > SMALL_MOVE);
            if matters && worst.as_ref().is_none_or(|(other, _)| moved > *other) {
                let detail = format!(
                    "Without the {left_out} customers whose {} is largest, about one in {ONE_IN}, the effect of {} is \
                     roughly {:+.4} (p about {:.3}) and with them {:+.4} (p about {:.3}): a few customers decide it. \
                     Look at them, and state a cap beforehand next time.",
                    metric.key,
                    design.variants[variant].key,
                    without.effect,
                    without.p_value,
                    with.effect,
                    with.p_value,
                );
                worst = Some((moved, detail));
            }
        }
    }
    if let Some((_, detail)) = worst {
        return Some(check(CheckCode::OutlierInfluence, Level::Warn, detail));
    }
    let detail = "Effects stay what they are without the one customer in a thousand with the largest value.";
    any.then(|| check(CheckCode::OutlierInfluence, Level::Ok, detail))
}

/// Mature customers of the main reading by value, an entry an arm.
fn mature(
    metric: &MetricDesign,
    counts: &Distributions,
    arms: usize,
    as_of: Option<Timestamp>,
) -> Vec<Distribution> {
    let mut sums = vec![Distribution::new(); arms];
    for (cell, counts) in sums::slice_cells(counts, &Slice::All) {
        let mature = as_of.is_none_or(|instant| metric.window.is_mature(cell.day, instant));
        let Some(arm) = sums.get_mut(usize::from(cell.variant)) else { continue };
        if mature && cell.population == Population::Analysed {
            for (place, customers) in counts {
                *arm.entry(*place).or_default() += customers;
            }
        }
    }
    sums
}

/// The arms without the largest values, and how many customers that leaves out; `None` where it is nobody. Customers
/// with the same value go or stay together.
fn without_largest(arms: &[Distribution]) -> Option<(Vec<Distribution>, i64)> {
    let mut by_size: BTreeMap<i64, i64> = BTreeMap::new();
    for (place, customers) in arms.iter().flatten() {
        *by_size.entry(bucket_value(*place).saturating_abs()).or_default() += customers;
    }
    let most = by_size.values().sum::<i64>() / ONE_IN;
    let mut left_out = 0;
    let mut smallest = None;
    for (size, customers) in by_size.iter().rev() {
        if left_out + customers > most || *size == 0 {
            break;
        }
        left_out += customers;
        smallest = Some(*size);
    }
    let smallest = smallest?;
    let stays = |place: &i32| bucket_value(*place).saturating_abs() < smallest;
    let kept = arms.iter().map(|arm| {
        let kept = arm.iter().filter(|(place, _)| stays(place));
        kept.map(|(place, customers)| (*place, *customers)).collect()
    });
    Some((kept.collect(), left_out))
}

/// Mean and variance of bucket values.
fn summary(metric: &MetricDesign, arm: &Distribution) -> Option<MeanSummary> {
    let unit = 10_f64.powi(i32::try_from(metric.places).ok()?);
    let values =
        || arm.iter().map(|(place, customers)| (bucket_value(*place) as f64 / unit, *customers as f64));
    let n: i64 = arm.values().sum();
    if n < 2 {
        return None;
    }
    let mean = values().map(|(value, customers)| value * customers).sum::<f64>() / n as f64;
    let spread = values().map(|(value, customers)| (value - mean) * (value - mean) * customers).sum::<f64>();
    Some(MeanSummary { n: u64::try_from(n).ok()?, mean, variance: spread / (n - 1) as f64 })
}
