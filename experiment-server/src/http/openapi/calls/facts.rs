//! What customers met and did.

use axum::http::StatusCode;
use serde_json::Value;

use crate::http::intake::{Answer, batch_schema, conversion_schema, exposure_schema};
use crate::http::intake_stream::{Line, Total};
use crate::http::openapi::call::{Call, JSON, NDJSON};
use crate::http::openapi::schemas::refer_to;

pub(super) fn calls() -> Vec<Call> {
    let exposures =
        Call::new("POST", "/v1/exposures", "report_exposures", "Customers met variants").explained(
            "Only exposures that `assign` did not record. Answered once everything accepted is on disk; items that \
             are rejected don't disturb the others.",
        );
    let conversions = Call::new("POST", "/v1/conversions", "report_conversions", "Customers did something")
        .explained(
            "Answered once everything accepted is on disk; items that are rejected don't disturb the others.",
        );
    vec![
        facts(exposures, "Exposure", exposure_schema(), "ExposureBatch"),
        facts(conversions, "Conversion", conversion_schema(), "ConversionBatch"),
    ]
}

fn facts(call: Call, name: &str, item: Value, batch: &str) -> Call {
    let example = item["examples"][0].to_string();
    call.sends(name, item)
        .sends(batch, batch_schema(&refer_to(name)))
        .body(batch, &[JSON])
        .body_as_text(NDJSON, "One object a line.", &format!("{example}\n"))
        .answers::<Answer>(StatusCode::OK, "What became of each item.")
        .answers_lines::<Line<'_>, Total>(
            StatusCode::OK,
            "What became of each item. To NDJSON with `Accept: application/x-ndjson` a line for each line as it is on \
             disk, and a last line that says `complete`.",
        )
        .writes()
}
