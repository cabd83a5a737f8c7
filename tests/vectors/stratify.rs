//! `post_stratification`.

use crate::answer::{Answer, Answers, parse};
use crate::means::Arm;
use experiment_core::stats::stratify::{
    StratifiedEstimate, Stratum, StratumWeights, post_stratified, post_stratified_relative,
};
use experiment_core::stats::{NotEstimable, TestOptions};
use serde::Deserialize;
use serde_json::Value;

pub(crate) fn post_stratification(input: &Value) -> Result<Answers, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Pair {
        control: Arm,
        variant: Arm,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        strata: Vec<Pair>,
    }
    let Input { strata } = parse(input)?;
    let strata: Vec<Stratum> = strata
        .into_iter()
        .map(|pair| Stratum { control: pair.control.into(), variant: pair.variant.into() })
        .collect();
    let options = TestOptions::two_sided(0.95);
    let fixed = post_stratified(&strata, StratumWeights::Fixed, &options);
    let random = post_stratified(&strata, StratumWeights::Random, &options);
    let relative = post_stratified_relative(&strata, StratumWeights::Random, &options);
    Ok(Box::new(move |key| {
        let of = |estimate: Result<StratifiedEstimate, NotEstimable>,
                  part: fn(&StratifiedEstimate) -> f64| {
            Answer::from(estimate.map(|estimate| part(&estimate)))
        };
        Some(match key {
            "difference" => of(fixed, |estimate| estimate.comparison.effect),
            "control_mean" => of(fixed, |estimate| estimate.control_mean),
            "se_fixed_weights" => of(fixed, |estimate| estimate.comparison.std_error),
            "se_random_weights" => of(random, |estimate| estimate.comparison.std_error),
            "lift" => of(relative, |estimate| estimate.comparison.effect),
            "lift_se_random_weights" => of(relative, |estimate| estimate.comparison.std_error),
            "z" => of(fixed, |estimate| estimate.comparison.statistic),
            "p_two_sided" => of(fixed, |estimate| estimate.comparison.p_value),
            _ => return None,
        })
    }))
}
