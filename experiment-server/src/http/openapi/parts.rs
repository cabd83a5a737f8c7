//! What single fields look like. Those of requests are read by the method of [`Fields`] that has their name.
//!
//! [`Fields`]: crate::http::fields::Fields

use experiment_core::assignment::{NotAssignedReason, Reason};
use experiment_core::definition::{MAX_CUSTOMER_ID_BYTES, MAX_NAME_BYTES};
use serde_json::{Value, json};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use crate::http::limits::{MAX_ATTRIBUTE_BYTES, MAX_ATTRIBUTES, MAX_VALUE};
use crate::store::MAX_ID_BYTES;

/// A customer's id.
pub(in crate::http) fn customer_id() -> Value {
    let description = format!("1 to {MAX_CUSTOMER_ID_BYTES} bytes, compared byte by byte.");
    json!({"type": "string", "minLength": 1, "maxLength": MAX_CUSTOMER_ID_BYTES, "description": description})
}

/// The id of a fact.
pub(in crate::http) fn id() -> Value {
    let description = format!(
        "1 to {MAX_ID_BYTES} bytes. Under it the fact may be sent again; without one the server makes an id."
    );
    json!({"type": "string", "minLength": 1, "maxLength": MAX_ID_BYTES, "description": description})
}

/// The name of an event or an attribute.
pub(in crate::http) fn event_name() -> Value {
    let pattern = format!("^[^\\u0000-\\u001f\\u007f-\\u009f]{{1,{MAX_NAME_BYTES}}}$");
    let description = format!("1 to {MAX_NAME_BYTES} bytes without control characters.");
    json!({"type": "string", "pattern": pattern, "description": description})
}

/// The value of an event.
pub(in crate::http) fn amount() -> Value {
    json!({"type": "number", "minimum": -MAX_VALUE, "maximum": MAX_VALUE})
}

/// An instant.
pub(in crate::http) fn instant() -> Value {
    json!({"type": "string", "format": "date-time"})
}

/// What is known of a customer.
pub(in crate::http) fn attributes() -> Value {
    let description = format!(
        "Texts, numbers and truth values by name. Each has at most {MAX_ATTRIBUTE_BYTES} bytes; conditions also \
         look into lists and objects."
    );
    json!({
        "type": "object",
        "maxProperties": MAX_ATTRIBUTES,
        "propertyNames": event_name(),
        "description": description,
    })
}

/// Why a customer gets a variant, or none.
pub(in crate::http) fn reason() -> Schema {
    let names =
        Reason::ALL.map(Reason::name).into_iter().chain(NotAssignedReason::ALL.map(NotAssignedReason::name));
    let reason = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names));
    reason.description(Some("Why the customer gets this variant, or none.")).into()
}

/// A UTC day.
pub(in crate::http) fn day() -> Value {
    json!({"type": "string", "format": "date", "examples": ["2026-03-01"]})
}

/// A length of time.
pub(in crate::http) fn span() -> Value {
    json!({"type": "string", "pattern": "^[0-9]+[smhdw]$", "examples": ["30d"]})
}

/// A flag of the query; named without a value it is true.
pub(in crate::http) fn flag() -> Value {
    json!({"enum": ["true", "false", ""], "default": "false"})
}

/// The forms of a report.
pub(in crate::http) fn format() -> Value {
    json!({"enum": ["json", "csv"], "default": "json"})
}
