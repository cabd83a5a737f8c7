//! Whether the numbers can be trusted: each check says what it found, what that means and what to do.

mod arms;
mod balance;
mod crossover;
mod influence;
mod late;
mod mismatch;
mod novelty;
mod response;
mod sample;
mod stability;
mod values;

use mismatch::Entrants;
pub(crate) use novelty::halves;

use super::{Aggregates, Check, CheckCode, Design, Health, Level, MetricReport, Reading};
use super::{Comparison, sums};
use crate::measure::{Population, Slice};
use crate::time::Timestamp;

/// Chance that a check of many parts gives a false warning, shared among the parts.
const WARNING: f64 = 0.001;

/// All checks.
pub(crate) fn health(
    design: &Design,
    aggregates: &Aggregates,
    metrics: &[MetricReport],
    as_of: Option<Timestamp>,
) -> Health {
    let count = design.variants.len();
    let customers = sums::customers(&aggregates.exposed, count, None);
    let crossed = sums::customers(&aggregates.exposed, count, Some(Population::Crossed));
    let entrants = Entrants::of(design, aggregates, &Slice::All);
    let srm = arms::srm(design, &entrants, &customers);
    let total: u64 = customers.iter().sum();
    let mut checks = vec![
        arms::srm_check(design, srm.as_ref(), &entrants),
        crossover::crossover_check(crossed.iter().sum(), total),
    ];
    checks.extend(arms::dimensions_check(design, aggregates));
    checks.extend(crossover::difference_check(design, &crossed, &customers));
    checks.extend(sample::immaturity_check(metrics));
    checks.push(sample::sample_size_check(metrics));
    checks.extend(sample::whole_weeks_check(design, aggregates, as_of));
    checks.extend(sample::power_check(design, metrics));
    checks.extend(sample::peeking_check(design, metrics, as_of));
    checks.extend(balance::balance_check(design, aggregates));
    checks.extend(response::response_check(design, aggregates, as_of));
    checks.extend(stability::drift_check(design, aggregates, as_of));
    checks.extend(novelty::novelty_check(design, aggregates, as_of));
    checks.extend(influence::influence_check(design, aggregates, as_of));
    checks.extend(arms::changes_check(design));
    checks.extend(late::late_check(design, aggregates));
    checks.push(values::rounded_check(design, aggregates));
    checks.push(values::clamped_check(design, aggregates));
    checks.extend(values::dimension_check(design, aggregates));
    checks.extend(values::strata_check(design, aggregates, metrics));
    checks.extend(arms::off_assignment_check(aggregates, total));
    Health { srm, crossed_over: crossed.iter().sum(), checks }
}

fn check(check: CheckCode, level: Level, detail: impl Into<String>) -> Check {
    Check { check, level, detail: detail.into() }
}

/// The effect of the reading that decides, with its standard error and unadjusted p-value.
fn deciding(comparison: &Comparison) -> (Option<f64>, Option<f64>, Option<f64>) {
    let reading = match comparison.decision {
        Some(decision) => decision.reading,
        None if comparison.stratified.is_some() => Reading::Stratified,
        None if comparison.cuped.is_some() => Reading::Cuped,
        None => Reading::Unadjusted,
    };
    let effect = comparison.effect_of(reading);
    (
        effect.map(|effect| effect.estimate),
        effect.and_then(|effect| effect.std_error),
        comparison.p_value_of(reading),
    )
}
