//! Every table on one page, and how the two files are opened.
//!
//! `log.redb` is the truth and is written by the writer thread alone. `state.redb` is a fold of it,
//! written by the folder thread alone, and may be deleted at any time while the store is closed.
//! `docs/storage-format.md` spells out each byte.

use std::panic::{AssertUnwindSafe, catch_unwind};

use redb::{Builder, Database, DatabaseError, Key, StorageError, TableDefinition, Value};

use super::disk::Disk;
use super::error::StoreError;

/// The file of facts.
pub(super) const LOG_FILE: &str = "log.redb";
/// The file of facts as long as it is not whole: it gets its name once it can be opened after any crash.
pub(super) const UNFINISHED_LOG_FILE: &str = "log.redb.new";
/// The file of what was folded.
pub(super) const STATE_FILE: &str = "state.redb";
/// Format of `log.redb`. Any other is refused, but for those before it that are brought up on opening.
pub(super) const LOG_FORMAT: u32 = 4;
/// The format that lacks the table of keys, and nothing else.
const LOG_FORMAT_BEFORE_KEYS: u32 = 3;
/// The format that also lacks the tables of erasures and of the audit log, and nothing else.
pub(super) const LOG_FORMAT_BEFORE_ERASURE: u32 = 2;
/// A file that will take the place of [`LOG_FILE`] once it is whole.
pub(super) const LOG_COPY: &str = "log.redb.swap";
/// A file that will take the place of [`STATE_FILE`] once it is whole.
pub(super) const STATE_COPY: &str = "state.redb.swap";
/// Encoding of `state.redb` and meaning of its sums. Any other value means: fold again from zero.
pub(super) const FOLD_VERSION: u32 = 3;
/// Memory for pages of the log: appends touch few, admission reads back candidates for duplicates.
const LOG_CACHE_BYTES: usize = 64 << 20;
/// Memory for pages of the state: packed rows are read, extended and written in key order.
const STATE_CACHE_BYTES: usize = 256 << 20;

/// `log.redb`: one row, [`LOG_IDENTITY`] → format u32, log id 16 bytes, created i64.
pub(super) const LOG_META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
/// The row of [`LOG_META`].
pub(super) const LOG_IDENTITY: &str = "identity";
/// The row of [`LOG_META`] with the key of the erased customers' hashes, see [`super::erase::ErasureKey`].
pub(super) const LOG_ERASURE_KEY: &str = "erasure_key";
/// The row of [`LOG_META`] with the end of the audit log, see [`super::audit::Tail`].
pub(super) const LOG_AUDIT_TAIL: &str = "audit_tail";
/// `log.redb`: sequence → record. Never deleted, and never changed but for the facts of an erased customer,
/// which a marker overwrites.
pub(super) const FACTS: TableDefinition<u64, &[u8]> = TableDefinition::new("facts");
/// `log.redb`: sequence → record, the definition and life-cycle facts again, so that opening need not
/// read all.
pub(super) const CATALOG: TableDefinition<u64, &[u8]> = TableDefinition::new("catalog");
/// `log.redb`: (experiment key, customer) → variant key. QA lists; beside the facts, so that no
/// definition holds a customer's id.
pub(super) const OVERRIDES: TableDefinition<(&str, &str), &str> = TableDefinition::new("overrides");
/// `log.redb`: group → its values as a JSON list. Beside the facts too, since they may be customers' ids.
pub(super) const GROUPS: TableDefinition<&str, &str> = TableDefinition::new("groups");
/// `log.redb`: keyed hash of a customer's id → sequence of the erasure, when it came, and when the last of the
/// customer's bytes went.
pub(super) const ERASURES: TableDefinition<&[u8], (u64, i64, Option<i64>)> = TableDefinition::new("erasures");
/// `log.redb`: (experiment number, received day of the first exposure, day of the erasure) → how many customers
/// were erased.
pub(super) const ERASED_CUSTOMERS: TableDefinition<(u32, i32, i32), u64> =
    TableDefinition::new("erased_customers");
/// `log.redb`: number → [`super::audit::AuditEntry`].
pub(super) const AUDIT: TableDefinition<u64, &[u8]> = TableDefinition::new("audit");

/// `log.redb`: id of a key → [`super::api_key::ApiKey`]. Never the key itself.
pub(super) const KEYS: TableDefinition<u64, &[u8]> = TableDefinition::new("keys");

/// `state.redb`: one row, [`STATE_POSITION`] → [`super::position::Position`].
pub(super) const STATE_META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
/// The row of [`STATE_META`].
pub(super) const STATE_POSITION: &str = "position";
/// The row of [`STATE_META`] that says how many facts the log had when this fold was begun, as `u64`: what was
/// erased before is not in it.
pub(super) const STATE_BEGUN: &str = "begun";
/// `state.redb`: number → event name, in the order of first use.
pub(super) const EVENT_NAMES: TableDefinition<u32, &str> = TableDefinition::new("event_names");
/// `state.redb`: (experiment number, dimension, value number) → received day first seen i32, value.
pub(super) const DIMENSION_VALUES: TableDefinition<(u32, u16, u16), (i32, &str)> =
    TableDefinition::new("dimension_values");
/// `state.redb`: customer id → packed row, see [`super::row`].
pub(super) const CUSTOMERS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("customers");
/// `state.redb`: [`super::key::CellKey`] → moments.
pub(super) const AGGREGATES: TableDefinition<&[u8], &[u8]> = TableDefinition::new("aggregates");
/// `state.redb`: the same with the received day in it → what that day changed.
pub(super) const DELTAS: TableDefinition<&[u8], &[u8]> = TableDefinition::new("deltas");
/// `state.redb`: [`super::key::PlaceKey`] → how many customers are counted there.
pub(super) const COUNTS: TableDefinition<&[u8], i64> = TableDefinition::new("counts");
/// `state.redb`: the same with the received day in it → what that day changed.
pub(super) const COUNT_DELTAS: TableDefinition<&[u8], i64> = TableDefinition::new("count_deltas");
/// `state.redb`: (experiment number, metric hash) → received day i32 on which its sums left 128 bits.
pub(super) const FAILED: TableDefinition<(u32, u64), i32> = TableDefinition::new("failed");

/// The row of [`STATE_META`] that is there while a walk is under way → [`super::backfill::Walk`].
pub(super) const STATE_WALK: &str = "walk";
/// `state.redb`: (experiment number, metric hash) → whether the walk under way counts it; a metric that is
/// not here has everybody in its sums.
pub(super) const BACKFILLS: TableDefinition<(u32, u64), bool> = TableDefinition::new("backfills");

/// Something to be done with each table, whatever its types.
pub(super) trait WithTable {
    /// What can go wrong.
    type Error;

    /// Does it.
    fn with<K: Key + 'static, V: Value + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), Self::Error>;
}

/// Every table of `log.redb`: what is not here is not made, and is missing from backups
/// and from the copy that takes the log's place after an erasure.
pub(super) fn each_log_table<W: WithTable>(work: &mut W) -> Result<(), W::Error> {
    work.with(LOG_META)?;
    work.with(CATALOG)?;
    work.with(OVERRIDES)?;
    work.with(GROUPS)?;
    work.with(ERASURES)?;
    work.with(ERASED_CUSTOMERS)?;
    work.with(AUDIT)?;
    work.with(KEYS)?;
    work.with(FACTS)
}

/// Whether a log of this format can be opened.
pub(super) fn is_readable(format: u32) -> bool {
    matches!(format, LOG_FORMAT | LOG_FORMAT_BEFORE_KEYS | LOG_FORMAT_BEFORE_ERASURE)
}

/// Opens or makes a file of facts.
pub(super) fn open_log(disk: &dyn Disk, file: &str) -> Result<Database, StoreError> {
    open(disk, file, LOG_CACHE_BYTES)
}

/// Opens or makes the file of what was folded.
pub(super) fn open_state(disk: &dyn Disk) -> Result<Database, StoreError> {
    open(disk, STATE_FILE, STATE_CACHE_BYTES)
}

/// Makes the file that will take the place of [`LOG_FILE`].
pub(super) fn open_log_copy(disk: &dyn Disk) -> Result<Database, StoreError> {
    open(disk, LOG_COPY, LOG_CACHE_BYTES)
}

/// Makes the file that will take the place of [`STATE_FILE`].
pub(super) fn open_state_copy(disk: &dyn Disk) -> Result<Database, StoreError> {
    open(disk, STATE_COPY, STATE_CACHE_BYTES)
}

/// Every page that is in use is read and its checksum compared: what was damaged is told here, and not later as a
/// wrong number.
fn open(disk: &dyn Disk, file: &str, cache_bytes: usize) -> Result<Database, StoreError> {
    let path = disk.path(file);
    let corrupt = |detail: String| StoreError::Corrupt { what: path.display().to_string(), detail };
    let mut builder = Builder::new();
    builder.set_cache_size(cache_bytes).set_check_integrity_on_open(true);
    let opened = catch_unwind(AssertUnwindSafe(|| disk.open(file, &builder)));
    // Damage that the database does not expect ends there, not here.
    let Ok(opened) = opened else { return Err(corrupt("it makes no sense to the database".to_owned())) };
    match opened {
        Ok(database) => Ok(database),
        Err(DatabaseError::DatabaseAlreadyOpen | DatabaseError::LockProtocolMismatch) => {
            Err(StoreError::InUse { path: path.parent().unwrap_or(&path).to_owned() })
        }
        Err(DatabaseError::UpgradeRequired(version)) => {
            Err(corrupt(format!("it has the database format {version}, which is too old")))
        }
        Err(DatabaseError::Storage(StorageError::Io(error)))
            if error.kind() != std::io::ErrorKind::InvalidData
                && error.kind() != std::io::ErrorKind::UnexpectedEof =>
        {
            Err(StoreError::Folder { path, detail: error.to_string() })
        }
        Err(error) => Err(corrupt(error.to_string())),
    }
}

/// Turns the database's errors into ours: what failed is said by the caller.
pub(super) trait Trying<T> {
    /// Names what was tried.
    fn trying(self, what: &'static str) -> Result<T, StoreError>;
}

impl<T, E: Into<redb::Error>> Trying<T> for Result<T, E> {
    fn trying(self, what: &'static str) -> Result<T, StoreError> {
        self.map_err(|error| match error.into() {
            redb::Error::Corrupted(detail) => StoreError::Corrupt { what: what.to_owned(), detail },
            error => StoreError::Io { what, detail: error.to_string() },
        })
    }
}
