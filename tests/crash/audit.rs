//! Compares what was acknowledged with what is there, once no server runs any more.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::ensure;
use experiment_server::store::{Store, system_clock};

use super::editor::{Changes, STAGES, key};
use super::fact::{Content, DRAWN, Fact, MET};
use super::findings::{Findings, Wrong};
use super::ledger::{Ledger, Standing};
use super::log::{self, LoggedFact, Record};
use super::writer::compare_variants;

/// Longest wait for metrics that came late.
const PATIENCE: Duration = Duration::from_secs(300);

/// Opens the store and recounts its sums: as they were left, and as they are folded again from nothing.
pub(crate) fn audit_sums(folder: &Path, findings: &Findings) -> anyhow::Result<()> {
    for again in [false, true] {
        if again {
            remove_state(folder)?;
        }
        let store = Store::open(folder, system_clock())?;
        store.wait_for_blocking(store.log_position())?;
        wait_for_late_metrics(&store)?;
        let found = store.verify()?;
        eprintln!("{} facts recounted, {} sums compared", found.facts, found.rows_compared);
        for difference in found.differences {
            findings.add(Wrong::Mismatch, difference);
        }
        if found.facts != store.log_position() {
            let detail = format!("the sums hold {} facts, the log {}", found.facts, store.log_position());
            findings.add(Wrong::Mismatch, detail);
        }
        store.shutdown()?;
    }
    Ok(())
}

/// Waits until metrics that came late have everybody in their sums.
fn wait_for_late_metrics(store: &Store) -> anyhow::Result<()> {
    let since = Instant::now();
    while store.catalog().get(DRAWN).is_some()
        && !store.aggregates(DRAWN, None)?.aggregates.rebuilding.is_empty()
    {
        ensure!(since.elapsed() < PATIENCE, "metrics that came late are not ready after {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// Deletes what was folded, if there is something.
pub(crate) fn remove_state(folder: &Path) -> anyhow::Result<()> {
    match std::fs::remove_file(folder.join("state.redb")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Goes through the log: everything acknowledged is there once, what was refused is not, what was never
/// answered is there once or not at all, and there is nothing else.
pub(crate) fn audit_log(
    folder: &Path,
    ledgers: &[Ledger],
    changes: &Changes,
    findings: &Findings,
) -> anyhow::Result<()> {
    let mut found = Found::default();
    log::read(folder, |record| found.take(record, ledgers, findings))?;
    for entry in ledgers.iter().flat_map(Ledger::entries) {
        let copies = found.copies.get(&entry.fact.mark).copied().unwrap_or(0);
        let fact = &entry.fact;
        match (&entry.standing, copies) {
            (Standing::Acknowledged { .. }, 0) => findings.add(Wrong::Lost, format!("{fact:?}")),
            (Standing::Refused, 1..) => {
                findings.add(Wrong::Mismatch, format!("refused and there all the same: {fact:?}"));
            }
            (_, 2..) => findings.add(Wrong::Doubled, format!("{copies} times: {fact:?}")),
            _ => {}
        }
    }
    for (customer, variant) in compare_variants(ledgers, findings) {
        match found.drawn.get(&customer).map(Vec::as_slice) {
            None => findings.add(Wrong::Lost, format!("that {customer} was assigned {variant}")),
            Some([logged]) if *logged == variant => {}
            Some(logged) => {
                findings
                    .add(Wrong::Mismatch, format!("{customer} was told {variant}, the log has {logged:?}"));
            }
        }
    }
    for (customer, logged) in &found.drawn {
        if logged.len() > 1 {
            findings.add(Wrong::Doubled, format!("the exposure of {customer} by assign: {logged:?}"));
        }
    }
    found.audit_changes(changes, findings);
    Ok(())
}

/// What the log has.
#[derive(Default)]
struct Found {
    /// By mark.
    copies: HashMap<u64, usize>,
    /// Customer → variants of the exposures that `assign` recorded.
    drawn: BTreeMap<String, Vec<String>>,
    /// Experiment → its versions, in the order of the log.
    versions: BTreeMap<String, Vec<u32>>,
    /// Experiment → its steps, in the order of the log.
    steps: BTreeMap<String, Vec<u8>>,
}

impl Found {
    fn take(&mut self, record: Record, ledgers: &[Ledger], findings: &Findings) {
        match record {
            Record::Definition { key, version } => self.versions.entry(key).or_default().push(version),
            Record::Step { key, step } => self.steps.entry(key).or_default().push(step),
            Record::Fact(fact) if fact.by_assign && fact.experiment.as_deref() == Some(DRAWN) => {
                self.drawn.entry(fact.customer).or_default().push(fact.name);
            }
            Record::Fact(fact) => {
                let sent = fact.mark.and_then(|mark| ledgers.get(Ledger::writer_of(mark))?.get(mark));
                match sent {
                    None => findings.add(Wrong::Mismatch, format!("nobody sent {fact:?}")),
                    Some(entry) => {
                        *self.copies.entry(entry.fact.mark).or_default() += 1;
                        if !is_as_sent(&fact, &entry.fact, &entry.standing) {
                            let detail = format!("sent {:?}, logged {fact:?}", entry.fact);
                            findings.add(Wrong::Mismatch, detail);
                        }
                    }
                }
            }
        }
    }

    fn audit_changes(&self, changes: &Changes, findings: &Findings) {
        let mut wanted: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        if changes.versions > 0 {
            wanted.insert(MET.to_owned(), (1, 1));
            wanted.insert(DRAWN.to_owned(), (changes.versions, 1));
        }
        for (number, stage) in changes.stages.iter().enumerate().filter(|(_, stage)| **stage > 0) {
            wanted.insert(key(number), (1, stage - 1));
        }
        let none = (0, 0);
        for name in wanted.keys().chain(self.versions.keys()).chain(self.steps.keys()) {
            let (versions, steps) = wanted.get(name).unwrap_or(&none);
            let found_versions = self.versions.get(name).map(Vec::as_slice).unwrap_or_default();
            let found_steps = self.steps.get(name).map(Vec::as_slice).unwrap_or_default();
            if found_versions.len() < *versions || found_steps.len() < *steps {
                let detail =
                    format!("{name} has {found_versions:?} and {found_steps:?} of {versions} and {steps}");
                findings.add(Wrong::Lost, detail);
            }
            let in_order = found_versions.iter().copied().eq(1..=found_versions.len() as u32)
                && found_steps.iter().copied().eq(1..=found_steps.len() as u8);
            // One change at most was under way when the last server was killed.
            let further =
                found_versions.len().saturating_sub(*versions) + found_steps.len().saturating_sub(*steps);
            if !in_order || further > 1 || found_steps.len() >= STAGES.len() {
                let detail =
                    format!("{name} has the versions {found_versions:?} and the steps {found_steps:?}");
                findings.add(Wrong::Mismatch, detail);
            }
        }
    }
}

fn is_as_sent(logged: &LoggedFact, sent: &Fact, standing: &Standing) -> bool {
    let (experiment, name, value) = match &sent.content {
        Content::Met { variant } => (Some(MET), variant.as_str(), None),
        Content::Did { event, value } => (None, *event, *value),
    };
    let id_fits = match (&sent.id, standing) {
        (Some(id), _) => !logged.made_id && logged.id == *id,
        // The id that was told is the one that is there.
        (None, Standing::Acknowledged { made_id }) => logged.made_id && made_id.as_ref() == Some(&logged.id),
        (None, _) => logged.made_id,
    };
    id_fits
        && logged.customer == sent.customer
        && logged.experiment.as_deref() == experiment
        && logged.name == name
        && logged.value == value
        && logged.at == sent.at
}
