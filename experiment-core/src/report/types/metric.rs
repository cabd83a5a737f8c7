//! One metric: its arms and their comparisons.

use serde::{Deserialize, Serialize};

use super::comparison::Comparison;
use super::daily::DailyReport;
use super::lasting::{HalvesComparison, WeeklyReport};
use crate::definition::{Direction, Role};
use crate::report::{Estimand, Rebuilding};

/// One metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MetricReport {
    /// Its key.
    pub metric: String,
    /// What kind of number it is.
    pub kind: Estimand,
    /// What it is for.
    pub role: Role,
    /// Which way is good.
    pub direction: Direction,
    /// It was added while the experiment ran and does not count every customer yet: there are no numbers, `arms`
    /// and `comparisons` are empty. Absent once it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebuilding: Option<Rebuilding>,
    /// Customers whose window is still open; absent where nothing waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub immature: Option<u64>,
    /// Everybody, open windows included: no basis for a decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub so_far: Option<SoFar>,
    /// The arms over mature customers.
    pub arms: Vec<Arm>,
    /// Each other arm against the control.
    pub comparisons: Vec<Comparison>,
    /// The effect over mature cohort days up to each, at most 400 of them; for everybody, where windows end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub daily: Vec<DailyReport>,
    /// The effect by week of entry; for everybody, where windows end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weekly: Vec<WeeklyReport>,
    /// The effect in both halves of the window, arm by arm, where it has two and the arms are large enough.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub halves: Vec<HalvesComparison>,
}

/// Everybody, open windows included.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SoFar {
    /// The arms.
    pub arms: Vec<ArmSoFar>,
}

/// An arm over everybody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ArmSoFar {
    /// The arm.
    pub variant: String,
    /// Customers.
    pub n: u64,
    /// The metric's value; absent without customers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<f64>,
}

/// An arm over mature customers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Arm {
    /// The arm.
    pub variant: String,
    /// Mature customers used.
    pub n: u64,
    /// The metric's value; absent without customers (or, for a ratio, with a zero denominator).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<f64>,
    /// Means: the mean per customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    /// Per customer; p(1 − p) for proportions, divisor n − 1 for means, delta method for ratios.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variance: Option<f64>,
    /// Ratios: the numerator's mean per exposed customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numerator: Option<f64>,
    /// Ratios: the denominator's mean per exposed customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denominator: Option<f64>,
    /// Quantiles: lower end of the order-statistic interval, at 1 − α; absent with too few customers for one.
    /// Survival: of the mean days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower: Option<f64>,
    /// Its upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper: Option<f64>,
    /// Survival: customers in the curve, `n` and those who were not followed to the horizon yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub followed: Option<u64>,
    /// Survival: the curve, a point a day on which somebody was lost.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub survival: Vec<SurvivalDay>,
    /// Metrics that only some customers answer: the share that did. Arms that differ in it can't be compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_rate: Option<f64>,
}

/// A point of Kaplan and Meier's curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SurvivalDay {
    /// Days after the cohort day.
    pub day: u32,
    /// Customers still there before it and followed until it.
    pub at_risk: u64,
    /// Customers lost on it.
    pub events: u64,
    /// The share still there after it.
    pub survival: f64,
    /// Lower end of its interval, at 1 − α; absent where nobody is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower: Option<f64>,
    /// Upper end likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper: Option<f64>,
}
