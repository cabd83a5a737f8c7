//! The server itself.

use axum::http::StatusCode;
use serde_json::json;

use crate::http::openapi::call::{CSV, Call, JSON, NDJSON};
use crate::http::probes::{Health, Ready};
use crate::http::problem::Kind;
use crate::http::verify::VerificationView;
use crate::store::Audit;

pub(super) fn calls() -> Vec<Call> {
    let text = || json!({"type": "string"});
    let bytes = json!({"type": "string", "contentMediaType": "application/octet-stream"});
    let audit = Call::new("GET", "/v1/audit", "get_audit", "Who changed what, and when").answers::<Audit>(
        StatusCode::OK,
        "Every entry, and what is wrong with the first one that is broken.",
    );
    let verify = Call::new("POST", "/v1/verify", "verify_store", "Recount everything and compare")
        .explained("One recount at a time; it takes as long as it takes.")
        .answers::<VerificationView>(StatusCode::OK, "What differs, if anything does.")
        .refuses(&[Kind::DiskFull]);
    let backup = Call::new("POST", "/v1/backup", "back_up", "A copy of the log as it is now")
        .explained("One copy at a time. If the server fails on the way the answer is cut off.")
        .answers_with(StatusCode::OK, "application/octet-stream", bytes, "The copy.");
    let formats = json!({"enum": ["ndjson", "csv"], "default": "ndjson"});
    let export = Call::new("POST", "/v1/export", "export", "Facts as text")
        .explained("One copy at a time. If the server fails on the way the answer is cut off.")
        .query(
            "experiment",
            json!({"type": "string", "examples": ["winback_2026"]}),
            "Only what belongs to it.",
        )
        .query("format", formats, "How they are written.")
        .answers_with(StatusCode::OK, NDJSON, text(), "The facts.")
        .answers_with(StatusCode::OK, CSV, text(), "The facts.")
        .refuses(&[Kind::UnknownExperiment, Kind::NotReady]);
    let health = Call::new("GET", "/healthz", "get_health", "Whether the process lives")
        .answers::<Health>(StatusCode::OK, "It does.");
    let readiness = Call::new("GET", "/readyz", "get_readiness", "Whether intake is open")
        .answers::<Ready>(StatusCode::OK, "It is.")
        .refuses(&[Kind::NotReady]);
    let metrics = Call::new("GET", "/metrics", "get_metrics", "What the server did, for Prometheus")
        .answers_with(
            StatusCode::OK,
            "text/plain",
            text(),
            "Counts by experiment only for callers who may read.",
        );
    let openapi = Call::new("GET", "/openapi.json", "get_openapi", "This description").answers_with(
        StatusCode::OK,
        JSON,
        json!({"type": "object"}),
        "OpenAPI 3.1.",
    );
    let docs = Call::new("GET", "/docs", "get_docs", "This description as a page").answers_with(
        StatusCode::OK,
        "text/html",
        text(),
        "The page.",
    );
    let part = |address, id, media_type| {
        let part = Call::new("GET", address, id, "What that page is made of");
        part.answers_with(StatusCode::OK, media_type, text(), "The file.")
    };
    let style = part("/docs/swagger-ui.css", "get_docs_style", "text/css");
    let script = part("/docs/swagger-ui-bundle.js", "get_docs_script", "text/javascript");
    let start = part("/docs/start.js", "get_docs_start", "text/javascript");
    let page = [openapi, docs, style, script, start].map(|call| call.refuses(&[Kind::Busy]));
    let mut calls = vec![audit, verify, backup, export, health, readiness, metrics];
    calls.extend(page);
    calls
}
