//! What happened, on disk, and the exact sums that are always ready.
//!
//! The log is the truth; everything else is a fold of it. [`Store::submit`] proposes facts: one writer
//! thread decides about them, appends what is new, and answers once it is on disk. One folder thread
//! behind it keeps the sums that [`Store::aggregates`] reads. `docs/storage-format.md` has the bytes.

mod acting;
mod admit;
mod aggregate;
mod api_key;
mod api_key_text;
mod api_key_writer;
mod apply;
mod audit;
mod audit_check;
mod backfill;
mod backup;
mod batch;
mod bytes;
mod catalog;
mod catalog_record;
mod catalog_writer;
mod change;
mod check;
mod clock;
mod command;
mod commit_room;
mod disk;
mod erase;
mod erasing;
mod erasures;
mod error;
mod fast_hash;
mod fold;
mod key;
mod known;
mod kpis;
mod late;
mod layer_parts;
mod links;
mod memory;
mod metric_hash;
mod nearest;
mod open;
mod overlay;
mod pending;
mod position;
mod proposal;
mod reader;
mod reading;
mod received;
mod record;
mod recover;
mod restore;
mod row;
mod rules;
mod shared;
mod space;
mod stored;
mod sums;
mod sums_version;
mod swap;
mod sweep;
mod tables;
mod transfer;
mod verify;
mod walk;
mod writer;

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{SyncSender, TrySendError};
use std::thread::JoinHandle;

use arc_swap::Guard;
use experiment_core::time::Day;
use hdrhistogram::Histogram;
use tokio::sync::oneshot;

pub use acting::Acting;
pub use admit::{MAX_AHEAD, MAX_EVENT_NAMES, MAX_EVENTS_PER_CUSTOMER, MAX_EXPOSURES_PER_CUSTOMER};
#[cfg(test)]
pub(crate) use api_key::key_with_role;
pub use api_key::{
    ApiKey, ApiKeys, Expires, KeyChanged, KeyError, KeyState, MAX_KEYS, NewKey, Role, RoleError, Rotation,
};
#[cfg(test)]
pub(crate) use api_key_text::work;
pub use api_key_text::{KEY_PREFIX, KeyHash, KeyId, KeyText, has_key_form};
pub use audit::{Audit, AuditEntry, AuditKind, MAX_WHO_BYTES};
pub use backup::{Backup, BackupError, back_up_folder};
pub(crate) use bytes::hex;
pub use catalog::{Catalog, Entry, MAX_EXPERIMENTS, SharedCatalog, Step, Version};
pub use change::{Change, Defined, Expected, Stepped};
pub use check::{MAX_ATTRIBUTES_BYTES, MAX_ID_BYTES};
pub use clock::{Clock, system_clock};
pub use disk::{
    DEFAULT_RESERVE_SHARE, Directory, Disk, LEAST_DEFAULT_RESERVE, MOST_DEFAULT_RESERVE, holds_store,
    sync_folder,
};
pub use erase::{CustomerHash, Erasure, Erasures};
pub use error::{CatalogError, IntakeError, ReapplyError, StoreError};
pub use kpis::KpiError;
pub use layer_parts::{LayerPart, LayerView};
pub use memory::Remembered;
pub use pending::{FromIntake, Pending};
pub use proposal::{
    Accepted, Attributes, Outcome, Proposal, ProposedAssign, ProposedEvent, ProposedExposure, Refusal,
    RefusalCode,
};
pub use reading::{Counters, Readiness, Reading, SeenExposure, Verification};
pub use restore::{RestoreError, check_backup, restore};
pub use shared::{MAX_LAG, MAX_QUEUED_FACTS};
pub use space::{RoomFor, Shortage, Space};
#[doc(hidden)]
pub use stored::Stored;
pub use sums_version::SumsVersion;
pub use transfer::{
    ExportError, ExportFormat, Exported, ImportError, ImportNews, Imported, LineError, check_export_line,
};
pub use walk::Pace;

use command::Command;
use commit_room::CommitRoom;
use shared::{SharedStore, Stop};

/// Most proposals in one [`Store::submit`].
pub const MAX_PROPOSALS: usize = 10_000;

/// The facts of one folder. Share it as `Arc<Store>`; every method takes `&self`. The folder is free for
/// others once it is dropped.
#[derive(Debug)]
pub struct Store {
    shared: SharedStore,
    /// `None` only while dropping.
    queue: Option<SyncSender<Command>>,
    threads: Mutex<Threads>,
}

#[derive(Debug, Default)]
struct Threads {
    writer: Option<JoinHandle<()>>,
    folder: Option<JoinHandle<()>>,
}

impl Store {
    /// Proposes facts. The answer has one outcome a proposal, in their order, and comes when everything
    /// it says is on disk.
    pub fn submit(&self, proposals: Vec<Proposal>) -> Pending<Vec<Outcome>, IntakeError> {
        let count = proposals.len();
        if count > MAX_PROPOSALS {
            return Pending::refused(IntakeError::TooMany { count, most: MAX_PROPOSALS });
        }
        self.send(count, |reply| Command::Facts { proposals, reply })
    }

    /// All experiments, as of the last commit. Takes no lock.
    #[must_use]
    pub fn catalog(&self) -> Arc<Catalog> {
        self.shared.catalog.load_full()
    }

    /// All keys, as of the last commit. Takes no lock.
    #[must_use]
    pub fn api_keys(&self) -> impl std::ops::Deref<Target = Arc<ApiKeys>> + use<> {
        let keys: Guard<Arc<ApiKeys>> = self.shared.keys.load();
        keys
    }

    /// The index of the variant that this customer saw first, if an exposure to this experiment is known.
    /// May say `None` for an exposure of the last second: an assign proposal then settles it.
    ///
    /// # Errors
    /// [`StoreError::UnknownExperiment`], or the state can't be read.
    pub fn known_variant(&self, experiment: &str, customer: &str) -> Result<Option<usize>, StoreError> {
        let catalog = self.shared.catalog.load();
        let entry = known_entry(&catalog, experiment)?;
        let look_up = || reader::known_variant(&self.shared.state(), entry, customer);
        let known = self.shared.known.get_or_look_up(entry.number, customer, look_up)?;
        Ok(known.map(usize::from))
    }

    /// The sums of one experiment: now, or from the facts received by the end of `as_of`.
    ///
    /// # Errors
    /// [`StoreError::UnknownExperiment`] (also for one not yet defined by `as_of`), or the state can't
    /// be read.
    pub fn aggregates(&self, experiment: &str, as_of: Option<Day>) -> Result<Reading, StoreError> {
        let shared = &self.shared;
        reader::aggregates(&shared.log(), &shared.state(), || self.catalog(), experiment, as_of)
    }

    /// The folded exposures of one customer to one experiment, the first one first.
    ///
    /// # Errors
    /// [`StoreError::UnknownExperiment`], or the state can't be read.
    pub fn customer(&self, experiment: &str, customer: &str) -> Result<Vec<SeenExposure>, StoreError> {
        let catalog = self.shared.catalog.load();
        reader::customer(&self.shared.state(), known_entry(&catalog, experiment)?, customer)
    }

    /// Which sums of an experiment there are. Asked before they are read, it says later whether they are still the same.
    #[must_use]
    pub fn sums_version(&self, entry: &Entry) -> SumsVersion {
        self.shared.sums_versions.of(entry.number)
    }

    /// How many facts the sums include.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.shared.position()
    }

    /// Commits since the store was opened that changed what is no fact: override lists, keys.
    #[must_use]
    pub fn changes_beside_facts(&self) -> u64 {
        self.shared.changes_beside_facts.load(Ordering::Acquire)
    }

    /// How many facts the log has.
    #[must_use]
    pub fn log_position(&self) -> u64 {
        self.shared.log_position.load(Ordering::Acquire)
    }

    /// The day on which the first fact came that the sums do not include; none when they have all. Days before it are
    /// whole.
    ///
    /// # Errors
    /// The log can't be read.
    pub fn first_day_behind(&self) -> Result<Option<Day>, StoreError> {
        let position = self.position();
        if position >= self.log_position() {
            return Ok(None);
        }
        received::day_of(&self.shared.log(), position).map(Some)
    }

    /// Waits until the sums include the facts `0..sequence`; hurries the folder.
    ///
    /// # Errors
    /// [`StoreError::Closed`] when the store closes meanwhile, [`StoreError::DiskFull`] when folding waits for
    /// room, or what stopped the folder.
    pub async fn wait_for(&self, sequence: u64) -> Result<(), StoreError> {
        let shared = &self.shared;
        shared.signal.wish(|wishes| wishes.awaited = wishes.awaited.max(sequence));
        self.wait_until(|| shared.position() >= sequence).await
    }

    /// [`Store::wait_for`] for threads outside a runtime.
    ///
    /// # Errors
    /// Likewise.
    pub fn wait_for_blocking(&self, sequence: u64) -> Result<(), StoreError> {
        pending::block_on(self.wait_for(sequence))
    }

    /// Whether some metric came late and does not count every customer yet.
    #[must_use]
    pub fn is_backfilling(&self) -> bool {
        self.shared.backfill.pending.load(Ordering::Acquire)
    }

    /// Waits until every metric that came late counts every customer. Such a metric is known here once its
    /// definition is folded: see [`Store::wait_for`].
    ///
    /// # Errors
    /// As [`Store::wait_for`].
    pub async fn wait_for_backfills(&self) -> Result<(), StoreError> {
        self.wait_until(|| !self.is_backfilling()).await
    }

    /// Takes one step of a walk over customers, where they are taken by hand ([`Pace::by_hand`]), and waits
    /// for it; nothing when no metric waits for one.
    ///
    /// # Errors
    /// As [`Store::wait_for`].
    pub fn step_backfill(&self) -> Result<(), StoreError> {
        let backfill = &self.shared.backfill;
        let wanted = backfill.steps.load(Ordering::Acquire) + 1;
        self.shared.signal.wish(|wishes| wishes.steps = wanted);
        pending::block_on(
            self.wait_until(|| backfill.steps.load(Ordering::Acquire) >= wanted || !self.is_backfilling()),
        )
    }

    /// Waits for something of the folder's that it publishes with its position.
    async fn wait_until(&self, reached: impl Fn() -> bool) -> Result<(), StoreError> {
        let shared = &self.shared;
        let mut folded = shared.folded.subscribe();
        loop {
            if reached() {
                return Ok(());
            }
            shared.check_folding()?;
            folded.changed().await.map_err(|_| StoreError::Closed)?;
        }
    }

    /// Whether intake is open, and how far a rebuild of the state has come.
    #[must_use]
    pub fn ready(&self) -> Readiness {
        let shared = &self.shared;
        let fold_error = shared.fold_error.get().map(StoreError::to_string);
        let commit_failed = shared.commit_failed.load(Ordering::Acquire);
        let failed = commit_failed.then(|| IntakeError::StoreFailed.to_string()).or(fold_error);
        let ready = failed.is_none() && !shared.rebuilding.load(Ordering::Acquire);
        Readiness { ready, failed, folded: shared.position(), of: shared.opened_at }
    }

    /// What is left of the disk; `None` where it can't tell. Asks it.
    #[must_use]
    pub fn space(&self) -> Option<Space> {
        self.shared.disk.space()
    }

    /// What the disk has no room for at the moment: intake, or only folding. It goes on by itself. Asks the disk.
    #[must_use]
    pub fn shortage(&self) -> Option<Shortage> {
        let commit = CommitRoom::of(&*self.shared.disk).check();
        commit.and_then(|()| self.shared.room(RoomFor::Folding).map(drop)).err()
    }

    /// What came in since the store was opened.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.shared.tally.read()
    }

    /// How many facts each commit since then had.
    #[must_use]
    pub fn commit_sizes(&self) -> Histogram<u64> {
        self.shared.tally.commit_facts.read()
    }

    /// How many facts wait for the writer.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.shared.queued.load(Ordering::Acquire)
    }

    /// Recounts every sum from the raw log, by another way than the folder's, and compares bit for bit.
    /// Holds all facts in memory while it works. Waits for erasures that are pending: until they are done the
    /// sums still include whom the log no longer has.
    ///
    /// # Errors
    /// [`StoreError`] when log or state can't be read, or [`StoreError::Closed`]; differences are no error.
    pub fn verify(&self) -> Result<Verification, StoreError> {
        loop {
            self.wait_for_erasures_blocking()?;
            let (log, state) = (self.shared.log(), self.shared.state());
            if let Some(found) = verify::verify(&log, &state)? {
                return Ok(found);
            }
        }
    }

    /// Answers what waits, folds what is logged, makes the state durable and ends both threads. Later
    /// calls of intake answer [`IntakeError::Closed`]. Blocks until done.
    ///
    /// # Errors
    /// What stopped the folder, if the state can't be written; the log is safe even then.
    pub fn shutdown(&self) -> Result<(), StoreError> {
        self.shared.closed.store(true, Ordering::Release);
        if let Some(queue) = &self.queue {
            // An error means that the writer has ended.
            let _ = queue.send(Command::Shutdown);
        }
        self.join(Stop::Drained);
        self.shared.fold_error.get().map_or(Ok(()), |error| Err(error.clone()))
    }

    fn send<T, E: FromIntake + Unpin>(
        &self,
        count: usize,
        command: impl FnOnce(oneshot::Sender<Result<T, E>>) -> Command,
    ) -> Pending<T, E> {
        match self.shared.check_intake() {
            Ok(()) => self.send_at_once(count, command),
            Err(error) => Pending::refused(error),
        }
    }

    /// The same for what needs no state: it may come while that is rebuilt or far behind.
    fn send_at_once<T, E: FromIntake + Unpin>(
        &self,
        count: usize,
        command: impl FnOnce(oneshot::Sender<Result<T, E>>) -> Command,
    ) -> Pending<T, E> {
        if let Err(error) = self.shared.check_open() {
            return Pending::refused(error);
        }
        let Some(queue) = &self.queue else { return Pending::refused(IntakeError::Closed) };
        let queued = &self.shared.queued;
        let busy = IntakeError::Busy { reason: "too much waits to be written" };
        if queued.fetch_add(count, Ordering::AcqRel) + count > MAX_QUEUED_FACTS {
            queued.fetch_sub(count, Ordering::AcqRel);
            return Pending::refused(busy);
        }
        let (reply, answer) = oneshot::channel();
        match queue.try_send(command(reply)) {
            Ok(()) => Pending::submitted(answer),
            Err(refused) => {
                queued.fetch_sub(count, Ordering::AcqRel);
                Pending::refused(match refused {
                    TrySendError::Full(_) => busy,
                    TrySendError::Disconnected(_) => IntakeError::Closed,
                })
            }
        }
    }

    /// Ends the writer, which must have been told, then the folder.
    fn join(&self, stop: Stop) {
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        for (thread, wish) in [(threads.writer.take(), None), (threads.folder.take(), Some(stop))] {
            if wish.is_some() {
                self.shared.signal.wish(|wishes| wishes.stop = wish);
            }
            if thread.is_some_and(|thread| thread.join().is_err()) {
                tracing::error!("a thread of the store panicked");
            }
        }
        // Wakes those who wait for a position that will not come.
        self.shared.folded.send_modify(|_| ());
    }
}

/// Ends the threads without folding further or making the state durable: the log has everything.
impl Drop for Store {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Release);
        self.queue = None;
        self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        self.join(Stop::AtOnce);
    }
}

fn known_entry<'a>(catalog: &'a Catalog, key: &str) -> Result<&'a Arc<Entry>, StoreError> {
    catalog.get(key).ok_or_else(|| StoreError::UnknownExperiment { key: key.to_owned() })
}
