//! A recount from the raw log, by a plain path of its own, compared with what the folder keeps.
//!
//! It shares with the folder the definitions' meaning (core's rules, contributions and moments), the
//! stored encodings, and nothing of how sums are kept up to date.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use experiment_core::definition::AssignmentMode;
use experiment_core::measure::{
    Cell, Contribution, Event, EventNames, MAX_DIMENSION_VALUES, Moments, Population, Slice, Tracked,
    contribution, first_exposure, tracked,
};
use experiment_core::time::{Day, Timestamp};
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable};

use super::backfill::{Walk, incomplete};
use super::catalog::Catalog;
use super::erase;
use super::error::StoreError;
use super::key::{CellKey, EXPOSED, OFF_ASSIGNMENT, PlaceKey};
use super::metric_hash::tracked_hash;
use super::position::Position;
use super::reading::Verification;
use super::record::{ExposureRecord, Flags, Record};
use super::rules::Known;
use super::sums;
use super::tables::{AGGREGATES, CATALOG, COUNT_DELTAS, COUNTS, DELTAS, FACTS, FAILED, Trying};

/// Most differences that are put into words.
const MAX_DIFFERENCES: usize = 100;

type Rows<K> = BTreeMap<K, Moments>;

/// Recounts the facts that the state says it has folded, and compares every row. `None` when customers were
/// erased meanwhile, whom the state still includes.
pub(super) fn verify(log: &Database, state: &Database) -> Result<Option<Verification>, StoreError> {
    let reading = state.begin_read().trying("reading the state")?;
    let log = log.begin_read().trying("reading the log")?;
    // The log as it is read from here on, and the state before: an erasure between the two is pending there.
    if erase::is_pending(&log)? {
        return Ok(None);
    }
    let position = Position::read(&reading)?.map_or(0, |position| position.folded);
    let walk = Walk::read(&reading)?.map(|walk| walk.cursor);
    let partial = Partial { incomplete: incomplete(&reading)?, cursor: walk.unwrap_or_default() };
    let recount = Recount::of(&log, position, partial)?;
    let mut found = Verification { facts: position, ..Verification::default() };
    let failed = failed(&reading)?;
    let kept = |key: &CellKey| !failed.contains(&(key.experiment, key.metric));

    let stored = stored(&reading, AGGREGATES, CellKey::decode)?;
    let counted = recount.aggregates()?;
    compare("sums", &stored, &counted.sums, |key| kept(key), &mut found);
    let stored = self::stored(&reading, DELTAS, CellKey::decode_delta)?;
    compare("changes of a day", &stored, &recount.deltas, |(_, key)| kept(key), &mut found);
    let stored = stored_counts(&reading, COUNTS, PlaceKey::decode)?;
    compare("counts", &stored, &counted.counts, |key| kept(&key.cell), &mut found);
    let stored = stored_counts(&reading, COUNT_DELTAS, PlaceKey::decode_delta)?;
    let counted = &recount.count_deltas;
    compare("counts of a day", &stored, counted, |(_, key)| kept(&key.cell), &mut found);
    Ok(Some(found))
}

fn stored<K: Ord>(
    reading: &ReadTransaction,
    table: redb::TableDefinition<&'static [u8], &'static [u8]>,
    decode: impl Fn(&[u8]) -> Result<K, StoreError>,
) -> Result<Rows<K>, StoreError> {
    let table = reading.open_table(table).trying("reading sums")?;
    let mut rows = BTreeMap::new();
    for row in table.iter().trying("reading sums")? {
        let (key, moments) = row.trying("reading sums")?;
        rows.insert(decode(key.value())?, sums::decode(moments.value())?);
    }
    Ok(rows)
}

fn stored_counts<K: Ord>(
    reading: &ReadTransaction,
    table: redb::TableDefinition<&'static [u8], i64>,
    decode: impl Fn(&[u8]) -> Result<K, StoreError>,
) -> Result<BTreeMap<K, i64>, StoreError> {
    let table = reading.open_table(table).trying("reading counts")?;
    let mut rows = BTreeMap::new();
    for row in table.iter().trying("reading counts")? {
        let (key, count) = row.trying("reading counts")?;
        rows.insert(decode(key.value())?, count.value());
    }
    Ok(rows)
}

fn failed(reading: &ReadTransaction) -> Result<HashSet<(u32, u64)>, StoreError> {
    let table = reading.open_table(FAILED).trying("reading the state")?;
    let rows = table.iter().trying("reading the state")?;
    rows.map(|row| Ok(row.trying("reading the state")?.0.value())).collect()
}

fn compare<K: Ord + std::fmt::Debug, V: PartialEq + std::fmt::Debug>(
    what: &str,
    stored: &BTreeMap<K, V>,
    counted: &BTreeMap<K, V>,
    kept: impl Fn(&K) -> bool,
    found: &mut Verification,
) {
    let keys: BTreeSet<&K> = stored.keys().chain(counted.keys()).filter(|key| kept(key)).collect();
    for key in keys {
        found.rows_compared += 1;
        let (stored, counted) = (stored.get(key), counted.get(key));
        if stored != counted && found.differences.len() < MAX_DIFFERENCES {
            found.differences.push(format!("{what} at {key:?}: stored {stored:?}, recounted {counted:?}"));
        }
    }
}

/// Everything that was counted, held in memory.
#[derive(Default)]
struct Recount {
    catalog: Catalog,
    names: EventNames,
    /// Experiment number → metric hash → what it counts: by the last definition, for every day alike.
    rules: HashMap<u32, BTreeMap<u64, Tracked>>,
    partial: Partial,
    customers: HashMap<String, Customer>,
    /// (experiment number, dimension) → the values seen at any exposure that counts.
    values: HashMap<(u32, u16), HashSet<String>>,
    deltas: Rows<(Day, CellKey)>,
    count_deltas: BTreeMap<(Day, PlaceKey), i64>,
}

/// Which metrics do not count every customer yet.
#[derive(Default)]
struct Partial {
    /// (experiment number, metric hash) → whether a walk counts it.
    incomplete: HashMap<(u32, u64), bool>,
    /// The last customer that it has counted.
    cursor: Vec<u8>,
}

impl Partial {
    /// Whether the customer is in the sums of the metric.
    fn includes(&self, experiment: u32, metric: u64, customer: &str) -> bool {
        match self.incomplete.get(&(experiment, metric)) {
            None => true,
            Some(walks) => *walks && customer.as_bytes() <= self.cursor.as_slice(),
        }
    }
}

/// What customers add up to.
#[derive(Default)]
struct Counted {
    sums: Rows<CellKey>,
    counts: BTreeMap<PlaceKey, i64>,
}

impl Counted {
    fn add(&mut self, key: &CellKey, contribution: &Contribution) -> Result<(), StoreError> {
        self.count(key, contribution, 1);
        let sums = self.sums.entry(key.clone()).or_insert_with(|| empty(contribution));
        sums.add(contribution).map_err(overflow)
    }

    fn subtract(&mut self, key: &CellKey, contribution: &Contribution) -> Result<(), StoreError> {
        self.count(key, contribution, -1);
        let sums = self.sums.entry(key.clone()).or_insert_with(|| empty(contribution));
        sums.subtract(contribution).map_err(overflow)
    }

    fn count(&mut self, key: &CellKey, contribution: &Contribution, change: i64) {
        if let Some(place) = contribution.place() {
            *self.counts.entry(PlaceKey { cell: key.clone(), place }).or_default() += change;
        }
    }
}

#[derive(Default)]
struct Customer {
    exposures: Vec<Exposure>,
    events: Vec<Event>,
    /// What was counted at the end of the last day on which something came.
    counted: Vec<(CellKey, Contribution)>,
}

struct Exposure {
    experiment: String,
    variant: u16,
    at: Timestamp,
    id: String,
    is_off: bool,
    values: Vec<String>,
}

impl Recount {
    fn of(reading: &ReadTransaction, position: u64, partial: Partial) -> Result<Recount, StoreError> {
        let facts = reading.open_table(FACTS).trying("reading the log")?;
        let mut recount = Recount { partial, ..Recount::default() };
        recount.define(reading, position)?;
        let mut day = None;
        let mut touched: BTreeSet<String> = BTreeSet::new();
        for row in ReadableTable::range(&facts, ..position).trying("reading the log")? {
            let (sequence, bytes) = row.trying("reading the log")?;
            let record = Record::decode(bytes.value())?;
            let received = record.received_at().day();
            if let Some(ended) = day.replace(received)
                && ended != received
            {
                recount.end_day(ended, std::mem::take(&mut touched))?;
            }
            match record {
                Record::Event(event) => {
                    let name = recount.names.intern(event.name);
                    let customer = recount.customers.entry(event.customer.to_owned()).or_default();
                    customer.events.push(Event { at: event.moment.at, name, value: event.value });
                    touched.insert(event.customer.to_owned());
                }
                Record::Exposure(exposure) => {
                    if !exposure.flags.has(Flags::OVERRIDE) {
                        recount.expose(sequence.value(), &exposure)?;
                        touched.insert(exposure.customer.to_owned());
                    }
                }
                Record::Erased(_) | Record::Erasure(_) => {}
                Record::Definition(_) | Record::Lifecycle(_) | Record::Catalog(_) => {
                    recount.catalog.apply(sequence.value(), &record)?;
                }
            }
        }
        if let Some(day) = day {
            recount.end_day(day, touched)?;
        }
        Ok(recount)
    }

    /// Compiles the metrics that there are at `position`. They are counted as if they had been there from the
    /// start, and no others are.
    fn define(&mut self, log: &ReadTransaction, position: u64) -> Result<(), StoreError> {
        let mut catalog = Catalog::default();
        let records = log.open_table(CATALOG).trying("reading the catalog")?;
        for row in ReadableTable::range(&records, ..position).trying("reading the catalog")? {
            let (sequence, record) = row.trying("reading the catalog")?;
            catalog.apply(sequence.value(), &Record::decode(record.value())?)?;
        }
        for entry in catalog.iter() {
            let experiment = &entry.current().experiment;
            let tracked = tracked(experiment, &mut self.names).into_iter();
            let rules = tracked.map(|tracked| (tracked_hash(experiment, tracked.purpose), tracked));
            self.rules.insert(entry.number, rules.collect());
        }
        Ok(())
    }

    fn expose(&mut self, sequence: u64, record: &ExposureRecord<'_>) -> Result<(), StoreError> {
        let damaged = || StoreError::Corrupt {
            what: format!("fact {sequence} of the log"),
            detail: "its experiment or variant is not there".to_owned(),
        };
        let entry = self.catalog.get(record.experiment).ok_or_else(damaged)?;
        let definition = &entry.current().experiment;
        let variant = definition.variant_index(record.variant).ok_or_else(damaged)?;
        let known = Known::of(record)?;
        let values: Vec<String> =
            definition.slots().iter().map(|dimensions| known.value_of(dimensions)).collect();
        for (dimension, value) in values.iter().enumerate() {
            self.values.entry((entry.number, dimension as u16)).or_default().insert(value.clone());
        }
        let ours = entry.in_force(record.moment.at, sequence).draw.of(record.customer);
        let checked = definition.assignment != AssignmentMode::External && !record.flags.has(Flags::ASSIGN);
        self.customers.entry(record.customer.to_owned()).or_default().exposures.push(Exposure {
            experiment: record.experiment.to_owned(),
            variant: variant as u16,
            at: record.moment.at,
            id: record.id.to_owned(),
            is_off: checked && ours != Some(variant),
            values,
        });
        Ok(())
    }

    /// Counts the customers of whom something came, and keeps the difference.
    fn end_day(&mut self, day: Day, touched: BTreeSet<String>) -> Result<(), StoreError> {
        let mut changes = Counted::default();
        for id in touched {
            let Some(customer) = self.customers.get(&id) else { continue };
            let now = self.count(&id, customer);
            for (key, contribution) in &customer.counted {
                changes.subtract(key, contribution)?;
            }
            for (key, contribution) in &now {
                changes.add(key, contribution)?;
            }
            if let Some(customer) = self.customers.get_mut(&id) {
                customer.counted = now;
            }
        }
        for (key, sums) in changes.sums {
            if !sums.is_zero() && !self.is_dropped(&key) {
                self.deltas.insert((day, key), sums);
            }
        }
        for (key, count) in changes.counts {
            if count != 0 && !self.is_dropped(&key.cell) {
                self.count_deltas.insert((day, key), count);
            }
        }
        Ok(())
    }

    /// Everything that one customer adds anywhere.
    fn count(&self, id: &str, customer: &Customer) -> Vec<(CellKey, Contribution)> {
        let experiments: BTreeSet<&str> = customer.exposures.iter().map(|seen| &*seen.experiment).collect();
        let mut counted = Vec::new();
        for key in experiments {
            let Some(entry) = self.catalog.get(key) else { continue };
            let seen: Vec<&Exposure> =
                customer.exposures.iter().filter(|seen| seen.experiment == key).collect();
            let order = seen.iter().map(|seen| (seen.at, seen.id.as_str(), seen.variant));
            let Some(found) = first_exposure(order) else { continue };
            let first = seen[found.index];
            let definition = &entry.current().experiment;
            let population = match definition.assignment {
                _ if found.crossed => Population::Crossed,
                AssignmentMode::Strict if first.is_off => Population::OffAssignment,
                _ => Population::Analysed,
            };
            let cell = Cell { phase: 1, variant: first.variant, population, day: first.at.day() };
            let sliced = first
                .values
                .iter()
                .enumerate()
                .map(|(dimension, value)| Slice::Value { dimension: dimension as u16, value: value.clone() });
            let slices: Vec<Slice> = [Slice::All].into_iter().chain(sliced).collect();
            let rules = self.rules.get(&entry.number).into_iter().flatten();
            let rules = rules.filter(|(hash, _)| self.partial.includes(entry.number, **hash, id));
            for (metric, tracked) in rules {
                let rule = tracked.rule(first.variant);
                let Some(contribution) = contribution(rule, first.at, &customer.events) else { continue };
                for slice in slices.iter().filter(|slice| tracked.sliced || **slice == Slice::All) {
                    let (metric, slice) = (*metric, slice.clone());
                    counted.push((CellKey { experiment: entry.number, metric, slice, cell }, contribution));
                }
            }
            for slice in slices {
                let key = CellKey { experiment: entry.number, metric: EXPOSED, slice, cell };
                counted.push((key, Contribution::empty()));
            }
            if first.is_off {
                let key =
                    CellKey { experiment: entry.number, metric: OFF_ASSIGNMENT, slice: Slice::All, cell };
                counted.push((key, Contribution::empty()));
            }
        }
        counted
    }

    /// The sums over all customers as they are at the end.
    fn aggregates(&self) -> Result<Counted, StoreError> {
        let mut counted = Counted::default();
        for (id, customer) in &self.customers {
            for (key, contribution) in self.count(id, customer) {
                if !self.is_dropped(&key) {
                    counted.add(&key, &contribution)?;
                }
            }
        }
        Ok(counted)
    }

    fn is_dropped(&self, key: &CellKey) -> bool {
        let Slice::Value { dimension, .. } = key.slice else { return false };
        self.values.get(&(key.experiment, dimension)).is_some_and(|seen| seen.len() > MAX_DIMENSION_VALUES)
    }
}

fn empty(contribution: &Contribution) -> Moments {
    Moments::new(contribution.values().len())
}

fn overflow(error: experiment_core::measure::MomentsOverflow) -> StoreError {
    StoreError::Corrupt { what: "the recount".to_owned(), detail: error.to_string() }
}
