//! What the language knows but this version does not do yet: refused by name, never ignored.
//!
//! To support one of these, delete its name here and read it where its neighbours are read.

/// Fields of an experiment.
pub(super) const EXPERIMENT_FIELDS: &[&str] = &["holdout", "contact"];

/// Fields of the catalog.
pub(super) const CATALOG_FIELDS: &[&str] = &["holdouts"];
