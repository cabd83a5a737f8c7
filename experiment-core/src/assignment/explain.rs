//! Why this customer got this, step by step, in words.

use serde_json::Value;

use super::{CompiledExperiment, Customer, Entrance, Position, Prerequisite, Share, Step, Trace};
use crate::decimal::Decimal;
use crate::definition::{Audience, HashFunction, Status};
use crate::problem::cut_at;

/// Decimals of the traffic that is said to let a customer in.
const TRAFFIC_PLACES: u32 = 6;
/// Most that is shown of a condition or an attribute, in characters.
const MAX_SHOWN_CHARS: usize = 120;

/// Why this customer got this, step by step.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
pub struct Explanation {
    /// The steps that were taken; the last one decided.
    pub steps: Vec<ExplainedStep>,
}

/// One step in words.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ExplainedStep {
    /// Its name: status, override, external, concluded, sticky, audience, requires, layer, traffic, variant.
    pub step: &'static str,
    /// What it found.
    pub detail: String,
    /// Where the customer fell: a hash in digits, a fraction, or a bucket of so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// What that is compared with: a threshold, or each variant's ranges.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
    /// What would change the answer, where this step decided and something would.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub change: Option<String>,
}

impl Trace for Explanation {
    fn step(&mut self, experiment: &CompiledExperiment, customer: Customer<'_>, step: Step<'_>) {
        self.steps.push(explain(experiment, customer, step));
    }
}

impl ExplainedStep {
    fn new(step: &'static str, detail: impl Into<String>) -> ExplainedStep {
        ExplainedStep { step, detail: detail.into(), ..ExplainedStep::default() }
    }

    fn changed_by(self, change: impl Into<String>) -> ExplainedStep {
        ExplainedStep { change: Some(change.into()), ..self }
    }
}

fn explain(compiled: &CompiledExperiment, customer: Customer<'_>, step: Step<'_>) -> ExplainedStep {
    match step {
        Step::Status(status) => explain_status(status),
        Step::Override(None) => ExplainedStep::new("override", "the customer is on no override list"),
        Step::Override(Some(variant)) => {
            let key = variant_key(compiled, variant);
            let detail = format!("the customer is on the override list of {key}");
            ExplainedStep::new("override", detail).changed_by("take the customer off the list")
        }
        Step::External(false) => ExplainedStep::new("external", "the arms are drawn here"),
        Step::External(true) => {
            let detail = "the arms are drawn elsewhere (assignment: external)";
            ExplainedStep::new("external", detail).changed_by("assignment: server, before the start")
        }
        Step::Concluded(None) => ExplainedStep::new("concluded", "no winner has been declared"),
        Step::Concluded(Some(variant)) => {
            let key = variant_key(compiled, variant);
            let detail = format!("the experiment is concluded: everybody in the audience gets {key}");
            ExplainedStep::new("concluded", detail)
        }
        Step::Sticky(None) => ExplainedStep::new("sticky", "the customer has met no variant before"),
        Step::Sticky(Some(variant)) => {
            let key = variant_key(compiled, variant);
            ExplainedStep::new("sticky", format!("the customer first met {key} and keeps it"))
        }
        Step::Audience(holds) => explain_audience(compiled, customer, holds),
        Step::Requires(unmet) => explain_requires(compiled, unmet),
        Step::Layer { hash, inside } => explain_layer(compiled, hash, inside),
        Step::Traffic(entry) => explain_traffic(compiled, entry),
        Step::Variant { position, variant } => explain_variant(compiled, position, variant),
    }
}

fn variant_key(compiled: &CompiledExperiment, index: usize) -> &str {
    compiled.experiment().variants.get(index).map_or("an unknown variant", |variant| &variant.key)
}

fn explain_status(status: Status) -> ExplainedStep {
    let step = ExplainedStep::new("status", format!("the experiment is {status}"));
    match status {
        Status::Draft => step.changed_by("start the experiment"),
        Status::Stopped => step.changed_by("conclude it with a winner, or start another experiment"),
        Status::Archived => step.changed_by("start another experiment under another key"),
        Status::Running | Status::Concluded => step,
    }
}

fn explain_audience(
    compiled: &CompiledExperiment,
    customer: Customer<'_>,
    holds: Option<bool>,
) -> ExplainedStep {
    let (Some(holds), Some(audience)) = (holds, &compiled.experiment().audience) else {
        return ExplainedStep::new("audience", "the experiment is for everybody");
    };
    if holds {
        return ExplainedStep::new("audience", "the customer is in the audience");
    }
    let failing = failing_entries(compiled, audience, customer);
    let known = match customer.attributes {
        None => ", and no attributes of the customer are given",
        Some(_) => "",
    };
    let detail = format!("the customer is not in the audience: {}{known}", failing.join("; "));
    ExplainedStep::new("audience", detail).changed_by(format!("attributes that meet {}", failing.join("; ")))
}

/// The entries of the condition that do not hold, each with what the customer has there.
fn failing_entries(
    compiled: &CompiledExperiment,
    audience: &Audience,
    customer: Customer<'_>,
) -> Vec<String> {
    let (Value::Object(entries), Some(condition)) = (&audience.condition, compiled.audience()) else {
        return Vec::new();
    };
    let hold = condition.entries_hold(entries.len(), customer.id, customer.attributes);
    let failing = entries.iter().zip(hold).filter(|(_, holds)| !holds);
    failing.map(|((name, wanted), _)| cut_at(&format!("{name}: {wanted}"), MAX_SHOWN_CHARS)).collect()
}

fn explain_requires(
    compiled: &CompiledExperiment,
    unmet: Option<(&Prerequisite, Option<usize>)>,
) -> ExplainedStep {
    let Some((prerequisite, found)) = unmet else {
        let detail = match compiled.prerequisites() {
            [] => "no other experiment is required",
            _ => "the customer is in every variant that is required",
        };
        return ExplainedStep::new("requires", detail);
    };
    let other = prerequisite.experiment();
    let (key, wanted) = (&other.experiment().key, variant_key(other, prerequisite.variant()));
    let found = found.map_or("in none of its variants", |found| variant_key(other, found));
    let detail = format!("{key} must have given the customer {wanted}, and the customer is {found} there");
    ExplainedStep::new("requires", detail).changed_by(format!("{wanted} of {key}"))
}

fn explain_layer(compiled: &CompiledExperiment, hash: Option<u64>, inside: bool) -> ExplainedStep {
    let (Some(slice), Some(hash)) = (compiled.layer(), hash) else {
        return ExplainedStep::new("layer", "the experiment is in no layer");
    };
    let ranges: Vec<String> = slice.ranges().iter().map(ToString::to_string).collect();
    let place = hash as f64 / 2_f64.powi(64);
    let word = if inside { "inside" } else { "outside" };
    let layer = &slice.layer;
    let detail =
        format!("the customer falls at {place:.6} of the layer {layer}, {word} {}", ranges.join(" and "));
    let step = ExplainedStep {
        position: Some(hash.to_string()),
        limits: ranges,
        ..ExplainedStep::new("layer", detail)
    };
    if inside { step } else { step.changed_by(format!("a range of the layer that holds {place:.6}")) }
}

fn explain_traffic(compiled: &CompiledExperiment, entry: Entrance) -> ExplainedStep {
    let Some(position) = entry.position else {
        return ExplainedStep::new("traffic", "every eligible customer enters");
    };
    let experiment = compiled.experiment();
    let traffic = experiment.traffic;
    let follows = if entry.enters { "enters" } else { "stays out" };
    let step = match (position, compiled.traffic()) {
        (Position::Hash(hash), Some(share)) => {
            let threshold = share.threshold();
            let relation = if entry.enters { "below" } else { "not below" };
            let detail = format!(
                "the traffic hash {hash} is {relation} the threshold {threshold} (traffic: {traffic}), so the customer {follows}"
            );
            let step = ExplainedStep {
                limits: vec![threshold.to_string()],
                ..ExplainedStep::new("traffic", detail)
            };
            match least_share(hash) {
                Some(least) if !entry.enters => step.changed_by(format!("traffic of {least} or more")),
                _ => step,
            }
        }
        _ => {
            let (limits, least) = compiled.draw().entry_limits(position);
            let (system, place) = (system(&experiment.hash), shown(position));
            let detail = format!("by {system} the customer falls on {place} and {follows}");
            let step = ExplainedStep { limits, ..ExplainedStep::new("traffic", detail) };
            match least {
                _ if entry.enters => step,
                Some(least) => step.changed_by(format!("traffic of {least} or more")),
                None => step.changed_by("filters or a namespace that hold this place"),
            }
        }
    };
    ExplainedStep { position: Some(shown(position)), ..step }
}

/// The least share, to six decimals, that a hash is inside.
fn least_share(hash: u64) -> Option<Decimal> {
    let unit = 10_u128.pow(TRAFFIC_PLACES);
    // Rounded down; one step more is always enough, and sometimes the first that is.
    let below = (u128::from(hash) * unit) >> 64;
    let share = |steps: u128| Some(Decimal::new(i128::try_from(steps).ok()?, TRAFFIC_PLACES));
    [below, below + 1].into_iter().filter_map(share).find(|least| Share::of(*least).contains(hash))
}

fn explain_variant(
    compiled: &CompiledExperiment,
    position: Position,
    variant: Option<usize>,
) -> ExplainedStep {
    let place = shown(position);
    let by = match (&compiled.experiment().hash, position) {
        (HashFunction::Xxh3, _) => format!("the variant hash {place}"),
        (hash, _) => format!("the customer's place by {}, {place},", system(hash)),
    };
    let detail = match variant {
        Some(variant) => format!("{by} falls on {}", variant_key(compiled, variant)),
        None => format!("{by} is in no variant's range, so the customer stays out"),
    };
    let limits = compiled.draw().variant_limits().into_iter();
    let limits = limits.map(|(range, variant)| format!("{range} {}", variant_key(compiled, variant)));
    ExplainedStep { position: Some(place), limits: limits.collect(), ..ExplainedStep::new("variant", detail) }
        .changed_by("other weights in a new phase, or an override list")
}

fn system(hash: &HashFunction) -> &'static str {
    match hash {
        HashFunction::Xxh3 => "XXH3-64",
        HashFunction::GrowthBook(_) => "GrowthBook's hash",
        HashFunction::Unleash { .. } => "Unleash's hash",
        HashFunction::PlanOut { .. } => "PlanOut's hash",
        HashFunction::Eppo { .. } => "Eppo's hash",
        HashFunction::Statsig { .. } => "Statsig's hash",
        HashFunction::Optimizely { .. } => "Optimizely's hash",
    }
}

fn shown(position: Position) -> String {
    match position {
        Position::Hash(hash) => hash.to_string(),
        Position::Fraction(fraction) => fraction.to_string(),
        Position::Bucket { bucket, of } => format!("{bucket} of {of}"),
    }
}
