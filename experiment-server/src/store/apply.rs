//! One customer: the row and new facts in, the extended row and the changes of the sums out.

use experiment_core::definition::{AssignmentMode, MAX_SLOTS};
use experiment_core::measure::{Contribution, Event, MAX_TRACKED, Population, contribution, first_exposure};
use experiment_core::time::{Day, Timestamp};

use super::aggregate::{ALL, Changes, GroupKey};
use super::error::StoreError;
use super::row::{PackedEvent, PackedExposure, Row};
use super::rules::{Dimension, ExperimentRules, MetricRules, Rules};

/// The phase of every exposure, until definitions have phases.
pub(super) const PHASE: u32 = 1;

/// A metric (by index) whose contribution changed: what it was, what it is.
type Changed = (u16, Option<Contribution>, Option<Contribution>);

/// Memory reused from customer to customer.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// The customer's events as measures read them, the new ones last.
    events: Vec<Event>,
    /// Numbers of the experiments that the customer met.
    experiments: Vec<u32>,
    /// What the new facts change.
    changed: Vec<Changed>,
    affected: Affected,
}

/// Metrics (by index) that new events may change: one bit each.
#[derive(Debug, Default)]
struct Affected([u128; AFFECTED_WORDS]);

const WORD: usize = u128::BITS as usize;
const AFFECTED_WORDS: usize = MAX_TRACKED.div_ceil(WORD);

impl Affected {
    #[inline]
    fn insert(&mut self, metric: u16) {
        self.0[usize::from(metric) / WORD] |= 1 << (usize::from(metric) % WORD);
    }

    fn is_empty(&self) -> bool {
        self.0 == [0; AFFECTED_WORDS]
    }

    /// Takes out the first one.
    fn pop(&mut self) -> Option<u16> {
        let word = self.0.iter().position(|bits| *bits != 0)?;
        let bit = self.0[word].trailing_zeros();
        self.0[word] &= self.0[word] - 1;
        // Lossless: MAX_TRACKED bounds it.
        Some(word as u16 * u128::BITS as u16 + bit as u16)
    }
}

/// Where a customer is counted in one experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placement {
    /// When the first exposure was.
    pub(super) first_at: Timestamp,
    pub(super) variant: u16,
    population: Population,
    is_off: bool,
    values: [u16; MAX_SLOTS],
    value_count: usize,
}

impl Placement {
    /// Where these exposures to one experiment put the customer.
    pub(super) fn of<'a>(
        rules: &ExperimentRules,
        exposures: impl Iterator<Item = &'a PackedExposure<'a>> + Clone,
    ) -> Option<Placement> {
        let order = exposures.clone().map(|exposure| (exposure.at, exposure.id, exposure.variant));
        let found = first_exposure(order)?;
        let first = exposures.clone().nth(found.index)?;
        let is_off = first.flags & PackedExposure::OFF_ASSIGNMENT != 0;
        let population = if found.crossed {
            Population::Crossed
        } else if is_off && rules.mode == AssignmentMode::Strict {
            Population::OffAssignment
        } else {
            Population::Analysed
        };
        let mut values = [0; MAX_SLOTS];
        let mut value_count = 0;
        for (value, number) in values.iter_mut().zip(first.value_numbers()) {
            *value = number;
            value_count += 1;
        }
        let (first_at, variant) = (first.at, first.variant);
        Some(Placement { first_at, variant, population, is_off, values, value_count })
    }

    /// The groups it counts in: everybody, and its value of each dimension that is kept.
    pub(super) fn groups(
        &self,
        experiment: u32,
        rules: &ExperimentRules,
        is_kept: impl Fn(&Dimension) -> bool,
    ) -> impl Iterator<Item = GroupKey> {
        let group = move |dimension, value| GroupKey {
            experiment,
            phase: PHASE,
            day: self.cohort_day(),
            variant: self.variant,
            population: self.population,
            dimension,
            value,
        };
        let values = self.values[..self.value_count].iter().zip(&rules.dimensions).enumerate();
        let sliced = values.filter(move |(_, (_, dimension))| is_kept(dimension));
        // Lossless: MAX_SLOTS bounds the index.
        let sliced = sliced.map(move |(index, (value, _))| group(index as u16, *value));
        std::iter::once(group(ALL, 0)).chain(sliced)
    }

    fn cohort_day(&self) -> Day {
        self.first_at.day()
    }
}

/// Sums by it are kept now.
fn still_kept(dimension: &Dimension) -> bool {
    dimension.dropped_on.is_none()
}

/// Adds what `new_exposures` and `new_events` change about one customer, whose row was `row`, and who is
/// `behind` the backfill's cursor or not.
pub(super) fn apply(
    row: &Row<'_>,
    new_exposures: &[PackedExposure<'_>],
    new_events: &[PackedEvent],
    rules: &Rules,
    behind: bool,
    changes: &mut Changes,
    scratch: &mut Scratch,
) -> Result<(), StoreError> {
    if row.exposure_count() + new_exposures.len() == 0 {
        return Ok(());
    }
    let mut exposures = Vec::with_capacity(row.exposure_count() + new_exposures.len());
    row.read_exposures(&mut exposures)?;
    let old_count = exposures.len();
    exposures.extend_from_slice(new_exposures);
    scratch.experiments.clear();
    scratch.experiments.extend(exposures.iter().filter(|e| e.is_analysed()).map(|e| e.experiment));
    scratch.experiments.sort_unstable();
    scratch.experiments.dedup();
    let mut history = History { row, new_events, read: false };
    for index in 0..scratch.experiments.len() {
        let number = scratch.experiments[index];
        let experiment = rules.experiment(number)?;
        let here = |exposure: &&PackedExposure<'_>| exposure.experiment == number && exposure.is_analysed();
        let after = Placement::of(experiment, exposures.iter().filter(here));
        let before = if new_exposures.iter().any(|exposure| here(&exposure)) {
            Placement::of(experiment, exposures[..old_count].iter().filter(here))
        } else {
            after
        };
        scratch.changed.clear();
        if before == after {
            let Some(placement) = after else { continue };
            contribute_again(experiment, &placement, behind, &mut history, scratch);
            record(number, experiment, Some(&placement), Some(&placement), changes, scratch);
        } else {
            history.read(&mut scratch.events);
            let events = &scratch.events;
            let old_events = &events[..row.event_count()];
            for (index, metric) in counted_metrics(experiment, behind) {
                let of = |placement: Placement, events| {
                    contribution(metric.tracked.rule(placement.variant), placement.first_at, events)
                };
                let old = before.and_then(|before| of(before, old_events));
                let new = after.and_then(|after| of(after, events));
                scratch.changed.push((index, old, new));
            }
            record(number, experiment, before.as_ref(), after.as_ref(), changes, scratch);
        }
    }
    Ok(())
}

/// The events of a customer, unpacked when first needed.
struct History<'a> {
    row: &'a Row<'a>,
    new_events: &'a [PackedEvent],
    read: bool,
}

impl History<'_> {
    fn read(&mut self, events: &mut Vec<Event>) {
        if !self.read {
            events.clear();
            events.extend(self.row.events().map(|event| event.measured()));
            events.extend(self.new_events.iter().map(PackedEvent::measured));
            self.read = true;
        }
    }
}

/// The customer stays where it is: finds the metrics whose contribution the new events change.
fn contribute_again(
    experiment: &ExperimentRules,
    placement: &Placement,
    behind: bool,
    history: &mut History<'_>,
    scratch: &mut Scratch,
) {
    // Every run takes all of them out again.
    debug_assert!(scratch.affected.is_empty());
    for event in history.new_events {
        for metric in experiment.readers(event.name) {
            let rules = &experiment.metrics[usize::from(*metric)];
            let event = event.measured();
            let rule = rules.tracked.rule(placement.variant);
            if rules.counts_customer(behind) && rule.counts(&event, placement.first_at) {
                scratch.affected.insert(*metric);
            }
        }
    }
    if scratch.affected.is_empty() {
        return;
    }
    history.read(&mut scratch.events);
    let old_events = &scratch.events[..history.row.event_count()];
    while let Some(index) = scratch.affected.pop() {
        let rule = experiment.metrics[usize::from(index)].tracked.rule(placement.variant);
        let old = contribution(rule, placement.first_at, old_events);
        let new = contribution(rule, placement.first_at, &scratch.events);
        if old != new {
            scratch.changed.push((index, old, new));
        }
    }
}

/// Takes the customer from where it was counted and counts it where it is now.
fn record(
    number: u32,
    experiment: &ExperimentRules,
    before: Option<&Placement>,
    after: Option<&Placement>,
    changes: &mut Changes,
    scratch: &Scratch,
) {
    let mut failed = Vec::new();
    if before == after {
        if scratch.changed.is_empty() {
            return;
        }
        for key in after.iter().flat_map(|placement| placement.groups(number, experiment, still_kept)) {
            let group = changes.group(key);
            for (metric, old, new) in counted_in(&key, experiment, &scratch.changed) {
                if !group.replace(*metric, old.as_ref(), new.as_ref()) {
                    failed.push(*metric);
                }
            }
        }
    } else {
        for (placement, sign) in [(before, -1), (after, 1)] {
            let Some(placement) = placement else { continue };
            for key in placement.groups(number, experiment, still_kept) {
                let is_off = i64::from(placement.is_off && key.dimension == ALL);
                let group = changes.group(key);
                group.count(sign, sign * is_off);
                for (metric, old, new) in counted_in(&key, experiment, &scratch.changed) {
                    let (old, new) = if sign < 0 { (old.as_ref(), None) } else { (None, new.as_ref()) };
                    if !group.replace(*metric, old, new) {
                        failed.push(*metric);
                    }
                }
            }
        }
    }
    failed.into_iter().for_each(|metric| changes.fail(number, metric));
}

/// Those of the changes that a group keeps sums of.
fn counted_in<'a>(
    key: &GroupKey,
    experiment: &'a ExperimentRules,
    changed: &'a [Changed],
) -> impl Iterator<Item = &'a Changed> {
    let all = key.dimension == ALL;
    changed
        .iter()
        .filter(move |(metric, _, _)| all || experiment.metrics[usize::from(*metric)].tracked.sliced)
}

fn counted_metrics(experiment: &ExperimentRules, behind: bool) -> impl Iterator<Item = (u16, &MetricRules)> {
    let metrics = experiment.metrics.iter().enumerate();
    let counted = metrics.filter(move |(_, metric)| metric.counts_customer(behind));
    // Lossless: MAX_TRACKED bounds the index.
    counted.map(|(index, metric)| (index as u16, metric))
}
