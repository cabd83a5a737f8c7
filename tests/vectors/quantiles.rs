//! `quantile`: ranks are the library's; differences are put together as GrowthBook does, from its pieces.

use crate::answer::{Answer, Answers, lower, parse, upper};
use experiment_core::stats::mean::{MeanSummary, welch_test};
use experiment_core::stats::quantile::{exact_ranks, normal_ranks, std_error_of};
use experiment_core::stats::ratio::{PairSummary, delta_method};
use experiment_core::stats::relative::linear_delta;
use experiment_core::stats::{Comparison, Interval, NotEstimable, TestOptions};
use serde::Deserialize;
use serde_json::Value;

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Effect {
    Absolute,
    Relative,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Arm {
    n: u64,
    n_star: u64,
    estimate: f64,
    lower: f64,
    upper: f64,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Clustered {
    n: u64,
    n_star: u64,
    nu: f64,
    quantile_hat: f64,
    quantile_lower: f64,
    quantile_upper: f64,
    n_clusters: u64,
    main_sum: f64,
    main_sum_squares: f64,
    denominator_sum: f64,
    denominator_sum_squares: f64,
    main_denominator_sum_product: f64,
}

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Input {
    Difference {
        // The bounds hold all that depends on it.
        #[serde(rename = "quantile")]
        _quantile: f64,
        difference: Effect,
        control: Arm,
        variant: Arm,
        level: f64,
    },
    DifferenceClustered {
        difference: Effect,
        control: Clustered,
        variant: Clustered,
        level: f64,
    },
    OrderStatisticInterval {
        n: u64,
        quantile: f64,
        level: f64,
    },
}

impl Arm {
    /// The bounds are those of a sketch of `n_star` rows, which GrowthBook scales to `n`.
    fn summary(&self, level: f64) -> Result<MeanSummary, NotEstimable> {
        let error = std_error_of(&Interval { lower: self.lower, upper: self.upper }, level)?;
        let rows = self.n as f64;
        let variance = self.n_star as f64 / rows * (rows - 1.0) * error * error;
        Ok(MeanSummary { n: self.n, mean: self.estimate, variance })
    }
}

impl Clustered {
    /// The variance as if rows were independent, times the design effect of the share of rows below the quantile.
    fn summary(&self, level: f64) -> Result<MeanSummary, NotEstimable> {
        let as_rows = Arm {
            n: self.n,
            n_star: self.n_star,
            estimate: self.quantile_hat,
            lower: self.quantile_lower,
            upper: self.quantile_upper,
        };
        let clusters = self.n_clusters as f64;
        let (mean_y, mean_x) = (self.main_sum / clusters, self.denominator_sum / clusters);
        let central = |sum: f64, a: f64, b: f64| (sum - clusters * a * b) / (clusters - 1.0);
        let share = delta_method(&PairSummary {
            n: self.n_clusters,
            mean_y,
            mean_x,
            variance_y: central(self.main_sum_squares, mean_y, mean_y),
            variance_x: central(self.denominator_sum_squares, mean_x, mean_x),
            covariance: central(self.main_denominator_sum_product, mean_y, mean_x),
        })?;
        let independent = self.nu * (1.0 - self.nu) / self.n as f64;
        let design_effect = share.variance / clusters / independent;
        let rows = as_rows.summary(level)?;
        Ok(MeanSummary { variance: rows.variance * design_effect, ..rows })
    }
}

pub(crate) fn quantile(input: &Value) -> Result<Answers, String> {
    let (effect, level, summaries) = match parse(input)? {
        Input::OrderStatisticInterval { n, quantile, level } => return Ok(ranks(n, quantile, level)),
        Input::Difference { difference, control, variant, level, .. } => {
            (difference, level, [control.summary(level), variant.summary(level)])
        }
        Input::DifferenceClustered { difference, control, variant, level } => {
            (difference, level, [control.summary(level), variant.summary(level)])
        }
    };
    let compared = || -> Result<Comparison, NotEstimable> {
        let [control, variant] = summaries;
        let options = TestOptions::two_sided(level);
        match effect {
            Effect::Absolute => welch_test(&control?, &variant?, &options),
            Effect::Relative => Ok(over_size(&control?, linear_delta(&control?, &variant?, &options)?)),
        }
    };
    let compared = compared();
    Ok(Box::new(move |key| {
        Some(match key {
            "estimate" => compared.map(|test| test.effect).into(),
            "se" => compared.map(|test| test.std_error).into(),
            "df" => compared.map(|test| test.degrees_of_freedom).map(|df| df.unwrap_or(f64::INFINITY)).into(),
            "p_two_sided" => compared.map(|test| test.p_value).into(),
            "ci_low" => lower(compared.map(|test| test.interval)),
            "ci_high" => upper(compared.map(|test| test.interval)),
            _ => return None,
        })
    }))
}

/// GrowthBook divides by the size of the control's quantile, we by the quantile itself.
fn over_size(control: &MeanSummary, test: Comparison) -> Comparison {
    if control.mean >= 0.0 {
        return test;
    }
    let interval = Interval { lower: -test.interval.upper, upper: -test.interval.lower };
    Comparison { effect: -test.effect, statistic: -test.statistic, interval, ..test }
}

fn ranks(n: u64, quantile: f64, level: f64) -> Answers {
    let options = TestOptions::two_sided(level);
    Box::new(move |key| {
        let exact = || exact_ranks(n, quantile, &options);
        let rank = |rank: Result<Option<u64>, NotEstimable>| {
            rank.map_or_else(
                |reason| Err::<f64, _>(reason).into(),
                |rank| Answer::from(rank.map(|r| r as f64)),
            )
        };
        Some(match key {
            "exact_lower_rank" => rank(exact().map(|ranks| ranks.lower)),
            "exact_upper_rank" => rank(exact().map(|ranks| ranks.upper)),
            "coverage" => exact().map(|ranks| ranks.coverage).into(),
            "normal_lower" => lower(normal_ranks(n, quantile, &options)),
            "normal_upper" => upper(normal_ranks(n, quantile, &options)),
            _ => return None,
        })
    })
}
