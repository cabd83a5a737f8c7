//! `two_proportion`, `one_proportion`.

use crate::answer::{Answer, Answers, lower, parse, upper};
use experiment_core::stats::TestOptions;
use experiment_core::stats::proportion::{self, ProportionSummary};
use serde::Deserialize;
use serde_json::Value;

/// An arm as the vectors write it.
#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Arm {
    n: u64,
    conversions: u64,
}

impl From<Arm> for ProportionSummary {
    fn from(arm: Arm) -> Self {
        Self { successes: arm.conversions, n: arm.n }
    }
}

pub(crate) fn two_proportion(input: &Value) -> Result<Answers, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        control: Arm,
        variant: Arm,
        level: f64,
    }
    let Input { control, variant, level } = parse(input)?;
    let (control, variant) = (ProportionSummary::from(control), ProportionSummary::from(variant));
    let two_sided = TestOptions::two_sided(level);
    Ok(Box::new(move |key| {
        let pooled = |options| proportion::pooled_z_test(&control, &variant, &options);
        let (c, v, o) = (&control, &variant, &two_sided);
        Some(match key {
            "difference" => proportion::rate_difference(c, v).into(),
            "pooled_z" => pooled(two_sided).map(|test| test.statistic).into(),
            "p_two_sided" => pooled(two_sided).map(|test| test.p_value).into(),
            "p_greater" => pooled(TestOptions::greater(level)).map(|test| test.p_value).into(),
            "p_less" => pooled(TestOptions::less(level)).map(|test| test.p_value).into(),
            "unpooled_se" => proportion::unpooled_std_error(c, v).into(),
            "wald_low" => lower(proportion::wald_interval(c, v, o)),
            "wald_high" => upper(proportion::wald_interval(c, v, o)),
            "newcombe_low" => lower(proportion::newcombe_interval(c, v, o)),
            "newcombe_high" => upper(proportion::newcombe_interval(c, v, o)),
            "agresti_caffo_low" => lower(proportion::agresti_caffo_interval(c, v, o)),
            "agresti_caffo_high" => upper(proportion::agresti_caffo_interval(c, v, o)),
            "miettinen_nurminen_low" => lower(proportion::miettinen_nurminen_interval(c, v, o)),
            "miettinen_nurminen_high" => upper(proportion::miettinen_nurminen_interval(c, v, o)),
            "risk_ratio" => proportion::risk_ratio(c, v).into(),
            "risk_ratio_log_low" => lower(proportion::risk_ratio_log_interval(c, v, o)),
            "risk_ratio_log_high" => upper(proportion::risk_ratio_log_interval(c, v, o)),
            "risk_ratio_score_low" => lower(proportion::risk_ratio_score_interval(c, v, o)),
            "risk_ratio_score_high" => upper(proportion::risk_ratio_score_interval(c, v, o)),
            _ => return None,
        })
    }))
}

pub(crate) fn one_proportion(input: &Value) -> Result<Answers, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        n: u64,
        conversions: u64,
        level: f64,
    }
    let Input { n, conversions, level } = parse(input)?;
    let arm = ProportionSummary { successes: conversions, n };
    let options = TestOptions::two_sided(level);
    Ok(Box::new(move |key| {
        Some(match key {
            "estimate" => Answer::from((arm.n > 0).then(|| arm.rate())),
            "wilson_low" => lower(proportion::wilson_interval(&arm, &options)),
            "wilson_high" => upper(proportion::wilson_interval(&arm, &options)),
            "clopper_pearson_low" => lower(proportion::clopper_pearson_interval(&arm, &options)),
            "clopper_pearson_high" => upper(proportion::clopper_pearson_interval(&arm, &options)),
            "jeffreys_low" => lower(proportion::jeffreys_interval(&arm, &options)),
            "jeffreys_high" => upper(proportion::jeffreys_interval(&arm, &options)),
            "jeffreys_equal_tailed_low" => lower(proportion::jeffreys_equal_tailed_interval(&arm, &options)),
            "jeffreys_equal_tailed_high" => upper(proportion::jeffreys_equal_tailed_interval(&arm, &options)),
            _ => return None,
        })
    }))
}
