//! `mann_whitney`, `brunner_munzel`, `ks_2samp`.

use crate::answer::{Answers, lower, parse, upper};
use experiment_core::stats::distribution::normal;
use experiment_core::stats::rank::{
    Continuity, KsReference, RankedArms, brunner_munzel_test, kolmogorov_smirnov_test,
    mann_whitney_exact_test, mann_whitney_test, superiority,
};
use experiment_core::stats::{Alternative, TestOptions};
use serde::Deserialize;
use serde_json::Value;

fn arms(input: &Value) -> Result<RankedArms, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        control: Vec<f64>,
        variant: Vec<f64>,
    }
    let Input { control, variant } = parse(input)?;
    RankedArms::from_values(&control, &variant).map_err(|reason| reason.to_string())
}

pub(crate) fn mann_whitney(input: &Value) -> Result<Answers, String> {
    let arms = arms(input)?;
    Ok(Box::new(move |key| {
        let test = |continuity, side| mann_whitney_test(&arms, continuity, side);
        let p = |continuity, side| test(continuity, side).map(|test| test.p_value).into();
        Some(match key {
            "u_variant" => superiority(&arms).u.into(),
            "probability_of_superiority" => superiority(&arms).probability.into(),
            "z" => test(Continuity::Uncorrected, Alternative::TwoSided).map(|test| test.z).into(),
            "p_asymptotic" => p(Continuity::Uncorrected, Alternative::TwoSided),
            "p_asymptotic_continuity" => p(Continuity::Corrected, Alternative::TwoSided),
            "p_greater_continuity" => p(Continuity::Corrected, Alternative::Greater),
            "p_less_continuity" => p(Continuity::Corrected, Alternative::Less),
            "p_exact" => mann_whitney_exact_test(&arms, Alternative::TwoSided).into(),
            _ => return None,
        })
    }))
}

pub(crate) fn brunner_munzel(input: &Value) -> Result<Answers, String> {
    let arms = arms(input)?;
    Ok(Box::new(move |key| {
        let test = || brunner_munzel_test(&arms, &TestOptions::two_sided(0.95));
        Some(match key {
            "probability_of_superiority" => superiority(&arms).probability.into(),
            "statistic" => test().map(|test| test.statistic).into(),
            "df" => test().map(|test| test.degrees_of_freedom).into(),
            "p_t" => test().map(|test| test.p_value).into(),
            "p_normal" => test().map(|test| 2.0 * normal::sf(test.statistic.abs())).into(),
            "ci_low" => lower(test().map(|test| test.interval)),
            "ci_high" => upper(test().map(|test| test.interval)),
            _ => return None,
        })
    }))
}

pub(crate) fn ks_2samp(input: &Value) -> Result<Answers, String> {
    let arms = arms(input)?;
    Ok(Box::new(move |key| {
        let test = |reference| kolmogorov_smirnov_test(&arms, reference);
        Some(match key {
            "statistic" => test(KsReference::Limit).map(|test| test.statistic).into(),
            "p_exact" => test(KsReference::Exact).map(|test| test.p_value).into(),
            "p_kolmogorov" => test(KsReference::Limit).map(|test| test.p_value).into(),
            "p_asymptotic_scipy" => test(KsReference::OneSample).map(|test| test.p_value).into(),
            _ => return None,
        })
    }))
}
