//! A store whose files lie on a simulated disk.

use std::sync::Arc;

use experiment_core::definition::LifecycleStep;
use experiment_server::store::{Expected, Pace, Store, StoreError};

use super::simulated_disk::SimulatedDisk;
use super::world::{MARCH, TestClock, WINBACK, accepted, event, experiment, exposure};

/// A store on a simulated disk.
pub(super) struct OnDisk {
    pub(super) disk: Arc<SimulatedDisk>,
    pub(super) clock: Arc<TestClock>,
    store: Option<Store>,
}

impl OnDisk {
    /// One in which [`WINBACK`] runs, with room for everything, on a disk of which intake leaves so many bytes free.
    pub(super) fn running(reserve: u64) -> OnDisk {
        let clock = Arc::new(TestClock::default());
        clock.set(MARCH);
        let mut filled = OnDisk { disk: Arc::new(SimulatedDisk::with_reserve(reserve)), clock, store: None };
        filled.open();
        filled.store().define(experiment(WINBACK), Expected::Any).wait().unwrap();
        filled.store().step("winback", LifecycleStep::Start).wait().unwrap();
        filled
    }

    pub(super) fn try_open(&self) -> Result<Store, StoreError> {
        let clock = Arc::clone(&self.clock);
        Store::open_on(self.disk.clone(), Arc::new(move || clock.read()), Pace::default())
    }

    /// Drops the store as it stands.
    pub(super) fn close(&mut self) {
        self.store = None;
    }

    /// Opens it, again if it is open.
    pub(super) fn open(&mut self) {
        self.close();
        self.store = Some(self.try_open().unwrap());
    }

    pub(super) fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    /// Facts about so many customers, all of them new.
    pub(super) fn take_in(&self, name: &str, customers: usize) {
        let facts = (0..customers).flat_map(|i| {
            let customer = format!("{name}-{i}");
            [exposure(&customer, "x", "control", MARCH), event(&customer, "e", "order", 2.5, MARCH + 9)]
        });
        let outcomes = self.store().submit(facts.collect()).wait().unwrap();
        assert_eq!(outcomes.len(), 2 * customers);
        outcomes.into_iter().for_each(|outcome| drop(accepted(outcome)));
    }

    /// Everything folded, and the sums as a recount gives them.
    pub(super) fn verify(&self) {
        self.store().wait_for_blocking(self.store().log_position()).unwrap();
        let found = self.store().verify().unwrap();
        assert_eq!(found.differences, Vec::<String>::new());
        assert_eq!(found.facts, self.store().log_position());
    }
}
