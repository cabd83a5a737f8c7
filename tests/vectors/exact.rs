//! `exact_2x2`.

use crate::answer::{Answers, parse};
use crate::proportions::Arm;
use experiment_core::stats::Alternative;
use experiment_core::stats::exact::{barnard_test, boschloo_test, fisher_test};
use experiment_core::stats::proportion::ProportionSummary;
use serde::Deserialize;
use serde_json::Value;

pub(crate) fn exact_2x2(input: &Value) -> Result<Answers, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        control: Arm,
        variant: Arm,
    }
    let Input { control, variant } = parse(input)?;
    let (control, variant) = (ProportionSummary::from(control), ProportionSummary::from(variant));
    Ok(Box::new(move |key| {
        let fisher = |side| fisher_test(&control, &variant, side).map(|test| test.p_value).into();
        let boschloo = |side| boschloo_test(&control, &variant, side).map(|test| test.p_value).into();
        let barnard = |side| barnard_test(&control, &variant, side).map(|test| test.p_value).into();
        Some(match key {
            "fisher_two_sided" => fisher(Alternative::TwoSided),
            "fisher_greater" => fisher(Alternative::Greater),
            "fisher_less" => fisher(Alternative::Less),
            "boschloo_two_sided" => boschloo(Alternative::TwoSided),
            "boschloo_greater" => boschloo(Alternative::Greater),
            "boschloo_less" => boschloo(Alternative::Less),
            "barnard_two_sided" => barnard(Alternative::TwoSided),
            _ => return None,
        })
    }))
}
