//! What is worked out once for a version of a definition and kept with it.

use super::{Allocation, AllocationError};
use crate::decimal::Decimal;
use crate::definition::{Experiment, LayerPart, LayerRange, free_ranges};

/// Which hashes get which variant, and which part of its layer an experiment has. Kept with each version,
/// since both depend on what was there before it: on the allocation of the version before, and on what was
/// free in the layer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Placement {
    /// Which hashes get which variant.
    pub allocation: Allocation,
    /// Its ranges in its layer; empty when it is in none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layer: Vec<LayerRange>,
}

/// Why an experiment has no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PlacementError {
    /// Its weights cannot be divided; never for a definition that was parsed.
    #[error(transparent)]
    Weights(#[from] AllocationError),
    /// Less of the layer is free than it asks for.
    #[error("less of the layer is free than the share {share}")]
    NoRoom {
        /// What it asks for.
        share: Decimal,
    },
}

impl Placement {
    /// The place of a first version in a layer of which `taken` is not free. Ranges that the definition
    /// states are taken as they are: whether they overlap is for whoever knows the others.
    ///
    /// # Errors
    /// [`PlacementError`].
    pub fn first(experiment: &Experiment, taken: &[LayerRange]) -> Result<Placement, PlacementError> {
        let allocation = Allocation::from_weights(&weights(experiment))?;
        Ok(Placement { allocation, layer: layer(experiment, taken)? })
    }

    /// The place of the version that comes after `before`, which has the place `self`: with other weights
    /// the fewest customers move, and an unchanged claim to a layer keeps its ranges.
    ///
    /// # Errors
    /// [`PlacementError`].
    pub fn next(
        &self,
        before: &Experiment,
        experiment: &Experiment,
        taken: &[LayerRange],
    ) -> Result<Placement, PlacementError> {
        let (old, new) = (weights(before), weights(experiment));
        let keys = |experiment: &Experiment| -> Vec<String> {
            experiment.variants.iter().map(|variant| variant.key.clone()).collect()
        };
        let (old_keys, new_keys) = (keys(before), keys(experiment));
        let allocation = if old == new && old_keys == new_keys {
            self.allocation.clone()
        } else {
            self.allocation
                .renumbered(|variant| new_keys.iter().position(|key| *key == old_keys[variant]))
                .next(&new)?
        };
        let same_claim = before.layer == experiment.layer && before.layer.is_some();
        let layer = if same_claim { self.layer.clone() } else { layer(experiment, taken)? };
        Ok(Placement { allocation, layer })
    }
}

fn weights(experiment: &Experiment) -> Vec<Decimal> {
    experiment.variants.iter().map(|variant| variant.weight).collect()
}

fn layer(experiment: &Experiment, taken: &[LayerRange]) -> Result<Vec<LayerRange>, PlacementError> {
    match experiment.layer.as_ref().map(|claim| &claim.part) {
        None => Ok(Vec::new()),
        Some(LayerPart::Ranges(ranges)) => Ok(ranges.clone()),
        Some(LayerPart::Share(share)) => {
            free_ranges(*share, taken).ok_or(PlacementError::NoRoom { share: *share })
        }
    }
}
