//! Who was erased: keyed hashes of ids, and when the last bytes went.
//!
//! An erasure is a fact that holds a hash of the customer's id and nothing else. The key is drawn once a log
//! and lies in it: without the log a hash says nothing, with it an id can be checked, and no id can be read.
//! HMAC-SHA-256 because the key must not be found from pairs of ids and hashes, which the fast hashes of this
//! crate do not promise.

use std::collections::HashSet;
use std::fmt;

use experiment_core::time::{Day, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use redb::{Database, ReadTransaction, ReadableDatabase, ReadableTable, WriteTransaction};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::bytes::{Reader, hex};
use super::error::StoreError;
use super::tables::{ERASED_CUSTOMERS, ERASURES, LOG_ERASURE_KEY, LOG_META, Trying};

/// The keyed hash of a customer's id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CustomerHash(pub [u8; 32]);

impl CustomerHash {
    /// The next 32 bytes.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<CustomerHash, StoreError> {
        let mut hash = [0; 32];
        hash.copy_from_slice(reader.bytes(32)?);
        Ok(CustomerHash(hash))
    }

    /// Reads a key of the erasures.
    pub(super) fn decode(bytes: &[u8]) -> Result<CustomerHash, StoreError> {
        let mut reader = Reader::new(bytes, "an erasure");
        let hash = CustomerHash::read(&mut reader)?;
        reader.end()?;
        Ok(hash)
    }

    /// Reads 64 hexadecimal digits.
    #[must_use]
    pub fn parse(text: &str) -> Option<CustomerHash> {
        let mut hash = [0; 32];
        if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        for (index, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[2 * index..2 * index + 2], 16).ok()?;
        }
        Some(CustomerHash(hash))
    }
}

impl fmt::Display for CustomerHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for CustomerHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// One erasure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erasure {
    /// Who.
    pub customer: CustomerHash,
    /// Its place in the log.
    pub sequence: u64,
    /// When it came: from then on nothing about the customer is taken in.
    pub requested_at: Timestamp,
    /// When the last of the customer's bytes had left both files; `None` while they have not.
    pub erased_at: Option<Timestamp>,
}

impl Erasure {
    pub(super) fn of(customer: CustomerHash, row: (u64, i64, Option<i64>)) -> Erasure {
        let (sequence, requested_at, erased_at) = row;
        let (requested_at, erased_at) = (Timestamp(requested_at), erased_at.map(Timestamp));
        Erasure { customer, sequence, requested_at, erased_at }
    }
}

/// Every erasure of a log, and what names the key of their hashes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasures {
    /// Equal for logs that share a key: a log and the backups made of it.
    pub key_id: String,
    /// In the order of the log.
    pub erasures: Vec<Erasure>,
}

/// What ids are hashed with.
#[derive(Clone)]
pub(super) struct ErasureKey {
    /// The key taken in.
    mac: Hmac<Sha256>,
    id: String,
}

impl fmt::Debug for ErasureKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErasureKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl ErasureKey {
    fn new(key: &[u8]) -> Result<ErasureKey, StoreError> {
        let damaged = |detail: String| StoreError::Corrupt { what: "the key of erasures".to_owned(), detail };
        if key.len() != 32 {
            return Err(damaged(format!("it has {} bytes, not 32", key.len())));
        }
        let mac = Hmac::new_from_slice(key).map_err(|error| damaged(error.to_string()))?;
        let id = hex(&Sha256::digest(key)[..8]);
        Ok(ErasureKey { mac, id })
    }

    /// The hash of an id.
    pub(super) fn hash(&self, customer: &str) -> CustomerHash {
        let mut mac = self.mac.clone();
        mac.update(customer.as_bytes());
        CustomerHash(mac.finalize().into_bytes().into())
    }
}

/// Draws the key of a log that has none.
pub(super) fn draw_key(transaction: &WriteTransaction) -> Result<(), StoreError> {
    let mut key = [0; 32];
    getrandom::fill(&mut key)
        .map_err(|error| StoreError::Io { what: "drawing the key of erasures", detail: error.to_string() })?;
    let mut meta = transaction.open_table(LOG_META).trying("making the log")?;
    meta.insert(LOG_ERASURE_KEY, key.as_slice()).trying("making the log")?;
    Ok(())
}

/// Who may not come back, as admission asks for it.
#[derive(Debug)]
pub(super) struct Erased {
    pub(super) key: ErasureKey,
    hashes: HashSet<CustomerHash>,
}

impl Erased {
    /// Whether the customer was erased. Costs nothing as long as nobody was.
    #[inline]
    pub(super) fn holds(&self, customer: &str) -> bool {
        !self.hashes.is_empty() && self.hashes.contains(&self.key.hash(customer))
    }

    /// Whether a value of a group is the id of an erased customer; ids that are numbers are sent as texts.
    pub(super) fn holds_value(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => self.holds(text),
            Value::Number(number) => self.holds(&number.to_string()),
            _ => false,
        }
    }

    pub(super) fn insert(&mut self, customer: CustomerHash) {
        self.hashes.insert(customer);
    }
}

/// What a log says of erasures when it is opened.
pub(super) struct FoundErasures {
    pub(super) erased: Erased,
    /// One past the last erasure.
    pub(super) last: u64,
    /// One past the last erasure that is not done; 0 when all are.
    pub(super) pending: u64,
    /// One past the last erasure that is done.
    pub(super) done: u64,
}

/// Reads all erasures.
pub(super) fn recover(log: &Database) -> Result<FoundErasures, StoreError> {
    let reading = log.begin_read().trying("reading erasures")?;
    let key = read_key(&reading)?;
    let all = read_all(&reading)?;
    let end = |erasure: &Erasure| erasure.sequence + 1;
    let is_done = |erasure: &&Erasure| erasure.erased_at.is_some();
    Ok(FoundErasures {
        last: all.iter().map(end).max().unwrap_or(0),
        pending: all.iter().filter(|erasure| !is_done(erasure)).map(end).max().unwrap_or(0),
        done: all.iter().filter(is_done).map(end).max().unwrap_or(0),
        erased: Erased { key, hashes: all.iter().map(|erasure| erasure.customer).collect() },
    })
}

/// What ids are hashed with.
pub(super) fn key(log: &Database) -> Result<ErasureKey, StoreError> {
    read_key(&log.begin_read().trying("reading erasures")?)
}

fn read_key(reading: &ReadTransaction) -> Result<ErasureKey, StoreError> {
    let meta = reading.open_table(LOG_META).trying("reading erasures")?;
    let key = meta.get(LOG_ERASURE_KEY).trying("reading erasures")?;
    ErasureKey::new(key.as_ref().map_or(&[], |key| key.value()))
}

fn read_all(reading: &ReadTransaction) -> Result<Vec<Erasure>, StoreError> {
    let table = reading.open_table(ERASURES).trying("reading erasures")?;
    let mut all = Vec::new();
    for row in table.iter().trying("reading erasures")? {
        let (hash, row) = row.trying("reading erasures")?;
        let customer = CustomerHash::decode(hash.value())?;
        all.push(Erasure::of(customer, row.value()));
    }
    all.sort_by_key(|erasure| erasure.sequence);
    Ok(all)
}

/// Whether some erasure is not done.
pub(super) fn is_pending(reading: &ReadTransaction) -> Result<bool, StoreError> {
    Ok(read_all(reading)?.iter().any(|erasure| erasure.erased_at.is_none()))
}

/// Every erasure.
pub(super) fn erasures(log: &Database) -> Result<Erasures, StoreError> {
    let reading = log.begin_read().trying("reading erasures")?;
    Ok(Erasures { key_id: read_key(&reading)?.id, erasures: read_all(&reading)? })
}

/// The erasure of one customer.
pub(super) fn erasure(log: &Database, customer: &str) -> Result<Option<Erasure>, StoreError> {
    let reading = log.begin_read().trying("reading erasures")?;
    let hash = read_key(&reading)?.hash(customer);
    let table = reading.open_table(ERASURES).trying("reading erasures")?;
    let row = ReadableTable::get(&table, hash.0.as_slice()).trying("reading erasures")?;
    Ok(row.map(|row| Erasure::of(hash, row.value())))
}

/// How many customers of the experiment were in what was known on `day`, and were erased on a later one.
pub(super) fn missing_since(log: &Database, experiment: u32, day: Day) -> Result<u64, StoreError> {
    let reading = log.begin_read().trying("reading erasures")?;
    let table = reading.open_table(ERASED_CUSTOMERS).trying("reading erasures")?;
    let until = (experiment, i32::MIN, i32::MIN)..=(experiment, day.0, i32::MAX);
    let mut missing = 0;
    for row in ReadableTable::range(&table, until).trying("reading erasures")? {
        let (key, count) = row.trying("reading erasures")?;
        if key.value().2 > day.0 {
            missing += count.value();
        }
    }
    Ok(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_hmac_sha_256() {
        // RFC 4231 has no case with a key of 32 bytes; Python: hmac.new(b"k" * 32, b"c-1", "sha256").
        let key = ErasureKey::new(&[b'k'; 32]).unwrap();
        let hash = key.hash("c-1");
        assert_eq!(hash.to_string(), "37d35f2bbd1ac25ba767073ffd13e7049c30dfe094629a6afa394d017957b932");
        assert_eq!(CustomerHash::parse(&hash.to_string()), Some(hash));
        assert_ne!(key.hash("c-2"), hash);
        assert_ne!(ErasureKey::new(&[b'l'; 32]).unwrap().hash("c-1"), hash);
        assert_eq!(key.id, "5e318f8cf9cbe249");
        assert!(ErasureKey::new(&[1; 31]).is_err());
        for wrong in ["", "0", &"g".repeat(64), &"é".repeat(32)] {
            assert_eq!(CustomerHash::parse(wrong), None);
        }
    }
}
