//! What a customer gets of an experiment, as the evaluation of a flag.

use experiment_core::assignment::{Decision, NotAssignedReason, Reason};
use experiment_core::definition::{Experiment, Variant};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::http::answer::{Answer, Exposure};
use crate::http::openapi::parts;

/// Why a flag has this value, in OpenFeature's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum FlagReason {
    /// Drawn, now or when first met.
    Split,
    /// On a QA list.
    TargetingMatch,
    /// Concluded: the winner.
    Static,
    /// Not running.
    Disabled,
    /// Running, and not for this customer.
    Default,
}

/// The evaluation of one flag.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FlagEvaluation)]
pub(crate) struct Evaluation<'a> {
    /// The flag's, which is the experiment's.
    key: &'a str,
    /// Left out where the app's own default is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    value: Option<FlagValue<'a>>,
    /// The variant's key.
    variant: &'a str,
    reason: FlagReason,
    /// Why an exposure was not recorded that should have been; empty when all is well.
    error_details: &'a str,
    metadata: Metadata<'a>,
}

/// Texts, numbers and truth values only: clients drop or refuse anything else.
#[derive(Serialize, ToSchema)]
#[schema(as = FlagMetadata)]
struct Metadata<'a> {
    /// The experiment's key.
    experiment: &'a str,
    /// Of its definition.
    version: u32,
    #[schema(schema_with = parts::reason)]
    reason: &'static str,
    /// Whether the customer is in the experiment.
    enrolled: bool,
    exposure: Exposure,
}

#[derive(Serialize)]
#[serde(untagged)]
enum FlagValue<'a> {
    Payload(&'a Value),
    Key(&'a str),
}

impl<'a> Evaluation<'a> {
    /// The evaluation that an answer is. Who gets no variant sees what the control's customers see.
    pub(super) fn of(answer: &'a Answer<'a>) -> Evaluation<'a> {
        let experiment = answer.compiled.experiment();
        let variant = answer.variant().or_else(|| experiment.variants.get(experiment.control));
        Evaluation {
            key: &experiment.key,
            value: variant.and_then(|variant| value_of(experiment, variant)),
            variant: variant.map_or("", |variant| &variant.key),
            reason: reason_of(answer.decision),
            error_details: answer.detail.as_deref().unwrap_or_default(),
            metadata: Metadata {
                experiment: &experiment.key,
                version: answer.compiled.version(),
                reason: answer.decision.reason(),
                enrolled: answer.decision.is_analysed(),
                exposure: answer.exposure,
            },
        }
    }
}

/// The variant's payload. Where no variant has one, their keys are what the app branches on; where only
/// others have one, there is nothing to say, and the app's default holds.
fn value_of<'a>(experiment: &'a Experiment, variant: &'a Variant) -> Option<FlagValue<'a>> {
    if !variant.payload.is_null() {
        return Some(FlagValue::Payload(&variant.payload));
    }
    let has_none = experiment.variants.iter().all(|variant| variant.payload.is_null());
    has_none.then_some(FlagValue::Key(&variant.key))
}

fn reason_of(decision: Decision) -> FlagReason {
    match decision {
        Decision::Assigned { reason: Reason::Override, .. } => FlagReason::TargetingMatch,
        Decision::Assigned { reason: Reason::Concluded, .. } => FlagReason::Static,
        Decision::Assigned { .. } => FlagReason::Split,
        Decision::NotAssigned(
            NotAssignedReason::Draft | NotAssignedReason::Stopped | NotAssignedReason::Archived,
        ) => FlagReason::Disabled,
        Decision::NotAssigned(_) => FlagReason::Default,
    }
}
