//! What an experiment is: data only, valid by construction.
//!
//! [`Experiment::parse`] reads a document (JSON or YAML), reports every problem at once, each with the
//! path of its field and the mend, and gives an [`Experiment`] that needs no further checks.

mod experiment;
mod metric;
mod offer;
mod plan;
mod schedule;
mod variant;

pub use experiment::{AssignmentMode, Experiment};
pub use metric::{
    Cap, Covariate, Direction, MAX_METRICS, Measure, MeasureKind, Metric, MetricKind, Role, Window,
};
pub use offer::{Cost, CostBasis, Offer};
pub use plan::{Correction, Method, Plan, Sides, Target};
pub use schedule::{LifecycleStep, Status};
pub use variant::{MAX_VARIANTS, Variant};
