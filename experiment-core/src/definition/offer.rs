//! What a variant gives a customer, and what it costs the company.

use super::name;
use super::parse_measure::factor;
use super::reader::{Field, Fields};
use crate::decimal::Decimal;

/// Most costs of one offer.
const MAX_COSTS: usize = 20;

/// An offer.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Cost {
    /// The event's name.
    pub event: String,
    /// How the amount follows from the event.
    #[serde(flatten)]
    pub basis: CostBasis,
}

/// How a cost follows from an event.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CostBasis {
    /// This much money for each event.
    Each(Decimal),
    /// This share of the event's value.
    Weight(Decimal),
}

pub(super) fn offer(field: &Field<'_>) -> Option<Offer> {
    field.object(&[], |fields| {
        let kind = fields.required("kind", "say what is offered, such as kind: discount", name::label);
        let taken = fields.optional("taken", name::event);
        let cost = fields.list("cost", MAX_COSTS, cost);
        let per_exposure = fields.optional("per_exposure", Field::amount_from_zero);
        Some(Offer { kind: kind?, taken: taken?, cost: cost?, per_exposure: per_exposure? })
    })
}

fn cost(field: &Field<'_>) -> Option<Cost> {
    field.object(&[], |fields| {
        let event =
            fields.required("event", "name the event that costs, such as event: redeemed", name::event);
        let each = fields.optional("each", factor_from_zero);
        let weight = fields.optional("weight", factor_from_zero);
        let basis = match (each?, weight?) {
            (Some(each), None) => Some(CostBasis::Each(each)),
            (None, Some(weight)) => Some(CostBasis::Weight(weight)),
            (Some(_), Some(_)) => one_basis(fields, "stands beside each"),
            (None, None) => one_basis(fields, "is missing, and so is each"),
        };
        Some(Cost { event: event?, basis: basis? })
    })
}

fn factor_from_zero(field: &Field<'_>) -> Option<Decimal> {
    field.amount_from_zero()?;
    factor(field)
}

fn one_basis<T>(fields: &Fields<'_>, detail: &str) -> Option<T> {
    fields.problem("weight", detail, "give each (money per event) or weight (share of the event's value)")
}
