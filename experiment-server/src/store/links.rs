//! What definitions say of each other and of what they share: whether all of it is there.

use std::sync::Arc;

use experiment_core::assignment::{CompileError, CompiledExperiment, Placement, PlacementError, Snapshot};
use experiment_core::definition::{
    self, Dimension, Experiment, LayerClaim, LayerPart, LayerRange, Problem, Status,
};

use super::catalog::{Catalog, Entry};
use super::nearest::mend;

/// Most problems told at once.
const MAX_PROBLEMS: usize = 200;
/// Most ranges listed.
const MAX_LISTED: usize = 20;

/// The place of a new version of a definition among the experiments there are.
///
/// # Errors
/// Everything that is not there, and everybody who is in the way.
pub(super) fn place(catalog: &Catalog, experiment: &Experiment) -> Result<Placement, Vec<Problem>> {
    let shared = &catalog.shared().catalog;
    let mut problems = missing(shared, experiment);
    let entry = catalog.get(&experiment.key).map(AsRef::as_ref);
    let placement = match placement(catalog, entry, experiment) {
        Ok(placement) => placement,
        Err(in_the_way) => {
            problems.extend(in_the_way);
            return Err(problems);
        }
    };
    if problems.is_empty() && is_bound(catalog, experiment) {
        problems.extend(linked(catalog, entry, experiment, &placement).err());
    }
    if problems.is_empty() { Ok(placement) } else { Err(problems) }
}

/// What is wrong with a version whose place is known, because it had it elsewhere.
pub(super) fn problems(catalog: &Catalog, experiment: &Experiment, placement: &Placement) -> Vec<Problem> {
    let mut problems = missing(&catalog.shared().catalog, experiment);
    let entry = catalog.get(&experiment.key).map(AsRef::as_ref);
    if let Some(claim) = &experiment.layer
        && entry.is_none_or(|entry| entry.status == Status::Draft)
    {
        let others = others_in_layer(catalog, claim, &experiment.key);
        problems.extend(overlaps(&placement.layer, &others));
    }
    if problems.is_empty() {
        problems.extend(linked(catalog, entry, experiment, placement).err());
    }
    problems
}

/// Whether it requires another experiment, or another one it.
fn is_bound(catalog: &Catalog, experiment: &Experiment) -> bool {
    let requires_it = |entry: &Arc<Entry>| {
        let requires = &entry.current().experiment.requires;
        requires.iter().any(|requirement| requirement.experiment == experiment.key)
    };
    !experiment.requires.is_empty() || catalog.iter().any(requires_it)
}

/// Segments, groups and layers that a definition names and the catalog has not.
pub(super) fn missing(shared: &definition::Catalog, experiment: &Experiment) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(claim) = &experiment.layer
        && !shared.layers.is_empty()
        && !shared.layers.contains_key(&claim.layer)
    {
        let detail = format!("the catalog lists layers, and {:?} is none of them", claim.layer);
        problems.push(Problem::new(
            "layer.key",
            detail,
            mend(&claim.layer, shared.layers.keys().map(String::as_str)),
        ));
    }
    problems.extend(experiment.audience.iter().flat_map(|audience| audience.missing_from(shared.scope())));
    for (index, dimension) in experiment.dimensions.iter().enumerate() {
        if let Dimension::Segment(segment) = dimension
            && !shared.segments.contains_key(segment)
        {
            let path = format!("dimensions[{index}].segment");
            let known = shared.segments.keys().map(String::as_str);
            problems.push(Problem::new(
                path,
                format!("there is no segment {segment:?}"),
                mend(segment, known),
            ));
        }
    }
    problems
}

fn placement(
    catalog: &Catalog,
    entry: Option<&Entry>,
    experiment: &Experiment,
) -> Result<Placement, Vec<Problem>> {
    let claim = experiment.layer.as_ref();
    let others = claim.map(|claim| others_in_layer(catalog, claim, &experiment.key)).unwrap_or_default();
    let taken: Vec<LayerRange> = others.iter().map(|(_, range)| *range).collect();
    let is_draft = entry.is_none_or(|entry| entry.status == Status::Draft);
    let placement = match entry.filter(|_| !is_draft).map(Entry::current) {
        Some(before) => before.placement.next(&before.experiment, experiment, &taken),
        None => Placement::first(experiment, &taken),
    };
    let placement = placement.map_err(|error| {
        vec![match error {
            PlacementError::NoRoom { share } => no_room(&share.to_string(), &others),
            error => Problem::new("variants", error.to_string(), "use weights of ordinary size"),
        }]
    })?;
    // Who was let in has the ranges; after a stop somebody else may have them too.
    let stated = match claim {
        Some(LayerClaim { part: LayerPart::Ranges(ranges), .. }) if is_draft => ranges.as_slice(),
        _ => &[],
    };
    let overlaps = overlaps(stated, &others);
    if overlaps.is_empty() { Ok(placement) } else { Err(overlaps) }
}

/// The ranges that other experiments have in a layer.
fn others_in_layer<'a>(catalog: &'a Catalog, claim: &LayerClaim, key: &str) -> Vec<(&'a str, LayerRange)> {
    let others = catalog.iter().filter(|entry| entry.key != key);
    let parts = others.filter_map(|entry| {
        let (_, ranges) = entry.part_of_layer().filter(|(layer, _)| *layer == claim.layer)?;
        Some(ranges.iter().map(|range| (entry.key.as_str(), *range)))
    });
    parts.flatten().collect()
}

fn no_room(share: &str, others: &[(&str, LayerRange)]) -> Problem {
    let taken = others.iter().take(MAX_LISTED).map(|(key, range)| format!("{key} {range}"));
    let mut taken: Vec<String> = taken.collect();
    if others.len() > MAX_LISTED {
        taken.push(format!("and {} more", others.len() - MAX_LISTED));
    }
    let detail = format!("less than {share} of the layer is free: it is taken by {}", taken.join(", "));
    Problem::new("layer.share", detail, "ask for less, or stop one of these first")
}

/// Ranges that somebody else has.
fn overlaps(ranges: &[LayerRange], others: &[(&str, LayerRange)]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for range in ranges {
        for (key, other) in others.iter().filter(|(_, other)| range.overlaps(other)) {
            let detail = format!("{range} overlaps {other} of the experiment {key}");
            let mend =
                "take ranges that are free, say share: instead to have one found, or stop that one first";
            problems.push(Problem::new("layer.ranges", detail, mend));
        }
    }
    problems
}

/// Whether everything that experiments require of each other is there, with this one among them.
fn linked(
    catalog: &Catalog,
    entry: Option<&Entry>,
    experiment: &Experiment,
    placement: &Placement,
) -> Result<(), Problem> {
    let (status, winner) = entry.map_or((Status::Draft, None), |entry| (entry.status, entry.winner));
    let shared = &catalog.shared().catalog;
    let compiled =
        CompiledExperiment::in_catalog(Arc::new(experiment.clone()), status, 1, winner, placement, shared);
    let linked = compiled.and_then(|compiled| {
        Snapshot::linked(catalog.snapshot().shared().cloned().chain([Arc::new(compiled)]))
    });
    linked.map(|_| ()).map_err(|error| {
        let (path, mend) = match &error {
            CompileError::RequiresUnknownVariant { key, .. } if *key != experiment.key => {
                ("variants", format!("keep the variant, or change {key} first"))
            }
            CompileError::RequiresUnknown { .. } | CompileError::RequiresUnknownVariant { .. } => {
                ("requires", "require a variant of an experiment that is defined".to_owned())
            }
            CompileError::RequiresItself { .. } => {
                ("requires", "leave one of these requirements out".to_owned())
            }
            CompileError::RequiresTooMuch { .. } => {
                ("requires", "require fewer experiments, or some that require less themselves".to_owned())
            }
            _ => ("", "see to what it names".to_owned()),
        };
        Problem::new(path, error.to_string(), mend)
    })
}

/// What in a new catalog would break experiments that there are.
pub(super) fn broken_by(catalog: &Catalog, new: &definition::Catalog) -> Vec<Problem> {
    let alive = catalog.iter().filter(|entry| entry.status != Status::Archived);
    let mut problems: Vec<Problem> = Vec::new();
    for entry in alive {
        for problem in missing(new, &entry.current().experiment) {
            if problems.len() == MAX_PROBLEMS {
                return problems;
            }
            let detail = format!("{}, and the experiment {} names it", problem.detail, entry.key);
            let path = if problem.path.starts_with("layer") { "layers" } else { "segments" };
            let problem = Problem::new(path, detail, "keep what experiments name, or change them first");
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
    }
    problems
}

/// What a new catalog would change under customers of running experiments.
pub(super) fn frozen_in(catalog: &Catalog, new: &definition::Catalog) -> Vec<Problem> {
    let old = &catalog.shared().catalog;
    let mut problems = Vec::new();
    let met = |entry: &&Arc<Entry>| matches!(entry.status, Status::Running | Status::Stopped);
    for entry in catalog.iter().filter(met) {
        let experiment = &entry.current().experiment;
        let is_running = entry.status == Status::Running;
        let in_audience = experiment.audience.iter().flat_map(|audience| &audience.references.segments);
        let in_audience = in_audience.filter(|_| is_running);
        // Exposures from before a stop may still come in.
        let sliced = experiment.dimensions.iter().filter_map(|dimension| match dimension {
            Dimension::Segment(segment) => Some(segment),
            Dimension::Attribute(_) => None,
        });
        for segment in in_audience.chain(sliced) {
            if old.segments.get(segment) != new.segments.get(segment) {
                let detail = format!("the experiment {}, which is {}, rests on it", entry.key, entry.status);
                let mend = "add a segment under another name, or archive that experiment first";
                problems.push(Problem::new(format!("segments.{segment}"), detail, mend));
            }
        }
        if let Some(LayerClaim { layer, .. }) = &experiment.layer
            && is_running
            && old.layer_salt(layer) != new.layer_salt(layer)
        {
            let detail =
                format!("another salt would move the customers of the running experiment {}", entry.key);
            problems.push(Problem::new(
                format!("layers.{layer}.salt"),
                detail,
                "keep the salt, or stop it first",
            ));
        }
    }
    problems
}
