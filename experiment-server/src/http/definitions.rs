//! `GET /v1/definitions`: the bundle, for services that assign in their own process.

use std::collections::BTreeSet;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::IF_NONE_MATCH;
use axum::response::Response;
use experiment_core::assignment::{Bundle, BundledExperiment};
use experiment_core::definition::Status;
use experiment_core::time::Timestamp;

use super::body::off_thread;
use super::etag::Tagged;
use super::extract::Query;
use super::problem::Problem;
use super::state::AppState;
use crate::store::{Catalog, Entry};

/// The bundle as it was last written, with the catalog that it is of: it changes far less often than it is
/// asked for.
#[derive(Debug, Default)]
pub(crate) struct Written(ArcSwapOption<(Arc<Catalog>, Tagged)>);

/// The experiments that customers are in and what they share; 304 for whoever has them.
pub(crate) async fn get_definitions(
    State(app): State<AppState>,
    headers: HeaderMap,
    query: Query,
) -> Result<Response, Problem> {
    query.end()?;
    let catalog = app.store.catalog();
    let written = app.bundle.0.load_full().filter(|written| Arc::ptr_eq(&written.0, &catalog));
    let written = match written {
        Some(written) => written,
        None => {
            let tagged = off_thread(move || Ok((Tagged::json(&bundle(&catalog))?, catalog))).await?;
            let (tagged, catalog) = tagged;
            let written = Arc::new((catalog, tagged));
            app.bundle.0.store(Some(Arc::clone(&written)));
            written
        }
    };
    let known: Vec<_> = headers.get_all(IF_NONE_MATCH).iter().cloned().collect();
    Ok(written.1.unless_known(&known))
}

fn bundle(catalog: &Catalog) -> Bundle {
    let keys = bundled(catalog);
    let compiled =
        catalog.snapshot().iter().filter(|compiled| keys.contains(compiled.experiment().key.as_str()));
    let experiments = compiled.filter_map(|compiled| {
        let entry = catalog.get(&compiled.experiment().key)?;
        Some(BundledExperiment::of(compiled, &entry.current().placement))
    });
    Bundle::new(&catalog.shared().catalog, effective_at(catalog), experiments.collect())
}

/// Experiments that customers have been let into, until they are archived, and those that these require.
fn bundled(catalog: &Catalog) -> BTreeSet<&str> {
    let met = |entry: &&Arc<Entry>| !matches!(entry.status, Status::Draft | Status::Archived);
    let mut keys: BTreeSet<&str> = BTreeSet::new();
    let mut new: Vec<&str> = catalog.iter().filter(met).map(|entry| entry.key.as_str()).collect();
    while let Some(key) = new.pop() {
        if keys.insert(key)
            && let Some(compiled) = catalog.snapshot().get(key)
        {
            let required = compiled.prerequisites().iter().map(|required| required.experiment());
            new.extend(required.map(|required| required.experiment().key.as_str()));
        }
    }
    keys
}

/// When the newest version, step or catalog came, drafts aside: nobody has met those. Lists and groups have
/// no time of their own.
fn effective_at(catalog: &Catalog) -> Option<Timestamp> {
    let started = catalog.iter().filter(|entry| entry.status != Status::Draft);
    let changed = started.flat_map(|entry| {
        let steps = entry.steps.iter().map(|step| step.received_at);
        steps.chain([entry.current().received_at])
    });
    changed.chain(catalog.shared().received_at).max()
}
