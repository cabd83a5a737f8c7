//! `POST /v1/power`: how many customers, with what chance of seeing which effect.

use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::{Value, json};

use super::body::read_json_body;
use super::fields::Fields;
use super::nearest::did_you_mean;
use super::problem::{FieldError, Kind, Problem};
use super::reply;
use super::state::AppState;
use crate::planning::{PlanRequest, PlannedMetric, plan};

/// Chance of a false positive unless said otherwise.
const DEFAULT_ALPHA: f64 = 0.05;
/// Chance of seeing a true effect, where that is not what is asked for.
const DEFAULT_POWER: f64 = 0.8;

/// Of effect, customers and power two are sent and the third is worked out; a power that is not sent
/// beside one of the others is the usual one.
pub(super) async fn plan_size(State(app): State<AppState>, request: Request) -> Result<Response, Problem> {
    let body = read_json_body(request, app.settings.timeouts.body).await?;
    let request = read_request(body)?;
    let answer = plan(&request).map_err(|error| {
        let error = FieldError::new(error.field, error.detail, error.mend);
        Problem::of_field(Kind::InvalidRequest, error)
    })?;
    reply::json(&answer)
}

/// What [`read_request`] reads. Of effect, customers and power two are needed at most.
pub(super) fn request_schema() -> Value {
    let number = |description: &str| json!({"type": "number", "description": description});
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["metric"],
        "properties": {
            "metric": {"enum": ["proportion", "mean"]},
            "baseline": number("The control's rate or mean."),
            "mean": number("The control's mean, where there is no baseline."),
            "variance": number("Means: the variance between customers."),
            "effect": {
                "description": "Variant − control, alone or said to be absolute, or over the baseline.",
                "oneOf": [
                    {"type": "number"},
                    {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["absolute"],
                        "properties": {"absolute": {"type": "number"}, "relative": {"type": "null"}},
                    },
                    {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["relative"],
                        "properties": {"relative": {"type": "number"}, "absolute": {"type": "null"}},
                    },
                ],
            },
            "customers": number("Customers in the control."),
            "power": number("The chance to see the effect, 0.8 unless effect and customers are given."),
            "alpha": {"type": "number", "default": DEFAULT_ALPHA, "description": "The chance of a false positive."},
            "sides": {"enum": ["one", "two", 1, 2], "default": "two"},
            "ratio": {"type": "number", "default": 1, "description": "Customers in the variant for each in the control."},
        },
        "examples": [{"metric": "proportion", "baseline": 0.19, "effect": {"relative": 0.05}}],
    })
}

fn read_request(body: Value) -> Result<PlanRequest, Problem> {
    let mut fields = Fields::of_body(body)?;
    let metric = read_metric(&mut fields);
    let baseline = read_baseline(&mut fields, metric);
    let variance = fields.number("variance");
    let asks_for_power = fields.has("effect") && fields.has("customers");
    let (effect, relative) = read_effect(&mut fields);
    let customers = fields.number("customers");
    let power = fields.number("power").or((!asks_for_power).then_some(DEFAULT_POWER));
    let alpha = fields.number("alpha").unwrap_or(DEFAULT_ALPHA);
    let sides = read_sides(&mut fields);
    let ratio = fields.number("ratio").unwrap_or(1.0);
    fields.end()?;
    // What is missing here has been refused above.
    let (Some(metric), Some(baseline)) = (metric, baseline) else {
        return Err(Problem::internal("a plan without metric or baseline was let through"));
    };
    Ok(PlanRequest { metric, baseline, variance, effect, relative, customers, power, alpha, sides, ratio })
}

fn read_metric(fields: &mut Fields) -> Option<PlannedMetric> {
    let metric = fields.required("metric", "what is measured: \"proportion\" or \"mean\"")?;
    match metric.as_str() {
        "proportion" => Some(PlannedMetric::Proportion),
        "mean" => Some(PlannedMetric::Mean),
        other => {
            let shown: String = other.chars().take(60).collect();
            let mend =
                did_you_mean(other, ["proportion", "mean"], || "send \"proportion\" or \"mean\"".to_owned());
            fields.wrong("metric", format!("{shown:?} is no kind of metric that is planned for"), mend);
            None
        }
    }
}

/// The control's rate or mean; a mean may also be called so.
fn read_baseline(fields: &mut Fields, metric: Option<PlannedMetric>) -> Option<f64> {
    let (has_mean, mean) = (fields.has("mean"), fields.number("mean"));
    if has_mean && fields.has("baseline") {
        fields.wrong("mean", "stands beside \"baseline\"", "send one of the two");
    } else if has_mean && metric == Some(PlannedMetric::Proportion) {
        fields.wrong("mean", "is not for proportions", "send the control's rate as \"baseline\"");
    } else if has_mean {
        return mean;
    }
    if fields.needs("baseline", "the control's rate or mean, such as 0.1") {
        fields.number("baseline")
    } else {
        None
    }
}

/// The effect, and whether it is over the baseline: `0.02`, `{"absolute": 0.02}` or `{"relative": 0.2}`.
fn read_effect(fields: &mut Fields) -> (Option<f64>, bool) {
    if fields.has_number("effect") {
        return (fields.number("effect"), false);
    }
    let Some(mut inner) = fields.object("effect", "send {\"absolute\": 0.02} or {\"relative\": 0.2}") else {
        return (None, false);
    };
    let (absolute, relative) = (inner.has("absolute"), inner.has("relative"));
    if absolute == relative {
        inner.wrong("absolute", "is given with relative, or neither is", "send one of the two");
    }
    let (absolute, over_baseline) = (inner.number("absolute"), inner.number("relative"));
    fields.join(inner);
    (absolute.or(over_baseline), relative)
}

fn read_sides(fields: &mut Fields) -> u8 {
    match fields.take("sides") {
        None => 2,
        Some(value) if value == "two" || value == 2 => 2,
        Some(value) if value == "one" || value == 1 => 1,
        Some(_) => {
            fields.wrong("sides", "is neither \"one\" nor \"two\"", "send \"one\" or \"two\"");
            2
        }
    }
}
