//! What experiments have shown, and how large they must be.

use axum::http::StatusCode;
use experiment_core::report::Report;
use serde_json::json;

use crate::http::openapi::call::{CSV, Call};
use crate::http::openapi::parts;
use crate::http::power::request_schema;
use crate::http::problem::Kind;
use crate::planning::PlanAnswer;

pub(super) fn calls() -> Vec<Call> {
    let results = Call::new("GET", "/v1/experiments/{key}/results", "get_results", "The report")
        .experiment()
        .query("as_of", parts::day(), "What had been received by the end of this UTC day; today: up to now.")
        .query("fresh", parts::flag(), "Wait until everything acknowledged is in it.")
        .query("inputs", parts::flag(), "Add the exact sums and the plan that it was made from; JSON only.")
        .query("format", parts::format(), "How it is written.")
        .answers::<Report>(StatusCode::OK, "The report.")
        .answers_with(StatusCode::OK, CSV, json!({"type": "string"}), "The report.")
        .refuses(&[Kind::NotReady, Kind::DiskFull]);
    let power = Call::new("POST", "/v1/power", "plan_size", "How many customers it takes")
        .explained("Of effect, customers and power two are sent and the third is worked out.")
        .json_body("PowerRequest", request_schema())
        .answers::<PlanAnswer>(StatusCode::OK, "All three.");
    vec![results, power]
}
