//! The experiments there are: definitions, versions, life cycles.

use std::collections::BTreeMap;
use std::sync::Arc;

use experiment_core::definition::{Experiment, Status};
use experiment_core::time::Timestamp;

/// All experiments at one instant, immutable.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    experiments: BTreeMap<String, Arc<Entry>>,
}

/// One experiment.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its number in the store, in the order of creation.
    pub number: u32,
    /// Its key.
    pub key: String,
    /// Every version of its definition, the first one first; never empty.
    pub versions: Vec<Arc<Version>>,
    /// Where it stands.
    pub status: Status,
    /// When it was started.
    pub started_at: Option<Timestamp>,
    /// When it was stopped.
    pub stopped_at: Option<Timestamp>,
    /// When it was concluded.
    pub concluded_at: Option<Timestamp>,
    /// When it was archived.
    pub archived_at: Option<Timestamp>,
    /// The winner's key, once concluded.
    pub winner: Option<String>,
    /// QA customers and the variant (by index) that each of them sees.
    pub overrides: Arc<BTreeMap<String, usize>>,
}

/// One version of a definition.
#[derive(Debug, Clone)]
pub struct Version {
    /// 1 for the first.
    pub number: u32,
    /// [`Experiment::version_hash`].
    pub hash: u64,
    /// When it came; never before that of the fact before it.
    pub received_at: Timestamp,
    /// Its place in the log.
    pub sequence: u64,
    /// The definition; its own `overrides` are empty, see [`Entry::overrides`].
    pub experiment: Arc<Experiment>,
}

/// What the caller takes the present definition to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// There is none, or the same: create it.
    New,
    /// The one with this version hash: replace it.
    Hash(u64),
    /// Whatever there is: create or replace.
    Any,
}

/// What became of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Defined {
    /// The version in force.
    pub version: u32,
    /// Its hash.
    pub hash: u64,
    /// What was done.
    pub change: Change,
    /// How many facts the log has: wait for this to see the change folded.
    pub sequence: u64,
}

/// What a change of the catalog did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The experiment is new.
    Created,
    /// It was changed.
    Updated,
    /// It was so already.
    Unchanged,
}

/// What became of a step of the life cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stepped {
    /// The status now.
    pub status: Status,
    /// What was done.
    pub change: Change,
    /// How many facts the log has.
    pub sequence: u64,
}

impl Catalog {
    /// The experiment with this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Arc<Entry>> {
        self.experiments.get(key)
    }

    /// All experiments in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.experiments.values()
    }
}

impl Entry {
    /// The version in force.
    #[must_use]
    pub fn current(&self) -> &Arc<Version> {
        // Never empty: an entry is made from its first version.
        &self.versions[self.versions.len() - 1]
    }
}
