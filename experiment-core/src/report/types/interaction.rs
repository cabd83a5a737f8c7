//! Whether an effect depends on who the customer is.

use serde::{Deserialize, Serialize};

/// Cochran's test of whether one variant's effect on one metric differs between the values of a dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Interaction {
    /// The attribute.
    pub dimension: String,
    /// The metric.
    pub metric: String,
    /// The arm.
    pub variant: String,
    /// Values whose arms are large enough to be compared.
    pub values: u64,
    /// Cochran's Q over their effects, by the readings that decide.
    pub statistic: f64,
    /// Values − 1.
    pub degrees_of_freedom: f64,
    /// Of the hypothesis that the effect is the same for all values.
    pub p_value: f64,
    /// Adjusted by Benjamini and Hochberg over dimensions × metrics × variants.
    pub adjusted_p_value: f64,
    /// I²: the share of the spread between the values' effects that chance does not explain.
    pub i_squared: f64,
    /// Whether the adjusted p-value is at most α.
    pub significant: bool,
}
