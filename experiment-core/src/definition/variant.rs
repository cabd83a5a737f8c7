//! The arms of an experiment.

use serde_json::Value;

use super::name;
use super::offer::{self, Offer};
use super::reader::{Field, Taken};
use crate::decimal::Decimal;

/// Most arms in one experiment.
pub const MAX_VARIANTS: usize = 100;
/// Most named changes of one variant.
const MAX_CHANGES: usize = 20;

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

/// A variant, and whether it says that it is the control.
pub(super) fn variant(field: &Field<'_>, taken: &mut Taken) -> Option<(Variant, bool)> {
    field.object(&[], |fields| {
        let key = fields.required("key", "name the variant, such as key: control", |key| {
            name::distinct(key, taken, name::key)
        });
        let control = fields.or("control", false, Field::flag);
        let weight = fields.or("weight", Decimal::ONE, Field::amount_from_zero);
        let payload = fields.or("payload", Value::Null, |payload| Some(payload.value().clone()));
        let mut changed = Taken::new();
        let changes =
            fields.list("changes", MAX_CHANGES, |change| name::distinct(change, &mut changed, name::label));
        let offer = fields.optional("offer", offer::offer);
        let variant =
            Variant { key: key?, weight: weight?, payload: payload?, changes: changes?, offer: offer? };
        Some((variant, control?))
    })
}
