//! `group_sequential`.

use crate::answer::{Answer, Answers, parse};
use experiment_core::stats::NotEstimable;
use experiment_core::stats::distribution::normal;
use experiment_core::stats::sequential::Sides;
use experiment_core::stats::sequential::group_sequential::{
    Bound, Classic, boundaries, classic_boundaries, crossing_probabilities,
};
use experiment_core::stats::sequential::spending::Spending;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "snake_case")]
enum Input {
    Spending { spending: Name, information: Vec<f64>, alpha: f64, sides: u8, exponent: Option<f64> },
    Classic { design: Name, looks: usize, alpha: f64, sides: u8 },
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Name {
    ObrienFleming,
    Pocock,
    Power,
}

fn sides_of(number: u8) -> Result<Sides, String> {
    match number {
        1 => Ok(Sides::One),
        2 => Ok(Sides::Two),
        other => Err(format!("input: {other} sides")),
    }
}

/// Power at the drift at which a fixed test has `power`.
fn power_at(bounds: &[Bound], alpha: f64, sides: Sides, power: f64) -> Result<f64, NotEstimable> {
    let side_alpha = if sides == Sides::Two { alpha / 2.0 } else { alpha };
    let drift = normal::upper_quantile(side_alpha) + normal::quantile(power);
    let information: Vec<f64> = bounds.iter().map(|bound| bound.information_fraction).collect();
    let z: Vec<f64> = bounds.iter().map(|bound| bound.z).collect();
    let crossings = crossing_probabilities(&information, &z, sides, drift)?;
    Ok(crossings.iter().map(|crossing| crossing.upper + crossing.lower).sum())
}

pub(crate) fn group_sequential(input: &Value) -> Result<Answers, String> {
    match parse(input)? {
        Input::Spending { spending, information, alpha, sides, exponent } => {
            let sides = sides_of(sides)?;
            let spending = match (spending, exponent) {
                (Name::ObrienFleming, None) => Spending::OBrienFleming,
                (Name::Pocock, None) => Spending::Pocock,
                (Name::Power, Some(exponent)) => Spending::Power { exponent },
                _ => return Err("input: the exponent belongs to the power family".to_owned()),
            };
            let bounds = boundaries(&information, alpha, sides, spending);
            Ok(Box::new(move |key| {
                if let Some(power) = key.strip_prefix("power_at_fixed_design_drift_") {
                    let power = power.parse::<f64>().ok()? / 100.0;
                    let bounds = bounds.clone();
                    return Some(bounds.and_then(|bounds| power_at(&bounds, alpha, sides, power)).into());
                }
                let part: fn(&Bound) -> f64 = match key {
                    "z" => |bound| bound.z,
                    "cumulative_alpha" => |bound| bound.cumulative_alpha,
                    "nominal_p" => |bound| bound.nominal_p_value,
                    _ => return None,
                };
                Some(bounds.clone().map(|bounds| bounds.iter().map(part).collect::<Vec<f64>>()).into())
            }))
        }
        Input::Classic { design, looks, alpha, sides } => {
            let design = match design {
                Name::ObrienFleming => Classic::OBrienFleming,
                Name::Pocock => Classic::Pocock,
                Name::Power => return Err("input: the power family is no classic design".to_owned()),
            };
            let z = classic_boundaries(design, looks, alpha, sides_of(sides)?);
            Ok(Box::new(move |key| match key {
                "z" => Some(z.clone().into()),
                "constant" => Some(Answer::from(z.clone().map(|z| z.last().copied()))),
                _ => None,
            }))
        }
    }
}
