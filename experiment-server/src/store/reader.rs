//! Reads of the state, each from one snapshot.

use std::collections::{BTreeMap, HashMap};

use experiment_core::definition::Experiment;
use experiment_core::measure::{MAX_DIMENSION_VALUES, Moments, Population, Purpose, Slice};
use experiment_core::report::{Aggregates, Cells, Design, Distributions, Stage};
use experiment_core::time::Day;
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable};

use super::backfill;
use super::catalog::{Catalog, Entry};
use super::erase;
use super::error::StoreError;
use super::key::{CellKey, EXPOSED, OFF_ASSIGNMENT, PlaceKey, day_start, experiment_start};
use super::late::late_changes;
use super::metric_hash::tracked_hash;
use super::position::{Position, StateView};
use super::reading::{Reading, SeenExposure};
use super::received::facts_received_by;
use super::row::{PackedExposure, Row};
use super::sums;
use super::tables::{AGGREGATES, COUNT_DELTAS, COUNTS, DELTAS, DIMENSION_VALUES, FAILED, Trying};

/// The sums of one experiment, see [`Store::aggregates`](super::Store::aggregates).
///
/// `catalog` is asked for once the snapshot is taken, so that it knows whatever is folded.
pub(super) fn aggregates(
    log: &Database,
    state: &Database,
    catalog: impl FnOnce() -> std::sync::Arc<Catalog>,
    key: &str,
    as_of: Option<Day>,
) -> Result<Reading, StoreError> {
    let reading = state.begin_read().trying("reading the state")?;
    let position = Position::read(&reading)?.map_or(0, |position| position.folded);
    let catalog = catalog();
    let unknown = || StoreError::UnknownExperiment { key: key.to_owned() };
    let entry = catalog.get(key).ok_or_else(unknown)?;
    let version = match (entry.version_at(position, as_of), as_of) {
        (Some(version), _) => version,
        // Defined, but not folded yet: nothing is counted by it.
        (None, None) => &entry.versions[0],
        (None, Some(day)) if entry.versions[0].received_at.day() <= day => &entry.versions[0],
        (None, Some(_)) => return Err(unknown()),
    };
    let stage = if entry.is_over_at(position, as_of) { Stage::Final } else { Stage::Running };
    let mut experiment = Experiment::clone(&version.experiment);
    // A past day is told with the metrics that there are now: sums of others are not kept.
    if let Some(present) = entry.version_at(position, None) {
        experiment.metrics.clone_from(&present.experiment.metrics);
        experiment.economics.clone_from(&present.experiment.economics);
    }
    let design = Design::of(&experiment, version.number, stage);
    let (rows, counts) = match as_of {
        None => (current_rows(&reading, entry.number)?, current_counts(&reading, entry.number)?),
        Some(day) => (rows_until(&reading, entry.number, day)?, counts_until(&reading, entry.number, day)?),
    };
    let sequence = match as_of {
        None => position,
        Some(day) => facts_received_by(log, day, position)?,
    };
    let dropped_dimensions = dropped_dimensions(&reading, entry.number, as_of)?;
    let failed = failed_metrics(&reading, entry.number, as_of)?;
    let hash = |purpose| tracked_hash(&experiment, purpose);
    let metrics = 0..experiment.metrics.len();
    let failed_metrics: Vec<usize> =
        metrics.clone().filter(|index| failed.contains(&hash(Purpose::Metric(*index)))).collect();
    let progress = backfill::progress(&reading, entry.number)?;
    let rebuilding = metrics
        .clone()
        .filter(|index| !failed_metrics.contains(index))
        .filter_map(|index| Some((index, *progress.get(&hash(Purpose::Metric(index)))?)))
        .collect();
    let late = late_changes(&reading, entry.number, &experiment, as_of)?;
    let mut aggregates = Aggregates { dropped_dimensions, rebuilding, late, ..Aggregates::default() };
    let is_read = |metric: u64| !failed.contains(&metric) && !progress.contains_key(&metric);
    let mut counts_by_hash: HashMap<u64, Distributions> = HashMap::new();
    for (PlaceKey { cell: CellKey { metric, slice, cell, .. }, place }, count) in counts {
        if !is_dropped(&slice, &aggregates.dropped_dimensions) && is_read(metric) {
            let counts = counts_by_hash.entry(metric).or_default().entry((slice, cell)).or_default();
            counts.insert(place, count);
        }
    }
    let mut by_hash: HashMap<u64, Cells> = HashMap::new();
    for (key, moments) in rows {
        let CellKey { metric, slice, cell, .. } = key;
        if is_dropped(&slice, &aggregates.dropped_dimensions) || !is_read(metric) {
            continue;
        }
        match metric {
            EXPOSED => {
                aggregates.exposed.insert((slice, cell), moments);
            }
            OFF_ASSIGNMENT if cell.population != Population::Crossed => {
                aggregates.off_assignment += u64::try_from(moments.n()).unwrap_or(0);
            }
            OFF_ASSIGNMENT => {}
            hash => {
                by_hash.entry(hash).or_default().insert((slice, cell), moments);
            }
        }
    }
    let sums = |purpose| by_hash.get(&hash(purpose)).cloned().unwrap_or_default();
    let counts = |purpose| counts_by_hash.get(&hash(purpose)).cloned().unwrap_or_default();
    aggregates.metrics = metrics.clone().map(|index| sums(Purpose::Metric(index))).collect();
    aggregates.distributions = metrics.clone().map(|index| counts(Purpose::Metric(index))).collect();
    aggregates.economics = sums(Purpose::Economics);
    aggregates.halves = metrics.clone().map(|index| sums(Purpose::Halves(index))).collect();
    aggregates.values = metrics.map(|index| counts(Purpose::Values(index))).collect();
    let erased_since = as_of.map_or(Ok(0), |day| erase::missing_since(log, entry.number, day))?;
    Ok(Reading { design, aggregates, sequence, failed_metrics, erased_since })
}

fn is_dropped(slice: &Slice, dropped: &[u16]) -> bool {
    matches!(slice, Slice::Value { dimension, .. } if dropped.contains(dimension))
}

fn current_rows(
    reading: &ReadTransaction,
    experiment: u32,
) -> Result<BTreeMap<CellKey, Moments>, StoreError> {
    let table = reading.open_table(AGGREGATES).trying("reading sums")?;
    let (start, end) = (experiment_start(experiment), experiment_start(experiment.saturating_add(1)));
    let mut rows = BTreeMap::new();
    for row in
        ReadableTable::range::<&[u8]>(&table, start.as_slice()..end.as_slice()).trying("reading sums")?
    {
        let (key, moments) = row.trying("reading sums")?;
        rows.insert(CellKey::decode(key.value())?, sums::decode(moments.value())?);
    }
    Ok(rows)
}

fn rows_until(
    reading: &ReadTransaction,
    experiment: u32,
    day: Day,
) -> Result<BTreeMap<CellKey, Moments>, StoreError> {
    let table = reading.open_table(DELTAS).trying("reading sums")?;
    let start = day_start(experiment, Day(i32::MIN));
    let end = day_start(experiment, Day(day.0.saturating_add(1)));
    let mut rows: BTreeMap<CellKey, Moments> = BTreeMap::new();
    for row in
        ReadableTable::range::<&[u8]>(&table, start.as_slice()..end.as_slice()).trying("reading sums")?
    {
        let (key, moments) = row.trying("reading sums")?;
        let (_, key) = CellKey::decode_delta(key.value())?;
        let moments = sums::decode(moments.value())?;
        // These sums were once in the table of today's, where they did fit.
        let damaged = |_| StoreError::Corrupt {
            what: "the daily changes".to_owned(),
            detail: "their sum leaves 128 bits".to_owned(),
        };
        rows.entry(key).or_default().merge(&moments).map_err(damaged)?;
    }
    rows.retain(|_, moments| !moments.is_zero());
    Ok(rows)
}

fn current_counts(reading: &ReadTransaction, experiment: u32) -> Result<BTreeMap<PlaceKey, i64>, StoreError> {
    let table = reading.open_table(COUNTS).trying("reading counts")?;
    let (start, end) = (experiment_start(experiment), experiment_start(experiment.saturating_add(1)));
    let mut counts = BTreeMap::new();
    for row in
        ReadableTable::range::<&[u8]>(&table, start.as_slice()..end.as_slice()).trying("reading counts")?
    {
        let (key, count) = row.trying("reading counts")?;
        counts.insert(PlaceKey::decode(key.value())?, count.value());
    }
    Ok(counts)
}

fn counts_until(
    reading: &ReadTransaction,
    experiment: u32,
    day: Day,
) -> Result<BTreeMap<PlaceKey, i64>, StoreError> {
    let table = reading.open_table(COUNT_DELTAS).trying("reading counts")?;
    let start = day_start(experiment, Day(i32::MIN));
    let end = day_start(experiment, Day(day.0.saturating_add(1)));
    let mut counts: BTreeMap<PlaceKey, i64> = BTreeMap::new();
    for row in
        ReadableTable::range::<&[u8]>(&table, start.as_slice()..end.as_slice()).trying("reading counts")?
    {
        let (key, change) = row.trying("reading counts")?;
        *counts.entry(PlaceKey::decode_delta(key.value())?.1).or_default() += change.value();
    }
    counts.retain(|_, count| *count != 0);
    Ok(counts)
}

fn dropped_dimensions(
    reading: &ReadTransaction,
    experiment: u32,
    as_of: Option<Day>,
) -> Result<Vec<u16>, StoreError> {
    let table = reading.open_table(DIMENSION_VALUES).trying("reading the state")?;
    let mut counts: BTreeMap<u16, usize> = BTreeMap::new();
    let range = (experiment, 0, 0)..=(experiment, u16::MAX, u16::MAX);
    for row in ReadableTable::range(&table, range).trying("reading the state")? {
        let (key, value) = row.trying("reading the state")?;
        if as_of.is_none_or(|day| value.value().0 <= day.0) {
            *counts.entry(key.value().1).or_default() += 1;
        }
    }
    let dropped = counts.into_iter().filter(|(_, count)| *count > MAX_DIMENSION_VALUES);
    Ok(dropped.map(|(dimension, _)| dimension).collect())
}

fn failed_metrics(
    reading: &ReadTransaction,
    experiment: u32,
    as_of: Option<Day>,
) -> Result<Vec<u64>, StoreError> {
    let table = reading.open_table(FAILED).trying("reading the state")?;
    let mut failed = Vec::new();
    for row in
        ReadableTable::range(&table, (experiment, 0)..=(experiment, u64::MAX)).trying("reading the state")?
    {
        let (key, day) = row.trying("reading the state")?;
        if as_of.is_none_or(|as_of| day.value() <= as_of.0) {
            failed.push(key.value().1);
        }
    }
    Ok(failed)
}

/// The variant (by index) that a customer met first, as far as it is folded.
pub(super) fn known_variant(
    state: &Database,
    entry: &Entry,
    customer: &str,
) -> Result<Option<u16>, StoreError> {
    let view = StateView::open(state)?;
    let Some(row) = view.row(customer)? else { return Ok(None) };
    let mut exposures = Vec::new();
    Row::decode(row.value())?.read_exposures(&mut exposures)?;
    let here = exposures.iter().filter(|seen| seen.experiment == entry.number && seen.is_analysed());
    Ok(here.min_by_key(|seen| (seen.at, seen.id)).map(|first| first.variant))
}

/// The exposures of a customer, as far as they are folded, the first one first.
pub(super) fn customer(
    state: &Database,
    entry: &Entry,
    customer: &str,
) -> Result<Vec<SeenExposure>, StoreError> {
    let view = StateView::open(state)?;
    let Some(row) = view.row(customer)? else { return Ok(Vec::new()) };
    let mut exposures = Vec::new();
    Row::decode(row.value())?.read_exposures(&mut exposures)?;
    exposures.retain(|seen| seen.experiment == entry.number);
    exposures.sort_by_key(|seen| (seen.at, seen.id));
    let variants = &entry.current().experiment.variants;
    let seen = exposures.iter().map(|seen| SeenExposure {
        id: seen.id.to_owned(),
        variant: variants
            .get(usize::from(seen.variant))
            .map(|variant| variant.key.clone())
            .unwrap_or_default(),
        at: seen.at,
        sequence: seen.sequence,
        made_by_assign: seen.flags & PackedExposure::ASSIGN != 0,
        is_override: !seen.is_analysed(),
        off_assignment: seen.flags & PackedExposure::OFF_ASSIGNMENT != 0,
    });
    Ok(seen.collect())
}
