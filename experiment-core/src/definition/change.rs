//! What may change while an experiment runs.

use super::{Experiment, Problem};

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
        assignment,
        variants,
        control,
        overrides: _,
        states_overrides: _,
        dimensions,
        metrics,
        plan,
        document: _,
    } = new;
    let checks = [
        ("key", *key == old.key, FROZEN),
        ("salt", *salt == old.salt, FROZEN),
        ("assignment", *assignment == old.assignment, FROZEN),
        ("variants", *variants == old.variants && *control == old.control, BY_PHASE),
        ("dimensions", *dimensions == old.dimensions, FROZEN),
        ("metrics", *metrics == old.metrics, LATER),
        ("plan", *plan == old.plan, FROZEN),
    ];
    let refused = checks.iter().filter(|(_, same, _)| !same);
    let problems: Vec<Problem> =
        refused.map(|(path, _, detail)| Problem::new(*path, *detail, UNDO)).collect();
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}
