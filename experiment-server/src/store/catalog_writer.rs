//! The part of the writer that is about definitions: what they ask for, appended to log and catalog.

use std::collections::BTreeMap;
use std::sync::Arc;

use experiment_core::assignment::Placement;
use experiment_core::definition::{self, Experiment, LifecycleStep, Problem};
use redb::{Table, WriteTransaction};
use serde_json::Value;

use super::catalog_record::{CatalogRecord, DefinitionRecord, LifecycleRecord};
use super::change::{
    Change, Defined, Expected, Stepped, override_rows, plan_catalog, plan_definition, plan_step,
    with_overrides,
};
use super::erase::Erased;
use super::error::{CatalogError, StoreError};
use super::record::Record;
use super::tables::{CATALOG, GROUPS, OVERRIDES, Trying};
use super::writer::{Work, Writer};

impl Writer {
    pub(super) fn define(
        &mut self,
        experiment: &Experiment,
        expected: Expected,
        work: &mut Work,
        transaction: &WriteTransaction,
        facts: &mut Table<'_, u64, &'static [u8]>,
    ) -> Result<Result<Defined, CatalogError>, StoreError> {
        let experiment = &*with_overrides(&work.catalog, experiment);
        let problems = erased_overrides(experiment, &self.erased);
        if !problems.is_empty() {
            return Ok(Err(CatalogError::Invalid { problems }));
        }
        let plan = match plan_definition(&work.catalog, experiment, expected) {
            Ok(plan) => plan,
            Err(refused) => return Ok(Err(refused)),
        };
        if let Some((version, placement)) = &plan.new_version {
            self.write_definition(experiment, *version, placement, work, transaction, facts)?;
        }
        if plan.change != Change::Unchanged {
            write_overrides(experiment, work, transaction)?;
            if plan.new_version.is_none() {
                // Lossless: MAX_OVERRIDES bounds it.
                let count = experiment.overrides.len() as u32;
                let at = work.received_at;
                self.audit.append_overrides(transaction, at, &experiment.key, count, &work.who)?;
            }
        }
        let entry = work.catalog.get(&experiment.key);
        let (version, hash) = entry.map_or((0, 0), |entry| (entry.current().number, entry.tag()));
        Ok(Ok(Defined { version, hash, change: plan.change, sequence: work.next }))
    }

    pub(super) fn step(
        &mut self,
        key: String,
        step: LifecycleStep,
        work: &mut Work,
        transaction: &WriteTransaction,
        facts: &mut Table<'_, u64, &'static [u8]>,
    ) -> Result<Result<Stepped, CatalogError>, StoreError> {
        let (status, change) = match plan_step(&work.catalog, &key, &step) {
            Ok(planned) => planned,
            Err(refused) => return Ok(Err(refused)),
        };
        if change != Change::Unchanged {
            let record = LifecycleRecord { received_at: work.received_at, key, step };
            self.buffer.clear();
            record.encode(&mut self.buffer);
            self.append_to_catalog(&Record::Lifecycle(record), work, transaction, facts)?;
        }
        Ok(Ok(Stepped { status, change, sequence: work.next }))
    }

    pub(super) fn share(
        &mut self,
        catalog: &definition::Catalog,
        expected: Expected,
        work: &mut Work,
        transaction: &WriteTransaction,
        facts: &mut Table<'_, u64, &'static [u8]>,
    ) -> Result<Result<Defined, CatalogError>, StoreError> {
        // A document that states no groups leaves those there are now, whoever read it when.
        let with_groups = || {
            let groups = &work.catalog.shared().catalog.groups;
            definition::Catalog::parse_with_groups(catalog.document.clone(), groups)
        };
        let read;
        let catalog = match catalog.states_groups || catalog.groups == work.catalog.shared().catalog.groups {
            true => catalog,
            false => match with_groups() {
                Ok(with_groups) => {
                    read = with_groups;
                    &read
                }
                Err(invalid) => return Ok(Err(CatalogError::Invalid { problems: invalid.problems })),
            },
        };
        let problems = erased_group_values(catalog, &self.erased);
        if !problems.is_empty() {
            return Ok(Err(CatalogError::Invalid { problems }));
        }
        let change = match plan_catalog(&work.catalog, catalog, expected) {
            Ok(change) => change,
            Err(refused) => return Ok(Err(refused)),
        };
        if change != Change::Unchanged {
            self.write_catalog(catalog, work, transaction, facts)?;
        }
        let shared = work.catalog.shared();
        Ok(Ok(Defined { version: shared.version, hash: shared.tag(), change, sequence: work.next }))
    }

    fn write_catalog(
        &mut self,
        catalog: &definition::Catalog,
        work: &mut Work,
        transaction: &WriteTransaction,
        facts: &mut Table<'_, u64, &'static [u8]>,
    ) -> Result<(), StoreError> {
        let document = catalog.document.to_string();
        let record = CatalogRecord {
            received_at: work.received_at,
            version: work.catalog.shared().version + 1,
            // Lossless: MAX_GROUPS × MAX_GROUP_VALUES bounds it.
            group_values: catalog.groups.values().map(Vec::len).sum::<usize>() as u32,
            document: &document,
        };
        self.write_catalog_record(&record, catalog.clone(), work, transaction, facts)
    }

    /// Appends a version of what experiments share, and puts its groups in place of those there are.
    pub(super) fn write_catalog_record(
        &mut self,
        record: &CatalogRecord<'_>,
        catalog: definition::Catalog,
        work: &mut Work,
        transaction: &WriteTransaction,
        facts: &mut Table<'_, u64, &'static [u8]>,
    ) -> Result<(), StoreError> {
        let present = Arc::clone(&work.catalog.shared().catalog);
        self.buffer.clear();
        record.encode(&mut self.buffer);
        self.append_to_catalog(&Record::Catalog(*record), work, transaction, facts)?;
        let mut table = transaction.open_table(GROUPS).trying("writing groups")?;
        for name in present.groups.keys() {
            table.remove(name.as_str()).trying("writing groups")?;
        }
        for (name, values) in &catalog.groups {
            let values = serde_json::Value::from(values.as_slice()).to_string();
            table.insert(name.as_str(), values.as_str()).trying("writing groups")?;
        }
        let changed = Arc::make_mut(&mut work.catalog);
        changed.set_shared(catalog);
        changed.compile_all()
    }

    fn write_definition(
        &mut self,
        experiment: &Experiment,
        version: u32,
        placement: &Placement,
        work: &mut Work,
        transaction: &WriteTransaction,
        facts: &mut Table<'_, u64, &'static [u8]>,
    ) -> Result<(), StoreError> {
        let document = experiment.document.to_string();
        let placement = serde_json::to_string(placement)
            .map_err(|error| StoreError::Io { what: "writing a definition", detail: error.to_string() })?;
        let record = DefinitionRecord {
            received_at: work.received_at,
            key: &experiment.key,
            version,
            // Lossless: MAX_OVERRIDES bounds it.
            override_count: experiment.overrides.len() as u32,
            document: &document,
            placement: &placement,
        };
        self.buffer.clear();
        record.encode(&mut self.buffer);
        self.append_to_catalog(&Record::Definition(record), work, transaction, facts)
    }

    /// Appends the record in the buffer to the log and the catalog.
    pub(super) fn append_to_catalog(
        &mut self,
        record: &Record<'_>,
        work: &mut Work,
        transaction: &WriteTransaction,
        facts: &mut Table<'_, u64, &'static [u8]>,
    ) -> Result<(), StoreError> {
        facts.insert(work.next, self.buffer.as_slice()).trying("appending to the log")?;
        let mut table = transaction.open_table(CATALOG).trying("writing the catalog")?;
        table.insert(work.next, self.buffer.as_slice()).trying("writing the catalog")?;
        self.audit.append_fact(transaction, work.next, record, &work.who)?;
        let catalog = Arc::make_mut(&mut work.catalog);
        let changed = catalog.apply(work.next, record)?.map(|entry| entry.key.clone());
        // A definition is compiled once its overrides are there too.
        if let (Some(key), Record::Lifecycle(_)) = (changed, record) {
            catalog.compile(&key)?;
        }
        work.next += 1;
        Ok(())
    }
}

/// Customers who were erased, and are on an override list all the same.
fn erased_overrides(experiment: &Experiment, erased: &Erased) -> Vec<Problem> {
    let on_lists = experiment.overrides.iter().filter(|(customer, _)| erased.holds(customer));
    let problem = |(customer, variant): (&String, &usize)| {
        let variant = experiment.variants.get(*variant).map_or("", |variant| variant.key.as_str());
        Problem::new(format!("overrides.{variant}"), was_erased(customer), "take them off the list")
    };
    on_lists.map(problem).collect()
}

/// Likewise in saved groups.
fn erased_group_values(catalog: &definition::Catalog, erased: &Erased) -> Vec<Problem> {
    let values =
        catalog.groups.iter().flat_map(|(name, values)| values.iter().map(move |value| (name, value)));
    let problem = |(name, value): (&String, &Value)| {
        let who = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        Problem::new(format!("groups.{name}"), was_erased(&who), "take them out of the group")
    };
    values.filter(|(_, value)| erased.holds_value(value)).map(problem).collect()
}

fn was_erased(customer: &str) -> String {
    format!("names {customer:?}, a customer who was erased")
}

/// Puts the experiment's override lists in place of those there are.
pub(super) fn write_overrides(
    experiment: &Experiment,
    work: &mut Work,
    transaction: &WriteTransaction,
) -> Result<(), StoreError> {
    let wanted = override_rows(experiment);
    let mut table = transaction.open_table(OVERRIDES).trying("writing overrides")?;
    let present = work.catalog.get(&experiment.key).map(|entry| Arc::clone(&entry.overrides));
    for customer in present.iter().flat_map(|present| present.keys()) {
        if !wanted.contains_key(customer.as_str()) {
            table.remove((experiment.key.as_str(), customer.as_str())).trying("writing overrides")?;
        }
    }
    for (customer, variant) in &wanted {
        table.insert((experiment.key.as_str(), *customer), *variant).trying("writing overrides")?;
    }
    work.changed_beside_facts = true;
    let catalog = Arc::make_mut(&mut work.catalog);
    catalog.set_overrides(&experiment.key, BTreeMap::clone(&experiment.overrides));
    catalog.compile(&experiment.key)
}
