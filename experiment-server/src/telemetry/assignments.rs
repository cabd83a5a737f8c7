//! How many assignments were answered, by experiment and reason. Counting takes no lock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use experiment_core::assignment::{NotAssignedReason, Reason};

/// Assignments since the start.
#[derive(Debug, Default)]
pub(crate) struct Assignments(ArcSwap<BTreeMap<String, Arc<ByReason>>>);

/// The counts of one experiment.
#[derive(Debug)]
struct ByReason([(&'static str, AtomicU64); Reason::ALL.len() + NotAssignedReason::ALL.len()]);

impl Default for ByReason {
    fn default() -> ByReason {
        let (assigned, not_assigned) = (Reason::ALL.map(Reason::name), NotAssignedReason::ALL);
        let name = |index: usize| match assigned.get(index) {
            Some(name) => name,
            None => not_assigned[index - assigned.len()].name(),
        };
        ByReason(std::array::from_fn(|index| (name(index), AtomicU64::new(0))))
    }
}

impl ByReason {
    fn count(&self, reason: &str) {
        if let Some((_, count)) = self.0.iter().find(|(name, _)| *name == reason) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Assignments {
    /// Counts an answer; `reason` is that of its [`Decision`](experiment_core::assignment::Decision).
    pub(crate) fn count(&self, experiment: &str, reason: &'static str) {
        if let Some(counts) = self.0.load().get(experiment) {
            return counts.count(reason);
        }
        // The first answer of an experiment: at most once for each there is.
        self.0.rcu(|all| {
            let mut more = BTreeMap::clone(all);
            more.entry(experiment.to_owned()).or_default();
            more
        });
        if let Some(counts) = self.0.load().get(experiment) {
            counts.count(reason);
        }
    }

    /// Experiment, reason and count, for every reason that was given.
    pub(crate) fn read(&self) -> Vec<(String, &'static str, u64)> {
        let all = self.0.load();
        let rows = all.iter().flat_map(|(experiment, counts)| {
            let counts = counts.0.iter();
            counts.map(|(reason, count)| (experiment.clone(), *reason, count.load(Ordering::Relaxed)))
        });
        rows.filter(|(_, _, count)| *count > 0).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_count() {
        let assignments = Assignments::default();
        let (sticky, outside) = (Reason::Sticky.name(), NotAssignedReason::Traffic.name());
        for (experiment, reason) in [("b", sticky), ("a", outside), ("b", sticky), ("b", outside)] {
            assignments.count(experiment, reason);
        }
        let rows = [("a", "traffic", 1), ("b", "sticky", 2), ("b", "traffic", 1)];
        assert_eq!(assignments.read(), rows.map(|(key, reason, count)| (key.to_owned(), reason, count)));
    }
}
