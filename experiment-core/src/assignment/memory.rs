//! What is remembered of a customer.

use super::CompiledExperiment;

/// Says which variant a customer met first, where exposures are recorded.
///
/// It is asked only for experiments in which that could decide, and by closures too:
///
/// ```
/// use std::collections::HashMap;
///
/// use experiment_core::assignment::{CompiledExperiment, Memory};
///
/// let met: HashMap<String, usize> = HashMap::new();
/// let memory = |experiment: &CompiledExperiment| met.get(&experiment.experiment().key).copied();
/// fn takes(_: &impl Memory) {}
/// takes(&memory);
/// ```
pub trait Memory {
    /// The index of the variant of the customer's first recorded exposure to this experiment.
    fn first_variant(&self, experiment: &CompiledExperiment) -> Option<usize>;
}

impl<F: Fn(&CompiledExperiment) -> Option<usize>> Memory for F {
    fn first_variant(&self, experiment: &CompiledExperiment) -> Option<usize> {
        self(experiment)
    }
}

/// Remembers nothing: every customer is new.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoMemory;

impl Memory for NoMemory {
    #[inline]
    fn first_variant(&self, _: &CompiledExperiment) -> Option<usize> {
        None
    }
}
