//! `retention`: counts and scores are the library's; closed forms of value are worked out here.

use crate::answer::{Answer, Answers, lower, parse, upper};
use experiment_core::stats::TestOptions;
use experiment_core::stats::distribution::normal;
use experiment_core::stats::mean::mean_interval;
use experiment_core::stats::proportion::{ProportionSummary, wilson_interval};
use experiment_core::stats::retention::{BaseCounts, PromoterCounts, net_promoter_score};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
enum Input {
    RetentionRate { end: u64, new: u64, start: u64 },
    RepeatPurchaseRate { repeat: u64, customers: u64 },
    Nps { promoters: u64, passives: u64, detractors: u64, level: f64 },
    Ltv { order_value: f64, orders_per_period: f64, margin: f64, retention: f64, discount: f64 },
    RevenueChurn { start_revenue: f64, end_revenue: f64, lost_revenue: f64 },
}

pub(crate) fn retention(input: &Value) -> Result<Answers, String> {
    Ok(match parse(input)? {
        Input::RetentionRate { end, new, start } => base(BaseCounts { start, new, end }),
        Input::RepeatPurchaseRate { repeat, customers } => {
            let arm = ProportionSummary { successes: repeat, n: customers };
            Box::new(move |key| if key == "rate" { Some(arm.rate().into()) } else { wilson(&arm, key) })
        }
        Input::Nps { promoters, passives, detractors, level } => {
            nps(PromoterCounts { promoters, passives, detractors }, level)
        }
        Input::Ltv { order_value, orders_per_period, margin, retention, discount } => {
            let value = order_value * orders_per_period * margin;
            Box::new(move |key| {
                Some(Answer::from(match key {
                    "value_per_period" => value,
                    "expected_periods" => 1.0 / (1.0 - retention),
                    "ltv_first_period_certain" => value * (1.0 + discount) / (1.0 + discount - retention),
                    "ltv_retained_only" => value * retention / (1.0 + discount - retention),
                    "ltv_undiscounted" => value / (1.0 - retention),
                    _ => return None,
                }))
            })
        }
        Input::RevenueChurn { start_revenue, end_revenue, lost_revenue } => Box::new(move |key| {
            Some(Answer::from(match key {
                "revenue_churn" => lost_revenue / start_revenue,
                "growth" => (end_revenue - start_revenue) / start_revenue,
                _ => return None,
            }))
        }),
    })
}

fn wilson(arm: &ProportionSummary, key: &str) -> Option<Answer> {
    let interval = wilson_interval(arm, &TestOptions::two_sided(0.95));
    match key {
        "wilson_low" => Some(lower(interval)),
        "wilson_high" => Some(upper(interval)),
        _ => None,
    }
}

fn base(counts: BaseCounts) -> Answers {
    Box::new(move |key| {
        let percent = |arm: ProportionSummary| 100.0 * arm.rate();
        Some(match key {
            "retention_rate_percent" => counts.retained().map(percent).into(),
            "churn_rate_percent" => counts.churned().map(percent).into(),
            "growth_rate_percent" => counts.growth().map(|growth| 100.0 * growth).into(),
            _ => return wilson(&counts.retained().ok()?, key),
        })
    })
}

fn nps(counts: PromoterCounts, level: f64) -> Answers {
    Box::new(move |key| {
        let score = net_promoter_score(&counts);
        let population = |n: u64| (n as f64 - 1.0) / n as f64;
        let z_error = |score: Result<experiment_core::stats::mean::MeanSummary, _>| {
            score.map(|s| (s.variance * population(s.n) / s.n as f64).sqrt())
        };
        let t_interval = || score.and_then(|score| mean_interval(&score, &TestOptions::two_sided(level)));
        let z = normal::upper_quantile((1.0 - level) / 2.0);
        Some(match key {
            "nps" => score.map(|score| score.mean).into(),
            "variance_sample" => score.map(|score| score.variance).into(),
            "variance_population" => score.map(|score| score.variance * population(score.n)).into(),
            "se_sample" => score.map(|score| (score.variance / score.n as f64).sqrt()).into(),
            "se_population" => z_error(score).into(),
            "ci_t_low" => lower(t_interval()),
            "ci_t_high" => upper(t_interval()),
            "ci_z_low" => score.and_then(|s| Ok(s.mean - z * z_error(Ok(s))?)).into(),
            "ci_z_high" => score.and_then(|s| Ok(s.mean + z * z_error(Ok(s))?)).into(),
            _ => return None,
        })
    })
}
