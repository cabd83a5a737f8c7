//! `POST /ofrep/v1/evaluate/flags/{key}`: one flag, for servers that evaluate as they go.

use axum::extract::{Request, State};
use axum::response::Response;
use experiment_core::definition::Expose;

use super::context::read_context;
use super::evaluation::Evaluation;
use super::failure::{Code, Failure, flag_of};
use crate::http::answer::{decide, record};
use crate::http::reply;
use crate::http::state::AppState;
use crate::http::store_problem::no_such_experiment;

/// Evaluates one flag, and records the exposure if the definition says so.
pub(crate) async fn evaluate_flag(
    State(app): State<AppState>,
    request: Request,
) -> Result<Response, Failure> {
    // One catalog throughout, whatever is changed meanwhile.
    let catalog = app.store.catalog();
    let key = flag_of(request.uri().path()).unwrap_or_default();
    let compiled = catalog
        .snapshot()
        .get(&key)
        .ok_or_else(|| Failure::refused(Code::FlagNotFound, &[no_such_experiment(&catalog, &key, "")]))?;
    let context = read_context(&app, request).await?;
    let mut answers = [decide(&app, compiled, context.customer())?];
    if compiled.experiment().expose == Expose::OnEvaluate {
        record(&app, &mut answers, context.customer, Some(context.attributes)).await?;
    }
    let [answer] = &answers;
    answer.count(&app);
    Ok(reply::json(&Evaluation::of(answer))?)
}
