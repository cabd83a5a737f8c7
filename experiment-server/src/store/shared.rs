//! What readers and the two threads share.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use hdrhistogram::Histogram;
use redb::Database;
use tokio::sync::watch;

use super::api_key::ApiKeys;
use super::catalog::Catalog;
use super::clock::Clock;
use super::command::Command;
use super::disk::Disk;
use super::error::{IntakeError, StoreError};
use super::known::KnownVariants;
use super::reading::Counters;
use super::space::{RoomFor, Shortage};
use super::sums_version::SumsVersions;

/// Facts that the folder may be behind before intake answers "busy". They are also what the overlay
/// holds in memory at most, about 100 bytes each.
pub const MAX_LAG: u64 = 2_000_000;
/// Facts that may wait in the queue.
pub const MAX_QUEUED_FACTS: usize = 200_000;

/// One store, as its threads see it.
pub(super) struct Shared {
    /// Where both files are.
    pub(super) disk: Arc<dyn Disk + Send + Sync>,
    /// Another one once the file was swapped: see [`Shared::log`].
    pub(super) log: ArcSwap<Database>,
    /// Likewise.
    pub(super) state: ArcSwap<Database>,
    pub(super) clock: Clock,
    /// As of the last commit.
    pub(super) catalog: ArcSwap<Catalog>,
    /// As of the last commit too.
    pub(super) keys: ArcSwap<ApiKeys>,
    /// Commits since the store was opened that changed something beside facts: override lists, keys.
    pub(super) changes_beside_facts: AtomicU64,
    pub(super) known: KnownVariants,
    /// How many facts the log has.
    pub(super) log_position: AtomicU64,
    /// How many facts are folded.
    pub(super) folded: watch::Sender<u64>,
    /// How many facts the log had when it was opened.
    pub(super) opened_at: u64,
    /// Intake waits for the state to be rebuilt.
    pub(super) rebuilding: AtomicBool,
    /// A commit failed.
    pub(super) commit_failed: AtomicBool,
    /// The store was closed.
    pub(super) closed: AtomicBool,
    /// What ended the folder, if it could not go on.
    pub(super) fold_error: OnceLock<StoreError>,
    /// The folder waits for room on the disk.
    pub(super) fold_waits: AtomicBool,
    /// Facts in the queue.
    pub(super) queued: AtomicUsize,
    pub(super) tally: Tally,
    pub(super) backfill: BackfillState,
    pub(super) sums_versions: SumsVersions,
    pub(super) erasures: PendingErasures,
    pub(super) signal: FoldSignal,
    /// The writer's queue, for the folder; taken away when the store ends.
    pub(super) queue: Mutex<Option<SyncSender<Command>>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let folded = *self.folded.borrow();
        f.debug_struct("Store").field("log_position", &self.log_position).field("folded", &folded).finish()
    }
}

impl Shared {
    /// Whether anything can be written.
    pub(super) fn check_open(&self) -> Result<(), IntakeError> {
        if self.commit_failed.load(Ordering::Acquire) {
            return Err(IntakeError::StoreFailed);
        }
        if self.closed.load(Ordering::Acquire) {
            return Err(IntakeError::Closed);
        }
        Ok(())
    }

    /// Whether intake is open.
    pub(super) fn check_intake(&self) -> Result<(), IntakeError> {
        self.check_open()?;
        // What is said to pass in a moment does not where the folder waits for room.
        let busy = |reason| match self.room(RoomFor::Folding) {
            Err(shortage) => Err(IntakeError::DiskFull(shortage)),
            Ok(_) => Err(IntakeError::Busy { reason }),
        };
        if self.rebuilding.load(Ordering::Acquire) {
            return busy("the state is being rebuilt from the log");
        }
        let lag = self.log_position.load(Ordering::Acquire).saturating_sub(*self.folded.borrow());
        if lag > MAX_LAG {
            return busy("the fold is too far behind the log");
        }
        Ok(())
    }

    /// Bytes of the disk that may be written for something; without bound where the disk can't tell.
    pub(super) fn room(&self, room_for: RoomFor) -> Result<u64, Shortage> {
        self.disk.space().map_or(Ok(u64::MAX), |space| space.room(room_for, 0))
    }

    /// Whether the folder goes on.
    ///
    /// # Errors
    /// It does not: what stopped it, that the store is closed, or that it waits for room.
    pub(super) fn check_folding(&self) -> Result<(), StoreError> {
        if let Some(error) = self.fold_error.get() {
            return Err(error.clone());
        }
        if self.closed.load(Ordering::Acquire) {
            return Err(StoreError::Closed);
        }
        if self.fold_waits.load(Ordering::Acquire) {
            // Where there is room by now, the folder is about to see it.
            self.room(RoomFor::Folding).map_err(StoreError::DiskFull)?;
        }
        Ok(())
    }

    /// The log. Keep it for as long as what is read through it, and no longer: after a swap it is the old file.
    pub(super) fn log(&self) -> Arc<Database> {
        self.log.load_full()
    }

    /// The state; likewise.
    pub(super) fn state(&self) -> Arc<Database> {
        self.state.load_full()
    }

    /// How many facts the log has.
    pub(super) fn log_position(&self) -> u64 {
        self.log_position.load(Ordering::Acquire)
    }

    /// The next answers about the customer come from the table.
    pub(super) fn forget_customer(&self, customer: &str) {
        self.catalog.load().iter().for_each(|entry| self.known.forget(entry.number, customer));
    }

    /// Puts a command of the folder's in the queue; gives it back when the queue is full or gone.
    pub(super) fn ask_writer(&self, command: Command) -> Result<(), Command> {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(queue) = queue.as_ref() else { return Err(command) };
        queue.try_send(command).map_err(|refused| match refused {
            TrySendError::Full(command) | TrySendError::Disconnected(command) => command,
        })
    }

    /// How many facts are folded.
    pub(super) fn position(&self) -> u64 {
        *self.folded.borrow()
    }
}

/// How far the folder is with metrics that came late.
#[derive(Debug, Default)]
pub(super) struct BackfillState {
    /// Some metric is not complete.
    pub(super) pending: AtomicBool,
    /// Steps taken since opening.
    pub(super) steps: AtomicU64,
}

/// Erasures whose last bytes are still there.
#[derive(Debug, Default)]
pub(super) struct PendingErasures {
    /// One past the last of them; 0 when there is none. Only the writer sets it.
    until: AtomicU64,
    /// The last attempt to remove their bytes failed; it is tried again.
    failed: AtomicBool,
    /// Those of this process, each with its place in the log: what memory must forget once the state has.
    customers: Mutex<Vec<(u64, String)>>,
}

impl PendingErasures {
    /// Those that a log had when it was opened.
    pub(super) fn new(until: u64) -> PendingErasures {
        PendingErasures { until: AtomicU64::new(until), ..PendingErasures::default() }
    }

    /// One past the last of them; 0 when there is none.
    pub(super) fn pending(&self) -> u64 {
        self.until.load(Ordering::Acquire)
    }

    /// Notes where the last of them is.
    pub(super) fn set(&self, until: u64) {
        self.until.store(until, Ordering::Release);
    }

    /// Whether the last attempt to remove their bytes failed.
    pub(super) fn have_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    /// Notes whether the last attempt failed.
    pub(super) fn set_failed(&self, failed: bool) {
        self.failed.store(failed, Ordering::Release);
    }

    /// Notes customers who were erased.
    pub(super) fn note(&self, customers: Vec<(u64, String)>) {
        self.customers.lock().unwrap_or_else(PoisonError::into_inner).extend(customers);
    }

    /// Gives those before `begun` to `forget` and drops them.
    pub(super) fn forget(&self, begun: u64, forget: impl Fn(&str)) {
        let mut customers = self.customers.lock().unwrap_or_else(PoisonError::into_inner);
        customers.retain(|(sequence, customer)| {
            let is_gone = *sequence < begun;
            if is_gone {
                forget(customer);
            }
            !is_gone
        });
    }
}

/// Counters since opening.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) commits: AtomicU64,
    pub(super) facts: AtomicU64,
    pub(super) duplicates: AtomicU64,
    pub(super) known: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) future_clamped: AtomicU64,
    pub(super) folds: AtomicU64,
    pub(super) commit_facts: CommitSizes,
}

/// How many facts the commits had.
#[derive(Debug)]
pub(super) struct CommitSizes(Mutex<Histogram<u64>>);

impl Default for CommitSizes {
    fn default() -> CommitSizes {
        let sizes = Histogram::new(2).unwrap_or_else(|_| unreachable!("two digits are allowed"));
        CommitSizes(Mutex::new(sizes))
    }
}

impl CommitSizes {
    /// Counts a commit.
    pub(super) fn count(&self, facts: u64) {
        // Only a histogram that can't grow refuses a value.
        let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).record(facts);
    }

    /// All of them.
    pub(super) fn read(&self) -> Histogram<u64> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Tally {
    /// Their values now.
    pub(super) fn read(&self) -> Counters {
        let value = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counters {
            commits: value(&self.commits),
            facts: value(&self.facts),
            duplicates: value(&self.duplicates),
            known: value(&self.known),
            refused: value(&self.refused),
            future_clamped: value(&self.future_clamped),
            folds: value(&self.folds),
        }
    }
}

/// Adds to a counter.
pub(super) fn count(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

/// Wakes the folder.
#[derive(Debug, Default)]
pub(super) struct FoldSignal {
    wishes: Mutex<Wishes>,
    changed: Condvar,
}

/// What others want of the folder.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wishes {
    /// There are facts up to here.
    pub(super) log_position: u64,
    /// Somebody waits for this position.
    pub(super) awaited: u64,
    /// How many steps of walks may be taken in all, where they are taken by hand.
    pub(super) steps: u64,
    /// How to end, if it shall end.
    pub(super) stop: Option<Stop>,
}

/// How a thread shall end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// With everything folded and durable.
    Drained,
    /// As it stands.
    AtOnce,
}

impl FoldSignal {
    /// Changes the wishes and wakes the folder.
    pub(super) fn wish(&self, change: impl FnOnce(&mut Wishes)) {
        // A panic while holding the lock leaves three plain numbers: they are sound.
        change(&mut self.wishes.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_all();
    }

    /// Sleeps until `enough` or for `at_most`; says what is wished then.
    pub(super) fn wait(&self, at_most: Duration, enough: impl Fn(&Wishes) -> bool) -> Wishes {
        let wishes = self.wishes.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(wishes, at_most, |wishes| !enough(wishes));
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// A handle to what the threads share.
pub(super) type SharedStore = Arc<Shared>;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use experiment_core::time::Timestamp;

    use super::super::Store;
    use super::*;

    #[test]
    fn a_fold_too_far_behind_closes_intake_until_it_has_caught_up() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), Arc::new(|| Timestamp(0))).unwrap();
        let shared = &store.shared;
        let behind = |facts| {
            shared.log_position.store(facts, Ordering::Release);
            shared.check_intake()
        };
        assert_eq!(behind(MAX_LAG), Ok(()));
        let refused = behind(MAX_LAG + 1).unwrap_err();
        assert_eq!(refused, IntakeError::Busy { reason: "the fold is too far behind the log" });
        assert_eq!(behind(0), Ok(()));
    }
}
