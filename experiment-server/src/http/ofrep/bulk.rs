//! `POST /ofrep/v1/evaluate/flags`: every flag, for apps that keep them and ask again now and then.

use axum::extract::{Request, State};
use axum::http::header::IF_NONE_MATCH;
use axum::response::Response;
use experiment_core::definition::Status;
use serde::Serialize;
use utoipa::ToSchema;

use super::context::read_context;
use super::evaluation::Evaluation;
use super::failure::Failure;
use crate::http::answer::decide;
use crate::http::etag::Tagged;
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// Every flag.
#[derive(Serialize, ToSchema)]
#[schema(as = FlagEvaluations)]
pub(crate) struct EvaluationsView<'a> {
    /// In the order of their keys.
    flags: Vec<Evaluation<'a>>,
}

/// Evaluates all experiments that are not archived, and records nothing: that a flag was fetched does not say
/// that it was met.
pub(crate) async fn evaluate_flags(
    State(app): State<AppState>,
    request: Request,
) -> Result<Response, Failure> {
    let known = request.headers().get_all(IF_NONE_MATCH).iter().cloned().collect::<Vec<_>>();
    let context = read_context(&app, request).await?;
    let catalog = app.store.catalog();
    let in_sight = catalog.snapshot().iter().filter(|compiled| compiled.status() != Status::Archived);
    let answers = in_sight.map(|compiled| decide(&app, compiled, context.customer()));
    let answers = answers.collect::<Result<Vec<_>, Problem>>()?;
    answers.iter().for_each(|answer| answer.count(&app));
    let view = EvaluationsView { flags: answers.iter().map(Evaluation::of).collect() };
    Ok(Tagged::json(&view)?.unless_known(&known))
}
