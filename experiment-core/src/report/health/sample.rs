//! Whether there are enough customers, for long enough, and read at the right time.

use super::{check, deciding};
use crate::definition::{Method, Role, Sides, Target};
use crate::measure::Slice;
use crate::report::sequence::{FEWEST_CUSTOMERS, FEWEST_EVENTS};
use crate::report::{
    Aggregates, Check, CheckCode, Design, Estimand, Level, MetricDesign, MetricReport, Stage, sums,
};
use crate::stats::distribution::normal;
use crate::time::{Day, Timestamp};

/// Days of a week, the rhythm in which customers differ.
const WEEK: i32 = 7;
/// The chance to see an effect worth acting on that a plan should give.
const LEAST_POWER: f64 = 0.8;

pub(super) fn immaturity_check(metrics: &[MetricReport]) -> Option<Check> {
    let deciding = metrics.iter().filter(|metric| metric.role != Role::Secondary);
    let waiting = deciding.filter_map(|metric| Some((metric, metric.immature?)));
    let (metric, immature) = waiting.max_by_key(|(_, immature)| *immature)?;
    let mature: u64 = metric.arms.iter().map(|arm| arm.n).sum();
    let detail = format!(
        "{immature} of {} customers still have an open window for {}; they are not in its reading.",
        immature + mature,
        metric.metric
    );
    let level = if immature > mature { Level::Warn } else { Level::Ok };
    Some(check(CheckCode::Immaturity, level, detail))
}

pub(super) fn sample_size_check(metrics: &[MetricReport]) -> Check {
    let deciding = metrics.iter().filter(|metric| metric.role != Role::Secondary);
    for metric in deciding {
        for arm in &metric.arms {
            if arm.n < FEWEST_CUSTOMERS {
                let detail = format!(
                    "{} has only {} mature customers in {}; wait for {FEWEST_CUSTOMERS} before reading intervals.",
                    metric.metric, arm.n, arm.variant
                );
                return check(CheckCode::SampleSize, Level::Warn, detail);
            }
            let events = arm.estimate.unwrap_or(0.0) * arm.n as f64;
            let fewer = events.min(arm.n as f64 - events);
            if metric.kind == Estimand::Proportion && fewer < FEWEST_EVENTS as f64 {
                let detail = format!(
                    "{} has only {fewer:.0} of its rarer outcome in {}; below {FEWEST_EVENTS} the normal \
                     approximation is poor.",
                    metric.metric, arm.variant
                );
                return check(CheckCode::SampleSize, Level::Warn, detail);
            }
        }
    }
    check(CheckCode::SampleSize, Level::Ok, "Every arm is large enough for the methods used.")
}

/// Customers of Mondays are not those of Sundays: fewer than seven cohort days are a choice of weekdays.
pub(super) fn whole_weeks_check(
    design: &Design,
    aggregates: &Aggregates,
    as_of: Option<Timestamp>,
) -> Option<Check> {
    let as_of = as_of?;
    let windows =
        || design.metrics.iter().filter(|metric| metric.role == Role::Primary).map(|metric| &metric.window);
    let cells = sums::slice_cells(&aggregates.exposed, &Slice::All);
    let mature = cells.filter(|(cell, moments)| {
        moments.n() > 0 && windows().all(|window| window.is_mature(cell.day, as_of))
    });
    let days: Vec<Day> = mature.map(|(cell, _)| cell.day).collect();
    let (first, last) = (days.iter().min()?, days.iter().max()?);
    let passed = last.0 - first.0 + 1;
    if passed >= WEEK {
        return None;
    }
    let detail = format!(
        "Only {passed} days of customers are mature. Who comes depends on the day of the week, so wait for at \
         least {WEEK}."
    );
    Some(check(CheckCode::TooEarly, Level::Warn, detail))
}

/// Whether the target can show the smallest effect worth acting on, judged by how much customers vary so far.
pub(super) fn power_check(design: &Design, metrics: &[MetricReport]) -> Option<Check> {
    let Some(Target::CustomersPerArm(target)) = design.plan.target else { return None };
    let primaries = metrics.iter().filter(|metric| metric.role == Role::Primary).count();
    let family = (primaries * design.treatments().count()).max(1) as f64;
    let sides = match design.plan.sides {
        Sides::One => 1.0,
        Sides::Two => 2.0,
    };
    let z = normal::upper_quantile(design.plan.alpha / family / sides);
    let mut weakest: Option<(&str, f64, f64)> = None;
    for (metric, planned) in metrics.iter().zip(&design.metrics) {
        let Some(least) = planned.min_effect.filter(|_| metric.role == Role::Primary) else { continue };
        for comparison in &metric.comparisons {
            let n = |key: &str| metric.arms.iter().find(|arm| arm.variant == key).map(|arm| arm.n as f64);
            let (Some(control), Some(variant)) = (n(&comparison.control), n(&comparison.variant)) else {
                continue;
            };
            let (_, Some(std_error), _) = deciding(comparison) else { continue };
            if control.min(variant) < FEWEST_CUSTOMERS as f64 {
                continue;
            }
            // As if both arms had the target's size: the error shrinks with the harmonic mean of the arms.
            let now = 2.0 / (1.0 / control + 1.0 / variant);
            let planned_error = std_error * (now / target as f64).sqrt();
            let power = normal::sf(z - least / planned_error);
            if weakest.is_none_or(|(_, other, _)| power < other) {
                let reach = (z + normal::upper_quantile(1.0 - LEAST_POWER)) * planned_error;
                weakest = Some((&metric.metric, power, target as f64 * (reach / least) * (reach / least)));
            }
        }
    }
    let (metric, power, needed) = weakest.filter(|(_, power, _)| *power < LEAST_POWER)?;
    let detail = format!(
        "With {target} customers an arm the plan finds an effect of min_effect on {metric} in {:.0} % of such \
         experiments; about {needed:.0} an arm would find it in {:.0} %. Do not read \"no difference\" as \"no effect\".",
        power * 100.0,
        LEAST_POWER * 100.0
    );
    Some(check(CheckCode::Underpowered, Level::Warn, detail))
}

/// A fixed plan that looks like a success before it is read.
pub(super) fn peeking_check(
    design: &Design,
    metrics: &[MetricReport],
    as_of: Option<Timestamp>,
) -> Option<Check> {
    let as_of = as_of?;
    if design.plan.method != Method::Fixed || design.stage != Stage::Running {
        return None;
    }
    let is_short = |metric: &MetricReport, planned: &MetricDesign| match design.plan.target {
        Some(Target::CustomersPerArm(target)) => metric.arms.iter().any(|arm| arm.n < target),
        Some(Target::End(day)) => !planned.window.is_mature(day, as_of),
        None => false,
    };
    let primaries = metrics.iter().zip(&design.metrics).filter(|(metric, _)| metric.role == Role::Primary);
    let (metric, _) =
        primaries.filter(|(metric, planned)| is_short(metric, planned)).find(|(metric, _)| {
            let p_values = metric.comparisons.iter().filter_map(|comparison| deciding(comparison).2);
            p_values.min_by(f64::total_cmp).is_some_and(|p_value| p_value <= design.plan.alpha)
        })?;
    let detail = format!(
        "{} looks significant, but this plan is read once, when the target is reached. Whoever stops as soon as \
         p is below 0.05 finds an effect in about one of five experiments without any: wait, or plan \
         always_valid next time.",
        metric.metric
    );
    Some(check(CheckCode::Peeking, Level::Warn, detail))
}
