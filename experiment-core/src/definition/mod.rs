//! What an experiment is: data only, valid by construction.
//!
//! [`read_document`] turns JSON or YAML into a document. [`Experiment::parse`] reads that, reports every
//! problem at once, each with the path of its field and the mend, and gives an [`Experiment`] that needs no
//! further checks.
//!
//! A new field touches its type, the parse function beside it (copy the neighbour's line), `change.rs`
//! (may it change while running?), `definition.schema.json` and `docs/definition.md`.

mod audience;
mod bucket;
mod catalog;
mod change;
mod dimension;
mod document;
mod economics;
mod experiment;
mod hash;
mod layer;
mod measure;
mod metric;
mod name;
mod offer;
mod parse_measure;
mod parse_metric;
mod parse_plan;
mod plan;
mod problem;
mod reader;
mod requirement;
mod schedule;
mod unsupported;
mod variant;

/// What definitions and catalogs look like, as JSON Schema 2020-12: `$defs/Definition` and `$defs/CatalogDefinition`.
///
/// It says what can be said without looking from one field to another. [`Experiment::parse`] and [`Catalog::parse`]
/// check the rest, and take a field that is null for one that is not there.
pub const DOCUMENT_SCHEMA: &str = include_str!("definition.schema.json");

pub use audience::Audience;
pub use bucket::BucketRange;
pub use catalog::{Catalog, Layer, MAX_GROUP_VALUES, MAX_GROUPS, MAX_LAYERS, MAX_SEGMENTS};
pub use change::allowed_while_running;
pub use dimension::Dimension;
pub use document::{DocumentError, MAX_DOCUMENT_BYTES, MAX_DOCUMENT_DEPTH, read_document};
pub use economics::{Economics, Gross};
pub use experiment::{AssignmentMode, Experiment, Expose, MAX_DIMENSIONS, MAX_OVERRIDES, MAX_SLOTS};
pub use hash::{GrowthBookFilter, GrowthBookHash, HashFunction};
pub use layer::{LayerClaim, LayerPart, LayerRange, free_ranges};
pub use measure::{Cap, Discount, Factor, MAX_FACTOR_DIGITS, Measure, MeasureKind, Term};
pub use metric::{
    Churn, Covariate, Direction, MAX_COVARIATES, MAX_METRICS, Metric, MetricKind, Role, Window,
};
pub use name::{
    MAX_CUSTOMER_ID_BYTES, MAX_NAME_BYTES, NameError, check_customer_id, check_event_name, check_key,
};
pub use offer::{Cost, CostBasis, Offer};
pub use plan::{BetaShape, Correction, Method, Plan, Prior, Ship, Sides, Spending, Target};
pub use problem::InvalidDefinition;

pub use crate::problem::Problem;
pub use requirement::Requirement;
pub use schedule::{LifecycleError, LifecycleStep, Status};
pub use variant::{MAX_VARIANTS, Variant};
