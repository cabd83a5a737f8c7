//! Whether the numbers can be trusted: each check says what it found and what to do.

use std::collections::BTreeMap;

use super::{Aggregates, Check, CheckCode, Design, Estimand, Health, Level, MetricReport, Srm, Stage, sums};
use crate::definition::Role;
use crate::measure::{Moments, Population};
use crate::stats::srm::chi_square_test;

/// SRM alarm while customers still enter: the test is looked at again and again.
const SRM_ALARM_RUNNING: f64 = 0.0001;
/// SRM alarm at the one final reading.
const SRM_ALARM_FINAL: f64 = 0.001;
/// Share of crossed customers above which the arms are mixed enough to matter.
const CROSSOVER_WARNING: f64 = 0.01;
/// Share of crossed customers above which what is left of the arms is a selection of its own.
const CROSSOVER_FAILURE: f64 = 0.10;
/// Customers an arm needs before normal approximations are taken at their word.
const FEWEST_CUSTOMERS: u64 = 100;
/// Events, and non-events, a proportion needs in each arm.
const FEWEST_EVENTS: f64 = 20.0;

/// All checks.
pub(crate) fn health(design: &Design, aggregates: &Aggregates, metrics: &[MetricReport]) -> Health {
    let arms = design.variants.len();
    let customers = sums::customers(&aggregates.exposed, arms, None);
    let crossed = sums::customers(&aggregates.exposed, arms, Some(Population::Crossed)).iter().sum();
    let srm = srm(design, &customers);
    let total: u64 = customers.iter().sum();
    let mut checks = vec![srm_check(design, srm.as_ref(), &customers), crossover_check(crossed, total)];
    checks.extend(immaturity_check(metrics));
    checks.push(sample_size_check(metrics));
    checks.push(rounded_check(design, aggregates));
    checks.push(clamped_check(design, aggregates));
    checks.extend(dimension_check(design, aggregates));
    checks.extend(off_assignment_check(aggregates, total));
    Health { srm, crossed_over: crossed, checks }
}

fn check(check: CheckCode, level: Level, detail: impl Into<String>) -> Check {
    Check { check, level, detail: detail.into() }
}

/// All first exposures against the weights, before any exclusion. The test is over the arms that may get
/// customers; the others are judged by [`srm_check`].
fn srm(design: &Design, customers: &[u64]) -> Option<Srm> {
    let weights: Vec<f64> = design.variants.iter().map(|variant| variant.weight).collect();
    let open = customers.iter().zip(&weights).filter(|(_, weight)| **weight > 0.0);
    let (open_customers, open_weights): (Vec<u64>, Vec<f64>) = open.unzip();
    let test = chi_square_test(&open_customers, &open_weights).ok()?;
    let total: u64 = customers.iter().sum();
    let all: f64 = weights.iter().sum();
    let keys = design.variants.iter().map(|variant| variant.key.clone());
    let expected = weights.iter().map(|weight| total as f64 * weight / all);
    Some(Srm {
        p_value: test.p_value,
        statistic: test.statistic,
        degrees_of_freedom: test.degrees_of_freedom,
        observed: keys.clone().zip(customers.iter().copied()).collect::<BTreeMap<_, _>>(),
        expected: keys.zip(expected).collect(),
    })
}

fn srm_check(design: &Design, srm: Option<&Srm>, customers: &[u64]) -> Check {
    let closed = design.variants.iter().zip(customers).find(|(variant, n)| variant.weight <= 0.0 && **n > 0);
    if let Some((variant, n)) = closed {
        let detail = format!(
            "{} has weight 0 and yet {n} customers, so the arms' sizes do not fit the weights. Find out where \
             they come from, or say assignment: external with the weights used there.",
            variant.key
        );
        return check(CheckCode::Srm, Level::Fail, detail);
    }
    let Some(srm) = srm else {
        return check(CheckCode::Srm, Level::Warn, "There are too few customers to test the arms' sizes.");
    };
    let alarm = match design.stage {
        Stage::Running => SRM_ALARM_RUNNING,
        Stage::Final => SRM_ALARM_FINAL,
    };
    if srm.p_value < alarm {
        let detail = format!(
            "The arms' sizes do not fit the weights (p {}): customers are missing from some arm or \
             counted in the wrong one, so the arms can't be compared. Find the cause before anything else.",
            if srm.p_value < 1e-300 { "below 1e-300".to_owned() } else { format!("= {:.2e}", srm.p_value) }
        );
        return check(CheckCode::Srm, Level::Fail, detail);
    }
    check(CheckCode::Srm, Level::Ok, format!("The arms' sizes fit the weights (p = {:.3}).", srm.p_value))
}

fn crossover_check(crossed: u64, total: u64) -> Check {
    let share = if total == 0 { 0.0 } else { crossed as f64 / total as f64 };
    let found = format!("{crossed} of {total} customers ({:.2} %) were seen in two variants", share * 100.0);
    if share > CROSSOVER_WARNING {
        let level = if share > CROSSOVER_FAILURE { Level::Fail } else { Level::Warn };
        let advice =
            "they are left out, which can bias the comparison. Make sure that a customer keeps their variant";
        return check(CheckCode::Crossover, level, format!("{found}; {advice}."));
    }
    check(CheckCode::Crossover, Level::Ok, format!("{found} and are left out."))
}

fn immaturity_check(metrics: &[MetricReport]) -> Option<Check> {
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

fn sample_size_check(metrics: &[MetricReport]) -> Check {
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
            if metric.kind == Estimand::Proportion && fewer < FEWEST_EVENTS {
                let detail = format!(
                    "{} has only {fewer:.0} of its rarer outcome in {}; below {FEWEST_EVENTS:.0} the normal \
                     approximation is poor.",
                    metric.metric, arm.variant
                );
                return check(CheckCode::SampleSize, Level::Warn, detail);
            }
        }
    }
    check(CheckCode::SampleSize, Level::Ok, "Every arm is large enough for the methods used.")
}

/// The first metric for which `count` finds something over all customers of the main reading.
fn found(design: &Design, aggregates: &Aggregates, count: impl Fn(&Moments) -> i64) -> Option<(String, i64)> {
    let metrics = design.metrics.iter().zip(&aggregates.metrics);
    let total = |cells| -> i64 {
        sums::slice_cells(cells, &crate::measure::Slice::All).map(|(_, moments)| count(moments)).sum()
    };
    metrics.map(|(metric, cells)| (metric.key.clone(), total(cells))).find(|(_, total)| *total > 0)
}

fn rounded_check(design: &Design, aggregates: &Aggregates) -> Check {
    match found(design, aggregates, Moments::rounded) {
        None => check(CheckCode::RoundedValues, Level::Ok, "No value was finer than its metric's scale."),
        Some((metric, count)) => {
            let detail = format!(
                "{count} values of {metric} were rounded to its scale; state a finer scale if that matters."
            );
            check(CheckCode::RoundedValues, Level::Warn, detail)
        }
    }
}

fn clamped_check(design: &Design, aggregates: &Aggregates) -> Check {
    match found(design, aggregates, Moments::clamped) {
        None => check(CheckCode::ClampedValues, Level::Ok, "No customer's total was beyond the bound."),
        Some((metric, count)) => {
            let detail = format!(
                "{count} customers' totals of {metric} were cut off at the largest magnitude kept; \
                 check the values or state a coarser scale."
            );
            check(CheckCode::ClampedValues, Level::Warn, detail)
        }
    }
}

fn dimension_check(design: &Design, aggregates: &Aggregates) -> Option<Check> {
    let names = aggregates.dropped_dimensions.iter();
    let names: Vec<_> = names.filter_map(|index| design.dimensions.get(usize::from(*index))).collect();
    let first = names.first()?;
    let detail = format!(
        "{first} has more than {} values and is left out; group its values first.",
        crate::measure::MAX_DIMENSION_VALUES
    );
    Some(check(CheckCode::DimensionValues, Level::Warn, detail))
}

fn off_assignment_check(aggregates: &Aggregates, total: u64) -> Option<Check> {
    let off = aggregates.off_assignment;
    if off == 0 {
        return None;
    }
    let detail = format!(
        "{off} of {total} customers were exposed to another variant than the one drawn for them; \
         check that the app shows what it was told."
    );
    Some(check(CheckCode::OffAssignment, Level::Warn, detail))
}
