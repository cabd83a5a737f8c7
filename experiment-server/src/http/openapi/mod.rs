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

use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use self::calls::GROUPS;
use self::schemas::{Schemas, null_is_absent};
use super::compressed::{gzip, ready, takes_gzip};
use super::problem::Problem;
use super::reply::{JSON, json_bytes};
use super::router::{Route, routes};

const DESCRIPTION: &str = "\
A/B tests of customer-retention offers. Every call is shown with its answer in docs/http.md.

- A field that is null counts as absent. Unknown fields and parameters are errors that name the nearest known one.
- What does not apply is absent from an answer, never null. Answers may get further fields.
- Every error is a problem (RFC 9457) that names the field and the mend; `x-problems` lists those of a call by status.
- Without keys the server answers on this machine only and asks for none; what can't be undone takes the start token.";

/// The document, written once.
static DOCUMENT: LazyLock<Result<Written, String>> = LazyLock::new(|| {
    let text = document()?.to_string();
    let packed = gzip(text.as_bytes()).map_err(|error| error.to_string())?;
    Ok(Written { text: text.into(), packed: packed.into() })
});

/// The document as it is sent.
struct Written {
    text: Bytes,
    /// The same in gzip: anybody may ask for it, as often as they like.
    packed: Bytes,
}

/// Describes this interface.
pub(super) async fn get_openapi(headers: HeaderMap) -> Result<Response, Problem> {
    let document = DOCUMENT.as_ref().map_err(Problem::internal)?;
    Ok(match takes_gzip(&headers) {
        true => ready(JSON, document.packed.clone()),
        false => json_bytes(document.text.clone()),
    })
}

/// # Errors
/// Two schemas have one name, or those of definitions can't be read; neither outlives the tests.
fn document() -> Result<Value, String> {
    let (mut sent, mut answered) = (definition_schemas()?, Schemas::default());
    let (mut paths, mut tags) = (Map::new(), Vec::new());
    let routes = routes();
    for group in GROUPS {
        tags.push(json!({"name": group.name, "description": group.about}));
        for mut call in (group.calls)() {
            let is_it = |route: &&Route| (route.method, route.address) == (call.method, call.address);
            let route = routes.iter().find(is_it);
            let route = route.ok_or_else(|| format!("there is no call {} {}", call.method, call.address))?;
            sent.extend(std::mem::take(&mut call.sent));
            answered.extend(std::mem::take(&mut call.answered));
            let methods = paths.entry(route.address).or_insert_with(|| json!({}));
            methods[route.method.to_lowercase()] = call.operation(group.name, route);
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

#[cfg(test)]
mod tests {
    use super::{document, routes};

    #[test]
    fn every_call_of_the_router_is_described() {
        let document = document().unwrap();
        // Pages are for people.
        for route in routes().into_iter().filter(|route| !route.page) {
            let described = &document["paths"][route.address][route.method.to_lowercase()];
            assert!(described.is_object(), "{} {}", route.method, route.address);
        }
    }
}
