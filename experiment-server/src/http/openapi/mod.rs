//! `GET /openapi.json`: what can be called, what is sent and what comes back, as OpenAPI 3.1.
//!
//! What comes back is described by the types that are written, what is sent by the schemas beside their parsers, and
//! how a call may be refused by the problems there are. Only which call has which of them is said here, one file a
//! group of calls. Tests hold all of it to the router and to what the parsers know.
//!
//! # References
//! OpenAPI Initiative (2024), *OpenAPI Specification*, version 3.1.1.

mod call;
mod calls;
pub(super) mod parts;
mod schemas;

use std::sync::LazyLock;

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Map, Value, json};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Ref, RefOr};

use self::calls::GROUPS;
use self::schemas::{Schemas, null_is_absent};
use super::problem::{Body, Problem};
use super::reply::JSON;

const DESCRIPTION: &str = "\
A/B tests of customer-retention offers. Every call is shown with its answer in docs/http.md.

- A field that is null counts as absent. Unknown fields and parameters are errors that name the nearest known one.
- What does not apply is absent from an answer, never null. Answers may get further fields.
- Every error is a problem (RFC 9457) that names the field and the mend; `x-problems` lists those of a call by status.
- Without keys the server answers on this machine only and asks for none; what can't be undone takes the start token.";

/// The document, written once.
static DOCUMENT: LazyLock<Result<Bytes, String>> =
    LazyLock::new(|| document().map(|document| document.to_string().into()));

/// Describes this interface.
pub(super) async fn get_openapi() -> Result<Response, Problem> {
    let document = DOCUMENT.as_ref().map_err(Problem::internal)?;
    Ok(([(CONTENT_TYPE, JSON)], document.clone()).into_response())
}

/// Refers to what an experiment's definition looks like.
pub(super) fn definition() -> RefOr<Schema> {
    Ref::from_schema_name("Definition").into()
}

/// Refers to what a catalog looks like when it is sent.
pub(super) fn catalog_definition() -> RefOr<Schema> {
    Ref::from_schema_name("CatalogDefinition").into()
}

/// Every address that is described.
#[cfg(test)]
pub(super) fn addresses() -> Result<Vec<String>, String> {
    let paths = document()?["paths"].take();
    Ok(paths.as_object().into_iter().flatten().map(|(address, _)| address.clone()).collect())
}

/// # Errors
/// Two schemas have one name, or those of definitions can't be read; neither outlives the tests.
fn document() -> Result<Value, String> {
    let (mut sent, mut answered) = (definition_schemas()?, Schemas::default());
    answered.refer::<Body<'_>>();
    let (mut paths, mut tags) = (Map::new(), Vec::new());
    for (tag, description, calls) in GROUPS {
        tags.push(json!({"name": tag, "description": description}));
        for call in calls() {
            paths.entry(call.address).or_insert_with(|| json!({}))[call.method] = call.operation(tag);
            sent.extend(call.sent);
            answered.extend(call.answered);
        }
    }
    answered.leave_open();
    answered.extend(sent);
    Ok(json!({
        "openapi": "3.1.0",
        "info": {
            "title": "experiment",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "tags": tags,
        "paths": paths,
        "components": {"schemas": answered.into_value()?, "securitySchemes": security_schemes()},
    }))
}

/// What the core says of definitions and catalogs.
fn definition_schemas() -> Result<Schemas, String> {
    let text = experiment_core::definition::DOCUMENT_SCHEMA.replace("#/$defs/", "#/components/schemas/");
    let mut document: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let mut schemas = Schemas::default();
    if let Value::Object(parts) = document["$defs"].take() {
        for (name, mut schema) in parts {
            null_is_absent(&mut schema);
            schemas.insert(name, schema);
        }
    }
    Ok(schemas)
}

fn security_schemes() -> Value {
    json!({
        "bearer": {"type": "http", "scheme": "bearer", "description": "A key."},
        "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "A key."},
        "start_token": {
            "type": "apiKey",
            "in": "header",
            "name": "X-Start-Token",
            "description": "`start_token` in the data folder's server.json. What can't be undone takes it on a server \
                            without keys; with keys it takes a key.",
        },
    })
}
