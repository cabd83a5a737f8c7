//! Names for what sums are kept of: equal exactly when contributions are made alike.

use experiment_core::definition::{
    Cap, Churn, CostBasis, Experiment, Factor, Measure, MeasureKind, Metric, MetricKind, Window,
};
use experiment_core::measure::Purpose;
use xxhash_rust::xxh3::xxh3_64;

use super::key::FIRST_METRIC;

/// Names one of the things that sums are kept of for an experiment.
pub(super) fn tracked_hash(experiment: &Experiment, purpose: Purpose) -> u64 {
    let text = |index: usize| experiment.metrics.get(index).map(metric_text).unwrap_or_default();
    match purpose {
        Purpose::Metric(index) => hash(&text(index)),
        Purpose::Economics => hash(&economics_text(experiment)),
        Purpose::Halves(index) => hash(&format!("halves/{}", text(index))),
        Purpose::Values(index) => hash(&format!("values/{}", text(index))),
    }
}

fn hash(text: &str) -> u64 {
    xxh3_64(text.as_bytes()).max(FIRST_METRIC)
}

/// What a metric counts. Its key, role, direction, margin and grace are not part of it.
fn metric_text(metric: &Metric) -> String {
    let mut text = window_text(metric.window);
    match &metric.kind {
        MetricKind::Single(measure) => push_measure(&mut text, measure),
        MetricKind::Ratio { numerator, denominator } => {
            text.push_str("ratio/");
            push_measure(&mut text, numerator);
            push_measure(&mut text, denominator);
        }
        MetricKind::Quantile { of, .. } => {
            // Not the share: two quantiles of one value share their counts.
            text.push_str("by value/");
            push_measure(&mut text, of);
        }
        MetricKind::Survival(Churn::Event(event)) => push_event(&mut text, "survival", event),
        MetricKind::Survival(Churn::Inactive { event, lasts }) => {
            push_event(&mut text, &format!("survival of silence {}", lasts.0), event);
        }
        MetricKind::Nps { event } => push_event(&mut text, "nps", event),
    }
    for covariate in &metric.covariates {
        text.push_str(&format!("covariate/{}/", covariate.lookback.0));
        push_kind(&mut text, covariate.kind, &covariate.event);
    }
    text.push_str(&metric.places.to_string());
    text
}

/// Grace is about reading alone.
fn window_text(window: Window) -> String {
    format!("{}/{}/", window.from.0, window.to.map_or(-1, |to| to.0))
}

/// Everything that the vector of economics depends on.
fn economics_text(experiment: &Experiment) -> String {
    let mut text = "economics/".to_owned();
    let Some(economics) = &experiment.economics else { return text };
    text.push_str(&window_text(economics.window));
    if let Some((kind, event, window)) = experiment.kept() {
        text.push_str(&window_text(window));
        push_kind(&mut text, kind, event);
    }
    if let Some(gross) = &economics.gross {
        push_event(&mut text, &format!("gross {}", gross.margin), &gross.event);
        push_cap(&mut text, gross.cap);
    }
    for variant in &experiment.variants {
        text.push_str("variant/");
        let Some(offer) = &variant.offer else { continue };
        if let Some(taken) = &offer.taken {
            push_event(&mut text, "taken", taken);
        }
        for cost in &offer.cost {
            let how = match cost.basis {
                CostBasis::Each(each) => format!("each {each}"),
                CostBasis::Weight(weight) => format!("weight {weight}"),
            };
            push_event(&mut text, &how, &cost.event);
        }
        let shown = offer.per_exposure.map_or("-".to_owned(), |amount| amount.to_string());
        text.push_str(&format!("shown {shown}/"));
    }
    text
}

fn push_measure(text: &mut String, measure: &Measure) {
    let cap = match measure {
        Measure::Events { kind, event, cap } => {
            push_kind(text, *kind, event);
            cap
        }
        Measure::Linear { terms, discount, cap } => {
            text.push_str(&format!("linear {}/", terms.len()));
            for term in terms {
                let factor = match term.factor {
                    Factor::Weight(weight) => format!("weight {weight}"),
                    Factor::Each(each) => format!("each {each}"),
                };
                push_event(text, &factor, &term.event);
            }
            let rate = discount.map_or("-".to_owned(), |discount| discount.per_year.to_string());
            text.push_str(&format!("discount {rate}/"));
            cap
        }
    };
    push_cap(text, *cap);
}

fn push_cap(text: &mut String, cap: Cap) {
    for bound in [cap.low, cap.high] {
        text.push_str(&bound.map_or("-".to_owned(), |bound| bound.to_string()));
        text.push('/');
    }
}

fn push_kind(text: &mut String, kind: MeasureKind, event: &str) {
    let kind = match kind {
        MeasureKind::Conversion { at_least } => format!("conversion {at_least}"),
        MeasureKind::Retention => "retention".to_owned(),
        MeasureKind::Churn => "churn".to_owned(),
        MeasureKind::Count => "count".to_owned(),
        MeasureKind::Sum => "sum".to_owned(),
    };
    push_event(text, &kind, event);
}

fn push_event(text: &mut String, how: &str, event: &str) {
    // The length keeps names with slashes apart.
    text.push_str(&format!("{how}/{}/{event}/", event.len()));
}
