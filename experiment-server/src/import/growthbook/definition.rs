//! The definition of one rule.

use experiment_core::assignment::compat::growthbook::Units;
use experiment_core::definition::{DocumentError, Experiment, Problem, read_document};
use serde_json::{Value, json};

use super::draw::Draw;
use super::importer::Names;
use super::rule::{Filter, Malformed, Rule};

/// Ranges' widths as weights are rounded to this part, so that 0.3 − 0.1 is 0.2.
const WEIGHT_STEPS: f64 = 1e9;

/// One thing that a customer must pass to be caught by a rule.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Gate {
    /// A condition in our form.
    Condition(Value),
    /// A hash.
    Draw(Draw),
    /// A variant of another experiment.
    Requires { experiment: String, variant: String },
    /// Nobody passes.
    Never,
}

impl Gate {
    pub(super) fn draw(&self) -> Option<&Draw> {
        if let Gate::Draw(draw) = self { Some(draw) } else { None }
    }
}

/// Gates, each where a definition says it.
#[derive(Default)]
pub(super) struct Parts {
    audience: Vec<Value>,
    draws: Vec<Draw>,
    /// Experiments with their variants.
    pub(super) requires: Vec<(String, String)>,
}

impl Parts {
    /// All gates must be passed; `attribute` is what the customer's id is here.
    ///
    /// # Errors
    /// Why a definition cannot say them.
    pub(super) fn of(gates: Vec<Gate>, attribute: &str) -> Result<Parts, String> {
        let mut parts = Parts::default();
        for gate in gates {
            match gate {
                Gate::Condition(condition) => parts.audience.push(condition),
                Gate::Requires { experiment, variant } => {
                    let requirement = (experiment, variant);
                    if !parts.requires.contains(&requirement) {
                        parts.requires.push(requirement);
                    }
                }
                Gate::Never => return Err("nobody is in it".to_owned()),
                Gate::Draw(draw) if draw.attribute == attribute => parts.draws.push(draw),
                Gate::Draw(draw) => {
                    return Err(format!(
                        "is drawn by {attribute:?} and filtered by {:?}; here both are by the customer's id",
                        draw.attribute
                    ));
                }
            }
        }
        Ok(parts)
    }
}

/// The definition of a rule for those who pass `parts`.
pub(super) fn document(
    rule: Rule<'_>,
    names: &Names,
    units: Units,
    parts: &Parts,
) -> Result<Value, Malformed> {
    let mut definition = json!({"key": names.key, "hash": hash(rule, names, units, parts)?});
    let coverage = rule.coverage()?;
    if rule.get("ranges").is_none() && coverage < 1.0 {
        definition["traffic"] = coverage.into();
    }
    match &parts.audience[..] {
        [] => {}
        [condition] => definition["audience"] = condition.clone(),
        conditions => definition["audience"] = json!({"$and": conditions}),
    }
    if !parts.requires.is_empty() {
        let requirement =
            |(experiment, variant): &(String, String)| json!({"experiment": experiment, "variant": variant});
        definition["requires"] = parts.requires.iter().map(requirement).collect();
    }
    let weights = weights(rule)?;
    let variant = |(index, (key, value)): (usize, (&String, &Value))| {
        let mut variant = json!({"key": key, "payload": value});
        if let Some(weights) = &weights {
            variant["weight"] = weights[index].into();
        }
        variant
    };
    definition["variants"] = names.variants.iter().zip(rule.variations()).enumerate().map(variant).collect();
    Ok(definition)
}

fn hash(rule: Rule<'_>, names: &Names, units: Units, parts: &Parts) -> Result<Value, Malformed> {
    let name = match units {
        Units::Utf16 => "growthbook-js",
        Units::Utf8 => "growthbook-bytes",
    };
    let mut hash = json!({"name": name, "version": rule.version()?, "seed": rule.seed()});
    let stated = rule.filters()?;
    let mut filters = Vec::new();
    for filter in &stated {
        match &filter.namespace {
            Some((name, from, to)) => hash["namespace"] = json!({"name": name, "from": from, "to": to}),
            None => {
                filters.push(json!({"seed": filter.seed, "version": filter.version, "ranges": filter.ranges}))
            }
        }
    }
    let are_stated: Vec<Draw> = stated.iter().map(Filter::draw).collect();
    filters.extend(parts.draws.iter().filter(|draw| !are_stated.contains(draw)).map(Draw::filter));
    if !filters.is_empty() {
        hash["filters"] = filters.into();
    }
    if rule.get("ranges").is_some() {
        let ranges = names.variants.iter().zip(rule.ranges()?);
        hash["ranges"] = Value::Object(
            ranges.map(|(key, range)| (key.clone(), json!([[range.from, range.to]]))).collect(),
        );
    }
    Ok(hash)
}

/// The weights to expect; `None` where all are equal.
fn weights(rule: Rule<'_>) -> Result<Option<Vec<f64>>, Malformed> {
    if rule.get("ranges").is_none() {
        return rule.weights();
    }
    let width = |range: &experiment_core::assignment::compat::growthbook::BucketRange| {
        ((range.to - range.from) * WEIGHT_STEPS).round() / WEIGHT_STEPS
    };
    Ok(Some(rule.ranges()?.iter().map(width).collect()))
}

/// Whether it can be applied as it is.
///
/// # Errors
/// What is in the way.
pub(super) fn check(definition: &Value) -> Result<(), Vec<Problem>> {
    let unreadable =
        |error: DocumentError| vec![Problem::new("", error.to_string(), "import it by hand, in parts")];
    let read = read_document(&definition.to_string()).map_err(unreadable)?;
    Experiment::parse(read).map(drop).map_err(|invalid| invalid.problems)
}
