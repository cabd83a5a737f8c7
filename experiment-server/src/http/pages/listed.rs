//! The rows of the list of experiments: each needs a report, so each is kept until what it tells may have changed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use experiment_core::definition::Status;

use super::minute;
use crate::http::results::make_report;
use crate::http::state::AppState;
use crate::page::{Listed, Subject};
use crate::store::{Entry, SumsVersion};

/// The rows as they were last made, by the experiment's key.
#[derive(Debug, Default)]
pub(crate) struct Rows(Mutex<HashMap<String, (MadeFrom, Listed)>>);

/// What a row says depends on nothing else.
#[derive(Debug, Clone)]
struct MadeFrom {
    entry: Arc<Entry>,
    sums: SumsVersion,
    minute: i64,
}

impl MadeFrom {
    fn is(&self, other: &MadeFrom) -> bool {
        Arc::ptr_eq(&self.entry, &other.entry) && (self.sums, self.minute) == (other.sums, other.minute)
    }
}

impl Rows {
    /// The row of an experiment.
    pub(crate) fn of(&self, app: &AppState, entry: &Arc<Entry>) -> Listed {
        // Drafts have no customers, and what is half rebuilt would mislead.
        let is_told = entry.status != Status::Draft && app.check_rebuilt().is_ok();
        if !is_told || app.store.ready().failed.is_some() || app.store.shortage().is_some() {
            return make(app, entry, is_told);
        }
        let sums = app.store.sums_version(entry);
        let from = MadeFrom { entry: Arc::clone(entry), sums, minute: minute(app) };
        let kept = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, row)) = kept().get(&entry.key).filter(|(before, _)| before.is(&from)) {
            return row.clone();
        }
        let row = make(app, entry, true);
        kept().insert(entry.key.clone(), (from, row.clone()));
        row
    }
}

fn make(app: &AppState, entry: &Entry, is_told: bool) -> Listed {
    // One that can't be read is no reason to hide the others; its own page says why.
    let report = is_told.then(|| make_report(app, &entry.key, None, false).ok()).flatten();
    Listed::of(&Subject::of(entry), report.as_ref())
}
