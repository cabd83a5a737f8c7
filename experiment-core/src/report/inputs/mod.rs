//! What a report was made from, carried by it, so that anybody can make it again.

pub(super) mod cells;
mod fit;

use serde::{Deserialize, Serialize};

use super::{Aggregates, Check, Design, Report, Verdict, VerdictCode, report, verdict_of};
use crate::measure::MomentsOverflow;
use crate::time::{Day, Timestamp};

/// Everything that a report rests on, but for the instant it speaks of, which stands in the report itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Inputs {
    /// What was compared, and by which plan.
    pub design: Design,
    /// The exact sums.
    pub aggregates: Aggregates,
    /// What was found before anything was added up, by whoever read the facts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// What was known on the day of decision, where that is past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionInputs>,
}

/// What the verdict that stands was made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct DecisionInputs {
    /// The first day at whose end the plan decided.
    pub day: Day,
    /// The design in force then.
    pub design: Design,
    /// The sums of the facts received by then.
    pub aggregates: Aggregates,
}

/// Why inputs make no report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputsError {
    /// Design and sums do not belong together.
    #[error("{field} {detail}; send the inputs as they came")]
    Unfit {
        /// Where, as a path within the inputs.
        field: String,
        /// What is wrong there.
        detail: String,
    },
    /// The sums of all days together can't be added up.
    #[error(transparent)]
    Overflow(#[from] MomentsOverflow),
}

impl Inputs {
    /// Makes the report: [`report`](super::report()) and then what was decided and found beside it.
    ///
    /// Pure: with the same library the same inputs give the same report, to the bit.
    ///
    /// # Errors
    /// [`InputsError`].
    pub fn report(&self, as_of: Option<Timestamp>) -> Result<Report, InputsError> {
        fit::check("", &self.design, &self.aggregates)?;
        let mut made = report(&self.design, &self.aggregates, as_of)?;
        if let Some(decision) =
            self.decision.as_ref().filter(|_| made.verdict.verdict != VerdictCode::Invalid)
        {
            made.verdict = decision.verdict()?;
        }
        made.health.checks.extend(self.checks.iter().cloned());
        Ok(made)
    }
}

impl DecisionInputs {
    /// The verdict of that day.
    fn verdict(&self) -> Result<Verdict, InputsError> {
        fit::check("decision.", &self.design, &self.aggregates)?;
        let verdict = verdict_of(&self.design, &self.aggregates, Some(self.day.end()))?;
        Ok(Verdict { decided_on: Some(self.day), ..verdict })
    }
}
