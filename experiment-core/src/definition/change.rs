//! What may change while an experiment runs.

use super::{Experiment, HashFunction, Problem};

const BY_PHASE: &str = "weights, variants and audience change only by a new phase: not supported yet";
const FROZEN: &str = "is frozen at start";
const LATER: &str = "metrics are added while running: not supported yet";
const UNDO: &str = "undo the change, or stop this experiment and start another under a new key";

/// Whether a running experiment may be redefined from `old` to `new`: its traffic, overrides and
/// hypothesis may change, nothing else.
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
        ("variants", *variants == old.variants && *control == old.control, BY_PHASE),
        ("dimensions", *dimensions == old.dimensions, FROZEN),
        ("metrics", *metrics == old.metrics, LATER),
        ("economics", *economics == old.economics, FROZEN),
        ("plan", *plan == old.plan, FROZEN),
    ];
    let refused = checks.iter().filter(|(_, same, _)| !same);
    let problems: Vec<Problem> =
        refused.map(|(path, _, detail)| Problem::new(*path, *detail, UNDO)).collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
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
