//! Whether the effect lasts: from week to week of customers, and from half to half of the window.

use serde::{Deserialize, Serialize};

use super::comparison::Effect;
use crate::time::Day;

/// The effect among the mature customers who entered in one week, counted from the first day of entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WeeklyReport {
    /// The week's first day.
    pub from: Day,
    /// Each other arm against the control, in the order of [`MetricReport::comparisons`](super::MetricReport).
    pub comparisons: Vec<WeeklyComparison>,
}

/// One arm against the control among the customers of a week.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WeeklyComparison {
    /// The arm.
    pub variant: String,
    /// Mature customers of the control.
    pub control_n: u64,
    /// Mature customers of the arm.
    pub n: u64,
    /// Variant − control, at 1 − α, unadjusted and without covariates; absent where arms are too small to compare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
}

/// The effect in the first half of the window and in the second, on the same customers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HalvesComparison {
    /// The arm.
    pub variant: String,
    /// The effect in the first half.
    pub early: f64,
    /// In the second.
    pub late: f64,
    /// Whether both are over the control's mean in that half; else variant − control.
    pub relative: bool,
    /// Of the hypothesis that they are the same; not adjusted for other comparisons.
    pub p_value: f64,
}
