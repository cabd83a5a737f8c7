//! Least squares with the errors that econometrics reports: no method of ours, but the same effects.
//!
//! The unadjusted regression is the difference in means, and its HC2 error Welch's; the regressions with a covariate
//! check that rows, formula and normal or t tails fit together.

use super::rows::Rows;
use super::samples::arms;
use experiment_core::stats::NotEstimable;
use experiment_core::stats::distribution::{normal, student_t};
use experiment_core::stats::mean::{MeanSummary, std_error};
use experiment_tests::reference::{Check, Record};

pub(super) fn ols_treatment_effect(
    record: &Record,
    rows: &Rows,
    check: &mut Check<'_>,
) -> Result<(), NotEstimable> {
    let (control, variant) = arms(record, rows);
    let covariate = |path: &str| {
        let name = record.inputs["covariate"].as_str().unwrap();
        rows.values(name, record.inputs.pointer(path).and_then(|arm| arm.as_str()).unwrap())
    };
    let outcome = [control, variant].concat();
    let arm: Vec<f64> = (0..outcome.len()).map(|place| f64::from(place >= control.len())).collect();
    let covariate = [covariate("/control/arm"), covariate("/treatment/arm")].concat();
    let centre = covariate.iter().sum::<f64>() / covariate.len() as f64;
    let centred: Vec<f64> = covariate.iter().map(|value| value - centre).collect();
    let crossed: Vec<f64> = centred.iter().zip(&arm).map(|(value, arm)| value * arm).collect();
    let ones = vec![1.0; outcome.len()];
    let columns: Vec<&[f64]> = match record.inputs["formula"].as_str() {
        Some("y ~ t") => vec![&ones, &arm],
        Some("y ~ t + xc") => vec![&ones, &arm, &centred],
        Some("y ~ t * xc") => vec![&ones, &arm, &centred, &crossed],
        other => panic!("{}: {other:?}", record.id),
    };
    let kind = record.params["cov_type"].as_str().unwrap();
    let (effect, error) = effect_of_second(&outcome, &columns, kind);
    if columns.len() == 2 && kind == "HC2" {
        let welch = std_error(&MeanSummary::from_values(control)?, &MeanSummary::from_values(variant)?)?;
        assert!((welch / error - 1.0).abs() < 1e-9, "{}: HC2 is Welch's error", record.id);
    }
    let freedom = (outcome.len() - columns.len()) as f64;
    let (z, p) = if kind == "nonrobust" {
        (student_t::upper_quantile(0.025, freedom), 2.0 * student_t::sf((effect / error).abs(), freedom))
    } else {
        (normal::upper_quantile(0.025), 2.0 * normal::sf((effect / error).abs()))
    };
    check.number("effect", effect);
    check.number("std_err", error);
    check.ends("ci", effect - z * error, effect + z * error);
    check.p_value("p_value", p);
    Ok(())
}

/// The coefficient of the second column and its error.
fn effect_of_second(outcome: &[f64], columns: &[&[f64]], kind: &str) -> (f64, f64) {
    let size = columns.len();
    let products = |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(a, b)| a * b).sum::<f64>();
    let gram: Vec<Vec<f64>> =
        columns.iter().map(|one| columns.iter().map(|other| products(one, other)).collect()).collect();
    let inverse = invert(gram);
    let totals: Vec<f64> = columns.iter().map(|column| products(column, outcome)).collect();
    let coefficients: Vec<f64> = inverse.iter().map(|row| products(row, &totals)).collect();
    let n = outcome.len() as f64;
    let (mut squares, mut sandwich) = (0.0, 0.0);
    let mut row = vec![0.0; size];
    for (place, y) in outcome.iter().enumerate() {
        for (value, column) in row.iter_mut().zip(columns) {
            *value = column[place];
        }
        let residual = y - products(&row, &coefficients);
        let leverage = || -> f64 { (0..size).map(|k| row[k] * products(&inverse[k], &row)).sum() };
        let weight = match kind {
            "nonrobust" | "HC0" => 1.0,
            "HC1" => n / (n - size as f64),
            "HC2" => 1.0 / (1.0 - leverage()),
            "HC3" => 1.0 / (1.0 - leverage()).powi(2),
            other => panic!("{other}"),
        };
        let influence = products(&inverse[1], &row);
        squares += residual * residual;
        sandwich += weight * influence * influence * residual * residual;
    }
    let classic = inverse[1][1] * squares / (n - size as f64);
    (coefficients[1], if kind == "nonrobust" { classic.sqrt() } else { sandwich.sqrt() })
}

/// Gauss and Jordan's elimination, for a few columns that do not depend on each other.
fn invert(mut matrix: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let size = matrix.len();
    for (place, row) in matrix.iter_mut().enumerate() {
        row.extend((0..size).map(|column| f64::from(column == place)));
    }
    for pivot in 0..size {
        let scale = matrix[pivot][pivot];
        let line: Vec<f64> = matrix[pivot].iter().map(|value| value / scale).collect();
        for (place, row) in matrix.iter_mut().enumerate() {
            let factor = row[pivot];
            for (value, other) in row.iter_mut().zip(&line) {
                *value = if place == pivot { *other } else { *value - factor * other };
            }
        }
    }
    matrix.into_iter().map(|row| row[size..].to_vec()).collect()
}
