//! `beta_binomial`, `normal_normal`.

use crate::answer::{Answer, Answers, parse};
use experiment_core::stats::bayes::{self, BetaPrior, NormalPosterior, NormalPrior};
use experiment_core::stats::mean::{MeanSummary, z_test};
use experiment_core::stats::proportion::ProportionSummary;
use experiment_core::stats::relative::linear_delta_z;
use experiment_core::stats::{NotEstimable, TestOptions};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Arm {
    n: u64,
    conversions: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shapes {
    alpha: f64,
    beta: f64,
}

pub(crate) fn beta_binomial(input: &Value) -> Result<Answers, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        control: Arm,
        variant: Arm,
        prior: Shapes,
        level: f64,
    }
    let Input { control, variant, prior, level } = parse(input)?;
    let arm = |arm: Arm| ProportionSummary { successes: arm.conversions, n: arm.n };
    let prior = BetaPrior { alpha: prior.alpha, beta: prior.beta };
    let comparison = bayes::beta_binomial(&arm(control), &arm(variant), &prior, level);
    Ok(Box::new(move |key| {
        let answer = comparison.map(|comparison| {
            Some(match key {
                "chance_to_win" => comparison.chance_to_win,
                "expected_loss_variant" => comparison.loss_if_variant,
                "expected_loss_control" => comparison.loss_if_control,
                "mean_difference" => comparison.difference.mean,
                "difference_low" => comparison.difference.interval.lower,
                "difference_high" => comparison.difference.interval.upper,
                "control_low" => comparison.control.interval.lower,
                "control_high" => comparison.control.interval.upper,
                "variant_low" => comparison.variant.interval.lower,
                "variant_high" => comparison.variant.interval.upper,
                _ => return None,
            })
        });
        match answer {
            Ok(known) => known.map(Answer::Number),
            Err(reason) => Some(Answer::NotEstimable(reason.to_string())),
        }
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Prior {
    mean: f64,
    sd: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sums {
    n: u64,
    sum: f64,
    sum_squares: Option<f64>,
}

impl Sums {
    /// A proportion has no sum of squares and the variance p(1 − p).
    fn summary(&self) -> MeanSummary {
        let n = self.n as f64;
        let mean = self.sum / n;
        let variance = match self.sum_squares {
            Some(squares) => (squares - self.sum * mean) / (n - 1.0),
            None => mean * (1.0 - mean),
        };
        MeanSummary { n: self.n, mean, variance }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "snake_case")]
enum Normal {
    Effect { estimate: f64, se: f64, prior: Option<Prior>, level: f64 },
    Mean { control: Sums, variant: Sums, difference: Difference, prior: Option<Prior>, level: f64 },
    Proportion { control: Sums, variant: Sums, difference: Difference, prior: Option<Prior>, level: f64 },
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Difference {
    Absolute,
    Relative,
}

fn posterior_of_arms(
    (control, variant): (&Sums, &Sums),
    difference: Difference,
    prior: Option<&NormalPrior>,
    level: f64,
) -> Result<NormalPosterior, NotEstimable> {
    let (control, variant) = (control.summary(), variant.summary());
    let options = TestOptions::two_sided(level);
    let (effect, std_error) = match difference {
        Difference::Absolute => {
            let test = z_test(&control, &variant, &options)?;
            (test.effect, test.std_error)
        }
        Difference::Relative => {
            let test = linear_delta_z(&control, &variant, &options)?;
            // GrowthBook divides by the mean's absolute value.
            (test.effect * control.mean.signum(), test.std_error)
        }
    };
    bayes::normal_effect(effect, std_error, prior, level)
}

pub(crate) fn normal_normal(input: &Value) -> Result<Answers, String> {
    let normal =
        |prior: Option<Prior>| prior.map(|prior| NormalPrior { mean: prior.mean, std_dev: prior.sd });
    let posterior = match parse::<Normal>(input)? {
        Normal::Effect { estimate, se, prior, level } => {
            bayes::normal_effect(estimate, se, normal(prior).as_ref(), level)
        }
        Normal::Mean { control, variant, difference, prior, level }
        | Normal::Proportion { control, variant, difference, prior, level } => {
            posterior_of_arms((&control, &variant), difference, normal(prior).as_ref(), level)
        }
    };
    Ok(Box::new(move |key| {
        let part: fn(NormalPosterior) -> f64 = match key {
            "posterior_mean" => |posterior| posterior.mean,
            "posterior_sd" => |posterior| posterior.std_dev,
            "chance_to_win" => |posterior| posterior.chance_to_win,
            "chance_to_lose" => |posterior| posterior.chance_to_lose,
            "ci_low" => |posterior| posterior.interval.lower,
            "ci_high" => |posterior| posterior.interval.upper,
            "risk_variant" => |posterior| posterior.loss_if_variant,
            "risk_control" => |posterior| posterior.loss_if_control,
            _ => return None,
        };
        Some(posterior.map(part).into())
    }))
}
