//! `chi_square`, `multiplicity`.

use crate::answer::{Answers, parse};
use experiment_core::stats::chi_square::{Divergence, contingency, goodness_of_fit, yates};
use experiment_core::stats::multiplicity;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, untagged)]
enum Counts {
    Shares { observed: Vec<u64>, weights: Vec<f64> },
    Table { table: Vec<Vec<u64>> },
}

pub(crate) fn chi_square(input: &Value) -> Result<Answers, String> {
    let counts: Counts = parse(input)?;
    Ok(Box::new(move |key| {
        let test = |divergence| match &counts {
            Counts::Shares { observed, weights } => goodness_of_fit(observed, weights, divergence),
            Counts::Table { table } => contingency(table, divergence),
        };
        let corrected = || match &counts {
            Counts::Table { table } => match table.as_slice() {
                [first, second] => Some([first[..].try_into().ok()?, second[..].try_into().ok()?]),
                _ => None,
            },
            Counts::Shares { .. } => None,
        };
        Some(match key {
            "chi_square" => test(Divergence::Pearson).map(|test| test.statistic).into(),
            "df" => test(Divergence::Pearson).map(|test| test.degrees_of_freedom).into(),
            "p_chi_square" => test(Divergence::Pearson).map(|test| test.p_value).into(),
            "g" => test(Divergence::LogLikelihood).map(|test| test.statistic).into(),
            "p_g" => test(Divergence::LogLikelihood).map(|test| test.p_value).into(),
            "cressie_read" => test(Divergence::CressieRead).map(|test| test.statistic).into(),
            "p_cressie_read" => test(Divergence::CressieRead).map(|test| test.p_value).into(),
            "yates" => yates(&corrected()?).map(|test| test.statistic).into(),
            "p_yates" => yates(&corrected()?).map(|test| test.p_value).into(),
            _ => return None,
        })
    }))
}

pub(crate) fn multiplicity(input: &Value) -> Result<Answers, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        p_values: Vec<f64>,
    }
    let Input { p_values } = parse(input)?;
    Ok(Box::new(move |key| {
        let adjust = match key {
            "bonferroni" => multiplicity::bonferroni,
            "sidak" => multiplicity::sidak,
            "holm" => multiplicity::holm,
            "holm_sidak" => multiplicity::holm_sidak,
            "hochberg" => multiplicity::hochberg,
            "hommel" => multiplicity::hommel,
            "benjamini_hochberg" => multiplicity::benjamini_hochberg,
            "benjamini_yekutieli" => multiplicity::benjamini_yekutieli,
            _ => return None,
        };
        Some(adjust(&p_values).into())
    }))
}
