//! What an offer earns after its cost.

use serde::{Deserialize, Serialize};

use super::comparison::{Effect, NotEstimableReason, RelativeSet};

/// One variant's offer against the control: whom it keeps, what it costs, whether it pays. Over customers whose
/// whole account is closed; effects are variant − control at 1 − α, not adjusted for several variants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EconomicsReport {
    /// The arm.
    pub variant: String,
    /// What it is compared with.
    pub control: String,
    /// Customers whose account is still open; absent where nothing waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub immature: Option<u64>,
    /// The control and the variant, in this order.
    pub arms: Vec<EconomicsArm>,
    /// Customers kept, of 1,000 exposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_per_1000: Option<Effect>,
    /// Value brought in per customer, before the cost of the offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gross_per_customer: Option<Effect>,
    /// Cost of the offer per customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_per_customer: Option<Effect>,
    /// Value less cost, per customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net_value_per_customer: Option<Effect>,
    /// Of the hypothesis that the net value is the same; two-sided, not adjusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p_value: Option<f64>,
    /// Φ(net value ÷ its standard error): the chance that the offer pays, if nothing was known before. Absent below 100
    /// customers, 20 kept and 20 lost ones in an arm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chance_it_pays: Option<f64>,
    /// What it would come to among so many customers, where the definition states how many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<Rollout>,
    /// Cost of the offer for each customer kept who would not have been: effect on cost ÷ effect on kept. Absent where
    /// no more are kept than in the control; negative where the offer costs less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_per_kept: Option<EffectQuotient>,
    /// What the offer may cost before it no longer pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub break_even_cost: Option<BreakEvenCost>,
    /// Those who took the offer; absent where it can't be taken, or the control has one of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takers: Option<Takers>,
    /// By value of each dimension: whom to give it to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub whom: Vec<Whom>,
    /// Why there are no effects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_estimable: Option<NotEstimableReason>,
}

/// What one arm's customers cost and bring in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EconomicsArm {
    /// The arm.
    pub variant: String,
    /// Customers whose account is closed.
    pub n: u64,
    /// Share of them who were kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<f64>,
    /// Value brought in per customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gross: Option<f64>,
    /// Cost of the offer per customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<f64>,
    /// Value less cost per customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net: Option<f64>,
    /// Share of them who took the offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took: Option<f64>,
}

/// One effect over another.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EffectQuotient {
    /// The quotient.
    pub estimate: f64,
    /// Lower end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lower: Option<f64>,
    /// Upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upper: Option<f64>,
    /// What the ends mean: where the effect below the line may be 0, the quotient has no bounds.
    pub set: RelativeSet,
}

/// The offer given to many.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rollout {
    /// How many customers.
    pub customers: u64,
    /// Customers kept among them.
    pub kept: Effect,
    /// Net value of all of them.
    pub net_value: Effect,
}

/// What an offer may cost before it no longer pays.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct BreakEvenCost {
    /// Per customer who gets the offer.
    pub per_customer: Effect,
    /// Per customer who takes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_taker: Option<EffectQuotient>,
}

/// Those who took the offer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Takers {
    /// Share of the variant's customers who took it.
    pub share: f64,
    /// Cost of the offer per customer who took it.
    pub cost: f64,
    /// Effect on whether they were kept (complier average causal effect), a share.
    pub kept: EffectQuotient,
    /// Effect on their net value.
    pub net_value: EffectQuotient,
    /// Share of them who would have stayed without the offer: the part that was given away. Only shares from 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would_have_stayed: Option<EffectQuotient>,
    /// Whether no share from 0 to 1 is in that set: the assumption does not fit the data.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub contradicted: bool,
    /// What must hold for these figures.
    pub assumption: String,
}

/// The offer among the customers of one segment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Whom {
    /// The dimension.
    pub dimension: String,
    /// The value; empty when it was missing.
    pub value: String,
    /// Customers of both arms whose account is closed.
    pub customers: u64,
    /// Customers kept, of 1,000 exposed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_per_1000: Option<Effect>,
    /// Value less cost, per customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub net_value_per_customer: Option<Effect>,
    /// As [`EconomicsReport::chance_it_pays`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chance_it_pays: Option<f64>,
    /// Of the net value, adjusted by Benjamini and Hochberg over the dimension's values × variants; absent for a
    /// segment that is too small, which stays in the family as 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adjusted_p_value: Option<f64>,
    /// What to do.
    pub advice: Advice,
    /// Why there is no effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_estimable: Option<NotEstimableReason>,
}

/// Whether to give an offer to a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// It pays there.
    Give,
    /// It loses money there.
    Withhold,
    /// The data do not tell.
    Undecided,
}
