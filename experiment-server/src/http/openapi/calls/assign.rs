//! Which variant a customer gets.

use axum::http::StatusCode;

use crate::http::assign::{AnswerView, AnswersView, ask_schema};
use crate::http::openapi::call::Call;
use crate::http::problem::Kind;

pub(super) fn calls() -> Vec<Call> {
    let assign = Call::new("POST", "/v1/assign", "assign_customer", "Which variant a customer gets")
        .explained(
            "Naming one experiment gives one object; a list of experiments, or none (all that run), gives a list. \
             Where the exposure is to be recorded and the disk is full or has failed, `detail` says that it is not; for any \
             other reason the call is refused.",
        )
        .json_body("AssignRequest", ask_schema())
        .answers_either::<AnswerView<'_>, AnswersView<'_>>(StatusCode::OK, "The variant, or a list of them.")
        .refuses(&[Kind::UnknownExperiment, Kind::NotReady]);
    vec![assign]
}
