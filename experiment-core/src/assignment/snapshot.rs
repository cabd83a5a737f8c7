//! All experiments at one instant, compiled: what the hot path reads.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::layer::Layers;
use super::link::link;
use super::{CompileError, CompiledExperiment};
use crate::definition::{Catalog, Experiment, LayerPart, Status};

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
    /// Those of them that are running.
    running: Vec<Arc<CompiledExperiment>>,
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

    /// As [`Snapshot::new`], for experiments whose segments, groups and layers are those of a catalog. Who
    /// asks for a share of a layer gets what the others leave, in their order.
    ///
    /// # Errors
    /// Likewise, and when a layer has no room or two state ranges that overlap.
    pub fn in_catalog(
        experiments: &[(Arc<Experiment>, Status, u32, Option<usize>)],
        catalog: &Catalog,
    ) -> Result<Snapshot, CompileError> {
        let mut layers = Layers::default();
        // Those that state their ranges first: the others take what they leave.
        let shares = |(experiment, ..): &&(Arc<Experiment>, _, _, _)| {
            experiment.layer.as_ref().is_some_and(|claim| matches!(claim.part, LayerPart::Share(_)))
        };
        let stated = experiments.iter().filter(|it| !shares(it));
        let compile = |(experiment, status, version, winner): &(Arc<Experiment>, _, _, _)| {
            let placement = layers.place(experiment, *status)?;
            let experiment = Arc::clone(experiment);
            CompiledExperiment::in_catalog(experiment, *status, *version, *winner, &placement, catalog)
                .map(Arc::new)
        };
        let compiled = stated.chain(experiments.iter().filter(shares)).map(compile);
        Snapshot::linked(compiled.collect::<Result<Vec<_>, _>>()?)
    }

    /// From experiments compiled before, so that a change of one need not compile the others again. Of
    /// several with one key the last counts.
    ///
    /// # Errors
    /// [`CompileError`] when one requires another that is not there, or, by way of others, itself.
    pub fn linked(
        experiments: impl IntoIterator<Item = Arc<CompiledExperiment>>,
    ) -> Result<Snapshot, CompileError> {
        let experiments: Vec<Arc<CompiledExperiment>> = experiments.into_iter().collect();
        let by_key = experiments.iter().map(|compiled| (compiled.experiment().key.as_str(), compiled));
        let experiments = link(&by_key.collect())?;
        let key = |compiled: &Arc<CompiledExperiment>| compiled.experiment().key.as_str().into();
        let by_key = experiments.iter().map(|compiled| (key(compiled), Arc::clone(compiled))).collect();
        let running = experiments.iter().filter(|compiled| compiled.status() == Status::Running);
        Ok(Snapshot { running: running.cloned().collect(), experiments, by_key })
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

    /// Those that are running, sorted by key.
    pub fn running(&self) -> impl ExactSizeIterator<Item = &CompiledExperiment> {
        self.running.iter().map(AsRef::as_ref)
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
