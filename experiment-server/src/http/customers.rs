//! `GET /v1/experiments/{key}/customers/{id}`: why this customer got this.

use axum::extract::State;
use axum::response::Response;
use experiment_core::assignment::{Customer, ExplainedStep, explain};
use experiment_core::definition::{MAX_CUSTOMER_ID_BYTES, check_customer_id};
use experiment_core::time::Timestamp;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::body::{json_of, off_thread};
use super::extract::{InPath, Query, invalid};
use super::fields::Fields;
use super::openapi::parts;
use super::problem::{Kind, Problem};
use super::reply;
use super::state::AppState;
use super::store_problem::unknown_experiment;
use crate::store::{Attributes, SeenExposure};

/// Why a customer gets what they get.
#[derive(Serialize, ToSchema)]
#[schema(as = CustomerExplanation)]
pub(super) struct CustomerView {
    /// The experiment's key.
    experiment: String,
    /// The customer's id.
    customer: String,
    /// What `assign` would answer now; null for no variant.
    #[schema(required)]
    pub(super) variant: Option<String>,
    #[schema(schema_with = parts::reason)]
    pub(super) reason: &'static str,
    /// How that is decided: the last step decided.
    pub(super) steps: Vec<ExplainedStep>,
    /// What the customer has met, the first one first.
    pub(super) exposures: Vec<ExposureView>,
}

/// An exposure that is known.
#[derive(Serialize, ToSchema)]
#[schema(as = SeenExposure)]
pub(super) struct ExposureView {
    id: String,
    /// The variant's key.
    pub(super) variant: String,
    pub(super) at: Timestamp,
    /// Its place in the log.
    sequence: u64,
    /// `assign` or `client`.
    pub(super) recorded_by: &'static str,
    /// Whether the customer was on an override list.
    #[serde(rename = "override")]
    pub(super) is_override: bool,
    /// Whether it differs from our own draw.
    pub(super) off_assignment: bool,
}

/// The steps of the decision in words, and the exposures known. `?attributes=` is what the audience is asked
/// of, a JSON object.
pub(super) async fn explain_customer(
    State(app): State<AppState>,
    InPath([key, customer]): InPath<2>,
    mut query: Query,
) -> Result<Response, Problem> {
    let attributes = query.take("attributes")?.map(|text| read_attributes(&text)).transpose()?;
    query.end()?;
    reply::json(&look_up(app, key, customer, attributes).await?)
}

/// Why a customer gets what they get, with everything acknowledged so far.
///
/// # Errors
/// 400 for an id that is none, 404 for an unknown experiment, 503 when the sums are far behind.
pub(super) async fn look_up(
    app: AppState,
    key: String,
    customer: String,
    attributes: Option<Attributes>,
) -> Result<CustomerView, Problem> {
    check_customer_id(&customer).map_err(|error| {
        invalid("id", error.to_string(), format!("use 1 to {MAX_CUSTOMER_ID_BYTES} bytes"))
    })?;
    app.fold_all().await?;
    off_thread(move || explained(&app, key, customer, attributes.as_ref())).await
}

/// Attributes as a parameter has them.
///
/// # Errors
/// 400 for what is no object, and for attributes beyond their bounds.
pub(super) fn read_attributes(text: &str) -> Result<Attributes, Problem> {
    let mend = "send a JSON object such as {\"plan\": \"basic\"}, percent-encoded";
    let value = json_of(text.as_bytes()).map_err(|_| invalid("attributes", "is not JSON", mend))?;
    let wrong = |errors| Problem::of_fields(Kind::InvalidParameter, errors);
    let mut fields = Fields::of(json!({"attributes": value})).map_err(|error| wrong(vec![error]))?;
    let attributes = fields.attributes("attributes");
    fields.finish().map_err(wrong)?;
    Ok(attributes.unwrap_or_default())
}

fn explained(
    app: &AppState,
    key: String,
    id: String,
    attributes: Option<&Attributes>,
) -> Result<CustomerView, Problem> {
    let catalog = app.store.catalog();
    let Some(experiment) = catalog.snapshot().get(&key) else {
        return Err(unknown_experiment(&catalog, &key, "key"));
    };
    let exposures = app.store.customer(&key, &id)?;
    let memory = app.store.memory_of(&id);
    let mut customer = Customer::new(&id);
    customer.attributes = attributes;
    let (decision, explanation) = explain(experiment, customer, &memory);
    memory.check()?;
    let variant = decision.variant().and_then(|index| experiment.experiment().variants.get(index));
    Ok(CustomerView {
        variant: variant.map(|variant| variant.key.clone()),
        reason: decision.reason(),
        steps: explanation.steps,
        exposures: exposures.into_iter().map(ExposureView::of).collect(),
        experiment: key,
        customer: id,
    })
}

impl ExposureView {
    fn of(seen: SeenExposure) -> ExposureView {
        ExposureView {
            id: seen.id,
            variant: seen.variant,
            at: seen.at,
            sequence: seen.sequence,
            recorded_by: if seen.made_by_assign { "assign" } else { "client" },
            is_override: seen.is_override,
            off_assignment: seen.off_assignment,
        }
    }
}
