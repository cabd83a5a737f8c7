//! The exact sums that a report is made from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Rebuilding;
use super::inputs::cells;
use crate::measure::{Cell, Moments, Slice};

/// How many customers there are at each place: the bucket of a value, or the days from the cohort day to the day
/// of churn.
pub type Distribution = BTreeMap<i32, i64>;

/// Counts by slice and cell.
pub type Distributions = BTreeMap<(Slice, Cell), Distribution>;

/// Sums by slice and cell.
pub type Cells = BTreeMap<(Slice, Cell), Moments>;

/// Everything a report is made from, whether it was kept up to date by a store or read from a file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Aggregates {
    /// First exposures: counts without entries (k = 0).
    #[serde(with = "cells::table")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<cells::Group>))]
    pub exposed: Cells,
    /// First exposures in the main reading that differ from our own draw.
    pub off_assignment: u64,
    /// One entry a metric, in the order of the design.
    #[serde(with = "cells::tables")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Vec<cells::Group>>))]
    pub metrics: Vec<Cells>,
    /// Counts of customers by value, likewise; empty for metrics that are read from sums alone.
    #[serde(with = "cells::tables")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Vec<cells::Group>>))]
    pub distributions: Vec<Distributions>,
    /// The vectors of [`Account`](crate::measure::Account); empty where the design has no economics.
    #[serde(default, with = "cells::table", skip_serializing_if = "BTreeMap::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<cells::Group>))]
    pub economics: Cells,
    /// One entry a metric: its value in the first and in the second half of its window; empty for metrics that are
    /// not halved, or all of it where nothing is.
    #[serde(default, with = "cells::tables", skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Vec<cells::Group>>))]
    pub halves: Vec<Cells>,
    /// One entry a metric: customers by value, beside the sums from which it is read; likewise.
    #[serde(default, with = "cells::tables", skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(value_type = Vec<Vec<cells::Group>>))]
    pub values: Vec<Distributions>,
    /// One entry a metric: what facts changed that came after their windows and grace were over; empty where nothing
    /// waits.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late: Vec<Late>,
    /// Dimensions (by index) left out because they have more than
    /// [`MAX_DIMENSION_VALUES`](crate::measure::MAX_DIMENSION_VALUES) values.
    pub dropped_dimensions: Vec<u16>,
    /// Metrics (by index) that do not count every customer yet; their sums are not read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rebuilding: BTreeMap<usize, Rebuilding>,
}

/// What late facts changed about one metric.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Late {
    /// Customers who came or went.
    pub customers: u64,
    /// By how many steps of the scale each sum changed, up or down; empty when none did.
    pub steps: Vec<u64>,
}
