//! What is told of an experiment beside its report.

use std::sync::Arc;

use experiment_core::definition::{Experiment, Status};
use experiment_core::time::Timestamp;

use crate::store::Entry;

/// An experiment as it stands.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Where it stands.
    pub status: Status,
    /// The version of the definition in force, from 1.
    pub version: u32,
    /// That definition.
    pub experiment: Arc<Experiment>,
    /// When customers began to enter.
    pub started_at: Option<Timestamp>,
    /// When they ceased to.
    pub stopped_at: Option<Timestamp>,
    /// The variant that everybody gets, once concluded.
    pub winner: Option<String>,
}

impl Subject {
    /// An experiment of the store.
    #[must_use]
    pub fn of(entry: &Entry) -> Subject {
        let current = entry.current();
        let winner = entry.winner.and_then(|winner| current.experiment.variants.get(winner));
        Subject {
            status: entry.status,
            version: current.number,
            experiment: Arc::clone(&current.experiment),
            started_at: entry.started_at,
            stopped_at: entry.stopped_at,
            winner: winner.map(|winner| winner.key.clone()),
        }
    }
}
