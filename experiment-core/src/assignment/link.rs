//! Giving each experiment those that it requires, the required ones first.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::prerequisite::Prerequisite;
use super::{CompileError, CompiledExperiment};

/// Most experiments in a chain in which each requires the next.
pub const MAX_PREREQUISITE_DEPTH: usize = 16;
/// Most decisions that one decision may rest on, its own included.
pub const MAX_PREREQUISITE_DECISIONS: usize = 64;

type Experiments<'a> = BTreeMap<&'a str, &'a Arc<CompiledExperiment>>;

/// One that has been given what it requires.
struct Linked {
    experiment: Arc<CompiledExperiment>,
    /// How many stand in the longest chain that begins with it.
    depth: usize,
    /// How many decisions one about it takes.
    decisions: usize,
}

/// The same experiments, in the order of their keys, with what they require. Whether that can be done does
/// not depend on their order, and what can be done can be done with fewer requirements as well.
pub(super) fn link(experiments: &Experiments<'_>) -> Result<Vec<Arc<CompiledExperiment>>, CompileError> {
    let mut waiting: HashMap<&str, usize> = HashMap::new();
    let mut required_by: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut ready = Vec::new();
    for (key, compiled) in experiments {
        let requires = &compiled.experiment().requires;
        for requirement in requires {
            let Some((required, _)) = experiments.get_key_value(requirement.experiment.as_str()) else {
                let required = requirement.experiment.clone();
                return Err(CompileError::RequiresUnknown { key: (*key).to_owned(), required });
            };
            required_by.entry(required).or_default().push(key);
        }
        if requires.is_empty() {
            ready.push(*key);
        } else {
            waiting.insert(key, requires.len());
        }
    }
    let mut linked: HashMap<&str, Linked> = HashMap::with_capacity(experiments.len());
    while let Some(key) = ready.pop() {
        let Some(compiled) = experiments.get(key) else { continue };
        linked.insert(key, link_one(compiled, &linked)?);
        for dependent in required_by.get(key).into_iter().flatten() {
            if let Some(left) = waiting.get_mut(dependent) {
                *left -= 1;
                if *left == 0 {
                    waiting.remove(dependent);
                    ready.push(dependent);
                }
            }
        }
    }
    match waiting.keys().min() {
        Some(start) => Err(CompileError::RequiresItself { chain: circle(experiments, &linked, start) }),
        None => {
            Ok(experiments.keys().filter_map(|key| linked.remove(key)).map(|one| one.experiment).collect())
        }
    }
}

fn link_one(
    compiled: &Arc<CompiledExperiment>,
    linked: &HashMap<&str, Linked>,
) -> Result<Linked, CompileError> {
    let experiment = compiled.experiment();
    let (mut depth, mut decisions, mut prerequisites) = (1, 1, Vec::new());
    for requirement in &experiment.requires {
        let Some(required) = linked.get(requirement.experiment.as_str()) else { continue };
        let variant = required.experiment.experiment().variant_index(&requirement.variant);
        let variant = variant.ok_or_else(|| CompileError::RequiresUnknownVariant {
            key: experiment.key.clone(),
            required: requirement.experiment.clone(),
            variant: requirement.variant.clone(),
        })?;
        depth = depth.max(required.depth + 1);
        decisions += required.decisions;
        prerequisites.push(Prerequisite { experiment: Arc::clone(&required.experiment), variant });
    }
    if depth > MAX_PREREQUISITE_DEPTH || decisions > MAX_PREREQUISITE_DECISIONS {
        return Err(CompileError::RequiresTooMuch { key: experiment.key.clone(), depth, decisions });
    }
    let experiment = match prerequisites.as_slice() {
        [] => Arc::clone(compiled),
        _ => Arc::new(compiled.with_prerequisites(prerequisites)),
    };
    Ok(Linked { experiment, depth, decisions })
}

/// From one that waits along those that it waits for, until one comes again.
fn circle(experiments: &Experiments<'_>, linked: &HashMap<&str, Linked>, start: &str) -> Vec<String> {
    let waits_for = |key: &str| {
        let requires = experiments.get(key)?.experiment().requires.iter();
        requires.map(|required| required.experiment.as_str()).find(|key| !linked.contains_key(key))
    };
    let mut chain: Vec<&str> = vec![start];
    while let Some(next) = chain.last().copied().and_then(waits_for) {
        let first = chain.iter().position(|key| *key == next);
        chain.push(next);
        if let Some(first) = first {
            chain.drain(..first);
            break;
        }
    }
    chain.into_iter().map(str::to_owned).collect()
}
