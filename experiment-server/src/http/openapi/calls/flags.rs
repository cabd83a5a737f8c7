//! Experiments as flags, by the OpenFeature Remote Evaluation Protocol.

use axum::http::StatusCode;
use serde_json::json;

use crate::http::ofrep::{Evaluation, EvaluationsView, FailureView, request_schema};
use crate::http::openapi::call::Call;
use crate::http::problem::Kind;

const ANY_MEDIA_TYPE: &str = "The body is read as JSON whatever its media type is.";

pub(super) fn calls() -> Vec<Call> {
    let one = Call::new("POST", "/ofrep/v1/evaluate/flags/{key}", "evaluate_flag", "One flag for a customer")
        .explained(ANY_MEDIA_TYPE)
        .path(
            "key",
            json!({"type": "string", "examples": ["winback_2026"]}),
            "The flag's key, an experiment's.",
        )
        .refuses(&[Kind::UnknownExperiment])
        .answers::<Evaluation<'_>>(StatusCode::OK, "The flag's value, and why.");
    let all = Call::new("POST", "/ofrep/v1/evaluate/flags", "evaluate_flags", "Every flag for a customer")
        .explained(ANY_MEDIA_TYPE)
        .answers::<EvaluationsView<'_>>(StatusCode::OK, "The flags in the order of their keys.")
        .unless_known();
    [one, all].map(evaluates).into()
}

fn evaluates(call: Call) -> Call {
    call.json_body("FlagEvaluationRequest", request_schema())
        .refuses(&[Kind::NotReady])
        .refused_as::<FailureView<'_>>()
}
