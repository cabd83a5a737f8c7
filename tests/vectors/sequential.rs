//! `asymptotic_cs`, `msprt`, `normal_mixture_boundary`, `srm_sequential`.

use crate::answer::{Answer, Answers, parse};
use experiment_core::stats::sequential::confidence_sequence::{LookEstimate, SequenceLook, asymptotic};
use experiment_core::stats::sequential::mixture_boundary::{NormalMixture, Sides};
use experiment_core::stats::sequential::msprt::{self, Estimate, MsprtLook};
use experiment_core::stats::sequential::srm::{SrmLook, sequential_srm};
use experiment_core::stats::{NotEstimable, TestOptions};
use serde::Deserialize;
use serde_json::Value;

pub(crate) fn asymptotic_cs(input: &Value) -> Result<Answers, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        n: u64,
        estimate: f64,
        se: f64,
        alpha: f64,
        tuning: f64,
    }
    let Input { n, estimate, se, alpha, tuning } = parse(input)?;
    let look = LookEstimate { n, effect: estimate, std_error: se };
    let level = 1.0 - alpha;
    let two_sided = asymptotic(&look, tuning, &TestOptions::two_sided(level));
    let greater = asymptotic(&look, tuning, &TestOptions::greater(level));
    let less = asymptotic(&look, tuning, &TestOptions::less(level));
    Ok(Box::new(move |key| {
        let of = |look: Result<SequenceLook, NotEstimable>, part: fn(&SequenceLook) -> f64| {
            Answer::from(look.map(|look| part(&look)))
        };
        Some(match key {
            "rho" => of(two_sided, |look| look.rho),
            "halfwidth" => of(two_sided, |look| 0.5 * (look.interval.upper - look.interval.lower)),
            "ci_low" => of(two_sided, |look| look.interval.lower),
            "ci_high" => of(two_sided, |look| look.interval.upper),
            "log_e_value" => of(two_sided, |look| look.log_e_value),
            "p_always_valid" => of(two_sided, |look| look.always_valid_p_value),
            "rho_one_sided" => of(greater, |look| look.rho),
            "halfwidth_one_sided" => greater.map(|look| estimate - look.interval.lower).into(),
            "lower_bound" => of(greater, |look| look.interval.lower),
            "upper_bound" => of(less, |look| look.interval.upper),
            _ => return None,
        })
    }))
}

pub(crate) fn msprt(input: &Value) -> Result<Answers, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Look {
        estimate: f64,
        se: f64,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        looks: Vec<Look>,
        tau: f64,
        alpha: f64,
    }
    let Input { looks, tau, alpha } = parse(input)?;
    let looks: Vec<Estimate> =
        looks.iter().map(|look| Estimate { effect: look.estimate, std_error: look.se }).collect();
    let test = msprt::msprt(&looks, tau, alpha);
    Ok(Box::new(move |key| {
        let part: fn(&MsprtLook) -> f64 = match key {
            "log_lambda" => |look| look.log_likelihood_ratio,
            "p_always_valid" => |look| look.always_valid_p_value,
            "halfwidth" => |look| look.half_width,
            _ => return None,
        };
        Some(test.as_ref().map(|looks| looks.iter().map(part).collect::<Vec<f64>>()).map_err(|e| *e).into())
    }))
}

pub(crate) fn normal_mixture_boundary(input: &Value) -> Result<Answers, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        v: f64,
        alpha: f64,
        v_opt: f64,
        alpha_opt: f64,
        sum: f64,
    }
    let Input { v, alpha, v_opt, alpha_opt, sum } = parse(input)?;
    Ok(Box::new(move |key| {
        let (part, sides) = match key.strip_suffix("_two_sided") {
            Some(part) => (part, Sides::Two),
            None => (key.strip_suffix("_one_sided")?, Sides::One),
        };
        let mixture = NormalMixture::tuned(v_opt, alpha_opt, sides);
        Some(match part {
            "rho" => mixture.map(|mixture| mixture.rho()).into(),
            "log_mixture" => mixture.and_then(|mixture| mixture.log_mixture(sum, v)).into(),
            "boundary" => mixture.and_then(|mixture| mixture.boundary(v, alpha)).into(),
            _ => return None,
        })
    }))
}

pub(crate) fn srm_sequential(input: &Value) -> Result<Answers, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        counts: Vec<Vec<u64>>,
        weights: Vec<f64>,
        concentration: f64,
    }
    let Input { counts, weights, concentration } = parse(input)?;
    let looks = sequential_srm(&counts, &weights, concentration);
    Ok(Box::new(move |key| {
        let each = |part: fn(&SrmLook) -> f64| {
            looks.as_ref().map(|looks| looks.iter().map(part).collect::<Vec<f64>>()).map_err(|e| *e)
        };
        Some(match key {
            "log_e_value" => each(|look| look.log_e_value).into(),
            "p_sequential" => each(|look| look.always_valid_p_value).into(),
            "posterior_probability_last" => {
                each(|look| look.mismatch_probability).map(|all| all.last().copied()).into()
            }
            _ => return None,
        })
    }))
}
