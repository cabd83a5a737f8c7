//! `DELETE /v1/customers/{id}`, how far that is, and every erasure there was.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use experiment_core::definition::{MAX_CUSTOMER_ID_BYTES, check_customer_id};
use experiment_core::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::Caller;
use super::body::off_thread;
use super::extract::{InPath, Query, invalid};
use super::problem::Problem;
use super::reply;
use super::state::AppState;
use crate::store::Erasure;

/// How far the erasure of a customer is.
#[derive(Serialize, ToSchema)]
#[schema(as = Erasure)]
pub(super) struct ErasureView {
    status: Status,
    /// From then on nothing about the customer is taken in.
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_at: Option<Timestamp>,
    /// When the last bytes had gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    erased_at: Option<Timestamp>,
    /// Definitions and catalogs whose text names the id: they stay as they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    named_in: Vec<String>,
}

/// How far an erasure is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ErasureStatus)]
enum Status {
    /// Nobody asked for it.
    NotErased,
    /// The last bytes are still in the files.
    Pending,
    /// Nothing is left.
    Erased,
}

impl ErasureView {
    fn of(erasure: Option<Erasure>, named_in: Vec<String>) -> ErasureView {
        let status = match erasure {
            None => Status::NotErased,
            Some(Erasure { erased_at: None, .. }) => Status::Pending,
            Some(_) => Status::Erased,
        };
        let erased_at = erasure.and_then(|erasure| erasure.erased_at);
        ErasureView { status, requested_at: erasure.map(|erasure| erasure.requested_at), erased_at, named_in }
    }
}

/// Every erasure there was.
#[derive(Serialize, ToSchema)]
#[schema(as = Erasures)]
pub(super) struct ErasuresView {
    /// Names the key of the hashes: the same for a store and its backups.
    key_id: String,
    erasures: Vec<HashView>,
}

/// An erasure by the hash of the customer's id.
#[derive(Serialize, ToSchema)]
#[schema(as = ErasedCustomer)]
struct HashView {
    /// The keyed hash of the customer's id.
    customer: String,
    #[serde(flatten)]
    erasure: ErasureView,
}

/// Erases a customer: 202 while the last bytes are still there, 200 once they are gone.
pub(super) async fn erase_customer(
    State(app): State<AppState>,
    InPath([customer]): InPath<1>,
    caller: Caller,
    query: Query,
) -> Result<Response, Problem> {
    query.end()?;
    check_id(&customer)?;
    let erasure = app.store.acting(&caller.name()).erase(&customer).await?;
    let status = if erasure.erased_at.is_some() { StatusCode::OK } else { StatusCode::ACCEPTED };
    let named_in = off_thread(move || Ok(app.store.documents_naming(&customer)?)).await?;
    reply::json_with(status, &ErasureView::of(Some(erasure), named_in))
}

/// How far the erasure of a customer is.
pub(super) async fn get_erasure(
    State(app): State<AppState>,
    InPath([customer]): InPath<1>,
    query: Query,
) -> Result<Response, Problem> {
    query.end()?;
    check_id(&customer)?;
    let view = off_thread(move || {
        Ok(ErasureView::of(app.store.erasure(&customer)?, app.store.documents_naming(&customer)?))
    });
    reply::json(&view.await?)
}

/// Every erasure by the hash of the id, for `experiment erase --reapply`.
pub(super) async fn list_erasures(State(app): State<AppState>, query: Query) -> Result<Response, Problem> {
    query.end()?;
    let found = off_thread(move || Ok(app.store.erasures()?)).await?;
    let erasures = found.erasures.into_iter().map(|erasure| HashView {
        customer: erasure.customer.to_string(),
        erasure: ErasureView::of(Some(erasure), Vec::new()),
    });
    reply::json(&ErasuresView { key_id: found.key_id, erasures: erasures.collect() })
}

fn check_id(customer: &str) -> Result<(), Problem> {
    check_customer_id(customer)
        .map_err(|error| invalid("id", error.to_string(), format!("use 1 to {MAX_CUSTOMER_ID_BYTES} bytes")))
}
