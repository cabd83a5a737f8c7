//! Everything that sums are kept of for one experiment: its metrics, and what follows from them.

use super::{EventNames, Part, Rule, Tally, economics_rules};
use crate::definition::{Experiment, MAX_METRICS, Measure, MeasureKind, Metric, MetricKind, Role, Window};
use crate::time::{DAY, Span};

/// Most things that sums are kept of for one experiment.
pub const MAX_TRACKED: usize = 3 * MAX_METRICS + 1;
/// Windows shorter than this are not halved: there is no time for an effect to wear off.
const SHORTEST_HALVED: i64 = 14 * DAY;

/// What one set of sums is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// The metric at this index of the definition.
    Metric(usize),
    /// The experiment's economics, see [`Account`](super::Account).
    Economics,
    /// The metric at this index over the first and over the second half of its window.
    Halves(usize),
    /// The metric at this index, with customers counted by value.
    Values(usize),
}

/// One thing that sums are kept of.
#[derive(Debug, Clone, PartialEq)]
pub struct Tracked {
    /// What the sums are for.
    pub purpose: Purpose,
    /// How a customer becomes a vector: one rule, or one a variant.
    rules: Vec<Rule>,
    /// Whether sums are kept by value of each dimension, or of all customers alone.
    pub sliced: bool,
}

impl Tracked {
    /// The rule for customers of a variant.
    #[must_use]
    pub fn rule(&self, variant: u16) -> &Rule {
        // A variant that the definition does not have cannot be met: the first rule is as good as any.
        self.rules.get(usize::from(variant)).unwrap_or(&self.rules[0])
    }

    /// Every rule there is.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }
}

/// What sums are kept of for an experiment: the metrics in their order, then economics, halves and values.
#[must_use]
pub fn tracked(experiment: &Experiment, names: &mut EventNames) -> Vec<Tracked> {
    let one = |purpose, rule, sliced| Tracked { purpose, rules: vec![rule], sliced };
    let metrics = || experiment.metrics.iter().enumerate();
    let mut tracked: Vec<Tracked> =
        metrics().map(|(i, metric)| one(Purpose::Metric(i), Rule::compile(metric, names), true)).collect();
    if let Some(rules) = economics_rules(experiment, names) {
        tracked.push(Tracked { purpose: Purpose::Economics, rules, sliced: true });
    }
    for (index, metric) in metrics() {
        if let Some(rule) = halves(metric, names) {
            tracked.push(one(Purpose::Halves(index), rule, false));
        }
    }
    for (index, metric) in metrics() {
        if let Some(rule) = values(metric, names) {
            tracked.push(one(Purpose::Values(index), rule, false));
        }
    }
    tracked
}

/// Primaries of one number a customer, over the first and the second half of the window: what an effect was at
/// first, and what became of it, on the same customers.
fn halves(metric: &Metric, names: &mut EventNames) -> Option<Rule> {
    let MetricKind::Single(measure) = &metric.kind else { return None };
    let Window { from, to, grace } = metric.window;
    let to = to.filter(|to| metric.role == Role::Primary && to.0 - from.0 >= SHORTEST_HALVED)?;
    let middle = Span(from.0 + (to.0 - from.0) / 2);
    let of_half = match measure {
        // Whether at all, in each half: how often it takes is a matter of the whole window.
        Measure::Events { kind: MeasureKind::Conversion { .. }, event, cap } => {
            &Measure::Events { kind: MeasureKind::Retention, event: event.clone(), cap: *cap }
        }
        other => other,
    };
    let windows = [Window { from, to: Some(middle), grace }, Window { from: middle, to: Some(to), grace }];
    let parts = windows.map(|window| Part::of(of_half, window, metric.places, names));
    Some(Rule::new(parts.to_vec(), metric.places))
}

/// Primaries and guardrails that are means of amounts: a few customers may make the difference alone.
fn values(metric: &Metric, names: &mut EventNames) -> Option<Rule> {
    let MetricKind::Single(measure) = &metric.kind else { return None };
    let is_amount = match measure {
        Measure::Linear { .. } => true,
        Measure::Events { kind, .. } => matches!(kind, MeasureKind::Count | MeasureKind::Sum),
    };
    let decides = metric.role != Role::Secondary;
    let value = Part::of(measure, metric.window, metric.places, names);
    (is_amount && decides).then(|| Rule::new(vec![value], metric.places).with_tally(Tally::Value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::read_document;
    use crate::measure::{Event, contribution};
    use crate::time::Timestamp;

    #[test]
    fn what_follows_from_the_metrics() {
        let text = "
key: e
variants: [{key: a}, {key: b}]
metrics:
  - {key: retained, kind: retention, event: order, window: {from: 30d, to: 60d}, role: primary}
  - {key: spend, kind: sum, event: order, window: {to: 20d}, role: primary}
  - {key: quick, kind: count, event: order, window: {to: 7d}, role: guardrail, margin: 1}
  - {key: orders, kind: count, event: order, window: {to: 60d}}
economics: {kept: retained, window: {to: 60d}}
";
        let experiment = Experiment::parse(read_document(text).unwrap()).unwrap();
        let mut names = EventNames::default();
        let tracked = tracked(&experiment, &mut names);
        let purposes: Vec<Purpose> = tracked.iter().map(|tracked| tracked.purpose).collect();
        let metrics = [0, 1, 2, 3].map(Purpose::Metric);
        let follow = [
            Purpose::Economics,
            Purpose::Halves(0),
            Purpose::Halves(1),
            Purpose::Values(1),
            Purpose::Values(2),
        ];
        assert_eq!(purposes, [metrics.as_slice(), &follow].concat());
        let order = names.get("order").unwrap();
        let event = |day: i64, value| Event { at: Timestamp(day * DAY), name: order, value: Some(value) };
        let events = [event(3, 5.0), event(10, 7.0), event(50, 9.0)];
        let values = |at: usize| contribution(tracked[at].rule(1), Timestamp(0), &events).unwrap();
        assert_eq!(values(5).values(), [0, 1_000_000], "kept in the second half alone");
        assert_eq!(values(6).values(), [5_000_000, 7_000_000]);
        assert_eq!(values(7).place(), Some(crate::measure::bucket(12_000_000)));
    }
}
