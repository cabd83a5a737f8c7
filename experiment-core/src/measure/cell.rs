//! Where a customer's vector is added: one cell per phase, variant, population and cohort day.

use crate::time::Day;

/// Most values of a dimension among the exposed; a dimension with more is dropped whole.
pub const MAX_DIMENSION_VALUES: usize = 200;

/// Whom the sums are over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Population {
    /// Customers of the main reading.
    Analysed,
    /// Customers seen in two variants, under the first of them.
    Crossed,
    /// Customers whose exposure differs from our draw, where the definition leaves those out.
    OffAssignment,
}

/// All customers, or those with one value of one dimension.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slice {
    /// Everybody.
    All,
    /// Those whose attribute had this value at first exposure.
    Value {
        /// Index into the experiment's dimensions.
        dimension: u16,
        /// The attribute's value as text; empty when it was missing.
        value: String,
    },
}

/// One place of sums. Ordered as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// The phase of the first exposure.
    pub phase: u32,
    /// The variant of the first exposure.
    pub variant: u16,
    /// Whom the sums are over.
    pub population: Population,
    /// The UTC day of the first exposure.
    pub day: Day,
}
