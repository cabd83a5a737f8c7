//! The arms of an experiment.

use serde_json::Value;

use super::Offer;
use crate::decimal::Decimal;

/// Most arms in one experiment.
pub const MAX_VARIANTS: usize = 100;

/// One arm: its share of the customers, and what it gives them.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// Its name; matches `[A-Za-z0-9._-]{1,128}`.
    pub key: String,
    /// Share of the entrants relative to the other weights; not negative, and not all are zero.
    pub weight: Decimal,
    /// Whatever the app needs to act on it; null when nothing is said.
    pub payload: Value,
    /// Which elements differ from the control, such as `price`; more than one muddles the cause.
    pub changes: Vec<String>,
    /// What the customer is given, and what that costs.
    pub offer: Option<Offer>,
}
