//! Events added up by customer.

use std::collections::HashMap;

use super::columns::Slot;
use super::error::AnalyzeError;
use super::fold::Entry;
use super::keys::Keys;
use super::row::{Row, When};
use super::value::{Value, ValueKind};

/// What each customer's events come to.
pub(crate) struct Totals {
    kinds: Vec<ValueKind>,
    dimension_count: usize,
    keys: Keys,
    customers: Vec<Customer>,
    /// One entry a slot and customer, in steps.
    sums: Vec<i128>,
    /// One entry a dimension and customer: the values of the earliest row.
    dimensions: Vec<u32>,
    /// How many values of each slot were rounded, for customers that have such values.
    rounded: HashMap<u32, Vec<u32>>,
    /// The last score of those who gave one, by customer and slot.
    scores: HashMap<(u32, usize), (When, i64)>,
}

#[derive(Debug, Clone, Copy)]
struct Customer {
    first: When,
    variant: u16,
    crossed: bool,
}

/// Where a customer is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Placed {
    pub(crate) variant: u16,
    pub(crate) crossed: bool,
}

impl Totals {
    pub(crate) fn new(slots: &[Slot], dimension_count: usize) -> Totals {
        Totals {
            kinds: slots.iter().map(|slot| slot.kind).collect(),
            dimension_count,
            keys: Keys::default(),
            customers: Vec::new(),
            sums: Vec::new(),
            dimensions: Vec::new(),
            rounded: HashMap::new(),
            scores: HashMap::new(),
        }
    }

    /// Adds a row to its customer.
    pub(crate) fn add(&mut self, unit: &[u8], row: &Row) -> Result<(), AnalyzeError> {
        let (number, new) = self.keys.intern(unit)?;
        let index = number as usize;
        if new {
            self.customers.push(Customer { first: row.when, variant: row.variant, crossed: false });
            self.sums.resize(self.sums.len() + self.kinds.len(), 0);
            self.dimensions.extend_from_slice(&row.dimensions);
        } else {
            let customer = &mut self.customers[index];
            customer.crossed |= customer.variant != row.variant;
            if row.when < customer.first {
                (customer.first, customer.variant) = (row.when, row.variant);
                self.dimensions[index * self.dimension_count..][..self.dimension_count]
                    .copy_from_slice(&row.dimensions);
            }
        }
        let sums = &mut self.sums[index * self.kinds.len()..][..self.kinds.len()];
        for ((sum, kind), value) in sums.iter_mut().zip(&self.kinds).zip(&row.values) {
            let steps = i128::from(value.steps());
            // At most 2^64 rows of at most 10^18 steps fit.
            *sum = if *kind == ValueKind::Flag { steps.max(*sum) } else { *sum + steps };
        }
        for (slot, kind) in self.kinds.iter().enumerate() {
            let value = row.values[slot];
            if *kind == ValueKind::Score && value != Value::Blank {
                let last = self.scores.entry((number, slot)).or_insert((row.when, value.steps()));
                if row.when > last.0 {
                    *last = (row.when, value.steps());
                }
            }
        }
        for (slot, _) in row.values.iter().enumerate().filter(|(_, value)| value.is_rounded()) {
            self.rounded.entry(number).or_insert_with(|| vec![0; self.kinds.len()])[slot] += 1;
        }
        Ok(())
    }

    /// How many customers there are.
    pub(crate) fn len(&self) -> u32 {
        // Keys are numbered in u32.
        self.customers.len() as u32
    }

    /// The values of the dimensions of a customer.
    pub(crate) fn dimensions(&self, number: u32) -> &[u32] {
        &self.dimensions[number as usize * self.dimension_count..][..self.dimension_count]
    }

    /// Where a customer is counted.
    pub(crate) fn place(&self, number: u32) -> Placed {
        let Customer { variant, crossed, .. } = self.customers[number as usize];
        Placed { variant, crossed }
    }

    /// A customer's sums.
    pub(crate) fn entries(&self, number: u32) -> impl Iterator<Item = Entry> + '_ {
        let rounded = self.rounded.get(&number);
        let sums = &self.sums[number as usize * self.kinds.len()..][..self.kinds.len()];
        sums.iter().zip(&self.kinds).enumerate().map(move |(slot, (sum, kind))| {
            let score = match kind {
                ValueKind::Score => Some(self.scores.get(&(number, slot)).map(|(_, score)| *score)),
                _ => None,
            };
            Entry {
                steps: match score {
                    Some(score) => score.unwrap_or(0),
                    // Beyond an i64 is beyond the clamp, which is applied and counted later.
                    None => (*sum).clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64,
                },
                rounded: rounded.map_or(0, |counts| counts[slot]),
                blank: score == Some(None),
            }
        })
    }
}
