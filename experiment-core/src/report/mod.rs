//! What to believe and what to do: exact sums and a plan → one [`Report`].
//!
//! The same types serve every consumer: library, JSON, CSV, terminal and page. Fields that do not
//! apply are absent, numbers keep full precision, and nothing is ever NaN.

mod aggregates;
mod analysis;
mod design;
mod family;
mod health;
pub mod kpi;
mod metric;
mod reading;
mod sums;
mod types;
mod verdict;

pub use aggregates::{Aggregates, Cells};
pub use analysis::{is_complete, report};
pub use design::{Design, Estimand, MetricDesign, Stage, VariantDesign};
pub(crate) use reading::{Pair, count, mean_of, pair_of, proportion_of};
pub use types::{
    Arm, ArmSoFar, Bound, Check, CheckCode, Comparison, Cuped, Decision, DimensionReport, Effect, Health,
    InputRows, Level, MethodCode, MetricReport, NotEstimableReason, Reading, RelativeEffect, RelativeSet,
    Report, SoFar, Srm, VariantCount, Verdict, VerdictCode,
};

/// Rounds of analysis differ only where the library does: every report says which one made it.
pub const LIBRARY_VERSION: &str = env!("CARGO_PKG_VERSION");
