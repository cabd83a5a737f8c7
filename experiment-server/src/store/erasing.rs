//! The part of the writer that erases: markers over the customer's facts, and the fact of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use experiment_core::time::Day;
use redb::{ReadableTable, Table, WriteTransaction};
use serde_json::Value;

use super::admit::Learned;
use super::commit_room::{ERASED_FACT_BYTES, STEP_BYTES};
use super::erase::{CustomerHash, Erasure};
use super::error::StoreError;
use super::position::StateView;
use super::record::{ErasedRecord, ErasureRecord, Flags, Record};
use super::row::Row;
use super::tables::{ERASED_CUSTOMERS, ERASURES, GROUPS, OVERRIDES, Trying};
use super::writer::{Work, Writer};

/// Whom to erase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// By id.
    Customer(String),
    /// Somebody of whom nothing is known here, and nothing shall be.
    Unknown(CustomerHash),
}

impl Writer {
    pub(super) fn erase(
        &mut self,
        target: &Target,
        work: &mut Work,
        state: &StateView,
        transaction: &WriteTransaction,
        facts: &mut Table<'_, u64, &'static [u8]>,
    ) -> Result<Erasure, StoreError> {
        let hash = match target {
            Target::Customer(customer) => self.erased.key.hash(customer),
            Target::Unknown(hash) => *hash,
        };
        let mut erasures = transaction.open_table(ERASURES).trying("writing an erasure")?;
        if let Some(row) = erasures.get(hash.0.as_slice()).trying("reading erasures")? {
            return Ok(Erasure::of(hash, row.value()));
        }
        work.room.take(STEP_BYTES)?;
        if let Target::Customer(customer) = target {
            self.overwrite_facts(customer, work, state, transaction, facts)?;
            remove_overrides(customer, work, transaction)?;
            remove_from_groups(customer, work, transaction)?;
            self.overlay.forget_customer(customer);
            let experiments = work.catalog.iter().map(|entry| entry.number);
            let forgotten = experiments.map(|experiment| Learned {
                experiment,
                customer: customer.clone(),
                variant: None,
            });
            work.learned.extend(forgotten);
            work.erased.push((work.next, customer.clone()));
        }
        let (sequence, requested_at) = (work.next, work.received_at);
        let record = ErasureRecord { received_at: requested_at, customer: hash };
        self.buffer.clear();
        record.encode(&mut self.buffer);
        facts.insert(sequence, self.buffer.as_slice()).trying("appending to the log")?;
        work.next += 1;
        let row = (sequence, requested_at.0, None);
        erasures.insert(hash.0.as_slice(), row).trying("writing an erasure")?;
        self.audit.append_fact(transaction, sequence, &Record::Erasure(record), &work.who)?;
        self.erased.insert(hash);
        self.last_erasure = sequence + 1;
        Ok(Erasure::of(hash, row))
    }

    /// Puts markers in the place of the customer's facts, and counts in which experiments the customer was.
    fn overwrite_facts(
        &mut self,
        customer: &str,
        work: &mut Work,
        state: &StateView,
        transaction: &WriteTransaction,
        facts: &mut Table<'_, u64, &'static [u8]>,
    ) -> Result<(), StoreError> {
        let mut sequences: BTreeSet<u64> = self.overlay.sequences(customer).collect();
        if let Some(row) = state.row(customer)? {
            let row = Row::decode(row.value())?;
            let mut exposures = Vec::new();
            row.read_exposures(&mut exposures)?;
            sequences.extend(exposures.iter().map(|exposure| exposure.sequence));
            sequences.extend(row.events().map(|event| event.sequence));
        }
        work.room.take(sequences.len() as u64 * ERASED_FACT_BYTES)?;
        // By experiment, the day on which its first exposure of the customer came.
        let mut met: BTreeMap<u32, Day> = BTreeMap::new();
        for sequence in sequences {
            let received_at = {
                let stored = facts.get(sequence).trying("reading the log")?;
                let Some(stored) = stored else { continue };
                let record = Record::decode(stored.value())?;
                match &record {
                    Record::Event(event) if event.customer == customer => {}
                    Record::Exposure(exposure) if exposure.customer == customer => {
                        let entry = work.catalog.get(exposure.experiment);
                        if let (Some(entry), false) = (entry, exposure.flags.has(Flags::OVERRIDE)) {
                            // The log is in the order of receipt.
                            met.entry(entry.number).or_insert(exposure.received_at.day());
                        }
                    }
                    // Another customer's, whose id has the same hash in memory.
                    _ => continue,
                }
                record.received_at()
            };
            self.buffer.clear();
            ErasedRecord { received_at }.encode(&mut self.buffer);
            facts.insert(sequence, self.buffer.as_slice()).trying("erasing facts")?;
        }
        let mut missing = transaction.open_table(ERASED_CUSTOMERS).trying("writing an erasure")?;
        for (experiment, day) in met {
            let key = (experiment, day.0, work.received_at.day().0);
            let count = missing.get(key).trying("writing an erasure")?.map_or(0, |count| count.value());
            missing.insert(key, count + 1).trying("writing an erasure")?;
        }
        Ok(())
    }
}

fn remove_overrides(
    customer: &str,
    work: &mut Work,
    transaction: &WriteTransaction,
) -> Result<(), StoreError> {
    let listed = work.catalog.iter().filter(|entry| entry.overrides.contains_key(customer));
    let listed: Vec<String> = listed.map(|entry| entry.key.clone()).collect();
    let mut table = transaction.open_table(OVERRIDES).trying("writing overrides")?;
    for key in listed {
        table.remove((key.as_str(), customer)).trying("writing overrides")?;
        let catalog = Arc::make_mut(&mut work.catalog);
        let mut overrides =
            catalog.get(&key).map(|entry| BTreeMap::clone(&entry.overrides)).unwrap_or_default();
        overrides.remove(customer);
        catalog.set_overrides(&key, overrides);
        catalog.compile(&key)?;
    }
    Ok(())
}

fn remove_from_groups(
    customer: &str,
    work: &mut Work,
    transaction: &WriteTransaction,
) -> Result<(), StoreError> {
    let is_customer = |value: &Value| match value {
        Value::String(text) => text == customer,
        // Ids that are numbers are sent as texts.
        Value::Number(number) => number.to_string() == customer,
        _ => false,
    };
    let present = Arc::clone(&work.catalog.shared().catalog);
    if !present.groups.values().flatten().any(is_customer) {
        return Ok(());
    }
    let mut groups = present.groups.clone();
    let mut table = transaction.open_table(GROUPS).trying("writing groups")?;
    for (name, values) in &mut groups {
        values.retain(|value| !is_customer(value));
        let values = Value::from(values.as_slice()).to_string();
        table.insert(name.as_str(), values.as_str()).trying("writing groups")?;
    }
    let catalog = Arc::make_mut(&mut work.catalog);
    catalog.set_groups(groups)?;
    catalog.compile_all()
}
