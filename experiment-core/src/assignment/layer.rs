//! Slices of a layer: which of the experiments that exclude each other a customer may enter.

use super::share::Share;
use super::{HashPrefix, Purpose};
use crate::definition::LayerRange;

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
