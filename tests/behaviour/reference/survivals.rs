//! Records that need one follow-up per customer.

use super::options;
use super::rows::Rows;
use experiment_core::stats::survival::{
    FollowUp, SurvivalTable, Ties, TimeWeight, cox_regression, cox_two_arms, kaplan_meier, nelson_aalen,
    restricted_mean, weighted_log_rank_test,
};
use experiment_core::stats::{NotEstimable, TestOptions};
use experiment_tests::reference::{Check, Record};
use serde_json::Value;

/// The arm that a record of one arm is about.
fn table(record: &Record, rows: &Rows) -> Result<SurvivalTable, NotEstimable> {
    let arm = record.inputs["arm"].as_str().unwrap_or("all");
    SurvivalTable::from_follow_ups(rows.follow_ups(&record.metric, arm))
}

pub(super) fn kaplan_meier_at(
    record: &Record,
    rows: &Rows,
    check: &mut Check<'_>,
) -> Result<(), NotEstimable> {
    let table = table(record, rows)?;
    let curve = kaplan_meier(&table, &options(record))?;
    let hazards = nelson_aalen(&table);
    let median = curve.iter().find(|point| point.survival <= 0.5).map_or(f64::INFINITY, |point| point.time);
    check.number("median", median);
    for (time, at) in record.outputs["at"].as_object().unwrap() {
        let time: f64 = time.parse().unwrap();
        // Before the first event the curve is 1 and its error 0.
        let point = curve.iter().rev().find(|point| point.time <= time);
        let (survival, error) = point.map_or((1.0, 0.0), |p| (p.survival, p.std_error.unwrap_or(f64::NAN)));
        let ends =
            point.map_or((1.0, 1.0), |p| p.interval.map_or((f64::NAN, f64::NAN), |i| (i.lower, i.upper)));
        let hazard = hazards.iter().rev().find(|point| point.time <= time).map_or(0.0, |point| point.hazard);
        let at_risk = table.rows().iter().find(|row| row.time >= time).map_or(0, |row| row.at_risk);
        for (output, want) in at.as_object().unwrap() {
            let what = format!("{output} at {time}");
            match output.as_str() {
                "survival" => check.inside(&what, want, &[survival]),
                "ci_loglog" => check.inside(&what, want, &[ends.0, ends.1]),
                "greenwood_se" => check.inside(&what, want, &[error]),
                "cumulative_hazard_nelson_aalen" => check.inside(&what, want, &[hazard]),
                "at_risk" => check.inside(&what, want, &[at_risk as f64]),
                _ => panic!("{}: {output}", record.id),
            }
        }
    }
    // Each of its numbers was compared above.
    check.skip("at");
    Ok(())
}

pub(super) fn rmst(record: &Record, rows: &Rows, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    check.number("rmst", restricted_mean(&table(record, rows)?, record.param("/horizon"))?.mean);
    Ok(())
}

pub(super) fn logrank(record: &Record, rows: &Rows, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let names = record.inputs.as_object().unwrap().keys();
    let arms = names.map(|arm| SurvivalTable::from_follow_ups(rows.follow_ups(&record.metric, arm)));
    let weight = match record.params.get("weighting").and_then(Value::as_str) {
        None | Some("none") => TimeWeight::LogRank,
        Some("wilcoxon") => TimeWeight::Gehan,
        Some("tarone-ware") => TimeWeight::TaroneWare,
        Some("peto") => TimeWeight::PetoPeto,
        Some(other) => panic!("{}: {other}", record.id),
    };
    let test = weighted_log_rank_test(&arms.collect::<Result<Vec<_>, _>>()?, weight)?.test;
    check.number("chi2", test.statistic);
    check.number("df", test.degrees_of_freedom);
    check.p_value("p_value", test.p_value);
    Ok(())
}

/// The arms without and with what the covariate names.
fn cox_arms<'a>(record: &Record, rows: &'a Rows) -> [&'a [FollowUp]; 2] {
    let (metric, arms) = match record.inputs["covariate"].as_str() {
        Some("PaperlessBilling==Yes") => ("tenure_by_paperless", ["No", "Yes"]),
        Some("SeniorCitizen==1") => ("tenure_senior", ["0", "1"]),
        other => panic!("{}: {other:?}", record.id),
    };
    arms.map(|arm| rows.follow_ups(metric, arm))
}

pub(super) fn cox_ph(record: &Record, rows: &Rows, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    assert_eq!(record.params["ties"], "efron", "{}", record.id);
    let [control, variant] = cox_arms(record, rows);
    let (control, variant) =
        (SurvivalTable::from_follow_ups(control)?, SurvivalTable::from_follow_ups(variant)?);
    let cox = cox_two_arms(&control, &variant, &TestOptions::two_sided(0.95))?;
    let log = cox.ln_hazard_ratio;
    check.number("log_hr", log.effect);
    check.number("hr", cox.hazard_ratio);
    check.number("std_err", log.std_error);
    check.ends("hr_ci", log.interval.lower.exp(), log.interval.upper.exp());
    check.p_value("p_value", log.p_value);
    check.number("log_likelihood", cox.ln_likelihood);
    Ok(())
}

/// The same by the regression, which has both ways of treating ties.
pub(super) fn cox_ph_statsmodels(
    record: &Record,
    rows: &Rows,
    check: &mut Check<'_>,
) -> Result<(), NotEstimable> {
    let [control, variant] = cox_arms(record, rows);
    let arm: Vec<f64> = [vec![0.0; control.len()], vec![1.0; variant.len()]].concat();
    let ties = if record.params["ties"] == "breslow" { Ties::Breslow } else { Ties::Efron };
    let fit = cox_regression(&[control, variant].concat(), &[&arm], ties, &TestOptions::two_sided(0.95))?;
    let log = fit.ln_hazard_ratios[0];
    check.number("log_hr", log.effect);
    check.number("std_err", log.std_error);
    check.p_value("p_value", log.p_value);
    check.number("log_likelihood", fit.ln_likelihood);
    Ok(())
}
