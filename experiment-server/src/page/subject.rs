//! What is told of an experiment beside its report.

use std::sync::Arc;

use experiment_core::definition::{Experiment, Status};
use experiment_core::time::{Day, Timestamp};

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
    /// As it stood at the end of a day, as far as that is known: what came later is left out.
    pub(super) fn at(&self, day: Day) -> Subject {
        let stopped_at = self.stopped_at.filter(|stopped| *stopped <= day.end());
        let ran = self.started_at.is_some() && stopped_at.is_none();
        let status = if ran { Status::Running } else { self.status };
        Subject { status, stopped_at, winner: None, ..self.clone() }
    }

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
