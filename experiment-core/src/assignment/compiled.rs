//! One experiment with everything worked out that does not depend on the customer.

use std::sync::Arc;

use super::draw::Draw;
use super::{Allocation, LayerSlice, Placement, PlacementError, Prerequisite, Share};
use crate::condition::Condition;
use crate::definition::{AssignmentMode, Catalog, Experiment, Status};
use crate::problem::Problem;

/// Why an experiment cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CompileError {
    /// It has no place.
    #[error("experiment {key}: {source}")]
    Placement {
        /// The experiment.
        key: String,
        /// Why.
        source: PlacementError,
    },
    /// Concluded experiments serve a winner, and this is none of its variants.
    #[error("experiment {key} is concluded, and {winner:?} is not the index of one of its variants")]
    Winner {
        /// The experiment.
        key: String,
        /// What was given.
        winner: Option<usize>,
    },
    /// Its audience names segments or groups that the catalog has not.
    #[error("experiment {key}: {}", .problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
    Audience {
        /// The experiment.
        key: String,
        /// What is not there, with paths inside the condition.
        problems: Vec<Problem>,
    },
    /// It requires an experiment that is not there.
    #[error("experiment {key} requires {required}, which is not there")]
    RequiresUnknown {
        /// The experiment.
        key: String,
        /// What it requires.
        required: String,
    },
    /// It requires a variant that the other experiment has not.
    #[error("experiment {key} requires the variant {variant} of {required}, which is not there")]
    RequiresUnknownVariant {
        /// The experiment.
        key: String,
        /// The experiment that it requires.
        required: String,
        /// The variant.
        variant: String,
    },
    /// It requires itself, by way of others.
    #[error("experiments require each other in a circle: {}", .chain.join(" → "))]
    RequiresItself {
        /// From one to the next, and back to the first.
        chain: Vec<String>,
    },
    /// It requires others that require others, and they are too many.
    #[error(
        "experiment {key} stands at the head of a chain of {depth} experiments that require one another, \
         and takes {decisions} decisions; the most are 16 and 64"
    )]
    RequiresTooMuch {
        /// The experiment.
        key: String,
        /// How many stand in the chain.
        depth: usize,
        /// How many decisions one about it takes.
        decisions: usize,
    },
    /// It states ranges of a layer that another one has.
    #[error("experiment {key} has a part of its layer that {other} has too")]
    LayerOverlap {
        /// The experiment.
        key: String,
        /// Who has it.
        other: String,
    },
}

/// An experiment with everything worked out that does not depend on the customer.
#[derive(Debug, Clone)]
pub struct CompiledExperiment {
    status: Status,
    /// What most decisions read of the definition, kept here so that they need not go there.
    has_overrides: bool,
    is_external: bool,
    version: u32,
    /// Lossless: a definition has at most MAX_VARIANTS.
    winner: Option<u16>,
    variants: u16,
    audience: Option<Condition>,
    prerequisites: Vec<Prerequisite>,
    layer: Option<Box<LayerSlice>>,
    experiment: Arc<Experiment>,
    draw: Draw,
}

impl CompiledExperiment {
    /// Compiles `version` of an experiment that shares nothing with others. `winner` is the index of the
    /// variant it was concluded with, and is needed only then.
    ///
    /// # Errors
    /// [`CompileError`] for a concluded experiment without a winner among its variants, and for an audience
    /// that names segments or groups.
    pub fn new(
        experiment: Arc<Experiment>,
        status: Status,
        version: u32,
        winner: Option<usize>,
    ) -> Result<CompiledExperiment, CompileError> {
        let placement = Placement::first(&experiment, &[]);
        let placement =
            placement.map_err(|source| CompileError::Placement { key: experiment.key.clone(), source })?;
        let catalog = Catalog::default();
        CompiledExperiment::in_catalog(experiment, status, version, winner, &placement, &catalog)
    }

    /// As [`CompiledExperiment::new`], for one whose segments, groups and layers are those of a catalog, and
    /// whose place is known. What it requires is put in by [`Snapshot::linked`](super::Snapshot::linked);
    /// until then nothing is required.
    ///
    /// # Errors
    /// Likewise.
    pub fn in_catalog(
        experiment: Arc<Experiment>,
        status: Status,
        version: u32,
        winner: Option<usize>,
        placement: &Placement,
        catalog: &Catalog,
    ) -> Result<CompiledExperiment, CompileError> {
        let exists = |variant: usize| variant < experiment.variants.len();
        if status == Status::Concluded && !winner.is_some_and(exists) {
            return Err(CompileError::Winner { key: experiment.key.clone(), winner });
        }
        let audience = experiment.audience.as_ref();
        let audience = audience.map(|audience| Condition::compile(&audience.condition, catalog.scope()));
        let audience = audience
            .transpose()
            .map_err(|problems| CompileError::Audience { key: experiment.key.clone(), problems })?;
        let layer = experiment.layer.as_ref().map(|claim| {
            let salt = catalog.layer_salt(&claim.layer);
            Box::new(LayerSlice::new(&claim.layer, salt, &placement.layer))
        });
        Ok(CompiledExperiment {
            status,
            version,
            winner: winner.map(|winner| winner as u16),
            variants: experiment.variants.len() as u16,
            has_overrides: !experiment.overrides.is_empty(),
            is_external: experiment.assignment == AssignmentMode::External,
            audience,
            prerequisites: Vec::new(),
            layer,
            draw: Draw::new(&experiment, placement.allocation.clone()),
            experiment,
        })
    }

    /// The same with other prerequisites.
    pub(super) fn with_prerequisites(&self, prerequisites: Vec<Prerequisite>) -> CompiledExperiment {
        CompiledExperiment { prerequisites, ..self.clone() }
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
        self.winner.map(usize::from)
    }

    /// How many variants there are.
    pub(super) fn variant_count(&self) -> usize {
        self.variants.into()
    }

    /// The index of the variant on whose override list the customer is.
    #[inline]
    pub(super) fn overridden(&self, customer_id: &str) -> Option<usize> {
        if self.has_overrides { self.experiment.overrides.get(customer_id).copied() } else { None }
    }

    /// Whether somebody else draws the arms.
    pub(super) fn is_external(&self) -> bool {
        self.is_external
    }

    /// Whom it is for; everybody when there is none.
    #[must_use]
    #[inline]
    pub fn audience(&self) -> Option<&Condition> {
        self.audience.as_ref()
    }

    /// What it requires of other experiments.
    #[must_use]
    #[inline]
    pub fn prerequisites(&self) -> &[Prerequisite] {
        &self.prerequisites
    }

    /// Its slice of a layer.
    #[must_use]
    #[inline]
    pub fn layer(&self) -> Option<&LayerSlice> {
        self.layer.as_deref()
    }

    /// The bare draw by traffic and weights.
    #[must_use]
    #[inline]
    pub fn draw(&self) -> &Draw {
        &self.draw
    }

    /// The share of the eligible that enters, where it is a threshold on our hash.
    #[must_use]
    pub fn traffic(&self) -> Option<Share> {
        self.draw.traffic()
    }

    /// Which hashes get which variant, where the hash is ours.
    #[must_use]
    pub fn allocation(&self) -> Option<&Allocation> {
        self.draw.allocation()
    }
}
