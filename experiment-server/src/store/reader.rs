//! Reads of the state, each from one snapshot.

use std::collections::{BTreeMap, HashMap};

use experiment_core::definition::Experiment;
use experiment_core::measure::{Cell, MAX_DIMENSION_VALUES, Moments, Population, Purpose, Slice};
use experiment_core::report::{Aggregates, Design, Distribution, Stage};
use experiment_core::time::Day;
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable};

use super::backfill;
use super::catalog::{Catalog, Entry};
use super::erase;
use super::error::StoreError;
use super::key::{CellKey, EXPOSED, OFF_ASSIGNMENT, PlaceKey, day_start, experiment_start, split_place};
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
    let is_kept =
        |key: &CellKey| !is_dropped(&key.slice, &aggregates.dropped_dimensions) && is_read(key.metric);
    let mut counts_by_hash: HashMap<u64, Vec<Kept<Distribution>>> = HashMap::new();
    for (key, counts) in counts.into_iter().filter(|(key, _)| is_kept(key)) {
        counts_by_hash.entry(key.metric).or_default().push(((key.slice, key.cell), counts));
    }
    let mut by_hash: HashMap<u64, Vec<Kept<Moments>>> = HashMap::new();
    let mut off_assignment = 0;
    for (key, moments) in rows.into_iter().filter(|(key, _)| is_kept(key)) {
        match key.metric {
            OFF_ASSIGNMENT if key.cell.population != Population::Crossed => {
                off_assignment += u64::try_from(moments.n()).unwrap_or(0);
            }
            OFF_ASSIGNMENT => {}
            hash => by_hash.entry(hash).or_default().push(((key.slice, key.cell), moments)),
        }
    }
    aggregates.off_assignment = off_assignment;
    let of = |purpose: fn(usize) -> Purpose| metrics.clone().map(purpose);
    let sums = [EXPOSED, hash(Purpose::Economics)].into_iter();
    let sums = sums.chain(of(Purpose::Metric).chain(of(Purpose::Halves)).map(hash));
    let mut sums = parted(by_hash, &sums.collect::<Vec<_>>()).into_iter();
    aggregates.exposed = sums.next().unwrap_or_default();
    aggregates.economics = sums.next().unwrap_or_default();
    aggregates.metrics = sums.by_ref().take(metrics.len()).collect();
    aggregates.halves = sums.collect();
    let counts = of(Purpose::Metric).chain(of(Purpose::Values)).map(hash);
    let mut counts = parted(counts_by_hash, &counts.collect::<Vec<_>>()).into_iter();
    aggregates.distributions = counts.by_ref().take(metrics.len()).collect();
    aggregates.values = counts.collect();
    let erased_since = as_of.map_or(Ok(0), |day| erase::missing_since(log, entry.number, day))?;
    Ok(Reading { design, aggregates, sequence, failed_metrics, erased_since })
}

/// A cell of one metric, and what is kept of it.
type Kept<T> = ((Slice, Cell), T);

/// What was read, by the metrics that ask for it. Rows come nearly in their order, so that they are put in place all at
/// once and not one by one.
fn parted<T: Clone>(mut found: HashMap<u64, Vec<Kept<T>>>, asked: &[u64]) -> Vec<BTreeMap<(Slice, Cell), T>> {
    let mut parts: Vec<BTreeMap<(Slice, Cell), T>> = Vec::with_capacity(asked.len());
    for (place, hash) in asked.iter().enumerate() {
        // Two metrics that count the same have one sum.
        let part = match asked[..place].iter().position(|earlier| earlier == hash) {
            Some(earlier) => parts[earlier].clone(),
            None => found.remove(hash).unwrap_or_default().into_iter().collect(),
        };
        parts.push(part);
    }
    parts
}

fn is_dropped(slice: &Slice, dropped: &[u16]) -> bool {
    matches!(slice, Slice::Value { dimension, .. } if dropped.contains(dimension))
}

fn current_rows(reading: &ReadTransaction, experiment: u32) -> Result<Vec<(CellKey, Moments)>, StoreError> {
    let table = reading.open_table(AGGREGATES).trying("reading sums")?;
    let (start, end) = (experiment_start(experiment), experiment_start(experiment.saturating_add(1)));
    let mut rows = Vec::new();
    for row in
        ReadableTable::range::<&[u8]>(&table, start.as_slice()..end.as_slice()).trying("reading sums")?
    {
        let (key, moments) = row.trying("reading sums")?;
        rows.push((CellKey::decode(key.value())?, sums::decode(moments.value())?));
    }
    Ok(rows)
}

fn rows_until(
    reading: &ReadTransaction,
    experiment: u32,
    day: Day,
) -> Result<Vec<(CellKey, Moments)>, StoreError> {
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
    Ok(rows.into_iter().filter(|(_, moments)| !moments.is_zero()).collect())
}

fn current_counts(
    reading: &ReadTransaction,
    experiment: u32,
) -> Result<Vec<(CellKey, Distribution)>, StoreError> {
    let table = reading.open_table(COUNTS).trying("reading counts")?;
    let (start, end) = (experiment_start(experiment), experiment_start(experiment.saturating_add(1)));
    let mut counts: Vec<(CellKey, Distribution)> = Vec::new();
    // The places of a cell stand together, and are by far the most rows: the cell is read once.
    let mut known: Vec<u8> = Vec::new();
    let mut places: Vec<(i32, i64)> = Vec::new();
    for row in
        ReadableTable::range::<&[u8]>(&table, start.as_slice()..end.as_slice()).trying("reading counts")?
    {
        let (key, count) = row.trying("reading counts")?;
        let (cell, place) = split_place(key.value())?;
        if cell != known.as_slice() {
            put_places(&mut counts, &known, &mut places)?;
            known.clear();
            known.extend_from_slice(cell);
        }
        places.push((place, count.value()));
    }
    put_places(&mut counts, &known, &mut places)?;
    Ok(counts)
}

/// Makes the counts of a cell of its places, if there are any.
fn put_places(
    counts: &mut Vec<(CellKey, Distribution)>,
    cell: &[u8],
    places: &mut Vec<(i32, i64)>,
) -> Result<(), StoreError> {
    if !places.is_empty() {
        counts.push((CellKey::decode(cell)?, places.drain(..).collect()));
    }
    Ok(())
}

fn counts_until(
    reading: &ReadTransaction,
    experiment: u32,
    day: Day,
) -> Result<Vec<(CellKey, Distribution)>, StoreError> {
    let table = reading.open_table(COUNT_DELTAS).trying("reading counts")?;
    let start = day_start(experiment, Day(i32::MIN));
    let end = day_start(experiment, Day(day.0.saturating_add(1)));
    let mut counts: BTreeMap<CellKey, Distribution> = BTreeMap::new();
    for row in
        ReadableTable::range::<&[u8]>(&table, start.as_slice()..end.as_slice()).trying("reading counts")?
    {
        let (key, change) = row.trying("reading counts")?;
        let PlaceKey { cell, place } = PlaceKey::decode_delta(key.value())?.1;
        *counts.entry(cell).or_default().entry(place).or_default() += change.value();
    }
    counts.values_mut().for_each(|counts| counts.retain(|_, count| *count != 0));
    Ok(counts.into_iter().filter(|(_, counts)| !counts.is_empty()).collect())
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
