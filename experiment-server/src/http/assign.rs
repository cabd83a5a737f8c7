//! `POST /v1/assign`: which variant a customer gets.

use axum::extract::{Request, State};
use axum::response::Response;
use experiment_core::assignment::{CompiledExperiment, Customer};
use experiment_core::definition::Offer;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::answer::{Answer, Exposure, decide, record};
use super::body::read_json_body;
use super::fields::{Fields, kind_of};
use super::limits::MAX_NAMED_EXPERIMENTS;
use super::openapi::parts;
use super::problem::Problem;
use super::reply;
use super::state::AppState;
use super::store_problem::unknown_experiment;
use crate::store::{Attributes, Catalog};

/// Which experiments are asked for.
enum Which {
    One(String),
    Some(Vec<String>),
    Running,
}

/// What is asked.
struct Ask {
    which: Which,
    customer: String,
    attributes: Option<Attributes>,
    record: bool,
}

/// What a customer gets of one experiment.
#[derive(Serialize, ToSchema)]
#[schema(as = Assignment)]
pub(super) struct AnswerView<'a> {
    experiment: &'a str,
    /// The variant's key; null for those who get none.
    #[schema(required)]
    variant: Option<&'a str>,
    /// What the variant gives.
    #[schema(required)]
    offer: Option<&'a Offer>,
    /// The variant's payload.
    #[schema(value_type = Value)]
    payload: &'a Value,
    #[schema(schema_with = parts::reason)]
    reason: &'static str,
    exposure: Exposure,
    /// Why it was not recorded although it should have been.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

/// What a customer gets of several experiments.
#[derive(Serialize, ToSchema)]
#[schema(as = Assignments)]
pub(super) struct AnswersView<'a> {
    /// In the order of their keys.
    assignments: Vec<AnswerView<'a>>,
}

/// Answers with one object for `experiment`, with a list for `experiments` and for none.
pub(crate) async fn assign_customer(
    State(app): State<AppState>,
    request: Request,
) -> Result<Response, Problem> {
    let body = read_json_body(request, app.settings.timeouts.body).await?;
    let ask = read_ask(body)?;
    // One catalog throughout, whatever is changed meanwhile.
    let catalog = app.store.catalog();
    let chosen = choose(&catalog, &ask.which)?;
    let mut customer = Customer::new(&ask.customer);
    customer.attributes = ask.attributes.as_ref();
    let decided = chosen.into_iter().map(|experiment| decide(&app, experiment, customer));
    let mut answers = decided.collect::<Result<Vec<_>, _>>()?;
    if ask.record {
        record(&app, &mut answers, ask.customer, ask.attributes).await?;
    }
    answers.iter().for_each(|answer| answer.count(&app));
    match (&ask.which, answers.as_slice()) {
        (Which::One(_), [answer]) => reply::json(&AnswerView::of(answer)),
        _ => reply::json(&AnswersView { assignments: answers.iter().map(AnswerView::of).collect() }),
    }
}

/// What [`read_ask`] reads: of one experiment, or of several.
pub(super) fn ask_schema() -> Value {
    let customer = json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["id"],
        "properties": {"id": parts::customer_id(), "attributes": parts::attributes()},
    });
    let record = "Whether exposures are written down. True unless said otherwise where one experiment is named, else false.";
    let record = json!({"type": "boolean", "description": record});
    let keys = json!({
        "type": "array",
        "maxItems": MAX_NAMED_EXPERIMENTS,
        "items": {"type": "string"},
        "description": "Their keys; all that run where none is said.",
    });
    json!({
        "oneOf": [
            {
                "type": "object",
                "description": "Of one experiment.",
                "additionalProperties": false,
                "required": ["experiment", "customer"],
                "properties": {
                    "experiment": {"type": "string", "description": "Its key."},
                    "experiments": {"type": "null"},
                    "customer": customer,
                    "record": record,
                },
            },
            {
                "type": "object",
                "description": "Of several experiments.",
                "additionalProperties": false,
                "required": ["customer"],
                "properties": {
                    "experiment": {"type": "null"},
                    "experiments": keys,
                    "customer": customer,
                    "record": record,
                },
            },
        ],
        "examples": [
            {"experiment": "winback_2026", "customer": {"id": "c-42", "attributes": {"plan": "basic"}}},
            {"customer": {"id": "c-42"}},
        ],
    })
}

fn read_ask(body: Value) -> Result<Ask, Problem> {
    let mut fields = Fields::of_body(body)?;
    let one = fields.text("experiment");
    let several = read_keys(&mut fields);
    if one.is_some() && several.is_some() {
        fields.wrong("experiments", "stands beside \"experiment\"", "send one of the two");
    }
    let (mut customer, mut attributes) = (None, None);
    if fields.needs("customer", "who: {\"id\": \"…\", \"attributes\": {…}}")
        && let Some(mut inner) = fields.object("customer", "send an object such as {\"id\": \"…\"}")
    {
        customer = inner.customer_id("id");
        attributes = inner.attributes("attributes");
        fields.join(inner);
    }
    let record = fields.flag("record");
    fields.end()?;
    let named = match &several {
        Some(keys) => keys.len() == 1,
        None => one.is_some(),
    };
    let which = one.map(Which::One).or(several.map(Which::Some)).unwrap_or(Which::Running);
    // A customer without id has been refused above.
    let customer = customer.unwrap_or_default();
    Ok(Ask { which, customer, attributes, record: record.unwrap_or(named) })
}

/// Each key once, in order.
fn read_keys(fields: &mut Fields) -> Option<Vec<String>> {
    let list = match fields.take("experiments")? {
        Value::Array(list) => list,
        other => {
            let detail = format!("is {}, not a list", kind_of(&other));
            fields.wrong("experiments", detail, "send a list of keys, or leave it out for all that run");
            return None;
        }
    };
    if list.len() > MAX_NAMED_EXPERIMENTS {
        let detail = format!("has {} entries, the most is {MAX_NAMED_EXPERIMENTS}", list.len());
        fields.wrong("experiments", detail, "ask in several calls");
        return None;
    }
    let mut keys = Vec::with_capacity(list.len());
    for (index, item) in list.into_iter().enumerate() {
        match item {
            Value::String(key) => keys.push(key),
            other => {
                let detail = format!("is {}, not a text", kind_of(&other));
                fields.wrong(&format!("experiments[{index}]"), detail, "send the key of an experiment");
            }
        }
    }
    keys.sort_unstable();
    keys.dedup();
    Some(keys)
}

/// The experiments asked for, sorted by key.
fn choose<'a>(catalog: &'a Catalog, which: &Which) -> Result<Vec<&'a CompiledExperiment>, Problem> {
    let find = |key: &String, path| {
        let found = catalog.snapshot().get(key);
        found.ok_or_else(|| unknown_experiment(catalog, key, path))
    };
    match which {
        Which::One(key) => Ok(vec![find(key, "experiment")?]),
        Which::Some(keys) => keys.iter().map(|key| find(key, "experiments")).collect(),
        Which::Running => Ok(catalog.snapshot().running().collect()),
    }
}

impl<'a> AnswerView<'a> {
    fn of(answer: &'a Answer<'a>) -> AnswerView<'a> {
        let variant = answer.variant();
        AnswerView {
            experiment: &answer.compiled.experiment().key,
            variant: variant.map(|variant| variant.key.as_str()),
            offer: variant.and_then(|variant| variant.offer.as_ref()),
            payload: variant.map_or(&Value::Null, |variant| &variant.payload),
            reason: answer.decision.reason(),
            exposure: answer.exposure,
            detail: answer.detail.as_deref(),
        }
    }
}
