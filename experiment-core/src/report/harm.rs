//! The alarm for harm, under every plan: a one-sided bound that may be looked at on any day.

use super::reading::{Pair, count, proportion_of};
use super::sequence::{FEWEST_CUSTOMERS, FEWEST_EVENTS, Sequence};
use super::{Design, Estimand, Harm, MetricDesign, Reading, Stage};
use crate::definition::{Direction, Role};
use crate::stats::{Alternative, TestOptions};

/// Chance that any of an experiment's alarms is false, shared among primaries and guardrails.
const HARM_ALPHA: f64 = 0.01;

/// Whether a guardrail is shown to be beyond its margin, or a primary to be worse than the control.
///
/// Absent for secondaries, once nobody enters any more (there is nothing left to stop), and while the arms are
/// small. Rare outcomes are just what a guardrail watches for, so the twenty events may be in either arm.
pub(crate) fn harm(
    design: &Design,
    metric: &MetricDesign,
    pair: &Pair<'_>,
    reading: Reading,
) -> Option<Harm> {
    let margin = match metric.role {
        Role::Primary => 0.0,
        Role::Guardrail => metric.margin?,
        Role::Secondary => return None,
    };
    // The alarm is a sequence of means: ranks and curves have none.
    if let Estimand::Quantile | Estimand::Survival = metric.estimand {
        return None;
    }
    if design.stage != Stage::Running || !is_large_enough(metric, pair) {
        return None;
    }
    let watched = design.metrics.iter().filter(|metric| metric.role != Role::Secondary).count();
    let confidence_level = 1.0 - HARM_ALPHA / watched as f64;
    let alternative = match metric.direction {
        Direction::Up => Alternative::Less,
        Direction::Down => Alternative::Greater,
    };
    let options = TestOptions { alternative, confidence_level };
    let sequence = Sequence::new(pair, reading, design.plan.alarm_tuning_customers(), &options)?;
    let interval = sequence.at(confidence_level)?.interval;
    let (bound, threshold) = match metric.direction {
        Direction::Up => (interval.upper, -margin),
        Direction::Down => (interval.lower, margin),
    };
    let shown = match metric.direction {
        Direction::Up => bound < threshold,
        Direction::Down => bound > threshold,
    };
    Some(Harm { bound, threshold, confidence_level, shown })
}

fn is_large_enough(metric: &MetricDesign, pair: &Pair<'_>) -> bool {
    let arms = [pair.control, pair.variant];
    if arms.iter().any(|arm| count(arm) < FEWEST_CUSTOMERS) {
        return false;
    }
    let summaries = arms.map(|arm| proportion_of(metric, arm));
    let events: u64 = summaries.iter().map(|summary| summary.successes).sum();
    let others: u64 = summaries.iter().map(|summary| summary.n.saturating_sub(summary.successes)).sum();
    metric.estimand != Estimand::Proportion || events.min(others) >= FEWEST_EVENTS
}
