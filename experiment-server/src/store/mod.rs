//! What happened, on disk, and the exact sums that are always ready.
//!
//! The log is the truth; everything else is a fold of it. [`Store::submit`] proposes facts: one writer
//! thread decides about them, appends what is new, and answers once it is on disk. One folder thread
//! behind it keeps the sums that [`Store::aggregates`] reads.

mod catalog;
mod clock;
mod error;
mod pending;
mod proposal;
mod reading;

use std::path::Path;
use std::sync::Arc;

use experiment_core::definition::{Experiment, LifecycleStep};
use experiment_core::time::Day;

pub use catalog::{Catalog, Change, Defined, Entry, Expected, Stepped, Version};
pub use clock::{Clock, system_clock};
pub use error::{CatalogError, IntakeError, StoreError};
pub use pending::{FromIntake, Pending};
pub use proposal::{
    Accepted, Attributes, Outcome, Proposal, ProposedAssign, ProposedEvent, ProposedExposure, Refusal,
    RefusalCode,
};
pub use reading::{Counters, Readiness, Reading, SeenExposure, Verification};

/// Most proposals in one [`Store::submit`].
pub const MAX_PROPOSALS: usize = 10_000;

/// The facts of one folder. Share it as `Arc<Store>`; every method takes `&self`.
#[derive(Debug)]
pub struct Store {}

impl Store {
    /// Opens the store in `dir`, which is made if it is not there.
    ///
    /// # Errors
    /// [`StoreError`]: the folder can't be used, is in use, is from a later version or is damaged.
    pub fn open(_dir: &Path, _clock: Clock) -> Result<Store, StoreError> {
        todo!()
    }

    /// Proposes facts. The answer has one outcome a proposal, in their order, and comes when everything
    /// it says is on disk.
    pub fn submit(&self, _proposals: Vec<Proposal>) -> Pending<Vec<Outcome>, IntakeError> {
        todo!()
    }

    /// Creates or replaces a definition together with its overrides.
    pub fn define(&self, _experiment: Experiment, _expected: Expected) -> Pending<Defined, CatalogError> {
        todo!()
    }

    /// Takes a step of the life cycle; a step that was taken before changes nothing.
    pub fn step(&self, _key: &str, _step: LifecycleStep) -> Pending<Stepped, CatalogError> {
        todo!()
    }

    /// All experiments, as of the last commit. Takes no lock.
    #[must_use]
    pub fn catalog(&self) -> Arc<Catalog> {
        todo!()
    }

    /// The variant (its key) that this customer saw first, if an exposure to this experiment is known.
    /// May say `None` for an exposure of the last second: an assign proposal then settles it.
    ///
    /// # Errors
    /// [`StoreError::UnknownExperiment`], or the state can't be read.
    pub fn known_variant(&self, _experiment: &str, _customer: &str) -> Result<Option<String>, StoreError> {
        todo!()
    }

    /// The sums of one experiment: now, or from the facts received by the end of `as_of`.
    ///
    /// # Errors
    /// [`StoreError::UnknownExperiment`] (also for one not yet defined by `as_of`), or the state can't
    /// be read.
    pub fn aggregates(&self, _experiment: &str, _as_of: Option<Day>) -> Result<Reading, StoreError> {
        todo!()
    }

    /// The exposures of one customer to one experiment, the first one first.
    ///
    /// # Errors
    /// [`StoreError::UnknownExperiment`], or the state can't be read.
    pub fn customer(&self, _experiment: &str, _customer: &str) -> Result<Vec<SeenExposure>, StoreError> {
        todo!()
    }

    /// How many facts the sums include.
    #[must_use]
    pub fn position(&self) -> u64 {
        todo!()
    }

    /// How many facts the log has.
    #[must_use]
    pub fn log_position(&self) -> u64 {
        todo!()
    }

    /// Waits until the sums include the facts `0..sequence`; hurries the folder.
    ///
    /// # Errors
    /// [`StoreError::Closed`] when the store closes meanwhile, or what stopped the folder.
    pub async fn wait_for(&self, _sequence: u64) -> Result<(), StoreError> {
        todo!()
    }

    /// [`Store::wait_for`] for threads outside a runtime.
    ///
    /// # Errors
    /// Likewise.
    pub fn wait_for_blocking(&self, _sequence: u64) -> Result<(), StoreError> {
        todo!()
    }

    /// Whether intake is open, and how far a rebuild of the state has come.
    #[must_use]
    pub fn ready(&self) -> Readiness {
        todo!()
    }

    /// What came in since the store was opened.
    #[must_use]
    pub fn counters(&self) -> Counters {
        todo!()
    }

    /// Recounts every sum from the raw log, by another way than the folder's, and compares bit for bit.
    ///
    /// # Errors
    /// [`StoreError`] when log or state can't be read; differences are no error.
    pub fn verify(&self) -> Result<Verification, StoreError> {
        todo!()
    }

    /// Answers what waits, folds what is logged, makes the state durable and ends both threads. Later
    /// calls of intake answer [`IntakeError::Closed`].
    ///
    /// # Errors
    /// [`StoreError::Io`] when the state can't be written; the log is safe even then.
    pub fn shutdown(&self) -> Result<(), StoreError> {
        todo!()
    }
}
