//! What facts changed that came after their customers' windows were taken to be over.

use std::collections::HashSet;

use experiment_core::definition::{Experiment, Window};
use experiment_core::measure::{Cell, Population, Purpose, Slice};
use experiment_core::report::Late;
use experiment_core::time::Day;
use redb::{ReadTransaction, ReadableTable};

use super::error::StoreError;
use super::key::{CellKey, day_start};
use super::metric_hash::tracked_hash;
use super::sums;
use super::tables::{DELTAS, Trying};

/// The late changes of each metric's sums, of facts received by the end of `until`; an entry a metric.
///
/// A change counts as late when the cohort day was mature before the day began on which its fact was received: a
/// report of that morning did not know of it. A cohort of which nothing came in time was not reported before, as when
/// an old campaign is sent at once: it counts as in time.
pub(super) fn late_changes(
    reading: &ReadTransaction,
    number: u32,
    experiment: &Experiment,
    until: Option<Day>,
) -> Result<Vec<Late>, StoreError> {
    let metrics: Vec<(u64, Window)> = experiment
        .metrics
        .iter()
        .enumerate()
        .map(|(index, metric)| (tracked_hash(experiment, Purpose::Metric(index)), metric.window))
        .collect();
    let mut late = vec![Late::default(); metrics.len()];
    // Rows come in the order of the day on which they were received.
    let mut in_time: HashSet<(usize, Cell)> = HashSet::new();
    let table = reading.open_table(DELTAS).trying("reading sums")?;
    let start = day_start(number, Day(i32::MIN));
    let end = match until {
        Some(day) => day_start(number, Day(day.0.saturating_add(1))),
        None => day_start(number.saturating_add(1), Day(i32::MIN)),
    };
    for row in
        ReadableTable::range::<&[u8]>(&table, start.as_slice()..end.as_slice()).trying("reading sums")?
    {
        let (key, moments) = row.trying("reading sums")?;
        let (received, CellKey { metric, slice, cell, .. }) = CellKey::decode_delta(key.value())?;
        if slice != Slice::All || cell.population != Population::Analysed {
            continue;
        }
        let mut changed = None;
        for (index, (_, window)) in metrics.iter().enumerate().filter(|(_, (hash, _))| *hash == metric) {
            if window.to.is_none() || !window.is_mature(cell.day, received.start()) {
                in_time.insert((index, cell));
            } else if in_time.contains(&(index, cell)) {
                let moments = match changed.take() {
                    Some(moments) => moments,
                    None => sums::decode(moments.value())?,
                };
                let steps = moments.sums().first().map_or(0, |sum| sum.unsigned_abs());
                let Late { customers, steps: all } = &mut late[index];
                *customers = customers.saturating_add(moments.n().unsigned_abs());
                *all = all.saturating_add(u64::try_from(steps).unwrap_or(u64::MAX));
                changed = Some(moments);
            }
        }
    }
    Ok(late)
}
