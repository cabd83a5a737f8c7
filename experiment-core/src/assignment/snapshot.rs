//! All experiments at one instant, compiled: what the hot path reads.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::{Allocation, AllocationError, HashPrefix, Purpose, Share};
use crate::definition::{AssignmentMode, Experiment, Status};

/// Why an experiment cannot be compiled; never for one that was parsed, with a winner of its own.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// Its weights cannot be divided.
    #[error("experiment {key}: {source}")]
    Weights {
        /// The experiment.
        key: String,
        /// What is wrong with them.
        source: AllocationError,
    },
    /// Concluded experiments serve a winner, and this is none of its variants.
    #[error("experiment {key} is concluded, and {winner:?} is not the index of one of its variants")]
    Winner {
        /// The experiment.
        key: String,
        /// What was given.
        winner: Option<usize>,
    },
}

/// An experiment with everything worked out that does not depend on the customer.
#[derive(Debug, Clone)]
pub struct CompiledExperiment {
    experiment: Arc<Experiment>,
    status: Status,
    version: u32,
    winner: Option<usize>,
    /// What most decisions read of the definition, kept here so that they need not go there.
    variants: usize,
    has_overrides: bool,
    is_external: bool,
    traffic: Share,
    allocation: Allocation,
    traffic_prefix: HashPrefix,
    variant_prefix: HashPrefix,
}

impl CompiledExperiment {
    /// Compiles `version` of an experiment. `winner` is the index of the variant it was concluded with,
    /// and is needed only then.
    ///
    /// # Errors
    /// [`CompileError`] for weights that parsing would refuse, and for a concluded experiment without a
    /// winner among its variants.
    pub fn new(
        experiment: Arc<Experiment>,
        status: Status,
        version: u32,
        winner: Option<usize>,
    ) -> Result<CompiledExperiment, CompileError> {
        let exists = |variant: usize| variant < experiment.variants.len();
        if status == Status::Concluded && !winner.is_some_and(exists) {
            return Err(CompileError::Winner { key: experiment.key.clone(), winner });
        }
        let weights: Vec<_> = experiment.variants.iter().map(|variant| variant.weight).collect();
        let allocation = Allocation::from_weights(&weights)
            .map_err(|source| CompileError::Weights { key: experiment.key.clone(), source })?;
        Ok(CompiledExperiment {
            status,
            version,
            winner,
            variants: experiment.variants.len(),
            has_overrides: !experiment.overrides.is_empty(),
            is_external: experiment.assignment == AssignmentMode::External,
            traffic: Share::of(experiment.traffic),
            allocation,
            traffic_prefix: HashPrefix::new(&experiment.salt, Purpose::Traffic),
            variant_prefix: HashPrefix::new(&experiment.salt, Purpose::Variant),
            experiment,
        })
    }

    /// The definition.
    #[must_use]
    pub fn experiment(&self) -> &Arc<Experiment> {
        &self.experiment
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    /// Which version of the definition this is, counted from 1.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The index of the variant it was concluded with.
    #[must_use]
    pub fn winner(&self) -> Option<usize> {
        self.winner
    }

    /// How many variants there are.
    pub(super) fn variant_count(&self) -> usize {
        self.variants
    }

    /// The index of the variant on whose override list the customer is.
    pub(super) fn overridden(&self, customer_id: &str) -> Option<usize> {
        if self.has_overrides { self.experiment.overrides.get(customer_id).copied() } else { None }
    }

    /// Whether somebody else draws the arms.
    pub(super) fn is_external(&self) -> bool {
        self.is_external
    }

    /// The share of the eligible that enters.
    #[must_use]
    pub fn traffic(&self) -> Share {
        self.traffic
    }

    /// Which hashes get which variant.
    #[must_use]
    pub fn allocation(&self) -> &Allocation {
        &self.allocation
    }

    /// Where the customer falls for the draw of the traffic.
    #[must_use]
    pub fn traffic_hash(&self, customer_id: &str) -> u64 {
        self.traffic_prefix.hash(customer_id)
    }

    /// Where the customer falls for the draw of the variant.
    #[must_use]
    pub fn variant_hash(&self, customer_id: &str) -> u64 {
        self.variant_prefix.hash(customer_id)
    }
}

/// Hashes experiment keys. The default hasher resists keys chosen to collide and takes as long as a whole
/// assignment; here only whoever defines experiments adds keys.
#[derive(Debug, Clone, Copy, Default)]
struct KeyHasher(u64);

impl Hasher for KeyHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = xxh3_64_with_seed(bytes, self.0);
    }

    /// The end mark of a text, which needs no mixing.
    fn write_u8(&mut self, byte: u8) {
        self.0 ^= u64::from(byte);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// All experiments at one instant. Immutable: a request uses one snapshot throughout.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    /// Sorted by key.
    experiments: Vec<CompiledExperiment>,
    by_key: HashMap<String, usize, BuildHasherDefault<KeyHasher>>,
}

impl Snapshot {
    /// Compiles experiments, each with its status, version and winner (see [`CompiledExperiment::new`]).
    /// Of several with one key the last counts.
    ///
    /// # Errors
    /// [`CompileError`] for the first experiment that cannot be compiled.
    pub fn new(
        experiments: &[(Arc<Experiment>, Status, u32, Option<usize>)],
    ) -> Result<Snapshot, CompileError> {
        let compile = |(experiment, status, version, winner): &(Arc<Experiment>, _, _, _)| {
            CompiledExperiment::new(Arc::clone(experiment), *status, *version, *winner)
        };
        Ok(experiments.iter().map(compile).collect::<Result<Vec<_>, _>>()?.into_iter().collect())
    }

    /// The experiment with this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&CompiledExperiment> {
        self.by_key.get(key).and_then(|index| self.experiments.get(*index))
    }

    /// All experiments, sorted by key.
    pub fn iter(&self) -> std::slice::Iter<'_, CompiledExperiment> {
        self.experiments.iter()
    }

    /// How many experiments there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.experiments.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.experiments.is_empty()
    }
}

/// From experiments compiled before, so that a change of one need not compile the others again.
impl FromIterator<CompiledExperiment> for Snapshot {
    fn from_iter<I: IntoIterator<Item = CompiledExperiment>>(experiments: I) -> Snapshot {
        let sorted: BTreeMap<String, CompiledExperiment> =
            experiments.into_iter().map(|compiled| (compiled.experiment.key.clone(), compiled)).collect();
        let by_key = sorted.keys().enumerate().map(|(index, key)| (key.clone(), index)).collect();
        Snapshot { experiments: sorted.into_values().collect(), by_key }
    }
}

impl<'a> IntoIterator for &'a Snapshot {
    type Item = &'a CompiledExperiment;
    type IntoIter = std::slice::Iter<'a, CompiledExperiment>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
