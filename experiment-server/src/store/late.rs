//! What facts changed that came after their customers' windows were taken to be over.

use std::collections::HashSet;

use experiment_core::definition::{Experiment, Role, Window};
use experiment_core::measure::{Cell, Population, Purpose};
use experiment_core::report::Late;
use experiment_core::time::Day;
use redb::{ReadTransaction, ReadableTable};

use super::error::StoreError;
use super::key::{CellKey, day_start, everybody};
use super::metric_hash::tracked_hash;
use super::sums;
use super::tables::{DELTAS, Trying};

/// The late changes of the sums of primaries and guardrails, of facts received by the end of `until`; an entry a metric.
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
    let mut late = vec![Late::default(); experiment.metrics.len()];
    let watched: Vec<(usize, u64, Window)> = experiment
        .metrics
        .iter()
        .enumerate()
        .filter(|(_, metric)| metric.role != Role::Secondary && metric.window.to.is_some())
        .map(|(index, metric)| (index, tracked_hash(experiment, Purpose::Metric(index)), metric.window))
        .collect();
    let table = reading.open_table(DELTAS).trying("reading sums")?;
    let end = until.map_or_else(
        || day_start(number.saturating_add(1), Day(i32::MIN)),
        |day| day_start(number, Day(day.0.saturating_add(1))),
    );
    let mut in_time: HashSet<(usize, Cell)> = HashSet::new();
    let mut from = day_start(number, Day(i32::MIN));
    // From day to day of receipt, and on each the rows of everybody alone: most rows are those of slices.
    while let Some(row) =
        ReadableTable::range::<&[u8]>(&table, from.as_slice()..end.as_slice()).trying("reading sums")?.next()
    {
        let (received, _) = CellKey::decode_delta(row.trying("reading sums")?.0.value())?;
        for (index, hash, window) in &watched {
            let [first, last] = everybody(number, received, *hash);
            for row in ReadableTable::range::<&[u8]>(&table, first.as_slice()..last.as_slice())
                .trying("reading sums")?
            {
                let (key, moments) = row.trying("reading sums")?;
                let (_, CellKey { cell, .. }) = CellKey::decode_delta(key.value())?;
                if cell.population != Population::Analysed {
                    continue;
                }
                if !window.is_mature(cell.day, received.start()) {
                    in_time.insert((*index, cell));
                } else if in_time.contains(&(*index, cell)) {
                    let moments = sums::decode(moments.value())?;
                    let Late { customers, steps } = &mut late[*index];
                    *customers = customers.saturating_add(moments.n().unsigned_abs());
                    steps.resize(moments.sums().len(), 0);
                    for (steps, sum) in steps.iter_mut().zip(moments.sums()) {
                        *steps = steps.saturating_add(u64::try_from(sum.unsigned_abs()).unwrap_or(u64::MAX));
                    }
                }
            }
        }
        let Some(next) = received.0.checked_add(1) else { break };
        from = day_start(number, Day(next));
    }
    Ok(late)
}
