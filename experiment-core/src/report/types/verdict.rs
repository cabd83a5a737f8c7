//! What to do, and why.

use serde::{Deserialize, Serialize};

use crate::time::Day;

/// What to do, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Verdict {
    /// The verdict.
    pub verdict: VerdictCode,
    /// The variant it speaks of, if it speaks of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    /// Why, in plain sentences.
    pub reasons: Vec<String>,
    /// The day on which it was decided, once and for all; absent for a verdict of the present moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided_on: Option<Day>,
}

/// The verdicts there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum VerdictCode {
    /// The numbers can't be trusted.
    Invalid,
    /// A variant does harm: stop giving it.
    StopForHarm,
    /// Give the variant to everybody.
    Ship,
    /// Stay with the control.
    KeepControl,
    /// The sample is complete and shows neither.
    Inconclusive,
    /// Too early to tell.
    Continue,
}
