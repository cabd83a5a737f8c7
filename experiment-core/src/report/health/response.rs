//! Whether as many customers of each arm answered.

use super::{WARNING, check};
use crate::measure::Slice;
use crate::report::{Aggregates, Check, CheckCode, Design, Level, MetricDesign, count, sums};
use crate::stats::TestOptions;
use crate::stats::proportion::{ProportionSummary, pooled_z_test};
use crate::time::Timestamp;

/// One arm's answers against the control's.
struct Tested<'a> {
    metric: &'a MetricDesign,
    variant: usize,
    p_value: f64,
    control_rate: f64,
    rate: f64,
}

/// Of metrics that only some answer, whether the share of the mature customers who did is the control's. Those who
/// answer are a selection; where a variant moves who answers, the arms' answers come from different people.
pub(super) fn response_check(
    design: &Design,
    aggregates: &Aggregates,
    as_of: Option<Timestamp>,
) -> Option<Check> {
    let mut tested = Vec::new();
    for (index, metric) in design.metrics.iter().enumerate().filter(|(_, metric)| metric.answered) {
        let Ok(arms) = sums::arms_of(design, aggregates, index, &Slice::All, as_of) else { continue };
        let answers =
            |arm: usize| ProportionSummary { successes: count(&arms[arm].mature), n: arms[arm].asked.mature };
        let rate = |answers: &ProportionSummary| answers.successes as f64 / answers.n as f64;
        let control = answers(design.control);
        for variant in design.treatments() {
            let answers = answers(variant);
            if let Ok(test) = pooled_z_test(&control, &answers, &TestOptions::two_sided(0.95)) {
                let (control_rate, rate) = (rate(&control), rate(&answers));
                tested.push(Tested { metric, variant, p_value: test.p_value, control_rate, rate });
            }
        }
    }
    let worst = tested.iter().min_by(|a, b| a.p_value.total_cmp(&b.p_value))?;
    if worst.p_value >= WARNING / tested.len() as f64 {
        let detail = "About as many customers of each arm answered.";
        return Some(check(CheckCode::DifferentialResponse, Level::Ok, detail));
    }
    let detail = format!(
        "{:.2} % of the customers in {} answered for {}, {:.2} % of those in {} (p = {:.2e}). The variant changes who \
         answers, so the arms' answers come from different people and are not comparable: don't decide on {}, look at \
         what all customers do, such as retention, and find out why one arm answers less.",
        worst.rate * 100.0,
        design.variants[worst.variant].key,
        worst.metric.key,
        worst.control_rate * 100.0,
        design.variants[design.control].key,
        worst.p_value,
        worst.metric.key,
    );
    Some(check(CheckCode::DifferentialResponse, Level::Warn, detail))
}
