//! Which columns a request needs, and what each is needed for.

use super::flag::KindFlag;
use super::input::Wanted;
use super::request::{Request, RowKind, Unit};
use super::value::ValueKind;

/// The columns of a request, as indices into [`Columns::wanted`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Columns {
    /// Each needed column once.
    pub(crate) wanted: Vec<Wanted>,
    /// The customer; absent when each row is one.
    pub(crate) unit: Option<usize>,
    /// The variant.
    pub(crate) variant: usize,
    /// What orders a customer's rows.
    pub(crate) time: Option<usize>,
    /// What names an event.
    pub(crate) id: Option<usize>,
    /// Metric values and covariates, the metrics in order.
    pub(crate) slots: Vec<Slot>,
    /// Which slots belong to each metric, and what is made of them.
    pub(crate) metrics: Vec<MetricSlots>,
    /// What splits the customers.
    pub(crate) dimensions: Vec<usize>,
    /// What rows must hold.
    pub(crate) rules: Vec<Rule>,
}

/// One entry of a metric's vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(crate) column: usize,
    pub(crate) kind: ValueKind,
    pub(crate) places: u32,
}

/// The slots of one metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MetricSlots {
    pub(crate) slots: std::ops::Range<usize>,
    pub(crate) made: Made,
    pub(crate) places: u32,
}

/// What a customer's slots are made into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    /// A vector for the sums.
    Vector,
    /// The same, and a count at the bucket of the value.
    Quantile,
    /// A count at the end of the time that a customer was followed.
    Survival,
    /// Points for a score, of those who gave one.
    Score,
}

/// Where `when.0` holds `when.1`, `must.0` must hold `must.1`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) must: (usize, String),
    pub(crate) when: (usize, String),
}

impl Columns {
    /// The columns that `request` needs.
    pub(crate) fn of(request: &Request) -> Columns {
        let mut wanted = Vec::new();
        let unit = match &request.unit {
            Unit::Column(name) => Some(want(&mut wanted, name, "--unit")),
            Unit::Row => None,
        };
        let variant = want(&mut wanted, &request.variant, "--variant");
        let (mut slots, mut metrics) = (Vec::new(), Vec::new());
        for metric in &request.metrics {
            let first = slots.len();
            let mut slot = |name: &str, kind, flag| {
                slots.push(Slot { column: want(&mut wanted, name, flag), kind, places: metric.places });
            };
            match &metric.kind {
                KindFlag::Proportion(column) => slot(column, ValueKind::Flag, "--metric"),
                KindFlag::Mean(column) => slot(column, ValueKind::Number, "--metric"),
                KindFlag::Ratio { numerator, denominator } => {
                    slot(numerator, ValueKind::Number, "--metric");
                    slot(denominator, ValueKind::Number, "--metric");
                }
                KindFlag::Quantile { column, .. } => slot(column, ValueKind::Number, "--metric"),
                KindFlag::Survival { duration, event, .. } => {
                    slot(duration, ValueKind::Duration, "--metric");
                    slot(event, ValueKind::Flag, "--metric");
                }
                KindFlag::Nps(column) => slot(column, ValueKind::Score, "--metric"),
            }
            for column in &metric.covariates {
                slot(column, ValueKind::Covariate, "--covariate");
            }
            let made = match metric.kind {
                KindFlag::Proportion(_) | KindFlag::Mean(_) | KindFlag::Ratio { .. } => Made::Vector,
                KindFlag::Quantile { .. } => Made::Quantile,
                KindFlag::Survival { .. } => Made::Survival,
                KindFlag::Nps(_) => Made::Score,
            };
            metrics.push(MetricSlots { slots: first..slots.len(), made, places: metric.places });
        }
        let dimensions =
            request.dimensions.iter().map(|name| want(&mut wanted, name, "--dimension")).collect();
        let time = request.time.as_ref().map(|name| want(&mut wanted, name, "--time"));
        let id = request.id.as_ref().map(|name| want(&mut wanted, name, "--id"));
        let mut rules = Vec::new();
        for rule in &request.requirements {
            let must = (want(&mut wanted, &rule.column, "--require"), rule.value.clone());
            let when = (want(&mut wanted, &rule.when_column, "--require"), rule.when_value.clone());
            rules.push(Rule { must, when });
        }
        // A column of ids says nothing of rows that are no events, but it has to be there.
        let id = id.filter(|_| request.rows == RowKind::Event);
        Columns { wanted, unit, variant, time, id, slots, metrics, dimensions, rules }
    }

    /// The name of a wanted column.
    pub(crate) fn name(&self, column: Option<usize>) -> &str {
        column.and_then(|column| self.wanted.get(column)).map_or("", |wanted| &wanted.name)
    }
}

fn want(wanted: &mut Vec<Wanted>, name: &str, flag: &'static str) -> usize {
    wanted.iter().position(|column| column.name == name).unwrap_or_else(|| {
        wanted.push(Wanted { name: name.to_owned(), flag });
        wanted.len() - 1
    })
}
