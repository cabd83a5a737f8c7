//! `rate_ratio`.

use crate::answer::{Answers, lower, parse, upper};
use experiment_core::stats::rate::{self, RateSummary};
use experiment_core::stats::{Alternative, TestOptions};
use serde::Deserialize;
use serde_json::Value;

pub(crate) fn rate_ratio(input: &Value) -> Result<Answers, String> {
    #[derive(Clone, Copy, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Arm {
        events: u64,
        exposure: f64,
    }
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        control: Arm,
        variant: Arm,
        level: f64,
    }
    let Input { control, variant, level } = parse(input)?;
    let summary = |arm: Arm| RateSummary { events: arm.events, exposure: arm.exposure };
    let (control, variant) = (summary(control), summary(variant));
    let options = TestOptions::two_sided(level);
    Ok(Box::new(move |key| {
        let (c, v, o) = (&control, &variant, &options);
        let exact = |side| rate::exact_test(c, v, side).map(|test| test.p_value).into();
        Some(match key {
            "rate_control" => control.rate().into(),
            "rate_variant" => variant.rate().into(),
            "rate_ratio" => rate::rate_ratio(c, v).into(),
            "score_z" => rate::score_test(c, v, Alternative::TwoSided).map(|test| test.statistic).into(),
            "p_score" => rate::score_test(c, v, Alternative::TwoSided).map(|test| test.p_value).into(),
            "p_exact_conditional" => exact(Alternative::TwoSided),
            "p_exact_greater" => exact(Alternative::Greater),
            "p_exact_less" => exact(Alternative::Less),
            "exact_ratio_low" => lower(rate::exact_ratio_interval(c, v, o)),
            "exact_ratio_high" => upper(rate::exact_ratio_interval(c, v, o)),
            "score_ratio_low" => lower(rate::score_ratio_interval(c, v, o)),
            "score_ratio_high" => upper(rate::score_ratio_interval(c, v, o)),
            "log_ratio_low" => lower(rate::log_ratio_interval(c, v, o)),
            "log_ratio_high" => upper(rate::log_ratio_interval(c, v, o)),
            "difference" => rate::difference_test(c, v, o).map(|test| test.effect).into(),
            "difference_wald_low" => lower(rate::difference_test(c, v, o).map(|test| test.interval)),
            "difference_wald_high" => upper(rate::difference_test(c, v, o).map(|test| test.interval)),
            _ => return None,
        })
    }))
}
