//! The life cycle: draft → running → stopped → concluded → archived.

use std::fmt;

/// Where an experiment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Being written; nobody is assigned.
    Draft,
    /// Customers enter.
    Running,
    /// Nobody enters any more; windows run on.
    Stopped,
    /// A winner is served to the audience; the analysis is complete.
    Concluded,
    /// Out of sight; nobody is assigned.
    Archived,
}

/// A step of the life cycle.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case", tag = "step")]
pub enum LifecycleStep {
    /// draft → running.
    Start,
    /// running → stopped.
    Stop,
    /// stopped → concluded, with the variant that everybody gets from now on.
    Conclude {
        /// The winner's key.
        variant: String,
    },
    /// draft, stopped or concluded → archived.
    Archive,
}

/// A step that the present status does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot {step} an experiment that is {status}; mend: {mend}")]
pub struct LifecycleError {
    /// Where the experiment stands.
    pub status: Status,
    /// What was asked for: start, stop, conclude or archive.
    pub step: &'static str,
    /// What to do instead.
    pub mend: &'static str,
}

impl Status {
    /// The status after `step`. A step that has been taken already changes nothing, so that requests may
    /// be repeated; whether a repeated `conclude` names the same winner is for the caller to compare.
    ///
    /// # Errors
    /// [`LifecycleError`] when the step cannot be taken from here; it says which comes first.
    pub fn after(self, step: &LifecycleStep) -> Result<Status, LifecycleError> {
        use LifecycleStep::{Archive, Conclude, Start, Stop};
        use Status::{Archived, Concluded, Draft, Running, Stopped};
        let refused = |mend| Err(LifecycleError { status: self, step: step.name(), mend });
        match (self, step) {
            (Draft | Running, Start) => Ok(Running),
            (Running | Stopped, Stop) => Ok(Stopped),
            (Concluded, Stop) => Ok(Concluded),
            (Stopped | Concluded, Conclude { .. }) => Ok(Concluded),
            (Draft | Stopped | Concluded | Archived, Archive) => Ok(Archived),
            (Stopped | Concluded, Start) => {
                refused("customers have left its arms: start a new experiment under another key")
            }
            (Draft, Stop) => refused("start it first, or archive it"),
            (Draft, Conclude { .. }) => refused("start it and stop it first"),
            (Running, Conclude { .. } | Archive) => refused("stop it first"),
            (Archived, Start | Stop | Conclude { .. }) => refused("make a new experiment under another key"),
        }
    }
}

impl LifecycleStep {
    /// The step's name as it is written: start, stop, conclude, archive.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            LifecycleStep::Start => "start",
            LifecycleStep::Stop => "stop",
            LifecycleStep::Conclude { .. } => "conclude",
            LifecycleStep::Archive => "archive",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Status::Draft => "draft",
            Status::Running => "running",
            Status::Stopped => "stopped",
            Status::Concluded => "concluded",
            Status::Archived => "archived",
        })
    }
}
