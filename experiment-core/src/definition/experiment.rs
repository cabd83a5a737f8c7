//! An experiment, valid by construction.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Metric, Plan, Variant};
use crate::decimal::Decimal;

/// Who draws the arms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssignmentMode {
    /// We do; an exposure that differs from our draw is counted and kept.
    Server,
    /// Somebody else does; `assign` answers "external" and exposures are taken as they come.
    External,
    /// We do; an exposure that differs from our draw is left out of the analysis.
    Strict,
}

/// One definition of an experiment. Made only by parsing, so whoever holds one may rely on it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Experiment {
    /// Its name everywhere; matches `[A-Za-z0-9._-]{1,128}`.
    pub key: String,
    /// What is believed, in the owner's words.
    pub hypothesis: Option<String>,
    /// Share of the eligible customers that enter, in 0..=1.
    pub traffic: Decimal,
    /// What the hash is salted with; the key unless said otherwise.
    pub salt: String,
    /// Who draws the arms.
    pub assignment: AssignmentMode,
    /// The arms in the order written; at least two.
    pub variants: Vec<Variant>,
    /// Index of the control in `variants`.
    pub control: usize,
    /// QA customers and the variant (by index) that each of them always sees; never analysed.
    /// Not part of the version: see [`Experiment::document`].
    pub overrides: BTreeMap<String, usize>,
    /// Attributes, read at first exposure, by which results are sliced.
    pub dimensions: Vec<String>,
    /// What is measured, in the order written.
    pub metrics: Vec<Metric>,
    /// How it is analysed and decided.
    pub plan: Plan,
    /// The document as written, as JSON, without the overrides: what a version stores and hashes.
    pub document: Value,
}

impl Experiment {
    /// The index of the variant with this key.
    #[must_use]
    pub fn variant_index(&self, key: &str) -> Option<usize> {
        self.variants.iter().position(|variant| variant.key == key)
    }
}
