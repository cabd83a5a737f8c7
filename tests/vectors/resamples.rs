//! `resampling`.

use crate::answer::{Answer, Answers, lower, parse, upper};
use experiment_core::stats::resample::{
    Resampling, acceleration, bootstrap, bootstrap_difference, difference_acceleration,
    exact_permutation_test, permutation_test,
};
use experiment_core::stats::{NotEstimable, TestOptions};
use serde::Deserialize;
use serde_json::Value;

/// The tolerance asks for at least 20,000. With just so many, the upper BCa end of skewed samples left it for two of
/// three seeds that were tried; with ten times as many, for none of three.
const ENOUGH_RESAMPLES: u32 = 200_000;

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Input {
    Bootstrap {
        statistic: Statistic,
        #[serde(default)]
        control: Vec<f64>,
        #[serde(default)]
        variant: Vec<f64>,
        #[serde(default)]
        values: Vec<f64>,
        level: f64,
        resamples: u32,
        seed: u64,
    },
    Permutation {
        #[serde(rename = "statistic")]
        _statistic: Statistic,
        control: Vec<f64>,
        variant: Vec<f64>,
        resamples: Option<u32>,
        seed: u64,
    },
}

#[derive(Clone, Copy, Deserialize, PartialEq)]
enum Statistic {
    #[serde(rename = "difference of means")]
    DifferenceOfMeans,
    #[serde(rename = "mean")]
    Mean,
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

pub(crate) fn resampling(input: &Value) -> Result<Answers, String> {
    match parse(input)? {
        Input::Bootstrap { statistic, control, variant, values, level, resamples, seed } => {
            let options = TestOptions::two_sided(level);
            let resampling = Resampling { resamples: resamples.max(ENOUGH_RESAMPLES), seed };
            let one_sample = statistic == Statistic::Mean;
            let (draws, acceleration) = if one_sample {
                (bootstrap(&values, mean, &resampling), acceleration(&values, mean))
            } else {
                let draws = bootstrap_difference(&control, &variant, mean, &resampling);
                (draws, difference_acceleration(&control, &variant, mean))
            };
            let draws = draws.map_err(|reason| reason.to_string())?;
            let bca = acceleration.and_then(|acceleration| draws.bca_interval(acceleration, &options));
            Ok(Box::new(move |key| {
                Some(match key {
                    "difference" | "mean" => draws.estimate.into(),
                    "acceleration" => acceleration.into(),
                    "bca_low" => lower(bca),
                    "bca_high" => upper(bca),
                    "percentile_low" => lower(draws.percentile_interval(&options)),
                    "percentile_high" => upper(draws.percentile_interval(&options)),
                    "bootstrap_se" => draws.std_error().into(),
                    _ => return None,
                })
            }))
        }
        Input::Permutation { control, variant, resamples, seed, .. } => {
            let test = match resamples {
                Some(resamples) => permutation_test(&control, &variant, &Resampling { resamples, seed }),
                None => exact_permutation_test(&control, &variant),
            };
            Ok(Box::new(move |key| permutation(&test, key)))
        }
    }
}

fn permutation(
    test: &Result<experiment_core::stats::resample::PermutationTest, NotEstimable>,
    key: &str,
) -> Option<Answer> {
    Some(match key {
        "p_greater" => test.map(|test| test.p_greater).into(),
        "p_less" => test.map(|test| test.p_less).into(),
        "p_absolute" => test.map(|test| test.p_absolute).into(),
        "p_twice_smaller_tail" => test.map(|test| test.p_twice_smaller_tail()).into(),
        _ => return None,
    })
}
