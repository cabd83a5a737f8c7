//! Posterior probabilities: beta–binomial, and GrowthBook's normal posterior of the effect.

use super::means::{
    Effect, absolute, absolute_cuped, absolute_ratio, relative, relative_cuped, relative_ratio,
};
use experiment_core::stats::NotEstimable;
use experiment_core::stats::bayes::{BetaPrior, NormalPrior, beta_binomial, normal_effect};
use experiment_core::stats::proportion::ProportionSummary;
use experiment_tests::reference::{Check, Record};
use experiment_tests::tolerance::Tolerance;

pub(super) fn bayes_beta_binomial(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let arm = |path: &str| ProportionSummary {
        successes: record.count(&format!("{path}/successes")),
        n: record.count(&format!("{path}/n")),
    };
    let prior = BetaPrior { alpha: record.param("/prior/alpha"), beta: record.param("/prior/beta") };
    let level = record.param("/credible");
    let got = beta_binomial(&arm("/control"), &arm("/treatment"), &prior, level)?;
    check.number("prob_treatment_better", got.chance_to_win);
    check.number("expected_loss_choose_treatment", got.loss_if_variant);
    check.number("expected_loss_choose_control", got.loss_if_control);
    check.ends("posterior_mean", got.control.mean, got.variant.mean);
    check.ends("posterior_sd", got.control.std_dev, got.variant.std_dev);
    check.ends("credible_interval_control", got.control.interval.lower, got.control.interval.upper);
    check.ends("credible_interval_treatment", got.variant.interval.lower, got.variant.interval.upper);
    check.number("diff_mean", got.difference.mean);
    check.number("diff_sd", got.difference.std_dev);
    check.ends("diff_credible_interval", got.difference.interval.lower, got.difference.interval.upper);
    check.ends("rel_diff_credible_interval", got.relative_interval.lower, got.relative_interval.upper);
    Ok(())
}

/// GrowthBook's posterior of an effect; its prior is on the relative effect, `base` takes it to the effect's scale.
fn growthbook(record: &Record, check: &mut Check<'_>, effect: Effect, base: f64) -> Result<(), NotEstimable> {
    assert_eq!(record.params["prior"]["type"], "relative", "{}", record.id);
    let prior = (record.params["prior"]["proper"] == true).then(|| NormalPrior {
        mean: record.param("/prior/mean") * base,
        std_dev: record.param("/prior/variance").sqrt() * base.abs(),
    });
    let level = 1.0 - record.param("/alpha");
    let got = normal_effect(effect.estimate, effect.std_error, prior.as_ref(), level)?;
    // GrowthBook's losses far in the tail are differences that round to 0.
    let loss = Tolerance { abs: 1e-12_f64.max(record.tolerance.abs), ..record.tolerance };
    check.number("chance_to_win", got.chance_to_win);
    check.number("estimate", got.mean);
    check.number("std_err", got.std_dev);
    check.ends("ci", got.interval.lower, got.interval.upper);
    check.within("risk_choose_control", got.loss_if_control, loss);
    check.within("risk_choose_treatment", got.loss_if_variant, loss);
    Ok(())
}

pub(super) fn gb_bayes_absolute(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let effect = absolute(record)?;
    growthbook(record, check, effect, effect.base)
}

pub(super) fn gb_bayes_relative(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    growthbook(record, check, relative(record)?, 1.0)
}

pub(super) fn gb_bayes_absolute_ratio(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let effect = absolute_ratio(record)?;
    growthbook(record, check, effect, effect.base)
}

pub(super) fn gb_bayes_relative_ratio(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    growthbook(record, check, relative_ratio(record)?, 1.0)
}

pub(super) fn gb_bayes_absolute_cuped(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let effect = absolute_cuped(record)?;
    growthbook(record, check, effect, effect.base)
}

pub(super) fn gb_bayes_relative_cuped(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    growthbook(record, check, relative_cuped(record)?, 1.0)
}
