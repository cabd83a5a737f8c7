//! What is read when a store is opened: which log, which state, what is not folded yet.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use experiment_core::measure::EventNames;
use experiment_core::time::{Day, Timestamp};
use redb::{
    Database, Key, ReadTransaction, ReadableDatabase, ReadableTable, TableDefinition, WriteTransaction,
};
use serde_json::Value;

use super::api_key::{ApiKey, ApiKeys};
use super::audit;
use super::backfill::{self, Walk};
use super::bytes::Reader;
use super::catalog::Catalog;
use super::disk::Disk;
use super::erase;
use super::error::StoreError;
use super::overlay::{Overlay, PendingExposure};
use super::position::{LogId, Position, record_checksum};
use super::record::{Flags, Record};
use super::row::id_hash;
use super::rules::Rules;
use super::tables::{
    AGGREGATES, BACKFILLS, CATALOG, COUNT_DELTAS, COUNTS, CUSTOMERS, DELTAS, DIMENSION_VALUES, EVENT_NAMES,
    FACTS, FAILED, GROUPS, KEYS, LOG_FILE, LOG_FORMAT, LOG_FORMAT_BEFORE_ERASURE, LOG_IDENTITY, LOG_META,
    OVERRIDES, STATE_BEGUN, STATE_FILE, STATE_META, STATE_POSITION, Trying, UNFINISHED_LOG_FILE, WithTable,
    each_log_table, is_readable, open_log, open_state,
};

/// What a log says of itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct LogHead {
    pub(super) id: LogId,
    /// How many facts it has.
    pub(super) position: u64,
    /// When the last of them came.
    pub(super) last_received_at: Timestamp,
}

/// Opens the log, or makes a new one. A crash while a file is made can leave one that is no database, so
/// the log is made under another name: whatever has its own name was whole once and may hold facts.
pub(super) fn log(disk: &dyn Disk, now: Timestamp) -> Result<Database, StoreError> {
    let is_there = || disk.exists(LOG_FILE).map_err(|error| unusable(disk, LOG_FILE, &error));
    let has_state = disk.exists(STATE_FILE).map_err(|error| unusable(disk, STATE_FILE, &error))?;
    if is_there()? {
        return open_log(disk, LOG_FILE);
    }
    if has_state {
        // The log is there before its state, whenever a crash comes: somebody has taken it away.
        let detail =
            format!("it is gone, and {STATE_FILE} beside it is a fold of it (delete that to begin anew)");
        return Err(StoreError::Corrupt { what: disk.path(LOG_FILE).display().to_string(), detail });
    }
    let log = match open_log(disk, UNFINISHED_LOG_FILE) {
        Err(StoreError::Corrupt { .. }) => {
            let path = UNFINISHED_LOG_FILE;
            disk.remove(path).map_err(|error| unusable(disk, path, &error))?;
            open_log(disk, path)?
        }
        opened => opened?,
    };
    // From here on the unfinished file is ours alone; another process may have finished one just before.
    if is_there()? {
        drop(log);
        return open_log(disk, LOG_FILE);
    }
    if identity(disk, &log)?.is_none() {
        new_log(&log, now)?;
    }
    disk.rename(UNFINISHED_LOG_FILE, LOG_FILE).map_err(|error| unusable(disk, LOG_FILE, &error))?;
    Ok(log)
}

fn unusable(disk: &dyn Disk, file: &str, error: &std::io::Error) -> StoreError {
    StoreError::Folder { path: disk.path(file), detail: error.to_string() }
}

/// Reads the head of the log, after it was brought up to this format if it is of one before.
pub(super) fn log_head(disk: &dyn Disk, log: &Database) -> Result<LogHead, StoreError> {
    let identity = identity(disk, log)?.ok_or_else(|| StoreError::Corrupt {
        what: disk.path(LOG_FILE).display().to_string(),
        detail: "it has no identity".to_owned(),
    })?;
    let id = identity.id;
    if identity.format != LOG_FORMAT {
        bring_up(log, identity)?;
    }
    let reading = log.begin_read().trying("reading the log")?;
    let facts = reading.open_table(FACTS).trying("reading the log")?;
    let Some((sequence, record)) = ReadableTable::last(&facts).trying("reading the log")? else {
        return Ok(LogHead { id, position: 0, last_received_at: Timestamp(i64::MIN) });
    };
    let last_received_at = Record::decode(record.value())?.received_at();
    Ok(LogHead { id, position: sequence.value() + 1, last_received_at })
}

/// What a log says it is; `None` for one that was not begun.
fn identity(disk: &dyn Disk, log: &Database) -> Result<Option<Identity>, StoreError> {
    let reading = log.begin_read().trying("reading the log")?;
    match reading.open_table(LOG_META) {
        Ok(table) => Identity::read(&disk.path(LOG_FILE), &table),
        Err(redb::TableError::TableDoesNotExist(_)) => Ok(None),
        Err(error) => Err(error).trying("reading the log"),
    }
}

/// Gives a log of a format before this one what it lacks: the table of keys, and those of erasures and of the
/// audit log, which begins with what the log already tells.
fn bring_up(log: &Database, identity: Identity) -> Result<(), StoreError> {
    let transaction = log.begin_write().trying("bringing up the log")?;
    {
        let identity = Identity { format: LOG_FORMAT, ..identity }.encode();
        let mut meta = transaction.open_table(LOG_META).trying("bringing up the log")?;
        meta.insert(LOG_IDENTITY, identity.as_slice()).trying("bringing up the log")?;
    }
    each_log_table(&mut MakeTables(&transaction))?;
    if identity.format == LOG_FORMAT_BEFORE_ERASURE {
        begin_erasures_and_audit(&transaction)?;
    }
    transaction.commit().trying("bringing up the log")
}

/// What a log has beside its tables from its beginning.
fn begin_erasures_and_audit(transaction: &WriteTransaction) -> Result<(), StoreError> {
    erase::draw_key(transaction)?;
    let catalog = transaction.open_table(CATALOG).trying("making the log")?;
    audit::begin(transaction, &catalog)
}

/// What tells a log from any other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Identity {
    /// One that [`is_readable`].
    pub(super) format: u32,
    pub(super) id: LogId,
    /// When its first fact could come.
    pub(super) created: Timestamp,
}

impl Identity {
    /// The stored form.
    pub(super) fn encode(self) -> Vec<u8> {
        let mut out = self.format.to_le_bytes().to_vec();
        out.extend_from_slice(&self.id);
        out.extend_from_slice(&self.created.0.to_le_bytes());
        out
    }

    /// Reads it from its table; `None` before the log was begun.
    pub(super) fn read(
        path: &Path,
        table: &impl ReadableTable<&'static str, &'static [u8]>,
    ) -> Result<Option<Identity>, StoreError> {
        let Some(row) = table.get(LOG_IDENTITY).trying("reading the log")? else { return Ok(None) };
        Identity::decode(path, row.value()).map(Some)
    }

    /// Reads the stored form; `path` is named where it is of another format.
    pub(super) fn decode(path: &Path, bytes: &[u8]) -> Result<Identity, StoreError> {
        let mut reader = Reader::new(bytes, "the identity of the log");
        let format = reader.u32()?;
        if !is_readable(format) {
            let path = path.to_owned();
            return Err(StoreError::OtherFormat { path, found: format, known: LOG_FORMAT });
        }
        let mut id = LogId::default();
        id.copy_from_slice(reader.bytes(16)?);
        let created = Timestamp(reader.i64()?);
        reader.end()?;
        Ok(Identity { format, id, created })
    }
}

/// A name that no other log has.
pub(super) fn random_log_id() -> Result<LogId, StoreError> {
    let mut id = LogId::default();
    getrandom::fill(&mut id)
        .map_err(|error| StoreError::Io { what: "drawing the log's id", detail: error.to_string() })?;
    Ok(id)
}

/// Makes the tables that are not there.
struct MakeTables<'a>(&'a WriteTransaction);

impl WithTable for MakeTables<'_> {
    type Error = StoreError;

    fn with<K: Key + 'static, V: redb::Value + 'static>(
        &mut self,
        table: TableDefinition<'static, K, V>,
    ) -> Result<(), StoreError> {
        self.0.open_table(table).trying("making the log").map(drop)
    }
}

/// Gives a log its tables and its id.
fn new_log(log: &Database, now: Timestamp) -> Result<(), StoreError> {
    let id = random_log_id()?;
    let identity = Identity { format: LOG_FORMAT, id, created: now }.encode();
    let transaction = log.begin_write().trying("making the log")?;
    {
        let mut meta = transaction.open_table(LOG_META).trying("making the log")?;
        meta.insert(LOG_IDENTITY, identity.as_slice()).trying("making the log")?;
    }
    each_log_table(&mut MakeTables(&transaction))?;
    begin_erasures_and_audit(&transaction)?;
    transaction.commit().trying("making the log")
}

/// The experiments and what they share as of the end of the log, overrides and groups included.
pub(super) fn catalog(log: &Database) -> Result<Catalog, StoreError> {
    let reading = log.begin_read().trying("reading the log")?;
    let mut catalog = Catalog::default();
    for row in
        reading.open_table(CATALOG).trying("reading the catalog")?.iter().trying("reading the catalog")?
    {
        let (sequence, record) = row.trying("reading the catalog")?;
        catalog.apply(sequence.value(), &Record::decode(record.value())?)?;
    }
    let mut lists: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for row in
        reading.open_table(OVERRIDES).trying("reading overrides")?.iter().trying("reading overrides")?
    {
        let (key, variant) = row.trying("reading overrides")?;
        let (experiment, customer) = key.value();
        let entry = catalog.get(experiment);
        let index = entry.and_then(|entry| entry.current().experiment.variant_index(variant.value()));
        let index = index.ok_or_else(|| StoreError::Corrupt {
            what: format!("the overrides of {experiment:?}"),
            detail: format!("they name the variant {:?}, which is not there", variant.value()),
        })?;
        lists.entry(experiment.to_owned()).or_default().insert(customer.to_owned(), index);
    }
    for (experiment, overrides) in lists {
        catalog.set_overrides(&experiment, overrides);
    }
    catalog.set_groups(groups(&reading)?)?;
    catalog.compile_all()?;
    Ok(catalog)
}

fn groups(reading: &ReadTransaction) -> Result<BTreeMap<String, Vec<Value>>, StoreError> {
    let table = reading.open_table(GROUPS).trying("reading groups")?;
    let mut groups = BTreeMap::new();
    for row in table.iter().trying("reading groups")? {
        let (name, values) = row.trying("reading groups")?;
        let values = serde_json::from_str(values.value()).map_err(|error| StoreError::Corrupt {
            what: format!("the group {:?}", name.value()),
            detail: error.to_string(),
        })?;
        groups.insert(name.value().to_owned(), values);
    }
    Ok(groups)
}

/// Every key, as of the end of the log.
pub(super) fn api_keys(log: &Database) -> Result<ApiKeys, StoreError> {
    let reading = log.begin_read().trying("reading keys")?;
    let table = reading.open_table(KEYS).trying("reading keys")?;
    let mut keys = ApiKeys::default();
    for row in table.iter().trying("reading keys")? {
        let (id, key) = row.trying("reading keys")?;
        keys.insert(ApiKey::decode(id.value(), key.value())?);
    }
    Ok(keys)
}

/// A state and how it was found.
pub(super) struct FoundState {
    pub(super) database: Database,
    pub(super) position: Position,
    /// How many facts the log had when the fold was begun.
    pub(super) begun: u64,
    /// There was none of this log: it begins empty.
    pub(super) is_new: bool,
}

/// Opens the state if it is a fold of this log, begun after the erasures `0..done` that are done, else makes an
/// empty one.
pub(super) fn state(
    disk: &dyn Disk,
    log: &Database,
    head: &LogHead,
    done: u64,
) -> Result<FoundState, StoreError> {
    match existing_state(disk, log, head) {
        Ok(Ok((_, _, begun))) if begun < done => {
            tracing::warn!("the state is from before an erasure and is folded again from the log");
        }
        Ok(Ok((database, position, begun))) => {
            return Ok(FoundState { database, position, begun, is_new: false });
        }
        Ok(Err(reason)) if head.position > 0 => {
            tracing::warn!(reason, "the state is folded again from the log");
        }
        Ok(Err(_)) => {}
        Err(error @ StoreError::Corrupt { .. }) => {
            tracing::warn!(%error, "the state is damaged and is folded again from the log");
        }
        Err(error) => return Err(error),
    }
    disk.remove(STATE_FILE).map_err(|error| unusable(disk, STATE_FILE, &error))?;
    let database = open_state(disk)?;
    let begun = head.position;
    let position = make_state(&database, head.id, begun)?;
    Ok(FoundState { database, position, begun, is_new: true })
}

/// Makes the tables of an empty state of a log that has `begun` facts.
pub(super) fn make_state(state: &Database, log_id: LogId, begun: u64) -> Result<Position, StoreError> {
    let position = Position::start(log_id);
    let transaction = state.begin_write().trying("making the state")?;
    {
        let mut meta = transaction.open_table(STATE_META).trying("making the state")?;
        meta.insert(STATE_POSITION, position.encode().as_slice()).trying("making the state")?;
        meta.insert(STATE_BEGUN, begun.to_le_bytes().as_slice()).trying("making the state")?;
        transaction.open_table(EVENT_NAMES).trying("making the state")?;
        transaction.open_table(DIMENSION_VALUES).trying("making the state")?;
        transaction.open_table(CUSTOMERS).trying("making the state")?;
        transaction.open_table(AGGREGATES).trying("making the state")?;
        transaction.open_table(DELTAS).trying("making the state")?;
        transaction.open_table(COUNTS).trying("making the state")?;
        transaction.open_table(COUNT_DELTAS).trying("making the state")?;
        transaction.open_table(FAILED).trying("making the state")?;
        transaction.open_table(BACKFILLS).trying("making the state")?;
    }
    transaction.commit().trying("making the state")?;
    Ok(position)
}

/// The state, or why it is not a fold of this log.
fn existing_state(
    disk: &dyn Disk,
    log: &Database,
    head: &LogHead,
) -> Result<Result<(Database, Position, u64), &'static str>, StoreError> {
    if !disk.exists(STATE_FILE).map_err(|error| unusable(disk, STATE_FILE, &error))? {
        return Ok(Err("there is no state"));
    }
    let state = open_state(disk)?;
    let reading = state.begin_read().trying("reading the state")?;
    if let Err(redb::TableError::TableDoesNotExist(_)) = reading.open_table(STATE_META) {
        return Ok(Err("the state was never begun"));
    }
    let Some(position) = Position::read(&reading)? else {
        return Ok(Err("the state is of another version"));
    };
    if position.log_id != head.id {
        return Ok(Err("the state is of another log"));
    }
    if position.folded > head.position {
        let (log, state) = (head.position, position.folded);
        tracing::error!(
            log,
            state,
            "facts that were folded are not in the log: it is an older copy or was damaged"
        );
        return Ok(Err("the state is ahead of the log"));
    }
    if position.folded > 0 {
        let reading = log.begin_read().trying("reading the log")?;
        let facts = reading.open_table(FACTS).trying("reading the log")?;
        let last = ReadableTable::get(&facts, position.folded - 1).trying("reading the log")?;
        if last.is_none_or(|last| record_checksum(last.value()) != position.checksum) {
            return Ok(Err("the state is of a log that went another way"));
        }
    }
    let begun = begun(&reading)?;
    drop(reading);
    Ok(Ok((state, position, begun)))
}

/// How many facts the log had when the fold was begun; 0 for a state that does not say so.
fn begun(state: &ReadTransaction) -> Result<u64, StoreError> {
    let meta = state.open_table(STATE_META).trying("reading the state")?;
    let row = ReadableTable::get(&meta, STATE_BEGUN).trying("reading the state")?;
    let Some(row) = row else { return Ok(0) };
    let mut reader = Reader::new(row.value(), "the beginning of the state");
    let begun = reader.u64()?;
    reader.end()?;
    Ok(begun)
}

/// The folder's rules as of `position`.
pub(super) fn rules(log: &Database, state: &Database, position: u64) -> Result<Rules, StoreError> {
    let mut rules = Rules { names: names(state)?, ..Rules::default() };
    let reading = log.begin_read().trying("reading the log")?;
    let table = reading.open_table(CATALOG).trying("reading the catalog")?;
    for row in ReadableTable::range(&table, ..position).trying("reading the catalog")? {
        let (sequence, record) = row.trying("reading the catalog")?;
        rules.apply(sequence.value(), &Record::decode(record.value())?)?;
    }
    let reading = state.begin_read().trying("reading the state")?;
    let values = reading.open_table(DIMENSION_VALUES).trying("reading the state")?;
    for row in values.iter().trying("reading the state")? {
        let (key, value) = row.trying("reading the state")?;
        let (experiment, dimension, _) = key.value();
        let known = rules.experiment_mut(experiment)?.dimensions.get_mut(usize::from(dimension));
        let known = known.ok_or_else(|| StoreError::Corrupt {
            what: "the state".to_owned(),
            detail: format!("experiment {experiment} has no dimension {dimension}"),
        })?;
        // In the order of their numbers.
        let (received, value) = value.value();
        known.learn(value.to_owned(), Day(received));
    }
    let failed = reading.open_table(FAILED).trying("reading the state")?;
    for row in failed.iter().trying("reading the state")? {
        let (experiment, hash) = row.trying("reading the state")?.0.value();
        let metrics = &mut rules.experiment_mut(experiment)?.metrics;
        metrics.iter_mut().filter(|metric| metric.hash == hash).for_each(|metric| metric.failed = true);
    }
    backfill::recover(&reading, &mut rules)?;
    Ok(rules)
}

/// The walk over customers that is under way, if there is one.
pub(super) fn walk(state: &Database) -> Result<Option<Walk>, StoreError> {
    Walk::read(&state.begin_read().trying("reading the state")?)
}

fn names(state: &Database) -> Result<EventNames, StoreError> {
    let reading = state.begin_read().trying("reading the state")?;
    let mut names = EventNames::default();
    for row in
        reading.open_table(EVENT_NAMES).trying("reading event names")?.iter().trying("reading event names")?
    {
        names.intern(row.trying("reading event names")?.1.value());
    }
    Ok(names)
}

/// The event names that the state knows.
pub(super) fn event_names(state: &Database) -> Result<HashSet<String>, StoreError> {
    let reading = state.begin_read().trying("reading the state")?;
    let table = reading.open_table(EVENT_NAMES).trying("reading event names")?;
    let rows = table.iter().trying("reading event names")?;
    rows.map(|row| Ok(row.trying("reading event names")?.1.value().to_owned())).collect()
}

/// Fills the overlay with the facts from `folded` on, and adds their event names.
pub(super) fn refill(
    log: &Database,
    catalog: &Catalog,
    folded: u64,
    overlay: &mut Overlay,
    names: &mut HashSet<String>,
) -> Result<(), StoreError> {
    let reading = log.begin_read().trying("reading the log")?;
    let facts = reading.open_table(FACTS).trying("reading the log")?;
    for row in ReadableTable::range(&facts, folded..).trying("reading the log")? {
        let (sequence, record) = row.trying("reading the log")?;
        let sequence = sequence.value();
        match Record::decode(record.value())? {
            Record::Event(event) => {
                overlay.push_event(event.customer, id_hash(event.id), sequence);
                if !names.contains(event.name) {
                    names.insert(event.name.to_owned());
                }
            }
            Record::Exposure(exposure) => {
                let entry = catalog.get(exposure.experiment);
                let variant =
                    entry.and_then(|entry| entry.current().experiment.variant_index(exposure.variant));
                let (Some(entry), Some(variant)) = (entry, variant) else {
                    return Err(StoreError::Corrupt {
                        what: format!("fact {sequence} of the log"),
                        detail: format!("{:?} of {:?} is not there", exposure.variant, exposure.experiment),
                    });
                };
                let pending = PendingExposure {
                    experiment: entry.number,
                    // Lossless: a definition has at most MAX_VARIANTS.
                    variant: variant as u16,
                    is_override: exposure.flags.has(Flags::OVERRIDE),
                    at: exposure.moment.at,
                    sequence,
                    id: exposure.id.into(),
                };
                overlay.push_exposure(exposure.customer, pending);
            }
            Record::Definition(_)
            | Record::Lifecycle(_)
            | Record::Catalog(_)
            | Record::Erased(_)
            | Record::Erasure(_) => {}
        }
    }
    Ok(())
}
