//! What may change while an experiment runs.

use super::{Churn, Experiment, HashFunction, Measure, Metric, MetricKind, Problem, Role};

const BY_PHASE: &str = "weights, variants and audience change only by a new phase: not supported yet";
const FROZEN: &str = "is frozen at start";
const UNDO: &str = "undo the change, or stop this experiment and start another under a new key";

/// Whether a running experiment may be redefined from `old` to `new`: its traffic, overrides, hypothesis and
/// secondary metrics may change, nothing else. Primaries and guardrails stay as they are and none is added: a
/// family that grows after looking is not the one that was planned.
///
/// # Errors
/// One [`Problem`] for each field that must stay as it is.
pub fn allowed_while_running(old: &Experiment, new: &Experiment) -> Result<(), Vec<Problem>> {
    // Named one by one, so that a new field cannot be forgotten here.
    let Experiment {
        key,
        hypothesis: _,
        traffic: _,
        salt,
        layer,
        audience,
        requires,
        hash,
        assignment,
        expose,
        variants,
        control,
        overrides: _,
        states_overrides: _,
        dimensions,
        metrics,
        economics,
        plan,
        document: _,
    } = new;
    let checks = [
        ("key", *key == old.key, FROZEN),
        ("salt", *salt == old.salt, FROZEN),
        ("layer", *layer == old.layer, FROZEN),
        ("audience", *audience == old.audience, BY_PHASE),
        ("requires", *requires == old.requires, FROZEN),
        ("hash", is_same_hash(hash, &old.hash), FROZEN),
        ("assignment", *assignment == old.assignment, FROZEN),
        ("expose", *expose == old.expose, FROZEN),
        ("variants", *variants == old.variants && *control == old.control, BY_PHASE),
        ("dimensions", *dimensions == old.dimensions, FROZEN),
        ("economics", *economics == old.economics, FROZEN),
        ("plan", *plan == old.plan, FROZEN),
    ];
    let refused = checks.iter().filter(|(_, same, _)| !same);
    let mut problems: Vec<Problem> =
        refused.map(|(path, _, detail)| Problem::new(*path, *detail, UNDO)).collect();
    let kept = old.economics.as_ref().map(|economics| economics.kept.as_str());
    problems.extend(frozen_metrics(&old.metrics, metrics, kept));
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

/// What was done to metrics that decide or that economics count by (`kept`), and metrics that were made to decide.
fn frozen_metrics(old: &[Metric], new: &[Metric], kept: Option<&str>) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (index, metric) in new.iter().enumerate() {
        let path = |field: &str| format!("metrics[{index}].{field}");
        let known = old.iter().find(|known| known.key == metric.key);
        let is_kept = kept == Some(metric.key.as_str());
        match known.filter(|known| decides(known) || is_kept) {
            Some(known) => {
                let why = if decides(known) { "decides" } else { "says who is kept" };
                for field in changed_fields(known, metric) {
                    let detail = format!("{:?} {why}, and {FROZEN}", metric.key);
                    problems.push(Problem::new(path(field), detail, UNDO));
                }
            }
            None if decides(metric) => {
                let added = if known.is_some() { "was secondary at start" } else { "is new" };
                let detail = format!("{:?} {added}: what decides {FROZEN}", metric.key);
                let mend = "make it secondary, or stop this experiment and start another under a new key";
                problems.push(Problem::new(path("role"), detail, mend));
            }
            None => {}
        }
    }
    let order = |metrics: &[Metric], others: &[Metric]| -> Vec<String> {
        let has = |key: &str| others.iter().any(|other| other.key == key && decides(other));
        let both = metrics.iter().filter(|metric| decides(metric) && has(&metric.key));
        both.map(|metric| metric.key.clone()).collect()
    };
    for gone in old.iter().filter(|metric| decides(metric)) {
        if new.iter().all(|metric| metric.key != gone.key) {
            let detail = format!("{:?} is missing: it decides, and {FROZEN}", gone.key);
            problems.push(Problem::new("metrics", detail, format!("put {:?} back", gone.key)));
        }
    }
    // Of several winners the first primary tells which is best.
    if order(old, new) != order(new, old) {
        let detail = format!("the order of the metrics that decide {FROZEN}");
        let mend = format!("keep them in the order {}", order(old, new).join(", "));
        problems.push(Problem::new("metrics", detail, mend));
    }
    problems
}

fn decides(metric: &Metric) -> bool {
    metric.role != Role::Secondary
}

/// The fields in which a metric is not as it was, by their names in the definition.
fn changed_fields(old: &Metric, new: &Metric) -> Vec<&'static str> {
    // Named one by one, so that a new field cannot be forgotten here.
    let Metric { key: _, kind, window, covariates, role, direction, margin, min_effect, places } = new;
    let is_survival = matches!(kind, MetricKind::Survival(_));
    let window_field = if is_survival && window.to != old.window.to { "horizon" } else { "window" };
    let fields = [
        (window_field, *window == old.window),
        ("covariates", *covariates == old.covariates),
        ("role", *role == old.role),
        ("direction", *direction == old.direction),
        ("margin", *margin == old.margin),
        ("min_effect", *min_effect == old.min_effect),
        ("scale", *places == old.places),
    ];
    let changed = fields.into_iter().filter(|(_, same)| !same).map(|(field, _)| field);
    changed_measure(&old.kind, kind).into_iter().chain(changed).collect()
}

/// The same for what is measured.
fn changed_measure(old: &MetricKind, new: &MetricKind) -> Vec<&'static str> {
    let fields = match (old, new) {
        (MetricKind::Single(old), MetricKind::Single(new)) => match (old, new) {
            (
                Measure::Events { kind: old_kind, event: old_event, cap: old_cap },
                Measure::Events { kind, event, cap },
            ) => vec![("kind", kind == old_kind), ("event", event == old_event), ("cap", cap == old_cap)],
            (
                Measure::Linear { terms: old_terms, discount: old_discount, cap: old_cap },
                Measure::Linear { terms, discount, cap },
            ) => vec![
                ("terms", terms == old_terms),
                ("discount", discount == old_discount),
                ("cap", cap == old_cap),
            ],
            _ => vec![("kind", false)],
        },
        (
            MetricKind::Ratio { numerator: old_numerator, denominator: old_denominator },
            MetricKind::Ratio { numerator, denominator },
        ) => vec![("numerator", numerator == old_numerator), ("denominator", denominator == old_denominator)],
        (MetricKind::Quantile { of: old_of, q: old_q }, MetricKind::Quantile { of, q }) => {
            vec![("of", of == old_of), ("q", q == old_q)]
        }
        (MetricKind::Nps { event: old }, MetricKind::Nps { event }) => vec![("event", event == old)],
        (MetricKind::Survival(old), MetricKind::Survival(new)) => match new {
            Churn::Event(_) => vec![("event", new == old)],
            Churn::Inactive { .. } => vec![("inactive", new == old)],
        },
        _ => vec![("kind", false)],
    };
    fields.into_iter().filter(|(_, same)| !same).map(|(field, _)| field).collect()
}

/// Whether both draw alike but for the traffic, which may change.
fn is_same_hash(new: &HashFunction, old: &HashFunction) -> bool {
    let mut new = new.clone();
    match (&mut new, old) {
        (HashFunction::Unleash { percentage, .. }, HashFunction::Unleash { percentage: old, .. }) => {
            *percentage = *old;
        }
        (HashFunction::Eppo { traffic_shards, .. }, HashFunction::Eppo { traffic_shards: old, .. }) => {
            *traffic_shards = *old;
        }
        _ => {}
    }
    new == *old
}
