//! What a variant gives a customer, and what it costs the company.

use crate::decimal::Decimal;

/// An offer.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Offer {
    /// In the owner's words: discount, bonus, gift, …
    pub kind: String,
    /// The event that says the customer took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taken: Option<String>,
    /// Costs that arise with events.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cost: Vec<Cost>,
    /// Cost of showing it once to one customer, in money.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_exposure: Option<Decimal>,
}

/// A cost that arises with an event.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Cost {
    /// The event's name.
    pub event: String,
    /// How the amount follows from the event.
    #[serde(flatten)]
    pub basis: CostBasis,
}

/// How a cost follows from an event.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CostBasis {
    /// This much money for each event.
    Each(Decimal),
    /// This share of the event's value.
    Weight(Decimal),
}
