//! Several arms at once, several strata at once.

use super::options;
use experiment_core::stats::NotEstimable;
use experiment_core::stats::anova::{FTest, one_way_anova, welch_anova};
use experiment_core::stats::distribution::chi_square;
use experiment_core::stats::mean::{MeanSummary, welch_test};
use experiment_core::stats::proportion::{
    HalfStep, ProportionStratum, ProportionSummary, mantel_haenszel_odds_ratio, mantel_haenszel_risk_ratio,
    mantel_haenszel_test,
};
use experiment_tests::reference::{Check, Record};
use serde_json::Value;

fn mean_arms(record: &Record) -> Vec<MeanSummary> {
    let names = record.inputs.as_object().unwrap().keys();
    let arms = names.map(|name| MeanSummary {
        n: record.count(&format!("/{name}/n")),
        mean: record.input(&format!("/{name}/mean")),
        variance: record.input(&format!("/{name}/variance")),
    });
    arms.collect()
}

fn f_test(test: &FTest, check: &mut Check<'_>) {
    check.number("f", test.statistic);
    check.ends("df", test.between, test.within);
    check.number("p_value", test.p_value);
}

pub(super) fn anova_oneway(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    f_test(&one_way_anova(&mean_arms(record))?, check);
    Ok(())
}

pub(super) fn anova_welch(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    f_test(&welch_anova(&mean_arms(record))?, check);
    Ok(())
}

/// The difference in means over the pooled standard deviation; an effect in the metric's unit says more.
pub(super) fn cohens_d(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let arm = |path: &str| MeanSummary {
        n: record.count(&format!("{path}/n")),
        mean: record.input(&format!("{path}/mean")),
        variance: record.input(&format!("{path}/variance")),
    };
    let (control, variant) = (arm("/control"), arm("/treatment"));
    let (n0, n1) = (control.n as f64 - 1.0, variant.n as f64 - 1.0);
    let pooled = (n0 * control.variance + n1 * variant.variance) / (n0 + n1);
    check.number("d", (variant.mean - control.mean) / pooled.sqrt());
    Ok(())
}

pub(super) fn cochran_mantel_haenszel(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let arm = |stratum: &Value, name: &str| ProportionSummary {
        successes: stratum[name]["successes"].as_u64().unwrap(),
        n: stratum[name]["n"].as_u64().unwrap(),
    };
    let strata: Vec<ProportionStratum> = record.inputs["strata"]
        .as_object()
        .unwrap()
        .values()
        .map(|stratum| ProportionStratum {
            control: arm(stratum, "control"),
            variant: arm(stratum, "treatment"),
        })
        .collect();
    let (plain, stepped) =
        (mantel_haenszel_test(&strata, HalfStep::Kept)?, mantel_haenszel_test(&strata, HalfStep::Taken)?);
    check.number("chi2", plain.statistic);
    check.p_value("p_value", plain.p_value);
    check.number("chi2_cc", stepped.statistic);
    check.p_value("p_value_cc", stepped.p_value);
    let odds = mantel_haenszel_odds_ratio(&strata, &options(record))?;
    check.number("odds_ratio_mh", odds.ratio);
    check.ends("odds_ratio_mh_ci", odds.interval.lower, odds.interval.upper);
    check.number("risk_ratio_mh", mantel_haenszel_risk_ratio(&strata, &options(record))?.ratio);
    let (statistic, freedom) = (breslow_day(&strata, odds.ratio), strata.len() as f64 - 1.0);
    check.number("breslow_day_chi2", statistic);
    check.p_value("breslow_day_p", chi_square::sf(statistic, freedom));
    Ok(())
}

/// Whether the strata share one odds ratio, without Tarone's correction: (x₁ − E)²/V at the common ratio.
fn breslow_day(strata: &[ProportionStratum], ratio: f64) -> f64 {
    let of_stratum = |stratum: &ProportionStratum| {
        let (n0, n1) = (stratum.control.n as f64, stratum.variant.n as f64);
        let observed = stratum.variant.successes as f64;
        let all = observed + stratum.control.successes as f64;
        // E (n₀ − all + E) = ratio (all − E)(n₁ − E)
        let (a, b) = (1.0 - ratio, n0 - all + ratio * (all + n1));
        let c = -ratio * all * n1;
        let root = (b * b - 4.0 * a * c).sqrt();
        let expected = 2.0 * -c / (b + root);
        let cells = [expected, all - expected, n1 - expected, n0 - all + expected];
        let precision: f64 = cells.iter().map(|cell| 1.0 / cell).sum();
        (observed - expected).powi(2) * precision
    };
    strata.iter().map(of_stratum).sum()
}

/// Welch's test in each segment; whether segments differ is the spread of their effects over HC0's variances.
pub(super) fn segment_effects(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (mut weights, mut weighted, mut squares, mut segments) = (0.0, 0.0, 0.0, 0.0);
    for (name, segment) in record.outputs["segments"].as_object().unwrap() {
        let arm = |arm: &str| MeanSummary {
            n: segment[arm]["n"].as_u64().unwrap(),
            mean: segment[arm]["mean"].as_f64().unwrap(),
            variance: segment[arm]["variance"].as_f64().unwrap(),
        };
        let (control, variant) = (arm("control"), arm("treatment"));
        let test = welch_test(&control, &variant, &options(record))?;
        for (output, got) in [
            ("diff", vec![test.effect]),
            ("t", vec![test.statistic]),
            ("df", vec![test.degrees_of_freedom.unwrap()]),
            ("diff_ci", vec![test.interval.lower, test.interval.upper]),
            ("p_value", vec![test.p_value]),
        ] {
            check.inside(&format!("{name} {output}"), &segment[output], &got);
        }
        // HC0 divides by n, not n − 1.
        let hc0 = |arm: MeanSummary| arm.variance / arm.n as f64 * (1.0 - 1.0 / arm.n as f64);
        let weight = 1.0 / (hc0(control) + hc0(variant));
        weights += weight;
        weighted += weight * test.effect;
        squares += weight * test.effect * test.effect;
        segments += 1.0;
    }
    // Each of its numbers was compared above.
    check.skip("segments");
    let spread = squares - weighted * weighted / weights;
    check.number("interaction_wald_chi2", spread);
    check.number("interaction_df", segments - 1.0);
    check.number("interaction_p", chi_square::sf(spread, segments - 1.0));
    Ok(())
}
