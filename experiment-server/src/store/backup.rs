//! A copy of the log as it was at one position, as a stream of bytes that says at its end whether it is whole.
//!
//! One read transaction sees every table as of one commit, while the writer goes on. The state is not
//! copied: it is a fold. `docs/storage-format.md` has the bytes.

use std::io::{self, Write};
use std::path::Path;

use experiment_core::time::Timestamp;
use redb::{
    Database, Key, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, TableError,
    TableHandle, Value,
};
use xxhash_rust::xxh3::Xxh3;

use super::Store;
use super::bytes::hex;
use super::disk::Directory;
use super::error::StoreError;
use super::recover::Identity;
use super::tables::{FACTS, KEYS, LOG_FILE, LOG_META, Trying, WithTable, each_log_table, open_log};

/// What every backup begins with.
pub(super) const MAGIC: &[u8; 18] = b"experiment backup\n";
/// Version of what follows.
pub(super) const BACKUP_FORMAT: u32 = 1;
/// A table begins: its name.
pub(super) const TABLE: u8 = 1;
/// A row of the table: key and value.
pub(super) const ROW: u8 = 2;
/// The end: how many rows there were, and the checksum of everything before it.
pub(super) const END: u8 = 3;
/// Rows between two words on how far it is.
pub(super) const ROWS_A_STEP: u64 = 10_000;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The random name of the log that was copied, in hexadecimal.
    pub log_id: String,
    /// How many facts: those at `0..facts`.
    pub facts: u64,
    /// How many rows in all tables together.
    pub rows: u64,
    /// How many keys, ended ones included.
    pub keys: u64,
    /// When it was made.
    pub made_at: Timestamp,
}

/// A backup was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The log can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The copy can't be written.
    #[error("the backup cannot be written; mend: make room or name another place")]
    Write(#[from] io::Error),
}

impl Store {
    /// Copies the log as it is now, facts that were acknowledged before included, while it goes on.
    /// `progress` is told how many facts of how many are copied.
    ///
    /// # Errors
    /// [`BackupError`]. What was written then lacks its end, and no restore takes it.
    pub fn back_up(
        &self,
        to: &mut dyn Write,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Backup, BackupError> {
        copy(&self.shared.log(), (self.shared.clock)(), to, progress)
    }
}

/// Copies the log of a folder that no process holds; nothing is folded for it.
///
/// # Errors
/// [`BackupError`]; [`StoreError::InUse`] when a process holds it.
pub fn back_up_folder(
    folder: &Path,
    now: Timestamp,
    to: &mut dyn Write,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Backup, BackupError> {
    let disk = Directory::make(folder)?;
    copy(&open_log(&disk, LOG_FILE)?, now, to, progress)
}

fn copy(
    log: &Database,
    made_at: Timestamp,
    to: &mut dyn Write,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Backup, BackupError> {
    let reading = log.begin_read().trying("reading the log")?;
    let meta = reading.open_table(LOG_META).trying("reading the log")?;
    let identity = Identity::read(Path::new(LOG_FILE), &meta)?.ok_or_else(|| StoreError::Corrupt {
        what: LOG_FILE.to_owned(),
        detail: "it was never begun".to_owned(),
    })?;
    let facts = reading.open_table(FACTS).trying("reading the log")?;
    let facts =
        ReadableTable::last(&facts).trying("reading the log")?.map_or(0, |(last, _)| last.value() + 1);
    let mut copying = Copying {
        to: Summed { to, sum: Xxh3::new() },
        reading: &reading,
        facts,
        rows: 0,
        keys: 0,
        names: Vec::new(),
        progress,
    };
    copying.begin(&identity, made_at)?;
    each_log_table(&mut copying)?;
    copying.check_tables()?;
    let (rows, keys) = (copying.rows, copying.keys);
    copying.end()?;
    Ok(Backup { log_id: hex(&identity.id), facts, rows, keys, made_at })
}

/// One copy in the making.
struct Copying<'a> {
    to: Summed<'a>,
    reading: &'a ReadTransaction,
    facts: u64,
    rows: u64,
    keys: u64,
    names: Vec<String>,
    progress: &'a mut dyn FnMut(u64, u64),
}

impl Copying<'_> {
    fn begin(&mut self, identity: &Identity, made_at: Timestamp) -> io::Result<()> {
        self.to.write(MAGIC)?;
        self.to.write(&BACKUP_FORMAT.to_le_bytes())?;
        self.to.write(&identity.format.to_le_bytes())?;
        self.to.write(&identity.id)?;
        self.to.write(&self.facts.to_le_bytes())?;
        self.to.write(&made_at.0.to_le_bytes())
    }

    /// A table that is not copied would be lost without a word.
    fn check_tables(&self) -> Result<(), StoreError> {
        for table in self.reading.list_tables().trying("reading the log")? {
            let name = table.name();
            if !self.names.iter().any(|known| known == name) {
                let detail = format!("it has a table {name:?} that this version does not know");
                return Err(StoreError::Corrupt { what: LOG_FILE.to_owned(), detail });
            }
        }
        Ok(())
    }

    fn end(mut self) -> io::Result<()> {
        self.to.write(&[END])?;
        self.to.write(&self.rows.to_le_bytes())?;
        let sum = self.to.sum.digest();
        self.to.write(&sum.to_le_bytes())?;
        self.to.to.flush()
    }
}

impl WithTable for Copying<'_> {
    type Error = BackupError;

    fn with<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), BackupError> {
        let name = table.name().to_owned();
        let rows = match self.reading.open_table(table) {
            Ok(rows) => rows,
            // Tables come with versions; an older log lacks them.
            Err(TableError::TableDoesNotExist(_)) => return Ok(()),
            Err(error) => return Err(error).trying("reading the log")?,
        };
        let (is_facts, is_keys) = (name == FACTS.name(), name == KEYS.name());
        self.to.write(&[TABLE])?;
        self.to.field(name.as_bytes())?;
        self.names.push(name);
        let mut copied = 0;
        for row in rows.iter().trying("reading the log")? {
            let (key, value) = row.trying("reading the log")?;
            self.to.write(&[ROW])?;
            self.to.field(K::as_bytes(&key.value()).as_ref())?;
            self.to.field(V::as_bytes(&value.value()).as_ref())?;
            copied += 1;
            if is_facts && copied % ROWS_A_STEP == 0 {
                (self.progress)(copied, self.facts);
            }
        }
        self.rows += copied;
        self.keys += if is_keys { copied } else { 0 };
        Ok(())
    }
}

/// Writes, and sums up what was written.
struct Summed<'a> {
    to: &'a mut dyn Write,
    sum: Xxh3,
}

impl Summed<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.to.write_all(bytes)
    }

    /// Bytes after their length.
    fn field(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        self.write(&length.to_le_bytes())?;
        self.write(bytes)
    }
}
