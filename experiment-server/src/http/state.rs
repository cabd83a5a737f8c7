//! What handlers share.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arc_swap::ArcSwap;
use experiment_core::assignment::{CompiledExperiment, Snapshot};
use experiment_core::time::Timestamp;
use tokio::sync::Semaphore;

use super::auth::Gate;
use crate::settings::Settings;
use crate::store::{Catalog, Entry, Store};

/// What handlers share; clones are the same.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Shared>);

/// The one thing behind every [`AppState`].
pub(crate) struct Shared {
    /// The facts.
    pub(crate) store: Arc<Store>,
    /// What the server was started with.
    pub(crate) settings: Settings,
    /// Who may ask.
    pub(crate) gate: Gate,
    /// One permit a request in progress.
    pub(crate) requests: Semaphore,
    /// Whether a recount is under way: one at a time.
    pub(crate) verifying: AtomicBool,
    compiled: ArcSwap<Compiled>,
}

/// The catalog and what assignment reads, made from it.
#[derive(Default)]
pub(crate) struct Compiled {
    /// What it was made from.
    pub(crate) catalog: Arc<Catalog>,
    /// All experiments, compiled, with their overrides.
    pub(crate) snapshot: Snapshot,
}

impl AppState {
    /// The state of a server over `store`.
    pub(crate) fn new(store: Arc<Store>, settings: Settings, start_token: String) -> AppState {
        let gate = Gate { admin_key: settings.admin_key.clone(), start_token };
        let requests = Semaphore::new(settings.max_requests.clamp(1, Semaphore::MAX_PERMITS));
        let compiled = ArcSwap::from_pointee(Compiled::default());
        let verifying = AtomicBool::new(false);
        AppState(Arc::new(Shared { store, settings, gate, requests, verifying, compiled }))
    }

    /// The experiments as of the last commit, compiled. Takes no lock; compiles what has changed since the
    /// last call.
    pub(crate) fn compiled(&self) -> Arc<Compiled> {
        let catalog = self.store.catalog();
        let compiled = self.compiled.load();
        if Arc::ptr_eq(&compiled.catalog, &catalog) {
            return Arc::clone(&compiled);
        }
        // Two requests may do this at once; both come to the same, and the later one stays.
        let fresh = Arc::new(compiled.advance(catalog));
        self.compiled.store(Arc::clone(&fresh));
        fresh
    }

    /// The time now.
    pub(crate) fn now(&self) -> Timestamp {
        (self.settings.clock)()
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Compiled {
    fn advance(&self, catalog: Arc<Catalog>) -> Compiled {
        let compile = |entry: &Arc<Entry>| {
            let unchanged = self.catalog.get(&entry.key).is_some_and(|old| Arc::ptr_eq(old, entry));
            match self.snapshot.get(&entry.key) {
                Some(compiled) if unchanged => Some(compiled.clone()),
                _ => compile(entry),
            }
        };
        let snapshot = catalog.iter().filter_map(compile).collect();
        Compiled { catalog, snapshot }
    }
}

fn compile(entry: &Arc<Entry>) -> Option<CompiledExperiment> {
    let version = entry.current();
    let mut experiment = Arc::clone(&version.experiment);
    if !entry.overrides.is_empty() {
        Arc::make_mut(&mut experiment).overrides = entry.overrides.as_ref().clone();
    }
    let winner = entry.winner.as_deref().and_then(|winner| experiment.variant_index(winner));
    let compiled = CompiledExperiment::new(experiment, entry.status, version.number, winner);
    // Cannot happen for what was parsed; if it does, this one experiment is unknown to `assign`.
    compiled.inspect_err(|error| tracing::error!(experiment = entry.key, %error, "cannot be compiled")).ok()
}
