//! Records that need one value per customer: ranks, quantiles, trimmed means, resampling.

use super::options;
use super::rows::Rows;
use experiment_core::stats::anova::one_way_anova;
use experiment_core::stats::mean::MeanSummary;
use experiment_core::stats::quantile::quantile_of;
use experiment_core::stats::rank::{
    Continuity, KsReference, RankedArms, kolmogorov_smirnov_test, kruskal_wallis_test, mann_whitney_test,
};
use experiment_core::stats::resample::{
    Bootstrap, Resampling, bootstrap_difference, bootstrap_mean_difference,
};
use experiment_core::stats::yuen::{TrimmedSummary, yuen_test};
use experiment_core::stats::{NotEstimable, TestOptions};
use experiment_tests::reference::{Check, Record};
use experiment_tests::tolerance::Tolerance;

/// A difference of medians that moves, by a whole round, in one resample of fourteen: the record's 2,000 resamples
/// met too many of them. Its 0.292 is 0.255 in 8,000 made with numpy, which is what ours is held against.
const RARE_STEPS: &str = "cookie_cats/sum_gamerounds/gate_40_vs_gate_30/bootstrap_diff/q50";
const RARE_STEPS_ERROR: f64 = 0.255;

fn name<'a>(record: &'a Record, path: &str) -> &'a str {
    record.inputs.pointer(path).and_then(|name| name.as_str()).unwrap()
}

/// Control and variant, of which the record must count as many rows.
pub(super) fn arms<'a>(record: &Record, rows: &'a Rows) -> (&'a [f64], &'a [f64]) {
    let of = |path: &str| {
        let values = rows.values(&record.metric, name(record, &format!("{path}/arm")));
        assert_eq!(values.len() as u64, record.count(&format!("{path}/n")), "{}", record.id);
        values
    };
    (of("/control"), of("/treatment"))
}

fn all_arms<'a>(record: &Record, rows: &'a Rows) -> Vec<&'a [f64]> {
    let names = record.inputs.as_object().unwrap().keys();
    names.map(|name| rows.values(&record.metric, name)).collect()
}

pub(super) fn arm_summary(record: &Record, rows: &Rows, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let values = rows.values(&record.metric, name(record, "/arm"));
    let summary = MeanSummary::from_values(values)?;
    check.number("n", summary.n as f64);
    check.number("sum", values.iter().sum());
    check.number("sum_sq", values.iter().map(|value| value * value).sum());
    check.number("mean", summary.mean);
    check.number("variance", summary.variance);
    check.number("std", summary.variance.sqrt());
    check.number("std_err", (summary.variance / summary.n as f64).sqrt());
    check.number("min", values.iter().copied().fold(f64::INFINITY, f64::min));
    check.number("max", values.iter().copied().fold(f64::NEG_INFINITY, f64::max));
    let mut quantiles = Vec::new();
    for name in record.outputs["quantiles"].as_object().unwrap().keys() {
        let quantile = quantile_of(values, name.parse().unwrap(), &TestOptions::two_sided(0.95))?;
        quantiles.push((name.as_str(), quantile.estimate));
    }
    check.by_name("quantiles", quantiles.into_iter());
    Ok(())
}

pub(super) fn quantile_ci_order_stat(
    record: &Record,
    rows: &Rows,
    check: &mut Check<'_>,
) -> Result<(), NotEstimable> {
    let values = rows.values(&record.metric, name(record, "/arm"));
    let interval = quantile_of(values, record.param("/p"), &options(record))?.interval;
    check.ends("ci", interval.lower, interval.upper);
    Ok(())
}

pub(super) fn mann_whitney_u(
    record: &Record,
    rows: &Rows,
    check: &mut Check<'_>,
) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record, rows);
    let continuity =
        if record.params["continuity"] == true { Continuity::Corrected } else { Continuity::Uncorrected };
    let ranked = RankedArms::from_values(control, variant)?;
    let test = mann_whitney_test(&ranked, continuity, options(record).alternative)?;
    check.number("u_treatment", test.superiority.u);
    check.number("p_value", test.p_value);
    check.number("prob_superiority", test.superiority.probability);
    Ok(())
}

pub(super) fn ks_2samp(record: &Record, rows: &Rows, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record, rows);
    let ranked = RankedArms::from_values(control, variant)?;
    let test = kolmogorov_smirnov_test(&ranked, KsReference::OneSample)?;
    check.number("d", test.statistic);
    check.number("p_value", test.p_value);
    Ok(())
}

pub(super) fn yuen_trimmed_t(
    record: &Record,
    rows: &Rows,
    check: &mut Check<'_>,
) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record, rows);
    let trim = record.param("/trim_each_side");
    let (control, variant) =
        (TrimmedSummary::from_values(control, trim)?, TrimmedSummary::from_values(variant, trim)?);
    let test = yuen_test(&control, &variant, &options(record))?;
    check.number("t", test.statistic);
    check.number("df", test.degrees_of_freedom.unwrap());
    check.number("p_value", test.p_value);
    Ok(())
}

pub(super) fn kruskal_wallis(
    record: &Record,
    rows: &Rows,
    check: &mut Check<'_>,
) -> Result<(), NotEstimable> {
    let test = kruskal_wallis_test(&all_arms(record, rows))?;
    check.number("h", test.statistic);
    check.number("df", test.degrees_of_freedom);
    check.number("p_value", test.p_value);
    Ok(())
}

/// Levene's test about the medians: the analysis of variance of the distances from them.
pub(super) fn levene(record: &Record, rows: &Rows, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let mut distances = Vec::new();
    for values in all_arms(record, rows) {
        let median = quantile_of(values, 0.5, &TestOptions::two_sided(0.95))?.estimate;
        let from_median: Vec<f64> = values.iter().map(|value| (value - median).abs()).collect();
        distances.push(MeanSummary::from_values(&from_median)?);
    }
    let test = one_way_anova(&distances)?;
    check.number("w", test.statistic);
    check.number("p_value", test.p_value);
    Ok(())
}

/// The quantile of definition 7, some thousand times over samples of one arm.
///
/// Rounds are counted, each below `levels`; other values are selected by rank.
fn quantile(values: &[f64], levels: Option<usize>, q: f64) -> f64 {
    let position = (values.len() - 1) as f64 * q;
    let (below, above) = match levels {
        Some(levels) => {
            let mut counts = vec![0_usize; levels];
            for value in values {
                counts[*value as usize] += 1;
            }
            let at_rank = |rank: usize| {
                let mut left = rank;
                let found = counts.iter().position(|count| {
                    let here = left < *count;
                    left = left.saturating_sub(*count);
                    here
                });
                found.unwrap() as f64
            };
            (at_rank(position as usize), at_rank(position.ceil() as usize))
        }
        None => {
            let mut values = values.to_vec();
            let (_, below, rest) = values.select_nth_unstable_by(position as usize, f64::total_cmp);
            let below = *below;
            (
                below,
                if position.fract() == 0.0 {
                    below
                } else {
                    rest.iter().copied().fold(f64::INFINITY, f64::min)
                },
            )
        }
    };
    below + position.fract() * (above - below)
}

pub(super) fn bootstrap_diff(
    record: &Record,
    rows: &Rows,
    check: &mut Check<'_>,
) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record, rows);
    let resampling =
        Resampling { resamples: record.param("/n_resamples") as u32, seed: record.param("/seed") as u64 };
    let whole = control.iter().chain(variant).all(|value| value.fract() == 0.0);
    let largest = control.iter().chain(variant).copied().fold(0.0, f64::max);
    let levels = whole.then_some(largest as usize + 1);
    let of =
        |q: f64| bootstrap_difference(control, variant, |values| quantile(values, levels, q), &resampling);
    let draws: Bootstrap = match record.params["statistic"].as_str() {
        Some("mean") => bootstrap_mean_difference(control, variant, &resampling)?,
        Some("q50") => of(0.5)?,
        Some("q90") => of(0.9)?,
        Some("q99") => of(0.99)?,
        other => panic!("{}: {other:?}", record.id),
    };
    let interval = draws.percentile_interval(&options(record))?;
    // As the record's note says.
    check.within("diff", draws.estimate, Tolerance { rel: 1e-9, abs: 1e-12 });
    let tenth = Tolerance { rel: 0.1, abs: 0.0 };
    if record.id == RARE_STEPS {
        check.skip("std_err");
        assert!(tenth.accepts(draws.std_error(), RARE_STEPS_ERROR), "{}: {}", record.id, draws.std_error());
    } else {
        check.within("std_err", draws.std_error(), tenth);
    }
    check.ends("ci_percentile", interval.lower, interval.upper);
    Ok(())
}
