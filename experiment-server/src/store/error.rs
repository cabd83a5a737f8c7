//! What can go wrong, by operation.

use std::path::PathBuf;

use experiment_core::definition::{LifecycleError, Problem};

use super::space::Shortage;

/// The store can't be opened, read or closed.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder can't be made or entered.
    #[error("cannot use the folder {path:?}: {detail}; mend: name a folder that can be written to")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        detail: String,
    },
    /// Another process holds the folder.
    #[error("the folder {path:?} is in use; mend: stop the other process, or talk to it over HTTP")]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// Written by another version.
    #[error(
        "{path:?} has format {found}, this version reads format {known}; mend: use the version that wrote it"
    )]
    OtherFormat {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The format this version knows.
        known: u32,
    },
    /// The bytes are not what was written.
    #[error("{what} is damaged: {detail}; mend: restore a backup")]
    Corrupt {
        /// The file or record.
        what: String,
        /// What was found.
        detail: String,
    },
    /// Reading or writing failed.
    #[error("{what} failed: {detail}; mend: see to the disk, then restart")]
    Io {
        /// What was tried.
        what: &'static str,
        /// What the database says.
        detail: String,
    },
    /// There is no room for it; nothing of it was begun.
    #[error(transparent)]
    DiskFull(Shortage),
    /// No experiment has this key.
    #[error("no experiment has the key {key:?}")]
    UnknownExperiment {
        /// What was asked for.
        key: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

/// A batch was not taken in; nothing of it was decided.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IntakeError {
    /// Too much waits, the fold is too far behind, or the state is being rebuilt: try again later.
    #[error("the store is busy: {reason}; mend: try again in a moment")]
    Busy {
        /// What it waits for.
        reason: &'static str,
    },
    /// More proposals than one batch may have.
    #[error("{count} proposals are too many for one batch, the most is {most}; mend: split it")]
    TooMany {
        /// How many came.
        count: usize,
        /// How many may.
        most: usize,
    },
    /// The disk is nearly full: what needs no commit (a repeat, a variant that is known) is answered, the rest is
    /// taken in again once there is room.
    #[error(transparent)]
    DiskFull(Shortage),
    /// A commit failed: whether the last facts are on disk shows only after a restart.
    #[error("a commit failed; mend: see to the disk, then restart the server")]
    StoreFailed,
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

/// Erasures were not applied again.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ReapplyError {
    /// The hashes say nothing about ids here.
    #[error("the erasures are of another store; mend: take them from the store that the backup was made of")]
    OtherKey,
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Not taken in. What was erased stays so, and the rest can be tried again.
    #[error(transparent)]
    Intake(#[from] IntakeError),
}

/// A change of the catalog was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// Not taken in.
    #[error(transparent)]
    Intake(#[from] IntakeError),
    /// No experiment has this key.
    #[error("no experiment has the key {key:?}")]
    UnknownExperiment {
        /// What was asked for.
        key: String,
    },
    /// An experiment of this key exists, with other content.
    #[error("an experiment {key:?} exists with other content; mend: put the new version over it")]
    Exists {
        /// Its key.
        key: String,
        /// The version hash in force.
        hash: u64,
    },
    /// The definition is not the one that the change was made from.
    #[error("{key:?} has changed meanwhile; mend: read it again and repeat the change")]
    PreconditionFailed {
        /// Its key.
        key: String,
        /// The version hash in force, `None` when there is no such experiment.
        hash: Option<u64>,
    },
    /// It names what is not there, or takes what others have.
    #[error("{}", .problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
    Invalid {
        /// What is wrong.
        problems: Vec<Problem>,
    },
    /// The status does not allow this change of the definition.
    #[error("{}", .problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
    NotAllowed {
        /// One entry a field.
        problems: Vec<Problem>,
    },
    /// The status does not allow this step.
    #[error(transparent)]
    Lifecycle(#[from] LifecycleError),
    /// `Start` only: something is missing.
    #[error("{}", .problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
    NotReady {
        /// What.
        problems: Vec<Problem>,
    },
    /// `Conclude` only: concluded before, with another winner.
    #[error("{key:?} is concluded with {winner:?}; mend: keep that winner")]
    OtherWinner {
        /// The experiment.
        key: String,
        /// Its winner.
        winner: String,
    },
    /// The experiment has no such variant.
    #[error("{detail}; mend: {mend}")]
    UnknownVariant {
        /// What was asked for.
        detail: String,
        /// What there is.
        mend: String,
    },
    /// There are as many experiments as the store keeps.
    #[error("there are {most} experiments, which is the most")]
    TooManyExperiments {
        /// The bound.
        most: usize,
    },
}
