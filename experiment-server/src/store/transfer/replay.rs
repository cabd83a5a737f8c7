//! The part of the writer that takes in facts of another log: each with the time at which it came there.

use std::sync::Arc;

use redb::{Table, WriteTransaction};

use super::super::admit::{Admission, Fault, MAX_AHEAD, check_run, experiment_and_variant};
use super::super::check;
use super::super::commit_room::CATALOG_BYTES;
use super::super::error::StoreError;
use super::super::overlay::PendingExposure;
use super::super::position::StateView;
use super::super::proposal;
use super::super::record::{EventRecord, ExposureRecord, Flags, Record};
use super::super::row::{Row, id_hash};
use super::super::writer::{Work, Writer};
use super::lists::{GroupValues, OverrideList, groups_without};

/// A fact of another log.
#[derive(Debug)]
pub(in crate::store) struct Replay {
    /// As it is stored.
    pub(super) record: Vec<u8>,
    /// What stands beside it.
    pub(super) beside: Beside,
}

impl Replay {
    /// About how many bytes it takes in the log.
    pub(in crate::store) fn bytes(&self) -> u64 {
        match self.beside {
            Beside::Nothing => self.record.len() as u64,
            Beside::Overrides(_) | Beside::Groups { .. } => CATALOG_BYTES,
        }
    }
}

/// What stands beside facts and belongs to some of them.
#[derive(Debug)]
pub(super) enum Beside {
    Nothing,
    /// A definition's override lists, if the file has any.
    Overrides(Option<Arc<OverrideList>>),
    /// The groups of what experiments share; whether they are those of its last version.
    Groups {
        groups: GroupValues,
        is_last: bool,
    },
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) enum Outcome {
    /// It is in the log now.
    New,
    /// It was there.
    Present,
    /// It contradicts what is there, or what it rests on is not there.
    Refused(String),
}

impl Writer {
    /// Decides about each fact in turn, and appends what is new.
    ///
    /// # Errors
    /// Only when the store can't be read or written: nothing of the batch may be answered then.
    pub(in crate::store) fn replay(
        &mut self,
        batch: &[Replay],
        work: &mut Work,
        state: &StateView,
        transaction: &WriteTransaction,
        facts: &mut Table<'_, u64, &'static [u8]>,
    ) -> Result<Vec<Outcome>, StoreError> {
        let now = (self.shared.clock)();
        let mut outcomes = Vec::with_capacity(batch.len());
        for fact in batch {
            let record = Record::decode(&fact.record)?;
            let received_at = record.received_at();
            if received_at > now.after(MAX_AHEAD) {
                let detail = format!("received_at: {received_at} is ahead of this machine's clock, {now}");
                outcomes.push(Outcome::Refused(format!("{detail}; mend: set the clock, or import it later")));
                continue;
            }
            // The log is in the order of receipt.
            let before = work.received_at;
            work.received_at = before.max(received_at);
            let outcome = match record {
                Record::Definition(record) => {
                    let Beside::Overrides(list) = &fact.beside else { return Err(mismatched()) };
                    let list = list.clone().map(|list| OverrideList::without(list, &self.erased));
                    self.replay_definition(&record, list.as_deref(), work, transaction, facts)?
                }
                Record::Catalog(record) => {
                    let Beside::Groups { groups, is_last } = &fact.beside else { return Err(mismatched()) };
                    let groups = groups_without(groups, &self.erased);
                    self.replay_catalog(&record, &groups, *is_last, work, transaction, facts)?
                }
                Record::Lifecycle(record) => self.replay_step(record, work, transaction, facts)?,
                Record::Exposure(record) => {
                    outcome(self.admission(work, state, facts)?.replay_exposure(&record))?
                }
                Record::Event(record) => outcome(self.admission(work, state, facts)?.replay_event(&record))?,
                // No line of an export is one.
                Record::Erased(_) | Record::Erasure(_) => return Err(mismatched()),
            };
            if outcome != Outcome::New {
                work.received_at = before;
            }
            outcomes.push(outcome);
        }
        Ok(outcomes)
    }
}

fn mismatched() -> StoreError {
    StoreError::Corrupt { what: "an import".to_owned(), detail: "lists stand beside other facts".to_owned() }
}

fn outcome(decided: Result<(), Fault>) -> Result<Outcome, StoreError> {
    match decided {
        Ok(()) => Ok(Outcome::New),
        Err(Fault::Settled(proposal::Outcome::Refused(refusal)) | Fault::Refused(refusal)) => {
            Ok(Outcome::Refused(refusal.to_string()))
        }
        Err(Fault::Settled(_)) => Ok(Outcome::Present),
        Err(Fault::Broken(error)) => Err(error),
    }
}

impl Admission<'_, '_> {
    fn check_erased(&self, customer: &str) -> Result<(), Fault> {
        if self.erased.holds(customer) { Err(check::erased().into()) } else { Ok(()) }
    }

    fn replay_event(&mut self, record: &EventRecord<'_>) -> Result<(), Fault> {
        self.check_erased(record.customer)?;
        let row = self.state.row(record.customer)?;
        let row = row.as_ref().map_or(Ok(Row::EMPTY), |row| Row::decode(row.value()))?;
        self.check_event_repeat(&row, record)?;
        self.check_event_room(&row, record.customer, record.name)?;
        self.buffer.clear();
        EventRecord { received_at: self.received_at, ..*record }.encode(self.buffer);
        let sequence = self.append()?;
        self.remember_name(record.name);
        self.overlay.push_event(record.customer, id_hash(record.id), sequence);
        Ok(())
    }

    fn replay_exposure(&mut self, record: &ExposureRecord<'_>) -> Result<(), Fault> {
        self.check_erased(record.customer)?;
        let catalog = self.catalog;
        let (entry, variant) = experiment_and_variant(catalog, record.experiment, record.variant)?;
        let seen = self.seen(record.customer)?;
        if let Some(sequence) = seen.with_id(entry.number, record.id) {
            return Err(self.settle_exposure(sequence, record));
        }
        // Its own server made sure that it was not dated before the start; here that may have come later.
        check_run(entry, record.moment.at)?;
        seen.check_room()?;
        self.buffer.clear();
        ExposureRecord { received_at: self.received_at, ..*record }.encode(self.buffer);
        let sequence = self.append()?;
        let is_override = record.flags.has(Flags::OVERRIDE);
        let (at, id) = (record.moment.at, record.id.into());
        let pending = PendingExposure { experiment: entry.number, variant, is_override, at, sequence, id };
        self.overlay.push_exposure(record.customer, pending);
        if !is_override {
            self.learn(entry, record.customer, None);
        }
        Ok(())
    }
}
