//! `survival`: two arms with curves and comparisons, or several arms with the log-rank test alone.

use crate::answer::{Answer, Answers, parse};
use experiment_core::stats::survival::{
    FollowUp, SurvivalTable, cox_two_arms, kaplan_meier, log_rank_test, nelson_aalen, restricted_mean,
    restricted_mean_test,
};
use experiment_core::stats::{NotEstimable, TestOptions};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arm {
    time: Vec<f64>,
    event: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, untagged)]
enum Input {
    Two { control: Arm, variant: Arm, level: f64 },
    Several { groups: Vec<Arm> },
}

fn table(arm: &Arm) -> Result<SurvivalTable, String> {
    if arm.time.len() != arm.event.len() {
        return Err("times and events of different length".to_owned());
    }
    let customers = arm.time.iter().zip(&arm.event);
    let customers: Vec<FollowUp> =
        customers.map(|(time, event)| FollowUp { time: *time, event: *event == 1 }).collect();
    SurvivalTable::from_follow_ups(&customers).map_err(|reason| reason.to_string())
}

pub(crate) fn survival(input: &Value) -> Result<Answers, String> {
    Ok(match parse(input)? {
        Input::Two { control, variant, level } => two_arms([table(&control)?, table(&variant)?], level),
        Input::Several { groups } => {
            let tables = groups.iter().map(table).collect::<Result<Vec<_>, _>>()?;
            several_arms(tables)
        }
    })
}

fn several_arms(tables: Vec<SurvivalTable>) -> Answers {
    Box::new(move |key| {
        let test = log_rank_test(&tables);
        Some(match key {
            "logrank_chi_square" => test.map(|test| test.test.statistic).into(),
            "df" => test.map(|test| test.test.degrees_of_freedom).into(),
            "logrank_p" => test.map(|test| test.test.p_value).into(),
            "observed" => test.map(|test| test.observed).into(),
            "expected" => test.map(|test| test.expected).into(),
            _ => return None,
        })
    })
}

fn two_arms(tables: [SurvivalTable; 2], level: f64) -> Answers {
    let options = TestOptions::two_sided(level);
    let horizon = tables[0].last_time().min(tables[1].last_time());
    Box::new(move |key| {
        let [control, variant] = &tables;
        if let Some(key) = key.strip_prefix("control_") {
            return curve(control, key, horizon, &options);
        }
        if let Some(key) = key.strip_prefix("variant_") {
            return curve(variant, key, horizon, &options);
        }
        let means = || restricted_mean_test(control, variant, horizon, &options).map(|test| test.comparison);
        let log_rank = || log_rank_test(&tables);
        let cox = || cox_two_arms(control, variant, &options);
        Some(match key {
            "horizon" => horizon.into(),
            "rmst_difference" => means().map(|test| test.effect).into(),
            "rmst_se" => means().map(|test| test.std_error).into(),
            "logrank_chi_square" => log_rank().map(|test| test.test.statistic).into(),
            "logrank_p" => log_rank().map(|test| test.test.p_value).into(),
            "logrank_observed_variant" => log_rank().map(|test| test.observed[1]).into(),
            "logrank_expected_variant" => log_rank().map(|test| test.expected[1]).into(),
            "cox_log_hazard_ratio" => cox().map(|cox| cox.ln_hazard_ratio.effect).into(),
            "cox_se" => cox().map(|cox| cox.ln_hazard_ratio.std_error).into(),
            "cox_p_wald" => cox().map(|cox| cox.ln_hazard_ratio.p_value).into(),
            "cox_log_likelihood" => cox().map(|cox| cox.ln_likelihood).into(),
            _ => return None,
        })
    })
}

fn curve(table: &SurvivalTable, key: &str, horizon: f64, options: &TestOptions) -> Option<Answer> {
    let rows = |number: fn(&experiment_core::stats::survival::SurvivalRow) -> f64| {
        table.event_rows().map(number).collect::<Vec<f64>>().into()
    };
    let points = |number: fn(&experiment_core::stats::survival::SurvivalPoint) -> Option<f64>| {
        let points = kaplan_meier(table, options);
        points.map_or_else(
            |reason| Err::<f64, NotEstimable>(reason).into(),
            |points| Answer::List(points.iter().map(|point| number(point).into()).collect()),
        )
    };
    let hazards = nelson_aalen(table);
    Some(match key {
        "times" => rows(|row| row.time),
        "at_risk" => rows(|row| row.at_risk as f64),
        "events" => rows(|row| row.events as f64),
        "survival" => points(|point| Some(point.survival)),
        "greenwood_se" => points(|point| point.std_error),
        "loglog_low" => points(|point| point.interval.map(|ends| ends.lower)),
        "loglog_high" => points(|point| point.interval.map(|ends| ends.upper)),
        "nelson_aalen" => hazards.iter().map(|point| point.hazard).collect::<Vec<f64>>().into(),
        "nelson_aalen_variance" => hazards.iter().map(|point| point.variance).collect::<Vec<f64>>().into(),
        "rmst" => restricted_mean(table, horizon).map(|mean| mean.mean).into(),
        "rmst_variance" => restricted_mean(table, horizon).map(|mean| mean.variance).into(),
        _ => return None,
    })
}
