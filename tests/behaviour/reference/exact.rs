//! Exact tests of counts.

use super::proportions::arms;
use experiment_core::stats::exact::{barnard_test, binomial_test, boschloo_test, fisher_test};
use experiment_core::stats::proportion::{ProportionSummary, odds_ratio};
use experiment_core::stats::{Alternative, NotEstimable};
use experiment_tests::reference::{Check, Record};

pub(super) fn fisher_exact(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record);
    for (output, side) in [
        ("p_value", Alternative::TwoSided),
        ("p_value_greater", Alternative::Greater),
        ("p_value_less", Alternative::Less),
    ] {
        check.number(output, fisher_test(&control, &variant, side)?.p_value);
    }
    check.number("odds_ratio", odds_ratio(&control, &variant)?);
    Ok(())
}

pub(super) fn barnard_boschloo(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record);
    check.number("barnard_p", barnard_test(&control, &variant, Alternative::TwoSided)?.p_value);
    check.number("boschloo_p", boschloo_test(&control, &variant, Alternative::TwoSided)?.p_value);
    Ok(())
}

pub(super) fn srm_binomial_exact(record: &Record, check: &mut Check<'_>) -> Result<(), NotEstimable> {
    let numbers = |field: &str| -> Vec<f64> {
        let values = record.inputs[field].as_object().unwrap().values();
        values.map(|value| value.as_f64().unwrap()).collect()
    };
    let (counts, shares) = (numbers("counts"), numbers("expected_ratio"));
    let first = ProportionSummary { successes: counts[0] as u64, n: (counts[0] + counts[1]) as u64 };
    let test = binomial_test(&first, shares[0] / (shares[0] + shares[1]), Alternative::TwoSided)?;
    check.number("p_value", test.p_value);
    Ok(())
}
