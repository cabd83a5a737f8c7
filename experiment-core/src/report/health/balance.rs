//! Whether the arms were alike before their customers met a variant.

use super::{WARNING, check};
use crate::measure::{Moments, Slice};
use crate::report::{Aggregates, Check, CheckCode, Design, Level, MetricDesign, count, sums};
use crate::stats::TestOptions;
use crate::stats::mean::{MeanSummary, welch_test};

/// Each metric's covariate is compared between the arms, over everybody: it was complete at exposure, so nothing that a
/// variant does can move it.
pub(super) fn balance_check(design: &Design, aggregates: &Aggregates) -> Option<Check> {
    let mut tested = Vec::new();
    for (index, metric) in design.metrics.iter().enumerate().filter(|(_, metric)| metric.covariates > 0) {
        let Ok(arms) = sums::arms_of(design, aggregates, index, &Slice::All, None) else { continue };
        for covariate in metric.parts() - metric.covariates..metric.parts() {
            let Some(control) = before(metric, covariate, &arms[design.control].so_far) else { continue };
            for variant in design.treatments() {
                let Some(summary) = before(metric, covariate, &arms[variant].so_far) else { continue };
                if let Ok(test) = welch_test(&control, &summary, &TestOptions::two_sided(0.95)) {
                    tested.push((metric, variant, test.p_value, control.mean, summary.mean));
                }
            }
        }
    }
    let worst = tested.iter().min_by(|(_, _, a, ..), (_, _, b, ..)| a.total_cmp(b))?;
    let (metric, variant, p_value, control_mean, variant_mean) = worst;
    if *p_value >= WARNING / tested.len() as f64 {
        let detail = "The arms were alike before exposure, as far as covariates tell.";
        return Some(check(CheckCode::PreExposureBalance, Level::Ok, detail));
    }
    let detail = format!(
        "Before exposure the covariate of {} was {variant_mean:.4} in {} and {control_mean:.4} in {} \
         (p = {p_value:.2e}). No variant can have done that: some customers are drawn or recorded otherwise. Find \
         out which.",
        metric.key, design.variants[*variant].key, design.variants[design.control].key,
    );
    Some(check(CheckCode::PreExposureBalance, Level::Warn, detail))
}

/// Mean and variance of a covariate, which is this entry of the vector.
fn before(metric: &MetricDesign, covariate: usize, moments: &Moments) -> Option<MeanSummary> {
    let mean = moments.mean(covariate, metric.places)?;
    let variance = moments.covariance(covariate, covariate, metric.places)?;
    Some(MeanSummary { n: count(moments), mean, variance })
}
