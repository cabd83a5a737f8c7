//! Decides about changes of the catalog; writes nothing.

use std::borrow::Cow;
use std::collections::BTreeMap;

use experiment_core::assignment::Placement;
use experiment_core::definition::{self, Experiment, LifecycleStep, Problem, Status, allowed_while_running};

use super::catalog::{Catalog, Entry, MAX_EXPERIMENTS};
use super::error::CatalogError;
use super::links;
use super::nearest::mend;

/// What the caller takes the present definition to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// There is none, or the same: create it.
    New,
    /// The one with this [`Entry::tag`]: replace it.
    Hash(u64),
    /// Whatever there is: create or replace.
    Any,
}

/// What became of a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Defined {
    /// The version in force.
    pub version: u32,
    /// The [`Entry::tag`] after it.
    pub hash: u64,
    /// What was done.
    pub change: Change,
    /// How many facts the log has: wait for this to see the change folded.
    pub sequence: u64,
}

/// What a change of the catalog did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The experiment is new.
    Created,
    /// It was changed.
    Updated,
    /// It was so already.
    Unchanged,
}

/// What became of a step of the life cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stepped {
    /// The status now.
    pub status: Status,
    /// What was done.
    pub change: Change,
    /// How many facts the log has.
    pub sequence: u64,
}

/// What a definition asks for, beyond its override lists.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct DefinitionPlan {
    /// What will have been done.
    pub(super) change: Change,
    /// The version to write, with its place, if one is to be written.
    pub(super) new_version: Option<(u32, Placement)>,
}

/// The definition with the override lists there are, where it states none of its own: they are kept
/// apart, so a document read from the store and sent back does not hold them.
pub(super) fn with_overrides<'a>(catalog: &Catalog, experiment: &'a Experiment) -> Cow<'a, Experiment> {
    let Some(entry) = catalog.get(&experiment.key).filter(|_| !experiment.states_overrides) else {
        return Cow::Borrowed(experiment);
    };
    let variants = &entry.current().experiment.variants;
    let index = |old: &usize| experiment.variant_index(&variants.get(*old)?.key);
    let kept = entry.overrides.iter().filter_map(|(customer, old)| Some((customer.clone(), index(old)?)));
    let overrides = kept.collect();
    Cow::Owned({
        let mut experiment = experiment.clone();
        experiment.overrides = overrides;
        experiment
    })
}

/// What to do about a definition.
pub(super) fn plan_definition(
    catalog: &Catalog,
    experiment: &Experiment,
    expected: Expected,
) -> Result<DefinitionPlan, CatalogError> {
    let key = || experiment.key.clone();
    let Some(entry) = catalog.get(&experiment.key) else {
        if let Expected::Hash(_) = expected {
            return Err(CatalogError::PreconditionFailed { key: key(), hash: None });
        }
        if catalog.len() >= MAX_EXPERIMENTS {
            return Err(CatalogError::TooManyExperiments { most: MAX_EXPERIMENTS });
        }
        let placement = place(catalog, experiment)?;
        return Ok(DefinitionPlan { change: Change::Created, new_version: Some((1, placement)) });
    };
    let current = entry.current();
    if let Expected::Hash(hash) = expected
        && hash != entry.tag()
    {
        return Err(CatalogError::PreconditionFailed { key: key(), hash: Some(entry.tag()) });
    }
    // Compared whole: equal hashes alone could be a coincidence.
    let same_document = current.experiment.document == experiment.document;
    if same_document && *entry.overrides == experiment.overrides {
        return Ok(DefinitionPlan { change: Change::Unchanged, new_version: None });
    }
    if expected == Expected::New {
        return Err(CatalogError::Exists { key: key(), hash: entry.tag() });
    }
    check_redefinition(entry, experiment)?;
    let new_version =
        if same_document { None } else { Some((current.number + 1, place(catalog, experiment)?)) };
    Ok(DefinitionPlan { change: Change::Updated, new_version })
}

fn place(catalog: &Catalog, experiment: &Experiment) -> Result<Placement, CatalogError> {
    links::place(catalog, experiment).map_err(|problems| CatalogError::Invalid { problems })
}

/// What to do about a new version of what experiments share.
pub(super) fn plan_catalog(
    catalog: &Catalog,
    new: &definition::Catalog,
    expected: Expected,
) -> Result<Change, CatalogError> {
    let shared = catalog.shared();
    if let Expected::Hash(hash) = expected
        && hash != shared.tag()
    {
        let key = "the catalog".to_owned();
        return Err(CatalogError::PreconditionFailed { key, hash: Some(shared.tag()) });
    }
    if shared.catalog.document == new.document && shared.catalog.groups == new.groups {
        return Ok(Change::Unchanged);
    }
    let problems = links::broken_by(catalog, new);
    if !problems.is_empty() {
        return Err(CatalogError::Invalid { problems });
    }
    let problems = links::frozen_in(catalog, new);
    if !problems.is_empty() {
        return Err(CatalogError::NotAllowed { problems });
    }
    Ok(if shared.version == 0 { Change::Created } else { Change::Updated })
}

pub(super) fn check_redefinition(entry: &Entry, experiment: &Experiment) -> Result<(), CatalogError> {
    let problems = match entry.status {
        Status::Draft => return Ok(()),
        Status::Running | Status::Stopped | Status::Concluded => {
            match allowed_while_running(&entry.current().experiment, experiment) {
                Ok(()) => return Ok(()),
                Err(problems) => problems,
            }
        }
        Status::Archived => {
            vec![Problem::new("", "the experiment is archived", "make a new experiment under another key")]
        }
    };
    Err(CatalogError::NotAllowed { problems })
}

/// What to do about a step: the status after it, and whether it is to be written.
pub(super) fn plan_step(
    catalog: &Catalog,
    key: &str,
    step: &LifecycleStep,
) -> Result<(Status, Change), CatalogError> {
    let entry = catalog.get(key);
    let entry = entry.ok_or_else(|| CatalogError::UnknownExperiment { key: key.to_owned() })?;
    let status = entry.status.after(step)?;
    let variants = &entry.current().experiment.variants;
    if let LifecycleStep::Conclude { variant } = step {
        let Some(index) = variants.iter().position(|known| known.key == *variant) else {
            let mend = mend(variant, variants.iter().map(|variant| variant.key.as_str()));
            let detail = format!("{key:?} has no variant {variant:?}");
            return Err(CatalogError::UnknownVariant { detail, mend });
        };
        if let Some(winner) = entry.winner
            && winner != index
        {
            let winner = variants[winner].key.clone();
            return Err(CatalogError::OtherWinner { key: key.to_owned(), winner });
        }
    }
    if status == entry.status {
        return Ok((status, Change::Unchanged));
    }
    if *step == LifecycleStep::Start {
        let problems = entry.current().experiment.ready_to_start();
        if !problems.is_empty() {
            return Err(CatalogError::NotReady { problems });
        }
    }
    Ok((status, Change::Updated))
}

/// Override lists as they are stored: customer → variant key.
pub(super) fn override_rows(experiment: &Experiment) -> BTreeMap<&str, &str> {
    let key = |index: &usize| experiment.variants.get(*index).map(|variant| variant.key.as_str());
    let rows = experiment.overrides.iter();
    rows.filter_map(|(customer, index)| Some((customer.as_str(), key(index)?))).collect()
}

#[cfg(test)]
mod tests {
    use experiment_core::definition::read_document;
    use experiment_core::time::Timestamp;

    use super::super::catalog_record::DefinitionRecord;
    use super::super::record::Record;
    use super::*;

    fn experiment(key: usize) -> Experiment {
        let document = format!(
            "{{key: e-{key}, variants: [{{key: a}}, {{key: b}}], metrics: [{{key: m, kind: conversion, event: e, window: {{to: 1d}}, role: primary}}]}}"
        );
        Experiment::parse(read_document(&document).unwrap()).unwrap()
    }

    #[test]
    fn one_experiment_more_than_may_be_is_refused() {
        let mut catalog = Catalog::default();
        for key in 0..MAX_EXPERIMENTS {
            let experiment = experiment(key);
            let planned = plan_definition(&catalog, &experiment, Expected::New).unwrap();
            let (version, placement) = planned.new_version.unwrap();
            let (document, placement) =
                (experiment.document.to_string(), serde_json::to_string(&placement).unwrap());
            let record = Record::Definition(DefinitionRecord {
                received_at: Timestamp(0),
                key: &experiment.key,
                version,
                override_count: 0,
                document: &document,
                placement: &placement,
            });
            catalog.apply(key as u64, &record).unwrap();
        }
        let refused = plan_definition(&catalog, &experiment(MAX_EXPERIMENTS), Expected::New).unwrap_err();
        assert_eq!(refused, CatalogError::TooManyExperiments { most: 10_000 });
        let known = plan_definition(&catalog, &experiment(0), Expected::Any).unwrap();
        assert_eq!(known.change, Change::Unchanged);
    }
}
