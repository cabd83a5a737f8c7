//! Prerequisites: an experiment only for customers in a variant of another one.

use std::sync::Arc;

use super::{CompiledExperiment, Customer, Memory, assign};

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

    /// The variant that the customer is in there: what that experiment would answer now, and, where it
    /// answers nobody any more, what the customer met while it did.
    #[must_use]
    pub fn found(&self, customer: Customer<'_>, memory: &impl Memory) -> Option<usize> {
        let decision = assign(&self.experiment, customer, memory);
        decision.variant().or_else(|| memory.first_variant(&self.experiment))
    }
}
