//! What a customer gets of an experiment, and whether it is written down; every call that hands out variants
//! goes through here.

use experiment_core::assignment::{
    CompiledExperiment, Customer, Decision, NotAssignedReason, Reason, assign,
};
use experiment_core::definition::Variant;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use super::state::AppState;
use crate::store::{Attributes, IntakeError, Outcome, Proposal, ProposedAssign, Refusal, RefusalCode};

/// Whether the customer's exposure is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ExposureOutcome)]
pub(crate) enum Exposure {
    /// Now.
    Recorded,
    /// Before.
    Known,
    /// Neither.
    NotRecorded,
}

/// One decision.
pub(crate) struct Answer<'a> {
    /// Of which experiment.
    pub(crate) compiled: &'a CompiledExperiment,
    /// What was decided.
    pub(crate) decision: Decision,
    /// Whether it is written down.
    pub(crate) exposure: Exposure,
    /// Why it wasn't recorded although it should have been.
    pub(crate) detail: Option<String>,
}

/// Decides, and writes nothing. The order of decisions is the core's, which asks the store only where an
/// earlier exposure could decide.
///
/// # Errors
/// The store can't be read, or 503 while what it remembers is being rebuilt.
pub(crate) fn decide<'a>(
    app: &AppState,
    compiled: &'a CompiledExperiment,
    customer: Customer<'_>,
) -> Result<Answer<'a>, Problem> {
    let memory = app.store.memory_of(customer.id);
    let decision = assign(compiled, customer, &memory);
    memory.check()?;
    let is_known = matches!(decision, Decision::Assigned { reason: Reason::Sticky, .. });
    // What is not known yet may still be on its way out of the log.
    if memory.was_asked() && !is_known {
        app.check_rebuilt()?;
    }
    let exposure = if is_known { Exposure::Known } else { Exposure::NotRecorded };
    Ok(Answer { compiled, decision, exposure, detail: None })
}

/// Writes down the exposures that are new, all in one commit.
///
/// # Errors
/// 503 when intake is closed or full.
pub(crate) async fn record(
    app: &AppState,
    answers: &mut [Answer<'_>],
    customer: String,
    attributes: Option<Attributes>,
) -> Result<(), Problem> {
    let is_new =
        |answer: &Answer<'_>| answer.exposure == Exposure::NotRecorded && answer.decision.is_analysed();
    let proposals: Vec<Proposal> = (answers.iter().filter(|answer| is_new(answer)))
        .map(|answer| {
            Proposal::Assign(ProposedAssign {
                customer: customer.clone(),
                experiment: answer.compiled.experiment().key.clone(),
                variant: answer.variant().map(|variant| variant.key.clone()).unwrap_or_default(),
                attributes: attributes.clone(),
            })
        })
        .collect();
    if proposals.is_empty() {
        return Ok(());
    }
    let outcomes = match app.store.submit(proposals).await {
        // The disk is gone or full: customers still get their variant, and are told that it is not kept.
        Err(error @ (IntakeError::StoreFailed | IntakeError::DiskFull(_))) => {
            let detail = error.to_string();
            answers.iter_mut().filter(|answer| is_new(answer)).for_each(|a| a.detail = Some(detail.clone()));
            return Ok(());
        }
        outcomes => outcomes?,
    };
    for (answer, outcome) in answers.iter_mut().filter(|answer| is_new(answer)).zip(outcomes) {
        answer.settle(outcome);
    }
    Ok(())
}

impl<'a> Answer<'a> {
    /// Takes over what the writer decided.
    fn settle(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Accepted(_) => self.exposure = Exposure::Recorded,
            Outcome::Duplicate => self.exposure = Exposure::Known,
            // Another request was first: its variant is the one to keep.
            Outcome::Known { variant } => {
                if let Some(variant) = self.compiled.experiment().variant_index(&variant) {
                    self.decision = Decision::Assigned { variant, reason: Reason::Sticky };
                }
                self.exposure = Exposure::Known;
            }
            Outcome::Refused(refusal) => self.refuse(&refusal),
        }
    }

    fn refuse(&mut self, refusal: &Refusal) {
        match refusal.code {
            // Stopped while this request was on its way.
            RefusalCode::AfterStop => self.decision = Decision::NotAssigned(NotAssignedReason::Stopped),
            RefusalCode::NotStarted => self.decision = Decision::NotAssigned(NotAssignedReason::Draft),
            _ => self.detail = Some(refusal.to_string()),
        }
    }

    /// Counts it among those that were given.
    pub(crate) fn count(&self, app: &AppState) {
        app.assignments.count(&self.compiled.experiment().key, self.decision.reason());
    }

    /// The variant that the customer gets.
    pub(crate) fn variant(&self) -> Option<&'a Variant> {
        self.compiled.experiment().variants.get(self.decision.variant()?)
    }
}
