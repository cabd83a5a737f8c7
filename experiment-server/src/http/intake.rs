//! `POST /v1/exposures` and `/v1/conversions`: facts in batches.

use axum::extract::{Request, State};
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::auth::Caller;
use super::batch::{Item, read_batch};
use super::body::{MediaType, media_type, off_thread_if_large, read_body};
use super::fields::Fields;
use super::intake_stream;
use super::limits::{MAX_BATCH_BYTES, MAX_BATCH_ITEMS};
use super::openapi::parts;
use super::problem::{FieldError, Problem};
use super::reply;
use super::state::AppState;
use crate::store::{Accepted, Outcome, Proposal, ProposedEvent, ProposedExposure, RefusalCode};

/// What became of a batch, once it is on disk.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = BatchAnswer)]
pub(super) struct Answer {
    /// Items that were written.
    pub(super) accepted: u64,
    /// Items that were known.
    pub(super) duplicates: u64,
    /// Items that are in `errors`.
    pub(super) rejected: u64,
    /// Why items were rejected.
    pub(super) errors: Vec<ItemError>,
    /// Items that were taken in otherwise than they were sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) flagged: Vec<Flagged>,
    /// The ids that the server made for items without one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) generated_ids: Vec<GeneratedId>,
}

/// Why an item was rejected.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ItemError {
    /// Counted from 0; blank lines don't count.
    index: usize,
    /// As sent.
    #[schema(required)]
    id: Option<String>,
    /// Where; empty for all of it.
    field: String,
    /// Which rule, where the store refused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<RefusalCode>,
    /// What is wrong there.
    detail: String,
    /// What to send instead.
    mend: String,
}

/// What was taken in otherwise than it was sent.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Flagged {
    /// Counted from 0.
    index: usize,
    /// As sent, or made for it.
    #[schema(required)]
    id: Option<String>,
    /// Which field.
    field: &'static str,
    /// What became of it.
    detail: &'static str,
}

/// The id made for an item.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct GeneratedId {
    /// Counted from 0.
    index: usize,
    /// Under which it may be sent again.
    pub(super) id: String,
}

/// Customers met variants.
pub(crate) async fn report_exposures(
    State(app): State<AppState>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    take_in(&app, caller, request, exposure).await
}

/// Customers did something.
pub(crate) async fn report_conversions(
    State(app): State<AppState>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    take_in(&app, caller, request, conversion).await
}

/// How an item becomes a proposal.
pub(super) type Parse = fn(Value) -> Result<Proposal, Vec<FieldError>>;

async fn take_in(
    app: &AppState,
    caller: Caller,
    request: Request,
    parse: Parse,
) -> Result<Response, Problem> {
    let media = media_type(request.headers(), &[MediaType::Json, MediaType::Ndjson])?;
    if media == MediaType::Ndjson && intake_stream::is_asked_for(request.headers()) {
        return intake_stream::take_in(app, caller, request, parse);
    }
    let body = read_body(request, MAX_BATCH_BYTES, app.settings.timeouts.body).await?;
    let items = off_thread_if_large(body.len(), move || read_batch(&body, media, parse)).await?;
    let mut answer = Answer::default();
    let mut proposals = Vec::with_capacity(items.len());
    let mut places = Vec::with_capacity(items.len());
    for (index, Item { id, read }) in items.into_iter().enumerate() {
        match read {
            Ok(proposal) => {
                proposals.push(proposal);
                places.push((index, id));
            }
            Err(errors) => answer.reject(index, id.as_deref(), None, errors),
        }
    }
    if !proposals.is_empty() {
        let outcomes = app.store.submit(proposals).await?;
        for ((index, id), outcome) in places.into_iter().zip(outcomes) {
            answer.add(index, id, outcome);
        }
        answer.errors.sort_by_key(|error| error.index);
    }
    reply::json(&answer)
}

impl Answer {
    /// Notes an item that was not taken.
    pub(super) fn reject(
        &mut self,
        index: usize,
        id: Option<&str>,
        code: Option<RefusalCode>,
        errors: Vec<FieldError>,
    ) {
        self.rejected += 1;
        for FieldError { field, detail, mend, .. } in errors {
            self.errors.push(ItemError { index, id: id.map(str::to_owned), field, code, detail, mend });
        }
    }

    /// Notes what the store said of an item.
    pub(super) fn add(&mut self, index: usize, id: Option<String>, outcome: Outcome) {
        match outcome {
            Outcome::Accepted(Accepted { generated_id, future_clamped, .. }) => {
                self.accepted += 1;
                let id = generated_id.as_ref().map(|generated| Some(generated.clone())).unwrap_or(id);
                if future_clamped {
                    let detail =
                        "was ahead of the server's clock by over 5 minutes: stored at the time of receipt";
                    self.flagged.push(Flagged { index, id, field: "at", detail });
                }
                if let Some(id) = generated_id {
                    self.generated_ids.push(GeneratedId { index, id });
                }
            }
            // `Known` answers assign proposals only; were it to come here, it would mean the same.
            Outcome::Duplicate | Outcome::Known { .. } => self.duplicates += 1,
            Outcome::Refused(refusal) => {
                let error = FieldError::new(refusal.field, refusal.detail, refusal.mend);
                self.reject(index, id.as_deref(), Some(refusal.code), vec![error]);
            }
        }
    }
}

/// What [`exposure`] reads.
pub(super) fn exposure_schema() -> Value {
    json!({
        "type": "object",
        "description": "A customer met a variant.",
        "additionalProperties": false,
        "required": ["customer", "experiment", "variant"],
        "properties": {
            "customer": parts::customer_id(),
            "experiment": {"type": "string", "description": "The experiment's key."},
            "variant": {"type": "string", "description": "The variant's key."},
            "id": parts::id(),
            "at": parts::instant(),
            "attributes": parts::attributes(),
        },
        "examples": [{"id": "e-1", "customer": "c-7", "experiment": "winback_2026", "variant": "control"}],
    })
}

fn exposure(item: Value) -> Result<Proposal, Vec<FieldError>> {
    let mut fields = Fields::of(item).map_err(|error| vec![error])?;
    let customer = fields.customer_id("customer");
    let experiment = fields.required("experiment", "the experiment by its key");
    let variant = fields.required("variant", "the variant by its key");
    let id = fields.id("id");
    let at = fields.instant("at");
    let attributes = fields.attributes("attributes");
    fields.finish()?;
    // Whatever is missing has been noted, so nothing is empty here.
    let (customer, experiment) = (customer.unwrap_or_default(), experiment.unwrap_or_default());
    let variant = variant.unwrap_or_default();
    Ok(Proposal::Exposure(ProposedExposure { customer, experiment, variant, id, at, attributes }))
}

/// What [`conversion`] reads.
pub(super) fn conversion_schema() -> Value {
    json!({
        "type": "object",
        "description": "A customer did something.",
        "additionalProperties": false,
        "required": ["customer", "event"],
        "properties": {
            "customer": parts::customer_id(),
            "event": parts::event_name(),
            "value": parts::amount(),
            "id": parts::id(),
            "at": parts::instant(),
            "attributes": parts::attributes(),
        },
        "examples": [{"id": "order-1", "customer": "c-42", "event": "order", "value": 19.9}],
    })
}

/// One item, or a batch of them as [`read_batch`] reads it; `item` refers to what one looks like.
pub(super) fn batch_schema(item: &Value) -> Value {
    json!({
        "oneOf": [
            item,
            {
                "type": "object",
                "additionalProperties": false,
                "required": ["events"],
                "properties": {"events": {"type": "array", "maxItems": MAX_BATCH_ITEMS, "items": item}},
            },
        ],
    })
}

fn conversion(item: Value) -> Result<Proposal, Vec<FieldError>> {
    let mut fields = Fields::of(item).map_err(|error| vec![error])?;
    let customer = fields.customer_id("customer");
    let event = fields.event_name("event");
    let value = fields.amount("value");
    let id = fields.id("id");
    let at = fields.instant("at");
    let attributes = fields.attributes("attributes");
    fields.finish()?;
    let (customer, event) = (customer.unwrap_or_default(), event.unwrap_or_default());
    Ok(Proposal::Event(ProposedEvent { customer, event, id, value, at, attributes }))
}
