//! How an experiment is analysed and decided, frozen at start.

use crate::time::Day;

/// The plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The statistical method that decides.
    pub method: Method,
    /// Chance of a false positive that is accepted, in (0, 0.5].
    pub alpha: f64,
    /// One- or two-sided.
    pub sides: Sides,
    /// How p-values are adjusted over primaries × variants.
    pub correction: Correction,
    /// When the sample is complete.
    pub target: Option<Target>,
    /// Fewest days before a decision.
    pub min_days: u32,
    /// Whether a metric with a covariate is decided on its CUPED reading.
    pub cuped: bool,
}

/// The statistical method that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Decides once, when the mature sample reaches the target.
    Fixed,
}

/// One- or two-sided tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sides {
    /// The variant is better, in the metric's good direction.
    One,
    /// The variant differs.
    Two,
}

/// How p-values are adjusted for many comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Correction {
    /// Not at all.
    None,
    /// Family-wise: p × m.
    Bonferroni,
    /// Family-wise, step-down; never weaker than Bonferroni.
    Holm,
    /// False discovery rate.
    BenjaminiHochberg,
}

/// When the sample is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// Every arm has this many mature customers.
    CustomersPerArm(u64),
    /// The cohort of this day is mature.
    End(Day),
}
