//! Opens a store.

use std::collections::HashSet;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use tokio::sync::watch;

use super::clock::Clock;
use super::error::StoreError;
use super::fold::Folder;
use super::known::KnownVariants;
use super::overlay::Overlay;
use super::recover;
use super::shared::{FoldSignal, MAX_LAG, Shared, Tally};
use super::tables::open_log;
use super::writer::{Command, QUEUE_LENGTH, Writer};
use super::{Store, Threads};

impl Store {
    /// Opens the store in `folder`, which is made if it is not there. Returns at once even when the state
    /// must be rebuilt: see [`Store::ready`].
    ///
    /// # Errors
    /// [`StoreError`]: the folder can't be used, is in use, is from a later version or is damaged.
    pub fn open(folder: &Path, clock: Clock) -> Result<Store, StoreError> {
        let unusable =
            |error: std::io::Error| StoreError::Folder { path: folder.to_owned(), detail: error.to_string() };
        std::fs::create_dir_all(folder).map_err(unusable)?;
        let log = open_log(folder)?;
        let head = recover::log_head(folder, &log, clock())?;
        let catalog = recover::catalog(&log)?;
        let recover::FoundState { database: state, position, is_new } = recover::state(folder, &log, &head)?;
        let rules = recover::rules(&log, &state, position.folded)?;

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

        let shared = Arc::new(Shared {
            log,
            state,
            clock,
            catalog: ArcSwap::from_pointee(catalog),
            known: KnownVariants::new(),
            log_position: AtomicU64::new(head.position),
            folded: watch::Sender::new(position.folded),
            opened_at: head.position,
            rebuilding: AtomicBool::new(rebuilding),
            commit_failed: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            fold_error: OnceLock::new(),
            queued: AtomicUsize::new(0),
            tally: Tally::default(),
            signal: FoldSignal::default(),
        });
        shared.signal.wish(|wishes| wishes.log_position = head.position);
        let id_prefix = head.id[..4].iter().map(|byte| format!("{byte:02x}")).collect();
        let writer = Writer::new(Arc::clone(&shared), overlay, names, head.last_received_at, id_prefix);
        let folder = Folder::new(Arc::clone(&shared), rules, position);
        let (queue, commands): (_, Receiver<Command>) = sync_channel(QUEUE_LENGTH);
        let mut store = Store { shared, queue: Some(queue), threads: Mutex::default() };
        let writer = spawn("store-writer", move || writer.run(&commands))?;
        // From here on dropping the store ends what was begun.
        store.threads = Mutex::new(Threads { writer: Some(writer), folder: None });
        let folder = spawn("store-folder", move || folder.run())?;
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
