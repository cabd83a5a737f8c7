//! `yuen`.

use crate::answer::{Answers, lower, parse, upper};
use experiment_core::stats::TestOptions;
use experiment_core::stats::yuen::{TrimmedSummary, yuen_test};
use serde::Deserialize;
use serde_json::Value;

pub(crate) fn yuen(input: &Value) -> Result<Answers, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        control: Vec<f64>,
        variant: Vec<f64>,
        trim: f64,
        level: f64,
    }
    let Input { control, variant, trim, level } = parse(input)?;
    let summary =
        |values: &[f64]| TrimmedSummary::from_values(values, trim).map_err(|reason| reason.to_string());
    let (control, variant) = (summary(&control)?, summary(&variant)?);
    Ok(Box::new(move |key| {
        let test = || yuen_test(&control, &variant, &TestOptions::two_sided(level));
        Some(match key {
            "trimmed_mean_control" => control.trimmed_mean.into(),
            "trimmed_mean_variant" => variant.trimmed_mean.into(),
            "winsorised_mean_control" => control.winsorized_mean.into(),
            "winsorised_mean_variant" => variant.winsorized_mean.into(),
            "winsorised_variance_control" => control.winsorized_variance.into(),
            "winsorised_variance_variant" => variant.winsorized_variance.into(),
            "difference" => test().map(|test| test.effect).into(),
            "se" => test().map(|test| test.std_error).into(),
            "df" => test().map(|test| test.degrees_of_freedom).map(|df| df.unwrap_or(f64::INFINITY)).into(),
            "t" => test().map(|test| test.statistic).into(),
            "p_two_sided" => test().map(|test| test.p_value).into(),
            "ci_low" => lower(test().map(|test| test.interval)),
            "ci_high" => upper(test().map(|test| test.interval)),
            _ => return None,
        })
    }))
}
