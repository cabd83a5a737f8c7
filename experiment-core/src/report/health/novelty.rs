//! Whether an effect lasts: its first and its second half, on the same customers.

use super::{WARNING, check};
use crate::measure::{Moments, Slice};
use crate::report::sequence::{FEWEST_CUSTOMERS, FEWEST_EVENTS};
use crate::report::{Aggregates, Check, CheckCode, Design, Estimand, Level, MetricDesign, count, sums};
use crate::stats::TestOptions;
use crate::stats::distribution::normal;
use crate::stats::mean::{MeanSummary, welch_test};
use crate::time::Timestamp;

/// Means below this many standard errors have no trustworthy logarithm.
const NEAR_ZERO: f64 = 3.0;

/// The effect soon after exposure against the effect later. Each customer is compared with themselves, so that who came
/// when plays no part.
pub(super) fn novelty_check(
    design: &Design,
    aggregates: &Aggregates,
    as_of: Option<Timestamp>,
) -> Option<Check> {
    let mut tested = Vec::new();
    for (metric, cells) in design.metrics.iter().zip(&aggregates.halves) {
        let (arms, _) =
            sums::mature(&metric.window, 2, cells, &Slice::All, design.variants.len(), as_of).ok()?;
        for variant in design.treatments() {
            let pair = [&arms[design.control], &arms[variant]];
            if pair.iter().all(|arm| is_large_enough(metric, arm)) {
                let [control, treated] = pair.map(|arm| Halves::of(metric, arm));
                tested.extend(
                    control.zip(treated).map(|pair| (metric, variant, Change::between(&pair.0, &pair.1))),
                );
            }
        }
    }
    let worst = tested.iter().min_by(|(_, _, a), (_, _, b)| a.p_value.total_cmp(&b.p_value))?;
    let (metric, variant, Change { p_value, early, late, is_relative }) = worst;
    if *p_value >= WARNING / tested.len() as f64 {
        let detail = "No effect differs between the halves of its window by more than chance.";
        return Some(check(CheckCode::Novelty, Level::Ok, detail));
    }
    let way = match (early * late < 0.0, late.abs() < early.abs()) {
        (true, _) => "turns round",
        (false, true) => "wears off",
        (false, false) => "grows",
    };
    let shown = |effect: f64| match is_relative {
        true => format!("{:+.2} %", effect * 100.0),
        false => format!("{effect:+.4}"),
    };
    let detail = format!(
        "The effect of {} on {} {way}: {} in the first half of the window, {} in the second, on the same customers \
         (p = {p_value:.2e}). What comes after the window is nearer to the second half: count on that, or measure \
         longer.",
        design.variants[*variant].key,
        metric.key,
        shown(*early),
        shown(*late),
    );
    Some(check(CheckCode::Novelty, Level::Warn, detail))
}

fn is_large_enough(metric: &MetricDesign, arm: &Moments) -> bool {
    let events: i128 = arm.sums().iter().sum::<i128>() / 10_i128.pow(metric.places);
    let rare = metric.estimand == Estimand::Proportion && events < i128::from(FEWEST_EVENTS);
    count(arm) >= FEWEST_CUSTOMERS && !rare
}

/// One arm: means of both halves per customer, with the variances and the covariance of these means.
struct Halves {
    n: u64,
    means: [f64; 2],
    variances: [f64; 2],
    covariance: f64,
}

impl Halves {
    fn of(metric: &MetricDesign, arm: &Moments) -> Option<Halves> {
        let n = count(arm) as f64;
        let covariance = |i, j| Some(arm.covariance(i, j, metric.places)? / n);
        Some(Halves {
            n: count(arm),
            means: [arm.mean(0, metric.places)?, arm.mean(1, metric.places)?],
            variances: [covariance(0, 0)?, covariance(1, 1)?],
            covariance: covariance(0, 1)?,
        })
    }

    fn has_logarithms(&self) -> bool {
        self.means.iter().zip(self.variances).all(|(mean, variance)| *mean > NEAR_ZERO * libm::sqrt(variance))
    }

    /// ln(second ÷ first) with its variance by the delta method.
    fn growth(&self) -> (f64, f64) {
        let ([first, second], [of_first, of_second]) = (self.means, self.variances);
        let variance = of_first / (first * first) + of_second / (second * second)
            - 2.0 * self.covariance / (first * second);
        (libm::log(second / first), variance.max(0.0))
    }

    /// Each customer's second half less the first.
    fn change(&self) -> MeanSummary {
        let [of_first, of_second] = self.variances;
        let variance = (of_first + of_second - 2.0 * self.covariance).max(0.0) * self.n as f64;
        MeanSummary { n: self.n, mean: self.means[1] - self.means[0], variance }
    }
}

/// The effect in the first half and in the second, and whether they differ.
struct Change {
    p_value: f64,
    early: f64,
    late: f64,
    /// Whether the effects are over the control.
    is_relative: bool,
}

impl Change {
    /// Relative effects, since all customers do less of most things as time goes by: whether ln(second ÷ first) is the
    /// same in both arms, by the delta method. Where a mean is too near 0 for a logarithm, differences by Welch's test.
    fn between(control: &Halves, variant: &Halves) -> Change {
        let is_relative = control.has_logarithms() && variant.has_logarithms();
        let (difference, p_value) = if is_relative {
            let ((of_control, error), (of_variant, other)) = (control.growth(), variant.growth());
            let difference = of_variant - of_control;
            (difference, 2.0 * normal::sf(difference.abs() / libm::sqrt(error + other)))
        } else {
            let (control, variant) = (control.change(), variant.change());
            let test = welch_test(&control, &variant, &TestOptions::two_sided(0.95));
            (variant.mean - control.mean, test.map_or(f64::NAN, |test| test.p_value))
        };
        let effect = |half: usize| {
            let difference = variant.means[half] - control.means[half];
            if is_relative { difference / control.means[half] } else { difference }
        };
        // Without any variation what is seen is all there is.
        let certain = if difference.abs() < f64::EPSILON { 1.0 } else { 0.0 };
        let p_value = if p_value.is_nan() { certain } else { p_value.min(1.0) };
        Change { p_value, early: effect(0), late: effect(1), is_relative }
    }
}
