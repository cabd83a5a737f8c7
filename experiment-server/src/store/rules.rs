//! What the folder needs to know of each experiment, compiled.

use std::borrow::Borrow;
use std::collections::HashMap;

use experiment_core::definition::{self, AssignmentMode, MAX_SLOTS, Status};
use experiment_core::measure::{EventName, EventNames, MAX_DIMENSION_VALUES, Tracked, tracked};
use experiment_core::time::Day;
use serde_json::{Map, Value};

use super::backfill::{Coverage, Redefinition};
use super::catalog::{Catalog, Entry};
use super::error::StoreError;
use super::fast_hash::BuildMixing;
use super::metric_hash::tracked_hash;
use super::record::{ExposureRecord, Record};

/// A longer value of a dimension is cut here.
pub(super) const MAX_DIMENSION_VALUE_BYTES: usize = 256;
/// Stands for a value of a dimension that has more than are kept.
pub(super) const UNNUMBERED: u16 = u16::MAX;

/// All experiments as of the folder's position.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pub(super) catalog: Catalog,
    /// By number.
    pub(super) experiments: Vec<ExperimentRules>,
    pub(super) names: EventNames,
}

/// One experiment.
#[derive(Debug)]
pub(super) struct ExperimentRules {
    pub(super) mode: AssignmentMode,
    pub(super) dimensions: Vec<Dimension>,
    pub(super) metrics: Vec<MetricRules>,
    /// Event name → the metrics (by index) that read it.
    readers: HashMap<EventName, Vec<u16>, BuildMixing>,
}

/// What sums are sliced by: one of [`Experiment::slots`](definition::Experiment::slots).
#[derive(Debug)]
pub(super) struct Dimension {
    /// One, or several whose values are taken together.
    sources: Vec<definition::Dimension>,
    numbers: HashMap<String, u16>,
    /// By number.
    pub(super) values: Vec<String>,
    /// The day on which there were more values than are sliced by: no sums are kept from it on.
    pub(super) dropped_on: Option<Day>,
}

/// A metric, or something that follows from metrics.
#[derive(Debug)]
pub(super) struct MetricRules {
    pub(super) hash: u64,
    pub(super) tracked: Tracked,
    /// Its sums left 128 bits: none are kept any more.
    pub(super) failed: bool,
    /// Who is in its sums.
    pub(super) coverage: Coverage,
}

impl MetricRules {
    /// Whether a customer before or `behind` the backfill's cursor is in its sums.
    #[inline]
    pub(super) fn counts_customer(&self, behind: bool) -> bool {
        let covered = match self.coverage {
            Coverage::Everybody => true,
            Coverage::Behind => behind,
            Coverage::Nobody => false,
        };
        covered && !self.failed
    }
}

/// A dimension's value that was not seen before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewValue {
    pub(super) experiment: u32,
    pub(super) dimension: u16,
    pub(super) number: u16,
    pub(super) received: Day,
    pub(super) value: String,
    /// It was one too many.
    pub(super) drops: bool,
}

impl Rules {
    /// Takes in a definition or life-cycle fact; says which metrics came and went.
    pub(super) fn apply(&mut self, sequence: u64, record: &Record<'_>) -> Result<Redefinition, StoreError> {
        let nothing = Redefinition::default();
        let Some(entry) = self.catalog.apply(sequence, record)? else { return Ok(nothing) };
        let Record::Definition(_) = record else { return Ok(nothing) };
        let number = entry.number;
        let rules = ExperimentRules::compile(entry, &mut self.names);
        let Some(known) = self.experiments.get_mut(number as usize) else {
            self.experiments.push(rules);
            return Ok(nothing);
        };
        // Nobody is exposed before the start.
        let has_customers = entry.status != Status::Draft;
        let (added, removed) = known.replace(rules, has_customers);
        Ok(Redefinition { experiment: number, added, removed })
    }

    /// The experiment with this number.
    pub(super) fn experiment(&self, number: u32) -> Result<&ExperimentRules, StoreError> {
        self.experiments.get(number as usize).ok_or_else(|| unknown(number))
    }

    /// As [`Rules::experiment`], to change.
    pub(super) fn experiment_mut(&mut self, number: u32) -> Result<&mut ExperimentRules, StoreError> {
        self.experiments.get_mut(number as usize).ok_or_else(|| unknown(number))
    }
}

fn unknown(number: u32) -> StoreError {
    let detail = format!("it speaks of experiment {number}, which has no definition");
    StoreError::Corrupt { what: "the state".to_owned(), detail }
}

impl ExperimentRules {
    fn compile(entry: &Entry, names: &mut EventNames) -> ExperimentRules {
        let experiment = &entry.current().experiment;
        let mut metrics: Vec<MetricRules> = Vec::new();
        let mut readers: HashMap<EventName, Vec<u16>, BuildMixing> = HashMap::default();
        for tracked in tracked(experiment, names) {
            let hash = tracked_hash(experiment, tracked.purpose);
            // Metrics that count the same share their sums.
            if metrics.iter().any(|known| known.hash == hash) {
                continue;
            }
            for event in tracked.rules().iter().flat_map(|rule| rule.events()) {
                let readers = readers.entry(event).or_default();
                // Lossless: MAX_TRACKED bounds it.
                let index = metrics.len() as u16;
                if readers.last() != Some(&index) {
                    readers.push(index);
                }
            }
            metrics.push(MetricRules { hash, tracked, failed: false, coverage: Coverage::Everybody });
        }
        let slots = experiment.slots().into_iter();
        let dimensions = slots.map(|slot| Dimension::new(slot.into_iter().cloned().collect())).collect();
        ExperimentRules { mode: experiment.assignment, dimensions, metrics, readers }
    }

    /// Keeps what was learned about dimensions and metrics that stay. Gives the hashes of the metrics that
    /// must be counted for customers who are there already, and of those that went.
    fn replace(&mut self, mut rules: ExperimentRules, has_customers: bool) -> (Vec<u64>, Vec<u64>) {
        let sources = |dimensions: &[Dimension]| -> Vec<Vec<definition::Dimension>> {
            dimensions.iter().map(|dimension| dimension.sources.clone()).collect()
        };
        if sources(&self.dimensions) == sources(&rules.dimensions) {
            rules.dimensions = std::mem::take(&mut self.dimensions);
        }
        let mut added = Vec::new();
        for metric in &mut rules.metrics {
            if let Some(known) = self.metrics.iter().find(|known| known.hash == metric.hash) {
                (metric.failed, metric.coverage) = (known.failed, known.coverage);
            } else if has_customers {
                metric.coverage = Coverage::Nobody;
                added.push(metric.hash);
            }
        }
        let gone = |hash: &u64| rules.metrics.iter().all(|metric| metric.hash != *hash);
        let removed = self.metrics.iter().map(|metric| metric.hash).filter(gone).collect();
        *self = rules;
        (added, removed)
    }

    /// The metrics (by index) that read events of this name.
    #[inline]
    pub(super) fn readers(&self, name: EventName) -> &[u16] {
        self.readers.get(&name).map(Vec::as_slice).unwrap_or_default()
    }

    /// Writes the numbers of the dimension values of an exposure to `out`, two bytes each, and reports
    /// values that are new.
    pub(super) fn number_values(
        &mut self,
        experiment: u32,
        exposure: &ExposureRecord<'_>,
        out: &mut Vec<u8>,
        new: &mut Vec<NewValue>,
    ) -> Result<(), StoreError> {
        debug_assert!(self.dimensions.len() <= MAX_SLOTS);
        if self.dimensions.is_empty() {
            return Ok(());
        }
        let received = exposure.received_at.day();
        let known = Known::of(exposure)?;
        for (index, dimension) in self.dimensions.iter_mut().enumerate() {
            let value = known.value_of(&dimension.sources);
            let number = match dimension.numbers.get(&*value).copied() {
                Some(number) => number,
                None if dimension.dropped_on.is_some() => UNNUMBERED,
                None => {
                    // Lossless: at most one beyond MAX_DIMENSION_VALUES.
                    let number = dimension.values.len() as u16;
                    dimension.learn(value.clone(), received);
                    let (dimension, drops) = (index as u16, dimension.dropped_on.is_some());
                    new.push(NewValue { experiment, dimension, number, received, value, drops });
                    number
                }
            };
            out.extend_from_slice(&number.to_le_bytes());
        }
        Ok(())
    }
}

impl Dimension {
    fn new(sources: Vec<definition::Dimension>) -> Dimension {
        Dimension { sources, numbers: HashMap::new(), values: Vec::new(), dropped_on: None }
    }

    /// Gives the next number to `value`, first received on `received`.
    pub(super) fn learn(&mut self, value: String, received: Day) {
        self.numbers.insert(value.clone(), self.values.len() as u16);
        self.values.push(value);
        self.dropped_on = (self.values.len() > MAX_DIMENSION_VALUES).then_some(received);
    }

    /// Whether changes received on `day` are kept by it.
    pub(super) fn is_kept_on(&self, day: Day) -> bool {
        self.dropped_on.is_none_or(|dropped| day < dropped)
    }
}

/// What an exposure says of its customer.
pub(super) struct Known {
    attributes: Map<String, Value>,
    segments: Map<String, Value>,
}

impl Known {
    /// Reads what the record holds.
    pub(super) fn of(exposure: &ExposureRecord<'_>) -> Result<Known, StoreError> {
        let read = |text: Option<&str>| match text {
            None => Ok(Map::new()),
            Some(text) => serde_json::from_str(text).map_err(|error| StoreError::Corrupt {
                what: "the attributes of a record".to_owned(),
                detail: error.to_string(),
            }),
        };
        Ok(Known { attributes: read(exposure.attributes)?, segments: read(exposure.segments)? })
    }

    /// The value of a slot: of one dimension its own, of several theirs as a JSON list, so that no two
    /// combinations are written alike.
    pub(super) fn value_of<D: Borrow<definition::Dimension>>(&self, slot: &[D]) -> String {
        match slot {
            [dimension] => self.value(dimension.borrow()),
            _ => {
                let values = slot.iter().map(|dimension| self.value(dimension.borrow()));
                Value::from(values.collect::<Vec<_>>()).to_string()
            }
        }
    }

    /// The value of a dimension as text: strings as they are, everything else as JSON, nothing when it is
    /// missing or null; cut at [`MAX_DIMENSION_VALUE_BYTES`].
    fn value(&self, dimension: &definition::Dimension) -> String {
        let value = match dimension {
            definition::Dimension::Attribute(name) => self.attributes.get(name),
            definition::Dimension::Segment(name) => self.segments.get(name),
        };
        let mut text = match value {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        };
        if text.len() > MAX_DIMENSION_VALUE_BYTES {
            let mut end = MAX_DIMENSION_VALUE_BYTES;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            text.truncate(end);
        }
        text
    }
}
