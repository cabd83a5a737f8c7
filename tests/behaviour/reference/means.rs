//! Means, ratios, relative effects and CUPED.

use super::rows::Rows;
use super::{options, samples};
use experiment_core::stats::cuped::{CupedEstimate, Theta, cuped};
use experiment_core::stats::distribution::student_t;
use experiment_core::stats::margin::{EquivalenceRange, welch_tost};
use experiment_core::stats::mean::{self, MeanSummary};
use experiment_core::stats::quantile::quantile_of;
use experiment_core::stats::ratio::{PairSummary, delta_method};
use experiment_core::stats::relative::{self, FiellerSet};
use experiment_core::stats::{Comparison, Interval, NotEstimable};
use experiment_tests::reference::{Check, Record};
use experiment_tests::tolerance::Tolerance;

/// gbstats' p is 2 (1 − cdf), rounded at about 1e-13.
const ROUNDED_P: f64 = 1e-13;

/// A mean's summary; a proportion's has variance p(1 − p), as gbstats takes it.
fn arm(record: &Record, path: &str) -> MeanSummary {
    let n = record.count(&format!("{path}/n"));
    if record.inputs.pointer(&format!("{path}/successes")).is_some() {
        assert_eq!(record.inputs["variance_used"], "p(1-p)", "{}", record.id);
        let rate = record.input(&format!("{path}/successes")) / n as f64;
        return MeanSummary { n, mean: rate, variance: rate * (1.0 - rate) };
    }
    let variance = record.input(&format!("{path}/variance"));
    MeanSummary { n, mean: record.input(&format!("{path}/mean")), variance }
}

fn arms(record: &Record) -> (MeanSummary, MeanSummary) {
    (arm(record, "/control"), arm(record, "/treatment"))
}

fn covariate_arms(record: &Record) -> (PairSummary, PairSummary) {
    let pair = |path: &str| {
        let at = |name: &str| record.input(&format!("{path}/{name}"));
        PairSummary {
            n: record.count(&format!("{path}/n")),
            mean_y: at("mean"),
            mean_x: at("cov_mean"),
            variance_y: at("variance"),
            variance_x: at("cov_variance"),
            covariance: at("covariance"),
        }
    };
    (pair("/control"), pair("/treatment"))
}

/// Arms of a ratio metric, from their sums, as ratio estimates.
fn ratio_arms(record: &Record) -> Result<(MeanSummary, MeanSummary), NotEstimable> {
    let pair = |path: &str| {
        let at = |name: &str| record.input(&format!("{path}/{name}"));
        let n = at("n");
        let moment = |sum_ab: f64, sum_a: f64, sum_b: f64| (sum_ab - sum_a * sum_b / n) / (n - 1.0);
        let (y, x) = (at("numer_sum"), at("denom_sum"));
        PairSummary {
            n: record.count(&format!("{path}/n")),
            mean_y: y / n,
            mean_x: x / n,
            variance_y: moment(at("numer_sum_sq"), y, y),
            variance_x: moment(at("denom_sum_sq"), x, x),
            covariance: moment(at("sum_nd"), y, x),
        }
    };
    Ok((delta_method(&pair("/control"))?.summary(), delta_method(&pair("/treatment"))?.summary()))
}

fn t_test(test: &Comparison, check: &mut Check<'_>) {
    check.number("t", test.statistic);
    check.number("df", test.degrees_of_freedom.unwrap());
    check.number("p_value", test.p_value);
}

pub(super) fn mean_ci_t(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let options = options(record);
    let interval = mean::mean_interval(&arm(record, ""), &options)?;
    check.ends("ci", interval.lower, interval.upper);
    Ok(())
}

pub(super) fn welch_t(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record);
    let test = mean::welch_test(&control, &variant, &options(record))?;
    if record.outputs.contains_key("diff") {
        check.number("diff", test.effect);
    }
    check.ends("diff_ci", test.interval.lower, test.interval.upper);
    t_test(&test, check);
    Ok(())
}

pub(super) fn welch_t_log1p(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record);
    t_test(&mean::welch_test(&control, &variant, &options(record))?, check);
    Ok(())
}

/// The cap is a quantile of both arms together; the record's own summary has it applied.
pub(super) fn welch_t_winsorized(
    record: &Record,
    rows: &Rows,
    check: &mut Check<'_>,
) -> Result<(), NotEstimable> {
    let (control, variant) = samples::arms(record, rows);
    let options = options(record);
    let cap = quantile_of(&[control, variant].concat(), record.param("/upper_quantile"), &options)?.estimate;
    check.number("cap", cap);
    let capped = |values: &[f64]| {
        let values: Vec<f64> = values.iter().map(|value| value.min(cap)).collect();
        MeanSummary::from_values(&values)
    };
    let (control, variant) = (capped(control)?, capped(variant)?);
    let given = arms(record);
    for (got, want) in [(control, given.0), (variant, given.1)] {
        check.inside("the capped mean", &want.mean.into(), &[got.mean]);
        check.inside("the capped variance", &want.variance.into(), &[got.variance]);
    }
    let test = mean::welch_test(&control, &variant, &options)?;
    check.ends("diff_ci", test.interval.lower, test.interval.upper);
    t_test(&test, check);
    Ok(())
}

pub(super) fn student_t(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record);
    let test = mean::student_test(&control, &variant, &options(record))?;
    check.number("diff", test.effect);
    check.ends("diff_ci", test.interval.lower, test.interval.upper);
    t_test(&test, check);
    Ok(())
}

pub(super) fn mean_z_unpooled(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record);
    let test = mean::z_test(&control, &variant, &options(record))?;
    check.number("z", test.statistic);
    check.number("p_value", test.p_value);
    check.ends("diff_ci", test.interval.lower, test.interval.upper);
    Ok(())
}

pub(super) fn mean_tost(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record);
    let range = EquivalenceRange { low: record.param("/low"), high: record.param("/upp") };
    let tost = welch_tost(&control, &variant, &range, 0.05)?;
    check.number("p_value", tost.p_value);
    check.number("t_low", tost.lower.statistic);
    check.number("p_low", tost.lower.p_value);
    check.number("t_upp", tost.upper.statistic);
    check.number("p_upp", tost.upper.p_value);
    check.number("df", tost.lower.degrees_of_freedom.unwrap());
    Ok(())
}

pub(super) fn fieller_rel_ci(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record);
    let options = options(record);
    check.number("rel_diff", relative::linear_delta(&control, &variant, &options)?.effect);
    let set = relative::fieller_z(&control, &variant, &options)?;
    let FiellerSet::Interval(interval) = set else { panic!("{}: {set:?}", record.id) };
    check.ends("rel_diff_ci", interval.lower, interval.upper);
    Ok(())
}

/// tea-tasting's outputs of a comparison of means, `use_t` or not.
fn tea_tasting(
    record: &Record,
    check: &mut Check<'_>,
    control: &MeanSummary,
    variant: &MeanSummary,
) -> Result<(), NotEstimable> {
    let options = options(record);
    let (test, relative) = if record.params["use_t"] == true {
        let test = mean::welch_test(control, variant, &options)?;
        (test, relative::log_delta(control, variant, &options)?)
    } else {
        let test = mean::z_test(control, variant, &options)?;
        (test, relative::log_delta_z(control, variant, &options)?)
    };
    check.number("control", control.mean);
    check.number("treatment", variant.mean);
    check.number("diff", test.effect);
    check.ends("diff_ci", test.interval.lower, test.interval.upper);
    check.number("rel_diff", relative.estimate);
    check.ends("rel_diff_ci", relative.interval.lower, relative.interval.upper);
    check.number("p_value", test.p_value);
    check.number("statistic", test.statistic);
    Ok(())
}

pub(super) fn tt_mean(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record);
    tea_tasting(record, check, &control, &variant)
}

pub(super) fn tt_ratio_of_means(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = ratio_arms(record)?;
    tea_tasting(record, check, &control, &variant)
}

pub(super) fn tt_cuped_mean(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    assert_eq!(record.params["equal_var"], false);
    let estimate = joint(record)?;
    check.number("theta", estimate.theta);
    check.number("correlation", estimate.correlation);
    tea_tasting(record, check, &estimate.control, &estimate.variant)
}

fn joint(record: &Record) -> Result<CupedEstimate, NotEstimable> {
    let (control, variant) = covariate_arms(record);
    cuped(&control, &variant, Theta::Joint, &options(record))
}

fn growthbook(test: &Comparison, record: &Record, check: &mut Check<'_>) {
    check.number("estimate", test.effect);
    check.number("std_err", test.std_error);
    check.ends("ci", test.interval.lower, test.interval.upper);
    let tolerance = Tolerance { abs: record.tolerance.abs.max(ROUNDED_P), ..record.tolerance };
    check.within("p_value", test.p_value, tolerance);
}

pub(super) fn gb_ttest_absolute(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record);
    growthbook(&mean::welch_test(&control, &variant, &options(record))?, record, check);
    Ok(())
}

pub(super) fn gb_ttest_relative(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record);
    growthbook(&relative::linear_delta(&control, &variant, &options(record))?, record, check);
    Ok(())
}

pub(super) fn gb_ttest_absolute_ratio(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = ratio_arms(record)?;
    growthbook(&mean::welch_test(&control, &variant, &options(record))?, record, check);
    Ok(())
}

pub(super) fn gb_ttest_relative_ratio(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = ratio_arms(record)?;
    growthbook(&relative::linear_delta(&control, &variant, &options(record))?, record, check);
    Ok(())
}

pub(super) fn gb_ttest_absolute_cuped(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    growthbook(&joint(record)?.comparison, record, check);
    Ok(())
}

/// GrowthBook divides the adjusted effect by the *unadjusted* control mean, and its delta method takes both
/// unadjusted means with the adjusted variances.
pub(super) fn gb_ttest_relative_cuped(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let estimate = joint(record)?;
    let base = record.input("/control/mean");
    let control = MeanSummary { mean: base, ..estimate.control };
    let variant = MeanSummary { mean: record.input("/treatment/mean"), ..estimate.variant };
    let unadjusted = relative::linear_delta(&control, &variant, &options(record))?;
    let half_width = unadjusted.interval.upper - unadjusted.effect;
    let effect = estimate.comparison.effect / base;
    let statistic = effect / unadjusted.std_error;
    let test = Comparison {
        effect,
        statistic,
        p_value: 2.0 * student_t::sf(statistic.abs(), unadjusted.degrees_of_freedom.unwrap()),
        interval: Interval { lower: effect - half_width, upper: effect + half_width },
        ..unadjusted
    };
    growthbook(&test, record, check);
    Ok(())
}

/// An effect as GrowthBook's Bayesian and sequential engines take it.
#[derive(Clone, Copy)]
pub(super) struct Effect {
    pub(super) estimate: f64,
    pub(super) std_error: f64,
    /// The control's unadjusted mean.
    pub(super) base: f64,
}

fn effect_of(test: &Comparison, control: &MeanSummary) -> Effect {
    Effect { estimate: test.effect, std_error: test.std_error, base: control.mean }
}

pub(super) fn absolute(record: &Record) -> Result<Effect, NotEstimable> {
    let (control, variant) = arms(record);
    Ok(effect_of(&mean::z_test(&control, &variant, &options(record))?, &control))
}

pub(super) fn relative(record: &Record) -> Result<Effect, NotEstimable> {
    let (control, variant) = arms(record);
    Ok(effect_of(&relative::linear_delta_z(&control, &variant, &options(record))?, &control))
}

pub(super) fn absolute_ratio(record: &Record) -> Result<Effect, NotEstimable> {
    let (control, variant) = ratio_arms(record)?;
    Ok(effect_of(&mean::z_test(&control, &variant, &options(record))?, &control))
}

pub(super) fn relative_ratio(record: &Record) -> Result<Effect, NotEstimable> {
    let (control, variant) = ratio_arms(record)?;
    Ok(effect_of(&relative::linear_delta_z(&control, &variant, &options(record))?, &control))
}

pub(super) fn absolute_cuped(record: &Record) -> Result<Effect, NotEstimable> {
    let estimate = joint(record)?;
    let effect = effect_of(&estimate.comparison, &estimate.control);
    Ok(Effect { base: record.input("/control/mean"), ..effect })
}

/// GrowthBook divides the adjusted difference by the unadjusted control mean.
pub(super) fn relative_cuped(record: &Record) -> Result<Effect, NotEstimable> {
    let estimate = joint(record)?;
    let base = record.input("/control/mean");
    let control = MeanSummary { mean: base, ..estimate.control };
    let variant = MeanSummary { mean: record.input("/treatment/mean"), ..estimate.variant };
    let unadjusted = relative::linear_delta_z(&control, &variant, &options(record))?;
    let test = Comparison { effect: estimate.comparison.effect / base, ..unadjusted };
    Ok(effect_of(&test, &control))
}
