//! Whether the report can be trusted.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Whether the numbers can be trusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// Sample ratio mismatch: whether the arms' sizes fit the weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub srm: Option<Srm>,
    /// Customers seen in two variants.
    pub crossed_over: u64,
    /// Each check with what it found.
    pub checks: Vec<Check>,
}

/// The χ² test of the arms' sizes against the weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Srm {
    /// How likely sizes this far off are if assignment works.
    pub p_value: f64,
    /// Pearson's χ².
    pub statistic: f64,
    /// Arms − 1.
    pub degrees_of_freedom: f64,
    /// Customers by arm.
    pub observed: BTreeMap<String, u64>,
    /// Customers by arm that the weights promise.
    pub expected: BTreeMap<String, f64>,
    /// The sequential test's p-value, which holds however often it is looked at; while customers enter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequential_p_value: Option<f64>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Check {
    /// Which.
    pub check: CheckCode,
    /// How bad.
    pub level: Level,
    /// What was found and what to do, in a sentence.
    pub detail: String,
}

/// The checks there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum CheckCode {
    /// Sample ratio mismatch: the arms' sizes fit the weights.
    Srm,
    /// The arms' sizes fit the weights within every value of every dimension.
    SrmDimensions,
    /// Few customers were seen in two variants.
    Crossover,
    /// About as many of each arm were.
    CrossoverDifference,
    /// The windows of enough customers have ended.
    Immaturity,
    /// The arms are large enough for the methods used.
    SampleSize,
    /// Mature customers entered over a week at least.
    TooEarly,
    /// The target can show the smallest effect worth acting on.
    Underpowered,
    /// A fixed plan is not read before its target.
    Peeking,
    /// The arms were alike before exposure.
    PreExposureBalance,
    /// About as many customers of each arm answered.
    DifferentialResponse,
    /// The effect is the same from week to week of customers.
    Drift,
    /// The effect is the same in both halves of the window.
    Novelty,
    /// The effect does not hang on a few customers.
    OutlierInfluence,
    /// Each variant changes one thing.
    SeveralChanges,
    /// Few facts came after their windows were over.
    LateFacts,
    /// No value was finer than the metric's scale.
    RoundedValues,
    /// No customer's total was beyond the bound.
    ClampedValues,
    /// Few rows were left out.
    RejectedRows,
    /// Each dimension has few enough values.
    DimensionValues,
    /// Effects are averaged over the strata that the plan names.
    Strata,
    /// Exposures agree with our own draw.
    OffAssignment,
    /// A metric counts every customer: one that was added while the experiment ran may not do so yet.
    Rebuilding,
    /// Of a past day: nobody who was known by then was erased since.
    ErasedCustomers,
    /// New facts still reach the sums.
    Stale,
    /// Every metric's sums fit their 128 bits.
    Overflow,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// As it should be.
    Ok,
    /// Read the detail before acting.
    Warn,
    /// Don't act on the numbers.
    Fail,
}
