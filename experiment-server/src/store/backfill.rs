//! Metrics that came while an experiment runs: whose customers are in their sums, and how far the walk is
//! that counts the others.
//!
//! A metric that came waits until a walk over all customers begins, which counts every metric that waits
//! then. A customer behind the walk's cursor is counted by the walk, and from then on by the fold; one
//! before it is not counted yet, whatever comes in. So at every position the sums are those of the
//! customers behind the cursor, as if the metric had been there from the start.

use std::collections::HashMap;

use experiment_core::report::Rebuilding;
use experiment_core::time::Day;
use redb::{ReadTransaction, ReadableTable, ReadableTableMetadata, WriteTransaction};

use super::aggregate::Sums;
use super::bytes::Reader;
use super::error::StoreError;
use super::rules::{MetricRules, Rules};
use super::tables::{BACKFILLS, CUSTOMERS, FAILED, STATE_META, STATE_WALK, Trying};

/// Whose contributions are in a metric's sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coverage {
    /// All customers'.
    Everybody,
    /// Those behind the cursor of the walk under way.
    Behind,
    /// Nobody's: it waits for the next walk.
    Nobody,
}

/// What a definition changed about the metrics of an experiment that has customers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Redefinition {
    /// The experiment's number.
    pub(super) experiment: u32,
    /// Hashes of metrics that must be counted for the customers there are.
    pub(super) added: Vec<u64>,
    /// Hashes of metrics that went.
    pub(super) removed: Vec<u64>,
}

impl Redefinition {
    /// Takes the sums of metrics that went out of every table, and notes those that came.
    pub(super) fn write(&self, transaction: &WriteTransaction) -> Result<(), StoreError> {
        let number = self.experiment;
        if !self.removed.is_empty() {
            let gone = |metric: &u64| self.removed.contains(metric);
            Sums::open(transaction)?.remove(number, Day(i32::MIN), |key| gone(&key.metric))?;
        }
        let mut failed = transaction.open_table(FAILED).trying("writing the state")?;
        let mut backfills = transaction.open_table(BACKFILLS).trying("writing the state")?;
        for hash in &self.removed {
            failed.remove((number, *hash)).trying("writing the state")?;
            backfills.remove((number, *hash)).trying("writing the state")?;
        }
        for hash in &self.added {
            backfills.insert((number, *hash), false).trying("writing the state")?;
        }
        Ok(())
    }
}

/// How far the walk under way has come. Written together with the sums it made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Walk {
    /// The last customer that was counted; empty at the start, since no id is.
    pub(super) cursor: Vec<u8>,
    /// How many customers are not after the cursor.
    pub(super) done: u64,
}

impl Walk {
    /// Begins one for every metric that waits.
    pub(super) fn begin(transaction: &WriteTransaction, rules: &mut Rules) -> Result<Walk, StoreError> {
        let mut backfills = transaction.open_table(BACKFILLS).trying("writing the state")?;
        for (number, metric) in metrics_mut(rules).filter(|(_, metric)| metric.coverage == Coverage::Nobody) {
            metric.coverage = Coverage::Behind;
            backfills.insert((number, metric.hash), true).trying("writing the state")?;
        }
        Ok(Walk::default())
    }

    /// Whether the customer has been passed.
    #[inline]
    pub(super) fn is_behind(&self, customer: &[u8]) -> bool {
        customer <= self.cursor.as_slice()
    }

    /// Writes how far it is.
    pub(super) fn write(&self, transaction: &WriteTransaction) -> Result<(), StoreError> {
        let mut meta = transaction.open_table(STATE_META).trying("writing the state")?;
        meta.insert(STATE_WALK, self.encode().as_slice()).trying("writing the state")?;
        Ok(())
    }

    /// The stored form.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = self.done.to_le_bytes().to_vec();
        out.extend_from_slice(&self.cursor);
        out
    }

    /// Reads the stored form.
    pub(super) fn decode(bytes: &[u8]) -> Result<Walk, StoreError> {
        let mut reader = Reader::new(bytes, "the walk over customers");
        Ok(Walk { done: reader.u64()?, cursor: reader.rest().to_vec() })
    }

    /// The walk under way, if there is one.
    pub(super) fn read(transaction: &ReadTransaction) -> Result<Option<Walk>, StoreError> {
        let meta = transaction.open_table(STATE_META).trying("reading the state")?;
        let Some(row) = ReadableTable::get(&meta, STATE_WALK).trying("reading the state")? else {
            return Ok(None);
        };
        Walk::decode(row.value()).map(Some)
    }

    /// Ends it: whoever comes from now on is counted by the fold.
    pub(super) fn end(transaction: &WriteTransaction, rules: &mut Rules) -> Result<(), StoreError> {
        let mut backfills = transaction.open_table(BACKFILLS).trying("writing the state")?;
        for (number, metric) in metrics_mut(rules).filter(|(_, metric)| metric.coverage == Coverage::Behind) {
            metric.coverage = Coverage::Everybody;
            backfills.remove((number, metric.hash)).trying("writing the state")?;
        }
        let mut meta = transaction.open_table(STATE_META).trying("writing the state")?;
        meta.remove(STATE_WALK).trying("writing the state")?;
        Ok(())
    }
}

/// All metrics, each with the number of its experiment.
fn metrics_mut(rules: &mut Rules) -> impl Iterator<Item = (u32, &mut MetricRules)> {
    let experiments = rules.experiments.iter_mut().enumerate();
    // Lossless: MAX_EXPERIMENTS bounds it.
    experiments
        .flat_map(|(number, rules)| rules.metrics.iter_mut().map(move |metric| (number as u32, metric)))
}

/// Whether customers must be counted for some metric.
pub(super) fn is_pending(rules: &Rules) -> bool {
    let mut metrics = rules.experiments.iter().flat_map(|experiment| &experiment.metrics);
    metrics.any(|metric| metric.coverage != Coverage::Everybody)
}

/// Every metric that is not complete, as (experiment number, hash), and whether the walk counts it.
pub(super) fn incomplete(reading: &ReadTransaction) -> Result<HashMap<(u32, u64), bool>, StoreError> {
    let backfills = reading.open_table(BACKFILLS).trying("reading the state")?;
    let rows = backfills.iter().trying("reading the state")?;
    rows.map(|row| {
        let (key, walks) = row.trying("reading the state")?;
        Ok((key.value(), walks.value()))
    })
    .collect()
}

/// Reads into `rules` which metrics wait and which are being counted; definitions alone can't tell.
pub(super) fn recover(reading: &ReadTransaction, rules: &mut Rules) -> Result<(), StoreError> {
    metrics_mut(rules).for_each(|(_, metric)| metric.coverage = Coverage::Everybody);
    for ((experiment, hash), walks) in incomplete(reading)? {
        let coverage = if walks { Coverage::Behind } else { Coverage::Nobody };
        let metrics = &mut rules.experiment_mut(experiment)?.metrics;
        metrics.iter_mut().filter(|metric| metric.hash == hash).for_each(|metric| metric.coverage = coverage);
    }
    Ok(())
}

/// The metrics (by hash) of an experiment that are not complete, each with how far it is.
pub(super) fn progress(
    reading: &ReadTransaction,
    experiment: u32,
) -> Result<HashMap<u64, Rebuilding>, StoreError> {
    let incomplete = incomplete(reading)?;
    let here = incomplete.into_iter().filter(|((number, _), _)| *number == experiment);
    let walked = Walk::read(reading)?.map_or(0, |walk| walk.done);
    let of = reading.open_table(CUSTOMERS).trying("reading the state")?.len().trying("reading the state")?;
    let progress = |walks: bool| Rebuilding { done: if walks { walked } else { 0 }, of };
    Ok(here.map(|((_, hash), walks)| (hash, progress(walks))).collect())
}
