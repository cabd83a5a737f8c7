//! Figures of the whole company.

use axum::http::StatusCode;
use experiment_core::report::kpi::Kpis;
use serde_json::json;

use crate::http::openapi::call::{CSV, Call};
use crate::http::openapi::parts;
use crate::http::problem::Kind;

pub(super) fn calls() -> Vec<Call> {
    let level = json!({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1, "default": 0.95});
    let mut event = parts::event_name();
    event["default"] = "order".into();
    let kpis = Call::new("GET", "/v1/kpis", "get_kpis", "Company figures of a period")
        .explained("All customers are read, two calls at a time; further ones wait.")
        .needed_query("from", parts::day(), "The first day.")
        .needed_query("to", parts::day(), "The last day.")
        .query(
            "within",
            parts::span(),
            "Who did nothing for so long is lost; the period's length unless said otherwise.",
        )
        .query("event", event, "The purchase.")
        .query("active", json!({"type": "string"}), "Events that count as activity, with commas between.")
        .query("cost", parts::event_name(), "The event whose value is what retention cost.")
        .query("survey", parts::event_name(), "The event whose value is a score from 0 to 10.")
        .query("level", level, "Coverage of the intervals.")
        .query("fresh", parts::flag(), "Wait until everything acknowledged is in them.")
        .query("format", parts::format(), "How they are written.")
        .answers::<Kpis>(StatusCode::OK, "The figures.")
        .answers_with(StatusCode::OK, CSV, json!({"type": "string"}), "The figures.")
        .refuses(&[Kind::NotReady, Kind::DiskFull]);
    vec![kpis]
}
