//! How far the state has folded which log.

use redb::{ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable};
use xxhash_rust::xxh3::xxh3_64;

use super::bytes::Reader;
use super::error::StoreError;
use super::tables::{CUSTOMERS, FOLD_VERSION, STATE_META, STATE_POSITION, Trying};

/// The random name of a log.
pub(super) type LogId = [u8; 16];

/// What the state says of itself; written together with what it speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    /// Which log was folded.
    pub(super) log_id: LogId,
    /// How many of its facts: `0..folded`.
    pub(super) folded: u64,
    /// [`record_checksum`] of the last of them; 0 before the first.
    pub(super) checksum: u64,
}

/// The checksum of a record.
pub(super) fn record_checksum(record: &[u8]) -> u64 {
    xxh3_64(record)
}

impl Position {
    /// Nothing folded yet.
    pub(super) fn start(log_id: LogId) -> Position {
        Position { log_id, folded: 0, checksum: 0 }
    }

    /// The stored form.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = FOLD_VERSION.to_le_bytes().to_vec();
        out.extend_from_slice(&self.log_id);
        out.extend_from_slice(&self.folded.to_le_bytes());
        out.extend_from_slice(&self.checksum.to_le_bytes());
        out
    }

    /// Reads the stored form; `None` when it is another version's.
    pub(super) fn decode(bytes: &[u8]) -> Result<Option<Position>, StoreError> {
        let mut reader = Reader::new(bytes, "the position of the state");
        if reader.u32()? != FOLD_VERSION {
            return Ok(None);
        }
        let mut log_id = [0; 16];
        log_id.copy_from_slice(reader.bytes(16)?);
        let position = Position { log_id, folded: reader.u64()?, checksum: reader.u64()? };
        reader.end()?;
        Ok(Some(position))
    }

    /// Reads it in a transaction on the state.
    pub(super) fn read(transaction: &ReadTransaction) -> Result<Option<Position>, StoreError> {
        let table = transaction.open_table(STATE_META).trying("reading the state")?;
        let row = table.get(STATE_POSITION).trying("reading the state")?;
        row.map_or(Ok(None), |row| Position::decode(row.value()))
    }
}

/// The customers of the state at one position.
#[derive(Debug)]
pub(super) struct StateView {
    /// How many facts it includes.
    pub(super) folded: u64,
    customers: ReadOnlyTable<&'static [u8], &'static [u8]>,
}

impl StateView {
    /// The state as it is now.
    pub(super) fn open(state: &redb::Database) -> Result<StateView, StoreError> {
        let transaction = state.begin_read().trying("reading the state")?;
        StateView::within(&transaction)
    }

    /// The state as `transaction` sees it.
    pub(super) fn within(transaction: &ReadTransaction) -> Result<StateView, StoreError> {
        let folded = Position::read(transaction)?.map_or(0, |position| position.folded);
        let customers = transaction.open_table(CUSTOMERS).trying("reading the state")?;
        Ok(StateView { folded, customers })
    }

    /// A customer's packed row.
    pub(super) fn row(
        &self,
        customer: &str,
    ) -> Result<Option<redb::AccessGuard<'_, &'static [u8]>>, StoreError> {
        ReadableTable::get(&self.customers, customer.as_bytes()).trying("reading a customer")
    }
}
