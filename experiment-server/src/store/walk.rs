//! One step of the walk that counts metrics for the customers who were there before them.
//!
//! Each customer is counted day by day, as its facts were received: what a past day showed is then what it
//! would have shown with the metric there from the start.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use experiment_core::measure::{Contribution, Event, Moments, Slice, contribution};
use experiment_core::time::Day;
use redb::{Database, ReadableTable, WriteTransaction};

use super::aggregate::{ALL, Changes, Sums};
use super::apply::Placement;
use super::backfill::{Coverage, Walk, is_pending};
use super::error::StoreError;
use super::received::ReceivedDays;
use super::row::{PackedEvent, PackedExposure, Row};
use super::rules::{ExperimentRules, Rules};
use super::tables::{CUSTOMERS, Trying};

/// Bytes of packed rows after which a step ends, whoever is left.
const STEP_BYTES: usize = 4 << 20;

/// How metrics that came late are counted for the customers who are there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Most customers in one step. Between two steps the fold goes on with what has come in.
    pub customers: usize,
    /// Steps are only taken by [`Store::step_backfill`](super::Store::step_backfill).
    pub by_hand: bool,
}

impl Pace {
    /// The same, with every step taken as soon as it can be.
    pub(super) fn at_once(self) -> Pace {
        Pace { by_hand: false, ..self }
    }
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { customers: 2_000, by_hand: false }
    }
}

/// The walk under way and what it needs.
#[derive(Debug)]
pub(super) struct Walker {
    pace: Pace,
    pub(super) walk: Option<Walk>,
    /// Steps taken.
    pub(super) steps: u64,
    days: ReceivedDays,
}

/// Experiment number → the metrics (by index) that the walk counts.
type Walked = BTreeMap<u32, Vec<u16>>;

impl Walker {
    /// Goes on with `walk`, if one is under way.
    pub(super) fn new(pace: Pace, walk: Option<Walk>) -> Walker {
        Walker { pace, walk, steps: 0, days: ReceivedDays::default() }
    }

    /// How it walks.
    pub(super) fn pace(&self) -> Pace {
        self.pace
    }

    /// Goes on with a state in which every metric counts everybody.
    pub(super) fn go_on_without_walk(&mut self) {
        self.walk = None;
    }

    /// Whether the customer has been passed.
    #[inline]
    pub(super) fn is_behind(&self, customer: &[u8]) -> bool {
        self.walk.as_ref().is_some_and(|walk| walk.is_behind(customer))
    }

    /// Whether a step is to be taken, of the `granted` ones if they are taken by hand.
    pub(super) fn is_due(&self, rules: &Rules, granted: u64) -> bool {
        (!self.pace.by_hand || self.steps < granted) && (self.walk.is_some() || is_pending(rules))
    }

    /// Counts the next customers, `most` of them at most, with the facts `0..position`; says how many they were.
    pub(super) fn step(
        &mut self,
        log: &Database,
        transaction: &WriteTransaction,
        position: u64,
        rules: &mut Rules,
        most: usize,
    ) -> Result<u64, StoreError> {
        self.steps += 1;
        self.days.read_on(log, position)?;
        let mut walk = match self.walk.take() {
            Some(walk) => walk,
            None => Walk::begin(transaction, rules)?,
        };
        let walked = walked(rules);
        let mut changes: BTreeMap<Day, Changes> = BTreeMap::new();
        let (mut counted, mut bytes, mut is_over) = (0, 0, true);
        let most = self.pace.customers.clamp(1, most);
        if !walked.is_empty() {
            let customers = transaction.open_table(CUSTOMERS).trying("reading customers")?;
            let ahead = (Bound::Excluded(walk.cursor.as_slice()), Bound::Unbounded);
            let mut last = Vec::new();
            for row in customers.range::<&[u8]>(ahead).trying("reading customers")? {
                if counted >= most || bytes >= STEP_BYTES {
                    is_over = false;
                    break;
                }
                let (customer, row) = row.trying("reading customers")?;
                self.count(&Row::decode(row.value())?, rules, &walked, &mut changes)?;
                last.clear();
                last.extend_from_slice(customer.value());
                bytes += row.value().len();
                counted += 1;
            }
            (walk.cursor, walk.done) = (last, walk.done + counted as u64);
        }
        write(transaction, changes, rules)?;
        if is_over {
            Walk::end(transaction, rules)?;
        } else {
            walk.write(transaction)?;
            self.walk = Some(walk);
        }
        Ok(counted as u64)
    }

    /// Counts one customer.
    fn count(
        &self,
        row: &Row<'_>,
        rules: &Rules,
        walked: &Walked,
        changes: &mut BTreeMap<Day, Changes>,
    ) -> Result<(), StoreError> {
        let mut exposures = Vec::new();
        row.read_exposures(&mut exposures)?;
        let met: BTreeSet<u32> =
            exposures.iter().filter(|seen| seen.is_analysed()).map(|seen| seen.experiment).collect();
        let mut history = None;
        for (number, metrics) in met.into_iter().filter_map(|number| Some((number, walked.get(&number)?))) {
            let seen: Vec<(Day, PackedExposure<'_>)> = exposures
                .iter()
                .filter(|seen| seen.experiment == number && seen.is_analysed())
                .map(|seen| (self.days.of(seen.sequence), *seen))
                .collect();
            let history = history.get_or_insert_with(|| History::of(row, &self.days));
            count_in(number, rules.experiment(number)?, metrics, &seen, history, changes);
        }
        Ok(())
    }
}

/// A customer's events in the order of the log, each with the day it was received on.
struct History {
    days: Vec<Day>,
    events: Vec<Event>,
}

impl History {
    fn of(row: &Row<'_>, days: &ReceivedDays) -> History {
        History {
            days: row.events().map(|event| days.of(event.sequence)).collect(),
            events: row.events().map(|event: PackedEvent| event.measured()).collect(),
        }
    }
}

/// The metrics that the walk counts.
fn walked(rules: &Rules) -> Walked {
    let mut walked = Walked::new();
    for (number, experiment) in rules.experiments.iter().enumerate() {
        for (index, metric) in experiment.metrics.iter().enumerate() {
            if metric.coverage == Coverage::Behind && !metric.failed {
                // Lossless: MAX_EXPERIMENTS and MAX_METRICS bound them.
                walked.entry(number as u32).or_default().push(index as u16);
            }
        }
    }
    walked
}

/// Counts one customer in one experiment: what each day on which something came changed.
fn count_in(
    number: u32,
    experiment: &ExperimentRules,
    metrics: &[u16],
    seen: &[(Day, PackedExposure<'_>)],
    history: &History,
    changes: &mut BTreeMap<Day, Changes>,
) {
    // Before the first exposure nothing is counted.
    let Some((first_seen, _)) = seen.first() else { return };
    let later = history.days.iter().filter(|day| *day > first_seen);
    let days: BTreeSet<Day> = seen.iter().map(|(day, _)| day).chain(later).copied().collect();
    let mut before: Option<Placement> = None;
    let mut counted: Vec<Option<Contribution>> = vec![None; metrics.len()];
    let mut known = 0;
    for day in days {
        let exposures = seen.partition_point(|(received, _)| *received <= day);
        let after = Placement::of(experiment, seen[..exposures].iter().map(|(_, seen)| seen));
        let events = &history.events[..history.days.partition_point(|received| *received <= day)];
        let new_events = &events[known..];
        known = events.len();
        let Some(placement) = after else { continue };
        for (metric, counted) in metrics.iter().zip(&mut counted) {
            let tracked = &experiment.metrics[usize::from(*metric)].tracked;
            let rule = tracked.rule(placement.variant);
            let moved = before != after;
            if !moved && !new_events.iter().any(|event| rule.counts(event, placement.first_at)) {
                continue;
            }
            let old = std::mem::replace(counted, contribution(rule, placement.first_at, events));
            let new = *counted;
            if !moved && old == new {
                continue;
            }
            let changes = changes.entry(day).or_default();
            for (placement, old, new) in [(before, old, None), (after, None, new)] {
                let kept = |placement: Placement| {
                    let groups = placement.groups(number, experiment, |dimension| dimension.is_kept_on(day));
                    groups.filter(|group| tracked.sliced || group.dimension == ALL).collect::<Vec<_>>()
                };
                for group in placement.map(kept).into_iter().flatten() {
                    if !changes.group(group).replace(*metric, old.as_ref(), new.as_ref()) {
                        changes.fail(number, *metric);
                    }
                }
            }
        }
        before = after;
    }
}

/// Adds the changes of each day to that day's, and all of them to the sums as they are now.
fn write(
    transaction: &WriteTransaction,
    changes: BTreeMap<Day, Changes>,
    rules: &mut Rules,
) -> Result<(), StoreError> {
    let mut tables = Sums::open(transaction)?;
    let (mut sums, mut counts) = (BTreeMap::new(), BTreeMap::new());
    let mut failed: BTreeSet<(u32, u16)> = BTreeSet::new();
    for (day, mut changes) in changes {
        failed.extend(changes.take_failed());
        let (rows, places) = changes.rows(rules)?;
        for (cell, moments, metric) in rows {
            let added = tables.add_on(day, &cell, &moments)?;
            let metric = metric.map(|metric| (cell.experiment, metric));
            failed.extend(metric.filter(|_| added.is_err()));
            if is_kept_now(rules, cell.experiment, &cell.slice)? {
                let (sum, _) =
                    sums.entry(cell).or_insert_with(|| (Moments::new(moments.sums().len()), metric));
                failed.extend(metric.filter(|_| sum.merge(&moments).is_err()));
            }
        }
        for (place, change) in places {
            tables.count_on(day, &place, change)?;
            if is_kept_now(rules, place.cell.experiment, &place.cell.slice)? {
                *counts.entry(place).or_insert(0) += change;
            }
        }
    }
    for (cell, (moments, metric)) in sums {
        let added = tables.add(&cell, &moments)?;
        failed.extend(metric.filter(|_| added.is_err()));
    }
    for (place, change) in counts {
        tables.count(&place, change)?;
    }
    // None of them is complete, so their day does not matter.
    tables.fail(transaction, failed, Day(i32::MIN), rules)
}

/// Sums by a dimension that was dropped stand under past days only.
fn is_kept_now(rules: &Rules, experiment: u32, slice: &Slice) -> Result<bool, StoreError> {
    let Slice::Value { dimension, .. } = slice else { return Ok(true) };
    let dimensions = &rules.experiment(experiment)?.dimensions;
    Ok(dimensions.get(usize::from(*dimension)).is_some_and(|dimension| dimension.dropped_on.is_none()))
}
