//! What readers get.

use experiment_core::report::{Aggregates, Design};
use experiment_core::time::Timestamp;

/// How far the fold has come since the store was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// Whether everything that was in the log at the start is folded or remembered and nothing has failed:
    /// intake is open.
    pub ready: bool,
    /// What failed, if anything did; only a restart mends it.
    pub failed: Option<String>,
    /// Facts folded.
    pub folded: u64,
    /// Facts in the log when the store was opened.
    pub of: u64,
}

/// Exact sums of one experiment and what they are sums of, from one snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// What is compared, by the definition in force at [`Reading::sequence`].
    pub design: Design,
    /// The sums.
    pub aggregates: Aggregates,
    /// How many facts of the log they include (facts `0..sequence`).
    pub sequence: u64,
    /// Metrics, by index in the design, whose sums left 128 bits; theirs are empty.
    pub failed_metrics: Vec<usize>,
    /// Of a past day: how many customers were known by then and were erased on a later day. They are not in the
    /// sums.
    pub erased_since: u64,
}

/// An exposure of one customer to one experiment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenExposure {
    /// Its id.
    pub id: String,
    /// The variant's key.
    pub variant: String,
    /// When it happened.
    pub at: Timestamp,
    /// Its place in the log.
    pub sequence: u64,
    /// Recorded by `assign` rather than sent by a client.
    pub made_by_assign: bool,
    /// The customer was on an override list: never analysed.
    pub is_override: bool,
    /// It differs from our own draw by the version in force at `at`.
    pub off_assignment: bool,
}

/// What came in, counted since the store was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counters {
    /// Commits to the log, each with one fsync.
    pub commits: u64,
    /// Facts written to the log.
    pub facts: u64,
    /// Proposals that repeated a known fact.
    pub duplicates: u64,
    /// Assigns answered with a known variant.
    pub known: u64,
    /// Proposals refused.
    pub refused: u64,
    /// Facts dated too far ahead, stored at their time of receipt.
    pub future_clamped: u64,
    /// Batches of the folder.
    pub folds: u64,
}

/// What a recount found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verification {
    /// Facts recounted.
    pub facts: u64,
    /// Rows of sums compared, stored or recounted.
    pub rows_compared: u64,
    /// One sentence for each row that differs.
    pub differences: Vec<String>,
}
