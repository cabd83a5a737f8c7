//! Proportions and tables of counts.

use super::options;
use experiment_core::stats::chi_square::{ChiSquareTest, Divergence, contingency, yates};
use experiment_core::stats::distribution::normal;
use experiment_core::stats::margin::{EquivalenceRange, wald_at, wald_tost};
use experiment_core::stats::mean::MeanSummary;
use experiment_core::stats::power::proportion::{Rates, cohen_h};
use experiment_core::stats::proportion::{self, ProportionSummary};
use experiment_core::stats::relative::{katz, log_delta_z};
use experiment_core::stats::srm;
use experiment_core::stats::{Alternative, NotEstimable, TestOptions};
use experiment_tests::reference::{Check, Record};
use experiment_tests::tolerance::Tolerance;

/// What the notes ask for where the other library solves numerically.
const SOLVED: Tolerance = Tolerance { rel: 1e-5, abs: 1e-10 };

pub(super) fn arm(record: &Record, path: &str) -> ProportionSummary {
    ProportionSummary {
        successes: record.count(&format!("{path}/successes")),
        n: record.count(&format!("{path}/n")),
    }
}

pub(super) fn arms(record: &Record) -> (ProportionSummary, ProportionSummary) {
    (arm(record, "/control"), arm(record, "/treatment"))
}

pub(super) fn proportion_ci(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (arm, options) = (arm(record, ""), options(record));
    let wilson = proportion::wilson_interval(&arm, &options)?;
    check.ends("wilson", wilson.lower, wilson.upper);
    let exact = proportion::clopper_pearson_interval(&arm, &options)?;
    check.ends("clopper_pearson", exact.lower, exact.upper);
    let agresti_coull = proportion::agresti_coull_interval(&arm, &options)?;
    check.ends("agresti_coull", agresti_coull.lower, agresti_coull.upper);
    let jeffreys = proportion::jeffreys_interval(&arm, &options)?;
    check.ends("jeffreys", jeffreys.lower, jeffreys.upper);
    // Wald's interval of one proportion is not offered: its coverage collapses near 0 and 1.
    let half_width = normal::upper_quantile(0.025) * (arm.rate() * (1.0 - arm.rate()) / arm.n as f64).sqrt();
    check.ends("wald", (arm.rate() - half_width).max(0.0), (arm.rate() + half_width).min(1.0));
    Ok(())
}

pub(super) fn prop_ztest_pooled(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record);
    let test = proportion::pooled_z_test(&control, &variant, &options(record))?;
    check.number("diff", test.effect);
    check.number("z", test.statistic);
    check.number("p_value", test.p_value);
    Ok(())
}

pub(super) fn prop_ztest_unpooled(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record);
    let test = proportion::unpooled_z_test(&control, &variant, &options(record))?;
    check.number("diff", test.effect);
    check.number("z", test.statistic);
    check.number("p_value", test.p_value);
    check.ends("diff_ci", test.interval.lower, test.interval.upper);
    Ok(())
}

pub(super) fn prop_diff_ci(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record);
    let options = options(record);
    let newcombe = proportion::newcombe_interval(&control, &variant, &options)?;
    check.ends("newcombe", newcombe.lower, newcombe.upper);
    let agresti_caffo = proportion::agresti_caffo_interval(&control, &variant, &options)?;
    check.ends("agresti_caffo", agresti_caffo.lower, agresti_caffo.upper);
    // statsmodels 0.15.0 has `count0*diff` where the paper has `n0*diff`, so its interval is another one.
    // Ours is held against the vectors and the published example instead.
    check.skip("miettinen_nurminen");
    Ok(())
}

pub(super) fn prop_ratio_ci(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record);
    let options = options(record);
    check.number("risk_ratio", proportion::risk_ratio(&control, &variant)?);
    let katz = proportion::risk_ratio_log_interval(&control, &variant, &options)?;
    check.ends("katz_log", katz.lower, katz.upper);
    let score = proportion::risk_ratio_score_interval(&control, &variant, &options)?;
    check.ends_within("score", score.lower, score.upper, SOLVED);
    Ok(())
}

pub(super) fn odds_ratio_ci(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record);
    check.number("odds_ratio", proportion::odds_ratio(&control, &variant)?);
    let woolf = proportion::odds_ratio_log_interval(&control, &variant, &options(record))?;
    check.ends("logit", woolf.lower, woolf.upper);
    Ok(())
}

/// tea-tasting takes one rate for both arms in the pooled form, also for the relative effect's variance.
pub(super) fn tt_proportion(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record);
    let options = options(record);
    check.number("control", control.rate());
    check.number("treatment", variant.rate());
    let pooled = record.params["equal_var"] == true;
    let (test, variances) = if pooled {
        let rate = (control.successes + variant.successes) as f64 / (control.n + variant.n) as f64;
        let test = proportion::pooled_z_test(&control, &variant, &options)?;
        // Its relative variance is that of the pooled rate: (1 − p)/p for each arm, whatever its own mean.
        (test, [control, variant].map(|arm| (1.0 - rate) / rate * arm.rate() * arm.rate()))
    } else {
        let test = proportion::unpooled_z_test(&control, &variant, &options)?;
        (test, [control, variant].map(|arm| arm.rate() * (1.0 - arm.rate())))
    };
    let as_mean = |arm: &ProportionSummary, variance| MeanSummary { n: arm.n, mean: arm.rate(), variance };
    let [of_control, of_variant] = variances;
    let relative = log_delta_z(&as_mean(&control, of_control), &as_mean(&variant, of_variant), &options)?;
    check.number("diff", test.effect);
    check.number("rel_diff", relative.estimate);
    if record.params["continuity_correction"] == true {
        // Half a customer of each arm nearer to no effect, and the interval longer by as much. Not offered: it makes
        // the test more conservative than its exact counterpart is.
        assert_eq!(options.alternative, Alternative::TwoSided, "{}", record.id);
        let step = 0.5 * (1.0 / control.n as f64 + 1.0 / variant.n as f64);
        let nearer = (test.effect.abs() - step).max(0.0) / test.std_error;
        check.ends("diff_ci", test.interval.lower - step, test.interval.upper + step);
        let longer = (step / control.rate()).exp();
        let (lower, upper) = (1.0 + relative.interval.lower, 1.0 + relative.interval.upper);
        check.ends("rel_diff_ci", lower / longer - 1.0, upper * longer - 1.0);
        check.number("p_value", 2.0 * normal::sf(nearer));
        return Ok(());
    }
    check.ends("diff_ci", test.interval.lower, test.interval.upper);
    check.number("p_value", test.p_value);
    check.ends("rel_diff_ci", relative.interval.lower, relative.interval.upper);
    if !pooled {
        let katz = katz(&control, &variant, &options)?;
        assert!((katz.interval.upper - relative.interval.upper).abs() < 1e-12, "{}: two ways", record.id);
        assert!((katz.std_error - relative.std_error).abs() < 1e-12, "{}: two ways", record.id);
    }
    Ok(())
}

pub(super) fn prop_noninferiority(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record);
    let margin = record.param("/margin_abs");
    let higher_is_better = record.params["higher_is_better"] == true;
    let test = if higher_is_better {
        wald_at(&control, &variant, -margin, &TestOptions::greater(0.95))?
    } else {
        wald_at(&control, &variant, margin, &TestOptions::less(0.95))?
    };
    check.number("z", test.statistic);
    check.number("p_value", test.p_value);
    Ok(())
}

pub(super) fn prop_tost(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record);
    let range = EquivalenceRange { low: record.param("/low"), high: record.param("/upp") };
    check.number("p_value", wald_tost(&control, &variant, &range, 0.05)?.p_value);
    Ok(())
}

pub(super) fn cohens_h(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record);
    check.number("h", cohen_h(&Rates { control: control.rate(), variant: variant.rate() })?);
    Ok(())
}

pub(super) fn srm_chisquare(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let counts = record.inputs["counts"].as_object().unwrap();
    let observed: Vec<u64> = counts.values().map(|count| count.as_u64().unwrap()).collect();
    let weights: Vec<f64> =
        counts.keys().map(|name| record.inputs["expected_ratio"][name].as_f64().unwrap()).collect();
    let test = srm::chi_square_test(&observed, &weights)?;
    check.number("chi2", test.statistic);
    check.number("df", test.degrees_of_freedom);
    check.number("p_value", test.p_value);
    Ok(())
}

fn row(arm: &ProportionSummary) -> [u64; 2] {
    [arm.successes, arm.n - arm.successes]
}

fn compare_test(test: &ChiSquareTest, check: &mut Check<'_>) {
    check.number("statistic", test.statistic);
    check.number("df", test.degrees_of_freedom);
    check.number("p_value", test.p_value);
}

fn two_by_two(record: &Record) -> [[u64; 2]; 2] {
    let (control, variant) = arms(record);
    [row(&control), row(&variant)]
}

pub(super) fn chi2_pearson(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    compare_test(&contingency(&two_by_two(record), Divergence::Pearson)?, check);
    Ok(())
}

pub(super) fn chi2_yates(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    compare_test(&yates(&two_by_two(record))?, check);
    Ok(())
}

pub(super) fn g_test(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    compare_test(&contingency(&two_by_two(record), Divergence::LogLikelihood)?, check);
    Ok(())
}

fn all_arms(record: &Record) -> Vec<[u64; 2]> {
    let names = record.inputs.as_object().unwrap().keys();
    names.map(|name| row(&arm(record, &format!("/{name}")))).collect()
}

pub(super) fn chi2_omnibus(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    compare_test(&contingency(&all_arms(record), Divergence::Pearson)?, check);
    Ok(())
}

pub(super) fn g_omnibus(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    compare_test(&contingency(&all_arms(record), Divergence::LogLikelihood)?, check);
    Ok(())
}
