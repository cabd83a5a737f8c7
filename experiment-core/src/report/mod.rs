//! What to believe and what to do: exact sums and a plan → one [`Report`].
//!
//! The same types serve every consumer: library, JSON, CSV, terminal and page. Fields that do not
//! apply are absent, numbers keep full precision, and nothing is ever NaN.

mod adjusted;
mod aggregates;
mod analysis;
mod daily;
mod design;
mod economics;
mod family;
mod harm;
mod health;
mod inputs;
mod interaction;
mod judge;
pub mod kpi;
mod look;
mod metric;
mod posterior;
mod progress;
mod quantile;
mod reading;
mod rebuilding;
mod rule;
mod sequence;
mod strata;
mod sums;
mod survival;
mod types;
mod verdict;
mod weekly;

pub use aggregates::{Aggregates, Cells, Distribution, Distributions, Late};
pub use analysis::{report, verdict_of};
pub use design::{Design, EconomicsDesign, Estimand, MetricDesign, PhaseDesign, Stage, VariantDesign};
pub use inputs::{DecisionInputs, Inputs, InputsError};
pub(crate) use reading::{Pair, count, mean_of, pair_at, proportion_of};
pub use rebuilding::Rebuilding;
pub(crate) use strata::StratumPair;
pub use types::{
    Advice, AlwaysValid, Arm, ArmSoFar, Bayes, Bound, BreakEvenCost, Check, CheckCode, Comparison, Cuped,
    DailyComparison, DailyReport, DailySequence, Decision, DimensionReport, EconomicsArm, EconomicsReport,
    Effect, EffectQuotient, HalvesComparison, Harm, Health, InputRows, IntentionToTreat, Interaction, Level,
    LookReport, MethodCode, MetricReport, NotEstimableReason, Progress, Reading, RelativeEffect, RelativeSet,
    Report, Rollout, Shows, SoFar, Srm, Stratified, SurvivalDay, Takers, VariantCount, Verdict, VerdictCode,
    WeeklyComparison, WeeklyReport, Whom,
};

/// Rounds of analysis differ only where the library does: every report says which one made it.
pub const LIBRARY_VERSION: &str = env!("CARGO_PKG_VERSION");
