//! Customers → the exact sums that a report is made from.

use std::collections::BTreeMap;

use experiment_core::measure::{
    Cell, Contribution, MAX_DIMENSION_VALUES, Moments, MomentsOverflow, Population, Slice, bucket, nps_points,
};
use experiment_core::report::{Aggregates, Distribution};
use experiment_core::time::Day;

use super::columns::{Made, MetricSlots};
use super::keys::Keys;

/// One entry of a customer's vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Entry {
    /// In steps of the metric's scale.
    pub(crate) steps: i64,
    /// How many values behind it were rounded.
    pub(crate) rounded: u32,
    /// Nothing was said.
    pub(crate) blank: bool,
}

/// Sums by slice, variant and population.
pub(crate) struct Folder {
    /// Entries of each metric.
    metrics: Vec<MetricSlots>,
    everybody: Places,
    dimensions: Vec<Dimension>,
    customers: u64,
    entries: Vec<Entry>,
    contributions: Vec<Option<Counted>>,
}

/// Sums by variant and population: two places a variant, the second for those who crossed over.
type Places = Vec<Option<Place>>;

/// The sums of one variant and population.
struct Place {
    exposed: Moments,
    /// By metric and cohort day.
    metrics: Vec<BTreeMap<Day, Sums>>,
}

/// Sums of one metric, and its customers by value.
#[derive(Default)]
struct Sums {
    moments: Moments,
    distribution: Distribution,
}

/// What a customer adds to a metric. Files know no cohorts: all stand on day 0, but for survival, where the days
/// before it say how long a customer was followed.
struct Counted {
    day: Day,
    contribution: Contribution,
}

enum Dimension {
    /// By number of the value.
    Kept { slices: Vec<Places>, values: usize },
    /// It has too many values.
    Dropped,
}

impl Folder {
    pub(crate) fn new(metrics: Vec<MetricSlots>, dimension_count: usize) -> Folder {
        let empty = || Dimension::Kept { slices: Vec::new(), values: 0 };
        Folder {
            metrics,
            everybody: Vec::new(),
            dimensions: std::iter::repeat_with(empty).take(dimension_count).collect(),
            customers: 0,
            entries: Vec::new(),
            contributions: Vec::new(),
        }
    }

    /// Adds a customer.
    pub(crate) fn add(
        &mut self,
        variant: u16,
        crossed: bool,
        dimensions: &[u32],
        entries: impl Iterator<Item = Entry>,
    ) -> Result<(), MomentsOverflow> {
        self.customers += 1;
        self.entries.clear();
        self.entries.extend(entries);
        self.contributions.clear();
        self.contributions
            .extend(self.metrics.iter().map(|metric| counted(metric, &self.entries[metric.slots.clone()])));
        let index = usize::from(variant) * 2 + usize::from(crossed);
        add(&mut self.everybody, index, &self.contributions)?;
        for (dimension, value) in self.dimensions.iter_mut().zip(dimensions) {
            let Dimension::Kept { slices, values } = dimension else { continue };
            let value = *value as usize;
            if slices.len() <= value {
                slices.resize_with(value + 1, Vec::new);
            }
            *values += usize::from(slices[value].is_empty());
            if *values > MAX_DIMENSION_VALUES {
                *dimension = Dimension::Dropped;
                continue;
            }
            add(&mut slices[value], index, &self.contributions)?;
        }
        Ok(())
    }

    /// How many customers were added.
    pub(crate) fn customers(&self) -> u64 {
        self.customers
    }

    /// All sums. `places` says where each variant stands in the report, `values` what the numbers of each
    /// dimension's values mean.
    pub(crate) fn finish(self, places: &[u16], values: &[Keys]) -> Aggregates {
        let mut aggregates = Aggregates::default();
        aggregates.metrics.resize_with(self.metrics.len(), Default::default);
        aggregates.distributions.resize_with(self.metrics.len(), Default::default);
        store(&mut aggregates, &Slice::All, self.everybody, places);
        for (index, (dimension, values)) in self.dimensions.into_iter().zip(values).enumerate() {
            // A command line holds far fewer than 2^16 flags' worth of dimensions.
            let index = index as u16;
            match dimension {
                Dimension::Dropped => aggregates.dropped_dimensions.push(index),
                Dimension::Kept { slices, .. } => {
                    for (number, slice) in (0_u32..).zip(slices).filter(|(_, slice)| !slice.is_empty()) {
                        let value = String::from_utf8_lossy(values.key(number)).into_owned();
                        store(&mut aggregates, &Slice::Value { dimension: index, value }, slice, places);
                    }
                }
            }
        }
        aggregates
    }
}

/// `None` for a customer who is no part of the metric's population.
fn counted(metric: &MetricSlots, entries: &[Entry]) -> Option<Counted> {
    let today = |contribution| Some(Counted { day: Day(0), contribution });
    let first = entries.first().copied().unwrap_or_default();
    match metric.made {
        Made::Vector => today(contribution(entries)),
        Made::Quantile => {
            let vector = contribution(entries);
            today(vector.at_place(bucket(vector.values()[0])))
        }
        Made::Score if first.blank => None,
        Made::Score => {
            let unit = 10_i64.pow(metric.places);
            let points = i64::from(nps_points(first.steps as f64 / unit as f64));
            today(Contribution::new(&[points * unit]).with_rounded(first.rounded))
        }
        Made::Survival => {
            // Durations end at 10^9, as all values do.
            let duration = i32::try_from(first.steps).unwrap_or(i32::MAX);
            let lost = entries.get(1).is_some_and(|event| event.steps != 0);
            let vector = Contribution::empty().with_rounded(first.rounded);
            let contribution = if lost { vector.at_place(duration) } else { vector };
            Some(Counted { day: Day(-duration), contribution })
        }
    }
}

fn contribution(entries: &[Entry]) -> Contribution {
    let mut steps = [0; experiment_core::measure::MAX_PARTS];
    for (step, entry) in steps.iter_mut().zip(entries) {
        *step = entry.steps;
    }
    let rounded = entries.iter().map(|entry| entry.rounded).sum();
    Contribution::new(&steps[..entries.len()]).with_rounded(rounded)
}

fn add(places: &mut Places, index: usize, counted: &[Option<Counted>]) -> Result<(), MomentsOverflow> {
    if places.len() <= index {
        places.resize_with(index + 1, || None);
    }
    let place = places[index].get_or_insert_with(|| Place {
        exposed: Moments::new(0),
        metrics: counted.iter().map(|_| BTreeMap::new()).collect(),
    });
    place.exposed.add(&Contribution::empty())?;
    for (days, counted) in place.metrics.iter_mut().zip(counted) {
        let Some(Counted { day, contribution }) = counted else { continue };
        let sums = days.entry(*day).or_insert_with(|| Sums {
            moments: Moments::new(contribution.values().len()),
            distribution: Distribution::new(),
        });
        sums.moments.add(contribution)?;
        if let Some(place) = contribution.place() {
            *sums.distribution.entry(place).or_default() += 1;
        }
    }
    Ok(())
}

fn store(aggregates: &mut Aggregates, slice: &Slice, slice_places: Places, places: &[u16]) {
    for (index, place) in slice_places.into_iter().enumerate() {
        let Some(place) = place else { continue };
        let population = if index % 2 == 0 { Population::Analysed } else { Population::Crossed };
        let cell = Cell { phase: 0, variant: places[index / 2], population, day: Day(0) };
        aggregates.exposed.insert((slice.clone(), cell), place.exposed);
        let cells = aggregates.metrics.iter_mut().zip(&mut aggregates.distributions);
        for ((sums, counts), days) in cells.zip(place.metrics) {
            for (day, Sums { moments, distribution }) in days {
                let cell = Cell { day, ..cell };
                sums.insert((slice.clone(), cell), moments);
                if !distribution.is_empty() {
                    counts.insert((slice.clone(), cell), distribution);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(values: u32) -> Aggregates {
        let mut keys = Keys::default();
        let mut folder = Folder::new(vec![MetricSlots { slots: 0..1, made: Made::Vector, places: 6 }], 1);
        for i in 0..values {
            let (value, _) = keys.intern(format!("value {i}").as_bytes()).unwrap();
            folder
                .add(1, i == 0, &[value], [Entry { steps: 3, rounded: 1, blank: false }].into_iter())
                .unwrap();
        }
        folder.finish(&[1, 0], &[keys])
    }

    #[test]
    fn sums_stand_where_the_report_looks_for_them() {
        let aggregates = folded(3);
        let cell = |population| Cell { phase: 0, variant: 0, population, day: Day(0) };
        let analysed = &aggregates.metrics[0][&(Slice::All, cell(Population::Analysed))];
        assert_eq!((analysed.n(), analysed.sums(), analysed.rounded()), (2, [6].as_slice(), 2));
        let slice = Slice::Value { dimension: 0, value: "value 0".into() };
        assert_eq!(aggregates.exposed[&(slice, cell(Population::Crossed))].n(), 1);
        assert_eq!(aggregates.exposed.len(), 2 + 3);
    }

    #[test]
    fn a_dimension_with_too_many_values_is_dropped_whole() {
        assert!(folded(200).dropped_dimensions.is_empty());
        let aggregates = folded(201);
        assert_eq!(aggregates.dropped_dimensions, [0]);
        assert_eq!(aggregates.exposed.len(), 2);
    }
}
