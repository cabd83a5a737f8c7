//! What the writer is asked, and what it answers.

use std::sync::Arc;

use experiment_core::definition::{self, Experiment, LifecycleStep};
use tokio::sync::oneshot;

use super::api_key::{KeyChanged, KeyError};
use super::api_key_writer::KeyChange;
use super::change::{Defined, Expected, Stepped};
use super::erase::Erasure;
use super::erasing::Target;
use super::error::{CatalogError, IntakeError};
use super::proposal::{Outcome, Proposal};
use super::swap::LogCopy;
use super::transfer::{Replay, ReplayOutcome};

/// What the writer is asked.
pub(super) enum Command {
    /// Write facts.
    Facts { proposals: Vec<Proposal>, reply: Reply<Vec<Outcome>, IntakeError> },
    /// Write a definition with its overrides.
    Define {
        who: String,
        experiment: Box<Experiment>,
        expected: Expected,
        reply: Reply<Defined, CatalogError>,
    },
    /// Write what experiments share.
    Share {
        who: String,
        catalog: Box<definition::Catalog>,
        expected: Expected,
        reply: Reply<Defined, CatalogError>,
    },
    /// Write a step of a life cycle.
    Step { who: String, key: String, step: LifecycleStep, reply: Reply<Stepped, CatalogError> },
    /// Write facts of another log.
    Replay { batch: Arc<Vec<Replay>>, reply: Reply<Vec<ReplayOutcome>, IntakeError> },
    /// Erase a customer.
    Erase { who: String, target: Target, reply: Reply<Erasure, IntakeError> },
    /// Make, revoke or rotate a key.
    Keys { who: String, change: Box<KeyChange>, reply: Reply<KeyChanged, KeyError> },
    /// Put a copy in the place of the log. The answer is whether that was done.
    Swap { copy: Box<LogCopy>, reply: oneshot::Sender<bool> },
    /// End once everything before this is answered.
    Shutdown,
}

impl Command {
    /// How many proposals it brings: what fills a commit.
    pub(super) fn proposals(&self) -> usize {
        match self {
            Command::Facts { proposals, .. } => proposals.len(),
            Command::Replay { batch, .. } => batch.len(),
            Command::Define { .. }
            | Command::Share { .. }
            | Command::Step { .. }
            | Command::Erase { .. }
            | Command::Keys { .. } => 1,
            Command::Swap { .. } | Command::Shutdown => 0,
        }
    }

    /// Answers that the store takes nothing in.
    pub(super) fn refuse(self) {
        match self {
            Command::Facts { reply, .. } => drop(reply.send(Err(IntakeError::StoreFailed))),
            Command::Define { reply, .. } => drop(reply.send(Err(IntakeError::StoreFailed.into()))),
            Command::Share { reply, .. } => drop(reply.send(Err(IntakeError::StoreFailed.into()))),
            Command::Step { reply, .. } => drop(reply.send(Err(IntakeError::StoreFailed.into()))),
            Command::Replay { reply, .. } => drop(reply.send(Err(IntakeError::StoreFailed))),
            Command::Erase { reply, .. } => drop(reply.send(Err(IntakeError::StoreFailed))),
            Command::Keys { reply, .. } => drop(reply.send(Err(IntakeError::StoreFailed.into()))),
            Command::Swap { .. } | Command::Shutdown => {}
        }
    }
}

/// Where an answer goes.
pub(super) type Reply<T, E> = oneshot::Sender<Result<T, E>>;

/// An answer that waits for the commit.
pub(super) enum Answer {
    Facts(Reply<Vec<Outcome>, IntakeError>, Vec<Outcome>),
    Defined(Reply<Defined, CatalogError>, Result<Defined, CatalogError>),
    Stepped(Reply<Stepped, CatalogError>, Result<Stepped, CatalogError>),
    Erased(Reply<Erasure, IntakeError>, Erasure),
    Keys(Reply<KeyChanged, KeyError>, Result<KeyChanged, KeyError>),
    Replayed(Reply<Vec<ReplayOutcome>, IntakeError>, Vec<ReplayOutcome>),
}

impl Answer {
    /// Sends it once the commit is on disk.
    pub(super) fn send(self) {
        // Whoever asked may have gone; what was written stays written.
        match self {
            Answer::Facts(reply, outcomes) => drop(reply.send(Ok(outcomes))),
            Answer::Defined(reply, defined) => drop(reply.send(defined)),
            Answer::Stepped(reply, stepped) => drop(reply.send(stepped)),
            Answer::Erased(reply, erasure) => drop(reply.send(Ok(erasure))),
            Answer::Keys(reply, changed) => drop(reply.send(changed)),
            Answer::Replayed(reply, outcomes) => drop(reply.send(Ok(outcomes))),
        }
    }

    /// Says that the commit failed.
    pub(super) fn fail(self) {
        match self {
            Answer::Facts(reply, _) => drop(reply.send(Err(IntakeError::StoreFailed))),
            Answer::Defined(reply, _) => drop(reply.send(Err(IntakeError::StoreFailed.into()))),
            Answer::Stepped(reply, _) => drop(reply.send(Err(IntakeError::StoreFailed.into()))),
            Answer::Erased(reply, _) => drop(reply.send(Err(IntakeError::StoreFailed))),
            Answer::Keys(reply, _) => drop(reply.send(Err(IntakeError::StoreFailed.into()))),
            Answer::Replayed(reply, _) => drop(reply.send(Err(IntakeError::StoreFailed))),
        }
    }
}
