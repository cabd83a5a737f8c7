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
    for (metric, cells) in design.metrics.iter().zip(&aggregates.metrics) {
        if !metric.covariate {
            continue;
        }
        let Ok(arms) = sums::arms(metric, cells, &Slice::All, design.variants.len(), None) else { continue };
        let Some(control) = arms.get(design.control).and_then(|arm| before(metric, &arm.so_far)) else {
            continue;
        };
        for variant in design.treatments() {
            let Some(summary) = before(metric, &arms[variant].so_far) else { continue };
            if let Ok(test) = welch_test(&control, &summary, &TestOptions::two_sided(0.95)) {
                tested.push((metric, variant, test.p_value, control.mean, summary.mean));
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

/// Mean and variance of the covariate, the vector's last entry.
fn before(metric: &MetricDesign, moments: &Moments) -> Option<MeanSummary> {
    let last = metric.parts() - 1;
    let mean = moments.mean(last, metric.places)?;
    let variance = moments.covariance(last, last, metric.places)?;
    Some(MeanSummary { n: count(moments), mean, variance })
}
