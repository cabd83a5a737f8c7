//! All experiments at one instant, compiled: what the hot path reads.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::prerequisite::Prerequisite;
use super::{CompileError, CompiledExperiment};
use crate::definition::{Catalog, Experiment, Status};

/// Most experiments in a chain in which each requires the next.
pub const MAX_PREREQUISITE_DEPTH: usize = 16;

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
    experiments: Vec<Arc<CompiledExperiment>>,
    by_key: HashMap<Box<str>, Arc<CompiledExperiment>, BuildHasherDefault<KeyHasher>>,
}

impl Snapshot {
    /// Compiles experiments that share nothing, each with its status, version and winner (see
    /// [`CompiledExperiment::new`]). Of several with one key the last counts.
    ///
    /// # Errors
    /// [`CompileError`] for the first experiment that cannot be compiled.
    pub fn new(
        experiments: &[(Arc<Experiment>, Status, u32, Option<usize>)],
    ) -> Result<Snapshot, CompileError> {
        Snapshot::in_catalog(experiments, &Catalog::default())
    }

    /// As [`Snapshot::new`], for experiments whose segments, groups and layers are those of a catalog.
    ///
    /// # Errors
    /// Likewise.
    pub fn in_catalog(
        experiments: &[(Arc<Experiment>, Status, u32, Option<usize>)],
        catalog: &Catalog,
    ) -> Result<Snapshot, CompileError> {
        let compile = |(experiment, status, version, winner): &(Arc<Experiment>, _, _, _)| {
            let placement = super::Placement::first(experiment, &[])
                .map_err(|source| CompileError::Placement { key: experiment.key.clone(), source })?;
            CompiledExperiment::in_catalog(
                Arc::clone(experiment),
                *status,
                *version,
                *winner,
                &placement,
                catalog,
            )
            .map(Arc::new)
        };
        Snapshot::linked(experiments.iter().map(compile).collect::<Result<Vec<_>, _>>()?)
    }

    /// From experiments compiled before, so that a change of one need not compile the others again. Of
    /// several with one key the last counts.
    ///
    /// # Errors
    /// [`CompileError`] when one requires another that is not there, or, by way of others, itself.
    pub fn linked(
        experiments: impl IntoIterator<Item = Arc<CompiledExperiment>>,
    ) -> Result<Snapshot, CompileError> {
        let unlinked: BTreeMap<String, Arc<CompiledExperiment>> =
            experiments.into_iter().map(|compiled| (compiled.experiment().key.clone(), compiled)).collect();
        let mut linker = Linker { unlinked: &unlinked, linked: BTreeMap::new(), path: Vec::new() };
        let experiments: Vec<_> = unlinked.keys().map(|key| linker.link(key)).collect::<Result<_, _>>()?;
        let by_key =
            unlinked.keys().map(|key| key.as_str().into()).zip(experiments.iter().cloned()).collect();
        Ok(Snapshot { experiments, by_key })
    }

    /// The experiment with this key.
    #[must_use]
    #[inline]
    pub fn get(&self, key: &str) -> Option<&CompiledExperiment> {
        self.by_key.get(key).map(AsRef::as_ref)
    }

    /// All experiments, sorted by key.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &CompiledExperiment> {
        self.experiments.iter().map(AsRef::as_ref)
    }

    /// The same as [`Snapshot::iter`], to be shared with another snapshot.
    pub fn shared(&self) -> impl ExactSizeIterator<Item = &Arc<CompiledExperiment>> {
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

/// Gives each experiment those that it requires, the required ones first.
struct Linker<'a> {
    unlinked: &'a BTreeMap<String, Arc<CompiledExperiment>>,
    linked: BTreeMap<&'a str, Arc<CompiledExperiment>>,
    /// The chain being followed.
    path: Vec<&'a str>,
}

impl<'a> Linker<'a> {
    fn link(&mut self, key: &'a str) -> Result<Arc<CompiledExperiment>, CompileError> {
        if let Some(linked) = self.linked.get(key) {
            return Ok(Arc::clone(linked));
        }
        let chain = |path: &[&str]| path.iter().chain([&key]).map(|key| (*key).to_owned()).collect();
        if let Some(start) = self.path.iter().position(|above| *above == key) {
            return Err(CompileError::RequiresItself { chain: chain(&self.path[start..]) });
        }
        if self.path.len() >= MAX_PREREQUISITE_DEPTH {
            return Err(CompileError::RequiresTooDeep { chain: chain(&self.path) });
        }
        let Some(compiled) = self.unlinked.get(key) else {
            let by = self.path.last().copied().unwrap_or_default().to_owned();
            return Err(CompileError::RequiresUnknown { key: by, required: key.to_owned() });
        };
        self.path.push(key);
        let mut prerequisites = Vec::new();
        for requirement in &compiled.experiment().requires {
            let experiment = self.link(&requirement.experiment)?;
            let variant = experiment.experiment().variant_index(&requirement.variant).ok_or_else(|| {
                CompileError::RequiresUnknownVariant {
                    key: key.to_owned(),
                    required: requirement.experiment.clone(),
                    variant: requirement.variant.clone(),
                }
            })?;
            prerequisites.push(Prerequisite { experiment, variant });
        }
        self.path.pop();
        let linked = if prerequisites.is_empty() {
            Arc::clone(compiled)
        } else {
            Arc::new(compiled.with_prerequisites(prerequisites))
        };
        self.linked.insert(key, Arc::clone(&linked));
        Ok(linked)
    }
}

impl<'a> IntoIterator for &'a Snapshot {
    type Item = &'a CompiledExperiment;
    type IntoIter = std::iter::Map<
        std::slice::Iter<'a, Arc<CompiledExperiment>>,
        fn(&'a Arc<CompiledExperiment>) -> &'a CompiledExperiment,
    >;

    fn into_iter(self) -> Self::IntoIter {
        self.experiments.iter().map(borrowed)
    }
}

fn borrowed(shared: &Arc<CompiledExperiment>) -> &CompiledExperiment {
    shared
}
