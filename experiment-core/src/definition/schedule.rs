//! The life cycle: draft → running → stopped → concluded → archived.

/// Where an experiment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
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
