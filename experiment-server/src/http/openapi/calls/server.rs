//! The server itself.

use axum::http::StatusCode;
use serde_json::json;

use crate::http::auth::Access::{Maintain, Open};
use crate::http::openapi::call::{CSV, Call, JSON, NDJSON};
use crate::http::probes::{Health, Ready};
use crate::http::problem::Kind;
use crate::http::verify::VerificationView;
use crate::store::Audit;

pub(super) fn calls() -> Vec<Call> {
    let text = || json!({"type": "string"});
    let bytes = json!({"type": "string", "contentMediaType": "application/octet-stream"});
    let audit = Call::new(Maintain, "get", "/v1/audit", "get_audit", "Who changed what, and when")
        .answers::<Audit>(
            StatusCode::OK,
            "Every entry, and what is wrong with the first one that is broken.",
        );
    let verify = Call::new(Maintain, "post", "/v1/verify", "verify_store", "Recount everything and compare")
        .explained("One recount at a time; it takes as long as it takes.")
        .answers::<VerificationView>(StatusCode::OK, "What differs, if anything does.");
    let backup = Call::new(Maintain, "post", "/v1/backup", "back_up", "A copy of the log as it is now")
        .explained("One copy at a time. If the server fails on the way the answer is cut off.")
        .answers_with(StatusCode::OK, "application/octet-stream", bytes, "The copy.");
    let formats = json!({"enum": ["ndjson", "csv"], "default": "ndjson"});
    let export = Call::new(Maintain, "post", "/v1/export", "export", "Facts as text")
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
    let health = Call::new(Open, "get", "/healthz", "get_health", "Whether the process lives")
        .answers::<Health>(StatusCode::OK, "It does.");
    let readiness = Call::new(Open, "get", "/readyz", "get_readiness", "Whether intake is open")
        .answers::<Ready>(StatusCode::OK, "It is.")
        .refuses(&[Kind::NotReady]);
    let metrics = Call::new(Open, "get", "/metrics", "get_metrics", "What the server did, for Prometheus")
        .answers_with(
            StatusCode::OK,
            "text/plain",
            text(),
            "Counts by experiment only for callers who may read.",
        );
    let openapi = Call::new(Open, "get", "/openapi.json", "get_openapi", "This description").answers_with(
        StatusCode::OK,
        JSON,
        json!({"type": "object"}),
        "OpenAPI 3.1.",
    );
    let docs = Call::new(Open, "get", "/docs", "get_docs", "This description as a page").answers_with(
        StatusCode::OK,
        "text/html",
        text(),
        "The page.",
    );
    let asset = Call::new(Open, "get", "/docs/{file}", "get_docs_file", "What that page is made of")
        .path("file", json!({"enum": crate::http::docs_page::FILES}), "Its name.")
        .answers_with(StatusCode::OK, "text/css", text(), "The file.")
        .answers_with(StatusCode::OK, "text/javascript", text(), "The file.")
        .answers_with(
            StatusCode::OK,
            "image/png",
            json!({"type": "string", "contentMediaType": "image/png"}),
            "The file.",
        )
        .refuses(&[Kind::UnknownRoute]);
    vec![audit, verify, backup, export, health, readiness, metrics, openapi, docs, asset]
}
