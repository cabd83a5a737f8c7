//! Layers: which of the experiments that exclude each other a customer may enter, and who has which part.

use std::collections::HashMap;

use super::share::Share;
use super::{CompileError, HashPrefix, Placement, Purpose};
use crate::definition::{Experiment, LayerRange, Status};

/// The part of a layer that one experiment has, compiled.
///
/// Experiments of one layer hash with the layer's salt, so a customer falls at one place for all of them and
/// is in at most one of ranges that do not overlap.
#[derive(Debug, Clone)]
pub struct LayerSlice {
    /// The layer's key.
    pub layer: String,
    prefix: HashPrefix,
    ranges: Vec<LayerRange>,
    thresholds: Vec<(Share, Share)>,
}

impl LayerSlice {
    pub(super) fn new(layer: &str, salt: &str, ranges: &[LayerRange]) -> LayerSlice {
        LayerSlice {
            layer: layer.to_owned(),
            prefix: HashPrefix::new(salt, Purpose::Layer),
            ranges: ranges.to_vec(),
            thresholds: ranges.iter().map(|range| (Share::of(range.from), Share::of(range.to))).collect(),
        }
    }

    /// Where a customer falls.
    #[must_use]
    pub fn hash(&self, customer_id: &str) -> u64 {
        self.prefix.hash(customer_id)
    }

    /// Whether a customer with this hash is in it.
    #[must_use]
    pub fn contains(&self, hash: u64) -> bool {
        self.thresholds.iter().any(|(from, to)| to.contains(hash) && !from.contains(hash))
    }

    /// The ranges it has, as shares of the layer.
    #[must_use]
    pub fn ranges(&self) -> &[LayerRange] {
        &self.ranges
    }
}

/// The parts of layers that are taken, while experiments are placed one after the other.
#[derive(Debug, Default)]
pub(super) struct Layers {
    /// Layer → whose each range is.
    taken: HashMap<String, Vec<(String, LayerRange)>>,
}

impl Layers {
    /// The place of an experiment among those placed before it. Whom nobody enters any more takes nothing.
    pub(super) fn place(
        &mut self,
        experiment: &Experiment,
        status: Status,
    ) -> Result<Placement, CompileError> {
        let key = &experiment.key;
        let taken = experiment.layer.as_ref().map(|claim| self.taken.entry(claim.layer.clone()).or_default());
        let Some(taken) = taken else {
            return Placement::first(experiment, &[])
                .map_err(|source| CompileError::Placement { key: key.clone(), source });
        };
        let ranges: Vec<LayerRange> = taken.iter().map(|(_, range)| *range).collect();
        let placement = Placement::first(experiment, &ranges)
            .map_err(|source| CompileError::Placement { key: key.clone(), source })?;
        if !matches!(status, Status::Draft | Status::Running) {
            return Ok(placement);
        }
        for range in &placement.layer {
            if let Some((other, _)) = taken.iter().find(|(_, other)| other.overlaps(range)) {
                return Err(CompileError::LayerOverlap { key: key.clone(), other: other.clone() });
            }
        }
        taken.extend(placement.layer.iter().map(|range| (key.clone(), *range)));
        Ok(placement)
    }
}
