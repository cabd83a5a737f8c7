//! The experiments there are: definitions, versions, life cycles, and what they share.

use std::collections::BTreeMap;
use std::sync::Arc;

use experiment_core::assignment::{CompileError, CompiledExperiment, Draw, Placement, Snapshot};
use experiment_core::definition::{self, Experiment, LayerRange, LifecycleStep, Status};
use experiment_core::time::{Day, Timestamp};
use serde_json::Value;
use xxhash_rust::xxh3::xxh3_64;

use super::catalog_record::{CatalogRecord, DefinitionRecord, LifecycleRecord};
use super::error::StoreError;
use super::record::Record;

/// Most experiments in one store, archived ones included.
pub const MAX_EXPERIMENTS: usize = 10_000;

/// All experiments at one instant, immutable.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    experiments: BTreeMap<String, Arc<Entry>>,
    shared: SharedCatalog,
    snapshot: Arc<Snapshot>,
}

/// What experiments share: segments, layers, groups.
#[derive(Debug, Clone, Default)]
pub struct SharedCatalog {
    /// 1 for the first version, 0 before there is one.
    pub version: u32,
    /// When this version came.
    pub received_at: Option<Timestamp>,
    /// It, groups included.
    pub catalog: Arc<definition::Catalog>,
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
    /// Every step of its life, the first one first.
    pub steps: Vec<Step>,
    /// Where it stands.
    pub status: Status,
    /// When it was started.
    pub started_at: Option<Timestamp>,
    /// When it was stopped.
    pub stopped_at: Option<Timestamp>,
    /// The winner's index, once concluded.
    pub winner: Option<usize>,
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
    /// How many customers were on its override lists.
    pub override_count: u32,
    /// Which hashes get which variant, and its part of its layer.
    pub placement: Placement,
    /// The draw by this version.
    pub(super) draw: Draw,
}

/// A step that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub step: LifecycleStep,
    /// When.
    pub received_at: Timestamp,
    /// Its place in the log.
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

    /// What experiments share.
    #[must_use]
    pub fn shared(&self) -> &SharedCatalog {
        &self.shared
    }

    /// Every experiment compiled for assignment, overrides included.
    #[must_use]
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// Takes in a definition or life-cycle fact; says which experiment changed. [`Catalog::compile`] it
    /// afterwards if assignment shall see the change. What experiments share is read by
    /// [`Catalog::set_groups`], since it says nothing without its groups.
    pub(super) fn apply(
        &mut self,
        sequence: u64,
        record: &Record<'_>,
    ) -> Result<Option<&Arc<Entry>>, StoreError> {
        match record {
            Record::Definition(record) => self.define(sequence, record).map(Some),
            Record::Lifecycle(record) => self.step(sequence, record).map(Some),
            Record::Catalog(record) => self.share(record).map(|()| None),
            Record::Exposure(_) | Record::Event(_) | Record::Erased(_) | Record::Erasure(_) => Ok(None),
        }
    }

    fn define(&mut self, sequence: u64, record: &DefinitionRecord<'_>) -> Result<&Arc<Entry>, StoreError> {
        let damaged = |detail: String| StoreError::Corrupt {
            what: format!("version {} of the definition {:?}", record.version, record.key),
            detail,
        };
        let document = serde_json::from_str(record.document).map_err(|error| damaged(error.to_string()))?;
        let experiment = Experiment::parse(document).map_err(|error| damaged(error.to_string()))?;
        let experiment = Arc::new(experiment);
        let placement: Placement =
            serde_json::from_str(record.placement).map_err(|error| damaged(error.to_string()))?;
        let version = Arc::new(Version {
            number: record.version,
            hash: experiment.version_hash(),
            received_at: record.received_at,
            sequence,
            override_count: record.override_count,
            draw: Draw::new(&experiment, placement.allocation.clone()),
            placement,
            experiment,
        });
        // Lossless: MAX_EXPERIMENTS bounds it.
        let number = self.experiments.len() as u32;
        let entry = self.experiments.entry(record.key.to_owned()).or_insert_with(|| {
            Arc::new(Entry {
                number,
                key: record.key.to_owned(),
                versions: Vec::new(),
                steps: Vec::new(),
                status: Status::Draft,
                started_at: None,
                stopped_at: None,
                winner: None,
                overrides: Arc::default(),
            })
        });
        Arc::make_mut(entry).versions.push(version);
        Ok(entry)
    }

    fn step(&mut self, sequence: u64, record: &LifecycleRecord) -> Result<&Arc<Entry>, StoreError> {
        let damaged = |detail: String| StoreError::Corrupt {
            what: format!("the life cycle of {:?}", record.key),
            detail,
        };
        let entry = self.experiments.get_mut(&record.key);
        let entry = entry.ok_or_else(|| damaged("it has no definition".to_owned()))?;
        let changed = Arc::make_mut(entry);
        changed.status = changed.status.after(&record.step).map_err(|error| damaged(error.to_string()))?;
        let at = record.received_at;
        match &record.step {
            LifecycleStep::Start => changed.started_at = Some(at),
            LifecycleStep::Stop => changed.stopped_at = Some(at),
            LifecycleStep::Conclude { variant } => {
                changed.winner = changed.current().experiment.variant_index(variant);
            }
            LifecycleStep::Archive => {}
        }
        changed.steps.push(Step { step: record.step.clone(), received_at: at, sequence });
        Ok(entry)
    }

    fn share(&mut self, record: &CatalogRecord<'_>) -> Result<(), StoreError> {
        let document = serde_json::from_str(record.document)
            .map_err(|error| damaged_catalog(record.version, &error.to_string()))?;
        let mut catalog = definition::Catalog::default();
        catalog.document = document;
        self.shared = SharedCatalog {
            version: record.version,
            received_at: Some(record.received_at),
            catalog: Arc::new(catalog),
        };
        Ok(())
    }

    /// Takes over what experiments share from whoever has read it; the version stays.
    pub(super) fn set_shared(&mut self, catalog: definition::Catalog) {
        self.shared.catalog = Arc::new(catalog);
    }

    /// Reads what experiments share, with these groups.
    pub(super) fn set_groups(&mut self, groups: BTreeMap<String, Vec<Value>>) -> Result<(), StoreError> {
        let SharedCatalog { version, catalog, .. } = &self.shared;
        let parsed = definition::Catalog::parse_with_groups(catalog.document.clone(), &groups);
        let parsed = parsed.map_err(|error| damaged_catalog(*version, &error.to_string()))?;
        self.shared.catalog = Arc::new(parsed);
        Ok(())
    }

    /// Puts other override lists in place of an experiment's.
    pub(super) fn set_overrides(&mut self, key: &str, overrides: BTreeMap<String, usize>) {
        if let Some(entry) = self.experiments.get_mut(key) {
            Arc::make_mut(entry).overrides = Arc::new(overrides);
        }
    }

    /// Compiles one experiment anew for assignment.
    pub(super) fn compile(&mut self, key: &str) -> Result<(), StoreError> {
        let Some(entry) = self.experiments.get(key) else { return Ok(()) };
        let compiled = compiled(entry, &self.shared.catalog).map_err(|error| broken(&error))?;
        // The later of two with one key counts.
        let all = self.snapshot.shared().cloned().chain([compiled]);
        self.snapshot = Arc::new(Snapshot::linked(all).map_err(|error| broken(&error))?);
        Ok(())
    }

    /// Compiles all experiments for assignment.
    pub(super) fn compile_all(&mut self) -> Result<(), StoreError> {
        let all = self.experiments.values().map(|entry| compiled(entry, &self.shared.catalog));
        let all = all.collect::<Result<Vec<_>, _>>();
        let snapshot = all.and_then(Snapshot::linked).map_err(|error| broken(&error))?;
        self.snapshot = Arc::new(snapshot);
        Ok(())
    }
}

fn compiled(entry: &Entry, shared: &definition::Catalog) -> Result<Arc<CompiledExperiment>, CompileError> {
    let version = entry.current();
    let mut experiment = Experiment::clone(&version.experiment);
    experiment.overrides = BTreeMap::clone(&entry.overrides);
    if entry.status == Status::Archived {
        // It answers nobody, so what it names may be gone.
        (experiment.audience, experiment.layer) = (None, None);
        experiment.requires.clear();
    }
    CompiledExperiment::in_catalog(
        Arc::new(experiment),
        entry.status,
        version.number,
        entry.winner,
        &version.placement,
        shared,
    )
    .map(Arc::new)
}

fn broken(error: &CompileError) -> StoreError {
    StoreError::Corrupt { what: "the catalog".to_owned(), detail: error.to_string() }
}

fn damaged_catalog(version: u32, detail: &str) -> StoreError {
    let what = format!("version {version} of the catalog");
    StoreError::Corrupt { what, detail: detail.to_owned() }
}

impl SharedCatalog {
    /// What names it as it stands: the hash of its document, and with groups the hash of that and of them.
    #[must_use]
    pub fn tag(&self) -> u64 {
        let hash = self.catalog.version_hash();
        if self.catalog.groups.is_empty() {
            return hash;
        }
        let mut bytes = hash.to_le_bytes().to_vec();
        for (name, values) in &self.catalog.groups {
            bytes.extend((name.len() as u64).to_le_bytes());
            bytes.extend(name.as_bytes());
            let values = serde_json::Value::from(values.as_slice()).to_string();
            bytes.extend((values.len() as u64).to_le_bytes());
            bytes.extend(values.as_bytes());
        }
        xxh3_64(&bytes)
    }
}

impl Entry {
    /// What names the definition as it stands: the hash of its version, and with override lists the hash of
    /// that and of who is on them.
    #[must_use]
    pub fn tag(&self) -> u64 {
        let hash = self.current().hash;
        if self.overrides.is_empty() {
            return hash;
        }
        let mut bytes = hash.to_le_bytes().to_vec();
        for (customer, variant) in self.overrides.iter() {
            bytes.extend((customer.len() as u64).to_le_bytes());
            bytes.extend(customer.as_bytes());
            bytes.extend((*variant as u64).to_le_bytes());
        }
        xxh3_64(&bytes)
    }

    /// Its part of a layer, and the layer's key. Those that nobody enters any more have left theirs.
    #[must_use]
    pub fn part_of_layer(&self) -> Option<(&str, &[LayerRange])> {
        let current = self.current();
        let claim = current.experiment.layer.as_ref()?;
        let holds = matches!(self.status, Status::Draft | Status::Running);
        holds.then_some((claim.layer.as_str(), current.placement.layer.as_slice()))
    }

    /// When it was concluded.
    #[must_use]
    pub fn concluded_at(&self) -> Option<Timestamp> {
        let concluded = self.steps.iter().find(|step| matches!(step.step, LifecycleStep::Conclude { .. }));
        concluded.map(|step| step.received_at)
    }

    /// The version in force.
    #[must_use]
    pub fn current(&self) -> &Arc<Version> {
        // Never empty: every entry is made together with its first version.
        &self.versions[self.versions.len() - 1]
    }

    /// The version in force for a fact at `sequence` that happened at `at`: the latest one that came
    /// before both, else the first.
    pub(super) fn in_force(&self, at: Timestamp, sequence: u64) -> &Version {
        let came = |version: &&Arc<Version>| version.sequence < sequence && version.received_at <= at;
        self.versions.iter().rev().find(came).unwrap_or(&self.versions[0])
    }

    /// The version in force after the facts `0..position`, of those received by the end of `as_of`.
    pub(super) fn version_at(&self, position: u64, as_of: Option<Day>) -> Option<&Arc<Version>> {
        let known =
            |version: &&Arc<Version>| is_known(version.sequence, version.received_at, position, as_of);
        self.versions.iter().rev().find(known)
    }

    /// Whether nobody could enter any more after the facts `0..position`, of those received by the end
    /// of `as_of`.
    pub(super) fn is_over_at(&self, position: u64, as_of: Option<Day>) -> bool {
        let known = |step: &&Step| is_known(step.sequence, step.received_at, position, as_of);
        let last = self.steps.iter().rev().find(known);
        last.is_some_and(|step| step.step != LifecycleStep::Start)
    }
}

fn is_known(sequence: u64, received_at: Timestamp, position: u64, as_of: Option<Day>) -> bool {
    sequence < position && as_of.is_none_or(|day| received_at.day() <= day)
}
