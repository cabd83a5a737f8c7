//! Metrics: rules that turn one customer's history into numbers.

use super::measure::{Measure, MeasureKind};
use crate::decimal::Decimal;
use crate::time::Span;

/// Most metrics in one experiment.
pub const MAX_METRICS: usize = 100;
/// Most covariates of one metric.
pub const MAX_COVARIATES: usize = 5;

/// A metric of an experiment.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Its name; matches `[A-Za-z0-9._-]{1,128}`.
    pub key: String,
    /// What is measured.
    pub kind: MetricKind,
    /// When events count, relative to the first exposure.
    pub window: Window,
    /// Measures of the time before exposure that explain part of the outcome (CUPED); a ratio has at most one.
    pub covariates: Vec<Covariate>,
    /// What the metric is for in the verdict.
    pub role: Role,
    /// Which way is good.
    pub direction: Direction,
    /// Guardrails: how much worse is still acceptable, on the metric's scale; not negative.
    pub margin: Option<Decimal>,
    /// The smallest effect worth acting on, on the metric's scale; not negative.
    pub min_effect: Option<Decimal>,
    /// Values are kept as whole multiples of 10^-`places`; 6 unless `scale` says otherwise.
    pub places: u32,
}

/// What a metric measures.
#[derive(Debug, Clone, PartialEq)]
pub enum MetricKind {
    /// One number a customer.
    Single(Measure),
    /// The sum of one measure over the sum of another.
    Ratio {
        /// Above the line.
        numerator: Measure,
        /// Below the line.
        denominator: Measure,
    },
    /// The value that this share of the customers do not exceed; customers without events have 0.
    Quantile {
        /// One value a customer; never one that is 0 or 1.
        of: Measure,
        /// The share, above 0 and below 1.
        q: Decimal,
    },
    /// The last score from 0 to 10 in the window: 9 and 10 count 100 points, 0 to 6 count −100, else 0; only
    /// customers who gave one.
    Nps {
        /// The name of the events whose value is a score.
        event: String,
    },
    /// Days until the customer is lost, counted up to a horizon, which is the end of the window.
    Survival(Churn),
}

/// What it is to be lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Churn {
    /// An event of this name, such as a cancellation.
    Event(String),
    /// Silence since exposure, dated when it has lasted long enough.
    Inactive {
        /// The name of the events that break it.
        event: String,
        /// How long, above 0.
        lasts: Span,
    },
}

/// When events count: in [exposure + `from`, exposure + `to`) by exact time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Start after exposure.
    pub from: Span,
    /// End after exposure; without it the window never closes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Span>,
    /// How long late facts are waited for before a day counts as mature.
    pub grace: Span,
}

/// A measure over [exposure − `lookback`, exposure); customers without events there have 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Covariate {
    /// How events become a number; as the metric counts unless said otherwise, for linear ones the sum.
    pub kind: MeasureKind,
    /// The name of the events that count.
    pub event: String,
    /// How far back.
    pub lookback: Span,
}

/// What a metric is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Decides.
    Primary,
    /// Must not get worse by more than its margin.
    Guardrail,
    /// Explains; never in the verdict.
    Secondary,
}

/// Which way is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More is better.
    Up,
    /// Less is better.
    Down,
}
