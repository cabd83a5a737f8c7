//! Which experiment's sums have changed, so that what was made from them need not be made again.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Names the sums of an experiment as they were at a moment of this process: what was made from sums of the same
/// version is what would be made from them now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SumsVersion {
    /// Changes that any experiment may be part of.
    all: u64,
    /// Its own.
    own: u64,
}

/// The versions of every experiment's sums.
#[derive(Debug, Default)]
pub(super) struct SumsVersions(Mutex<Versions>);

#[derive(Debug, Default)]
struct Versions {
    all: u64,
    /// By the experiment's number.
    own: HashMap<u32, u64>,
}

impl SumsVersions {
    /// As they are now. Read before the sums: what changes meanwhile then counts as not seen.
    pub(super) fn of(&self, experiment: u32) -> SumsVersion {
        let versions = self.lock();
        SumsVersion { all: versions.all, own: versions.own.get(&experiment).copied().unwrap_or(0) }
    }

    /// The sums of these experiments are others now.
    pub(super) fn changed(&self, experiments: impl Iterator<Item = u32>) {
        let mut versions = self.lock();
        experiments.for_each(|experiment| *versions.own.entry(experiment).or_default() += 1);
    }

    /// Those of any experiment may be.
    pub(super) fn all_changed(&self) {
        self.lock().all += 1;
    }

    /// A panic while it is held leaves plain numbers.
    fn lock(&self) -> MutexGuard<'_, Versions> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_one_of_its_experiment() {
        let versions = SumsVersions::default();
        let before = [1, 2].map(|experiment| versions.of(experiment));
        versions.changed([2, 2, 3].into_iter());
        assert_eq!(versions.of(1), before[0]);
        assert_ne!(versions.of(2), before[1]);
        versions.all_changed();
        assert_ne!(versions.of(1), before[0]);
    }
}
