//! One customer's history: the set of what happened, whatever order it arrived in.

use std::collections::HashMap;

use crate::time::Timestamp;

/// An event's name as a small number, from [`EventNames`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventName(pub u32);

/// Something a customer did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Event {
    /// When it happened.
    pub at: Timestamp,
    /// What it was.
    pub name: EventName,
    /// How much, if it has a value.
    pub value: Option<f64>,
}

/// Event names and their numbers; numbers are given in the order of first use.
#[derive(Debug, Clone, Default)]
pub struct EventNames {
    numbers: HashMap<String, EventName>,
    names: Vec<String>,
}

impl EventNames {
    /// The number of `name`, a new one if it was never seen.
    pub fn intern(&mut self, name: &str) -> EventName {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        // More names than a u32 counts would not fit in memory.
        let number = EventName(u32::try_from(self.names.len()).unwrap_or(u32::MAX));
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        number
    }

    /// The number of `name` if it was seen.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<EventName> {
        self.numbers.get(name).copied()
    }

    /// The name behind a number.
    #[must_use]
    pub fn name(&self, number: EventName) -> Option<&str> {
        self.names.get(number.0 as usize).map(String::as_str)
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

/// A customer's first exposure to an experiment, and whether more than one variant was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FirstExposure {
    /// Index into the exposures that were looked at.
    pub index: usize,
    /// Whether any exposure shows another variant.
    pub crossed: bool,
}

/// The least exposure by (at, id), of exposures given as (at, id, variant) in any order.
///
/// ```
/// use experiment_core::measure::first_exposure;
/// use experiment_core::time::Timestamp;
/// let seen = [(Timestamp(9), "a", 0), (Timestamp(5), "c", 1), (Timestamp(5), "b", 1)];
/// let first = first_exposure(seen).unwrap();
/// assert_eq!((first.index, first.crossed), (2, true));
/// ```
pub fn first_exposure<'a>(
    exposures: impl IntoIterator<Item = (Timestamp, &'a str, u16)>,
) -> Option<FirstExposure> {
    let mut exposures = exposures.into_iter().enumerate();
    let (mut index, (mut at, mut id, variant)) = exposures.next()?;
    let mut crossed = false;
    for (other, (other_at, other_id, other_variant)) in exposures {
        crossed |= other_variant != variant;
        if (other_at, other_id) < (at, id) {
            (index, at, id) = (other, other_at, other_id);
        }
    }
    Some(FirstExposure { index, crossed })
}
