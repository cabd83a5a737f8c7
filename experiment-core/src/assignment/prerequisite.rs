//! Prerequisites: an experiment only for customers in a variant of another one.

use std::sync::Arc;

use super::{CompiledExperiment, Customer, Decision, Memory, NotAssignedReason, Reason, assign};

/// The variant of another experiment that a customer must be in.
#[derive(Debug, Clone)]
pub struct Prerequisite {
    pub(super) experiment: Arc<CompiledExperiment>,
    pub(super) variant: usize,
}

impl Prerequisite {
    /// The other experiment.
    #[must_use]
    pub fn experiment(&self) -> &CompiledExperiment {
        &self.experiment
    }

    /// The index of the variant there.
    #[must_use]
    pub fn variant(&self) -> usize {
        self.variant
    }

    /// The variant that the customer is in there: what that experiment would answer now, or, where it answers
    /// nobody any more, what the customer met while it did. An override there puts nobody in: who is never
    /// analysed there must not come into the analysis here.
    #[must_use]
    pub fn found(&self, customer: Customer<'_>, memory: &impl Memory) -> Option<usize> {
        use NotAssignedReason::{Archived, Draft, Stopped};
        match assign(&self.experiment, customer, memory) {
            Decision::Assigned { reason: Reason::Override, .. } => None,
            Decision::Assigned { variant, .. } => Some(variant),
            Decision::NotAssigned(Draft | Stopped | Archived) => memory.first_variant(&self.experiment),
            Decision::NotAssigned(_) => None,
        }
    }
}
