//! Changes of the sums: gathered in memory over a batch, then added to the tables.

use std::collections::{BTreeMap, HashMap};
use std::hash::{Hash, Hasher};

use experiment_core::measure::{Cell, Contribution, Moments, MomentsOverflow, Population, Slice};
use experiment_core::time::Day;
use redb::{Table, Value, WriteTransaction};

use super::backfill::Coverage;
use super::error::StoreError;
use super::fast_hash::BuildMixing;
use super::key::{CellKey, EXPOSED, OFF_ASSIGNMENT, PlaceKey, day_start, experiment_start};
use super::rules::{ExperimentRules, NewValue, Rules};
use super::sums::{add_to_count, add_to_row};
use super::tables::{AGGREGATES, COUNT_DELTAS, COUNTS, DELTAS, DIMENSION_VALUES, FAILED, Trying};

/// Stands for the slice of all customers.
pub(super) const ALL: u16 = u16::MAX;

/// Changes of sums by cell, each with the metric's index.
pub(super) type SumRows = Vec<(CellKey, Moments, Option<u16>)>;
/// Changes of counts by place.
pub(super) type CountRows = Vec<(PlaceKey, i64)>;

/// One slice of one cell of one experiment: what all its metrics share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct GroupKey {
    pub(super) experiment: u32,
    pub(super) phase: u32,
    pub(super) day: Day,
    pub(super) variant: u16,
    pub(super) population: Population,
    /// Index of the dimension, or [`ALL`].
    pub(super) dimension: u16,
    /// Number of the value.
    pub(super) value: u16,
}

impl Hash for GroupKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(u64::from(self.experiment) << 32 | u64::from(self.day.0.cast_unsigned()));
        let slice = u64::from(self.dimension) << 16 | u64::from(self.value);
        let population = self.population as u64;
        state
            .write_u64(slice << 32 ^ u64::from(self.phase) << 24 ^ u64::from(self.variant) << 4 ^ population);
    }
}

/// Changes of the sums of one group.
#[derive(Debug)]
pub(super) struct Group {
    key: GroupKey,
    exposed: i64,
    off_assignment: i64,
    /// By the metric's index; `None` until it is touched.
    metrics: Vec<Option<Moments>>,
    /// By the metric's index and the place.
    counts: BTreeMap<(u16, i32), i64>,
}

/// Changes of the sums over one batch.
#[derive(Debug, Default)]
pub(super) struct Changes {
    index: HashMap<GroupKey, u32, BuildMixing>,
    groups: Vec<Group>,
    /// (experiment number, metric index) whose sums left 128 bits.
    failed: Vec<(u32, u16)>,
}

impl Changes {
    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.index.clear();
        self.groups.clear();
        self.failed.clear();
    }

    /// The changes of one group.
    #[inline]
    pub(super) fn group(&mut self, key: GroupKey) -> &mut Group {
        let next = self.groups.len() as u32;
        let index = *self.index.entry(key).or_insert(next);
        if index == next {
            self.groups.push(Group {
                key,
                exposed: 0,
                off_assignment: 0,
                metrics: Vec::new(),
                counts: BTreeMap::new(),
            });
        }
        &mut self.groups[index as usize]
    }

    /// The experiments whose sums change, some more than once.
    pub(super) fn experiments(&self) -> impl Iterator<Item = u32> {
        self.groups.iter().map(|group| group.key.experiment)
    }

    /// No sums of this metric are kept any more.
    pub(super) fn fail(&mut self, experiment: u32, metric: u16) {
        if !self.failed.contains(&(experiment, metric)) {
            self.failed.push((experiment, metric));
        }
    }

    /// Adds the changes to the tables, in the order of their keys.
    pub(super) fn write(
        &mut self,
        transaction: &WriteTransaction,
        received: Day,
        rules: &mut Rules,
    ) -> Result<(), StoreError> {
        let (rows, counts) = self.rows(rules)?;
        let mut tables = Sums::open(transaction)?;
        for (cell, moments, metric) in rows {
            let added = tables.add(&cell, &moments)?;
            let added = added.and(tables.add_on(received, &cell, &moments)?);
            if let (Err(_), Some(metric)) = (added, metric) {
                self.fail(cell.experiment, metric);
            }
        }
        for (place, change) in counts {
            tables.count(&place, change)?;
            tables.count_on(received, &place, change)?;
        }
        tables.fail(transaction, self.take_failed(), received, rules)
    }

    /// The changes as rows and as counts, in the order of their keys.
    pub(super) fn rows(&self, rules: &Rules) -> Result<(SumRows, CountRows), StoreError> {
        let (mut rows, mut counts) = (Vec::new(), Vec::new());
        for group in &self.groups {
            let experiment = rules.experiment(group.key.experiment)?;
            group.rows(experiment, &mut rows);
            group.count_rows(experiment, &mut counts);
        }
        rows.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        counts.sort_unstable();
        Ok((rows, counts))
    }

    /// (experiment number, metric index) whose changes left 128 bits.
    pub(super) fn take_failed(&mut self) -> Vec<(u32, u16)> {
        std::mem::take(&mut self.failed)
    }
}

impl Group {
    /// Adds one first exposure, or takes it away.
    #[inline]
    pub(super) fn count(&mut self, exposed: i64, off_assignment: i64) {
        self.exposed += exposed;
        self.off_assignment += off_assignment;
    }

    /// Puts `new` in the place of `old` in the sums of a metric. `false` when they left 128 bits.
    #[inline]
    pub(super) fn replace(
        &mut self,
        metric: u16,
        old: Option<&Contribution>,
        new: Option<&Contribution>,
    ) -> bool {
        // Neither then nor now part of the metric's population.
        let Some(any) = old.or(new) else { return true };
        let index = usize::from(metric);
        if index >= self.metrics.len() {
            self.metrics.resize(index + 1, None);
        }
        let k = any.values().len();
        let sums = self.metrics[index].get_or_insert_with(|| Moments::new(k));
        for (contribution, change) in [(old, -1), (new, 1)] {
            if let Some(place) = contribution.and_then(Contribution::place) {
                *self.counts.entry((metric, place)).or_default() += change;
            }
        }
        let added = new.is_none_or(|new| sums.add(new).is_ok());
        let taken = old.is_none_or(|old| sums.subtract(old).is_ok());
        added && taken
    }

    /// Where a metric's sums over the group are kept.
    fn cell_key(&self, experiment: &ExperimentRules, metric: u64) -> CellKey {
        let key = &self.key;
        let slice = match key.dimension {
            ALL => Slice::All,
            dimension => {
                let values = &experiment.dimensions[usize::from(dimension)].values;
                Slice::Value { dimension, value: values[usize::from(key.value)].clone() }
            }
        };
        let (phase, variant, population, day) = (key.phase, key.variant, key.population, key.day);
        let cell = Cell { phase, variant, population, day };
        CellKey { experiment: key.experiment, metric, slice, cell }
    }

    fn count_rows(&self, experiment: &ExperimentRules, rows: &mut CountRows) {
        for ((metric, place), change) in &self.counts {
            let metric = &experiment.metrics[usize::from(*metric)];
            if *change != 0 && !metric.failed {
                let cell = self.cell_key(experiment, metric.hash);
                rows.push((PlaceKey { cell, place: *place }, *change));
            }
        }
    }

    fn rows(&self, experiment: &ExperimentRules, rows: &mut SumRows) {
        let row = |metric| self.cell_key(experiment, metric);
        for (metric, count) in [(EXPOSED, self.exposed), (OFF_ASSIGNMENT, self.off_assignment)] {
            if let (1.., Some(moments)) | (..=-1, Some(moments)) = (count, counted(count)) {
                rows.push((row(metric), moments, None));
            }
        }
        for (index, moments) in self.metrics.iter().enumerate() {
            let metric = &experiment.metrics[index];
            if let Some(moments) = moments
                && !moments.is_zero()
                && !metric.failed
            {
                rows.push((row(metric.hash), moments.clone(), Some(index as u16)));
            }
        }
    }
}

/// Sums without entries.
fn counted(n: i64) -> Option<Moments> {
    Moments::from_parts(n, 0, 0, Vec::new(), Vec::new())
}

/// Writes values of dimensions that appeared, and drops dimensions that have too many of them: no sums
/// by them from this day on.
pub(super) fn write_values(
    transaction: &WriteTransaction,
    new_values: &[NewValue],
    received: Day,
) -> Result<(), StoreError> {
    if new_values.is_empty() {
        return Ok(());
    }
    let mut table = transaction.open_table(DIMENSION_VALUES).trying("writing the state")?;
    let mut tables = Sums::open(transaction)?;
    for new in new_values {
        let key = (new.experiment, new.dimension, new.number);
        table.insert(key, (new.received.0, new.value.as_str())).trying("writing the state")?;
        if new.drops {
            let of_dimension = |key: &CellKey| matches!(key.slice, Slice::Value { dimension, .. } if dimension == new.dimension);
            tables.remove(new.experiment, received, of_dimension)?;
        }
    }
    Ok(())
}

/// The tables of sums and counts, to be written.
pub(super) struct Sums<'txn> {
    aggregates: Table<'txn, &'static [u8], &'static [u8]>,
    deltas: Table<'txn, &'static [u8], &'static [u8]>,
    counts: Table<'txn, &'static [u8], i64>,
    count_deltas: Table<'txn, &'static [u8], i64>,
    key: Vec<u8>,
    row: Vec<u8>,
}

impl<'txn> Sums<'txn> {
    pub(super) fn open(transaction: &'txn WriteTransaction) -> Result<Sums<'txn>, StoreError> {
        Ok(Sums {
            aggregates: transaction.open_table(AGGREGATES).trying("writing sums")?,
            deltas: transaction.open_table(DELTAS).trying("writing sums")?,
            counts: transaction.open_table(COUNTS).trying("writing sums")?,
            count_deltas: transaction.open_table(COUNT_DELTAS).trying("writing sums")?,
            key: Vec::new(),
            row: Vec::new(),
        })
    }

    /// Adds to a cell as it is now.
    pub(super) fn add(
        &mut self,
        cell: &CellKey,
        change: &Moments,
    ) -> Result<Result<(), MomentsOverflow>, StoreError> {
        self.key.clear();
        cell.encode(&mut self.key);
        add_to_row(&mut self.aggregates, &self.key, change, &mut self.row)
    }

    /// Adds to what a day changed about a cell.
    pub(super) fn add_on(
        &mut self,
        received: Day,
        cell: &CellKey,
        change: &Moments,
    ) -> Result<Result<(), MomentsOverflow>, StoreError> {
        self.key.clear();
        cell.encode_delta(received, &mut self.key);
        add_to_row(&mut self.deltas, &self.key, change, &mut self.row)
    }

    /// Adds to the customers at a place as it is now.
    pub(super) fn count(&mut self, place: &PlaceKey, change: i64) -> Result<(), StoreError> {
        self.key.clear();
        place.encode(&mut self.key);
        add_to_count(&mut self.counts, &self.key, change)
    }

    /// Adds to what a day changed about a place.
    pub(super) fn count_on(
        &mut self,
        received: Day,
        place: &PlaceKey,
        change: i64,
    ) -> Result<(), StoreError> {
        self.key.clear();
        place.encode_delta(received, &mut self.key);
        add_to_count(&mut self.count_deltas, &self.key, change)
    }

    /// Keeps no sums of these metrics (experiment number, index) any more. What was known before `received`
    /// stays, unless it was not complete.
    pub(super) fn fail(
        &mut self,
        transaction: &WriteTransaction,
        metrics: impl IntoIterator<Item = (u32, u16)>,
        received: Day,
        rules: &mut Rules,
    ) -> Result<(), StoreError> {
        for (number, metric) in metrics {
            let experiment = rules.experiment_mut(number)?;
            let failed = &mut experiment.metrics[usize::from(metric)];
            failed.failed = true;
            let hash = failed.hash;
            let since = if failed.coverage == Coverage::Everybody { received } else { Day(i32::MIN) };
            tracing::error!(
                experiment = number,
                metric,
                "an exact sum left 128 bits: the metric is no longer kept"
            );
            let mut table = transaction.open_table(FAILED).trying("writing the state")?;
            table.insert((number, hash), since.0).trying("writing the state")?;
            self.remove(number, since, |key| key.metric == hash)?;
        }
        Ok(())
    }

    /// Removes what `unwanted` names from the sums of an experiment and from its changes of the days from
    /// `since` on: those of the days before stay, as they were true then.
    pub(super) fn remove(
        &mut self,
        experiment: u32,
        since: Day,
        unwanted: impl Fn(&CellKey) -> bool,
    ) -> Result<(), StoreError> {
        let (start, end) = (experiment_start(experiment), experiment_start(experiment.saturating_add(1)));
        let now = [start.as_slice(), end.as_slice()];
        retain(&mut self.aggregates, now, |key| Ok(!unwanted(&CellKey::decode(key)?)))?;
        retain(&mut self.counts, now, |key| Ok(!unwanted(&PlaceKey::decode(key)?.cell)))?;
        let start = day_start(experiment, since);
        let days = [start.as_slice(), end.as_slice()];
        retain(&mut self.deltas, days, |key| Ok(!unwanted(&CellKey::decode_delta(key)?.1)))?;
        retain(&mut self.count_deltas, days, |key| Ok(!unwanted(&PlaceKey::decode_delta(key)?.1.cell)))
    }
}

/// Keeps the rows in [start, end) that `keep` names; those with a damaged key stay, and are reported.
fn retain<V: Value + 'static>(
    table: &mut Table<'_, &'static [u8], V>,
    [start, end]: [&[u8]; 2],
    keep: impl Fn(&[u8]) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let mut damage = None;
    let keep = |key: &[u8], _: V::SelfType<'_>| {
        keep(key).unwrap_or_else(|error| {
            damage = Some(error);
            true
        })
    };
    table.retain_in::<&[u8], _>(start..end, keep).trying("writing sums")?;
    damage.map_or(Ok(()), Err)
}
