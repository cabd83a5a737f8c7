//! Puts a whole new file in the place of one whose free pages still hold what was erased.
//!
//! A database does not wipe the pages it frees, so what was erased is gone from a file only once its rows stand
//! in another. The copy is made beside the file under another name, is made durable, and takes the name over in
//! one step: a crash leaves the one file or the other, whole. Whoever reads the old file goes on reading it.

use std::sync::Arc;

use experiment_core::time::Timestamp;
use redb::{
    Database, Durability, Key, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition,
    TableHandle, Value, WriteTransaction,
};

use super::disk::Disk;
use super::error::StoreError;
use super::tables::{
    ERASURES, FACTS, LOG_COPY, LOG_FILE, STATE_COPY, STATE_FILE, Trying, WithTable, each_log_table,
    open_log_copy, open_state_copy,
};

/// Facts copied at once.
const STEP_FACTS: u64 = 50_000;

/// Removes what a sweep that was cut off left behind.
pub(super) fn remove_copies(disk: &dyn Disk) -> Result<(), StoreError> {
    [LOG_COPY, STATE_COPY].into_iter().try_for_each(|file| remove(disk, file))
}

/// Bytes that a copy of the log takes, about.
pub(super) fn log_size(disk: &dyn Disk) -> Result<u64, StoreError> {
    size(disk, LOG_FILE)
}

/// Bytes that a state that is folded again takes, about.
pub(super) fn state_size(disk: &dyn Disk) -> Result<u64, StoreError> {
    size(disk, STATE_FILE)
}

fn size(disk: &dyn Disk, file: &str) -> Result<u64, StoreError> {
    disk.size(file).map_err(|error| StoreError::Folder { path: disk.path(file), detail: error.to_string() })
}

/// Makes the file for a state that is folded again.
pub(super) fn new_state(disk: &dyn Disk) -> Result<Database, StoreError> {
    remove(disk, STATE_COPY)?;
    open_state_copy(disk)
}

/// Puts the new state in the place of the old one.
pub(super) fn put_state_in_place(disk: &dyn Disk) -> Result<(), StoreError> {
    put_in_place(disk, STATE_COPY, STATE_FILE)
}

/// Puts the new log in the place of the old one. After an error it is not known which of them a restart finds:
/// nothing more may be written to either.
pub(super) fn put_log_in_place(disk: &dyn Disk) -> Result<(), StoreError> {
    put_in_place(disk, LOG_COPY, LOG_FILE)
}

fn remove(disk: &dyn Disk, file: &str) -> Result<(), StoreError> {
    disk.remove(file).map_err(|error| StoreError::Folder { path: disk.path(file), detail: error.to_string() })
}

/// The name outlasts a power cut before anything is acknowledged from the new file.
fn put_in_place(disk: &dyn Disk, copy: &str, file: &str) -> Result<(), StoreError> {
    disk.rename(copy, file)
        .map_err(|error| StoreError::Folder { path: disk.path(file), detail: error.to_string() })
}

/// A copy of the log in the making: facts first, a step at a time, while the log goes on growing.
pub(super) struct LogCopy {
    disk: Arc<dyn Disk + Send + Sync>,
    database: Database,
    /// Facts copied.
    copied: u64,
    /// How many facts the log had when the copy was begun: what was erased later may be in it.
    since: u64,
    /// The state holds nothing of those who were erased before.
    clean: u64,
}

impl LogCopy {
    /// Begins a copy of a log that has `since` facts, beside a state begun when it had `clean`.
    pub(super) fn begin(
        disk: &Arc<dyn Disk + Send + Sync>,
        since: u64,
        clean: u64,
    ) -> Result<LogCopy, StoreError> {
        remove(&**disk, LOG_COPY)?;
        let database = open_log_copy(&**disk)?;
        Ok(LogCopy { disk: Arc::clone(disk), database, copied: 0, since, clean })
    }

    /// Copies on, up to the fact before `until`; says whether that was the last step.
    pub(super) fn step(&mut self, log: &Database, until: u64) -> Result<bool, StoreError> {
        let end = until.min(self.copied + STEP_FACTS);
        let reading = log.begin_read().trying("reading the log")?;
        let mut transaction = self.database.begin_write().trying("copying the log")?;
        transaction.set_durability(Durability::None).trying("copying the log")?;
        {
            let facts = reading.open_table(FACTS).trying("reading the log")?;
            let mut copy = transaction.open_table(FACTS).trying("copying the log")?;
            for row in ReadableTable::range(&facts, self.copied..end).trying("reading the log")? {
                let (sequence, record) = row.trying("reading the log")?;
                copy.insert(sequence.value(), record.value()).trying("copying the log")?;
            }
        }
        transaction.commit().trying("copying the log")?;
        self.copied = end;
        Ok(end == until)
    }

    /// Copies the rest of a log that nobody writes to meanwhile, and makes the copy durable. Of the erasures in
    /// it those are done, at `now`, that the state is clean of. `erased` is one past the last erasure.
    pub(super) fn finish(
        mut self,
        log: &Database,
        position: u64,
        erased: u64,
        now: Timestamp,
    ) -> Result<Database, StoreError> {
        if erased > self.since {
            // Some of what was copied has been erased meanwhile. The file is given up first: it is locked.
            let LogCopy { disk, database, clean, .. } = self;
            drop(database);
            self = LogCopy::begin(&disk, position, clean)?;
        }
        while !self.step(log, position)? {}
        let reading = log.begin_read().trying("reading the log")?;
        let mut transaction = self.database.begin_write().trying("copying the log")?;
        transaction.set_durability(Durability::Immediate).trying("copying the log")?;
        copy_beside_facts(&reading, &transaction)?;
        self.mark_done(&transaction, now)?;
        transaction.commit().trying("copying the log")?;
        Ok(self.database)
    }

    fn mark_done(&self, transaction: &WriteTransaction, now: Timestamp) -> Result<(), StoreError> {
        let mut erasures = transaction.open_table(ERASURES).trying("copying the log")?;
        let mut done = Vec::new();
        for row in erasures.iter().trying("copying the log")? {
            let (hash, row) = row.trying("copying the log")?;
            let (sequence, requested_at, erased_at) = row.value();
            if erased_at.is_none() && sequence < self.clean {
                done.push((hash.value().to_vec(), (sequence, requested_at, Some(now.0))));
            }
        }
        for (hash, row) in done {
            erasures.insert(hash.as_slice(), row).trying("copying the log")?;
        }
        Ok(())
    }
}

/// Copies every table of the log but the facts.
fn copy_beside_facts(log: &ReadTransaction, copy: &WriteTransaction) -> Result<(), StoreError> {
    let mut copying = CopyTables { log, copy, names: Vec::new() };
    each_log_table(&mut copying)?;
    for table in log.list_tables().trying("reading the log")? {
        // Better a log that is not swapped than one without a table.
        if !copying.names.iter().any(|known| known == table.name()) {
            let detail = format!("the table {:?} is not known", table.name());
            return Err(StoreError::Io { what: "copying the log", detail });
        }
    }
    Ok(())
}

struct CopyTables<'a> {
    log: &'a ReadTransaction,
    copy: &'a WriteTransaction,
    /// Those that were seen.
    names: Vec<String>,
}

impl WithTable for CopyTables<'_> {
    type Error = StoreError;

    fn with<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), StoreError> {
        self.names.push(table.name().to_owned());
        if table.name() == FACTS.name() {
            return Ok(());
        }
        let rows = self.log.open_table(table).trying("reading the log")?;
        let mut copy = self.copy.open_table(table).trying("copying the log")?;
        for row in rows.iter().trying("reading the log")? {
            let (key, value) = row.trying("reading the log")?;
            copy.insert(key.value(), value.value()).trying("copying the log")?;
        }
        Ok(())
    }
}
