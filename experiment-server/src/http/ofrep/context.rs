//! Whom a flag is evaluated for.

use axum::extract::Request;
use experiment_core::assignment::Customer;
use experiment_core::definition::{MAX_CUSTOMER_ID_BYTES, check_customer_id};
use serde_json::{Map, Value, json};

use super::failure::{Code, Failure};
use crate::http::body::{off_thread_if_large, read_body};
use crate::http::fields::{drop_nulls, kind_of, wrong_attributes};
use crate::http::json::{non_finite, read_json};
use crate::http::limits::{MAX_ATTRIBUTES, MAX_BODY_BYTES};
use crate::http::openapi::parts;
use crate::http::problem::FieldError;
use crate::http::state::AppState;
use crate::store::Attributes;

const SAMPLE: &str = r#"send {"context": {"targetingKey": "c-42"}}"#;
/// The field of the context that names the customer.
const TARGETING_KEY: &str = "targetingKey";
/// Where it stands in a body.
const TARGETING_KEY_PATH: &str = "context.targetingKey";

/// The evaluation context.
pub(super) struct Context {
    /// The customer: `targetingKey`.
    pub(super) customer: String,
    /// Everything else that it says.
    pub(super) attributes: Attributes,
}

impl Context {
    /// The customer, for decisions.
    pub(super) fn customer(&self) -> Customer<'_> {
        Customer::new(&self.customer).with_attributes(&self.attributes)
    }
}

/// What [`read_context`] reads.
pub(crate) fn request_schema() -> Value {
    json!({
        "type": "object",
        "required": ["context"],
        "properties": {
            "context": {
                "type": "object",
                "description": "The customer as `targetingKey`, and beside it what is known of them.",
                "required": [TARGETING_KEY],
                "properties": {TARGETING_KEY: parts::customer_id()},
                "propertyNames": parts::event_name(),
                "maxProperties": 1 + MAX_ATTRIBUTES,
            },
        },
        "examples": [{"context": {TARGETING_KEY: "c-42", "plan": "basic"}}],
    })
}

/// The context in a body, whatever its `Content-Type`. What stands beside the context is not looked at.
///
/// # Errors
/// 400 for what can't be read or used; 413, 408, 415 as everywhere.
pub(super) async fn read_context(app: &AppState, request: Request) -> Result<Context, Failure> {
    let body = read_body(request, MAX_BODY_BYTES, app.settings.timeouts.body).await?;
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(refuse(Code::ParseError, "", "the body is empty", SAMPLE));
    }
    let value = off_thread_if_large(body.len(), move || Ok(read_json(&body))).await?;
    let value = value.map_err(|error| Failure::refused(Code::ParseError, &[error.into()]))?;
    let Value::Object(mut body) = value else {
        return Err(refuse(Code::ParseError, "", &format!("is {}, not an object", kind_of(&value)), SAMPLE));
    };
    match body.remove("context") {
        None | Some(Value::Null) => Err(refuse(Code::TargetingKeyMissing, "context", "is missing", SAMPLE)),
        Some(Value::Object(context)) => of_fields(context),
        Some(other) => {
            let detail = format!("is {}, not an object", kind_of(&other));
            Err(refuse(Code::InvalidContext, "context", &detail, SAMPLE))
        }
    }
}

fn of_fields(mut context: Map<String, Value>) -> Result<Context, Failure> {
    let customer = match context.remove(TARGETING_KEY) {
        None | Some(Value::Null) => {
            return Err(refuse(Code::TargetingKeyMissing, TARGETING_KEY_PATH, "is missing", SAMPLE));
        }
        Some(Value::String(id)) if id.is_empty() => {
            return Err(refuse(Code::TargetingKeyMissing, TARGETING_KEY_PATH, "is empty", SAMPLE));
        }
        Some(value) => text(value).map_err(|detail| {
            refuse(Code::InvalidContext, TARGETING_KEY_PATH, &detail, "send the customer's id as a text")
        })?,
    };
    if let Err(error) = check_customer_id(&customer) {
        let mend = format!("use 1 to {MAX_CUSTOMER_ID_BYTES} bytes");
        return Err(refuse(Code::InvalidContext, TARGETING_KEY_PATH, &error.to_string(), &mend));
    }
    drop_nulls(&mut context);
    let wrong = wrong_attributes("context", &context);
    if !wrong.is_empty() {
        return Err(Failure::refused(Code::InvalidContext, &wrong));
    }
    Ok(Context { customer, attributes: context })
}

fn refuse(code: Code, field: &str, detail: &str, mend: &str) -> Failure {
    Failure::refused(code, &[FieldError::new(field, detail, mend)])
}

fn text(value: Value) -> Result<String, String> {
    let is_marked = non_finite(&value).is_some();
    match value {
        Value::String(text) if !is_marked => Ok(text),
        other => Err(format!("is {}, not a text", kind_of(&other))),
    }
}
