//! A metric compiled for counting: a list of parts, each a sum over an interval of the history.

use super::{Departure, Event, EventName, EventNames, Fixed, Linear};
use crate::decimal::Decimal;
use crate::definition::{Cap, Measure, MeasureKind, Metric, MetricKind, Window};
use crate::time::{Day, Timestamp};

/// A compiled metric: what [`contribution`](super::contribution) evaluates.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    parts: Vec<Part>,
    places: u32,
    tally: Option<Tally>,
    product: Option<(usize, usize)>,
}

/// By what customers are counted, beside the sums of their vectors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Tally {
    /// By the bucket of the vector's first entry.
    Value,
    /// By the days from the cohort day to the day of churn; those without are not counted.
    Departure(Departure),
}

/// One entry of the vector: events over one interval around the first exposure.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// Which events count, and for what.
    pub counting: Counting,
    /// Start of the interval in microseconds after exposure; negative before it.
    pub from: i64,
    /// End of the interval, exclusive.
    pub to: i64,
    /// Least total in steps.
    pub low: i128,
    /// Greatest total in steps.
    pub high: i128,
}

/// Which events count, and how they become a number.
#[derive(Debug, Clone, PartialEq)]
pub enum Counting {
    /// Events of one name.
    Events(MeasureKind, EventName),
    /// Events of several names, each with its weight.
    Linear(Linear),
    /// The last score: customers without one are not counted at all.
    Score(EventName),
}

impl Part {
    /// A measure over a window.
    pub(super) fn of(measure: &Measure, window: Window, places: u32, names: &mut EventNames) -> Part {
        match measure {
            Measure::Events { kind, event, cap } => {
                Part::within(window, places, Counting::Events(*kind, names.intern(event)), *cap)
            }
            Measure::Linear { terms, discount, cap } => {
                let linear = Linear::compile(terms, *discount, window.to, names);
                Part::within(window, places, Counting::Linear(linear), *cap)
            }
        }
    }

    /// What counts in a window.
    pub(super) fn within(window: Window, places: u32, counting: Counting, Cap { low, high }: Cap) -> Part {
        Part {
            counting,
            from: window.from.0,
            to: window.to.map_or(i64::MAX, |to| to.0),
            low: bound(low, places).unwrap_or(i128::MIN),
            high: bound(high, places).unwrap_or(i128::MAX),
        }
    }

    /// The names of the events that count.
    pub fn events(&self) -> impl Iterator<Item = EventName> + '_ {
        let (one, several) = match &self.counting {
            Counting::Events(_, event) | Counting::Score(event) => (Some(*event), None),
            Counting::Linear(linear) => (None, Some(linear.events())),
        };
        one.into_iter().chain(several.into_iter().flatten())
    }

    /// Whether `event` counts for a customer first exposed at `first_exposure`.
    #[must_use]
    pub fn counts(&self, event: &Event, first_exposure: Timestamp) -> bool {
        let after = event.at.0.saturating_sub(first_exposure.0);
        // The innermost question of all counting, so asked without an iterator where there is one name.
        let named = match &self.counting {
            Counting::Events(_, name) | Counting::Score(name) => *name == event.name,
            Counting::Linear(linear) => linear.events().any(|name| name == event.name),
        };
        named && after >= self.from && after < self.to
    }
}

impl Rule {
    /// Made from its parts; values are kept in steps of 10^-`places`.
    #[must_use]
    pub fn new(parts: Vec<Part>, places: u32) -> Rule {
        Rule { parts, places, tally: None, product: None }
    }

    /// The same, with customers also counted.
    #[must_use]
    pub fn with_tally(self, tally: Tally) -> Rule {
        Rule { tally: Some(tally), ..self }
    }

    /// The same, with one more entry: the product of the entries at two places, one of which is 0 or one unit.
    #[must_use]
    pub fn with_product(self, one: usize, other: usize) -> Rule {
        Rule { product: Some((one, other)), ..self }
    }

    /// Compiles a metric. The vector is (value), for ratios (numerator, denominator), and then the
    /// covariates; for survival it is empty.
    #[must_use]
    pub fn compile(metric: &Metric, names: &mut EventNames) -> Rule {
        let places = metric.places;
        let mut within = |measure: &Measure| Part::of(measure, metric.window, places, names);
        let mut parts = match &metric.kind {
            MetricKind::Single(measure) | MetricKind::Quantile { of: measure, .. } => vec![within(measure)],
            MetricKind::Ratio { numerator, denominator } => vec![within(numerator), within(denominator)],
            MetricKind::Nps { event } => {
                vec![Part::within(
                    metric.window,
                    places,
                    Counting::Score(names.intern(event)),
                    Cap::default(),
                )]
            }
            MetricKind::Survival(_) => Vec::new(),
        };
        for covariate in &metric.covariates {
            // Uncapped: a bound on outcomes says nothing about what came before.
            parts.push(Part {
                counting: Counting::Events(covariate.kind, names.intern(&covariate.event)),
                from: -covariate.lookback.0,
                to: 0,
                low: i128::MIN,
                high: i128::MAX,
            });
        }
        let tally = match &metric.kind {
            MetricKind::Quantile { .. } => Some(Tally::Value),
            MetricKind::Survival(churn) => Some(Tally::Departure(Departure::compile(churn, names))),
            _ => None,
        };
        Rule { parts, places, tally, product: None }
    }

    /// The parts, in the order of the vector's entries.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The places of the entries whose product is one more entry, if there is one.
    #[must_use]
    pub fn product(&self) -> Option<(usize, usize)> {
        self.product
    }

    /// By what customers are counted, if they are.
    #[must_use]
    pub fn tally(&self) -> Option<Tally> {
        self.tally
    }

    /// Digits kept behind the point.
    #[must_use]
    pub fn places(&self) -> u32 {
        self.places
    }

    /// The names of the events that can change the contribution.
    pub fn events(&self) -> impl Iterator<Item = EventName> + '_ {
        let departure = match &self.tally {
            Some(Tally::Departure(departure)) => Some(departure.event()),
            _ => None,
        };
        self.parts.iter().flat_map(Part::events).chain(departure)
    }

    /// Whether `event` can change the contribution of a customer first exposed at `first_exposure`.
    #[must_use]
    pub fn counts(&self, event: &Event, first_exposure: Timestamp) -> bool {
        let departs = match &self.tally {
            Some(Tally::Departure(departure)) => departure.counts(event, first_exposure),
            _ => false,
        };
        departs || self.parts.iter().any(|part| part.counts(event, first_exposure))
    }
}

fn bound(value: Option<Decimal>, places: u32) -> Option<i128> {
    let (fixed, _) = Fixed::from_decimal(value?, places)?;
    Some(i128::from(fixed.0))
}

impl Window {
    /// The instant at which a cohort day is mature: end of day + `to` + `grace`. Without `to` never.
    #[must_use]
    pub fn mature_at(&self, day: Day) -> Option<Timestamp> {
        self.to.map(|to| day.end().after(to).after(self.grace))
    }

    /// Whether every window opened on `day` has ended at `as_of`, grace included. A metric without
    /// `to` counts everything so far, so each of its days is as mature as it will ever be.
    #[must_use]
    pub fn is_mature(&self, day: Day, as_of: Timestamp) -> bool {
        self.mature_at(day).is_none_or(|instant| instant <= as_of)
    }
}
