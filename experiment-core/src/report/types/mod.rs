//! The report as every consumer sees it. Names are a public contract.

mod comparison;
mod daily;
mod economics;
mod health;
mod interaction;
mod lasting;
mod metric;
mod verdict;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Inputs;
use crate::time::{Day, Timestamp};

pub use comparison::{
    AlwaysValid, Bayes, Bound, Comparison, Cuped, Decision, Effect, Harm, IntentionToTreat, MethodCode,
    NotEstimableReason, Reading, RelativeEffect, RelativeSet, Shows, Stratified,
};
pub use daily::{DailyComparison, DailyReport, DailySequence};
pub use economics::{
    Advice, BreakEvenCost, EconomicsArm, EconomicsReport, EffectQuotient, Rollout, Takers, Whom,
};
pub use health::{Check, CheckCode, Health, Level, Srm};
pub use interaction::Interaction;
pub use lasting::{HalvesComparison, WeeklyComparison, WeeklyReport};
pub use metric::{Arm, ArmSoFar, MetricReport, SoFar, SurvivalDay};
pub use verdict::{Verdict, VerdictCode};

/// Everything there is to say about an experiment at one instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Report {
    /// The experiment's key.
    pub experiment: String,
    /// The version of the definition in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition_version: Option<u32>,
    /// The library that computed it.
    pub library_version: String,
    /// The instant it speaks of; absent where nothing waits for maturity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<Timestamp>,
    /// The position in the log that it includes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<u64>,
    /// What was read, where it came from a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<InputRows>,
    /// All first exposures by arm, crossed ones too.
    pub variants: Vec<VariantCount>,
    /// Whether the numbers can be trusted.
    pub health: Health,
    /// The metrics in the order of the definition.
    pub metrics: Vec<MetricReport>,
    /// How far the sample is, where the plan states a target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// Method `group_sequential`: the looks that were reached; `decision` speaks of the last one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub looks: Vec<LookReport>,
    /// The metrics again for each value of each dimension.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dimensions: Vec<DimensionReport>,
    /// What each variant's offer earns after its cost, where the definition says how.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub economics: Vec<EconomicsReport>,
    /// Whether effects differ between the values of a dimension.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interactions: Vec<Interaction>,
    /// What to do.
    pub verdict: Verdict,
    /// What all that was made from, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs: Option<Box<Inputs>>,
}

/// What was read from a file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct InputRows {
    /// Rows read, without the header.
    pub rows: u64,
    /// Customers found in the rows that were kept.
    pub customers: u64,
    /// Rows that repeat another one and count once.
    pub duplicates: u64,
    /// Rows left out, by reason.
    pub rejected: BTreeMap<String, u64>,
}

/// How many customers an arm has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VariantCount {
    /// The arm.
    pub variant: String,
    /// First exposures, crossed customers included.
    pub customers: u64,
}

/// A look at a group-sequential plan.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct LookReport {
    /// The share of the target at which it was planned; absent for the last look of an experiment that was stopped
    /// early.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<f64>,
    /// The share of the target that was reached.
    pub reached: f64,
    /// The end of the day on which it was reached; absent where nothing waits for maturity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// How far the sample is: the smallest arm's mature customers against the target, or the days of entry.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Progress {
    /// The target, where it is a number of customers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customers_per_arm: Option<u64>,
    /// The target, where it is a last day of entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Day>,
    /// The share of it that is reached, at most 1.
    pub reached: f64,
    /// Days until it is reached, if customers go on entering as in the last week; once nobody enters, until the last
    /// windows have ended. Absent where that can't be foreseen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days_to_go: Option<u32>,
}

/// The metrics among customers with one value of a dimension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DimensionReport {
    /// The attribute.
    pub dimension: String,
    /// Its value at first exposure; empty when it was missing.
    pub value: String,
    /// The metrics, p-values adjusted by Benjamini and Hochberg over values × variants.
    pub metrics: Vec<MetricReport>,
}
