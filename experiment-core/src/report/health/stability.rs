//! Whether the effect stays what it is from one week of customers to the next.

use std::collections::BTreeMap;

use super::{WARNING, check};
use crate::definition::Role;
use crate::measure::Moments;
use crate::report::sequence::is_large_enough;
use crate::report::weekly::weeks;
use crate::report::{Aggregates, Check, CheckCode, Design, Level, MetricDesign, Pair, Reading, sums};
use crate::stats::TestOptions;
use crate::stats::heterogeneity::{GroupEffect, cochran_q};
use crate::time::Timestamp;

/// The effect by week of entry, over mature customers: Cochran's Q over the weeks whose arms are large enough.
pub(super) fn drift_check(
    design: &Design,
    aggregates: &Aggregates,
    as_of: Option<Timestamp>,
) -> Option<Check> {
    let (as_of, first) = (as_of?, sums::first_day(&aggregates.exposed)?);
    let mut tested = Vec::new();
    for (metric, cells) in design.metrics.iter().zip(&aggregates.metrics) {
        if metric.role == Role::Secondary {
            continue;
        }
        // Sums that leave 128 bits are told of elsewhere.
        let weeks = weeks(design, metric, cells, first, as_of).ok()?;
        for variant in design.treatments() {
            let effects = effects(metric, &weeks, design.control, variant);
            if let Ok(test) = cochran_q(&effects) {
                tested.push((metric, variant, test.p_value, effects));
            }
        }
    }
    let worst = tested.iter().min_by(|(_, _, a, _), (_, _, b, _)| a.total_cmp(b))?;
    let (metric, variant, p_value, effects) = worst;
    if *p_value >= WARNING / tested.len() as f64 {
        let detail = "The effect does not change from week to week of customers by more than chance.";
        return Some(check(CheckCode::Drift, Level::Ok, detail));
    }
    let (first, last) = (effects.first()?, effects.last()?);
    let detail = format!(
        "The effect of {} on {} changes from week to week of customers (p = {p_value:.2e}): {:+.4} among those of the \
         first week, {:+.4} among those of the last. One number for all of them says little about the future; find out what changed.",
        design.variants[*variant].key, metric.key, first.effect, last.effect,
    );
    Some(check(CheckCode::Drift, Level::Warn, detail))
}

/// The effect of each week with large enough arms.
fn effects(
    metric: &MetricDesign,
    weeks: &BTreeMap<i32, Vec<Moments>>,
    control: usize,
    variant: usize,
) -> Vec<GroupEffect> {
    let of_week = weeks.values().filter_map(|arms| {
        let pair =
            Pair { metric, control: &arms[control], variant: &arms[variant], by_value: None, strata: &[] };
        let test = pair.estimate(Reading::Unadjusted, &TestOptions::two_sided(0.95)).ok()?;
        let effect = GroupEffect { effect: test.effect, std_error: test.std_error };
        is_large_enough(metric, &pair).then_some(effect)
    });
    of_week.collect()
}
