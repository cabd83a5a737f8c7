//! The effect from cohort day to cohort day.

use serde::{Deserialize, Serialize};

use super::comparison::Effect;
use crate::time::Day;

/// What was known once the customers of a cohort day were mature: they and all who came before them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DailyReport {
    /// The cohort day.
    pub day: Day,
    /// Each other arm against the control, in the order of [`MetricReport::comparisons`](super::MetricReport).
    pub comparisons: Vec<DailyComparison>,
}

/// One arm against the control over the mature customers up to a day; by the reading that decides, but without strata.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DailyComparison {
    /// The arm.
    pub variant: String,
    /// Mature customers of the control.
    pub control_n: u64,
    /// Mature customers of the arm.
    pub n: u64,
    /// Variant − control, at 1 − α: holds for a single look; without its standard error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// Holds on all days together, whatever the plan's method; absent below the sizes that sequences need.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub always_valid: Option<DailySequence>,
}

/// An interval at 1 − α for all days together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DailySequence {
    /// Lower end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower: Option<f64>,
    /// Upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper: Option<f64>,
}
