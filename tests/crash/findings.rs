//! What went wrong, each thing once.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// Most findings that are put into words.
const MOST_SHOWN: usize = 50;

/// What kind of wrong it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wrong {
    /// Acknowledged, and not there.
    Lost,
    /// There more than once.
    Doubled,
    /// Anything else: content, an answer, a sum, a fact that nobody sent.
    Mismatch,
}

/// Everything found, by all threads.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    found: Mutex<BTreeSet<(Wrong, String)>>,
}

impl Findings {
    /// Notes a finding, and says so at once.
    pub(crate) fn add(&self, wrong: Wrong, detail: impl Into<String>) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let detail = detail.into();
        if found.len() < MOST_SHOWN {
            eprintln!("{wrong:?}: {detail}");
        }
        found.insert((wrong, detail));
    }

    /// How many of a kind.
    pub(crate) fn count(&self, wrong: Wrong) -> usize {
        let found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found.iter().filter(|(kind, _)| *kind == wrong).count()
    }

    /// Whether nothing is wrong.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}
