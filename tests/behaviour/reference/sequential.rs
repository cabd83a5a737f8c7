//! GrowthBook's sequential test, which is the asymptotic confidence sequence; group-sequential boundaries.

use super::means::{
    Effect, absolute, absolute_cuped, absolute_ratio, relative, relative_cuped, relative_ratio,
};
use super::options;
use experiment_core::stats::NotEstimable;
use experiment_core::stats::mean::{MeanSummary, welch_test};
use experiment_core::stats::sequential::Sides;
use experiment_core::stats::sequential::confidence_sequence::{LookEstimate, SequenceLook, asymptotic};
use experiment_core::stats::sequential::group_sequential::boundaries;
use experiment_core::stats::sequential::spending::Spending;
use experiment_tests::reference::{Check, Record};
use experiment_tests::tolerance::number;

fn sequence(record: &Record, effect: Effect) -> Result<SequenceLook, NotEstimable> {
    let n = record.count("/control/n") + record.count("/treatment/n");
    let look = LookEstimate { n, effect: effect.estimate, std_error: effect.std_error };
    asymptotic(&look, record.param("/sequential_tuning_parameter"), &options(record))
}

fn growthbook(record: &Record, check: &mut Check<'_>, effect: Effect) -> Result<(), NotEstimable> {
    let look = sequence(record, effect)?;
    check.number("estimate", effect.estimate);
    check.ends("ci", look.interval.lower, look.interval.upper);
    check.number("p_value", look.always_valid_p_value);
    Ok(())
}

pub(super) fn gb_sequential_absolute(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    growthbook(record, check, absolute(record)?)
}

pub(super) fn gb_sequential_relative(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    growthbook(record, check, relative(record)?)
}

pub(super) fn gb_sequential_absolute_ratio(
    record: &Record,
    check: &mut Check<'_>,
) -> Result<(), NotEstimable> {
    growthbook(record, check, absolute_ratio(record)?)
}

pub(super) fn gb_sequential_relative_ratio(
    record: &Record,
    check: &mut Check<'_>,
) -> Result<(), NotEstimable> {
    growthbook(record, check, relative_ratio(record)?)
}

pub(super) fn gb_sequential_absolute_cuped(
    record: &Record,
    check: &mut Check<'_>,
) -> Result<(), NotEstimable> {
    growthbook(record, check, absolute_cuped(record)?)
}

pub(super) fn gb_sequential_relative_cuped(
    record: &Record,
    check: &mut Check<'_>,
) -> Result<(), NotEstimable> {
    growthbook(record, check, relative_cuped(record)?)
}

/// One of five looks at growing data; the input's variance has divisor n − 1, `params` says which was used.
pub(super) fn sequential_look(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let arm = |path: &str| MeanSummary {
        n: record.count(&format!("{path}/n")),
        mean: record.input(&format!("{path}/mean")),
        variance: record.input(&format!("{path}/variance")),
    };
    let (control, variant) = (arm("/control"), arm("/treatment"));
    let fixed = welch_test(&control, &variant, &options(record))?;
    let used = |arm: MeanSummary| match record.params["variance"].as_str() {
        Some("p(1-p)") => MeanSummary { variance: arm.mean * (1.0 - arm.mean), ..arm },
        Some("ddof=1") => arm,
        other => panic!("{}: variance {other:?}", record.id),
    };
    let (control, variant) = (used(control), used(variant));
    let test = welch_test(&control, &variant, &options(record))?;
    let effect = Effect { estimate: test.effect, std_error: test.std_error, base: control.mean };
    let look = sequence(record, effect)?;
    check.number("estimate", effect.estimate);
    check.ends("ci", look.interval.lower, look.interval.upper);
    check.number("always_valid_p", look.always_valid_p_value);
    check.number("fixed_welch_p", fixed.p_value);
    Ok(())
}

pub(super) fn group_sequential_bounds(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let fractions = record.inputs["information_fractions"].as_array().unwrap();
    let fractions: Vec<f64> = fractions.iter().filter_map(number).collect();
    let sides = if record.params["sides"] == 2 { Sides::Two } else { Sides::One };
    let spending = Spending::Power { exponent: record.param("/power_family_exponent") };
    let bounds = boundaries(&fractions, record.param("/alpha"), sides, spending)?;
    let z: Vec<f64> = bounds.iter().map(|bound| bound.z).collect();
    check.list("z_bounds", &z);
    Ok(())
}
