//! Customers → the exact sums that a report is made from.

use std::ops::Range;

use experiment_core::measure::{
    Cell, Contribution, MAX_DIMENSION_VALUES, Moments, MomentsOverflow, Population, Slice,
};
use experiment_core::report::Aggregates;
use experiment_core::time::Day;

use super::keys::Keys;

/// One entry of a customer's vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// In steps of the metric's scale.
    pub(crate) steps: i64,
    /// How many values behind it were rounded.
    pub(crate) rounded: u32,
}

/// Sums by slice, variant and population.
pub(crate) struct Folder {
    /// Entries of each metric.
    metrics: Vec<Range<usize>>,
    everybody: Places,
    dimensions: Vec<Dimension>,
    customers: u64,
    entries: Vec<Entry>,
    contributions: Vec<Contribution>,
}

/// Sums by variant and population: two places a variant, the second for those who crossed over.
type Places = Vec<Option<Place>>;

/// The sums of one variant and population.
struct Place {
    exposed: Moments,
    metrics: Vec<Moments>,
}

enum Dimension {
    /// By number of the value.
    Kept { slices: Vec<Places>, values: usize },
    /// It has too many values.
    Dropped,
}

impl Folder {
    pub(crate) fn new(metrics: Vec<Range<usize>>, dimension_count: usize) -> Folder {
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
            .extend(self.metrics.iter().map(|range| contribution(&self.entries[range.clone()])));
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

fn contribution(entries: &[Entry]) -> Contribution {
    let mut steps = [0; experiment_core::measure::MAX_PARTS];
    for (step, entry) in steps.iter_mut().zip(entries) {
        *step = entry.steps;
    }
    let rounded = entries.iter().map(|entry| entry.rounded).sum();
    Contribution::new(&steps[..entries.len()]).with_rounded(rounded)
}

fn add(places: &mut Places, index: usize, contributions: &[Contribution]) -> Result<(), MomentsOverflow> {
    if places.len() <= index {
        places.resize_with(index + 1, || None);
    }
    let place = places[index].get_or_insert_with(|| Place {
        exposed: Moments::new(0),
        metrics: contributions.iter().map(|vector| Moments::new(vector.values().len())).collect(),
    });
    place.exposed.add(&Contribution::empty())?;
    place.metrics.iter_mut().zip(contributions).try_for_each(|(moments, vector)| moments.add(vector))
}

fn store(aggregates: &mut Aggregates, slice: &Slice, slice_places: Places, places: &[u16]) {
    for (index, place) in slice_places.into_iter().enumerate() {
        let Some(place) = place else { continue };
        let population = if index % 2 == 0 { Population::Analysed } else { Population::Crossed };
        let cell = Cell { phase: 0, variant: places[index / 2], population, day: Day(0) };
        aggregates.exposed.insert((slice.clone(), cell), place.exposed);
        for (cells, moments) in aggregates.metrics.iter_mut().zip(place.metrics) {
            cells.insert((slice.clone(), cell), moments);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(values: u32) -> Aggregates {
        let mut keys = Keys::default();
        let mut folder = Folder::new(std::iter::once(0..1).collect(), 1);
        for i in 0..values {
            let (value, _) = keys.intern(format!("value {i}").as_bytes()).unwrap();
            folder.add(1, i == 0, &[value], [Entry { steps: 3, rounded: 1 }].into_iter()).unwrap();
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
