//! `dunnett`.

use crate::answer::{Answer, Answers, parse};
use experiment_core::stats::dunnett::{critical_value, dunnett_test};
use experiment_core::stats::mean::MeanSummary;
use experiment_core::stats::{Alternative, Comparison, TestOptions};
use experiment_tests::tolerance::number;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "snake_case")]
enum Input {
    CriticalValue { comparisons: usize, df: Value, sides: u8, alpha: f64, n_ratio_to_control: Vec<f64> },
    Test { control: Vec<f64>, variants: Vec<Vec<f64>>, level: f64 },
}

fn summary(values: &[f64]) -> MeanSummary {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    MeanSummary { n: values.len() as u64, mean, variance: squares / (n - 1.0) }
}

pub(crate) fn dunnett(input: &Value) -> Result<Answers, String> {
    match parse(input)? {
        Input::CriticalValue { comparisons, df, sides, alpha, n_ratio_to_control } => {
            let df = number(&df).ok_or("input: df is no number")?;
            if comparisons != n_ratio_to_control.len() {
                return Err("input: a ratio is needed for each comparison".to_owned());
            }
            let alternative = if sides == 2 { Alternative::TwoSided } else { Alternative::Greater };
            let value = critical_value(&n_ratio_to_control, df, alternative, alpha);
            Ok(Box::new(move |key| (key == "critical_value").then(|| value.into())))
        }
        Input::Test { control, variants, level } => {
            let variants: Vec<MeanSummary> = variants.iter().map(|values| summary(values)).collect();
            let test = dunnett_test(&summary(&control), &variants, &TestOptions::two_sided(level));
            Ok(Box::new(move |key| {
                let test = test.as_ref().map_err(|reason| *reason);
                let each = |part: fn(&Comparison) -> f64| {
                    Answer::from(test.map(|test| test.comparisons.iter().map(part).collect::<Vec<f64>>()))
                };
                Some(match key {
                    "df" => test.map(|test| test.degrees_of_freedom).into(),
                    "pooled_variance" => test.map(|test| test.pooled_variance).into(),
                    "critical_value" => test.map(|test| test.critical_value).into(),
                    "t" => each(|comparison| comparison.statistic),
                    "p_adjusted" => each(|comparison| comparison.p_value),
                    _ => return None,
                })
            }))
        }
    }
}
