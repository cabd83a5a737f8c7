//! Opens a store.

use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::audit::Tail;
use super::backfill::is_pending;
use super::clock::Clock;
use super::command::Command;
use super::disk::{Directory, Disk};
use super::erase;
use super::error::StoreError;
use super::fold::Folder;
use super::known::KnownVariants;
use super::overlay::Overlay;
use super::recover;
use super::shared::{BackfillState, FoldSignal, MAX_LAG, PendingErasures, Shared, Tally};
use super::sums_version::SumsVersions;
use super::swap;
use super::walk::{Pace, Walker};
use super::writer::{QUEUE_LENGTH, Writer};
use super::{Store, Threads};

impl Store {
    /// Opens the store in `folder`, which is made if it is not there. Returns at once even when the state
    /// must be rebuilt: see [`Store::ready`].
    ///
    /// # Errors
    /// [`StoreError`]: the folder can't be used, is in use, is from a later version or is damaged.
    pub fn open(folder: &Path, clock: Clock) -> Result<Store, StoreError> {
        Store::open_at(folder, clock, Pace::default())
    }

    /// [`Store::open`] at another pace of counting metrics that came late.
    ///
    /// # Errors
    /// Likewise.
    pub fn open_at(folder: &Path, clock: Clock, pace: Pace) -> Result<Store, StoreError> {
        Store::open_on(Arc::new(Directory::make(folder)?), clock, pace)
    }

    /// Opens the store whose files lie on `disk`: [`Store::open_at`] for disks that are no folder.
    ///
    /// # Errors
    /// Likewise.
    pub fn open_on(disk: Arc<dyn Disk + Send + Sync>, clock: Clock, pace: Pace) -> Result<Store, StoreError> {
        let log = recover::log(&*disk, clock())?;
        swap::remove_copies(&*disk)?;
        let head = recover::log_head(&*disk, &log)?;
        let catalog = recover::catalog(&log)?;
        let keys = recover::api_keys(&log)?;
        let erasures = erase::recover(&log)?;
        let audit = Tail::recover(&log)?;
        let recover::FoundState { database: state, position, begun, is_new } =
            recover::state(&*disk, &log, &head, erasures.done)?;
        let rules = recover::rules(&log, &state, position.folded)?;
        let walk = recover::walk(&state)?;

        // A short tail is remembered; a long one is folded before intake opens.
        let tail = head.position - position.folded;
        let rebuilding = tail > 0 && (is_new || tail > MAX_LAG);
        let mut overlay = Overlay::new(random()?);
        let mut names = None;
        if !rebuilding {
            let mut known: HashSet<String> = recover::event_names(&state)?;
            recover::refill(&log, &catalog, position.folded, &mut overlay, &mut known)?;
            names = Some(known);
        }

        let (queue, commands): (_, Receiver<Command>) = sync_channel(QUEUE_LENGTH);
        let shared = Arc::new(Shared {
            disk,
            log: ArcSwap::from_pointee(log),
            state: ArcSwap::from_pointee(state),
            clock,
            catalog: ArcSwap::from_pointee(catalog),
            keys: ArcSwap::from_pointee(keys),
            known: KnownVariants::new(),
            log_position: AtomicU64::new(head.position),
            folded: watch::Sender::new(position.folded),
            opened_at: head.position,
            rebuilding: AtomicBool::new(rebuilding),
            commit_failed: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            fold_error: OnceLock::new(),
            fold_waits: AtomicBool::new(false),
            queued: AtomicUsize::new(0),
            tally: Tally::default(),
            backfill: BackfillState { pending: AtomicBool::new(is_pending(&rules)), ..Default::default() },
            sums_versions: SumsVersions::default(),
            changes_beside_facts: AtomicU64::new(0),
            erasures: PendingErasures::new(erasures.pending),
            signal: FoldSignal::default(),
            queue: Mutex::new(Some(queue.clone())),
        });
        shared.signal.wish(|wishes| wishes.log_position = head.position);
        let writer = Writer::new(Arc::clone(&shared), overlay, names, erasures, audit, &head);
        let walker = Walker::new(pace, walk);
        let folder = Folder::new(Arc::clone(&shared), rules, position, begun, walker);
        let mut store = Store { shared, queue: Some(queue), threads: Mutex::default() };
        let failed = Arc::clone(&store.shared);
        let writer = spawn("store-writer", move || {
            if catch_unwind(AssertUnwindSafe(|| writer.run(&commands))).is_err() {
                failed.commit_failed.store(true, Ordering::Release);
            }
        })?;
        // From here on dropping the store ends what was begun.
        store.threads = Mutex::new(Threads { writer: Some(writer), folder: None });
        let failed = Arc::clone(&store.shared);
        let folder = spawn("store-folder", move || {
            if catch_unwind(AssertUnwindSafe(|| folder.run())).is_err() {
                let detail = "it came upon a fault of its own, see the log".to_owned();
                let _ = failed.fold_error.set(StoreError::Io { what: "folding", detail });
                failed.folded.send_modify(|_| ());
            }
        })?;
        if let Ok(threads) = store.threads.get_mut() {
            threads.folder = Some(folder);
        }
        Ok(store)
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, StoreError> {
    let builder = std::thread::Builder::new().name(name.to_owned());
    builder
        .spawn(work)
        .map_err(|error| StoreError::Io { what: "starting a thread", detail: error.to_string() })
}

fn random() -> Result<u64, StoreError> {
    getrandom::u64().map_err(|error| StoreError::Io { what: "drawing a seed", detail: error.to_string() })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::atomic::Ordering;

    use experiment_core::time::Timestamp;
    use redb::backends::InMemoryBackend;
    use redb::{Builder, Database, DatabaseError, StorageBackend};

    use super::*;
    use crate::store::tables::STATE_FILE;
    use crate::store::{IntakeError, Outcome, Proposal, ProposedEvent, Space};

    /// A folder whose log can be made to fail.
    struct FailingDisk {
        folder: Directory,
        fails: Arc<AtomicBool>,
        syncs: Arc<AtomicU64>,
    }

    impl Disk for FailingDisk {
        fn path(&self, file: &str) -> PathBuf {
            self.folder.path(file)
        }

        fn exists(&self, file: &str) -> Result<bool, std::io::Error> {
            self.folder.exists(file)
        }

        fn open(&self, file: &str, builder: &Builder) -> Result<Database, DatabaseError> {
            if file == STATE_FILE {
                return self.folder.open(file, builder);
            }
            let (fails, syncs) = (Arc::clone(&self.fails), Arc::clone(&self.syncs));
            builder.create_with_backend(Failing { disk: InMemoryBackend::new(), fails, syncs })
        }

        fn remove(&self, file: &str) -> Result<(), std::io::Error> {
            self.folder.remove(file)
        }

        /// The log has no file that could get another name.
        fn rename(&self, _: &str, _: &str) -> Result<(), std::io::Error> {
            Ok(())
        }

        fn size(&self, file: &str) -> Result<u64, std::io::Error> {
            self.folder.size(file)
        }

        fn space(&self) -> Option<Space> {
            None
        }
    }

    #[derive(Debug)]
    struct Failing {
        disk: InMemoryBackend,
        fails: Arc<AtomicBool>,
        syncs: Arc<AtomicU64>,
    }

    impl Failing {
        fn check(&self) -> Result<(), std::io::Error> {
            if self.fails.load(Ordering::SeqCst) { Err(std::io::Error::other("no disk")) } else { Ok(()) }
        }
    }

    impl StorageBackend for Failing {
        fn len(&self) -> Result<u64, std::io::Error> {
            self.disk.len()
        }

        fn read(&self, offset: u64, out: &mut [u8]) -> Result<(), std::io::Error> {
            self.disk.read(offset, out)
        }

        fn set_len(&self, len: u64) -> Result<(), std::io::Error> {
            self.check()?;
            self.disk.set_len(len)
        }

        fn sync_data(&self) -> Result<(), std::io::Error> {
            self.check()?;
            self.syncs.fetch_add(1, Ordering::SeqCst);
            self.disk.sync_data()
        }

        fn write(&self, offset: u64, data: &[u8]) -> Result<(), std::io::Error> {
            self.check()?;
            self.disk.write(offset, data)
        }
    }

    fn event(id: &str) -> Proposal {
        Proposal::Event(ProposedEvent {
            customer: "c".to_owned(),
            event: "order".to_owned(),
            id: Some(id.to_owned()),
            value: None,
            at: None,
            attributes: None,
        })
    }

    #[test]
    fn each_commit_is_one_sync_and_a_failed_one_closes_intake() {
        let folder = tempfile::tempdir().unwrap();
        let (fails, syncs) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let directory = Directory::make(folder.path()).unwrap();
        let disk = FailingDisk { folder: directory, fails: Arc::clone(&fails), syncs: Arc::clone(&syncs) };
        let store = Store::open_on(Arc::new(disk), Arc::new(|| Timestamp(5)), Pace::default()).unwrap();
        let before = syncs.load(Ordering::SeqCst);
        let outcomes = store.submit(vec![event("1"), event("2"), event("1")]).wait().unwrap();
        assert!(matches!(outcomes[..], [Outcome::Accepted(_), Outcome::Accepted(_), Outcome::Duplicate]));
        assert_eq!(syncs.load(Ordering::SeqCst) - before, 1);
        assert_eq!(store.submit(vec![event("2")]).wait(), Ok(vec![Outcome::Duplicate]));
        assert_eq!(syncs.load(Ordering::SeqCst) - before, 1, "nothing new, no commit");
        store.wait_for_blocking(2).unwrap();

        fails.store(true, Ordering::SeqCst);
        assert_eq!(store.submit(vec![event("1"), event("3")]).wait(), Err(IntakeError::StoreFailed));
        fails.store(false, Ordering::SeqCst);
        // Whether 3 is on disk shows after a restart; until then nothing is promised.
        assert_eq!(store.submit(vec![event("1")]).wait(), Err(IntakeError::StoreFailed));
        assert_eq!((store.log_position(), store.position()), (2, 2));
    }
}
