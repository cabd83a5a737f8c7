//! A store in a folder of its own, under a clock that the test sets.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

use experiment_core::definition::{Catalog, Experiment, LifecycleStep, read_document};
use experiment_core::time::{DAY, Timestamp};
use experiment_server::store::{
    Accepted, Attributes, Clock, Expected, Outcome, Pace, Proposal, ProposedAssign, ProposedEvent,
    ProposedExposure, Reading, RefusalCode, Store, StoreError,
};
use tempfile::TempDir;

/// 2026-03-01T00:00:00Z.
pub(super) const MARCH: i64 = 20_513 * DAY;
/// Microseconds in an hour.
pub(super) const HOUR: i64 = DAY / 24;

/// Two arms, a plan as dimension, five metrics, one of them with a covariate.
pub(super) const WINBACK: &str = "
key: winback
variants: [{key: control}, {key: discount}]
dimensions: [plan]
metrics:
  - {key: retained, kind: retention, event: order, window: {from: 1d, to: 3d}, role: primary}
  - {key: revenue, kind: sum, event: order, window: {to: 3d}, cap: 500, covariate: {event: order, lookback: 5d}}
  - {key: orders, kind: count, event: order, window: {to: 3d}}
  - {key: aov, kind: ratio, numerator: {kind: sum, event: order}, denominator: {kind: count, event: order}, window: {to: 3d}}
  - {key: left, kind: conversion, event: cancel, window: {to: 3d}}
plan: {method: fixed, target: {customers_per_arm: 100}}
";

/// A clock that stands still, and can hold whoever reads it.
#[derive(Default)]
pub(super) struct TestClock {
    state: Mutex<ClockState>,
    changed: Condvar,
}

#[derive(Default)]
struct ClockState {
    now: i64,
    held: bool,
    waiting: usize,
}

impl TestClock {
    pub(super) fn set(&self, now: i64) {
        self.state.lock().unwrap().now = now;
    }

    pub(super) fn advance(&self, by: i64) {
        self.state.lock().unwrap().now += by;
    }

    /// Whoever reads the clock from now on waits until it is released.
    pub(super) fn hold(&self) {
        self.state.lock().unwrap().held = true;
    }

    /// Waits until somebody is held.
    pub(super) fn wait_until_read(&self) {
        let state = self.state.lock().unwrap();
        drop(self.changed.wait_while(state, |state| state.waiting == 0).unwrap());
    }

    pub(super) fn release(&self) {
        self.state.lock().unwrap().held = false;
        self.changed.notify_all();
    }

    pub(super) fn read(&self) -> Timestamp {
        let mut state = self.state.lock().unwrap();
        state.waiting += 1;
        self.changed.notify_all();
        let mut state = self.changed.wait_while(state, |state| state.held).unwrap();
        state.waiting -= 1;
        Timestamp(state.now)
    }
}

pub(super) struct World {
    pub(super) folder: TempDir,
    pub(super) clock: Arc<TestClock>,
    /// How metrics that are added are counted.
    pace: Pace,
    store: Option<Store>,
}

impl World {
    /// An empty store on 1 March.
    pub(super) fn new() -> World {
        World::at(Pace::default())
    }

    /// One in which metrics that are added are counted one customer at a time, by [`World::walk`].
    pub(super) fn by_hand() -> World {
        World::at(Pace { customers: 1, by_hand: true })
    }

    fn at(pace: Pace) -> World {
        World::over(tempfile::tempdir().unwrap(), pace)
    }

    /// The store that lies in a folder.
    pub(super) fn over(folder: TempDir, pace: Pace) -> World {
        let clock = Arc::new(TestClock::default());
        clock.set(MARCH);
        let mut world = World { folder, clock, pace, store: None };
        world.open();
        world
    }

    /// A store in which [`WINBACK`] runs.
    pub(super) fn running() -> World {
        let world = World::new();
        world.start(WINBACK);
        world
    }

    pub(super) fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    pub(super) fn clock(&self) -> Clock {
        let clock = Arc::clone(&self.clock);
        Arc::new(move || clock.read())
    }

    /// Opens the folder and waits until intake is open.
    pub(super) fn open(&mut self) {
        let store = Store::open_at(self.folder.path(), self.clock(), self.pace).unwrap();
        if !store.ready().ready {
            store.wait_for_blocking(store.ready().of).unwrap();
            assert!(store.ready().ready);
        }
        self.store = Some(store);
    }

    /// Ends the store in good order and opens it again.
    pub(super) fn restart(&mut self) {
        self.store().shutdown().unwrap();
        self.store = None;
        self.open();
    }

    /// Drops the store as it stands.
    pub(super) fn close(&mut self) {
        self.store = None;
    }

    /// Goes on with a copy of the files as they are while the store is open: what a killed process
    /// leaves behind. The state was not made durable since it was opened, so it falls back.
    pub(super) fn crash(&mut self) {
        // Nothing may be written while it is copied.
        self.settle();
        let copy = tempfile::tempdir().unwrap();
        copy_files(self.folder.path(), copy.path());
        self.store = None;
        self.folder = copy;
        self.open();
    }

    pub(super) fn define(&self, document: &str) -> u32 {
        self.store().define(experiment(document), Expected::Any).wait().unwrap().version
    }

    pub(super) fn share(&self, document: &str) -> u32 {
        let catalog = Catalog::parse(read_document(document).unwrap()).unwrap();
        self.store().share(catalog, Expected::Any).wait().unwrap().version
    }

    pub(super) fn start(&self, document: &str) {
        self.define(document);
        self.step(&experiment(document).key, LifecycleStep::Start);
    }

    pub(super) fn step(&self, key: &str, step: LifecycleStep) {
        self.store().step(key, step).wait().unwrap();
    }

    pub(super) fn submit(&self, proposals: Vec<Proposal>) -> Vec<Outcome> {
        self.store().submit(proposals).wait().unwrap()
    }

    pub(super) fn one(&self, proposal: Proposal) -> Outcome {
        let mut outcomes = self.submit(vec![proposal]);
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0)
    }

    /// Waits until everything is folded.
    pub(super) fn settle(&self) {
        self.store().wait_for_blocking(self.store().log_position()).unwrap();
    }

    /// Everything folded, then so many steps of the walk that counts metrics that were added.
    pub(super) fn walk(&self, steps: u8) {
        self.settle();
        (0..steps).for_each(|_| self.store().step_backfill().unwrap());
    }

    /// Everything folded, and every metric counts everybody.
    pub(super) fn walk_to_the_end(&self) {
        self.settle();
        while self.store().is_backfilling() {
            self.store().step_backfill().unwrap();
        }
    }

    /// Everything folded, and the sums as a recount gives them.
    pub(super) fn verify(&self) {
        self.settle();
        let found = self.store().verify().unwrap();
        assert_eq!(found.differences, Vec::<String>::new());
        assert_eq!(found.facts, self.store().log_position());
    }

    pub(super) fn reading(&self, key: &str) -> Reading {
        self.settle();
        self.store().aggregates(key, None).unwrap()
    }

    pub(super) fn open_error(&self) -> StoreError {
        Store::open(self.folder.path(), self.clock()).unwrap_err()
    }
}

pub(super) fn copy_files(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

pub(super) fn experiment(document: &str) -> Experiment {
    Experiment::parse(read_document(document).unwrap()).unwrap()
}

pub(super) fn event(
    customer: &str,
    id: &str,
    name: &str,
    value: impl Into<Option<f64>>,
    at: i64,
) -> Proposal {
    Proposal::Event(ProposedEvent {
        customer: customer.to_owned(),
        event: name.to_owned(),
        id: Some(id.to_owned()),
        value: value.into(),
        at: Some(Timestamp(at)),
        attributes: None,
    })
}

pub(super) fn exposure(customer: &str, id: &str, variant: &str, at: i64) -> Proposal {
    Proposal::Exposure(ProposedExposure {
        customer: customer.to_owned(),
        experiment: "winback".to_owned(),
        variant: variant.to_owned(),
        id: Some(id.to_owned()),
        at: Some(Timestamp(at)),
        attributes: None,
    })
}

pub(super) fn assign(customer: &str, variant: &str) -> Proposal {
    Proposal::Assign(ProposedAssign {
        customer: customer.to_owned(),
        experiment: "winback".to_owned(),
        variant: variant.to_owned(),
        attributes: None,
    })
}

pub(super) fn attributes(plan: &str) -> Attributes {
    Attributes::from_iter([("plan".to_owned(), plan.into()), ("secret".to_owned(), 7.into())])
}

pub(super) fn accepted(outcome: Outcome) -> Accepted {
    match outcome {
        Outcome::Accepted(accepted) => accepted,
        other => panic!("not accepted: {other:?}"),
    }
}

pub(super) fn refused(outcome: Outcome) -> (RefusalCode, &'static str) {
    match outcome {
        Outcome::Refused(refusal) => {
            assert!(!refusal.detail.is_empty() && !refusal.mend.is_empty());
            (refusal.code, refusal.field)
        }
        other => panic!("not refused: {other:?}"),
    }
}
