//! One simulated customer.

use crate::measure::{Event, EventName};
use crate::time::{DAY, Timestamp};

/// A customer's history, in the making; one value is used for all customers in turn.
#[derive(Debug)]
pub(crate) struct Person {
    /// First exposure.
    pub(crate) exposure: Timestamp,
    /// What they did, in no order.
    pub(crate) events: Vec<Event>,
    /// A segment known before exposure.
    pub(crate) stratum: usize,
    /// Whether they saw another variant too.
    pub(crate) crossed: bool,
    /// Whether the exposure was never recorded.
    pub(crate) lost: bool,
    /// Whole days until they leave, and the last day on which they would be seen at all.
    pub(crate) churn: Churn,
    order: EventName,
}

/// When a customer leaves, and from when on nobody would know.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Churn {
    /// Days from exposure until they leave.
    pub(crate) day: f64,
    /// Days from exposure until they are lost from sight.
    pub(crate) lost_day: f64,
}

impl Person {
    /// A customer without a history; `order` is the name of the one event that populations make.
    pub(crate) fn new(order: EventName) -> Person {
        Person {
            exposure: Timestamp(0),
            events: Vec::new(),
            stratum: 0,
            crossed: false,
            lost: false,
            churn: Churn::default(),
            order,
        }
    }

    /// Forgets the customer before and takes the next one in.
    pub(crate) fn enter(&mut self, exposure: Timestamp) {
        self.exposure = exposure;
        self.events.clear();
        (self.stratum, self.crossed, self.lost) = (0, false, false);
        self.churn = Churn::default();
    }

    /// An order so many days after exposure, before it if negative; its value in whole cents, as prices are.
    pub(crate) fn orders(&mut self, days: f64, value: f64) {
        let at = Timestamp(self.exposure.0 + (days * DAY as f64) as i64);
        let value = (value * 100.0).round() / 100.0;
        self.events.push(Event { at, name: self.order, value: Some(value) });
    }
}
