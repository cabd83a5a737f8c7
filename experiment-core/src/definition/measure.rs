//! Measures: how one customer's events become one number.

use crate::decimal::Decimal;

/// One number a customer, made from the events in the window.
#[derive(Debug, Clone, PartialEq)]
pub enum Measure {
    /// Made from the events of one name.
    Events {
        /// How events become a number.
        kind: MeasureKind,
        /// The name of the events that count.
        event: String,
        /// Bounds on the customer's total; none for those that are 0 or 1.
        cap: Cap,
    },
    /// The sum over events of weight × value × discount: net value, lifetime value.
    Linear {
        /// What each event adds.
        terms: Vec<Term>,
        /// How the future counts less.
        discount: Option<Discount>,
        /// Bounds on the customer's total.
        cap: Cap,
    },
}

/// How events of one name become one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MeasureKind {
    /// 1 if the event occurred at least this often, else 0.
    Conversion {
        /// At least 1.
        at_least: u32,
    },
    /// 1 if the event (an activity) occurred, else 0.
    Retention,
    /// 0 if the event (an activity) occurred, else 1.
    Churn,
    /// How many events.
    Count,
    /// The sum of the events' values; an event without a value adds nothing.
    Sum,
}

/// What each event of one name adds to a linear measure.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// The name of the events.
    pub event: String,
    /// How much each adds.
    pub factor: Factor,
}

/// How much one event adds; negative for a cost. At most [`MAX_FACTOR_DIGITS`] digits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Factor {
    /// This share of the event's value; an event without a value adds nothing.
    Weight(Decimal),
    /// This much, whatever the event's value.
    Each(Decimal),
}

/// Most digits of a weight: with them value × weight × discount always fits 128 bits.
pub const MAX_FACTOR_DIGITS: u32 = 11;

/// How the future counts less: what happens d whole days after exposure counts (1 + `per_year`)^(−d/365).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Discount {
    /// The yearly rate, from 0 to 10.
    pub per_year: Decimal,
}

/// Bounds on one customer's total, in the metric's unit.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Cap {
    /// Totals below count as this.
    pub low: Option<Decimal>,
    /// Totals above count as this.
    pub high: Option<Decimal>,
}

impl Measure {
    /// Whether it tells active from inactive customers over a stretch of time, which needs an end.
    pub(super) fn is_of_activity(&self) -> bool {
        matches!(self, Measure::Events { kind: MeasureKind::Retention | MeasureKind::Churn, .. })
    }

    /// Whether it is 0 or 1.
    pub(super) fn is_flag(&self) -> bool {
        use MeasureKind::{Churn, Conversion, Retention};
        matches!(self, Measure::Events { kind: Conversion { .. } | Retention | Churn, .. })
    }

    /// Whether it is discounted.
    pub(super) fn is_discounted(&self) -> bool {
        matches!(self, Measure::Linear { discount: Some(_), .. })
    }

    /// What a covariate counts unless it says so: the same, for a linear measure the values.
    pub(super) fn covariate_kind(&self) -> MeasureKind {
        match self {
            Measure::Events { kind, .. } => *kind,
            Measure::Linear { .. } => MeasureKind::Sum,
        }
    }
}
