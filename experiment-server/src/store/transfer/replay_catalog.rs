//! Definitions, life cycles and what experiments share, taken in from another log as they were there.

use std::collections::BTreeMap;

use experiment_core::assignment::Placement;
use experiment_core::definition::{self, Experiment, LifecycleStep, Problem};
use redb::{Table, WriteTransaction};

use super::super::catalog::{Catalog, Entry, MAX_EXPERIMENTS};
use super::super::catalog_record::{CatalogRecord, DefinitionRecord, LifecycleRecord};
use super::super::catalog_writer::write_overrides;
use super::super::change::{Change, check_redefinition, plan_step};
use super::super::error::{CatalogError, StoreError};
use super::super::links;
use super::super::record::Record;
use super::super::writer::{Work, Writer};
use super::lists::{GroupValues, OverrideList};
use super::replay::Outcome;

impl Writer {
    pub(super) fn replay_definition(
        &mut self,
        record: &DefinitionRecord<'_>,
        list: Option<&OverrideList>,
        work: &mut Work,
        transaction: &WriteTransaction,
        facts: &mut Table<'_, u64, &'static [u8]>,
    ) -> Result<Outcome, StoreError> {
        let (mut experiment, placement) = match read_definition(record) {
            Ok(read) => read,
            Err(why) => return Ok(Outcome::Refused(why)),
        };
        let entry = work.catalog.get(record.key).map(AsRef::as_ref);
        let settled = match entry.filter(|entry| record.version <= entry.current().number) {
            Some(entry) => Some(known_version(entry, record.version, &experiment, &placement, list)),
            None => refusal(&work.catalog, entry, record, &experiment, &placement).map(Outcome::Refused),
        };
        if let Some(settled) = settled {
            return Ok(settled);
        }
        experiment.overrides = overrides(entry, &experiment, list);
        let record = DefinitionRecord { received_at: work.received_at, ..*record };
        self.buffer.clear();
        record.encode(&mut self.buffer);
        self.append_to_catalog(&Record::Definition(record), work, transaction, facts)?;
        write_overrides(&experiment, work, transaction)?;
        Ok(Outcome::New)
    }

    pub(super) fn replay_step(
        &mut self,
        record: LifecycleRecord,
        work: &mut Work,
        transaction: &WriteTransaction,
        facts: &mut Table<'_, u64, &'static [u8]>,
    ) -> Result<Outcome, StoreError> {
        let taken = work
            .catalog
            .get(&record.key)
            .and_then(|entry| entry.steps.iter().find(|step| step.step.name() == record.step.name()));
        if let Some(taken) = taken {
            return Ok(match (&taken.step, &record.step) {
                (LifecycleStep::Conclude { variant: winner }, LifecycleStep::Conclude { variant })
                    if winner != variant =>
                {
                    let (key, winner) = (record.key, winner.clone());
                    Outcome::Refused(CatalogError::OtherWinner { key, winner }.to_string())
                }
                _ => Outcome::Present,
            });
        }
        match plan_step(&work.catalog, &record.key, &record.step) {
            Err(refused) => return Ok(Outcome::Refused(refused.to_string())),
            Ok((_, Change::Unchanged)) => return Ok(Outcome::Present),
            Ok(_) => {}
        }
        let record = LifecycleRecord { received_at: work.received_at, ..record };
        self.buffer.clear();
        record.encode(&mut self.buffer);
        self.append_to_catalog(&Record::Lifecycle(record), work, transaction, facts)?;
        Ok(Outcome::New)
    }

    pub(super) fn replay_catalog(
        &mut self,
        record: &CatalogRecord<'_>,
        groups: &GroupValues,
        is_last: bool,
        work: &mut Work,
        transaction: &WriteTransaction,
        facts: &mut Table<'_, u64, &'static [u8]>,
    ) -> Result<Outcome, StoreError> {
        let parsed = serde_json::from_str(record.document).map_err(|error| error.to_string());
        let parsed = parsed.and_then(|document| {
            let parsed = definition::Catalog::parse_with_groups(document, groups);
            parsed.map_err(|invalid| told(&invalid.problems))
        });
        let catalog = match parsed {
            Ok(catalog) if !catalog.states_groups => catalog,
            Ok(_) => return Ok(Outcome::Refused(apart("groups"))),
            Err(why) => return Ok(Outcome::Refused(why)),
        };
        let shared = work.catalog.shared();
        if record.version <= shared.version {
            let is_current = record.version == shared.version;
            let differs = is_current && shared.catalog.document != catalog.document;
            let other_groups = is_current && is_last && shared.catalog.groups != catalog.groups;
            return Ok(match (differs, other_groups) {
                (true, _) => Outcome::Refused(other_catalog(record.version)),
                (false, true) => Outcome::Refused(other_lists("groups")),
                (false, false) => Outcome::Present,
            });
        }
        if record.version != shared.version + 1 {
            return Ok(Outcome::Refused(gap(record.version, shared.version)));
        }
        let mut problems = links::broken_by(&work.catalog, &catalog);
        if problems.is_empty() {
            problems = links::frozen_in(&work.catalog, &catalog);
        }
        if !problems.is_empty() {
            return Ok(Outcome::Refused(told(&problems)));
        }
        let record = CatalogRecord { received_at: work.received_at, ..*record };
        self.write_catalog_record(&record, catalog, work, transaction, facts)?;
        Ok(Outcome::New)
    }
}

fn read_definition(record: &DefinitionRecord<'_>) -> Result<(Experiment, Placement), String> {
    let document = serde_json::from_str(record.document).map_err(|error| format!("document: {error}"))?;
    let experiment = Experiment::parse(document).map_err(|invalid| told(&invalid.problems))?;
    if experiment.key != record.key {
        return Err(format!(
            "document.key: it is {:?}, and the record's experiment {:?}; mend: export it again",
            experiment.key, record.key
        ));
    }
    if experiment.states_overrides {
        return Err(apart("overrides"));
    }
    let placement: Placement =
        serde_json::from_str(record.placement).map_err(|error| format!("placement: {error}"))?;
    let variants = experiment.variants.len();
    if placement.allocation.ranges().any(|(_, _, variant)| variant >= variants) {
        return Err(
            "placement.allocation: it names a variant that is not there; mend: export it again".to_owned()
        );
    }
    Ok((experiment, placement))
}

/// What there is to say of a version that is there.
fn known_version(
    entry: &Entry,
    number: u32,
    experiment: &Experiment,
    placement: &Placement,
    list: Option<&OverrideList>,
) -> Outcome {
    let known = entry.versions.iter().find(|version| version.number == number);
    let same = |version: &&std::sync::Arc<super::super::catalog::Version>| {
        version.experiment.document == experiment.document && version.placement == *placement
    };
    if known.filter(same).is_none() {
        let detail = format!("version {number} of {:?} is there with other content", entry.key);
        return Outcome::Refused(format!("{detail}; mend: import into a folder of its own"));
    }
    let is_current = number == entry.current().number;
    match list.filter(|list| is_current && list.version == number) {
        Some(list) if overrides(Some(entry), experiment, Some(list)) != *entry.overrides => {
            Outcome::Refused(other_lists(&format!("override lists of {:?}", entry.key)))
        }
        _ => Outcome::Present,
    }
}

/// Why a version that is new can't be taken.
fn refusal(
    catalog: &Catalog,
    entry: Option<&Entry>,
    record: &DefinitionRecord<'_>,
    experiment: &Experiment,
    placement: &Placement,
) -> Option<String> {
    let there = entry.map_or(0, |entry| entry.current().number);
    if record.version != there + 1 {
        return Some(gap(record.version, there));
    }
    match entry {
        None if catalog.len() >= MAX_EXPERIMENTS => {
            return Some(CatalogError::TooManyExperiments { most: MAX_EXPERIMENTS }.to_string());
        }
        None => {}
        Some(entry) => {
            if let Err(refused) = check_redefinition(entry, experiment) {
                return Some(refused.to_string());
            }
        }
    }
    let problems = links::problems(catalog, experiment, placement);
    (!problems.is_empty()).then(|| told(&problems))
}

/// The override lists after a version: those of the file as far as its variants go, else those there are.
fn overrides(
    entry: Option<&Entry>,
    experiment: &Experiment,
    list: Option<&OverrideList>,
) -> BTreeMap<String, usize> {
    if let Some(list) = list {
        let index = |variant: &String| experiment.variant_index(variant);
        let known = list.customers.iter();
        return known.filter_map(|(customer, variant)| Some((customer.clone(), index(variant)?))).collect();
    }
    let Some(entry) = entry else { return BTreeMap::new() };
    let variants = &entry.current().experiment.variants;
    let index = |old: &usize| experiment.variant_index(&variants.get(*old)?.key);
    entry.overrides.iter().filter_map(|(customer, old)| Some((customer.clone(), index(old)?))).collect()
}

fn told(problems: &[Problem]) -> String {
    problems.iter().map(Problem::to_string).collect::<Vec<_>>().join("; ")
}

fn apart(what: &str) -> String {
    format!("document.{what}: {what} stand in records of their own; mend: export it again")
}

fn gap(version: u32, there: u32) -> String {
    format!("version: {version} does not follow {there}, the last one there; mend: import the whole export")
}

fn other_catalog(version: u32) -> String {
    format!(
        "version {version} of the catalog is there with other content; mend: import into a folder of its own, \
         or bring the catalogs together with `experiment apply` first"
    )
}

fn other_lists(what: &str) -> String {
    format!("the {what} there are others; mend: apply the lists that are meant with `experiment apply`")
}
