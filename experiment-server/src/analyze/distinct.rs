//! Rows by key (customer, or customer and event id): equal ones count once, unequal ones not at all.

use std::collections::HashMap;

use super::error::AnalyzeError;
use super::keys::Keys;
use super::row::{Row, When};
use super::value::Value;

/// What a second variant under one key means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OtherVariant {
    /// The customer crossed over: rows are compared within a variant.
    CrossedOver,
    /// The rows contradict each other.
    Conflict,
}

/// Rows by key. Memory grows with the keys, not with the rows.
pub(crate) struct Distinct {
    other_variant: OtherVariant,
    timed: bool,
    slots: usize,
    dimension_count: usize,
    keys: Keys,
    states: Vec<State>,
    /// `slots` entries a key, [`BLANK`] for a blank.
    values: Vec<i64>,
    /// `dimension_count` entries a key.
    dimensions: Vec<u32>,
    /// One a key if `timed`; else all are the least.
    whens: Vec<When>,
    /// Values of keys where one was rounded: two of them may differ in digits that are gone.
    rounded: HashMap<u32, Vec<Value>>,
    /// Rows of further variants of crossed customers.
    crossed: HashMap<u32, Vec<Row>>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    /// The variant of the first row in the file.
    variant: u16,
    conflicting: bool,
    rows: u32,
}

/// No value is as low: values end at ±1e9 units, which is ±1e18 steps.
const BLANK: i64 = i64::MIN;

impl Distinct {
    /// For rows of so many slots and dimensions; `timed` if their order is not that of the file.
    pub(crate) fn new(
        other_variant: OtherVariant,
        timed: bool,
        slots: usize,
        dimension_count: usize,
    ) -> Distinct {
        Distinct {
            other_variant,
            timed,
            slots,
            dimension_count,
            keys: Keys::default(),
            states: Vec::new(),
            values: Vec::new(),
            dimensions: Vec::new(),
            whens: Vec::new(),
            rounded: HashMap::new(),
            crossed: HashMap::new(),
        }
    }

    /// Takes in a row.
    pub(crate) fn add(&mut self, key: &[u8], row: &Row) -> Result<(), AnalyzeError> {
        let (number, new) = self.keys.intern(key)?;
        if new {
            self.insert(number, row);
            return Ok(());
        }
        let index = number as usize;
        self.states[index].rows = self.states[index].rows.saturating_add(1);
        let same_variant = self.states[index].variant == row.variant;
        let agrees = if same_variant || self.other_variant == OtherVariant::Conflict {
            let agrees = same_variant && self.equals(number, row);
            if let Some(when) = self.whens.get_mut(index) {
                *when = row.when.min(*when);
            }
            agrees
        } else {
            let others = self.crossed.entry(number).or_default();
            match others.iter_mut().find(|other| other.variant == row.variant) {
                None => {
                    others.push(row.clone());
                    true
                }
                Some(other) => {
                    other.when = other.when.min(row.when);
                    other.values == row.values && other.dimensions == row.dimensions
                }
            }
        };
        self.states[index].conflicting |= !agrees;
        Ok(())
    }

    fn insert(&mut self, number: u32, row: &Row) {
        self.states.push(State { variant: row.variant, conflicting: false, rows: 1 });
        let steps = |value: &Value| if *value == Value::Blank { BLANK } else { value.steps() };
        self.values.extend(row.values.iter().map(steps));
        self.dimensions.extend(&row.dimensions);
        if self.timed {
            self.whens.push(row.when);
        }
        if row.values.iter().any(|value| value.is_rounded()) {
            self.rounded.insert(number, row.values.clone());
        }
    }

    fn equals(&self, number: u32, row: &Row) -> bool {
        let index = number as usize;
        self.dimensions[index * self.dimension_count..][..self.dimension_count] == row.dimensions
            && (0..self.slots).all(|slot| self.value(number, slot) == row.values[slot])
    }

    fn value(&self, number: u32, slot: usize) -> Value {
        match self.rounded.get(&number) {
            Some(values) => values[slot],
            None => match self.values[number as usize * self.slots + slot] {
                BLANK => Value::Blank,
                steps => Value::Exact(steps),
            },
        }
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> u32 {
        // Keys are numbered in u32.
        self.states.len() as u32
    }

    /// The key behind a number.
    pub(crate) fn key(&self, number: u32) -> &[u8] {
        self.keys.key(number)
    }

    /// Whether rows under `key` contradict each other.
    pub(crate) fn is_conflicting(&self, key: &[u8]) -> bool {
        self.keys.find(key).is_some_and(|number| self.states[number as usize].conflicting)
    }

    /// How many rows are left out because they contradict each other.
    pub(crate) fn conflicting_rows(&self) -> u64 {
        self.states.iter().filter(|state| state.conflicting).map(|state| u64::from(state.rows)).sum()
    }

    /// How many rows only repeat another one.
    pub(crate) fn duplicates(&self) -> u64 {
        let kept = self.states.iter().zip(0..).filter(|(state, _)| !state.conflicting);
        kept.map(|(state, number)| {
            let versions = 1 + self.crossed.get(&number).map_or(0, Vec::len) as u64;
            u64::from(state.rows).saturating_sub(versions)
        })
        .sum()
    }

    /// Puts the row that counts under a key into `row` and says whether the customer crossed over; `None`
    /// where the rows contradict each other.
    pub(crate) fn settle(&self, number: u32, row: &mut Row) -> Option<bool> {
        let index = number as usize;
        let state = self.states[index];
        if state.conflicting {
            return None;
        }
        row.variant = state.variant;
        row.when = self.whens.get(index).copied().unwrap_or_default();
        row.values.clear();
        row.values.extend((0..self.slots).map(|slot| self.value(number, slot)));
        row.dimensions.clear();
        row.dimensions
            .extend_from_slice(&self.dimensions[index * self.dimension_count..][..self.dimension_count]);
        let others = self.crossed.get(&number);
        if let Some(earlier) = others.into_iter().flatten().min_by_key(|other| other.when)
            && earlier.when < row.when
        {
            row.clone_from(earlier);
        }
        Some(others.is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(variant: u16, time: i128, number: u64, value: i64) -> Row {
        let when = When { time, row: number };
        Row { variant, when, values: vec![Value::Exact(value)], dimensions: Vec::new() }
    }

    fn read(other_variant: OtherVariant, timed: bool, rows: &[Row]) -> Distinct {
        let mut distinct = Distinct::new(other_variant, timed, 1, 0);
        for row in rows {
            distinct.add(b"customer", row).unwrap();
        }
        distinct
    }

    #[test]
    fn equal_rows_count_once() {
        let distinct =
            read(OtherVariant::CrossedOver, true, &[row(0, 5, 0, 7), row(0, 3, 1, 7), row(0, 9, 2, 7)]);
        let mut settled = Row::default();
        assert_eq!(distinct.settle(0, &mut settled), Some(false));
        assert_eq!(settled, row(0, 3, 1, 7));
        assert_eq!((distinct.duplicates(), distinct.conflicting_rows()), (2, 0));
    }

    #[test]
    fn unequal_rows_of_one_variant_are_all_left_out() {
        let rows = [row(0, 0, 0, 7), row(0, 0, 1, 8), row(1, 0, 2, 7)];
        let distinct = read(OtherVariant::CrossedOver, false, &rows);
        assert_eq!(distinct.settle(0, &mut Row::default()), None);
        assert_eq!((distinct.duplicates(), distinct.conflicting_rows()), (0, 3));
        assert!(distinct.is_conflicting(b"customer") && !distinct.is_conflicting(b"other"));
    }

    #[test]
    fn crossed_customers_stand_under_their_first_variant() {
        let rows = [row(0, 5, 0, 7), row(1, 3, 1, 8), row(2, 4, 2, 9), row(1, 3, 3, 8)];
        let mut settled = Row::default();
        assert_eq!(read(OtherVariant::CrossedOver, true, &rows).settle(0, &mut settled), Some(true));
        assert_eq!(settled, rows[1]);
        let untimed = read(OtherVariant::CrossedOver, false, &rows);
        assert_eq!(untimed.settle(0, &mut settled), Some(true));
        assert_eq!((settled.variant, untimed.duplicates()), (0, 1));
        // The same instant: the row that stands first in the file.
        let tied = [row(0, 4, 0, 7), row(1, 3, 1, 8), row(0, 3, 2, 7)];
        read(OtherVariant::CrossedOver, true, &tied).settle(0, &mut settled);
        assert_eq!(settled, tied[1]);
    }

    #[test]
    fn event_ids_in_two_variants_contradict() {
        let rows = [row(0, 0, 0, 7), row(1, 0, 1, 7)];
        assert_eq!(read(OtherVariant::Conflict, true, &rows).conflicting_rows(), 2);
    }

    #[test]
    fn digits_that_rounding_drops_still_tell_rows_apart() {
        let rounded = |text: &str| Row {
            values: vec![super::super::value::read(text, super::super::value::ValueKind::Number, 2).unwrap()],
            ..row(0, 0, 0, 0)
        };
        let (a, b, exact) = (rounded("1.001"), rounded("1.002"), rounded("1.00"));
        assert_eq!(read(OtherVariant::CrossedOver, false, &[a.clone(), b]).conflicting_rows(), 2);
        assert_eq!(read(OtherVariant::CrossedOver, false, &[exact, a.clone()]).conflicting_rows(), 2);
        assert_eq!(read(OtherVariant::CrossedOver, false, &[a.clone(), a]).duplicates(), 1);
    }
}
