//! What the store remembers of one customer, for the core's decisions.

use std::cell::{Cell, RefCell};

use experiment_core::assignment::{CompiledExperiment, Memory};

use super::Store;
use super::error::StoreError;

/// The first variants of one customer. A look-up that fails is kept for [`Remembered::check`], since the
/// decision it was for cannot fail.
#[derive(Debug)]
pub struct Remembered<'a> {
    store: &'a Store,
    customer: &'a str,
    asked: Cell<bool>,
    failed: RefCell<Option<StoreError>>,
}

impl Store {
    /// What is remembered of this customer.
    #[must_use]
    pub fn memory_of<'a>(&'a self, customer: &'a str) -> Remembered<'a> {
        Remembered { store: self, customer, asked: Cell::new(false), failed: RefCell::new(None) }
    }
}

impl Memory for Remembered<'_> {
    fn first_variant(&self, experiment: &CompiledExperiment) -> Option<usize> {
        self.asked.set(true);
        let known = self.store.known_variant(&experiment.experiment().key, self.customer);
        known.unwrap_or_else(|error| {
            self.failed.replace(Some(error));
            None
        })
    }
}

impl Remembered<'_> {
    /// Whether the decision rested on it.
    #[must_use]
    pub fn was_asked(&self) -> bool {
        self.asked.get()
    }

    /// Whether every answer could be read.
    ///
    /// # Errors
    /// What stood in the way: the decision is worth nothing.
    pub fn check(&self) -> Result<(), StoreError> {
        self.failed.take().map_or(Ok(()), Err)
    }
}
