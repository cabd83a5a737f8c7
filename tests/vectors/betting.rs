//! `betting`.

use crate::answer::{Answer, Answers, parse};
use experiment_core::stats::sequential::betting::{empirical_bernstein, hedged_capital, hoeffding};
use serde::Deserialize;
use serde_json::Value;

/// The steps of the grid on which the vectors were made.
const STEPS: u32 = 1_000;

pub(crate) fn betting(input: &Value) -> Result<Answers, String> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Input {
        values: Vec<f64>,
        alpha: f64,
        truncation: f64,
        at: Vec<usize>,
    }
    let Input { values, alpha, truncation, at } = parse(input)?;
    if truncation != 0.5 {
        return Err(format!("input: a truncation of {truncation}, not 0.5"));
    }
    if !at.iter().all(|look| (1..=values.len()).contains(look)) {
        return Err(format!("input: at {at:?} of {} values", values.len()));
    }
    Ok(Box::new(move |key| {
        if key == "at" {
            // An input, see `Case::whole_input`.
            return Some(at.iter().map(|look| *look as f64).collect::<Vec<f64>>().into());
        }
        let (method, end) = key.rsplit_once('_')?;
        let intervals = match method {
            "empirical_bernstein" => empirical_bernstein(&values, alpha),
            "hoeffding" => hoeffding(&values, alpha),
            "betting_grid" => hedged_capital(&values, alpha, STEPS),
            _ => return None,
        };
        let at_looks = intervals.map(|intervals| {
            at.iter()
                .map(|look| match end {
                    "low" => Answer::Number(intervals[look - 1].lower),
                    _ => Answer::Number(intervals[look - 1].upper),
                })
                .collect::<Vec<Answer>>()
        });
        Some(at_looks.map(Answer::List).into())
    }))
}
