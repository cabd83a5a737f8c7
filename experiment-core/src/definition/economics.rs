//! What an offer earns: whom it keeps, what they bring in, and over which time.

use super::measure::{Cap, MeasureKind};
use super::metric::{Direction, Metric, MetricKind, Window};
use super::name;
use super::parse_measure::{cap, factor};
use super::parse_metric::window;
use super::reader::{Field, Fields};
use super::{Experiment, Measure};
use crate::decimal::Decimal;
use crate::time::Span;

/// Most customers of a rollout.
const MAX_ROLLOUT: u64 = 10_000_000_000;
const SHAPE: &str =
    "write economics: {kept: retained, gross: {event: order, margin: 0.35}, window: {to: 60d}}";

/// How an experiment's offers are turned into money: one vector a customer, over one window.
#[derive(Debug, Clone, PartialEq)]
pub struct Economics {
    /// Key of the metric that says who was kept: of kind retention, conversion or churn.
    pub kept: String,
    /// What customers bring in before the cost of the offer; nothing is counted without it.
    pub gross: Option<Gross>,
    /// From exposure to the day up to which value and cost count. It has an end, and the grace is long enough for
    /// the window of `kept` to be over as well.
    pub window: Window,
    /// How many customers would get the offer, if it were rolled out.
    pub rollout: Option<u64>,
}

/// The value that customers bring in.
#[derive(Debug, Clone, PartialEq)]
pub struct Gross {
    /// The name of the events that bring it in.
    pub event: String,
    /// The share of an event's value that is earned, before the cost of the offer.
    pub margin: Decimal,
    /// Bounds on one customer's total.
    pub cap: Cap,
}

/// Reads `economics`; `metrics` are those of the experiment, `None` where they could not be read.
pub(super) fn economics(field: &Field<'_>, metrics: Option<&[Metric]>) -> Option<Economics> {
    field.object(&[], |fields| {
        let kept = fields.required("kept", SHAPE, |field| kept(field, metrics));
        let gross = fields.optional("gross", gross);
        let window = fields.required("window", SHAPE, window);
        let rollout = fields.optional("rollout", |field| field.whole(1, MAX_ROLLOUT));
        let (kept, window) = (kept?, window?);
        let window = checked(fields, window, kept)?;
        Some(Economics { kept: kept.key.clone(), gross: gross?, window, rollout: rollout? })
    })
}

/// The metric that says who was kept.
fn kept<'m>(field: &Field<'_>, metrics: Option<&'m [Metric]>) -> Option<&'m Metric> {
    let key = field.text()?;
    let metrics = metrics?;
    let Some(metric) = metrics.iter().find(|metric| metric.key == key) else {
        let flags = metrics.iter().filter(|metric| flag(metric).is_some());
        let known = field.suggestion(key, flags.map(|metric| metric.key.as_str()));
        let mend = known.unwrap_or_else(|| "name a metric of kind retention, conversion or churn".to_owned());
        return field.problem(format!("{key:?} is no metric of this experiment"), mend);
    };
    if flag(metric).is_none() {
        let detail = format!("{key:?} does not say of each customer whether they were kept");
        return field.problem(detail, "name a metric of kind retention, conversion or churn");
    }
    let is_churn =
        matches!(metric.kind, MetricKind::Single(Measure::Events { kind: MeasureKind::Churn, .. }));
    if metric.direction == Direction::Down && !is_churn {
        let detail = format!("{key:?} counts who is lost: less of it is better");
        return field.problem(detail, "name a churn metric, or one that counts those who stay");
    }
    Some(metric)
}

/// How a metric tells kept customers from others, if it does.
fn flag(metric: &Metric) -> Option<(MeasureKind, &str)> {
    match &metric.kind {
        MetricKind::Single(Measure::Events { kind, event, .. }) => match kind {
            MeasureKind::Conversion { .. } | MeasureKind::Retention => Some((*kind, event)),
            // Who did not churn was kept.
            MeasureKind::Churn => Some((MeasureKind::Retention, event)),
            MeasureKind::Count | MeasureKind::Sum => None,
        },
        _ => None,
    }
}

fn gross(field: &Field<'_>) -> Option<Gross> {
    field.object(&[], |fields| {
        let event =
            fields.required("event", "name the events that bring it in, such as event: order", name::event);
        let margin = fields.or("margin", Decimal::ONE, factor);
        let cap = fields.or("cap", Cap::default(), cap);
        Some(Gross { event: event?, margin: margin?, cap: cap? })
    })
}

/// The window, waiting for that of the kept customers as well.
fn checked(fields: &Fields<'_>, window: Window, kept: &Metric) -> Option<Window> {
    if window.from != Span(0) {
        let detail = "has no meaning here: cost and value count from exposure on";
        return fields.problem_at("window.from", detail, "leave it out");
    }
    let Some(to) = window.to else {
        let detail = "is missing: without an end nobody's account is ever closed";
        return fields.problem_at("window.to", detail, "say when it ends, such as window: {to: 60d}");
    };
    let Some(kept_to) = kept.window.to else {
        let detail = format!("{:?} has a window without end, so nobody's account is ever closed", kept.key);
        return fields.problem("kept", detail, "end that metric's window, such as window: {to: 60d}");
    };
    if kept_to > to {
        let detail = format!("{to} is before the end of the window of {:?}, {kept_to}", kept.key);
        let mend = "end it with that window or later, so that who was kept is known by then";
        return fields.problem_at("window.to", detail, mend);
    }
    let waits = Span(kept_to.0 + kept.window.grace.0 - to.0);
    Some(Window { grace: window.grace.max(waits), ..window })
}

impl Experiment {
    /// How the kept customers of the economics are counted: the kind (never churn), the event, and when it counts.
    #[must_use]
    pub fn kept(&self) -> Option<(MeasureKind, &str, Window)> {
        let key = &self.economics.as_ref()?.kept;
        let metric = self.metrics.iter().find(|metric| metric.key == *key)?;
        let (kind, event) = flag(metric)?;
        Some((kind, event, metric.window))
    }
}
